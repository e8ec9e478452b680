"""What the owner hears of at once: each occasion once, and many at once as one message."""
import time
from types import SimpleNamespace

import pytest

from tests.scenarios.stage import lasting, stage, together

CROWD = [f"viewer{n}" for n in range(12)]
PEOPLE = ["grandma", "stopper", "dry", "starter", *CROWD]
CONFIG = """
[notify]
tautulli_notifiers = {owners}
[report]
alerts = {alerts}
[person:grandma]
users = grandma
devices = Grandma's iPad
exempt = yes
[person:stopper]
users = stopper
daily = 5s
warn_before = none
[person:dry]
users = dry
daily = 5s
dry_run = yes
[rule:crowd]
users = viewer*
when = everyday
"""


def play(host):
    with stage(host, "", PEOPLE, home=["grandma"], tick=3600) as s:
        s.owners = s.world.probe({}, "owners")
        s.configure(CONFIG.format(owners=s.owners, alerts="exempt_elsewhere, denied"))
        s.until(lambda: s.run("tick") and s.ask("SELECT 1 FROM meta WHERE key = 'devices_at'"), 20, "the players")
        return SimpleNamespace(elsewhere=elsewhere(s), crowd=crowd(s), others=others(s), rows=s.rows(),
                               told=s.rows(s.owners))


def elsewhere(s):
    """Somebody exempt on their own player, then twice on another one."""
    began = time.time()
    own = s.watch("grandma", player="Grandma's iPad")
    time.sleep(1)
    other = s.watch("grandma", s.world.movie2, player="Kids TV")
    row = s.wait_row("grandma", 20, s.owners)
    after = time.time() - other.began
    other.stop()
    time.sleep(0.5)
    again = s.watch("grandma", s.world.episode, player="Kids TV")
    lasting(again, 1)
    alive = own.alive and again.alive
    for stream in (own, again):
        stream.stop()
    return SimpleNamespace(row=row, after=after, alive=alive, journal=[r for r in s.rows() if "grandma" in r[0]],
                           lasted=time.time() - began)


def crowd(s):
    """All of them press play in the same second, some twice; the alert before is a minute ago."""
    s.change("UPDATE meta SET value = value - 60 WHERE key = 'alerted_at'")
    for who in (CROWD, CROWD[:3]):
        streams = [s.watch(name, notify=False) for name in who]
        s.run("tick")
        for stream in streams:
            s.gone(stream, 20)
    row = s.wait_row("12 alerts", 30, s.owners)
    return SimpleNamespace(row=row, waiting=s.ask("SELECT 1 FROM outbox WHERE kind = 'alert' AND sent_at IS NULL"))


def others(s):
    """Somebody new, somebody on a new player who is stopped, one without an account, one who only rehearses."""
    s.change("UPDATE meta SET value = value - 60 WHERE key = 'alerted_at'")
    s.change("UPDATE users SET first_seen = first_seen - 7200")
    s.configure(CONFIG.format(owners=s.owners, alerts="new_device, stopped, unknown_user, first_play"))
    newbie = s.world.people.add("newbie")

    def watch(who, player, **kw):
        stream = s.watch(who, player=player, **kw)
        lasting(stream, 7)
        return stream.alive
    lives = together(lambda: watch("stopper", "Attic TV"), lambda: watch(newbie, "First TV"),
                     lambda: watch(s.world.people.local, "Old box", odd="dlna"), lambda: watch("dry", "Dry TV"),
                     lambda: watch("starter", "Cellar TV"))
    s.wait_row("would alert: dry", 10)
    s.until(lambda: "newbie watches" in str(s.rows(s.owners)), 20, "a message")
    s.change("UPDATE meta SET value = value - 60 WHERE key = 'alerted_at'")
    s.change("UPDATE outbox SET due = due - 60 WHERE kind = 'alert' AND sent_at IS NULL")
    s.until(lambda: "stopped stopper" in str(s.rows(s.owners)), 20, "the stop")
    return lives


# ---- what must have come of it ----

def parts(body):
    """Tautulli shows the end of a line as a tag."""
    return body.split("<br />")


def lines(seen):
    found = [f"{subject.removeprefix('Usher: ')}: {body}" for subject, body in seen.told if "alerts" not in subject]
    return found + [line for subject, body in seen.told if "alerts" in subject for line in parts(body)]


def test_somebody_exempt_on_a_player_that_is_not_theirs_is_told_once_and_stopped_nowhere(seen):
    subject = "Usher: grandma is exempt, on a player that is not theirs"
    assert seen.elsewhere.row == (subject, "Second Movie on Kids TV") and seen.elsewhere.alive
    assert [line for line in lines(seen) if "grandma" in line] == [f"{subject[7:]}: Second Movie on Kids TV"]
    assert [r[0] for r in seen.elsewhere.journal] == [subject] and seen.elsewhere.after < 8


def test_many_at_once_are_one_message(seen):
    subject, body = seen.crowd.row
    assert subject == "Usher: 12 alerts" and len(parts(body)) == 12 and seen.crowd.waiting == []
    assert sorted(line.split()[0] for line in parts(body)) == sorted(CROWD)
    assert len([r for r in seen.told if "viewer" in r[0] + r[1]]) == 1


@pytest.mark.parametrize("line", [
    "newbie watches for the first time: First Movie on First TV", "newbie has a new player: First Movie on First TV",
    "stopper has a new player: First Movie on Attic TV", "starter has a new player: First Movie on Cellar TV",
    "somebody unknown is watching: First Movie on Old box at 192.168.1.20: no account that Tautulli knows"])
def test_each_occasion_is_told_once(seen, line):
    assert lines(seen).count(line) == 1, lines(seen)


def test_a_stop_in_the_middle_is_told_with_its_reason(seen):
    [line] = [line for line in lines(seen) if line.startswith("stopped stopper")]
    assert line.startswith("stopped stopper: First Movie on Attic TV: daily limit of 5 s reached; back at ")
    assert len([r for r in seen.rows if r[0] == "Usher: stopped stopper"]) == 1


def test_nobody_else_is_stopped_or_told_of(seen):
    assert seen.others == [False, True, True, True, True]
    assert not [line for line in lines(seen) if line.startswith(("dry", "starter watches", "stopper watches"))]


def test_in_a_rehearsal_it_is_only_a_row(seen):
    assert ("Usher: would alert: dry has a new player", "First Movie on Dry TV") in seen.rows
