"""Events and looks at the session list are written down in any order; what they tell of one play is put together."""
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


def test_an_event_right_after_the_end_begins_no_play(house):
    """Two notifiers' events come in any order: this one tells of what is over."""
    house(0, event=True)
    house(3, "stopped", event=True)
    assert house(3.2, "paused", event=True) is None and plays(house) == 1


def test_an_item_played_again_a_while_later_is_a_new_play(house):
    house(0, event=True)
    house(3, "stopped", event=True)
    assert house(6, event=True) is not None and plays(house) == 2


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
