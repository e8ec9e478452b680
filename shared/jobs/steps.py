"""What a set-up does, step by step, as lines for the owner and rows for a program."""

from __future__ import annotations

from typing import Any, NamedTuple

WOULD = {
    "added": "add",
    "updated": "update",
    "wrote": "write",
    "made": "make",
    "removed": "remove",
    "fetched": "fetch",
    "copied": "copy",
    "stopped": "stop",
    "migrated": "migrate",
}  # fmt: skip


class Step(NamedTuple):
    """One thing done, found, kept or wrong. `id` is its number in Tautulli, 0 for what has none."""

    done: str
    what: str
    id: int = 0

    @property
    def text(self) -> str:
        """The line as it is shown: without secrets."""
        from shared import log

        return log.one_line(log.mask(f"{self.done:<9} {self.what}"))

    @property
    def row(self) -> dict[str, Any]:
        """The same for a program."""
        from shared import log

        row = {"done": self.done, "what": log.mask(self.what), "id": self.id}
        return row if self.id else {key: value for key, value in row.items() if key != "id"}


def planned(step: Step) -> Step:
    """The same step of a dry run, in which nothing is done."""
    return step._replace(done=f"would {WOULD[step.done]}") if step.done in WOULD else step
