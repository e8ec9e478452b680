"""What a viewer is told, in the house's language: a decision and its texts in, a sentence out."""

from __future__ import annotations

from collections.abc import Mapping

from shared.model import Decision
from shared.policy import words
from shared.policy.calendar import Calendar

COUNTED = ("streams", "locations", "plays")
LONGEST = 300  # characters of a sentence
ENDS = (".", "!", "?", "…")


def stopped(decision: Decision, texts: Mapping[str, str], calendar: Calendar, now: float, **about: str) -> str:
    """Why a stream ends, and when watching opens again. `about` are the fields name, title and player."""
    back = ""
    if decision.until is not None and decision.until > now:
        back = _fill(texts["back"], {"when": words.clock(calendar, decision.until, now, texts)})
    fields = {**about, **_fields(decision, texts), "back": back}
    own = decision.message
    if own and decision.limit.startswith("rule:"):
        said = _and_back(own, back)
    else:
        said = _fill(texts.get(decision.kind, texts["rule"]), fields)
        said = f"{_of_rule(decision)}{said}" + (f" {own}" if own else "")
    return words.shorten(said if said.endswith(ENDS) else f"{said}.", LONGEST)


def warned(decision: Decision, texts: Mapping[str, str], left: float, **about: str) -> str:
    """How much time is left before a stream ends, and why it will."""
    fields = {**about, **_fields(decision, texts), "left": words.duration(left, texts)}
    what = _of_rule(decision) + _fill(texts.get(f"ahead.{decision.kind}", texts["ahead.rule"]), fields)
    return words.shorten(_fill(texts["warn"], {**fields, "what": what}), LONGEST)


def _fields(decision: Decision, texts: Mapping[str, str]) -> dict[str, str]:
    counted = decision.kind in COUNTED
    value = str(decision.value) if counted else words.duration(decision.value, texts)
    return {"value": value, "rule": _rule(decision)}


def _rule(decision: Decision) -> str:
    return words.shorten(decision.limit.partition(":")[2], 40)


def _of_rule(decision: Decision) -> str:
    """A budget inside a rule is named with it; the text of a plain rule names it itself."""
    return f"{_rule(decision)}: " if _rule(decision) and decision.kind != "rule" else ""


def _and_back(own: str, back: str) -> str:
    """A text of the owner's and `; back at 04:00`: one sentence, or another one where theirs has ended."""
    back = back.lstrip(";,. ")
    if not back:
        return own
    return f"{own} {back[:1].upper()}{back[1:]}" if own.endswith(ENDS) else f"{own}; {back}"


def _fill(text: str, fields: Mapping[str, str]) -> str:
    """A text with its fields; what is no field stays as it is, also in what is filled in."""
    pieces = text.split("{")
    done = [pieces[0]]
    for piece in pieces[1:]:
        name, closed, rest = piece.partition("}")
        done.append(fields[name] + rest if closed and name in fields else "{" + piece)
    return "".join(done)
