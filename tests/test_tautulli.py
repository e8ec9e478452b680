"""Tautulli's API, on the stand-in and with TAUTULLI_HOME on the real one."""
import contextlib
import json
import sqlite3
import time

import pytest

from shared import tautulli as module
from shared.errors import Refused, Unreachable
from shared.model import User
from shared.tautulli import Tautulli
from tests.sandbox.base import wait_for
from tests.sandbox.seed import play
from tests.sandbox.world import World
from tests.wire import Wire, answer

DAY = 86400


@pytest.fixture(scope="module")
def house(host):
    with World(host=host, config={"http_root": "/tau"}) as world:
        yield world


@pytest.fixture
def tautulli(house):
    yield Tautulli(house.tautulli.url, house.tautulli.api_key)
    for stream in list(house.plex.streams):
        stream.stop()


def watching(house, count):
    wait_for(lambda: len(house.tautulli.sql("SELECT * FROM sessions")) == count, what=f"{count} rows of sessions")


def responds(data, result="success", status="200 OK"):
    return answer(json.dumps({"response": {"result": result, "message": "why", "data": data}}), status)


def test_users_and_their_kinds(house, tautulli):
    by_name = {user.name: user for user in tautulli.users()}
    assert {name: user.kind for name, user in by_name.items()} == {
        "owner": "owner", "alice": "friend", "bob": "friend", "kid": "managed"}
    assert by_name["bob"] == User(house.bob.id, "bob", "bob", house.bob.email, "friend")
    assert 0 not in [user.id for user in by_name.values()]


@pytest.mark.parametrize("data", [[], {}, None, [{"user_id": 0, "username": "Local"}]])
def test_no_users_at_all_is_a_failure(data):
    with Wire(responds(data)) as wire, pytest.raises(Unreachable, match="names no users"):
        Tautulli(wire.url, "key").users()


def test_what_the_ledger_could_not_hold_is_told_as_something_that_it_can():
    rows = [{"user_id": "9" * 30, "username": "huge"}, {"user_id": 5, "username": "half \ud83d"}]
    with Wire(responds(rows)) as wire:
        assert Tautulli(wire.url, "key").users() == [User(5, "half ?", "half ?", "", "friend")]


def test_a_wrong_key(house):
    with pytest.raises(Refused, match=r"does not accept the API key: see \[tautulli\] apikey"):
        Tautulli(house.tautulli.url, "x" * 32).users()


def test_an_unknown_command_is_refused_in_a_short_line(tautulli):
    with pytest.raises(Refused, match="nosuch") as caught:
        tautulli.call("nosuch")
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("reply", [answer("<html>Login</html>"), answer(""), answer("[]"), answer('{"response": 1}'),
                                   answer("null"), answer('{"response": {"result"'), answer("Oops", "502 Bad Gateway")])
def test_what_is_not_its_api_is_no_answer(reply):
    with Wire(reply) as wire, pytest.raises(Unreachable, match="something that is not its API"):
        Tautulli(wire.url, "key").users()


@pytest.mark.parametrize("status", ["401 No", "403 No", "404 No"])
def test_a_proxy_in_between_that_says_no(status):
    with Wire(answer("<html>", status)) as wire, pytest.raises(Refused) as caught:
        Tautulli(wire.url, "key").users()
    assert caught.value.status == int(status.split()[0])


def test_what_is_played_is_not_known_while_plex_is_down(house, tautulli):
    assert tautulli.call("get_activity")["sessions"] == []
    house.plex.fail("/status/sessions", 500)
    try:
        with pytest.raises(Unreachable, match="does not reach Plex"):
            tautulli.call("get_activity")
    finally:
        house.plex.heal()


# ---- history ----

def test_history_in_pages_by_library_and_with_what_is_open(world, monkeypatch):
    w = world(config={"group_history_tables": 1})
    now = int(time.time())
    rows = [play(w.bob, w.movie if n % 2 else w.episode, now - 3 * DAY + n * 600, seconds=300, paused=40,
                 machine_id="tv", player="TV") for n in range(25)]
    rows += [play(w.alice, w.movie, now - days, seconds=600) for days in (90 * DAY, 3 * DAY + 60)]
    w.insert_history(sorted(rows, key=lambda row: row["started"]))
    with contextlib.closing(sqlite3.connect(w.tautulli.db_path)) as db, db:    # as if they were resumed plays of one
        db.execute("UPDATE session_history SET reference_id = 2 WHERE user_id = ?", (w.bob.id,))
    stream = w.plex.start_stream(w.kid, w.movie2, player="Tablet")
    watching(w, 1)
    monkeypatch.setattr(module, "PAGE", 7)
    found = Tautulli(w.tautulli.url, w.tautulli.api_key).history(now - 3 * DAY, libraries=["tv shows"])
    assert [p.began for p in found] == sorted(p.began for p in found)
    assert len(found) == 27 and len([p for p in found if p.user_id == w.alice.id]) == 1
    first = next(p for p in found if p.user_id == w.bob.id)
    assert first == module.HistoryRow(
        user_id=w.bob.id, machine_id="tv", session_key="", rating_key=str(w.episode.key), began=now - 3 * DAY,
        ended=now - 3 * DAY + 300, seconds=260.0, media_type="episode", title="Some Show - Pilot", library="TV Shows",
        player="TV", live=False, is_open=False, show="Some Show", platform="Chrome", product="Plex Web",
        address="192.168.1.20", location="lan")
    assert {p.library for p in found if p.media_type == "movie"} == {""}
    all_of_them = Tautulli(w.tautulli.url, w.tautulli.api_key).history(now - 3 * DAY, libraries=["*"])
    assert {p.library for p in all_of_them} == {"Movies", "TV Shows"}
    [still] = [p for p in found if p.is_open]
    assert (still.user_id, still.session_key, still.rating_key) == (w.kid.id, str(stream.key), str(w.movie2.key))
    assert abs(still.began - now) < 15


def test_a_play_that_ended_between_two_pages_counts_once(monkeypatch):
    row = {"user_id": 5, "machine_id": "m", "rating_key": 1, "started": 1000, "stopped": 1100, "play_duration": 100}
    old = {**row, "started": 900, "row_id": 7}
    pages = [[old, {**row, "row_id": None, "session_key": 3}], [{**row, "row_id": 8}]]
    monkeypatch.setattr(module, "PAGE", 2)
    with Wire(lambda number, request: responds({"draw": 1, "data": pages[number - 1]})) as wire:
        found = Tautulli(wire.url, "key").history(0)
    assert [(p.began, p.is_open) for p in found] == [(900.0, False), (1000.0, False)]


def test_a_history_that_tautulli_could_not_read_is_no_empty_one():
    failed = responds({"draw": 0, "recordsTotal": 0, "data": []})
    with Wire(failed) as wire, pytest.raises(Unreachable, match="history"):
        Tautulli(wire.url, "key").history(0)


def test_an_empty_history(tautulli):
    assert tautulli.history(time.time() + 5 * DAY) == []


# ---- notifications ----

TEXTS = [("Usher: stopped Bob", "First Movie on TV: daily limit of 1 h reached; back at 04:00"),
         ('<b> & "quotes" \'single\' {user} {0} %s', "line one\nline two <tag> ünï 🎬 \\ $(rm -rf /) `x`"),
         ("Don't", "A lone { brace and {nosuch}")]


@pytest.fixture
def journal(house):
    path = f"{house.dir}/journal.py"
    with open(path, "w") as file:
        file.write("print('noted')\n")
    number = house.tautulli.add_script_notifier(house.install(path), {})
    yield number
    house.tautulli.delete_notifier(number)


@pytest.mark.parametrize("subject, body", TEXTS)
def test_what_is_sent_stands_in_the_log_verbatim(tautulli, journal, subject, body):
    number = tautulli.notify(journal, subject, body, "journal")
    row = next(row for row in tautulli.notification_log(subject) if row.id == number)
    assert (row.subject, row.body, row.notifier_id, row.success) == (subject, body, journal, True)
    assert abs(row.at - time.time()) < 10


def test_two_rows_in_one_second(tautulli, journal):
    assert tautulli.notify(journal, "same", "same", "x") != tautulli.notify(journal, "same", "same", "x")


def test_an_agent_that_is_not_there(tautulli):
    with pytest.raises(Refused, match="Tautulli refused notify: Notification failed"):
        tautulli.notify(999, "subject", "body")


def test_the_script_agents_and_the_journal_among_them(house, tautulli, journal, tmp_path):
    other = house.tautulli.add_script_notifier(str(tmp_path / "journal.py"), {}, folder=str(tmp_path), name="theirs")
    third = house.tautulli.add_script_notifier(house.install(__file__, "else.py"), {}, name="else")
    try:
        found = {n.id: n for n in tautulli.script_notifiers()}
        assert found[other] == (other, "theirs", str(tmp_path), str(tmp_path / "journal.py"))
        assert found[third].script.endswith("else.py")
        assert tautulli.find_journal(house.scripts) == journal
        assert tautulli.find_journal(str(tmp_path)) == other
        assert tautulli.find_journal("/elsewhere") == min(journal, other)
    finally:
        house.tautulli.delete_notifier(other)
        house.tautulli.delete_notifier(third)


def test_no_journal_yet(tautulli):
    assert tautulli.find_journal("/elsewhere") is None


# ---- stopping ----

def test_terminate(house, tautulli):
    stream = house.plex.start_stream(house.bob, house.movie)
    watching(house, 1)
    assert tautulli.terminate(str(stream.key), stream.id, "the end & more") is True
    assert house.plex.terminations[-1].reason == "the end & more"
    wait_for(lambda: not stream.alive, what="the end")


def test_a_session_that_it_does_not_know(tautulli):
    assert tautulli.terminate("9999", "", "why") is False


def test_plex_tv_down_is_told_as_no_plex_pass(house, tautulli):
    stream = house.plex.start_stream(house.bob, house.movie)
    watching(house, 1)
    house.plextv.fail("*", 500)
    try:
        with pytest.raises(Refused, match="No Plex Pass"):
            tautulli.terminate(str(stream.key), stream.id, "why")
    finally:
        house.plextv.heal()
