"""The documents of meetings, as a live meeting shows them page by page."""

from dataclasses import dataclass
from typing import Protocol

from rooms.errors import RequestRefused
from rooms.session import commands as c
from rooms.session.model import MeetingId, SeatId, ShownDocument


@dataclass(frozen=True, slots=True, kw_only=True)
class Paged:
    """A document that can be shown page by page."""

    version: int
    title: str
    pages: int


class Shelf(Protocol):
    async def shown(self, meeting_id: int, document_id: int, version: int | None) -> Paged:
        """The newest version, or the one named.

        Raises:
            RequestRefused: "unknown-document", "document-waits", "document-unreadable",
                "document-restricted".
        """
        ...


async def looked_up(
    shelf: Shelf | None, meeting: MeetingId, command: c.OpenDocument, by: SeatId
) -> c.PresentDocument:
    """
    Raises:
        RequestRefused: as `Shelf.shown`.
    """
    if shelf is None:
        raise RequestRefused("unknown-document")
    found = await shelf.shown(meeting, command.document, command.version)
    shown = ShownDocument(
        id=command.document,
        version=found.version,
        title=found.title,
        pages=found.pages,
        page=command.page,
        by=by,
    )
    return c.PresentDocument(document=shown)
