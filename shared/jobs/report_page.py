"""A digest as HTML: bars and an hour-by-weekday picture out of table cells with colors, which every mail program shows.

No script, no picture, nothing from outside. Each cell has its style itself; the frame's style sheet only knows what is
different in the dark and on paper.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from shared.jobs import report_text as text
from shared.jobs.report_facts import Report
from shared.policy.calendar import weekday
from shared.policy.digest import Portion
from shared.policy.words import WEEKDAYS, duration, shorten

CELL = 'style="font:15px/21px Helvetica,Arial,sans-serif;color:#24272c;padding:7px 0 2px 0"'
RIGHT = f'align="right" {CELL[:-1]};white-space:nowrap"'
SMALL = 'class="quiet" style="font:13px/18px Helvetica,Arial,sans-serif;color:#5f6670"'
SMALL_RIGHT = f'align="right" {SMALL}'
TABLE = '<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0">'
SHADES = (("none", 0.0), ("some", 0.25), ("more", 0.5), ("much", 0.75), ("most", 1.0))
EMPTY = "#eceef1"


def charts(report: Report, color: str, most: int) -> str:
    """The pictures and lists of a digest, to be put into its template. `most` persons are shown by themselves."""
    if not report.figures.seconds:
        parts = [_news(report)]
    elif report.person:
        parts = [_limits(report), _days(report, color), _grid(report, color), _works(report, color), _news(report)]
    else:
        parts = [_days(report, color), _grid(report, color), _people(report, color, most), _works(report, color),
                 _news(report)]  # fmt: skip
    return "\n".join(part for part in parts if part)


def _days(report: Report, color: str) -> str:
    rows = text.days(report)
    most = max(seconds for _, seconds in rows)
    if len(rows) == 1:
        return ""
    cells = [
        f'<tr><td width="1%" {SMALL[:-1]};white-space:nowrap;padding:3px 10px 3px 0">{name}</td>'
        f"<td>{_bar(seconds / most, color, 14)}</td>"
        f'<td width="1%" {SMALL_RIGHT[:-1]};white-space:nowrap;padding:3px 0 3px 10px">'
        f"{duration(seconds) if seconds else '&ndash;'}</td></tr>"
        for name, seconds in rows
    ]
    return f"<h2>By day</h2>\n{TABLE}\n" + "\n".join(cells) + "\n</table>"


def _grid(report: Report, color: str) -> str:
    """A row for each day of the week, which begins where a day begins in this house, and a column for each hour."""
    grid, starts = report.figures.grid, report.calendar.day_starts // 3600
    days = sorted(range(7), key=lambda day: (day - report.calendar.week_starts) % 7)
    if report.period.after - report.period.first < 7:
        days = [weekday(day) for day in range(report.period.first, report.period.after)]
    most = max(seconds for row in grid for seconds in row)
    hours = [(starts + n) % 24 for n in range(24)]
    head = "".join(f'<td colspan="4" {SMALL[:-1]};font-size:11px">{hour:02d}</td>' for hour in hours[::4])
    lines = [f'<tr><td width="38"></td>{head}</tr>']
    for day in days:
        cells = "".join(_shade(grid[day][hour], most, color, f"{WEEKDAYS[day]} {hour:02d}:00") for hour in hours)
        lines.append(f'<tr height="16"><td {SMALL}>{WEEKDAYS[day]}</td>{cells}</tr>')
    shades = "".join(f'<td width="16" class="{name}" bgcolor="{_mixed(color, part)}">&nbsp;</td>'
                     for name, part in SHADES)  # fmt: skip
    legend = ('<table role="presentation" cellpadding="0" cellspacing="1" border="0" style="margin-top:6px">'
              f'<tr><td {SMALL[:-1]};padding-right:6px">nothing</td>{shades}<td {SMALL[:-1]};padding-left:6px">'
              f"{duration(most)}</td></tr></table>")  # fmt: skip
    table = '<table role="presentation" width="100%" cellpadding="0" cellspacing="1" border="0" '
    return (f'<h2>By hour</h2>\n{table}style="table-layout:fixed;font-size:9px;line-height:16px">\n'
            + "\n".join(lines) + f"\n</table>\n{legend}")  # fmt: skip


def _people(report: Report, color: str, most: int) -> str:
    viewers = [person for person in report.figures.people if person.seconds]
    rows = [_person(report, person, viewers[0].seconds, color) for person in viewers[:most]]
    if len(viewers) > most:
        rest = sum(person.seconds for person in viewers[most:])
        more = f"and {len(viewers) - most} more, {duration(rest)} together"
        rows.append(f'<tr><td colspan="2" {CELL}>{more}</td></tr>')
    silent = text.quiet(report, 30)
    if silent:
        rows.append(f'<tr><td colspan="2" {SMALL[:-1]};padding-top:12px">Nothing watched: '
                    f"{_name(silent)}</td></tr>")  # fmt: skip
    return f"<h2>By person</h2>\n{TABLE}\n" + "\n".join(rows) + "\n</table>"


def _person(report: Report, person: Portion, most: float, color: str) -> str:
    told = text.change(person.seconds, person.earlier)
    about = "".join(f"<br>{escape(line)}" for line in text.limits(report, person))
    works = text.works(person, text.FIRST_TITLES)
    titles = " · ".join(f"{_name(title) if title else ''}{much}" for title, much in works)
    return (
        f"<tbody><tr><td {CELL}><b>{_name(person.name)}</b></td>"
        f"<td {RIGHT}>{duration(person.seconds)}{f' <span {SMALL}>{told}</span>' if told else ''}</td></tr>"
        f'<tr><td colspan="2">{_bar(person.seconds / most, color, 6)}</td></tr>'
        f'<tr><td colspan="2" {SMALL[:-1]};padding:3px 0 4px 0">{titles}{about}</td></tr></tbody>'
    )


def _works(report: Report, color: str) -> str:
    works = report.figures.works[: text.OWN_TITLES if report.person else text.TITLES]
    rows = [
        f"<tbody><tr><td {CELL}>{_name(shorten(work.title, text.LONGEST))} <span {SMALL}>{text.kind(work)}</span></td>"
        f"<td {RIGHT}>{duration(work.seconds)}</td></tr>"
        f'<tr><td colspan="2">{_bar(work.seconds / works[0].seconds, color, 6)}</td></tr></tbody>'
        for work in works
    ]
    table = f'{TABLE[:-1]} style="margin-bottom:20px">'
    return f"<h2>Watched most</h2>\n{table}\n" + "\n".join(rows) + "\n</table>"


def _limits(report: Report) -> str:
    lines = [line for person in report.figures.people for line in text.limits(report, person)]
    return _list("Limits", lines) if lines else ""


def _news(report: Report) -> str:
    return "\n".join(_list(heading, lines) for heading, lines in report.news)


def _list(heading: str, lines: Iterable[str]) -> str:
    items = "".join(f"<li>{_name(line)}</li>" for line in lines)
    return f"<h2>{escape(heading)}</h2>\n<ul>{items}</ul>"


def _bar(share: float, color: str, height: int) -> str:
    if share <= 0:
        return ""
    width = max(1, round(100 * share))
    return (f'<table role="presentation" width="{width}%" cellpadding="0" cellspacing="0" border="0">'
            f'<tr><td class="most" height="{height}" bgcolor="{color}" style="font-size:1px;line-height:{height}px">'
            f"&nbsp;</td></tr></table>")  # fmt: skip


def _shade(seconds: float, most: float, color: str, when: str) -> str:
    if not seconds:
        return f'<td class="none" bgcolor="{EMPTY}">&nbsp;</td>'
    name, part = SHADES[min(4, 1 + int(4 * seconds / most))]
    return f'<td class="{name}" bgcolor="{_mixed(color, part)}" title="{when}, {duration(seconds)}">&nbsp;</td>'


def _mixed(color: str, part: float) -> str:
    """The color with white; nothing of it is the grey of an empty cell."""
    if not part:
        return EMPTY
    channels = [int(color[i : i + 2], 16) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(255 - part * (255 - channel)):02x}" for channel in channels)


def _name(words: str) -> str:
    """A name or title that may run from right to left; what stands beside it stays in its place."""
    return f'<span dir="auto">{escape(words)}</span>'
