"""From Plex's notifications to triggers: when the stand-in fires play, pause, resume, stop and the rest.

The rules are those measured on the real one (tests/test_sandbox.py runs on both): a stream is compared with the row
that was written when it was last heard of, so what a player says twice, or while nobody listened, counts as it does
there."""
import json
import threading
import time

from .plexread import Unusable

STREAM_WORDS = ("playing", "paused", "buffering", "stopped", "error")
NEVER_TAKEN_BACK = ("id", "session_key", "stopped", "view_offset")      # of what raw_stream_info remembers


class Events:
    """host: the StandIn. One event after the other; a Plex that hangs holds them all up."""

    def __init__(self, host):
        self.host, self.store, self.plex = host, host.store, host.reader
        self._timers, self._lock = {}, threading.RLock()

    def close(self):
        with self._lock:
            for timer in self._timers.values():
                timer.cancel()
            self._timers.clear()

    def after(self, name, seconds, act, *args):
        """Call act(*args) later, unless the same name is asked for again before; seconds=None takes it back."""
        with self._lock:
            old = self._timers.pop(name, None)
            if old:
                old.cancel()
            if seconds is not None and not self.host.dead.is_set():
                timer = threading.Timer(seconds, self._due, (name, act, args))
                timer.daemon = True
                self._timers[name] = timer
                timer.start()
            return bool(old)

    def _due(self, name, act, args):
        with self._lock:
            self._timers.pop(name, None)
        if not self.host.dead.is_set():
            with self.host.quiet("a callback"):
                act(*args)

    # ---- the table of running sessions ----

    def row(self, key):
        return self.store.one("SELECT * FROM sessions WHERE session_key = ?", key)

    def listed(self, key):
        """The session as Plex lists it now, or None."""
        activity = self.plex.activity()
        return next((s for s in (activity or {}).get("sessions", ()) if s["session_key"] == str(key)), None)

    def write(self, session, notify=True):
        """Put a session of Plex's list into the table; a new one fires play. True if it is new."""
        now = int(time.time())
        keys = {"session_key": int(session["session_key"]), "rating_key": session["rating_key"]}
        new = self.store.put("sessions", keys, {**session, "duration": session["duration"] or 0, "stopped": now,
                                                "raw_stream_info": json.dumps(session)})
        if new:
            started = {"started": now, "initial_stream": self._is_initial(session, now)}
            self.store.put("sessions", keys, started)
            if session["live"]:
                self.store.put("library_sections", {"section_id": 999999}, {
                    "server_id": self.host.plex.machine_id, "section_name": "Live TV", "section_type": "live"})
            if notify:
                self.host.notifiers.put("on_play", {**session, **started})
        return new

    def _is_initial(self, session, now):
        last = self.store.one("SELECT MAX(stopped) AS at FROM sessions_continued WHERE user_id = ? AND machine_id = ? "
                              "AND media_type = ?", session["user_id"], session["machine_id"], session["media_type"])
        return int(now - (last["at"] or 0) >= 15)

    def set(self, key, **values):
        self.store.put("sessions", {"session_key": key}, values)

    def set_paused(self, key, at):
        """Remember since when a stream is paused; what it was paused before goes into the counter."""
        row, now = self.row(key), int(time.time())
        values = {"last_paused": at}
        if row and row["last_paused"] and now > row["last_paused"]:
            values["paused_counter"] = (row["paused_counter"] or 0) + now - row["last_paused"]
        self.set(key, **values)

    # ---- notifications of type "playing" ----

    def playing(self, entry):
        key, state = entry.get("sessionKey", ""), entry.get("state")
        if not key.isdigit() or state not in STREAM_WORDS:
            return
        key, row = int(key), self.row(key)
        if not row:
            if state != "buffering":          # the first other state begins the play
                self._start(key, entry)
            return
        self.after(f"stream {key}", self.host.stale_after, self.vanished, key)
        self._check_watched(row, entry)
        live = entry.get("key", "").split("/")[-1] if entry.get("key", "").startswith("/livetv/sessions") else None
        same = str(entry["ratingKey"]) in (str(row["rating_key"]), row["rating_key_websocket"]) or (
            live is not None and live == row["live_uuid"])
        if same and row["live"] and time.time() - row["stopped"] > 60:
            item = self.plex.item(entry["ratingKey"])
            same = not item or item["guid"] == row["guid"]
        if not same:
            self._stop(key, row, entry, forced=True)
            self._start(key, entry)
            return
        self._same_item(key, row, entry, state)

    def _same_item(self, key, row, entry, state):
        if state == "playing" and time.time() - row["stopped"] > 60:
            self._update(key, entry)
        if state != row["state"]:
            if state == "paused":
                self._pause(key, entry)
                self._fire("on_pause", key)
            elif state == "playing" and row["last_paused"]:
                self.host.log("DEBUG", f"Tautulli ActivityHandler :: Session {key} resumed.")
                self.set_paused(key, None)
                self._update(key, entry)
                self._fire("on_resume", key)
            elif state == "stopped":
                self._stop(key, row, entry)
            elif state == "error":
                self._update(key, entry)
                self._fire("on_error", key)
        elif state == "paused":
            self._pause(key, entry)
        if state == "buffering":
            self._buffer(key, entry)
        if entry.get("transcodeSession", "") != (row["transcode_key"] or "").split("/")[-1] and state != "stopped":
            self._update(key, entry)
            self._fire("on_change", key)

    def _start(self, key, entry):
        session = self.listed(key)
        if session and session["platform"] == "DLNA":      # some of them open a session only to browse
            time.sleep(1)
            session = self.listed(key)
        if not session:
            return
        self.host.log("DEBUG", f"Tautulli ActivityHandler :: Session {key} started by user {session['user_id']} "
                               f"({session['username']}) with ratingKey {session['rating_key']} "
                               f"({session['full_title']}).")
        self.write(self._told(session, entry))
        self.set(key, state=entry["state"], view_offset=entry["viewOffset"], stopped=int(time.time()))
        self.after(f"stream {key}", self.host.stale_after, self.vanished, key)

    @staticmethod
    def _told(session, entry):
        """Plex's list has no rating key for Live TV, the notification has."""
        key = str(entry["ratingKey"])
        return {**session, "rating_key": session["rating_key"] or key, "rating_key_websocket": key}

    def _update(self, key, entry):
        session = self.listed(key)
        if session:
            self.write(self._told(session, entry), notify=False)
        self.set(key, state=entry["state"], view_offset=entry["viewOffset"], stopped=int(time.time()))

    def _pause(self, key, entry):
        self.set_paused(key, int(time.time()))
        self._update(key, entry)

    def _buffer(self, key, entry):
        self.set(key, buffer_count=self.row(key)["buffer_count"] + 1)
        self._update(key, entry)
        row, now = self.row(key), int(time.time())
        since = now - row["buffer_last_triggered"] if row["buffer_last_triggered"] else 0
        enough = row["buffer_count"] >= self.host.setting("buffer_threshold", 10)
        if enough and since == 0 or since >= self.host.setting("buffer_wait", 900):
            self.set(key, buffer_last_triggered=now)
            self._fire("on_buffer", key)

    def _stop(self, key, row, entry, forced=False):
        self.host.log("DEBUG", f"Tautulli ActivityHandler :: Session {key} {'force ' if forced else ''}stopped.")
        self.set_paused(key, None)
        if not forced:
            left = (row["duration"] or 0) - entry["viewOffset"]
            at_end = row["duration"] and left <= 10_000
            self.set(key, state="stopped", stopped=int(time.time()),
                     view_offset=row["duration"] if at_end else entry["viewOffset"])
        self._end(key)

    def vanished(self, key):
        """Nothing was heard of a stream for long: it is over, as of when it was last heard of."""
        if self.row(key):
            self.host.log("INFO", f"Tautulli ActivityHandler :: Removing stale stream with sessionKey {key}")
            self._end(key)

    def _end(self, key):
        row = self.row(key)
        if not self.host.history.write(row):
            self.after(f"stream {key}", 30, self.vanished, key)
            return
        self.host.notifiers.put("on_stop", remembered(row))
        self.after(f"stream {key}", None, None)
        self.store.run("DELETE FROM sessions WHERE id = ?", row["id"])

    def _fire(self, action, key):
        self.host.notifiers.put(action, remembered(self.row(key)))

    def _check_watched(self, row, entry):
        if row["watched"] or entry["state"] == "buffering" or not self.host.history.watched(
                row["media_type"], entry["viewOffset"], row["duration"]):
            return
        self.set(row["session_key"], watched=1)
        self._update(row["session_key"], entry)
        self._fire("on_watched", row["session_key"])

    # ---- notifications of type "timeline": something was added ----

    def timeline(self, entry):
        if entry.get("identifier") != "com.plexapp.plugins.library" or int(entry.get("sectionID") or 0) < 1 \
                or entry.get("state") != 0 or entry.get("metadataState") != "created":
            return
        kinds = {1: "movie", 2: "show", 3: "season", 4: "episode", 8: "artist", 9: "album", 10: "track"}
        kind, key = kinds.get(entry.get("type")), int(entry["itemID"])
        parent, top = int(entry.get("parentItemID") or -1), int(entry.get("rootItemID") or -1)
        if not kind:
            return
        group = {"episode": top, "track": top, "season": parent, "album": parent}.get(kind, key)
        tree = self.host.added.setdefault(group, {})
        if kind in ("season", "album"):
            tree.setdefault(key, set())
        elif kind in ("episode", "track"):
            tree.setdefault(parent, set()).add(key)
        self.after(f"added {group}", self.host.setting("notify_recently_added_delay", 300), self._created, group)

    def _created(self, group):
        tree = self.host.added.pop(group, {})
        for parent, items in tree.items():
            if len(items) > 1:
                self._tell_created(parent, items)
            else:
                for item in items or (parent,):
                    self._tell_created(item)
        if not tree:
            self._tell_created(group)

    def _tell_created(self, key, parts=()):
        item = self.plex.item(key)
        known = self.store.one("SELECT 1 FROM recently_added WHERE rating_key = ?", key) and not parts
        if item and not known:
            self.host.notifiers.put("on_created", timeline=item)
        for k in (key, *parts):
            self.store.put("recently_added", {"rating_key": k}, {})

    # ---- after a pause in listening ----

    def catch_up(self):
        """On every connection: compare the table with Plex's list and fire what was missed."""
        try:
            activity = self.plex.activity()
        except Unusable:
            self.host.log("WARNING", "Tautulli WebSocket :: Attempt to fix by flushing temporary sessions...")
            self.store.run("DELETE FROM sessions")
            return
        self.host.log("DEBUG", "Tautulli Monitor :: Checking for active streams.")
        if activity is None:
            return
        now = {(s["session_key"], s["rating_key"]): s for s in activity["sessions"]}
        for row in self.store.all("SELECT * FROM sessions"):
            session = now.get((str(row["session_key"]), str(row["rating_key"])))
            if session:
                change = (row["state"], session["state"])
                action = {"paused": "on_pause", "error": "on_error"}.get(change[1]) if change[0] != change[1] else None
                action = "on_resume" if change == ("paused", "playing") else action
                if action:
                    self.host.notifiers.put(action, remembered(row))
            else:
                if row["state"] != "stopped":
                    self.host.notifiers.put("on_stop", remembered(row))
                if self.host.history.write(row):
                    self.store.run("DELETE FROM sessions WHERE id = ?", row["id"])
        for session in activity["sessions"]:
            self.write(session)


def remembered(row):
    """A row of the table together with all that Plex told of the session."""
    told = json.loads(row["raw_stream_info"] or "{}")
    return {**row, **{k: v for k, v in told.items() if k not in NEVER_TAKEN_BACK}}
