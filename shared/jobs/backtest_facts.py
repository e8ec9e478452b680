"""The past as a backtest plays it again: whose each play was, and who shares limits with whom."""

from __future__ import annotations

import gc
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from shared.config import Config
from shared.jobs.cases import whose
from shared.jobs.household import bind
from shared.model import Recorded, Session
from shared.policy import people
from shared.policy.calendar import Calendar, day_of
from shared.policy.people import House, Who
from shared.policy.replayed import Item, Own, Past, own
from shared.policy.rules import AMOUNTS

Seen = dict[tuple[int, str], float]  # from when on a player is known for an account
UNKNOWABLE = "max_paused"  # of a play's pauses the history tells only how long they were together


def live(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings without any dry run, and without what a history cannot know."""
    found = dict(settings)
    found["usher"] = {**settings["usher"], "dry_run": False}
    found["everyone"] = _without(settings["everyone"])
    for kind in ("group", "person"):
        found[kind] = {name: _without(section) for name, section in settings[kind].items()}
    rules = {name: _without(rule) for name, rule in settings["rule"].items()}
    found["rule"] = {name: rule for name, rule in rules.items() if UNKNOWABLE not in settings["rule"][name]
                     or any(key in rule for key in AMOUNTS)}  # fmt: skip
    return found


def arranged(
    config: Config, house: House, calendar: Calendar, plays: Sequence[Recorded], seen: Seen | None
) -> tuple[list[Item], Past]:
    """The plays with whose they are, and what is known beside them. They come in the order in which they began, since a
    name of config.ini is bound to the first player that bears it."""
    house = house._replace(settings=live(config.settings))
    for play in {(p.session.user_id, p.session.machine_id, p.session.player): p for p in reversed(plays)}.values():
        bind(house, Session("", play.session.machine_id, play.session.user_id, player=play.session.player))
    over = sorted({last for last in people.expired(house.settings, 10**9).values()})
    houses = [house] + [house._replace(settings=people.in_force(house.settings, last + 1)) for last in over]
    found: dict[tuple[int, int, str], Who] = {}
    items = []
    for number, (session, began, plays_until, ended) in enumerate(plays):
        phase = sum(day_of(calendar, began) > last for last in over) if over else 0
        key = phase, session.user_id, session.machine_id
        if key not in found:
            found[key] = whose(houses[phase], session)
        items.append(Item(number, session, found[key], began, plays_until, ended))
    return items, Past(house, calendar, _sources(house, {own(item) for item in items}), seen)


def clusters(items: Iterable[Item], past: Past) -> Iterator[list[Item]]:
    """The plays of those who share limits, together."""
    head: dict[Own, Own] = {}

    def first(one: Own) -> Own:
        while head.get(one, one) != one:
            one = head[one]
        return one

    for one, sources in past.sources.items():
        for source in sources:
            head[first(source)] = first(one)
    together: dict[Own, list[Item]] = defaultdict(list)
    for item in items:
        together[first(own(item))].append(item)
    gc.freeze()  # they stay: the garbage collector looks at none of them again and again
    yield from together.values()


def _sources(house: House, owns: set[Own]) -> dict[Own, list[Own]]:
    """Of whom others' plays use up the limits: what `counts_for` says."""
    found: dict[Own, list[Own]] = {}
    for name, settings in house.settings["person"].items():
        other = people.person(house, name)
        for key in (one.casefold() for one in settings.get("counts_for", ())):
            for one in [one for one in owns if one[0] == key and key != name]:
                found.setdefault(one, [one]).append((name, other.exempt))
    return found


def _without(section: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in section.items() if key not in ("dry_run", UNKNOWABLE)}
