"""Plain values of config.ini: names, numbers, choices, addresses. What is wrong with one is said by GrammarError."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Collection, Iterable


class GrammarError(ValueError):
    """What was read and what would be valid instead, in one line for a person."""


def names(text: str) -> tuple[str, ...]:
    """Names between commas, as written; one that holds a comma stands in "quotes" (a quote in it is doubled)."""
    found: list[str] = []
    for quoted, bare in _split_names(text):
        name = quoted or bare
        if not name:
            continue
        if not quoted and re.search(r"\s[#;]", bare):
            head = re.split(r"\s+[#;]", bare)[0]
            near = f'{clip(head)}, or "{clip(bare)}"'
            raise GrammarError(f"{show(bare)}: a comment needs a line of its own: write {near}")
        if name.casefold() in (other.casefold() for other in found):
            raise GrammarError(f"{show(name)} is named twice: write it once")
        found.append(name)
    if not found:
        raise GrammarError(f"{show(text)} names nobody and nothing: write names between commas")
    return tuple(found)


def number(text: str, low: int, high: int) -> int:
    """A whole number from `low` to `high`."""
    word = text.strip()
    if not re.fullmatch(r"[+-]?[0-9]{1,18}", word):
        raise GrammarError(f"{show(text)} is no whole number: write one from {low} to {high}")
    if not low <= int(word) <= high:
        raise GrammarError(f"{show(text)} is not from {low} to {high}: write {min(max(int(word), low), high)}")
    return int(word)


def numbers(text: str, low: int, high: int) -> tuple[int, ...]:
    """Whole numbers between commas."""
    found = [number(part, low, high) for part in parts(text, "3, 5")]
    for n in found:
        if found.count(n) > 1:
            raise GrammarError(f"{n} is named twice: write it once")
    return tuple(found)


def percent(text: str) -> int:
    """The number in `20%`, from 0 to 100."""
    word = text.strip()
    if not word.endswith("%"):
        near = f"{word}%" if word.isdecimal() and int(word) <= 100 else "it like 20%"
        raise GrammarError(f"{show(text)} has no %: write {clip(near)}")
    return number(word[:-1], 0, 100)


def boolean(text: str) -> bool:
    """yes or no, also true/false, on/off, 1/0."""
    word = text.strip().lower()
    if word in ("yes", "true", "on", "1"):
        return True
    if word in ("no", "false", "off", "0"):
        return False
    raise GrammarError(f"{show(text)} is neither yes nor no: write {nearest(word, ('yes', 'no')) or 'yes or no'}")


def choice(text: str, choices: Collection[str]) -> str:
    """One of the words in `choices`, in any case."""
    word = text.strip().lower()
    if word not in choices:
        raise GrammarError(f"{show(text)} is not known here: write {nearest(word, choices) or either(choices)}")
    return word


def nearest(word: str, known: Iterable[str]) -> str:
    """The most similar of `known`, or "" when nothing is near."""
    lowered = {name.lower(): name for name in known}
    found = difflib.get_close_matches(word.lower()[:60], lowered, 1, 0.6)
    return lowered[found[0]] if found else ""


def either(choices: Iterable[str]) -> str:
    """a, b or c"""
    *head, last = list(choices)
    return f"{', '.join(head)} or {last}" if head else last


def clip(text: str) -> str:
    """The text on one line, at most 60 characters of it, with nothing that a terminal or a log would obey."""
    line = "".join(c if c.isprintable() else "?" for c in text.strip())
    return line if len(line) <= 60 else line[:59] + "…"


def show(text: str) -> str:
    """As `clip`, and visible where it is empty."""
    return clip(text) or "nothing"


def address(text: str) -> str:
    """An address of the web without a / at its end, as written otherwise."""
    from urllib.parse import urlsplit

    word = text.strip().rstrip("/")
    try:
        parts = urlsplit(word)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:  # a port that is none, a bracket that is not closed
        good = False
    if not good or " " in word:
        near = f"http://{word}" if "://" not in word and " " not in word and word else "it like http://192.168.1.5:8181"
        raise GrammarError(f"{show(text)} is no address: write {clip(near)}")
    return word


def mail_address(text: str) -> str:
    """`me@example.com` or `Name <me@example.com>`, as written."""
    word = text.strip()
    address = word[word.find("<") + 1 : -1] if word.endswith(">") and "<" in word else word
    name, at, host = address.partition("@")
    if not (name and at and host) or " " in address or "@" in host:
        raise GrammarError(f"{show(text)} is no mail address: write it like me@example.com")
    return word


def color(text: str) -> str:
    """`#e5a00d` in lower case."""
    digits = text.strip().removeprefix("#").lower()
    if len(digits) != 6 or not set(digits) <= set("0123456789abcdef"):
        raise GrammarError(f"{show(text)} is no color: write it like #e5a00d")
    if not text.strip().startswith("#"):
        raise GrammarError(f"{show(text)} has no #: write #{digits}")
    return "#" + digits


def certificates(text: str, resolve: Callable[[str], str]) -> str:
    """auto, yes, no, or the absolute path of a file: whatever holds a / or a dot. Whether there is one is not asked."""
    word = text.strip()
    if word.lower() == "auto":
        return "auto"
    if any(c in word for c in "/\\."):
        return resolve(word)
    try:
        return "yes" if boolean(word) else "no"
    except GrammarError:
        near = nearest(word, ("auto", "yes", "no")) or "auto, yes, no or the path of a file"
        raise GrammarError(f"{show(text)} is not known here: write {near}") from None


def parts(text: str, example: str) -> list[str]:
    """What stands between commas, one of which may be at the end."""
    found = [part.strip() for part in text.split(",")]
    if not all(found[:-1]) or not found[0]:
        raise GrammarError(f"{show(text)}: there is nothing before a comma: write it like {example}")
    return found if found[-1] else found[:-1]


def _split_names(text: str) -> list[tuple[str, str]]:
    """(quoted, bare) for each name between commas: one of the two is empty."""
    found, rest = [], text.strip()
    while rest:
        if rest.startswith('"'):
            quoted = re.match(r'"((?:[^"]|"")*)"\s*(?:,|$)', rest)
            if not quoted:
                near = clip(rest.split(",")[0].replace('"', ""))
                raise GrammarError(f'{show(rest)}: a quote is not closed before a comma: write "{near}"')
            found.append((quoted[1].replace('""', '"').strip(), ""))
            rest = rest[quoted.end() :].strip()
        else:
            bare, _, rest = rest.partition(",")
            found.append(("", bare.strip()))
            rest = rest.strip()
    return found
