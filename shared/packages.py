"""Where the run-time packages come from when the interpreter does not have them.

Inside Tautulli they are on the path already. Elsewhere (Windows and macOS packages, a shell in a container, cron) they
are looked for in `vendor/` beside the agents, then in the `lib/` of a Tautulli on this machine.
"""

from __future__ import annotations

import os
import sys

NEEDED = ("requests", "plexapi", "dateutil")
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENDOR = os.path.join(ROOT, "vendor")


def provide() -> list[str]:
    """Put what is missing on the path; returns what is missing even then. Not for the hot path: it looks around."""
    for folder in [VENDOR, *_tautulli_libs()]:
        lacking = missing()
        if not lacking:
            return []
        # at the end, so that nothing in there ever comes before the interpreter's own packages
        if folder not in sys.path and any(os.path.isdir(os.path.join(folder, name)) for name in lacking):
            sys.path.append(folder)
    return missing()


def missing() -> list[str]:
    """The needed packages that cannot be imported as the path is now."""
    import importlib
    from importlib.util import find_spec

    importlib.invalidate_caches()
    return [name for name in NEEDED if find_spec(name) is None]


def advice(lacking: list[str]) -> str:
    """One line for the owner: what is missing and what to run."""
    command = f"{sys.executable or 'python3'} {os.path.join(ROOT, 'install.py')}"
    return f"missing Python packages: {', '.join(lacking)}; run: {command}"


def _tautulli_libs() -> list[str]:
    from shared.places import tautulli_programs

    return [os.path.join(program, "lib") for program in tautulli_programs()]
