"""Conditions of rules as an owner writes them, asked of plays: true, false, or not known; and what rules come to."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import options, rule_values, settings
from shared.model import Play, Session, User
from shared.policy import people, rules, verdict
from shared.policy.holding import facts, holding
from shared.policy.people import DEVICE, USER, House
from shared.policy.rules import Facts, Holding
from shared.values import GrammarError

from .words_of_tests import DAY, H, M, at, calendar, limits, span

PAPA, EMMA, FRED, HOMER, OMA, NEW, FAKE = 100, 201, 202, 203, 204, 300, 301
USERS = (
    User(PAPA, "papa", "Papa", "papa@example.com", "owner"),
    User(EMMA, "", "Emma", "", "managed"),
    User(FRED, "fred", "Fred F.", "fred@example.com", "friend"),
    User(HOMER, "homer", "Homer", "homer@example.org", "home"),
    User(OMA, "oma", "Oma Ilse", "oma@example.com", "home"),
    User(NEW, "newcomer", "", "", ""),  # plex.tv has not told yet what they are
    User(FAKE, "sly", "fred", "202", "friend"),  # calls himself like another, and by another's id
)
INI = """
[usher]
timezone = UTC
dry_run = no
owner_devices = Papa's phone
[prune]
vip = fred, oma
[group:kids]
members = emma, max
[group:old]
members = oma
[person:emma]
users = Emma
devices = Emma's iPad
[person:max]
devices = max-machine
[person:oma]
users = oma
exempt = yes
"""
BOUND = {(USER, "emma"): str(EMMA), (USER, "oma"): str(OMA), (DEVICE, "emma's ipad"): "ipad-1",
         (DEVICE, "papa's phone"): "phone-1"}  # fmt: skip
FILM = Session(
    "1", "tv-1", FRED, "77", player="Living Room", platform="Roku", product="Plex for Roku", address="203.0.113.9",
    location="wan", media_type="movie", title="Alien", library="Films", rating="R", transcode="no", resolution="1080",
    bitrate=9000, file_bitrate=21000,
)  # fmt: skip
EPISODE = FILM._replace(
    media_type="episode", show="Paw Patrol", title="Paw Patrol - Pups Save a Pie", library="Kids TV", rating="TV-Y"
)
LIVE = FILM._replace(media_type="episode", live=True, rating_key="", library="", rating="", title="News at Ten")
KINDS = {"film": FILM, "episode": EPISODE, "live": LIVE}


def house(ini="", bound=BOUND, owner=PAPA, users=USERS):
    found = settings.compiled((INI + ini).encode(), "config.ini", {}, str, at("2026-11-20T12:00"))
    assert found.problems == ()
    return House(found.settings, {u.id: u for u in users}, dict(bound), owner)


HOUSE = house()


def whose(of, session):
    return people.whose(of, session.user_id, session.machine_id) or people.nobody(of)


def asked(key, text, session, known=None, more=None):
    """What a condition of config.ini comes to."""
    found = {name: options.parse(options.TABLE["rule", name], value, (), str)
             for name, value in {key: text, **(more or {})}.items()}  # fmt: skip
    return rules.condition(found, key, facts(HOUSE, whose(HOUSE, session), session, known))


YES, NO, UNKNOWN = True, False, None

# ---- the truth table: (key, as written, what is played, expected); what is played is a film unless it says so ----

WHO = [
    ("people", "emma", {"user_id": EMMA}, YES), ("people", "EMMA", {"user_id": EMMA}, YES),
    ("people", "max, emma", {"user_id": EMMA}, YES), ("people", "max", {"user_id": EMMA}, NO),
    ("people", "emma", {"user_id": FRED}, NO), ("people", "not emma", {"user_id": FRED}, YES),
    ("people", "not emma", {"user_id": EMMA}, NO), ("people", "not emma, max", {"user_id": EMMA}, NO),
    ("people", "emma", {"user_id": FRED, "machine_id": "ipad-1"}, YES),  # whoever holds her tablet
    ("people", "emma", {"user_id": 0, "machine_id": "ipad-1"}, YES),
    ("people", "max", {"user_id": EMMA, "machine_id": "max-machine"}, YES),
    ("people", "emma", {"user_id": EMMA, "machine_id": "max-machine"}, NO),
    ("people", "emma", {"user_id": 0}, UNKNOWN), ("people", "not emma", {"user_id": 0}, UNKNOWN),
    ("people", "emma", {"user_id": PAPA}, NO), ("people", "not emma", {"user_id": PAPA}, YES),
    ("people", "oma", {"user_id": OMA}, YES), ("people", "not oma", {"user_id": 999}, YES),
    ("groups", "kids", {"user_id": EMMA}, YES), ("groups", "Kids", {"machine_id": "max-machine"}, YES),
    ("groups", "kids, old", {"user_id": OMA}, YES), ("groups", "old", {"user_id": EMMA}, NO),
    ("groups", "kids", {"user_id": FRED}, NO), ("groups", "not kids", {"user_id": FRED}, YES),
    ("groups", "not kids", {"user_id": EMMA}, NO), ("groups", "kids", {"user_id": 0}, UNKNOWN),
    ("groups", "not kids", {"user_id": 0}, UNKNOWN),
    ("groups", "kids", {"user_id": 0, "machine_id": "max-machine"}, YES),
    ("groups", "not old", {"user_id": 0, "machine_id": "max-machine"}, YES),
    ("users", "fred", {}, YES), ("users", "FRED", {}, YES), ("users", "fred@example.com", {}, YES),
    ("users", "Fred@Example.COM", {}, YES), ("users", "Fred F.", {}, YES), ("users", "202", {}, YES),
    ("users", "fre*", {}, YES), ("users", "*@example.com", {}, YES), ("users", "f?ed", {}, YES),
    ("users", "*", {}, YES), ("users", "fre", {}, NO), ("users", "20?", {}, NO), ("users", "20", {}, NO),
    ("users", "homer, fred", {}, YES), ("users", "homer", {}, NO), ("users", "not fred", {}, NO),
    ("users", "not homer", {}, YES), ("users", "not homer, fred", {}, NO), ("users", "not fre*", {}, NO),
    ("users", "@friends", {}, YES), ("users", "@home", {}, NO), ("users", "not @home", {}, YES),
    ("users", "@vip", {}, YES), ("users", "not @vip", {}, NO), ("users", "@managed, @friends", {}, YES),
    ("users", "@home", {"user_id": HOMER}, YES), ("users", "@home", {"user_id": EMMA}, YES),
    ("users", "@managed", {"user_id": EMMA}, YES), ("users", "@managed", {"user_id": HOMER}, NO),
    ("users", "@friends", {"user_id": EMMA}, NO), ("users", "not @managed", {"user_id": HOMER}, YES),
    ("users", "@vip", {"user_id": OMA}, YES), ("users", "@vip", {"user_id": HOMER}, NO),
    ("users", "Emma", {"user_id": EMMA}, YES), ("users", "emma", {"user_id": EMMA, "user": "renamed"}, YES),
    ("users", "emma", {"user_id": FRED}, NO),
    # the owner: only outright
    ("users", "papa", {"user_id": PAPA}, YES), ("users", "100", {"user_id": PAPA}, YES),
    ("users", "papa@example.com", {"user_id": PAPA}, YES), ("users", "*", {"user_id": PAPA}, NO),
    ("users", "pap?", {"user_id": PAPA}, NO), ("users", "*@example.com", {"user_id": PAPA}, NO),
    ("users", "@home", {"user_id": PAPA}, NO), ("users", "not @home", {"user_id": PAPA}, YES),
    ("users", "*", {"user_id": 1}, NO),  # as Plex itself calls the owner
    # of whom plex.tv has not told the kind
    ("users", "@home", {"user_id": NEW}, UNKNOWN), ("users", "not @home", {"user_id": NEW}, UNKNOWN),
    ("users", "@home, newcomer", {"user_id": NEW}, YES), ("users", "not @friends, newcomer", {"user_id": NEW}, NO),
    ("users", "@vip", {"user_id": NEW}, NO), ("users", "not @vip", {"user_id": NEW}, YES),
    ("users", "newcomer", {"user_id": NEW}, YES), ("users", "fred", {"user_id": NEW}, NO),
    ("users", "nobody-else", {"user_id": 999, "user": "nobody-else"}, YES), ("users", "999", {"user_id": 999}, YES),
    # who calls himself like another is not the other
    ("users", "fred", {"user_id": FAKE}, NO), ("users", "202", {"user_id": FAKE}, NO),
    ("users", "not fred", {"user_id": FAKE}, YES), ("users", "not 202", {"user_id": FAKE}, YES),
    ("users", "fre*", {"user_id": FAKE}, NO), ("users", "sly", {"user_id": FAKE}, YES),
    # nobody: Plex's user 0
    ("users", "local", {"user_id": 0}, YES), ("users", "Local", {"user_id": 0, "user": "Local"}, YES),
    ("users", "0", {"user_id": 0}, YES), ("users", "not local", {"user_id": 0}, NO),
    ("users", "fred", {"user_id": 0}, UNKNOWN), ("users", "not fred", {"user_id": 0, "user": "Local"}, UNKNOWN),
    ("users", "*", {"user_id": 0, "user": "Local"}, UNKNOWN), ("users", "@home", {"user_id": 0}, UNKNOWN),
    ("users", "not @vip", {"user_id": 0}, UNKNOWN), ("users", "local", {"user_id": FRED}, NO),
    ("users", "not local", {"user_id": FRED}, YES),
]  # fmt: skip
WHERE = [
    ("devices", "Living Room", {}, YES), ("devices", "living room", {}, YES), ("devices", "living*", {}, YES),
    ("devices", "tv-1", {}, YES), ("devices", "TV-1", {}, YES), ("devices", "tv-2", {}, NO),
    ("devices", "not tv-1", {}, NO), ("devices", "not tv-2", {}, YES), ("devices", "Kitchen, Living Room", {}, YES),
    ("devices", "Emma's iPad", {"machine_id": "ipad-1", "player": "iPad"}, YES),  # renamed since
    ("devices", "Emma's iPad", {"machine_id": "x", "player": "Emma's iPad"}, NO),  # another one of that title
    ("devices", "not Emma's iPad", {"machine_id": "x", "player": "Emma's iPad"}, YES),
    ("devices", "Living Room", {"machine_id": ""}, YES), ("devices", "Kitchen", {"machine_id": ""}, NO),
    ("devices", "Emma's iPad", {"machine_id": "", "player": "Emma's iPad"}, UNKNOWN),
    ("devices", "tv-1", {"player": ""}, YES), ("devices", "tv-2", {"player": ""}, NO),
    ("devices", "tv-1", {"machine_id": "", "player": ""}, UNKNOWN),
    ("devices", "not tv-1", {"machine_id": "", "player": ""}, UNKNOWN),
    ("devices", '"a, b"', {"player": "A, b"}, YES), ("devices", "@everyone", {"player": "@everyone"}, YES),
    ("platforms", "Roku", {}, YES), ("platforms", "roku, chrome", {}, YES), ("platforms", "Chrome", {}, NO),
    ("platforms", "not Chrome", {}, YES), ("platforms", "not R*", {}, NO), ("platforms", "R*u", {}, YES),
    ("platforms", "Roku", {"platform": ""}, UNKNOWN), ("platforms", "not Roku", {"platform": ""}, UNKNOWN),
    ("players", "Plex for Roku", {}, YES), ("players", "Living Room", {}, YES), ("players", "Plex*", {}, YES),
    ("players", "Plex Web", {}, NO), ("players", "not Plex Web", {}, YES), ("players", "not Plex*", {}, NO),
    ("players", "Plex Web", {"product": "", "player": ""}, UNKNOWN),
    ("players", "Living Room", {"product": ""}, YES), ("players", "Plex Web", {"product": ""}, UNKNOWN),
    ("players", "not Plex Web", {"product": ""}, UNKNOWN), ("players", "not Living*", {"product": ""}, NO),
    ("addresses", "203.0.113.9", {}, YES), ("addresses", "203.0.113.*", {}, YES), ("addresses", "192.168.*", {}, NO),
    ("addresses", "not 192.168.*", {}, YES), ("addresses", "not 192.168.*", {"address": ""}, UNKNOWN),
    ("location", "wan", {}, YES), ("location", "lan", {}, NO), ("location", "not lan", {}, YES),
    ("location", "lan, relay", {"location": "relay"}, YES), ("location", "wan", {"location": "relay"}, NO),
    ("location", "LAN", {"location": "lan"}, YES), ("location", "not wan, relay", {"location": "lan"}, YES),
    ("location", "wan", {"location": ""}, UNKNOWN), ("location", "not wan", {"location": ""}, UNKNOWN),
    ("location", "not lan", {"location": "cellular"}, YES),
]  # fmt: skip
WHAT = [
    ("libraries", "Films", {}, YES), ("libraries", "films, Kids TV", {}, YES), ("libraries", "Kids*", {}, NO),
    ("libraries", "not Kids*", {}, YES), ("libraries", "not films", {}, NO), ("libraries", "*", {}, YES),
    ("libraries", "Films", {"library": ""}, UNKNOWN), ("libraries", "not Films", "live", UNKNOWN),
    ("libraries", "not kids tv", "episode", NO),
    ("media", "movie", {}, YES), ("media", "episode", {}, NO), ("media", "not episode, track", {}, YES),
    ("media", "live", {}, NO), ("media", "not live", {}, YES), ("media", "live", "live", YES),
    ("media", "not live", "live", NO), ("media", "episode", "live", YES), ("media", "movie", "live", NO),
    ("media", "movie, live", "live", YES), ("media", "not movie", "live", YES), ("media", "MOVIE", {}, YES),
    ("media", "live", {"media_type": "", "live": True}, YES), ("media", "movie", {"media_type": ""}, UNKNOWN),
    ("media", "not movie", {"media_type": ""}, UNKNOWN), ("media", "track", {"media_type": "track"}, YES),
    ("titles", "Alien", {}, YES), ("titles", "ALIEN", {}, YES), ("titles", "ali*", {}, YES), ("titles", "*en", {}, YES),
    ("titles", "*lie*", {}, YES), ("titles", "al?en", {}, YES), ("titles", "alie", {}, NO),
    ("titles", "not ali*", {}, NO),
    ("titles", "not *horror*", {}, YES), ("titles", "alien", {"title": ""}, UNKNOWN),
    ("titles", "Pups Save a Pie", "episode", YES), ("titles", "Paw Patrol - Pups*", "episode", YES),
    ("titles", "Paw Patrol", "episode", NO), ("titles", "*pie", "episode", YES), ("titles", "*News*", "live", YES),
    ("titles", "*horror*", {"title": "a HORROR\nfilm"}, YES), ("titles", "[abc]*", {"title": "[abc]d"}, YES),
    ("titles", "[abc]*", {"title": "b"}, NO), ("titles", "a.c", {"title": "abc"}, NO),
    ("titles", "*{user}*", {"title": "{user} --flag"}, YES), ("titles", "?*", {"title": "x" * 300}, YES),
    ("titles", "*a*a*a*a*a*b", {"title": "a" * 300}, NO), ("titles", "Straße", {"title": "STRASSE"}, YES),
    ("shows", "Paw Patrol", "episode", YES), ("shows", "paw *", "episode", YES), ("shows", "not Paw *", "episode", NO),
    ("shows", "Peppa*", "episode", NO), ("shows", "not Peppa*", "episode", YES), ("shows", "*", {}, NO),
    ("shows", "not Paw *", {}, YES), ("shows", "Paw *", {"media_type": "track"}, NO),
    ("shows", "Paw *", "live", UNKNOWN), ("shows", "not Paw *", "live", UNKNOWN),
    ("shows", "Paw *", {"media_type": "episode"}, UNKNOWN), ("shows", "Paw *", {"media_type": ""}, UNKNOWN),
    ("shows", "Paw*", {"media_type": "clip", "show": "Paw Patrol"}, YES),
]  # fmt: skip
RATED = [
    ("above PG-13", "R", YES), ("above PG-13", "PG-13", NO), ("above PG-13", "PG", NO), ("above PG-13", "NC-17", YES),
    ("above PG-13", "TV-MA", YES), ("above PG-13", "TV-14", YES), ("above TV-14", "R", YES),
    ("above TV-14", "TV-14", NO),
    ("above pg-13", "gb/15", YES), ("above pg-13", "gb/12A", NO), ("above 12", "de/16", YES), ("above 12", "de/12", NO),
    ("above 12", "fr/-12", NO), ("above 12", "fr/-16", YES), ("above fr/10", "fr/-12", YES),
    ("above 12", "au/MA15+", YES),
    ("above 12", "G", NO), ("above G", "G", NO), ("above G", "PG", YES), ("above R", "18", YES),
    ("above r", "TV-MA", NO),
    ("not above PG-13", "R", NO), ("not above PG-13", "PG", YES), ("R", "R", YES), ("r", "R", YES), ("R", "NC-17", NO),
    ("R, NC-17", "NC-17", YES), ("not R", "R", NO), ("not R", "PG", YES), ("15", "gb/15", YES), ("gb/15", "gb/15", YES),
    ("gb/15", "15", NO), ("16", "gb/15", NO), ("TV-*", "TV-MA", YES), ("TV-*", "R", NO), ("not TV-*", "R", YES),
    ("above PG-13, TV-Y", "TV-Y", YES), ("above PG-13, TV-Y", "TV-G", NO),
    # nobody knows how old one must be
    ("above PG-13", "Weird", UNKNOWN), ("not above PG-13", "Weird", UNKNOWN), ("Weird", "Weird", YES),
    ("not Weird", "Weird", NO), ("R", "Weird", NO), ("not R", "Weird", YES), ("above PG-13, weird", "Weird", YES),
    # nobody has rated it
    ("above PG-13", "", UNKNOWN), ("not above PG-13", "", UNKNOWN), ("above PG-13", "NR", UNKNOWN),
    ("R", "", UNKNOWN), ("not R", "Not Rated", UNKNOWN), ("not R", "gb/Not Rated", UNKNOWN),
    ("above PG-13", "N/A", UNKNOWN),
    ("unrated", "", YES), ("NR", "", YES), ("NR", "NR", YES), ("unrated", "NR", YES),
    ("above PG-13, NR", "Unrated", YES),
    ("unrated", "R", NO), ("not unrated", "R", YES), ("not unrated", "NR", NO), ('"not rated"', "NR", YES),
]  # fmt: skip
BLOCKING = [  # with unrated = block
    ("above PG-13", "", YES), ("above PG-13", "NR", YES), ("not above PG-13", "", YES), ("above PG-13", "Weird", YES),
    ("above PG-13", "PG", NO), ("above PG-13", "R", YES), ("not G, PG", "NR", YES), ("not G, PG", "PG", NO),
    ("not G, PG", "R", YES), ("R", "Weird", NO), ("R", "UR", YES), ("not unrated", "", NO),
]  # fmt: skip
HOW = [
    ("transcode", "no", "no", YES), ("transcode", "no", "audio", NO), ("transcode", "video", "video", YES),
    ("transcode", "video", "both", YES), ("transcode", "video", "audio", NO), ("transcode", "audio", "audio", YES),
    ("transcode", "audio", "both", YES), ("transcode", "audio", "video", NO), ("transcode", "any", "audio", YES),
    ("transcode", "any", "video", YES), ("transcode", "any", "both", YES), ("transcode", "any", "no", NO),
    ("transcode", "not video", "audio", YES), ("transcode", "not video", "both", NO),
    ("transcode", "not any", "no", YES),
    ("transcode", "not no", "audio", YES), ("transcode", "any", "", UNKNOWN), ("transcode", "not video", "", UNKNOWN),
    ("transcode", "no, audio", "both", YES), ("transcode", "not no, audio", "video", YES),
    ("resolution", "4k", "4k", YES), ("resolution", "4k", "1080", NO), ("resolution", "not 4k", "1080", YES),
    ("resolution", "4k", "2160", YES), ("resolution", "2160p", "4k", YES), ("resolution", "uhd", "4K", YES),
    ("resolution", "1080p", "1080", YES), ("resolution", "above 1080", "4k", YES),
    ("resolution", "above 1080", "1080", NO),
    ("resolution", "above 1080", "2k", YES), ("resolution", "above 1080", "1440", YES),
    ("resolution", "above 720", "900", YES),
    ("resolution", "not above 1080", "720", YES), ("resolution", "not above 1080", "8k", NO),
    ("resolution", "sd", "sd", YES), ("resolution", "sd", "480", YES), ("resolution", "sd", "576p", YES),
    ("resolution", "sd", "720", NO), ("resolution", "above sd", "576", NO), ("resolution", "above sd", "720", YES),
    ("resolution", "480", "sd", NO), ("resolution", "above 720", "sd", NO), ("resolution", "4k", "", UNKNOWN),
    ("resolution", "not 4k", "", UNKNOWN), ("resolution", "above 720", "odd", UNKNOWN), ("resolution", "4k", "odd", NO),
    ("bitrate", "above 20 Mbps", 20001, YES), ("bitrate", "above 20 Mbps", 20000, NO),
    ("bitrate", "below 1.5 Mbps", 1499, YES),
    ("bitrate", "below 1500 kbps", 1500, NO), ("bitrate", "above 20 Mbps", 0, UNKNOWN),
    ("bitrate", "below 9 Mbps", 0, UNKNOWN),
    ("file_bitrate", "above 40 Mbps", 40001, YES), ("file_bitrate", "above 40 Mbps", 40000, NO),
    ("file_bitrate", "below 40 Mbps", 0, UNKNOWN),
]  # fmt: skip
NEW_DEVICE = [("yes", False, YES), ("yes", True, NO), ("yes", None, UNKNOWN), ("no", True, YES), ("no", False, NO),
              ("no", None, UNKNOWN)]  # fmt: skip


@pytest.mark.parametrize(("key", "text", "played", "expected"), [*WHO, *WHERE, *WHAT])
def test_conditions(key, text, played, expected):
    session = KINDS[played] if isinstance(played, str) else FILM._replace(**played)
    assert asked(key, text, session) is expected


@pytest.mark.parametrize(("text", "rating", "expected"), RATED)
def test_ratings(text, rating, expected):
    assert asked("ratings", text, FILM._replace(rating=rating)) is expected


@pytest.mark.parametrize(("text", "rating", "expected"), BLOCKING)
def test_unrated_is_blocked(text, rating, expected):
    assert asked("ratings", text, FILM._replace(rating=rating), more={"unrated": "block"}) is expected


@pytest.mark.parametrize(("key", "text", "told", "expected"), HOW)
def test_how_it_is_played(key, text, told, expected):
    assert asked(key, text, FILM._replace(**{key: told})) is expected


@pytest.mark.parametrize(("text", "known", "expected"), NEW_DEVICE)
def test_new_devices(text, known, expected):
    assert asked("new_device", text, FILM, known) is expected


SOMEBODY = Facts(FILM, User(9, "dora"))
NAMELESS = FILM._replace(machine_id="", player="television")
ODD = [  # key, its names, of whom or what; in words that config.ini may hold and Plex may tell
    ("users", ("0", "emma"), SOMEBODY._replace(user=User(0)), YES),
    ("users", ("bound", "dora"), SOMEBODY._replace(bound={("user", "bound"): "7"}), YES),
    ("users", ("*",), SOMEBODY._replace(user=User(9)), NO),
    ("users", ("@home", "emma"), SOMEBODY, UNKNOWN), ("users", ("@vip", "emma"), SOMEBODY, NO),
    ("devices", ("a", "b"), SOMEBODY._replace(session=NAMELESS, bound={("device", "a"): "m1"}), UNKNOWN),
    ("devices", ("a", "b"), SOMEBODY._replace(session=NAMELESS), NO),
    ("ratings", ("rated r",), SOMEBODY._replace(session=FILM._replace(rating=" Rated  R")), YES),
    ("ratings", ("*",), SOMEBODY._replace(session=FILM._replace(rating="")), UNKNOWN),
    *(("resolution", (name,), SOMEBODY._replace(session=FILM._replace(resolution=told)), expected)
      for name, told, expected in (
        ("above 1080", "99999", YES), ("above 1080", "100000", UNKNOWN), ("sd", "odd", NO), ("sd", "1", YES),
        ("sd", "576p", YES), ("sd", "577", NO), ("above sd", "576", NO), ("above sd", "577", YES),
        ("above 2k", "1440", NO), ("above 2k", "1441", YES), ("above 4k", "2160p", NO), ("above 4k", "2161", YES),
        ("above 8k", "4320", NO), ("above 8k", "4321", YES), ("4k", "2160", YES), ("2k", "1440p", YES),
        ("8k", "4320", YES), ("1080", "1080i", YES), ("above 1440", "2k", NO), ("above 2159", "4k", YES),
        ("above 4319", "8k", YES), ("above 1439", "2k", YES), ("above 575", "sd", YES))),
    *(("shows", ("x",), SOMEBODY._replace(session=FILM._replace(show="", media_type=kind)), NO)
      for kind in ("movie", "track", "photo", "clip")),
]  # fmt: skip


@pytest.mark.parametrize(("key", "names", "of", "expected"), ODD)
def test_odd_words(key, names, of, expected):
    assert rules.condition({key: (False, names)}, key, of) is expected


@pytest.mark.parametrize("key", [
    "people", "groups", "users", "devices", "addresses", "platforms", "players", "libraries", "media", "titles",
    "shows", "ratings", "location", "resolution", "transcode", "bitrate", "file_bitrate", "new_device",
])  # fmt: skip
def test_each_condition_has_to_be_true(key):
    value = {"bitrate": ("above", 10**9), "file_bitrate": ("above", 10**9), "new_device": True, "transcode": (True, (
        "video", "audio", "no"))}.get(key, (False, ("something else",)))  # fmt: skip
    assert not rules.holds({key: value, "media": (False, ("movie",))} if key != "media" else {key: value}, SOMEBODY)


def test_what_is_not_known_of_somebody_is_nothing():
    assert Facts(FILM, User(9, "dora"))[2:] == ("", "", (), False, None, {})


def test_there_are_enough_rows():
    rows = len(WHO) + len(WHERE) + len(WHAT) + len(RATED) + len(BLOCKING) + len(HOW) + len(NEW_DEVICE) + len(TOGETHER)
    assert rows >= 200


# ---- several conditions, several rules, several people ----

RULES = """
[rule:Horror]
titles = *alien*, *saw*
groups = kids
[rule:remote 4k]
resolution = 4k
location = not lan
users = not @vip
[rule:oma and fred]
people = oma
media = movie
[rule:papa too]
users = papa, fred
libraries = films
[rule:all]
users = *
platforms = roku
[rule:the old]
groups = old
media = not track
[rule:homes]
users = @home
[rule:nobody]
users = local
[rule:loud]
action = alert
bitrate = above 5 Mbps
dry_run = yes
"""
RULED = house(RULES)
KID, GONE = {"user_id": EMMA}, {"user_id": PAPA, "machine_id": "phone-1"}
TOGETHER = [  # what is played, and which rules hold
    ({}, {"papa too", "all", "loud"}),
    (KID, {"horror", "all", "homes", "loud"}),
    ({**KID, "title": "Frozen"}, {"all", "homes", "loud"}),
    ({**KID, "title": ""}, {"all", "homes", "loud"}),
    ({"user_id": FRED, "machine_id": "ipad-1"}, {"horror", "papa too", "all", "loud"}),
    ({"machine_id": "max-machine"}, {"horror", "papa too", "all", "loud"}),
    ({"resolution": "4k"}, {"papa too", "all", "loud"}),  # fred is a VIP
    ({"user_id": FAKE, "resolution": "4k"}, {"remote 4k", "all", "loud"}),
    ({"user_id": FAKE, "resolution": "4k", "location": "lan"}, {"all", "loud"}),
    ({"user_id": FAKE, "resolution": "4k", "location": ""}, {"all", "loud"}),
    ({"user_id": FAKE, "resolution": ""}, {"all", "loud"}),
    # exempt: only what names her or her group; not all, not a kind
    ({"user_id": OMA, "resolution": "4k"}, {"oma and fred", "the old"}),
    ({"user_id": OMA, "media_type": "track"}, set()),
    ({"user_id": OMA, "media_type": "episode", "show": "x"}, {"the old"}),
    # the owner on their own device is exempt, but rules may name them; on another they are judged, no glob means them
    (GONE, {"papa too"}), ({**GONE, "library": "x"}, set()),
    ({"user_id": PAPA}, {"papa too", "loud"}),
    ({"user_id": PAPA, "resolution": "4k"}, {"papa too", "remote 4k", "loud"}),
    ({"user_id": 0}, {"nobody", "loud"}), ({"user_id": 0, "resolution": "4k", "bitrate": 0}, {"nobody"}),
    ({"user_id": 0, "machine_id": "ipad-1"}, {"horror", "nobody", "loud"}),
    ({"user_id": HOMER, "platform": ""}, {"homes", "loud"}),
    ({"user_id": NEW}, {"all", "loud"}),
]  # fmt: skip


@pytest.mark.parametrize(("played", "expected"), TOGETHER)
def test_which_rules_hold(played, expected):
    of, session = RULED, FILM._replace(**played)
    found = holding(of, whose(of, session), session, {})
    assert {rule.name for rule in found} == expected
    assert [rule.dry for rule in found] == [rule.name == "loud" for rule in found]


def test_a_rule_that_unrated_blocks_for_one_group_only():
    of = house("[rule:r]\ngroups = kids\nratings = above PG\nunrated = block\n")
    for user, rating, expected in ((EMMA, "", 1), (EMMA, "R", 1), (EMMA, "G", 0), (FRED, "", 0), (FRED, "R", 0)):
        session = FILM._replace(user_id=user, rating=rating)
        assert len(holding(of, whose(of, session), session, {})) == expected


def test_a_user_whom_a_rule_names_stays_who_they_are_when_renamed():
    of = house("[rule:r]\nusers = fred, @home, ne*\n")
    session = FILM._replace(user_id=FRED)
    assert people.bindings(of, session) == [(USER, "fred", str(FRED))]
    assert people.bindings(of, session._replace(user_id=FAKE)) == []
    of.bound[USER, "fred"] = str(FRED)
    of.users[FRED] = User(FRED, "freddy", "Freddy", "other@example.com", "friend")
    of.users[FAKE] = User(FAKE, "fred", "fred", "", "friend")
    for user, expected in ((FRED, 1), (FAKE, 0)):
        session = FILM._replace(user_id=user)
        assert len(holding(of, whose(of, session), session, {})) == expected


@pytest.mark.parametrize("owner", [0, PAPA])
def test_a_pattern_never_means_the_owner_even_while_their_account_is_not_known(owner):
    of = house("[rule:r]\nusers = *\n", owner=owner)
    for id in (PAPA, 1):
        session = FILM._replace(user_id=id)
        assert holding(of, whose(of, session), session, {}) == ()


# ---- grammar that could be taken for something else ----


@pytest.mark.parametrize(("kind", "text", "part"), [
    (rule_values.rated, "not rated", "unrated"), (rule_values.rated, "above", "above PG-13"),
    (rule_values.rated, "above nonsense", "above PG-13"), (rule_values.rated, "> 12", "above 12"),
    (rule_values.rated, "over R", "above R"), (rule_values.names, "not", "not and what"),
    (rule_values.names, "not  ", "not and what"), (rule_values.names, "a, not b", "in front"),
    (rule_values.names, "not a, not b", "in front"), (rule_values.bitrate, "20", "above 20 Mbps"),
    (rule_values.bitrate, "above 20", "above 20 Mbps"), (rule_values.plays, "4", "4 per month"),
    (rule_values.plays, "4 per year", "4 per month"), (rule_values.resolutions, "5k", "4k"),
])  # fmt: skip
def test_what_is_wrong_is_said(kind, text, part):
    with pytest.raises(GrammarError) as error:
        kind(text)
    assert part in str(error.value)


def test_a_word_that_begins_with_not_turns_nothing():
    assert rule_values.names("Notorious, nothing") == (False, ("notorious", "nothing"))
    assert rule_values.names("NOT a, b") == rule_values.names("not\ta, b") == (True, ("a", "b"))
    assert rule_values.names('"not today", x') == (False, ("not today", "x"))


# ---- what a rule comes to ----

NOON = at("2026-11-20T12:00")  # a Friday
FOUR = at("2026-11-21T04:00")
HOUSE_DAYS = calendar()
EVENING = (((), ((19 * H, 24 * H),)),)


def rule(name="r", past=(), **keys):
    return Holding(name, keys, frozenset(past))


def judged(*held, spans=(), now=NOON, began=None, others=None, sessions=None, session=FILM, **more):
    play = Play(9, session, now if began is None else began, now)
    beside = None if others is None else [(p, frozenset(h.name for h in held)) for p in (play, *others)]
    case = verdict.Case(play, limits(), HOUSE_DAYS, spans, sessions or {}, held, beside, **more)
    found = verdict.decide(case, now)
    return ("allow" if found.allowed else "stop", found.until, found.limit)


def test_a_plain_rule_stops_for_good_or_in_its_hours():
    assert judged(rule()) == ("stop", None, "rule:r")
    assert judged(rule(when=EVENING)) == ("allow", NOON + 7 * H, "rule:r")
    assert judged(rule(when=EVENING), now=NOON + 7 * H) == ("stop", NOON + 12 * H, "rule:r")
    assert judged(rule(action="alert")) == judged(rule(action="log")) == ("allow", None, "")


@pytest.mark.parametrize(("keys", "expected"), [  # the kind of the text, and the owner's own
    ({}, "rule"), ({"when": (((), ((11 * H, 13 * H),)),)}, "rule"), ({"daily": 0}, "daily"),
    ({"max_plays": (0, "daily")}, "plays"), ({"max_streams": 0}, "streams"), ({"max_paused": 0}, "paused"),
    ({"daily": 0, "max_plays": (5, "daily"), "max_streams": 5}, "daily"),
    ({"max_plays": (0, "daily"), "max_streams": 5}, "plays"), ({"daily": 5 * H, "max_paused": 0}, "paused"),
])  # fmt: skip
@pytest.mark.parametrize("message", ["", "Go out"])
def test_what_is_told_of_a_rule(keys, expected, message):
    play = Play(9, FILM._replace(state="paused"), NOON - H, NOON)
    held = rule(**keys, **({"message": message} if message else {}))
    case = verdict.Case(play, limits(), HOUSE_DAYS, rules=[held], others=[(play, frozenset("r"))])
    found = verdict.decide(case, NOON)
    assert (found.allowed, found.limit, found.kind, found.message) == (False, "rule:r", expected, message)


@pytest.mark.parametrize(("keys", "expected"), [
    ({}, False), ({"daily": None}, False), ({"sitting": ()}, False), ({"weekly": 0}, True), ({"monthly": H}, True),
    ({"max_plays": (1, "daily")}, True), ({"max_streams": 1, "max_paused": 0}, False),
])  # fmt: skip
def test_which_rules_need_what_was_played_before(keys, expected):
    assert rules.needs_past(keys) is expected


@pytest.mark.parametrize(("keys", "expected"), [({}, 900), ({"rest": 60}, 60), ({"rest": None}, 0), ({"rest": 0}, 0)])
def test_the_rest_of_a_sitting_in_a_rule(keys, expected):
    assert rules.limits_of(keys).rest == expected


@pytest.mark.parametrize(("keep", "expected"), [
    ({}, "stop"), ({"keep": "oldest"}, "stop"), ({"keep": "newest"}, "allow"),
])  # fmt: skip
def test_which_stream_of_a_rule_is_kept(keep, expected):
    other = Play(3, FILM._replace(machine_id="m2", rating_key="1"), NOON - H, NOON)
    assert judged(rule(max_streams=1, **keep), others=[other], began=NOON - 10)[0] == expected


def test_nothing_may_end_under_a_plain_rule():
    session = FILM._replace(offset=0.0, duration=7.2 * H)
    play = Play(9, session, NOON, NOON)
    case = verdict.Case(play, limits(let_finish=H), HOUSE_DAYS, rules=[rule(when=EVENING)])
    assert verdict.decide(case, NOON).until == NOON + 7 * H


@pytest.mark.parametrize("key", ["daily", "weekly", "monthly", "sitting"])
def test_a_lifted_budget_in_a_rule_forbids_nothing(key):
    """`weekly = none` lifts; it does not make the rule one that stops all."""
    assert judged(rule(**{key: None})) == ("allow", None, "")
    assert judged(rule(**{key: 0}))[0] == "stop"


def test_budgets_inside_a_rule():
    mine = [span(NOON - H, 20 * M, play=9), span(NOON - 3 * H, 5 * M, play=3), span(NOON - 5 * H, H, play=4)]
    assert judged(rule(past=[3], daily=30 * M), spans=mine) == ("allow", NOON + 5 * M, "rule:r")
    assert judged(rule(past=[3, 4], daily=30 * M), spans=mine) == ("stop", FOUR, "rule:r")
    assert judged(rule(daily=30 * M), spans=mine) == ("allow", NOON + 10 * M, "rule:r")
    assert judged(rule(past=[4], daily=30 * M, when=EVENING), spans=mine) == ("allow", NOON + 7 * H + 30 * M, "rule:r")


def test_a_sitting_in_a_rule_needs_a_rest_of_15_minutes():
    played = [span(NOON - 40 * M, 20 * M, play=9)]
    assert judged(rule(sitting=20 * M), spans=[span(NOON - 30 * M, 20 * M, play=9)]) == ("stop", NOON + 5 * M, "rule:r")
    assert judged(rule(sitting=20 * M), spans=played) == ("allow", NOON + 20 * M, "rule:r")
    assert judged(rule(sitting=20 * M, rest=H), spans=played) == ("stop", NOON + 40 * M, "rule:r")


def test_a_bonus_counts_in_a_rule_s_budget_of_nothing_too():
    of = house("[rule:r]\nusers = fred\nweekly = 0m\n")
    session = FILM._replace(title="earlier")
    found = holding(of, whose(of, FILM), FILM, {3: session})
    assert found[0].past == {3}


def plays(most="1 per day"):
    return {"max_plays": rule_values.plays(most)}


def item(key, **more):
    return FILM._replace(rating_key=key, title=f"no {key}", **more)


EARLIER = {3: item("a"), 4: item("b"), 5: item("a")}


@pytest.mark.parametrize(("most", "seconds", "expected"), [
    ("1 per day", {3: 120}, "stop"), ("1 per day", {3: 119.5}, "allow"), ("1 per day", {}, "allow"),
    ("2 per day", {3: 120}, "allow"), ("2 per day", {3: 120, 4: 120}, "stop"),
    ("2 per day", {3: 120, 5: 500}, "allow"),  # an item resumed is one
    ("2 per day", {3: 60, 5: 60, 4: 200}, "stop"),  # also in two halves
    ("0 per day", {}, "stop"), ("4 per month", {3: 200, 4: 200}, "allow"),
])  # fmt: skip
def test_max_plays(most, seconds, expected):
    spans = [span(NOON - 6 * H + n * 600, s, play=n) for n, s in seconds.items()]
    found = judged(rule(past=EARLIER, **plays(most)), spans=spans, sessions=EARLIER, session=item("z"))
    assert found[0] == expected
    assert found[1] == (None if expected == "allow" or most[0] == "0" else FOUR)


def test_a_resumed_item_goes_on_and_denied_seconds_are_no_play():
    full = [span(NOON - H, 300, play=3)]
    assert judged(rule(past=EARLIER, **plays()), spans=full, sessions=EARLIER, session=item("a"))[0] == "allow"
    assert judged(rule(past=EARLIER, **plays()), spans=full, sessions=EARLIER, session=item("b"))[0] == "stop"
    denied = [span(NOON - H, 300, play=3, denied=True)]
    assert judged(rule(past=EARLIER, **plays()), spans=denied, sessions=EARLIER, session=item("b"))[0] == "allow"
    yesterday = [span(NOON - DAY, 300, play=3)]
    assert judged(rule(past=EARLIER, **plays()), spans=yesterday, sessions=EARLIER, session=item("b"))[0] == "allow"


def test_of_two_items_at_once_the_later_is_too_much():
    first = Play(3, item("a", machine_id="other"), NOON - 60, NOON)
    assert judged(rule(**plays()), others=[first], session=item("b")) == ("stop", FOUR, "rule:r")
    assert judged(rule(**plays()), others=[first._replace(denied=1)], session=item("b"))[0] == "allow"
    assert judged(rule(**plays()), others=[first._replace(id=10, began=NOON + 1)], session=item("b"))[0] == "allow"
    # on the same player it is the title before, whose end is not known yet
    assert judged(rule(**plays()), others=[first._replace(session=item("a"))], session=item("b"))[0] == "allow"


def test_plays_and_hours():
    spans = [span(NOON - H, 300, play=3), span(FOUR - 8 * H, 300, play=4)]
    evening = rule(past=EARLIER, when=EVENING, **plays())
    assert judged(evening, spans=spans[:1], sessions=EARLIER, session=item("z")) == ("allow", None, "")
    late = at("2026-11-20T22:00")
    assert judged(evening, spans=spans, sessions=EARLIER, session=item("z"), now=late) == (
        "stop", at("2026-11-21T00:00"), "rule:r",
    )  # fmt: skip
    # the next hours of the rule are another day's: nothing forbids then
    morning = rule(past=EARLIER, when=(((), ((1 * H, 3 * H), (5 * H, 6 * H))),), **plays())
    night = [span(FOUR - 3 * H, 300, play=3)]
    now = FOUR - H + 60
    assert judged(morning, spans=night, sessions=EARLIER, session=item("z"), now=now) == ("allow", None, "")
    assert judged(morning, spans=night, sessions=EARLIER, session=item("z"), now=FOUR - 90 * M)[0] == "stop"


def test_max_streams_and_max_paused_in_a_rule():
    other = Play(3, FILM._replace(machine_id="m2", rating_key="1"), NOON - H, NOON)
    assert judged(rule(max_streams=1), others=[other], began=NOON - 10) == ("stop", None, "rule:r")
    assert judged(rule(max_streams=2), others=[other], began=NOON - 10) == ("allow", None, "")
    assert judged(rule(max_streams=1), began=NOON - 10) == ("allow", None, "")  # nobody knows what else goes on
    assert judged(rule(max_streams=1, when=EVENING), others=[other], began=NOON - 10) == (
        "allow", NOON + 7 * H, "rule:r",
    )  # fmt: skip
    paused = FILM._replace(state="paused")
    assert judged(rule(max_paused=20 * M), session=paused, began=NOON - 5 * M) == ("allow", NOON + 15 * M, "rule:r")
    assert judged(rule(max_paused=20 * M), session=paused, began=NOON - 20 * M) == ("stop", None, "rule:r")
    assert judged(rule(max_paused=20 * M), began=NOON - 20 * M) == ("allow", None, "")


def test_the_least_of_several_rules_wins():
    two = (rule("b", daily=H), rule("a", daily=30 * M), rule("c", action="alert"), rule("d", daily=2 * H))
    assert judged(*two) == judged(*reversed(two)) == ("allow", NOON + 30 * M, "rule:a")


def test_a_dry_rule_neither_stops_nor_hides_what_does():
    dry = rule("a")._replace(dry=True)
    play = Play(9, FILM, NOON, NOON)
    only = verdict.decide(verdict.Case(play, limits(), HOUSE_DAYS, rules=[dry]), NOON)
    assert not only.allowed and only.dry
    live = verdict.decide(verdict.Case(play, limits(), HOUSE_DAYS, rules=[dry, rule("b")]), NOON)
    assert not live.allowed and not live.dry and live.limit == "rule:b"
    later = verdict.decide(verdict.Case(play, limits(), HOUSE_DAYS, rules=[dry, rule("b", daily=H)]), NOON)
    assert later.dry and later.ahead == NOON + H


# ---- names that are out to break something ----

HOSTILE = ("", "@everyone", "*", "?", "not", "not x", "--flag", "{user}", "a\nb", '"', "'", "[", "]", "\x00", "❤",
           "x" * 300, "%s", "<b>", "\\", "$(rm)", "0", "-1", "９", "١", "ß", "İ")  # fmt: skip
TEXT = st.sampled_from(HOSTILE) | st.text(max_size=20)


@given(st.builds(Session, *([TEXT] * 2), st.integers(0, 999), rating_key=TEXT, player=TEXT, platform=TEXT, product=TEXT,
                 address=TEXT, location=TEXT, media_type=TEXT, title=TEXT, library=TEXT, rating=TEXT, show=TEXT,
                 transcode=TEXT, resolution=TEXT, bitrate=st.integers(0, 10**9), live=st.booleans()))  # fmt: skip
def test_nothing_makes_a_condition_raise(session):
    of = RULED
    for key, text in (
        ("ratings", "above PG-13, x*"), ("resolution", "above sd"), ("devices", "*"), ("titles", "?*"),
        ("shows", "not a*"), ("transcode", "any"), ("location", "not lan"), ("players", "[a]*"),
    ):  # fmt: skip
        assert asked(key, text, session) in (True, False, None)
    assert isinstance(holding(of, whose(of, session), session, {1: session}), tuple)


@given(TEXT.map(str.casefold), TEXT.map(str.casefold))
def test_patterns(pattern, text):
    expected = re.fullmatch("".join({"*": "(?s:.*)", "?": "(?s:.)"}.get(c, re.escape(c)) for c in pattern), text)
    assert rules.matches(pattern, text) is bool(expected)


def test_a_long_pattern_costs_little():
    assert not rules.matches("*a" * 100 + "b", "a" * 3000)
