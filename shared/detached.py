"""Starting a process that outlives its starter, and knowing whether it lives.

Its process id tells nothing: in a container nobody reaps the dead, and Windows has no signals. A living process is
known by the exclusive lock that it holds on a file of its own, which the operating system lets go of when it ends.
"""

from __future__ import annotations

import os
import sqlite3
import sys

from shared import files, schema


def start(script: str, *arguments: str) -> None:
    """Run a script of ours by the same Python, in a session of its own and with no standard streams.

    Tautulli waits for whoever holds its pipes, and kills a script at its time-out, but only the script itself.
    """
    import subprocess

    windows = os.name == "nt"
    subprocess.Popen(  # noqa: S603 - our own script, our own arguments
        [sys.executable, script, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=os.path.dirname(script),
        close_fds=True,
        start_new_session=not windows,
        creationflags=0x00000008 | 0x00000200 if windows else 0,  # DETACHED_PROCESS | CREATE_NEW_PROCESS_GROUP
    )


def hold(path: str) -> sqlite3.Connection:
    """Take the lock for as long as the returned connection stays open. Held by another: sqlite3.OperationalError."""
    files.begin(path)
    guard = sqlite3.connect(path, timeout=2, isolation_level=None)
    guard.execute("PRAGMA journal_mode = MEMORY")  # no second file beside it
    guard.execute("BEGIN EXCLUSIVE")
    schema.own(path)
    return guard


def is_held(path: str) -> bool:
    """Whether some living process holds the lock. Asking disturbs nobody: it is a shared lock for a microsecond."""
    if not os.path.exists(path):
        return False
    guard = sqlite3.connect(path, timeout=0, isolation_level=None)
    try:
        guard.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
    except sqlite3.OperationalError:
        return True
    finally:
        guard.close()
    return False
