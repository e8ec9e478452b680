"""`install.py`: everything that Usher needs, in the order in which one step needs the other."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from shared.config import ROOT, Config, load
from shared.errors import Refused, UsherError
from shared.jobs import agents, asking, container, ini_edit, install, peek, pythons, register, schedule, timers, update
from shared.jobs.install import Owner, Source
from shared.jobs.steps import Step, planned

if TYPE_CHECKING:
    from shared.tautulli import Tautulli


class Wishes(NamedTuple):
    """What the command line says. `ask`: somebody is there to answer; `write`: no dry run."""

    url: str = ""
    apikey: str = ""
    config: str = ""
    only: str = ""
    timer: bool = True
    minutes: int | None = None
    ask: bool = False
    write: bool = True


def run(wishes: Wishes) -> Iterator[Step]:
    """Set everything up, or in a dry run say what would be done. Raises UsherError."""
    wanted = agents.named(wishes.only) if wishes.only else None
    for step in _all(wishes, wanted):
        yield step if wishes.write else planned(step)


def _all(wishes: Wishes, only: register.Agent | None) -> Iterator[Step]:
    path = peek.config(wishes.config, os.environ).path
    tautulli, source, keys = _reach(wishes, path)
    yield Step("found", f"Tautulli at {tautulli.http.where} (from {source.found})")
    if wishes.ask and not asking.yes("Set Usher up there?"):
        raise UsherError("nothing was changed")
    owner = install.owner_of_files(source, tautulli)
    yield _config_file(path, owner, wishes.write)
    if wishes.ask:
        keys |= _zone(path)
    if keys:
        ini_edit.write(path, ini_edit.with_keys(ini_edit.read(path), keys))
        yield Step("wrote", f"{', '.join(f'[{section}] {key}' for section, key in keys)} into {path}")
    config = load(path) if wishes.write else peek.config(path, os.environ)
    data_dir = str(config.get("usher", "data_dir"))
    yield from pythons.steps(tautulli.call("get_tautulli_info"), owner, wishes.write)
    if wishes.write:
        _own_files(data_dir, owner)
    yield from update.migrate(data_dir, wishes.write)
    yield from _agents(tautulli, config, only, wishes.write)
    if wishes.timer and not only:
        yield from _timer(tautulli, config, owner, wishes)
    if wishes.write:
        yield from update.hand_over(tautulli, data_dir, schedule.limits_agent(tautulli))
        install.give_tree(data_dir, owner)
    yield from _mistakes(path, config)


def _reach(wishes: Wishes, path: str) -> tuple[Tautulli, Source, dict[tuple[str, str], str]]:
    """Tautulli, where it was found, and what is to be remembered in config.ini because the owner had to say it."""
    found: list[Source] = []
    try:
        found = install.sources(wishes.url, wishes.apikey, path)
        return *install.reach(found), {}
    except UsherError as error:
        if not wishes.ask or wishes.url or wishes.apikey:
            raise
        print(error if found else "No Tautulli was found here.", flush=True)
    tautulli, url, key = asking.where_tautulli_is()
    keys = {("tautulli", "url"): url, ("tautulli", "apikey"): key}
    return tautulli, Source(url, key, "your answer"), keys


def _config_file(path: str, owner: Owner, write: bool) -> Step:
    new = not os.path.exists(path)
    if write:
        new = install.write_config(path, owner)
    return Step("wrote" if new else "kept", path)


def _zone(path: str) -> dict[tuple[str, str], str]:
    name = asking.time_zone(peek.config(path, os.environ), os.environ)
    return {("usher", "timezone"): name} if name else {}


def _own_files(data_dir: str, owner: Owner) -> None:
    """The data folder, bytecode; in a container below Tautulli's data folder everything belongs to its owner."""
    install.make_data_folder(data_dir, owner)
    install.compile_code(owner)
    if container.is_one() and container.is_below(ROOT, container.CONFIG):
        install.give_tree(ROOT, owner)


def _agents(tautulli: Tautulli, config: Config, only: register.Agent | None, write: bool) -> Iterator[Step]:
    for agent in [only] if only else agents.enabled(config):
        done = register.register(tautulli, agent, install.AGENTS, write)
        number = f" (notification agent {done.id})" if done.id else ""
        yield Step(done.done, f"{agent.file} in Tautulli{number}", done.id)


def _timer(tautulli: Tautulli, config: Config, owner: Owner, wishes: Wishes) -> Iterator[Step]:
    """The timer, or how to make one where Tautulli cannot."""
    try:
        yield from schedule.repair(schedule.of_owner(tautulli, owner), config, wishes.minutes, wishes.write)
    except Refused as error:
        line = timers.cron_line(timers.Job(timers.this_python(), timers.SCRIPT, wishes.minutes or 5))
        yield Step("no timer", f"({error}); by cron instead, with [tautulli] and [plex] filled in in config.ini:")
        yield Step("", f"install.py schedule cron, which writes this line: {line}")


def _mistakes(path: str, config: Config) -> Iterator[Step]:
    for problem in config.problems if os.path.exists(path) else ():  # in a dry run there may be no file yet
        yield Step("mistake", f"{problem} ({config.in_force} in force)")
    for name in install.unreadable():
        yield Step("mistake", f"{name} can be read by root only: chmod -R a+rX {ROOT}")
    if path != os.path.join(ROOT, "config.ini"):
        yield Step("note", f"the agents find that file only with USHER_CONFIG={path} in Tautulli's environment")
