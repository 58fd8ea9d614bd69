"""What every site passes before the meeting: checks that were measured or ticked. Pure."""

from collections.abc import Iterable, Mapping
from enum import StrEnum

import msgspec

from rooms.health import SeatHealth
from rooms.quality import Quality

LEAST_FPS = 5.0  # of the camera: below it is no picture
STEADY_S = 20.0  # a line counts after so long without a fault


class Point(StrEnum):
    """What is checked at a site."""

    PICTURE = "picture"  # its picture arrives
    SOUND_OUT = "sound-out"  # it is heard
    SOUND_IN = "sound-in"  # it hears the others: it is asked
    LINE = "line"
    DOCUMENT = "document"  # a document was seen there


class Result(msgspec.Struct, frozen=True, kw_only=True):
    passed: bool
    measured: bool  # False: a technician's word
    at: float  # UTC epoch seconds


Results = dict[Point, Result]


class SiteChecks(msgspec.Struct, frozen=True, kw_only=True):
    """How one site stands."""

    site_id: int
    results: Results = {}
    devices: int | None = None  # how many it takes part with
    note: str = ""

    @property
    def passed(self) -> bool:
        return all(point in self.results and self.results[point].passed for point in Point)

    @property
    def failed(self) -> bool:
        return any(not result.passed for result in self.results.values())


def measured(seat: SeatHealth, now: float) -> dict[Point, bool]:
    """What the service itself knows of a seat; what it does not know is left out."""
    found: dict[Point, bool] = {}
    if seat.spoke:
        found[Point.SOUND_OUT] = True
    if seat.saw_document:
        found[Point.DOCUMENT] = True
    stats = seat.stats
    if not seat.present or stats is None:
        return found
    if (stats.up_fps or 0.0) >= LEAST_FPS:
        found[Point.PICTURE] = True
    if seat.quality == Quality.WEAK:
        found[Point.LINE] = False
    elif seat.quality == Quality.GOOD and now - stats.connected_since >= STEADY_S:
        found[Point.LINE] = True
    return found


def with_measured(results: Results, found: Mapping[Point, bool], now: float) -> Results:
    """A technician's word stays; what is measured anew replaces what was measured."""
    changed = dict(results)
    for point, passed in found.items():
        known = results.get(point)
        if known is None or (known.measured and known.passed != passed):
            changed[point] = Result(passed=passed, measured=True, at=now)
    return changed


def ticked(results: Results, point: Point, passed: bool | None, now: float) -> Results:
    """A technician's word; None takes it back, so that it may be measured again."""
    changed = {known: result for known, result in results.items() if known is not point}
    if passed is not None:
        changed[point] = Result(passed=passed, measured=False, at=now)
    return changed


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How the sites stand together: "18/20 đạt"."""

    passed: int
    sites: int
    failed: int = 0
    checked: bool = False  # anything is known at all


def standing(sites: Iterable[int], checks: Mapping[int, SiteChecks]) -> Standing:
    invited = list(sites)
    known = [checks[site] for site in invited if site in checks]
    return Standing(
        passed=sum(one.passed for one in known),
        sites=len(invited),
        failed=sum(one.failed for one in known),
        checked=any(one.results for one in known),
    )
