"""How every site's line does: latest figures and five minutes of history, for the technician."""

import msgspec

from rooms.media_port import PeerStats
from rooms.session.model import Role, SeatId

HISTORY_SECONDS = 300
BUCKET_SECONDS = 5  # one point of a sparkline
FIGURES = (
    "rtt_ms",
    "up_bps",
    "down_bps",
    "up_loss",
    "down_loss",
    "up_jitter_ms",
    "down_jitter_ms",
    "up_fps",
)


class Trouble(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    code: str  # "lost" | "media-lost" | "up-loss" | "down-loss" | "slow" | "reset"
    at: float  # UTC epoch seconds


class SeatHealth(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    seat: SeatId
    name: str
    short_name: str
    rank: int
    role: Role
    phone: str
    present: bool
    since: float | None  # UTC epoch seconds of the present stay
    quality: str  # "good" | "weak" | "lost" | "absent"
    stats: PeerStats | None
    history: dict[str, tuple[float | None, ...]]  # FIGURES (camelCase) -> points, oldest first
    trouble: Trouble | None  # the last one


class MeetingHealth(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    meeting: int
    title: str
    now: float  # UTC epoch seconds
    recording_growing: bool | None  # None: nothing is recorded
    recording_bytes: int
    seats: tuple[SeatHealth, ...]  # protocol order


class HealthBoard:
    """Fed by the live meetings; read by pages, the API and /metrics. Nothing here is kept."""

    def snapshot(self, meeting_id: int, *, history: bool = True) -> MeetingHealth | None:
        """None: that meeting is not live."""
        raise NotImplementedError

    def live_meetings(self) -> list[int]:
        raise NotImplementedError
