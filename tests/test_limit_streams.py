"""What an event tells, as it comes from the command line."""
import os
import subprocess
import sys
import time

import pytest

from shared import log
from shared.jobs.limit_streams import on_event, parse, session_of
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


@pytest.mark.parametrize("level, lines", [("debug", 1), ("info", 0)])
def test_an_allowed_event_is_in_the_log_for_who_wants_it(tmp_path, monkeypatch, level, lines):
    monkeypatch.setattr(log, "_least", 1)
    monkeypatch.setenv("USHER_CONFIG", str(tmp_path / "config.ini"))
    (tmp_path / "config.ini").write_text(f"[usher]\nlog_level = {level}\n")
    said = on_event(["--event=play", "--session-key=1", "--machine-id=tv", "--user-id=42"], time.time())
    file = tmp_path / "data" / "usher.log"
    assert (file.read_text() if file.exists() else "").count(said) == lines
