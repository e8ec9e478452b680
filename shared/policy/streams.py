"""Limits on what is open at the same time: streams, places, and plays that are paused for long.

A stream is a player of a person's on which something is open. Two plays on one player are one stream: the next title
begins before the end of the last one is known. So are two of the same item of which at most one is playing: it has
moved to another player. Whichever came last is too much (`keep = newest`: whichever came first), and what was denied
before stays denied as long as the others are there.
"""

from __future__ import annotations

from collections.abc import Sequence

from shared.model import Play, Session
from shared.policy.bounds import Bound, always
from shared.policy.limits import Limits

SETTLE = 0.5  # seconds for which streams must have been there together: one may just be ending
HANDOVER = 10.0  # the same for two players of one item: it may be moving from one to the other
HOME = "home"
PRIVATE = ("10.", "192.168.", "127.", "169.254.", *(f"172.{n}." for n in range(16, 32)), "fc", "fd", "fe8", "::1")


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
            streams.setdefault(player(other), []).append(other)
    return _one_more(limit, kind, most, keep, play, player(play), streams)


def place(play: Play) -> str:
    """Where somebody is watching: at home, or at an address of the internet; "" if that is not known.

    Of IPv6 the first half is the household, the second half its device (RFC 4291)."""
    session = play.session
    address = session.address.strip().casefold().removeprefix("::ffff:")
    if session.location == "lan" or (not session.location and address.startswith(PRIVATE)):
        return HOME
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
        if place(other) and not _has_moved(other, others):
            places.setdefault(place(other), []).append(other)
    return _one_more("max_locations", "locations", limits.max_locations or 0, limits.keep, play, place(play), places)


def _one_more(
    limit: str, kind: str, most: int, keep: str, play: Play, mine: str, found: dict[str, list[Play]]
) -> list[Bound]:
    """The bound for a play whose player or place is one more than `most` of those found."""
    order = sorted(found, key=lambda one: _rank(found[one], keep))
    if mine not in order[most:]:
        return []
    kept = [other for one in order[:most] for other in found[one]]
    bound = always(limit, kind, most)
    since = _since(play, keep, kept)
    # what would be too much only later than that began after `start`: the clock was set back since
    return [bound._replace(deadline=lambda start: since if start < since <= start + HANDOVER else start)]


def paused_long(most: int, play: Play) -> Bound:
    """The bound of a play that is paused: since the newest stretch of playing, or since it began."""
    ends = max(play.span_ended, play.began) + most
    return Bound("max_paused", "paused", lambda start: max(ends, start), lambda at: None, lambda at: most)


def _rank(plays: Sequence[Play], keep: str) -> tuple[bool, float, int]:
    """What comes first may stay: who was never denied, then who came first (or last)."""
    began = min(play.began for play in plays)
    first = min(play.id for play in plays)
    return (all(play.denied for play in plays), *((-began, -first) if keep == "newest" else (began, first)))


def player(play: Play) -> str:
    """By which a player is known: its machine id, else (some tell none) what Plex calls its session."""
    return play.session.machine_id or f"session {play.session.session_key}"


def _has_moved(play: Play, others: Sequence[Play]) -> bool:
    """Whether the same item goes on elsewhere while this one stands still, or went on there before it was paused."""
    return play.session.state == "paused" and any(
        _is_copy(play, other)
        and (other.session.state != "paused" or (other.began, other.id) > (play.began, play.id))
        for other in others
    )


def _is_copy(play: Play, other: Play) -> bool:
    one, two = play.session, other.session
    same = (one.user_id, item(one)) == (two.user_id, item(two))
    return same and bool(item(one)) and player(play) != player(other)


def item(session: Session) -> str:
    """What is played, whoever plays it: Live TV has no rating key, but a title."""
    return session.rating_key or session.title


def _since(play: Play, keep: str, kept: Sequence[Play]) -> float:
    """From when on a play is too much beside those that are kept: at once, but one of them may just be ending, and what
    has only moved from one player to another needs its time."""
    moved = any(_is_copy(play, other) for other in kept)
    began = play.began
    if keep == "newest" and not play.denied:
        began = max((other.began for other in kept), default=began)
    return began + (HANDOVER if moved else SETTLE)
