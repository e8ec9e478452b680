"""A crowd of viewers that press play, pause and stop as a seeded die falls, and what is true about each of them."""
import time
from dataclasses import dataclass, field

from tests.sandbox.stream import Stream

STOPS = 0.1            # of presses of pause: stop instead
BURSTS, BURST = 0.05, 4                # of presses: somebody plays with the button; how often they go on then


@dataclass(eq=False)
class Viewer:
    """One person with one television. limit: seconds a day, None: more than the run lasts."""
    user: object
    limit: float = None
    streams: list[Stream] = field(default_factory=list)

    @property
    def stream(self):
        """What they watch now."""
        return self.streams[-1] if self.streams and self.streams[-1].alive else None

    def played(self, until=None):
        """The seconds that were really played, up to a moment."""
        return sum(playing(stream, until) for stream in self.streams)


class Crowd:
    """viewers: people on a stage; hand(action, stream): called for everything that a host hears of."""

    def __init__(self, stage, viewers, dice, hand=lambda action, stream: None):
        self.stage, self.viewers, self.dice, self.hand = stage, viewers, dice, hand
        self.pressed, self._again, self._ended = 0, [], set()

    def begin(self, every):
        """Each presses play, one after the other."""
        for viewer in self.viewers:
            self.press(viewer)
            time.sleep(every)

    def storm(self, rate, seconds):
        """So many presses a second, by whoever may still watch, some of them again and again; the seconds that the last
        one came late."""
        begun, late = time.monotonic(), 0.0
        for n in range(int(rate * seconds)):
            late = time.monotonic() - begun - n / rate
            time.sleep(max(0.0, -late))
            self.see_ends()
            free = [v for v in self.viewers if v.stream or not self.is_cut(v)]
            viewer = self._again.pop() if self._again else self.dice.choice(free)
            if not self._again and self.dice.random() < BURSTS:
                self._again = [viewer] * BURST
            self.press(viewer)
        return late

    def press(self, viewer):
        stream, plex = viewer.stream, self.stage.world.plex
        if stream is None:
            if not self.is_cut(viewer):
                player, film = f"{viewer.user.name}'s TV", self.stage.world.movie
                viewer.streams.append(self.stage.watch(viewer.user, film, player=player))
                self._heard("play", viewer.streams[-1])
            return
        to = "paused" if stream.state == "playing" else "playing"
        action = "pause" if to == "paused" else "resume"
        if to == "paused" and self.dice.random() < STOPS:
            action = "stop"

        def go():               # where the server lives: it may have ended the stream in this moment
            if stream.alive:
                stream._stop() if action == "stop" else stream._send(to)
                return True
        if plex.loop.call(go):
            if action == "stop":
                self._ended.add(stream)
            self._heard(action, stream)

    def leave(self, every):
        """Whoever still watches stops."""
        for viewer in self.viewers:
            stream = viewer.stream
            if stream:
                self._ended.add(stream)
                stream.stop()
                self._heard("stop", stream)
                time.sleep(every)
        self.see_ends()

    def see_ends(self):
        """The host hears of a stream that was ended by Usher, too."""
        for viewer in self.viewers:
            for stream in viewer.streams[-1:]:
                if not stream.alive and stream not in self._ended:
                    self._ended.add(stream)
                    self._heard("stop", stream)

    def is_cut(self, viewer):
        return any(t.stream in viewer.streams for t in list(self.stage.world.plex.terminations))

    def cuts(self):
        """(viewer, seconds by which the first request to end their play came late, below 0: early)."""
        told = [(v, [t for t in self.stage.world.plex.terminations if t.stream in v.streams]) for v in self.viewers]
        return [(v, v.played(found[0].time) - v.limit) for v, found in told if found]

    def _heard(self, action, stream):
        self.pressed += 1
        self.hand(action, stream)


def playing(stream, until=None):
    """Seconds for which a stream was playing, up to a moment, by what its player did."""
    end = min(moment for moment in (stream.ended_at, until, time.time()) if moment)
    seconds, since = 0.0, None
    for at, state in [*stream.events, (end, "stopped")]:
        at = min(at, end)
        if since is not None:
            seconds += at - since
        since = at if state == "playing" else None
    return seconds


def turns_of(stream):
    """(moment, state): when it began, paused, went on or ended."""
    found = []
    for at, state in [*stream.events, *([(stream.ended_at, "stopped")] if stream.ended_at else [])]:
        if not found or state != found[-1][1]:
            found.append((at, state))
    return found
