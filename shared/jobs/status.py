"""Who is watching, what is used and left, until when, and what was decided lately."""

from __future__ import annotations

from datetime import date
from typing import Any

from shared.jobs.cases import history
from shared.jobs.limit_streams import is_kept
from shared.jobs.looking import Look, cases_now, is_theirs, look, masked, since_seen, stamp, today
from shared.jobs.looking import as_json as in_json
from shared.model import Play
from shared.policy import limits, people, verdict, why, words
from shared.policy.calendar import day_of
from shared.policy.holding import names_of
from shared.policy.limits import Limits
from shared.policy.people import House, Who
from shared.policy.verdict import Case

BUDGETS = (("daily", "today"), ("weekly", "this week"), ("monthly", "this month"))
LATELY = 86400.0
MONTH = Limits(monthly=(((), None),))  # what is used is told of all three, whatever is limited


def facts() -> dict[str, Any]:
    """Everything that `status` tells, for a program to read."""
    with look() as at:
        config, ledger, now = at.config, at.ledger, at.now
        found = {case.play.id: case for _, case in cases_now(at) if case}
        return {
            "config": {"path": config.path, "in_force": config.in_force, "problems": list(config.problems)},
            "timekeeper": is_kept(ledger, ledger.lease(), now),
            "last_tick": float(ledger.meta("last_tick", "0")) or None,
            "people": [_person(at, who, found) for who in _everybody(at.house, at.plays)],
            "ended": [
                {"name": name, "last_day": date.fromordinal(last).isoformat()}
                for name, last in people.expired(config.settings, day_of(at.calendar, now)).items()
            ],
            "decisions": [
                {
                    "at": moment,
                    "at_local": stamp(at.calendar, moment),
                    "who": _name(at.house, key),
                    "verdict": verdict,
                    "reason": reason,
                    "title": words.shorten(title),
                }
                for moment, key, verdict, reason, title in ledger.decided(now - LATELY)
                if verdict != "allow"
            ],
        }


def as_json() -> str:
    return in_json(facts())


def as_text() -> str:
    told = masked(facts())
    lines = [f"{problem} ({told['config']['in_force']} in force)" for problem in told["config"]["problems"]]
    for person in told["people"]:
        lines.append(f"{words.shorten(person['name'], 40)}: {_budgets(person)}")
        lines += [f"  for today: {', '.join(person['today'])}"] if person["today"] else []
        for play in person["plays"]:
            lines.append(f"  {play['state']}: {play['title']} on {play['player']}; {play['verdict']}{_more(play)}")
    if not any(person["plays"] for person in told["people"]):
        lines.append("Nobody is watching.")
    for person in told["ended"]:
        lines.append(f"{words.shorten(person['name'], 40)}: ended, the last day was {person['last_day']} (until)")
    for row in told["decisions"]:
        who = words.shorten(row["who"], 40)
        lines.append(f"{row['at_local'][11:]} {row['verdict']}: {who}, {row['title']}: {row['reason']}")
    lines.append("A timekeeper is at work." if told["timekeeper"] else "No timekeeper is needed now.")
    return "\n".join(lines)


def _everybody(house: House, plays: list[Play]) -> list[Who]:
    """Those who are watching, and every person of config.ini."""
    watching = [people.whose(house, p.session.user_id, p.session.machine_id) for p in plays]
    named = [people.person(house, name) for name in house.settings["person"]]
    return list({(who.key, who.exempt): who for who in (*watching, *named) if who is not None}.values())


def _person(at: Look, who: Who, cases: dict[int, Case]) -> dict[str, Any]:
    given = today(at, who)
    what = who.limits._replace(extra=given.extra)
    since = min(limits.horizon(each, at.calendar, at.now) for each in (what, MONTH))
    spans = [*history(at.ledger, at.house, who, since), *since_seen(at, who)]
    budgets = {}
    for kind, label in BUDGETS:
        used, limit = limits.used(what, at.calendar, spans, kind, at.now)
        budgets[label] = {
            "used": round(used),
            "limit": limit,
            "left": None if limit is None else max(round(limit - used), 0),
        }
    return {
        "name": who.name,
        "group": who.group,
        "exempt": who.exempt,
        "dry_run": who.dry_run,
        "budgets": budgets,
        "today": why.given(given, at.calendar, at.now),
        "plays": [_play(at, who, cases.get(p.id), p) for p in at.plays if is_theirs(at.house, p, who)],
    }


def _play(at: Look, who: Who, case: Case | None, play: Play) -> dict[str, Any]:
    """A play, the decision about it, the rules whose conditions it meets, and whether its player ignores stops."""
    session = play.session
    decision = verdict.decide(case, at.now) if case else None
    reason = decision.reason if decision else "exempt" if who.exempt else "no limit in sight"
    allowed = decision.allowed if decision else True
    stop = at.ledger.stop(play.id)
    return {
        "title": words.shorten(session.title),
        "player": words.shorten(session.player, 40),
        "state": session.state,
        "allowed": allowed,
        "until": decision.until if decision else None,
        "limit": decision.limit if decision else "",
        "verdict": reason if allowed else f"over: {reason}",
        "rules": sorted(names_of(case.rules)) if case else [],
        "ignores_stops": bool(stop and stop.reported and play.denied),
        "stops": stop.attempts if stop else 0,
    }


def _more(play: dict[str, Any]) -> str:
    rules = ", ".join(words.shorten(name, 40) for name in play["rules"])
    more = f" (rule{'s' * (len(play['rules']) > 1)} {rules})" if rules else ""
    return more + (f"; it ignores stops ({play['stops']} so far)" if play["ignores_stops"] else "")


def _budgets(person: dict[str, Any]) -> str:
    """What is used and left: of the day always, of week and month where that is more, or limited."""
    if person["exempt"]:
        return "exempt"
    parts, shown = [], -1
    for label, budget in person["budgets"].items():
        if budget["left"] is not None or budget["used"] > shown:
            left = f", {words.duration(budget['left'])} left" if budget["left"] is not None else ""
            parts.append(f"{words.duration(budget['used'])} {label}{left}")
            shown = budget["used"]
    limited = any(budget["limit"] is not None for budget in person["budgets"].values())
    return "; ".join(parts) + ("" if limited else "; no budget") + (" (dry run)" if person["dry_run"] else "")


def _name(house: House, key: str) -> str:
    user = house.users.get(int(key[5:])) if key.startswith("user:") else None
    return user.name or user.title if user else key
