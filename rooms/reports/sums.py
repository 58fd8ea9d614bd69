"""The sums of one month, of every unit and site. Pure."""

from collections.abc import Callable, Iterable, Mapping

import msgspec


class SiteTurn(msgspec.Struct, frozen=True):
    """One site invited to one meeting."""

    site_id: int
    delegates: int | None  # how many were invited there
    confirmed: bool
    head_count: int  # as confirmed
    seconds: int | None  # in the room, from the log; None: it was not there


class MeetingTurn(msgspec.Struct, frozen=True):
    host_unit_id: int
    minutes: int
    has_log: bool  # it was held on this service
    sites: tuple[SiteTurn, ...]


class UnitSum(msgspec.Struct):
    hosted: int = 0
    meetings: int = 0
    minutes: int = 0
    invited: int = 0
    present: int = 0
    heads: int = 0


class SiteSum(msgspec.Struct):
    invited: int = 0
    present: int = 0
    heads: int = 0


def was_present(site: SiteTurn, has_log: bool) -> bool:
    """In the room, by the log; by its own word for a meeting that has no log."""
    return bool(site.seconds) if has_log else site.confirmed


def heads(site: SiteTurn, has_log: bool) -> int:
    """People at a site that was present: as confirmed, else as many as were invited, else one."""
    if not was_present(site, has_log):
        return 0
    confirmed = site.head_count if site.confirmed else 0
    return confirmed or site.delegates or 1


def month_sums(
    meetings: Iterable[MeetingTurn],
    unit_of_site: Mapping[int, int],
    above: Callable[[int], tuple[int, ...]],
) -> tuple[dict[int, UnitSum], dict[int, SiteSum]]:
    """Sums by unit and by site.

    Args:
        above: the units a unit's figures count for: itself and those it lies in.
    """
    units: dict[int, UnitSum] = {}
    sites: dict[int, SiteSum] = {}
    for meeting in meetings:
        for unit in above(meeting.host_unit_id):
            units.setdefault(unit, UnitSum()).hosted += 1
        touched: set[int] = set()
        for turn in meeting.sites:
            present, people = was_present(turn, meeting.has_log), heads(turn, meeting.has_log)
            of_site = sites.setdefault(turn.site_id, SiteSum())
            counted: list[SiteSum | UnitSum] = [of_site]
            for unit in above(unit_of_site[turn.site_id]):
                touched.add(unit)
                counted.append(units.setdefault(unit, UnitSum()))
            for one in counted:
                one.invited += 1
                one.present += present
                one.heads += people
        for unit in touched:
            units[unit].meetings += 1
            units[unit].minutes += meeting.minutes
    return units, sites
