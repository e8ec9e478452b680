"""A backtest as lines for a terminal, and for a program."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date as Date
from typing import Any

from shared.jobs.backtest_days import Alert, Day, Outcome, Person, Piece
from shared.jobs.looking import masked, stamp
from shared.log import mask
from shared.policy.calendar import local_clock, weekday
from shared.policy.drift import Step
from shared.policy.prune import REMOVE, SILENT
from shared.policy.words import WEEKDAYS, date, duration, shorten

UNKNOWABLE = (
    "Tautulli keeps no play under two minutes, and of pauses only how long they were: a play is taken to have played "
    "first; max_paused is left out.",
    "Where in a film somebody was is not kept: let_finish is left out, so that a cut may have come up to that much "
    "later.",
    "Bonus, allow, lock and off of that time are not taken into account, nor how anybody would have behaved: whoever "
    "is stopped goes on as soon as they may.",
)
MOST = 12  # cuts of one day


def as_text(outcome: Outcome, against: Outcome | None = None) -> str:
    """Everything, the other configuration's difference behind it."""
    lines = [*_head(outcome), "", *_people(outcome), *_alerts(outcome), *_members(outcome)]
    lines += ["", *_against(outcome, against)] if against else []
    lines += ["", "What a history cannot tell:", *(f"  {text}" for text in (*outcome.gaps, *UNKNOWABLE))]
    return "\n".join(lines)


def as_json(outcome: Outcome, against: Outcome | None = None) -> str:
    """For a program."""
    import json

    told = _facts(outcome)
    if against:
        told["against"] = _facts(against)
    return json.dumps(masked(told), indent=2, ensure_ascii=False)


def spread(outcome: Outcome) -> str:
    """`28 Oct to 26 Nov 2026 (30 days)`."""
    last = outcome.after - 1
    return f"{date(outcome.first)} to {date(last)} {Date.fromordinal(last).year} ({outcome.after - outcome.first} days)"


def summary(outcome: Outcome) -> str:
    """The whole in one sentence."""
    cut = [person for person in outcome.people if person.cuts]
    seconds, times = sum(person.cut for person in cut), sum(person.cuts for person in cut)
    if not cut:
        plays, viewers = _count(outcome.plays, "play"), _count(len(outcome.people), "person")
        return f"Nobody would have been cut: {plays} of {viewers}."
    return (f"{_count(times, 'cut')} for {_count(len(cut), 'person')}, {duration(seconds)} not watched of "
            f"{duration(sum(person.watched for person in outcome.people))}.")  # fmt: skip


def cuts(day: Day) -> list[tuple[Piece, float]]:
    """The cuts of a day, each with its seconds. What was cut again and again for the same reason on the same evening is
    told once, with the first of them."""
    found: dict[tuple[str, str], tuple[Piece, float]] = {}
    for piece in day.pieces:
        if piece.limit:
            key = piece.limit, piece.player
            first, seconds = found.get(key, (piece, 0.0))
            found[key] = first, seconds + piece.ended - piece.began
    return list(found.values())


def told(piece: Piece, seconds: float, outcome: Outcome) -> str:
    """`19:30 stopped, 35 min: Daily limit of 1 h reached (Bluey on the TV)`."""
    _, at = local_clock(outcome.calendar, piece.began)
    what = "not let in" if piece.late else "stopped"
    on = f" on {piece.player}" if piece.player else ""
    why = piece.reason.partition("; back ")[0].partition(". ")[0]
    return f"{at // 3600:02d}:{at % 3600 // 60:02d} {what}, {duration(seconds)}: {why} ({piece.title}{on})"


def about(step: Step) -> str:
    """What would have been done about a member, and why."""
    what = {REMOVE: "removed", SILENT: "told to you, since they cannot be warned"}.get(step.verdict.verdict, "warned")
    name = mask(shorten(step.verdict.member.name or step.verdict.member.title, 40)) or f"user {step.verdict.member.id}"
    waits = f"; the brake would have asked you first: {step.brake}" if step.brake else ""
    return f"{name} would have been {what}: {mask(step.verdict.reason)}{waits}"


def day_name(day: int) -> str:
    """`Thu 29 Oct`."""
    return f"{WEEKDAYS[weekday(day)]} {date(day)}"


def _head(outcome: Outcome) -> list[str]:
    return [
        f"What {outcome.label} would have done, had it been live: {spread(outcome)}, {_count(outcome.plays, 'play')}.",
        summary(outcome),
    ]


def _people(outcome: Outcome) -> Iterator[str]:
    cut = [person for person in outcome.people if person.cuts]
    for person in cut:
        days = [day for day in person.days if day.cut]
        yield (f"{person.name}: {duration(person.cut)} of {duration(person.watched)} cut, on {len(days)} of "
               f"{_count(len(person.days), 'day')}")  # fmt: skip
        for day in days:
            yield f"  {day_name(day.day):10}  watched {duration(day.watched)}, cut {duration(day.cut)}"
            found = cuts(day)
            yield from (f"    {told(piece, seconds, outcome)}" for piece, seconds in found[:MOST])
            if len(found) > MOST:
                yield f"    and {len(found) - MOST} more"
    rest = [person.name for person in outcome.people if not person.cuts]
    if rest and cut:
        yield f"Not cut: {', '.join(rest[:20])}" + (f" and {len(rest) - 20} more" if len(rest) > 20 else "")


def _alerts(outcome: Outcome) -> Iterator[str]:
    if outcome.alerts:
        yield from ("", f"{_count(len(outcome.alerts), 'time')} a rule would have told you or written it down:")
    for alert in outcome.alerts[: 5 * MOST]:
        yield f"  {stamp(outcome.calendar, alert.at)} {alert.action} by rule {alert.rule}: {alert.name}, {alert.title}"
    if len(outcome.alerts) > 5 * MOST:
        yield f"  and {len(outcome.alerts) - 5 * MOST} more: see --json"


def _members(outcome: Outcome) -> Iterator[str]:
    if outcome.members:
        yield from ("", "Members:")
    for step in outcome.members:
        yield f"  {stamp(outcome.calendar, step.at)} {about(step)}"


def _against(one: Outcome, other: Outcome) -> Iterator[str]:
    """Who would have been cut otherwise, and on which days."""
    yield f"With {other.label} instead: {summary(other)}"
    mine, theirs = ({person.name: person for person in found.people} for found in (one, other))
    same = True
    for name in sorted({*mine, *theirs}, key=str.casefold):
        before, after = _cut_by_day(mine.get(name)), _cut_by_day(theirs.get(name))
        days = [day for day in sorted({*before, *after}) if round(before.get(day, 0)) != round(after.get(day, 0))]
        if days:
            same = False
            yield f"  {name}: {duration(sum(before.values()))} becomes {duration(sum(after.values()))}"
            yield from (f"    {day_name(day):10}  {duration(before.get(day, 0))} becomes {duration(after.get(day, 0))}"
                        for day in days)  # fmt: skip
    for label, found, missing in ((one.label, one.members, other.members), (other.label, other.members, one.members)):
        only = [step for step in found if about(step) not in {about(another) for another in missing}]
        same = same and not only
        yield from (f"  only with {label}: {stamp(one.calendar, step.at)} {about(step)}" for step in only)
    if same:
        yield "  Nothing would have been different."


def _cut_by_day(person: Person | None) -> dict[int, float]:
    return {day.day: day.cut for day in person.days if day.cut} if person else {}


def _facts(outcome: Outcome) -> dict[str, Any]:
    return {
        "config": outcome.label, "from": Date.fromordinal(outcome.first).isoformat(),
        "to": Date.fromordinal(outcome.after - 1).isoformat(), "plays": outcome.plays,
        "people": [_person(person, outcome) for person in outcome.people],
        "alerts": [_alert(alert, outcome) for alert in outcome.alerts],
        "members": [
            {"at": step.at, "at_local": stamp(outcome.calendar, step.at), "verdict": step.verdict.verdict,
             "id": step.verdict.member.id, "name": step.verdict.member.name, "reason": step.verdict.reason,
             "brake": step.brake}
            for step in outcome.members
        ],
        "unknown": [*outcome.gaps, *UNKNOWABLE],
    }  # fmt: skip


def _person(person: Person, outcome: Outcome) -> dict[str, Any]:
    return {
        "name": person.name, "watched": round(person.watched), "cut": round(person.cut), "cuts": person.cuts,
        "days": [
            {"date": Date.fromordinal(day.day).isoformat(), "watched": round(day.watched), "cut": round(day.cut),
             "cuts": [
                 {"at": piece.began, "at_local": stamp(outcome.calendar, piece.began),
                  "seconds": round(piece.ended - piece.began), "limit": piece.limit, "reason": piece.reason,
                  "title": piece.title, "player": piece.player, "not_let_in": piece.late}
                 for piece in day.pieces if piece.limit
             ]}
            for day in person.days
        ],
    }  # fmt: skip


def _alert(alert: Alert, outcome: Outcome) -> dict[str, Any]:
    return {"at": alert.at, "at_local": stamp(outcome.calendar, alert.at), "name": alert.name, "rule": alert.rule,
            "action": alert.action, "title": alert.title, "reason": alert.reason}  # fmt: skip


def _count(number: int, what: str) -> str:
    several = {"person": "people"}.get(what, f"{what}s")
    return f"{number} {what if number == 1 else several}"

