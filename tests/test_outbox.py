"""Messages leave the outbox once: in order, in spite of faults, and never twice."""
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from shared.errors import Unreachable
from shared.gateway import Gateway
from shared.jobs import outbox
from shared.ledger import Ledger
from shared.ledger_outbox import Outbox
from tests.sandbox.base import wait_for
from tests.sandbox.world import World

ROOT = Path(__file__).parents[1]


class Config:
    """As much of a configuration as the outbox reads."""

    path = "config.ini"

    def __init__(self, data_dir, notifiers=()):
        self.values = {("usher", "data_dir"): str(data_dir), ("notify", "tautulli_notifiers"): tuple(notifiers)}

    def get(self, section, key):
        return self.values.get((section, key))


@pytest.fixture(scope="module")
def house(host):
    with World(host=host) as world:
        journal = world.install(ROOT / "agents" / "journal.py")
        first, second = (world.tautulli.add_script_notifier(world.install(journal, f"{n}.py"), {}) for n in "ab")
        number = world.tautulli.add_script_notifier(journal, {})
        world.agents = SimpleNamespace(journal=number, first=first, second=second)
        yield world


@pytest.fixture
def box(house, tmp_path):
    """The ledger, and a way to deliver from it as of now plus some seconds."""
    ledger = Ledger(str(tmp_path))
    told = house.tautulli
    environ = {"TAUTULLI_URL": told.url, "TAUTULLI_APIKEY": told.api_key}
    config = Config(tmp_path, [house.agents.first, house.agents.second])

    def deliver(later=0.0, **other):
        return outbox.deliver(ledger, Gateway(config, {**environ, **other}), time.time() + later)
    yield SimpleNamespace(ledger=ledger, deliver=deliver, config=config, log=tmp_path / "usher.log",
                          start=len(told.notification_log()))
    ledger.close()


def rows(house, box):
    return [(r["notifier_id"], r["subject_text"]) for r in house.tautulli.notification_log()[box.start:]]


def post(box, key, kind="journal", body="First Movie on TV: why", to=""):
    with box.ledger.writing():
        box.ledger.post(key, kind, f"Usher: {key}", body, time.time(), to)


def waiting(box):
    return [m.key for m in Outbox(box.ledger).due(time.time() + 10**9)]


def test_each_goes_out_once_and_in_order(house, box):
    for n in range(3):
        post(box, f"stop:{n}")
    assert box.deliver() == 3
    assert box.deliver() == 0
    assert rows(house, box) == [(house.agents.journal, f"Usher: stop:{n}") for n in range(3)]


def test_the_owner_is_told_by_each_of_their_agents(house, box):
    post(box, "player ignores stops", "owner")
    post(box, "only to one", "owner", to=str(house.agents.second))
    assert box.deliver() == 2
    assert rows(house, box) == [(house.agents.first, "Usher: player ignores stops"),
                                (house.agents.second, "Usher: player ignores stops"),
                                (house.agents.second, "Usher: only to one")]


def test_an_owner_without_agents_is_no_failure(box):
    box.config.values["notify", "tautulli_notifiers"] = ()
    post(box, "x", "owner")
    assert box.deliver() == 1 and waiting(box) == []


def test_nothing_that_a_user_wrote_is_an_argument(house, box):
    post(box, "Bob; rm -rf / 'x", body="$(reboot) \"' {user}")
    assert box.deliver() == 1
    args = house.tautulli.sql("SELECT script_args FROM notify_log ORDER BY id DESC LIMIT 1")[0]["script_args"]
    assert args == '["journal"]'


def test_tautulli_down_then_back(house, box, tmp_path):
    post(box, "one")
    post(box, "two")
    assert box.deliver(TAUTULLI_URL="http://127.0.0.1:9") == 0
    assert sorted(waiting(box)) == ["one", "two"]
    assert "message waits: Usher: one: Tautulli at http://127.0.0.1:9" in box.log.read_text()
    assert box.deliver(1.0) == 1          # the second was not even tried, the first waits for its time
    assert box.deliver(6.0) == 1
    assert [subject for _, subject in rows(house, box)] == ["Usher: two", "Usher: one"]


def test_one_agent_that_fails_delays_only_its_own_copy(house, box):
    box.config.values["notify", "tautulli_notifiers"] = (house.agents.first, 999)
    post(box, "x", "owner")
    assert box.deliver() == 0
    box.config.values["notify", "tautulli_notifiers"] = (house.agents.first, house.agents.second)
    assert box.deliver(6.0) == 1
    assert rows(house, box) == [(house.agents.first, "Usher: x"), (house.agents.second, "Usher: x")]


def test_no_journal_registered(house, box, monkeypatch):
    monkeypatch.setattr("shared.tautulli.JOURNAL", "nosuch.py")
    post(box, "x")
    post(box, "y", "owner")
    assert box.deliver() == 1
    assert waiting(box) == ["x"] and "run install.py" in box.log.read_text()


def claim(box, ago):
    [message] = Outbox(box.ledger).due(time.time())
    assert Outbox(box.ledger).claim(message.id, time.time() - ago)
    return message


@pytest.mark.parametrize("was_sent", [True, False])
def test_a_process_that_died_while_sending(house, box, was_sent):
    post(box, f"died {was_sent}", body="two\r\nlines <b> & <br /> &lt;i&gt; more ")
    message = claim(box, ago=300)
    if was_sent:
        house.tautulli.notify(house.agents.journal, "journal", subject=message.subject, body=message.body)
    assert box.deliver() == (0 if was_sent else 1)
    assert waiting(box) == [] and len(rows(house, box)) == 1


@pytest.mark.parametrize("was_sent", [True, False])
def test_two_with_the_same_words_are_two(house, box, was_sent):
    """The same title is stopped twice within a minute, and who told of the second stop died."""
    with box.ledger.writing():
        for key in ("first", "second"):
            box.ledger.post(key, "journal", f"Usher: again, {was_sent}", "why", time.time())
    first, second = Outbox(box.ledger).due(time.time())
    for message in (first, second):
        assert Outbox(box.ledger).claim(message.id, time.time() - 300)
        if message == first or was_sent:
            house.tautulli.notify(house.agents.journal, "journal", subject=message.subject, body=message.body)
    Outbox(box.ledger).sent(first.id, time.time())
    assert box.deliver() == (0 if was_sent else 1)
    assert waiting(box) == [] and len(rows(house, box)) == 2


@pytest.mark.parametrize("there", [1, 2])
def test_a_row_that_was_found_later_is_still_its_own(house, box, there):
    """The first message's row was there at once, but its answer was lost, and that was found out only after the second
    had been written down."""
    words = "journal", f"Usher: found later, {there}", "why"
    created = time.time() - 300
    with box.ledger.writing():
        for key, after in (("first", 0), ("second", 1)):
            box.ledger.post(key, *words, created + after)
    for message in Outbox(box.ledger).due(time.time()):
        assert Outbox(box.ledger).claim(message.id, created)
    for _ in range(there):
        house.tautulli.notify(house.agents.journal, "journal", subject=words[1], body=words[2])
    assert box.deliver() == 2 - there and waiting(box) == [] and len(rows(house, box)) == 2


def test_what_became_of_one_cannot_be_asked_while_tautulli_is_down(house, box):
    """The caller is to wait a while: not to ask again at once, and to write no line each time."""
    post(box, "x")
    claim(box, ago=300)
    with pytest.raises(Unreachable):
        box.deliver(TAUTULLI_URL="http://127.0.0.1:9")
    assert box.deliver() == 1 and len(rows(house, box)) == 1


def test_one_that_is_being_sent_is_left_alone(house, box):
    post(box, "x")
    claim(box, ago=60)
    assert box.deliver() == 0 and rows(house, box) == []


def test_an_unanswered_call_that_went_through_is_not_repeated(house, box):
    """The answer is lost, the row is there."""
    post(box, "x", "owner", to=str(house.agents.first))
    message = claim(box, ago=0)
    house.tautulli.notify(house.agents.first, "owner", subject=message.subject, body=message.body)
    Outbox(box.ledger).failed(message.id, "no answer", time.time())
    wait_for(lambda: house.tautulli.notification_log()[-1]["success"], what="the row to be a success")
    assert box.deliver() == 1 and len(rows(house, box)) == 1


def test_a_row_without_script_is_a_row_all_the_same(house, box):
    """Tautulli could not start journal.py: what is wanted, the row, stands there."""
    script = Path(house.scripts, "journal.py")
    kept = script.read_bytes()
    script.unlink()
    try:
        post(box, "x")
        assert box.deliver() == 1 and len(rows(house, box)) == 1
    finally:
        script.write_bytes(kept)


def test_it_goes_on_for_a_week_and_not_longer():
    pauses = []
    while (pause := outbox.pause_after(len(pauses) + 1)) is not None:
        pauses.append(pause)
    assert pauses[:5] == [5, 30, 120, 600, 3600]
    assert 7 * 86400 - 3600 <= sum(pauses) <= 7 * 86400 + 3600


def test_what_is_given_up_is_told_and_stays_down(box):
    post(box, "x")
    [message] = Outbox(box.ledger).due(time.time())
    box.ledger.db.execute("UPDATE outbox SET attempts = 171")
    assert box.deliver(TAUTULLI_URL="http://127.0.0.1:9") == 0
    assert waiting(box) == [] and "given up after a week" in box.log.read_text()


def test_a_flood_goes_out_in_portions(box):
    for n in range(outbox.MOST + 5):
        post(box, f"{n}", "owner", to="0")
    tried = len(waiting(box))
    box.deliver()
    assert len(Outbox(box.ledger).due(time.time())) == tried - outbox.MOST
