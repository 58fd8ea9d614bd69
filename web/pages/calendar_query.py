"""What a calendar is asked for in its address: view, day, whose meetings, filters. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from typing import Any
from urllib.parse import urlencode

from rooms.dates.entries import OVERSEERS, Scope, Wanted
from rooms.directory.accounts import Account
from rooms.meetings.records import MeetingState
from web.pages.common import week_of

MAX_TEXT = 100
CENTURY = timedelta(days=36525)


class View(StrEnum):
    DAY = "ngay"
    WEEK = "tuan"
    MONTH = "thang"


SCOPE_WORDS = {Scope.MINE: "toi", Scope.UNIT: "don-vi", Scope.PROVINCE: "tinh"}
_SCOPES = {word: scope for scope, word in SCOPE_WORDS.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One calendar; `usual` is the scope that needs no word in the address."""

    view: View
    day: date
    scope: Scope
    usual: Scope
    kind: str = ""
    state: MeetingState | None = None
    unit: int | None = None
    text: str = ""

    @property
    def wanted(self) -> Wanted:
        return Wanted(
            scope=self.scope,
            kind=self.kind,
            state=self.state,
            unit_id=self.unit,
            text=self.text,
        )

    @property
    def filtered(self) -> bool:
        return bool(self.kind or self.state or self.unit is not None or self.text)

    @property
    def days(self) -> tuple[date, ...]:
        """The days shown; of a month with the whole weeks at its ends."""
        first, last = self.span
        return tuple(first + timedelta(days=i) for i in range((last - first).days))

    @property
    def span(self) -> tuple[date, date]:
        """The first day shown, and the day after the last."""
        if self.view is View.DAY:
            return self.day, self.day + timedelta(days=1)
        if self.view is View.WEEK:
            return week_of(self.day)
        first = self.day.replace(day=1)
        last = month_after(self.day) - timedelta(days=1)
        return week_of(first)[0], week_of(last)[1]

    def to(self, **changes: Any) -> str:
        """The address of another calendar, with what is not changed."""
        return replace(self, **changes).address

    @property
    def previous(self) -> str:
        return self.to(day=self._step(-1))

    @property
    def following(self) -> str:
        return self.to(day=self._step(1))

    def _step(self, by: int) -> date:
        if self.view is View.MONTH:
            first = self.day.replace(day=1)
            return month_after(first) if by > 0 else (first - timedelta(days=1)).replace(day=1)
        return self.day + timedelta(days=by * (7 if self.view is View.WEEK else 1))

    @property
    def address(self) -> str:
        return f"/cuoc-hop?{urlencode(self.parameters)}"

    @property
    def parameters(self) -> dict[str, str]:
        """What the address says, and what a form has to repeat."""
        said = {
            "xem": self.view.value,
            "ngay": self.day.isoformat(),
            "cua": SCOPE_WORDS[self.scope] if self.scope is not self.usual else "",
            "loai": self.kind,
            "trang-thai": self.state.value if self.state else "",
            "don-vi": str(self.unit) if self.unit is not None else "",
            "tim": self.text,
        }
        return {name: value for name, value in said.items() if value}


def month_after(day: date) -> date:
    """The first day of the next month."""
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1)


def usual_scope(account: Account) -> Scope:
    """Those who watch over all meetings begin with all, others with their own."""
    return Scope.PROVINCE if account.role in OVERSEERS else Scope.MINE


def read_query(query: Mapping[str, str], account: Account, today: date) -> Asked:
    """What is asked for; what is missing or malformed is as usual."""
    usual = usual_scope(account)
    return Asked(
        view=next((view for view in View if view == query.get("xem")), View.WEEK),
        day=asked_day(query.get("ngay") or query.get("tuan"), today),
        scope=_SCOPES.get(query.get("cua", ""), usual),
        usual=usual,
        kind=query.get("loai", "")[:20],
        state=next((state for state in MeetingState if state == query.get("trang-thai")), None),
        unit=_number(query.get("don-vi", "")),
        text=query.get("tim", "")[:MAX_TEXT].strip(),
    )


def asked_day(text: str | None, today: date) -> date:
    """The day in an address; today when it is missing, malformed or beyond a century."""
    try:
        day = date.fromisoformat(text or "")
    except ValueError:
        return today
    return day if abs(day - today) < CENTURY else today


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
