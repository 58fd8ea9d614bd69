"""The page "Báo cáo", its files, and the charts."""

from datetime import UTC, date, datetime, timedelta
from io import BytesIO

import pytest
from openpyxl import load_workbook
from web_world import Site, add_meeting

from rooms.meetings.meetings import MeetingState
from rooms.reports.ledger import Ledger
from web.charts import column_chart, tick_step
from web.pages.reports import span

TODAY = date(2026, 5, 14)


@pytest.mark.parametrize(
    ("chosen", "first", "last"),
    [
        ("thang-nay", (2026, 5), (2026, 5)),
        ("thang-truoc", (2026, 4), (2026, 4)),
        ("quy-nay", (2026, 4), (2026, 6)),
        ("quy-truoc", (2026, 1), (2026, 3)),
        ("nam-nay", (2026, 1), (2026, 12)),
        ("nam-truoc", (2025, 1), (2025, 12)),
    ],
)
def test_periods(chosen: str, first: tuple[int, int], last: tuple[int, int]):
    assert span(chosen, "", "", TODAY) == (date(*first, 1), date(*last, 1))


def test_a_period_of_ones_own():
    assert span("khac", "2018-06", "2018-08", TODAY) == (date(2018, 6, 1), date(2018, 8, 1))
    for first, last in (("2018-08", "2018-06"), ("x", "2018-06"), ("1990-01", "2018-06")):
        assert span("khac", first, last, TODAY) is None


@pytest.mark.parametrize(
    ("highest", "step"), [(0, 1), (4, 1), (5, 2), (9, 5), (41, 20), (81, 25), (3000, 1000)]
)
def test_axes_have_round_numbers(highest: float, step: float):
    assert tick_step(highest) == step


def test_columns_reach_as_high_as_their_value():
    chart = column_chart([("1", 0.0, ""), ("2", 4.0, ""), ("3", 2.0, "")])
    assert [column.height for column in chart.columns] == [0.0, 194.0, 97.0]
    assert len([c for c in column_chart([("x", 1.0, "")] * 120).columns if c.label]) <= 14


async def held(site: Site) -> None:
    start = datetime.now(UTC).replace(day=1, hour=2) - timedelta(days=3)
    await add_meeting(site.world, "Họp", start, state=MeetingState.ENDED)
    await Ledger(site.db).follow()


async def test_the_report_is_read_and_taken_away(site: Site):
    await held(site)
    browser = await site.browser("thuky")
    answer = await browser.get("/bao-cao?ky=thang-truoc")
    assert answer.status == 200
    for said in ("Chi phí đi lại tiết kiệm được", "Cuộc họp theo tháng", "2.000 đồng/km/người"):
        assert said in browser.page
    book = await browser.client.get("/bao-cao.xlsx?ky=thang-truoc")
    sheet = load_workbook(BytesIO(await book.read())).worksheets[0]
    assert [cell.value for cell in sheet[sheet.max_row]][:4] == ["Toàn bộ", 1, 4, 0]
    paper = await browser.client.get("/bao-cao.pdf?ky=thang-truoc")
    assert (await paper.read()).startswith(b"%PDF")
    assert "attachment" in paper.headers["Content-Disposition"]


async def test_many_months_are_shown_by_year(site: Site):
    browser = await site.browser("quantri")
    await browser.get("/bao-cao?ky=khac&tu=2017-03&den=2026-02")
    assert '<th scope="row">2017</th>' in browser.page
    assert "3/2017</th>" not in browser.page


async def test_rates_are_asked_for_and_printed(site: Site):
    browser = await site.browser("quantri")
    await browser.get("/bao-cao?noi=quynhon&km=3.500&ngay=0")
    assert "đến Quy Nhơn" in browser.page
    assert "3.500 đồng/km/người" in browser.page
    for odd in ("ky=x", "ky=khac&tu=9999-99", "don-vi=99999999999999", "km=-1&ngay=x&noi=../"):
        assert (await browser.get(f"/bao-cao?{odd}")).status == 200
    assert (await browser.get("/bao-cao?don-vi=999999")).status == 404


async def test_officials_read_of_their_own_branch(site: Site):
    browser = await site.browser("chutri")
    await browser.get("/bao-cao")
    assert "UBND tỉnh, " in browser.page
    other = site.world.units["KBang"]
    assert (await browser.get(f"/bao-cao?don-vi={other}")).status == 403
    assert (await browser.get(f"/api/v1/reports/meetings?unit={other}")).status == 403
    assert (await (await site.browser("kbang")).get("/bao-cao")).status == 403


async def test_the_report_is_read_by_programs(site: Site):
    await held(site)
    browser = await site.browser("thuky")
    first = (datetime.now(UTC).replace(day=1) - timedelta(days=3)).date()
    answer = await browser.get(f"/api/v1/reports/meetings?from={first}&to={first}&vndPerKm=1000")
    told = await answer.json()
    assert (told["total"]["meetings"], told["travel"]["rates"]["perKm"]) == (1, 1000)
    for odd in ("from=x", "from=2020-01-01&to=2019-01-01", "origin=x", "vndPerKm=-1"):
        assert (await browser.get(f"/api/v1/reports/meetings?{odd}")).status == 400
