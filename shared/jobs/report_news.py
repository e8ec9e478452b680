"""What a digest tells the owner besides the figures: stops, comings and goings, new devices, and how Usher is."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from shared.jobs.report_facts import NOBODY, Facts
from shared.ledger_people import People
from shared.ledger_report import Evidence
from shared.ledger_rules import LEARNED
from shared.log import KEPT, NAME, mask
from shared.policy import digest, grants
from shared.policy.calendar import DAY, local_clock
from shared.policy.periods import Period
from shared.policy.words import WEEKDAYS, clock, date, duration, shorten

if TYPE_CHECKING:
    from shared.config import Config
    from shared.ledger import Ledger

News = tuple[tuple[str, tuple[str, ...]], ...]

WHY = {"guest": "since their time as a guest is over", "inactive": "for not watching"}  # the cause of a warning
MOST = 12  # lines under one heading
LEARNING = 7 * DAY  # seconds from a ledger's first sight on in which every player is new to it
RECENT = 8 * DAY  # how long after a period it is still told what stands to be done
QUIET_TIMER = 2 * 3600.0  # seconds after which a timer that has not run is not alive
COMING = 14 * DAY  # a guest whose time ends so soon is told of


def gather(ledger: Ledger, config: Config, facts: Facts, now: float) -> News:
    """Headings with their lines, those without a line left out."""
    evidence, people = Evidence(ledger), People(ledger)
    sections = [
        ("Stopped", _stopped(evidence, facts)),
        ("Given and taken", _given(evidence, facts)),
        ("New and gone", _came_and_went(people, evidence, facts)),
        ("New devices", _devices(evidence, facts, float(ledger.meta(LEARNED, "0")))),
        ("Usher", _health(ledger, evidence, config, facts, now)),
    ]
    if now - facts.period.ended < RECENT:
        sections.insert(3, ("About to end", _about_to_end(people, config, facts, now)))
    return tuple((heading, _clipped(lines)) for heading, found in sections if (lines := [mask(line) for line in found]))


def _stopped(evidence: Evidence, facts: Facts) -> Iterator[str]:
    rows = evidence.decisions(facts.period.began, facts.period.ended)
    warned = evidence.warned(facts.period.began, facts.period.ended)
    for row in digest.stopped(digest.Decided(*row) for row in rows):
        counts = [(row.stopped, "stopped"), (row.denied, "denied at the start"), (row.would, "would have been stopped"),
                  (warned.pop(row.key, 0), "warned before")]  # fmt: skip
        told = ", ".join(f"{what} {_times(count)}" for count, what in counts if count)
        yield f"{_name(facts, row.key)}: {told}; mostly {shorten(row.reason, 120)}"
    for key, count in warned.items():
        yield f"{_name(facts, key)}: warned before a limit {_times(count)}, and never stopped"


def _given(evidence: Evidence, facts: Facts) -> Iterator[str]:
    """Bonuses, locks and the like, by whoever asked for them."""
    for kind, who, at, seconds, until, asked_by in evidence.given(facts.period.began, facts.period.ended):
        what = {
            grants.BONUS: f"{'' if seconds >= 0 else 'minus '}{duration(abs(seconds))} as a bonus",
            grants.ALLOW: f"free until {_clock(facts, until)}",
            grants.LOCK: "locked" + (f" until {_clock(facts, until)}" if until else ""),
            grants.OFF: "no limits for anybody" + (f" until {_clock(facts, until)}" if until else ""),
        }.get(kind, kind)
        whom = "everybody" if who == grants.EVERYBODY else _name(facts, who)
        by = f", asked for by {shorten(asked_by, 40)}" if asked_by else ""
        yield f"{whom}: {what} on {_day(facts, at)}{by}"


def _came_and_went(people: People, evidence: Evidence, facts: Facts) -> Iterator[str]:
    began, ended = facts.period.began, facts.period.ended
    known = people.members().values()
    first_look = min((m.first_seen for m in known), default=0.0)
    for member in known:
        name = shorten(member.name or member.title or f"user {member.id}", 40)
        joined = member.accepted_at or (member.first_seen if member.first_seen > first_look else 0.0)
        if began <= member.renewed_at < ended and not member.pending:
            yield f"{name} is back since {_day(facts, member.renewed_at)}"
        elif began <= joined < ended and member.kind != "owner" and not member.pending:
            yield f"{name} has joined on {_day(facts, joined)}"
    removed = {r.user_id: r for r in people.removals() if r.gone_at and began <= r.gone_at < ended}
    for member in known:
        if member.gone_at and began <= member.gone_at < ended and member.id not in removed:
            yield f"{shorten(member.name or member.title, 40)} is gone since {_day(facts, member.gone_at)}"
    for removal in removed.values():
        back = f"; invited again on {_day(facts, removal.restored_at)}" if removal.restored_at else ""
        outcome = removal.outcome or "is being removed"
        yield f"{shorten(removal.name, 40)} {outcome} on {_day(facts, removal.gone_at or 0.0)}: {removal.reason}{back}"
    for act in evidence.acts(began, ended):
        if act.act.startswith(("would ", "could not ", "cannot ")):
            why = f": {shorten(act.reason, 120)}" if act.reason else ""
            yield f"{act.act} {shorten(act.name, 40)} ({_day(facts, act.at)}){why}"


def _about_to_end(people: People, config: Config, facts: Facts, now: float) -> Iterator[str]:
    busy = people.open_removals()
    for removal in busy:
        yield f"{shorten(removal.name, 40)} is being removed: {removal.reason}"
    members = people.members()
    for user_id, notice in people.warnings().items():
        if user_id in members and user_id not in {removal.user_id for removal in busy}:
            state = f"warned on {_day(facts, notice.posted_at)}"
            if notice.refused or not notice.delivered_at:
                state = "a warning could not be delivered" if notice.refused else "a warning is on its way"
            name = shorten(members[user_id].name or members[user_id].title or f"user {user_id}", 40)
            yield f"{name}: {state}, {WHY.get(notice.cause, '')}"
    today = local_clock(facts.calendar, now)[0]
    for guest in config.settings["guest"].values():
        if 0 < guest["expires"] - today <= COMING // DAY:
            yield f"{shorten(str(guest['user']), 40).partition('@')[0]}: a guest until {date(guest['expires'])}"


def _devices(evidence: Evidence, facts: Facts, learned: float) -> Iterator[str]:
    """Players that the ledger had not seen before with that user. While it is young and has not `learned` those of
    Tautulli's history, every player is new to it."""
    period = facts.period
    since = learned or (evidence.began() + LEARNING)
    if not evidence.began() or since >= period.ended:
        return
    earlier = {(one.play.user_id, one.play.machine_id) for one in facts.owned if one.play.began < period.began}
    for device in evidence.new_devices(max(period.began, since), period.ended):
        if (device.user_id, device.machine_id) in earlier:
            continue
        whose = _name(facts, facts.keys.get(device.user_id, NOBODY))
        platform = f" ({shorten(device.platform, 30)})" if device.platform else ""
        title = shorten(device.title, 40) or "a player without a name"
        yield f"{title}{platform}: first seen on {_day(facts, device.first_seen)} with {whose}"


def _health(ledger: Ledger, evidence: Evidence, config: Config, facts: Facts, now: float) -> Iterator[str]:
    """That Usher is alive, and what it could not do."""
    period, ticked = facts.period, float(ledger.meta("last_tick", "0"))
    if now - period.ended < RECENT:
        if now - ticked < QUIET_TIMER:
            yield "Usher is alive, and its timer runs."
        else:
            since = f"has not run since {_day(facts, ticked)}" if ticked else "has never run"
            yield f"Usher is alive, but its timer {since}: install.py schedule shows what is wrong"
        waiting = evidence.waiting(now - 3600)
        if waiting:
            yield f"{waiting} message{'s' * (waiting > 1)} could not be sent yet; it goes on trying"
        for problem in config.problems[:2]:
            yield f"{problem} ({config.in_force} in force)"
    for subject, error in evidence.given_up(period.began, period.ended):
        yield f"not sent: {shorten(subject, 60)}: {shorten(error, 120)}"
    for player, title in evidence.ignored_stops(period.began, period.ended):
        yield f"went on in spite of a stop: {shorten(title)} on {shorten(player, 40) or 'a player'}"
    errors = _errors(str(config.get("usher", "data_dir")), period)
    if errors:
        yield f"{len(errors)} error{'s' * (len(errors) > 1)} in usher.log, the last one: {shorten(errors[-1], 160)}"


def _errors(data_dir: str, period: Period) -> list[str]:
    """The texts of the error lines in usher.log of that time; they are in the machine's own."""
    first, after = (time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at)) for at in (period.began, period.ended))
    found = []
    for number in range(KEPT, -1, -1):
        path = os.path.join(data_dir, f"{NAME}.{number}" if number else NAME)
        try:
            with open(path, encoding="utf-8", errors="replace") as file:
                found += [line[20:] for line in file if first <= line[:19] < after and line[19:26] == " error "]
        except OSError:  # there is none
            continue
    return [line.partition("] ")[2].strip() for line in found]


def _clipped(lines: list[str]) -> tuple[str, ...]:
    more = len(lines) - MOST
    return (*lines[:MOST], f"and {more} more") if more > 0 else tuple(lines)


def _day(facts: Facts, at: float) -> str:
    ordinal = local_clock(facts.calendar, at)[0]
    return f"{WEEKDAYS[(ordinal + 6) % 7]} {date(ordinal)}"


def _clock(facts: Facts, at: float | None) -> str:
    return clock(facts.calendar, at, at - 3600)[3:] if at else ""


def _name(facts: Facts, key: str) -> str:
    return next((s.name for s in facts.subjects if s.key == key and key != NOBODY), shorten(key, 40))


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")
