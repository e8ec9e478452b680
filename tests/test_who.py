"""install.py who: every user and every player, as lines that config.ini takes."""
import json
import os
import time

import pytest

from shared import values
from shared.config import load
from shared.jobs import findings, players, who
from shared.jobs.players import Player
from shared.ledger import Ledger
from shared.model import Session, User
from tests.sandbox.seed import insert_history, play
from tests.sandbox.world import World
from tests.test_check import tree

DAY = 86400


@pytest.fixture(scope="module")
def usher(host):
    """A house in which something was watched: an hour ago and a year ago, by a fresh and by a renamed player."""
    with World(host=host, tick=3600, boot=False) as world:
        world.post = world.people.add("someone@example.com", email="someone@example.com")
        world.odd = world.people.add('Anna "Nan", #1')
        world.tautulli.prepare()
        now = time.time()

        def played(user, player, machine, ago):
            return play(user, world.movie, now - ago, player=player, machine_id=machine, platform="Roku")
        insert_history(world.tautulli.db_path, [
            played(world.bob, "Shed", "m-shed", 400 * DAY), played(world.alice, "TV", "m-alice", 5 * DAY),
            played(world.bob, "TV", "m-bob", 4 * DAY), played(world.alice, "Tablet", "m-shared", 3 * DAY),
            played(world.bob, "Old name", "m-new", 2 * DAY), played(world.kid, "Tablet", "m-shared", 2 * DAY),
            played(world.bob, "New, shiny", "m-new", DAY), played(world.people.local, "Radio", "m-dlna", DAY),
        ])  # fmt: skip
        world.tautulli.start()
        yield world.install_usher("", register=False)


def show(usher, *args, config="[usher]\n", **kw):
    usher.configure(config)
    before = tree(usher.root)
    done = usher.run("who", *args, script="install.py", timeout=60, **kw)
    assert "Traceback" not in done.stdout + done.stderr
    assert tree(usher.root) == before
    world = usher.world
    secrets = [world.tautulli.api_key, *(u.token for u in world.people.users), *(u.email for u in world.people.users)]
    assert not [s for s in secrets if s and s in done.stdout + done.stderr]
    return done


def pasted(usher, text, tmp_path, before=""):
    """The settings of a config.ini that it was pasted into; it must have no mistakes."""
    path = tmp_path / "config.ini"
    path.write_text(f"[usher]\ndata_dir = {tmp_path}/data\n{before}\n{text}", "utf-8")
    config = load(str(path), {})
    assert config.problems == ()
    return config.settings


def section(text, name):
    """The lines about one user."""
    return next(part for part in text.split("\n\n") if f"\n[person:{name}]" in part or f"\n# [person:{name}]" in part)


def test_everybody_and_every_player(usher, tmp_path):
    world = usher.world
    stream = world.plex.start_stream(world.owner, world.movie, player="Sofa", machine_id="m-sofa", notify=False)
    done = show(usher)
    stream.stop()
    assert done.returncode == 0 and done.stderr == ""
    text = done.stdout
    persons = pasted(usher, text, tmp_path)["person"]
    assert set(persons) == {"owner", "alice", "bob", "kid", f"user-{world.post.id}", "anna -nan-- -1"}
    assert persons["owner"] == {"users": ("owner",), "exempt": True, "devices": ("Sofa",)}
    assert persons["alice"] == {"users": ("alice",), "devices": ("m-alice",)}  # of "TV" there are two
    assert persons["bob"] == {"users": ("bob",), "devices": ("New, shiny", "m-bob", "Shed")}
    assert persons["kid"] == {"users": ("kid",)}  # their tablet is alice's too
    assert persons[f"user-{world.post.id}"] == {"users": (str(world.post.id),)}
    assert persons["anna -nan-- -1"] == {"users": ('Anna "Nan", #1',)}


def test_what_stands_above_the_lines(usher):
    text = show(usher).stdout
    bob = section(text, "bob").splitlines()
    assert bob[0].startswith("# bob: id 2000002, friend, u***@example.com")
    day = time.strftime("%Y-%m-%d", time.localtime(time.time() - DAY))
    assert bob[1:] == [
        "[person:bob]", "users = bob", f"# New, shiny: machine id m-new, Roku, last seen {day}",
        *[line for line in bob if line.startswith(("# TV: machine id m-bob", "# Shed: machine id m-shed"))],
        'devices = "New, shiny", m-bob, Shed',
    ]  # fmt: skip
    assert "Tablet: machine id m-shared, Roku" in section(text, "kid")
    assert "used by kid, alice, so name it for one of them only" in section(text, "kid")
    assert "kid: id 2000003, managed" in text and "# s***@example.com: id" in text
    last = text.rstrip().split("\n\n")[-1]
    assert last.startswith("# Players without a user (DLNA)") and "# Radio: machine id m-dlna" in last
    assert "Old name" not in text  # the newest name of that machine counts


def test_who_stands_in_config_ini_already(usher, tmp_path):
    known = "[person:robert]\nusers = bob\ndaily = 1h\n"
    text = show(usher, config="[usher]\n" + known).stdout
    assert "# stands in config.ini already, as [person:robert]\n# [person:robert]\n# users = bob\n" in text
    settings = pasted(usher, text, tmp_path, known)
    assert settings["person"]["robert"] == {"users": ("bob",), "daily": (((), 3600),)}
    assert "bob" not in settings["person"]


def test_json(usher):
    told = json.loads(show(usher, "--json").stdout)
    by_name = {user["name"]: user for user in told["users"]}
    assert by_name["bob"]["id"] == 2000002 and by_name["bob"]["email"] == "u***@example.com"
    assert [p["machine_id"] for p in by_name["bob"]["players"]] == ["m-new", "m-bob", "m-shed"]
    assert by_name["kid"]["players"][0]["used_by"] == ["kid", "alice"]
    assert [p["title"] for p in told["players_of_nobody"]] == ["Radio"]


def test_plex_down_is_said_and_the_rest_is_shown(usher):
    done = show(usher, config="[usher]\n[plex]\nurl = http://127.0.0.1:9\n")
    assert done.returncode == 0 and "[person:bob]" in done.stdout
    assert "\n# Players of this moment may be missing: Plex at http://127.0.0.1:9 is not there" in done.stdout


def test_tautulli_down_is_one_line(usher):
    done = show(usher, config="[usher]\n[tautulli]\nurl = http://127.0.0.1:9\n")
    assert done.returncode == 1 and done.stdout == ""
    [line] = done.stderr.splitlines()
    assert line.startswith("install.py: Tautulli at http://127.0.0.1:9 is not there")


def test_a_player_only_the_ledger_knows(usher):
    ledger = Ledger(usher.data)
    with ledger.writing():
        ledger.see_player(Session("1", "m-watch", usher.world.kid.id, player="Watch", platform="iOS"), time.time())
    ledger.close()
    assert "devices = Watch" in section(show(usher).stdout, "kid")


@pytest.mark.slow
def test_a_long_history_hides_no_old_player(usher, monkeypatch):
    """Only the newest plays of each user are read; a player of before is found by its name, where Tautulli tells it."""
    if not usher.world.tautulli.real:
        pytest.skip("the stand-in has no get_user_player_stats")
    monkeypatch.setattr(players, "PAGE", 1)
    for name in ("TAUTULLI_URL", "TAUTULLI_APIKEY", "PLEX_URL", "PLEX_TOKEN"):
        monkeypatch.setenv(name, usher.environment()[name])
    facts = findings.gather("", "", os.path.join(usher.root, "config.ini"), lambda what: None)
    facts.tautulli = facts.gateway.tautulli
    facts.users = facts.tautulli.users()
    found = {player.machine_id for player in players.seen(facts) if player.user_id == usher.world.bob.id}
    assert found == {"m-new", "m-bob", "m-shed"}


# ---- single lines ----

@pytest.mark.parametrize("title, line", [
    ("iPad", "iPad"), ("Bob's, iPad", '"Bob\'s, iPad"'), ('The "big" one', '"The ""big"" one"'), ("TV #2", '"TV #2"'),
    ("a;b", '"a;b"'), (" padded", "m1"), ("two\nlines", "m1"), ("me@example.com's TV", "m1"), ("m2", "m1"),
])  # fmt: skip
def test_devices(title, line):
    player = Player("m1", title, 1)
    told = who._device(player, [player, Player("m2", "Other", 2)])
    assert told == line
    assert values.names(told) == (("m1",) if line == "m1" else (title,))


@pytest.mark.parametrize("name, others, line", [
    ("emma", [], "emma"), ("emma", [User(2, "emma")], "1"), ("Emma", [User(2, "x", "emma")], "1"),
    ("2", [User(2, "x")], "1"), ("", [], "1"), ("e@example.com", [], "1"), ("Em, Ma", [], '"Em, Ma"'),
])  # fmt: skip
def test_users(name, others, line):
    assert who._user(User(1, name), [User(1, name), *others]) == line


def test_sections_are_names_of_their_own():
    taken = {"emma"}
    names = ["Emma", "a]b:c=d", "x@example.com", "max", ""]
    found = [who._section(User(n, name), taken) for n, name in enumerate(names)]
    assert found == ["emma-0", "a-b-c-d", "user-2", "max", "user-4"] and taken >= set(found)
