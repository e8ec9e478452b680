"""What fails in mid-play: Plex, plex.tv, Tautulli, the timekeeper. The limit holds all the same."""
import time
from types import SimpleNamespace

import pytest

from tests.sandbox.processes import end
from tests.scenarios.stage import lasting, stage, together

SLACK = 1.0
POLL, REPORT = 5, 10         # seconds between looks of the timekeeper, between reports of a player


def play(host):
    parts = together(lambda: plex_down(host), lambda: without_keeper(host), lambda: others_down(host), every=2)
    return SimpleNamespace(**{k: v for part in parts for k, v in part.items()})


def plex_down(host):
    """For 20 s across the deadline; then for 8 s only its session list. Somebody with time left is not harmed."""
    rules = "[everyone]\ndaily = 8s\n[person:rich]\nusers = rich\ndaily = 1h\n"
    with stage(host, rules, ["ann", "rich", "lame"]) as s:
        stream, rich = s.watch("ann"), s.watch("rich")
        lasting(stream, 4)
        s.world.plex.down()
        time.sleep(20)
        assert stream.alive
        s.world.plex.up()
        back = time.time()
        cut = s.cut(stream, 10, back)
        lame = s.watch("lame")
        lasting(lame, 4)
        s.world.plex.fail("/status/sessions", 500)
        lasting(lame, 12)
        s.world.plex.heal()
        return {"plex_back": cut, "rich_lives": (rich.alive, s.stops(rich)), "lame": s.cut(lame, 10) - 12,
                "outage_log": [line for line in s.usher.log().splitlines() if " error " in line]}


def others_down(host):
    """Tautulli is restarted, then plex.tv fails, then Tautulli is killed for good, each in mid-play."""
    with stage(host, "[everyone]\ndaily = 8s\n", ["ann", "ben", "cas"]) as s:
        first = s.watch("ann")
        lasting(first, 2)
        s.world.tautulli.restart()
        s.world.plextv.fail("*", 503)
        seen = {"restarted": s.cut(first, 12)}
        second = s.watch("ben")
        s.until(lambda: s.number("SELECT COUNT(*) FROM plays WHERE user = 'ben'"), 10, "the play")
        s.world.tautulli.kill()
        third = s.watch("cas", s.world.episode)
        seen["killed"], seen["unheard"] = s.cut(second, 12), s.cut(third, 15)
        s.world.plextv.heal()
        s.world.tautulli.start()
        return {**seen, "plextv_rows": [s.wait_row(f"stopped {name}") for name in ("ann", "ben", "cas")]}


def without_keeper(host):
    """The timekeeper is killed, and for 18 s nothing happens that would start another. The world is quiet (tick); its
    players report all the same."""
    rules = "[everyone]\ndaily = 22s\n[person:brief]\nusers = brief\ndaily = 9s\n"
    with stage(host, rules, ["plays", "stands", "zaps", "brief", "stops"], tick=3600, report_every=REPORT) as s:
        plays, stands = s.watch("plays"), s.watch("stands", rate=0)
        zaps, stops = s.watch("zaps", s.world.library.live_tv("News", show="Channel 5")), s.watch("stops")
        old = s.keeper()
        lasting(stops, 2)
        end([old])
        brief = s.watch("brief")              # an event is all that it takes
        new = s.keeper(other_than=[old])
        seen = {"brief": s.cut(brief, 12)}
        end([new])
        killed = time.time()
        stops.stop(notify=False)
        until = plays.began + 29 - 1
        time.sleep(max(0.0, until - time.time()))
        return {**seen, **after_gap(s, plays, stands, zaps, stops, killed)}


def after_gap(s, plays, stands, zaps, stops, killed):
    gap = time.time() - killed
    s.run("tick")
    s.keeper()
    cut = s.cut(plays, 20)
    charged = {name: s.charged(stream) for name, stream in (("plays", plays), ("stands", stands), ("zaps", zaps),
                                                            ("stops", stops))}
    now = time.time()
    return {"gap": gap, "ticked": cut, "charged": charged,
            "true": {"plays": now - plays.began, "stands": now - stands.began - gap, "zaps": now - zaps.began - gap,
                     "stops": stops.ended_at - stops.began},
            "standing": (stands.alive, zaps.alive)}


# ---- what must have come of it ----

def test_plex_down_across_the_deadline_the_cut_comes_when_it_is_back(seen):
    assert seen.plex_back <= 3


def test_plex_without_its_session_list_across_the_deadline(seen):
    assert 0 <= seen.lame <= 3


def test_an_outage_of_plex_harms_nobody_who_has_time_left(seen):
    assert seen.rich_lives == (True, []) and seen.outage_log == []


def test_tautulli_restarted_in_mid_play(seen):
    assert abs(seen.restarted - 8) <= SLACK


def test_plex_tv_down_and_tautulli_killed_in_mid_play(seen):
    assert abs(seen.killed - 8) <= SLACK


def test_a_play_that_begins_while_tautulli_is_down_is_cut_too(seen):
    assert abs(seen.unheard - 8) <= POLL


def test_the_rows_come_when_tautulli_is_back(seen):
    assert [r[0] for r in seen.plextv_rows] == [f"Usher: stopped {name}" for name in ("ann", "ben", "cas")]


def test_a_killed_timekeeper_is_replaced_at_the_next_event(seen):
    assert abs(seen.brief - 9) <= SLACK


def test_a_long_gap_is_put_right_by_a_tick(seen):
    assert seen.gap > 15
    assert abs(seen.ticked - 22) <= POLL + REPORT


@pytest.mark.parametrize("who", ["plays", "stands", "zaps", "stops"])
def test_what_is_charged_for_the_gap_is_off_by_less_than_the_bound(seen, who):
    assert abs(seen.charged[who] - seen.true[who]) <= POLL + REPORT, (seen.charged, seen.true)


def test_nobody_is_stopped_for_a_gap_in_which_nothing_moved(seen):
    assert seen.standing == (True, True)
