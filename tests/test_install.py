"""install.py, run as an owner runs it, on a copy of the bundle and a world's Tautulli."""
import json
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from shared import places
from shared.jobs import install, newsletter, register
from shared.jobs.limit_streams import ARGUMENTS
from tests.sandbox.base import wait_for
from tests.sandbox.bundle import copy
from tests.sandbox.world import World

CLEAN = ("TAUTULLI_", "PLEX_", "USHER_", "PYTHON")
ROOT = hasattr(os, "geteuid") and os.geteuid() == 0


@pytest.fixture(scope="module")
def house(host):
    with World(host=host) as world:
        yield world


@pytest.fixture
def bundle(house, tmp_path):
    """A fresh copy of Usher; .run(…) starts its install.py, by default with this world's address and key."""
    root = tmp_path / "usher"
    root.mkdir()
    copy(root)
    where = ["--tautulli", house.tautulli.url, "--apikey", house.tautulli.api_key]

    def run(*args, told=True, env=None, python=sys.executable):
        clean = {key: value for key, value in os.environ.items() if not key.startswith(CLEAN)}
        command = [python, root / "install.py", *(where if told else []), *args]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL,
                              env={**clean, "HOME": str(tmp_path), **(env or {})})
        assert "Traceback" not in done.stdout + done.stderr, done
        assert house.tautulli.api_key not in done.stdout + done.stderr
        return done
    yield SimpleNamespace(root=root, run=run, agents=str(root / "agents"))
    for kind in ("notifier", "newsletter"):
        for row in house.tautulli.api(f"get_{kind}s"):
            house.tautulli.api(f"delete_{kind}", **{f"{kind}_id": row["id"]})


def setup_of(house):
    """All that Tautulli knows of agents and newsletters, without when they last ran."""
    api = house.tautulli.api
    notifiers = [api("get_notifier_config", notifier_id=n["id"]) for n in api("get_notifiers")]
    letters = [api("get_newsletter_config", newsletter_id=n["id"]) for n in api("get_newsletters")]
    return notifiers, letters


def one_line(done, status=1):
    assert done.returncode == status, done
    [line] = done.stderr.splitlines()
    assert line.startswith("install.py: ")
    return line


# ---- all of it ----

def test_from_nothing_to_a_timer_that_ticks(house, bundle):
    done = bundle.run("--yes")
    assert done.returncode == 0, done
    (limits, journal), [letter] = setup_of(house)
    assert limits["config"] == {"script_folder": bundle.agents, "timeout": 30,
                                "script": os.path.join(bundle.agents, "limit_streams.py")}
    on = {action for action, is_on in limits["actions"].items() if is_on}
    assert on == set(register.TRIGGERS)
    assert {limits["notify_text"][action]["subject"] for action in on} == {ARGUMENTS}
    assert journal["config"]["script"] == os.path.join(bundle.agents, "journal.py")
    assert not any(journal["actions"].values())
    assert (letter["cron"], letter["active"], letter["subject"], letter["config"]["notifier_id"],
            letter["config"]["filename"]) == ("*/5 * * * *", 1, "tick", limits["id"], "usher-tick.html")
    assert os.path.exists(bundle.root / "data" / "ledger.db") or wait_for(
        lambda: os.path.exists(bundle.root / "data" / "ledger.db"), what="the trial of the timer")
    house.tautulli.mark_log()
    house.fire_newsletters()
    wait_for(lambda: house.tautulli.logs(r"limit_streams\.py', 'tick'\]"), what="tick as its argument")
    for words in ("found", "wrote", "limit_streams.py", "journal.py", "every 5 minutes", "Next:", "dry_run = yes"):
        assert words in done.stdout


def test_again_changes_nothing(house, bundle):
    bundle.run("--yes")
    before, config = setup_of(house), (bundle.root / "config.ini").read_bytes()
    done = bundle.run("--yes")
    assert done.returncode == 0 and done.stdout.count("unchanged") == 3 and "kept" in done.stdout
    assert setup_of(house) == before and (bundle.root / "config.ini").read_bytes() == config


def test_config_ini_is_the_example_and_never_overwritten(bundle):
    bundle.run("--yes")
    path = bundle.root / "config.ini"
    assert path.read_bytes() == (bundle.root / "config.ini.example").read_bytes()
    if os.name != "nt":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE((bundle.root / "data").stat().st_mode) == 0o700
    path.write_text("[everyone]\ndaily = 1h\nwekly = 3h\n")
    done = bundle.run("--yes")
    assert path.read_text() == "[everyone]\ndaily = 1h\nwekly = 3h\n"
    assert done.returncode == 0 and "mistake" in done.stdout and "line 3" in done.stdout


def test_what_is_the_owners_stays(house, bundle):
    bundle.run("--yes")
    number = setup_of(house)[0][0]["id"]
    script = os.path.join(bundle.agents, "limit_streams.py")
    conditions = [{"parameter": "user", "operator": "is not", "value": ["bob"]}]
    house.tautulli.set_script_notifier(number, script, {"on_play": "--old", "on_watched": "--mine"}, timeout=90,
                                       name="My limits", conditions=conditions, logic="{1}")
    done = bundle.run("--yes")
    assert "updated   limit_streams.py" in done.stdout
    limits = setup_of(house)[0][0]
    assert (limits["id"], limits["friendly_name"], limits["config"]["timeout"]) == (number, "My limits", 90)
    assert limits["custom_conditions"][0]["value"] == ["bob"] and limits["custom_conditions_logic"] == "{1}"
    assert limits["actions"]["on_watched"] == 1 and limits["notify_text"]["on_watched"]["subject"] == "--mine"
    assert all(limits["notify_text"][t]["subject"] == ARGUMENTS and limits["actions"][t] for t in register.TRIGGERS)


def test_a_bundle_that_moved_is_registered_once(house, bundle):
    bundle.run("--yes")
    before = [n["id"] for n in setup_of(house)[0]]
    moved = bundle.root.with_name("moved")
    bundle.root.rename(moved)
    done = subprocess.run([sys.executable, moved / "install.py", "--yes", "--tautulli", house.tautulli.url, "--apikey",
                           house.tautulli.api_key], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done
    notifiers, letters = setup_of(house)
    assert [n["id"] for n in notifiers] == before and len(letters) == 1
    assert all(n["config"]["script_folder"] == str(moved / "agents") for n in notifiers)


@pytest.mark.parametrize("every, cron", [("1", "* * * * *"), ("30", "*/30 * * * *"), ("60", "0 * * * *")])
def test_how_often(house, bundle, every, cron):
    bundle.run("--yes")
    assert bundle.run("--yes", "--every", every).returncode == 0
    [letter] = setup_of(house)[1]
    assert letter["cron"] == cron


def test_without_a_timer(house, bundle):
    assert bundle.run("--yes", "--no-schedule").returncode == 0
    notifiers, letters = setup_of(house)
    assert len(notifiers) == 2 and letters == []


def forget_compiled(bundle):
    for folder in list(bundle.root.rglob("__pycache__")):
        shutil.rmtree(folder)


def test_the_code_is_compiled(bundle):
    forget_compiled(bundle)
    bundle.run("--yes", "--no-schedule")
    assert list((bundle.root / "shared" / "policy" / "__pycache__").glob("*.pyc"))
    assert not list((bundle.root / "agents").glob("**/*.pyc"))


# ---- finding Tautulli ----

def test_by_the_environment(house, bundle):
    env = {"TAUTULLI_URL": house.tautulli.url, "TAUTULLI_APIKEY": house.tautulli.api_key}
    done = bundle.run("--yes", "--no-schedule", told=False, env=env)
    assert done.returncode == 0 and "from the environment" in done.stdout


def test_by_our_config_ini(house, bundle):
    (bundle.root / "config.ini").write_text(
        f"[tautulli]\nurl = {house.tautulli.url}\napikey = {house.tautulli.api_key}\n")
    done = bundle.run("--yes", "--no-schedule", told=False)
    assert done.returncode == 0 and f"from {bundle.root / 'config.ini'}" in done.stdout


def test_by_a_tautullis_own_config_ini(house, bundle, tmp_path):
    folder = tmp_path / ".config" / "tautulli"
    folder.mkdir(parents=True)
    (folder / "config.ini").write_bytes(Path(house.tautulli.datadir, "config.ini").read_bytes())
    done = bundle.run("--yes", "--no-schedule", told=False)
    assert done.returncode == 0 and f"from {folder / 'config.ini'}" in done.stdout


@pytest.mark.parametrize("general, url", [
    ('http_port = "8181"\nhttp_host = 0.0.0.0', "http://127.0.0.1:8181"),
    ("http_port = 80\nhttp_root = /tau/\nenable_https = 1\nhttp_host = tower", "https://tower:80/tau"),
    ('http_port = 8181\nhttp_host = ::\nhttp_root = ""\nenable_https = 0', "http://127.0.0.1:8181"),
])
def test_reading_a_tautullis_config_ini(tmp_path, general, url):
    path = tmp_path / "config.ini"
    key = f'api_key = "{"k" * 32}"'
    path.write_text(f"\ufeff[PMS]\napi_key = no\n[General]\n{key}\n{general}\n[Other]\nhttp_port = 1\n")
    assert install.read_tautulli_config(str(path))[:2] == (url, "k" * 32)


@pytest.mark.parametrize("text", [None, "", "[General]\nhttp_port = 8181\n", "[everyone]\ndaily = 1h\n", "\0\xff"])
def test_what_is_no_config_ini_of_a_tautulli(tmp_path, text):
    path = tmp_path / "config.ini"
    if text is not None:
        path.write_text(text, encoding="latin-1")
    assert install.read_tautulli_config(str(path)) is None


def test_usual_places_first_the_folders_above_us(tmp_path, monkeypatch):
    monkeypatch.setattr(places, "DATA", (str(tmp_path / "data"), str(tmp_path)))
    (tmp_path / "data").mkdir()
    for folder in (tmp_path, tmp_path / "data"):
        (folder / "config.ini").touch()
    assert places.tautulli_configs(str(tmp_path / "scripts" / "usher")) == [
        str(tmp_path / "config.ini"), str(tmp_path / "data" / "config.ini")]


# ---- failures: one line, nothing half done ----

def test_no_tautulli_anywhere(bundle):
    assert "no Tautulli was found here" in one_line(bundle.run("--yes", told=False))


def test_one_that_does_not_answer(bundle, house):
    done = bundle.run("--yes", "--tautulli", "http://127.0.0.1:9")
    assert "http://127.0.0.1:9 is not there" in one_line(done) and not (bundle.root / "config.ini").exists()


def test_a_wrong_key(bundle, house):
    assert "does not accept the API key" in one_line(bundle.run("--yes", "--apikey", "x" * 32))
    assert setup_of(house) == ([], [])


def test_half_of_the_arguments(bundle, house):
    done = bundle.run("--yes", "--tautulli", house.tautulli.url, told=False)
    assert "belong together" in one_line(done)


def test_nobody_to_ask_is_as_good_as_yes(house, bundle):
    """`docker exec` without -t."""
    done = bundle.run()
    assert done.returncode == 0 and "nobody is here to be asked" in done.stdout
    assert [n["config"]["script"] for n in setup_of(house)[0]] == [
        os.path.join(bundle.agents, name) for name in ("limit_streams.py", "journal.py")]


@pytest.mark.parametrize("args", [["--every", "0"], ["--every", "61"], ["--every", "x"], ["--nosuch"], ["backwards"]])
def test_mistakes_on_the_command_line(bundle, args):
    done = bundle.run(*args)
    assert done.returncode == 2 and "usage: install.py" in done.stderr


def test_help_needs_no_tautulli(bundle):
    done = bundle.run("--help", told=False)
    assert done.returncode == 0 and "--no-schedule" in done.stdout


def test_a_config_ini_that_cannot_be_written(bundle):
    (bundle.root / "config.ini.example").unlink()
    assert "config.ini.example cannot be read" in one_line(bundle.run("--yes"))


def test_a_folder_that_tautulli_cannot_see(house, bundle, monkeypatch):
    """As with a container: the path is right here, and nothing there."""
    tautulli = install.tautulli_at(house.tautulli.url, house.tautulli.api_key)
    agent = register.Agent("limit_streams.py", "Usher: limit streams", register.TRIGGERS, ARGUMENTS)
    with pytest.raises(register.Refused, match="Tautulli cannot see /nowhere/agents/limit_streams.py"):
        register.register(tautulli, agent, "/nowhere/agents")
    assert setup_of(house)[0] == []
    bundle.run("--yes", "--no-schedule")
    good = setup_of(house)[0][0]
    monkeypatch.setattr(os.path, "exists", lambda path: False)
    with pytest.raises(register.Refused, match="cannot see"):
        register.register(tautulli, agent, "/nowhere/agents")
    assert setup_of(house)[0][0] == good


def test_plex_down_leaves_a_timer_that_worked(house, bundle):
    bundle.run("--yes")
    house.plex.fail("/library*", 500)
    house.plex.fail("/hubs*", 500)
    try:
        done = bundle.run("--yes", "--every", "1")
    finally:
        house.plex.heal()
    assert done.returncode == 0 and len(setup_of(house)[1]) == 1
    assert "no timer" in done.stdout and "limit_streams.py tick" in done.stdout


def test_what_nobody_foresaw_is_one_line_and_a_log(bundle):
    (bundle.root / "shared" / "jobs" / "register.py").write_text("raise ZeroDivisionError('surprise')\n")
    line = one_line(bundle.run("--yes"), status=3)
    assert line == f"install.py: unexpected: ZeroDivisionError; the details are in {bundle.root / 'data' / 'usher.log'}"
    assert "surprise" in (bundle.root / "data" / "usher.log").read_text()


def old_pythons():
    return sorted(Path.home().glob(".pyenv/versions/3.[89].*/bin/python"))


@pytest.mark.skipif(not old_pythons(), reason="no old Python here")
def test_an_old_python_is_told_so(bundle):
    for python in old_pythons():
        assert "Python 3.10 or newer is needed" in one_line(bundle.run("--yes", python=str(python)))


@pytest.mark.skipif(not ROOT, reason="needs root")
def test_what_root_writes_belongs_to_tautullis_user(house, bundle, tmp_path):
    folder = tmp_path / ".config" / "tautulli"
    folder.mkdir(parents=True)
    (folder / "config.ini").write_bytes(Path(house.tautulli.datadir, "config.ini").read_bytes())
    os.chown(folder / "config.ini", 1234, 1235)
    forget_compiled(bundle)
    assert bundle.run("--yes", "--no-schedule", told=False).returncode == 0
    for name in ("config.ini", "data", "shared/__pycache__"):
        about = (bundle.root / name).stat()
        assert (about.st_uid, about.st_gid) == (1234, 1235), name


# ---- the library that the timer looks at ----

class Told:
    """A Tautulli that tells of these libraries."""

    def __init__(self, *libraries):
        names = ("section_id", "section_type", "count", "parent_count", "section_name")
        self.libraries = [dict(zip(names, row, strict=True)) for row in libraries]

    def call(self, cmd, **_):
        return self.libraries


@pytest.mark.parametrize("libraries, first", [
    ([("1", "movie", "2000", None, "Films"), ("2", "movie", "3", None, "Few")], "Few"),
    ([("1", "movie", "2000", None, "Films"), ("2", "show", "5", "9", "Shows")], "Shows"),
    ([("1", "movie", "30", None, "Films"), ("2", "show", "5", "9", "Shows")], "Films"),
    ([("1", "photo", "1", "1", "Photos"), ("2", "movie", "0", None, "No"), ("3", "artist", "9", "9", "CDs")], "CDs"),
    ([("1", "show", "1", "1", "A"), ("2", "show", "900", "4000", "B"), ("3", "movie", "90", None, "C")], "C"),
])
def test_the_cheapest_library_comes_first(libraries, first):
    assert newsletter.libraries(Told(*libraries))[0].name == first


def test_nothing_to_look_at():
    assert newsletter.libraries(Told(("1", "photo", "5", "5", "Photos"))) == []


def test_a_large_library_is_not_gone_through_from_its_beginning(monkeypatch):
    import time
    recent = SimpleNamespace(call=lambda *_, **__: {"recently_added": [
        {"added_at": str(int(time.time()) - days * 86400)} for days in (1, 50, 100)]})
    assert newsletter._frame(recent, newsletter.Library(newsletter.CHEAP + 1, 9, 1, "x")) == 300
    assert newsletter._frame(recent, newsletter.Library(newsletter.CHEAP, 9, 1, "x")) == newsletter.ALWAYS


def test_demo_is_missing_from_half_a_copy(bundle):
    assert "demo.py is missing" in one_line(bundle.run("demo", told=False))


def test_json_of_conditions_survives():
    before = {"custom_conditions": [{"parameter": "user", "operator": "is", "value": ["a"]}], "actions": {}}
    agent = register.Agent("x.py", "x", (), "")
    assert json.loads(register._notifier(before, agent, "/f", "/f/x.py", new=True)["custom_conditions"]) == \
        before["custom_conditions"]
