"""A report in words: titles, heads, rows and the method, in one language, for the workbook and the
paper. Pure."""

from collections.abc import Callable

import msgspec

from rooms.errors import N_
from rooms.reports.reports import Figures, Report
from rooms.reports.travel import ORIGIN_NAMES, PlaceSaved, Rates, Saved

Cell = str | int | float | None
Translate = Callable[[str], str]

TITLE = N_("BÁO CÁO KẾT QUẢ HỌP TRỰC TUYẾN")
_UNIT_HEAD = (
    N_("Đơn vị"),
    N_("Cuộc họp"),
    N_("Điểm cầu được mời"),
    N_("Điểm cầu có mặt"),
    N_("Tỷ lệ tham dự"),
    N_("Số người dự"),
    N_("Giờ họp"),
)
_TRAVEL_HEAD = (
    N_("Địa bàn"),
    N_("Lượt người"),
    N_("Đường đi (km, một lượt)"),
    N_("Quãng đường đi lại tiết kiệm (km)"),
    N_("Thời gian đi lại tiết kiệm (giờ)"),
    N_("Chi phí đi lại tiết kiệm được (đồng)"),
)
METHOD = (
    N_(
        "Chỉ tính cuộc họp đã kết thúc. Điểm cầu có mặt: theo nhật ký phòng họp; cuộc họp không "
        "có nhật ký thì theo xác nhận tham dự. Số người: theo xác nhận; chưa xác nhận thì theo số "
        "đại biểu được mời, không có thì tính 1 người."
    ),
    N_(
        "Quãng đường tiết kiệm = số người x đường bộ từ trung tâm huyện đến %(origin)s x 2 (đi và "
        "về). Điểm cầu cấp xã tính theo huyện. Không tính nơi gần hơn %(nearest)s km."
    ),
    N_(
        "Chi phí tiết kiệm = quãng đường x %(per_km)s đồng/km/người + số lượt người x %(per_day)s "
        "đồng/ngày. Thời gian tính ở tốc độ %(speed)s km/giờ."
    ),
)
_UNKNOWN = N_("Chưa có trong bảng đường đi, không tính: %(sites)s.")
_UNVERIFIED = N_("Khoảng cách ước tính (±10 %%), chưa đối chiếu: %(places)s.")


class Words(msgspec.Struct, frozen=True, kw_only=True):
    title: str
    subtitle: str
    units_title: str
    unit_head: tuple[str, ...]
    unit_rows: tuple[tuple[Cell, ...], ...]
    total_row: tuple[Cell, ...]
    unit_formats: tuple[str, ...] = (
        *("text", "whole", "whole", "whole"),
        *("percent", "whole", "decimal"),
    )
    months_title: str
    month_head: tuple[str, ...]
    month_rows: tuple[tuple[Cell, ...], ...]
    month_formats: tuple[str, ...] = (
        *("text", "whole", "whole", "whole"),
        *("percent", "whole", "decimal"),
    )
    travel_title: str
    travel_head: tuple[str, ...]
    travel_rows: tuple[tuple[Cell, ...], ...]
    travel_total: tuple[Cell, ...]
    travel_formats: tuple[str, ...] = ("text", "whole", "decimal", "whole", "decimal", "whole")
    method: tuple[str, ...]


def in_words(report: Report, say: Translate, number: Callable[[float, int], str]) -> Words:
    """
    Args:
        say: a msgid in the reader's language.
        number: a number with so many decimal places, as it is written there.
    """
    sum_up = say(N_("Toàn bộ"))
    return Words(
        title=say(TITLE),
        subtitle=f"{report.unit}, {period(report, say)}",
        units_title=say(N_("Theo đơn vị")),
        unit_head=tuple(say(text) for text in _UNIT_HEAD),
        unit_rows=tuple(_row(unit.name, unit) for unit in report.units),
        total_row=_row(sum_up, report.total),
        months_title=say(N_("Theo tháng")),
        month_head=(say(N_("Tháng")), *(say(text) for text in _UNIT_HEAD[1:])),
        month_rows=tuple(
            _row(f"{month.month.month}/{month.month.year}", month) for month in report.months
        ),
        travel_title=say(N_("Đi lại tiết kiệm")),
        travel_head=tuple(say(text) for text in _TRAVEL_HEAD),
        travel_rows=tuple(_travelled(place.name, place) for place in report.travel.places),
        travel_total=_travelled(sum_up, report.travel.total),
        method=method(report, say, number),
    )


def period(report: Report, say: Translate) -> str:
    first, last = report.first, report.last
    if first == last:
        return say(N_("tháng %(month)d năm %(year)d")) % {"month": first.month, "year": first.year}
    if first.year == last.year and (first.month, last.month) == (1, 12):
        return say(N_("năm %(year)d")) % {"year": first.year}
    return say(N_("từ tháng %(first)s đến tháng %(last)s")) % {
        "first": f"{first.month}/{first.year}",
        "last": f"{last.month}/{last.year}",
    }


def _row(name: str, figures: Figures) -> tuple[Cell, ...]:
    hours = figures.minutes / 60
    counts = (figures.meetings, figures.invited, figures.present)
    return (name, *counts, figures.rate, figures.heads, hours)


def _travelled(name: str, found: Saved) -> tuple[Cell, ...]:
    one_way = found.one_way_km if isinstance(found, PlaceSaved) else None
    return (name, found.trips, one_way, found.km, found.hours, found.cost)


def method(report: Report, say: Translate, number: Callable[[float, int], str]) -> tuple[str, ...]:
    rates = report.travel.rates
    known = _known(rates, number)
    lines = [say(text) % known if "%(" in text else say(text) for text in METHOD]
    unverified = [place.name for place in report.travel.places if not place.verified]
    if unverified:
        lines.append(say(_UNVERIFIED) % {"places": ", ".join(unverified)})
    if report.travel.unknown:
        lines.append(say(_UNKNOWN) % {"sites": ", ".join(report.travel.unknown)})
    return tuple(lines)


def _known(rates: Rates, number: Callable[[float, int], str]) -> dict[str, str]:
    return {
        "origin": ORIGIN_NAMES.get(rates.origin, rates.origin),
        "nearest": number(rates.nearest_km, 0),
        "per_km": number(rates.per_km, 0),
        "per_day": number(rates.per_day, 0),
        "speed": number(rates.speed_kmh, 0),
    }
