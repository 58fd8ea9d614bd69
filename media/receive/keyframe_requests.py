"""When to ask one encoding for a key frame: requests merge, and back off while none comes."""

THROTTLE_S = 0.5
PATIENT_REQUESTS = 2  # unanswered ones before the interval grows: a request may get lost
MAX_INTERVAL_S = 8.0
FOLLOW_UP_S = 0.15  # a new subscriber's first key frame is often lost: it was not ready yet
_NEVER = float("inf")


class KeyframeRequests:
    """`request` as often as anyone likes; `poll` says when one must leave.

    The interval is `THROTTLE_S` while the publisher answers, and doubles with every request it does
    not answer: an encoder that cannot make key frames is not asked twice a second for hours.
    """

    __slots__ = ("_due", "_follow_up", "_last", "sent", "unanswered")

    def __init__(self) -> None:
        self._due = _NEVER
        self._follow_up = _NEVER
        self._last = -_NEVER
        self.sent = 0
        self.unanswered = 0  # requests since the last key frame

    @property
    def interval_s(self) -> float:
        """Between two requests, as things stand."""
        doublings = max(0, self.unanswered - PATIENT_REQUESTS)
        return min(MAX_INTERVAL_S, THROTTLE_S * 2.0 ** min(doublings, 8))

    def request(self, now: float) -> None:
        self._due = min(self._due, max(now, self._last + self.interval_s))

    def request_for_newcomer(self, now: float) -> None:
        """Ask now and once more when the newcomer's decoder surely listens."""
        self.request(now)
        self._follow_up = max(now, self._last) + FOLLOW_UP_S

    def satisfy(self) -> None:
        """A key frame begins: whoever asked gets it. A newcomer's second request stays."""
        self._due = _NEVER
        self.unanswered = 0

    @property
    def due(self) -> float:
        return self._due if self._due < self._follow_up else self._follow_up

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
        self.unanswered += 1
        return True
