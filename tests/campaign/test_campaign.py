"""A month of the house with everything going wrong, and Usher broken on purpose, which the referee must notice."""
import pytest

from tests.campaign.mutants import MUTANTS
from tests.campaign.run import run
from tests.deep import chosen

ENOUGH = {"plays": 150, "events": 500, "cuts": 60, "faults": 50, "kills": 15, "removed": 3, "letters": 60, "rows": 200}
# mutant (the first two are quick) -> the seed and days in which it does harm, how much goes wrong besides, and what the
# referee says of it
CAUGHT = {
    "forgets_rest": (1, 4, 0.0, "played on for"), "counts_paused_time": (1, 4, 0.0, "expected: left alone"),
    "removes_unwarned": (1, 13, 0.0, "removed without"), "removes_vips": (1, 13, 0.0, "never removed"),
    "stops_on_error": (1, 8, 1.0, "charged of"),
    "charges_no_gaps": (1, 8, 1.0, "charged of"),
}


def test_a_month_of_faults():
    """.ci/run goes through ten of them."""
    result = run(1)
    assert not result.wrong, "\n".join(result.wrong)
    assert not {name: result.figures[name] for name in ENOUGH if result.figures[name] < ENOUGH[name]}


def test_the_same_seed_comes_to_the_same():
    assert run(7, days=3).figures == run(7, days=3).figures


@pytest.mark.parametrize("name", chosen(CAUGHT, lambda n: n < 2))
def test_the_referee_catches(name):
    assert name in MUTANTS
    seed, days, intensity, said = CAUGHT[name]
    assert not run(seed, days, "", intensity).wrong
    assert [line for line in run(seed, days, name, intensity).wrong if said in line]
