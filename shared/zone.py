"""When a time zone's offset from UTC changes, as plain numbers: policy then needs no time zone library."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import tzinfo

STEP = 6 * 3600  # seconds between probes: zones keep an offset for weeks


class UnknownZone(ValueError):
    """Neither this system nor dateutil knows a time zone of that name. `nearest` is the most similar name or ""."""

    def __init__(self, name: str, nearest: str) -> None:
        super().__init__(f"there is no time zone {name}")
        self.name = name
        self.nearest = nearest


def transitions(name: str, start: int, end: int) -> tuple[tuple[int, int], ...]:
    """(UTC second, offset in seconds east of UTC) for the offset at `start` and each change until `end`.

    `name` is one like Europe/Zurich, or "" for the system's own zone. Raises UnknownZone.
    """
    offset = _offset_of(name)
    found = [(start, offset(start))]
    before = start
    while before < end:
        after = min(before + STEP, end)
        if offset(after) != found[-1][1]:
            after = _first_change(offset, before, after)
            found.append((after, offset(after)))
        before = after
    return tuple(found)


def _first_change(offset: Callable[[int], int], low: int, high: int) -> int:
    """The first second in (low, high] with another offset than `low`."""
    old = offset(low)
    while high - low > 1:
        middle = (low + high) // 2
        if offset(middle) == old:
            low = middle
        else:
            high = middle
    return high


def _offset_of(name: str) -> Callable[[int], int]:
    if not name:
        return _system_offset
    from datetime import datetime, timedelta

    zone = _zoneinfo(name) or _dateutil(name)
    if zone is None:
        raise UnknownZone(name, _nearest(name))

    def offset(second: int) -> int:
        away = datetime.fromtimestamp(second, zone).utcoffset() or timedelta()
        return int(away.total_seconds())

    return offset


def _system_offset(second: int) -> int:
    return time.localtime(second).tm_gmtoff


def _zoneinfo(name: str) -> tzinfo | None:
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):  # no such zone, a path, a folder of zones; or a system without zone data
        return None


def _dateutil(name: str) -> tzinfo | None:
    """dateutil 2 carries zone data of its own: Windows and slim containers have none."""
    from zoneinfo import available_timezones

    if available_timezones() or name.startswith("/") or ".." in name:
        return None
    if any(c.isdigit() for c in name) and not name.startswith("Etc/"):
        return None  # dateutil would read UTC+3 as a rule, with the sign the other way round
    try:
        from dateutil.tz import gettz
    except ImportError:
        return None
    return gettz(name)


def _nearest(name: str) -> str:
    import difflib
    from zoneinfo import available_timezones

    word = name.strip().lower().replace(" ", "_")[:60]
    full = {zone.lower(): zone for zone in sorted(available_timezones())}
    cities = {zone.rpartition("/")[2]: zone for zone in full}
    found = difflib.get_close_matches(word, full, 1, 0.6)
    if not found or found[0] != word:  # `Zurich` or `berlin`: people leave the continent out
        city = difflib.get_close_matches(word.rpartition("/")[2], cities, 1, 0.8)
        found = [cities[city[0]]] if city else found
    return full[found[0]] if found else ""
