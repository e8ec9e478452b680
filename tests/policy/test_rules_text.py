"""The house rules as a letter tells them."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import grammar
from shared.model import User
from shared.policy.calendar import Calendar
from shared.policy.days_text import days
from shared.policy.limits import Limits
from shared.policy.people import House, person
from shared.policy.rules_text import of_group, of_user, of_who, people_called, sentences

NAMES = ("holidays", "papa")
CALENDAR = Calendar()
DAY = "A day begins at 04:00."


def per_day(text):
    return grammar.per_day(text, NAMES)


def windows(text):
    return grammar.windows(text, NAMES)


@pytest.mark.parametrize(("limits", "said"), [
    (Limits(), ()),
    (Limits(uncounted_media=("track",), uncounted_libraries=("x",), unlimited_days=(("weekday", 6),)), ()),
    (Limits(daily=per_day("1h")), ("At most 1 h a day.", DAY)),
    (Limits(daily=per_day("1h, weekend 2h, holidays unlimited")),
     ("At most 1 h a day, 2 h on Saturdays and Sundays, any time on holidays.", DAY)),
    (Limits(daily=per_day("weekend 2h, 1h, sun 3h")), ("At most 1 h a day, 3 h on Sundays.", DAY)),
    (Limits(blocked=windows("sun, everyday 20:00-07:00")), ("No watching every day from 20:00 to 07:00.",)),
    (Limits(daily=per_day("sat 1h, sun 2h")), ("At most 1 h a day on Saturdays, 2 h on Sundays.", DAY)),
    (Limits(daily=per_day("weekend 2h")), ("At most 2 h a day on Saturdays and Sundays.", DAY)),
    (Limits(daily=per_day("0m, sat 90m")), ("At most 0 s a day, 1 h 30 min on Saturdays.", DAY)),
    (Limits(weekly=per_day("10h"), monthly=per_day("40h")),
     ("At most 10 h a week; a week begins on Monday.", "At most 40 h a month.", DAY)),
    (Limits(sitting=per_day("30m"), rest=900),
     ("At most 30 min at a stretch, then at least 15 min without watching.",)),
    (Limits(sitting=per_day("30m"), rest=0), ("At most 30 min at a stretch.",)),
    (Limits(blocked=windows("everyday 23:00-08:00, schoolnight 20:00-07:00")),
     ("No watching every day from 23:00 to 08:00, but on school nights from 20:00 to 07:00.",)),
    (Limits(blocked=windows("schoolnight 20:00-07:00, weekend 23:00-8:00")),
     ("No watching on school nights from 20:00 to 07:00, on Saturdays and Sundays from 23:00 to 08:00.",)),
    (Limits(blocked=windows("everyday 12:00-13:00 and 20:00-24:00, holidays none")),
     ("No watching every day from 12:00 to 13:00 and from 20:00 to 24:00, but not on holidays.",)),
    (Limits(blocked=windows("sun")), ("No watching on Sundays.",)),
    (Limits(allowed=windows("weekday 15:00-19:00, weekend")),
     ("Watching only on Monday to Friday from 15:00 to 19:00, on Saturdays and Sundays.",)),
    (Limits(allowed=windows("everyday 15:00-19:00, papa none")),
     ("Watching only every day from 15:00 to 19:00, but never on papa.",)),
    (Limits(daily=per_day("1h"), uncounted=windows("sat 08:00-10:00"), uncounted_media=("track", "photo", "clip"),
            uncounted_libraries=("School", "Audiobooks"), unlimited_days=(("weekday", 6),)),
     ("At most 1 h a day.", "What is watched on Saturdays from 08:00 to 10:00 does not count.",
      "Music, photos and trailers do not count.", "What is in School and Audiobooks does not count.",
      "On Sundays none of these limits holds.", DAY)),
    (Limits(blocked=windows("sun"), uncounted_media=("track",)), ("No watching on Sundays.",)),
    (Limits(daily=per_day("1h"), uncounted=windows("everyday 08:00-10:00, sun none"),
            uncounted_libraries=("x" * 41,)),
     ("At most 1 h a day.", "What is watched every day from 08:00 to 10:00, but not on Sundays does not count.",
      f"What is in {'x' * 39}… does not count.", DAY)),
    (Limits(max_streams=2), ("At most 2 players at once; the one that began last has to stop.",)),
    (Limits(max_streams=1, keep="newest"), ("At most 1 player at once; the one that began first has to stop.",)),
    (Limits(max_locations=1, max_paused=300),
     ("Watching in 1 place at a time; home is one place.", "What is paused for more than 5 min is stopped.")),
    (Limits(known_devices_only=True), ("Only on players that are known; ask before you use another.",)),
    (Limits(daily=per_day("1h"), let_finish=300, no_start_in_last=600),
     ("At most 1 h a day.", "What has at most 5 min left when time is up may end.",
      "Nothing new starts in the last 10 min.", DAY)),
])  # fmt: skip
def test_sentences(limits, said):
    assert sentences(limits, CALENDAR) == said


def test_when_a_day_and_a_week_begin():
    found = sentences(Limits(weekly=per_day("10h")), Calendar(day_starts=5400, week_starts=6))
    assert found == ("At most 10 h a week; a week begins on Sunday.", "A day begins at 01:30.")


@pytest.mark.parametrize(("text", "said"), [
    ("everyday", ""), ("mon-sun", ""), ("sat, sun", "Saturdays and Sundays"), ("mon-fri", "Monday to Friday"),
    ("mon, wed, fri", "Mondays, Wednesdays and Fridays"), ("fri-mon", "Mondays and Friday to Sunday"),
    ("2026-12-24", "24 December 2026"), ("sun, 2026-07-03..2026-08-16", "Sundays and 3 July 2026 to 16 August 2026"),
    ("holidays, schoolday", "holidays and school days"),
])  # fmt: skip
def test_days(text, said):
    assert days(grammar.days(text, NAMES)) == said


SETTINGS = {
    "usher": {"dry_run": True, "owner_devices": ()}, "everyone": {"daily": 3600, "uncounted_media": ("track",)},
    "group": {"kids": {"members": ("max",), "daily": 1800}}, "person": {
        "emma": {"users": ("emma",), "sitting": 600}, "papa": {"users": ("papa",), "exempt": True},
        "free": {"users": ("free",), "daily": None}}, "rule": {},
}  # fmt: skip


@pytest.mark.parametrize(("name", "first"), [("emma", "At most 1 h a day."), ("max", "At most 30 min a day."),
                                             ("other", "At most 1 h a day."), ("papa", None), ("owner", None),
                                             ("free", None)])
def test_the_rules_are_those_of_this_user(name, first):
    users = {n: User(n, who) for n, who in enumerate(("owner", "emma", "max", "other", "papa", "free"), 1)}
    bound = {("user", user.name): str(user.id) for user in users.values()}
    house = House(SETTINGS, users, bound, 1)
    found = of_user(house, next(u.id for u in users.values() if u.name == name), CALENDAR)
    assert (found[0] if found else None) == first
    assert any("10 min at a stretch" in line for line in found) == (name == "emma")


RULES = {  # what each forbids says whom it is for
    "all": {"libraries": (False, ("All",))},
    "kids": {"groups": (False, ("kids",)), "libraries": (False, ("Kids",))},
    "not kids": {"groups": (True, ("kids",)), "libraries": (False, ("NotKids",))},
    "emma": {"people": (False, ("emma",)), "libraries": (False, ("Emma",))},
    "not emma": {"people": (True, ("emma",)), "libraries": (False, ("NotEmma",))},
    "max": {"users": (False, ("max", "papa")), "libraries": (False, ("Max",))},
    "not max": {"users": (True, ("max",)), "libraries": (False, ("NotMax",))},
    "some": {"users": (False, ("other", "max*")), "libraries": (False, ("Some",))},
    "anybody": {"users": (False, ("*",)), "libraries": (False, ("Anybody",))},
    "none": {"users": (False, ("emma",)), "groups": (False, ("kids",)), "libraries": (False, ("None",))},
    "told": {"libraries": (False, ("Logged",)), "action": "log"},
}
WITH_RULES = {**SETTINGS, "rule": RULES, "group": {"kids": {"members": ("max", "ben"), "daily": 1800}}}


@pytest.mark.parametrize(("name", "expected"), [
    ("emma", "All NotKids Emma NotMax Anybody"), ("max", "All Kids NotEmma Max Some Anybody"),
    ("other", "All NotKids NotEmma NotMax Some Anybody"), ("papa", "Max"),
    ("free", "All NotKids NotEmma NotMax Anybody"), ("", "All NotKids NotEmma NotMax"),
])
def test_a_rule_is_told_to_whom_it_may_meet(name, expected):
    users = {n: User(n, who) for n, who in enumerate(("owner", "emma", "max", "other", "papa", "free"), 1)}
    id = next((u.id for u in users.values() if u.name == name), 99)
    bound = {("user", user.name): str(user.id) for user in users.values()}
    found = of_user(House(WITH_RULES, users, bound, 1), id, CALENDAR)
    assert " ".join(line[3:-1] for line in found if line.startswith("No ")) == expected


def test_a_rule_for_one_of_somebodys_users_may_meet_them():
    users = {n: User(n, who) for n, who in enumerate(("owner", "emma", "emma2"), 1)}
    bound = {("user", user.name): str(user.id) for user in users.values()}
    people = {**SETTINGS["person"], "emma": {"users": ("emma", "emma2")}}
    rule = {"users": (False, ("emma2",)), "libraries": (False, ("Second",))}
    house = House({**SETTINGS, "person": people, "rule": {"second": rule}}, users, bound, 1)
    assert "No second." in [line.replace("Second", "second") for line in of_who(house, person(house, "emma"), CALENDAR)]


def test_what_may_meet_somebody_whom_plex_has_not_shown_yet():
    house = House(WITH_RULES, {}, {}, 1)
    told = of_who(house, person(house, "emma"), CALENDAR)
    assert {"No All.", "No Emma."} <= set(told) and not {"No Kids.", "No NotEmma."} & set(told)


@pytest.mark.parametrize(("group", "expected"), [
    ("kids", ["No All.", "No Kids.", "No NotEmma.", "For max: no Max.", "For everybody but max: no NotMax.",
              "For max*: no Some.", "No Anybody."]),
    ("", ["No All.", "No NotKids.", "No NotEmma.", "For everybody but max: no NotMax.", "For other and max*: no Some.",
          "No Anybody."]),
])  # fmt: skip
def test_a_rule_is_on_the_sheet_of_a_group(group, expected):
    found = of_group(House(WITH_RULES, {}, {}, 1), group, CALENDAR)
    assert [line for line in found if line.startswith(("No ", "For "))] == expected


def test_a_member_is_named_as_a_heading():
    assert [people_called(name) for name in ("emma", "@friends", "x" * 41)] == ["Emma", "friends", "X" + "x" * 38 + "…"]


def test_hostile_names_stay_on_their_line():
    evil = '"><script>@everyone\r\nBcc: x'
    found = sentences(Limits(daily=per_day("1h"), uncounted_libraries=(evil,)), CALENDAR)
    assert all(line.isprintable() for line in found)


DAYS = st.lists(st.sampled_from(["mon", "sat", "weekend", "fri", "schoolnight", "holidays", "2026-12-24"]),
                min_size=1, max_size=3, unique=True).map(", ".join)  # fmt: skip


@given(st.lists(st.tuples(DAYS, st.integers(1, 24)), min_size=1, max_size=3), st.sampled_from(
    ["daily", "weekly", "monthly", "sitting"]))
def test_every_value_is_told(entries, key):
    text = ", ".join(f"{names.replace(',', '')} {hours}h" for names, hours in entries)
    found = sentences(Limits(**{key: per_day(text)}), CALENDAR)
    assert all(f"{hours} h" in found[0] for _, hours in entries) and found[0].endswith(".")


def test_every_weekday_and_month_has_its_name():
    for n in range(7):
        on = date(2026, 11, 23 + n)
        assert days((("weekday", n),)) == f"{on:%A}s"
    for month in range(1, 13):
        on = date(2026, month, 3)
        assert days((("date", on.toordinal(), on.toordinal()),)) == f"3 {on:%B} 2026"
    assert days((("calendar", "x" * 41),)) == "x" * 39 + "…"
