"""Who has drifted away: a verdict for each member of the server, with its reason and the date of the next step.

Unknown is not inactive. Whoever is to be removed has had a warning that was delivered, `min_notice` to answer it, and
has watched nothing since. The brake looks at all verdicts together and may refuse them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date as Date
from typing import NamedTuple

from shared.model import Member
from shared.policy import words
from shared.policy.calendar import DAY, EPOCH, Calendar, local_clock

# What is to become of a member: never touched, active, nothing certain known, to be warned, warned and waiting, cannot
# be warned, to be removed.
KEEP, FINE, UNKNOWN, WARN, NOTICE, SILENT, REMOVE = "keep", "fine", "unknown", "warn", "notice", "silent", "remove"
INACTIVE, GUEST = "inactive", "guest"  # why somebody is warned and removed
HOME = ("home", "managed")
HOLE = 7  # days in a row of which nothing shows that Tautulli recorded: longer than a quiet server is quiet
FAR = 4102444800.0  # 2100-01-01: what is later is shown as this, whatever nonsense a service or a setting holds
SHRUNK = 5  # a fifth of the members gone at once, two at least, is no list to act on


class Warned(NamedTuple):
    """A warning. `delivered_at` is 0 until the mail server took it; `refused` is its reason why it never will."""

    cause: str
    posted_at: float
    delivered_at: float = 0.0
    refused: str = ""


class Subject(NamedTuple):
    """A member and all that is known of them. Times are 0 where nothing is known.

    `active_at` is the last sign of life in any record, `recorded` whether Tautulli keeps one of this user at all.
    `renewed_at` is when they were restored or came back, `expires` when a guest's time is over.
    """

    member: Member
    active_at: float = 0.0
    watching: bool = False
    recorded: bool = True
    first_seen: float = 0.0
    renewed_at: float = 0.0
    warned: Warned | None = None
    expires: float | None = None


class Rules(NamedTuple):
    """[prune] as plain values; durations in seconds. `vips` are ids, `admins` mail addresses in lower case."""

    warn_after: float = 27 * DAY
    remove_after: float = 30 * DAY
    new_user_grace: float = DAY
    min_notice: float = 3 * DAY
    home_users: bool = False
    can_mail: bool = True
    owner_id: int = 0
    vips: frozenset[int] = frozenset()
    admins: frozenset[str] = frozenset()
    max_removals: int = 3
    max_removals_percent: int = 20


class Verdict(NamedTuple):
    """`at` is when the next step is due, None where none is; `since` is the moment from which inactivity counts."""

    member: Member
    verdict: str
    reason: str
    at: float | None = None
    cause: str = ""
    since: float = 0.0


class Record(NamedTuple):
    """How far the records can be trusted. `days` are days since 1970 on which Tautulli is known to have recorded.

    `known` members were there at the last look, `missing` of them are not, and it was not us. `removals` are those of
    the last 24 hours and those under way, which are `open`.
    """

    days: frozenset[int]
    known: int = 0
    missing: int = 0
    removals: int = 0
    open: int = 0


class Brake(NamedTuple):
    """Why nothing at all may be done, or why nobody may be removed; "" lets it pass."""

    everything: str = ""
    removals: str = ""


def judge(subject: Subject, rules: Rules, calendar: Calendar, now: float) -> Verdict:
    """The verdict about one member."""
    member = subject.member
    kept = _kept(subject, rules)
    if kept:
        return Verdict(member, KEEP, kept)
    if subject.expires is not None:
        return _guest(subject, rules, calendar, now, subject.expires)
    if not subject.recorded:
        return Verdict(member, UNKNOWN, "Tautulli keeps no history of this user")
    since, what = baseline(subject, rules)
    if not since:
        return Verdict(member, UNKNOWN, "neither a play nor the day they joined is known")
    if subject.watching:
        return Verdict(member, FINE, "watching now", now + rules.warn_after, since=now)
    what = f"{what} {_date(calendar, since, now)}"
    if now < since + rules.warn_after:
        return Verdict(member, FINE, what, since + rules.warn_after, since=since)
    first = since + rules.warn_after
    return _step(subject, rules, calendar, now, INACTIVE, first, since + rules.remove_after, what, since)


def judge_all(subjects: Iterable[Subject], rules: Rules, calendar: Calendar, now: float) -> list[Verdict]:
    """The plan: every member's verdict, those first to whom something happens first."""
    found = [judge(subject, rules, calendar, now) for subject in subjects]
    return sorted(found, key=lambda v: (v.at is None, v.at or 0.0, v.member.id))


def baseline(subject: Subject, rules: Rules) -> tuple[float, str]:
    """Since when somebody is inactive at the most, and what happened then; 0 where nothing is known.

    The last play; else the day they accepted the share, or were first seen here, and their grace. Whoever was invited
    anew, restored or came back has at least the grace from then on.
    """
    member, grace = subject.member, rules.new_user_grace
    found = [(subject.active_at, "last seen")] if subject.active_at else []
    joined = member.accepted_at or (0.0 if subject.active_at else subject.first_seen)
    found += [(joined + grace, "no play since joining; counted from")] if joined else []
    found += [(subject.renewed_at + grace, "no play since coming back; counted from")] if subject.renewed_at else []
    return max(found, default=(0.0, ""))


def holds(subject: Subject, rules: Rules, verdict: Verdict) -> bool:
    """Whether the warning that was given is for what is the matter now: not for something they have answered since."""
    warned = subject.warned
    if warned is None or warned.cause != verdict.cause:
        return False
    if verdict.cause == GUEST:
        return subject.expires is not None and _is_for(warned, subject.expires - rules.min_notice)
    return _is_for(warned, verdict.since + rules.warn_after)


def brake(verdicts: Sequence[Verdict], record: Record, rules: Rules, now: float) -> Brake:
    """Whether these verdicts may be acted on, and removals that are under way go on."""
    acts = [v for v in verdicts if v.verdict in (WARN, REMOVE)]
    if not acts and not record.open:
        return Brake()
    if shrunk(record):
        return Brake(shrunk(record))
    removals = [v for v in acts if v.verdict == REMOVE]
    gap = _gap(record.days, now, rules.remove_after if removals or record.open else rules.warn_after)
    if gap:
        return Brake(gap)
    limit = ceiling(rules, sum(v.member.id != rules.owner_id for v in verdicts))
    if removals and len(removals) + record.removals > limit:
        before = f" besides {record.removals} in the last 24 hours" if record.removals else ""
        return Brake("", f"{_users(len(removals))} would be removed{before}, but only {limit} may be within 24 hours")
    return Brake()


def shrunk(record: Record) -> str:
    """Why plex.tv's list is not to be believed for now, "" if it is."""
    if record.missing < 2 or record.missing * SHRUNK < record.known:
        return ""
    return f"{record.missing} of {record.known} users are suddenly missing from plex.tv's list"


def ceiling(rules: Rules, members: int) -> int:
    """How many may be removed within 24 hours, of so many members."""
    share = members * rules.max_removals_percent // 100
    return min(rules.max_removals, share) if share >= 2 else rules.max_removals


def _kept(subject: Subject, rules: Rules) -> str:
    member = subject.member
    if member.kind == "owner" or member.id == rules.owner_id or member.id <= 0:
        return "the owner" if member.id > 0 else "nobody's account"
    if member.id in rules.vips:
        return "a VIP"
    if member.email and member.email.casefold() in rules.admins:
        return "has the admin's own address"
    if member.kind in HOME and not rules.home_users:
        return "a managed user" if member.kind == "managed" else "in the Plex Home"
    return "the invitation is not accepted yet" if member.pending else ""


def _guest(subject: Subject, rules: Rules, calendar: Calendar, now: float, expires: float) -> Verdict:
    what = f"a guest until {_date(calendar, expires - 1, now)}"
    first = expires - rules.min_notice
    if now < first:
        return Verdict(subject.member, FINE, what, first, GUEST)
    found = _step(subject, rules, calendar, now, GUEST, first, expires, what, 0.0)
    if found.verdict == REMOVE and subject.watching:
        return found._replace(verdict=NOTICE, reason=f"{what}; watching now", at=now)
    return found


def _step(
    subject: Subject, rules: Rules, calendar: Calendar, now: float, cause: str, first: float, last: float, what: str,
    since: float,
) -> Verdict:  # fmt: skip
    """What follows once the time for a warning (`first`) has come; `last` is when the removal may be."""
    member, warned = subject.member, subject.warned
    if warned is None or warned.cause != cause or not _is_for(warned, first):
        if not member.email or not rules.can_mail:
            why = "has no mail address" if not member.email else "no [mail] is set up"
            return Verdict(member, SILENT, f"{what}; {why}: cannot be warned, so is never removed", None, cause, since)
        return Verdict(member, WARN, what, now, cause, since)
    if warned.refused:
        why = f"the warning could not be delivered ({words.shorten(warned.refused, 60)})"
        return Verdict(member, SILENT, f"{what}; {why}: is never removed", None, cause, since)
    if not warned.delivered_at:
        return Verdict(member, NOTICE, f"{what}; the warning is not delivered yet", None, cause, since)
    what = f"{what}; warned {_date(calendar, warned.delivered_at, now)}"
    last = max(last, warned.delivered_at + rules.min_notice)
    return Verdict(member, REMOVE if now >= last else NOTICE, what, last, cause, since)


def _is_for(warned: Warned, first: float) -> bool:
    """Whether a warning was given when it was due. A day's slack: when a play ended becomes known only later."""
    return warned.posted_at >= first - DAY


def _gap(days: frozenset[int], now: float, reach: float) -> str:
    """What is wrong with the record of the last `reach` seconds, "" if it is sound."""
    today, first = int(now // DAY), int((now - reach) // DAY)
    before = [day for day in days if day <= first]
    if not before:
        return f"Tautulli's history does not reach back {reach / DAY:.0f} days"
    marks = [first, *sorted(day for day in days if first < day <= today), today + 1]
    for last, after in zip(marks, marks[1:], strict=False):
        silent = after - max(last, first) - 1
        if silent >= HOLE:
            begun = words.date(EPOCH + last + 1)
            return f"nobody at all has a play in Tautulli's history for {silent} days from {begun} on"
    return ""


def _users(count: int) -> str:
    return f"{count} user{'' if count == 1 else 's'}"


def _date(calendar: Calendar, at: float, now: float) -> str:
    """`3 Jul`, and with its year where that is not clear."""
    ordinal = local_clock(calendar, min(at, FAR))[0]
    return words.date(ordinal) + (f" {Date.fromordinal(ordinal).year}" if abs(now - at) > 300 * DAY else "")
