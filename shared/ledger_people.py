"""The part of the ledger that is about the server's members: who they are, who was warned, who is being removed.

Nothing of it is ever forgotten: it is the evidence of what was done to whom, and what a restore needs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from shared.model import Member

if TYPE_CHECKING:
    from shared.ledger import Ledger

DAY = 86400
GONE_AFTER = float(DAY)  # seconds of absence from plex.tv's list after which somebody has left
NEW, KNOWN, WELCOMED, BACK = "", "known", "welcomed", "back"  # of a member: what is (to be) done to greet them


class Known(NamedTuple):
    """A member as the ledger has them. `absent_since`, `gone_at` are None for who is there."""

    id: int
    name: str
    title: str
    email: str
    kind: str
    pending: int
    accepted_at: float
    first_seen: float
    last_seen: float
    absent_since: float | None
    gone_at: float | None
    active_at: float
    renewed_at: float
    greeted: str


class Notice(NamedTuple):
    """A warning that is not answered yet."""

    id: int
    user_id: int
    cause: str
    address: str
    posted_at: float
    delivered_at: float | None
    refused: str


class Plan(NamedTuple):
    """A plan that the brake refused."""

    id: int
    at: float
    reason: str
    approved_at: float | None


class Removal(NamedTuple):
    """A removal and how far it has come. `step` is the last one done; see jobs.removal."""

    id: int
    user_id: int
    name: str
    member: Member
    cause: str
    reason: str
    approved: int
    planned_at: float
    step: str
    attempts: int
    next_at: float
    export: str
    gone_at: float | None
    ended_at: float | None
    outcome: str
    error: str
    restored_at: float | None


class People:
    """Reads and writes members in an open ledger; what belongs together is written inside of `ledger.writing()`."""

    def __init__(self, ledger: Ledger) -> None:
        self.db = ledger.db

    # ---- whose turn it is ----

    def claimed_at(self, name: str) -> float:
        row = self.db.execute("SELECT at FROM claims WHERE name = ?", (name,)).fetchone()
        return float(row[0]) if row else 0.0

    def claim(self, name: str, before: float, now: float) -> bool:
        """Take a job that was last claimed at `before`. True for just one of all who have read that."""
        cursor = self.db.execute(
            "INSERT INTO claims VALUES (?, ?) ON CONFLICT DO UPDATE SET at = excluded.at WHERE at = ?",
            (name, now, before),
        )
        return cursor.rowcount == 1

    # ---- members ----

    def members(self) -> dict[int, Known]:
        return {row[0]: Known(*row) for row in self.db.execute(f"SELECT {_names(Known)} FROM members")}

    def see_members(self, members: Iterable[Member], now: float) -> None:
        """Take in plex.tv's list. Who is missing is absent, after a day of that gone; who is there again is back."""
        listed = {member.id: member for member in members}
        known = self.members()
        for member in listed.values():
            gone_at = known[member.id].gone_at if member.id in known else None
            self.db.execute(
                "INSERT INTO members (id, name, title, email, kind, pending, accepted_at, first_seen, last_seen) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET name = excluded.name, "
                "title = excluded.title, email = excluded.email, kind = excluded.kind, pending = excluded.pending, "
                "accepted_at = excluded.accepted_at, last_seen = excluded.last_seen, absent_since = NULL",
                (member.id, member.name, member.title, member.email or "", member.kind, int(member.pending),
                 member.accepted_at, now, now),
            )  # fmt: skip
            if gone_at is None or member.pending:
                continue
            waited = now > gone_at + GONE_AFTER  # plex.tv's lists may lag behind
            if member.accepted_at > gone_at - GONE_AFTER or (waited and not member.accepted_at):
                self.db.execute(
                    "UPDATE members SET gone_at = NULL, renewed_at = ?, greeted = ? WHERE id = ?",
                    (now, BACK, member.id),
                )
            elif waited:  # they never were away
                self.db.execute("UPDATE members SET gone_at = NULL WHERE id = ?", (member.id,))
        for id in known.keys() - listed.keys():
            self.db.execute("UPDATE members SET absent_since = COALESCE(absent_since, ?) WHERE id = ?", (now, id))
        self.db.execute("UPDATE members SET gone_at = ? WHERE gone_at IS NULL AND absent_since <= ?",
                        (now, now - GONE_AFTER))  # fmt: skip

    def see_active(self, active: Mapping[int, float]) -> None:
        """Remember the latest sign of life of each member; what was once known is never taken back."""
        self.db.executemany(
            "UPDATE members SET active_at = ? WHERE id = ? AND active_at < ?",
            [(at, id, at) for id, at in active.items()],
        )

    def last_plays(self) -> dict[int, float]:
        """When each account was last seen playing, as far as this ledger saw it itself."""
        return {row[0]: row[1] for row in self.db.execute("SELECT user_id, MAX(seen) FROM plays GROUP BY user_id")}

    def last_play(self, user_id: int) -> float:
        row = self.db.execute("SELECT MAX(seen) FROM plays WHERE user_id = ?", (user_id,)).fetchone()
        return float(row[0] or 0.0)

    def greet(self, user_id: int, how: str) -> None:
        self.db.execute("UPDATE members SET greeted = ? WHERE id = ?", (how, user_id))

    def know_all(self) -> None:
        """Nobody who is here now is new; who is only invited is not here yet."""
        self.db.execute("UPDATE members SET greeted = ? WHERE greeted = '' AND NOT pending", (KNOWN,))

    def renew(self, user_id: int, now: float) -> None:
        """They are invited again: from now on a member, who is back as soon as they accept."""
        self.db.execute(
            "UPDATE members SET renewed_at = ?, gone_at = NULL, absent_since = NULL, greeted = ? WHERE id = ?",
            (now, BACK, user_id),
        )

    # ---- days on which Tautulli is known to have recorded ----

    def witness(self, now: float) -> None:
        self.db.execute("INSERT OR IGNORE INTO witness VALUES (?)", (int(now // DAY),))

    def witnessed(self, since: float) -> set[int]:
        return {row[0] for row in self.db.execute("SELECT day FROM witness WHERE day >= ?", (int(since // DAY),))}

    # ---- warnings ----

    def warnings(self) -> dict[int, Notice]:
        """The open warning of each member who has one."""
        rows = self.db.execute(f"SELECT {_names(Notice)} FROM warnings WHERE closed_at IS NULL")
        return {row[1]: Notice(*row) for row in rows}

    def warn(self, member: Member, cause: str, reason: str, now: float) -> int:
        """Open a warning; its number. Raises sqlite3.IntegrityError if one is open."""
        cursor = self.db.execute(
            "INSERT INTO warnings (user_id, cause, address, reason, posted_at) VALUES (?, ?, ?, ?, ?)",
            (member.id, cause, member.email, reason, now),
        )
        return int(cursor.lastrowid or 0)

    def close_warning(self, user_id: int, outcome: str, now: float) -> None:
        """Whatever becomes of it; a letter that still waits is not sent any more: it would tell what is not so."""
        self._withdraw("'warned:' || (SELECT id FROM warnings WHERE user_id = ? AND closed_at IS NULL)", user_id)
        self.db.execute(
            "UPDATE warnings SET closed_at = ?, outcome = ? WHERE user_id = ? AND closed_at IS NULL",
            (now, outcome, user_id),
        )

    def note_deliveries(self) -> None:
        """Take over from the outbox which warnings arrived at a mail server, and which never will.

        One that was handed over by a process that died at it did perhaps not arrive: it warns nobody.
        """
        self.db.execute(
            "UPDATE warnings SET delivered_at = (SELECT sent_at FROM outbox "
            "WHERE key = 'warned:' || warnings.id AND error = '') WHERE delivered_at IS NULL AND closed_at IS NULL"
        )
        self.db.execute(
            "UPDATE warnings SET refused = COALESCE((SELECT COALESCE(NULLIF(error, ''), 'given up') FROM outbox "
            "WHERE key = 'warned:' || warnings.id AND (given_up = 1 OR (sent_at IS NOT NULL AND error <> ''))), '') "
            "WHERE delivered_at IS NULL AND refused = '' AND closed_at IS NULL"
        )

    # ---- plans that were refused ----

    def last_plan(self) -> Plan | None:
        row = self.db.execute(f"SELECT {_names(Plan)} FROM plans ORDER BY id DESC LIMIT 1").fetchone()
        return Plan(*row) if row else None

    def plan(self, id: int) -> Plan | None:
        row = self.db.execute(f"SELECT {_names(Plan)} FROM plans WHERE id = ?", (id,)).fetchone()
        return Plan(*row) if row else None

    def plan_items(self, id: int) -> dict[int, str]:
        """User id -> what was to be done."""
        return {r[0]: r[1] for r in self.db.execute("SELECT user_id, act FROM plan_items WHERE plan_id = ?", (id,))}

    def add_plan(self, reason: str, items: Iterable[tuple[int, str, str]], now: float) -> int:
        """A refused plan of (user id, act, reason); its number."""
        id = int(self.db.execute("INSERT INTO plans (at, reason) VALUES (?, ?)", (now, reason)).lastrowid or 0)
        self.db.executemany("INSERT INTO plan_items VALUES (?, ?, ?, ?)", [(id, *item) for item in items])
        return id

    def approve_plan(self, id: int, now: float) -> None:
        self.db.execute("UPDATE plans SET approved_at = ? WHERE id = ?", (now, id))

    # ---- removals ----

    def plan_removal(
        self, member: Member, name: str, cause: str, reason: str, approved: bool, now: float
    ) -> None:
        """Begin a removal; `name` is for people. Raises sqlite3.IntegrityError if one is under way."""
        self.db.execute(
            "INSERT INTO removals (user_id, name, member, cause, reason, approved, planned_at, step, next_at) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, 'planned', ?)",
            (member.id, name, pack(member), cause, reason, int(approved), now, now),
        )

    def open_removals(self) -> list[Removal]:
        return self._removals("ended_at IS NULL")

    def removals(self) -> list[Removal]:
        return self._removals("1")

    def removals_since(self, since: float) -> int:
        """How many were done since, or are under way."""
        return int(self.db.execute(
            "SELECT COUNT(*) FROM removals WHERE ended_at IS NULL OR gone_at > ?", (since,)
        ).fetchone()[0])  # fmt: skip

    def _removals(self, where: str, *values: object) -> list[Removal]:
        rows = self.db.execute(f"SELECT {_names(Removal)} FROM removals WHERE {where} ORDER BY id", values)
        return [Removal(*row)._replace(member=unpack(row[3])) for row in rows]

    def step(self, id: int, step: str, **more: object) -> None:
        """Record a step of a removal, and other columns with it."""
        columns = "".join(f", {name} = ?" for name in more)
        self.db.execute(f"UPDATE removals SET step = ?{columns} WHERE id = ?", (step, *more.values(), id))

    def end_removal(self, removal: Removal, outcome: str, now: float) -> None:
        self.db.execute("UPDATE removals SET ended_at = ?, outcome = ? WHERE id = ?", (now, outcome, removal.id))

    def gone(self, user_id: int, now: float) -> None:
        """They are off the server, and we know why."""
        self.db.execute(
            "UPDATE members SET gone_at = COALESCE(gone_at, ?), absent_since = COALESCE(absent_since, ?) WHERE id = ?",
            (now, now, user_id),
        )

    def restored(self, removal: Removal, now: float) -> None:
        """What was not done yet of the removal is not done any more, and the letter about it not sent."""
        if removal.ended_at is None:
            self.end_removal(removal, "removed", now)
        self.db.execute("UPDATE removals SET restored_at = ? WHERE id = ?", (now, removal.id))
        self._withdraw("'removed:' || ?", removal.id)

    def _withdraw(self, key: str, value: int) -> None:
        """A letter that nobody has taken up to send stays unsent. `key` is SQL with one mark."""
        self.db.execute(
            f"UPDATE outbox SET given_up = 1, error = 'withdrawn' WHERE key = {key} AND sent_at IS NULL "
            "AND claimed_at IS NULL AND given_up = 0", (value,),
        )  # fmt: skip

    # ---- what was done, for good ----

    def act(self, key: str, user_id: int, name: str, act: str, reason: str, now: float) -> bool:
        """Write down what was done, or in a rehearsal would be, once for each key. Whether it is new."""
        cursor = self.db.execute(
            "INSERT OR IGNORE INTO acts (key, at, user_id, name, act, reason) VALUES (?, ?, ?, ?, ?, ?)",
            (key, now, user_id, name, act, reason),
        )
        return cursor.rowcount == 1

    def acted(self, act: str) -> dict[int, float]:
        """When each user was last the one of such an act."""
        rows = self.db.execute("SELECT user_id, MAX(at) FROM acts WHERE act = ? GROUP BY user_id", (act,))
        return {row[0]: row[1] for row in rows}

    # ---- names that are bound to ids ----

    def bound(self, kind: str) -> dict[str, str]:
        return {row[0]: row[1] for row in self.db.execute("SELECT name, id FROM bindings WHERE kind = ?", (kind,))}


def pack(member: Member) -> str:
    import json

    return json.dumps(member._asdict())


def unpack(text: str) -> Member:
    import json

    told = {key: value for key, value in json.loads(text).items() if key in Member._fields}
    for key in ("libraries", "library_titles"):
        told[key] = tuple(told.get(key) or ())
    told["permissions"] = tuple((str(name), str(value)) for name, value in told.get("permissions") or ())
    return Member(**told)


def _names(row: type[NamedTuple]) -> str:
    return ", ".join(row._fields)
