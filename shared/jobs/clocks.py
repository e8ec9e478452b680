"""Time zones and clocks, as far as a check compares them: ours, Tautulli's, Plex's."""

from __future__ import annotations

import http.client
import time
from collections.abc import Iterator, Sequence
from datetime import datetime, timezone, tzinfo
from typing import TYPE_CHECKING, Any, NamedTuple

from shared.jobs.findings import Finding, ok, warning

if TYPE_CHECKING:
    from shared.web import Http

UTC = ("utc", "etc/utc", "etc/uct", "uct", "zulu", "etc/zulu", "universal", "etc/universal", "gmt", "etc/gmt")
TIMED = ("blocked", "allowed", "uncounted")  # keys whose windows are times of day
MOST_SKEW = 30.0  # seconds
YEAR_OF_WEEKS = range(0, 53 * 7 * 86400, 7 * 86400)


class Zone(NamedTuple):
    """A zone by its name ("" is this machine's), and where it is known its offset from UTC when it was told."""

    name: str
    offset: int | None


def system_zone() -> Zone:
    """This machine's, as this process sees it."""
    moment = time.localtime()
    return Zone("", moment.tm_gmtoff)


def is_utc(zone: Zone) -> bool:
    if zone.name:
        return zone.name.casefold() in UTC
    return time.tzname[0].casefold() in UTC and not time.daylight


def agree(one: Zone, other: Zone, now: float) -> bool:
    """Whether clocks on the wall show the same all through the coming year. Unknown names: only now."""
    mine, theirs = (_offsets(zone, now) for zone in (one, other))
    if mine is None or theirs is None:
        offsets = {zone.offset if known is None else known[0] for zone, known in ((one, mine), (other, theirs))}
        return len(offsets - {None}) < 2
    return mine == theirs


def names_a_time(settings: dict[str, Any]) -> list[str]:
    """The settings that name times of day: `[everyone] blocked`."""
    places = [("everyone", settings["everyone"])]
    places += [(f"{kind}:{name}", found) for kind in ("group", "person") for name, found in settings[kind].items()]
    return [f"[{place}] {key}" for place, section in places for key in TIMED if section.get(key)]


def local(zone: Sequence[tuple[int, int]], now: float) -> tuple[str, str]:
    """The offset now (`+0100`) and the time on the wall (`18:02`) by a list of transitions."""
    offset = [away for since, away in zone if since <= now][-1]
    sign = "-" if offset < 0 else "+"
    away = f"{sign}{abs(offset) // 3600:02d}{abs(offset) % 3600 // 60:02d}"
    return away, time.strftime("%H:%M", time.gmtime(now + offset))


def skew(server: Http, path: str) -> Iterator[Finding]:
    """Compare the clock that a server puts into the head of its answers with the one here."""
    said = _date(server, path)
    if said is None:
        return
    before, told, after = said
    # what it told was true for a second, at some moment between
    off = told - after if told > after else told + 1 - before if told + 1 < before else 0.0
    name = server.name
    if abs(off) > MOST_SKEW:
        way = "ahead of" if off > 0 else "behind"
        yield warning(f"{name}'s clock is {abs(off):.0f} s {way} the one here",
                      "set both machines to take the time from the network (NTP)")  # fmt: skip
    else:
        yield ok(f"{name}'s clock and the one here agree")


def _date(server: Http, path: str) -> tuple[float, float, float] | None:
    """(before, told, after), None where the server tells none. Its status does not matter."""
    from email.utils import parsedate_to_datetime

    connection = server._connect(5.0)
    try:
        before = time.time()
        connection.request("GET", server._base + path)
        answer = connection.getresponse()
        after = time.time()
        return before, parsedate_to_datetime(answer.getheader("Date") or "").timestamp(), after
    except (OSError, http.client.HTTPException, TypeError, ValueError):  # it answered a moment ago: no more to say
        return None
    finally:
        connection.close()


def _offsets(zone: Zone, now: float) -> list[int] | None:
    """The offset in each week of the coming year, None where the zone is not known here."""
    from zoneinfo import ZoneInfo

    known: tzinfo | None = None
    if zone.name:
        try:
            known = timezone.utc if is_utc(zone) else ZoneInfo(zone.name)
        except (ValueError, OSError, KeyError):
            return None
    moments = (int(now) + second for second in YEAR_OF_WEEKS)
    if known is None:
        return [time.localtime(moment).tm_gmtoff for moment in moments]
    away = (datetime.fromtimestamp(moment, known).utcoffset() for moment in moments)
    return [int(offset.total_seconds()) for offset in away if offset is not None]
