"""Checks at plex.tv: who shares this server, who may download, which profiles of the home have no PIN.

The only part that needs plexapi. plex.tv being down is nothing that an owner can mend: never more than a warning.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any

from shared import packages
from shared.errors import UsherError
from shared.jobs.cases import has_limits
from shared.jobs.check_house import is_new_enough, plexapi_version
from shared.jobs.check_people import house_of, treatment
from shared.jobs.findings import Facts, Finding, listed, ok, warning

WAIT = 8  # seconds for each answer of plex.tv
NOT_LOOKED = "plex.tv is not looked at"


def accounts(facts: Facts) -> Iterator[Finding]:
    """All of it; plex.tv is asked three or four times."""
    token = _token(facts)
    if packages.provide() or not is_new_enough(plexapi_version()):
        return  # its_packages has said so
    if not token:
        return  # nor was Plex looked at
    try:
        refusals, failures = import_module("plexapi.exceptions"), import_module("requests.exceptions")
        myplex = import_module("plexapi.myplex")
    except ImportError as problem:
        yield warning(f"{NOT_LOOKED}: plexapi cannot be imported ({problem})", "install it again")
        return
    try:
        account = myplex.MyPlexAccount(token=token, timeout=WAIT)
        yield from _look(facts, account)
    except refusals.Unauthorized:
        yield warning("plex.tv does not accept the token (401 or 422): it has expired, or was signed out",
                      "sign in again in Tautulli's Settings > Plex Media Server (Fetch New Token)")  # fmt: skip
    except (refusals.PlexApiException, failures.RequestException, OSError) as problem:
        yield warning(f"plex.tv does not answer as it should ({type(problem).__name__}); stopping does not need it",
                      "try again later; its state is on status.plex.tv")  # fmt: skip


def _look(facts: Facts, account: Any) -> Iterator[Finding]:
    if facts.owner_id and account.id != facts.owner_id:
        yield warning(f"the token of Plex is not that of the server's owner, {facts.name(facts.owner_id)}",
                      "sign in as the owner in Tautulli's Settings > Plex Media Server (Fetch New Token)")  # fmt: skip
        return
    yield ok("plex.tv takes the token as the owner's")
    listed_there = account.users()
    users = [u for u in listed_there if u.home or _share(u, facts) is not None or not facts.server]
    kinds: dict[str, list[str]] = {"friends": [], "home": [], "managed": []}
    for user in users:
        kind = "managed" if user.restricted == "1" else "home" if user.home else "friends"
        kinds[kind].append(user.username or user.title)
    told = "; ".join(f"{len(names)} {kind}{f' ({listed(names)})' if names else ''}" for kind, names in kinds.items())
    yield ok(f"plex.tv lists {len(users)} users of this server: {told}; {_pending(account, listed_there, facts)}")
    unknown = [u.username or u.title for u in users if facts.users and u.id not in {known.id for known in facts.users}]
    if unknown:
        yield warning(f"users that Tautulli does not know yet: {listed(unknown)}",
                      "press Refresh users in Tautulli's Users page")  # fmt: skip
    downloading = [u.username or u.title for u in users if u.allowSync]
    if downloading:
        yield ok(f"may download, which no limit sees: {listed(downloading)}",
                 "if that is not meant: Plex's Settings > Manage Library Access > the name > Restrictions")  # fmt: skip
    yield from _without_pin(facts, account)


def _without_pin(facts: Facts, account: Any) -> Iterator[Finding]:
    """Whoever is limited in a Plex Home can switch to a profile that is not, unless that one asks for a PIN."""
    home = [(int(e.get("id", "0")), e.get("title", "") or e.get("username", ""), e.get("protected", "0") == "1")
            for e in account.query(account.HOMEUSERS)]  # fmt: skip
    if len(home) < 2:
        return
    house, own = house_of(facts), {"person", "group"}
    treated = {id: treatment(house, user) for id in (i for i, _, _ in home) for user in facts.users if user.id == id}
    by_name = [t for t in treated.values() if t.limited and t.source in own]
    free = [title for id, title, has_pin in home if not has_pin and id in treated and not treated[id].limited]
    without = [title for _, title, has_pin in home if not has_pin]
    if free and by_name:
        yield warning(f"home profiles without a PIN that no limit holds for: {listed(free)}; whoever is limited can "
                      "switch to them", "set a PIN in Plex's Settings > Users & Sharing")  # fmt: skip
    elif without and has_limits(facts.config):
        yield ok(f"home profiles without a PIN: {listed(without)}")


def _share(user: Any, facts: Facts) -> Any:
    return next((s for s in user.servers if s.machineIdentifier == facts.server), None)


def _pending(account: Any, users: list[Any], facts: Facts) -> str:
    """Invitations that were not answered yet. plex.tv has shut that list (410) and may open it again."""
    waiting = [u.username or u.title for u in users if getattr(_share(u, facts), "pending", False)]
    try:
        waiting += [i.username or i.email for i in account.pendingInvites(includeReceived=False)]
    except import_module("plexapi.exceptions").PlexApiException:
        if not waiting:
            return "pending invitations are not told any more"
    return f"{len(waiting)} pending{f' ({listed(waiting)})' if waiting else ''}"


def _token(facts: Facts) -> str:
    """The token that Plex is asked with; "" if there is none, or if the server itself has not taken it."""
    if facts.server and not facts.plex:
        return ""
    try:
        return str(facts.gateway.plex._headers["X-Plex-Token"])
    except UsherError:
        return ""
