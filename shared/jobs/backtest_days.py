"""What a replay comes to: for each person and day what was watched, and what of it would have been cut."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from shared.log import mask
from shared.policy.calendar import Calendar, day_of, moment
from shared.policy.drift import Step
from shared.policy.intervals import clip, measure, subtract
from shared.policy.replay import Cut, Noted
from shared.policy.replayed import Item
from shared.policy.words import shorten


class Piece(NamedTuple):
    """A stretch of a play on one day. `limit` is "" for what would have been watched; `late`: it would not even have
    begun."""

    began: float
    ended: float
    title: str
    player: str
    limit: str = ""
    reason: str = ""
    late: bool = False


class Day(NamedTuple):
    """Seconds watched and cut on a day, by its ordinal."""

    day: int
    watched: float
    cut: float
    pieces: tuple[Piece, ...]


class Person(NamedTuple):
    """Somebody's days, only those on which they watched anything. `cuts` is how often they would have been stopped, or
    not let in."""

    name: str
    watched: float
    cut: float
    cuts: int
    days: tuple[Day, ...]


class Alert(NamedTuple):
    """A rule that tells: `action` is alert or log."""

    at: float
    name: str
    rule: str
    action: str
    title: str
    reason: str


class Outcome(NamedTuple):
    """All that a configuration would have done from the day `first` to before the day `after`. `label` is its file's
    name; `gaps` say what could not be found out, `plays` how many there were."""

    label: str
    calendar: Calendar
    first: int
    after: int
    plays: int
    people: tuple[Person, ...]
    alerts: tuple[Alert, ...]
    members: tuple[Step, ...]
    gaps: tuple[str, ...]


def people_of(
    items: Sequence[Item], cuts: Iterable[Cut], calendar: Calendar, first: int, after: int
) -> tuple[Person, ...]:
    """Everybody who watched anything, whoever would have been cut most first."""
    by_item: dict[int, list[Cut]] = defaultdict(list)
    for cut in cuts:
        by_item[cut.item].append(cut)
    began, ended = (moment(calendar, day, calendar.day_starts) for day in (first, after))
    days: dict[str, dict[int, list[Piece]]] = defaultdict(lambda: defaultdict(list))
    cut_often: dict[str, int] = defaultdict(int)
    for item in items:
        if item.plays_until <= began or item.began >= ended:
            continue
        name = name_of(item)
        cut_often[name] += sum(began <= cut.began < ended for cut in by_item[item.id])
        for piece in _pieces(item, by_item[item.id]):
            for day, part in _by_day(piece, calendar, began, ended):
                days[name][day].append(part)
    found = [_person(name, cut_often[name], by_day) for name, by_day in days.items()]
    return tuple(sorted(found, key=lambda person: (-person.cut, -person.watched, person.name.casefold())))


def alerts_of(items: Sequence[Item], notes: Iterable[Noted], since: float) -> tuple[Alert, ...]:
    """What would have been told of, or written down, from a moment on."""
    by_id = {item.id: item for item in items}
    found = [Alert(note.at, name_of(by_id[note.item]), note.rule, note.action, title_of(by_id[note.item]), note.reason)
             for note in notes if note.at >= since]  # fmt: skip
    return tuple(sorted(found))


def name_of(item: Item) -> str:
    return mask(shorten(item.who.name, 40)) or f"user {item.session.user_id}"


def title_of(item: Item) -> str:
    return mask(shorten(item.session.title, 60)) or "something"


def _pieces(item: Item, cuts: Sequence[Cut]) -> Iterator[Piece]:
    """The stretches of a play, cut or not; one that may go on again after a moment is cut all the same."""
    title, player = title_of(item), mask(shorten(item.session.player, 40))
    shut = sorted((cut.began, cut.ended) for cut in cuts)
    for began, ended in subtract([(item.began, item.plays_until)], shut):
        yield Piece(began, ended, title, player)
    for cut in cuts:
        yield Piece(cut.began, cut.ended, title, player, cut.limit, cut.reason, cut.began <= item.began + 1)


def _by_day(piece: Piece, calendar: Calendar, began: float, ended: float) -> Iterator[tuple[int, Piece]]:
    for start, end in clip([(piece.began, piece.ended)], began, ended):
        at = start
        while at < end:
            day = day_of(calendar, at)
            until = min(moment(calendar, day + 1, calendar.day_starts), end)
            yield day, piece._replace(began=at, ended=until)
            at = until


def _person(name: str, cuts: int, by_day: dict[int, list[Piece]]) -> Person:
    days = []
    for day, pieces in sorted(by_day.items()):
        cut = measure((p.began, p.ended) for p in pieces if p.limit)
        watched = measure((p.began, p.ended) for p in pieces)
        days.append(Day(day, watched, cut, tuple(sorted(pieces))))
    return Person(name, sum(d.watched for d in days), sum(d.cut for d in days), cuts, tuple(days))
