"""Hours: what begins or ends in the middle of a film, and time that does not count."""
import time
from types import SimpleNamespace

from tests.scenarios.stage import clock, lasting, stage, together

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
PEOPLE = ["blocked", "allowed", "free", "other", "shelf", "music", "early"]
SLACK = 1.0


def play(host):
    with stage(host, "[everyone]\ndaily = 1h\n", PEOPLE) as s:
        today = time.gmtime(time.time() - s.day_starts * 3600).tm_wday
        begins, s.begins = clock(9)
        over, s.over = clock(7200)
        ends, s.ends = clock(10)
        s.until_free = clock(6)
        s.configure(f"""
[person:blocked]
users = blocked
blocked = {begins}-{over}
[person:allowed]
users = allowed
allowed = {clock(-7200)[0]}-{ends}
[person:free]
users = free
daily = 1s
weekly = 1s
sitting = 1s
blocked = everyday
unlimited_days = {WEEKDAYS[today]}
[person:other]
users = other
daily = 3s
unlimited_days = {WEEKDAYS[(today + 2) % 7]}
[person:shelf]
users = shelf
daily = 3s
uncounted_libraries = movies
[person:music]
users = music
daily = 3s
[person:early]
users = early
daily = 3s
uncounted = {clock(-3600)[0]}-{s.until_free[0]}
""")
        acts = (blocked, allowed, free, other, shelf, music, early)
        facts = together(*(lambda act=act: act(s) for act in acts), every=0.15)
        return SimpleNamespace(**{act.__name__: fact for act, fact in zip(acts, facts, strict=True)})


def blocked(s):
    stream = s.watch("blocked")
    return s.cut(stream, 15, s.begins), s.stops(stream)[0].reason, s.over


def allowed(s):
    stream = s.watch("allowed")
    return s.cut(stream, 15, s.ends), s.stops(stream)[0].reason


def free(s):
    stream = s.watch("free")
    lasting(stream, 10)
    return stream.alive, s.stops(stream)


def other(s):
    return s.cut(s.watch("other"), 8)


def shelf(s):
    """Films of the library that does not count, then a series."""
    stream = s.watch("shelf")
    lasting(stream, 5)
    alive, changed = stream.alive, time.time()
    stream.play_item(s.world.episode)
    return alive, s.cut(stream, 8, changed)


def music(s):
    stream = s.watch("music", s.world.library.track("Artist", "Album", 1, "Song"))
    lasting(stream, 5)
    alive = stream.alive
    stream.stop()
    return alive, s.cut(s.watch("music"), 8)


def early(s):
    return s.cut(s.watch("early"), 15, s.until_free[1])


# ---- what must have come of it ----

def test_blocked_hours_begin_in_mid_play(seen):
    late, reason, ends = seen.blocked
    assert 0 <= late <= SLACK
    assert reason == f"No watching at this hour; back at {time.strftime('%H:%M', time.gmtime(-(-ends // 60) * 60))}."


def test_allowed_hours_end_in_mid_play(seen):
    late, reason = seen.allowed
    assert 0 <= late <= SLACK and reason.startswith("No watching at this hour; back ")


def test_on_an_unlimited_day_nothing_is_cut(seen):
    assert seen.free == (True, [])


def test_on_another_day_it_is(seen):
    assert abs(seen.other - 3) <= SLACK


def test_an_uncounted_library_uses_up_nothing(seen):
    alive, after = seen.shelf
    assert alive and abs(after - 3) <= SLACK


def test_music_uses_up_nothing(seen):
    alive, after = seen.music
    assert alive and abs(after - 3) <= SLACK


def test_uncounted_hours_use_up_nothing(seen):
    assert abs(seen.early - 3) <= SLACK
