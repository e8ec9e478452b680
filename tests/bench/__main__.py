"""`python3 tests/bench [PART …] [--seed N] [--peer NAME=FOLDER …]`: what Usher costs and withstands, in figures.

They are ratios to a baseline of the same run (a bare Python, Python's gzip, others' scripts), and seconds beside them.
Without a PART it runs all of them, then writes BENCHMARKS.md and the table in README.md. It judges nothing by the
clock: it ends with 1 where a result is wrong, and then writes nothing. It makes an environment of its own, in which
PYTHONPATH is set as Tautulli sets it. With TAUTULLI_HOME the parts that are about a Tautulli use that one.
"""
import argparse
import importlib
import inspect
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
PROJECT = os.path.dirname(os.path.dirname(HERE))
# each a module here: the first line of its docstring is the heading, its figures() yields what it finds
PARTS = ("limits", "rules", "people", "report", "logs", "backtest", "load", "live", "peers")
PEERS = ("jbops", "no-plex", "plex-reporter")


def main(arguments):
    sys.path.insert(0, PROJECT)
    if os.environ.get("USHER_BENCH"):
        return run(arguments)
    import subprocess

    from tests import environment

    options(arguments)          # a mistake is told before an environment is made
    lists = [os.path.join(PROJECT, "requirements.txt"), os.path.join(PROJECT, "tests", "sandbox", "requirements.txt")]
    python, clean = environment.ready(PROJECT, "bench", lists)
    command = [python, HERE, *map(absolute, arguments)]
    return subprocess.run(command, cwd=PROJECT, env={**clean, "USHER_BENCH": "1"}).returncode


def options(arguments):
    parser = argparse.ArgumentParser(prog="python3 tests/bench", description=__doc__.partition(": ")[2],
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART", choices=[*PARTS, []], help=", ".join(PARTS))
    parser.add_argument("--seed", type=int, default=1, help="of the faults in the part `live`")
    parser.add_argument("--peer", action="append", default=[], metavar="NAME=FOLDER", type=peer,
                        help=f"where another's scripts lie: {', '.join(PEERS)}")
    return parser.parse_args(arguments)


def peer(text):
    name, _, folder = text.partition("=")
    if name not in PEERS or not os.path.isdir(folder):
        raise argparse.ArgumentTypeError(f"{text!r} is not one of {', '.join(PEERS)} with its folder")
    return name, os.path.abspath(folder)


def absolute(argument):
    """A folder named as of the caller's own."""
    name, equals, folder = argument.partition("=")
    return f"{name}={os.path.abspath(folder)}" if equals else argument


def run(arguments):
    from tests.bench import page

    asked = options(arguments)
    given, found = {"seed": asked.seed, "folders": dict(asked.peer)}, {}
    for name in asked.parts or PARTS:
        part = importlib.import_module(f"tests.bench.{name}")
        heading = part.__doc__.splitlines()[0].rstrip(".")
        print(f"\n{heading}", flush=True)
        wants = inspect.signature(part.figures).parameters
        found[heading] = []
        try:
            for figure in part.figures(**{key: value for key, value in given.items() if key in wants}):
                found[heading].append(figure)
                print(f"  {said(figure)}", flush=True)
        except AssertionError as wrong:
            print(f"wrong: {wrong}", file=sys.stderr)
            return 1
    if not asked.parts:
        page.write(PROJECT, found)
    return 0


def said(figure):
    beside, asked = f", {figure.against}" * bool(figure.against), f" (asked: {figure.asked})" * bool(figure.asked)
    return f"{figure.what}: {figure.figure}{beside}{asked}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
