"""The ledger: one SQLite file, and every line of SQL that Usher has.

WAL, a busy timeout, and BEGIN IMMEDIATE for whatever will write: a transaction that begins as a reader fails with
"locked" in spite of the timeout. Where the file is damaged it is set aside and a new one begun; limits then come back
out of Tautulli's history. Times are seconds since 1970.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from shared import schema
from shared.errors import LedgerError
from shared.model import Decision, Play, Session, Span, User

BUSY_MS = 10_000
FILE = "ledger.db"
JITTER = 5.0  # events are written in any order; only more than this is a clock that was set back
# Columns of a play: its own, and those that it has of its session.
OWN = tuple(name for name in Play._fields if name not in ("id", "session"))
OF_SESSION = Session._fields


class Lease(NamedTuple):
    """Who keeps time. `starting` is when somebody last undertook to start a timekeeper."""

    holder: str = ""
    version: str = ""
    heartbeat: float = 0.0
    starting: float = 0.0


class Stop(NamedTuple):
    """What was done so far to end a play; the newest attempt was `last_at`."""

    play_id: int
    attempts: int
    first_at: float
    next_at: float
    reported: int
    last_at: float = 0.0


class Ledger:
    """An open ledger. `path` and `inode` tell later whether the file is still the one that was opened."""

    def __init__(self, data_dir: str) -> None:
        self.path = os.path.join(data_dir, FILE)
        self.was_damaged = ""
        try:
            self._open()
        except sqlite3.DatabaseError as error:
            if not is_damage(error):
                raise LedgerError(f"{self.path}: {error}; free disk space or mend its owner and permissions") from None
            self.was_damaged = schema.set_aside(self.path)
            self._open()

    def _open(self) -> None:
        self.db = schema.connect(self.path, BUSY_MS)
        self.inode = os.stat(self.path).st_ino

    def mend(self, error: sqlite3.DatabaseError) -> bool:
        """After a query failed: if the file is damaged, set it aside and begin a new one. False: it is not damaged."""
        if not is_damage(error):
            return False
        self.close()
        self.was_damaged = schema.set_aside(self.path)
        self._open()
        return True

    def is_current(self) -> bool:
        """Whether the path still leads to the file that is open here."""
        try:
            return os.stat(self.path).st_ino == self.inode
        except OSError:
            return False

    def close(self) -> None:
        self.db.close()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """One transaction; rolled back if its block raises."""
        self.db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self.db.execute("COMMIT")
        except BaseException:
            if self.db.in_transaction:
                self.db.execute("ROLLBACK")
            raise

    def changes(self) -> int:
        """A number that changes whenever another process has written."""
        return int(self.db.execute("PRAGMA data_version").fetchone()[0])

    # ---- facts about the house ----

    def meta(self, key: str, default: str = "") -> str:
        row = self.db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return str(row[0]) if row else default

    def set_meta(self, key: str, value: object) -> None:
        self.db.execute(
            "INSERT INTO meta VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value", (key, str(value))
        )

    def clock_epoch(self, now: float) -> int:
        """The clock's epoch; one more each time that the clock is found to have been set back."""
        epoch, latest = int(self.meta("epoch", "0")), float(self.meta("clock", "0"))
        if now < latest - JITTER:
            epoch += 1
            self.set_meta("epoch", epoch)
        if now > latest or now < latest - JITTER:
            self.set_meta("clock", now)
        return epoch

    def users(self) -> dict[int, User]:
        return {r[0]: User(*r) for r in self.db.execute("SELECT id, name, title, email, kind FROM users")}

    def see_user(self, user: User, now: float) -> None:
        """Remember a user; what is not told of them (empty) stays as it was."""
        self.db.execute(
            "INSERT INTO users (id, name, title, email, kind, first_seen, last_seen) VALUES (?, ?, ?, ?, ?, ?, ?) "
            "ON CONFLICT DO UPDATE SET name = COALESCE(NULLIF(excluded.name, ''), name), "
            "title = COALESCE(NULLIF(excluded.title, ''), title), email = COALESCE(NULLIF(excluded.email, ''), email), "
            "kind = COALESCE(NULLIF(excluded.kind, ''), kind), last_seen = excluded.last_seen",
            (*user, now, now),
        )

    def see_player(self, session: Session, now: float) -> None:
        self.db.execute(
            "INSERT INTO players (machine_id, title, platform, user_id, first_seen, last_seen) "
            "VALUES (?, ?, ?, ?, ?, ?) "
            "ON CONFLICT DO UPDATE SET title = COALESCE(NULLIF(excluded.title, ''), title), "
            "user_id = excluded.user_id, last_seen = excluded.last_seen",
            (session.machine_id, session.player, session.platform, session.user_id, now, now),
        )

    def bound(self) -> dict[tuple[str, str], str]:
        return {(r[0], r[1]): r[2] for r in self.db.execute("SELECT kind, name, id FROM bindings")}

    def bind(self, kind: str, name: str, id: str, now: float) -> None:
        self.db.execute("INSERT OR IGNORE INTO bindings VALUES (?, ?, ?, ?)", (kind, name, id, now))

    def machine_of_server(self, machine_id: str) -> None:
        """Bind the ledger to one Plex server; another one is refused."""
        known = self.meta("server")
        if known and known != machine_id:
            raise LedgerError(
                f"{self.path} belongs to another Plex server: give this one a [usher] data_dir of its own, "
                "or move the file away"
            )
        if not known:
            self.set_meta("server", machine_id)

    # ---- plays ----

    def add_event(self, at: float, action: str, session: Session) -> None:
        self.db.execute(
            "INSERT INTO events (at, action, session_key, user_id, machine_id, rating_key, state) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            (at, action, session.session_key, session.user_id, session.machine_id, session.rating_key, session.state),
        )

    def open_plays(self) -> list[Play]:
        return self._plays("ended IS NULL")

    def open_plays_like(self, session: Session) -> list[Play]:
        """Those of the same player and session key."""
        # the + keeps SQLite to the few that are open: by its own index it would read all that the player ever played
        return self._plays("ended IS NULL AND +machine_id = ? AND session_key = ?", session.machine_id,
                           session.session_key)  # fmt: skip

    def plays_since(self, since: float) -> list[Play]:
        """Those that were seen after that, open or not."""
        return self._plays("seen > ?", since)

    def ended_play(self, session: Session, since: float) -> Play | None:
        """The newest play of a session that has ended since."""
        found = self._plays(
            "user_id = ? AND machine_id = ? AND session_key = ? AND rating_key = ? AND seen > ? AND ended >= ?",
            session.user_id, session.machine_id, session.session_key, session.rating_key, since - 60, since,
        )  # fmt: skip
        return found[-1] if found else None

    def _plays(self, where: str, *values: object) -> list[Play]:
        rows = self.db.execute(f"SELECT id, {_names(OWN + OF_SESSION)} FROM plays WHERE {where} ORDER BY id", values)
        return [_play(row) for row in rows]

    def add_play(self, session: Session, now: float, epoch: int) -> Play:
        """A play that begins with this sight of it."""
        cursor = self.db.execute(
            f"INSERT INTO plays (began, seen, epoch, {_names(OF_SESSION)}) VALUES (?, ?, ?{', ?' * len(OF_SESSION)})",
            (now, now, epoch, *session),
        )
        return Play(int(cursor.lastrowid or 0), session, now, now, epoch=epoch)

    def save_play(self, play: Play) -> None:
        """Write what `policy.tracking` made of a play, its newest span too."""
        self.db.execute(
            f"UPDATE plays SET {' = ?, '.join(OWN + OF_SESSION)} = ? WHERE id = ?",
            (*(getattr(play, name) for name in OWN), *play.session, play.id),
        )
        if play.seq:
            self.db.execute(
                "INSERT INTO spans (play_id, seq, began, ended, epoch, denied) VALUES (?, ?, ?, ?, ?, ?) "
                "ON CONFLICT DO UPDATE SET began = excluded.began, ended = excluded.ended",
                (play.id, play.seq, play.span_began, play.span_ended, play.epoch, play.span_denied),
            )

    def add_past_play(self, session: Session, began: float, ended: float, seconds: float) -> None:
        """A play out of Tautulli's history. Where its pauses were is not known: it is taken to have played first."""
        play = self.add_play(session._replace(state="stopped"), began, 0)
        self.save_play(play._replace(seen=ended, ended=ended, seq=1, span_began=began, span_ended=began + seconds))

    def sessions(self, play_ids: Iterable[int]) -> dict[int, Session]:
        """The sessions of these plays, by the play's id."""
        found: dict[int, Session] = {}
        for id in play_ids:
            row = self.db.execute(f"SELECT {_names(OF_SESSION)} FROM plays WHERE id = ?", (id,)).fetchone()
            if row:
                found[id] = _session(row)
        return found

    def spans(self, user_ids: Iterable[int], machine_ids: Iterable[str], since: float) -> list[tuple[int, str, Span]]:
        """(user id, machine id, span) of all that these users or players have played since."""
        wanted = [("user_id", id) for id in user_ids] + [("machine_id", id) for id in machine_ids]
        found: dict[tuple[int, int], tuple[int, str, Span]] = {}
        for column, id in wanted:
            for r in self.db.execute(
                "SELECT play_id, s.seq, user_id, machine_id, s.began, s.ended, media_type, library, s.epoch, s.denied "
                f"FROM plays p JOIN spans s ON play_id = p.id WHERE p.{column} = ? AND seen > ? AND s.ended > ?",
                (id, since, since),
            ):
                found[r[0], r[1]] = (r[2], r[3], Span(r[4], r[5], r[6], r[7], r[8], bool(r[9]), r[0]))
        return list(found.values())

    # ---- decisions and stops ----

    def decide(self, play: Play, who: str, decision: Decision, now: float) -> int:
        """Record a decision if it differs from the last one about this play; its id, 0 if it does not."""
        verdict = "allow" if decision.allowed else "would stop" if decision.dry else "stop"
        last = self.db.execute(
            "SELECT verdict, cause FROM decisions WHERE play_id = ? ORDER BY id DESC LIMIT 1", (play.id,)
        ).fetchone()
        if last == (verdict, decision.limit):
            return 0
        cursor = self.db.execute(
            "INSERT INTO decisions (at, play_id, user_id, who, verdict, cause, reason, until) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (now, play.id, play.session.user_id, who, verdict, decision.limit, decision.reason, decision.until),
        )
        return int(cursor.lastrowid or 0)

    def decided(self, since: float, most: int = 20) -> list[tuple[float, str, str, str, str]]:
        """The newest decisions, oldest first: (at, who, verdict, reason, title)."""
        rows = self.db.execute(
            "SELECT d.at, d.who, d.verdict, d.reason, p.title FROM decisions d JOIN plays p ON p.id = d.play_id "
            "WHERE d.at >= ? ORDER BY d.id DESC LIMIT ?",
            (since, most),
        ).fetchall()
        return rows[::-1]

    def stop(self, play_id: int) -> Stop | None:
        row = self.db.execute(
            "SELECT play_id, attempts, first_at, next_at, reported, last_at FROM stops WHERE play_id = ?", (play_id,)
        ).fetchone()
        return Stop(*row) if row else None

    def save_stop(self, stop: Stop, now: float) -> None:
        self.db.execute(
            "INSERT INTO stops (play_id, attempts, first_at, next_at, reported, last_at) VALUES (?, ?, ?, ?, ?, ?) "
            "ON CONFLICT DO UPDATE SET attempts = excluded.attempts, next_at = excluded.next_at, "
            "reported = excluded.reported, last_at = excluded.last_at",
            stop._replace(last_at=now),
        )

    def last_stop(self, now: float) -> float:
        """When a stop was last attempted, 0 if never; what a clock that was wrong put after `now` does not count."""
        found = self.db.execute("SELECT MAX(last_at) FROM stops WHERE last_at <= ?", (now,)).fetchone()
        return float(found[0] or 0)

    # ---- the timekeeper's lease ----

    def lease(self) -> Lease:
        row = self.db.execute("SELECT holder, version, heartbeat, starting FROM lease").fetchone()
        return Lease(*row) if row else Lease()

    def save_lease(self, lease: Lease) -> None:
        self.db.execute(
            "INSERT OR REPLACE INTO lease (id, holder, version, heartbeat, starting) VALUES (1, ?, ?, ?, ?)", lease
        )

    # ---- the outbox: what becomes of a message is in ledger_outbox.py ----

    def post(
        self, key: str, kind: str, subject: str, body: str, now: float, to: str = "", due: float | None = None
    ) -> None:
        """Put a message into the outbox, once for each key."""
        self.db.execute(
            "INSERT OR IGNORE INTO outbox (key, kind, recipient, subject, body, created, due) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            (key, kind, to, subject, body, now, now if due is None else due),
        )

    # ---- housekeeping ----

    def forget(self, before: float) -> None:
        """Drop what is older than the owner wants kept, but no play that goes on and no message that waits."""
        kept = {"plays": " AND ended IS NOT NULL", "outbox": " AND (sent_at IS NOT NULL OR given_up = 1)"}
        with self.writing():
            for table, column in (("events", "at"), ("decisions", "at"), ("plays", "seen"), ("outbox", "created")):
                self.db.execute(f"DELETE FROM {table} WHERE {column} < ?{kept.get(table, '')}", (before,))


def is_damage(error: sqlite3.Error) -> bool:
    """Whether an error of SQLite means that the file is no sound database (and not locked, full or read-only)."""
    text = str(error)
    return any(
        words in text for words in ("malformed", "not a database", "no such table", "no such column", "encrypted")
    )


def _names(columns: tuple[str, ...]) -> str:
    return ", ".join(columns)


def _play(row: tuple[Any, ...]) -> Play:
    own, of_session = row[1 : 1 + len(OWN)], row[1 + len(OWN) :]
    return Play(row[0], _session(of_session), *own)


def _session(row: tuple[Any, ...]) -> Session:
    found = Session(*row)
    return found._replace(live=bool(found.live))
