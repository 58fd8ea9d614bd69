"""Office hours: set by each unit, for a time. Pure."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time

import msgspec

from rooms.errors import N_


class OfficeHours(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """When a unit and those below it work, local time; `unit_id` None: the whole province."""

    id: int | None = None
    unit_id: int | None = None
    valid_from: date
    valid_to: date | None = None  # the last day; None: until further notice
    morning_start: time
    morning_end: time
    afternoon_start: time
    afternoon_end: time
    note: str = ""  # "Giờ mùa hè", "Quyết định số …"

    def valid(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)

    def holds(self, start: datetime, end: datetime) -> bool:
        """Whether local times lie within the morning or the afternoon, or span both of a day."""
        if start.date() != end.date():
            return False
        morning = self.morning_start <= start.time() < self.morning_end
        afternoon = self.afternoon_start <= start.time() < self.afternoon_end
        last = self.morning_end if morning else self.afternoon_end
        over_noon = morning and end.time() > self.afternoon_start
        return (morning or afternoon) and end.time() <= (self.afternoon_end if over_noon else last)


# Until the province sets its own.
USUAL = OfficeHours(
    valid_from=date.min,
    morning_start=time(7, 30),
    morning_end=time(11, 30),
    afternoon_start=time(13, 30),
    afternoon_end=time(17),
)


def hours_on(
    day: date,
    unit_id: int | None,
    parents: Mapping[int, int | None],
    known: Iterable[OfficeHours],
) -> OfficeHours:
    """The hours of a unit on a day: its own, else those of the nearest unit above it.

    Args:
        parents: the unit above each unit.
        known: all hours that were set; of several of a unit the latest `valid_from` holds.
    """
    found: dict[int | None, OfficeHours] = {}
    for hours in sorted(known, key=lambda hours: hours.valid_from):
        if hours.valid(day):
            found[hours.unit_id] = hours
    seen: set[int] = set()
    while unit_id is not None and unit_id not in found and unit_id not in seen:
        seen.add(unit_id)
        unit_id = parents.get(unit_id)
    return found.get(unit_id) or found.get(None) or USUAL


def hours_faults(hours: OfficeHours) -> dict[str, str]:
    """A msgid for each field at fault; empty: all is well."""
    errors = {}
    if hours.valid_to is not None and hours.valid_to < hours.valid_from:
        errors["valid_to"] = N_("Ngày hết hiệu lực phải sau ngày bắt đầu.")
    if hours.morning_end <= hours.morning_start:
        errors["morning_end"] = N_("Giờ kết thúc phải sau giờ bắt đầu.")
    if hours.afternoon_start < hours.morning_end:
        errors["afternoon_start"] = N_("Buổi chiều phải bắt đầu sau buổi sáng.")
    if hours.afternoon_end <= hours.afternoon_start:
        errors["afternoon_end"] = N_("Giờ kết thúc phải sau giờ bắt đầu.")
    if len(hours.note) > 200:
        errors["note"] = N_("Ghi chú dài quá 200 ký tự.")
    return errors
