"""Plex's session list and its terminate, against the sandbox's Plex and against nonsense."""
import pytest

from shared.errors import Refused, Unreachable
from shared.model import Session
from shared.plex import Plex
from tests.sandbox.model import User
from tests.sandbox.world import World
from tests.wire import CLOSE, Wire, answer


@pytest.fixture(scope="module")
def house():
    with World(boot=False) as world:
        yield world


@pytest.fixture
def plex(house):
    yield Plex(house.plex.url, house.owner.token)
    for stream in list(house.plex.streams):
        stream.stop()
    house.plex.heal()
    house.plex.plex_pass = True


def test_nobody_is_watching(plex):
    assert plex.sessions(7) == []


def test_an_episode_as_it_is_told(house, plex):
    stream = house.plex.start_stream(house.bob, house.episode, player="TV", ip="198.51.100.7", state="paused",
                                     offset=61_500)
    assert plex.sessions(house.owner.id) == [Session(
        session_key=str(stream.key), machine_id=stream.player["machineIdentifier"], user_id=house.bob.id,
        rating_key=str(house.episode.key), session_id=stream.id, state="paused", offset=61.5, duration=2400.0,
        user="bob", player="TV", platform="Chrome", product="Plex Web", address="198.51.100.7", location="wan",
        media_type="episode", title="Some Show - Pilot", library="TV Shows", rating="TV-MA",
        show="Some Show", transcode="no", resolution="1080", bitrate=8000,
        file_bitrate=8000)]


@pytest.mark.parametrize("what, told", [
    (False, ("no", "4k", 40_000, 40_000)), ("audio", ("audio", "4k", 39_800, 40_000)),
    ("video", ("video", "4k", 2200, 40_000)), (True, ("both", "4k", 2200, 40_000))])
def test_a_file_that_is_converted_is_looked_up_once(house, plex, what, told):
    film = house.library.movie("Big", height=2160, bitrate=40_000)
    house.plex.start_stream(house.bob, film, transcode=what)
    for _ in range(3):
        [session] = plex.sessions(files=True)
        assert (session.transcode, session.resolution, session.bitrate, session.file_bitrate) == told
    assert len(house.plex.seen(film.path)) == bool(what)


def test_nothing_is_looked_up_that_no_rule_asks_for(house, plex):
    film = house.library.movie("Big", height=2160)
    house.plex.start_stream(house.bob, film, transcode=True)
    assert [(s.resolution, s.file_bitrate) for s in plex.sessions()] == [("", 0)] and not house.plex.seen(film.path)


@pytest.mark.parametrize("fault", [404, 500, "reset"])
def test_where_the_library_does_not_tell_it_stays_unknown_and_hides_nobody(house, plex, fault):
    film = house.library.movie("Big", height=2160)
    house.plex.start_stream(house.bob, film, transcode=True)
    house.plex.start_stream(house.alice, house.movie)
    house.plex.fail(film.path, fault)
    for _ in range(3):
        assert [s.resolution for s in plex.sessions(files=True)] == ["", "1080"]
    assert len(house.plex.seen(film.path)) <= 2


@pytest.mark.parametrize("owner_id", [1000001, 0])
def test_the_owner_has_the_accounts_id_where_it_is_known(house, plex, owner_id):
    house.plex.start_stream(house.owner, house.movie)
    assert [s.user_id for s in plex.sessions(owner_id)] == [owner_id or 1]


@pytest.mark.parametrize("make, expected", [
    (lambda library, movie: library.track("Band", "Album", 1, "Song"), ("track", "Band - Song", False)),
    (lambda library, movie: library.photo("Beach"), ("photo", "Beach", False)),
    (lambda library, movie: library.trailer(movie), ("clip", "Trailer", False)),
    (lambda library, movie: library.live_tv("News", "Evening"), ("episode", "Evening - News", True)),
    (lambda library, movie: library.live_tv("Film"), ("movie", "Film", True)),
    (lambda library, movie: movie, ("movie", "First Movie", False)),
], ids=["track", "photo", "trailer", "television show", "television film", "movie"])
def test_kinds_of_media(house, plex, make, expected):
    item = make(house.library, house.movie)
    house.plex.start_stream(house.bob, item)
    [session] = plex.sessions()
    assert (session.media_type, session.title, session.live) == expected
    assert session.rating_key == ("" if session.live else str(item.key))


@pytest.mark.parametrize("odd, differs", [
    ("no-user", {"user": ""}),                 # the player still tells for whom it plays
    ("empty-user", {"user": ""}),
    ("no-player", {"machine_id": "", "player": "", "platform": "", "product": "", "address": ""}),
    ("no-session", {"session_id": "", "location": ""}),
    ("dlna", {"product": "DLNA", "platform": ""}),
    ("no-user no-player no-session", {"user": "", "user_id": 0, "machine_id": "", "player": "", "platform": "",
                                      "product": "", "address": "", "session_id": "", "location": ""}),
])
def test_an_odd_session_is_told_and_hides_nobody(house, plex, odd, differs):
    plain = house.plex.start_stream(house.bob, house.movie)
    [expected] = plex.sessions()
    plain.stop()
    house.plex.start_stream(house.alice, house.movie2)
    strange = house.plex.start_stream(house.bob, house.movie, odd=odd)
    house.plex.start_stream(house.kid, house.episode)
    found = plex.sessions()
    assert len(found) == 3
    told = {"session_key": str(strange.key), "session_id": strange.id, "offset": found[1].offset, **differs}
    assert found[1] == expected._replace(**told)


def test_somebody_plex_tv_does_not_know(house, plex):
    house.plex.start_stream(User(4242, "stranger"), house.movie)
    assert [s.user_id for s in plex.sessions()] == [4242]


def test_the_server_says_who_it_is(house, plex):
    assert plex.machine_id() == house.plex.machine_id


def test_a_stop_reaches_the_player_with_its_reason(house, plex):
    stream = house.plex.start_stream(house.bob, house.movie)
    reason = "Daily limit of 1 h reached & äöü; 100 % <b>\nback at 04:00"
    assert plex.terminate(stream.id, reason) is True
    assert house.plex.terminations[-1].reason == reason
    assert "X-Plex-Token" not in house.plex.seen("*/terminate")[-1].query


def test_a_very_long_reason_still_stops(house, plex):
    stream = house.plex.start_stream(house.bob, house.movie)
    assert plex.terminate(stream.id, "ü" * 20_000) is True


def test_a_session_that_is_gone_is_no_error(plex):
    assert plex.terminate("nosuchsession", "why") is False


def test_a_session_without_id_cannot_be_stopped(house, plex):
    asked = len(house.plex.requests)
    with pytest.raises(Refused, match="without a session id"):
        plex.terminate("", "why")
    assert len(house.plex.requests) == asked


def test_no_plex_pass(house, plex):
    house.plex.plex_pass = False
    stream = house.plex.start_stream(house.bob, house.movie)
    with pytest.raises(Refused, match="Plex Pass") as caught:
        plex.terminate(stream.id, "why")
    assert caught.value.status == 403


@pytest.mark.parametrize("token, status", [("wrong", 401), ("guest", 403)])
def test_a_token_that_is_not_the_owners(house, token, status):
    plex = Plex(house.plex.url, house.bob.token if token == "guest" else token)
    for act in (plex.sessions, lambda: plex.terminate("x", "why")):
        with pytest.raises(Refused) as caught:
            act()
        assert caught.value.status == status


@pytest.mark.parametrize("fault", [500, 503, "reset"])
def test_a_plex_in_trouble_is_unreachable_and_comes_back(house, plex, fault):
    house.plex.start_stream(house.bob, house.movie)
    assert len(plex.sessions()) == 1
    house.plex.fail("/status/sessions*", fault)
    for act in (plex.sessions, lambda: plex.terminate("x", "why")):
        with pytest.raises(Unreachable):
            act()
    house.plex.heal()
    assert len(plex.sessions()) == 1


BOMB = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;">]><MediaContainer>&b;</MediaContainer>'


@pytest.mark.parametrize("body", ["", "ok", "<html><body>Login</body></html>", "<MediaContainer><Video",
                                  '{"MediaContainer": {"size": 0}}', "<Response/>", BOMB, b"\xff\xfe\x00",
                                  '<?xml version="1.0" encoding="klingon"?><MediaContainer/>'])
def test_what_is_no_session_list_is_never_an_empty_one(body):
    with Wire(answer(body)) as wire:
        for ask in (Plex(wire.url, "token").sessions, Plex(wire.url, "token").machine_id):
            with pytest.raises(Unreachable, match="something that is not"):
                ask()


def test_a_list_that_breaks_off_is_never_an_empty_one():
    whole = answer('<MediaContainer size="1"><Video sessionKey="1"/></MediaContainer>')
    for cut in range(10, len(whole)):
        with Wire((whole[:cut], CLOSE)) as wire, pytest.raises(Unreachable):
            Plex(wire.url, "token").sessions()


def test_an_identity_without_identifier():
    with Wire(answer("<MediaContainer/>")) as wire, pytest.raises(Unreachable, match="is it a Plex server"):
        Plex(wire.url, "token").machine_id()


@pytest.mark.parametrize("attributes, told", [
    ('viewOffset="soon" duration="-5"', (None, 0.0)), ('viewOffset="" duration=""', (None, 0.0)),
    ('viewOffset="0" duration="1500"', (0.0, 1.5)), ('viewOffset="²" duration="1e3"', (None, 0.0))])
def test_numbers_that_are_none(attributes, told):
    body = f'<MediaContainer><Video sessionKey="1" {attributes}><User id="x1"/></Video><Hint/></MediaContainer>'
    with Wire(answer(body)) as wire:
        [session] = Plex(wire.url, "token").sessions(9)
        assert (session.offset, session.duration, session.user_id) == (*told, 0)


@pytest.mark.parametrize("digits", [19, 400, 5000])
def test_a_number_that_nothing_could_hold_hides_nobody(digits):
    huge = "9" * digits
    odd = f'<Video sessionKey="1" viewOffset="{huge}" duration="{huge}"><User id="{huge}"/></Video>'
    with Wire(answer(f'<MediaContainer>{odd}<Video sessionKey="2"/></MediaContainer>')) as wire:
        first, second = Plex(wire.url, "token").sessions(9)
        assert (first.session_key, first.user_id, first.duration) == ("1", 0, 0.0) and second.session_key == "2"
