"""The stand-in's database: an SQLite file whose tables and columns are named as in Tautulli's, so that a test can read
and fill either one with the same statements. Only what is asked for here is there."""
import sqlite3
import threading

from ..base import words

ACTIONS = words("""
    on_play on_stop on_pause on_resume on_change on_buffer on_error on_intro on_credits on_commercial on_watched
    on_created on_extdown on_intdown on_extup on_intup on_pmsupdate on_concurrent on_newdevice on_plexpyupdate
    on_plexpydbcorrupt on_tokenexpired""")
ITEM = ("rating_key INTEGER, parent_rating_key INTEGER, grandparent_rating_key INTEGER, title TEXT, parent_title TEXT, "
        "grandparent_title TEXT, original_title TEXT, full_title TEXT, media_index INTEGER, "
        "parent_media_index INTEGER, "
        "thumb TEXT, parent_thumb TEXT, grandparent_thumb TEXT, year INTEGER, originally_available_at TEXT, "
        "added_at INTEGER, guid TEXT, media_type TEXT, duration INTEGER DEFAULT 0, live INTEGER DEFAULT 0")
PLAY = ("started INTEGER, stopped INTEGER, paused_counter INTEGER DEFAULT 0, user_id INTEGER, user TEXT, "
        "ip_address TEXT, machine_id TEXT, bandwidth INTEGER, location TEXT, player TEXT, product TEXT, platform TEXT, "
        "view_offset INTEGER DEFAULT 0, section_id INTEGER, secure INTEGER, relayed INTEGER, quality_profile TEXT")
TABLES = {
    "sessions": f"""session_key INTEGER, session_id TEXT, transcode_key TEXT, {PLAY}, {ITEM}, friendly_name TEXT,
        state TEXT, live_uuid TEXT, video_decision TEXT, audio_decision TEXT, transcode_decision TEXT,
        buffer_count INTEGER DEFAULT 0, buffer_last_triggered INTEGER, last_paused INTEGER, watched INTEGER DEFAULT 0,
        initial_stream INTEGER DEFAULT 1, raw_stream_info TEXT, rating_key_websocket TEXT""",
    "sessions_continued": "user_id INTEGER, machine_id TEXT, media_type TEXT, stopped INTEGER",
    "session_history": f"""reference_id INTEGER, {PLAY}, rating_key INTEGER, parent_rating_key INTEGER,
        grandparent_rating_key INTEGER, media_type TEXT""",
    "session_history_metadata": f"{ITEM}, content_rating TEXT, marker_credits_first INTEGER, "
                                "marker_credits_final INTEGER",
    "session_history_media_info": """rating_key INTEGER, video_decision TEXT, audio_decision TEXT,
        transcode_decision TEXT, duration INTEGER DEFAULT 0, container TEXT, bitrate INTEGER, video_codec TEXT,
        audio_codec TEXT, video_resolution TEXT, video_full_resolution TEXT, stream_video_decision TEXT,
        stream_audio_decision TEXT""",
    "users": """user_id INTEGER UNIQUE, username TEXT NOT NULL, friendly_name TEXT, thumb TEXT, custom_avatar_url TEXT,
        title TEXT, email TEXT, is_active INTEGER DEFAULT 1, is_admin INTEGER DEFAULT 0, is_home_user INTEGER,
        is_allow_sync INTEGER, is_restricted INTEGER, do_notify INTEGER DEFAULT 1, keep_history INTEGER DEFAULT 1,
        deleted_user INTEGER DEFAULT 0, allow_guest INTEGER DEFAULT 0, server_token TEXT, shared_libraries TEXT,
        filter_all TEXT, filter_movies TEXT, filter_tv TEXT, filter_music TEXT, filter_photos TEXT""",
    "library_sections": """server_id TEXT, section_id INTEGER UNIQUE, section_name TEXT, section_type TEXT, agent TEXT,
        thumb TEXT, art TEXT, count INTEGER, parent_count INTEGER, child_count INTEGER, is_active INTEGER DEFAULT 1,
        do_notify INTEGER DEFAULT 1, do_notify_created INTEGER DEFAULT 1, keep_history INTEGER DEFAULT 1""",
    "notifiers": """agent_id INTEGER, agent_name TEXT, agent_label TEXT, friendly_name TEXT, notifier_config TEXT,
        custom_conditions TEXT, custom_conditions_logic TEXT, """
                 + ", ".join(f"{a} INTEGER DEFAULT 0, {a}_subject TEXT, {a}_body TEXT" for a in ACTIONS),
    "notify_log": """timestamp INTEGER, session_key INTEGER, rating_key INTEGER, parent_rating_key INTEGER,
        grandparent_rating_key INTEGER, user_id INTEGER, user TEXT, notifier_id INTEGER, agent_id INTEGER,
        agent_name TEXT, notify_action TEXT, subject_text TEXT, body_text TEXT, script_args TEXT,
        success INTEGER DEFAULT 0, tag TEXT""",
    "newsletters": """agent_id INTEGER, agent_name TEXT, agent_label TEXT, id_name TEXT, friendly_name TEXT,
        newsletter_config TEXT, email_config TEXT, subject TEXT, body TEXT, message TEXT,
        cron TEXT NOT NULL DEFAULT '0 0 * * 0', active INTEGER DEFAULT 0""",
    "newsletter_log": """timestamp INTEGER, newsletter_id INTEGER, agent_id INTEGER, agent_name TEXT,
        notify_action TEXT, subject_text TEXT, body_text TEXT, message_text TEXT, start_date TEXT, end_date TEXT,
        uuid TEXT, filename TEXT, success INTEGER DEFAULT 0""",
    "recently_added": "rating_key INTEGER UNIQUE"}


class Store:
    """One connection for all threads, every statement its own transaction."""

    def __init__(self, path):
        self._lock = threading.RLock()
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=15)
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=OFF")
        for name, columns in TABLES.items():
            self._db.execute(f"CREATE TABLE IF NOT EXISTS {name} (id INTEGER PRIMARY KEY AUTOINCREMENT, {columns})")
        self._db.execute("CREATE INDEX IF NOT EXISTS of_user ON session_history (user_id)")
        self._db.execute("CREATE INDEX IF NOT EXISTS by_time ON session_history (started)")
        self._columns = {t: [r[1] for r in self._db.execute(f"PRAGMA table_info({t})")] for t in TABLES}

    def close(self):
        with self._lock:
            self._db.close()

    def all(self, query, *args):
        with self._lock:
            return [dict(r) for r in self._db.execute(query, args)]

    def one(self, query, *args):
        return next(iter(self.all(query, *args)), None)

    def run(self, query, *args):
        """Execute; the id of the row inserted last."""
        with self._lock:
            return self._db.execute(query, args).lastrowid

    def insert(self, table, values):
        """Insert what there are columns for; the new row's id."""
        values = {k: v for k, v in values.items() if k in self._columns[table]}
        return self.run(f"INSERT INTO {table} ({', '.join(values)}) VALUES ({', '.join('?' * len(values))})",
                        *values.values())

    def put(self, table, keys, values):
        """Update the rows that have these keys, or insert one. True if one was inserted."""
        values = {k: v for k, v in values.items() if k in self._columns[table]}
        where = " AND ".join(f"{k} = ?" for k in keys)
        with self._lock:
            if values:
                changed = self._db.execute(f"UPDATE {table} SET {', '.join(f'{k} = ?' for k in values)} WHERE {where}",
                                           (*values.values(), *keys.values())).rowcount
            else:
                changed = len(self.all(f"SELECT 1 FROM {table} WHERE {where}", *keys.values()))
            if not changed:
                self.insert(table, {**keys, **values})
            return not changed
