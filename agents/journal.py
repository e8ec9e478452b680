"""The journal: makes Usher's decisions visible in Tautulli's Notification Logs.

Registered in Tautulli as a Script notification agent without any trigger. Usher sends each of its decisions through it
by Tautulli's API; what stands in the log is the subject and the text of that call. The script itself has nothing left
to do: it reads nothing, imports nothing, and says one line, so that Tautulli's own log shows that it ran.
"""

import sys


def main() -> int:
    if sys.stdout is not None and sys.stdout.isatty():
        print("usher journal: set up by install.py; there is nothing to run here", flush=True)
    else:
        print("usher journal: noted", flush=True)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except BrokenPipeError:  # Tautulli went away meanwhile
        sys.exit(0)
