"""Mail: what arrives, what is never let through, and what each failure means."""

import socket
import threading
import time
from contextlib import contextmanager, suppress

import pytest

from shared import log
from shared.errors import Postponed, Refused, Unreachable, UsherError
from shared.mail import Mail, is_address, is_set_up
from tests.sandbox.mail import FakeMail
from tests.sandbox.world import World

EVIL = '"><script>@everyone\r\nBcc: x'


@pytest.fixture(scope="module")
def here():
    with World(boot=False) as world:
        yield world


@pytest.fixture(autouse=True)
def trust(here, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", here.certs.bundle)
    monkeypatch.setattr("shared.mail.WAIT", 1.0)
    monkeypatch.setattr("shared.mail.DATA_WAIT", 1.0)


def settings(server, **more):
    security = {"plain": "none", "starttls": "starttls", "ssl": "tls"}[server.mode]
    return {"host": server.host, "port": server.port, "security": security, "username": "", "password": "",
            "from": "Usher <plex@example.com>", "admin": (), "brand": "", **more}  # fmt: skip


def send(server, to="bob@example.com", subject="Hello", text="Text", html="<p>HTML</p>", **more):
    mail = Mail(settings(server, **more))
    try:
        mail.send(to, subject, text, html, mail.message_id("k", 1.0))
    finally:
        mail.close()
    return server.mails[-1]


@pytest.mark.parametrize(("mode", "auth"), [("plain", None), ("starttls", None), ("starttls", ("me", "pass-word")),
                                            ("ssl", ("me", "pass-word")), ("plain", ("me", "pass-word"))])
def test_it_arrives(here, mode, auth):
    server = here.smtp(mode, auth=auth)
    login = {"username": auth[0], "password": auth[1]} if auth else {}
    mail = send(server, text="Grüße 🎬\n\nZwei", html="<p>Grüße 🎬</p>", subject="Grüße 🎬", **login)
    assert (mail.mail_from, mail.rcpt_to, mail.tls) == ("plex@example.com", ["bob@example.com"], mode != "plain")
    assert mail.auth == (auth[0] if auth else None)
    assert mail.subject == "Grüße 🎬"
    assert mail.body().split() == ["Grüße", "🎬", "Zwei"] and mail.body().count("\r\n\r\n") == 1
    assert mail.body("html").strip() == "<p>Grüße 🎬</p>"
    assert mail.message["Auto-Submitted"] == "auto-generated"
    assert mail.message["Message-ID"].startswith("<usher.")
    assert abs(mail.message["Date"].datetime.timestamp() - time.time()) < 60
    mail.raw.decode("ascii")
    assert max(map(len, mail.raw.splitlines())) < 999


def test_the_sender_and_where_answers_go(here):
    server = here.smtp()
    admin = ('"The "boss"" <boss@example.com>', "x@example.com")
    mail = send(server, **{"from": "plex@example.com"}, brand="Our Plex, home", admin=admin)
    assert mail.message["From"] == '"Our Plex, home" <plex@example.com>'
    assert mail.message["Reply-To"].addresses[0].addr_spec == "boss@example.com"
    mail = send(server, **{"from": '"Müller & Co" <plex@example.com>'}, admin=("plex@example.com",))
    assert mail.message["From"].addresses[0].display_name == "Müller & Co"
    assert mail.message["Reply-To"] is None


def test_nothing_in_a_subject_or_a_text_becomes_a_header(here):
    server = here.smtp()
    subject, text = f"Hello {EVIL}\x00\u2028X-Evil: 1", f"Hi {EVIL}\x00\r\n.\r\nEND"
    mail = send(server, subject=subject, text=text, html=f"<p>{EVIL}</p>")
    assert mail.message["Bcc"] is None and mail.message["X-Evil"] is None
    assert mail.rcpt_to == ["bob@example.com"] and len(server.mails) == 1
    assert mail.subject == 'Hello "><script>@everyone Bcc: x X-Evil: 1'
    assert mail.body().splitlines()[-2:] == [".", "END"]
    assert len(send(server, subject="x" * 500).subject) == 150


@pytest.mark.parametrize("address", [
    "", "x", "@", "a@", "@b", "a b@c.de", "a@b@c.de", "a@b.de\r\nBcc: x@y.z", "a@b.de,c@d.e", "<a@b.de>", "a;b@c.de",
    "a@b.de>\nRCPT TO:<c@d.e", 'a"b@c.de', "ä@b.de", "x" * 65 + "@b.de", "a@b..de", "a@b de", "a@[1.2.3.4]", EVIL,
])  # fmt: skip
def test_what_is_no_address_is_never_sent_to(here, address):
    server = here.smtp()
    assert not is_address(address)
    with pytest.raises(Refused):
        send(server, to=address)
    assert server.mails == []


@pytest.mark.parametrize(("address", "sent"), [("bob+plex@example.com", "bob+plex@example.com"),
                                               (" bob@example.com ", "bob@example.com"),
                                               ("bob@bücher.example", "bob@xn--bcher-kva.example")])
def test_addresses(here, address, sent):
    assert is_address(address)
    assert send(here.smtp(), to=address).rcpt_to == [sent]


@pytest.mark.parametrize(("command", "reply", "kind"), [
    ("RCPT", "550 5.1.1 no such user", Refused), ("RCPT", "550 no such user", Refused),
    ("RCPT", "553 5.1.3 bad address", Refused), ("RCPT", "450 4.2.1 greylisted", Postponed),
    ("RCPT", "452 4.2.2 mailbox full", Postponed), ("RCPT", "550 5.7.1 relaying denied", Unreachable),
    ("RCPT", "550 5.4.5 daily limit exceeded", Unreachable), ("RCPT", "421 4.3.2 closing", Unreachable),
    ("RCPT", "530 5.7.0 must issue STARTTLS", Unreachable),
    ("MAIL", "550 5.1.0 sender rejected", Unreachable), ("MAIL", "451 try later", Unreachable),
    ("DATA", "451 try later", Postponed), ("DATA", "554 5.6.0 I do not like it", Refused),
    ("DATA", "550 5.4.5 daily limit exceeded", Unreachable), ("DATA", "552 5.3.4 too big", Unreachable),
    ("DATA", "421 4.7.0 too many", Unreachable),
])  # fmt: skip
def test_what_the_server_answers(here, command, reply, kind):
    server = here.smtp()
    server.replies[command] = reply
    with pytest.raises(UsherError) as caught:
        send(server)
    assert type(caught.value) is kind and reply[:3] in str(caught.value)
    server.replies.clear()
    assert send(server).rcpt_to == ["bob@example.com"]


def test_one_refused_recipient_spoils_no_other(here):
    server = here.smtp()
    mail = Mail(settings(server))
    for reply in ("550 5.1.1 no", "451 later", None):
        server.replies.update(RCPT=reply) if reply else server.replies.clear()
        try:
            mail.send("bob@example.com", "s", "t", "h", "<x@y>")
        except UsherError:
            continue
    mail.close()
    assert len(server.mails) == 1 and server.mails[0].rcpt_to == ["bob@example.com"]


def test_the_connection_is_kept_and_a_lost_one_replaced(here):
    server = here.smtp("starttls", auth=("me", "pw-pw"))
    mail = Mail(settings(server, username="me", password="pw-pw"))
    for n in range(3):
        mail.send(f"u{n}@example.com", "s", "t", "h", "<x@y>")
    assert len(server.logins) == 1
    mail._smtp.sock.shutdown(socket.SHUT_RDWR)
    mail.send("u3@example.com", "s", "t", "h", "<x@y>")
    mail.close()
    assert [m.rcpt_to[0][:2] for m in server.mails] == ["u0", "u1", "u2", "u3"] and len(server.logins) == 2


def test_before_is_called_only_when_it_could_arrive(here):
    server, said = here.smtp(), []
    mail = Mail(settings(server))
    server.replies["RCPT"] = "451 later"
    with pytest.raises(Postponed):
        mail.send("bob@example.com", "s", "t", "h", "<x@y>", lambda: said.append(len(server.mails)))
    assert said == []
    server.replies.clear()
    mail.send("bob@example.com", "s", "t", "h", "<x@y>", lambda: said.append(len(server.mails)))
    mail.close()
    assert said == [0] and len(server.mails) == 1


# ---- servers that fail ----


def test_a_wrong_password_is_the_owners_matter(here, monkeypatch):
    monkeypatch.setattr("shared.mail.WAIT", 15.0)  # servers take their time over this
    server = here.smtp("starttls", auth=("me", "right"))
    with pytest.raises(Unreachable, match=r"login.*see \[mail\] username and password") as caught:
        send(server, username="me", password="wrong-secret")
    assert "wrong-secret" not in str(caught.value) and log.mask("wrong-secret") == "***"
    assert server.mails == []


def test_a_login_where_there_is_none(here):
    with pytest.raises(Unreachable, match="offers no login"):
        send(here.smtp(), username="me", password="pw-pw")


def test_never_without_the_protection_that_was_asked_for(here):
    """Whoever sits in between and takes STARTTLS out of the answer gets neither mail nor password."""
    server = here.smtp("plain", auth=("me", "pw-pw"))
    with pytest.raises(Unreachable, match="no STARTTLS"):
        send(server, security="starttls", username="me", password="pw-pw")
    assert server.mails == [] and server.logins == []


@pytest.mark.parametrize("mode", ["starttls", "ssl"])
def test_a_certificate_that_nobody_signed(here, monkeypatch, mode):
    server = here.smtp(mode)
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    with pytest.raises(Unreachable, match="not trusted"):
        send(server)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", here.certs.bundle)
    assert send(server).tls
    other = here._start(FakeMail(here.loop, here.certs.server_context("other.example"), mode))
    with pytest.raises(Unreachable, match="not trusted"):
        send(other)
    assert len(server.mails) == 1 and other.mails == []


def test_tls_on_the_wrong_port(here):
    with pytest.raises(Unreachable, match="TLS"):
        send(here.smtp("plain"), security="tls")


def test_nobody_there(here):
    with pytest.raises(Unreachable, match="is not there"):
        Mail({**settings(here.mail), "port": 9}).send("bob@example.com", "s", "t", "h", "<x@y>")


def test_a_name_that_is_none(here, monkeypatch):
    def no(*args, **kw):
        raise socket.gaierror(-2, "no")

    monkeypatch.setattr(socket, "getaddrinfo", no)
    with pytest.raises(Unreachable, match=r"cannot be found: see \[mail\] host"):
        Mail({**settings(here.mail), "host": "nosuch.example"}).send("bob@example.com", "s", "t", "h", "<x@y>")


@pytest.mark.parametrize("more", [{"silent": True}, {}])
def test_a_server_that_hangs(here, more):
    server = here.smtp(**more)
    server.delay = 5
    began = time.monotonic()
    with pytest.raises(Unreachable, match="in time"):
        send(server)
    assert time.monotonic() - began < 4


@contextmanager
def talker(lines, end):
    """A server that says these lines, each after a command, then closes or resets."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        connection, _ = listener.accept()
        with suppress(OSError), connection:
            file = connection.makefile("rwb")
            for line in lines:
                file.write(line + b"\r\n")
                file.flush()
                if not file.readline():
                    return
            if end == "reset":
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    threading.Thread(target=serve, daemon=True).start()
    yield listener.getsockname()[1]
    listener.close()


@pytest.mark.parametrize("end", ["close", "reset"])
@pytest.mark.parametrize("count", range(6))
def test_a_server_that_goes_away(here, count, end):
    said = [b"220 hi", b"250 hi", b"250 ok", b"250 ok", b"354 go on", b"250 taken"]
    with talker(said[:count], end) as port, pytest.raises(Unreachable):
        Mail({**settings(here.mail), "port": port}).send("bob@example.com", "s", "t", "h", "<x@y>")


@pytest.mark.parametrize("greeting", [b"554 go away", b"HTTP/1.1 400 Bad Request", b"\xff\xfe\x00", b"x" * 100_000])
def test_a_server_that_speaks_something_else(here, greeting):
    with talker([greeting], "close") as port, pytest.raises(Unreachable) as caught:
        Mail({**settings(here.mail), "port": port}).send("bob@example.com", "s", "t", "h", "<x@y>")
    assert len(str(caught.value)) < 400 and "\n" not in str(caught.value)


def test_a_sender_that_is_none(here):
    """It is not the recipient's fault: the mail waits until the owner has mended it."""
    with pytest.raises(Unreachable, match=r"\[mail\] from"):
        send(here.smtp(), **{"from": "a <b@c,d>"})


def test_without_a_server_it_says_so():
    assert not is_set_up({"host": "", "from": "x@y.z"}) and not is_set_up({"host": "x", "from": ""})
    with pytest.raises(UsherError, match=r"\[mail\] host or from is empty"):
        Mail({"host": "", "from": ""})


def test_an_answer_holds_no_address(here):
    server = here.smtp()
    server.replies["RCPT"] = "550 5.1.1 <bob@example.com> unknown"
    with pytest.raises(Refused) as caught:
        send(server)
    assert "bob@" not in str(caught.value)


def test_message_ids(here):
    named = Mail(settings(here.mail))
    one = named.message_id("welcome:1", 5.0)
    assert one == Mail(settings(here.mail, **{"from": "plex@example.com"})).message_id("welcome:1", 5.0)
    assert one.startswith("<usher.") and one.endswith("@example.com>") and len(one) < 80
    assert len({one, named.message_id("welcome:2", 5.0), named.message_id("welcome:1", 6.0)}) == 3
