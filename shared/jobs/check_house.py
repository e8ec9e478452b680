"""Checks of what is Usher's own: config.ini, the Python that runs this, its packages; what is dry and what is live."""

from __future__ import annotations

import importlib
import os
import platform
import sys
from collections.abc import Iterator
from importlib.util import find_spec

from shared import __version__, packages
from shared.jobs.cases import has_limits
from shared.jobs.findings import AGAIN, Facts, Finding, error, listed, ok, warning

OLDEST_PLEXAPI = (4, 15, 13)  # the first with removeFriend by the address that plex.tv still answers


def config(facts: Facts) -> Iterator[Finding]:
    """Every mistake in config.ini, and what holds meanwhile."""
    config = facts.config
    for problem in config.problems:
        yield error(problem, f"until then holds {config.in_force}")
    if not config.problems:
        numbers = ((kind, len(config.settings[kind])) for kind in ("person", "group"))
        counts = [f"{number} {kind}{'s' * (number > 1)}" for kind, number in numbers if number]
        yield ok(f"{config.path} is valid{': ' + ', '.join(counts) if counts else ''}")
    if not has_limits(config) and not config.problems:
        yield ok("config.ini limits nobody yet", f"write your limits into {config.path}")


def interpreter(facts: Facts) -> Iterator[Finding]:
    """The Python that runs this check. Tautulli's own is looked at with Tautulli."""
    yield ok(f"Usher {__version__} on Python {platform.python_version()} ({sys.executable})")


def its_packages(facts: Facts) -> Iterator[Finding]:
    """Where requests, plexapi and dateutil come from. Limits need none of them."""
    lacking = packages.provide()
    where: dict[str, list[str]] = {}
    for name in (n for n in packages.NEEDED if n not in lacking):
        where.setdefault(_place(name), []).append(name)
    if where:
        yield ok("packages: " + "; ".join(f"{', '.join(names)} from {place}" for place, names in where.items()))
    if lacking:
        yield ok(f"packages not here, and not needed for limits: {', '.join(lacking)}",
                 f"to look at plex.tv as well {AGAIN}")  # fmt: skip
    version = plexapi_version() if "plexapi" not in lacking else ""
    if version and not is_new_enough(version):
        wanted = ".".join(map(str, OLDEST_PLEXAPI))
        yield warning(
            f"plexapi {version} in {_place('plexapi')} is older than {wanted}, so plex.tv is not looked at",
            f"update Tautulli, or: {sys.executable} -m pip install --upgrade plexapi",
        )


def plexapi_version() -> str:
    """The version of the plexapi that would be imported, "" if it cannot be told."""
    os.environ.pop("PLEXAPI_LOG_PATH", None)  # importing it would make that file
    try:
        return str(getattr(importlib.import_module("plexapi"), "VERSION", ""))
    except Exception:  # noqa: BLE001 - somebody else's package, in whatever state
        return "of unknown version"


def is_new_enough(version: str) -> bool:
    numbers = [int(part) for part in version.split(".")[:3] if part.isdecimal()]
    return tuple(numbers) >= OLDEST_PLEXAPI


def dry_and_live(facts: Facts) -> Iterator[Finding]:
    """One line on what is rehearsed and what is not."""
    settings = facts.config.settings
    dry = bool(settings["usher"]["dry_run"])
    others = [
        f"{kind} {name}"
        for kind in ("group", "person")
        for name, section in settings[kind].items()
        if "dry_run" in section and bool(section["dry_run"]) != dry
    ]
    if dry:
        but = f"; live: {listed(others)}" if others else ""
        yield ok(f"dry run: streams are not stopped, what would happen is only said{but}",
                 "when you like what you see write dry_run = no into [usher]")  # fmt: skip
    else:
        but = f"; dry run: {listed(others)}" if others else ""
        yield ok(f"live: streams are stopped{but}")


def _place(name: str) -> str:
    spec = find_spec(name)
    origin = os.path.dirname(os.path.dirname(spec.origin)) if spec and spec.origin else "an unknown place"
    if origin == packages.VENDOR:
        return "vendor/"
    beside = os.path.isfile(os.path.join(os.path.dirname(origin), "Tautulli.py"))
    return f"Tautulli ({origin})" if beside else origin
