"""Checks of what stands in Tautulli for Usher: its notification agents and its timer."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from shared.jobs import install, register
from shared.jobs.findings import AGAIN, Facts, Finding, error, listed, ok, warning, whole_number
from shared.jobs.limit_streams import ARGUMENTS
from shared.policy.words import duration

if TYPE_CHECKING:
    from shared.tautulli import ScriptNotifier

LIMITS, JOURNAL = "limit_streams.py", "journal.py"
VITAL = ("on_play", "on_stop", "on_pause", "on_resume")
WHERE = "in Tautulli's Settings > Notification Agents"
TICK, TICK_NAME = "tick", "Usher: tick"  # the newsletter's subject and name, as install.py writes them
LATE = 3  # so many intervals without a tick, and the timer does not work
SLOWEST = 3900.0  # seconds; the slowest timer that Usher sets up is one an hour


def agents(facts: Facts) -> Iterator[Finding]:
    """Whether our two agents are registered once, here, and as install.py registers them."""
    if not facts.tautulli:
        return
    scripts = facts.tautulli.script_notifiers()
    for file, triggers in ((LIMITS, register.TRIGGERS), (JOURNAL, ())):
        mine = [one for one in scripts if _file(one.script) == file]
        here = [one for one in mine if _same(one.script, os.path.join(install.AGENTS, file))]
        yield from _elsewhere(file, mine, here)
        if len(here) > 1:
            yield error(f"{file} is registered {len(here)} times (agents {_ids(here)}), so every event is told "
                        f"{len(here)} times", f"delete all but agent {here[0].id} {WHERE}")  # fmt: skip
        if here:
            setup = facts.tautulli.call("get_notifier_config", notifier_id=here[0].id)
            yield from _setup(facts, here[0], setup, triggers)
            if file == LIMITS:
                facts.limits_agent = here[0].id
        elif not mine and file == LIMITS:
            yield error(f"{file} is not registered in Tautulli, so no limit holds", AGAIN)
        elif not mine:
            yield warning(f"{file} is not registered in Tautulli, so decisions have no row in its Notification Logs",
                          AGAIN)  # fmt: skip
    for name in install.unreadable():
        yield error(f"{name} can be read by root only", f"chmod -R a+rX {install.ROOT}")


def schedule(facts: Facts) -> Iterator[Finding]:
    """Which timer is in force, and whether it really fires."""
    last = float(facts.ledger.meta("last_tick", "0")) if facts.ledger else 0.0
    ago = f"it last fired {duration(facts.now - last)} ago" if 0 < last <= facts.now else "it has not fired yet"
    number, letter = _newsletter(facts)
    if number:
        cron = str(letter.get("cron") or "")
        name = f"the timer in Tautulli (newsletter {number}, {cron})"
        if not whole_number(letter.get("active")):
            yield warning(f"{name} is switched off", AGAIN)
        elif not facts.limits_agent or _config(letter, "notifier_id") != str(facts.limits_agent):
            yield warning(f"{name} does not run our {LIMITS}", AGAIN)
        elif facts.ledger_problem:
            yield ok(f"schedule: {name}; when it last fired stands in the ledger, which cannot be read")
        elif facts.now - last > LATE * _interval(cron) + 60:
            yield warning(f"{name}: {ago}", "does its library still hold anything, and does Tautulli run all the time? "
                          "Look at Tautulli's Newsletter Logs, then " + AGAIN)  # fmt: skip
        else:
            yield ok(f"schedule: {name}; {ago}")
    elif 0 <= facts.now - last < SLOWEST:
        yield ok(f"schedule: a timer outside of Tautulli; {ago}")
    elif facts.ledger and facts.ledger.meta("schedule") == "none":
        yield ok("no schedule, as you chose: what Tautulli misses is noticed at the next event only")
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


def _setup(facts: Facts, one: ScriptNotifier, setup: Any, triggers: tuple[str, ...]) -> Iterator[Finding]:
    """One agent, compared with what install.py writes."""
    file, wrong = _file(one.script), False
    name = f"agent {one.id} ({file})"
    for finding in (
        *_visible(facts, one, setup, name),
        *_ticked(setup, triggers, name),
        *_lines(setup, triggers, name),
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


def _lines(setup: Any, triggers: tuple[str, ...], name: str) -> Iterator[Finding]:
    texts, actions = setup.get("notify_text") or {}, setup.get("actions") or {}
    ticked = [t for t in triggers if whole_number(actions.get(t))]
    edited = [t for t in ticked if (texts.get(t) or {}).get("subject") != ARGUMENTS]
    if edited:
        what = listed([t.removeprefix("on_") for t in edited], 8)
        yield error(f"{name}: its arguments were edited by hand, for: {what}", f"{AGAIN}: it puts them right")


def _newsletter(facts: Facts) -> tuple[int, dict[str, Any]]:
    """The newsletter that ticks: ours, else one by our name whose agent is gone. (0, {}) if there is none."""
    gone: tuple[int, dict[str, Any]] = (0, {})
    if not facts.tautulli:
        return gone
    living = {str(row.get("id")) for row in facts.tautulli.call("get_notifiers") or []}
    for row in facts.tautulli.call("get_newsletters") or []:
        letter = facts.tautulli.call("get_newsletter_config", newsletter_id=row["id"])
        runs = _config(letter, "notifier_id")
        if letter.get("subject") == TICK and facts.limits_agent and runs == str(facts.limits_agent):
            return int(row["id"]), letter
        if letter.get("friendly_name") == TICK_NAME and runs not in living:
            gone = int(row["id"]), letter
    return gone


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
