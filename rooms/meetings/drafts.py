"""What a schedule form must hold before it becomes a meeting. Pure."""

import re
from collections.abc import Iterable
from datetime import datetime, time, timedelta
from enum import StrEnum

import msgspec

from rooms.errors import N_

MAX_TITLE_CHARS = 200
MAX_LINES = 50
MAX_LINE_CHARS = 300
MAX_MINUTES = 600
MAX_SITES = 500
MAX_NOTES_CHARS = 4000
MAX_COMPOSITION_CHARS = 1000
MAX_DELEGATES = 10_000  # at one site
MAX_STAFF = 20
MAX_DURATION = timedelta(hours=24)
MAX_AHEAD = timedelta(days=5 * 366)
NOT_SECRET = "none"
_SHORT_NAME = re.compile(r"(?=.*[a-z])[a-z0-9-]{2,40}")


class MeetingKind(StrEnum):
    """What a meeting is called; "họp đột xuất" needs no notice period."""

    MEETING = "meeting"
    BRIEFING = "briefing"
    REGULAR = "regular"
    EMERGENCY = "emergency"
    CONFERENCE = "conference"
    DEPLOYMENT = "deployment"
    PRELIMINARY_REVIEW = "preliminary-review"
    FINAL_REVIEW = "final-review"
    STUDY = "study"
    TRAINING = "training"
    SEMINAR = "seminar"
    CONSULTATION = "consultation"
    SESSION = "session"
    COUNCIL = "council"


KIND_NAMES = {
    MeetingKind.MEETING: N_("Cuộc họp"),
    MeetingKind.BRIEFING: N_("Họp giao ban"),
    MeetingKind.REGULAR: N_("Họp thường kỳ"),
    MeetingKind.EMERGENCY: N_("Họp đột xuất"),
    MeetingKind.CONFERENCE: N_("Hội nghị"),
    MeetingKind.DEPLOYMENT: N_("Hội nghị triển khai nhiệm vụ"),
    MeetingKind.PRELIMINARY_REVIEW: N_("Hội nghị sơ kết"),
    MeetingKind.FINAL_REVIEW: N_("Hội nghị tổng kết"),
    MeetingKind.STUDY: N_("Hội nghị học tập, quán triệt nghị quyết"),
    MeetingKind.TRAINING: N_("Tập huấn"),
    MeetingKind.SEMINAR: N_("Hội thảo"),
    MeetingKind.CONSULTATION: N_("Họp lấy ý kiến"),
    MeetingKind.SESSION: N_("Phiên họp"),
    MeetingKind.COUNCIL: N_("Kỳ họp"),
}


class Duty(StrEnum):
    """What somebody does for one meeting, whatever their account may do elsewhere."""

    CHAIR = "chair"  # one of several who chair together
    SECRETARY = "secretary"
    TECHNICIAN = "technician"


class AgendaItem(msgspec.Struct, frozen=True, kw_only=True):
    """`id` stays when the agenda is put in another order; None: a new item."""

    id: int | None = None
    position: int  # 1, 2, 3, …
    title: str
    start: time | None = None  # local time of day
    presenter: str = ""
    minutes: int | None = None


class DraftSite(msgspec.Struct, frozen=True, kw_only=True):
    """An invited site, and whom it is to bring."""

    site_id: int
    composition: str = ""  # thành phần, as the letter says it
    delegates: int | None = None  # how many


class OnDuty(msgspec.Struct, frozen=True, kw_only=True):
    account_id: int
    duty: Duty


class MeetingDraft(msgspec.Struct, frozen=True, kw_only=True):
    """What the schedule form collects. `start` and `end` are aware datetimes."""

    title: str
    start: datetime | None
    end: datetime | None
    host_unit_id: int | None
    chair_id: int | None  # account
    sites: tuple[DraftSite, ...]
    kind: MeetingKind = MeetingKind.MEETING
    deputy_id: int | None = None  # account: chairs when the chair cannot
    staff: tuple[OnDuty, ...] = ()
    main_site_id: int | None = None
    venue: str = ""  # the hall of the main site
    agenda: tuple[AgendaItem, ...] = ()
    secrecy: str = NOT_SECRET  # anything else is refused: no meeting with state secrets
    notes: str = ""  # what the notice says beside the facts
    public: bool = False  # shown on the province's portal
    short_name: str | None = None  # stands for the id in addresses

    @property
    def site_ids(self) -> tuple[int, ...]:
        return tuple(site.site_id for site in self.sites)


def draft_sites(site_ids: Iterable[int]) -> tuple[DraftSite, ...]:
    """Sites that are invited without a word on who comes."""
    return tuple(DraftSite(site_id=site_id) for site_id in dict.fromkeys(site_ids))


def faults(draft: MeetingDraft, now: datetime) -> dict[str, str]:
    """A msgid for every field at fault, as far as the form alone tells; empty: all is well."""
    found = {
        "title": _title(draft),
        "start": _start(draft, now),
        "end": _end(draft, now),
        "host_unit_id": N_("Chọn đơn vị chủ trì.") if draft.host_unit_id is None else None,
        "chair_id": N_("Chọn người chủ trì.") if draft.chair_id is None else None,
        "deputy_id": _deputy(draft),
        "staff": N_("Phân công quá nhiều người.") if len(draft.staff) > MAX_STAFF else None,
        "site_ids": _sites(draft),
        "main_site_id": _main_site(draft),
        "venue": N_("Địa điểm dài quá 200 ký tự.") if len(draft.venue) > MAX_TITLE_CHARS else None,
        "agenda": _agenda(draft),
        "notes": N_("Nội dung thông báo dài quá.") if len(draft.notes) > MAX_NOTES_CHARS else None,
        "secrecy": _secrecy(draft),
        "short_name": _short_name(draft),
    }
    return {field: text for field, text in found.items() if text is not None}


def _title(draft: MeetingDraft) -> str | None:
    if not draft.title.strip():
        return N_("Nhập tên cuộc họp.")
    if len(draft.title.strip()) > MAX_TITLE_CHARS:
        return N_("Tên cuộc họp dài quá 200 ký tự.")
    return None


def _start(draft: MeetingDraft, now: datetime) -> str | None:
    if draft.start is None:
        return N_("Chọn thời gian bắt đầu.")
    return N_("Thời gian này quá xa.") if draft.start > now + MAX_AHEAD else None


def _end(draft: MeetingDraft, now: datetime) -> str | None:
    if draft.end is None:
        return N_("Chọn thời gian kết thúc.")
    if draft.start is None:
        return None
    if draft.end <= draft.start:
        return N_("Thời gian kết thúc phải sau thời gian bắt đầu.")
    if draft.end - draft.start > MAX_DURATION:
        return N_("Cuộc họp dài quá 24 giờ.")
    return N_("Thời gian này đã qua.") if draft.end <= now else None


def _deputy(draft: MeetingDraft) -> str | None:
    if draft.deputy_id is None or draft.deputy_id != draft.chair_id:
        return None
    return N_("Người chủ trì thay phải là người khác.")


def _sites(draft: MeetingDraft) -> str | None:
    if not draft.sites:
        return N_("Chọn ít nhất một điểm cầu.")
    if len(draft.sites) > MAX_SITES:
        return N_("Chọn quá nhiều điểm cầu.")
    for site in draft.sites:
        if site.delegates is not None and not 0 <= site.delegates <= MAX_DELEGATES:
            return N_("Số đại biểu tại một điểm cầu là số từ 0 đến 10.000.")
        if len(site.composition) > MAX_COMPOSITION_CHARS:
            return N_("Thành phần tại một điểm cầu dài quá 1.000 ký tự.")
    return None


def _main_site(draft: MeetingDraft) -> str | None:
    if draft.main_site_id is None or draft.main_site_id in draft.site_ids:
        return None
    return N_("Điểm cầu chính phải là một điểm cầu được mời.")


def _agenda(draft: MeetingDraft) -> str | None:
    if len(draft.agenda) > MAX_LINES:
        return N_("Chương trình có quá nhiều nội dung.")
    for item in draft.agenda:
        if not item.title.strip():
            return N_("Nội dung chương trình không được để trống.")
        if len(item.title) > MAX_LINE_CHARS or len(item.presenter) > MAX_TITLE_CHARS:
            return N_("Nội dung chương trình quá dài.")
        if item.minutes is not None and not 1 <= item.minutes <= MAX_MINUTES:
            return N_("Thời lượng phải từ 1 đến 600 phút.")
    return None


def _secrecy(draft: MeetingDraft) -> str | None:
    if draft.secrecy == NOT_SECRET:
        return None
    return N_("Hệ thống chỉ dùng cho nội dung không mật.")


def _short_name(draft: MeetingDraft) -> str | None:
    if draft.short_name is None or _SHORT_NAME.fullmatch(draft.short_name):
        return None
    return N_("Tên ngắn gồm chữ thường không dấu, số và dấu gạch nối.")
