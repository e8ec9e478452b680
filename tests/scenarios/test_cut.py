"""The foundation: a stream ends in the middle when its time is used up, however that time was spent."""
import time
from types import SimpleNamespace

import pytest

from tests.scenarios.stage import lasting, stage, together

TRIALS = [f"trial{n}" for n in range(10)]
OTHERS = ["pauses", "hops", "double", "sits", "rests", "mia"]
RULES = """
[everyone]
daily = 20s
[person:sits]
users = sits
daily = none
sitting = 12s
rest = 8s
[person:mia]
users = mia
devices = Mia's tablet
daily = 6s
"""
SLACK = 1.0          # seconds by which a cut may be early or late


def play(host):
    seen, alone = together(lambda: crowded(host), lambda: quiet(host))
    return SimpleNamespace(**vars(seen), alone=alone)


def quiet(host):
    """A world in which nothing else goes on: no event, and no stop, makes anybody look."""
    with stage(host, "[everyone]\ndaily = 18s\n", ["ann"], tick=3600) as s:
        return s.cut(s.watch("ann"), 25)


def crowded(host):
    """All at once, so that it takes as long as the longest."""
    with stage(host, RULES, [*TRIALS, *OTHERS], home=["mia"], usher="owner_devices = Study") as s:
        acts = [lambda name=name: trial(s, name) for name in TRIALS]
        seen = together(*(lambda act=act: act(s) for act in (sits, owner, pauses, hops, double, mia, away)), *acts)
        return SimpleNamespace(host=host, back=s.back, trials=seen[7:], rows=s.rows(), **{
            k: v for part in seen[:7] for k, v in part.items()})


def trial(s, name):
    stream = s.watch(name)
    s.gone(stream, 25)
    stop = s.stops(stream)[0]
    s.wait_row(f"stopped {name}")
    return SimpleNamespace(name=name, after=stop.time - stream.began, reason=stop.reason, status=stop.status)


def pauses(s):
    stream = s.watch("pauses")
    lasting(stream, 7)
    stream.pause()
    time.sleep(10)
    stream.resume()
    s.gone(stream, 35)
    return {"paused": s.stops(stream)[0].time - stream.began}


def hops(s):
    """Three titles on two devices, one after the other without a break."""
    first = s.watch("hops", s.world.movie, "TV")
    lasting(first, 6)
    first.play_item(s.world.episode)
    lasting(first, 12)
    first.stop()
    second = s.watch("hops", s.world.movie2, "Phone")
    s.gone(second, 15)
    return {"hopped": s.stops(second)[0].time - first.began}


def double(s):
    """Two screens at once from the third second on."""
    one = s.watch("double", s.world.movie, "TV")
    lasting(one, 3)
    two = s.watch("double", s.world.episode, "Phone")
    s.gone(one, 25)
    s.gone(two, 5)
    return {"doubled": [s.stops(x)[0].time - one.began for x in (one, two)]}


def sits(s):
    """Hopping, a pause shorter than the rest, and pressing play while denied do not help; a rest does."""
    first = s.watch("sits")
    lasting(first, 4)
    first.pause()
    time.sleep(4)
    first.resume()
    time.sleep(4)
    first.stop()
    second = s.watch("sits", s.world.episode, "Phone")
    s.gone(second, 10)
    cut = s.stops(second)[0]
    time.sleep(2)
    denied = s.watch("sits")
    lived = s.gone(denied, 5)
    time.sleep(max(0.0, cut.time + 9 - time.time()))
    rested = s.watch("sits", s.world.movie2)
    s.gone(rested, 20)
    return {"sat": cut.time - first.began - 4, "sat_reason": cut.reason, "denied": lived,
            "denied_reason": s.stops(denied)[0].reason, "rested": s.stops(rested)[0].time - rested.began}


def mia(s):
    """Somebody else on the person's own tablet uses up the person's time."""
    own = s.watch("mia", player="Mia's tablet")
    lasting(own, 3)
    own.stop()
    theirs = s.watch("alice", player="Mia's tablet", machine_id=own.player["machineIdentifier"])
    s.gone(theirs, 10)
    return {"tablet": s.stops(theirs)[0].time - own.began}


def owner(s):
    stream = s.watch("owner", player="Study")
    lasting(stream, 27)
    return {"owner_lives": stream.alive, "owner_stops": s.stops(stream)}


def away(s):
    """The owner's profile, left on the television, while they watch in the study, where they are free."""
    time.sleep(2)
    stream = s.watch("owner", s.world.episode, player="Living room")
    s.gone(stream, 25)
    return {"away": s.stops(stream)[0].time - stream.began}


# ---- what must have come of it ----

@pytest.mark.parametrize("number", range(len(TRIALS)))
def test_it_is_cut_at_the_limit(seen, number):
    trial = seen.trials[number]
    assert abs(trial.after - 20) <= SLACK and trial.status == 200


def test_where_nothing_else_happens_it_is_cut_at_the_limit_too(seen):
    assert abs(seen.alone - 18) <= SLACK


def test_the_reason_names_the_limit_and_when_it_opens_again(seen):
    assert {t.reason for t in seen.trials} == {f"Daily limit of 20 s reached; {seen.back}."}


def test_each_cut_has_one_row_in_the_notification_logs(seen):
    for name in TRIALS:
        rows = [r for r in seen.rows if r[0] == f"Usher: stopped {name}"]
        assert rows == [(f"Usher: stopped {name}", f"First Movie on TV: daily limit of 20 s reached; {seen.back}")]


def test_a_pause_moves_the_cut_by_its_length(seen):
    assert abs(seen.paused - 30) <= SLACK


def test_three_titles_on_two_devices_share_one_budget(seen):
    assert abs(seen.hopped - 20) <= SLACK


def test_two_screens_at_once_use_the_budget_once(seen):
    assert [abs(after - 20) <= SLACK for after in seen.doubled] == [True, True], seen.doubled


def test_the_owner_plays_on(seen):
    assert seen.owner_lives and not seen.owner_stops


def test_the_owners_profile_elsewhere_does_not(seen):
    assert abs(seen.away - 20) <= SLACK


def test_a_sitting_is_cut_whatever_was_hopped_and_paused(seen):
    assert abs(seen.sat - 12) <= SLACK
    assert seen.sat_reason.startswith("Sitting limit of 12 s reached; back at ")


def test_pressing_play_while_denied_does_not_help(seen):
    assert seen.denied < 2 and seen.denied_reason.startswith("Sitting limit of 12 s reached; back at ")


def test_a_rest_gives_a_whole_new_sitting(seen):
    assert abs(seen.rested - 12) <= SLACK


def test_a_persons_device_counts_whoever_uses_it(seen):
    assert abs(seen.tablet - 6) <= SLACK
