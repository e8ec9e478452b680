"""Usher in a container: what is special there, and moving to where Tautulli may run scripts from."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping

from shared.errors import UsherError
from shared.jobs.install import Owner, give, give_tree, read_tautulli_config
from shared.packages import ROOT

CONFIG = "/config"  # Tautulli's data folder in the official image and in linuxserver.io's
NAME = "usher"
SIGNS = ("docker", "containerd", "kubepods", "libpod", "lxc")
CODE = ("agents", "shared", "tests")  # replaced as a whole; tests has the demo in it
OWN = ("config.ini", "data", "vendor")  # never taken from the copy that is brought in, except config.ini as the first
RULE = (
    "Usher is in {root}, outside of Tautulli's data folder {config}. Tautulli refuses scripts on a mount outside of "
    "it, and what is in a container but on no mount is gone with the next image"
)


def is_one(root: str = "/", environ: Mapping[str, str] = os.environ) -> bool:
    """Whether this runs in a container."""
    if environ.get("TAUTULLI_DOCKER") or environ.get("container"):
        return True
    if any(os.path.exists(os.path.join(root, name)) for name in (".dockerenv", "run/.containerenv")):
        return True
    try:
        with open(os.path.join(root, "proc/1/cgroup"), encoding="utf-8", errors="replace") as file:
            text = file.read()
    except OSError:
        return False
    return any(sign in text for sign in SIGNS)


def better_place(here: str = ROOT, config: str = "") -> str:
    """Where Usher had better be in this container, "" if it is fine where it is, or if this is no container."""
    config = config or CONFIG
    if not is_one() or not is_tautullis(config) or is_below(here, config):
        return ""
    return os.path.join(config, NAME)


def why(here: str = ROOT, config: str = "") -> str:
    return RULE.format(root=here, config=config or CONFIG)


def is_tautullis(folder: str) -> bool:
    """Whether it is the data folder of a Tautulli."""
    return read_tautulli_config(os.path.join(folder, "config.ini")) is not None


def is_below(path: str, folder: str) -> bool:
    path, folder = os.path.realpath(path), os.path.realpath(folder)
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def move(target: str, here: str = ROOT) -> list[str]:
    """Copy Usher to the target, for the owner of the folder above it; what it says about its own files there.

    The first time config.ini goes with it; one that is there stays, and so does the data. Raises UsherError.
    """
    try:
        owner = owner_of(os.path.dirname(target))
        os.makedirs(target, exist_ok=True)
        for name in sorted(os.listdir(here)):
            source, into = os.path.join(here, name), os.path.join(target, name)
            if name in OWN or name.startswith("."):
                continue
            if name in CODE and os.path.isdir(source):
                _replace_folder(source, into)
            elif os.path.isfile(source):
                shutil.copyfile(source, into)
        said = _take_config(here, target)
        give(target, owner)
        for name in os.listdir(target):
            if name not in ("data",):
                give(os.path.join(target, name), owner)
                give_tree(os.path.join(target, name), owner)
    except OSError as error:
        raise UsherError(f"Usher cannot be copied to {target}: {error.strerror}") from None
    return said


def owner_of(folder: str) -> Owner:
    """(uid, gid) of a folder, None where there is nothing to give away."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return None
    about = os.stat(folder)
    return about.st_uid, about.st_gid


def _replace_folder(source: str, into: str) -> None:
    """A new copy of a folder, in the place of an old one only when it is whole: a script may be started meanwhile."""
    fresh, old = f"{into}.new", f"{into}.old"
    for leftover in (fresh, old):
        shutil.rmtree(leftover, ignore_errors=True)
    shutil.copytree(source, fresh, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    if os.path.exists(into):
        os.replace(into, old)
    os.replace(fresh, into)
    shutil.rmtree(old, ignore_errors=True)


def _take_config(here: str, target: str) -> list[str]:
    said = []
    source, into = os.path.join(here, "config.ini"), os.path.join(target, "config.ini")
    if os.path.exists(source) and not os.path.exists(into):
        number = os.open(into, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(source, "rb") as old, os.fdopen(number, "wb") as new:
            shutil.copyfileobj(old, new)
    elif os.path.exists(source):
        said.append(f"{into} stays as it is; {source} is not used any more")
    if os.path.isdir(os.path.join(here, "data")):
        said.append(f"{os.path.join(here, 'data')} was left behind: a new ledger is filled from Tautulli's history")
    return said
