"""What a viewer is told, in the house's language: a decision and its texts in, a sentence out."""

from __future__ import annotations

from collections.abc import Mapping

from shared.model import Decision
from shared.policy import words
from shared.policy.calendar import Calendar

COUNTED = ("streams", "locations", "plays")
LONGEST = 300  # characters of a sentence


def stopped(decision: Decision, texts: Mapping[str, str], calendar: Calendar, now: float, **about: str) -> str:
    """Why a stream ends, and when watching opens again. `about` are the fields name, title and player."""
    back = ""
    if decision.until is not None and decision.until > now:
        back = _fill(texts["back"], {"when": words.clock(calendar, decision.until, now, texts)})
    fields = {**about, **_fields(decision, texts), "back": back}
    own = decision.message
    if own and decision.limit.startswith("rule:"):
        said = own + (_sentence(back) if back else "")
    else:
        said = _fill(texts.get(decision.kind, texts["rule"]), fields)
        said = f"{_of_rule(decision)}{said}" + (f" {own}" if own else "")
    return said[:LONGEST] if said.endswith((".", "!", "?")) else f"{said[:LONGEST]}."


def warned(decision: Decision, texts: Mapping[str, str], left: float, **about: str) -> str:
    """How much time is left before a stream ends, and why it will."""
    fields = {**about, **_fields(decision, texts), "left": words.duration(left, texts)}
    what = _fill(texts.get(f"ahead.{decision.kind}", texts["ahead.rule"]), fields)
    return _fill(texts["warn"], {**fields, "what": what})[:LONGEST]


def _fields(decision: Decision, texts: Mapping[str, str]) -> dict[str, str]:
    counted = decision.kind in COUNTED
    value = str(decision.value) if counted else words.duration(decision.value, texts)
    return {"value": value, "rule": _rule(decision)}


def _rule(decision: Decision) -> str:
    return words.shorten(decision.limit.partition(":")[2], 40)


def _of_rule(decision: Decision) -> str:
    """A budget inside a rule is named with it; the text of a plain rule names it itself."""
    return f"{_rule(decision)}: " if _rule(decision) and decision.kind != "rule" else ""


def _sentence(back: str) -> str:
    """`; back at 04:00` behind a text of the owner's."""
    return back if back.startswith(";") else f" {back}"


def _fill(text: str, fields: Mapping[str, str]) -> str:
    """A text with its fields; what is no field stays as it is, also in what is filled in."""
    pieces = text.split("{")
    done = [pieces[0]]
    for piece in pieces[1:]:
        name, closed, rest = piece.partition("}")
        done.append(fields[name] + rest if closed and name in fields else "{" + piece)
    return "".join(done)
