"""Times and names as official letters write them. Pure; letters are always in Vietnamese."""

from datetime import date, datetime

from rooms.meetings.meetings import LOCAL

_WEEKDAYS = ("thứ Hai", "thứ Ba", "thứ Tư", "thứ Năm", "thứ Sáu", "thứ Bảy", "Chủ nhật")


def clock_words(at: datetime) -> str:
    """ "08 giờ 00 phút", in the province's time."""
    local = at.astimezone(LOCAL)
    return f"{local:%H} giờ {local:%M} phút"


def day_words(day: date) -> str:
    """ "ngày 05 tháng 02 năm 2018 (thứ Hai)": a zero before days below 10, months 1 and 2."""
    month = f"{day.month:02d}" if day.month < 3 else str(day.month)
    return f"ngày {day.day:02d} tháng {month} năm {day.year} ({_WEEKDAYS[day.weekday()]})"


def time_words(start: datetime, end: datetime) -> str:
    """ "Từ 08 giờ 00 phút đến 11 giờ 30 phút, ngày 26 tháng 6 năm 2018 (thứ Ba)"."""
    first, last = start.astimezone(LOCAL).date(), end.astimezone(LOCAL).date()
    if first == last:
        return f"Từ {clock_words(start)} đến {clock_words(end)}, {day_words(first)}"
    return f"Từ {clock_words(start)}, {day_words(first)} đến {clock_words(end)}, {day_words(last)}"


def short_time(at: datetime) -> str:
    """ "08:00 ngày 26/6/2018"."""
    local = at.astimezone(LOCAL)
    return f"{local:%H:%M} ngày {short_day(local.date())}"


def short_day(day: date) -> str:
    """ "26/6/2018"."""
    return f"{day.day:02d}/{day.month}/{day.year}"


def comrade(name: str) -> str:
    """How the Party addresses whom the State calls "Ông" or "Bà"."""
    for honorific in ("Ông ", "Bà "):
        if name.startswith(honorific):
            return f"Đồng chí {name.removeprefix(honorific)}"
    return name


def with_position(name: str, position: str) -> str:
    return f"{name}, {position}" if position else name
