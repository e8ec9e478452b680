"""After a cut, pressing play again brings nothing, whether Tautulli hears of it or not."""
import time
from types import SimpleNamespace

import pytest

from tests.scenarios.stage import stage

BUDGET, PRESSES = 4, 5
RULES = f"[everyone]\ndaily = {BUDGET}s\n"


def play(host):
    """One after the other: an event of one viewer's would wake the timekeeper for the next. The world's players report
    nothing by themselves (tick), so that nobody but the timekeeper can notice a silent one."""
    with stage(host, RULES, ["silent", "loud", "later"], tick=3600) as s:
        return SimpleNamespace(silent=stubborn(s, "silent", notify=False), loud=stubborn(s, "loud", notify=True),
                               later=stubborn(s, "later", notify=False, before=lambda: a_minute_on(s)),
                               looks=looks(s))


def stubborn(s, name, notify, before=lambda: None):
    """Watch until the cut, then press play again and again."""
    cut = s.watch(name)
    over, lived, reasons = s.gone(cut, 10) - BUDGET, [], []
    for n in range(PRESSES):
        before()
        time.sleep(n * 0.3)             # another moment between two looks each time
        again = s.watch(name, (s.world.movie, s.world.episode)[n % 2], notify=notify)
        lived.append(s.gone(again, 12))
        reasons += [t.reason for t in s.stops(again)[:1]]
    charged = s.number("SELECT SUM(s.ended - s.began) FROM plays p JOIN spans s ON s.play_id = p.id WHERE user_id = ?",
                       s.people[name].id)
    return SimpleNamespace(lived=lived, overrun=over + sum(lived), reasons=reasons, charged=charged, back=s.back)


def a_minute_on(s):
    """As if the last stop were over a minute ago. The timekeeper notices the change, and looks at once."""
    beat = s.number("SELECT heartbeat FROM lease")
    s.change("UPDATE stops SET last_at = last_at - 61")
    s.until(lambda: s.number("SELECT heartbeat FROM lease") > beat, 6, "another look")


def looks(s):
    """Seconds between looks at the session list while nothing happens, over a minute after the last stop."""
    a_minute_on(s)
    since = time.time()
    s.until(lambda: len(s.world.plex.seen("/status/sessions", since=since)) >= 3, 15, "three looks")
    times = [r.time for r in s.world.plex.seen("/status/sessions", since=since)]
    return [b - a for a, b in zip(times, times[1:], strict=False)]


# ---- what must have come of it ----

@pytest.mark.parametrize("how", ["silent", "loud"])
def test_in_the_first_minute_it_is_gone_within_two_seconds(seen, how):
    viewer = getattr(seen, how)
    assert len(viewer.lived) == PRESSES and max(viewer.lived) <= 2, viewer.lived


def test_later_it_is_gone_within_six_seconds(seen):
    assert len(seen.later.lived) == PRESSES and max(seen.later.lived) <= 6, seen.later.lived
    assert min(seen.looks) > 1.2, "it looks as often as in the first minute: this test does not see what comes later"


@pytest.mark.parametrize("how", ["silent", "loud", "later"])
def test_the_overrun_stays_below_ten_seconds_in_all(seen, how):
    assert getattr(seen, how).overrun < 10


@pytest.mark.parametrize("how", ["silent", "loud", "later"])
def test_each_time_the_screen_says_why(seen, how):
    viewer = getattr(seen, how)
    assert viewer.reasons == [f"Daily limit of 4 s reached; {viewer.back}."] * PRESSES


def test_what_was_watched_while_denied_is_charged(seen):
    loud = seen.loud
    assert BUDGET < loud.charged <= BUDGET + loud.overrun + 1
