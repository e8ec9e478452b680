"""What Plex, plex.tv, Tautulli and Discord answer may be anything: it is refused in one line, soon, in little room."""
import contextlib
import gzip
import io
import json
import random
import socket
import threading
import time
import tracemalloc
import zipfile
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

import install
from shared import untrusted, web
from shared.cloud import Cloud
from shared.config import load
from shared.errors import Unreachable, UsherError
from shared.gateway import Gateway
from shared.jobs import front, log_files
from shared.mail import Mail
from shared.model import Member
from shared.plex import Plex
from shared.plextv_members import Entry, Lists, entry, merge, pending_member
from shared.tautulli import Tautulli
from shared.titles import Titles
from shared.viewers import Viewers
from shared.watched import Watched
from shared.web import Answer, Http
from tests.wire import CLOSE, Wire, answer

WAIT = 0.2
HEAD = b"HTTP/1.1 200 OK\r\n"


def drip(piece, pause=0.05):
    while True:
        time.sleep(pause)
        yield piece


def endless(first, piece):
    yield first
    while True:
        yield piece


@pytest.mark.parametrize("reply", [
    drip(b"H"),
    (HEAD, drip(b"X-A: b\r\n")),
    (HEAD + b"X-A: ", drip(b"b")),
    (drip(b"HTTP/1.1 100 Continue\r\n\r\n"),),
    endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    endless(HEAD, b"X-A: b\r\n"),
    endless(HEAD + b"X-A: ", b"b" * 65536),
    endless(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"10000\r\n" + b"x" * 65536 + b"\r\n"),
    endless(HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"f" * 65536, b"f" * 65536),
    endless(HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"X-A: b\r\n"),
    endless(HEAD + b"\r\n", b"x" * 65536),
    endless(HEAD + b"Content-Length: 200000000\r\n\r\n", b"x" * 65536),
], ids=["a status line", "heads", "a head", "go on, slowly", "go on, fast", "many heads", "a long head", "chunks",
        "a long chunk size", "a trailer", "a body", "200 MB"])  # fmt: skip
def test_an_answer_that_comes_to_no_end(reply):
    """Whatever of it is without end: it is over within four time-outs, or at 32 MB."""
    with Wire(reply) as wire:
        begun = time.monotonic()
        tracemalloc.start()
        with pytest.raises(Unreachable) as told:
            Http("Plex", wire.url, wait=WAIT).request("GET", "/x")
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert time.monotonic() - begun < WAIT * web.PATIENCE + 3
        assert peak < 3 * web.BIGGEST and "\n" not in str(told.value)


def test_a_file_without_end_does_not_fill_the_disk(monkeypatch):
    monkeypatch.setattr(web, "BIGGEST_FILE", 1 << 20)
    with Wire(endless(HEAD + b"\r\n", b"x" * 65536)) as wire:
        file = io.BytesIO()
        with pytest.raises(Unreachable, match="sent more than 1 MB"):
            Plex(wire.url, "tokentoken").download_logs(file)
        assert len(file.getvalue()) <= 1 << 20


# ---- XML and JSON ----


def bomb(levels=8):
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "0123456789"}">' for n in range(levels))
    return f'<?xml version="1.0"?><!DOCTYPE x [{entities}]><MediaContainer title="&e{levels - 1};"/>'


def external(uri):
    return f'<!DOCTYPE x [<!ENTITY f SYSTEM "{uri}">]><MediaContainer>&f;</MediaContainer>'


BOMBS = {
    "entities": bomb().encode(),
    "entities in UTF-16": bomb().encode("utf-16"),
    "entities in UTF-16 without a mark": bomb().encode("utf-16-be"),
    "entities in UTF-16, little end first": bomb().encode("utf-16-le"),
    "entities behind a mark": b"\xef\xbb\xbf \n" + bomb().encode(),
    "a file": external("file:///etc/passwd").encode(),
    "a file, in UTF-16": external("file:///etc/passwd").encode("utf-16"),
    "too many elements": b"<MediaContainer>" + b"<a/>" * untrusted.MOST + b"</MediaContainer>",
    "too deep": b"<MediaContainer>" + b"<a>" * untrusted.MOST,
    "too many attributes": b"<MediaContainer " + b" ".join(b'a%d=""' % n for n in range(untrusted.MOST)) + b"/>",
    "an encoding nobody knows": b'<?xml version="1.0" encoding="evil"?><MediaContainer/>',
    "bytes that are no text": b'<MediaContainer title="\xff\xfe\xed\xa0\x80"/>',
    "a zero byte": b'<MediaContainer title="\0"/>',
    "a control character": b'<MediaContainer title="\x1b]52;c;x\x07"/>',
    "the same attribute twice": b'<MediaContainer a="1" a="2"/>',
    "nothing": b"",
}  # fmt: skip
JSON_BOMBS = {
    "too deep": b'{"response":{"result":"success","data":' + b"[" * 200_000,
    "deep": b'{"response":{"result":"success","data":' + b"[" * 50_000 + b"]" * 50_000 + b"}}",
    "too many": b'{"response":{"result":"success","data":[' + b"[]," * untrusted.MOST + b"[]]}}",
    "a number of 10,000 digits": b'{"response":{"result":"success","data":' + b"9" * 10_000 + b"}}",
    "bytes that are no text": b'{"response":{"result":"success","data":"\xff\xed\xa0\x80"}}',
    "a zero byte": b'{"response":{"result":"success","data":"\0"}}',
}


@pytest.fixture
def plex():
    return Plex("http://127.0.0.1:1", "tokentoken")


@pytest.fixture
def tautulli():
    return Tautulli("http://127.0.0.1:1", "keykeykey")


def says(service, body):
    service.http.request = lambda *_, **__: Answer(200, body)
    return service


@pytest.mark.parametrize("name", BOMBS)
def test_xml_of_plex(plex, name):
    tracemalloc.start()
    begun = time.monotonic()
    with pytest.raises(Unreachable, match="something that is not XML"):
        says(plex, BOMBS[name]).sessions()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1_000_000 and time.monotonic() - begun < 1, "it was refused before it was taken apart"


@pytest.mark.parametrize("name", JSON_BOMBS)
def test_json_of_tautulli(tautulli, name):
    with pytest.raises(Unreachable, match="something that is not its API"):
        says(tautulli, JSON_BOMBS[name]).call("get_users")


def test_a_large_house_is_no_bomb():
    """10,000 users with twenty libraries each, and a page of 5,000 plays of seventy columns."""
    section = b'<Section id="1" key="1" title="Movies" type="movie" shared="1"/>'
    user = b'<SharedServer ' + b" ".join(b'attribute%d="value"' % n for n in range(15)) + b">" + section * 20
    untrusted.check(b"<MediaContainer>" + (user + b"</SharedServer>") * 10_000 + b"</MediaContainer>")
    row = json.dumps({f"column{n}": "a value, with a comma" for n in range(70)}).encode()
    untrusted.check(b"[" + b",".join([row] * 5000) + b"]")


VALUES = ("0", "1", "-1", "9" * 15, "9" * 16, "9" * 400, "1e400", "nan", "٣", "²", "0x1", "1_0", "", "None", "a name",
          "\x9b31m", "\u202e", "two\nlines", "2026-11-20T18:02:11Z", "9999-12-31T23:59:59-23:59", "0001-01-01",
          "999999999999", "lan")
KEYS = ("sessionKey", "ratingKey", "viewOffset", "duration", "type", "title", "grandparentTitle", "live", "id",
        "userID", "machineIdentifier", "state", "address", "location", "bitrate", "videoResolution", "relayed", "size",
        "email", "username", "acceptedAt", "invitedAt", "allLibraries", "pending", "owned", "shared", "home",
        "restricted")
TAGS = ("Video", "User", "Player", "Session", "Media", "TranscodeSession", "Server", "Section")
SEEDS = st.integers(0, 2**40).map(random.Random)  # a tree by hypothesis itself takes a hundred times as long


def elements(rng, most, depth=2):
    """Elements of the kinds that are looked for, with any attributes, some within others."""
    from xml.etree.ElementTree import Element

    made = []
    for _ in range(rng.randint(0, most)):
        made.append(Element(rng.choice(TAGS), {rng.choice(KEYS): rng.choice(VALUES) for _ in range(rng.randint(0, 9))}))
        made[-1].extend(elements(rng, 4, depth - 1) if depth else ())
    return made


@given(SEEDS)
def test_any_sessions(rng):
    """Each is a session, or none: no session hides another, nothing raises, every number fits the ledger."""
    from xml.etree.ElementTree import Element, tostring

    root = Element("MediaContainer")
    root.extend(elements(rng, 5))
    plex = Plex("http://127.0.0.1:1", "tokentoken")
    for session in says(plex, tostring(root, "utf-8")).sessions(files=True):
        assert all(abs(value) < 2**63 for value in session if isinstance(value, (int, float)))


NAMED = (
    "data", "draw", "recordsFiltered", "user_id", "username", "friendly_name", "email", "started", "stopped", "row_id",
    "play_duration", "sessions", "title", "results_list", "movie", "show", "media_info", "id", "agent_id", "script",
    "config", "series", "categories", "connected", "pms_name", "rating_key", "last_seen", "machine_id", "timestamp",
    "section_name", "section_id", "notification_id", "bitrate", "duration", "invitedId", "invited", "invitedEmail",
    "libraries", "sharingSettings", "allLibraries", "machineIdentifier", "allowSync",
)  # fmt: skip
PLAIN = (None, True, False, 0, 1, -1, 10**20, -(10**20), 1.5, float("inf"), float("nan"), "half\ud800", *VALUES)


def values(rng, depth=4):
    """Any value that JSON can hold, under the names that are asked for."""
    kind = rng.random() if depth else 0.0
    if kind < 0.4:
        return rng.choice(PLAIN)
    if kind < 0.6:
        return [values(rng, depth - 1) for _ in range(rng.randint(0, 3))]
    return {rng.choice(NAMED): values(rng, depth - 1) for _ in range(rng.randint(0, 6))}


ASKED = (
    lambda t: t.users(), lambda t: t.history(0.0, ("Movies",)), lambda t: t.notify(1, "a", "b"),
    lambda t: t.script_notifiers(), lambda t: t.notification_log(), lambda t: Viewers(t).all(),
    lambda t: Viewers(t).watching(), lambda t: Viewers(t).listens(), lambda t: Viewers(t).server(),
    lambda t: Viewers(t).days(30),
    lambda t: Viewers(t).last_play(1), lambda t: list(Viewers(t).history(1)), lambda t: Viewers(t).players(1),
    lambda t: Watched(t).users(), lambda t: Watched(t).between(0.0, 1e9, ("movies",)), lambda t: Titles(t).called("x"),
    lambda t: Titles(t).item("1"),
)  # fmt: skip


@given(SEEDS)
def test_any_json_of_tautulli(rng):
    """It is an answer, or none: never anything else."""
    body = json.dumps({"response": {"result": "success", "data": values(rng)}}).encode()
    for ask in ASKED:
        try:
            ask(says(Tautulli("http://127.0.0.1:1", "keykeykey"), body))
        except UsherError as error:
            assert str(error).isprintable()


@given(st.one_of(st.binary(max_size=60), st.text(max_size=40).map(str.encode),
                 SEEDS.map(lambda rng: json.dumps({"response": values(rng)}).encode())))  # fmt: skip
def test_any_bytes_of_tautulli(body):
    with pytest.raises(UsherError) as told:
        says(Tautulli("http://127.0.0.1:1", "keykeykey"), body).users()
    assert str(told.value).isprintable()


@given(SEEDS)
def test_any_lists_of_plextv(rng):
    users, shared = elements(rng, 4), elements(rng, 4)
    rows = [row for row in (values(rng), values(rng)) if isinstance(row, dict)]
    lists = Lists(1, "m", [*map(entry, users)], [*map(entry, shared)], [*map(entry, users[:1])], rows)
    for member in merge(lists) or ():
        stored(member)


@given(SEEDS)
def test_any_invitation_of_plextv(rng):
    row = values(rng)
    stored(pending_member(row if isinstance(row, dict) else {"libraries": row, "id": row, "invited": row}))


def stored(member):
    """It could be stood in the ledger, and looked at."""
    assert isinstance(member, Member) and abs(member.id) < 2**63
    assert all(text.encode() is not None for text in member if isinstance(text, str))
    assert all(time.localtime(at) for at in (member.invited_at, member.accepted_at))


def test_half_a_character_of_plextv():
    assert pending_member({"id": 1, "invited": {"username": "half\ud800"}}).name == "half?"
    assert entry(untrusted.xml(b"<User id='1'/>")) == Entry({"id": "1"}, (), ())


def test_a_history_without_end(tautulli, monkeypatch):
    """A Tautulli that fills every page is asked for no more than a million plays."""
    monkeypatch.setattr("shared.tautulli.MOST_ROWS", 3000)
    rows = [{"user_id": 1, "row_id": n, "started": n, "stopped": n} for n in range(5000)]
    for size, ask in ((1000, lambda: tautulli.history(0.0)), (5000, lambda: list(Viewers(tautulli).history(1))),
                      (5000, lambda: Watched(tautulli).between(0.0, 9e9))):  # fmt: skip
        data = {"draw": 1, "recordsFiltered": 9**9, "data": rows[:size]}
        says(tautulli, json.dumps({"response": {"result": "success", "data": data}}).encode())
        with pytest.raises(Unreachable, match="lists more than 3000 plays"):
            ask()


# ---- plex.tv and Discord ----


def asked(reply):
    """What a service on the internet answers, through requests."""
    cloud = Cloud("plex.tv", "[plex] token")
    cloud.session.trust_env = False
    with Wire(reply) as wire:
        try:
            return cloud.ask("GET", wire.url + "/x")
        finally:
            cloud.close()


def squeezed(data, times=1):
    for _ in range(times):
        data = gzip.compress(data)
    return data


@pytest.mark.parametrize("body, encoding, says", [
    (squeezed(b"x" * (64 << 20)), "gzip", "sent more than 32 MB"),
    (squeezed(b"x" * (64 << 20), 2), "gzip, gzip", "packs its answer"),
    (squeezed(b"x" * 100, 9), ", ".join(["gzip"] * 9), "packs its answer"),
    (b"x" * 100, "br", "packs its answer"),
    (zlib.compress(b"x" * 100), "deflate", "packs its answer"),
    (b"no gzip at all", "gzip", "cannot be read"),
    (bomb().encode(), "", "cannot be read"),
    (bomb().encode("utf-16"), "", "cannot be read"),
    (squeezed(bomb().encode()), "gzip", "cannot be read"),
    (b"[" + b"[]," * untrusted.MOST + b"[]]", "", "cannot be read"),
], ids=["a bomb", "a bomb in a bomb", "nine of them", "br", "deflate", "no gzip", "entities", "UTF-16",
        "packed entities", "too many"])  # fmt: skip
def test_a_service_on_the_internet(body, encoding, says):
    head = {"Content-Encoding": encoding} if encoding else {}
    tracemalloc.start()
    try:
        with pytest.raises(Unreachable, match=says):
            asked(answer(body, **head))
        assert tracemalloc.get_traced_memory()[1] < 150 << 20
    finally:
        tracemalloc.stop()


def test_what_is_packed_as_was_asked_for():
    assert asked(answer(squeezed(b"<MediaContainer/>"), **{"Content-Encoding": "gzip"})).text == "<MediaContainer/>"


def test_no_secret_follows_a_redirect():
    """Neither to another host nor from https to http nor to a file: nobody else is asked anything."""
    with Wire(answer(b"{}")) as evil:
        for target in (evil.url, f"//127.0.0.1:{evil.port}/x", "file:///etc/passwd", f"https://127.0.0.1.evil:{evil.port}"):
            with Wire(answer(status="302 Found", Location=target)) as wire:
                for ask in (lambda url=wire.url: Plex(url, "tokentoken").sessions(),
                            lambda url=wire.url: Tautulli(url, "keykeykey").users()):  # fmt: skip
                    with pytest.raises(UsherError):
                        ask()
            with pytest.raises(UsherError, match="not followed"):
                asked(answer(status="302 Found", Location=target))
        assert not evil.requests


def test_a_redirect_that_a_terminal_would_obey(capsys, monkeypatch):
    monkeypatch.setattr(front, "_data_dir", lambda: "")
    with Wire((b"HTTP/1.1 302 Found\r\nLocation: http://a\x1b]52;c;x\x07\xc2\x9b31m/\r\n\r\n", CLOSE)) as wire:
        with pytest.raises(UsherError) as told:
            Http("Plex", wire.url, wait=1.0).request("GET", "/x")
        for fail in (lambda text: front._fail(text, 1), install.fail):
            assert fail(str(told.value)) == 1
            shown = capsys.readouterr().err
            assert "sends us on" in shown and shown.count("\n") == 1 and shown.rstrip("\n").isprintable()


# ---- the zip of Plex's logs ----


def zipped(*files, **kw):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED, **kw) as packed:
        for name, data in files:
            packed.writestr(name, data)
    return made.getvalue()


LINE = b"Feb 14, 2026 13:13:59.604 [1] DEBUG - line\n"
CHECKSUM = zlib.crc32(LINE).to_bytes(4, "little")
ZIPS = {
    "a bomb": (zipped(("Plex Media Server.log", b"0" * (30 << 20))), "more logs than"),
    "too many files": (zipped(*[(f"Plex Media Server.{n}.log", LINE) for n in range(300)]), "more logs than"),
    "no zip": (b"PK\x03\x04" + b"x" * 100, "not a zip"),
    "nothing": (b"", "not a zip"),
    "a broken one": (zipped(("Plex Media Server.log", LINE * 1000))[:-40], "not a zip"),
    "a wrong checksum": (zipped(("Plex Media Server.log", LINE)).replace(CHECKSUM, b"evil"), "not a zip"),
}  # fmt: skip


def downloaded(tmp_path, monkeypatch, body):
    monkeypatch.setattr(log_files, "BIGGEST", 20 << 20)
    (tmp_path / "config.ini").write_text("[usher]\ndry_run = yes\n[logs]\nsource = download\n[plex]\nurl = http://127.0.0.1:1\n"
                                         "token = tokentoken\n")
    config = load(str(tmp_path / "config.ini"), {})
    gateway = Gateway(config, {})

    def request(*_, into, **__):
        into.write(body)
        return Answer(200, b"")
    gateway.plex.http.request = request
    with log_files.opened(config, gateway, time.time(), str(tmp_path)) as (_, files):
        return [(file.name, file.read(0, 100)) for file in files]


@pytest.mark.parametrize("name", ZIPS)
def test_a_zip_that_is_none_or_a_bomb(tmp_path, monkeypatch, name):
    body, says = ZIPS[name]
    with pytest.raises(Unreachable, match=says):
        downloaded(tmp_path, monkeypatch, body)


def test_names_in_a_zip_are_no_paths(tmp_path, monkeypatch):
    """What is in it is read under its last name, and written nowhere."""
    there = {"../../evil/Plex Media Server.log", "/etc/Plex Media Server.1.log", "..\\Plex Media Server.2.log", "../x"}
    before = {*tmp_path.iterdir()}
    found = downloaded(tmp_path, monkeypatch, zipped(*[(name, LINE) for name in sorted(there)]))
    assert [name for name, _ in found] == ["Plex Media Server.1.log", "Plex Media Server.log"]
    assert {p.name for p in {*tmp_path.iterdir()} - before} <= {"config.ini", "data"}


# ---- a mail server ----


@pytest.mark.parametrize("greeting", [endless(b"220-", b"x\r\n220-"), endless(b"220 ", b"x" * 8000), drip(b"2")],
                         ids=["lines", "a line", "slowly"])  # fmt: skip
def test_a_mail_server_whose_answer_comes_to_no_end(greeting, monkeypatch):
    monkeypatch.setattr("shared.mail.WAIT", WAIT)
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        with contextlib.suppress(OSError):
            connection, _ = listener.accept()
            with connection:
                for piece in greeting:
                    connection.sendall(piece)
    threading.Thread(target=serve, daemon=True).start()
    begun = time.monotonic()
    settings = {"host": "127.0.0.1", "port": listener.getsockname()[1], "security": "none", "from": "me@example.com"}
    with listener, pytest.raises(Unreachable) as told:
        Mail(settings).send("you@example.com", "a", "b", "c", "<d@e>")
    assert time.monotonic() - begun < WAIT * web.PATIENCE + 3 and "\n" not in str(told.value)
