"""Ending a play, verified: ask Plex, look whether it is gone, ask through Tautulli, then by the player's own remote
control, and so on in turn; tell the owner. Where the one whose turn it is refuses, another is asked at once: the remote
control where Plex has no Plex Pass, Plex where a player takes no remote control."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

from shared.config import Config
from shared.errors import Refused, Unreachable, UsherError
from shared.gateway import Gateway
from shared.jobs.tell import Verdict, on_screen, tell_owner
from shared.ledger import Ledger, Stop
from shared.log import log
from shared.model import Play, Session
from shared.policy.words import shorten

PAUSES = (3.0, 4.0, 5.0, 15.0, 30.0, 60.0, 120.0, 300.0)  # seconds until the next attempt; the last one repeats
SOON = 1.0  # seconds until the next attempt after one of the first that did not arrive
TELL_AFTER = 3  # attempts without effect, then the owner hears which player ignores stops
PLEX, TAUTULLI, REMOTE = "Plex", "Tautulli", "remote control"


class Attempt(NamedTuple):
    """A stop that is to be tried now."""

    verdict: Verdict
    stop: Stop


def plan(ledger: Ledger, verdicts: list[Verdict], now: float) -> list[Attempt]:
    """Claim the attempts that are due, first ones first: a player that ignores stops makes nobody else's later. In dry
    run there are none. Within a transaction."""
    due = []
    for verdict in verdicts:
        if not verdict.stops or waits_until(verdict, now) > now:
            continue
        stop = ledger.stop(verdict.play.id) or Stop(verdict.play.id, 0, now, now, 0)
        if 0 < stop.next_at - now <= PAUSES[-1] and not _resumed(verdict.play, stop):
            continue
        pause = PAUSES[min(stop.attempts, len(PAUSES) - 1)]
        stop = stop._replace(attempts=stop.attempts + 1, next_at=now + pause)
        if stop.attempts > TELL_AFTER and not stop.reported:
            stop = stop._replace(reported=1)
            _tell_ignored(ledger, verdict, now)
        ledger.save_stop(stop, now)
        due.append(Attempt(verdict, stop))
    return sorted(due, key=lambda attempt: attempt.stop.attempts)


def waits_until(verdict: Verdict, now: float) -> float:
    """When a play that is denied may be stopped at the earliest: one that might not even begin runs for a little, so
    that a slow player shows the reason. A beginning after `now` is that of a clock that was set back since."""
    return verdict.play.began + verdict.who.limits.delay_stop if verdict.play.began <= now else now


def attempt(ledger: Ledger, gateway: Gateway, config: Config, what: Attempt, check_mine: Callable[[], None]) -> None:
    """Ask once for the end of a play. `check_mine` raises if this process may not act any more."""
    session, reason = what.verdict.play.session, on_screen(what.verdict, config, time.time())
    data_dir = config.get("usher", "data_dir")
    refusals: dict[str, str] = {}
    for way in _ways(what.stop, session):
        check_mine()
        try:
            if way == PLEX:
                gateway.plex.terminate(session.session_id, reason)
            elif way == TAUTULLI:
                gateway.tautulli.terminate(session.session_key, session.session_id, reason)
            else:
                _press_stop(ledger, gateway, what.verdict.play)
        except Unreachable as error:
            log(data_dir, "warning", f"stop of {_what(what.verdict)}: {error}; trying again")
            _try_soon(ledger, what.stop, check_mine)
            return
        except UsherError as error:
            log(data_dir, "error", f"stop of {_what(what.verdict)}: {error}")
            refusals[way] = str(error)
        else:
            how = " by remote control, which shows no reason" if way == REMOTE else ""
            log(data_dir, "info", f"stop {what.stop.attempts} of {_what(what.verdict)}{how}: {reason}")
            return
    if PLEX in refusals:
        _tell_refused(ledger, what, "; ".join(refusals.values()), check_mine)


def _ways(stop: Stop, session: Session) -> tuple[str, ...]:
    """Whose turn it is, and who comes after a refusal. Plex ends no session that has no session id."""
    turn = (PLEX, TAUTULLI, REMOTE)[(stop.attempts - 1) % 3]
    ways = (turn, PLEX if turn == REMOTE else REMOTE)
    return ways if session.session_id else tuple(way for way in ways if way != PLEX)


def _press_stop(ledger: Ledger, gateway: Gateway, play: Play) -> None:
    """By remote control: it ends whatever the player plays, so there must be nothing else that it plays."""
    session = play.session
    if any(p.session.machine_id == session.machine_id and p.id != play.id for p in ledger.open_plays()):
        raise Refused("the player plays something else too, which its remote control would stop as well")
    gateway.companion.stop(session.machine_id, session.media_type, session.product)


def _resumed(play: Play, stop: Stop) -> bool:
    """Whether it plays again since the newest attempt: a player that ignores stops while it is paused may obey now."""
    return play.session.state == "playing" and play.span_began > stop.last_at


def _try_soon(ledger: Ledger, stop: Stop, check_mine: Callable[[], None]) -> None:
    """An attempt that did not arrive is followed by another at once, but it counts: else Tautulli would never be asked
    where Plex always fails, nor Plex any more where Tautulli is down, and the owner would not hear of it."""
    if stop.attempts <= TELL_AFTER:
        now = time.time()
        with ledger.writing():
            check_mine()
            ledger.save_stop(stop._replace(next_at=now + SOON), now)


def _tell_refused(ledger: Ledger, what: Attempt, why: str, check_mine: Callable[[], None]) -> None:
    """Neither Plex nor the player itself ends it: the owner hears it once a day of each player, and nothing more."""
    now, session = time.time(), what.verdict.play.session
    with ledger.writing():
        check_mine()
        stop = ledger.stop(what.stop.play_id) or what.stop
        ledger.save_stop(stop._replace(reported=1), now)
        tell_owner(
            ledger, f"refused:{session.machine_id}:{int(now // 86400)}", "Usher: Plex refuses to stop streams",
            f"{shorten(session.player, 40) or 'A player'} ({shorten(what.verdict.who.name, 40)}) goes on: {why}.", now,
        )  # fmt: skip


def _tell_ignored(ledger: Ledger, verdict: Verdict, now: float) -> None:
    session = verdict.play.session
    why = "ignores stops" if session.session_id else "cannot be stopped: Plex gives its session no session id"
    tell_owner(
        ledger, f"ignored:{verdict.play.id}", "Usher: a player goes on",
        f"{shorten(session.player, 40) or 'A player'} ({shorten(verdict.who.name, 40)}) {why}. "
        f"It should have ended: {verdict.decision.reason}. Usher goes on trying.", now,
    )  # fmt: skip


def _what(verdict: Verdict) -> str:
    return f"{shorten(verdict.who.name, 40)} on {shorten(verdict.play.session.player, 40) or 'a player'}"
