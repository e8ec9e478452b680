"""What a digest tells the owner besides the figures: stops, comings and goings, new devices, and how Usher is."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from shared.jobs.report_facts import Facts
from shared.ledger_people import BACK, People
from shared.ledger_report import Evidence
from shared.log import KEPT, NAME
from shared.policy import digest
from shared.policy.calendar import DAY, local_clock
from shared.policy.periods import Period
from shared.policy.words import WEEKDAYS, date, shorten

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
        ("New and gone", _came_and_went(people, evidence, facts)),
        ("New devices", _devices(evidence, facts)),
        ("Usher", _health(ledger, evidence, config, facts, now)),
    ]
    if now - facts.period.ended < RECENT:
        sections.insert(2, ("About to end", _about_to_end(people, config, facts, now)))
    return tuple((heading, _clipped(lines)) for heading, found in sections if (lines := list(found)))


def _stopped(evidence: Evidence, facts: Facts) -> Iterator[str]:
    names = {subject.key: subject.name for subject in facts.subjects}
    rows = evidence.decisions(facts.period.began, facts.period.ended)
    for row in digest.stopped(digest.Decided(*row) for row in rows):
        counts = [(row.stopped, "stopped"), (row.denied, "denied at the start"), (row.would, "would have been stopped")]
        told = ", ".join(f"{what} {_times(count)}" for count, what in counts if count)
        if told:
            yield f"{names.get(row.key) or shorten(row.key, 40)}: {told}; mostly {shorten(row.reason, 120)}"


def _came_and_went(people: People, evidence: Evidence, facts: Facts) -> Iterator[str]:
    began, ended = facts.period.began, facts.period.ended
    known = people.members().values()
    first_look = min((m.first_seen for m in known), default=0.0)
    for member in known:
        name = shorten(member.name or member.title or f"user {member.id}", 40)
        joined = member.accepted_at or (member.first_seen if member.first_seen > first_look else 0.0)
        if began <= member.renewed_at < ended and member.greeted == BACK:
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


def _devices(evidence: Evidence, facts: Facts) -> Iterator[str]:
    """Players that the ledger had not seen before. While it is young, every player is new to it."""
    period = facts.period
    since = evidence.began() + LEARNING
    if not evidence.began() or since >= period.ended:
        return
    names = {subject.key: subject.name for subject in facts.subjects}
    earlier = {one.play.machine_id for one in facts.owned if one.play.began < period.began}
    for device in evidence.new_devices(max(period.began, since), period.ended):
        if device.machine_id in earlier:
            continue
        whose = names.get(facts.keys.get(device.user_id, ""), "nobody")
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


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")
