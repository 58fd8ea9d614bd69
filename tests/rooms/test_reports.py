"""Reports: sums of a month, what travel was saved, and that sums follow what changes."""

from datetime import UTC, date, datetime, timedelta
from io import BytesIO

import pytest
from openpyxl import load_workbook

from rooms.directory.accounts import Account
from rooms.directory.directory import Directory
from rooms.meetings.meetings import Meeting, Meetings, MeetingState
from rooms.reports.ledger import Ledger, month_after, month_of
from rooms.reports.paper import to_paper
from rooms.reports.reports import Question, Report, Reports
from rooms.reports.sheet import to_xlsx
from rooms.reports.sums import MeetingTurn, SiteTurn, heads, month_sums
from rooms.reports.travel import (
    BUILT_IN,
    BadTable,
    Distance,
    Rates,
    SiteVisit,
    read_distances,
    saved,
    travel,
)
from rooms.reports.words import in_words
from rooms.session.events import Entry, SeatEntered, SeatLeft
from rooms.session.model import Role, Seat, SeatId
from rooms.store.database import Database
from rooms.store.log import EventLog
from rooms.store.tables import AnswerHistoryRow, SiteAnswerRow

JUNE = date(2018, 6, 1)
DISTANCES = read_distances(BUILT_IN.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("turn", "has_log", "people"),
    [
        (SiteTurn(1, 5, True, 12, 60), True, 12),
        (SiteTurn(1, 5, True, 12, None), True, 0),  # confirmed, did not come
        (SiteTurn(1, 5, False, 0, 60), True, 5),  # came without a word
        (SiteTurn(1, None, False, 0, 60), True, 1),
        (SiteTurn(1, 5, True, 12, None), False, 12),  # no log: its word counts
        (SiteTurn(1, 5, False, 3, None), False, 0),
    ],
)
def test_people_at_a_site(turn: SiteTurn, has_log: bool, people: int):
    assert heads(turn, has_log) == people


def test_a_meeting_counts_once_for_a_unit_however_many_sites_it_has_there():
    sites = tuple(SiteTurn(site, None, True, 10, None) for site in (1, 2, 3))
    meeting = MeetingTurn(100, 90, False, sites)
    above = {11: (11, 1), 12: (12, 1), 13: (13,), 100: (100, 1)}.__getitem__
    units, by_site = month_sums([meeting, meeting], {1: 11, 2: 12, 3: 13}, above)
    assert (units[1].meetings, units[1].minutes) == (2, 180)
    assert (units[1].invited, units[1].present, units[1].heads) == (4, 4, 40)
    assert (units[1].hosted, units[13].hosted) == (2, 0)
    assert (units[11].meetings, units[13].heads) == (2, 20)
    assert by_site[3].heads == 20


def road(km: float) -> Distance:
    return Distance(km=km, route="QL19", source="x", verified=True)


def test_travel_is_people_times_the_way_there_and_back():
    rates = Rates(per_km=2_000, per_day=200_000, nearest_km=10, speed_kmh=40)
    one = saved(12, road(90), rates)
    assert (one.km, one.hours, one.cost) == (2160, 54, 2160 * 2_000 + 12 * 200_000)
    assert saved(12, road(9), rates).cost == 0


def visit(name: str, people: int, place: int | None, km: float = 0) -> SiteVisit:
    distance = None if place is None else road(km)
    return SiteVisit(site_id=1, name=name, heads=people, place_id=place, distance=distance)


def test_sites_without_a_distance_are_named_and_not_counted():
    visits = [visit("A", 2, 7, 90), visit("B", 3, 7, 90), visit("C", 4, None), visit("D", 0, None)]
    found = travel(visits, {7: "Huyện KBang"}, Rates())
    assert [(place.name, place.trips) for place in found.places] == [("Huyện KBang", 5)]
    assert (found.total.trips, found.unknown) == (5, ("C",))


@pytest.mark.parametrize(
    "text", ["", "origin,km\n", "origin,unit_code,km\na,1,x\n", "origin,unit_code,km\na,1,-5\n"]
)
def test_tables_of_distances_that_make_no_sense_are_refused(text: str):
    with pytest.raises(BadTable):
        read_distances(text)


def test_the_built_in_table_knows_every_district():
    assert len(DISTANCES["pleiku"]) == 17
    assert DISTANCES["pleiku"]["625"].km == 90
    assert DISTANCES["quynhon"]["623"].km == 79


def test_months_are_local():
    assert month_of(datetime(2018, 5, 31, 18, 0, tzinfo=UTC)) == JUNE
    assert month_after(date(2018, 12, 1)) == date(2019, 1, 1)


async def end(db: Database, meeting: Meeting, by: dict[str, Account]) -> None:
    now = meeting.end
    await Meetings(db).set_state(meeting.id, MeetingState.ENDED, now)


async def answer(db: Database, meeting: Meeting, site: int, people: int, now: datetime) -> None:
    async with db.session() as session:
        await session.merge(
            SiteAnswerRow(
                meeting_id=meeting.id,
                site_id=site,
                state="confirmed",
                reason="",
                presiding_name="",
                presiding_position="",
                head_count=people,
                note="",
                by="",
                reopened=False,
                revision=1,
            )
        )
        session.add(
            AnswerHistoryRow(
                meeting_id=meeting.id, site_id=site, at=now, by="", action="x", detail="{}"
            )
        )


def reports(db: Database) -> Reports:
    return Reports(db, Rates(), DISTANCES)


async def june(db: Database, unit: int | None = None) -> Report:
    return await reports(db).report(Question(first=JUNE, last=JUNE, unit_id=unit))


async def test_sums_follow_what_changes(
    db: Database, people: dict[str, Account], meeting: Meeting, now: datetime
):
    ledger = Ledger(db)
    assert await ledger.follow() == 0, "nothing is over"
    kbang, _, pleiku = sorted(
        (site.site_id for site in meeting.sites),
        key=[site.site_id for site in meeting.sites if site.short_name == "KBang"].__contains__,
        reverse=True,
    )
    await answer(db, meeting, kbang, 8, now)
    await end(db, meeting, people)
    assert await ledger.follow() == 1
    assert await ledger.follow() == 0
    report = await june(db)
    assert (report.total.meetings, report.total.invited, report.total.present) == (1, 3, 1)
    assert (report.total.heads, report.total.minutes) == (8, 120)
    (place,) = report.travel.places
    assert (place.name, place.trips, place.km) == ("Huyện KBang", 8, 8 * 180)
    district = next(unit for unit in report.units if unit.name == "Huyện KBang")
    assert district.heads == 8
    assert (await june(db, district.unit_id)).total.heads == 8

    await answer(db, meeting, pleiku, 4, now)
    assert await ledger.follow() == 1
    assert (await june(db)).total.heads == 12


async def test_who_was_there_is_told_by_the_log(
    db: Database, people: dict[str, Account], meeting: Meeting
):
    site = next(site for site in meeting.sites if site.short_name == "KBang")
    start = meeting.start.timestamp()
    seat = Seat(
        id=SeatId(f"site:{site.site_id}"),
        name=site.name,
        short_name=site.short_name,
        rank=1,
        role=Role.SITE,
        on_tiles=True,
    )
    await EventLog(db).append(
        meeting.id,
        [
            Entry(seq=1, at=start, actor="", event=SeatEntered(seat=seat)),
            Entry(seq=2, at=start + 600, actor="", event=SeatLeft(seat=seat.id, left=True)),
        ],
    )
    await end(db, meeting, people)
    await Ledger(db).follow()
    report = await june(db)
    assert (report.total.present, report.total.heads) == (1, 1)


async def test_a_report_is_a_workbook_and_a_paper(
    db: Database, people: dict[str, Account], meeting: Meeting, now: datetime
):
    await answer(db, meeting, meeting.sites[-1].site_id, 8, now + timedelta(minutes=1))
    await end(db, meeting, people)
    await Ledger(db).follow()
    report = await june(db)
    words = in_words(report, str, lambda value, places: f"{value:.{places}f}")
    book = load_workbook(BytesIO(to_xlsx(words)))
    first = book.worksheets[0]
    assert first["A1"].value == "BÁO CÁO KẾT QUẢ HỌP TRỰC TUYẾN"
    total = [cell.value for cell in first[first.max_row]]
    assert total[0] == "Toàn bộ"
    assert total[1:4] == [1, 3, 1]
    assert total[4] == pytest.approx(1 / 3)
    paper = to_paper(words, "TỈNH GIA LAI", "Gia Lai", lambda value, places: f"{value:.{places}f}")
    assert "2000 đồng/km/người" in str(paper)
    assert "33.3 %" in str(paper)


async def test_units_to_ask_about_are_places_and_provincial_bodies_with_sites(db: Database):
    names = [unit.short_name for unit in await reports(db).choices(JUNE)]
    assert "Huyện KBang" in names
    assert "UBND tỉnh" in names
    assert len(names) < 30
    assert (await Directory(db).units())[0].short_name == names[0]
