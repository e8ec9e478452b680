#!/usr/bin/env python3
"""Time limits: ends a stream in the middle when its person's time is up, and keeps it ended.

Registered in Tautulli as a Script agent for Playback Start, Stop, Pause, Resume, Error, Transcode Decision Change,
User New Device and User Concurrent Streams, with one line of arguments for all (`python3 install.py` does that):

    limit_streams.py status [--json]   who is watching, what is used and left, until when
    limit_streams.py tick              the regular look (a schedule runs it)
"""

import os
import sys
import time

BEGUN = time.time()
sys.dont_write_bytecode = False  # set in many containers; compiling anew at each press of pause costs 15 ms
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from shared.errors import UsherError
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
    elif arguments[:1] == ["status"]:
        from shared.jobs import status

        print(status.as_json() if "--json" in arguments else status.as_text())
    elif not arguments or arguments[0] in ("-h", "--help"):
        print(f"{__doc__}\nThe line of arguments in Tautulli, the same for every trigger:\n\n{limit_streams.ARGUMENTS}")
    else:
        raise UsherError(f"{arguments[0]!r} is no command of limit_streams.py: status, tick, or --help")
    return 0


if __name__ == "__main__":
    sys.exit(guarded(main, sys.argv[1:]))
