"""The costs of the care for users: a run with nothing due, and a plan for ten thousand users."""
import json
import os
import subprocess
import time

from tests.bench.figures import DEAR, Figure, beside_bare_python, loads, measured
from tests.sandbox.world import World

USERS, ROWS = 10_000, 1_000_000
LIVE = ("[usher]\ndry_run = no\n[tautulli]\nurl = {}\napikey = {}\n[plex]\nurl = {}\ntoken = {}\n"
        "[prune]\nenabled = yes\n[welcome]\nenabled = yes\n")
DEARER = (*DEAR, "json", "http.client")


def figures():
    with World() as world:
        yield from nothing_due(world, configured(world))
    yield from full_plan()


def configured(world):
    t = world.tautulli
    return world.install_usher(LIVE.format(t.url, t.api_key, world.plex.url, world.owner.token))


def nothing_due(world, usher):
    """Both agents fired while check_every is not over."""
    python, environ, commands = world.tautulli.python, usher.environment(), {}
    for name in ("prune_users", "welcome_users"):
        agent = os.path.join(usher.root, "agents", f"{name}.py")
        commands[f"{name}.py, nothing due"] = [agent]
        first = subprocess.run([python, agent], env=environ, capture_output=True, text=True)
        assert first.returncode == 0 and " users" in first.stdout, first
    fakes = world.plex, world.plextv, world.tautulli.server
    before = sum(len(fake.requests) for fake in fakes)
    yield from beside_bare_python(python, environ, commands, "at most 4 x",
                                  lambda done: "nothing is due" in done.stdout)
    for name, command in commands.items():
        found = loads(python, environ, command, DEARER)
        assert not found, f"{name} loads {found}"
    asked = sum(len(fake.requests) for fake in fakes) - before
    assert not asked, f"{asked} requests with nothing due"
    yield Figure("requests of all these runs", str(asked), "", "none")


def full_plan():
    """A plan of ten thousand users with a million plays: time, requests, memory; with an empty and a filled ledger."""
    with World(history={"users": USERS, "rows": ROWS, "days": 120}) as world:
        usher = configured(world)
        for which in ("first", "second"):
            marks = {name: len(getattr(world, name).requests) for name in ("plex", "plextv")}
            asked = len(world.tautulli.server.requests)
            begun = time.perf_counter()
            done = usher.run("plan", "--json", script="agents/prune_users.py", timeout=120)
            seconds = time.perf_counter() - begun
            assert done.returncode == 0, done.stderr
            assert len(json.loads(done.stdout)["users"]) >= USERS
            what = f"{which} plan of {USERS:,} users, {ROWS:,} plays"
            yield Figure(what, f"{seconds:.1f} s", "", "under 10 s")
            yield Figure(f"{what}, requests", f"Tautulli {len(world.tautulli.server.requests) - asked}, "
                         + ", ".join(f"{n} {len(getattr(world, n).requests) - m}" for n, m in marks.items()), "",
                         "Tautulli at most 20")
        agent = os.path.join(usher.root, "agents", "prune_users.py")
        _, memory, seconds, _ = measured([world.tautulli.python, agent, "plan", "--json"], usher.environment())
        yield Figure("memory of such a plan", f"{memory:.0f} MB", "", "under 150 MB")
        yield Figure("processor time of it, without the services", f"{seconds:.1f} s")
