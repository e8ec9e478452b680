"""The stand-in's notification agents: their configuration, the queue, global and custom conditions, the log of rows."""
import json
import os
import queue
import threading
import time

from ..base import words
from . import template
from .plexread import Unusable
from .store import ACTIONS

SCRIPT = {"agent_id": 15, "agent_name": "scripts", "agent_label": "Script"}
NO_CONDITIONS = [{"parameter": "", "operator": "", "value": [], "type": None}]
NUMBERS = words("""
    user_id streams user_streams stream_duration stream_duration_sec remaining_duration progress_duration
    progress_percent duration year session_key rating_key stream_bandwidth season_num episode_num""")
OPERATORS = {"contains": lambda v, c: any(x in v for x in c),
             "does not contain": lambda v, c: all(x not in v for x in c),
             "is": lambda v, c: v in c, "is not": lambda v, c: v not in c,
             "begins with": lambda v, c: v.startswith(tuple(c)), "ends with": lambda v, c: v.endswith(tuple(c)),
             "is greater than": lambda v, c: any(v > x for x in c), "is less than": lambda v, c: any(v < x for x in c)}


class Notifiers:
    """Two threads work the queue off, as in Tautulli: what comes first need not be started first."""

    def __init__(self, host):
        self.host, self.store = host, host.store
        self._queue = queue.Queue()
        for n in range(host.setting("notification_threads", 2)):
            threading.Thread(target=self._work, args=(host.dead,), name=f"notify-{n}", daemon=True).start()

    def put(self, action, stream=None, timeline=None):
        """Something happened: later fire the agents that have this trigger."""
        self._queue.put((action, stream, timeline))

    def put_by_hand(self, agent, subject, body, script, script_args):
        """A test from the web page: the script that was chosen there is run, not the agent's own."""
        chosen = {**agent, "config": {**agent["config"], "script": script}}
        self._queue.put((self._tested, chosen, subject, body, script_args))

    def _tested(self, agent, subject, body, script_args):
        try:
            self.notify_by_hand(agent, subject, body, script_args, "test")
        except ValueError as e:
            self.host.log("ERROR", f"Tautulli NotificationHandler :: Notification thread exception: {e}")

    def close(self):
        for _ in range(self.host.setting("notification_threads", 2)):
            self._queue.put(None)

    def _work(self, dead):
        while not dead.is_set():
            job = self._queue.get()
            if job is None:
                return
            with self.host.quiet("a notification"):
                if callable(job[0]):
                    job[0](*job[1:])
                else:
                    self._each(*job)

    def _each(self, action, stream, timeline):
        agents = self.store.all(f"SELECT * FROM notifiers WHERE {action} = 1")
        told = stream or timeline
        if agents and self._worth_it(action, stream):
            parameters = template.media(self.host, action, self._details(told)) if told else \
                template.server(self.host, action)
            for agent in agents:
                if action == "on_watched" and self._was_told(agent, action, stream):
                    continue
                if conditions_hold(agent, parameters):
                    self.notify(self.config(agent["id"]), action, told or {}, parameters)
        if action == "on_play":
            self.put("on_concurrent", dict(stream))
            self.put("on_newdevice", dict(stream))

    def _details(self, told):
        """What the session's last update left out is read from the library."""
        item = self.host.reader.item(told["rating_key"]) if str(told.get("rating_key", "")).isdigit() else None
        return {**(item or {}), **{k: v for k, v in told.items() if v not in ("", None)}}

    def _was_told(self, agent, action, stream):
        return self.store.one("SELECT 1 FROM notify_log WHERE notifier_id = ? AND notify_action = ? AND "
                              "session_key = ? AND rating_key = ? AND user_id = ?", agent["id"], action,
                              stream["session_key"], stream["rating_key"], stream["user_id"])

    def _worth_it(self, action, stream):
        """The global conditions of a trigger."""
        if not stream:
            return True
        if action == "on_concurrent":
            try:
                sessions = (self.host.reader.activity() or {}).get("sessions", ())
            except Unusable:
                return False
            mine = [s for s in sessions if s["user_id"] == stream["user_id"]]
            return len(mine) >= self.host.setting("notify_concurrent_threshold", 2)
        if action == "on_newdevice":
            known = "SELECT user_id, machine_id FROM session_history"
            if self.host.setting("notify_new_device_initial_only", 1):
                known += " UNION SELECT user_id, machine_id FROM sessions_continued"
            return not self.store.one(f"SELECT 1 FROM ({known}) WHERE user_id = ? AND machine_id = ?",
                                      stream["user_id"], stream["machine_id"])
        kind = stream["media_type"]
        if kind == "track":
            return True
        if kind not in ("movie", "episode", "clip"):
            return False
        length = int(stream["duration"] or 0)
        percent = 100 * int(stream["view_offset"] or 0) / length if length else 0
        if self.host.setting("notify_consecutive", 1):
            return True
        if action == "on_stop":
            return kind != "clip" and percent < 85
        return action != "on_resume" or percent < 99

    def notify(self, agent, action, told, parameters):
        """Run one agent for one trigger; the row says success as soon as the script was launched."""
        text = agent["notify_text"][action]
        line = template.clean(text["subject"], parameters.get("media_type", ""))
        args = template.arguments(line, parameters, self.host.log)
        return self._launch(agent, action, line, template.clean(text["body"]), args, told, parameters.get("user_id"))

    def notify_by_hand(self, agent, subject, body, script_args, action="api"):
        """The API command `notify`: subject and body as they are, the arguments only split. A row's id, or None.
        Raises ValueError if the arguments cannot be split."""
        args = script_args if isinstance(script_args, list) else template.shlex.split(script_args)
        return self._launch(agent, action, subject, body, args, {}, None)

    def _launch(self, agent, action, subject, body, args, told, user_id):
        self.host.log("INFO", "Tautulli NotificationHandler :: Preparing notification for notifier_id "
                              f"{agent['id']}.")
        row = self.store.insert("notify_log", {
            **{k: told.get(k) for k in ("session_key", "rating_key", "user_id", "parent_rating_key",
                                        "grandparent_rating_key", "user")},
            "timestamp": int(time.time()), "notifier_id": agent["id"], "agent_id": agent["agent_id"],
            "agent_name": agent["agent_name"], "notify_action": action, "subject_text": subject, "body_text": body,
            "script_args": json.dumps(args) if args else None})
        if agent["agent_id"] == SCRIPT["agent_id"]:
            done = self.host.scripts.run(agent["config"], args, user_id, action.split("on_")[-1])
        else:
            done = self.host.sent_elsewhere(agent, subject, body)
        if done:
            self.store.put("notify_log", {"id": row}, {"success": 1})
            return row
        return None

    # ---- configuration ----

    def add(self, agent_id):
        """A new agent without triggers. Its id, or None if there is no such kind."""
        kinds = {15: SCRIPT, 25: {"agent_id": 25, "agent_name": "webhook", "agent_label": "Webhook"}}
        if not str(agent_id).isdigit() or int(agent_id) not in kinds:
            return None
        return self.store.insert("notifiers", {
            **kinds[int(agent_id)], "friendly_name": "", "notifier_config": json.dumps(script_config({})),
            "custom_conditions": json.dumps(NO_CONDITIONS), "custom_conditions_logic": "",
            **{f"{a}_{part}": "" for a in ACTIONS for part in ("subject", "body")}})

    def set(self, id, agent_id=None, friendly_name="", custom_conditions=None, custom_conditions_logic="", **params):
        """Settings of the agent that are not given go back to their defaults, triggers that are not given stay."""
        actions = {k: v for k, v in params.items() if k.removesuffix("_subject").removesuffix("_body") in ACTIONS}
        for action in ACTIONS:
            if action in actions:
                actions[action] = int(actions[action] or 0)
        config = {k[len("scripts_"):]: v for k, v in params.items() if k.startswith("scripts_")}
        conditions = json.loads(custom_conditions) if custom_conditions else NO_CONDITIONS
        for c in conditions:
            c["type"] = ("int" if c["parameter"] in NUMBERS else "str") if c["parameter"] else None
        self.store.put("notifiers", {"id": int(id)}, {
            **SCRIPT, "friendly_name": friendly_name, "notifier_config": json.dumps(script_config(config)),
            "custom_conditions": json.dumps(conditions), "custom_conditions_logic": custom_conditions_logic, **actions})
        self.host.log("INFO", f"Tautulli Notifiers :: Updated notification agent: Script (notifier_id {id}).")

    def config(self, id):
        """The data of get_notifier_config, or None."""
        row = self.store.one("SELECT * FROM notifiers WHERE id = ?", int(id)) if str(id).isdigit() else None
        if not row:
            return None
        config = json.loads(row["notifier_config"])
        found = {"": ""}
        for folder, _, files in os.walk(config["script_folder"] or os.devnull):
            for name in files:
                if os.path.splitext(name)[1] in (".py", ".sh", ".bat", ".cmd", ".php", ".pl", ".ps1", ".pyw", ".rb"):
                    found[os.path.join(folder, name)] = os.path.join(
                        os.path.relpath(folder, config["script_folder"]), name)
        options = [{"label": "Script Folder", "value": config["script_folder"], "name": "scripts_script_folder",
                    "input_type": "text", "refresh": True},
                   {"label": "Script File", "value": config["script"], "name": "scripts_script",
                    "input_type": "select", "select_options": found},
                   {"label": "Script Timeout", "value": config["timeout"], "name": "scripts_timeout",
                    "input_type": "number"}]
        return {**{k: row[k] for k in ("id", "agent_id", "agent_name", "agent_label", "friendly_name")},
                "custom_conditions": json.loads(row["custom_conditions"]),
                "custom_conditions_logic": row["custom_conditions_logic"], "config": config, "config_options": options,
                "actions": {a: row[a] for a in ACTIONS},
                "notify_text": {a: {p: row[f"{a}_{p}"] or "" for p in ("subject", "body")} for a in ACTIONS}}

    def list(self):
        rows = self.store.all(
            "SELECT n.*, MAX(l.timestamp) AS last_triggered, l.success AS last_success FROM notifiers n "
            "LEFT JOIN notify_log l ON l.notifier_id = n.id GROUP BY n.id")
        return [{**{k: r[k] for k in ("id", "agent_id", "agent_name", "agent_label", "friendly_name",
                                      "last_triggered", "last_success")},
                 "active": int(any(r[a] for a in ACTIONS))} for r in rows]


def script_config(given):
    return {"script_folder": given.get("script_folder", ""), "script": given.get("script", ""),
            "timeout": int(given.get("timeout") or 0) if "timeout" in given else 30}


def conditions_hold(agent, parameters):
    """Custom conditions; `logic` such as "{1} and ({2} or {3})" joins them, without it all must hold."""
    found = []
    for c in json.loads(agent["custom_conditions"]):
        values = c["value"] if isinstance(c["value"], list) else [c["value"]]
        if not c["parameter"] or not c["operator"] or not values:
            found.append(True)
            continue
        number = c["type"] == "int"
        convert = (lambda v: int(v or 0)) if number else (lambda v: "" if v == "~" else str(v).strip().lower())
        value = parameters.get(c["parameter"], "")
        found.append(OPERATORS[c["operator"]](convert(value), [convert(v) for v in values]))
    logic = agent["custom_conditions_logic"]
    if not logic:
        return all(found)
    words = {f"{{{n}}}": str(v) for n, v in enumerate(found, 1)}
    for name, value in words.items():
        logic = logic.replace(name, value)
    if set(logic.replace("(", " ").replace(")", " ").split()) - {"and", "or", "True", "False"}:
        return False
    return bool(eval(logic, {"__builtins__": {}}))
