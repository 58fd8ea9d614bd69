"""Reading: how the sites of a meeting stand, and who may act for which of them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from rooms.answers.branches import Node, Tree
from rooms.answers.records import Actor, AnswerState, Asked, Delegate, SiteAnswer, Terms
from rooms.directory.accounts import Account, AccountRole
from rooms.meetings.records import WAITING
from rooms.store.tables import (
    AnswerTermsRow,
    MeetingRow,
    MeetingSiteRow,
    MeetingStaffRow,
    PersonRow,
    RecipientRow,
    SiteAnswerRow,
    SiteDelegateRow,
    SiteRow,
    UnitRow,
)

SECRETARIES = (AccountRole.SECRETARIAT, AccountRole.ADMINISTRATOR)
SECRETARY_DUTY = "secretary"


async def tree_of(session: AsyncSession) -> Tree:
    columns = (UnitRow.id, UnitRow.parent_id, UnitRow.kind, UnitRow.level, UnitRow.short_name)
    return Tree({row[0]: Node(*row) for row in await session.execute(select(*columns))})


async def sites_of_units(session: AsyncSession) -> dict[int, int]:
    """Unit ids by the ids of active sites."""
    query = select(SiteRow.id, SiteRow.unit_id).where(SiteRow.active)
    return dict((await session.execute(query)).all())


async def terms_of(session: AsyncSession, meeting_id: int) -> Terms:
    row = await session.get(AnswerTermsRow, meeting_id)
    if row is None:
        return Terms()
    return Terms(deadline=row.deadline, locked=row.locked, reminded_at=row.reminded_at)


_SITE = (
    SiteRow.id,
    SiteRow.name,
    SiteRow.short_name,
    SiteRow.unit_id,
    SiteRow.capacity,
    SiteRow.contact_name,
    SiteRow.contact_phone,
    SiteRow.technician_phone,
    SiteRow.email,
)
_ANSWER = (
    SiteAnswerRow.state,
    SiteAnswerRow.invited_by,
    SiteAnswerRow.reason,
    SiteAnswerRow.presiding_name,
    SiteAnswerRow.presiding_position,
    SiteAnswerRow.head_count,
    SiteAnswerRow.note,
    SiteAnswerRow.answered_at,
    SiteAnswerRow.by,
    SiteAnswerRow.reopened,
    SiteAnswerRow.revision,
)
_NAMES = (
    MeetingSiteRow.name.label("kept_name"),
    MeetingSiteRow.short_name.label("kept_short_name"),
    MeetingSiteRow.unit_name.label("kept_unit_name"),
    UnitRow.short_name.label("unit_name"),
)


async def standings(
    session: AsyncSession, meeting_id: int, only: int | None = None, *, names: bool = True
) -> list[SiteAnswer]:
    """The invited sites in protocol order.

    Args:
        only: that site alone.
        names: with the delegates; without, they cost nothing.
    """
    query = (
        select(*_SITE, *_NAMES, *_ANSWER)
        .select_from(MeetingSiteRow)
        .join(SiteRow, SiteRow.id == MeetingSiteRow.site_id)
        .join(UnitRow, UnitRow.id == SiteRow.unit_id)
        .outerjoin(
            SiteAnswerRow,
            (SiteAnswerRow.meeting_id == MeetingSiteRow.meeting_id)
            & (SiteAnswerRow.site_id == MeetingSiteRow.site_id),
        )
        .where(MeetingSiteRow.meeting_id == meeting_id)
        .order_by(SiteRow.rank, SiteRow.id)
    )
    if only is not None:
        query = query.where(MeetingSiteRow.site_id == only)
    rows = (await session.execute(query)).all()
    tree = await tree_of(session)
    delegates = await _delegates(session, meeting_id, only) if names else {}
    return [_standing(row, tree, delegates) for row in rows]


async def _delegates(
    session: AsyncSession, meeting_id: int, only: int | None
) -> dict[int, list[Delegate]]:
    columns = (
        SiteDelegateRow.site_id,
        SiteDelegateRow.full_name,
        SiteDelegateRow.position,
        SiteDelegateRow.unit,
    )
    query = (
        select(*columns)
        .where(SiteDelegateRow.meeting_id == meeting_id)
        .order_by(SiteDelegateRow.site_id, SiteDelegateRow.number)
    )
    if only is not None:
        query = query.where(SiteDelegateRow.site_id == only)
    found: dict[int, list[Delegate]] = {}
    for site_id, full_name, position, unit in await session.execute(query):
        delegate = Delegate(full_name=full_name, position=position, unit=unit)
        found.setdefault(site_id, []).append(delegate)
    return found


def _standing(row: Any, tree: Tree, delegates: dict[int, list[Delegate]]) -> SiteAnswer:
    answered = row.state is not None
    return SiteAnswer(
        site_id=row.id,
        name=row.kept_name or row.name,
        short_name=row.kept_short_name or row.short_name,
        unit_id=row.unit_id,
        unit_name=row.kept_unit_name or row.unit_name,
        level=tree.level(row.unit_id),
        branch=tree.district(row.unit_id),
        capacity=row.capacity,
        contact_name=row.contact_name,
        contact_phone=row.contact_phone,
        technician_phone=row.technician_phone,
        email=row.email,
        invited_by=row.invited_by,
        state=AnswerState(row.state) if answered else AnswerState.PENDING,
        reason=row.reason or "",
        presiding_name=row.presiding_name or "",
        presiding_position=row.presiding_position or "",
        head_count=row.head_count or 0,
        delegates=tuple(delegates.get(row.id, ())),
        note=row.note or "",
        answered_at=row.answered_at,
        by=row.by or "",
        reopened=bool(row.reopened),
        revision=row.revision or 0,
    )


async def actor_of(session: AsyncSession, meeting: MeetingRow, account: Account) -> Actor:
    """What an account may do with the answers of a meeting."""
    secretary = account.role in SECRETARIES or await _on_duty(session, meeting.id, account.id)
    watches = (
        secretary
        or account.role is AccountRole.TECHNICIAN
        or account.id in (meeting.chair_id, meeting.deputy_id, meeting.created_by)
        or (account.unit_id == meeting.host_unit_id and account.role is AccountRole.OFFICIAL)
    )
    own, branch = await _branch(session, await _unit_of(session, account), account.site_id)
    name = f"{account.full_name}, {account.position}" if account.position else account.full_name
    return Actor(
        name=name,
        account_id=account.id,
        secretary=secretary,
        watches=watches,
        own_sites=own,
        sites=branch,
    )


async def _on_duty(session: AsyncSession, meeting_id: int, account_id: int) -> bool:
    return await session.get(MeetingStaffRow, (meeting_id, account_id, SECRETARY_DUTY)) is not None


async def _unit_of(session: AsyncSession, account: Account) -> int | None:
    """The unit an account acts for: that of its site before its own. Technicians act for none."""
    if account.role not in (AccountRole.OFFICIAL, AccountRole.SITE_DEVICE):
        return None
    if account.site_id is not None:
        site = await session.get(SiteRow, account.site_id)
        return site.unit_id if site is not None else None
    return account.unit_id


async def actor_of_link(session: AsyncSession, recipient: RecipientRow) -> Actor:
    """The holder of a personal link acts for the site, or for the unit of the person, it is of."""
    unit_id = None
    if recipient.site_id is not None:
        site = await session.get(SiteRow, recipient.site_id)
        unit_id = site.unit_id if site is not None else None
    elif recipient.person_id is not None:
        person = await session.get(PersonRow, recipient.person_id)
        unit_id = person.unit_id if person is not None else None
    own, branch = await _branch(session, unit_id, recipient.site_id)
    return Actor(name=recipient.name, recipient_id=recipient.id, own_sites=own, sites=branch)


async def _branch(
    session: AsyncSession, unit_id: int | None, site_id: int | None
) -> tuple[frozenset[int], frozenset[int]]:
    """The sites of a unit, and those of its branch."""
    if unit_id is None:
        return frozenset(), frozenset()
    sites = await sites_of_units(session)
    units = (await tree_of(session)).branch(unit_id)
    own = {site for site, unit in sites.items() if unit == unit_id}
    below = {site for site, unit in sites.items() if unit in units}
    extra = {site_id} if site_id is not None else set()
    return frozenset(own | extra), frozenset(below | own | extra)


async def own_sites(session: AsyncSession, account: Account) -> frozenset[int]:
    """The sites an account speaks for, those below left out."""
    unit_id = await _unit_of(session, account)
    if unit_id is None:
        return frozenset()
    query = select(SiteRow.id).where(SiteRow.unit_id == unit_id, SiteRow.active)
    return frozenset(await session.scalars(query))


async def asked(
    session: AsyncSession, sites: frozenset[int], now: datetime, limit: int
) -> list[Asked]:
    """Meetings to come that these sites were invited to and have not answered; the next first."""
    of_site = SiteAnswerRow.site_id == MeetingSiteRow.site_id
    of_meeting = SiteAnswerRow.meeting_id == MeetingSiteRow.meeting_id
    until = func.coalesce(AnswerTermsRow.deadline, MeetingRow.start)
    closed = or_(
        AnswerTermsRow.locked.is_(True), and_(AnswerTermsRow.locked.is_(None), until <= now)
    )
    query = (
        select(
            MeetingRow.id,
            MeetingRow.short_name,
            MeetingRow.title,
            MeetingRow.start,
            AnswerTermsRow.deadline,
            SiteRow.name,
        )
        .select_from(MeetingSiteRow)
        .join(MeetingRow, MeetingRow.id == MeetingSiteRow.meeting_id)
        .join(SiteRow, SiteRow.id == MeetingSiteRow.site_id)
        .outerjoin(SiteAnswerRow, of_site & of_meeting)
        .outerjoin(AnswerTermsRow, AnswerTermsRow.meeting_id == MeetingRow.id)
        .where(
            MeetingSiteRow.site_id.in_(sites),
            MeetingRow.start > now,
            MeetingRow.state.in_([state.value for state in WAITING]),
            func.coalesce(SiteAnswerRow.state, "pending") == AnswerState.PENDING.value,
            or_(AnswerTermsRow.meeting_id.is_(None), ~closed),
        )
        .order_by(MeetingRow.start, SiteRow.rank)
        .limit(limit)
    )
    return [
        Asked(
            reference=short or str(meeting_id),
            title=title,
            start=start,
            until=deadline or start,
            site=site,
        )
        for meeting_id, short, title, start, deadline, site in await session.execute(query)
    ]


def of_branch(answers: Sequence[SiteAnswer], actor: Actor) -> list[SiteAnswer]:
    """What an actor sees: everything, or its own branch alone."""
    if actor.secretary or actor.watches:
        return list(answers)
    return [answer for answer in answers if answer.site_id in actor.sites]
