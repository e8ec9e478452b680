"""How long a play may go on by the clock: the budgets, sittings and windows of one person, or inside a rule."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from shared.model import Span
from shared.policy.bounds import FAR, HOURS, Bound
from shared.policy.calendar import (
    DAY,
    Calendar,
    Days,
    PerDay,
    Windows,
    day_intervals,
    day_of,
    moment,
    outside,
    period,
    value_on,
    window_intervals,
)
from shared.policy.intervals import Interval, between, measure, subtract, union

AHEAD = 2 * DAY  # a deadline farther away than this is none for now: it is asked again long before
CALENDARS = ("daily", "weekly", "monthly")
Extra = tuple[tuple[int, int], ...]  # (day, seconds): what a day has more than config.ini says, or less
Counting = list[list[Interval]]  # when what counts was played, sorted and disjoint, of each epoch of the clock


class Limits(NamedTuple):
    """What holds for one person after inheritance. None and () are no limit.

    `extra` are bonuses: they add to every budget on their day. `only` narrows a rule's budgets to its windows.
    """

    daily: PerDay = ()
    weekly: PerDay = ()
    monthly: PerDay = ()
    sitting: PerDay = ()
    rest: int = 900
    blocked: Windows = ()
    allowed: Windows = ()
    unlimited_days: Days = ()
    uncounted: Windows = ()
    uncounted_media: tuple[str, ...] = ()
    uncounted_libraries: tuple[str, ...] = ()
    max_streams: int | None = None
    max_locations: int | None = None
    max_paused: int | None = None
    keep: str = "oldest"
    known_devices_only: bool = False
    let_finish: int = 0
    no_start_in_last: int = 0
    delay_stop: int = 0
    warn_before: tuple[int, ...] = ()
    tell: tuple[str, ...] = ()
    message: str = ""
    extra: Extra = ()
    only: Windows = ()

    @property
    def any(self) -> bool:
        """Whether there is any limit at all."""
        of_plays = (self.max_streams, self.max_locations, self.max_paused)
        return self.in_time or self.known_devices_only or any(most is not None for most in of_plays)

    @property
    def in_time(self) -> bool:
        """Whether there is one by the clock."""
        return any((self.daily, self.weekly, self.monthly, self.sitting, self.blocked, self.allowed))


def bounds(limits: Limits, calendar: Calendar, spans: list[Span], now: float, counted: bool) -> list[Bound]:
    """The limits in time at work on a play; `counted`: whether it uses up budgets. `spans` is all that its person has
    played since `horizon()`."""
    found = []
    if limits.blocked or limits.allowed:
        found.append(_hours(limits, calendar))
    kinds = [kind for kind in CALENDARS if counted and getattr(limits, kind)]
    if kinds:
        since = horizon(limits, calendar, now)
        played = _counting(limits, [span for span in spans if span.ended > since])
        found += [_budget(limits, calendar, played, kind) for kind in kinds]
    if counted and limits.sitting:
        found.append(_sitting(limits, calendar, spans, now))
    return found


def used(limits: Limits, calendar: Calendar, spans: list[Span], kind: str, now: float) -> tuple[float, int | None]:
    """Counted seconds of the day, week or month (`daily`, `weekly`, `monthly`) around now, and its limit or None."""
    first, (began, ended) = period(calendar, kind, now)
    limit, played = value_on(calendar, getattr(limits, kind), first), _counting(limits, spans)
    if limit is not None:
        limit = round(limit + _extra(limits, calendar, played, kind, day_of(calendar, now), {}))
    return measure(_charges(limits, calendar, played, began, ended)), limit


def counts(limits: Limits, media_type: str, library: str) -> bool:
    """Whether playing this uses up any budget."""
    return media_type.casefold() not in limits.uncounted_media and library.casefold() not in limits.uncounted_libraries


def horizon(limits: Limits, calendar: Calendar, now: float) -> float:
    """From when on spans matter to a decision at `now`."""
    begins = [period(calendar, k, now)[1][0] for k in CALENDARS if getattr(limits, k)]
    # A sitting has no beginning of its own; one that has lasted two days is as good as any.
    return min([*begins, now - (AHEAD + limits.rest if limits.sitting else 0)])


def _hours(limits: Limits, calendar: Calendar) -> Bound:
    """The windows `blocked`, or all outside of `allowed`; unlimited days are free of them moment by moment."""

    def closed(began: float, ended: float) -> list[Interval]:
        if limits.allowed:
            shut = outside(window_intervals(calendar, limits.allowed, began, ended), began, ended)
        else:
            shut = window_intervals(calendar, limits.blocked, began, ended)
        return subtract(shut, day_intervals(calendar, limits.unlimited_days, began, ended))

    def deadline(start: float) -> float | None:
        return next((began for began, _ in closed(start, start + AHEAD)), None)

    def reopens(at: float) -> float | None:
        near = (AHEAD, FAR)  # nearly always it is within days: they are looked at first
        return next((began for far in near for began, _ in outside(closed(at, at + far), at, at + far)), None)

    def since(at: float) -> float:
        return next((began for began, ended in closed(at - AHEAD, at + 1) if began <= at < ended), at)

    limit = "allowed" if limits.allowed else "blocked"
    return Bound(limit, HOURS, deadline, reopens, since=since, message=limits.message)


def _budget(limits: Limits, calendar: Calendar, played: Counting, kind: str) -> Bound:
    """So much counted time in each day, week or month."""
    values: PerDay = getattr(limits, kind)

    def day_began(day: int) -> float:
        return moment(calendar, day, calendar.day_starts)

    def deadline(start: float) -> float | None:
        ahead: dict[int, float] = {}  # what will be played from `start` on, by day
        for day, limit, (began, ended), pieces in _ahead(limits, calendar, kind, values, start):
            if limit is not None:
                left = limit + _extra(limits, calendar, played, kind, day, ahead)
                left -= measure(_charges(limits, calendar, played, began, ended))
                left -= sum(seconds for on, seconds in ahead.items() if day_began(on) >= began)
                for a, b in pieces:
                    if left < b - a:
                        return a + max(left, 0.0)
                    left -= b - a
            ahead[day] = measure(pieces)
        return None

    def reopens(at: float) -> float | None:
        _, (_, ended) = period(calendar, kind, at)
        if limits.extra:  # a penalty is over with its day
            ended = min(ended, period(calendar, "daily", at)[1][1])
        free = _uncounted(limits, calendar, at, ended)
        return free[0][0] if free else ended

    def value(at: float) -> int:
        limit = value_on(calendar, values, period(calendar, kind, at)[0]) or 0
        return max(round(limit + _extra(limits, calendar, played, kind, day_of(calendar, at), {})), 0)

    def since(at: float) -> float:
        left = float(value(at))
        for began, ended in _charges(limits, calendar, played, *period(calendar, kind, at)[1]):
            if left < ended - began:
                return began + left
            left -= ended - began
        return at

    return Bound(kind, kind, deadline, reopens, value, since, limits.message)


def _sitting(limits: Limits, calendar: Calendar, spans: list[Span], now: float) -> Bound:
    """So much counted time without a rest in between. Where the clock was set back by more than a rest, that is taken
    for one unless a play went on over it: else it would be one sitting until the clock gets there again."""
    spent, last, over, began = 0.0, float("-inf"), now, now
    rest = max(limits.rest, 1)  # without a rest any pause will do, but there has to be one
    for (began, ended), follows in _sittings(limits, calendar, spans, now):
        spent = 0.0 if began - last >= rest or (last - began >= rest and not follows) else spent
        most = _most_at_once(limits, calendar, day_of(calendar, began))
        if most is not None and spent <= most < spent + (ended - began):
            over = began + most - spent
        spent, last = spent + (ended - began), ended
    if began > now and last - now >= rest:  # what goes on from now to a moment ahead is only foreseen
        spent, last = 0.0, float("-inf")

    def deadline(start: float) -> float | None:
        total, ended = spent, last
        for day, _, _, pieces in _ahead(limits, calendar, "daily", limits.sitting, start):
            most = _most_at_once(limits, calendar, day)
            for a, b in pieces:
                total = 0.0 if a - ended >= rest else total
                if most is not None and total + (b - a) > most:
                    return a + max(most - total, 0.0)
                total, ended = total + (b - a), b
        return None

    def reopens(at: float) -> float | None:
        _, (_, ended) = period(calendar, "daily", at)  # the next day may have another value
        soonest = min(ended, last + rest) if last + rest > at else ended
        free = _uncounted(limits, calendar, at, soonest)
        return free[0][0] if free else soonest

    def value(at: float) -> int:
        return _most_at_once(limits, calendar, day_of(calendar, at)) or 0

    return Bound("sitting", "sitting", deadline, reopens, value, lambda at: min(over, at), limits.message)


def _ahead(
    limits: Limits, calendar: Calendar, kind: str, values: PerDay, start: float
) -> Iterator[tuple[int, int | None, Interval, list[Interval]]]:
    """The periods from `start` on: the day, the limit in each, its begin and end, and when in it playing would count.

    Where days have an extra of their own, a week or month comes in its days."""
    at = start
    while at < start + AHEAD:
        first, (began, ended) = period(calendar, kind, at)
        day = day_of(calendar, at) if limits.extra else first
        until = min(ended, moment(calendar, day + 1, calendar.day_starts)) if limits.extra else ended
        pieces = outside(_uncounted(limits, calendar, at, until), at, min(until, start + AHEAD))
        yield day, value_on(calendar, values, first), (began, ended), pieces
        at = until


def _extra(limits: Limits, calendar: Calendar, played: Counting, kind: str, day: int, ahead: dict[int, float]) -> float:
    """What a budget has more, or less, on a day: the bonus of that day, and of a week or month what was used up of the
    bonuses of its earlier days, since bonus time is not charged to it. `ahead`: what will be played on earlier days."""
    found = 0.0
    for on, seconds in limits.extra:
        if on == day:
            found += seconds
        elif kind != "daily" and period(calendar, kind, moment(calendar, day, calendar.day_starts))[0] <= on < day:
            began, ended = (moment(calendar, n, calendar.day_starts) for n in (on, on + 1))
            over = measure(_charges(limits, calendar, played, began, ended)) + ahead.get(on, 0.0)
            over -= value_on(calendar, limits.daily, on) or 0
            found += min(max(over, 0.0), max(seconds, 0))
    return found


def _most_at_once(limits: Limits, calendar: Calendar, day: int) -> int | None:
    """What a sitting of a day may last, None for no limit; a penalty leaves nothing at the least."""
    most = value_on(calendar, limits.sitting, day)
    return None if most is None else max(most + dict(limits.extra).get(day, 0), 0)


def _sittings(limits: Limits, calendar: Calendar, spans: list[Span], now: float) -> Iterator[tuple[Interval, bool]]:
    """The counted stretches that a sitting is made of, in the order in which they were lived; False with those of an
    epoch before which the clock was set back while nothing was played."""
    since, plays = now - AHEAD - limits.rest, set[int]()
    near = [span for span in spans if span.ended > since and not span.denied]
    for epoch in sorted({span.epoch for span in near}):
        mine = [span for span in near if span.epoch == epoch]
        follows = any(span.play in plays for span in mine)
        plays |= {span.play for span in mine}
        for pieces in _counting(limits, mine):
            for piece in _charges(limits, calendar, [pieces], since, min(pieces[-1][1], now + FAR)):
                yield piece, follows


def _counting(limits: Limits, spans: list[Span]) -> Counting:
    """When something was played that uses up budgets: two screens at once use one minute per minute."""
    known: dict[tuple[str, str], bool] = {}
    found: dict[int, list[Interval]] = {}
    for span in spans:
        kind = span.media_type, span.library
        if kind not in known:
            known[kind] = counts(limits, *kind)
        if known[kind]:
            found.setdefault(span.epoch, []).append((span.began, span.ended))
    return [pieces for epoch in sorted(found) if (pieces := union(found[epoch]))]


def _charges(limits: Limits, calendar: Calendar, played: Counting, began: float, ended: float) -> list[Interval]:
    """What of it is charged between two moments, each epoch of the clock by itself."""
    free = _uncounted(limits, calendar, began, ended)
    return [piece for pieces in played for piece in subtract(between(pieces, began, ended), free)]


def _uncounted(limits: Limits, calendar: Calendar, began: float, ended: float) -> list[Interval]:
    if not (limits.uncounted or limits.unlimited_days or limits.only):
        return []
    shut = outside(window_intervals(calendar, limits.only, began, ended), began, ended) if limits.only else []
    return union(
        shut
        + window_intervals(calendar, limits.uncounted, began, ended)
        + day_intervals(calendar, limits.unlimited_days, began, ended)
    )
