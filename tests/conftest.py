"""Fixtures for all tests: worlds, and a guard that keeps the tests inside of them."""
import contextlib
import os
import sys
from pathlib import Path

import pytest
from hypothesis import Phase, settings

from tests.deep import DEEP
from tests.sandbox.world import World

PROJECT = Path(__file__).resolve().parents[1]
HOSTS = ["standin"] + ["real"] * bool(os.environ.get("TAUTULLI_HOME"))
SINGLY = {f"tests/people/test_{name}.py" for name in ("agents", "back", "cases", "killed", "faults_of_plextv",
                                                      "faults_of_tautulli")} | {"tests/campaign/test_campaign.py"}
LOOPBACK = ("127.", "::1", "localhost")
OURS = tuple(str(PROJECT / name) for name in ("config.ini", "data"))

settings.register_profile("here", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.register_profile("few", deadline=None, derandomize=True, database=None,     # for tests/mutation
                          max_examples=int(os.environ.get("EXAMPLES_MOST", "25")),
                          phases=(Phase.explicit, Phase.generate))
settings.load_profile("few" if "EXAMPLES_MOST" in os.environ else "ci" if os.environ.get("CI") else "here")


def pytest_configure(config):
    config.addinivalue_line("markers", "slow: waits for a clock; `-m 'not slow'` leaves it out")
    config.addinivalue_line("markers", "deep: the same again with another number; run with --deep only (tests/deep.py)")


def pytest_collection_modifyitems(config, items):
    left_out = [] if DEEP else [item for item in items if item.get_closest_marker("deep")]
    if left_out:
        items[:] = [item for item in items if not item.get_closest_marker("deep")]
        config.hook.pytest_deselected(items=left_out)


@pytest.hookimpl(optionalhook=True)     # pytest-xdist need not be there
def pytest_xdist_make_scheduler(config, log):
    """Where several processes share the tests (`-n`), a file stays together on each host, since its tests share what
    the module sets up; of the long files in which each test has a world of its own, the tests are dealt out singly."""
    from xdist.scheduler import LoadScopeScheduling

    class Scheduling(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            file, _, test = nodeid.partition("::")
            return nodeid if file in SINGLY else f"{file} {'[real' in test}"
    return Scheduling(config, log)


@pytest.fixture(scope="module", params=HOSTS)
def host(request):
    """Which Tautulli: the stand-in, and with TAUTULLI_HOME set also the real one."""
    return request.param


@pytest.fixture
def world(host):
    """world(**kw) makes a World on this host; it ends with the test."""
    with contextlib.ExitStack() as stack:
        yield lambda **kw: stack.enter_context(World(host=host, **kw))


# ---- the guard ----

class Outside(AssertionError):
    """A test reached for something that is not of its world."""


_guard = {"on": False}


def _audit(event, args):
    if not _guard["on"]:
        return
    if event in ("socket.connect", "socket.sendto"):
        address = args[1]
        if isinstance(address, tuple) and not str(address[0]).startswith(LOOPBACK):
            raise Outside(f"a test tried to connect to {address}")
    elif event == "socket.getaddrinfo":
        name = args[0].decode() if isinstance(args[0], bytes) else args[0]
        if name and not name.startswith(LOOPBACK):
            raise Outside(f"a test asked for the address of {name}")
    elif event in ("open", "sqlite3.connect"):
        _check_path(args[0], relative=args[1:2] != (None,))


def _check_path(path, relative):
    """relative: is a relative path as of the working folder? (os.open() may take it as of another one)"""
    if not isinstance(path, (str, bytes, os.PathLike)) or not (relative or os.path.isabs(path)):
        return
    name = os.path.abspath(os.fsdecode(path))
    if any(name == p or name.startswith(p + os.sep) for p in OURS):
        raise Outside(f"a test opened the project's own {name}")


sys.addaudithook(_audit)


@pytest.fixture(autouse=True)
def _only_secrets_of_its_own(monkeypatch):
    """What one test has made up as a secret is not masked in the next one."""
    monkeypatch.setattr("shared.log._secrets", [])


@pytest.fixture(autouse=True, scope="session")
def _stay_inside():
    """No socket beyond loopback, nothing of the project's own configuration and data, no settings of the caller's."""
    taken = {k: os.environ.pop(k) for k in list(os.environ) if k.startswith(("USHER_", "TAUTULLI_", "PLEX_"))
             and k != "TAUTULLI_HOME"}
    _guard["on"] = True
    yield
    _guard["on"] = False
    os.environ.update(taken)
