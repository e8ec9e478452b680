"""Folders and files that Usher makes, and whose they are."""
import os
import stat

import pytest

from shared import config, log
from shared.files import give, make_folder
from shared.ledger import Ledger

root_only = pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root gives files away")


def test_a_folder_and_all_above_it(tmp_path):
    make_folder(str(tmp_path / "a" / "b"))
    make_folder(str(tmp_path / "a" / "b"))
    if os.name == "posix":
        assert {stat.S_IMODE(p.stat().st_mode) for p in (tmp_path / "a", tmp_path / "a" / "b")} == {0o700}


def test_where_a_file_is_in_the_way(tmp_path):
    (tmp_path / "a").write_text("x")
    for path in ("a", "a/b"):
        with pytest.raises(OSError):
            make_folder(str(tmp_path / path))


def test_a_drive_that_is_not_there_is_no_endless_search(tmp_path, monkeypatch):
    """As a mapped drive is to a Windows service: not even the topmost folder exists."""
    monkeypatch.setattr(os.path, "isdir", lambda path: False)
    monkeypatch.setattr(os.path, "lexists", lambda path: False)
    monkeypatch.setattr(os, "mkdir", lambda *_: (_ for _ in ()).throw(FileNotFoundError()))
    with pytest.raises(FileNotFoundError):
        make_folder(str(tmp_path / "data"))


@root_only
def test_what_root_makes_belongs_to_the_owner_of_the_folder_around(tmp_path):
    os.chown(tmp_path, 1234, 1235)
    make_folder(str(tmp_path / "a" / "b"))
    (tmp_path / "a" / "b" / "file").write_text("x")
    give(str(tmp_path / "a" / "b" / "file"))
    for path in ("a", "a/b", "a/b/file"):
        about = (tmp_path / path).stat()
        assert (about.st_uid, about.st_gid) == (1234, 1235), path


@root_only
def test_a_share_on_which_root_may_give_nothing_away(tmp_path, monkeypatch):
    """Settings, log and ledger work there all the same."""
    def refuse(*_, **__):
        raise PermissionError(1, "Operation not permitted")
    monkeypatch.setattr(os, "chown", refuse)
    path = tmp_path / "config.ini"
    path.write_text("[usher]\n")
    data = config.load(str(path), {}).get("usher", "data_dir")
    log.log(data, "info", "a line")
    Ledger(data).close()
    found = {name: os.path.getsize(os.path.join(data, name)) for name in os.listdir(data)}
    wanted = (config.CACHE, config.VALID_COPY, "usher.log", "ledger.db")
    assert all(found.get(name) for name in wanted), found
