"""ICE as a client needs it towards servers: one socket, the server's candidates, we control.

RFC 8445 with regular nomination, and consent checks (RFC 7675). Pure: bytes in, bytes out, `now`
is monotonic seconds.
"""

import secrets
from collections.abc import Sequence

from aioice import stun

from media.load.offer import Credentials

Address = tuple[str, int]
Outgoing = list[tuple[bytes, Address]]

CHECK_INTERVAL_S = 0.1
CONSENT_INTERVAL_S = 5.0
CONSENT_TIMEOUT_S = 30.0  # RFC 7675 section 5.1
_PRIORITY = 1845501695  # peer-reflexive, RFC 8445 section 5.1.2


class IceAgent:
    """Finds the server's address that answers, then keeps consent fresh."""

    def __init__(
        self, local: Credentials, ufrag: str, password: str, candidates: Sequence[Address]
    ) -> None:
        self._username = f"{ufrag}:{local.ufrag}"
        self._remote_key = password.encode()
        self._local_key = local.password.encode()
        self._candidates = list(candidates)
        self._tie_breaker = secrets.randbits(64)
        self._pending: dict[bytes, tuple[Address, bool, float]] = {}  # target, nominating, sent
        self._next_check = 0.0
        self.selected: Address | None = None
        self.nominated = False
        self.consent_at = 0.0  # when the server last answered

    def poll(self, now: float) -> Outgoing:
        """Checks that are due."""
        if now < self._next_check:
            return []
        if self.nominated:
            self._next_check = now + CONSENT_INTERVAL_S
        else:
            self._next_check = now + CHECK_INTERVAL_S
        self._pending = {
            key: value for key, value in self._pending.items() if now - value[2] < 10.0
        }
        targets = self._candidates if self.selected is None else [self.selected]
        return [self._check(target, self.selected is not None, now) for target in targets]

    def consent_lost(self, now: float) -> bool:
        return self.nominated and now - self.consent_at > CONSENT_TIMEOUT_S

    def handle(self, data: bytes, source: Address, now: float) -> Outgoing:
        """A STUN datagram arrived; the answer to send, if any. Junk is dropped."""
        try:
            message = stun.parse_message(data)
        except ValueError:
            return []
        if message.message_method != stun.Method.BINDING:
            return []
        if message.message_class == stun.Class.REQUEST:
            return self._respond(message, source)
        sent = self._pending.pop(message.transaction_id, None)
        if (
            sent is None
            or message.message_class != stun.Class.RESPONSE
            or not message.check_message_integrity(self._remote_key)
        ):
            return []
        return self._succeeded(sent, now)

    def _succeeded(self, sent: tuple[Address, bool, float], now: float) -> Outgoing:
        target, nominating, _ = sent
        self.consent_at = now
        if self.selected is None:
            self.selected = target
            self._next_check = now + CHECK_INTERVAL_S
            return [self._check(target, True, now)]
        if nominating and target == self.selected and not self.nominated:
            self.nominated = True
            self._next_check = now + CONSENT_INTERVAL_S
        return []

    def _check(self, target: Address, nominate: bool, now: float) -> tuple[bytes, Address]:
        attributes: dict[str, object] = {
            "USERNAME": self._username,
            "ICE-CONTROLLING": self._tie_breaker,
            "PRIORITY": _PRIORITY,
        }
        if nominate:
            attributes["USE-CANDIDATE"] = None
        message = stun.Message(stun.Method.BINDING, stun.Class.REQUEST, attributes=attributes)
        message.add_message_integrity(self._remote_key)
        self._pending[message.transaction_id] = (target, nominate, now)
        return bytes(message), target

    def _respond(self, request: stun.Message, source: Address) -> Outgoing:
        """Full-ICE servers check us too; answer whoever knows our password."""
        if not request.check_message_integrity(self._local_key):
            return []
        response = stun.Message(
            stun.Method.BINDING,
            stun.Class.RESPONSE,
            transaction_id=request.transaction_id,
            attributes={"XOR-MAPPED-ADDRESS": source},
        )
        response.add_message_integrity(self._local_key)
        return [(bytes(response), source)]
