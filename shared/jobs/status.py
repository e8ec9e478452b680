"""Who is watching, what is used and left, until when, and what was decided lately."""

from __future__ import annotations

import time
from datetime import date
from typing import Any

from shared.config import Config, load
from shared.jobs.cases import cases, history
from shared.jobs.days import calendar_of
from shared.jobs.judge import house_of
from shared.jobs.limit_streams import is_kept
from shared.ledger import Ledger
from shared.model import Decision, Play, Span
from shared.policy import limits, people, verdict, words
from shared.policy.calendar import day_of
from shared.policy.people import House, Who
from shared.policy.tracking import CONTINUOUS
from shared.policy.verdict import Case

BUDGETS = (("daily", "today"), ("weekly", "this week"), ("monthly", "this month"))
LATELY = 86400.0


def facts() -> dict[str, Any]:
    """Everything that `status` tells, for a program to read."""
    config, now = load(), time.time()
    ledger = Ledger(config.get("usher", "data_dir"))
    try:
        house = house_of(config, ledger, now)
        plays = ledger.open_plays()
        decisions = {case.play.id: verdict.decide(_as_of(case, now), now)
                     for _, case in cases(ledger, config, house, plays, now, listed=True) if case}  # fmt: skip
        return {
            "config": {"path": config.path, "in_force": config.in_force, "problems": list(config.problems)},
            "timekeeper": is_kept(ledger, ledger.lease(), now),
            "last_tick": float(ledger.meta("last_tick", "0")) or None,
            "people": [_person(ledger, config, house, who, plays, decisions, now) for who in _everybody(house, plays)],
            "ended": [
                {"name": name, "last_day": date.fromordinal(last).isoformat()}
                for name, last in people.expired(config.settings, day_of(calendar_of(config), now)).items()
            ],
            "decisions": [
                {
                    "at": at,
                    "who": _name(house, key),
                    "verdict": verdict,
                    "reason": reason,
                    "title": words.shorten(title),
                }
                for at, key, verdict, reason, title in ledger.decided(now - LATELY)
                if verdict != "allow"
            ],
        }
    finally:
        ledger.close()


def as_json() -> str:
    import json

    return json.dumps(facts(), indent=2, ensure_ascii=False)


def as_text() -> str:
    told, config = facts(), load()
    calendar = calendar_of(config)
    lines = [f"{problem} ({config.in_force} in force)" for problem in config.problems]
    for person in told["people"]:
        lines.append(f"{words.shorten(person['name'], 40)}: {_budgets(person)}")
        for play in person["plays"]:
            lines.append(f"  {play['state']}: {play['title']} on {play['player']}; {play['verdict']}")
    if not told["people"]:
        lines.append("Nobody is watching.")
    for person in told["ended"]:
        lines.append(f"{words.shorten(person['name'], 40)}: ended, the last day was {person['last_day']} (until)")
    for row in told["decisions"]:
        when = words.clock(calendar, row["at"] - 60, row["at"] - 3600)[3:]
        lines.append(f"{when} {row['verdict']}: {words.shorten(row['who'], 40)}, {row['title']}: {row['reason']}")
    lines.append("A timekeeper is at work." if told["timekeeper"] else "No timekeeper is needed now.")
    return "\n".join(lines)


def _everybody(house: House, plays: list[Play]) -> list[Who]:
    """Those who are watching, and every person of config.ini."""
    watching = [people.whose(house, p.session.user_id, p.session.machine_id) for p in plays]
    named = [people.person(house, name) for name in house.settings["person"]]
    return list({(who.key, who.exempt): who for who in (*watching, *named) if who is not None}.values())


def _person(
    ledger: Ledger, config: Config, house: House, who: Who, plays: list[Play], decisions: dict[int, Decision],
    now: float,
) -> dict[str, Any]:  # fmt: skip
    calendar = calendar_of(config)
    spans = history(ledger, house, who, limits.horizon(who.limits, calendar, now))
    mine = [p for p in plays if _falls_to(house, p, who)]
    spans += [_since_seen(p, now) for p in mine if p.session.state == "playing" and 0 < now - p.seen <= CONTINUOUS]
    budgets = {}
    for kind, label in BUDGETS:
        if getattr(who.limits, kind):
            used, limit = limits.used(who.limits, calendar, spans, kind, now)
            budgets[label] = {
                "used": round(used),
                "limit": limit,
                "left": None if limit is None else max(round(limit - used), 0),
            }
    return {
        "name": who.name,
        "exempt": who.exempt,
        "dry_run": who.dry_run,
        "budgets": budgets,
        "plays": [_play(who, decisions.get(p.id), p) for p in mine],
    }


def _as_of(case: Case, now: float) -> Case:
    """With what was played since it was last seen."""
    play = case.play
    if play.session.state == "playing" and 0 < now - play.seen <= CONTINUOUS:
        return case._replace(spans=[*case.spans, _since_seen(play, now)])
    return case


def _play(who: Who, decision: Decision | None, play: Play) -> dict[str, Any]:
    session = play.session
    decision = decision or Decision(True, reason="exempt" if who.exempt else "no limit in sight")
    return {
        "title": words.shorten(session.title),
        "player": words.shorten(session.player, 40),
        "state": session.state,
        "allowed": decision.allowed,
        "until": decision.until,
        "verdict": decision.reason if decision.allowed else f"over: {decision.reason}",
    }


def _budgets(person: dict[str, Any]) -> str:
    if person["exempt"]:
        return "exempt"
    parts = [
        f"{words.duration(b['used'])} {label}"
        + (f", {words.duration(b['left'])} left" if b["left"] is not None else "")
        for label, b in person["budgets"].items()
    ]
    return ("; ".join(parts) or "no budget") + (" (dry run)" if person["dry_run"] else "")


def _name(house: House, key: str) -> str:
    user = house.users.get(int(key[5:])) if key.startswith("user:") else None
    return user.name or user.title if user else key


def _falls_to(house: House, play: Play, who: Who) -> bool:
    falls_to = people.whose(house, play.session.user_id, play.session.machine_id)
    return falls_to is not None and (falls_to.key, falls_to.exempt) == (who.key, who.exempt)


def _since_seen(play: Play, now: float) -> Span:
    session = play.session
    return Span(play.seen, now, session.media_type, session.library, play.epoch, bool(play.denied), play.id)
