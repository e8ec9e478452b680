"""What repeats in [calendar]: when it begins and ends, and that what is wrong is answered with what would be right."""

import re
import subprocess
import sys
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import packages, recurrence
from shared.values import GrammarError

from .policy.words_of_tests import DAY, examples, named, ordinal

PROJECT = Path(__file__).resolve().parents[1]
YEAR = ("2026-01-01", "2026-12-31")


def shown(text, first=YEAR[0], last=YEAR[1]):
    """Each stretch as `01-09 18:00 +7d`; of what is longer than what was asked for only that."""
    low, high = ordinal(first) * DAY, (ordinal(last) + 1) * DAY
    found = []
    for began, ended in named(text, first, last):
        if ended > low and began < high:
            on = datetime.fromordinal(began // DAY) + timedelta(seconds=began % DAY)
            found.append(f"{on:%y-%m-%d %H:%M} +{(ended - began) / DAY:g}d")
    return found


@pytest.mark.parametrize(("text", "first", "last", "expected"), [
    ("every 2 weeks from fri 2026-01-09 18:00 for 7d", "2026-01-01", "2026-02-10",
     ["26-01-09 18:00 +7d", "26-01-23 18:00 +7d", "26-02-06 18:00 +7d"]),
    ("every 2 weeks from 2026-01-09", "2026-01-01", "2026-01-31", ["26-01-09 00:00 +1d", "26-01-23 00:00 +1d"]),
    ("EVERY 2  Weeks from Friday 2026-01-09 6 pm for 2d 12h", "2026-01-01", "2026-01-20", ["26-01-09 18:00 +2.5d"]),
    ("every week from wed 2026-03-25", "2026-03-20", "2026-04-05", ["26-03-25 00:00 +1d", "26-04-01 00:00 +1d"]),
    ("every 3 days from 2026-12-30 20:00 for 6h", "2026-12-01", "2027-01-03",
     ["26-12-30 20:00 +0.25d", "27-01-02 20:00 +0.25d"]),
    # touching stretches are one; it goes on for ever, so it reaches past what was asked for
    ("every day from 2026-12-30 until 2027-01-01", "2026-12-01", "2027-01-31", ["26-12-30 00:00 +3d"]),
    ("every week from fri 2026-01-09 18:00 for 7d until 2026-02-28", *YEAR, ["26-01-09 18:00 +50.25d"]),
    # of months that have no such day it is the last one
    ("every month from 2026-01-31", "2026-01-01", "2026-06-30",
     ["26-01-31 00:00 +1d", "26-02-28 00:00 +1d", "26-03-31 00:00 +1d", "26-04-30 00:00 +1d", "26-05-31 00:00 +1d",
      "26-06-30 00:00 +1d"]),
    ("every month from 2026-01-30", "2026-02-01", "2026-03-31", ["26-02-28 00:00 +1d", "26-03-30 00:00 +1d"]),
    ("every month from 2027-12-29", "2028-01-01", "2028-03-01", ["28-01-29 00:00 +1d", "28-02-29 00:00 +1d"]),
    ("every 2 months from 2025-12-31 12:00 for 12h", "2026-01-01", "2026-05-30",
     ["26-02-28 12:00 +0.5d", "26-04-30 12:00 +0.5d"]),
    ("every month from 2026-01-28", "2026-02-01", "2026-02-28", ["26-02-28 00:00 +1d"]),
    ("every year from 2024-02-29", "2024-01-01", "2029-01-01",
     ["24-02-29 00:00 +1d", "25-02-28 00:00 +1d", "26-02-28 00:00 +1d", "27-02-28 00:00 +1d", "28-02-29 00:00 +1d"]),
    ("every year from 2020-07-03 for 45d", "2026-01-01", "2027-12-31", ["26-07-03 00:00 +45d", "27-07-03 00:00 +45d"]),
    ("every 2 years from 2020-12-24", "2025-01-01", "2029-12-31", ["26-12-24 00:00 +1d", "28-12-24 00:00 +1d"]),
    # until: nothing is left of it after that day
    ("every 2 weeks from fri 2026-01-09 18:00 for 7d until 2026-01-25", *YEAR,
     ["26-01-09 18:00 +7d", "26-01-23 18:00 +2.25d"]),
    ("every month until 2026-02-28 from 2026-01-31 18:00 for 1d", *YEAR,
     ["26-01-31 18:00 +1d", "26-02-28 18:00 +0.25d"]),
    ("every week from 2026-01-09 until 2026-01-09", *YEAR, ["26-01-09 00:00 +1d"]),
    # what began before the time asked for goes on in it, and what began long ago costs nothing
    ("every year from 2025-12-24 for 14d", "2026-01-05", "2026-01-10", ["25-12-24 00:00 +14d"]),
    ("every 2 days from 0001-01-02", "2026-01-01", "2026-01-02", ["26-01-02 00:00 +1d"]),
    ("every day from 9999-12-31", *YEAR, []),
    # among dates and ranges
    ("2026-05-01, every year from 2026-08-01, 2026-04-30, 2026-09-01..2026-09-03", *YEAR,
     ["26-04-30 00:00 +2d", "26-08-01 00:00 +1d", "26-09-01 00:00 +3d"]),
    ("every week from mon 2026-01-05, every week from tue 2026-01-06 until 2026-01-06", "2026-01-01", "2026-01-13",
     ["26-01-05 00:00 +2d", "26-01-12 00:00 +1d"]),
])  # fmt: skip
def test_what_repeats(text, first, last, expected):
    assert shown(text, first, last) == expected


@pytest.mark.parametrize(("text", "said"), [
    ("every 2 weeks", "does not say when it first begins: write every 2 weeks from fri 2026-01-09"),
    ("every week until 2026-02-02", "write every week from mon 2026-02-02"),
    ("every 2 weeks from thu 2026-01-09 for 7d", "2026-01-09 is a fri: write fri 2026-01-09 or thu 2026-01-08"),
    ("every 2 weeks from sunday 2026-01-09", "2026-01-09 is a fri: write fri 2026-01-09 or sun 2026-01-04"),
    ("every week from fridag 2026-01-09", "fridag is no day of the week: write fri"),
    ("every other week from 2026-01-10", "write every 2 weeks from sat 2026-01-10"),
    ("every third month from 2026-01-10", "write every 3 months from sat 2026-01-10"),
    ("every fri", "write every week from fri 2026-01-09"),
    ("every", "write every week from fri 2026-01-09"),
    ("every 5 from 2026-01-09", "write every 5 weeks from fri 2026-01-09"),
    ("every moth from 2026-01-09", "moth is no number of days, weeks, months or years: write every month from"),
    ("every 2 weeks on fri from 2026-01-09", "write every 2 weeks from fri 2026-01-09"),
    ("every 0 days from 2026-01-01", "is not from 1 to 1000 days: write every day"),
    ("every 99999999 weeks from 2026-01-01", "write every 1000 weeks"),
    ("every week from fri", "there is no date behind from: write from 2026-12-24"),
    ("every week from 24.12.2026", "24.12.2026 is no date: write 2026-12-24"),
    ("every week from 2026-02-30", "write 2026-02-28"),
    ("every week from 2026-01-09..2026-02-03", "write from 2026-01-09 until 2026-02-03"),
    ("every week from 2026-01-09 6", "6 is no clock time: write 6:00 or 6pm"),
    ("every week from 2026-01-09 at 18:00", "at 18:00 is no clock time: write for example 20:00"),
    ("every week from 2026-01-09 for 7", "for 7 has no unit: write for 7d or for 7h"),
    ("every week from 2026-01-09 for 7 days", "7 days is no duration: write 7d"),
    ("every week from 2026-01-09 for", "nothing is no duration"),
    ("every week from 2026-01-09 for 0h", "for 0h is no time at all: write for 1d"),
    ("every week from 2026-01-09 for 1d for 2d", "for stands there twice: write it once"),
    ("every week from 2026-01-09 for 8d", "begins anew before it has ended: write for 7d, or less"),
    ("every 2 months from 2026-01-09 for 63d", "write for 62d, or less"),
    ("every week from 2026-01-09 until 2026-01-08", "ends before it begins: write until 2026-01-09, or later"),
    ("every week from 2026-01-09 until", "there is no date behind until: write until 2026-12-24"),
    ("2026-01-01, every 2 weeks from thu 2026-01-09", "write fri 2026-01-09"),
    ("everyday", "everyday is no date"),
])  # fmt: skip
def test_a_mistake_is_answered_with_what_would_be_right(text, said):
    with pytest.raises(GrammarError) as error:
        recurrence.named_days(text)
    assert said in str(error.value)


WORDS = st.sampled_from(["every", "2", "0", "99999999999", "other", "weeks", "month", "years", "day", "from", "fri",
                         "thu", "2026-01-09", "2026-02-31", "..", "18:00", "24:00", "7pm", "at", "for", "7d", "9d",
                         "until", "2027-01-01", ",", "#", "é", "٣"])  # fmt: skip


@examples(300)
@given(st.one_of(st.text(max_size=40), st.lists(WORDS, max_size=12).map(lambda w: " ".join(["every", *w]))))
def test_any_text_is_read_or_answered_and_what_is_to_be_written_is_right(text):
    try:
        found = recurrence.named_days(text)
    except GrammarError as error:
        assert str(error).isprintable() and len(str(error)) < 400
        better = re.search(r"write (every \d* ?\w+ from \w+ [\d-]+)$", str(error))
        assert not better or recurrence.named_days(better[1])
        return
    pieces = recurrence.stretches(found, 1_700_000_000, 1_800_000_000)
    assert all(began < ended for began, ended in pieces)
    assert all(one[1] < two[0] for one, two in zip(pieces, pieces[1:], strict=False))


@examples(150)
@given(st.integers(1, 4), st.sampled_from(list(recurrence.LONGEST)), st.dates(date(2020, 1, 1), date(2027, 1, 1)),
       st.integers(1, 40), st.integers(0, 23), st.dates(date(2027, 1, 1), date(2028, 1, 1)))  # fmt: skip
def test_an_occurrence_is_where_counting_by_hand_finds_it(every, unit, first, days, hour, until):
    days = min(days, every * recurrence.LONGEST[unit])
    text = f"every {every} {unit}s from {first} {hour}:00 for {days}d until {until}"
    begins, n = [], 0
    while not begins or begins[-1] <= until:
        months = first.year * 12 + first.month - 1 + every * n * {"month": 1, "year": 12}.get(unit, 0)
        if unit in ("day", "week"):
            begins.append(first + timedelta(every * n * recurrence.LONGEST[unit]))
        else:
            last = date(months // 12 + (months % 12 == 11), (months + 1) % 12 + 1, 1) - timedelta(1)
            begins.append(last.replace(day=min(first.day, last.day)))
        n += 1
    hours = {b.toordinal() * 24 + hour + h for b in begins if b <= until for h in range(24 * days)}
    hours = {h for h in hours if h < (until.toordinal() + 1) * 24}
    near = range(ordinal("2024-01-01") * 24, ordinal("2029-01-01") * 24)
    pieces = named(text, "2024-01-01", "2029-01-01")
    found = {h for began, ended in pieces for h in range(began // 3600, ended // 3600)}
    assert found & set(near) == hours & set(near)


def test_without_dateutil_it_is_found_where_packages_are_or_said(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "dateutil.rrule", None)  # an import of it fails
    monkeypatch.setitem(sys.modules, "dateutil", None)
    asked = []
    monkeypatch.setattr(packages, "provide", lambda: asked.append(1) or ["dateutil"])
    assert named("2026-01-09..2026-01-10") and not asked
    said = r"^what repeats cannot be reckoned: missing Python packages: dateutil; run: .*install.py$"
    with pytest.raises(recurrence.NoDateutil, match=said):
        named("every week from 2026-01-09")
    assert asked == [1]
    monkeypatch.setattr(packages, "provide", lambda: (monkeypatch.undo(), [])[1])
    assert named("every week from 2026-01-09")


def test_dateutil_is_loaded_only_where_something_repeats():
    code = ("import sys; from shared import recurrence as r\n"
            "r.stretches(r.named_days(sys.argv[1]), 1700000000, 1800000000)\n"
            "print('dateutil' in sys.modules)")  # fmt: skip
    for text, loaded in (("2026-01-09..2026-02-01", "False"), ("every week from 2026-01-09", "True")):
        command = [sys.executable, "-c", code, text]
        done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True)
        assert done.stdout.strip() == loaded
