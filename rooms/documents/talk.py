"""What is said of documents before a meeting, and who opened which version."""

from datetime import datetime, timedelta

from sqlalchemy import func, select

from rooms.documents import core
from rooms.documents.records import Comment, Document, Read, Reader
from rooms.errors import Invalid, RequestRefused
from rooms.meetings.records import Meeting
from rooms.store.database import Database
from rooms.store.tables import DocumentCommentRow, DocumentReadRow, DocumentRow

READ_AGAIN_AFTER = timedelta(minutes=10)  # an opening soon after another is the same one


class Talk:
    """Comments and receipts."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def comments(self, document: Document, reader: Reader) -> list[Comment]:
        """What a reader sees of what was said, the oldest first."""
        query = select(DocumentCommentRow).where(DocumentCommentRow.document_id == document.id)
        async with self._db.reading() as session:
            rows = (await session.scalars(query.order_by(DocumentCommentRow.id))).all()
        found = [
            Comment(id=r.id, number=r.number, at=r.at, author=r.author, by=r.by, text=r.text)
            for r in rows
        ]
        return [one for one in found if core.sees_comment(reader, document, one)]

    async def comment(
        self, meeting: Meeting, document: Document, reader: Reader, text: str, now: datetime
    ) -> int:
        """
        Raises:
            Invalid: {"text": …}.
            RequestRefused: "comments-closed" once the meeting has begun.
        """
        if not core.may_comment(reader, document, meeting.state):
            raise RequestRefused("comments-closed")
        fault = core.comment_fault(text)
        if fault is not None:
            raise Invalid({"text": fault})
        row = DocumentCommentRow(
            document_id=document.id,
            number=document.current.number,
            at=now,
            author=reader.key,
            by=reader.name[:300],
            text=text.strip(),
        )
        async with self._db.session() as session:
            session.add(row)
            await session.flush()
            return row.id

    async def opened(self, document: Document, number: int, reader: Reader, now: datetime) -> None:
        """A reader opened a version."""
        async with self._db.session() as session:
            row = await session.get(DocumentReadRow, (document.id, number, reader.key))
            if row is None:
                row = DocumentReadRow(
                    document_id=document.id,
                    number=number,
                    reader=reader.key,
                    by=reader.name[:300],
                    first_at=now,
                    last_at=now,
                    times=0,
                )
                session.add(row)
            if row.times and now - row.last_at < READ_AGAIN_AFTER:
                return
            row.last_at = now
            row.times += 1

    async def seen_by(self, meeting_id: int, reader: Reader) -> dict[int, int]:
        """The newest version a reader opened, by document."""
        query = (
            select(DocumentReadRow.document_id, func.max(DocumentReadRow.number))
            .join(DocumentRow, DocumentRow.id == DocumentReadRow.document_id)
            .where(DocumentRow.meeting_id == meeting_id, DocumentReadRow.reader == reader.key)
            .group_by(DocumentReadRow.document_id)
        )
        async with self._db.reading() as session:
            return dict((await session.execute(query)).all())

    async def reads(self, document: Document) -> list[Read]:
        """Who opened which version, the newest version first."""
        query = (
            select(DocumentReadRow)
            .where(DocumentReadRow.document_id == document.id)
            .order_by(
                DocumentReadRow.number.desc(), DocumentReadRow.first_at, DocumentReadRow.reader
            )
        )
        async with self._db.reading() as session:
            return [
                Read(
                    number=r.number, by=r.by, first_at=r.first_at, last_at=r.last_at, times=r.times
                )
                for r in await session.scalars(query)
            ]


def _read(row: DocumentReadRow) -> Read:
    return Read(
        number=row.number,
        by=row.by,
        first_at=row.first_at,
        last_at=row.last_at,
        times=row.times,
    )
