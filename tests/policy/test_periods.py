"""Turns of a schedule, the days they cover, and the hours in them: tables, DST days, and against brute force."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.policy import periods
from shared.policy.calendar import day_of, local_clock, moment

from .words_of_tests import CHANGES, ZONES, H, M, at, calendar, examples, ordinal

DAILY, WEEKLY, FIRST, LAST = ("daily", 0, 8 * H), ("weekly", 0, 8 * H), ("monthly", 1, 8 * H), ("monthly", 31, 8 * H)
SCHEDULES = st.one_of(
    st.tuples(st.just("daily"), st.just(0), st.integers(0, 24 * H - 1)),
    st.tuples(st.just("weekly"), st.integers(0, 6), st.integers(0, 24 * H - 1)),
    st.tuples(st.just("monthly"), st.integers(1, 31), st.integers(0, 24 * H - 1)),
)


@pytest.mark.parametrize(("schedule", "now", "last", "following"), [
    (DAILY, "2026-11-20T08:00", "2026-11-20T08:00", "2026-11-21T08:00"),
    (DAILY, "2026-11-20T07:59:59", "2026-11-19T08:00", "2026-11-20T08:00"),
    (WEEKLY, "2026-11-22T23:00", "2026-11-16T08:00", "2026-11-23T08:00"),
    (WEEKLY, "2026-11-23T08:00", "2026-11-23T08:00", "2026-11-30T08:00"),
    (FIRST, "2026-12-31T00:00", "2026-12-01T08:00", "2027-01-01T08:00"),
    (LAST, "2026-03-01T00:00", "2026-02-28T08:00", "2026-03-31T08:00"),
    (("daily", 0, 2 * H + 30 * M), "2026-03-29T12:00", "2026-03-29T03:00", "2026-03-30T02:30"),  # left out that day
    (("daily", 0, 2 * H + 30 * M), "2026-10-25T12:00", "2026-10-25T02:30", "2026-10-26T02:30"),  # twice: the first
])  # fmt: skip
def test_turns(schedule, now, last, following):
    zone = calendar("Europe/Zurich")
    assert periods.last_turn(zone, schedule, at(now, "Europe/Zurich")) == at(last, "Europe/Zurich")
    assert periods.next_turn(zone, schedule, at(now, "Europe/Zurich")) == at(following, "Europe/Zurich")


@pytest.mark.parametrize(("schedule", "turn", "days", "before"), [
    (DAILY, "2026-11-20T08:00", ("2026-11-19", "2026-11-20"), "2026-11-18"),
    (WEEKLY, "2026-11-23T08:00", ("2026-11-16", "2026-11-23"), "2026-11-09"),
    (FIRST, "2026-03-01T08:00", ("2026-02-01", "2026-03-01"), "2026-01-01"),
    (LAST, "2026-03-31T08:00", ("2026-02-28", "2026-03-31"), "2026-01-31"),
    (("weekly", 0, 2 * H), "2026-11-23T02:00", ("2026-11-15", "2026-11-22"), "2026-11-08"),  # Sunday is not over yet
])  # fmt: skip
def test_what_a_turn_covers(schedule, turn, days, before):
    period, earlier = periods.covered(calendar(), schedule, at(turn))
    assert (period.first, period.after) == tuple(map(ordinal, days))
    assert (earlier.first, earlier.after) == (ordinal(before), period.first)
    assert (period.began, period.ended) == tuple(at(f"{day}T04:00") for day in days)


@given(SCHEDULES, st.sampled_from(ZONES), st.integers(int(at("2025-06-01T00:00")), int(at("2027-06-01T00:00"))))
@examples(150)
def test_turns_follow_each_other_and_cover_every_day_once(schedule, zone, now):
    house = calendar(zone)
    last, following = periods.last_turn(house, schedule, now), periods.next_turn(house, schedule, now)
    assert last <= now < following and periods.last_turn(house, schedule, following) == following
    period, before = periods.covered(house, schedule, last)
    later, same = periods.covered(house, schedule, following)
    assert (same, period.after) == (period, later.first) and before.after == period.first < period.after
    assert period.ended <= last


@given(st.sampled_from(ZONES), st.integers(ordinal("2025-06-01"), ordinal("2027-05-01")), st.integers(1, 9),
       st.sampled_from((0, 4 * H, 4 * H + 30 * M, 2 * H + 15 * M)))  # fmt: skip
@examples(60)
def test_hours_are_those_that_a_clock_shows(zone, first, count, starts):
    house = calendar(zone, starts)
    period = periods.days(house, first, first + count)
    found = periods.hours(house, period)
    assert found[0].began == period.began and found[-1].ended == period.ended
    assert all(one.ended == two.began for one, two in zip(found, found[1:], strict=False))
    for hour in found:
        for moment_in in (hour.began, (hour.began + hour.ended) // 2, hour.ended - 1):
            assert local_clock(house, moment_in)[1] // H == hour.hour
            assert day_of(house, moment_in) == hour.day


@pytest.mark.parametrize(("zone", "shorter", "longer", "by"), CHANGES)
def test_a_day_of_23_hours_and_one_of_25(zone, shorter, longer, by):
    house = calendar(zone, 0)
    for day, seconds in ((shorter, 24 * H - by), (longer, 24 * H + by)):
        found = periods.hours(house, periods.days(house, ordinal(day), ordinal(day) + 1))
        assert sum(h.ended - h.began for h in found) == seconds
        assert found[-1].ended == moment(house, ordinal(day) + 1)


def test_a_month_is_a_month():
    house, turn = calendar(), at("2028-01-01T08:00")
    for _ in range(24):
        period, before = periods.covered(house, FIRST, turn)
        assert date.fromordinal(period.first).day == 1 == date.fromordinal(period.after).day
        turn = moment(house, before.after, 8 * H)
