"""The plan for the owner's eyes: every user with the verdict, the reason and the date of the next step."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from shared import log
from shared.config import load
from shared.gateway import Gateway
from shared.jobs import prune, roster
from shared.ledger import Ledger
from shared.ledger_people import People
from shared.policy.calendar import Calendar, local_clock
from shared.policy.named import called
from shared.policy.prune import FAR

if TYPE_CHECKING:
    from shared.jobs.roster import Roster
    from shared.policy.prune import Verdict

WHAT = {
    "keep": "kept", "fine": "active", "unknown": "unknown", "warn": "to be warned", "notice": "warned",
    "silent": "cannot be warned", "remove": "to be removed",
}  # fmt: skip


def as_text() -> str:
    """One line a user, those to whom something happens first at the top."""
    told = _gather()
    rows = [(u["name"], u["does"], u["next"] or "-", u["reason"]) for u in told["users"]]
    widths = [max((len(row[n]) for row in rows), default=0) for n in range(3)]
    lines = ["  ".join([*map(str.ljust, row[:3], widths), row[3]]) for row in rows]
    notes = [f"! {problem}" for problem in told["problems"]]
    notes += [f"! it would be refused: {told['refused']}"] if told["refused"] else []
    notes += ["this is a dry run: nobody is warned or removed"] if told["dry_run"] else []
    notes += [] if told["enabled"] else ["[prune] enabled is no: nobody is warned or removed"]
    return log.mask("\n".join(lines + notes)) or "there are no users"


def as_json() -> str:
    """The same for programs; times are seconds since 1970."""
    return log.as_json(_gather(), 1)


def _gather() -> dict[str, Any]:
    config = load()
    ledger = Ledger(config.get("usher", "data_dir"))
    try:
        now = time.time()
        team, verdicts, brake = prune.judged(ledger, config, Gateway(config), now)
        busy = {r.user_id: r for r in People(ledger).open_removals()}
        users = [_row(team, verdict, now) for verdict in verdicts]
        for user in users:
            if user["id"] in busy:
                user["does"], user["reason"] = "being removed", busy[user["id"]].error or user["reason"]
        return {
            "at": now,
            "enabled": bool(config.get("prune", "enabled")),
            "dry_run": roster.rehearses(config, "prune"),
            "refused": brake.everything or brake.removals,
            "problems": list(team.problems),
            "users": users,
        }
    finally:
        ledger.close()


def _row(team: Roster, verdict: Verdict, now: float) -> dict[str, Any]:
    at = verdict.at
    return {
        "id": verdict.member.id,
        "name": log.mask(called(verdict.member)),
        "verdict": verdict.verdict,
        "does": WHAT[verdict.verdict],
        "cause": verdict.cause,
        "reason": verdict.reason,
        "at": at,
        "next": "" if at is None else "now" if at <= now else _day(team.calendar, at),
    }


def _day(calendar: Calendar, at: float) -> str:
    from datetime import date

    return date.fromordinal(local_clock(calendar, min(at, FAR))[0]).isoformat()
