"""What the sites passed before a meeting."""

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from rooms.store.tables.base import Base


class SiteCheckRow(Base):
    __tablename__ = "site_checks"

    meeting_id: Mapped[int] = mapped_column(
        ForeignKey("meetings.id", ondelete="CASCADE"), primary_key=True
    )
    site_id: Mapped[int] = mapped_column(ForeignKey("sites.id"), primary_key=True)
    results: Mapped[str] = mapped_column(Text)  # JSON of `rooms.rehearsals.checks.Results`
    devices: Mapped[int | None]
    note: Mapped[str] = mapped_column(String(300))
