"""Which documents of a meeting can be shown to all in its room."""

from rooms.documents.loading import load
from rooms.documents.pages import PageImages
from rooms.documents.records import Document, Preview, Version, Visibility
from rooms.errors import RequestRefused
from rooms.live.shelf import Paged
from rooms.store.database import Database
from rooms.store.tables import DocumentRow


class DocumentShelf:
    def __init__(self, db: Database, pages: PageImages) -> None:
        self._db = db
        self._pages = pages

    async def shown(self, meeting_id: int, document_id: int, version: int | None) -> Paged:
        """What `rooms.live.shelf.Shelf` asks for."""
        wanted = (DocumentRow.id == document_id) & (DocumentRow.meeting_id == meeting_id)
        async with self._db.reading() as session:
            found = await load(session, wanted & DocumentRow.removed_at.is_(None))
        chosen = _version(found, version)
        if chosen is None:
            raise RequestRefused("unknown-document")
        if found[0].visibility is not Visibility.ALL:
            raise RequestRefused("document-restricted")
        digest = page_source(chosen)
        pages = None if digest is None else await self._pages.count(digest)
        if pages is None:
            raise RequestRefused("document-unreadable")
        return Paged(version=chosen.number, title=found[0].title, pages=pages)


def _version(found: list[Document], number: int | None) -> Version | None:
    if not found:
        return None
    return found[0].current if number is None else found[0].version(number)


def page_source(version: Version) -> str | None:
    """The hash of what its pages are made of; None: it has no pages.

    Raises:
        RequestRefused: "document-waits".
    """
    if version.preview is Preview.WAITING:
        raise RequestRefused("document-waits")
    if version.shown_as not in ("pdf", "picture"):
        return None
    return version.preview_digest or version.digest
