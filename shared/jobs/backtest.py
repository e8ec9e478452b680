"""`install.py backtest`: what these rules would have done to the past weeks' real history. Changes nothing."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Sequence
from typing import Any

from shared.config import Config
from shared.errors import UsherError
from shared.jobs import backtest_days, backtest_past, backtest_text, peek
from shared.jobs.backtest_days import Outcome
from shared.jobs.backtest_facts import arranged, clusters
from shared.jobs.backtest_past import History, calendar_of_past
from shared.jobs.days import calendar_of
from shared.jobs.findings import Facts, Progress, gather
from shared.jobs.household import house_of_past
from shared.ledger import Ledger
from shared.log import mask
from shared.policy.calendar import Calendar, day_of
from shared.policy.drift import drift
from shared.policy.replay import Cut, Noted, replay

LONGEST = 3660  # days


def main(argv: list[str]) -> int:
    """Print it all. Raises UsherError if Tautulli does not answer, or a configuration is broken."""
    given = _arguments(argv)
    with Progress() as progress:
        facts = gather(given.tautulli, given.apikey, given.config, progress.say)
        configs = [facts.config] + ([peek.config(given.against, facts.environ)] if given.against else [])
        for config in configs:
            _check(config)
        outcomes = _outcomes(facts, configs, given.days, progress.say)
    if given.html:
        from shared.jobs.backtest_page import page
        from shared.jobs.buttons import write_page

        write_page(given.html, page(*outcomes))
    if given.json:
        print(backtest_text.as_json(*outcomes))
    elif given.html:
        print(f"{backtest_text.summary(outcomes[0])} The days are drawn in {given.html}")
    else:
        print(backtest_text.as_text(*outcomes))
    return 0


def _arguments(argv: list[str]) -> Any:
    parser = argparse.ArgumentParser(
        prog="install.py backtest",
        description="Show what config.ini would have done to the plays in Tautulli's history, had it been live then. "
        "Changes nothing.",
    )
    parser.add_argument("--days", type=int, default=30, metavar="N", help="so many days up to now (30)")
    parser.add_argument("--config", metavar="FILE", default="", help="another config.ini than the one in this folder")
    parser.add_argument("--against", metavar="FILE", default="", help="also show what differs with this one")
    parser.add_argument("--html", metavar="FILE", default="", help="write a page with a picture of each day")
    parser.add_argument("--json", action="store_true", help="for a program to read")
    parser.add_argument("--tautulli", metavar="URL", default="", help="address of Tautulli, over that in config.ini")
    parser.add_argument("--apikey", metavar="KEY", default="", help="its API key (Settings > Web Interface > API)")
    given = parser.parse_args(argv)
    if not 1 <= given.days <= LONGEST:
        parser.error(f"--days is a number from 1 to {LONGEST}")
    return given


def _check(config: Config) -> None:
    if config.problems:
        raise UsherError("\n".join(config.problems))


def _outcomes(facts: Facts, configs: Sequence[Config], days: int, say: Callable[[str], None]) -> list[Outcome]:
    """What each configuration would have done to the same history."""
    needs = backtest_past.needs_of(configs[0])
    for other in configs[1:]:
        needs |= backtest_past.needs_of(other)
    first = day_of(calendar_of(configs[0]), facts.now) - days + 1
    calendar = calendar_of_past(configs[0], first)
    history = backtest_past.read(facts.gateway, needs, calendar, first, facts.now, say)
    found = []
    with backtest_past.scratch(facts.data_dir) as ledger:
        for config in configs:
            history = _with_members(history, ledger, config, facts)
            label = os.path.basename(config.path)
            say(f"playing {len(history.plays)} plays again by {label}")
            found.append(_outcome(config, label, ledger, history, days, say))
    return found


def _outcome(
    config: Config, label: str, ledger: Ledger, history: History, days: int, say: Callable[[str], None]
) -> Outcome:
    today = day_of(calendar_of(config), history.now)
    first = today - days + 1
    calendar = calendar_of_past(config, first)
    house = house_of_past(config, ledger, history.users, today)
    seen = None if history.seen is None else dict(history.seen)
    items, past = arranged(config, house, calendar, history.plays, seen)
    cuts: list[Cut] = []
    notes: list[Noted] = []
    done = 0
    for group in clusters(items, past):
        for one in replay(group, past):
            cuts.append(one) if isinstance(one, Cut) else notes.append(one)
        done += len(group)
        say(f"playing again by {label}: {done} of {len(items)} plays")
    people = backtest_days.people_of(items, cuts, calendar, first, today + 1)
    alerts = backtest_days.alerts_of(items, notes, history.began)
    plays = sum(item.plays_until > history.began for item in items)
    steps = _steps(history, calendar)
    return Outcome(label, calendar, first, today + 1, plays, people, alerts, steps, tuple(history.gaps))


def _with_members(history: History, ledger: Ledger, config: Config, facts: Facts) -> History:
    """The same with whom `[prune]` is about, if it is on."""
    history = history._replace(members=None)
    if not config.get("prune", "enabled"):
        return history
    try:
        return history._replace(members=backtest_past.members(ledger, config, facts.gateway, history))
    except UsherError as problem:
        gap = f"whom [prune] would have warned or removed: {mask(str(problem))}"
        return history._replace(gaps=[*history.gaps, gap])


def _steps(history: History, calendar: Calendar) -> tuple[Any, ...]:
    if history.members is None:
        return ()
    subjects, rules, record = history.members
    ends = backtest_past.ends_by_user(history)
    return tuple(drift(subjects, ends, rules, record, calendar, history.began, history.now))
