"""All that a digest is made of: the plays of Tautulli's history with whose they are, and what the ledger has on top."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from shared.errors import UsherError
from shared.jobs.days import calendar_of
from shared.jobs.household import house_of_past, owners_of
from shared.ledger_rules import Remembered
from shared.log import mask
from shared.model import PastPlay, User
from shared.policy import digest, grants, people
from shared.policy.calendar import DAY, EPOCH, Calendar
from shared.policy.digest import Figures, Owned, Subject
from shared.policy.limits import Extra
from shared.policy.people import House
from shared.policy.periods import Period
from shared.policy.words import shorten

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.config import Config
    from shared.gateway import Gateway
    from shared.ledger import Ledger

MARGIN = 62 * DAY  # seconds by which a month's budget, and plays, may reach back
NOBODY = "nobody"  # the key of plays that are nobody's; a user's own is user:ID, and a person's name is in config.ini


class Facts(NamedTuple):
    """`users` holds everybody whom Tautulli knows, with whether they still have access; `keys` whose each one is."""

    calendar: Calendar
    period: Period
    before: Period
    users: dict[int, tuple[User, bool]]
    keys: dict[int, str]
    subjects: tuple[Subject, ...]
    owned: tuple[Owned, ...]


class Report(NamedTuple):
    """A digest before it becomes a mail or a page. `news` are headings with their lines; `person` is "" for all;
    `own`: it is for that person."""

    calendar: Calendar
    period: Period
    before: Period
    figures: Figures
    news: tuple[tuple[str, tuple[str, ...]], ...] = ()
    person: str = ""
    own: bool = False
    dry_run: bool = False
    server: str = ""
    page: str = ""


def calendar_since(config: Config, first: int) -> Calendar:
    """The house's calendar from the day of this ordinal on. The usual one knows the time zone of two years only."""
    from shared.config import zone_between

    calendar = calendar_of(config)
    since = float((first - EPOCH) * DAY - MARGIN)
    if since >= calendar.zone[0][0]:
        return calendar
    return calendar._replace(zone=zone_between(config, since, calendar.zone[-1][0] + 1), memo={})


def gather(
    ledger: Ledger, config: Config, gateway: Gateway, calendar: Calendar, period: Period, before: Period
) -> Facts:
    """Ask Tautulli for the plays of both periods. Raises UsherError without a definite answer."""
    watched = gateway.watched
    users = watched.users()
    house = house_of_past(config, ledger, {id: user for id, (user, _) in users.items()}, period.after - 1)
    subjects = {NOBODY: Subject(NOBODY, "nobody: no user, and no person's device")}
    keys = {}
    for id in users:
        who = people.whose(house, id, "")
        if who is not None:
            keys[id] = who.key
            subjects.setdefault(who.key, _subject(who))
    for name in house.settings["person"]:
        subjects.setdefault(name, _subject(people.person(house, name)))
    libraries = {name for s in subjects.values() if s.limits for name in s.limits.uncounted_libraries}
    since = digest.horizon(subjects.values(), calendar, period, before)
    plays = watched.between(since, period.ended, libraries)
    owned = _owned(house, plays, subjects)
    given = [grants.Grant(*one) for one in Remembered(ledger).grants(since, period.ended) if one.at < period.ended]
    all_of = tuple(_with(house, subject, grants.today(given, subject.key, calendar, period.ended).extra)
                   for subject in subjects.values())  # fmt: skip
    return Facts(calendar, period, before, users, keys, all_of, tuple(owned))


def of_all(facts: Facts) -> Figures:
    """The figures of everybody; of nobody's plays only if there are any."""
    used = {one.key for one in facts.owned}
    subjects = [s for s in facts.subjects if s.key != NOBODY or NOBODY in used]
    return digest.reckon(facts.owned, subjects, facts.calendar, facts.period, facts.before)


def of_one(facts: Facts, key: str) -> Figures:
    """The figures of one person."""
    subject = [s for s in facts.subjects if s.key == key]
    owned = [one for one in facts.owned if one.key in (key, *subject[0].besides)]
    return digest.reckon(owned, subject, facts.calendar, facts.period, facts.before)


def key_of(facts: Facts, name: str) -> str:
    """Whom an owner means: a person of config.ini, else a user by id, user name, mail address or title, who may belong
    to a person. Raises UsherError where it is nobody, or several."""
    wanted = name.strip().casefold()
    known = {subject.key for subject in facts.subjects}
    if wanted in known:
        return wanted
    found = {facts.keys[id] for id, (user, _) in facts.users.items() if id in facts.keys and is_called(user, wanted)}
    if len(found) == 1:
        return found.pop()
    if found:
        raise UsherError(f"{shorten(name, 40)!r} means {len(found)} users: write an id or a user name")
    near = _nearest(wanted, [s.name for s in facts.subjects if s.key != NOBODY])
    raise UsherError(f"there is nobody called {shorten(name, 40)!r}{f': did you mean {near}?' if near else ''}")


def is_called(user: User, name: str) -> bool:
    """Whether a name (in lower case) is this user's."""
    return bool(name) and name in (str(user.id), user.name.casefold(), user.title.casefold(), user.email.casefold())


def _subject(who: people.Who) -> Subject:
    name = mask(shorten(who.name, 40)) or f"user {who.key[5:]}"
    return Subject(who.key, name, None if who.exempt else who.limits)


def _with(house: House, subject: Subject, extra: Extra) -> Subject:
    """The same with the bonuses of these days, and with the persons whose minutes count for them, too."""
    if subject.limits is None:
        return subject
    besides = tuple(
        name for name, settings in house.settings["person"].items()
        if name != subject.key and subject.key in (other.casefold() for other in settings.get("counts_for", ()))
    )  # fmt: skip
    return subject._replace(limits=subject.limits._replace(extra=extra), besides=besides)


def _owned(house: House, plays: Sequence[PastPlay], subjects: dict[str, Subject]) -> list[Owned]:
    """Whose each play is; who turns up in the history alone is added to `subjects`."""
    seats = owners_of(house, ((play.user_id, play.machine_id, play.player) for play in plays))
    whose: dict[tuple[int, str, str], tuple[str, bool]] = {}
    for seat, who in seats.items():
        whose[seat] = (NOBODY, False) if who is None else (who.key, not who.exempt)
        if who is not None:
            subjects.setdefault(who.key, _subject(who))
    return [Owned(key, play, charged) for play in plays
            for key, charged in (whose[play.user_id, play.machine_id, play.player],)]  # fmt: skip


def _nearest(name: str, known: list[str]) -> str:
    from difflib import get_close_matches

    found = get_close_matches(name, [one.casefold() for one in known], 1, 0.6)
    return found[0] if found else ""
