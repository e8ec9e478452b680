"""Days, weeks, months and windows as moments, against zoneinfo and brute force."""

from datetime import date, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.policy import calendar as cal
from shared.policy import intervals
from shared.policy.calendar import Calendar

from .words_of_tests import (
    CHANGES,
    DAY,
    EVERY,
    FRI,
    HOLIDAYS,
    MON,
    SAT,
    SCHOOLDAY,
    SCHOOLNIGHT,
    SUN,
    WEEKDAY,
    WEEKEND,
    ZONES,
    H,
    M,
    at,
    calendar,
    date_atom,
    examples,
    first_moment,
    local,
    ordinal,
)

MOMENTS = st.integers(int(at("2025-06-01T00:00")), int(at("2027-06-01T00:00")))
NEAR_CHANGES = st.sampled_from([at(f"{d}T00:00", z) for z, *days, _ in CHANGES for d in days]).flatmap(
    lambda base: st.integers(int(base) - 8 * H, int(base) + 34 * H)
)
ANY_MOMENT = st.one_of(MOMENTS, NEAR_CHANGES)


# ---- clock and moment ----


@examples(300)
@given(ANY_MOMENT, st.sampled_from(ZONES), st.sampled_from((0.0, 0.25, 0.999)))
def test_the_clock_on_the_wall_is_that_of_zoneinfo(moment, zone, fraction):
    now = local(moment, zone)
    seconds = now.hour * H + now.minute * M + now.second
    assert cal.local_clock(calendar(zone), moment + fraction) == (now.toordinal(), seconds)


@examples(300)
@given(ANY_MOMENT, st.sampled_from(ZONES))
def test_a_moment_is_found_again_by_its_date_and_clock_or_is_the_second_of_two(moment, zone):
    house = calendar(zone)
    found = cal.moment(house, *cal.local_clock(house, moment))
    assert found == moment or (found < moment and local(moment, zone).fold == 1)


@examples(40)
@given(NEAR_CHANGES, st.sampled_from(ZONES[:4]), st.integers(0, 96).map(lambda n: n * 1800))
def test_moment_is_the_first_at_which_the_wall_shows_as_much(moment, zone, seconds):
    day = local(moment, zone).toordinal()
    assert cal.moment(calendar(zone), day, seconds) == first_moment(day, seconds, zone)


@pytest.mark.parametrize(("zone", "date_", "clock", "expected"), [
    ("Europe/Zurich", "2026-03-29", 2 * H, "2026-03-29T01:00+00:00"),  # the hour that is left out: its end
    ("Europe/Zurich", "2026-03-29", 2 * H + 1800, "2026-03-29T01:00+00:00"),
    ("Europe/Zurich", "2026-03-29", 3 * H, "2026-03-29T01:00+00:00"),
    ("Europe/Zurich", "2026-03-29", 3 * H + 1, "2026-03-29T01:00:01+00:00"),
    ("Europe/Zurich", "2026-03-29", 2 * H - 1, "2026-03-29T00:59:59+00:00"),
    ("Europe/Zurich", "2026-10-25", 2 * H, "2026-10-25T00:00+00:00"),  # the hour that comes twice: the first
    ("Europe/Zurich", "2026-10-25", 3 * H - 1, "2026-10-25T00:59:59+00:00"),
    ("Europe/Zurich", "2026-10-25", 3 * H, "2026-10-25T02:00+00:00"),
    ("Europe/Zurich", "2026-10-24", 27 * H, "2026-10-25T02:00+00:00"),  # 03:00 on the day after
    ("Australia/Lord_Howe", "2026-10-04", 2 * H + 900, "2026-10-03T15:30+00:00"),  # half an hour is left out
    ("Australia/Lord_Howe", "2026-04-05", 1 * H + 2700, "2026-04-04T14:45+00:00"),  # half an hour comes twice
    ("Australia/Lord_Howe", "2026-04-05", 2 * H, "2026-04-04T15:30+00:00"),
])  # fmt: skip
def test_moments_at_the_change(zone, date_, clock, expected):
    assert cal.moment(calendar(zone), ordinal(date_), clock) == at(expected[:-6])


# ---- days ----


@examples(300)
@given(ANY_MOMENT, st.sampled_from(ZONES), st.integers(0, 95).map(lambda n: n * 900))
@example(int(at("2026-10-25T02:30", "Europe/Zurich", fold=1)), "Europe/Zurich", 2 * H + 1800)
@example(int(at("2026-03-29T03:00", "Europe/Zurich")), "Europe/Zurich", 2 * H + 1800)
@example(int(at("2026-10-25T02:00", "Europe/Zurich", fold=1)), "Europe/Zurich", 2 * H + 1800)
def test_every_moment_is_in_just_the_day_between_two_starts(moment, zone, starts):
    house = calendar(zone, day_starts=starts)
    day = cal.day_of(house, moment)
    first, (began, ended) = cal.period(house, "daily", moment)
    assert first == day and began <= moment < ended
    assert cal.day_of(house, began) == day and cal.day_of(house, began - 0.001) == day - 1
    assert cal.day_of(house, ended - 0.001) == day and cal.day_of(house, ended) == day + 1
    assert began == cal.moment(house, day, starts)


@examples(100)
@given(st.lists(st.integers(-40 * H, 40 * H), min_size=2, max_size=12), NEAR_CHANGES, st.sampled_from(ZONES[:3]),
       st.sampled_from((0, 90 * M, 150 * M, 4 * H)))  # fmt: skip
def test_what_is_remembered_is_what_would_be_reckoned(steps, moment, zone, starts):
    """In whatever order moments are asked for: also twice, and at the very begin and end of a day."""
    house = calendar(zone, day_starts=starts)
    quick = house._replace(memo={})
    edges = [edge for edge in cal.period(house, "daily", moment)[1] for edge in (edge - 0.5, edge, edge + 0.5)]
    for at_ in [*(moment + step for step in steps), *edges, 1800, moment]:
        assert cal.day_of(quick, at_) == cal.day_of(house, at_)
        for kind in ("daily", "weekly", "monthly"):
            assert cal.period(quick, kind, at_) == cal.period(house, kind, at_)


@pytest.mark.parametrize(("zone", "short", "long", "change"), CHANGES)
@pytest.mark.parametrize("starts", [0, 90 * M, 2 * H, 150 * M, 3 * H, 4 * H, 23 * H])
def test_the_day_of_the_change_is_shorter_and_longer(zone, short, long, change, starts):
    """The day in which the change falls: with a late `day_starts` the one that began the evening before."""
    house = calendar(zone, day_starts=starts)
    for changed, by in ((short, -change), (long, change)):
        lengths = []
        for n in (-2, -1, 0, 1):
            day = ordinal(changed) + n
            lengths.append(cal.moment(house, day + 1, starts) - cal.moment(house, day, starts))
        assert sum(lengths) == 4 * DAY + by
        late = starts > {"Australia/Lord_Howe": 90 * M}.get(zone, 2 * H)
        if starts in (0, 3 * H, 4 * H, 23 * H):
            assert lengths == [DAY, DAY + by * late, DAY + by * (not late), DAY]
        assert all(22.9 * H <= length <= 25 * H for length in lengths)


@pytest.mark.parametrize(("now", "day"), [
    ("2026-11-20T03:59:59", "2026-11-19"), ("2026-11-20T04:00:00", "2026-11-20"),
    ("2026-11-21T03:59:59", "2026-11-20"), ("2026-11-21T04:00:00", "2026-11-21"),
])  # fmt: skip
def test_a_day_begins_on_the_second(now, day):
    assert cal.day_of(calendar("Europe/Zurich"), at(now, "Europe/Zurich")) == ordinal(day)


def test_days_in_a_zone_that_skipped_one():
    """Samoa had no 30 December 2011: nothing hangs, nothing is in it."""
    change = int(at("2011-12-30T10:00"))
    house = cal.Calendar(((change - 400 * DAY, -10 * H), (change, 14 * H)), 4 * H, 0, {})
    assert cal.local_clock(house, change - 1) == (ordinal("2011-12-29"), DAY - 1)
    assert cal.local_clock(house, change) == (ordinal("2011-12-31"), 0)
    assert cal.day_of(house, change + 4 * H) == ordinal("2011-12-31")
    for hours in range(-48, 48):
        _, (began, ended) = cal.period(house, "daily", change + hours * H)
        assert began <= change + hours * H < ended
    # a window of the day that never was has no length
    assert cal.window_intervals(house, ((date_atom("2011-12-30"), ((0, DAY),)),), change - DAY, change + DAY) == []


def test_a_midnight_that_comes_twice():
    """Newfoundland used to set its clocks back at 00:01: a day begins at the first midnight, and for good."""
    change = int(at("2010-11-07T02:31"))  # 00:01 there becomes 23:01 of the day before
    house = cal.Calendar(((change - 200 * DAY, -150 * M), (change, -210 * M)), 0, 0, {})
    assert cal.local_clock(house, change) == (ordinal("2010-11-06"), 23 * H + M)
    assert cal.day_of(house, change - 61) == ordinal("2010-11-06")
    for moment in (change - 60, change - 1, change, change + 59 * M - 1, change + 59 * M, change + 23 * H):
        assert cal.day_of(house, moment) == ordinal("2010-11-07")
    assert cal.period(house, "daily", change)[1] == (change - 60, change - 60 + 25 * H)
    # a window of the new day is open from its first midnight on, also while the clock shows the day before again
    sunday = ((SUN, ((0, H),)),)
    assert cal.window_intervals(house, sunday, change - H, change + 30 * M) == [(change - 60, change + 30 * M)]


# ---- weeks and months ----


@pytest.mark.parametrize("starts", range(7))
@pytest.mark.parametrize("zone", ["Europe/Zurich", "America/New_York"])
def test_weeks_begin_on_their_day_at_day_starts(starts, zone):
    house = calendar(zone, week_starts=starts)
    for n in range(0, 400):
        now = at("2026-01-01T12:00") + n * DAY * 1.37
        first, (began, ended) = cal.period(house, "weekly", now)
        assert date.fromordinal(first).weekday() == starts
        assert began <= now < ended
        assert (began, ended) == (cal.moment(house, first, 4 * H), cal.moment(house, first + 7, 4 * H))


@pytest.mark.parametrize(("now", "first", "after"), [
    ("2026-02-01T03:59:59", "2026-01-01", "2026-02-01"), ("2026-02-01T04:00", "2026-02-01", "2026-03-01"),
    ("2026-12-31T23:00", "2026-12-01", "2027-01-01"), ("2027-01-01T03:59:59", "2026-12-01", "2027-01-01"),
    ("2027-01-01T04:00", "2027-01-01", "2027-02-01"), ("2026-03-29T12:00", "2026-03-01", "2026-04-01"),
])  # fmt: skip
def test_months_begin_on_the_first(now, first, after):
    zone = "Europe/Zurich"
    began_on, (began, ended) = cal.period(calendar(zone), "monthly", at(now, zone))
    assert (began_on, began, ended) == (ordinal(first), at(f"{first}T04:00", zone), at(f"{after}T04:00", zone))


# ---- which days are named ----

HOLIDAY_HOUSE = calendar(holidays=["2026-12-24", ("2026-07-03", "2026-08-16")], exams=["2026-11-18"])


@pytest.mark.parametrize(("days", "named", "not_named"), [
    (EVERY, ["2026-11-16", "2026-11-22"], []),
    (MON, ["2026-11-16"], ["2026-11-15", "2026-11-17"]),
    (WEEKEND, ["2026-11-21", "2026-11-22"], ["2026-11-20", "2026-11-23"]),
    (WEEKDAY, ["2026-11-16", "2026-11-20", "2026-12-24"], ["2026-11-21"]),
    (date_atom("2026-11-18"), ["2026-11-18"], ["2026-11-17", "2026-11-19"]),
    (date_atom("2026-11-18", "2026-11-20"), ["2026-11-18", "2026-11-20"], ["2026-11-17", "2026-11-21"]),
    (HOLIDAYS, ["2026-07-03", "2026-08-16", "2026-12-24"], ["2026-07-02", "2026-08-17", "2026-12-25"]),
    ((("calendar", "exams"),), ["2026-11-18"], ["2026-11-17", "2026-12-24"]),
    ((("calendar", "gone"),), [], ["2026-11-18"]),
    # a schoolday is a weekday that is no holiday; a schoolnight is the evening before one
    (SCHOOLDAY, ["2026-11-16", "2026-11-20", "2026-08-17"], ["2026-11-21", "2026-12-24", "2026-07-03", "2026-08-14"]),
    (SCHOOLNIGHT, ["2026-11-15", "2026-11-19", "2026-08-16", "2026-12-24", "2026-07-01"],
     ["2026-11-20", "2026-11-21", "2026-12-23", "2026-07-02", "2026-08-13", "2026-08-15"]),
    (SUN + HOLIDAYS, ["2026-11-22", "2026-12-24"], ["2026-11-23"]),
])  # fmt: skip
def test_days_named(days, named, not_named):
    assert all(cal.names_day(HOLIDAY_HOUSE, days, ordinal(d)) for d in named)
    assert not any(cal.names_day(HOLIDAY_HOUSE, days, ordinal(d)) for d in not_named)


@pytest.mark.parametrize(("day", "expected"), [
    ("2026-11-20", 1 * H), ("2026-11-21", 2 * H), ("2026-12-24", 3 * H), ("2026-08-15", 3 * H), ("2026-11-22", None),
])  # fmt: skip
def test_the_later_value_wins(day, expected):
    values = ((EVERY, 1 * H), (WEEKEND, 2 * H), (HOLIDAYS, 3 * H), (date_atom("2026-11-22"), None))
    assert cal.value_on(HOLIDAY_HOUSE, values, ordinal(day)) == expected
    assert cal.value_on(HOLIDAY_HOUSE, (), ordinal(day)) is None


A, B, C = (8 * H, 9 * H), (10 * H, 11 * H), (20 * H, 31 * H)


@pytest.mark.parametrize(("windows", "day", "expected"), [
    (((EVERY, (A,)), (WEEKEND, (B,))), "2026-11-20", (A,)),
    (((EVERY, (A,)), (WEEKEND, (B,))), "2026-11-21", (B,)),
    (((WEEKEND, (B,)), (EVERY, (A,))), "2026-11-21", (A,)),
    (((EVERY, (A,)), (EVERY, (B,))), "2026-11-20", (A, B)),  # the same words add up
    (((SAT, (A,)), (EVERY, (C,)), (SAT, (B,))), "2026-11-21", (A, B)),
    (((SAT, (A,)), (EVERY, (C,))), "2026-11-21", (C,)),
    (((EVERY, (A, C)),), "2026-11-20", (A, C)),
    (((EVERY, (A,)), (HOLIDAYS, ())), "2026-12-24", ()),
    (((EVERY, (A,)), (EVERY, ())), "2026-11-20", ()),  # none is none
    (((EVERY, ()), (EVERY, (A,))), "2026-11-20", (A,)),
    (((WEEKDAY, (A,)),), "2026-11-21", ()),
    ((), "2026-11-20", ()),
])  # fmt: skip
def test_which_windows_begin_on_a_day(windows, day, expected):
    assert cal.ranges_on(HOLIDAY_HOUSE, windows, ordinal(day)) == expected


# ---- names that begin and end within a day ----

PAPA, MAMA, EARLY = ((("calendar", name),) for name in ("papa", "mama", "early"))
PARENTS = {
    "papa": "every 2 weeks from fri 2026-01-09 18:00 for 7d",
    "mama": "every 2 weeks from fri 2026-01-16 18:00 for 7d",
    "early": "every week from fri 2026-01-09 6:00 for 1d",
}
NIGHT, EVENING, MORNING = (20 * H, 31 * H), (17 * H, 19 * H), (6 * H, 8 * H)


@pytest.mark.parametrize(("day", "second", "named"), [
    # papa begins on 9 January at 18:00, mama a week later
    ("2026-01-09", 18 * H - 1, False), ("2026-01-09", 18 * H, True), ("2026-01-09", 12 * H, False),
    ("2026-01-10", 0, True), ("2026-01-16", 12 * H, True), ("2026-01-16", 18 * H - 1, True),
    ("2026-01-16", 18 * H, False), ("2026-01-17", 12 * H, False), ("2026-01-02", 20 * H, False),
    # by the clock on the wall, also in the weeks in which it is changed
    ("2026-04-03", 18 * H - 1, False), ("2026-04-03", 18 * H, True), ("2026-10-30", 18 * H - 1, False),
    ("2026-10-30", 18 * H, True),
])  # fmt: skip
def test_a_name_is_asked_for_a_second_of_a_day(day, second, named):
    house = calendar("Europe/Zurich", **PARENTS)
    assert cal.names_day(house, PAPA, ordinal(day), second) == named
    if day != "2026-01-02":
        assert cal.names_day(house, MAMA, ordinal(day), second) == (not named and day >= "2026-01-16")


@pytest.mark.parametrize("zone", ["Europe/Zurich", "America/New_York", "Pacific/Apia"])
@pytest.mark.parametrize("starts", [0, 4 * H, 14 * H, 23 * H])
def test_every_day_of_a_year_belongs_to_one_of_two_parents(zone, starts):
    house = calendar(zone, day_starts=starts, **PARENTS)
    turns = []
    for day in range(ordinal("2026-01-17"), ordinal("2027-01-17")):
        values = [cal.value_on(house, ((days, n),), day) for n, days in enumerate((PAPA, MAMA))]
        assert values.count(None) == 1, date.fromordinal(day)
        turns.append(values[0] is not None)
        assert cal.names_day(house, PAPA, day) == turns[-1] != cal.names_day(house, MAMA, day)
    assert "".join("pm"[not t] for t in turns)[:42] == "m" * 7 + "p" * 7 + "m" * 7 + "p" * 7 + "m" * 7 + "p" * 7
    # and every moment too: whole days of one parent and of the other leave nothing and share nothing
    began, ended = at("2026-02-01T00:00", zone), at("2026-12-20T00:00", zone)
    pieces = [cal.day_intervals(house, days, began, ended) for days in (PAPA, MAMA)]
    assert intervals.measure(pieces[0]) + intervals.measure(pieces[1]) == ended - began
    assert intervals.union(pieces[0] + pieces[1]) == [(began, ended)]


@pytest.mark.parametrize(("windows", "day", "expected"), [
    # the Friday on which papa begins at 18:00, a day in between, the Friday on which he ends
    (((PAPA, (NIGHT,)),), "2026-01-09", (NIGHT,)), (((PAPA, (NIGHT,)),), "2026-01-12", (NIGHT,)),
    (((PAPA, (NIGHT,)),), "2026-01-16", ()),
    (((PAPA, (MORNING, EVENING, NIGHT)),), "2026-01-09", (NIGHT,)),
    (((PAPA, (MORNING, EVENING, NIGHT)),), "2026-01-16", (MORNING, EVENING)),
    # the whole day is whose its noon is
    (((PAPA, ((0, DAY),)),), "2026-01-09", ()), (((PAPA, ((0, DAY),)),), "2026-01-16", ((0, DAY),)),
    (((EARLY, ((0, DAY),)),), "2026-01-09", ((0, DAY),)), (((EARLY, ((0, DAY),)),), "2026-01-10", ()),
    # the later entry wins when it holds, window by window
    (((EVERY, (MORNING, NIGHT)), (PAPA, (A,))), "2026-01-09", (MORNING,)),
    (((EVERY, (MORNING, NIGHT)), (PAPA, (A,))), "2026-01-12", (A,)),
    (((EVERY, (MORNING, NIGHT)), (PAPA, (A,))), "2026-01-16", (NIGHT, A)),
    (((EVERY, (MORNING, NIGHT)), (PAPA, ())), "2026-01-09", (MORNING,)),
    (((EVERY, (MORNING, NIGHT)), (PAPA, ())), "2026-01-16", (NIGHT,)),
    (((PAPA, (MORNING, NIGHT)), (EVERY, (A,))), "2026-01-12", (A,)),
    (((FRI + PAPA, (MORNING,)),), "2026-01-09", (MORNING,)),
])  # fmt: skip
def test_which_windows_begin_on_a_day_that_a_name_divides(windows, day, expected):
    assert cal.ranges_on(calendar(**PARENTS), windows, ordinal(day)) == expected


@pytest.mark.parametrize(("zone", "now", "expected"), [
    ("Europe/Zurich", "2026-01-09T12:00", [("01-09T20:00", "01-10T07:00")]),
    ("Europe/Zurich", "2026-01-15T12:00", [("01-15T20:00", "01-16T07:00")]),
    ("Europe/Zurich", "2026-01-16T12:00", []),
    ("Europe/Zurich", "2026-03-28T12:00", []),  # mama's week; 29 March has 23 hours
    ("Europe/Zurich", "2026-04-03T12:00", [("04-03T20:00", "04-04T07:00")]),
    ("Europe/Zurich", "2026-10-24T12:00", []),  # hers again, with a day of 25 hours
    ("America/New_York", "2026-11-01T12:00", [("11-01T20:00", "11-02T07:00")]),  # a day of 25 hours
])  # fmt: skip
def test_evenings_of_every_second_week(zone, now, expected):
    house = calendar(zone, **PARENTS)
    began = at(now, zone)
    found = cal.window_intervals(house, ((PAPA, (NIGHT,)),), began, began + DAY)
    assert [tuple(local(m, zone).isoformat()[5:16] for m in piece) for piece in found] == expected


def test_schooldays_around_holidays_that_repeat():
    """Wednesday afternoons off do not make a holiday, whole Wednesdays and what has noon do."""
    off = calendar(holidays="every week from wed 2026-11-04 13:00 for 11h")
    free = calendar(holidays="every week from wed 2026-11-04, every year from thu 2026-11-19 11:00 for 2h")
    wednesday, thursday = ordinal("2026-11-18"), ordinal("2026-11-19")
    assert cal.names_day(off, SCHOOLDAY, wednesday) and cal.names_day(off, SCHOOLNIGHT, wednesday - 1)
    assert not cal.names_day(free, SCHOOLDAY, wednesday) and not cal.names_day(free, SCHOOLNIGHT, wednesday - 1)
    assert not cal.names_day(free, SCHOOLDAY, thursday) and not cal.names_day(free, SCHOOLNIGHT, wednesday)
    assert cal.names_day(free, SCHOOLDAY, thursday + 7) and cal.names_day(free, SCHOOLNIGHT, wednesday + 7)
    # whenever a window begins, it is the next day's noon that makes an evening a schoolnight
    assert {cal.names_day(free, SCHOOLNIGHT, wednesday - 1, second) for second in range(0, DAY, H)} == {False}
    assert {cal.names_day(free, SCHOOLNIGHT, wednesday + 7, second) for second in range(0, DAY, H)} == {True}


WALL = ordinal("2026-11-01") * DAY
STRETCHES = st.lists(st.integers(0, 30 * 24), min_size=0, max_size=12, unique=True).map(
    lambda hours: tuple(zip(sorted(hours)[::2], sorted(hours)[1::2], strict=False))
)


@examples(200)
@given(STRETCHES, st.integers(-2, 32), st.integers(0, DAY - 1))
def test_a_stretch_holds_from_its_begin_until_just_before_its_end(stretches, day, second):
    pieces = tuple((WALL + a * H, WALL + b * H) for a, b in stretches)
    house = cal.Calendar(names={"x": pieces})
    wall = WALL + day * DAY + second
    asked = cal.names_day(house, (("calendar", "x"),), ordinal("2026-11-01") + day, second)
    assert asked == any(a <= wall < b for a, b in pieces)


def test_a_thousand_stretches_are_found_as_quickly_as_one():
    """Counted in comparisons, not in seconds."""
    asked = []

    class Counting(int):
        def __lt__(self, other):
            asked.append(1)
            return int(self) < int(other)

        __gt__ = __lt__
    house = cal.Calendar(names={"x": tuple((Counting(n * 2 * DAY), n * 2 * DAY + DAY) for n in range(1000))})
    assert cal.names_day(house, (("calendar", "x"),), 1000) and not cal.names_day(house, (("calendar", "x"),), 1001)
    assert 0 < len(asked) < 60


# ---- windows as time ----


def windows_of(windows, began, ended, zone="Europe/Zurich", **names):
    house = calendar(zone, **names)
    found = cal.window_intervals(house, windows, at(began, zone), at(ended, zone))
    return [tuple(local(m, zone).isoformat()[5:16] for m in piece) for piece in found]


@pytest.mark.parametrize(("windows", "began", "ended", "expected"), [
    (((EVERY, ((20 * H, 31 * H),)),), "2026-11-20T12:00", "2026-11-21T12:00", [("11-20T20:00", "11-21T07:00")]),
    (((EVERY, ((20 * H, 31 * H),)),), "2026-11-20T05:00", "2026-11-20T21:00",
     [("11-20T05:00", "11-20T07:00"), ("11-20T20:00", "11-20T21:00")]),
    # begins on the days named: Friday's night reaches into Saturday, Saturday has none of its own
    (((FRI, ((22 * H, 31 * H),)),), "2026-11-20T00:00", "2026-11-23T00:00", [("11-20T22:00", "11-21T07:00")]),
    # days alone are all day; two whole days in a row are one piece
    (((WEEKEND, ((0, DAY),)),), "2026-11-20T00:00", "2026-11-24T00:00", [("11-21T00:00", "11-23T00:00")]),
    # until 24:00
    (((EVERY, ((23 * H, DAY),)),), "2026-11-20T12:00", "2026-11-21T12:00", [("11-20T23:00", "11-21T00:00")]),
    # nearly two days from one entry
    (((FRI, ((23 * H, 46 * H),)),), "2026-11-21T20:00", "2026-11-22T12:00", [("11-21T20:00", "11-21T22:00")]),
    # the change of the clock in it, at its end, at its beginning
    (((EVERY, ((20 * H, 31 * H),)),), "2026-03-28T12:00", "2026-03-29T12:00", [("03-28T20:00", "03-29T07:00")]),
    (((SUN, ((150 * M, 5 * H),)),), "2026-03-29T00:00", "2026-03-29T12:00", [("03-29T03:00", "03-29T05:00")]),
    (((SUN, ((H, 150 * M),)),), "2026-03-29T00:00", "2026-03-29T12:00", [("03-29T01:00", "03-29T03:00")]),
    (((SUN, ((130 * M, 170 * M),)),), "2026-03-29T00:00", "2026-03-29T12:00", []),
])  # fmt: skip
def test_windows(windows, began, ended, expected):
    assert windows_of(windows, began, ended) == expected


@pytest.mark.parametrize(("change", "night"), [("2026-03-29", 10 * H), ("2026-10-25", 12 * H), ("2026-11-22", 11 * H)])
def test_a_night_lasts_from_evening_to_morning_also_when_the_clock_changes(change, night):
    house, zone = calendar("Europe/Zurich"), "Europe/Zurich"
    evening = at(change, zone) - 12 * H
    found = cal.window_intervals(house, ((EVERY, ((20 * H, 31 * H),)),), evening, evening + DAY)
    assert [b - a for a, b in found] == [night]


def test_schoolnights_around_holidays():
    """The last evening of the holidays is a schoolnight, the last schoolday's evening is none."""
    nights = ((SCHOOLNIGHT, ((20 * H, 31 * H),)), (WEEKEND, ((23 * H, 32 * H),)))
    autumn = {"holidays": [("2026-11-18", "2026-11-19")]}  # Wednesday and Thursday
    assert windows_of(nights, "2026-11-16T12:00", "2026-11-21T12:00", **autumn) == [
        ("11-16T20:00", "11-17T07:00"), ("11-19T20:00", "11-20T07:00"),
    ]  # fmt: skip
    assert windows_of(nights, "2026-11-20T12:00", "2026-11-23T12:00") == [
        ("11-21T23:00", "11-22T08:00"), ("11-22T23:00", "11-23T08:00"),  # Sunday is both: the later entry wins
    ]  # fmt: skip


RANGE = st.tuples(st.integers(0, 47), st.integers(1, 48)).map(lambda r: (r[0] * 1800, r[0] * 1800 + r[1] * 1800))
DAYS = st.sampled_from((EVERY, MON, SAT, SUN, WEEKDAY, WEEKEND, SCHOOLDAY, SCHOOLNIGHT, HOLIDAYS))
WINDOWS = st.lists(st.tuples(DAYS, st.lists(RANGE, max_size=2).map(tuple)), max_size=3).map(tuple)


@examples(60)
@given(WINDOWS, NEAR_CHANGES, st.sampled_from(ZONES[:3]), st.lists(st.integers(0, 2 * DAY), min_size=1, max_size=12))
def test_a_moment_is_in_a_window_if_one_of_the_last_days_opened_it(windows, began, zone, probes):
    """By looking at each moment alone: some date's window began at or before it and ends after it."""
    house = calendar(zone, holidays=["2026-03-27", ("2026-10-26", "2026-10-28")])
    pieces = cal.window_intervals(house, windows, began, began + 2 * DAY)
    assert pieces == intervals.clip(intervals.union(pieces), began, began + 2 * DAY)
    for moment in (began + p for p in probes if p < 2 * DAY):
        today = local(moment, zone).toordinal()
        inside = any(
            first_of(zone, day, start) <= moment < first_of(zone, day, end)
            for day in (today - 2, today - 1, today, today + 1)
            for start, end in cal.ranges_on(house, windows, day)
        )
        assert any(a <= moment < b for a, b in pieces) == inside


def first_of(zone, day, seconds):
    """The moment of a wall clock by zoneinfo: the earlier of two; for one left out, the change."""
    wall = date.fromordinal(day)
    naive = at(f"{wall}T00:00") + seconds
    candidates = {naive - local(naive + h * H, zone).utcoffset() / timedelta(seconds=1) for h in (-24, 24)}
    good = [m for m in candidates if cal_wall(m, zone) == naive]
    if good:
        return min(good)
    low, high = sorted(candidates)
    return next(m for m in range(int(low), int(high) + 1, 1800) if cal_wall(m, zone) >= naive)


def cal_wall(moment, zone):
    return moment + local(moment, zone).utcoffset() / timedelta(seconds=1)


# ---- days as time ----


@pytest.mark.parametrize(("zone", "short", "long", "change"), CHANGES)
def test_named_days_as_time(zone, short, long, change):
    house = calendar(zone)
    for day, length in ((short, DAY - change), (long, DAY + change)):
        # with days from 04:00 the change falls into the day that is named Saturday
        saturday = date.fromordinal(ordinal(day) - 1).isoformat()
        found = cal.day_intervals(house, SAT, at(day, zone) - 3 * DAY, at(day, zone) + 3 * DAY)
        assert found == [(at(f"{saturday}T04:00", zone), at(f"{day}T04:00", zone))]
        assert found[0][1] - found[0][0] == length
    assert cal.day_intervals(house, (), at(short, zone), at(long, zone)) == []


def test_named_days_are_clipped_and_joined():
    house = calendar()
    began, ended = at("2026-11-21T05:00"), at("2026-11-23T03:00")
    assert cal.day_intervals(house, WEEKEND, began, ended) == [(began, ended)]
    assert cal.day_intervals(house, SUN, began, ended) == [(at("2026-11-22T04:00"), ended)]
    assert cal.outside([(began + 5, began + 9)], began, ended) == [(began, began + 5), (began + 9, ended)]


# ---- intervals ----

PIECES = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=8)


def seconds_in(pieces):
    return {n for a, b in pieces for n in range(a, b)}


@examples(200)
@given(PIECES, PIECES, st.integers(0, 30), st.integers(0, 30))
@example([(0, 5)], [], 3, 3)
def test_intervals_are_sets_of_seconds(some, others, low, high):
    merged = intervals.union(some)
    assert seconds_in(merged) == seconds_in(some)
    assert all(a < b for a, b in merged) and all(x[1] < y[0] for x, y in zip(merged, merged[1:], strict=False))
    assert intervals.measure(merged) == len(seconds_in(some))
    clipped = intervals.clip(merged, low, high)
    assert seconds_in(clipped) == seconds_in(some) & set(range(low, high))
    assert all(a < b for a, b in clipped)
    left = intervals.subtract(merged, intervals.union(others))
    assert seconds_in(left) == seconds_in(some) - seconds_in(others)
    assert left == intervals.union(left)


def test_a_calendar_of_nothing_in_particular():
    assert Calendar() == (((0, 0),), 4 * H, 0, {}, None)
    assert cal.moment(Calendar(), ordinal("2026-11-20")) == at("2026-11-20")


def test_before_the_first_change_that_is_known_the_clock_goes_as_after_it():
    house = calendar("Europe/Zurich")
    noon = at("2024-06-01T12:00")  # in UTC; winter's hour, since nothing is known of that summer
    assert cal.local_clock(house, noon) == (ordinal("2024-06-01"), 13 * H)
    assert cal.moment(house, ordinal("2024-06-01"), 13 * H) == noon
