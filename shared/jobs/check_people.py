"""Checks of the people: how each user would be treated, and names in config.ini that fit nobody, or too many."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date as Date
from typing import NamedTuple

from shared.jobs import in_words, players
from shared.jobs.cases import LIMITING
from shared.jobs.days import calendar_of
from shared.jobs.findings import Facts, Finding, listed, ok, warning
from shared.jobs.players import Player
from shared.jobs.whom import nearest
from shared.model import Member, Session, User
from shared.policy import named, people
from shared.policy.calendar import day_of
from shared.policy.limits import Limits
from shared.policy.people import House, Who
from shared.policy.words import shorten


class Treatment(NamedTuple):
    """What holds for a user. `source` is the kind of section that limits them: person, group or everyone."""

    who: Who
    person: str
    group: str
    limited: bool
    source: str


def house_of(facts: Facts) -> House:
    """The people of config.ini as they will be once every user that Tautulli knows has been seen."""
    settings = people.in_force(facts.config.settings, _today(facts))
    known = facts.ledger.users() if facts.ledger else {}
    users = {**known, **{user.id: user for user in facts.users}}
    bound = facts.ledger.bound() if facts.ledger else {}
    house = House(settings, users, dict(bound), facts.owner_id)
    for user in users.values():
        for kind, name, id in people.bindings(house, Session("", user_id=user.id, user=user.name)):
            house.bound[kind, name] = id
    return house


def treatment(house: House, user: User) -> Treatment:
    """What holds for this user on a player of nobody's."""
    who = people.whose(house, user.id, "") or Who("", "", Limits())
    settings = house.settings
    person = who.key if who.key in settings["person"] else ""
    own = settings["person"].get(person, {})
    by = {"person": own, "group": settings["group"].get(who.group, {}), "everyone": settings["everyone"]}
    source = next((kind for kind, section in by.items() if any(section.get(key) for key in LIMITING)), "")
    limited = who.limits.any and not who.exempt
    return Treatment(who, person, who.group, limited, source if limited else "")


def users(facts: Facts) -> Iterator[Finding]:
    """One line for each user that Tautulli knows."""
    house = house_of(facts)
    for user in sorted(facts.users, key=lambda user: (user.kind != "owner", user.name.casefold())):
        found = treatment(house, user)
        title = f", {shorten(user.title, 40)}" if user.title and user.title != user.name else ""
        sections = (("person", found.person), ("group", found.group))
        belongs = ", ".join(f"{kind} {name}" for kind, name in sections if name)
        what = "exempt" if found.who.exempt else in_words.limits(found.who.limits)
        devices = house.settings["usher"].get("owner_devices")
        if user.id == facts.owner_id and devices and not found.person:
            what = f"exempt on {listed(list(devices))}, elsewhere {what}"
        mode = _mode(found.who)
        about = f"{user.id}, {user.kind or 'kind unknown'}{title}"
        yield ok(f"{facts.name(user.id)} ({about}): {belongs + ': ' if belongs else ''}{what}{mode}")


def shared_players(facts: Facts) -> Iterator[Finding]:
    """One line for each person whose devices count for them, whoever uses these."""
    house = house_of(facts)
    for name, section in facts.config.settings["person"].items():
        machines = people.machine_ids(house, name)
        who = people.whose(house, 0, machines[0]) if machines else None
        if who and who.key == name:
            what = "exempt" if who.exempt else in_words.limits(who.limits)
            yield ok(f"whoever plays on {listed(list(section['devices']))} counts as {shorten(name, 40)}: "
                     f"{what}{_mode(who)}")  # fmt: skip


def ends(facts: Facts) -> Iterator[Finding]:
    """One line for each person whose section ends, or has ended."""
    over = people.expired(facts.config.settings, _today(facts))
    for name, section in facts.config.settings["person"].items():
        last = section.get("until")
        if name in over:
            yield ok(f"[person:{name}] has ended, its last day was {Date.fromordinal(over[name])}: its users and "
                     "devices are limited as if it were not there", "write a later until, or take it out")  # fmt: skip
        elif last is not None:
            yield ok(f"[person:{name}] holds until {Date.fromordinal(last)}, that day included")


def unmatched_users(facts: Facts) -> Iterator[Finding]:
    """Users and members that config.ini names and nobody bears."""
    if not facts.users:
        return
    house = house_of(facts)
    known = {n.casefold() for user in house.users.values() for n in (user.name, user.title, user.email) if n}
    ids = {str(user_id) for user_id in house.users}
    persons = {name.casefold() for name in facts.config.settings["person"]}
    places = [("person", "users", known), ("group", "members", known | persons | set(people.KINDS))]
    lacking = False
    for kind, key, fits in places:
        for section, found in house.settings[kind].items():
            for name in found.get(key, ()):
                if name.casefold() in fits or name in ids or (people.USER, name.casefold()) in house.bound:
                    continue
                lacking = True
                near = shorten(nearest(name, (n for u in house.users.values() for n in (u.name, u.title))), 40)
                mend = f"write {near}" if near else "write a name as install.py who shows it"
                yield warning(f"[{kind}:{section}] {key}: nobody is called {shorten(name, 40)}", mend)
    if not lacking and any(house.settings[kind] for kind in ("person", "group")):
        yield ok("every user that config.ini names is known to Tautulli")


def vips_and_guests(facts: Facts) -> Iterator[Finding]:
    """Names in [prune] vip and in guests that fit nobody, or several."""
    settings = facts.config.settings
    guests = tuple(guest["user"] for guest in settings["guest"].values())
    places = [("[prune] vip", "vip", settings["prune"].get("vip") or ()), ("[guest]", "guest", guests)]
    if not facts.users:
        return
    members = [Member(*user) for user in facts.users]
    known = facts.ledger.bound() if facts.ledger else {}
    for place, kind, names in places:
        bound = {name: ids for (of, name), ids in known.items() if of == kind}
        found = named.match(names, members, bound, place, titles=kind != "guest")
        for problem in found.problems:
            yield warning(problem, "write a name or an id as install.py who shows it")
        if names and not found.problems:
            yield ok(f"{place}: each name is one user's")


def devices(facts: Facts) -> Iterator[Finding]:
    """Players that config.ini names: those never seen, those that two players bear, those of strangers."""
    settings = people.in_force(facts.config.settings, _today(facts))
    places = [("[usher] owner_devices", tuple(settings["usher"].get("owner_devices") or ()))]
    places += [(f"[person:{name}] devices", found.get("devices", ())) for name, found in settings["person"].items()]
    wanted = [(place, device) for place, names in places for device in names]
    if not wanted or not facts.tautulli:
        return
    house, known, wrong = house_of(facts), players.seen(facts), False
    for place, device in wanted:
        for finding in _device(house, known, place, device):
            wrong = True
            yield finding
    if not wrong:
        yield ok("every device that config.ini names was seen, and is one player only")


def _today(facts: Facts) -> int:
    return day_of(calendar_of(facts.config), facts.now)


def _mode(who: Who) -> str:
    """Whether their limits are rehearsed or kept; nothing where there are none."""
    if who.exempt or not who.limits.any:
        return ""
    return " (dry run)" if who.dry_run else " (live)"


def _device(house: House, known: list[Player], place: str, device: str) -> Iterator[Finding]:
    if any(player.machine_id == device for player in known):
        return
    title = device.casefold()
    shown = shorten(device, 40)
    bearers = [p for p in known if p.title.casefold() == title]
    allowed = [p for p in bearers if people._may_name_player(house, house.users.get(p.user_id, User(p.user_id)), title)]
    machines = _machines(p for p in allowed if not people._names_machine(house, p.machine_id))
    if not bearers:
        near = shorten(nearest(device, (p.title for p in known)), 40)
        mend = f"write {near}" if near else "write a name or machine id as install.py who shows it"
        yield warning(f"{place}: no player called {shown} was ever seen", mend)
    elif not allowed:
        whose = listed(sorted({_user(house, p.user_id) for p in bearers}))
        yield warning(f"{place}: {shown} was only seen with {whose}, whose players cannot be named by their title",
                      f"write its machine id: {listed(_machines(bearers))}")  # fmt: skip
    elif len(machines) > 1:
        yield warning(f"{place}: {len(machines)} players are called {shown}, and only the one seen first is meant",
                      f"write the machine id of the right one: {listed(machines)}")  # fmt: skip


def _machines(found: Iterable[Player]) -> list[str]:
    return list(dict.fromkeys(player.machine_id for player in found))


def _user(house: House, user_id: int) -> str:
    user = house.users.get(user_id, User(user_id))
    return user.name or user.title or (f"user {user_id}" if user_id else "nobody")
