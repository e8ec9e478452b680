"""What several limits come to together, each of them made by hand: which is named, until when, what comes next."""

import pytest

from shared.policy import bounds
from shared.policy.bounds import Bound, always

from .words_of_tests import DAY, H, at, calendar

NOON = at("2026-11-20T12:00")
FOUR = at("2026-11-21T04:00")
HOUSE = calendar()


def bound(limit, begins, ends=None, kind="hours", **more):
    """A limit that forbids from one moment to another one, given in hours after noon."""
    begins, ends = NOON + begins * H, None if ends is None else NOON + ends * H

    def deadline(start):
        return max(start, begins) if ends is None or start < ends else None

    return Bound(limit, kind, deadline, lambda start: ends, **more)


def decide(*found, **more):
    said = bounds.decide(found, HOUSE, NOON, **more)
    return said._replace(**{k: v and (v - NOON) / H for k, v in (("until", said.until), ("ahead", said.ahead))})


def test_what_a_bound_has_if_nothing_is_said():
    plain = Bound("daily", "daily", lambda start: None, lambda start: None)
    assert (plain.value(NOON), plain.since, plain.message, plain.dry) == (0, None, "", False)
    assert always("lock", "lock").value(NOON) == 0 and always("r", "rule", 5).value(NOON) == 5
    assert always("r", "rule", 5, NOON).deadline(NOON) is None and always("r", "rule", 5, NOON).deadline(1.0) == 1.0


@pytest.mark.parametrize(("found", "expected"), [  # allowed, until, limit, dry, ahead; in hours after noon
    ([], (True, None, "", False, None)),
    ([bound("b", 2), bound("a", 3)], (True, 2, "b", False, 2)),
    ([bound("b", 2), bound("a", 2)], (True, 2, "b", False, 2)),  # of two that come at once the first is named
    ([bound("a", 2, dry=True)], (True, 2, "a", True, 2)),
    ([bound("a", 0, 3)], (False, 3, "a", False, 3)),
    ([bound("a", 0, 3), bound("b", 1, 2)], (False, 3, "a", False, 1)),
    ([bound("a", 0, 3), bound("b", 0, 4)], (False, 4, "b", False, 4)),  # the longest is named
    ([bound("a", 0, 3), bound("b", 0)], (False, None, "b", False, None)),
    ([bound("a", 0, 3), bound("b", 2, 5)], (False, 5, "a", False, 2)),  # when it opens another one forbids
    ([bound("a", 0, 3), bound("b", 0, 4, dry=True)], (False, 3, "a", False, 3)),  # what is rehearsed holds nobody up
    ([bound("a", 0, 3, dry=True), bound("b", 1)], (False, 3, "a", True, 1)),
])  # fmt: skip
def test_decide(found, expected):
    said = decide(*found)
    assert (said.allowed, said.until, said.limit, said.dry, said.ahead) == expected


def test_nothing_brings_the_end_of_a_budget_nearer_while_a_play_is_paused():
    budget, hours = bound("daily", 2, kind="daily"), bound("blocked", 40)
    assert decide(budget).ahead == decide(budget, paused=False).ahead == 2
    assert decide(budget, paused=True).ahead == 2  # this one comes all the same, whether it is played or not
    used_up = Bound("daily", "daily", lambda start: start + 2 * H, lambda start: None)
    assert decide(used_up).ahead == 2 and decide(used_up, paused=True).ahead == (FOUR - NOON) / H
    assert decide(hours, paused=True).ahead == 40
    assert decide(bound("daily", 0, 50, kind="daily"), paused=True).ahead == 50


def test_what_is_stopped_brings_no_budget_nearer_and_what_is_only_rehearsed_does():
    used_up = Bound("daily", "daily", lambda start: start + 2 * H, lambda start: None)
    assert decide(bound("blocked", 0, 3), used_up).ahead == 3
    assert decide(bound("blocked", 0, 50), used_up).ahead == (FOUR - NOON) / H  # the next day may have another
    assert decide(bound("blocked", 0, 3, dry=True), used_up).ahead == 2


def test_how_far_an_opening_is_looked_for():
    def for_days(days):
        end = NOON + days * DAY
        return Bound("a", "rule", lambda at: at if at < end else None, lambda at: at + DAY)

    assert bounds.opens([for_days(44)], NOON) == NOON + 44 * DAY
    assert bounds.opens([for_days(45)], NOON) is bounds.opens([always("a", "rule")], NOON) is None
    assert bounds.opens([], NOON) == NOON
