"""config.ini is edited while somebody watches: a good edit holds at once, of a broken one the owner hears."""
import os
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.scenarios.stage import lasting, stage, together

GOOD = "[everyone]\ndaily = {}\n"
BROKEN = {
    "a bare number": b"[everyone]\ndaily = 3\n",
    "an unknown key": b"[everyone]\ndayly = 1h\ndaily = 1h\n",
    "half a line": b"[everyone\ndaily = 1h",
    "binary": bytes(range(256)) * 4,
    "another unit": b"[everyone]\ndaily = 1 lightyear\n",
    "two settings that exclude each other": b"[everyone]\nblocked = 1:00-2:00\nallowed = 3:00-4:00\ndaily = 9h\n",
    "secrets in broken lines": b"[plex]\ntokn = sEcReT-1\ntoken sEcReT-2\n[tautulli]\napikey: sEcReT-3\n",
    "gone": None,
    "a folder": "folder",
}
AFTER = 3               # seconds of playing until the edit


def play(host):
    parts = together(lambda: broken(host), lambda: edited(host), lambda: first(host), every=1)
    return SimpleNamespace(broken=parts[0], edited=parts[1], first=parts[2])


def broken(host):
    """One broken file after the other, while Ann watches for longer than all of them take; then a good one again."""
    with stage(host, GOOD.format("1h"), ["ann"]) as s:
        s.expected = ("config.ini", "in force")
        path, stream, told = Path(s.usher.root, "config.ini"), s.watch("ann"), {}
        s.keeper()
        lasting(stream, 1)
        for name, content in BROKEN.items():
            begun, before = time.time(), len(s.rows())
            put(path, content)
            s.until(lambda before=before: len(s.rows()) > before, 10, f"a row about {name}")
            stream.pause()
            stream.resume()
            direct = s.run("tick")
            told[name] = SimpleNamespace(seconds=time.time() - begun, rows=s.rows()[before:], alive=stream.alive,
                                         code=direct.returncode, out=direct.stdout, err=direct.stderr)
            if content == "folder":
                path.rmdir()
        mended = time.time()
        s.configure(GOOD.format("2s"))
        cut = s.cut(stream, 10, mended)
        quiet = s.run("tick")
        said = [s.usher.log(), *map(str, s.rows()), *(r.stdout + r.stderr for _, r in s.said)]
        return SimpleNamespace(told=told, cut=cut, quiet=quiet.stderr, said=said)


def put(path, content):
    if content in (None, "folder"):
        path.unlink(missing_ok=True)
        if content:
            path.mkdir()
    else:
        draft = path.with_suffix(".draft")
        draft.write_bytes(content)
        os.replace(draft, path)


def edited(host):
    """A limit that is broken in the file holds on; one that is raised or lowered holds anew."""
    with stage(host, GOOD.format("7s"), ["ann", "ben", "cas"]) as s:
        s.expected = ("config.ini", "in force")
        ann = s.watch("ann")
        lasting(ann, AFTER)
        put(Path(s.usher.root, "config.ini"), BROKEN["half a line"])
        held = s.cut(ann, 10)
        s.configure(GOOD.format("1h"))
        ben = s.watch("ben")
        s.until(lambda: s.number("SELECT COUNT(*) FROM plays WHERE user = 'ben'"), 5, "ben's play")
        lasting(ben, AFTER)
        s.configure(GOOD.format("5s"))
        lowered = s.cut(ben, 10)
        cas = s.watch("cas")
        lasting(cas, AFTER)
        s.configure(GOOD.format("8s"))
        return SimpleNamespace(held=held, lowered=lowered, raised=s.cut(cas, 12))


def first(host):
    """A broken first config: nobody is limited, the owner is told."""
    with stage(host, "[everyone]\ndaily = 2 hour glasses\n", ["ann"]) as s:
        s.expected = ("config.ini", "in force")
        stream = s.watch("ann")
        row = s.wait_row("config.ini has mistakes", 10)
        done = s.run("status")
        lasting(stream, 5)
        return SimpleNamespace(alive=stream.alive, stops=s.stops(stream), row=row, status=done)


# ---- what must have come of it ----

@pytest.mark.parametrize("name", BROKEN)
def test_the_owner_hears_of_a_broken_edit_once_and_within_a_minute(seen, name):
    told = seen.broken.told[name]
    assert told.seconds < 60 and [r[0] for r in told.rows] == ["Usher: config.ini has mistakes"], told.rows
    text = told.rows[0][1]
    assert text.startswith(("config.ini", "/")) and "In force: the last valid copy of " in text, text


@pytest.mark.parametrize("name", BROKEN)
def test_each_run_says_what_is_wrong_and_where(seen, name):
    told = seen.broken.told[name]
    assert told.code == 0 and told.alive and told.out.startswith("tick: ")
    assert "config.ini" in told.err and "the last valid copy of " in told.err


def test_a_secret_in_a_broken_line_is_not_said(seen):
    assert [line for text in seen.broken.said for line in text.splitlines() if "sEcReT" in line] == []


def test_a_good_edit_holds_at_once(seen):
    assert seen.broken.cut <= 2 and seen.broken.quiet == ""


def test_the_last_valid_limit_holds_while_the_file_is_broken(seen):
    assert abs(seen.edited.held - 7) <= 1


def test_a_limit_lowered_or_raised_in_mid_play(seen):
    assert abs(seen.edited.lowered - 5) <= 1 and abs(seen.edited.raised - 8) <= 1


def test_a_broken_first_config_limits_nobody_and_is_told(seen):
    assert seen.first.alive and not seen.first.stops and seen.first.status.returncode == 0
    assert "no limits: there is no valid configuration yet" in seen.first.row[1]
    assert "config.ini line" in seen.first.status.stdout
