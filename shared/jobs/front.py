"""What stands between every agent and the person who reads its output: one line for what went wrong, never more."""

from __future__ import annotations

import os
import sqlite3
import sys
from collections.abc import Callable

from shared.errors import UsherError


def guarded(main: Callable[[list[str]], int], arguments: list[str]) -> int:
    """Run an agent. Exit status 1 for an expected failure, 3 for a fault of Usher's own (its story is in usher.log)."""
    try:
        _speak_utf8()
        status = main(arguments)
        sys.stdout.flush()
        return status
    except BrokenPipeError:  # Tautulli was stopped while this ran: nobody reads it any more
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 0
    except UsherError as error:
        return _fail(str(error), 1)
    except (sqlite3.Error, OSError) as error:
        return _fail(f"the data folder cannot be used: {error}; free disk space or mend its owner and permissions", 1)
    except Exception as error:  # noqa: BLE001 - the last line of defence: a traceback is not for owners
        return _fail(f"a fault of Usher's own: {type(error).__name__}; see usher.log in the data folder", 3, error)


def _speak_utf8() -> None:
    """Output that is not UTF-8 kills Tautulli's logging thread."""
    for stream in (sys.stdout, sys.stderr):
        if stream is not None and hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def _fail(text: str, status: int, unexpected: Exception | None = None) -> int:
    from shared import log

    line = log.one_line(log.mask(text))
    data_dir = _data_dir()
    if data_dir:
        log.log(data_dir, "error", line)
    if data_dir and unexpected is not None:
        import traceback

        log.log(data_dir, "error", " | ".join(traceback.format_exception(unexpected)))
    print(f"Usher: {line}", file=sys.stderr)
    return status


def _data_dir() -> str:
    from shared.config import load

    try:
        return str(load().get("usher", "data_dir"))
    except (UsherError, OSError, sqlite3.Error):
        return ""
