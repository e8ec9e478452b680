"""Questions to whoever sits at the terminal: few, each answer tested at once."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from shared import log
from shared.config import Config
from shared.errors import Refused, UsherError
from shared.gateway import tautulli_at
from shared.jobs import clocks, peek

if TYPE_CHECKING:
    from shared.tautulli import Tautulli

TRIES = 5  # wrong answers to one question, then it gives up


def somebody() -> bool:
    """Whether there is a terminal to ask at."""
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout))


def yes(question: str, default: bool = True) -> bool:
    """A question of yes or no; an empty answer is the default."""
    answer = _line(f"{question} [{'Y/n' if default else 'y/N'}] ").casefold()
    return default if not answer else answer in ("y", "yes", "j", "ja", "o", "oui")


def where_tautulli_is() -> tuple[Tautulli, str, str]:
    """Ask for Tautulli's address, then for its key; each is tried at once. Returns it with both."""
    url = _tested("Address of Tautulli, like http://192.168.1.5:8181: ", _wrong_address)
    found: list[Tautulli] = []

    def wrong_key(key: str) -> str:
        found[:] = [tautulli_at(url, key)]
        return _refusal(found[0])

    key = _tested("Its API key (Tautulli: Settings > Web Interface > API key; it is not shown here): ", wrong_key, True)
    return found[0], url, key


def time_zone(config: Config, environ: Mapping[str, str]) -> str:
    """Show the time that limits go by; "" if it is right, else the zone that the owner names instead."""
    if yes(f"{in_words(config)}. Is that right?"):
        return ""

    def unknown(name: str) -> str:
        asked = peek.config(config.path, {**environ, "USHER_USHER_TIMEZONE": name})
        wrong = [problem for problem in asked.problems if "USHER_USHER_TIMEZONE" in problem]
        if not wrong:
            print(f"There it is {clocks.local(asked.settings['zone'], time.time())[1]} now.", flush=True)
        return wrong[0].partition(" = ")[2] if wrong else ""

    return _tested("Your time zone, like Europe/Zurich: ", unknown)


def in_words(config: Config) -> str:
    """`It is 18:02 (UTC+0100) in Europe/Zurich`: what limits that name a time of day go by."""
    offset, at = clocks.local(config.settings["zone"], time.time())
    name = str(config.get("usher", "timezone") or "")
    return f"It is {at} (UTC{offset}) {'in ' + name if name else 'by the time zone of this machine'}"


def _wrong_address(url: str) -> str:
    try:
        return _refusal(tautulli_at(url, "this is not the key"), key_matters=False)
    except UsherError as error:
        return str(error)


def _refusal(tautulli: Tautulli, key_matters: bool = True) -> str:
    """What is wrong with an address or a key, "" if nothing is."""
    try:
        tautulli.call("get_tautulli_info")
    except Refused as error:
        theirs = "does not accept the API key" in str(error)  # only a Tautulli says so; a Plex answers 401, too
        return "" if theirs and not key_matters else str(error)
    except UsherError as error:
        return str(error)
    return ""


def _tested(question: str, wrong: object, secret: bool = False) -> str:
    """Ask until the answer is good. `wrong` tells what is wrong with one, "" if nothing is."""
    for _ in range(TRIES):
        answer = _line(question, secret)
        problem = "nothing was written" if not answer else wrong(answer) if callable(wrong) else ""
        if not problem:
            return answer
        print(f"  {log.one_line(log.mask(problem))}", flush=True)
    raise UsherError("too many wrong answers; nothing more was changed")


def _line(question: str, secret: bool = False) -> str:
    try:
        if not secret:
            return input(question).strip()
        import getpass

        return getpass.getpass(question).strip()
    except EOFError:
        raise UsherError("stopped: there was no answer") from None
