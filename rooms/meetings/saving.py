"""Writing a meeting: what every change of one has in common. Within the caller's transaction."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from rooms.directory.accounts import Account, AccountRole
from rooms.directory.directory import units_on
from rooms.directory.trees import UnitTree
from rooms.errors import N_, Invalid, RequestRefused
from rooms.meetings import lifecycle, planning, revisions
from rooms.meetings.drafts import MAX_SITES, MAX_STAFF, DraftSite, MeetingDraft, OnDuty, faults
from rooms.meetings.loading import load
from rooms.meetings.parts import freeze_names, write_parts
from rooms.meetings.planning import LOCAL, Rules
from rooms.meetings.records import BOOKED, OVER, UNPUBLISHED, Meeting, MeetingState
from rooms.store.tables import AccountRow, MeetingRow, SiteRow, UnitRow

SCHEDULERS = (AccountRole.SECRETARIAT, AccountRole.ADMINISTRATOR)
REGISTRARS = (AccountRole.OFFICIAL, AccountRole.SITE_DEVICE)  # for their own branch
FIRST_STATES = (MeetingState.DRAFT, MeetingState.PENDING, MeetingState.APPROVED)


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


async def create(
    session: AsyncSession,
    draft: MeetingDraft,
    by: Account,
    now: datetime,
    state: MeetingState,
    rules: Rules,
    *,
    note: str = "",
    accept_clashes: bool = True,
    series_id: int | None = None,
) -> Meeting:
    """A new meeting. Raises as `Meetings.schedule`."""
    if state not in FIRST_STATES:
        raise RequestRefused("wrong-state")
    await check(session, draft, now)
    await check_planner(session, draft, by, state)
    if not accept_clashes and state in BOOKED:
        await planning.check(session, draft, rules)
    row = MeetingRow(
        state=state.value, created_by=by.id, created_at=now, changed_at=now, series_id=series_id
    )
    return await save(session, row, draft, by=by.id, now=now, action=revisions.CREATED, note=note)


async def change(
    session: AsyncSession,
    row: MeetingRow,
    draft: MeetingDraft,
    by: Account,
    now: datetime,
    rules: Rules,
    *,
    revision: int | None = None,
    note: str = "",
    accept_clashes: bool = True,
    besides: Collection[int] = (),
) -> Meeting:
    """A held meeting becomes what the draft says. Raises as `Meetings.change`."""
    (meeting,) = await load(session, [row])
    lifecycle.check_edit(meeting.state, lifecycle.relation(meeting, by))
    if revision is not None and meeting.revision != revision:
        raise RequestRefused("changed-meanwhile")
    before = draft_of(meeting)
    if draft == before:
        return meeting
    _check_times(meeting, draft)
    same_time = (draft.start, draft.end) == (before.start, before.end)
    await check(session, draft, min(now, meeting.start) if same_time else now, before)
    await check_planner(session, draft, by, meeting.state)
    if meeting.state is MeetingState.POSTPONED and not same_time:
        row.state = MeetingState.APPROVED.value
    if not accept_clashes and row.state in BOOKED:
        await planning.check(session, draft, rules, {meeting.id, *besides})
    return await save(session, row, draft, by=by.id, now=now, action=revisions.CHANGED, note=note)


async def step(
    session: AsyncSession,
    row: MeetingRow,
    state: MeetingState,
    by: Account | None,
    now: datetime,
    note: str,
) -> Meeting:
    """A held meeting reaches a state; `by` None: the service itself, which knows what happens.
    Raises as `Meetings.advance`."""
    (meeting,) = await load(session, [row])
    if by is not None:
        who = lifecycle.relation(meeting, by)
        lifecycle.check_step(meeting.state, state, who, note)
    if meeting.state is state:
        return meeting
    if state in OVER:
        await freeze_names(session, meeting.id)
    row.state = state.value
    account = by.id if by is not None else None
    return await note_change(session, row, by=account, now=now, action=state.value, note=note)


def _check_times(meeting: Meeting, draft: MeetingDraft) -> None:
    if meeting.state is MeetingState.LIVE and draft.start != meeting.start:
        raise Invalid({"start": N_("Cuộc họp đã bắt đầu: chỉ đổi được giờ kết thúc.")})


async def check_planner(
    session: AsyncSession, draft: MeetingDraft, by: Account, state: MeetingState
) -> None:
    """Secretariat and administrators plan everything; a unit registers meetings of its own
    branch, which others approve.

    Raises:
        RequestRefused: "not-allowed".
        Invalid: host or sites outside the branch.
    """
    if by.role in SCHEDULERS:
        return
    unit = await _unit_of(session, by)
    if by.role not in REGISTRARS or unit is None or state not in UNPUBLISHED:
        raise RequestRefused("not-allowed")
    day = (draft.start or datetime.now(LOCAL)).astimezone(LOCAL).date()
    branch = UnitTree(await units_on(session, day)).branch(unit)
    units = select(SiteRow.unit_id).where(SiteRow.id.in_(draft.site_ids))
    errors = {}
    if draft.host_unit_id is not None and draft.host_unit_id not in branch:
        errors["host_unit_id"] = N_("Chỉ chọn được đơn vị của mình và các đơn vị cấp dưới.")
    if not set(await session.scalars(units)) <= branch:
        errors["site_ids"] = N_("Chỉ mời được điểm cầu của đơn vị mình và cấp dưới.")
    if errors:
        raise Invalid(errors)


async def _unit_of(session: AsyncSession, account: Account) -> int | None:
    """The unit an account belongs to, or its site does."""
    if account.unit_id is not None or account.site_id is None:
        return account.unit_id
    site = await session.get(SiteRow, account.site_id)
    return site.unit_id if site is not None else None


async def hold(session: AsyncSession, meeting_id: int) -> MeetingRow:
    """The meeting's row, locked until the transaction ends.

    Raises:
        RequestRefused: "not-found".
    """
    row = await session.get(MeetingRow, meeting_id, with_for_update=True)
    if row is None:
        raise RequestRefused("not-found")
    return row


async def check(
    session: AsyncSession, draft: MeetingDraft, now: datetime, before: MeetingDraft | None = None
) -> None:
    """Raises `Invalid`. What the meeting already had is not asked for again."""
    errors = faults(draft, now)
    if len(draft.sites) <= MAX_SITES and len(draft.staff) <= MAX_STAFF:
        errors = {**await _unknown(session, draft, before), **errors}
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


async def save(
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
    return await note_change(session, row, by=by, now=now, action=action, note=note)


async def note_change(
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
