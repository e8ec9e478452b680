"""The stand-in's API: GET or POST /api/v2?apikey=&cmd=, as far as Usher, its installer and the tests need it."""
import asyncio
import json
import platform
import re
import threading
import time
import traceback
import uuid
from datetime import date, timedelta

import requests
from aiohttp import web

from ..base import HttpFake, words
from .plexread import Unusable

NO_ROW = {"user_id": 0, "row_id": 0, "username": "Local", "friendly_name": "Local", "email": "", "is_active": 1,
          "user_thumb": "interfaces/default/images/gravatar-default-80x80.png", "is_admin": "", "is_home_user": 0,
          "is_allow_sync": 0, "is_restricted": 0, "do_notify": 0, "keep_history": 1, "allow_guest": 0,
          "deleted_user": 0, "shared_libraries": [], "last_seen": None}
USER = words("""
    row_id user_id username friendly_name thumb email is_active is_admin is_home_user is_allow_sync is_restricted
    do_notify keep_history allow_guest shared_libraries filter_all filter_movies filter_tv filter_music
    filter_photos""")


class Answer(Exception):
    """What a command says besides data: result "success" or "error", and a message."""

    def __init__(self, ok, message, data=None):
        super().__init__(message)
        self.ok, self.message, self.data = ok, message, data


class Api(HttpFake):
    """A command is a method do_<name>; what it returns is the data, None or False are failures. Faults can be injected
    with fail(), as in the other fakes."""

    def __init__(self, loop, host, port):
        super().__init__(loop)
        self.host, self.port, self.store, self.token = host, port, host.store, uuid.uuid4().hex
        self.commands = sorted(m[3:] for m in dir(self) if m.startswith("do_"))

    def routes(self):
        root = self.host.root
        return [web.route("*", root + "/api/v2", self._handle), web.get(root + "/status", self._status),
                web.get(root + "/settings", self._settings), web.post(root + "/send_notification", self._test)]

    async def _status(self, request):
        return web.json_response({"result": "success", "message": "Ok"})

    async def _settings(self, request):
        """Of the page only what its script needs to be heard."""
        return web.Response(text=f'<meta name="csrf-token" content="{self.token}">', content_type="text/html")

    async def _test(self, request):
        """The button of the Test tab."""
        if request.headers.get("X-CSRF-Token") != self.token:
            return web.json_response({"status": "403 Forbidden"}, status=403)
        form = await request.post()
        agent = self.host.notifiers.config(form.get("notifier_id", ""))
        if not agent:
            return web.json_response({"result": "error", "message": "Invalid notifier id."})
        self.host.notifiers.put_by_hand(agent, *(form.get(k, "") for k in ("subject", "body", "script", "script_args")))
        return web.json_response({"result": "success", "message": "Notification queued."})

    async def _handle(self, request):
        params = dict(request.query)
        if request.method == "POST":
            form = await request.post()
            for key in form:
                values = form.getall(key)
                params[key] = values if len(values) > 1 else values[0]
        status, body = await asyncio.to_thread(self._answer, params)
        return web.Response(status=status, text=json.dumps({"response": body}, ensure_ascii=False),
                            content_type="application/json")

    def _answer(self, params):
        def error(message, status=400):
            return status, {"result": "error", "message": message, "data": {}}
        key, cmd = params.pop("apikey", None), params.pop("cmd", None)
        possible = "Possible commands are: " + ", ".join(self.commands)
        if key is None:
            return error("Parameter apikey is required")
        if cmd is None:
            return error(f"Parameter cmd is required. {possible}")
        if cmd not in self.commands:
            return error(f"Unknown command: {cmd}. {possible}")
        if key != self.host.api_key:
            return error("Invalid apikey")
        params.pop("out_type", None)
        try:
            data = getattr(self, "do_" + cmd)(**params)
        except Answer as a:
            if not a.ok:
                return error(a.message)
            return 200, {"result": "success", "message": a.message, "data": {} if a.data is None else a.data}
        except Exception as e:  # noqa: BLE001 - as the real one: an answer of 500
            self.host.log("ERROR", f"Tautulli APIv2 :: Failed to run {cmd} with {params}: {e}")
            if not isinstance(e, (requests.RequestException, ValueError, KeyError, TypeError)):
                self.host.bug(e, traceback.format_exc())
            return error("Check the logs for errors", 500)
        if data is None:
            return error(None)
        message = data.pop("message", None) or None if isinstance(data, dict) else None     # it takes it for its own
        return 200, {"result": "success", "message": message, "data": data}

    # ---- activity and history ----

    def do_get_activity(self, session_key=None, session_id=None, **_):
        try:
            activity = self.host.reader.activity()
        except Unusable:
            return None
        if activity is None:
            self.host.log("WARNING", "Unable to retrieve data for get_activity.")
            return {}
        if session_key or session_id:
            return next((s for s in activity["sessions"] if s["session_key"] == session_key
                         or session_id and s["session_id"] == session_id), {})
        return activity

    def do_terminate_session(self, session_key="", session_id="", message="", **_):
        def refuse(why):
            raise Answer(False, f"Failed to terminate session: {why}.")
        if not self.host.reader.plex_pass():
            refuse("No Plex Pass subscription")
        if not session_key and not session_id:
            refuse("Invalid session_key (None) or session_id (None)")
        field, value = ("session_key", session_key) if session_key else ("session_id", session_id)
        row = self.store.one(f"SELECT * FROM sessions WHERE {field} = ?", value)
        if not row:
            refuse(f"Invalid session_key ({session_key}) or session_id ({session_id})")
        id = session_id or row["session_id"]
        if not id:
            refuse("Missing session_id")
        self.host.log("INFO", f"Tautulli Pmsconnect :: Terminating session {row['session_key']} (session_id {id}).")
        self.host.reader.terminate(id, message or "The server owner has ended the stream.")
        raise Answer(True, "Session terminated.")

    def do_get_history(self, **params):
        return self.host.history.table(**params)

    def do_get_stream_data(self, row_id="", **_):
        row = self.store.one("SELECT * FROM session_history_media_info WHERE id = ?", row_id)
        names = words("""bitrate video_full_resolution stream_bitrate stream_video_decision stream_audio_decision
                         video_decision audio_decision transcode_decision""")
        return {name: row[name] for name in names if name in row} if row else {}

    def do_get_plays_by_date(self, time_range="30", y_axis="plays", grouping=None, **_):
        days = int(time_range)
        played = dict(map(tuple, (r.values() for r in self.store.all(
            "SELECT date(started, 'unixepoch', 'localtime') AS day, COUNT(*) AS plays FROM session_history "
            "WHERE stopped >= ? GROUP BY day", int(time.time()) - days * 86400))))
        dates = [(date.today() - timedelta(days=n)).isoformat() for n in range(days)][::-1]
        counts = [played.get(day, 0) for day in dates]
        return {"categories": dates, "series": [{"name": "Movies", "data": counts}, {"name": "Total", "data": counts}]}

    def do_get_metadata(self, rating_key="", **_):
        return self.host.reader.item(rating_key) or {}

    def do_search(self, query="", limit="", **_):
        return self.host.reader.search(query, limit)

    # ---- people ----

    def do_get_users(self, **_):
        return [{**{k: r.get(k) for k in USER}, "row_id": r["id"], "friendly_name": r["friendly_name"] or r["username"],
                 "shared_libraries": libraries(r)}
                for r in self.store.all("SELECT * FROM users WHERE deleted_user = 0 ORDER BY id")]

    def do_get_user(self, user_id="", include_last_seen=None, **_):
        r = self.store.one("SELECT * FROM users WHERE user_id = ?", user_id)
        if not r:
            return NO_ROW.copy()
        seen = None
        if include_last_seen in ("1", "true", "True"):
            seen = self.store.one("SELECT MAX(started) AS at FROM session_history WHERE user_id = ?", user_id)["at"]
        return {**{k: r.get(k, NO_ROW[k]) for k in NO_ROW}, "row_id": r["id"], "user_thumb": r["thumb"],
                "friendly_name": r["friendly_name"] or r["username"], "shared_libraries": libraries(r),
                "last_seen": seen}

    def do_get_users_table(self, start=0, length=25, search="", **_):
        rows = self.store.all(
            "SELECT u.*, s.plays, s.duration, s.last_seen, s.history_row_id FROM users u LEFT JOIN (SELECT user_id, "
            "COUNT(*) AS plays, SUM(stopped - started - paused_counter) AS duration, MAX(started) AS last_seen, "
            "MAX(id) AS history_row_id FROM session_history GROUP BY user_id) s ON s.user_id = u.user_id "
            "WHERE u.deleted_user = 0")
        kept = words("user_id username title email do_notify keep_history allow_guest is_active last_seen "
                     "history_row_id")
        found = [{**{k: r[k] for k in kept}, "row_id": r["id"], "friendly_name": r["friendly_name"] or r["username"],
                  "plays": r["plays"] or 0, "duration": r["duration"] or 0} for r in rows]
        return self._page(found, start, length, "friendly_name", "asc", search)

    def do_get_user_names(self, **_):
        return [{k: u[k] for k in ("user_id", "friendly_name")} for u in self.do_get_users()]

    def do_refresh_users_list(self, **_):
        return self._flag(self.host.reader.refresh_users())

    def do_delete_user(self, user_id="", **_):
        self.store.run("DELETE FROM session_history WHERE user_id = ?", user_id)
        self.store.run("UPDATE users SET deleted_user = 1, keep_history = 0, do_notify = 0 WHERE user_id = ?", user_id)
        raise Answer(True, "Deleted user.")

    def do_undelete_user(self, user_id="", **_):
        if not self.store.one("SELECT id FROM users WHERE user_id = ?", user_id):
            raise Answer(False, "Unable to re-add user. Invalid user_id or username.")
        self.store.run("UPDATE users SET deleted_user = 0, keep_history = 1, do_notify = 1 WHERE user_id = ?", user_id)
        raise Answer(True, f"Re-added user with user_id {user_id}.")

    @staticmethod
    def _flag(value):
        raise Flag(value)

    # ---- libraries ----

    def do_get_libraries(self, **_):
        kept = words("section_id section_name section_type agent thumb art count is_active")
        found = []
        for r in self._sections(" WHERE section_type != 'live'"):
            counts = ["parent_count", "child_count"] if r["section_type"] in ("show", "artist") else []
            found.append({k: str(r[k]) if k == "section_id" or k.endswith("count") else r[k] for k in kept + counts})
        return found

    def do_get_library_names(self, **_):
        return [{k: r[k] for k in ("section_id", "section_name", "section_type", "agent")} for r in self._sections()]

    def do_get_libraries_table(self, start=0, length=25, **_):
        rows = []
        for r in self._sections():
            plays = self.store.one(
                "SELECT COUNT(*) AS plays, COALESCE(SUM(stopped - started - paused_counter), 0) AS duration, "
                "MAX(started) AS last_accessed FROM session_history WHERE section_id = ?", r["section_id"])
            rows.append({**{k: v for k, v in r.items() if k not in ("id", "agent", "thumb", "art")}, **plays,
                         "row_id": r["id"], "library_thumb": r["thumb"], "library_art": r["art"]})
        page = rows[int(start):int(start) + int(length)]
        return {"recordsFiltered": len(rows), "recordsTotal": len(rows), "data": page, "draw": 1}

    def do_get_library_media_info(self, section_id="", start=0, length=25, **_):
        items = [i for i in self.host.reader.section_items(section_id)]
        names = words("""
            added_at media_type rating_key parent_rating_key grandparent_rating_key title year media_index
            parent_media_index thumb container bitrate video_codec video_resolution video_framerate audio_codec
            audio_channels file_size""")
        rows = [{**{k: i[k] for k in names}, "section_id": int(section_id), "sort_title": i["title"],
                 "last_played": None, "play_count": None} for i in items]
        rows.sort(key=lambda r: (r["added_at"], int(r["rating_key"])), reverse=True)
        return {"recordsFiltered": len(rows), "recordsTotal": len(rows), "draw": 1, "last_refreshed": None,
                "data": rows[int(start):int(start) + int(length)]}

    def do_refresh_libraries_list(self, **_):
        return self._flag(self.host.reader.refresh_libraries())

    def _sections(self, where=""):
        return self.store.all(f"SELECT * FROM library_sections{where} ORDER BY section_id")

    # ---- notifiers ----

    def do_get_notifiers(self, notify_action=None, **_):
        return self.host.notifiers.list()

    def do_get_notifier_config(self, notifier_id="", **_):
        return self.host.notifiers.config(notifier_id)

    def do_add_notifier_config(self, agent_id="", **_):
        id = self.host.notifiers.add(agent_id)
        if id is None:
            raise Answer(False, "Failed to add notification agent.")
        raise Answer(True, "Added notification agent.", {"notifier_id": id})

    def do_set_notifier_config(self, notifier_id="", agent_id="", **params):
        if str(agent_id) != "15":
            raise Answer(False, "Failed to save notification agent.")
        self.host.notifiers.set(notifier_id, agent_id, **params)
        raise Answer(True, "Saved notification agent.")

    def do_delete_notifier(self, notifier_id="", **_):
        if not str(notifier_id).isdigit():
            raise Answer(False, "Failed to delete notifier.")
        self.store.run("DELETE FROM notifiers WHERE id = ?", notifier_id)
        raise Answer(True, "Notifier deleted successfully.")

    def do_notify(self, notifier_id="", subject="", body="", script_args="", **_):
        if not notifier_id:
            raise Answer(False, "Notification failed: no notifier id provided.")
        agent = self.host.notifiers.config(notifier_id)
        if not agent:
            raise Answer(False, f"Notification failed: invalid notifier_id provided {notifier_id}.")
        row = self.host.notifiers.notify_by_hand(agent, subject, body, script_args)
        if row is None:
            raise Answer(False, "Notification failed.")
        raise Answer(True, "Notification sent.", {"notification_id": row})

    def do_get_notification_log(self, start=0, length=25, order_column="timestamp", order_dir="desc", search="", **_):
        rows = self.store.all("SELECT id, timestamp, session_key, rating_key, user_id, user, notifier_id, agent_id, "
                              "agent_name, notify_action, subject_text, body_text, success FROM notify_log")
        for row in rows:
            row["body_text"] = re.sub(r"\r?\n", "<br />", row["body_text"] or "")
        return self._page(rows, start, length, order_column, order_dir, search)

    @staticmethod
    def _page(rows, start, length, column, direction, search=""):
        found = [r for r in rows if search.lower() in " ".join(map(str, r.values())).lower()]
        found.sort(key=lambda r: (r[column] is not None, r[column]), reverse=direction != "asc")
        return {"recordsFiltered": len(found), "recordsTotal": len(rows), "draw": 1,
                "data": found[int(start):int(start) + int(length)]}

    # ---- newsletters ----

    def do_get_newsletters(self, **_):
        return self.host.newsletters.list()

    def do_get_newsletter_config(self, newsletter_id="", **_):
        return self.host.newsletters.config(newsletter_id)

    def do_add_newsletter_config(self, agent_id="", **_):
        id = self.host.newsletters.add(agent_id)
        if id is None:
            raise Answer(False, "Failed to add newsletter.")
        raise Answer(True, "Added newsletter.", {"newsletter_id": id})

    def do_set_newsletter_config(self, newsletter_id="", agent_id="", **params):
        if str(agent_id) != "0":
            raise Answer(False, "Failed to save newsletter.")
        self.host.newsletters.set(newsletter_id, params)
        raise Answer(True, "Saved newsletter.")

    def do_delete_newsletter(self, newsletter_id="", **_):
        self.store.run("DELETE FROM newsletters WHERE id = ?", newsletter_id)
        raise Answer(True, "Newsletter deleted successfully.")

    def do_notify_newsletter(self, newsletter_id="", subject="", body="", message="", **_):
        if not newsletter_id:
            raise Answer(False, "Newsletter failed: no newsletter id provided.")
        if not self.host.newsletters.config(newsletter_id):
            raise Answer(False, f"Newsletter failed: invalid newsletter_id provided {newsletter_id}.")
        if not self.host.newsletters.send(int(newsletter_id), "api", subject, body, message):
            raise Answer(False, "Newsletter failed.")
        raise Answer(True, "Newsletter sent.", {"newsletter_notification_id": True})

    def do_get_newsletter_log(self, start=0, length=25, order_column="timestamp", order_dir="desc", **_):
        return self._page(self.store.all("SELECT * FROM newsletter_log"), start, length, order_column, order_dir)

    # ---- itself ----

    def do_status(self, **_):
        raise Answer(True, "Ok")

    def do_server_status(self, **_):
        return {"connected": self.host.connected}

    def do_get_settings(self, key="", **_):
        sections = {"General": {}, "PMS": {}, "Monitoring": {}, "Advanced": {}}
        for name, value in {**self.host.settings(), "http_root": self.host.root}.items():
            sections[section_of(name)][name] = None if name == "pms_token" else value
        return sections.get(key) if key else sections

    def do_get_server_info(self, **_):
        s = self.host.settings()
        return {**{k: s[k] for k in ("pms_name", "pms_platform", "pms_ip", "pms_port", "pms_ssl", "pms_url",
                                     "pms_identifier", "pms_plexpass")},
                "pms_version": self.host.plex._identity_attrs()["version"], "pms_url_manual": 0}

    def do_get_server_identity(self, **_):
        e = self.host.reader.identity()
        return None if e is None else {"machine_identifier": e.get("machineIdentifier"), "version": e.get("version")}

    def do_get_tautulli_info(self, **_):
        return {"tautulli_install_type": "git", "tautulli_version": "v2.17.2", "tautulli_branch": "master",
                "tautulli_commit": "0" * 40, "tautulli_platform": platform.system(),
                "tautulli_platform_release": platform.release(), "tautulli_python_version": platform.python_version()}

    def do_get_logs(self, regex="", start=0, end=0, order="desc", **_):
        rows = [dict(zip(("time", "loglevel", "thread", "msg"), m.groups(), strict=True)) for m in (
            re.match(r"(\S+ \S+ )- (\w+) +:: (.*?) : (.*)", line) for line in self.host.log_text(all=True).splitlines())
            if m and re.search(regex, m[0])]
        rows = rows[::-1] if order == "desc" else rows
        return rows[int(start):int(end)] if int(start) or int(end) else rows

    def do_restart(self, **_):
        timer = threading.Timer(0.3, self.host.restart, (False,))
        timer.daemon = True
        timer.start()
        raise Answer(True, "Restarting Tautulli")


class Flag(Answer):
    """true or false as data, both of them a success."""

    def __init__(self, value):
        super().__init__(True, None, value)


def libraries(row):
    return [s for s in (row["shared_libraries"] or "").split(";") if s]


def section_of(key):
    """The section of config.ini in which a setting stands, as far as somebody looks there."""
    if key.startswith("pms_") and key != "pms_timeout":
        return "PMS"
    if key.startswith(("notify_", "logging_", "buffer_")) or key.endswith("_percent"):
        return "Monitoring"
    if key.startswith(("websocket_", "session_", "notification_", "system_", "verify_", "allow_mounted", "pms_timeout",
                       "config_version")):
        return "Advanced"
    return "General"
