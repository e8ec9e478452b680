"""Times, durations and names as a person reads them."""

from __future__ import annotations

from shared.policy.calendar import DAY, Calendar, local_clock, weekday

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def duration(seconds: float) -> str:
    """`1 h 30 min`, `45 min`, `20 s`; above two minutes whole minutes are enough."""
    whole = round(seconds)
    if whole > 120 and whole % 60:
        whole -= whole % 60
    parts = [(whole // 3600, "h"), (whole % 3600 // 60, "min"), (whole % 60, "s")]
    return " ".join(f"{n} {unit}" for n, unit in parts if n) or "0 s"


def clock(calendar: Calendar, at: float, now: float) -> str:
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
        return f"at {time}"
    if at - now < 6 * DAY:
        return f"on {WEEKDAYS[weekday(ordinal)]} at {time}"
    return f"on {date(ordinal)} at {time}"


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
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= most else line[: most - 1] + "…"
