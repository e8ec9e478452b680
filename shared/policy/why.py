"""Why may this play go on, or not? Every limit and rule with yes or no and the reason, out of the very case that the
decision is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from shared.model import Decision
from shared.policy import bounds as of_all
from shared.policy import grants, limits, rules, streams, verdict, words
from shared.policy.bounds import Bound
from shared.policy.calendar import Calendar, day_of, window_intervals
from shared.policy.days_text import windows
from shared.policy.holding import facts, may_hold
from shared.policy.limits import Limits
from shared.policy.people import House, Who
from shared.policy.verdict import STOP, Case

OWN = (
    "lock", "daily", "weekly", "monthly", "sitting", "blocked", "allowed", "no_start_in_last", "max_streams",
    "max_locations", "max_paused", "known_devices_only",
)  # fmt: skip


class Condition(NamedTuple):
    """A condition of a rule as config.ini has it, and whether it is true; None where that is not known."""

    key: str
    value: str
    true: bool | None


class Asked(NamedTuple):
    """A rule, asked about a play. It is not `for_them` if it does not name who is exempt."""

    name: str
    settings: Mapping[str, Any]
    conditions: tuple[Condition, ...]
    for_them: bool

    @property
    def holds(self) -> bool:
        """Whether all conditions are true; its hours (`when`) are no condition, but a limit of what it forbids."""
        return self.for_them and all(one.true is True for one in self.conditions if one.key != "when")


class Row(NamedTuple):
    """One limit or rule. `limit` is its key in config.ini, or rule:NAME.

    `stops`: it ends the play at this moment. `until`: when that changes as far as this one is concerned, if the play
    goes on; None if that is not in sight. A `dry` one is only rehearsed.
    """

    limit: str
    stops: bool
    why: str
    until: float | None = None
    dry: bool = False
    action: str = STOP
    conditions: tuple[Condition, ...] = ()


class Answer(NamedTuple):
    """The decision about the play, and what each limit and rule has to do with it."""

    decision: Decision
    rows: tuple[Row, ...]


def explain(case: Case, asked: Sequence[Asked], now: float) -> Answer:
    """The answer about a play; `asked` are all rules of the house, see `ask`."""
    found = verdict.bounds(case, now)
    noted = [bound for _, bound in verdict.notes(case, now)]
    own = [_own(case, key, [b for b in found if b.limit == key], now) for key in OWN]
    ruled = [_rule(case, rule, [b for b in (*found, *noted) if b.limit == f"rule:{rule.name}"], now) for rule in asked]
    return Answer(verdict.decide(case, now), (*(row for row in own if row), *ruled))


def ask(house: House, who: Who, case: Case, known: bool | None, now: float) -> tuple[Asked, ...]:
    """All rules of the house, asked about a play: each condition by itself. `known`: whether its player is."""
    mine = facts(house, who, case.play.session, known)
    return tuple(
        Asked(name, settings, tuple(_conditions(settings, mine, case.calendar, now)), may_hold(settings, who, mine))
        for name, settings in sorted(house.settings["rule"].items())
    )


def settles(case: Case, now: float) -> float:
    """When a play that has just begun is judged for good: whether it is one stream too much shows a little later."""
    decision = verdict.decide(case, now)
    soon = decision.until is not None and decision.until - now <= streams.HANDOVER
    return decision.until if decision.until and soon and decision.kind in ("streams", "locations") else now


def given(today: grants.Today, calendar: Calendar, now: float) -> list[str]:
    """What of the owner's grants holds now, in words."""
    extra, found = dict(today.extra).get(day_of(calendar, now), 0), []
    if extra:
        found.append(f"{words.duration(abs(extra))} {'more' if extra > 0 else 'less'} today (bonus)")
    for until, said in ((today.allowed_until, "free of budgets and hours"), (today.locked_until, "locked"),
                        (today.off_until, "everything off")):  # fmt: skip
        if until is not None:
            ends = "" if until == grants.FOREVER else f" until {words.clock(calendar, until, now).removeprefix('at ')}"
            found.append(f"{said}{ends}")
    return found


def _own(case: Case, key: str, mine: Sequence[Bound], now: float) -> Row | None:
    """The row of one of the person's own limits; None if there is no such limit."""
    value = getattr(case.limits, key, None)
    if not mine and value in (None, (), 0):  # False is 0 as well
        return None
    stops, until = _at_work(case, mine, now)
    dry = case.dry and stops
    if key in limits.CALENDARS:
        counted = limits.counts(case.limits, case.play.session.media_type, case.play.session.library)
        why = _used(case, case.limits, case.spans, key, now) if counted else "what is played uses up none of it"
    elif stops:
        why = words.refused(key, mine[0].kind, mine[0].value(now))
    else:
        why = _not_now(case, key)
    return Row(key, stops, why + _then(case, stops, until, now), until, dry)


def _not_now(case: Case, key: str) -> str:
    """Why a limit that is no budget does not forbid the play."""
    what, session = case.limits, case.play.session
    there = [play for play, _ in case.others or ()]
    if key == "sitting" and not limits.counts(what, session.media_type, session.library):
        return "what is played uses up none of it"
    if key == "max_streams":
        players = len({play.session.machine_id or play.session.session_key for play in there})
        return f"{players} of {words.counted(what.max_streams or 0, 'player')} at once"
    if key == "max_locations":
        places = len({place for play in there if (place := streams.place(play))})
        return f"{places} of {words.counted(what.max_locations or 0, 'place')} at once"
    return {
        "blocked": "watching is open at this hour", "allowed": "watching is open at this hour",
        "max_paused": "it is not paused" if session.state != "paused" else "not paused for so long",
        "known_devices_only": "the player is known" if case.known else "whether the player is known is not known",
        "no_start_in_last": f"more than {words.duration(what.no_start_in_last)} was left when it began",
        "sitting": "time is left in this sitting",
    }.get(key, "")  # fmt: skip


def _rule(case: Case, rule: Asked, mine: Sequence[Bound], now: float) -> Row:
    limit, action = f"rule:{rule.name}", str(rule.settings.get("action", STOP))
    if not rule.for_them:
        return Row(limit, False, "does not name them, and they are exempt", None, False, action, rule.conditions)
    if not rule.holds:
        false = any(one.true is False for one in rule.conditions if one.key != "when")
        why = "not all its conditions are true" if false else "it is not known whether all its conditions are true"
        return Row(limit, False, why, None, False, action, rule.conditions)
    reached, until = _at_work(case, mine, now)
    dry = next((h.dry for h in case.rules if h.name == rule.name), False)
    if reached:
        over = next(bound for bound in mine if (at := bound.deadline(now)) is not None and at <= now)
        why = words.refused("", over.kind, over.value(now))
    else:
        why = "its conditions are true" + _within(case, rule, now)
    return Row(limit, reached and action == STOP, why + _then(case, reached, until, now), until, dry, action,
               rule.conditions)  # fmt: skip


def _within(case: Case, rule: Asked, now: float) -> str:
    """What is used of the budgets inside a rule."""
    past = next((h.past for h in case.rules if h.name == rule.name), frozenset())
    mine = [span for span in case.spans if span.play in past or span.play == case.play.id]
    what = rules.limits_of(rule.settings)
    used = [_used(case, what, mine, kind, now) for kind in limits.CALENDARS if getattr(what, kind)]
    return "".join(f"; {text}" for text in used)


def _at_work(case: Case, mine: Sequence[Bound], now: float) -> tuple[bool, float | None]:
    """Whether any of these forbids the play now, and when that changes."""
    ahead = [at for bound in mine if (at := bound.deadline(now)) is not None]
    if any(at <= now for at in ahead):
        return True, of_all.opens(mine, now)
    return False, min(ahead, default=None)


def _used(case: Case, what: Limits, spans: Sequence[Any], kind: str, now: float) -> str:
    """`12 min of 45 min used today`."""
    used, most = limits.used(what._replace(extra=case.today.extra), case.calendar, list(spans), kind, now)
    during = {"daily": "today", "weekly": "this week", "monthly": "this month"}[kind]
    return f"{words.duration(used)}{'' if most is None else f' of {words.duration(max(most, 0))}'} used {during}"


def _then(case: Case, stops: bool, until: float | None, now: float) -> str:
    if until is None:
        return "; no end in sight" if stops else ""
    when = words.clock(case.calendar, until, now)
    return f"; back {when}" if stops else f"; over {when} if it plays on"


def _conditions(settings: Mapping[str, Any], mine: rules.Facts, calendar: Calendar, now: float) -> list[Condition]:
    found = [Condition(key, _written(key, settings), rules.condition(settings, key, mine))
             for key in rules.CONDITIONS if key in settings]  # fmt: skip
    if settings.get("when"):
        during = bool(window_intervals(calendar, settings["when"], now, now + 1))
        found.append(Condition("when", windows(settings["when"], "not"), during))
    return found


def _written(key: str, settings: Mapping[str, Any]) -> str:
    """The value of a condition as config.ini has it, in lower case."""
    value = settings[key]
    if key == "new_device":
        return "yes" if value else "no"
    if key in ("bitrate", "file_bitrate"):
        return f"{value[0]} {value[1] / 1000:g} Mbps"
    turned, names = value
    unrated = ", or none" if key == "ratings" and settings.get("unrated") == "block" else ""
    return f"{'not ' if turned else ''}{', '.join(words.shorten(name, 40) for name in names)}{unrated}"
