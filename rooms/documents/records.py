"""Documents of meetings as data."""

from datetime import datetime
from enum import StrEnum

import msgspec

from rooms.documents.kinds import PICTURES, Kind


class Visibility(StrEnum):
    ALL = "all"  # everybody who is invited
    CHAIR = "chair"  # those who lead the meeting, and the secretariat
    SITES = "sites"  # some sites, those who lead, and the secretariat


class Preview(StrEnum):
    NONE = "none"  # the file itself is shown, or nothing can be
    WAITING = "waiting"  # to be converted
    READY = "ready"
    FAILED = "failed"


class Version(msgspec.Struct, frozen=True, kw_only=True):
    number: int
    digest: str
    name: str  # of the file, with the ending its content asks for
    kind: Kind
    size_bytes: int
    note: str
    uploaded_by: str
    uploaded_at: datetime
    preview: Preview = Preview.NONE
    preview_digest: str | None = None

    @property
    def shown_as(self) -> str:
        """How a page shows it: "pdf", "picture", "text", or "" not at all."""
        if self.kind is Kind.PDF or self.preview is Preview.READY:
            return "pdf"
        if self.kind in PICTURES:
            return "picture"
        return "text" if self.kind is Kind.TEXT else ""


class Document(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    meeting_id: int
    agenda_item_id: int | None
    position: int
    title: str
    visibility: Visibility
    sites: frozenset[int]
    open_comments: bool
    versions: tuple[Version, ...]  # the newest first
    revision: int
    comments: int = 0
    readers: int = 0  # of the newest version

    @property
    def current(self) -> Version:
        return self.versions[0]

    def version(self, number: int) -> Version | None:
        return next((one for one in self.versions if one.number == number), None)


class DocumentDraft(msgspec.Struct, frozen=True, kw_only=True):
    """What the form says about a document, beside its file."""

    title: str = ""  # "": the name of the file
    agenda_item_id: int | None = None
    visibility: Visibility = Visibility.ALL
    sites: frozenset[int] = frozenset()
    open_comments: bool = False


class Reader(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks for documents of a meeting."""

    key: str  # "account:7", "link:12"
    name: str
    invited: bool  # to the meeting, or watches over it
    edits: bool = False  # the secretariat
    leads: bool = False  # chair, deputy, co-chairs
    sites: frozenset[int] = frozenset()  # those the reader sits at


class Comment(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    number: int  # the version that was seen
    at: datetime
    author: str
    by: str
    text: str


class Read(msgspec.Struct, frozen=True, kw_only=True):
    number: int
    by: str
    first_at: datetime
    last_at: datetime
    times: int


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    file_bytes: int = 50_000_000
    meeting_bytes: int = 500_000_000  # all versions of all documents
    kinds: frozenset[Kind] = frozenset(Kind)
