"""What the schedule form offers: sites by level and group, hosts, people; for who asks."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from rooms.directory.accounts import Account, AccountRole
from rooms.directory.directory import Level, Site, Unit, UnitTree
from rooms.directory.groups import Group
from rooms.meetings.saving import SCHEDULERS
from web.i18n import gettext
from web.pages.directory.common import level_name
from web.services import Services

HOST_LEVELS = 2  # from the top: the province, and what is directly below it on that day
MANY = 40  # sites of a level that are shown in parts, by the unit above

ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A button that invites many sites at once."""

    key: str
    name: str
    sites: frozenset[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class SitePart:
    key: str
    name: str
    sites: tuple[Site, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteLevel:
    """The sites of one level, in protocol order; many of them in parts."""

    code: str
    key: str
    name: str
    sites: tuple[Site, ...]
    parts: tuple[SitePart, ...]  # empty: shown at once


@dataclass(frozen=True, slots=True, kw_only=True)
class HostGroup:
    name: str
    units: tuple[Unit, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    hosts: tuple[HostGroup, ...]
    levels: tuple[SiteLevel, ...]
    quick: tuple[Choice, ...]
    chairs: tuple[Account, ...]
    secretaries: tuple[Account, ...]
    technicians: tuple[Account, ...]
    level_of: Mapping[int, str]  # site -> level
    clusters: Mapping[int, str]  # site -> keys of the groups it is in, for scripts

    @property
    def groups(self) -> dict[str, frozenset[int]]:
        """Sites by what a button chooses."""
        found = {choice.key: choice.sites for choice in self.quick}
        for level in self.levels:
            found[level.key] = frozenset(site.id for site in level.sites)
            for part in level.parts:
                found[part.key] = frozenset(site.id for site in part.sites)
        return found

    def site(self, site_id: int) -> Site | None:
        return next((s for level in self.levels for s in level.sites if s.id == site_id), None)

    def person(self, account_id: int) -> Account | None:
        people = (*self.chairs, *self.secretaries, *self.technicians)
        return next((person for person in people if person.id == account_id), None)


async def choices_for(services: Services, account: Account) -> Choices:
    """What `account` may choose: everything, or its own branch."""
    directory = services.directory
    tree = await directory.tree()
    levels = await directory.levels()
    sites = await directory.sites()
    groups = await services.groups.all()
    people = await services.accounts.people()
    if account.role not in SCHEDULERS:
        own = {site.id: site.unit_id for site in sites}.get(account.site_id or 0)
        unit = account.unit_id or own
        branch = tree.branch(unit) if unit is not None else frozenset()
        sites = [site for site in sites if site.unit_id in branch]
    else:
        branch = frozenset(tree.units)
    level_of = {site.id: level_at(tree.units.get(site.unit_id), tree) for site in sites}
    by_level = _site_levels(sites, level_of, levels, tree)
    return Choices(
        hosts=_hosts(tree, branch, levels),
        levels=by_level,
        quick=_quick(by_level, groups, levels),
        chairs=_in_role(people, AccountRole.OFFICIAL),
        secretaries=_in_role(people, AccountRole.SECRETARIAT),
        technicians=_in_role(people, AccountRole.TECHNICIAN),
        level_of=level_of,
        clusters=_clusters(groups),
    )


def level_at(unit: Unit | None, tree: UnitTree) -> str:
    """The level a unit works at: an agency's is that of the place it lies in."""
    if unit is None:
        return "province"
    parent = tree.units.get(unit.parent_id or 0)
    return level_at(parent, tree) if unit.level == "agency" and parent else unit.level


def _in_role(people: Iterable[Account], role: AccountRole) -> tuple[Account, ...]:
    return tuple(person for person in people if person.role is role)


def _hosts(
    tree: UnitTree, branch: frozenset[int], levels: Sequence[Level]
) -> tuple[HostGroup, ...]:
    """Bodies of the topmost levels; for who asks of a branch, all of the branch."""
    found: dict[str, list[Unit]] = {}
    places = [level.code for level in levels if level.code != "agency"]
    offered = places[:HOST_LEVELS] if len(branch) == len(tree.units) else places
    for unit in tree.units.values():
        level = level_at(unit, tree)
        if unit.id in branch and unit.level == "agency" and level in offered:
            found.setdefault(level, []).append(unit)
    names = {level.code: level.name for level in levels}
    return tuple(
        HostGroup(name=names.get(level, level), units=tuple(units))
        for level, units in found.items()
    )


def _sites_of(level: Level) -> str:
    """ "Điểm cầu cấp xã"."""
    name = level_name(level)
    return gettext("Điểm cầu %(level)s") % {"level": name[:1].lower() + name[1:]}


def _site_levels(
    sites: Sequence[Site], level_of: Mapping[int, str], levels: Sequence[Level], tree: UnitTree
) -> tuple[SiteLevel, ...]:
    order = [level.code for level in levels]
    by_level: dict[str, list[Site]] = {}
    for site in sites:
        by_level.setdefault(level_of[site.id], []).append(site)
    codes = sorted(by_level, key=lambda code: order.index(code) if code in order else len(order))
    names = {level.code: _sites_of(level) for level in levels}
    return tuple(
        SiteLevel(
            code=code,
            key=f"level:{code}",
            name=names.get(code, code),
            sites=tuple(by_level[code]),
            parts=_parts(by_level[code], tree) if len(by_level[code]) > MANY else (),
        )
        for code in codes
    )


def _parts(sites: Sequence[Site], tree: UnitTree) -> tuple[SitePart, ...]:
    """By the place above: the communes of a district."""
    found: dict[int, list[Site]] = {}
    for site in sites:
        path = tree.path(site.unit_id)
        places = [unit for unit in path if unit.level != "agency"]
        above = places[-2].id if len(places) > 1 else 0
        found.setdefault(above, []).append(site)
    return tuple(
        SitePart(
            key=f"part:{above}",
            name=tree.units[above].name if above in tree.units else "",
            sites=tuple(members),
        )
        for above, members in found.items()
    )


def _quick(
    by_level: Sequence[SiteLevel], groups: Sequence[Group], levels: Sequence[Level]
) -> tuple[Choice, ...]:
    """The whole province, each level, each group."""
    plural = {level.code: level.plural for level in levels}
    known = frozenset(site.id for level in by_level for site in level.sites)
    whole = [Choice(key=ALL, name=gettext("Toàn tỉnh"), sites=known)]
    if len(by_level) < 2:
        whole = [Choice(key=ALL, name=gettext("Tất cả"), sites=known)]
    each = [
        Choice(
            key=level.key,
            name=plural.get(level.code) or level.name,
            sites=frozenset(site.id for site in level.sites),
        )
        for level in by_level
    ]
    free = [
        Choice(key=f"group:{group.id}", name=group.name, sites=known & frozenset(group.site_ids))
        for group in groups
    ]
    return tuple(choice for choice in (*whole, *each, *free) if choice.sites)


def _clusters(groups: Iterable[Group]) -> dict[int, str]:
    found: dict[int, list[str]] = {}
    for group in groups:
        for site in group.site_ids:
            found.setdefault(site, []).append(f"group:{group.id}")
    return {site: " ".join(keys) for site, keys in found.items()}
