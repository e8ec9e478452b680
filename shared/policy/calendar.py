"""Days, weeks and windows as moments: the owner's local time, with days of 23 and 25 hours.

A day is known by its ordinal (that of `datetime.date.toordinal`). It runs from `day_starts` on its date to `day_starts`
on the next; windows go by the calendar date on which they begin.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from datetime import date
from typing import Any, NamedTuple

from shared.policy.intervals import Interval, clip, subtract, union

EPOCH = 719163  # date(1970, 1, 1).toordinal()
DAY = 86400
NOON = DAY // 2
ALL_DAY = (0, DAY)

Atom = tuple[Any, ...]  # ("weekday", 0), ("date", first, last), ("calendar", name), ("schoolday",), ("schoolnight",)
Days = tuple[Atom, ...]  # () is every day
Ranges = tuple[tuple[int, int], ...]  # seconds after midnight, the end beyond 86400 if it crosses midnight
Windows = tuple[tuple[Days, Ranges], ...]
PerDay = tuple[tuple[Days, int | None], ...]  # None: no limit on that day


class Calendar(NamedTuple):
    """What a day is in this house. `zone` holds (moment, UTC offset from then on), oldest first.

    `names` are the names of [calendar]: (begin, end) of each stretch in seconds of the clock on the wall, that is
    ordinal * 86400 + seconds after midnight; sorted, disjoint, the end not belonging to it. `memo` keeps what was
    reckoned, for whoever asks of the same days many thousand times.
    """

    zone: tuple[tuple[float, int], ...] = ((0, 0),)
    day_starts: int = 4 * 3600
    week_starts: int = 0  # Monday
    names: dict[str, tuple[tuple[int, int], ...]] = {}
    memo: dict[Any, Any] | None = None


def local_clock(calendar: Calendar, at: float) -> tuple[int, int]:
    """The calendar date (ordinal) and the second of the day that a clock on the wall shows."""
    _, offset = calendar.zone[max(bisect_right(calendar.zone, (at, 2 * DAY)) - 1, 0)]
    days, seconds = divmod(int(at // 1) + offset, DAY)
    return EPOCH + days, seconds


def moment(calendar: Calendar, ordinal: int, seconds: int = 0) -> float:
    """When a wall clock shows so many seconds after midnight of a date.

    Of a time that comes twice in autumn the first; for one that spring leaves out, the moment of the change.
    """
    if calendar.memo is None:
        return _moment(calendar, ordinal, seconds)
    key = ordinal, seconds
    if key not in calendar.memo:
        calendar.memo[key] = _moment(calendar, ordinal, seconds)
    return float(calendar.memo[key])


def _moment(calendar: Calendar, ordinal: int, seconds: int) -> float:
    wall = (ordinal - EPOCH) * DAY + seconds
    zone = calendar.zone
    for (begins, offset), (ends, _) in zip(zone, zone[1:], strict=False):
        if wall - offset < ends:
            return float(wall - offset if begins == zone[0][0] else max(wall - offset, begins))
    begins, offset = zone[-1]
    return float(wall - offset if len(zone) == 1 else max(wall - offset, begins))


def coming(calendar: Calendar, when: Atom, now: float) -> float | None:
    """The next moment that this means: ("clock", at), ("tomorrow", at), ("weekday", number, at) or ("date", ordinal,
    at). `at` is seconds after midnight, -1 for when the day begins. None: that date is over.

    Tomorrow is the day after this one, which may have begun yesterday by the calendar.
    """
    kind, at = when[0], int(when[-1])
    at = calendar.day_starts if at < 0 else at
    today, _ = local_clock(calendar, now)
    if kind == "date":
        dates = [int(when[1])]
    elif kind == "tomorrow":
        first = day_of(calendar, now) + 1
        dates = [first, first + 1]
    else:  # from yesterday on: its 24:00 may be yet to come where midnight comes twice
        dates = [n for n in range(today - 1, today + 9) if kind == "clock" or weekday(n) == when[1]]
    return next((found for n in dates if (found := _next(calendar, n, at, now)) is not None), None)


def _next(calendar: Calendar, ordinal: int, seconds: int, now: float) -> float | None:
    """When the clock on the wall next shows this time of a date; in autumn it may show it once more."""
    wall = (ordinal - EPOCH) * DAY + seconds
    twice = {float(wall - offset) for _, offset in calendar.zone}
    shown = [at for at in twice if local_clock(calendar, at) == (EPOCH + wall // DAY, wall % DAY)]
    return min((at for at in (moment(calendar, ordinal, seconds), *shown) if at > now), default=None)


def day_of(calendar: Calendar, at: float) -> int:
    """The ordinal of the day that a moment belongs to."""
    if calendar.memo is None:
        return _day_of(calendar, at)
    hour = at // 3600  # nearly always all of one hour belongs to one day
    began, ended, ordinal = calendar.memo.get(hour, (0.0, 0.0, 0))
    if not began <= at < ended:
        ordinal = _day_of(calendar, at)
        began, ended = (moment(calendar, day, calendar.day_starts) for day in (ordinal, ordinal + 1))
        calendar.memo[hour] = began, ended, ordinal
    return int(ordinal)


def _day_of(calendar: Calendar, at: float) -> int:
    ordinal, _ = local_clock(calendar, at)
    while at < moment(calendar, ordinal, calendar.day_starts):
        ordinal -= 1
    while at >= moment(calendar, ordinal + 1, calendar.day_starts):
        ordinal += 1
    return ordinal


def period(calendar: Calendar, kind: str, at: float) -> tuple[int, Interval]:
    """The day, week or month around a moment: the ordinal of its first day, its begin and end."""
    day = day_of(calendar, at)
    if calendar.memo is None:
        return _period(calendar, kind, day)
    if (kind, day) not in calendar.memo:
        calendar.memo[kind, day] = _period(calendar, kind, day)
    found: tuple[int, Interval] = calendar.memo[kind, day]
    return found


def _period(calendar: Calendar, kind: str, first: int) -> tuple[int, Interval]:
    after = first + 1
    if kind == "weekly":
        first -= (weekday(first) - calendar.week_starts) % 7
        after = first + 7
    elif kind == "monthly":
        on = date.fromordinal(first)
        first = on.replace(day=1).toordinal()
        after = date(on.year + on.month // 12, on.month % 12 + 1, 1).toordinal()
    return first, (moment(calendar, first, calendar.day_starts), moment(calendar, after, calendar.day_starts))


def weekday(ordinal: int) -> int:
    """0 for Monday to 6 for Sunday."""
    return (ordinal + 6) % 7


def names_day(calendar: Calendar, days: Days, ordinal: int, second: int = NOON) -> bool:
    """Whether an entry for `days` speaks of this date.

    A name of [calendar] may begin and end within a day. A window asks with the second at which it begins, a day as a
    whole asks at noon: whoever has noon has the day.
    """
    return not days or any(_matches(calendar, atom, ordinal, second) for atom in days)


def value_on(calendar: Calendar, values: PerDay, ordinal: int) -> int | None:
    """The value for a date: where several entries name it, the last one's."""
    found = None
    for days, value in values:
        if names_day(calendar, days, ordinal):
            found = value
    return found


def ranges_on(calendar: Calendar, windows: Windows, ordinal: int) -> Ranges:
    """The ranges that begin on a date: of the entries that name it when the range begins the last one's, with those of
    the same words."""
    return tuple(r for days, ranges in windows for r in ranges if _last_naming(calendar, windows, ordinal, r) == days)


def _last_naming(calendar: Calendar, windows: Windows, ordinal: int, asking: tuple[int, int]) -> Days | None:
    """The days of the last entry that names a date when this range begins, None where that one has no range."""
    second = NOON if asking == ALL_DAY else asking[0]
    for days, ranges in reversed(windows):
        if names_day(calendar, days, ordinal, second):
            return days if ranges else None
    return None


def window_intervals(calendar: Calendar, windows: Windows, began: float, ended: float) -> list[Interval]:
    """When the windows are open, between two moments."""
    first, _ = local_clock(calendar, began)
    last, _ = local_clock(calendar, ended)
    key = windows, first, last
    if calendar.memo is None:
        return clip(_opened(calendar, *key), began, ended)
    if key not in calendar.memo:
        calendar.memo[key] = _opened(calendar, *key)
    return clip(calendar.memo[key], began, ended)


def _opened(calendar: Calendar, windows: Windows, first: int, last: int) -> list[Interval]:
    """When the windows are open that begin on these dates; one more on each side, since a midnight may come twice."""
    return union(
        (moment(calendar, ordinal, start), moment(calendar, ordinal, end))
        for ordinal in range(first - 1, last + 2)
        for start, end in ranges_on(calendar, windows, ordinal)
    )


def day_intervals(calendar: Calendar, days: Days, began: float, ended: float) -> list[Interval]:
    """The named days (each from `day_starts` to `day_starts`), between two moments. No days named: none."""
    if not days:
        return []
    found = [
        (moment(calendar, n, calendar.day_starts), moment(calendar, n + 1, calendar.day_starts))
        for n in range(day_of(calendar, began), day_of(calendar, ended) + 1)
        if names_day(calendar, days, n)
    ]
    return clip(union(found), began, ended)


def outside(pieces: list[Interval], began: float, ended: float) -> list[Interval]:
    """The rest of the time between two moments."""
    return subtract([(began, ended)], pieces)


def _matches(calendar: Calendar, atom: Atom, ordinal: int, second: int) -> bool:
    kind = atom[0]
    if kind == "weekday":
        return bool(weekday(ordinal) == atom[1])
    if kind == "date":
        return bool(atom[1] <= ordinal <= atom[2])
    if kind == "calendar":
        return _in_named(calendar, str(atom[1]), ordinal * DAY + second)
    if kind == "schoolnight":
        ordinal += 1
    return weekday(ordinal) < 5 and not _in_named(calendar, "holidays", ordinal * DAY + NOON)


def _in_named(calendar: Calendar, name: str, wall: int) -> bool:
    stretches = calendar.names.get(name, ())
    before = bisect_left(stretches, (wall + 1,))  # so many have begun by then
    return before > 0 and wall < stretches[before - 1][1]
