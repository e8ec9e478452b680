"""Sessions that lack a part, players that do not obey, a Plex that refuses: none of them hides anybody else, whatever
can be stopped is, and the owner hears of the rest."""
import time
from types import SimpleNamespace

import pytest

from tests.sandbox.model import User
from tests.scenarios.stage import lasting, stage, together

ODD = {"a session without user": {"odd": "no-user"}, "one with an empty user": {"odd": "empty-user"},
       "one without player": {"odd": "no-player"}, "one without session id": {"odd": "no-session"},
       "one of DLNA": {"odd": "dlna no-session", "who": "local"}, "Live TV": {"item": "live"},
       "a photo": {"item": "photo"}, "a trailer": {"item": "trailer"}, "one of a stranger": {"who": "stranger"}}
RULES = """
[notify]
tautulli_notifiers = {}
[everyone]
daily = none
[person:limited]
users = limited
daily = 6s
[person:blind]
users = blind
daily = 5s
[person:deaf]
users = deaf
daily = 3s
[person:bodiless]
users = bodiless
daily = 3s
[person:zapper]
users = zapper
daily = 5s
"""
PEOPLE = ["limited", "blind", "deaf", "bodiless", "zapper", "odd"]


def play(host):
    parts = together(lambda: crowded(host), lambda: disobedient(host), lambda: unpaid(host), every=1)
    parts.append(by_remote(host))
    return SimpleNamespace(**{k: v for part in parts for k, v in vars(part).items()})


def crowded(host):
    """One limited viewer among all that is odd; then another one, of whom Tautulli cannot tell (its list of sessions is
    spoilt by those without a user and a player), until a tick."""
    with stage(host, RULES.format(""), PEOPLE) as s:
        limited = s.watch("limited", player="Sofa")
        s.keeper()
        odd = {name: begin(s, name, **how) for name, how in ODD.items()}
        cut = s.cut(limited, 12)
        blind = s.watch("blind")
        s.run("tick")
        found = s.cut(blind, 12)
        return SimpleNamespace(limited=cut, blind=found, others={
            name: (stream.alive, s.stops(stream)) for name, stream in odd.items()})


def begin(s, name, odd="", who="odd", item=None):
    library = s.world.library
    items = {"live": lambda: library.live_tv("News", show="Channel 5"), "photo": lambda: library.photo("Holidays"),
             "trailer": lambda: library.trailer(s.world.movie)}
    who = {"local": s.world.people.local, "stranger": User(4242, "stranger")}.get(who, who)
    return s.watch(who, items[item]() if item else s.world.episode, player=name, odd=odd)


def disobedient(host):
    with stage(host, "", PEOPLE) as s:
        owners = s.world.probe({}, "owners")
        s.configure(RULES.format(owners))
        return SimpleNamespace(**{k: v for part in together(
            lambda: deaf(s, owners), lambda: bodiless(s, owners), lambda: zapper(s)) for k, v in part.items()})


def deaf(s, owners):
    """A player that Plex cannot stop; the owner's agent tells them once."""
    stream = s.watch("deaf", player="Old box", ignores_stop=True)
    row = s.wait_row("Old box", 25, owners)
    s.wait_row("Old box (deaf)")
    lasting(stream, 17)
    seconds = [t.time - stream.began for t in s.stops(stream)]
    next_at, last_at = s.ask("SELECT next_at, last_at FROM stops JOIN plays ON id = play_id WHERE user_id = ?",
                             s.people["deaf"].id)[0]
    return {"deaf_row": row, "deaf_rows": [r for r in s.rows(owners) if "Old box" in r[1]], "deaf_stops": seconds,
            "deaf_pause": next_at - last_at, "deaf_journal": [r for r in s.rows() if "Old box" in r[1]]}


def bodiless(s, owners):
    stream = s.watch("bodiless", player="Ghost", odd="no-session")
    return {"bodiless": s.wait_row("Ghost", 25, owners), "bodiless_lives": stream.alive}


def zapper(s):
    """Live TV, whose offset means nothing."""
    stream = s.watch("zapper", s.world.library.live_tv("News", show="Channel 5"))
    return {"zapped": s.cut(stream, 10)}


def unpaid(host):
    """Plex refuses to stop anything, until it has its Plex Pass."""
    with stage(host, RULES.format(""), PEOPLE) as s:
        s.world.plex.plex_pass = False
        stream = s.watch("deaf")
        row = s.wait_row("refuses to stop", 15)
        s.until(lambda: len(s.stops(stream)) > 1, 10, "another attempt")
        s.world.plex.plex_pass, paid = True, time.time()
        return SimpleNamespace(refused=row, paid=s.gone(stream, 15) + stream.began - paid,
                               refusals=[r for r in s.rows() if r == row], codes={t.status for t in s.stops(stream)})


def by_remote(host):
    """No Plex Pass either, but players that take remote control; one of them also without a session id."""
    with stage(host, "", PEOPLE) as s:
        owners = s.world.probe({}, "owners")
        s.configure(RULES.format(owners))
        s.world.plex.plex_pass = False
        others = [s.watch("odd", player="Aside", remote_control=True), s.watch("owner", player="Desk")]
        stream = s.watch("deaf", player="Box", remote_control=True)
        ghost = s.watch("bodiless", player="Ghost", odd="no-session", remote_control=True)
        s.gone(stream, 15), s.gone(ghost, 15)
        again = s.watch("deaf", player="Box", remote_control=True)
        s.gone(again, 15)
        s.until(lambda: len([r for r in s.rows() if r[0].startswith("Usher: stopped")]) > 2, 10, "rows of all stops")
        return SimpleNamespace(
            remote_ends=[one.ended_at - s.stops(one)[0].time for one in (stream, again)], remote_told=s.rows(owners),
            remote_others=[o.alive for o in others], remote_refusals={t.status for t in s.stops(stream)},
            remote_log=[line for line in s.usher.log().splitlines() if "by remote control" in line],
            commands=sorted((c.stream.player["title"], c.number, c.status) for c in s.world.plex.commands))


# ---- what must have come of it ----

def test_a_limited_viewer_among_them_is_cut_in_time(seen):
    assert abs(seen.limited - 6) <= 1


def test_a_viewer_of_whom_tautulli_cannot_tell_is_cut_after_a_tick(seen):
    assert abs(seen.blind - 5) <= 1


@pytest.mark.parametrize("name", ODD)
def test_none_of_them_is_disturbed(seen, name):
    assert seen.others[name] == (True, [])


def test_live_tv_is_cut_in_time(seen):
    assert abs(seen.zapped - 5) <= 1


def test_a_player_that_ignores_stops_is_told_of_once_by_name(seen):
    said = ("Usher: a player goes on",
            "Old box (deaf) ignores stops. It should have ended: daily limit of 3 s reached; back at ")
    assert seen.deaf_row[0] == said[0] and seen.deaf_row[1].startswith(said[1])
    assert seen.deaf_rows == [seen.deaf_row]
    assert [r[0] for r in seen.deaf_journal] == ["Usher: stopped deaf", said[0]]


def test_it_is_tried_again_with_back_off(seen):
    late = [b - a - pause for a, b, pause in zip(seen.deaf_stops[:-1], seen.deaf_stops[1:], (3, 4, 5), strict=True)]
    assert min(late) > -0.2 and max(late) < 1.5 and round(seen.deaf_pause) == 15, seen.deaf_stops


def test_a_session_without_session_id_is_told_of(seen):
    assert seen.bodiless_lives
    assert seen.bodiless[1].startswith("Ghost (bodiless) cannot be stopped: Plex gives its session no session id.")


def test_a_plex_that_refuses_to_stop_streams_is_told_of_once(seen):
    assert seen.refused[0] == "Usher: Plex refuses to stop streams" and "Plex Pass" in seen.refused[1]
    assert seen.refused[1].startswith("TV (deaf) goes on: ") and "no remote control of the player" in seen.refused[1]
    assert len(seen.refusals) == 1 and seen.codes == {403, 200} and seen.paid < 6


def test_without_plex_pass_a_player_that_takes_remote_control_is_stopped_by_it(seen):
    assert max(seen.remote_ends) < 2 and seen.remote_refusals == {403}, seen.remote_ends
    assert seen.commands == [("Box", 1, 200), ("Box", 2, 200), ("Ghost", 1, 200)]
    assert len(seen.remote_log) == 3
    assert all("by remote control, which shows no reason: Daily limit of 3 s" in line for line in seen.remote_log)


def test_it_stops_nobody_else_and_there_is_nothing_to_tell_the_owner(seen):
    assert seen.remote_others == [True, True] and seen.remote_told == []
