"""Live meetings: one owner task each; commands in, logged events out, media kept in step."""

from collections.abc import Sequence
from typing import Protocol

from rooms.clock import Clock
from rooms.health import HealthBoard
from rooms.media_port import Connected, MediaPlane
from rooms.meetings.meetings import Meeting, Meetings
from rooms.records.recordings import Recordings
from rooms.session.commands import Command
from rooms.session.events import Entry
from rooms.session.model import PeerId, Seat, SeatId, Session
from rooms.session.notices import AnyNotice
from rooms.session.policy import Actor
from rooms.session.slots import Tile
from rooms.store.database import Database

__all__ = ["Actor", "Attendance", "Listener", "LiveMeeting", "LiveMeetings", "Tile"]


class Listener(Protocol):
    """One connection's ear. Called on the event loop; must not block and must not raise."""

    def on_entries(self, entries: Sequence[Entry]) -> None: ...
    def on_notice(self, notice: AnyNotice) -> None: ...
    def on_closed(self, code: str) -> None:
        """ "ended" | "superseded" | "shutdown"; nothing is called after it."""


class Attendance:
    """One connection of one seat in one live meeting."""

    seat_id: SeatId
    connection: str
    session: Session | None  # snapshot at entry; None: the client resumed, `missed` has the rest
    missed: tuple[Entry, ...]
    permissions: tuple[str, ...]

    async def submit(self, command: Command) -> None:
        """Carry out a command; its events are in the log when this returns.

        Raises:
            RequestRefused: with the code `decide` gave, "superseded", "ended" or "shutdown".
        """
        raise NotImplementedError

    async def offer(self, sdp: str, restart: bool) -> Connected:
        """Take the client's offer, or (restart) its new ICE credentials.

        A restart without a known peer is taken as a new offer. On restart the mids are those of
        the first answer.

        Raises:
            MediaRefused: the media plane cannot take it.
            RequestRefused: "superseded", "ended", "shutdown".
        """
        raise NotImplementedError

    async def set_view(self, main_height: int, tiles: Sequence[Tile]) -> None:
        """What the client shows; heights in picture lines, 0 = not shown."""
        raise NotImplementedError


class LiveMeeting:
    """One meeting in session."""

    async def connect_viewer(self, peer: PeerId, offer: str) -> Connected:
        """A WHEP viewer: not a seat, sees the first published sources. Raises MediaRefused."""
        raise NotImplementedError

    async def disconnect_viewer(self, peer: PeerId) -> None:
        raise NotImplementedError


class LiveMeetings:
    """All live meetings of this process."""

    def __init__(
        self,
        db: Database,
        meetings: Meetings,
        recordings: Recordings,
        media: MediaPlane,
        clock: Clock,
        health: HealthBoard,
    ) -> None:
        raise NotImplementedError

    async def resume(self) -> None:
        """At start: reopen meetings the store calls live; seats without a connection depart after
        the grace."""
        raise NotImplementedError

    async def live(self, meeting: Meeting) -> LiveMeeting:
        """The live meeting, opened when it was not.

        Raises:
            RequestRefused: "ended", "cancelled", "shutdown".
        """
        raise NotImplementedError

    def session(self, meeting_id: int) -> Session | None:
        """The session as it stands now; None: not live in this process."""
        raise NotImplementedError

    async def enter(
        self,
        meeting: Meeting,
        seat: Seat,
        connection: str,
        listener: Listener,
        after: int | None = None,
    ) -> Attendance:
        """A seat's client connected: supersedes the seat's older connection.

        Args:
            connection: unique id of this connection.
            after: last seq the client has, when it resumes.

        Raises:
            RequestRefused: "ended", "cancelled", "shutdown", "busy".
        """
        raise NotImplementedError

    async def depart(self, attendance: Attendance, left: bool) -> None:
        """The connection is gone; `left`: on purpose. Otherwise the seat stays 10 s."""
        raise NotImplementedError

    async def close(self) -> None:
        """Shutdown: listeners are told, owner tasks end; meetings stay live in the store."""
        raise NotImplementedError
