"""What an event tells, as it comes from the command line."""
import os
import subprocess
import sys
import time
from datetime import datetime

import pytest

from shared import log
from shared.config import load
from shared.jobs import status
from shared.jobs.judge import house_of, judge, take_in
from shared.jobs.limit_streams import on_event, parse, session_of
from shared.ledger import Ledger
from shared.model import Session
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


@pytest.mark.parametrize("moment, free", [("2026-08-10T01:59:59", True), ("2026-08-10T02:00:00", False)])
def test_a_person_with_until_ends_with_its_last_day(tmp_path, moment, free):
    """Days begin at 04:00, in summer two hours ahead of UTC."""
    now = datetime.fromisoformat(f"{moment}+00:00").timestamp()
    (tmp_path / "config.ini").write_text(
        "[usher]\ntimezone = Europe/Zurich\n[everyone]\ndaily = 1m\n"
        "[person:cousin]\ndevices = m1\ndaily = none\nuntil = 2026-08-09\n"
    )
    config, ledger = load(str(tmp_path / "config.ini"), {}), Ledger(str(tmp_path / "data"))
    house = house_of(config, ledger, now)
    with ledger.writing():
        session = Session("1", "m1", 42, "100", "s1", user="sam")
        take_in(ledger, house, session, now - 90, 0)
        take_in(ledger, house, session, now, 0)
        judged = judge(ledger, config, house, ledger.open_plays(), now)
    assert [(v.who.key, v.decision.limit) for v in judged] == ([] if free else [("user:42", "daily")])
    ledger.close()


@pytest.mark.parametrize("until, line", [("2020-08-09", "cousin: ended, the last day was 2020-08-09 (until)"),
                                         ("2099-08-09", "cousin: 0 s today, 2 h left (dry run)")])
def test_status_says_that_a_person_has_ended(tmp_path, monkeypatch, until, line):
    monkeypatch.setenv("USHER_CONFIG", str(tmp_path / "config.ini"))
    (tmp_path / "config.ini").write_text(f"[person:cousin]\nusers = sam\ndaily = 2h\nuntil = {until}\n")
    assert [text for text in status.as_text().splitlines() if "cousin" in text] == [line]
    ended = [{"name": "cousin", "last_day": until}] if until < "2026" else []
    assert status.facts()["ended"] == ended and len(status.facts()["people"]) == 1 - len(ended)
