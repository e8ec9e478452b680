"""What `install.py check` says, and what its steps learn from each other."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from shared import log, packages, places
from shared.config import Config
from shared.gateway import Gateway
from shared.jobs import peek
from shared.jobs.install import Source, read_tautulli_config
from shared.ledger import Ledger
from shared.model import Session, User
from shared.policy.words import shorten

if TYPE_CHECKING:
    from shared.plex import Plex
    from shared.tautulli import Tautulli

OK, WARNING, ERROR = "ok", "warning", "error"
AGAIN = "run python3 install.py again"


class Finding(NamedTuple):
    """One line: how it stands (ok, warning, error), with what and where, and what to do, "" for nothing."""

    level: str
    what: str
    mend: str = ""

    @property
    def text(self) -> str:
        """The line as it is shown: one line, without secrets and without a whole e-mail address."""
        whole = f"{self.level}: {self.what}{'; ' + self.mend if self.mend else ''}"
        return log.one_line(log.mask(whole))


def ok(what: str, mend: str = "") -> Finding:
    return Finding(OK, what, mend)


def warning(what: str, mend: str) -> Finding:
    return Finding(WARNING, what, mend)


def error(what: str, mend: str) -> Finding:
    return Finding(ERROR, what, mend)


class Facts:
    """What is known so far. `tautulli` and `plex` are None until they have answered, and stay so if they do not."""

    def __init__(self, config: Config, environ: Mapping[str, str], here: list[Source], say: Callable[[str], None]):
        self.config, self.here, self.say, self.now = config, here, say, time.time()
        self.environ = environ
        self.gateway = Gateway(config, environ)
        self.data_dir = str(config.get("usher", "data_dir"))
        self.tautulli: Tautulli | None = None
        self.plex: Plex | None = None
        self.settings: dict[str, Any] = {}  # Tautulli's own, by name in lower case
        self.users: list[User] = []
        self.sessions: list[Session] = []
        self.server = ""  # the Plex server's machine id
        self.limits_agent = 0  # the number of the notification agent that runs our limit_streams.py
        self.ledger: Ledger | None = None  # also None where it cannot be read: then `ledger_problem` says why
        self.ledger_problem = ""

    @property
    def owner_id(self) -> int:
        """The owner's account, 0 while it is unknown."""
        known = next((user.id for user in self.users if user.kind == "owner"), 0)
        return known or int(self.ledger.meta("owner_id", "0") if self.ledger else 0)

    def name(self, user_id: int) -> str:
        user = next((u for u in self.users if u.id == user_id), User(user_id))
        return shorten(user.name or user.title or f"user {user_id}", 40)


def arguments(name: str, about: str, argv: list[str]) -> Any:
    """The command line of `install.py check` and `install.py who`."""
    import argparse

    parser = argparse.ArgumentParser(prog=f"install.py {name}", description=about)
    parser.add_argument("--tautulli", metavar="URL", default="", help="address of Tautulli, over that in config.ini")
    parser.add_argument("--apikey", metavar="KEY", default="", help="its API key (Settings > Web Interface > API)")
    parser.add_argument(
        "--config", metavar="FILE", default="", help="another config.ini than the one in Usher's folder"
    )
    parser.add_argument("--json", action="store_true", help="for a program to read")
    return parser.parse_args(argv)


class Progress:
    """What is looked at just now, on a line of its own that vanishes again; nothing where no terminal is."""

    def __init__(self) -> None:
        self._terminal = sys.stderr is not None and sys.stderr.isatty()

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        self.say("")

    def say(self, what: str) -> None:
        if self._terminal:
            print(f"\r\x1b[K{what and what + ' ...'}", end="", file=sys.stderr, flush=True)

    def show(self, line: str) -> None:
        self.say("")
        print(line, flush=True)


def gather(url: str, apikey: str, path: str, say: Callable[[str], None]) -> Facts:
    """Where everything is: arguments, config.ini, what Tautulli handed over, else the config.ini of a Tautulli here.

    Nothing is asked of anybody yet, and nothing written.
    """
    given = {"USHER_TAUTULLI_URL": url, "USHER_TAUTULLI_APIKEY": apikey}
    environ = {**os.environ, **{name: value for name, value in given.items() if value}}
    config = peek.config(path, environ)
    here = [s for s in map(read_tautulli_config, places.tautulli_configs(beside=packages.ROOT)) if s]
    if here:
        handed = {"TAUTULLI_URL": here[0].url, "TAUTULLI_APIKEY": here[0].apikey, **_plex_of(here[0].found)}
        environ = {**handed, **{name: value for name, value in environ.items() if value}}
    facts = Facts(config, environ, here, say)
    try:
        book = peek.ledger(facts.data_dir)
        facts.ledger_problem = peek.damage(book) if book else ""
        facts.ledger = None if facts.ledger_problem else book
    except peek.TROUBLE as problem:
        facts.ledger_problem = (isinstance(problem, OSError) and problem.strerror) or str(problem)
    return facts


def listed(names: list[str], most: int = 5) -> str:
    """`a, b, c and 4 more`."""
    shown = [shorten(name, 60) for name in names[:most]]
    more = len(names) - most
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")


def whole_number(value: object) -> int:
    """A number as Tautulli tells it: as such, as text, as yes or no; 0 for anything else."""
    text = str(value)
    return int(text) if text.lstrip("-").isdecimal() else int(text == "True")


def _plex_of(path: str) -> dict[str, str]:
    """Address and token of Plex out of a Tautulli's own config.ini: what it would hand over."""
    found, section = {}, ""
    with open(path, encoding="utf-8-sig", errors="replace") as file:
        for line in file:
            key, _, value = (part.strip().strip("\"'") for part in line.partition("="))
            section = line.strip().strip("[]").lower() if line.strip().startswith("[") else section
            if section == "pms" and key.lower() in ("pms_url", "pms_token") and value:
                found["PLEX_" + key[4:].upper()] = value
    return found
