"""Tautulli's only timer: a newsletter that runs `limit_streams.py tick`. It is sent to nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from shared.errors import Refused
from shared.jobs.register import added_id, part

if TYPE_CHECKING:
    from shared.tautulli import Tautulli

RECENTLY_ADDED = 0  # Tautulli's number for its one kind of newsletter
TICK = "tick"
TICK_NAME = "Usher: tick"
TICK_FILE = "usher-tick.html"
MINUTES = 5  # how often it ticks if the owner says nothing
ALWAYS = 36500  # days: whatever was ever added
CHEAP = 300  # requests to Plex that a tick may cost; above, the time frame is cut
SHORTEST_FRAME = 180  # days
TRY_WAIT = 120.0  # seconds for one newsletter
NO_LIBRARY = "no library with anything in it, which Tautulli's newsletter timer needs"
LEAVES = f"each run overwrites {TICK_FILE} in Tautulli's newsletters folder and adds a row to its Newsletter Logs"


class Timer(NamedTuple):
    """The newsletter as it is or will be: "added", "updated" or "unchanged", its id (0 before it is added), its cron
    expression, and the name of the library it looks at."""

    done: str
    id: int
    cron: str
    library: str


class Library(NamedTuple):
    """A library as a newsletter sees it. `cost` is about how many requests to Plex all of its kind take."""

    cost: int
    items: int
    id: int
    name: str


def schedule(tautulli: Tautulli, notifier: int, minutes: int | None, write: bool = True) -> Timer:
    """Set the newsletter up, or bring it up to date. Without `minutes` one that is there goes on as often as it does.

    It fires only if something was added to its library in the time frame, so it is tried out once, and the next library
    taken if it does not. Raises Refused if none will do. Without `write` it is only planned.
    """
    choices = libraries(tautulli)
    known, before = find(tautulli, notifier)
    cron = str(before.get("cron") or "") if known and minutes is None else ""
    cron = cron or every(minutes or MINUTES)
    chosen = [str(x) for x in part(before, "config").get("incl_libraries") or []]
    kept = next((one for one in choices if [str(one.id)] == chosen), None)
    done = "updated" if known else "added"
    if known and kept and _is_set(before, notifier, cron):
        return Timer("unchanged", known, cron, kept.name)
    if not write:
        if not choices:
            raise Refused(NO_LIBRARY)
        return Timer(done, known, cron, (kept or choices[0]).name)
    number = known or added_id(tautulli.call("add_newsletter_config", agent_id=RECENTLY_ADDED), "newsletter_id")
    for one in [kept] if kept else choices:
        frame = int(part(before, "config").get("time_frame") or 0) if kept else _frame(tautulli, one)
        _set_newsletter(tautulli, number, notifier, cron, one.id, frame)
        if _try(tautulli, number):
            return Timer(done, number, cron, one.name)
    if not known:  # one that worked before stays: Plex may only be down just now
        tautulli.call("delete_newsletter", newsletter_id=number)
    raise Refused(NO_LIBRARY)


def find(tautulli: Tautulli, notifier: int) -> tuple[int, dict[str, Any]]:
    """The id and setup of the newsletter that ticks, (0, {}) if there is none. `notifier` runs our limit_streams.py.

    One that runs another, living notifier belongs to another Usher, whatever its name.
    """
    gone: tuple[int, dict[str, Any]] = (0, {})
    rows = tautulli.call("get_newsletters")
    living = {str(row.get("id")) for row in tautulli.call("get_notifiers") or []}
    for row in rows if isinstance(rows, list) else []:
        setup = tautulli.call("get_newsletter_config", newsletter_id=row["id"])
        runs = str(part(setup, "config").get("notifier_id") or 0)
        if setup.get("friendly_name") != TICK_NAME and setup.get("subject") != TICK:
            continue
        if notifier and runs == str(notifier):
            return int(row["id"]), setup
        if setup.get("friendly_name") == TICK_NAME and runs not in living:
            gone = int(row["id"]), setup
    return gone


def remove(tautulli: Tautulli, notifier: int, write: bool = True) -> int:
    """Take the newsletter away; its id, 0 if there was none."""
    number = find(tautulli, notifier)[0]
    if number and write:
        tautulli.call("delete_newsletter", newsletter_id=number)
    return number


def every(minutes: int) -> str:
    """The cron expression of a timer that runs each 1 to 60 minutes."""
    return "* * * * *" if minutes == 1 else "0 * * * *" if minutes == 60 else f"*/{minutes} * * * *"


def in_words(cron: str) -> str:
    """`every 5 minutes`, as far as Usher writes such expressions itself."""
    if cron == every(1):
        return "every minute"
    if cron == every(60):
        return "every hour"
    step = cron.split(" ")[0].removeprefix("*/")
    return f"every {step} minutes" if step.isdecimal() and cron == every(int(step)) else f"at {cron} (cron)"


def libraries(tautulli: Tautulli) -> list[Library]:
    """The libraries that a newsletter can look at and that hold something, the cheapest first.

    For one library Tautulli goes through all that was added to any library of its kind: cost counts them together.
    """
    rows = tautulli.call("get_libraries")
    found = []
    costs: dict[str, int] = {}
    for row in rows if isinstance(rows, list) else []:
        kind = str(row.get("section_type"))
        tops, parents = (int(row.get(key) or 0) for key in ("count", "parent_count"))
        if kind == "movie" and str(row.get("agent", "")).endswith("agents.none"):
            kind = "other video"
        if kind not in ("movie", "other video", "show", "artist") or not tops:
            continue
        # ten to a page; a show is opened with its seasons, an artist with each album
        cost = 1 + (parents // 10 + parents + 2 * tops if kind in ("show", "artist") else tops // 10)
        costs[kind] = costs.get(kind, 0) + cost
        found.append((kind, Library(0, tops, int(row["section_id"]), str(row.get("section_name")))))
    return sorted(library._replace(cost=costs[kind]) for kind, library in found)


def _try(tautulli: Tautulli, number: int) -> bool:
    try:
        tautulli.call("notify_newsletter", newsletter_id=number, subject=TICK, body=TICK, message=TICK, wait=TRY_WAIT)
    except Refused:
        return False
    return True


def _is_set(setup: dict[str, Any], notifier: int, cron: str) -> bool:
    config = part(setup, "config")
    numbers = [int(config.get(key) or 0) for key in ("notifier_id", "custom_cron", "formatted", "save_only")]
    return numbers == [notifier, 1, 0, 0] and (setup.get("cron"), setup.get("active"), setup.get("subject")) == (
        cron,
        1,
        TICK,
    )


def _set_newsletter(tautulli: Tautulli, number: int, notifier: int, cron: str, library: int, frame: int) -> None:
    config: dict[str, Any] = {
        "custom_cron": 1,
        "formatted": 0,
        "threaded": 0,
        "save_only": 0,
        "notifier_id": notifier,
        "incl_libraries": library,
        "time_frame": frame or ALWAYS,
        "time_frame_units": "days",
        "filename": TICK_FILE,  # fixed: overwritten each time
    }
    tautulli.call(
        "set_newsletter_config",
        newsletter_id=number,
        agent_id=RECENTLY_ADDED,
        friendly_name=TICK_NAME,
        id_name="",
        subject=TICK,
        body=TICK,
        message=TICK,
        cron=cron,
        active=1,
        **{f"newsletter_config_{key}": value for key, value in config.items()},
    )


def _frame(tautulli: Tautulli, library: Library) -> int:
    """Days to look back: for ever where that is cheap, else three times as far as the newest additions reach."""
    import time

    if library.cost <= CHEAP:
        return ALWAYS
    data = tautulli.call("get_recently_added", section_id=library.id, count=30)
    rows = data.get("recently_added") if isinstance(data, dict) else None
    times = [int(row.get("added_at") or 0) for row in rows or []]
    oldest = min((t for t in times if t > 0), default=0)
    return max(SHORTEST_FRAME, int(3 * (time.time() - oldest) / 86400)) if oldest else ALWAYS
