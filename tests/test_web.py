"""The HTTP client against servers that behave, and against servers that do not."""
import contextlib
import itertools
import socket
import ssl
import threading
import time
import traceback

import pytest
import trustme
from hypothesis import example, given, settings
from hypothesis import strategies as st

from shared import web
from shared.errors import Refused, Unreachable, UsherError
from shared.plex import Plex
from shared.tautulli import Tautulli
from shared.web import Http
from tests.wire import CLOSE, HANG, RESET, Wire, answer

HELLO = answer("hello")
SLOW = [answer(b"x" * 1000)[:-1000], *[b"x"] * 5]


def get(wire, path="/x", wait=1.0, **kw):
    return Http("Plex", wire.url, wait=wait).request("GET", path, **kw)


# ---- the connection ----

def test_one_connection_serves_many_requests():
    with Wire(HELLO) as wire:
        http = Http("Plex", wire.url)
        assert [http.request("GET", "/x").body for _ in range(5)] == [b"hello"] * 5
        assert wire.connections == 1


@pytest.mark.parametrize("method, again", [("GET", None), ("POST", False)])
def test_a_kept_connection_that_was_closed_meanwhile_is_no_failure(method, again):
    with Wire((HELLO, CLOSE)) as wire:
        http = Http("Plex", wire.url)
        http.request("GET", "/x")
        deadline = time.monotonic() + 5
        while not web._stale(http._kept) and time.monotonic() < deadline:
            pass
        assert http.request(method, "/x", again=again).body == b"hello"
        assert wire.connections == 2


def closes_on_the_second(number, request):
    return CLOSE if number == 2 else HELLO


def test_a_request_that_meets_a_closing_connection_is_repeated_once():
    with Wire(closes_on_the_second) as wire:
        http = Http("Plex", wire.url)
        http.request("GET", "/x")
        assert http.request("GET", "/x").body == b"hello"
        assert len(wire.requests) == 3


def test_what_may_not_be_sent_twice_is_not_repeated():
    with Wire(closes_on_the_second) as wire:
        http = Http("Plex", wire.url)
        http.request("GET", "/x")
        with pytest.raises(Unreachable):
            http.request("POST", "/x", form={"a": 1})
        assert len(wire.requests) == 2


def test_a_server_that_always_closes_is_asked_at_most_twice():
    with Wire(lambda number, request: HELLO if number == 1 else CLOSE) as wire:
        http = Http("Plex", wire.url)
        http.request("GET", "/x")
        with pytest.raises(Unreachable, match="closed the connection"):
            http.request("GET", "/x")
        assert len(wire.requests) == 3


def test_it_works_again_after_a_failure():
    with Wire(lambda number, request: RESET if number == 1 else HELLO) as wire:
        http = Http("Plex", wire.url)
        with pytest.raises(Unreachable):
            http.request("GET", "/x")
        assert http.request("GET", "/x").body == b"hello"


def test_a_path_in_the_address_comes_before_every_request():
    with Wire(HELLO) as wire:
        Http("Tautulli", wire.url + "/some root/").request("GET", "/api", query={"a": "ö &"})
        assert wire.requests[0].startswith("GET /some%20root/api?a=%C3%B6+%26 HTTP/1.1")


def test_variables_for_proxies_are_not_honoured(monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with Wire(HELLO) as wire:
        assert get(wire).body == b"hello"


# ---- faults ----

@pytest.mark.parametrize("reply, error, says", [
    (HANG, Unreachable, "did not answer within 0.3 s"),
    (RESET, Unreachable, "closed the connection"),
    (CLOSE, Unreachable, "closed the connection"),
    ((answer("hello")[:-2], CLOSE), Unreachable, "broke off in the middle"),
    ((b"HTTP/1.1 20", CLOSE), Unreachable, "Plex at"),
    ((b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel", CLOSE), Unreachable, "without a whole answer"),
    ((answer("hello")[:-2], HANG), Unreachable, "did not answer within"),
    (b"SSH-2.0-OpenSSH_9.6\r\n", Unreachable, "does not speak HTTP"),
    (answer("x", "500 Oops"), Unreachable, "status 500"),
    (answer("x", "503 Busy"), Unreachable, "status 503"),
    (answer("x", "429 Slow down"), Unreachable, "status 429"),
    (answer("x", "401 No"), Refused, "status 401"),
    (answer("x", "403 No"), Refused, "status 403"),
    (answer("x", "404 No"), Refused, "status 404"),
], ids=str)
def test_faults(reply, error, says):
    with Wire(reply) as wire:
        began = time.monotonic()
        with pytest.raises(UsherError) as caught:
            get(wire, wait=0.3)
        assert type(caught.value) is error
        assert says in str(caught.value) and wire.url in str(caught.value)
        assert "\n" not in str(caught.value)
        assert time.monotonic() - began < 2.5
        if error is Refused:
            assert caught.value.status == int(says.split()[1])


def test_a_status_may_be_allowed():
    with Wire(answer("why", "404 No")) as wire:
        assert get(wire, allow=(404,)) == (404, b"why")


def test_nobody_listens():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(Unreachable, match="refused"):
        Http("Plex", f"http://127.0.0.1:{port}").request("GET", "/")


def test_a_host_that_nobody_knows(monkeypatch):
    def unknown(*_, **__):
        raise socket.gaierror(-2, "Name or service not known")
    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(Unreachable, match="host name is not known"):
        Http("Plex", "http://tower.example:32400").request("GET", "/")


def test_a_server_that_drips_does_not_hold_us():
    over = threading.Event()

    def drip():
        yield b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"
        while not over.wait(0.05):
            yield b"x"
    with Wire(lambda number, request: drip()) as wire:
        began = time.monotonic()
        with pytest.raises(Unreachable, match="did not answer"):
            get(wire, wait=0.3)
        over.set()
        assert time.monotonic() - began < 0.3 * web.PATIENCE + 1


def test_an_answer_without_end_is_cut_off(monkeypatch):
    monkeypatch.setattr(web, "BIGGEST", 1 << 20)
    endless = itertools.chain([b"HTTP/1.1 200 OK\r\n\r\n"], itertools.repeat(b"x" * 65536))
    with Wire(lambda number, request: endless) as wire, pytest.raises(Unreachable, match="more than 1 MB"):
        get(wire)


@pytest.mark.parametrize("url", ["", "tower", "192.168.1.10:32400", "ftp://tower", "http://", "http://tower:port",
                                 "http://tower:99999", "http://to wer", "http://" + "x" * 70, "file:///etc/passwd"])
def test_what_is_no_address(url):
    with pytest.raises(UsherError, match="^the url of Plex is not an address; it looks like http://192.168.1.10:32400$"):
        Http("Plex", url)


# ---- TLS ----

@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    ca = trustme.CA()
    ca.cert_pem.write_to_path(folder / "ca.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("127.0.0.1", "tower.example").configure_cert(context)
    return context, str(folder / "ca.pem")


@pytest.fixture
def tower(monkeypatch):
    """The name of a host that is not loopback, and leads there all the same."""
    real = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *more, **named: real(
        "127.0.0.1" if host == "tower.example" else host, *more, **named))
    return "tower.example"


@pytest.mark.parametrize("verify, handed_over, remote, works", [
    ("auto", False, False, True),
    ("auto", False, True, False),
    ("auto", True, True, True),
    ("yes", False, False, False),
    ("yes", True, True, False),
    ("no", False, True, True),
    ("CA", False, True, True),
    ("CA", False, False, True),
])
def test_whose_certificate_is_checked(authority, tower, verify, handed_over, remote, works):
    context, bundle = authority
    with Wire(HELLO, tls=context) as wire:
        url = wire.url.replace("127.0.0.1", tower) if remote else wire.url
        http = Http("Plex", url, bundle if verify == "CA" else verify, handed_over)
        if works:
            assert http.request("GET", "/").body == b"hello"
        else:
            with pytest.raises(Unreachable, match="certificate that is not trusted"):
                http.request("GET", "/")
            assert wire.requests == []


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"])
def test_the_usual_variables_name_an_authority(authority, tower, monkeypatch, name):
    context, bundle = authority
    for other in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"):
        monkeypatch.delenv(other, raising=False)
    monkeypatch.setenv(name, bundle)
    with Wire(HELLO, tls=context) as wire:
        assert Http("Plex", wire.url.replace("127.0.0.1", tower)).request("GET", "/").body == b"hello"


def test_a_certificate_of_another_host(authority, tower):
    context, bundle = authority
    ca_of_another = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("other.example").configure_cert(ca_of_another)
    with Wire(HELLO, tls=ca_of_another) as wire, pytest.raises(Unreachable, match="not trusted"):
        Http("Plex", wire.url.replace("127.0.0.1", tower), bundle).request("GET", "/")


def test_a_ca_file_that_is_not_there(tmp_path):
    missing, empty = tmp_path / "no.pem", tmp_path / "empty.pem"
    empty.write_text("nothing")
    for path in (missing, empty):
        with pytest.raises(UsherError, match="CA file for Plex cannot be read: verify_tls = "):
            Http("Plex", "https://127.0.0.1:1", str(path)).request("GET", "/")


def test_https_where_http_is_spoken_and_the_other_way_round(authority):
    with Wire((answer("", "400 Bad"), CLOSE)) as wire, pytest.raises(Unreachable, match="TLS|closed|did not answer"):
        Http("Plex", wire.url.replace("http", "https"), wait=0.3).request("GET", "/")
    with Wire(HELLO, tls=authority[0]) as wire, pytest.raises(Unreachable, match="HTTP|closed"):
        Http("Plex", wire.url.replace("https", "http"), wait=1).request("GET", "/")


# ---- redirects ----

def test_from_http_to_https_of_the_same_host_is_followed_and_remembered(authority):
    with Wire(HELLO, tls=authority[0]) as safe:
        to = answer("", "301 Moved", Location=f"{safe.url}/root/x?token=secret")
        with Wire(to) as plain:
            http = Http("Plex", plain.url + "/root")
            for _ in range(2):
                assert http.request("POST", "/x", form={"a": 1}).body == b"hello"
            assert len(plain.requests) == 1 and len(safe.requests) == 2
            assert safe.requests[0].startswith("POST /root/x HTTP/1.1") and safe.requests[0].endswith("a=1")


@pytest.mark.parametrize("location", ["https://elsewhere.example/?token=s3cret", "http://127.0.0.1:1/?token=s3cret",
                                      "/login?token=s3cret", "", "https://[bad", "//x"])
def test_no_other_redirect_is_followed(location):
    with Wire(answer("", "302 Found", Location=location)) as wire:
        with pytest.raises(Refused, match="sends us on") as caught:
            get(wire)
        assert len(wire.requests) == 1 and "s3cret" not in str(caught.value)


# ---- secrets ----

SECRETS = st.text(st.characters(codec="utf-8"), max_size=20).map(lambda text: f"Zq7{text}Xk9")
REPLIES = [RESET, CLOSE, (HELLO[:-2], CLOSE), HELLO, answer("<a/>"), answer("x", "500 Oops"), answer("x", "401 No"),
           answer("x", "403 No"), answer("x", "404 No"),
           answer('{"response": {"result": "error", "message": "%s"}}', "400 Bad"),
           answer("", "302 Found", Location="https://x.example/?%s")]


def acts(wire, secret):
    plex = Plex(wire.url + "?X-Plex-Token=" + secret, secret)
    tautulli = Tautulli(wire.url, secret)
    return (plex.sessions, plex.machine_id, lambda: plex.terminate("1", "why"), tautulli.users,
            lambda: tautulli.history(0), lambda: tautulli.notify(1, "subject", "body"),
            lambda: tautulli.terminate("1", "2", "why"), lambda: tautulli.call("get_activity"))


@example(secret="Zq7 line\nXk9", reply=HELLO)
@example(secret="Zq7\u20acXk9", reply=HELLO)
@settings(max_examples=60)
@given(secret=SECRETS, reply=st.sampled_from(REPLIES))
def test_no_error_tells_a_secret(secret, reply):
    def echo(number, request):
        return reply.replace(b"%s", secret.replace('"', "").encode()) if isinstance(reply, bytes) else reply
    with Wire(echo) as wire:
        try:
            todo = acts(wire, secret)
        except UsherError as error:      # a secret that makes an address of it that is none
            assert "Zq7" not in "".join(traceback.format_exception(error))
            return
        for act in todo:
            try:
                act()
            except UsherError as error:
                told = "".join(traceback.format_exception(error))
                assert "Zq7" not in told and "Xk9" not in told and "\n" not in str(error)


def test_no_address_holds_a_secret():
    with Wire(HELLO) as wire:
        for act in acts(wire, "Zq7Xk9-secret"):
            with contextlib.suppress(UsherError):
                act()
        assert len(wire.requests) == 8
        for request in wire.requests:
            assert "Zq7" not in request.split("\r\n")[0]
