"""How much the tests repeat themselves. `python3 tests` runs every test, those of a kind that differ in a number only
(a seed, a cell of a table) in a choice; `python3 tests --deep`, as .ci/run does on one Python, runs them all."""
import os

import pytest

DEEP = "USHER_TESTS_DEEP" in os.environ or "EXAMPLES_MOST" in os.environ      # the latter: tests/mutation


def often(deep, else_):
    """How often something is repeated."""
    return deep if DEEP else else_


def chosen(cells, choose):
    """The parameters of a test; those that `choose` (of a cell's number) does not want are run with --deep only."""
    return [cell if choose(n) else pytest.param(*(cell if isinstance(cell, tuple) else (cell,)), marks=pytest.mark.deep)
            for n, cell in enumerate(cells)]


def diagonal(rows, columns, every):
    """(row, column) of a table, and of these a choice in which each row and each column comes up."""
    cells = [(row, column) for row in rows for column in columns]
    width = len(columns)
    return chosen(cells, lambda n: (n // width + n % width) % every == 0)
