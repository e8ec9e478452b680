"""The ledger disappears, is replaced, damaged or locked in mid-play, or cannot be made at all."""
import contextlib
import os
import shutil
import sqlite3
import subprocess
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.sandbox.bundle import copy
from tests.sandbox.processes import alive, as_user, find_python
from tests.scenarios.stage import lasting, stage, together

RULES = "[everyone]\ndaily = 8s\n"
NOBODY = 65534


def delete(s):
    os.remove(s.ledger)


def delete_all(s):
    shutil.rmtree(s.usher.data)


def replace(s):
    """By another good one, as by a backup that is put back."""
    other = f"{s.ledger}.other"
    with contextlib.closing(sqlite3.connect(other)) as db, contextlib.closing(sqlite3.connect(s.ledger)) as old:
        old.backup(db)
        db.execute("DELETE FROM lease")
        db.commit()
    os.replace(other, s.ledger)


def garbage(s):
    """Overwritten in place, with its journal."""
    for name in (s.ledger, f"{s.ledger}-wal"):
        with contextlib.suppress(FileNotFoundError), open(name, "r+b") as f:
            f.write(os.urandom(os.path.getsize(name) or 100))


def shortened(s):
    os.truncate(s.ledger, 5000)


def foreign(s):
    """Another program's database in its place."""
    os.remove(s.ledger)
    with contextlib.closing(sqlite3.connect(s.ledger)) as db:
        db.execute("CREATE TABLE t (x)")
        db.commit()


FAULTS = (delete, delete_all, replace, garbage, shortened, foreign)


def play(host):
    broken = together(*(lambda fault=fault: one(host, fault) for fault in FAULTS), lambda: locked(host), every=1.5)
    return SimpleNamespace(locked=broken.pop(), **{f.__name__: seen for f, seen in zip(FAULTS, broken, strict=True)})


def one(host, fault):
    with stage(host, RULES, ["ann"], tick=3600) as s:
        stream = s.watch("ann")
        old = s.keeper()
        lasting(stream, 3)
        fault(s)
        s.until(lambda: not alive(old) or fault in (garbage, shortened), 10, "the old timekeeper leaving")
        stream.pause()
        stream.resume()
        event = time.time()
        new = s.keeper(other_than=[old])
        s.until(lambda: not alive(old), 10, "the old timekeeper leaving")
        cut = s.cut(stream, 15)
        again = s.watch("ann")
        sticky = s.gone(again, 5)
        rows = [r for r in s.rows() if "damaged" in r[0]]
        aside = [n for n in os.listdir(s.usher.data) if ".damaged-" in n]
        return SimpleNamespace(cut=cut, after=stream.began + cut - event, sticky=sticky, old=alive(old), new=alive(new),
                               stops=len(s.stops(stream)), rows=rows, aside=aside)


def locked(host):
    """Another program holds the write lock for 5 s, across the deadline and an event."""
    with stage(host, RULES, ["ann", "ben"]) as s:
        stream = s.watch("ann")
        s.keeper()
        lasting(stream, 5)
        with contextlib.closing(sqlite3.connect(s.ledger, isolation_level=None)) as db:
            db.execute("BEGIN IMMEDIATE")
            begun = time.time()
            ben = s.watch("ben")
            time.sleep(5)
            lived = stream.alive
            db.execute("ROLLBACK")
        free = time.time()
        s.cut(stream, 10)
        late = s.stops(stream)[0].time - free
        s.until(lambda: s.number("SELECT COUNT(*) FROM events WHERE action = 'play' AND user_id = ?",
                                 s.people["ben"].id), 5, "ben's event")
        seen = s.number("SELECT began FROM plays WHERE user_id = ?", s.people["ben"].id)
        return SimpleNamespace(late=late, lived=lived, waited=free - begun, ben=s.cut(ben, 15), began=seen - ben.began)


# ---- what must have come of it ----

@pytest.mark.parametrize("fault", [f.__name__ for f in FAULTS])
def test_limits_hold_again_after_the_next_event(seen, fault):
    found = getattr(seen, fault)
    assert found.after <= 8 + 1 and found.sticky <= 2, found


@pytest.mark.parametrize("fault", ["replace"])
def test_what_the_new_ledger_knows_is_kept(seen, fault):
    assert abs(getattr(seen, fault).cut - 8) <= 1


@pytest.mark.parametrize("fault", [f.__name__ for f in FAULTS])
def test_the_old_timekeeper_does_nothing_more(seen, fault):
    found = getattr(seen, fault)
    assert (found.old, found.new, found.stops) == (False, True, 1)


@pytest.mark.parametrize("fault", ["garbage", "shortened", "foreign"])
def test_a_damaged_file_is_kept_aside_and_told_of_once(seen, fault):
    found = getattr(seen, fault)
    assert found.aside and [r[0] for r in found.rows] == ["Usher: the ledger was damaged"]


def test_a_locked_ledger_is_waited_for(seen):
    assert seen.locked.lived and seen.locked.late <= 2, seen.locked
    assert abs(seen.locked.ben - 8) <= 1 and abs(seen.locked.began) <= 1, seen.locked


# ---- a data folder that cannot be used ----

@pytest.mark.parametrize("arguments", [["--event=play", "--session-key=1", "--user-id=5"], ["tick"], ["status"]],
                         ids=lambda a: a[0])
@pytest.mark.parametrize("folder", ["a file", "below a file", "read-only", "a ledger that is a folder"])
def test_a_data_folder_that_cannot_be_used_is_one_line(tmp_path, folder, arguments):
    """No world: this goes wrong before anybody is asked."""
    root, told = tmp_path / "usher", {}
    root.mkdir()
    copy(root)
    Path(tmp_path, "file").write_text("x")
    data = {"a file": tmp_path / "file", "below a file": tmp_path / "file" / "data"}.get(folder, tmp_path / "data")
    (root / "config.ini").write_text(f"[usher]\ndata_dir = {data}\n[everyone]\ndaily = 1h\n")
    python = find_python()
    if folder == "read-only":
        data.mkdir()
        data.chmod(0o555)
        if os.geteuid() == 0:
            try:
                python, told = find_python(user=NOBODY), as_user(NOBODY)
            except RuntimeError as no_other:
                pytest.skip(str(no_other))
            for part in (tmp_path, *(p for p in tmp_path.parents if p.name.startswith(("pytest-", "popen-")))):
                part.chmod(0o755)
    if folder == "a ledger that is a folder":
        Path(data, "ledger.db").mkdir(parents=True)
    done = subprocess.run([python, str(root / "agents" / "limit_streams.py"), *arguments], cwd="/", env={},
                          capture_output=True, text=True, timeout=40, **told)
    assert done.returncode == 1 and done.stdout == ""
    named = [path for path in (data, data.parent) if f"{path}" in done.stderr]
    assert done.stderr.count("\n") == 1 and done.stderr.startswith("Usher: ") and named, done.stderr
