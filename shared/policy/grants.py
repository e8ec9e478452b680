"""What an owner gives or takes for today only: more time, free until an hour, a lock, everything off until a moment.

A bonus adds to every budget of its day and moves no window. `allow` lifts budgets, sittings and windows until a moment,
`off` all limits and rules of everybody; what is played meanwhile is charged all the same. A lock beats them all.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from shared.policy.bounds import Bound, always
from shared.policy.calendar import Calendar, day_of
from shared.policy.limits import Extra

BONUS, ALLOW, LOCK, OFF = "bonus", "allow", "lock", "off"
EVERYBODY = "*"  # whom `off` is for


class Grant(NamedTuple):
    """One of them: given at a moment, to a person (or user:ID), holding from then until `until` (None: no end)."""

    kind: str
    who: str
    at: float
    seconds: int = 0
    until: float | None = None


class Today(NamedTuple):
    """What of the grants holds for somebody now. `locked_until` and the others are None where they do not hold;
    a lock without an end is `FOREVER`. `was_allowed_until` and `was_off_until` are the ends of those that are over:
    what they let begin may have its soft landing."""

    extra: Extra = ()
    allowed_until: float | None = None
    off_until: float | None = None
    locked_until: float | None = None
    was_allowed_until: float | None = None
    was_off_until: float | None = None


FOREVER = float("inf")


def today(grants: Iterable[Grant], who: str, calendar: Calendar, now: float) -> Today:
    """What holds now for a person or user; grants of earlier days stay in `extra`: weeks and months need them."""
    mine = [grant for grant in grants if grant.who in (who, EVERYBODY)]
    extra: dict[int, int] = {}
    for grant in mine:
        if grant.kind == BONUS:
            day = day_of(calendar, grant.at)
            extra[day] = extra.get(day, 0) + grant.seconds
    ends = {kind: [_end(grant) for grant in mine if grant.kind == kind] for kind in (ALLOW, OFF, LOCK)}
    until = {kind: max((at for at in found if at > now), default=None) for kind, found in ends.items()}
    over = {kind: max((at for at in found if at <= now), default=None) for kind, found in ends.items()}
    return Today(tuple(sorted(extra.items())), until[ALLOW], until[OFF], until[LOCK], over[ALLOW], over[OFF])


def locks(given: Today) -> list[Bound]:
    """The bound of a lock, if there is one."""
    if given.locked_until is None:
        return []
    return [always(LOCK, LOCK, 0, None if given.locked_until == FOREVER else given.locked_until)]


def free_until(given: Today) -> tuple[float | None, float | None]:
    """From when on budgets, sittings and windows hold, and from when on all other limits do; None: all along."""
    all_from = given.was_off_until if given.off_until is None else given.off_until
    own = (given.allowed_until, given.was_allowed_until, all_from)
    return max((at for at in own if at is not None), default=None), all_from


def lifted(bounds: Sequence[Bound], until: float | None) -> list[Bound]:
    """These limits, holding from a moment on only."""
    return [_from(bound, until) for bound in bounds] if until is not None else list(bounds)


def _from(bound: Bound, until: float) -> Bound:
    since = bound.since

    def deadline(start: float) -> float | None:
        return None if until == FOREVER else bound.deadline(max(start, until))

    return bound._replace(deadline=deadline, since=since and (lambda at: max(since(at), until)))


def _end(grant: Grant) -> float:
    return FOREVER if grant.until is None else grant.until
