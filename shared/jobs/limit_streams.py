"""What happens when Tautulli fires: the event goes into the ledger, a decision comes out, a timekeeper is seen to.

This is the hot path: it runs at every press of play and pause, so nothing here may reach for the network, and whatever
is dear to import stays out.
"""

from __future__ import annotations

import os
import sqlite3
import sys
import time
from collections.abc import Callable, Mapping
from typing import TypeVar

from shared import __version__, detached
from shared.config import ROOT, Config, load
from shared.jobs import alerts
from shared.jobs.cases import has_limits
from shared.jobs.judge import house_of, judge, take_in
from shared.jobs.tell import ALERT, Verdict, tell_damage, tell_decision, tell_problems
from shared.ledger import Lease, Ledger
from shared.ledger_outbox import Outbox
from shared.log import call_me, log
from shared.model import Session, User
from shared.policy import words
from shared.policy.rules import resolution

ARGUMENTS = (
    "--event={action} --session-key={session_key} --session-id={session_id} --user-id={user_id} --username={username} "
    "--machine-id={machine_id} --player={player} --platform={platform} --product={product} --address={ip_address} "
    "--location={stream_location} --rating-key={rating_key} --media-type={media_type} --title={full_title} "
    "--library={library_name} --rating={content_rating} --state={state} --offset={view_offset} "
    "--duration={duration_sec} --live={live} --home={is_home_user} --restricted={is_restricted} --show={show_name} "
    "--video={video_decision} --audio={audio_decision} --resolution={video_resolution} --bitrate={stream_bitrate} "
    "--file-bitrate={bitrate} --relayed={relayed}"
)
STATES = {"pause": "paused", "stop": "stopped", "error": "paused"}  # after an error the session list knows more
STALE = 20.0  # a timekeeper whose heart has not beaten for so long hangs: it may be replaced
STARTING = 5.0  # how long one who undertook to start a timekeeper is trusted to do so
SCRIPT = os.path.join(ROOT, "agents", "limit_streams.py")
Done = TypeVar("Done")


def on_event(arguments: list[str], at: float) -> str:
    """Take in one event. `at` is when it happened, as far as this process can tell. One line for the log."""
    told = parse(arguments)
    action, session = told.get("event", "").casefold(), session_of(told)
    config = load()
    call_me("", config.get("usher", "log_level"))
    ledger = Ledger(config.get("usher", "data_dir"))
    try:
        verdict, wanted = sound(ledger, lambda: _write(ledger, config, action, session, told, at))
        if wanted:
            detached.start(SCRIPT, "--keep-time")
    finally:
        ledger.close()
    complain(config)
    line, over = _line(action, session, verdict), verdict is not None and not verdict.decision.allowed
    log(config.get("usher", "data_dir"), "info" if over else "debug", line)
    return line


def tick() -> str:
    """The regular look: whoever keeps time is seen to, even if Tautulli has missed what is going on, and the agents
    that work by the clock are started when they are due."""
    from shared.gateway import Gateway
    from shared.jobs import due

    config = load()
    ledger = Ledger(config.get("usher", "data_dir"))
    try:
        wanted = sound(ledger, lambda: _look(ledger, config))
        if wanted:
            Gateway(config).plex  # noqa: B018 - from a timer outside of Tautulli: does it know where Plex is?
            detached.start(SCRIPT, "--keep-time")
        started = ["timekeeper"] * wanted + due.start_due(ledger, config, time.time())
    finally:
        ledger.close()
    complain(config)
    return f"tick: {', '.join(started)} started" if started else "tick: all is well"


def parse(arguments: list[str]) -> dict[str, str]:
    """`--name=value` arguments by name. What Tautulli could not fill in ({user} left as it is) counts as empty."""
    told = {}
    for argument in arguments:
        name, equals, value = argument.partition("=")
        unfilled = value.startswith("{") and value.endswith("}") and value[1:-1].replace("_", "").isalnum()
        if name.startswith("--") and equals:
            told[name[2:]] = "" if unfilled else value.encode("utf-8", "replace").decode()  # bytes that are no text: ?
    return told


def session_of(told: Mapping[str, str]) -> Session:
    """The session that an event tells of. Without a session key it tells of none."""
    action, state = told.get("event", "").casefold(), told.get("state", "").casefold()
    if action in ("stop", "error") or state not in ("playing", "paused", "buffering"):
        state = STATES.get(action, "playing")  # a stop's {state} is that of before
    offset = _number(told.get("offset", ""))
    return Session(
        session_key=told.get("session-key", ""),
        machine_id=told.get("machine-id", ""),
        user_id=int(_number(told.get("user-id", "")) or 0),
        rating_key="" if told.get("live") == "1" else told.get("rating-key", ""),
        session_id=told.get("session-id", ""),
        state=state,
        offset=None if offset is None else offset / 1000,
        duration=_number(told.get("duration", "")) or 0.0,
        user=told.get("username", ""),
        player=told.get("player", ""),
        platform=told.get("platform", ""),
        product=told.get("product", ""),
        address=told.get("address", ""),
        location="relay" if told.get("relayed") == "1" else told.get("location", "").casefold(),
        media_type=told.get("media-type", ""),
        title=told.get("title", ""),
        library=told.get("library", ""),
        rating=told.get("rating", ""),
        live=told.get("live") == "1",
        show=told.get("show", ""),
        transcode=_transcode(told.get("video", ""), told.get("audio", "")),
        resolution=resolution(told.get("resolution", "")),
        bitrate=int(_number(told.get("bitrate", "")) or 0),
        file_bitrate=int(_number(told.get("file-bitrate", "")) or 0),
    )


def _transcode(video: str, audio: str) -> str:
    """What is converted, out of Tautulli's decisions (direct play, copy, transcode); "" where it tells none."""
    converted = [word for word, decision in (("video", video), ("audio", audio)) if decision.casefold() == "transcode"]
    return "both" if len(converted) == 2 else converted[0] if converted else "no" if video or audio else ""


def want_keeper(ledger: Ledger, now: float) -> bool:
    """Whether the caller is to start a timekeeper: none lives, and nobody else is starting one. In a transaction."""
    lease = ledger.lease()
    if is_kept(ledger, lease, now) or 0 <= now - lease.starting < STARTING:
        return False
    ledger.save_lease(lease._replace(starting=now))
    return True


def is_kept(ledger: Ledger, lease: Lease, now: float) -> bool:
    """Whether a timekeeper of this version lives and its heart beats."""
    beats = abs(now - lease.heartbeat) < STALE and lease.version == __version__
    return bool(lease.holder) and beats and detached.is_held(lock_path(ledger, lease.holder))


def lock_path(ledger: Ledger, holder: str) -> str:
    """The file whose lock says that a timekeeper lives."""
    return os.path.join(os.path.dirname(ledger.path), f"timekeeper-{holder}.lock")


def sound(ledger: Ledger, act: Callable[[], Done]) -> Done:
    """What `act` gives; damage of which only its queries tell is mended first."""
    try:
        return act()
    except sqlite3.DatabaseError as error:
        if not ledger.mend(error):
            raise
        return act()


def _look(ledger: Ledger, config: Config) -> bool:
    """The one transaction of a tick: whether a timekeeper is to be started."""
    with ledger.writing():
        now = time.time()
        ledger.set_meta("last_tick", now)
        tell_problems(ledger, config, now)
        tell_damage(ledger, now)
        return (has_limits(config) or bool(ledger.open_plays())) and want_keeper(ledger, now)


def _write(
    ledger: Ledger, config: Config, action: str, session: Session, told: Mapping[str, str], at: float
) -> tuple[Verdict | None, bool]:
    """The one transaction of an event: the verdict about its play, and whether a timekeeper is to be started."""
    verdict = None
    with ledger.writing():
        now = time.time()
        epoch = ledger.clock_epoch(now)
        at = at if now - 60 < at <= now else now
        ledger.add_event(at, action, session)
        tell_problems(ledger, config, now)
        tell_damage(ledger, now)
        watched = False
        if session.session_key and (session.user_id or session.machine_id):
            _see_kind(ledger, session, told, at)
            house = house_of(config, ledger, at)
            play = take_in(ledger, house, session, at, epoch, hearsay=True)
            owner_known = bool(ledger.meta("owner_id"))
            open_plays = [play] if play and play.ended is None and owner_known else []
            verdicts = judge(ledger, config, house, open_plays, at)
            for verdict in verdicts:
                tell_decision(ledger, verdict, now)
            alerts.note(ledger, config, house, open_plays, verdicts, now)
            unsure = play is None or not owner_known or alerts.lacks_players(ledger, config)
            unsure = unsure and session.state != "stopped"
            watched = bool(verdicts) or (unsure and (has_limits(config) or bool(config.get("report", "alerts"))))
        waits = bool(Outbox(ledger).due(now)) or Outbox(ledger).waits(ALERT)
        wanted = (watched or waits) and want_keeper(ledger, now)
    return verdict, wanted


def _see_kind(ledger: Ledger, session: Session, told: Mapping[str, str], now: float) -> None:
    kind = "managed" if told.get("restricted") == "1" else "home" if told.get("home") == "1" else ""
    if session.user_id and kind and str(session.user_id) != ledger.meta("owner_id"):
        ledger.see_user(User(session.user_id, session.user, kind=kind), now)


def _number(text: str) -> float | None:
    """A number that may be anything else, too."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if 0 <= number < 1e15 else None


def complain(config: Config) -> None:
    for problem in config.problems:
        print(f"{problem} ({config.in_force} in force)", file=sys.stderr)


def _line(action: str, session: Session, verdict: Verdict | None) -> str:
    what = f"{words.shorten(action, 20) or 'no event'}: {words.shorten(session.user, 40) or 'nobody'}"
    if verdict is None:
        return f"{what}: noted"
    would = "" if verdict.decision.allowed else "would stop: " if verdict.decision.dry else "stopped: "
    return f"{what}: {'allowed ' if verdict.decision.allowed else would}{verdict.decision.reason}"
