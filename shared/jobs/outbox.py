"""What stands in the ledger's outbox goes out: rows in Tautulli's Notification Logs, and messages to the owner.

A message is sent once. Where it is not known whether it went out (its process died, Tautulli did not answer in time),
Tautulli's own log is asked before it is sent again.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from shared import log
from shared.errors import Refused, Unreachable, UsherError

if TYPE_CHECKING:
    from shared.gateway import Gateway
    from shared.ledger import Ledger, Message
    from shared.tautulli import LogRow

AGENTS = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), "agents")
MOST = 20  # messages in one go: each row in the log starts a script
PAUSES = (5.0, 30.0, 120.0, 600.0)  # seconds until the second, third … attempt; then one an hour
HOURLY = 3600.0
PATIENCE = 7 * 24  # hourly attempts until a message is given up: about seven days
SENDING = 120.0  # seconds for which an unfinished row in Tautulli's log may still become a success
LOOK_AT = 200  # rows
SLACK = 5.0  # seconds by which the clocks may differ


def deliver(ledger: Ledger, gateway: Gateway, now: float) -> int:
    """Send what is due; returns how many messages went out. What could not be sent has its next time in the ledger.
    Raises Unreachable where Tautulli cannot be asked what became of a message whose sender died.

    An agent of the owner's may take Tautulli half a minute: not to be waited for where a stream's deadline is near.
    """
    post = _Post(gateway, now)
    for message in ledger.unsure_messages(now):
        try:
            if post.is_out(message):
                ledger.message_sent(message.id, now)
            else:
                ledger.message_failed(message.id, "the process that sent it did not finish", now)
        except Unreachable:
            raise
        except UsherError as error:
            _put_off(ledger, post, message, error, now)
    sent = 0
    for message in ledger.due_messages(now)[:MOST]:
        if not ledger.claim_message(message.id, now):
            continue
        try:
            post.send(message)
        except UsherError as error:
            _put_off(ledger, post, message, error, now)
            if isinstance(error, Unreachable):
                break  # the others would wait for the same time-out
        else:
            ledger.message_sent(message.id, now)
            sent += 1
    return sent


def pause_after(attempts: int) -> float | None:
    """Seconds from the attempt of this number (1, 2, …) to the next one; None: no more."""
    if attempts <= len(PAUSES):
        return PAUSES[attempts - 1]
    return HOURLY if attempts < len(PAUSES) + PATIENCE else None


def _put_off(ledger: Ledger, post: _Post, message: Message, error: UsherError, now: float) -> None:
    pause = pause_after(message.attempts + 1)
    ledger.message_failed(message.id, str(error), None if pause is None else now + pause)
    if pause is None:
        post.tell("error", f"message given up after a week: {message.subject}: {error}")
    elif not message.attempts:
        post.tell("warning", f"message waits: {message.subject}: {error}")


class _Post:
    """One round of deliveries: remembers the journal's id, and reads Tautulli's log only where it must."""

    def __init__(self, gateway: Gateway, now: float) -> None:
        self.gateway, self.now = gateway, now
        self._journal: int | None = None

    def tell(self, level: str, text: str) -> None:
        log.log(str(self.gateway.config.get("usher", "data_dir")), level, text)

    def send(self, message: Message) -> None:
        """Send to everybody it is for and has not reached yet. Raises UsherError where that failed."""
        failure: UsherError | None = None
        for notifier in self._recipients(message):
            try:
                if message.attempts and self._reached(message, notifier):
                    continue
                self._notify(message, notifier)
            except Unreachable:
                raise
            except UsherError as error:
                failure = error
        if failure is not None:
            raise failure

    def is_out(self, message: Message) -> bool:
        """Whether Tautulli's log holds it, for everybody it is for."""
        return all(self._reached(message, notifier) for notifier in self._recipients(message))

    def _recipients(self, message: Message) -> tuple[int, ...]:
        if message.kind == "journal":
            return (self._journal_id(),)
        if message.to:
            return (int(message.to),)
        return tuple(self.gateway.config.get("notify", "tautulli_notifiers") or ())

    def _journal_id(self) -> int:
        if self._journal is None:
            self._journal = self.gateway.tautulli.find_journal(AGENTS)
        if self._journal is None:
            raise Refused("agents/journal.py is not registered in Tautulli: run install.py")
        return self._journal

    def _notify(self, message: Message, notifier: int) -> None:
        # the arguments are split like a shell line by Tautulli: nothing that a user has a say in may be among them
        try:
            self.gateway.tautulli.notify(notifier, message.subject, message.body, script_args=message.kind)
        except Refused:
            if message.kind != "journal" or not self._rows(message, notifier):
                raise
            # the row stands there, and that is all it is about; Tautulli only could not start the script

    def _reached(self, message: Message, notifier: int) -> bool:
        rows = self._rows(message, notifier)
        if message.kind == "journal" or any(row.success for row in rows):
            return bool(rows)
        if any(row.at > self.now - SENDING for row in rows):
            raise Refused("Tautulli is still sending it")
        return False

    def _rows(self, message: Message, notifier: int) -> list[LogRow]:
        words = (message.subject or message.body).split("\n")[0][:60]
        since = message.created - SLACK
        return [
            row
            for row in self.gateway.tautulli.notification_log(words, LOOK_AT)
            if row.notifier_id == notifier
            and row.at >= since
            and _same(row.subject, message.subject)
            and _same(row.body, message.body)
        ]


def _same(shown: str, sent: str) -> bool:
    return _plain(shown) == _plain(sent)


def _plain(text: str) -> str:
    """Without what Tautulli changes when it shows a text."""
    for shown, meant in (("&lt;", "<"), ("&gt;", ">"), ("<br />", "\n"), ("\r\n", "\n")):
        text = text.replace(shown, meant)
    return text.strip()
