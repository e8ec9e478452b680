"""What of Plex's log files is new, into the archive: every line once and in order, through rotations, cuts and kills.

A log file is known by its content, never by its name: its beginning, and what stands before the place up to which it is
saved. So it is found again under whatever number Plex has rotated it to. What is new in the oldest comes first.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from hashlib import blake2b
from typing import NamedTuple

from shared import plexlog
from shared.archive import Archive
from shared.errors import Unreachable
from shared.jobs.log_files import CURRENT, LogFile
from shared.seals import Seal, Source, members, paths, text_of

BLOCK = 1 << 19  # bytes of a log file read at once
MEMBER = 32 << 20  # bytes of text after which they are sealed: a kill costs at most so much work
LONGEST = 1 << 20  # bytes; a line longer than that is taken in parts
HEAD, TAIL = 1 << 16, 1 << 12  # bytes in which a stamped line is looked for; bytes before the place that must be alike
SETTLED = 60.0  # seconds without change after which the last line of a rotated file is taken as it is
KEPT = 200  # log files that are remembered, whether they are there or not; Plex keeps 6 unless it was told otherwise


class Found(NamedTuple):
    """A log file of this run and its place in the archive: what is saved of it ends at `source.size`. `cut`: it has
    become shorter than what was saved."""

    file: LogFile
    source: Source
    cut: bool = False


class Saved(NamedTuple):
    """What a run has saved; `gap`: lines that came before it are lost, or may be."""

    lines: int
    size: int
    gap: bool


def save(archive: Archive, files: list[LogFile], today: int) -> Saved:
    """Save what is new in these files, which are the oldest first. `today` is an ordinal."""
    if not files:
        raise Unreachable(f"there is no {CURRENT}")
    found = places(archive, files)
    known = {source.id: source for source in (archive.last.sources if archive.last else ())}
    gap = archive.last is not None and (
        any(one.cut for one in found) or archive.last.source not in {one.source.id for one in found}
    )
    lines = size = 0
    for one in found:
        for seal in _save_file(archive, one, known, gap and not size, today):
            lines, size = lines + seal.lines, size + seal.raw
        done = known.get(one.source.id, one.source).size
        if done < one.file.size and one.file.name != CURRENT:
            break  # a rotated file whose last line is not there yet: what is newer waits for it
    return Saved(lines, size, gap and size > 0)


def _save_file(archive: Archive, found: Found, known: dict[int, Source], gap: bool, today: int) -> Iterator[Seal]:
    """Add what is new in one file; each seal as it is done."""
    file, source = found.file, found.source
    begun = end = source.size
    window = file.read(max(end - TAIL, 0), min(end, TAIL))
    first = 0
    day = archive.day

    def sealed() -> Seal:
        place = source._replace(size=end, tail=_digest(window[-TAIL:]))
        known.pop(source.id, None)
        known[source.id] = place  # as the newest
        rows = tuple(known.values())[-KEPT:]
        last = plexlog.last_stamp(window) or first
        return archive.seal(Seal(0, 0, 0, 0, source.id, begun, end, gap, first, last, time.time(), rows))

    for piece, length in pieces(file, end):
        latest = min(today, file.day) + 1
        day = day or _first_day(piece, file, latest)
        for to, part in plexlog.by_day(piece, day, latest, today):
            if archive.raw and (to != day or archive.raw >= MEMBER):
                yield sealed()
                begun, gap, first = end, False, 0
            archive.write(to, part)
            first = first or plexlog.first_stamp(part)
            day, end = to, end + min(len(part), length)
            length -= len(part)
            window = (window + part[-TAIL - 1 :])[: length if length < 0 else None][-TAIL:]
    if archive.raw:
        yield sealed()


def _first_day(text: bytes, file: LogFile, latest: int) -> int:
    """The day of the very first line of an archive."""
    for line in re.finditer(plexlog.STAMP, text):
        day = plexlog.stamp(text, line.start()) // plexlog.DAY
        if 0 < day <= latest:
            return day
    return min(file.day, latest)


def pieces(file: LogFile, start: int) -> Iterator[tuple[bytes, int]]:
    """Whole lines from there on, and how many bytes of the file each piece is.

    What the last line lacks is waited for, but not for ever: of a file that was rotated away and then left alone it is
    taken as it is, with a line end put to it, so that it does not grow together with the next.
    """
    rest, at = b"", start
    while at < file.size:
        block = file.read(at, min(BLOCK, file.size - at))
        if not block:
            return
        at += len(block)
        block = rest + block
        cut = block.rfind(b"\n") + 1 or (len(block) if len(block) > LONGEST else 0)
        rest = block[cut:]
        if cut:
            yield block[:cut], cut
    if rest and is_left(file):
        yield rest + b"\n", len(rest)


def is_left(file: LogFile) -> bool:
    """Whether Plex writes to it no more."""
    return file.name != CURRENT and file.still > SETTLED


# ---- which file is which ----


def places(archive: Archive, files: list[LogFile]) -> list[Found]:
    """Each file with its place in the archive. A file that is there twice is left out once; one that has no
    whole line with a stamp yet is left for later."""
    sources = archive.last.sources if archive.last else ()
    next_id = max([archive.last.number if archive.last else 0, *(s.id for s in sources)], default=0) + 1
    found: list[Found] = []
    for file in _once(files):
        first = _first(file)
        if not first and file.size:
            break  # what is newer waits for it
        if not first:
            continue
        free = [s for s in sources if s.first == first and all(s.id != one.source.id for one in found)]
        fits = [s for s in free if s.size <= file.size and _digest(_before(file, s.size)) == s.tail]
        if fits:
            found.append(Found(file, max(fits, key=lambda s: s.size)))
            continue
        cut = [s for s in free if file is files[-1] and s.inode == file.inode]
        if cut:
            size = _common(archive, cut[-1], file)
            found.append(Found(file, cut[-1]._replace(size=size), True))
        else:
            found.append(Found(file, Source(next_id, 0, first, b"", file.inode)))
            next_id += 1
    return found


def _once(files: list[LogFile]) -> list[LogFile]:
    """Without those that are the beginning of another: a rotation or a copy was under way when they were opened."""
    firsts = [_first(file) for file in files]
    doubled = set()
    for n, (one, mark) in enumerate(zip(files, firsts, strict=True)):
        for other, its in list(zip(files, firsts, strict=True))[n + 1 :]:
            size = min(one.size, other.size)
            if mark and mark == its and _before(one, size) == _before(other, size):
                doubled.add(one.name if one.size < other.size else other.name)
    return [file for file in files if file.name not in doubled]


def _first(file: LogFile) -> bytes:
    """What a file is known by: its beginning up to the first line with a stamp; b"" if it has none yet."""
    head = file.read(0, min(HEAD, file.size))
    end = plexlog.first_line_end(head)
    if end:
        return _digest(head[:end])
    if len(head) == HEAD or (head and is_left(file)):
        return _digest(b"no stamp %d " % file.inode + head)
    return b""


def _before(file: LogFile, size: int) -> bytes:
    return file.read(max(size - TAIL, 0), min(size, TAIL))


def _digest(data: bytes) -> bytes:
    return blake2b(data, digest_size=12).digest()


def _common(archive: Archive, source: Source, file: LogFile) -> int:
    """Up to where the file is what was saved of it, in whole lines."""
    at = line = 0
    for text in _saved(archive, source):
        mine = file.read(at, min(len(text), file.size - at))
        same = len(mine) if text.startswith(mine) else len(os.path.commonprefix((mine, text)))
        end = mine.rfind(b"\n", 0, same) + 1
        line = at + end if end else line
        at += same
        if same < len(text):
            break
    return line


def _saved(archive: Archive, source: Source) -> Iterator[bytes]:
    """All that was saved of a file, from its beginning."""
    parts, limit = [], None
    for path in reversed(paths(archive.folder)):
        for member in members(path, newest_first=True):
            if member.seal.source == source.id and (limit is None or member.seal.start < limit):
                end = member.seal.end if limit is None else min(member.seal.end, limit)
                parts.append((path, member, end - member.seal.start))
                limit = member.seal.start
        if limit == 0:
            break
    for path, member, size in reversed(parts if limit == 0 else []):
        for text in text_of(path, member):
            yield text[:size]
            size -= len(text[:size])
