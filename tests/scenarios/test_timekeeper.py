"""The timekeeper: always one, there when it is needed, gone when it is not."""
import os
import signal
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.sandbox.processes import alive, end
from tests.scenarios.stage import lasting, stage, together

RULES = "[everyone]\ndaily = 6s\n[person:long]\nusers = long\ndaily = 1h\n[person:mid]\nusers = mid\ndaily = 11s\n"
PEOPLE = ["short", "long", "mid", "again", "free"]


def play(host):
    parts = together(lambda: comes_and_goes(host), lambda: replaced(host), every=1)
    return SimpleNamespace(**{k: v for part in parts for k, v in part.items()})


def comes_and_goes(host):
    """None where nobody is limited; gone soon after a play that ended by itself; there half an hour after a stop."""
    with stage(host, RULES + "[person:free]\nusers = free\nexempt = yes\n", PEOPLE) as s:
        free = s.watch("free")
        s.until(lambda: s.number("SELECT COUNT(*) FROM plays"), 10, "the play")
        s.until(lambda: not s.keepers(), 20, "nobody keeping time")
        quiet = s.number("SELECT holder FROM lease") or ""
        stream = s.watch("long")
        first = s.keeper()
        lasting(stream, 2)
        stream.stop(notify=False)                        # Tautulli has not heard of it yet, as after a crash of the app
        s.until(lambda: s.number("SELECT ended FROM plays WHERE user = 'long'"), 10, "the end")
        late = s.charged(stream)
        s.run(*s.event("stop", stream, "playing"))
        charged, lived = s.charged(stream), stream.ended_at - stream.began
        s.until(lambda: not alive(first), 60, "the timekeeper leaving")
        left = time.time() - stream.ended_at
        seen = {"nobody": quiet, "late": late, "charged": charged, "lived": lived, "left": left}
        s.cut(s.watch("short"), 10)
        second = s.keeper()
        s.change("UPDATE stops SET last_at = last_at - 1790")
        time.sleep(8)
        seen["stays"] = alive(second)
        s.change("UPDATE stops SET last_at = last_at - 11")
        s.until(lambda: not alive(second), 60, "the timekeeper leaving")
        return {**seen, "leaves": "timekeeper leaves: nothing needs watching" in s.usher.log(), "free": free.alive,
                "files": sorted(n for n in os.listdir(s.usher.data) if n.startswith("timekeeper"))}


def replaced(host):
    """A timekeeper that was killed, hangs, or is of an older version, in a world in which no event comes (tick)."""
    with stage(host, RULES, PEOPLE, tick=3600) as s:
        s.world.tautulli.add_newsletter(s.usher.limit_streams, "tick", cron="0 0 1 1 *", time_frame=9999)
        stream, pids, seen = s.watch("mid"), [], {}
        pids.append(s.keeper())
        end(pids)
        begun = time.time()
        s.world.fire_newsletters()
        pids.append(s.keeper(other_than=pids))
        seen["ticked"] = time.time() - begun
        os.kill(pids[1], signal.SIGSTOP)
        s.change("UPDATE lease SET heartbeat = heartbeat - 21")
        s.run("tick")
        pids.append(s.keeper(other_than=pids))
        os.kill(pids[1], signal.SIGCONT)
        s.until(lambda: not alive(pids[1]), 10, "the old one leaving")
        Path(s.usher.root, "shared", "__init__.py").write_text('__version__ = "99.0.0"\n')      # an upgrade
        s.run("tick")
        pids.append(s.keeper(other_than=pids))
        s.until(lambda: not alive(pids[2]), 10, "the one of the old version leaving")
        seen["alive"] = [alive(pid) for pid in pids]
        seen["cut"] = s.cut(stream, 12)
        seen["stops"] = len(s.stops(stream))
        looks = [s.run("tick").stdout for _ in range(3)]
        return {**seen, "idle": looks, "same": s.keepers() == pids[3:]}


# ---- what must have come of it ----

def test_there_is_none_while_nobody_is_limited(seen):
    assert seen.nobody == "" and seen.free


def test_it_leaves_after_a_play_that_ended_by_itself(seen):
    assert seen.left <= 60


def test_it_stays_half_an_hour_after_a_stop_and_then_leaves(seen):
    assert seen.stays and seen.leaves and seen.files == []


def test_a_stop_event_after_the_look_charges_what_was_played_until_then(seen):
    assert seen.lived - 0.7 <= seen.charged <= seen.lived + 5 and seen.charged >= seen.late, vars(seen)


def test_a_newsletter_replaces_a_killed_one(seen):
    assert seen.ticked <= 5


def test_one_that_hangs_or_is_of_an_older_version_is_replaced_and_does_nothing_more(seen):
    assert seen.alive == [False, False, False, True] and seen.stops == 1


def test_through_all_of_it_the_cut_comes_in_time(seen):
    assert abs(seen.cut - 11) <= 1


def test_a_tick_disturbs_no_timekeeper_at_work(seen):
    assert seen.idle == ["tick: all is well\n"] * 3 and seen.same


@pytest.mark.parametrize("known", [True, False], ids=["", "no ledger yet"])
def test_64_events_at_once(host, alone, known):
    """Processes started directly: every one leaves its mark."""
    with stage(host, "[everyone]\ndaily = 1h\n", ["dan"], tick=3600) as s:
        stream = s.watch("dan", notify=False)
        if known:
            s.run(*s.event("play", stream))
        before = s.number("SELECT COUNT(*) FROM events") or 0
        many = [s.event("play", stream, session_key=str(1000 + n), user_id=str(3000 + n), machine_id=f"m{n}")
                for n in range(64)]
        done = together(*(lambda a=a: s.run(*a, timeout=60) for a in many), every=0)
        assert [(d.returncode, d.stderr) for d in done if d.returncode or d.stderr] == []
        assert s.number("SELECT COUNT(*) FROM events") - before == 64
        assert s.number("SELECT COUNT(DISTINCT session_key) FROM plays") >= 64
        s.keeper()
        time.sleep(2)
        assert len(s.keepers()) == 1
        assert s.usher.log().count("timekeeper begins") == 1


def test_64_viewers_at_once_through_tautulli(host, alone):
    with stage(host, "[everyone]\ndaily = 1h\n", [f"v{n}" for n in range(64)]) as s:
        streams = [s.watch(f"v{n}", player=f"TV {n}") for n in range(64)]
        s.until(lambda: s.number("SELECT COUNT(DISTINCT session_key) FROM events WHERE action = 'play'") == 64, 90,
                "64 events")
        assert s.number("SELECT COUNT(*) FROM plays WHERE ended IS NULL") == 64
        s.keeper()
        assert s.usher.log().count("timekeeper begins") == 1 and all(x.alive for x in streams)


def test_in_a_container(host):
    """Tautulli is process 1, which reaps nobody, and its user is not root; the owner looks in as root."""
    if host != "real" or os.geteuid():
        pytest.skip("needs the real Tautulli and root")
    with stage(host, RULES, ["mid"], tick=3600, user=1000, pid1=True) as s:
        stream = s.watch("mid")
        s.until(lambda: s.number("SELECT holder FROM lease"), 10, "a timekeeper")
        first = s.keepers()
        end(first)
        assert s.run("status").returncode == 0
        s.world.tautulli.add_newsletter(s.usher.limit_streams, "tick", cron="0 0 1 1 *", time_frame=9999)
        s.world.fire_newsletters()
        s.until(lambda: set(s.keepers()) - set(first), 10, "another timekeeper")
        assert abs(s.cut(stream, 15) - 11) <= 1
        assert {os.stat(os.path.join(s.usher.data, name)).st_uid for name in os.listdir(s.usher.data)} == {1000}
