"""What a look at the members needs: gathered from plex.tv, Plex and Tautulli, put together with what the ledger knows.

A look is whole or it is none: every service must give a definite answer before anything is concluded.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple

from shared import detached
from shared.config import Config
from shared.errors import UsherError
from shared.gateway import Gateway
from shared.jobs.days import calendar_of
from shared.jobs.tell import tell_owner
from shared.ledger import Ledger
from shared.ledger_people import Known, People
from shared.model import Member, User
from shared.policy import named
from shared.policy.calendar import DAY, Calendar, moment
from shared.policy.prune import Record, Rules, Subject, Warned

VIP, GUEST = "vip", "guest"  # bindings of names in config.ini
LOOK_BACK = 60  # days before the time that counts in which a play shows that the history reaches back so far
LOCK = "people.lock"
PATIENCE = 15.0  # seconds; Tautulli ends a script after 30


class Look(NamedTuple):
    """One whole look. `days` are those on which anybody played; `users` is Tautulli's list."""

    members: dict[int, Member]
    users: list[User]
    seen: dict[int, float]
    recorded: frozenset[int]
    watching: frozenset[int]
    days: frozenset[int]
    listens: bool
    server_name: str
    note: str = ""


class Roster(NamedTuple):
    """All that is known of the members at one moment, ready to be judged."""

    rules: Rules
    calendar: Calendar
    subjects: dict[int, Subject]
    record: Record
    known: dict[int, Known]
    problems: tuple[str, ...]


@contextmanager
def alone(ledger: Ledger) -> Iterator[bool]:
    """Wait until no other process looks after the members; False if that takes too long. It ends with its process."""
    guard, path = None, os.path.join(os.path.dirname(ledger.path), LOCK)
    until = time.monotonic() + PATIENCE
    while guard is None and time.monotonic() < until:
        with suppress(sqlite3.OperationalError):
            guard = detached.hold(path)  # which itself waits for two seconds
    try:
        yield guard is not None
    finally:
        if guard is not None:
            guard.close()


def look(ledger: Ledger, config: Config, gateway: Gateway) -> Look:
    """Ask everybody. Raises Unreachable or Refused if one of them gives no definite answer."""
    machine_id = gateway.plex.machine_id()
    ledger.machine_of_server(machine_id)
    viewers = gateway.viewers
    recorded_id, name = viewers.server()
    if recorded_id not in ("", machine_id):
        raise UsherError("Tautulli records another Plex server than the one in [plex] url: nobody is judged by that")
    users = gateway.tautulli.users()
    owner = next((user.id for user in users if user.kind == "owner"), 0)
    table = viewers.all()
    sessions = gateway.plex.sessions(owner)
    watching = {session.user_id for session in sessions} | viewers.watching()
    reach = int(config.get("prune", "remove_after") // DAY) + LOOK_BACK
    days, listens = viewers.days(reach), viewers.listens()
    plextv = gateway.plextv
    members = {member.id: member for member in plextv.members() if member.id > 0}
    return Look(
        members, users, {viewer.id: viewer.last_seen for viewer in table.values()},
        frozenset(viewer.id for viewer in table.values() if viewer.recorded), frozenset(watching), frozenset(days),
        listens, name, plextv.note,
    )  # fmt: skip


def take_in(ledger: Ledger, config: Config, found: Look, now: float) -> None:
    """Write down what was found, in one transaction."""
    people = People(ledger)
    with ledger.writing():
        for user in found.users:
            if user.kind == "owner":
                ledger.set_meta("owner_id", user.id)
        people.see_members(found.members.values(), now)
        plays = people.last_plays()
        active = {id: max(found.seen.get(id, 0.0), plays.get(id, 0.0)) for id in found.members}
        people.see_active({id: now if id in found.watching else at for id, at in active.items() if at})
        people.note_deliveries()
        if found.server_name:
            ledger.set_meta("server_name", found.server_name)
        if found.listens:
            people.witness(now)
        for kind, match in _matches(config, people, found.members).items():
            for name, ids in match.new.items():
                ledger.bind(kind, name, ids, now)
        if found.note:
            tell_owner(ledger, f"plextv:{found.note}", "Usher: plex.tv has changed", found.note, now)


def roster(ledger: Ledger, config: Config, found: Look, now: float, dry_run: bool) -> Roster:
    """Everything together. In a rehearsal a warning that would have been given counts as one."""
    people, calendar = People(ledger), calendar_of(config)
    known, matches = people.members(), _matches(config, people, found.members)
    removing = {removal.user_id for removal in people.open_removals()}
    rules = _rules(config, found, matches[VIP].ids)
    guests = _guests(config, people, found.members, calendar)
    warned = {
        id: Warned(one.cause, one.posted_at, one.delivered_at or 0.0, one.refused)
        for id, one in people.warnings().items()
    }
    if dry_run:
        for act in ("would warn", "would remind"):
            for id, at in people.acted(act).items():
                warned.setdefault(id, Warned(GUEST if act == "would remind" else "inactive", at, at))
    subjects = {}
    for id, member in found.members.items():
        row = known.get(id)
        if row is None or row.gone_at is not None:
            continue
        subjects[id] = Subject(
            member, row.active_at, id in found.watching, id in found.recorded, row.first_seen, row.renewed_at,
            warned.get(id), guests.get(id),
        )  # fmt: skip
    there = [row for row in known.values() if row.gone_at is None and row.id not in removing]
    missing = sum(row.absent_since is not None for row in there)
    days = found.days | people.witnessed(now - (rules.remove_after + LOOK_BACK * DAY))
    record = Record(frozenset(days), len(there), missing, people.removals_since(now - DAY), len(removing))
    problems = tuple(problem for match in matches.values() for problem in match.problems)
    return Roster(rules, calendar, subjects, record, known, problems)


def rehearses(config: Config, section: str) -> bool:
    """Whether this part is a dry run: its own word, else that of [usher]."""
    own = config.settings.get(section, {}).get("dry_run")
    return bool(config.get("usher", "dry_run") if own is None else own)


def _rules(config: Config, found: Look, vips: frozenset[int]) -> Rules:
    prune, mail = config.settings["prune"], config.settings["mail"]
    owners = [user for user in found.users if user.kind == "owner"]
    admins = [_bare(text) for text in mail.get("admin") or ()] + [user.email for user in owners]
    return Rules(
        prune["warn_after"], prune["remove_after"], prune["new_user_grace"], prune["min_notice"],
        prune["home_users"] == "remove", bool(mail.get("host") and mail.get("from")),
        owners[0].id if owners else 0, vips, frozenset(text.casefold() for text in admins if text),
        prune["max_removals"], prune["max_removals_percent"],
    )  # fmt: skip


def _matches(config: Config, people: People, members: dict[int, Member]) -> dict[str, named.Match]:
    vips = config.settings["prune"].get("vip") or ()
    guests = [guest["user"] for guest in config.settings["guest"].values()]
    return {
        VIP: named.match(vips, members.values(), people.bound(VIP), "[prune] vip"),
        GUEST: named.match(guests, members.values(), people.bound(GUEST), "[guest]", titles=False),
    }


def _guests(config: Config, people: People, members: dict[int, Member], calendar: Calendar) -> dict[int, float]:
    """When each guest's time is over; only of those whom one name of config.ini means for certain."""
    bound, ends = people.bound(GUEST), {}
    for guest in config.settings["guest"].values():
        match = named.match([guest["user"]], members.values(), bound, "", titles=False)
        if len(match.ids) == 1 and "expires" in guest:
            ends[next(iter(match.ids))] = moment(calendar, guest["expires"], calendar.day_starts)
    return ends


def _bare(text: str) -> str:
    """The address in `Name <address>`."""
    return text[text.find("<") + 1 : -1] if text.endswith(">") and "<" in text else text
