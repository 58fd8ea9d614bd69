"""Working days. Pure."""

from datetime import date, timedelta

import msgspec

SATURDAY = 5
_ONE = timedelta(days=1)


class WorkCalendar(msgspec.Struct, frozen=True):
    """Which days are worked: Monday to Friday but for `off`, and the weekend days of `swaps`.

    Outside the years it was made for it knows the weekends alone.
    """

    off: frozenset[date] = frozenset()
    swaps: frozenset[date] = frozenset()  # worked in place of another day (làm bù)

    def is_working(self, day: date) -> bool:
        return day in self.swaps or (day.weekday() < SATURDAY and day not in self.off)

    def plus_working_days(self, day: date, n: int) -> date:
        """The n-th working day after `day`, for a negative n before it; 0: `day` itself."""
        step = _ONE if n > 0 else -_ONE
        left = abs(n)
        while left:
            day += step
            left -= self.is_working(day)
        return day

    def working_days_between(self, a: date, b: date) -> int:
        """Working days after `a`, up to `b` and with it; negative when `b` is before `a`.

        The day something happens on does not count, the last day does (Civil Code 2015,
        articles 147 and 148): a letter of Monday is three days before a meeting on Thursday.
        """
        if b < a:
            return -self.working_days_between(b, a)
        days = (a + timedelta(days=i) for i in range(1, (b - a).days + 1))
        return sum(self.is_working(day) for day in days)
