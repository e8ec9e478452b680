"""The stand-in's newsletters: the one timer there is. At their minute they run a script notifier."""
import json
import os
import shlex
import threading
import time
import uuid

from . import template
from .scripts import wait_until

RECENTLY_ADDED = {"agent_id": 0, "agent_name": "recently_added", "agent_label": "Recently Added"}
CONFIG = {"custom_cron": 0, "time_frame": 7, "time_frame_units": "days", "formatted": 1, "threaded": 0,
          "notifier_id": 0, "filename": "", "save_only": 0, "incl_libraries": []}
EMAIL = {"from_name": "Tautulli Newsletter", "from": "", "to": [], "cc": [], "bcc": [], "smtp_server": "",
         "smtp_port": 465, "smtp_user": "", "smtp_password": "", "tls": 2, "html_support": 1, "notifier_id": 0}


class Newsletters:
    """clock: a function that tells the time, in seconds since 1970."""

    def __init__(self, host, clock=time.time):
        self.host, self.store, self.clock = host, host.store, clock
        threading.Thread(target=self._tick, args=(host.dead,), name="newsletters", daemon=True).start()

    def _tick(self, dead):
        minute = int(self.clock() // 60) + 1
        while wait_until(time.time() + minute * 60 - self.clock(), dead):
            with self.host.quiet("a newsletter"):
                self.fire(minute * 60)
            minute = max(minute, int(self.clock() // 60)) + 1

    def fire(self, moment=None):
        """Send the active newsletters that are due at that second (None: all of them). How many there were."""
        due = [n for n in self.store.all("SELECT * FROM newsletters WHERE active = 1")
               if moment is None or due_at(n["cron"], time.localtime(moment))]
        for newsletter in due:
            self.send(newsletter["id"], "on_cron")
        return len(due)

    def send(self, id, action, subject="", body="", message=""):
        """True if it was sent: there is something new in its libraries, and its notifier could be started."""
        told, now = self.config(id), self.clock()
        config = told["config"]
        span = {"hours": 3600, "days": 86400, "months": 30 * 86400}[config["time_frame_units"]] * config["time_frame"]
        first, last = (time.strftime("%Y-%m-%d", time.localtime(t)) for t in (now - span, now))
        words = {"server_name": self.host.plex.name, "newsletter_id": id, "newsletter_uuid": uuid.uuid4().hex[:8],
                 "start_date": first, "end_date": last, "newsletter_id_name": told["id_name"]}
        subject, body = (template.Formatter().format(t, **words) for t in (subject or told["subject"],
                                                                           body or told["body"]))
        log = self.host.log
        name = config["filename"] or f"newsletter_{first}-{last}_{words['newsletter_uuid']}.html".replace("-", "")
        row = self.store.insert("newsletter_log", {
            **RECENTLY_ADDED, "timestamp": int(now), "newsletter_id": id, "notify_action": action,
            "subject_text": subject, "body_text": body, "message_text": message or told["message"], "filename": name,
            "start_date": first, "end_date": last, "uuid": words["newsletter_uuid"]})
        titles = [i["title"] for section in config["incl_libraries"] for i in self.host.reader.section_items(section)
                  if i["media_type"] in ("movie", "show", "artist") and int(i["added_at"] or 0) >= now - span]
        if not titles:
            log("WARNING", "Tautulli Newsletters :: Recently Added newsletter has no data. Newsletter not sent.")
            return False
        folder = os.path.join(self.host.datadir, "newsletters")
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, name), "w", encoding="utf-8") as f:
            f.write("<html><body><ul>" + "".join(f"<li>{t}</li>" for t in titles) + "</ul></body></html>\n")
        agent = self.host.notifiers.config(config["notifier_id"])
        if not config["save_only"] and (config["formatted"] or not agent
                                        or not self.host.scripts.run(agent["config"], shlex.split(subject))):
            return False
        self.store.put("newsletter_log", {"id": row}, {"success": 1})
        return True

    # ---- configuration ----

    def add(self, agent_id):
        if str(agent_id) != "0":
            return None
        return self.store.insert("newsletters", {
            **RECENTLY_ADDED, "id_name": "", "friendly_name": "", "newsletter_config": json.dumps(CONFIG),
            "email_config": json.dumps(EMAIL), "subject": "Recently Added to {server_name}! ({end_date})",
            "body": "View the newsletter here: {newsletter_url}", "message": ""})

    def set(self, id, params):
        """Raises KeyError without subject, body and message."""
        given = {k[len("newsletter_config_"):]: v for k, v in params.items() if k.startswith("newsletter_config_")}
        config = {**CONFIG, **{k: v for k, v in given.items() if k in CONFIG}}
        for k, default in CONFIG.items():
            if isinstance(default, int):
                config[k] = int(config[k] or 0)
            elif isinstance(default, list) and not isinstance(config[k], list):
                config[k] = [v.strip() for v in str(config[k]).split(",") if v.strip()]
        self.store.put("newsletters", {"id": int(id)}, {
            **RECENTLY_ADDED, **{k: params.get(k, "") for k in ("id_name", "friendly_name")},
            **{k: params[k] for k in ("subject", "body", "message")}, "newsletter_config": json.dumps(config),
            "email_config": json.dumps(EMAIL), "cron": params.get("cron"), "active": int(params.get("active") or 0)})

    def config(self, id):
        row = self.store.one("SELECT * FROM newsletters WHERE id = ?", int(id)) if str(id).isdigit() else None
        if not row:
            return None
        return {**row, "config": json.loads(row.pop("newsletter_config")),
                "email_config": json.loads(row.pop("email_config")), "config_options": [], "email_config_options": []}

    def list(self):
        return self.store.all(
            "SELECT n.id, n.agent_id, n.agent_name, n.agent_label, n.friendly_name, n.cron, n.active, "
            "MAX(l.timestamp) AS last_triggered, l.success AS last_success FROM newsletters n "
            "LEFT JOIN newsletter_log l ON l.newsletter_id = n.id GROUP BY n.id")


def due_at(cron, t):
    """Does a cron expression (minute hour day month weekday, 0 = Sunday) name this local time?"""
    values = (t.tm_min, t.tm_hour, t.tm_mday, t.tm_mon, (t.tm_wday + 1) % 7)
    return all(any(_names(part, value, low) for part in field.split(","))
               for field, value, low in zip(shlex.split(cron), values, (0, 0, 1, 1, 0), strict=True))


def _names(part, value, low):
    span, _, step = part.partition("/")
    first, _, last = span.partition("-")
    if span == "*":
        return (value - low) % int(step or 1) == 0
    return int(first) <= value <= int(last or first) and (value - int(first)) % int(step or 1) == 0
