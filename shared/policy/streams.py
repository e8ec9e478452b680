"""Limits on what is open at the same time: streams, places, and plays that are paused for long.

A stream is a player of a person's on which something is open. Two plays on one player are one stream: the next title
begins before the end of the last one is known. So are two of the same item of which only one is playing: it has moved
to another player. Whichever came last is too much (`keep = newest`: whichever came first), and what was denied before
stays denied as long as the others are there.
"""

from __future__ import annotations

from collections.abc import Sequence

from shared.model import Play
from shared.policy.bounds import Bound, always
from shared.policy.limits import Limits

SETTLE = 0.5  # seconds for which streams must have been there together: one may just be ending
HANDOVER = 10.0  # the same for two players of one item: it may be moving from one to the other


def bounds(limits: Limits, play: Play, others: Sequence[Play]) -> list[Bound]:
    """The limits of this kind at work on a play. `others` are all open plays of its person, this one among them."""
    found = []
    if limits.max_streams is not None:
        found += too_many("max_streams", "streams", limits.max_streams, limits.keep, play, others)
    if limits.max_locations is not None:
        found += _too_far(limits, play, others)
    if limits.max_paused is not None and play.session.state == "paused":
        found.append(paused_long(limits.max_paused, play))
    return [bound._replace(message=limits.message) for bound in found]


def too_many(limit: str, kind: str, most: int, keep: str, play: Play, others: Sequence[Play]) -> list[Bound]:
    """The bound for a play that is one stream more than `most`, else none."""
    streams: dict[str, list[Play]] = {}
    for other in others:
        if not _has_moved(other, others):
            streams.setdefault(_player(other), []).append(other)
    order = sorted(streams, key=lambda player: _rank(streams[player], keep))
    if _player(play) not in order[most:]:
        return []
    return [_from(limit, kind, most, _together(play, others))]


def place(play: Play) -> str:
    """Where somebody is watching: at home, or at an address of the internet; "" if that is not known.

    Of IPv6 the first half is the household, the second half its device (RFC 4291)."""
    session = play.session
    if session.location == "lan":
        return "home"
    address = session.address.casefold().removeprefix("::ffff:")
    if ":" not in address:
        return address
    head, gap, tail = address.partition("::")
    groups = head.split(":")
    if gap:
        after = tail.split(":") if tail else []
        groups = [*filter(None, groups), *["0"] * (8 - len(list(filter(None, groups))) - len(after)), *after]
    return ":".join(group.lstrip("0") or "0" for group in groups[:4])


def _too_far(limits: Limits, play: Play, others: Sequence[Play]) -> list[Bound]:
    places: dict[str, list[Play]] = {}
    for other in others:
        if place(other):
            places.setdefault(place(other), []).append(other)
    order = sorted(places, key=lambda where: _rank(places[where], limits.keep))
    most = limits.max_locations or 0
    if not place(play) or place(play) not in order[most:]:
        return []
    return [_from("max_locations", "locations", most, play.began + SETTLE)]


def paused_long(most: int, play: Play) -> Bound:
    """The bound of a play that is paused: since the newest stretch of playing, or since it began."""
    ends = max(play.span_ended, play.began) + most
    return Bound("max_paused", "paused", lambda start: max(ends, start), lambda at: None, lambda at: most)


def _from(limit: str, kind: str, most: int, moment: float) -> Bound:
    bound = always(limit, kind, most)
    return bound._replace(deadline=lambda start: max(start, moment))


def _rank(plays: Sequence[Play], keep: str) -> tuple[bool, float, int]:
    """What comes first may stay: who was never denied, then who came first (or last)."""
    began = min(play.began for play in plays)
    first = min(play.id for play in plays)
    return (all(play.denied for play in plays), *((-began, -first) if keep == "newest" else (began, first)))


def _player(play: Play) -> str:
    return play.session.machine_id or f"session {play.session.session_key}"


def _has_moved(play: Play, others: Sequence[Play]) -> bool:
    """Whether the same item goes on elsewhere while this one stands still."""
    session = play.session
    return session.state == "paused" and any(
        other.session.state != "paused" and _is_copy(play, other) for other in others
    )


def _is_copy(play: Play, other: Play) -> bool:
    one, two = play.session, other.session
    same = (one.user_id, one.rating_key) == (two.user_id, two.rating_key)
    return same and bool(one.rating_key) and _player(play) != _player(other)


def _together(play: Play, others: Sequence[Play]) -> float:
    """From when on a play is too much: at once, but what has only moved from another player needs its time."""
    moved = any(_is_copy(play, other) for other in others)
    return play.began + (HANDOVER if moved else SETTLE)
