"""What an owner gives or takes for today only, asked for in a shell, on the Test tab of the Script agent in Tautulli's
web page, or by a button (`install.py buttons`). The answer is one line, and a row in the Notification Logs."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence

from shared import detached
from shared.config import Config, load
from shared.errors import UsherError
from shared.gateway import Gateway
from shared.jobs import errands
from shared.jobs.days import calendar_of
from shared.jobs.give import COMMANDS, Desk
from shared.jobs.judge import house_of
from shared.jobs.limit_streams import SCRIPT, complain, is_kept, sound, want_keeper
from shared.jobs.tell import JOURNAL
from shared.jobs.typed import split
from shared.jobs.whom import Nobody
from shared.ledger import Ledger
from shared.log import log, mask, one_line
from shared.policy.words import shorten
from shared.values import GrammarError

TAUTULLI = "Tautulli"


def run(arguments: Sequence[str], environ: Mapping[str, str] = os.environ) -> str:
    """Do what these words say; one line about what came of it. Raises UsherError for what is not understood."""
    config, by = load(), asked_by(environ)
    typed = split(arguments)
    command = typed[0].casefold() if typed else ""
    ledger = Ledger(config.get("usher", "data_dir"))
    try:
        said = sound(ledger, lambda: _answer(ledger, config, command, typed[1:], by))
    except UsherError as error:
        if by == TAUTULLI:  # who pressed a button sees nothing but the Notification Logs
            _write(ledger, config, f"Usher: {shorten(command, 20)} was not understood", str(error))
        raise
    finally:
        ledger.close()
    complain(config)
    log(config.get("usher", "data_dir"), "info", f"{said} (asked by {by})")
    return one_line(mask(said))


def asked_by(environ: Mapping[str, str]) -> str:
    """Who asked, as far as known: Tautulli (its Test tab, or a button), or the user of the shell."""
    if environ.get("TAUTULLI_PYTHON_VERSION"):  # which it sets for its scripts alone
        return TAUTULLI
    import getpass

    try:
        return environ.get("SUDO_USER") or getpass.getuser()
    except (KeyError, ImportError, OSError):  # in a container a uid may have no name
        return "an unknown user"


def _answer(ledger: Ledger, config: Config, command: str, rest: list[str], by: str) -> str:
    if command not in COMMANDS:
        raise UsherError(f"{shorten(command, 40)!r} is no command of limit_streams.py: {', '.join(COMMANDS)}, status, "
                         "why, rules, history, tick, or --help")  # fmt: skip
    try:
        return _act(ledger, config, command, rest, by)
    except Nobody:
        if not learn_users(ledger, config):
            raise
        return _act(ledger, config, command, rest, by)


def _act(ledger: Ledger, config: Config, command: str, rest: list[str], by: str) -> str:
    """The command, its answer and its row: one transaction."""
    with ledger.writing():
        now = time.time()
        desk = Desk(ledger, config, house_of(config, ledger, now), calendar_of(config), now, by)
        try:
            said = COMMANDS[command](desk, rest)
        except GrammarError as error:
            raise UsherError(str(error)) from None
        wanted = _post(ledger, config, f"Usher: {command} {said.about}", f"{said.text} (asked by {by})", now)
    if wanted:
        detached.start(SCRIPT, "--keep-time")
    return said.text


def _write(ledger: Ledger, config: Config, subject: str, body: str) -> None:
    with ledger.writing():
        wanted = _post(ledger, config, subject, body, time.time())
    if wanted:
        detached.start(SCRIPT, "--keep-time")


def _post(ledger: Ledger, config: Config, subject: str, body: str, now: float) -> bool:
    """A row in the Notification Logs; whether a timekeeper is to be started, which delivers it."""
    key = f"today:{os.urandom(8).hex()}"
    ledger.post(key, JOURNAL, one_line(mask(subject.strip())), one_line(mask(body)), now)
    return not is_kept(ledger, ledger.lease(), now) and _knows_plex(config) and want_keeper(ledger, now)


def _knows_plex(config: Config) -> bool:
    """To a shell nothing is handed over: a timekeeper that does not know where Plex is would be none."""
    try:
        return bool(Gateway(config).plex)
    except UsherError:
        return False


def learn_users(ledger: Ledger, config: Config) -> bool:
    """Nobody known is called so: somebody new may be. False if Tautulli does not answer."""
    try:
        users = Gateway(config).tautulli.users()
    except UsherError:
        return False
    with ledger.writing():
        errands.save_users(ledger, config, users, time.time())
    return True
