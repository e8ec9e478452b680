"""Events and looks at the session list are written down in any order; what they tell of one play is put together."""
import contextlib
import sqlite3
import time
from types import SimpleNamespace

import pytest

from shared.config import Config
from shared.jobs import keep_time
from shared.jobs.judge import take_in
from shared.ledger import Lease, Ledger
from shared.model import Session
from shared.policy.people import House

NOW = 1_800_000_000.0
SETTINGS = {"everyone": {}, "group": {}, "person": {}, "rule": {}, "report": {"alerts": ()},
            "usher": {"dry_run": False}}
DAYS = {"timezone": "", "day_starts": 0, "week_starts": 0, "data_dir": ""}
CONFIG = Config("", {**SETTINGS, "usher": {"dry_run": False, **DAYS}, "calendar": {}, "zone": ((0, 0),)}, (), "", "")
SEEN = Session("7", machine_id="tv", user_id=42, rating_key="100", session_id="s", title="A film")


@pytest.fixture
def house(tmp_path):
    """A function that takes in what was seen: (seconds, state, by an event?) -> the play, or None."""
    ledger = Ledger(str(tmp_path / "data"))

    def see(at, state="playing", event=False, **more):
        with ledger.writing():
            return take_in(ledger, House(SETTINGS, {}, {}), SEEN._replace(state=state, **more), NOW + at, 0, event)

    see.ledger = ledger
    yield see
    ledger.close()


def charged(house):
    return round(house.ledger.db.execute("SELECT COALESCE(SUM(ended - began), 0) FROM spans").fetchone()[0], 3)


def plays(house):
    return house.ledger.db.execute("SELECT COUNT(*) FROM plays").fetchone()[0]


@pytest.mark.parametrize("look", [0.2, 4.0, 9.0])
def test_a_play_event_that_had_to_wait_tells_when_it_began(house, look):
    house(look)
    house(0, event=True)
    house(look + 1)
    assert charged(house) == look + 1 and plays(house) == 1


def test_also_if_the_play_was_looked_at_twice_before(house):
    house(2)
    house(3)
    house(0, event=True)
    house(4)
    assert charged(house) == 4


def test_but_not_once_it_has_paused_in_between(house):
    house(2)
    house(3, "paused")
    house(5)
    house(6)
    house(0, event=True)
    assert charged(house) <= 2 + 4


def test_a_stop_event_that_comes_after_the_look_charges_until_the_stop(house):
    house(0, event=True)
    gone(house, seen=3, ended=8)
    house(6, "stopped", event=True)
    house(6.5, "stopped", event=True)
    assert charged(house) == 6 and plays(house) == 1


def test_a_stop_event_of_long_ago_charges_nothing(house):
    house(0, event=True)
    gone(house, seen=3, ended=8)
    house(30, "stopped", event=True)
    assert charged(house) == 3


def test_a_stop_event_without_a_play_is_nothing(house):
    assert house(0, "stopped", event=True) is None and plays(house) == 0


@pytest.mark.parametrize("after", [0.2, 14, 50])
def test_an_event_after_the_end_begins_no_play(house, after):
    """Events come in any order, and late where Tautulli waited for Plex: this one tells of what is over."""
    house(0, event=True)
    house(3, "stopped", event=True)
    assert house(3 + after, "paused", event=True) is None and plays(house) == 1


@pytest.mark.parametrize(("again", "event"), [(6, False), (70, True)])
def test_an_item_played_again_in_the_same_session_is_a_new_play(house, again, event):
    """Soon after the end it is a look at the session list that finds it."""
    house(0, event=True)
    house(3, "stopped", event=True)
    assert house(again, event=event) is not None and plays(house) == 2


def test_a_stop_of_another_item_ends_nothing(house):
    house(0, event=True)
    house(2, "stopped", event=True, rating_key="999")
    house(4)
    assert charged(house) == 4


def gone(house, seen, ended):
    """A look at `seen`, and one that does not find the play any more."""
    play = house(seen)
    with house.ledger.writing():
        house.ledger.save_play(play._replace(ended=NOW + ended))


# ---- events that come while a look waits for Plex or for the ledger ----

@pytest.fixture
def look(house, monkeypatch):
    """A function: a look whose list was asked for at a second of NOW, and is written down at another one."""
    def go(asked, written, *states):
        monkeypatch.setattr(keep_time, "time", SimpleNamespace(time=lambda: NOW + written))
        return keep_time.look_at(house.ledger, CONFIG, "me", [SEEN._replace(state=s) for s in states], NOW + asked)

    with house.ledger.writing():
        house.ledger.save_lease(Lease("me"))
    return go


def test_a_play_that_began_after_the_list_was_asked_for_is_not_ended_by_it(house, look):
    house(1.1, event=True)
    look(1, 1.5)
    look(2, 2.1, "playing")
    look(7, 7.1, "playing")
    assert charged(house) == 6 and plays(house) == 1


def test_a_play_that_ended_after_the_list_was_asked_for_is_not_revived_by_it(house, look):
    house(0, event=True)
    house(3.2, "stopped", event=True)
    look(3, 3.5, "playing")
    assert charged(house) == 3.2 and plays(house) == 1


def test_a_play_that_is_not_in_the_list_is_over(house, look):
    house(0, event=True)
    look(1, 1.1)
    assert house.ledger.open_plays() == []


def test_nor_is_it_if_the_clock_was_set_back_meanwhile(house, look):
    house(3600, event=True)
    look(1, 1.1)
    assert house.ledger.open_plays() == []


def test_a_look_at_a_full_house_reads_every_play_only_a_few_times(house, look, monkeypatch):
    """All that a look does while it has the ledger to itself keeps events waiting."""
    read, sessions = [], [SEEN._replace(session_key=str(n), user_id=n + 1) for n in range(60)]
    house.ledger.db.set_trace_callback(read.append)
    for _ in range(2):
        keep_time.look_at(house.ledger, CONFIG, "me", sessions)
    house.ledger.db.set_trace_callback(None)
    all_of_them = [sql for sql in read if "FROM plays WHERE ended IS NULL ORDER" in sql]
    assert len(house.ledger.open_plays()) == 60 and 1 <= len(all_of_them) <= 2 * 3


@pytest.mark.parametrize(("deaf", "least"), [(0.0, 0.0), (0.6, 0.6)])
def test_after_a_long_look_events_have_the_ledger_for_a_while(house, deaf, least):
    seen = house.ledger.changes()
    with contextlib.closing(sqlite3.connect(house.ledger.path)) as another, another:
        another.execute("INSERT INTO meta VALUES ('x', '1')")
    begun = time.monotonic()
    keep_time._wait(house.ledger, CONFIG, seen, time.time() + 1.5, deaf)
    assert least <= time.monotonic() - begun < least + 0.5
