"""Which packets of a source are missing, when to ask for them again (RFC 4585 section 6.2.1)."""

from media.rtp.sequence import Extender, extend, wrap

MAX_MISSING = 400  # more at once is an outage: a key frame repairs it cheaper
MAX_ASKED = 120  # numbers in one round; a burst of losses is asked for in several
MAX_TRIES = 10
MAX_AGE_S = 1.2
MIN_RETRY_S = 0.02
PATIENT_TRIES = 3  # asked for once a round trip; further tries come ever later
RETRY_GROWTH = 1.4
# A packet may come late without being lost. As in RFC 8985 (RACK) it is given a quarter of the
# round trip and three packets; where packets were seen to come later than that, as long as they
# took, so that one reordering line is not asked for everything twice.
REORDER_PACKETS = 3
MIN_WINDOW_S = 0.005
MAX_WINDOW_S = 0.04
MAX_WINDOW_PACKETS = 40
FORGET_S = 10.0  # how long a reordering is remembered


class _Missing:
    __slots__ = ("due", "since", "tries")

    def __init__(self, now: float, due: float) -> None:
        self.since = now
        self.due = due
        self.tries = 0


class NackGenerator:
    """Finds gaps, waits whether they are only reordered, then asks after every round trip.

    `overrun` is set when a gap was too large to ask for; the owner requests a key frame and clears
    it. `given_up` counts packets that never came.
    """

    def __init__(self, *, max_tries: int = MAX_TRIES, max_age_s: float = MAX_AGE_S) -> None:
        self.max_tries = max_tries
        self.max_age_s = max_age_s
        self._extender = Extender()
        self._missing: dict[int, _Missing] = {}
        self._rtt = 0.0
        self._last_at = float("-inf")
        self._late_s = 0.0  # the latest original packets came after the gap was seen
        self._late_packets = 0
        self._late_at = float("-inf")
        self.overrun = False
        self.given_up = 0
        self.reordered = 0

    def on_packet(self, sequence: int, now: float, *, repaired: bool = False) -> bool:
        """One packet arrived, original or repaired; True when `poll` has something to ask now."""
        previous = self._extender.highest
        extended = self._extender.extend(sequence)
        last_at, self._last_at = self._last_at, now
        if previous is None:
            return False
        if extended <= previous:
            missing = self._missing.pop(extended, None)
            if missing is None or repaired:
                return False
            # Sooner than any answer to a request can be: it was under way all the time.
            if not missing.tries or now - missing.since < self._rtt:
                self._on_reordered(previous - extended, now - missing.since, now)
            return False
        gap = extended - previous - 1
        if gap:
            if gap + len(self._missing) > MAX_MISSING:
                self._missing.clear()
                self.overrun = True
                return True
            # What was overtaken left before this packet and after the last one.
            due = max(now, min(last_at, now) + self._window_s(now))
            for lost in range(previous + 1, extended):
                self._missing[lost] = _Missing(now, due)
        return bool(self._missing) and self._overtaken(extended, now)

    def lacks(self, sequence: int) -> bool:
        """Whether a repair of this packet is of use: it is missing, or was not heard of yet."""
        highest = self._extender.highest
        if highest is None:
            return True
        extended = extend(sequence, highest)
        return extended > highest or extended in self._missing

    def _on_reordered(self, packets: int, seconds: float, now: float) -> None:
        self.reordered += 1
        self._late_s = max(self._late_s, min(seconds * 1.25, MAX_WINDOW_S))
        self._late_packets = max(self._late_packets, min(packets + 1, MAX_WINDOW_PACKETS))
        self._late_at = now

    def _window_s(self, now: float) -> float:
        if self._late_packets and now - self._late_at > FORGET_S:
            self._late_s, self._late_packets = 0.0, 0
        return min(MAX_WINDOW_S, max(MIN_WINDOW_S, self._rtt / 4, self._late_s))

    def _overtaken(self, highest: int, now: float) -> bool:
        """Packets so many others overtook are lost: they are due. Oldest first, in order."""
        limit = highest - max(REORDER_PACKETS, self._late_packets)
        due = False
        for extended, missing in self._missing.items():
            if missing.tries:
                continue
            if extended > limit and missing.due > now:
                break
            missing.due = min(missing.due, now)
            due = True
        return due

    def poll(self, now: float, rtt: float) -> list[int]:
        """16-bit sequence numbers to ask for now, ascending.

        Args:
            rtt: round-trip time to the publisher, seconds.
        """
        self._rtt = rtt
        asked: list[int] = []
        gone: list[int] = []
        for extended, missing in self._missing.items():
            if missing.tries >= self.max_tries or now - missing.since > self.max_age_s:
                gone.append(extended)
            elif missing.due <= now and len(asked) < MAX_ASKED:
                missing.tries += 1
                wait = max(MIN_RETRY_S, rtt * 1.1)
                wait *= RETRY_GROWTH ** max(0, missing.tries - PATIENT_TRIES)
                missing.due = now + wait
                asked.append(wrap(extended))
        for extended in gone:
            del self._missing[extended]
        self.given_up += len(gone)
        return asked

    def forget(self) -> None:
        """What is missing now is not asked for."""
        self._missing.clear()
        self.overrun = False

    @property
    def pending(self) -> int:
        return len(self._missing)

    @property
    def due(self) -> float:
        """When something is to be done next; infinity when nothing is missing."""
        if self.overrun:
            return float("-inf")
        if not self._missing:
            return float("inf")
        return min([m.due for m in self._missing.values()])
