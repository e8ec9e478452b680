"""One playback on the fake Plex Media Server, and what the server tells of it. Made by FakePlex.start_stream()."""
import asyncio
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .base import el
from .model import Item, User, digest

if TYPE_CHECKING:
    from .plex import FakePlex

ODD = {"no-user": "no <User> element", "empty-user": "a <User> without id and title", "no-player": "no <Player>",
       "no-session": "no <Session> element, so no session id", "dlna": "the player says product DLNA, no platform"}
DLNA = {"product": "DLNA", "platform": "", "platformVersion": "", "device": "", "profile": "Generic", "version": ""}


@dataclass(eq=False)
class Stream:
    """One playback session; made by FakePlex.start_stream. The methods act like the viewer's app would.
    Plex knows `reported`, the offset of the player's last report; `view_offset` is where the player really is."""
    plex: "FakePlex"
    key: int                      # session key, small integer
    id: str                       # session id, what terminate needs
    user: User
    item: Item
    player: dict
    transcode: bool | str = False  # True: video and audio; "video" or "audio": only that
    state: str = "playing"
    location: str = "lan"
    bandwidth: int = 8000
    rate: float = 1.0             # how fast viewOffset moves
    offset: int = 0
    since: float = field(default_factory=time.time)
    ended_at: float = None
    events: list = field(default_factory=list)     # (time, state) of every notification sent
    odd: frozenset = frozenset()                   # see ODD
    ignores_stop: bool = False                     # terminate answers 200, and the player plays on
    remote_control: bool = False                   # the player takes commands of Plex Companion
    terminate_delay: float = None                  # None: the server's
    reported: int = 0
    reported_at: int = 0

    @property
    def transcode_key(self):
        return digest("transcode", self.id, self.transcode) if self.transcode else ""

    @property
    def converted(self):
        """What is transcoded."""
        return {False: (), True: ("video", "audio")}.get(self.transcode) or tuple(filter(None, [self.transcode]))

    @property
    def view_offset(self):
        moved = (time.time() - self.since) * 1000 * self.rate if self.state == "playing" else 0
        return int(min(self.item.duration, self.offset + moved))

    def _set(self, state, offset=None):
        self.offset = self.view_offset if offset is None else int(offset)
        self.since, self.state = time.time(), state
        self._report()

    def _report(self):
        self.reported, self.reported_at = self.view_offset, self.plex.now()

    def _every(self, seconds, act):
        """Call act() every seconds() while the stream lives and is playing or paused and the server is up."""
        def go():
            if self.alive:
                if self.plex.running and self.state in ("playing", "paused"):
                    act()
                self._every(seconds, act)
        asyncio.get_running_loop().call_later(seconds(), go)

    def send(self, state, offset=None):
        """Go to `state` and say so on the websocket."""
        self.plex.loop.call(self._send, state, offset)
        return self

    def _send(self, state, offset=None):
        self._set(state, offset)
        self.plex._notify_playing(self)

    def pause(self):
        return self.send("paused")

    def resume(self):
        return self.send("playing")

    def buffer(self):
        return self.send("buffering")

    def error(self):
        return self.send("error")

    def seek(self, offset_ms):
        return self.send(self.state, offset_ms)

    def finish(self):
        """Jump to the last second, keep playing."""
        return self.seek(self.item.duration - 1000)

    def play_item(self, item):
        """Change to another item within the same session key (autoplay of the next episode on some clients)."""
        def go():
            self.item = item
            self._send("playing", 0)
        self.plex.loop.call(go)
        return self

    def set_transcode(self, what):
        """Change the transcode decision mid-stream (Tautulli: on_change); what: as `transcode`."""
        self.transcode = what
        return self.send(self.state)

    def stop(self, notify=True):
        """End the session; notify=False: it just vanishes, as when an app crashes."""
        self.plex.loop.call(self._stop, notify)
        return self

    def _stop(self, notify=True):
        if self.ended_at:
            return
        self._set("stopped")
        self.ended_at = time.time()
        self.plex.streams.remove(self)
        if notify:
            self.plex._notify_playing(self)

    @property
    def alive(self):
        return self.ended_at is None

    def xml(self):
        uid = 1 if self.user.kind == "owner" else self.user.id
        e = el(self.item.tag, {**self.item.attrs(), "key": self.item.play_path, "sessionKey": self.key,
                               "ratingKey": None if self.item.live else self.item.key, "viewOffset": self.reported,
                               "lastViewedAt": self.reported_at})
        e.append(self.item.media(self.converted))
        e.extend(self.item.tags())
        if "no-user" not in self.odd:
            e.append(el("User", {} if "empty-user" in self.odd else
                        {"id": uid, "title": self.user.name, "thumb": self.user.thumb}))
        if "no-player" not in self.odd:
            e.append(el("Player", {**self.player, "state": self.state, "local": self.location == "lan", "userID": uid}))
        if "no-session" not in self.odd:
            e.append(el("Session", id=self.id, bandwidth=self.bandwidth, location=self.location))
        if self.transcode:
            e.append(el("TranscodeSession", key=f"/transcode/sessions/{self.transcode_key}", throttled=0, complete=0,
                        progress="12.5", size=-22, speed="3.1", error=0, duration=self.item.duration,
                        context="streaming", sourceVideoCodec="h264", sourceAudioCodec="aac",
                        **{f"{w}Decision": "transcode" if w in self.converted else "copy" for w in ("video", "audio")},
                        protocol="dash", container="mp4",
                        videoCodec="h264", audioCodec="opus", audioChannels=2, transcodeHwRequested=0,
                        transcodeHwFullPipeline=0, maxOffsetAvailable="60.0", minOffsetAvailable="0.0"))
        return e
