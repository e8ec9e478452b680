"""What holds for somebody now, and which limit comes next: the answer to whoever changes something for today."""

from __future__ import annotations

from typing import NamedTuple

from shared.config import Config
from shared.jobs.cases import cases, history
from shared.jobs.days import calendar_of
from shared.ledger import Ledger
from shared.ledger_rules import Remembered
from shared.model import Decision, Play, Session
from shared.policy import bounds, grants, limits, verdict, words
from shared.policy.calendar import DAY, Calendar, period
from shared.policy.grants import Grant, Today
from shared.policy.people import House, Who
from shared.policy.verdict import Case


class Outlook(NamedTuple):
    """`decision` is that about what they play, or would be if they pressed play on a film now. `left` is the time that
    their budgets leave, None without a budget."""

    who: Who
    decision: Decision
    playing: bool
    today: Today
    left: float | None


def outlook(ledger: Ledger, config: Config, house: House, who: Who, now: float) -> Outlook:
    """How it stands with them, what was given or taken until now included."""
    calendar = calendar_of(config)
    given = today(ledger, calendar, who, now)
    spans = history(ledger, house, who, limits.horizon(who.limits, calendar, now))
    what = who.limits._replace(extra=given.extra)
    left = [
        max(limit - used, 0.0)
        for used, limit in (limits.used(what, calendar, spans, kind, now) for kind in limits.CALENDARS)
        if limit is not None
    ]
    playing = [
        verdict.decide(case, now)
        for other, case in cases(ledger, config, house, ledger.open_plays(), now, listed=True)
        if case is not None and (other.key, other.exempt) == (who.key, who.exempt)
    ]
    if playing:
        decision = min(playing, key=lambda found: (found.allowed, found.until or grants.FOREVER))
    else:
        play = Play(0, Session("", media_type="movie"), now, now)
        case = Case(play, who.limits, calendar, spans, others=[(play, frozenset())], today=given, dry=who.dry_run)
        decision = verdict.decide(case, now)
    return Outlook(who, decision, bool(playing), given, min(left, default=None))


def today(ledger: Ledger, calendar: Calendar, who: Who, now: float) -> Today:
    """What of all that was given holds for them now."""
    given = Remembered(ledger).grants(period(calendar, "monthly", now)[1][0] - 7 * DAY, now)
    return grants.today([Grant(*one) for one in given], who.key, calendar, now)


def text(found: Outlook, calendar: Calendar, now: float) -> str:
    """`50 min left; next: no watching from 20:00`."""
    if found.who.exempt:
        return "exempt: no limit holds"
    free = found.today.allowed_until or found.today.off_until
    parts = [f"{words.duration(found.left)} left"] if found.left is not None and free is None else []
    return "; ".join([*parts, coming(found, calendar, now)]) + (" (dry run)" if found.who.dry_run else "")


def coming(found: Outlook, calendar: Calendar, now: float) -> str:
    """The limit that holds now, else the one that comes next."""
    decision = found.decision
    if not decision.allowed:
        back = decision.until is not None and decision.until > now
        said = words.refused(decision.limit, decision.kind, decision.value)
        return f"now: {said}" + (f"; back {words.clock(calendar, decision.until or now, now)}" if back else "")
    if decision.until is None:
        return "no limit in sight"
    at = words.clock(calendar, decision.until, now)
    if decision.kind == bounds.HOURS:
        return f"next: no watching {at.replace('at ', 'from ')}"
    said = words.foreseen(decision.limit, decision.kind, decision.value)
    depends = decision.kind in bounds.BUDGETS and not found.playing and found.today.allowed_until is None
    return f"next: {said}" + ("" if depends else f" {at}")
