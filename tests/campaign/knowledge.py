"""What Usher could know of a stream: which of its seconds it must charge, and which it may have charged.

DESIGN 5: two sights at most 15 s apart are one stretch; of a longer silence as much is charged as the position of the
player has moved, which players report every 10 s; what was never seen, or a list of sessions denied, is not.
"""
from tests.campaign.intervals import both, touches, union, without
from tests.campaign.truth import of_regimes

CONTINUOUS = 15.0
LOOK = 6.0          # what a clock that is turned costs: the time between two looks
LATE = 15.0         # of a silence: the poll interval and the 10 s in which players report


def sure(month, stream):
    """Stretches of its playing that must be charged."""
    known = []
    for (a, b, state, _), after in _runs(stream):
        if state == "playing":
            known.append((a, b))
        if after is None:
            continue
        gap = after[0] - b
        if gap <= CONTINUOUS:
            if state == "playing" and after[2] != "stopped":    # where a look finds it gone, nobody knows since when
                known.append((b, after[0]))
        elif state != "stopped" and after[2] != "stopped" and not _broken(month, b, after[0]):
            known.append((b + LATE, max(after[3], b + LATE)))
    turned = [(at - LOOK, at + LOOK) for at, _ in month.clock.regimes[1:]]
    return without(both(stream.stretches(ended=month.ended), union(known)), union(turned))


def maybe(month, stream):
    """Stretches that may have been charged: its playing, and what it was taken to play besides."""
    thought = list(stream.stretches(ended=month.ended))
    for (a, b, state, _), after in _runs(stream):
        if state == "playing":
            thought.append((a, b))
        if after is None:
            continue
        if after[0] - b <= CONTINUOUS:
            if state == "playing":
                thought.append((b, after[0]))
        elif state != "stopped":
            thought += [(b, min(b + LATE, after[0])), (max(after[0] - LATE, b), after[0])]
    return union(thought)


def seen(stream):
    """Stretches in which it was known to go on, playing or paused."""
    found = []
    for (a, b, state, _), after in _runs(stream):
        if state != "stopped":
            found.append((a, after[0] if after and after[0] - b <= CONTINUOUS else b))
    return union(found)


def _runs(stream):
    return zip(stream.told, [*stream.told[1:], None], strict=False)      # nothing, where it was never heard of


def _broken(month, a, b):
    """Whether the clock was turned or Plex lied in between: then nothing is known of that time."""
    turned = len(list(of_regimes(month.clock.regimes, a, b))) > 1
    return turned or touches([(c, d + 5) for kind, way, c, d in month.faults.log
                              if kind == "plex" and way in ("empty", "lacking")], a, b)
