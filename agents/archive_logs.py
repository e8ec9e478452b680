#!/usr/bin/env python3
"""Plex's own log: every line kept, compressed, one file a day; and the questions one asks of it.

Registered in Tautulli as a Script agent for Playback Start and Recently Added, without arguments (`python3 install.py`
does that); the tick of limit_streams.py starts it, too. It works at most every [logs] check_every.

    archive_logs.py status [--json]    days, sizes, and where lines are missing
    archive_logs.py search [--from DAY] [--to DAY] [--user NAME] [--grep REGEX]
    archive_logs.py plays [--from DAY] [--to DAY] [--user NAME] [--json]
                                       who watched what, when, by the log alone

DAY is one like 2026-11-20, or "2026-11-20 18:00".
"""

import os
import sys

sys.dont_write_bytecode = False  # set in many containers; compiling anew at each start costs more than the work
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from shared.errors import UsherError
from shared.jobs import archive_logs
from shared.jobs.front import guarded


def main(arguments: list[str]) -> int:
    command = arguments[0] if arguments else ""
    if not arguments:
        print(archive_logs.on_fired())
    elif command in ("status", "search", "plays"):
        from shared.jobs import ask_logs

        for line in ask_logs.answer(command, arguments[1:]):
            print(line)
    elif command in ("-h", "--help"):
        print(__doc__)
    else:
        raise UsherError(f"{' '.join(arguments)[:60]!r} is no command of archive_logs.py: see --help")
    return 0


if __name__ == "__main__":
    sys.exit(guarded(main, sys.argv[1:]))
