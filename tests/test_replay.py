"""A replay of the past against a day-by-day live run: the same plays, taken in and judged by the jobs that run live, on
a real ledger. Whoever is stopped there presses play again whenever something of theirs changes, and when they may."""
import random

import pytest

from shared.config import load
from shared.jobs import backtest_facts
from shared.jobs.cases import whose
from shared.jobs.days import calendar_of
from shared.jobs.judge import house_of, judge, take_in
from shared.ledger import Ledger
from shared.model import Recorded, Session, User
from shared.policy.people import House
from shared.policy.replay import Cut, Noted, replay
from tests.deep import chosen

START = 1_793_000_000  # seconds since 1970; days of autumn 2026, with the change of the clocks
DAY = 86400
USERS = {1000: ("owner", "owner"), 42: ("emma", "home"), 43: ("max", "home"), 44: ("lisa", "friend")}
PLAYERS = ("tv", "phone")
ITEMS = {
    str(n): {"media_type": kind, "title": f"Title {n}", "library": library, "rating": rating,
             "show": "A show" if kind == "episode" else ""}
    for n, (kind, library, rating) in enumerate([
        ("movie", "Films", "PG-13"), ("movie", "Films", "R"), ("episode", "Series", "TV-PG"),
        ("episode", "Series", "TV-MA"), ("track", "Music", ""), ("movie", "Kids", "G"),
        ("episode", "Series", "TV-14"), ("episode", "Kids", "TV-Y")])}
CHOICES = [
    ("daily", ["30m", "1h, weekend 2h", "2h", "0m", "3h, schoolday 90m"]), ("weekly", ["5h", "8h"]),
    ("monthly", ["20h"]), ("sitting", ["40m", "1h30m"]), ("rest", ["10m", "30m"]),
    ("blocked", ["everyday 22:00-06:30", "schoolnight 20:00-07:00, weekend 23:00-08:00"]),
    ("unlimited_days", ["sun", "2026-10-28"]), ("uncounted", ["sat 08:00-10:00", "18:00-18:30"]),
    ("uncounted_media", ["track", "movie"]), ("uncounted_libraries", ["Kids"]), ("max_streams", ["1", "2", "0"]),
    ("max_locations", ["1"]), ("no_start_in_last", ["5m", "20m"]),
]
RULES = [
    "[rule:late]\nratings = above PG-13\nwhen = 20:00-06:00", "[rule:often]\nmedia = episode\nmax_plays = 3 per day",
    "[rule:films]\nlibraries = Films\ndaily = 45m", "[rule:two]\nlibraries = Series\nmax_streams = 1",
    "[rule:told]\nratings = R\naction = alert", "[rule:kids]\npeople = emma\nlibraries = not Kids\nweekly = 3h",
    "[rule:new]\nnew_device = yes\naction = log", "[rule:evening]\nwhen = 19:00-21:00\ntitles = Title 2\ndaily = 10m",
    "[rule:often-told]\nmedia = movie\nmax_plays = 2 per week\naction = alert",
]


def some_config(chance):
    def limits(most):
        chosen = chance.sample(CHOICES, chance.randint(1, most))
        return "\n".join(f"{key} = {chance.choice(values)}" for key, values in chosen)

    person = limits(4) + ("\ncounts_for = max" if chance.random() < 0.3 else "")
    rules = "\n".join(chance.sample(RULES, chance.randint(0, 3)))
    device = "known_devices_only = yes\n" if chance.random() < 0.15 else ""
    return ("[usher]\ndry_run = no\ntimezone = Europe/Zurich\ndata_dir = data\n"
            "[calendar]\nholidays = 2026-10-26..2026-10-30\n"
            f"[everyone]\n{device}{limits(4)}\n[person:emma]\nusers = emma\ndevices = emmas-tablet\n{person}\n"
            f"[person:max]\nusers = max\n{limits(3)}\n{rules}\n")


def some_plays(chance, days):
    """(user, machine, item, began, seconds played, ended), as a history has them: on each player one at a time."""
    found = []
    for user in USERS:
        for machine in (*PLAYERS, "emmas-tablet") if user == 42 else PLAYERS:
            at = START + chance.randint(0, 30000)
            while at < START + days * DAY:
                played, paused = chance.choice([120, 600, 1500, 2700, 5400, 9000]), chance.choice([0, 0, 0, 60, 1800])
                player = f"{machine}-{user}" if machine in PLAYERS else machine
                found.append((user, player, chance.choice(list(ITEMS)), at, played, at + played + paused))
                at += played + paused + chance.choice([0, 0, 300, 4000, 20000, 40000])
    return sorted(found, key=lambda row: row[3])


def session_of(row, key="", offset=None):
    user, machine, item, *_ = row
    address = f"203.0.113.{user if machine[0] == 't' else 9}"
    return Session(key, machine, user, item, f"s{key}", offset=offset, user=USERS[user][0], player=machine,
                   location="wan", address=address, **ITEMS[item])


def owner(house, row):
    who = whose(house, session_of(row))
    return who.key, who.exempt


class Live:
    """What the jobs would have done: `cuts` and `noted` as a replay tells them."""

    def __init__(self, folder, text, rows, chance):
        path = folder / "config.ini"
        path.write_text(text, encoding="utf-8")
        self.config = load(str(path), {})
        assert self.config.problems == ()
        self.ledger, self.rows, self.cuts, self.noted = Ledger(str(folder / "data")), rows, [], []
        self.ledger.db.execute("PRAGMA synchronous = OFF")
        with self.ledger.writing():
            self.ledger.set_meta("owner_id", 1000)
            self.ledger.set_meta("devices_at", START)
            for id, (name, kind) in USERS.items():
                self.ledger.see_user(User(id, name, name, kind=kind), START)
        self.listed, self.refused, self.again, self.keys = {}, {}, {}, 0

    def run(self):
        times = {START: set()}
        for n, (_, _, _, began, played, ended) in enumerate(self.rows):
            for at in (began, began + played, ended):
                times.setdefault(at, set()).add(n)
        while times:
            now = min(times)
            self.look(now, times.pop(now), times)
        return sorted(self.cuts), sorted(self.noted)

    def look(self, now, moved, times):
        """One look at the session list, after all that happens in this moment."""
        with self.ledger.writing():
            house = house_of(self.config, self.ledger, now)
            owners = {owner(house, self.rows[n]) for n in moved}
            for n in sorted(moved):
                self.moves(house, n, now)
            trying = [n for n, (_, _, at) in self.refused.items()
                      if at == now or (at is None and owner(house, self.rows[n]) in owners)]
            trying += [n for n in sorted(moved) if self.rows[n][3] == now and n not in self.listed]
            for n in sorted(trying):
                self.keys += 1
                self.listed[n] = [str(self.keys), now, None]
            plays = {n: take_in(self.ledger, house, self.session(n, now), now, 0) for n in sorted(self.listed)}
            verdicts = judge(self.ledger, self.config, house, list(plays.values()), now, listed=True)
            for verdict in verdicts:
                n = next(n for n, play in plays.items() if play.id == verdict.play.id)
                for note in verdict.notes:
                    if (n, note.rule) not in {(m, rule) for m, _, rule, *_ in self.noted}:
                        self.noted.append(Noted(n, now, note.rule, note.action, note.reason))
                if verdict.decision.allowed:
                    continue
                playing = self.listed[n][2] is None
                take_in(self.ledger, house, self.session(n, now)._replace(state="stopped"), now, 0)
                del self.listed[n]
                if playing:
                    self.refuse(n, verdict.decision, now, times)
            for n in [n for n in self.refused if n in self.listed]:
                self.lift(n, now)
            for verdict in verdicts:
                if verdict.decision.ahead is not None and verdict.decision.allowed:
                    times.setdefault(verdict.decision.ahead, set())
            if "new_device" in str(self.config.settings["rule"]) and trying:
                times.setdefault(now + 60, set())

    def moves(self, house, n, now):
        """A play pauses or ends, as it did then."""
        _, _, _, began, played, ended = self.rows[n]
        if n in self.refused and now >= began + played:
            self.lift(n, now)
        if n in self.listed and now >= ended:
            take_in(self.ledger, house, self.session(n, now)._replace(state="stopped"), now, 0)
            del self.listed[n]
        elif n in self.listed and now >= began + played:
            self.listed[n][2] = self.listed[n][2] or now

    def session(self, n, now):
        key, since, paused = self.listed[n]
        offset = (paused or now) - since
        return session_of(self.rows[n], key, float(offset))._replace(state="paused" if paused else "playing")

    def refuse(self, n, decision, now, times):
        since, limit, _ = self.refused.get(n, (now, decision.limit, None))
        if limit != decision.limit:
            self.lift(n, now)
            since = now
        until = decision.until
        self.refused[n] = since, decision.limit, until
        if until is not None and until < self.rows[n][5]:
            times.setdefault(until, set())

    def lift(self, n, now):
        since, limit, _ = self.refused.pop(n)
        if since < now:
            self.cuts.append((n, since, now, limit))


def replayed(config, rows):
    users = {id: User(id, name, name, kind=kind) for id, (name, kind) in USERS.items()}
    plays = [Recorded(session_of(row), began, began + played, ended) for row in rows
             for _, _, _, began, played, ended in [row]]
    asked = {} if "new_device" in str(config.settings) or "known_devices" in str(config.settings) else None
    house = House(config.settings, users, {}, 1000)
    items, past = backtest_facts.arranged(config, house, calendar_of(config)._replace(memo={}), plays, asked)
    found = [one for group in backtest_facts.clusters(items, past) for one in replay(group, past)]
    cuts = sorted((c.item, c.began, c.ended, c.limit) for c in found if isinstance(c, Cut))
    return cuts, sorted(one for one in found if isinstance(one, Noted))


@pytest.mark.parametrize("seed", chosen(range(16), lambda n: n % 4 == 0))
def test_a_replay_decides_as_a_live_run(tmp_path, seed):
    chance = random.Random(seed)
    rows = some_plays(chance, 2)
    live = Live(tmp_path, some_config(chance), rows, chance)
    expected = live.run()
    live.ledger.close()
    assert replayed(live.config, rows) == expected
