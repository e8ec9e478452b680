"""What the tests of policy share: moments written as dates, calendars of real zones, short ways to say a limit."""

import os
import random
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from zoneinfo import ZoneInfo

from hypothesis import settings

from shared import recurrence
from shared.model import Play, Session, Span
from shared.policy import verdict
from shared.policy.calendar import Calendar
from shared.policy.limits import Limits
from shared.zone import transitions

H, M, DAY = 3600, 60, 86400
EVERY = ()
MON, TUE, WED, THU, FRI, SAT, SUN = ((("weekday", n),) for n in range(7))
WEEKDAY = tuple(("weekday", n) for n in range(5))
WEEKEND = SAT + SUN
SCHOOLDAY, SCHOOLNIGHT, HOLIDAYS = (("schoolday",),), (("schoolnight",),), (("calendar", "holidays"),)
ZONES = ("Europe/Zurich", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "UTC", "Asia/Kolkata")
# (zone, a day that is shorter, a day that is longer), as dates in that zone
CHANGES = (
    ("Europe/Zurich", "2026-03-29", "2026-10-25", 3600),
    ("America/New_York", "2026-03-08", "2026-11-01", 3600),
    ("Australia/Lord_Howe", "2026-10-04", "2026-04-05", 1800),
)


def examples(count):
    """So many examples of a property; in the environment EXAMPLES_TIMES=20 makes it twenty times as many, and with
    EXAMPLES_MOST=25 there are at most so many."""
    times, most = int(os.environ.get("EXAMPLES_TIMES", "1")), int(os.environ.get("EXAMPLES_MOST", "1000000"))
    return settings(max_examples=min(count * times, most))


def by_chance(count, *makers):
    """A property, asked of so many situations: each of `makers` makes one argument of a random.Random. Quicker than
    hypothesis, and as good where nobody needs a failing situation made smaller. `EXAMPLES_…`: as in examples()."""

    def decorate(test):
        def asked_again_and_again():
            for seed in range(examples(count).max_examples):
                made = [make(random.Random(f"{seed} {n}")) for n, make in enumerate(makers)]
                try:
                    test(*made)
                except AssertionError as e:
                    raise AssertionError(f"seed {seed}: {made}") from e

        asked_again_and_again.__doc__ = test.__doc__
        return asked_again_and_again

    return decorate


@lru_cache(None)
def _zone(name):
    begin, end = (int(datetime(y, 1, 1, tzinfo=timezone.utc).timestamp()) for y in (2025, 2028))
    return transitions(name, begin, end)


def calendar(zone="UTC", day_starts=4 * H, week_starts=0, **names):
    """A calendar of a zone; names are lists of dates or (first, last), or a text as [calendar] has it."""
    spans = {n: named(d if isinstance(d, str) else days_as_text(d)) for n, d in names.items()}
    return Calendar(_zone(zone), day_starts, week_starts, {"holidays": (), **spans})


def named(text, first="2024-01-01", last="2030-12-31"):
    """The stretches of a name in [calendar]."""
    return recurrence.stretches(recurrence.named_days(text) if text else (), int(at(first)), int(at(last)))


def days_as_text(days):
    return ", ".join(d if isinstance(d, str) else f"{d[0]}..{d[1]}" for d in days)


def ordinal(text):
    return datetime.fromisoformat(text).toordinal()


def date_atom(first, last=None):
    return (("date", ordinal(first), ordinal(last or first)),)


def at(text, zone="UTC", fold=0):
    """The moment of a local date and time."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).timestamp()


def local(moment, zone="UTC"):
    """A moment as a local date and time, with its UTC offset."""
    return datetime.fromtimestamp(moment, ZoneInfo(zone))


def first_moment(day, seconds, zone):
    """By brute force: the first moment from which on a wall clock shows `seconds` after midnight of a date, or more."""
    wall = datetime.fromordinal(day) + timedelta(seconds=seconds)
    naive = wall.replace(tzinfo=timezone.utc).timestamp()
    for moment in range(int(naive) - 15 * H, int(naive) + 15 * H, 900):
        if local(moment, zone).replace(tzinfo=None) >= wall:
            return next(m for m in range(moment - 900, moment + 1) if local(m, zone).replace(tzinfo=None) >= wall)
    raise AssertionError("no such moment")


def daily(seconds, *more):
    """`daily = seconds, <days> <seconds> …`."""
    return ((EVERY, seconds), *more)


def limits(**keys):
    """Limits from short values: a number holds every day."""
    budgets = ("daily", "weekly", "monthly", "sitting")
    return Limits(**{k: daily(v) if k in budgets and isinstance(v, int) else v for k, v in keys.items()})


def span(began, seconds, **more):
    return Span(began, began + seconds, **more)


def decide(what, house, spans, now, media="movie", library="Films", **more):
    """The decision about a play of this kind that has just begun, by these limits."""
    play = Play(1, Session("1", media_type=media, library=library), now, now)
    return verdict.decide(verdict.Case(play, what, house, list(spans), **more), now)
