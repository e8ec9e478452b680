"""A [rule:NAME] as one sentence: `No films rated above PG-13 after 21:00 on school nights.`"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from shared.policy.calendar import Windows
from shared.policy.days_text import budget, capital, listed, windows
from shared.policy.rules import limits_of
from shared.policy.words import counted, duration, shorten

MEDIA = {"track": "music", "photo": "photos", "clip": "trailers", "movie": "films", "episode": "episodes of series",
         "live": "live television"}  # fmt: skip
KINDS = {"@home": "members of the home", "@managed": "managed profiles", "@friends": "friends",
         "@vip": "those who are always welcome"}  # fmt: skip
PLACES = {"lan": "at home", "wan": "away from home", "relay": "through Plex's relay"}
CONVERTED = {"video": "with converted video", "audio": "with converted sound", "any": "with video or sound converted",
             "no": "with nothing converted"}  # fmt: skip
PERIODS = {"daily": "a day", "weekly": "a week", "monthly": "a month"}
SPELLED = {"Tv": "TV", "Pc": "PC", "Ipad": "iPad", "Iphone": "iPhone", "Ios": "iOS"}
NOUNS = ("media", "shows", "libraries")  # conditions that say what is watched


def sentence(settings: Mapping[str, Any], whom: str = "") -> str:
    """The rule for `whom` (whom it concerns, if that has to be said); "" for one that is only written down."""
    action, when = settings.get("action", "stop"), _when(settings.get("when", ()))
    noun, about = _noun(settings), _about(settings)
    what = f"{noun or 'anything'} {about}".strip() if noun or about else ""
    amounts = _amounts(settings)
    if action == "log":
        return ""
    if action == "alert":
        said = f"the owner is told of {what or 'any watching'}{when}"
        said += f", beyond {listed(amounts)}" if amounts else ""
    elif amounts and (noun or about):
        said = f"{noun or 'what is watched'} {about}".strip() + f"{when}: at most {listed(amounts)}"
    elif amounts:
        said = f"at most {listed(amounts)}{when}"
    elif not what:
        said = f"no watching{when}"
    else:
        said = (f"no{what.removeprefix('any')}" if what.startswith("anything") else f"no {what}") + when
    return f"For {whom}: {said}." if whom else f"{capital(said)}."


def users(value: tuple[bool, Sequence[str]]) -> str:
    """Those whom a list of users means: `lisa and friends`, `everybody but lisa`."""
    turned, names = value
    found = listed(KINDS.get(name, shorten(name, 40)) for name in names)
    return f"everybody but {found}" if turned else found


def _noun(settings: Mapping[str, Any]) -> str:
    key = _noun_key(settings)
    if not key:
        return ""
    turned, names = settings[key]
    found = listed((_called(key, name) for name in names), "or" if turned else "and")
    return f"anything but {found}" if turned else found


def _noun_key(settings: Mapping[str, Any]) -> str:
    there = [key for key in NOUNS if key in settings]
    return next((key for key in there if not settings[key][0]), there[0] if len(there) == 1 else "")


def _called(key: str, name: str) -> str:
    return MEDIA.get(name, name) if key == "media" else spelled(name) if key == "shows" else shorten(name, 40)


def _about(settings: Mapping[str, Any]) -> str:
    """What else is said of it: `rated above PG-13 in 4K on Roku`."""
    found = []
    for key, before in (("media", "that is"), ("shows", "of"), ("libraries", "from"), ("titles", "with"),
                        ("platforms", "on"), ("devices", "on"), ("players", "with"), ("addresses", "at")):  # fmt: skip
        if key in settings and key != _noun_key(settings):
            turned, names = settings[key]
            named = (_title(n) if key == "titles" else _called(key, n) if key in NOUNS else spelled(n) for n in names)
            found.append(f"{'not ' if turned else ''}{before} {listed(named, 'or')}")
    for key, said in (("ratings", _rating), ("resolution", _resolution), ("transcode", CONVERTED.get),
                      ("location", PLACES.get)):  # fmt: skip
        if key in settings:
            turned, names = settings[key]
            before = {"ratings": "rated ", "resolution": "in "}.get(key, "")
            text = f"{'not ' if turned else ''}{before}{listed((str(said(name)) for name in names), 'or')}"
            text += " or not rated" if key == "ratings" and settings.get("unrated") == "block" else ""
            found.append(text)
    for key, of in (("bitrate", ""), ("file_bitrate", " of the file")):
        if key in settings:
            way, kbps = settings[key]
            found.append(f"{way} {kbps / 1000:g} Mbps{of}")
    if "new_device" in settings:
        found.append("on a player that is new" if settings["new_device"] else "on a player used before")
    return " ".join(found)


def spelled(name: str) -> str:
    """A name that config.ini compares in lower case, as one would write it."""
    words = (word[:1].upper() + word[1:].lower() for word in shorten(name, 40).split())
    return " ".join(SPELLED.get(word, word) for word in words)


def _title(name: str) -> str:
    """`the title "Paw"`, and of *horror* `"horror" in the title`."""
    bare = name.strip("*")
    if name == f"*{bare}*" and bare and "*" not in bare:
        return f'"{shorten(bare, 40)}" in the title'
    return f'the title "{spelled(name)}"'


def _rating(name: str) -> str:
    return f"above {name[6:].upper()}" if name.startswith("above ") else name.upper()


def _resolution(name: str) -> str:
    above, bare = ("above ", name[6:]) if name.startswith("above ") else ("", name)
    return f"{above}{bare}p" if bare.isdecimal() else f"{above}{bare.upper()}"


def _amounts(settings: Mapping[str, Any]) -> list[str]:
    """What it allows of that: `30 min a day`, `4 titles a month`."""
    what = limits_of(settings)
    found = [f"{budget(getattr(what, kind), f' {per}')}" for kind, per in PERIODS.items() if getattr(what, kind)]
    if what.sitting:
        rest = f" with {duration(what.rest)} of rest" if what.rest else ""
        found.append(f"{budget(what.sitting, ' at a stretch')}{rest}")
    if "max_plays" in settings:
        most, kind = settings["max_plays"]
        found.append(f"{counted(most, 'title')} {PERIODS[kind]}")
    if settings.get("max_streams") is not None:
        found.append(f"{counted(settings['max_streams'], 'player')} at once")
    if settings.get("max_paused") is not None:
        found.append(f"{duration(settings['max_paused'])} of pause")
    return found


def _when(when: Windows) -> str:
    return f" {windows(when, 'not')}" if when else ""
