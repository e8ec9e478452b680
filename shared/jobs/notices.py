"""What is told to members and to the owner about warnings and removals, put into the outbox together with the deed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from shared.config import Config
from shared.jobs.days import calendar_of
from shared.jobs.roster import Roster
from shared.jobs.tell import JOURNAL, tell_owner
from shared.ledger import Ledger
from shared.ledger_people import People, Removal
from shared.model import Member
from shared.policy import prune
from shared.policy.calendar import DAY, Calendar, local_clock
from shared.policy.named import called
from shared.policy.prune import Brake, Verdict

MAIL = "mail"
MOST = 20  # names in one message to the owner


def post_warning(ledger: Ledger, config: Config, team: Roster, verdict: Verdict, number: int, now: float) -> None:
    """The warning to the user. Its key is the warning's number, by which its delivery is known."""
    kind, fields = warning_fields(ledger, team, verdict, now)
    post_letter(ledger, config, f"warned:{number}", kind, verdict.member, fields, now)


def warning_fields(ledger: Ledger, team: Roster, verdict: Verdict, now: float) -> tuple[str, dict[str, str]]:
    """Which letter, and what stands in it."""
    rules, calendar = team.rules, team.calendar
    notice = now + rules.min_notice
    if verdict.cause == prune.GUEST:
        ends = max(team.subjects[verdict.member.id].expires or 0.0, notice)
        return "guest_reminder", {**fields_of(ledger, verdict.member), "remove_on": long_date(calendar, ends)}
    active = team.subjects[verdict.member.id].active_at
    return "warned", {
        **fields_of(ledger, verdict.member),
        "last_seen": long_date(calendar, active) if active else "",
        "days": str(int((now - verdict.since) // DAY)),
        "remove_on": long_date(calendar, max(verdict.since + rules.remove_after, notice)),
    }


def post_removed(ledger: Ledger, config: Config, removal: Removal, now: float) -> None:
    """The letter to somebody who was removed, if there is an address."""
    row, calendar = People(ledger).members().get(removal.user_id), calendar_of(config)
    since = (row.active_at or row.accepted_at) if row else 0.0
    fields = {
        **fields_of(ledger, removal.member), "reason": removal.reason, "cause": removal.cause,
        "last_seen": long_date(calendar, row.active_at) if row and row.active_at else "",
        "days": str(int((now - since) // DAY)) if since else "",
    }  # fmt: skip
    post_letter(ledger, config, f"removed:{removal.id}", "removed", removal.member, fields, now)


def post_letter(
    ledger: Ledger, config: Config, key: str, kind: str, member: Member, fields: Mapping[str, object], now: float
) -> bool:
    """Put a letter into the outbox, once for each key. False: there is nobody to write to, or nothing to write with."""
    from shared.jobs import letters

    mail = config.settings["mail"]
    if not member.email or not (mail.get("host") and mail.get("from")):
        return False
    subject, text, html = letters.render(kind, fields, config)
    ledger.post(key, MAIL, subject, json.dumps({"text": text, "html": html}), now, member.email)
    return True


def fields_of(ledger: Ledger, member: Member) -> dict[str, str]:
    """What every letter may hold."""
    return {"name": member.title or member.name, "server": ledger.meta("server_name")}


def long_date(calendar: Calendar, at: float) -> str:
    """`30 October 2026`."""
    from datetime import date

    on = date.fromordinal(local_clock(calendar, min(at, prune.FAR))[0])
    return f"{on.day} {on:%B} {on.year}"


# ---- to the owner ----


def tell_warned(ledger: Ledger, verdicts: Sequence[Verdict], now: float) -> None:
    """One row for all who were warned in one go; each is written down by itself."""
    for verdict in verdicts:
        key = f"warned:{verdict.member.id}:{now:.0f}"
        People(ledger).act(key, verdict.member.id, called(verdict.member), "warned", verdict.reason, now)
    if verdicts:
        subject = f"Usher: warned {_some(verdicts)}"
        ledger.post(f"warned-journal:{now:.3f}", JOURNAL, subject, _list(verdicts), now)


def tell_removed(ledger: Ledger, removal: Removal, outcome: str, now: float) -> None:
    name = removal.name
    restore = f"prune_users.py --restore {removal.user_id} invites them back to what they had"
    text = f"{name} {outcome}: {removal.reason}. {restore}."
    tell_owner(ledger, f"removed:{removal.id}:owner", f"Usher: {name} {outcome}", text, now)


def tell_refused(ledger: Ledger, number: int, reason: str, verdicts: Sequence[Verdict], now: float) -> None:
    text = (
        f"Nothing was done, because {reason}. If it is right: prune_users.py --approve {number} "
        f"does just this, and looks at each of them again.\n{_list(verdicts)}"
    )
    tell_owner(ledger, f"plan:{number}", f"Usher: plan {number} needs your word", text, now)


def tell_shrunk(ledger: Ledger, reason: str, now: float) -> str:
    """A list that is not believed; it is believed after a day, so this is a row in the journal, once a day."""
    ledger.post(f"shrunk:{now // DAY:.0f}", JOURNAL, "Usher: nobody is warned or removed for now", f"{reason}.", now)
    return f"nothing done: {reason}"


def tell_names(ledger: Ledger, problems: Sequence[str], dry_run: bool, now: float) -> None:
    """Names of VIPs and guests that fit nobody or several, once each; in a rehearsal in the journal alone."""
    for problem in problems:
        key, subject = f"name:{problem}", "Usher: a name in config.ini is not clear"
        if dry_run:
            ledger.post(f"dry-run:{key}", JOURNAL, subject, f"{problem}.", now)
        else:
            tell_owner(ledger, key, subject, f"{problem}.", now)


def tell_silent(ledger: Ledger, verdicts: Sequence[Verdict], now: float) -> None:
    """Who cannot be warned, once for each occasion: only the owner can do something about them."""
    people = People(ledger)
    new = [
        v for v in verdicts
        if people.act(f"silent:{v.member.id}:{v.cause}:{v.since // DAY:.0f}", v.member.id, called(v.member),
                      "cannot be warned", v.reason, now)
    ]  # fmt: skip
    if new:
        key = f"silent:{now:.3f}"
        tell_owner(ledger, key, f"Usher: {_some(new)} cannot be warned", _list(new), now)


def rehearse(ledger: Ledger, team: Roster, verdicts: Sequence[Verdict], brake: Brake, now: float) -> list[str]:
    """What would be done in a dry run, once for each occasion: written down, and told in the journal alone."""
    people, said = People(ledger), []
    named = {
        prune.WARN: "would warn", prune.REMOVE: "would remove", prune.SILENT: "could not warn",
    }  # fmt: skip
    for verdict in verdicts:
        act = named.get(verdict.verdict)
        if act is None:
            continue
        act = "would remind" if act == "would warn" and verdict.cause == prune.GUEST else act
        key = f"{act}:{verdict.member.id}:{verdict.cause}:{_occasion(team, verdict)}"
        if people.act(key, verdict.member.id, called(verdict.member), act, verdict.reason, now):
            said.append(f"{act} {called(verdict.member)}: {verdict.reason}")
    refused = brake.everything or brake.removals
    if said:
        text = "\n".join(said[:MOST] + [f"… and {len(said) - MOST} more"] * (len(said) > MOST))
        text += f"\nIt would be refused and put before you: {refused}." if refused else ""
        ledger.post(f"dry-run:{now:.3f}", JOURNAL, "Usher: DRY RUN of the care for users", text, now)
    return said if len(said) <= 3 else [*said[:3], f"{len(said) - 3} more"]


def _occasion(team: Roster, verdict: Verdict) -> int:
    """A number for what it is about: the day from which inactivity counts, or on which a guest's time is over."""
    return int((team.subjects[verdict.member.id].expires or verdict.since) // DAY)


def _some(verdicts: Sequence[Verdict]) -> str:
    names = [called(verdict.member) for verdict in verdicts[:3]]
    more = [f"{len(verdicts) - 3} more"] if len(verdicts) > 3 else []
    return ", ".join(names + more)


def _list(verdicts: Sequence[Verdict]) -> str:
    lines = [f"{called(v.member)}: {v.verdict}, {v.reason}" for v in verdicts[:MOST]]
    return "\n".join(lines + [f"… and {len(verdicts) - MOST} more"] * (len(verdicts) > MOST))
