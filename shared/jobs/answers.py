"""The questions that limit_streams.py answers: who is watching, why did it stop, which rules hold, what was decided."""

from __future__ import annotations

from shared.errors import UsherError
from shared.jobs import history, house_rules, status, why
from shared.jobs.looking import look
from shared.jobs.today import learn_users
from shared.jobs.typed import split, unquoted
from shared.jobs.whom import Nobody

USAGE = {
    "status": "status [--json]", "why": "why USER [TITLE] [--json]", "rules": "rules [USER] [--json] [--html]",
    "history": "history USER [--json]",
}  # fmt: skip


def answer(arguments: list[str]) -> str:
    """The answer to `why emma "Some Film" --json` and the like. Raises UsherError for what cannot be answered."""
    question, *more = split(arguments)
    question = question.casefold()
    flags = {word for word in more if word.startswith("--")}
    words = [unquoted(word) for word in more if word not in flags]
    allowed = {flag for flag in ("--json", "--html") if flag in USAGE[question]}
    least, most = {"status": (0, 0), "why": (1, 99), "rules": (0, 1), "history": (1, 1)}[question]
    if flags - allowed or not least <= len(words) <= most or len(flags) > 1:
        raise UsherError(f"write limit_streams.py {USAGE[question]}; a name of several words stands in quotes")
    try:
        return _answer(question, words, flags)
    except Nobody:
        with look() as at:
            if not learn_users(at.ledger, at.config):
                raise
        return _answer(question, words, flags)


def _answer(question: str, words: list[str], flags: set[str]) -> str:
    json = "--json" in flags
    if question == "why":
        return why.answer(words, json)
    if question == "rules":
        return house_rules.answer(words, json, "--html" in flags)
    if question == "history":
        return history.answer(words, json)
    return status.as_json() if json else status.as_text()
