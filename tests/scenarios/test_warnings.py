"""Before the end, and at it: a person is warned at the right second, once; what has nearly ended may end; nothing new
starts shortly before; and what may not even start runs for a moment, so that the reason shows."""
import time
from types import SimpleNamespace

from tests.scenarios.stage import lasting, stage, together

SLACK = 1.0                             # seconds
PEOPLE = ["warned", "paused", "lands", "too_long", "late", "delayed", "rehearsed"]
CONFIG = """
[everyone]
warn_before = none
[person:warned]
users = warned
daily = 16s
warn_before = 9s, 4s
tell = {agent}
[person:paused]
users = paused
daily = 14s
warn_before = 8s
tell = {agent}
[person:lands]
users = lands
daily = 6s
let_finish = 8s
[person:too_long]
users = too_long
daily = 6s
let_finish = 5s
[person:late]
users = late
daily = 16s
no_start_in_last = 12s
[person:delayed]
users = delayed
daily = 0m
delay_stop = 4s
[person:rehearsed]
users = rehearsed
daily = 12s
warn_before = 6s
tell = {agent}
dry_run = yes
"""


def play(host):
    with stage(host, "", PEOPLE) as s:
        s.agent = s.world.probe({}, "somebody's telephone")
        s.configure(CONFIG.format(agent=s.agent))
        acts = [warned, paused, lands, too_long, late, delayed, rehearsed]
        found = together(*(lambda act=act: act(s) for act in acts))
        s.until(lambda: len(s.rows(s.agent)) >= 3, 10, "three warnings on the telephone")
        time.sleep(2)                   # is there one too many?
        rows = [(r["timestamp"], r["subject_text"], r["body_text"]) for r in
                s.world.tautulli.notification_log(s.usher.journal)]
        return SimpleNamespace(rows=rows, told=s.rows(s.agent), **dict(zip(PEOPLE, found, strict=True)))


def warned(s):
    stream = s.watch("warned")
    return SimpleNamespace(began=stream.began, cut=s.cut(stream, 30))


def paused(s):
    """The warning comes when so much is left, not when the clock says so; and a pause brings no second one."""
    stream = s.watch("paused")
    lasting(stream, 8)
    stream.pause()
    lasting(stream, 14)
    stream.resume()
    s.gone(stream, 30)
    return stream.began


def left(s, name, seconds):
    """A film of which so much is left when it begins."""
    film = s.world.library.movie(f"Film of {name}")
    return s.watch(name, film, offset=film.duration - seconds * 1000)


def lands(s):
    """Ends at 9 s, which is 3 s behind the limit."""
    stream = left(s, "lands", 9)
    lasting(stream, 9)
    alive = stream.alive
    stream.stop()
    again = s.watch("lands")
    return SimpleNamespace(alive=alive, stops=s.stops(stream), again=s.cut(again, 15))


def too_long(s):
    return s.cut(left(s, "too_long", 60), 30)


def late(s):
    first = s.watch("late")
    lasting(first, 6)
    alive = first.alive
    first.stop()
    second = s.watch("late", s.world.movie2)
    return SimpleNamespace(alive=alive, after=s.cut(second, 15), reason=s.stops(second)[0].reason)


def delayed(s):
    return s.cut(s.watch("delayed"), 15)


def rehearsed(s):
    stream = s.watch("rehearsed")
    s.wait_row("would warn rehearsed", 20)
    lasting(stream, 14)
    return stream.alive


def of(seen, name, verb="warned"):
    return [(at, body) for at, subject, body in sorted(seen.rows) if subject == f"Usher: {verb} {name}"]


def test_two_warnings_at_their_seconds(seen):
    (first, nine), (second, four) = of(seen, "warned")
    assert abs(first - seen.warned.began - 7) <= SLACK + 1 and abs(second - seen.warned.began - 12) <= SLACK + 1
    assert nine.startswith(("9 s left, warned", "8 s left, warned")) and four.startswith(("4 s left", "3 s left"))
    assert "daily limit of 16 s" in nine and abs(seen.warned.cut - 16) <= SLACK


def test_they_reach_the_telephone_once(seen):
    told = [body for subject, body in seen.told if subject == "Plex: warned"]
    assert len(told) == 2 and len(set(told)) == 2
    assert [subject for subject, _ in seen.told if subject == "Plex: paused"] == ["Plex: paused"]
    assert len(seen.told) == 3


def test_a_pause_brings_no_second_warning(seen):
    [(at, _)] = of(seen, "paused")
    assert abs(at - seen.paused - 6) <= SLACK + 1


def test_what_has_nearly_ended_may_end_and_nothing_new_starts(seen):
    assert seen.lands.alive and seen.lands.stops == [] and seen.lands.again <= SLACK + 0.5
    assert abs(seen.too_long - 6) <= SLACK


def test_nothing_starts_in_the_last_seconds(seen):
    assert seen.late.alive and seen.late.after <= SLACK + 0.5
    assert seen.late.reason.startswith("Nothing new starts in the last 12 s")


def test_a_stop_at_the_very_start_waits(seen):
    assert abs(seen.delayed - 4) <= SLACK


def test_a_rehearsal_warns_nobody(seen):
    assert seen.rehearsed and len(of(seen, "rehearsed", "would warn")) == 1
    assert not [subject for subject, _ in seen.told if "rehearsed" in subject]
