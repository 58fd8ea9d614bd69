"""Credentials for TURN servers: they reach where neither UDP nor our TCP port is let through.

coturn's `use-auth-secret`: the name says until when it holds, the password proves that we wrote it.
A server shares only the secret with us and asks nobody.

Source: draft-uberti-behave-turn-rest-00 section 2.2.
"""

import base64
import hashlib
import hmac
from dataclasses import dataclass

import msgspec

NOBODY_BYTES = 8  # of the seat's hash: enough to tell seats apart in the server's log


class IceServer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """As RTCIceServer of the browser: hand it over as it is."""

    urls: tuple[str, ...]
    username: str
    credential: str


@dataclass(frozen=True, slots=True)
class TurnServers:
    """The TURN servers of this service; without `urls` there are none."""

    urls: tuple[str, ...] = ()
    secret: str = ""
    ttl_s: int = 6 * 3600

    def __repr__(self) -> str:
        return f"<TurnServers {self.urls}>"  # the secret stays out of logs

    def for_seat(self, seat: str, now: float) -> tuple[IceServer, ...]:
        """Credentials of one seat.

        Args:
            seat: who gets them; the server's log shows a hash of it.
            now: UTC epoch seconds.
        """
        if not self.urls:
            return ()
        who = hashlib.sha256(f"{self.secret} {seat}".encode()).hexdigest()[: 2 * NOBODY_BYTES]
        username = f"{int(now) + self.ttl_s}:{who}"
        digest = hmac.new(self.secret.encode(), username.encode(), hashlib.sha1).digest()
        credential = base64.b64encode(digest).decode()
        return (IceServer(urls=self.urls, username=username, credential=credential),)
