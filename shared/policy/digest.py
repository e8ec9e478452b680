"""What a digest tells, reckoned from plain plays: who watched how much of what, when, and against which limits.

Tautulli knows how long a play was paused, but not when: it is taken to have played first, as everywhere in Usher. All
seconds come from Tautulli, so the sum over persons, days, hours or titles is always the same.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from shared.model import PastPlay, Span
from shared.policy import limits
from shared.policy.calendar import Calendar, moment, weekday
from shared.policy.calendar import period as period_around
from shared.policy.limits import Limits
from shared.policy.periods import Hour, Period, hours

BUDGETS = ("daily", "weekly", "monthly")
SOON = 15.0  # seconds; a play that is stopped so early was denied
REACHED = 60.0  # seconds below a limit at which it counts as reached: it was stopped a moment before


class Owned(NamedTuple):
    """A play, and the key of whoever it falls to. What the owner plays on devices that are exempt is not `charged`."""

    key: str
    play: PastPlay
    charged: bool = True


class Subject(NamedTuple):
    """Somebody whose plays are told together. `limits` is None for who is exempt; what the persons `besides` watch uses
    up these limits, too."""

    key: str
    name: str
    limits: Limits | None = None
    besides: tuple[str, ...] = ()


class Budget(NamedTuple):
    """How a limit was used: in the day, week or month that came nearest to it (`first` is the ordinal of its first
    day), and in how many of them it was reached."""

    kind: str
    first: int
    used: float
    limit: int
    reached: int
    of: int


class Work(NamedTuple):
    """A film, show or artist. `people` is by how many it was watched."""

    title: str
    kind: str
    seconds: float
    plays: int
    people: int


class Portion(NamedTuple):
    """One person's part. `days` has the seconds of each day, `earlier` those of the period before."""

    key: str
    name: str
    seconds: float
    plays: int
    earlier: float
    days: tuple[float, ...]
    works: tuple[Work, ...]
    budgets: tuple[Budget, ...]


class Figures(NamedTuple):
    """`grid` has seven rows, Monday first, of 24 hours; a row is a day as days are in this house."""

    seconds: float
    plays: int
    earlier: float
    days: tuple[float, ...]
    grid: tuple[tuple[float, ...], ...]
    people: tuple[Portion, ...]
    works: tuple[Work, ...]


class Stopped(NamedTuple):
    """How often somebody was stopped, or would have been; `denied` are those at their very beginning."""

    key: str
    stopped: int
    denied: int
    would: int
    reason: str


class Decided(NamedTuple):
    """A decision of the ledger about a play that began at `began`."""

    at: float
    began: float
    key: str
    verdict: str
    cause: str
    reason: str
    title: str


def reckon(
    owned: Sequence[Owned], subjects: Sequence[Subject], calendar: Calendar, period: Period, before: Period
) -> Figures:
    """The figures of a period. `owned` reaches back to `horizon()`; whoever watched nothing is told of, too."""
    slots = hours(calendar, period)
    starts = [slot.began for slot in slots]
    grid = [[0.0] * 24 for _ in range(7)]
    by_key: dict[str, list[Owned]] = {subject.key: [] for subject in subjects}
    days_of = {key: [0.0] * (period.after - period.first) for key in by_key}
    for one in owned:
        by_key.setdefault(one.key, []).append(one)
        for slot, seconds in _spread(slots, starts, one.play) if one.key in days_of else ():
            days_of[one.key][slot.day - period.first] += seconds
            grid[weekday(slot.day)][slot.hour] += seconds
    people = [
        _portion(subject, by_key, tuple(days_of[subject.key]), calendar, period, before)
        for subject in subjects
    ]
    people.sort(key=lambda p: (-p.seconds, -p.earlier, p.name.casefold()))
    return Figures(
        sum(p.seconds for p in people), sum(p.plays for p in people), sum(p.earlier for p in people),
        tuple(sum(column) for column in zip(*days_of.values(), strict=True)),
        tuple(map(tuple, grid)), tuple(people), _works([one for one in owned if one.key in days_of], period),
    )  # fmt: skip


def horizon(subjects: Iterable[Subject], calendar: Calendar, period: Period, before: Period) -> float:
    """From when on plays matter: the period before, and the begin of the week or month of which a limit is told."""
    used = {kind for s in subjects if s.limits for kind in BUDGETS if getattr(s.limits, kind)}
    begins = [period_around(calendar, kind, period.began)[1][0] for kind in used]
    return min([before.began, period.began, *begins])


def seconds_in(play: PastPlay, began: float, ended: float) -> float:
    """What of a play lies between two moments."""
    return max(0.0, min(play.began + play.seconds, ended) - max(play.began, began))


def stopped(decisions: Iterable[Decided]) -> tuple[Stopped, ...]:
    """What was decided against each, the most often first."""
    found: dict[str, list[Decided]] = {}
    for decision in decisions:
        if decision.verdict in ("stop", "would stop"):
            found.setdefault(decision.key, []).append(decision)
    rows = []
    for key, mine in found.items():
        real = [d for d in mine if d.verdict == "stop"]
        denied = sum(d.at - d.began < SOON for d in real)
        reasons = [d.reason.partition(";")[0] for d in mine]
        rows.append(Stopped(key, len(real) - denied, denied, len(mine) - len(real), max(reasons, key=reasons.count)))
    return tuple(sorted(rows, key=lambda row: (-row.stopped - row.denied, -row.would, row.key)))


def busiest(figures: Figures) -> tuple[int, int] | None:
    """The day of the week and the hour in which most was watched."""
    cells = [(seconds, -day, -hour) for day, row in enumerate(figures.grid) for hour, seconds in enumerate(row)]
    seconds, day, hour = max(cells)
    return (-day, -hour) if seconds else None


def _spread(slots: list[Hour], starts: list[float], play: PastPlay) -> list[tuple[Hour, float]]:
    """The hours of the period in which a play was, with its seconds in each."""
    ended = play.began + play.seconds
    first, last = bisect_right(starts, play.began) - 1, bisect_left(starts, ended)
    return [
        (slot, seconds)
        for slot in slots[max(first, 0) : last]
        if (seconds := seconds_in(play, slot.began, slot.ended)) > 0
    ]


def _portion(
    subject: Subject, by_key: dict[str, list[Owned]], days: tuple[float, ...], calendar: Calendar, period: Period,
    before: Period,
) -> Portion:  # fmt: skip
    mine = by_key[subject.key]
    works = _works(mine, period)
    charged = [one.play for key in (subject.key, *subject.besides) for one in by_key.get(key, ()) if one.charged]
    return Portion(
        subject.key, subject.name, sum(days), sum(work.plays for work in works),
        sum(seconds_in(one.play, before.began, before.ended) for one in mine),
        days, works, _budgets(subject.limits, charged, calendar, period) if subject.limits else (),
    )  # fmt: skip


def _works(owned: Iterable[Owned], period: Period) -> tuple[Work, ...]:
    found: dict[tuple[str, str], list[tuple[str, float]]] = {}
    for key, play, _ in owned:
        seconds = seconds_in(play, period.began, period.ended)
        if seconds > 0:
            kind = "show" if play.media_type == "episode" else play.media_type
            found.setdefault((play.work, kind), []).append((key, seconds))
    works = [
        Work(title, kind, sum(s for _, s in parts), len(parts), len({key for key, _ in parts}))
        for (title, kind), parts in found.items()
    ]
    return tuple(sorted(works, key=lambda work: (-work.seconds, work.title)))


def _budgets(held: Limits, plays: list[PastPlay], calendar: Calendar, period: Period) -> tuple[Budget, ...]:
    """How each limit that this person has was used, in the days, weeks and months that the period touches."""
    spans = sorted(Span(p.began, p.began + p.seconds, p.media_type, p.library) for p in plays if p.seconds)
    begins, longest = [s.began for s in spans], max((s.ended - s.began for s in spans), default=0.0)
    found = []
    for kind in BUDGETS:
        told = []
        at = period.began if getattr(held, kind) else period.ended
        while at < period.ended:
            first, (began, ended) = period_around(calendar, kind, at)
            near = spans[bisect_left(begins, began - longest) : bisect_left(begins, min(ended, period.ended))]
            near = [s._replace(ended=min(s.ended, period.ended)) for s in near]
            used, limit = limits.used(held, calendar, near, kind, min(ended, period.ended) - 1)
            if limit is not None:
                told.append((used, limit, first))
            at = ended
        if told:
            used, limit, first = max(told, key=lambda t: (t[0] / t[1] if t[1] else t[0], t[0]))
            reached = sum(u >= most - REACHED for u, most, _ in told if u)
            found.append(Budget(kind, first, used, limit, reached, len(told)))
    return tuple(found)


def labels(calendar: Calendar, totals: Sequence[float], period: Period) -> list[tuple[int, int, float]]:
    """The days as (first, after, seconds); so many that they are no picture any more become weeks, then months."""
    kind = "daily" if len(totals) <= 35 else "weekly" if len(totals) <= 380 else "monthly"
    found: list[tuple[int, int, float]] = []
    for day, seconds in enumerate(totals, period.first):
        first, _ = period_around(calendar, kind, moment(calendar, day, calendar.day_starts))
        if found and first < day:
            found[-1] = (found[-1][0], day + 1, found[-1][2] + seconds)
        else:
            found.append((day, day + 1, seconds))
    return found
