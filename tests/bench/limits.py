"""The costs of limits: an event, the way to a stop, the timekeeper."""
import os
import sqlite3
import statistics
import subprocess
import sys
import time
from pathlib import Path

from tests.sandbox.base import wait_for
from tests.sandbox.processes import end, marked
from tests.sandbox.world import MARK, World

RUNS = 30
DEAR = ("requests", "plexapi", "dateutil", "smtplib")
LIVE = "[usher]\ndry_run = no\n[everyone]\ndaily = {}\nweekly = 60h\nblocked = schoolnight 03:00-03:01\n"


def main():
    print(f"Python {sys.version.split()[0]}, {os.cpu_count()} cores, {time.strftime('%Y-%m-%d')}; medians of {RUNS}")
    with World() as world:
        usher = world.install_usher(LIVE.format("9h"))
        events(world, usher)
        timekeeper(world, usher)
        leaving(world)
    for kept in (True, False):
        stopping(kept)
    return 0


def events(world, usher):
    """A pause and an allowed play of a limited user, while a timekeeper lives."""
    stream = world.plex.start_stream(world.bob, world.movie)
    wait_for(lambda: "timekeeper begins" in usher.log(), what="a timekeeper")
    python, environ = world.tautulli.python, usher.environment()
    commands = {"python3 -c pass": [python, "-c", "pass"]}
    for action, state in (("pause", "paused"), ("play", "playing")):
        commands[f"{action} event"] = [python, os.path.join(usher.root, "agents", "limit_streams.py"),
                                       *arguments(world, stream, action, state)]
    times = {name: [] for name in commands}
    for _ in range(RUNS + 2):
        for name, command in commands.items():
            begun = time.perf_counter()
            done = subprocess.run(command, env=environ, stdin=subprocess.DEVNULL, capture_output=True, text=True)
            times[name].append(time.perf_counter() - begun)
            assert done.returncode == 0 and not done.stderr, done
    bare = statistics.median(times["python3 -c pass"][2:])
    for name, seconds in times.items():
        middle = statistics.median(seconds[2:])
        print(f"{name:44} {middle * 1000:7.1f} ms   {middle / bare:5.2f} x bare Python")
    loaded = subprocess.run([commands["play event"][0], "-X", "importtime", *commands["play event"][1:]], env=environ,
                            capture_output=True, text=True).stderr
    found = [name for name in DEAR if f"| {name}\n" in loaded.replace("|   ", "| ")]
    assert not found, f"a play event loads {found}"
    print(f"{'loaded by a play event, of ' + ', '.join(DEAR):60} none")
    stream.stop()


def arguments(world, stream, action, state):
    told = {"event": action, "session-key": stream.key, "session-id": stream.id, "user-id": stream.user.id,
            "username": stream.user.name, "machine-id": stream.player["machineIdentifier"],
            "player": stream.player["title"], "rating-key": stream.item.key, "media-type": stream.item.type,
            "title": stream.item.title, "library": "Movies", "state": state, "offset": 0, "duration": 6000, "live": 0}
    return [f"--{name}={value}" for name, value in told.items()]


def timekeeper(world, usher):
    """Its processor time and memory with 20 streams."""
    people = [world.people.add(f"viewer {n}") for n in range(20)]
    streams = [world.plex.start_stream(p, world.movie, player=f"TV {n}") for n, p in enumerate(people)]
    wait_for(lambda: count(usher, "SELECT COUNT(*) FROM plays WHERE ended IS NULL") >= 20, 30, what="20 plays")
    time.sleep(3)                # the events' own looks are over
    pid = keepers(world)[0]
    seconds, begun = cpu(pid), time.time()
    time.sleep(30)
    share = (cpu(pid) - seconds) / (time.time() - begun)
    status = Path(f"/proc/{pid}/status").read_text()
    memory = int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) / 1024
    print(f"{'timekeeper with 20 streams, of one core':44} {share * 100:7.2f} %")
    print(f"{'timekeeper with 20 streams, memory':44} {memory:7.1f} MB")
    for s in streams:
        s.stop()


def leaving(world):
    """How long it stays after the last stream ended by itself."""
    ended = time.time()
    wait_for(lambda: not keepers(world), 60, what="the timekeeper leaving")
    print(f"{'gone after the last stream ended by itself':44} {time.time() - ended:7.1f} s")


def stopping(kept):
    """From the play event of an exhausted viewer to the request to terminate."""
    times = []
    with World() as world:
        usher = world.install_usher(LIVE.format("0m"))
        for n in range(10):
            if not kept and keepers(world):
                end(keepers(world))
                wait_for(lambda: not keepers(world), what="no timekeeper")
            stream = world.plex.start_stream(world.bob, world.movie)
            begun = stream.events[0][0]
            wait_for(lambda s=stream: not s.alive, 15, every=0.01, what="the stop")
            told = next(t for t in world.plex.terminations if t.stream is stream)
            if n:
                times.append(told.time - begun)
        if kept:
            after_a_stop(world, usher)
    name = "play event to terminate, timekeeper " + ("alive" if kept else "not running")
    print(f"{name:44} {statistics.median(times) * 1000:7.1f} ms   (at most {max(times) * 1000:.0f})")


def after_a_stop(world, usher):
    """It stays for half an hour after a stop; that half hour is taken off the ledger's clock here."""
    assert keepers(world), "gone too early"
    ledger = sqlite3.connect(os.path.join(usher.data, "ledger.db"), timeout=10)
    with ledger:
        ledger.execute("UPDATE stops SET last_at = last_at - 1800")
    ledger.close()
    rewound = time.time()
    wait_for(lambda: not keepers(world), 60, what="the timekeeper leaving")
    print(f"{'gone after the last stop: 30 min and':44} {time.time() - rewound:7.1f} s")


def keepers(world):
    """The process ids of this world's timekeepers."""
    found = []
    for pid in marked(f"{MARK}={world.id}"):
        try:
            if b"--keep-time" in Path(f"/proc/{pid}/cmdline").read_bytes():
                found.append(pid)
        except OSError:
            continue
    return found


def cpu(pid):
    """Processor seconds of a process so far."""
    told = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")


def count(usher, query):
    db = usher.ledger()
    try:
        return db.execute(query).fetchone()[0]
    finally:
        db.close()
