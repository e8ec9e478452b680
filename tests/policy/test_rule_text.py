"""Rules as sentences that one would pin up."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from shared.config import load
from shared.jobs.days import calendar_of
from shared.options import OPTIONS
from shared.policy import rule_text, rules_text
from shared.policy.people import House
from shared.policy.rules import AMOUNTS, CONDITIONS

WHO = ("people", "groups", "users")  # these say for whom the sentence is
HEAD = "[group:kids]\nmembers = emma\n[person:emma]\nusers = emma\n"


def house(text, folder):
    path = Path(folder, "config.ini")
    path.write_text(text, encoding="utf-8")
    config = load(str(path), {})
    assert config.problems == ()
    return config


@pytest.fixture
def said(tmp_path):
    """The sentence of a rule with these lines."""
    def sentence(lines, whom=""):
        text = HEAD + "[rule:x]\n" + "\n".join(lines.split("; ")) + "\n"
        return rule_text.sentence(house(text, tmp_path).settings["rule"]["x"], whom)
    return sentence


@pytest.mark.parametrize(("lines", "expected"), [
    ("libraries = Horror; when = schoolnight 21:00-24:00", "No horror after 21:00 on school nights."),
    ("groups = kids; ratings = above PG-13; when = schoolnight 19:00-07:00",
     "Nothing rated above PG-13 on school nights from 19:00 to 07:00."),
    ("media = movie; ratings = above PG-13, NC-17; unrated = block",
     "No films rated above PG-13 or NC-17 or not rated."),
    ("groups = kids; when = weekend 00:00-09:00", "No watching before 09:00 on Saturdays and Sundays."),
    ("libraries = not Cartoons, School; when = everyday 18:00-24:00",
     "Nothing but cartoons or school after 18:00 every day."),
    ("libraries = Cartoons; daily = 30m, sat 1h", "Cartoons: at most 30 min a day, 1 h on Saturdays."),
    ("shows = Paw Patrol, Bob's Burgers; max_plays = 4 per week",
     "Paw Patrol and Bob's Burgers: at most 4 titles a week."),
    ("media = episode; shows = Paw *; sitting = 20m; rest = 1h",
     "Episodes of series of Paw *: at most 20 min at a stretch with 1 h of rest."),
    ("resolution = 4k, above 1080; transcode = video; location = not lan",
     "Nothing in 4K or above 1080p with converted video not at home."),
    ("bitrate = above 20 Mbps; location = wan, relay", "Nothing away from home or through Plex's relay above 20 Mbps."),
    ("file_bitrate = below 2.5 Mbps", "Nothing below 2.5 Mbps of the file."),
    ("platforms = Roku; devices = not Kitchen TV; players = Plex Web",
     "Nothing on Roku not on Kitchen TV with Plex Web."),
    ("addresses = 192.168.0.*; titles = *horror*, Saw; max_streams = 1",
     'What is watched with "horror" in the title or the title "Saw" at 192.168.0.*: at most 1 player at once.'),
    ("groups = kids; daily = 30m; max_paused = 5m; when = weekday",
     "At most 30 min a day and 5 min of pause on Monday to Friday."),
    ("new_device = yes", "Nothing on a player that is new."), ("new_device = no", "Nothing on a player used before."),
    ("new_device = yes; action = alert", "The owner is told of anything on a player that is new."),
    ("libraries = Films; weekly = 3h; action = alert", "The owner is told of films, beyond 3 h a week."),
    ("media = live; action = log", ""), ("media = live", "No live television."),
    ("media = live; libraries = Films", "No live television from films."),
    ("media = not live; libraries = Films", "No films not that is live television."),
    ("libraries = not Films; titles = Saw", 'Nothing but films with the title "Saw".'),
    ("libraries = not Films; shows = not Paw", "Nothing not of Paw not from films."),
    ("transcode = audio", "Nothing with converted sound."), ("transcode = no", "Nothing with nothing converted."),
    ("transcode = any", "Nothing with video or sound converted."),
    ("platforms = pc, ios; devices = ipad, iphone", "Nothing on PC or iOS on iPad or iPhone."),
    ("libraries = Films; monthly = 3h", "Films: at most 3 h a month."),
    ("sitting = 20m; rest = 0m", "At most 20 min at a stretch."),
    ("when = everyday 20:00-24:00, sun none", "No watching after 20:00 every day, but not on Sundays."),
    ("people = emma; action = alert", "The owner is told of any watching."),
    ("titles = *a*b*", 'Nothing with the title "*a*b*".'), ("titles = horror*", 'Nothing with the title "Horror*".'),
    ("shows = " + "x" * 41, f"No X{'x' * 38}…."),
    ("titles = *" + "x" * 41 + "*", f'Nothing with "{"x" * 39}…" in the title.'),
    ("libraries = " + "x" * 41, f"No {'x' * 39}…."),
])  # fmt: skip
def test_sentences(said, lines, expected):
    assert said(lines) == expected


def test_whom_it_is_for(said):
    assert said("resolution = 4k", "lisa and friends") == "For lisa and friends: nothing in 4K."
    assert rule_text.users((False, ("lisa", "@friends"))) == "lisa and friends"
    assert rule_text.users((True, ("lisa",))) == "everybody but lisa"
    kinds = "members of the home, managed profiles and those who are always welcome"
    assert rule_text.users((False, ("@home", "@managed", "@vip"))) == kinds
    assert rule_text.users((False, ("x" * 41,))) == "x" * 39 + "…"


@pytest.mark.parametrize("key", [key for key in (*CONDITIONS, *AMOUNTS) if key not in WHO])
def test_every_key_of_a_rule_is_told(said, key):
    option = next(o for o in OPTIONS if (o.section, o.key) == ("rule", key))
    assert said(f"people = emma; {key} = {option.example}") not in ("No watching.", ""), key


def test_hostile_names_stay_on_their_line(said):
    assert said('libraries = ><script>@everyone' + "x" * 300).isprintable()
    assert len(said("titles = " + "y" * 900)) < 120


def test_the_example_reads_like_something_to_pin_up(tmp_path):
    """config.ini.example with every example in it at work."""
    text = (Path(__file__).parents[2] / "config.ini.example").read_text(encoding="utf-8")
    text = re.sub(r"^# Example: (.+)\n(?:#.*\n)*\w+ =.*$", r"\1", text, flags=re.M)
    text = re.sub(r"^# ((?:\[(?:group|person|rule):|(?:members|users|devices|groups|ratings|when) = ).*)$", r"\1", text,
                  flags=re.M)  # fmt: skip
    text = re.sub(r"^allowed = .*\n", "", text, flags=re.M).replace("members = emma, max", "members = emma")
    config = house(text, tmp_path)
    found = House(config.settings, {}, {}, 1)
    assert rules_text.of_group(found, "kids", calendar_of(config)) == (
        "At most 1 h a day, 2 h on Saturdays and Sundays, 3 h on holidays.",
        "At most 10 h a week; a week begins on Monday.",
        "At most 40 h a month.",
        "At most 30 min at a stretch, then at least 15 min without watching.",
        "No watching every day from 23:00 to 08:00, but on school nights from 20:00 to 07:00.",
        "What has at most 5 min left when time is up may end.",
        "Nothing new starts in the last 5 min.",
        "What is watched on Saturdays from 08:00 to 10:00 does not count.",
        "Music, photos and trailers do not count.",
        "What is in music videos does not count.",
        "On Sundays and 24 December 2026 none of these limits holds.",
        "A day begins at 04:00.",
        "At most 2 players at once; the one that began last has to stop.",
        "Watching in 1 place at a time; home is one place.",
        "What is paused for more than 20 min is stopped.",
        "Nothing rated above PG-13 after 19:00 on school nights.",
    )
