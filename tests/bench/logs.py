"""The costs of keeping Plex's log: saving 25 and 250 MB of both formats, nothing new, searching, plays."""
import gzip
import json
import os
import random
import shutil
import subprocess
import sys
import time
from contextlib import closing
from datetime import datetime, timedelta

from tests.bench.figures import Figure, measured
from tests.sandbox.plexlog import CURRENT, filled, with_plays
from tests.sandbox.world import World

CONFIG = ("[usher]\ntimezone = UTC\n[tautulli]\nurl = {}\napikey = {}\n[plex]\nurl = {}\ntoken = {}\n"
          "[logs]\nenabled = yes\ncheck_every = 10s\nsource = {}\nfolder = {}\n")
SIZES = (25, 250)


def figures():
    with World() as world:
        for old in (False, True):
            for size in SIZES:
                yield from saving(world, size, old)
        yield from plays(world)
        yield downloading(world)


def saving(world, size, old):
    """One run with all of it new, beside Python's own gzip copying the same file; then one with nothing new."""
    name = f"{size} MB of {'2013' if old else 'today'}"
    usher, logs = configured(world, f"logs-{size}-{old}")
    path = os.path.join(logs, CURRENT)
    filled(path, size * 1_000_000, old)
    text = os.path.getsize(path)
    copies, ours, most = [], [], 0
    for _ in range(3 if size < 100 else 2):
        copies.append(timed(lambda: copied(path)))
        shutil.rmtree(os.path.join(usher.data, "logs"), ignore_errors=True)
        seconds, memory, said = run(world, usher)
        assert "saved from" in said, said
        ours.append(seconds)
        most = max(most, memory)
    copy, own = min(copies), min(ours)
    assert same(usher, path), "what was kept is not what was written"
    yield Figure(f"{name}, saved", f"{own:.2f} s, {text / own / 1e6:.0f} MB/s",
                 f"{copy / own:.2f} x the speed of Python's gzip ({copy:.2f} s)", "at least 0.8 x")
    yield Figure(f"{name}, memory; size kept", f"{most:.0f} MB; 1 to {ratio(usher, text):.0f}", "", "at most 30 MB")
    seconds, memory, said = run(world, usher)
    assert said == "logs: nothing new", said
    yield Figure(f"{name}, nothing new", f"{seconds:.2f} s", "", "under 0.2 s")
    seconds, memory, said = run(world, usher, "search", "--grep", "no such words")
    assert not said, said
    yield Figure(f"{name}, search for a plain word", f"{text / seconds / 1e6:.0f} MB/s", "",
                 "at least 100 MB/s" if size > 100 else "")
    os.remove(path)


def plays(world):
    """A day with plays among other lines."""
    for old in (False, True):
        usher, logs = configured(world, f"plays-{old}")
        began = datetime.now().replace(hour=0, minute=5, second=0, microsecond=0) - timedelta(days=1)
        text, made = with_plays(random.Random(3), began, 60, old=old)
        with open(os.path.join(logs, CURRENT), "wb") as file:
            file.write(text)
        run(world, usher)
        seconds, memory, said = run(world, usher, "plays", "--json")
        found = json.loads(said)
        assert sorted(map(key, found)) == sorted(map(key, made))
        pairs = zip(sorted(found, key=key), sorted(made, key=key), strict=True)
        error = max(abs((datetime.fromisoformat(f[k]) - getattr(m, k)).total_seconds())
                    for f, m in pairs for k in ("began", "ended"))
        yield Figure(f"plays of {'2013' if old else 'today'}",
                     f"{len(found)} of {len(made)} found, begin and end within {error:.0f} s, in {seconds:.2f} s", "",
                     "all, within 10 s")


def key(play):
    return (play["user"], play["item"]) if isinstance(play, dict) else (play.user, play.item)


def downloading(world):
    """25 MB out of Plex's own zip."""
    usher, logs = configured(world, "download", "download")
    path = os.path.join(logs, CURRENT)
    filled(path, 25_000_000)
    with open(path, "rb") as file:
        world.plex.log_files = {CURRENT: file.read()}
    seconds, memory, said = run(world, usher)
    assert "saved from Plex's download" in said, said
    return Figure("25 MB by Plex's own download", f"{seconds:.2f} s, {memory:.0f} MB of memory")


def configured(world, name, source="folder"):
    logs = os.path.join(world.dir, name, "Logs")
    os.makedirs(logs)
    t = world.tautulli
    text = CONFIG.format(t.url, t.api_key, world.plex.url, world.owner.token, source, logs)
    return world.install_usher(text, name=f"usher-{name}", register=False), logs


def run(world, usher, *arguments):
    """Seconds, most memory in MB, and what it said."""
    ledger = os.path.join(usher.data, "ledger.db")
    if not arguments and os.path.exists(ledger):
        import sqlite3

        with closing(sqlite3.connect(ledger, timeout=10)) as db, db:
            db.execute("DELETE FROM claims")
    script = os.path.join(usher.root, "agents", "archive_logs.py")
    seconds, memory, _, said = measured([world.tautulli.python, script, *arguments], usher.environment())
    return seconds, memory, said


def timed(act):
    begun = time.perf_counter()
    act()
    return time.perf_counter() - begun


def copied(path):
    """The same file by Python's own gzip, in a process like ours."""
    code = ("import gzip, shutil, sys\n"
            "with open(sys.argv[1], 'rb') as source, gzip.open(sys.argv[2], 'wb', 6) as target:\n"
            "    shutil.copyfileobj(source, target, 1 << 20)")
    subprocess.run([sys.executable, "-c", code, path, path + ".gz"], check=True)
    os.remove(path + ".gz")


def ratio(usher, text):
    folder = os.path.join(usher.data, "logs")
    return text / sum(os.path.getsize(os.path.join(folder, name)) for name in os.listdir(folder))


def same(usher, path):
    folder = os.path.join(usher.data, "logs")
    with open(path, "rb") as file:
        for name in sorted(os.listdir(folder)):
            with gzip.open(os.path.join(folder, name)) as kept:
                while block := kept.read(1 << 20):
                    if file.read(len(block)) != block:
                        return False
        return not file.read(1)
