"""Five minutes on the real Tautulli with real kills and faults, judged by a referee who knows the truth."""
import os
import statistics

from tests.bench.figures import Figure
from tests.load import live


def figures(seed=1):
    if not os.environ.get("TAUTULLI_HOME"):
        return
    seen = live.run(seed=seed)
    for fault in seen.faults:
        print(f"  {fault.began - seen.faults[0].began:6.1f} s, for {fault.ended - fault.began:4.1f} s: {fault.name}")
    for name, late, excused in seen.late:
        print(f"  {name} cut {late:+.1f} s late, of which faults excuse {excused:.1f} s")
    assert not seen.wrong, "\n".join(seen.wrong)
    names = sorted({fault.name.partition(" (")[0] for fault in seen.faults})
    yield Figure(f"seed {seed}: faults", str(len({f.began for f in seen.faults})), "", "")
    yield Figure("kinds of faults", ", ".join(names))
    late = [by for _, by, _ in seen.late]
    calm = [by for _, by, excused in seen.late if excused < 0.05]
    yield Figure(f"{len(late)} people cut at their limit: late by, median", f"{statistics.median(late):+.1f} s")
    if calm:
        yield Figure(f"{len(calm)} of them whom no fault touched: late by",
                     f"{min(calm):+.2f} to {max(calm):+.2f} s", "", "within 1 s")
    yield Figure("over a limit by more than faults excuse; cut without cause", "none; none", "", "none")
    yield Figure("streams ended; messages: " + ", ".join(seen.messages), f"{seen.stops}; "
                 + ", ".join(map(str, seen.messages.values())), "", "each once")
    yield Figure("secrets in logs, processes left, damage in the ledger", "none", "", "none")
