"""The commands of install.py that change something later on: schedule, uninstall, import. Each parses its own words."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from shared import log
from shared.config import Config
from shared.errors import UsherError
from shared.jobs import asking, install, moving_in, peek
from shared.jobs import schedule as timer
from shared.jobs import uninstall as removal
from shared.jobs.install import Owner
from shared.jobs.steps import Step

if TYPE_CHECKING:
    from shared.tautulli import Tautulli


class Reach(NamedTuple):
    """What a command works with: Tautulli is None if it does not answer, and then `why` says why."""

    config: Config
    tautulli: Tautulli | None
    owner: Owner
    why: str


def schedule(argv: list[str]) -> int:
    """Show or set the timer."""
    parser = parser_of("install.py schedule", "Show which timer is in force, or set one and remove the others.",
                       "newsletter: inside Tautulli. systemd, cron: outside of it; they need [tautulli] and [plex] in "
                       "config.ini. none: what Tautulli misses is noticed at the next event only.")  # fmt: skip
    parser.add_argument("kind", nargs="?", choices=timer.KINDS, help="without it: what is in force")
    parser.add_argument("--json", action="store_true", help="for a program")
    every(parser)
    given = checked(parser, argv)
    config, tautulli, owner, why = in_reach(given)
    where = timer.of_owner(tautulli, owner)
    if given.kind is None:
        show(timer.show(where, str(config.get("usher", "data_dir"))), given.json)
        return 0
    if tautulli is None:
        raise UsherError(f"{why}; a timer may be in there, so nothing was changed")
    show(timer.choose(given.kind, given.every, where, config, owner), given.json)
    return 0


def uninstall(argv: list[str]) -> int:
    """Take Usher out of Tautulli and of this machine."""
    parser = parser_of("install.py uninstall", "Remove Usher's agents and timer from Tautulli, its packages and "
                       "bytecode. config.ini and the ledger stay.", "")  # fmt: skip
    parser.add_argument("--purge", action="store_true", help="also remove config.ini and the ledger")
    parser.add_argument("--yes", action="store_true", help="ask nothing")
    parser.add_argument("--json", action="store_true", help="for a program")
    given = checked(parser, argv)
    config, tautulli, owner, why = in_reach(given)
    if tautulli is None:
        raise UsherError(f"{why}; so long as Usher's agents are in there, nothing was removed")
    if not given.yes:
        if not asking.somebody():
            raise UsherError("nobody is here to say yes: run it again with --yes")
        what = f"Remove Usher from Tautulli at {tautulli.http.where}{' with rules and ledger' if given.purge else ''}?"
        if not asking.yes(what, default=False):
            raise UsherError("nothing was changed")
    show(removal.run(config, tautulli, timer.of_owner(tautulli, owner), given.purge), given.json)
    return 0


def import_(argv: list[str]) -> int:
    """The settings of another program as sections of config.ini."""
    parser = parser_of("install.py import", "Show the settings of no-plex (.env) or Plex-Auto-Prune (env or compose "
                       "file) as sections of config.ini.", "", connection=False)  # fmt: skip
    parser.add_argument("file", help="env file, or compose file")
    parser.add_argument("--to", metavar="CONFIG", default="", help="write what that config.ini does not have yet")
    given = parser.parse_args(argv)
    found = moving_in.read(given.file)
    shown = moving_in.text(found)
    print(shown)
    print("")
    if moving_in.HIDDEN in shown:
        print(f"# {moving_in.HIDDEN} stands for a secret, which is not shown; with --to it is written as it is")
    for note in found.notes:
        print(f"# {note}")
    if given.to:
        written, kept = moving_in.into(given.to, found)
        print(f"# wrote into {given.to}: {', '.join(written) or 'nothing'}")
        if kept:
            print(f"# stay as they are there: {', '.join(kept)}")
    return 0


def in_reach(given: argparse.Namespace) -> Reach:
    """Look for Tautulli as a set-up does. Writes nothing."""
    config = peek.config(given.config, os.environ)
    try:
        tautulli, source = install.reach(install.sources(given.tautulli, given.apikey, config.path))
        return Reach(config, tautulli, install.owner_of_files(source, tautulli), "")
    except UsherError as error:
        return Reach(config, None, None, str(error))


def parser_of(name: str, what: str, more: str, connection: bool = True) -> argparse.ArgumentParser:
    """A parser with the words that most commands share."""
    parser = argparse.ArgumentParser(prog=name, description=what, epilog=more)
    if connection:
        parser.add_argument("--tautulli", metavar="URL", default="", help="address of Tautulli, if it is not found")
        parser.add_argument("--apikey", metavar="KEY", default="", help="its API key (Settings > Web Interface > API)")
        parser.add_argument("--config", metavar="FILE", default="", help="another config.ini than the one beside it")
    return parser


def every(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--every", metavar="MINUTES", type=int, default=None,
                        help="how often the timer runs, 1 to 60 (5, or as it does)")  # fmt: skip


def checked(parser: argparse.ArgumentParser, argv: list[str]) -> argparse.Namespace:
    """Parse, and check what argparse does not."""
    given = parser.parse_args(argv)
    often = getattr(given, "every", None)
    if often is not None and not 1 <= often <= 60:
        parser.error(f"--every {often}: from 1 to 60 minutes")
    return given


def show(steps: Iterable[Step], as_json: bool = False) -> None:
    """Each step as it comes; for a program all of them at the end."""
    told = []
    for step in steps:
        told.append(step.row)
        if not as_json:
            print(step.text, flush=True)
    if as_json:
        print(log.as_json(told))
