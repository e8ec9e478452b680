"""Checks of the data folder: the ledger in it, whose the files are and who may read them, the disk, the timekeeper."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator

from shared import __version__
from shared.jobs import install, peek
from shared.jobs.findings import Facts, Finding, error, listed, ok, warning
from shared.jobs.limit_streams import STALE, is_kept
from shared.policy.words import duration

FULL, TIGHT = 2_000_000, 100_000_000  # bytes that are left
READ_ONLY = 1  # ST_RDONLY, which Python knows by name on Unix only


def ledger(facts: Facts) -> Iterator[Finding]:
    """Whether it is sound, and of this version."""
    path = os.path.join(facts.data_dir, "ledger.db")
    if facts.ledger_problem:
        what = facts.ledger_problem
        if "permission" in what.casefold() or "unable to open" in what.casefold() or "readonly" in what.casefold():
            yield error(f"{path} cannot be opened: {what}", "mend its owner and permissions, see below")
        else:
            yield error(f"{path} is damaged: {what}", "the next event sets it aside and fills a new one from "
                        "Tautulli's history: see that the disk is sound")  # fmt: skip
    elif not facts.ledger:
        yield ok(f"{path} is not there yet: it comes with the first event")
    else:
        version, newest = peek.version(facts.ledger), peek.newest_version()
        if version > newest:
            yield error(f"{path} was written by a newer Usher (schema {version}, this one knows {newest})",
                        "update Usher, or give this one a data_dir of its own in [usher]")  # fmt: skip
        else:
            old = f", brought to {newest} by the next event" if version < newest else ""
            size = os.path.getsize(path) / 1e6
            yield ok(f"{path} is sound ({size:.1f} MB, schema {version}{old})")


def disk(facts: Facts) -> Iterator[Finding]:
    """Whether there is room, and whether it may be written to."""
    folder = _existing(facts.data_dir)
    free = shutil.disk_usage(folder).free
    told = f"{free / 1e6:.0f} MB" if free < 10e9 else f"{free / 1e9:.0f} GB"
    mend = "free some space there, or give Usher another data_dir in [usher]"
    if free < FULL:
        yield error(f"the disk of {folder} is full ({told} left), so nothing can be written down", mend)
    elif free < TIGHT:
        yield warning(f"the disk of {folder} is nearly full ({told} left)", mend)
    else:
        yield ok(f"{told} are free for {folder}")
    if hasattr(os, "statvfs") and os.statvfs(folder).f_flag & READ_ONLY:
        yield error(f"{folder} is on a disk that is mounted read-only", "give Usher another data_dir in [usher]")


def permissions(facts: Facts) -> Iterator[Finding]:
    """Whose the files are: Tautulli's user must be able to write them, and nobody else needs to read them."""
    names = _files(facts.data_dir)
    config = [facts.config.path] if os.path.isfile(facts.config.path) else []
    found = {path: os.lstat(path) for path in (*names, *config)}
    wrong = False
    for finding in (*_owners(facts, found), *_locked(found), *_open_to_all(found, facts)):
        wrong = True
        yield finding
    if not wrong and found:
        yield ok(f"{len(found)} files of Usher's belong to the right user and are for nobody else")


def timekeeper(facts: Facts) -> Iterator[Finding]:
    """Whether one is at work, or none is needed."""
    book = peek.ledger(facts.data_dir) if facts.ledger else None  # read again: seconds have passed
    if not book:
        return
    lease, now = book.lease(), time.time()
    if is_kept(book, lease, now):
        yield ok(f"a timekeeper is at work (version {lease.version})")
    elif lease.holder and lease.version != __version__:
        yield warning(f"the timekeeper is of another version ({lease.version})", "the next event or tick replaces it")
    elif lease.holder and now - lease.heartbeat > STALE:
        yield warning(f"the timekeeper has not been heard of for {duration(now - lease.heartbeat)}",
                      "the next event or tick replaces it; usher.log tells why")  # fmt: skip
    else:
        yield ok("no timekeeper is at work, and none is needed now")


def _owners(facts: Facts, found: dict[str, os.stat_result]) -> Iterator[Finding]:
    if not found or not hasattr(os, "geteuid"):
        return
    uid, gid, why = right_owner(facts)
    foreign = [path for path, about in found.items() if about.st_uid != uid]
    if foreign:
        whose = listed(sorted({_user(found[path].st_uid) for path in foreign}))
        yield error(
            f"files that belong to {whose}, and Tautulli runs as {_user(uid)} ({why}): {_shown(foreign)}",
            f"chown -R {uid}:{gid} {facts.data_dir} {facts.config.path}",
        )


def _locked(found: dict[str, os.stat_result]) -> Iterator[Finding]:
    """Read-only for their own owner: no event can be written down."""
    if os.name == "nt":
        return
    shut = [path for path, about in found.items() if about.st_mode & 0o600 != 0o600]
    if shut:
        yield error(f"files that their owner may not read and write: {_shown(shut)}", f"chmod -R u+rwX {shut[0]}")


def _open_to_all(found: dict[str, os.stat_result], facts: Facts) -> Iterator[Finding]:
    if os.name == "nt":
        return
    # the files of locks are empty, and for a moment after they are made anybody's
    bare = [path for path, about in found.items() if about.st_mode & 0o077 and ".lock" not in path]
    if facts.config.path in bare:
        yield warning(f"{facts.config.path} can be read by others, and may hold keys", f"chmod 600 {facts.config.path}")
    rest = [path for path in bare if path != facts.config.path]
    if rest:
        yield warning(f"others may look into: {_shown(rest)}", f"chmod -R go= {facts.data_dir}")


def right_owner(facts: Facts) -> tuple[int, int, str]:
    """Tautulli's user: the owner of its data folder where that is here, else of our folder."""
    source = next((s for s in facts.here if s.owner), None)
    if source and source.owner:
        return (*source.owner, f"the owner of {source.found}")
    for folder in (facts.data_dir, os.path.dirname(facts.config.path), install.ROOT):
        about = os.stat(_existing(folder))
        if about.st_uid:
            return about.st_uid, about.st_gid, f"the owner of {_existing(folder)}"
    about = os.stat(_existing(facts.data_dir))
    return about.st_uid, about.st_gid, f"the owner of {_existing(facts.data_dir)}"


def _files(folder: str) -> list[str]:
    """The data folder and what lies in it."""
    if not os.path.isdir(folder):
        return []
    return [folder, *(os.path.join(folder, name) for name in sorted(os.listdir(folder)))]


def _existing(path: str) -> str:
    while not os.path.isdir(path) and path != os.path.dirname(path):
        path = os.path.dirname(path)
    return path


def _shown(paths: list[str]) -> str:
    folder = os.path.dirname(paths[0])
    names = [os.path.basename(path) for path in paths]
    return paths[0] if len(paths) == 1 else f"{listed(names, 4)} in {folder}"


def _user(uid: int) -> str:
    import pwd

    try:
        return f"{pwd.getpwuid(uid).pw_name} ({uid})"
    except KeyError:
        return f"uid {uid}"
