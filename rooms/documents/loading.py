"""Reading documents with their versions and counts: a few queries however many there are."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from rooms.documents.kinds import Kind
from rooms.documents.records import Document, Preview, Version, Visibility
from rooms.store.tables import (
    AccountRow,
    DocumentCommentRow,
    DocumentReadRow,
    DocumentRow,
    DocumentSiteRow,
    DocumentVersionRow,
)


async def load(session: AsyncSession, wanted: ColumnElement[bool]) -> list[Document]:
    """The documents that are wanted, in their order."""
    query = select(DocumentRow).where(wanted).order_by(DocumentRow.position, DocumentRow.id)
    rows = (await session.scalars(query)).all()
    ids = [row.id for row in rows]
    if not ids:
        return []
    versions = await _versions(session, ids)
    sites = await _sites(session, ids)
    comments = await _comment_counts(session, ids)
    readers = await _reader_counts(session, ids)
    return [
        Document(
            id=row.id,
            meeting_id=row.meeting_id,
            agenda_item_id=row.agenda_item_id,
            position=row.position,
            title=row.title,
            visibility=Visibility(row.visibility),
            sites=frozenset(sites.get(row.id, ())),
            open_comments=row.open_comments,
            versions=tuple(versions[row.id]),
            revision=row.revision,
            comments=comments.get(row.id, 0),
            readers=readers.get((row.id, versions[row.id][0].number), 0),
        )
        for row in rows
    ]


async def _versions(session: AsyncSession, ids: Sequence[int]) -> dict[int, list[Version]]:
    query = (
        select(DocumentVersionRow, AccountRow.full_name)
        .join(AccountRow, AccountRow.id == DocumentVersionRow.uploaded_by)
        .where(DocumentVersionRow.document_id.in_(ids))
        .order_by(DocumentVersionRow.number.desc())
    )
    found: dict[int, list[Version]] = {}
    for row, by in await session.execute(query):
        found.setdefault(row.document_id, []).append(
            Version(
                number=row.number,
                digest=row.digest,
                name=row.name,
                kind=Kind(row.kind),
                size_bytes=row.size_bytes,
                note=row.note,
                uploaded_by=by,
                uploaded_at=row.uploaded_at,
                preview=Preview(row.preview),
                preview_digest=row.preview_digest,
            )
        )
    return found


async def _sites(session: AsyncSession, ids: Sequence[int]) -> dict[int, list[int]]:
    query = select(DocumentSiteRow).where(DocumentSiteRow.document_id.in_(ids))
    found: dict[int, list[int]] = {}
    for row in await session.scalars(query):
        found.setdefault(row.document_id, []).append(row.site_id)
    return found


async def _comment_counts(session: AsyncSession, ids: Sequence[int]) -> dict[int, int]:
    column = DocumentCommentRow.document_id
    query = select(column, func.count()).where(column.in_(ids)).group_by(column)
    return dict((await session.execute(query)).all())


async def _reader_counts(session: AsyncSession, ids: Sequence[int]) -> dict[tuple[int, int], int]:
    columns = (DocumentReadRow.document_id, DocumentReadRow.number)
    query = (
        select(*columns, func.count())
        .where(DocumentReadRow.document_id.in_(ids))
        .group_by(*columns)
    )
    return {(one, number): count for one, number, count in await session.execute(query)}
