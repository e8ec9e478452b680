"""The ledger by itself: making and migrating the file, many processes at once, damage, the outbox, the clock."""
import os
import sqlite3
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from shared import schema
from shared.errors import LedgerError
from shared.ledger import Ledger, Stop
from shared.ledger_outbox import Outbox
from shared.ledger_people import People
from shared.ledger_rules import Given, Remembered
from shared.model import Decision, Session, User
from tests.conftest import PROJECT

NOW = 1_800_000_000.0
SESSION = Session("7", machine_id="tv", user_id=42, rating_key="100", title="A film", media_type="movie",
                  library="Films")


@pytest.fixture
def folder(tmp_path):
    return str(tmp_path / "data")


def run(code, folder):
    return subprocess.run([sys.executable, "-c", f"import sys; sys.path.insert(0, {str(PROJECT)!r})\n{code}", folder],
                          capture_output=True, text=True, timeout=60)


def test_first_use_by_many_processes_at_once_makes_one_ledger_and_loses_nothing(folder):
    code = ("from shared.ledger import Ledger; from shared.model import Session; import os\n"
            "ledger = Ledger(sys.argv[1])\n"
            "with ledger.writing(): ledger.add_event(1.0, 'play', Session(str(os.getpid())))\n")
    with ThreadPoolExecutor(16) as pool:
        done = list(pool.map(lambda _: run(code, folder), range(32)))
    assert [p.stderr for p in done if p.returncode or p.stderr] == []
    assert Ledger(folder).db.execute("SELECT COUNT(DISTINCT session_key) FROM events").fetchone()[0] == 32


@pytest.mark.skipif(os.name == "nt", reason="modes of POSIX")
def test_files_are_for_their_owner_only(folder):
    ledger = Ledger(folder)
    with ledger.writing():
        ledger.set_meta("a", 1)
    assert stat.S_IMODE(os.stat(folder).st_mode) == 0o700
    modes = {name: oct(stat.S_IMODE(os.stat(os.path.join(folder, name)).st_mode)) for name in os.listdir(folder)}
    assert set(modes.values()) == {"0o600"}, modes


@pytest.mark.parametrize("version", range(len(schema.MIGRATIONS)))
def test_every_older_schema_is_migrated_and_a_copy_kept(folder, version):
    os.makedirs(folder)
    path = os.path.join(folder, "ledger.db")
    old = sqlite3.connect(path)
    for script in schema.MIGRATIONS[:version]:
        old.executescript(script)
    old.execute(f"PRAGMA user_version = {version}")
    old.commit()
    old.close()
    ledger = Ledger(folder)
    assert ledger.db.execute("PRAGMA user_version").fetchone()[0] == len(schema.MIGRATIONS)
    assert ledger.db.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
    assert os.path.exists(f"{path}.before-{len(schema.MIGRATIONS)}") == (version > 0)
    fresh = Ledger(folder + "2")
    tables = "SELECT sql FROM sqlite_master ORDER BY name"
    assert ledger.db.execute(tables).fetchall() == fresh.db.execute(tables).fetchall()


def test_what_a_ledger_of_version_1_holds_is_kept(folder):
    os.makedirs(folder)
    old = sqlite3.connect(os.path.join(folder, "ledger.db"))
    old.executescript(schema.MIGRATIONS[0] + "PRAGMA user_version = 1;"
                      "INSERT INTO users VALUES (42, 'emma', '', '', 'home', 1, 2); INSERT INTO meta VALUES ('a', 'b');"
                      "INSERT INTO outbox (key, kind, recipient, subject, body, created, due) "
                      "VALUES ('k', 'owner', '', 's', 'b', 1, 1);")
    old.close()
    ledger = Ledger(folder)
    assert ledger.users() == {42: User(42, "emma", kind="home")} and ledger.meta("a") == "b"
    assert [m.key for m in Outbox(ledger).due(NOW)] == ["k"]
    assert People(ledger).members() == {} and People(ledger).open_removals() == []


@pytest.mark.parametrize("damage", [b"garbage" * 1000, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_damaged_file_is_set_aside_and_a_new_one_begun(folder, damage):
    Ledger(folder).close()
    path = os.path.join(folder, "ledger.db")
    with open(path, "wb") as f:
        f.write(damage)
    ledger = Ledger(folder)
    assert ledger.was_damaged.startswith(f"{path}.damaged-")
    with open(ledger.was_damaged, "rb") as f:
        assert f.read() == damage
    assert ledger.open_plays() == []
    assert Ledger(folder).was_damaged == ""


def test_another_programs_database_is_not_written_into(folder):
    os.makedirs(folder)
    other = sqlite3.connect(os.path.join(folder, "ledger.db"))
    other.executescript("CREATE TABLE precious (x); INSERT INTO precious VALUES (1);")
    other.close()
    ledger = Ledger(folder)
    assert sqlite3.connect(ledger.was_damaged).execute("SELECT x FROM precious").fetchone() == (1,)


def test_what_cannot_be_opened_is_said_in_one_line(folder):
    os.makedirs(os.path.join(folder, "ledger.db"))
    with pytest.raises(LedgerError) as caught:
        Ledger(folder)
    assert "\n" not in str(caught.value) and "ledger.db" in str(caught.value)


def test_a_replaced_or_deleted_file_is_noticed(folder):
    ledger = Ledger(folder)
    assert ledger.is_current()
    os.rename(ledger.path, ledger.path + ".away")
    assert not ledger.is_current()
    Ledger(folder)
    assert not ledger.is_current()


def test_another_servers_ledger_is_refused(folder):
    ledger = Ledger(folder)
    ledger.machine_of_server("one")
    ledger.machine_of_server("one")
    with pytest.raises(LedgerError, match="another Plex server"):
        ledger.machine_of_server("two")


def test_only_a_clock_that_goes_back_by_more_than_jitter_begins_an_epoch(folder):
    ledger = Ledger(folder)
    seen = [ledger.clock_epoch(NOW + s) for s in (0, 10, 8, 10, 3600, 1, 0, 5, 3000)]
    assert seen == [0, 0, 0, 0, 0, 1, 1, 1, 1]


def test_a_play_comes_back_as_it_was_saved(folder):
    ledger = Ledger(folder)
    play = ledger.add_play(SESSION._replace(offset=12.5, live=True), NOW, 3)
    play = play._replace(seen=NOW + 9, seq=2, span_began=NOW, span_ended=NOW + 9, denied=1, gap_offset=1.5)
    ledger.save_play(play)
    assert ledger.open_plays() == [play]
    ledger.save_play(play._replace(ended=NOW + 9))
    assert ledger.open_plays() == []


def test_spans_are_found_by_user_and_by_machine_once_each(folder):
    ledger = Ledger(folder)
    ledger.add_past_play(SESSION, NOW, NOW + 100, 60)
    ledger.add_past_play(SESSION._replace(user_id=43), NOW + 200, NOW + 300, 100)
    ledger.add_past_play(SESSION._replace(user_id=44, machine_id="phone"), NOW, NOW + 100, 100)
    spans = ledger.spans([42], ["tv"], NOW - 1)
    assert sorted((user, machine, s.began - NOW, s.ended - NOW) for user, machine, s in spans) == [
        (42, "tv", 0, 60), (43, "tv", 200, 300)]
    assert ledger.spans([42], [], NOW + 60) == []


def test_a_decision_is_recorded_when_it_is_a_new_one(folder):
    ledger = Ledger(folder)
    play = ledger.add_play(SESSION, NOW, 0)
    allow, stop = Decision(True, NOW + 5, "daily"), Decision(False, NOW + 9, "daily", reason="over")
    ids = [ledger.decide(play, "emma", d, NOW) for d in (allow, allow, stop, stop, stop._replace(dry=True), allow)]
    assert [bool(i) for i in ids] == [True, False, True, False, True, True]
    assert [row[2] for row in ledger.decided(0)] == ["allow", "stop", "would stop", "allow"]


def test_a_message_goes_to_one_sender_only_once(folder):
    one, two = Ledger(folder), Ledger(folder)
    for _ in range(3):
        one.post("key", "journal", "subject", "body", NOW)
    (message,) = Outbox(one).due(NOW)
    assert [Outbox(one).claim(message.id, NOW), Outbox(two).claim(message.id, NOW)] == [True, False]
    assert Outbox(one).due(NOW) == [] and Outbox(one).unsure(NOW + 100) == []
    assert [m.id for m in Outbox(two).unsure(NOW + 121)] == [message.id]
    Outbox(two).failed(message.id, "no answer", NOW + 500)
    assert Outbox(one).due(NOW + 499) == [] and len(Outbox(one).due(NOW + 500)) == 1
    assert Outbox(one).claim(message.id, NOW + 500)
    Outbox(one).sent(message.id, NOW + 501)
    one.post("key", "journal", "again", "again", NOW + 502)
    assert Outbox(one).due(NOW + 9999) == [] and not Outbox(two).claim(message.id, NOW + 9999)


def test_a_clock_that_was_a_year_ahead_delays_nothing(folder):
    ledger, ahead = Ledger(folder), NOW + 366 * 86400
    for key in ("waits", "claimed"):
        ledger.post(key, "journal", "subject", "body", ahead)
    Outbox(ledger).claim(2, ahead)
    assert [m.key for m in Outbox(ledger).due(NOW)] == ["waits"]
    assert [m.key for m in Outbox(ledger).unsure(NOW)] == ["claimed"]
    for play_id, at in ((1, ahead), (2, NOW - 5)):
        ledger.add_play(SESSION, NOW, 0)
        ledger.save_stop(Stop(play_id, 1, at, at, 0), at)
    assert ledger.last_stop(NOW) == NOW - 5


def test_users_keep_what_a_later_sight_does_not_tell(folder):
    ledger = Ledger(folder)
    ledger.see_user(User(42, "emma", "Emma", "e@example.com", "managed"), NOW)
    ledger.see_user(User(42, "emma2"), NOW + 1)
    assert ledger.users()[42] == User(42, "emma2", "Emma", "e@example.com", "managed")


def test_grants_are_known_for_a_day_after_their_end(folder):
    ledger = Ledger(folder)
    memory, now = Remembered(ledger), 1_800_000_000.0
    with ledger.writing():
        for kind, at, until in (
            ("allow", now - 99_999, now - 86_400), ("allow", now - 99_999, now - 86_399), ("lock", now - 9, None),
            ("bonus", now - 9, None), ("bonus", now - 99, None),
        ):  # fmt: skip
            memory.grant(Given(kind, "emma", at, 60, until), "")
        memory.grant(Given("off", "*", now - 9, 0, now + 9), "")
        memory.end_grants("off", "*", now)
    assert [(given.kind, given.at, given.until) for given in memory.grants(now - 10, now)] == [
        ("allow", now - 99_999, now - 86_399), ("lock", now - 9, None), ("bonus", now - 9, None),
    ]  # fmt: skip


def test_old_evidence_is_forgotten_but_never_an_open_play(folder):
    ledger = Ledger(folder)
    ledger.add_past_play(SESSION, NOW - 1000, NOW - 900, 50)
    ledger.add_past_play(SESSION, NOW - 100, NOW - 50, 50)
    ledger.add_play(SESSION, NOW - 2000, 0)
    ledger.forget(NOW - 500)
    assert ledger.db.execute("SELECT began FROM plays ORDER BY began").fetchall() == [(NOW - 2000,), (NOW - 100,)]
    assert ledger.db.execute("SELECT COUNT(*) FROM spans").fetchone()[0] == 1


def test_a_transaction_that_fails_leaves_nothing(folder):
    ledger = Ledger(folder)
    with pytest.raises(ZeroDivisionError), ledger.writing():
        ledger.set_meta("a", 1)
        raise ZeroDivisionError
    assert ledger.meta("a") == ""
    with ledger.writing():
        ledger.set_meta("a", 2)
    assert Ledger(folder).meta("a") == "2"


def test_a_message_that_still_waits_is_not_forgotten(folder):
    ledger = Ledger(folder)
    for key in ("waits", "sent", "given up"):
        ledger.post(key, "mail", "subject", "body", NOW - 1000)
    waits, sent, given_up = Outbox(ledger).due(NOW)
    Outbox(ledger).sent(sent.id, NOW - 900)
    Outbox(ledger).failed(given_up.id, "no such address", None)
    ledger.forget(NOW)
    assert [m.key for m in Outbox(ledger).due(NOW)] == ["waits"]
    assert ledger.db.execute("SELECT COUNT(*) FROM outbox").fetchone()[0] == 1
