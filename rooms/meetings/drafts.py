"""What a schedule form must hold before it becomes a meeting. Pure."""

import re
from datetime import datetime, time, timedelta

import msgspec

from rooms.errors import N_

MAX_TITLE_CHARS = 200
MAX_LINES = 50
MAX_LINE_CHARS = 300
MAX_MINUTES = 600
MAX_SITES = 500
MAX_DURATION = timedelta(hours=24)
NOT_SECRET = "none"
_SHORT_NAME = re.compile(r"(?=.*[a-z])[a-z0-9-]{2,40}")


class AgendaItem(msgspec.Struct, frozen=True, kw_only=True):
    position: int  # 1, 2, 3, …
    title: str
    start: time | None = None  # local time of day
    presenter: str = ""
    minutes: int | None = None


class MeetingDraft(msgspec.Struct, frozen=True, kw_only=True):
    """What the schedule form collects. `start` and `end` are aware datetimes."""

    title: str
    start: datetime | None
    end: datetime | None
    host_unit_id: int | None
    chair_id: int | None  # account
    site_ids: tuple[int, ...]
    agenda: tuple[AgendaItem, ...] = ()
    secrecy: str = NOT_SECRET  # anything else is refused: no meeting with state secrets
    notes: str = ""
    short_name: str | None = None  # stands for the id in addresses


def faults(draft: MeetingDraft, now: datetime) -> dict[str, str]:
    """A msgid for every field at fault, as far as the form alone tells; empty: all is well."""
    found = {
        "title": _title(draft),
        "start": N_("Chọn thời gian bắt đầu.") if draft.start is None else None,
        "end": _end(draft, now),
        "host_unit_id": N_("Chọn đơn vị chủ trì.") if draft.host_unit_id is None else None,
        "chair_id": N_("Chọn người chủ trì.") if draft.chair_id is None else None,
        "site_ids": _sites(draft),
        "agenda": _agenda(draft),
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


def _sites(draft: MeetingDraft) -> str | None:
    if not draft.site_ids:
        return N_("Chọn ít nhất một điểm cầu.")
    return N_("Chọn quá nhiều điểm cầu.") if len(draft.site_ids) > MAX_SITES else None


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
