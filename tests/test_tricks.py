"""Ten tricks that children try, played against a real ledger: what Usher does about each, as README's table says."""

import pytest

from shared.config import load
from shared.jobs.judge import house_of, judge, take_in
from shared.ledger import Ledger
from shared.ledger_rules import LEARNED
from shared.model import Session, User

NOW = 1_800_000_000.0  # a Friday morning
OWNER, EMMA, MAX, FRED = 100, 201, 202, 203
RULES = """
[usher]
dry_run = no
timezone = UTC
owner_devices = My phone
[everyone]
daily = 1h
[person:emma]
users = emma
devices = Emma's iPad, tv
daily = 30m
sitting = 20m
rest = 10m
known_devices_only = {known}
[rule:nobody]
players = DLNA*
message = Please sign in.
"""


class House:
    """Plays as the timekeeper sees them: every ten seconds."""

    def __init__(self, folder, known="no"):
        path = folder / "config.ini"
        path.write_text(RULES.format(known=known), encoding="utf-8")
        self.config, self.now, self.sight = load(str(path), {}), NOW, {}
        assert self.config.problems == ()
        self.ledger = Ledger(str(folder / "data"))
        with self.ledger.writing():
            self.ledger.set_meta("owner_id", OWNER)
            self.ledger.set_meta(LEARNED, NOW)
            for id, name, kind in ((OWNER, "dad", "owner"), (EMMA, "emma", "managed"), (MAX, "max", "managed"),
                                   (FRED, "fred", "friend")):  # fmt: skip
                self.ledger.see_user(User(id, name, kind=kind), NOW)

    def watch(self, minutes, *sessions, step=10.0):
        """Let these play on for so long, or until one is over; the minutes, and the first that is over or None."""
        began, over = self.now, None
        while self.now <= began + minutes * 60 and over is None:
            with self.ledger.writing():
                house = house_of(self.config, self.ledger, self.now)
                plays = [take_in(self.ledger, house, s, self.now, 0) for s in sessions]
                for other in self.ledger.open_plays():
                    if other.id not in {p.id for p in plays}:
                        self.ledger.save_play(other._replace(ended=self.now))
                verdicts = judge(self.ledger, self.config, house, plays, self.now, listed=True)
            over = next((v for v in verdicts if v.stops), None)
            self.now += step
        return (self.now - step - began) / 60, over

    def rest(self, minutes):
        self.watch(0)
        self.now += minutes * 60


def play(user=EMMA, machine="tv", title="Film", **more):
    told = {"player": machine, "state": "playing", "media_type": "movie", "rating_key": title, "title": title, **more}
    return Session(f"{user}{machine}", machine, user, session_id="s", **told)


@pytest.fixture
def house(tmp_path):
    return House(tmp_path)


def minutes(found):
    return round(found[0])


def test_a_siblings_profile_on_her_own_tablet(house):
    ipad = play(MAX, "m-ipad", player="Emma's iPad")
    house.watch(1, play(EMMA, "m-ipad", player="Emma's iPad"))
    spent, over = house.watch(60, ipad)
    assert round(spent) == 19 and over.who.key == "emma" and over.decision.limit == "sitting"


def test_a_siblings_profile_on_his_tablet_is_his_time(house):
    spent, over = house.watch(90, play(MAX, "his tablet"))
    assert round(spent) == 60 and over.who.name == "max"


def test_the_owners_profile_on_the_television(house):
    spent, over = house.watch(60, play(OWNER, "tv"))
    assert round(spent) == 20 and over.who.key == "emma"
    house.rest(15)
    spent, over = house.watch(90, play(OWNER, "the guest room's"))
    assert round(spent) == 60 and over.who.name == "dad"
    assert house.watch(90, play(OWNER, "m-phone", player="My phone"))[1] is None


def test_a_renamed_device(house):
    house.watch(1, play(EMMA, "m-ipad", player="Emma's iPad"))
    spent, over = house.watch(60, play(MAX, "m-ipad", player="Somebody else's"))
    assert round(spent) == 19 and over.who.key == "emma"


def test_a_new_browser(tmp_path):
    house = House(tmp_path, known="yes")
    assert house.watch(2, play())[1] is None  # a device that config.ini names
    spent, over = house.watch(5, play(machine="firefox"))
    assert spent == 0 and over.decision.limit == "known_devices_only"
    assert house.watch(5, play(machine="firefox"))[0] == 0  # trying again does not make it known


def test_two_minute_hops(house):
    total = 0.0
    for hop in range(40):
        spent, over = house.watch(2, play(title=f"Film {hop}"))
        total += spent
        if over:
            break
    assert round(total) == 20 and over.decision.limit == "sitting"


def test_pausing(house):
    house.watch(10, play())
    house.watch(9, play(state="paused"))  # no rest yet
    spent, over = house.watch(60, play())
    assert round(spent) == 10 and over.decision.limit == "sitting"
    house.rest(10.5)
    spent, over = house.watch(60, play())
    assert round(spent) == 10 and over.decision.limit == "daily"  # 30 minutes are 30 minutes


def test_pressing_play_again_and_again(house):
    house.watch(60, play())
    for again in range(10):
        spent, over = house.watch(1, play(title=f"Again {again}"))
        assert spent == 0 and over.decision.limit == "sitting"


def test_casting(house):
    house.watch(10, play(machine="phone"))
    spent, over = house.watch(60, play(machine="Chromecast"))
    assert round(spent) == 10 and over.who.key == "emma"


def test_playing_without_an_account(house):
    spent, over = house.watch(5, play(0, "box", product="DLNA"))
    assert spent == 0 and over.decision.message == "Please sign in."
    house.rest(1)
    spent, over = house.watch(60, play(0, "tv"))  # on a television that is hers it is her time
    assert round(spent) == 20 and over.who.key == "emma"


def test_speed_and_seeking(house):
    for n in range(19):
        assert house.watch(1, play(offset=(n % 3) * 2000.0, duration=6000.0))[1] is None
        house.now -= 10  # the next look is the end of this one
    spent, over = house.watch(60, play(offset=5999.0, duration=6000.0))
    assert 0 <= spent <= 2 and over.decision.limit == "sitting"
