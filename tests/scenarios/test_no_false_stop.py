"""What viewers do all the time stops nobody, with limits on players, places, pauses and unknown players; a hundred of
each in one process: tests/test_no_false_stop.py."""
import time
from types import SimpleNamespace

import pytest

from tests.scenarios.stage import lasting, stage, together

CONFIG = """
[everyone]
daily = 1h
max_streams = 2
max_locations = 1
max_paused = 1m
[person:stranger]
users = stranger
known_devices_only = yes
[rule:video]
transcode = video
resolution = 4k
[rule:series]
libraries = TV Shows
max_streams = 1
"""
SECONDS = 14                                # so long everybody goes on
DAILY = ("seeks", "quality", "zaps", "goes_on", "family", "reconnects", "restart")


def play(host):
    parts = together(lambda: daily(host), lambda: restarted(host), every=2)
    return SimpleNamespace(**{k: v for part in parts for k, v in part.items()})


def daily(host):
    with stage(host, CONFIG, [*DAILY, "third"], tick=2) as s:
        episodes = [s.world.episode, *(s.world.library.episode("Some Show", 1, n, f"No. {n}") for n in range(2, 9))]
        acts = {"seeks": seeks, "quality": quality, "zaps": lambda s: zaps(s, episodes),
                "goes_on": lambda s: goes_on(s, episodes), "family": family, "reconnects": reconnects, "third": third}
        found = together(*(lambda act=act: act(s) for act in acts.values()), every=0.5)
        return dict(zip(acts, found, strict=True))


def untouched(s, *streams):
    """(those that were stopped, whether the last one still plays)"""
    return [t.reason for x in streams for t in s.stops(x)], streams[-1].alive


def seeks(s):
    stream = s.watch("seeks")
    for n in range(1, SECONDS):
        lasting(stream, n)
        stream.buffer()
        stream.seek(n * 300_000)
        stream.resume()
    return untouched(s, stream)


def quality(s):
    stream = s.watch("quality", transcode=True)
    for n, what in enumerate((False, "audio", "video", True, False, True), 1):
        lasting(stream, n * 2)
        stream.set_transcode(what)
    return untouched(s, stream)


def zaps(s, episodes):
    """Through one session, and by a new one each time, whose end is known late."""
    other = s.watch("zaps", s.world.movie, player="Phone")
    streams = [s.watch("zaps", episodes[0])]
    for n in range(1, 8):
        lasting(other, n * 1.5)
        if n % 2:
            streams[-1].play_item(episodes[n])
        else:
            streams.append(s.watch("zaps", episodes[n]))
            time.sleep(0.7)
            streams[-2].stop()
    return untouched(s, other, *streams)


def goes_on(s, episodes):
    """The next episode begins by itself, and an hour of pausing is cut short."""
    stream = s.watch("goes_on", episodes[0])
    for n in range(1, 4):
        lasting(stream, n * 3)
        stream.finish()
        stream.play_item(episodes[n])
    stream.pause()
    lasting(stream, SECONDS)
    return untouched(s, stream)


def family(s):
    """Two on one account; one takes the film to another player while the other watches on."""
    one, two = s.watch("family", player="TV"), s.watch("family", s.world.episode, player="Phone")
    lasting(two, 3)
    one.pause()
    time.sleep(1)
    moved = s.watch("family", player="Tablet", offset=one.view_offset)
    lasting(moved, 4)
    one.stop()
    lasting(two, SECONDS)
    return untouched(s, one, two, moved)


def reconnects(s):
    """Same session key, another session id."""
    streams = [s.watch("reconnects")]
    for n in range(1, 5):
        lasting(streams[0], n * 3)
        old = streams[-1].stop(notify=n % 2 == 0)
        streams.append(s.watch("reconnects", session_key=old.key, offset=old.offset))
    return untouched(s, *streams)


def third(s):
    """So that it is seen that somebody would be stopped here."""
    streams = [s.watch("third", item, player=player) for item, player in (
        (s.world.movie, "One"), (s.world.movie2, "Two"), (s.world.episode, "Three"))]
    s.gone(streams[2], 8)
    return {len(s.stops(stream)) for stream in streams[:2]}


def restarted(host):
    """The server is restarted and begins at its first session key again, with other players."""
    with stage(host, CONFIG, ["restart"], tick=2) as s:
        one, two = s.watch("restart", player="TV"), s.watch("restart", s.world.episode, player="Phone")
        lasting(two, 4)
        s.world.plex.down()
        for stream in (one, two):
            stream.stop(notify=False)
        time.sleep(1)
        s.world.plex.up()
        s.until(lambda: s.world.plex.connected, 45, "Tautulli listening to Plex again")
        again = [s.watch("restart", s.world.episode, player="Phone", session_key=one.key),
                 s.watch("restart", player="TV", session_key=two.key)]
        lasting(again[-1], 8)
        return {"restart": untouched(s, one, two, *again)}


# ---- what must have come of it ----

@pytest.mark.parametrize("name", DAILY)
def test_nobody_is_stopped(seen, name):
    assert getattr(seen, name) == ([], True)


def test_a_third_player_is(seen):
    assert seen.third == {0}
