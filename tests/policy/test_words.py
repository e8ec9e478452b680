"""Times and durations as a person reads them."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.policy import words

from .words_of_tests import DAY, H, M, at, calendar, local

HOUSE = calendar("Europe/Zurich")


@pytest.mark.parametrize(("seconds", "expected"), [
    (0, "0 s"), (0.4, "0 s"), (1, "1 s"), (20, "20 s"), (59.6, "1 min"), (60, "1 min"), (90, "1 min 30 s"),
    (120, "2 min"), (121, "2 min"), (179, "2 min"), (180, "3 min"), (2700, "45 min"), (3599, "59 min"), (3600, "1 h"),
    (5400, "1 h 30 min"), (5459, "1 h 30 min"), (36000, "10 h"), (36060, "10 h 1 min"), (90000, "25 h"),
])  # fmt: skip
def test_duration(seconds, expected):
    assert words.duration(seconds) == words.duration(seconds, words.ENGLISH) == expected


@pytest.mark.parametrize(("moment", "now", "expected"), [
    ("2026-11-21T04:00", "2026-11-20T18:00", "at 04:00"),
    ("2026-11-20T18:04:59", "2026-11-20T18:00", "at 18:04:59"),  # near: to the second
    ("2026-11-20T18:05:00", "2026-11-20T18:00", "at 18:05"),
    ("2026-11-20T18:05:01", "2026-11-20T18:00", "at 18:06"),  # never too early
    ("2026-11-20T18:59:01", "2026-11-20T18:00", "at 19:00"),
    ("2026-11-20T18:00:01", "2026-11-20T18:00", "at 18:00:01"),
    ("2026-11-20T18:00:30", "2026-11-20T18:00:30", "at 18:01"),  # that is now
    ("2026-11-20T18:05:29", "2026-11-20T18:00:30", "at 18:05:29"),
    ("2026-11-20T18:05:30", "2026-11-20T18:00:30", "at 18:06"),
    ("2026-11-20T23:59:30", "2026-11-20T18:00", "at 00:00"),
    ("2026-11-21T18:00", "2026-11-20T18:00", "on Sat at 18:00"),  # just a day away: not "at 18:00"
    ("2026-11-21T17:59", "2026-11-20T18:00", "at 17:59"),
    ("2026-11-23T04:00", "2026-11-20T18:00", "on Mon at 04:00"),
    ("2026-11-26T17:59", "2026-11-20T18:00", "on Thu at 17:59"),
    ("2026-11-26T18:00", "2026-11-20T18:00", "on 26 Nov at 18:00"),
    ("2027-01-01T04:00", "2026-11-20T18:00", "on 1 Jan at 04:00"),
    ("2026-03-29T07:00", "2026-03-28T20:00", "at 07:00"),  # over the change
    ("2026-10-25T04:00", "2026-10-24T20:00", "at 04:00"),
])  # fmt: skip
def test_clock(moment, now, expected):
    zone = "Europe/Zurich"
    found = [words.clock(HOUSE, at(moment, zone), at(now, zone), *texts) for texts in ((), (words.ENGLISH,))]
    assert found == [expected, expected]


def test_clock_rounds_parts_of_a_second_up():
    now = at("2026-11-20T17:00")
    assert words.clock(HOUSE, now + 61.25, now) == "at 18:01:02"
    assert words.clock(HOUSE, now + 60.0, now) == "at 18:01"


@given(st.integers(0, 400 * DAY), st.integers(1, 40 * DAY))
def test_what_clock_says_is_never_too_early(start, ahead):
    now = at("2026-01-01T00:00") + start
    moment = now + ahead
    said = words.clock(HOUSE, moment, now).rpartition(" ")[2]
    second = local(moment, "Europe/Zurich")
    shown = [int(n) for n in said.split(":")]
    shown_seconds = shown[0] * H + shown[1] * M + (shown[2] if len(shown) == 3 else 0)
    true = second.hour * H + second.minute * M + second.second
    assert (shown_seconds - true) % DAY < 60


@pytest.mark.parametrize(("text", "most", "expected"), [
    ("Alien", 80, "Alien"), ("a\nb\tc  d", 80, "a b c d"), ("x" * 81, 80, "x" * 79 + "…"), ("x" * 80, 80, "x" * 80),
    ("\x1b[31mred\x00", 80, "[31mred"), ("", 80, ""), ("❤ Zoë\u202e", 80, "❤ Zoë"),
])  # fmt: skip
def test_shorten(text, most, expected):
    assert words.shorten(text, most) == expected
    assert most != 80 or words.shorten(text) == expected


@pytest.mark.parametrize(("text", "expected"), [
    ("me@example.com", "me@example.com"), ("  me@example.com ", "me@example.com"), ("", ""),
    ("Me <me@example.com>", "me@example.com"), (" Me < me@example.com > ", "me@example.com"),
    ("A <b> C <me@example.com>", "me@example.com"), ("me@example.com>", "me@example.com>"), ("<me", "<me"),
    ("a <b> c", "a <b> c"),
])  # fmt: skip
def test_bare_address(text, expected):
    assert words.bare_address(text) == expected


@pytest.mark.parametrize(("kind", "value", "foreseen", "refused"), [
    ("daily", 3600, "daily limit of 1 h", "daily limit of 1 h reached"),
    ("hours", 0, "no watching after that", "no watching at this hour"), ("lock", 0, "locked", "locked"),
    ("rule", 0, "not after that", "not allowed"), ("paused", 300, "paused for too long", "paused for 5 min"),
    ("streams", 2, "more than 2 streams at once", "at most 2 streams at once"),
    ("locations", 1, "more than 1 place at once", "at most 1 place at once"),
    ("start", 600, "nothing new starts then", "nothing new starts in the last 10 min"),
    ("device", 0, "the player is not known", "this player is not known yet"),
    ("plays", 3, "3 plays", "limit of 3 plays reached"),
])  # fmt: skip
def test_why_a_play_ends(kind, value, foreseen, refused):
    assert words.foreseen(kind, kind, value) == foreseen and words.refused(kind, kind, value) == refused
    name = "cartoons: " + "x" * 40
    assert words.foreseen(f"rule:{name}", kind, value) == f"cartoons: {'x' * 29}…: {foreseen}"
    assert words.refused("rule:" + "x" * 40, kind, value) == f"{'x' * 40}: {refused}"


def test_date():
    for month, name in enumerate(words.MONTHS, 1):
        on = date(2026, month, 3)
        assert words.date(on.toordinal()) == f"3 {name}" == f"{on.day} {on:%b}"
