"""Which rules hold for a play, and for which plays before it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from shared.model import PLEX_OWNER, Session, User
from shared.policy import rules
from shared.policy.people import KINDS, OWNER, VIP, House, Who, is_many, is_vip, unmistakable
from shared.policy.rules import Facts, Holding


def facts(house: House, who: Who, session: Session, known: bool | None = None) -> Facts:
    """What conditions are asked of."""
    user = house.users.get(session.user_id, User(session.user_id, session.user))
    kinds = tuple(name for name, of in KINDS.items() if user.kind in of) + ((VIP,) if is_vip(house, user.id) else ())
    person = who.key if who.key in house.settings["person"] else ""
    owner = user.kind == OWNER or user.id in (house.owner_id or PLEX_OWNER, PLEX_OWNER)
    return Facts(session, unmistakable(house, user), person, who.group, kinds, owner, known, house.bound)


def holding(
    house: House, who: Who, session: Session, past: Mapping[int, Session], known: bool | None = None
) -> tuple[Holding, ...]:
    """The rules whose conditions hold for a play, each with the ids of the `past` plays for which they held, too."""
    return of_facts(house, who, facts(house, who, session, known), past) if house.settings["rule"] else ()


def of_facts(house: House, who: Who, mine: Facts, past: Mapping[int, Session]) -> tuple[Holding, ...]:
    """The same of a play of which the facts are known."""
    users: dict[int, Facts] = {}
    return tuple(
        Holding(name, settings, _held(house, who, settings, past, users), bool(settings.get("dry_run", who.dry_run)))
        for name, settings in house.settings["rule"].items()
        if may_hold(settings, who, mine) and rules.holds(settings, mine)
    )


def may_hold(settings: Mapping[str, Any], who: Who, mine: Facts) -> bool:
    """Whether a rule is for them at all: for the exempt only if it names them or their group."""
    return not who.exempt or names_them(settings, mine)


def names_them(settings: Mapping[str, Any], mine: Facts) -> bool:
    """Whether a rule names this person, user or group outright: not by a pattern, nor all of a kind."""
    for key in ("people", "users", "groups"):
        turned, names = settings.get(key, (True, ()))
        plain = names if key != "users" else tuple(name for name in names if not is_many(name))
        if not turned and rules.condition({key: (False, plain)}, key, mine):
            return True
    return False


def _held(
    house: House, who: Who, settings: Mapping[str, Any], past: Mapping[int, Session], users: dict[int, Facts]
) -> frozenset[int]:
    """`users`: what is known of each user already, to be added to."""
    if not rules.needs_past(settings):
        return frozenset()
    found = set()
    for id, session in past.items():
        if session.user_id not in users:
            users[session.user_id] = facts(house, who, session)
        if rules.holds(settings, users[session.user_id]._replace(session=session)):
            found.add(id)
    return frozenset(found)


def names_of(found: Iterable[Holding]) -> frozenset[str]:
    return frozenset(rule.name for rule in found)
