"""Scenarios take seconds of waiting and little work, so those of several modules are played at the same time.

A module's play(host) sets up a world, lets people watch, and returns what was seen; its tests judge that. The fixture
`seen` is the result. All plays that the chosen tests need begin with the first of these tests.
"""
from concurrent.futures import ThreadPoolExecutor, wait

import pytest

AT_ONCE = 3
_plays, _pool = {}, ThreadPoolExecutor(AT_ONCE, thread_name_prefix="play")


@pytest.fixture(scope="module")
def seen(request, host):
    """What the play of this module brought on this host."""
    begin(request.session)
    return _plays[request.module, host].result()


@pytest.fixture
def alone(request):
    """Nothing else goes on while this test runs."""
    wait(list(_plays.values()))


def begin(session):
    """Start the plays of all tests that were chosen, those of the stand-in first."""
    wanted = [(i.module, i.callspec.params["host"]) for i in session.items if "seen" in i.fixturenames]
    for module, host in sorted(dict.fromkeys(wanted), key=lambda w: w[1] != "standin"):
        if (module, host) not in _plays:
            _plays[module, host] = _pool.submit(module.play, host)


def pytest_sessionfinish():
    _pool.shutdown(wait=True, cancel_futures=True)
