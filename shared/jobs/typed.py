"""The words of a command that gives or takes for today, as people type them and as Tautulli hands them over.

Lenient in form, strict in meaning: all of it may be one string, in any case, without quotes; what could be read in two
ways is refused. Pure functions; each raises GrammarError or UsherError with what would be right.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from shared import grammar
from shared.errors import UsherError
from shared.policy import calendar as days
from shared.policy import words
from shared.policy.calendar import Calendar
from shared.values import GrammarError

PAIRS = ('""', "''", "“”", "„“", "«»", "‘’")  # quotes around a name, as phones write them
DASHES = str.maketrans("‐‑‒–—−", "------")
MOMENTS = ("until", "till", "for")


def split(arguments: Sequence[str]) -> list[str]:
    """The words of a command. All of it in one string, as it may come from Tautulli, is split like a shell line."""
    typed = list(arguments)
    if len(typed) == 1:
        line = typed[0].replace("“", '"').replace("”", '"').replace("„", '"')
        try:
            typed = shlex.split(line)
        except ValueError:  # the apostrophe in Emma's opens no quote
            typed = line.replace('"', " ").split()
    return [word.strip() for word in typed if word.strip()]


def amount(typed: Sequence[str]) -> tuple[str, int]:
    """Whom, and how many seconds, of `emma 1h 30m`, `Emma Smith -15 min`: the longest end that is a duration."""
    if len(typed) < 2:
        raise UsherError("who, and how much? write it like: bonus emma 30m")
    ends = [" ".join(typed[count:]).translate(DASHES) for count in range(1, len(typed))]
    for count, end in enumerate(ends, 1):
        try:
            seconds = grammar.spoken(end.removeprefix("-").removeprefix("+"))
        except GrammarError:
            continue
        return unquoted(" ".join(typed[:count])), -seconds if end.startswith("-") else seconds
    numbers = [end for end in ends if end.lstrip("+-")[:1].isdigit()]
    grammar.duration((numbers or ends[-1:])[0].lstrip("+-"))  # which says what would be right
    raise UsherError(f"{words.shorten(ends[0], 40)!r}: how much? write it like 30m or -15m")


def moment(typed: Sequence[str], calendar: Calendar, now: float) -> tuple[str, float | None]:
    """Whom, and until when, of `emma until sat 10:00` or `emma for 1h`; None where neither is said."""
    at = max((n for n, word in enumerate(typed) if n and word.casefold() in MOMENTS), default=None)
    if at is None:
        return unquoted(" ".join(typed)), None
    name, when = unquoted(" ".join(typed[:at])), " ".join(typed[at + 1 :]).translate(DASHES)
    if typed[at].casefold() == "for":
        return name, now + grammar.spoken(when)
    until = days.coming(calendar, grammar.coming(when), now)
    if until is None:
        raise UsherError(f"{words.shorten(when, 40)} is over")
    return name, until


def unquoted(name: str) -> str:
    """A name without the quotes around it."""
    return name[1:-1].strip() if len(name) > 1 and name[0] + name[-1] in PAIRS else name


def plain(name: str) -> str:
    """To compare names of players: an apostrophe may be straight or not, and a quote cannot be typed in a message."""
    return name.casefold().replace("’", "'").replace('"', "'").strip()
