"""Where a Tautulli usually lives: its program, and its data folder with config.ini."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping

PROGRAMS = (
    "/app",  # the official image
    "/app/tautulli",  # linuxserver.io
    "/opt/Tautulli",
    "/opt/tautulli",
    "/usr/lib/tautulli",
    "/usr/share/tautulli",
    "/usr/local/share/Tautulli",  # FreeBSD
    "/usr/local/share/tautulli",
    "/var/packages/tautulli/target/share/Tautulli",  # Synology
    "/snap/tautulli/current",
    "C:\\Program Files\\Tautulli",
)
DATA = (
    "/config",
    "/opt/Tautulli",
    "/opt/tautulli",
    "~/.config/tautulli",
    "~/.config/Tautulli",
    "/var/lib/tautulli",
    "/var/db/tautulli",  # FreeBSD
    "/var/packages/tautulli/var",
    "/root/snap/tautulli/common",
    "~/snap/tautulli/common",
    "/var/snap/tautulli/common",
    "~/Library/Application Support/Tautulli",
    "~/Library/Application Support/tautulli",
    "%LOCALAPPDATA%\\Tautulli",
    "%PROGRAMDATA%\\Tautulli",
    "C:\\ProgramData\\Tautulli",
    "~/Tautulli",
)


def tautulli_programs(environ: Mapping[str, str] = os.environ) -> list[str]:
    """Folders that hold a Tautulli.py; TAUTULLI_HOME comes first."""
    found = [environ.get("TAUTULLI_HOME", ""), *_full(PROGRAMS), *_full(DATA)]
    return _unique(path for path in found if path and os.path.isfile(os.path.join(path, "Tautulli.py")))


def tautulli_configs(beside: str = "") -> list[str]:
    """The config.ini files of Tautullis on this machine; first those in the folders above `beside` (our own place)."""
    folders = []
    while beside and beside != os.path.dirname(beside):
        beside = os.path.dirname(beside)
        folders.append(beside)
    folders += _full(DATA)
    return _unique(path for path in (os.path.join(f, "config.ini") for f in folders) if os.path.isfile(path))


def _full(paths: Iterable[str]) -> list[str]:
    """Whole paths only. To another system those of Windows are names in the working folder, which may be anybody's."""
    full = (os.path.expandvars(os.path.expanduser(path)) for path in paths)
    return [path for path in full if os.path.isabs(path)]


def _unique(paths: Iterable[str]) -> list[str]:
    found: dict[str, str] = {}
    for path in paths:
        found.setdefault(os.path.normcase(os.path.realpath(path)), path)
    return list(found.values())
