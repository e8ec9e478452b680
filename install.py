"""Set Usher up: python3 install.py [--tautulli URL --apikey KEY]

Finds Tautulli, writes config.ini, registers the agents and the timer in Tautulli. It can be run again at any time:
what is there stays, what is missing is added. Starts on the standard library alone.

    install.py check | who | backtest | buttons | schedule | uninstall | import | demo      each with --help
"""

from __future__ import annotations

import os
import sys
from typing import Any

ROOT = os.path.dirname(os.path.abspath(__file__))
COMMANDS = {"demo": os.path.join("tests", "sandbox", "demo.py")}
LOOKS = ("check", "who", "buttons", "backtest")  # jobs that only look, and write nothing but a page that is asked for
ACTS = ("schedule", "uninstall", "import")
OTHERS = """\
other commands, each with --help:
  install.py check         what is wrong, and how to mend it
  install.py who           users and players, as lines for config.ini
  install.py backtest      what your rules would have done to the last weeks
  install.py buttons       links for a phone: more time, a lock, everything off
  install.py schedule      the timer: shows it, or sets another
  install.py uninstall     takes everything out again
  install.py import FILE   the settings of no-plex or Plex-Auto-Prune
  install.py demo          shows on this machine alone what Usher does"""
SERVICES = ("PLEX_", "TAUTULLI_", "USHER_", "PLEXAPI_", "PYTHON")


def main(argv: list[str] | None = None) -> int:
    """Exit status: 0 done, 1 something the owner can mend, 3 a fault of Usher's own."""
    if sys.version_info < (3, 10):  # noqa: UP036 - the owner may have started this with any Python
        return fail(f"Python 3.10 or newer is needed; this is {sys.version.split()[0]}")
    argv = sys.argv[1:] if argv is None else argv
    sys.path.insert(0, ROOT)
    if (argv and argv[0] in (*LOOKS, "uninstall")) or "--dry-run" in argv:
        sys.dont_write_bytecode = True
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a console that cannot show a letter must not end the set-up
            stream.reconfigure(errors="replace")
    from shared.errors import UsherError

    try:
        if argv and argv[0] in COMMANDS:
            return command(argv[0], argv[1:])
        if argv and argv[0] in LOOKS:
            return look(argv[0], argv[1:])
        if argv and argv[0] in ACTS:
            return act(argv[0], argv[1:])
        return set_up(options(argv))
    except UsherError as error:
        return fail(str(error))
    except KeyboardInterrupt:
        return fail("stopped")
    except BrokenPipeError:
        return 1
    except Exception as error:  # noqa: BLE001 - the last resort: one line for the owner, the rest into the log
        return fail(unexpected(error), 3)


def options(argv: list[str]) -> Any:
    """The command line of a set-up; argparse itself answers --help and mistakes (status 2)."""
    from argparse import RawDescriptionHelpFormatter

    from shared.jobs import commands

    parser = commands.parser_of(
        "install.py",
        "Set Usher up in Tautulli. Can be run again at any time: nothing is doubled or overwritten.",
        OTHERS,
    )
    parser.formatter_class = RawDescriptionHelpFormatter
    parser.add_argument("--yes", action="store_true", help="ask nothing")
    parser.add_argument("--dry-run", action="store_true", help="only say what would be done")
    parser.add_argument("--json", action="store_true", help="for a program; asks nothing")
    parser.add_argument("--only", metavar="NAME", default="", help="register this one agent, and leave the timer alone")
    parser.add_argument("--no-schedule", action="store_true", help="leave the timer alone")
    commands.every(parser)
    return commands.checked(parser, argv)


def set_up(given: Any) -> int:
    """All of it; see shared/jobs/set_up.py."""
    from shared.jobs import asking, commands, container
    from shared.jobs.set_up import Wishes, run

    silent = given.yes or given.json or given.dry_run
    ask = asking.somebody() and not silent
    if not ask and not silent:
        say("nobody is here to be asked: this goes on as with --yes")
    place = "" if given.config else container.better_place()
    if place and (not ask or asking.yes(f"{container.why()}. Copy it to {place}, and go on there?")):
        return go_on_in(place, given)
    wishes = Wishes(given.tautulli, given.apikey, given.config, given.only, not given.no_schedule, given.every, ask,
                    not given.dry_run)  # fmt: skip
    commands.show(run(wishes), given.json)
    if not given.json:
        what_next(given.config, given.dry_run)
    return 0


def go_on_in(place: str, given: Any) -> int:
    """Copy Usher to where Tautulli may run it from, and set it up there, with the same words."""
    import subprocess

    from shared.jobs import commands, container
    from shared.jobs.steps import Step, planned

    step = Step("copied", f"{ROOT} to {place}. {container.why()}")
    if given.dry_run:
        commands.show([planned(step)], given.json)
        return 0
    notes = [Step("note", note) for note in container.move(place)]
    if not given.json:
        commands.show([step, *notes])
    return subprocess.call([sys.executable, os.path.join(place, "install.py"), *sys.argv[1:]])  # noqa: S603


def what_next(path: str, dry_run: bool) -> None:
    """The last words."""
    from shared.jobs import asking, peek

    config = peek.config(path, os.environ)
    say("")
    if dry_run:
        say("Nothing was changed: this was a dry run.")
        return
    python = os.path.basename(sys.executable) or "python3"
    status = f"{python} {os.path.join(ROOT, 'agents', 'limit_streams.py')} status"
    say(f"Next:     write your limits into {config.path}; they hold from the moment you save it.")
    if config.get("usher", "dry_run"):
        say("          dry_run = yes: nobody is stopped yet. What would happen stands in Tautulli's Notification Logs")
        say(f"          and in: {status}")
        say("          When you like what you see, set dry_run = no.")
    else:
        say(f"          Who is watching and what is left: {status}")
    say(f"Time:     {asking.in_words(config)}. If that is not yours, set timezone in [usher].")


def act(name: str, argv: list[str]) -> int:
    """One of ACTS; its exit status."""
    from shared.jobs import commands

    return {"schedule": commands.schedule, "uninstall": commands.uninstall, "import": commands.import_}[name](argv)


def command(name: str, argv: list[str]) -> int:
    """Run a part of Usher that is a program of its own, in an environment without any real Plex or Tautulli."""
    import subprocess

    program = os.path.join(ROOT, COMMANDS[name])
    if not os.path.isfile(program):
        return fail(f"{program} is missing: this copy of Usher is not whole")
    clean = {key: value for key, value in os.environ.items() if not key.startswith(SERVICES)}
    return subprocess.call([sys.executable, program, *argv], env=clean)  # noqa: S603 - our own file


def look(name: str, argv: list[str]) -> int:
    """One of LOOKS; its exit status."""
    from importlib import import_module

    return int(import_module(f"shared.jobs.{name}").main(argv))


def unexpected(error: Exception) -> str:
    """Where the whole story of an unforeseen error is, in one line."""
    import traceback

    from shared.config import load
    from shared.log import NAME, log

    folder = str(load().get("usher", "data_dir"))
    name = type(error).__name__
    log(folder, "error", "".join(traceback.format_exception(error)))
    written = os.path.join(folder, NAME)
    return f"unexpected: {name}" + (f"; the details are in {written}" if os.path.exists(written) else "")


def fail(text: str, status: int = 1) -> int:
    from shared import log

    print(f"install.py: {log.one_line(log.mask(text))}", file=sys.stderr)
    return status


def say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
