"""plex.tv's lists of users, shares, home and invitations made into one list of members: values in, values out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, NamedTuple

from shared.model import Member

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element


KEPT = ("id", "title", "machineIdentifier", "owned", "pending", "allLibraries")  # of a share or library of somebody


class Entry(NamedTuple):
    """An element of a list as plain values: of 10,000 users the elements themselves would take 50 MB more."""

    attributes: dict[str, str]
    servers: tuple[dict[str, str], ...]
    sections: tuple[dict[str, str], ...]  # those that are shared


class Lists(NamedTuple):
    """What plex.tv answered. `pending` is None where it does not tell."""

    owner_id: int
    machine: str
    users: list[Entry]
    shared: list[Entry]
    home: list[Entry]
    pending: list[Mapping[str, Any]] | None


def entry(element: Element) -> Entry:
    """What matters of a User or SharedServer."""
    sections = (e for e in element.findall("Section") if _is(e.attrib, "shared"))
    return Entry(dict(element.attrib), tuple(map(_kept, element.findall("Server"))), tuple(map(_kept, sections)))


def merge(lists: Lists) -> list[Member] | None:
    """Everybody but the owner. None: the lists contradict each other, so that one of them is short."""
    users = {number(e.attributes.get("id")): e for e in lists.users}
    shares = {number(e.attributes.get("userID")): e for e in lists.shared if number(e.attributes.get("userID"))}
    home = {number(e.attributes.get("id")): e for e in lists.home}
    invited = {m.share_id: m for m in map(pending_member, lists.pending or ()) if m.share_id}
    waiting = {m.id for m in invited.values() if m.id}
    found: dict[int, Member] = {}
    for id in dict.fromkeys([*users, *home, *shares]):
        if not id or id == lists.owner_id or (id not in users and id in home and _is(home[id].attributes, "admin")):
            continue
        member = _member(id, users.get(id), shares.get(id), home.get(id), lists.machine)
        lost = member.kind == "friend" and member.share_id and not member.pending and id not in shares
        if lost and id not in waiting:
            return None
        if member.kind != "friend" or member.share_id:
            pending = member.pending or (id in waiting and not member.accepted_at)
            found[id] = member._replace(pending=pending)
    known = {member.share_id for member in found.values()}
    return [*found.values(), *(m for m in invited.values() if m.share_id not in known and m.id not in found)]


def _member(id: int, user: Entry | None, share: Entry | None, home: Entry | None, machine: str) -> Member:
    about = [entry.attributes for entry in (user, share, home) if entry is not None]
    servers = () if user is None else user.servers
    server = next((e for e in servers if e.get("machineIdentifier") == machine), {})
    given = {} if share is None else share.attributes
    at_home = home is not None or (user is not None and _is(user.attributes, "home"))
    managed = any(_is(entry.attributes, "restricted") for entry in (user, home) if entry is not None)
    sections = () if share is None else share.sections
    name = _first(about, "username")
    return Member(
        id=id,
        name=name,
        title=_first(about, "title") or name,
        email=_first(about, "email"),
        kind="managed" if managed else "home" if at_home else "friend",
        share_id=number(given.get("id") or server.get("id")),
        pending=_is(server, "pending"),
        invited_at=when(given.get("invitedAt")),
        accepted_at=when(given.get("acceptedAt")),
        libraries=tuple(number(e.get("id")) for e in sections),
        library_titles=tuple(e.get("title", "") for e in sections),
        all_libraries=_is(given, "allLibraries") or _is(server, "allLibraries"),
        permissions=next(filter(None, map(_permissions, about)), ()),
        is_friend=user is not None and not at_home and not any(e is not server and _is(e, "owned") for e in servers),
    )


def pending_member(entry: Mapping[str, Any]) -> Member:
    """One entry of the newer lists of shares."""
    invited, settings = _dict(entry.get("invited")), _dict(entry.get("sharingSettings"))
    listed = entry.get("libraries")
    libraries = [_dict(e) for e in listed] if isinstance(listed, list) else []
    name = text(invited.get("username"))
    email = text(entry.get("invitedEmail")) or text(invited.get("email"))
    return Member(
        id=number(entry.get("invitedId") or invited.get("id")),
        name=name,
        title=text(invited.get("title")) or name or email,
        email=email,
        kind="friend",
        share_id=number(entry.get("id")),
        pending=True,
        libraries=tuple(number(e.get("id")) for e in libraries),
        library_titles=tuple(text(e.get("title")) for e in libraries),
        all_libraries=bool(entry.get("allLibraries")),
        permissions=_permissions(settings),
    )


def _permissions(attributes: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """What plex.tv calls allow… and filter…, as it writes it, so that it can be given back unchanged."""
    found = {k: v for k, v in attributes.items() if k.startswith(("allow", "filter")) and not isinstance(v, list)}
    return tuple(sorted((k, str(int(v)) if isinstance(v, bool) else text(v)) for k, v in found.items()))


def still_there(sections: Mapping[int, str], wanted: list[tuple[int, str]]) -> tuple[list[int], list[str]]:
    """Which of the libraries can be shared again, one that was made anew found by its title; and what is gone."""
    ids, gone = [], []
    for id, title in wanted:
        same = [number for number, name in sections.items() if name.casefold() == title.casefold() and title]
        if id in sections or len(same) == 1:
            ids.append(id if id in sections else same[0])
        else:
            gone.append(title or str(id))
    return ids, gone


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _kept(element: Element) -> dict[str, str]:
    return {name: element.attrib[name] for name in KEPT if name in element.attrib}


def _is(attributes: Mapping[str, str], name: str) -> bool:
    return attributes.get(name, "").lower() in ("1", "true")


def _first(about: list[dict[str, str]], name: str) -> str:
    return next((one[name] for one in about if one.get(name)), "")


def number(value: Any) -> int:
    """The number in an attribute, 0 where there is none."""
    digits = text(value).strip()
    return int(digits) if digits.isdecimal() and len(digits) < 19 else 0


def text(value: Any) -> str:
    """The value as text, "" for null and for what is none. Half a character (JSON can hold one) becomes a question
    mark: nothing could be done with it."""
    return str(value).encode("utf-8", "replace").decode() if isinstance(value, (str, int, float)) else ""


def when(value: Any) -> float:
    """Seconds since 1970 of what plex.tv writes as a number or as 2026-11-20T18:02:11Z; 0 where it is neither."""
    written = text(value).strip()
    if written.isdecimal() and len(written) < 13:
        return float(written)
    try:
        told = datetime.fromisoformat(written.replace(" UTC", "Z").replace("Z", "+00:00"))
    except ValueError:
        return 0.0
    return (told if told.tzinfo else told.replace(tzinfo=timezone.utc)).timestamp()
