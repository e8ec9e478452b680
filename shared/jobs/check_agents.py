"""Checks of what stands in Tautulli for Usher: its notification agents and its timer."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from shared.errors import UsherError
from shared.jobs import install, newsletter, register, schedule
from shared.jobs.agents import LIMITS, enabled
from shared.jobs.check_files import right_owner
from shared.jobs.findings import AGAIN, Facts, Finding, error, listed, ok, warning, whole_number
from shared.jobs.register import Agent
from shared.policy.words import duration

if TYPE_CHECKING:
    from shared.tautulli import ScriptNotifier

JOURNAL = "journal.py"
VITAL = ("on_play", "on_stop", "on_pause", "on_resume")
WHERE = "in Tautulli's Settings > Notification Agents"
LATE = 3  # so many intervals without a tick, and the timer does not work
SLOWEST = 3900.0  # seconds; the slowest timer that Usher sets up is one an hour


def agents(facts: Facts) -> Iterator[Finding]:
    """Whether each agent that config.ini enables is registered once, here, and as install.py registers it."""
    if not facts.tautulli:
        return
    scripts = facts.tautulli.script_notifiers()
    for agent in enabled(facts.config):
        file = agent.file
        mine = [one for one in scripts if _file(one.script) == file]
        here = [one for one in mine if _same(one.script, os.path.join(install.AGENTS, file))]
        yield from _elsewhere(file, mine, here)
        if len(here) > 1:
            yield error(f"{file} is registered {len(here)} times (agents {_ids(here)}), so every event is told "
                        f"{len(here)} times", f"delete all but agent {here[0].id} {WHERE}")  # fmt: skip
        if here:
            setup = facts.tautulli.call("get_notifier_config", notifier_id=here[0].id)
            yield from _setup(facts, here[0], setup, agent)
            if agent == LIMITS:
                facts.limits_agent = here[0].id
        elif not mine and agent == LIMITS:
            yield error(f"{file} is not registered in Tautulli, so no limit holds", AGAIN)
        elif not mine:
            lost = ", so decisions have no row in its Notification Logs" if file == JOURNAL else ""
            yield warning(f"{file} is not registered in Tautulli{lost}", AGAIN)
    for name in install.unreadable():
        yield error(f"{name} can be read by root only", f"chmod -R a+rX {install.ROOT}")


def timer(facts: Facts) -> Iterator[Finding]:
    """Which schedule is in force, and whether it really fires."""
    last = float(facts.ledger.meta("last_tick", "0")) if facts.ledger else 0.0
    ago = f"it last fired {duration(facts.now - last)} ago" if 0 < last <= facts.now else "it has not fired yet"
    if facts.ledger_problem:
        ago = "when it last fired stands in the ledger, which cannot be read"
    number, letter = newsletter.find(facts.tautulli, facts.limits_agent) if facts.tautulli else (0, {})
    try:
        found = schedule.in_force(schedule.of_owner(None, right_owner(facts)[:2]))
    except UsherError as problem:
        found = []
        yield ok(f"whether cron or systemd have a timer for Usher cannot be told: {problem}")
    often = newsletter.in_words(str(letter.get("cron") or ""))
    names = [f"the timer in Tautulli (newsletter {number}, {often})"] if number else []
    names += [one.what for one in found]
    interval = _interval(str(letter.get("cron") or "")) if number else SLOWEST
    if len(names) > 1:
        yield warning(
            f"{len(names)} schedules are set up: {'; '.join(names)}", "keep one: install.py schedule newsletter"
        )
    elif number and not whole_number(letter.get("active")):
        yield warning(f"{names[0]} is switched off", AGAIN)
    elif number and (not facts.limits_agent or _config(letter, "notifier_id") != str(facts.limits_agent)):
        yield warning(f"{names[0]} does not run our {LIMITS.file}", AGAIN)
    elif names and not facts.ledger_problem and facts.now - last > LATE * interval + 60:
        look = "does its library still hold anything? Look at Tautulli's Newsletter Logs, then " if number else ""
        yield warning(f"{names[0]}: {ago}", look + AGAIN)
    elif names:
        yield ok(f"schedule: {names[0]}; {ago}")
    elif facts.ledger and facts.ledger.meta(schedule.CHOSEN) == "none":
        yield ok("no schedule, as you chose: what Tautulli misses is noticed at the next event only")
    elif 0 <= facts.now - last < SLOWEST:
        yield ok(f"schedule: a timer of your own; {ago}")
    elif facts.tautulli:
        yield warning("no schedule is set up, so what Tautulli misses is noticed at the next event only", AGAIN)


def _elsewhere(file: str, mine: list[ScriptNotifier], here: list[ScriptNotifier]) -> Iterator[Finding]:
    """Registrations of a file of this name in another folder: moved, or another Usher."""
    for one in mine:
        if one in here:
            continue
        if not os.path.exists(one.script) and not here:
            yield error(f"agent {one.id} in Tautulli runs {one.script}, which is not there: Usher has moved to "
                        f"{install.ROOT}", AGAIN)  # fmt: skip
        elif not os.path.exists(one.script):
            yield warning(f"agent {one.id} in Tautulli runs {one.script}, which is not there", f"delete it {WHERE}")
        elif here:
            yield error(f"two Ushers are registered: agent {one.id} runs {one.script}, agent {here[0].id} runs "
                        f"{here[0].script}", f"delete one of them {WHERE}")  # fmt: skip
        else:
            yield error(f"agent {one.id} in Tautulli runs another Usher, {one.script}, and not {install.ROOT}",
                        f"run install.py there, or delete that agent {WHERE} and {AGAIN}")  # fmt: skip


def _setup(facts: Facts, one: ScriptNotifier, setup: Any, agent: Agent) -> Iterator[Finding]:
    """One agent, compared with what install.py writes."""
    name, triggers, wrong = f"agent {one.id} ({agent.file})", agent.triggers, False
    for finding in (
        *_visible(facts, one, setup, name),
        *_ticked(setup, triggers, name),
        *_lines(setup, agent, name),
    ):
        wrong = True
        yield finding
    timeout = whole_number(setup.get("config", {}).get("timeout"))
    if 0 < timeout < register.TIMEOUT:
        wrong = True
        yield warning(f"{name}: Tautulli ends it after {timeout} s", AGAIN)
    conditions = [c for c in setup.get("custom_conditions") or [] if isinstance(c, dict) and c.get("parameter")]
    if conditions and triggers:
        what = listed([str(c["parameter"]) for c in conditions])
        yield ok(f"{name} has conditions of your own ({what}): what they leave out is seen later, by the timekeeper")
    if not wrong:
        yield ok(f"{name} is registered: {len(triggers)} triggers, {one.script}")


def _visible(facts: Facts, one: ScriptNotifier, setup: Any, name: str) -> Iterator[Finding]:
    """Tautulli offers the scripts that it may run from the folder; ours must be among them."""
    options = [o for o in setup.get("config_options") or [] if isinstance(o, dict)]
    seen = next((o.get("select_options") for o in options if o.get("name") == "scripts_script"), None)
    if not isinstance(seen, dict) or any(path and _same(str(path), one.script) for path in seen):
        return
    refused = not whole_number(facts.settings.get("allow_mounted_folders")) and _mount(one.folder)
    if refused:
        yield error(f"{name}: Tautulli refuses its folder, since {refused} is a mount of its own",
                    f"put Usher below Tautulli's own data folder (in a container: /config) and {AGAIN}; or set "
                    "allow_mounted_folders = 1 in Tautulli's config.ini while it is stopped")  # fmt: skip
    else:
        yield error(f"{name}: Tautulli does not see {one.script}",
                    "put Usher's folder where Tautulli runs and may read it (in a container: below /config), "
                    f"and {AGAIN} in there")  # fmt: skip


def _ticked(setup: Any, triggers: tuple[str, ...], name: str) -> Iterator[Finding]:
    actions = setup.get("actions") or {}
    lacking = [t for t in triggers if t in actions and not whole_number(actions[t])]
    if lacking:
        level = error if any(t in VITAL for t in lacking) else warning
        what = listed([t.removeprefix("on_") for t in lacking], 8)
        yield level(f"{name}: not all triggers are ticked, missing: {what}", f"{AGAIN}, or tick them {WHERE}")


def _lines(setup: Any, agent: Agent, name: str) -> Iterator[Finding]:
    texts, actions = setup.get("notify_text") or {}, setup.get("actions") or {}
    ticked = [t for t in agent.triggers if whole_number(actions.get(t))]
    edited = [t for t in ticked if (texts.get(t) or {}).get("subject") != agent.arguments]
    if edited:
        what = listed([t.removeprefix("on_") for t in edited], 8)
        yield error(f"{name}: its arguments were edited by hand, for: {what}", f"{AGAIN}: it puts them right")


def _config(letter: dict[str, Any], key: str) -> str:
    config = letter.get("config")
    return str(config.get(key)) if isinstance(config, dict) else ""


def _interval(cron: str) -> float:
    """Seconds between two runs of a cron line, as far as Usher writes them; an hour for any other one."""
    minute, _, rest = cron.partition(" ")
    if rest.split() != ["*"] * 4:
        return 86400.0
    step = minute.removeprefix("*/")
    return 60.0 if minute == "*" else 60.0 * int(step) if step.isdecimal() and minute != step else 3600.0


def _mount(folder: str) -> str:
    """The mount that a folder lies on, "" if that is the root of all."""
    path = os.path.realpath(folder)
    while path != os.path.dirname(path):
        if os.path.ismount(path):
            return path
        path = os.path.dirname(path)
    return ""


def _file(script: str) -> str:
    return script.replace("\\", "/").rpartition("/")[2]


def _ids(notifiers: list[ScriptNotifier]) -> str:
    return ", ".join(str(one.id) for one in notifiers)


def _same(one: str, other: str) -> bool:
    return os.path.normcase(os.path.realpath(one)) == os.path.normcase(os.path.realpath(other))
