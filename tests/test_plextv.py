"""plex.tv: who is a member, ending that and undoing it, and every way in which plex.tv can fail."""

import gzip
import time

import pytest

from shared import log
from shared.cloud import Cloud, retry_after
from shared.errors import Refused, Unreachable, UsherError
from shared.gateway import Gateway
from shared.model import Member
from shared.plextv import IDENTIFIER, PlexTV
from shared.plextv_members import when
from tests.sandbox.base import el
from tests.sandbox.world import World

LISTS = ("/api/v2/user", "/api/users/", "/api/servers/*/shared_servers", "/api/home/users",
         "/api/v2/shared_servers/owned/pending")  # fmt: skip
XML = {"Content-Type": "application/xml"}
EMPTY = '<?xml version="1.0"?><MediaContainer size="0" totalSize="0"/>'


@pytest.fixture
def here(monkeypatch):
    """A world, and this process in it."""
    with World(boot=False) as world:
        for name, value in world.env.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr("shared.cloud.WAIT", 1.0)
        monkeypatch.setattr("shared.plextv.WAIT", 1.0)
        yield world


@pytest.fixture
def plextv(here):
    client = PlexTV(here.owner.token, lambda: here.plex.machine_id)
    yield client
    client.close()


def by_name(members):
    return {m.name or m.title: m for m in members}


def asked(world):
    return [(r.method, r.path) for r in world.plextv.requests]


# ---- who is a member ----


def test_everybody_with_a_share_and_nobody_else(here, plextv):
    here.people.add("stranger", sections=())  # a friend to whom nothing is shared
    here.people.add("cousin", kind="share")
    here.people.add("dad", kind="home", email="dad@example.com")
    here.people.add("baby", kind="managed", sections=())
    here.plextv.add_invite("new@example.com", sections=(1, 2), settings={"allowSync": True, "filterMovies": "label=x"})
    found = by_name(plextv.members())
    kinds = {name: (m.kind, m.is_friend, m.pending, bool(m.share_id)) for name, m in found.items()}
    assert kinds == {
        "owner": ("owner", False, False, False),
        "alice": ("friend", True, False, True),
        "bob": ("friend", True, False, True),
        "cousin": ("friend", False, False, True),
        "dad": ("home", False, False, True),
        "kid": ("managed", False, False, True),
        "baby": ("managed", False, False, False),
        "new@example.com": ("friend", False, True, True),
    }
    assert len(here.plextv.requests) == 5
    assert plextv.note == ""


def test_all_that_a_restore_needs(here, plextv):
    here.bob.sections = (2, 4)
    here.bob.settings = {"allowSync": 0, "allowChannels": 1, "filterMovies": "contentRating=PG%2CG|label=kids & co"}
    here.bob.accepted_at, here.bob.invited_at = 1_700_000_000, 1_699_900_000
    here.alice.all_libraries = True
    found = by_name(plextv.members())
    bob = found["bob"]
    assert (bob.id, bob.title, bob.email) == (here.bob.id, "bob", here.bob.email)
    assert (bob.libraries, bob.library_titles) == ((70002, 70004), ("TV Shows", "Photos"))
    assert (bob.invited_at, bob.accepted_at, bob.share_id) == (1_699_900_000.0, 1_700_000_000.0, here.bob.share_id)
    given = dict(bob.permissions)
    assert given["filterMovies"] == "contentRating=PG%2CG|label=kids & co"
    assert (given["allowSync"], given["allowChannels"], given["allowCameraUpload"]) == ("0", "1", "0")
    assert found["alice"].all_libraries and not bob.all_libraries


def test_a_friend_of_two_servers_is_no_friend_to_be_removed(here, plextv):
    other = {"id": 77, "machineIdentifier": "other", "owned": 1, "name": "Other"}
    here.bob.servers = (el("Server", other),)
    theirs = {**other, "owned": 0}
    here.alice.servers = (el("Server", theirs),)
    found = by_name(plextv.members())
    assert found["alice"].is_friend and not found["bob"].is_friend
    assert plextv.remove(found["bob"]) is True
    assert [(r.method, r.user) for r in here.plextv.removals] == [("shared_servers", here.bob)]
    assert here.bob in here.people.others


def test_null_and_hostile_names(here, plextv):
    evil = '"><script>@everyone\r\nBcc: x'
    here.people.add(evil, email="", title=evil)
    here.people.add("nomail", email="")
    found = {m.id: m for m in plextv.members()}
    names = {m.name for m in found.values()}
    assert any("<script>@everyone" in name for name in names)
    assert by_name(found.values())["nomail"].email == ""


def test_hundreds_of_members(here, plextv):
    for n in range(1500):
        here.people.add(f"user{n}")
    began = time.process_time()
    assert len(plextv.members()) == 1504
    assert time.process_time() - began < 5  # the server's part too


def test_pending_is_told_where_the_old_list_is_shut(here, plextv):
    here.plextv.legacy_invites = False
    here.plextv.add_invite("new@example.com")
    assert by_name(plextv.members())["new@example.com"].pending
    assert not any("invites" in path for _, path in asked(here))


def test_a_shut_list_of_invitations_is_said_and_hides_nobody(here, plextv):
    here.plextv.fail("/api/v2/shared_servers/owned/pending", 410)
    assert {"alice", "bob", "kid"} < by_name(plextv.members()).keys()
    assert "shut its list of invitations (410)" in plextv.note
    here.plextv.heal()
    plextv.members()
    assert plextv.note == ""


def test_accepted_since_the_list_of_invitations_was_read(here, plextv):
    here.plextv.add_invite(here.bob.email)
    bob = by_name(plextv.members())["bob"]
    assert not bob.pending and bob.accepted_at


# ---- lists that are not whole ----


@pytest.mark.parametrize("path", ["/api/v2/user", "/api/users/", "/api/servers/*/shared_servers"])
@pytest.mark.parametrize("status", [401, 403, 404, 410, 422])
def test_refusals_are_refusals(here, plextv, path, status):
    here.plextv.fail(path, status, body="Invalid token" if status == 422 else "")
    with pytest.raises(Refused) as caught:
        plextv.members()
    assert caught.value.status == status and "plex.tv" in str(caught.value)
    if status in (401, 403, 422):
        assert "[plex] token" in str(caught.value)


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 520])
def test_failures_are_for_another_time(here, plextv, path, status):
    here.plextv.fail(path, status, headers={"Retry-After": "37"})
    with pytest.raises(Unreachable) as caught:
        plextv.members()
    assert caught.value.retry_after == 37 and "37 s" in str(caught.value)


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("mode", ["hang", "reset"])
def test_no_answer(here, plextv, path, mode):
    here.plextv.fail(path, mode)
    began = time.monotonic()
    with pytest.raises(Unreachable):
        plextv.members()
    assert time.monotonic() - began < 4


BODIES = {
    "nothing": "",
    "not XML": "<html><body>Sorry<br></html>",
    "half": '<?xml version="1.0"?><MediaContainer size="2"><User id="1" title="x"/><User id="2" ti',
    "another root": '<?xml version="1.0"?><Response code="0"/>',
    "short by its own count": '<?xml version="1.0"?><MediaContainer size="9" totalSize="9"/>',
    "JSON": "{}",
    "binary": "\x00\x01\x02",
}


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("body", BODIES, ids=str)
def test_answers_that_are_none(here, plextv, path, body):
    here.plextv.fail(path, 200, body=BODIES[body], headers=XML)
    with pytest.raises(Unreachable):
        plextv.members()


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("body", ["[1]", '{"error": 1}', "null", '"x"', "[null]"])
def test_json_that_is_no_list_of_shares(here, plextv, path, body):
    here.plextv.fail(path, 200, body=body, headers={"Content-Type": "application/json"})
    with pytest.raises(Unreachable):
        plextv.members()


def test_an_empty_list_of_shares_is_no_departure(here, plextv):
    here.plextv.fail("/api/servers/*/shared_servers", 200, body=EMPTY, headers=XML)
    with pytest.raises(Unreachable, match="missing in another"):
        plextv.members()


def test_an_empty_list_of_users_loses_nobody_and_no_home(here, plextv):
    here.people.add("dad", kind="home")
    here.plextv.fail("/api/users/", 200, body=EMPTY, headers=XML)
    found = by_name(plextv.members())
    assert {"alice", "bob", "dad"} < found.keys() and here.kid.id in {m.id for m in found.values()}
    assert found["dad"].kind == "home" and not found["bob"].is_friend


def test_an_empty_home_makes_nobody_a_friend(here, plextv):
    here.plextv.fail("/api/home/users", 200, body=EMPTY, headers=XML)
    assert by_name(plextv.members())["kid"].kind == "managed"


def test_half_a_list_of_shares_is_found_out(here, plextv):
    """The count in the answer fits: what is missing is seen only in the other list."""
    real = here.plextv._shared_users
    here.plextv._shared_users = lambda: real()[:1]
    with pytest.raises(Unreachable, match="missing in another"):
        plextv.members()


def test_everything_empty_at_once_is_not_believed(here, plextv):
    for path in ("/api/users/", "/api/servers/*/shared_servers", "/api/home/users"):
        here.plextv.fail(path, 200, body=EMPTY, headers=XML)
    with pytest.raises(Unreachable, match="nobody at all"):
        plextv.members()


def test_a_home_that_is_not_listed_anywhere(here, plextv):
    here.alice.hidden = here.bob.hidden = True
    cousin = here.people.add("cousin", kind="share")
    for path in ("/api/users/", "/api/home/users"):
        here.plextv.fail(path, 200, body=EMPTY, headers=XML)
    here.kid.sections = ()
    with pytest.raises(Unreachable, match="Plex Home"):
        plextv.members()
    assert cousin.sections


def test_the_last_one_is_gone(here, plextv):
    """An owner who really has nobody is told so, but only after another of plex.tv's services has agreed."""
    for user in (here.alice, here.bob, here.kid):
        user.hidden = True
    assert [m.kind for m in plextv.members()] == ["owner"]
    assert asked(here)[-1][1].endswith("owned/accepted") and len(here.plextv.requests) == 6
    here.plextv.fail("/api/v2/shared_servers/owned/accepted", 410)
    with pytest.raises(Unreachable):
        plextv.members()


def test_the_token_that_plexapi_finds_in_an_answer_does_not_replace_ours(here, plextv):
    plextv.members()
    here.plextv.requests.clear()
    real = here.plextv._common
    here.plextv._common = lambda: {**real(), "authToken": "somebody-else"}
    plextv.members()
    assert {r.headers["X-Plex-Token"] for r in here.plextv.requests} == {here.owner.token}


def test_how_it_introduces_itself(here, plextv):
    plextv.members()
    for request in here.plextv.requests:
        assert request.headers["X-Plex-Client-Identifier"] == IDENTIFIER == "usher-for-tautulli"
        assert request.headers["X-Plex-Product"] == "Usher"
        assert "X-Plex-Token" not in request.query
    assert len(here.proxy.tunnels) == 2  # one for plex.tv, one for clients.plex.tv: the connections are kept


# ---- removals ----


def test_a_friend_is_removed_by_number(here, plextv):
    here.people.add("bob")  # a namesake
    bob = next(m for m in plextv.members() if m.id == here.bob.id)
    assert plextv.remove(bob._replace(name="alice", title="alice", email=here.alice.email)) is True
    assert [(r.method, r.user) for r in here.plextv.removals] == [("sharings", here.bob)]
    assert here.bob.id not in {m.id for m in plextv.members()}


def test_one_who_only_shares_loses_the_share(here, plextv):
    cousin = here.people.add("cousin", kind="share")
    assert plextv.remove(by_name(plextv.members())["cousin"]) is True
    assert [(r.method, r.user, r.status) for r in here.plextv.removals] == [("shared_servers", cousin, 200)]
    assert "cousin" not in by_name(plextv.members())


def test_a_friend_that_plex_tv_does_not_know_as_one(here, plextv):
    """No friendship, but a share: it goes, too."""
    cousin = here.people.add("cousin", kind="share")
    member = by_name(plextv.members())["cousin"]._replace(is_friend=True)
    assert plextv.remove(member) is True
    assert [(r.method, r.status) for r in here.plextv.removals] == [("sharings", 404), ("shared_servers", 200)]
    assert not cousin.sections


@pytest.mark.parametrize("kind", ["home", "managed"])
def test_a_home_user_leaves_the_home_and_is_never_unshared(here, plextv, kind):
    user = here.people.add("dad", kind=kind)
    member = next(m for m in plextv.members() if m.id == user.id)
    assert plextv.remove(member) is True
    assert [(r.method, r.user) for r in here.plextv.removals] == [("home", user)]
    here.plextv.fail("/api/home/users/*", 404)
    assert plextv.remove(member) is False
    here.plextv.heal()
    here.plextv.fail("/api/home/users/*", 410)
    with pytest.raises(Refused):
        plextv.remove(member)
    assert {path.split("/")[2] for method, path in asked(here) if method == "DELETE"} == {"home"}


def test_an_invitation_is_taken_back(here, plextv):
    here.plextv.add_invite("new@example.com")
    here.plextv.add_invite("other@example.com")
    assert plextv.remove(by_name(plextv.members())["new@example.com"]) is True
    assert [i["email"] for i in here.plextv.invites] == ["other@example.com"]


def test_who_is_gone_already(here, plextv):
    bob = by_name(plextv.members())["bob"]
    here.bob.hidden, here.bob.sections = True, ()
    assert plextv.remove(bob) is False


def test_the_owner_stays(here, plextv):
    owner = plextv.members()[0]
    assert owner.kind == "owner"
    for member in (owner, owner._replace(kind="friend", is_friend=True), Member(0, "x", kind="friend", is_friend=True)):
        with pytest.raises(Refused):
            plextv.remove(member)
    assert here.plextv.removals == []


@pytest.mark.parametrize(("status", "kind"), [(401, Refused), (403, Refused), (422, Refused), (429, Unreachable),
                                              (500, Unreachable), ("hang", Unreachable), ("reset", Unreachable)])
def test_a_removal_that_fails(here, plextv, status, kind):
    bob = by_name(plextv.members())["bob"]
    fault = here.plextv.fail("/api/v2/sharings/*", status, headers={"Retry-After": "61"})
    with pytest.raises(kind) as caught:
        plextv.remove(bob)
    assert fault.hits == 1 and here.plextv.removals == []  # asked once: nobody knows what became of it
    if status == 429:
        assert caught.value.retry_after == 61


def test_a_way_that_is_shut_is_gone_round_or_said(here, plextv):
    found = by_name(plextv.members())
    here.plextv.fail("/api/v2/sharings/*", 410)
    assert plextv.remove(found["bob"]) is True
    assert [r.method for r in here.plextv.removals] == ["shared_servers"]
    here.plextv.fail("/api/servers/*", 410)
    assert plextv.remove(found["alice"]) is True  # by the newest way
    here.plextv.fail("/api/v2/shared_servers/*", 410, method="DELETE")
    with pytest.raises(Refused, match="shut this way for good"):
        plextv.remove(found["alice"])


def test_removed_in_name_only(here, plextv):
    """200, and the user stays: the answer is not believed by this module either, it only says what it was told."""
    here.plextv.never_really_remove()
    bob = by_name(plextv.members())["bob"]
    assert plextv.remove(bob) is True
    assert "bob" in by_name(plextv.members())


# ---- invitations ----


def test_invited_again_to_just_what_they_had(here, plextv):
    here.bob.sections = (2, 4)
    here.bob.settings = {"allowSync": "0", "allowChannels": "1", "filterMovies": "contentRating=PG%2CG|label=kids"}
    before = by_name(plextv.members())["bob"]
    plextv.remove(before)
    assert plextv.invite(before) == ()
    pending = next(m for m in plextv.members() if m.id == here.bob.id)
    assert pending.pending and pending.libraries == before.libraries
    here.plextv.accept_invite(here.bob.email)
    after = by_name(plextv.members())["bob"]
    same = {"share_id": 0, "invited_at": 0.0, "accepted_at": 0.0}
    assert after._replace(**same) == before._replace(**same)
    assert len(here.plextv.invite_posts) == 1


def test_all_libraries_are_all_of_todays(here, plextv):
    here.bob.all_libraries, here.bob.sections = True, (1,)
    bob = by_name(plextv.members())["bob"]
    plextv.remove(bob)
    assert plextv.invite(bob) == ()
    assert here.plextv.invites[0]["_sections"] == (1, 2, 3, 4)


def test_a_library_that_is_gone_or_was_made_anew(here, plextv):
    bob = by_name(plextv.members())["bob"]
    plextv.remove(bob)
    had = bob._replace(libraries=(70001, 1, 2), library_titles=("Movies", "tv shows", "Cartoons"))
    assert plextv.invite(had) == ("Cartoons",)
    assert here.plextv.invites[0]["_sections"] == (1, 2)


def test_no_library_left_is_never_all_of_them(here, plextv):
    bob = by_name(plextv.members())["bob"]
    for had in (bob._replace(libraries=(1,), library_titles=("Gone",)), bob._replace(libraries=(), library_titles=())):
        with pytest.raises(Refused, match="none of the libraries"):
            plextv.invite(had)
    assert here.plextv.invite_posts == []


def test_an_address_that_is_somebody_elses_now(here, plextv):
    bob = by_name(plextv.members())["bob"]
    plextv.remove(bob)
    here.bob.email, stranger = "bob@new.example.com", here.people.add("stranger", sections=())
    stranger.email = bob.email
    with pytest.raises(Refused, match="another account"):
        plextv.invite(bob)
    assert here.plextv.invites == []


def test_who_cannot_be_invited(here, plextv):
    found = {m.id: m for m in plextv.members()}
    kid, owner = found[here.kid.id], found[here.owner.id]
    for member in (kid, owner, found[here.bob.id]._replace(name="", email="")):
        with pytest.raises(Refused):
            plextv.invite(member)
    assert here.plextv.invite_posts == [] and here.plextv.home_invites == []


def test_a_home_user_is_invited_into_the_home(here, plextv):
    dad = here.people.add("dad", kind="home", email="dad+plex&co@example.com")
    member = next(m for m in plextv.members() if m.id == dad.id)
    plextv.remove(member)
    plextv.invite(member)
    assert here.plextv.home_invites == ["dad+plex&co@example.com"]
    assert here.plextv.invite_posts[0][1]["shared_server"]["invited_email"] == "dad+plex&co@example.com"


@pytest.mark.parametrize(("status", "kind"), [(400, Refused), (404, Refused), (410, Refused), (422, Refused),
                                              (429, Unreachable), (500, Unreachable), ("reset", Unreachable)])
def test_an_invitation_that_fails(here, plextv, status, kind):
    bob = by_name(plextv.members())["bob"]
    fault = here.plextv.fail("/api/servers/*/shared_servers", status, method="POST")
    with pytest.raises(kind):
        plextv.invite(bob)
    assert fault.hits == 1


# ---- secrets, and the wire ----


def test_no_error_tells_a_secret(here, plextv, monkeypatch):
    texts = []
    for path in LISTS:
        for mode in (401, 403, 404, 410, 422, 429, 500, "reset", 200, 302):
            here.plextv.fail(path, mode, body=f"token {here.owner.token} secret-invite-token",
                             headers={"Location": f"https://evil.example/{here.owner.token}"})
            try:
                plextv.members()
            except UsherError as error:
                texts.append(f"{error} {error.__cause__} {error.__suppress_context__}")
            here.plextv.heal()
    assert len(texts) > 40
    for text in texts:
        assert here.owner.token not in text and "secret" not in text and "http" not in text and "\n" not in text
    assert log.mask(f"x {here.owner.token}") == "x ***"


def test_a_redirect_is_not_followed(here, plextv):
    here.plextv.fail("/api/users/", 302, headers={"Location": "https://evil.example/"})
    with pytest.raises(Refused, match="sends us on"):
        plextv.members()
    assert here.proxy.refused == []


def test_a_proxy_that_is_not_there(here, monkeypatch):
    for name in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with pytest.raises(Unreachable, match="proxy"):
        PlexTV("some-token", lambda: "m").members()


def test_a_certificate_of_somebody_else(here, monkeypatch):
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(Unreachable, match="not trusted"):
        PlexTV("some-token", lambda: "m").members()


def test_a_token_that_cannot_be_sent(here):
    with pytest.raises(UsherError) as caught:
        PlexTV("line\nbreak", lambda: "m").members()
    assert "break" not in str(caught.value)


def test_the_gateway_has_one(here):
    class Config:
        path = "config.ini"

        def get(self, section, key):
            return ""

    environ = {"PLEX_URL": here.plex.url, "PLEX_TOKEN": here.owner.token}
    gateway = Gateway(Config(), environ)
    assert gateway.plextv is gateway.plextv
    assert "bob" in by_name(gateway.plextv.members())
    with pytest.raises(UsherError, match="token is empty"):
        _ = Gateway(Config(), {}).plextv


@pytest.mark.parametrize(("text", "seconds"), [
    ("", 0), ("5", 5), (" 2.5 ", 2.5), ("-3", 0), ("nan", 0), ("inf", 3600), ("1e9", 3600), ("soon", 0),
    ("Thu, 01 Jan 1970 00:20:00 GMT", 200), ("Thu, 01 Jan 1970 00:00:00 GMT", 0), ("Thu, 99 Jan", 0),
])  # fmt: skip
def test_retry_after(text, seconds):
    assert retry_after(text, 1000.0) == seconds


@pytest.mark.parametrize(("text", "seconds"), [
    (None, 0), ("", 0), ("1700000000", 1.7e9), ("2023-11-14T22:13:20Z", 1.7e9), ("2023-11-14 22:13:20 UTC", 1.7e9),
    ("2023-11-14T22:13:20.000Z", 1.7e9), ("yesterday", 0), ("9" * 30, 0),
])  # fmt: skip
def test_moments_of_plex_tv(text, seconds):
    assert when(text) == seconds


def test_an_answer_that_breaks_off(here, monkeypatch):
    """With older versions of requests this passes for a whole answer."""
    from tests.wire import CLOSE, Wire, answer

    monkeypatch.setenv("no_proxy", "127.0.0.1")
    whole = answer(b"x" * 1000)
    with Wire(lambda n, r: (whole[:-400], CLOSE)) as wire, pytest.raises(Unreachable, match=r"whole answer|broke off"):
        Cloud("x", "[x] y").ask("GET", wire.url)
    packed = gzip.compress(b"y" * 5000)
    with Wire(answer(packed, **{"Content-Encoding": "gzip"})) as wire:
        assert Cloud("x", "[x] y").ask("GET", wire.url).text == "y" * 5000


def test_an_answer_without_end(here, monkeypatch):
    from tests.wire import Wire

    monkeypatch.setattr("shared.cloud.WHOLE", 0.5)
    monkeypatch.setenv("no_proxy", "127.0.0.1")

    def endless():
        yield b"HTTP/1.1 200 OK\r\n\r\n"
        while True:
            yield b"x" * 20000

    with Wire(lambda n, r: endless()) as wire, pytest.raises(Unreachable, match="did not finish|sent more"):
        Cloud("x", "[x] y").ask("GET", wire.url)
