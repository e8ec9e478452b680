"""What a test does with a Tautulli, whichever one it is: its API, logs, database, notifiers and newsletters."""
import json
import os
import re
import sqlite3
import uuid

import requests

from .base import HOST, free_port

SCRIPT_AGENT, RECENTLY_ADDED = 15, 0

# Where a world departs from Tautulli's own defaults to save time; World(config=...) can put them back.
FASTER = {"notify_recently_added_delay": 2,            # default 300
          "notify_server_connection_threshold": 2,     # default 60
          "websocket_connection_attempts": 1,          # default 5
          "websocket_connection_timeout": 1}           # default 5


class ApiError(Exception):
    def __init__(self, message, status, data):
        super().__init__(f"{status}: {message}")
        self.message, self.status, self.data = message, status, data


class Tautulli:
    """Base of RealTautulli and StandIn. Each adds start, stop, kill, restart_inside, wait_ready and fire_newsletters.

    `python` is the interpreter that scripts run on, `env` the environment of Tautulli itself."""

    real = False

    def __init__(self, datadir, plex, env=None, python=None, config=None):
        self.datadir, self.plex, self.python = str(datadir), plex, python
        self.config, self.env = dict(config or {}), dict(env or {})
        self.port, self.api_key = free_port(), uuid.uuid4().hex
        self._log_start, self.started_at = 0, 0
        self._http = requests.Session()
        self._http.trust_env = False

    @property
    def url(self):
        root = str(self.config.get("http_root", "")).strip("/")
        return f"http://{HOST}:{self.port}" + (f"/{root}" if root else "")

    def settings(self):
        """What stands in its config.ini, departures from the defaults only."""
        owner = self.plex.people.owner
        return {"first_run_complete": 1, "pms_ip": HOST, "pms_port": self.plex.port, "pms_url": self.plex.url,
                "pms_identifier": self.plex.machine_id, "pms_token": owner.token, "pms_name": self.plex.name,
                "pms_ssl": 0, "pms_platform": "Linux", "pms_plexpass": 1, "pms_uuid": uuid.uuid4().hex,
                "http_host": HOST, "http_port": self.port, "api_enabled": 1, "api_key": self.api_key,
                "launch_browser": 0, "check_github": 0, "check_github_on_startup": 0, "system_analytics": 0,
                "update_show_changelog": 0,
                # its requests to plex.tv are checked against a vendored CA list that no variable can replace
                "verify_ssl_cert": 0, **FASTER, **self.config}

    def write_sections(self, section_of):
        """Write config.ini; section_of(key) names the section of each key."""
        sections = {}
        for key, value in self.settings().items():
            sections.setdefault(section_of(key), []).append(f'{key} = "{value}"')
        os.makedirs(self.datadir, exist_ok=True)
        with open(os.path.join(self.datadir, "config.ini"), "w", encoding="utf-8") as f:
            for name in sorted(sections):
                f.write("\n".join([f"[{name}]", *sections[name], ""]))

    def restart(self, wait=True):
        """Stop it and start it again on the same data."""
        self.stop()
        return self.start(wait)

    def alive(self):
        try:
            return self._http.get(self.url + "/status", timeout=5).ok
        except requests.RequestException:
            return False

    # ---- API, logs, database ----

    def api(self, cmd, check=True, timeout=60, **params):
        """Call an API command, return its data. With check=False also failures return: (status, message, data)."""
        r = self._http.post(f"{self.url}/api/v2", data={"apikey": self.api_key, "cmd": cmd, **params}, timeout=timeout)
        body = r.json()["response"]
        if not check:
            return r.status_code, body.get("message"), body.get("data")
        if body["result"] != "success":
            raise ApiError(body.get("message"), r.status_code, body.get("data"))
        return body["data"]

    def notification_log(self, notifier_id=None, action=None):
        """Rows of the notification log, oldest first."""
        rows = self.api("get_notification_log", length=1000, order_column="timestamp", order_dir="asc")["data"]
        rows.sort(key=lambda r: r["id"])
        return [r for r in rows if notifier_id in (None, r["notifier_id"]) and action in (None, r["notify_action"])]

    @property
    def log_path(self):
        return os.path.join(self.datadir, "logs", "tautulli.log")

    def mark_log(self):
        """From here on log_text() and logs() tell only of what comes now."""
        self._log_start = os.path.getsize(self.log_path) if os.path.exists(self.log_path) else 0

    def log_text(self, all=False):
        """tautulli.log since the last start (or all of it)."""
        try:
            with open(self.log_path, encoding="utf-8", errors="replace") as f:
                if not all and os.path.getsize(self.log_path) >= self._log_start:
                    f.seek(self._log_start)
                return f.read()
        except FileNotFoundError:
            return ""

    def logs(self, pattern=""):
        """The log lines that match a regular expression."""
        return [line for line in self.log_text().splitlines() if re.search(pattern, line)]

    @property
    def db_path(self):
        return os.path.join(self.datadir, "tautulli.db")

    def sql(self, query, *args):
        """Read Tautulli's database directly; a list of dicts."""
        db = sqlite3.connect(f"file:{self.db_path}?mode=ro", uri=True, timeout=10)
        try:
            db.row_factory = sqlite3.Row
            return [dict(r) for r in db.execute(query, args)]
        finally:
            db.close()

    # ---- notifiers and newsletters ----

    def add_script_notifier(self, script, triggers, **kw):
        """Add a Script notification agent; see set_script_notifier(). Returns its id."""
        id = self.api("add_notifier_config", agent_id=SCRIPT_AGENT)["notifier_id"]
        self.set_script_notifier(id, script, triggers, **kw)
        return id

    def set_script_notifier(self, id, script, triggers, folder=None, timeout=30, name="", conditions=None, logic=""):
        """triggers: {"on_play": "script arguments", ...} or a list of actions without arguments;
        conditions: [{"parameter": "user", "operator": "is", "value": ["bob"]}, ...]; logic: e.g. "{1} and {2}"."""
        if not isinstance(triggers, dict):
            triggers = dict.fromkeys(triggers, "")
        params = {"friendly_name": name, "scripts_script_folder": folder or os.path.dirname(script),
                  "scripts_script": script, "scripts_timeout": timeout, "custom_conditions_logic": logic}
        if conditions is not None:
            params["custom_conditions"] = json.dumps(conditions)
        for action in self.api("get_notifier_config", notifier_id=id)["actions"]:
            params[action] = int(action in triggers)
            params[action + "_subject"] = triggers.get(action, "")
        unknown = set(triggers) - set(params)
        if unknown:
            raise ValueError(f"no such triggers: {unknown}")
        self.api("set_notifier_config", notifier_id=id, agent_id=SCRIPT_AGENT, **params)

    def delete_notifier(self, id):
        self.api("delete_notifier", notifier_id=id)

    def add_newsletter(self, notifier_id, subject, cron="* * * * *", libraries=("1",), time_frame=30, units="days",
                       active=1, save_only=0, **config):
        """A 'Recently Added' newsletter that is not e-mailed but handed to a notifier. Returns its id."""
        id = self.api("add_newsletter_config", agent_id=RECENTLY_ADDED)["newsletter_id"]
        options = {"custom_cron": 1, "formatted": 0, "notifier_id": notifier_id, "time_frame": time_frame,
                   "time_frame_units": units, "incl_libraries": list(libraries), "save_only": save_only, **config}
        self.api("set_newsletter_config", newsletter_id=id, agent_id=RECENTLY_ADDED, subject=subject, body="",
                 message="", cron=cron, active=active, friendly_name="", id_name="",
                 **{f"newsletter_config_{k}": v for k, v in options.items()})
        return id

    def notify(self, notifier_id, script_args, subject="", body="", **kw):
        """Trigger one notifier by hand through the API command `notify`."""
        return self.api("notify", notifier_id=notifier_id, subject=subject, body=body, script_args=script_args, **kw)

    def press_test(self, notifier_id, script_args, script=None):
        """The button of a Script agent's Test tab, as its page presses it: where one chooses a script, by default the
        agent's own, and there is neither subject nor body. What Tautulli answers."""
        if script is None:
            script = self.api("get_notifier_config", notifier_id=notifier_id)["config"]["script"]
        with requests.Session() as browser:
            browser.trust_env = False
            page = browser.get(f"{self.url}/settings", timeout=20).text
            token = re.search(r'name="csrf-token" content="([^"]*)"', page)[1]
            pressed = browser.post(f"{self.url}/send_notification", headers={"X-CSRF-Token": token}, timeout=20, data={
                "notifier_id": notifier_id, "subject": "", "body": "", "script": script, "script_args": script_args,
                "notify_action": "test"})
        return pressed.json()
