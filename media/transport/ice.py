"""ICE-lite: which address belongs to which peer. Pure: no socket, no clock, no randomness.

A lite agent answers connectivity checks and sends none (RFC 8445 section 2.5). Peers are told
apart by the ufrag we gave them; afterwards by the address a valid check came from. A valid check
is also the peer's consent to receive (RFC 7675): without any authenticated packet for
`CONSENT_S` the peer is lost, and after `STALE_S` its line counts as troubled.
"""

import struct
from collections import Counter
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from aioice import stun

CONSENT_S = 30.0  # RFC 7675 section 5.1
STALE_S = 5.0  # browsers check every 2.5 s at the latest, and RTCP flows at least once a second
OLD_CREDENTIALS_S = 30.0  # checks under the old ufrag that are still under way after a restart
MAX_PATHS = 16  # addresses of one peer

Address = tuple[Any, ...]  # as recvfrom gave it: (host, port) or, for IPv6, four items
Owner = TypeVar("Owner")

_HEADER = struct.Struct("!HHI")
_ATTRIBUTE = struct.Struct("!HH")
_BINDING_REQUEST = 0x0001
_COOKIE = 0x2112A442
_USERNAME = 0x0006
_MAX_CHECK_BYTES = 1500


@dataclass(frozen=True, slots=True)
class Credentials:
    ufrag: str
    password: str

    def __repr__(self) -> str:
        return "<Credentials>"  # stays out of logs


@dataclass(frozen=True, slots=True)
class Path:
    """A remote address as seen through one of our endpoints."""

    endpoint: int
    address: Address

    def __repr__(self) -> str:
        return f"<Path of endpoint {self.endpoint}>"


@dataclass(slots=True, eq=False)
class IceSession(Generic[Owner]):
    """One peer's addresses. `owner` is whatever the shell keeps for the peer."""

    owner: Owner
    heard: float  # monotonic seconds of the last authenticated packet; of the start before that
    selected: Path | None = None
    paths: dict[Path, float] = field(default_factory=dict)  # path -> last valid check
    ufrags: dict[str, float | None] = field(default_factory=dict)  # -> when it expires
    barred: frozenset[int] = frozenset()  # endpoints it should leave: checks there get no answer

    def is_stale(self, now: float) -> bool:
        return now - self.heard > STALE_S


@dataclass(frozen=True, slots=True)
class Checked(Generic[Owner]):
    """A valid check: `reply` goes back to where it came from."""

    session: IceSession[Owner]
    reply: bytes
    moved: bool  # the selected path changed


class IceLite(Generic[Owner]):
    """All peers of one worker.

    Args:
        relays: addresses TURN servers send from. What comes from there came to them by a way the
            client chose, so it is answered on a barred endpoint, too.
    """

    def __init__(self, endpoints: int, relays: AbstractSet[str] = frozenset()) -> None:
        # One table per endpoint: the packet path looks a datagram's owner up by address alone.
        self.routes: list[dict[Address, IceSession[Owner]]] = [{} for _ in range(endpoints)]
        self.drops: Counter[str] = Counter()  # reason -> datagrams
        self._relays = relays
        self._by_ufrag: dict[str, tuple[IceSession[Owner], bytes]] = {}
        self._sessions: dict[IceSession[Owner], None] = {}

    def open(self, owner: Owner, credentials: Credentials, now: float) -> IceSession[Owner]:
        session = IceSession(owner=owner, heard=now)
        self._sessions[session] = None
        self._admit(session, credentials)
        return session

    def restart(
        self,
        session: IceSession[Owner],
        credentials: Credentials,
        now: float,
        barred: frozenset[int] = frozenset(),
    ) -> None:
        """New credentials; the old ones and the selected path stay good for a while.

        Args:
            barred: endpoints the peer should leave. A client holds on to an old path as long as its
                checks are answered, so there they are not; media that still comes is taken.
        """
        session.barred = barred
        for ufrag, expires in session.ufrags.items():
            if expires is None:
                session.ufrags[ufrag] = now + OLD_CREDENTIALS_S
        self._admit(session, credentials)

    def close(self, session: IceSession[Owner]) -> None:
        for ufrag in session.ufrags:
            self._by_ufrag.pop(ufrag, None)
        for path in list(session.paths):
            self._forget(session, path)
        session.selected = None
        self._sessions.pop(session, None)

    def on_stun(self, datagram: bytes, path: Path, now: float) -> Checked[Owner] | None:
        """Take what may be a connectivity check.

        Cost of a flood: a datagram without a ufrag of ours ends at one dictionary look-up.

        Returns:
            None when it is to be dropped; `drops` says why.
        """
        checked = self._check(datagram, path, now)
        if isinstance(checked, str):
            self.drops[checked] += 1
            return None
        return checked

    def _check(self, datagram: bytes, path: Path, now: float) -> Checked[Owner] | str:
        """The check, or why it is dropped."""
        ufrag = check_ufrag(datagram)
        if ufrag is None:
            return "stun_malformed"
        known = self._by_ufrag.get(ufrag)
        if known is None:
            return "stun_unknown_ufrag"
        session, key = known
        try:
            message = stun.parse_message(datagram)
        except (ValueError, KeyError, struct.error):
            return "stun_malformed"
        if not message.check_message_integrity(key):
            return "stun_bad_integrity"
        if "ICE-CONTROLLED" in message.attributes:
            return Checked(session, _role_conflict(message, key), moved=False)
        if path.endpoint in session.barred and path.address[0] not in self._relays:
            return "stun_barred"
        if not self._claim(session, path, now):
            return "stun_address_taken"
        session.heard = now
        moved = session.selected != path and (
            session.selected is None or "USE-CANDIDATE" in message.attributes
        )
        if moved:
            session.selected = path
        return Checked(session, _success(message, path.address, key), moved)

    def drop_path(self, path: Path) -> IceSession[Owner] | None:
        """A stream has ended. Returns its session when it was the selected path.

        The most recently checked of the others is selected, until the client nominates one.
        """
        session = self.routes[path.endpoint].get(path.address)
        if session is None:
            return None
        was_selected = session.selected == path
        self._forget(session, path)
        if not was_selected:
            return None
        session.selected = max(session.paths, key=session.paths.__getitem__, default=None)
        return session

    def expire(self, now: float) -> Iterator[IceSession[Owner]]:
        """Forget old credentials and silent paths; yield sessions whose consent ran out."""
        for session in list(self._sessions):
            for ufrag in [u for u, at in session.ufrags.items() if at is not None and at <= now]:
                del session.ufrags[ufrag]
                self._by_ufrag.pop(ufrag, None)
            for path, checked in list(session.paths.items()):
                if path != session.selected and now - checked > CONSENT_S:
                    self._forget(session, path)
            if now - session.heard > CONSENT_S:
                yield session

    def _admit(self, session: IceSession[Owner], credentials: Credentials) -> None:
        session.ufrags[credentials.ufrag] = None
        self._by_ufrag[credentials.ufrag] = (session, credentials.password.encode())

    def _claim(self, session: IceSession[Owner], path: Path, now: float) -> bool:
        """Route `path` to `session`, unless a live peer sends from there.

        The integrity check proves who asks, not where from: without this rule a participant who
        forges the source address of another one could divert that one's packets.
        """
        routes = self.routes[path.endpoint]
        holder = routes.get(path.address)
        if holder is not None and holder is not session:
            if holder.selected == path and not holder.is_stale(now):
                return False
            self._forget(holder, path)
        session.paths[path] = now
        routes[path.address] = session
        if len(session.paths) > MAX_PATHS:
            spare = (p for p in session.paths if p not in (path, session.selected))
            self._forget(session, min(spare, key=session.paths.__getitem__))
        return True

    def _forget(self, session: IceSession[Owner], path: Path) -> None:
        session.paths.pop(path, None)
        if session.selected == path:
            session.selected = None
        routes = self.routes[path.endpoint]
        if routes.get(path.address) is session:
            del routes[path.address]


def check_ufrag(datagram: bytes) -> str | None:
    """Our ufrag in the USERNAME of a binding request; None when it is not one.

    Source: RFC 8489 section 5, RFC 8445 section 7.2.2 ("ours:theirs").
    """
    size = len(datagram)
    if not 20 <= size <= _MAX_CHECK_BYTES:
        return None
    kind, length, cookie = _HEADER.unpack_from(datagram)
    if kind != _BINDING_REQUEST or cookie != _COOKIE or length != size - 20:
        return None
    at = 20
    while at + 4 <= size:
        attribute, length = _ATTRIBUTE.unpack_from(datagram, at)
        if attribute == _USERNAME:
            name, colon, _ = datagram[at + 4 : at + 4 + length].partition(b":")
            return name.decode("ascii", "replace") if colon else None
        at += 4 + (length + 3) // 4 * 4
    return None


def _success(request: stun.Message, address: Address, key: bytes) -> bytes:
    reply = _reply(request, stun.Class.RESPONSE)
    reply.attributes["XOR-MAPPED-ADDRESS"] = address
    reply.add_message_integrity(key)
    return bytes(reply)


def _role_conflict(request: stun.Message, key: bytes) -> bytes:
    """A lite agent is always the controlled one. RFC 8445 section 7.3.1.1."""
    reply = _reply(request, stun.Class.ERROR)
    reply.attributes["ERROR-CODE"] = (487, "Role Conflict")
    reply.add_message_integrity(key)
    return bytes(reply)


def _reply(request: stun.Message, kind: stun.Class) -> stun.Message:
    return stun.Message(
        message_method=stun.Method.BINDING,
        message_class=kind,
        transaction_id=request.transaction_id,
    )
