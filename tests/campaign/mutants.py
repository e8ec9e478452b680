"""Usher broken on purpose, each in one place, for the length of a run: the referee must catch every one of them."""
import contextlib
from unittest import mock

from shared import ledger, plex
from shared.errors import UsherError
from shared.jobs import keep_time, outbox
from shared.policy import calendar, limits, prune, tracking

SITTING, OBSERVE, STEP, KEPT = limits._sitting, tracking.observe, prune._step, prune._kept
SESSIONS, MOMENT, MATCH, LOOK = plex.Plex.sessions, calendar.moment, tracking.same, keep_time.look_at


def forgets_rest():
    """A pause of any length begins a new sitting."""
    return mock.patch.object(limits, "_sitting", lambda what, *rest: SITTING(what._replace(rest=0), *rest))


def counts_paused_time():
    """What stands still uses up time."""
    def observe(play, session, now, epoch):
        playing = play._replace(session=play.session._replace(state="playing"))
        return OBSERVE(playing if play.session.state == "paused" else play, session, now, epoch)
    return mock.patch.object(tracking, "observe", observe)


def charges_whole_gaps():
    """Of a time in which nobody looked all is charged, whatever the position says."""
    return mock.patch.object(tracking, "CONTINUOUS", float("inf"))


def charges_no_gaps():
    """What was played while nobody looked is free."""
    return mock.patch.object(tracking, "_fill_gap", lambda play, session, now: play)


def stops_on_error():
    """A Plex that does not answer is taken for one on which nothing is played."""
    def sessions(self, *how):
        try:
            return SESSIONS(self, *how)
        except UsherError:
            return []
    return mock.patch.object(plex.Plex, "sessions", sessions)


def days_of_24_hours():
    """The clock on the wall is that of winter all the year."""
    return mock.patch.object(calendar, "moment", lambda what, day, seconds: (day - calendar.EPOCH) * 86400 + seconds - 3600.0)


def removes_unwarned():
    """Who has been away long enough is removed at once."""
    def step(subject, rules, what, now, cause, first, last, *rest):
        found = STEP(subject, rules, what, now, cause, first, last, *rest)
        return found._replace(verdict=prune.REMOVE) if now >= last else found
    return mock.patch.object(prune, "_step", step)


def removes_vips():
    """A VIP is somebody like all others."""
    return mock.patch.object(prune, "_kept", lambda subject, rules: KEPT(subject, rules._replace(vips=frozenset())))


def sends_again():
    """What was being handed over when its process died is sent once more, and so is what Tautulli has in its log."""
    return mock.patch.object(outbox._Post, "_is_out", lambda self, message: False)


def forgets_claims():
    """A message is done with before it has gone out."""
    def claim(self, id, now, kinds=(), most=0):
        self.message_sent(id, now)
        return True
    return mock.patch.object(ledger.Ledger, "claim_message", claim)


MUTANTS = {function.__name__: function for function in (
    forgets_rest, counts_paused_time, charges_whole_gaps, charges_no_gaps, stops_on_error, days_of_24_hours,
    removes_unwarned, removes_vips, sends_again, forgets_claims)}


@contextlib.contextmanager
def applied(name):
    """With this mutant, "" for none."""
    with MUTANTS[name]() if name else contextlib.nullcontext():
        yield
