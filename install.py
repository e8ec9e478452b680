"""Set Usher up: python3 install.py [--tautulli URL --apikey KEY]

Finds Tautulli, writes config.ini, registers the agents and the timer in Tautulli. It can be run again at any time:
what is there stays, what is missing is added. Starts on the standard library alone.
"""

from __future__ import annotations

import os
import sys
from typing import Any

ROOT = os.path.dirname(os.path.abspath(__file__))
COMMANDS = {"demo": os.path.join("tests", "sandbox", "demo.py")}
LOOKS = ("check", "who")  # jobs that only look, and write nothing
SERVICES = ("PLEX_", "TAUTULLI_", "USHER_", "PLEXAPI_", "PYTHON")


def main(argv: list[str] | None = None) -> int:
    """Exit status: 0 done, 1 something the owner can mend, 3 a fault of Usher's own."""
    if sys.version_info < (3, 10):  # noqa: UP036 - the owner may have started this with any Python
        return fail(f"Python 3.10 or newer is needed; this is {sys.version.split()[0]}")
    argv = sys.argv[1:] if argv is None else argv
    sys.path.insert(0, ROOT)
    if argv and argv[0] in LOOKS:
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
    """The command line; argparse itself answers --help and mistakes (status 2)."""
    import argparse

    parser = argparse.ArgumentParser(
        prog="install.py",
        description="Set Usher up in Tautulli. Can be run again at any time: nothing is doubled or overwritten.",
        epilog="install.py check: what is wrong, and how to mend it. install.py who: users and players as lines for "
        "config.ini. install.py demo: shows on this machine alone what Usher does (about half a minute).",
    )
    parser.add_argument(
        "--tautulli", metavar="URL", default="", help="address of Tautulli, if it is not found by itself"
    )
    parser.add_argument("--apikey", metavar="KEY", default="", help="its API key (Settings > Web Interface > API)")
    parser.add_argument("--yes", action="store_true", help="ask nothing")
    parser.add_argument("--no-schedule", action="store_true", help="set up no timer inside Tautulli")
    parser.add_argument("--every", metavar="MINUTES", type=int, default=5, help="how often the timer runs, 1 to 60 (5)")
    parser.add_argument(
        "--config", metavar="FILE", default="", help="another config.ini than the one beside install.py"
    )
    given = parser.parse_args(argv)
    if not 1 <= given.every <= 60:
        parser.error(f"--every {given.every}: from 1 to 60 minutes")
    return given


def set_up(given: Any) -> int:
    """All of it, in the order in which one step needs the other."""
    from shared.config import load
    from shared.jobs import install, register
    from shared.jobs.limit_streams import ARGUMENTS

    path = load(given.config or None).path
    tautulli, source = install.reach(install.sources(given.tautulli, given.apikey, path))
    say(f"found     Tautulli at {tautulli.http.where} (from {source.found})")
    if not given.yes and not agreed():
        say("nothing was changed")
        return 1
    owner = install.owner_of_files(source)
    new = install.write_config(path, owner)
    say(f"{'wrote' if new else 'kept':<10}{path}")
    config = load(path)
    install.make_data_folder(str(config.get("usher", "data_dir")), owner)
    install.fill_vendor(owner, say)
    install.compile_code(owner)

    folder = install.AGENTS
    limits = register.Agent("limit_streams.py", "Usher: limit streams", register.TRIGGERS, ARGUMENTS)
    journal = register.Agent("journal.py", "Usher: journal", (), "")
    for agent in (limits, journal):
        done = register.register(tautulli, agent, folder)
        say(f"{done.done:<10}{agent.file} in Tautulli (notification agent {done.id})")
        if agent is limits:
            number = done.id
    if not given.no_schedule:
        timer(tautulli, number, given.every)
    install.give_tree(str(config.get("usher", "data_dir")), owner)
    for problem in config.problems:
        say(f"mistake   {problem}")
    for name in install.unreadable():
        say(f"mistake   {name} can be read by root only: chmod -R a+rX {ROOT}")
    if path != os.path.join(ROOT, "config.ini"):
        say(f"note      the agents find that file only with USHER_CONFIG={path} in Tautulli's environment")
    what_next(path, config)
    return 0


def timer(tautulli: Any, number: int, minutes: int) -> None:
    """The timer, or how to make one where Tautulli cannot."""
    from shared.errors import Refused
    from shared.jobs import register

    try:
        done, library = register.schedule(tautulli, number, minutes)
    except Refused as error:
        script = os.path.join(ROOT, "agents", "limit_streams.py")
        say(f"no timer ({error}); by cron instead, with [tautulli] and [plex] filled in in config.ini:")
        say(f"          */{minutes} * * * * {sys.executable} {script} tick")
        return
    every = "every minute" if minutes == 1 else f"every {minutes} minutes"
    say(f'{done.done:<10}timer {every} (newsletter {done.id} in Tautulli, which looks at the library "{library}")')


def what_next(path: str, config: Any) -> None:
    """The last words."""
    status = (
        f"{os.path.basename(sys.executable) or 'python3'} {os.path.join(ROOT, 'agents', 'limit_streams.py')} status"
    )
    say("")
    say(f"Next:     write your limits into {path}; they hold from the moment you save it.")
    if config.get("usher", "dry_run"):
        say("          dry_run = yes: nobody is stopped yet. What would happen stands in Tautulli's Notification Logs")
        say(f"          and in: {status}")
        say("          When you like what you see, set dry_run = no.")
    else:
        say(f"          Who is watching and what is left: {status}")


def agreed() -> bool:
    """Ask, where there is somebody to ask. Raises UsherError where there is not."""
    from shared.errors import UsherError

    if sys.stdin is None or not sys.stdin.isatty():
        raise UsherError("nobody is here to say yes: run it again with --yes")
    return input("Set Usher up there? [Y/n] ").strip().lower() in ("", "y", "yes")


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
    print(f"install.py: {text}", file=sys.stderr)
    return status


def say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
