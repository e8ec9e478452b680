"""Plex's own log as lines: their stamps, the days they belong to, and what viewers' players report in them.

Pure: bytes in, values out. Formats as seen in public reports: 2013 (`Jul 03, 2013 02:13:16:353 [4600] DEBUG - Request:
GET /:/timeline?… [192.168.1.10:48192] (3 live)`, its headers on lines of their own), 2016 (no or `.mmm` milliseconds)
and today (`… DEBUG - Request: [192.168.2.97:41742 (Subnet)] GET /:/timeline?… (29 live) #455b23 TLS GZIP Signed-in
Token (name)`, what follows tagged `[Req#455b23]`). Lines without a stamp continue the one before.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date
from typing import NamedTuple

MONTHS = {name.encode(): number for number, name in enumerate(
    ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"), 1)}  # fmt: skip
DAY = 86400
STAMP = re.compile(rb"([A-Z][a-z]{2}) (\d\d), (\d{4}) (\d\d):(\d\d):(\d\d)")
_LINE = re.compile(rb"^[A-Z][a-z]{2} \d\d, \d{4} \d\d:\d\d:\d\d", re.MULTILINE)


def stamp(line: bytes, at: int = 0) -> int:
    """What the clock on the wall showed: seconds since the year 1, 0 for a line without a valid stamp."""
    found = STAMP.match(line, at)
    if found is None:
        return 0
    day, hour, minute, second = _day(*found.group(1, 2, 3)), *map(int, found.group(4, 5, 6))
    return day * DAY + hour * 3600 + minute * 60 + second if day and hour < 24 and minute < 60 and second < 61 else 0


def day_text(day: int) -> bytes:
    """A day as stamps begin with it."""
    when = date.fromordinal(day)
    return b"%s %02d, %04d " % (list(MONTHS)[when.month - 1], when.day, when.year)


def first_stamp(text: bytes) -> int:
    """The stamp of the first line in `text` that has one, 0 if none."""
    return next((found for match in _LINE.finditer(text) if (found := stamp(text, match.start()))), 0)


def last_stamp(text: bytes) -> int:
    """The stamp of the last line near the end of `text` that has one, 0 if none."""
    found = [stamp(text, match.start()) for match in _LINE.finditer(text, max(text.rfind(b"\n", 0, -8192), 0))]
    return next((at for at in reversed(found) if at), 0)


def first_line_end(text: bytes) -> int:
    """Where the first whole line that has a stamp ends, 0 if there is none."""
    found = _LINE.search(text)
    return text.find(b"\n", found.start()) + 1 if found else 0


def by_day(text: bytes, day: int, latest: int, today: int) -> Iterator[tuple[int, bytes]]:
    """Whole lines as (day, lines), in their order.

    `day` is that of the line before. It only goes forward, to a date not after `latest`: threads write a little out of
    order, clocks are set back, an hour comes twice, and a line may bear any date; whatever does not fit stays with the
    lines around it. Only from a day that cannot be yet (a clock was wrong) there is a way back.
    """
    begin = 0
    while begin < len(text):
        at, to = _next_day(text, begin, day, latest, today)
        if at > begin:
            yield day, text[begin:at] if begin or at < len(text) else text
        begin, day = at, to


def _next_day(text: bytes, begin: int, day: int, latest: int, today: int) -> tuple[int, int]:
    """Where the next day begins, and which; the end of the text if none does."""
    here = STAMP.match(text, begin)
    if day <= today + 1 and latest - day < 3 and not (here and day < _day(*here.group(1, 2, 3)) <= latest):
        ahead = [(text.find(b"\n" + day_text(to), begin), to) for to in range(day + 1, latest + 1)]
        return min(((at + 1, to) for at, to in ahead if at >= 0), default=(len(text), day))  # the usual way, and faster
    other = re.compile(rb"\n(?!%s)([A-Z][a-z]{2}) (\d\d), (\d{4}) \d\d:" % day_text(day))
    found = here or other.search(text, begin)
    while found:
        to = _day(*found.group(1, 2, 3))
        if to and (day < to <= latest or (to != day > today + 1 and to <= latest)):
            return (found.start() if found is here else found.start() + 1), to
        found = other.search(text, begin if found is here else found.end())
    return len(text), day


def _day(month: bytes, day: bytes, year: bytes) -> int:
    try:
        return date(int(year), MONTHS[month], int(day)).toordinal()
    except (KeyError, ValueError):  # another language, or a day that does not exist
        return 0


# ---- what players report ----

TIMELINE = b"/:/timeline?"
WAIT = 30  # seconds of the log in which all that belongs to a request has come
_REQUEST = re.compile(
    rb"(?P<stamp>[A-Z][a-z]{2} \d\d, \d{4} \d\d:\d\d:\d\d)(?:[.:]\d+)? \[(?P<thread>[^\]]*)\] \S+ \S{1,3} "
    rb"(?:\[[^\]]*\] )?Request: (?:\[(?P<origin>.*?)\] )?[A-Z]+ /:/timeline\?(?P<query>\S*)(?P<rest>.*)"
)
_THREAD = re.compile(rb"[A-Z][a-z]{2} \d\d, \d{4} \d\d:\d\d:\d\d(?:[.:]\d+)? \[([^\]]*)\] ")
_TAG = re.compile(rb"(?:\[Req|\)| )#([0-9A-Fa-f]+)\b")
_ADDRESS = re.compile(rb"(.+?)(?::\d+)?(?: \(.*\))?$")
_HEADER = re.compile(rb"\s+\*? ?([A-Za-z][\w-]*) => (.*)")
# Where each begins is looked for once: a viewer whose name or request repeats it must not make the search begin anew
_USER = b"] User is ", re.compile(rb"(.*?) \(ID: \d+\)")
_DEVICE = b"] Device is ", re.compile(rb"(.*?)\.?$")
_CLIENT = b"Client [", re.compile(rb"([^\]]*)\] reporting timeline state")
_COMPLETED = b" Completed: [", re.compile(rb".*?\] (\d{3}) [A-Z]+ /:/timeline\?")
_LONGEST_ADDRESS = 200


class Report(NamedTuple):
    """What a player told of itself. `at` is a stamp, `item` a rating key (or what the request names instead), `offset`
    and `duration` are seconds. `user` is "" where the log does not tell; `client` is what tells two players apart."""

    at: int
    user: str
    client: str
    device: str
    item: str
    state: str
    offset: float
    duration: float


class _Request:
    """A request while what belongs to it still comes."""

    def __init__(self, at: int, key: bytes, thread: bytes, facts: dict[str, str]) -> None:
        self.at, self.key, self.thread, self.facts = at, key, thread, facts
        self.done = self.refused = False


def reports(lines: Iterable[bytes]) -> Iterator[Report]:
    """The reports in these lines, in their order. A request that Plex refused (status 400 and above) is none."""
    waiting: list[_Request] = []
    headed: _Request | None = None  # the request whose headers may follow
    for line in lines:
        if line[:1] in (b" ", b"\t"):
            header = _HEADER.match(line) if headed else None
            if headed and header:
                headed.facts.setdefault(header[1].decode("ascii").lower(), _text(header[2]))
            continue
        headed = None
        if TIMELINE in line:
            request = _request(line)
            if request:
                while waiting and (waiting[0].done or not 0 <= request.at - waiting[0].at < WAIT):
                    yield from _report(waiting.pop(0))
                waiting.append(request)
                headed = request
            elif done := _after(line, *_COMPLETED):
                for known in _belonging(line, waiting):
                    known.done, known.refused = True, int(done[1]) >= 400
        elif waiting and (b"User is " in line or b"Device is " in line or b"reporting timeline" in line):
            _add(line, waiting)
    for request in waiting:
        yield from _report(request)


def is_request_of(line: bytes, name: bytes) -> bool:
    """Whether this line says that a request is this user's."""
    found = _after(line, *_USER)
    said = _token(line) or (found[1] if found else b"")
    return said.lower() == name.lower() if said else False


def tag_of(line: bytes) -> bytes:
    """The request that a line of today's format belongs to, b"" if it tells none."""
    found = _TAG.search(line)
    return found[1] if found else b""


def _request(line: bytes) -> _Request | None:
    from urllib.parse import parse_qs

    found = _REQUEST.match(line)
    at = stamp(line)
    if not found or not at:
        return None
    query = parse_qs(found["query"].decode("utf-8", "replace"), keep_blank_values=True)
    facts = {key.lower(): values[-1] for key, values in query.items()}
    rest, *headers = found["rest"].split(b" / ")
    for header in headers:
        name, arrow, value = header.partition(b" => ")
        if arrow:
            facts.setdefault(_text(name).lower(), _text(value))
    old = re.match(rb" \[([^\]]+)\]", rest)
    address = _ADDRESS.match((found["origin"] or (old[1] if old else b""))[:_LONGEST_ADDRESS])
    facts["address"] = _text(address[1]) if address else ""
    if token := _token(rest):
        facts["user"] = _text(token)
    return _Request(at, tag_of(rest), found["thread"], facts)


def _after(line: bytes, mark: bytes, pattern: re.Pattern[bytes]) -> re.Match[bytes] | None:
    """What stands behind the first `mark`, if it is like the pattern."""
    at = line.find(mark)
    return pattern.match(line, at + len(mark)) if at >= 0 else None


def _token(line: bytes) -> bytes:
    """The name in ` Token (name)`, which ends the line, or its part up to ` / `; b"" if there is none."""
    _, _, rest = line.rstrip(b"\r\n").partition(b" Token (")
    name, end, _ = rest.partition(b") / ")
    return name if end else rest[:-1] if rest.endswith(b")") else b""


def _belonging(line: bytes, waiting: list[_Request]) -> Iterator[_Request]:
    """The newest request that a later line is about: by its tag, without one by its thread."""
    tag, thread = tag_of(line), _THREAD.match(line)
    for request in reversed(waiting):
        if request.key == tag if tag else thread is not None and not request.key and request.thread == thread[1]:
            yield request
            return


def _add(line: bytes, waiting: list[_Request]) -> None:
    thread = _THREAD.match(line)
    mine = next(_belonging(line, waiting), None)
    if mine is None and thread and not tag_of(line):  # what speaks of "[Now]" may do without the tag
        mine = next((r for r in reversed(waiting) if r.thread == thread[1] and not r.done), None)
    if mine is None:
        return
    for name, what in (("user", _USER), ("device", _DEVICE), ("client", _CLIENT)):
        if found := _after(line, *what):
            mine.facts.setdefault(name, _text(found[1]))


def _report(request: _Request) -> Iterator[Report]:
    facts = request.facts
    item = facts.get("ratingkey") or facts.get("key", "").removeprefix("/library/metadata/") or facts.get("guid", "")
    state = facts.get("state", "")
    if request.refused or not item or not state:
        return
    client = facts.get("x-plex-client-identifier") or facts.get("client") or ""
    device = facts.get("x-plex-device-name") or facts.get("device") or facts.get("x-plex-product") or client
    yield Report(
        request.at, facts.get("user") or facts.get("x-plex-username") or "", client or facts["address"],
        device or facts["address"], item, state, _seconds(facts.get("time")), _seconds(facts.get("duration")),
    )  # fmt: skip


def _seconds(milliseconds: str | None) -> float:
    return int(milliseconds) / 1000 if milliseconds and milliseconds.isdecimal() and len(milliseconds) < 16 else 0.0


def _text(value: bytes) -> str:
    return value.strip().decode("utf-8", "replace")
