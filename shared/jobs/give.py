"""What an owner gives or takes for today only: bonus, allow, lock, unlock, off, on; and approve for a player.

Each takes the words behind its name and gives the answer: for each person concerned, what holds and which limit comes
next. All of it is written in the transaction of its caller, with who asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from shared.config import Config
from shared.errors import UsherError
from shared.jobs.outlook import coming, outlook, text
from shared.jobs.tell import quoted
from shared.jobs.typed import amount, moment, plain, unquoted
from shared.jobs.whom import all_of
from shared.ledger import Ledger
from shared.ledger_rules import Given, Remembered
from shared.policy import people, words
from shared.policy.calendar import DAY, Calendar, day_of
from shared.policy.grants import ALLOW, BONUS, EVERYBODY, LOCK, OFF
from shared.policy.people import House, Who

MOST = 10  # people in one answer


class Desk(NamedTuple):
    """What a command works with, inside its transaction."""

    ledger: Ledger
    config: Config
    house: House
    calendar: Calendar
    now: float
    by: str

    @property
    def remembered(self) -> Remembered:
        return Remembered(self.ledger)


class Said(NamedTuple):
    """The answer, and for whom it is."""

    about: str
    text: str


def bonus(desk: Desk, typed: list[str]) -> Said:
    """`USER 30m`: so much more today, `-15m`: less."""
    name, seconds = amount(typed)
    if not seconds or abs(seconds) > DAY:
        raise UsherError("a bonus is for today: at most 24h, like 30m or -15m")
    found = all_of(desk.house, name)
    for key in _keys(found):
        desk.remembered.grant(Given(BONUS, key, desk.now, seconds, None), desk.by)

    def answer(who: Who) -> str:
        if who.exempt:
            return _text(desk, who)
        seen = outlook(desk.ledger, desk.config, desk.house, who, desk.now)
        total = dict(seen.today.extra).get(day_of(desk.calendar, desk.now), 0)
        all_in_all = f" ({_signed(total)} in all)" if total != seconds else ""
        return f"{_signed(seconds)} today{all_in_all}, {text(seen, desk.calendar, desk.now)}"

    return _said(found, answer)


def allow(desk: Desk, typed: list[str]) -> Said:
    """`USER until 23:30`, `USER for 1h`: no budget, sitting or window until then. `for 0m` takes it back."""
    name, until = moment(typed, desk.calendar, desk.now)
    if until is None or not name:
        raise UsherError("until when? write it like: allow emma until 23:30, or: allow emma for 1h")
    found = all_of(desk.house, name)
    _replace(desk, ALLOW, _keys(found), until)
    head = f"free until {_clock(desk, until)}; " if until > desk.now else ""
    return _said(found, lambda who: ("" if who.exempt else head) + _text(desk, who))


def lock(desk: Desk, typed: list[str]) -> Said:
    """`USER`, `USER until sat 10:00`: nothing may be played, until then or until it is unlocked."""
    name, until = moment(typed, desk.calendar, desk.now)
    found = all_of(desk.house, _named(name, "lock emma"))
    _replace(desk, LOCK, _keys(found), until)

    def answer(who: Who) -> str:
        if who.exempt or (until is not None and until <= desk.now):
            return f"not locked; {_text(desk, who)}"
        head = f"locked until {_clock(desk, until)}" if until else f"locked; unlock {_handle(who)} ends it"
        seen = outlook(desk.ledger, desk.config, desk.house, who, desk.now)
        later = seen.decision.until is not None and until is not None and seen.decision.until > until
        tail = f"; {coming(seen, desk.calendar, desk.now)}" if later else ""
        return head + tail + (" (dry run)" if who.dry_run else "")

    return _said(found, answer)


def unlock(desk: Desk, typed: list[str]) -> Said:
    """`USER`: a lock is over."""
    found = all_of(desk.house, _named(" ".join(typed), "unlock emma"))
    ended = {who.key: desk.remembered.end_grants(LOCK, who.key, desk.now) for who in found}
    return _said(found, lambda who: f"{'unlocked' if ended[who.key] else 'was not locked'}; {_text(desk, who)}")


def off(desk: Desk, typed: list[str]) -> Said:
    """`until tomorrow`, `for 2h`: no limit and no rule for anybody; locks hold."""
    name, until = moment(["everybody", *typed], desk.calendar, desk.now)
    if until is None or name != "everybody":
        raise UsherError("until when? write it like: off until tomorrow, or: off for 2h")
    _replace(desk, OFF, [EVERYBODY], until)
    if until <= desk.now:
        return on(desk, [])
    when = _clock(desk, until)
    locked = [who.name for who in _everybody(desk) if _is_locked(desk, who)]
    but = f"; still locked: {_listed(locked)}" if locked else ""
    dry = " (dry run)" if desk.config.get("usher", "dry_run") else ""
    return Said("", f"everything is off until {when}: no limit and no rule for anybody{but}; "
                    f"next: all of them again from {when}{dry}")  # fmt: skip


def on(desk: Desk, typed: list[str]) -> Said:
    """Ends `off`."""
    if typed:
        raise UsherError("on stands alone: it ends what off began, for everybody")
    ended = desk.remembered.end_grants(OFF, EVERYBODY, desk.now)
    head = "all limits and rules hold again" if ended else "all limits and rules hold"
    lines = _lines(_everybody(desk), lambda who: _text(desk, who))
    return Said("", f"{head}: {lines}" if lines else head)


def approve(desk: Desk, typed: list[str]) -> Said:
    """`USER DEVICE`: this player is a known one from now on."""
    who, device = _whose_player(desk, typed)
    known = desk.remembered.devices(people.user_ids(desk.house, who.key))
    new = {machine: (user, title) for user, machine, title, _, is_known in known if not is_known}
    wanted = plain(device)
    fits = [machine for _, machine, title, _, _ in known if wanted and wanted in (plain(machine), plain(title))]
    unknown = [machine for machine in dict.fromkeys(fits) if machine in new]
    name = words.shorten(who.name, 40)
    if len(unknown) > 1:
        raise UsherError(f"{words.shorten(device, 40)!r} is the name of {len(unknown)} unknown players: write one of "
                         f"their machine ids: {_listed(unknown)}")  # fmt: skip
    if not fits:
        named = [f"{quoted(words.shorten(title, 40), machine)} ({machine})" for machine, (_, title) in new.items()]
        shown = _listed(named)
        there = f"unknown players: {shown}" if new else "none of their players is unknown"
        what = f"no player of {name} is called {words.shorten(device, 40)!r}" if device else f"which player of {name}?"
        raise UsherError(f"{what}; {there}")
    for machine in unknown:
        for user, other, title, _, _ in known:
            if other == machine:
                desk.remembered.approve(user, machine, title, desk.now)
    said = "is known from now on" if unknown else "was known already"
    return _said([who], lambda who: f"{words.shorten(device, 40)} {said}; {_text(desk, who)}")


COMMANDS: dict[str, Callable[[Desk, list[str]], Said]] = {
    "bonus": bonus, "allow": allow, "lock": lock, "unlock": unlock, "off": off, "on": on, "approve": approve,
}  # fmt: skip


def _named(name: str, example: str) -> str:
    if not name:
        raise UsherError(f"whom? write it like: {example}")
    return name


def _whose_player(desk: Desk, typed: list[str]) -> tuple[Who, str]:
    """The first words that name somebody, and the rest."""
    problem = UsherError('whose player, and which? write it like: approve emma "Kids TV"')
    for count in range(1, len(typed) + 1):
        try:
            found = all_of(desk.house, unquoted(" ".join(typed[:count])))
        except UsherError as error:
            problem = error if count == 1 else problem
        else:
            if len(found) > 1:
                raise UsherError("approve is for one person, and not for a group")
            return found[0], unquoted(" ".join(typed[count:]))
    raise problem


# ---- answers ----


def _keys(found: list[Who]) -> list[str]:
    """Whom it is written down for: nothing given or taken holds for the exempt."""
    return [who.key for who in found if not who.exempt]


def _replace(desk: Desk, kind: str, keys: Iterable[str], until: float | None) -> None:
    """The last word holds: what was said before is over."""
    for key in keys:
        desk.remembered.end_grants(kind, key, desk.now)
        if until is None or until > desk.now:
            desk.remembered.grant(Given(kind, key, desk.now, 0, until), desk.by)


def _said(found: list[Who], answer: Callable[[Who], str]) -> Said:
    return Said(_listed([who.name for who in found], 3), _lines(found, answer))


def _lines(found: list[Who], answer: Callable[[Who], str]) -> str:
    told = [f"{words.shorten(who.name, 40)}: {answer(who)}" for who in found[:MOST]]
    return " | ".join(told + [f"and {len(found) - MOST} more"] * (len(found) > MOST))


def _text(desk: Desk, who: Who) -> str:
    return text(outlook(desk.ledger, desk.config, desk.house, who, desk.now), desk.calendar, desk.now)


def _everybody(desk: Desk) -> list[Who]:
    """Every person of config.ini, and who is watching."""
    named = [people.person(desk.house, name) for name in desk.house.settings["person"]]
    sessions = (play.session for play in desk.ledger.open_plays())
    watching = [people.whose(desk.house, session.user_id, session.machine_id) for session in sessions]
    return list({who.key: who for who in (*named, *watching) if who is not None and not who.exempt}.values())


def _is_locked(desk: Desk, who: Who) -> bool:
    return outlook(desk.ledger, desk.config, desk.house, who, desk.now).today.locked_until is not None


def _clock(desk: Desk, at: float) -> str:
    return words.clock(desk.calendar, at, desk.now)[3:]


def _handle(who: Who) -> str:
    """How to name them in the next command; an address is not shown, but an id says as much."""
    id = who.key.removeprefix("user:")
    return id if "@" in who.name else quoted(who.name, id)


def _signed(seconds: int) -> str:
    return f"{'-' if seconds < 0 else '+'}{words.duration(abs(seconds))}"


def _listed(names: list[str], most: int = MOST) -> str:
    shown = [words.shorten(name, 80) for name in names[:most]]
    return ", ".join(shown + [f"{len(names) - most} more"] * (len(names) > most))
