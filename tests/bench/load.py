"""Under load: viewers who press pause, play and stop again and again, on a Tautulli and without one."""
import os
import statistics

from tests.bench.figures import Figure
from tests.load import storm


def figures():
    if os.environ.get("TAUTULLI_HOME"):
        yield from told("on the real Tautulli", storm.on_tautulli())
    yield from told("started directly", storm.directly())


def told(where, seen):
    wrong = storm.wrong(seen)
    assert not wrong, "\n".join(wrong)
    what = f"{seen.viewers} viewers, {seen.rate} presses a second for {seen.seconds:.0f} s, {where}"
    walls, off = sorted(seen.walls), [abs(charge) for charge in seen.charges]
    yield Figure(f"{what}: events handed over; in the ledger", f"{sum(seen.handed.values()):,}; "
                 f"{sum(seen.written.values()):,}", "", "nothing lost")
    yield Figure(f"{what}: time of an event, median; 95 %; 99 %; longest", "; ".join(f"{s:.2f} s" for s in (
        statistics.median(walls), share(walls, 0.95), share(walls, 0.99), walls[-1])), "", "99 % under 0.5 s")
    yield Figure(f"{what}: cut late, those whose limit was reached", f"{len(seen.cuts)} by {min(seen.cuts):+.2f} to "
                 f"{max(seen.cuts):+.2f} s, median {statistics.median(seen.cuts):+.2f} s", "", "within 1 s")
    yield Figure(f"{what}: charged time and the truth differ by", f"median {statistics.median(off):.2f} s, at most "
                 f"{max(off):.2f} s", "", f"at most {storm.CHARGE:.0f} s")
    told = sorted(seen.told)
    yield Figure(f"{what}: from a press to the begin of its script, the host's own doing, median; 99 %",
                 f"{statistics.median(told):.2f} s; {share(told, 0.99):.2f} s")
    part = seen.processor
    yield Figure(f"{what}: both cores for viewers, Plex and Tautulli; Usher; others on the machine; idle", "; ".join(
        f"{part[name]:.0f} %" for name in ("load", "usher", "others", "idle")))
    yield Figure(f"{what}: timekeeper, of one core; memory", f"{part['keeper']:.1f} %; {part['memory']:.0f} MB")
    yield Figure(f"{what}: errors, locks and warnings in all logs", "none", "", "none")


def share(numbers, part):
    return numbers[min(int(len(numbers) * part), len(numbers) - 1)]
