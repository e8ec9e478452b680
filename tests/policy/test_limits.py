"""Budgets, sittings and windows at their boundary seconds, and what must hold for any of them."""

from datetime import date, timedelta

import pytest

from shared.model import Decision
from shared.policy import limits as lim
from shared.policy.grants import Today
from shared.policy.limits import Limits, Span

from . import words_of_tests
from .words_of_tests import (
    CHANGES,
    DAY,
    EVERY,
    HOLIDAYS,
    MON,
    SAT,
    SCHOOLDAY,
    SCHOOLNIGHT,
    SUN,
    WEEKDAY,
    WEEKEND,
    H,
    M,
    at,
    by_chance,
    calendar,
    daily,
    date_atom,
    limits,
    ordinal,
    span,
)

UTC = calendar()
NOON = at("2026-11-20T12:00")  # a Friday
FOUR = at("2026-11-21T04:00")  # its end
NIGHT = ((EVERY, ((20 * H, 31 * H),)),)


def decide(what, spans=(), now=NOON, house=UTC, media="movie", library="Films"):
    return words_of_tests.decide(what, house, spans, now, media, library)


def until(decision):
    """What a decision comes to: ("allow" or "stop", until, limit)."""
    return ("allow" if decision.allowed else "stop", decision.until, decision.limit)


def left(what, spans=(), now=NOON, **more):
    """Seconds from now to an allow's end; minus those to a stop's."""
    found = decide(what, spans, now, **more)
    return None if found.until is None else (found.until - now if found.allowed else now - found.until)


# ---- budgets ----


def test_no_limit():
    assert decide(limits()) == Decision(True, reason="no limit in sight")
    assert not limits().any and not limits(uncounted=NIGHT, unlimited_days=SAT, message="x").any
    for key in ("daily", "weekly", "monthly", "sitting"):
        assert limits(**{key: 0}).any
    assert limits(blocked=NIGHT).any and limits(allowed=NIGHT).any


@pytest.mark.parametrize(("seconds", "expected"), [
    (0, ("allow", NOON + 3600, "daily")), (3599, ("allow", NOON + 1, "daily")),
    (3599.5, ("allow", NOON + 0.5, "daily")),
    (3600, ("stop", FOUR, "daily")), (3601, ("stop", FOUR, "daily")), (9999, ("stop", FOUR, "daily")),
])  # fmt: skip
def test_a_day_s_budget(seconds, expected):
    assert until(decide(limits(daily=H), [span(NOON - seconds, seconds)])) == expected


def test_reasons():
    found = decide(limits(daily=H, message="Read a book"), [span(NOON - H, H)])
    assert found.reason == "daily limit of 1 h reached; back at 04:00. Read a book"
    assert found.value == H
    assert decide(limits(daily=H)).reason == "until 13:00: daily limit of 1 h"
    assert decide(limits(blocked=NIGHT)).reason == "until 20:00: no watching after that"
    late = decide(limits(blocked=NIGHT), now=NOON + 8 * H)
    assert late.reason == "no watching at this hour; back at 07:00"
    never = decide(limits(daily=0))
    assert until(never) == ("stop", None, "daily") and never.reason == "daily limit of 0 s reached"


@pytest.mark.parametrize(("ended", "expected"), [
    ("2026-11-20T04:00", 3600),  # yesterday's
    ("2026-11-20T04:00:10", 3590), ("2026-11-20T05:00", 0), ("2026-11-20T04:30", 1800),
])  # fmt: skip
def test_a_day_s_budget_counts_from_day_starts(ended, expected):
    played = span(at(ended) - H, H)
    assert left(limits(daily=H), [played]) == (expected or NOON - FOUR)


def test_a_budget_that_lasts_to_the_end_of_its_day_goes_over_into_the_next():
    """One hour left one hour before 04:00: it ends the second day's hour, not at 04:00."""
    assert left(limits(daily=H), [], FOUR - H) == 2 * H
    assert left(limits(daily=H), [], FOUR - H + 1) == 2 * H - 1
    assert left(limits(daily=H), [], FOUR - H - 1) == H
    assert left(limits(daily=daily(H, (SAT, 0))), [], FOUR - H) == H
    assert until(decide(limits(daily=daily(H, (SAT, 0))), [], FOUR - H)) == ("allow", FOUR, "daily")
    assert left(limits(daily=daily(H, (SAT, None)))) == H
    assert left(limits(daily=daily(H, (SAT, None))), [], FOUR - H) == H + DAY + H  # Friday's last, Saturday, Sunday's
    free = daily(H, (WEEKEND, None))
    assert left(limits(daily=free), [], FOUR - H) is None  # more than two days ahead is no deadline yet
    # a budget of 23 h has an hour left over at each day's end
    assert left(limits(daily=23 * H), [span(FOUR - 24 * H, 16 * H)], FOUR - 8 * H) == 7 * H


@pytest.mark.parametrize(("day", "expected"), [
    ("2026-11-20", H), ("2026-11-21", 2 * H), ("2026-11-22", 2 * H), ("2026-12-24", 3 * H), ("2026-12-26", None),
])  # fmt: skip
def test_the_later_value_of_a_day_wins(day, expected):
    house = calendar(holidays=["2026-12-24", "2026-12-26"])
    what = limits(daily=daily(H, (WEEKEND, 2 * H), (HOLIDAYS, 3 * H), (date_atom("2026-12-26"), None)))
    noon = at(f"{day}T12:00")
    found = decide(what, [], noon, house)
    if expected is None:  # then Sunday's two hours come first
        assert found.until == at("2026-12-27T06:00")
    else:
        assert (found.until, found.value) == (noon + expected, expected)
    assert lim.used(what, house, [], "daily", noon) == (0, expected)


def test_in_the_night_the_day_before_holds():
    what = limits(daily=daily(H, (SAT, 2 * H)))
    assert left(what, [], at("2026-11-21T01:00")) == H  # Friday still
    assert left(what, [], at("2026-11-21T04:00")) == 2 * H
    assert left(what, [], at("2026-11-22T01:59:59")) == 2 * H
    assert left(what, [], at("2026-11-22T02:00")) == 3 * H  # Saturday's last two, then Sunday's one


@pytest.mark.parametrize(("kind", "first", "after"), [
    ("weekly", "2026-11-16", "2026-11-23"), ("monthly", "2026-11-01", "2026-12-01"),
])  # fmt: skip
def test_weeks_and_months(kind, first, after):
    what = limits(**{kind: 10 * H})
    early = span(at(f"{first}T04:00") - H, H)
    assert left(what, [early]) == 10 * H
    in_it = span(at(f"{first}T04:00"), 6 * H)
    assert left(what, [early, in_it]) == 4 * H
    half = span(at(f"{first}T04:00") - H, 2 * H)
    assert left(what, [half]) == 9 * H
    full = [in_it, span(NOON - 4 * H, 4 * H)]
    assert until(decide(what, full)) == ("stop", at(f"{after}T04:00"), kind)
    assert until(decide(what, full, at(f"{after}T04:00"))) == ("allow", at(f"{after}T14:00"), kind)
    assert lim.used(what, UTC, full, kind, NOON) == (10 * H, 10 * H)


@pytest.mark.parametrize("starts", range(7))
def test_week_starts(starts):
    house = calendar(week_starts=starts)
    began = at("2026-11-16T04:00") + starts * DAY  # the week of Friday noon begins then, or a week before
    began -= 7 * DAY if began > NOON else 0
    what = limits(weekly=H)
    assert left(what, [span(began - H, H)], house=house) == H
    assert until(decide(what, [span(began, H)], house=house)) == ("stop", began + 7 * DAY, "weekly")


def test_the_least_wins_and_the_longest_is_named():
    what = limits(daily=2 * H, weekly=3 * H, sitting=H, blocked=NIGHT)
    assert until(decide(what)) == ("allow", NOON + H, "sitting")
    assert until(decide(what, [], at("2026-11-20T19:30"))) == ("allow", at("2026-11-20T20:00"), "blocked")
    days = [span(at(f"2026-11-{d}T12:00"), 70 * M) for d in (17, 18)]
    assert until(decide(what, days)) == ("allow", NOON + 40 * M, "weekly")
    # the week is over and the day too: the week is named; it opens when the night is over as well
    week = [span(at(f"2026-11-{d}T08:00"), 2 * H) for d in (17, 20)]
    assert until(decide(what, week)) == ("stop", at("2026-11-23T07:00"), "weekly")
    # the day ends at 04:00, the night at 07:00
    today = [span(NOON, 2 * H)]
    assert until(decide(what, today, NOON + 9 * H)) == ("stop", at("2026-11-21T07:00"), "blocked")
    assert until(decide(limits(daily=2 * H, sitting=H), today, NOON + 2 * H)) == ("stop", FOUR, "daily")


def test_two_screens_at_once_use_one_minute_per_minute():
    both = [span(NOON - 30 * M, 30 * M), span(NOON - 20 * M, 20 * M), span(NOON - 25 * M, 5 * M)]
    assert left(limits(daily=H), both) == 30 * M
    one_after_the_other = [span(NOON - 30 * M, 10 * M), span(NOON - 20 * M, 10 * M), span(NOON - 10 * M, 10 * M)]
    assert left(limits(daily=H), one_after_the_other) == 30 * M


def test_a_clock_set_back_an_hour():
    """What was played after it was not at the same time as what was played before it."""
    before = span(NOON - H, H)
    again = span(NOON - H, 30 * M, epoch=1)
    assert left(limits(daily=2 * H), [before, again], NOON - 30 * M) == 30 * M
    assert left(limits(daily=2 * H), [before, again._replace(epoch=0)], NOON - 30 * M) == H
    # a sitting goes on over it
    assert left(limits(sitting=2 * H), [before, again], NOON - 30 * M) == 30 * M
    assert left(limits(sitting=2 * H), [again, before], NOON - 30 * M) == 30 * M
    # and does not if nothing was played then: a clock that was a day ahead ends no evening of the next
    later, tomorrow = again._replace(play=2), span(NOON + 12 * H, 40 * M)
    assert left(limits(sitting=45 * M, rest=15 * M), [tomorrow]) == 45 * M
    assert left(limits(sitting=45 * M, rest=15 * M), [tomorrow, later], NOON - 30 * M) == 15 * M
    assert left(limits(sitting=45 * M, rest=15 * M), [tomorrow, again], NOON - 30 * M) == -15 * M
    more = [tomorrow, again, later._replace(began=NOON - 20 * M, ended=NOON - 10 * M)]  # one of two plays went on
    assert left(limits(sitting=85 * M, rest=15 * M), more, NOON - 10 * M) == 5 * M
    just = [span(NOON, 15 * M), span(NOON, 10 * M, epoch=1, play=2)]  # by a rest at the least
    assert left(limits(sitting=45 * M, rest=15 * M), just, NOON + 10 * M) == 35 * M
    small = [span(NOON, 14 * M), span(NOON + 9 * M, 10 * M, epoch=1, play=2)]  # by five minutes at least
    assert left(limits(sitting=45 * M, rest=15 * M), small, NOON + 19 * M) == 21 * M
    twice = [*small, span(NOON + 8 * M, 5 * M, epoch=2, play=3), span(NOON + 28 * M, M, epoch=2, play=4)]
    assert left(limits(sitting=45 * M, rest=15 * M), twice, NOON + 29 * M) == 44 * M
    assert left(limits(sitting=45 * M, rest=15 * M), [span(NOON + M, 13 * M)]) == 32 * M
    assert left(limits(sitting=45 * M, rest=15 * M), [span(NOON + M, 14 * M)]) == 45 * M
    # two screens after it are at once again
    assert left(limits(daily=2 * H), [before, again, again._replace(media_type="episode")], NOON - 30 * M) == 30 * M


# ---- sittings ----


def sit(*pieces, now=NOON, **more):
    """Seconds left of a 30 minute sitting after pieces given as (minutes ago, minutes long)."""
    return left(limits(sitting=30 * M, **{"rest": 15 * M, **more}), [span(now - a * M, b * M) for a, b in pieces], now)


@pytest.mark.parametrize(("pieces", "expected"), [
    ([], 30 * M), ([(10, 10)], 20 * M), ([(29, 29)], M),
    ([(30, 30)], -15 * M), ([(31, 31)], -15 * M),
    ([(44, 30)], -M),  # 14 minutes of rest
    ([(45, 30)], 30 * M),  # just 15 minutes of rest
    ([(24, 10)], 20 * M), ([(25, 10)], 30 * M),  # pausing less than rest begins nothing new
    ([(60, 10), (36, 10), (12, 10)], -13 * M),  # three pieces with 14 minutes between them are one sitting of 30
    ([(61, 10), (36, 10), (12, 10)], 10 * M),  # with 15 between the first two it is one of 20
    ([(20, 10), (10, 10)], 10 * M),  # another title, at once
])  # fmt: skip
def test_sittings(pieces, expected):
    assert sit(*pieces) == expected


def test_the_second_at_which_a_rest_is_enough():
    played = [span(NOON - 45 * M, 30 * M)]
    what = limits(sitting=30 * M, rest=15 * M)
    assert until(decide(what, played, NOON - 0.5)) == ("stop", NOON, "sitting")
    assert until(decide(what, played, NOON)) == ("allow", NOON + 30 * M, "sitting")


def test_denied_time_is_rest_and_does_not_prolong_a_sitting():
    what = limits(sitting=30 * M, daily=2 * H, rest=15 * M)
    sitting = span(NOON - 40 * M, 30 * M)
    denied = span(NOON - 10 * M, 10 * M, denied=True)
    assert until(decide(what, [sitting, denied])) == ("stop", NOON + 5 * M, "sitting")
    assert until(decide(what, [sitting, denied], NOON + 5 * M)) == ("allow", NOON + 35 * M, "sitting")
    # but it is charged to the day
    assert lim.used(what, UTC, [sitting, denied], "daily", NOON) == (40 * M, 2 * H)


def test_uncounted_time_is_rest():
    noon_break = ((EVERY, ((NOON % DAY - 15 * M, NOON % DAY),)),)
    what = limits(sitting=30 * M, rest=15 * M, uncounted=noon_break)
    assert left(what, [span(NOON - 45 * M, 45 * M)]) == 30 * M
    short = ((EVERY, ((NOON % DAY - 14 * M, NOON % DAY),)),)
    assert left(what._replace(uncounted=short), [span(NOON - 44 * M, 44 * M)]) == -1 * M
    music = limits(sitting=30 * M, rest=15 * M, uncounted_media=("track",))
    assert left(music, [span(NOON - 45 * M, 30 * M), span(NOON - 15 * M, 15 * M, media_type="track")]) == 30 * M
    # ahead: a sitting that reaches an uncounted window of `rest` or more begins anew after it
    coming = ((EVERY, ((NOON % DAY + 20 * M, NOON % DAY + 35 * M),)),)
    assert left(what._replace(uncounted=coming), []) == 65 * M
    at_its_end = ((EVERY, ((NOON % DAY + 30 * M, NOON % DAY + 45 * M),)),)
    assert left(what._replace(uncounted=at_its_end), []) == 75 * M
    assert left(limits(daily=30 * M, uncounted=at_its_end), []) == 45 * M
    # counting ends before the rest does: until then nothing forbids
    soon = what._replace(uncounted=((EVERY, ((NOON % DAY + 5 * M, NOON % DAY + 10 * M),)),))
    assert until(decide(soon, [span(NOON - 30 * M, 30 * M)])) == ("stop", NOON + 5 * M, "sitting")
    coming = ((EVERY, ((NOON % DAY + 20 * M, NOON % DAY + 34 * M),)),)
    assert left(what._replace(uncounted=coming), []) == 44 * M


def test_a_sitting_knows_no_midnight():
    what = limits(sitting=daily(H, (SAT, 2 * H)), rest=15 * M)
    played = [span(FOUR - 51 * M, 50 * M)]
    assert left(what, played, FOUR - M) == 2 * H - 50 * M  # Saturday allows two hours, the fifty minutes count
    assert until(decide(what, [span(FOUR - 65 * M, H)], FOUR - 5 * M)) == (
        "stop",
        FOUR,
        "sitting",
    )  # opens with Saturday
    less = limits(sitting=daily(2 * H, (SAT, H)), rest=15 * M)
    assert until(decide(less, [span(FOUR - 90 * M, 80 * M)], FOUR - 10 * M)) == ("allow", FOUR, "sitting")
    assert until(decide(less, [span(FOUR - 90 * M, 90 * M)], FOUR)) == ("stop", FOUR + 15 * M, "sitting")


def test_no_sitting_at_all_on_some_days():
    """A sitting of nothing opens with the next day, and never if every day has nothing."""
    what = limits(sitting=daily(H, (SAT, 0)), rest=15 * M)
    assert until(decide(what, [], FOUR)) == ("stop", FOUR + DAY, "sitting")
    assert until(decide(what, [], FOUR - 10 * M)) == ("allow", FOUR, "sitting")
    assert until(decide(limits(sitting=0, rest=15 * M))) == ("stop", None, "sitting")
    assert until(decide(limits(sitting=0, rest=15 * M, unlimited_days=SUN))) == ("stop", FOUR + DAY, "sitting")


def test_without_a_rest_any_pause_will_do():
    what = limits(sitting=30 * M, rest=0)
    assert until(decide(what, [span(NOON - 30 * M, 30 * M)])) == ("stop", NOON + 1, "sitting")
    assert until(decide(what, [span(NOON - 30 * M - 1, 30 * M)])) == ("allow", NOON + 30 * M, "sitting")
    assert left(what, [span(NOON - 10 * M, 10 * M)]) == 20 * M
    # also at the turn of a day
    assert left(what, [span(FOUR - 10 * M, 10 * M)], FOUR) == 20 * M
    assert left(what, [], FOUR - 10 * M) == 30 * M


def test_a_long_rest():
    what = limits(sitting=H, rest=3 * DAY)
    played = [span(NOON - H, H)]
    assert lim.horizon(what, UTC, NOON + 3 * DAY - 1) < NOON - H
    assert until(decide(what, played, NOON + 3 * DAY - 1)) == ("stop", NOON + 3 * DAY, "sitting")
    assert until(decide(what, played, NOON + 3 * DAY)) == ("allow", NOON + 3 * DAY + H, "sitting")


# ---- windows ----


@pytest.mark.parametrize(("now", "expected"), [
    ("2026-11-20T19:59:59", ("allow", "2026-11-20T20:00")), ("2026-11-20T20:00", ("stop", "2026-11-21T07:00")),
    ("2026-11-21T00:00", ("stop", "2026-11-21T07:00")), ("2026-11-21T06:59:59", ("stop", "2026-11-21T07:00")),
    ("2026-11-21T07:00", ("allow", "2026-11-21T20:00")),
])  # fmt: skip
def test_blocked_over_midnight(now, expected):
    assert until(decide(limits(blocked=NIGHT), now=at(now))) == (expected[0], at(expected[1]), "blocked")


@pytest.mark.parametrize(("now", "expected"), [
    ("2026-11-20T15:59:59", ("stop", "2026-11-20T16:00")), ("2026-11-20T16:00", ("allow", "2026-11-20T20:00")),
    ("2026-11-20T20:00", ("stop", "2026-11-21T10:00")), ("2026-11-21T10:00", ("allow", "2026-11-22T01:00")),
    ("2026-11-22T00:59:59", ("allow", "2026-11-22T01:00")), ("2026-11-22T01:00", ("stop", "2026-11-22T10:00")),
])  # fmt: skip
def test_allowed_over_midnight(now, expected):
    what = limits(allowed=((EVERY, ((16 * H, 20 * H),)), (WEEKEND, ((10 * H, 25 * H),))))
    assert until(decide(what, now=at(now))) == (expected[0], at(expected[1]), "allowed")


def test_where_two_entries_name_a_day_the_later_wins():
    what = limits(blocked=((EVERY, ((20 * H, 31 * H),)), (SAT, ((23 * H, 32 * H),)), (SUN, ())))
    assert decide(what, now=at("2026-11-21T22:59:59")).until == at("2026-11-21T23:00")
    assert decide(what, now=at("2026-11-21T23:00")).until == at("2026-11-22T08:00")
    assert decide(what, now=at("2026-11-22T21:00")).until == at("2026-11-23T20:00")
    assert decide(what, now=at("2026-11-22T21:00")).allowed
    assert not decide(what, now=at("2026-11-21T06:00")).allowed  # Friday's night, which Saturday's entry does not end
    two = limits(blocked=((EVERY, ((12 * H, 13 * H),)), (EVERY, ((20 * H, 31 * H),))))
    assert not decide(two, now=at("2026-11-20T12:30")).allowed and not decide(two, now=at("2026-11-20T22:30")).allowed


def test_schoolnights_and_holidays():
    house = calendar(holidays=[("2026-11-19", "2026-11-20")])  # Thursday and Friday
    what = limits(blocked=((SCHOOLNIGHT, ((20 * H, 31 * H),)),), daily=daily(2 * H, (SCHOOLDAY, H)))
    nine = {d: decide(what, [], at(f"2026-11-{d}T21:00"), house).allowed for d in range(16, 23)}
    assert nine == {16: False, 17: False, 18: True, 19: True, 20: True, 21: True, 22: False}
    ten = {d: decide(what, [], at(f"2026-11-{d}T10:00"), house).value for d in range(16, 23)}
    assert ten == {16: H, 17: H, 18: H, 19: 2 * H, 20: 2 * H, 21: 2 * H, 22: 2 * H}


def test_all_day_every_day():
    assert until(decide(limits(blocked=((EVERY, ((0, DAY),)),)))) == ("stop", None, "blocked")
    assert until(decide(limits(allowed=((EVERY, ((0, DAY),)),)))) == ("allow", None, "")
    # far away: only the date in a month's time is open
    assert until(decide(limits(allowed=((date_atom("2026-12-20"), ((0, DAY),)),)))) == (
        "stop", at("2026-12-20T00:00"), "allowed",
    )  # fmt: skip


# ---- what is free ----


def test_unlimited_days_from_their_first_to_their_last_moment():
    what = limits(daily=0, sitting=0, rest=900, blocked=((EVERY, ((0, DAY),)),), unlimited_days=SAT)
    assert until(decide(what, [], FOUR - 0.5)) == ("stop", FOUR, "blocked")
    assert until(decide(what, [], FOUR)) == ("allow", FOUR + DAY, "blocked")
    assert until(decide(what, [], FOUR + DAY - 0.5)) == ("allow", FOUR + DAY, "blocked")
    assert until(decide(what, [], FOUR + DAY)) == ("stop", FOUR + 7 * DAY, "blocked")
    # a window that began the evening before holds until the unlimited day begins, one that begins in it from its end
    night = limits(blocked=NIGHT, unlimited_days=SAT)
    assert until(decide(night, [], FOUR - 1)) == ("stop", FOUR, "blocked")
    assert until(decide(night, [], FOUR + 18 * H)) == ("allow", FOUR + DAY, "blocked")
    assert until(decide(night, [], FOUR + DAY)) == ("stop", FOUR + DAY + 3 * H, "blocked")


def test_time_on_an_unlimited_day_is_not_counted():
    what = limits(weekly=10 * H, unlimited_days=SAT)
    played = [span(FOUR - H, DAY)]
    assert lim.used(what, UTC, played, "weekly", FOUR + DAY) == (H, 10 * H)
    assert left(what, played, FOUR + DAY) == 9 * H
    assert left(limits(daily=H, unlimited_days=SAT), [], FOUR - 30 * M) == 30 * M + DAY + H
    assert until(decide(limits(daily=H, unlimited_days=SAT), [span(NOON, H)], FOUR - 30 * M)) == ("stop", FOUR, "daily")


@pytest.mark.parametrize(("zone", "short", "long", "change"), CHANGES)
def test_unlimited_days_on_which_the_clock_changes(zone, short, long, change):
    for day, length in ((short, DAY - change), (long, DAY + change)):
        saturday = (date.fromisoformat(day) - timedelta(days=1)).isoformat()
        what, house = limits(daily=0, unlimited_days=date_atom(saturday)), calendar(zone)
        begin, end = at(f"{saturday}T04:00", zone), at(f"{day}T04:00", zone)
        assert end - begin == length
        assert not decide(what, [], begin - 0.5, house).allowed and not decide(what, [], end, house).allowed
        assert decide(what, [], begin, house).until == decide(what, [], end - 0.5, house).until == end


def test_uncounted_windows():
    what = limits(daily=H, uncounted=((SAT, ((8 * H, 10 * H),)),))
    eight = at("2026-11-21T08:00")
    assert left(what, [], eight - 30 * M) == 30 * M + 2 * H + 30 * M
    assert left(what, [span(eight - 30 * M, 2 * H)], eight + 90 * M) == 30 * M + 30 * M
    used_up = [span(eight - H, H)]
    assert until(decide(what, used_up, eight - 1)) == ("stop", eight, "daily")
    assert until(decide(what, used_up, eight)) == ("allow", eight + 2 * H, "daily")
    assert until(decide(what, used_up, eight + 2 * H)) == ("stop", FOUR + DAY, "daily")
    # who has overdrawn has no less of it
    overdrawn = [span(eight - 90 * M, 90 * M)]
    assert until(decide(what, overdrawn, eight)) == ("allow", eight + 2 * H, "daily")
    short = limits(sitting=H, rest=3 * H, uncounted=what.uncounted)
    assert until(decide(short, overdrawn, eight)) == ("allow", eight + 2 * H, "sitting")
    # windows still hold in it
    both = what._replace(blocked=((SAT, ((9 * H, 12 * H),)),))
    assert until(decide(both, [], eight)) == ("allow", eight + H, "blocked")
    # in both, only the window forbids; when counting is back, it is the day's budget, longer than the window
    assert until(decide(both, used_up, eight + H)) == ("stop", FOUR + DAY, "blocked")
    assert until(decide(both, used_up, eight + 2 * H)) == ("stop", FOUR + DAY, "daily")


def test_uncounted_media_and_libraries():
    what = limits(daily=H, blocked=NIGHT, uncounted_media=("track", "clip"), uncounted_libraries=("learning",))
    played = [span(NOON - 4 * H, 2 * H, media_type="Track"), span(NOON - 2 * H, 2 * H, library="Learning")]
    assert left(what, played) == H
    full = [*played, span(NOON - H, H)]
    assert until(decide(what, full)) == ("stop", FOUR + 3 * H, "daily")
    assert until(decide(what, full, media="track")) == ("allow", NOON + 8 * H, "blocked")
    assert until(decide(what, full, library="LEARNING")) == ("allow", NOON + 8 * H, "blocked")
    assert not decide(what, full, NOON + 8 * H, media="track").allowed
    # a film beside the music counts as the film
    assert left(what, [span(NOON - H, H, media_type="track"), span(NOON - 30 * M, 30 * M)]) == 30 * M


# ---- what is told, and what a day has more or less ----


def test_without_a_word_nothing_is_limited():
    said = {key: value for key, value in Limits()._asdict().items() if value not in ((), None, False, "")}
    assert said == {"rest": 900, "keep": "oldest"} and not Limits().any
    for one in ({"daily": H}, {"allowed": NIGHT}, {"max_streams": 0}, {"max_paused": 60}, {"known_devices_only": True}):
        assert limits(**one).any


@pytest.mark.parametrize(("what", "value"), [
    ({"daily": H}, H), ({"sitting": 30 * M}, 30 * M), ({"sitting": 0}, 0), ({"daily": 0}, 0),
    ({"blocked": ((EVERY, ((12 * H, 13 * H),)),)}, 0), ({"weekly": H}, H), ({"monthly": 0}, 0),
])  # fmt: skip
def test_what_is_told_of_the_limit(what, value):
    found = decide(limits(message="Go out", **what), [])
    assert (found.value, found.message) == (value, "" if found.allowed else "Go out")
    more = Today(extra=((ordinal("2026-11-20"), 1800),))
    found = words_of_tests.decide(limits(**what), UTC, [], NOON, today=more)
    assert found.value == (0 if "blocked" in what else value + 1800)


@pytest.mark.parametrize(("what", "spans", "expected"), [  # spans in minutes: (ago, long); since: minutes ago
    ({"daily": H}, [(180, 40), (120, 40)], 100), ({"sitting": 30 * M}, [(60, 20), (35, 20)], 25),
    ({"sitting": 30 * M}, [(60, 30), (25, 10)], 25), ({"sitting": 0}, [(20, 5)], 20), ({"daily": 2 * H}, [(60, 20)], 0),
])  # fmt: skip
def test_since_when_a_budget_is_used_up(what, spans, expected):
    played = [span(NOON - ago * M, long * M) for ago, long in spans]
    (bound,) = lim.bounds(limits(**what), UTC, played, NOON, counted=True)
    assert bound.since(NOON) == NOON - expected * M


MONDAY = at("2026-11-16T12:00")


@pytest.mark.parametrize(("extra", "expected"), [  # seconds more on Monday; when 20 hours of the week are used up
    ([], 20 * H), ([(0, H)], 21 * H),
    ([(0, -4 * H)], 20 * H),  # the penalty holds until four in the morning: then there are sixteen hours, to the second
    ([(0, -5 * H)], 15 * H), ([(-1, H)], 20 * H), ([(-1, -H)], 20 * H),
])  # fmt: skip
def test_a_week_is_used_up_day_by_day(extra, expected):
    more = tuple((ordinal("2026-11-16") + day, seconds) for day, seconds in extra)
    found = words_of_tests.decide(limits(weekly=20 * H), UTC, [], MONDAY, today=Today(extra=more))
    assert until(found) == ("allow", MONDAY + expected, "weekly")


@pytest.mark.parametrize(("extra", "played", "expected"), [  # by days before Friday, hours; the week's limit on Friday
    ({}, {2: 2}, 10), ({2: 1}, {2: 2}, 11), ({2: 1}, {2: 1, 1: 1}, 10), ({2: 1, 1: 1, 0: 0.5}, {2: 2, 1: 2}, 12.5),
    ({4: 1}, {4: 2}, 11), ({5: 1}, {5: 2}, 10), ({2: 1}, {2: 1.5}, 10.5), ({2: -1}, {2: 3}, 10), ({0: 1}, {}, 11),
])  # fmt: skip
def test_a_week_is_not_charged_with_bonuses(extra, played, expected):
    friday = ordinal("2026-11-20")
    more = tuple(sorted((friday - ago, int(hours * H)) for ago, hours in extra.items()))
    spans = [span(NOON - ago * DAY, hours * H) for ago, hours in played.items()]
    assert lim.used(limits(daily=H, weekly=10 * H, extra=more), UTC, spans, "weekly", NOON)[1] == expected * H
    assert lim.used(limits(daily=H, extra=more), UTC, spans, "daily", NOON)[1] == H + extra.get(0, 0) * H


def test_where_no_day_has_a_budget_a_bonus_is_used_first():
    what = limits(weekly=10 * H, extra=((ordinal("2026-11-19"), H),))
    assert lim.used(what, UTC, [span(NOON - DAY, 30 * M)], "weekly", NOON)[1] == 10 * H + 30 * M


def test_all_that_was_played_was_denied():
    assert left(limits(sitting=30 * M), [span(NOON - H, H, denied=True)]) == 30 * M


# ---- days on which the clock changes ----


@pytest.mark.parametrize(("zone", "short", "long", "change"), CHANGES)
def test_a_budget_of_a_day_of_23_or_25_hours(zone, short, long, change):
    house = calendar(zone)
    for day, length in ((short, DAY - change), (long, DAY + change)):
        end = at(f"{day}T04:00", zone)
        begin = end - length
        everything = span(begin, length)
        assert lim.used(limits(daily=H), house, [everything], "daily", end - 1)[0] == length
        assert lim.used(limits(daily=H), house, [everything], "daily", end)[0] == 0
        assert lim.used(limits(daily=H), house, [everything], "daily", begin - 1)[0] == 0
        what = limits(daily=length - 1)
        assert until(decide(what, [span(begin, 100)], begin + 100, house)) == ("allow", end - 1, "daily")
        # a budget as long as the day itself goes over into the next
        assert until(decide(limits(daily=25 * H - 1), [], end - 60, house)) != ("allow", end, "daily")
        assert decide(limits(daily=length), [span(begin, 100)], begin + 100, house).until != end


@pytest.mark.parametrize(("zone", "short", "long", "change"), CHANGES)
def test_nights_on_which_the_clock_changes(zone, short, long, change):
    house = calendar(zone)
    for day, by in ((short, -change), (long, change)):
        seven = at(f"{day}T07:00", zone)
        eight = seven - 11 * H - by  # of the evening before
        assert until(decide(limits(blocked=NIGHT), [], eight - 1, house)) == ("allow", eight, "blocked")
        assert until(decide(limits(blocked=NIGHT), [], eight, house)) == ("stop", seven, "blocked")
        assert until(decide(limits(blocked=NIGHT), [], seven - 1, house)) == ("stop", seven, "blocked")


# ---- properties: for anything an owner may write and anybody may have watched ----


BASE = int(at("2026-10-22T00:00"))
HORIZON = 6 * DAY  # around the end of October: a DST change, a change of week and of month
DAYS = (EVERY, MON, SAT, SUN, WEEKDAY, WEEKEND, SCHOOLDAY, SCHOOLNIGHT, HOLIDAYS)


def some(r, most, make, least=0):
    """A tuple of up to so many."""
    return tuple(make(r) for _ in range(r.randint(least, most)))


def some_seconds(r):
    return r.choice((None, 0, r.randint(0, 300) * 60))


def per_day(r):
    return some(r, 3, lambda r: (r.choice(DAYS), some_seconds(r)))


def some_range(r):
    began = r.randint(0, 47)
    return began * 1800, (began + r.randint(1, 48)) * 1800


def some_windows(r):
    return some(r, 2, lambda r: (r.choice(DAYS), some(r, 2, some_range)))


def some_limits(r):
    hours = r.choice(({}, {"blocked": some_windows(r)}, {"allowed": some_windows(r)}))
    return Limits(
        daily=per_day(r), weekly=r.choice(((), daily(r.randint(0, 1200) * 60))),
        monthly=r.choice(((), daily(r.randint(0, 3000) * 60))), sitting=per_day(r),
        rest=r.choice((0, 60, 900, 3600, 6 * H)),
        unlimited_days=r.choice(((), (), SUN, date_atom("2026-10-24"), HOLIDAYS)),
        uncounted=r.choice(((), some_windows(r))), uncounted_media=r.choice(((), ("track",))), **hours,
    )  # fmt: skip


def some_span(r):
    began, seconds = r.randint(BASE, BASE + HORIZON), r.choice((r.randint(0, 2 * H), 0, 900, 1800, 3600))
    return Span(began, began + seconds, r.choice(("movie", "movie", "track")), "", 0, r.random() < 0.25)


def some_spans(r):
    return list(some(r, 6, some_span))


def some_moment(r):
    return r.randint(BASE, BASE + HORIZON)


def some_house(r):
    zone, starts = r.choice(("UTC", "Europe/Zurich", "Australia/Lord_Howe")), r.choice((4 * H, 0, 150 * M, 23 * H))
    return calendar(zone, starts, r.randint(0, 6), holidays=["2026-10-24", ("2026-10-26", "2026-10-27")])


def some_key(r):
    return r.choice(("daily", "weekly", "monthly", "sitting", "blocked"))


def past(spans, now):
    """What of the spans can have been seen at that moment."""
    return [s._replace(ended=min(s.ended, now)) for s in spans if s.began <= now]


@pytest.mark.parametrize("what", [Limits(sitting=daily(1800), rest=0), Limits(sitting=daily(0))])
def test_an_allow_of_a_sitting_holds_until_its_moment(what):
    allow_holds_until_its_moment_and_not_longer(what, [], BASE, UTC)


@by_chance(250, some_limits, some_spans, some_moment, some_house)
def test_an_allow_holds_until_its_moment_and_not_longer(what, spans, now, house):
    allow_holds_until_its_moment_and_not_longer(what, spans, now, house)


def allow_holds_until_its_moment_and_not_longer(what, spans, now, house):
    spans = past(spans, now)
    found = decide(what, spans, now, house)
    if not found.allowed or found.until is None:
        return
    assert now < found.until <= now + lim.AHEAD
    for before in (found.until - 0.5, (now + found.until) / 2, now + 0.5):
        if now < before < found.until:
            then = decide(what, [*spans, Span(now, before, "movie")], before, house)
            assert then.allowed and then.until == found.until and then.limit == found.limit
    over = decide(what, [*spans, Span(now, found.until, "movie")], found.until, house)
    assert not over.allowed


@by_chance(150, some_limits, some_spans, some_moment, some_house)
def test_a_stop_ends_at_its_moment_and_not_before(what, spans, now, house):
    spans = past(spans, now)
    found = decide(what, spans, now, house)
    if found.allowed:
        return
    if found.until is None:
        later = [now + n * DAY for n in range(1, 44, 6)]
        assert not any(decide(what, spans, m, house).allowed for m in later)
        return
    assert found.until > now
    assert decide(what, spans, found.until, house).allowed
    for before in (found.until - 1, (now + found.until) / 2, now + (found.until - now) / 7):
        if before > now:
            then = decide(what, spans, before, house)
            assert not then.allowed and then.until == found.until


@by_chance(150, some_limits, some_limits, some_spans, some_moment, some_house, some_key)
def test_one_limit_more_never_allows_more(what, other, spans, now, house, key):
    if key == "blocked" and what.allowed:
        return
    what = what._replace(**{key: ()})
    more = what._replace(**{key: getattr(other, key)})
    one, two = decide(what, spans, now, house), decide(more, spans, now, house)
    assert one.allowed or not two.allowed
    if one.allowed and two.allowed:
        assert (two.until or now + 9 * DAY) <= (one.until or now + 9 * DAY)


@by_chance(150, some_limits, some_spans, some_moment, some_house, lambda r: r, lambda r: r.uniform(0.05, 0.95))
def test_order_and_cuts_of_spans_do_not_matter(what, spans, now, house, random, where):
    whole = decide(what, spans, now, house)
    cut = []
    for s in spans:
        middle = s.began + int((s.ended - s.began) * where)
        cut += [s._replace(ended=middle), s._replace(began=middle)]
    random.shuffle(cut)
    assert decide(what, cut, now, house) == whole
    assert decide(what, spans + spans, now, house) == whole
    for kind in ("daily", "weekly", "monthly"):
        assert lim.used(what, house, cut, kind, now) == lim.used(what, house, spans, kind, now)


@by_chance(150, some_limits, some_spans, some_moment, some_house)
def test_what_lies_before_the_horizon_does_not_matter(what, spans, now, house):
    """With what the ledger hands over, the spans that ended after it, the decision is that of all of them."""
    since = lim.horizon(what, house, now)
    spans = past(spans, now)
    assert decide(what, [s for s in spans if s.ended > since], now, house) == decide(what, spans, now, house)


@by_chance(150, some_limits, some_spans, some_moment, some_house, lambda r: r.choices(range(4), k=6),
           lambda r: r.choice(("movie", "track", "", "TRACK", "odd")))  # fmt: skip
def test_nothing_makes_a_decision_raise(what, spans, now, house, epochs, media):
    """Not even spans of the future, of no length, of several epochs."""
    spans = [s._replace(epoch=e) for s, e in zip(spans, epochs, strict=False)]
    found = words_of_tests.decide(what, house, spans, now + 0.25, media, "")
    assert found.until is None or found.until > now
    assert found.reason and not found.reason.isspace() and "\n" not in found.reason
    for kind in ("daily", "weekly", "monthly"):
        assert lim.used(what, house, spans, kind, now)[0] >= 0


def test_ordinals_of_these_tests():
    assert date.fromordinal(ordinal("2026-11-20")).strftime("%a") == "Fri"
