"""A reform from its draft until it has taken effect.

Confirming writes the future: new units begin and old ones end on the day, changed ones get a
version from then on. Both trees are there side by side, each for its days. On the day itself
`take_effect` moves sites, people and accounts. Meetings that were held keep the names they had.
"""

import asyncio
from collections.abc import Mapping
from datetime import date, datetime, time

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from rooms.directory.accounts import Account, AccountRole
from rooms.directory.directory import LOCAL, level_of
from rooms.directory.imports.tables import decoded
from rooms.directory.imports.units import units_by_code
from rooms.directory.reforms.effect import carry_out, take_back, write_future
from rooms.directory.reforms.moves import Choice, Move, Occupant, Subject, key_of, moves
from rooms.directory.reforms.plan import ReformPlan, day_before, plan_reform
from rooms.directory.trees import exists
from rooms.errors import N_, Invalid, RequestRefused
from rooms.store.database import Database
from rooms.store.tables import (
    AccountRow,
    MeetingRow,
    PersonRow,
    ReformRow,
    SiteRow,
    UnitLevelRow,
    UnitRow,
)

DRAFT, CONFIRMED, DONE, CANCELLED = "draft", "confirmed", "done", "cancelled"
MOST_MEETINGS = 200  # shown


class Reform(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    name: str
    act: str
    effective: date
    state: str
    created_at: datetime


class ReformDraft(msgspec.Struct, frozen=True, kw_only=True):
    name: str = ""
    act: str = ""
    effective: date | None = None
    succession: bytes = b""
    new_units: bytes = b""


class HostedMeeting(msgspec.Struct, frozen=True, kw_only=True):
    """A meeting after the day whose host unit will have ended."""

    id: int
    title: str
    start: datetime
    host: str


class ReformPreview(msgspec.Struct, frozen=True, kw_only=True):
    """All that would happen."""

    reform: Reform
    plan: ReformPlan
    moves: tuple[Move, ...]
    meetings: tuple[HostedMeeting, ...] = ()  # somebody has to find another host for

    @property
    def undecided(self) -> int:
        return sum(move.undecided for move in self.moves)

    @property
    def ready(self) -> bool:
        return not self.plan.faults and not self.undecided


class Reforms:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def all(self) -> list[Reform]:
        """The latest day first."""
        query = select(ReformRow).order_by(ReformRow.effective.desc(), ReformRow.id.desc())
        async with self._db.reading() as session:
            return [_reform(row) for row in await session.scalars(query)]

    async def get(self, reform_id: int) -> Reform | None:
        async with self._db.reading() as session:
            row = await session.get(ReformRow, reform_id)
        return None if row is None else _reform(row)

    async def create(self, draft: ReformDraft, by: Account, now: datetime, today: date) -> int:
        """Keep the lists as a draft; `preview` tells what is wrong with them.

        Raises:
            Invalid: by field.
        """
        texts = _checked(draft, today)
        assert draft.effective is not None
        row = ReformRow(
            name=draft.name,
            act=draft.act,
            effective=draft.effective,
            state=DRAFT,
            succession=texts[0],
            new_units=texts[1],
            choices="{}",
            created_by=by.id,
            created_at=now,
        )
        async with self._db.session() as session:
            session.add(row)
            await session.flush()
            return row.id

    async def preview(self, reform_id: int) -> ReformPreview:
        """What the reform would do to the directory as it is now.

        Raises:
            RequestRefused: "not-found", "reform-confirmed".
        """
        async with self._db.reading() as session:
            return await _preview(session, await _row(session, reform_id, DRAFT, CONFIRMED))

    async def choose(self, reform_id: int, choices: Mapping[str, Choice]) -> None:
        """Decide where those go for whom the lists leave a choice.

        Raises:
            RequestRefused: "not-found", "reform-confirmed".
        """
        async with self._db.session() as session:
            row = await _row(session, reform_id, DRAFT)
            row.choices = msgspec.json.encode({**_choices(row), **choices}).decode()

    async def confirm(self, reform_id: int, today: date) -> ReformPreview:
        """Write the tree of the day. All or nothing.

        Raises:
            RequestRefused: "not-found", "reform-confirmed", "reform-not-ready", "reform-waiting"
                when another one has not taken effect yet, "reform-late".
        """
        async with self._db.session() as session:
            row = await _row(session, reform_id, DRAFT)
            waiting = select(ReformRow.id).where(ReformRow.state == CONFIRMED)
            if await session.scalar(waiting) is not None:
                raise RequestRefused("reform-waiting")
            if row.effective <= today:
                raise RequestRefused("reform-late")
            preview = await _preview(session, row)
            if not preview.ready:
                raise RequestRefused("reform-not-ready")
            await write_future(session, row, preview.plan, preview.moves)
            row.state = CONFIRMED
        return preview

    async def cancel(self, reform_id: int) -> None:
        """Give up a draft, or take back a confirmed reform before its day.

        Raises:
            RequestRefused: "not-found", "reform-done", "unit-in-use": something has been given
                to a new unit already.
        """
        async with self._db.session() as session:
            row = await _row(session, reform_id, DRAFT, CONFIRMED, refusal="reform-done")
            if row.state == CONFIRMED:
                await take_back(session, row, (await _preview(session, row)).plan)
            row.state = CANCELLED

    async def take_effect(self, today: date) -> list[Reform]:
        """Carry out every confirmed reform whose day has come; those that were."""
        due = select(ReformRow).where(ReformRow.state == CONFIRMED, ReformRow.effective <= today)
        async with self._db.reading() as session:
            if await session.scalar(due) is None:
                return []
        async with self._db.session() as session:
            rows = list(await session.scalars(due.order_by(ReformRow.effective)))
            for row in rows:
                await carry_out(session, row)
                row.state = DONE
            return [_reform(row) for row in rows]


def _checked(draft: ReformDraft, today: date) -> tuple[str, str]:
    errors: dict[str, str] = {}
    if not draft.name or len(draft.name) > 200:
        errors["name"] = N_("Nhập tên lần sắp xếp, không quá 200 ký tự.")
    if len(draft.act) > 200:
        errors["act"] = N_("Không quá 200 ký tự.")
    if draft.effective is None or draft.effective <= today:
        errors["effective"] = N_("Ngày có hiệu lực phải sau hôm nay.")
    texts: list[str] = []
    for field in ("succession", "new_units"):
        text = decoded(getattr(draft, field))
        if text is None:
            errors[field] = N_(
                "Tệp không phải văn bản UTF-8. Trong Excel chọn «CSV UTF-8» khi lưu."
            )
        texts.append(text or "")
    if not texts[0].strip() and "succession" not in errors:
        errors["succession"] = N_("Chọn tệp danh sách chuyển.")
    if errors:
        raise Invalid(errors)
    return texts[0], texts[1]


async def _row(
    session: AsyncSession, reform_id: int, *states: str, refusal: str = "reform-confirmed"
) -> ReformRow:
    row = await session.get(ReformRow, reform_id)
    if row is None:
        raise RequestRefused("not-found")
    if row.state not in states:
        raise RequestRefused(refusal)
    return row


def _choices(row: ReformRow) -> dict[str, Choice]:
    return msgspec.json.decode(row.choices, type=dict[str, Choice])


async def _preview(session: AsyncSession, row: ReformRow) -> ReformPreview:
    levels = [level_of(level) for level in await session.scalars(select(UnitLevelRow))]
    there = [lv for lv in levels if exists(lv.valid_from, lv.valid_to, row.effective)]
    before = await units_by_code(session, day_before(row.effective))
    files = row.succession.encode(), row.new_units.encode()
    plan = await asyncio.to_thread(plan_reform, there, before, *files, row.effective)
    ended = frozenset(unit.id for unit in plan.ended)
    found = moves(await _occupants(session, ended), plan.ended, plan.future, _choices(row))
    hosted = await _hosted(session, ended, row.effective)
    return ReformPreview(reform=_reform(row), plan=plan, moves=tuple(found), meetings=hosted)


async def _hosted(
    session: AsyncSession, unit_ids: frozenset[int], day: date
) -> tuple[HostedMeeting, ...]:
    query = (
        select(MeetingRow.id, MeetingRow.title, MeetingRow.start, UnitRow.short_name)
        .join(UnitRow, UnitRow.id == MeetingRow.host_unit_id)
        .where(
            MeetingRow.start >= datetime.combine(day, time.min, LOCAL),
            MeetingRow.host_unit_id.in_(unit_ids),
            MeetingRow.state != "cancelled",
        )
        .order_by(MeetingRow.start)
        .limit(MOST_MEETINGS)
    )
    return tuple(
        HostedMeeting(id=meeting_id, title=title, start=start, host=host)
        for meeting_id, title, start, host in await session.execute(query)
    )


async def _occupants(session: AsyncSession, unit_ids: frozenset[int]) -> list[Occupant]:
    sites = await session.scalars(
        select(SiteRow)
        .where(SiteRow.active, SiteRow.unit_id.in_(unit_ids))
        .order_by(SiteRow.rank, SiteRow.id)
    )
    people = await session.scalars(
        select(PersonRow)
        .where(PersonRow.active, PersonRow.unit_id.in_(unit_ids))
        .order_by(PersonRow.unit_id, PersonRow.rank, PersonRow.id)
    )
    accounts = await session.scalars(
        select(AccountRow)
        .where(AccountRow.active, AccountRow.unit_id.in_(unit_ids))
        .order_by(AccountRow.username)
    )
    found = [_site(row) for row in sites]
    persons = list(people)
    found.extend(_person(row) for row in persons)
    of_person = {row.account_id: row.id for row in persons}
    there = {one.id for one in found if one.subject is Subject.SITE}
    found.extend(_account(row, of_person, there) for row in accounts)
    return found


def _site(row: SiteRow) -> Occupant:
    return Occupant(
        subject=Subject.SITE,
        id=row.id,
        name=row.name,
        detail=row.place,
        unit_id=row.unit_id,
        short_name=row.short_name,
    )


def _person(row: PersonRow) -> Occupant:
    return Occupant(
        subject=Subject.PERSON,
        id=row.id,
        name=row.full_name,
        detail=row.position,
        unit_id=row.unit_id,
    )


def _account(row: AccountRow, of_person: Mapping[int | None, int], sites: set[int]) -> Occupant:
    follows = ""
    if row.role == AccountRole.SITE_DEVICE and row.site_id in sites:
        follows = key_of(Subject.SITE, row.site_id)
    elif row.id in of_person:
        follows = key_of(Subject.PERSON, of_person[row.id])
    assert row.unit_id is not None
    return Occupant(
        subject=Subject.ACCOUNT,
        id=row.id,
        name=row.full_name,
        detail=row.username,
        unit_id=row.unit_id,
        follows=follows,
    )


def _reform(row: ReformRow) -> Reform:
    return Reform(**{name: getattr(row, name) for name in Reform.__struct_fields__})
