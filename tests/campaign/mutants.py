"""Usher broken on purpose, each in one place, for the length of a run: the referee must catch every one of them."""
import contextlib
from unittest import mock

from shared import plex
from shared.errors import UsherError
from shared.policy import limits, prune, tracking

SITTING, OBSERVE, STEP, KEPT = limits._sitting, tracking.observe, prune._step, prune._kept
SESSIONS = plex.Plex.sessions


def forgets_rest():
    """A pause of any length begins a new sitting."""
    return mock.patch.object(limits, "_sitting", lambda what, *rest: SITTING(what._replace(rest=0), *rest))


def counts_paused_time():
    """What stands still uses up time."""
    def observe(play, session, now, epoch):
        playing = play._replace(session=play.session._replace(state="playing"))
        return OBSERVE(playing if play.session.state == "paused" else play, session, now, epoch)
    return mock.patch.object(tracking, "observe", observe)


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


def removes_unwarned():
    """Who has been away long enough is removed at once."""
    def step(subject, rules, what, now, cause, first, last, *rest):
        found = STEP(subject, rules, what, now, cause, first, last, *rest)
        return found._replace(verdict=prune.REMOVE) if now >= last else found
    return mock.patch.object(prune, "_step", step)


def removes_vips():
    """A VIP is somebody like all others."""
    return mock.patch.object(prune, "_kept", lambda subject, rules: KEPT(subject, rules._replace(vips=frozenset())))


MUTANTS = {function.__name__: function for function in (
    forgets_rest, counts_paused_time, charges_no_gaps, stops_on_error, removes_unwarned, removes_vips)}


@contextlib.contextmanager
def applied(name):
    """With this mutant, "" for none."""
    with MUTANTS[name]() if name else contextlib.nullcontext():
        yield
