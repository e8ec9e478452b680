"""What every limit comes to: when it forbids a play, and when it allows it again.

A limit is asked two things: from a moment on, when does it first forbid, if playing goes on without a break
(`deadline`); and, where it forbids, when it may allow again (`reopens`). Of all limits the least wins. So "allow until
T" is by construction still allowed just before T and not at T.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from shared.model import Decision
from shared.policy import words
from shared.policy.calendar import DAY, Calendar, period

FAR = 45 * DAY  # how far a reopening is looked for: past the longest month
BUDGETS = ("daily", "weekly", "monthly", "sitting")  # kinds that nothing but playing brings nearer
HOURS = "hours"


class Bound(NamedTuple):
    """One limit at work.

    `limit` is the key of config.ini or rule:NAME, `kind` says which text tells of it: daily, weekly, monthly, sitting,
    hours, streams, locations, paused, device, start, lock, plays, or rule. `value` is what it allows, in seconds or as
    a number. `since` tells of a limit in time from which moment on it forbids (None: it is none, and nothing may be
    finished under it). A `dry` one is only rehearsed.
    """

    limit: str
    kind: str
    deadline: Callable[[float], float | None]
    reopens: Callable[[float], float | None]
    value: Callable[[float], int] = lambda at: 0
    since: Callable[[float], float] | None = None
    message: str = ""
    dry: bool = False


def decide(bounds: Sequence[Bound], calendar: Calendar, now: float, paused: bool = False) -> Decision:
    """The decision that these limits come to. While a play is `paused` nothing brings the end of a budget nearer."""
    ahead = [(at, bound) for bound in bounds if (at := bound.deadline(now)) is not None]
    for dry in (False, True):
        denying = [bound for at, bound in ahead if at <= now and bound.dry == dry]
        if denying:
            among = [bound for bound in bounds if bound.dry == dry]
            stop = _stop(denying, among, calendar, now)
            stands = paused or not dry  # what is stopped uses up nothing
            coming = [at for at in (stop.until, _next(ahead, calendar, now, stands)) if at is not None and at > now]
            return stop._replace(dry=dry, ahead=min(coming, default=None))
    if not ahead:
        return Decision(True, reason="no limit in sight")
    until, bound = min(ahead, key=lambda pair: pair[0])
    return Decision(
        True, until, bound.limit, bound.value(until),
        f"until {words.clock(calendar, until, now)[3:]}: {words.foreseen(bound.limit, bound.kind, bound.value(until))}",
        bound.kind, dry=bound.dry, ahead=_next(ahead, calendar, now, paused),
    )  # fmt: skip


def opens(bounds: Sequence[Bound], now: float) -> float | None:
    """When none of the limits forbids any more, None if that is not in sight."""
    return _opens(bounds, [bound for bound in bounds if _denies(bound, now)], now)


def _opens(bounds: Sequence[Bound], denying: Sequence[Bound], now: float) -> float | None:
    """The same, where it is known which of them forbid now."""
    at = now
    while at < now + FAR:
        if not denying:
            return at
        later = [bound.reopens(at) for bound in denying]
        if None in later:
            return None
        at = max(moment for moment in later if moment is not None)
        denying = [bound for bound in bounds if _denies(bound, at)]
    return None


def _denies(bound: Bound, at: float) -> bool:
    deadline = bound.deadline(at)
    return deadline is not None and deadline <= at


def always(limit: str, kind: str, value: int = 0, reopens: float | None = None) -> Bound:
    """A limit that forbids, until a moment if one is known."""

    def deadline(start: float) -> float | None:
        return start if reopens is None or start < reopens else None

    return Bound(limit, kind, deadline, lambda at: reopens, lambda at: value)


def _stop(denying: Sequence[Bound], bounds: Sequence[Bound], calendar: Calendar, now: float) -> Decision:
    """The limit that holds longest is the one to name; the way is free when none of them forbids any more."""
    bound = max(denying, key=lambda b: _opens([b], [b], now) or float("inf")) if len(denying) > 1 else denying[0]
    free = _opens(bounds, denying, now)
    reason = words.refused(bound.limit, bound.kind, bound.value(now))
    reason += f"; back {words.clock(calendar, free, now)}" if free is not None and free > now else ""
    reason += f". {bound.message}" if bound.message else ""
    return Decision(False, free, bound.limit, bound.value(now), reason, bound.kind, bound.message)


def _next(ahead: Sequence[tuple[float, Bound]], calendar: Calendar, now: float, paused: bool) -> float | None:
    """When the first of them comes. That of a budget comes to a `paused` play only if nothing has to be played until
    then; but the next day may have another budget."""
    coming = [at for at, bound in ahead if at > now and not (paused and bound.kind in BUDGETS)]
    if paused:
        waiting = [(at, bound) for at, bound in ahead if at > now and bound.kind in BUDGETS]
        coming += [at for at, bound in waiting if bound.deadline(at) == at]
        coming += [period(calendar, "daily", now)[1][1]] if waiting else []
    return min(coming, default=None)
