"""The fault table, first part: every call of a round to plex.tv and Plex, failing in every way."""
import pytest

from tests.deep import diagonal
from tests.people.faults import MODES, PLEX, PLEXTV, begin, go_through


@pytest.mark.parametrize("name, mode", diagonal([*PLEXTV, *PLEX], MODES, 4), ids=str)
def test_a_call_that_fails(house, monkeypatch, name, mode):
    go_through(begin(house, monkeypatch, mode), "plextv" if name in PLEXTV else "plex", name, mode)
