"""One seed: thirty days of the house, with all that goes wrong, and what the referee says of it."""
import contextlib
import os
import random
import shutil
import tempfile
import time
from datetime import date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from shared.ledger import Ledger
from tests.campaign import clock as clocks
from tests.campaign import house, mutants, referee, referee_people
from tests.campaign import usher as ushers
from tests.campaign.faults import Faults
from tests.campaign.house import DAY, H
from tests.campaign.lives import Lives
from tests.campaign.services import Services
from tests.campaign.truth import Truth
from tests.campaign.world import TICK, World

FIRST_DAYS = (date(2026, 3, 9), date(2026, 10, 5), date(2026, 6, 1), date(2026, 12, 7))    # two with a day of DST
SETTLING = 30 * H           # after the month nothing goes wrong any more: what waits can arrive
MEMORY = "/dev/shm"


class Result(NamedTuple):
    """What came of a seed. `wrong`: a line for each thing that must not be."""

    seed: int
    wrong: list
    figures: dict
    seconds: float


class Month:
    """All there is of one seed, for the referee to read."""


def run(seed, days=30, mutant="", intensity=1.0, exact=False):
    """Run one seed. The same seed comes to the same."""
    begun, rng = time.perf_counter(), random.Random(seed)
    first = FIRST_DAYS[seed % len(FIRST_DAYS)]
    start = datetime(first.year, first.month, first.day, 4, tzinfo=ZoneInfo(house.ZONE)).timestamp()
    folder = tempfile.mkdtemp(prefix="campaign-", dir=MEMORY if os.path.isdir(MEMORY) else None)
    try:
        month = _month(seed, rng, start, first, days, mutant, intensity, exact, folder)
        wrong = [*referee.limits(month), *referee_people.people(month), *referee_people.messages(month),
                 *referee_people.soundness(month)]
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    wrong = [f"seed {seed}, {line}" for line in wrong]
    return Result(seed, wrong, _figures(month), time.perf_counter() - begun)


def run_task(task):
    """The same in a process of its own."""
    return run(*task)


def _month(seed, rng, start, first, days, mutant, intensity, exact, folder):
    clock, truth, crowd = clocks.Clock(start, rng), Truth(), house.people()
    month, world = Month(), World(clock, truth, rng, crowd)
    services = Services(world, clock, truth)
    world.services, world.usher = services, ushers.Usher(world, clock)
    data, path = os.path.join(folder, "data"), os.path.join(folder, "config.ini")
    with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="utf-8") as file:
        file.write(house.config(crowd, data, first))
    world.ledger = Ledger(data)
    world.ledger.db.close()             # the simulation's own, whichever process it is in
    world.ledger.db = clocks.CONNECT(world.ledger.path, timeout=0, isolation_level=None)
    lives, faults = Lives(world, clock, random.Random(seed + 1), first, days), None
    faults = Faults(world, clock, services, random.Random(seed + 2), days, intensity)
    with contextlib.ExitStack() as stack:
        stack.enter_context(clocks.installed(clock))
        said = stack.enter_context(ushers.installed(world, clock, services, path, exact))
        stack.enter_context(mutants.applied(mutant))
        lives.begin()
        faults.begin()
        clock.after(1.0, world.tick)
        clock.run(start + days * DAY)
        faults.ended = clock.now
        clock.run(clock.now + SETTLING)
        for stream in list(truth.open.values()):
            world.stop(stream)
        clock.run(clock.now + 10 * TICK)
        month.keeper = world.keeper
    month.clock, month.truth, month.world, month.services, month.faults = clock, truth, world, services, faults
    month.lives, month.first, month.days, month.data, month.said = lives, first, days, data, said
    month.ended, month.crowd = clock.now, crowd
    month.holidays = {first + timedelta(n) for n in house.HOLIDAYS}
    month.offset_at = lambda at: next((offset for since, offset in clock.regimes[::-1] if since <= at), 0.0)
    month.rows = lambda query, *values: world.ledger.db.execute(query, values).fetchall()
    month.log = _logs(data)
    return month


def _logs(data):
    found = []
    for name in sorted(os.listdir(data)):
        if name.startswith("usher.log"):
            with open(os.path.join(data, name), encoding="utf-8", errors="replace") as file:
                found.append(file.read())
    return "".join(found)


def _figures(m):
    w = m.world
    return {
        "plays": len(m.truth.streams), "events": w.events, "looks": w.looks, "keepers": w.starts, "ticks": w.ticks,
        "cuts": len(m.truth.cuts), "faults": len(m.faults.log), "kills": len(w.deaths), "removed": len(w.left),
        "letters": len(w.letters), "rows": len(m.services.rows), "posts": len(w.posts), "grants": len(m.lives.grants),
        "requests": sum(m.services.asked.values()),
    }
