"""A stand-in for Tautulli: listens to the fake Plex, runs scripts and answers the API as the real one was measured to.

It is not Tautulli and has nothing of it; tests/test_sandbox.py holds the two together by running on both."""
import asyncio
import contextlib
import json
import os
import queue
import threading
import time
import traceback

import aiohttp

from ..base import HOST, wait_for
from ..client import Tautulli
from ..processes import find_python
from .api import Api, section_of
from .events import Events
from .history import History
from .mask import mask
from .newsletters import Newsletters
from .notifiers import Notifiers
from .plexread import PlexReader
from .scripts import Scripts
from .store import Store


class StandIn(Tautulli):
    """stale_after: seconds until a player is taken for gone of which nothing is heard (the real one: 300);
    server_check: seconds between looks whether a Plex that was down is back (the real one: 30); clock: what
    newsletters go by."""

    def __init__(self, datadir, plex, plextv, env=None, python=None, config=None, stale_after=300, server_check=1.0,
                 clock=time.time):
        super().__init__(datadir, plex, env=env, python=find_python(python), config=config)
        self.plextv, self.stale_after, self.server_check, self.clock = plextv, stale_after, server_check, clock
        self.root = "/" + str(self.config["http_root"]).strip("/") if self.config.get("http_root") else ""
        self.home = os.path.join(os.path.dirname(self.datadir), "tautulli")     # where its code would be
        self.dead, self.connected, self.added, self.names = threading.Event(), False, {}, ()
        self.errors, self.sent, self._log_lock = [], [], threading.Lock()
        self.dead.set()
        self.store = self.server = None

    def setting(self, key, default):
        return type(default)(self.settings().get(key, default))

    # ---- life cycle ----

    def write_config(self):
        self.write_sections(section_of)

    def prepare(self):
        """See that there is a database to fill."""
        os.makedirs(self.datadir, exist_ok=True)
        if self.store is None:
            Store(self.db_path).close()

    def start(self, wait=True):
        """wait: True = until it listens to Plex and knows users and libraries, "api" = only the API, False."""
        os.makedirs(os.path.join(self.datadir, "logs"), exist_ok=True)
        os.makedirs(self.home, exist_ok=True)
        if not os.path.exists(os.path.join(self.datadir, "config.ini")):
            self.write_config()
        self.mark_log()
        self.dead, self.connected, self.added = threading.Event(), False, {}
        self.started_at, self._ready = time.time(), threading.Event()
        self.store = Store(self.db_path)
        self.store.put("users", {"user_id": 0}, {"username": "Local"})
        self.reader = PlexReader(self)
        self.history, self.scripts = History(self), Scripts(self)
        self.notifiers, self.events, self.newsletters = Notifiers(self), Events(self), Newsletters(self, self.clock)
        self.server = Api(self.plex.loop, self, self.port).start()
        self._incoming = queue.Queue()
        threading.Thread(target=self._work, args=(self.dead, self._incoming), name="events", daemon=True).start()
        self._listening = self.plex.loop.spawn(self._listen(self.dead, self._incoming))
        if wait:
            self.wait_ready(api_only=wait == "api")
        return self

    def wait_ready(self, timeout=40, api_only=False):
        wait_for(lambda: not self.dead.is_set() and self.alive() and (
            api_only or self.connected and self._ready.is_set()), timeout, what="Tautulli ready")

    def stop(self, timeout=15):
        if self.dead.is_set():
            return
        self.log("INFO", "Tautulli is shutting down...")
        self.dead.set()
        self._listening.cancel()
        self.events.close()
        self.notifiers.close()
        self._incoming.put(None)
        self.server.stop()
        self.errors += [e for _, e in self.server.errors]
        self.connected = False
        self.store.close()

    def kill(self):
        """As after kill -9: nothing more is done or written; scripts live on with broken pipes."""
        self.stop()

    def restart_inside(self, wait=True):
        """Its own restart, by the API command."""
        before = self.dead
        self.api("restart")
        wait_for(lambda: self.dead is not before and not self.dead.is_set(), what="the restart")
        if wait:
            self.wait_ready()

    def fire_newsletters(self):
        """Send every active newsletter now, without waiting for its minute."""
        self.newsletters.fire()

    def sent_elsewhere(self, agent, subject, body):
        """What goes to an agent that is no script is only remembered, in .sent."""
        self.sent.append((agent["id"], subject, body))
        return True

    # ---- listening to Plex ----

    async def _listen(self, dead, incoming):
        """The websocket: hand on what Plex tells, and say when it is gone and when it is back."""
        threshold = self.setting("notify_server_connection_threshold", 60)
        attempts = self.setting("websocket_connection_attempts", 5)
        pause = self.setting("websocket_connection_timeout", 5)
        was_up, down_at = None, None
        while not dead.is_set():
            try:
                async with aiohttp.ClientSession() as http, http.ws_connect(
                        f"http://{HOST}:{self.plex.port}/:/websockets/notifications",
                        headers={"X-Plex-Token": self.plex.people.owner.token}) as socket:
                    self.connected = True
                    incoming.put(("up", down_at and time.time() - down_at >= threshold))
                    was_up, down_at = True, None
                    async for message in socket:
                        if message.type == aiohttp.WSMsgType.TEXT:
                            incoming.put(("told", json.loads(message.data)["NotificationContainer"]))
            except (aiohttp.ClientError, OSError) as e:
                self.log("ERROR", f"Tautulli WebSocket :: {e}.")
            self.connected = False
            if was_up:
                was_up, left = False, attempts - 1
                if await self._again(left, pause):
                    was_up = True
                    continue
                down_at = time.time()
                incoming.put(("down", threshold))
            await asyncio.sleep(self.server_check if was_up is False else 0.1)

    async def _again(self, left, pause):
        """Can one connect again within the given number of attempts?"""
        for n in range(left + 1):
            if n:
                await asyncio.sleep(pause)
            if self.plex.running and not self.plex.severed:
                return True
        return False

    def _work(self, dead, incoming):
        """What was heard, one after the other."""
        while not dead.is_set():
            job = incoming.get()
            if job is None or dead.is_set():
                return
            with self.quiet("an event"):
                self._one(*job)

    def _one(self, what, about):
        if what == "up":
            if not self.events.after("down", None, None) and about:
                self.notifiers.put("on_intup")
            self.events.catch_up()
            if not self._ready.is_set():
                self.reader.refresh_users()
                self.reader.refresh_libraries()
                self.log("INFO", "Tautulli is ready!")
                self._ready.set()
        elif what == "down":
            self.log("INFO", "Tautulli WebSocket :: Unable to get a response from the server, Plex server is down.")
            self.store.run("UPDATE sessions SET stopped = ?", int(time.time()))
            self.events.after("down", about, self.notifiers.put, "on_intdown")
        elif about.get("type") == "playing":
            self.events.playing(about["PlaySessionStateNotification"][0])
        elif about.get("type") == "timeline":
            self.events.timeline(about["TimelineEntry"][0])

    # ---- log ----

    def log(self, level, text):
        """A line of tautulli.log, masked; several lines if the text has them."""
        if self.dead.is_set():
            return
        text = mask(text, (self.api_key, self.plex.people.owner.token), self.names)
        line = f"{time.strftime('%Y-%m-%d %H:%M:%S')} - {level:<7} :: {threading.current_thread().name} : {text}\n"
        with self._log_lock, open(self.log_path, "a", encoding="utf-8", errors="replace") as f:
            f.write(line)

    def bug(self, error, trace):
        """The stand-in failed in a way that no test can want: the world's end will say so."""
        if not self.dead.is_set():
            self.errors.append(error)
            self.log("ERROR", trace)

    @contextlib.contextmanager
    def quiet(self, what):
        """What goes wrong in a background thread is logged, and a bug unless this Tautulli is going down."""
        try:
            yield
        except Exception as e:  # noqa: BLE001 - a thread must go on; the world tells at its end
            self.log("ERROR", f"Failed to process {what}: {e}")
            if type(e).__name__ not in ("Unusable", "HTTPError"):
                self.bug(e, traceback.format_exc())
