"""Tautulli's history as a report reads it: every play between two moments, in few requests, and who the users are.

Everything raises Unreachable without a definite answer: what Tautulli does not tell is not known, never "nothing".
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Any

from shared.model import PastPlay, User
from shared.tautulli import _int, _kind, _rows, _text

if TYPE_CHECKING:
    from shared.tautulli import Tautulli

PAGE = 5000  # rows: Tautulli makes the whole answer anew for each page of it
WINDOW = 31  # days in one answer: it is made in memory
WAIT = 60.0  # seconds; of a million plays Tautulli needs some to find a month's
DAY = 86400.0
TRIES = 3


class Watched:
    """Tautulli as far as it is about what was played."""

    def __init__(self, tautulli: Tautulli) -> None:
        self.tautulli = tautulli

    def users(self) -> dict[int, tuple[User, bool]]:
        """Every user with whether they still have access to the server, "Local" (id 0) left out."""
        found = {}
        for row in _rows(self.tautulli.call("get_users")):
            id, name = _int(row.get("user_id")), _text(row.get("username"))
            if id:
                user = User(id, name, _text(row.get("friendly_name")) or name, _text(row.get("email")), _kind(row))
                found[id] = user, _int(row.get("is_active")) == 1
        if not found:  # the owner is always there
            raise self.tautulli.http.unreachable("names no users at all")
        return found

    def between(self, began: float, ended: float, libraries: Collection[str] = ()) -> list[PastPlay]:
        """All plays of which a second may lie between two moments, in the order in which they began.

        Those that go on are not among them, nor those under two minutes: Tautulli does not keep these. A row does not
        tell its library: which plays are in `libraries` (names, in any case) is asked for each of these.
        """
        plays: dict[int, PastPlay] = {}
        where: dict[int, str] = {}
        sections = list(self._sections(libraries))
        for days in _windows(began, ended):
            for name, section in sections:
                where |= dict.fromkeys(self._plays(section_id=section, **days), name)
            plays |= self._plays(**days)
        found = [play._replace(library=where.get(id, "")) for id, play in plays.items()]
        return sorted((p for p in found if p.began < ended and p.began + p.seconds > began), key=lambda p: p.began)

    def _plays(self, **where: object) -> dict[int, PastPlay]:
        """The plays by the number of their row. What was deleted between two pages would hide others: once more."""
        for attempt in range(TRIES):
            found: dict[int, PastPlay] = {}
            totals = set()
            for rows, total in self._pages(**where):
                found |= {_int(row.get("row_id")): _play(row) for row in rows}
                totals.add(total)
            if len(found) >= min(totals) or attempt == TRIES - 1:
                break
        return found

    def _pages(self, **where: object) -> Iterator[tuple[list[dict[str, Any]], int]]:
        start = 0
        while True:
            data = self.tautulli.call(
                "get_history", grouping=0, include_activity=0, order_column="started", order_dir="asc",
                start=start, length=PAGE, wait=WAIT, **where,
            )  # fmt: skip
            page = self.tautulli._table(data, "history")
            yield page, _int(data.get("recordsFiltered"))
            start += len(page)
            if len(page) < PAGE:
                return

    def _sections(self, libraries: Collection[str]) -> Iterator[tuple[str, int]]:
        wanted = {name.casefold() for name in libraries}
        for row in _rows(self.tautulli.call("get_library_names")) if wanted else ():
            name = _text(row.get("section_name"))
            if name.casefold() in wanted:
                yield name, _int(row.get("section_id"))


def _windows(began: float, ended: float) -> Iterator[dict[str, str]]:
    """From which day to which to ask, so that what lies between two moments is in one of the answers.

    Tautulli goes by the day on which a play began, in its own time zone, the first and the last day included: some days
    more cover zone and long plays. To ask for the last day costs it as much again, so that is left out where it can be.
    """
    first, last = int(max(0.0, began - 3 * DAY) // DAY), int(max(0.0, ended + DAY) // DAY)
    for day in range(first, last + 1, WINDOW):
        days = {"after": time.strftime("%Y-%m-%d", time.gmtime(day * DAY))}
        until = min(day + WINDOW - 1, last)
        if (until + WINDOW) * DAY < time.time():
            days["before"] = time.strftime("%Y-%m-%d", time.gmtime(until * DAY))
        yield days
        if "before" not in days:
            return


def _play(row: dict[str, Any]) -> PastPlay:
    title = _text(row.get("full_title")) or _text(row.get("title"))
    kind = "live" if _int(row.get("live")) else _text(row.get("media_type"))
    work = _text(row.get("grandparent_title")) if kind != "movie" else ""
    year = _int(row.get("year"))
    return PastPlay(
        user_id=_int(row.get("user_id")),
        user=_text(row.get("user")),
        machine_id=_text(row.get("machine_id")),
        player=_text(row.get("player")),
        platform=_text(row.get("platform")),
        began=float(_int(row.get("started"))),
        seconds=float(max(0, _int(row.get("play_duration")))),
        media_type=kind,
        work=work or (f"{title} ({year})" if kind == "movie" and year else title),
        title=title,
    )
