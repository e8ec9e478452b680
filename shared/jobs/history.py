"""What was decided about somebody lately: stops, warnings, and what was given to them for today."""

from __future__ import annotations

from typing import Any

from shared.jobs.looking import Look, as_json, look, masked, stamp
from shared.jobs.whom import whom
from shared.ledger_answers import Answers, Decided, Granted
from shared.policy import people, words
from shared.policy.grants import BONUS, EVERYBODY
from shared.policy.people import Who

MOST = 40  # entries, the newest


def answer(words_of_owner: list[str], json: bool) -> str:
    """The last decisions about `USER`, the newest last. Raises UsherError if nobody is meant."""
    with look() as at:
        who = whom(at.house, words_of_owner[0])
        told = {"name": who.name, "entries": of_who(at, who)}
    if json:
        return as_json(told)
    told = masked(told)
    lines = [f"{row['at_local']} {row['what']}: {row['text']}" for row in told["entries"]]
    return "\n".join(lines) or f"Nothing was decided about {words.shorten(told['name'], 40)} yet."


def of_who(at: Look, who: Who) -> list[dict[str, Any]]:
    """The entries, oldest first; whatever somebody was called when it happened, as a user or as a person."""
    keys = list(dict.fromkeys([who.key, *(f"user:{id}" for id in people.user_ids(at.house, who.key))]))
    ledger = Answers(at.ledger)
    found = [
        *((row.at, row.verdict, _decided(row)) for row in ledger.decisions(keys, MOST)),
        *((row.at, row.kind, _granted(at, row)) for row in ledger.grants([*keys, EVERYBODY], MOST)),
        *((row.at, "warned", f"{words.duration(row.before)} before the end by {_limit(row.cause)}")
          for row in ledger.warnings(keys, MOST)),
    ]  # fmt: skip
    found.sort(key=lambda entry: entry[0])
    return [
        {"at": moment, "at_local": stamp(at.calendar, moment), "what": what, "text": text}
        for moment, what, text in found[-MOST:]
    ]


def _decided(row: Decided) -> str:
    what = f"{words.shorten(row.title) or 'something'} on {words.shorten(row.player, 40) or 'a player'}"
    tried = row.verdict == "stop" and row.attempts > 1
    more = f"; {row.attempts} attempts{', and the player went on' if row.ignored else ''}" if tried else ""
    return f"{what}: {row.reason}{more}"


def _granted(at: Look, row: Granted) -> str:
    """`30 min more, asked for by a shell`."""
    whole = "of everybody's limits " if row.who == EVERYBODY else ""
    if row.kind == BONUS:
        said = f"{words.duration(abs(row.seconds))} {'more' if row.seconds >= 0 else 'less'} for that day"
    else:
        said = f"{whole}until {stamp(at.calendar, row.until)}" if row.until is not None else f"{whole}without an end"
    by = f", by {words.shorten(row.asked_by, 40)}" if row.asked_by else ""
    over = f"; taken back at {stamp(at.calendar, row.ended_at)}" if row.ended_at is not None else ""
    return f"{said}{by}{over}"


def _limit(cause: str) -> str:
    """Of `daily@739000` or `rule:NAME@739000` (a limit, and the day of the cut) which limit it was."""
    kind, _, name = (cause.rpartition("@")[0] or cause).partition(":")
    return f"{kind} {words.shorten(name, 40)}" if name else cause
