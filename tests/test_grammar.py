"""The grammar of config.ini by tables: what is right, and that what is wrong is answered with what would be right."""

from __future__ import annotations

import re
import time
from datetime import date, datetime, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import grammar, values, zone
from shared.values import GrammarError

MON, TUE, WED, THU, FRI, SAT, SUN = (("weekday", n) for n in range(7))
H = 3600
CALENDARS = {"holidays", "papa"}


def day(text: str) -> int:
    return date.fromisoformat(text).toordinal()


DURATIONS = [
    ("45s", 45),
    ("90m", 5400),
    ("1h30m", 5400),
    ("1h 30m", 5400),
    ("1H30M", 5400),
    (" 27d ", 27 * 86400),
    ("2w", 14 * 86400),
    ("1h90m", 9000),
    ("0m", 0),
    ("0s", 0),
    ("36500d", 36500 * 86400),
]
WRONG_DURATIONS = [
    ("30", "30m or 30h"),
    ("1", "1m or 1h"),
    ("600", "600s or 600m"),
    ("0", "0m, or unlimited"),
    ("1 hour", "write 1h"),
    ("1 h", "write 1h"),
    ("90 minutes", "write 1h30m"),
    ("1.5h", "write 1h30m"),
    ("1:30", "write 1h30m"),
    ("30m1h", "write 1h30m"),
    ("1h and 20 min", "write 1h20m"),
    ("36501d", "unlimited"),
    ("9" * 12 + "w", "unlimited"),
    ("9" * 5000 + "m", "for example"),
    ("-5m", "for example"),
    ("٣m", "for example"),
    ("", "for example"),
    ("soon", "for example"),
]


@pytest.mark.parametrize(("text", "seconds"), DURATIONS)
def test_duration(text: str, seconds: int) -> None:
    assert grammar.duration(text) == seconds


@pytest.mark.parametrize(("text", "near"), WRONG_DURATIONS)
def test_wrong_duration(text: str, near: str) -> None:
    with pytest.raises(GrammarError) as error:
        grammar.duration(text)
    assert near in str(error.value)
    assert len(str(error.value)) < 200


CLOCKS = [
    ("0:00", 0),
    ("00:00", 0),
    ("12am", 0),
    ("12:30am", 1800),
    ("12:30 a.m.", 1800),
    ("1am", H),
    ("7:05", 7 * H + 300),
    ("12pm", 12 * H),
    ("12:59pm", 12 * H + 59 * 60),
    ("8pm", 20 * H),
    ("8:30pm", 20 * H + 1800),
    ("8.30 pm", 20 * H + 1800),
    ("8.30 PM", 20 * H + 1800),
    ("20:00", 20 * H),
    ("20.15", 20 * H + 900),
    ("20:00:30", 20 * H + 30),
    ("11:59pm", 86340),
    ("23:59:59", 86399),
    ("24:00", 86400),
]
WRONG_CLOCKS = [
    ("7", "7:00 or 7pm"),
    ("20", "20:00"),
    ("13pm", "1pm or 13:00"),
    ("0am", "12am or 0:00"),
    ("24pm", "12am or 24:00"),
    ("24:01", "24:00 or 0:01"),
    ("25:00", "24:00"),
    ("20:60", "20:59"),
    ("20:0", "20:00 or 8pm"),
    ("noon", "20:00 or 8pm"),
    ("", "20:00 or 8pm"),
]


@pytest.mark.parametrize(("text", "seconds"), CLOCKS)
def test_clock(text: str, seconds: int) -> None:
    assert grammar.clock(text) == seconds


@pytest.mark.parametrize(("text", "near"), WRONG_CLOCKS)
def test_wrong_clock(text: str, near: str) -> None:
    with pytest.raises(GrammarError, match=near):
        grammar.clock(text)


DAYS = [
    ("sun", (SUN,)),
    ("Sunday", (SUN,)),
    ("sundays", (SUN,)),
    ("sat, sun", (SAT, SUN)),
    ("sat sun", (SAT, SUN)),
    ("sat and sun", (SAT, SUN)),
    ("mon-fri", (MON, TUE, WED, THU, FRI)),
    ("mon – fri", (MON, TUE, WED, THU, FRI)),
    ("fri-mon", (FRI, SAT, SUN, MON)),
    ("sun-sat", (SUN, MON, TUE, WED, THU, FRI, SAT)),
    ("sat-sun", (SAT, SUN)),
    ("weekday", (MON, TUE, WED, THU, FRI)),
    ("weekend", (SAT, SUN)),
    ("weekends", (SAT, SUN)),
    ("weeknight", (SUN, MON, TUE, WED, THU)),
    ("weekend, sat", (SAT, SUN)),
    ("everyday", ()),
    ("everyday, sun", ()),
    ("schoolday", (("schoolday",),)),
    ("schoolnight", (("schoolnight",),)),
    ("holidays", (("calendar", "holidays"),)),
    ("papa", (("calendar", "papa"),)),
    ("2026-12-24", (("date", day("2026-12-24"), day("2026-12-24")),)),
    ("2026-7-3..2026-08-16", (("date", day("2026-07-03"), day("2026-08-16")),)),
    ("sun, 2028-02-29", (SUN, ("date", day("2028-02-29"), day("2028-02-29")))),
]
WRONG_DAYS = [
    ("sundy", "write sunday"),
    ("hollidays", "write holidays"),
    ("pappa", "write papa"),
    ("weekened", "write weekend"),
    ("mon-mon", "mon or everyday"),
    ("2026-02-30", "write 2026-02-28"),
    ("2027-02-29", "write 2027-02-28"),
    ("2026-13-01", "write 2026-12-01"),
    ("0000-01-01", "write 0001-01-01"),
    ("24.12.2026", "write 2026-12-24"),
    ("12/24/2026", "write 2026-12-24"),
    ("03/04/2026", "write 2026-03-04 or 2026-04-03"),
    ("2026/12/24", "write 2026-12-24"),
    ("2026-08-16..2026-07-03", "write 2026-07-03..2026-08-16"),
    ("2026-07-03 - 2026-08-16", "2026-07-03..2026-08-16"),
    ("sat,,sun", "sat, sun"),
    ("", "sat, sun"),
    (",", "sat, sun"),
]


@pytest.mark.parametrize(("text", "atoms"), DAYS)
def test_days(text: str, atoms: grammar.Days) -> None:
    assert grammar.days(text, CALENDARS) == atoms


@pytest.mark.parametrize(("text", "near"), WRONG_DAYS)
def test_wrong_days(text: str, near: str) -> None:
    with pytest.raises(GrammarError) as error:
        grammar.days(text, CALENDARS)
    assert near in str(error.value)


WEEKEND = (SAT, SUN)
NIGHT = (20 * H, 31 * H)
WINDOWS = [
    ("20:00-07:00", (((), (NIGHT,)),)),
    ("8pm-7am", (((), (NIGHT,)),)),
    ("8 pm - 7 am", (((), (NIGHT,)),)),
    ("20:00–07:00", (((), (NIGHT,)),)),
    ("20:00-7am", (((), (NIGHT,)),)),
    ("12am-6am", (((), ((0, 6 * H),)),)),
    ("8pm-12am", (((), ((20 * H, 24 * H),)),)),
    ("12pm-12am", (((), ((12 * H, 24 * H),)),)),
    ("20:00-24:00", (((), ((20 * H, 24 * H),)),)),
    ("20:00-0:00", (((), ((20 * H, 24 * H),)),)),
    ("0:00-24:00", (((), ((0, 24 * H),)),)),
    ("23:59-0:01", (((), ((86340, 86460),)),)),
    ("12:00:10-12:00:20", (((), ((12 * H + 10, 12 * H + 20),)),)),
    ("sat", (((SAT,), ((0, 24 * H),)),)),
    ("holidays none", (((("calendar", "holidays"),), ()),)),
    ("everyday 12:00-13:00 and 20:00-07:00", (((), ((12 * H, 13 * H), NIGHT)),)),
    ("everyday 12:00-13:00 + 20:00-07:00", (((), ((12 * H, 13 * H), NIGHT)),)),
    ("everyday 20:00-07:00 12:00-13:00", (((), ((12 * H, 13 * H), NIGHT)),)),
    ("everyday 12:00-13:00+20:00-07:00", (((), ((12 * H, 13 * H), NIGHT)),)),
    (
        "schoolnight 20:00-07:00, weekend 23:00-08:00",
        (((("schoolnight",),), (NIGHT,)), (WEEKEND, ((23 * H, 32 * H),))),
    ),
    # where two entries name a day the later one wins: the order is kept
    ("everyday 20:00-07:00, sat none,", (((), (NIGHT,)), ((SAT,), ()))),
    ("sat none, everyday 20:00-07:00", (((SAT,), ()), ((), (NIGHT,)))),
    ("fri-sun 20:00-07:00", (((FRI, SAT, SUN), (NIGHT,)),)),
    ("2026-12-24 20:00-07:00", (((("date", day("2026-12-24"), day("2026-12-24")),), (NIGHT,)),)),
]
WRONG_WINDOWS = [
    ("20:00-20:00", "the day alone"),
    ("12am-12am", "the day alone"),
    ("24:00-07:00", "0:00-07:00"),
    ("8-10pm", "8pm-10pm or 8am-10pm"),
    ("8:30-10pm", "8:30pm-10pm or 8:30am-10pm"),
    ("8pm-10", "8pm-10pm or 8pm-10am"),
    ("20-7", "20:00-7:00"),
    ("8pm to 7am", "write 8pm-7am"),
    ("sat 20:00", "20:00-07:00"),
    ("sat 20:00-25:00", "24:00"),
    ("sat 10:00-12:00 sun", "a comma before sun"),
    ("sat 10:00-12:00 none", "write sat none"),
    ("sat unlimited", "write sat none"),
    ("sta 20:00-07:00", "sat"),
    ("20:00-07:00,, sat", "before a comma"),
]


@pytest.mark.parametrize(("text", "compiled"), WINDOWS)
def test_windows(text: str, compiled: object) -> None:
    assert grammar.windows(text, CALENDARS) == compiled


@pytest.mark.parametrize(("text", "near"), WRONG_WINDOWS)
def test_wrong_windows(text: str, near: str) -> None:
    with pytest.raises(GrammarError) as error:
        grammar.windows(text, CALENDARS)
    assert near in str(error.value)


PER_DAY = [
    ("1h", (((), H),)),
    ("0m", (((), 0),)),
    ("1h 30m", (((), 5400),)),
    ("1h, weekend 2h, holidays 3h", (((), H), (WEEKEND, 2 * H), ((("calendar", "holidays"),), 3 * H))),
    ("weekend 1h 30m", ((WEEKEND, 5400),)),
    ("1h, weekend unlimited", (((), H), (WEEKEND, None))),
    ("1h, sat none", (((), H), ((SAT,), None))),
    ("weekend 2h, everyday 1h", ((WEEKEND, 2 * H), ((), H))),
    ("sat and sun 2h", ((WEEKEND, 2 * H),)),
]
WRONG_PER_DAY = [
    ("30", "30m or 30h"),
    ("weekend 2", "2m or 2h"),
    ("weekend 1 hour", "write 1h"),
    ("1h, 30m", "1h30m"),
    ("2h weekend", "write weekend 2h"),
    ("mon, tue 1h", "write mon 1h"),
    ("schoolnigt 1h", "write schoolnight"),
    ("1h weekend 2h", "is no duration"),
    ("", "1h, weekend 2h"),
]


@pytest.mark.parametrize(("text", "compiled"), PER_DAY)
def test_per_day(text: str, compiled: object) -> None:
    assert grammar.per_day(text, CALENDARS) == compiled


@pytest.mark.parametrize(("text", "near"), WRONG_PER_DAY)
def test_wrong_per_day(text: str, near: str) -> None:
    with pytest.raises(GrammarError) as error:
        grammar.per_day(text, CALENDARS)
    assert near in str(error.value)


def test_dates() -> None:
    assert grammar.dates("2026-12-24, 2026-07-03..2026-08-16") == (
        (day("2026-07-03"), day("2026-08-16")),
        (day("2026-12-24"), day("2026-12-24")),
    )
    with pytest.raises(GrammarError, match=r"2026-12-24\.\.2026-12-25"):
        grammar.dates("2026-12-24 2026-12-25")


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("emma, max", ("emma", "max")),
        ('Emma\'s iPad, "TV, living room", 12345,', ("Emma's iPad", "TV, living room", "12345")),
        ('"the ""big"" one"', ('the "big" one',)),
        ("a,,b", ("a", "b")),
        ("Zoë, 木村", ("Zoë", "木村")),
        ('"TV # 1"', ("TV # 1",)),
    ],
)
def test_names(text: str, names: tuple[str, ...]) -> None:
    assert values.names(text) == names


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ("emma, Emma", "write it once"),
        ('"emma, max', 'write "emma"'),
        ("TV # living room", 'write TV, or "TV # living'),
    ],
)
def test_wrong_names(text: str, near: str) -> None:
    with pytest.raises(GrammarError) as error:
        values.names(text)
    assert near in str(error.value)


@given(st.integers(0, 36500 * 86400))
def test_a_duration_written_and_read_again_is_the_same(seconds: int) -> None:
    assert grammar.duration(grammar.render_duration(seconds)) == seconds


@given(st.integers(0, 86399), st.integers(0, 86399))
def test_a_range_has_the_length_that_a_clock_shows(start: int, end: int) -> None:
    def at(second: int) -> str:
        return f"{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}"

    if start == end:
        return
    ((_, ((first, last),)),) = grammar.windows(f"mon {at(start)}-{at(end)}")
    assert first == start
    assert last - first == (end - start) % 86400


WORDS = st.sampled_from(
    ["mon", "fri-mon", "weekend", "everyday", "none", "unlimited", "1h", "30", "8pm", "-", "..", ",", " ", "+", "and"]
    + [
        "20:00-07:00",
        "2026-12-24",
        "2026-07-03..",
        "holidays",
        '"',
        "#",
        "12",
        ":",
        ".",
        "am",
        "to",
        "24:00",
        "m",
        "\n",
    ]
)
TEXT = st.one_of(
    st.text(max_size=60), st.lists(WORDS, max_size=8).map("".join), st.lists(WORDS, max_size=8).map(" ".join)
)
PARSERS = [
    grammar.duration,
    grammar.clock,
    grammar.weekday,
    grammar.date,
    grammar.dates,
    grammar.days,
    grammar.schedule,
    grammar.per_day,
    grammar.windows,
    grammar.is_day,
    values.names,
    values.boolean,
    values.address,
    values.mail_address,
    values.color,
    lambda text: values.number(text, 1, 9),
    lambda text: values.numbers(text, 1, 9),
    lambda text: values.choice(text, ("a", "b")),
    lambda text: values.certificates(text, str),
]


@given(TEXT)
def test_any_text_is_read_or_answered(text: str) -> None:
    for parser in PARSERS:
        try:
            parser(text)
        except GrammarError as error:
            assert str(error).isprintable(), parser
            assert len(str(error)) < 400, parser


def test_transitions_are_found_to_the_second() -> None:
    def second(*when: int) -> int:
        return int(datetime(*when, tzinfo=timezone.utc).timestamp())

    start, end = second(2026, 1, 1), second(2027, 1, 1)
    assert zone.transitions("Europe/Zurich", start, end) == (
        (start, H),
        (second(2026, 3, 29, 1), 2 * H),
        (second(2026, 10, 25, 1), H),
    )
    assert zone.transitions("Australia/Lord_Howe", start, end) == (
        (start, 11 * H),
        (second(2026, 4, 4, 15), 10 * H + 1800),
        (second(2026, 10, 3, 15, 30), 11 * H),
    )
    assert zone.transitions("Asia/Kolkata", start, end) == ((start, 5 * H + 1800),)


def test_a_system_without_zone_data_is_served_by_dateutil(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("dateutil")
    start, end = 1767225600, 1767225600 + 2 * 366 * 86400
    expected = {name: zone.transitions(name, start, end) for name in ("Europe/Zurich", "America/New_York", "UTC")}
    monkeypatch.setattr(zone, "_zoneinfo", lambda name: None)
    monkeypatch.setattr("zoneinfo.available_timezones", set)
    assert {name: zone.transitions(name, start, end) for name in expected} == expected
    for name in ("UTC+3", "Europe/Zuerich", "/etc/localtime", "../UTC"):
        with pytest.raises(zone.UnknownZone):
            zone.transitions(name, start, end)


def test_the_systems_own_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    if not hasattr(time, "tzset"):
        pytest.skip("the zone of this system cannot be set by a variable")
    try:
        monkeypatch.setenv("TZ", "Europe/Zurich")
        time.tzset()
        start = 1767225600
        assert zone.transitions("", start, start + 366 * 86400) == zone.transitions(
            "Europe/Zurich", start, start + 366 * 86400
        )
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("Zurich", "Europe/Zurich"),
        ("europe/zurich", "Europe/Zurich"),
        ("Europe/Zürich", "Europe/Zurich"),
        ("New York", "America/New_York"),
        ("Europe", ""),
        ("../../etc/passwd", ""),
        ("\0", ""),
        ("x" * 5000, ""),
    ],
)
def test_an_unknown_zone_is_answered_with_the_nearest(name: str, near: str) -> None:
    with pytest.raises(zone.UnknownZone) as error:
        zone.transitions(name, 0, 1)
    assert near in error.value.nearest


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mon 08:00", ("weekly", 0, 8 * H)),
        ("Sunday 8.30 p.m.", ("weekly", 6, 20 * H + 1800)),
        ("weekly fri 18:00", ("weekly", 4, 18 * H)),
        ("daily 08:00", ("daily", 0, 8 * H)),
        ("everyday 0:00", ("daily", 0, 0)),
        ("every day 8am", ("daily", 0, 8 * H)),
        ("monthly 1 08:00", ("monthly", 1, 8 * H)),
        ("monthly 31st 8pm", ("monthly", 31, 20 * H)),
    ],
)
def test_schedules(text: str, expected: tuple[str, int, int]) -> None:
    assert grammar.schedule(text) == expected


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ("", "names no time: write it like mon 08:00"),
        ("mon", "mon names no time: write mon 08:00"),
        ("08:00", "08:00 names no day: write daily 08:00 or mon 08:00"),
        ("mon 8", "write 8:00 or 8pm"),
        ("mon 24:00", "write 0:00"),
        ("mon, thu 08:00", "is not every day, week or month: write daily 08:00, mon 08:00 or monthly 1 08:00"),
        ("weekday 08:00", "is not every day, week or month"),
        ("monthly 08:00", "names no day from 1 to 31: write monthly 1 08:00"),
        ("monthly 32 08:00", "write monthly 31 08:00"),
        ("2026-01-01 08:00", "is not every day, week or month"),
    ],
)
def test_what_is_no_schedule_is_answered(text: str, near: str) -> None:
    with pytest.raises(GrammarError, match=re.escape(near)):
        grammar.schedule(text)
