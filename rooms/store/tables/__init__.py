"""Every table, for SQLite and PostgreSQL alike. `migrations/` must lead to exactly these."""

from rooms.store.tables.accounts import AccountRow, AccountSessionRow, LoginAttemptRow
from rooms.store.tables.answers import (
    AnswerHistoryRow,
    AnswerTermsRow,
    SiteAnswerRow,
    SiteDelegateRow,
)
from rooms.store.tables.api import ApiTokenRow, ReplayRow
from rooms.store.tables.base import Base, UtcDateTime
from rooms.store.tables.dates import CalendarDayRow, CalendarFeedRow, OfficeHoursRow
from rooms.store.tables.directory import (
    PersonRow,
    ReformMoveRow,
    ReformRow,
    SiteGroupMemberRow,
    SiteGroupRow,
    SiteRow,
    UnitAliasRow,
    UnitCodeRow,
    UnitLevelRow,
    UnitRow,
    UnitSuccessionRow,
    UnitVersionRow,
)
from rooms.store.tables.documents import (
    DocumentCommentRow,
    DocumentReadRow,
    DocumentRow,
    DocumentSiteRow,
    DocumentVersionRow,
)
from rooms.store.tables.invitations import MailRow, RecipientRow
from rooms.store.tables.letters import (
    LetterNumberRow,
    LetterReminderRow,
    LetterRow,
    LetterSeriesRow,
)
from rooms.store.tables.meetings import (
    AgendaItemRow,
    MeetingRevisionRow,
    MeetingRow,
    MeetingSeriesRow,
    MeetingSiteRow,
    MeetingStaffRow,
    MeetingTemplateRow,
)
from rooms.store.tables.minutes import MeetingPaperRow, MinutesRow
from rooms.store.tables.records import (
    AuditEntryRow,
    LogEntryRow,
    LogSnapshotRow,
    RecordingRow,
    RehearsalEntryRow,
)
from rooms.store.tables.rehearsals import SiteCheckRow
from rooms.store.tables.reports import (
    ReportCursorRow,
    ReportSiteRow,
    ReportUnitRow,
    SitePresenceRow,
)
from rooms.store.tables.votes import BallotBoxRow, BallotReceiptRow, RehearsalBallotRow
from rooms.store.tables.webhooks import WebhookCursorRow, WebhookDeliveryRow, WebhookRow

__all__ = [
    "AccountRow",
    "AccountSessionRow",
    "AgendaItemRow",
    "AnswerHistoryRow",
    "AnswerTermsRow",
    "ApiTokenRow",
    "AuditEntryRow",
    "BallotBoxRow",
    "BallotReceiptRow",
    "Base",
    "CalendarDayRow",
    "CalendarFeedRow",
    "DocumentCommentRow",
    "DocumentReadRow",
    "DocumentRow",
    "DocumentSiteRow",
    "DocumentVersionRow",
    "LetterNumberRow",
    "LetterReminderRow",
    "LetterRow",
    "LetterSeriesRow",
    "LogEntryRow",
    "LogSnapshotRow",
    "LoginAttemptRow",
    "MailRow",
    "MeetingPaperRow",
    "MeetingRevisionRow",
    "MeetingRow",
    "MeetingSeriesRow",
    "MeetingSiteRow",
    "MeetingStaffRow",
    "MeetingTemplateRow",
    "MinutesRow",
    "OfficeHoursRow",
    "PersonRow",
    "RecipientRow",
    "RecordingRow",
    "ReformMoveRow",
    "ReformRow",
    "RehearsalBallotRow",
    "RehearsalEntryRow",
    "ReplayRow",
    "ReportCursorRow",
    "ReportSiteRow",
    "ReportUnitRow",
    "SiteAnswerRow",
    "SiteCheckRow",
    "SiteDelegateRow",
    "SiteGroupMemberRow",
    "SiteGroupRow",
    "SitePresenceRow",
    "SiteRow",
    "UnitAliasRow",
    "UnitCodeRow",
    "UnitLevelRow",
    "UnitRow",
    "UnitSuccessionRow",
    "UnitVersionRow",
    "UtcDateTime",
    "WebhookCursorRow",
    "WebhookDeliveryRow",
    "WebhookRow",
]
