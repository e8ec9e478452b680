"""The lines of an INI file: what stands where, and every line that cannot be read. Knows nothing of keys' meanings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from .values import clip

BIGGEST = 1_000_000  # bytes; a house with 250 persons needs 50,000
UTF16 = (b"\xff\xfe", b"\xfe\xff")


class Entry(NamedTuple):
    """`key = value` on a line. The section's name (`emma` of [person:emma]) and the key are in lower case."""

    section: str
    name: str
    key: str
    value: str
    line: int


class Header(NamedTuple):
    """A [section] or [section:name] on a line. `name` is None without a colon."""

    section: str
    name: str | None
    line: int


class Mistake(NamedTuple):
    """What is wrong on a line (0: with the whole file)."""

    line: int
    text: str


class IniFile(NamedTuple):
    headers: list[Header]
    entries: list[Entry]
    mistakes: list[Mistake]


def read(data: bytes) -> IniFile:
    """Every header, every entry and every unreadable line of a file's content. Never raises.

    A line's text is never shown in a mistake: it could be half of a password. A value goes on in the next line where it
    ends in a comma and that line is indented.
    """
    found = IniFile([], [], [])
    whole = _whole_file(data)
    if whole:
        found.mistakes.append(whole)
        return found
    header: Header | None = None
    keys: dict[tuple[str, str | None, str], int] = {}
    last = False  # whether the line above ended in an entry that an indented line may continue
    for line, text in _lines(data, found.mistakes):
        body = text.strip()
        if not body or body[0] in "#;":
            continue
        if body[0] == "[":
            header = _header(body, line, found)
            last = False
        elif last and text[0] in " \t" and not _is_entry(body) and found.entries[-1].value.endswith(","):
            entry = found.entries[-1]
            found.entries[-1] = entry._replace(value=f"{entry.value} {body}")
        else:
            last = _entry(body, line, header, found, keys)
    return found


def plain(key: str) -> str:
    """The key as it may be shown: what does not look like one could be a password with a = in it."""
    return key if key.isascii() and key.replace("_", "").replace("-", "").isalpha() and len(key) <= 30 else "this key"


def _whole_file(data: bytes) -> Mistake | None:
    if len(data) > BIGGEST:
        return Mistake(0, f"is larger than {BIGGEST} bytes, which no config.ini is: copy config.ini.example over it")
    if data.startswith(UTF16):
        return Mistake(0, "is saved as UTF-16: save it as UTF-8")
    nul = data.find(b"\0")
    if nul >= 0:
        line = data.count(b"\n", 0, nul) + 1
        likely = "save it as UTF-8" if data.count(b"\0") > len(data) // 4 else "remove it in an editor"
        return Mistake(line, f"holds a zero byte, so it is no plain text: {likely}, or copy config.ini.example over it")
    return None


def _lines(data: bytes, mistakes: list[Mistake]) -> Iterator[tuple[int, str]]:
    """(number, text) of each line that is text; endings of Unix, Windows and old Macs."""
    data = data.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    for line, raw in enumerate(data.split(b"\n"), 1):
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError as error:
            mistakes.append(Mistake(line, f"is not UTF-8 (byte {error.start + 1} of the line): save the file as UTF-8"))
            continue
        odd = next((c for c in text if ord(c) < 32 and c != "\t" or ord(c) == 127), "")
        if odd:
            mistakes.append(Mistake(line, f"holds the control character {ord(odd):#04x}: write the line anew"))
            continue
        yield line, text


def _header(body: str, line: int, found: IniFile) -> Header:
    inner, end, behind = body[1:].partition("]")
    section, colon, name = inner.partition(":")
    header = Header(section.strip().lower(), " ".join(name.lower().split()) if colon else None, line)
    whole = f"[{header.section}{':' + (header.name or 'NAME') if colon else ''}]"
    shown = clip(whole) if plain(header.section) == header.section and "=" not in whole else "[section]"
    if not end:
        found.mistakes.append(Mistake(line, f"a [section] is not closed: write {shown}"))
    elif behind.strip() and behind.strip()[0] not in "#;":
        found.mistakes.append(Mistake(line, f"there is text behind {shown}: write it on a line of its own"))
    elif behind.strip():
        found.mistakes.append(Mistake(line, f"there is a comment behind {shown}: write it on a line of its own"))
    earlier = next((h for h in found.headers if h[:2] == header[:2]), None)
    if earlier:
        found.mistakes.append(Mistake(line, f"{shown} stands already in line {earlier.line}: write all its keys there"))
    else:
        found.headers.append(header)
    return header


def _entry(
    body: str, line: int, header: Header | None, found: IniFile, keys: dict[tuple[str, str | None, str], int]
) -> bool:
    """Take the line as `key = value`; False where it is none."""
    key, equals, value = body.partition("=")
    key = key.strip().lower()
    if header is None:
        found.mistakes.append(Mistake(line, "there is text before the first [section]: write [usher] above it"))
        return False
    if not equals or not key:
        hint = (
            "write the key before the ="
            if equals
            else ("write key = value; a comment begins with #, and a value goes on in the next line only after a comma")
        )
        found.mistakes.append(Mistake(line, f"this is neither key = value nor a [section]: {hint}"))
        return False
    where = (header.section, header.name, key)
    if where in keys:
        found.mistakes.append(Mistake(line, f"{plain(key)} stands already in line {keys[where]}: write it once"))
        return False
    keys[where] = line
    found.entries.append(Entry(header.section, header.name or "", key, value.strip(), line))
    return True


def _is_entry(body: str) -> bool:
    key, equals, _ = body.partition("=")
    return bool(equals) and key.strip().replace("_", "").isalnum()
