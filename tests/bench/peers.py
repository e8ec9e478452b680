"""Beside others' scripts in the same situation, on the stand-in; each peer's folder is given by --peer NAME=FOLDER."""
import json
import os
import sqlite3
import sys
import time
from contextlib import closing

from tests.bench import logs
from tests.bench.figures import Figure, measured
from tests.bench.limits import LIVE, arguments, keepers
from tests.bench.limits import cpu as cpu_of
from tests.sandbox.base import wait_for
from tests.sandbox.plexlog import CURRENT, filled
from tests.sandbox.world import World

RUNS, STREAMS = 10, 20
SAVER = """
import builtins, importlib.util, json, os, sys
own = builtins.open
builtins.open = lambda name, mode="r", *a, **k: own(name, mode.replace("U", ""), *a, **k)  # Python 3.11 knows no "U"
folder, logs = sys.argv[1:]
sys.path.insert(0, folder)
from plex.util import CONFIG_VERSION
os.mkdir("logs")
json.dump({"config_version": CONFIG_VERSION, "log_file_name": "plex-{datetime[0]:04d}-{datetime[1]:02d}.log",
           "log_file_match": "plex-*.log*", "log_save_mode": "gzip", "plex_last_datetime": "2000-1-1-0-0-0-0",
           "plex_log_dir": logs, "plex_server_host": "localhost", "plex_server_port": 32400},
          own("logs/config.cfg", "w"))
found = importlib.util.spec_from_file_location("saver", os.path.join(folder, "plex-log-saver.py"))
saver = importlib.util.module_from_spec(found)
found.loader.exec_module(saver)
saver.main()
"""


def figures(folders):
    """folders: where each peer lies, by its name; those that are not there are left out."""
    if "jbops" in folders:
        yield from kill_stream(folders["jbops"])
    if "no-plex" in folders:
        yield from no_plex(folders["no-plex"])
    if "plex-reporter" in folders:
        yield from plex_reporter(folders["plex-reporter"])


def kill_stream(folder):
    """Somebody without time left presses play: one run of each, in a world of its own; and the seconds until Plex is
    asked to end the stream."""
    seen = {}
    for name in ("JBOPS kill_stream.py", "Usher"):
        with World() as world:
            usher = world.install_usher(LIVE.format("0m"), triggers={})
            ours = os.path.join(usher.root, "agents", "limit_streams.py")
            runs = []
            for _ in range(RUNS):
                stream = world.plex.start_stream(world.bob, world.movie)
                theirs = [os.path.join(folder, "killstream", "kill_stream.py"), "--jbop", "stream", "--userId",
                          str(world.bob.id), "--username", "bob", "--sessionId", stream.id, "--killMessage", "Over"]
                own = [ours, *arguments(world, stream, "play", "playing")]
                begun = time.time()
                ran = measured([world.tautulli.python, *(own if name == "Usher" else theirs)], usher.environment())
                wait_for(lambda s=stream: not s.alive, 15, every=0.01, what="the stop")
                told = next(t for t in world.plex.terminations if t.stream is stream)
                runs.append((ran[0], ran[1], told.time - begun))
            seen[name] = [sorted(column)[RUNS // 2] for column in zip(*runs, strict=True)]
    for n, (what, text) in enumerate((("the script's run", "{:.3f} s"), ("its memory", "{:.0f} MB"),
                                      ("until Plex is asked to stop", "{:.2f} s"))):
        theirs, ours = (seen[name][n] for name in seen)
        yield Figure(f"a play that is over at once, {what}", text.format(ours),
                     f"{ours / theirs:.2f} x JBOPS' kill_stream.py ({text.format(theirs)})")


def no_plex(folder):
    """Twenty streams: no-plex is started every five seconds, the timekeeper looks every five seconds."""
    with World() as world:
        usher = world.install_usher(LIVE.format("9h"))
        people = [world.people.add(f"viewer {n}") for n in range(STREAMS)]
        streams = [world.plex.start_stream(p, world.movie, player=f"TV {n}") for n, p in enumerate(people)]
        wait_for(lambda: len(world.tautulli.api("get_activity")["sessions"]) == STREAMS and keepers(world), 60,
                 what="all of them")
        place = os.path.join(world.dir, "no-plex")
        os.mkdir(place)
        script = os.path.join(place, "plex-limit-state.py")
        with open(os.path.join(folder, "plex-limit-state.py"), encoding="utf-8") as source, \
                open(script, "w", encoding="utf-8") as target:
            target.write(source.read().replace("if is_sunday():", "if False:"))     # it does nothing on Sundays
        environ = {**usher.environment(), "TAUTULLI_API_KEY": world.tautulli.api_key}
        runs = [measured([world.tautulli.python, script], environ) for _ in range(RUNS)]
        with closing(sqlite3.connect(os.path.join(place, "plex_session_tracker.db"))) as db:
            assert db.execute("SELECT COUNT(*) FROM session_tracker").fetchone()[0] == STREAMS
        time.sleep(5)
        pid = keepers(world)[0]
        before, begun = cpu_of(pid), time.time()
        time.sleep(30)
        ours = (cpu_of(pid) - before) / (time.time() - begun) * 100
        theirs = sorted(run[2] for run in runs)[RUNS // 2] / 5 * 100
        yield Figure(f"watching {STREAMS} streams, of one core", f"{ours:.2f} %",
                     f"{ours / theirs:.2f} x no-plex every 5 s ({theirs:.1f} %)")
        for stream in streams:
            stream.stop()


def plex_reporter(folder):
    """25 MB of the log's format of 2013, the only one that it reads."""
    with World() as world:
        usher, place = logs.configured(world, "peer")
        path = os.path.join(place, CURRENT)
        filled(path, 25_000_000, True)
        size = os.path.getsize(path)
        ours, memory, said = logs.run(world, usher)
        assert "saved from" in said and logs.same(usher, path), said
        theirs = os.path.join(world.dir, "theirs")
        os.mkdir(theirs)
        seconds, most, _, said = measured([sys.executable, "-c", SAVER, folder, place], dict(os.environ), theirs)
        kept = [name for name in os.listdir(os.path.join(theirs, "logs")) if name != "config.cfg"]
        assert kept and json.load(open(os.path.join(theirs, "logs", "config.cfg"))), said  # noqa: SIM115
        yield Figure("25 MB of 2013, saved", f"{ours:.2f} s, {size / ours / 1e6:.0f} MB/s",
                     f"{seconds / ours:.0f} x the speed of plex-reporter ({seconds:.1f} s)")
        yield Figure("25 MB of 2013, memory", f"{memory:.0f} MB",
                     f"{memory / most:.2f} x plex-reporter ({most:.0f} MB)")
