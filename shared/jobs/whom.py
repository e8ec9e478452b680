"""Whom an owner means in a command: a person of config.ini, or a user by name, mail address, title or id."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from shared.errors import UsherError
from shared.model import Session, User
from shared.policy import people
from shared.policy.people import House, Who
from shared.policy.words import shorten


class Nobody(UsherError):
    """No person and no user is called like that."""


def whom(house: House, text: str, groups: Iterable[str] = ()) -> Who:
    """Who is meant; a user inside a person means the person. Raises UsherError, with the nearest name (of `groups`,
    too), if that is nobody, or more than one."""
    name, users = text.strip().casefold(), list(house.users.values())
    for person, settings in house.settings["person"].items():
        if name == person or name in (user.casefold() for user in settings.get("users", ())):
            return people.person(house, person)
    for found in _matches(house, name):
        if len(found) > 1:
            ids = ", ".join(str(user.id) for user in found)
            raise UsherError(f"{shorten(text, 40)!r} means {len(found)} users: write one of their ids: {ids}")
        who = people.whose(as_seen(house, found[0]), found[0].id, "") if found else None
        if who:
            return who
    near = nearest(name, [*house.settings["person"], *groups, *(n for user in users for n in (user.name, user.title))])
    also = f"did you mean {shorten(near, 40)}?" if near else "`install.py who` shows everybody"
    raise Nobody(f"{shorten(text, 40)!r} is nobody here: {also}")


def all_of(house: House, text: str) -> list[Who]:
    """As `whom`; a group of config.ini means each of its members. Raises UsherError if it has none."""
    name, groups = text.strip().casefold(), house.settings["group"]
    if name in house.settings["person"] or name not in groups:
        return [whom(house, text, groups)]
    named = (people.person(house, person) for person in house.settings["person"])
    users = (people.whose(as_seen(house, user), user.id, "") for user in house.users.values() if user.id)
    found = {who.key: who for who in (*named, *users) if who is not None and who.group == name}
    if not found:
        raise Nobody(f"nobody who was seen is in the group {shorten(text, 40)}")
    return sorted(found.values(), key=lambda who: who.name)


def as_seen(house: House, user: User) -> House:
    """The house once this user has pressed play: names of config.ini that are theirs are then bound to them."""
    new = people.bindings(house, Session("", user_id=user.id, user=user.name))
    return house._replace(bound={**house.bound, **{(kind, name): id for kind, name, id in new}}) if new else house


def nearest(word: str, known: Iterable[str]) -> str:
    """The name most like it, "" if none is; of those that differ in case only, the first."""
    import difflib

    lowered: dict[str, str] = {}
    for name in filter(None, known):
        lowered.setdefault(name.casefold(), name)
    found = difflib.get_close_matches(word.casefold()[:60], lowered, 1, 0.6)
    return lowered[found[0]] if found else ""


def _matches(house: House, name: str) -> Iterator[list[User]]:
    """Users of that name, what is surest first: the one whom the name was bound to, then by id and user name, which are
    one user's alone, then by mail address and title."""
    if not name:
        return
    users = house.users.values()
    bound = house.bound.get((people.USER, name), "")
    yield [user for user in users if str(user.id) == bound]
    yield [user for user in users if str(user.id) == name]
    yield [user for user in users if user.name.casefold() == name]
    yield [user for user in users if user.email.casefold() == name]
    yield [user for user in users if user.title.casefold() == name]
