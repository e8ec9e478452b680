"""Scenarios take seconds of waiting and little work, so those of several modules are played at the same time.

A module's play(host) sets up a world, lets people watch, and returns what was seen; its tests judge that. The fixture
`seen` is the result. All plays that the chosen tests need begin with the first of these tests; those on the real
Tautulli, which is heavier, after the others and one by one.
"""
from concurrent.futures import ThreadPoolExecutor, wait

import pytest

AT_ONCE = {"standin": 3, "real": 1}
_pools = {host: ThreadPoolExecutor(many, thread_name_prefix="play") for host, many in AT_ONCE.items()}
_plays = {}


@pytest.fixture(scope="module")
def seen(request, host):
    """What the play of this module brought on this host."""
    _begin(request.session)
    return _plays[request.module, host].result()


@pytest.fixture
def alone(request):
    """Nothing else goes on while this test runs."""
    wait(list(_plays.values()))


def _begin(session):
    """Start the plays of all tests that were chosen."""
    wanted = dict.fromkeys((i.module, i.callspec.params["host"]) for i in session.items if "seen" in i.fixturenames)
    for host, pool in _pools.items():
        before = list(_plays.values())
        for module, _ in [w for w in wanted if w[1] == host and w not in _plays]:
            _plays[module, host] = pool.submit(_play_after, before, module, host)


def _play_after(others, module, host):
    wait(others)
    return module.play(host)


def pytest_sessionfinish():
    for pool in _pools.values():
        pool.shutdown(wait=True, cancel_futures=True)
