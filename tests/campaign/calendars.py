"""The house's days on the wall clock, by zoneinfo alone: day numbers, weeks, hours that are shut."""
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from tests.campaign import house

ZONE = ZoneInfo(house.ZONE)


def wall(day, seconds):
    """When the clocks show so many seconds after midnight of a date (none of the house's hours is one of DST's)."""
    on = datetime.combine(day + timedelta(seconds // house.DAY), datetime.min.time())
    return (on + timedelta(seconds=seconds % house.DAY)).replace(tzinfo=ZONE).timestamp()


def day_of(at):
    """The date of the house's day."""
    on = datetime.fromtimestamp(at, ZONE).date()
    return on if at >= wall(on, house.DAY_STARTS) else on - timedelta(1)


def week_of(day):
    return day - timedelta(day.weekday())


def is_weekend(day):
    return day.weekday() >= 5


def edges(first, days):
    """All moments by the machine's clock at which something may begin or end, for so many days around the month."""
    found = set()
    for n in range(-3, days + 5):
        day = first + timedelta(n)
        for seconds in (house.DAY_STARTS, *house.KIDS.shut, *house.TEENS.horror, 23 * house.H + 30 * house.M):
            found.add(wall(day, seconds))
    return sorted(found)


def is_shut(rules, holidays, at):
    """Whether a moment lies in the hours of an evening before a school day."""
    if not rules.shut:
        return False
    today = datetime.fromtimestamp(at, ZONE).date()
    for evening in (today, today - timedelta(1)):
        morning = evening + timedelta(1)
        is_school = morning.weekday() < 5 and morning not in holidays
        if is_school and wall(evening, rules.shut[0]) <= at < wall(evening, rules.shut[1]):
            return True
    return False


def is_horror(rules, at):
    """Whether the hours are those in which nothing of the library Horror may be played."""
    if not rules.horror:
        return False
    today = datetime.fromtimestamp(at, ZONE).date()
    return wall(today, rules.horror[0]) <= at < wall(today, rules.horror[1])


def clock(at):
    """For people: `day 2026-03-09 18:02:11`."""
    return datetime.fromtimestamp(at, ZONE).strftime("%a %Y-%m-%d %H:%M:%S")


