"""`python3 -m tests.mutation [MODULE…] [--seconds 5] [--again]`: mutation testing of shared/policy; see README.md.

Makes an environment of its own in the project's folder (.venv-mutation-3.11, by the version)."""
import argparse
import collections
import importlib.util
import json
import os
import sys
from pathlib import Path

from tests import environment

PROJECT = Path(__file__).resolve().parents[2]
LISTS = [str(PROJECT / name) for name in ("requirements.txt", "tests/sandbox/requirements.txt",
                                          "tests/requirements.txt", "tests/mutation/requirements.txt")]
TESTS = ["tests/policy", *(f"tests/test_{name}.py" for name in ("recurrence", "recipes", "whom", "replay")), *(
    f"tests/test_today.py::test_{name}" for name in ("until_when", "an_hour_that_comes_twice", "a_moment_that_is_none",
                                                     "a_time_is_the_next_one_that_the_clock_shows"))]
MODULES = sorted(path.stem for path in (PROJECT / "shared" / "policy").glob("*.py") if path.stem != "__init__")
LAST = Path(__file__).with_name("last.json")


def main():
    parser = argparse.ArgumentParser(prog="python3 -m tests.mutation")
    parser.add_argument("modules", nargs="*", metavar="MODULE", help=f"of shared/policy: {', '.join(MODULES)}")
    parser.add_argument("--seconds", type=float, default=5.0, help="what the tests of one mutant may take")
    parser.add_argument("--again", action="store_true", help="only the mutants that survived the last time")
    asked = parser.parse_args()
    if not all(importlib.util.find_spec(name) for name in ("coverage", "pytest", "hypothesis")):
        python, clean = environment.ready(str(PROJECT), "mutation", LISTS)
        os.execve(python, [python, "-m", "tests.mutation", *sys.argv[1:]], clean)
    os.environ["EXAMPLES_MOST"] = os.environ.get("EXAMPLES_MOST", "25")
    os.chdir(PROJECT)
    import pytest

    from tests.mutation.runner import SURVIVED, Runner

    before = json.loads(LAST.read_text(encoding="utf-8")) if LAST.exists() else {}
    wanted = asked.modules or MODULES
    again = {(m, *pair) for m in wanted for pair in map(tuple, before.get(m, {}).get("left", []))}
    runner = Runner(wanted, asked.seconds, again if asked.again else None)
    status = pytest.main(["-q", "-s", "-p", "no:cacheprovider", "-p", "no:xdist", *TESTS], plugins=[runner])
    if status:
        return int(status)
    for module in wanted:
        mine = [(mutant, what) for mutant, what in runner.found if mutant.module == module]
        counts = collections.Counter(what for _, what in mine)
        if asked.again:
            counts += collections.Counter(before[module]["counts"])
            counts[SURVIVED] -= len(before[module]["left"])
        before[module] = {"counts": counts, "left": [m[2:4] for m, what in mine if what == SURVIVED]}
    LAST.write_text(json.dumps(before, indent=1), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
