"""The fault table, second part: every call of a round to Tautulli, failing in every way."""
import pytest

from tests.deep import diagonal
from tests.people.faults import MODES, TAUTULLI, begin, go_through


@pytest.mark.parametrize("name, mode", diagonal(TAUTULLI, MODES, 4), ids=str)
def test_a_call_that_fails(house, monkeypatch, name, mode):
    go_through(begin(house, monkeypatch, mode), "tautulli", name, mode)
