"""The minutes of a meeting: drafted from its log, edited, signed, filed."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

import msgspec
from sqlalchemy import select

from rooms.dates.store import Dates
from rooms.directory.accounts import Account, AccountRole
from rooms.errors import Invalid, RequestRefused
from rooms.invitations.signed import file_name, pdf_fault
from rooms.meetings.meetings import LOCAL
from rooms.meetings.records import Meeting, MeetingState
from rooms.minutes.text import Section, first_draft
from rooms.records.ledger import Proceedings, proceedings
from rooms.session.core import fold
from rooms.session.events import Entry
from rooms.session.model import Vote
from rooms.session.votes import find
from rooms.store.ballots import Ballots
from rooms.store.database import Database
from rooms.store.files import FileStore
from rooms.store.log import EventLog
from rooms.store.tables import AccountRow, MinutesRow

WRITERS = (AccountRole.SECRETARIAT, AccountRole.ADMINISTRATOR)
MAX_SECTION_CHARS = 50_000
CONCLUSION_DAYS = 5  # working days for the notice of conclusions (QĐ 45/2018/QĐ-TTg)
_decode = msgspec.json.Decoder(tuple[Section, ...]).decode


class Signed(msgspec.Struct, frozen=True, kw_only=True):
    digest: str
    name: str
    at: datetime


class Minutes(msgspec.Struct, frozen=True, kw_only=True):
    """Minutes as they stand; `revision` 0: nobody has saved them yet, they follow the log."""

    sections: tuple[Section, ...]
    revision: int = 0
    changed_at: datetime | None = None
    changed_by: str = ""
    signed: Signed | None = None


class MinutesDesk:
    def __init__(self, db: Database, files: FileStore, dates: Dates) -> None:
        self._db = db
        self._files = files
        self._dates = dates
        self._log = EventLog(db)

    async def proceedings(self, meeting: Meeting, now: datetime) -> Proceedings | None:
        """What the log of the meeting tells; None: it has not begun."""
        entries = await self._log.entries(meeting.id)
        return proceedings(entries, now.timestamp()) if entries else None

    async def log(self, meeting: Meeting) -> list[Entry]:
        """Every entry of the meeting's log."""
        return await self._log.entries(meeting.id)

    async def vote(self, meeting: Meeting, number: int) -> Vote | None:
        """A vote of the meeting, as its log tells it."""
        entries = await self._log.entries(meeting.id)
        return find(fold(entries), number) if entries else None

    async def receipts(self, meeting: Meeting, vote: int) -> list[str]:
        """Those of a secret vote, in the order of their digits."""
        return await Ballots(self._db).receipts(meeting.id, vote)

    async def of_meeting(self, meeting: Meeting, found: Proceedings) -> Minutes:
        """The minutes as saved, else the first draft."""
        query = (
            select(MinutesRow, AccountRow.full_name)
            .join(AccountRow, AccountRow.id == MinutesRow.changed_by)
            .where(MinutesRow.meeting_id == meeting.id)
        )
        async with self._db.reading() as session:
            row = (await session.execute(query)).one_or_none()
        if row is None:
            return Minutes(sections=first_draft(meeting, found))
        saved, name = row
        return Minutes(
            sections=_decode(saved.sections),
            revision=saved.revision,
            changed_at=saved.changed_at,
            changed_by=name,
            signed=_signed(saved),
        )

    async def save(
        self,
        meeting: Meeting,
        sections: Sequence[Section],
        by: Account,
        now: datetime,
        *,
        revision: int,
    ) -> None:
        """Keep edited minutes.

        Raises:
            RequestRefused: "not-allowed", "changed-meanwhile", "wrong-state" (archived).
        """
        self._check(meeting, by)
        async with self._db.session() as session:
            row = await session.get(MinutesRow, meeting.id)
            if (0 if row is None else row.revision) != revision:
                raise RequestRefused("changed-meanwhile")
            if row is None:
                row = MinutesRow(meeting_id=meeting.id, signed_name="", revision=0)
                session.add(row)
            kept = [
                msgspec.structs.replace(section, text=section.text[:MAX_SECTION_CHARS].strip())
                for section in sections
            ]
            row.sections = msgspec.json.encode(kept).decode()
            row.revision = revision + 1
            row.changed_at, row.changed_by = now, by.id

    async def put_signed(
        self, meeting: Meeting, content: bytes, name: str, by: Account, now: datetime
    ) -> None:
        """File the signed PDF. The minutes must have been saved before.

        Raises:
            RequestRefused: "not-allowed", "not-found" (never saved), "wrong-state".
            Invalid: {"file": …}, it is not a PDF to keep.
        """
        self._check(meeting, by)
        fault = pdf_fault(content)
        if fault is not None:
            raise Invalid({"file": fault})
        digest = await self._files.put(content)
        async with self._db.session() as session:
            row = await session.get(MinutesRow, meeting.id)
            if row is None:
                raise RequestRefused("not-found")
            row.signed_hash, row.signed_name = digest, file_name(name)
            row.signed_at, row.signed_by = now, by.id

    def _check(self, meeting: Meeting, by: Account) -> None:
        if by.role not in WRITERS:
            raise RequestRefused("not-allowed")
        if meeting.state is MeetingState.ARCHIVED:
            raise RequestRefused("wrong-state")

    async def conclusions_due(self, ended: datetime) -> date:
        """The last day for the notice of conclusions of a meeting that ended then."""
        day = ended.astimezone(LOCAL).date()
        calendar = await self._dates.calendar({day.year, (day + timedelta(days=30)).year})
        return calendar.plus_working_days(day, CONCLUSION_DAYS)


def _signed(row: MinutesRow) -> Signed | None:
    if row.signed_hash is None or row.signed_at is None:
        return None
    return Signed(digest=row.signed_hash, name=row.signed_name, at=row.signed_at)
