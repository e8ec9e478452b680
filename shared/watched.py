"""Tautulli's history as a report reads it: every play between two moments, in few requests, and who the users are.

Everything raises Unreachable without a definite answer: what Tautulli does not tell is not known, never "nothing".
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Collection, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

from shared.model import PastPlay, Recorded, Session, User
from shared.tautulli import ALL, _int, _kind, _rows, _text

if TYPE_CHECKING:
    from shared.tautulli import Tautulli

PAGE = 5000  # rows: Tautulli makes the whole answer anew for each page of it
WINDOW = 31  # days in one answer: it is made in memory
WAIT = 60.0  # seconds; of a million plays Tautulli needs some to find a month's
DAY = 86400.0
TRIES = 3
Made = TypeVar("Made")


def _nothing(plays: int) -> None:
    """Tell nobody how far it is."""


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
        found = self._found(_play, began, ended, libraries)
        plays = [play._replace(library=library) for play, library in found.values()]
        return sorted((p for p in plays if p.began < ended and p.began + p.seconds > began), key=lambda p: p.began)

    def recorded(
        self, began: float, ended: float, libraries: Collection[str] = (), say: Callable[[int], None] = _nothing
    ) -> dict[int, Recorded]:
        """The same plays by the numbers of their rows, with all that Tautulli's history tells of them. `say` is told
        how many have come so far. Live TV has no rating key."""
        found = self._found(_recorded, began, ended, libraries, say)
        return {id: play._replace(session=play.session._replace(library=library)) if library else play
                for id, (play, library) in found.items() if play.began < ended and play.ended > began}  # fmt: skip

    def first(self) -> float:
        """When the first play of all began; 0 where there is none."""
        row = self._one("asc")
        return float(_int(row.get("started")))

    def last_before(self, user_id: int, at: float) -> float:
        """When the last play of a user that began some days before a moment ended; 0 where there is none."""
        row = self._one("desc", user_id=user_id, before=time.strftime("%Y-%m-%d", time.gmtime(at - 2 * DAY)))
        return float(_int(row.get("stopped")))

    def _one(self, order: str, **where: object) -> dict[str, Any]:
        data = self.tautulli.call("get_history", grouping=0, include_activity=0, order_column="started",
                                  order_dir=order, start=0, length=1, wait=WAIT, **where)  # fmt: skip
        return next(iter(self.tautulli._table(data, "history")), {})

    def stream(self, row_id: int) -> dict[str, str]:
        """What was converted for a play (`transcode`: no, video, audio or both), the file's `resolution`, and the
        bitrates of stream and file in kbps; without what Tautulli does not tell."""
        row = self.tautulli.call("get_stream_data", row_id=row_id, wait=WAIT)
        row = row if isinstance(row, dict) else {}
        converted = [word for word in ("video", "audio") if _text(row.get(f"stream_{word}_decision")) == "transcode"]
        told = {"transcode": "both" if len(converted) == 2 else "".join(converted) or "no"} if row else {}
        told["resolution"] = _text(row.get("video_full_resolution") or row.get("video_resolution")).casefold()
        told |= {"bitrate": _text(row.get("stream_bitrate")), "file_bitrate": _text(row.get("bitrate"))}
        return {key: value for key, value in told.items() if value}

    def _found(
        self, make: Callable[[dict[str, Any]], Made], began: float, ended: float, libraries: Collection[str],
        say: Callable[[int], None] = _nothing,
    ) -> dict[int, tuple[Made, str]]:  # fmt: skip
        """What was made of each row of the days around, by its number, with the name of its library if that was asked
        for."""
        plays: dict[int, Made] = {}
        where: dict[int, str] = {}
        sections = list(self._sections(libraries))
        for days in _windows(began, ended):
            for name, section in sections:
                where |= dict.fromkeys(self._plays(_number, section_id=section, **days), name)
            plays |= self._plays(make, **days)
            say(len(plays))
        return {id: (play, where.get(id, "")) for id, play in plays.items()}

    def _plays(self, make: Callable[[dict[str, Any]], Made], **where: object) -> dict[int, Made]:
        """The plays by the number of their row. What was deleted between two pages would hide others: once more."""
        for attempt in range(TRIES):
            found: dict[int, Made] = {}
            totals = set()
            for rows, total in self._pages(**where):
                found |= {_number(row): make(row) for row in rows}
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
            self.tautulli.endless(start)

    def _sections(self, libraries: Collection[str]) -> Iterator[tuple[str, int]]:
        wanted = {name.casefold() for name in libraries}
        for row in _rows(self.tautulli.call("get_library_names")) if wanted else ():
            name = _text(row.get("section_name"))
            if name.casefold() in wanted or ALL in wanted:
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


def _number(row: dict[str, Any]) -> int:
    return _int(row.get("row_id"))


def _recorded(row: dict[str, Any]) -> Recorded:
    began, ended = float(_int(row.get("started"))), float(_int(row.get("stopped")))
    live, kind = _int(row.get("live")) == 1, _text(row.get("media_type"))
    show = _text(row.get("grandparent_title"))
    decision = _text(row.get("transcode_decision")).casefold()
    session = Session(
        "",
        machine_id=_kept(row, "machine_id"),
        user_id=_int(row.get("user_id")),
        rating_key="" if live else _kept(row, "rating_key"),
        user=_kept(row, "user"),
        player=_kept(row, "player"),
        platform=_kept(row, "platform"),
        product=_kept(row, "product"),
        address=_kept(row, "ip_address"),
        location="relay" if _int(row.get("relayed")) else _kept(row, "location"),
        media_type="episode" if live and kind == "clip" else sys.intern(kind),  # as Plex's session list has it
        title=_kept(row, "full_title") or _kept(row, "title"),
        live=live,
        show=sys.intern(show) if kind != "track" else "",
        transcode="no" if decision in ("direct play", "copy") else "",
    )
    seconds = float(max(0, _int(row.get("play_duration"))))
    return Recorded(session, began, began + seconds, max(ended, began + seconds))


def _kept(row: dict[str, Any], key: str) -> str:
    """A text that many rows have is kept once."""
    return sys.intern(_text(row.get(key)))
