"""`install.py check`: one line for each thing that is right or wrong, and what to do about it. Writes nothing."""

from __future__ import annotations

import sqlite3
import traceback
from collections.abc import Callable, Iterator

from shared.errors import UsherError
from shared.jobs import (
    check_agents,
    check_channels,
    check_files,
    check_house,
    check_logs,
    check_people,
    check_plex,
    check_plextv,
    check_tautulli,
)
from shared.jobs.findings import ERROR, WARNING, Facts, Finding, Progress, arguments, error, gather

Step = Callable[[Facts], Iterator[Finding]]
STEPS: tuple[tuple[str, Step], ...] = (
    ("config.ini", check_house.config),
    ("Python", check_house.interpreter),
    ("packages", check_house.its_packages),
    ("Tautulli", check_tautulli.reach),
    ("Tautulli's settings", check_tautulli.monitoring),
    ("Tautulli's history", check_tautulli.history),
    ("time zone", check_tautulli.time_zone),
    ("notification agents", check_agents.agents),
    ("schedule", check_agents.timer),
    ("Plex", check_plex.reach),
    ("Plex's sessions", check_plex.token),
    ("Plex Pass", check_plex.plex_pass),
    ("Plex's settings", check_plex.ways_past),
    ("plex.tv", check_plextv.accounts),
    ("users", check_people.users),
    ("players", check_people.shared_players),
    ("persons that end", check_people.ends),
    ("names of users", check_people.unmatched_users),
    ("VIPs and guests", check_people.vips_and_guests),
    ("devices", check_people.devices),
    ("mail", check_channels.mail),
    ("Discord", check_channels.discord),
    ("Plex's log", check_logs.kept),
    ("ledger", check_files.ledger),
    ("disk", check_files.disk),
    ("files", check_files.permissions),
    ("Tautulli's clock", check_tautulli.clock),
    ("Plex's clock", check_plex.clock),
    ("dry run", check_house.dry_and_live),
    ("timekeeper", check_files.timekeeper),
)


def main(argv: list[str]) -> int:
    """Print every finding as it comes; the exit status is 0 for all ok, 1 with warnings, 2 with errors."""
    given = arguments("check", "Look at everything that Usher needs, and change nothing.", argv)
    told = []
    with Progress() as progress:
        for finding in findings(gather(given.tautulli, given.apikey, given.config, progress.say)):
            told.append(finding)
            if not given.json:
                progress.show(finding.text)
    levels = [finding.level for finding in told]
    print(_as_json(told) if given.json else _summary(levels.count(ERROR), levels.count(WARNING)))
    return 2 if ERROR in levels else 1 if WARNING in levels else 0


def findings(facts: Facts) -> Iterator[Finding]:
    """All of them, in the order of STEPS. A step that fails is a finding itself, and the others go on."""
    for name, step in STEPS:
        facts.say(name)
        try:
            yield from step(facts)
        except UsherError as problem:
            yield error(f"{name}: {problem}", "mend that and check again")
        except (OSError, sqlite3.Error) as problem:
            yield error(f"{name}: {problem}", "mend that and check again")
        except Exception as problem:  # noqa: BLE001 - a check that fails must not hide the others
            place = traceback.extract_tb(problem.__traceback__)[-1]
            yield error(f"{name}: this could not be checked, a fault of Usher's own ({type(problem).__name__} in "
                        f"{place.name}, line {place.lineno})", "please report it")  # fmt: skip


def _summary(errors: int, warnings: int) -> str:
    if not errors and not warnings:
        return "all is well"
    counts = [(errors, "error"), (warnings, "warning")]
    return ", ".join(f"{n} {what}{'s' * (n != 1)}" for n, what in counts if n)


def _as_json(told: list[Finding]) -> str:
    from shared import log

    rows = [{key: log.mask(value) for key, value in finding._asdict().items()} for finding in told]
    return log.as_json(rows)
