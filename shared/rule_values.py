"""What the conditions of a [rule:NAME] may say. Every list may begin with `not`, and is in lower case from here on."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection

from . import ratings, values
from .values import GrammarError, clip, show

Names = tuple[bool, tuple[str, ...]]  # whether the list is turned by `not`, and what stands in it

MEDIA = ("movie", "episode", "track", "photo", "clip", "live")
LOCATIONS = ("lan", "wan", "relay")
TRANSCODES = ("video", "audio", "any", "no")
RESOLUTIONS = ("sd", "480", "576", "720", "1080", "2k", "4k", "8k")
PERIODS = {"day": "daily", "week": "weekly", "month": "monthly"}
_UNITS = {"kbps": 1, "kbit/s": 1, "mbps": 1000, "mbit/s": 1000}


def names(text: str) -> Names:
    """`late shows, not*` as (False, names); with a leading `not` the whole list is turned."""
    return _list(text, lambda name: name.casefold())


def choices(text: str, known: Collection[str]) -> Names:
    """A list of words out of a few."""
    return _list(text, lambda name: values.choice(name, known))


def rated(text: str) -> Names:
    """`above PG-13` or `R, NC-17`. Of what stands behind `above` the age must be known."""
    return _list(text, _rating)


def resolutions(text: str) -> Names:
    """`4k`, `720p, sd`, `above 1080`: what the file has."""
    return _list(text, _resolution)


def bitrate(text: str) -> tuple[str, int]:
    """("above" or "below", kbps) of `above 20 Mbps`."""
    found = re.fullmatch(r"(above|below) ([0-9]{1,6}(?:[.,][0-9]{1,3})?) ?([a-z/]+)", " ".join(text.lower().split()))
    if not found or found[3] not in _UNITS:
        number = re.search(r"[0-9]+", text)
        raise GrammarError(f"{show(text)} is no bitrate: write above {number[0] if number else 20} Mbps")
    return found[1], round(float(found[2].replace(",", ".")) * _UNITS[found[3]])


def plays(text: str) -> tuple[int, str]:
    """(how many, in which period) of `4 per month`."""
    found = re.fullmatch(r"([0-9]{1,4})(?: plays?)? (?:per|a|in a) (day|week|month)", " ".join(text.lower().split()))
    if not found:
        number = re.search(r"[0-9]{1,4}", text)
        raise GrammarError(f"{show(text)} is no number of plays: write {number[0] if number else 4} per month")
    return int(found[1]), PERIODS[found[2]]


def count(text: str) -> int:
    """A number of streams or places."""
    return values.number(text, 0, 1000)


def told(text: str) -> tuple[str, ...]:
    """Who is told: ids of agents in Tautulli, `mail`, `discord`, `owner`."""
    found = []
    for name in values.names(text):
        word = name.casefold()
        if not (word.isdecimal() and len(word) < 10) and word not in ("mail", "discord", "owner"):
            raise GrammarError(f"{show(name)} is nobody to tell: write the id of an agent in Tautulli, mail or owner")
        found.append(word)
    return tuple(found)


def _list(text: str, one: Callable[[str], str]) -> Names:
    word = text.strip()
    turned = word[:4].lower().rstrip() == "not" and (len(word) == 3 or word[3].isspace())
    listed = word[3:].strip() if turned else word
    if not listed:
        raise GrammarError(f"{show(text)} has nothing behind it: write not and what it is not")
    found = tuple(one(name) for name in values.names(listed))
    if any(name[:4] == "not " for name in found[1 if not turned else 0 :]):
        raise GrammarError(f"{show(text)}: not turns a whole list: write it once, in front, or two rules")
    return turned, found


def _rating(name: str) -> str:
    word = " ".join(name.casefold().split())
    if word in ("above", "rated"):
        raise GrammarError(f"{show(name)} is no rating: write {'above PG-13' if word == 'above' else 'unrated'}")
    if word.startswith("above "):
        if ratings.age(word[6:]) is None:
            raise GrammarError(f"{show(name)}: nobody knows from which age {clip(name[6:])} is: write above PG-13")
        return word
    near = {">": "above", "over": "above", "from": "above", "under": "not above", "below": "not above"}
    first = word.split(" ")[0]
    if first in near or word[:1] == ">":
        meant = f"{near.get(first, 'above')} {clip(word.lstrip('>= ')).split(' ')[-1].upper()}"
        raise GrammarError(f"{show(name)} is no rating: write {meant}")
    return word


def _resolution(name: str) -> str:
    word = name.casefold().strip()
    above, word = ("above ", word[6:].strip()) if word.startswith("above ") else ("", word)
    word = word.rstrip("pi")
    bare = {"2160": "4k", "1440": "2k", "4320": "8k", "uhd": "4k", "hd": "720"}.get(word, word)
    return above + values.choice(bare, RESOLUTIONS)
