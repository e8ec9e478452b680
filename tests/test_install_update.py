"""A newer bundle over an older ledger, while somebody watches: what was counted stays, and the stream ends in time."""
import contextlib
import os
import sqlite3
import time

import pytest

from shared import __version__
from tests.installing import Clone, clear, setup_of
from tests.sandbox.base import wait_for
from tests.sandbox.world import World

NEWER = "99.1.0"
MIGRATION = '\n    "ALTER TABLE users ADD COLUMN nickname TEXT NOT NULL DEFAULT \'\';",\n)\n\n\ndef connect('
LIVE = "[usher]\ndry_run = no\n[everyone]\ndaily = {}\n"


@pytest.fixture
def clone(host, tmp_path):
    with World(host=host) as world:
        yield Clone(world, tmp_path)


def pull(clone, migrate=True):
    """As `git pull` leaves it: another version, and a ledger with a column more."""
    path = clone.root / "shared" / "__init__.py"
    path.write_text(path.read_text().replace(__version__, NEWER))
    if migrate:
        path = clone.root / "shared" / "schema.py"
        text = path.read_text()
        assert text.count("\n)\n\n\ndef connect(") == 1
        path.write_text(text.replace("\n)\n\n\ndef connect(", MIGRATION))


def ledger(clone, name="ledger.db"):
    db = sqlite3.connect(f"file:{clone.root / 'data' / name}?mode=ro", uri=True, timeout=10)
    db.row_factory = sqlite3.Row
    return db


def lease(clone):
    if not (clone.root / "data" / "ledger.db").exists():
        return {"holder": "", "version": ""}
    with contextlib.closing(ledger(clone)) as db:
        return dict(db.execute("SELECT holder, version FROM lease").fetchone() or {"holder": "", "version": ""})


def version_of(clone, name="ledger.db"):
    return ledger(clone, name).execute("PRAGMA user_version").fetchone()[0]


@pytest.mark.parametrize("how", ["install.py", "an event"])
def test_in_mid_play_the_new_version_takes_over_and_cuts_in_time(clone, how):
    """The old timekeeper has counted some of the play; the new one knows it, and nobody gains or loses a second."""
    world, limit = clone.world, 6
    clone.config.write_text(LIVE.format(f"{limit}s"))
    clone.good("--yes")
    stream = world.plex.start_stream(world.bob, world.movie)
    began = time.time()
    wait_for(lambda: lease(clone)["holder"], what="the old timekeeper")
    old, before = lease(clone), version_of(clone)
    assert old["version"] == __version__
    time.sleep(max(0.0, began + 2.5 - time.time()))
    pull(clone)
    if how == "install.py":
        said = clone.good("--yes")
        assert f"updated   the timekeeper from version {__version__} to {NEWER}" in said
        assert f"migrated  {clone.root}/data/ledger.db from version {before} to {before + 1}" in said
        assert said.count("unchanged") == 3
    else:
        stream.seek(60_000)
        stream.pause()
        stream.resume()
    wait_for(lambda: lease(clone)["version"] == NEWER, what="the new timekeeper")
    assert lease(clone)["holder"] != old["holder"]
    wait_for(lambda: not stream.alive, limit + 10, what="the cut")
    took = time.time() - began
    print(f"cut {took - limit:+.1f} s from the limit, after an update by {how}")
    assert limit - 0.5 <= took <= limit + 3
    assert version_of(clone) == before + 1 and version_of(clone, f"ledger.db.before-{before + 1}") == before
    copied = ledger(clone, f"ledger.db.before-{before + 1}")
    assert copied.execute("SELECT MAX(ended - began) FROM spans").fetchone()[0] > 1
    copied.close()
    assert len(world.plex.terminations) == 1
    assert "Error" not in (clone.root / "data" / "usher.log").read_text()


def test_an_update_while_nobody_watches(clone):
    clone.config.write_text(LIVE.format("10h"))
    clone.good("--yes", "--no-schedule")
    stream = clone.world.plex.start_stream(clone.world.bob, clone.world.movie)
    wait_for(lambda: lease(clone)["holder"], what="a timekeeper")
    stream.stop()
    wait_for(lambda: not lease(clone)["holder"], 15, what="its leave")
    setup = setup_of(clone.world)
    pull(clone)
    said = clone.good("--yes", "--no-schedule")
    assert "migrated" in said and "timekeeper" not in said and setup_of(clone.world) == setup
    assert "migrated" not in clone.good("--yes", "--no-schedule")
    if os.name != "nt":
        assert (clone.root / "data" / f"ledger.db.before-{version_of(clone)}").stat().st_mode & 0o777 == 0o600
    clear(clone.world)


def test_a_dry_run_migrates_nothing(clone):
    clone.good("--yes")
    wait_for(lambda: (clone.root / "data" / "ledger.db").exists(), what="the first tick")
    pull(clone)
    before = version_of(clone)
    assert "would migrate" in clone.good("--dry-run")
    assert version_of(clone) == before and not list((clone.root / "data").glob("ledger.db.before-*"))


def test_back_to_an_older_version(clone):
    clone.good("--yes")
    wait_for(lambda: (clone.root / "data" / "ledger.db").exists(), what="the first tick")
    db = sqlite3.connect(clone.root / "data" / "ledger.db")
    db.execute("PRAGMA user_version = 4711")
    db.close()
    assert "was written by a newer Usher" in clone.good("--yes")
    assert version_of(clone) == 4711


def test_keys_that_a_version_does_not_know_are_named(clone):
    clone.config.write_text("[usher]\ndry_run = yes\n[everyone]\ndaily = 1h\nmax_planets = 2\n[nosuch]\nx = 1\n")
    said = clone.good("--yes", "--no-schedule")
    assert "mistake" in said and "max_planets is not known to this version" in said and "[nosuch]" in said
