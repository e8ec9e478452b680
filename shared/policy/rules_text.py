"""What holds for somebody as sentences that one would pin up or send in a letter: their limits, then the rules that may
meet them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared.model import Session, User
from shared.policy import rule_text, rules
from shared.policy.calendar import Calendar
from shared.policy.days_text import WEEKDAYS, budget, capital, clock, listed, on, windows
from shared.policy.holding import facts, may_hold
from shared.policy.limits import Limits
from shared.policy.people import House, Who, limits_of_group, user_ids, whose
from shared.policy.rule_text import MEDIA
from shared.policy.words import counted, duration, shorten


def of_user(house: House, user_id: int, calendar: Calendar) -> tuple[str, ...]:
    """What holds for a user on a player of nobody's."""
    who = whose(house, user_id, "")
    return () if who is None else of_who(house, who, calendar)


def of_who(house: House, who: Who, calendar: Calendar) -> tuple[str, ...]:
    """What holds for somebody: for who is exempt only rules that name them."""
    limits = Limits() if who.exempt else who.limits
    said = (rule_text.sentence(settings) for settings in house.settings["rule"].values() if meets(house, who, settings))
    return (*sentences(limits, calendar), *filter(None, said))


def of_group(house: House, name: str, calendar: Calendar) -> tuple[str, ...]:
    """What holds for the members of a group, or with "" for whoever has neither a group nor a section. A rule for some
    users only says whom it is for."""
    group = house.settings["group"].get(name, {})
    members = {member.casefold() for member in group.get("members", ())}
    placed = _placed(house)
    said = []
    for settings in house.settings["rule"].values():
        turned, users = settings.get("users", (True, ()))
        mine = [user for user in users if (any(rules.matches(user, one) for one in members) if name
                                           else user not in placed)]  # fmt: skip
        if not _concerns(settings, "groups", name) or not _concerns(settings, "people", ""):
            continue
        if turned or mine:
            whom = rule_text.users((turned, users if turned else mine)) if users and "*" not in mine else ""
            said.append(rule_text.sentence(settings, whom))
    return (*sentences(limits_of_group(house, name), calendar), *filter(None, said))


def people_called(name: str) -> str:
    """A member of a group as a heading names them: `Emma`, `friends`."""
    return rule_text.KINDS.get(name) or capital(shorten(name, 40))


def sentences(limits: Limits, calendar: Calendar) -> tuple[str, ...]:
    """One for each limit, the most important first; none where nothing limits."""
    found = [f"At most {budget(limits.daily, ' a day')}."] if limits.daily else []
    if limits.weekly:
        found.append(f"At most {budget(limits.weekly, ' a week')}; a week begins on {WEEKDAYS[calendar.week_starts]}.")
    if limits.monthly:
        found.append(f"At most {budget(limits.monthly, ' a month')}.")
    if limits.sitting:
        rest = f", then at least {duration(limits.rest)} without watching" if limits.rest else ""
        found.append(f"At most {budget(limits.sitting, ' at a stretch')}{rest}.")
    if limits.blocked:
        found.append(f"No watching {windows(limits.blocked, 'not')}.")
    if limits.allowed:
        found.append(f"Watching only {windows(limits.allowed, 'never')}.")
    if found:
        found += _landing(limits) + _free(limits, calendar)
    return (*found, *_at_once(limits))


def meets(house: House, who: Who, settings: Mapping[str, Any]) -> bool:
    """Whether a rule may ever hold for them, as far as that is a matter of who they are."""
    seen = [Session("", user_id=id, user=house.users.get(id, User(id)).name) for id in user_ids(house, who.key)]
    written = house.settings["person"].get(who.key, {}).get("users", ())
    known = [facts(house, who, session) for session in seen or [Session("", user=name) for name in (*written, "")]]
    asked = [key for key in ("people", "groups", "users") if key in settings]
    return any(
        may_hold(settings, who, mine) and all(rules.condition(settings, key, mine) is not False for key in asked)
        for mine in known
    )


def _concerns(settings: Mapping[str, Any], key: str, name: str) -> bool:
    """Whether the condition leaves a rule to those of this group (or person), "" for those of none."""
    turned, names = settings.get(key, (True, ()))
    return (name in names) is not bool(turned)


def _placed(house: House) -> set[str]:
    """The names of users that stand in a group or with a person."""
    sections = [*house.settings["person"].values(), *house.settings["group"].values()]
    return {name.casefold() for found in sections for key in ("users", "members") for name in found.get(key, ())}


def _landing(limits: Limits) -> list[str]:
    """How the end of a budget, or of the hours, comes."""
    found = []
    if limits.let_finish:
        found.append(f"What has at most {duration(limits.let_finish)} left when time is up may end.")
    if limits.no_start_in_last:
        found.append(f"Nothing new starts in the last {duration(limits.no_start_in_last)}.")
    return found


def _free(limits: Limits, calendar: Calendar) -> list[str]:
    """What uses up none of it, and when none of it holds."""
    found = _uncounted(limits) if limits.daily or limits.weekly or limits.monthly or limits.sitting else []
    if limits.unlimited_days:
        found.append(f"{capital(on(limits.unlimited_days))} none of these limits holds.")
    if limits.daily or limits.weekly or limits.monthly or limits.unlimited_days:
        found.append(f"A day begins at {clock(calendar.day_starts)}.")
    return found


def _at_once(limits: Limits) -> list[str]:
    """What holds of players, also on days without limits."""
    found = []
    last = "first" if limits.keep == "newest" else "last"
    if limits.max_streams is not None:
        found.append(f"At most {counted(limits.max_streams, 'player')} at once; the one that began {last} has to stop.")
    if limits.max_locations is not None:
        found.append(f"Watching in {counted(limits.max_locations, 'place')} at a time; home is one place.")
    if limits.max_paused is not None:
        found.append(f"What is paused for more than {duration(limits.max_paused)} is stopped.")
    if limits.known_devices_only:
        found.append("Only on players that are known; ask before you use another.")
    return found


def _uncounted(limits: Limits) -> list[str]:
    found = []
    if limits.uncounted:
        found.append(f"What is watched {windows(limits.uncounted, 'not')} does not count.")
    if limits.uncounted_media:
        found.append(f"{capital(listed(MEDIA.get(name, name) for name in limits.uncounted_media))} do not count.")
    if limits.uncounted_libraries:
        found.append(f"What is in {listed(shorten(name, 40) for name in limits.uncounted_libraries)} does not count.")
    return found
