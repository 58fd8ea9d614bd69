"""What invited sites answer: the shell over the store. Who may do what is decided in `core`."""

from collections.abc import Iterable
from datetime import datetime

import msgspec
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from rooms.answers import core, rows, standing
from rooms.answers.branches import Tree
from rooms.answers.core import Gate
from rooms.answers.records import (
    Actor,
    AnswerState,
    Asked,
    Change,
    Reply,
    SiteAnswer,
    Terms,
    Totals,
    totals,
)
from rooms.directory.accounts import Account
from rooms.directory.directory import Site
from rooms.errors import Invalid, RequestRefused
from rooms.meetings import revisions, saving
from rooms.meetings.records import MeetingState
from rooms.store.database import Database
from rooms.store.tables import (
    AnswerHistoryRow,
    MeetingRow,
    MeetingSiteRow,
    RecipientRow,
    SiteAnswerRow,
    SiteRow,
)

__all__ = ["Answers"]


class Answers:
    """Confirmations of the sites of meetings."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def of_meeting(self, meeting_id: int, *, names: bool = True) -> list[SiteAnswer]:
        """Every invited site with its answer, in protocol order; `names`: of delegates, too."""
        async with self._db.reading() as session:
            return await standing.standings(session, meeting_id, names=names)

    async def of_site(self, meeting_id: int, site_id: int) -> SiteAnswer | None:
        async with self._db.reading() as session:
            found = await standing.standings(session, meeting_id, site_id)
        return found[0] if found else None

    async def totals(self, meeting_id: int) -> Totals:
        return totals(await self.of_meeting(meeting_id))

    async def head_counts(self, meetings: Iterable[int]) -> dict[int, int]:
        """Confirmed head count by meeting; meetings nobody confirmed are left out."""
        query = (
            select(SiteAnswerRow.meeting_id, func.sum(SiteAnswerRow.head_count))
            .join(
                MeetingSiteRow,
                (MeetingSiteRow.meeting_id == SiteAnswerRow.meeting_id)
                & (MeetingSiteRow.site_id == SiteAnswerRow.site_id),
            )
            .where(
                SiteAnswerRow.meeting_id.in_(list(meetings)),
                SiteAnswerRow.state == AnswerState.CONFIRMED.value,
            )
            .group_by(SiteAnswerRow.meeting_id)
        )
        async with self._db.reading() as session:
            return {meeting: int(heads) for meeting, heads in await session.execute(query)}

    async def terms(self, meeting_id: int) -> Terms:
        async with self._db.reading() as session:
            return await standing.terms_of(session, meeting_id)

    async def gate(self, meeting_id: int, now: datetime) -> Gate:
        """Whether sites may answer now."""
        async with self._db.reading() as session:
            return (await _open(session, meeting_id, now))[1]

    async def actor(self, meeting_id: int, account: Account) -> Actor:
        """What an account may do with a meeting's answers."""
        async with self._db.reading() as session:
            meeting = await session.get(MeetingRow, meeting_id)
            if meeting is None:
                raise RequestRefused("not-found")
            return await standing.actor_of(session, meeting, account)

    async def link_actor(self, recipient_id: int) -> Actor:
        """What the holder of a personal link may do."""
        async with self._db.reading() as session:
            recipient = await session.get(RecipientRow, recipient_id)
            if recipient is None:
                raise RequestRefused("not-found")
            return await standing.actor_of_link(session, recipient)

    async def asked(self, account: Account, now: datetime, limit: int = 5) -> list[Asked]:
        """Meetings that wait for an answer of the account's own sites; the next first."""
        async with self._db.reading() as session:
            sites = await standing.own_sites(session, account)
            return await standing.asked(session, sites, now, limit) if sites else []

    async def answer(
        self,
        meeting_id: int,
        site_id: int,
        reply: Reply,
        actor: Actor,
        now: datetime,
        *,
        revision: int | None = None,
    ) -> SiteAnswer:
        """Confirm, decline, or take an answer back.

        Args:
            revision: of the answer that was seen; None: whatever it is now.

        Raises:
            Invalid: with a text for each field at fault.
            RequestRefused: "not-found", "changed-meanwhile", or as `core.answered`.
        """
        async with self._db.session() as session:
            _, at = await _open(session, meeting_id, now)
            site = await _site(session, meeting_id, site_id)
            after = core.answered(actor, site, reply, at, now)
            errors = core.faults(reply)
            if errors:
                raise Invalid(errors)
            if revision is not None and revision != site.revision:
                raise RequestRefused("changed-meanwhile")
            await rows.save(session, meeting_id, after)
            detail = msgspec.to_builtins(reply)
            rows.note(session, meeting_id, actor, now, reply.state.value, site_id, detail)
        return after

    async def below(self, actor: Actor, meeting_id: int) -> list[tuple[Site, bool]]:
        """The sites of an actor's branch below its own, and whether each is invited already."""
        async with self._db.reading() as session:
            invited = set(await session.scalars(rows.invited(meeting_id)))
            query = (
                select(SiteRow)
                .where(SiteRow.id.in_(actor.sites - actor.own_sites), SiteRow.active)
                .order_by(SiteRow.rank, SiteRow.id)
            )
            found = (await session.scalars(query)).all()
        return [(_record(row), row.id in invited) for row in found]

    async def invite(
        self,
        meeting_id: int,
        inviting_site: int,
        wanted: Iterable[int],
        actor: Actor,
        now: datetime,
    ) -> list[int]:
        """An invited site invites sites below it; returns those that were not invited before.

        Raises:
            RequestRefused: "not-found", "outside-branch", "invalid", or as `core.answered`.
        """
        async with self._db.session() as session:
            _, at = await _open(session, meeting_id, now)
            site = await _site(session, meeting_id, inviting_site)
            branch = await _sites_below(session, site.unit_id)
            chosen = core.invited(actor, site, frozenset(wanted), branch, at)
            known = set(await session.scalars(rows.invited(meeting_id)))
            fresh = sorted(chosen - known)
            for site_id in fresh:
                session.add(MeetingSiteRow(meeting_id=meeting_id, site_id=site_id))
            await session.flush()
            for site_id in fresh:
                session.add(rows.blank(meeting_id, site_id, invited_by=inviting_site))
                detail = {"invited_by": inviting_site}
                rows.note(session, meeting_id, actor, now, "invited", site_id, detail)
            if fresh:
                await _note_change(session, meeting_id, actor, now)
        return fresh

    async def withdraw(self, meeting_id: int, site_id: int, actor: Actor, now: datetime) -> None:
        """Take back the invitation of a subordinate site, with what that site invited in turn.

        Raises:
            RequestRefused: "not-found", "not-allowed" for a site the host invited, or as
                `core.answered`.
        """
        async with self._db.session() as session:
            _, at = await _open(session, meeting_id, now)
            site = await _site(session, meeting_id, site_id)
            code = core.may_withdraw(actor, site, at)
            if code is not None:
                raise RequestRefused(code)
            for gone in await rows.cascade(session, meeting_id, site_id):
                await rows.remove(session, meeting_id, gone)
                rows.note(session, meeting_id, actor, now, "withdrawn", gone, {})
            await _note_change(session, meeting_id, actor, now)

    async def set_terms(
        self,
        meeting_id: int,
        actor: Actor,
        now: datetime,
        *,
        deadline: datetime | None,
        locked: bool | None,
    ) -> Terms:
        """Set the deadline, close by hand or open again.

        Raises:
            RequestRefused: "not-found", "not-allowed" to all but secretaries.
            Invalid: a deadline after the meeting's start.
        """
        async with self._db.session() as session:
            meeting, _ = await _open(session, meeting_id, now)
            _secretary(actor)
            error = core.deadline_fault(deadline, meeting.start)
            if error is not None:
                raise Invalid({"deadline": error})
            row = await rows.terms(session, meeting_id)
            row.deadline, row.locked = deadline, locked
            detail = {"deadline": deadline.isoformat() if deadline else None, "locked": locked}
            rows.note(session, meeting_id, actor, now, "terms", None, detail)
            return Terms(deadline=deadline, locked=locked, reminded_at=row.reminded_at)

    async def reopen(
        self, meeting_id: int, site_id: int, actor: Actor, now: datetime, *, opened: bool = True
    ) -> None:
        """Let one site answer although the rest is closed."""
        async with self._db.session() as session:
            await _open(session, meeting_id, now)
            _secretary(actor)
            site = await _site(session, meeting_id, site_id)
            after = msgspec.structs.replace(site, reopened=opened)
            await rows.save(session, meeting_id, after)
            action = "reopened" if opened else "closed"
            rows.note(session, meeting_id, actor, now, action, site_id, {})

    async def reminded(
        self, meeting_id: int, sites: Iterable[int], actor: Actor, now: datetime
    ) -> None:
        """Note that these sites were reminded."""
        async with self._db.session() as session:
            _secretary(actor)
            (await rows.terms(session, meeting_id)).reminded_at = now
            for site_id in sites:
                rows.note(session, meeting_id, actor, now, "reminded", site_id, {})

    async def history(
        self, meeting_id: int, site_id: int | None = None, *, limit: int = 1_000
    ) -> list[Change]:
        """Who answered when, the newest first."""
        query = (
            select(AnswerHistoryRow, SiteRow.name)
            .outerjoin(SiteRow, SiteRow.id == AnswerHistoryRow.site_id)
            .where(AnswerHistoryRow.meeting_id == meeting_id)
            .order_by(AnswerHistoryRow.id.desc())
            .limit(limit)
        )
        if site_id is not None:
            query = query.where(AnswerHistoryRow.site_id == site_id)
        async with self._db.reading() as session:
            rows = (await session.execute(query)).all()
        return [
            Change(
                at=row.at,
                site_id=row.site_id,
                site=site or "",
                by=row.by,
                action=row.action,
                detail=msgspec.json.decode(row.detail),
            )
            for row, site in rows
        ]


async def _open(session: AsyncSession, meeting_id: int, now: datetime) -> tuple[MeetingRow, Gate]:
    meeting = await session.get(MeetingRow, meeting_id)
    if meeting is None:
        raise RequestRefused("not-found")
    terms = await standing.terms_of(session, meeting_id)
    return meeting, core.gate(MeetingState(meeting.state), meeting.start, terms, now)


async def _site(session: AsyncSession, meeting_id: int, site_id: int) -> SiteAnswer:
    found = await standing.standings(session, meeting_id, site_id)
    if not found:
        raise RequestRefused("not-found")
    return found[0]


def _secretary(actor: Actor) -> None:
    if not actor.secretary:
        raise RequestRefused("not-allowed")


async def _note_change(session: AsyncSession, meeting_id: int, actor: Actor, now: datetime) -> None:
    """The meeting has other sites now: its next revision, so that nobody overwrites it unseen."""
    row = await saving.hold(session, meeting_id)
    await session.flush()
    await saving.note_change(
        session,
        row,
        by=actor.account_id,
        now=now,
        action=revisions.CHANGED,
        note=actor.name,
    )


async def _sites_below(session: AsyncSession, unit_id: int) -> frozenset[int]:
    """The sites of a unit's branch."""
    tree: Tree = await standing.tree_of(session)
    units = tree.branch(unit_id)
    sites = await standing.sites_of_units(session)
    return frozenset(site for site, unit in sites.items() if unit in units)


def _record(row: SiteRow) -> Site:
    return Site(
        id=row.id,
        code=row.code,
        name=row.name,
        short_name=row.short_name,
        unit_id=row.unit_id,
        rank=row.rank,
        technician_phone=row.technician_phone,
        capacity=row.capacity,
        place=row.place,
    )
