"""What the parts of the bench have in common: a figure, and the cost of a process beside that of a bare Python."""
import statistics
import subprocess
import sys
import time
from typing import NamedTuple

RUNS = 30
MEASURE = """
import resource, subprocess, sys, time
begun = time.perf_counter()
done = subprocess.run(sys.argv[1:], stdin=subprocess.DEVNULL, capture_output=True)
seconds, used = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
assert done.returncode == 0 and not done.stderr, done.stderr
print(seconds, used.ru_maxrss, used.ru_utime + used.ru_stime, flush=True)
sys.stdout.buffer.write(done.stdout)
"""
DEAR = ("requests", "plexapi", "dateutil", "smtplib")


class Figure(NamedTuple):
    """One row. against: as a ratio to its baseline of the same run; asked: what the project asks of itself."""

    what: str
    figure: str
    against: str = ""
    asked: str = ""


def beside_bare_python(python, environ, commands, asked="", right=lambda done: True):
    """Figures of commands (name: arguments of Python), all in turn with `python3 -c pass`; medians of RUNS. Each run
    must succeed, say nothing on stderr, and be `right`."""
    commands = {"python3 -c pass": ["-c", "pass"], **commands}
    times = {name: [] for name in commands}
    for n in range(RUNS + 2):
        for name, command in commands.items():
            begun = time.perf_counter()
            done = subprocess.run([python, *command], env=environ, stdin=subprocess.DEVNULL, capture_output=True,
                                  text=True)
            if n > 1:
                times[name].append(time.perf_counter() - begun)
            assert done.returncode == 0 and not done.stderr and (command[0] == "-c" or right(done)), done
    bare, *rest = [(name, statistics.median(seconds)) for name, seconds in times.items()]
    yield Figure("`python3 -c pass` in the same environment", f"{bare[1] * 1000:.1f} ms")
    for name, seconds in rest:
        yield Figure(name, f"{seconds * 1000:.1f} ms", f"{seconds / bare[1]:.1f} x bare Python", asked)


def loads(python, environ, command, dear=DEAR):
    """Which of these packages a command loads."""
    told = subprocess.run([python, "-X", "importtime", *command], env=environ, capture_output=True, text=True).stderr
    return [name for name in dear if f"| {name}\n" in told.replace("|   ", "| ")]


def measured(command, environ, cwd=None):
    """Run a command: (seconds, most memory in MB, seconds of the processor, what it wrote to stdout). Its parent is a
    small process: at its begin a child counts what its parent has."""
    done = subprocess.run([sys.executable, "-c", MEASURE, *command], env=environ, cwd=cwd, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    first, _, said = done.stdout.partition("\n")
    seconds, memory, processor = map(float, first.split())
    return seconds, memory / 1024, processor, said.strip()
