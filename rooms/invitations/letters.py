"""Letters of meetings in the store: what clerks changed, the signed file, the reminders."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta

import msgspec
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from rooms.directory.accounts import Account
from rooms.errors import N_, Invalid, RequestRefused
from rooms.invitations.numbers import CLERKS, given, series_record
from rooms.invitations.records import Audience, Letter, Reminder, SignedFile
from rooms.invitations.signed import file_name, pdf_fault, signed_digitally
from rooms.store.database import Database
from rooms.store.files import FileStore
from rooms.store.tables import (
    LetterNumberRow,
    LetterReminderRow,
    LetterRow,
    LetterSeriesRow,
    MeetingRow,
)

MAX_REMINDERS = 8
MAX_HOURS = 24 * 30
FIRST_REMINDERS = ((48, Audience.PENDING), (24, Audience.ALL))
FOLLOWED = timedelta(days=1)  # letters are looked after until so long after the meeting
_TEXTS = ("abstract", "requirements", "contact", "signature", "signer", "recipients")
_LIMITS = {
    "abstract": 300,
    "requirements": 4000,
    "contact": 300,
    "signature": 500,
    "signer": 200,
    "recipients": 2000,
}


class LetterDraft(msgspec.Struct, frozen=True, kw_only=True):
    """What a clerk may write."""

    series_id: int
    issue_date: date | None
    abstract: str
    requirements: str
    contact: str
    signature: str
    signer: str
    recipients: str


class Letters:
    def __init__(self, db: Database, files: FileStore) -> None:
        self._db = db
        self._files = files

    async def of_meeting(self, meeting_id: int) -> Letter | None:
        async with self._db.reading() as session:
            row = await session.get(LetterRow, meeting_id)
            return None if row is None else await letter_record(session, row)

    async def followed(self, now: datetime) -> list[int]:
        """Meetings whose letters went out and that are not over for long."""
        query = (
            select(LetterRow.meeting_id)
            .join(MeetingRow, MeetingRow.id == LetterRow.meeting_id)
            .where(LetterRow.sent_at.is_not(None), MeetingRow.end > now - FOLLOWED)
        )
        async with self._db.reading() as session:
            return list(await session.scalars(query))

    async def keep(self, letter: Letter) -> None:
        """Store a letter that is not stored yet."""
        async with self._db.session() as session:
            if await session.get(LetterRow, letter.meeting_id) is None:
                session.add(_row(letter))

    async def save(
        self, meeting_id: int, draft: LetterDraft, by: Account, *, revision: int
    ) -> Letter:
        """Change what a letter says; it must be stored already.

        Args:
            revision: of the letter the change began from.

        Raises:
            RequestRefused: "not-allowed", "not-found", "changed-meanwhile".
            Invalid: with a text for each field at fault.
        """
        _only_clerks(by)
        async with self._db.session() as session:
            row = await _hold(session, meeting_id)
            if row.revision != revision:
                raise RequestRefused("changed-meanwhile")
            errors = await _faults(session, row, draft)
            if errors:
                raise Invalid(errors)
            row.series_id, row.issue_date = draft.series_id, draft.issue_date
            for name in _TEXTS:
                setattr(row, name, getattr(draft, name).strip())
            row.revision += 1
            return await letter_record(session, row)

    async def put_signed(
        self, meeting_id: int, content: bytes, name: str, by: Account, now: datetime
    ) -> SignedFile:
        """Keep the signed PDF; it replaces an earlier one.

        Raises:
            RequestRefused: "not-allowed", "not-found".
            Invalid: {"file": …}, it is not a PDF to send on.
        """
        _only_clerks(by)
        fault = pdf_fault(content)
        if fault is not None:
            raise Invalid({"file": fault})
        digest = await self._files.put(content)
        async with self._db.session() as session:
            row = await _hold(session, meeting_id)
            row.signed_hash, row.signed_name = digest, file_name(name)
            row.signed_size, row.signed_digitally = len(content), signed_digitally(content)
            row.signed_at, row.signed_by = now, by.id
            row.revision += 1
            found = (await letter_record(session, row)).signed
        assert found is not None
        return found

    async def drop_signed(self, meeting_id: int, by: Account) -> None:
        """The signed file does not belong to the letter; the file itself stays."""
        _only_clerks(by)
        async with self._db.session() as session:
            row = await _hold(session, meeting_id)
            row.signed_hash, row.signed_name, row.signed_size = "", "", 0
            row.signed_digitally, row.signed_at, row.signed_by = False, None, None
            row.revision += 1

    # ------------------------------------------------------------ reminders

    async def reminders(self, meeting_id: int) -> list[Reminder]:
        """The earliest first."""
        query = (
            select(LetterReminderRow)
            .where(LetterReminderRow.meeting_id == meeting_id)
            .order_by(LetterReminderRow.hours_before.desc(), LetterReminderRow.id)
        )
        async with self._db.reading() as session:
            return [reminder_record(row) for row in await session.scalars(query)]

    async def set_reminders(
        self, meeting_id: int, wanted: Iterable[tuple[int, Audience]], by: Account
    ) -> None:
        """Replace the reminders that have not gone out.

        Raises:
            RequestRefused: "not-allowed", "not-found".
            Invalid: too many, or at no possible time.
        """
        _only_clerks(by)
        chosen = list(dict.fromkeys(wanted))
        if len(chosen) > MAX_REMINDERS:
            raise Invalid({"reminders": N_("Tối đa 8 lần nhắc.")})
        if any(not 1 <= hours <= MAX_HOURS for hours, _ in chosen):
            raise Invalid({"reminders": N_("Nhắc trước từ 1 giờ đến 30 ngày.")})
        async with self._db.session() as session:
            await _hold(session, meeting_id)
            await put_reminders(session, meeting_id, chosen)


async def put_reminders(
    session: AsyncSession, meeting_id: int, wanted: Sequence[tuple[int, Audience]]
) -> None:
    of_meeting = LetterReminderRow.meeting_id == meeting_id
    await session.execute(
        delete(LetterReminderRow).where(of_meeting, LetterReminderRow.done_at.is_(None))
    )
    query = select(LetterReminderRow.hours_before, LetterReminderRow.audience).where(of_meeting)
    done = {(hours, Audience(audience)) for hours, audience in await session.execute(query)}
    session.add_all(
        LetterReminderRow(
            meeting_id=meeting_id,
            hours_before=hours,
            audience=audience.value,
            done_at=None,
            count=0,
        )
        for hours, audience in wanted
        if (hours, audience) not in done
    )


def reminder_record(row: LetterReminderRow) -> Reminder:
    return Reminder(
        id=row.id,
        meeting_id=row.meeting_id,
        hours_before=row.hours_before,
        audience=Audience(row.audience),
        done_at=row.done_at,
        count=row.count,
    )


async def letter_record(session: AsyncSession, row: LetterRow) -> Letter:
    series = await session.get_one(LetterSeriesRow, row.series_id)
    number = (
        await session.get(LetterNumberRow, row.number_id) if row.number_id is not None else None
    )
    signed = None
    if row.signed_hash and row.signed_at is not None:
        signed = SignedFile(
            digest=row.signed_hash,
            name=row.signed_name,
            size=row.signed_size,
            digital=row.signed_digitally,
            at=row.signed_at,
        )
    return Letter(
        meeting_id=row.meeting_id,
        series=series_record(series, ""),
        number=given(series, number) if number is not None else None,
        issue_date=row.issue_date,
        abstract=row.abstract,
        requirements=row.requirements,
        contact=row.contact,
        signature=row.signature,
        signer=row.signer,
        recipients=row.recipients,
        signed=signed,
        sent_at=row.sent_at,
        called_off=row.called_off,
        base_url=row.base_url,
        revision=row.revision,
    )


def _row(letter: Letter) -> LetterRow:
    return LetterRow(
        meeting_id=letter.meeting_id,
        series_id=letter.series.id,
        number_id=None,
        issue_date=letter.issue_date,
        **{name: getattr(letter, name) for name in _TEXTS},
        signed_hash="",
        signed_name="",
        signed_size=0,
        signed_digitally=False,
        called_off=False,
        base_url="",
        revision=1,
    )


async def _hold(session: AsyncSession, meeting_id: int) -> LetterRow:
    row = await session.get(LetterRow, meeting_id, with_for_update=True)
    if row is None:
        raise RequestRefused("not-found")
    return row


async def _faults(session: AsyncSession, row: LetterRow, draft: LetterDraft) -> dict[str, str]:
    errors = {
        name: N_("Nội dung quá dài.")
        for name, limit in _LIMITS.items()
        if len(getattr(draft, name).strip()) > limit
    }
    if not draft.abstract.strip():
        errors["abstract"] = N_("Nhập trích yếu.")
    if await session.get(LetterSeriesRow, draft.series_id) is None:
        errors["series_id"] = N_("Chọn sổ giấy mời.")
    if row.number_id is not None:
        errors |= await _number_faults(session, row, draft)
    return errors


async def _number_faults(
    session: AsyncSession, row: LetterRow, draft: LetterDraft
) -> dict[str, str]:
    """A number belongs to one series and one year."""
    number = await session.get_one(LetterNumberRow, row.number_id)
    errors = {}
    if draft.series_id != row.series_id:
        errors["series_id"] = N_("Giấy mời đã có số của sổ này, không đổi sổ được.")
    if draft.issue_date is None or draft.issue_date.year != number.year:
        errors["issue_date"] = N_("Ngày ban hành phải trong năm của số đã cấp.")
    return errors


def _only_clerks(by: Account) -> None:
    if by.role not in CLERKS:
        raise RequestRefused("not-allowed")
