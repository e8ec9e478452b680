"""Tautulli's API (version 2): users, history, notifications, and its own way to stop a stream."""

from __future__ import annotations

import os
import time
from collections.abc import Collection
from typing import Any, NamedTuple

from shared import log, untrusted
from shared.errors import Refused
from shared.model import HistoryRow, User
from shared.web import Http

SCRIPT_AGENT = 15  # Tautulli's number for "Script" among its notification agents
PAGE = 1000
SEND_WAIT = 30.0  # seconds; Tautulli answers `notify` only when its agent has delivered, or failed to
HISTORY_WAIT = 60.0  # seconds; 200,000 rows of history take Tautulli 19
JOURNAL = "journal.py"
ALL = "*"  # every library
MOST_ROWS = 1_000_000  # of a history; one that has more comes to no end
BIGGEST = 10**15  # a number from here on is none, nor could the ledger hold it
LONGEST_MESSAGE = 200  # of what Tautulli says of an error, in characters


class ScriptNotifier(NamedTuple):
    """A Script notification agent as it is set up in Tautulli. `script` is the full path."""

    id: int
    friendly_name: str
    folder: str
    script: str


class LogRow(NamedTuple):
    """A row of Tautulli's Notification Logs. `success` is False also while Tautulli is still sending."""

    id: int
    at: float
    notifier_id: int
    subject: str
    body: str
    success: bool


class Tautulli:
    """One Tautulli. Every method raises Unreachable without a usable answer, Refused when Tautulli says no."""

    def __init__(self, url: str, apikey: str, verify: str = "auto", handed_over: bool = False) -> None:
        log.hide(apikey)
        self.http = Http("Tautulli", url, verify, handed_over)
        self._apikey = apikey

    def call(self, cmd: str, *, wait: float | None = None, **params: object) -> Any:
        """Run an API command and return its data.

        The key travels in the body, so that no address ever holds it. Commands that only read are asked again if a
        kept connection was closed. With Plex down `get_activity` succeeds with {}: that is Unreachable, too.
        """
        form = {"apikey": self._apikey, "cmd": cmd, **params}
        statuses = tuple(range(400, 600))
        answer = self.http.request(
            "POST", "/api/v2", form=form, wait=wait, again=cmd.startswith("get_"), allow=statuses
        )
        result, message, data = self._response(answer.status, answer.body)
        if result != "success":
            if answer.status == 401 or message == "Invalid apikey":
                raise Refused(f"Tautulli at {self.http.where} does not accept the API key: see [tautulli] apikey", 401)
            raise Refused(f"Tautulli refused {cmd}: {self._clean(message) or 'no reason given'}", answer.status)
        if cmd == "get_activity" and not data:
            raise self.http.unreachable("does not know what is played: it does not reach Plex itself")
        return data

    def users(self) -> list[User]:
        """Every user Tautulli knows, deleted ones and "Local" (id 0) left out."""
        rows = _rows(self.call("get_users"))
        found = [
            User(
                id=_int(row.get("user_id")),
                name=_text(row.get("username")),
                title=_text(row.get("friendly_name")) or _text(row.get("username")),
                email=_text(row.get("email")),
                kind=_kind(row),
            )
            for row in rows
            if _int(row.get("user_id"))
        ]
        if not found:  # the owner is always there: Tautulli answers [] when its own query failed
            raise self.http.unreachable("names no users at all")
        return found

    def history(self, after: float, libraries: Collection[str] = ()) -> list[HistoryRow]:
        """Plays that had not ended at `after` (seconds since 1970), in the order in which they began, open ones too.

        An open play's `ended` is Tautulli's last sign of it, up to a minute old. A play under two minutes is gone from
        the history once it has ended. Rows do not tell their library: the plays in `libraries` (names, in any case, or
        ALL) are found by asking for each of them.
        """
        # Tautulli filters by the day on which a play began, in its own time zone: two days cover zone and long plays
        first = time.strftime("%Y-%m-%d", time.gmtime(max(0.0, after - 2 * 86400)))
        where = self._sections(libraries, first) if libraries else {}
        stored: dict[int, HistoryRow] = {}
        live: dict[tuple[object, ...], HistoryRow] = {}
        for row in self._history_rows(after=first):
            play = _play(row, where.get(_play_id(row), ""))
            if play.is_open:
                live[_key(play)] = play
            elif play.ended > after:
                stored[_int(row.get("row_id"))] = play
        # a play that ended between two pages is told twice: once as open, once as stored
        ended = {_key(play) for play in stored.values()}
        still = [play for key, play in live.items() if key not in ended]
        return sorted([*stored.values(), *still], key=lambda play: play.began)

    def terminate(self, session_key: str, session_id: str, message: str) -> bool:
        """Stop a session the way Tautulli does it: the second way, when Plex itself does not do it.

        False: Tautulli does not know the session (any more). It asks plex.tv for the Plex Pass each time, and calls
        every failure of that "No Plex Pass subscription".
        """
        try:
            self.call("terminate_session", session_key=session_key, session_id=session_id, message=message, wait=6.0)
        except Refused as error:
            if "Invalid session_key" in str(error):
                return False
            raise
        return True

    def notify(self, notifier_id: int, subject: str, body: str, script_args: str = "") -> int:
        """Send through one of Tautulli's agents; the row in the Notification Logs shows subject and body verbatim.

        Returns that row's id. `script_args` is split like a shell line by Tautulli: never put a user's text there.
        """
        data = self.call(
            "notify", notifier_id=notifier_id, subject=subject, body=body, script_args=script_args, wait=SEND_WAIT
        )
        return _int(data.get("notification_id")) if isinstance(data, dict) else 0

    def script_notifiers(self) -> list[ScriptNotifier]:
        """The Script agents that are set up in Tautulli, by id."""
        found = []
        for row in _rows(self.call("get_notifiers")):
            if _int(row.get("agent_id")) != SCRIPT_AGENT:
                continue
            number = _int(row.get("id"))
            setup = self.call("get_notifier_config", notifier_id=number)
            config = setup.get("config") if isinstance(setup, dict) else None
            config = config if isinstance(config, dict) else {}
            folder, script = _text(config.get("script_folder")), _text(config.get("script"))
            found.append(ScriptNotifier(number, _text(row.get("friendly_name")), folder, script))
        return sorted(found)

    def find_journal(self, folder: str) -> int | None:
        """The id of the Script agent that runs journal.py, best the one in `folder`; None if there is none."""
        journals = [n for n in self.script_notifiers() if os.path.basename(n.script.replace("\\", "/")) == JOURNAL]
        ours = [n for n in journals if same_path(os.path.dirname(n.script), folder)]
        return (ours or journals)[0].id if journals else None

    def notification_log(self, search: str = "", limit: int = 100) -> list[LogRow]:
        """The newest rows of the Notification Logs, those with `search` in subject, body or agent if it is given."""
        data = self.call(
            "get_notification_log", search=search, length=limit, order_column="timestamp", order_dir="desc"
        )
        rows = self._table(data, "notification log")
        return [
            LogRow(
                _int(row.get("id")),
                float(_int(row.get("timestamp"))),
                _int(row.get("notifier_id")),
                _verbatim(row.get("subject_text")),
                _verbatim(row.get("body_text")),
                _int(row.get("success")) == 1,
            )
            for row in rows
        ]

    def _history_rows(self, **where: object) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        while True:
            data = self.call(
                "get_history",
                grouping=0,  # an owner may have set the web page to one row for several plays
                include_activity=1,
                order_column="started",  # oldest first: what is added meanwhile comes last and shifts no page
                order_dir="asc",
                start=len(rows),
                length=PAGE,
                wait=HISTORY_WAIT,
                **where,
            )
            page = self._table(data, "history")
            rows += page
            if len(page) < PAGE:
                return rows
            self.endless(len(rows))

    def endless(self, rows: int) -> None:
        """Raise Unreachable where a history that is read page by page comes to no end."""
        if rows >= MOST_ROWS:
            raise self.http.unreachable(f"lists more than {MOST_ROWS} plays")

    def _table(self, data: Any, what: str) -> list[dict[str, Any]]:
        """The rows of one of Tautulli's tables. When its own query failed, it says success, no rows, and draw 0."""
        if not isinstance(data, dict) or not isinstance(data.get("data"), list):
            raise self.http.unreachable(f"answered with something that is no {what}")
        if not data["data"] and not _int(data.get("draw")):
            raise self.http.unreachable(f"could not read its own {what}")
        return _rows(data["data"])

    def _sections(self, libraries: Collection[str], first: str) -> dict[tuple[object, ...], str]:
        wanted = {name.casefold() for name in libraries}
        found: dict[tuple[object, ...], str] = {}
        for section in _rows(self.call("get_library_names")):
            name = _text(section.get("section_name"))
            if name.casefold() in wanted or ALL in wanted:
                number = _int(section.get("section_id"))
                found |= {_play_id(row): name for row in self._history_rows(after=first, section_id=number)}
        return found

    def _response(self, status: int, body: bytes) -> tuple[str, str, Any]:
        try:
            response = untrusted.json(body)["response"]
            return str(response["result"]), str(response.get("message") or ""), response.get("data")
        except (ValueError, LookupError, TypeError, AttributeError):
            if 400 <= status < 500:
                raise self.http.failure(status) from None
            raise self.http.unreachable(f"answered with something that is not its API (status {status})") from None

    def _clean(self, message: str) -> str:
        text = log.one_line(log.mask(message))
        return text if len(text) <= LONGEST_MESSAGE else text[:LONGEST_MESSAGE] + " …"


def same_path(one: str, other: str) -> bool:
    """Whether two paths name the same folder or file, links followed, also if it does not exist."""
    return os.path.normcase(os.path.realpath(one)) == os.path.normcase(os.path.realpath(other))


def _play(row: dict[str, Any], library: str) -> HistoryRow:
    return HistoryRow(
        user_id=_int(row.get("user_id")),
        machine_id=_text(row.get("machine_id")),
        session_key=_text(row.get("session_key")),
        rating_key=_text(row.get("rating_key")),
        began=float(_int(row.get("started"))),
        ended=float(_int(row.get("stopped"))),
        seconds=float(max(0, _int(row.get("play_duration")))),
        media_type=_text(row.get("media_type")),
        title=_text(row.get("full_title")) or _text(row.get("title")),
        library=library,
        player=_text(row.get("player")),
        live=_int(row.get("live")) == 1,
        is_open=not _int(row.get("row_id")),
        show=_text(row.get("grandparent_title")) if row.get("media_type") == "episode" else "",
        platform=_text(row.get("platform")),
        product=_text(row.get("product")),
        address=_text(row.get("ip_address")),
        location=_text(row.get("location")),
    )


def _play_id(row: dict[str, Any]) -> tuple[object, ...]:
    return _key(_play(row, ""))


def _key(play: HistoryRow) -> tuple[object, ...]:
    return play.user_id, play.machine_id, play.rating_key, play.began


def _kind(row: dict[str, Any]) -> str:
    if _int(row.get("is_admin")):
        return "owner"
    if _int(row.get("is_restricted")):
        return "managed"
    return "home" if _int(row.get("is_home_user")) else "friend"


def _verbatim(value: object) -> str:
    """Tautulli prepares the text for its web page: line ends are tags, and on some ways < and > are entities."""
    text = _text(value).replace("&lt;", "<").replace("&gt;", ">")
    return text.replace("<br />", "\n")


def _rows(data: Any) -> list[dict[str, Any]]:
    return [row for row in data if isinstance(row, dict)] if isinstance(data, list) else []


def _text(value: object) -> str:
    """Half a character (JSON can hold one) becomes a question mark: nothing could be done with it."""
    return str(value).encode("utf-8", "replace").decode() if isinstance(value, (str, int, float)) else ""


def _int(value: object) -> int:
    try:
        number = int(float(value)) if isinstance(value, (str, int, float)) else 0
    except (ValueError, OverflowError):  # "", "inf"
        return 0
    return number if abs(number) < BIGGEST else 0
