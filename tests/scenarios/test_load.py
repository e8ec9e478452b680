"""A small form of the load that `python3 tests/bench load` makes: many presses, many viewers, nothing lost."""
import statistics

from tests.load import storm


def test_a_storm_of_presses_loses_nothing(alone):
    seen = storm.directly(viewers=20, rate=8, seconds=6)
    assert storm.wrong(seen) == []
    assert len(seen.walls) == sum(seen.handed.values()) > 60 and statistics.median(seen.walls) < 2
    assert seen.cuts and max(map(abs, seen.cuts)) <= 2, seen.cuts
