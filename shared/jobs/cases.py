"""Gathers what a decision about an open play needs: whose it is, what they played, which rules and grants hold."""

from __future__ import annotations

from typing import NamedTuple

from shared.config import Config
from shared.jobs.days import calendar_of
from shared.ledger import Ledger
from shared.ledger_rules import Remembered
from shared.model import Play, Session, Span
from shared.policy import grants, people, rules, verdict
from shared.policy.calendar import Calendar, period
from shared.policy.holding import holding, names_of
from shared.policy.limits import Limits
from shared.policy.people import House, Who
from shared.policy.rules import Holding
from shared.policy.verdict import Case

LIMITING = (
    "daily", "weekly", "monthly", "sitting", "blocked", "allowed", "max_streams", "max_locations", "max_paused",
    "known_devices_only",
)  # fmt: skip


class Past(NamedTuple):
    """What somebody has played, and the sessions of it by the play's id (empty where no rule asks for them)."""

    spans: list[Span]
    sessions: dict[int, Session]


def has_limits(config: Config) -> bool:
    """Whether config.ini limits anybody at all."""
    settings = config.settings
    sections = [settings["everyone"], *settings["group"].values(), *settings["person"].values()]
    return bool(settings["rule"]) or any(_limits(section.get(key)) for section in sections for key in LIMITING)


def asks_for_devices(config: Config) -> bool:
    """Whether anything depends on which players are known."""
    settings = config.settings
    sections = [settings["everyone"], *settings["group"].values(), *settings["person"].values()]
    ruled = any("new_device" in rule for rule in settings["rule"].values())
    told = any(word in config.get("report", "alerts") for word in ("new_device", "exempt_elsewhere"))
    return ruled or told or any(section.get("known_devices_only") for section in sections)


def asks_for_files(config: Config) -> bool:
    """Whether a rule asks what the file is like, of which Plex's session list does not tell while it is converted."""
    return any("resolution" in rule or "file_bitrate" in rule for rule in config.settings["rule"].values())


def whose(house: House, session: Session) -> Who:
    """Whose play it is; for a play of nobody's no limit holds, only rules."""
    return people.whose(house, session.user_id, session.machine_id) or people.nobody(house)


def cases(
    ledger: Ledger, config: Config, house: House, plays: list[Play], now: float, listed: bool
) -> list[tuple[Who, Case | None]]:
    """Each play with whose it is and what bears on it, None where nothing limits it. `listed`: these are all plays that
    Plex's session list has, so that it is known what goes on at the same time."""
    calendar = calendar_of(config)
    given = Remembered(ledger).grants(period(calendar, "monthly", now)[1][0] - 7 * 86400, now)
    owners = [(play, whose(house, play.session)) for play in plays]
    pasts: dict[tuple[str, bool], Past] = {}
    found: list[tuple[Who, Case | None]] = []
    ruled = {play.id: _ruled(ledger, config, house, play, who) for play, who in owners}
    for play, who in owners:
        today = grants.today([grants.Grant(*g) for g in given], who.key, calendar, now)
        limited = not who.exempt and (who.limits.any or today.locked_until is not None)
        if not limited and not ruled[play.id][0]:
            found.append((who, None))
            continue
        key = who.key, who.exempt
        if key not in pasts:
            pasts[key] = _past(ledger, house, who, calendar, now)
        spans, sessions = pasts[key]
        holds, known = ruled[play.id]
        if any(rules.needs_past(rule.settings) for rule in holds):
            if not sessions:
                sessions.update(ledger.sessions({span.play for span in spans} | {play.id}))
            holds = holding(house, who, play.session, sessions, known)
        beside = [(p, names_of(ruled[p.id][0])) for p, w in owners if (w.key, w.exempt) == key] if listed else None
        case = Case(
            play, who.limits if limited else Limits(), calendar, spans, sessions, holds, beside, today, known,
            who.dry_run,
        )  # fmt: skip
        found.append((who, case))
    return found


def history(ledger: Ledger, house: House, who: Who, since: float) -> list[Span]:
    """All that somebody has played since, on whatever account and player it was, and what counts for them besides."""
    found = _own_history(ledger, house, who, since)
    for name, settings in house.settings["person"].items():
        if who.key != name and who.key in (other.casefold() for other in settings.get("counts_for", ())):
            found += _own_history(ledger, house, people.person(house, name), since)
    return found


def _own_history(ledger: Ledger, house: House, who: Who, since: float) -> list[Span]:
    found = ledger.spans(people.user_ids(house, who.key), people.machine_ids(house, who.key), since)
    mine: dict[tuple[int, str], bool] = {}
    own = (who.key, who.exempt)
    for user_id, machine_id, _ in found:
        if (user_id, machine_id) not in mine:
            falls_to = people.whose(house, user_id, machine_id)
            # what the owner plays on their own devices is free, and uses up nothing of what they have on others
            mine[user_id, machine_id] = falls_to is not None and (falls_to.key, falls_to.exempt) == own
    return [span for user_id, machine_id, span in found if mine[user_id, machine_id]]


def _past(ledger: Ledger, house: House, who: Who, calendar: Calendar, now: float) -> Past:
    budgets = [settings for settings in house.settings["rule"].values() if rules.needs_past(settings)]
    return Past(history(ledger, house, who, verdict.horizon(who.limits, budgets, calendar, now)), {})


def _ruled(
    ledger: Ledger, config: Config, house: House, play: Play, who: Who
) -> tuple[tuple[Holding, ...], bool | None]:
    """The rules that hold for a play, and whether its player is a known one."""
    known = is_known(ledger, house, play, who) if asks_for_devices(config) else None
    return holding(house, who, play.session, {}, known), known


def is_known(ledger: Ledger, house: House, play: Play, who: Who) -> bool | None:
    """Whether the player of a play is a known one for them; None where that is not known."""
    machine = play.session.machine_id
    if not machine:
        return None
    if machine in people.machine_ids(house, who.key):
        return True
    return Remembered(ledger).is_known({play.session.user_id, *people.user_ids(house, who.key)}, machine)


def _limits(value: object) -> bool:
    return value is not None and value is not False and value != ()
