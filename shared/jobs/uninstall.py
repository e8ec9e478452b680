"""`install.py uninstall`: take out of Tautulli and of this machine what a set-up has put there."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from glob import escape, glob
from typing import TYPE_CHECKING

from shared import detached, packages
from shared.config import CACHE, ROOT, VALID_COPY, Config
from shared.errors import UsherError
from shared.jobs import newsletter, register, schedule
from shared.jobs.agents import AGENTS
from shared.jobs.install import AGENTS as FOLDER
from shared.jobs.schedule import Timers
from shared.jobs.steps import Step
from shared.ledger import FILE, Lease, Ledger

if TYPE_CHECKING:
    from shared.tautulli import Tautulli

WAIT = 30.0  # seconds for a timekeeper to leave: it may be waiting for Plex
LOCKS = "timekeeper-*.lock"
# what Usher writes into its data folder; anything else in there is the owner's
DATA = (f"{FILE}*", CACHE, f"{CACHE}.*", VALID_COPY, f"{VALID_COPY}.*", "usher.log*", LOCKS)


def run(config: Config, tautulli: Tautulli, where: Timers, purge: bool) -> Iterator[Step]:
    """Remove agents, timers, timekeeper, packages and bytecode; with `purge` also config.ini and the data."""
    yield from _timers(where)
    yield from _agents(tautulli)
    data_dir = str(config.get("usher", "data_dir"))
    yield from stop_timekeeper(data_dir)
    yield from _files(config.path)
    if purge:
        yield from _purge(config.path, data_dir)
    yield from left(config.path, data_dir)


def stop_timekeeper(data_dir: str, wait: float = WAIT) -> Iterator[Step]:
    """Take its lease away: it then leaves by itself, before its next act. Raises UsherError if it does not."""
    if not os.path.exists(os.path.join(data_dir, FILE)):
        return
    ledger = Ledger(data_dir)
    try:
        lived = False
        until = time.monotonic() + wait
        while True:
            with ledger.writing():
                lease = ledger.lease()
                # an event of a moment ago may be about to start one: it is told that somebody else is
                ledger.save_lease(Lease("", lease.version, 0.0, time.time()))
            if not _held(data_dir):
                break
            lived = True
            if time.monotonic() > until:
                raise UsherError("the timekeeper does not leave; is Plex hanging? Run this again in a minute")
            time.sleep(0.1)
        with ledger.writing():
            ledger.save_lease(Lease())
    finally:
        ledger.close()
    if lived:
        yield Step("stopped", "the timekeeper")


def left(config_path: str, data_dir: str) -> Iterator[Step]:
    """What is still there, and who may delete it."""
    for path in (config_path, data_dir, ROOT):
        if os.path.exists(path):
            yield Step("left", path)
    yield Step("left", f"in Tautulli: rows in its Notification Logs and Newsletter Logs, {newsletter.TICK_FILE} in its "
               "newsletters folder")  # fmt: skip


def _timers(where: Timers) -> Iterator[Step]:
    yield from schedule.remove(where)


def _agents(tautulli: Tautulli) -> Iterator[Step]:
    """Ours only: those that run a file of this folder, or of one of ours that is gone."""
    done: set[int] = set()
    while True:  # one file may be registered more than once
        notifiers = tautulli.script_notifiers()
        found = [(agent, one) for agent in AGENTS if (one := register.find(notifiers, agent, FOLDER))]
        for agent, one in found:
            if one.id in done:
                raise UsherError(f"Tautulli does not let go of notification agent {one.id}: remove it in its web page")
            tautulli.call("delete_notifier", notifier_id=one.id)
            done.add(one.id)
            yield Step("removed", f"{agent.file} in Tautulli (notification agent {one.id})", one.id)
        if not found:
            return


def _files(config_path: str) -> Iterator[Step]:
    """Packages, bytecode, and the note on where the data folder is. vendor/ is never anything but packages."""
    if os.path.isdir(packages.VENDOR):
        shutil.rmtree(packages.VENDOR)
        yield Step("removed", packages.VENDOR)
    caches = [os.path.join(parent, "__pycache__") for top in ("agents", "shared")
              for parent, folders, _ in os.walk(os.path.join(ROOT, top)) if "__pycache__" in folders]  # fmt: skip
    for folder in caches:
        shutil.rmtree(folder)
    if caches:
        yield Step("removed", f"bytecode in {len(caches)} folders below {ROOT}")
    pointer = os.path.join(os.path.dirname(config_path), f".{os.path.basename(config_path)}.data_dir")
    if os.path.exists(pointer):
        os.remove(pointer)
        yield Step("removed", pointer)


def _purge(config_path: str, data_dir: str) -> Iterator[Step]:
    """The owner's rules and the ledger; of the data folder only what Usher wrote there."""
    ours = sorted({path for name in DATA for path in glob(os.path.join(escape(data_dir), name))})
    for path in ours:
        os.remove(path)
    if ours:
        yield Step("removed", f"{len(ours)} files in {data_dir}")
    if os.path.isdir(data_dir) and not os.listdir(data_dir):
        os.rmdir(data_dir)
    if os.path.exists(config_path):
        os.remove(config_path)
        yield Step("removed", config_path)


def _held(data_dir: str) -> bool:
    return any(detached.is_held(path) for path in glob(os.path.join(escape(data_dir), LOCKS)))
