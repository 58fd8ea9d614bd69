"""One process with live meetings over a real store."""

from pathlib import Path

from rooms_world import Ear, HandClock, PlaneNotes

from rooms.errors import RequestRefused
from rooms.health import HealthBoard
from rooms.live.attendance import Attendance
from rooms.live.shelf import Paged
from rooms.meetings.meetings import Meeting, Meetings, MeetingState
from rooms.records.recordings import Recordings
from rooms.service import LiveMeetings
from rooms.session.model import PeerId, Seat, Session, Source
from rooms.store.log import EventLog

EVERYTHING = frozenset({Source.MICROPHONE, Source.CAMERA})


class OneDocument:
    """A shelf with one document of three pages."""

    async def shown(self, meeting_id: int, document_id: int, version: int | None) -> Paged:
        if document_id != 3:
            raise RequestRefused("unknown-document")
        return Paged(version=version or 1, title="Báo cáo", pages=3)


class World:
    """One process: it can be restarted over the same store."""

    def __init__(self, db, folder: Path, meeting: Meeting, people) -> None:
        self.db, self.meeting, self.people = db, meeting, people
        self.meetings = Meetings(db)
        self.recordings = Recordings(db, folder)
        self.clock = HandClock()
        self.connections = 0
        self.start()

    def start(self) -> None:
        self.plane = PlaneNotes()
        self.health = HealthBoard(self.clock)
        self.live = LiveMeetings(
            self.db,
            self.meetings,
            self.recordings,
            self.plane,
            self.clock,
            self.health,
            shelf=OneDocument(),
        )

    async def restart(self) -> None:
        await self.live.close()
        self.start()
        await self.live.resume()

    def seat(self, username: str) -> Seat:
        seat = self.meetings.seat_for(self.meeting, self.people[username])
        assert seat is not None
        return seat

    async def enter(self, who: str | Seat, **more) -> tuple[Attendance, Ear]:
        seat = who if isinstance(who, Seat) else self.seat(who)
        ear = Ear()
        self.connections += 1
        connection = f"c{self.connections}"
        return await self.live.enter(self.meeting, seat, connection, ear, **more), ear

    async def enter_with_media(self, who: str | Seat) -> tuple[Attendance, Ear, PeerId]:
        attendance, ear = await self.enter(who)
        await attendance.offer("offer", restart=False)
        peer = PeerId(f"{attendance.seat_id}#{attendance.connection}")
        self.observer.on_sources(peer, EVERYTHING)
        return attendance, ear, peer

    @property
    def observer(self):
        return self.plane.observers[str(self.meeting.id)]

    @property
    def session(self) -> Session:
        session = self.live.session(self.meeting.id)
        assert session is not None
        return session

    async def log(self) -> list[str]:
        entries = await EventLog(self.db).entries(self.meeting.id)
        return [type(entry.event).__name__ for entry in entries]

    async def state(self) -> MeetingState:
        meeting = await self.meetings.get(self.meeting.id)
        assert meeting is not None
        return meeting.state
