"""Virtual environments in the project's folder, made once and filled again when what they need has changed.

Standard library only: this is what `python3 tests` and `python3 install.py demo` begin with on an empty machine."""
import hashlib
import os
import subprocess
import sys

PYTHON_VARIABLES = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "__PYVENV_LAUNCHER__")


def ready(project, purpose, lists):
    """The Python of the environment .venv-PURPOSE-3.11 (by this version) that holds what the requirement lists name,
    and the variables to start it with. Ends the process with one line if there is no way."""
    if sys.version_info < (3, 10):  # noqa: UP036 - whoever starts this may have an older one
        fail(purpose, f"Python 3.10 or newer is needed, this is {sys.version.split()[0]}")
    environ = {k: v for k, v in os.environ.items() if k not in PYTHON_VARIABLES}
    folder = os.path.join(project, ".venv-{}-{}.{}".format(purpose, *sys.version_info[:2]))
    python, stamp, wanted = python_of(folder), os.path.join(folder, "made-from"), digest(lists)
    if not (os.path.exists(python) and read(stamp) == wanted):
        fill(folder, python, purpose, lists, environ)
        with open(stamp, "w", encoding="ascii") as f:
            f.write(wanted)
    return python, environ


def fill(folder, python, purpose, lists, environ):
    print(f"{purpose}: preparing {os.path.basename(folder)} (once; needs the network)", file=sys.stderr, flush=True)
    made = run([sys.executable, "-m", "venv", "--clear", folder], environ)
    if made.returncode:
        told = (made.stderr or made.stdout).strip().splitlines() or ["no reason given"]
        hint = " (Debian and Ubuntu: apt install python3-venv)" if "ensurepip" in "".join(told) else ""
        fail(purpose, f"cannot make {folder}: {told[-1]}{hint}")
    install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
    done = run([*install, *(part for path in lists for part in ("-r", path))], environ)
    if done.returncode:
        told = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or done.stderr.splitlines()[-1:]
        fail(purpose, f"cannot install what is needed; is there a network? pip says: {told[-1] if told else 'nothing'}")


def digest(lists):
    """What the environment is made from; it is filled again when this changes."""
    found = hashlib.sha256(sys.version.encode())
    for path in lists:
        found.update((read(path) or "").encode())
    return found.hexdigest()


def read(path):
    try:
        with open(path, encoding="utf-8") as f:
            return f.read()
    except OSError:
        return None


def python_of(folder):
    return os.path.join(folder, *(("Scripts", "python.exe") if os.name == "nt" else ("bin", "python")))


def run(command, environ):
    return subprocess.run(command, env=environ, capture_output=True, text=True)


def fail(purpose, text):
    sys.exit(f"{purpose}: {text}")
