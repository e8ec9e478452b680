"""Reading config.ini and the ledger without leaving a trace: no cache, no kept copy, no file, not even one of SQLite's.

`install.py check` may be run by root in a container: what it left behind would be root's, and in Tautulli's way.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Mapping
from typing import NamedTuple

from shared import config as config_file
from shared import schema
from shared.config import Config
from shared.ledger import FILE, Ledger

TROUBLE = (sqlite3.Error, OSError)
TRIES, PAUSE = 20, 0.05  # to catch a moment in which nobody writes; seconds


class KnownPlayer(NamedTuple):
    """A player that the ledger has seen, and who used it last."""

    machine_id: str
    title: str
    platform: str
    user_id: int
    last_seen: float


def config(path: str, environ: Mapping[str, str]) -> Config:
    """The configuration as `shared.config.load` has it, compiled anew."""
    full = config_file._path(path or None, environ)
    data, trouble = config_file._read(full)
    folders = config_file._folders(full, data, environ)
    return config_file._compile(full, data, trouble, environ, folders)[0]


def ledger(data_dir: str) -> Ledger | None:
    """The ledger, to be read only; None if there is none yet. Raises sqlite3.Error and OSError."""
    path = os.path.join(data_dir, FILE)
    if not os.path.exists(path):
        return None
    found = Ledger.__new__(Ledger)
    found.path, found.was_damaged, found.inode = path, "", os.stat(path).st_ino
    found.db = _open(path)
    return found


def version(book: Ledger) -> int:
    """The version of its schema."""
    return int(book.db.execute("PRAGMA user_version").fetchone()[0])


def damage(book: Ledger) -> str:
    """What SQLite finds wrong with the file, "" for nothing."""
    try:
        told = str(book.db.execute("PRAGMA quick_check(1)").fetchone()[0])
        tables = {row[0] for row in book.db.execute("SELECT name FROM sqlite_master")}
    except sqlite3.Error as problem:
        return str(problem)
    lacking = {"meta", "users", "plays", "spans"} - tables
    return told if told != "ok" else f"it lacks the tables {', '.join(sorted(lacking))}" if lacking else ""


def players(book: Ledger) -> list[KnownPlayer]:
    """Every player that was seen so far."""
    rows = book.db.execute("SELECT machine_id, title, platform, user_id, last_seen FROM players")
    return [KnownPlayer(*row) for row in rows]


def newest_version() -> int:
    """The schema that this Usher writes."""
    return len(schema.MIGRATIONS)


def _open(path: str) -> sqlite3.Connection:
    """A copy of it in memory. To open the file itself, even for reading, would make or change files beside it."""
    whole = sqlite3.connect(":memory:", isolation_level=None)
    with tempfile.TemporaryDirectory(prefix="usher-check-") as folder:
        copy = os.path.join(folder, FILE)
        for _ in range(TRIES):
            before = _state(path)
            for suffix in ("", "-wal"):  # the log beside it holds its newest changes
                if os.path.exists(path + suffix):
                    shutil.copyfile(path + suffix, copy + suffix)
            if _state(path) == before:
                break
            time.sleep(PAUSE)  # somebody wrote meanwhile: the two copies need not fit
        with contextlib.closing(sqlite3.connect(copy, isolation_level=None)) as opened:
            opened.backup(whole)
    return whole


def _state(path: str) -> list[tuple[int, int]]:
    """Size and time of the file and of its log."""
    about = [os.stat(name) for name in (path, path + "-wal") if os.path.exists(name)]
    return [(one.st_size, one.st_mtime_ns) for one in about]
