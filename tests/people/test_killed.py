"""kill -9 between any two steps: of a round in which somebody is removed, somebody warned and mails go out.

The round runs in a process of its own. It dies before or after one of its commits, or when one of its requests has been
dealt with but not answered. Whoever comes next must bring everything to its end, once.
"""
import multiprocessing
import os
import signal
import sys
from multiprocessing import forkserver, resource_tracker

import pytest

from tests.deep import chosen
from tests.people import faults
from tests.people.house import ADMIN, HOUR

pytestmark = [pytest.mark.skipif(os.name == "nt", reason="needs kill -9"),
              pytest.mark.filterwarnings("ignore:resource_tracker")]
CONTEXT = multiprocessing.get_context("forkserver") if os.name != "nt" else None
COMMITS, REQUESTS = 30, 34          # a little more than a round has: what is beyond its end kills nobody


def play(path, environ, now, point):
    """A round, as a process. point: (which commit, 0 before or 1 after it) at which it dies."""
    os.environ.update(environ)
    from shared import schema
    from shared.config import load
    from shared.jobs import due, prune
    from shared.ledger import Ledger

    connect, seen = schema.connect, []

    class Dying:
        def __init__(self, db):
            self.db = db

        def execute(self, query, *values):
            if query == "COMMIT" or (query.split()[0] in ("INSERT", "UPDATE") and not self.db.in_transaction):
                seen.append(query)
                self.die(0)
                found = self.db.execute(query, *values)
                self.die(1)
                return found
            return self.db.execute(query, *values)

        def die(self, after):
            if point == (len(seen), after):
                os.kill(os.getpid(), signal.SIGKILL)

        def __getattr__(self, name):
            return getattr(self.db, name)
    schema.connect = lambda *a: Dying(connect(*a))
    config = load(path, os.environ)
    ledger = Ledger(config.get("usher", "data_dir"))
    due.guarded("prune", ledger, config, now, prune.run)
    sys.exit(0)


@pytest.fixture(scope="session", autouse=True)
def warm():
    """The server that forks the rounds has everything imported. It starts before any world, which would end it."""
    CONTEXT.set_forkserver_preload(["shared.jobs.prune", "shared.jobs.removal", "shared.jobs.outbox", "shared.plextv",
                                    "shared.viewers", "plexapi.myplex", "smtplib", "email.message", "__main__",
                                    "tests.people.test_killed"])
    forkserver.ensure_running()
    resource_tracker.ensure_running()


def start(h, point=None):
    process = CONTEXT.Process(target=play, args=(h.path, dict(h.world.env), h.now, point))
    process.start()
    return process


def finish(h, lenient=False):
    """Later rounds: two minutes on a message's fate is asked for, hours on failed removals are tried again."""
    for later in (300, HOUR, 4 * HOUR):
        h.prune(later)
    if lenient:     # died with a mail in its hands: whether that arrived cannot be known, so it is not sent again
        for user, subjects in ((h.dora, 2), (h.wen, 1)):
            assert len(h.mails(user)) <= subjects
            assert len(set(h.mails(user))) == len(h.mails(user))
        assert h.removed() == ["dora"] and h.mails(ADMIN).count("Usher: dora removed") <= 1
        assert h.ask("SELECT outcome FROM removals") == [("removed",)]
    else:
        faults.check(h)


@pytest.mark.parametrize("commit", chosen(range(1, COMMITS), lambda n: n % 3 == 0 or n >= COMMITS - 3))
def test_it_dies_after_a_commit(house, monkeypatch, commit):
    """Before the next one is the same, unless a request lies between them: see below."""
    h = faults.begin(house, monkeypatch, "")
    process = start(h, (commit, 1))
    process.join(30)
    assert process.exitcode == (0 if commit >= COMMITS - 1 else -signal.SIGKILL)
    # a mail server has the mail, and the note of that was not written: it stays one mail all the same
    finish(h, lenient=any(row[0] for row in h.ask("SELECT COUNT(*) FROM outbox WHERE claimed_at > 0 AND kind LIKE "
                                                  "'%mail'")))


@pytest.mark.parametrize("request_", chosen(range(1, REQUESTS), lambda n: n % 3 == 0 or n >= REQUESTS - 3))
def test_it_dies_with_a_request_on_its_way(house, monkeypatch, request_):
    h = faults.begin(house, monkeypatch, "")
    w, count, process = h.world, [], []

    def dealt_with(mail=False):
        count.append(mail)
        if len(count) == request_:
            os.kill(process[0].pid, signal.SIGKILL)
    for fake in (w.plex, w.plextv, w.tautulli.server):
        fake.fail("*", None, after=dealt_with)
    w.mail.after = lambda: dealt_with(True)
    process.append(start(h))
    process[0].join(30)
    for fake in (w.plex, w.plextv, w.tautulli.server):
        fake.heal()
    w.mail.after = None
    assert process[0].exitcode == (0 if len(count) < request_ else -signal.SIGKILL)
    assert len(count) >= min(request_, REQUESTS - 4)
    finish(h, lenient=len(count) >= request_ and count[request_ - 1])


def test_every_attempt_dies_one_step_later(house, monkeypatch):
    """The unluckiest of all: each round dies one commit later than the one before, until one gets through."""
    h = faults.begin(house, monkeypatch, "")
    for commit in range(1, 40):
        process = start(h, (commit, commit % 2))
        process.join(30)
        h.now += 4 * HOUR
        if process.exitcode == 0:
            break
    assert commit > 5
    finish(h, lenient=True)
