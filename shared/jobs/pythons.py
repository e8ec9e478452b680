"""Which Python Tautulli starts scripts with, and whether it finds the packages that Usher's people jobs will need."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from typing import Any, NamedTuple

from shared import packages
from shared.jobs.install import Owner, give_tree
from shared.jobs.steps import Step

FROZEN = ("windows", "macos")  # Tautulli's packages: scripts get the `python` on the PATH, and none of its libraries
OLDEST = (3, 10)
PROBE = (
    "import sys; from importlib.util import find_spec; sys.path.append(sys.argv[1]); "
    "print(*sys.version_info[:2], *[n for n in sys.argv[2:] if find_spec(n) is None])"
)
PIP_WAIT = 600.0  # seconds
NO_PYTHON = (
    "this Tautulli starts scripts with the `python` on its PATH, and there is none that runs: install Python 3.10 or "
    "newer with `Add python.exe to PATH`, and restart Tautulli"
)


class Python(NamedTuple):
    """An interpreter: its path, its version, and which of the needed packages it lacks even with vendor/."""

    path: str
    version: tuple[int, int]
    lacking: tuple[str, ...]


def steps(info: Any, owner: Owner, write: bool = True) -> Iterator[Step]:
    """See to the packages for the Python that runs the scripts. `info` is what Tautulli tells of itself."""
    about = info if isinstance(info, dict) else {}
    if str(about.get("tautulli_install_type")) in FROZEN:
        python = on_path()
        if python is None:
            yield Step("mistake", NO_PYTHON)
            return
        version = ".".join(map(str, python.version))
        yield Step("found", f"{python.path} (Python {version}), which this Tautulli starts scripts with")
        if python.version < OLDEST:
            yield Step("mistake", f"Usher needs Python 3.10 or newer; the `python` on the PATH is {version}")
            return
    else:
        told = str(about.get("tautulli_python_version") or "")
        numbers = tuple(int(part) for part in told.split(".")[:2] if part.isdecimal())
        if numbers and numbers < OLDEST:
            yield Step("mistake", f"Tautulli runs on Python {told}, and so would Usher's scripts: they need 3.10")
        python = Python(sys.executable, (sys.version_info[0], sys.version_info[1]), tuple(packages.provide()))
    if python.lacking:
        yield from _fetch(python, owner, write)


def on_path() -> Python | None:
    """The `python` that a Tautulli of a package for Windows or macOS starts, None if there is none that runs."""
    path = shutil.which("python")
    return ask(path) if path else None


def ask(path: str) -> Python | None:
    """What an interpreter says of itself; None if it does not run (as the stub of Microsoft's store)."""
    command = [path, "-I", "-c", PROBE, packages.VENDOR, *packages.NEEDED]
    try:
        done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60)  # noqa: S603
        major, minor, *lacking = done.stdout.split()
        return Python(path, (int(major), int(minor)), tuple(lacking))
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None


def _fetch(python: Python, owner: Owner, write: bool) -> Iterator[Step]:
    names = ", ".join(python.lacking)
    if not write:
        yield Step("fetched", f"{names} into {packages.VENDOR}")
        return
    yield Step("fetching", f"{names} into {packages.VENDOR} ...")
    failed = _pip(python)
    give_tree(packages.VENDOR, owner)
    lacking = _still_lacking(python)
    if lacking:  # limit_streams needs none of them: no reason to stop here
        yield Step("missing", f"{', '.join(lacking)} ({failed or 'not importable'}); limits work without; run "
                   "install.py again when this machine has pip and reaches a package index")  # fmt: skip
    else:
        yield Step("fetched", f"{names} into {packages.VENDOR}")


def _pip(python: Python) -> str:
    """Let that very interpreter's pip fill vendor/; why it failed, "" if it did not."""
    command = [python.path, "-I", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input",
               "--target", packages.VENDOR, "--upgrade", "--requirement",
               os.path.join(packages.ROOT, "requirements.txt")]  # fmt: skip
    try:
        done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=PIP_WAIT)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired) as error:
        return type(error).__name__
    return (done.stderr.strip().splitlines() or ["pip failed"])[-1] if done.returncode else ""


def _still_lacking(python: Python) -> tuple[str, ...]:
    if python.path == sys.executable:
        return tuple(packages.provide())
    asked = ask(python.path)
    return asked.lacking if asked else python.lacking
