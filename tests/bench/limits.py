"""The costs of limits: an event, the way to a stop, the timekeeper."""
import os
import sqlite3
import statistics
import time
from pathlib import Path

from tests.bench.figures import DEAR, Figure, beside_bare_python, loads
from tests.sandbox.base import wait_for
from tests.sandbox.processes import end, marked
from tests.sandbox.world import MARK, World

LIVE = "[usher]\ndry_run = no\n[everyone]\ndaily = {}\nweekly = 60h\nblocked = schoolnight 03:00-03:01\n"


def figures():
    with World() as world:
        usher = world.install_usher(LIVE.format("9h"))
        yield from events(world, usher)
        yield from timekeeper(world, usher)
        yield leaving(world)
    for kept in (True, False):
        yield from stopping(kept)


def events(world, usher):
    """A pause and an allowed play of a limited user, while a timekeeper lives."""
    stream = world.plex.start_stream(world.bob, world.movie)
    wait_for(lambda: "timekeeper begins" in usher.log(), what="a timekeeper")
    agent, python, environ = os.path.join(usher.root, "agents", "limit_streams.py"), world.tautulli.python, \
        usher.environment()
    commands = {"a pause event": [agent, *arguments(world, stream, "pause", "paused")],
                "a play event that is allowed": [agent, *arguments(world, stream, "play", "playing")]}
    yield from beside_bare_python(python, environ, commands, "at most 4 x")
    found = loads(python, environ, commands["a play event that is allowed"])
    assert not found, f"a play event loads {found}"
    yield Figure(f"of {', '.join(DEAR)} a play event loads", "none", "", "none")
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
    yield Figure("timekeeper with 20 streams, of one core", f"{share * 100:.2f} %", "", "under 1 %")
    yield Figure("timekeeper with 20 streams, memory", f"{memory:.0f} MB", "", "under 50 MB")
    for s in streams:
        s.stop()


def leaving(world):
    """How long it stays after the last stream ended by itself."""
    ended = time.time()
    wait_for(lambda: not keepers(world), 60, what="the timekeeper leaving")
    return Figure("timekeeper gone after the last stream ended by itself", f"{time.time() - ended:.0f} s", "",
                  "within 60 s")


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
            yield after_a_stop(world, usher)
    name = "from the play event of somebody without time left to the request to stop"
    yield Figure(name + ("" if kept else ", without a timekeeper"), f"{statistics.median(times):.2f} s",
                 f"at most {max(times):.2f} s", "at most 0.3 s")


def after_a_stop(world, usher):
    """It stays for half an hour after a stop; that half hour is taken off the ledger's clock here."""
    assert keepers(world), "gone too early"
    ledger = sqlite3.connect(os.path.join(usher.data, "ledger.db"), timeout=10)
    with ledger:
        ledger.execute("UPDATE stops SET last_at = last_at - 1800")
    ledger.close()
    rewound = time.time()
    wait_for(lambda: not keepers(world), 60, what="the timekeeper leaving")
    return Figure("timekeeper gone after the last stop", f"30 min and {time.time() - rewound:.0f} s", "",
                  "within 31 min")


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
