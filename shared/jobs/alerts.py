"""Messages to the owner of what has just happened, as `[report] alerts` asks for them: each occasion once, and all of
about a minute as one message."""

from __future__ import annotations

from collections.abc import Iterable

from shared.config import Config
from shared.jobs.cases import asks_for_devices, is_known, whose
from shared.jobs.days import calendar_of
from shared.jobs.tell import ALERT, JOURNAL, OWNER, Verdict, about, alert, played
from shared.ledger import Ledger
from shared.ledger_outbox import Message, Outbox
from shared.ledger_rules import LEARNED, Remembered
from shared.model import Play, User
from shared.policy import people
from shared.policy.calendar import day_of
from shared.policy.people import House, Who
from shared.policy.words import shorten

AT_START = 5.0  # seconds: what is denied sooner has not really begun
MOST = 40  # lines of one message


def note(
    ledger: Ledger, config: Config, house: House, plays: Iterable[Play], verdicts: Iterable[Verdict], now: float
) -> None:
    """Put into the outbox what the owner wants to hear of these plays and verdicts. Within a transaction."""
    wanted = config.get("report", "alerts")
    if not wanted:
        return
    for verdict in verdicts:
        _decided(ledger, config, wanted, verdict, now)
    unknown = {verdict.play.id for verdict in verdicts if verdict.decision.kind == "device"}  # told with what to do
    for play in plays:
        if play.ended is None:
            _playing(ledger, config, house, wanted, play, play.id in unknown, now)


def lacks_players(ledger: Ledger, config: Config) -> bool:
    """Whether something depends on which players are known, and Tautulli's history was not read for it yet."""
    return asks_for_devices(config) and not ledger.meta(LEARNED)


def gather(ledger: Ledger, now: float) -> None:
    """Make one message of all alerts that wait, once the first of them is due."""
    if not any(message.kind == ALERT for message in Outbox(ledger).due(now)):
        return
    with ledger.writing():
        found = Outbox(ledger).collect(ALERT, now)
        if not found:
            return
        subject, body = found[0].subject, found[0].body
        if len(found) > 1:
            subject, body = f"Usher: {len(found)} alerts", _lines(found)
        ledger.post(f"alerts:{found[0].id}", OWNER, subject, body, now)
        ledger.set_meta("alerted_at", now)


def _lines(found: list[Message]) -> str:
    lines = [f"{one.subject.removeprefix('Usher: ')}: {one.body}" for one in found[:MOST]]
    more = len(found) - MOST
    return "\n".join(lines + ([f"and {more} more: see Tautulli's Notification Logs"] if more > 0 else []))


def _decided(ledger: Ledger, config: Config, wanted: tuple[str, ...], verdict: Verdict, now: float) -> None:
    """A stop. It has its row in the Notification Logs already."""
    play, who, decision = verdict.play, verdict.who, verdict.decision
    if decision.allowed or decision.dry or not verdict.recorded or decision.kind == "device":
        return
    name = shorten(who.name, 40)
    if now - play.began >= AT_START:
        if "stopped" in wanted:
            alert(ledger, f"stopped:{play.id}", f"Usher: stopped {name}", about(verdict), now, row=False)
    elif "denied" in wanted:  # pressing play again and again until it opens is one occasion
        until = decision.until or day_of(calendar_of(config), now)
        key = f"denied:{who.key}:{decision.limit}:{until:.0f}"
        alert(ledger, key, f"Usher: {name} may not watch now", about(verdict), now, row=False)


def _playing(
    ledger: Ledger, config: Config, house: House, wanted: tuple[str, ...], play: Play, told: bool, now: float
) -> None:
    """What is worth telling of a play, whatever was decided about it."""
    session, who = play.session, whose(house, play.session)
    name, what, day = shorten(who.name, 40), played(play), day_of(calendar_of(config), now)
    found = []
    if {"new_device", "exempt_elsewhere"}.intersection(wanted) and session.machine_id and session.user_id:
        known = is_known(ledger, house, play, who)
        if "exempt_elsewhere" in wanted and who.exempt and _is_elsewhere(house, who, session.machine_id, known):
            found.append((f"elsewhere:{session.user_id}:{session.machine_id}:{day}",
                          f"{name} is exempt, on a player that is not theirs", what))  # fmt: skip
        elif "new_device" in wanted and known is False and not told:
            found.append((f"new:{session.user_id}:{session.machine_id}", f"{name} has a new player", what))
    if "unknown_user" in wanted and _is_unknown(ledger, house, play, who):
        where = f" at {session.address}" if session.address else ""
        found.append((f"unknown:{session.machine_id or session.session_key}:{day}", "somebody unknown is watching",
                      f"{what}{where}: no account that Tautulli knows"))  # fmt: skip
    if "first_play" in wanted and Remembered(ledger).is_newcomer(session.user_id, play.id):
        found.append((f"first:{session.user_id}", f"{name} watches for the first time", what))
    for key, subject, body in found:
        if who.dry_run:
            ledger.post(f"would:{key}", JOURNAL, f"Usher: would alert: {subject}", body, now)
        else:
            alert(ledger, key, f"Usher: {subject}", body, now)


def _is_elsewhere(house: House, who: Who, machine_id: str, known: bool | None) -> bool:
    """Whether a player is none of a person's: none that config.ini names for them; where it names none, a new one."""
    named = people.machine_ids(house, who.key)
    return machine_id not in named if named else known is False


def _is_unknown(ledger: Ledger, house: House, play: Play, who: Who) -> bool:
    """Whether an account is nobody's, or none of Tautulli's list, which is read again where it is older than the play.
    """
    user = house.users.get(play.session.user_id, User(play.session.user_id))
    if who.key == "user:0":
        return True
    if user.kind or who.key in house.settings["person"]:
        return False
    read = float(ledger.meta("users_at", "0"))
    if 0 < read < play.began:
        ledger.set_meta("users_at", 0)
    return read >= play.began
