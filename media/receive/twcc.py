"""Transport-wide feedback towards one publisher: arrival times of everything it sent."""

from media.rtp.sequence import Extender
from media.rtp.transport_cc import TransportFeedback, from_arrivals

INTERVAL_S = 0.1
EARLY_INTERVAL_S = 0.05  # during the first seconds: senders ramp up with every report
EARLY_S = 3.0
KEEP_S = 0.5  # arrivals reported once more when something older turns up
MAX_PER_FEEDBACK = 400  # stays below 1,000 bytes


class TransportFeedbackGenerator:
    """One per transport. `poll` at `due` or later."""

    def __init__(self) -> None:
        self._extender = Extender()
        self._arrivals: dict[int, float] = {}
        self._from: int | None = None  # first number not reported yet
        self._count = 0
        self._first_at: float | None = None
        self._last_at = 0.0

    def on_packet(self, sequence: int, now: float) -> None:
        if self._first_at is None:
            self._first_at = now
            self._last_at = now
        extended = self._extender.extend(sequence)
        if self._arrivals.setdefault(extended, now) != now:
            return
        if self._from is None or extended < self._from:
            self._from = extended

    @property
    def due(self) -> float | None:
        """When the next feedback should leave; None while there is nothing to say."""
        if self._from is None or self._first_at is None:
            return None
        early = self._last_at - self._first_at < EARLY_S
        return self._last_at + (EARLY_INTERVAL_S if early else INTERVAL_S)

    def poll(self, sender_ssrc: int, media_ssrc: int, now: float) -> list[TransportFeedback]:
        """Everything not yet reported, in as few packets as fit."""
        due = self.due
        highest = self._extender.highest
        if due is None or now < due or self._from is None or highest is None:
            return []
        start = max(self._from, highest - 4 * MAX_PER_FEEDBACK)
        feedback = []
        while start <= highest:
            stop = min(start + MAX_PER_FEEDBACK, highest + 1)
            times = [self._arrivals.get(n) for n in range(start, stop)]
            if any(t is not None for t in times):
                feedback.append(
                    from_arrivals(sender_ssrc, media_ssrc, start, self._count, self._close(times))
                )
                self._count += 1
            start = stop
        self._from = None
        self._last_at = now
        self._forget(now)
        return feedback

    @staticmethod
    def _close(times: list[float | None]) -> list[float | None]:
        """Arrivals too far from their predecessor for a 16-bit delta count as lost."""
        previous: float | None = None
        kept: list[float | None] = []
        for time in times:
            if time is not None and previous is not None and abs(time - previous) > 8.0:
                time = None
            kept.append(time)
            previous = previous if time is None else time
        return kept

    def _forget(self, now: float) -> None:
        old = [n for n, at in self._arrivals.items() if now - at > KEEP_S]
        for number in old:
            del self._arrivals[number]
