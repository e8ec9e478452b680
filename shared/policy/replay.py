"""What limits and rules would have done to plays of the past: the same decisions as live, at the same moments.

Whoever is stopped goes on with the same item as soon as they may, if they were still watching it then; what they could
not watch uses up nothing. Of a play's pauses Tautulli knows how long they were, not when: it is taken to have played
first, as everywhere in Usher.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from heapq import heapify, heappop, heappush
from typing import NamedTuple

from shared.model import Decision, Play
from shared.policy import verdict, words
from shared.policy.holding import names_of
from shared.policy.limits import AHEAD, Limits, counts
from shared.policy.replayed import KNOWN_AFTER, Item, Own, Past, Played, own
from shared.policy.rules import Holding
from shared.policy.verdict import Case

ENDS, PAUSES, BEGINS, LOOK = range(4)  # what happens at a moment, in this order


class Cut(NamedTuple):
    """A stretch of a play that would not have been watched, and the limit that would have stopped it."""

    item: int
    began: float
    ended: float
    limit: str
    reason: str


class Noted(NamedTuple):
    """A rule that stops nobody and would have been told of (`alert`) or written down (`log`)."""

    item: int
    at: float
    rule: str
    action: str
    reason: str


def replay(items: Sequence[Item], past: Past) -> Iterator[Cut | Noted]:
    """What would have been done to these plays. Those of whoever shares a budget have to be among them."""
    return _Replay(items, past).run()


class _Evening(NamedTuple):
    """A play that goes on, or would if it might. `ahead` is when to decide again. `holds` are the rules that hold for
    it, with its player being `known` or not. Of what was stopped, `since` and `stopped` say when and why."""

    item: Item
    play: Play
    ahead: float = 0.0
    holds: tuple[Holding, ...] | None = None
    known: bool | None = None
    since: float = 0.0
    stopped: Decision | None = None


class _Replay:
    """The plays that go on, and those that wait to be let in (again), by whose they are and the item's number."""

    def __init__(self, items: Sequence[Item], past: Past) -> None:
        self.items, self.past, self.played = {item.id: item for item in items}, past, Played(items, past)
        self.heap = [(item.began, BEGINS, item.id) for item in items]
        heapify(self.heap)
        self.going: dict[Own, dict[int, _Evening]] = defaultdict(dict)
        self.waiting: dict[Own, dict[int, _Evening]] = defaultdict(dict)
        # of what counts, and of what does not: until when nothing forbids it, or changes that something does
        self.safe: dict[tuple[Own, bool], float] = {}
        self.shut: dict[tuple[Own, bool], tuple[float, Decision]] = {}
        self.noted: set[tuple[int, str]] = set()

    def run(self) -> Iterator[Cut | Noted]:
        """Moment after moment, until nothing happens any more."""
        while self.heap:
            now, touched = self.heap[0][0], dict[Own, bool]()
            while self.heap and self.heap[0][0] == now:
                _, what, id = heappop(self.heap)
                item = self.items[id]
                who = own(item)
                if what != LOOK:
                    touched[who] = True
                    yield from self._happens(what, item, now)
                elif id in self.going[who] or id in self.waiting[who]:
                    touched.setdefault(who, False)
            for who, moved in touched.items():
                yield from self._look(who, moved, now)

    def _happens(self, what: int, item: Item, now: float) -> Iterator[Cut]:
        going, waiting = self.going[own(item)], self.waiting[own(item)]
        if what == BEGINS:
            self.played.begins(item)
            waiting[item.id] = _Evening(item, _play(item, now))
            self._come_back(item, PAUSES if item.ended > item.plays_until else ENDS, item.plays_until)
        elif what == PAUSES:
            self._come_back(item, ENDS, item.ended)
            if item.id in going:
                self.played.add(item, going[item.id].play.began, now)
                play = going[item.id].play
                paused = play._replace(session=play.session._replace(state="paused"))
                going[item.id] = going[item.id]._replace(play=paused, ahead=now)
        if what in (PAUSES, ENDS):  # what is not watched any more needs not be let in
            yield from _cut(waiting.pop(item.id, None), now)
        if what == ENDS and item.id in going:
            play = going.pop(item.id).play
            if play.session.state == "playing":
                self.played.add(item, play.began, now)

    def _look(self, who: Own, moved: bool, now: float) -> Iterator[Cut | Noted]:
        """Decide about the plays of somebody, as far as it is due. `moved`: one of them has begun, paused or ended."""
        trying = [one._replace(play=_play(one.item, now)) for one in self.waiting[who].values()
                  if one.ahead <= now or (moved and one.stopped and one.stopped.until is None)]  # fmt: skip
        beside = [self._with_rules(one, now) for one in (*self.going[who].values(), *trying)]
        beside.sort(key=lambda one: (one.play.began, one.play.id))
        alone = _alone(self.played.whos[who].limits, len(beside))
        for one in beside:
            waits = one.item.id in self.waiting[who]
            if waits or one.ahead <= now or (moved and (one.holds or not alone)):
                yield from self._decide(one, beside, alone and not one.holds, now)

    def _decide(self, one: _Evening, beside: Sequence[_Evening], easy: bool, now: float) -> Iterator[Cut | Noted]:
        """`easy`: it depends on nothing but time, so that what was found once holds until a moment."""
        item, what = one.item, one.item.who.limits
        kind = own(item), counts(what, item.session.media_type, item.session.library)
        if easy and now + what.no_start_in_last < self.safe.get(kind, 0.0):
            yield from self._lets(one, self.safe[kind], now)
            return
        still, decision = self.shut.get(kind, (0.0, Decision(True))) if easy else (0.0, Decision(True))
        if now >= still:
            case = self._case(one, beside, now)
            decision = verdict.decide(case, now)
            yield from self._notes(one, case, now)
        if not decision.allowed:
            if easy and decision.ahead and not what.no_start_in_last and len(self.played.sources(item)) == 1:
                self.shut[kind] = decision.ahead, decision
            yield from self._stops(one, decision, now)
            return
        if easy:
            self.safe[kind] = now + AHEAD if decision.until is None else decision.until
        yield from self._lets(one, now + AHEAD if decision.ahead is None else decision.ahead, now)

    def _case(self, one: _Evening, beside: Sequence[_Evening], now: float) -> Case:
        item = one.item
        limits = Limits() if item.who.exempt else item.who.limits
        going = [(e.item, e.play) for source in self.played.sources(item) for e in self.going[source].values()]
        return Case(
            one.play, limits, self.past.calendar, self.played.of(item, going, now), self.played.sessions,
            one.holds or (), [(other.play, names_of(other.holds or ())) for other in beside], known=one.known,
        )  # fmt: skip

    def _lets(self, one: _Evening, ahead: float, now: float) -> Iterator[Cut]:
        """It goes on, or begins."""
        item = one.item
        waited = self.waiting[own(item)].pop(item.id, None)
        yield from _cut(waited, now)
        self.going[own(item)][item.id] = one._replace(ahead=ahead, stopped=None)
        self._come_back(item, LOOK, ahead)
        if self.past.seen is not None and waited is not None:  # from then on its player is a known one
            self._come_back(item, LOOK, now + KNOWN_AFTER)

    def _stops(self, one: _Evening, decision: Decision, now: float) -> Iterator[Cut]:
        """It is stopped, or stays so."""
        item = one.item
        going = self.going[own(item)].pop(item.id, None)
        if going is not None and going.play.session.state != "playing":
            return  # it was paused to its end: there is nothing to watch any more
        if going is not None:
            self.played.add(item, going.play.began, now)
        since = one.since if one.stopped and one.stopped.limit == decision.limit else now
        if one.stopped and since == now:
            yield from _cut(one, now)
        ahead = item.ended + 1 if decision.until is None else decision.until
        self.waiting[own(item)][item.id] = one._replace(since=since, stopped=decision, ahead=ahead)
        self._come_back(item, LOOK, ahead)

    def _notes(self, one: _Evening, case: Case, now: float) -> Iterator[Noted]:
        for rule, bound in verdict.notes(case, now) if one.holds else ():
            at = bound.deadline(now)
            if at is not None and at <= now and (one.item.id, rule.name) not in self.noted:
                self.noted.add((one.item.id, rule.name))
                reason = words.refused(bound.limit, bound.kind, bound.value(now))
                yield Noted(one.item.id, now, rule.name, str(rule.settings["action"]), reason)

    def _with_rules(self, one: _Evening, now: float) -> _Evening:
        known = self.played.is_known(one.item, one.play.began, now)
        if one.holds is not None and one.known == known:
            return one
        return one._replace(holds=self.played.holding(one.item, known), known=known)

    def _come_back(self, item: Item, what: int, at: float) -> None:
        if what != LOOK or at < item.ended:
            heappush(self.heap, (at, what, item.id))


def _play(item: Item, now: float) -> Play:
    return Play(item.id, item.session, now, now)


def _alone(what: Limits, plays: int) -> bool:
    """Whether it does not matter to a play what goes on beside it, nor on which player it is."""
    most = [number for number in (what.max_streams, what.max_locations) if number is not None]
    return not what.known_devices_only and (not most or (plays <= 1 and min(most) >= 1))


def _cut(one: _Evening | None, now: float) -> Iterator[Cut]:
    if one is not None and one.stopped is not None and one.since < now:
        yield Cut(one.item.id, one.since, now, one.stopped.limit, one.stopped.reason)
