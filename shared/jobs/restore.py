"""Bring somebody back to just what they had: invite them, have Tautulli record them again, begin anew."""

from __future__ import annotations

import time

from shared import log
from shared.config import Config, load
from shared.errors import UsherError
from shared.gateway import Gateway
from shared.jobs import roster
from shared.jobs.tell import tell_owner
from shared.ledger import Ledger
from shared.ledger_people import People, Removal
from shared.policy import named, words


def restore(name: str) -> str:
    """Restore a removed user by name, mail address, title or id. One line about what came of it."""
    config = load()
    ledger = Ledger(config.get("usher", "data_dir"))
    try:
        return run(ledger, config, Gateway(config), time.time(), name)
    finally:
        ledger.close()


def run(ledger: Ledger, config: Config, gateway: Gateway, now: float, name: str) -> str:
    """Do it. Each of its steps may be done twice: after a failure it is simply called again."""
    people = People(ledger)
    with roster.alone(ledger) as free:
        if not free:
            raise UsherError("a run of Usher's is at work on the users: try again in a minute")
        removal = find(people.removals(), name)
        if roster.rehearses(config, "prune"):
            raise UsherError(f"this is a dry run: {removal.name} would be invited again; see [prune] dry_run")
        ledger.machine_of_server(gateway.plex.machine_id())
        listed = {member.id: member for member in gateway.plextv.members()}
        lost: tuple[str, ...] = ()
        here = listed.get(removal.user_id)
        if here is None:
            lost = gateway.plextv.invite(removal.member)
        recorded = gateway.viewers.undelete(removal.user_id)
        with ledger.writing():
            people.renew(removal.user_id, now)
            people.close_warning(removal.user_id, "restored", now)
            people.restored(removal, now)
            people.act(f"restored:{removal.id}:{now:.0f}", removal.user_id, removal.name, "restored", "", now)
            said = _said(removal, here is not None and not here.pending, lost, recorded)
            tell_owner(ledger, f"restored:{removal.id}:{now:.0f}", f"Usher: {removal.name} restored", said, now)
    return log.mask(said)


def find(removals: list[Removal], name: str) -> Removal:
    """The newest removal of the one user whom a name means. Raises UsherError for none and for several."""
    key = name.casefold().strip()
    found = {r.user_id: r for r in removals if r.gone_at is not None and named.is_called(r.member, key)}
    if not found:
        raise UsherError(f"nobody called {words.shorten(name, 40)!r} was removed: see prune_users.py --list-removed")
    if len(found) > 1:
        ids = ", ".join(str(id) for id in sorted(found))
        raise UsherError(f"{words.shorten(name, 40)!r} means several removed users: name one by id: {ids}")
    return next(iter(found.values()))


def list_removed() -> str:
    """Everybody who was removed, a line each, the newest first."""
    config = load()
    ledger = Ledger(config.get("usher", "data_dir"))
    try:
        rows = [r for r in People(ledger).removals() if r.gone_at is not None]
    finally:
        ledger.close()
    lines = []
    for row in reversed(rows):
        day = time.strftime("%Y-%m-%d", time.localtime(row.gone_at))
        back = f"; restored {time.strftime('%Y-%m-%d', time.localtime(row.restored_at))}" if row.restored_at else ""
        what = f"{log.mask(row.name)}  {row.outcome or row.step}: {row.reason}"
        lines.append(f"{day}  {row.user_id}  {what}{back}")
    return "\n".join(lines) or "nobody was removed yet"


def _said(removal: Removal, is_here: bool, lost: tuple[str, ...], recorded: bool) -> str:
    parts = [f"{removal.name} is on the server already" if is_here else f"{removal.name} is invited again"]
    parts += [f"libraries that are no more: {', '.join(words.shorten(title, 40) for title in lost)}"] if lost else []
    parts += ["Tautulli records their plays" if recorded else "Tautulli does not know them yet"]
    return "; ".join(parts) + "."
