"""The agents as Tautulli fires them, on both hosts: welcome, warning, removal and the way back, by real processes."""
import json
import os
import time

import pytest

from tests.people.house import ADMIN, CONFIG, DAY, _insert
from tests.sandbox.base import wait_for
from tests.sandbox.seed import play

AGENTS = {"welcome_users.py": ("on_newdevice", "on_play", "on_created"), "prune_users.py": ("on_play", "on_created")}


class Stage:
    """A world with both agents registered. Time is the real one; that check_every is over is said to the ledger."""

    def __init__(self, world, prune="", welcome="", more="", register=tuple(AGENTS)):
        self.world = world
        self.usher = world.install_usher("")
        self.usher.configure(CONFIG.format(
            data="data", tautulli=world.tautulli, plex=world.plex, owner=world.owner, mail=world.mail,
            prune=prune, welcome=welcome, more=more))
        self.agents = {name: world.tautulli.add_script_notifier(
            os.path.join(self.usher.root, "agents", name), dict.fromkeys(triggers if name in register else (), ""),
            folder=os.path.join(self.usher.root, "agents"), name=name) for name, triggers in AGENTS.items()}

    def run(self, *arguments, agent="prune_users.py", status=0, **kw):
        done = self.usher.run(*arguments, script=f"agents/{agent}", **kw)
        assert done.returncode == status and "Traceback" not in done.stderr, done
        return (done.stderr if status else done.stdout).strip()

    def again(self):
        """check_every is over."""
        self.change("UPDATE claims SET at = at - 86400")

    def change(self, query, *values):
        import sqlite3

        with sqlite3.connect(os.path.join(self.usher.data, "ledger.db"), timeout=10) as db:
            db.execute(query, values)

    def days_later(self, days):
        """As if so many days had passed since everything that the ledger holds."""
        for table, column in (("claims", "at"), ("warnings", "posted_at"), ("warnings", "delivered_at"),
                              ("outbox", "created"), ("outbox", "sent_at"), ("members", "active_at")):
            self.change(f"UPDATE {table} SET {column} = {column} - ? WHERE {column} > 0", days * DAY)

    def mails(self, user):
        address = getattr(user, "email", user)
        return [m.subject for m in list(self.world.mail.mails) if m.rcpt_to[0] == address]

    def wait_mail(self, user, words, timeout=20):
        return wait_for(lambda: next((m for m in list(self.world.mail.mails) if m.rcpt_to[0] == getattr(
            user, "email", user) and words in m.subject), None), timeout, what=f"a mail with {words!r}")


@pytest.fixture
def stage(world):
    def begin(**kw):
        config = {k: kw.pop(k) for k in ("config",) if k in kw}
        return Stage(world(**config), **kw)
    return begin


def test_a_new_user_is_welcomed_within_one_trigger(stage):
    s = stage(more="[everyone]\ndaily = 1h, weekend 2h", register=["welcome_users.py"])
    w = s.world
    assert "nobody is new" in s.run(agent="welcome_users.py")          # the first run knows everybody
    assert not w.mail.mails
    new = w.people.add("newcomer", accepted_at=int(time.time()), sections=(1, 2))
    child = w.people.add("child", kind="managed", accepted_at=int(time.time()))
    w.plextv.add_invite("invited@example.com")
    s.again()
    w.plex.start_stream(w.bob, w.movie)         # the one thing that happens; nothing else starts the agent
    mail = s.wait_mail(new, "Welcome to Fake Plex", 60)
    assert "1 h" in mail.body() and "2 h" in mail.body("html")
    wait_for(lambda: len(s.mails(ADMIN)) == 2, what="the owner's mails")
    assert sorted(s.mails(ADMIN)) == ["Usher: child has joined", "Usher: newcomer has joined"]
    for _ in range(2):
        s.again()
        s.run(agent="welcome_users.py")
    assert len(w.mail.mails) == 3, [(m.rcpt_to, m.subject) for m in w.mail.mails]
    assert not s.mails("invited@example.com") and not s.mails(child.email)


def test_forty_at_once_send_one_mail(stage):
    s = stage()
    w = s.world
    s.run(agent="welcome_users.py")
    new = w.people.add("newcomer", accepted_at=int(time.time()))
    s.again()
    for n in range(40):
        w.plex.add_recently_added(w.library.movie(f"Movie {n}"))
    s.wait_mail(new, "Welcome", 30)

    def runs():
        return len([r for r in w.tautulli.notification_log(s.agents["welcome_users.py"]) if r["success"]])
    wait_for(lambda: runs() == 40, 60, what="forty runs")
    wait_for(lambda: not [p for p in w.pids() if b"welcome_users" in _command(p)], 30, what="their ends")
    assert s.mails(new) == ["Welcome to Fake Plex"]
    assert len(w.plextv.seen("/api/users/")) <= 4                # the first run's, Tautulli's own, and one more


def test_forty_starts_at_once_have_one_winner(stage):
    import subprocess

    s = stage(register=())
    s.run()
    s.again()
    w = s.world
    before = len(w.plextv.requests)
    script = os.path.join(s.usher.root, "agents", "prune_users.py")
    started = [subprocess.Popen([w.tautulli.python, script], env=s.usher.environment(), stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, stdin=subprocess.DEVNULL) for _ in range(40)]
    said = [process.communicate(timeout=60) for process in started]
    assert not [err for _, err in said if err]
    lines = [out.decode().strip() for out, _ in said]
    assert sorted(set(line.split(";")[0] for line in lines)) == ["prune: 4 users", "prune: nothing is due"]
    assert lines.count("prune: nothing is due") == 39
    assert len(w.plextv.requests) - before <= 6


def test_warned_removed_and_brought_back_to_what_she_had(stage):
    s = stage(register=(), config={"logging_ignore_interval": 0})
    w, now = s.world, int(time.time())
    dora = w.people.add("dora", accepted_at=now - 90 * DAY, sections=(1, 3),
                        settings={"allowSync": "0", "filterMovies": "contentRating=PG,G"})
    rows = [play(user, w.movie, now - day * DAY) for user in (w.alice, w.bob) for day in range(1, 70, 3)]
    rows += [play(dora, w.episode, now - 31 * DAY, seconds=1200)]
    _insert(w.tautulli.db_path, sorted(rows, key=lambda r: r["started"]))
    w.tautulli.api("refresh_users_list")
    shared, settings = dora.sections, dict(dora.settings)

    assert "1 warned" in s.run()
    s.wait_mail(dora, "ends on")
    planned = json.loads(s.run("plan", "--json"))
    assert {u["name"]: u["verdict"] for u in planned["users"]} == {
        "owner": "keep", "kid": "keep", "alice": "fine", "bob": "fine", "dora": "notice"}
    s.days_later(3.01)
    assert "dora removed" in s.run()
    assert [r.user.name for r in w.plextv.removals] == ["dora"]
    assert s.mails(dora) == [s.mails(dora)[0], "Your access to Fake Plex has ended"]
    assert w.tautulli.sql("SELECT deleted_user, keep_history FROM users WHERE user_id = ?", dora.id) == [
        {"deleted_user": 1, "keep_history": 0}]
    assert "dora" in s.run("--list-removed")
    export = next(f for f in os.listdir(os.path.join(s.usher.data, "removed")))
    import gzip

    with gzip.open(os.path.join(s.usher.data, "removed", export)) as file:
        kept = json.load(file)
    assert [row["started"] for row in kept["history"]] == [now - 31 * DAY]
    assert kept["member"]["permissions"] and kept["member"]["library_titles"] == ["Movies", "Music"]

    assert "invited again" in s.run("--restore", "DORA")
    assert "nobody called" in s.run("--restore", "nora", status=1)
    w.plextv.accept_invite(dora.email)
    assert dora.sections == shared
    assert {k: dora.settings[k] for k in settings} == settings
    w.tautulli.api("refresh_users_list")
    assert w.tautulli.sql("SELECT deleted_user, keep_history FROM users WHERE user_id = ?", dora.id) == [
        {"deleted_user": 0, "keep_history": 1}]
    s.again()
    s.run()
    planned = {u["name"]: u for u in json.loads(s.run("plan", "--json"))["users"]}
    assert planned["dora"]["verdict"] == "fine" and planned["dora"]["at"] > time.time() + 27 * DAY
    # her next play is recorded by Tautulli itself, and counts; it had erased all before
    assert w.tautulli.sql("SELECT * FROM session_history WHERE user_id = ?", dora.id) == []
    began = int(time.time())
    stream = w.plex.start_stream(dora, w.movie)
    time.sleep(2.5)
    stream.stop()
    rows = wait_for(lambda: w.tautulli.sql("SELECT started FROM session_history WHERE user_id = ?", dora.id), 20,
                    what="her play in the history")
    assert len(rows) == 1 and rows[0]["started"] >= began - 1
    s.change("UPDATE members SET active_at = 0, renewed_at = 0, accepted_at = 1 WHERE id = ?", dora.id)
    s.change("DELETE FROM plays")
    dora.accepted_at = 1        # nothing else speaks for her now
    planned = {u["name"]: u for u in json.loads(s.run("plan", "--json"))["users"]}
    assert planned["dora"]["verdict"] == "fine" and planned["dora"]["reason"].startswith("last seen")
    assert planned["dora"]["at"] == rows[0]["started"] + 27 * DAY


def test_what_is_not_a_command_is_said_in_one_line(stage):
    s = stage(register=())
    for words in (["frobnicate"], ["--approve", "x"], ["plan", "now"], ["--restore"], ["--preview", "nothing"]):
        assert "\n" not in s.run(*words, status=1)
    assert "no plan 3" in s.run("--approve", "3", status=1)
    assert "<html" in s.run("--preview", "warned") and "<html" in s.run("--preview", "welcome")
    assert "--approve N" in s.run("--help") and "check_every" in s.run("--help", agent="welcome_users.py")


def test_not_enabled_does_nothing(stage):
    s = stage(register=())
    s.usher.configure("[usher]\ndry_run = no\n")
    w = s.world
    before = len(w.plextv.requests)
    assert s.run() == "prune: not enabled in config.ini"
    assert s.run(agent="welcome_users.py") == "welcome: not enabled in config.ini"
    assert len(w.plextv.requests) == before


def test_the_tick_starts_what_is_due(stage):
    s = stage(register=())
    w = s.world
    said = s.run("tick", agent="limit_streams.py")
    assert "welcome" in said and "prune" in said
    wait_for(lambda: "] prune: 4 users" in s.usher.log(), what="a round")
    wait_for(lambda: not [p for p in w.pids() if b"_users" in _command(p)], 30, what="their ends")
    assert s.run("tick", agent="limit_streams.py") == "tick: all is well"


def _command(pid):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return file.read()
    except OSError:
        return b""
