"""What a change of a meeting's time would do, in words for the person who decides."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from rooms.dates.hours import OfficeHours
from rooms.meetings.conflicts import Clash, Outlook
from rooms.meetings.meetings import Meeting
from web.formats import clock, end_clock, local, short_date, weekday
from web.i18n import gettext, ngettext
from web.pages.outlook_words import SUBJECT_NAMES

SITES_NAMED = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Consequence:
    level: str  # "bad": asks for a reason; "warn"; "ok"; "info"
    icon: str
    text: str
    details: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Who was told of the time that is given up."""

    letters: int
    confirmed: int


def consequences(
    meeting: Meeting, outlook: Outlook, told: Told, hours: OfficeHours, holiday: str
) -> tuple[Consequence, ...]:
    """The gravest first.

    Args:
        hours: of the host, on the new day.
        holiday: what the new day is called, "" when it has no name.
    """
    return (
        *_clashes(meeting, outlook),
        *_capacity(outlook),
        *_dates(outlook, hours, holiday),
        *_notice(outlook),
        *_told(told),
        *_rest(meeting),
    )


def _clashes(meeting: Meeting, outlook: Outlook) -> Iterator[Consequence]:
    sites = {site.site_id: site.short_name for site in meeting.sites}
    people = {meeting.chair_id: meeting.chair_name}
    people |= {member.account_id: member.name for member in meeting.staff}
    for clash in outlook.clashes:
        booking = clash.booking
        yield Consequence(
            level="bad",
            icon="alert",
            text=gettext("Trùng lịch với “%(title)s” (%(host)s), %(start)s đến %(end)s.")
            % {
                "title": booking.title,
                "host": booking.host_unit,
                "start": clock(booking.start),
                "end": end_clock(booking.end, booking.start),
            },
            details=tuple(_taken(clash, sites, people)),
        )


def _taken(clash: Clash, sites: Mapping[int, str], people: Mapping[int, str]) -> Iterator[str]:
    if clash.sites:
        names = [sites.get(site, str(site)) for site in clash.sites]
        named = ", ".join(names[:SITES_NAMED])
        more = len(names) - SITES_NAMED
        rest = ngettext("và %(n)d điểm cầu nữa", "và %(n)d điểm cầu nữa", more) % {"n": more}
        yield gettext("Điểm cầu: %(names)s") % {"names": named} + (f", {rest}" if more > 0 else "")
    if clash.hall:
        yield gettext("Cùng hội trường, phòng họp")
    for subject, account in clash.people:
        yield f"{gettext(SUBJECT_NAMES[subject])} {people.get(account, '')}"
    if clash.wins:
        yield gettext("Cuộc họp kia do cấp trên chủ trì, được ưu tiên")
    elif clash.yields:
        yield gettext("Cuộc họp kia do cấp dưới chủ trì, có thể đề nghị đổi lịch")


def _capacity(outlook: Outlook) -> Iterator[Consequence]:
    full = outlook.capacity
    if full is not None and full.exceeded:
        text = gettext("Lúc %(at)s sẽ có %(sites)d điểm cầu cùng họp, vượt mức %(limit)d.")
        values = {"at": clock(full.at), "sites": full.sites, "limit": full.limit}
        yield Consequence(level="bad", icon="alert", text=text % values)


def _dates(outlook: Outlook, hours: OfficeHours, holiday: str) -> Iterator[Consequence]:
    if outlook.day_off:
        text = gettext("Ngày mới là ngày nghỉ.")
        if holiday:
            text = gettext("Ngày mới là ngày nghỉ: %(name)s.") % {"name": holiday}
        yield Consequence(level="warn", icon="cup", text=text)
    elif outlook.off_hours:
        yield Consequence(
            level="warn",
            icon="clock",
            text=gettext("Ngoài giờ làm việc của đơn vị chủ trì (%(morning)s và %(afternoon)s).")
            % {
                "morning": f"{hours.morning_start:%H:%M}-{hours.morning_end:%H:%M}",
                "afternoon": f"{hours.afternoon_start:%H:%M}-{hours.afternoon_end:%H:%M}",
            },
        )


def _notice(outlook: Outlook) -> Iterator[Consequence]:
    notice = outlook.notice
    if notice is None or notice.exempt:
        return
    values = {
        "days": notice.days,
        "needed": notice.needed,
        "by": f"{weekday(notice.send_by)}, {short_date(notice.send_by)}",
    }
    if notice.short:
        text = ngettext(
            "Chỉ còn %(days)d ngày làm việc tới cuộc họp; giấy mời phải đến trước ít nhất "
            "%(needed)d ngày làm việc.",
            "Chỉ còn %(days)d ngày làm việc tới cuộc họp; giấy mời phải đến trước ít nhất "
            "%(needed)d ngày làm việc.",
            notice.days,
        )
        yield Consequence(level="warn", icon="timer", text=text % values)
    else:
        text = gettext("Đủ thời hạn báo trước: giấy mời cần đến nơi muộn nhất %(by)s.")
        yield Consequence(level="ok", icon="check-circle", text=text % values)


def _told(told: Told) -> Iterator[Consequence]:
    if told.letters:
        text = ngettext(
            "Giấy mời theo giờ cũ đã gửi tới %(n)d nơi nhận: phải gửi thông báo thay đổi.",
            "Giấy mời theo giờ cũ đã gửi tới %(n)d nơi nhận: phải gửi thông báo thay đổi.",
            told.letters,
        )
        yield Consequence(level="warn", icon="letter", text=text % {"n": told.letters})
    if told.confirmed:
        text = ngettext(
            "%(n)d điểm cầu đã xác nhận tham dự theo giờ cũ.",
            "%(n)d điểm cầu đã xác nhận tham dự theo giờ cũ.",
            told.confirmed,
        )
        yield Consequence(level="warn", icon="check", text=text % {"n": told.confirmed})


def _rest(meeting: Meeting) -> Iterator[Consequence]:
    if any(item.start is not None for item in meeting.agenda):
        text = gettext("Giờ của từng nội dung trong chương trình chuyển theo.")
        yield Consequence(level="info", icon="agenda", text=text)
    if meeting.series_id is not None:
        text = gettext("Chỉ buổi họp này đổi lịch, các buổi khác của chuỗi giữ nguyên.")
        yield Consequence(level="info", icon="calendar", text=text)


def span(start: datetime, end: datetime) -> str:
    """``Thứ Tư, 25/11/2026, 08:00 đến 10:00``."""
    return gettext("%(day)s, %(date)s, %(start)s đến %(end)s") % {
        "day": weekday(local(start)),
        "date": short_date(start),
        "start": clock(start),
        "end": end_clock(end, start),
    }
