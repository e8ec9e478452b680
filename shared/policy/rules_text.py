"""The limits that hold for somebody as sentences for a letter, in the words of the one they hold for."""

from __future__ import annotations

from datetime import date as Date

from shared.policy.calendar import Atom, Calendar, Days, PerDay, Ranges, Windows
from shared.policy.limits import Limits
from shared.policy.people import House, whose
from shared.policy.words import duration, shorten

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
          "December")  # fmt: skip
MEDIA = {"track": "music", "photo": "photos", "clip": "trailers", "movie": "films", "episode": "episodes of series"}
ALL_DAY = ((0, 86400),)


def of_user(house: House, user_id: int, calendar: Calendar) -> tuple[str, ...]:
    """The rules for a user on a player of nobody's; none for who is exempt."""
    who = whose(house, user_id, "")
    return () if who is None or who.exempt else sentences(who.limits, calendar)


def sentences(limits: Limits, calendar: Calendar) -> tuple[str, ...]:
    """One for each limit, the most important first; none where nothing limits."""
    found = [f"At most {_budget(limits.daily, ' a day')}."] if limits.daily else []
    if limits.weekly:
        found.append(f"At most {_budget(limits.weekly, ' a week')}; a week begins on {WEEKDAYS[calendar.week_starts]}.")
    if limits.monthly:
        found.append(f"At most {_budget(limits.monthly, ' a month')}.")
    if limits.sitting:
        rest = f", then at least {duration(limits.rest)} without watching" if limits.rest else ""
        found.append(f"At most {_budget(limits.sitting, ' at a stretch')}{rest}.")
    if limits.blocked:
        found.append(f"No watching {_windows(limits.blocked, 'not')}.")
    if limits.allowed:
        found.append(f"Watching only {_windows(limits.allowed, 'never')}.")
    if not found:
        return ()
    budgets = bool(limits.daily or limits.weekly or limits.monthly or limits.sitting)
    free = _uncounted(limits) if budgets else []
    if limits.unlimited_days:
        free.append(f"{_capital(_on(limits.unlimited_days))} none of these limits holds.")
    if limits.daily or limits.weekly or limits.monthly or limits.unlimited_days:
        free.append(f"A day begins at {_clock(calendar.day_starts)}.")
    return (*found, *free)


def days(atoms: Days) -> str:
    """`Saturdays and Sundays`, `Monday to Friday`, `24 December 2026`; "" for every day."""
    numbers = sorted({atom[1] for atom in atoms if atom[0] == "weekday"})
    if len(numbers) == 7 or not atoms:
        return ""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and runs[-1][-1] == number - 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    named: list[str] = []
    for run in runs:
        long = len(run) > 2
        named += [f"{WEEKDAYS[run[0]]} to {WEEKDAYS[run[-1]]}"] if long else [f"{WEEKDAYS[n]}s" for n in run]
    return _and(named + [_day(atom) for atom in atoms if atom[0] != "weekday"])


def _day(atom: Atom) -> str:
    if atom[0] == "date":
        first, last = (_date(int(n)) for n in atom[1:3])
        return first if first == last else f"{first} to {last}"
    if atom[0] == "calendar":
        return shorten(str(atom[1]), 40)
    return {"schoolday": "school days", "schoolnight": "school nights"}[str(atom[0])]


def _date(ordinal: int) -> str:
    on = Date.fromordinal(ordinal)
    return f"{on.day} {MONTHS[on.month - 1]} {on.year}"


def _on(atoms: Days) -> str:
    named = days(atoms)
    return f"on {named}" if named else "every day"


def _budget(values: PerDay, per: str) -> str:
    """`1 h a day, 2 h on Saturdays and Sundays`."""
    parts: list[str] = []
    for on, value in values:
        if not days(on):
            parts = [f"{_amount(value)}{per}"]  # for every day, so nothing before it holds
        else:
            parts.append(f"{_amount(value)}{per if not parts else ''} {_on(on)}")
    return ", ".join(parts)


def _amount(seconds: int | None) -> str:
    return "any time" if seconds is None else duration(seconds)


def _windows(windows: Windows, none: str) -> str:
    parts: list[str] = []
    usual = False
    for on, ranges in windows:
        if not days(on):
            parts, usual = [], True  # for every day, so nothing before it holds
        times = "" if ranges == ALL_DAY else _times(ranges)
        piece = f"{_on(on)}{times}" if ranges else f"{none} {_on(on)}"
        parts.append(f"but {piece}" if parts and usual else piece)
    return ", ".join(parts)


def _times(ranges: Ranges) -> str:
    return " " + _and([f"from {_clock(start)} to {_clock(end)}" for start, end in ranges])


def _clock(second: int) -> str:
    second = second if second <= 86400 else second - 86400
    return f"{second // 3600:02d}:{second % 3600 // 60:02d}"


def _uncounted(limits: Limits) -> list[str]:
    found = []
    if limits.uncounted:
        found.append(f"What is watched {_windows(limits.uncounted, 'not')} does not count.")
    if limits.uncounted_media:
        found.append(f"{_capital(_and([MEDIA.get(name, name) for name in limits.uncounted_media]))} do not count.")
    if limits.uncounted_libraries:
        found.append(f"What is in {_and([shorten(name, 40) for name in limits.uncounted_libraries])} does not count.")
    return found


def _and(names: list[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else "".join(names)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
