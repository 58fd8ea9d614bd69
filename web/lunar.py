"""The Vietnamese lunar calendar, computed for UTC+7.

Source: Hồ Ngọc Đức, "Thuật toán tính âm lịch", after J. Meeus, Astronomical Algorithms (1998):
new moons by mean motion with periodic terms, months named by the sun's principal terms.
Chinese tables (UTC+8) differ in some years, so they are not used.
"""

from datetime import date
from functools import cache
from math import floor, pi, sin

_UTC_OFFSET_HOURS = 7.0
_JULIAN_DAY_OF_ORDINAL_ZERO = 1721425  # Julian day number of date.fromordinal(0), noon based
_SYNODIC_MONTH_DAYS = 29.530588853
_NEW_MOON_EPOCH = 2415021.076998695  # Julian day of the first new moon of 1900


@cache
def _new_moon(k: int) -> int:
    """Julian day number, in UTC+7, of the k-th new moon after 1 January 1900."""
    t = k / 1236.85
    t2, t3 = t * t, t * t * t
    rad = pi / 180
    mean = 2415020.75933 + 29.53058868 * k + 0.0001178 * t2 - 0.000000155 * t3
    mean += 0.00033 * sin((166.56 + 132.87 * t - 0.009173 * t2) * rad)
    sun = 359.2242 + 29.10535608 * k - 0.0000333 * t2 - 0.00000347 * t3
    moon = 306.0253 + 385.81691806 * k + 0.0107306 * t2 + 0.00001236 * t3
    node = 21.2964 + 390.67050646 * k - 0.0016528 * t2 - 0.00000239 * t3
    terms = (0.1734 - 0.000393 * t) * sin(sun * rad) + 0.0021 * sin(2 * sun * rad)
    terms += -0.4068 * sin(moon * rad) + 0.0161 * sin(2 * moon * rad) - 0.0004 * sin(3 * moon * rad)
    terms += 0.0104 * sin(2 * node * rad) - 0.0051 * sin((sun + moon) * rad)
    terms += -0.0074 * sin((sun - moon) * rad) + 0.0004 * sin((2 * node + sun) * rad)
    terms += -0.0004 * sin((2 * node - sun) * rad) - 0.0006 * sin((2 * node + moon) * rad)
    terms += 0.0010 * sin((2 * node - moon) * rad) + 0.0005 * sin((2 * moon + sun) * rad)
    delta_t = -0.000278 + 0.000265 * t + 0.000262 * t2
    return floor(mean + terms - delta_t + 0.5 + _UTC_OFFSET_HOURS / 24)


def _sun_sector(day: int) -> int:
    """Which twelfth of the ecliptic the sun is in at the start of that day in UTC+7: 0…11."""
    t = (day - 0.5 - _UTC_OFFSET_HOURS / 24 - 2451545.0) / 36525
    rad = pi / 180
    anomaly = 357.52910 + 35999.05030 * t - 0.0001559 * t * t - 0.00000048 * t * t * t
    mean = 280.46645 + 36000.76983 * t + 0.0003032 * t * t
    centre = (1.914600 - 0.004817 * t - 0.000014 * t * t) * sin(rad * anomaly)
    centre += (0.019993 - 0.000101 * t) * sin(2 * rad * anomaly) + 0.000290 * sin(3 * rad * anomaly)
    return floor(((mean + centre) * rad % (2 * pi)) / pi * 6)


@cache
def _month_eleven(year: int) -> int:
    """First day of the lunar month that holds the winter solstice of `year`."""
    offset = date(year, 12, 31).toordinal() + _JULIAN_DAY_OF_ORDINAL_ZERO - 2415021
    k = floor(offset / _SYNODIC_MONTH_DAYS)
    first = _new_moon(k)
    return _new_moon(k - 1) if _sun_sector(first) >= 9 else first


@cache
def _leap_offset(start: int) -> int:
    """How many months after the eleventh, whose first day is `start`, the leap month comes."""
    k = floor((start - _NEW_MOON_EPOCH) / _SYNODIC_MONTH_DAYS + 0.5)
    i = 1
    sector = _sun_sector(_new_moon(k + i))
    while True:
        previous = sector
        i += 1
        sector = _sun_sector(_new_moon(k + i))
        if sector == previous or i >= 14:
            return i - 1


@cache
def lunar(day: date) -> tuple[int, int, bool]:
    """Lunar day, lunar month, and whether the month is a leap month (tháng nhuận)."""
    number = day.toordinal() + _JULIAN_DAY_OF_ORDINAL_ZERO
    k = floor((number - _NEW_MOON_EPOCH) / _SYNODIC_MONTH_DAYS)
    start = _new_moon(k + 1)
    if start > number:
        start = _new_moon(k)
    eleven, next_eleven = _month_eleven(day.year), _month_eleven(day.year)
    if eleven >= start:
        eleven = _month_eleven(day.year - 1)
    else:
        next_eleven = _month_eleven(day.year + 1)
    months = floor((start - eleven) / 29)
    month, leap = months + 11, False
    if next_eleven - eleven > 365:
        offset = _leap_offset(eleven)
        if months >= offset:
            month -= 1
            leap = months == offset
    return number - start + 1, month - 12 if month > 12 else month, leap


def day_month(day: date) -> str:
    """``13/5``: lunar day and month."""
    number, month, _leap = lunar(day)
    return f"{number}/{month}"
