"""The owner of what Usher writes: `docker exec` is root, Tautulli is not, and both must be able to use it."""

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
        os.chown(path, owner.st_uid, owner.st_gid)
    except PermissionError:
        return  # a file system that knows no owners, or one on which root is nobody: usable or not, so it stays
