"""No false stop: a hundred viewers of each kind who do what viewers do, where a limit on players, places or unknown
players could take it for more than it is. In this process, with a real ledger and generated session lists; a few
of each as real streams are played in scenarios/test_no_false_stop.py."""
import random
from types import SimpleNamespace

import pytest

from shared.config import load
from shared.jobs import keep_time
from shared.jobs.judge import house_of, judge, take_in
from shared.ledger import Lease, Ledger
from shared.ledger_rules import Remembered
from shared.model import Session, User
from tests.deep import often

NOW = 1_800_000_000.0
RUNS = often(100, else_=25)
CONFIG = """
[usher]
dry_run = no
timezone = UTC
{}
[everyone]
daily = 3h
sitting = 2h
max_streams = 2
max_locations = 1
max_paused = 20m
known_devices_only = yes
no_start_in_last = 5m
[rule:video]
transcode = video
resolution = 4k
[rule:many]
libraries = TV Shows
max_streams = 2
[rule:often]
media = episode
max_plays = 40 per day
"""

class House:
    """A ledger, and what Plex lists; looks at it every few seconds, and events that come late, twice, or not at all.
    What is done about a play is what the timekeeper planned: `stopped`."""

    def __init__(self, folder, monkeypatch, seed):
        path = folder / "config.ini"
        path.write_text(CONFIG.format(f"data_dir = {folder / 'data'}"), encoding="utf-8")
        self.config, self.ledger, self.random = load(str(path), {}), Ledger(str(folder / "data")), random.Random(seed)
        assert self.config.problems == ()
        self.now, self.playing, self.stopped, self.late = NOW, {}, [], []
        monkeypatch.setattr(keep_time, "time", SimpleNamespace(time=lambda: self.now))
        self.ledger.db.execute("PRAGMA synchronous = OFF")
        self.ledger.db.execute("PRAGMA journal_mode = MEMORY")
        with self.ledger.writing():
            self.ledger.save_lease(Lease("me"))
            self.ledger.set_meta("owner_id", 1000)
            self.ledger.set_meta("devices_at", NOW)
            self.ledger.see_user(User(42, "emma", kind="home"), NOW)
            for machine in ("tv", "phone", "tablet"):
                Remembered(self.ledger).approve(42, machine, machine, NOW)

    def begin(self, key, machine="tv", item="100", **more):
        told = {"user_id": 42, "user": "emma", "player": machine, "session_id": f"s{self.random.random()}",
                "offset": 0.0, "duration": 2400.0, "media_type": "episode", "title": f"No. {item}", "show": "Some Show",
                "library": "TV Shows", "rating": "TV-G", "transcode": "no", "resolution": "4k", "location": "lan",
                "address": "192.168.1.20", **more}
        self.playing[key] = Session(str(key), machine, rating_key=item, **told)
        self.tell(key)

    def change(self, key, **more):
        self.playing[key] = self.playing[key]._replace(**more)
        self.tell(key)

    def end(self, key, told=True):
        session = self.playing.pop(key)
        if told:
            self.late.append((self.now + self.random.uniform(0.05, 0.9), session._replace(state="stopped")))

    def tell(self, key, least=0.05, most=0.9):
        """An event of it, which takes its time; one in ten is lost, one in ten comes twice."""
        for _ in range(self.random.choices((0, 1, 2), (1, 8, 1))[0]):
            self.late.append((self.now + self.random.uniform(least, most), self.playing[key]))

    def go_on(self, seconds):
        """Time goes by, with looks as the timekeeper has them."""
        end = self.now + seconds
        while self.now < end:
            self.late.sort(key=lambda pair: pair[0])
            step = self.random.choice((1.0, 5.0))
            due = [pair for pair in self.late if pair[0] <= min(self.now + step, end)]
            for at, session in due:
                self.late.remove((at, session))
                self._pass(max(at - self.now, 0.0))
                self._event(session)
                self._look()
            self._pass(min(step, max(end - self.now, 0.01)))
            self._look()

    def _pass(self, seconds):
        self.now += seconds
        for key, s in self.playing.items():
            if s.state == "playing" and s.offset is not None:
                self.playing[key] = s._replace(offset=s.offset + seconds)

    def _event(self, session):
        with self.ledger.writing():
            epoch, house = self.ledger.clock_epoch(self.now), house_of(self.config, self.ledger, self.now)
            play = take_in(self.ledger, house, session, self.now, epoch, hearsay=True)
            if play and play.ended is None:
                judge(self.ledger, self.config, house, [play], self.now)

    def _look(self):
        look = keep_time.look_at(self.ledger, self.config, "me", list(self.playing.values()), self.now)
        self.stopped += [(round(self.now - NOW, 1), one.verdict.decision.reason) for one in look.attempts]


@pytest.fixture
def house(tmp_path, monkeypatch, request):
    made = House(tmp_path, monkeypatch, request.node.name)
    yield made
    made.ledger.close()


def seeking(h, key):
    h.begin(key)
    for _ in range(4):
        h.change(key, state="buffering", offset=h.random.uniform(0, 2300))
        h.go_on(h.random.uniform(0.1, 2))
        h.change(key, state="playing")
        h.go_on(h.random.uniform(0.5, 4))
    h.end(key)


def quality(h, key):
    """Another quality is another conversion; some players begin their session anew for it."""
    h.begin(key, resolution="1080")
    for n in range(4):
        h.change(key, transcode=h.random.choice(("no", "audio", "video", "both")), resolution="")
        if n % 2:
            h.change(key, session_id=f"q{h.random.random()}")
        h.go_on(h.random.uniform(0.5, 4))
    h.end(key)


def titles(h, key):
    """Zapping through titles, faster than the end of one is known; one more is on elsewhere."""
    h.begin(f"{key}b", "phone", "500")
    for n in range(5):
        old, new = f"{key}-{n - 1}", f"{key}-{n}"
        h.begin(new, item=str(200 + n))
        h.go_on(h.random.uniform(0.05, 3))          # the old one is still listed
        if n:
            h.end(old, told=n % 3 > 0)
        h.go_on(h.random.uniform(0.1, 3))
    h.end(new)
    h.end(f"{key}b")


def auto_play(h, key):
    """The next episode begins by itself: within the session, or in a new one."""
    h.begin(key, item="300")
    for n in range(4):
        h.go_on(h.random.uniform(3, 8))
        if n % 2:
            h.change(key, rating_key=str(301 + n), title=f"No. {301 + n}", offset=0.0)
        else:
            session = h.playing[key]
            h.end(key)
            h.go_on(h.random.uniform(0.0, 1.5))
            h.begin(key, item=str(301 + n), session_id=session.session_id)
    h.end(key)


def two(h, key):
    """Two of a family on one account: each pauses, ends, begins the other's film, takes it to another player."""
    h.begin(f"{key}a", "tv", "400")
    h.begin(f"{key}b", "phone", "401")
    h.go_on(h.random.uniform(2, 9))
    h.change(f"{key}a", state="paused")
    h.go_on(h.random.uniform(0.2, 3))
    h.begin(f"{key}c", "tablet", "400", offset=h.playing[f"{key}a"].offset)      # the television's film goes on here
    h.go_on(h.random.uniform(12, 20))                # and it stands still there for long
    h.end(f"{key}a")
    h.go_on(h.random.uniform(1, 9))
    h.begin(f"{key}d", "tv", "402")                  # while the end of another one is not known yet
    h.go_on(h.random.uniform(0.05, 0.4))
    h.end(f"{key}b")
    h.go_on(h.random.uniform(1, 9))
    h.end(f"{key}c")
    h.end(f"{key}d")


def reconnects(h, key):
    """The player lost its way and comes back: the same session key, another session id, the address written anew."""
    h.begin(key)
    for n in range(4):
        h.go_on(h.random.uniform(1, 5))
        old = h.playing.pop(key)
        if n % 2:
            h.go_on(h.random.uniform(0.1, 3))
        state = h.random.choice(("playing", "buffering"))
        h.playing[key] = old._replace(session_id=f"n{h.random.random()}", state=state)
        h.tell(key)
        h.go_on(h.random.uniform(0.3, 2))
        h.change(key, state="playing", address=("192.168.1.20", "::ffff:192.168.1.20")[n % 2])
    h.end(key)


def restart(h, key):
    """After a restart of the server session keys begin at 1 again: it is another film, or another player, that has the
    old key now."""
    h.begin("1", "tv", "600")
    h.begin("2", "phone", "601")
    h.go_on(h.random.uniform(2, 6))
    old = dict(h.playing)
    h.playing.clear()
    h.go_on(h.random.uniform(0.0, 4))
    h.begin("1", "phone", "601", offset=old["2"].offset)
    h.go_on(h.random.uniform(0.0, 2))
    h.begin("2", "tv", h.random.choice(("600", "602")))
    h.go_on(h.random.uniform(2, 6))
    h.end("1")
    h.end("2")


KINDS = (seeking, quality, titles, auto_play, two, reconnects, restart)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_hundred_of_them_are_not_stopped(house, kind):
    """One after the other: the rests in between are long enough for a new day's time."""
    for n in range(RUNS):
        kind(house, f"{kind.__name__}{n}")
        house.go_on(3)
        assert house.stopped == [], f"run {n}"
        house.playing.clear()
        with house.ledger.writing():
            for table in ("decisions", "stops", "spans", "plays"):
                house.ledger.db.execute(f"DELETE FROM {table}")     # the day's time would be used up by a hundred


def test_this_sees_a_stop(house):
    """It would be worth nothing if nobody could be stopped."""
    for n, machine in enumerate(("tv", "phone", "tablet")):
        house.begin(n, machine, str(700 + n))
        house.go_on(2)
    house.go_on(3)
    assert {reason for _, reason in house.stopped} == {"at most 2 streams at once"}


def test_no_event_takes_a_third_stream_for_an_allowed_one(house):
    for n, machine in enumerate(("tv", "phone", "tablet")):
        house.begin(n, machine, str(700 + n))
        house.go_on(2)
    for _ in range(20):
        house.change(2, state=house.random.choice(("playing", "paused")))
        house.go_on(1)
    verdicts = house.ledger.db.execute(
        "SELECT verdict FROM decisions d JOIN plays p ON p.id = play_id WHERE machine_id = 'tablet' ORDER BY d.id")
    assert [row[0] for row in verdicts][-1:] == ["stop"] and len(house.stopped) >= 1
    assert house.ledger.db.execute("SELECT COUNT(*) FROM decisions WHERE verdict = 'stop'").fetchone()[0] == 1
