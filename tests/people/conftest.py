"""A house of a test's own, reached as from a process that Tautulli started."""
import contextlib

import pytest

from tests.people.house import house as make


@pytest.fixture
def house(monkeypatch):
    """house(**kw) is a House on the stand-in; it ends with the test. plex.tv is its world's own."""
    with contextlib.ExitStack() as stack:
        def begin(**kw):
            found = stack.enter_context(make(**kw))
            for name, value in found.world.env.items():
                monkeypatch.setenv(name, value)
            return found
        yield begin
