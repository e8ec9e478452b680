"""The fault table, first part: every call of a round to plex.tv and Plex, failing in every way."""
import pytest

from tests.people.faults import MODES, PLEX, PLEXTV, begin, go_through


@pytest.mark.parametrize("mode", MODES, ids=str)
@pytest.mark.parametrize("service, name", [*(("plextv", n) for n in PLEXTV), *(("plex", n) for n in PLEX)],
                         ids=lambda v: v)
def test_a_call_that_fails(house, monkeypatch, service, name, mode):
    go_through(begin(house, monkeypatch, mode), service, name, mode)
