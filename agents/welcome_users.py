#!/usr/bin/env python3
"""New users: a letter to them, and a word to you.

Registered in Tautulli as a Script agent for User New Device, Playback Start and Recently Added, without arguments
(`python3 install.py` does that); the tick of limit_streams.py starts it, too. It looks for new users at most every
[welcome] check_every. Whoever is there at its first look is not written to.
"""

import os
import sys

sys.dont_write_bytecode = False  # set in many containers; compiling anew at each start costs more than the work
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from shared.errors import UsherError
from shared.jobs import welcome
from shared.jobs.front import guarded


def main(arguments: list[str]) -> int:
    if not arguments:
        print(welcome.on_fired())
    elif arguments[0] in ("-h", "--help"):
        print(__doc__)
    else:
        raise UsherError(f"{' '.join(arguments)[:60]!r} is no command of welcome_users.py: it takes none")
    return 0


if __name__ == "__main__":
    sys.exit(guarded(main, sys.argv[1:]))
