"""The names of [calendar]: dates, ranges of dates, and what repeats, as stretches of the clock on the wall.

`every 2 weeks from fri 2026-01-09 18:00 for 7d until 2027-07-31` is read here and reckoned by python-dateutil, which is
loaded only where something repeats. That happens when config.ini is compiled: an event reads the result from the cache.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date as Date
from datetime import datetime, time
from typing import Any, NamedTuple

from . import grammar
from .values import GrammarError, clip, nearest, parts, show

DAY = grammar.DAY
EPOCH = Date(1970, 1, 1).toordinal()
EXAMPLE = "2026-07-03..2026-08-16, 2026-12-24"
LONGEST = {"day": 1, "week": 7, "month": 31, "year": 366}  # days from one begin to the next
MOST = 1000  # units from one begin to the next
_COUNTED = {"other": 2, "second": 2, "2nd": 2, "two": 2, "third": 3, "3rd": 3, "three": 3, "fourth": 4, "four": 4}
_KEYWORDS = ("from", "for", "until")

Stretch = tuple[int, int]  # wall-clock seconds since day number 0: ordinal * 86400 + seconds after midnight


class Recurrence(NamedTuple):
    """Begins every `every` units, first on day number `first` at `clock` seconds, and each time lasts `length` seconds.
    Nothing of it is left after the day `until` (0: it goes on)."""

    every: int
    unit: str
    first: int
    clock: int
    length: int
    until: int


class NoDateutil(GrammarError):
    """What repeats cannot be reckoned on this interpreter."""


def named_days(text: str) -> tuple[Stretch | Recurrence, ...]:
    """What a name stands for: a stretch for each date and range between the commas, a Recurrence for each `every …`."""
    found: list[Stretch | Recurrence] = []
    for part in parts(text, EXAMPLE):
        if part.lower().split()[0] == "every":
            found.append(_recurrence(part))
        else:
            found += [(first * DAY, (last + 1) * DAY) for first, last in grammar.dates(part)]
    return tuple(found)


def stretches(found: Iterable[Stretch | Recurrence], start: int, end: int) -> tuple[Stretch, ...]:
    """All of it as sorted stretches that neither overlap nor touch; of what repeats what lies between two UTC seconds,
    and a day more on either side. Raises NoDateutil."""
    first, last = (EPOCH + second // DAY + more for second, more in ((start, -1), (end, 1)))
    pieces: list[Stretch] = []
    for one in found:
        pieces += _occurrences(one, first, last) if isinstance(one, Recurrence) else [one]
    joined: list[Stretch] = []
    for began, ended in sorted(pieces):
        if joined and began <= joined[-1][1]:
            began, ended = joined[-1][0], max(ended, joined.pop()[1])
        joined.append((began, ended))
    return tuple(joined)


def _occurrences(what: Recurrence, first: int, last: int) -> list[Stretch]:
    reaches = -(-what.length // DAY)  # what began before `first` may still go on then
    last = min(last, what.until) if what.until else last
    ends = (what.until + 1) * DAY if what.until else (last + reaches + 2) * DAY
    begins = (day * DAY + what.clock for day in _begins(what, first - reaches, last))
    found = [(begin, min(begin + what.length, ends)) for begin in begins]
    return [(began, ended) for began, ended in found if began < ended]


def _begins(what: Recurrence, first: int, last: int) -> list[int]:
    """The days between two days on which it begins.

    A month without a 31st has its last day instead, a year without a 29 February the 28th.
    """
    rrule = _rrule()
    start, on = what.first, Date.fromordinal(what.first)
    more: dict[str, Any] = {}
    if what.unit in ("day", "week"):
        step = what.every * LONGEST[what.unit]
        start += max(0, (first - start) // step) * step  # not one by one from the year 1 on
    elif on.day > 28 and (what.unit == "month" or on.month == 2):
        more = {"bymonthday": tuple(range(28, on.day + 1)), "bysetpos": -1}
        more |= {"bymonth": on.month} if what.unit == "year" else {}
    frequency = {"day": rrule.DAILY, "week": rrule.WEEKLY, "month": rrule.MONTHLY, "year": rrule.YEARLY}[what.unit]
    rule = rrule.rrule(frequency, dtstart=_midnight(start), interval=what.every, **more)
    return [moment.toordinal() for moment in rule.between(_midnight(first), _midnight(last), inc=True)]


def _midnight(ordinal: int) -> datetime:
    return datetime.combine(Date.fromordinal(ordinal), time())


def _rrule() -> Any:
    from importlib import import_module

    from . import packages

    for attempt in (1, 2):
        try:
            return import_module("dateutil.rrule")
        except ImportError:
            if attempt == 1:
                packages.provide()
    raise NoDateutil(f"what repeats cannot be reckoned: {packages.advice(['dateutil'])}")


def _recurrence(part: str) -> Recurrence:
    pieces = _pieces(part)
    count, unit = _step(pieces["every"], part)
    if "from" not in pieces:
        near = f"{_every(count, unit)} from {_a_day(part)}"
        raise GrammarError(f"{show(part)} does not say when it first begins: write {near}")
    first, clock = _begin(pieces["from"], part)
    length = _length(pieces["for"]) if "for" in pieces else DAY
    longest = count * LONGEST[unit]
    if length > longest * DAY:
        raise GrammarError(f"{show(part)} begins anew before it has ended: write for {longest}d, or less")
    until = _one_day(pieces["until"], "until") if "until" in pieces else 0
    if until and until < first:
        raise GrammarError(f"{show(part)} ends before it begins: write until {_iso(first)}, or later")
    return Recurrence(count, unit, first, clock, length, until)


def _pieces(part: str) -> dict[str, list[str]]:
    """What stands behind each of every, from, for and until."""
    found: dict[str, list[str]] = {"every": []}
    here = "every"
    for word in part.lower().split()[1:]:
        if word in _KEYWORDS:
            here = word
            if word in found:
                raise GrammarError(f"{show(part)}: {word} stands there twice: write it once")
            found[word] = []
        else:
            found[here].append(word)
    return found


def _step(words: list[str], part: str) -> tuple[int, str]:
    """2 and week of `2 weeks`."""
    digits = words[0] if words and words[0].isascii() and words[0].isdigit() else ""
    count = min(int(digits[:6] or 1), MOST + 1)
    rest = words[1:] if digits else words
    unit = rest[0].removesuffix("s") if rest else ""
    if unit in LONGEST and len(rest) == 1:
        if 1 <= count <= MOST:
            return count, unit
        near = _every(min(max(count, 1), MOST), unit)
        raise GrammarError(f"{show(part)} is not from 1 to {MOST} {unit}s: write {near}")
    if unit in _COUNTED and not digits:
        count, unit = _COUNTED[unit], rest[1].removesuffix("s") if len(rest) > 1 else ""
    every = _every(count if 1 <= count <= MOST else 1, nearest(unit, LONGEST) or "week")
    read = f"{show(part)}: {clip(' '.join(words))} is" if words else f"{show(part)} names"
    raise GrammarError(f"{read} no number of days, weeks, months or years: write {every} from {_a_day(part)}")


def _every(count: int, unit: str) -> str:
    return f"every {count} {unit}s" if count > 1 else f"every {unit}"


def _begin(words: list[str], part: str) -> tuple[int, int]:
    """The day number and the second of `fri 2026-01-09 18:00`."""
    weekday = grammar.weekday(words[0]) if words and words[0].isalpha() else None
    rest = words[1:] if weekday is not None else words
    first = _one_day(rest[:1], "from")
    if weekday not in (None, _weekday_of(first)):
        other = _iso(first - (_weekday_of(first) - (weekday or 0)) % 7)
        right, named = grammar.WEEKDAYS[_weekday_of(first)], grammar.WEEKDAYS[weekday or 0]
        raise GrammarError(f"{show(part)}: {_iso(first)} is a {right}: write {right} {_iso(first)} or {named} {other}")
    return first, grammar.clock(" ".join(rest[1:])) if rest[1:] else 0


def _one_day(words: list[str], keyword: str) -> int:
    found = grammar.dates(" ".join(words)) if words else ()
    if not found:
        raise GrammarError(f"there is no date behind {keyword}: write {keyword} 2026-12-24")
    first, last = found[0]
    if first != last:
        raise GrammarError(f"{clip(' '.join(words))} is more than one day: write from {_iso(first)} until {_iso(last)}")
    return first


def _length(words: list[str]) -> int:
    text = " ".join(words)
    if text.isdecimal():
        raise GrammarError(f"for {clip(text)} has no unit: write for {clip(text)}d or for {clip(text)}h")
    seconds = grammar.duration(text)
    if not seconds:
        raise GrammarError(f"for {clip(text)} is no time at all: write for 1d")
    return seconds


def _a_day(part: str) -> str:
    """The first date in the text with its day of the week; else one for an example."""
    for word in part.split():
        try:
            day = grammar.date(word)
        except GrammarError:
            continue
        return f"{grammar.WEEKDAYS[_weekday_of(day)]} {_iso(day)}"
    return "fri 2026-01-09"


def _weekday_of(ordinal: int) -> int:
    return Date.fromordinal(ordinal).weekday()


def _iso(ordinal: int) -> str:
    return Date.fromordinal(ordinal).isoformat()
