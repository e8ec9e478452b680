"""A digest as text, as JSON and as a table for a spreadsheet; and the words that text and page have in common."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from shared import log
from shared.jobs.report_facts import Facts, Report
from shared.log import mask
from shared.policy import digest
from shared.policy.calendar import local_clock, weekday
from shared.policy.digest import Budget, Portion, Work
from shared.policy.periods import Period
from shared.policy.words import MONTHS, WEEKDAYS, date, duration, shorten

BAR = 24  # characters
TITLES = 10  # in the list of the most watched
OWN_TITLES = 25  # in somebody's own digest
LONGEST = 60  # characters of a title
FIRST_TITLES = 3  # of each person's, in a digest of all
FULL = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
KINDS = {"track": "music", "live": "Live TV", "movie": "film", "show": "show"}
UNITS = {"daily": "day", "weekly": "week", "monthly": "month"}


def subject(report: Report) -> str:
    """What stands above the mail."""
    mark = "DRY RUN: " if report.dry_run else ""
    watched = "What you watched" if report.own else f"What {report.person or 'was'} watched"
    return f"{mark}{watched}, {dates(report.period)}"


def summary(report: Report) -> str:
    """The whole of it in two or three sentences."""
    told = report.figures
    if not told.seconds:
        when = f"{'on' if _length(report) == 1 else 'from'} {dates(report.period)}"
        than = f" In the {_same_time(report)} before it was {duration(told.earlier)}." if told.earlier else ""
        return f"Nothing was watched {when}.{than}"
    viewers = sum(person.seconds > 0 for person in told.people)
    who = "" if report.person else f" by {viewers} {'person' if viewers == 1 else 'people'}"
    watched = f"You watched {duration(told.seconds)}" if report.own else f"{duration(told.seconds)} watched{who}"
    text = f"{watched} in {told.plays} play{'s' * (told.plays > 1)}, {_compared(report)}."
    most = digest.busiest(told)
    if most is not None:
        day, hour = most
        on = f" on {FULL[day]}" if _length(report) > 1 else ""
        text += f" Most was watched{on} from {hour:02d}:00 to {(hour + 1) % 24:02d}:00."
    return text


def figures(report: Report, most: int) -> str:
    """The figures as lines; `most` persons with something to tell of."""
    parts = [_days(report)]
    parts.append(_works(report) if report.person else _people(report, most))
    parts += [] if report.person else [_works(report)]
    parts += [f"{heading.upper()}\n" + "\n".join(f"- {line}" for line in lines) for heading, lines in report.news]
    return "\n\n".join(part for part in parts if part)


def as_json(report: Report) -> str:
    """Every figure, seconds and ordinals of days as they are, and the dates for a person."""
    told = plain(report.figures)
    first, last = _iso(report.period.first), _iso(report.period.after - 1)
    told |= {"from": first, "to": last, "person": report.person, "dry_run": report.dry_run,
             "news": [{"heading": heading, "lines": list(lines)} for heading, lines in report.news]}  # fmt: skip
    return log.as_json(told)


def as_csv(facts: Facts, key: str) -> str:
    """A line for each play, of one person or ("") of all, with its seconds within the period."""
    import csv
    import io

    names = {subject.key: subject.name for subject in facts.subjects}
    file = io.StringIO()
    table = csv.writer(file)
    table.writerow(("began", "person", "user", "player", "platform", "kind", "title", "seconds"))
    for owner, play, _ in facts.owned:
        seconds = digest.seconds_in(play, facts.period.began, facts.period.ended)
        if seconds and key in ("", owner):
            cells = (names[owner], play.user, play.player, play.platform, play.media_type, play.title)
            table.writerow((_stamp(facts, play.began), *map(_cell, cells), round(seconds)))
    return file.getvalue()


def plain(value: Any) -> Any:
    """Named tuples as dictionaries, all the way down."""
    if hasattr(value, "_asdict"):
        return {name: plain(part) for name, part in value._asdict().items()}
    return [plain(part) for part in value] if isinstance(value, tuple) else value


# ---- words for text and page ----


def dates(period: Period) -> str:
    """`Mon 16 to Sun 22 Nov 2026`."""
    from datetime import date as Date

    first, last = Date.fromordinal(period.first), Date.fromordinal(period.after - 1)
    end = f"{WEEKDAYS[last.weekday()]} {last.day} {MONTHS[last.month - 1]} {last.year}"
    if first == last:
        return end
    month = f" {MONTHS[first.month - 1]}" if (first.year, first.month) != (last.year, last.month) else ""
    year = f" {first.year}" if first.year != last.year else ""
    return f"{WEEKDAYS[first.weekday()]} {first.day}{month}{year} to {end}"


def days(report: Report) -> list[tuple[str, float]]:
    """A name and the seconds of each bar: of days, or where these are too many of weeks or months."""
    found = []
    for first, after, seconds in digest.labels(report.calendar, report.figures.days, report.period):
        name = f"{WEEKDAYS[weekday(first)]} {date(first)}"
        if after - first > 7:
            name = _iso(first)[:7]
        elif after - first > 1:
            name = f"{date(first)} to {date(after - 1)}"
        found.append((name, seconds))
    return found


def change(now: float, earlier: float) -> str:
    """`+12 %`, `20 times`, "" where nothing changed."""
    if not earlier:
        return "nothing before" if now else ""
    percent = round(100 * (now - earlier) / earlier)
    return f"{percent:+d} %" if percent and abs(percent) < 1000 else f"{now / earlier:.0f} times" if percent else ""


def limits(report: Report, person: Portion) -> list[str]:
    """How each of somebody's limits was used, in words."""
    return [_budget(report, budget) for budget in person.budgets if budget.used or report.person]


def works(person: Portion, most: int) -> list[tuple[str, str]]:
    """What somebody watched most as (title, how much of it), and how much more there was."""
    told = [(shorten(work.title, LONGEST), f", {duration(work.seconds)}") for work in person.works[:most]]
    more = len(person.works) - most
    return [*told, ("", f"{more} more")] if more > 0 else told


def quiet(report: Report, most: int) -> str:
    """Who watched nothing."""
    names = [person.name for person in report.figures.people if not person.seconds]
    more = [f"{len(names) - most} more"] if len(names) > most else []
    return ", ".join([*names[:most], *more])


def kind(work: Work) -> str:
    """`show, 12 plays by 3`."""
    plays = f"{work.plays} play{'s' * (work.plays > 1)}"
    by = f" by {work.people}" if work.people > 1 else ""
    return f"{KINDS.get(work.kind, work.kind) or 'something'}, {plays}{by}"


def _compared(report: Report) -> str:
    before, earlier = f"in the {_same_time(report)} before", report.figures.earlier
    told = change(report.figures.seconds, earlier)
    if not earlier:
        return f"nothing {before}"
    if told.endswith("times"):
        return f"{told} as much as {before}"
    if not told:
        return f"as much as {before}"
    return f"{told.strip('+-')} {'more' if told[0] == '+' else 'less'} than {before}"


def _length(report: Report) -> int:
    return report.period.after - report.period.first


def _same_time(report: Report) -> str:
    count = _length(report)
    return {1: "day", 7: "week"}.get(count, "month" if 28 <= count <= 31 else f"{count} days")


def _budget(report: Report, budget: Budget) -> str:
    unit, used = UNITS[budget.kind], duration(budget.used)
    limit = f"Limit of {duration(budget.limit)} a {unit}"
    if budget.of == 1:
        return f"{limit}: {used} used{', reached' if budget.reached else ''}"
    reached = f"reached in {budget.reached} of {budget.of} {unit}s" if budget.reached else "not reached"
    day = date(budget.first)
    on = f"on {WEEKDAYS[weekday(budget.first)]} {day}" if unit == "day" else f"from {day} on"
    return f"{limit}: {reached}, most {on} ({used})"


def _days(report: Report) -> str:
    rows = days(report)
    most = max((seconds for _, seconds in rows), default=0.0)
    if not most:
        return ""
    width = max(len(name) for name, _ in rows)
    lines = [f"{name:<{width}}  {'#' * round(BAR * seconds / most):<{BAR}}  {duration(seconds) if seconds else '-'}"
             for name, seconds in rows]  # fmt: skip
    return "\n".join(["BY DAY", *lines])


def _people(report: Report, most: int) -> str:
    viewers = [person for person in report.figures.people if person.seconds]
    lines = [line for person in viewers[:most] for line in _person(report, person)]
    lines += [f"and {len(viewers) - most} more"] * (len(viewers) > most)
    silent = quiet(report, 30)
    lines += [f"Nothing watched: {silent}"] if silent else []
    return "\n".join(["BY PERSON", *lines]) if lines else ""


def _person(report: Report, person: Portion) -> Iterator[str]:
    told = change(person.seconds, person.earlier)
    yield f"{person.name}: {duration(person.seconds)}{f' ({told})' if told else ''}"
    yield from (f"    {line}" for line in limits(report, person))
    yield "    " + "; ".join(title + much for title, much in works(person, FIRST_TITLES))


def _works(report: Report) -> str:
    most = OWN_TITLES if report.person else TITLES
    lines = [f"{number:>2}. {shorten(work.title, LONGEST)}: {duration(work.seconds)} ({kind(work)})"
             for number, work in enumerate(report.figures.works[:most], 1)]  # fmt: skip
    own = [line for person in report.figures.people for line in limits(report, person)] if report.person else []
    parts = [["LIMITS", *own] if own else [], ["WATCHED MOST", *lines] if lines else []]
    return "\n\n".join("\n".join(part) for part in parts if part)


def _cell(text: str) -> str:
    """Spreadsheets take a cell that begins so for a formula, and run it."""
    line = mask(shorten(text, 300))
    return f"'{line}" if line.startswith(("=", "+", "-", "@")) else line


def _stamp(facts: Facts, at: float) -> str:
    day, second = local_clock(facts.calendar, at)
    return f"{_iso(day)} {second // 3600:02d}:{second % 3600 // 60:02d}:{second % 60:02d}"


def _iso(day: int) -> str:
    from datetime import date as Date

    return Date.fromordinal(day).isoformat()

