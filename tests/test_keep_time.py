"""The timekeeper by itself, in this process, with a Plex and a Tautulli that do as a test says."""
import threading
import time
from types import SimpleNamespace

import pytest

from shared.config import load
from shared.errors import Refused, Unreachable, UsherError
from shared.jobs import errands, keep_time
from shared.ledger import Lease, Ledger
from shared.model import Session, User
from tests.sandbox.base import wait_for

OWNER = User(7, "boss", kind="owner")


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A house in which emma watches, and `start()`, which begins to keep time in a thread."""
    path = tmp_path / "config.ini"
    plex = SimpleNamespace(sessions=lambda owner, files: [Session("1", "tv", 42, "100", "s", user="emma")],
                           machine_id=lambda: "server", terminate=lambda *_: True)
    tautulli = SimpleNamespace(users=lambda: [OWNER], history=lambda *_: [], find_journal=lambda _: 1,
                               notify=lambda *a, **_: house.sent.append(a))
    house = SimpleNamespace(plex=plex, tautulli=tautulli, sent=[], data=tmp_path / "data", threads=[])

    def configure(usher="", rules="[everyone]\ndaily = 1h\n"):
        path.write_text(f"[usher]\ntimezone = UTC\ndry_run = no\n{usher}\n{rules}")

    def start():
        house.threads.append(threading.Thread(target=keep_time.run, daemon=True))
        house.threads[-1].start()

    def log():
        file = house.data / "usher.log"
        return file.read_text() if file.exists() else ""

    def ended(timeout=5):
        wait_for(lambda: not house.threads[-1].is_alive(), timeout, what="the timekeeper leaving")
        return log()
    house.configure, house.start, house.log, house.ended = configure, start, log, ended
    monkeypatch.setenv("USHER_CONFIG", str(path))
    services = {"plex": plex, "tautulli": tautulli, "close": lambda: None}
    for module in (keep_time, errands):
        monkeypatch.setattr(module, "Gateway", lambda config: SimpleNamespace(config=config, **services))
    monkeypatch.setattr(keep_time, "call_me", lambda *_: None)
    configure()
    yield house
    for ledger in tmp_path.glob("*/ledger.db"):
        ledger.unlink()                             # then it leaves
    for thread in house.threads:
        thread.join(5)


def test_another_data_folder_in_mid_play_ends_the_timekeeper_of_the_old_one(home):
    """The next event finds no timekeeper in the new folder and starts one: there would be two."""
    home.start()
    wait_for(lambda: "timekeeper begins" in home.log(), 5, what="the timekeeper")
    home.configure("data_dir = other")
    assert "another data folder" in home.ended()


def test_the_ledger_of_another_server_is_told_to_the_owner(home):
    ledger = Ledger(str(home.data))
    ledger.machine_of_server("another")
    ledger.close()
    home.start()
    assert "another Plex server" in home.ended()
    assert [(subject, "another Plex server" in body) for _, subject, body in home.sent] == [
        ("Usher: limits cannot be enforced", True)]
    home.start()
    home.ended()
    assert len(home.sent) == 1


@pytest.mark.parametrize("error", [UsherError("[tautulli] url is empty"), Unreachable("Tautulli is not there")])
def test_without_tautulli_a_new_ledger_limits_all_the_same(home, error):
    def users():
        raise error
    home.tautulli.users, stopped = users, []
    home.plex.terminate = lambda *a: stopped.append(a)
    home.configure(rules="[everyone]\ndaily = 0m\n")
    home.start()
    wait_for(lambda: stopped, 5, what="a stop")
    ledger = Ledger(str(home.data))
    assert ledger.meta("server") == "server"
    ledger.close()


@pytest.mark.parametrize("error, leaves", [(Refused("Plex does not accept the token"), True),
                                           (Unreachable("Plex is not there"), False)])
def test_a_token_that_is_refused_may_be_an_old_one(home, monkeypatch, error, leaves):
    """The password was changed: whoever is started from now on has the new token in its environment."""
    def sessions(owner, files):
        raise error
    home.plex.sessions = sessions
    monkeypatch.setattr(keep_time, "REFUSED", 0.5)
    home.start()
    wait_for(lambda: str(error) in home.log(), 5, what="the fault")
    home.threads[-1].join(15 if leaves else 1.5)
    assert home.threads[-1].is_alive() != leaves
    assert home.log().count(f"{error}; trying again") == 1
    ledger = Ledger(str(home.data))
    assert bool(ledger.db.execute("SELECT 1 FROM outbox WHERE key LIKE 'plex:Refused:%'").fetchone()) == leaves
    ledger.close()


@pytest.mark.parametrize("state, soon", [("playing", True), ("buffering", True), ("paused", False)])
def test_near_the_deadline_it_looks_every_second_unless_the_play_is_paused(home, state, soon):
    home.configure(rules="[everyone]\ndaily = 8s\n")
    ledger = Ledger(str(home.data))
    ledger.save_lease(Lease("me", "1", 0.0, 0.0))
    began = time.time()
    look = keep_time.look_at(ledger, load(), "me", [Session("1", "tv", 42, "100", "s", state)])
    assert (look.again_at - began < 2) == soon
    ledger.close()
