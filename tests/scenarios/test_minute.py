"""What waits for a clock's next minute: the newsletter that fires a tick, and hours as an owner writes them."""
import time
from types import SimpleNamespace

import pytest

from tests.sandbox.processes import end
from tests.scenarios.stage import stage, together

pytestmark = pytest.mark.slow


def play(host):
    plain, restarted, bedtime = together(lambda: ticked(host), lambda: ticked(host, restart=True), lambda: bed(host))
    return SimpleNamespace(plain=plain, restarted=restarted, bedtime=bedtime)


def ticked(host, restart=False):
    """The timekeeper is killed in mid-play, no event comes (tick); a newsletter is due every minute."""
    with stage(host, "[everyone]\ndaily = 1h\n", ["dan"], tick=3600) as s:
        s.world.tautulli.add_newsletter(s.usher.limit_streams, "tick", time_frame=9999)
        stream = s.watch("dan")
        old = s.keeper()
        if restart:
            s.world.tautulli.restart()
            time.sleep(2)               # what it fires at its start is through
        events = s.number("SELECT COUNT(*) FROM events")
        end([old])
        killed = time.time()
        s.keeper(timeout=70, other_than=[old])
        return SimpleNamespace(after=time.time() - killed, alive=stream.alive,
                               events=s.number("SELECT COUNT(*) FROM events") - events)


def bed(host):
    """Bedtime begins at the next minute, in mid-play."""
    with stage(host, "[everyone]\ndaily = 1h\n", ["ann"]) as s:
        at = (int(time.time()) + 20) // 60 * 60 + 60
        begins, ends = (time.strftime("%H:%M", time.gmtime(t)) for t in (at, at + 3600))
        s.configure(f"[everyone]\nblocked = everyday {begins}-{ends}\n")
        return s.cut(s.watch("ann"), at - time.time() + 10, at)


@pytest.mark.parametrize("case", ["plain", "restarted"])
def test_a_newsletter_replaces_a_killed_timekeeper_without_any_event(seen, case):
    ticked = getattr(seen, case)
    assert ticked.after <= 61 and ticked.events == 0 and ticked.alive


def test_blocked_hours_begin_on_the_minute(seen):
    assert 0 <= seen.bedtime <= 1
