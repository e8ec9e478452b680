"""Plays out of reports: where one begins, where it ends, whose it is."""
import pytest

from shared.policy.seen import SILENCE, Told, plays


def report(at, state="playing", item="1", user="emma", client="tv", offset=0):
    return Told(1000 + at, user, client, client, item, state, offset or at, 900)


def found(*reports):
    return [(p.user, p.item, p.began - 1000, p.ended - 1000, p.seconds) for p in plays(reports)]


@pytest.mark.parametrize("reports, wanted", [
    ((), []),
    ((report(0), report(10), report(20, "stopped")), [("emma", "1", 0, 20, 20)]),
    ((report(0), report(10)), [("emma", "1", 0, 10, 10)]),
    ((report(0),), [("emma", "1", 0, 0, 0)]),
    ((report(0, "stopped"),), []),
    ((report(0, "paused"), report(10, "stopped")), []),
    ((report(0, "paused"), report(10), report(11, "stopped")), [("emma", "1", 0, 11, 1)]),
    ((report(0), report(1, "paused")), [("emma", "1", 0, 1, 1)]),
    ((report(0), report(0.5, "paused")), [("emma", "1", 0, 0.5, 0.5)]),
    ((report(0, "buffering"), report(5), report(20, "paused"), report(200, "paused"), report(220),
      report(230, "stopped")), [("emma", "1", 0, 230, 25)]),
    # five minutes without a sign, and one second more
    ((report(0), report(SILENCE)), [("emma", "1", 0, SILENCE, SILENCE)]),
    ((report(0), report(SILENCE + 1)), [("emma", "1", 0, 0, 0), ("emma", "1", SILENCE + 1, SILENCE + 1, 0)]),
    # the next item on the same player; the stop of the first comes late
    ((report(0), report(10), report(11, item="2"), report(12, "stopped"), report(30, "stopped", "2")),
     [("emma", "1", 0, 10, 10), ("emma", "2", 11, 30, 19)]),
    ((report(0), report(9, "stopped"), report(10), report(20, "stopped")),
     [("emma", "1", 0, 9, 9), ("emma", "1", 10, 20, 10)]),
    # two players at once, and one player of two users
    ((report(0), report(1, client="pad"), report(20, "stopped"), report(21, "stopped", client="pad")),
     [("emma", "1", 0, 20, 20), ("emma", "1", 1, 21, 20)]),
    ((report(0), report(10, user="max"), report(20, "stopped", user="max")),
     [("emma", "1", 0, 0, 0), ("max", "1", 10, 20, 10)]),
    # who it is turns out later
    ((report(0, user=""), report(10), report(20, "stopped", user="")), [("emma", "1", 0, 20, 20)]),
    # threads write out of order
    ((report(10), report(9), report(20, "stopped")), [("emma", "1", 10, 20, 10)]),
])
def test_plays(reports, wanted):
    assert sorted(found(*reports)) == sorted(wanted)


def test_how_far_it_came():
    (play,) = plays([report(0, offset=100), report(10, offset=110), report(11, "stopped", offset=0)])
    assert (play.offset, play.duration) == (11, 900)
    silent = report(10)._replace(offset=0, duration=0)
    (play,) = plays([report(0, offset=100), silent, report(11, "stopped")._replace(offset=0, duration=800)])
    assert (play.offset, play.duration) == (100, 800)
    (play,) = plays([report(0, offset=100), silent])
    assert (play.offset, play.duration) == (100, 900)
