"""What becomes of the messages in the outbox: each goes out once, or is given up, whoever else tries at that time."""

from __future__ import annotations

from typing import NamedTuple

from shared.ledger import JITTER, Ledger

LONGEST_WAIT = 2 * 3600.0  # a message that would be due later than that is due now: the clock was set back
_OUT = "kind IN ({}) AND (sent_at > ? OR (sent_at IS NULL AND claimed_at > ?))"


class Message(NamedTuple):
    """One row of the outbox."""

    id: int
    key: str
    kind: str
    to: str
    subject: str
    body: str
    attempts: int
    created: float
    error: str = ""


class Outbox:
    """The ledger as far as messages are concerned that stand in it; `Ledger.post` puts them there."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger, self.db = ledger, ledger.db

    def due(self, now: float) -> list[Message]:
        where = "sent_at IS NULL AND given_up = 0 AND claimed_at IS NULL AND (due <= ? OR due > ?)"
        return self._messages(where, now, now + LONGEST_WAIT)

    def waits(self, kind: str) -> bool:
        """Whether a message of a kind stands in the outbox, due or not."""
        return bool(self.db.execute("SELECT 1 FROM outbox WHERE sent_at IS NULL AND kind = ?", (kind,)).fetchone())

    def collect(self, kind: str, now: float) -> list[Message]:
        """Take what waits of a kind out of the outbox, the oldest first. Within a transaction."""
        found = sorted(self._messages("sent_at IS NULL AND kind = ?", kind), key=lambda message: message.id)
        self.db.executemany("UPDATE outbox SET sent_at = ? WHERE id = ?", [(now, message.id) for message in found])
        return found

    def unsure(self, now: float) -> list[Message]:
        """Claimed over two minutes ago and never finished: the process died in between."""
        where = "sent_at IS NULL AND given_up = 0 AND (claimed_at < ? OR claimed_at > ?)"
        return self._messages(where, now - 120, now + JITTER)

    def _messages(self, where: str, *values: object) -> list[Message]:
        rows = self.db.execute(
            "SELECT id, key, kind, recipient, subject, body, attempts, created, error FROM outbox "
            f"WHERE {where} ORDER BY due, id LIMIT 100",  # what failed before stands behind what is new
            values,
        )
        return [Message(*row) for row in rows]

    def claim(self, id: int, now: float, kinds: tuple[str, ...] = (), most: int = 0) -> bool:
        """True for just one caller; with `kinds` only while fewer than `most` of these went out in the last hour."""
        where = "id = ? AND claimed_at IS NULL AND sent_at IS NULL"
        values: tuple[object, ...] = (now, id)
        if kinds:
            where += f" AND ? > (SELECT COUNT(*) FROM outbox WHERE {_OUT.format(_marks(kinds))})"
            values += (most, *kinds, now - 3600, now - 3600)
        with self.ledger.writing():
            sql = f"UPDATE outbox SET claimed_at = ?, attempts = attempts + 1 WHERE {where}"
            cursor = self.db.execute(sql, values)
        return cursor.rowcount == 1

    def went_out(self, kinds: tuple[str, ...], since: float) -> list[float]:
        """When messages of these kinds went out, or were taken up to be sent, since then; oldest first."""
        sql = f"SELECT COALESCE(sent_at, claimed_at) FROM outbox WHERE {_OUT.format(_marks(kinds))} ORDER BY 1"
        return [row[0] for row in self.db.execute(sql, (*kinds, since, since))]

    def hold(self, kinds: tuple[str, ...], until: float) -> None:
        """Nothing of these kinds is due before then."""
        with self.ledger.writing():
            self.db.execute(
                "UPDATE outbox SET due = MAX(due, ?) WHERE sent_at IS NULL AND given_up = 0 AND claimed_at IS NULL "
                f"AND kind IN ({_marks(kinds)})",
                (until, *kinds),
            )

    def handed_over(self, id: int, note: str) -> None:
        """From here on it may have arrived: should this process die, `note` stands in the message's `error`."""
        with self.ledger.writing():
            self.db.execute("UPDATE outbox SET error = ? WHERE id = ?", (note, id))

    def sent(self, id: int, now: float, note: str = "") -> None:
        with self.ledger.writing():
            self.db.execute("UPDATE outbox SET sent_at = ?, claimed_at = NULL, error = ? WHERE id = ?", (now, note, id))

    def sent_alike(self, message: Message, since: float) -> list[float]:
        """When others were created that say the very same and went the same way since then; the oldest first."""
        where = "id <> ? AND sent_at >= ? AND kind = ? AND recipient = ? AND subject = ? AND body = ?"
        values = message.id, since, message.kind, message.to, message.subject, message.body
        return [row[0] for row in self.db.execute(f"SELECT created FROM outbox WHERE {where} ORDER BY created", values)]

    def failed(self, id: int, error: str, retry_at: float | None) -> None:
        """Not sent: to be tried again at a time, or None: given up."""
        with self.ledger.writing():
            self.db.execute(
                "UPDATE outbox SET claimed_at = NULL, error = ?, due = COALESCE(?, due), given_up = ? WHERE id = ?",
                (error, retry_at, int(retry_at is None), id),
            )

    def drop_texts(self, prefix: str, before: float) -> None:
        """What messages with such keys said is not kept for long once they went out; that they did is."""
        self.db.execute(
            "UPDATE outbox SET body = '' WHERE sent_at < ? AND body <> '' AND substr(key, 1, ?) = ?",
            (before, len(prefix), prefix),
        )


def _marks(values: tuple[str, ...]) -> str:
    return ", ".join("?" * len(values))
