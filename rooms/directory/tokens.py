"""Bearer tokens: who may publish into, watch or join one meeting without a sign-in page.

A token is a JWT signed with HS256 (RFC 7519, RFC 8725: one fixed algorithm). The key is 32 random
bytes in `token.key` of the data folder, readable by the service's user alone; who holds the file
may issue tokens.
"""

import os
import secrets
from enum import StrEnum
from pathlib import Path

import msgspec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

KEY_FILE = "token.key"
KEY_BYTES = 32
DEFAULT_LIFETIME_S = 12 * 3600.0
_ALGORITHM = "HS256"
_MAX_TOKEN_CHARS = 4096


class TokenRole(StrEnum):
    """What the bearer may do."""

    PUBLISHER = "publisher"  # WHIP: send sound and picture
    VIEWER = "viewer"  # WHEP: receive the first published sources
    SITE = "site"  # join by signalling as the seat `seat`


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """The claims of one token."""

    meeting: str  # id or short name, as given at issue
    role: TokenRole
    name: str  # shown to others: "Máy mã hóa hội trường 2-9"
    seat: str  # "site:12" for sites, "encoder:ab12cd" for encoders
    exp: int  # UTC epoch seconds; refused from then on


class TokenRefused(Exception):
    """The token does not open this door.

    `code` is stable: "malformed" (not a token of this service), "expired", "wrong-meeting",
    "wrong-role". API clients get 401 for the first two, 403 for the others.
    """

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


def load_key(data: Path) -> bytes:
    """The signing key of a data folder, made on first use with mode 0600.

    Raises:
        OSError: the folder cannot be written or the file not read.
        ValueError: the file is not a key.
    """
    path = data / KEY_FILE
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        pass
    else:
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(KEY_BYTES))
    key = path.read_bytes()
    if len(key) != KEY_BYTES:
        raise ValueError(f"{path} is not a token key ({len(key)} bytes, {KEY_BYTES} expected)")
    return key


def issue_token(
    key: bytes,
    *,
    meeting: str,
    role: TokenRole,
    now: float,
    name: str = "",
    seat: str = "",
    lifetime_s: float = DEFAULT_LIFETIME_S,
) -> str:
    """Sign a token; `now` in UTC epoch seconds. Without `seat` a random encoder seat is given."""
    claims: dict[str, object] = {
        "meeting": meeting,
        "role": role.value,
        "name": name,
        "seat": seat or f"encoder:{secrets.token_hex(4)}",
        "exp": int(now + lifetime_s),
    }
    return jwt.encode({"alg": _ALGORITHM}, claims, OctKey.import_key(key), [_ALGORITHM])


def read_token(
    key: bytes,
    text: str,
    *,
    now: float,
    meetings: frozenset[str] | None = None,
    roles: frozenset[TokenRole] | None = None,
) -> Token:
    """Check signature, lifetime and, when given, meeting and role.

    Args:
        meetings: every name the wanted meeting goes by (its id as text, its short name).

    Raises:
        TokenRefused: with its code.
    """
    token = _verified(key, text)
    if token.exp <= now:
        raise TokenRefused("expired", "the token has expired")
    if meetings is not None and token.meeting not in meetings:
        raise TokenRefused("wrong-meeting", "the token is for another meeting")
    if roles is not None and token.role not in roles:
        raise TokenRefused("wrong-role", f"a {token.role} token does not allow this")
    return token


def _verified(key: bytes, text: str) -> Token:
    if not text or len(text) > _MAX_TOKEN_CHARS:
        raise TokenRefused("malformed", "not a token")
    try:
        claims = jwt.decode(text, OctKey.import_key(key), [_ALGORITHM]).claims
        return msgspec.convert(claims, Token)
    except (JoseError, ValueError, TypeError, msgspec.ValidationError):
        raise TokenRefused("malformed", "not a token of this service") from None
