"""Usher's agents in Tautulli, through Tautulli's own API. Idempotent: the second run changes nothing."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, NamedTuple

from shared.errors import Refused, UsherError

if TYPE_CHECKING:
    from shared.tautulli import ScriptNotifier, Tautulli

SCRIPT_AGENT = 15  # Tautulli's number for one
TIMEOUT = 30  # seconds until Tautulli kills a script
# Play and stop, pause and resume are what it is about; change and error are further signs of life; new device and
# concurrent are the only ones that a photo album fires.
TRIGGERS = ("on_play", "on_stop", "on_pause", "on_resume", "on_change", "on_error", "on_newdevice", "on_concurrent")


class Agent(NamedTuple):
    """A script to be registered. `triggers` all get the same argument line.

    `enabled_by` is the section whose `enabled = yes` it waits for, "" for an agent that is always registered.
    """

    file: str
    name: str
    triggers: tuple[str, ...]
    arguments: str
    enabled_by: str = ""


class Registered(NamedTuple):
    """What became of it: its id in Tautulli (0 before it is added), and "added", "updated" or "unchanged"."""

    id: int
    done: str


def register(tautulli: Tautulli, agent: Agent, folder: str, write: bool = True) -> Registered:
    """Register a script, or bring its registration up to date.

    What is the owner's stays: conditions, other triggers, a name of their own, a longer time-out. Raises Refused if
    Tautulli cannot see the script (another container, a mounted folder); then nothing is left behind. Without `write`
    it is only planned.
    """
    script = os.path.join(folder, agent.file)
    known = find(tautulli.script_notifiers(), agent, folder)
    if not known and not write:
        return Registered(0, "added")
    number = known.id if known else added_id(tautulli.call("add_notifier_config", agent_id=SCRIPT_AGENT), "notifier_id")
    wanted: dict[str, Any] = {}
    try:
        before = tautulli.call("get_notifier_config", notifier_id=number)
        wanted = _notifier(before, agent, folder, script, new=not known)
        if not wanted:
            return Registered(number, "unchanged")
        if not write:
            return Registered(number, "updated")
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


def find(notifiers: list[ScriptNotifier], agent: Agent, folder: str) -> ScriptNotifier | None:
    """The registration of this very file; else one of ours whose file is gone from where it was: Usher has moved."""
    script = os.path.join(folder, agent.file)
    here = next((one for one in notifiers if same(one.script, script)), None)
    return here or next((one for one in notifiers if is_left(one, agent)), None)


def is_left(one: ScriptNotifier, agent: Agent) -> bool:
    """Whether it was made for this agent of an Usher that is not there any more."""
    place, file = os.path.split(one.script.replace("\\", "/"))
    ours = one.friendly_name == agent.name or os.path.basename(place) == "agents"
    return file == agent.file and ours and not os.path.exists(one.script)


def _notifier(before: Any, agent: Agent, folder: str, script: str, new: bool) -> dict[str, Any]:
    """What to hand to set_notifier_config, {} if all of it is as it should be."""
    config, actions = part(before, "config"), part(before, "actions")
    texts = part(before, "notify_text")
    timeout = int(config.get("timeout") or 0)
    if new or 0 < timeout < TIMEOUT:
        timeout = TIMEOUT
    triggers = [t for t in agent.triggers if t in actions]
    settled = (
        not new
        and same(str(config.get("script")), script)
        and same(str(config.get("script_folder")), folder)
        and timeout == int(config.get("timeout") or 0)
        and all(actions[t] and part(texts, t).get("subject") == agent.arguments for t in triggers)
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
    if isinstance(seen, dict) and not any(same(path, script) for path in seen if path):
        raise Refused(
            f"Tautulli cannot see {script}: put Usher's folder where Tautulli runs (in a container: below /config, "
            "and run install.py in there), or set allow_mounted_folders = 1 in Tautulli's config.ini"
        )


def added_id(data: Any, key: str) -> int:
    """The id of what Tautulli has just added."""
    try:
        return int(data[key])
    except (TypeError, LookupError, ValueError):
        raise Refused(f"Tautulli did not tell the {key} of what it added") from None


def same(one: str, other: str) -> bool:
    """Whether two paths lead to the same place, links followed, also where there is nothing."""
    return os.path.normcase(os.path.realpath(one)) == os.path.normcase(os.path.realpath(other))


def part(setup: Any, key: str) -> dict[str, Any]:
    """A part of what Tautulli tells of an agent or newsletter, {} if it is not there."""
    found = setup.get(key) if isinstance(setup, dict) else None
    return found if isinstance(found, dict) else {}
