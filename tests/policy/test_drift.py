"""Who would have been warned and removed in the past, one member after the other, and what the brake had held."""
from datetime import datetime, timezone

import pytest

from shared.model import Member
from shared.policy.calendar import DAY, Calendar
from shared.policy.drift import drift
from shared.policy.prune import REMOVE, SILENT, WARN, Record, Rules, Subject

BEGAN = datetime(2026, 9, 1, 18, tzinfo=timezone.utc).timestamp()  # plays and steps: days after this moment
LENGTH = 60
EVERY_DAY = Record(frozenset(range(int(BEGAN // DAY) - 100, int(BEGAN // DAY) + LENGTH + 1)))
ANNA = Member(7, "anna", "Anna", "anna@example.com", "friend", 70, accepted_at=BEGAN - 300 * DAY)
OWNER = Subject(Member(1, "owner", "Owner", "o@example.com", "owner"))
SECOND = 1 / DAY


def moment(day):
    return BEGAN + day * DAY


def subject(last_seen, member=ANNA, **more):
    return Subject(member, 0.0 if last_seen is None else moment(last_seen), first_seen=BEGAN - 300 * DAY, **more)


def steps(subjects, plays=None, record=EVERY_DAY, **rules):
    played = {id: [moment(day) for day in days] for id, days in (plays or {}).items()}
    ended = moment(rules.pop("length", LENGTH))
    return drift(subjects, played, Rules(owner_id=1, **rules), record, Calendar(), BEGAN, ended)


@pytest.mark.parametrize(("last_seen", "plays", "more", "expected"), [
    (-1, [], {}, [(26, WARN), (29, REMOVE)]),
    (-27, [], {}, [(0, WARN), (3, REMOVE)]),
    (-200, [], {}, [(0, WARN), (3, REMOVE)]),
    (-26, [], {}, [(1, WARN), (4, REMOVE)]),
    (-1, [5], {}, [(32, WARN), (35, REMOVE)]),
    (-1, [5, 40], {}, [(32, WARN), (35, REMOVE)]),                        # it is over by then
    (-1, [5, 33], {}, [(32, WARN), (60 - SECOND, None)]),                 # has answered the warning
    (-1, [5, 34.9], {"length": 90}, [(32, WARN), (61.9, WARN), (64.9, REMOVE)]),
    (-1, [5, 32], {}, [(59, WARN)]),                                      # at the very moment of the warning
    (-1, [5, 20, 30, 50], {}, []),
    (-1, [0], {}, [(27, WARN), (30, REMOVE)]),
    (None, [], {}, [(0, WARN), (3, REMOVE)]),
    (None, [1], {}, [(0, WARN), (28, WARN), (31, REMOVE)]),
    (-1, [], {"length": 29}, [(26, WARN)]),                               # the end does not belong to it
    (-1, [], {"length": 26}, []),
    (-1, [], {"warn_after": 5 * DAY, "remove_after": 50 * DAY}, [(4, WARN), (49, REMOVE)]),
    (-1, [], {"min_notice": 10 * DAY}, [(26, WARN), (36, REMOVE)]),
    (-1, [], {"can_mail": False}, [(26, SILENT)]),                        # said once
    (-1, [40], {"can_mail": False, "length": 90}, [(26, SILENT), (67, SILENT)]),
    (-1, [], {"vips": frozenset({7})}, []),
])  # fmt: skip
def test_what_would_have_become_of_anna(last_seen, plays, more, expected):
    found = steps([OWNER, subject(last_seen)], {7: plays}, **more)
    said = [(round((step.at - BEGAN) / DAY, 6), step.verdict.verdict) for step in found]
    assert said == [pair for pair in expected if pair[1]]
    assert all(step.verdict.member == ANNA for step in found)


def test_who_is_watching_at_the_end_and_whoever_nothing_is_known_of_is_left_alone():
    assert steps([subject(-40, watching=True)])[0].verdict.verdict == WARN  # what is on now was not on then
    assert steps([subject(-40, recorded=False)]) == []
    assert steps([Subject(ANNA._replace(accepted_at=0.0))]) == []
    assert steps([]) == []


def others(count, last_seen, first=100):
    return [subject(last_seen, ANNA._replace(id=first + n)) for n in range(count)]


def test_all_steps_come_in_the_order_of_time_and_of_ids():
    found = steps([subject(-1), *others(2, -5)])
    assert [(step.at, step.verdict.member.id) for step in found] == sorted(
        (step.at, step.verdict.member.id) for step in found)
    assert [step.verdict.member.id for step in found] == [100, 101, 100, 101, 7, 7]


@pytest.mark.parametrize(("subjects", "braked"), [
    ([*others(3, -1), *others(30, 59, 500)], 0), ([*others(4, -1), *others(30, 59, 500)], 4),
    ([*others(3, -1), *others(3, -2, 200), *others(30, 59, 500)], 0),                # a day apart
    ([*others(3, -1), *others(3, -1 - SECOND, 200), *others(30, 59, 500)], 6),
    ([*others(3, -1), *others(1, -1.5, 200), *others(3, -2.4, 300), *others(30, 59, 500)], 7),
    ([*others(2, -1), *others(8, 59, 500)], 0), ([*others(3, -1), *others(11, 59, 500)], 3),   # 20 % of 14 are 2
    ([*others(3, -1), *others(12, 59, 500)], 0),                                              # of 15: 3
    ([OWNER, *others(3, -1), *others(11, 59, 500)], 3),                              # the owner is none of them
])  # fmt: skip
def test_more_at_once_than_may_be_would_have_waited(subjects, braked):
    plays = {one.member.id: [one.active_at] for one in subjects if one.active_at > BEGAN}
    found = [step for step in steps(subjects, plays) if step.verdict.verdict == REMOVE]
    held = [step.brake for step in found if step.brake]
    assert len(held) == braked
    assert all(f"within 24 hours, and only {2 if braked == 3 else 3} may be" in text for text in held)
    if len(set(held)) == 1:
        assert held[0].startswith(f"{braked} within")


def test_warnings_are_not_braked_and_removals_are_by_a_history_with_a_hole():
    hole = Record(EVERY_DAY.days - frozenset(range(int(BEGAN // DAY) + 10, int(BEGAN // DAY) + 20)))
    found = steps([subject(-1)], record=hole)
    assert [(step.verdict.verdict, bool(step.brake)) for step in found] == [(WARN, False), (REMOVE, True)]
    assert "nobody at all has a play" in found[1].brake
    later = Record(EVERY_DAY.days - frozenset(range(int(BEGAN // DAY) + 30, int(BEGAN // DAY) + 50)))
    assert [step.brake for step in steps([subject(-1)], record=later)] == ["", ""]  # what was not yet there then


def test_a_history_that_does_not_reach_back_holds_a_removal():
    short = Record(frozenset(day for day in EVERY_DAY.days if day >= BEGAN // DAY))
    found = steps([subject(-1)], record=short)
    assert [bool(step.brake) for step in found] == [False, True] and "does not reach back" in found[1].brake


def test_the_day_of_the_removal_itself_closes_a_hole():
    """Six silent days before it are no hole; were it silent, too, they would be one."""
    removal = int((BEGAN + 29 * DAY) // DAY)
    six = Record(EVERY_DAY.days - frozenset(range(removal - 6, removal)))
    assert [bool(step.brake) for step in steps([subject(-1)], record=six)] == [False, False]
    seven = Record(EVERY_DAY.days - frozenset(range(removal - 6, removal + 1)))
    assert [bool(step.brake) for step in steps([subject(-1)], record=seven)] == [False, True]
