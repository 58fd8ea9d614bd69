"""Scheduled meetings in the store: made, changed, moved, brought from state to state.

Every change is one transaction that also writes a revision: who, when, and the whole of the
meeting as it then was.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import ColumnElement, Select, delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from rooms.directory.accounts import Account, AccountRole
from rooms.errors import N_, Invalid, RequestRefused
from rooms.meetings import lifecycle, planning, revisions
from rooms.meetings.drafts import AgendaItem, DraftSite, MeetingDraft, OnDuty, faults
from rooms.meetings.loading import load
from rooms.meetings.parts import freeze_names, write_parts
from rooms.meetings.records import BOOKED, OVER, InvitedSite, Meeting, MeetingState
from rooms.meetings.seating import may_see, seat_for
from rooms.session.model import Seat
from rooms.store.database import Database
from rooms.store.tables import AccountRow, MeetingRow, SiteRow, UnitRow

__all__ = [
    "LOCAL",
    "AgendaItem",
    "InvitedSite",
    "Meeting",
    "MeetingDraft",
    "MeetingState",
    "Meetings",
]

LOCAL = ZoneInfo("Asia/Ho_Chi_Minh")
_SCHEDULERS = (AccountRole.SECRETARIAT, AccountRole.ADMINISTRATOR)
_FIRST_STATES = (MeetingState.DRAFT, MeetingState.PENDING, MeetingState.APPROVED)


class Meetings:
    """
    Args:
        rules: what makes a meeting clash with others.
    """

    def __init__(self, db: Database, rules: planning.Rules | None = None) -> None:
        self._db = db
        self._rules = rules or planning.Rules()

    # ------------------------------------------------------------ finding

    async def on_day(self, day: date, account: Account | None) -> list[Meeting]:
        """Meetings that touch a local day, by start; with an account, only those it may see."""
        start = datetime.combine(day, time(), LOCAL)
        return await self.between(start, start + timedelta(days=1), account)

    async def between(
        self, start: datetime, end: datetime, account: Account | None = None
    ) -> list[Meeting]:
        """Meetings that overlap [start, end), by start; with an account, those it may see."""
        query = select(MeetingRow).where(MeetingRow.start < end, MeetingRow.end > start)
        found = await self._all(query)
        if account is None:
            return found
        return [meeting for meeting in found if may_see(meeting, account)]

    async def get(self, id_or_short: int | str) -> Meeting | None:
        found = await self._all(select(MeetingRow).where(_named(id_or_short)))
        return found[0] if found else None

    async def in_state(self, state: MeetingState) -> list[Meeting]:
        return await self._all(select(MeetingRow).where(MeetingRow.state == state.value))

    async def _all(self, query: "Select[MeetingRow]") -> list[Meeting]:
        async with self._db.reading() as session:
            rows = (await session.scalars(query.order_by(MeetingRow.start, MeetingRow.id))).all()
            return await load(session, rows)

    def seat_for(self, meeting: Meeting, account: Account) -> Seat | None:
        """Where an account sits in a meeting, and as what; None: not invited. Needs no store."""
        return seat_for(meeting, account)

    @staticmethod
    def draft_of(meeting: Meeting) -> MeetingDraft:
        """The form that leads to the meeting as it is."""
        return draft_of(meeting)

    # ------------------------------------------------------------ changing

    async def schedule(
        self,
        draft: MeetingDraft,
        by: Account,
        now: datetime,
        state: MeetingState = MeetingState.APPROVED,
        *,
        note: str = "",
        accept_clashes: bool = True,
    ) -> Meeting:
        """Put a meeting on the schedule.

        Args:
            accept_clashes: save it though others have the same sites or people; `note` says why.

        Raises:
            Invalid: with a text for each field at fault.
            RequestRefused: "not-allowed" (only secretariat and administrators schedule), "clash".
        """
        if by.role not in _SCHEDULERS:
            raise RequestRefused("not-allowed")
        if state not in _FIRST_STATES:
            raise RequestRefused("wrong-state")
        async with self._db.session() as session:
            await _check(session, draft, now)
            if not accept_clashes and state in BOOKED:
                await planning.check(session, draft, self._rules)
            row = MeetingRow(state=state.value, created_by=by.id, created_at=now, changed_at=now)
            return await _save(
                session, row, draft, by=by.id, now=now, action=revisions.CREATED, note=note
            )

    async def change(
        self,
        meeting_id: int,
        draft: MeetingDraft,
        by: Account,
        now: datetime,
        *,
        revision: int,
        note: str = "",
        accept_clashes: bool = True,
    ) -> Meeting:
        """Make a meeting what the draft says. A postponed one gets its new time by this.

        Args:
            revision: the one the draft began from.

        Raises:
            Invalid: with a text for each field at fault.
            RequestRefused: "changed-meanwhile", "wrong-state", "not-allowed", "not-found", "clash".
        """
        async with self._db.session() as session:
            row, meeting = await _hold(session, meeting_id)
            lifecycle.check_edit(meeting.state, lifecycle.relation(meeting, by))
            if meeting.revision != revision:
                raise RequestRefused("changed-meanwhile")
            before = draft_of(meeting)
            if draft == before:
                return meeting
            _check_times(meeting, draft)
            same_time = (draft.start, draft.end) == (before.start, before.end)
            await _check(session, draft, min(now, meeting.start) if same_time else now, before)
            if meeting.state is MeetingState.POSTPONED and not same_time:
                row.state = MeetingState.APPROVED.value
            if not accept_clashes and row.state in BOOKED:
                await planning.check(session, draft, self._rules, meeting_id)
            return await _save(
                session, row, draft, by=by.id, now=now, action=revisions.CHANGED, note=note
            )

    async def move(
        self,
        meeting_id: int,
        start: datetime,
        end: datetime,
        by: Account,
        now: datetime,
        *,
        revision: int,
        note: str = "",
        accept_clashes: bool = True,
    ) -> Meeting:
        """Another time, everything else as it is; agenda times move along. Raises as `change`."""
        meeting = await self.get(meeting_id)
        if meeting is None:
            raise RequestRefused("not-found")
        draft = moved(draft_of(meeting), start, end)
        return await self.change(
            meeting_id,
            draft,
            by,
            now,
            revision=revision,
            note=note,
            accept_clashes=accept_clashes,
        )

    async def advance(
        self, meeting_id: int, state: MeetingState, by: Account, now: datetime, note: str = ""
    ) -> Meeting:
        """Bring a meeting to its next state; `lifecycle` says which and who may.

        Raises:
            RequestRefused: "wrong-state", "not-allowed", "not-found".
            Invalid: {"note": …} when a reason is missing.
        """

        def check(meeting: Meeting) -> None:
            who = lifecycle.relation(meeting, by)
            lifecycle.check_step(meeting.state, state, who, note)

        return await self._advance(meeting_id, state, by.id, now, note, check)

    async def set_state(
        self, meeting_id: int, state: MeetingState, now: datetime | None = None
    ) -> None:
        """What the service itself knows: people have met, the meeting is over."""
        await self._advance(
            meeting_id, state, None, now or datetime.now(UTC), "", lambda meeting: None
        )

    async def _advance(
        self,
        meeting_id: int,
        state: MeetingState,
        by: int | None,
        now: datetime,
        note: str,
        check: Callable[[Meeting], None],
    ) -> Meeting:
        async with self._db.session() as session:
            row, meeting = await _hold(session, meeting_id)
            check(meeting)
            if meeting.state is state:
                return meeting
            if state in OVER:
                await freeze_names(session, meeting_id)
            row.state = state.value
            return await _note(session, row, by=by, now=now, action=state.value, note=note)

    async def discard(self, meeting_id: int, by: Account) -> None:
        """Throw away a draft, with its history.

        Raises:
            RequestRefused: "wrong-state" (no draft any more), "not-allowed", "not-found".
        """
        async with self._db.session() as session:
            _row, meeting = await _hold(session, meeting_id)
            if meeting.state is not MeetingState.DRAFT:
                raise RequestRefused("wrong-state")
            lifecycle.check_edit(meeting.state, lifecycle.relation(meeting, by))
            await session.execute(delete(MeetingRow).where(MeetingRow.id == meeting_id))


def draft_of(meeting: Meeting) -> MeetingDraft:
    """The form that leads to the meeting as it is."""
    return MeetingDraft(
        title=meeting.title,
        kind=meeting.kind,
        start=meeting.start,
        end=meeting.end,
        host_unit_id=meeting.host_unit_id,
        chair_id=meeting.chair_id,
        deputy_id=meeting.deputy_id,
        staff=tuple(
            OnDuty(account_id=member.account_id, duty=member.duty) for member in meeting.staff
        ),
        sites=tuple(
            DraftSite(site_id=site.site_id, composition=site.composition, delegates=site.delegates)
            for site in meeting.sites
        ),
        main_site_id=meeting.main_site_id,
        venue=meeting.venue,
        agenda=meeting.agenda,
        notes=meeting.notes,
        public=meeting.public,
        short_name=meeting.short_name,
    )


def moved(draft: MeetingDraft, start: datetime, end: datetime) -> MeetingDraft:
    """The draft at another time, its agenda's times along with it."""
    assert draft.start is not None
    by = start - draft.start
    agenda = tuple(
        msgspec.structs.replace(item, start=_later(item.start, by)) for item in draft.agenda
    )
    return msgspec.structs.replace(draft, start=start, end=end, agenda=agenda)


def _later(at: time | None, by: timedelta) -> time | None:
    return (datetime.combine(date(2000, 1, 1), at) + by).time() if at is not None else None


def _named(id_or_short: int | str) -> ColumnElement[bool]:
    text = str(id_or_short)
    if text.isascii() and text.isdigit() and len(text) <= 9:
        return MeetingRow.id == int(text)
    return MeetingRow.short_name == text


async def _hold(session: AsyncSession, meeting_id: int) -> tuple[MeetingRow, Meeting]:
    """The meeting, locked until the transaction ends."""
    row = await session.get(MeetingRow, meeting_id, with_for_update=True)
    if row is None:
        raise RequestRefused("not-found")
    (meeting,) = await load(session, [row])
    return row, meeting


def _check_times(meeting: Meeting, draft: MeetingDraft) -> None:
    if meeting.state is MeetingState.LIVE and draft.start != meeting.start:
        raise Invalid({"start": N_("Cuộc họp đã bắt đầu: chỉ đổi được giờ kết thúc.")})


async def _check(
    session: AsyncSession, draft: MeetingDraft, now: datetime, before: MeetingDraft | None = None
) -> None:
    """Raises `Invalid`. What the meeting already had is not asked for again."""
    errors = {**await _unknown(session, draft, before), **faults(draft, now)}
    if errors:
        raise Invalid(errors)


async def _unknown(
    session: AsyncSession, draft: MeetingDraft, before: MeetingDraft | None
) -> dict[str, str]:
    """Faults only the store can tell: references to nothing, or to what is no longer in use."""
    errors = {}
    if draft.host_unit_id is not None and await session.get(UnitRow, draft.host_unit_id) is None:
        errors["host_unit_id"] = N_("Chọn đơn vị chủ trì.")
    people = {
        "chair_id": (draft.chair_id,),
        "deputy_id": (draft.deputy_id,),
        "staff": tuple(on_duty.account_id for on_duty in draft.staff),
    }
    wanted = {account for ids in people.values() for account in ids if account is not None}
    query = select(AccountRow.id).where(AccountRow.id.in_(wanted), AccountRow.active)
    known = set(await session.scalars(query)) | (_people(before) if before else set())
    for field, ids in people.items():
        if {account for account in ids if account is not None} - known:
            errors[field] = _UNKNOWN_PEOPLE[field]
    sites = select(SiteRow.id).where(SiteRow.id.in_(draft.site_ids), SiteRow.active)
    kept = set(before.site_ids) if before else set()
    if set(draft.site_ids) - set(await session.scalars(sites)) - kept:
        errors["site_ids"] = N_("Có điểm cầu không còn trong danh mục.")
    return errors


_UNKNOWN_PEOPLE = {
    "chair_id": N_("Chọn người chủ trì."),
    "deputy_id": N_("Chọn người chủ trì thay."),
    "staff": N_("Có người được phân công không còn tài khoản."),
}


def _people(draft: MeetingDraft) -> set[int | None]:
    return {draft.chair_id, draft.deputy_id, *(on_duty.account_id for on_duty in draft.staff)}


async def _save(
    session: AsyncSession,
    row: MeetingRow,
    draft: MeetingDraft,
    *,
    by: int,
    now: datetime,
    action: str,
    note: str,
) -> Meeting:
    """Write the draft into the row and its parts; a new row gets its id."""
    _fill(row, draft)
    session.add(row)
    try:
        await session.flush()
    except IntegrityError:
        raise Invalid({"short_name": N_("Tên ngắn này đã có cuộc họp dùng.")}) from None
    await write_parts(session, row.id, draft)
    return await _note(session, row, by=by, now=now, action=action, note=note)


async def _note(
    session: AsyncSession,
    row: MeetingRow,
    *,
    by: int | None,
    now: datetime,
    action: str,
    note: str,
) -> Meeting:
    """The next revision of a meeting whose row has changed."""
    row.revision = 1 if action == revisions.CREATED else row.revision + 1
    row.changed_at = now
    await session.flush()
    (meeting,) = await load(session, [row])
    revisions.write(session, meeting, draft_of(meeting), by=by, now=now, action=action, note=note)
    return meeting


def _fill(row: MeetingRow, draft: MeetingDraft) -> None:
    assert draft.start is not None
    assert draft.end is not None
    assert draft.host_unit_id is not None
    assert draft.chair_id is not None
    row.short_name = draft.short_name
    row.title = draft.title.strip()
    row.kind = draft.kind.value
    row.host_unit_id = draft.host_unit_id
    row.chair_id = draft.chair_id
    row.deputy_id = draft.deputy_id
    row.main_site_id = draft.main_site_id
    row.venue = draft.venue.strip()
    row.start = draft.start
    row.end = draft.end
    row.notes = draft.notes.strip()
    row.public = draft.public
