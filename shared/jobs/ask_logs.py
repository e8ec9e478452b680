"""Questions to the archive of Plex's log: what is in it, which lines, which plays. None is read into memory whole."""

from __future__ import annotations

import os
import re
import sys
import zlib
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any, NamedTuple

from shared import plexlog
from shared.archive import Member, day_of, members, paths, text_of
from shared.config import Config, load
from shared.errors import UsherError
from shared.jobs.archive_logs import folder_of
from shared.log import mask, one_line
from shared.policy import seen
from shared.policy.calendar import EPOCH, Calendar, local_clock

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
    return search(config, asked) if command == "search" else plays(config, asked)


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
                gaps.append({"from": _shown(before), "to": _shown(seal.first)})
            before = seal.last or before
            row["lines"] += seal.lines
            row["text"] += seal.raw
        rows.append(row)
    gaps += _missing_days([day_of(path) for path in paths(folder)])
    if as_json:
        import json

        yield json.dumps({"days": rows, "missing": gaps}, indent=2)
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


# ---- plays ----


def plays(config: Config, asked: Asked) -> Iterator[str]:
    """Who watched what, when. The first and last minutes of the time asked for may be missing from a play."""
    lines = (line for block in blocks(config, asked.since, asked.until) for line in block.splitlines())
    calendar = _calendar(config)
    found = seen.plays(_told(calendar, lines, asked))
    rows = (one for one in found if not asked.user or asked.user.casefold() == (one.user or one.device).casefold())
    if asked.as_json:
        import json

        yield json.dumps([_row(calendar, one) for one in rows], indent=2, ensure_ascii=False)
        return
    some = False
    for one in rows:
        some = True
        row = _row(calendar, one)
        yield one_line(f"{row['began']} - {row['ended'][11:]}  {one.user or '(' + one.device + ')'}  item {one.item}  "
                       f"on {one.device}, {one.seconds / 60:.0f} min played{_reached(one)}")  # fmt: skip
    if not some:
        yield "No play is in the log of that time."


def _told(calendar: Calendar, lines: Iterator[bytes], asked: Asked) -> Iterator[seen.Told]:
    """The reports, at their moments: by the time zone of [usher] also through the hour that comes twice."""
    at = 0.0
    for report in plexlog.reports(lines):
        if asked.since <= report.at < asked.until:
            at = _moment(calendar, report.at - EPOCH * DAY, at)
            yield seen.Told(at, *report[1:])


def _calendar(config: Config) -> Calendar:
    """Local time over the whole of the archive, which may be older than what config.ini's own calendar spans."""
    from shared import zone

    days = [day_of(path) for path in paths(folder_of(config))] or [EPOCH]
    start, end = ((day - EPOCH) * DAY for day in (days[0] - 2, days[-1] + 3))
    try:
        return Calendar(zone.transitions(config.get("usher", "timezone"), start, end))
    except zone.UnknownZone:  # a system that has lost its zone data
        return Calendar(config.settings["zone"])


def _moment(calendar: Calendar, wall: int, before: float) -> float:
    """When a clock on the wall showed that: of an hour that comes twice, the first that is not before `before`."""
    fits = []
    for n, (begins, offset) in enumerate(calendar.zone):
        ends = calendar.zone[n + 1][0] if n + 1 < len(calendar.zone) else float("inf")
        if (begins <= wall - offset or n == 0) and wall - offset < ends:
            fits.append(float(wall - offset))
    if not fits:  # an hour that spring leaves out
        return float(wall - calendar.zone[0][1])
    return next((moment for moment in fits if moment >= before - 60), fits[-1])


def _row(calendar: Calendar, one: seen.Seen) -> dict[str, Any]:
    began, ended = (_shown(day * DAY + second) for day, second in (local_clock(calendar, one.began),
                                                                  local_clock(calendar, one.ended)))  # fmt: skip
    return {"began": began, "ended": ended, "user": one.user, "device": one.device, "item": one.item,
            "seconds_played": round(one.seconds), "offset": round(one.offset),
            "duration": round(one.duration)}  # fmt: skip


def _reached(one: seen.Seen) -> str:
    return f", to {one.offset / one.duration:.0%}" if one.duration and one.offset <= one.duration else ""


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


def _shown(at: int) -> str:
    """A stamp as people read it, "" for none."""
    days, seconds = divmod(at, DAY)
    return f"{date.fromordinal(days)} {seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}" if days else ""
