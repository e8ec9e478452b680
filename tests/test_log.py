"""usher.log: one line for one thing, nothing secret, never in the way."""
import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import log as module
from shared.log import call_me, hide, log, mask, one_line

ROOT = Path(__file__).parents[1]
LINE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d info keeper\[\d+\] ")


@pytest.fixture(autouse=True)
def afresh(monkeypatch):
    monkeypatch.setattr(module, "_secrets", [])
    monkeypatch.setattr(module, "_who", "keeper")
    monkeypatch.setattr(module, "_least", 1)


def lines(folder):
    return (folder / "usher.log").read_bytes().decode().split("\n")[:-1]


def test_a_line(tmp_path):
    log(str(tmp_path / "data"), "info", "stopped Bob")
    [line] = lines(tmp_path / "data")
    assert LINE.sub("", line) == "stopped Bob" and f"[{os.getpid()}]" in line


@pytest.mark.skipif(os.name == "nt", reason="no such modes there")
def test_only_for_its_owner(tmp_path):
    log(str(tmp_path / "data"), "info", "x")
    assert stat.S_IMODE((tmp_path / "data" / "usher.log").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root")
def test_what_root_writes_belongs_to_the_folders_owner(tmp_path):
    os.chown(tmp_path, 1234, 1235)
    log(str(tmp_path), "info", "x")
    about = (tmp_path / "usher.log").stat()
    assert (about.st_uid, about.st_gid) == (1234, 1235)


def test_levels(tmp_path):
    call_me("keeper", "warning")
    for level in ("debug", "info", "warning", "error"):
        log(str(tmp_path), level, level)
    assert [line.rsplit(" ", 1)[1] for line in lines(tmp_path)] == ["warning", "error"]


def test_by_default_the_name_is_the_scripts(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_who", "")
    monkeypatch.setattr(sys, "argv", ["/x/limit_streams.py"])
    log(str(tmp_path), "info", "x")
    assert " info limit_streams[" in lines(tmp_path)[0]


@given(st.text())
def test_one_line_stays_one(text):
    shown = one_line(text)
    assert shown.isprintable() and len(shown.splitlines()) <= 1
    if text.isprintable():
        assert shown == text


@given(st.lists(st.text(), max_size=5))
def test_whatever_is_logged_is_that_many_lines_of_utf8(tmp_path_factory, texts):
    folder = tmp_path_factory.mktemp("log")
    for text in texts:
        log(str(folder), "info", text)
    if texts:
        found = lines(folder)
        assert len(found) == len(texts) and all(LINE.match(line) for line in found)


def test_line_ends_and_terminal_codes_are_visible():
    assert one_line("a\nb\r\x1b[31m\u202e\ud800") == r"a\nb\r\x1b[31m\u202e\ud800"


@pytest.mark.parametrize("text, shown", [
    ("GET /x?X-Plex-Token=abc123&y=1", "GET /x?X-Plex-Token=***&y=1"),
    ("http://h/api/v2?apikey=0123&cmd=x", "http://h/api/v2?apikey=***&cmd=x"),
    ("Authorization: Bearer abc.def", "Authorization: ***"),
    ("{'Authorization': 'Basic YWJj'}", "{'Authorization': '***'}"),
    ("x-plex-token: abc", "x-plex-token: ***"),
    ('"token": "abc"', '"token": "***"'),
    ("apikey%3Dabc", "apikey%3D***"),
    ("mail to anna.b+tv@mail.example.com now", "mail to a***@mail.example.com now"),
    ("x@example.org", "x***@example.org"),
    ("token", "token"), ("3 @ 5", "3 @ 5"), ("nothing of the kind", "nothing of the kind"),
])
def test_what_is_masked_unasked(text, shown):
    assert mask(text) == shown


@given(st.text(min_size=4, max_size=30), st.text(), st.text())
def test_what_was_hidden_is_never_told(secret, before, after):
    module._secrets.clear()
    hide(secret)
    told = mask(before + secret + after)
    assert secret not in told or secret in before + "***" + after


def test_a_secret_inside_an_address_and_secrets_inside_each_other():
    hide("pa ss/wörd", "pass", "password1")
    assert mask("?k=pa%20ss%2Fw%C3%B6rd") == "?k=***"
    assert mask("?k=pa+ss%2Fw%C3%B6rd") == "?k=***"
    assert mask("password1 pass") == "*** ***"


def test_what_is_too_short_to_hide_does_not_spoil_the_log():
    hide("", "a", "abc")
    assert mask("abc and a") == "abc and a"


# ---- it never raises ----

def test_a_full_disk():
    if not os.path.exists("/dev/full"):
        pytest.skip("no /dev/full here")
    code = ("import os, sys; sys.path.insert(0, sys.argv[1])\nfrom shared import log\nreal = os.open\n"
            "os.open = lambda path, *more: real('/dev/full', os.O_WRONLY)\n"
            "log.log('/nowhere', 'info', 'x')\nprint('on')")
    done = subprocess.run([sys.executable, "-c", code, str(ROOT)], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("on\n", "")


@pytest.mark.parametrize("folder", ["", "\0", "/proc/nothing/here", __file__])
def test_a_folder_that_cannot_be(folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    log(folder, "info", "x")
    assert not list(tmp_path.iterdir())


def test_levels_and_texts_that_make_no_sense(tmp_path):
    log(str(tmp_path), "loud", "x")
    assert " loud keeper[" in lines(tmp_path)[0]


# ---- rotation ----

def test_rotation_keeps_three_files_and_the_newest_lines(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "BIGGEST", 2000)
    for number in range(200):
        log(str(tmp_path), "info", f"line {number:04}")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["usher.log", "usher.log.1", "usher.log.2"]
    texts = "".join((tmp_path / name).read_text() for name in ("usher.log.2", "usher.log.1", "usher.log"))
    numbers = [int(line[-4:]) for line in texts.splitlines()]
    assert numbers == list(range(numbers[0], 200)) and len(numbers) > 60


WRITER = ("import sys; sys.path.insert(0, sys.argv[1])\nfrom shared import log\nlog.BIGGEST = 20_000\n"
          "for n in range(200): log.log(sys.argv[2], 'info', f'{sys.argv[3]} {n:04} ' + 'x' * 20)")


def test_rotation_by_several_processes_loses_and_mixes_no_line(tmp_path):
    args = [sys.executable, "-c", WRITER, str(ROOT), str(tmp_path)]
    for process in [subprocess.Popen([*args, str(number)]) for number in range(4)]:
        assert process.wait(30) == 0
    files = [p for p in tmp_path.iterdir() if not p.name.endswith(".lock")]
    assert len(files) == 3
    found = [line for p in files for line in p.read_text().splitlines()]
    assert all(re.fullmatch(r"\S+ \S+ info -c\[\d+\] \d \d{4} x{20}", line) for line in found)
    assert len(set(found)) == len(found)
    assert all(any(f" {number} 0199 " in line for line in found) for number in range(4))
    assert all(p.stat().st_size < 25_000 for p in files)


def test_a_lock_that_a_dead_process_left_is_taken_away(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "BIGGEST", 100)
    (tmp_path / "usher.log.lock").touch()
    log(str(tmp_path), "info", "x" * 100)
    assert not (tmp_path / "usher.log.1").exists()
    os.utime(tmp_path / "usher.log.lock", (1, 1))
    for _ in range(2):
        log(str(tmp_path), "info", "x")
    assert (tmp_path / "usher.log.1").exists()


def test_it_costs_no_import():
    code = ("import sys; sys.path.insert(0, sys.argv[1]); before = {*sys.modules, '__future__'}\n"
            "from shared.log import log\nlog(sys.argv[2], 'info', 'a play of somebody')\n"
            "print(sorted(set(sys.modules) - before))")
    done = subprocess.run([sys.executable, "-I", "-c", code, str(ROOT), os.devnull], capture_output=True, text=True)
    assert done.stdout == "['shared', 'shared.files', 'shared.log']\n", done.stderr
