"""agents/archive_logs.py as Tautulli and people start it: on both hosts, from the folder and by Plex's own download."""
import gzip
import json
import os
import random
import re
import sqlite3
import subprocess
from datetime import datetime, timedelta

import pytest

from tests.sandbox.base import wait_for
from tests.sandbox.plexlog import CURRENT, Folder, noise, with_plays

CONFIG = ("[usher]\ntimezone = UTC\n[tautulli]\nurl = {t.url}\napikey = {t.api_key}\n[plex]\nurl = {w.plex.url}\n"
          "token = {w.owner.token}\n[logs]\nenabled = yes\n{more}\n")


class Stage:
    """A world with Usher in it, and a log folder that nobody has told Usher of yet."""

    def __init__(self, world, more="source = folder\nfolder = {folder}", **kw):
        self.world, self.usher = world, world.install_usher("", **kw)
        self.logs = Folder(os.path.join(world.dir, "Logs"))
        self.configure(more)

    def configure(self, more):
        more = more.format(folder=self.logs.path)
        self.usher.configure(CONFIG.format(w=self.world, t=self.world.tautulli, more=more))

    def run(self, *arguments, status=0, script="archive_logs.py", **kw):
        done = self.usher.run(*arguments, script=f"agents/{script}", **kw)
        assert done.returncode == status and "Traceback" not in done.stderr, done
        assert status or not done.stderr, done
        return (done.stderr if status else done.stdout).strip()

    def again(self):
        """check_every is over."""
        with sqlite3.connect(os.path.join(self.usher.data, "ledger.db"), timeout=10) as db:
            db.execute("UPDATE claims SET at = at - 86400")

    def kept(self):
        folder = os.path.join(self.usher.data, "logs")
        names = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
        try:
            return b"".join(gzip.open(os.path.join(folder, name)).read() for name in names)  # noqa: SIM115
        except EOFError:        # it is being written just now
            return b""


@pytest.fixture
def stage(world):
    return lambda *a, **kw: Stage(world(), *a, **kw)


def lines(count, ago=3600.0, seed=0):
    rng, begun = random.Random(seed), datetime.now() - timedelta(seconds=ago)
    return b"".join(noise(rng, begun + timedelta(seconds=n / 10)) + b"\n" for n in range(count))


def test_registered_by_install_py_and_started_by_the_tick(stage):
    s = stage(register=False)
    s.logs.write(lines(300))
    said = s.run("--yes", script="../install.py", timeout=120)
    assert "archive_logs.py in Tautulli" in said
    names = [n["friendly_name"] for n in s.world.tautulli.api("get_notifiers")]
    assert "Usher: archive logs" in names
    # the newsletter timer has ticked, or this does; either starts it
    s.run("tick", script="limit_streams.py")
    wait_for(lambda: s.kept() == s.logs.text, 20, what="the log to be saved")
    wait_for(lambda: f" saved from {s.logs.path}" in s.usher.log(), what="its line in usher.log")
    s.logs.write(lines(300, 1800, 1))
    s.logs.rotate()
    s.logs.write(lines(30, 900, 2))
    assert s.run() == "logs: nothing is due"
    s.again()
    s.run("tick", script="limit_streams.py")
    wait_for(lambda: s.kept() == s.logs.text, 20, what="the rest to be saved")


def test_fired_by_a_playback(stage):
    s = stage(register=False)
    s.logs.write(lines(50))
    s.run("--yes", "--no-schedule", script="../install.py", timeout=120)
    s.world.plex.start_stream(s.world.bob, s.world.movie)
    wait_for(lambda: s.kept() == s.logs.text, 20, what="the log to be saved")


def test_by_plexs_own_download(stage):
    s = stage("source = auto")
    plex, first = s.world.plex, lines(2000)
    plex.log_files = {CURRENT: first + b"Feb 01, 2026 10:00:00.000 [1] DEBUG - half", "Plex Media Scanner.log": "no",
                      "PMS Plugin Logs/com.plexapp.system.log": "no"}
    assert "saved from Plex's download" in s.run()
    assert s.kept() == first
    asked = plex.seen("/diagnostics/logs")
    assert [r.headers["X-Plex-Token"] for r in asked] == [s.world.owner.token] and not asked[0].query
    old = first + b"Feb 01, 2026 10:00:00.000 [1] DEBUG - half a line\n" + lines(2000, 1800, 1)
    plex.log_files = {"Logs/Plex Media Server.1.log": old, CURRENT: lines(5, 60, 2)}
    s.again()
    s.run()
    assert s.kept() == old + lines_of(plex)
    # and then the folder: the same files, known by their content
    s.logs.write(old)
    s.logs.rotate()
    s.logs.text = old
    s.logs.write(lines_of(plex) + lines(3, 30, 3))
    s.configure("source = auto\nfolder = {folder}")
    s.again()
    assert f"saved from {s.logs.path}" in s.run()
    assert s.kept() == s.logs.text


def lines_of(plex):
    return plex.log_files[CURRENT]


@pytest.mark.parametrize("trouble", ["no zip", "half a zip", "a bit", "500", "401", "cut"])
def test_a_download_that_fails_changes_nothing(stage, trouble):
    s = stage("source = download")
    s.world.plex.log_files = {CURRENT: lines(5000)}
    change = {"no zip": lambda body: b"<html>", "half a zip": lambda body: body[:len(body) // 2],
              "a bit": lambda body: body[:9000] + bytes([body[9000] ^ 4]) + body[9001:]}.get(trouble)
    if trouble.isdecimal():
        fault = s.world.plex.fail("/diagnostics/logs", int(trouble))
    elif trouble == "cut":
        fault = s.world.plex.fail("/diagnostics/logs", "reset")
    else:
        fault = s.world.plex.fail("/diagnostics/logs", None, change=change)
    said = s.run(status=1 if trouble == "401" else 0)
    assert "Plex" in said and "\n" not in said and s.world.owner.token not in said, said
    assert s.kept() == b""
    s.world.plex.heal(fault)
    s.again()
    s.run()
    assert s.kept() == lines_of(s.world.plex)
    assert not [n for n in os.listdir(os.path.join(s.usher.data, "logs")) if not n.endswith(".log.gz")]


def test_no_way_to_the_log_is_said_in_one_line(stage):
    s = stage("source = folder\nfolder = {folder}/nowhere")
    said = s.run(status=0)
    assert "there is no Plex Media Server.log in" in said and "[logs] folder" in said and "\n" not in said
    s.configure("source = folder\nfolder = {folder}")
    s.again()
    s.logs.write(b"")
    assert s.run() == "logs: nothing new"


def test_forty_starts_at_once_have_one_winner(stage):
    s = stage()
    s.logs.write(lines(3000))
    script = os.path.join(s.usher.root, "agents", "archive_logs.py")
    started = [subprocess.Popen([s.world.tautulli.python, script], env=s.usher.environment(), stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, stdin=subprocess.DEVNULL) for _ in range(40)]
    said = [process.communicate(timeout=60) for process in started]
    assert not [err for _, err in said if err]
    assert len([out for out, _ in said if b" saved from " in out]) == 1
    assert {out.decode().strip() for out, _ in said if b" saved " not in out} == {"logs: nothing is due"}
    assert s.kept() == s.logs.text


def test_a_damaged_ledger_doubles_nothing(stage):
    s = stage()
    s.logs.write(lines(100))
    s.run()
    for name in os.listdir(s.usher.data):
        if name.startswith("ledger.db"):
            os.remove(os.path.join(s.usher.data, name))
    with open(os.path.join(s.usher.data, "ledger.db"), "wb") as file:
        file.write(os.urandom(8192))
    s.logs.write(lines(10, 60, 1))
    s.run()
    assert s.kept() == s.logs.text


def test_keep(stage):
    s = stage("source = folder\nfolder = {folder}\nkeep = 3d")
    text = b""
    for ago in (9, 8, 3, 2, 1, 0):
        part = lines(20, ago * 86400 + 10, ago)
        text += part if ago < 5 else b""
        s.logs.write(part)
    assert "2 old days deleted" in s.run()
    assert s.kept() == text
    s.configure("source = folder\nfolder = {folder}\nkeep = none")
    s.again()
    assert s.run() == "logs: nothing new"


def test_check(stage):
    s = stage(register=False)
    s.logs.write(lines(30))
    s.run("--yes", "--no-schedule", script="../install.py", timeout=120)

    def said():
        done = s.usher.run("check", script="install.py", timeout=60)
        return [line for line in done.stdout.splitlines() if "Plex's log" in line]
    assert said() == [f"ok: Plex's log is kept, from {s.logs.path}: 0 days, nothing is saved yet"]
    s.run()
    (line,) = said()
    assert ": 1 days, last saved " in line or ": 2 days, last saved " in line
    with open(s.logs.file(), "wb") as file:
        file.truncate(0)
    s.logs.write(lines(30, 60))
    s.again()
    s.run()
    assert said()[1].startswith("warning: lines of Plex's log are missing")
    s.configure("source = folder\nfolder = /nowhere")
    (line,) = said()
    assert line.startswith("error: Plex's log is not saved: there is no") and "source = download" in line


# ---- questions ----


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    """An archive of three days with plays in the second."""
    from tests.sandbox.world import World

    with World() as world:
        s = Stage(world)
        began = (datetime.now() - timedelta(days=1)).replace(hour=1, minute=0, second=0, microsecond=0)
        text, s.made = with_plays(random.Random(1), began, 12, hours=20, noise_every=60)
        s.logs.write(lines(200, 2 * 86400 + 60) + text + lines(200, 5, 3))
        s.logs.write(b"\n" + datetime.now().strftime("%b %d, %Y %H:%M:%S.000").encode() +
                     b" [1] DEBUG - GET /x?X-Plex-Token=abcdefghijklmnop for someone@example.com \x1b[31m \xff\n")
        s.run()
        yield s


def test_status(asked):
    told = json.loads(asked.run("status", "--json"))
    assert sum(day["text"] for day in told["days"]) == len(asked.logs.text)
    assert sum(day["lines"] for day in told["days"]) == asked.logs.text.count(b"\n")
    assert len(told["days"]) >= 3 and told["missing"] == []
    said = asked.run("status")
    assert said.splitlines()[-1] == "No line is known to be missing." and f"{len(told['days'])} days" in said


def test_status_says_what_is_missing(stage):
    s = stage()
    assert s.run("status") == "No line is saved yet."
    for n in range(9):
        s.logs.write(lines(5, 86400 * 5 - n * 60, n))
        if n in (0, 8):
            s.again() if n else None
            assert ("lines before them are missing" in s.run()) == (n == 8)
        s.logs.rotate()
    said = s.run("status").splitlines()
    assert len([line for line in said if line.startswith("missing: ")]) == 1
    gap, = json.loads(s.run("status", "--json"))["missing"]
    assert gap["from"] < gap["to"] and gap["from"][:10] == gap["to"][:10]


def test_search(asked):
    text = asked.logs.text.decode("utf-8", "backslashreplace").replace("\r", "")
    whole = text.split("\n")[:-1]
    for words in ("Throttle", "sloth mode at", r"\[Req#", r"retr?ieve \d+", "no such words", "^ +at f", "(?i)THROTTLE"):
        wanted = [line.strip() for line in whole if re.search(words, line)]
        found = [line.strip() for line in asked.run("search", "--grep", words).splitlines()]
        assert found == wanted and bool(found) == (words != "no such words"), words
    said = asked.run("search", "--grep", "Plex-Token")
    assert "abcdefghijklmnop" not in said and "someone@" not in said and "\x1b" not in said and "\\xff" in said
    assert len(asked.run("search").split("\n")) == len("\n".join(whole).strip().split("\n"))


def test_search_by_time_and_user(asked):
    day = asked.made[3].began.strftime("%Y-%m-%d")
    stamp = asked.made[3].began.strftime("%b %d, %Y")
    found = asked.run("search", "--from", day, "--to", day, "--grep", "Request").splitlines()
    text = asked.logs.text.decode("utf-8", "replace").splitlines()
    whole = [line for line in text if line.startswith(stamp) and "Request" in line]
    assert len(found) == len(whole) > 100
    play = asked.made[3]
    since, until = (t.strftime("%Y-%m-%d %H:%M:%S") for t in (play.began, play.began + timedelta(seconds=21)))
    found = asked.run("search", f"--from={since}", f"--to={until}", "--user", play.user).splitlines()
    assert len([x for x in found if "/:/timeline?" in x and "Request: " in x]) >= 2
    assert all(play.user in x or "#" in x for x in found) and len([x for x in found if " Completed: " in x]) >= 2


def test_plays(asked):
    told = json.loads(asked.run("plays", "--json"))
    found = sorted((p["user"], p["item"], p["began"], p["ended"]) for p in told)
    assert found == sorted((p.user, p.item, *(str(t)[:19] for t in (p.began, p.ended))) for p in asked.made)
    user = asked.made[0].user
    said = asked.run("plays", "--user", user).splitlines()
    assert len(said) == len([p for p in asked.made if p.user == user])
    assert all(f"  {user}  item " in line for line in said)
    assert asked.run("plays", "--to", "2001-01-01") == "No play is in the log of that time."


@pytest.mark.parametrize("words, says", [
    (("frobnicate",), "no command"), (("search", "--grep", "("), "no regular expression"),
    (("search", "--from", "yesterday"), "write it like 2026-11-20"), (("search", "--from"), "needs a value"),
    (("plays", "--grep", "x"), "nothing that plays takes"), (("status", "now"), "nothing that status takes")])
def test_what_is_no_question_is_said_in_one_line(asked, words, says):
    said = asked.run(*words, status=1)
    assert says in said and "\n" not in said


def test_help_and_not_enabled(stage):
    s = stage(register=False)
    assert "--grep REGEX" in s.run("--help")
    s.usher.configure("[usher]\ndry_run = no\n")
    assert s.run() == "logs: not enabled in config.ini"
    assert "enabled = yes" in s.run("status")
