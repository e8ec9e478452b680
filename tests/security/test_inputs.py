"""Names, titles, players and addresses of strangers through every agent and command: real processes, in a sandbox."""
import csv
import io
import json
import os
import re
import shlex
import sqlite3
import stat
import time
from types import SimpleNamespace

import pytest

from shared import log, plexlog
from shared.jobs.tell import RUN, quoted
from shared.policy.words import shorten
from tests.sandbox.base import wait_for
from tests.security.house import IN_XML, POISON, Page, Strangers, due, world

ARGV = [name.replace("\0", "") for name in POISON]  # no argument of a process holds one
LONG = "w" * 100_000
FIELDS = ("session-key", "session-id", "username", "machine-id", "player", "platform", "product", "address", "location",
          "rating-key", "media-type", "title", "library", "rating", "state", "offset", "duration", "live", "home",
          "restricted", "show", "video", "audio", "resolution", "bitrate", "file-bitrate", "relayed")
TAGS = {"html", "head", "meta", "title", "style", "body", "table", "tr", "td", "tbody", "div", "p", "h1", "h2", "ul",
        "ol", "li", "span", "b", "br", "section", "main", "header", "footer", "a", "center", "small", "strong"}


@pytest.fixture(scope="module")
def seen():
    """All of it once; what came of it is looked at by the tests."""
    with world() as w:
        yield played(w)


def played(w):
    s = Strangers(w)
    friends = s.people()
    s.plays(friends)
    return SimpleNamespace(s=s, w=w, **events(s, friends), **asked(s, friends), **agents(s), **reported(s),
                           **looked(s), outbox=outbox(s), ledger=sound(s), log=s.usher.log())


def raw(argument):
    """As Tautulli hands it over: half a character is three bytes that are no UTF-8."""
    return os.fsdecode(argument.encode("utf-8", "surrogatepass"))


def events(s, friends):
    """Everything that Tautulli fills in is hostile, and a list of sessions is."""
    spent = []
    for n, name in enumerate(ARGV):
        told = [raw(f"--{field}={name}") for field in FIELDS]
        s.run("--event=play", *told, f"--user-id={friends[n % len(friends)].id}", lines=1)
    for field in ("session-key", "machine-id", "title"):
        begun = time.monotonic()
        s.run("--event=play", f"--{field}={LONG}@", "--user-id=7", "--session-key=7", lines=1)
        spent.append(time.monotonic() - begun)
    s.run(raw("--event=" + ARGV[0]), lines=1), s.run("--event=play", "--user-id=" + "9" * 500, lines=1)
    streams = [s.world.plex.start_stream(friend, s.world.movie, player=name, notify=False)
               for friend, name in zip(friends, IN_XML, strict=True)]
    s.run("tick", lines=1)
    wanted = {stream.id for stream in streams}
    wait_for(lambda: wanted <= {row[0] for row in s.usher.ledger().execute("SELECT session_id FROM plays")}, 20,
             what="the sessions in the ledger")
    return {"spent": spent}


def asked(s, friends):
    """The questions and the commands of the day, about and with such names."""
    said = {}
    for words in (["status"], ["status", "--json"], ["rules"], ["rules", "--json"], ["rules", "--html"]):
        said[" ".join(words)] = s.run(*words, form="page" if "--html" in words else "text").stdout
    for n, name in enumerate(ARGV[::2]):
        friend = str(friends[n % len(friends)].id)
        for words in (["why", friend, raw(name)], ["history", raw(name)], ["bonus", raw(name), "5m"],
                      ["approve", friend, raw(name)])[n % 4 :: 4]:  # fmt: skip
            s.run(*words)
    said["why --json"] = s.run("why", str(friends[1].id), "--json").stdout
    s.run(raw(ARGV[0]), "x", statuses=(1,))
    return {"said": said}


def agents(s):
    """Each round that the house makes of itself, twice: at the first one all are new and nobody is written to."""
    scripts = ("welcome_users", "prune_users", "report_viewing", "archive_logs")
    runs = [s.run(script=f"agents/{name}.py", lines=1) for name in scripts]
    s.world.people.add(IN_XML[1] + "new", email="new@example.com", accepted_at=int(time.time()))
    s.world.people.add("Bcc", title=IN_XML[2], email="a@b.example\r\nBcc: evil@evil.example",
                       accepted_at=int(time.time()))
    s.world.tautulli.api("refresh_users_list")
    due(s.usher)
    runs += [s.run(script=f"agents/{name}.py", lines=1) for name in scripts]
    s.run(script="agents/journal.py", lines=1)
    return {"runs": runs}


def reported(s):
    """The digest by hand in each form, and the plan of who is inactive."""
    said = {}
    for words in (["--last"], ["--last", "--csv"], ["--last", "--json"]):
        said[" ".join(words)] = s.run(*words, script="agents/report_viewing.py",
                                      form="csv" if "--csv" in words else "text").stdout
    for words in (["plan"], ["plan", "--json"], ["--list-removed"]):
        said[" ".join(words)] = s.run(*words, script="agents/prune_users.py").stdout
    for name in ARGV[1:14:6]:
        s.run("--restore", raw(name), script="agents/prune_users.py", statuses=(1,))
        s.run("--preview", raw(name), script="agents/prune_users.py", statuses=(1,))
        s.run("--user", raw(name), script="agents/report_viewing.py")
    s.run("search", "--user", ARGV[0], script="agents/archive_logs.py")
    s.run("plays", "--json", script="agents/archive_logs.py")
    return {"reports": said}


def looked(s):
    said = {}
    for words in (["check"], ["check", "--json"], ["who"], ["who", "--json"], ["schedule"]):
        said[" ".join(words)] = s.usher.run(*words, script="install.py", timeout=60)
    return {"looks": said}


def outbox(s):
    found = s.usher.ledger().execute("SELECT kind, recipient, subject, body, sent_at FROM outbox")
    return [tuple(row) for row in found]


def sound(s):
    with sqlite3.connect(os.path.join(s.usher.data, "ledger.db"), timeout=10) as db:
        return [db.execute("PRAGMA integrity_check").fetchone()[0], *db.execute("PRAGMA foreign_key_check").fetchall()]


# ---- what must have come of it ----


def test_the_ledger_is_sound(seen):
    assert seen.ledger == ["ok"]


def test_no_event_takes_long(seen):
    """A name of 100,000 letters: as long as one of ten, but for what the process itself takes on this machine."""
    begun = time.monotonic()
    seen.s.run("--event=play", "--user-id=7", "--session-key=7", lines=1)
    assert max(seen.spent) < 10 * (time.monotonic() - begun) + 1


def test_the_log_holds_nothing_that_a_terminal_obeys(seen):
    seen.s.sound(seen.log)
    assert "error" not in {line.split()[2] for line in seen.log.splitlines()} or "fault" not in seen.log


@pytest.mark.parametrize("words", ["check", "check --json", "who", "who --json", "schedule"])
def test_what_only_looks(seen, words):
    done = seen.looks[words]
    seen.s.sound(done.stdout), seen.s.sound(done.stderr)
    if "json" in words:
        json.loads(done.stdout)


def test_what_is_for_programs_can_be_read(seen):
    for said in (seen.said["status --json"], seen.said["rules --json"], seen.said["why --json"],
                 seen.reports["--last --json"], seen.reports["plan --json"]):
        json.loads(said)


def test_what_goes_to_tautulli_and_to_the_owner(seen):
    """Rows of the Notification Logs and the texts of the owner's agents are lines of text."""
    assert {"journal", "owner_mail", "discord"} <= {row[0] for row in seen.outbox}
    for kind, _, subject, body, _ in seen.outbox:
        seen.s.sound(subject)
        assert "\n" not in subject
        if kind != "mail":  # whose body is a letter in JSON: see below
            seen.s.sound(body)


def test_mails_have_the_headers_that_are_meant(seen):
    heads = {"Subject", "From", "To", "Reply-To", "Date", "Message-ID", "Auto-Submitted", "X-Auto-Response-Suppress",
             "MIME-Version", "Content-Type"}
    assert seen.w.mail.mails
    for mail in seen.w.mail.mails:
        names = list(mail.message.keys())
        assert set(names) <= heads and len(names) == len(set(names)), names
        assert len(mail.rcpt_to) == 1 and "evil.example" not in mail.rcpt_to[0]
        seen.s.sound(mail.subject)
        assert "\n" not in mail.subject
        seen.s.sound(mail.body().replace("\r\n", "\n"))
        check_page(mail.body("html"))
    assert not [mail for mail in seen.w.mail.mails if mail.rcpt_to[0].endswith("evil.example")]


def test_nothing_is_formatted_or_called_in_discord(seen):
    assert seen.w.discord.posts
    for post in seen.w.discord.posts:
        assert post.json["allowed_mentions"] == {"parse": []}
        text = json.dumps(post.json, ensure_ascii=False)
        assert "@everyone" not in text and not re.search(r"<@\d|[^\\]\]\(", text)
        embed = post.json["embeds"][0]
        seen.s.sound(embed["title"].replace("\u200b", "")), seen.s.sound(embed["description"].replace("\u200b", ""))


def check_page(text):
    page = Page(text)
    assert page.tags <= TAGS, page.tags - TAGS
    assert not [name for name in page.attributes if name.startswith("on")]
    assert set(page.links) <= {"https://app.plex.tv"}, "a page loads nothing, and leads nowhere else"


def test_pages(seen):
    folder = os.path.join(seen.s.usher.data, "reports")
    assert os.listdir(folder)
    for name in os.listdir(folder):
        with open(os.path.join(folder, name), encoding="utf-8") as file:
            check_page(file.read())
    check_page(seen.said["rules --html"])


def test_a_spreadsheet_runs_nothing(seen):
    rows = list(csv.reader(io.StringIO(seen.reports["--last --csv"])))
    assert len(rows) > len(POISON) / 2
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]


def test_nothing_was_run_and_nothing_written_elsewhere(seen):
    """What is in the folder of the bundle is what was copied there, its data and bytecode."""
    assert not os.path.exists("/tmp/pwned")
    there = {os.path.relpath(os.path.join(parent, name), seen.s.usher.root)
             for parent, _, names in os.walk(seen.s.usher.root) for name in names}
    new = {path for path in there if not re.match(r"(agents|shared)/", path)}
    assert {path for path in new if not path.startswith("data/")} <= {
        "install.py", "config.ini", "config.ini.example", "requirements.txt"}
    assert all(re.fullmatch(r"[\w./-]+", path) for path in new), "no name became that of a file"


def test_who_gives_lines_that_are_valid(seen):
    """Pasted into config.ini as they are."""
    lines = seen.looks["who"].stdout
    seen.s.usher.configure(seen.s.config.split("[everyone]")[0] + "[everyone]\n" + lines)
    done = seen.s.usher.run("check", script="install.py", timeout=60)
    seen.s.usher.configure(seen.s.config)
    assert "config.ini is valid" in done.stdout, done.stdout[:2000]


# ---- commands that an owner copies ----


@pytest.mark.parametrize("name", [*POISON, 'a"b', "a\\", "a!b", "%PATH%", "a“b", "a`b", "\u2066a", "a\nb", "", "-x"])
def test_a_name_in_a_command_to_be_copied(name):
    """Either the very name, in which no shell has anything to replace, or the identifier."""
    word = quoted(name, "id-1")
    assert shlex.split(word) in ([name], ["id-1"])
    assert word == "id-1" or (name.isprintable() and not RUN & set(name))
    assert quoted(name, "$(id)", "7") in (word, "7")


def test_an_unknown_player_that_would_be_run(tmp_path):
    """The message to the owner about a player that is not known holds a command: nothing in it is a stranger's."""
    with world() as w:
        s = Strangers(w)
        s.usher.configure(s.config + "[person:bob]\nusers = bob\nknown_devices_only = yes\n")
        w.plex.start_stream(w.bob, w.movie, player=f"$(touch {tmp_path}/pwned)`id`")
        s.run("tick", lines=1)
        told = wait_for(lambda: [row for row in outbox(s) if "approve" in row[3]], 20, what="the message")
    command = told[0][3].partition("To let it in: ")[2]
    assert re.fullmatch(r"limit_streams\.py approve bob [0-9a-f]+", command)


# ---- time ----


@pytest.mark.parametrize("text", ["a" * 100_000, "a." * 50_000 + "@", "@a." * 30_000, "a@" * 50_000, "token " * 20_000,
                                  "token" + " " * 100_000, "password:" * 10_000, "authorization: basic " * 5_000])
def test_secrets_are_looked_for_in_a_time_that_does_not_grow_with_the_square(text):
    begun = time.process_time()
    log.mask(text + " x@y.z token")
    assert time.process_time() - begun < 2


PREFIX = b"Feb 14, 2026 13:13:59.604 [1405] DEBUG - "
REQUEST = PREFIX + b"Request: [1.2.3.4:4 (WAN)] GET /:/timeline?ratingKey=1&state=playing (2 live)"


@pytest.mark.parametrize("lines", [
    [REQUEST + b" Token (" * 10_000],
    [REQUEST, PREFIX + b"/:/timeline?" + b" Completed: [" * 10_000],
    [REQUEST, PREFIX + b"] User is " * 10_000],
    [REQUEST, PREFIX + b"] Device is " * 10_000],
    [REQUEST, PREFIX + b"reporting timeline state" + b"Client [" * 10_000],
    [PREFIX + b"Request: [" + b"1:1 (x) " * 10_000 + b"] GET /:/timeline?ratingKey=1&state=playing"],
    [PREFIX + b"Request: [" + b"] GE" * 20_000 + b" /:/timeline?"],
], ids=["tokens", "completed", "users", "devices", "clients", "addresses", "origins"])  # fmt: skip
def test_a_line_of_plexs_log_that_a_viewer_has_filled(lines):
    begun = time.process_time()
    list(plexlog.reports(lines))
    plexlog.is_request_of(lines[-1], b"x")
    assert time.process_time() - begun < 2


@pytest.mark.parametrize("said, name", [
    (b" Token (emma)", "emma"), (b" Token (a) b)", "a) b"), (b" Token (emma) / X-Plex-Product => Plex", "emma"),
    (b" Token (Token (x))\r\n", "Token (x)"), (b" Token (emma", ""), (b" Token ()", ""),
])
def test_whose_token_it_is(said, name):
    assert [report.user for report in plexlog.reports([REQUEST + said])] == [name]
    assert plexlog.is_request_of(REQUEST + said, name.encode()) == bool(name)


def test_what_shortens_a_name_leaves_nothing_that_a_terminal_obeys():
    assert all(shorten(name, 40).isprintable() and len(shorten(name, 40)) <= 40 for name in POISON)


def test_the_page_of_buttons_is_for_its_owner_alone(tmp_path):
    """Also where somebody was there before: a file that all may read, or a link."""
    from shared.jobs.buttons import write_page

    (tmp_path / "trap").write_text("before")
    (tmp_path / "page").symlink_to(tmp_path / "trap")
    old = os.umask(0)
    try:
        write_page(str(tmp_path / "page"), "key")
    finally:
        os.umask(old)
    assert (tmp_path / "trap").read_text() == "before"
    assert stat.S_IMODE((tmp_path / "page").lstat().st_mode) == 0o600 and (tmp_path / "page").read_text() == "key"
