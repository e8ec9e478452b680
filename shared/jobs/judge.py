"""What events and the timekeeper have in common: take in what was seen of a play, and judge the plays that go on."""

from __future__ import annotations

from shared.config import Config
from shared.jobs.tell import Verdict, tell_owner
from shared.ledger import Ledger
from shared.model import PLEX_OWNER, Play, Session, Span, User
from shared.policy import limits, people, tracking
from shared.policy.calendar import Calendar
from shared.policy.people import House, Who
from shared.policy.words import shorten

LATE = 10.0  # seconds after which a stop event tells nothing any more of a play that is gone from the session list
SETTLED = 2.0  # seconds after its end in which an event of a play is taken for a late one


def calendar_of(config: Config) -> Calendar:
    """The house's days and zone, as config.ini has them."""
    usher, settings = config.settings["usher"], config.settings
    return Calendar(settings["zone"], usher["day_starts"], usher["week_starts"], settings["calendar"])


def house_of(config: Config, ledger: Ledger) -> House:
    """The people of config.ini together with what the ledger knows of accounts and players."""
    owner = int(ledger.meta("owner_id") or PLEX_OWNER)
    return House(config.settings, ledger.users(), ledger.bound(), owner)


def take_in(
    ledger: Ledger, house: House, session: Session, now: float, epoch: int, hearsay: bool = False
) -> Play | None:
    """Write down what was seen of a session: its user, its player, its play. Within a transaction of the ledger.

    A stop ends only the play whose item it names; of one never seen there is nothing to end: None. So it is with an
    event (`hearsay`) of a play that has just ended: it comes late, or a look at the session list will find a new play.
    """
    known = house.users.get(session.user_id)
    if session.user_id and (known is None or (session.user and not known.name)):
        user = User(session.user_id, session.user)
        ledger.see_user(user, now)
        house.users[session.user_id] = known._replace(name=session.user) if known else user
    if session.machine_id:
        ledger.see_player(session, now)
    for kind, name, id in people.bindings(house, session):
        ledger.bind(kind, name, id, now)
        house.bound[kind, name] = id
    double = people.doubles(house, session)
    if double:
        tell_owner(
            ledger, f"double:{double}:{session.machine_id}", "Usher: two players of one name",
            f"A second player is called {shorten(session.player, 40)}. Only the first one seen is taken for it; "
            f"to name this one, write its machine id into devices: {shorten(session.machine_id)}", now,
        )  # fmt: skip
    play = next((p for p in ledger.open_plays() if tracking.same(p, session)), None)
    if play is None and hearsay:
        ended = ledger.ended_play(session, now - LATE)
        if session.state == "stopped":
            _end_late(ledger, ended, session, now, epoch)
            return None
        if ended and ended.ended and now - ended.ended < SETTLED:
            return None
    if play is not None and hearsay and session.state == "playing":
        play = _began_before(play, now)
    play = tracking.observe(play or ledger.add_play(session, now, epoch), session, now, epoch)
    if session.state == "stopped":
        play = tracking.close(play, now)
    ledger.save_play(play)
    return play


def judge(ledger: Ledger, config: Config, house: House, plays: list[Play], now: float) -> list[Verdict]:
    """Decide about every open play that is anybody's and has a limit; write down what is new.

    Denied plays are marked, so that what is still played of them is charged but is no sitting.
    """
    calendar, verdicts, histories = calendar_of(config), [], {}
    for play in plays:
        who = people.whose(house, play.session.user_id, play.session.machine_id)
        if who is None or who.exempt or not who.limits.any:
            _mark(ledger, play, denied=False)
            continue
        if who.key not in histories:
            histories[who.key] = history(ledger, house, who, limits.horizon(who.limits, calendar, now))
        session = play.session
        decision = limits.decide(who.limits, calendar, histories[who.key], now, session.media_type, session.library)
        play = _mark(ledger, play, denied=not decision.allowed)
        verdicts.append(Verdict(play, who, decision, ledger.decide(play, who.key, decision, who.dry_run, now)))
    return verdicts


def history(ledger: Ledger, house: House, who: Who, since: float) -> list[Span]:
    """All that somebody has played since, on whatever account and player it was."""
    found = ledger.spans(people.user_ids(house, who.key), people.machine_ids(house, who.key), since)
    mine: dict[tuple[int, str], bool] = {}
    own = (who.key, who.exempt)
    for user_id, machine_id, _ in found:
        if (user_id, machine_id) not in mine:
            falls_to = people.whose(house, user_id, machine_id)
            # what the owner plays on their own devices is free, and uses up nothing of what they have on others
            mine[user_id, machine_id] = falls_to is not None and (falls_to.key, falls_to.exempt) == own
    return [span for user_id, machine_id, span in found if mine[user_id, machine_id]]


def _began_before(play: Play, at: float) -> Play:
    """A look at the session list was quicker than the event, which had to wait for the ledger but knows the moment."""
    if not 0 < play.began - at < LATE or play.seq > 1:
        return play
    return play._replace(began=at, span_began=at) if play.seq else play._replace(began=at, seen=at)


def _end_late(ledger: Ledger, play: Play | None, session: Session, now: float, epoch: int) -> None:
    """A look at the session list had found this play gone before its stop event was taken in. Only the event tells that
    it went on until then: without it, whoever hops titles would get what was played since the look before."""
    if play is not None and play.ended is not None and play.session.state != "stopped":
        ended = min(now, play.ended)
        ledger.save_play(tracking.close(tracking.observe(play, session, ended, epoch), ended))


def _mark(ledger: Ledger, play: Play, denied: bool) -> Play:
    if bool(play.denied) == denied:
        return play
    play = play._replace(denied=int(denied))
    ledger.save_play(play)
    return play
