"""The words of DESIGN as plain values. Times are seconds since 1970 (float, UTC), durations are seconds."""

from __future__ import annotations

from typing import NamedTuple

PLEX_OWNER = 1  # what a Plex server itself calls its owner, whatever the account's id on plex.tv is; nobody else's id


class User(NamedTuple):
    """A plex.tv account or managed user. `kind` is owner, home, managed, friend, or "" while it is unknown."""

    id: int
    name: str = ""
    title: str = ""
    email: str = ""
    kind: str = ""


class Member(NamedTuple):
    """Who has a share of this server or is invited to one, as plex.tv tells it. `kind`: owner, friend, home or managed.

    `share_id` is 0 where there is none (the owner, home users without a share). A `pending` invitation is not accepted
    yet; `invited_at` and `accepted_at` are 0 where plex.tv does not say. `libraries` are plex.tv's section ids, with
    their titles in `library_titles`; `permissions` are plex.tv's own names (allowSync, filterMovies ...) and values.
    """

    id: int
    name: str = ""
    title: str = ""
    email: str = ""
    kind: str = ""
    share_id: int = 0
    pending: bool = False
    invited_at: float = 0.0
    accepted_at: float = 0.0
    libraries: tuple[int, ...] = ()
    library_titles: tuple[str, ...] = ()
    all_libraries: bool = False
    permissions: tuple[tuple[str, str], ...] = ()
    is_friend: bool = False


class Session(NamedTuple):
    """One row of Plex's session list, or what an event of Tautulli tells of one.

    `user_id` is the account's id: Plex's own 1 for the owner is already mapped where the owner is known. `offset` and
    `duration` are seconds into and of the item; `offset` is None where nothing is told. Live TV has no `rating_key`.
    `location` is lan, wan or relay; `transcode` what is converted: no, video, audio or both; `resolution` is the
    file's: 4k, 1080 … sd; `bitrate` the stream's, in kbps, and `file_bitrate` the file's. Of these "" and 0 mean that
    it is not known.
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
    show: str = ""
    transcode: str = ""
    resolution: str = ""
    bitrate: int = 0
    file_bitrate: int = 0


class HistoryRow(NamedTuple):
    """One play out of Tautulli's history. `seconds` is what was played of it, pauses left out. How it was rated, and
    what was converted of it, the history does not tell."""

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
    show: str = ""
    platform: str = ""
    product: str = ""
    address: str = ""
    location: str = ""


class Play(NamedTuple):
    """One sitting of one item on one player, as the ledger keeps it. `seq` numbers its stretches in state playing; the
    newest is `span_began` to `span_ended`. `denied` is 1 from a stop decision on."""

    id: int
    session: Session
    began: float
    seen: float
    ended: float | None = None
    epoch: int = 0
    denied: int = 0
    seq: int = 0
    span_began: float = 0.0
    span_ended: float = 0.0
    span_denied: int = 0
    gap_began: float = 0.0
    gap_ended: float = 0.0
    gap_offset: float = 0.0


class Span(NamedTuple):
    """A stretch in state playing. `epoch` rises when the clock is set back: two spans of different epochs were never
    at the same time, whatever their times say. `denied` spans came after a stop decision. `play` is their play's id."""

    began: float
    ended: float
    media_type: str = ""
    library: str = ""
    epoch: int = 0
    denied: bool = False
    play: int = 0


class Decision(NamedTuple):
    """`until`: of an allow the moment at which `limit` ends it, of a stop the moment it opens again; None is never.

    `limit` is the key of config.ini, or rule:NAME; `kind` which text tells of it (see `policy.bounds`). `reason` is for
    the owner, `message` what the owner wants said to the viewer. A `dry` end is only
    rehearsed. `ahead` is when it is to be decided again even if nothing happens, as far as it can be foreseen.
    """

    allowed: bool
    until: float | None = None
    limit: str = ""
    value: int = 0
    reason: str = ""
    kind: str = ""
    message: str = ""
    dry: bool = False
    ahead: float | None = None


class PastPlay(NamedTuple):
    """One play out of Tautulli's history, as a report reads it. `seconds` is what was played of it, pauses left out;
    `work` is the show, film or artist, `title` all of its name. `library` is "" unless it was asked for."""

    user_id: int
    user: str
    machine_id: str
    player: str
    platform: str
    began: float
    seconds: float
    media_type: str
    work: str
    title: str
    library: str = ""


class Recorded(NamedTuple):
    """One play out of Tautulli's history, to be played again: `plays_until` is its end without its pauses."""

    session: Session
    began: float
    plays_until: float
    ended: float
