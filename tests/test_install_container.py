"""In a container: install.py brings itself below Tautulli's data folder, as another user and beside a process 1."""
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from shared import __version__
from shared.jobs import container
from tests.installing import Clone, clear, setup_of
from tests.sandbox.base import wait_for
from tests.sandbox.bundle import Usher
from tests.sandbox.world import World

ROOT = hasattr(os, "geteuid") and os.geteuid() == 0
needs_root = pytest.mark.skipif(not ROOT, reason="needs root")


@pytest.fixture(scope="module")
def house(host):
    with World(host=host) as world:
        yield world


# ---- recognising one ----

@pytest.mark.parametrize("files, environ, found", [
    ({}, {}, False),
    ({".dockerenv": ""}, {}, True),
    ({"run/.containerenv": ""}, {}, True),
    ({"proc/1/cgroup": "0::/\n"}, {}, False),
    ({"proc/1/cgroup": "12:pids:/docker/0a1b2c\n"}, {}, True),
    ({"proc/1/cgroup": "1:name=systemd:/kubepods/besteffort/pod1\n"}, {}, True),
    ({"proc/1/cgroup": "0::/system.slice/containerd.service/x\n"}, {}, True),
    ({}, {"TAUTULLI_DOCKER": "True"}, True),
    ({}, {"container": "podman"}, True),
])
def test_is_it_a_container(tmp_path, files, environ, found):
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert container.is_one(str(tmp_path), environ) == found


TAUTULLIS = "[General]\napi_key = 0123456789abcdef\nhttp_port = 8181\n"


@pytest.mark.parametrize("here, config, in_one, better", [
    ("opt/usher", TAUTULLIS, True, "config/usher"),
    ("opt/usher", TAUTULLIS, False, ""),
    ("config/usher", TAUTULLIS, True, ""),
    ("config/scripts/usher", TAUTULLIS, True, ""),
    ("config2/usher", TAUTULLIS, True, "config/usher"),
    ("opt/usher", "[General]\nport = 7878\n", True, ""),  # another program's /config
    ("opt/usher", None, True, ""),
])
def test_where_usher_had_better_be(tmp_path, monkeypatch, here, config, in_one, better):
    monkeypatch.setattr(container, "is_one", lambda: in_one)
    for folder in (here, "config"):
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)
    if config is not None:
        (tmp_path / "config" / "config.ini").write_text(config)
    found = container.better_place(str(tmp_path / here), str(tmp_path / "config"))
    assert found == (str(tmp_path / better) if better else "")


# ---- moving there ----

def test_a_copy_brings_code_and_leaves_what_is_the_owners(tmp_path):
    here, there = tmp_path / "opt" / "usher", tmp_path / "config" / "usher"
    for name in ("agents/a.py", "shared/new.py", "shared/__pycache__/x.pyc", ".git/HEAD", "data/ledger.db",
                 "vendor/requests/__init__.py", "install.py", "config.ini"):
        (here / name).parent.mkdir(parents=True, exist_ok=True)
        (here / name).write_text(f"new {name}")
    there.parent.mkdir()
    said = container.move(str(there), str(here))
    assert sorted(str(p.relative_to(there)) for p in there.rglob("*") if p.is_file()) == [
        "agents/a.py", "config.ini", "install.py", "shared/new.py"]
    assert (there / "config.ini").stat().st_mode & 0o777 == 0o600 and "was left behind" in said[0]
    (there / "config.ini").write_text("mine")
    for name in ("data/ledger.db", "shared/old.py"):
        (there / name).parent.mkdir(exist_ok=True)
        (there / name).write_text("old")
    said = container.move(str(there), str(here))
    assert (there / "config.ini").read_text() == "mine" and "stays as it is" in said[0]
    assert (there / "data" / "ledger.db").read_text() == "old" and not (there / "shared" / "old.py").exists()
    assert not list(there.glob("*.new")) + list(there.glob("*.old"))


class InContainer(Clone):
    """A clone that takes Tautulli's own data folder for /config, and this machine for a container."""

    def __init__(self, world, folder, config=None):
        super().__init__(world, folder, config)
        path = self.root / "shared" / "jobs" / "container.py"
        text = path.read_text()
        assert text.count('CONFIG = "/config"') == 1
        path.write_text(text.replace('CONFIG = "/config"', f"CONFIG = {world.tautulli.datadir!r}"))
        self.place = Path(world.tautulli.datadir, "usher")

    def environment(self, **more):
        return super().environment(TAUTULLI_DOCKER="True", **more)

    def there(self):
        """The same, seen from where it has brought itself."""
        found = object.__new__(type(self))
        found.__dict__.update(self.__dict__, root=self.place, config=self.place / "config.ini",
                              agents=str(self.place / "agents"))
        return found


@pytest.fixture
def box(house, tmp_path):
    found = InContainer(house, tmp_path)
    yield found
    clear(house)
    shutil.rmtree(found.place, ignore_errors=True)


def scripts(world):
    return sorted(n["config"]["script"] for n in setup_of(world)["notifier"].values())


def test_it_brings_itself_below_config(house, box):
    (box.root / "config.ini").write_text("[everyone]\ndaily = 1h\n")
    said = box.good("--yes", told=False)
    assert "copied    " in said and "Tautulli refuses scripts on a mount outside of it" in said
    assert f"found     Tautulli at {house.tautulli.url} (from {house.tautulli.datadir}/config.ini)" in said
    agents = box.there().agents
    assert scripts(house) == [os.path.join(agents, name) for name in ("journal.py", "limit_streams.py")]
    assert (box.place / "config.ini").read_text() == "[everyone]\ndaily = 1h\n"
    setup = setup_of(house)
    assert box.there().good("--yes", told=False).count("unchanged") == 3
    path = box.root / "shared" / "__init__.py"
    path.write_text(path.read_text().replace(__version__, "99.0"))
    assert box.good(told=False).count("unchanged") == 3  # an update, from where it was unpacked
    assert "99.0" in (box.place / "shared" / "__init__.py").read_text() and setup_of(house) == setup


def test_a_dry_run_only_says_so(house, box):
    said = box.good("--dry-run", told=False)
    assert said.startswith("would copy ") and not box.place.exists() and not setup_of(house)["notifier"]


def test_a_program_reads_one_list(house, box):
    assert ("added", "journal.py in Tautulli (notification agent 2)") in [
        (done, re.sub(r"agent \d+", "agent 2", what)) for done, what in box.steps(told=False)]


@needs_root
def test_what_root_brings_belongs_to_the_owner_of_config(house, box):
    data = Path(house.tautulli.datadir)
    about = data.stat()
    os.chown(data, 1234, 1235)
    os.chown(data / "config.ini", 1234, 1235)
    try:
        for path in (box.root / "shared").rglob("*.py"):
            path.chmod(0o600)  # as a careful root has them
        said = box.good("--yes", told=False)
    finally:
        os.chown(data, about.st_uid, about.st_gid)
        os.chown(data / "config.ini", about.st_uid, about.st_gid)
    # what is in data/ a tick may be writing just now
    wrong = [p for p in (box.place, *box.place.rglob("*")) if (p.stat().st_uid, p.stat().st_gid) != (1234, 1235)
             and p.parent != box.place / "data"]
    assert wrong == [] and "read by root only" not in said


# ---- a real Tautulli as in a container ----

@needs_root
def test_a_folder_on_a_mount_is_refused_and_below_config_it_is_not(host, house, tmp_path):
    if host != "real":
        pytest.skip("the stand-in refuses no mounts")
    if subprocess.run(["mount", "-t", "tmpfs", "none", tmp_path], capture_output=True).returncode:
        pytest.skip("nothing can be mounted here")
    try:
        box = InContainer(house, tmp_path)
        line = box.fails("--yes", "--config", str(box.config))  # which is a word to stay where it is
        assert "Tautulli cannot see" in line and "below /config" in line and "allow_mounted_folders" in line
        assert not setup_of(house)["notifier"]
        assert "added     limit_streams.py" in box.good("--yes", told=False)
        shutil.rmtree(box.place)
    finally:
        clear(house)
        subprocess.run(["umount", "--lazy", tmp_path], check=True)


@needs_root
@pytest.mark.parametrize("kind", [{"user": 1000}, {"pid1": True}, {"user": 1000, "pid1": True}],
                         ids=["another user", "process 1", "both"])
@pytest.mark.parametrize("where", ["below config", "beside"])
def test_root_sets_up_what_tautulli_runs(host, kind, where):
    """An event, a cut and a tick, by a Tautulli that is neither root nor like a usual process."""
    if host != "real":
        pytest.skip("needs the real Tautulli")
    with World(host=host, **kind) as world:
        folder = Path(world.tautulli.datadir if where == "below config" else world.dir) / "own"
        folder.mkdir()
        clone = Clone(world, folder, "[usher]\ndry_run = no\n[everyone]\ndaily = 4s\n")
        clone.config.chmod(0o644)
        clone.good("--yes", told=where == "beside")
        os.chown(clone.config, *[world.user or 0] * 2)
        usher = Usher(world, clone.root)
        stream = world.plex.start_stream(world.bob, world.movie)
        wait_for(lambda: os.path.exists(os.path.join(usher.data, "ledger.db")), what="the ledger")

        def events():
            return [row["action"] for row in usher.ledger().execute("SELECT action FROM events")]
        wait_for(lambda: "play" in events(), what="the event")
        wait_for(lambda: not stream.alive, 20, what="the cut")
        wait_for(lambda: [r for r in world.tautulli.notification_log(action="api") if "limit" in r["body_text"].lower()
                          or "limit" in r["subject_text"].lower()], 20, what="its row")

        def ticked():
            row = usher.ledger().execute("SELECT value FROM meta WHERE key = 'last_tick'").fetchone()
            return float(row[0]) if row else 0.0
        before = ticked()
        world.fire_newsletters()
        wait_for(lambda: ticked() > before, what="a tick")
        owners = {p.name: p.stat().st_uid for p in Path(usher.data).iterdir()}
        assert set(owners.values()) == {world.user or 0}, owners
        assert not world.tautulli.logs("Script error") and "rror" not in usher.log()
        uninstalled = clone.good("uninstall", "--yes", told=where == "beside")
        assert "removed   limit_streams.py" in uninstalled and not setup_of(world)["notifier"]
