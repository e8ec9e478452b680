"""Keys, tokens and passwords: where they stand is where SECURITY.md says, and nowhere else."""
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from shared import log
from shared.jobs import front
from tests.sandbox.base import wait_for
from tests.sandbox.processes import marked
from tests.sandbox.world import MARK
from tests.security.house import Strangers, due, world

ALLOWED = {"config.valid.ini", "config.cache"}
PASSWORD = "smtp-Passw0rd-77"
LINUX = pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="processes are looked at in /proc")


@pytest.fixture(scope="module")
def house():
    """A house with work for every agent, and a mail server that wants a login."""
    with world() as w:
        s = Strangers(w)
        s.smtp = w.smtp(auth=("me", PASSWORD))
        s.secrets += [PASSWORD, *(user.token for user in w.people.users)]
        yield s


def work(s, secret):
    """Every agent and command, a failure of each service, a fault of Usher's own; what they said."""
    said, w = [], s.world
    text = s.config.replace("daily = 1h", "daily = 2s")
    login = f"port = {s.smtp.port}\nsecurity = none\nusername = me\npassword = {PASSWORD}"
    text = text.replace(f"port = {w.mail.port}\nsecurity = none", login) if secret else "\n".join(
        line for line in text.split("\n") if not line.startswith(("apikey", "token", "webhook")))
    s.usher.configure(text)
    for user in (w.alice, w.bob):
        w.plex.start_stream(user, w.movie)
    arguments = watched(s, said)
    for words in (["status"], ["why", "alice"], ["history", "alice"], ["bonus", "alice", "5m"], ["tick"], ["x"]):
        said.append(s.usher.run(*words))
    due(s.usher)
    for name in ("welcome_users", "prune_users", "report_viewing", "archive_logs"):
        said.append(s.usher.run(script=f"agents/{name}.py"))
    said.append(s.usher.run("plan", script="agents/prune_users.py"))
    for words in (["check"], ["who"], ["--dry-run"]):
        said.append(s.usher.run(*words, script="install.py", timeout=60))
    w.plex.fail(".", 401), w.plextv.fail(".", 401), w.discord.fail(".", 401)
    due(s.usher)
    for name in ("welcome_users", "prune_users", "archive_logs"):
        said.append(s.usher.run(script=f"agents/{name}.py"))
    said.append(s.usher.run("check", script="install.py", timeout=60))
    for part in (w.plex, w.plextv, w.discord):
        part.heal()
    for stream in list(w.plex.streams):
        stream.stop()
    return said, arguments


def watched(s, said):
    """The arguments of every process of this world while a timekeeper works."""
    said.append(s.usher.run("tick"))
    log_of = os.path.join(s.usher.data, "usher.log")
    wait_for(lambda: os.path.exists(log_of) and "keeper" in Path(log_of).read_text(), 20, what="a timekeeper")
    found = []
    for pid in marked(f"{MARK}={s.world.id}"):
        try:
            found.append(Path(f"/proc/{pid}/cmdline").read_bytes().decode("utf-8", "replace"))
        except OSError:  # it has ended
            continue
    return found


def where(folder, secrets):
    """The names of the files in which a secret stands, packed or not."""
    import gzip

    found = set()
    for path in Path(folder).rglob("*"):
        if path.is_file():
            content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
            if any(secret.encode() in content for secret in secrets):
                found.add(path.name)
    return found


@pytest.mark.parametrize("secret", [False, True], ids=["handed over", "in config.ini"])
def test_no_secret_is_where_it_need_not_be(house, secret):
    s = house
    said, arguments = work(s, secret)
    outputs = [done.stdout + done.stderr for done in said]
    assert not [text for text in outputs for one in s.secrets if one in text]
    assert not [text for text in outputs if "Traceback" in text]
    if os.path.isdir("/proc/self"):
        assert any("--keep-time" in line for line in arguments)
        assert not [line for line in arguments for one in s.secrets if one in line]
    assert where(s.usher.data, s.secrets) == (ALLOWED if secret else set())
    with sqlite3.connect(os.path.join(s.usher.data, "ledger.db")) as db:
        dump = "\n".join(db.iterdump())
    assert not [one for one in s.secrets if one in dump]
    told = s.world.tautulli.log_text(all=True)
    assert not [one for one in s.secrets if one in told]
    folder = os.path.join(s.world.tautulli.datadir, "logs")
    assert not where(folder, s.secrets), "plexapi has a log of its own there"


def test_a_fault_of_our_own_tells_no_secret(tmp_path, monkeypatch, capsys):
    """Neither the line nor the story in usher.log: known ones, and what looks like one."""
    log.hide("known-secret-1")
    monkeypatch.setattr(front, "_data_dir", lambda: str(tmp_path))

    def main(_):
        raise ValueError("http://x/?X-Plex-Token=abcdefgh&apikey=ijklmnop known-secret-1 "
                         "Authorization: Bearer qrstuvwx password='yzyzyzyz' me.myself@example.com")
    assert front.guarded(main, []) == 3
    story = (tmp_path / "usher.log").read_text() + capsys.readouterr().err
    assert "ValueError" in story
    for one in ("abcdefgh", "ijklmnop", "known-secret-1", "qrstuvwx", "yzyzyzyz", "myself"):
        assert one not in story


@LINUX
def test_what_a_detached_process_is_started_with():
    """No argument of it is a secret, and none of its streams is ours."""
    done = subprocess.run(
        [sys.executable, "-c", "import sys; sys.path.insert(0, sys.argv[1])\n"
         "import subprocess\nfrom shared import detached\n"
         "subprocess.Popen = lambda command, **how: print(command[1:], sorted(how))\n"
         "detached.start('/x/y.py', '--keep-time')", str(Path(__file__).resolve().parents[2])],
        capture_output=True, text=True, check=True, env={"TAUTULLI_APIKEY": "secret-key"})
    assert done.stdout.startswith("['/x/y.py', '--keep-time']") and "secret" not in done.stdout
