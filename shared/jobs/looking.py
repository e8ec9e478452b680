"""What a question needs that only looks: the house, the ledger and what is played, at this moment."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from shared import log
from shared.config import Config, load
from shared.jobs import outlook
from shared.jobs.cases import cases
from shared.jobs.days import calendar_of
from shared.jobs.judge import house_of
from shared.ledger import Ledger
from shared.model import Play, Span
from shared.policy import people
from shared.policy.calendar import Calendar, local_clock
from shared.policy.grants import Today
from shared.policy.people import House, Who
from shared.policy.tracking import CONTINUOUS
from shared.policy.verdict import Case


class Look(NamedTuple):
    """All of it. `plays` are those that go on."""

    config: Config
    ledger: Ledger
    house: House
    calendar: Calendar
    plays: list[Play]
    now: float


@contextmanager
def look() -> Iterator[Look]:
    """Open the ledger, and close it again."""
    config, now = load(), time.time()
    ledger = Ledger(config.get("usher", "data_dir"))
    try:
        yield Look(config, ledger, house_of(config, ledger, now), calendar_of(config), ledger.open_plays(), now)
    finally:
        ledger.close()


def cases_now(at: Look, *more: Play) -> list[tuple[Who, Case | None]]:
    """What bears on each play, and on `more`, as the next look at the sessions will find it: with what was played since
    each was last seen."""
    found = cases(at.ledger, at.config, at.house, [*at.plays, *more], at.now, listed=True)
    return [(who, case and case._replace(spans=[*case.spans, *since_seen(at, who)])) for who, case in found]


def since_seen(at: Look, who: Who) -> list[Span]:
    """What somebody has played since their plays were last seen, and what counts for them besides."""
    persons = at.house.settings["person"].items()
    besides = (people.person(at.house, name) for name, settings in persons
               if who.key in (other.casefold() for other in settings.get("counts_for", ())))  # fmt: skip
    charged = [who, *besides]
    going_on = (p for p in at.plays if p.session.state == "playing" and 0 < at.now - p.seen <= CONTINUOUS)
    return [
        Span(p.seen, at.now, p.session.media_type, p.session.library, p.epoch, bool(p.denied), p.id)
        for p in going_on if any(is_theirs(at.house, p, one) for one in charged)
    ]  # fmt: skip


def is_theirs(house: House, play: Play, who: Who) -> bool:
    """Whether a play falls to somebody."""
    falls_to = people.whose(house, play.session.user_id, play.session.machine_id)
    return falls_to is not None and (falls_to.key, falls_to.exempt) == (who.key, who.exempt)


def today(at: Look, who: Who) -> Today:
    """What of the owner's grants holds for somebody now."""
    return outlook.today(at.ledger, at.calendar, who, at.now)


def stamp(calendar: Calendar, at: float) -> str:
    """`2026-11-20 18:02`, in the house's time zone."""
    from datetime import date

    ordinal, second = local_clock(calendar, at)
    return f"{date.fromordinal(ordinal).isoformat()} {second // 3600:02d}:{second % 3600 // 60:02d}"


def as_json(told: Any) -> str:
    """For a program, without what is nobody's business."""
    return log.as_json(masked(told))


def masked(told: Any) -> Any:
    """The same with mail addresses shortened and secrets hidden, in every text of it."""
    if isinstance(told, dict):
        return {key: masked(value) for key, value in told.items()}
    if isinstance(told, (list, tuple)):
        return [masked(value) for value in told]
    return log.mask(told) if isinstance(told, str) else told
