"""Ending a play: who is asked when, where one of the three who can do it does not answer or refuses."""
from types import SimpleNamespace

import pytest

from shared.config import load
from shared.errors import Refused, Unreachable
from shared.jobs import stops
from shared.jobs.tell import Verdict
from shared.ledger import Ledger
from shared.ledger_outbox import Outbox
from shared.model import Decision, Session
from shared.policy.limits import Limits
from shared.policy.people import Who

NOW = 1_800_000_000.0
EMMA = Who("emma", "emma", Limits(), dry_run=False)
SESSION = Session("1", session_id="s", machine_id="tv", user_id=42)
OVER = Decision(False, None, "daily", 1, "over")


@pytest.fixture
def ask(tmp_path, monkeypatch):
    """ask(down, no) tries for five minutes to end a play; who was asked: "p" is Plex, "t" Tautulli, "r" the player's
    remote control. Those in `down` do not answer, those in `no` refuse, the others say yes, and the player plays on."""
    ledger, clock = Ledger(str(tmp_path)), SimpleNamespace(now=NOW)
    monkeypatch.setattr(stops, "time", SimpleNamespace(time=lambda: clock.now))
    (tmp_path / "config.ini").write_text("[usher]\ndry_run = no\n")
    config, told = load(str(tmp_path / "config.ini"), {}), {}

    def run(down, no="", session=SESSION, others=()):
        asked, end = [], clock.now + 300

        def service(name):
            def terminate(*_):
                asked.append((name, clock.now))
                if name in down:
                    raise Unreachable("nobody there")
                if name in no:
                    raise Refused(f"{name} says no")
            return SimpleNamespace(terminate=terminate, stop=terminate)
        gateway = SimpleNamespace(plex=service("p"), tautulli=service("t"), companion=service("r"))
        with ledger.writing():
            play = ledger.add_play(session, clock.now, 0)
            for other in others:
                ledger.add_play(other, clock.now, 0)
        verdict = Verdict(play, EMMA, OVER)
        while clock.now < end:
            with ledger.writing():
                due = stops.plan(ledger, [verdict], clock.now)
            for what in due:
                stops.attempt(ledger, gateway, config, what, lambda: None)
            clock.now += 0.5
        told.update({m.key: m.body for m in Outbox(ledger).due(clock.now) if m.kind == "owner"})
        return asked, list(told)
    run.told = told
    yield run
    ledger.close()


@pytest.mark.parametrize("delay", [0, 30])
def test_what_began_before_the_clock_was_set_back_is_stopped_at_once(tmp_path, delay):
    """Its beginning lies a day ahead."""
    ledger = Ledger(str(tmp_path))
    with ledger.writing():
        play = ledger.add_play(SESSION, NOW + 86400, 0)
        emma = EMMA._replace(limits=Limits(delay_stop=delay))
        assert stops.plan(ledger, [Verdict(play, emma, OVER)], NOW)
    ledger.close()


@pytest.mark.parametrize("down", ["", "t", "p", "r", "pt", "ptr"])
def test_all_are_asked_in_turn_and_the_owner_is_told_whoever_is_down(ask, down):
    asked, told = ask(down)
    order = "".join(name for name, _ in asked)
    assert order.startswith("ptrptr") and len(order) < 12, order
    assert told == ["ignored:1"]


@pytest.mark.parametrize(("no", "order", "told"), [
    ("pt", "prtrrprtrr", ["ignored:1"]),  # no Plex Pass: the remote control at once; this player ignores it
    ("ptr", "prtrrpprtrrp", [f"refused:tv:{int(NOW // 86400)}"]),  # it takes none: told once
    ("r", "ptrpptrp", ["ignored:1"]),
    ("p", "prtrprtr", ["ignored:1"]),
    ("t", "ptrrptrr", ["ignored:1"]),
])  # fmt: skip
def test_who_refuses_is_followed_by_the_remote_control(ask, no, order, told):
    asked, heard = ask("", no)
    assert "".join(name for name, _ in asked).startswith(order)
    assert heard == told
    assert ("p says no; r says no" in ask.told[told[0]]) == (no == "ptr")


def test_what_has_no_session_id_is_not_asked_of_plex(ask):
    asked, told = ask("", "t", SESSION._replace(session_id=""))
    assert "".join(name for name, _ in asked).startswith("rtrrrtrr") and told == ["ignored:1"]


def test_a_player_with_a_second_play_is_not_stopped_by_remote_control(ask):
    other = Session("2", session_id="s2", machine_id="tv", user_id=43)
    asked, told = ask("", "pt", others=[other])
    assert "r" not in "".join(name for name, _ in asked) and told == [f"refused:tv:{int(NOW // 86400)}"]
    assert "plays something else too" in ask.told[told[0]]
    asked, _ = ask("", "pt", SESSION._replace(machine_id="tv3"), [other._replace(session_key="9", machine_id="tv4")])
    assert "r" in "".join(name for name, _ in asked)


def test_what_did_not_arrive_is_soon_tried_again(ask):
    asked, _ = ask("ptr")
    assert [at - NOW for _, at in asked[:3]] == [0, 1, 2]


def test_a_player_that_ignored_stops_while_paused_is_asked_again_when_it_plays_on(tmp_path):
    ledger = Ledger(str(tmp_path))
    play = ledger.add_play(Session("1", session_id="s", machine_id="tv", state="paused"), NOW - 60, 0)

    def asked(at, **more):
        ledger.save_play(play._replace(**more))
        verdict = Verdict(play._replace(**more), EMMA, OVER)
        return bool(stops.plan(ledger, [verdict], NOW + at))
    times = [at for at in range(300) if asked(at)]
    gap = next(at for at in range(times[-1] + 5, 400) if not asked(at))
    playing = {"session": play.session._replace(state="playing"), "seq": 1, "span_began": NOW + gap}
    assert asked(gap + 1, **playing)
    assert not asked(gap + 2, **playing)
    ledger.close()


def test_whoever_ignores_stops_makes_nobody_elses_later(tmp_path):
    ledger = Ledger(str(tmp_path))
    deaf, other = (Verdict(ledger.add_play(Session(key, machine_id=key), NOW, 0), EMMA, OVER) for key in ("1", "2"))
    assert [a.verdict for a in stops.plan(ledger, [deaf], NOW)] == [deaf]
    due = stops.plan(ledger, [deaf, other], NOW + 3)
    assert [(a.verdict, a.stop.attempts) for a in due] == [(other, 1), (deaf, 2)]
    ledger.close()
