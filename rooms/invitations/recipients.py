"""Recipients of a meeting's invitation: sites that follow the meeting, people chosen by hand."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from rooms.errors import N_, Invalid, RequestRefused
from rooms.invitations.records import Recipient
from rooms.invitations.tokens import TOKEN, expires, link_hash, link_token
from rooms.store.database import Database
from rooms.store.tables import (
    MeetingRow,
    MeetingSiteRow,
    PersonRow,
    RecipientRow,
    SiteAnswerRow,
    SiteRow,
)

MAX_REASON_CHARS = 500


class Recipients:
    """The shell over recipients and their links.

    Args:
        key: signs the tokens of links.
    """

    def __init__(self, db: Database, key: bytes) -> None:
        self._db = db
        self._key = key

    async def of_meeting(self, meeting_id: int) -> list[Recipient]:
        """In protocol order: sites first, then people; those removed are among them."""
        query = (
            select(RecipientRow)
            .outerjoin(SiteRow, SiteRow.id == RecipientRow.site_id)
            .outerjoin(PersonRow, PersonRow.id == RecipientRow.person_id)
            .where(RecipientRow.meeting_id == meeting_id)
            .order_by(
                RecipientRow.site_id.is_(None),
                SiteRow.rank,
                PersonRow.unit_id,
                PersonRow.rank,
                RecipientRow.id,
            )
        )
        async with self._db.reading() as session:
            return [record(row) for row in await session.scalars(query)]

    async def get(self, recipient_id: int) -> Recipient | None:
        async with self._db.reading() as session:
            row = await session.get(RecipientRow, recipient_id)
            return None if row is None else record(row)

    async def sync(self, meeting_id: int, now: datetime) -> None:
        """Bring recipients in line with the meeting: its sites, their addresses, its end."""
        async with self._db.session() as session:
            meeting = await session.get(MeetingRow, meeting_id)
            if meeting is None:
                raise RequestRefused("not-found")
            query = select(RecipientRow).where(RecipientRow.meeting_id == meeting_id)
            known = list(await session.scalars(query))
            await self._sync_sites(session, meeting, known, now)
            await self._sync_people(session, known)
            await session.flush()
            for row in known:
                row.link_expires = expires(meeting.end)
                self._link(row)

    async def _sync_sites(
        self, session: AsyncSession, meeting: MeetingRow, known: list[RecipientRow], now: datetime
    ) -> None:
        wanted = (
            await session.execute(
                select(SiteRow, SiteAnswerRow.invited_by)
                .join(MeetingSiteRow, MeetingSiteRow.site_id == SiteRow.id)
                .outerjoin(
                    SiteAnswerRow,
                    (SiteAnswerRow.meeting_id == MeetingSiteRow.meeting_id)
                    & (SiteAnswerRow.site_id == MeetingSiteRow.site_id),
                )
                .where(MeetingSiteRow.meeting_id == meeting.id)
            )
        ).all()
        by_site = {row.site_id: row for row in known if row.site_id is not None}
        for site, invited_by in wanted:
            row = by_site.pop(site.id, None)
            if row is None:
                row = _fresh(meeting.id, site_id=site.id)
                session.add(row)
                known.append(row)
            elif row.removed_at is not None:
                row.removed_at, row.sent_at, row.told_revision = None, None, None
            row.name, row.email, row.invited_by_site = site.name, site.email, invited_by
        for row in by_site.values():
            row.removed_at = row.removed_at or now

    async def _sync_people(self, session: AsyncSession, known: Sequence[RecipientRow]) -> None:
        by_person = {row.person_id: row for row in known if row.person_id is not None}
        query = select(PersonRow).where(PersonRow.id.in_(by_person))
        for person in await session.scalars(query):
            by_person[person.id].name = addressed(person)
            by_person[person.id].email = person.email

    def _link(self, row: RecipientRow) -> None:
        row.link_hash = link_hash(link_token(self._key, row.id, row.link_version))

    async def add_person(self, meeting_id: int, person_id: int, now: datetime) -> int:
        """Invite a person; one who was taken off the list comes back.

        Raises:
            RequestRefused: "not-found".
            Invalid: nobody active has this id.
        """
        async with self._db.session() as session:
            meeting = await session.get(MeetingRow, meeting_id)
            person = await session.get(PersonRow, person_id)
            if meeting is None:
                raise RequestRefused("not-found")
            if person is None or not person.active:
                raise Invalid({"person_id": N_("Chọn người có trong danh bạ.")})
            row = await session.scalar(
                select(RecipientRow).where(
                    RecipientRow.meeting_id == meeting_id, RecipientRow.person_id == person_id
                )
            )
            row = row or _fresh(meeting_id, person_id=person_id)
            row.name, row.email, row.removed_at = addressed(person), person.email, None
            row.link_expires = expires(meeting.end)
            session.add(row)
            await session.flush()
            self._link(row)
            return row.id

    async def remove_person(self, meeting_id: int, recipient_id: int, now: datetime) -> None:
        """Take a person off the list. Sites leave it with the meeting alone."""
        async with self._db.session() as session:
            row = await _of(session, meeting_id, recipient_id)
            if row.person_id is None:
                raise RequestRefused("not-allowed")
            if row.sent_at is None:
                await session.delete(row)
            else:
                row.removed_at = now

    def token(self, recipient: Recipient) -> str:
        """The token of the recipient's link, as it is now."""
        return link_token(self._key, recipient.id, recipient.link_version)

    async def by_token(self, token: str, now: datetime) -> Recipient | None:
        """Whose link this is; None when unknown, revoked, replaced or expired."""
        if not TOKEN.fullmatch(token):
            return None
        query = select(RecipientRow).where(RecipientRow.link_hash == link_hash(token))
        async with self._db.reading() as session:
            row = await session.scalar(query)
        if row is None or row.revoked_at is not None or row.removed_at is not None:
            return None
        if row.link_expires is None or row.link_expires <= now:
            return None
        return record(row)

    async def revoke(self, meeting_id: int, recipient_id: int, now: datetime) -> None:
        """Close a link at once."""
        async with self._db.session() as session:
            row = await _of(session, meeting_id, recipient_id)
            row.revoked_at = now

    async def renew(self, meeting_id: int, recipient_id: int) -> None:
        """A new link; the old one stays closed."""
        async with self._db.session() as session:
            row = await _of(session, meeting_id, recipient_id)
            row.link_version, row.revoked_at = row.link_version + 1, None
            self._link(row)

    async def opened(self, recipient_id: int, now: datetime) -> None:
        """The link was opened for the first time."""
        async with self._db.session() as session:
            await session.execute(
                update(RecipientRow)
                .where(RecipientRow.id == recipient_id, RecipientRow.opened_at.is_(None))
                .values(opened_at=now)
            )

    async def answered(
        self, recipient_id: int, now: datetime, *, comes: bool, reason: str = ""
    ) -> None:
        """A person says whether they come. Sites answer through `Answers`.

        Raises:
            Invalid: no reason for not coming.
        """
        if not comes and not reason.strip():
            raise Invalid({"reason": N_("Nhập lý do vắng mặt.")})
        async with self._db.session() as session:
            await session.execute(
                update(RecipientRow)
                .where(RecipientRow.id == recipient_id)
                .values(
                    confirmed_at=now if comes else None,
                    declined_at=None if comes else now,
                    reason="" if comes else reason.strip()[:MAX_REASON_CHARS],
                )
            )

    async def told(self, recipients: Iterable[int], revision: int, now: datetime) -> None:
        """These know the meeting as of this revision."""
        ids = list(recipients)
        async with self._db.session() as session:
            await session.execute(
                update(RecipientRow).where(RecipientRow.id.in_(ids)).values(told_revision=revision)
            )
            await session.execute(
                update(RecipientRow)
                .where(RecipientRow.id.in_(ids), RecipientRow.sent_at.is_(None))
                .values(sent_at=now)
            )


def addressed(person: PersonRow) -> str:
    """ "Ông Lê Quang Minh, Phó Chủ tịch UBND tỉnh"."""
    name = f"{person.honorific} {person.full_name}".strip()
    return f"{name}, {person.position}" if person.position else name


def record(row: RecipientRow) -> Recipient:
    return Recipient(
        id=row.id,
        meeting_id=row.meeting_id,
        site_id=row.site_id,
        person_id=row.person_id,
        name=row.name,
        email=row.email,
        link_version=row.link_version,
        link_expires=row.link_expires,
        revoked_at=row.revoked_at,
        invited_by_site=row.invited_by_site,
        sent_at=row.sent_at,
        opened_at=row.opened_at,
        confirmed_at=row.confirmed_at,
        declined_at=row.declined_at,
        reason=row.reason,
        told_revision=row.told_revision,
        removed_at=row.removed_at,
    )


def _fresh(
    meeting_id: int, *, site_id: int | None = None, person_id: int | None = None
) -> RecipientRow:
    return RecipientRow(
        meeting_id=meeting_id,
        site_id=site_id,
        person_id=person_id,
        name="",
        email="",
        link_version=0,
        reason="",
    )


async def _of(session: AsyncSession, meeting_id: int, recipient_id: int) -> RecipientRow:
    row = await session.get(RecipientRow, recipient_id)
    if row is None or row.meeting_id != meeting_id:
        raise RequestRefused("not-found")
    return row
