"""Who watched what, when, out of the archive of Plex's log alone: also for the time before Tautulli."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from shared import plexlog, zone
from shared.config import Config
from shared.jobs.archive_logs import folder_of
from shared.jobs.ask_logs import DAY, Asked, blocks, shown
from shared.log import as_json, one_line
from shared.policy import seen
from shared.policy.calendar import EPOCH, Calendar, local_clock
from shared.seals import day_of, paths


def plays(config: Config, asked: Asked) -> Iterator[str]:
    """Who watched what, when. The first and last minutes of the time asked for may be missing from a play."""
    lines = (line for block in blocks(config, asked.since, asked.until) for line in block.splitlines())
    calendar = _calendar(config)
    found = seen.plays(_told(calendar, lines, asked))
    rows = (one for one in found if not asked.user or asked.user.casefold() == (one.user or one.device).casefold())
    if asked.as_json:
        yield as_json([_row(calendar, one) for one in rows])
        return
    some = False
    for one in rows:
        some = True
        row = _row(calendar, one)
        yield one_line(f"{row['began']} - {row['ended'][11:]}  {one.user or '(' + one.device + ')'}  item {one.item}  "
                       f"on {one.device}, {one.seconds / 60:.0f} min played{_reached(one)}")  # fmt: skip
    if not some:
        yield "No play is in the log of that time."


def _told(calendar: Calendar, lines: Iterator[bytes], asked: Asked) -> Iterator[seen.Told]:
    """The reports, at their moments: by the time zone of [usher] also through the hour that comes twice."""
    at = 0.0
    for report in plexlog.reports(lines):
        if asked.since <= report.at < asked.until:
            at = _moment(calendar, report.at - EPOCH * DAY, at)
            yield seen.Told(at, *report[1:])


def _calendar(config: Config) -> Calendar:
    """Local time over the whole of the archive, which may be older than what config.ini's own calendar spans."""
    days = [day_of(path) for path in paths(folder_of(config))] or [EPOCH]
    start, end = ((day - EPOCH) * DAY for day in (days[0] - 2, days[-1] + 3))
    try:
        return Calendar(zone.transitions(config.get("usher", "timezone"), start, end))
    except zone.UnknownZone:  # a system that has lost its zone data
        return Calendar(config.settings["zone"])


def _moment(calendar: Calendar, wall: int, before: float) -> float:
    """When a clock on the wall showed that: of an hour that comes twice, the first that is not before `before`."""
    fits = []
    for n, (begins, offset) in enumerate(calendar.zone):
        ends = calendar.zone[n + 1][0] if n + 1 < len(calendar.zone) else float("inf")
        if (begins <= wall - offset or n == 0) and wall - offset < ends:
            fits.append(float(wall - offset))
    if not fits:  # an hour that spring leaves out
        return float(wall - calendar.zone[0][1])
    return next((moment for moment in fits if moment >= before - 60), fits[-1])


def _row(calendar: Calendar, one: seen.Seen) -> dict[str, Any]:
    began, ended = (shown(day * DAY + second) for day, second in (local_clock(calendar, one.began),
                                                                  local_clock(calendar, one.ended)))  # fmt: skip
    return {"began": began, "ended": ended, "user": one.user, "device": one.device, "item": one.item,
            "seconds_played": round(one.seconds), "offset": round(one.offset),
            "duration": round(one.duration)}  # fmt: skip


def _reached(one: seen.Seen) -> str:
    return f", to {one.offset / one.duration:.0%}" if one.duration and one.offset <= one.duration else ""
