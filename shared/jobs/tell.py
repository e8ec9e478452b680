"""Messages about what was decided, put into the outbox in the same transaction as the decision."""

from __future__ import annotations

from typing import NamedTuple

from shared.config import Config
from shared.ledger import Ledger
from shared.model import Decision, Play
from shared.policy.people import Who
from shared.policy.words import shorten

JOURNAL, OWNER = "journal", "owner"


class Verdict(NamedTuple):
    """A decision about an open play, and whose it is. `recorded` is the decision's number if it is a new one."""

    play: Play
    who: Who
    decision: Decision
    recorded: int = 0


def tell_decision(ledger: Ledger, verdict: Verdict, now: float) -> None:
    """A row in the Notification Logs for a stop; in dry run for what would be one, once per play and limit."""
    play, who, decision, recorded = verdict
    if decision.allowed or not recorded:
        return
    key = f"would:{play.id}:{decision.limit}" if who.dry_run else f"stop:{recorded}"
    subject = f"Usher: {'would stop' if who.dry_run else 'stopped'} {shorten(who.name, 40)}"
    ledger.post(key, JOURNAL, subject, about(verdict), now)


def about(verdict: Verdict) -> str:
    """The play and the reason as one line."""
    title, player = verdict.play.session.title, verdict.play.session.player
    return f"{shorten(title) or 'something'} on {shorten(player, 40) or 'a player'}: {verdict.decision.reason}"


def on_screen(verdict: Verdict) -> str:
    """The reason as the viewer reads it."""
    reason = verdict.decision.reason
    return reason[:1].upper() + reason[1:] + ("" if reason.endswith((".", "!", "?")) else ".")


def tell_owner(ledger: Ledger, key: str, subject: str, body: str, now: float) -> None:
    """A message that the owner must see: once for each key, to their own notifiers and into the Notification Logs."""
    ledger.post(key, OWNER, subject, body, now)
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
