"""Who would have been warned and removed in the past for having drifted away: the verdicts of `prune`, one after the
other, each at the moment at which it is due."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from shared.policy import prune
from shared.policy.calendar import DAY, Calendar
from shared.policy.prune import KEEP, REMOVE, SILENT, UNKNOWN, WARN, Record, Rules, Subject, Verdict, Warned


class Step(NamedTuple):
    """What would have been done about a member: `verdict` is warn, remove, or silent (cannot be warned, so is never
    removed). `brake` is why a removal would have waited for the owner's word."""

    at: float
    verdict: Verdict
    brake: str = ""


def drift(
    subjects: Sequence[Subject], plays: Mapping[int, Sequence[float]], rules: Rules, record: Record, calendar: Calendar,
    began: float, ended: float,
) -> list[Step]:  # fmt: skip
    """What would have happened between two moments. `plays` has the ends of each user's plays, sorted; `active_at` of a
    subject is the last sign of life before the first of these. Nobody is taken to have been warned before."""
    steps: list[Step] = []
    members = sum(subject.member.id != rules.owner_id for subject in subjects)
    for subject in subjects:
        steps += _of_one(subject, plays.get(subject.member.id, ()), rules, calendar, began, ended)
    steps.sort(key=lambda step: (step.at, step.verdict.member.id))
    removals = [step for step in steps if step.verdict.verdict == REMOVE]
    return [step._replace(brake=_brake(step, removals, rules, record, members)) if step in removals else step
            for step in steps]  # fmt: skip


def _of_one(
    subject: Subject, plays: Sequence[float], rules: Rules, calendar: Calendar, began: float, ended: float
) -> list[Step]:
    steps: list[Step] = []
    warned, at, silent = None, began, ""
    while at < ended:
        seen = bisect_right(plays, at)
        active = plays[seen - 1] if seen else subject.active_at
        now = subject._replace(active_at=active, watching=False, warned=warned)
        verdict = prune.judge(now, rules, calendar, at)
        if verdict.verdict in (KEEP, UNKNOWN):
            break
        if verdict.verdict == WARN:
            warned = Warned(verdict.cause, at, at)
            steps.append(Step(at, verdict))
            continue
        if verdict.verdict == REMOVE:
            steps.append(Step(at, verdict))
            break
        if verdict.verdict == SILENT and verdict.reason != silent:
            silent = verdict.reason
            steps.append(Step(at, verdict))
        coming = verdict.at if verdict.at is not None else plays[seen] if seen < len(plays) else ended
        at = max(coming, at + 1)
    return steps


def _brake(step: Step, removals: Sequence[Step], rules: Rules, record: Record, members: int) -> str:
    """Why the owner would have been asked first: too many within a day, or a history that is not whole."""
    together = [other for other in removals if abs(other.at - step.at) < DAY]
    days = frozenset(day for day in record.days if day <= step.at // DAY)
    found = prune.brake([other.verdict for other in together], Record(days), rules, step.at)
    limit = prune.ceiling(rules, members)
    many = f"{len(together)} within 24 hours, and only {limit} may be" if len(together) > limit else ""
    return found.everything or many
