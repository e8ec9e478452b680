"""`python3 -m tests.campaign --seeds 200 [--first K] [--days 30] [--mutant NAME]`: so many months of the house, one
after another or several at once (`--jobs 2`). Status 1 if the referee has found anything wrong."""
import argparse
import contextlib
import multiprocessing
import sys
import time

from tests.campaign.mutants import MUTANTS
from tests.campaign.run import run_task


def main(argv=None):
    parser = argparse.ArgumentParser(prog="python3 -m tests.campaign", description=__doc__)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--mutant", choices=sorted(MUTANTS), default="")
    parser.add_argument("--jobs", type=int, default=1)
    given = parser.parse_args(argv)
    tasks = [(seed, given.days, given.mutant) for seed in range(given.first, given.first + given.seeds)]
    begun, clean, sums = time.perf_counter(), 0, {}
    with contextlib.ExitStack() as stack:
        pool = stack.enter_context(multiprocessing.get_context("spawn").Pool(given.jobs)) if given.jobs > 1 else None
        for result in pool.imap(run_task, tasks) if pool else map(run_task, tasks):
            clean += not result.wrong
            for name, count in result.figures.items():
                sums[name] = sums.get(name, 0) + count
            figures = ", ".join(f"{count} {name}" for name, count in result.figures.items())
            print(f"seed {result.seed}: {'clean' if not result.wrong else 'WRONG'}, {result.seconds:.1f} s: {figures}")
            for line in result.wrong:
                print(f"  {line}")
            if result.wrong:
                more = f" --mutant {given.mutant}" if given.mutant else ""
                print(f"  again: python3 -m tests.campaign --first {result.seed} --seeds 1 --days {given.days}{more}")
            sys.stdout.flush()
    print(f"{clean} of {len(tasks)} seeds clean in {time.perf_counter() - begun:.0f} s: "
          + ", ".join(f"{count} {name}" for name, count in sums.items()))
    return int(clean < len(tasks))


if __name__ == "__main__":
    sys.exit(main())
