"""Papers of a meeting beside its minutes: the text as edited, the number, the signed file."""

from datetime import datetime
from enum import StrEnum

import msgspec

from rooms.directory.accounts import Account
from rooms.errors import Invalid, RequestRefused
from rooms.invitations.signed import file_name, pdf_fault
from rooms.meetings.records import Meeting, MeetingState
from rooms.minutes.minutes import MAX_SECTION_CHARS, WRITERS, Signed
from rooms.store.database import Database
from rooms.store.files import FileStore
from rooms.store.tables import MeetingPaperRow


class PaperKind(StrEnum):
    ROLL = "roll"  # biên bản điểm danh
    NOTICE = "notice"  # thông báo kết luận


class MeetingPaper(msgspec.Struct, frozen=True, kw_only=True):
    """`revision` 0: nobody saved it yet, its text is the draft."""

    text: str
    number: int | None = None
    revision: int = 0
    signed: Signed | None = None


class MeetingPapers:
    def __init__(self, db: Database, files: FileStore) -> None:
        self._db = db
        self._files = files

    async def of_meeting(self, meeting: Meeting, kind: PaperKind, draft: str = "") -> MeetingPaper:
        """The paper as saved, else the draft."""
        async with self._db.reading() as session:
            row = await session.get(MeetingPaperRow, (meeting.id, kind.value))
        if row is None:
            return MeetingPaper(text=draft)
        text = row.text if row.revision else draft
        return MeetingPaper(
            text=text, number=row.number, revision=row.revision, signed=_signed(row)
        )

    async def save(
        self,
        meeting: Meeting,
        kind: PaperKind,
        text: str,
        number: int | None,
        by: Account,
        now: datetime,
        *,
        revision: int,
    ) -> None:
        """Keep an edited text and its number.

        Raises:
            RequestRefused: "not-allowed", "changed-meanwhile", "wrong-state" (archived).
        """
        _check(meeting, by)
        async with self._db.session() as session:
            row = await session.get(MeetingPaperRow, (meeting.id, kind.value))
            if (0 if row is None else row.revision) != revision:
                raise RequestRefused("changed-meanwhile")
            if row is None:
                row = _new(meeting, kind)
                session.add(row)
            row.text, row.number = text[:MAX_SECTION_CHARS].strip(), number
            row.revision = revision + 1
            row.changed_at, row.changed_by = now, by.id

    async def put_signed(
        self,
        meeting: Meeting,
        kind: PaperKind,
        content: bytes,
        name: str,
        by: Account,
        now: datetime,
    ) -> None:
        """File the signed PDF.

        Raises:
            RequestRefused: "not-allowed", "wrong-state".
            Invalid: {"file": …}, it is not a PDF to keep.
        """
        _check(meeting, by)
        fault = pdf_fault(content)
        if fault is not None:
            raise Invalid({"file": fault})
        digest = await self._files.put(content)
        async with self._db.session() as session:
            row = await session.get(MeetingPaperRow, (meeting.id, kind.value))
            if row is None:
                row = _new(meeting, kind)
                row.changed_at, row.changed_by = now, by.id
                session.add(row)
            row.signed_hash, row.signed_name = digest, file_name(name)
            row.signed_at, row.signed_by = now, by.id


def _new(meeting: Meeting, kind: PaperKind) -> MeetingPaperRow:
    return MeetingPaperRow(
        meeting_id=meeting.id, kind=kind.value, text="", number=None, revision=0, signed_name=""
    )


def _signed(row: MeetingPaperRow) -> Signed | None:
    if row.signed_hash is None or row.signed_at is None:
        return None
    return Signed(digest=row.signed_hash, name=row.signed_name, at=row.signed_at)


def _check(meeting: Meeting, by: Account) -> None:
    if by.role not in WRITERS:
        raise RequestRefused("not-allowed")
    if meeting.state is MeetingState.ARCHIVED:
        raise RequestRefused("wrong-state")
