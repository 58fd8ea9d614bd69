"""The audit record: who did what to the service, apart from the log of a meeting."""

from datetime import datetime
from enum import StrEnum

import msgspec
from sqlalchemy import select

from rooms.directory.accounts import Account
from rooms.store.database import Database
from rooms.store.tables import AccountRow, AuditEntryRow

RECENT = 200


class Action(StrEnum):
    DUMP_STARTED = "dump-started"
    DUMP_STOPPED = "dump-stopped"
    DUMP_DOWNLOADED = "dump-downloaded"
    TOKEN_MADE = "token-made"
    TOKEN_REVOKED = "token-revoked"
    WEBHOOK_CHANGED = "webhook-changed"
    DELEGATES_EXPORTED = "delegates-exported"
    DOCUMENT_REMOVED = "document-removed"
    CALENDAR_DAY_SET = "calendar-day-set"
    OFFICE_HOURS_SET = "office-hours-set"
    DIRECTORY_CHANGED = "directory-changed"
    LIST_IMPORTED = "list-imported"
    LIST_EXPORTED = "list-exported"
    REFORM_CONFIRMED = "reform-confirmed"
    MEETING_FILE_EXPORTED = "meeting-file-exported"
    REFORM_CANCELLED = "reform-cancelled"
    NUMBER_GIVEN = "number-given"
    LETTER_SIGNED = "letter-signed"
    SERIES_CHANGED = "series-changed"


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    at: datetime  # UTC
    account: int
    username: str
    action: str
    meeting: int | None
    subject: str  # what it was done to: a seat, a file


class Audit:
    """Entries are never changed or removed."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def note(
        self,
        account: Account,
        action: Action,
        now: datetime,
        *,
        meeting_id: int | None = None,
        subject: str = "",
    ) -> None:
        async with self._db.session() as session:
            session.add(
                AuditEntryRow(
                    at=now,
                    account_id=account.id,
                    action=action.value,
                    meeting_id=meeting_id,
                    subject=subject,
                )
            )

    async def recent(self, limit: int = RECENT) -> list[AuditEntry]:
        """The newest first."""
        query = (
            select(AuditEntryRow, AccountRow.username)
            .join(AccountRow, AccountRow.id == AuditEntryRow.account_id)
            .order_by(AuditEntryRow.id.desc())
            .limit(limit)
        )
        async with self._db.reading() as session:
            rows = (await session.execute(query)).all()
        return [
            AuditEntry(
                at=row.at,
                account=row.account_id,
                username=username,
                action=row.action,
                meeting=row.meeting_id,
                subject=row.subject,
            )
            for row, username in rows
        ]
