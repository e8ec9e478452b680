"""Taking somebody off the server, step by step, so that a run that was broken off anywhere is gone on with.

    planned    decided, nothing done yet
    exported   what they had is written down
    asking     plex.tv is being asked: whether it heard is not known until the next look
    asked      plex.tv said yes
    gone       a look showed that they are off the server
    cleaned    Tautulli has been seen to
    (ended)    they and the owner are told

Each step is recorded when it is done, and doing one twice does no harm. Up to `asked` everything about the person is
looked at anew right before plex.tv is asked, and whoever does not qualify any more stays.
"""

from __future__ import annotations

import os
import time
from typing import NamedTuple

from shared import files
from shared.config import Config
from shared.errors import Unreachable, UsherError
from shared.files import make_folder
from shared.gateway import Gateway
from shared.jobs import notices
from shared.jobs.roster import Look, Roster
from shared.jobs.tell import JOURNAL, tell_owner
from shared.ledger import Ledger
from shared.ledger_people import People, Removal, pack
from shared.log import log
from shared.policy import prune
from shared.policy.prune import Verdict

FOLDER = "removed"
PLANNED, EXPORTED, ASKING, ASKED, GONE, CLEANED = "planned", "exported", "asking", "asked", "gone", "cleaned"
PAUSES = (600.0, 1800.0, 3600.0, 3 * 3600.0, 6 * 3600.0)  # seconds to the next attempt; then once a day
DAILY = 86400.0
PATIENT = 2  # failed attempts before the owner hears of a service that does not answer, or a user who stays
ALREADY = "was already gone"


class Job(NamedTuple):
    """What all steps need. `held` is why nobody may be asked for now, "" if nothing is."""

    ledger: Ledger
    config: Config
    gateway: Gateway
    look: Look
    roster: Roster
    now: float
    held: str = ""


def pursue(job: Job) -> list[str]:
    """Go on with every removal whose time has come; what came of them, a line each."""
    people, said = People(job.ledger), []
    for removal in people.open_removals():
        if removal.next_at > job.now:
            continue
        try:
            said += _forward(job, people, removal)
        except UsherError as error:
            said.append(_failed(job, people, removal, error))
            if isinstance(error, Unreachable):
                break  # the others would wait for the same service
    asked = [removal for removal in people.open_removals() if removal.step == ASKED and removal.next_at <= job.now]
    return said + (_look_again(job, people, asked) if asked else [])


def _forward(job: Job, people: People, removal: Removal) -> list[str]:
    """As far as it goes without a new look at plex.tv's list."""
    if removal.step in (GONE, CLEANED):
        return [_finish(job, people, removal)]
    if removal.user_id not in job.look.members:
        if removal.step in (ASKING, ASKED):
            return [_gone(job, people, removal)]
        return [_cancel(job, people, removal, "has left before")]
    if removal.user_id not in job.roster.subjects:
        return [_cancel(job, people, removal, "was away and is there again")]
    if job.held and not removal.approved:
        return []
    if removal.step == PLANNED:
        path = _export(job, removal) if job.config.get("prune", "export") else ""
        with job.ledger.writing():
            people.step(removal.id, EXPORTED, export=path, member=pack(job.look.members[removal.user_id]))
    verdict = qualifies(job, people, removal.user_id)
    if verdict.verdict != prune.REMOVE:
        return [_cancel(job, people, removal, verdict.reason)]
    member = job.look.members[removal.user_id]
    with job.ledger.writing():
        people.step(removal.id, ASKING)
    accepted = job.gateway.plextv.remove(member)
    first = removal.step in (PLANNED, EXPORTED) and not removal.attempts
    with job.ledger.writing():
        people.step(removal.id, ASKED, outcome=ALREADY if first and not accepted else "")
    return []


def qualifies(job: Job, people: People, user_id: int) -> Verdict:
    """The verdict about one member as of this moment: plays and sessions are read again."""
    subject, viewers = job.roster.subjects[user_id], job.gateway.viewers
    sessions = job.gateway.plex.sessions(job.roster.rules.owner_id)
    watching = any(session.user_id == user_id for session in sessions)
    last = max(viewers.last_play(user_id), people.last_play(user_id), subject.active_at)
    with job.ledger.writing():
        people.see_active({user_id: last})
    subject = subject._replace(active_at=last, watching=watching or subject.watching)
    return prune.judge(subject, job.roster.rules, job.roster.calendar, job.now)


def _look_again(job: Job, people: People, asked: list[Removal]) -> list[str]:
    """Whether they are really gone: one look for all."""
    said = []
    try:
        listed = {member.id for member in job.gateway.plextv.members()}
    except UsherError as error:
        return [f"whether {len(asked)} removed users are gone is not known yet: {error}"]
    for removal in asked:
        try:
            if removal.user_id in listed:
                still = UsherError("plex.tv accepts the removal, but they are still there")
                said.append(_failed(job, people, removal, still))
            else:
                said.append(_gone(job, people, removal))
        except UsherError as error:
            said.append(_failed(job, people, removal, error))
    return said


def _gone(job: Job, people: People, removal: Removal) -> str:
    with job.ledger.writing():
        people.step(removal.id, GONE, gone_at=job.now, attempts=0, error="")
        people.gone(removal.user_id, job.now)
    return _finish(job, people, removal._replace(step=GONE, attempts=0))


def _finish(job: Job, people: People, removal: Removal) -> str:
    """What is left to do once they are off the server."""
    if removal.step == GONE:
        if job.config.get("prune", "tautulli_user") == "delete":
            job.gateway.viewers.delete(removal.user_id)
        with job.ledger.writing():
            people.step(removal.id, CLEANED)
    outcome = removal.outcome or "removed"
    with job.ledger.writing():
        if outcome != ALREADY:
            notices.post_removed(job.ledger, job.config, removal, job.now)
        notices.tell_removed(job.ledger, removal, outcome, job.now)
        people.act(f"removal:{removal.id}", removal.user_id, removal.name, outcome, removal.reason, job.now)
        people.close_warning(removal.user_id, outcome, job.now)
        people.end_removal(removal, outcome, job.now)
    return f"{removal.name} {outcome}"


def _cancel(job: Job, people: People, removal: Removal, why: str) -> str:
    with job.ledger.writing():
        people.end_removal(removal, f"stays: {why}", job.now)
        people.act(f"removal:{removal.id}", removal.user_id, removal.name, "kept", why, job.now)
        text = f"{removal.name} was to be removed and is not: {why}"
        job.ledger.post(f"kept:{removal.id}", JOURNAL, f"Usher: {removal.name} is not removed", text, job.now)
    return f"{removal.name} stays: {why}"


def _failed(job: Job, people: People, removal: Removal, error: UsherError) -> str:
    """Try again later. The owner hears of it once; of what may pass by itself only when it does not."""
    attempts = removal.attempts + 1
    pause = PAUSES[attempts - 1] if attempts <= len(PAUSES) else DAILY
    pause = max(pause, error.retry_after if isinstance(error, Unreachable) else 0.0)
    step = next(one.step for one in people.open_removals() if one.id == removal.id)
    with job.ledger.writing():
        people.step(removal.id, step, attempts=attempts, next_at=job.now + pause, error=str(error))
        if attempts >= PATIENT:
            tell_owner(
                job.ledger, f"stuck:{removal.id}", f"Usher: {removal.name} is not removed yet",
                f"{error}. It is tried again by itself; this is told only once.", job.now,
            )  # fmt: skip
    log(str(job.config.get("usher", "data_dir")), "warning", f"removal of {removal.name}: {error}")
    return f"{removal.name} not removed yet: {error}"


def _export(job: Job, removal: Removal) -> str:
    """Write down what they had: the share, and all their plays. The file's name within the data folder."""
    import gzip
    import json

    folder = os.path.join(os.path.dirname(job.ledger.path), FOLDER)
    name = f"{removal.user_id}-{time.strftime('%Y%m%d-%H%M%S', time.gmtime(job.now))}.json.gz"
    path = os.path.join(folder, name)
    told = {
        "written_at": job.now,
        "member": job.look.members[removal.user_id]._asdict(),
        "reason": removal.reason,
        "history": list(job.gateway.viewers.history(removal.user_id)),
    }
    try:
        make_folder(folder)
        with open(files.draft(f"{path}.new"), "wb") as file:
            file.write(gzip.compress(json.dumps(told).encode()))
            file.flush()
            os.fsync(file.fileno())
        files.give(f"{path}.new")
        os.replace(f"{path}.new", path)
    except OSError as error:
        raise UsherError(f"what they had cannot be saved in {folder}: {error.strerror or error}") from None
    return f"{FOLDER}/{name}"


