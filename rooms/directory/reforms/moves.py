"""Where sites, people and accounts of ended units go. Pure.

One successor takes them without asking. With several, or none, a person chooses: `undecided`
moves keep a reform from being confirmed.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum

import msgspec

from rooms.directory.imports.plans import Values
from rooms.directory.reforms.plan import Ended

RETIRE = "-"  # the choice of who is not used any more
_KINDS = ("UBND", "Đảng ủy", "Thành ủy", "Thị ủy", "Huyện ủy", "HĐND")
_PLACES = ("thành phố", "thị xã", "thị trấn", "huyện", "phường", "xã", "tỉnh")


class Subject(StrEnum):
    SITE = "site"
    PERSON = "person"
    ACCOUNT = "account"


class Occupant(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody or something of a unit that ends."""

    subject: Subject
    id: int
    name: str
    detail: str  # position, place
    unit_id: int
    short_name: str = ""  # of a site
    follows: str = ""  # key of the occupant whose choice is theirs: a device its site


class Choice(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a person decided; empty fields leave it to the rule."""

    unit: str = ""  # code of the unit, or RETIRE
    name: str = ""  # of a site, from then on
    short_name: str = ""


class Move(msgspec.Struct, frozen=True, kw_only=True):
    key: str  # "site:12"
    occupant: Occupant
    old_unit: str
    heirs: tuple[str, ...]  # codes of the successors
    unit: str  # chosen code, RETIRE, or "" while undecided
    name: str  # of a site
    short_name: str

    @property
    def undecided(self) -> bool:
        return not self.unit


def key_of(subject: Subject, subject_id: int) -> str:
    return f"{subject.value}:{subject_id}"


def moves(
    occupants: Iterable[Occupant],
    ended: Iterable[Ended],
    future: Mapping[str, Values],
    choices: Mapping[str, Choice],
) -> list[Move]:
    """Everyone who has to leave, with the place they go to."""
    units = {unit.id: unit for unit in ended}
    found: dict[str, Move] = {}
    leading = sorted(occupants, key=lambda occupant: bool(occupant.follows))
    for occupant in leading:
        if occupant.unit_id not in units:
            continue
        key = key_of(occupant.subject, occupant.id)
        choice = choices.get(occupant.follows or key, Choice())
        leader = found.get(occupant.follows)
        found[key] = _move(key, occupant, units[occupant.unit_id], future, choice, leader)
    return list(found.values())


def _move(
    key: str,
    occupant: Occupant,
    unit: Ended,
    future: Mapping[str, Values],
    choice: Choice,
    leader: Move | None,
) -> Move:
    heirs = tuple(heir.code for heir in unit.heirs)
    usual = heirs[0] if len(heirs) == 1 else ""
    chosen = leader.unit if leader is not None else choice.unit or usual
    if chosen != RETIRE and chosen not in future:
        chosen = ""
    name = choice.name or _new_name(occupant, future.get(chosen))
    return Move(
        key=key,
        occupant=occupant,
        old_unit=unit.name,
        heirs=heirs,
        unit=chosen,
        name=name if occupant.subject is Subject.SITE else "",
        short_name=choice.short_name or _new_short_name(occupant, future.get(chosen)),
    )


def _new_name(occupant: Occupant, unit: Values | None) -> str:
    """A site is called after its unit, as most are."""
    return unit["short_name"] if unit is not None else occupant.name


def _new_short_name(occupant: Occupant, unit: Values | None) -> str:
    if occupant.subject is not Subject.SITE:
        return ""
    return bare_name(unit["short_name"])[:80] if unit is not None else occupant.short_name


def bare_name(name: str) -> str:
    """For tiles: "Đông Sơn" for "UBND xã Đông Sơn"; the provincial bodies keep theirs."""
    bare = name
    for words in (_KINDS, _PLACES):
        heads = (f"{word} " for word in words)
        head = next((h for h in heads if bare.casefold().startswith(h.casefold())), "")
        bare = bare[len(head) :]
    return name if bare.casefold() in _PLACES else bare
