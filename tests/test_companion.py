"""The players' own remote control, against the sandbox's Plex."""
import subprocess
import sys
import time

import pytest

from shared import packages
from shared.companion import Companion
from shared.errors import Refused, Unreachable, UsherError
from shared.plex import Plex
from tests.conftest import PROJECT
from tests.sandbox.base import wait_for
from tests.sandbox.model import User
from tests.sandbox.world import World


@pytest.fixture(scope="module")
def house():
    with World(boot=False) as world:
        world.plex.terminate_delay = 0
        yield world


@pytest.fixture
def plex(house):
    yield house.plex
    house.plex.heal()
    for stream in list(house.plex.streams):
        stream.stop()
    house.plex.commands.clear()


@pytest.fixture
def remote(plex):
    return Companion(Plex(plex.url, plex.people.owner.token))


def start(plex, **kw):
    return plex.start_stream(plex.people.owner, plex.library.movie("Alien"), **kw)


@pytest.mark.parametrize(("media", "type"), [("movie", "video"), ("episode", "video"), ("clip", "video"), ("", "video"),
                                             ("track", "music"), ("photo", "photo")])  # fmt: skip
@pytest.mark.parametrize("product", ["Plex Web", "Plex for Android (TV)", "Plexamp", ""])
def test_a_player_is_told_to_stop_what_it_plays(plex, remote, media, type, product):
    stream = start(plex, machine_id="box", remote_control=True)
    remote.stop("box", media, product)
    wait_for(lambda: not stream.alive, 2, what="the end of the play")
    assert [(c.machine_id, c.number, c.type, c.status) for c in plex.commands] == [("box", 1, type, 200)]


def test_each_command_has_a_higher_number_than_the_last(plex, remote):
    start(plex, machine_id="box", remote_control=True, ignores_stop=True)
    start(plex, machine_id="tv", remote_control=True, ignores_stop=True)
    for machine in ("box", "tv", "box", "box"):
        remote.stop(machine, "movie")
    assert [(c.machine_id, c.number) for c in plex.commands] == [("box", 1), ("tv", 1), ("box", 2), ("box", 3)]


@pytest.mark.parametrize("machine", ["deaf", "gone", "", "tv\r\nX-Plex-Token: x", "é", "a" * 3000])
def test_a_player_that_takes_none_refuses(plex, remote, machine):
    stream = start(plex, machine_id="deaf")
    with pytest.raises(Refused, match="remote control"):
        remote.stop(machine, "movie")
    assert stream.alive and {c.status for c in plex.commands} <= {404}


def test_a_token_that_is_not_the_owners_is_refused(house, plex):
    guest = house.bob
    stream = start(plex, machine_id="box", remote_control=True)
    for token, status in ((guest.token, 403), ("wrong", 401)):
        with pytest.raises(Refused) as error:
            Companion(Plex(plex.url, token)).stop("box", "movie")
        assert error.value.status == status and token not in str(error.value)
    assert stream.alive


def test_without_an_answer_it_is_unreachable_and_soon_so(plex, remote):
    start(plex, machine_id="box", remote_control=True)
    plex.fail("/player/playback/stop", "hang")
    began = time.monotonic()
    with pytest.raises(Unreachable):
        remote.stop("box", "movie")
    assert time.monotonic() - began < 8
    plex.heal()
    plex.fail("/player/playback/stop", 500)
    with pytest.raises(Unreachable, match="500"):
        remote.stop("box", "movie")


def test_the_players_that_take_it_are_known_by_name(plex):
    asked = Plex(plex.url, plex.people.owner.token)
    assert asked.players() == []
    for name, takes in (("Sofa", True), ("Deaf", False), ("Bed", True)):
        plex.start_stream(User(5, "x"), plex.library.movie(name), name, remote_control=takes)
    assert asked.players() == ["Bed", "Sofa"]


def test_without_plexapi_it_is_said_in_one_line(plex, monkeypatch):
    monkeypatch.setattr(packages, "provide", lambda: ["plexapi"])
    with pytest.raises(UsherError, match=r"^missing Python packages: plexapi; run: [^\n]*$"):
        Companion(Plex(plex.url, "x"))


def test_plexapi_is_loaded_for_a_command_and_not_before(plex):
    start(plex, machine_id="box", remote_control=True)
    code = ("import sys; from types import SimpleNamespace; from shared.gateway import Gateway\n"
            "gateway = Gateway(SimpleNamespace(get=lambda section, key: '', path=''), "
            "{'PLEX_URL': sys.argv[1], 'PLEX_TOKEN': sys.argv[2]})\n"
            "loaded = lambda: 'plexapi' in sys.modules\n"
            "gateway.plex.sessions(); gateway.plex.terminate('none', 'x'); print(loaded())\n"
            "gateway.companion.stop('box', 'movie'); print(loaded())")  # fmt: skip
    command = [sys.executable, "-c", code, plex.url, plex.people.owner.token]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout.split() == ["False", "True"]
