"""Whose play is it, and what holds for them?

The person that names its device, else the person that names its user, else the user by itself. Names in config.ini are
for people: the first account or player that matches one is bound to it by its id, and stays so when it is renamed.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from shared.model import PLEX_OWNER, Session, User
from shared.policy.limits import Limits

OWNER, DEVICE, USER = "owner", "device", "user"
HOUSEHOLD = ("owner", "home", "managed")  # their players may be named by title; a stranger's could only pretend
KINDS = {"@home": ("home", "managed"), "@managed": ("managed",), "@friends": ("friend",)}  # members that are a kind
VIP = "@vip"  # a member that is everybody in [prune] vip
EVERY_DAY = tuple(("weekday", n) for n in range(7))
LIMIT_KEYS = frozenset(Limits._fields)


class Who(NamedTuple):
    """Somebody whose plays are judged together. `key` is a person's name, or `user:ID` for a user by itself; `group`
    is the group of config.ini whose limits are theirs, "" for none."""

    key: str
    name: str
    limits: Limits
    exempt: bool = False
    dry_run: bool = True
    group: str = ""


class House(NamedTuple):
    """Everything that says whose a play is. `bound` holds (USER or DEVICE, name) -> the id it was first seen with."""

    settings: dict[str, Any]
    users: dict[int, User]
    bound: dict[tuple[str, str], str]
    owner_id: int = 0


def in_force(settings: dict[str, Any], day: int) -> dict[str, Any]:
    """The settings of a day (its ordinal): a person whose `until` is over is as if it were not there."""
    over = expired(settings, day)
    if not over:
        return settings
    return {**settings, "person": {name: found for name, found in settings["person"].items() if name not in over}}


def expired(settings: dict[str, Any], day: int) -> dict[str, int]:
    """The persons whose last day lies before a day, with that last day."""
    ends = {name: found.get("until") for name, found in settings["person"].items()}
    return {name: last for name, last in ends.items() if last is not None and last < day}


def whose(house: House, user_id: int, machine_id: str) -> Who | None:
    """Who is to be charged for a play, and by which limits; None for nobody (Plex's user 0 on a device of nobody's)."""
    person = _by_device(house, machine_id) or _by_user(house, user_id)
    if not person and user_id == 0:
        return None
    user = house.users.get(user_id, User(user_id))
    return _who(house, person, user, exempt=not person and _owners_own(house, user_id, machine_id))


def nobody(house: House) -> Who:
    """Plex's user 0 on a device of nobody's: no limit holds, only rules."""
    return Who("user:0", "Local", Limits(), dry_run=bool(house.settings["usher"]["dry_run"]))


def person(house: House, name: str) -> Who:
    """A person of config.ini, whether or not anything of theirs was ever seen."""
    return _who(house, name, User(0), exempt=False)


def limits_of_group(house: House, name: str) -> Limits:
    """What holds for a member of a group who has no section; "" is no group."""
    merged = _inherit(house.settings["everyone"], house.settings["group"].get(name, {}))
    return Limits(**{k: v for k, v in merged.items() if k in LIMIT_KEYS})


def _who(house: House, person: str, user: User, exempt: bool) -> Who:
    own = house.settings["person"].get(person, {}) if person else {}
    group_name = _group(house, person, user)
    group = house.settings["group"].get(group_name, {})
    merged = _inherit(house.settings["everyone"], group, own)
    dry_run = bool({**house.settings["usher"], **group, **own}["dry_run"])
    limits = Limits(**{k: v for k, v in merged.items() if k in LIMIT_KEYS})
    name = person or user.name or user.title or f"user {user.id}"
    return Who(person or f"user:{user.id}", name, limits, exempt or bool(own.get("exempt")), dry_run, group_name)


def bindings(house: House, session: Session) -> list[tuple[str, str, str]]:
    """Names of config.ini that this session is the first to match: (USER or DEVICE, name, id) to be remembered.

    Not the owner's name while only the server's own number for them is known: it would stay with that number.
    """
    user = house.users.get(session.user_id, User(session.user_id, session.user))
    found = [
        (USER, name, str(user.id))
        for name in dict.fromkeys(text.casefold() for text in user[1:4])
        if user.id not in (0, PLEX_OWNER) and (USER, name) not in house.bound and _bears(house, user, name)
        and (name in _named(house) or name in _ruled(house))
    ]  # fmt: skip
    if found:  # whose user it is may decide whether the player's title counts
        house = house._replace(bound={**house.bound, **{(kind, name): id for kind, name, id in found}})
    title = session.player.casefold()
    new = title and session.machine_id and (DEVICE, title) not in house.bound
    if new and _may_name_player(house, user, title) and not _names_machine(house, session.machine_id):
        found.append((DEVICE, title, session.machine_id))
    return found


def doubles(house: House, session: Session) -> str:
    """The configured device title that a second player bears, "" where all is well."""
    user = house.users.get(session.user_id, User(session.user_id, session.user))
    title = session.player.casefold()
    known = house.bound.get((DEVICE, title))
    second = known is not None and session.machine_id not in ("", known)
    if second and _may_name_player(house, user, title) and not _names_machine(house, session.machine_id):
        return title
    return ""


def user_ids(house: House, key: str) -> list[int]:
    """The accounts whose plays may fall to this person or user."""
    person = house.settings["person"].get(key)
    if person is None:
        return [int(key[5:])]
    ids = [_id_of(house, n) for n in person.get("users", ())]
    return [int(n) for n in ids if n.isdecimal() and len(n) < 19]  # what is longer is no id, nor would SQLite take it


def machine_ids(house: House, key: str) -> list[str]:
    """The players whose plays may fall to this person."""
    devices = house.settings["person"].get(key, {}).get("devices", ())
    return [house.bound.get((DEVICE, d.casefold()), d) for d in devices]


def _by_device(house: House, machine_id: str) -> str:
    for name, person in house.settings["person"].items():
        for device in person.get("devices", ()) if machine_id else ():
            if machine_id in (device, house.bound.get((DEVICE, device.casefold()))):
                return str(name)
    return ""


def _by_user(house: House, user_id: int) -> str:
    written = str(user_id)
    for name, person in house.settings["person"].items():
        if user_id and written in [_id_of(house, n) for n in person.get("users", ())]:
            return str(name)
    return ""


def _id_of(house: House, name: str) -> str:
    """The id to which a user's name is bound; a name that is not bound may be an id itself."""
    return house.bound.get((USER, name.casefold())) or name


def _group(house: House, person: str, user: User) -> str:
    """The name of the group that names the person, also by one of its users, or the user by itself; else of one of all
    of their kind.

    Whoever sits at a person's device, the group is the person's own.
    """
    persons = house.settings["person"]
    names = {n.casefold() for n in (person, *persons[person].get("users", ()))} if person else set()
    ids = user_ids(house, person) if person else [user.id]
    others = {n.casefold() for n in persons}
    kinds = {house.users[n].kind for n in ids if n in house.users}
    written, by_kind = [str(n) for n in ids], ""
    for group, settings in house.settings["group"].items():
        for member in settings.get("members", ()):
            name = member.casefold()
            if name in names or (name not in others and _id_of(house, name) in written):
                return str(group)
            vip = name == VIP and any(is_vip(house, n) for n in ids)
            if vip or kinds.intersection(KINDS.get(name, ())):
                by_kind = by_kind or str(group)
    return by_kind


def unmistakable(house: House, user: User) -> User:
    """The user without the names that are another's: whoever calls themselves like somebody else is not meant."""
    name, title, email = (text if text and _bears(house, user, text.casefold()) else "" for text in user[1:4])
    return user._replace(name=name, title=title, email=email)


def is_many(name: str) -> bool:
    """Whether a name of config.ini is a pattern or a kind of users."""
    return "*" in name or "?" in name or name in (*KINDS, VIP)


def is_vip(house: House, user_id: int) -> bool:
    """Whether [prune] vip names this user, by what it was bound to, by id, user name, mail address or title."""
    user = house.users.get(user_id, User(user_id))
    for name in (written.casefold() for written in house.settings.get("prune", {}).get("vip", ())):
        bound = house.bound.get((VIP[1:], name))
        if str(user_id) in bound.split(",") if bound else name == str(user_id) or _bears(house, user, name):
            return True
    return False


def _inherit(*levels: dict[str, Any]) -> dict[str, Any]:
    """Per key the last level that sets it; None lifts. `allowed` and `blocked` are one setting."""
    merged: dict[str, Any] = {}
    for level in levels:
        if "blocked" in level or "allowed" in level:
            merged.pop("blocked", None)
            merged.pop("allowed", None)
        merged.update(level)
    return {key: _shape(key, value) for key, value in merged.items()}


def _shape(key: str, value: Any) -> Any:
    """A setting as Limits has it: None is no limit, a plain duration holds every day, names are in lower case."""
    if value is None:
        return _LIFTED.get(key, ())
    if key in ("daily", "weekly", "monthly", "sitting") and isinstance(value, int):
        return (((), value),)
    if key in ("uncounted_media", "uncounted_libraries"):
        return tuple(name.casefold() for name in value)
    if key == "unlimited_days":
        return value or EVERY_DAY  # in config.ini no day named is every day, in Limits it is none
    return value


_LIFTED: dict[str, Any] = {
    "rest": 0, "message": "", "max_streams": None, "max_locations": None, "max_paused": None, "let_finish": 0,
    "no_start_in_last": 0, "delay_stop": 0,
}  # fmt: skip


def _owners_own(house: House, user_id: int, machine_id: str) -> bool:
    """The owner's plays are exempt; with `owner_devices` only those on these."""
    if not house.owner_id or user_id != house.owner_id:
        return False
    devices = house.settings["usher"].get("owner_devices") or ()
    return not devices or any(machine_id in (d, house.bound.get((DEVICE, d.casefold()))) for d in devices)


def _may_name_player(house: House, user: User, title: str) -> bool:
    """Whether config.ini names this title, and a player of this user may be meant by it."""
    settings = house.settings
    if title in (d.casefold() for d in settings["usher"].get("owner_devices") or ()):
        return bool(user.id) and user.id == house.owner_id
    for name, person in settings["person"].items():
        if title in (d.casefold() for d in person.get("devices", ())):
            household = user.kind in HOUSEHOLD or (user.id != 0 and user.id == house.owner_id)
            return household or _by_user(house, user.id) == name
    return False


def _named(house: House) -> set[str]:
    """All users that persons and groups name, in lower case."""
    sections = [*house.settings["person"].values(), *house.settings["group"].values()]
    return {n.casefold() for s in sections for k in ("users", "members") for n in s.get(k, ())}


def _ruled(house: House) -> set[str]:
    """The users that rules name, each by a name of its own."""
    return {n for rule in house.settings.get("rule", {}).values() for n in rule.get("users", (False, ()))[1]
            if not is_many(n)}  # fmt: skip


def _names_machine(house: House, machine_id: str) -> bool:
    """Whether config.ini names this player by its machine id, so that its title is not needed to know it."""
    owners = house.settings["usher"].get("owner_devices") or ()
    return machine_id in owners or any(machine_id in p.get("devices", ()) for p in house.settings["person"].values())


def _bears(house: House, user: User, name: str) -> bool:
    """Whether a name of config.ini is this user's. An id or a username is one user's alone; titles may be shared."""
    if name not in (user.name.casefold(), user.title.casefold(), user.email.casefold()):
        return False
    others = (u for u in house.users.values() if u.id != user.id)
    if name == user.name.casefold():
        return not (name.isdecimal() and any(name == str(u.id) for u in others))
    return not any(name in (str(u.id), u.name.casefold()) for u in others)
