"""Every player that was ever seen: in Tautulli's history, in Plex's sessions of this moment, in the ledger."""

from __future__ import annotations

from typing import Any, NamedTuple

from shared.errors import Refused
from shared.jobs import peek
from shared.jobs.findings import Facts, whole_number

PAGE, PAGES = 1000, 3  # of each user's history, the newest first
WAIT = 60.0  # seconds; a history of 200,000 plays takes its time


class Player(NamedTuple):
    """A player, and the user whom it was seen with. `last` is when, in seconds since 1970."""

    machine_id: str
    title: str
    user_id: int
    platform: str = ""
    last: float = 0.0


def seen(facts: Facts) -> list[Player]:
    """Each (player, user) once, under its newest title, the one used last first."""
    found: dict[tuple[str, int], Player] = {}
    for player in (*_live(facts), *_known(facts), *_past(facts)):
        key = player.machine_id, player.user_id
        if player.machine_id and player.title and player.last >= found.get(key, player).last:
            found[key] = player
    return sorted(found.values(), key=lambda player: (-player.last, player.title, player.machine_id))


def _live(facts: Facts) -> list[Player]:
    return [Player(s.machine_id, s.player, s.user_id, s.platform, facts.now) for s in facts.sessions]


def _known(facts: Facts) -> list[Player]:
    rows = peek.players(facts.ledger) if facts.ledger else []
    return [Player(r.machine_id, r.title, r.user_id, r.platform, r.last_seen) for r in rows]


def _past(facts: Facts) -> list[Player]:
    """Out of the newest plays of each user, and for players used long ago by their names."""
    found: list[Player] = []
    ids = [user.id for user in facts.users] + [0]
    for number, user_id in enumerate(ids, 1):
        facts.say(f"players of user {number} of {len(ids)}")
        mine = _rows(facts, user_id)
        titles = {player.title for player in mine}
        if len(mine) >= PAGE * PAGES:
            for title in _all_titles(facts, user_id) - titles:
                mine += _page(facts, user_id, search=title, length=25)
        found += mine
    return found


def _rows(facts: Facts, user_id: int) -> list[Player]:
    found: list[Player] = []
    for page in range(PAGES):
        more = _page(facts, user_id, start=page * PAGE, length=PAGE)
        found += more
        if len(more) < PAGE:
            break
    return found


def _page(facts: Facts, user_id: int, **which: object) -> list[Player]:
    if not facts.tautulli:
        return []
    data = facts.tautulli.call("get_history", user_id=user_id, grouping=0, include_activity=0, order_column="started",
                               order_dir="desc", wait=WAIT, **which)  # fmt: skip
    rows: list[Any] = data.get("data") or [] if isinstance(data, dict) else []
    return [
        Player(str(r.get("machine_id") or ""), str(r.get("player") or ""), user_id, str(r.get("platform") or ""),
               float(whole_number(r.get("started")))) for r in rows
    ]  # fmt: skip


def _all_titles(facts: Facts, user_id: int) -> set[str]:
    if not facts.tautulli:
        return set()
    try:
        rows = facts.tautulli.call("get_user_player_stats", user_id=user_id, grouping=0)
    except Refused:  # of an older Tautulli: then the newest plays must do
        return set()
    return {str(row.get("player_name") or "") for row in rows} if isinstance(rows, list) else set()
