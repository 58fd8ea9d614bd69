"""One meeting in session: its owner task, its connections, its grace timers.

Everything that changes the session goes through the inbox of the owner task: it decides, appends
the events to the log in one transaction, and only then lets anybody hear of them. What several
people ask at once becomes one transaction and one call of each listener.
"""

import asyncio
import contextlib
import logging
import secrets
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from rooms.clock import Clock, Timer
from rooms.errors import RequestRefused
from rooms.health import HealthBoard
from rooms.live.attendance import Attendance, Listener
from rooms.live.inbox import Inbox, Request
from rooms.live.media import LiveMedia
from rooms.live.proceedings import Proceedings
from rooms.live.recorder import Recorder
from rooms.live.shelf import Shelf, looked_up
from rooms.live.watch import Watch
from rooms.media_port import Connected, MediaPlane
from rooms.meetings.meetings import Meetings
from rooms.meetings.records import MeetingState
from rooms.records.recordings import Recordings
from rooms.session import commands as c
from rooms.session import events as e
from rooms.session.core import decide, evolve
from rooms.session.decisions import Refused
from rooms.session.model import PeerId, Phase, Role, Seat, SeatId, Session
from rooms.session.notices import AnyNotice, MediaLost, Permissions, Receipt
from rooms.session.policy import SERVICE, Actor, acting_role, presents
from rooms.session.visible import entries_for, session_for
from rooms.store.ballots import Box, Paper
from rooms.store.log import Log
from rooms.switching import SwitchRule

log = logging.getLogger(__name__)

GRACE_SECONDS = 10.0  # a lost connection may come back within this without leaving
CLOSE_SECONDS = 5.0  # for the tasks to end at shutdown, when the media plane does not answer
RECENT_ENTRIES = 1000  # kept in memory for clients that resume
SNAPSHOT_EVERY = 200  # entries
_RETRY_SECONDS = 1.0  # when the inbox is full for the service's own requests
_EVERYBODY = frozenset(Role)


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a live meeting works with."""

    log: Log
    ballots: Box
    meetings: Meetings
    recordings: Recordings
    plane: MediaPlane
    clock: Clock
    health: HealthBoard
    switch: SwitchRule
    shelf: Shelf | None = None


class LiveMeeting:
    """One meeting in session. `LiveMeetings` opens it and forgets it when it ends.

    Args:
        session: the state its log leads to.
        recent: the newest entries of that log.
        on_close: called once, when nobody can enter any more.
    """

    def __init__(
        self,
        session: Session,
        recent: Sequence[e.Entry],
        around: Surroundings,
        on_close: Callable[[], None],
    ) -> None:
        around.health.changed(session)
        self.session = session
        self._around = around
        self._clock = around.clock
        self._on_close = on_close
        self._recent = deque(recent, RECENT_ENTRIES)
        self._inbox = Inbox()
        self._attendances: dict[SeatId, Attendance] = {}
        self._graces: dict[SeatId, Timer] = {}
        self._latest: dict[SeatId, str] = {}  # connection that sat there last
        self._entering: Counter[SeatId] = Counter()
        self._watch = Watch(self, around.clock, around.health, around.switch)
        self.media = LiveMedia(
            str(session.meeting), around.plane, lambda: self.session, self._watch
        )
        self._recorder = Recorder(
            session.meeting,
            self.media,
            around.plane,
            around.recordings,
            around.clock,
            failed=lambda: self._post(SERVICE, c.StopRecording()),
        )
        self._proceedings = Proceedings(
            around.clock,
            around.ballots,
            lambda: self.session,
            lambda command: self._post(SERVICE, command),
        )
        self._snapshot_seq = session.seq
        self._closed: str | None = None
        self._tasks: list[asyncio.Task[None]] = []

    # ------------------------------------------------------------ life

    def start(self) -> None:
        """Start the tasks; seats that were present before a restart have the grace to return."""
        name = f"meeting {self.session.meeting}"
        for work, part in ((self._own(), "owner"), (self.media.run(), "media")):
            task = asyncio.create_task(work, name=f"{name} {part}")
            task.add_done_callback(self._task_ended)
            self._tasks.append(task)
        if self.session.recording is not None:
            self._recorder.start(self.session.recording.id, self.session.recording.by)
        for seat in self.session.seats.values():
            if seat.present:
                self._grace(seat.id)
        self._proceedings.start()
        log.info("%s open at entry %d", name, self.session.seq)

    def _task_ended(self, task: asyncio.Task[None]) -> None:
        if task.cancelled() or task.exception() is None:
            return
        # Clients come back, and the next owner folds the log.
        log.error("%s failed", task.get_name(), exc_info=task.exception())
        self._close("shutdown")

    def close(self) -> None:
        """Shutdown: listeners are told; the log stays as it is. `ended` says when it is done."""
        self._close("shutdown")

    async def ended(self) -> None:
        """Returns when the tasks are done; they get `CLOSE_SECONDS` for it."""
        _, pending = await asyncio.wait(self._tasks, timeout=CLOSE_SECONDS)
        for task in pending:
            log.warning("%s does not end, cancelled", task.get_name())
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _close(self, code: str) -> None:
        if self._closed is not None:
            return
        self._closed = code
        for grace in self._graces.values():
            grace.cancel()
        self._watch.close()
        self._proceedings.close()
        self._inbox.close(code)
        attendances, self._attendances = list(self._attendances.values()), {}
        for attendance in attendances:
            attendance.closed = code
            attendance.listener.on_closed(code)
        self.media.close()
        self._around.health.closed(self.session.meeting)
        self._on_close()
        log.info("meeting %s closed: %s", self.session.meeting, code)

    # ------------------------------------------------------------ connections

    async def enter(
        self,
        seat: Seat,
        connection: str,
        listener: Listener,
        after: int | None,
        resumed: str | None,
    ) -> Attendance:
        """Seat a connection; an older connection of the seat is closed with "superseded".

        Raises:
            RequestRefused: "waiting" (it knocks, and should come again soon), "removed", "ended",
                "busy", "shutdown".
        """
        admitted: list[Attendance] = []
        abandoned = False

        def admit() -> None:
            if seat.id in self.session.knocking:
                self._proceedings.knocks(seat.id)
                return
            admitted.append(self._admit(seat, connection, listener, after, resumed))
            if abandoned:
                self._lost(admitted[0])

        self._entering[seat.id] += 1
        try:
            returning = resumed is not None and resumed == self._latest.get(seat.id)
            command = c.Enter(seat=seat, returning=returning)
            await self._ask(Actor(seat.id, None), command, then=admit)
        except asyncio.CancelledError:
            abandoned = True
            if admitted:
                self._lost(admitted[0])
            raise
        finally:
            self._entering[seat.id] -= 1
        if not admitted:
            raise RequestRefused("waiting")
        return admitted[0]

    def _admit(
        self,
        seat: Seat,
        connection: str,
        listener: Listener,
        after: int | None,
        resumed: str | None,
    ) -> Attendance:
        grace = self._graces.pop(seat.id, None)
        if grace is not None:
            grace.cancel()
        old = self._attendances.get(seat.id)
        if old is not None:
            old.closed = "superseded"
            old.listener.on_closed("superseded")
        if not self.media.hand_over(seat.id, resumed, connection) and resumed is not None:
            listener.on_notice(MediaLost())
        missed = self._entries_after(after)
        known = self._as_seen(seat.id, seat.role)
        session = session_for(self.session, known) if missed is None else None
        shown = tuple(entries_for(missed or (), known))
        attendance = Attendance(self, seat, connection, listener, session, shown)
        self._attendances[seat.id] = attendance
        self._latest[seat.id] = connection
        for notice in (self._watch.lines(), self._watch.paused(seat.id)):
            if notice is not None:
                listener.on_notice(notice)
        return attendance

    def _entries_after(self, seq: int | None) -> tuple[e.Entry, ...] | None:
        """What a resuming client missed; None: it needs a snapshot."""
        if seq is None or seq > self.session.seq:
            return None
        missed = tuple(entry for entry in self._recent if entry.seq > seq)
        return missed if len(missed) == self.session.seq - seq else None

    async def depart(self, attendance: Attendance, left: bool) -> None:
        """A connection is gone; `left`: on purpose, otherwise the seat stays for the grace."""
        if self._attendances.get(attendance.seat_id) is not attendance:
            return
        self._lost(attendance)
        if left:
            # Refused when the seat is taken again, and when the inbox is full: then the grace
            # takes care of it.
            with contextlib.suppress(RequestRefused):
                seat = attendance.seat_id
                await self._ask(
                    Actor(seat, None), c.Depart(left=True), still=lambda: self._unattended(seat)
                )

    def _unattended(self, seat: SeatId) -> None:
        """Raises when somebody sits there, or is about to."""
        if seat in self._attendances or self._entering[seat] > 0:
            raise RequestRefused("superseded")

    def _lost(self, attendance: Attendance) -> None:
        attendance.closed = "superseded"
        if self._attendances.get(attendance.seat_id) is attendance:
            del self._attendances[attendance.seat_id]
            self._grace(attendance.seat_id)

    def _grace(self, seat: SeatId) -> None:
        self._graces[seat] = self._clock.call_later(GRACE_SECONDS, lambda: self._grace_over(seat))

    def _grace_over(self, seat: SeatId) -> None:
        del self._graces[seat]
        self._post(Actor(seat, None), c.Depart(left=False), still=lambda: self._unattended(seat))

    async def submit(self, attendance: Attendance, command: c.Command) -> None:
        """What `Attendance.submit` does."""
        attendance.check()
        if isinstance(command, c.OpenDocument) and presents(self.session, attendance.actor):
            command = await looked_up(
                self._around.shelf, self.session.meeting, command, attendance.seat_id
            )
        await self._ask(attendance.actor, command, still=attendance.check)

    async def oversee(self, actor: SeatId, command: c.Command) -> None:
        """A command of somebody who watches over meetings without being in the room.

        Raises:
            RequestRefused: the code `decide` gave, "busy", "ended" or "shutdown".
        """
        await self._ask(Actor(actor, None), command)

    async def connect_viewer(self, peer: PeerId, offer: str, lost: Callable[[], None]) -> Connected:
        """A WHEP viewer: not a seat, sees the first published sources.

        Args:
            lost: called once when its transport, the worker or the meeting is gone.

        Raises:
            MediaRefused: with its code.
        """
        return await self.media.connect_viewer(peer, offer, lost)

    async def disconnect_viewer(self, peer: PeerId) -> None:
        """Unknown peers are ignored."""
        await self.media.disconnect_viewer(peer)

    # ------------------------------------------------------------ the owner task

    async def _ask(
        self,
        actor: Actor,
        command: c.Command,
        *,
        still: Callable[[], None] = lambda: None,
        then: Callable[[], None] = lambda: None,
    ) -> None:
        """Ask the owner task and wait for its answer.

        Args:
            still: raises when the request no longer counts, at the moment it is decided.
            then: runs when the events are in the log.

        Raises:
            RequestRefused: with its code.
        """
        answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._inbox.put(Request(actor, command, answer, still, then))
        await answer

    def _post(
        self, actor: Actor, command: c.Command, still: Callable[[], None] = lambda: None
    ) -> None:
        """Ask the owner task, which answers nobody. A full inbox is asked again later."""
        try:
            self._inbox.put(Request(actor, command, still=still))
        except RequestRefused as refused:
            if refused.code == "busy":
                self._clock.call_later(_RETRY_SECONDS, lambda: self._post(actor, command, still))

    async def _own(self) -> None:
        while batch := await self._inbox.batch():
            try:
                await self._process(batch)
            finally:
                for request in batch:  # those without an answer yet: something failed
                    request.settle(RequestRefused("shutdown"))
        if self.session.phase is Phase.ENDED:
            await self._over()

    async def _over(self) -> None:
        """The schedule hears of the end. After a test run the meeting waits for its start again."""
        now = datetime.fromtimestamp(self._clock.now(), UTC)
        meetings, meeting = self._around.meetings, self.session.meeting
        if self.session.rehearsal:
            await meetings.end_rehearsal(meeting, now)
        else:
            await meetings.set_state(meeting, MeetingState.ENDED, now)

    async def _process(self, batch: Sequence[Request]) -> None:
        """Decide, log, tell: in this order."""
        state = self.session
        accepted: list[Request] = []
        entries: list[e.Entry] = []
        papers: dict[SeatId, Paper] = {}
        for request in batch:
            decided = self._decide(state, request)
            if isinstance(decided, Exception):
                request.settle(decided)
                continue
            for entry in decided:
                state = evolve(state, entry)
            accepted.append(request)
            entries.extend(decided)
            papers |= _papers(request.command, decided)
        if entries and not await self._append(entries, list(papers.values())):
            for request in accepted:
                request.settle(RequestRefused("busy"))
            return
        self.session = state
        self._publish(entries)
        for seat, paper in papers.items():
            self.tell(seat, Receipt(vote=paper.vote, receipt=paper.receipt))
        for request in accepted:
            request.then()
            request.settle(None)
        await self._snapshot_sometimes()
        if state.phase is Phase.ENDED:
            self._close("ended")

    def _decide(self, state: Session, request: Request) -> list[e.Entry] | Exception:
        now = self._clock.now()
        try:
            request.still()
            decision = decide(state, request.actor, request.command, now)
        except RequestRefused as refused:
            return refused
        except Exception as error:
            log.exception("meeting %s: %s", state.meeting, type(request.command).__name__)
            return error
        if isinstance(decision, Refused):
            return RequestRefused(decision.code)
        return [
            e.Entry(seq=state.seq + n, at=now, actor=request.actor.seat, event=event)
            for n, event in enumerate(decision, start=1)
        ]

    async def _append(self, entries: Sequence[e.Entry], papers: Sequence[Paper]) -> bool:
        try:
            await self._around.log.append(self.session.meeting, entries, papers)
        except IntegrityError:
            raise  # a seq is taken: another process owns the meeting, this one must stop
        except (SQLAlchemyError, OSError):
            log.exception("meeting %s: log not written", self.session.meeting)
            return False
        return True

    async def _snapshot_sometimes(self) -> None:
        if self.session.seq - self._snapshot_seq < SNAPSHOT_EVERY:
            return
        self._snapshot_seq = self.session.seq
        try:
            await self._around.log.save_snapshot(self.session)
        except (SQLAlchemyError, OSError):
            log.exception("meeting %s: snapshot not written", self.session.meeting)

    # ------------------------------------------------------------ after events

    def _publish(self, entries: Sequence[e.Entry]) -> None:
        """Events are in the log: everybody hears of them, and the media plane follows."""
        if not entries:
            return
        self._recent.extend(entries)
        for attendance in list(self._attendances.values()):
            known = self._as_seen(attendance.seat_id, attendance.own_role)
            attendance.listener.on_entries(entries_for(entries, known))
        self._around.health.changed(self.session)
        for entry in entries:
            self._follow_up(entry.event)
        self.media.refresh()

    def _follow_up(self, event: e.AnyEvent) -> None:
        self._proceedings.follow(event)
        match event:
            case e.SeatRemoved(seat=seat):
                self._show_out(seat)
            case e.SeatLeft(seat=seat, left=left):
                self._seat_left(seat, left)
            case e.MainShown():
                self._watch.main_switched()
            case e.ChairHandedOver(seat=seat, former=former):
                self._tell_permissions(seat)
                if former is not None:
                    self._tell_permissions(former.id)
            case e.RecordingStarted(recording=recording, by=by):
                self._watch.recording_bytes = 0
                self._recorder.start(recording, by)
            case e.RecordingStopped(recording=recording):
                self._recorder.stop(recording, self._watch.recording_bytes)

    def _show_out(self, seat: SeatId) -> None:
        attendance = self._attendances.pop(seat, None)
        if attendance is not None:
            attendance.closed = "removed"
            attendance.listener.on_closed("removed")
        self._post(Actor(seat, None), c.Depart(left=True))

    def _tell_permissions(self, seat: SeatId) -> None:
        attendance = self._attendances.get(seat)
        if attendance is not None:
            known = self._as_seen(seat, attendance.own_role)
            session = session_for(self.session, known)
            attendance.listener.on_notice(
                Permissions(permissions=attendance.permissions, session=session)
            )

    def _seat_left(self, seat: SeatId, left: bool) -> None:
        grace = self._graces.pop(seat, None)
        if grace is not None:
            grace.cancel()
        code = None if left else "lost"
        self._around.health.media_gone(self.session.meeting, seat, code)
        self.media.release(seat)

    def _as_seen(self, seat_id: SeatId, own: Role) -> Seat | None:
        """The seat with what its connection may act as: it knows no more than that role."""
        seat = self.session.seats.get(seat_id)
        role = self.role_of(seat_id, own)
        return (
            seat if seat is None or seat.role is role else msgspec.structs.replace(seat, role=role)
        )

    def role_of(self, seat: SeatId, own: Role) -> Role:
        """What a connection that sits there may act as."""
        return acting_role(self.session, seat, own)

    def withhold(self, seat: SeatId, on: bool) -> None:
        """A seat's line does not carry its own pictures, or does again."""
        self._watch.withhold(seat, on)

    # ------------------------------------------------------------ the watch's audience

    def attended(self, seat: SeatId) -> bool:
        """Whether a connection sits there now."""
        return seat in self._attendances

    def tell(self, seat: SeatId, notice: AnyNotice) -> None:
        """A notice for one seat's connection, when it has one."""
        if seat in self._attendances:
            self._attendances[seat].listener.on_notice(notice)

    def tell_all(self, notice: AnyNotice, roles: frozenset[Role] = _EVERYBODY) -> None:
        """A notice for every connection, or those of some roles."""
        for attendance in list(self._attendances.values()):
            if attendance.actor.role in roles:
                attendance.listener.on_notice(notice)

    def follow(self, seat: SeatId) -> None:
        self._post(SERVICE, c.FollowSpeaker(seat=seat))


def _papers(command: c.Command, decided: Sequence[e.Entry]) -> dict[SeatId, Paper]:
    """What a vote that is secret puts into its ballot box. The log hears nothing of it."""
    if not isinstance(command, c.CastVote):
        return {}
    return {
        entry.event.seat: Paper(
            vote=command.vote, counts=command.counts, receipt=secrets.token_hex(6).upper()
        )
        for entry in decided
        if isinstance(entry.event, e.VoteCast) and not entry.event.counts
    }
