"""Processes: which interpreter to use, and what a world leaves behind."""
import contextlib
import glob
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path


def find_python(name=None, user=None):
    """None: this interpreter, or the system's if only that one is open to `user`; "3.10": the newest such one of
    pyenv; otherwise a path."""
    if not name and user is None:
        return sys.executable
    if not name:
        for python in filter(None, (sys.executable, shutil.which("python3", path=os.defpath))):
            try:
                subprocess.run([python, "-c", ""], cwd="/", check=True, **as_user(user))
                return python
            except PermissionError:
                pass
        raise RuntimeError(f"no Python here that user {user} may run; give World(python=...) a path")
    if os.sep in name:
        return name
    root = os.environ.get("PYENV_ROOT") or str(Path.home() / ".pyenv")
    found = sorted(glob.glob(os.path.join(root, "versions", f"{name}.*", "bin", "python")),
                   key=lambda p: [int(n) for n in re.findall(r"\d+", p.split("versions")[1])])
    if not found:
        raise RuntimeError(f"no Python {name} under {root}")
    return found[-1]


def ask_python(python):
    """Its version, and its module path as it is without any PYTHONPATH."""
    ask = "import sys, platform; print(platform.python_version(), *[p for p in sys.path[1:] if p], sep='\\n')"
    clean = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    version, *path = subprocess.run([python, "-c", ask], env=clean, cwd="/", check=True, capture_output=True,
                                    text=True).stdout.splitlines()
    return version, path


def as_user(uid):
    """Arguments for subprocess: run as this uid and gid, in no other group."""
    if uid is None:
        return {}
    if os.geteuid():
        raise RuntimeError("only root can run Tautulli as another user")
    return {"user": uid, "group": uid, "extra_groups": []}


def children(pid):
    """The process ids whose parent is `pid`, zombies too."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            if int(stat.read_text().rpartition(")")[2].split()[1]) == pid:
                found.append(int(stat.parent.name))
        except OSError:
            pass
    return found


def alive(pid):
    """Is there such a process, and is it no zombie?"""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def marked(mark):
    """Every process that carries "NAME=value" in its environment. Only where there is /proc."""
    found = []
    for p in Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() in (p / "environ").read_bytes().split(b"\0"):
                found.append(int(p.name))
        except OSError:
            pass
    return [pid for pid in found if pid != os.getpid()]


def end(pids):
    """kill -9, each by its id."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
