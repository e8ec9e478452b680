"""Usher's agents and its timer in Tautulli, through Tautulli's own API. Idempotent: the second run changes nothing."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, NamedTuple

from shared.errors import Refused, UsherError

if TYPE_CHECKING:
    from shared.tautulli import ScriptNotifier, Tautulli

SCRIPT_AGENT, RECENTLY_ADDED = 15, 0  # Tautulli's numbers for a Script agent and for its one kind of newsletter
TIMEOUT = 30  # seconds until Tautulli kills a script
# Play and stop, pause and resume are what it is about; change and error are further signs of life; new device and
# concurrent are the only ones that a photo album fires.
TRIGGERS = ("on_play", "on_stop", "on_pause", "on_resume", "on_change", "on_error", "on_newdevice", "on_concurrent")
TICK = "tick"
TICK_NAME = "Usher: tick"
TICK_FILE = "usher-tick.html"
ALWAYS = 36500  # days: whatever was ever added
CHEAP = 300  # requests to Plex that a tick may cost; above, the time frame is cut
SHORTEST_FRAME = 180  # days
TRY_WAIT = 120.0  # seconds for one newsletter


class Agent(NamedTuple):
    """A script to be registered. `triggers` all get the same argument line."""

    file: str
    name: str
    triggers: tuple[str, ...]
    arguments: str


class Registered(NamedTuple):
    """What became of it: its id in Tautulli, and "added", "updated" or "unchanged"."""

    id: int
    done: str


class Library(NamedTuple):
    """A library as a newsletter sees it. `cost` is about how many requests to Plex all of its kind take."""

    cost: int
    items: int
    id: int
    name: str


def register(tautulli: Tautulli, agent: Agent, folder: str) -> Registered:
    """Register a script, or bring its registration up to date.

    What is the owner's stays: conditions, other triggers, a name of their own, a longer time-out. Raises Refused if
    Tautulli cannot see the script (another container, a mounted folder); then nothing is left behind.
    """
    script = os.path.join(folder, agent.file)
    known = _find(tautulli.script_notifiers(), agent, script)
    number = known.id if known else _id(tautulli.call("add_notifier_config", agent_id=SCRIPT_AGENT), "notifier_id")
    wanted: dict[str, Any] = {}
    try:
        before = tautulli.call("get_notifier_config", notifier_id=number)
        wanted = _notifier(before, agent, folder, script, new=not known)
        if not wanted:
            return Registered(number, "unchanged")
        tautulli.call("set_notifier_config", notifier_id=number, agent_id=SCRIPT_AGENT, **wanted)
        _check_visible(tautulli, number, script)
    except UsherError:
        if known and wanted:
            where = {"scripts_script_folder": known.folder, "scripts_script": known.script}
            tautulli.call("set_notifier_config", notifier_id=number, agent_id=SCRIPT_AGENT, **{**wanted, **where})
        elif not known:
            tautulli.call("delete_notifier", notifier_id=number)
        raise
    return Registered(number, "updated" if known else "added")


def schedule(tautulli: Tautulli, notifier: int, minutes: int) -> tuple[Registered, str]:
    """A newsletter that runs `limit_streams.py tick`: Tautulli's only timer. Returns it and the library it looks at.

    Its subject becomes the script's argument. It fires only if something was added to its library in the time frame,
    so it is tried out once, and the next library taken if it does not. Raises Refused if none will do.
    """
    cron = "* * * * *" if minutes == 1 else "0 * * * *" if minutes == 60 else f"*/{minutes} * * * *"
    choices = libraries(tautulli)
    known, before = _find_newsletter(tautulli, notifier)
    chosen = [str(x) for x in _config(before).get("incl_libraries") or []]
    kept = next((one for one in choices if [str(one.id)] == chosen), None)
    if known and kept and _is_set(before, notifier, cron):
        return Registered(known, "unchanged"), kept.name
    number = known or _id(tautulli.call("add_newsletter_config", agent_id=RECENTLY_ADDED), "newsletter_id")
    for one in [kept] if kept else choices:
        frame = int(_config(before).get("time_frame") or 0) if kept else _frame(tautulli, one)
        _set_newsletter(tautulli, number, notifier, cron, one.id, frame)
        try:
            tautulli.call(
                "notify_newsletter", newsletter_id=number, subject=TICK, body=TICK, message=TICK, wait=TRY_WAIT
            )
        except Refused:
            continue
        return Registered(number, "updated" if known else "added"), one.name
    if not known:  # one that worked before stays: Plex may only be down just now
        tautulli.call("delete_newsletter", newsletter_id=number)
    raise Refused("no library with anything in it, which Tautulli's newsletter timer needs")


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


def _find(notifiers: list[ScriptNotifier], agent: Agent, script: str) -> ScriptNotifier | None:
    """The registration of this very file; else one by our name whose file is gone from where it was: we moved."""
    for one in notifiers:
        if _same(one.script, script):
            return one
    for one in notifiers:
        if os.path.basename(one.script) == agent.file and not os.path.exists(one.script):
            return one
    return None


def _notifier(before: Any, agent: Agent, folder: str, script: str, new: bool) -> dict[str, Any]:
    """What to hand to set_notifier_config, {} if all of it is as it should be."""
    config, actions = _config(before), _dict(before, "actions")
    texts = _dict(before, "notify_text")
    timeout = int(config.get("timeout") or 0)
    if new or 0 < timeout < TIMEOUT:
        timeout = TIMEOUT
    triggers = [t for t in agent.triggers if t in actions]
    settled = (
        not new
        and _same(str(config.get("script")), script)
        and _same(str(config.get("script_folder")), folder)
        and timeout == int(config.get("timeout") or 0)
        and all(actions[t] and _dict(texts, t).get("subject") == agent.arguments for t in triggers)
    )
    if settled:
        return {}
    wanted: dict[str, Any] = {
        "friendly_name": (before.get("friendly_name") or agent.name),
        "scripts_script_folder": folder,
        "scripts_script": script,
        "scripts_timeout": timeout,
        "custom_conditions": json.dumps(before.get("custom_conditions") or []),
        "custom_conditions_logic": before.get("custom_conditions_logic") or "",
    }
    for trigger in triggers:
        wanted[trigger] = 1
        wanted[f"{trigger}_subject"] = agent.arguments
    return wanted


def _check_visible(tautulli: Tautulli, number: int, script: str) -> None:
    """Tautulli offers the scripts that it sees in the folder; ours must be among them."""
    after = tautulli.call("get_notifier_config", notifier_id=number)
    options: dict[str, Any] = next(
        (o for o in after.get("config_options") or [] if o.get("name") == "scripts_script"), {}
    )
    seen = options.get("select_options")
    if isinstance(seen, dict) and not any(_same(path, script) for path in seen if path):
        raise Refused(
            f"Tautulli cannot see {script}: put Usher's folder where Tautulli runs (in a container: below /config, "
            "and run install.py in there), or set allow_mounted_folders = 1 in Tautulli's config.ini"
        )


def _find_newsletter(tautulli: Tautulli, notifier: int) -> tuple[int, dict[str, Any]]:
    rows = tautulli.call("get_newsletters")
    for row in rows if isinstance(rows, list) else []:
        setup = tautulli.call("get_newsletter_config", newsletter_id=row["id"])
        ours = setup.get("subject") == TICK and int(_config(setup).get("notifier_id") or 0) == notifier
        if ours or setup.get("friendly_name") == TICK_NAME:
            return int(row["id"]), setup
    return 0, {}


def _is_set(setup: dict[str, Any], notifier: int, cron: str) -> bool:
    config = _config(setup)
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


def _id(data: Any, key: str) -> int:
    try:
        return int(data[key])
    except (TypeError, LookupError, ValueError):
        raise Refused(f"Tautulli did not tell the {key} of what it added") from None


def _same(one: str, other: str) -> bool:
    return os.path.normcase(os.path.normpath(one)) == os.path.normcase(os.path.normpath(other))


def _config(setup: Any) -> dict[str, Any]:
    return _dict(setup, "config")


def _dict(setup: Any, key: str) -> dict[str, Any]:
    found = setup.get(key) if isinstance(setup, dict) else None
    return found if isinstance(found, dict) else {}
