"""The words of DESIGN as plain values. Times are seconds since 1970 (float, UTC), durations are seconds."""

from __future__ import annotations

from typing import NamedTuple


class User(NamedTuple):
    """A plex.tv account or managed user. `kind` is owner, home, managed, friend, or "" while it is unknown."""

    id: int
    name: str = ""
    title: str = ""
    email: str = ""
    kind: str = ""


class Session(NamedTuple):
    """One row of Plex's session list, or what an event of Tautulli tells of one.

    `user_id` is the account's id: Plex's own 1 for the owner is already mapped where the owner is known. `offset` and
    `duration` are seconds into and of the item; `offset` is None where nothing is told. Live TV has no `rating_key`.
    """

    session_key: str
    machine_id: str = ""
    user_id: int = 0
    rating_key: str = ""
    session_id: str = ""
    state: str = "playing"
    offset: float | None = None
    duration: float = 0.0
    user: str = ""
    player: str = ""
    platform: str = ""
    product: str = ""
    address: str = ""
    location: str = ""
    media_type: str = ""
    title: str = ""
    library: str = ""
    rating: str = ""
    live: bool = False


class HistoryRow(NamedTuple):
    """One play out of Tautulli's history. `seconds` is what was played of it, pauses left out."""

    user_id: int
    machine_id: str
    session_key: str
    rating_key: str
    began: float
    ended: float
    seconds: float
    media_type: str
    title: str
    library: str
    player: str
    live: bool
    is_open: bool
