"""The digest as Tautulli and an owner start it, on both hosts: made once, for whom it is for, right to the second."""
import csv
import io
import json
import os
import sqlite3
import stat
import subprocess
import time
from datetime import date, datetime, timedelta
from html.parser import HTMLParser
from zoneinfo import ZoneInfo

import pytest

from tests.people.house import _insert
from tests.sandbox.base import wait_for
from tests.sandbox.seed import play

DAY, HOUR = 86400, 3600
ADMIN = "me@example.com"
ZURICH = ZoneInfo("Europe/Zurich")
CONFIG = """[usher]
dry_run = {dry_run}
timezone = Europe/Zurich
[tautulli]
url = {tautulli.url}
apikey = {tautulli.api_key}
[mail]
host = 127.0.0.1
port = {port}
security = none
from = usher@example.com
admin = me@example.com
[report]
enabled = yes
schedule = {schedule}
{report}
{more}
"""
# who (in the ledger's history) played from when on for how long, by Tautulli's own columns
OWN_SQL = """SELECT user, SUM(MIN(began + played, :ended) - MAX(began, :began)) AS seconds, COUNT(*) AS plays
FROM (SELECT user, started AS began, MAX(stopped - started - COALESCE(paused_counter, 0), 0) AS played
      FROM session_history) WHERE played AND began < :ended AND began + played > :began GROUP BY user"""


class Desk:
    """An owner's Usher with [report] switched on. Time is the real one; that a turn has come is said to the ledger."""

    def __init__(self, world, **kw):
        self.world, self.usher = world, world.install_usher("")
        self.configure(**kw)

    def configure(self, dry_run="no", schedule="mon 08:00", report="", more="", port=None):
        self.usher.configure(CONFIG.format(dry_run=dry_run, schedule=schedule, report=report, more=more,
                                           port=port or self.world.mail.port, tautulli=self.world.tautulli))

    def run(self, *arguments, status=0, script="report_viewing.py", **kw):
        done = self.usher.run(*arguments, script=f"agents/{script}", **kw)
        assert done.returncode == status and "Traceback" not in done.stdout + done.stderr, done
        assert status or not done.stderr, done
        return (done.stderr if status else done.stdout).strip()

    def start(self):
        script = os.path.join(self.usher.root, "agents", "report_viewing.py")
        return subprocess.Popen([self.world.tautulli.python, script], env=self.usher.environment(), text=True,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def begin(self):
        """The schedule begins, and its next turn comes."""
        assert self.run().startswith(("report: the first one comes ", "report: nothing is due"))  # or a timer did it
        self.change("UPDATE meta SET value = '1.0' WHERE key = 'report_done'")
        self.later()

    def later(self):
        """What was claimed was so long ago; what waits is due."""
        self.change("UPDATE claims SET at = at - 3600")
        self.change("UPDATE outbox SET due = created WHERE sent_at IS NULL")

    def change(self, query):
        db = sqlite3.connect(os.path.join(self.usher.data, "ledger.db"), timeout=10)
        with db:
            db.execute(query)
        db.close()

    def mails(self, address=ADMIN):
        return [mail for mail in list(self.world.mail.mails) if mail.rcpt_to[0] == address]

    def pages(self):
        return sorted(os.listdir(os.path.join(self.usher.data, "reports")))

    def page(self, name=None):
        with open(os.path.join(self.usher.data, "reports", name or self.pages()[0]), encoding="utf-8") as file:
            return file.read()


@pytest.fixture
def desk(world):
    def begin(watched=True, **kw):
        w = world()
        if watched:
            _insert(w.tautulli.db_path, week_of(w))
        return Desk(w, **kw)
    return begin


def last_week():
    """The moments between which the week before the last `mon 08:00` lies, from 04:00 to 04:00."""
    now = datetime.now(ZURICH)
    monday = now.date() - timedelta(now.weekday())
    if now < datetime(monday.year, monday.month, monday.day, 8, tzinfo=ZURICH):
        monday -= timedelta(7)
    return monday - timedelta(7), monday


def at(day, hour=4, minute=0, fold=0):
    return int(datetime(day.year, day.month, day.day, hour, minute, tzinfo=ZURICH, fold=fold).timestamp())


def week_of(w, more=()):
    """Plays of the week before, at its edges too, and of the one before that."""
    first, after = last_week()
    days = [first + timedelta(n) for n in range(7)]
    rows = [
        play(w.alice, w.movie, at(first, 3, 30), seconds=HOUR),                     # begins before the week
        play(w.alice, w.movie2, at(days[1], 20), seconds=2 * HOUR, paused=600),
        play(w.alice, w.movie2, at(days[1], 21), seconds=HOUR, machine_id="other"),   # on a second screen
        play(w.bob, w.episode, at(days[4], 23, 30), seconds=3000),
        play(w.bob, w.episode, at(days[5], 3, 50), seconds=1500, paused=7),
        play(w.kid, w.movie, at(days[6], 12), seconds=600, paused=900),               # more paused than it lasted
        play(w.kid, w.movie, at(days[6], 13), seconds=0),
        play(w.bob, w.movie, at(after, 3, 59), seconds=HOUR),                         # ends after the week
        play(w.owner, w.movie, at(after, 4), seconds=HOUR),                           # a second too late
        play(w.bob, w.movie, at(first - timedelta(3), 20), seconds=1000),
        *more,
    ]
    return sorted(rows, key=lambda row: row["started"])


# ---- the figures ----


def told(desk, *arguments):
    return json.loads(desk.run(*arguments, "--json"))


def test_the_figures_are_those_of_tautullis_own_database(desk):
    d = desk()
    first, after = last_week()
    days = ("--from", first, "--to", after - timedelta(1))
    found = told(d, *days)
    db = sqlite3.connect(d.world.tautulli.db_path)
    rows = db.execute(OWN_SQL, {"began": at(first), "ended": at(after)}).fetchall()
    db.close()
    assert {p["name"]: (p["seconds"], p["plays"]) for p in found["people"] if p["seconds"]} == {
        user: (seconds, plays) for user, seconds, plays in rows}
    assert found["seconds"] == sum(row[1] for row in rows) == sum(map(sum, found["grid"])) == sum(found["days"])
    assert found["earlier"] == 1800 + 1000
    assert (found["from"], found["to"]) == (str(first), str(after - timedelta(1)))
    assert found == told(d, "--last")
    assert found["days"][4] == 3000 + 600 and found["days"][5] == 1493 - 600  # half past eleven, and before four


@pytest.mark.parametrize(("year", "day", "began", "seconds", "hours", "days"), [
    (2025, "10-26", (1, 30, 0), 3 * HOUR, {1: 1800, 2: 2 * HOUR, 3: 1800}, [3 * HOUR, 0]),
    (2025, "10-26", (2, 30, 1), 2 * HOUR, {2: 1800, 3: HOUR, 4: 1800}, [5400, 1800]),
    (2025, "03-30", (1, 30, 0), 2 * HOUR, {1: 1800, 3: HOUR, 4: 1800}, [5400, 1800]),
    (2016, "10-30", (1, 30, 0), 3 * HOUR, {1: 1800, 2: 2 * HOUR, 3: 1800}, [3 * HOUR, 0]),  # before what is cached
])  # fmt: skip
def test_the_hours_in_which_the_clock_is_changed(desk, year, day, began, seconds, hours, days):
    d = desk(watched=False)
    changed = date.fromisoformat(f"{year}-{day}")
    hour, minute, fold = began
    start = at(changed, hour, minute, fold)
    _insert(d.world.tautulli.db_path, [play(d.world.bob, d.world.movie, start, seconds=seconds)])
    found = told(d, "--from", changed - timedelta(1), "--to", changed)
    by_hour = [sum(row[hour] for row in found["grid"]) for hour in range(24)]
    assert {n: s for n, s in enumerate(by_hour) if s} == hours and found["days"] == days


def test_more_plays_than_tautulli_tells_at_once_and_older_ones(desk):
    d = desk(watched=False)
    w, day = d.world, date.today() - timedelta(120)
    rows = [play(w.bob, w.movie, at(day) + n * 120, seconds=100) for n in range(5500)]
    _insert(w.tautulli.db_path, [*rows, *(play(w.alice, w.movie, at(day, 20) + n * DAY) for n in range(119))])
    found = told(d, "--from", day, "--to", date.today())
    assert {p["name"]: p["plays"] for p in found["people"] if p["plays"]} == {"bob": 5500, "alice": 119}
    assert found["seconds"] == 550_000 + 119 * 1800
    assert told(d, "--from", day, "--to", day, "--person", "bob")["seconds"] == (at(day + timedelta(1)) - at(day)) / 1.2


def test_whose_play_it_is(desk):
    d = desk(more="[person:emma]\nusers = kid\ndevices = other\ndaily = 30m\n[everyone]\nweekly = 2h\n")
    people = {p["key"]: p for p in told(d, "--last")["people"]}
    alice, emma = people[f"user:{d.world.alice.id}"], people["emma"]
    assert emma["seconds"] == HOUR and alice["seconds"] == 1800 + 6600 and "kid" not in {p["name"] for p in
                                                                                         people.values()}
    assert [(b["kind"], b["used"], b["limit"], b["reached"]) for b in emma["budgets"]] == [
        ("daily", HOUR, 1800, 1), ("weekly", HOUR, 7200, 0)]
    assert [(b["kind"], b["used"], b["reached"]) for b in alice["budgets"]] == [("weekly", 1800 + 6600, 1)]
    assert people[f"user:{d.world.owner.id}"]["budgets"] == []           # exempt
    for name in ("emma", "kid", d.world.kid.id):                         # a user inside a person is the person
        assert told(d, "--last", "--person", name)["seconds"] == HOUR
    assert "did you mean alice?" in d.run("--person", "alise", status=1)


def test_a_library_that_uses_up_nothing(desk):
    d = desk(more="[everyone]\ndaily = 3h\nuncounted_libraries = tv SHOWS\n")
    bob = next(p for p in told(d, "--last")["people"] if p["name"] == "bob")
    assert d.world.episode.section != d.world.movie.section
    assert bob["budgets"][0]["used"] == 60 and bob["seconds"] == 3000 + 1493 + 60


def test_a_spreadsheet_gets_every_play_and_runs_nothing(desk):
    d = desk(watched=False)
    w = d.world
    evil = w.library.movie('=HYPERLINK("http://x")')
    first, _ = last_week()
    _insert(w.tautulli.db_path, [play(w.bob, evil, at(first, 20), seconds=777, player="+TV, big")])
    rows = list(csv.DictReader(io.StringIO(d.run("--last", "--csv"))))
    assert rows == [{"began": f"{first} 20:00:00", "person": "bob", "user": "bob", "player": "'+TV, big",
                     "platform": "Chrome", "kind": "movie", "title": "'=HYPERLINK(\"http://x\")", "seconds": "777"}]
    assert d.run("--last", "--csv", "--person", "alice").count("\n") == 0


# ---- once, and to whom ----


def test_a_digest_is_sent_once_and_kept_as_a_page(desk):
    d = desk()
    d.begin()
    line = d.run()
    assert "\n" not in line and "posted to 1 address" in line and "3 messages sent" in line
    d.later()
    assert d.run() == "report: nothing is due"
    (mail,), (page,) = d.mails(), d.pages()
    first, after = last_week()
    assert page == f"{first}-to-{after - timedelta(1)}.html"
    assert mail.subject.startswith("What was watched, Mon ") and "3 h 20 min" in mail.body() + mail.body("html")
    for text in (mail.body(), mail.body("html"), d.page()):
        assert "alice" in text and "bob" in text and "Some Show" in text and "Nothing watched: " in text
    assert len(mail.body("html")) < 102_000                              # Gmail shows no more
    (row,) = d.world.tautulli.notification_log(d.usher.journal)
    assert row["subject_text"].startswith("Usher: What was watched") and page in row["body_text"]
    if os.name != "nt":
        path = os.path.join(d.usher.data, "reports", page)
        assert [stat.S_IMODE(os.stat(p).st_mode) for p in (path, os.path.dirname(path))] == [0o600, 0o700]
    assert d.usher.log().count("report: ") >= 1


def test_two_runs_at_once_make_one_digest(desk):
    d = desk()
    d.begin()
    started = [d.start() for _ in range(8)]
    lines = [process.communicate(timeout=60) for process in started]
    assert not [err for _, err in lines if err]
    assert sum("plays; " in out for out, _ in lines) == 1, lines
    d.later()
    d.run()
    assert len(d.mails()) == 1 and len(d.pages()) == 1
    assert len(d.world.tautulli.notification_log(d.usher.journal)) == 1


def test_a_digest_that_could_not_be_sent_is_sent_later_once(desk):
    d = desk(port=1)
    d.begin()
    assert "posted to 1 address" in d.run()
    assert not d.mails() and "message waits: What was watched" in d.usher.log()
    d.configure()
    d.later()
    d.run()
    for _ in range(2):
        d.later()
        d.run()
    assert len(d.mails()) == 1


def test_killed_at_any_moment_it_is_made_once(desk):
    d = desk()
    d.begin()
    for delay in (0.02, 0.06, 0.1, 0.15, 0.2, 0.3, 0.45):
        process = d.start()
        time.sleep(delay)
        process.kill()
        process.communicate()
        d.later()
        d.change("UPDATE outbox SET claimed_at = claimed_at - 600 WHERE claimed_at IS NOT NULL")
    for _ in range(3):
        d.run()
        d.later()
    assert len(d.pages()) == 1 and not [name for name in d.pages() if name.endswith(".new")]
    db = d.usher.ledger()
    keys = [row["key"] for row in db.execute("SELECT key FROM outbox")]
    db.close()
    assert len(keys) == len(set(keys)) and len(d.mails()) <= 1
    assert sum(key.endswith(f":mail:{ADMIN}") for key in keys) == 1


def test_without_a_definite_answer_nothing_is_said_and_it_is_tried_again(desk):
    d = desk()
    if d.world.host == "real":
        pytest.skip("the real Tautulli cannot be made to fail at one command")
    d.begin()
    d.world.tautulli.server.fail("/api/v2", 500)
    assert "nothing done" in d.run()
    assert not d.mails() and not os.path.isdir(os.path.join(d.usher.data, "reports"))
    d.world.tautulli.server.heal()
    assert d.run() == "report: nothing is due"                           # not at every trigger
    d.later()
    assert "posted to 1 address" in d.run()
    assert len(d.mails()) == 1


def test_users_get_their_own_watching_only(desk):
    d = desk(watched=False, report="to_users = yes\nopt_out = Carol, frieda")
    w = d.world
    carol, dave, gone = w.people.add("carol"), w.people.add("dave"), w.people.add("gone")
    w.tautulli.api("refresh_users_list")
    first, _ = last_week()
    secret = w.library.movie("Secret Film")
    more = [play(user, secret, at(first, 21), seconds=1000) for user in (carol, gone, w.owner, w.kid)]
    _insert(w.tautulli.db_path, week_of(w, more))
    w.people.users.remove(gone)
    w.tautulli.api("refresh_users_list")
    d.begin()
    assert "2 to users" in d.run()
    wait_for(lambda: len(w.mail.mails) == 3, what="the mails")
    assert {mail.rcpt_to[0] for mail in w.mail.mails} == {ADMIN, w.alice.email, w.bob.email}
    assert not d.mails(dave.email) and not d.mails(carol.email)
    (mail,) = d.mails(w.bob.email)
    for text in (mail.body(), mail.body("html")):
        assert "Some Show" in text and "Secret" not in text and "alice" not in text and "Usher is alive" not in text
    assert mail.subject.startswith("What you watched") and "Hello bob" in mail.body() and ADMIN in mail.body()
    shown = d.run("--last", "--user", "bob")
    assert "Hello bob" in shown and "You watched" in shown and "alice" not in shown


def test_a_dry_run_tells_the_owner_alone_and_says_so(desk):
    d = desk()
    hook = d.world.discord.new_webhook()
    d.configure("yes", report="to_users = yes", more=f"[discord]\nwebhook = {hook}\n[notify]\ntautulli_notifiers = 1\n")
    d.begin()
    assert "report (dry run)" in d.run()
    assert [mail.subject[:9] for mail in d.world.mail.mails] == ["DRY RUN: "] and len(d.mails()) == 1
    assert "DRY RUN. So far Usher only says" in d.mails()[0].body() and "DRY RUN." in d.page()
    assert not d.world.discord.posts
    (row,) = d.world.tautulli.notification_log()
    assert row["subject_text"].startswith("Usher: DRY RUN: ") and row["notifier_id"] == d.usher.journal


def test_each_way_to_the_owner_gets_it_once(desk):
    d = desk()
    hook = d.world.discord.new_webhook()
    d.configure(more=f"[discord]\nwebhook = {hook}\n")
    d.begin()
    d.run()
    for _ in range(2):
        d.later()
        d.run()
    assert len(d.mails()) == 1 == len(d.world.discord.posts)
    assert "By person" in d.mails()[0].body("html")                      # the digest, not the two sentences


def test_without_mail_there_is_the_page(desk):
    d = desk(port=1)
    d.usher.configure(f"[usher]\ndry_run = no\n[tautulli]\nurl = {d.world.tautulli.url}\n"
                      f"apikey = {d.world.tautulli.api_key}\n[report]\nenabled = yes\nschedule = mon 08:00\n")
    d.begin()
    assert "no mail is set up" in d.run()
    (row,) = d.world.tautulli.notification_log(d.usher.journal)
    assert d.pages()[0] in row["body_text"] and "watched" in row["body_text"]


def test_an_empty_week(desk):
    d = desk(watched=False)
    d.begin()
    d.run()
    assert "Nothing was watched from " in d.mails()[0].body() and "Nothing was watched" in d.page()
    assert "alive" in d.page()


# ---- what stands in it ----


class Tags(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.seen, self.depth, self.addresses = [], [], []
        self.feed(text)
        assert not self.depth, self.depth

    def handle_starttag(self, tag, attributes):
        self.seen.append(tag)
        self.addresses += [value for name, value in attributes if name in ("src", "href", "background")]
        if tag not in ("br", "meta", "img"):
            self.depth.append(tag)

    def handle_endtag(self, tag):
        assert self.depth.pop() == tag


@pytest.mark.parametrize("report", ["", "to_users = yes"])
def test_hostile_names_and_titles_stay_text(desk, report):
    d = desk(watched=False, report=report)
    w = d.world
    names = ['<script>alert(1)</script>', '"><img src=x onerror=1>', "@everyone\r\nBcc: x", "{user} {charts}",
             "x" * 300, "--flag", "مستخدم", "\u202egnp.exe"]
    first, _ = last_week()
    people = [w.people.add(name) for name in names]
    w.tautulli.api("refresh_users_list")
    rows = [play(who, w.library.movie(f"{who.name} film"), at(first, 20), seconds=1000) for who in people]
    _insert(w.tautulli.db_path, rows)
    d.begin()
    d.run()
    for mail in list(w.mail.mails):
        tags = Tags(mail.body("html"))
        assert not {"script", "img", "link", "iframe", "svg"} & set(tags.seen) and not tags.addresses
        assert not any(line.startswith("Bcc") for line in mail.body().splitlines())
        assert "Bcc" not in mail.message
        assert "\u202e" not in mail.body() + mail.body("html")
    page = d.page()
    assert "&lt;script&gt;alert(1)" in page and "{user} {charts}" in page and "مستخدم" in page
    assert not Tags(page).addresses and "x" * 61 not in page


def test_what_the_ledger_knows_stands_in_it(desk):
    d = desk()
    d.begin()
    w, (first, after) = d.world, last_week()
    tuesday = at(first + timedelta(1), 20)
    for query in (
        "INSERT INTO plays (id, began, seen, ended, epoch, session_key, machine_id, user_id, rating_key, session_id, "
        "state, offset, duration, user, player, platform, product, address, location, media_type, title, library, "
        f"rating, live) VALUES (1, {tuesday}, {tuesday}, {tuesday}, 0, '1', 'm', {w.bob.id}, '1', '', '', 0, 0, 'bob', "
        "'Old TV', '', '', '', '', 'movie', 'Film', '', '', 0)",
        *(f"INSERT INTO decisions (at, play_id, user_id, who, verdict, cause, reason) VALUES ({tuesday + later}, 1, "
          f"{w.bob.id}, 'user:{w.bob.id}', 'stop', 'daily', 'daily limit of 1 h reached; back at 04:00')"
          for later in (5, 600, 700)),
        f"INSERT INTO decisions (at, play_id, user_id, who, verdict, cause, reason) VALUES ({at(after)}, 1, 1, 'x', "
        "'stop', 'daily', 'too late for this week')",
        f"INSERT INTO stops VALUES (1, 9, {tuesday}, 0, 1, {tuesday})",
        f"INSERT INTO players VALUES ('first', 'x', '', 1, {at(first) - 60 * DAY}, 1)",
        f"INSERT INTO players VALUES ('fresh', 'New <iPad>', 'iOS', {w.bob.id}, {tuesday}, 1)",
        f"INSERT INTO devices VALUES ({w.bob.id}, 'fresh', 'New <iPad>', {tuesday}, NULL)",
        f"INSERT INTO devices VALUES ({w.bob.id}, 'machine-{w.bob.id}', 'Known', {tuesday}, NULL)",
        f"INSERT INTO grants (kind, who, at, seconds, until, asked_by) VALUES ('bonus', 'user:{w.bob.id}', {tuesday}, "
        "1800, NULL, 'me')",
        f"INSERT INTO grants (kind, who, at, seconds, until, asked_by) VALUES ('lock', '*', {tuesday}, 0, "
        f"{tuesday + HOUR}, '')",
        f"INSERT INTO warned VALUES ('user:{w.bob.id}', 'daily', 600, {tuesday})",
        f"INSERT INTO warned VALUES ('user:{w.alice.id}', 'daily', 600, {tuesday})",
        *(f"INSERT INTO members (id, name, title, email, kind, pending, accepted_at, first_seen, last_seen, gone_at) "
          f"VALUES ({id}, '{name}', '', '', 'friend', 0, {joined}, 1, 1, {gone})" for id, name, joined, gone in (
              (11, "lisa", tuesday, "NULL"), (12, "otto", 5, tuesday), (13, "ida", 5, "NULL"))),
        f"INSERT INTO warnings (user_id, cause, address, reason, posted_at, delivered_at) VALUES (13, 'inactive', '', "
        f"'', {tuesday}, {tuesday})",
        f"INSERT INTO outbox (key, kind, recipient, subject, body, created, due, given_up, error) VALUES ('k', 'mail', "
        f"'', 'A letter', '', {tuesday}, 0, 1, 'no such mailbox')",
    ):  # fmt: skip
        d.change(query)
    d.run()
    text = " ".join(d.mails()[0].body().split())
    for words in (
        "bob: stopped twice, denied at the start once, warned before once; mostly daily limit of 1 h reached",
        "bob: 30 min as a bonus on Tue ", ", asked for by me", "everybody: locked until 21:00 on Tue ",
        "alice: warned before a limit once, and never stopped", "lisa has joined on Tue ",
        "otto is gone since Tue ", "ida: warned on Tue ", "New <iPad> (iOS): first seen on Tue ", "with bob",
        "not sent: A letter: no such mailbox", "went on in spite of a stop: Film on Old TV",
        "its timer has never run: install.py schedule",
    ):
        assert words in text, words
    assert "too late" not in text and "Known" not in text


# ---- when ----


def test_the_tick_starts_it(desk):
    d = desk()
    d.begin()
    assert "report" in d.run("tick", script="limit_streams.py")
    wait_for(lambda: d.mails(), 30, what="the digest")
    wait_for(lambda: "plays; posted" in d.usher.log(), 30, what="its end")
    assert "report" not in d.run("tick", script="limit_streams.py")


def test_tautulli_fires_it_where_install_py_has_registered_it(desk):
    d = desk()
    d.run("--yes", script="../install.py", timeout=60)
    found = [n for n in d.world.tautulli.api("get_notifiers") if n["friendly_name"] == "Usher: report viewing"]
    assert len(found) == 1
    d.begin()
    d.world.plex.start_stream(d.world.bob, d.world.movie)
    wait_for(lambda: d.mails(), 30, what="the digest")


def test_another_schedule_makes_no_digest_of_its_own_at_once(desk):
    """Only a turn that comes after the last one done is due."""
    d = desk(schedule="daily 00:00")
    d.begin()
    d.run()
    assert len(d.mails()) == 1
    weekly = [f"{name} 00:00" for name in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")]
    for schedule in (*weekly, "monthly 1 00:00"):
        d.configure(schedule=schedule)
        d.later()
        assert d.run() == "report: nothing is due"


def test_not_enabled_does_nothing(desk):
    d = desk()
    d.usher.configure("[usher]\ndry_run = no\n")
    assert d.run() == "report: not enabled in config.ini"


@pytest.mark.parametrize(("arguments", "words"), [
    (["frobnicate"], "is no command of report_viewing.py"),
    (["--from"], "is no command of report_viewing.py"),
    (["--last=1"], "is no command of report_viewing.py"),
    (["--from", "yesterday"], "--from 'yesterday' is no date: write it like 2026-12-24"),
    (["--from", "2026-02-30"], "is no date"),
    (["--from", "2026-02-03", "--to", "2026-02-01"], "--from is later than --to"),
    (["--person", "zz\nzz"], "there is nobody called"),
])  # fmt: skip
def test_what_is_no_command_is_said_in_one_line(desk, arguments, words):
    d = desk(watched=False)
    said = d.run(*arguments, status=1)
    assert words in said and "\n" not in said
    assert "--from 2026-01-01" in d.run("--help")
