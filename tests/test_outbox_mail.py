"""Letters and copies of the owner's messages leave the outbox once, in spite of faults, and never too many."""
import json
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from shared.config import load
from shared.errors import Unreachable
from shared.gateway import Gateway
from shared.jobs import outbox
from shared.ledger import Ledger
from shared.ledger_outbox import Outbox
from tests.sandbox.world import World

ROOT = Path(__file__).parents[1]
EVIL = '"><script>@everyone\r\nBcc: x'


@pytest.fixture(scope="module")
def house():
    with World() as world:
        journal = world.install(ROOT / "agents" / "journal.py")
        world.first = world.tautulli.add_script_notifier(world.install(journal, "a.py"), {})
        world.tautulli.add_script_notifier(journal, {})
        yield world


@pytest.fixture
def box(house, tmp_path, monkeypatch):
    """A ledger of its own, a mail server of its own, and a way to deliver as of now plus some seconds."""
    for name, value in house.env.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("shared.mail.WAIT", 1.0)
    monkeypatch.setattr("shared.mail.DATA_WAIT", 1.0)
    monkeypatch.setattr("shared.cloud.WAIT", 1.0)
    server, hook = house.smtp(), house.discord.new_webhook()
    house.discord.posts.clear()
    house.discord.heal()
    environ = {"TAUTULLI_URL": house.tautulli.url, "TAUTULLI_APIKEY": house.tautulli.api_key}
    ini = tmp_path / "config.ini"
    mail = f"[mail]\nhost = 127.0.0.1\nport = {server.port}\nsecurity = none\nfrom = Usher <plex@example.com>\n"
    found = SimpleNamespace(server=server, hook=hook, ini=ini, folder=tmp_path / "data", mail=mail)
    found.ledger = None
    found.start = time.time()

    def configure(*parts):
        ini.write_text("".join(parts), encoding="utf-8")
        config = load(str(ini), {})
        assert config.problems == ()
        found.config = config

    def deliver(later=0.0, **other):
        return outbox.deliver(found.ledger, Gateway(found.config, {**environ, **other}), found.start + later)

    configure(mail)
    found.ledger = Ledger(str(found.folder))
    found.configure, found.deliver = configure, deliver
    found.log = lambda: (found.folder / "usher.log").read_text("utf-8") if (found.folder / "usher.log").exists() else ""
    yield found
    found.ledger.close()
    server.stop()


def letter(box, key, to="bob@example.com", subject="Hello", at=0.0):
    with box.ledger.writing():
        body = json.dumps({"text": f"text of {key}", "html": f"<p>{key}</p>"})
        box.ledger.post(key, "mail", subject, body, box.start + at, to)


def owner(box, key, subject="Usher: something", body="Something is so.\nAnd more."):
    with box.ledger.writing():
        box.ledger.post(key, "owner", subject, body, box.start)


def waiting(box):
    return {m.key for m in Outbox(box.ledger).due(box.start + 400 * 86400)}


def row(box, key):
    names = "sent_at, claimed_at, given_up, attempts, due, error"
    [found] = box.ledger.db.execute(f"SELECT {names} FROM outbox WHERE key = ?", (key,)).fetchall()
    return dict(zip(names.split(", "), found, strict=True))


# ---- letters ----


def test_a_letter_goes_out_once(box):
    letter(box, "welcome:1")
    letter(box, "welcome:1")
    assert box.deliver() == 1 and box.deliver(10) == 0
    [mail] = box.server.mails
    assert mail.rcpt_to == ["bob@example.com"] and mail.body().strip() == "text of welcome:1"
    assert mail.body("html").strip() == "<p>welcome:1</p>"
    assert row(box, "welcome:1")["sent_at"] == box.start and waiting(box) == set()


def test_letters_share_a_connection_and_leave_none_open(box):
    for n in range(5):
        letter(box, f"k{n}", f"u{n}@example.com")
    assert box.deliver() == 5
    assert [m.rcpt_to[0] for m in box.server.mails] == [f"u{n}@example.com" for n in range(5)]


def test_a_hostile_name(box):
    letter(box, "k", subject=f"Welcome to {EVIL}")
    assert box.deliver() == 1
    [mail] = box.server.mails
    assert mail.message["Bcc"] is None and mail.rcpt_to == ["bob@example.com"]


def test_the_mail_server_is_down_for_a_day(box):
    box.server.stop()
    for n in range(3):
        letter(box, f"k{n}", f"u{n}@example.com")
    for later in [0, 1, 5, 35, 160, 800, *range(4400, 86400, 3600)]:
        assert box.deliver(later) == 0
    attempts = [row(box, f"k{n}")["attempts"] for n in range(3)]
    assert sum(attempts) < 35  # all wait together: nobody knocks for each of them
    assert box.log().count("message waits") <= 3
    box.server.start()
    sent = [box.deliver(later) for later in range(86400, 100_000, 60)]
    assert sum(sent) == 3 and len(box.server.mails) == 3 and waiting(box) == set()


def test_one_refused_recipient_is_not_written_to_again_and_holds_up_nobody(box, house):
    for n, to in enumerate(["a@example.com", "nobody@@example.com", "c@example.com"]):
        letter(box, f"k{n}", to)
    assert box.deliver() == 2
    assert row(box, "k1")["given_up"] == 1 and row(box, "k1")["error"]
    box.server.replies["RCPT"] = "550 5.1.1 no such user"
    letter(box, "k3", "gone@example.com")
    assert box.deliver(1) == 1  # what is delivered now is the journal's row about k1
    assert row(box, "k3")["given_up"] == 1
    box.server.replies.clear()
    assert box.deliver(2) == 1
    shown = [(r["subject_text"], r["body_text"]) for r in house.tautulli.notification_log()][-2:]
    assert [subject for subject, _ in shown] == ["Usher: a letter was refused"] * 2
    assert "g***@example.com" in shown[1][1] and "550 5.1.1" in shown[1][1]
    assert box.deliver(3 * 86400) == 0 and len(box.server.mails) == 2


def test_greylisting_delays_one_and_not_the_others(box):
    box.server.replies["RCPT"] = "451 4.7.1 come back later"
    letter(box, "k0", "a@example.com")
    letter(box, "k1", "b@example.com")
    assert box.deliver() == 0
    assert [row(box, f"k{n}")["attempts"] for n in (0, 1)] == [1, 1]
    box.server.replies.clear()
    assert box.deliver(4) == 0 and box.deliver(6) == 2


def test_a_login_that_is_refused_is_not_the_recipients_fault(box):
    box.server.replies["MAIL"] = "530 5.7.0 authentication required"
    letter(box, "k")
    assert box.deliver() == 0 and waiting(box) == {"k"}
    box.server.replies.clear()
    assert box.deliver(6) == 1


def test_mail_down_holds_up_nothing_else_and_the_other_way_round(box, house):
    box.server.stop()
    letter(box, "k")
    with box.ledger.writing():
        box.ledger.post("row", "journal", "Usher: row", "b", box.start)
    assert box.deliver() == 1 and waiting(box) == {"k"}
    box.server.start()
    with box.ledger.writing():
        box.ledger.post("row2", "journal", "Usher: row2", "b", box.start)
    assert box.deliver(10, TAUTULLI_URL="http://127.0.0.1:9") == 1 and waiting(box) == {"row2"}


def test_no_more_than_per_hour(box):
    box.configure(box.mail, "per_hour = 4\n")
    for n in range(10):
        letter(box, f"k{n}", f"u{n}@example.com")
    with box.ledger.writing():
        box.ledger.post("row", "journal", "Usher: row", "b", box.start)
    sent = [(later, n) for later in range(0, 3 * 3600 + 600, 60) if (n := box.deliver(later))]
    assert sent == [(0, 5), (3600, 4), (7200, 2)]  # the row is no mail, and waits for none
    assert len(box.server.mails) == 10 and all(row(box, f"k{n}")["attempts"] == 1 for n in range(10))
    assert box.log().count("[mail] per_hour") == 2


def test_two_processes_together_send_no_more_than_per_hour(box):
    box.configure(box.mail, "per_hour = 3\n")
    for n in range(3):
        letter(box, f"k{n}")
    first, second = Outbox(box.ledger).due(box.start)[:2]
    other = Ledger(str(box.folder))
    assert Outbox(other).claim(first.id, box.start) and Outbox(other).claim(second.id, box.start)
    letter(box, "k3")
    assert box.deliver() == 1 and box.deliver(1) == 0  # two are being sent by the other one
    other.close()


def test_a_run_sends_so_many_and_no_more(box):
    for n in range(outbox.MOST + 5):
        letter(box, f"k{n}", f"u{n}@example.com")
    assert box.deliver() == outbox.MOST and box.deliver() == 5


def test_what_waited_for_more_than_a_week_is_given_up(box):
    box.server.stop()
    letter(box, "k")
    tried = 0
    for later in [0, 5, 35, 160, 800, *range(4400, 9 * 86400, 3600)]:
        box.deliver(later)
        tried = later if waiting(box) else tried
    assert 6.9 * 86400 < tried < 7.3 * 86400 and row(box, "k")["given_up"] == 1
    assert "given up after a week" in box.log()
    box.server.start()
    assert box.deliver(10 * 86400) == 0 and box.server.mails == []


def test_without_mail_a_letter_waits_and_it_is_said(box):
    box.configure("[usher]\nlog_level = info\n")
    letter(box, "k")
    assert box.deliver() == 0 and waiting(box) == {"k"} and "[mail] host or from is empty" in box.log()
    box.configure(box.mail)
    assert box.deliver(10) == 1


@pytest.mark.parametrize("body", ["", "x", "[]", "{}", '{"text": 1}', "null"])
def test_what_is_no_letter_is_given_up(box, body):
    with box.ledger.writing():
        box.ledger.post("k", "mail", "s", body, box.start, "bob@example.com")
    assert box.deliver() == 0 and row(box, "k")["given_up"] == 1 and box.server.mails == []


# ---- a process that dies ----


class Died(BaseException):
    """As kill -9 would end it: nothing of ours runs any more."""


def die(box, monkeypatch, where):
    """Deliver, and die at a boundary."""
    from shared.mail import Mail
    real = Mail.send

    def send(self, to, subject, text, html, message_id, before):
        if where == "claimed":
            raise Died
        if where == "recipient taken":
            box.server.replies["RCPT"] = "250 fine"
            monkeypatch.setattr(Mail, "_recipient", lambda *_: (_ for _ in ()).throw(Died()))
        real(self, to, subject, text, html, message_id, before)
        if where == "mail taken":
            raise Died

    with monkeypatch.context() as patch:
        patch.setattr(Mail, "send", send)
        if where == "written down":
            write_down = Outbox.sent

            def sent(*a, **kw):
                write_down(*a, **kw)
                raise Died

            patch.setattr(Outbox, "sent", sent)
        with pytest.raises(Died):
            box.deliver()
    monkeypatch.undo()


@pytest.mark.parametrize("where", ["claimed", "recipient taken", "mail taken", "written down"])
def test_killed_at_any_boundary_it_is_neither_lost_nor_doubled(box, monkeypatch, where):
    letter(box, "k")
    die(box, monkeypatch, where)
    box.server.replies.clear()
    assert box.deliver(60) == 0  # perhaps it is still at it
    for later in (130, 140, 4000):
        box.deliver(later)
    assert len(box.server.mails) == 1 and row(box, "k")["sent_at"] and waiting(box) == set()


def test_what_nobody_knows_is_said(box, monkeypatch):
    letter(box, "k")
    die(box, monkeypatch, "mail taken")
    box.deliver(130)
    assert "it is not known whether it arrived" in box.log()
    assert "not known" in row(box, "k")["error"] and row(box, "k")["sent_at"]


# ---- the owner's copies ----


def test_the_owner_is_told_once_through_each_way(box, house):
    box.configure(f"[notify]\ntautulli_notifiers = {house.first}\n", box.mail,
                  "admin = Boss <boss@example.com>, two@example.com\nbrand = Our Plex\ncolor = #102030\n",
                  f"[discord]\nwebhook = {box.hook}\n")  # fmt: skip
    before = len(house.tautulli.notification_log())
    owner(box, "joined:1", f"Usher: {EVIL} has joined", "They are in.\n<b>Really</b>")
    for later in (0, 1, 2, 200, 4000):
        box.deliver(later)
    assert len(house.tautulli.notification_log()) == before + 1
    assert sorted(m.rcpt_to[0] for m in box.server.mails) == ["boss@example.com", "two@example.com"]
    mail = box.server.mails[0]
    assert mail.message["Bcc"] is None and "<b>" not in mail.body("html") and "&lt;b&gt;" in mail.body("html")
    assert "They are in." in mail.body() and "<script>" not in mail.body("html")
    [post] = house.discord.posts
    assert post.json["embeds"][0]["color"] == 0x102030 and "@everyone" not in json.dumps(post.json)
    assert waiting(box) == set()


def test_a_way_that_fails_repeats_no_other(box, house):
    box.configure(f"[notify]\ntautulli_notifiers = {house.first}\n", box.mail, "admin = boss@example.com\n",
                  f"[discord]\nwebhook = {box.hook}\n")  # fmt: skip
    before = len(house.tautulli.notification_log())
    box.server.stop()
    house.discord.rate_limit(retry_after=90, times=1)
    owner(box, "x")
    for later in (0, 1, 6, 40, 60, 89):
        box.deliver(later)
    assert len(house.tautulli.notification_log()) == before + 1 and house.discord.posts == []
    box.server.start()
    for later in (95, 200, 1000, 4000):
        box.deliver(later)
    assert len(house.tautulli.notification_log()) == before + 1
    assert len(house.discord.posts) == 1 and len(box.server.mails) == 1 and waiting(box) == set()


def test_a_message_to_one_notifier_is_not_copied(box, house):
    box.configure(box.mail, "admin = boss@example.com\n")
    with box.ledger.writing():
        box.ledger.post("x", "owner", "s", "b", box.start, str(house.first))
    assert box.deliver() == 1 and box.deliver(5) == 0 and box.server.mails == []


def test_a_webhook_that_is_gone_is_said_and_left(box, house):
    box.configure(f"[discord]\nwebhook = {box.hook}\n")
    house.discord.forget(box.hook)
    owner(box, "x")
    box.deliver()
    box.deliver(1)
    assert waiting(box) == set() and "does not know this webhook" in box.log() and box.hook not in box.log()


def test_an_owners_own_address_that_is_refused_makes_no_avalanche(box, house):
    box.configure(box.mail, "admin = boss@example.com\n")
    box.server.replies["RCPT"] = "550 5.1.1 no such user"
    owner(box, "x")
    for later in (0, 1, 2, 10, 100):
        box.deliver(later)
    count = box.ledger.db.execute("SELECT COUNT(*) FROM outbox").fetchone()[0]
    assert count == 2 and waiting(box) == set()


def test_the_owner_hears_of_a_broken_template(box, house):
    folder = box.folder / "templates"
    folder.mkdir(parents=True)
    (folder / "owner.txt").write_text("Subject: {subject}\n\n{nosuch}\n")
    box.configure(box.mail, "admin = boss@example.com\n")
    owner(box, "x")
    for later in (0, 1, 2, 3, 100):
        box.deliver(later)
    subjects = [m.subject for m in box.server.mails]
    assert subjects == ["Usher: something", "Usher: a template is not used"]
    assert "there is no field {nosuch}" in " ".join(box.server.mails[1].body().split())


def test_an_unsure_row_of_tautullis_holds_up_no_letter(box):
    with box.ledger.writing():
        box.ledger.post("row", "journal", "Usher: row", "b", box.start)
    [message] = Outbox(box.ledger).due(box.start)
    Outbox(box.ledger).claim(message.id, box.start - 300)
    letter(box, "k")
    with pytest.raises(Unreachable):
        box.deliver(TAUTULLI_URL="http://127.0.0.1:9")
    assert len(box.server.mails) == 1
