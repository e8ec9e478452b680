"""Keep Plex's own log: save what is new, delete what is older than the owner wants kept."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from shared import detached
from shared.config import Config
from shared.jobs import due
from shared.ledger import Ledger
from shared.log import log

if TYPE_CHECKING:
    from shared.archive import Archive
    from shared.gateway import Gateway

NAME = "logs"
LOCK = "logs.lock"


def on_fired() -> str:
    """Whatever started this: do the work if it is due. One line for the log."""
    return due.fired(NAME, run)


def folder_of(config: Config) -> str:
    """Where the archive is."""
    return os.path.join(config.get("usher", "data_dir"), "logs")


def run(ledger: Ledger, config: Config, gateway: Gateway, now: float) -> str:
    """One whole round. Raises UsherError if there is no way to Plex's log."""
    data_dir = str(config.get("usher", "data_dir"))
    try:
        guard = detached.hold(os.path.join(data_dir, LOCK))
    except sqlite3.OperationalError:
        return "logs: another run is at work"
    with closing(guard):
        line = save(config, gateway, now)
    log(data_dir, "debug" if line.endswith("nothing new") else "info", line)
    return line


def save(config: Config, gateway: Gateway, now: float) -> str:
    """Save what is new, then delete what is old. The caller holds the lock."""
    from shared.archive import Archive
    from shared.jobs import log_files, log_saving

    folder = folder_of(config)
    archive = Archive(folder)
    with closing(archive), log_files.opened(config, gateway, now, folder) as (place, files):
        saved = log_saving.save(archive, files, log_files.local_day(now))
    said = [f"{saved.lines} lines ({saved.size / 1e6:.1f} MB) saved from {place}"] if saved.size else []
    said += ["lines before them are missing"] if saved.gap else []
    said += [f"{archive.mended} broken-off files mended"] if archive.mended else []
    gone = _prune(archive, config.get(NAME, "keep"))
    said += [f"{gone} old day{'s' * (gone != 1)} deleted"] if gone else []
    return f"logs: {'; '.join(said) or 'nothing new'}"


def _prune(archive: Archive, keep: float | None) -> int:
    """Delete old days; how many. Age goes by the newest day but one: a clock wrong for a day deletes nothing."""
    from shared.archive import prune
    from shared.seals import day_of, paths

    days = [day_of(path) for path in paths(archive.folder)]
    if keep is None or len(days) < 2:
        return 0
    return len(prune(archive.folder, days[-2] - int(keep // 86400), archive.day))
