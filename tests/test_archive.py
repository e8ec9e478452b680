"""Every line of Plex's log, once and in order: through rotations, kills at any byte, cuts and odd lines."""
import gzip
import os
import random
import shutil
import subprocess
import sys
import time
from contextlib import ExitStack
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from shared import archive as disk
from shared import seals
from shared.archive import Archive
from shared.jobs import log_files, log_saving
from tests.deep import often
from tests.sandbox.plexlog import Folder, noise

TODAY = date(2026, 11, 26)
START = datetime(2024, 2, 1, 12)


class Killed(BaseException):
    """kill -9, as far as a process can do that to itself and live."""


class Disk:
    """What shared/archive.py does to the disk, until the kill: `left` bytes and steps away; None: it never comes."""

    STEPS = ("_rename", "_truncate", "_remove", "_sync")

    def __init__(self, monkeypatch):
        self.left = None
        self.real = {name: getattr(disk, name) for name in (*self.STEPS, "_write")}
        for name in self.STEPS:
            monkeypatch.setattr(disk, name, lambda *a, name=name: self.step(name, *a))
        monkeypatch.setattr(os, "fsync", lambda file: None)     # nobody pulls the plug here
        monkeypatch.setattr(disk, "_write", self.write)

    def step(self, name, *arguments):
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                raise Killed
        self.real[name](*arguments)

    def write(self, file, data):
        if self.left is not None and self.left < len(data):
            self.real["_write"](file, data[:self.left])
            raise Killed
        self.left = None if self.left is None else self.left - len(data)
        self.real["_write"](file, data)


def run(folder, logs, today=TODAY, now=None):
    """A round, as the agent does it under its lock."""
    archive = Archive(str(folder))
    try:
        with ExitStack() as stack:
            files = log_files._in_folder(str(logs.path), stack, time.time() if now is None else now)
            return log_saving.save(archive, files, today.toordinal())
    finally:
        archive.close()


def kept(folder):
    """All that zcat would show, day by day."""
    return b"".join(gzip.decompress(Path(path).read_bytes()) for path in seals.paths(str(folder)))


@pytest.fixture
def logs(tmp_path):
    return Folder(tmp_path / "Logs")


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "data" / "logs"


def lines(count, at=START, step=0.1, seed=0, old=False):
    rng = random.Random(seed)
    return b"".join(noise(rng, at + timedelta(seconds=n * step), old) + b"\n" for n in range(count))


def same(folder, text):
    """Equal, and if not, where."""
    found = kept(folder)
    if found != text:
        at = len(os.path.commonprefix((found, text)))
        raise AssertionError(f"at {at} of {len(text)}, {len(found)}: wrote {text[at:at + 120]!r}, "
                             f"kept {found[at:at + 120]!r}")


# ---- the property ----

ROUNDS = often(1000, else_=250)


@pytest.mark.parametrize("old", [False, True], ids=["today", "2013"])
def test_the_archive_is_the_log_that_was_written(tmp_path, monkeypatch, old):
    """Random writes of any length, rotations between any two bytes, kills at any byte, re-runs."""
    monkeypatch.setattr(log_saving, "BLOCK", 700)
    monkeypatch.setattr(log_saving, "MEMBER", 1500)
    monkeypatch.setattr(log_saving, "LONGEST", 4000)
    machine, rng = Disk(monkeypatch), random.Random(7 + old)
    logs, folder = Folder(tmp_path / "Logs", old), tmp_path / "logs"
    at, waiting, kills, rotations, ran, waits = START, b"", 0, 0, 0, 0
    for _ in range(ROUNDS):
        for _ in range(rng.randrange(4)):
            for _ in range(rng.randrange(12)):
                at += timedelta(seconds=rng.choice((0, 0, 0.3, 1, 60, 4000)))
                odd = rng.random()
                when = at if odd > 0.06 else at + timedelta(days=rng.choice((-9000, -400, -1, 1 / 24, -1 / 24, 9000)))
                waiting += noise(rng, when, old) + b"\n"
            if rng.random() < 0.05:
                waiting += rng.choice((b"\n", b"\0" * 300 + b"\n", b"x" * 9000 + b"\n", b" * X-Plex-Product => Web\n"))
            cut = rng.randrange(len(waiting) + 1)
            logs.write(waiting[:cut])
            waiting = waiting[cut:]
            if rng.random() < 0.3 and logs.text:
                whole = rng.random() < 0.8      # else the line goes on in the next file: Plex never does that
                if whole:
                    end = waiting.find(b"\n") + 1
                    logs.write(waiting[:end])
                    waiting = waiting[end:]
                rotate(logs)
                rotations, waits = rotations + 1, waits + 1
        machine.left = rng.choice((None, rng.randrange(30), rng.randrange(3000)))
        try:
            run(folder, logs, at.date(), time.time() + 3600 * (rng.random() < 0.5))
            ran += 1
        except Killed:
            kills += 1
        machine.left = None
        if waits >= logs.kept - 3:          # what is not saved would be lost with the next ones: a run comes in time
            run(folder, logs, at.date(), time.time() + 3600)
            waits = 0
    logs.write(waiting + (b"" if (logs.text + waiting).endswith(b"\n") else b"\n"))
    run(folder, logs, at.date(), time.time() + 3600)
    run(folder, logs, at.date(), time.time() + 3600)
    same(folder, logs.text)
    assert kills > ROUNDS / 10 and rotations > ROUNDS / 5 and ran > ROUNDS / 5
    assert not [name for name in os.listdir(folder) if not name.endswith(".log.gz")]
    assert len(seals.paths(str(folder))) > 5


def rotate(logs):
    if not os.path.exists(logs.file()) or not os.path.getsize(logs.file()):
        return
    if not logs.text.endswith(b"\n"):   # a line that was broken off gets its end in the archive
        logs.text += b"\n"
    logs.rotate()


# ---- each way of losing lines that was seen elsewhere ----


def test_todays_names_and_those_of_2013(folder, tmp_path):
    for number, old in enumerate((False, True)):
        logs = Folder(tmp_path / str(number), old)
        for part in range(5):
            logs.write(lines(200, START + timedelta(hours=part), seed=part, old=old))
            logs.rotate()
        logs.write(lines(3, START + timedelta(hours=9), old=old))
        run(folder / str(number), logs, now=time.time() + 99)
        same(folder / str(number), logs.text)


def test_a_rotation_in_the_middle_of_a_pass(folder, logs, monkeypatch):
    """Between any two files that are opened."""
    real, opens = open, []

    def rotating(path, mode):
        opens.append(path)
        if len(opens) == when:
            logs.write(lines(5, START + timedelta(days=1, hours=when), seed=when))
            logs.rotate()
            logs.write(lines(5, START + timedelta(days=1, hours=when, minutes=1), seed=when + 50))
        return real(path, mode)
    for part in range(4):
        logs.write(lines(50, START + timedelta(hours=part), seed=part))
        logs.rotate()
    logs.write(lines(50, START + timedelta(hours=6), seed=9))
    for when in range(1, 7):
        opens.clear()
        monkeypatch.setattr(log_files, "open", rotating, raising=False)
        run(folder, logs)
        monkeypatch.delattr(log_files, "open")
        assert len(opens) >= when
    run(folder, logs)
    same(folder, logs.text)


def test_nothing_is_done_twice(folder, logs):
    logs.write(lines(100))
    assert run(folder, logs).lines >= 100
    before = {path: os.stat(path).st_mtime_ns for path in seals.paths(str(folder))}
    assert run(folder, logs) == (0, 0, False)
    logs.rotate()
    assert run(folder, logs) == (0, 0, False)
    assert before == {path: os.stat(path).st_mtime_ns for path in seals.paths(str(folder))}


def test_lines_of_one_second(folder, logs):
    for n in range(30):
        logs.write(b"Feb 01, 2024 12:00:00 [0x70] DEBUG - the same line\n" * 3)
        if n % 7 == 3:
            logs.rotate()
            logs.write(b"Feb 01, 2024 12:00:00 [0x70] DEBUG - begins %d\n" % n)
        run(folder, logs)
    same(folder, logs.text)


def test_the_hour_that_comes_twice(folder, logs):
    for clock in ("02:10", "02:50", "02:00", "02:30", "02:59", "03:00"):
        logs.write(f"Oct 27, 2024 {clock}:00.000 [1] DEBUG - {clock}\n".encode() * 2)
        run(folder, logs, date(2024, 10, 27))
    same(folder, logs.text)
    assert len(seals.paths(str(folder))) == 1


def test_a_date_that_cannot_be(folder, logs):
    odd = [b"Jan 01, 2038 00:00:00.000 [1] DEBUG - from the future\n",
           b"Jan 01, 1970 00:00:00.000 [1] DEBUG - no clock\n",
           b"Feb 31, 2024 00:00:00.000 [1] DEBUG - no such day\n", b"Foo 01, 2024 00:00:00.000 [1] DEBUG - no month\n"]
    for n, line in enumerate(odd):
        logs.write(lines(20, START + timedelta(days=n)) + line + lines(20, START + timedelta(days=n, hours=1)))
    run(folder, logs)
    same(folder, logs.text)
    assert [os.path.basename(p)[:10] for p in seals.paths(str(folder))] == [
        "2024-02-01", "2024-02-02", "2024-02-03", "2024-02-04"]


def test_a_clock_that_was_in_the_future_is_found_back_from(folder, logs):
    logs.write(lines(20, datetime(2031, 1, 1)))
    os.utime(logs.file(), (datetime(2031, 1, 1).timestamp(),) * 2)
    run(folder, logs, date(2031, 1, 1))
    logs.write(lines(20, START))
    run(folder, logs, date(2024, 2, 1))
    assert [os.path.basename(p)[:10] for p in seals.paths(str(folder))] == ["2024-02-01", "2031-01-01"]
    assert len(kept(folder)) == len(logs.text)


def test_bytes_that_are_no_text_and_lines_without_end(folder, logs, monkeypatch):
    monkeypatch.setattr(log_saving, "LONGEST", 10_000)
    for odd in (b"\xff\xfe\x00\n", b"\xe9t\xe9\n", b"\0" * 50_000, b"\n\n\n", b"\r\n", bytes(range(256)) * 40 + b"\n"):
        logs.write(lines(10) + odd)
        run(folder, logs)
    logs.write(b"\n" + lines(1))
    run(folder, logs)
    same(folder, logs.text)


def test_a_line_that_is_not_whole_yet(folder, logs):
    logs.write(lines(3))
    run(folder, logs)
    whole = len(logs.text)
    for byte in b"Feb 01, 2024 12:00:01.000 [1] DEBUG - grows":
        logs.write(bytes([byte]))
    run(folder, logs)
    same(folder, logs.text[:whole])
    logs.write(b" and ends\n")
    run(folder, logs)
    same(folder, logs.text)


def test_what_is_newer_waits_for_the_end_of_a_rotated_file(folder, logs):
    logs.write(lines(3) + b"Feb 01, 2024 12:00:01.000 [1] DEBUG - broken")
    logs.rotate()
    newer = lines(3, START + timedelta(hours=1))
    logs.write(newer)
    run(folder, logs)
    assert b"broken" not in kept(folder) and newer not in kept(folder)
    run(folder, logs, now=time.time() + 100)
    same(folder, logs.text.replace(b"broken", b"broken\n"))


@pytest.mark.parametrize("left", [0, 1, 5000, 12_345])
def test_a_log_that_was_cut(folder, logs, left):
    """Down to nothing, to the middle of a line; and what is written then is longer than before."""
    logs.write(lines(200))
    run(folder, logs)
    first = logs.text
    with open(logs.file(), "r+b") as file:
        file.truncate(left)
    there = first[:left][:first.rfind(b"\n", 0, left) + 1]
    run(folder, logs)
    same(folder, first)
    after = b"\n" * (there != first[:left]) + lines(400, START + timedelta(hours=2), seed=5)
    logs.write(after)
    saved = run(folder, logs)
    same(folder, first + first[len(there):left] + after)
    assert saved.gap and run(folder, logs) == (0, 0, False)


def test_a_log_that_was_cut_and_cut_again(folder, logs):
    """What is compared is the newest that was saved of each part."""
    there = wanted = b""
    for n, left in enumerate((0, 9000, 15_000, 4000, 12_000)):
        if n:
            with open(logs.file(), "r+b") as file:
                file.truncate(there.rfind(b"\n", 0, left) + 1)
            there = there[:there.rfind(b"\n", 0, left) + 1]
        more = lines(150, START + timedelta(hours=n), seed=n)
        logs.write(more)
        there, wanted = there + more, wanted + more
        run(folder, logs)
        same(folder, wanted)


def test_what_plex_has_rotated_away_is_said(folder, logs):
    for n in range(9):
        logs.write(lines(20, START + timedelta(hours=n), seed=n))
        if n in (0, 8):
            saved = run(folder, logs)
            assert saved.gap == (n == 8)
        logs.rotate()
    gaps = [member.seal.gap for path in seals.paths(str(folder)) for member in seals.members(path)]
    assert gaps[:2] == [False, True] and not any(gaps[2:])


def test_a_copy_under_another_number_is_no_second_log(folder, logs):
    """copytruncate: for a moment the log is there twice."""
    logs.write(lines(100))
    run(folder, logs)
    logs.write(lines(50, START + timedelta(hours=1)))
    with open(logs.file(), "rb") as source, open(logs.file(1), "wb") as target:
        target.write(source.read())
    run(folder, logs)
    same(folder, logs.text)
    open(logs.file(), "wb").close()
    logs.write(lines(50, START + timedelta(hours=2)))
    run(folder, logs)
    same(folder, logs.text)


# ---- the archive itself ----


def test_a_day_is_a_file_that_zcat_reads_and_only_its_owner(folder, logs):
    for day in range(3):
        logs.write(lines(2000, START + timedelta(days=day), seed=day))
        run(folder, logs)
    same(folder, logs.text)
    paths = seals.paths(str(folder))
    assert [seals.day_of(p) - START.toordinal() for p in paths] == [0, 1, 2]
    if os.name == "posix":
        assert {os.stat(p).st_mode & 0o777 for p in paths} == {0o600} and os.stat(folder).st_mode & 0o777 == 0o700
        if shutil.which("zcat"):
            shown = b"".join(subprocess.run(["zcat", p], capture_output=True, check=True).stdout for p in paths)
            assert shown == logs.text


def test_a_new_ledger_and_a_lost_day_double_nothing(folder, logs):
    """There is no second record: what is in the archive says where to go on."""
    logs.write(lines(50))
    logs.write(lines(50, START + timedelta(days=1)))
    run(folder, logs)
    os.remove(seals.paths(str(folder))[1])
    run(folder, logs)
    same(folder, logs.text)


@pytest.mark.parametrize("damage", ["tail", "seal", "all", "empty"])
def test_a_damaged_day(folder, logs, damage):
    logs.write(lines(50))
    run(folder, logs)
    logs.write(lines(50, START + timedelta(hours=1)))
    run(folder, logs)
    path = seals.paths(str(folder))[0]
    with open(path, "r+b") as file:
        size = file.seek(0, 2)
        if damage == "empty":
            file.truncate(0)
        else:
            file.seek(size - {"tail": 40, "seal": 66}.get(damage, size))
            file.write(os.urandom(size if damage == "all" else 40)[:size])
    run(folder, logs)
    same(folder, logs.text)
    aside = [name for name in os.listdir(folder) if ".damaged-" in name]
    assert len(aside) == (damage in ("all", "empty"))


def test_a_kill_at_every_byte(tmp_path, monkeypatch, logs):
    """Of one run that begins a file, adds to one, and changes the day."""
    machine = Disk(monkeypatch)
    logs.write(lines(3))
    begun = tmp_path / "begun"
    run(begun, logs)
    logs.write(lines(3, START + timedelta(hours=1)) + lines(3, START + timedelta(days=1)))
    for left in range(100_000):
        folder = tmp_path / f"at-{left}"
        shutil.copytree(begun, folder)
        machine.left = left
        try:
            run(folder, logs)
        except Killed:
            machine.left = None
            run(folder, logs)
            same(folder, logs.text)
            shutil.rmtree(folder)
        else:
            break
    assert left > 600, left
    same(folder, logs.text)


def test_kill_9(tmp_path, logs):
    """The real thing, at any moment."""
    logs.write(lines(60_000, step=2))
    folder = tmp_path / "logs"
    code = (f"import sys; sys.path.insert(0, {str(Path(__file__).parents[1])!r})\n"
            "from tests.test_archive import run\nfrom tests.sandbox.plexlog import Folder\n"
            "from shared.jobs import log_saving\nlog_saving.MEMBER = log_saving.BLOCK = 100_000\n"
            f"logs = Folder({logs.path!r})\nprint(flush=True)\nrun({str(folder)!r}, logs)\n")
    killed = 0
    for n in range(12):
        process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
        process.stdout.readline()
        try:
            process.wait(0.02 + 0.03 * n)
        except subprocess.TimeoutExpired:
            process.kill()
            killed += 1
        process.communicate()
    assert killed > 3
    run(folder, logs)
    same(folder, logs.text)


def test_prune_leaves_the_day_that_says_where_to_go_on(folder, logs):
    for day in range(6):
        logs.write(lines(5, START + timedelta(days=day), seed=day))
    run(folder, logs)
    days = [seals.day_of(p) for p in seals.paths(str(folder))]
    assert disk.prune(str(folder), days[3], days[1]) == [days[0], days[2]]
    assert disk.prune(str(folder), days[5] + 9, days[5]) == [days[1], days[3], days[4]]
    assert run(folder, logs) == (0, 0, False)
