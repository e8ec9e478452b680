"""A person's limits as an owner would say them."""

from __future__ import annotations

from datetime import date as Date

from shared.policy.calendar import ALL_DAY, Days, PerDay, Windows
from shared.policy.days_text import amount, clock, runs
from shared.policy.limits import Limits
from shared.policy.words import WEEKDAYS, counted, duration, shorten

PERIODS = (("daily", "a day"), ("weekly", "a week"), ("monthly", "a month"), ("sitting", "at a time"))


def limits(found: Limits) -> str:
    """`1 h a day (Sat, Sun: 2 h); not on schoolnights 20:00-07:00`, or "no limit"."""
    parts = [f"{_per_day(getattr(found, key))} {what}" for key, what in PERIODS if getattr(found, key)]
    if found.sitting and found.rest:
        parts[-1] += f" with {duration(found.rest)} of rest"
    parts += [f"not {_windows(found.blocked)}"] if found.blocked else []
    parts += [f"only {_windows(found.allowed)}"] if found.allowed else []
    parts += [f"at most {counted(most, what)} at once" for most, what in
              ((found.max_streams, "stream"), (found.max_locations, "place")) if most is not None]  # fmt: skip
    parts += [f"paused for {duration(found.max_paused)} at most"] if found.max_paused is not None else []
    parts += ["known players only"] if found.known_devices_only else []
    if parts and found.unlimited_days:
        parts.append(f"free on {days(found.unlimited_days) or 'all days'}")
    if parts and found.uncounted:
        parts.append(f"not counted {_windows(found.uncounted)}")
    if parts and found.uncounted_libraries:
        parts.append(f"not counted: {', '.join(shorten(name, 40) for name in found.uncounted_libraries)}")
    return "; ".join(parts) or "no limit"


def days(atoms: Days) -> str:
    """`Mon-Fri, 24 Dec`; "" for every day."""
    found = runs(atoms)
    if any(len(run) == 7 for run in found):
        return ""
    named = []
    for run in found:
        shown = [WEEKDAYS[number] for number in run]
        named += [f"{shown[0]}-{shown[-1]}"] if len(run) > 2 else shown
    return ", ".join(named + [_day(atom) for atom in atoms if atom[0] != "weekday"])


def _day(atom: tuple[object, ...]) -> str:
    if atom[0] == "date":
        first, last = (Date.fromordinal(int(str(n))).isoformat() for n in atom[1:3])
        return first if first == last else f"{first}..{last}"
    return shorten(str(atom[1]), 30) if atom[0] == "calendar" else f"{atom[0]}s"


def _per_day(values: PerDay) -> str:
    usual = [value for on, value in values if not days(on)]
    others = [f"{days(on)}: {amount(value)}" for on, value in values if days(on)]
    if not usual:
        return ", ".join(others)
    return amount(usual[-1]) + (f" ({', '.join(others)})" if others else "")


def _windows(windows: Windows) -> str:
    shown = []
    for on, ranges in windows:
        times = " and ".join(_range(*one) for one in ranges) or "at no time"
        named = days(on)
        shown.append(named if times == "all day" and named else f"{named} {times}".strip())
    return ", ".join(shown)


def _range(start: int, end: int) -> str:
    if (start, end) == ALL_DAY:
        return "all day"
    return f"{clock(start)}-{clock(end)}"
