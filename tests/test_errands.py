"""What the timekeeper does beside watching: one errand that fails neither ends nor delays the others."""
import sqlite3
import threading
import time
from types import SimpleNamespace

import pytest

from shared import config, ledger
from shared.errors import Unreachable
from shared.jobs import errands
from shared.ledger import Ledger
from tests.sandbox.base import wait_for

NOTHING = {"users": lambda: [], "history": lambda *_: []}


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A house with its ledger, whose Tautulli does as `house.tautulli` says, and a Runner on it."""
    path = tmp_path / "config.ini"
    path.write_text("[usher]\ntimezone = UTC\n")
    settings = config.load(str(path), {})
    book = Ledger(settings.get("usher", "data_dir"))
    house = SimpleNamespace(config=settings, ledger=book, tautulli=SimpleNamespace(**NOTHING))
    monkeypatch.setattr(errands, "Gateway", lambda _: SimpleNamespace(config=settings, tautulli=house.tautulli))
    monkeypatch.setattr(errands, "RETRY", 0.1)
    monkeypatch.setattr(errands, "PAUSE", 0.02)
    house.log = tmp_path / "data" / "usher.log"
    with errands.Runner(settings) as house.runner:
        yield house
    book.close()


@pytest.mark.parametrize("error", [sqlite3.OperationalError("database is locked"), ValueError("odd"), OverflowError(),
                                   UnicodeEncodeError("utf-8", "x", 0, 1, "surrogates"), Unreachable("not there")])
def test_an_errand_that_failed_is_run_again_and_the_others_too(home, error):
    failures = [error]

    def users():
        if failures:
            raise failures.pop()
        return [errands.User(42, "emma")]
    home.tautulli.users = users
    home.runner.begin()
    wait_for(lambda: home.ledger.users() and home.ledger.meta("filled"), 5, what="users and history")
    assert home.log.read_text().count("trying again") == 1


def test_a_ledger_that_another_program_locks_for_long(home, monkeypatch):
    monkeypatch.setattr(ledger, "BUSY_MS", 50)
    guard = sqlite3.connect(home.ledger.path, isolation_level=None)
    guard.execute("BEGIN IMMEDIATE")
    home.runner.begin()
    wait_for(lambda: home.log.exists() and "locked" in home.log.read_text(), 5, what="a failure")
    guard.execute("ROLLBACK")
    guard.close()
    wait_for(lambda: home.ledger.meta("filled"), 5, what="the history")


def test_a_clock_that_was_a_year_ahead_keeps_nobody_from_being_learned(home):
    with home.ledger.writing():
        home.ledger.set_meta("users_at", time.time() + 366 * 86400)
    home.tautulli.users = lambda: [errands.User(42, "emma")]
    home.runner.begin()
    wait_for(home.ledger.users, 5, what="the users")


def test_it_ends_when_it_is_told_to(home):
    home.runner.begin()
    wait_for(lambda: not home.runner.is_busy(), 5, what="the first round")
    home.runner.__exit__()
    assert "errands" not in [thread.name for thread in threading.enumerate()]
