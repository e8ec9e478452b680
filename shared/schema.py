"""How the ledger's file comes to be: created under a lock, migrated in steps, set aside when it is damaged."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from shared.files import begin, give, make_folder, refuse_link

# Each entry takes the schema one version further; its place in the list is the version (PRAGMA user_version). Entries
# are never changed once released: a change is a new entry.
MIGRATIONS = (
    """
    CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL, title TEXT NOT NULL, email TEXT NOT NULL,
        kind TEXT NOT NULL, first_seen REAL NOT NULL, last_seen REAL NOT NULL);
    CREATE TABLE players (machine_id TEXT PRIMARY KEY, title TEXT NOT NULL, platform TEXT NOT NULL,
        user_id INTEGER NOT NULL, first_seen REAL NOT NULL, last_seen REAL NOT NULL) WITHOUT ROWID;
    CREATE TABLE bindings (kind TEXT NOT NULL, name TEXT NOT NULL, id TEXT NOT NULL, at REAL NOT NULL,
        PRIMARY KEY (kind, name)) WITHOUT ROWID;
    CREATE TABLE events (id INTEGER PRIMARY KEY, at REAL NOT NULL, action TEXT NOT NULL, session_key TEXT NOT NULL,
        user_id INTEGER NOT NULL, machine_id TEXT NOT NULL, rating_key TEXT NOT NULL, state TEXT NOT NULL);
    CREATE TABLE plays (id INTEGER PRIMARY KEY, began REAL NOT NULL, seen REAL NOT NULL, ended REAL,
        epoch INTEGER NOT NULL, denied INTEGER NOT NULL DEFAULT 0, seq INTEGER NOT NULL DEFAULT 0,
        span_began REAL NOT NULL DEFAULT 0, span_ended REAL NOT NULL DEFAULT 0, span_denied INTEGER NOT NULL DEFAULT 0,
        gap_began REAL NOT NULL DEFAULT 0, gap_ended REAL NOT NULL DEFAULT 0, gap_offset REAL NOT NULL DEFAULT 0,
        session_key TEXT NOT NULL, machine_id TEXT NOT NULL, user_id INTEGER NOT NULL, rating_key TEXT NOT NULL,
        session_id TEXT NOT NULL, state TEXT NOT NULL, offset REAL, duration REAL NOT NULL, user TEXT NOT NULL,
        player TEXT NOT NULL, platform TEXT NOT NULL, product TEXT NOT NULL, address TEXT NOT NULL,
        location TEXT NOT NULL, media_type TEXT NOT NULL, title TEXT NOT NULL, library TEXT NOT NULL,
        rating TEXT NOT NULL, live INTEGER NOT NULL);
    CREATE INDEX plays_open ON plays (id) WHERE ended IS NULL;
    CREATE INDEX plays_of_user ON plays (user_id, seen);
    CREATE INDEX plays_on_machine ON plays (machine_id, seen);
    CREATE TABLE spans (play_id INTEGER NOT NULL REFERENCES plays (id) ON DELETE CASCADE, seq INTEGER NOT NULL,
        began REAL NOT NULL, ended REAL NOT NULL, epoch INTEGER NOT NULL, denied INTEGER NOT NULL,
        PRIMARY KEY (play_id, seq)) WITHOUT ROWID;
    CREATE TABLE decisions (id INTEGER PRIMARY KEY, at REAL NOT NULL,
        play_id INTEGER NOT NULL REFERENCES plays (id) ON DELETE CASCADE, user_id INTEGER NOT NULL, who TEXT NOT NULL,
        verdict TEXT NOT NULL, cause TEXT NOT NULL, reason TEXT NOT NULL, until REAL);
    CREATE INDEX decisions_of_play ON decisions (play_id);
    CREATE INDEX decisions_at ON decisions (at);
    CREATE TABLE stops (play_id INTEGER PRIMARY KEY REFERENCES plays (id) ON DELETE CASCADE, attempts INTEGER NOT NULL,
        first_at REAL NOT NULL, next_at REAL NOT NULL, reported INTEGER NOT NULL, last_at REAL NOT NULL);
    CREATE TABLE lease (id INTEGER PRIMARY KEY CHECK (id = 1), holder TEXT NOT NULL, version TEXT NOT NULL,
        heartbeat REAL NOT NULL, starting REAL NOT NULL);
    CREATE TABLE outbox (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, recipient TEXT NOT NULL,
        subject TEXT NOT NULL, body TEXT NOT NULL, created REAL NOT NULL, due REAL NOT NULL,
        attempts INTEGER NOT NULL DEFAULT 0, claimed_at REAL, sent_at REAL, given_up INTEGER NOT NULL DEFAULT 0,
        error TEXT NOT NULL DEFAULT '');
    CREATE INDEX outbox_due ON outbox (due) WHERE sent_at IS NULL;
    """,
    """
    CREATE TABLE claims (name TEXT PRIMARY KEY, at REAL NOT NULL) WITHOUT ROWID;
    CREATE TABLE members (id INTEGER PRIMARY KEY, name TEXT NOT NULL, title TEXT NOT NULL, email TEXT NOT NULL,
        kind TEXT NOT NULL, pending INTEGER NOT NULL, accepted_at REAL NOT NULL, first_seen REAL NOT NULL,
        last_seen REAL NOT NULL, absent_since REAL, gone_at REAL, active_at REAL NOT NULL DEFAULT 0,
        renewed_at REAL NOT NULL DEFAULT 0, greeted TEXT NOT NULL DEFAULT '');
    CREATE TABLE witness (day INTEGER PRIMARY KEY);
    CREATE TABLE warnings (id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL, cause TEXT NOT NULL,
        address TEXT NOT NULL, reason TEXT NOT NULL, posted_at REAL NOT NULL, delivered_at REAL,
        refused TEXT NOT NULL DEFAULT '', closed_at REAL, outcome TEXT NOT NULL DEFAULT '');
    CREATE UNIQUE INDEX warnings_open ON warnings (user_id) WHERE closed_at IS NULL;
    CREATE TABLE plans (id INTEGER PRIMARY KEY, at REAL NOT NULL, reason TEXT NOT NULL, approved_at REAL);
    CREATE TABLE plan_items (plan_id INTEGER NOT NULL REFERENCES plans (id) ON DELETE CASCADE,
        user_id INTEGER NOT NULL, act TEXT NOT NULL, reason TEXT NOT NULL, PRIMARY KEY (plan_id, user_id))
        WITHOUT ROWID;
    CREATE TABLE removals (id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL, name TEXT NOT NULL, member TEXT NOT NULL,
        cause TEXT NOT NULL, reason TEXT NOT NULL, approved INTEGER NOT NULL, planned_at REAL NOT NULL,
        step TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, next_at REAL NOT NULL, export TEXT NOT NULL DEFAULT '',
        gone_at REAL, ended_at REAL, outcome TEXT NOT NULL DEFAULT '', error TEXT NOT NULL DEFAULT '',
        restored_at REAL);
    CREATE UNIQUE INDEX removals_open ON removals (user_id) WHERE ended_at IS NULL;
    CREATE TABLE acts (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, at REAL NOT NULL, user_id INTEGER NOT NULL,
        name TEXT NOT NULL, act TEXT NOT NULL, reason TEXT NOT NULL);
    """,
    """
    ALTER TABLE plays ADD COLUMN show TEXT NOT NULL DEFAULT '';
    ALTER TABLE plays ADD COLUMN transcode TEXT NOT NULL DEFAULT '';
    ALTER TABLE plays ADD COLUMN resolution TEXT NOT NULL DEFAULT '';
    ALTER TABLE plays ADD COLUMN bitrate INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE plays ADD COLUMN file_bitrate INTEGER NOT NULL DEFAULT 0;
    CREATE TABLE devices (user_id INTEGER NOT NULL, machine_id TEXT NOT NULL, title TEXT NOT NULL,
        first_seen REAL NOT NULL, known_at REAL, PRIMARY KEY (user_id, machine_id)) WITHOUT ROWID;
    INSERT INTO devices SELECT user_id, machine_id, MAX(player), MIN(began), MIN(began) FROM plays
        WHERE machine_id != '' GROUP BY user_id, machine_id;
    CREATE TABLE grants (id INTEGER PRIMARY KEY, at REAL NOT NULL, kind TEXT NOT NULL, who TEXT NOT NULL,
        seconds INTEGER NOT NULL, until REAL, asked_by TEXT NOT NULL, ended_at REAL);
    CREATE INDEX grants_of ON grants (who, at);
    CREATE TABLE warned (who TEXT NOT NULL, cause TEXT NOT NULL, before REAL NOT NULL, at REAL NOT NULL,
        PRIMARY KEY (who, cause, before)) WITHOUT ROWID;
    """,
)


def connect(path: str, busy_ms: int) -> sqlite3.Connection:
    """Open the ledger, making or migrating it first where needed. Raises sqlite3.Error and OSError."""
    refuse_link(path)
    if not os.path.exists(path):
        with lock(path):
            if not os.path.exists(path):
                _create(path)
    db = _connect(path, busy_ms)
    try:
        version = db.execute("PRAGMA user_version").fetchone()[0]
        if version < len(MIGRATIONS):
            with lock(path):
                _migrate(db, path)
    except BaseException:
        db.close()
        raise
    return db


def set_aside(path: str) -> str:
    """Move a damaged ledger out of the way and say where to. "" if somebody else has done it meanwhile."""
    with lock(path):
        try:
            db = _connect(path, 1000)
            sound = db.execute("PRAGMA quick_check(1)").fetchone()[0] == "ok" and _version(db) > 0
            db.close()
        except sqlite3.Error:
            sound = False
        if sound or not os.path.exists(path):
            return ""
        kept = f"{path}.damaged-{time.strftime('%Y%m%d-%H%M%S')}"
        for suffix in ("", "-wal", "-shm"):
            if os.path.exists(path + suffix):
                os.replace(path + suffix, kept + suffix)
        return kept


@contextmanager
def lock(path: str) -> Iterator[None]:
    """Only one process at a time: an exclusive transaction on a file beside the ledger, which dies with its process."""
    make_folder(os.path.dirname(path))
    begin(f"{path}.lock")
    guard = sqlite3.connect(f"{path}.lock", timeout=20, isolation_level=None)
    try:
        guard.execute("PRAGMA journal_mode = MEMORY")  # no second file beside it
        guard.execute("BEGIN EXCLUSIVE")
        own(f"{path}.lock")
        yield
    finally:
        guard.close()


def own(path: str) -> None:
    """0600, and the owner of its folder."""
    refuse_link(path)
    with suppress(PermissionError):  # a file of another user's in a shared folder is not ours to change
        os.chmod(path, 0o600)
    give(path)


def _connect(path: str, busy_ms: int) -> sqlite3.Connection:
    db = sqlite3.connect(path, timeout=busy_ms / 1000, isolation_level=None)
    db.execute("PRAGMA foreign_keys = ON")
    db.execute("PRAGMA synchronous = NORMAL")
    return db


def _create(path: str) -> None:
    """Build the whole file under another name first: nobody ever sees half a ledger."""
    fresh = f"{path}.new"
    for suffix in ("", "-wal", "-shm", "-journal"):
        if os.path.lexists(fresh + suffix):
            os.remove(fresh + suffix)
    begin(fresh)
    db = sqlite3.connect(fresh, isolation_level=None)
    db.execute("PRAGMA journal_mode = WAL")
    _apply(db, 0)
    db.close()
    own(fresh)
    for suffix in ("-wal", "-shm"):  # left of a ledger whose file was deleted: they would be played into the new one
        if os.path.exists(path + suffix):
            os.remove(path + suffix)
    os.replace(fresh, path)


def _migrate(db: sqlite3.Connection, path: str) -> None:
    version = _version(db)
    if version >= len(MIGRATIONS):
        return
    tables = db.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()[0]
    if version == 0 and tables:
        raise sqlite3.DatabaseError("file is not a database of Usher's: malformed")
    if version:
        begin(f"{path}.before-{len(MIGRATIONS)}")
        copy = sqlite3.connect(f"{path}.before-{len(MIGRATIONS)}")
        db.backup(copy)
        copy.close()
        own(f"{path}.before-{len(MIGRATIONS)}")
    _apply(db, version)
    db.execute("PRAGMA journal_mode = WAL")


def _apply(db: sqlite3.Connection, version: int) -> None:
    for number, script in enumerate(MIGRATIONS[version:], version + 1):
        db.executescript(f"BEGIN IMMEDIATE; {script}; PRAGMA user_version = {number}; COMMIT;")


def _version(db: sqlite3.Connection) -> int:
    return int(db.execute("PRAGMA user_version").fetchone()[0])
