"""docs/recipes.md: each recipe is a valid part of config.ini, and does what is said of it."""

import re
from datetime import datetime
from pathlib import Path

import pytest

from shared.config import load
from shared.jobs.days import calendar_of
from shared.model import Play, Session, Span, User
from shared.policy import verdict
from shared.policy.calendar import day_of, moment
from shared.policy.holding import holding, names_of
from shared.policy.limits import Limits
from shared.policy.people import House, in_force, nobody, whose
from shared.policy.verdict import Case

PAGE = (Path(__file__).resolve().parents[1] / "docs" / "recipes.md").read_text(encoding="utf-8")
RECIPES = dict(re.findall(r"^\*\*([^*]+?)\.?\*\*(?:(?!^\*\*).)*?^```ini\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))
NAMES = {1: "owner", 2: "emma", 3: "max", 4: "fred", 5: "grandma@example.com", 6: "guest", 7: "bob"}
BOUND = {("user", name): str(n) for n, name in NAMES.items()} | {
    ("device", name): name for name in ("living room tv", "guest room tv")}
tried = set()


class House_:
    """One recipe's house; `may` asks whether somebody may play something at a moment."""

    def __init__(self, title, folder):
        tried.add(title)
        path = folder / "config.ini"
        text = RECIPES[title]
        path.write_text("[usher]\ntimezone = Europe/Zurich\ndry_run = no\n" + text, encoding="utf-8")
        self.config = load(str(path), {})
        assert self.config.problems == ()
        self.calendar = calendar_of(self.config)
        self.users = {n: User(n, name, kind="owner" if n == 1 else "friend") for n, name in NAMES.items()}

    def at(self, text):
        when = datetime.fromisoformat(text)
        return moment(self.calendar, when.toordinal(), when.hour * 3600 + when.minute * 60)

    def decide(self, name, when, *played, beside=(), began=0, **what):
        """played: (minutes ago, minutes ago, session) of what came before; beside: sessions of their other streams."""
        now = self.at(when)
        day = day_of(self.calendar, now)
        house = House(in_force(self.config.settings, day), self.users, BOUND, 1)
        number = next(n for n, known in NAMES.items() if known == name)
        known = dict(machine_id="a player", media_type="movie", rating_key="this", library="Films", rating="PG",
                     location="lan", transcode="no", address="192.168.0.5", platform="Chrome", bitrate=8000,
                     file_bitrate=8000, resolution="1080")
        session = Session(**{"session_key": "1", "user_id": number, **known, **what})
        who = whose(house, number, session.machine_id) or nobody(house)
        spans, sessions = [], {1: session}
        for n, (first, last, more) in enumerate(played, 10):
            one = session._replace(**more)
            sessions[n] = one
            spans.append(Span(now - first * 60, now - last * 60, one.media_type, one.library, play=n))
        play = Play(1, session, now - began * 60, now)
        plays = [(play, session)]
        for n, more in enumerate(beside, 100):
            one = session._replace(session_key=f"b{n}", rating_key=f"b{n}", **more)
            plays.append((Play(n, one, now - 3600, now), one))
        others = [(p, names_of(holding(house, who, s, {}))) for p, s in plays]
        case = Case(play, Limits() if who.exempt else who.limits, self.calendar, spans, sessions,
                    holding(house, who, session, sessions), others, dry=who.dry_run)
        decision = verdict.decide(case, now)
        # a second stream is given the moment that one needs to be gone
        return verdict.decide(case, now + 1) if decision.until and decision.until - now < 1 else decision

    def may(self, *args, **kw):
        return self.decide(*args, **kw).allowed


@pytest.fixture
def recipe(tmp_path):
    return lambda title: House_(title, tmp_path)


NOON, EVENING = "2026-11-20T12:00", "2026-11-20T20:30"  # a Friday: no school night


@pytest.mark.parametrize("title", RECIPES)
def test_every_recipe_is_valid(recipe, title):
    assert recipe(title)


def test_school_nights_and_holidays(recipe):
    r = recipe("School nights and holidays")
    assert r.may("emma", EVENING) and not r.may("emma", "2026-11-19T20:30") and r.may("fred", "2026-11-19T20:30")
    assert r.decide("emma", "2026-12-25T10:00").until == r.at("2026-12-25T13:00")


def test_two_children_alike(recipe):
    r = recipe("Two children alike")
    assert r.may("emma", NOON) and not r.may("emma", NOON, (45, 0, {})) and r.may("max", NOON)
    assert not r.may("max", NOON, rating="PG-13") and not r.may("max", NOON, rating="")
    assert r.decide("max", NOON, rating="R").message == "Not for you yet."
    assert r.may("fred", NOON, rating="R")


def test_the_family_television(recipe):
    r = recipe("The family television")
    assert r.may("emma", NOON, (120, 0, {}), machine_id="living room tv")
    assert not r.may("emma", NOON, (60, 0, {}))


def test_movie_night(recipe):
    r = recipe("Movie night")
    film = {"duration": 6000.0, "offset": 6000.0 - 20 * 60}
    assert r.may("emma", "2026-11-20T21:00", began=80, **film)
    assert not r.may("emma", "2026-11-20T21:00", began=80, **{**film, "offset": 6000.0 - 40 * 60})
    assert not r.may("emma", "2026-11-20T20:40") and r.may("emma", "2026-11-20T20:20")


def test_the_other_parent_every_second_week(recipe):
    r = recipe("The other parent every second week")
    assert not r.may("emma", "2026-01-09T20:30") and r.may("emma", "2026-01-16T20:30")
    assert r.may("emma", "2026-01-18T12:00", (90, 0, {})) and not r.may("emma", "2026-01-12T12:00", (90, 0, {}))


def test_cousins_for_a_week(recipe):
    r = recipe("Cousins for a week")
    assert not r.may("guest", "2026-08-09T12:00", (180, 0, {})) and r.may("guest", "2026-08-10T12:00", (180, 0, {}))


def test_a_sick_day(recipe):
    assert not recipe("A sick day").may("emma", NOON, (60, 0, {}))


def test_cartoons_in_the_morning_only(recipe):
    r = recipe("Cartoons in the morning only")
    assert r.may("emma", "2026-11-20T08:00", library="Cartoons") and not r.may("emma", NOON, library="Cartoons")
    assert not r.may("emma", "2026-11-20T08:00", (30, 0, {"library": "Cartoons"}), library="Cartoons")
    assert r.may("emma", NOON)


def test_wednesday_without_screens(recipe):
    r = recipe("Wednesday without screens")
    assert not r.may("max", "2026-11-18T12:00") and r.may("max", "2026-11-18T12:00", media_type="track")
    assert r.may("max", NOON) and r.may("fred", "2026-11-18T12:00")


def test_a_friend_who_hogs(recipe):
    r = recipe("A friend who hogs")
    two = [{"machine_id": "two"}]
    assert not r.may("fred", NOON, beside=two) and r.may("emma", NOON, beside=two)
    assert not r.may("emma", NOON, beside=[*two, {"machine_id": "three"}])
    assert not r.may("fred", NOON, began=21, state="paused") and r.may("fred", NOON, began=19, state="paused")


def test_no_transcoding_of_4k(recipe):
    r = recipe("No transcoding of 4K")
    assert not r.may("fred", NOON, resolution="4k", transcode="both")
    for fine in ({"resolution": "4k", "transcode": "audio"}, {"resolution": "4k"}, {"transcode": "video"},
                 {"resolution": "", "transcode": "video"}):  # fmt: skip
        assert r.may("fred", NOON, **fine)


def test_grandmother_may_always(recipe):
    r, night = recipe("Grandmother may always"), "2026-11-20T23:30"
    assert r.may("grandma@example.com", night, (600, 0, {})) and not r.may("fred", night)
    assert not r.may("grandma@example.com", NOON, location="wan") and r.may("fred", NOON, location="wan")


FRED = "fred"
KILL_STREAM = (  # recipe, what is stopped, what goes on
    ("Kill transcodes", {"transcode": "video"}, {"transcode": "audio"}),
    ("Kill non-local streams paused for a long time", {"location": "wan", "state": "paused", "began": 21},
     {"location": "lan", "state": "paused", "began": 21}),
    ("Kill streams paused for a custom time", {"state": "paused", "began": 6}, {"state": "paused", "began": 4}),
    ("Kill paused transcodes", {"transcode": "audio", "state": "paused"}, {"transcode": "no", "state": "paused"}),
    ("Limit user stream count, kill last stream", {"beside": [{"machine_id": m} for m in "abc"]},
     {"beside": [{"machine_id": m} for m in "ab"]}),
    ("Limit user streams to one unique IP",
     {"beside": [{"machine_id": "b", "location": "wan", "address": "203.0.113.9"}]},
     {"beside": [{"machine_id": "b", "address": "192.168.0.77"}]}),
    ("IP whitelist", {"address": "192.168.0.102"}, {"address": "192.168.0.101"}),
    ("Kill by platform", {"platform": "Roku"}, {"platform": "Chrome"}),
    ("Kill transcode by library", {"library": "4K Movies", "transcode": "video"}, {"library": "4K Movies"}),
    ("Kill transcode by original resolution", {"transcode": "video"}, {"transcode": "video", "resolution": "sd"}),
    ("Kill transcode by bitrate", {"transcode": "audio", "file_bitrate": 4001},
     {"transcode": "audio", "file_bitrate": 4000}),
    ("Kill transcode by bitrate", {"location": "wan", "bitrate": 20001}, {"bitrate": 20001}),
    ("Kill by hours of the day", {"when": "2026-11-20T09:59"}, {"when": "2026-11-20T10:00"}),
    ("Kill non local streams", {"location": "relay"}, {"location": "lan"}),
    ("Kill transcodes and send a notification", {"transcode": "both"}, {"location": "relay"}),
    ("Kill transcodes with a delay", {"transcode": "video"}, {"transcode": "no"}),
    ("Limit a user to total time watching", {"played": (82 * 60, 0, {})}, {"played": (81 * 60, 0, {})}),
    ("Limit a user to total time for the week, including what is just starting", {"played": (9 * 60 + 20, 0, {})},
     {"played": (9 * 60, 0, {})}),
)  # fmt: skip


@pytest.mark.parametrize(("title", "stopped", "fine"), KILL_STREAM, ids=[row[0] for row in KILL_STREAM])
def test_jbops(recipe, title, stopped, fine):
    r = recipe(title)
    for what, expected in ((stopped, False), (fine, True)):
        more = dict(what)
        played = [more.pop("played")] if "played" in more else []
        assert r.may(FRED, more.pop("when", NOON), *played, **more) is expected, what


def test_bob(recipe):
    r = recipe("Kill all of a user's streams")
    assert not r.may("bob", NOON) and r.may("fred", NOON)


def episodes(count, ago):
    return [(ago + 30 * n, ago + 30 * n - 25, {"rating_key": f"e{n}", "media_type": "episode"}) for n in range(count)]


def test_plays_of_a_show_during_a_time_of_day(recipe):
    r, midnight = recipe("Limit a user to an amount of plays of a show during a time of day"), "2026-11-21T00:30"
    assert not r.may("fred", midnight, *episodes(3, 30), media_type="episode")
    assert r.may("fred", midnight, *episodes(2, 30), media_type="episode")
    assert r.may("fred", midnight, *episodes(3, 300), media_type="episode")  # before ten
    assert r.may("fred", "2026-11-20T21:00", *episodes(9, 30), media_type="episode")


def test_total_plays(recipe):
    r = recipe("Limit a user to total plays")
    films = [(600 * n, 600 * n - 90, {"rating_key": f"m{n}", "library": "Movies"}) for n in range(1, 4)]
    assert not r.may("fred", NOON, *films, library="Movies") and r.may("fred", NOON, *films[1:], library="Movies")
    assert r.may("fred", NOON, *films, library="Movies", rating_key="m1")  # resumed
    assert r.may("fred", NOON, *films)


def test_total_play_sessions_for_the_day(recipe):
    r = recipe("Limit a user to total play sessions for the day")
    assert not r.may("fred", NOON, *episodes(3, 30)) and r.may("fred", NOON, *episodes(2, 30))
    assert r.may("owner", NOON, *episodes(3, 30))


def test_every_recipe_is_tried():
    named = {node for node in re.findall(r'recipe\("([^"]+)"\)', Path(__file__).read_text(encoding="utf-8"))}
    assert set(RECIPES) == named | {row[0] for row in KILL_STREAM}
