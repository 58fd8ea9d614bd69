"""Checks of the sites before a meeting: what is measured, what a technician says, what counts."""

from datetime import UTC, datetime

import msgspec
import pytest

from rooms.health import MeetingHealth, SeatHealth
from rooms.media_port import PeerId, PeerStats
from rooms.rehearsals.checks import (
    Point,
    Result,
    SiteChecks,
    measured,
    standing,
    ticked,
    with_measured,
)
from rooms.rehearsals.desk import RehearsalDesk
from rooms.session.model import LineLimits, Role, SeatId

NOW = 1_700_000_000.0
STATS = PeerStats(peer=PeerId("site:1#c"), path="udp", connected_since=NOW - 60, up_fps=15.0)
SEAT = SeatHealth(
    seat=SeatId("site:1"),
    name="UBND huyện KBang",
    short_name="KBang",
    rank=1,
    role=Role.SITE,
    phone="0269 3 834 567",
    present=True,
    since=NOW - 60,
    quality="good",
    limits=LineLimits(),
    limits_by="",
    stats=STATS,
    paused=(),
    history={},
    trouble=None,
)
ALL = {point: Result(passed=True, measured=True, at=NOW) for point in Point}


def seat(**changes: object) -> SeatHealth:
    return msgspec.structs.replace(SEAT, **changes)


@pytest.mark.parametrize(
    ("seen", "found"),
    [
        (SEAT, {Point.PICTURE: True, Point.LINE: True}),
        (seat(spoke=True), {Point.PICTURE: True, Point.LINE: True, Point.SOUND_OUT: True}),
        (seat(quality="weak"), {Point.PICTURE: True, Point.LINE: False}),
        (seat(present=False, stats=None, saw_document=True), {Point.DOCUMENT: True}),
        (seat(stats=msgspec.structs.replace(STATS, up_fps=None)), {Point.LINE: True}),
        (seat(stats=msgspec.structs.replace(STATS, connected_since=NOW)), {Point.PICTURE: True}),
    ],
)
def test_what_is_known_of_a_site_is_measured(seen: SeatHealth, found: dict[Point, bool]) -> None:
    assert measured(seen, NOW) == found


def test_a_technicians_word_stays_until_it_is_taken_back() -> None:
    results = ticked({}, Point.LINE, False, NOW)
    results = with_measured(results, {Point.LINE: True, Point.PICTURE: True}, NOW + 1)
    assert not results[Point.LINE].passed
    assert results[Point.PICTURE].measured
    results = with_measured(ticked(results, Point.LINE, None, NOW), {Point.LINE: True}, NOW + 2)
    assert results[Point.LINE] == Result(passed=True, measured=True, at=NOW + 2)
    worse = with_measured(results, {Point.LINE: False}, NOW + 3)
    assert not worse[Point.LINE].passed, "what was measured is measured anew"


def test_a_site_passes_with_every_check() -> None:
    missing = {point: result for point, result in ALL.items() if point is not Point.SOUND_IN}
    checks = {
        1: SiteChecks(site_id=1, results=ALL),
        2: SiteChecks(site_id=2, results=missing),
        3: SiteChecks(site_id=3, results=ticked(ALL, Point.PICTURE, False, NOW)),
        9: SiteChecks(site_id=9, results=ALL),  # no longer invited
    }
    found = standing([1, 2, 3, 4], checks)
    assert (found.passed, found.sites, found.failed, found.checked) == (1, 4, 1, True)
    assert not standing([4], checks).checked


async def test_checks_are_kept_with_the_meeting(db, meeting) -> None:
    desk, site = RehearsalDesk(db), meeting.sites[0].site_id
    now = datetime.fromtimestamp(NOW, UTC)
    shown = seat(seat=SeatId(f"site:{site}"), spoke=True)
    person = seat(seat=SeatId("user:7"))
    health = MeetingHealth(
        meeting=meeting.id,
        title="",
        now=NOW,
        recording_growing=None,
        recording_bytes=0,
        seats=(shown, person),
    )
    await desk.tick(meeting.id, site, Point.LINE, False, now)
    await desk.measure(meeting.id, health)
    await desk.describe(meeting.id, site, 3, "  Loa rè ")
    (kept,) = (await RehearsalDesk(db).of_meeting(meeting.id)).values()
    assert set(kept.results) == {Point.LINE, Point.PICTURE, Point.SOUND_OUT}
    assert not kept.results[Point.LINE].passed
    assert (kept.devices, kept.note) == (3, "Loa rè")
