"""install.py uninstall: afterwards Tautulli is as before, and this machine almost."""
import json
import os
import time

import pytest

from shared import detached
from shared.jobs import uninstall
from shared.jobs.limit_streams import lock_path, want_keeper
from shared.ledger import Lease, Ledger
from tests.installing import Clone, clear, foreign, setup_of
from tests.sandbox.base import wait_for
from tests.sandbox.processes import marked
from tests.sandbox.world import MARK, World


@pytest.fixture(scope="module")
def house(host):
    with World(host=host) as world:
        yield world


@pytest.fixture
def clone(house, tmp_path):
    yield Clone(house, tmp_path)
    clear(house)


def exactly(world):
    """Byte for byte, without the ids of what there was in between."""
    rows = {kind: world.tautulli.api(f"get_{kind}s") for kind in ("notifier", "newsletter")}
    return json.dumps([setup_of(world), rows], sort_keys=True)


@pytest.mark.parametrize("others", [False, True], ids=["alone", "with others"])
def test_tautulli_is_as_it_was(house, clone, tmp_path, others):
    if others:
        foreign(house, tmp_path)
    before = exactly(house)
    clone.good("--yes")
    assert exactly(house) != before
    said = clone.good("uninstall", "--yes")
    assert exactly(house) == before
    for words in ("removed   newsletter", "removed   limit_streams.py", "removed   journal.py",
                  f"left      {clone.config}"):
        assert words in said, said
    assert "nothing" not in said


def test_rules_and_ledger_stay(house, clone):
    (clone.root / "vendor" / "requests").mkdir(parents=True)
    clone.config.write_text(f"[usher]\ndata_dir = {clone.home / 'elsewhere'}\n[everyone]\ndaily = 1h\n")
    clone.good("--yes")
    wait_for(lambda: (clone.home / "elsewhere" / "ledger.db").exists(), what="the first tick")
    assert (clone.root / ".config.ini.data_dir").exists() and list(clone.root.rglob("*.pyc"))
    rules = clone.config.read_bytes()
    said = clone.good("uninstall", "--yes")
    assert clone.config.read_bytes() == rules and (clone.home / "elsewhere" / "ledger.db").exists()
    assert not (clone.root / "vendor").exists() and not list(clone.root.rglob("*.pyc"))
    assert not (clone.root / ".config.ini.data_dir").exists()
    assert f"left      {clone.home / 'elsewhere'}" in said
    again = clone.good("uninstall", "--yes")
    assert "removed" not in again
    assert "added     limit_streams.py" in clone.good("--yes")


def test_purge_takes_only_what_usher_wrote(house, clone):
    clone.good("--yes")
    wait_for(lambda: (clone.root / "data" / "ledger.db").exists(), what="the first tick")
    (clone.root / "data" / "my notes.txt").write_text("mine")
    clone.good("uninstall", "--yes", "--purge")
    assert not clone.config.exists()
    assert [p.name for p in (clone.root / "data").iterdir()] == ["my notes.txt"]
    clone.good("--yes", "--no-schedule")
    (clone.root / "data" / "my notes.txt").unlink()
    said = clone.good("uninstall", "--yes", "--purge")
    assert not (clone.root / "data").exists() and f"left      {clone.root}" in said


def test_a_timekeeper_is_stopped_and_stays_stopped(house, clone):
    """By its lease: it is in the middle of a play that it watches."""
    clone.config.write_text("[usher]\ndry_run = no\n[everyone]\ndaily = 10h\n")
    clone.good("--yes")
    stream = house.plex.start_stream(house.bob, house.movie)

    def keepers():
        ours = os.fsencode(clone.agents)
        return [pid for pid in marked(f"{MARK}={house.id}") if {ours, b"--keep-time"} <= words_of(pid)]
    try:
        wait_for(keepers, what="a timekeeper")
        said = clone.good("uninstall", "--yes")
        assert "stopped   the timekeeper" in said
        wait_for(lambda: not keepers(), 5, what="its end")
        stream.pause()
        stream.resume()
        time.sleep(0.7)
        assert keepers() == [] and not list((clone.root / "data").glob("timekeeper-*"))
    finally:
        stream.stop()


def words_of(pid):
    """The words of a process's command line, and the folder of its script."""
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as f:
            words = f.read().split(b"\0")
    except OSError:
        return set()
    return {*words, *map(os.path.dirname, words)}


def test_an_event_of_a_moment_ago_starts_no_timekeeper_meanwhile(tmp_path):
    """While uninstall waits for one to leave, another event must not put the next one in its place."""
    ledger = Ledger(str(tmp_path))
    guard = detached.hold(lock_path(ledger, "old"))
    with ledger.writing():
        ledger.save_lease(Lease("old", "0", time.time(), 0.0))
    steps = uninstall.stop_timekeeper(str(tmp_path), wait=0.5)
    with pytest.raises(uninstall.UsherError, match="does not leave"):
        list(steps)
    with ledger.writing():
        assert ledger.lease().holder == "" and not want_keeper(ledger, time.time())
    guard.close()
    assert list(uninstall.stop_timekeeper(str(tmp_path))) == []
    ledger.close()


def test_what_was_registered_twice_by_hand_goes_too(house, clone):
    before = exactly(house)
    clone.good("--yes")
    house.tautulli.add_script_notifier(os.path.join(clone.agents, "limit_streams.py"), {}, folder=clone.agents)
    assert clone.good("uninstall", "--yes").count("removed   limit_streams.py") == 2
    assert exactly(house) == before


def test_two_ushers(house, clone, tmp_path):
    (tmp_path / "second").mkdir()
    other = Clone(house, tmp_path / "second")
    other.good("--yes")
    before = setup_of(house)
    clone.good("--yes")
    assert len(setup_of(house)["newsletter"]) == 2
    clone.good("uninstall", "--yes")
    assert setup_of(house) == before


# ---- it asks, and does nothing by halves ----

def test_nobody_to_ask(house, clone):
    clone.good("--yes")
    before = exactly(house)
    assert clone.fails("uninstall") == "nobody is here to say yes: run it again with --yes"
    assert exactly(house) == before


def test_without_tautulli_nothing_is_removed(clone):
    clone.good("--yes", "--no-schedule")
    files = set(clone.files())
    line = clone.fails("uninstall", "--yes", "--tautulli", "http://127.0.0.1:9", "--apikey", "k" * 32, told=False)
    assert "nothing was removed" in line and files <= set(clone.files())


def test_json(house, clone):
    clone.good("--yes")
    done = [what for what, _ in clone.steps("uninstall", "--yes")]
    assert done.count("removed") >= 3 and "left" in done


@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="needs root")
def test_a_data_folder_of_another_user(clone):
    clone.good("--yes")
    wait_for(lambda: (clone.root / "data" / "ledger.db").exists(), what="the first tick")
    for path in (clone.root / "data", *(clone.root / "data").iterdir()):
        os.chown(path, 1234, 1234)
    clone.good("uninstall", "--yes")
    assert {p.stat().st_uid for p in (clone.root / "data").iterdir()} == {1234}
