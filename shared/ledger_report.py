"""What a report reads from the ledger: decisions, devices, deeds and messages between two moments. Writes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from shared.ledger import Ledger


class Device(NamedTuple):
    """A player as it was first seen with a user."""

    machine_id: str
    title: str
    platform: str
    user_id: int
    first_seen: float


class Act(NamedTuple):
    """Something done to a user, or in a rehearsal said."""

    at: float
    user_id: int
    name: str
    act: str
    reason: str


class Evidence:
    """The ledger as far as a report is about it; `began` belongs to a time, `ended` does not."""

    def __init__(self, ledger: Ledger) -> None:
        self.db = ledger.db

    def decisions(self, began: float, ended: float) -> list[tuple[float, float, str, str, str, str, str]]:
        """(at, begin of the play, who, verdict, cause, reason, title), oldest first."""
        return list(self.db.execute(
            "SELECT d.at, p.began, d.who, d.verdict, d.cause, d.reason, p.title FROM decisions d "
            "JOIN plays p ON p.id = d.play_id WHERE d.at >= ? AND d.at < ? AND d.verdict <> 'allow' ORDER BY d.id",
            (began, ended),
        ))  # fmt: skip

    def given(self, began: float, ended: float) -> list[tuple[str, str, float, int, float | None, str]]:
        """(kind, who, at, seconds, until, asked by) of what the owner gave or took, oldest first."""
        return list(self.db.execute(
            "SELECT kind, who, at, seconds, until, asked_by FROM grants WHERE at >= ? AND at < ? ORDER BY id",
            (began, ended),
        ))  # fmt: skip

    def warned(self, began: float, ended: float) -> dict[str, int]:
        """How many warnings before a cut each person was given."""
        rows = self.db.execute(
            "SELECT who, COUNT(*) FROM warned WHERE at >= ? AND at < ? GROUP BY who ORDER BY who", (began, ended)
        )
        return {row[0]: row[1] for row in rows}

    def began(self) -> float:
        """When this ledger first saw anything played, 0 if it never did."""
        return float(self.db.execute("SELECT MIN(first_seen) FROM players").fetchone()[0] or 0.0)

    def new_devices(self, began: float, ended: float) -> list[Device]:
        rows = self.db.execute(
            "SELECT d.machine_id, d.title, COALESCE(p.platform, ''), d.user_id, d.first_seen FROM devices d "
            "LEFT JOIN players p ON p.machine_id = d.machine_id WHERE d.first_seen > ? AND d.first_seen < ? "
            "ORDER BY d.first_seen, d.machine_id",
            (began, ended),
        )
        return [Device(*row) for row in rows]

    def ignored_stops(self, began: float, ended: float) -> list[tuple[str, str]]:
        """(player, title) of plays whose player did not obey, or could not be stopped."""
        return list(self.db.execute(
            "SELECT p.player, p.title FROM stops s JOIN plays p ON p.id = s.play_id "
            "WHERE s.reported > 0 AND s.first_at >= ? AND s.first_at < ? ORDER BY s.first_at",
            (began, ended),
        ))  # fmt: skip

    def acts(self, began: float, ended: float) -> list[Act]:
        rows = self.db.execute(
            "SELECT at, user_id, name, act, reason FROM acts WHERE at >= ? AND at < ? ORDER BY id", (began, ended)
        )
        return [Act(*row) for row in rows]

    def waiting(self, before: float) -> int:
        """How many messages that were written before then have not gone out yet."""
        return int(self.db.execute(
            "SELECT COUNT(*) FROM outbox WHERE sent_at IS NULL AND given_up = 0 AND created < ?", (before,)
        ).fetchone()[0])  # fmt: skip

    def given_up(self, began: float, ended: float) -> list[tuple[str, str]]:
        """(subject, what was wrong) of messages that could not be sent and will not be."""
        return list(self.db.execute(
            "SELECT subject, error FROM outbox WHERE given_up = 1 AND created >= ? AND created < ? ORDER BY id",
            (began, ended),
        ))  # fmt: skip
