"""What Usher writes is for its owner alone, from its first moment on, as SECURITY.md's table says."""
import contextlib
import fnmatch
import os
import re
import shutil
import sqlite3
import stat
from pathlib import Path

import pytest

from shared import config, detached, files, log, places, schema
from shared.errors import UsherError
from shared.files import give
from shared.jobs import ini_edit
from shared.ledger import Ledger
from tests.people.house import DAY, House
from tests.sandbox.base import wait_for
from tests.sandbox.world import World
from tests.security.house import Strangers

PROJECT = Path(__file__).resolve().parents[2]
SECURITY = (PROJECT / "SECURITY.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| (`[^|]+) \| `(0[67]00)` \|", re.MULTILINE)
posix_only = pytest.mark.skipif(os.name != "posix", reason="such bits are POSIX's")
root_only = pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="for root only it is a trap")


def table():
    """(pattern, mode) of the files that SECURITY.md names."""
    return [(name, int(mode, 8)) for names, mode in ROW.findall(SECURITY) for name in re.findall(r"`([^`]+)`", names)]


@pytest.fixture(scope="module", params=[0, 0o022], ids=["umask 0", "umask 022"])
def found(request):
    """Everything that Usher does, with this umask: its files by name, as from the folder of config.ini, with modes."""
    old, patch = os.umask(request.param), pytest.MonkeyPatch()
    try:
        with World(host="standin", tick=3600) as w:
            for name, value in w.env.items():
                patch.setenv(name, value)
            return {**modes(everything(w)), **modes(removed(w))}
    finally:
        patch.undo()
        os.umask(old)


def everything(w):
    """Events, a timekeeper, both kinds of kept ledgers, a rotated log, a digest, an archive, settings elsewhere."""
    s = Strangers(w)
    logs = Path(w.dir, "Logs")
    logs.mkdir()
    (logs / "Plex Media Server.log").write_bytes(b"Feb 14, 2026 13:13:59.604 [1] DEBUG - line\n")
    elsewhere = os.path.join(s.usher.root, "elsewhere", "data")
    s.usher.configure(s.config.replace("source = download", f"source = folder\nfolder = {logs}").replace(
        f"data_dir = {s.usher.data}", f"data_dir = {elsewhere}"))
    s.usher.data = elsewhere
    s.run("tick")
    keeper = os.path.join(elsewhere, "timekeeper-*.lock")
    w.plex.start_stream(w.bob, w.movie)
    wait_for(lambda: fnmatch.filter([os.path.join(elsewhere, name) for name in os.listdir(elsewhere)], keeper), 20,
             what="a timekeeper")
    number = os.open(os.path.join(elsewhere, "usher.log"), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    with open(number, "ab") as file:  # whoever writes into it next makes room
        file.write(b"x" * log.BIGGEST)
    for name in ("report_viewing", "archive_logs", "prune_users", "welcome_users"):
        s.run(script=f"agents/{name}.py")
    s.run("--last", script="agents/report_viewing.py")
    old = os.path.join(w.dir, "old")
    before(old), damaged(old)
    for name in os.listdir(old):
        os.replace(os.path.join(old, name), os.path.join(elsewhere, f"{name}.kept" if name == "ledger.db" else name))
    kept = os.path.join(w.dir, "kept")
    shutil.copytree(s.usher.root, kept, ignore=lambda folder, names: {"agents", "shared", "__pycache__"} & {*names})
    os.rename(os.path.join(kept, "elsewhere", "data"), os.path.join(kept, "data"))
    os.remove(os.path.join(kept, "data", "ledger.db.kept"))
    for name in ("install.py", "config.ini.example", "requirements.txt"):
        os.remove(os.path.join(kept, name))
    os.rmdir(os.path.join(kept, "elsewhere"))
    return kept


def before(folder):
    """A ledger of an older Usher, migrated."""
    Ledger(folder).close()
    path = os.path.join(folder, "ledger.db")
    os.remove(path)
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.executescript(f"BEGIN; {schema.MIGRATIONS[0]}; PRAGMA user_version = 1; COMMIT;")
    os.chmod(path, 0o600)
    Ledger(folder).close()


def damaged(folder):
    path = os.path.join(folder, "ledger.db")
    with open(path, "r+b") as file:
        file.write(b"no database at all")
    Ledger(folder).close()


def removed(w):
    """Somebody was warned, and removed: what they had is exported."""
    w.tautulli.stop()
    w.people.users = [w.owner]
    h = House(w, os.environ)
    h.regulars()
    h.friend("dora", idle=35)
    w.tautulli.start()
    w.tautulli.api("refresh_users_list")
    h.prune(), h.deliver(), h.prune(3.1 * DAY)
    assert h.removed() == ["dora"], h.said
    h.ledger.close()
    folder = os.path.join(w.dir, "of-house")
    os.mkdir(folder)
    os.rename(h.data, os.path.join(folder, "data"))
    return folder


def modes(folder):
    about = {}
    for parent, folders, names in os.walk(folder):
        for name in (*folders, *names):
            path = os.path.join(parent, name)
            end = "/" if os.path.isdir(path) else ""
            about[os.path.relpath(path, folder).replace(os.sep, "/") + end] = stat.S_IMODE(os.lstat(path).st_mode)
    return about


@posix_only
def test_every_file_is_in_the_table_and_has_its_mode(found):
    wrong = {}
    for name, mode in found.items():
        if [wanted for pattern, wanted in table() if fnmatch.fnmatchcase(name, pattern)] not in ([mode], [mode] * 2):
            wrong[name] = oct(mode)
    assert not wrong, wrong


@posix_only
def test_every_row_of_the_table_is_found(found):
    lacking = [pattern for pattern, _ in table() if not fnmatch.filter(found, pattern)]
    assert not lacking


# ---- the first moment, and links ----


@posix_only
def test_no_database_is_anybodys_for_a_moment(tmp_path, monkeypatch):
    """SQLite makes files as the umask says: they are there, and 0600, before it opens them."""
    opened, connect = [], sqlite3.connect

    def looked(path, **kw):
        if path != ":memory:":
            opened.append((os.path.basename(path), stat.S_IMODE(os.stat(path).st_mode)))
        return connect(path, **kw)
    monkeypatch.setattr(sqlite3, "connect", looked)
    old = os.umask(0)
    try:
        Ledger(str(tmp_path / "data")).close()
        detached.hold(str(tmp_path / "data" / "some.lock")).close()
        path = tmp_path / "data" / "ledger.db"
        with contextlib.closing(connect(path)) as db:
            db.execute("PRAGMA user_version = 2")
            db.execute("DROP TABLE devices"), db.execute("DROP TABLE grants"), db.execute("DROP TABLE warned")
            for column in ("show", "transcode", "resolution", "bitrate", "file_bitrate"):
                db.execute(f"ALTER TABLE plays DROP COLUMN {column}")
        Ledger(str(tmp_path / "data")).close()
    finally:
        os.umask(old)
    assert {name for name, _ in opened} >= {"ledger.db", "ledger.db.new", "ledger.db.lock", "some.lock",
                                            f"ledger.db.before-{len(schema.MIGRATIONS)}"}
    assert {mode for _, mode in opened} == {0o600}, opened


TRAPS = ("ledger.db", "ledger.db.new", "ledger.db.lock", "usher.log", "some.lock", "config.cache", "config.valid.ini",
         "ledger.db-wal", "ledger.db-shm")  # fmt: skip


@root_only
@pytest.mark.parametrize("there", [False, True], ids=["to nothing", "to a file"])
@pytest.mark.parametrize("name", TRAPS)
def test_root_writes_through_no_link(tmp_path, name, there):
    """Whoever owns the data folder is not root: a link there leads root to nothing that it would write or give away."""
    data, target = tmp_path / "data", tmp_path / "of-root"
    data.mkdir()
    os.chown(data, 1234, 1234)
    if there:
        target.write_text("of root")
        target.chmod(0o644)
    (data / name).symlink_to(target)
    (tmp_path / "config.ini").write_text("[usher]\n")
    for act in (lambda: config.load(str(tmp_path / "config.ini"), {}), lambda: log.log(str(data), "info", "a line"),
                lambda: Ledger(str(data)).close(), lambda: detached.hold(str(data / "some.lock")).close(),
                lambda: give(str(data / name))):  # fmt: skip
        with contextlib.suppress(OSError, sqlite3.Error, UsherError):
            act()
    assert target.exists() == there
    if there:
        about = target.stat()
        assert target.read_text() == "of root"
        assert (about.st_uid, about.st_gid, stat.S_IMODE(about.st_mode)) == (0, 0, 0o644)



@pytest.mark.parametrize("leftover", ["a file", "a link"])
def test_a_draft_is_new(tmp_path, leftover):
    """What a process that died left behind, or somebody laid there, is not written into."""
    target = tmp_path / "target"
    target.write_text("before")
    path = tmp_path / "draft"
    path.symlink_to(target) if leftover == "a link" else path.write_text("left")
    old = os.umask(0)
    try:
        os.close(files.draft(str(path)))
        (tmp_path / "x.ini.new").symlink_to(target)
        ini_edit.write(str(tmp_path / "x.ini"), "[usher]\n")
    finally:
        os.umask(old)
    assert target.read_text() == "before" and path.read_bytes() == b"" and not path.is_symlink()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 or os.name != "posix"
    assert (tmp_path / "x.ini").read_text() == "[usher]\n"


@posix_only
def test_no_code_is_taken_from_the_working_folder(tmp_path, monkeypatch):
    """A path of Windows is a name like any other to this system: a folder that is called so is not a Tautulli."""
    for path in (*places.PROGRAMS, *places.DATA):
        if not path.startswith(("/", "~")):
            (tmp_path / path).mkdir()
            (tmp_path / path / "Tautulli.py").write_text("")
            (tmp_path / path / "config.ini").write_text("")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "nowhere"))
    assert all(os.path.isabs(path) for path in (*places.tautulli_programs({}), *places.tautulli_configs()))


def test_the_table_is_read():
    assert len(table()) > 12 and {mode for _, mode in table()} == {0o600, 0o700}
