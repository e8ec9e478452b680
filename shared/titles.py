"""What Tautulli knows of a title: its library, its rating, what kind of media it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shared.errors import Refused
from shared.model import Session
from shared.tautulli import _rows, _text

if TYPE_CHECKING:
    from shared.tautulli import Tautulli

KINDS = ("movie", "show", "episode", "track")  # what is looked through, the first match is taken
WAIT = 20.0  # seconds; Tautulli asks Plex for each thing that it finds
MOST = "5"  # results of each kind


class Titles:
    """Tautulli as far as it is about what there is to watch. Every method raises Unreachable without an answer."""

    def __init__(self, tautulli: Tautulli) -> None:
        self.tautulli = tautulli

    def called(self, title: str) -> Session | None:
        """A session of what has that title, else of the first that is found by it; None if nothing is. Of a series it
        is one of an episode of it."""
        data = self.tautulli.call("search", query=title, limit=MOST, wait=WAIT)
        listed = data.get("results_list") if isinstance(data, dict) else None
        found = [
            row
            for kind in KINDS
            for row in _rows(listed.get(kind) if isinstance(listed, dict) else None)
            if row.get("title")
        ]
        same = [row for row in found if str(row["title"]).casefold() == title.strip().casefold()]
        return _session((same or found)[0]) if found else None

    def item(self, rating_key: str) -> Session | None:
        """A session of an item; None if there is none."""
        try:
            row = self.tautulli.call("get_metadata", rating_key=rating_key)
        except Refused:
            return None
        return _session(row) if isinstance(row, dict) and row.get("title") else None


def _session(row: dict[str, Any]) -> Session:
    kind, title, show = (_text(row.get(key)) for key in ("media_type", "title", "grandparent_title"))
    if kind == "show":
        kind, show = "episode", title
    elif kind == "episode" and show:
        title = f"{show} - {title}"
    media = row.get("media_info")
    file = media[0] if isinstance(media, list) and media and isinstance(media[0], dict) else {}
    return Session(
        "", media_type=kind, title=title, show=show if kind == "episode" else "",
        rating_key=_text(row.get("rating_key")), library=_text(row.get("library_name")),
        rating=_text(row.get("content_rating")), resolution=_text(file.get("video_resolution")).casefold(),
        file_bitrate=_whole(file.get("bitrate")), duration=_whole(row.get("duration")) / 1000,
    )  # fmt: skip


def _whole(value: object) -> int:
    text = _text(value)
    return int(text) if text.isdecimal() and text.isascii() and len(text) < 15 else 0
