"""The figures of a digest: where the seconds of a play go, on both DST days too; limits; sums that agree."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.model import PastPlay
from shared.policy import digest, periods
from shared.policy.calendar import day_of, local_clock, weekday
from shared.policy.digest import Decided, Owned, Subject
from shared.policy.limits import Limits

from .words_of_tests import WEEKEND, ZONES, H, M, at, calendar, examples, ordinal

ZURICH = "Europe/Zurich"
EMMA = Subject("emma", "emma", Limits())


def play(began, seconds, work="A", kind="movie", user_id=1, library=""):
    return PastPlay(user_id, "u", "m", "TV", "tvOS", began, seconds, kind, work, work, library)


def reckoned(plays, first, after, zone=ZURICH, starts=4 * H, limits=None, key="emma"):
    house = calendar(zone, starts)
    period = periods.days(house, ordinal(first), ordinal(after))
    before = periods.days(house, 2 * period.first - period.after, period.first)
    owned = [Owned(key, one) for one in plays]
    return digest.reckon(owned, [Subject(key, key, limits or Limits())], house, period, before)


@pytest.mark.parametrize(("began", "seconds", "days", "cells"), [
    # across midnight: all of it is still the day before, in its hours 23 and 0
    ("2026-11-16T23:30", H, (H, 0), {(0, 23): 30 * M, (0, 0): 30 * M}),
    # across the begin of a day
    ("2026-11-17T03:30", H, (30 * M, 30 * M), {(0, 3): 30 * M, (1, 4): 30 * M}),
    # begins before the period, ends after it
    ("2026-11-16T03:00", 2 * H, (H, 0), {(0, 4): H}),
    ("2026-11-18T03:59:59", 100, (0, 1), {(1, 3): 1}),
    # a second before and a second after are none of it
    ("2026-11-16T03:59:00", 60, (0, 0), {}),
    ("2026-11-18T04:00:00", 60, (0, 0), {}),
])  # fmt: skip
def test_a_play_is_split_at_hours_and_days(began, seconds, days, cells):
    told = reckoned([play(at(began, ZURICH), seconds)], "2026-11-16", "2026-11-18")
    assert told.days == days == told.people[0].days
    assert told.seconds == sum(days) and told.plays == (sum(days) > 0)
    found = {(d, h): s for d, row in enumerate(told.grid) for h, s in enumerate(row) if s}
    assert found == cells


@pytest.mark.parametrize(("began", "fold", "seconds", "starts", "days", "cells"), [
    # spring: the clock goes from 02:00 to 03:00; two hours from 01:30 on end at 04:30
    ("2026-03-29T01:30", 0, 2 * H, 0, (0, 2 * H, 0), {(6, 1): 30 * M, (6, 3): H, (6, 4): 30 * M}),
    ("2026-03-29T01:30", 0, 2 * H, 4 * H, (90 * M, 30 * M, 0), {(5, 1): 30 * M, (5, 3): H, (6, 4): 30 * M}),
    # autumn: the hour from 02:00 to 03:00 comes twice; three hours from 01:30 on end at 03:30
    ("2026-10-25T01:30", 0, 3 * H, 0, (0, 3 * H, 0), {(6, 1): 30 * M, (6, 2): 2 * H, (6, 3): 30 * M}),
    ("2026-10-25T02:30", 1, H, 0, (0, H, 0), {(6, 2): 30 * M, (6, 3): 30 * M}),
    ("2026-10-25T02:30", 0, 3 * H, 4 * H, (150 * M, 30 * M, 0), {(5, 2): 90 * M, (5, 3): H, (6, 4): 30 * M}),
    # a day that begins in the hour that comes twice: at its first time
    ("2026-10-25T01:30", 0, 3 * H, 150 * M, (H, 2 * H, 0), {(5, 1): 30 * M, (5, 2): 30 * M, (6, 2): 90 * M,
                                                            (6, 3): 30 * M}),
])  # fmt: skip
def test_on_the_days_on_which_the_clock_is_changed(began, fold, seconds, starts, days, cells):
    moment = at(began, ZURICH, fold)
    first = began[:8] + str(int(began[8:10]) - 1)
    told = reckoned([play(moment, seconds)], first, began[:8] + str(int(began[8:10]) + 2), starts=starts)
    found = {(d, h): s for d, row in enumerate(told.grid) for h, s in enumerate(row) if s}
    assert (told.days, found) == (days, cells)


PLAYS = st.lists(st.tuples(st.integers(-3 * 24 * H, 10 * 24 * H), st.integers(0, 30 * H), st.sampled_from("ABC"),
                           st.sampled_from(("emma", "max"))), max_size=12)  # fmt: skip


@given(PLAYS, st.sampled_from(ZONES), st.sampled_from(("2026-03-25", "2026-10-21", "2026-04-01")),
       st.sampled_from((0, 4 * H, 9000)))  # fmt: skip
@examples(60)
def test_every_second_is_told_once_whatever_it_is_told_by(told_plays, zone, first, starts):
    house = calendar(zone, starts)
    period = periods.days(house, ordinal(first), ordinal(first) + 7)
    before = periods.days(house, period.first - 7, period.first)
    owned = [Owned(key, play(period.began + shift, seconds, work)) for shift, seconds, work, key in told_plays]
    told = digest.reckon(owned, [Subject("emma", "Emma"), Subject("max", "Max")], house, period, before)
    by_day, by_cell, by_key, earlier = {}, {}, {}, 0
    for one in owned:  # a slow way: each half minute by itself
        whole = int(one.play.seconds)
        for n in range(0, whole, 30):
            moment, length = one.play.began + n, min(30, whole - n)
            if period.began <= moment < period.ended:
                seconds = min(length, period.ended - moment)
                day = day_of(house, moment)
                by_day[day] = by_day.get(day, 0) + seconds
                cell = weekday(day), local_clock(house, moment)[1] // H
                by_cell[cell] = by_cell.get(cell, 0) + seconds
                by_key[one.key] = by_key.get(one.key, 0) + seconds
    exact = sum(digest.seconds_in(one.play, period.began, period.ended) for one in owned)
    earlier = sum(digest.seconds_in(one.play, before.began, before.ended) for one in owned)
    assert told.seconds == exact == sum(told.days) == sum(map(sum, told.grid)) == sum(w.seconds for w in told.works)
    assert told.earlier == earlier == sum(p.earlier for p in told.people)
    near = 30 * len(owned)
    assert all(abs(told.days[n] - by_day.get(period.first + n, 0)) <= near for n in range(7))
    assert all(abs(told.grid[d][h] - by_cell.get((d, h), 0)) <= near for d in range(7) for h in range(24))
    assert all(abs(p.seconds - by_key.get(p.key, 0)) <= near for p in told.people)
    assert told.plays == sum(w.plays for w in told.works) == sum(p.plays for p in told.people)


def test_limits_are_told_as_they_were_used():
    plays = [play(at(f"2026-11-{day}T18:00", ZURICH), 50 * M) for day in (16, 17, 18)]
    plays += [play(at("2026-11-18T18:10", ZURICH), 70 * M), play(at("2026-11-18T19:00", ZURICH), H, kind="track")]
    held = Limits(daily=(((), H), (WEEKEND, 2 * H)), weekly=(((), 10 * H),), uncounted_media=("track",))
    told = reckoned(plays, "2026-11-16", "2026-11-23", limits=held)
    daily, weekly = told.people[0].budgets
    assert daily == ("daily", ordinal("2026-11-18"), 80 * M, H, 1, 7)  # two screens at once are one
    assert weekly == ("weekly", ordinal("2026-11-16"), 180 * M, 10 * H, 0, 1)
    assert told.seconds == 50 * M * 3 + 70 * M + H  # what was watched is all of it


def test_people_and_works_are_told_by_time_and_a_quiet_one_last():
    """Those who watched nothing by what they watched the week before, then by name."""
    house = calendar(ZURICH)
    period, before = periods.covered(house, ("weekly", 0, 8 * H), at("2026-11-23T08:00", ZURICH))
    now, then = at("2026-11-18T18:00", ZURICH), at("2026-11-11T18:00", ZURICH)
    owned = [Owned("a", play(now, H)), Owned("b", play(now, 2 * H)), Owned("d", play(then, H)),
             Owned("e", play(then, 2 * H)), Owned("nobody", play(now, 5 * H, "Z"))]  # fmt: skip
    subjects = [Subject(key, name) for key, name in (
        ("g", "zoe"), ("f", "Anna"), ("d", "dan"), ("e", "eve"), ("a", "al"), ("b", "bo"))]
    told = digest.reckon(owned, subjects, house, period, before)
    assert [person.key for person in told.people] == ["b", "a", "e", "d", "f", "g"]
    assert [work.title for work in told.works] == ["A"] and told.works[0].people == 2  # whoever is none of them is not
    assert len(told.grid) == 7 and {len(row) for row in told.grid} == {24}


@pytest.mark.parametrize(("minutes", "expected"), [
    # (watched on Mon, Tue, Wed) -> the fullest day, its minutes, on how many days the limit of an hour was reached
    ((10, 0, 0), (0, 10, 0)), ((10, 50, 20), (1, 50, 0)), ((59, 58, 60), (2, 60, 2)), ((0, 0, 0), (0, 0, 0)),
    ((58.99, 59.1, 0), (1, 59.1, 1)),
])  # fmt: skip
def test_of_a_budget_the_fullest_day_is_told(minutes, expected):
    plays = [play(at(f"2026-11-{16 + n}T18:00", ZURICH), length * M) for n, length in enumerate(minutes)]
    told = reckoned(plays, "2026-11-16", "2026-11-19", limits=Limits(daily=(((), H),)))
    (budget,) = told.people[0].budgets
    first, most, reached = expected
    assert budget == ("daily", ordinal("2026-11-16") + first, most * M, H, reached, 3)


def test_of_a_budget_that_changes_by_the_day_the_share_counts():
    """An hour of two on Saturday is less than 50 minutes of one on Friday; and of none, what was watched."""
    plays = [play(at(f"2026-11-{day}T18:00", ZURICH), length * M) for day, length in ((20, 50), (21, 60))]
    held = Limits(daily=(((), H), (WEEKEND, 2 * H)))
    (budget,) = reckoned(plays, "2026-11-20", "2026-11-22", limits=held).people[0].budgets
    assert budget == ("daily", ordinal("2026-11-20"), 50 * M, H, 0, 2)
    none = Limits(daily=(((), 0),))
    (budget,) = reckoned(plays, "2026-11-20", "2026-11-23", limits=none).people[0].budgets
    assert budget == ("daily", ordinal("2026-11-21"), H, 0, 2, 3)  # on Sunday nothing was watched


def test_a_play_after_the_period_uses_up_nothing_of_its_week():
    """One that goes on over the end counts up to it; a long one that began days before is found."""
    end = at("2026-11-18T04:00", ZURICH)
    plays = [play(end - H, 3 * H), play(end + 5 * H, H), play(end - 40 * H, 30 * H)]
    (budget,) = reckoned(plays, "2026-11-17", "2026-11-18", limits=Limits(weekly=(((), 50 * H),))).people[0].budgets
    assert budget == ("weekly", ordinal("2026-11-16"), 31 * H, 50 * H, 0, 1)


def test_a_week_that_began_before_the_period_counts_from_its_begin():
    plays = [play(at("2026-11-16T18:00", ZURICH), 2 * H), play(at("2026-11-18T18:00", ZURICH), H)]
    held = Limits(weekly=(((), 3 * H),))
    house = calendar(ZURICH)
    period, before = periods.days(house, ordinal("2026-11-18"), ordinal("2026-11-19")), periods.days(
        house, ordinal("2026-11-17"), ordinal("2026-11-18"))  # fmt: skip
    subjects = [Subject("emma", "emma", held)]
    assert digest.horizon(subjects, house, period, before) == at("2026-11-16T04:00", ZURICH)
    assert digest.horizon([EMMA], house, period, before) == before.began
    told = digest.reckon([Owned("emma", p) for p in plays], subjects, house, period, before)
    assert told.people[0].budgets == (("weekly", ordinal("2026-11-16"), 3 * H, 3 * H, 1, 1),)
    assert told.seconds == H and told.earlier == 0


def test_what_is_exempt_uses_up_nothing():
    one = play(at("2026-11-16T18:00", ZURICH), 2 * H)
    house = calendar(ZURICH)
    period, before = periods.covered(house, ("weekly", 0, 8 * H), at("2026-11-23T08:00", ZURICH))
    subjects = [Subject("emma", "emma", Limits(daily=(((), H),)))]
    told = digest.reckon([Owned("emma", one, charged=False)], subjects, house, period, before)
    assert told.people[0].seconds == 2 * H and told.people[0].budgets[0].used == 0


def test_a_bonus_and_what_counts_for_somebody_else():
    """A bonus adds to the budget of its day, and is not charged to the week; max's minutes are emma's, too."""
    house = calendar(ZURICH)
    period, before = periods.covered(house, ("weekly", 0, 8 * H), at("2026-11-23T08:00", ZURICH))
    held = Limits(daily=(((), H),), weekly=(((), 2 * H),), extra=((ordinal("2026-11-18"), 30 * M),))
    owned = [Owned("emma", play(at("2026-11-18T18:00", ZURICH), H)),
             Owned("max", play(at("2026-11-18T20:00", ZURICH), 30 * M)),
             Owned("max", play(at("2026-11-20T20:00", ZURICH), 10 * M))]  # fmt: skip
    subjects = [Subject("emma", "emma", held, ("max",)), Subject("max", "max")]
    emma, other = digest.reckon(owned, subjects, house, period, before).people
    assert (emma.seconds, other.seconds) == (H, 40 * M)
    assert emma.budgets == (
        ("daily", ordinal("2026-11-18"), 90 * M, 90 * M, 1, 7),
        ("weekly", ordinal("2026-11-16"), 100 * M, 150 * M, 0, 1),
    )
    (alone,) = digest.reckon(owned, subjects[:1], house, period, before).people
    assert alone == emma


def test_works_are_told_by_time():
    begin = at("2026-11-16T18:00", ZURICH)
    plays = [play(begin, 100, "A"), play(begin, 300, "B"), play(begin + 9, 250, "A"), play(begin, 50, "A", "episode")]
    told = reckoned(plays, "2026-11-16", "2026-11-17")
    assert [(w.title, w.kind, w.seconds, w.plays, w.people) for w in told.works] == [
        ("A", "movie", 350, 2, 1), ("B", "movie", 300, 1, 1), ("A", "show", 50, 1, 1)]  # fmt: skip
    assert digest.busiest(told) == (0, 18)
    assert digest.busiest(reckoned([], "2026-11-16", "2026-11-17")) is None


def test_stops_are_counted_by_kind():
    rows = [
        Decided(1000, 100, "emma", "stop", "daily", "daily limit of 1 h reached; back at 04:00", "A"),
        Decided(1005, 1000, "emma", "stop", "daily", "daily limit of 1 h reached; back at 04:00", "A"),
        Decided(1006, 100, "emma", "allow", "", "no limit in sight", "A"),
        Decided(1100, 1000, "max", "would stop", "blocked", "no watching at this hour; back at 07:00", "B"),
    ]
    assert digest.stopped(rows) == (
        ("emma", 1, 1, 0, "daily limit of 1 h reached"), ("max", 0, 0, 1, "no watching at this hour"))  # fmt: skip


def test_stops_are_told_by_number_and_with_the_reason_that_was_given_most_often():
    def rows(key, stops, would=0, reasons=("why",), after=900):
        return [Decided(1000 + after, 1000, key, "stop" if n < stops else "would stop", "daily",
                        reasons[n % len(reasons)], "A") for n in range(stops + would)]  # fmt: skip

    told = digest.stopped([*rows("d", 1), *rows("c", 1), *rows("b", 0, 2), *rows("a", 0, 1), *rows("e", 3, 0, (
        "once", "often; back at 04:00", "often; back at 05:00")), *rows("f", 2, after=14), *rows("g", 2, after=15)])
    assert told == (("e", 3, 0, 0, "often"), ("f", 0, 2, 0, "why"), ("g", 2, 0, 0, "why"), ("c", 1, 0, 0, "why"),
                    ("d", 1, 0, 0, "why"), ("b", 0, 0, 2, "why"), ("a", 0, 0, 1, "why"))


def test_the_first_of_two_busiest_hours_is_told():
    for days in (("16", "18"), ("18", "16")):
        plays = [play(at(f"2026-11-{day}T{hour}:00", ZURICH), H) for day in days for hour in (20, 18)]
        assert digest.busiest(reckoned(plays, "2026-11-16", "2026-11-23")) == (0, 18)
    plays = [play(at("2026-11-18T20:00", ZURICH), H)]
    assert digest.busiest(reckoned(plays, "2026-11-16", "2026-11-23")) == (2, 20)


@pytest.mark.parametrize(("count", "bars"), [(1, 1), (35, 35), (36, 6), (380, 55), (381, 13), (730, 25)])
def test_many_days_become_weeks_and_months(count, bars):
    house = calendar(ZURICH)
    period = periods.days(house, ordinal("2025-06-02"), ordinal("2025-06-02") + count)
    found = digest.labels(house, [1.0] * count, period)
    assert sum(seconds for *_, seconds in found) == count and abs(len(found) - bars) <= 1
    assert found[0][0] == period.first and found[-1][1] == period.after
    assert all(one[1] == two[0] for one, two in zip(found, found[1:], strict=False))
