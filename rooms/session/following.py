"""When the main picture follows the speaker. Pure; the detection itself is the media plane's."""

from rooms.session.model import SeatId

MIN_SECONDS_BETWEEN_SWITCHES = 2.0


class SpeakerFollower:
    """Holds back a change of speaker until the last switch is two seconds old.

    Only the newest candidate counts: a short interjection that is over by then moves nothing.
    """

    def __init__(self) -> None:
        self._candidate: SeatId | None = None
        self._switched_at = float("-inf")

    def heard(self, seat: SeatId) -> None:
        """Speaker detection names the dominant speaker."""
        self._candidate = seat

    def switched(self, now: float) -> None:
        """The main picture changed, for whatever reason."""
        self._switched_at = now

    def due(self, now: float) -> float | None:
        """Seconds until the candidate may be shown; None: there is none."""
        if self._candidate is None:
            return None
        return max(0.0, self._switched_at + MIN_SECONDS_BETWEEN_SWITCHES - now)

    def take(self) -> SeatId | None:
        """The candidate; it is used up."""
        candidate, self._candidate = self._candidate, None
        return candidate
