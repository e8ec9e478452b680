"""The owner of what Usher writes: `docker exec` is root, Tautulli is not, and both must be able to use it.

Whoever owns the data folder could lay a link in it for root to write through, or to give away what it leads to: root
follows none there.
"""

from __future__ import annotations

import os


def make_folder(folder: str) -> None:
    """Make a folder and what is missing above it, for its owner only, who is that of the folder around it.

    Raises OSError, as where it is on a drive that is not there.
    """
    missing = []
    above = folder
    while above and not os.path.isdir(above) and above != os.path.dirname(above):
        missing.append(above)
        above = os.path.dirname(above)
    for new in reversed(missing):
        try:
            os.mkdir(new, 0o700)
        except FileExistsError:  # another process was quicker; or it is a file
            if not os.path.isdir(new):
                raise
        else:
            give(new)


def give(path: str) -> None:
    """What root makes goes to the owner of the folder that it is in."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return
    owner = os.stat(os.path.dirname(path) or ".")
    try:
        os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)
    except PermissionError:
        return  # a file system that knows no owners, or one on which root is nobody: usable or not, so it stays


def refuse_link(path: str) -> None:
    """Raise OSError where root is about to write through a link. Others may write only what is theirs anyway."""
    if hasattr(os, "geteuid") and os.geteuid() == 0 and os.path.islink(path):
        from errno import ELOOP

        raise OSError(ELOOP, "root does not write through a link", path)


def begin(path: str) -> None:
    """Make an empty file, 0600 from its first moment on, if there is none: for who would make it readable for all."""
    refuse_link(path)
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        return


def draft(path: str) -> int:
    """A new file to write, 0600, in the place of whatever a process that died has left there."""
    if os.path.lexists(path):
        os.remove(path)
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
