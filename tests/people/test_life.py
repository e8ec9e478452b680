"""35 days in the life of a server, on both hosts: who joins, watches, goes on holiday, drifts away, comes back.

The days are simulated: each round is told its moment, and plays are put into Tautulli's history as they happen. Every
twelve hours the agents run.
"""
import time

import pytest

from tests.people.house import ADMIN, DAY, HOUR, house

DAYS = 35


def watching(days):
    """Days of the simulation (from its first one on) on which somebody watches."""
    return set(days)


LIVES = {
    # name: (kind, days before the first on which they were last seen, days on which they watch, what becomes of them)
    "every evening": ("friend", 1, range(DAYS), []),
    "at weekends": ("friend", 3, [d for d in range(DAYS) if d % 7 in (5, 6)], []),
    "once in three weeks": ("friend", 5, [15], []),
    "on holiday": ("friend", 2, [0, 1, 2, *range(26, DAYS)], []),
    "drifts at once": ("friend", 20, [], [("warned", 7), ("removed", 10)]),
    "drifts later": ("friend", 8, [], [("warned", 19), ("removed", 22)]),
    "drifts in the end": ("friend", 0, [4], [("warned", 31), ("removed", 34)]),
    "answers the warning": ("friend", 15, [13], [("warned", 12)]),
    "answers at the last moment": ("friend", 14, [15.9], [("warned", 13)]),
    "a vip": ("friend", 60, [], []),
    "of the home": ("home", 60, [], []),
    "a child": ("managed", 60, [], []),
    "has no address": ("friend", 18, [], []),
}
JOINERS = {
    # name: (day on which they accept, days on which they watch, what becomes of them)
    "joins and watches": (3, [4, 10, 20, 30], ["welcomed"]),
    "joins and never watches": (2, [], ["welcomed", ("warned", 30), ("removed", 33)]),
    "joins late": (20, [], ["welcomed"]),
    "invited only": (None, [], []),
}
GUESTS = {
    # name: (expires on day, which begins at 4:00 while ours begin at noon; days on which they watch; what becomes)
    "a guest": (12, range(DAYS), [("reminded", 9), ("removed", 12)]),
    "a guest who stays": (60, [], []),
}
SUBJECTS = {"Your access to Fake Plex ends": "warned", "Your access to Fake Plex has ended": "removed",
            "Welcome to Fake Plex": "welcomed", "Your guest access to Fake Plex ends": "reminded"}


@pytest.fixture(scope="module")
def life(host):
    """The house after 35 days, with what happened: (name, what, on which day)."""
    import os

    kept = dict(os.environ)
    with house(host=host, now=int(time.time()) - (DAYS + 1) * DAY) as h:
        os.environ.update(h.world.env)
        try:
            yield play_it(h)
        finally:
            os.environ.clear()
            os.environ.update(kept)


def play_it(h):
    began = h.now = h.now // DAY * DAY + 12 * HOUR
    w, users = h.world, {}
    for name, (kind, last, _, _) in LIVES.items():
        users[name] = h.friend(name, kind=kind, **({"email": ""} if "address" in name else {}))
        h.play([(users[name], began - (last + 7 * n) * DAY) for n in range(5 if last < 30 else 1)])
    for name in GUESTS:
        users[name] = h.friend(name)
    h.regulars(3)
    guests = "".join(f"[guest:{name.replace(' ', '')}]\nuser = {name}\nexpires = {_date(began + day * DAY)}\n"
                     for name, (day, _, _) in GUESTS.items())
    h.configure(prune="vip = a vip\nmax_removals = 3", more=guests)
    w.tautulli.start()
    days = {name: set(life[2]) for name, life in LIVES.items()} | {name: set(g[1]) for name, g in GUESTS.items()}
    days |= {name: set(j[1]) for name, j in JOINERS.items()}
    days |= {f"regular{n}": set(range(n, DAYS, 2)) for n in range(3)}
    users |= {user.name: user for user in w.people.users}
    found, mailed, removed = [], 0, 0
    h.welcome()
    for half in range(DAYS * 2):
        at = half / 2
        h.now = began + at * DAY
        for name, (joins, _, _) in JOINERS.items():
            if joins is not None and at <= joins < at + 0.5:
                users[name] = h.friend(name, accepted_at=int(h.now - HOUR))
        plays = [(users[name], began + day * DAY - 2 * HOUR) for name, some in days.items() for day in some
                 if at - 0.5 < day <= at and name in users and not users[name].hidden]
        if plays:
            h.play(plays)
        h.welcome()
        h.prune()
        h.deliver()
        for mail in list(w.mail.mails)[mailed:]:
            what = next((v for k, v in SUBJECTS.items() if mail.subject.startswith(k)), mail.subject)
            name = next((n for n, u in users.items() if u.email == mail.rcpt_to[0]), mail.rcpt_to[0])
            found.append((name, what, at))
        mailed = len(w.mail.mails)
        for removal in w.plextv.removals[removed:]:
            found.append((removal.user.name, "gone", at))
        removed = len(w.plextv.removals)
    h.found = found
    return h


def _date(at):
    return time.strftime("%Y-%m-%d", time.gmtime(at))


def expected(name):
    for table in (LIVES, JOINERS, GUESTS):
        if name in table:
            return table[name][-1]
    raise LookupError(name)


@pytest.mark.parametrize("name", [*LIVES, *JOINERS, *GUESTS])
def test_what_becomes_of(life, name):
    mine = [(what, int(at)) for who, what, at in life.found if who == name and what != "gone"]
    wanted = [(w, None) if isinstance(w, str) else w for w in expected(name)]
    assert [what for what, _ in mine] == [what for what, _ in wanted], (name, mine, life.said[-3:])
    for (what, day), (_, wished) in zip(mine, wanted, strict=True):
        assert wished is None or day == wished, (what, day)
    gone = [int(at) for who, what, at in life.found if who == name and what == "gone"]
    assert gone == [day for what, day in mine if what == "removed"]


def test_the_owner_is_told_of_each_once(life):
    told = [what for who, what, _ in life.found if who == ADMIN]
    assert len(told) == len(set(told))
    gone = {who for who, what, _ in life.found if what == "gone"}
    assert {f"Usher: {name} removed" for name in gone} <= set(told)
    assert {t for t in told if t.endswith(" has joined")} == {
        f"Usher: {name} has joined" for name, j in JOINERS.items() if j[0] is not None}
    assert [t for t in told if "cannot be warned" in t] == ["Usher: has no address cannot be warned"]
    assert not [t for t in told if "needs your word" in t]
