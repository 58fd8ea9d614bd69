"""What people would have travelled to come together in one place: way, time and money. Pure.

Method (also printed with every report): for each site that was present, the people there times the
road from their district's seat to the place of meeting, there and back. Money is that way times a
rate for each person and kilometre, and an allowance for each person and day. Sites nearer than a
limit are not counted, sites without a known distance are named and not counted.
"""

import csv
from collections.abc import Iterable, Mapping
from io import StringIO
from pathlib import Path

import msgspec

BUILT_IN = Path(__file__).parent.parent / "seed" / "distances.csv"
DEFAULT_ORIGIN = "pleiku"
ORIGIN_NAMES = {"pleiku": "Pleiku", "quynhon": "Quy Nhơn"}


class Rates(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a journey costs. Money in đồng."""

    origin: str = DEFAULT_ORIGIN
    per_km: int = 2_000  # for one person
    per_day: int = 200_000  # for one person
    nearest_km: float = 10.0  # nearer sites are not counted
    speed_kmh: float = 40.0


class Distance(msgspec.Struct, frozen=True, kw_only=True):
    km: float  # one way, by road
    route: str
    source: str
    verified: bool


class SiteVisit(msgspec.Struct, frozen=True, kw_only=True):
    """The people a site sent in a period, summed over its meetings."""

    site_id: int
    name: str
    heads: int
    place_id: int | None  # the district the distance is from
    distance: Distance | None


class Saved(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    trips: int  # people, one for each meeting
    km: float  # there and back
    hours: float
    cost: int  # đồng


class PlaceSaved(Saved, frozen=True, kw_only=True, rename="camel"):
    unit_id: int
    name: str
    one_way_km: float
    verified: bool


class Travel(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    rates: Rates
    total: Saved
    places: tuple[PlaceSaved, ...]  # in the order given
    unknown: tuple[str, ...]  # sites with people and without a distance


class BadTable(ValueError):
    """A table of distances that cannot be read; English, one line."""


def read_distances(text: str) -> dict[str, dict[str, Distance]]:
    """Origin -> code of a unit -> distance, from CSV with the columns origin, unit_code, km and,
    if known, route, source, verified.

    Raises:
        BadTable: with the line at fault.
    """
    table: dict[str, dict[str, Distance]] = {}
    reader = csv.DictReader(StringIO(text))
    missing = {"origin", "unit_code", "km"} - set(reader.fieldnames or ())
    if missing:
        raise BadTable(f"column {sorted(missing)[0]} is missing")
    for number, row in enumerate(reader, start=2):
        try:
            km = float(row["km"])
        except (TypeError, ValueError):
            raise BadTable(f"line {number}: km is no number") from None
        if not 0 <= km <= 3_000 or not row["origin"] or not row["unit_code"]:
            raise BadTable(f"line {number}: origin, unit_code or km makes no sense")
        table.setdefault(row["origin"], {})[row["unit_code"]] = Distance(
            km=km,
            route=row.get("route") or "",
            source=row.get("source") or "",
            verified=row.get("verified") == "yes",
        )
    return table


def saved(trips: int, distance: Distance, rates: Rates) -> Saved:
    """What `trips` journeys there and back would have taken."""
    if distance.km < rates.nearest_km:
        return Saved(trips=0, km=0.0, hours=0.0, cost=0)
    km = trips * distance.km * 2
    cost = round(km * rates.per_km) + trips * rates.per_day
    return Saved(trips=trips, km=km, hours=km / rates.speed_kmh, cost=cost)


def travel(visits: Iterable[SiteVisit], names: Mapping[int, str], rates: Rates) -> Travel:
    """
    Args:
        names: of the places, in the order of the report.
    """
    found: dict[int, list[tuple[Saved, Distance]]] = {}
    unknown = []
    for visit in visits:
        if visit.distance is None or visit.place_id is None:
            if visit.heads:
                unknown.append(visit.name)
            continue
        one = saved(visit.heads, visit.distance, rates)
        found.setdefault(visit.place_id, []).append((one, visit.distance))
    places = tuple(_place(unit, names[unit], found[unit]) for unit in names if unit in found)
    return Travel(
        rates=rates,
        total=Saved(
            trips=sum(place.trips for place in places),
            km=sum(place.km for place in places),
            hours=sum(place.hours for place in places),
            cost=sum(place.cost for place in places),
        ),
        places=tuple(place for place in places if place.trips),
        unknown=tuple(unknown),
    )


def _place(unit_id: int, name: str, parts: list[tuple[Saved, Distance]]) -> PlaceSaved:
    return PlaceSaved(
        unit_id=unit_id,
        name=name,
        one_way_km=parts[0][1].km,
        verified=parts[0][1].verified,
        trips=sum(part.trips for part, _ in parts),
        km=sum(part.km for part, _ in parts),
        hours=sum(part.hours for part, _ in parts),
        cost=sum(part.cost for part, _ in parts),
    )
