"""Checks of Tautulli: does it answer, and is it set up so that events come and history is kept?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from shared.errors import Refused, UsherError
from shared.jobs import clocks
from shared.jobs.findings import Facts, Finding, error, listed, ok, warning, whole_number

if TYPE_CHECKING:
    from shared.tautulli import Tautulli

LOG_WAIT = 20.0  # seconds; it reads its whole log file to find a line


def reach(facts: Facts) -> Iterator[Finding]:
    """Whether it is there and takes the key; its version and its Python."""
    try:
        tautulli = facts.gateway.tautulli
        about = _dict(tautulli.call("get_tautulli_info"))
    except UsherError as problem:
        yield error(str(problem), _mend(problem, facts))
        return
    facts.tautulli = tautulli
    python = str(about.get("tautulli_python_version") or "")
    version = str(about.get("tautulli_version") or "of unknown version")
    yield ok(f"Tautulli {version} at {tautulli.http.where} answers and takes the key")
    old = python and [int(part) for part in python.split(".")[:2] if part.isdecimal()] < [3, 10]
    if old:
        yield error(f"Tautulli runs on Python {python}, and Usher's scripts need 3.10", "update Tautulli or its Python")
    elif str(about.get("tautulli_install_type")) in ("windows", "macos"):
        yield ok("this Tautulli starts scripts with the python that is on its PATH, not with its own",
                 "see that a Python from 3.10 on is installed for the user that Tautulli runs as")  # fmt: skip
    facts.users = tautulli.users()
    for section in _dict(tautulli.call("get_settings")).values():
        facts.settings.update({str(key).lower(): value for key, value in _dict(section).items()})


def monitoring(facts: Facts) -> Iterator[Finding]:
    """Whether Tautulli hears of playbacks at all, and of all of them."""
    if not facts.tautulli:
        return
    if _dict(facts.tautulli.call("server_status")).get("connected"):
        yield ok("Tautulli is connected to Plex and hears of playbacks")
    else:
        yield error("Tautulli is not connected to Plex, so it fires no event",
                    "start Plex, or mend Tautulli's Settings > Plex Media Server")  # fmt: skip
    if whole_number(facts.settings.get("notify_consecutive", 1)):
        yield ok("Tautulli fires every pause, resume and stop (notify_consecutive)")
    else:
        yield warning(
            "Tautulli fires no stop after 85 % and no resume after 99 % of an item (notify_consecutive is off)",
            "tick Allow Playback Stop Notifications Exceeding Watched Percent in its Settings > Notifications",
        )
    if whole_number(facts.settings.get("verbose_logs", 1)):
        yield ok("Tautulli's log takes what Usher prints (verbose logs are on)")
    else:
        yield warning("Tautulli's verbose logs are off, so what Usher prints stands nowhere",
                      "set verbose_logs = 1 in Tautulli's config.ini while it is stopped")  # fmt: skip


def history(facts: Facts) -> Iterator[Finding]:
    """A new ledger is filled from Tautulli's history: who is left out of it begins the day at nothing."""
    if not facts.tautulli:
        return
    users = [r for r in _rows(facts.tautulli.call("get_users")) if whole_number(r.get("user_id"))]
    table = _dict(facts.tautulli.call("get_libraries_table", length=1000))
    lacking = {
        "user": [facts.name(whole_number(r["user_id"])) for r in users if r.get("keep_history") in (0, False, "0")],
        "library": [
            str(r.get("section_name")) for r in _rows(table.get("data")) if r.get("keep_history") in (0, False, "0")
        ],
    }
    for kind, names in lacking.items():
        if names:
            where = "Users" if kind == "user" else "Libraries"
            yield warning(f"Tautulli keeps no history for the {kind} {listed(names)}",
                          f"tick Keep History there: Tautulli > {where} > the name > Edit")  # fmt: skip
    if not any(lacking.values()):
        yield ok(f"Tautulli keeps the history of all {len(users)} users and of all libraries")


def time_zone(facts: Facts) -> Iterator[Finding]:
    """Whether the times in config.ini mean what the owner means by them."""
    own = str(facts.config.get("usher", "timezone") or "")
    theirs = _zone_of(facts.tautulli) if facts.tautulli else None
    timed = clocks.names_a_time(facts.config.settings)
    if not own and (clocks.is_utc(theirs) if theirs else clocks.is_utc(clocks.system_zone())):
        what = "the time zone is UTC" if theirs else "the time zone of this machine is UTC"
        mend = "write timezone = into [usher] of config.ini, like Europe/Zurich"
        text = f"{what}, and {listed(timed)} go by it" if timed else f"{what}; no limit names a time of day"
        yield warning(text, f"{mend}; better still, set TZ for Tautulli") if timed else ok(text, mend)
        return
    if own and clocks.is_utc(clocks.Zone(own, None)) and timed:
        yield warning(f"[usher] timezone = {own}, and {listed(timed)} go by it", "write your own, like Europe/Zurich")
    if theirs and not clocks.agree(clocks.Zone(own, None) if own else clocks.system_zone(), theirs, facts.now):
        if own:
            yield warning(
                f"[usher] timezone = {own}, but Tautulli's is {theirs.name}: limits go by the first, its pages and "
                "timers by the second",
                "set TZ for Tautulli, or mend timezone",
            )
        else:
            yield warning(
                f"the time zone here is not Tautulli's ({theirs.name}): what is started from here goes by another one",
                "write timezone = into [usher] of config.ini, like Europe/Zurich",
            )
        return
    offset, at = clocks.local(facts.config.settings["zone"], facts.now)
    yield ok(f"the time zone is {own or (theirs.name if theirs else 'that of this machine')}: it is {at} (UTC{offset})")


def clock(facts: Facts) -> Iterator[Finding]:
    """How far Tautulli's clock is from the one here."""
    if facts.tautulli:
        yield from clocks.skew(facts.tautulli.http, "/status")


def _mend(problem: UsherError, facts: Facts) -> str:
    """What to do where Tautulli does not answer as it should."""
    text, status = str(problem), problem.status if isinstance(problem, Refused) else 0
    if status == 401:
        return "copy the key from Tautulli's Settings > Web Interface > API key"
    if "certificate" in text:
        return "write verify_tls = no into [tautulli], or the file of the certificate that signed it"
    own = next((s for s in facts.here if not _is_used(s.url, facts)), None)
    if own:
        return f"its own {own.found} says {own.url}: write that into [tautulli] url, and see that it runs"
    if status == 404 or 300 <= status < 400:
        return "is http_root set in Tautulli's Settings > Web Interface? Write it behind [tautulli] url"
    if "is empty" in text:
        return "or give both here: install.py check --tautulli URL --apikey KEY"
    if "TLS" in text or "HTTP;" in text:
        return "mend [tautulli] url"
    return (
        "start Tautulli, or mend [tautulli] url: its http_host, http_port and http_root stand in Tautulli's config.ini"
    )


def _is_used(url: str, facts: Facts) -> bool:
    try:
        return facts.gateway.tautulli.http.where.rstrip("/") == url.rstrip("/")
    except UsherError:
        return False


def _zone_of(tautulli: Tautulli) -> clocks.Zone | None:
    """As it wrote it into its log when it started: `Europe/Zurich (UTC+0100)`; None if that line is gone."""
    import re

    try:
        rows = _rows(tautulli.call("get_logs", regex=r"\(UTC[+-]\d{4}\)", order="desc", wait=LOG_WAIT))
    except UsherError:  # an empty or missing log; the rest of the check does not need it
        return None
    for row in rows:
        found = re.fullmatch(r"(\S+) \(UTC([+-])(\d\d)(\d\d)\)", str(row.get("msg") or "").strip())
        if found:
            away = int(found[3]) * 3600 + int(found[4]) * 60
            return clocks.Zone(found[1], -away if found[2] == "-" else away)
    return None


def _rows(data: Any) -> list[dict[str, Any]]:
    return [row for row in data if isinstance(row, dict)] if isinstance(data, list) else []


def _dict(data: Any) -> dict[str, Any]:
    return data if isinstance(data, dict) else {}
