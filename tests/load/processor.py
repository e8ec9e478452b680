"""Whose the processor's time was while something went on: the load's own, Usher's, that of others, nobody's."""
import os
import threading
import time
from pathlib import Path

from tests.bench.limits import cpu

TICK = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100


class Processor:
    """shares: percent of all cores together, by "load" (viewers, Plex and the host), "usher" (agents and timekeeper),
    "others" (of this machine) and "idle"; "keeper": the timekeeper's share of one core; "memory": its MB at most."""

    def __init__(self, stage):
        self.stage, self.shares = stage, {}

    def __enter__(self):
        self._over, self._keepers, self._memory = threading.Event(), {}, 0.0
        self._begun, self._busy, self._load, self._agents = time.monotonic(), busy(), self._own(), self._children()
        self._first = {pid: cpu(pid) for pid in self.stage.keepers()}
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join()
        seconds, cores = time.monotonic() - self._begun, os.cpu_count()
        keeper = sum(self._keepers.values()) - sum(self._first.values())
        load, usher = self._own() - self._load, self._children() - self._agents + keeper
        whole = seconds * cores / 100
        total = busy() - self._busy
        self.shares = {"load": load / whole, "usher": usher / whole, "others": max(0.0, total - load - usher) / whole,
                       "idle": max(0.0, seconds * cores - total) / whole, "keeper": keeper / seconds * 100,
                       "memory": self._memory}

    def _watch(self):
        while not self._over.wait(1):
            for pid in self.stage.keepers():
                try:
                    self._keepers[pid] = cpu(pid)
                    told = Path(f"/proc/{pid}/status").read_text()
                except OSError:
                    continue
                found = [line.split()[1] for line in told.splitlines() if line.startswith("VmRSS")]
                self._memory = max(self._memory, *(int(kb) / 1024 for kb in found), 0.0)

    def _own(self):
        """This process, in which viewers and Plex live, and the host."""
        t = os.times()
        pid = getattr(self.stage.world.tautulli, "pid", None)
        return t.user + t.system + (cpu(pid) if pid else 0.0)

    def _children(self):
        """The scripts that have ended, of this process and of the host."""
        t = os.times()
        pid = getattr(self.stage.world.tautulli, "pid", None)
        found = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[13:15] if pid else (0, 0)
        return t.children_user + t.children_system + sum(map(int, found)) / TICK


def busy():
    """Seconds that all cores have worked so far."""
    told = Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]
    user, nice, system, _, _, irq, soft, steal = map(int, told)
    return (user + nice + system + irq + soft + steal) / TICK
