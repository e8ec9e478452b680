"""`python3 tests [--deep] [arguments of pytest]`: runs the tests on any machine that has Python 3.10 or newer.

Makes a virtual environment in the project's folder (.venv-tests-3.11, by the version) and runs pytest in it. All tests
are run in two parts: most of them side by side in three processes, since they wait a lot; then, in peace, those
scenarios which measure seconds. With a file or a test named it is one plain run. --deep: also what is the same again
with another number (tests/deep.py). Standard library only."""
import os
import subprocess
import sys

PROJECT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
LISTS = [os.path.join(PROJECT, *parts) for parts in (
    ("requirements.txt",), ("tests", "sandbox", "requirements.txt"), ("tests", "requirements.txt"))]
SIDE_BY_SIDE = ["--ignore=tests/scenarios", "-n", "3", "--tb=native"]
IN_PEACE = ["tests/scenarios"]


def main(arguments):
    sys.path.insert(0, PROJECT)
    from tests import environment

    python, clean = environment.ready(PROJECT, "tests", LISTS)
    if "--deep" in arguments:
        arguments = [a for a in arguments if a != "--deep"]
        clean["USHER_TESTS_DEEP"] = "1"
    whole = all(a in ("-q", "-v", "-x") or a.startswith("--durations") for a in arguments)
    try:
        statuses = [
            subprocess.run([python, "-m", "pytest", *part, *arguments], cwd=PROJECT, env=clean).returncode
            for part in ((SIDE_BY_SIDE, IN_PEACE) if whole else ([],))
        ]
    except KeyboardInterrupt:
        return 130
    return max(statuses)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
