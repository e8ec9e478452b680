"""Schedules without a scheduler: anything may start a housekeeping agent at any moment, and one of all does the work.

This is what every such start pays for: nothing dear is imported here.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from shared import detached
from shared.config import ROOT, Config, load
from shared.errors import Refused, Unreachable, UsherError
from shared.jobs.days import calendar_of
from shared.jobs.tell import tell_owner
from shared.ledger import Ledger
from shared.ledger_outbox import Outbox
from shared.ledger_people import People
from shared.log import log
from shared.policy.periods import last_turn

if TYPE_CHECKING:
    from shared.gateway import Gateway

    Work = Callable[[Ledger, Config, Gateway, float], str]

AGENTS = {  # section of config.ini -> what does its work
    "welcome": "welcome_users.py",
    "prune": "prune_users.py",
    "report": "report_viewing.py",
    "logs": "archive_logs.py",
}
ASKING = ("welcome", "prune")  # those that ask plex.tv
PAUSED = "plextv_not_before"  # meta: plex.tv asked not to be asked before this moment
# what a failure that lasts is called, if not as the others
CANNOT = {"report": "Usher cannot make its report", "logs": "Usher cannot save Plex's log"}
RETRY = 600.0  # seconds until what has a schedule, and failed when its turn came, is tried again
WEEK = 7 * 86400
LONG = 2 * 86400.0  # seconds without one whole look after which the owner hears of it


def fired(name: str, work: Work) -> str:
    """Whatever started this: do the work if it is due, else send what waits. One line for the log."""
    config = load()
    if not config.get(name, "enabled"):
        return f"{name}: not enabled in config.ini"
    ledger = Ledger(config.get("usher", "data_dir"))
    try:
        now = time.time()
        if claim(ledger, config, name, now):
            return guarded(name, ledger, config, now, work)
        if Outbox(ledger).due(now):
            return guarded(name, ledger, config, now, deliver)
        return f"{name}: nothing is due"
    finally:
        ledger.close()


def guarded(name: str, ledger: Ledger, config: Config, now: float, work: Work) -> str:
    """Run with a gateway. What passes by itself is one line; of what does not the owner hears, once a week."""
    from shared.gateway import Gateway

    gateway = Gateway(config)
    try:
        said = work(ledger, config, gateway, now)
        if work is not deliver:
            with ledger.writing():
                ledger.set_meta(f"{name}_ok", now)
        return said
    except UsherError as error:
        pause = error.retry_after if isinstance(error, Unreachable) else 0.0
        with ledger.writing():
            if pause:
                ledger.set_meta(PAUSED, now + pause)
            if not ledger.meta(f"{name}_ok"):  # it never worked: the time counts from the first attempt
                ledger.set_meta(f"{name}_ok", now)
            lasts = isinstance(error, Refused) or now - float(ledger.meta(f"{name}_ok")) > LONG
            if lasts and abs(now - float(ledger.meta(f"{name}_told", "0"))) > WEEK:
                ledger.set_meta(f"{name}_told", now)
                subject = CANNOT.get(name, "Usher cannot look after your users")
                tell_owner(ledger, f"{name}:{now:.0f}", subject, str(error), now)
        log(str(config.get("usher", "data_dir")), "warning", f"{name}: nothing done: {error}")
        if Outbox(ledger).due(now):
            deliver(ledger, config, gateway, now)
        if isinstance(error, Refused):
            raise
        return f"{name}: nothing done: {error}"
    finally:
        gateway.close()


def deliver(ledger: Ledger, config: Config, gateway: Gateway, now: float) -> str:
    """Send what stands in the outbox. What cannot be sent now waits there."""
    from shared.jobs import outbox

    try:
        return f"{outbox.deliver(ledger, gateway, now)} messages sent"
    except Unreachable as error:
        return f"messages wait: {error}"


def is_due(ledger: Ledger, config: Config, name: str, now: float) -> bool:
    """Whether `check_every` is over since the last claim (or the clock was set back), and plex.tv may be asked.

    What has a `schedule` is due when its turn has come and is not done, and does not need plex.tv.
    """
    since, schedule = now - People(ledger).claimed_at(name), config.get(name, "schedule")
    if 0 <= since < (RETRY if schedule else config.get(name, "check_every")):
        return False
    if schedule:
        return not turn(config, name, now) <= float(ledger.meta(f"{name}_done") or 0.0) <= now
    return name not in ASKING or not 0 < float(ledger.meta(PAUSED, "0")) - now < 86400


def turn(config: Config, name: str, now: float) -> float:
    """When the latest turn of a schedule came. Once it is done, that is written down as NAME_done."""
    return last_turn(calendar_of(config), config.get(name, "schedule"), now)


def claim(ledger: Ledger, config: Config, name: str, now: float) -> bool:
    """Take the work if it is due: True for one of all who try at the same time."""
    before = People(ledger).claimed_at(name)
    return is_due(ledger, config, name, now) and People(ledger).claim(name, before, now)


def start_due(ledger: Ledger, config: Config, now: float) -> list[str]:
    """Start the agents that are enabled and due, as processes of their own; one, if messages wait. Their names."""
    enabled = [name for name in AGENTS if config.get(name, "enabled")]
    names = [name for name in enabled if is_due(ledger, config, name, now)]
    if not names and Outbox(ledger).due(now):
        names = enabled[:1]
    for name in names:
        detached.start(os.path.join(ROOT, "agents", AGENTS[name]))
    return names
