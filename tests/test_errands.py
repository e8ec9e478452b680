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
from shared.model import Session
from shared.policy.intervals import measure, union
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
    services = {"config": settings, "tautulli": house.tautulli, "close": lambda: None}
    monkeypatch.setattr(errands, "Gateway", lambda _: SimpleNamespace(**services))
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


def row(began, ended, seconds, is_open=False, **more):
    told = {"user_id": 42, "machine_id": "tv", "session_key": "7" if is_open else "", "rating_key": "100", **more}
    return errands.HistoryRow(**told, began=began, ended=ended, seconds=seconds, media_type="movie", title="A film",
                              library="", player="TV", live=False, is_open=is_open)


# emma's film went on from ten minutes ago, paused from eight to four, until two minutes ago; the ledger saw it itself
SEEN = [(-600, -480), (-240, -120)]


@pytest.mark.parametrize("rows, ended, seconds", [
    ([], True, 240),
    ([(-600, -120, 240)], True, 240),                   # Tautulli's row would fill the pause
    ([(-900, -120, 540)], True, 300),                   # it began before the ledger was there: in doubt too little
    ([(-900, -700, 200)], True, 440),                   # an earlier play of the same film
    ([(-3900, -3600, 300), (-600, -120, 240)], True, 540),     # and of long before
    ([(-600, -120, 240, False, {"machine_id": "phone"})], True, 360),   # another player: the pause was none there
    ([(-600, -30, 240, True)], False, 240), ([(-900, -30, 840, True)], False, 480),     # it goes on
])
def test_a_ledger_that_is_filled_late_charges_nothing_twice(home, rows, ended, seconds):
    now = time.time()
    session = Session("7", "tv", 42, "100")
    play = home.ledger.add_play(session, now - 600, 0)
    for number, (began, end) in enumerate(SEEN, 1):
        home.ledger.save_play(play._replace(seen=now + end, ended=now - 120 if ended else None, seq=number,
                                            span_began=now + began, span_ended=now + end))
    told = [row(now + r[0], now + r[1], *r[2:4], **(r[4] if len(r) > 4 else {})) for r in rows]
    errands.fill(home.ledger, home.config, SimpleNamespace(tautulli=SimpleNamespace(history=lambda *_: told)))
    spans = [(s.began, s.ended) for _, _, s in home.ledger.spans([42], [], now - 86400)]
    assert measure(union(spans)) == pytest.approx(seconds, abs=1)


def test_it_ends_when_it_is_told_to(home):
    home.runner.begin()
    wait_for(lambda: not home.runner.is_busy(), 5, what="the first round")
    home.runner.__exit__()
    assert "errands" not in [thread.name for thread in threading.enumerate()]
