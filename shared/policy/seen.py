"""Who watched what, when, put together from what players reported: one play is one item on one player without a break.

Plex hears from a player about every ten seconds and at each change; what it has not heard of for five minutes is over
(Plex and Tautulli forget a player after that time, too).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

SILENCE = 300.0  # seconds without a report after which a play has ended with its last one
LIVELY = ("playing", "buffering", "paused")


class Told(NamedTuple):
    """A player's report. `at` is seconds since 1970; `user` is "" where nobody tells."""

    at: float
    user: str
    client: str
    device: str
    item: str
    state: str
    offset: float
    duration: float


class Seen(NamedTuple):
    """A play. `seconds` of it really played; `offset` is how far the item was at the end, of `duration`."""

    began: float
    ended: float
    user: str
    device: str
    item: str
    seconds: float
    offset: float
    duration: float


class _Open(NamedTuple):
    seen: Seen
    state: str


def plays(reports: Iterable[Told]) -> Iterator[Seen]:
    """The plays as they end. One that never played (only paused, or stopped) is none."""
    going: dict[tuple[str, str], _Open] = {}
    for report in reports:
        for key in [k for k, one in going.items() if report.at - one.seen.ended > SILENCE]:
            yield from _ended(going.pop(key))
        same = [k for k in going if k[0] == report.client and _one_user(going[k].seen.user, report.user)]
        key = (report.client, report.item)
        for other in [k for k in same if k != key and report.state in LIVELY]:
            yield from _ended(going.pop(other))
        if key in going and key not in same:  # the player was handed to somebody else
            yield from _ended(going.pop(key))
        if key in going:
            going[key] = _after(going[key], report)
        elif report.state in LIVELY:
            seen = Seen(report.at, report.at, report.user, report.device, report.item, 0.0, report.offset,
                        report.duration)  # fmt: skip
            going[key] = _Open(seen, report.state)
        if report.state == "stopped" and key in going:
            yield from _ended(going.pop(key))
    for one in going.values():
        yield from _ended(one)


def _one_user(one: str, other: str) -> bool:
    return not one or not other or one == other


def _after(one: _Open, report: Told) -> _Open:
    seen = one.seen
    passed = max(report.at - seen.ended, 0.0) if one.state == "playing" else 0.0
    seen = seen._replace(
        ended=max(report.at, seen.ended), seconds=seen.seconds + passed, user=seen.user or report.user,
        offset=report.offset or seen.offset, duration=report.duration or seen.duration,
    )  # fmt: skip
    return _Open(seen, report.state)


def _ended(one: _Open) -> Iterator[Seen]:
    if one.seen.seconds > 0 or one.state == "playing":
        yield one.seen
