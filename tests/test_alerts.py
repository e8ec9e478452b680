"""Alerts by themselves: they wait for one another, and each is told once, whatever dies in between."""
import pytest

from shared.jobs import alerts
from shared.jobs.tell import APART, GATHER, alert
from shared.ledger import Ledger
from shared.ledger_outbox import Outbox

NOW = 1_800_000_000.0


@pytest.fixture
def ledger(tmp_path):
    found = Ledger(str(tmp_path))
    yield found
    found.close()


def post(ledger, at, *numbers):
    with ledger.writing():
        for n in numbers:
            alert(ledger, f"key{n}", f"Usher: subject {n}", f"body {n}", NOW + at)


def told(ledger):
    return [(m.subject, m.body) for m in Outbox(ledger).due(NOW + 10_000) if m.kind == "owner"]


def test_forty_at_once_are_one_message(ledger):
    for n in range(40):
        post(ledger, n / 40, n, n)
    alerts.gather(ledger, NOW + GATHER - 0.1)
    assert told(ledger) == [] and Outbox(ledger).waits("alert")
    for _ in range(3):
        alerts.gather(ledger, NOW + GATHER)
    lines = [f"subject {n}: body {n}" for n in range(40)]
    assert told(ledger) == [("Usher: 40 alerts", "\n".join(lines))] and not Outbox(ledger).waits("alert")
    assert len([m for m in Outbox(ledger).due(NOW + 60) if m.kind == "journal"]) == 40


def test_one_alone_says_what_it_says(ledger):
    post(ledger, 0, 1)
    alerts.gather(ledger, NOW + GATHER)
    assert told(ledger) == [("Usher: subject 1", "body 1")]


def test_the_next_ones_wait_for_a_minute_and_are_told_once(ledger):
    post(ledger, 0, 1)
    alerts.gather(ledger, NOW + GATHER)
    post(ledger, GATHER + 1, 1, 2)
    post(ledger, GATHER + 40, 3)
    alerts.gather(ledger, NOW + GATHER + APART - 1)
    assert len(told(ledger)) == 1
    alerts.gather(ledger, NOW + GATHER + APART)
    assert told(ledger)[1:] == [("Usher: 2 alerts", "subject 2: body 2\nsubject 3: body 3")]


def test_of_very_many_the_first_are_named(ledger):
    post(ledger, 0, *range(95))
    alerts.gather(ledger, NOW + GATHER)
    [(subject, body)] = told(ledger)
    assert subject == "Usher: 95 alerts" and len(body.split("\n")) == 41
    assert body.endswith("and 55 more: see Tautulli's Notification Logs")


def test_a_clock_that_was_a_year_ahead_holds_nothing_back(ledger):
    with ledger.writing():
        ledger.set_meta("alerted_at", NOW + 366 * 86400)
    post(ledger, 0, 1)
    alerts.gather(ledger, NOW + GATHER)
    assert len(told(ledger)) == 1


def test_a_process_that_dies_while_it_gathers_loses_nothing(ledger, monkeypatch):
    post(ledger, 0, 1, 2)

    def die(*_):
        raise KeyboardInterrupt
    monkeypatch.setattr(ledger, "set_meta", die)
    with pytest.raises(KeyboardInterrupt):
        alerts.gather(ledger, NOW + GATHER)
    monkeypatch.undo()
    assert told(ledger) == []
    alerts.gather(ledger, NOW + GATHER)
    assert len(told(ledger)) == 1
