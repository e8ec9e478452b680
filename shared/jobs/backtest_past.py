"""What a backtest needs of the past: asked of Tautulli, and of Plex and plex.tv where something depends on it."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from shared.config import Config
from shared.errors import UsherError
from shared.jobs.cases import asks_for_devices
from shared.jobs.days import calendar_of
from shared.jobs.report_facts import calendar_since
from shared.model import Recorded, User
from shared.policy.calendar import DAY, Calendar, moment, period
from shared.policy.limits import AHEAD
from shared.policy.prune import Record, Rules, Subject
from shared.policy.replayed import KNOWN_AFTER
from shared.policy.rules import resolution

if TYPE_CHECKING:
    from shared.gateway import Gateway
    from shared.jobs.backtest_facts import Seen
    from shared.ledger import Ledger

ALL = "*"  # every library
STREAMS = 5000  # plays, the newest, of which it is asked what was converted: each costs Tautulli a request
OF_STREAMS = ("transcode", "resolution", "bitrate", "file_bitrate")  # conditions that depend on it


class Members(NamedTuple):
    """Whom `[prune]` is about, as they are now."""

    subjects: list[Subject]
    rules: Rules
    record: Record


class History(NamedTuple):
    """`plays` by when they began; those before `began` only count for weeks, months and sittings. `seen` is None where
    nothing asks for known players. `gaps` say what could not be found out."""

    plays: list[Recorded]
    users: dict[int, User]
    seen: Seen | None
    members: Members | None
    began: float
    now: float
    gaps: list[str]


class Needs(NamedTuple):
    """What the configurations ask for."""

    conditions: frozenset[str]
    libraries: frozenset[str]
    devices: bool
    prune: float  # seconds that `[prune]` looks back, 0 where it is off

    def __or__(self, other: Needs) -> Needs:
        return Needs(self.conditions | other.conditions, self.libraries | other.libraries,
                     self.devices or other.devices, max(self.prune, other.prune))  # fmt: skip


def needs_of(config: Config) -> Needs:
    """What of the past bears on this configuration."""
    settings = config.settings
    conditions = {key for rule in settings["rule"].values() for key in rule}
    sections = [settings["everyone"], *settings["group"].values(), *settings["person"].values()]
    libraries = {name for section in sections for name in section.get("uncounted_libraries") or ()}
    libraries = {ALL} if "libraries" in conditions else libraries
    prune = config.get("prune", "remove_after") + 60 * DAY if config.get("prune", "enabled") else 0.0
    return Needs(frozenset(conditions), frozenset(libraries), asks_for_devices(config), prune)


def read(
    gateway: Gateway, needs: Needs, calendar: Calendar, first: int, now: float, say: Callable[[str], None]
) -> History:
    """All plays from the day `first` on, and what before it matters to them. Raises UsherError without an answer."""
    watched, gaps = gateway.watched, list[str]()
    users = {id: user for id, (user, _) in watched.users().items()}
    began = moment(calendar, first, calendar.day_starts)
    since = min(period(calendar, kind, began)[1][0] for kind in ("weekly", "monthly")) - AHEAD
    since = min(since, began - needs.prune)
    if needs.devices:  # who used which player before
        since = min(since, watched.first() or since)
    rows = watched.recorded(since, now, needs.libraries, lambda plays: say(f"history of Tautulli: {plays} plays"))
    order = sorted(rows, key=lambda id: (rows[id].began, id))
    if needs.conditions.intersection(OF_STREAMS):
        gaps += _streams(gateway, rows, [id for id in order if rows[id].ended > began], needs, say)
    if "ratings" in needs.conditions:
        gaps += _ratings(gateway, rows, say)
    plays = [rows[id] for id in order]
    seen: Seen | None = None
    if needs.devices:
        seen = {}
        for play in plays:
            if play.began < began:
                seen.setdefault((play.session.user_id, play.session.machine_id), play.began + KNOWN_AFTER)
    return History(plays, users, seen, None, began, now, gaps)


def _streams(
    gateway: Gateway, rows: dict[int, Recorded], order: list[int], needs: Needs, say: Callable[[str], None]
) -> Iterator[str]:
    """Put into the plays what was converted, and what the files are like."""
    only = not needs.conditions.intersection(OF_STREAMS[1:])  # what was not converted at all is known already
    asked = [id for id in order if not (only and rows[id].session.transcode == "no")]
    for number, id in enumerate(asked[-STREAMS:]):
        if number % 50 == 0:
            say(f"what was converted: {number} of {min(len(asked), STREAMS)} plays")
        told = gateway.watched.stream(id)
        known: dict[str, Any] = {key: told[key] for key in ("transcode",) if key in told}
        known["resolution"] = resolution(told.get("resolution", ""))
        known |= {key: int(told[key]) for key in ("bitrate", "file_bitrate") if told.get(key, "").isdecimal()}
        rows[id] = rows[id]._replace(session=rows[id].session._replace(**known))
    if len(asked) > STREAMS:
        yield f"what was converted is known of the newest {STREAMS} plays only: rules that ask for it hold for no other"


def _ratings(gateway: Gateway, rows: dict[int, Recorded], say: Callable[[str], None]) -> Iterator[str]:
    """Put into the plays how they are rated: that is in Plex's library, as far as it still has them."""
    keys = sorted({play.session.rating_key for play in rows.values() if play.session.rating_key})
    say(f"ratings of {len(keys)} titles")
    try:
        found = gateway.plex.ratings(keys)
    except UsherError as problem:
        yield f"no rating is known, since Plex does not tell: {problem}"
        return
    for id, play in rows.items():
        rating = found.get(play.session.rating_key, "")
        if rating:
            rows[id] = play._replace(session=play.session._replace(rating=rating))
    missing = len([key for key in keys if key not in found])
    if missing:
        yield f"{missing} titles are gone from the library: how they were rated is not known"


def members(ledger: Ledger, config: Config, gateway: Gateway, history: History) -> Members:
    """Whom `[prune]` is about, with the last sign of life before the plays of `history`. Raises UsherError where one of
    the services gives no definite answer. `ledger` is a copy that nobody else has."""
    from shared.jobs import roster

    found = roster.look(ledger, config, gateway)
    roster.take_in(ledger, config, found, history.now)
    team = roster.roster(ledger, config, found, history.now, dry_run=False)
    ends = ends_by_user(history)
    subjects = []
    for id, subject in team.subjects.items():
        before = bisect_right(ends.get(id, ()), history.began)
        active = ends[id][before - 1] if before else subject.active_at
        if active >= history.began:  # the play before is older than all that was read
            active = gateway.watched.last_before(id, history.began)
        subjects.append(subject._replace(active_at=active, warned=None))
    days = {int(play.began // DAY) for play in history.plays}
    return Members(subjects, team.rules, team.record._replace(days=frozenset(days | team.record.days)))


def ends_by_user(history: History) -> Mapping[int, list[float]]:
    """When each user's plays ended, in order."""
    found: dict[int, list[float]] = defaultdict(list)
    for play in history.plays:
        found[play.session.user_id].append(play.ended)
    return {id: sorted(ends) for id, ends in found.items()}


@contextmanager
def scratch(data_dir: str) -> Iterator[Ledger]:
    """A copy of the ledger in a folder that vanishes again, or an empty one: whatever is written there is nobody's."""
    import os
    import tempfile

    from shared.jobs import peek
    from shared.ledger import FILE, Ledger

    with tempfile.TemporaryDirectory(prefix="usher-backtest-") as folder:
        try:
            book = peek.ledger(data_dir)
        except peek.TROUBLE:
            book = None  # nothing depends on it but names that it has bound
        if book is not None:
            import sqlite3
            from contextlib import closing

            with closing(sqlite3.connect(os.path.join(folder, FILE))) as copy:
                book.db.backup(copy)
            book.close()
        ledger = Ledger(folder)
        try:
            yield ledger
        finally:
            ledger.close()


def calendar_of_past(config: Config, first: int) -> Calendar:
    """The house's calendar, from a good while before the day of this ordinal on."""
    since = calendar_since(config, first)
    return (since if since.zone else calendar_of(config))._replace(memo={})
