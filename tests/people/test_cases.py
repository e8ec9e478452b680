"""The fault table, third part: what can go wrong with people, clocks, records and messages, one case each.

In the end nobody was removed wrongly, and no message was doubled or lost. dora is the one who drifts away.
"""
import os
import sqlite3
import threading

import pytest

from shared import schema
from shared.jobs import due, prune
from shared.ledger import Ledger
from shared.ledger_outbox import Outbox
from tests.people.house import ADMIN, DAY, HOUR

WARNED, REMOVED = "Your access to Fake Plex ends", "Your access to Fake Plex has ended"


@pytest.fixture
def h(house):
    """A house with five regulars and dora, who is due for a warning; nothing has run yet."""
    found = house()
    found.others = found.regulars(5)
    found.dora = found.friend("dora", idle=27.2)
    found.world.tautulli.start()
    return found


@pytest.fixture
def warned(h):
    """dora has been warned, and is due to be removed now."""
    h.prune()
    assert letters(h, h.dora) == [WARNED]
    h.now += 3 * DAY
    return h


def letters(h, user):
    return [subject.split(" on ")[0] for subject in h.mails(user)]


def nobody(h):
    """Nobody was removed, nobody was told so."""
    assert h.removed() == [] and h.ask("SELECT * FROM removals WHERE gone_at IS NOT NULL") == [], h.said
    assert not [mail for mail in h.mails() if mail[1] == REMOVED]
    others_untouched(h)


def just_dora(h):
    assert h.removed() == ["dora"], h.said
    assert letters(h, h.dora) == [WARNED, REMOVED]
    assert h.mails(ADMIN).count("Usher: dora removed") == 1
    others_untouched(h)


def others_untouched(h):
    assert not [user.name for user in h.others if h.mails(user)]
    assert len(h.mails(ADMIN)) == len(set(h.mails(ADMIN))), h.mails(ADMIN)


def cmd(name):
    """A fault's `when`: this command of Tautulli's API."""
    return lambda request: f"cmd={name}&".encode() in request.body + b"&"


# ---- records that do not tell ----

def test_tautulli_does_not_reach_plex(warned):
    h = warned
    h.world.tautulli.server.fail("*/api/v2", 200, when=cmd("get_activity"),
                                 body='{"response": {"result": "success", "data": {}}}')
    for later in (0, DAY, DAY):
        h.prune(later)
    nobody(h)
    assert h.mails(ADMIN) == ["Usher cannot look after your users"]
    h.world.tautulli.server.heal()
    h.prune(HOUR)
    just_dora(h)


def test_plex_is_down(warned):
    h = warned
    h.world.plex.down()
    h.prune()
    nobody(h)
    h.world.plex.up()
    h.world.tautulli.wait_ready()
    h.prune(HOUR)
    just_dora(h)


@pytest.mark.parametrize("known", [True, False], ids=["ledger knows", "ledger is new"])
def test_tautullis_database_is_new(h, known):
    if known:
        h.prune()
    h.world.tautulli.store.run("DELETE FROM session_history")
    h.world.tautulli.store.run("DELETE FROM session_history_metadata")
    h.days(5, 12 * HOUR)
    nobody(h)
    assert letters(h, h.dora) == [WARNED] * known
    assert len([s for s in h.mails(ADMIN) if "needs your word" in s]) == 1


def test_a_hole_of_three_weeks(h):
    h.world.tautulli.store.run("DELETE FROM session_history WHERE started BETWEEN ? AND ?", h.now - 24 * DAY,
                               h.now - 3 * DAY)
    h.days(2, 12 * HOUR)
    nobody(h)
    assert letters(h, h.dora) == []
    assert h.mails(ADMIN) == ["Usher: plan 1 needs your word"]


def test_a_hole_that_comes_later_hides_nobody(h):
    """What the ledger has once seen of somebody's watching is not unlearnt when Tautulli's database is an old copy."""
    h.prune()
    before = h.plan()
    h.world.tautulli.store.run("DELETE FROM session_history WHERE started > ?", h.now - 26 * DAY)
    assert h.plan() == before
    h.prune(HOUR)
    nobody(h)


def test_sixty_per_cent_are_suddenly_inactive(h):
    lost = [h.friend(f"lost{n}") for n in range(9)]
    h.play([(user, h.now - 40 * DAY) for user in lost] + [(user, h.now - 5 * DAY) for user in lost])
    h.prune()
    for user in lost:
        h.world.tautulli.store.run("DELETE FROM session_history WHERE user_id = ? AND started > ?", user.id,
                                   h.now - 9 * DAY)
    h.days(4, 12 * HOUR)
    assert h.removed() == ["dora"] and not [u for u in lost if h.mails(u)]


def test_sixty_per_cent_are_suddenly_inactive_for_a_new_ledger(h):
    lost = [h.friend(f"lost{n}", idle=40) for n in range(9)]
    h.days(5, 12 * HOUR)
    nobody(h)
    assert [letters(h, user) for user in lost] == [[WARNED]] * 9
    assert h.mails(ADMIN) == ["Usher: plan 1 needs your word"]


@pytest.mark.parametrize("column, value", [("keep_history", 0), ("deleted_user", 1)])
def test_tautulli_does_not_record_her(warned, column, value):
    h = warned
    h.world.tautulli.store.run(f"UPDATE users SET {column} = ? WHERE user_id = ?", value, h.dora.id)
    h.days(2, 12 * HOUR)
    nobody(h)
    assert h.plan()["dora"] == ("unknown", None)


def test_tautulli_records_another_server(warned):
    h = warned
    h.world.tautulli.server.fail("*/api/v2", None, when=cmd("get_server_info"),
                                 change=lambda body: body.replace(h.world.plex.machine_id.encode(), b"f00"))
    assert "another Plex server" in h.prune()
    nobody(h)


def test_the_ledger_is_of_another_server(warned):
    h = warned
    with h.ledger.writing():
        h.ledger.set_meta("server", "another")
    assert "another Plex server" in h.prune()
    nobody(h)


# ---- clocks ----

def test_the_clock_is_40_days_ahead(h):
    h.prune()
    h.now += 40 * DAY
    for _ in range(4):
        h.prune(HOUR)
    nobody(h)
    h.now -= 40 * DAY
    h.prune(0)
    nobody(h)
    h.days(3, 12 * HOUR)
    assert h.removed() == ["dora"]
    assert letters(h, h.dora) == [WARNED, REMOVED]


def test_the_clock_is_set_back_by_40_days(warned):
    h = warned
    h.now -= 40 * DAY
    h.prune()
    nobody(h)
    h.now += 40 * DAY
    h.prune()
    just_dora(h)


@pytest.mark.parametrize("days", [5, -2])
def test_the_clock_is_not_plextvs(warned, days):
    """Too little for a hole in the history, and enough to cut somebody's notice short."""
    h = warned
    h.world.plextv.clock_skew = -days * DAY
    for later in (0, HOUR, 2 * DAY):
        assert f"clock is {abs(days)}.0 days {'ahead of' if days > 0 else 'behind'} plex.tv's" in h.prune(later)
    h.welcome()
    nobody(h)
    assert h.mails(ADMIN) == ["Usher cannot look after your users"]
    h.world.plextv.clock_skew = 600
    h.prune(HOUR)
    just_dora(h)


# ---- plex.tv ----

def test_the_removal_is_accepted_and_nothing_happens(warned):
    h = warned
    h.world.plextv.never_really_remove()
    h.days(2, 2 * HOUR)
    assert len(h.removed()) > 1 and letters(h, h.dora) == [WARNED]      # asked again and again, told nobody so
    assert h.mails(ADMIN) == ["Usher: dora is not removed yet"]
    assert h.world.tautulli.sql("SELECT deleted_user FROM users WHERE user_id = ?", h.dora.id)[0]["deleted_user"] == 0
    tries = len(h.removed())
    assert tries < 10           # with longer and longer pauses
    h.world.plextv.never_really_remove(False)
    h.days(2, 6 * HOUR)
    assert len(h.removed()) == tries + 1 and letters(h, h.dora) == [WARNED, REMOVED]
    assert h.mails(ADMIN) == ["Usher: dora is not removed yet", "Usher: dora removed"]
    others_untouched(h)


def test_the_lists_lag_behind(warned):
    h = warned
    h.world.plextv.removal_delay = 0.4
    h.prune()
    assert letters(h, h.dora) == [WARNED]
    while not h.dora.hidden:
        pass
    h.prune(HOUR)
    just_dora(h)


def test_she_is_removed_by_hand_in_between(warned):
    h = warned

    def by_hand():
        h.dora.hidden, h.dora.sections = True, ()
    h.world.plextv.fail("/api/v2/sharings/*", None, before=by_hand)
    h.world.plextv.fail("/api/servers/*/shared_servers/*", None, before=by_hand)
    h.prune()
    assert h.removed() == [] and letters(h, h.dora) == [WARNED]     # it was not us
    assert h.mails(ADMIN) == ["Usher: dora was already gone"]
    h.prune(HOUR)
    assert len(h.mails(ADMIN)) == 1
    others_untouched(h)


def test_she_is_removed_by_hand_before(warned):
    h = warned
    h.dora.hidden, h.dora.sections = True, ()
    h.days(2, 12 * HOUR)
    nobody(h)
    assert h.mails(ADMIN) == []


def test_half_the_list_is_missing(warned):
    h = warned
    for user in h.others[:3]:
        user.hidden = True
    h.prune()
    h.prune(HOUR)
    nobody(h)
    assert h.mails(ADMIN) == []
    for user in h.others[:3]:
        user.hidden = False
    h.prune(HOUR)
    just_dora(h)
    assert h.ask("SELECT COUNT(*) FROM members WHERE renewed_at > 0 OR greeted = 'back'") == [(0,)]


def test_half_of_them_have_really_left(warned):
    h = warned
    for user in h.others[:3]:
        user.hidden = True
    h.days(1.5, 6 * HOUR)
    just_dora(h)


def test_the_owners_id_is_in_the_list(warned):
    h = warned
    double = h.friend("double", id=h.world.owner.id, accepted_at=int(h.now - 200 * DAY))
    h.prune()
    h.days(4, 12 * HOUR)
    assert h.removed() == ["dora"] and not h.mails(double)


# ---- people ----

def test_she_begins_to_watch_between_plan_and_act(warned):
    h = warned
    h.world.tautulli.server.fail("*/api/v2", None, when=cmd("get_history"), times=1,
                                 before=lambda: threading.Thread(target=press_play, args=(h,)).start(), delay=0.2)

    def press_play(h):
        h.stream = h.world.plex.start_stream(h.dora, h.world.movie)
    h.world.tautulli.server.faults[0].before = lambda: h.world.loop.spawn(later(press_play, h))
    h.prune()
    nobody(h)
    assert "stays: watching now" in h.said[-1]
    h.stream.stop()
    h.prune(HOUR)
    nobody(h)


async def later(act, h):
    import asyncio

    await asyncio.to_thread(act, h)


def test_she_watches_after_the_warning(warned):
    h = warned
    h.watched(h.dora, 1)
    h.days(2, 12 * HOUR)
    nobody(h)
    h.watched(h.dora, 0)
    for user in h.others:
        h.watched(user, *range(-29, 0))
    h.now += 27.5 * DAY
    h.prune()
    assert letters(h, h.dora) == [WARNED, WARNED] and h.removed() == []
    h.days(3.5, 12 * HOUR)
    assert h.removed() == ["dora"] and letters(h, h.dora) == [WARNED, WARNED, REMOVED]


def test_two_of_one_name(house):
    h = house()
    h.others = h.regulars(4)
    h.dora = h.friend("dora", idle=27.2, title="The Same")
    twin = h.friend("twin", title="The Same")
    h.watched(twin, *range(1, 60, 3))
    h.others.append(twin)
    h.world.tautulli.start()
    h.days(4, 12 * HOUR)
    just_dora(h)


def test_who_has_no_address_is_put_before_the_owner_once(house):
    h = house()
    h.others = h.regulars(4)
    h.dora = h.friend("dora", idle=40, email="")
    h.world.tautulli.start()
    h.days(8, 12 * HOUR)
    nobody(h)
    assert h.mails(ADMIN) == ["Usher: dora cannot be warned"]


def test_a_mailbox_refuses(h):
    h.world.mail.replies["RCPT"] = "550 5.1.1 no such user"
    h.configure(more="[notify]\n")
    h.prune()
    h.world.mail.replies.clear()
    h.days(8, 12 * HOUR)
    nobody(h)
    assert letters(h, h.dora) == [] and "Usher: dora cannot be warned" in h.mails(ADMIN)


def test_home_managed_and_invited_users_are_left_alone(h):
    home = h.friend("home", idle=90, kind="home")
    kid = h.friend("kid", idle=90, kind="managed")
    h.world.plextv.add_invite("invited@example.com")
    h.days(4, 12 * HOUR)
    assert h.removed() == ["dora"] and not h.mails(home) and not h.mails(kid) and not h.mails("invited@example.com")


@pytest.mark.parametrize("written", ["DORA", "dora@example.com", "The Title", "{id}"])
def test_a_vip(house, written):
    h = house()
    h.others = h.regulars(4)
    h.dora = h.friend("dora", idle=27.2, email="Dora@example.com", title="the title")
    h.configure(prune=f"vip = {written.format(id=h.dora.id)}")
    h.world.tautulli.start()
    h.days(4, 12 * HOUR)
    nobody(h)
    assert not h.mails(h.dora)


def test_a_vip_is_renamed(house):
    h = house(prune="vip = dora")
    h.others = h.regulars(4)
    h.dora = h.friend("dora", idle=20)
    h.world.tautulli.start()
    h.prune()
    h.dora.username = h.dora.title = "isidora"
    h.days(14, 12 * HOUR)
    nobody(h)


def test_she_becomes_a_vip_after_the_warning(warned):
    h = warned
    h.configure(prune="vip = dora")
    h.days(2, 12 * HOUR)
    nobody(h)


def test_the_admins_own_address(house):
    h = house()
    h.others = h.regulars(4)
    h.dora = h.friend("second account", idle=60, email="ME@example.com")
    h.world.tautulli.start()
    h.days(4, 12 * HOUR)
    nobody(h)


def test_a_hostile_name(house):
    h = house()
    h.others = h.regulars(4)
    name = '"><script>@everyone\r\nBcc: x'
    h.dora = h.friend(name, idle=27.2)
    h.world.tautulli.start()
    h.days(4, 12 * HOUR)
    assert len(h.removed()) == 1 and letters(h, h.dora) == [WARNED, REMOVED]
    for mail in h.world.mail.mails:
        assert mail.message["Bcc"] is None and len(mail.rcpt_to) == 1
        assert "<script>" not in (mail.body("html") or "") and "\n" not in mail.subject


def test_no_name_is_more_than_a_line_and_no_address_is_shown(house):
    h = house()
    h.others = h.regulars(4)
    dora = h.friend('"><script>@everyone\r\nBcc: x', idle=27.2)
    h.friend("some.body@gmail.com", idle=27.2)
    h.world.tautulli.start()
    h.welcome()
    h.days(3.5, 12 * HOUR)
    h.restore(str(dora.id))
    h.dora = h.friend("new\nline@gmail.com", accepted_at=int(h.now))
    h.welcome(HOUR)
    assert len(h.removed()) == 2 and "joined" in h.said[-1]
    assert [line for line in h.said if not line.isprintable() or "body@" in line or "line@" in line] == []
    names = h.ask("SELECT name FROM removals UNION SELECT name FROM acts")
    assert names and [row for row in names if not row[0].isprintable()] == []


def test_a_vip_who_is_nobody_is_told_of_once(h):
    h.configure(prune="vip = dorra, regular0")
    h.days(1, 12 * HOUR)
    assert h.mails(ADMIN) == ["Usher: a name in config.ini is not clear"]
    others_untouched(h)


def test_who_only_chose_the_name_of_a_guest_is_none(house):
    h = house()
    h.others = h.regulars(4)
    h.others.append(h.friend("lis99", idle=1, title="Lisa"))
    h.configure(more="[guest:lisa]\nuser = lisa\nexpires = 2020-01-01")
    h.world.tautulli.start()
    h.days(4, 12 * HOUR)
    nobody(h)
    lisa = h.friend("lisa", idle=1)
    h.days(4, 12 * HOUR)
    assert h.removed() == ["lisa"] and len(h.mails(lisa)) == 2


def test_who_came_back_begins_anew(warned):
    h = warned
    h.prune()
    just_dora(h)
    h.now += 30 * HOUR
    h.dora.hidden, h.dora.sections, h.dora.accepted_at = False, (1,), int(h.now)      # the owner shared again by hand
    h.world.tautulli.api("undelete_user", user_id=h.dora.id)
    for user in h.others:
        h.watched(user, *range(-26, 0))
    h.days(26, DAY)
    just_dora(h)


# ---- settings ----

def test_a_dry_run_does_nothing_and_then_nobody_is_removed_at_once(house):
    h = house()
    h.configure(prune="dry_run = yes")
    h.others = h.regulars(5)
    h.dora = h.friend("dora", idle=26.8)
    h.world.tautulli.start()
    h.days(6, 12 * HOUR)
    assert h.mails() == [] and h.ask("SELECT * FROM warnings") == [] and h.ask("SELECT * FROM removals") == []
    assert h.ask("SELECT act FROM acts ORDER BY id") == [("would warn",), ("would remove",)]
    assert h.ask("SELECT COUNT(*) FROM outbox WHERE kind <> 'journal'") == [(0,)]
    assert len(h.ask("SELECT * FROM outbox")) == 2
    nobody(h)
    h.configure(prune="")
    h.prune(HOUR)
    nobody(h)
    assert letters(h, h.dora) == [WARNED]
    h.days(2.5, 12 * HOUR)
    nobody(h)
    h.days(1, 12 * HOUR)
    just_dora(h)


def test_dry_run_is_switched_on_after_the_warning(warned):
    h = warned
    h.configure(prune="dry_run = yes")
    h.days(2, 12 * HOUR)
    nobody(h)


def test_dry_run_is_switched_on_in_the_middle_of_a_removal(warned):
    h = warned
    h.world.plextv.fail("/api/v2/sharings/*", 500)
    h.prune()
    h.world.plextv.heal()
    h.configure(prune="dry_run = yes")
    h.days(1, 6 * HOUR)
    nobody(h)
    h.configure(prune="")
    h.prune()
    just_dora(h)


# ---- messages ----

def test_smtp_is_down_for_a_day(h):
    h.world.mail.stop()
    h.days(1, 2 * HOUR)
    assert h.mails() == []
    h.world.mail.start()
    for later in (HOUR, HOUR):
        h.deliver(later)
    assert letters(h, h.dora) == [WARNED]
    h.days(2.5, 12 * HOUR)
    nobody(h)                       # the notice counts from the delivery
    h.days(1, 6 * HOUR)
    just_dora(h)


def test_smtp_is_down_when_she_is_removed(warned):
    h = warned
    h.world.mail.stop()
    h.prune()
    assert h.removed() == ["dora"] and letters(h, h.dora) == [WARNED]
    h.prune(12 * HOUR)
    h.world.mail.start()
    for later in (HOUR, HOUR):
        h.deliver(later)
    just_dora(h)


def test_whoever_sent_the_warning_died_while_doing_it(h, monkeypatch):
    """Whether it arrived is not known: it is not sent twice, and it is no warning that one could remove for."""
    with monkeypatch.context() as patch, pytest.raises(TypeError):
        patch.setattr(Outbox, "sent", None)
        h.prune()
    assert letters(h, h.dora) == [WARNED]
    h.days(9, 12 * HOUR)
    nobody(h)
    assert letters(h, h.dora) == [WARNED]


def test_a_warning_that_is_not_true_any_more_is_not_sent(h):
    h.world.mail.stop()
    h.days(2, 12 * HOUR)
    h.watched(h.dora, 0.1)
    h.prune()
    h.world.mail.start()
    h.days(2, 6 * HOUR)
    assert h.mails() == [] and h.plan()["dora"][0] == "fine"


def test_what_never_worked_is_told_after_two_days(house):
    h = house()
    h.world.tautulli.start()
    h.world.plextv.fail("/api/v2/user", 500)
    h.days(2, 6 * HOUR)
    assert h.mails() == []
    h.ledger.post("x", "owner", "a message", "", h.now)
    h.fired()                   # that one goes out is no sign that anything else works
    h.days(2, 6 * HOUR)
    assert h.mails(ADMIN) == ["a message", "Usher cannot look after your users"]


def test_two_at_once(warned):
    h = warned
    ledgers = [Ledger(h.data) for _ in range(4)]
    said = []

    def run(ledger):
        said.append(due.guarded("prune", ledger, h.config, h.now, prune.run))
    for ledger in ledgers:      # a connection belongs to its thread
        ledger.close()
    threads = [threading.Thread(target=lambda: run(Ledger(h.data))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    just_dora(h)
    assert len(said) == 4


# ---- disks ----

@pytest.mark.parametrize("statement", ["INSERT INTO warnings", "INSERT INTO removals", "'exported'",
                                       "'asking'", "'asked'", "'gone'", "'cleaned'", "SET ended_at"])
def test_the_disk_is_full_for_the_ledger(h, statement):
    """SQLite refuses one write after the other, whichever it is, for a day."""
    h.ledger.db.close()
    broken = h.ledger.db = Full(h.ledger)
    broken.words = statement
    h.prune_or_fail()
    for _ in range(5):
        h.prune_or_fail(18 * HOUR)
    others_untouched(h)
    assert set(h.removed()) <= {"dora"} and (REMOVED not in letters(h, h.dora) or h.removed() == ["dora"])
    assert broken.hits
    broken.words = None
    h.days(6, 12 * HOUR)
    just_dora(h)


class Full:
    """A connection to the ledger on a disk that is full whenever a statement holds these words."""

    def __init__(self, ledger):
        self.db, self.words, self.hits = schema.connect(ledger.path, 1000), None, 0

    def execute(self, query, values=()):
        shown = f"{query} {values}"
        if self.words and self.words in shown:
            self.hits += 1
            raise sqlite3.OperationalError("database or disk is full")
        return self.db.execute(query, values)

    def __getattr__(self, name):
        return getattr(self.db, name)


def test_the_disk_is_full_for_the_export(warned, monkeypatch):
    h = warned

    def full(*_):
        raise OSError(28, "No space left on device")
    monkeypatch.setattr(os, "fsync", full)
    h.prune()
    nobody(h)
    h.prune(HOUR)
    nobody(h)
    monkeypatch.undo()
    for name, value in h.world.env.items():
        monkeypatch.setenv(name, value)
    h.prune(2 * HOUR)
    just_dora(h)


def test_the_ledger_is_lost(warned):
    """Nothing is known of the warning any more: she is warned again and not removed before the notice is over."""
    h = warned
    h.ledger.close()
    for name in os.listdir(h.data):
        if name.startswith("ledger.db"):
            os.remove(os.path.join(h.data, name))
    h.ledger = Ledger(h.data)
    h.prune()
    nobody(h)
    h.days(2.5, 12 * HOUR)
    nobody(h)
    h.days(1, 12 * HOUR)
    assert h.removed() == ["dora"] and letters(h, h.dora) == [WARNED, WARNED, REMOVED]


# ---- the ceilings ----

def drifters(h, count, idle=27.2):
    return [h.friend(f"drifter{n:02}", idle=idle) for n in range(count)]


def test_four_friends_of_whom_one_drifts(house):
    h = house()
    h.others = h.regulars(3)
    h.dora = h.friend("dora", idle=27.2)
    h.world.tautulli.start()
    h.days(4, 12 * HOUR)
    just_dora(h)


def test_twenty_drift_at_once(h):
    twenty = drifters(h, 20)
    h.days(6, 6 * HOUR)
    nobody(h)
    assert h.mails(ADMIN) == ["Usher: plan 1 needs your word"]
    h.watched(twenty[3], 0.1)
    h.configure(prune="vip = drifter07")
    line = h.approve(1)
    assert "19 of 21 still qualify" in line
    gone = {"dora", *(u.name for u in twenty)} - {"drifter03", "drifter07"}
    assert set(h.removed()) == gone and len(h.removed()) == 19
    h.days(2, 4 * HOUR)
    assert len(h.removed()) == 19
    assert [len(h.mails(user)) for user in twenty] == [1 if n in (3, 7) else 2 for n in range(20)]
    assert [s for s in h.mails(ADMIN) if "needs your word" in s] == ["Usher: plan 1 needs your word"]
    with pytest.raises(Exception, match="approved before"):
        h.approve(1)
    with pytest.raises(Exception, match="no plan 7"):
        h.approve(7)


def test_never_more_than_the_ceiling_in_any_24_hours(house):
    """Somebody comes due every ten hours. A day has many more rounds, in which there would be nothing to do."""
    h = house(prune="max_removals = 2\nmax_removals_percent = 0%")
    h.others = h.regulars(3)
    for n in range(8):
        h.friend(f"drifter{n}", idle=27.3 - n * 10 / 24)
    h.world.tautulli.start()
    when = []
    for _ in range(3 * 9):
        before = len(h.removed())
        h.prune(8 * HOUR)
        when += [h.now] * (len(h.removed()) - before)
    assert len(when) > 2
    assert not [at for at in when if sum(at - DAY < other <= at for other in when) > 2]


def test_no_removals_at_all_may_be_wanted(warned):
    h = warned
    h.configure(prune="max_removals = 0")
    h.days(1, 6 * HOUR)
    nobody(h)
    assert h.mails(ADMIN) == ["Usher: plan 1 needs your word"]
