"""What an owner gives or takes for today only: the words, the moments, and each command as a process."""
import contextlib
import re
import sqlite3
import time
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import grammar
from shared.errors import UsherError
from shared.jobs.typed import amount, moment, split
from shared.ledger import Ledger
from shared.ledger_rules import Remembered
from shared.model import Session, User
from shared.policy import calendar as cal
from shared.values import GrammarError
from tests.policy.words_of_tests import ZONES, at, calendar
from tests.sandbox.base import wait_for
from tests.sandbox.world import World

H = 3600
ZURICH = "Europe/Zurich"

# ---- words ----


@pytest.mark.parametrize(("given", "words"), [
    (["bonus emma 30m"], ["bonus", "emma", "30m"]), (['bonus "Emma Smith" 30m'], ["bonus", "Emma Smith", "30m"]),
    (["bonus “Emma Smith” 30m"], ["bonus", "Emma Smith", "30m"]), (["bonus", "Emma Smith", "30m"],) * 2,
    (["approve emma Emma's iPad"], ["approve", "emma", "Emma's", "iPad"]), (["  on ", "", " x"], ["on", "x"]),
    (["lock", 'a "b" c'], ["lock", 'a "b" c']), ([], []), ([" \n "], []), (["unlock 'emma'"], ["unlock", "emma"]),
])  # fmt: skip
def test_words_come_in_odd_shapes(given, words):
    assert split(given) == words


@pytest.mark.parametrize(("typed", "name", "seconds"), [
    ("emma 30m", "emma", 1800), ("emma +30m", "emma", 1800), ("emma -15m", "emma", -900), ("emma −15m", "emma", -900),
    ("emma - 15m", "emma", -900), ("emma 1h 30m", "emma", 5400), ("Emma Smith 1h30m", "Emma Smith", 5400),
    ("emma 30 min", "emma", 1800), ("emma 1 hour", "emma", 3600), ("emma 1.5h", "emma", 5400),
    ("room 5 30m", "room 5", 1800), ("“Emma Smith” 5m", "Emma Smith", 300), ("5m 30m", "5m", 1800),
    ("12345 30M", "12345", 1800), ("--flag 20s", "--flag", 20),
])  # fmt: skip
def test_how_much_for_whom(typed, name, seconds):
    assert amount(typed.split()) == (name, seconds)


@pytest.mark.parametrize(("typed", "said"), [
    ("emma 30", "30 has no unit: write 30m or 30h"), ("emma -15", "15 has no unit: write 15m or 15h"),
    ("emma", "who, and how much?"), ("30m", "who, and how much?"), ("", "who, and how much?"),
    ("emma much", "much is no duration"), ("emma 1:30", "1:30 is no duration: write 1h30m"),
    ("emma 30x", "30x is no duration"), ("emma --15m", "how much?"), ("emma 99999999w", "longer than 100 years"),
])  # fmt: skip
def test_what_could_be_read_in_two_ways_is_refused(typed, said):
    with pytest.raises((GrammarError, UsherError), match=re.escape(said)):
        amount(typed.split())


def clock(text, now="11-18 19:00"):
    """Local time of the moment, seen from a Wednesday evening in Zurich."""
    _, until = moment(["emma", *text.split()], calendar(ZURICH), at(f"2026-{now}", ZURICH))
    return f"{datetime.fromtimestamp(until, ZoneInfo(ZURICH)):%m-%d %H:%M}"


@pytest.mark.parametrize(("text", "now", "then"), [
    ("until 23:30", "11-18 19:00", "11-18 23:30"), ("till 11pm", "11-18 19:00", "11-18 23:00"),
    ("until 8 pm", "11-18 19:00", "11-18 20:00"), ("until 18:00", "11-18 19:00", "11-19 18:00"),
    ("until 19:00", "11-18 19:00", "11-19 19:00"), ("until 24:00", "11-18 19:00", "11-19 00:00"),
    ("UNTIL Tomorrow", "11-18 19:00", "11-19 04:00"), ("until tomorrow", "11-19 01:00", "11-19 04:00"),
    ("until tomorrow 10:00", "11-18 19:00", "11-19 10:00"),
    ("until 10:00 tomorrow", "11-19 01:00", "11-19 10:00"),  # before it, the day is still Wednesday
    ("until tomorrow 2:00", "11-19 03:00", "11-20 02:00"),
    ("until sat 10:00", "11-18 19:00", "11-21 10:00"), ("until Saturday", "11-18 19:00", "11-21 04:00"),
    ("until wed 20:00", "11-18 19:00", "11-18 20:00"), ("until wed 18:00", "11-18 19:00", "11-25 18:00"),
    ("until wed", "11-18 19:00", "11-25 04:00"), ("until wed", "11-18 01:00", "11-18 04:00"),
    ("until 2026-12-24", "11-18 19:00", "12-24 04:00"),
    ("until 2026-12-24 10:00", "11-18 19:00", "12-24 10:00"),
    ("for 1h", "11-18 19:00", "11-18 20:00"), ("for 90 min", "11-18 19:00", "11-18 20:30"),
    # an hour that spring leaves out ends with the change; one that comes twice in autumn may still be yet to come
    ("until 2:30", "03-28 23:00", "03-29 03:00"), ("for 4h", "03-28 23:00", "03-29 04:00"),
    ("until 2:30", "10-25 01:00", "10-25 02:30"), ("until 5:00", "10-25 01:00", "10-25 05:00"),
])  # fmt: skip
def test_until_when(text, now, then):
    assert clock(text, now) == then


def test_an_hour_that_comes_twice():
    house, first = calendar(ZURICH), at("2026-10-25T02:30", ZURICH)  # 00:30 UTC, and again an hour later
    assert moment(["emma", "until", "2:30"], house, first - 1)[1] == first
    assert moment(["emma", "until", "2:30"], house, first)[1] == first + H
    assert moment(["emma", "until", "2:30"], house, first + H)[1] == first + 25 * H


@given(st.sampled_from(sorted(ZONES)), st.integers(int(at("2025-06-01T00:00")), int(at("2027-06-01T00:00"))),
       st.integers(0, 86399))  # fmt: skip
def test_a_time_is_the_next_one_that_the_clock_shows(zone, now, second):
    house = calendar(zone)
    then = cal.coming(house, ("clock", second), float(now))
    assert now < then <= now + 26 * H
    shown = cal.local_clock(house, then)[1]
    if shown == second:  # and it was not shown in between
        minutes = range(now + 1, int(then), 97)
        assert all(cal.local_clock(house, moment)[1] != second for moment in minutes)
    else:  # a gap: the moment of the change
        assert cal.local_clock(house, then - 1)[1] < second < shown
    assert cal.coming(house, ("tomorrow", -1), float(now)) == cal.period(house, "daily", now)[1][1]


@pytest.mark.parametrize(("text", "said"), [
    ("until 20", "20 is no clock time: write 20:00"), ("until 8", "write 8:00 or 8pm"), ("until", "nothing is no"),
    ("until 1h", "1h is a duration, and no moment: write for 1h"), ("until mondy", "write monday"),
    ("until sat sun", "write it like 23:30, tomorrow"), ("until 25:00", "a day ends at 24:00"),
    ("until 2026-13-01", "does not exist"), ("until 2026-11-17", "2026-11-17 is over"), ("for 30", "30m or 30h"),
    ("until 24.12.2026", "write 2026-12-24"), ("until holidays", "is no moment"), ("for ever", "is no duration"),
    ("until 10:00 12:00", "is no moment"), ("until 2026-11-18 18:59", "is over"),
])  # fmt: skip
def test_a_moment_that_is_none(text, said):
    with pytest.raises((GrammarError, UsherError), match=re.escape(said)):
        clock(text)


def test_who_says_no_moment_says_none():
    assert moment(["Emma", "Smith"], calendar(ZURICH), 0.0) == ("Emma Smith", None)
    assert moment(["until", "for", "1h"], calendar(ZURICH), 0.0) == ("until", 3600.0)


@given(st.text(max_size=30))
def test_nonsense_is_a_mistake_of_the_grammar_and_nothing_else(text):
    for read in (grammar.coming, grammar.spoken):
        try:
            read(text)
        except GrammarError as error:
            assert str(error).isprintable() and len(str(error)) < 300


# ---- each as a process ----

HOUSE = """[usher]
dry_run = no
timezone = {zone}
day_starts = {day}
[everyone]
daily = 1h
[group:kids]
members = emma, max
[group:guests]
members = absent
[person:emma]
users = emma, emma2
devices = Emma's tablet
daily = 20m
[person:max]
users = max
daily = 20m
blocked = everyday {shut}-{open}
[person:gran]
users = gran
exempt = yes
[person:dry]
users = dry
dry_run = yes
"""
HOSTILE = '"><b>@everyone\r\n{user} $(id) `id` --event=play \'"😀 ' + "x" * 200


@pytest.fixture(scope="module")
def usher():
    """A house in the middle of its day, with people whom Tautulli knows and Usher does not yet."""
    with World() as world:
        now = datetime.now(ZoneInfo("UTC"))
        day, shut, open = ((now + timedelta(hours=h)).strftime("%H:00") for h in (12, 4, 6))
        people = {name: world.people.add(name, email=f"{name}@example.com")
                  for name in ("emma", "max", "gran", "dry", "one", "other", "odd")}  # fmt: skip
        world.tautulli.api("refresh_users_list")
        found = world.install_usher(HOUSE.format(zone="UTC", day=day, shut=shut, open=open))
        found.day, found.shut = day, shut
        found.titles = [("Twin", people["one"].id), ("Twin", people["other"].id), (HOSTILE, people["odd"].id)]
        found.run("tick")
        wait_for(lambda: rows(found, "SELECT 1 FROM users WHERE name = 'odd'"), 10, what="Usher to know its users")
        yield found


@pytest.fixture(autouse=True)
def _as_at_first(request):
    if "usher" in request.fixturenames:
        usher = request.getfixturevalue("usher")
        with contextlib.closing(sqlite3.connect(f"{usher.data}/ledger.db", timeout=10)) as db, db:
            db.execute("DELETE FROM grants")
            db.execute("DELETE FROM devices")
            db.executemany("UPDATE users SET title = ? WHERE id = ?", usher.titles)


def say(usher, *words, shell="anna", **kw):
    """The answer to a command that succeeds. shell: who types it, None for Tautulli."""
    env = {"TAUTULLI_PYTHON_VERSION": None, "SUDO_USER": shell} if shell else {"SUDO_USER": "anna"}
    done = usher.run(*words, env=env, **kw)
    assert done.returncode == 0 and not done.stderr and done.stdout.count("\n") == 1, done
    assert "Traceback" not in done.stdout and usher.world.tautulli.api_key not in done.stdout
    return done.stdout.strip()


def refused(usher, *words, shell="anna"):
    env = {"TAUTULLI_PYTHON_VERSION": None, "SUDO_USER": shell} if shell else {}
    done = usher.run(*words, env=env)
    assert done.returncode == 1 and not done.stdout and done.stderr.count("\n") == 1, done
    assert done.stderr.startswith("Usher: ") and "Traceback" not in done.stderr
    return done.stderr.removeprefix("Usher: ").strip()


def rows(usher, sql, *values):
    with contextlib.closing(usher.ledger()) as db:
        return [tuple(row) for row in db.execute(sql, values)]


def test_a_bonus_adds_up_and_is_written_down(usher):
    assert say(usher, "bonus", "emma", "30m") == "emma: +30 min today, 50 min left; next: daily limit of 50 min"
    again = say(usher, "bonus", "EMMA", "-15", "min")
    assert again == "emma: -15 min today (+15 min in all), 35 min left; next: daily limit of 35 min"
    assert rows(usher, "SELECT kind, who, seconds, until, asked_by FROM grants") == [
        ("bonus", "emma", 1800, None, "anna"), ("bonus", "emma", -900, None, "anna")]  # fmt: skip


@pytest.mark.parametrize("words", [
    ["bonus emma 30m"], ['bonus "emma" 30m'], ["BONUS", " Emma ", "+30m"], ["bonus", "emma2", "30", "min"],
    ["bonus", "Emma@Example.com", "0h30m"], ["bonus", "“emma”", "30m"],
])  # fmt: skip
def test_the_same_in_every_shape(usher, words):
    assert say(usher, *words) == "emma: +30 min today, 50 min left; next: daily limit of 50 min"


def test_a_user_by_itself_by_name_mail_title_and_id(usher):
    alice = next(u for u in usher.world.people.users if u.name == "alice")
    for name in ("alice", alice.email, str(alice.id)):
        assert say(usher, "lock", name).startswith("alice: locked; unlock alice ends it")
    assert set(rows(usher, "SELECT who FROM grants")) == {(f"user:{alice.id}",)}


def test_a_group_means_each_member(usher):
    said = say(usher, "bonus", "kids", "10m").split(" | ")
    assert [one.split(":")[0] for one in said] == ["emma", "max"]
    assert rows(usher, "SELECT who, seconds FROM grants ORDER BY who") == [("emma", 600), ("max", 600)]
    assert refused(usher, "bonus", "guests", "10m") == "nobody who was seen is in the group guests"


def test_the_hours_come_next_where_they_are_nearer(usher):
    assert say(usher, "bonus", "max", "10h") == (
        f"max: +10 h today, 10 h 20 min left; next: no watching from {usher.shut}")  # fmt: skip


def test_allow_lifts_and_the_last_word_holds(usher):
    first = say(usher, "allow", "max", "for", "5h")
    assert re.fullmatch(r"max: free until \d\d:\d\d; next: (daily|no watching).*", first)
    second = say(usher, "allow", "max", "for", "2h")
    assert second > "max: free until " and len(rows(usher, "SELECT 1 FROM grants WHERE ended_at IS NULL")) == 1
    assert say(usher, "allow", "max", "for", "0m") == "max: 20 min left; next: daily limit of 20 min"
    assert not rows(usher, "SELECT 1 FROM grants WHERE ended_at IS NULL")


def test_a_lock_beats_allow_and_off_and_ends(usher):
    assert say(usher, "lock", "emma") == "emma: locked; unlock emma ends it"
    assert say(usher, "allow", "emma", "for", "1h").endswith("; now: locked")
    assert "still locked: emma; next: all of them again from" in say(usher, "off", "for", "2h")
    assert say(usher, "unlock", "Emma").startswith("emma: unlocked; next: ")
    assert say(usher, "unlock", "Emma").startswith("emma: was not locked; ")
    assert say(usher, "on").startswith("all limits and rules hold again: ")
    assert say(usher, "on").startswith("all limits and rules hold: ")


def test_a_lock_with_an_end_says_what_closes_then(usher):
    shuts = datetime.now(ZoneInfo("UTC")) + timedelta(hours=4, minutes=30)
    when = shuts.strftime("%H:%M")
    said = say(usher, "lock", "max", "until", when)
    assert said.startswith(f"max: locked until {when}")
    assert say(usher, "lock", "emma", "for", "2h").count(";") == 0


def test_off_until_tomorrow(usher):
    said = say(usher, "off", "until", "tomorrow")
    assert said == (f"everything is off until {usher.day}: no limit and no rule for anybody; "
                    f"next: all of them again from {usher.day}")  # fmt: skip
    assert rows(usher, "SELECT kind, who FROM grants WHERE ended_at IS NULL") == [("off", "*")]


def test_the_exempt_and_those_in_rehearsal(usher):
    assert say(usher, "bonus", "gran", "30m") == "gran: exempt: no limit holds"
    assert say(usher, "lock", "gran") == "gran: not locked; exempt: no limit holds"
    assert not rows(usher, "SELECT 1 FROM grants")
    assert say(usher, "lock", "dry").endswith(" (dry run)")
    say(usher, "unlock", "dry")
    assert say(usher, "bonus", "dry", "5m").endswith("; next: daily limit of 1 h 5 min (dry run)")
    assert len(rows(usher, "SELECT 1 FROM grants")) == 2


@pytest.mark.parametrize(("words", "said"), [
    (["bonus", "emma", "30"], "30 has no unit: write 30m or 30h"), (["bonus", "emm", "30m"], "did you mean emma?"),
    (["bonus", "guestz", "30m"], "did you mean guests?"), (["bonus", "emma", "0m"], "a bonus is for today"),
    (["bonus", "emma", "30d"], "a bonus is for today: at most 24h"), (["bonus"], "who, and how much?"),
    (["bonus", "twin", "30m"], "'twin' means 2 users: write one of their ids: "), (["allow", "emma"], "until when?"),
    (["allow", "until", "23:30"], "until when?"), (["lock"], "whom? write it like"), (["off"], "until when?"),
    (["unlock", ""], "whom?"), (["off", "emma", "until", "23:30"], "until when?"), (["on", "emma"], "on stands alone"),
    (["approve"], "whose player"), (["approve", "kids", "TV"], "is for one person"), (["dance"], "is no command"),
    (["approve", "emma", "TV"], "no player of emma is called 'TV'; none of their players is unknown"),
    (["bonus", HOSTILE, "30"], "30 has no unit"), (["lock", HOSTILE + "y"], "is nobody here"),
])  # fmt: skip
def test_a_mistake_is_one_line_and_changes_nothing(usher, words, said):
    assert said in refused(usher, *words)
    assert not rows(usher, "SELECT 1 FROM grants")


def test_a_hostile_name_is_only_a_name(usher):
    said = say(usher, "bonus", HOSTILE, "30m")
    assert said.startswith("odd: +30 min today") and len(said) < 200
    assert len(rows(usher, "SELECT 1 FROM grants")) == 1


def test_tautulli_asks_and_a_mistake_of_a_button_is_a_row(usher):
    say(usher, "bonus", "emma", "5m", shell=None)
    assert rows(usher, "SELECT asked_by FROM grants") == [("Tautulli",)]
    assert "did you mean emma" in refused(usher, "bonus emm 30m", shell=None)
    (row,) = rows(usher, "SELECT subject, body FROM outbox WHERE subject LIKE '%not understood'")
    assert row == ("Usher: bonus was not understood", "'emm' is nobody here: did you mean emma?")


def test_each_answer_is_a_row_in_the_notification_logs(usher):
    said = say(usher, "bonus", "max", "7m")
    tautulli = usher.world.tautulli
    row = wait_for(lambda: [r for r in tautulli.notification_log(usher.journal) if "+7 min" in r["body_text"]], 90,
                   what="the row, behind those of all tests before it")[0]  # fmt: skip
    assert (row["subject_text"], row["body_text"]) == ("Usher: bonus max", f"{said} (asked by anna)")


def test_from_a_shell_that_knows_no_plex_it_is_written_down_all_the_same(usher):
    wait_for(lambda: "No timekeeper" in usher.run("status").stdout, 60, what="the end of the timekeeper")
    begun = usher.log().count("timekeeper begins")
    bare = dict.fromkeys(("PLEX_URL", "PLEX_TOKEN", "TAUTULLI_URL", "TAUTULLI_APIKEY", "TAUTULLI_PYTHON_VERSION"))
    done = usher.run("bonus", "emma", "9m", env=bare)
    assert done.returncode == 0 and "+9 min today" in done.stdout
    assert rows(usher, "SELECT starting FROM lease") in ([], [(0.0,)])  # nor is one about to start
    say(usher, "bonus", "emma", "1m")  # by whoever knows Plex
    wait_for(lambda: usher.log().count("timekeeper begins") == begun + 1, 20, what="a timekeeper")


def test_a_player_is_let_in(usher):
    ledger = Ledger(usher.data)
    emma = next(u.id for u in usher.world.people.users if u.name == "emma")
    with ledger.writing():
        ledger.see_user(User(emma, "emma"), time.time())
        ledger.bind("user", "emma", str(emma), time.time())
        for machine, title in (("m1", "Emma’s iPad"), ("m2", "TV"), ("m3", "TV"), ("m4", 'a "b"')):
            Remembered(ledger).see_device(Session("1", machine, emma, player=title), False, time.time())
    assert "unknown players: " in refused(usher, "approve", "emma", "Radio")
    assert refused(usher, "approve", "emma").count("(m") == 4
    assert "is the name of 2 unknown players: write one of their machine ids" in refused(usher, "approve", "emma", "tv")
    for words in (["emma", "emma's ipad"], ["emma", "M2"], ["emma", "a 'b'"]):
        assert f"{words[1]} is known from now on; " in say(usher, "approve", *words)
    assert "TV is known from now on" in say(usher, "approve emma TV")
    assert "tv was known already" in say(usher, "approve", "emma", "tv")
    assert all(known for *_, known in Remembered(ledger).devices([emma]))
    ledger.close()
