"""What rules need remembered: the grants of today, the players that are known, the warnings that went out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from shared.ledger import Ledger
from shared.model import Session

DAY = 86400.0  # seconds
LEARNED = "devices_at"  # meta: when the players of Tautulli's history were taken in


class Given(NamedTuple):
    """One grant as it stands in the ledger; see `policy.grants`."""

    kind: str
    who: str
    at: float
    seconds: int
    until: float | None


class Remembered:
    """The ledger as far as rules are concerned."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger, self.db = ledger, ledger.db

    # ---- grants ----

    def grants(self, since: float, now: float) -> list[Given]:
        """Those that hold now or did until a day ago, and all bonuses since a moment."""
        rows = self.db.execute(
            "SELECT kind, who, at, seconds, until FROM grants WHERE ended_at IS NULL "
            "AND (kind = 'bonus' AND at >= ? OR kind != 'bonus' AND (until IS NULL OR until > ?)) ORDER BY id",
            (since, now - DAY),
        )
        return [Given(*row) for row in rows]

    def grant(self, given: Given, asked_by: str) -> int:
        """Write one down; its number."""
        cursor = self.db.execute(
            "INSERT INTO grants (kind, who, at, seconds, until, asked_by) VALUES (?, ?, ?, ?, ?, ?)",
            (*given, asked_by),
        )
        return int(cursor.lastrowid or 0)

    def end_grants(self, kind: str, who: str, now: float) -> int:
        """End those of a kind that hold for somebody; how many there were."""
        cursor = self.db.execute(
            "UPDATE grants SET ended_at = ? WHERE kind = ? AND who = ? AND ended_at IS NULL "
            "AND (until IS NULL OR until > ?)",
            (now, kind, who, now),
        )
        return cursor.rowcount

    # ---- players ----

    def see_device(self, session: Session, settled: bool, now: float) -> None:
        """Remember that a user was seen on a player; `settled`: it has played there undenied for a while, so that the
        player is a known one from now on."""
        if not session.user_id or not session.machine_id:
            return
        self.db.execute(
            "INSERT INTO devices VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
            "title = COALESCE(NULLIF(excluded.title, ''), title), known_at = COALESCE(known_at, excluded.known_at)",
            (session.user_id, session.machine_id, session.player, now, now if settled else None),
        )

    def is_known(self, user_ids: Iterable[int], machine_id: str) -> bool | None:
        """Whether one of these users has used the player before, or it was let in. None: not to be said yet, since
        Tautulli's history was not taken in."""
        ids = list(user_ids)
        row = self.db.execute(
            f"SELECT 1 FROM devices WHERE user_id IN ({', '.join('?' * len(ids))}) AND machine_id = ? "
            "AND known_at IS NOT NULL",
            (*ids, machine_id),
        ).fetchone()
        return True if row else False if self.ledger.meta(LEARNED) else None

    def is_newcomer(self, user_id: int, play_id: int) -> bool:
        """Whether this is the first play of a user who was first seen after all those that Usher began with."""
        row = self.db.execute(
            "SELECT first_seen > (SELECT MIN(first_seen) FROM users) + 3600 AND NOT EXISTS "
            "(SELECT 1 FROM plays p WHERE p.user_id = users.id AND p.id != ?) FROM users WHERE id = ?",
            (play_id, user_id),
        ).fetchone()
        return bool(row and row[0])

    def learn_devices(self, pairs: Sequence[tuple[int, str, str]], now: float) -> None:
        """Take in (user, machine, title) of Tautulli's history: all of these are known."""
        for user_id, machine_id, title in pairs:
            self.approve(user_id, machine_id, title, now)
        self.ledger.set_meta(LEARNED, now)

    def approve(self, user_id: int, machine_id: str, title: str, now: float) -> None:
        """From now on the player is a known one for this user."""
        self.db.execute(
            "INSERT INTO devices VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
            "known_at = COALESCE(known_at, excluded.known_at)",
            (user_id, machine_id, title, now, now),
        )

    def devices(self, user_ids: Iterable[int]) -> list[tuple[int, str, str, float, bool]]:
        """(user, machine, title, first seen, whether it is known) of these users, the newest first."""
        ids = list(user_ids)
        rows = self.db.execute(
            "SELECT user_id, machine_id, title, first_seen, known_at IS NOT NULL FROM devices "
            f"WHERE user_id IN ({', '.join('?' * len(ids))}) ORDER BY first_seen DESC",
            ids,
        )
        return [(row[0], row[1], row[2], row[3], bool(row[4])) for row in rows]

    # ---- warnings before a cut ----

    def warned(self, who: str, cause: str) -> set[float]:
        """How many seconds before a limit somebody was warned of it already."""
        rows = self.db.execute("SELECT before FROM warned WHERE who = ? AND cause = ?", (who, cause))
        return {row[0] for row in rows}

    def warn(self, who: str, cause: str, before: float, now: float) -> None:
        """Note that somebody is warned so many seconds before a limit."""
        self.db.execute("INSERT OR IGNORE INTO warned VALUES (?, ?, ?, ?)", (who, cause, before, now))

    def unwarn(self, who: str, cause: str, before: float) -> None:
        """More time is left than that again: the next time is another one."""
        self.db.execute("DELETE FROM warned WHERE who = ? AND cause = ? AND before = ?", (who, cause, before))

    # ---- housekeeping ----

    def forget(self, before: float) -> None:
        """Drop what is older than the owner wants kept."""
        with self.ledger.writing():
            self.db.execute("DELETE FROM warned WHERE at < ?", (before,))
            self.db.execute("DELETE FROM grants WHERE at < ? AND (kind = 'bonus' OR ended_at < ? OR until < ?)",
                            (before, before, before))  # fmt: skip
