"""Questions to the archive of Plex's log: what is in it, which lines, which plays. None is read into memory whole."""

from __future__ import annotations

import os
import re
import sys
import zlib
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any, NamedTuple

from shared import log, plexlog
from shared.config import Config, load
from shared.errors import UsherError
from shared.jobs.archive_logs import folder_of
from shared.log import mask, one_line
from shared.seals import Member, day_of, members, paths, text_of

DAY = 86400
SLACK = 7200  # seconds by which stamps may be out of order: threads, and an hour that comes twice
ALLOWED = {"status": ("--json",), "search": ("--from", "--to", "--user", "--grep"),
           "plays": ("--from", "--to", "--user", "--json")}  # fmt: skip
LIKE = {"--from": "2026-11-20", "--to": '"2026-11-20 18:00"', "--user": "emma", "--grep": "error"}
NEVER = 10000 * 366 * DAY
BACK = 65536  # bytes before a line without a stamp in which its stamp is looked for
TAGS = 10_000  # requests of a user that are remembered at once


class Asked(NamedTuple):
    """Stamps from `since` up to, not including, `until`; a user's name; a pattern; whether a program reads it."""

    since: int
    until: int
    user: str
    grep: str
    as_json: bool


def answer(command: str, arguments: list[str]) -> Iterator[str]:
    """The lines of an answer, one by one. Raises UsherError for a question that is none."""
    asked = _asked(command, arguments)
    config = load()
    if command == "status":
        return status(config, asked.as_json)
    if command == "search":
        return search(config, asked)
    from shared.jobs import log_plays

    return log_plays.plays(config, asked)


# ---- status ----


def status(config: Config, as_json: bool) -> Iterator[str]:
    """Days, sizes, and where lines are missing."""
    folder = folder_of(config)
    rows: list[dict[str, Any]] = []
    gaps: list[dict[str, Any]] = []
    before = 0
    for path in paths(folder):
        day = date.fromordinal(day_of(path)).isoformat()
        row: dict[str, Any] = {"day": day, "lines": 0, "text": 0, "file": os.path.getsize(path)}
        for member in members(path):
            seal = member.seal
            if seal.gap:
                gaps.append({"from": shown(before), "to": shown(seal.first)})
            before = seal.last or before
            row["lines"] += seal.lines
            row["text"] += seal.raw
        rows.append(row)
    gaps += _missing_days([day_of(path) for path in paths(folder)])
    if as_json:
        yield log.as_json({"days": rows, "missing": gaps})
        return
    if not rows:
        yield "No line is saved yet." + ("" if config.get("logs", "enabled") else " Write enabled = yes into [logs].")
        return
    for row in rows:
        yield f"{row['day']}  {row['lines']:>9} lines  {_size(row['text']):>9} in {_size(row['file']):>9}{_ratio(row)}"
    total = {key: sum(row[key] for row in rows) for key in ("lines", "text", "file")}
    yield (f"{len(rows)} days, {total['lines']} lines, {_size(total['text'])} in {_size(total['file'])}"
           f"{_ratio(total)}, in {folder}")  # fmt: skip
    for gap in gaps:
        yield f"missing: {gap['from'] or 'the beginning'} to {gap['to'] or 'the next line'}"
    if not gaps:
        yield "No line is known to be missing."


def _missing_days(days: list[int]) -> list[dict[str, Any]]:
    """Days between others without a single line."""
    holes = [(one + 1, other - 1) for one, other in zip(days, days[1:], strict=False) if other - one > 1]
    return [{"from": date.fromordinal(a).isoformat(), "to": date.fromordinal(b).isoformat()} for a, b in holes]


def _ratio(row: dict[str, Any]) -> str:
    return f" ({row['text'] / row['file']:.0f} to 1)" if row["file"] else ""


def _size(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count >= 100_000 else f"{count / 1e3:.1f} kB"


# ---- search ----


def search(config: Config, asked: Asked) -> Iterator[str]:
    """The lines that fit, as people may see them: without secrets, and each on one line."""
    for line in found(config, asked):
        yield one_line(mask(line.decode("utf-8", "backslashreplace").rstrip("\r\n").replace("\t", "  ")))


def found(config: Config, asked: Asked) -> Iterator[bytes]:
    """The lines that fit, as Plex wrote them."""
    pattern, mine = _pattern(asked.grep), _by_user(asked.user.encode()) if asked.user else None
    always = asked.since == 0 and asked.until == NEVER
    for block in blocks(config, asked.since, asked.until):
        for begin, end in _lines(block) if mine or not pattern else _hits(block, asked.grep, pattern):
            line = block[begin:end]
            if mine and not (mine(line) and (not pattern or pattern.search(line))):
                continue
            at = 0 if always else plexlog.stamp(line) or plexlog.last_stamp(block[max(begin - BACK, 0) : begin])
            if always or not at or asked.since <= at < asked.until:
                yield line


def blocks(config: Config, since: int, until: int) -> Iterator[bytes]:
    """Whole lines from all members that may hold lines of that time. What is damaged is said and passed over."""
    for path in paths(folder_of(config)):
        day = day_of(path)
        for member in members(path):
            first, last = member.seal.first, member.seal.last
            if not day * DAY <= first <= last < (day + 1) * DAY:  # odd stamps: they tell nothing of those in between
                first, last = day * DAY, (day + 1) * DAY
            if last + SLACK < since or first - SLACK >= until:
                continue
            yield from _whole_lines(path, member)


def _whole_lines(path: str, member: Member) -> Iterator[bytes]:
    rest = b""
    try:
        for block in text_of(path, member):
            cut = block.rfind(b"\n") + 1
            if cut:
                yield rest + block[:cut]
                rest = block[cut:]
            else:
                rest += block
    except (zlib.error, EOFError):
        print(f"Usher: {path} is damaged: some of its lines cannot be read any more", file=sys.stderr)
    if rest:
        yield rest


def _lines(block: bytes) -> Iterator[tuple[int, int]]:
    """Where each line of a block begins and ends."""
    begin = 0
    while begin < len(block):
        end = block.find(b"\n", begin) + 1 or len(block)
        yield begin, end
        begin = end


def _hits(block: bytes, text: str, pattern: re.Pattern[bytes]) -> Iterator[tuple[int, int]]:
    """The same, of the lines only in which the pattern begins, and without a look at each."""
    plain = text.encode("utf-8", "surrogateescape") if re.fullmatch(r"[\w /:=?&%@,;<>\"'!#~-]+", text) else b""
    end = 0
    while end < len(block):
        if plain:
            at = block.find(plain, end)
        else:
            match = pattern.search(block, end)
            at = match.start() if match else -1
        if at < 0 or at == len(block):
            return
        begin, end = block.rfind(b"\n", 0, at) + 1, block.find(b"\n", at) + 1 or len(block)
        yield begin, end


def _by_user(name: bytes) -> Any:
    """Whether a line names the user, or belongs to a request of theirs that was seen before."""
    named = re.compile(rb"(?i)(?<![\w.@-])" + re.escape(name) + rb"(?![\w@-])")
    tags: dict[bytes, None] = {}

    def is_mine(line: bytes) -> bool:
        tag = plexlog.tag_of(line)
        if named.search(line):
            if tag and plexlog.is_request_of(line, name):
                tags[tag] = None
                if len(tags) > TAGS:
                    tags.pop(next(iter(tags)))
            return True
        if tag in tags and b" Request: " in line:  # the tag is another request's by now
            tags.pop(tag)
        return tag in tags

    return is_mine


def _pattern(text: str) -> re.Pattern[bytes] | None:
    if not text:
        return None
    try:
        return re.compile(text.encode("utf-8", "surrogateescape"), re.MULTILINE)
    except re.error as error:
        raise UsherError(f"--grep {text[:60]!r} is no regular expression: {error}") from None


# ---- what is asked ----


def _asked(command: str, arguments: list[str]) -> Asked:
    """Raises UsherError for words that are not those of this command."""
    given: dict[str, str] = {}
    words = [part for word in arguments for part in (word.split("=", 1) if word.startswith("--") else [word])]
    while words:
        word = words.pop(0)
        if word not in ALLOWED[command]:
            known = ", ".join(ALLOWED[command])
            raise UsherError(f"{word[:60]!r} is nothing that {command} takes: {known}")
        if word != "--json" and not words:
            raise UsherError(f"{word} needs a value, like {LIKE[word]}")
        given[word] = "yes" if word == "--json" else words.pop(0)
    since, until = (_wall(given.get(word, ""), word) for word in ("--from", "--to"))
    return Asked(since[0], until[1] or NEVER, given.get("--user", ""), given.get("--grep", ""), "--json" in given)


def _wall(text: str, word: str) -> tuple[int, int]:
    """The first moment that is meant, as the clock on the wall shows it, and the first one after it."""
    if not text:
        return 0, 0
    try:
        when = datetime.fromisoformat(text.strip())
    except ValueError:
        raise UsherError(f"{word} {text[:60]!r} is no day: write it like {LIKE[word]}") from None
    at = when.toordinal() * DAY + when.hour * 3600 + when.minute * 60 + when.second
    return at, at + (DAY if len(text.strip()) <= 10 else 0)


def shown(at: int) -> str:
    """A stamp as people read it, "" for none."""
    days, seconds = divmod(at, DAY)
    return f"{date.fromordinal(days)} {seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}" if days else ""
