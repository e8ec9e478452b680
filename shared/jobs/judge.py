"""What events and the timekeeper have in common: take in what was seen of a play, and judge the plays that go on."""

from __future__ import annotations

from collections.abc import Iterator

from shared.config import Config
from shared.jobs.cases import cases
from shared.jobs.days import calendar_of
from shared.jobs.tell import Note, Verdict, tell_owner
from shared.ledger import Ledger
from shared.ledger_rules import Remembered
from shared.model import PLEX_OWNER, Play, Session, User
from shared.policy import people, tracking, verdict
from shared.policy.calendar import day_of
from shared.policy.people import House
from shared.policy.verdict import Case
from shared.policy.words import refused, shorten

LATE = 10.0  # seconds after which a stop event tells nothing any more of a play that is gone from the session list
KNOWN_AFTER = 60.0  # seconds of a play that nobody denied, and its player is a known one
SETTLED = 60.0  # seconds after its end in which an event of a play is taken for a late one: while Plex does not answer,
# Tautulli's events wait, and a play begun anew by one of them would be told of, and denied, a second time


def house_of(config: Config, ledger: Ledger, now: float) -> House:
    """The people of config.ini, as it holds on this day, with what the ledger knows of accounts and players."""
    owner = int(ledger.meta("owner_id") or PLEX_OWNER)
    settings = people.in_force(config.settings, day_of(calendar_of(config), now))
    return House(settings, ledger.users(), ledger.bound(), owner)


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
    play = next((p for p in ledger.open_plays_like(session) if tracking.same(p, session)), None)
    if play is None and hearsay:
        if session.state == "stopped":
            _end_late(ledger, ledger.ended_play(session, now - LATE), session, now, epoch)
            return None
        if ledger.ended_play(session, now - SETTLED):
            return None
    if play is not None and hearsay and session.state == "playing":
        play = _began_before(play, now)
    play = tracking.observe(play or ledger.add_play(session, now, epoch), session, now, epoch)
    if session.state == "stopped":
        play = tracking.close(play, now)
    ledger.save_play(play)
    Remembered(ledger).see_device(session, not play.denied and now - play.began >= KNOWN_AFTER, now)
    return play


def judge(
    ledger: Ledger, config: Config, house: House, plays: list[Play], now: float, listed: bool = False
) -> list[Verdict]:
    """Decide about every open play that anything limits; write down what is new. `listed`: these are all the plays that
    Plex's session list has.

    Denied plays are marked, so that what is still played of them is charged but is no sitting. Only a look at that list
    lifts a denial again: a third stream is no less the third because a new event tells of it.
    """
    verdicts = []
    for who, case in cases(ledger, config, house, plays, now, listed):
        if case is None:
            continue
        decision = verdict.decide(case, now)
        if case.play.denied and decision.allowed and not listed:
            verdicts.append(Verdict(case.play, who, decision))  # an event does not see what goes on beside it
            continue
        play = _mark(ledger, case.play, denied=not decision.allowed and (not decision.dry or who.dry_run))
        recorded = ledger.decide(play, who.key, decision, now)
        verdicts.append(Verdict(play, who, decision, recorded, tuple(_reached(case, now))))
    for play in plays:
        if play.denied and not any(v.play.id == play.id for v in verdicts):
            _mark(ledger, play, denied=False)
    return verdicts


def _reached(case: Case, now: float) -> Iterator[Note]:
    """The rules that stop nobody and are reached by a play."""
    for rule, bound in verdict.notes(case, now):
        at = bound.deadline(now)
        if at is not None and at <= now:
            yield Note(rule.name, str(rule.settings["action"]), rule.dry, refused(bound.limit, bound.kind,
                       bound.value(now)), "new_device" in rule.settings)  # fmt: skip


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
