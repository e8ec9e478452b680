#!/usr/bin/env python3
"""Who watched what, when: a digest for you, and if you like one for each user of their own watching.

Registered in Tautulli as a Script agent for Playback Start and Recently Added, without arguments (`python3 install.py`
does that); the tick of limit_streams.py starts it, too. It makes its digest when [report] schedule says so.

    report_viewing.py --last                        the last digest once more: as text, and as a page
    report_viewing.py --from 2026-01-01 --to 2026-01-31 [--person emma]
                                                    the same of other days; without --to until today
    report_viewing.py --user emma                   what emma gets of her own watching
    --json, --csv                                   the figures, or each play, for a program or a spreadsheet
"""

import os
import sys

sys.dont_write_bytecode = False  # set in many containers; compiling anew at each start costs more than the work
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from shared.errors import UsherError
from shared.jobs import report
from shared.jobs.front import guarded


def main(arguments: list[str]) -> int:
    if not arguments:
        print(report.on_fired())
    elif arguments[0] in ("-h", "--help"):
        print(__doc__)
    else:
        print(report.by_hand(wanted(arguments)))
    return 0


def wanted(arguments: list[str]) -> report.Wanted:
    """What the arguments ask for. Raises UsherError."""
    found, rest = report.Wanted(), list(arguments)
    while rest:
        word, equals, value = rest.pop(0).partition("=")
        if word in ("--json", "--csv", "--last") and not equals:
            found = found._replace(form=word[2:]) if word != "--last" else found
        elif word in ("--from", "--to", "--person", "--user") and (equals or rest):
            value = value if equals else rest.pop(0)
            found = report.asked(found, word[2:], value)
        else:
            raise UsherError(f"{' '.join(arguments)[:60]!r} is no command of report_viewing.py: see --help")
    return found


if __name__ == "__main__":
    sys.exit(guarded(main, sys.argv[1:]))
