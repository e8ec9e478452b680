"""`python3 tests [arguments of pytest]`: runs the tests on any machine that has Python 3.10 or newer.

Makes a virtual environment in the project's folder (.venv-tests-3.11, by the version) and runs pytest in it, by default
in three processes: the tests wait a lot. Standard library only."""
import os
import subprocess
import sys

PROJECT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
LISTS = [os.path.join(PROJECT, *parts) for parts in (
    ("requirements.txt",), ("tests", "sandbox", "requirements.txt"), ("tests", "requirements.txt"))]
SIDE_BY_SIDE = ["-n", "3", "--dist", "loadgroup", "--tb=native"]


def main(arguments):
    sys.path.insert(0, PROJECT)
    from tests import environment

    python, clean = environment.ready(PROJECT, "tests", LISTS)
    together = [] if any(a.startswith(("-n", "-p", "--pdb")) for a in arguments) else SIDE_BY_SIDE
    try:
        return subprocess.run([python, "-m", "pytest", *together, *arguments], cwd=PROJECT, env=clean).returncode
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
