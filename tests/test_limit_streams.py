"""What an event tells, as it comes from the command line."""
import os
import subprocess
import sys

import pytest

from shared.jobs.limit_streams import parse, session_of
from tests.conftest import PROJECT


@pytest.mark.skipif(os.name == "nt", reason="arguments are bytes on POSIX")
def test_bytes_that_are_no_text_are_no_reason_to_lose_an_event():
    code = (f"import sys; sys.path.insert(0, {str(PROJECT)!r})\n"
            "from shared.jobs.limit_streams import parse\nprint(parse(sys.argv[1:]))")
    done = subprocess.run([sys.executable, "-c", code, b"--title=a\xff"], capture_output=True, text=True, timeout=30)
    assert (done.stdout, done.stderr) == ("{'title': 'a?'}\n", "")


@pytest.mark.parametrize("text", ["", "x", "-5", "1e400", "nan", "inf", "9" * 400, "9" * 5000, "{user_id}", "٣x"])
def test_a_user_id_that_is_none(text):
    assert session_of(parse(["--event=play", f"--user-id={text}", f"--offset={text}"])).user_id == 0
