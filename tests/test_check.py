"""install.py check: silent about nothing, and it writes nothing. One fault at a time, each named with what mends it."""
import contextlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from datetime import date as Date
from pathlib import Path
from xml.etree import ElementTree

import pytest
import trustme

from shared.jobs import check, clocks, findings, in_words
from shared.policy.limits import Limits
from tests.sandbox.base import el, wait_for
from tests.sandbox.bundle import Usher, copy
from tests.sandbox.world import World
from tests.wire import Wire

ROOT = hasattr(os, "geteuid") and os.geteuid() == 0
ZONE = {"TZ": "Europe/Zurich"}
LIMITS = """[usher]
dry_run = no
[everyone]
daily = 1h, weekend 2h
[group:friends]
members = alice, @friends
sitting = 45m
blocked = schoolnight 20:00-07:00
"""


def installed(world, config=LIMITS):
    """Usher as install.py sets it up."""
    usher = world.install_usher("", register=False)
    set_up(usher)
    usher.configure(config)
    return usher


def set_up(usher):
    """Run install.py. Without limits, so that its trial of the timer leaves no timekeeper, which would write; for the
    same reason the timer does not fire by itself afterwards."""
    since = time.time()
    usher.configure("[usher]\n")
    done = usher.run("--yes", "--every", "60", script="install.py", timeout=60)
    assert done.returncode == 0, done
    if any(line.startswith("unchanged") and "timer" in line for line in done.stdout.splitlines()):
        set_meta(usher, "last_tick", since)
    else:
        wait_for(lambda: ticked(usher, since), what="the first tick")
    set_cron(usher.world, "0 4 1 1 *")


def ticked(usher, since):
    path = os.path.join(usher.data, "ledger.db")
    if not os.path.exists(path):
        return False
    with contextlib.closing(sqlite3.connect(path, timeout=10)) as db:
        row = db.execute("SELECT value FROM meta WHERE key = 'last_tick'").fetchone()
    return row and float(row[0]) >= since


def set_cron(world, cron):
    """Let the timer fire at other times."""
    for row in world.tautulli.api("get_newsletters"):
        letter = world.tautulli.api("get_newsletter_config", newsletter_id=row["id"])
        config = {f"newsletter_config_{key}": value for key, value in letter["config"].items()}
        names = ("subject", "body", "message", "friendly_name", "id_name", "active")
        same = {key: letter.get(key, "tick") for key in names}
        world.tautulli.api("set_newsletter_config", newsletter_id=row["id"], agent_id=0, **config, **same, cron=cron)


def tree(folder):
    """Everything below a folder: names, owners, modes, times, contents."""
    return {str(p): (s.st_mode, s.st_uid, s.st_size, s.st_mtime_ns, p.read_bytes() if p.is_file() else None)
            for p in [Path(folder), *Path(folder).rglob("*")] for s in [p.lstat()]}


def look(usher, *args, env=None, same=True):
    """Run check; its exit status and lines. Whatever comes: no traceback, no secret, and nothing was written."""
    world, before = usher.world, tree(usher.root)
    log = os.path.join(usher.root, "plexapi.log")
    done = usher.run("check", *args, script="install.py", timeout=60, env={"PLEXAPI_LOG_PATH": log, **(env or {})})
    assert "Traceback" not in done.stdout + done.stderr and done.stderr == "", done
    secrets = [world.tautulli.api_key, *(u.token for u in world.people.users), *(u.email for u in world.people.users)]
    assert not [s for s in secrets if s and s in done.stdout]
    assert not same or tree(usher.root) == before
    return done.returncode, done.stdout.splitlines()


def faults(lines):
    return [line for line in lines[:-1] if not line.startswith("ok: ")]


def one(usher, level, *words, env=None, count=1):
    """The one line that names a fault: its level, and what it says."""
    status, lines = look(usher, env=env)
    found = faults(lines)
    assert len(found) == count, "\n".join(lines)
    assert status == (2 if any(f.startswith("error") for f in found) else 1)
    assert found[0].startswith(level + ": "), found
    for word in words:
        assert word in found[0], found
    assert "; " in found[0], "it says what to do"
    return found[0]


@pytest.fixture(scope="module")
def usher(host):
    with World(host=host, env=ZONE, tick=3600) as world:  # without a tick Tautulli hears of no silent stream
        yield installed(world)


@pytest.fixture(autouse=True)
def mended(request):
    """What a test did to the shared world is undone."""
    yield
    if "usher" in request.fixturenames:
        usher = request.getfixturevalue("usher")
        for part in (usher.world.plex, usher.world.plextv):
            part.heal()
            part.clock_skew = 0
        usher.world.plex.plex_pass = True
        for stream in list(usher.world.plex.streams):
            stream.stop()
        usher.configure(LIMITS)
        os.chmod(os.path.join(usher.root, "config.ini"), 0o600)


# ---- when all is well ----

def test_a_healthy_installation(usher):
    status, lines = look(usher)
    assert status == 0 and lines[-1] == "all is well" and not faults(lines), "\n".join(lines)
    text = "\n".join(lines)
    for words in ("config.ini is valid: 1 group", "Usher 0", "packages: requests, plexapi, dateutil from",
                  "answers and takes the key", "is connected to Plex", "keeps the history of all 4 users",
                  "limit_streams.py) is registered: 8 triggers", "journal.py) is registered",
                  "schedule: the timer in Tautulli", "it last fired", "Plex takes the token as the owner's",
                  "Plex Pass is active: streams are stopped by Plex, with the reason on the screen",
                  "plex.tv lists 3 users of this server: 2 friends (alice, bob); 0 home; ",
                  "1 managed (kid); 0 pending", "may download, which no limit sees: alice, bob, kid",
                  "home profiles without a PIN: owner, kid",
                  "owner (1000001, owner): exempt",
                  "alice (2000001, friend): group friends: 1 h (Sat, Sun: 2 h) a day; "
                  "45 min at a time with 15 min of rest; not schoolnights 20:00-07:00 (live)",
                  "kid (2000003, managed): 1 h (Sat, Sun: 2 h) a day (live)", "ledger.db is sound", "are free for",
                  "belong to the right user", "Tautulli's clock and the one here agree",
                  "Plex's clock and the one here agree", "live: streams are stopped", "no timekeeper is at work"):
        assert words in text, (words, text)


def test_json(usher):
    status, lines = look(usher, "--json")
    rows = json.loads("\n".join(lines))
    assert status == 0 and len(rows) > 25
    assert all(set(row) == {"level", "what", "mend"} and row["level"] == "ok" for row in rows)


def test_dry_run_is_said(usher):
    usher.configure(LIMITS.replace("dry_run = no", "dry_run = yes") + "dry_run = no\n")
    text = "\n".join(look(usher)[1])
    assert "dry run: streams are not stopped, what would happen is only said; live: group friends" in text
    assert "kid (2000003, managed): 1 h (Sat, Sun: 2 h) a day (dry run)" in text


def test_with_a_timekeeper_at_work(usher):
    usher.world.plex.start_stream(usher.world.kid, usher.world.movie)  # whom no hour of the night stops

    def kept():
        with contextlib.closing(sqlite3.connect(os.path.join(usher.data, "ledger.db"), timeout=10)) as db:
            return db.execute("SELECT 1 FROM lease WHERE holder != ''").fetchone()
    wait_for(kept, what="a timekeeper")
    status, lines = look(usher, same=False)
    text = "\n".join(lines)
    assert status == 0 and "a timekeeper is at work" in text and "(1 session)" in text, text
    usher.world.plex.streams[0].stop()
    wait_for(lambda: not kept(), 20, what="the end of the timekeeper")


def test_nothing_is_made_where_there_is_no_data_folder_yet(usher, tmp_path):
    bare = Usher(usher.world, tmp_path / "bare")
    os.mkdir(bare.root)
    copy(Path(bare.root))
    status, lines = look(bare)
    text = "\n".join(lines)
    assert status == 2 and not os.path.exists(bare.data)
    assert "config.ini: is missing: run python3 install.py" in text and "it comes with the first event" in text


def test_found_by_tautullis_own_config_ini(usher, tmp_path):
    """From a shell, with nothing in the environment and nothing in config.ini."""
    clean = {key: None for key in usher.environment() if key.startswith(("TAUTULLI", "PLEX"))}
    status, lines = look(usher, env={**clean, **home_of(usher.world, tmp_path)})
    assert status == 0, "\n".join(lines)
    status, lines = look(usher, env=clean)
    assert status == 2 and "[tautulli] url is empty" in faults(lines)[0] and "--apikey KEY" in faults(lines)[0]
    assert "Plex is not looked at" in faults(lines)[1]
    args = ("--tautulli", usher.world.tautulli.url, "--apikey", usher.world.tautulli.api_key)
    status, lines = look(usher, *args, env=clean)
    assert status == 1 and "Plex is not looked at" in faults(lines)[0] and len(faults(lines)) == 1


def home_of(world, folder):
    """A home folder in which this world's Tautulli keeps its config.ini."""
    there = folder / ".config" / "tautulli"
    there.mkdir(parents=True, exist_ok=True)
    shutil.copy(os.path.join(world.tautulli.datadir, "config.ini"), there)
    if ROOT:
        about = os.stat(world.dir)
        os.chown(there / "config.ini", about.st_uid, about.st_gid)
    return {"HOME": str(folder)}


# ---- Tautulli ----

def test_a_wrong_key(usher):
    usher.configure(LIMITS + f"[tautulli]\napikey = {'x' * 32}\n")
    line = one(usher, "error", "does not accept the API key", "Settings > Web Interface > API key")
    assert "x" * 32 not in line


def test_a_wrong_url(usher, tmp_path):
    usher.configure(LIMITS + "[tautulli]\nurl = http://127.0.0.1:9\n")
    one(usher, "error", "http://127.0.0.1:9 is not there", "start Tautulli, or mend [tautulli] url")
    one(usher, "error", f"config.ini says {usher.world.tautulli.url}: write that",
        env=home_of(usher.world, tmp_path))  # fmt: skip


def test_something_else_at_that_url(usher):
    usher.configure(LIMITS + f"[tautulli]\nurl = {usher.world.plex.url}\n")
    one(usher, "error", "Tautulli at")


def test_a_self_signed_certificate(usher):
    context = usher.world.certs.server_context  # the world's own authority is trusted, another one is not
    stranger = trustme.CA()
    usher.world.certs.ca, mine = stranger, usher.world.certs.ca
    try:
        tls = context("127.0.0.1")
    finally:
        usher.world.certs.ca = mine
    with Wire(b"", tls=tls) as server:
        usher.configure(LIMITS + f"[tautulli]\nurl = {server.url}\nverify_tls = yes\n")
        one(usher, "error", "has a certificate that is not trusted", "write verify_tls = no into [tautulli]")
        usher.configure(LIMITS + f"[plex]\nurl = {server.url}\nverify_tls = yes\n")
        one(usher, "error", "Plex at", "not trusted", "write verify_tls = no into [plex]")


def test_http_root(host):
    with World(host=host, env=ZONE, config={"http_root": "/tautulli"}) as world:
        usher = installed(world)
        assert look(usher)[0] == 0
        usher.configure(LIMITS + f"[tautulli]\nurl = http://127.0.0.1:{world.tautulli.port}\n")
        one(usher, "error", "Tautulli at", "is http_root set")


def test_http_host(host, tmp_path):
    """Tautulli listens on another address than config.ini says."""
    with World(host=host, env=ZONE, config={"http_host": "127.0.0.2"}, boot=False) as world:
        world.tautulli.start(wait=False)
        usher = world.install_usher(LIMITS, register=False)
        if host == "standin":  # which listens on one address only
            world.tautulli.server.stop()
        line = one(usher, "error", "is not there", "http_host")
        assert f"http://127.0.0.1:{world.tautulli.port}" in line
        own = home_of(world, tmp_path)
        wait_for(lambda: "[" in Path(own["HOME"], ".config/tautulli/config.ini").read_text(), what="its config.ini")
        one(usher, "error", f"says http://127.0.0.2:{world.tautulli.port}: write that", env=own)
        if host == "standin":
            world.tautulli.server.start()


def test_tautulli_stopped_and_plex_down(host):
    with World(host=host, env=ZONE) as world:
        usher = installed(world)
        world.plex.down()
        wait_for(lambda: not world.tautulli.api("server_status")["connected"], 20, what="Tautulli to notice")
        status, lines = look(usher)
        [tautulli, plex] = faults(lines)
        assert status == 2 and "error: Tautulli is not connected to Plex, so it fires no event; start Plex" in tautulli
        assert plex.startswith("error: Plex at") and "is not there" in plex and "start Plex, or mend [plex] url" in plex
        world.plex.up()
        world.tautulli.stop()
        one(usher, "error", "Tautulli at", "is not there", "start Tautulli")


def test_what_tautulli_is_set_to(host):
    with World(host=host, env=ZONE, config={"notify_consecutive": 0, "verbose_logs": 0}) as world:
        usher = installed(world)
        first, second = faults(look(usher)[1])
        assert "warning: Tautulli fires no stop after 85 %" in first and "tick Allow Playback Stop" in first
        assert "warning: Tautulli's verbose logs are off" in second and "verbose_logs = 1" in second


@pytest.mark.parametrize("table, where, name", [("users", "username = 'bob'", "the user bob"),
                                                ("library_sections", "section_id = 1", "the library Movies")])
def test_history_that_is_not_kept(usher, table, where, name):
    def keep(yes):
        with contextlib.closing(sqlite3.connect(usher.world.tautulli.db_path, timeout=10)) as db, db:
            db.execute(f"UPDATE {table} SET keep_history = ? WHERE {where}", (yes,))
    keep(0)
    try:
        one(usher, "warning", f"keeps no history for {name}", "tick Keep History")
    finally:
        keep(1)


# ---- the time zone ----

def test_another_time_zone(usher, host):
    say_zone(usher.world, host)
    usher.configure(LIMITS.replace("dry_run", "timezone = America/New_York\ndry_run"))
    one(usher, "warning", "timezone = America/New_York, but Tautulli's is Europe/Zurich", "mend timezone")
    usher.configure(LIMITS.replace("dry_run", "timezone = Europe/Berlin\ndry_run"))  # another name, the same clock
    assert look(usher)[0] == 0
    usher.configure(LIMITS)
    one(usher, "warning", "the time zone here is not Tautulli's (Europe/Zurich)", "write timezone =",
        env={"TZ": "Asia/Tokyo"})  # fmt: skip


def say_zone(world, host):
    """The stand-in does not write its zone into its log; the real one does when it starts."""
    if host == "standin" and "UTC+" not in world.tautulli.log_text():
        world.tautulli.log("INFO", f"Europe/Zurich (UTC{time.strftime('%z', time.localtime())})")


def test_utc(host):
    with World(host=host, env={"TZ": "UTC"}) as world:
        usher = installed(world)
        one(usher, "warning", "UTC, and [group:friends] blocked go by it", "timezone = into [usher]", "Europe/Zurich")
        usher.configure(LIMITS.replace("blocked = schoolnight 20:00-07:00", ""))
        assert look(usher)[0] == 0
        usher.configure(LIMITS.replace("dry_run", "timezone = UTC\ndry_run"))
        one(usher, "warning", "[usher] timezone = UTC, and [group:friends] blocked go by it", "write your own")


# ---- notification agents and the timer ----

def notifier(usher):
    return next(n["id"] for n in usher.world.tautulli.api("get_notifiers") if "limit" in n["friendly_name"])


@pytest.fixture
def limits_agent(usher):
    """The id of the agent that runs limit_streams.py; afterwards everything is registered as it should be."""
    yield notifier(usher)
    set_up(usher)


def edit(usher, number, **params):
    """Change settings of an agent as its form in Tautulli does."""
    api = usher.world.tautulli.api
    config = api("get_notifier_config", notifier_id=number)["config"]
    where = {"scripts_script_folder": config["script_folder"], "scripts_script": config["script"],
             "scripts_timeout": config["timeout"]}
    api("set_notifier_config", notifier_id=number, agent_id=15, friendly_name="Usher: limit streams",
        **{**where, **params})


def test_arguments_edited_by_hand(usher, limits_agent):
    edit(usher, limits_agent, on_pause_subject="--event={action} --mine")
    one(usher, "error", f"agent {limits_agent} (limit_streams.py): its arguments were edited by hand, for: pause",
        "run python3 install.py again")  # fmt: skip


@pytest.mark.parametrize("trigger, level", [("play", "error"), ("newdevice", "warning")])
def test_a_trigger_unticked(usher, limits_agent, trigger, level):
    edit(usher, limits_agent, **{f"on_{trigger}": 0})
    one(usher, level, f"not all triggers are ticked, missing: {trigger}", "tick them in Tautulli's")


def test_a_short_timeout(usher, limits_agent):
    edit(usher, limits_agent, scripts_timeout=3)
    one(usher, "warning", "ends it after 3 s", "install.py")


def test_conditions_of_the_owners_own_are_no_fault(usher, limits_agent):
    edit(usher, limits_agent, custom_conditions=json.dumps(
        [{"parameter": "user", "operator": "is not", "value": ["bob"]}]), custom_conditions_logic="{1}")  # fmt: skip
    try:
        status, lines = look(usher)
        assert status == 0 and "has conditions of your own (user)" in "\n".join(lines)
    finally:
        edit(usher, limits_agent, custom_conditions="[]", custom_conditions_logic="")


def test_not_registered(usher, limits_agent):
    rows = usher.world.tautulli.api("get_notifiers")
    for row in rows:
        usher.world.tautulli.delete_notifier(row["id"])
    lines = faults(look(usher)[1])
    assert lines[0].startswith("error: limit_streams.py is not registered in Tautulli, so no limit holds; run")
    assert lines[1].startswith("warning: journal.py is not registered in Tautulli")
    assert lines[2].startswith("warning: the timer in Tautulli") and "does not run our limit_streams.py" in lines[2]


def test_registered_twice(usher, limits_agent):
    script = os.path.join(usher.root, "agents", "limit_streams.py")
    number = usher.world.tautulli.add_script_notifier(script, {"on_play": "x"}, name="second")
    try:
        one(usher, "error", f"limit_streams.py is registered 2 times (agents {limits_agent}, {number})",
            f"delete all but agent {limits_agent}")  # fmt: skip
    finally:
        usher.world.tautulli.delete_notifier(number)


def test_two_ushers(usher, tmp_path, limits_agent):
    other = os.path.join(usher.world.dir, "other")
    shutil.copytree(os.path.join(usher.root, "agents"), other)
    number = usher.world.tautulli.add_script_notifier(os.path.join(other, "limit_streams.py"), {"on_play": "x"})
    try:
        one(usher, "error", f"two Ushers are registered: agent {number} runs {other}", "delete one of them")
    finally:
        usher.world.tautulli.delete_notifier(number)
        shutil.rmtree(other)


def test_moved(usher, limits_agent):
    moved = Usher(usher.world, usher.root + "-moved")
    os.rename(usher.root, moved.root)
    try:
        line = one(moved, "error", "which is not there: Usher has moved to", "run python3 install.py again", count=2)
        assert usher.root in line and moved.root in line
    finally:
        os.rename(moved.root, usher.root)


def test_a_script_that_tautulli_does_not_see(usher, limits_agent, host, monkeypatch):
    if host == "real":
        pytest.skip("see test_a_folder_on_a_mount")
    config = usher.world.tautulli.notifiers.config

    def blind(id):
        found = config(id)
        for option in found["config_options"]:
            option.pop("select_options", None) and option.update(select_options={"": ""})
        return found
    monkeypatch.setattr(usher.world.tautulli.notifiers, "config", blind)
    one(usher, "error", "Tautulli does not see", "below /config", count=2)


@contextlib.contextmanager
def mounted(folder, size):
    """A disk of its own at that folder; skips where that is not allowed."""
    os.makedirs(folder)
    command = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=755", "tmpfs", folder]
    if not ROOT or not shutil.which("mount") or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("needs the right to mount")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def test_a_folder_on_a_mount(host):
    with World(host=host, env=ZONE) as world, mounted(os.path.join(world.dir, "mnt"), "256m") as folder:
        usher = world.install_usher(LIMITS, name="mnt/usher")
        if host == "standin":
            for n in (usher.limit_streams, usher.journal):
                assert world.tautulli.api("get_notifier_config", notifier_id=n)["config"]["script_folder"]
            pytest.skip("the stand-in runs scripts from anywhere")
        lines = [line for line in faults(look(usher)[1]) if "schedule" not in line]
        assert len(lines) == 2, lines
        for line in lines:
            assert line.startswith("error: agent ") and f"refuses its folder, since {folder} is a mount" in line
            assert "allow_mounted_folders = 1" in line and "below Tautulli's own data folder" in line


def test_no_schedule(usher, limits_agent):
    for row in usher.world.tautulli.api("get_newsletters"):
        usher.world.tautulli.api("delete_newsletter", newsletter_id=row["id"])
    status, lines = look(usher)
    assert status == 0 and "a timer of your own; it last fired" in "\n".join(lines)
    set_meta(usher, "last_tick", time.time() - 7200)
    one(usher, "warning", "no schedule is set up", "install.py")
    set_meta(usher, "schedule", "none")
    try:
        assert "ok: no schedule, as you chose" in "\n".join(look(usher)[1])
    finally:
        set_meta(usher, "schedule", "")


def test_a_systemd_timer(usher, tmp_path):
    (tmp_path / "usher-tick.timer").write_text("[Timer]\nOnCalendar=*:0/5\n")
    script = os.path.join(usher.root, "agents", "limit_streams.py")
    (tmp_path / "usher-tick.service").write_text(f"[Service]\nExecStart=python3 {script} tick\n")
    units = {"SYSTEMD_UNIT_PATH": str(tmp_path)}
    one(usher, "warning", "2 schedules are set up: the timer in Tautulli", "systemd", "install.py schedule", env=units)
    letters = usher.world.tautulli.api("get_newsletters")
    for row in letters:
        usher.world.tautulli.api("delete_newsletter", newsletter_id=row["id"])
    try:
        status, lines = look(usher, env=units)
        assert status == 0 and "ok: schedule: systemd" in "\n".join(lines)
        set_meta(usher, "last_tick", time.time() - 5 * 3600)
        one(usher, "warning", "systemd", "it last fired 5 h ago", env=units)
    finally:
        set_up(usher)


def test_a_timer_that_does_not_fire(usher, limits_agent):
    set_cron(usher.world, "*/5 * * * *")
    set_meta(usher, "last_tick", time.time() - 1200)
    one(usher, "warning", "every 5 minutes): it last fired 20 min ago", "Newsletter Logs")


def set_meta(usher, key, value):
    with contextlib.closing(sqlite3.connect(os.path.join(usher.data, "ledger.db"))) as db, db:
        db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, str(value)))


# ---- Plex and plex.tv ----

def test_a_wrong_url_of_plex(usher):
    usher.configure(LIMITS + "[plex]\nurl = http://127.0.0.1:9\n")
    one(usher, "error", "Plex at http://127.0.0.1:9 is not there", "start Plex, or mend [plex] url")


def test_an_expired_token(usher):
    usher.configure(LIMITS + "[plex]\ntoken = 0123456789abcdef0123\n")
    one(usher, "error", "does not accept the token (401)", "Fetch New Token")


def test_a_token_that_plex_cannot_read(usher):
    usher.world.plex.fail("/status/sessions", 422)
    one(usher, "error", "(status 422)", "Fetch New Token")


def test_a_guests_token(usher):
    usher.configure(LIMITS + f"[plex]\ntoken = {usher.world.bob.token}\n")
    one(usher, "error", "(403)", "the token must be the one of the server's owner")


def test_no_plex_pass(usher):
    usher.world.plex.plex_pass = False
    said = ("no Plex Pass is active, so streams are only stopped where a player takes remote control, and without the "
            "reason")  # fmt: skip
    one(usher, "error", f"{said} (players that take it now: none); renew it")
    for name, takes in (("Sofa", True), ("Deaf", False), ("Bed", True)):
        usher.world.plex.start_stream(usher.world.bob, usher.world.movie, name, notify=False, remote_control=takes)
    one(usher, "warning", f"{said} (players that take it now: Bed, Sofa); renew it")


@pytest.mark.parametrize("name, value, words, mend", [
    ("allowedNetworks", "192.168.1.0/24", "without asking who they are, so limits do not hold there: 192.168.1.0/24",
     "allowed without auth"),
    ("DlnaEnabled", "1", "DLNA server is on", "Settings > DLNA")])
def test_ways_past_usher(usher, name, value, words, mend):
    usher.world.plex.prefs[name] = value
    try:
        one(usher, "warning", words, mend)
    finally:
        usher.world.plex.prefs.pop(name)


def test_a_session_that_nobody_can_stop(usher):
    usher.world.plex.start_stream(usher.world.owner, usher.world.movie, odd="no-session", notify=False, player="Shed")
    one(usher, "warning", "sessions without a session id, which Plex cannot stop: Shed", "DLNA")


def test_another_plex_server(usher):
    set_meta(usher, "server", "f" * 40)
    try:
        one(usher, "error", "ledger.db belongs to another Plex server", "data_dir of its own")
    finally:
        set_meta(usher, "server", usher.world.plex.machine_id)


@pytest.mark.parametrize("part, name", [("plex", "Plex's clock"), ("tautulli", "Tautulli's clock")])
def test_clocks(usher, host, part, name):
    if part == "tautulli":
        if host == "real":
            pytest.skip("its clock is this machine's")
        part = usher.world.tautulli.server
    else:
        part = usher.world.plex
    part.clock_skew = -120
    try:
        line = one(usher, "warning", name, "behind the one here", "NTP")
        assert any(f"is {seconds} s" in line for seconds in (118, 119, 120, 121)), line
    finally:
        part.clock_skew = 0


def test_plex_tv_down(usher):
    usher.world.plextv.fail("/*", 503)
    one(usher, "warning", "plex.tv does not answer as it should", "try again later")


@pytest.mark.parametrize("status, body", [(401, ""), (422, "Invalid token")])
def test_plex_tv_does_not_take_the_token(usher, status, body):
    usher.world.plextv.fail("/api/v2/user", status, body=body)
    one(usher, "warning", "plex.tv does not accept the token", "Fetch New Token")


def test_invitations_that_plex_tv_no_longer_tells(usher):
    usher.world.plextv.add_invite("new@example.com", "newcomer")
    try:
        assert "1 pending (newcomer)" in "\n".join(look(usher)[1])
        usher.world.plextv.legacy_invites = False
        status, lines = look(usher)
        assert status == 0 and "pending invitations are not told any more" in "\n".join(lines)
    finally:
        usher.world.plextv.legacy_invites = True
        usher.world.plextv.invites.clear()


def test_a_profile_without_a_pin_beside_one_that_is_limited(usher):
    usher.configure(LIMITS + "[person:kid]\nusers = kid\nweekly = 5h\n")
    one(usher, "warning", "home profiles without a PIN that no limit holds for: owner", "set a PIN")
    kid = "[person:kid]\nusers = kid\nweekly = 5h\n"
    usher.configure(LIMITS.replace("dry_run", "owner_devices = Sofa\ndry_run") + kid)
    assert not [line for line in look(usher)[1] if "that no limit holds for" in line]
    usher.configure(LIMITS + "[person:kid]\nusers = kid\nweekly = 5h\n")
    home = (usher.world.owner, usher.world.kid)
    users = [el("User", id=u.id, title=u.title, protected=int(u is usher.world.owner)) for u in home]
    body = ElementTree.tostring(el("MediaContainer", None, *users), encoding="unicode")
    usher.world.plextv.fail("/api/home/users", 200, body=body, headers={"Content-Type": "application/xml"})
    status, lines = look(usher)
    assert status == 0 and "home profiles without a PIN: kid" in "\n".join(lines), lines


def test_a_plexapi_that_is_too_old(usher, tmp_path):
    package = tmp_path / "plexapi"
    package.mkdir()
    (package / "__init__.py").write_text("VERSION = __version__ = '4.15.10'\n")
    path = os.pathsep.join([str(tmp_path), usher.environment().get("PYTHONPATH", "")])
    line = one(usher, "warning", "plexapi 4.15.10", "is older than 4.15.13", "pip install --upgrade plexapi",
               env={"PYTHONPATH": path})  # fmt: skip
    assert str(tmp_path) in line
    (package / "__init__.py").write_text("raise ZeroDivisionError\n")
    one(usher, "warning", "plexapi of unknown version", env={"PYTHONPATH": path})


# ---- people ----

def test_names_that_nobody_bears(usher):
    usher.configure(LIMITS + "[person:emma]\nusers = alicia\nweekly = 5h\n")
    one(usher, "warning", "[person:emma] users: nobody is called alicia", "write alice")
    usher.configure(LIMITS.replace("alice,", "alise,"))
    one(usher, "warning", "[group:friends] members: nobody is called alise", "write alice")
    usher.configure(LIMITS + "[person:al]\nusers = 2000001\nweekly = 5h\n[group:all]\nmembers = al, kid, @home\n")
    status, lines = look(usher)
    assert not [line for line in faults(lines) if "nobody is called" in line], lines


def test_a_person_that_has_ended(usher):
    person = "[person:cousin]\nusers = kid\ndevices = Nobody's TV\ndaily = 9h\nuntil = {}-08-09\n"
    usher.configure(LIMITS + "[group:all]\nmembers = cousin\n" + person.format(2020))
    status, lines = look(usher)
    assert status == 0, faults(lines)  # neither its devices nor its name in a group are looked for
    assert ("ok: [person:cousin] has ended, its last day was 2020-08-09: its users and devices are limited as if it "
            "were not there; write a later until, or take it out") in lines  # fmt: skip
    [kid] = [line for line in lines if line.startswith("ok: kid (")]
    assert "cousin" not in kid and "9 h" not in kid
    usher.configure(LIMITS + person.format(2099))
    lines = look(usher)[1]
    assert "ok: [person:cousin] holds until 2099-08-09, that day included" in lines
    assert any(line.startswith("ok: kid (") and "person cousin" in line and "9 h" in line for line in lines)


def test_vips_and_guests_that_fit_nobody_or_several(usher):
    usher.configure(LIMITS + "[prune]\nvip = alyce, BOB\n[guest:x]\nuser = bob\nexpires = 2030-01-01\n")
    one(usher, "warning", "[prune] vip: 'alyce' is nobody on this server", "install.py who")
    assert "ok: [guest]: each name is one user's" in look(usher)[1]


def test_devices_that_were_never_seen(usher):
    usher.configure(LIMITS + "[person:kid]\nusers = kid\ndevices = Kid's TW, 123abc\n")
    world = usher.world
    world.plex.start_stream(world.kid, world.movie, player="Kid's TV", notify=False, machine_id="m-kid")
    lines = [line for line in faults(look(usher)[1]) if "devices" in line]
    assert len(lines) == 2
    assert "[person:kid] devices: no player called Kid's TW was ever seen; write Kid's TV" in lines[0]
    assert "no player called 123abc" in lines[1] and "install.py who" in lines[1]
    usher.configure(LIMITS + "[person:kid]\nusers = kid\ndevices = kid's tv\n")
    assert not [line for line in faults(look(usher)[1]) if "devices" in line]
    usher.configure(LIMITS + "[person:kid]\nusers = kid\ndevices = m-kid\nweekly = 5h\n")
    lines = look(usher)[1]
    assert not [line for line in faults(lines) if "devices" in line]
    assert "ok: whoever plays on m-kid counts as kid: 1 h (Sat, Sun: 2 h) a day; 5 h a week (live)" in lines


def test_a_name_that_two_players_bear(usher):
    usher.configure(LIMITS + "[person:kid]\nusers = kid\ndevices = TV\n")
    world = usher.world
    for machine in ("m-one", "m-two"):
        world.plex.start_stream(world.kid, world.movie, player="TV", notify=False, machine_id=machine)
    [line] = [line for line in faults(look(usher)[1]) if "devices" in line]
    assert line.startswith("warning: [person:kid] devices: 2 players are called TV, and only the one seen first is")
    assert "write the machine id of the right one: m-" in line and "m-one" in line and "m-two" in line


def test_a_strangers_player_cannot_be_named_by_its_title(usher):
    usher.configure(LIMITS + "[person:kid]\nusers = kid\ndevices = Bobs TV\n")
    world = usher.world
    world.plex.start_stream(world.bob, world.movie, player="Bobs TV", notify=False, machine_id="m-bob")
    [line] = [line for line in faults(look(usher)[1]) if "devices" in line]
    assert "Bobs TV was only seen with bob" in line and "write its machine id: m-bob" in line


def test_owner_devices(usher):
    usher.configure(LIMITS.replace("dry_run", "owner_devices = Sofa\ndry_run"))
    status, lines = look(usher)
    text = "\n".join(lines)
    assert "owner (1000001, owner): exempt on Sofa, elsewhere 1 h" in text
    assert "[usher] owner_devices: no player called Sofa was ever seen" in text


def test_an_address_in_the_place_of_a_name(host):
    with World(host=host, env=ZONE) as world:
        world.people.add("someone@example.com", email="someone@example.com")
        world.tautulli.api("refresh_users_list")
        usher = installed(world)
        text = "\n".join(look(usher)[1])
        assert "someone@" not in text and "s***@example.com" in text


# ---- config.ini, the ledger, the files ----

def test_mistakes_in_config_ini(usher):
    usher.configure(LIMITS + "[everyone]\n")
    usher.configure("[everyone]\ndaily = 1 our\nwekly = 3h\n")
    first, second = (line for line in faults(look(usher)[1]) if "config.ini line" in line)
    assert first.startswith("error: config.ini line 2: ") and "until then holds" in first
    assert "wekly" in second and "write weekly" in second


@pytest.mark.skipif(os.name == "nt", reason="modes of Unix")
def test_a_config_ini_that_cannot_be_read(usher):
    path = os.path.join(usher.root, "config.ini")
    os.remove(path)
    os.mkdir(path)
    try:
        line = faults(look(usher)[1])[0]
        assert line.startswith("error: config.ini: is a folder, not a file") and "run python3 install.py" in line
    finally:
        os.rmdir(path)
    usher.configure(LIMITS)
    os.chmod(path, 0o000)
    lines = faults(look(usher)[1])
    os.chmod(path, 0o600)
    assert any(f"may not read and write: {path}; chmod" in line for line in lines), lines
    assert ROOT or any("cannot be read (Permission denied)" in line for line in lines)


@pytest.mark.skipif(os.name == "nt", reason="modes of Unix")
def test_modes(usher):
    config, ledger = (os.path.join(usher.root, *parts) for parts in (("config.ini",), ("data", "ledger.db")))
    os.chmod(config, 0o644)
    one(usher, "warning", f"{config} can be read by others", f"chmod 600 {config}")
    os.chmod(config, 0o600)
    os.chmod(ledger, 0o644)
    one(usher, "warning", f"others may look into: {ledger}", "chmod -R go=")
    os.chmod(ledger, 0o400)
    one(usher, "error", f"may not read and write: {ledger}", f"chmod -R u+rwX {ledger}")
    os.chmod(ledger, 0o600)


@pytest.mark.skipif(not ROOT, reason="needs root")
def test_files_of_somebody_else(usher, tmp_path):
    ledger = os.path.join(usher.data, "ledger.db")
    os.chown(ledger, 4321, 4321)
    try:
        one(usher, "error", "files that belong to uid 4321, and Tautulli runs as root (0)", ledger, "chown -R 0:0")
        mine = home_of(usher.world, tmp_path)
        own = Path(mine["HOME"], ".config/tautulli/config.ini")
        os.chown(own, 4321, 4321)
        one(usher, "error", "files that belong to root (0)", "runs as uid 4321", f"the owner of {own}", env=mine)
    finally:
        os.chown(ledger, 0, 0)


def test_a_tautulli_that_is_not_root(host):
    if host != "real" or not ROOT:
        pytest.skip("needs the real one, and root")
    with World(host=host, env=ZONE, user=1000) as world:
        usher = installed(world)
        assert look(usher)[0] == 0
        ledger, config = os.path.join(usher.data, "ledger.db"), os.path.join(usher.root, "config.ini")
        os.chown(ledger, 0, 0)
        lines = faults(look(usher)[1])
        [line] = [line for line in lines if "files that belong to root (0)" in line]
        assert f": {ledger}; chown -R 1000:1000" in line
        assert any(f"{ledger} cannot be opened: Permission denied" in line for line in lines), lines
        world.user = None  # as an owner does: docker exec is root
        [line] = faults(look(usher)[1])
        assert line.startswith("error: files that belong to root (0)") and "chown -R 1000:1000" in line
        os.chown(ledger, 1000, 1000)
        os.chown(config, 0, 0)
        [line] = faults(look(usher)[1])
        assert config in line and "chown -R 1000:1000" in line
        world.user = 1000
        lines = faults(look(usher)[1])
        assert "error: config.ini: cannot be read (Permission denied)" in lines[0], lines


def test_a_damaged_ledger(usher):
    path = os.path.join(usher.data, "ledger.db")
    kept = Path(path).read_bytes()
    try:
        Path(path).write_bytes(b"rubbish " * 1000)
        one(usher, "error", f"{path} is damaged: file is not a database", "the next event sets it aside")
        Path(path).write_bytes(kept[:4096] + b"\xff" * (len(kept) - 4096))
        one(usher, "error", f"{path} is damaged", "the next event sets it aside")
        Path(path).write_bytes(kept)
        with contextlib.closing(sqlite3.connect(path)) as db:
            db.execute("PRAGMA user_version = 99")
        one(usher, "error", "was written by a newer Usher (schema 99", "update Usher")
    finally:
        for suffix in ("", "-wal", "-shm"):
            Path(path + suffix).unlink(missing_ok=True)
        Path(path).write_bytes(kept)
        os.chmod(path, 0o600)


def test_changes_that_wait_in_the_log_are_seen_and_stay_there(usher):
    """After a power cut: the ledger, and its write-ahead log without the shared memory beside it."""
    path = os.path.join(usher.data, "ledger.db")
    kept = Path(path).read_bytes()
    db = sqlite3.connect(path)
    db.execute("PRAGMA wal_autocheckpoint = 0")
    with db:
        db.execute("INSERT OR REPLACE INTO meta VALUES ('server', 'e')")
    log = Path(path + "-wal").read_bytes()
    half = Path(path).read_bytes()
    db.close()
    try:
        Path(path).write_bytes(half)
        Path(path + "-wal").write_bytes(log)
        os.chmod(path + "-wal", 0o600)
        one(usher, "error", "ledger.db belongs to another Plex server")
    finally:
        Path(path + "-wal").unlink()
        Path(path).write_bytes(kept)


def test_a_full_disk(usher):
    with mounted(os.path.join(usher.world.dir, "small"), "3m") as folder:
        usher.configure(LIMITS.replace("dry_run", f"data_dir = {folder}/data\ndry_run"))
        os.mkdir(os.path.join(folder, "data"), 0o700)
        lines = faults(look(usher)[1])
        assert any(line.startswith(f"warning: the disk of {folder}/data is nearly full (3 MB left)") for line in lines)
        with contextlib.suppress(OSError), open(os.path.join(folder, "film"), "wb") as film:
            film.write(bytes(5_000_000))
        lines = faults(look(usher)[1])
        [line] = [line for line in lines if "disk" in line]
        assert line.startswith(f"error: the disk of {folder}/data is full (0 MB left)") and "free some space" in line
    os.rmdir(os.path.join(usher.world.dir, "small"))


def test_a_timekeeper_that_is_gone_or_old(usher):
    def lease(version, heartbeat):
        with contextlib.closing(sqlite3.connect(os.path.join(usher.data, "ledger.db"))) as db, db:
            db.execute("INSERT OR REPLACE INTO lease (id, holder, version, heartbeat, starting) VALUES (1, ?, ?, ?, 0)",
                       ("x" if version else "", version, heartbeat))  # fmt: skip
    from shared import __version__

    try:
        lease("0.0.1", time.time())
        one(usher, "warning", "the timekeeper is of another version (0.0.1)", "replaces it")
        lease(__version__, time.time() - 5)  # it leaves just now
        assert look(usher)[0] == 0
        lease(__version__, time.time() - 600)
        one(usher, "warning", "has not been heard of for 10 min", "usher.log")
    finally:
        lease("", 0)


# ---- what nobody foresaw ----

def test_a_check_that_fails_is_a_line_and_the_others_go_on(monkeypatch, tmp_path):
    def surprise(facts):
        raise ZeroDivisionError("secret")
        yield

    monkeypatch.setenv("HOME", str(tmp_path))
    facts = findings.gather("", "", str(tmp_path / "config.ini"), lambda what: None)
    monkeypatch.setattr(check, "STEPS", (("one", surprise), ("two", check.check_house.interpreter)))
    first, second = check.findings(facts)
    assert first.text.startswith("error: one: this could not be checked, a fault of Usher's own (ZeroDivisionError in")
    assert "secret" not in first.text and second.level == "ok"
    assert not (tmp_path / "data").exists()


def test_a_mistake_on_the_command_line(usher):
    done = usher.run("check", "--nosuch", script="install.py")
    assert done.returncode == 2 and "usage: install.py check" in done.stderr
    done = usher.run("check", "--help", script="install.py")
    assert done.returncode == 0 and "change nothing" in done.stdout


# ---- words and clocks ----

NEW_YEAR = Date(2027, 1, 1).toordinal(), Date(2027, 1, 3).toordinal()
WEEKEND = (("weekday", 5), ("weekday", 6))


@pytest.mark.parametrize("limits, said", [
    (Limits(), "no limit"),
    (Limits(daily=(((), 3600),)), "1 h a day"),
    (Limits(daily=((WEEKEND, 7200),)), "Sat, Sun: 2 h a day"),
    (Limits(daily=(((), 3600), (WEEKEND, None))), "1 h (Sat, Sun: any time) a day"),
    (Limits(weekly=(((), 36000),), rest=0, sitting=(((), 1800),)), "10 h a week; 30 min at a time"),
    (Limits(blocked=((tuple(("weekday", n) for n in range(5)), ((72000, 111600),)),)), "not Mon-Fri 20:00-07:00"),
    (Limits(allowed=(((("schoolnight",),), ((0, 86400),)), ((("calendar", "holidays"),), ()))),
     "only schoolnights, holidays at no time"),
    (Limits(blocked=(((), ((43200, 46800), (72000, 86400))),), unlimited_days=(("date", *NEW_YEAR),)),
     "not 12:00-13:00 and 20:00-24:00; free on 2027-01-01..2027-01-03"),
    (Limits(daily=(((), 60),), uncounted_libraries=("cartoons",)), "1 min a day; not counted: cartoons"),
])  # fmt: skip
def test_limits_in_words(limits, said):
    assert in_words.limits(limits) == said


@pytest.mark.parametrize("one_zone, other, alike", [
    (("Europe/Zurich", None), ("Europe/Berlin", 3600), True), (("Europe/Zurich", None), ("Europe/London", 0), False),
    (("Africa/Lagos", None), ("Europe/Zurich", 3600), False), (("UTC", None), ("Etc/UTC", 0), True),
    (("UTC", None), ("Nowhere/Else", 0), True), (("UTC", None), ("Nowhere/Else", 7200), False),
])  # fmt: skip
def test_zones_that_agree(one_zone, other, alike):
    assert clocks.agree(clocks.Zone(*one_zone), clocks.Zone(*other), 1_800_000_000) is alike


def test_the_interpreter_is_this_one():
    assert sys.executable in next(check.check_house.interpreter(None)).what
