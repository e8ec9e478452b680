"""`python3 tests [arguments of pytest]`: runs the tests on any machine that has Python 3.10 or newer.

Makes a virtual environment in the project's folder (.venv-tests-3.11, by the version), installs what is needed when
that changed, and runs pytest in it. Standard library only."""
import hashlib
import os
import subprocess
import sys

PROJECT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
LISTS = [os.path.join(PROJECT, *parts) for parts in (("requirements.txt",), ("tests", "requirements.txt"))]


def fail(text):
    sys.exit(f"tests: {text}")


def digest():
    """What the environment was made from; it is filled again when this changes."""
    found = hashlib.sha256(sys.version.encode())
    for path in LISTS:
        with open(path, "rb") as f:
            found.update(f.read())
    return found.hexdigest()


def python_of(folder):
    return os.path.join(folder, *(("Scripts", "python.exe") if os.name == "nt" else ("bin", "python")))


def prepare(folder, environ):
    """Make the environment or bring it up to date. The path of its Python."""
    stamp, python = os.path.join(folder, "made-from"), python_of(folder)
    wanted = digest()
    try:
        with open(stamp, encoding="ascii") as f:
            if f.read() == wanted and os.path.exists(python):
                return python
    except OSError:
        pass
    print(f"tests: preparing {os.path.basename(folder)} (once; needs the network)", file=sys.stderr, flush=True)
    made = subprocess.run([sys.executable, "-m", "venv", "--clear", folder], env=environ, capture_output=True, text=True)
    if made.returncode:
        told = (made.stderr or made.stdout).strip().splitlines() or ["no reason given"]
        hint = " (Debian and Ubuntu: apt install python3-venv)" if "ensurepip" in "".join(told) else ""
        fail(f"cannot make {folder}: {told[-1]}{hint}")
    install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
    done = subprocess.run([*install, *(part for path in LISTS for part in ("-r", path))], env=environ,
                          capture_output=True, text=True)
    if done.returncode:
        told = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or done.stderr.splitlines()[-1:]
        fail(f"cannot install what the tests need; is there a network? pip says: {told[-1] if told else 'nothing'}")
    with open(stamp, "w", encoding="ascii") as f:
        f.write(wanted)
    return python


def main(arguments):
    if sys.version_info < (3, 10):
        fail(f"Python 3.10 or newer is needed, this is {sys.version.split()[0]}")
    environ = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")}
    folder = os.path.join(PROJECT, ".venv-tests-{}.{}".format(*sys.version_info[:2]))
    python = prepare(folder, environ)
    try:
        return subprocess.run([python, "-m", "pytest", *arguments], cwd=PROJECT, env=environ).returncode
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
