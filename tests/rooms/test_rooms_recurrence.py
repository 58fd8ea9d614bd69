"""Recurring meetings: their dates, and changes of one, of those that follow, of all."""

import contextlib
from datetime import UTC, date, datetime, time, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rooms.errors import Invalid, RequestRefused
from rooms.meetings.drafts import AgendaItem, DraftSite, Duty, OnDuty
from rooms.meetings.meetings import Meetings
from rooms.meetings.records import MeetingState
from rooms.meetings.recurrence import (
    Rhythm,
    Scope,
    continued,
    cut_before,
    occurrences,
    rule_of,
    spread,
)
from rooms.meetings.series import Series
from rooms.meetings.templates import Templates

EARLY = datetime(2026, 3, 2, 23, 30, tzinfo=UTC)  # 06:30 on Tuesday, 3 March, in Gia Lai
replace = msgspec.structs.replace


def days(rule: str, start: datetime = EARLY, **options) -> list[str]:
    local = [at + timedelta(hours=7) for at in occurrences(rule, start, **options)]
    assert {at.time() for at in local} == {(start + timedelta(hours=7)).time()}
    return [f"{at:%d/%m}" for at in local]


@pytest.mark.parametrize(
    ("rhythm", "found"),
    [
        (Rhythm.WEEKLY, ["03/03", "10/03", "17/03", "24/03", "31/03", "07/04", "14/04"]),
        (Rhythm.FORTNIGHTLY, ["03/03", "17/03", "31/03", "14/04"]),
        (Rhythm.MONTHLY, ["03/03", "03/04"]),
        (Rhythm.MONTHLY_WEEKDAY, ["03/03", "07/04"]),  # the first Tuesday
    ],
)
def test_rhythms_of_the_form(rhythm, found):
    assert days(rule_of(rhythm, date(2026, 3, 3), date(2026, 4, 14))) == found


def test_the_last_weekday_of_a_month():
    rule = rule_of(Rhythm.MONTHLY_WEEKDAY, date(2026, 3, 31), date(2026, 5, 31))
    start = datetime(2026, 3, 31, 1, tzinfo=UTC)
    assert days(rule, start) == ["31/03", "28/04", "26/05"]


def test_dates_left_out_and_a_start_that_is_off_the_rule():
    rule = "FREQ=WEEKLY;BYDAY=MO;COUNT=3"
    assert days(rule) == ["03/03", "09/03", "16/03", "23/03"]
    left_out = {date(2026, 3, 3), date(2026, 3, 16)}
    assert days(rule, exceptions=left_out) == ["09/03", "23/03"]


@pytest.mark.parametrize(
    "rule",
    [
        "",
        "FREQ=SECONDLY;COUNT=2",
        "FREQ=WEEKLY",  # without an end
        "FREQ=WEEKLY;COUNT=2;UNTIL=20260401T000000Z",
        "FREQ=WEEKLY;COUNT=61",
        "FREQ=DAILY;UNTIL=20270301T000000Z",
        "FREQ=MONTHLY;INTERVAL=12;COUNT=5",
        "FREQ=WEEKLY;BYDAY=XX;COUNT=2",
        "FREQ=WEEKLY;UNTIL=99999999T000000Z",
        "FREQ=WEEKLY;COUNT=2;BYSECOND=1",
        "weekly",
    ],
)
def test_rules_that_mean_nothing_here_are_refused(rule):
    with pytest.raises(Invalid, match="rule"):
        occurrences(rule, EARLY)


@given(st.text(alphabet="FREQ=WEEKLYCOUNT;INTERVALBYDAY0123456789,-MOTUZ", max_size=40))
def test_any_rule_is_read_or_refused(rule):
    with contextlib.suppress(Invalid):
        assert occurrences(rule, EARLY)


def test_a_series_in_two():
    rule = "FREQ=WEEKLY;BYDAY=TU;COUNT=5"
    third = EARLY + timedelta(days=14)
    assert days(cut_before(rule, third)) == ["03/03", "10/03"]
    later = continued(rule, EARLY + timedelta(days=28), timedelta(days=2, hours=1))
    start = third + timedelta(days=2, hours=1)
    assert days(later, start) == ["19/03", "26/03", "02/04"]


def test_a_change_spreads_and_what_is_own_stays(draft):
    items = (
        AgendaItem(id=1, position=1, title="Khai mạc", start=time(8)),
        AgendaItem(id=2, position=2, title="Kết luận"),
    )
    chair, writer = OnDuty(account_id=1, duty=Duty.CHAIR), OnDuty(account_id=2, duty="secretary")
    sites = tuple(DraftSite(site_id=n) for n in (1, 2))
    before = replace(draft, agenda=items, staff=(chair,), sites=sites)
    own = DraftSite(site_id=9, composition="Khách mời")
    other = replace(
        before,
        start=before.start + timedelta(days=7),
        end=before.end + timedelta(days=7),
        agenda=tuple(replace(item, id=item.id + 10) for item in items),
        sites=(*sites, own),
        title="Tên riêng",
        short_name="rieng",
    )
    after = replace(
        before,
        start=before.start + timedelta(hours=1),
        end=before.end + timedelta(hours=2),
        sites=(replace(sites[1], delegates=5), DraftSite(site_id=3)),
        staff=(writer,),
        agenda=(items[1], AgendaItem(position=0, title="Thảo luận"), items[0]),
        venue="Phòng họp 2",
        short_name="chung",
    )
    spread_ = spread(before, after, other)
    assert spread_.start == other.start + timedelta(hours=1)
    assert spread_.end - spread_.start == after.end - after.start
    assert set(spread_.sites) == {replace(sites[1], delegates=5), DraftSite(site_id=3), own}
    assert spread_.staff == (writer,)
    assert [item.id for item in spread_.agenda] == [12, None, 11]
    assert (spread_.title, spread_.venue, spread_.short_name) == (
        "Tên riêng",
        "Phòng họp 2",
        "rieng",
    )


# ---------------------------------------------------------------- with the store

WEEKLY = "FREQ=WEEKLY;COUNT=4"


@pytest.fixture
def series(db) -> Series:
    return Series(db)


@pytest.fixture
async def held(series, people, draft, now):
    return await series.schedule(draft, WEEKLY, people["thuky"], now)


async def test_a_series_is_as_many_meetings(series, held, draft):
    week = timedelta(days=7)
    assert [m.start for m in held] == [draft.start + n * week for n in range(4)]
    assert len({m.series_id for m in held}) == 1
    record = await series.get(held[0].series_id)
    assert record is not None
    assert (record.rule, len(record.meetings)) == (WEEKLY, 4)
    assert await series.get(999) is None


async def test_all_or_none(db, series, people, draft, now):
    await Meetings(db).schedule(
        replace(draft, start=draft.start + timedelta(days=7), end=draft.end + timedelta(days=7)),
        people["thuky"],
        now,
    )
    with pytest.raises(RequestRefused, match="clash"):
        await series.schedule(draft, WEEKLY, people["thuky"], now, accept_clashes=False)
    assert len(await Meetings(db).in_state(MeetingState.APPROVED)) == 1


@pytest.mark.parametrize(
    ("scope", "changed"),
    [
        (Scope.ONE, [False, True, False, False]),
        (Scope.FOLLOWING, [False, True, True, True]),
        (Scope.ALL, [True, True, True, True]),
    ],
)
async def test_a_change_reaches_as_far_as_it_should(db, series, held, people, now, scope, changed):
    second = held[1]
    later = second.start + timedelta(hours=1)
    draft = replace(Meetings.draft_of(second), title="Giao ban mới", start=later)
    await series.change(second.id, draft, scope, people["thuky"], now, revision=1)
    after = [await Meetings(db).get(m.id) for m in held]
    assert [m.title == "Giao ban mới" for m in after] == changed
    moved = [
        (new.start - old.start).total_seconds() == 3600
        for new, old in zip(after, held, strict=True)
    ]
    assert moved == changed
    assert len({m.series_id for m in after}) == (2 if scope is Scope.FOLLOWING else 1)
    record = await series.get(after[0].series_id)
    assert len(occurrences(record.rule, record.start)) == (1 if scope is Scope.FOLLOWING else 4)


async def test_a_series_does_not_clash_with_itself(db, series, held, people, now):
    week = timedelta(days=7)
    draft = Meetings.draft_of(held[0])
    draft = replace(draft, start=draft.start + week, end=draft.end + week)
    moved = await series.change(
        held[0].id, draft, Scope.ALL, people["thuky"], now, revision=1, accept_clashes=False
    )
    assert [m.start for m in moved] == [m.start + week for m in held]


async def test_what_is_over_is_not_changed(db, series, held, people, now):
    await Meetings(db).set_state(held[0].id, MeetingState.ENDED, now)
    draft = replace(Meetings.draft_of(held[1]), title="Giao ban mới")
    changed = await series.change(held[1].id, draft, Scope.ALL, people["thuky"], now, revision=1)
    assert [m.id for m in changed] == [held[1].id, held[2].id, held[3].id]


async def test_cancelled_dates_are_exceptions(series, held, people, now):
    cancelled = await series.advance(
        held[2].id, MeetingState.CANCELLED, Scope.FOLLOWING, people["thuky"], now, "hết dự án"
    )
    assert [m.id for m in cancelled] == [held[2].id, held[3].id]
    record = await series.get(held[0].series_id)
    assert record.exceptions == tuple((m.start + timedelta(hours=7)).date() for m in held[2:])


async def test_a_stale_change_of_a_series_changes_nothing(db, series, held, people, now):
    draft = replace(Meetings.draft_of(held[0]), title="Giao ban mới")
    with pytest.raises(RequestRefused, match="changed-meanwhile"):
        await series.change(held[0].id, draft, Scope.ALL, people["thuky"], now, revision=7)
    assert (await Meetings(db).get(held[3].id)).title == held[3].title


async def test_templates_are_drafts_under_a_name(db, people, draft, now):
    templates = Templates(db)
    named = replace(draft, short_name="mau", agenda=(AgendaItem(id=4, position=1, title="x"),))
    number = await templates.save(" Giao ban tuần ", named, people["thuky"], now)
    (kept,) = await templates.all()
    assert kept == await templates.get(number)
    assert (kept.name, kept.draft.short_name, kept.draft.agenda[0].id) == (
        "Giao ban tuần",
        None,
        None,
    )
    for name in ("Giao ban tuần", " ", "x" * 201):
        with pytest.raises(Invalid, match="name"):
            await templates.save(name, draft, people["thuky"], now)
    with pytest.raises(RequestRefused, match="not-allowed"):
        await templates.remove(number, people["kbang"])
    await templates.remove(number, people["thuky"])
    assert await templates.all() == []
