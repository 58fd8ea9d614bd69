"""Documents of meetings: the shell over the store and the files. Rights are decided in `core`."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from rooms.documents import core
from rooms.documents.clamd import Clamd, Finding
from rooms.documents.kinds import OFFICE, Kind, identify, named
from rooms.documents.loading import load
from rooms.documents.pages import PageImages
from rooms.documents.records import (
    Document,
    DocumentDraft,
    Limits,
    Preview,
    Reader,
    Visibility,
)
from rooms.documents.talk import Talk
from rooms.errors import N_, Invalid, RequestRefused
from rooms.meetings.records import Meeting
from rooms.store.database import Database
from rooms.store.files import FileStore, Incoming
from rooms.store.tables import (
    DocumentRow,
    DocumentSiteRow,
    DocumentVersionRow,
)

KEPT_AFTER_REMOVAL = timedelta(days=30)  # a document that was removed by mistake
SWEPT_AFTER_S = 24 * 3600.0

UNKNOWN_KIND = N_("Tệp này không thuộc loại được nhận, có macro hoặc đã hỏng.")
INFECTED = N_("Tệp có mã độc nên không được nhận. Xin báo cán bộ kỹ thuật.")
UNSCANNED = N_("Chưa quét được mã độc nên chưa nhận tệp. Xin thử lại hoặc báo cán bộ kỹ thuật.")
TOO_LARGE = N_("Tệp lớn quá mức cho phép.")
EMPTY = N_("Chọn tệp để tải lên.")
FULL = N_("Cuộc họp này đã có quá nhiều tài liệu.")


class Documents(Talk):
    """
    Args:
        folder: where files are kept, named by their content.
        clamd: asked about every file that comes in; None: files are not scanned.
        quarantine: where infected files go; None: they are deleted at once.
        converts: office files wait for a job that makes PDFs of them.
    """

    def __init__(
        self,
        db: Database,
        folder: Path,
        limits: Limits | None = None,
        *,
        clamd: Clamd | None = None,
        quarantine: Path | None = None,
        converts: bool = False,
    ) -> None:
        super().__init__(db)
        self.files = FileStore(folder)
        self.pages = PageImages(self.files, folder.with_name(f"{folder.name}-pages"))
        self.limits = limits or Limits()
        self.converts = converts
        self._clamd = clamd
        self._quarantine = quarantine

    # ------------------------------------------------------------ reading

    async def of_meeting(self, meeting: Meeting, reader: Reader) -> list[Document]:
        """The documents a reader sees, in their order."""
        async with self._db.reading() as session:
            found = await load(session, _of_meeting(meeting.id))
        return [one for one in found if core.sees(reader, one, meeting.state)]

    async def get(self, meeting: Meeting, document_id: int, reader: Reader) -> Document:
        """
        Raises:
            RequestRefused: "not-found", also when the reader must not know of it.
        """
        async with self._db.reading() as session:
            found = await load(session, _of_meeting(meeting.id, document_id))
        if not found or not core.sees(reader, found[0], meeting.state):
            raise RequestRefused("not-found")
        return found[0]

    async def used_bytes(self, meeting_id: int) -> int:
        """What the files of a meeting take, all versions counted."""
        query = (
            select(func.coalesce(func.sum(DocumentVersionRow.size_bytes), 0))
            .join(DocumentRow, DocumentRow.id == DocumentVersionRow.document_id)
            .where(DocumentRow.meeting_id == meeting_id, DocumentRow.removed_at.is_(None))
        )
        async with self._db.reading() as session:
            return int(await session.scalar(query) or 0)

    # ------------------------------------------------------------ files

    async def check(self, incoming: Incoming, name: str) -> tuple[Kind, str]:
        """What a finished upload is, and its name; it may not go on otherwise.

        Raises:
            Invalid: {"file": …}: empty, too large, of no kind that is taken, infected, unscanned.
        """
        if incoming.size_bytes == 0:
            raise Invalid({"file": EMPTY})
        if incoming.size_bytes > self.limits.file_bytes:
            raise Invalid({"file": TOO_LARGE})
        kind = await asyncio.to_thread(_identify, incoming.path)
        if kind is None or kind not in self.limits.kinds:
            raise Invalid({"file": UNKNOWN_KIND})
        await self._scan(incoming)
        return kind, named(name.strip()[-200:], kind)

    async def _scan(self, incoming: Incoming) -> None:
        if self._clamd is None:
            return
        scan = await self._clamd.scan(incoming.path)
        if scan.finding is Finding.UNKNOWN:
            raise Invalid({"file": UNSCANNED})
        if scan.finding is Finding.INFECTED:
            if self._quarantine is not None:
                await asyncio.to_thread(_set_aside, incoming, self._quarantine)
            raise Invalid({"file": INFECTED})

    # ------------------------------------------------------------ changing

    async def add(
        self,
        meeting: Meeting,
        draft: DocumentDraft,
        incoming: Incoming,
        name: str,
        by: int,
        now: datetime,
    ) -> int:
        """A new document with its first version, at the end of the list; its id.

        Raises:
            Invalid: with a text for each field at fault.
        """
        errors = _faults(meeting, draft)
        if errors:
            raise Invalid(errors)
        await self._room(meeting.id, incoming)
        kind, name = await self.check(incoming, name)
        await self.files.keep(incoming)
        async with self._db.session() as session:
            count, last = (await session.execute(_count(meeting.id))).one()
            if count >= core.MAX_DOCUMENTS:
                raise Invalid({"form": FULL})
            row = DocumentRow(
                meeting_id=meeting.id, position=(last or 0) + 1, created_by=by, created_at=now
            )
            row.revision = 0
            _fill(row, draft, name)
            session.add(row)
            await session.flush()
            session.add_all(_sites(row.id, draft))
            session.add(self._version(row.id, 1, incoming, kind, name, "", by, now))
            return row.id

    async def _room(self, meeting_id: int, incoming: Incoming) -> None:
        used = await self.used_bytes(meeting_id)
        if incoming.size_bytes > core.room_left(self.limits, used):
            raise Invalid({"file": TOO_LARGE})

    def _version(
        self,
        document_id: int,
        number: int,
        incoming: Incoming,
        kind: Kind,
        name: str,
        note: str,
        by: int,
        now: datetime,
    ) -> DocumentVersionRow:
        waits = self.converts and kind in OFFICE
        return DocumentVersionRow(
            document_id=document_id,
            number=number,
            digest=incoming.digest,
            name=name,
            kind=kind.value,
            size_bytes=incoming.size_bytes,
            note=note.strip()[:300],
            uploaded_by=by,
            uploaded_at=now,
            preview=(Preview.WAITING if waits else Preview.NONE).value,
        )

    async def add_version(
        self,
        document: Document,
        incoming: Incoming,
        name: str,
        by: int,
        now: datetime,
        *,
        note: str = "",
    ) -> int:
        """A newer file of the same document; its number."""
        await self._room(document.meeting_id, incoming)
        kind, name = await self.check(incoming, name)
        await self.files.keep(incoming)
        async with self._db.session() as session:
            row = await _row(session, document.id)
            query = select(func.max(DocumentVersionRow.number))
            last = await session.scalar(query.where(DocumentVersionRow.document_id == document.id))
            number = (last or 0) + 1
            row.revision += 1
            session.add(self._version(document.id, number, incoming, kind, name, note, by, now))
        return number

    async def change(
        self,
        meeting: Meeting,
        document: Document,
        draft: DocumentDraft,
        revision: int | None = None,
    ) -> None:
        """Title, place in the agenda, who sees it.

        Raises:
            Invalid: with a text for each field at fault.
            RequestRefused: "changed-meanwhile".
        """
        errors = _faults(meeting, draft)
        if errors:
            raise Invalid(errors)
        async with self._db.session() as session:
            row = await _row(session, document.id)
            if revision is not None and revision != row.revision:
                raise RequestRefused("changed-meanwhile")
            _fill(row, draft, row.title)
            await session.execute(
                delete(DocumentSiteRow).where(DocumentSiteRow.document_id == row.id)
            )
            session.add_all(_sites(row.id, draft))

    async def move(self, document: Document, steps: int) -> None:
        """Up (-1) or down (+1) in the list of the meeting."""
        async with self._db.session() as session:
            rows = list(await session.scalars(_rows(document.meeting_id)))
            at = next((i for i, row in enumerate(rows) if row.id == document.id), None)
            if at is None:
                raise RequestRefused("not-found")
            rows.insert(max(0, min(at + steps, len(rows) - 1)), rows.pop(at))
            for position, row in enumerate(rows, start=1):
                row.position = position

    async def remove(self, document: Document, now: datetime) -> None:
        """Out of sight at once; the files go some time later."""
        async with self._db.session() as session:
            (await _row(session, document.id)).removed_at = now

    # ------------------------------------------------------------ in the background

    async def waiting(self) -> list[tuple[int, Path, Kind]]:
        """Versions to be converted, the oldest first: id, file, kind."""
        query = (
            select(DocumentVersionRow)
            .where(DocumentVersionRow.preview == Preview.WAITING.value)
            .order_by(DocumentVersionRow.id)
        )
        async with self._db.reading() as session:
            rows = (await session.scalars(query)).all()
        return [(row.id, self.files.path(row.digest), Kind(row.kind)) for row in rows]

    async def converted(self, version_id: int, pdf: Incoming | None) -> None:
        """The picture of a version is there; None: it could not be made."""
        digest = await self.files.keep(pdf) if pdf is not None else None
        state = Preview.READY if digest else Preview.FAILED
        async with self._db.session() as session:
            await session.execute(
                update(DocumentVersionRow)
                .where(DocumentVersionRow.id == version_id)
                .values(preview=state.value, preview_digest=digest)
            )

    async def sweep(self, now: datetime, older_than_s: float = SWEPT_AFTER_S) -> int:
        """Forget documents removed long ago, and files no version needs; how many files went."""
        async with self._db.session() as session:
            await session.execute(
                delete(DocumentRow).where(DocumentRow.removed_at < now - KEPT_AFTER_REMOVAL)
            )
            columns = (DocumentVersionRow.digest, DocumentVersionRow.preview_digest)
            rows = (await session.execute(select(*columns))).all()
        needed = {digest for row in rows for digest in row if digest}
        await self.pages.sweep(needed)
        return await self.files.sweep(needed, older_than_s)


def _identify(path: Path) -> Kind | None:
    with path.open("rb") as file:
        return identify(file)


def _set_aside(incoming: Incoming, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{incoming.digest}.quarantined"
    incoming.path.replace(target)
    target.chmod(0o400)


def _of_meeting(meeting_id: int, document_id: int | None = None) -> ColumnElement[bool]:
    wanted = (DocumentRow.meeting_id == meeting_id) & DocumentRow.removed_at.is_(None)
    return wanted if document_id is None else wanted & (DocumentRow.id == document_id)


def _rows(meeting_id: int):  # type: ignore[no-untyped-def]
    query = select(DocumentRow).where(_of_meeting(meeting_id))
    return query.order_by(DocumentRow.position, DocumentRow.id)


def _count(meeting_id: int):  # type: ignore[no-untyped-def]
    return select(func.count(), func.max(DocumentRow.position)).where(_of_meeting(meeting_id))


async def _row(session: AsyncSession, document_id: int) -> DocumentRow:
    row = await session.get(DocumentRow, document_id)
    if row is None or row.removed_at is not None:
        raise RequestRefused("not-found")
    return row


def _faults(meeting: Meeting, draft: DocumentDraft) -> dict[str, str]:
    invited = frozenset(site.site_id for site in meeting.sites)
    agenda = frozenset(item.id for item in meeting.agenda if item.id is not None)
    return core.faults(draft, invited, agenda)


def _fill(row: DocumentRow, draft: DocumentDraft, name: str) -> None:
    row.title = draft.title.strip() or name
    row.agenda_item_id = draft.agenda_item_id
    row.visibility = draft.visibility.value
    row.open_comments = draft.open_comments
    row.revision += 1


def _sites(document_id: int, draft: DocumentDraft) -> Sequence[DocumentSiteRow]:
    if draft.visibility is not Visibility.SITES:
        return []
    return [DocumentSiteRow(document_id=document_id, site_id=site) for site in sorted(draft.sites)]
