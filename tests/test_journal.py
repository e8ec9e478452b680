"""agents/journal.py does nothing, and that well."""
import subprocess
import sys
from pathlib import Path

import pytest

JOURNAL = Path(__file__).parents[1] / "agents" / "journal.py"


@pytest.mark.parametrize("args", [[], ["journal"], ["--help"], ["{user}", "", "don't", "\n"]])
def test_it_says_one_line_whatever_it_is_given(args):
    done = subprocess.run([sys.executable, JOURNAL, *args], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "usher journal: noted\n", "")


def test_it_loads_nothing():
    code = ("import sys; before = set(sys.modules); sys.exit = lambda status: None\n"
            "exec(compile(open(sys.argv[1]).read(), 'journal', 'exec')); print(set(sys.modules) - before)")
    done = subprocess.run([sys.executable, "-c", code, JOURNAL], capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "set()"


def test_tautulli_may_be_gone_when_it_speaks():
    process = subprocess.Popen([sys.executable, JOURNAL], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.close()
    assert b"Traceback" not in process.stderr.read()
    process.wait()
