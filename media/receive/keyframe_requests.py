"""When to ask one encoding for a key frame: requests merge, and are throttled."""

THROTTLE_S = 0.5
FOLLOW_UP_S = 0.15  # a new subscriber's first key frame is often lost: it was not ready yet
_NEVER = float("inf")


class KeyframeRequests:
    """`request` as often as anyone likes; `poll` says when one must leave."""

    __slots__ = ("_due", "_follow_up", "_last", "sent")

    def __init__(self) -> None:
        self._due = _NEVER
        self._follow_up = _NEVER
        self._last = -_NEVER
        self.sent = 0

    def request(self, now: float) -> None:
        self._due = min(self._due, max(now, self._last + THROTTLE_S))

    def request_for_newcomer(self, now: float) -> None:
        """Ask now and once more when the newcomer's decoder surely listens."""
        self.request(now)
        self._follow_up = max(now, self._last) + FOLLOW_UP_S

    def satisfy(self) -> None:
        """A key frame begins: whoever asked gets it. A newcomer's second request stays."""
        self._due = _NEVER

    @property
    def due(self) -> float:
        return min(self._due, self._follow_up)

    @property
    def asked_at(self) -> float:
        """When the last request left; -inf before the first."""
        return self._last

    def poll(self, now: float) -> bool:
        """True: send a PLI (or FIR) now."""
        if now < self._due and now < self._follow_up:
            return False
        self._due = _NEVER
        if now >= self._follow_up:
            self._follow_up = _NEVER
        self._last = now
        self.sent += 1
        return True
