"""The order of content ratings: from which age on something is meant to be seen, in the words of many countries.

Plex writes a rating as its country's board does, with the country before it where it is not the United States: PG-13,
TV-MA, gb/15, de/16, fr/-12, au/MA15+. What has no age in it stands in the table below; of all others the number is the
age. A rating that fits neither is unknown.
"""

from __future__ import annotations

# Years of age. Where a country uses a word otherwise, its line has the country before it.
AGES = {
    # United States: films, television
    "g": 0, "pg": 8, "gp": 8, "pg-13": 13, "r": 17, "nc-17": 18, "x": 18, "xxx": 18,
    "tv-y": 0, "tv-y7": 7, "tv-y7-fv": 7, "tv-g": 0, "tv-pg": 8, "tv-14": 14, "tv-ma": 17,
    # United Kingdom, Ireland
    "u": 0, "uc": 0, "gb/r18": 18, "ie/g": 0, "ie/pg": 8,
    # Australia, New Zealand
    "e": 0, "p": 0, "c": 5, "m": 15, "ma": 15, "au/r": 18, "au/x": 18, "au/ma": 15, "nz/m": 16, "nz/r": 18,
    # Canada
    "ca/g": 0, "ca/pg": 8, "ca/14a": 14, "ca/18a": 18, "ca/r": 18, "ca/e": 18, "ca/a": 18,
    # Germany, Austria, Switzerland have only numbers; words of France, the Netherlands, Italy, Spain, Brazil,
    # Scandinavia, Japan
    "tp": 0, "fr/u": 0, "al": 0, "kt": 0, "t": 0, "l": 0, "a": 0, "apta": 0, "tous publics": 0, "btl": 0, "s": 0,
    "it/vm14": 14, "it/vm18": 18, "jp/g": 0, "jp/pg12": 12, "all": 0, "in/a": 18, "in/ua": 12,
}  # fmt: skip
UNRATED = ("", "nr", "ur", "not rated", "unrated", "none", "n/a", "no rating")
OLDEST = 21  # a larger number is no age


def is_unrated(rating: str) -> bool:
    """Whether it says that nobody has rated it."""
    word = " ".join(rating.casefold().split())
    return word in UNRATED or word.rpartition("/")[2].strip() in UNRATED


def age(rating: str) -> int | None:
    """From which age on; None where that is not known, as of what is unrated."""
    word = " ".join(rating.casefold().split())
    bare = word.rpartition("/")[2].strip()
    if is_unrated(rating):
        return None
    for name in (word, bare, "-".join(bare.replace(" ", "-").split("-")[:2])):  # the last: TV-MA of TV-MA-LSV
        if name in AGES:
            return AGES[name]
    digits = "".join(c if c.isdigit() and c.isascii() else " " for c in bare).split()
    if len(digits) != 1 or len(digits[0]) > 2 or int(digits[0]) > OLDEST:
        return None
    return int(digits[0])
