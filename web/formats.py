"""Dates, times and numbers the way a Vietnamese office writes them, and in English.

All instants are aware datetimes or UTC epoch seconds; they are shown in Asia/Ho_Chi_Minh,
whatever zone the browser has.
"""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from web.i18n import current_language, ngettext
from web.i18n import gettext as _

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")

_WEEKDAYS_VI = ("Thứ Hai", "Thứ Ba", "Thứ Tư", "Thứ Năm", "Thứ Sáu", "Thứ Bảy", "Chủ nhật")
_WEEKDAYS_EN = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS_EN = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


def local(at: datetime | float) -> datetime:
    """`at` in the province's time zone."""
    if isinstance(at, datetime):
        return at.astimezone(ZONE)
    return datetime.fromtimestamp(at, ZONE)


def _day(value: date | datetime | float) -> date:
    if isinstance(value, datetime | float | int):
        return local(value).date()
    return value


def clock(at: datetime | float) -> str:
    """``08:00``, 24 hours."""
    return f"{local(at):%H:%M}"


def clock_seconds(at: datetime | float) -> str:
    """``08:00:05``."""
    return f"{local(at):%H:%M:%S}"


def end_clock(end: datetime, start: datetime) -> str:
    """``10:30``; with the day when it is not that of the start: ``02:30, 26/11``."""
    if local(end).date() == local(start).date():
        return clock(end)
    return f"{clock(end)}, {day_month(end)}"


def weekday(value: date | datetime) -> str:
    """``Thứ Ba``, ``Tuesday``."""
    names = _WEEKDAYS_VI if current_language() == "vi" else _WEEKDAYS_EN
    return names[_day(value).weekday()]


def long_date(value: date | datetime) -> str:
    """``Thứ Ba, ngày 24 tháng 11 năm 2026``, ``Tuesday, 24 November 2026``."""
    day = _day(value)
    if current_language() == "vi":
        return f"{weekday(day)}, ngày {day.day} tháng {day.month} năm {day.year}"
    return f"{weekday(day)}, {day.day} {_MONTHS_EN[day.month - 1]} {day.year}"


def short_date(value: date | datetime | float) -> str:
    """``24/11/2026``."""
    day = _day(value)
    return f"{day.day:02d}/{day.month:02d}/{day.year}"


def iso_date(value: date | datetime | float) -> str:
    """``2026-11-24``, for addresses."""
    return _day(value).isoformat()


def day_month(value: date | datetime) -> str:
    """``24/11``."""
    day = _day(value)
    return f"{day.day}/{day.month}"


_SWAPPED = str.maketrans(",.", ".,")


def decimal(value: float, places: int = 1) -> str:
    """``84,2`` in Vietnamese, ``84.2`` in English; thousands ``1.530`` and ``1,530``."""
    text = f"{value:,.{places}f}"
    if current_language() == "vi":
        text = text.translate(_SWAPPED)
    return text


def rate(kbps: int | None) -> str:
    """A ceiling: ``512 kbit/s``, ``2 Mbit/s``; None: there is none."""
    if kbps is None:
        return _("Không giới hạn")
    return f"{kbps} kbit/s" if kbps % 1000 else f"{kbps // 1000} Mbit/s"


def file_size(size_bytes: int) -> str:
    """``412 kB``, ``1,8 MB``, ``2,1 GB`` (powers of ten)."""
    if size_bytes < 1_000_000:
        return f"{decimal(size_bytes / 1000, 0)} kB"
    if size_bytes < 1_000_000_000:
        return f"{decimal(size_bytes / 1_000_000)} MB"
    return f"{decimal(size_bytes / 1_000_000_000)} GB"


def duration(seconds: float) -> str:
    """``2 giờ 55 phút``, ``12 phút``, ``40 giây``."""
    minutes = int(seconds) // 60
    if minutes < 1:
        return ngettext("%(n)d giây", "%(n)d giây", int(seconds)) % {"n": int(seconds)}
    hours, rest = divmod(minutes, 60)
    parts = []
    if hours:
        parts.append(ngettext("%(n)d giờ", "%(n)d giờ", hours) % {"n": hours})
    if rest or not hours:
        parts.append(ngettext("%(n)d phút", "%(n)d phút", rest) % {"n": rest})
    return " ".join(parts)


def wait(span: timedelta) -> tuple[str, str]:
    """A countdown as a large number and its unit: ``("26", "phút")``, ``("3", "giờ")``."""
    minutes = max(0, -(-int(span.total_seconds()) // 60))
    if minutes < 120:
        return str(minutes), _("phút")
    if minutes < 48 * 60:
        return str(minutes // 60), _("giờ")
    return str(minutes // (24 * 60)), _("ngày")
