"""Days, weeks and months around a day: the arithmetic under "last Friday" and "next month". Weeks begin on Monday."""

import re
from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True, slots=True)
class Span:
    """The days from `first` to `last`, both included."""

    first: date
    last: date

    def __str__(self) -> str:
        if self.first == self.last:
            return f"{self.first.day} {self.first:%B %Y}"
        if self == year(self.first.year):
            return str(self.first.year)
        if self == month(self.first.year, self.first.month):
            return f"{self.first:%B %Y}"
        return f"{self.first.day} {self.first:%B} to {self.last.day} {self.last:%B %Y}"

    def in_characters(self) -> str:
        """As Chinese and Japanese both write it: 2026年11月22日."""
        if self == year(self.first.year):
            return f"{self.first.year}年"
        if self == month(self.first.year, self.first.month):
            return f"{self.first.year}年{self.first.month}月"
        first, last = (f"{on.year}年{on.month}月{on.day}日" for on in (self.first, self.last))
        return first if self.first == self.last else f"{first}~{last}"


def day(on: date) -> Span:
    """One day."""
    return Span(on, on)


def week(on: date) -> Span:
    """Monday to Sunday around a day."""
    monday = on - timedelta(on.weekday())
    return Span(monday, monday + timedelta(6))


def month(of_year: int, number: int) -> Span:
    """A whole month; numbers beyond 12 or below 1 run into the neighbouring years."""
    of_year, number = of_year + (number - 1) // 12, (number - 1) % 12 + 1
    return Span(date(of_year, number, 1), date(of_year, number, monthrange(of_year, number)[1]))


def year(number: int) -> Span:
    """A whole year."""
    return Span(date(number, 1, 1), date(number, 12, 31))


def shifted(on: date, unit: str, by: int) -> Span:
    """The day, week, weekend, month or year that lies `by` of them away."""
    if unit == "day":
        return day(on + timedelta(by))
    if unit == "week":
        return week(on + timedelta(7 * by))
    if unit == "weekend":
        return weekend(on, by)
    return month(on.year, on.month + by) if unit == "month" else year(on.year + by)


def weekend(on: date, by: int) -> Span:
    """Saturday and Sunday of the week `by` weeks away; on a Monday "last weekend" is the two days before."""
    monday = week(on).first + timedelta(7 * by)
    return Span(monday + timedelta(5), monday + timedelta(6))


def ago(on: date, unit: str, by: int, *, vague: bool = False) -> Span:
    """`by` units away, counted from the day itself: three weeks ago is a day or so, not a calendar week.

    "A few" is three, give or take one.
    """
    if vague:
        one, other = ago(on, unit, by - 1), ago(on, unit, by + 1)
        return Span(min(one.first, other.first), max(one.last, other.last))
    if unit == "day":
        return day(on + timedelta(by))
    if unit == "week":
        middle = on + timedelta(7 * by)
        return Span(middle - timedelta(1), middle + timedelta(1))
    return shifted(on, unit, by)


def weekday_near(on: date, number: int, direction: int) -> Span:
    """The latest such weekday before the day (-1), the first after it (+1), or the one in its week (0)."""
    if direction == 0:
        return day(week(on).first + timedelta(number))
    step = direction * ((number - on.weekday()) * direction % 7 or 7)
    return day(on + timedelta(step))


def day_towards(on: date, number: int, direction: int) -> Span:
    """The latest such day of a month before the day (-1), or the first after it (+1): "on the sixth"."""
    for by in range(13):
        found = month(on.year, on.month + direction * by)
        if number <= found.last.day and (found.first.replace(day=number) - on).days * direction > 0:
            return day(found.first.replace(day=number))
    raise ValueError(f"No month has {number} days.")


def weekday_of_week(on: date, number: int, weeks: int) -> Span:
    """Monday is 0; `weeks` away from the week of `on`, as Chinese and Japanese say it."""
    return day(week(on).first + timedelta(7 * weeks + number))


def nearest(on: date, number: int, of_day: int | None = None) -> Span:
    """The month, or the day in it, that lies nearest to `on` in time: "in June" said in July is this year's."""
    years = (on.year - 1, on.year, on.year + 1)
    spans = [day(date(y, number, of_day)) if of_day else month(y, number) for y in years if exists(y, number, of_day)]
    return min(spans, key=lambda span: abs((span.first - on).days))


def exists(of_year: int, number: int, of_day: int | None) -> bool:
    """Whether the calendar has such a day."""
    return not of_day or of_day <= monthrange(of_year, number)[1]


Meaning = Callable[[re.Match[str], date], Span]
Patterns = tuple[tuple[re.Pattern[str], Meaning, bool], ...]


def fixed(unit: str, by: int) -> Meaning:
    """The meaning of a word that always lies the same way from today."""
    return lambda _, on: shifted(on, unit, by)
