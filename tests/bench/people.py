"""The costs of the care for users: a run with nothing due, and a plan for ten thousand users."""
import json
import os
import statistics
import subprocess
import sys
import time

from tests.sandbox.world import World

RUNS = 30
USERS, ROWS = 10_000, 1_000_000
LIVE = ("[usher]\ndry_run = no\n[tautulli]\nurl = {}\napikey = {}\n[plex]\nurl = {}\ntoken = {}\n"
        "[prune]\nenabled = yes\n[welcome]\nenabled = yes\n")
DEAR = ("requests", "plexapi", "dateutil", "smtplib", "json", "http.client")


def main():
    with World() as world:
        nothing_due(world, configured(world))
    full_plan()
    return 0


def configured(world):
    t = world.tautulli
    return world.install_usher(LIVE.format(t.url, t.api_key, world.plex.url, world.owner.token))


def nothing_due(world, usher):
    """Both agents fired while check_every is not over."""
    python, environ = world.tautulli.python, usher.environment()
    commands = {"python3 -c pass": [python, "-c", "pass"]}
    for name in ("prune_users", "welcome_users"):
        commands[f"{name}.py, nothing due"] = [python, os.path.join(usher.root, "agents", f"{name}.py")]
        first = subprocess.run(commands[f"{name}.py, nothing due"], env=environ, capture_output=True, text=True)
        assert first.returncode == 0 and " users" in first.stdout, first
    before = sum(len(fake.requests) for fake in (world.plex, world.plextv, world.tautulli.server))
    times = {name: [] for name in commands}
    for _ in range(RUNS + 2):
        for name, command in commands.items():
            begun = time.perf_counter()
            done = subprocess.run(command, env=environ, stdin=subprocess.DEVNULL, capture_output=True, text=True)
            times[name].append(time.perf_counter() - begun)
            assert done.returncode == 0 and not done.stderr and (len(command) > 2 or "nothing is due" in done.stdout)
    bare = statistics.median(times["python3 -c pass"][2:])
    for name, seconds in times.items():
        middle = statistics.median(seconds[2:])
        print(f"{name:44} {middle * 1000:7.1f} ms   {middle / bare:5.2f} x bare Python")
    for name in list(commands)[1:]:
        loaded = subprocess.run([python, "-X", "importtime", commands[name][1]], env=environ, capture_output=True,
                                text=True).stderr
        found = [dear for dear in DEAR if f"| {dear}\n" in loaded.replace("|   ", "| ")]
        assert not found, f"{name} loads {found}"
    asked = sum(len(fake.requests) for fake in (world.plex, world.plextv, world.tautulli.server)) - before
    print(f"{'requests of these runs':44} {asked:7}")


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
            print(f"{which} plan of {USERS} users, {ROWS} plays: {seconds:.1f} s, requests: "
                  f"Tautulli {len(world.tautulli.server.requests) - asked}, "
                  + ", ".join(f"{n} {len(getattr(world, n).requests) - m}" for n, m in marks.items()))
        memory, seconds = peak(world, usher)
        print(f"{'memory of such a plan':44} {memory:7.1f} MB")
        print(f"{'processor time of it, without the services':44} {seconds:7.1f} s")


def peak(world, usher):
    """Most memory of one plan and its processor time, as the kernel counted them for the process that waited for it."""
    code = ("import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL); "
            "r = resource.getrusage(resource.RUSAGE_CHILDREN); print(r.ru_maxrss, r.ru_utime + r.ru_stime)")
    command = [sys.executable, "-c", code, world.tautulli.python, os.path.join(usher.root, "agents", "prune_users.py"),
               "plan", "--json"]
    told = subprocess.run(command, env=usher.environment(), capture_output=True, text=True, check=True).stdout
    memory, seconds = map(float, told.split())
    return memory / (1024 if sys.platform != "darwin" else 1 << 20), seconds


if __name__ == "__main__":
    sys.exit(main())
