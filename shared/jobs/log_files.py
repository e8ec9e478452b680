"""Where Plex's log is read from: its folder, or the zip that Plex itself hands out where the folder is out of reach.

All files are opened before the first is read, the newest first: should Plex rotate meanwhile, a file may be seen twice,
which is noticed, but none is missed.
"""

from __future__ import annotations

import os
import re
import time
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import date
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from shared.config import Config
from shared.errors import Unreachable, UsherError

if TYPE_CHECKING:
    from zipfile import ZipFile, ZipInfo

    from shared.gateway import Gateway

NAME = re.compile(r"Plex Media Server(?:\.log|\.(\d+)\.log|\.log\.(\d+))")  # today's rotated files, and 2013's
CURRENT = "Plex Media Server.log"
MOST_FILES, BIGGEST = 200, 2 << 30  # of a download; bytes, unpacked. Plex keeps 6 of 10 MB unless told otherwise
ALIVE = 86400  # seconds within which the log of a server that runs has changed
PLACES = (
    "/var/lib/plexmediaserver/Library/Application Support/Plex Media Server/Logs",
    "/config/Library/Application Support/Plex Media Server/Logs",
    "/var/snap/plexmediaserver/common/Library/Application Support/Plex Media Server/Logs",
    "/usr/local/plexdata/Plex Media Server/Logs",  # FreeBSD
    "/usr/local/plexdata-plexpass/Plex Media Server/Logs",
    "/volume1/PlexMediaServer/AppData/Plex Media Server/Logs",  # Synology
    "/volume1/Plex/Library/Application Support/Plex Media Server/Logs",
    "~/Library/Application Support/Plex Media Server/Logs",
    "~/Library/Logs/Plex Media Server",  # macOS
    "%LOCALAPPDATA%\\Plex Media Server\\Logs",
)


class LogFile(NamedTuple):
    """An open log file. `size` is what it had when it was opened. `day` is that on which it was last written to, and
    `still` for how many seconds it has been left alone; `inode` is 0 where files have none."""

    name: str
    size: int
    day: int
    still: float
    inode: int
    file: BinaryIO

    def read(self, at: int, count: int) -> bytes:
        """So many bytes from there on; fewer only where the file has become shorter."""
        pieces = []
        try:
            self.file.seek(at)
            while count > 0 and (piece := self.file.read(count)):
                pieces.append(piece)
                count -= len(piece)
        except OSError as error:
            raise Unreachable(f"{self.name} cannot be read: {error.strerror}") from None
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)


@contextmanager
def opened(config: Config, gateway: Gateway, now: float, folder: str) -> Iterator[tuple[str, list[LogFile]]]:
    """The files, oldest first, and where they are from; `folder` is for what is downloaded.

    Raises UsherError if there is no way to them.
    """
    source = config.get("logs", "source")
    with ExitStack() as stack:
        where, trouble = ("", "") if source == "download" else place(config, now)
        files: list[LogFile] = []
        if where:
            try:
                files = _in_folder(where, stack, now)
            except OSError as error:
                where, trouble = "", f"{where} cannot be read ({error.strerror})"
        if source == "folder" and not where:
            raise UsherError(f"Plex's log is not saved: {trouble}; mend [logs] folder or the rights of that folder, "
                             "or write source = download")  # fmt: skip
        if not where:
            where, files = "Plex's download", _downloaded(gateway, stack, now, folder)
        yield where, files


def local_day(at: float) -> int:
    """The ordinal of a moment's date by the clock on the wall, as Plex's stamps have it."""
    return date.fromtimestamp(at).toordinal()  # noqa: DTZ012


def in_order(name: str) -> tuple[int, int]:
    """Sorts names from the oldest file to the newest: 2013's were called otherwise."""
    found = NAME.fullmatch(name)
    old, new = (found[2], found[1]) if found else (None, None)
    return (0, -int(old)) if old else (1, -int(new or 0))


def place(config: Config, now: float) -> tuple[str, str]:
    """The folder of Plex's log, or "" and why there is none. One that was not named must be a running server's."""
    named = str(config.get("logs", "folder") or "")
    if named:
        for folder in (named, os.path.join(named, "Logs")):
            if os.path.isfile(os.path.join(folder, CURRENT)):
                return folder, ""
        return "", f"there is no {CURRENT} in {named}"
    for folder in (os.path.expandvars(os.path.expanduser(p)) for p in PLACES):
        if not os.path.isabs(folder):  # to another system those of Windows are names in the working folder
            continue
        try:
            if abs(now - os.stat(os.path.join(folder, CURRENT)).st_mtime) < ALIVE:
                return folder, ""
        except OSError:  # not there, or not for us
            continue
    return "", "Plex's log folder was not found in its usual places"


def _in_folder(folder: str, stack: ExitStack, now: float) -> list[LogFile]:
    found: list[LogFile] = []
    tried: set[str] = set()
    while names := [name for name in os.listdir(folder) if NAME.fullmatch(name) and name not in tried]:
        name = max(names, key=in_order)  # should Plex rotate now, the oldest gets a name that is looked at later
        tried.add(name)
        try:
            file = stack.enter_context(open(os.path.join(folder, name), "rb"))  # noqa: SIM115
        except FileNotFoundError:  # the oldest goes when Plex rotates
            continue
        about = os.fstat(file.fileno())
        if about.st_ino and any(other.inode == about.st_ino for other in found):
            continue  # Plex has rotated since we began: it is that file again
        found.append(LogFile(name, about.st_size, local_day(about.st_mtime), now - about.st_mtime, about.st_ino, file))
    return found[::-1]


def _downloaded(gateway: Gateway, stack: ExitStack, now: float, folder: str) -> list[LogFile]:
    import tempfile
    import zipfile

    draft = stack.enter_context(tempfile.TemporaryFile(dir=folder))  # noqa: SIM115 - made 0600, gone when it is closed
    gateway.plex.download_logs(draft)
    try:
        packed = stack.enter_context(zipfile.ZipFile(draft))
        entries = [i for i in packed.infolist() if NAME.fullmatch(os.path.basename(i.filename))]
        if len(entries) > MOST_FILES or sum(entry.file_size for entry in entries) > BIGGEST:
            raise Unreachable(f"Plex handed out more logs than {MOST_FILES} files of {BIGGEST >> 20} MB in all")
        for entry in entries:  # nothing of it is saved before all of it is known to be whole
            with packed.open(entry) as file:
                while file.read(1 << 20):
                    continue
        return [_entry(packed, entry, stack, now)
                for entry in sorted(entries, key=lambda e: in_order(os.path.basename(e.filename)))]  # fmt: skip
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError):  # an odd packing
        raise Unreachable("Plex handed out its logs as something that is not a zip file") from None


def _entry(packed: ZipFile, entry: ZipInfo, stack: ExitStack, now: float) -> LogFile:
    try:
        written = time.mktime((*entry.date_time, 0, 0, -1))
    except (ValueError, OverflowError):
        written = 0.0
    if not now - 3650 * 86400 < written < now:  # not told, or by a clock that is wrong
        written = now
    file = stack.enter_context(packed.open(entry))
    return LogFile(os.path.basename(entry.filename), entry.file_size, local_day(written), now - written, 0, file)  # type: ignore[arg-type]
