"""The timekeeper: one detached process for the whole server, there while a limited play goes on.

It reads Plex's session list itself, extends what was played, decides again with the functions that the events use, and
ends what is over. It leaves when nothing needs watching. It acts only while the lease in the ledger is its own and the
ledger's path still leads to the file that it has open: so two of them never act at once.
"""

from __future__ import annotations

import os
import sqlite3
import time
from typing import NamedTuple

from shared import __version__, detached
from shared.config import Config, load, stamp
from shared.errors import LedgerError, Refused, Unreachable, UsherError
from shared.gateway import Gateway
from shared.jobs import alerts, errands, outbox, warnings
from shared.jobs.cases import asks_for_files
from shared.jobs.judge import LATE, house_of, judge, take_in
from shared.jobs.limit_streams import is_kept, lock_path
from shared.jobs.stops import Attempt, attempt, plan, waits_until
from shared.jobs.tell import Verdict, about, tell_decision, tell_owner, tell_problems
from shared.ledger import Lease, Ledger, is_damage
from shared.log import call_me, log
from shared.model import PLEX_OWNER, Session, User
from shared.policy.words import shorten

EVERY = 5.0  # seconds between looks at Plex's session list
NEAR = 10.0  # this close to a deadline it looks every second
AFTER_STOP = 60.0  # for so long after a stop it looks every second: whoever was stopped presses play again
LINGER = 1800.0  # for so long after a stop it stays: some players resume without Tautulli firing anything
LINGERING = 1.5  # seconds between looks while it stays for that reason: five such resumes get less than 10 s in all
SLICE = 0.1  # how often it asks whether the ledger has changed
YIELD = 4.0  # for so many times as long as a look had the ledger to itself it lets events have it before the next one
VERIFY = 0.3  # after an attempt to stop: is it gone?
IDLE = 5.0  # how long it stays when nothing needs watching: the next episode begins soon
PATIENCE = 600.0  # how long it goes on asking a Plex that does not answer; the next tick begins anew
REFUSED = 60.0  # how long it goes on asking a Plex that refuses its token


class Look(NamedTuple):
    """What came of one look: the verdicts, what is to be stopped now, when to look again, and what must be watched."""

    verdicts: list[Verdict]
    attempts: list[Attempt]
    again_at: float
    watching: bool


class NotMine(UsherError):
    """The lease or the ledger's file is another's now: leave, and touch nothing."""


def run() -> None:
    """Keep time until nothing needs it."""
    config = load()
    data_dir = config.get("usher", "data_dir")
    call_me("timekeeper", config.get("usher", "log_level"))
    ledger = Ledger(data_dir)
    holder = f"{os.getpid()}-{os.urandom(4).hex()}"
    guard = detached.hold(lock_path(ledger, holder))
    try:
        if not _take_lease(ledger, holder):
            return
        log(data_dir, "info", "timekeeper begins")
        _keep(ledger, config, holder)
        log(data_dir, "info", "timekeeper leaves: nothing needs watching")
    except NotMine as reason:
        log(data_dir, "info", f"timekeeper leaves: {reason}")
    except LedgerError as error:
        log(data_dir, "error", f"timekeeper leaves: {error}")
        _tell_now(ledger, config, str(error))
    except (UsherError, sqlite3.Error) as error:
        log(data_dir, "error", f"timekeeper leaves: {error}")
    finally:
        guard.close()
        ledger.close()
        _remove(lock_path(ledger, holder))


def _take_lease(ledger: Ledger, holder: str) -> bool:
    """True for one process only, and not while another keeps time well."""
    now = time.time()
    with ledger.writing():
        lease = ledger.lease()
        if is_kept(ledger, lease, now):
            return False
        ledger.save_lease(Lease(holder, __version__, now, 0.0))
    if lease.holder and not detached.is_held(lock_path(ledger, lease.holder)):
        _remove(lock_path(ledger, lease.holder))
    return True


def _keep(ledger: Ledger, config: Config, holder: str) -> None:
    gateway, answered, stay_until, trouble = Gateway(config), time.monotonic(), 0.0, ""
    with errands.Runner(config) as runner:
        _meet(ledger, gateway, holder)
        while True:
            seen = ledger.changes()
            if stamp(config.path) != config.stamp:
                config = runner.config = load()
                gateway = Gateway(config)
                if config.get("usher", "data_dir") != os.path.dirname(ledger.path):
                    raise NotMine("config.ini names another data folder, and who keeps time is written there")
            try:
                asked = time.time()
                sessions = gateway.plex.sessions(int(ledger.meta("owner_id", "0")), asks_for_files(config))
                answered = time.monotonic()
                look = look_at(ledger, config, holder, sessions, asked)
                took = time.monotonic() - answered
                for what in look.attempts:
                    attempt(ledger, gateway, config, what, lambda: _check_mine(ledger, holder))
            except (Unreachable, Refused, sqlite3.OperationalError) as error:
                runner.begin()
                if str(error) != trouble:  # said once, not every second
                    trouble = str(error)
                    log(config.get("usher", "data_dir"), "warning", f"{trouble}; trying again")
                _without(ledger, holder, error, time.monotonic() - answered)
                _wait(ledger, config, ledger.changes(), time.time() + 1)
                continue
            runner.begin()
            trouble = ""
            if look.watching:
                stay_until = time.monotonic() + IDLE
            elif time.monotonic() > stay_until and not runner.is_busy() and _leave(ledger, holder, seen):
                return
            again_at = time.time() + VERIFY if look.attempts else look.again_at
            _wait(ledger, config, seen, again_at, min(YIELD * took, 1.0))


def look_at(ledger: Ledger, config: Config, holder: str, sessions: list[Session], asked: float = float("inf")) -> Look:
    """Take in Plex's session list, decide, and plan what is to be stopped: one transaction.

    What events have written down since the list was `asked` for is newer than the list: it neither ends nor revives it.
    """
    with ledger.writing():
        now = time.time()
        _beat(ledger, holder, now)
        tell_problems(ledger, config, now)
        epoch, house = ledger.clock_epoch(now), house_of(config, ledger, now)
        _match_owner(ledger, sessions)
        listed = [s for s in sessions if s.state != "stopped" and not ledger.ended_play(s, asked)]
        plays = [p for p in (take_in(ledger, house, s, now, epoch) for s in listed) if p is not None]
        for other in ledger.open_plays():
            if other.id in {p.id for p in plays}:
                continue
            if 0 <= other.seen - asked < LATE:
                plays.append(other)
            else:
                ledger.save_play(other._replace(ended=now))
        verdicts = judge(ledger, config, house, plays, now, listed=True)
        for verdict in verdicts:
            tell_decision(ledger, verdict, now)
            if verdict.recorded and not verdict.decision.allowed:
                over = "would stop" if verdict.decision.dry else "over"
                log(
                    config.get("usher", "data_dir"),
                    "info",
                    f"{over}: {shorten(verdict.who.name, 40)}: {about(verdict)}",
                )
        alerts.note(ledger, config, house, plays, verdicts, now)
        attempts = plan(ledger, verdicts, now)
        warn_at = warnings.warn(ledger, config, house, verdicts, now)
        since_stop = now - ledger.last_stop(now)
    deadlines = [v.decision.ahead for v in verdicts if v.decision.ahead is not None]
    deadlines += [warn_at] if warn_at is not None else []
    deadlines += [at for v in verdicts if v.stops and (at := waits_until(v, now)) > now]
    again = now + EVERY
    if 0 <= since_stop < LINGER:
        again = now + (1.0 if since_stop < AFTER_STOP else LINGERING)
    if deadlines:
        nearest = min(deadlines)
        again = min(nearest, now + 1.0) if nearest - now <= NEAR else min(again, nearest - NEAR)
    return Look(verdicts, attempts, max(again, now + 0.02), bool(verdicts) or 0 <= since_stop < LINGER)


def _meet(ledger: Ledger, gateway: Gateway, holder: str) -> None:
    """Whose server it is, before anybody is judged. Plex itself only says "1"; Tautulli knows the owner's account.

    Raises LedgerError where the ledger is another server's.
    """
    server, users = "", list[User]()
    try:
        server = gateway.plex.machine_id()
        users = [] if ledger.meta("owner_id") else gateway.tautulli.users()
    except UsherError as error:  # the looks go on asking Plex, the errands Tautulli
        log(gateway.config.get("usher", "data_dir"), "warning", str(error))
    with ledger.writing():
        _check_mine(ledger, holder)
        if server:
            ledger.machine_of_server(server)
        errands.save_users(ledger, gateway.config, users, time.time())


def _tell_now(ledger: Ledger, config: Config, why: str) -> None:
    """Tell the owner, once a day, that nobody is limited. There will be no errands: their answers would be those of
    another server's Tautulli."""
    now = time.time()
    with ledger.writing():
        tell_owner(ledger, f"useless:{int(now // 86400)}", "Usher: limits cannot be enforced", why, now)
    try:
        outbox.deliver(ledger, Gateway(config), now)
    except UsherError as error:
        log(config.get("usher", "data_dir"), "warning", str(error))


def _match_owner(ledger: Ledger, sessions: list[Session]) -> None:
    """Where Tautulli has not told who the owner is: an event of theirs names the account, the session list says 1."""
    if ledger.meta("owner_id"):
        return
    for play in ledger.open_plays():
        mine = play.session
        for session in sessions:
            same = (mine.session_key, mine.machine_id) == (session.session_key, session.machine_id)
            if same and session.user_id == PLEX_OWNER and mine.user_id > PLEX_OWNER:
                ledger.set_meta("owner_id", mine.user_id)


def _without(ledger: Ledger, holder: str, error: Exception, silent: float) -> None:
    """Plex has not answered for so many seconds, or the ledger cannot be written (locked, disk full): nobody is stopped
    blindly, nobody is freed; the plays stay open, and it is tried again. Damage of the ledger is for the next event to
    mend, and a token that Plex refuses may be the one of before: whoever starts the next timekeeper has today's."""
    if isinstance(error, sqlite3.Error):
        if is_damage(error):
            raise error
        return
    refused = isinstance(error, Refused)
    now = time.time()
    with ledger.writing():
        _beat(ledger, holder, now)
        if refused or silent > 120:
            key = f"plex:{type(error).__name__}:{int(now // 86400)}"
            tell_owner(ledger, key, "Usher: limits cannot be enforced", str(error), now)
    if silent > (REFUSED if refused else PATIENCE):
        raise error


def _beat(ledger: Ledger, holder: str, now: float) -> None:
    _check_mine(ledger, holder)
    ledger.save_lease(Lease(holder, __version__, now, 0.0))


def _check_mine(ledger: Ledger, holder: str) -> None:
    if not ledger.is_current():
        raise NotMine("the ledger was replaced")
    if ledger.lease().holder != holder:
        raise NotMine("another timekeeper has taken over")


def _leave(ledger: Ledger, holder: str, seen: int) -> bool:
    """Give the lease back, unless something was written since the last look: an event may count on this process."""
    with ledger.writing():
        if ledger.changes() != seen:
            return False
        _check_mine(ledger, holder)
        ledger.save_lease(Lease())
    return True


def _wait(ledger: Ledger, config: Config, seen: int, until: float, deaf: float = 0.0) -> None:
    """Until a moment, or until the ledger or config.ini has changed; of the ledger not for the first `deaf` seconds,
    else a look at a full house would follow the other where presses of pause come thick and fast."""
    begun = time.monotonic()
    most = min(max(until - time.time(), 0.0), EVERY)
    checked = begun
    while True:
        left = most - (time.monotonic() - begun)
        if left <= 0:
            return
        time.sleep(min(left, SLICE))
        if time.monotonic() - begun >= deaf and ledger.changes() != seen:
            return
        if time.monotonic() - checked >= 1:
            checked = time.monotonic()
            if not ledger.is_current():
                raise NotMine("the ledger was replaced")
            if stamp(config.path) != config.stamp:
                return


def _remove(path: str) -> None:
    try:
        os.remove(path)
    except OSError:
        return  # another process looks at it just now (Windows): the next timekeeper removes it
