"""The judge of streams: by the truth of what was played, was anybody over a limit for longer than the bound, or cut
without cause? It shares no code with `shared.policy`.

Each person's month is walked through twice: with what Usher must have charged (`sure`) and with what it may have
charged (`maybe`, see `knowledge`). What is over a limit by the first is to be stopped within BOUND; what is not over
one by the second must not be cut. Times when nobody could stop anything do not count (see `excuses`).
"""
import bisect

from tests.campaign import calendars, house, knowledge
from tests.campaign.intervals import both, length, touches, union, without
from tests.campaign.truth import of_regimes

BOUND = 3.0         # seconds from the moment at which a stream is over a limit until it has ended
DEAF = 9.0          # more for each stop that its player ignores: the next attempt is 3, then 4 s later
TOLERANCE = 2.0     # seconds of a budget: events take some hundredths to arrive
JUMP = 15.0         # more for each time that the clock was turned: only the position tells how much was played
REST = 5.0          # seconds by which a rest may be found to be shorter or longer
LOOKED = 7.0        # with a timekeeper at work a stream is seen within this: a look every 5 s
TICKED = 75.0       # without: the schedule's next minute, and what a timekeeper needs to begin
AGAIN = 10.0        # after a fault of Plex or the ledger is over: the next attempt, and what still waited
GIVEN_UP = (50.0, 590.0)    # a timekeeper leaves after a minute of refusals, ten of silence; the next tick begins anew
RECENT = 6.0        # seconds that a stop which was decided may take to arrive


def limits(month):
    """A line for each stream that was wrongly left alone or wrongly cut, or that nobody looked at."""
    month.excuses, wrong = excuses(month), []
    by_key = {}
    for stream in month.truth.streams:
        by_key.setdefault(stream.person.key, []).append(stream)
    for streams in by_key.values():
        wrong += _person(month, streams)
    return wrong


def excuses(month):
    """When nobody could stop anything: while Plex or the ledger failed, the clock was turned, the timekeeper was killed
    or the schedule stood still; and until what DESIGN 5 promises has had its time."""
    found = [(at - 1, at + TICKED) for at, kind in month.world.deaths if kind in ("keeper", "errands", "tick", "event")]
    for kind, way, a, b in month.faults.log:
        if kind in ("plex", "ledger"):
            gave_up = b - a > GIVEN_UP[0 if way == "401" else 1] or kind == "ledger" or (way, kind) == ("hang", "plex")
            found.append((a, b + (TICKED if gave_up else AGAIN)))
        if kind == "clock":
            found += [(a, a + 20), (b, b + 20)]
        if (kind, way) == ("tautulli", "restart") and not any(c <= a and b <= d for c, d in month.world.kept):
            found.append((a, b + TICKED))
    return union(found)


def _person(month, streams):
    person = streams[0].person
    rules = person.rules
    # who was stopped as soon as they began was denied: that is rest, and if it was wrong it is found below
    denied = {s.number: [(s.began - 1, at + 1)] for at, s, _ in month.truth.cuts
              if length(without([(s.began, at)], month.excuses)) < BOUND + DEAF * s.deaf_at_first}
    surely = _walk(month, rules, {s.number: knowledge.sure(month, s) for s in streams}, streams, +1, denied)
    perhaps = _walk(month, rules, {s.number: knowledge.maybe(month, s) for s in streams}, streams, -1,
                    {**surely, **denied})
    wrong = []
    for stream in streams:
        open_ = both(surely.get(stream.number, []), both(stream.stretches(ended=month.ended), knowledge.seen(stream)))
        for a, b in without(union(open_), month.excuses):
            bound = BOUND + DEAF * stream.deaf_at_first
            if b - a > bound:
                wrong.append(_line(month, a, stream, f"stopped within {bound:.0f} s", f"played on for {b - a:.1f} s"))
        wrong += _unseen(month, rules, stream)
    for at, stream, reason in month.truth.cuts:
        if stream in streams and not touches(perhaps.get(stream.number, []), at - RECENT, at + 0.5):
            offset = month.offset_at(at)
            over = _is_closed(month, rules, person.key, at, offset) or _is_horror(rules, stream, at + offset)
            over = over or any(touches(p, at - RECENT, at + 0.5) for p in perhaps.values())
            paused = stream.changes[-2][1] == "paused" and over     # what stands still is over its limit, too
            if not paused and not (rules.streams and _beside(streams, stream, at)):
                wrong.append(_line(month, at, stream, "left alone", f"cut: {reason}"))
    return wrong + (_too_many(month, streams) if rules.streams else [])


def _unseen(month, rules, stream):
    """Seconds of a limited stream of which Usher knew nothing, though nothing was wrong."""
    if rules == house.FREE:
        return []
    blind = without(without(stream.stretches(ended=month.ended), knowledge.seen(stream)), month.excuses)
    kept = [(a + TICKED, b) for a, b in month.world.kept]
    found = [(both([piece], kept), LOOKED) for piece in blind] + [([piece], TICKED) for piece in blind]
    return [_line(month, pieces[0][0], stream, f"seen within {most:.0f} s", f"not looked at for {length(pieces):.1f} s")
            for pieces, most in found if length(pieces) > most]


# ---- the walk ----


def _walk(month, rules, playing, streams, sign, denied):
    """Stream number -> stretches in which it is over a limit. sign: +1 where only what is certain counts, -1 where all
    does that may be. denied: stretches that prolong no sitting."""
    found, used, trash, key = {}, {}, {}, streams[0].person.key
    sat, last, last_regime = 0.0, None, None
    for a, b, offset in _pieces(month, playing, denied):
        here = [s for s in streams if any(c <= a and b <= d for c, d in playing[s.number])]
        day = calendars.day_of(a + offset)
        counted = bool(here) and not (rules.free_sunday and day.weekday() == 6)
        if last_regime != offset and sign > 0:
            sat = 0.0                               # who knows how long the clock says that was
        if last is not None and last_regime == offset and a - last >= rules.rest - sign * REST:
            sat = 0.0
        jumps = sum(b - 7 * house.DAY < at < b for at, _ in month.clock.regimes[1:]) if sign < 0 else 0
        more = TOLERANCE if sign > 0 else -TOLERANCE - JUMP * jumps
        over = min((_over_at(month, rules, key, used, sat, day, a, b, offset, more) if counted else b,
                    a if _is_closed(month, rules, key, a, offset) else b))
        for stream in here:
            begins = over
            if _is_horror(rules, stream, a + offset):
                begins = a
            if stream.item.show == "Trash" and rules.trash:
                left = rules.trash + more - trash.get(day, 0.0)
                begins = min(begins, a + max(left, 0.0))
            if begins < b:
                found.setdefault(stream.number, []).append((begins, b))
        if any(s.item.show == "Trash" for s in here):
            trash[day] = trash.get(day, 0.0) + b - a
        # what was played while the clock showed another day counts for that one, or for none if it was put right then
        if counted and (sign < 0 or day == calendars.day_of(a)):
            for period in (("day", day), ("week", calendars.week_of(day))):
                used[period] = used.get(period, 0.0) + b - a
        # who began while it was denied, or goes on after it was, sits no longer by that
        sits = any(not touches(denied.get(s.number, []), a + 0.01, b - 0.01) for s in here) and (over > a or sign < 0)
        if counted and sits:
            sat, last = sat + min(b, over if sign > 0 else b) - a, b if sign < 0 else min(b, over)
        last_regime = offset
    return {number: union(pieces) for number, pieces in found.items()}


def _pieces(month, playing, denied):
    """(from, to, the clock's offset): pieces in which nothing changes, of the time in which anything is played."""
    marks = {t for pieces in (*playing.values(), *denied.values()) for piece in pieces for t in piece}
    marks |= {at for at, _ in month.clock.regimes} | {at for _, _, _, at in month.lives.grants}
    edges = month.edges = getattr(month, "edges", None) or calendars.edges(month.first, month.days)
    for a, b in union([piece for pieces in playing.values() for piece in pieces]):
        for c, d, offset in of_regimes(month.clock.regimes, a, b):
            lo, hi = bisect.bisect_right(edges, c + offset), bisect.bisect_left(edges, d + offset)
            cuts = sorted({c, d, *(t for t in marks if c < t < d), *(e - offset for e in edges[lo:hi])})
            for x, y in zip(cuts, cuts[1:], strict=False):
                yield x, y, offset


def _over_at(month, rules, key, used, sat, day, a, b, offset, more):
    """When in this piece the first budget is used up, `b` if none is."""
    bonus = sum(house.BONUS for kind, who, _, given in month.lives.grants
                if kind == "bonus" and who == key and given <= a + 1 and calendars.day_of(given + offset) == day)
    lefts = []
    if rules.daily:
        daily = rules.weekend if rules.weekend and calendars.is_weekend(day) else rules.daily
        lefts.append(daily + bonus - used.get(("day", day), 0.0))
    if rules.weekly:
        lefts.append(rules.weekly - used.get(("week", calendars.week_of(day)), 0.0))
    if rules.sitting:
        lefts.append(rules.sitting - sat)
    return min([b, *(a + max(left + more, 0.0) for left in lefts)])


def _is_closed(month, rules, key, a, offset):
    """Whether it is an hour in which nothing may be watched, or the owner has locked them out until 23:30."""
    if calendars.is_shut(rules, month.holidays, a + offset):
        return True
    return any(kind == "lock" and who == key and given <= a + 1 < _half_past(given + offset) - offset
               for kind, who, _, given in month.lives.grants)


def _is_horror(rules, stream, shown):
    """Whether the clock shows an hour in which they may not watch what this is."""
    return stream.item.library == "Horror" and calendars.is_horror(rules, shown)


def _half_past(at):
    day = calendars.datetime.fromtimestamp(at, calendars.ZONE).date()
    return calendars.wall(day, 23 * house.H + 30 * house.M)


# ---- streams at once ----


def _going(stream, ended):
    return stream.began, stream.ended if stream.ended is not None else ended


def _beside(streams, stream, at):
    """Whether another one was open on another player in the last seconds."""
    return any(s is not stream and s.player != stream.player and s.began <= at and (s.ended or 9e12) >= at - RECENT
               for s in streams)


def _too_many(month, streams):
    """Two at once that both were known, for longer than the bound."""
    wrong = []
    for one in streams:
        for two in streams:
            if one.number >= two.number or one.player == two.player:
                continue
            a, b = max(one.began, two.began), min(_going(one, month.ended)[1], _going(two, month.ended)[1])
            if a >= b:
                continue
            known = both(both([(a, b)], knowledge.seen(one)), knowledge.seen(two))
            bound = BOUND + DEAF * (one.deaf_at_first + two.deaf_at_first)
            for c, d in without(known, month.excuses):
                if d - c > bound:
                    wrong.append(_line(month, c, two, f"one stream within {bound:.0f} s", f"two for {d - c:.1f} s"))
    return wrong


def _line(month, at, stream, expected, seen):
    person = stream.person
    day, what = int((at - month.clock.begun) // house.DAY) + 1, stream.item.show or stream.item.library
    return (f"day {day}, {calendars.clock(at)}: {person.key} ({person.id}) on {stream.player}, session {stream.key}, "
            f"{what}: expected: {expected}; seen: {seen}")
