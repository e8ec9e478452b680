"""Rules, and limits on players, places, pauses and unknown players: each ends what it means, with its own message,
within a second of what triggers it, and leaves the viewer beside it alone."""
import time
from types import SimpleNamespace

import pytest

from tests.sandbox.seed import play as row
from tests.scenarios.stage import clock, lasting, stage, together

SLACK = 1.0                             # seconds
WAN = "198.51.100.7"
# name -> what the rule says, how somebody plays what it forbids, how they play what it does not; see begin()
FORBIDDEN = {
    "rating": ("ratings = above PG-13", {"item": "adult"}, {"item": "film"}),
    "library": ("libraries = TV Shows", {"item": "episode"}, {"item": "film"}),
    "device": ("devices = Kitchen *", {"player": "Kitchen TV"}, {"player": "Sofa TV"}),
    "wan": ("location = wan", {"ip": WAN}, {}),
    "relay": ("location = relay", {"ip": WAN, "relayed": 1}, {"ip": WAN}),
    "bitrate": ("bitrate = above 20 Mbps", {"item": "big"}, {"item": "film"}),
    "uhd": ("resolution = 4k", {"item": "big", "transcode": True}, {"item": "film", "transcode": True}),
    "combined": ("ratings = above PG-13\nlocation = wan\ndevices = not Phone", {"item": "adult", "ip": WAN},
                 {"item": "adult", "ip": WAN, "player": "Phone"}),
    "either": ("titles = *Big*, First*\nlibraries = not TV Shows", {"item": "big"}, {"item": "adult"}),
}
PEOPLE = [*FORBIDDEN, "polled", "converts", "third", "tv", "places", "pauses", "fourth", "budget", "opens", "unknown",
          "alerted", "logged", "rehearsed"]
CONFIG = """
[notify]
tautulli_notifiers = {owners}
[person:third]
users = third
max_streams = 2
[person:places]
users = places
max_locations = 1
[person:pauses]
users = pauses
max_paused = 4s
message = Press play again.
[person:unknown]
users = unknown
known_devices_only = yes
""" + "".join(f"""
[rule:{name}]
users = {name}
{text}
message = Not for {name}.
""" for name, text in {
    **{name: text for name, (text, _, _) in FORBIDDEN.items()}, "polled": "resolution = 4k",
    "converts": "transcode = video", "tv": "libraries = TV Shows\nmax_streams = 1",
    "fourth": "media = episode\nlibraries = TV Shows\nmax_plays = 3 per month",
    "budget": "libraries = TV Shows\ndaily = 5s", "opens": "libraries = Movies\nwhen = {begins}-{over}",
    "alerted": "new_device = yes\naction = alert", "logged": "libraries = TV Shows\naction = log",
    "rehearsed": "libraries = TV Shows\ndry_run = yes"}.items())


def play(host):
    with stage(host, "", PEOPLE, tick=3600) as s:
        library, now = s.world.library, int(time.time())
        s.episodes = [s.world.episode, *(library.episode("Some Show", 1, n, f"No. {n}") for n in range(2, 6))]
        s.items = {"film": s.world.movie, "adult": s.world.movie2, "episode": s.world.episode,
                   "big": library.movie("Big Picture", height=2160, bitrate=40_000, content_rating="G")}
        past = [row(s.people["fourth"], e, now - 3600 + n * 600, seconds=300) for n, e in enumerate(s.episodes[:3])]
        past.append(row(s.people["unknown"], s.world.movie, now - 900, seconds=300, machine_id="old-tv"))
        s.world.insert_history(past)
        s.owners = s.world.probe({}, "owners")
        configure(s, 3600)
        s.watch("rating")
        s.until(lambda: s.ask("SELECT 1 FROM meta WHERE key = 'devices_at'") and
                s.ask("SELECT 1 FROM meta WHERE key = 'filled'"), 20, "what Tautulli knows")
        configure(s, 24)
        acts = [polled, converts, third, tv, places, pauses, fourth, budget, opens, unknown, alerted, logged, rehearsed]
        found = together(*(lambda act=act: settled(s, act(s)) for act in acts),
                         *(lambda name=name: settled(s, forbidden(s, name)) for name in FORBIDDEN), every=0.9)
        names = [*(act.__name__ for act in acts), *FORBIDDEN]
        s.until(lambda: {f"Usher: stopped {name}" for name in STOPPED} <= {r[0] for r in s.rows()}, 15, "all rows")
        return SimpleNamespace(rows=s.rows(), told=s.rows(s.owners), **{
            name: SimpleNamespace(**fact) for name, fact in zip(names, found, strict=True)})


def settled(s, fact):
    """The viewers beside it are looked at a while later, and leave: many at once make each look at them dear."""
    time.sleep(2)
    beside = fact.pop("beside")
    fact["untouched"] = [(x.alive, s.stops(x)) for x in beside]
    for stream in beside:
        stream.stop(notify=False)
    return fact


def configure(s, seconds):
    (begins, s.begins), (over, _) = clock(seconds), clock(seconds + 3600)
    s.configure(CONFIG.format(owners=s.owners, begins=begins, over=over))


def begin(s, name, item="film", **kw):
    return s.watch(name, s.items[item], **kw)


def ended(s, stream, timeout=8, since=None):
    return {"after": s.cut(stream, timeout, since), "reason": s.stops(stream)[0].reason}


def forbidden(s, name):
    """The viewer beside is one whom only the timekeeper sees."""
    _, denied, free = FORBIDDEN[name]
    beside = begin(s, name, **{"player": "Bedroom", "notify": False, **free})
    return {**ended(s, begin(s, name, **denied)), "beside": [beside]}


def polled(s):
    """A file that is converted, of which no event tells: the session list tells what comes out."""
    beside = begin(s, "polled", notify=False, transcode=True, player="Bedroom")
    return {**ended(s, begin(s, "polled", "big", notify=False, transcode="video")), "beside": [beside]}


def converts(s):
    stream = begin(s, "converts", transcode="audio")
    beside = begin(s, "converts", transcode="audio", player="Bedroom", notify=False)
    lasting(stream, 4)
    alive, changed = stream.alive, time.time()
    stream.set_transcode("video")
    return {**ended(s, stream, since=changed), "alive": alive, "beside": [beside]}


def third(s):
    """Another title on one of them makes no difference. (The same title on the third might only be moving there.)"""
    beside = [begin(s, "third", player=player) for player in ("One", "Two")]
    lasting(beside[1], 2)
    beside[0].play_item(s.world.episode)
    return {**ended(s, begin(s, "third", "big", player="Three")), "beside": beside}


def tv(s):
    beside = [begin(s, "tv", "episode", player="One"), begin(s, "tv", "film", player="Two", notify=False)]
    lasting(beside[1], 2)
    return {**ended(s, s.watch("tv", s.episodes[4], player="Three")), "beside": beside}


def places(s):
    beside = [begin(s, "places", player="One"), begin(s, "places", player="Two", ip="192.168.1.33")]
    lasting(beside[1], 2)
    return {**ended(s, begin(s, "places", "big", player="Three", ip=WAN)), "beside": beside}


def pauses(s):
    beside, stream = begin(s, "pauses", player="Bedroom"), begin(s, "pauses")
    lasting(stream, 2)
    stream.pause()
    return {**ended(s, stream, since=stream.events[-1][0]), "beside": [beside]}


def fourth(s):
    """The third one, watched on, is no fourth."""
    beside = s.watch("fourth", s.episodes[2], player="Bedroom")
    return {**ended(s, s.watch("fourth", s.episodes[3])), "beside": [beside]}


def budget(s):
    beside = begin(s, "budget", player="Bedroom")
    return {**ended(s, begin(s, "budget", "episode"), 12), "beside": [beside]}


def opens(s):
    """The hours begin in mid-play."""
    beside, stream = begin(s, "opens", "episode", player="Bedroom"), begin(s, "opens")
    return {**ended(s, stream, 40, since=s.begins), "beside": [beside]}


def unknown(s):
    beside = begin(s, "unknown", player="Old TV", machine_id="old-tv")
    return {**ended(s, begin(s, "unknown", player="New TV")), "beside": [beside]}


def alerted(s):
    stream = begin(s, "alerted", player="Strange TV")
    s.wait_row("alerted, alerted", 15)
    again = s.watch("alerted", s.world.episode, player="Strange TV", session_key=stream.stop().key)
    lasting(again, 8)
    return {"beside": [again]}


def logged(s):
    stream = begin(s, "logged", "episode")
    s.wait_row("logged, logged", 15)
    return {"beside": [stream]}


def rehearsed(s):
    stream = begin(s, "rehearsed", "episode")
    s.wait_row("would stop rehearsed", 15)
    lasting(stream, 8)
    return {"beside": [stream]}


# ---- what must have come of it ----

STOPPED = {**{name: f"Not for {name}." for name in [*FORBIDDEN, "polled", "converts"]},
           "tv": "Not for tv.", "fourth": "Not for fourth. Back ", "budget": "Not for budget. Back ",
           "opens": "Not for opens. Back ", "third": "Too many players at once: 2 at most.",
           "places": "Too many places at once: 1 at most.",
           "pauses": "Paused for more than 4 s. Press play to go on. Press play again.",
           "unknown": "This player is not known here yet. Ask for it to be let in."}
# seconds after what triggers it; else at once. One player too many may be one that another one has just left
EXPECTED = {"pauses": 4, "budget": 5, **dict.fromkeys(("third", "tv", "places"), 0.5)}
POLL = 5.0                                  # who keeps time looks so often while nothing happens


@pytest.mark.parametrize("name", STOPPED)
def test_it_is_stopped_in_time_with_its_own_message(seen, name):
    fact = getattr(seen, name)
    late = fact.after - EXPECTED.get(name, 0)
    assert -0.2 <= late <= SLACK + POLL * (name == "polled"), fact
    assert fact.reason.startswith(STOPPED[name]) and ("Back" in fact.reason) == ("Back" in STOPPED[name]), fact


@pytest.mark.parametrize("name", PEOPLE)
def test_the_viewer_beside_it_is_untouched(seen, name):
    assert [x for x in getattr(seen, name).untouched if x != (True, [])] == []


@pytest.mark.parametrize("name", STOPPED)
def test_one_row_tells_of_it(seen, name):
    assert len([r for r in seen.rows if r[0] == f"Usher: stopped {name}"]) == 1


def test_nobody_is_warned_of_what_comes_at_once(seen):
    warned = {r[0].removeprefix("Usher: warned ") for r in seen.rows if "warned" in r[0]}
    assert warned <= {"opens"}


def test_a_conversion_of_the_audio_is_none_of_the_video(seen):
    assert seen.converts.alive


def test_an_alert_is_told_once_and_stops_nobody(seen):
    [row] = [r for r in seen.rows if r[0] == "Usher: alerted, alerted"]
    assert row[1] == "First Movie on Strange TV"
    told = [line for subject, body in seen.told for line in f"{subject}: {body}".split("\n") if "Strange TV" in line]
    assert len(told) == 1


def test_a_log_rule_is_a_row_and_no_message(seen):
    assert len([r for r in seen.rows if r[0] == "Usher: logged, logged"]) == 1
    assert not [r for r in seen.told if "logged" in r[0] + r[1]]


def test_a_rule_that_is_rehearsed_says_what_it_would_do(seen):
    rows = [r for r in seen.rows if "rehearsed" in r[0]]
    assert [r[0] for r in rows] == ["Usher: would stop rehearsed"]
    assert rows[0][1] == "Some Show - Pilot on TV: rehearsed: not allowed. Not for rehearsed."


def test_the_owner_hears_of_an_unknown_player_and_how_to_let_it_in(seen):
    told = [line for subject, body in seen.told for line in f"{subject}: {body}".split("\n") if "New TV" in line]
    assert len(told) == 1 and 'limit_streams.py approve unknown "New TV"' in told[0]
