"""Texts, dates and the small rules of pages, without a server."""

import re
from datetime import UTC, date, datetime, timedelta

import pytest

from web import formats, lunar
from web.app import content_security_policy
from web.assets import STATIC
from web.i18n import LOCALE, gettext, use_language
from web.pages.calendar_query import asked_day
from web.pages.home import day_part
from web.pages.sign_in import draw_table
from web.texts import singular, texts, translations
from web.views import TEMPLATES

ENGLISH = translations(LOCALE / "en" / "LC_MESSAGES" / "diemcau.po")


def test_every_text_has_its_english_and_no_other_is_kept():
    shown = {singular(text) for text in texts()}
    assert shown - ENGLISH.keys() == set(), "python -m web.texts adds them to the catalogue"
    assert ENGLISH.keys() - shown == set(), "python -m web.texts drops them"


def test_english_texts_fill_in_the_same_values():
    def values(text: str) -> set[str]:
        return set(re.findall(r"%\(\w+\)[sd]|\{\w+\}", text))

    for id, text in ENGLISH.items():
        forms = (text,) if isinstance(text, str) else text
        assert all(values(form) == values(id) for form in forms), id


def test_icons_used_exist():
    sprite = (STATIC / "icons.svg").read_text()
    known = set(re.findall(r'id="i-([\w-]+)"', sprite))
    for template in TEMPLATES.rglob("*.html"):
        used = set(re.findall(r'icon\("([\w-]+)"', template.read_text()))
        assert used <= known, template.name


def test_files_named_by_style_sheets_exist():
    for sheet in (STATIC / "css").glob("*.css"):
        for name in re.findall(r'url\("([^"]+)"\)', sheet.read_text()):
            assert (sheet.parent / name).exists(), (sheet.name, name)


@pytest.mark.parametrize(
    ("day", "told"),
    [
        (date(2018, 2, 16), "1/1"),  # Tết
        (date(2025, 1, 29), "1/1"),
        (date(2026, 2, 17), "1/1"),
        (date(2027, 2, 6), "1/1"),
        (date(2025, 4, 7), "10/3"),  # Giỗ Tổ Hùng Vương
        (date(2026, 4, 26), "10/3"),
        (date(2027, 4, 16), "10/3"),
        (date(2018, 6, 26), "13/5"),
        (date(1985, 1, 21), "1/1"),  # a month before the Chinese calendar's
        (date(2007, 2, 17), "1/1"),  # a day before it
    ],
)
def test_lunar_dates_are_those_of_the_vietnamese_calendar(day: date, told: str):
    assert lunar.day_month(day) == told


def test_a_leap_month_is_told_as_one():
    assert lunar.lunar(date(2025, 7, 25)) == (1, 6, True)
    assert lunar.lunar(date(2025, 6, 25)) == (1, 6, False)


EVENING = datetime(2026, 11, 24, 16, 59, 30, tzinfo=UTC)  # 23:59 in Vietnam


@pytest.mark.parametrize(
    ("language", "long", "size", "length"),
    [
        ("vi", "Thứ Ba, ngày 24 tháng 11 năm 2026", "1,8 MB", "2 giờ 55 phút"),
        ("en", "Tuesday, 24 November 2026", "1.8 MB", "2 hours 55 minutes"),
    ],
)
def test_dates_and_numbers_are_written_as_in_the_language(language, long, size, length):
    use_language(language)
    assert formats.long_date(EVENING) == long
    assert formats.file_size(1_800_000) == size
    assert formats.duration(2 * 3600 + 55 * 60 + 59) == length
    use_language("vi")


def test_instants_are_shown_in_the_province_whatever_the_zone():
    assert formats.clock(EVENING) == "23:59"
    assert formats.clock_seconds(EVENING.timestamp() + 60) == "00:00:30"
    assert formats.short_date(EVENING + timedelta(minutes=1)) == "25/11/2026"
    assert [day_part(EVENING + timedelta(hours=h)) for h in (0, 8, 13)] == [2, 0, 1]


@pytest.mark.parametrize(
    ("span", "told"),
    [
        (timedelta(seconds=-5), ("0", "phút")),
        (timedelta(seconds=61), ("2", "phút")),
        (timedelta(minutes=119), ("119", "phút")),
        (timedelta(hours=3), ("3", "giờ")),
        (timedelta(days=3), ("3", "ngày")),
    ],
)
def test_a_wait_is_a_number_with_its_unit(span: timedelta, told: tuple[str, str]):
    assert formats.wait(span) == told


def test_weeks_asked_for_are_days_or_today():
    today = date(2026, 11, 24)
    assert asked_day("2026-11-30", today) == date(2026, 11, 30)
    for nonsense in (None, "", "x", "2026-13-01", "0001-01-01", "9999-12-31"):
        assert asked_day(nonsense, today) == today


@pytest.mark.parametrize("sites", [0, 3, 20, 250])
def test_seats_around_the_table_do_not_touch(sites: int):
    table = draw_table(sites)
    (x0, y0), (x1, y1) = table.seats[:2]
    assert ((x0 - x1) ** 2 + (y0 - y1) ** 2) ** 0.5 > 2 * table.radius


def test_the_policy_names_no_host_that_is_none():
    assert "wss://hop.example.vn;" in content_security_policy("hop.example.vn")
    assert "evil" not in content_security_policy("x; script-src evil")


def test_texts_without_a_translation_stay_vietnamese():
    use_language("en")
    assert gettext("Chưa dịch câu này") == "Chưa dịch câu này"
    assert gettext("") == ""
    use_language("vi")
