"""Live meetings: one owner task each; commands in, logged events out, media kept in step."""

import asyncio
import logging
from dataclasses import replace
from datetime import UTC, datetime

from rooms.clock import Clock
from rooms.errors import RequestRefused
from rooms.health import HealthBoard
from rooms.live.attendance import Attendance, Listener
from rooms.live.meeting import RECENT_ENTRIES, LiveMeeting, Surroundings
from rooms.live.shelf import Shelf
from rooms.media_port import Connected, MediaPlane
from rooms.meetings.meetings import Meetings
from rooms.meetings.opening import opening
from rooms.meetings.records import OVER, WAITING, Meeting, MeetingState
from rooms.records.recordings import Recordings
from rooms.session.commands import Command
from rooms.session.core import NOTHING, evolve, fold
from rooms.session.events import Entry
from rooms.session.model import PeerId, Phase, Seat, SeatId, Session
from rooms.session.policy import SERVICE, Actor
from rooms.session.slots import Tile
from rooms.store.ballots import Ballots, RehearsalBallots
from rooms.store.database import Database
from rooms.store.log import EventLog, Log, RehearsalLog, last_run
from rooms.switching import SwitchRule

__all__ = ["Actor", "Attendance", "Connected", "Listener", "LiveMeeting", "LiveMeetings", "Tile"]

log = logging.getLogger(__name__)


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
        switch: SwitchRule | None = None,
        shelf: Shelf | None = None,
    ) -> None:
        self._around = Surroundings(
            log=EventLog(db),
            ballots=Ballots(db),
            meetings=meetings,
            recordings=recordings,
            plane=media,
            clock=clock,
            health=health,
            switch=switch or SwitchRule(),
            shelf=shelf,
        )
        self._db = db
        self._live: dict[int, LiveMeeting] = {}
        self._ending: dict[int, asyncio.Task[None]] = {}
        self._opening = asyncio.Lock()
        self._closing = False

    async def resume(self) -> None:
        """At start: reopen meetings the store calls live, and rehearsals.

        Seats that do not come back within the grace depart; a running recording goes on.
        """
        for state in (MeetingState.LIVE, MeetingState.REHEARSAL):
            for meeting in await self._around.meetings.in_state(state):
                try:
                    await self.live(meeting)
                except RequestRefused as refused:
                    log.info("meeting %s not reopened: %s", meeting.id, refused.code)

    async def live(self, meeting: Meeting) -> LiveMeeting:
        """The live meeting, opened when it was not.

        Raises:
            RequestRefused: "ended", "cancelled", "not-open", "shutdown".
        """
        async with self._opening:
            if self._closing:
                raise RequestRefused("shutdown")
            if meeting.id in self._ending:  # its room must be closed before it is opened
                await self._ending[meeting.id]
            known = self._live.get(meeting.id)
            if known is not None and known.session.rehearsal and self._due(meeting):
                known.close()  # whoever is in the test run comes into the meeting
                await self._ending[meeting.id]
            if meeting.id not in self._live:
                self._live[meeting.id] = await self._open(meeting.id)
            return self._live[meeting.id]

    async def leave_rehearsal(self, meeting_id: int) -> None:
        """The test run is over from outside; whoever is in it comes back to what there is then."""
        async with self._opening:
            known = self._live.get(meeting_id)
            if known is not None and known.session.rehearsal:
                known.close()
                await self._ending[meeting_id]

    def session(self, meeting_id: int) -> Session | None:
        """The session as it stands now; None: not live in this process."""
        live = self._live.get(meeting_id)
        return live.session if live is not None else None

    def peer(self, meeting_id: int, seat: SeatId) -> PeerId | None:
        """The media transport a seat has now."""
        live = self._live.get(meeting_id)
        return live.media.peer_of(seat) if live is not None else None

    async def enter(
        self,
        meeting: Meeting,
        seat: Seat,
        connection: str,
        listener: Listener,
        after: int | None = None,
        resumed: str | None = None,
    ) -> Attendance:
        """A seat's client connected: supersedes the seat's older connection.

        Args:
            connection: unique id of this connection.
            after: last seq the client has, when it resumes.
            resumed: the connection it resumes; its media transport goes on under the new one.

        Raises:
            RequestRefused: "ended", "cancelled", "not-open", "shutdown", "busy".
        """
        live = await self.live(meeting)
        return await live.enter(seat, connection, listener, after, resumed)

    async def oversee(self, meeting_id: int, command: Command, actor: SeatId) -> None:
        """A command from outside the room, such as what the line of a seat is asked to carry. Who
        asks may give it: the caller checked it.

        Raises:
            RequestRefused: "unknown-seat", "ended" (also: not in session), "busy", "shutdown".
        """
        live = self._live.get(meeting_id)
        if live is None:
            raise RequestRefused("ended")
        await live.oversee(actor, command)

    async def depart(self, attendance: Attendance, left: bool) -> None:
        """The connection is gone; `left`: on purpose. Otherwise the seat stays 10 s."""
        await attendance.live.depart(attendance, left)

    async def close(self) -> None:
        """Shutdown: listeners are told, tasks end; meetings stay live in the store."""
        async with self._opening:
            self._closing = True
        for live in list(self._live.values()):
            live.close()
        await asyncio.gather(*self._ending.values())

    # ------------------------------------------------------------ opening

    async def _open(self, meeting_id: int) -> LiveMeeting:
        meeting = await self._around.meetings.get(meeting_id)
        if meeting is None or meeting.state is MeetingState.CANCELLED:
            raise RequestRefused("cancelled")
        if meeting.state in OVER:
            raise RequestRefused("ended")
        if meeting.state not in (*WAITING, MeetingState.LIVE):
            raise RequestRefused("not-open")
        if meeting.state is MeetingState.REHEARSAL and not self._due(meeting):
            return await self._rehearse(meeting)
        session, recent = await self._fold(meeting, self._around.log)
        if session.phase is Phase.ENDED:  # the process died between the last entry and this
            await self._set_state(meeting.id, MeetingState.ENDED)
            raise RequestRefused("ended")
        if meeting.state in WAITING:
            await self._set_state(meeting.id, MeetingState.LIVE)
        return self._started(meeting, session, recent, self._around)

    def _due(self, meeting: Meeting) -> bool:
        """Whether the hour of the meeting has come; it ends a test run."""
        return self._around.clock.now() >= meeting.start.timestamp()

    async def _rehearse(self, meeting: Meeting) -> LiveMeeting:
        """The test run that goes on, or the next one. Each has a log of its own."""
        run = await last_run(self._db, meeting.id)
        if run:
            around = self._test_run(run)
            session, recent = await self._fold(meeting, around.log, rehearsal=True)
            if session.phase is not Phase.ENDED:
                return self._started(meeting, session, recent, around)
        around = self._test_run(run + 1)
        session, recent = await self._fold(meeting, around.log, rehearsal=True)
        return self._started(meeting, session, recent, around)

    def _test_run(self, run: int) -> Surroundings:
        return replace(
            self._around,
            log=RehearsalLog(self._db, run),
            ballots=RehearsalBallots(self._db, run),
        )

    def _started(
        self, meeting: Meeting, session: Session, recent: list[Entry], around: Surroundings
    ) -> LiveMeeting:
        live = LiveMeeting(session, recent, around, lambda: self._forget(meeting.id))
        live.start()
        return live

    async def _set_state(self, meeting_id: int, state: MeetingState) -> None:
        now = datetime.fromtimestamp(self._around.clock.now(), UTC)
        await self._around.meetings.set_state(meeting_id, state, now)

    async def _fold(
        self, meeting: Meeting, events: Log, *, rehearsal: bool = False
    ) -> tuple[Session, list[Entry]]:
        """The session the log leads to, and the newest entries; a new log gets its first one."""
        start = await events.snapshot(meeting.id) or NOTHING
        recent = await events.entries(meeting.id, after=max(0, start.seq - RECENT_ENTRIES))
        if recent:
            return fold((entry for entry in recent if entry.seq > start.seq), start), recent
        opened = Entry(
            seq=1,
            at=self._around.clock.now(),
            actor=SERVICE.seat,
            event=opening(meeting, rehearsal=rehearsal),
        )
        await events.append(meeting.id, [opened])
        return evolve(NOTHING, opened), [opened]

    def _forget(self, meeting_id: int) -> None:
        """A meeting closed; until its tasks are done it is not opened again."""
        live = self._live.pop(meeting_id)
        ending = asyncio.create_task(live.ended(), name=f"meeting {meeting_id} ending")
        self._ending[meeting_id] = ending
        ending.add_done_callback(lambda _: self._ending.pop(meeting_id, None))
