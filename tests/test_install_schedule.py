"""install.py schedule: what is written for systemd and cron, and that there is always one timer, and never two."""
import getpass
import json
import os
import re
import shutil
import subprocess
import time

import pytest

from shared.errors import UsherError
from shared.jobs import newsletter, timers
from shared.jobs.schedule import KINDS
from shared.jobs.timers import Job
from tests.installing import Clone, clear, setup_of
from tests.sandbox.base import wait_for
from tests.sandbox.world import World

posix = pytest.mark.skipif(os.name == "nt", reason="neither systemd nor cron")
SYSTEMCTL = """#!/bin/sh
echo "$@" >> "$FAKE/systemctl"
if [ -e "$FAKE/broken" ]; then echo "System has not been booted with systemd as init system (PID 1)" >&2; exit 1; fi
"""
CRONTAB = """#!/bin/sh
whose=self
if [ "$1" = -u ]; then whose=$2; shift 2; fi
echo "$@" >> "$FAKE/crontab.calls"
if [ -e "$FAKE/broken" ]; then echo "crontab: you may not" >&2; exit 1; fi
case $1 in
-l) if [ -e "$FAKE/tab.$whose" ]; then cat "$FAKE/tab.$whose"; else echo "no crontab for $whose" >&2; exit 1; fi ;;
-) cat > "$FAKE/tab.$whose" ;;
esac
"""
OTHERS = "# my own\nMAILTO=me\n0 4 * * * /usr/bin/backup 50%full  # usher tick\n*/5 * * * * x # usher tick: /other\n"


@pytest.fixture(scope="module")
def house(host):
    with World(host=host) as world:
        yield world


class Machine(Clone):
    """A clone on a machine with a fake systemctl and crontab."""

    def __init__(self, world, folder, config=None):
        super().__init__(world, folder, config)
        self.fake, self.units = folder / "fake", folder / "units"
        for path in (self.fake, folder / "bin"):
            path.mkdir()
        for name, text in (("systemctl", SYSTEMCTL), ("crontab", CRONTAB)):
            program = folder / "bin" / name
            program.write_text(text)
            program.chmod(0o755)

    def environment(self, **more):
        path = f"{self.home / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
        return super().environment(**{"PATH": path, "FAKE": str(self.fake), "SYSTEMD_UNIT_PATH": str(self.units),
                                      **more})

    def filled_in(self):
        """[plex] and [tautulli] as a timer outside of Tautulli needs them."""
        w = self.world
        self.config.write_text(f"[plex]\nurl = {w.plex.url}\ntoken = {w.owner.token}\n[tautulli]\n"
                               f"url = {w.tautulli.url}\napikey = {w.tautulli.api_key}\n")

    def crontab(self, text=None):
        path = self.fake / "tab.self"
        if text is not None:
            path.write_text(text)
        return path.read_text() if path.exists() else ""

    def called(self, name="systemctl"):
        path = self.fake / name
        return path.read_text().splitlines() if path.exists() else []

    def kinds(self):
        """Which timers are really there."""
        found = {"newsletter"} if setup_of(self.world)["newsletter"] else set()
        found |= {"systemd"} if (self.units / "usher-tick.timer").exists() else set()
        return found | ({"cron"} if "limit_streams.py tick" in self.crontab() else set())


@pytest.fixture
def machine(house, tmp_path):
    found = Machine(house, tmp_path)
    found.filled_in()
    found.good("--yes", "--no-schedule")
    yield found
    clear(house)


# ---- pure ----

JOB = Job("/usr/bin/python3", "/opt/usher/agents/limit_streams.py", 5)
ODD = Job("/opt/my py/python3", "/srv/100% \"u\" $HOME's/usher/agents/limit_streams.py", 5)


def test_the_units_as_they_are_written():
    assert timers.service_unit(JOB._replace(user="1000", group="100")) == """\
[Unit]
Description=Usher: looks whether somebody keeps time
After=network-online.target

[Service]
Type=oneshot
ExecStart=/usr/bin/python3 /opt/usher/agents/limit_streams.py tick
User=1000
Group=100
KillMode=process
StandardOutput=null
"""
    assert "User=" not in timers.service_unit(JOB)
    assert "OnCalendar=*:0/5:00\n" in timers.timer_unit(JOB)


@pytest.mark.parametrize("minutes, when, cron", [
    (1, "*:*:00", "* * * * *"), (5, "*:0/5:00", "*/5 * * * *"), (60, "*:00:00", "0 * * * *")])
def test_how_often(minutes, when, cron):
    job = JOB._replace(minutes=minutes)
    assert f"OnCalendar={when}\n" in timers.timer_unit(job)
    assert timers.cron_line(job).startswith(f"{cron} /usr/bin/python3 /opt/usher/")
    assert newsletter.every(minutes) == cron


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd here")
@pytest.mark.parametrize("job", [JOB, ODD._replace(minutes=60), ODD._replace(minutes=1, user="0", group="0")])
def test_systemd_itself_finds_nothing_wrong(tmp_path, job):
    root = tmp_path / job.script.removeprefix("/").split("/usher/")[0]
    for name, text in (("service", timers.service_unit(job)), ("timer", timers.timer_unit(job))):
        (tmp_path / f"usher-tick.{name}").write_text(text.replace("/opt/my py/python3", "/bin/echo"))
    done = subprocess.run(["systemd-analyze", "verify", tmp_path / "usher-tick.timer"], capture_output=True, text=True)
    assert done.returncode == 0 and "usher" not in done.stderr, (done, root)


@posix
def test_a_shell_gets_out_of_the_cron_line_what_was_put_in(tmp_path):
    folder = tmp_path / "100% \"u\" $HOME's"
    (folder / "usher" / "agents").mkdir(parents=True)
    script = folder / "usher" / "agents" / "limit_streams.py"
    script.write_text(f"import sys; open({str(tmp_path / 'ran')!r}, 'w').write(repr(sys.argv[1:]))")
    line = timers.cron_line(Job(shutil.which("python3"), str(script), 5))
    command = line.split(" ", 5)[5]
    assert not re.search(r"(?<!\\)%", command)  # cron itself makes a line end of that
    subprocess.run(["/bin/sh", "-c", command.replace("\\%", "%")], check=True)
    assert (tmp_path / "ran").read_text() == "['tick']"


@pytest.mark.parametrize("before", ["", OTHERS, OTHERS.rstrip("\n")])
def test_a_crontab_keeps_every_other_line(before):
    for job in (JOB, ODD):
        once = timers.with_ours(before, job)
        assert timers.with_ours(once, job) == once and once.count("tick >/dev/null") == 1
        assert timers.without_ours(once, job.script) == (f"{before}\n" if before and before[-1] != "\n" else before)
        assert timers.without_ours(before, job.script) == before


# ---- one at a time ----

def test_nothing_at_first(machine):
    assert machine.steps("schedule") == [
        ("none", "no timer: what Tautulli misses is noticed at the next event only"), ("ticked", "last never")]


WALK = ["newsletter", "systemd", "newsletter", "cron", "newsletter", "none", "systemd", "systemd", "cron", "systemd",
        "none", "cron", "cron", "none", "none", "newsletter", "newsletter"]


@posix
def test_from_each_to_each(machine):
    kinds = set(KINDS)
    assert set(zip(WALK, WALK[1:], strict=False)) == {(a, b) for a in kinds for b in kinds}
    machine.crontab(OTHERS)
    for before, kind in zip(["", *WALK], WALK, strict=False):
        machine.good("schedule", kind)
        assert machine.kinds() == {kind} - {"none"}, (before, kind)
        assert timers.without_ours(machine.crontab(), str(machine.root / "agents" / "limit_streams.py")) == OTHERS
    assert [done for done, _ in machine.steps("schedule")] == ["newsletter", "ticked"]


@posix
@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="needs root")
def test_as_root_it_runs_as_the_user_that_tautulli_runs_as(house, machine):
    folder = machine.home / ".config" / "tautulli"
    folder.mkdir(parents=True)
    shutil.copy(os.path.join(house.tautulli.datadir, "config.ini"), folder)
    os.chown(folder / "config.ini", 65534, 65533)
    machine.good("schedule", "systemd", told=False)
    assert "User=65534\nGroup=65533\nKillMode=process" in (machine.units / "usher-tick.service").read_text()
    machine.good("schedule", "cron", told=False)
    assert "tick" in (machine.fake / "tab.nobody").read_text() and not machine.crontab()
    assert ("cron", "a line in the crontab of nobody, every 5 minutes") in machine.steps("schedule", told=False)
    machine.good("schedule", "none", told=False)
    assert (machine.fake / "tab.nobody").read_text() == ""


@posix
def test_systemd_is_told(machine):
    said = machine.good("schedule", "systemd", "--every", "7")
    assert "every 7 minutes" in said
    service = (machine.units / "usher-tick.service").read_text()
    assert f"{machine.root}/agents/limit_streams.py tick" in service
    assert "OnCalendar=*:0/7:00" in (machine.units / "usher-tick.timer").read_text()
    user = [] if os.geteuid() == 0 else ["--user"]
    assert [line.split() for line in machine.called()] == [
        [*user, "daemon-reload"], [*user, "enable", "--now", "usher-tick.timer"],
        [*user, "restart", "usher-tick.timer"]]
    machine.good("schedule", "none")
    assert machine.called()[3:] == [" ".join([*user, "disable", "--now", "usher-tick.timer"]),
                                    " ".join([*user, "daemon-reload"])]
    assert list(machine.units.iterdir()) == []


@posix
def test_a_system_without_systemd(machine):
    machine.good("schedule", "newsletter")
    (machine.fake / "broken").touch()
    assert "has not been booted with systemd" in machine.fails("schedule", "systemd")
    assert list(machine.units.iterdir()) == []
    (machine.fake / "broken").unlink()
    assert machine.kinds() == {"newsletter"}


@posix
def test_a_crontab_that_cannot_be_read_is_not_overwritten(machine):
    machine.good("schedule", "newsletter")
    machine.crontab(OTHERS)
    (machine.fake / "broken").touch()
    assert "crontab: you may not" in machine.fails("schedule", "cron")
    assert "-" not in machine.called("crontab.calls") and machine.crontab() == OTHERS


@posix
def test_the_timer_of_another_usher_is_left_alone(machine):
    machine.units.mkdir()
    for kind, text in (("service", timers.service_unit(JOB)), ("timer", timers.timer_unit(JOB))):
        (machine.units / f"usher-tick.{kind}").write_text(text)
    assert "belongs to another Usher" in machine.fails("schedule", "systemd")
    machine.good("schedule", "none")
    assert (machine.units / "usher-tick.service").read_text() == timers.service_unit(JOB)


@posix
@pytest.mark.parametrize("kind", ["systemd", "cron"])
def test_keys_that_are_missing_are_named(machine, kind):
    config = "[plex]\ntoken = abcdefgh\n[tautulli]\nurl = http://127.0.0.1:1\n"
    machine.config.write_text(config)
    line = machine.fails("schedule", kind, USHER_PLEX_URL="http://127.0.0.1:2")  # a timer has no such variable
    assert f"fill in [plex] url, [tautulli] apikey in {machine.config}" in line and "abcdefgh" not in line
    assert machine.kinds() == set()


@pytest.mark.parametrize("words", [["weekly"], ["cron", "systemd"], ["--every", "0"], ["cron", "--every", "61"]])
def test_mistakes(machine, words):
    done = machine.run("schedule", *words)
    assert done.returncode == 2 and "usage: install.py schedule" in done.stderr


# ---- what a set-up makes of it ----

@posix
@pytest.mark.parametrize("kind", ["systemd", "cron"])
def test_a_set_up_keeps_the_owners_timer(machine, kind):
    machine.good("schedule", kind, "--every", "10")
    said = machine.good("--yes")
    assert "kept      timer:" in said and machine.kinds() == {kind}


def test_a_set_up_keeps_the_owners_none(machine):
    machine.good("--yes")
    machine.good("schedule", "none")
    assert "no timer, as you chose" in machine.good("--yes") and machine.kinds() == set()
    assert machine.steps("schedule", "newsletter")[0][0] == "added"
    assert "unchanged timer" in machine.good("--yes")


def test_when_it_last_ticked(machine):
    machine.good("schedule", "newsletter")
    said = wait_for(lambda: next((what for done, what in machine.steps("schedule") if done == "ticked"
                                  and "never" not in what), None), what="a tick")
    assert re.fullmatch(r"last \d+ s ago", said)
    [what] = [what for done, what in machine.steps("schedule") if done == "newsletter"]
    assert re.fullmatch(r"\d+ in Tautulli, every 5 minutes", what)


def test_a_newsletter_says_what_it_leaves_behind(machine):
    said = machine.good("schedule", "newsletter")
    assert "leaves    each run overwrites usher-tick.html in Tautulli's newsletters folder" in said


def test_looking_leaves_no_trace(machine):
    machine.good("schedule", "newsletter")
    wait_for(lambda: (machine.root / "data" / "ledger.db").exists(), what="the first tick")
    time.sleep(0.3)
    before, setup = machine.files(), setup_of(machine.world)
    machine.good("schedule")
    after = {name: held for name, held in machine.files().items() if "ledger" not in name and ".pyc" not in name}
    assert {k: v for k, v in before.items() if k in after} == after and setup_of(machine.world) == setup


def test_tautulli_out_of_reach(house, tmp_path):
    clone = Machine(house, tmp_path)
    shown = clone.run("schedule", "--json", "--tautulli", "http://127.0.0.1:9", "--apikey", "k" * 32, told=False)
    assert shown.returncode == 0 and json.loads(shown.stdout)[0]["done"] == "unknown"
    line = clone.fails("schedule", "cron", "--tautulli", "http://127.0.0.1:9", "--apikey", "k" * 32, told=False)
    assert "nothing was changed" in line


# ---- what the timers run ----

@posix
@pytest.mark.parametrize("kind", ["systemd", "cron"])
def test_a_tick_from_outside_finds_plex_and_stops_what_is_over(house, machine, kind):
    """The command of the unit or the crontab, in an environment in which Tautulli has handed over nothing."""
    machine.config.write_text(f"[usher]\ndry_run = no\n[everyone]\nblocked = everyday\n{machine.config.read_text()}")
    machine.good("schedule", kind)
    if kind == "systemd":
        text = (machine.units / "usher-tick.service").read_text()
        command = re.search(r"^ExecStart=(.*)$", text, re.MULTILINE)[1]
    else:
        command = machine.crontab().split(" ", 5)[5]
    for number in setup_of(house)["notifier"]:  # no event is to help
        house.tautulli.api("delete_notifier", notifier_id=number)
    stream = house.plex.start_stream(house.bob, house.movie)
    subprocess.run(["/bin/sh", "-c", command], env={**house.env, "PATH": os.defpath}, check=True, timeout=20)
    wait_for(lambda: not stream.alive, 15, what="the stop")


def test_who_sets_up_a_crontab_for_whom():
    from shared.jobs import schedule
    assert schedule.user_name(None) == "" and schedule.user_name((0, 0)) == ""
    assert schedule.user_name((987654, 1)) == ""
    if os.name != "nt" and os.geteuid():
        assert schedule.user_name((os.geteuid(), 0)) == getpass.getuser()


def test_no_such_program(monkeypatch):
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(UsherError, match="there is no crontab on this system: choose newsletter, or systemd"):
        timers.crontab()
    assert timers.cron_job() == ""
