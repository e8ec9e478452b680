"""How long a play may go on: the budgets, sittings and windows of one person.

Every limit is asked two things: from a moment on, when does it first forbid, if playing goes on without a break
(`deadline`); and, where it forbids, when it may allow again (`reopens`). Of all limits the least wins. So "allow until
T" is by construction still allowed just before T and not at T.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from shared.model import Decision, Span
from shared.policy import words
from shared.policy.calendar import (
    DAY,
    Calendar,
    Days,
    PerDay,
    Windows,
    day_intervals,
    day_of,
    outside,
    period,
    value_on,
    window_intervals,
)
from shared.policy.intervals import Interval, clip, measure, subtract, union

AHEAD = 2 * DAY  # a deadline farther away than this is none for now: it is asked again long before
HOURS = ("blocked", "allowed")
FAR = 45 * DAY  # how far a reopening is looked for: past the longest month


class Limits(NamedTuple):
    """What holds for one person after inheritance. None and () are no limit."""

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
    message: str = ""

    @property
    def any(self) -> bool:
        """Whether there is any limit at all."""
        return bool(self.daily or self.weekly or self.monthly or self.sitting or self.blocked or self.allowed)


class Bound(NamedTuple):
    """One limit at work; see the module's text."""

    limit: str
    deadline: Callable[[float], float | None]
    reopens: Callable[[float], float | None]
    value: Callable[[float], int]


def decide(
    limits: Limits, calendar: Calendar, spans: list[Span], now: float, media_type: str, library: str
) -> Decision:
    """May a play of this kind go on, and until when? `spans` is all that its person has played since `horizon()`."""
    bounds = _bounds(limits, calendar, spans, now, counts(limits, media_type, library))
    deadlines = [(b.deadline(now), b) for b in bounds]
    denying = [b for at, b in deadlines if at is not None and at <= now]
    if denying:
        return _stop(denying, bounds, calendar, now, limits.message)
    ahead = [(at, b) for at, b in deadlines if at is not None]
    if not ahead:
        return Decision(True, reason="no limit in sight")
    until, bound = min(ahead, key=lambda pair: pair[0])
    what = _name(bound, until)
    return Decision(
        True, until, bound.limit, bound.value(until), f"until {words.clock(calendar, until, now)[3:]}: {what}"
    )


def used(limits: Limits, calendar: Calendar, spans: list[Span], kind: str, now: float) -> tuple[float, int | None]:
    """Counted seconds of the day, week or month (`daily`, `weekly`, `monthly`) around now, and its limit or None."""
    first, (began, ended) = period(calendar, kind, now)
    values: PerDay = getattr(limits, kind)
    return _counted(limits, calendar, spans, began, ended), value_on(calendar, values, first)


def counts(limits: Limits, media_type: str, library: str) -> bool:
    """Whether playing this uses up any budget."""
    return media_type.casefold() not in limits.uncounted_media and library.casefold() not in limits.uncounted_libraries


def horizon(limits: Limits, calendar: Calendar, now: float) -> float:
    """From when on spans matter to a decision at `now`."""
    kinds = [k for k in ("daily", "weekly", "monthly") if getattr(limits, k)]
    begins = [period(calendar, k, now)[1][0] for k in kinds]
    # A sitting has no beginning of its own; one that has lasted two days is as good as any.
    return min([*begins, now - (AHEAD + limits.rest if limits.sitting else 0)])


def _bounds(limits: Limits, calendar: Calendar, spans: list[Span], now: float, counted: bool) -> list[Bound]:
    bounds = []
    if limits.blocked or limits.allowed:
        bounds.append(_hours(limits, calendar))
    if counted:
        for kind in ("daily", "weekly", "monthly"):
            if getattr(limits, kind):
                bounds.append(_budget(limits, calendar, spans, kind))
        if limits.sitting:
            bounds.append(_sitting(limits, calendar, spans, now))
    return bounds


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
        return next((began for began, _ in outside(closed(at, at + FAR), at, at + FAR)), None)

    return Bound("allowed" if limits.allowed else "blocked", deadline, reopens, lambda at: 0)


def _budget(limits: Limits, calendar: Calendar, spans: list[Span], kind: str) -> Bound:
    """So much counted time in each day, week or month."""
    values: PerDay = getattr(limits, kind)

    def left(period_began: float, period_ended: float, budget: int) -> float:
        return budget - _counted(limits, calendar, spans, period_began, period_ended)

    def deadline(start: float) -> float | None:
        for budget, (began, ended), pieces in _ahead(limits, calendar, kind, values, start):
            rest = None if budget is None else left(began, ended, budget)
            for a, b in pieces:
                if rest is not None and rest < b - a:
                    return a + max(rest, 0.0)
                rest = None if rest is None else rest - (b - a)
        return None

    def reopens(at: float) -> float | None:
        _, (_, ended) = period(calendar, kind, at)
        free = _uncounted(limits, calendar, at, ended)
        return free[0][0] if free else ended

    def value(at: float) -> int:
        return value_on(calendar, values, period(calendar, kind, at)[0]) or 0

    return Bound(kind, deadline, reopens, value)


def _sitting(limits: Limits, calendar: Calendar, spans: list[Span], now: float) -> Bound:
    """So much counted time without a rest in between."""
    spent, last = 0.0, float("-inf")
    rest = max(limits.rest, 1)  # without a rest any pause will do, but there has to be one
    for began, ended in _sittings(limits, calendar, spans, now):
        spent = (ended - began) + (0.0 if began - last >= rest else spent)
        last = ended

    def deadline(start: float) -> float | None:
        total, ended = spent, last
        for most, _, pieces in _ahead(limits, calendar, "daily", limits.sitting, start):
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
        return value_on(calendar, limits.sitting, day_of(calendar, at)) or 0

    return Bound("sitting", deadline, reopens, value)


def _ahead(
    limits: Limits, calendar: Calendar, kind: str, values: PerDay, start: float
) -> Iterator[tuple[int | None, Interval, list[Interval]]]:
    """The periods from `start` on: the limit in each, its begin and end, and when in it playing would count."""
    at = start
    while at < start + AHEAD:
        first, (began, ended) = period(calendar, kind, at)
        pieces = outside(_uncounted(limits, calendar, at, ended), at, min(ended, start + AHEAD))
        yield value_on(calendar, values, first), (began, ended), pieces
        at = ended


def _sittings(limits: Limits, calendar: Calendar, spans: list[Span], now: float) -> list[Interval]:
    """The counted stretches that a sitting is made of, in the order in which they were lived."""
    pieces: list[Interval] = []
    for epoch in sorted({s.epoch for s in spans}):
        mine = [s for s in spans if s.epoch == epoch and not s.denied]
        pieces += _charged(limits, calendar, mine, now - AHEAD - limits.rest, now + DAY)
    return pieces


def _counted(limits: Limits, calendar: Calendar, spans: list[Span], began: float, ended: float) -> float:
    """Counted seconds between two moments: two screens at once use one minute per minute."""
    near = [s for s in spans if s.began < ended and s.ended > began]
    return sum(
        measure(_charged(limits, calendar, [s for s in near if s.epoch == epoch], began, ended))
        for epoch in {s.epoch for s in near}
    )


def _charged(limits: Limits, calendar: Calendar, spans: list[Span], began: float, ended: float) -> list[Interval]:
    mine = [(s.began, s.ended) for s in spans if counts(limits, s.media_type, s.library)]
    return subtract(clip(union(mine), began, ended), _uncounted(limits, calendar, began, ended))


def _uncounted(limits: Limits, calendar: Calendar, began: float, ended: float) -> list[Interval]:
    if not (limits.uncounted or limits.unlimited_days):
        return []
    return union(
        window_intervals(calendar, limits.uncounted, began, ended)
        + day_intervals(calendar, limits.unlimited_days, began, ended)
    )


def _stop(denying: list[Bound], bounds: list[Bound], calendar: Calendar, now: float, message: str) -> Decision:
    """The limit that holds longest is the one to name; the way is free when none of them forbids any more."""
    bound = max(denying, key=lambda b: _opens([b], now) or float("inf")) if len(denying) > 1 else denying[0]
    opens = _opens(bounds, now)
    when = f"; back {words.clock(calendar, opens, now)}" if opens is not None else ""
    said = "no watching at this hour" if bound.limit in HOURS else f"{_name(bound, now)} reached"
    reason = said + when
    return Decision(False, opens, bound.limit, bound.value(now), reason + (f". {message}" if message else ""))


def _opens(bounds: list[Bound], now: float) -> float | None:
    """When none of the limits forbids any more, None if that is not in sight."""
    at = now
    while at < now + FAR:
        later = [
            bound.reopens(at) for bound in bounds if (deadline := bound.deadline(at)) is not None and deadline <= at
        ]
        if not later:
            return at
        if None in later:
            return None
        at = max(moment for moment in later if moment is not None)
    return None


def _name(bound: Bound, at: float) -> str:
    if bound.limit in HOURS:
        return "no watching after that"
    return f"{bound.limit} limit of {words.duration(bound.value(at))}"
