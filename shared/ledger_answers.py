"""What answers to an owner's questions read from the ledger: what was decided about somebody, and what they play on.
Writes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from shared.model import Session

if TYPE_CHECKING:
    from shared.ledger import Ledger

OF_SESSION = ", ".join(Session._fields)


class Decided(NamedTuple):
    """A decision about a play. `attempts` and `ignored` tell of its stop: how often it was tried, and whether the
    player went on all the same."""

    at: float
    play: int
    verdict: str
    cause: str
    reason: str
    title: str
    player: str
    attempts: int
    ignored: bool


class Granted(NamedTuple):
    """Something that an owner gave or took for today, with who asked for it. `ended_at` is when it was taken back."""

    at: float
    kind: str
    who: str
    seconds: int
    until: float | None
    asked_by: str
    ended_at: float | None


class Told(NamedTuple):
    """A warning: so many seconds before a limit."""

    at: float
    cause: str
    before: float


class Answers:
    """The ledger as far as questions about somebody go; `keys` are what it calls them (see `people.Who`)."""

    def __init__(self, ledger: Ledger) -> None:
        self.db = ledger.db

    def decisions(self, keys: Sequence[str], most: int) -> list[Decided]:
        """The newest stops and would-stops, and what was allowed of the same plays before; oldest first."""
        rows = self.db.execute(
            "SELECT d.at, d.play_id, d.verdict, d.cause, d.reason, p.title, p.player, COALESCE(s.attempts, 0), "
            "COALESCE(s.reported, 0) FROM decisions d JOIN plays p ON p.id = d.play_id "
            f"LEFT JOIN stops s ON s.play_id = d.play_id WHERE d.who IN ({_marks(keys)}) AND d.play_id IN "
            "(SELECT play_id FROM decisions WHERE verdict != 'allow') ORDER BY d.id DESC LIMIT ?",
            (*keys, most),
        ).fetchall()
        return [Decided(*row)._replace(ignored=bool(row[8])) for row in rows[::-1]]

    def grants(self, keys: Sequence[str], most: int) -> list[Granted]:
        """The newest grants, oldest first."""
        rows = self.db.execute(
            "SELECT at, kind, who, seconds, until, asked_by, ended_at FROM grants "
            f"WHERE who IN ({_marks(keys)}) ORDER BY id DESC LIMIT ?",
            (*keys, most),
        ).fetchall()
        return [Granted(*row) for row in rows[::-1]]

    def warnings(self, keys: Sequence[str], most: int) -> list[Told]:
        """The newest warnings, oldest first."""
        rows = self.db.execute(
            f"SELECT at, cause, before FROM warned WHERE who IN ({_marks(keys)}) ORDER BY at DESC LIMIT ?",
            (*keys, most),
        ).fetchall()
        return [Told(*row) for row in rows[::-1]]

    def called(self, title: str) -> Session | None:
        """The newest session of that title or series; else one with these words in its title."""
        words = "%" + title.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        row = self.db.execute(
            f"SELECT {OF_SESSION} FROM plays WHERE title LIKE ? ESCAPE '\\' OR show LIKE ? ESCAPE '\\' "
            "ORDER BY LOWER(title) = LOWER(?) DESC, LOWER(show) = LOWER(?) DESC, library != '' DESC, id DESC LIMIT 1",
            (words, words, title, title),
        ).fetchone()
        return _session(row) if row else None

    def players(self, user_ids: Sequence[int], machine_ids: Sequence[str]) -> list[Session]:
        """The newest session of each of these users on each player, and of each user on these players; newest first."""
        rows = self.db.execute(
            f"SELECT {OF_SESSION} FROM plays WHERE id IN (SELECT MAX(id) FROM plays WHERE machine_id != '' AND "
            f"(user_id IN ({_marks(user_ids)}) OR machine_id IN ({_marks(machine_ids)})) GROUP BY user_id, machine_id) "
            "ORDER BY id DESC",
            (*user_ids, *machine_ids),
        )
        return [_session(row) for row in rows]


def _session(row: Sequence[Any]) -> Session:
    found = Session(*row)
    return found._replace(live=bool(found.live))


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))
