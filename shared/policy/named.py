"""Which members the names in config.ini mean: VIPs and guests, by user name, mail address, title or id, in any case.

A name is bound to the ids it was first seen with, so that somebody who is renamed stays who they are. What protects
goes by every match there ever was; what ends somebody's time goes by one match only.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from shared.model import Member
from shared.policy.words import shorten


class Match(NamedTuple):
    """`ids` are all that are meant; `new` is what a name is to be bound to from now on; `problems` one line each."""

    ids: frozenset[int]
    new: dict[str, str]
    problems: tuple[str, ...]


def match(
    names: Iterable[str], members: Collection[Member], bound: Mapping[str, str], where: str, titles: bool = True
) -> Match:
    """All members that these names mean. `bound` holds name (lower case) -> ids between commas; `where` is shown.

    Without `titles` what somebody chose to be called is no name: anybody may choose anything.
    """
    ids: set[int] = set()
    new: dict[str, str] = {}
    problems = []
    for name in names:
        key = name.casefold()
        known = {int(id) for id in bound.get(key, "").split(",") if id}
        now = {member.id for member in members if is_called(member if titles else member._replace(title=""), key)}
        ids |= known | now
        if now and not known:
            new[key] = ",".join(map(str, sorted(now)))
        if len(known | now) > 1:
            problems.append(f"{where}: {shorten(name, 40)!r} means {len(known | now)} users: write an id")
        elif not known | now:
            problems.append(f"{where}: {shorten(name, 40)!r} is nobody on this server")
    return Match(frozenset(ids), new, tuple(problems))


def called(member: Member) -> str:
    """What a member is called in messages to the owner: one line, whatever their names hold."""
    names = (shorten(text, 40) for text in (member.name, member.title, member.email))
    return next(filter(None, names), f"user {member.id}")


def is_called(member: Member, name: str) -> bool:
    """Whether a name (in lower case) is this member's."""
    return bool(name) and name in (
        str(member.id), member.name.casefold(), member.title.casefold(), member.email.casefold()
    )  # fmt: skip
