"""Rules: conditions on a play, all of which must hold, and what then is forbidden, when, or from how much on.

A condition is true, false, or unknown. A comma means any of, a leading `not` turns the whole list. What is unknown
satisfies neither a condition nor its negation: a rule holds only where all is known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from typing import Any, NamedTuple

from shared import ratings
from shared.model import Play, Session, User
from shared.policy import limits, streams
from shared.policy.bounds import BUDGETS, Bound, always
from shared.policy.calendar import Calendar, period, window_intervals
from shared.policy.intervals import clip, measure
from shared.policy.limits import Limits

NAMES = (
    "people", "groups", "users", "devices", "addresses", "platforms", "players", "libraries", "media", "titles",
    "shows",
)  # fmt: skip
CONDITIONS = (*NAMES, "ratings", "location", "transcode", "resolution", "bitrate", "file_bitrate", "new_device")
AMOUNTS = (*BUDGETS, "max_plays", "max_streams", "max_paused")  # with one of these a rule allows something
PLAYED = 120.0  # seconds from which a play counts for max_plays: Tautulli's history forgets shorter ones, too
TRANSCODES = {"video": ("video", "both"), "audio": ("audio", "both"), "any": ("video", "audio", "both"), "no": ("no",)}
SHOWLESS = ("movie", "track", "photo", "clip")  # kinds of media that are of no series, and that is known
ONE_FIELD = {"platforms": "platform", "libraries": "library", "shows": "show", "location": "location",
             "addresses": "address"}  # fmt: skip
NOBODY = ("0", "local")  # what Plex's user 0 may be called in `users`
LINES = {"sd": 576, "2k": 1440, "4k": 2160, "8k": 4320}  # of a picture; the other resolutions are their number
_SAME = {"2160": "4k", "1440": "2k", "4320": "8k"}
LOOKS = 99  # so often two limits are asked in turn when both forbid
REST = 900  # of sittings, where a rule says nothing of it


class Facts(NamedTuple):
    """What conditions are asked of: a session, and whose it is. `known` is whether the player is one that this user has
    used before or that the owner has let in; None where that is not known. `bound` is by which machine id a player's
    title in config.ini goes."""

    session: Session
    user: User
    person: str = ""
    group: str = ""
    kinds: tuple[str, ...] = ()
    is_owner: bool = False
    known: bool | None = None
    bound: Mapping[tuple[str, str], str] = {}


class Holding(NamedTuple):
    """A rule whose conditions hold for a play, and which plays of the person before it they held for, by id."""

    name: str
    settings: Mapping[str, Any]
    past: Set[int] = frozenset()
    dry: bool = False


def holds(settings: Mapping[str, Any], facts: Facts) -> bool:
    """Whether all of a rule's conditions are true of a play."""
    return all(condition(settings, key, facts) is True for key in CONDITIONS if key in settings)


def condition(settings: Mapping[str, Any], key: str, facts: Facts) -> bool | None:
    """Whether one condition of a rule is true; None where that is not known."""
    value, session = settings[key], facts.session
    if key == "new_device":
        return None if facts.known is None else (not facts.known) == bool(value)
    if key in ("bitrate", "file_bitrate"):
        (way, kbps), mine = value, session.bitrate if key == "bitrate" else session.file_bitrate
        return None if not mine else mine > kbps if way == "above" else mine < kbps
    turned, names = value
    found: bool | None = _listed(key, names, facts)
    if found is None:
        return True if key == "ratings" and settings.get("unrated") == "block" else None
    return found is not bool(turned)


def needs_past(settings: Mapping[str, Any]) -> bool:
    """Whether the rule depends on what was played before."""
    return "max_plays" in settings or any(settings.get(key) not in (None, ()) for key in BUDGETS)


def limits_of(settings: Mapping[str, Any], extra: limits.Extra = ()) -> Limits:
    """The budgets inside a rule: all that is played of what matches, in the rule's hours, counts."""
    values = {key: _per_day(settings.get(key)) for key in BUDGETS}
    return Limits(**values, rest=settings.get("rest", REST) or 0, only=settings.get("when", ()), extra=extra)


def bounds(
    rule: Holding, calendar: Calendar, play: Play, spans: Sequence[Any], sessions: Mapping[int, Session],
    others: Sequence[Play] | None, extra: limits.Extra, now: float,
) -> list[Bound]:  # fmt: skip
    """What a rule whose conditions hold comes to. `sessions` are those of the plays in `spans`, by the play's id;
    `others` the person's open plays for which its conditions hold as well, None where they are not known."""
    settings, limit = rule.settings, f"rule:{rule.name}"
    mine = [span for span in spans if span.play in rule.past or span.play == play.id]
    found = limits.bounds(limits_of(settings, extra), calendar, mine, now, counted=True)
    if "max_plays" in settings:
        found += _plays(settings, calendar, play, mine, sessions, others or (), now)
    if settings.get("max_streams") is not None and others is not None:
        keep = settings.get("keep", "oldest")
        found += streams.too_many(limit, "streams", settings["max_streams"], keep, play, others)
    if settings.get("max_paused") is not None and play.session.state == "paused":
        found.append(streams.paused_long(settings["max_paused"], play))
    if not any(key in settings for key in AMOUNTS):
        when = settings.get("when", ())
        shut = limits.bounds(Limits(blocked=when), calendar, [], now, counted=False) if when else []
        found = [bound._replace(since=None) for bound in shut] or [always(limit, "rule")]
        found = [bound._replace(kind="rule") for bound in found]
    elif settings.get("when"):
        found = [_only(bound, settings["when"], calendar) if bound.kind not in BUDGETS else bound for bound in found]
    message = str(settings.get("message") or "")
    return [bound._replace(limit=limit, message=message, dry=rule.dry) for bound in found]


def resolution(text: str) -> str:
    """As rules name it: 4k, 1080, 720 … sd; "" for none."""
    word = text.strip().casefold().removesuffix("p").removesuffix("i")
    return _SAME.get(word, word)


def matches(pattern: str, text: str) -> bool:
    """Whether a name is meant by a pattern of config.ini: * is any text, ? any one character; both in lower case."""
    head, star_at_end, tail = pattern.partition("*")
    if "?" not in pattern and not tail:
        return text.startswith(head) if star_at_end else text == pattern
    at, star, mark, seen = 0, -1, 0, 0
    while seen < len(text):
        if at < len(pattern) and pattern[at] == "*":
            star, mark, at = at, seen, at + 1
        elif at < len(pattern) and pattern[at] in ("?", text[seen]):
            at, seen = at + 1, seen + 1
        elif star >= 0:
            at, mark = star + 1, mark + 1
            seen = mark
        else:
            return False
    return not pattern[at:].strip("*")


def _listed(key: str, names: Sequence[str], facts: Facts) -> bool | None:
    """Whether what is known of the play is in the list of a condition. Live TV is `live` besides what it shows."""
    session = facts.session
    if key == "ratings":
        return _rated(names, session.rating)
    if key == "people":
        return facts.person in names if facts.person else False if facts.user.id else None
    if key == "groups":
        return facts.group in names if facts.group or facts.person or facts.user.id else None
    if key == "users":
        return _is_user(names, facts)
    if key == "devices":
        return _is_device(names, facts)
    if key == "transcode":
        return None if not session.transcode else any(session.transcode in TRANSCODES[name] for name in names)
    if key == "resolution":
        return _resolved(names, session.resolution)
    if key == "players":
        return _any(names, session.product, session.player) or _known(session.product and session.player, False)
    if key == "media":
        return ("live" in names and session.live) or _any(names, session.media_type)
    if key == "titles":
        return _any(names, session.title, session.title.removeprefix(f"{session.show} - ") if session.show else "")
    if key == "shows" and not session.show and session.media_type in SHOWLESS and not session.live:
        return False
    return _any(names, getattr(session, ONE_FIELD[key]))


def _any(names: Sequence[str], *texts: str) -> bool | None:
    found = None
    for text in filter(None, texts):
        folded, found = text.casefold(), False
        for name in names:
            if matches(name, folded):
                return True
    return found


def _known(told: object, found: bool) -> bool | None:
    """What was found, where it is known at all."""
    return found if told else None


def _is_user(names: Sequence[str], facts: Facts) -> bool | None:
    """By id, user name, mail address or title, or by kind (@home …). A pattern never means the owner. Who plays as
    Plex's user 0 may be anybody: known is only that it is nobody."""
    user = facts.user
    if not user.id:
        return _known(any(name in NOBODY for name in names), True)
    for name in names:
        if name in facts.kinds or name == str(user.id) or facts.bound.get(("user", name)) == str(user.id):
            return True
        wild = "*" in name or "?" in name
        bound_to_another = ("user", name) in facts.bound
        if bound_to_another or (wild and facts.is_owner):
            continue
        if any(matches(name, text.casefold()) for text in (user.name, user.email, user.title) if text):
            return True
    asks_for_kind = any(name.startswith("@") and name != "@vip" for name in names)
    return _known(user.kind or facts.is_owner or not asks_for_kind, False)


def _is_device(names: Sequence[str], facts: Facts) -> bool | None:
    machine, title = facts.session.machine_id.casefold(), facts.session.player.casefold()
    if not machine and not title:
        return None
    bounds = {name: facts.bound.get(("device", name), "").casefold() for name in names}
    for name, bound in bounds.items():
        if machine and machine in (name, bound):
            return True
        if not bound and title and matches(name, title):
            return True
    return _known(machine or not any(bounds.values()), False)


def _rated(names: Sequence[str], rating: str) -> bool | None:
    """Of what nobody has rated it is only known that it is `unrated`, in whatever words; of what is rated in a way that
    nobody knows, what it is called."""
    exact, age, unrated = " ".join(rating.casefold().split()), ratings.age(rating), ratings.is_unrated(rating)
    if any(matches(name, word) for name in names for word in (exact, exact.rpartition("/")[2].strip()) if word):
        return True
    if unrated:
        return _known(any(name in ratings.UNRATED for name in names), True)
    above = [ratings.age(name.removeprefix("above ")) for name in names if name.startswith("above ")]
    if above and age is None:
        return None
    return any(least is not None and age is not None and age > least for least in above)


def _resolved(names: Sequence[str], text: str) -> bool | None:
    """What has up to 576 lines is sd, too."""
    mine = resolution(text)
    lines = LINES.get(mine) or (int(mine) if mine.isdecimal() and mine.isascii() and len(mine) < 6 else 0)
    if mine in names or (0 < lines <= LINES["sd"] and "sd" in names):
        return True
    above = [name.removeprefix("above ") for name in names if name.startswith("above ")]
    if not mine or (above and not lines):
        return None
    return any(lines > (LINES.get(name) or int(name)) for name in above)


def _per_day(value: Any) -> Any:
    return (((), value),) if isinstance(value, int) else value or ()


def _plays(
    settings: Mapping[str, Any], calendar: Calendar, play: Play, spans: Sequence[Any],
    sessions: Mapping[int, Session], others: Sequence[Play], now: float,
) -> list[Bound]:  # fmt: skip
    """So many items in each day, week or month, in the rule's hours. One that is resumed is one; one that was hardly
    begun is none."""
    (most, kind), when = settings["max_plays"], settings.get("when", ())
    _, (began, ended) = period(calendar, kind, now)
    seconds: dict[str, float] = {}
    for span in spans:
        pieces = clip([(span.began, span.ended)], began, ended) if not span.denied else []
        if when:
            pieces = [part for a, b in pieces for part in window_intervals(calendar, when, a, b)]
        if pieces:
            item = streams.item(sessions.get(span.play, play.session))
            seconds[item] = seconds.get(item, 0.0) + measure(pieces)
    counted = {item for item, played in seconds.items() if played >= PLAYED}
    mine = streams.item(play.session)
    earlier = {streams.item(o.session) for o in others if (o.began, o.id) < (play.began, play.id) and not o.denied
               and streams.player(o) != streams.player(play)}  # fmt: skip
    if most and (mine in counted or len((counted | earlier) - {mine}) < most):
        return []
    return [always("", "plays", most, ended if most else None)]


def _only(bound: Bound, when: Any, calendar: Calendar) -> Bound:
    """The bound in these windows alone."""
    hours = limits.bounds(Limits(blocked=when), calendar, [], 0.0, counted=False)[0]

    def deadline(start: float) -> float | None:
        first = bound.deadline(start)
        for _ in range(LOOKS):
            opens = None if first is None else hours.deadline(first)
            if opens is None:
                return None
            first = bound.deadline(opens)
            if first == opens:
                return opens
        return None

    def reopens(at: float) -> float | None:
        ends, later = hours.reopens(at), bound.reopens(at)
        return later if ends is None else ends if later is None else min(ends, later)

    return bound._replace(deadline=deadline, reopens=reopens)
