"""Warnings before a cut: `warn_before` the end of a play its person is told, once for each cut."""

from __future__ import annotations

from collections.abc import Iterable

from shared.config import Config
from shared.jobs.days import calendar_of
from shared.jobs.tell import JOURNAL, OWNER, Verdict, viewer_fields
from shared.ledger import Ledger
from shared.ledger_rules import Remembered
from shared.policy import people, speech
from shared.policy.bounds import BUDGETS
from shared.policy.calendar import day_of
from shared.policy.people import House
from shared.policy.words import shorten

SLACK = 30.0  # seconds: with so much more left than at the warning, the next cut is another one
STALE = 120.0  # seconds after which nobody needs a warning any more: see outbox
SIZED = (*BUDGETS, "paused")  # kinds of limits of a length: a warning of more than all of it would come at the start
AT_ONCE = ("streams", "locations", "device", "plays", "start")  # kinds that come without any time going by
KEY = "warn:"  # how the keys of these messages begin


def warn(ledger: Ledger, config: Config, house: House, verdicts: Iterable[Verdict], now: float) -> float | None:
    """Put the warnings that are due into the outbox; when the next one is. Within a transaction.

    Of several screens of one person the one that ends first counts.
    """
    first: dict[str, Verdict] = {}
    for verdict in sorted(filter(_ends, verdicts), key=_until):
        first.setdefault(verdict.who.key, verdict)
    coming = [_warn(ledger, config, house, verdict, now) for verdict in first.values()]
    return min((at for at in coming if at is not None), default=None)


def _warn(ledger: Ledger, config: Config, house: House, verdict: Verdict, now: float) -> float | None:
    decision, who = verdict.decision, verdict.who
    left = _until(verdict) - now
    memory, cause = Remembered(ledger), f"{decision.limit}@{day_of(calendar_of(config), _until(verdict))}"
    mine = [b for b in who.limits.warn_before if decision.kind not in SIZED or b < decision.value]
    known = memory.warned(who.key, cause)
    for before in known:
        if left > before + SLACK:
            memory.unwarn(who.key, cause, before)
    due = [before for before in mine if left <= before and before not in known]
    if due:
        for before in due:
            memory.warn(who.key, cause, before, now)
        _tell(ledger, config, house, verdict, left, now)
    return max((_until(verdict) - before for before in mine if left > before), default=None) if not due else now + 1


def _tell(ledger: Ledger, config: Config, house: House, verdict: Verdict, left: float, now: float) -> None:
    decision, who = verdict.decision, verdict.who
    text = speech.warned(decision, config.settings["texts"], left, **viewer_fields(verdict))
    key = f"{KEY}{who.key}:{decision.limit}:{now:.3f}"
    name = shorten(who.name, 40)
    if decision.dry:
        ledger.post(key, JOURNAL, f"Usher: would warn {name}", text, now)
        return
    ledger.post(key, JOURNAL, f"Usher: warned {name}", text, now)
    for kind, to in _ways(config, house, who, verdict.play.session.user_id):
        ledger.post(f"{key}:{kind}:{to}", kind, f"Plex: {name}", text, now, to)


def _ways(config: Config, house: House, who: people.Who, user_id: int) -> list[tuple[str, str]]:
    """(kind of message, recipient) for each way on which somebody is warned. By default that is the owner's agents and
    channel, not their mail: a warning is for this minute."""
    discord = [("discord", "")] if config.get("discord", "webhook") else []
    found: list[tuple[str, str]] = []
    for word in who.limits.tell or ("owner", "discord"):
        if word == "owner":
            found += [(OWNER, str(id)) for id in config.get("notify", "tautulli_notifiers") or ()]
        elif word == "discord":
            found += discord
        elif word == "mail":
            ids = {user_id, *people.user_ids(house, who.key)}
            addresses = {house.users[id].email for id in ids if id in house.users} - {""}
            usable = config.get("mail", "host") and config.get("mail", "from")
            found += [("owner_mail", address) for address in sorted(addresses) if usable]
        else:
            found.append((OWNER, word))
    return list(dict.fromkeys(found))


def _ends(verdict: Verdict) -> bool:
    """Whether time brings the end of this play nearer."""
    decision = verdict.decision
    waits = verdict.play.session.state == "paused" and decision.kind in BUDGETS
    return decision.allowed and decision.until is not None and not waits and decision.kind not in AT_ONCE


def _until(verdict: Verdict) -> float:
    return verdict.decision.until or 0.0
