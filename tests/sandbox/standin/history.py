"""The stand-in's history: what becomes a row of it, and how the API tells of it."""
import time

from ..base import words
from .events import remembered


class History:
    def __init__(self, host):
        self.host, self.store = host, host.store

    def watched(self, media_type, view_offset, duration):
        percent = self.host.setting({"movie": "movie_watched_percent", "track": "music_watched_percent"}.get(
            media_type, "tv_watched_percent"), 85)
        return bool(duration) and 100 * int(view_offset or 0) / int(duration) >= percent

    def write(self, row):
        """Write a session that ended, if it is to be kept. False: not now, try again."""
        now = int(time.time())
        stopped = row["stopped"] or now
        self.store.put("sessions_continued", {k: row[k] for k in ("user_id", "machine_id", "media_type")},
                       {"stopped": stopped})
        played = stopped - row["started"] - (row["paused_counter"] or 0)
        kept = self.store.one("SELECT keep_history FROM users WHERE user_id = ?", row["user_id"])
        ignore = self.host.setting("logging_ignore_interval", 120)
        short = row["media_type"] == "track" and played < 15 and (row["duration"] or 0) >= 30 or (
            row["media_type"] in ("movie", "episode") and played < ignore)
        if short:
            self.host.log("DEBUG", f"Tautulli ActivityProcessor :: Play duration for session {row['session_key']} "
                                   f"ratingKey {row['rating_key']} is {played} secs, so we're not logging it.")
        if row["media_type"] not in ("movie", "episode", "track") or short or (kept and not kept["keep_history"]):
            return True
        item = self.host.reader.item(row["rating_key"])
        if not item:
            return False
        values = {**remembered(row), "stopped": stopped, "section_id": item["section_id"]}
        values.pop("id")
        id = self.store.insert("session_history", values)
        self.store.insert("session_history_metadata", {
            **item, **{k: v for k, v in values.items() if k in ("live", "rating_key")}, "id": id})
        self.store.insert("session_history_media_info", {**values, "id": id})
        self._group(id, values)
        return True

    def _group(self, id, row):
        """A play that goes on where one of the same item by the same user ended, unwatched, belongs to that one."""
        before = self.store.one("SELECT * FROM session_history WHERE id < ? AND user_id = ? AND rating_key = ? "
                                "ORDER BY id DESC", id, row["user_id"], row["rating_key"])
        goes_on = before and not row["live"] and before["view_offset"] <= row["view_offset"] and not self.watched(
            row["media_type"], before["view_offset"], row["duration"])
        self.store.run("UPDATE session_history SET reference_id = ? WHERE id = ?",
                       before["reference_id"] if goes_on else id, id)

    # ---- get_history ----

    def table(self, user_id="", user="", rating_key="", section_id="", media_type="", after="", before="",
              start_date="", include_activity=None, grouping=None, start=0, length=25, order_column="date",
              order_dir="desc", search="", **_):
        """The data of get_history. after, before and start_date are days (2026-11-20), the first two including."""
        where, args = ["1"], []

        def among(column, values, comparison="="):
            if values:
                several = [v.strip() for v in str(values).split(",")]
                where.append("(" + " OR ".join([f"{column} {comparison} ?"] * len(several)) + ")")
                args.extend(several)
        day = "strftime('%Y-%m-%d', {h}started, 'unixepoch', 'localtime')"
        among("{h}user_id", user_id)
        among("{h}user", "" if user_id else user)
        among("{h}rating_key", rating_key)
        among("{h}section_id", section_id)
        among("(CASE WHEN {m}live = 1 THEN 'live' ELSE {h}media_type END)", "" if media_type == "all" else media_type)
        among(day, after, ">=")
        among(day, before, "<=")
        among(day, start_date)
        where = " AND ".join(where)
        total = self.store.one("SELECT COUNT(*) AS n FROM session_history")["n"]
        column = "h.reference_id" if flag(grouping, self.host.setting("group_history_tables", 1)) else "h.id"
        stored = self._stored(column, where.format(h="h.", m="m."), args)
        live = []
        if flag(include_activity, self.host.setting("history_table_activity", 1)):
            live = self.store.all(f"SELECT * FROM sessions WHERE {where.format(h='', m='')}", *args)
        rows = [self._row(r, {}) for r in stored] + [self._live(r) for r in live]
        if search:
            rows = [r for r in rows if any(search.lower() in str(r[k]).lower() for k in (
                "friendly_name", "ip_address", "platform", "product", "player", "full_title"))]
        rows.sort(key=lambda r: (r.get(order_column) is not None, r.get(order_column)), reverse=order_dir != "asc")
        start, length = int(start or 0), int(length or 25)
        page = rows[start:start + length] if length > 0 else rows[start:]
        return {"recordsFiltered": len(rows), "recordsTotal": total, "data": page, "draw": 1,
                "filter_duration": spoken(sum(r["play_duration"] or 0 for r in page)),
                "total_duration": spoken(sum(r["play_duration"] or 0 for r in rows if r["row_id"]))}

    def _stored(self, group, where, args):
        return self.store.all(f"""
            SELECT h.*, m.title, m.parent_title, m.grandparent_title, m.original_title, m.full_title, m.media_index,
                   m.parent_media_index, m.thumb, m.parent_thumb, m.grandparent_thumb, m.year,
                   m.originally_available_at, m.guid, m.duration, m.live, i.transcode_decision, u.thumb AS user_thumb,
                   COALESCE(u.friendly_name, u.username) AS friendly_name, h.id AS row_id, MAX(started) AS date,
                   MIN(started) AS started, MAX(stopped) AS stopped, SUM(paused_counter) AS paused_counter,
                   SUM(stopped - started - paused_counter) AS play_duration, COUNT(*) AS group_count,
                   GROUP_CONCAT(h.id) AS group_ids
            FROM session_history h JOIN session_history_metadata m ON m.id = h.id
            JOIN session_history_media_info i ON i.id = h.id LEFT JOIN users u ON u.user_id = h.user_id
            WHERE {where} GROUP BY {group}""", *args)

    def _live(self, r):
        """A running session; it is as old as its last update says."""
        paused = r["paused_counter"] or 0
        user = self.store.one("SELECT thumb FROM users WHERE user_id = ?", r["user_id"])
        return self._row({**r, "date": r["started"], "play_duration": r["stopped"] - r["started"] - paused,
                          "paused_counter": paused, "user_thumb": user and user["thumb"], "row_id": None,
                          "reference_id": None, "group_count": None, "group_ids": None},
                         {"state": r["state"], "session_key": r["session_key"]})

    def _row(self, r, running):
        done = 100 if r["live"] else 100 * int(r["view_offset"] or 0) / int(r["duration"] or 1)
        quarters = sum(done >= 85 / 4 * n for n in (1, 2, 3, 4)) / 4
        thumb = (r["parent_thumb"] or r["grandparent_thumb"]) if r["media_type"] == "episode" else r["thumb"]
        columns = words("""
            reference_id row_id date started stopped play_duration paused_counter user_id user friendly_name
            user_thumb platform product player ip_address live machine_id location secure relayed media_type
            rating_key parent_rating_key grandparent_rating_key full_title title parent_title grandparent_title
            original_title year media_index parent_media_index originally_available_at guid transcode_decision
            group_count group_ids""")
        return {**{k: r[k] for k in columns}, "id": r["row_id"], "duration": r["play_duration"], "thumb": thumb,
                "percent_complete": round(done), "watched_status": 1 if quarters == 1 else quarters,
                "state": None, "session_key": None, **running}


def flag(text, default):
    """A yes/no parameter of the API."""
    return bool(int(default)) if text in (None, "") else str(text).lower() in ("1", "true", "yes", "on", "t")


def spoken(seconds):
    """593 -> "9 mins 53 secs"."""
    out = []
    for name, size in (("day", 86400), ("hr", 3600), ("min", 60), ("sec", 1)):
        n, seconds = divmod(int(seconds), size)
        if n:
            out.append(f"{n} {name}{'s' if n > 1 else ''}")
    return " ".join(out) or "0"
