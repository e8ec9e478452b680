"""Dry run: nothing is stopped, nobody is told, one row says what would have been."""
from types import SimpleNamespace

from tests.scenarios.stage import lasting, stage, together

RULES = """
[notify]
tautulli_notifiers = {}
[everyone]
daily = 3s
[person:live]
users = live
dry_run = no
[group:dry]
members = rehearsed
dry_run = yes
"""


def play(host):
    with stage(host, "", ["dry", "live", "rehearsed"], dry_run="yes") as s:
        s.owners = s.world.probe({}, "owners")
        s.configure(RULES.format(s.owners))
        dry, live = together(lambda: dry_one(s, "dry"), lambda: live_one(s))
        s.head = s.head.replace("dry_run = yes", "dry_run = no")
        s.configure(RULES.format(s.owners))
        rehearsed, now_live = together(lambda: dry_one(s, "rehearsed"), lambda: s.cut(s.watch("dry"), 5))
        return SimpleNamespace(dry=dry, live=live, rehearsed=rehearsed, now_live=now_live, rows=s.rows(), back=s.back,
                               id=s.people["dry"].id,
                               told=s.rows(s.owners), runs=s.world.runs("owners"), status=s.run("status").stdout,
                               decisions=s.ask("SELECT who, verdict FROM decisions WHERE verdict <> 'allow'"))


def dry_one(s, name):
    """Plays on and on, with pauses; returns whether it lives and what Plex was asked."""
    stream = s.watch(name)
    s.wait_row(f"would stop {name}")
    stream.pause()
    lasting(stream, 5)
    stream.resume()
    lasting(stream, 7)
    alive = stream.alive
    stream.stop()
    return alive, s.stops(stream)


def live_one(s):
    return s.cut(s.watch("live"), 8)


def test_a_dry_play_goes_on_and_plex_is_asked_nothing(seen):
    assert seen.dry == (True, [])


def test_one_person_live_and_the_rest_dry(seen):
    assert abs(seen.live - 3) <= 1


def test_a_group_dry_and_the_rest_live(seen):
    assert seen.rehearsed == (True, []) and seen.now_live <= 1


def test_one_row_says_would_stop(seen):
    text = f"First Movie on TV: daily limit of 3 s reached; {seen.back}"
    for name in ("dry", "rehearsed"):
        assert [r for r in seen.rows if r[0] == f"Usher: would stop {name}"] == [(f"Usher: would stop {name}", text)]
    assert [r[0] for r in seen.rows if "stopped" in r[0]] == ["Usher: stopped live", "Usher: stopped dry"]


def test_nobody_gets_a_message(seen):
    assert seen.told == [] and seen.runs == []


def test_the_ledger_and_status_say_would(seen):
    assert (f"user:{seen.id}", "would stop") in seen.decisions and "would stop: dry" in seen.status
