"""A soft landing: what has nearly ended may end, and nothing new starts shortly before the end."""

from __future__ import annotations

from collections.abc import Sequence

from shared.model import Play
from shared.policy.bounds import Bound, always

LAG = 10.0  # seconds by which players report their position late: an item ends this much later than it seems


def may_end(bound: Bound, play: Play, most: int, now: float) -> Bound:
    """A limit in time under which an item that began before it, and has at most `most` seconds left when it comes, may
    end. `now` is the moment that the play's position is reckoned for. It has to end within these seconds: who pauses or
    goes back in it is cut when it cannot any more, and what was denied once does not land."""
    since, stands = bound.since, play.session.state != "playing"
    ends = item_ends(play, now) if most and since is not None and not play.denied else None
    if ends is None or since is None:
        return bound

    def deadline(start: float) -> float | None:
        comes = bound.deadline(start)
        if comes is None:
            return None
        began = since(comes) if comes <= start else comes
        if play.began < began and -LAG < ends - began <= most:
            return max(began + most - (ends - now) if stands else ends + LAG, comes)
        return comes

    return bound._replace(deadline=deadline)


def starts_too_late(bounds: Sequence[Bound], play: Play, least: int) -> list[Bound]:
    """The bound for a play that began with less than `least` seconds left; `bounds` are the limits of that moment. What
    was let in all the same (under another limit, or lifted ones) and has outlived them is not started any more."""
    began = play.began
    ends = [(at, bound) for bound in bounds if (at := bound.deadline(began)) is not None and began < at < began + least]
    if not ends:
        return []
    at, bound = min(ends, key=lambda pair: pair[0])
    opens = bound.reopens(at) if play.denied else at
    late = always("no_start_in_last", "start", least, opens)
    return [late._replace(reopens=lambda start: bound.reopens(at), message=bound.message)]


def item_ends(play: Play, now: float) -> float | None:
    """When the item ends if it plays on without a break; None where its length or position is not known."""
    session = play.session
    if session.live or session.offset is None or session.duration <= 0:
        return None
    position = session.offset + (max(now - play.seen, 0.0) if session.state == "playing" else 0.0)
    return now + max(session.duration - position, -LAG)
