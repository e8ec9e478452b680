"""Warn the inactive, remove those who stay away: look, judge everybody, ask the brake, write the plan down, act."""

from __future__ import annotations

import sqlite3
import time
from typing import TYPE_CHECKING

from shared.config import Config, load
from shared.errors import UsherError
from shared.jobs import due
from shared.jobs.tell import tell_problems
from shared.ledger import Ledger
from shared.ledger_outbox import Outbox
from shared.ledger_people import People
from shared.log import log, mask

if TYPE_CHECKING:
    from shared.gateway import Gateway
    from shared.jobs.roster import Roster
    from shared.policy.prune import Brake, Verdict

NAME = "prune"
SAME_PLAN = 86400.0  # seconds for which a refused plan stands although others have come due since
GATHER = 12 * 3600.0  # seconds within which those who come due belong to one plan
CLOCKS = 3600.0  # seconds by which two clocks may differ
RETRY = 30 * 86400.0  # seconds after which a warning that could not be delivered is tried anew


def on_fired() -> str:
    """Whatever started this: do the work if it is due. One line for the log."""
    return due.fired(NAME, run)


def approve(number: int) -> str:
    """Run a plan that the brake refused: exactly its people, as far as they still qualify."""
    config = load()
    if not config.get(NAME, "enabled"):
        raise UsherError(f"{config.path}: [prune] enabled is no")
    ledger = Ledger(config.get("usher", "data_dir"))
    try:
        from shared.gateway import Gateway

        return run(ledger, config, Gateway(config), time.time(), approve=number)
    finally:
        ledger.close()


def preview(kind: str) -> str:
    """A letter as a page, with made-up fields."""
    from shared.jobs import letters

    try:
        return letters.preview(kind, load()).html
    except KeyError:
        known = ", ".join(letters.KINDS)
        raise UsherError(f"there is no letter {kind[:40]!r}: it is one of {known}") from None


def run(ledger: Ledger, config: Config, gateway: Gateway, now: float, approve: int = 0) -> str:
    """One whole round. Raises UsherError when a service gave no definite answer; then nothing was done."""
    from shared.jobs import notices, removal, roster
    from shared.policy import prune

    with roster.alone(ledger) as free:
        if not free:
            return "prune: another run is at work"
        dry_run = roster.rehearses(config, NAME)
        if approve and dry_run:
            raise UsherError("this is a dry run: set [prune] dry_run = no (or that of [usher]) before approving a plan")
        found = roster.look(ledger, config, gateway)
        roster.take_in(ledger, config, found, now)
        team = roster.roster(ledger, config, found, now, dry_run)
        verdicts = prune.judge_all(team.subjects.values(), team.rules, team.calendar, now)
        brake = prune.brake(_new(ledger, verdicts), team.record, team.rules, now)
        with ledger.writing():
            tell_problems(ledger, config, now)
            notices.tell_names(ledger, team.problems, dry_run, now)
            _close_answered(ledger, team, verdicts, now)
            if dry_run:
                said = notices.rehearse(ledger, team, verdicts, brake, now)
            elif approve:
                said = _approved(ledger, config, team, verdicts, approve, now)
            else:
                said = _plan(ledger, config, team, verdicts, brake, now)
        if not dry_run:
            job = removal.Job(ledger, config, gateway, found, team, now, brake.everything)
            said += removal.pursue(job)
        said += [due.deliver(ledger, config, gateway, now)] if Outbox(ledger).due(now) else []
    line = f"prune{' (dry run)' if dry_run else ''}: {len(team.subjects)} users; {'; '.join(said) or 'nothing to do'}"
    log(str(config.get("usher", "data_dir")), "info", line)
    return mask(line)


def judged(ledger: Ledger, config: Config, gateway: Gateway, now: float) -> tuple[Roster, list[Verdict], Brake]:
    """What would be decided now. Takes in what it finds, and does nothing else."""
    from shared.jobs import roster
    from shared.policy import prune

    found = roster.look(ledger, config, gateway)
    roster.take_in(ledger, config, found, now)
    team = roster.roster(ledger, config, found, now, roster.rehearses(config, NAME))
    verdicts = prune.judge_all(team.subjects.values(), team.rules, team.calendar, now)
    return team, verdicts, prune.brake(_new(ledger, verdicts), team.record, team.rules, now)


def _plan(
    ledger: Ledger, config: Config, team: Roster, verdicts: list[Verdict], brake: Brake, now: float
) -> list[str]:
    """Write down what is to be done, or that it was refused. Within a transaction."""
    from shared.jobs import notices
    from shared.policy import prune

    new = _new(ledger, verdicts)
    warn = [v for v in new if v.verdict == prune.WARN]
    remove = [v for v in new if v.verdict == prune.REMOVE]
    said = []
    if prune.shrunk(team.record) and (warn or remove):
        return [notices.tell_shrunk(ledger, prune.shrunk(team.record), now)]
    if brake.everything or brake.removals:
        refused = remove + (warn if brake.everything else [])
        said += _refuse(ledger, refused, brake.everything or brake.removals, _soon(new, now), now) if refused else []
        remove, warn = [], [] if brake.everything else warn
    said += _warn_all(ledger, config, team, warn, now)
    for verdict in remove:
        _begin(ledger, verdict, False, now)
    notices.tell_silent(ledger, [v for v in new if v.verdict == prune.SILENT], now)
    return said


def _approved(
    ledger: Ledger, config: Config, team: Roster, verdicts: list[Verdict], number: int, now: float
) -> list[str]:
    """Write down the acts of a refused plan that are still due. Within a transaction."""
    from shared.policy import prune

    people = People(ledger)
    plan = people.plan(number)
    if plan is None:
        raise UsherError(f"there is no plan {number}: prune_users.py plan shows what is planned")
    if plan.approved_at is not None:
        raise UsherError(f"plan {number} has been approved before; what is left of it goes on by itself")
    if prune.shrunk(team.record):
        raise UsherError(f"{prune.shrunk(team.record)}: try again when the list is whole")
    wanted = people.plan_items(number)
    still = [v for v in _new(ledger, verdicts) if v.member.id in wanted and v.verdict == wanted[v.member.id]]
    for verdict in still:
        if verdict.verdict == prune.REMOVE:
            _begin(ledger, verdict, True, now)
    said = _warn_all(ledger, config, team, [v for v in still if v.verdict == prune.WARN], now)
    people.approve_plan(number, now)
    others = len(wanted) - len(still)
    return [f"plan {number} approved: {len(still)} of {len(wanted)} still qualify", *said] if others else said


def _begin(ledger: Ledger, verdict: Verdict, approved: bool, now: float) -> None:
    from shared.policy.named import called

    name = called(verdict.member)
    People(ledger).plan_removal(verdict.member, name, verdict.cause, verdict.reason, approved, now)


def _warn_all(ledger: Ledger, config: Config, team: Roster, verdicts: list[Verdict], now: float) -> list[str]:
    from shared.jobs import notices

    people, done = People(ledger), []
    for verdict in verdicts:
        people.close_warning(verdict.member.id, "given anew", now)
        try:
            number = people.warn(verdict.member, verdict.cause, verdict.reason, now)
        except sqlite3.IntegrityError:  # another process was quicker
            continue
        notices.post_warning(ledger, config, team, verdict, number, now)
        done.append(verdict)
    notices.tell_warned(ledger, done, now)
    return [f"{len(done)} warned"] if done else []


def _soon(verdicts: list[Verdict], now: float) -> bool:
    """Whether others come due within hours, as after many warnings that went out one after the other."""
    from shared.policy import prune

    overdue = [now - (v.at or now) for v in verdicts if v.verdict == prune.REMOVE]
    soon = any(v.verdict == prune.NOTICE and v.at and v.at - now < GATHER for v in verdicts)
    return soon and max(overdue, default=SAME_PLAN) < SAME_PLAN


def _refuse(ledger: Ledger, verdicts: list[Verdict], reason: str, soon: bool, now: float) -> list[str]:
    """Keep the refused plan under a number and tell the owner, once: not again while it is the same, or on that day."""
    from shared.jobs import notices

    people = People(ledger)
    last = people.last_plan()
    if last and last.approved_at is None:
        items = people.plan_items(last.id)
        if now - last.at < SAME_PLAN or all(items.get(v.member.id) == v.verdict for v in verdicts):
            return [f"refused as plan {last.id}: {reason}"]
    if soon:
        return [f"refused: {reason}; more come due within hours, then it is put before you"]
    number = people.add_plan(reason, [(v.member.id, v.verdict, v.reason) for v in verdicts], now)
    notices.tell_refused(ledger, number, reason, verdicts, now)
    return [f"refused as plan {number}: {reason}"]


def _close_answered(ledger: Ledger, team: Roster, verdicts: list[Verdict], now: float) -> None:
    """Close the warnings that are not for what is the matter now: the user has watched, was made a VIP …"""
    from shared.policy import prune

    people = People(ledger)
    open_ones = people.warnings()
    for verdict in verdicts:
        subject, warned = team.subjects[verdict.member.id], open_ones.get(verdict.member.id)
        if warned is None or verdict.verdict == prune.UNKNOWN:
            continue
        if max(verdict.since, warned.posted_at) > now + CLOCKS:  # the clock was set back: nobody has answered by that
            continue
        stale = warned.refused and (now - warned.posted_at > RETRY or verdict.member.email not in ("", warned.address))
        if stale or not prune.holds(subject, team.rules, verdict):
            people.close_warning(verdict.member.id, f"answered: {verdict.reason}" if not stale else "tried anew", now)


def _new(ledger: Ledger, verdicts: list[Verdict]) -> list[Verdict]:
    """Without those whose removal is under way."""
    busy = {removal.user_id for removal in People(ledger).open_removals()}
    return [v for v in verdicts if v.member.id not in busy]
