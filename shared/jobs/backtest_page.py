"""A backtest as a page: each person's days as bars of 24 hours, with what would have been cut in another color. No
script, nothing from outside."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from shared.jobs import backtest_text as text
from shared.jobs.backtest_days import Day, Outcome, Person, Piece
from shared.jobs.looking import stamp
from shared.policy.calendar import moment
from shared.policy.words import duration

MOST = 2000  # rows with a bar on one page; who was cut most comes first
LEAST = 0.2  # per cent of a day's width: a short cut is seen, too
PAGE = """\
<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex"><title>{title}</title><style>
:root {{ color-scheme: light dark; --paper: #fff; --ink: #24272c; --quiet: #5f6670; --empty: #eceef1; --seen: #4a7fb5;
  --cut: #d9482b; --line: #d5d9de; }}
@media (prefers-color-scheme: dark) {{ :root {{ --paper: #16181c; --ink: #e8eaed; --quiet: #a9afb8; --empty: #2a2e35;
  --seen: #6c9fd3; --cut: #f0724f; --line: #3a3f47; }} }}
body {{ font: 15px/1.45 Helvetica, Arial, sans-serif; color: var(--ink); background: var(--paper); margin: 0 auto;
  max-width: 980px; padding: 20px 16px 60px; overflow-wrap: anywhere; }}
h1 {{ font-size: 22px; margin: 0 0 4px; }} h2 {{ font-size: 17px; margin: 28px 0 4px; }} p {{ margin: 4px 0; }}
.quiet, li {{ color: var(--quiet); font-size: 13px; }} ul {{ padding-left: 18px; margin: 4px 0; }}
.row {{ display: grid; grid-template-columns: 84px 1fr 150px; gap: 8px; align-items: center; margin: 2px 0;
  break-inside: avoid; }}
.row > * {{ font-size: 13px; }} .row > :last-child {{ text-align: right; color: var(--quiet); }}
.bar {{ position: relative; height: 16px; background: var(--empty); border-radius: 3px; overflow: hidden; }}
.bar i {{ position: absolute; top: 0; bottom: 0; background: var(--seen); }}
.bar i.cut {{ background: repeating-linear-gradient(45deg, var(--cut) 0 4px, transparent 4px 6px), var(--empty); }}
.axis {{ position: relative; height: 16px; }} .axis span {{ position: absolute; transform: translateX(-50%);
  font-size: 11px; color: var(--quiet); }}
.key i {{ display: inline-block; width: 22px; height: 11px; margin: 0 5px 0 14px; background: var(--seen); }}
.key i.cut {{ background: repeating-linear-gradient(45deg, var(--cut) 0 4px, transparent 4px 6px), var(--empty); }}
details {{ margin: 6px 0 0; }} summary {{ cursor: pointer; color: var(--quiet); font-size: 13px; }}
b.cut {{ color: var(--cut); }}
@media (max-width: 560px) {{ .row {{ grid-template-columns: 68px 1fr 84px; gap: 5px; }} .long {{ display: none; }}
  .row > *, .row b {{ font-size: 12px; white-space: nowrap; }}
  .axis span:nth-child(even) {{ display: none; }} }}
@media print {{ * {{ -webkit-print-color-adjust: exact; print-color-adjust: exact; }} }}
</style></head><body>
{body}
</body></html>
"""


def page(outcome: Outcome, against: Outcome | None = None) -> str:
    """The whole page; a second configuration's outcome is drawn below the first one's."""
    parts = [*_outcome(outcome)]
    if against:
        parts += ["<hr>", *_outcome(against)]
    gaps = [*outcome.gaps, *text.UNKNOWABLE]
    parts += ["<h2>What a history cannot tell</h2><ul>", *(f"<li>{escape(gap)}</li>" for gap in gaps), "</ul>"]
    title = escape(f"Usher: what {outcome.label} would have done")
    return PAGE.format(title=title, body="\n".join(parts))


def _outcome(outcome: Outcome) -> Iterator[str]:
    yield f"<h1>What {escape(outcome.label)} would have done</h1>"
    yield f'<p class="quiet">{escape(text.spread(outcome))}</p><p>{escape(text.summary(outcome))}</p>'
    yield '<p class="quiet key"><i></i>watched<i class="cut"></i>would have been cut</p>'
    left = MOST
    for person in outcome.people:
        if left <= 0:
            yield '<p class="quiet">The others are left out: see the text, or --json.</p>'
            break
        yield from _person(person, outcome, left)
        left -= len(person.days)
    if outcome.members:
        yield "<h2>Members</h2><ul>"
        yield from (f"<li>{escape(stamp(outcome.calendar, step.at))} {escape(text.about(step))}</li>"
                    for step in outcome.members[:MOST])  # fmt: skip
        yield "</ul>"
    if outcome.alerts:
        yield "<h2>Rules that only tell</h2><ul>"
        for alert in outcome.alerts[:MOST]:
            said = f"{alert.action} by rule {alert.rule}: {alert.name}, {alert.title}"
            yield f"<li>{escape(stamp(outcome.calendar, alert.at))} {escape(said)}</li>"
        yield "</ul>"


def _person(person: Person, outcome: Outcome, most: int) -> Iterator[str]:
    said = f"watched {duration(person.watched)}"
    cut = f', <b class="cut">{escape(duration(person.cut))} cut</b>' if person.cut else ", nothing cut"
    yield f'<section><h2>{escape(person.name)}</h2><p class="quiet">{escape(said)}{cut}</p>'
    starts = outcome.calendar.day_starts
    hours = "".join(f'<span style="left:{hour / 24 * 100:.2f}%">{(starts // 3600 + hour) % 24:02d}</span>'
                    for hour in range(0, 24, 3))  # fmt: skip
    yield f'<div class="row"><span></span><div class="axis">{hours}</div><span></span></div>'
    for day in person.days[-most:]:
        yield _day(day, outcome)
    told = [(day, text.told(piece, seconds, outcome)) for day in person.days for piece, seconds in text.cuts(day)]
    if told:
        yield f"<details><summary>the {len(told)} reasons</summary><ul>"
        yield from (f"<li>{escape(text.day_name(day.day))} {escape(line)}</li>" for day, line in told[:most])
        yield "</ul></details>"
    yield "</section>"


def _day(day: Day, outcome: Outcome) -> str:
    began, ended = (moment(outcome.calendar, n, outcome.calendar.day_starts) for n in (day.day, day.day + 1))
    seen = sorted(day.pieces, key=lambda piece: bool(piece.limit))  # what was cut is drawn over what was not
    bars = "".join(_bar(piece, began, ended) for piece in seen)
    cut = f' <b class="cut">-{escape(duration(day.cut))}</b>' if day.cut else ""
    watched = f'<span class="long">{escape(duration(day.watched))}</span>'
    return (f'<div class="row"><span>{escape(text.day_name(day.day))}</span><div class="bar">{bars}</div>'
            f"<span>{watched}{cut}</span></div>")  # fmt: skip


def _bar(piece: Piece, began: float, ended: float) -> str:
    left, width = ((piece.began - began) / (ended - began) * 100, (piece.ended - piece.began) / (ended - began) * 100)
    kind = ' class="cut"' if piece.limit else ""
    why = f": {piece.reason}" if piece.reason else ""
    said = escape(f"{piece.title} on {piece.player}{why}", quote=True)
    return f'<i{kind} style="left:{left:.2f}%;width:{max(width, LEAST):.2f}%" title="{said}"></i>'
