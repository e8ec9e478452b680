"""The small language of time in config.ini: durations, clock times, days, windows, values per day, dates.

Pure functions from text to plain tuples and numbers, each raising GrammarError and nothing else. Durations and clock
times are seconds, days are atoms as policy reads them, dates are day numbers of `date.toordinal()`.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import date as Date

from .values import GrammarError, clip, either, nearest, parts, show

Atom = tuple[str | int, ...]
Days = tuple[Atom, ...]
Ranges = tuple[tuple[int, int], ...]

DAY = 86400
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
LIFTED = ("none", "unlimited")
_FULL = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_UNITS = {"w": 7 * DAY, "d": DAY, "h": 3600, "m": 60, "s": 1}
_LONGEST = 100 * 365 * DAY
_GROUPS: dict[str, Days] = {
    "everyday": (),
    "weekday": tuple(("weekday", n) for n in range(5)),
    "weekend": (("weekday", 5), ("weekday", 6)),
    "weeknight": tuple(("weekday", n) for n in (6, 0, 1, 2, 3)),
    "schoolday": (("schoolday",),),
    "schoolnight": (("schoolnight",),),
}
_DURATION = re.compile("".join(f"(?:([0-9]{{1,12}}){unit} ?)?" for unit in _UNITS))
_CLOCK = re.compile(r"([0-9]{1,2})(?:[:.]([0-9]{2}))?(?::([0-9]{2}))?(am|pm)?")
_MOMENTS = "23:30, tomorrow, sat 10:00 or 2026-12-24 10:00"
_ISO = re.compile(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})")
_RANGE = re.compile(r"([0-9][0-9:.]*(?:am|pm)?)-([0-9][0-9:.]*(?:am|pm)?)")


def duration(text: str) -> int:
    """Seconds of `45s`, `90m`, `1h30m`, `27d`, `2w`. A bare number is refused: it could be minutes or hours."""
    word = " ".join(text.lower().split())
    found = _DURATION.fullmatch(word)
    if word and found:
        seconds = sum(int(n) * size for n, size in zip(found.groups(), _UNITS.values(), strict=True) if n)
        if seconds > _LONGEST:
            raise GrammarError(f"{show(text)} is longer than 100 years: write unlimited for no limit")
        return seconds
    raise GrammarError(_no_duration(word, text))


def spoken(text: str) -> int:
    """As `duration`, and with units as people say them: `30 min`, `1 hour`, `1.5h`. Still none without a unit."""
    try:
        return duration(text)
    except GrammarError:
        meant = None if ":" in text else _meant(" ".join(text.lower().split()))
        if meant is None or meant > _LONGEST:
            raise
        return meant


def render_duration(seconds: int) -> str:
    """The shortest way to write a duration: 5400 is `1h30m`, 0 is `0m`. The inverse of `duration`."""
    parts = []
    for unit, size in _UNITS.items():
        if unit != "w" and seconds >= size:
            parts.append(f"{seconds // size}{unit}")
            seconds %= size
    return "".join(parts) or "0m"


def clock(text: str) -> int:
    """Seconds after midnight of `20:00`, `8pm`, `8:30pm`, `8.30 pm`, `0:00`, `24:00` (86400), also `20:00:30`."""
    word = _tidy(text)
    found = _CLOCK.fullmatch(word)
    if not found:
        raise GrammarError(f"{show(text)} is no clock time: write for example 20:00 or 8pm")
    hour, minute, second, half = int(found[1]), int(found[2] or 0), int(found[3] or 0), found[4]
    if minute > 59 or second > 59:
        raise GrammarError(f"{show(text)} is no clock time, minutes and seconds go from 00 to 59: write {hour}:59")
    if half and not 1 <= hour <= 12:
        near = "12am or 0:00" if hour == 0 else f"{hour - 12}pm or {hour}:{minute:02}" if hour < 24 else "12am or 24:00"
        raise GrammarError(f"{show(text)} is no clock time, am and pm go with 1 to 12: write {near}")
    if half:
        hour = hour % 12 + (12 if half == "pm" else 0)
    elif found[2] is None:
        near = f"{hour}:00 or {hour}pm" if 1 <= hour <= 12 else f"{min(hour, 24)}:00"
        raise GrammarError(f"{show(text)} is no clock time: write {near}")
    seconds = hour * 3600 + minute * 60 + second
    if seconds > DAY:
        near = f"24:00 or {hour % 24}:{minute:02}"
        raise GrammarError(f"{show(text)} is no clock time, a day ends at 24:00: write {near}")
    return seconds


def is_day(word: str) -> bool:
    """Whether this word (in lower case) already means certain days."""
    try:
        return bool(_day(word, ())) or word == "everyday"
    except GrammarError:
        return False


def weekday(text: str) -> int:
    """0 to 6 (Monday is 0) of `mon` or `monday`."""
    word = text.strip().lower()
    number = _weekday(word)
    if number is None:
        raise GrammarError(f"{show(text)} is no day of the week: write {nearest(word, WEEKDAYS) or 'mon or sun'}")
    return number


def date(text: str) -> int:
    """The day number (`date.toordinal()`) of `2026-12-24`."""
    word = text.strip()
    found = _ISO.fullmatch(word)
    if not found:
        raise GrammarError(f"{show(text)} is no date: write {_other_date(word) or 'it like 2026-12-24'}")
    year, month, day = int(found[1]), int(found[2]), int(found[3])
    try:
        return Date(year, month, day).toordinal()
    except ValueError:
        near = f"{max(year, 1):04}-{min(max(month, 1), 12):02}"
        last = next(d for d in (31, 30, 29, 28) if _exists(near, d))
        raise GrammarError(f"{show(text)} does not exist: write {near}-{min(max(day, 1), last):02}") from None


def dates(text: str) -> tuple[tuple[int, int], ...]:
    """First and last day number of each date and range in `2026-07-03..2026-08-16, 2026-12-24`."""
    found = []
    for part in _tidy_parts(text, "2026-07-03..2026-08-16, 2026-12-24"):
        found.append(_date_range(part))
    return tuple(sorted(found))


def coming(text: str) -> Atom:
    """What `23:30`, `tomorrow`, `sat`, `tomorrow 10:00`, `sat 8pm`, `2026-12-24 10:00` say of a moment that is yet to
    come, as `policy.calendar.coming` reads it."""
    words = _tidy(text).split()
    named, times = [w for w in words if _day_like(w)], [w for w in words if not _day_like(w)]
    if len(named) > 1 or len(times) > 1 or not words:
        raise GrammarError(f"{show(text)} is no moment: write it like {_MOMENTS}")
    if times and _DURATION.fullmatch(times[0]):
        raise GrammarError(f"{show(text)} is a duration, and no moment: write for {clip(times[0])}")
    at = clock(times[0]) if times else -1
    if not named:
        return ("clock", at)
    if named[0] == "tomorrow":
        return ("tomorrow", at)
    number = _weekday(named[0])
    if number is not None:
        return ("weekday", number, at)
    if named[0][0].isdigit():
        return ("date", date(named[0]), at)
    near = nearest(named[0], [*WEEKDAYS, *_FULL, "tomorrow"])
    raise GrammarError(f"{show(text)} is no moment: write {near or f'it like {_MOMENTS}'}")


def days(text: str, calendars: Collection[str] = ()) -> Days:
    """The days named in `sun, 2026-12-24` as atoms, () for every day. `calendars` are the names of [calendar]."""
    words = [word for part in _tidy_parts(text, "sat, sun") for word in _words(part)]
    return _union(words, calendars)


def per_day(text: str, calendars: Collection[str] = ()) -> tuple[tuple[Days, int | None], ...]:
    """(days, seconds) for each entry of `1h, weekend 2h, holidays unlimited`, in the order written; None lifts."""
    found: list[tuple[Days, int | None]] = []
    plain = ""
    for part in _tidy_parts(text, "1h, weekend 2h"):
        words = _words(part)
        count = next((n for n, word in enumerate(words) if not _day_like(word)), len(words))
        if count == len(words):
            raise GrammarError(f"{show(part)} names days, but no time for them: write {clip(part)} 1h")
        amount = " ".join(words[count:])
        if count == 0:
            if plain:
                raise GrammarError(f"{plain} and {show(part)} are both for every day: {_both(plain, part)}")
            plain = clip(part)
        found.append((_union(words[:count], calendars), None if amount in LIFTED else _amount(amount, words[:count])))
    return tuple(found)


def windows(text: str, calendars: Collection[str] = ()) -> tuple[tuple[Days, Ranges], ...]:
    """(days, ranges) for each entry of `schoolnight 20:00-07:00, weekend 23:00-08:00`, in the order written.

    A range is (start, end) in seconds after midnight of the day named; end is above 86400 where it crosses midnight.
    Days alone mean the whole day, `holidays none` no range.
    """
    return tuple(_window(part, calendars) for part in _tidy_parts(text, "schoolnight 20:00-07:00"))


def schedule(text: str) -> tuple[str, int, int]:
    """When something comes again and again: (daily, 0, time), (weekly, day of the week, time), (monthly, day, time).

    Written `daily 08:00`, `mon 08:00`, `monthly 1 08:00`; the time is seconds after midnight. A month that is shorter
    has its turn on its last day.
    """
    *words, last = _tidy(text).removeprefix("weekly ").removeprefix("every ").split() or [""]
    if not last[:1].isdigit():
        examples = "it like mon 08:00, daily 08:00 or monthly 1 08:00"
        near = f"{clip(text)} 08:00" if _is_turn([*words, last]) else examples
        raise GrammarError(f"{show(text)} names no time: write {near}")
    at = clock(last)
    if at == DAY:
        raise GrammarError(f"{show(text)}: 24:00 is the end of a day: write 0:00")
    if not words:
        raise GrammarError(f"{show(text)} names no day: write daily {clip(last)} or mon {clip(last)}")
    if words[0] == "monthly":
        day = " ".join(words[1:]).rstrip("stndrh")
        if not day.isdecimal() or not 1 <= int(day) <= 31:
            near = "31" if day.isdecimal() and int(day) > 31 else "1"
            raise GrammarError(f"{show(text)} names no day from 1 to 31: write monthly {near} {clip(last)}")
        return "monthly", int(day), at
    if not _is_turn(words):
        near = f"daily {clip(last)}, mon {clip(last)} or monthly 1 {clip(last)}"
        raise GrammarError(f"{show(text)} is not every day, week or month: write {near}")
    number = _weekday(words[0])
    return ("daily", 0, at) if number is None else ("weekly", number, at)


def _is_turn(words: list[str]) -> bool:
    """Whether this says by itself on which days: daily, or one day of the week."""
    return len(words) == 1 and (words[0] in ("daily", "everyday", "day") or _weekday(words[0]) is not None)


def _no_duration(word: str, text: str) -> str:
    bare = re.fullmatch(r"[0-9]{1,12}", word)
    if bare:
        n = int(word)
        near = "0m, or unlimited for no limit" if n == 0 else f"{n}m or {n}h" if n < 600 else f"{n}s or {n}m"
        return f"{show(text)} has no unit: write {near}"
    meant = _meant(word)
    if meant is not None and 0 < meant <= _LONGEST:
        return f"{show(text)} is no duration: write {render_duration(meant)}"
    return f"{show(text)} is no duration: write for example 45s, 90m, 1h30m, 27d or unlimited"


def _meant(word: str) -> int | None:
    """Seconds of what people write instead of a duration: `1 hour`, `1.5h`, `1:30`, `30m1h`."""
    colon = re.fullmatch(r"([0-9]{1,3}):([0-9]{2})", word)
    if colon:
        return int(colon[1]) * 3600 + int(colon[2]) * 60
    piece = r"([0-9]{1,6}(?:[.,][0-9]{1,3})?) ?(w|d|h|m|s|weeks?|days?|hours?|hrs?|minutes?|mins?|seconds?|secs?)"
    if not re.fullmatch(f"(?:{piece}(?:,| and)? ?)+", word):
        return None
    found = re.findall(piece + r"(?![a-z])", word)
    return round(sum(float(n.replace(",", ".")) * _UNITS[unit[0]] for n, unit in found))


def _amount(text: str, day_words: list[str]) -> int:
    head, _, tail = text.partition(" ")
    if not day_words and tail and _DURATION.fullmatch(head) and all(map(_day_like, tail.split())):
        raise GrammarError(f"{show(text)}: the days come first: write {clip(tail)} {clip(head)}")
    return duration(text)


def _both(first: str, second: str) -> str:
    try:
        return f"write {render_duration(duration(first) + duration(second))}, or name days: {first}, weekend {second}"
    except GrammarError:
        return f"write one of them, or name days: {first}, weekend 2h"


def _window(part: str, calendars: Collection[str]) -> tuple[Days, Ranges]:
    words = _words(part)
    count = next((n for n, word in enumerate(words) if not _day_like(word)), len(words))
    named = _union(words[:count], calendars)
    rest = words[count:]
    if not rest:
        return named, ((0, DAY),)
    if rest == ["none"]:
        return named, ()
    ranges = []
    for word in rest:
        if _day_like(word):
            raise GrammarError(f"{show(part)}: a day after a time: write a comma before {clip(word)}")
        if word in LIFTED:
            raise GrammarError(f"{show(part)}: {word} stands alone behind the days: write {_head(words[:count])}none")
        ranges.append(_range(word, part))
    return named, tuple(sorted(ranges))


def _range(word: str, part: str) -> tuple[int, int]:
    found = _RANGE.fullmatch(word)
    if not found:
        loose = _words(re.sub(r"\s*\b(?:to|until|till)\b\s*", "-", part))
        near = next((w for w in loose if _RANGE.fullmatch(w)), "")
        raise GrammarError(f"{show(part)}: {show(word)} is no range of times: write {near or 'it like 20:00-07:00'}")
    first, last = found[1], found[2]
    halves = [time[-2:] if time[-1] == "m" else "" for time in (first, last)]
    for time, half, other in ((first, *halves), (last, halves[1], halves[0])):
        hour = int(re.split("[:.]", time)[0]) if not half else 0
        if other and 1 <= hour <= 12:
            ways = [
                word.replace(f"{first}-{last}", f"{time}{h}-{last}" if time is first else f"{first}-{time}{h}")
                for h in (other, "pm" if other == "am" else "am")
            ]
            raise GrammarError(f"{show(word)} can be read in two ways: write {ways[0]} or {ways[1]}")
    if not any(halves) and ":" not in word and "." not in word:
        raise GrammarError(f"{show(word)} is no range of times: write {first}:00-{last}:00")
    start, end = clock(first), clock(last)
    if start == DAY:
        raise GrammarError(f"{show(word)}: a range cannot begin at 24:00: write 0:00-{last} for the day after")
    if start == end:
        raise GrammarError(f"{show(word)} begins and ends at the same time: write the day alone for the whole day")
    return start, end if end > start else end + DAY


def _union(words: list[str], calendars: Collection[str]) -> Days:
    atoms: dict[Atom, None] = {}
    every = not words
    for word in words:
        found = _day(word, calendars)
        every = every or not found
        atoms.update(dict.fromkeys(found))
    return () if every else tuple(atoms)


def _day(word: str, calendars: Collection[str]) -> Days:
    number = _weekday(word)
    if number is not None:
        return (("weekday", number),)
    for name in (word, word.removesuffix("s")):
        if name in _GROUPS:
            return _GROUPS[name]
    if word == "holidays" or word in calendars:
        return (("calendar", word),)
    if word[:1].isdigit():
        return (("date", *_date_range(word)),)
    first, dash, last = word.partition("-")
    ends = _weekday(first), _weekday(last)
    if dash and ends[0] is not None and ends[1] is not None:
        if ends[0] == ends[1]:
            raise GrammarError(f"{show(word)} can be read in two ways: write {first} or everyday")
        return tuple(("weekday", (ends[0] + n) % 7) for n in range((ends[1] - ends[0]) % 7 + 1))
    near = nearest(word, [*WEEKDAYS, *_FULL, *_GROUPS, "holidays", *calendars])
    near = near or "for example mon or weekend"
    raise GrammarError(f"{show(word)} is no day and no name in [calendar]: write {near}")


def _weekday(word: str) -> int | None:
    word = word.removesuffix("s") if len(word) > 5 else word
    return WEEKDAYS.index(word) if word in WEEKDAYS else _FULL.index(word) if word in _FULL else None


def _day_like(word: str) -> bool:
    """A date, or any word that is not about time: an unknown one is then reported as an unknown day."""
    dated = re.match(r"[0-9]{1,4}[-./][0-9]{1,2}[-./][0-9]|[0-9]{3,}-", word) is not None
    return word not in LIFTED and (dated or not word[0].isdigit())


def _date_range(word: str) -> tuple[int, int]:
    dashed = re.fullmatch(r"(.*[0-9])(?:-|\s+to\s+|\s+)([0-9]{4}-.*)", word)
    if dashed and ".." not in word:
        raise GrammarError(f"{show(word)}: write a range of dates as {clip(dashed[1])}..{clip(dashed[2])}")
    first, dots, last = word.partition("..")
    ends = date(first), date(last if dots else first)
    if ends[1] < ends[0]:
        raise GrammarError(f"{show(word)} ends before it begins: write {last.strip()}..{first.strip()}")
    return ends


def _other_date(word: str) -> str:
    """The ISO readings of dates in other orders: 24.12.2026, 12/24/2026, 2026/12/24."""
    found = re.fullmatch(r"([0-9]{1,4})[-./]([0-9]{1,2})[-./]([0-9]{1,4})", word)
    if not found:
        return ""
    a, b, c = (int(n) for n in found.groups())
    orders = ((a, b, c),) if a > 31 else ((c, b, a),) if "." in word else ((c, a, b), (c, b, a))
    readings = [f"{y:04}-{m:02}-{d:02}" for y, m, d in orders if m and y > 31 and _exists(f"{y:04}-{m:02}", d)]
    return either(dict.fromkeys(readings)) if readings else ""


def _exists(month: str, day: int) -> bool:
    try:
        Date(int(month[:4]), int(month[5:]), day)
    except ValueError:
        return False
    return True


def _tidy_parts(text: str, example: str) -> list[str]:
    return [_tidy(part) for part in parts(text, example)]


def _tidy(text: str) -> str:
    """One way to write it: lower case, one dash, no blanks around dashes and dots, `8.30 p.m.` as `8.30pm`."""
    word = re.sub("[\u2010-\u2015\u2212]", "-", " ".join(text.lower().split()))
    word = re.sub(r" ?(-|\.\.) ?", r"\1", word)
    return re.sub(r"(?<=[0-9]) ?([ap])\.?m\b\.?", r"\1m", word)


def _words(part: str) -> list[str]:
    return [word for word in part.replace("+", " ").split() if word != "and"]


def _head(words: list[str]) -> str:
    return " ".join(words) + " " if words else ""
