"""Checks of the Plex server: does it answer, is the token the owner's, can streams be stopped, who gets past Usher?"""

from __future__ import annotations

from collections.abc import Iterator

from shared.errors import Refused, UsherError
from shared.jobs import clocks
from shared.jobs.findings import Facts, Finding, error, listed, ok, warning

RENEW = "sign in again in Tautulli's Settings > Plex Media Server (Fetch New Token), or mend [plex] token in config.ini"
ALLOWED = "List of IP addresses and networks that are allowed without auth"


def reach(facts: Facts) -> Iterator[Finding]:
    """Whether it is there, and the one that Tautulli and the ledger know."""
    try:
        plex = facts.gateway.plex
    except UsherError as problem:
        yield warning(f"Plex is not looked at: {problem}", "or run this where Tautulli's own config.ini is")
        return
    try:
        facts.server = plex.machine_id()
    except UsherError as problem:
        yield error(str(problem), _mend(problem))
        return
    facts.plex = plex
    yield ok(f"Plex at {plex.http.where} answers")
    theirs = str(facts.settings.get("pms_identifier") or "")
    if theirs and theirs != facts.server:
        yield error(f"Tautulli watches another Plex server than the one at {plex.http.where}",
                    "mend [plex] url, or Tautulli's Settings > Plex Media Server")  # fmt: skip
    known = facts.ledger.meta("server") if facts.ledger else ""
    if known and facts.ledger and known != facts.server:
        yield error(f"{facts.ledger.path} belongs to another Plex server",
                    "give this one a data_dir of its own in [usher], or move the file away")  # fmt: skip


def token(facts: Facts) -> Iterator[Finding]:
    """Whether Plex takes the token as the owner's, and shows the sessions."""
    if not facts.plex:
        return
    try:
        facts.sessions = facts.plex.sessions(facts.owner_id)
    except UsherError as problem:
        yield error(str(problem), _mend(problem))
        facts.plex = None
        return
    count = len(facts.sessions)
    yield ok(f"Plex takes the token as the owner's and shows what is played ({count} session{'s' * (count != 1)})")
    lacking = [s.player or "a player" for s in facts.sessions if not s.session_id]
    if lacking:
        yield warning(f"sessions without a session id, which Plex cannot stop: {listed(lacking)}",
                      "switch DLNA off in Plex's settings if these are DLNA players")  # fmt: skip


def plex_pass(facts: Facts) -> Iterator[Finding]:
    """Plex stops streams only where its owner has a Plex Pass; without it there is the players' remote control."""
    if not facts.plex:
        return
    told = facts.plex._container("/").get("myPlexSubscription", "")
    if told in ("1", "true"):
        yield ok("the owner's Plex Pass is active: streams are stopped by Plex, with the reason on the screen")
    elif told:
        players = facts.plex.players()
        level = warning if players else error
        yield level(f"Plex says that no Plex Pass is active, so streams are only stopped where a player takes remote "
                    f"control, and without the reason (players that take it now: {listed(players) or 'none'})",
                    "renew it; if it is active sign in again in Plex's Settings > General")  # fmt: skip
    else:
        yield warning("Plex does not say whether a Plex Pass is active, without which it stops no stream",
                      "see that the server is signed in: Plex's Settings > General")  # fmt: skip


def ways_past(facts: Facts) -> Iterator[Finding]:
    """Settings of Plex that let somebody watch as nobody."""
    if not facts.plex:
        return
    settings = {e.get("id", ""): e.get("value", "").strip() for e in facts.plex._container("/:/prefs")}
    networks = settings.get("allowedNetworks", "")
    if networks:
        yield warning(f"Plex lets these in without asking who they are, so limits do not hold there: {networks}",
                      f"empty Plex's Settings > Network > {ALLOWED}")  # fmt: skip
    if settings.get("DlnaEnabled", "").casefold() in ("1", "true"):
        yield warning("Plex's DLNA server is on: its players belong to nobody and cannot be stopped",
                      "switch it off in Plex's Settings > DLNA")  # fmt: skip
    if not networks and settings.get("DlnaEnabled", "").casefold() not in ("1", "true"):
        yield ok("Plex lets nobody in without a name (no network without auth, no DLNA)")


def clock(facts: Facts) -> Iterator[Finding]:
    """How far Plex's clock is from the one here."""
    if facts.plex:
        yield from clocks.skew(facts.plex.http, "/identity")


def _mend(problem: UsherError) -> str:
    text = str(problem)
    if isinstance(problem, Refused):
        if problem.status in (401, 422):
            return RENEW
        if problem.status == 403:
            return f"the token must be the one of the server's owner: {RENEW}"
    if "certificate" in text:
        return "write verify_tls = no into [plex], or the file of the certificate that signed it"
    return "start Plex, or mend [plex] url (in Tautulli: Settings > Plex Media Server)"
