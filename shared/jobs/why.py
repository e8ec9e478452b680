"""Why may somebody watch, or not: what would happen if they pressed play now, by every limit and rule."""

from __future__ import annotations

from typing import Any

from shared.jobs import pressed
from shared.jobs.cases import asks_for_devices, is_known
from shared.jobs.history import of_who
from shared.jobs.looking import Look, as_json, cases_now, is_theirs, look, masked, stamp, today
from shared.jobs.whom import whom
from shared.model import Decision
from shared.policy import verdict, why, words
from shared.policy.limits import Limits
from shared.policy.verdict import Case
from shared.policy.why import Answer


def answer(words_of_owner: list[str], json: bool) -> str:
    """`USER [TITLE]` answered. Raises UsherError if nobody is meant, or nothing."""
    with look() as at:
        told = facts(at, words_of_owner[0], " ".join(words_of_owner[1:]))
    return as_json(told) if json else _as_text(masked(told))


def facts(at: Look, user: str, title: str) -> dict[str, Any]:
    """Everything that the answer tells, for a program to read."""
    who = whom(at.house, user)
    then, play = pressed.play_of(at, who, title)
    found = cases_now(then, play)
    case = found[-1][1] or Case(play, Limits(), at.calendar, today=today(at, who), dry=who.dry_run)
    known = is_known(at.ledger, then.house, play, who) if asks_for_devices(at.config) else None
    settled = why.settles(case, at.now)
    asked = why.ask(then.house, who, case, known, settled)
    said = why.explain(case, asked, settled)
    last = [row for row in of_who(at, who) if row["what"] in ("stop", "would stop")]
    return {
        "name": who.name, "group": who.group, "exempt": who.exempt, "dry_run": who.dry_run,
        "play": {"title": play.session.title, "show": play.session.show, "media": play.session.media_type,
                 "library": play.session.library, "rating": play.session.rating, "player": play.session.player},
        **_decided(said.decision), "next_change": said.decision.until,
        "next_change_local": stamp(at.calendar, said.decision.until) if said.decision.until else None,
        "today": why.given(case.today, at.calendar, at.now), "limits": _rows(said),
        "playing": [
            {"title": p.session.title, "player": p.session.player, **_decided(_now(c, at.now))}
            for (w, c), p in zip(found, at.plays, strict=False) if is_theirs(at.house, p, who)
        ],
        "last_stop": last[-1] if last else None,
    }  # fmt: skip


def _now(case: Case | None, now: float) -> Decision:
    return verdict.decide(case, now) if case else Decision(True, reason="no limit in sight")


def _decided(decision: Decision) -> dict[str, Any]:
    return {"allowed": decision.allowed, "reason": decision.reason, "limit": decision.limit, "until": decision.until,
            "rehearsed": not decision.allowed and decision.dry}  # fmt: skip


def _rows(said: Answer) -> list[dict[str, Any]]:
    return [
        {"limit": row.limit, "stops": row.stops, "why": row.why, "until": row.until, "rehearsed": row.dry,
         "action": row.action, "conditions": [one._asdict() for one in row.conditions]}
        for row in said.rows
    ]  # fmt: skip


def _as_text(told: dict[str, Any]) -> str:
    name = words.shorten(told["name"], 40)
    what = words.shorten(told["play"]["title"]) or "a film that nobody has rated"
    player = words.shorten(told["play"]["player"], 40)
    head = f"If {name} pressed play now ({what}{f' on {player}' if player else ''}): {_verdict(told)}"
    lines = [head, _next(told)]
    lines += [f"{name} is exempt: no limit holds, only rules that name them."] if told["exempt"] else []
    lines += [f"For today: {', '.join(told['today'])}."] if told["today"] else []
    lines += ["Does it stop the play?"] if told["limits"] else ["No limit and no rule is there."]
    for row in told["limits"]:
        marks = [f"{row['action']} only"] if row["action"] != verdict.STOP else []
        marks += ["dry run"] if row["rehearsed"] else []
        label = words.shorten(row["limit"].replace("rule:", "rule ", 1), 50) + "".join(f" ({one})" for one in marks)
        lines.append(f"  {'yes' if row['stops'] else 'no':3} {label}: {row['why']}")
        lines += [f"        {one['key']} = {one['value']}: {_truth(one['true'])}" for one in row["conditions"]]
    for play in told["playing"]:
        title, on = words.shorten(play["title"]), words.shorten(play["player"], 40)
        lines.append(f"Now playing: {title or 'something'} on {on or 'a player'}; {_verdict(play)}")
    last = told["last_stop"]
    lines += [f"Last time: {last['at_local']} {last['what']}: {last['text']}"] if last else []
    return "\n".join(lines)


def _verdict(told: dict[str, Any]) -> str:
    if told["allowed"]:
        return f"allowed, {told['reason']}"
    return f"{'would be stopped, but this is a dry run' if told['rehearsed'] else 'stopped'}: {told['reason']}"


def _next(told: dict[str, Any]) -> str:
    when = told["next_change_local"]
    if not when:
        return "No change is in sight."
    return f"This changes at {when}{', if it plays on until then' if told['allowed'] else ''}."


def _truth(true: bool | None) -> str:
    return "not known" if true is None else "true" if true else "false"
