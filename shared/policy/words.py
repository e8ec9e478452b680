"""Times, durations and names as a person reads them."""

from __future__ import annotations

from collections.abc import Mapping

from shared.policy.calendar import DAY, Calendar, local_clock, weekday

ENGLISH = {
    "at": "at {time}", "on_day": "on {weekday} at {time}", "on_date": "on {day} {month} at {time}",
    "weekdays": "Mon Tue Wed Thu Fri Sat Sun", "months": "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec",
    "units": "h min s",
}  # fmt: skip
WEEKDAYS, MONTHS = ENGLISH["weekdays"].split(), ENGLISH["months"].split()


def duration(seconds: float, texts: Mapping[str, str] = ENGLISH) -> str:
    """`1 h 30 min`, `45 min`, `20 s`; above two minutes whole minutes are enough."""
    whole = round(seconds)
    if whole > 120 and whole % 60:
        whole -= whole % 60
    numbers, units = (whole // 3600, whole % 3600 // 60, whole % 60), texts["units"].split()
    return " ".join(f"{n} {unit}" for n, unit in zip(numbers, units, strict=True) if n) or f"0 {units[-1]}"


def clock(calendar: Calendar, at: float, now: float, texts: Mapping[str, str] = ENGLISH) -> str:
    """When something happens, seen from now: `at 04:00`, `on Mon at 07:00`, `on 3 Jul at 04:00`.

    Rounded up to the minute, since "back at" must not be too early; to the second if it is within five minutes.
    """
    near = 0 < at - now < 300
    at = -(-at // 1) if near else -(-at // 60) * 60
    ordinal, seconds = local_clock(calendar, at)
    time = f"{seconds // 3600:02d}:{seconds % 3600 // 60:02d}" + (
        f":{seconds % 60:02d}" if near and seconds % 60 else ""
    )
    if at - now < DAY:
        return texts["at"].replace("{time}", time)
    if at - now < 6 * DAY:
        named = texts["on_day"].replace("{weekday}", texts["weekdays"].split()[weekday(ordinal)])
    else:
        day, month = date(ordinal).split()
        named = texts["on_date"].replace("{day}", day)
        named = named.replace("{month}", texts["months"].split()[MONTHS.index(month)])
    return named.replace("{time}", time)


def date(ordinal: int) -> str:
    """`3 Jul`."""
    from datetime import date as Date

    on = Date.fromordinal(ordinal)
    return f"{on.day} {MONTHS[on.month - 1]}"


def bare_address(text: str) -> str:
    """`me@example.com` of `Name <me@example.com>`."""
    text = text.strip()
    return text[text.rfind("<") + 1 : -1].strip() if text.endswith(">") and "<" in text else text


def shorten(text: str, most: int = 80) -> str:
    """A name or title as one line of at most so many characters."""
    text = text if text.isprintable() else "".join(c if c.isprintable() else " " for c in text)
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1] + "…"


def foreseen(limit: str, kind: str, value: int) -> str:
    """What ends a play then: `daily limit of 1 h`, `no watching after that`, `cartoons: daily limit of 30 min`."""
    said = {
        "hours": "no watching after that", "lock": "locked", "rule": "not after that", "paused": "paused for too long",
        "streams": f"more than {counted(value, 'stream')} at once",
        "locations": f"more than {counted(value, 'place')} at once",
        "start": "nothing new starts then", "device": "the player is not known", "plays": f"{counted(value, 'play')}",
    }.get(kind) or f"{kind} limit of {duration(value)}"  # fmt: skip
    return _of_rule(limit, said)


def refused(limit: str, kind: str, value: int) -> str:
    """Why a play has to end: `daily limit of 1 h reached`, `no watching at this hour`."""
    said = {
        "hours": "no watching at this hour", "lock": "locked", "rule": "not allowed",
        "paused": f"paused for {duration(value)}",
        "streams": f"at most {counted(value, 'stream')} at once",
        "locations": f"at most {counted(value, 'place')} at once",
        "start": f"nothing new starts in the last {duration(value)}",
        "device": "this player is not known yet", "plays": f"limit of {counted(value, 'play')} reached",
    }.get(kind) or f"{kind} limit of {duration(value)} reached"  # fmt: skip
    return _of_rule(limit, said)


def counted(number: int, what: str) -> str:
    """`1 stream`, `2 streams`."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def _of_rule(limit: str, said: str) -> str:
    rule, _, name = limit.partition(":")
    return f"{shorten(name, 40)}: {said}" if name else said
