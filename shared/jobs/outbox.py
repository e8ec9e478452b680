"""What stands in the ledger's outbox goes out: rows in Tautulli's Notification Logs, letters to users, and messages to
the owner, through each way that config.ini names: Tautulli's agents, mail, Discord.

A message is sent once. Where it is not known whether it went out (its process died, Tautulli did not answer in time),
Tautulli's own log is asked before it is sent again. Nobody can be asked about mail and Discord: what was being handed
over when its process died is not sent again.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from shared import log
from shared.errors import Postponed, Refused, Unreachable, UsherError
from shared.jobs import alerts, warnings
from shared.jobs.tell import ALERT
from shared.ledger_outbox import Outbox
from shared.policy.words import bare_address

if TYPE_CHECKING:
    from shared.gateway import Gateway
    from shared.ledger import Ledger
    from shared.ledger_outbox import Message
    from shared.tautulli import LogRow

AGENTS = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), "agents")
JOURNAL, OWNER, MAIL, OWNER_MAIL, DISCORD = "journal", "owner", "mail", "owner_mail", "discord"
MAILS = (MAIL, OWNER_MAIL)
CHANNELS = {MAIL: MAILS, OWNER_MAIL: MAILS, DISCORD: (DISCORD,)}  # the kinds that wait together; others are Tautulli's
MOST = 20  # messages in one go: each row in the log starts a script
PAUSES = (5.0, 30.0, 120.0, 600.0)  # seconds until the second, third … attempt; then one an hour
HOURLY = 3600.0
PATIENCE = 7 * 24  # hourly attempts until a message is given up: about seven days
SENDING = 120.0  # seconds for which an unfinished row in Tautulli's log may still become a success
LOOK_AT = 200  # rows
SLACK = 5.0  # seconds by which the clocks may differ
HANDED_OVER = "handed over, but the process that did it died: it is not known whether it arrived"


def deliver(ledger: Ledger, gateway: Gateway, now: float) -> int:
    """Send what is due; returns how many messages went out. What could not be sent has its next time in the ledger.
    Raises Unreachable where Tautulli cannot be asked what became of a message whose sender died; the rest is sent.

    An agent of the owner's may take Tautulli half a minute: not to be waited for where a stream's deadline is near.
    """
    post = _Post(ledger, gateway, now)
    try:
        alerts.gather(ledger, now)
        post.settle()
        post.fan_out()
        for message in post.box.due(now)[:MOST]:
            post.take(message)
    finally:
        gateway.close()
    if post.unsettled is not None:
        raise post.unsettled
    return post.sent


def pause_after(attempts: int) -> float | None:
    """Seconds from the attempt of this number (1, 2, …) to the next one; None: no more."""
    if attempts <= len(PAUSES):
        return PAUSES[attempts - 1]
    return HOURLY if attempts < len(PAUSES) + PATIENCE else None


class _Post:
    """One round of deliveries: remembers which ways are shut and the journal's id, and reads Tautulli's log only if it
    must."""

    def __init__(self, ledger: Ledger, gateway: Gateway, now: float) -> None:
        self.ledger, self.box, self.gateway, self.now = ledger, Outbox(ledger), gateway, now
        self.sent = 0
        self.unsettled: Unreachable | None = None
        self._down: set[tuple[str, ...]] = set()
        self._journal: int | None = None
        self._checked = False

    def settle(self) -> None:
        """What became of messages whose senders died?"""
        for message in self.box.unsure(self.now):
            try:
                if self._is_out(message):
                    self.box.sent(message.id, self.now, message.error)
                else:
                    self.box.failed(message.id, "the process that sent it did not finish", self.now)
            except Unreachable as error:
                self.unsettled = error
                self._down.add(())
            except UsherError as error:
                self._put_off(message, error)

    def fan_out(self) -> None:
        """A message to the owner gets a copy for each other way to them, which is delivered by itself, once."""
        get = self.gateway.config.get
        admins = get("mail", "admin") if get("mail", "host") and get("mail", "from") else ()
        webhook = get("discord", "webhook")
        for message in self.box.due(self.now) if admins or webhook else ():
            if message.kind != OWNER or message.to or message.attempts:
                continue
            with self.ledger.writing():
                for admin in admins:
                    key = f"{message.key}:mail:{admin}"
                    self.ledger.post(key, OWNER_MAIL, message.subject, message.body, self.now, bare_address(admin))
                if webhook:
                    self.ledger.post(f"{message.key}:discord", DISCORD, message.subject, message.body, self.now)

    def take(self, message: Message) -> None:
        """Send one message, if its way is open and nobody else has it."""
        channel = CHANNELS.get(message.kind, ())
        if message.kind == ALERT:
            return  # it came after all were gathered
        if message.key.startswith(warnings.KEY) and self.now - message.created > warnings.STALE:
            self.box.failed(message.id, "too late for a warning", None)
            return
        if channel in self._down or not self._claim(message, channel):
            return
        try:
            self._send(message)
        except UsherError as error:
            self._put_off(message, error)
            if isinstance(error, Unreachable) and not isinstance(error, Postponed):
                self._down.add(channel)  # the others would wait for the same time-out
        else:
            self.box.sent(message.id, self.now)
            self.sent += 1

    def _claim(self, message: Message, channel: tuple[str, ...]) -> bool:
        if channel != MAILS:
            return self.box.claim(message.id, self.now)
        most = int(self.gateway.config.get("mail", "per_hour"))
        if self.box.claim(message.id, self.now, MAILS, most):
            return True
        out = self.box.went_out(MAILS, self.now - HOURLY)
        if len(out) >= most:
            self._down.add(MAILS)
            until = out[len(out) - most] + HOURLY
            self.box.hold(MAILS, min(max(until, self.now + 1.0), self.now + HOURLY))
            self._tell("warning", f"mails wait: {most} went out within an hour, which is [mail] per_hour")
        return False

    def _put_off(self, message: Message, error: UsherError) -> None:
        pause = pause_after(message.attempts + 1)
        channel = CHANNELS.get(message.kind, ())
        if channel and self.now - message.created > PATIENCE * HOURLY:
            pause = None
        if channel and isinstance(error, Refused):
            pause = None  # the server has looked at this very message
        if pause is not None and isinstance(error, Unreachable):
            pause = max(pause, error.retry_after)
        retry_at = None if pause is None else self.now + pause
        self.box.failed(message.id, str(error), retry_at)
        if retry_at is None:
            self._give_up(message, error)
            return
        if channel and isinstance(error, Unreachable) and not isinstance(error, Postponed):
            self.box.hold(channel, retry_at)
        if not message.attempts:
            self._tell("warning", f"message waits: {message.subject}: {error}")

    def _give_up(self, message: Message, error: UsherError) -> None:
        why = "refused" if isinstance(error, Refused) and message.kind in CHANNELS else "given up after a week"
        self._tell("error", f"message {why}: {message.subject}: {error}")
        if message.kind == MAIL:
            text = log.one_line(f"{log.mask(message.to)}: {message.subject}: {error}")
            with self.ledger.writing():
                self.ledger.post(f"undeliverable:{message.id}", JOURNAL, f"Usher: a letter was {why}", text, self.now)

    def _tell(self, level: str, text: str) -> None:
        log.log(str(self.gateway.config.get("usher", "data_dir")), level, text)

    def _send(self, message: Message) -> None:
        """Send to everybody it is for and has not reached yet. Raises UsherError where that failed."""
        if message.kind in MAILS:
            self._mail(message)
        elif message.kind == DISCORD:
            color = str(self.gateway.config.get("mail", "color") or "#e5a00d")
            discord = self.gateway.discord
            self.box.handed_over(message.id, HANDED_OVER)
            discord.post(message.subject, message.body, int(color[1:], 16))
        else:
            self._through_tautulli(message)

    def _mail(self, message: Message) -> None:
        from shared.jobs import letters

        config, mail = self.gateway.config, self.gateway.mail
        if message.kind == OWNER_MAIL:
            made = letters.render("owner", {"subject": message.subject, "message": message.body}, config)
            subject, text, html = made
        else:
            subject, (text, html) = message.subject, _parts(message.body)
        mark = lambda: self.box.handed_over(message.id, HANDED_OVER)  # noqa: E731
        mail.send(message.to, subject, text, html, mail.message_id(message.key, message.created), mark)
        if not self._checked:
            self._checked = True
            letters.tell_broken(self.ledger, config, self.now)

    def _through_tautulli(self, message: Message) -> None:
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

    def _is_out(self, message: Message) -> bool:
        """Whether it went out to everybody it is for, as far as anybody knows."""
        if message.kind in CHANNELS:
            if message.error == HANDED_OVER:
                self._tell("warning", f"message {HANDED_OVER}: {message.subject}")
            return message.error == HANDED_OVER
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
        """Those that may be this message's. A title may be stopped twice within a minute: of others with the very same
        words each has its row, the first since it was written down."""
        words = (message.subject or message.body).split("\n")[0][:60]
        found = [
            row
            for row in self.gateway.tautulli.notification_log(words, LOOK_AT)
            if row.notifier_id == notifier
            and _same(row.subject, message.subject)
            and _same(row.body, message.body)
        ]
        found.sort(key=lambda row: row.at)
        for created in self.box.sent_alike(message, message.created - HOURLY):
            theirs = next((row for row in found if row.at >= created - SLACK), None)
            found = [row for row in found if row is not theirs]
        return [row for row in found if row.at >= message.created - SLACK]


def _parts(body: str) -> tuple[str, str]:
    """Text and HTML of a letter."""
    try:
        found = json.loads(body)
        return str(found["text"]), str(found["html"])
    except (ValueError, LookupError, TypeError):
        raise Refused("it is no letter that could be sent") from None


def _same(shown: str, sent: str) -> bool:
    return _plain(shown) == _plain(sent)


def _plain(text: str) -> str:
    """Without what Tautulli changes when it shows a text."""
    for shown, meant in (("&lt;", "<"), ("&gt;", ">"), ("<br />", "\n"), ("\r\n", "\n")):
        text = text.replace(shown, meant)
    return text.strip()
