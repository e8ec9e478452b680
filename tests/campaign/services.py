"""Plex and Tautulli in memory, below `shared.web.Http`: what is asked arrives here, as text, and text goes back."""
import http.client
import json
import os
from datetime import datetime
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import quoteattr
from zoneinfo import ZoneInfo

from shared.jobs.outbox import AGENTS
from shared.web import Answer
from tests.campaign import house

HARD = ("refused", "hang", "500", "garbage", "half", "nothing", "401")   # Usher gets nothing out of it
LIES = ("empty", "lacking")                                              # it cannot know better
STATUS = {"500": 500, "401": 401}


class Services:
    """`modes` has what is wrong with each service now. `rows` are Tautulli's Notification Logs."""

    def __init__(self, world, clock, truth):
        self.world, self.clock, self.truth = world, clock, truth
        self.modes = dict.fromkeys(("plex", "tautulli", "plextv", "smtp", "discord"), "")
        self.asked = dict.fromkeys(self.modes, 0)
        self.rows, self.zone = [], ZoneInfo(house.ZONE)

    def exchange(self, http_, method, target, body, headers, wait, into):
        """In place of Http._exchange."""
        name = "plex" if http_.name == "Plex" else "tautulli"
        self.reach(name, wait)
        parts = urlsplit(target)
        query = {k: v[0] for k, v in parse_qs(parts.query, keep_blank_values=True).items()}
        if name == "plex":
            status, told = self._plex(parts.path, query, headers)
        else:
            form = {k: v[0] for k, v in parse_qs((body or b"").decode(), keep_blank_values=True).items()}
            status, told = self._tautulli(form, wait)
        self.clock.step()       # killed when it is dealt with, but not answered
        if name == "tautulli" and self.modes[name] == "nothing" and b"cmd=get_" not in (body or b""):
            return Answer(500, b""), ""     # "success" is said to questions only
        return self._spoilt(name, status, told), ""

    def reach(self, name, wait):
        """The way there: it takes its time, or leads nowhere."""
        self.clock.step()
        self.asked[name] += 1
        mode = self.modes[name]
        if mode == "refused":
            raise ConnectionRefusedError
        if mode == "hang":
            self.clock.sleep(wait)
            raise TimeoutError
        self.clock.sleep(self.clock.rng.uniform(0.5, 0.8 * wait) if mode == "slow" else 0.02)

    def _spoilt(self, name, status, told):
        mode = self.modes[name]
        body = told.encode("utf-8", "replace")
        if mode in STATUS:
            return Answer(STATUS[mode], b"<html>failed</html>")
        if mode == "garbage":
            return Answer(200, b"<html><body>Welcome to nginx!</body></html>")
        if mode == "nothing":
            return Answer(200, b'{"response": {"result": "success", "message": null, "data": {}}}')
        if mode == "half":
            raise http.client.IncompleteRead(body[: len(body) // 2])
        return Answer(status, body)

    # ---- Plex ----

    def _plex(self, path, query, headers):
        if headers.get("X-Plex-Token") != house.TOKEN:
            return 401, ""
        if self.modes["plex"] in HARD:
            return 200, "<MediaContainer/>"
        if path == "/identity":
            return 200, f'<MediaContainer size="0" machineIdentifier="{house.MACHINE}"/>'
        if path == "/status/sessions":
            return 200, self.sessions()
        if path == "/status/sessions/terminate":
            return (200 if self.terminate(query["sessionId"], query["reason"]) else 404), ""
        return (200, '<MediaContainer size="0"/>') if path in ("/clients", "/resources") else (404, "")

    def sessions(self):
        streams = list(self.truth.open.values())
        if self.modes["plex"] == "empty":
            streams = []
        if self.modes["plex"] == "lacking":
            streams = [stream for stream in streams if stream.number % 2]
        self.world.listed = streams
        inside = "".join(map(self._session, streams))
        return f'<MediaContainer size="{len(streams)}">{inside}</MediaContainer>'

    def _session(self, s):
        p, i = s.person, s.item
        user = 1 if p.kind == "owner" else p.id
        show = f" grandparentTitle={quoteattr(i.show)}" if i.show else ""
        return (
            f'<Video sessionKey="{s.key}" ratingKey="{i.key}" type="{"episode" if i.show else "movie"}" '
            f'title={quoteattr(i.title)}{show} librarySectionTitle="{i.library}" duration="{i.duration * 1000}" '
            f'viewOffset="{int(s.reported(self.clock.now) * 1000)}"><Media bitrate="4000" videoResolution="1080"/>'
            f'<User id="{user}" title={quoteattr(p.name)}/><Player machineIdentifier="{s.player}" '
            f'title="TV of {p.id}" state="{s.state}" address="192.168.1.2" local="1" platform="Roku"/>'
            f'<Session id="{s.session_id}" location="lan" bandwidth="4000"/></Video>')

    def terminate(self, session_id, reason):
        self.truth.attempts.append(self.clock.now)
        stream = next((s for s in self.truth.open.values() if s.session_id == session_id), None)
        if stream is None:
            return False
        if stream.deaf > 0:
            stream.deaf -= 1
            return True
        self.world.cut(stream, reason)
        return True

    # ---- Tautulli ----

    def _tautulli(self, form, wait):
        if form.get("apikey") != house.APIKEY:
            return 401, _failed("Invalid apikey")
        if self.modes["tautulli"] in HARD:
            return 200, ""
        cmd = form["cmd"]
        data = getattr(self, f"_{cmd}")(form)
        if cmd == "notify" and self.modes["tautulli"] == "deafmute":      # it was sent, but nobody hears of it
            self.clock.sleep(wait)
            raise TimeoutError
        if self.modes["tautulli"] == "empty":
            data = {"data": [], "draw": 0} if isinstance(data, dict) and "data" in data else []
        return 200, json.dumps({"response": {"result": "success", "message": None, "data": data}})

    def _get_users(self, form):
        return [{"user_id": p.id, "username": p.name, "friendly_name": p.name, "email": p.email,
                 "is_admin": int(p.kind == "owner"), "is_home_user": int(p.kind in ("home", "managed")),
                 "is_restricted": int(p.kind == "managed"), "is_active": int(p.id in self.world.members)}
                for p in self.world.known.values() if p.id not in self.world.deleted]

    def _get_users_table(self, form):
        last = {}
        for row in self.truth.history:
            last[row["user_id"]] = max(last.get(row["user_id"], 0), row["started"])
        return _table([{"user_id": p.id, "last_seen": last.get(p.id), "keep_history": 1}
                       for p in self.world.known.values() if p.id not in self.world.deleted])

    def _get_activity(self, form):
        if self.modes["plex"] in HARD:
            return {}
        return {"stream_count": str(len(self.truth.open)),
                "sessions": [{"user_id": str(s.person.id)} for s in self.truth.open.values()]}

    def _server_status(self, form):
        return {"connected": self.modes["plex"] not in HARD}

    def _get_server_info(self, form):
        return {"pms_identifier": house.MACHINE, "pms_name": "Plex of the campaign"}

    def _get_plays_by_date(self, form):
        days = sorted({self._day(row["started"]) for row in self.truth.history})
        return {"categories": days, "series": [{"name": "TV", "data": [1] * len(days)}]}

    def _get_history(self, form):
        rows = [row for row in self.truth.history
                if str(row["user_id"]) == form.get("user_id", str(row["user_id"]))
                and self._day(row["started"]) >= form.get("after", "")
                and form.get("section_id") is None]
        live = [self.world.row_of(s) for s in self.truth.open.values()
                if str(s.person.id) == form.get("user_id", str(s.person.id))]
        rows = sorted([*rows, *(live if form.get("include_activity") == "1" else [])], key=lambda r: r["started"],
                      reverse=form.get("order_dir") == "desc")
        start, length = int(form.get("start", 0)), int(form.get("length", 25))
        return {**_table(rows[start: start + length]), "recordsFiltered": len(rows)}

    def _get_library_names(self, form):
        return [{"section_id": n, "section_name": name} for n, name in enumerate(("Movies", "TV", "Horror"), 1)]

    def _delete_user(self, form):
        self.world.deleted.add(int(form["user_id"]))

    def _get_notifiers(self, form):
        return [{"id": house.JOURNAL, "agent_id": 15, "friendly_name": "Usher: journal"}]

    def _get_notifier_config(self, form):
        return {"config": {"script_folder": AGENTS, "script": os.path.join(AGENTS, "journal.py")}}

    def _notify(self, form):
        self.rows.append({"id": len(self.rows) + 1, "timestamp": int(self.clock.machine()), "success": 1,
                          "notifier_id": int(form["notifier_id"]), "subject_text": form["subject"],
                          "body_text": form["body"], "true_at": self.clock.now})
        return {"notification_id": len(self.rows)}

    def _get_notification_log(self, form):
        words = form.get("search", "").casefold()
        found = [row for row in self.rows if words in (row["subject_text"] + row["body_text"]).casefold()]
        return _table(found[::-1][: int(form.get("length", 100))])

    def _terminate_session(self, form):
        return {} if self.terminate(form["session_id"], form["message"]) else {}

    def _day(self, at):
        return datetime.fromtimestamp(at, self.zone).strftime("%Y-%m-%d")


def _table(rows):
    return {"data": rows, "draw": 1, "recordsFiltered": len(rows)}


def _failed(message):
    return json.dumps({"response": {"result": "error", "message": message, "data": {}}})
