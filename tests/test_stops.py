"""Ending a play: who is asked when, where one of the two who can do it does not answer."""
from types import SimpleNamespace

import pytest

from shared.errors import Unreachable
from shared.jobs import stops
from shared.jobs.tell import Verdict
from shared.ledger import Ledger
from shared.model import Decision, Session
from shared.policy.limits import Limits
from shared.policy.people import Who

NOW = 1_800_000_000.0
EMMA = Who("emma", "emma", Limits(), dry_run=False)
OVER = Decision(False, None, "daily", 1, "over")


@pytest.fixture
def ask(tmp_path, monkeypatch):
    """ask(down) tries for five minutes to end a play; who was asked: "p" is Plex, "t" Tautulli. Those in `down` do not
    answer, the other says yes, and the player plays on."""
    ledger, clock = Ledger(str(tmp_path)), SimpleNamespace(now=NOW)
    monkeypatch.setattr(stops, "time", SimpleNamespace(time=lambda: clock.now))
    config = SimpleNamespace(get=lambda section, key: str(tmp_path))

    def run(down):
        asked, end = [], clock.now + 300

        def service(name):
            def terminate(*_):
                asked.append((name, clock.now))
                if name in down:
                    raise Unreachable("nobody there")
            return SimpleNamespace(terminate=terminate)
        gateway = SimpleNamespace(plex=service("p"), tautulli=service("t"))
        with ledger.writing():
            play = ledger.add_play(Session("1", session_id="s", machine_id="tv", user_id=42), clock.now, 0)
        verdict = Verdict(play, EMMA, OVER)
        while clock.now < end:
            with ledger.writing():
                due = stops.plan(ledger, [verdict], clock.now)
            for what in due:
                stops.attempt(ledger, gateway, config, what, lambda: None)
            clock.now += 0.5
        return asked, [m.key for m in ledger.due_messages(clock.now) if m.kind == "owner"]
    yield run
    ledger.close()


@pytest.mark.parametrize("down", ["", "t", "p", "pt"])
def test_both_are_asked_in_turn_and_the_owner_is_told_whoever_is_down(ask, down):
    asked, told = ask(down)
    order = "".join(name for name, _ in asked)
    assert order.startswith("pptppt") and len(order) < 12, order
    assert told == ["ignored:1"]


def test_what_did_not_arrive_is_soon_tried_again(ask):
    asked, _ = ask("p")
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
