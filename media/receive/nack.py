"""Which packets of a source are missing, when to ask for them again (RFC 4585 section 6.2.1)."""

from media.rtp.sequence import Extender, wrap

MAX_MISSING = 400  # more at once is an outage: a key frame repairs it cheaper
MAX_TRIES = 10
MAX_AGE_S = 1.2
MIN_RETRY_S = 0.02


class _Missing:
    __slots__ = ("due", "since", "tries")

    def __init__(self, now: float) -> None:
        self.since = now
        self.due = now
        self.tries = 0


class NackGenerator:
    """Finds gaps, asks at once, then again after every round trip.

    `overrun` is set when a gap was too large to ask for; the owner requests a key frame and clears
    it.
    """

    def __init__(self) -> None:
        self._extender = Extender()
        self._missing: dict[int, _Missing] = {}
        self.overrun = False

    def on_packet(self, sequence: int, now: float) -> bool:
        """One packet arrived, original or repaired; True when `poll` has something new to ask."""
        previous = self._extender.highest
        extended = self._extender.extend(sequence)
        if previous is None:
            return False
        if extended <= previous:
            self._missing.pop(extended, None)
            return False
        gap = extended - previous - 1
        if gap == 0:
            return False
        if gap + len(self._missing) > MAX_MISSING:
            self._missing.clear()
            self.overrun = True
            return True
        for lost in range(previous + 1, extended):
            self._missing[lost] = _Missing(now)
        return True

    def poll(self, now: float, rtt: float) -> list[int]:
        """16-bit sequence numbers to ask for now, ascending.

        Args:
            rtt: round-trip time to the publisher, seconds.
        """
        asked: list[int] = []
        given_up: list[int] = []
        for extended, missing in self._missing.items():
            if missing.tries >= MAX_TRIES or now - missing.since > MAX_AGE_S:
                given_up.append(extended)
            elif missing.due <= now:
                missing.tries += 1
                missing.due = now + max(MIN_RETRY_S, rtt * 1.1)
                asked.append(wrap(extended))
        for extended in given_up:
            del self._missing[extended]
        return asked

    @property
    def pending(self) -> int:
        return len(self._missing)

    @property
    def due(self) -> float:
        """When something is to be done next; infinity when nothing is missing."""
        if self.overrun:
            return float("-inf")
        return min((m.due for m in self._missing.values()), default=float("inf"))
