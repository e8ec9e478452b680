"""Reading the archive of Plex's log (shared/archive.py): its days, their members, and the seals behind these.

It needs no lock: what a run is just writing is not sealed yet, so it is not seen.
"""

from __future__ import annotations

import os
import re
import struct
import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import date
from typing import BinaryIO, NamedTuple

SUFFIX = ".log.gz"
NAME = re.compile(r"\d{4}-\d\d-\d\d\.log\.gz")
BLOCK = 1 << 20  # bytes of lines handed on at once
PACKED = 32 << 10  # bytes of a gzip file read at once


class Source(NamedTuple):
    """One of Plex's log files, as far as it is in the archive. Its name says nothing: it changes with each rotation.

    `first` is a digest of its beginning, `tail` one of what stands before `size`, the bytes of it that are saved.
    """

    id: int
    size: int
    first: bytes
    tail: bytes
    inode: int


class Seal(NamedTuple):
    """What one member holds: bytes `start` to `end` of a source, `raw` bytes and `lines` of text packed into `packed`.

    `number` counts the seals of the archive. `gap`: lines before it may be missing. `first` and `last` are the stamps
    of its first and last stamped line (seconds of the clock on the wall), 0 if none. `at` is when it was written.
    """

    number: int
    packed: int
    raw: int
    lines: int
    source: int
    start: int
    end: int
    gap: bool
    first: int
    last: int
    at: float
    sources: tuple[Source, ...] = ()


class Member(NamedTuple):
    """A sealed member and where its bytes begin in the day's file."""

    begin: int
    seal: Seal


def paths(folder: str) -> list[str]:
    """The files of all days, oldest first."""
    try:
        names = os.listdir(folder)
    except FileNotFoundError:
        return []
    return [os.path.join(folder, name) for name in sorted(names) if NAME.fullmatch(name) and _is_date(name)]


def day_path(folder: str, day: int) -> str:
    return os.path.join(folder, date.fromordinal(day).isoformat() + SUFFIX)


def day_of(path: str) -> int:
    return date.fromisoformat(os.path.basename(path)[:10]).toordinal()


def last_seal(path: str) -> tuple[int, Seal | None]:
    """The last seal of a file and where it ends; (0, None) if there is none."""
    with open(path, "rb") as file:
        size = end = file.seek(0, os.SEEK_END)
        seal = _seal_before(file, end)
        while seal is None and end > 0:
            end = _last_mark(file, end)
            seal = _seal_before(file, end)
            if seal is None:
                end -= 1
        return (end, seal[1]) if seal and end <= size else (0, None)


def members(path: str, newest_first: bool = False) -> Iterable[Member]:
    """The sealed members of a file. Where the chain of seals is broken, what is older is left out."""
    found = _backwards(path)
    return found if newest_first else reversed(list(found))


def text_of(path: str, member: Member) -> Iterator[bytes]:
    """The lines of a member in blocks of bounded size. Raises zlib.error or EOFError where the file is damaged."""
    left, pack = member.seal.packed, zlib.decompressobj(31)
    with open(path, "rb", buffering=0) as file:
        file.seek(member.begin)
        while left > 0:
            data = file.read(min(PACKED, left))
            if not data:
                raise EOFError
            left -= len(data)
            while data:
                block = pack.decompress(data, BLOCK)
                data = pack.unconsumed_tail
                if block:
                    yield block
    if not pack.eof:
        raise EOFError


def _backwards(path: str) -> Iterator[Member]:
    end, _ = last_seal(path)
    with open(path, "rb") as file:
        while end > 0:
            found = _seal_before(file, end)
            if found is None or found[1].packed > found[0]:
                return
            begin = found[0] - found[1].packed
            yield Member(begin, found[1])
            end = begin


# ---- how a seal is written: an empty gzip member, with this in its header's extra field ----

_FIXED = struct.Struct("<QQQQQQQ?qqdH")
_ROW = struct.Struct("<QQ12s12sQ")
_HEAD = b"\x1f\x8b\x08\x04\0\0\0\0\0\xff"
_FIELD = struct.Struct("<H2sH")
_END = struct.Struct("<HI4s")
_MAGIC = b"USHR"
_EMPTY = b"\x03\0" + bytes(8)  # no data at all, its checksum and its length
_MARK = _MAGIC + _EMPTY


def packed_seal(seal: Seal) -> bytes:
    """The bytes of a seal: a whole gzip member."""
    body = _FIXED.pack(*seal[:-1], len(seal.sources)) + b"".join(_ROW.pack(*source) for source in seal.sources)
    body += _END.pack(len(body), zlib.crc32(body), _MAGIC)
    return _HEAD + _FIELD.pack(len(body) + 4, b"Us", len(body)) + body + _EMPTY


def _seal_before(file: BinaryIO, end: int) -> tuple[int, Seal] | None:
    """The seal that ends there, and where it begins."""
    least = _END.size + len(_EMPTY)
    if end < least:
        return None
    file.seek(end - least)
    length, check, _ = _END.unpack(file.read(_END.size))
    begin = end - least - length - len(_HEAD) - _FIELD.size
    if begin < 0 or file.read(len(_EMPTY)) != _EMPTY:
        return None
    file.seek(begin)
    whole = file.read(end - begin)
    body = whole[len(_HEAD) + _FIELD.size :][:length]
    if not whole.startswith(_HEAD) or zlib.crc32(body) != check or len(body) < _FIXED.size:
        return None
    *facts, rows = _FIXED.unpack_from(body)
    sources = tuple(Source(*_ROW.unpack_from(body, _FIXED.size + n * _ROW.size)) for n in range(rows))
    return begin, Seal._make((*facts, sources))


def _last_mark(file: BinaryIO, before: int) -> int:
    """Where the last thing that looks like the end of a seal ends, at or before that; 0 if there is none."""
    step, end = 1 << 20, before
    while end > 0:
        begin = max(end - step, 0)
        file.seek(begin)
        at = file.read(end - begin).rfind(_MARK)
        if at >= 0:
            return begin + at + len(_MARK)
        end = begin + len(_MARK) - 1 if begin else 0
    return 0


def _is_date(name: str) -> bool:
    with suppress(ValueError):
        return bool(date.fromisoformat(name[:10]))
    return False
