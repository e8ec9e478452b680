"""Plex's log as one gzip file a day, safe against a kill at any byte, with its own account of what it holds.

A day's file consists of gzip members full of lines, each followed by a *seal*: an empty member (`zcat` shows nothing of
it) whose extra field says what the member holds and how far each of Plex's log files had then been read. What stands
behind the last seal of a file was broken off by a kill: it is cut away, and its lines come again out of Plex's files.
A new file gets its name with its first seal. So the archive alone says where to go on; there is no second record that
could be lost or disagree with it.
"""

from __future__ import annotations

import os
import zlib
from contextlib import suppress

from shared.files import draft, give, make_folder, refuse_link
from shared.seals import SUFFIX, Seal, day_of, day_path, last_seal, packed_seal, paths

NEW = ".new"
LEVEL = 5  # 2 to 3 % more bytes than with 6, for up to a third less time


class Archive:
    """The archive open for writing; whoever makes one holds the lock. `last` is its newest seal, `day` that one's day.

    Lines are added with `write` and are there for good with `seal`, not before.
    """

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.last: Seal | None = None
        self.day = 0
        self.mended = 0  # files that a kill had left broken off
        self.raw = self.lines = self.packed = 0  # of what is not sealed yet
        self._file: int | None = None
        self._open_day = 0
        make_folder(folder)
        self._mend()

    def write(self, day: int, data: bytes) -> None:
        """Add text to a day's file. What is not sealed yet must be of the same day."""
        if self._file is None:
            self._begin(day)
        if day != self._open_day:
            raise ValueError("seal one day before another")
        self.raw += len(data)
        self.lines += data.count(b"\n")
        self._put(self._pack.compress(data))

    def seal(self, note: Seal) -> Seal:
        """Make sure of what was written: from here on it outlives a kill. Sizes and number of `note` are filled in."""
        if self._file is None:
            raise ValueError("nothing was written")
        self._put(self._pack.flush())
        os.fsync(self._file)
        number = self.last.number + 1 if self.last else 1
        note = note._replace(number=number, packed=self.packed, raw=self.raw, lines=self.lines)
        _write(self._file, packed_seal(note))
        os.fsync(self._file)
        self.close()
        path = day_path(self.folder, self._open_day)
        if not os.path.exists(path):
            give(path + NEW)
            _rename(path + NEW, path)
            _sync(self.folder)
        self.last, self.day = note, self._open_day
        return note

    def close(self) -> None:
        """Let go of the file; what is not sealed is as if it had never been written."""
        if self._file is not None:
            os.close(self._file)
        self._file = None
        self.raw = self.lines = self.packed = 0

    def _begin(self, day: int) -> None:
        self._open_day = day
        path = day_path(self.folder, day)
        flags = os.O_WRONLY | os.O_APPEND | getattr(os, "O_BINARY", 0)
        refuse_link(path)
        self._file = os.open(path, flags) if os.path.exists(path) else draft(path + NEW)
        self._pack = zlib.compressobj(LEVEL, zlib.DEFLATED, 31)

    def _put(self, data: bytes) -> None:
        if data and self._file is not None:
            _write(self._file, data)
            self.packed += len(data)

    def _mend(self) -> None:
        """Cut off what was not sealed, and find the newest seal."""
        for name in os.listdir(self.folder):
            if name.endswith(SUFFIX + NEW):
                _remove(os.path.join(self.folder, name))
                self.mended += 1
        for path in paths(self.folder):
            end, seal = last_seal(path)
            if seal is None:
                _rename(path, _aside(path))
                self.mended += 1
                continue
            if end < os.path.getsize(path):
                _truncate(path, end)
                self.mended += 1
            if self.last is None or seal.number > self.last.number:
                self.last, self.day = seal, day_of(path)


def prune(folder: str, before: int, keep: int) -> list[int]:
    """Delete the files of the days before `before`, never that of `keep`; the days that went."""
    gone = []
    for path in paths(folder):
        if day_of(path) < before and day_of(path) != keep:
            _remove(path)
            gone.append(day_of(path))
    return gone


def _aside(path: str) -> str:
    """A name for a file in which no seal is left: the disk has lost it, or it is not ours."""
    number = 1
    while os.path.exists(f"{path}.damaged-{number}"):
        number += 1
    return f"{path}.damaged-{number}"


# ---- each thing that is done to the disk, so that tests can let a kill come in between ----


def _write(file: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(file, view) :]


def _rename(path: str, to: str) -> None:
    os.replace(path, to)


def _truncate(path: str, size: int) -> None:
    with open(path, "r+b") as file:
        file.truncate(size)
        os.fsync(file.fileno())


def _remove(path: str) -> None:
    os.remove(path)


def _sync(folder: str) -> None:
    """A new name outlives a power cut; Windows knows no such thing."""
    with suppress(OSError):
        file = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(file)
        finally:
            os.close(file)

