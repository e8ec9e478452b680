#!/usr/bin/env python3
"""Time limits: ends a stream in the middle when its person's time is up, and keeps it ended.

Registered in Tautulli as a Script agent for Playback Start, Stop, Pause, Resume, Error, Transcode Decision Change,
User New Device and User Concurrent Streams, with one line of arguments for all (`python3 install.py` does that).
A schedule runs `limit_streams.py tick`, the regular look.

Answers, with --json for a program. USER is a person of config.ini, a user name, mail address, title or id:

    limit_streams.py status                     who is watching, what is used and left, until when
    limit_streams.py why USER [TITLE]           what would happen if they pressed play now, and why
    limit_streams.py rules [USER] [--html]      the house rules in plain sentences, as a page to pin up
    limit_streams.py history USER               the last decisions about somebody

For today only; here USER may be a group, too:

    limit_streams.py bonus USER 30m             more time, -15m: less
    limit_streams.py allow USER until 23:30     no limit in time until then; also: for 1h, until sat 10:00
    limit_streams.py lock USER [until …]        nothing at all; unlock USER ends it
    limit_streams.py off until tomorrow         every limit, everybody; on ends it
    limit_streams.py approve USER DEVICE        a player is a known one from now on
"""

import os
import sys
import time

BEGUN = time.time()
sys.dont_write_bytecode = False  # set in many containers; compiling anew at each press of pause costs 15 ms
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from shared.jobs import limit_streams
from shared.jobs.front import guarded


def main(arguments: list[str]) -> int:
    if any(a.startswith("--event") for a in arguments):
        print(limit_streams.on_event(arguments, BEGUN))
    elif arguments[:1] == ["tick"]:
        print(limit_streams.tick())
    elif arguments == ["--keep-time"]:
        from shared.jobs import keep_time

        keep_time.run()
    elif (" ".join(arguments).casefold().split() or [""])[0] in ("status", "why", "rules", "history"):
        from shared.jobs.answers import answer

        print(answer(arguments))
    elif not arguments or arguments[0] in ("-h", "--help"):
        print(f"{__doc__}\nThe line of arguments in Tautulli, the same for every trigger:\n\n{limit_streams.ARGUMENTS}")
    else:
        from shared.jobs import today

        print(today.run(arguments))
    return 0


if __name__ == "__main__":
    sys.exit(guarded(main, sys.argv[1:]))
