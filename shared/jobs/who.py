"""`install.py who`: every user and every player that was seen, as lines to paste into config.ini. Writes nothing."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any, NamedTuple

from shared import log
from shared.errors import UsherError
from shared.jobs import players
from shared.jobs.check_people import house_of
from shared.jobs.findings import Facts, Progress, arguments, gather, listed
from shared.jobs.players import Player
from shared.model import User
from shared.policy import people
from shared.policy.words import shorten

HEAD = """\
# Everybody whom Tautulli knows, and the players they were seen with, as lines for config.ini. Nobody needs a section
# of their own: write one for whom other limits hold, or for a player that counts for one person whoever uses it."""


class Row(NamedTuple):
    """A user, how config.ini names them already ("" for not at all), and their players."""

    user: User
    person: str
    players: list[Player]


def main(argv: list[str]) -> int:
    """Print it all. Raises UsherError if Tautulli does not answer."""
    given = arguments("who", "Show users and players as lines for config.ini, and change nothing.", argv)
    with Progress() as progress:
        facts = gather(given.tautulli, given.apikey, given.config, progress.say)
        progress.say("users")
        facts.tautulli = facts.gateway.tautulli
        facts.users = facts.tautulli.users()
        missing = _live(facts)
        known = players.seen(facts)
    found = rows(facts, known)
    nobodys = [player for player in known if not player.user_id]
    print(_as_json(facts, found, nobodys, known) if given.json else text(facts, found, nobodys, known, missing))
    return 0


def rows(facts: Facts, known: list[Player]) -> list[Row]:
    """The owner first, then by name."""
    house = house_of(facts)
    order = sorted(facts.users, key=lambda user: (user.kind != "owner", user.name.casefold(), user.id))
    return [Row(user, people._by_user(house, user.id), [p for p in known if p.user_id == user.id]) for user in order]


def text(facts: Facts, found: list[Row], nobodys: list[Player], known: list[Player], missing: str) -> str:
    """The lines. Where config.ini has a person for somebody already, theirs are comments."""
    taken = {name.casefold() for name in facts.config.settings["person"]}
    used_by = _used_by(facts, known)
    lines = [HEAD, *([f"# {log.one_line(log.mask(missing))}"] if missing else [])]
    for row in found:
        lines += ["", *_about(row)]
        mark = "# " if row.person else ""
        name = row.person or _section(row.user, taken)
        lines += [f"{mark}[person:{name}]", f"{mark}users = {_user(row.user, facts.users)}"]
        lines += [f"{mark}exempt = yes"] if row.user.kind == "owner" else []
        lines += [f"# {_player(player, used_by)}" for player in row.players]
        # what is called by an identifier that cannot stand in a line is no device that could be named
        own = [p for p in row.players if len(used_by[p.machine_id]) == 1 and p.machine_id.isprintable()]
        if own:
            lines.append(f"{mark}devices = {', '.join(_device(player, known) for player in own)}")
    if nobodys:
        lines += [
            "",
            "# Players without a user (DLNA): nobody is charged for them unless a person names them as a device.",
        ]
        lines += [f"# {_player(player, used_by)}" for player in nobodys]
    return "\n".join(lines)


def _about(row: Row) -> Iterator[str]:
    user = row.user
    title = f', shown as "{_shown(user.title)}"' if user.title and user.title != user.name else ""
    email = f", {_shown(user.email)}" if user.email else ""
    yield f"# {_shown(user.name)}: id {user.id}, {user.kind or 'kind unknown'}{title}{email}"
    if row.person:
        yield f"# stands in config.ini already, as [person:{_shown(row.person)}]"
    elif user.kind == "owner":
        yield "# your own plays are exempt; once you have a section they are judged, unless it says exempt = yes"


def _player(player: Player, used_by: dict[str, list[str]]) -> str:
    """`Living Room: machine id 0123abc, Chrome, last seen 2026-11-20`."""
    others = used_by[player.machine_id]
    shared = f"; used by {listed(others)}, so name it for one of them only" if len(others) > 1 else ""
    at = f", last seen {time.strftime('%Y-%m-%d', time.localtime(player.last))}" if player.last else ""
    platform = f", {_shown(player.platform)}" if player.platform else ""
    return f"{_shown(player.title)}: machine id {_shown(player.machine_id)}{platform}{at}{shared}"


def _device(player: Player, known: list[Player]) -> str:
    """Its title, or its machine id where the title would not do."""
    title = player.title
    bearers = {other.machine_id for other in known if other.title.casefold() == title.casefold()}
    if len(bearers) > 1 or not _is_plain(title) or any(other.machine_id == title for other in known):
        return _quoted(player.machine_id)
    return _quoted(title)


def _user(user: User, users: list[User]) -> str:
    """Their name, or their id where the name is an e-mail address, or not theirs alone."""
    name = user.name.casefold()
    alike = [u for u in users if u.id != user.id and name in (u.name.casefold(), u.title.casefold(), str(u.id))]
    return str(user.id) if alike or not name or not _is_plain(user.name) else _quoted(user.name)


def _is_plain(name: str) -> bool:
    """Whether it can stand in a line of config.ini, and may be shown whole."""
    return name.isprintable() and name == name.strip() and log.mask(name) == name


def _quoted(name: str) -> str:
    doubled = name.replace('"', '""')
    return f'"{doubled}"' if any(c in name for c in ',"#;') else name


def _section(user: User, taken: set[str]) -> str:
    """A name for their section, not used yet; it is remembered in `taken`."""
    name = "".join(c if c.isalnum() or c in " ._-" else "-" for c in user.name.casefold())
    name = " ".join(name.split()) if _is_plain(user.name) else ""
    if not name or name in taken:
        name = f"{name or 'user'}-{user.id}"
    taken.add(name)
    return name


def _used_by(facts: Facts, known: list[Player]) -> dict[str, list[str]]:
    """The users that each player was seen with."""
    found: dict[str, list[str]] = {}
    for player in known:
        who = _shown(facts.name(player.user_id)) if player.user_id else "nobody"
        found.setdefault(player.machine_id, []).append(who)
    return found


def _live(facts: Facts) -> str:
    """Take in what is played now; what to say if Plex does not tell."""
    try:
        facts.sessions = facts.gateway.plex.sessions(facts.owner_id)
    except UsherError as problem:
        return f"Players of this moment may be missing: {problem}"
    return ""


def _shown(text: str) -> str:
    return log.mask(shorten(text, 60))


def _as_json(facts: Facts, found: list[Row], nobodys: list[Player], known: list[Player]) -> str:
    used_by = _used_by(facts, known)

    def told(player: Player) -> dict[str, Any]:
        about: dict[str, Any] = {key: getattr(player, key) for key in ("machine_id", "title", "platform", "last")}
        return {**about, "title": log.mask(player.title), "used_by": used_by[player.machine_id]}

    users = [
        {
            **{key: log.mask(value) if isinstance(value, str) else value for key, value in row.user._asdict().items()},
            "person": row.person,
            "players": [told(player) for player in row.players],
        }
        for row in found
    ]
    return log.as_json({"users": users, "players_of_nobody": [told(p) for p in nobodys]})
