"""Timers outside of Tautulli: a systemd timer, a line of cron. What is written is made by pure functions."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from typing import NamedTuple

from shared.errors import UsherError
from shared.packages import ROOT

UNIT = "usher-tick"
MARK = "# usher tick"  # at the end of our line in a crontab, followed by our folder
SCRIPT = os.path.join(ROOT, "agents", "limit_streams.py")
SYSTEM_UNITS = "/etc/systemd/system"
WAIT = 30.0  # seconds for systemctl and crontab
EMPTY = ("no crontab", "No such file")  # what the crontab programs say where there is none


class Job(NamedTuple):
    """What a timer runs. `user` and `group` are numbers or names, "" for whoever sets it up."""

    python: str
    script: str
    minutes: int
    user: str = ""
    group: str = ""


class Place(NamedTuple):
    """Where units go, and how systemctl is told so."""

    folder: str
    user: bool


# ---- pure ----


def service_unit(job: Job) -> str:
    """The unit that ticks once. KillMode: the timekeeper that a tick starts goes on after it."""
    as_user = f"User={job.user}\nGroup={job.group}\n" if job.user else ""
    return f"""\
[Unit]
Description=Usher: looks whether somebody keeps time
After=network-online.target

[Service]
Type=oneshot
ExecStart={_unit_word(job.python)} {_unit_word(job.script)} tick
{as_user}KillMode=process
StandardOutput=null
"""


def timer_unit(job: Job) -> str:
    """The unit that says when."""
    when = "*:00" if job.minutes == 60 else "*:*" if job.minutes == 1 else f"*:0/{job.minutes}"
    return f"""\
[Unit]
Description=Usher: the regular look

[Timer]
OnBootSec=1min
OnCalendar={when}:00
AccuracySec=5s

[Install]
WantedBy=timers.target
"""


def cron_line(job: Job) -> str:
    """One line of a crontab, marked as ours. What it has to say is in usher.log; cron would mail it each time."""
    when = "*" if job.minutes == 1 else "0" if job.minutes == 60 else f"*/{job.minutes}"
    command = f"{shlex.quote(job.python)} {shlex.quote(job.script)} tick >/dev/null 2>&1 {mark(job.script)}"
    return f"{when} * * * * {command}".replace("%", "\\%")


def mark(script: str) -> str:
    """What our line ends with; another Usher's ends otherwise."""
    return f"{MARK}: {os.path.dirname(os.path.dirname(script))}"


def without_ours(crontab: str, script: str) -> str:
    """A crontab without our line."""
    end = mark(script).replace("%", "\\%")
    return "".join(line for line in crontab.splitlines(keepends=True) if not line.rstrip().endswith(end))


def with_ours(crontab: str, job: Job) -> str:
    """A crontab with our line, once."""
    rest = without_ours(crontab, job.script)
    return f"{rest}{'' if not rest or rest.endswith(chr(10)) else chr(10)}{cron_line(job)}\n"


def _unit_word(word: str) -> str:
    """One word of a command line of systemd: quoted, and nothing in it is a variable or a specifier."""
    safe = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{safe}"' if any(c in safe for c in " \t'\"\\;") else safe


# ---- systemd ----


def units(environ: Mapping[str, str] = os.environ, root: bool | None = None) -> Place:
    """Where units go: the system's as root, else the user's. SYSTEMD_UNIT_PATH, systemd's own, comes first."""
    root = is_root() if root is None else root
    path = environ.get("SYSTEMD_UNIT_PATH", "").split(":")[0]
    home = environ.get("XDG_CONFIG_HOME") or os.path.join(os.path.expanduser("~"), ".config")
    return Place(path or (SYSTEM_UNITS if root else os.path.join(home, "systemd", "user")), not root)


def systemd_job(place: Place) -> str:
    """The `OnCalendar=` of our timer, "" if there is none. One of another Usher is not ours."""
    timer, service = (_text(os.path.join(place.folder, f"{UNIT}.{kind}")) for kind in ("timer", "service"))
    if not timer or f" {_unit_word(SCRIPT)} tick" not in service:
        return ""
    return next((line.partition("=")[2] for line in timer.splitlines() if line.startswith("OnCalendar=")), "")


def set_systemd(place: Place, job: Job) -> None:
    """Write both units and start the timer. Raises UsherError, and then nothing is left behind."""
    files = {"service": service_unit(job), "timer": timer_unit(job)}
    before = {kind: _text(os.path.join(place.folder, f"{UNIT}.{kind}")) for kind in files}
    if before["service"] and f" {_unit_word(job.script)} tick" not in before["service"]:
        raise UsherError(f"{place.folder}/{UNIT}.service belongs to another Usher: remove that one's timer first")
    find("systemctl")
    try:
        os.makedirs(place.folder, exist_ok=True)
        for kind, text in files.items():
            with open(os.path.join(place.folder, f"{UNIT}.{kind}"), "w", encoding="utf-8") as file:
                file.write(text)
        systemctl(place, "daemon-reload")
        systemctl(place, "enable", "--now", f"{UNIT}.timer")
        systemctl(place, "restart", f"{UNIT}.timer")  # one that ran already goes by its new minutes only then
    except (OSError, UsherError) as error:
        _drop(place, before)
        raise UsherError(f"the systemd timer cannot be set up: {getattr(error, 'strerror', None) or error}") from None


def remove_systemd(place: Place) -> bool:
    """Stop our timer and remove its units; False if there was none."""
    if not systemd_job(place):
        return False
    systemctl(place, "disable", "--now", f"{UNIT}.timer")
    _drop(place, {})
    systemctl(place, "daemon-reload")
    return True


def systemctl(place: Place, *arguments: str) -> str:
    return run(["systemctl", *(["--user"] if place.user else []), *arguments])


def _drop(place: Place, before: Mapping[str, str]) -> None:
    """Put back what was there, or remove our units."""
    for kind in ("service", "timer"):
        path = os.path.join(place.folder, f"{UNIT}.{kind}")
        if before.get(kind):
            with open(path, "w", encoding="utf-8") as file:
                file.write(before[kind])
        elif os.path.exists(path):
            os.remove(path)


# ---- cron ----


def crontab(user: str = "") -> str:
    """The crontab of a user as it is, "" if there is none. Raises UsherError if that cannot be told for sure."""
    command = ["crontab", *(["-u", user] if user else []), "-l"]
    done = _start(command)
    if done.returncode == 0:
        return done.stdout
    if not done.stdout and any(words in done.stderr for words in EMPTY):
        return ""
    raise UsherError(f"crontab -l failed: {_last(done)}")


def cron_job(user: str = "") -> str:
    """Our line in the crontab, "" if there is none."""
    if not shutil.which("crontab"):
        return ""
    end = mark(SCRIPT).replace("%", "\\%")
    return next((line for line in crontab(user).splitlines() if line.rstrip().endswith(end)), "")


def set_cron(job: Job, user: str = "") -> None:
    """Put our line into the crontab; all others stay."""
    _save_crontab(with_ours(crontab(user), job), user)


def remove_cron(user: str = "") -> bool:
    """Take our line out; False if there was none."""
    if not cron_job(user):
        return False
    _save_crontab(without_ours(crontab(user), SCRIPT), user)
    return True


def _save_crontab(text: str, user: str) -> None:
    run(["crontab", *(["-u", user] if user else []), "-"], text)


# ---- programs ----


def is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


def find(program: str) -> str:
    """The full path of a program. Raises UsherError with what else there is."""
    path = shutil.which(program)
    if not path:
        other = "newsletter, or cron" if program == "systemctl" else "newsletter, or systemd"
        raise UsherError(f"there is no {program} on this system: choose {other}")
    return path


def run(command: list[str], text: str = "") -> str:
    """Run a program and return what it prints. Raises UsherError with its last line if it fails."""
    done = _start(command, text)
    if done.returncode:
        raise UsherError(f"{' '.join(command)} failed: {_last(done)}")
    return done.stdout


def this_python() -> str:
    """The interpreter as a timer is to start it, by its full path."""
    return sys.executable or find("python3")


def _start(command: list[str], text: str = "") -> subprocess.CompletedProcess[str]:
    full = [find(command[0]), *command[1:]]
    try:
        return subprocess.run(full, input=text, capture_output=True, text=True, timeout=WAIT, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UsherError(f"{' '.join(command)} failed: {type(error).__name__}") from None


def _last(done: subprocess.CompletedProcess[str]) -> str:
    return ((done.stderr or done.stdout).strip().splitlines() or [f"status {done.returncode}"])[-1]


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except OSError:
        return ""
