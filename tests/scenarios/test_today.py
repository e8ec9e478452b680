"""Today only, while people watch: from a shell, from Tautulli's Test tab, and by a button's link."""
import json
import re
import shlex
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import requests

from tests.scenarios.stage import clock, lasting, stage, together

HOSTILE = 'Kid "><b>@everyone $(id) --event=play {user} \'x'
PEOPLE = ["last", "twice", "pair", "minus", "locked", "night", "tab", "button", "odd", "calm", "member", HOSTILE]
RULES = """
[everyone]
daily = 8s
[person:calm]
users = calm
daily = 1h
[person:minus]
users = minus
daily = 1h
[person:locked]
users = locked
daily = 1h
[person:night]
users = night
daily = none
blocked = everyday
[group:kids]
members = member
daily = 1h
[person:button]
users = button
"""
SLACK = 1.0


def play(host):
    with stage(host, RULES, PEOPLE) as s:
        s.expected = ("is nobody here: did you mean",)  # the log masks the names
        s.host = host
        acts = (last, twice, pair, minus, locked, night, tab, hostile, member)
        calm = s.watch("calm")
        facts = together(*(lambda act=act: act(s) for act in acts), every=0.9)
        found = SimpleNamespace(**{act.__name__: fact for act, fact in zip(acts, facts, strict=True)})
        found.button = button(s)  # by itself: it is measured from the press
        found.calm, found.off = calm.alive and not s.stops(calm), off(s)
        s.wait_row("was not understood")
        found.rows, found.asked = s.rows(), s.ask("SELECT DISTINCT asked_by FROM grants")
        return found


def say(s, *words):
    done = s.run(*words)
    assert done.returncode == 0 and not done.stderr and done.stdout.count("\n") == 1, done
    return done.stdout.strip()


def given_at(s, who):
    """When it was written down: within a second after that it is felt."""
    return s.number("SELECT MAX(at) FROM grants WHERE who = ? OR who = 'user:' || ?", who, s.people[who].id)


def last(s):
    """A bonus 5 s before the cut."""
    stream = s.watch("last")
    lasting(stream, 3)
    said = say(s, "bonus", "last", "6s")
    return s.cut(stream, 25), said


def twice(s):
    stream = s.watch("twice")
    lasting(stream, 2)
    said = [say(s, "bonus", "twice", "3s"), say(s, "bonus twice 3s")]
    return s.cut(stream, 25), said


def pair(s):
    """Two at once: none is lost."""
    stream = s.watch("pair")
    lasting(stream, 2)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda seconds: say(s, "bonus", "pair", f"{seconds}s"), (2, 5)))
    return s.cut(stream, 30)


def minus(s):
    stream = s.watch("minus")
    lasting(stream, 6)
    said = say(s, "bonus", "minus", "-1h")
    return s.cut(stream, 10, given_at(s, "minus")), said, s.stops(stream)[0].reason


def locked(s):
    """A lock stops, also who presses play again; after unlock it goes on."""
    stream = s.watch("locked")
    lasting(stream, 4)
    say(s, "lock", "locked")
    first = s.cut(stream, 10, given_at(s, "locked")), s.stops(stream)[0].reason
    again = s.cut(s.watch("locked"), 10)
    say(s, "unlock", "Locked")
    free = s.watch("locked")
    lasting(free, 5)
    alive = free.alive
    free.stop()
    return first, again, alive


def night(s):
    """A window that is closed all day is lifted until a moment."""
    denied = s.cut(s.watch("night"), 10)
    until, at = clock(14)
    said = say(s, "allow", "night", "until", until)
    stream = s.watch("night")
    return denied, s.cut(stream, 25, at), said, s.stops(stream)[0].reason


def tab(s):
    """The Test tab of the web page: what is right, and what is not."""
    stream = s.watch("tab")
    lasting(stream, 3)
    s.world.tautulli.press_test(s.usher.limit_streams, "bonus TAB 6s")
    s.world.tautulli.press_test(s.usher.limit_streams, "bonus calmm 6s")
    return s.cut(stream, 25), s.wait_row("tab: +6 s today")


def button(s):
    """A link of install.py's, opened as a browser does it."""
    # the one output in which the key is meant to stand, so it is not asked for by s.run
    made = json.loads(s.usher.run("buttons", "--for", "Button", "--json", script="install.py").stdout)
    stream = s.watch("button")
    lasting(stream, 2)
    link = next(row["url"] for row in made if row["command"] == "bonus button 15m")
    pressed = time.time()
    answer = requests.get(link.replace("bonus+button+15m", "bonus+button+6s"), timeout=10)
    given = s.until(lambda: s.ask("SELECT at FROM grants WHERE who = 'button'"), 5, "the bonus")[0][0] - pressed
    row = s.wait_row("button +15 min", notifier=s.usher.limit_streams)
    return SimpleNamespace(cut=s.cut(stream, 25), status=answer.status_code, given=given, row=row,
                           answered=s.wait_row("button: +6 s today"), told=answer.json())  # fmt: skip


def hostile(s):
    """Somebody whose name is an attack is locked by the Test tab, by name and by a link."""
    stream = s.watch(HOSTILE)
    lasting(stream, 2)
    s.world.tautulli.press_test(s.usher.limit_streams, f"lock {shlex.quote(HOSTILE)}")
    s.gone(stream, 10)
    return s.stops(stream)[0].reason, s.wait_row("Usher: lock Kid")


def member(s):
    """A group means each of its members."""
    stream = s.watch("member")
    lasting(stream, 4)
    say(s, "lock", "kids", "for", "1h")
    return s.cut(stream, 10) > 4, s.stops(stream)[0].reason


def off(s):
    """Everything off, for everybody, until a moment."""
    until, at = clock(8)
    said = say(s, "off", "until", until)
    over, shut = s.watch("last"), s.watch("night")
    ends = together(lambda: s.cut(over, 20, at), lambda: s.cut(shut, 20, at))
    return said, ends


def near(seconds, expected):
    return abs(seconds - expected) <= SLACK


def test_a_bonus_in_the_last_seconds_keeps_a_stream_going(seen):
    seconds, said = seen.last
    assert near(seconds, 14), seconds
    assert re.fullmatch(r"last: \+6 s today, \d+ s left; next: daily limit of 14 s at \d\d:\d\d(:\d\d)?", said), said


def test_bonuses_add_up_also_two_at_once(seen):
    assert near(seen.twice[0], 14) and near(seen.pair, 15)
    assert "+3 s today (+6 s in all)" in seen.twice[1][1]


def test_a_negative_bonus_cuts_within_a_second(seen):
    seconds, said, reason = seen.minus
    assert 0 < seconds <= 1 and "now: daily limit of" in said and reason.startswith("Daily limit of")


def test_a_lock_stops_within_a_second_with_its_own_message_and_unlock_frees(seen):
    (first, reason), again, alive = seen.locked
    assert 0 < first <= 1 and reason == "Locked." and again <= SLACK and alive


def test_allow_lifts_a_window_until_its_moment(seen):
    denied, ended, said, reason = seen.night
    assert denied <= SLACK and near(ended, 0) and "night: free until " in said
    assert reason.startswith("No watching at this hour")


def test_the_test_tab(seen):
    seconds, row = seen.tab
    assert near(seconds, 14) and row[0] == "Usher: bonus tab" and row[1].endswith("(asked by Tautulli)")
    assert ("Usher: bonus was not understood", "'calmm' is nobody here: did you mean calm?") in seen.rows


def test_a_button_gives_its_bonus_within_a_second(seen):
    found = seen.button
    assert near(found.cut, 14) and found.given <= 1 and found.status == 200
    assert found.told["response"]["result"] == "success"
    assert found.row == ("Usher: button +15 min", "A button was pressed.")
    assert found.answered[0] == "Usher: bonus button"


def test_a_hostile_name(seen):
    reason, row = seen.hostile
    assert reason == "Locked." and row[1].endswith("(asked by Tautulli)") and "\n" not in row[1]


def test_a_group(seen):
    late, reason = seen.member
    assert late and reason.startswith("Locked; back at ")


def test_everything_off_until_a_moment(seen):
    said, ends = seen.off
    assert said.startswith("everything is off until ") and all(near(end, 0) for end in ends), ends


def test_who_is_not_concerned_watches_on(seen):
    assert seen.calm
    assert seen.asked == [("Tautulli",)]
