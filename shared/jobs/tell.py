"""Messages about what was decided, put into the outbox in the same transaction as the decision."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from shared.config import Config
from shared.jobs.days import calendar_of
from shared.ledger import Ledger
from shared.model import Decision, Play
from shared.policy.words import shorten

if TYPE_CHECKING:
    from shared.policy.people import Who

JOURNAL, OWNER, ALERT = "journal", "owner", "alert"
RUN = frozenset("$`\\\"!%“”„‟")  # within quotes these still mean something to some shell
GATHER = 5.0  # seconds for which an alert waits for others
APART = 60.0  # seconds from one message of alerts to the next


class Note(NamedTuple):
    """A rule that stops nobody and was reached: `action` is alert or log; `once` for each player, not each play."""

    rule: str
    action: str
    dry: bool
    reason: str
    once: bool = False


class Verdict(NamedTuple):
    """A decision about an open play, and whose it is. `recorded` is the decision's number if it is a new one."""

    play: Play
    who: Who
    decision: Decision
    recorded: int = 0
    notes: tuple[Note, ...] = ()

    @property
    def stops(self) -> bool:
        """Whether the play is to be stopped, not only in a rehearsal."""
        return not self.decision.allowed and not self.decision.dry


def tell_decision(ledger: Ledger, verdict: Verdict, now: float) -> None:
    """A row in the Notification Logs for a stop; in dry run for what would be one, once per play and limit. What is to
    be done about a player that nobody knows only the owner can say."""
    play, who, decision, recorded, notes = verdict
    for note in notes:
        _tell_note(ledger, verdict, note, now)
    if decision.allowed or not recorded:
        return
    key = f"would:{play.id}:{decision.limit}" if decision.dry else f"stop:{recorded}"
    subject = f"Usher: {'would stop' if decision.dry else 'stopped'} {shorten(who.name, 40)}"
    ledger.post(key, JOURNAL, subject, about(verdict), now)
    if decision.kind == "device" and not decision.dry:
        name, machine = shorten(who.name, 40), shorten(play.session.machine_id)
        player = shorten(play.session.player, 40) or machine
        words = f"{quoted(who.name, who.key.removeprefix('user:'))} {quoted(play.session.player, machine)}"
        alert(
            ledger, f"device:{play.session.user_id}:{play.session.machine_id}", f"Usher: {name} has a new player",
            f"{name} was stopped on {player}, which is not a known player. To let it in: "
            f"limit_streams.py approve {words}", now,
        )  # fmt: skip


def _tell_note(ledger: Ledger, verdict: Verdict, note: Note, now: float) -> None:
    """Once for each play (of a new player: once for the player) what a rule of action alert or log has to say."""
    play, session = verdict.play, verdict.play.session
    about_it = f"{session.user_id}:{session.machine_id}" if note.once else str(play.id)
    key = f"{note.action}:{note.rule}:{about_it}"
    subject = f"Usher: {'would alert: ' if note.dry else ''}{shorten(note.rule, 40)}, {shorten(verdict.who.name, 40)}"
    if note.action == "alert" and not note.dry:
        alert(ledger, key, subject, what(verdict), now)
    else:
        ledger.post(key, JOURNAL, subject, what(verdict), now)


def what(verdict: Verdict) -> str:
    """What is played, where."""
    return played(verdict.play)


def played(play: Play) -> str:
    """What is played, where."""
    title, player = play.session.title, play.session.player
    return f"{shorten(title) or 'something'} on {shorten(player, 40) or 'a player'}"


def quoted(*names: str) -> str:
    """One word for a command line that the owner may copy into a shell, of Windows too, or into Tautulli: the first of
    these names in which no shell finds anything to run. Viewers name themselves and their players as they like.
    """
    for name in names:
        if name and name.isprintable() and not RUN.intersection(name):
            return name if name.replace("-", "").replace("_", "").isalnum() and name[0] != "-" else f'"{name}"'
    return "NAME"


def about(verdict: Verdict) -> str:
    """The play and the reason as one line."""
    return f"{what(verdict)}: {verdict.decision.reason}"


def on_screen(verdict: Verdict, config: Config, now: float) -> str:
    """The reason as the viewer reads it, in their language."""
    from shared.policy import speech  # not at the top: whoever tells the owner something imports this module

    about = viewer_fields(verdict)
    return speech.stopped(verdict.decision, config.settings["texts"], calendar_of(config), now, **about)


def viewer_fields(verdict: Verdict) -> dict[str, str]:
    """What a text for the viewer may name."""
    session = verdict.play.session
    return {
        "name": shorten(verdict.who.name, 40), "title": shorten(session.title), "player": shorten(session.player, 40),
    }  # fmt: skip


def tell_owner(ledger: Ledger, key: str, subject: str, body: str, now: float) -> None:
    """A message that the owner must see: once for each key, to their own notifiers and into the Notification Logs."""
    ledger.post(key, OWNER, subject, body, now)
    ledger.post(f"{key}:journal", JOURNAL, subject, body, now)


def alert(ledger: Ledger, key: str, subject: str, body: str, now: float, row: bool = True) -> None:
    """A message for the owner of what has happened, once for each key: with others of the same minute (see
    `alerts.gather`), and at once as a row in the Notification Logs unless it has one already."""
    last = float(ledger.meta("alerted_at", "0"))
    due = max(now + GATHER, last + APART if last <= now else 0.0)
    ledger.post(f"alert:{key}", ALERT, subject, body, now, due=due)
    if row:
        ledger.post(f"{key}:journal", JOURNAL, subject, body, now)


def tell_problems(ledger: Ledger, config: Config, now: float) -> None:
    """A broken config.ini, once for each state of the file."""
    if config.problems:
        more = f" (and {len(config.problems) - 1} more)" if len(config.problems) > 1 else ""
        tell_owner(
            ledger, f"config:{config.stamp}", "Usher: config.ini has mistakes",
            f"{config.problems[0]}{more}. In force: {config.in_force}.", now,
        )  # fmt: skip


def tell_damage(ledger: Ledger, now: float) -> None:
    """A ledger that had to be begun anew."""
    if ledger.was_damaged:
        tell_owner(
            ledger, f"damaged:{ledger.was_damaged}", "Usher: the ledger was damaged",
            f"It was set aside as {ledger.was_damaged}; a new one is filled from Tautulli's history.", now,
        )  # fmt: skip
