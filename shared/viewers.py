"""What Tautulli knows of users and of their watching, all of it in few requests; and deleting a user there.

Everything raises Unreachable without a definite answer: what Tautulli does not tell is not known, never "nothing".
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from shared.errors import Refused
from shared.tautulli import _int, _text

if TYPE_CHECKING:
    from shared.tautulli import Tautulli

ALL = 1_000_000  # rows: Tautulli answers a page of users as slowly as all of them
PAGE = 5000
WAIT = 60.0  # seconds; of a million plays Tautulli makes its table of users in some seconds
EPOCH = 719163  # the ordinal of 1970-01-01


class Viewer(NamedTuple):
    """`last_seen` is when their last play in the history began, 0 for none; `recorded`: whether plays are kept."""

    id: int
    last_seen: float
    recorded: bool


class Viewers:
    """Tautulli as far as it is about users."""

    def __init__(self, tautulli: Tautulli) -> None:
        self.tautulli = tautulli

    def all(self) -> dict[int, Viewer]:
        """Everybody in Tautulli's table of users, which leaves out those that are deleted in it."""
        data = self.tautulli.call("get_users_table", start=0, length=ALL, grouping=0, wait=WAIT)
        found = {}
        for row in self._rows(data, "table of users", 0, ALL):
            id = _int(row.get("user_id"))
            if id:
                found[id] = Viewer(id, float(_int(row.get("last_seen"))), _int(row.get("keep_history")) == 1)
        if not found:  # the owner is always there
            raise self.tautulli.http.unreachable("names no users at all")
        return found

    def watching(self) -> set[int]:
        """Who is playing something now, and by that: Tautulli reaches Plex."""
        data = self.tautulli.call("get_activity")
        sessions = data.get("sessions") if isinstance(data, dict) else None
        if not isinstance(sessions, list):
            raise self.tautulli.http.unreachable("does not tell who is watching")
        return {_int(session.get("user_id")) for session in sessions if isinstance(session, dict)}

    def listens(self) -> bool:
        """Whether Tautulli is connected to Plex, as it must be to record what is played."""
        data = self.tautulli.call("server_status")
        return isinstance(data, dict) and data.get("connected") is True

    def server(self) -> tuple[str, str]:
        """The identifier and the name of the Plex server that Tautulli records."""
        data = self.tautulli.call("get_server_info")
        told = data if isinstance(data, dict) else {}
        return _text(told.get("pms_identifier")), _text(told.get("pms_name"))

    def days(self, reach: int) -> set[int]:
        """The days since 1970 of the last `reach` on which anybody played anything."""
        from datetime import date

        data = self.tautulli.call("get_plays_by_date", time_range=reach, y_axis="plays", grouping=0, wait=WAIT)
        try:
            counts = [[_int(n) for n in series["data"]] for series in data["series"]]
            return {
                date.fromisoformat(day).toordinal() - EPOCH
                for day, played in zip(data["categories"], zip(*counts, strict=True), strict=True)
                if any(played)
            }
        except (TypeError, LookupError, ValueError, AttributeError):
            raise self.tautulli.http.unreachable("answered with something that is no count of plays") from None

    def last_play(self, user_id: int) -> float:
        """When this user last played something, as of now: the end of the last play, of an open one its last sign."""
        rows = self._history(user_id, 0, 10, include_activity=1)
        return max((float(max(_int(r.get("stopped")), _int(r.get("started")))) for r in rows), default=0.0)

    def history(self, user_id: int) -> Iterable[dict[str, Any]]:
        """All rows of a user's history, the newest first, as Tautulli has them."""
        start = 0
        while True:
            page = self._history(user_id, start, PAGE, include_activity=0)
            yield from page
            start += len(page)
            if len(page) < PAGE:
                return
            self.tautulli.endless(start)

    def players(self, user_id: int) -> list[tuple[int, str, str]]:
        """(user, machine, title) of the players of this user's newest plays, each once."""
        rows = self._history(user_id, 0, PAGE, include_activity=0)
        told = {_text(row.get("machine_id")): _text(row.get("player")) for row in reversed(rows)}
        return [(user_id, machine, title) for machine, title in told.items() if machine]

    def delete(self, user_id: int) -> None:
        """Erase a user's history in Tautulli, and the user from its lists. Doing it twice does no harm."""
        self.tautulli.call("delete_user", user_id=user_id, wait=WAIT)

    def undelete(self, user_id: int) -> bool:
        """Have Tautulli list and record a user again. False: it never knew them, and will when they play."""
        try:
            self.tautulli.call("undelete_user", user_id=user_id)
        except Refused as error:
            if error.status != 400:
                raise
            return False
        return True

    def _history(self, user_id: int, start: int, length: int, include_activity: int) -> list[dict[str, Any]]:
        data = self.tautulli.call(
            "get_history", user_id=user_id, grouping=0, include_activity=include_activity, order_column="date",
            order_dir="desc", start=start, length=length, wait=WAIT,
        )  # fmt: skip
        return [row for row in self._rows(data, "history", start, length) if _int(row.get("user_id")) == user_id]

    def _rows(self, data: Any, what: str, start: int, length: int) -> list[dict[str, Any]]:
        """Those rows of one of Tautulli's tables that were asked for, all of them.

        When its own query failed, it says success, no rows, and draw 0.
        """
        rows = data.get("data") if isinstance(data, dict) else None
        if not isinstance(rows, list) or (not rows and not _int(data.get("draw"))):
            raise self.tautulli.http.unreachable(f"answered with something that is no {what}")
        if len(rows) < min(length, _int(data.get("recordsFiltered")) - start):
            raise self.tautulli.http.unreachable(f"gives only a part of its {what}")
        return [row for row in rows if isinstance(row, dict)]
