"""Documents of meetings: their versions, who sees them, what is said of them, who opened them."""

import datetime as dt

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from rooms.store.tables.base import Base, UtcDateTime


class DocumentRow(Base):
    """A document keeps its id through its versions."""

    __tablename__ = "documents"
    __table_args__ = (Index(None, "meeting_id", "position"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    meeting_id: Mapped[int] = mapped_column(ForeignKey("meetings.id", ondelete="CASCADE"))
    agenda_item_id: Mapped[int | None] = mapped_column(
        ForeignKey("agenda_items.id", ondelete="SET NULL"), index=True
    )
    position: Mapped[int]  # within the meeting
    title: Mapped[str] = mapped_column(String(300))
    visibility: Mapped[str] = mapped_column(String(20))  # "all", "chair", "sites"
    open_comments: Mapped[bool]  # what is said of it is seen by all who see it
    created_by: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    created_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    removed_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    revision: Mapped[int]  # grows with every change


class DocumentSiteRow(Base):
    """A site that sees a document which is for some sites alone."""

    __tablename__ = "document_sites"

    document_id: Mapped[int] = mapped_column(
        ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True
    )
    site_id: Mapped[int] = mapped_column(ForeignKey("sites.id"), primary_key=True, index=True)


class DocumentVersionRow(Base):
    """A file as it was uploaded. Rows are never changed but for the preview."""

    __tablename__ = "document_versions"
    __table_args__ = (UniqueConstraint("document_id", "number"), Index(None, "preview"))

    id: Mapped[int] = mapped_column(primary_key=True)
    document_id: Mapped[int] = mapped_column(ForeignKey("documents.id", ondelete="CASCADE"))
    number: Mapped[int]  # 1, 2, 3, …
    digest: Mapped[str] = mapped_column(String(64))  # SHA-256: where the file is
    name: Mapped[str] = mapped_column(String(300))  # as it was called
    kind: Mapped[str] = mapped_column(String(20))  # as its content says: "pdf", "docx", …
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    note: Mapped[str] = mapped_column(String(300))  # what changed
    uploaded_by: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    uploaded_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    preview: Mapped[str] = mapped_column(String(20))  # "none", "waiting", "ready", "failed"
    preview_digest: Mapped[str | None] = mapped_column(String(64))  # a PDF


class DocumentCommentRow(Base):
    """What a delegate says of a document before the meeting."""

    __tablename__ = "document_comments"

    id: Mapped[int] = mapped_column(primary_key=True)
    document_id: Mapped[int] = mapped_column(
        ForeignKey("documents.id", ondelete="CASCADE"), index=True
    )
    number: Mapped[int]  # the version that was seen
    at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    author: Mapped[str] = mapped_column(String(40))  # "account:7" or "link:12"
    by: Mapped[str] = mapped_column(String(300))
    text: Mapped[str] = mapped_column(Text)


class DocumentReadRow(Base):
    """Who opened which version, first and last."""

    __tablename__ = "document_reads"

    document_id: Mapped[int] = mapped_column(
        ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(primary_key=True)
    reader: Mapped[str] = mapped_column(String(40), primary_key=True)  # as `author` above
    by: Mapped[str] = mapped_column(String(300))
    first_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    last_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    times: Mapped[int]
