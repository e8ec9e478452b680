"""Days, windows and amounts as sentences name them: `on Saturdays and Sundays from 20:00 to 07:00`."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date as Date

from shared.policy.calendar import ALL_DAY, DAY, Atom, Days, PerDay, Ranges, Windows
from shared.policy.words import duration, shorten

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
          "December")  # fmt: skip


def days(atoms: Days) -> str:
    """`Saturdays and Sundays`, `Monday to Friday`, `24 December 2026`; "" for every day."""
    found = runs(atoms)
    if any(len(run) == 7 for run in found) or not atoms:
        return ""
    named: list[str] = []
    for run in found:
        long = len(run) > 2
        named += [f"{WEEKDAYS[run[0]]} to {WEEKDAYS[run[-1]]}"] if long else [f"{WEEKDAYS[n]}s" for n in run]
    return listed(named + [_day(atom) for atom in atoms if atom[0] != "weekday"])


def runs(atoms: Days) -> list[list[int]]:
    """The days of the week among these days, those that follow each other together."""
    found: list[list[int]] = []
    for number in sorted({int(atom[1]) for atom in atoms if atom[0] == "weekday"}):
        if found and found[-1][-1] == number - 1:
            found[-1].append(number)
        else:
            found.append([number])
    return found


def on(atoms: Days) -> str:
    """`on Sundays`, `every day`."""
    named = days(atoms)
    return f"on {named}" if named else "every day"


def budget(values: PerDay, per: str) -> str:
    """`1 h a day, 2 h on Saturdays and Sundays`."""
    parts: list[str] = []
    for named, value in values:
        if not days(named):
            parts = [f"{amount(value)}{per}"]  # for every day, so nothing before it holds
        else:
            parts.append(f"{amount(value)}{per if not parts else ''} {on(named)}")
    return ", ".join(parts)


def amount(seconds: int | None) -> str:
    return "any time" if seconds is None else duration(seconds)


def windows(found: Windows, none: str) -> str:
    """`every day from 23:00 to 08:00, but on school nights after 20:00`; `none` is how to say that there is none."""
    parts: list[str] = []
    usual = False
    for named, ranges in found:
        if not days(named):
            parts, usual = [], True  # for every day, so nothing before it holds
        piece = _window(named, ranges) if ranges else f"{none} {on(named)}"
        parts.append(f"but {piece}" if parts and usual else piece)
    return ", ".join(parts)


def clock(second: int) -> str:
    """`07:00`, also of a second of the next day."""
    second = second if second <= DAY else second - DAY
    return f"{second // 3600:02d}:{second % 3600 // 60:02d}"


def listed(names: Iterable[str], last: str = "and") -> str:
    """`a, b and c`."""
    found = list(names)
    return f"{', '.join(found[:-1])} {last} {found[-1]}" if len(found) > 1 else "".join(found)


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _window(named: Days, ranges: Ranges) -> str:
    """`on Sundays from 12:00 to 13:00`; one that ends or begins with the day reads `after 21:00 on Sundays`."""
    if ranges == (ALL_DAY,):
        return on(named)
    if len(ranges) == 1 and (ranges[0][0] == 0 or ranges[0][1] == DAY):
        start, end = ranges[0]
        return f"{f'after {clock(start)}' if start else f'before {clock(end)}'} {on(named)}"
    return f"{on(named)} {listed(f'from {clock(start)} to {clock(end)}' for start, end in ranges)}"


def _day(atom: Atom) -> str:
    if atom[0] == "date":
        first, last = (_date(int(n)) for n in atom[1:3])
        return first if first == last else f"{first} to {last}"
    if atom[0] == "calendar":
        return shorten(str(atom[1]), 40)
    return {"schoolday": "school days", "schoolnight": "school nights"}[str(atom[0])]


def _date(ordinal: int) -> str:
    found = Date.fromordinal(ordinal)
    return f"{found.day} {MONTHS[found.month - 1]} {found.year}"
