"""What an owner asks: status, why, rules, history. Each is asked of an agent in a house where people watch."""

from __future__ import annotations

import html.parser
import json
import time

import pytest

from shared.ledger import Ledger
from shared.ledger_rules import Given, Remembered
from shared.model import Session
from tests.sandbox.base import wait_for
from tests.sandbox.world import World

RULES = """\
[usher]
dry_run = no
timezone = UTC

[mail]
brand = The <Miller> house

[everyone]
daily = 10h
max_streams = 1

[group:kids]
members = kid, max
daily = 45m
blocked = schoolnight 20:00-20:01

[person:kid]
users = kid
known_devices_only = no

[person:papa]
users = bob
exempt = yes

[person:nobody]
users = never.seen@example.com
weekly = 3h

[rule:grown-up]
groups = kids
ratings = above PG-13
message = Not for you yet.

[rule:4k]
resolution = 4k
location = wan
action = alert

[rule:cartoons]
libraries = Movies
daily = 9h
"""
SECRETS = ("@example.com", "never.seen")


@pytest.fixture(scope="module")
def house(host):
    """kid has been stopped once; alice watches; nothing is played from here on but what a test starts."""
    day_starts = time.strftime("%H:00", time.gmtime(time.time() - 12 * 3600))
    with World(host=host, env={"USHER_USHER_DAY_STARTS": day_starts}) as world:
        usher = world.install_usher(RULES)
        stream = world.plex.start_stream(world.kid, world.movie2, player="Kid's tablet")
        wait_for(lambda: not stream.alive, 15, what="the stop of the kid's film")
        wait_for(lambda: usher.run("history", "kid").stdout.count("stop"), 10, what="the decision")
        yield usher


def ask(house, *words):
    done = house.run(*words, "--json")
    assert done.returncode == 0 and not done.stderr, done
    return json.loads(done.stdout)


def failure(house, *words):
    done = house.run(*words)
    assert done.returncode == 1 and not done.stdout and done.stderr.count("\n") == 1, done
    return done.stderr


def row(told, limit):
    return next(found for found in told["limits"] if found["limit"] == limit)


# ---- why ----

def test_why_says_what_then_happens(house):
    """The answer, then the play itself: allowed or stopped for the reason that was told."""
    world = house.world
    for item, allowed in ((world.movie2, False), (world.movie, True)):
        told = ask(house, "why", "kid", item.title)
        assert (told["allowed"], told["play"]["title"]) == (allowed, item.title)
        assert told["play"]["rating"] == item.content_rating and told["play"]["library"] == "Movies"
        assert told["play"]["player"] == "Kid's tablet"
        assert row(told, "rule:grown-up")["stops"] != allowed
        stream = world.plex.start_stream(world.kid, item, player="Kid's tablet")
        if allowed:
            wait_for(lambda title=item.title: plays_of(house, "kid", title), 10, what="the play in status")
            (play,) = plays_of(house, "kid", item.title)
            assert play["allowed"] and play["limit"] == told["limit"] and stream.alive
            assert abs((play["until"] or 0) - (told["until"] or 0)) < 30
        else:
            wait_for(lambda stream=stream: not stream.alive, 15, what="the stop")
            entry = ask(house, "history", "kid")["entries"][-1]
            assert entry["what"] == "stop" and entry["text"].endswith(told["reason"]), (entry, told)
        stream.stop()
    wait_for(lambda: not plays_of(house, "kid", world.movie.title), 10, what="the end of the play")


def plays_of(house, name, title):
    (person,) = [p for p in ask(house, "status")["people"] if p["name"] == name]
    return [play for play in person["plays"] if play["title"] == title]


def test_why_names_every_condition(house):
    told = ask(house, "why", "kid")  # a film that nobody has rated
    found = {one["key"]: one["true"] for one in row(told, "rule:grown-up")["conditions"]}
    assert found == {"groups": True, "ratings": None} and told["allowed"]
    assert {one["key"]: one["true"] for one in row(told, "rule:4k")["conditions"]} == {
        "resolution": None, "location": None}  # fmt: skip
    assert {"daily", "blocked", "max_streams"} <= {found["limit"] for found in told["limits"]}
    text = house.run("why", "kid").stdout
    assert "pressed play now (a film that nobody has rated on Kid's tablet): allowed, until" in text
    assert "ratings = above pg-13: not known" in text and "groups = kids: true" in text
    assert "Last time: " in text and "Not for you yet" in text


def test_why_asks_tautulli_for_what_was_never_played(house):
    told = ask(house, "why", "kid", "Pilot")
    assert told["play"]["title"] == "Some Show - Pilot" and told["play"]["show"] == "Some Show"
    assert told["play"]["rating"] == "TV-MA" and not told["allowed"] and told["limit"] == "rule:grown-up"
    assert ask(house, "why", "kid", "Some", "Show")["play"]["show"] == "Some Show"
    assert "Tautulli finds nothing by it" in failure(house, "why", "kid", "No such thing")


def test_why_of_who_is_exempt_and_of_who_was_never_seen(house):
    told = ask(house, "why", "papa")
    assert told["exempt"] and told["allowed"] and not any(found["stops"] for found in told["limits"])
    assert "they are exempt" in row(told, "rule:4k")["why"]
    told = ask(house, "why", "nobody")
    assert told["name"] == "nobody" and row(told, "weekly")["why"].startswith("0 s of 3 h used this week")


def test_one_stream_too_much_is_told(house):
    world = house.world
    stream = world.plex.start_stream(world.alice, world.movie, player="Alice's phone")
    wait_for(lambda: "Alice's phone" in house.run("status").stdout, 10, what="alice's play")
    try:
        with grown(house) as ledger:  # a second player, so that it is one more
            now = time.time()
            on_tv = Session("0", "tv-2", world.alice.id, player="Her TV", title="x")
            ledger.add_past_play(on_tv, now - 9, now - 5, 2.0)
        told = ask(house, "why", "alice")
        assert not told["allowed"] and told["limit"] == "max_streams" and told["play"]["player"] == "Her TV"
        assert told["playing"][0]["allowed"]
    finally:
        stream.stop()


class grown:  # noqa: N801 - a context manager
    """The ledger, to be added to."""

    def __init__(self, house):
        self.ledger = Ledger(house.data)

    def __enter__(self):
        self.inside = self.ledger.writing()
        self.inside.__enter__()
        return self.ledger

    def __exit__(self, *error):
        self.inside.__exit__(*error)
        self.ledger.close()


# ---- grants: in status, why, history ----

def test_what_was_given_is_told(house):
    now = time.time()
    with grown(house) as ledger:
        memory = Remembered(ledger)
        memory.grant(Given("bonus", "kid", now, 1800, None), "anna@example.com in Tautulli")
        memory.grant(Given("lock", "kid", now, 0, None), "a shell")
    try:
        told = next(p for p in ask(house, "status")["people"] if p["name"] == "kid")
        assert told["today"] == ["30 min more today (bonus)", "locked"]
        assert told["budgets"]["today"]["limit"] == 45 * 60 + 1800
        why = ask(house, "why", "kid")
        assert not why["allowed"] and why["limit"] == "lock" and row(why, "lock")["stops"]
        entries = {entry["what"]: entry["text"] for entry in ask(house, "history", "kid")["entries"]}
        assert entries["bonus"] == "30 min more for that day, by a***@example.com in Tautulli"
        assert entries["lock"] == "without an end, by a shell"
    finally:
        with grown(house) as ledger:
            assert Remembered(ledger).end_grants("lock", "kid", time.time()) == 1
    assert "; taken back at " in house.run("history", "kid").stdout


def test_what_was_allowed_and_then_cut_is_told(house):
    world = house.world
    stream = world.plex.start_stream(world.kid, world.movie, player="Kid's tablet")
    wait_for(lambda: plays_of(house, "kid", world.movie.title), 10, what="the play in status")
    assert house.run("lock", "kid").returncode == 0
    wait_for(lambda: not stream.alive, 15, what="the cut")
    assert house.run("unlock", "kid").returncode == 0
    found = [(e["what"], e["text"]) for e in ask(house, "history", "kid")["entries"] if "First Movie" in e["text"]]
    assert [what for what, _ in found] == ["allow", "stop"] and ": until " in found[0][1]
    assert found[1][1].startswith("First Movie on Kid's tablet: locked")


# ---- rules ----

def test_rules_are_sentences_for_each(house):
    told = {section["name"]: section for section in ask(house, "rules")["sections"]}
    assert list(told) == ["Kids", "Nobody", "Everyone else", "Free"]
    assert told["Kids"]["who"] == "Kid and Max"
    assert told["Kids"]["sentences"][0] == "At most 45 min a day."
    assert "Nothing rated above PG-13." in told["Kids"]["sentences"]
    assert not any("PG-13" in said for said in told["Everyone else"]["sentences"])
    assert "Movies: at most 9 h a day." in told["Everyone else"]["sentences"]
    assert "The owner is told of anything in 4K away from home." in told["Everyone else"]["sentences"]
    assert told["Free"]["sentences"] == ["No rule holds for Papa."]
    text = house.run("rules", "kid").stdout
    assert text.startswith("House rules of The <Miller> house\n\nKid\n  - At most 45 min a day.\n")


class Page(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.said = [], [], ""
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += attributes

    def handle_data(self, data):
        self.said += data


def test_the_page_of_rules_stands_by_itself(house):
    text = house.run("rules", "--html").stdout
    page = Page(text)
    assert set(page.tags) == {"html", "head", "meta", "title", "style", "body", "h1", "section", "h2", "p", "ul", "li"}
    assert not {name for name, _ in page.attributes} & {"src", "href", "style"}
    assert "url(" not in text and "@import" not in text and "House rules of The <Miller> house" in page.said
    assert page.tags.count("section") == 4 and "Nothing rated above PG-13." in page.said


# ---- all ----

def test_nothing_private_is_told(house):
    for words in (("status",), ("rules",), ("rules", "--html"), ("why", "nobody"), ("history", "kid"),
                  ("why", "kid", "First Movie")):  # fmt: skip
        for flag in ((), ("--json",) * ("--html" not in words)):
            done = house.run(*words, *flag)
            assert done.returncode == 0, done
            secrets = (*SECRETS, house.world.owner.token, house.world.tautulli.api_key)
            assert [one for one in secrets if one in done.stdout] in ([], ["@example.com"]), (words, done.stdout)


def test_all_of_it_may_be_one_string(house):
    """As it comes from the Test tab in Tautulli's web page."""
    said = house.run('Why kid "First Movie"').stdout
    assert said.startswith("If kid pressed play now (First Movie on Kid's tablet)")


def test_who_is_new_is_asked_for_in_tautulli(house):
    with grown(house) as ledger:
        ledger.db.execute("DELETE FROM users WHERE name = 'alice'")
    assert ask(house, "why", "alice")["name"] == "alice"


@pytest.mark.parametrize(("words", "said"), [
    (("why",), "write limit_streams.py why USER [TITLE] [--json]"),
    (("history",), "write limit_streams.py history USER"),
    (("history", "kid", "bob"), "a name of several words stands in quotes"), (("rules", "--yes"), "rules [USER]"),
    (("status", "kid"), "status [--json]"), (("rules", "--json", "--html"), "rules [USER]"),
    (("why", "kib"), "'kib' is nobody here: did you mean kid?"), (("history", "zzz"), "'zzz' is nobody here"),
    (("wyh", "kid"), "'wyh' is no command of limit_streams.py"),
])  # fmt: skip
def test_what_cannot_be_answered_is_one_line(house, words, said):
    assert said in failure(house, *words)


def test_hostile_words_are_just_words(house):
    evil = '"><script>@everyone{user}\n🎬' * 9
    assert "is nobody here" in failure(house, "why", evil)
    assert "was never played here" in failure(house, "why", "kid", evil)
