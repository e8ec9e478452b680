"""`python3 tests/bench`: what Usher costs, in ratios to a bare Python of the same environment and in milliseconds.

Makes an environment of its own, in which PYTHONPATH is set as Tautulli sets it. It prints figures and judges none of
them by the clock; it fails on wrong results. The machine's other load is in the milliseconds, hardly in the ratios.
"""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
PROJECT = os.path.dirname(os.path.dirname(HERE))


def main():
    sys.path.insert(0, PROJECT)
    if os.environ.get("USHER_BENCH"):
        from tests.bench import limits, logs, people, report, rules

        return limits.main() or rules.main() or people.main() or report.main() or logs.main()
    import subprocess

    from tests import environment

    lists = [os.path.join(PROJECT, "requirements.txt"), os.path.join(PROJECT, "tests", "sandbox", "requirements.txt")]
    python, clean = environment.ready(PROJECT, "bench", lists)
    return subprocess.run([python, HERE], cwd=PROJECT, env={**clean, "USHER_BENCH": "1"}).returncode


if __name__ == "__main__":
    sys.exit(main())
