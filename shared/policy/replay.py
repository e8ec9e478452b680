"""What limits and rules would have done to plays of the past: the same decisions as live, at the same moments.

Whoever is stopped goes on with the same item as soon as they may, if they were still watching it then; what they could
not watch uses up nothing. Of a play's pauses Tautulli knows how long they were, not when: it is taken to have played
first, as everywhere in Usher.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from heapq import heapify, heappop, heappush
from typing import NamedTuple

from shared.model import Decision, Play
from shared.policy import verdict, words
from shared.policy.grants import FOREVER
from shared.policy.holding import names_of
from shared.policy.limits import AHEAD, Limits, counts
from shared.policy.replayed import KNOWN_AFTER, Item, Own, Past, Played, own
from shared.policy.rules import Holding
from shared.policy.verdict import Case

ENDS, PAUSES, BEGINS, LOOK = range(4)  # what happens at a moment, in this order
UNKNOWN = 0.0, Decision(True)  # a decision that held until long ago


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


class _Evening:
    """A play that goes on, or would if it might. `ahead` is when to decide again. `holds` are the rules that hold for
    it, with its player being `known` or not. Of what was stopped, `since` and `stopped` say when and why."""

    __slots__ = ("ahead", "holds", "item", "known", "play", "since", "stopped")

    def __init__(self, item: Item, play: Play, holds: tuple[Holding, ...]) -> None:
        self.item, self.play, self.holds, self.ahead = item, play, holds, 0.0
        self.known: bool | None = None
        self.since = 0.0
        self.stopped: Decision | None = None


class _Watcher:
    """Whose plays they are: those that go on, and those that wait to be let in (again), by the item's number."""

    def __init__(self, who: Own, limits: Limits) -> None:
        self.who, self.limits = who, limits
        self.going: dict[int, _Evening] = {}
        self.waiting: dict[int, _Evening] = {}
        # of what counts, and of what does not: until when nothing forbids it, or changes that something does
        self.safe: dict[bool, float] = {} if limits.in_time else {True: FOREVER, False: FOREVER}
        self.shut: dict[bool, tuple[float, Decision]] = {}
        self.most = min([n for n in (limits.max_streams, limits.max_locations) if n is not None], default=None)

    def alone(self, plays: int) -> bool:
        """Whether it does not matter to a play what goes on beside it, nor on which player it is."""
        return not self.limits.known_devices_only and (self.most is None or plays <= 1 <= self.most)


class _Replay:
    """What happens next, on a heap of moments; and whose plays these are."""

    def __init__(self, items: Sequence[Item], past: Past) -> None:
        self.past, self.played = past, Played(items, past)
        self.watchers = {who: _Watcher(who, one.limits) for who, one in self.played.whos.items()}
        self.items = {item.id: (item, self.watchers[own(item)]) for item in items}
        self.heap = [(item.began, BEGINS, item.id) for item in items]
        heapify(self.heap)
        self.noted: set[tuple[int, str]] = set()
        self.found: list[Cut | Noted] = []

    def run(self) -> Iterator[Cut | Noted]:
        """Moment after moment, until nothing happens any more."""
        while self.heap:
            now, touched = self.heap[0][0], dict[_Watcher, bool]()
            while self.heap and self.heap[0][0] == now:
                _, what, id = heappop(self.heap)
                item, watcher = self.items[id]
                if what != LOOK:
                    touched[watcher] = True
                    self._happens(what, item, watcher, now)
                elif id in watcher.going or id in watcher.waiting:
                    touched.setdefault(watcher, False)
            for watcher, moved in touched.items():
                if watcher.going or watcher.waiting:
                    self._look(watcher, moved, now)
            yield from self.found
            self.found.clear()

    def _happens(self, what: int, item: Item, watcher: _Watcher, now: float) -> None:
        going = watcher.going.get(item.id)
        if what == BEGINS:
            watcher.waiting[item.id] = _Evening(item, _play(item, now), self.played.begins(item))
            self._come_back(item, PAUSES if item.ended > item.plays_until else ENDS, item.plays_until)
            return
        if what == PAUSES:
            self._come_back(item, ENDS, item.ended)
        if item.id in watcher.waiting:  # what is not watched any more needs not be let in
            self._cut(watcher.waiting.pop(item.id), now)
        if going is None:
            return
        if going.play.session.state == "playing":
            self.played.add(item, going.play.began, now)
        if what == PAUSES:
            going.play = going.play._replace(session=going.play.session._replace(state="paused"))
            going.ahead = now
        else:
            del watcher.going[item.id]

    def _look(self, watcher: _Watcher, moved: bool, now: float) -> None:
        """Decide about the plays of somebody, as far as it is due. `moved`: one of them has begun, paused or ended."""
        trying = [one for one in watcher.waiting.values()
                  if one.ahead <= now or (moved and one.stopped and one.stopped.until is None)]  # fmt: skip
        for one in trying:
            if one.play.began != now:
                one.play = _play(one.item, now)
        beside = [*watcher.going.values(), *trying]
        for one in beside:
            known = self.played.is_known(one.item, one.play.began, now)
            if one.known != known:
                one.holds, one.known = self.played.holding(one.item, known), known
        beside.sort(key=lambda one: (one.play.began, one.play.id))
        alone = watcher.alone(len(beside))
        for one in beside:
            waits = one.item.id in watcher.waiting
            if waits or one.ahead <= now or (moved and (one.holds or not alone)):
                self._decide(one, watcher, beside, alone and not one.holds, now)

    def _decide(self, one: _Evening, watcher: _Watcher, beside: Sequence[_Evening], easy: bool, now: float) -> None:
        """`easy`: it depends on nothing but time, so that what was found once holds until a moment."""
        item, what = one.item, one.item.who.limits
        kind = counts(what, item.session.media_type, item.session.library)
        if easy and now + what.no_start_in_last < watcher.safe.get(kind, 0.0):
            self._lets(one, watcher, watcher.safe[kind], now)
            return
        still, decision = watcher.shut.get(kind, UNKNOWN) if easy else UNKNOWN
        if now >= still:
            case = self._case(one, beside, now)
            decision = verdict.decide(case, now)
            self._note(one, case, now)
        if not decision.allowed:
            if easy and decision.ahead and not what.no_start_in_last and len(self.played.sources(item)) == 1:
                watcher.shut[kind] = decision.ahead, decision
            self._stops(one, watcher, decision, now)
            return
        if easy:
            watcher.safe[kind] = now + AHEAD if decision.until is None else decision.until
        self._lets(one, watcher, now + AHEAD if decision.ahead is None else decision.ahead, now)

    def _case(self, one: _Evening, beside: Sequence[_Evening], now: float) -> Case:
        item = one.item
        limits = Limits() if item.who.exempt else item.who.limits
        going = [(e.item, e.play) for who in self.played.sources(item)
                 if who in self.watchers for e in self.watchers[who].going.values()]  # fmt: skip
        return Case(
            one.play, limits, self.past.calendar, self.played.of(item, going, now), self.played.sessions,
            one.holds, [(other.play, names_of(other.holds)) for other in beside], known=one.known,
        )  # fmt: skip

    def _lets(self, one: _Evening, watcher: _Watcher, ahead: float, now: float) -> None:
        """It goes on, or begins."""
        waited = watcher.waiting.pop(one.item.id, None)
        self._cut(one, now)
        watcher.going[one.item.id] = one
        one.ahead, one.stopped = ahead, None
        self._come_back(one.item, LOOK, ahead)
        if self.past.seen is not None and waited is not None:  # from then on its player is a known one
            self._come_back(one.item, LOOK, now + KNOWN_AFTER)

    def _stops(self, one: _Evening, watcher: _Watcher, decision: Decision, now: float) -> None:
        """It is stopped, or stays so."""
        item = one.item
        if watcher.going.pop(item.id, None) is not None:
            if one.play.session.state != "playing":
                return  # it was paused to its end: there is nothing to watch any more
            self.played.add(item, one.play.began, now)
        if one.stopped is None or one.stopped.limit != decision.limit:
            self._cut(one, now)
            one.since = now
        one.stopped, one.ahead = decision, item.ended + 1 if decision.until is None else decision.until
        watcher.waiting[item.id] = one
        self._come_back(item, LOOK, one.ahead)

    def _note(self, one: _Evening, case: Case, now: float) -> None:
        for rule, bound in verdict.notes(case, now) if one.holds else ():
            at = bound.deadline(now)
            if at is not None and at <= now and (one.item.id, rule.name) not in self.noted:
                self.noted.add((one.item.id, rule.name))
                reason = words.refused(bound.limit, bound.kind, bound.value(now))
                self.found.append(Noted(one.item.id, now, rule.name, str(rule.settings["action"]), reason))

    def _cut(self, one: _Evening, now: float) -> None:
        """So much of it was not watched, if it was stopped."""
        if one.stopped is not None and one.since < now:
            self.found.append(Cut(one.item.id, one.since, now, one.stopped.limit, one.stopped.reason))

    def _come_back(self, item: Item, what: int, at: float) -> None:
        if what != LOOK or at < item.ended:
            heappush(self.heap, (at, what, item.id))


def _play(item: Item, now: float) -> Play:
    return Play(item.id, item.session, now, now)
