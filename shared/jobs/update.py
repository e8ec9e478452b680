"""After new files have come: the ledger is taken to the new schema, and a timekeeper of the old version is replaced."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from shared import __version__, detached
from shared.errors import UsherError
from shared.jobs import peek
from shared.jobs.limit_streams import lock_path
from shared.jobs.steps import Step
from shared.ledger import FILE, Lease, Ledger

if TYPE_CHECKING:
    from shared.tautulli import Tautulli

WAIT = 15.0  # seconds until a new timekeeper has taken over
SUBJECT = "Usher: update"


def migrate(data_dir: str, write: bool = True) -> Iterator[Step]:
    """Take the ledger to this version's schema; a copy of the old one is kept beside it."""
    path = os.path.join(data_dir, FILE)
    try:
        book = peek.ledger(data_dir)
        if book is None:
            return
        before, newest = peek.version(book), peek.newest_version()
        book.close()
    except peek.TROUBLE as problem:
        yield Step("mistake", f"{path} cannot be read: {problem}")
        return
    if before > newest:
        yield Step("note", f"{path} was written by a newer Usher than {__version__}; it is left as it is")
    elif 0 < before < newest:
        if write:
            Ledger(data_dir).close()
        yield Step("migrated", f"{path} from version {before} to {newest}; the old one is {path}.before-{newest}")


def hand_over(tautulli: Tautulli, data_dir: str, number: int) -> Iterator[Step]:
    """Where a timekeeper of another version is at work, have Tautulli start one of this: the old one then leaves.

    Without that it would go on until the next event or tick, by code whose files are no longer there.
    """
    if not os.path.exists(os.path.join(data_dir, FILE)):
        return
    ledger = Ledger(data_dir)
    try:
        old = ledger.lease()
        if old.version in ("", __version__) or not lives(ledger, old):
            return
        try:
            body = f"Usher {__version__} takes over from {old.version}."
            tautulli.notify(number, SUBJECT, body, "tick")
        except UsherError as error:
            yield Step(
                "note", f"a timekeeper of version {old.version} is at work; the next event replaces it ({error})"
            )
            return
        until = time.monotonic() + WAIT
        while time.monotonic() < until:
            if ledger.lease().holder != old.holder:
                yield Step("updated", f"the timekeeper from version {old.version} to {__version__}")
                return
            time.sleep(0.1)
        yield Step("note", f"a timekeeper of version {old.version} is at work; the next event replaces it")
    finally:
        ledger.close()


def lives(ledger: Ledger, lease: Lease) -> bool:
    """Whether the timekeeper of this lease is alive."""
    return bool(lease.holder) and detached.is_held(lock_path(ledger, lease.holder))
