"""What comes again and again by the clock: when its turn was last, which days it covers, and the hours in them.

A schedule is (daily, 0, time), (weekly, day of the week, time) or (monthly, day of the month, time), the time in
seconds after midnight. In a month that is too short its turn is on the last day.
"""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from shared.policy.calendar import Calendar, day_of, local_clock, moment, weekday

HOUR = 3600

Schedule = tuple[str, int, int]


class Period(NamedTuple):
    """Whole days, from that of ordinal `first` up to but without `after`; `began` and `ended` are moments."""

    first: int
    after: int
    began: float
    ended: float


class Hour(NamedTuple):
    """A stretch in which a clock on the wall shows one hour (0 to 23) of one day, as days are in this house.

    The day's first hour and its last may show the same; in autumn an hour lasts two, in spring one is not there.
    """

    began: float
    ended: float
    day: int
    hour: int


def last_turn(calendar: Calendar, schedule: Schedule, now: float) -> float:
    """The latest moment of a schedule that is not after `now`."""
    day = local_clock(calendar, now)[0] + 1  # where the clock is set back, tomorrow's turn may have come already
    while not (_is_turn(schedule, day) and moment(calendar, day, schedule[2]) <= now):
        day -= 1
    return moment(calendar, day, schedule[2])


def next_turn(calendar: Calendar, schedule: Schedule, now: float) -> float:
    """The first moment of a schedule after `now`."""
    day = local_clock(calendar, now)[0] - 1
    while not (_is_turn(schedule, day) and moment(calendar, day, schedule[2]) > now):
        day += 1
    return moment(calendar, day, schedule[2])


def covered(calendar: Calendar, schedule: Schedule, turn: float) -> tuple[Period, Period]:
    """The days that a turn is about, all of them over: since the turn before. And those about which that one was."""
    on = local_clock(calendar, turn)[0]
    over = day_of(calendar, turn) - on  # -1 where its time is before the day begins
    before = _turn_before(schedule, on)
    earlier = _turn_before(schedule, before)
    return days(calendar, before + over, on + over), days(calendar, earlier + over, before + over)


def days(calendar: Calendar, first: int, after: int) -> Period:
    """The period of these days."""
    starts = calendar.day_starts
    return Period(first, after, moment(calendar, first, starts), moment(calendar, after, starts))


def hours(calendar: Calendar, period: Period) -> list[Hour]:
    """All hours of a period, one after the other without a gap."""
    changes = [at for at, _ in calendar.zone if period.began < at < period.ended]
    starts = [moment(calendar, day, calendar.day_starts) for day in range(period.first + 1, period.after + 1)]
    found, at, day = [], period.began, period.first
    while at < period.ended:
        _, second = local_clock(calendar, at)
        while changes and changes[0] <= at:
            changes.pop(0)
        ends = min([at + HOUR - second % HOUR, starts[day - period.first], *changes[:1]])
        found.append(Hour(at, ends, day, second // HOUR))
        at, day = ends, day + (ends == starts[day - period.first])
    return found


def _turn_before(schedule: Schedule, day: int) -> int:
    day -= 1
    while not _is_turn(schedule, day):
        day -= 1
    return day


def _is_turn(schedule: Schedule, day: int) -> bool:
    kind, number, _ = schedule
    if kind == "weekly":
        return weekday(day) == number
    if kind == "monthly":
        on, tomorrow = date.fromordinal(day), date.fromordinal(day + 1)
        return on.day == number or (on.day < number and tomorrow.day == 1)
    return True
