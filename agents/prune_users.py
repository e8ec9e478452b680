#!/usr/bin/env python3
"""Inactive users: warned, then removed, and brought back if that was wrong.

Registered in Tautulli as a Script agent for Playback Start and Recently Added, without arguments (`python3 install.py`
does that); the tick of limit_streams.py starts it, too. It works at most every [prune] check_every.

    prune_users.py plan [--json]       every user: what is to become of them, why, and when
    prune_users.py --approve N         do what was refused as plan N, after a new look at each person
    prune_users.py --restore USER      invite a removed user back to what they had
    prune_users.py --list-removed      who was removed, when and why
    prune_users.py --preview KIND      a letter as a page: welcome, warning, removed …
"""

import os
import sys

sys.dont_write_bytecode = False  # set in many containers; compiling anew at each start costs more than the work
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from shared.errors import UsherError
from shared.jobs import prune
from shared.jobs.front import guarded


def main(arguments: list[str]) -> int:
    command, value = arguments[0] if arguments else "", arguments[1] if arguments[1:] else ""
    if not arguments:
        print(prune.on_fired())
    elif command == "plan" and arguments[1:] in ([], ["--json"]):
        from shared.jobs import plan

        print(plan.as_json() if value else plan.as_text())
    elif command == "--approve" and value.isdecimal():
        print(prune.approve(int(value)))
    elif command in ("--restore", "--list-removed") and bool(value) == (command == "--restore"):
        from shared.jobs import restore

        print(restore.restore(value) if value else restore.list_removed())
    elif command == "--preview" and value:
        print(prune.preview(value))
    elif command in ("-h", "--help"):
        print(__doc__)
    else:
        raise UsherError(f"{' '.join(arguments)[:60]!r} is no command of prune_users.py: see --help")
    return 0


if __name__ == "__main__":
    sys.exit(guarded(main, sys.argv[1:]))
