"""Usher under load: a crowd on the real Tautulli, which starts the agents itself, and a larger one without it.

What is seen is judged in two ways. `wrong()` are wrong results: an event lost, somebody's time charged wrongly, an
error or a lock in any log. The seconds are figures: of them nobody is judged here.
"""
import os
import random
import re
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from subprocess import DEVNULL, PIPE, Popen
from typing import NamedTuple

from tests.load.crowd import Crowd, Viewer, turns_of
from tests.load.processor import Processor
from tests.scenarios.stage import outputs, stage

REPORT = 10.0          # seconds between the reports of a player, as with a real server
CHARGE = 5.0           # seconds, one poll, by which a person's charged time may differ from the truth, in all
SEED = 7
STARTED = re.compile(r"Full script is: .*--event=(\w+).*--session-key=(\d+)")      # how a host logs it
NOTE = '''
import atexit, time

def _note(born=int(open("/proc/self/stat").read().rpartition(")")[2].split()[19]) / os.sysconf("SC_CLK_TCK")):
    line = f"{time.clock_gettime(time.CLOCK_BOOTTIME) - born:.4f} {sys.argv[1]}\\n".encode()
    os.write(os.open("{path}", os.O_WRONLY | os.O_APPEND | os.O_CREAT), line)

atexit.register(_note)
'''    # what is added to the world's copy of the agent: how old its process is when it ends


class Seen(NamedTuple):
    """walls: seconds from the start of each event's process to its end; handed, written: how often each (session key,
    action) was given to an agent and stands in the ledger; cuts: seconds by which each came late, uncut: who was not
    though their time was over; charges: by how much each person's charged time is off; faults: what stands in logs and
    should not; told: seconds from a press to the begin of its script, which is the host's own doing; behind: seconds
    by which the last press came late, where the load is too much for the machine."""

    viewers: int
    rate: float
    seconds: float
    walls: list
    handed: Counter
    written: Counter
    cuts: list
    uncut: list
    charges: list
    faults: list
    processor: dict
    told: list
    behind: float


def wrong(seen):
    """What should not be, in words."""
    found = [f"{n} event(s) lost: {key}" for key, n in (seen.handed - seen.written).items()]
    found += [f"{n} event(s) too many: {key}" for key, n in (seen.written - seen.handed).items()]
    found += [f"charged {off:+.1f} s" for off in seen.charges if abs(off) > CHARGE]
    found += [f"{name} was not cut" for name in seen.uncut]
    return found + seen.faults


def on_tautulli(viewers=20, rate=5, seconds=300, seed=SEED, host="real"):
    """The host starts the agents itself."""
    with crowded(host, viewers, seconds, seed) as (s, crowd):
        noted = os.path.join(s.world.dir, "walls")
        agent = Path(s.usher.root, "agents", "limit_streams.py")
        text = agent.read_text(encoding="utf-8")
        agent.write_text(text.replace('\nif __name__ == "__main__":', NOTE.replace("{path}", noted) +
                                      '\n\nif __name__ == "__main__":'), encoding="utf-8")
        with Processor(s) as processor:
            crowd.begin(1 / rate)
            behind = crowd.storm(rate, seconds)
            crowd.leave(1 / rate)
            settled(lambda: len(STARTED.findall(s.whole_log())))
        handed = Counter((key, action) for action, key in STARTED.findall(s.whole_log()))
        walls = [float(line.split()[0]) for line in Path(noted).read_text().splitlines() if "--event=" in line]
        return look(s, crowd, viewers, rate, seconds, walls, handed, processor, behind)


def directly(viewers=100, rate=10, seconds=180, seed=SEED):
    """The agents are started as Tautulli starts them, by nobody who could fall behind; Tautulli only answers."""
    walls, handed = [], Counter()
    with crowded("standin", viewers, seconds, seed, triggers={}) as (s, crowd), ThreadPoolExecutor(64) as pool:
        s.world.plex.sever()            # else Tautulli would read all sessions at each press, beside the agents
        environ, said = s.usher.environment(), []
        command = [s.world.tautulli.python, os.path.join(s.usher.root, "agents", "limit_streams.py")]

        def run(arguments):
            begun = time.perf_counter()
            with Popen([*command, *arguments], env=environ, stdin=DEVNULL, stdout=PIPE, stderr=PIPE, text=True) as done:
                out, err = done.communicate()
            walls.append(time.perf_counter() - begun)
            if done.returncode or err or out.count("\n") != 1:
                said.append(f"exit {done.returncode}: {out}{err}")

        def hand(action, stream):
            handed[str(stream.key), action] += 1
            p = stream.player
            pool.submit(run, s.event(
                action, stream, platform=p["platform"], product=p["product"], address=p["address"],
                location=stream.location, home=0, restricted=0, show="", video="direct play", audio="direct play",
                resolution="1080", bitrate=8000, file_bitrate=8000, relayed=0))
        crowd.hand = hand
        with Processor(s) as processor:
            crowd.begin(1 / rate)
            behind = crowd.storm(rate, seconds)
            crowd.leave(1 / rate)
            pool.shutdown(wait=True)
        return look(s, crowd, viewers, rate, seconds, walls, handed, processor, behind, said)


@contextmanager
def crowded(host, viewers, seconds, seed, **kw):
    """A house with this many viewers. Every fourth has a limit which is over within the run, if they pause no more than
    half of it."""
    names, dice = [f"viewer{n}" for n in range(viewers)], random.Random(seed)
    limits = {name: max(3, round(seconds * dice.uniform(0.1, 0.3))) for name in names[::4]}
    rules = "[everyone]\ndaily = 20h\n" + "".join(
        f"[person:{name}]\nusers = {name}\ndaily = {limit}s\n" for name, limit in limits.items())
    with stage(host, rules, names, tick=REPORT, report_every=REPORT, install=kw) as s:
        yield s, Crowd(s, [Viewer(s.people[name], limits.get(name)) for name in names], dice)


def look(s, crowd, viewers, rate, seconds, walls, handed, processor, behind, said=()):
    """Wait until all is written down, then compare with what was."""
    settled(lambda: s.number("SELECT COUNT(*) FROM events"))
    s.until(lambda: not s.number("SELECT COUNT(*) FROM plays WHERE ended IS NULL"), 30, "the end of all plays")
    written = Counter({(key, action): n for key, action, n in s.ask(
        "SELECT session_key, action, COUNT(*) FROM events GROUP BY session_key, action")})
    charged = dict(s.ask("SELECT user_id, SUM(s.ended - s.began) FROM plays p JOIN spans s ON s.play_id = p.id "
                         "GROUP BY user_id"))
    faults = [line for line in s.usher.log().splitlines() if re.search(r"^\S+ \S+ (warning|error) |locked", line)]
    faults += [*said, *outputs(s.whole_log(), "error")]
    return Seen(viewers, rate, seconds, walls, handed, written,
                [late for _, late in crowd.cuts()],
                [v.user.name for v in crowd.viewers
                 if v.limit and v.played() > v.limit + CHARGE and not crowd.is_cut(v)],
                [charged.get(v.user.id, 0.0) - v.played() for v in crowd.viewers], faults, processor.shares,
                told_after(s, crowd), behind)


def told_after(s, crowd):
    """From each press to the begin of its script; the first event of a kind tells of the first press, and so on."""
    found = []
    for viewer in crowd.viewers:
        for stream in viewer.streams:
            for action, state in (("pause", "paused"), ("resume", "playing")):
                told = s.ask("SELECT at FROM events WHERE session_key = ? AND action = ? ORDER BY at", str(stream.key),
                             action)
                pressed = [at for at, to in turns_of(stream)[1:] if to == state]
                found += [row[0] - at for row, at in zip(told, pressed, strict=False)]
    return found


def settled(number, still=3.0):
    """Wait until a number has not changed for a while."""
    last, since = number(), time.monotonic()
    while time.monotonic() - since < still:
        time.sleep(0.2)
        now = number()
        if now != last:
            last, since = now, time.monotonic()
