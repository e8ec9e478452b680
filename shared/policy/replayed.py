"""The plays of a replay, and what is remembered of those that were let be watched."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from shared.model import Play, Session, Span
from shared.policy import people, rules, verdict
from shared.policy.calendar import Calendar
from shared.policy.holding import facts, names_of, of_facts
from shared.policy.people import House, Who
from shared.policy.rules import Facts, Holding

KNOWN_AFTER = 60.0  # seconds of a play that nobody denied, and its player is a known one
TIDY = 50  # spans of one person after which those that matter no more are dropped
Own = tuple[str, bool]  # whose a play is, and whether they are exempt on that player


class Item(NamedTuple):
    """A play of the past, and whose it was. `plays_until` is its end without its pauses."""

    id: int
    session: Session
    who: Who
    began: float
    plays_until: float
    ended: float


class Past(NamedTuple):
    """What is known beside the plays. `sources` has whose plays use up somebody's limits where that is not they alone;
    `seen` from when on a player is known for an account, None where nothing asks for that."""

    house: House
    calendar: Calendar
    sources: Mapping[Own, Sequence[Own]] = {}
    seen: dict[tuple[int, str], float] | None = None


def own(item: Item) -> Own:
    return item.who.key, item.who.exempt


class Played:
    """What each has watched so far, for which of it rules hold, and on which players."""

    def __init__(self, items: Iterable[Item], past: Past) -> None:
        self.past = past
        self.whos = {own(item): item.who for item in items}
        self.consumers: dict[Own, list[Own]] = defaultdict(list)
        for one in self.whos:
            for source in past.sources.get(one, [one]):
                self.consumers[source].append(one)
        self.budgets = {name: rule for name, rule in past.house.settings["rule"].items() if rules.needs_past(rule)}
        self.sessions: dict[int, Session] = {}
        self.spans: dict[Own, list[Span]] = defaultdict(list)
        self.held: dict[tuple[Own, str], set[int]] = defaultdict(set)
        self._tidied: dict[Own, int] = {}
        self._facts: dict[tuple[Own, int], Facts] = {}

    def begins(self, item: Item) -> tuple[Holding, ...]:
        """The rules that hold for a play, as far as that does not depend on its player. Notes for which rules with a
        budget, of anybody's whom it concerns, it counts."""
        found = self.holding(item, None)
        if self.budgets:
            self.sessions[item.id] = item.session
        for one in self.consumers[own(item)] if self.budgets else ():
            names: Iterable[str] = names_of(found) & self.budgets.keys()
            if one != own(item):
                theirs = self._facts_of(one, item, None)
                names = [name for name, rule in self.budgets.items() if rules.holds(rule, theirs)]
            for name in names:
                self.held[one, name].add(item.id)
        return found

    def add(self, item: Item, began: float, ended: float) -> None:
        """Something was watched."""
        if ended <= began:
            return
        spans = self.spans[own(item)]
        spans.append(_span(item, began, ended))
        if self.past.seen is not None and ended - began >= KNOWN_AFTER:
            self.past.seen.setdefault((item.session.user_id, item.session.machine_id), began + KNOWN_AFTER)
        if len(spans) > self._tidied.get(own(item), 0) + TIDY:
            self._tidy(own(item), ended)

    def sources(self, item: Item) -> Sequence[Own]:
        """Whose plays use up the limits of whose a play is."""
        return self.past.sources.get(own(item), [own(item)])

    def of(self, item: Item, going: Iterable[tuple[Item, Play]], now: float) -> list[Span]:
        """All that uses up the limits of whose a play is, with what of theirs is `going` on."""
        found = [span for source in self.sources(item) for span in self.spans[source]]
        return found + [_span(other, play.began, now) for other, play in going
                        if play.session.state == "playing" and play.began < now]  # fmt: skip

    def is_known(self, item: Item, began: float, now: float) -> bool | None:
        """Whether the player of a play is a known one, which has gone on since `began`; None where that is not known,
        or nobody asks."""
        seen, session = self.past.seen, item.session
        if seen is None or not session.machine_id:
            return None
        if now - began >= KNOWN_AFTER or session.machine_id in people.machine_ids(self.past.house, item.who.key):
            return True
        ids = {session.user_id, *people.user_ids(self.past.house, item.who.key)}
        return any(seen.get((id, session.machine_id), now + 1) <= now for id in ids)

    def holding(self, item: Item, known: bool | None) -> tuple[Holding, ...]:
        """The rules whose conditions hold for a play."""
        if not self.past.house.settings["rule"]:
            return ()
        found = of_facts(self.past.house, item.who, self._facts_of(own(item), item, known), {})
        return tuple(rule._replace(past=self.held[own(item), rule.name]) if rule.name in self.budgets else rule
                     for rule in found)  # fmt: skip

    def _facts_of(self, one: Own, item: Item, known: bool | None) -> Facts:
        """What conditions are asked of, if it were this one's play. Of an account they are gathered only once."""
        key = one, item.session.user_id
        if key not in self._facts:
            self._facts[key] = facts(self.past.house, self.whos[one], item.session)
        return self._facts[key]._replace(session=item.session, known=known)

    def _tidy(self, one: Own, now: float) -> None:
        """Forget what is too old to matter to anybody."""
        budgets, calendar = list(self.budgets.values()), self.past.calendar
        since = min(verdict.horizon(self.whos[c].limits, budgets, calendar, now) for c in self.consumers[one])
        self.spans[one] = [span for span in self.spans[one] if span.ended > since]
        self._tidied[one] = len(self.spans[one])
        kept = {span.play for spans in self.spans.values() for span in spans}
        oldest = min(kept, default=0)
        for old in [id for id in self.sessions if id < oldest]:
            del self.sessions[old]


def _span(item: Item, began: float, ended: float) -> Span:
    return Span(began, ended, item.session.media_type, item.session.library, play=item.id)
