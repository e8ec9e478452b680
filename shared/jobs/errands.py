"""What the timekeeper does beside watching, in a thread of its own so that no slow service delays a stop: deliver the
outbox, learn the users from Tautulli, fill a new ledger from Tautulli's history, forget what is old."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable

from shared.config import Config
from shared.errors import UsherError
from shared.gateway import Gateway
from shared.jobs import outbox
from shared.jobs.cases import asks_for_devices
from shared.jobs.days import calendar_of
from shared.jobs.judge import house_of
from shared.jobs.tell import ALERT
from shared.ledger import Ledger
from shared.ledger_outbox import Outbox
from shared.ledger_rules import LEARNED, Remembered
from shared.log import log
from shared.model import HistoryRow, Play, Session, User
from shared.policy import people
from shared.policy.calendar import period
from shared.policy.rules import needs_past

PAUSE = 0.25  # seconds between looks at the outbox
USERS_EVERY = 3600.0
RETRY = 30.0  # seconds until a failed errand is tried again


class Runner:
    """The thread and its state, as a context manager."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self._stop = threading.Event()
        self._first = threading.Event()
        self._due = False
        self._not_before: dict[str, float] = {}
        self._thread = threading.Thread(target=self._run, name="errands", daemon=True)

    def __enter__(self) -> Runner:
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        if self._thread.ident:
            self._thread.join(6)

    def begin(self) -> None:
        """Start, if that is not done yet: after the first look, which may have a stream to stop."""
        if not self._thread.ident:
            self._thread.start()

    def is_busy(self) -> bool:
        """Whether something is still to be done that can be done now."""
        return self._due or not self._first.is_set()

    def _run(self) -> None:
        data_dir = self.config.get("usher", "data_dir")
        try:
            ledger = Ledger(data_dir)
            try:
                while ledger.is_current():
                    self._round(ledger, Gateway(self.config))
                    self._first.set()
                    if self._stop.wait(PAUSE):
                        break
            finally:
                ledger.close()
        except (UsherError, sqlite3.Error) as error:
            log(data_dir, "error", f"errands end: {error}")
        finally:
            self._due = False
            self._first.set()

    def _round(self, ledger: Ledger, gateway: Gateway) -> None:
        now = time.time()
        if not 0 <= _since(ledger, "users_at", now) <= USERS_EVERY:
            self._try("users", lambda: refresh_users(ledger, gateway))
        if not ledger.meta("filled"):
            self._try("history", lambda: fill(ledger, self.config, gateway))
        if asks_for_devices(self.config) and not ledger.meta(LEARNED):
            self._try("players", lambda: learn_devices(ledger, gateway))
        if not 0 <= _since(ledger, "forgot_at", now) <= 86400:
            self._try("forgetting", lambda: forget(ledger, self.config))
        self._due = bool(Outbox(ledger).due(now))
        if self._due or Outbox(ledger).unsure(now):
            self._try("messages", lambda: outbox.deliver(ledger, gateway, now))
            self._due = bool(Outbox(ledger).due(time.time())) and "messages" not in self._not_before
        self._due = self._due or Outbox(ledger).waits(ALERT)

    def _try(self, name: str, errand: Callable[[], object]) -> None:
        if time.monotonic() < self._not_before.get(name, 0.0):
            return
        try:
            errand()
            self._not_before.pop(name, None)
            return
        except (UsherError, sqlite3.OperationalError) as error:  # the latter: locked by another program, or disk full
            trouble = str(error)
        except Exception as error:  # noqa: BLE001 - one errand must not end the others, and nobody reads a traceback here
            trouble = f"a fault of Usher's own: {error!r}"
        self._not_before[name] = time.monotonic() + RETRY
        log(self.config.get("usher", "data_dir"), "warning", f"{name}: {trouble}; trying again in {RETRY:.0f} s")


def refresh_users(ledger: Ledger, gateway: Gateway) -> None:
    """Learn names and kinds of the users, and who the owner is."""
    users = gateway.tautulli.users()
    with ledger.writing():
        save_users(ledger, gateway.config, users, time.time())


def save_users(ledger: Ledger, config: Config, users: list[User], now: float) -> None:
    """Write down the users of Tautulli's list, and bind to their ids the names that config.ini has for them."""
    for user in users:
        ledger.see_user(user, now)
        if user.kind == "owner":
            ledger.set_meta("owner_id", user.id)
    if users:
        ledger.set_meta("users_at", now)
    house = house_of(config, ledger, now)
    for user in users:
        for kind, name, id in people.bindings(house, Session("", user_id=user.id)):
            ledger.bind(kind, name, id, now)
            house.bound[kind, name] = id


def fill(ledger: Ledger, config: Config, gateway: Gateway) -> None:
    """Put into a new ledger what Tautulli knows since the start of the week or month, whichever is earlier."""
    now, calendar = time.time(), calendar_of(config)
    since = min(period(calendar, kind, now)[1][0] for kind in ("weekly", "monthly"))
    sections = [config.settings["everyone"], *config.settings["group"].values(), *config.settings["person"].values()]
    libraries = {name for section in sections for name in section.get("uncounted_libraries") or ()}
    rules = [rule for rule in config.settings["rule"].values() if needs_past(rule)]
    if any("libraries" in rule for rule in rules):
        libraries = {"*"}
    rows = gateway.tautulli.history(since, libraries)
    with ledger.writing():
        if ledger.meta("filled"):
            return
        own = ledger.plays_since(since)
        for row in rows:
            _add(ledger, row, own, now)
        ledger.set_meta("filled", now)


def _add(ledger: Ledger, row: HistoryRow, own: list[Play], now: float) -> None:
    """Add a play of Tautulli's, and of one that the ledger saw itself (`own`) only what came before that sight."""
    session = Session(
        session_key=row.session_key, machine_id=row.machine_id, user_id=row.user_id, rating_key=row.rating_key,
        player=row.player, media_type=row.media_type, title=row.title, library=row.library, live=row.live,
        show=row.show, platform=row.platform, product=row.product, address=row.address, location=row.location,
    )  # fmt: skip
    began, ended, seconds = row.began, row.ended, row.seconds
    seen = min((p.began for p in own if _is_of(row, p, now)), default=now if row.is_open else ended)
    if row.is_open or seen < ended:
        seconds = max(min(seconds - ((now if row.is_open else ended) - seen), seen - began), 0.0)
        began, ended = seen - seconds, seen
    ledger.add_past_play(session, began, ended, min(seconds, max(ended - began, 0.0)))


def _is_of(row: HistoryRow, play: Play, now: float) -> bool:
    """Whether the row tells of a play that the ledger has."""
    mine = play.session
    if row.is_open:
        return play.ended is None and mine.session_key == row.session_key
    same = (mine.user_id, mine.machine_id) == (row.user_id, row.machine_id)
    same_item = row.live or mine.rating_key == row.rating_key
    return same and same_item and play.began < row.ended and row.began < (play.ended or now)


def learn_devices(ledger: Ledger, gateway: Gateway) -> None:
    """Before anybody is stopped on a player that is not known: take in those of Tautulli's history."""
    users = gateway.tautulli.users()
    pairs = [pair for user in users for pair in gateway.viewers.players(user.id)]
    with ledger.writing():
        Remembered(ledger).learn_devices(pairs, time.time())


def forget(ledger: Ledger, config: Config) -> None:
    """Drop what is older than `keep_history`; not on the first day on which the clock says so: it may be wrong."""
    now = time.time()
    if 0 <= _since(ledger, "forgot_at", now) < 30 * 86400:
        before = now - config.get("usher", "keep_history")
        ledger.forget(before)
        Remembered(ledger).forget(before)
    with ledger.writing():
        ledger.set_meta("forgot_at", now)


def _since(ledger: Ledger, errand: str, now: float) -> float:
    """Seconds since it was last done; less than nothing where the clock was wrong then."""
    return now - float(ledger.meta(errand, "0"))
