"""Who is warned and removed, and when the brake refuses: tables of single cases, properties, a rolling simulation."""
from datetime import datetime, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.model import Member
from shared.policy import named, prune
from shared.policy.calendar import DAY, Calendar
from shared.policy.prune import (
    FINE,
    GUEST,
    INACTIVE,
    KEEP,
    NOTICE,
    REMOVE,
    SILENT,
    UNKNOWN,
    WARN,
    Record,
    Rules,
    Subject,
    Warned,
)

NOW = datetime(2026, 11, 20, 18, tzinfo=timezone.utc).timestamp()
CALENDAR, RULES = Calendar(), Rules(owner_id=1)
ANNA = Member(7, "anna", "Anna", "anna@example.com", "friend", 70, accepted_at=NOW - 300 * DAY)


def days(n):
    return NOW - n * DAY


def subject(idle=None, member=ANNA, **more):
    """Somebody who was last seen so many days ago; None: never."""
    return Subject(member, 0.0 if idle is None else days(idle), first_seen=days(300), **more)


def warned(ago, delivered=True, cause=INACTIVE, **more):
    return Warned(cause, days(ago), days(ago) if delivered else 0.0, **more)


SECOND = 1 / DAY
VERDICTS = [
    # (what it is about, who, rules over the default, verdict, when the next step is due in days from now or None)
    ("seen a second ago", subject(SECOND), {}, FINE, 27 - SECOND),
    ("seen in the future", subject(-3), {}, FINE, 30),
    ("a second before the warning", subject(27 - SECOND), {}, FINE, SECOND),
    ("on the second", subject(27), {}, WARN, 0),
    ("long idle, never warned", subject(400), {}, WARN, 0),
    ("warned, not delivered", subject(29, warned=warned(2, delivered=False)), {}, NOTICE, None),
    ("warned, the time is not over", subject(29, warned=warned(2)), {}, NOTICE, 1),
    ("long idle, warned two days ago", subject(400, warned=warned(2)), {}, NOTICE, 1),
    ("a second before the removal", subject(30 - SECOND, warned=warned(3)), {}, NOTICE, SECOND),
    ("a second of notice is left", subject(40, warned=warned(3 - SECOND)), {}, NOTICE, SECOND),
    ("on the second of the removal", subject(30, warned=warned(3)), {}, REMOVE, 0),
    ("warned, not delivered for long", subject(60, warned=warned(30, delivered=False)), {}, NOTICE, None),
    ("delivered late", subject(60, warned=Warned(INACTIVE, days(30), days(1))), {}, NOTICE, 2),
    ("the address refused it", subject(60, warned=warned(30, False, refused="550 no such user")), {}, SILENT, None),
    ("has watched since the warning", subject(2, warned=warned(3)), {}, FINE, 25),
    ("has watched, has drifted away again", subject(28, warned=warned(40)), {}, WARN, 0),
    ("watching now", subject(60, warned=warned(30), watching=True), {}, FINE, 27),
    ("joined in a year that cannot be", subject(9, ANNA._replace(accepted_at=9e14)), {}, FINE,
     9e14 / DAY + 28 - NOW / DAY),
    ("no mail address", subject(60, ANNA._replace(email="")), {}, SILENT, None),
    ("no mail server", subject(60), {"can_mail": False}, SILENT, None),
    ("warned, then the mail server was taken away", subject(60, warned=warned(5)), {"can_mail": False}, REMOVE, -2),
    ("a VIP", subject(60, warned=warned(30)), {"vips": frozenset({7})}, KEEP, None),
    ("the owner by kind", subject(60, ANNA._replace(kind="owner")), {}, KEEP, None),
    ("the owner by id", subject(60, warned=warned(30)), {"owner_id": 7}, KEEP, None),
    ("the admin's address", subject(60), {"admins": frozenset({"anna@example.com"})}, KEEP, None),
    ("the admin's address, otherwise written", subject(60, ANNA._replace(email="Anna@Example.com")),
     {"admins": frozenset({"anna@example.com"})}, KEEP, None),
    ("no address is nobody's", subject(60, ANNA._replace(email="")), {"admins": frozenset({""})}, SILENT, None),
    ("of the home", subject(60, ANNA._replace(kind="home")), {}, KEEP, None),
    ("managed", subject(60, ANNA._replace(kind="managed", email="")), {}, KEEP, None),
    ("of the home, which is configured", subject(60, ANNA._replace(kind="home")), {"home_users": True}, WARN, 0),
    ("managed, which is configured", subject(60, ANNA._replace(kind="managed", email="")), {"home_users": True},
     SILENT, None),
    ("nobody", subject(60, ANNA._replace(id=0)), {}, KEEP, None),
    ("somebody with the first number of all", subject(60, ANNA._replace(id=1)), {"owner_id": 9}, WARN, 0),
    ("not accepted yet", subject(None, ANNA._replace(pending=True, accepted_at=0.0)), {}, KEEP, None),
    ("not recorded", subject(60, recorded=False), {}, UNKNOWN, None),
    ("nothing known", Subject(ANNA._replace(accepted_at=0.0)), {}, UNKNOWN, None),
    ("never watched, joined 28 days ago", subject(None, ANNA._replace(accepted_at=days(28))), {}, WARN, 0),
    ("never watched, the grace counts", subject(None, ANNA._replace(accepted_at=days(28) + 1)), {}, FINE, SECOND),
    ("never watched, joining unknown", Subject(ANNA._replace(accepted_at=0.0), first_seen=days(20)), {}, FINE, 8),
    ("joined anew lately", subject(200, ANNA._replace(accepted_at=days(5))), {}, FINE, 23),
    ("first seen late, has long been idle", Subject(ANNA._replace(accepted_at=0.0), days(60), first_seen=days(1)), {},
     WARN, 0),
    ("restored yesterday", subject(200, renewed_at=days(1)), {}, FINE, 27),
    ("restored long ago, idle since", subject(200, renewed_at=days(40)), {}, WARN, 0),
    ("a guest long before", subject(200, expires=days(-10)), {}, FINE, 7),
    ("a guest to be reminded", subject(0, expires=days(-3)), {}, WARN, 0),
    ("a guest reminded", subject(0, expires=days(-1), warned=warned(2, cause=GUEST)), {}, NOTICE, 1),
    ("a guest whose time is over", subject(0, expires=NOW, warned=warned(3, cause=GUEST)), {}, REMOVE, 0),
    ("a guest reminded late", subject(0, expires=days(5), warned=warned(1, cause=GUEST)), {}, NOTICE, 2),
    ("a guest never reminded", subject(0, expires=days(5)), {}, WARN, 0),
    ("a guest with an inactive's warning", subject(0, expires=days(5), warned=warned(9)), {}, WARN, 0),
    ("a guest whose time was prolonged", subject(0, expires=days(-9), warned=warned(4, cause=GUEST)), {}, FINE, 6),
    ("a guest prolonged, due again", subject(0, expires=days(-2), warned=warned(40, cause=GUEST)), {}, WARN, 0),
    ("a guest watching at the end", subject(0, expires=days(1), warned=warned(4, cause=GUEST), watching=True), {},
     NOTICE, 0),
    ("a guest who is a VIP", subject(0, expires=days(9), warned=warned(9, cause=GUEST)), {"vips": frozenset({7})},
     KEEP, None),
    ("was a guest, idle, warned as one", subject(60, warned=warned(30, cause=GUEST)), {}, WARN, 0),
    ("the end of the play became known after the warning", subject(26.9, warned=warned(0.01)), {}, FINE, 0.1),
    ("but not two days after it", subject(27, warned=warned(2)), {}, WARN, 0),
    ("and the time is over", Subject(ANNA, days(30), warned=warned(3.1)), {}, REMOVE, 0),
]  # fmt: skip


@pytest.mark.parametrize("about, who, rules, verdict, at", VERDICTS, ids=[v[0] for v in VERDICTS])
def test_a_verdict(about, who, rules, verdict, at):
    found = prune.judge(who, RULES._replace(**rules), CALENDAR, NOW)
    assert (found.verdict, found.member) == (verdict, who.member), found.reason
    assert found.at is None if at is None else found.at == pytest.approx(NOW + at * DAY, abs=2)
    assert found.reason and "\n" not in found.reason


REASONS = [
    (subject(3), "last seen 17 Nov"),
    (subject(400, ANNA._replace(accepted_at=0.0)), "last seen 16 Oct 2025"),
    (subject(30, warned=warned(3)), "last seen 21 Oct; warned 17 Nov"),
    (subject(None, ANNA._replace(accepted_at=days(28))), "no play since joining; counted from 24 Oct"),
    (subject(0, expires=days(-1), warned=warned(2, cause=GUEST)), "a guest until 21 Nov; warned 18 Nov"),
    (subject(60, ANNA._replace(email="")),
     "last seen 21 Sep; has no mail address: cannot be warned, so is never removed"),
]


MIDNIGHT = NOW + 6 * 3600  # of the 21st
REASONS += [
    (subject(60, recorded=False), "Tautulli keeps no history of this user"),
    (Subject(ANNA._replace(accepted_at=0.0)), "neither a play nor the day they joined is known"),
    (subject(60, watching=True), "watching now"),
    (subject(200, renewed_at=days(40)), "no play since coming back; counted from 12 Oct"),
    (subject(60, ANNA._replace(id=0)), "nobody's account"), (subject(60, ANNA._replace(kind="owner")), "the owner"),
    (subject(60, ANNA._replace(id=1)), "the owner"), (subject(60, ANNA._replace(id=2)), "a VIP"),
    (subject(60, ANNA._replace(email="Me@example.com")), "has the admin's own address"),
    (subject(60, ANNA._replace(kind="managed")), "a managed user"),
    (subject(60, ANNA._replace(kind="home")), "in the Plex Home"),
    (subject(60, ANNA._replace(pending=True)), "the invitation is not accepted yet"),
    (subject(0, expires=MIDNIGHT + 9 * DAY), "a guest until 29 Nov"),
    (subject(0, expires=MIDNIGHT + 9 * DAY + 1), "a guest until 30 Nov"),
    (subject(0, expires=days(1), warned=warned(4, cause=GUEST), watching=True), "a guest until 19 Nov; watching now"),
    (subject(29, warned=warned(2, delivered=False)), "last seen 22 Oct; the warning is not delivered yet"),
    (subject(60, warned=warned(30, False, refused="550\nno such user")),
     "last seen 21 Sep; the warning could not be delivered (550 no such user): is never removed"),
    (subject(60, warned=warned(30, False, refused="x" * 61)),
     f"last seen 21 Sep; the warning could not be delivered ({'x' * 59}…): is never removed"),
    (Subject(ANNA, 9e14), "last seen 1 Jan 2100"), (Subject(ANNA._replace(accepted_at=0.0), days(300)),
                                                    "last seen 24 Jan"),
    (Subject(ANNA._replace(accepted_at=0.0), days(300 + SECOND)), "last seen 24 Jan 2026"),
]


@pytest.mark.parametrize("who, reason", REASONS)
def test_the_reason_is_one_for_people(who, reason):
    rules = RULES._replace(vips=frozenset({2}), admins=frozenset({"me@example.com"}))
    assert prune.judge(who, rules, CALENDAR, NOW).reason == reason


def test_who_cannot_be_warned_where_there_is_no_mail():
    said = prune.judge(subject(60), RULES._replace(can_mail=False), CALENDAR, NOW).reason
    assert said == "last seen 21 Sep; no [mail] is set up: cannot be warned, so is never removed"


@pytest.mark.parametrize(("who", "since", "cause"), [
    (subject(3), days(3), ""), (subject(60, watching=True), NOW, ""), (subject(28), days(28), INACTIVE),
    (subject(60, ANNA._replace(email="")), days(60), INACTIVE), (subject(30, warned=warned(3)), days(30), INACTIVE),
    (subject(30, warned=warned(3, False)), days(30), INACTIVE), (subject(0, expires=days(5)), 0, GUEST),
    (subject(60, warned=warned(3, False, refused="x")), days(60), INACTIVE), (subject(0, expires=days(-10)), 0, GUEST),
])  # fmt: skip
def test_since_when_somebody_is_inactive_and_why_something_follows(who, since, cause):
    found = prune.judge(who, RULES, CALENDAR, NOW)
    assert (found.since, found.cause) == (since, cause)


def test_those_come_first_to_whom_something_happens_first():
    idle = {5: None, 4: 3, 9: 28, 3: 20, 6: 28, 2: 3, 8: None}
    whos = [subject(9, ANNA._replace(id=id), recorded=False) if n is None else subject(n, ANNA._replace(id=id))
            for id, n in idle.items()]  # fmt: skip
    assert [v.member.id for v in prune.judge_all(whos, RULES, CALENDAR, NOW)] == [6, 9, 3, 2, 4, 5, 8]


HOLDS = [
    ("the same absence", subject(30, warned=warned(3)), True),
    ("given the day before it was due", subject(27, warned=warned(1)), True),
    ("given more than a day before", subject(27, warned=warned(1 + SECOND)), False),
    ("has watched since", subject(1, warned=warned(3)), False),
    ("watching now", subject(30, warned=warned(3), watching=True), False),
    ("of an absence before", subject(28, warned=warned(40)), False),
    ("none", subject(30), False),
    ("a guest's", subject(0, expires=NOW, warned=warned(3, cause=GUEST)), True),
    ("a guest's, prolonged", subject(0, expires=days(-9), warned=warned(3, cause=GUEST)), False),
    ("a guest's, who is none any more", subject(30, warned=warned(3, cause=GUEST)), False),
    ("became a VIP", subject(30, ANNA._replace(kind="owner"), warned=warned(3)), False),
]


@pytest.mark.parametrize("about, who, holds", HOLDS, ids=[h[0] for h in HOLDS])
def test_whether_a_warning_still_holds(about, who, holds):
    assert prune.holds(who, RULES, prune.judge(who, RULES, CALENDAR, NOW)) is holds


# ---- the brake ----

EVERY_DAY = frozenset(int(days(n) // DAY) for n in range(120))


def verdicts(remove=0, warn=0, fine=0):
    whos = [subject(31, warned=warned(4))] * remove + [subject(28)] * warn + [subject(1)] * fine
    return [prune.judge(w._replace(member=ANNA._replace(id=100 + n)), RULES, CALENDAR, NOW) for n, w in enumerate(whos)]


def without(*gone):
    """A record in which nothing was played in these spans of days ago."""
    return frozenset(int(days(n) // DAY) for n in range(120) if not any(a <= n < b for a, b in gone))


BRAKES = [
    # (what it is about, verdicts, record, words of what refuses everything, words of what refuses removals)
    ("one of four", verdicts(1, 0, 3), Record(EVERY_DAY, 4), "", ""),
    ("all of four within the ceiling", verdicts(3, 0, 1), Record(EVERY_DAY, 4), "", ""),
    ("more than the ceiling", verdicts(4, 0, 0), Record(EVERY_DAY, 4), "", "4 users would be removed"),
    ("two of twelve", verdicts(2, 0, 10), Record(EVERY_DAY, 12), "", ""),
    ("three of twelve are a quarter", verdicts(3, 0, 9), Record(EVERY_DAY, 12), "", "only 2"),
    ("one more than in the last day", verdicts(1, 0, 9), Record(EVERY_DAY, 10, removals=2), "", "besides 2 in"),
    ("twenty drift at once", verdicts(20, 0, 80), Record(EVERY_DAY, 100), "", "20 users"),
    ("twenty to be warned", verdicts(0, 20, 0), Record(EVERY_DAY, 20), "", ""),
    ("60 % at once", verdicts(60, 0, 40), Record(EVERY_DAY, 100), "", "60 users"),
    ("half the list is missing", verdicts(1, 0, 3), Record(EVERY_DAY, 8, missing=4), "4 of 8", ""),
    ("half the list, only warnings", verdicts(0, 1, 3), Record(EVERY_DAY, 8, missing=4), "4 of 8", ""),
    ("one of four has left", verdicts(1, 0, 2), Record(EVERY_DAY, 4, missing=1), "", ""),
    ("a fifth has left", verdicts(1, 0, 7), Record(EVERY_DAY, 10, missing=2), "2 of 10", ""),
    ("less than a fifth has left", verdicts(1, 0, 8), Record(EVERY_DAY, 11, missing=2), "", ""),
    ("two of twenty have left", verdicts(1, 0, 17), Record(EVERY_DAY, 20, missing=2), "", ""),
    ("two of four have left", verdicts(1, 0, 1), Record(EVERY_DAY, 4, missing=2), "2 of 4", ""),
    ("no history", verdicts(1, 0, 3), Record(frozenset(), 4), "does not reach back", ""),
    ("a new database", verdicts(1, 0, 3), Record(without((20, 120)), 4), "does not reach back 30 days", ""),
    ("just long enough", verdicts(1, 0, 3), Record(without((31, 120)), 4), "", ""),
    ("six days until yesterday", verdicts(1, 0, 3), Record(without((1, 7)), 4), "", ""),
    ("six days until now", verdicts(1, 0, 3), Record(without((0, 6)), 4), "", ""),
    ("seven days until now", verdicts(1, 0, 3), Record(without((0, 7)), 4), "7 days", ""),
    ("long enough to warn", verdicts(0, 1, 3), Record(without((29, 120)), 4), "", ""),
    ("not long enough to warn", verdicts(0, 1, 3), Record(without((26, 120)), 4), "does not reach back 27 days", ""),
    ("three weeks of nothing", verdicts(1, 0, 3), Record(without((5, 26)), 4), "21 days", ""),
    ("nothing until today", verdicts(1, 0, 3), Record(without((0, 40)), 4), "nobody at all", ""),
    ("the clock is 40 days ahead", verdicts(3, 0, 1), Record(frozenset(without((1, 41)) | {int(NOW // DAY)}), 4),
     "nobody at all", ""),
    ("a quiet week of six days", verdicts(1, 0, 3), Record(without((5, 11)), 4), "", ""),
    ("seven days", verdicts(1, 0, 3), Record(without((5, 12)), 4), "7 days", ""),
    ("a hole long ago", verdicts(1, 0, 3), Record(without((45, 80)), 4), "", ""),
    ("a hole that reaches into it", verdicts(1, 0, 3), Record(without((22, 60)), 4), "nobody at all", ""),
    ("nothing to do, whatever is wrong", verdicts(0, 0, 4), Record(frozenset(), 8, missing=6), "", ""),
    ("a day of a clock that was ahead", verdicts(1, 0, 3), Record(EVERY_DAY | {int(NOW // DAY) + 40}, 4), "", ""),
    ("one under way, long enough only to warn", verdicts(0, 0, 4), Record(without((29, 120)), 4, open=1),
     "does not reach back 30 days", ""),
    ("nothing new, but one under way", verdicts(0, 0, 4), Record(frozenset(), 4, open=1), "does not reach back", ""),
]  # fmt: skip


@pytest.mark.parametrize("about, found, record, everything, removals", BRAKES, ids=[b[0] for b in BRAKES])
def test_the_brake(about, found, record, everything, removals):
    brake = prune.brake(found, record, RULES, NOW)
    assert (bool(brake.everything), bool(brake.removals)) == (bool(everything), bool(removals)), brake
    assert everything in brake.everything and removals in brake.removals


@pytest.mark.parametrize(("found", "record", "said"), [
    (verdicts(1, 0, 9), Record(EVERY_DAY, 10, removals=2),
     ("", "1 user would be removed besides 2 in the last 24 hours, but only 2 may be within 24 hours")),
    (verdicts(4), Record(EVERY_DAY, 4), ("", "4 users would be removed, but only 3 may be within 24 hours")),
    (verdicts(1, 0, 1), Record(EVERY_DAY, 4, missing=2),
     ("2 of 4 users are suddenly missing from plex.tv's list", "")),
    (verdicts(1), Record(frozenset()), ("Tautulli's history does not reach back 30 days", "")),
    (verdicts(1), Record(without((5, 26))),
     ("nobody at all has a play in Tautulli's history for 21 days from 26 Oct on", "")),
])  # fmt: skip
def test_what_the_brake_says(found, record, said):
    assert prune.brake(found, record, RULES, NOW) == said


def test_the_owner_is_none_of_those_of_whom_a_share_may_go():
    owner = prune.judge(subject(1, ANNA._replace(id=1, kind="owner")), RULES, CALENDAR, NOW)
    assert not prune.brake([*verdicts(3, 0, 6), owner], Record(EVERY_DAY, 10), RULES, NOW).removals
    assert prune.brake([*verdicts(3, 0, 7), owner], Record(EVERY_DAY, 11), RULES, NOW).removals


@pytest.mark.parametrize("members, most, percent, ceiling", [
    (4, 3, 20, 3), (9, 3, 20, 3), (10, 3, 20, 2), (14, 3, 20, 2), (15, 3, 20, 3), (1000, 3, 20, 3),
    (1000, 500, 20, 200), (4, 0, 20, 0), (100, 3, 0, 3), (0, 3, 20, 3)])  # fmt: skip
def test_the_ceiling(members, most, percent, ceiling):
    assert prune.ceiling(Rules(max_removals=most, max_removals_percent=percent), members) == ceiling


def test_144_runs_a_day_never_exceed_the_ceiling():
    """Every ten minutes for ten days, with somebody due every three hours."""
    due = {100 + n: NOW + n * 3 * 3600 for n in range(75)}
    done, most = {}, []
    for run in range(10 * 144):
        now = NOW + run * 600
        whos = [(ANNA._replace(id=id), at - 30 * DAY, Warned(INACTIVE, at - 3 * DAY, at - 3 * DAY))
                for id, at in due.items() if id not in done]
        found = [prune.judge(Subject(who, seen, warned=sent), RULES, CALENDAR, now) for who, seen, sent in whos]
        lately = sum(now - DAY < at for at in done.values())
        record = Record(frozenset(range(int((now - 60 * DAY) // DAY), int(now // DAY) + 1)), 75, removals=lately)
        removals = [v for v in found if v.verdict == REMOVE]
        if not any(prune.brake(found, record, RULES, now)):
            done |= {v.member.id: now for v in removals}
        most.append(sum(now - DAY < at <= now for at in done.values()))
    assert max(most) == RULES.max_removals and len(done) >= 3


def test_what_holds_without_a_word():
    """As README says; nothing is known where nothing is told."""
    assert Rules() == (27 * DAY, 30 * DAY, DAY, 3 * DAY, False, True, 0, frozenset(), frozenset(), 3, 20)
    assert Subject(ANNA)[1:] == (0, False, True, 0, 0, None, None) and Warned(GUEST, 5)[2:] == (0, "")
    assert prune.Verdict(ANNA, KEEP, "")[3:] == (None, "", 0) and Record(frozenset())[1:] == (0, 0, 0, 0)


# ---- names ----

MEMBERS = [
    ANNA, Member(8, "ben", "Anna", "ben@example.com"), Member(9, "Anna@Example.com", "Carl", ""), Member(10, "", "Kid"),
]  # fmt: skip
NAMES = [
    (["ANNA"], {}, {7, 8}, {"anna": "7,8"}, 1),
    (["anna@example.com"], {}, {7, 9}, {"anna@example.com": "7,9"}, 1),
    (["ben"], {}, {8}, {"ben": "8"}, 0),
    (["8", "Kid"], {}, {8, 10}, {"8": "8", "kid": "10"}, 0),
    (["dora"], {}, set(), {}, 1),
    (["dora"], {"dora": "8"}, {8}, {}, 0),  # was renamed
    (["ben"], {"ben": "7"}, {7, 8}, {}, 1),  # the name is another's now: both are meant until an id is written
    (["ben"], {"ben": "8"}, {8}, {}, 0),
    ([], {}, set(), {}, 0),
]


@pytest.mark.parametrize("names, bound, ids, new, problems", NAMES)
def test_whom_names_mean(names, bound, ids, new, problems):
    found = named.match(names, MEMBERS, bound, "[prune] vip")
    assert (found.ids, found.new, len(found.problems)) == (ids, new, problems)


def test_what_is_wrong_with_a_name_is_told():
    found = named.match(["Anna", "dora", "x" * 41], MEMBERS, {"anna": "8,10"}, "[prune] vip")
    assert found.problems == ("[prune] vip: 'Anna' means 3 users: write an id",
                              "[prune] vip: 'dora' is nobody on this server",
                              f"[prune] vip: '{'x' * 39}…' is nobody on this server")
    assert found.ids == {7, 8, 10}
    (problem,) = named.match(["x" * 41], MEMBERS, {"x" * 41: "7,8"}, "[guest]").problems
    assert problem == f"[guest]: '{'x' * 39}…' means 2 users: write an id"
    assert named.match([""], [ANNA._replace(title="")], {}, "x", titles=False).ids == set()


def test_what_somebody_chose_to_be_called_ends_nobodys_time():
    found = named.match(["carl", "kid", "anna"], MEMBERS, {}, "[guest]", titles=False)
    assert found.ids == {7} and len(found.problems) == 2


def test_what_a_member_is_called_is_one_line():
    assert named.called(Member(5, '"><script>@everyone\r\nBcc: x')) == '"><script>@everyone Bcc: x'
    assert [named.called(Member(5, *names)) for names in ((), ("\n", "T"), ("", "", "m@x.org"), ("x" * 300,))] == [
        "user 5", "T", "m@x.org", "x" * 39 + "…"]


def test_nobody_is_called_nothing():
    assert not named.is_called(Member(0), "")


# ---- properties ----

moments = st.floats(0, 500).map(days) | st.just(0.0)
warnings = st.none() | st.builds(
    Warned, st.sampled_from([INACTIVE, GUEST]), moments, moments, st.sampled_from(["", "550"]))
members = st.builds(
    Member, st.integers(0, 9), st.just("x"), st.just("X"), st.sampled_from(["", "x@example.com", "me@example.com"]),
    st.sampled_from(["owner", "friend", "home", "managed"]), pending=st.booleans(), accepted_at=moments)
subjects = st.builds(Subject, members, moments, st.booleans(), st.booleans(), moments, moments, warnings,
                     st.none() | moments)
rule_sets = st.builds(
    Rules, st.integers(1, 60).map(lambda n: n * DAY), st.integers(1, 90).map(lambda n: n * DAY),
    min_notice=st.integers(1, 9).map(lambda n: n * DAY), home_users=st.booleans(), can_mail=st.booleans(),
    owner_id=st.just(1), vips=st.just(frozenset({2})), admins=st.just(frozenset({"me@example.com"})))


@given(subjects, rule_sets)
def test_whoever_is_removed_has_every_condition(who, rules):
    found = prune.judge(who, rules, CALENDAR, NOW)
    if found.verdict != REMOVE:
        return
    member, notice = who.member, who.warned
    assert member.id > 2 and member.kind != "owner" and not member.pending and not who.watching
    assert member.email != "me@example.com" and (rules.home_users or member.kind == "friend")
    assert notice and not notice.refused and 0 < notice.delivered_at <= NOW - rules.min_notice
    assert notice.cause == found.cause and prune.holds(who, rules, found)
    if found.cause == GUEST:
        assert who.expires <= NOW
    else:
        assert who.recorded and who.expires is None
        last = max(who.active_at, member.accepted_at, who.renewed_at)
        assert last <= NOW - rules.remove_after and (last or who.first_seen <= NOW - rules.remove_after)
        assert last or who.first_seen


@given(subjects, rule_sets, st.floats(0, 100))
def test_who_was_seen_is_never_worse_off(who, rules, later):
    """A further sign of life never leads to a removal that would not have been without it."""
    before = prune.judge(who, rules, CALENDAR, NOW)
    after = prune.judge(who._replace(active_at=max(who.active_at, days(later))), rules, CALENDAR, NOW)
    if after.verdict == REMOVE:
        assert before.verdict in (REMOVE, UNKNOWN)


@given(st.lists(subjects, max_size=30), st.sets(st.integers(0, 60)), st.integers(0, 30), st.integers(0, 5))
def test_the_brake_never_lets_more_through_than_the_ceiling(whos, played, missing, done):
    found = [prune.judge(w, RULES, CALENDAR, NOW) for w in whos]
    record = Record(frozenset(int(days(n) // DAY) for n in played), 30, missing, done)
    brake = prune.brake(found, record, RULES, NOW)
    removals = [v for v in found if v.verdict == REMOVE]
    if removals and not brake.everything and not brake.removals:
        assert len(removals) + done <= prune.ceiling(RULES, len(found))


# ---- a year ----

def test_a_year_of_drifting_and_coming_back():
    """One looks every hour for a year at somebody who watches for ten days, stays away for 40, for ever."""
    began, warned_now, removed, sent = NOW - 365 * DAY, None, [], []
    for hour in range(365 * 24):
        now = began + hour * 3600
        day = hour // 24 % 50
        last = now - max(0, day - 9) * DAY if day > 9 else now
        who = Subject(ANNA._replace(accepted_at=days(900)), last, warned=warned_now)
        found = prune.judge(who, RULES, CALENDAR, now)
        if warned_now and not prune.holds(who, RULES, found):
            warned_now = None
        if found.verdict == WARN:
            sent.append(hour // 24)
            warned_now = Warned(INACTIVE, now, now)
        if found.verdict == REMOVE:
            removed.append(hour // 24)
            break
    assert sent == [36] and removed == [39]
