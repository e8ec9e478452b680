"""A soft landing at its boundary seconds: what may end, what may not start any more, and that nobody gains by it."""

import pytest

from shared.model import Play, Session, Span
from shared.policy import landing, verdict
from shared.policy.calendar import day_of
from shared.policy.grants import Today
from shared.policy.landing import LAG

from .words_of_tests import EVERY, H, M, at, calendar, limits

NOON = at("2026-11-20T12:00")
FOUR = at("2026-11-21T04:00")
EIGHT = at("2026-11-20T20:00")
HOUSE = calendar()
NIGHT = ((EVERY, ((20 * H, 31 * H),)),)


def film(left, state="playing", length=2 * H, **more):
    """An item of which so many seconds are left."""
    return Session("1", "tv", 5, "9", state=state, offset=length - left, duration=length, media_type="movie", **more)


def look(what, now, left, began, spans=(), state="playing", today=(), denied=0, seen=None, **more):
    session = film(left, state, **more)
    play = Play(9, session, began, now if seen is None else seen, denied=denied)
    return verdict.decide(verdict.Case(play, what, HOUSE, spans, today=Today(*today)), now)


def found(decision):
    return ("allow" if decision.allowed else "stop", decision.until, decision.kind)


def played(began, ended):
    return [Span(began, ended, "movie", play=9)]


# ---- let_finish ----


@pytest.mark.parametrize(("left", "expected"), [  # seconds left at eight, with let_finish = 5m
    (300, EIGHT + 300 + LAG), (299, EIGHT + 299 + LAG), (301, EIGHT), (1, EIGHT + 1 + LAG), (0, EIGHT + LAG),
    (-9, EIGHT + 1), (-10, EIGHT), (-60, EIGHT),
    (3600, EIGHT),
])  # fmt: skip
@pytest.mark.parametrize("before", [0, 1, 60, H])
def test_an_item_with_so_much_left_may_end(left, expected, before):
    what = limits(blocked=NIGHT, let_finish=5 * M)
    session = film(left + before, length=3 * H)
    play = Play(9, session, NOON, EIGHT - before)
    decision = verdict.decide(verdict.Case(play, what, HOUSE), EIGHT - before)
    if before == 0 and expected == EIGHT:
        assert not decision.allowed and decision.until == EIGHT + 11 * H
    else:
        assert decision.allowed and decision.until == decision.ahead == expected


def test_the_landing_goes_on_after_the_end_and_is_over_with_the_item():
    what = limits(blocked=NIGHT, let_finish=5 * M)
    for second in range(0, 209, 13):
        assert found(look(what, EIGHT + second, 200 - second, NOON)) == ("allow", EIGHT + 200 + LAG, "hours")
    assert found(look(what, EIGHT + 210, -10, NOON))[0] == "stop"
    assert found(look(what, EIGHT + 200, 0, NOON)) == ("allow", EIGHT + 200 + LAG, "hours")
    assert found(look(what, EIGHT + 500, -10, NOON))[0] == "stop"


def test_a_budget_s_landing_counts_from_the_second_at_which_it_was_used_up():
    what = limits(daily=H, let_finish=5 * M)
    for second, left in ((0, 300), (100, 200), (299, 1)):
        decision = look(what, NOON + H + second, left, NOON, played(NOON, NOON + H + second))
        assert found(decision) == ("allow", NOON + H + 300 + LAG, "daily")
    assert found(look(what, NOON + H + 1, 300, NOON, played(NOON, NOON + H + 1))) == ("stop", FOUR, "daily")


def test_a_sitting_s_landing_too():
    what = limits(sitting=30 * M, rest=900, let_finish=5 * M)
    over = NOON + 30 * M
    assert found(look(what, over + 60, 100, NOON, played(NOON, over + 60))) == ("allow", over + 160 + LAG, "sitting")
    assert found(look(what, over + 60, 241, NOON, played(NOON, over + 60)))[0] == "stop"


def test_what_began_after_the_end_may_not_end():
    what = limits(daily=H, let_finish=5 * M)
    spans = [Span(NOON, NOON + H, "movie", play=1)]
    assert found(look(what, NOON + 2 * H, 60, NOON + 2 * H, spans))[0] == "stop"
    assert found(look(what, NOON + H, 60, NOON + H, spans))[0] == "stop"
    assert found(look(what, NOON + H, 60, NOON + H - 1, spans))[0] == "allow"


def test_rewinding_again_and_again_gives_no_more_than_let_finish():
    """However the viewer seeks or pauses, five minutes after eight at the latest it is over."""
    what = limits(blocked=NIGHT, let_finish=5 * M)
    for second in (*range(5 * M + int(LAG), 5 * M + 60, 4), *range(6 * M, 10 * M, 30)):
        for left in range(0, 400, 20):
            for state in ("playing", "paused", "buffering"):
                assert not look(what, EIGHT + second, left, NOON, state=state).allowed
    assert look(what, EIGHT + 5 * M - 1, 1, NOON).allowed


def test_pausing_uses_up_the_landing():
    what = limits(blocked=NIGHT, let_finish=5 * M)
    for second in (0, 50, 99):  # 200 s are left: at second 100 it cannot end within the five minutes any more
        assert found(look(what, EIGHT + second, 200, NOON, state="paused")) == ("allow", EIGHT + 100, "hours")
        assert look(what, EIGHT + second, 200, NOON, state="paused").ahead == EIGHT + 100
    assert found(look(what, EIGHT + 100, 200, NOON, state="paused"))[0] == "stop"
    assert found(look(what, EIGHT - 60, 200, NOON, state="paused")) == ("allow", EIGHT + 100, "hours")
    assert found(look(what, EIGHT + 99, 200, NOON))[0] == "allow"  # and plays on


def test_what_was_denied_does_not_land():
    """A short item is refused when it begins, and so it is a second later."""
    for what in (limits(daily=0), limits(sitting=0), limits(sitting=0, rest=0)):
        what = what._replace(let_finish=H)
        assert not look(what, NOON, 600, NOON).allowed
        assert not look(what, NOON + 1, 600, NOON, denied=1).allowed
        assert not look(what, NOON + 60, 600, NOON, denied=1, state="paused").allowed


def test_going_back_before_the_end_is_an_item_with_more_left():
    what = limits(blocked=NIGHT, let_finish=5 * M)
    assert found(look(what, EIGHT - 1, 301, NOON)) == ("allow", EIGHT + 300 + LAG, "hours")
    assert found(look(what, EIGHT - 1, 302, NOON)) == ("allow", EIGHT, "hours")
    assert found(look(what, EIGHT + 10, 291, NOON))[0] == "stop"


@pytest.mark.parametrize("session", [
    film(100)._replace(live=True), film(100)._replace(duration=0), film(100)._replace(offset=None),
])  # fmt: skip
def test_without_a_known_end_there_is_no_landing(session):
    play = Play(9, session, NOON, EIGHT)
    assert landing.item_ends(play, EIGHT) is None
    assert not verdict.decide(verdict.Case(play, limits(blocked=NIGHT, let_finish=5 * M), HOUSE), EIGHT).allowed


def test_the_position_goes_on_between_two_looks_while_it_plays():
    assert landing.item_ends(Play(9, film(100), NOON, NOON), NOON + 40) == NOON + 100
    assert landing.item_ends(Play(9, film(1, length=1), NOON, NOON), NOON) == NOON + 1
    assert landing.item_ends(Play(9, film(100, "paused"), NOON, NOON), NOON + 40) == NOON + 140
    assert landing.item_ends(Play(9, film(100), NOON, NOON + 5), NOON) == NOON + 100  # seen a moment ahead


def test_each_limit_has_its_own_landing():
    """The day is over at 19:58, the night begins at eight: the item ends two minutes after."""
    what = limits(blocked=NIGHT, daily=H, let_finish=5 * M)
    spans = played(EIGHT - H - 120, EIGHT - 120)
    assert found(look(what, EIGHT - 120, 240, NOON, spans)) == ("allow", EIGHT + 120 + LAG, "hours")
    assert found(look(what, EIGHT - 120, 301, NOON, spans)) == ("stop", FOUR + 3 * H, "daily")


def test_no_landing_from_a_lock_or_from_too_many_streams():
    what = limits(max_streams=0, let_finish=H)
    play = Play(9, film(10), NOON, EIGHT)
    assert not verdict.decide(verdict.Case(play, what, HOUSE, others=[(play, frozenset())]), EIGHT).allowed
    locked = verdict.Case(play, limits(let_finish=H), HOUSE, today=Today(locked_until=FOUR))
    assert not verdict.decide(locked, EIGHT).allowed


def test_what_has_nearly_ended_when_a_permission_runs_out_may_end():
    """The budget was used up at one; allowed until two, with two minutes left of the film then."""
    what = limits(daily=H, let_finish=5 * M)
    until = NOON + 2 * H
    spans = played(NOON, until - 60)
    decision = look(what, until - 60, 180, NOON, spans, today=((), until))
    assert found(decision) == ("allow", until + 120 + LAG, "daily")
    assert found(look(what, until - 60, 361, NOON, spans, today=((), until))) == ("allow", until, "daily")
    # and does so when the permission is over
    on = played(NOON, until + 60)
    over = Today(was_allowed_until=until)
    assert found(look(what, until + 60, 60, NOON, on, today=over)) == ("allow", until + 120 + LAG, "daily")
    assert found(look(what, until + 60, 241, NOON, on, today=over))[0] == "stop"
    assert found(look(what, until + 60, 60, NOON, on))[0] == "stop"
    # but what begins after it is as late as ever
    assert found(look(what, until + 60, 60, until + 1, on, today=over))[0] == "stop"


# ---- no_start_in_last ----


@pytest.mark.parametrize(
    ("before", "expected"), [(300, "allow"), (299, "stop"), (1, "stop"), (301, "allow"), (H, "allow")]
)
def test_nothing_starts_in_the_last_minutes(before, expected):
    what = limits(blocked=NIGHT, no_start_in_last=5 * M)
    began = EIGHT - before
    decision = look(what, began, 2 * H, began)
    assert found(decision) == (("allow", EIGHT, "hours") if expected == "allow" else ("stop", EIGHT + 11 * H, "start"))
    # what is let in stays until the end, what is not stays out
    later = look(what, EIGHT - 0.5, 2 * H, began, denied=int(expected == "stop"))
    assert later.allowed == (expected == "allow")


@pytest.mark.parametrize(("used", "expected"), [(H - 300, "allow"), (H - 299, "stop"), (H - 1, "stop"), (0, "allow")])
def test_nor_in_the_last_minutes_of_a_budget(used, expected):
    what = limits(daily=H, no_start_in_last=5 * M)
    spans = [Span(NOON - used, NOON, "movie", play=1)]
    decision = look(what, NOON, 2 * H, NOON, spans)
    assert decision.allowed == (expected == "allow")
    assert decision.kind == ("start" if expected == "stop" else "daily")
    if expected == "stop":
        assert decision.until == FOUR
        # denied, it stays so, though what it plays while it is stopped is charged
        still = [*spans, Span(NOON, NOON + 20, "movie", denied=True, play=9)]
        assert found(look(what, NOON + 20, 2 * H, NOON, still, denied=1))[:2] == ("stop", FOUR)
    else:
        left = H - used
        assert found(look(what, NOON + left - 1, 9, NOON, [*spans, *played(NOON, NOON + left - 1)])) == (
            "allow", NOON + left, "daily",
        )  # fmt: skip


def test_what_is_paused_in_the_last_minutes_goes_on():
    what = limits(blocked=NIGHT, no_start_in_last=5 * M)
    assert found(look(what, EIGHT - 60, H, EIGHT - H, state="paused")) == ("allow", EIGHT, "hours")
    assert found(look(what, EIGHT - 60, H, EIGHT - H)) == ("allow", EIGHT, "hours")


def test_what_was_not_started_stays_out_and_what_was_let_in_stays_in():
    what = limits(daily=H, no_start_in_last=5 * M)
    spans = [Span(NOON - H + 299, NOON, "movie", play=1)]
    late = NOON + 400  # later than the time that was left lasts
    assert found(look(what, late, 2 * H, NOON, spans, denied=1)) == ("stop", FOUR, "start")
    assert look(what, late, 2 * H, NOON, spans, state="paused").allowed


def test_the_limit_that_comes_first_says_when_it_opens():
    ten_minutes = ((EVERY, ((20 * H, 20 * H + 600),)),)
    spans = [Span(EIGHT - H, EIGHT - 60, "movie", play=1)]
    what = limits(blocked=ten_minutes, daily=H, no_start_in_last=5 * M, message="Go out")
    decision = look(what, EIGHT - 120, 2 * H, EIGHT - 120, [spans[0]._replace(ended=EIGHT - 120 - 1)], denied=1)
    assert found(decision) == ("stop", EIGHT + 600, "start")  # 61 seconds are left of the day after the ten minutes
    spans = [Span(EIGHT - H - 60, EIGHT - 120, "movie", play=1)]
    decision = look(what, EIGHT - 120, 2 * H, EIGHT - 120, spans, denied=1)
    assert found(decision) == ("stop", FOUR, "start")
    assert (decision.limit, decision.value, decision.message) == ("no_start_in_last", 5 * M, "Go out")


def test_of_two_that_come_at_once_the_first_says_when_it_opens():
    what = limits(weekly=H, monthly=H, no_start_in_last=5 * M)
    spans = [Span(NOON - H + 60, NOON, "movie", play=1)]
    assert found(look(what, NOON, H, NOON, spans, denied=1)) == ("stop", at("2026-11-23T04:00"), "start")


def test_time_on_another_screen_since_it_began_is_not_before_it():
    what = limits(daily=H, no_start_in_last=5 * M)
    beside = [Span(NOON - 54 * M, NOON + 2 * M, "movie", play=1)]
    assert found(look(what, NOON + 2 * M, H, NOON, beside)) == ("allow", NOON + 6 * M, "daily")


def test_a_budget_of_nothing_is_no_last_minute():
    assert look(limits(daily=0, no_start_in_last=5 * M), NOON, H, NOON).kind == "daily"


def test_a_bonus_makes_room_for_a_start():
    what = limits(daily=H, no_start_in_last=5 * M)
    spans = [Span(NOON - H + 60, NOON, "movie", play=1)]
    day = day_of(HOUSE, NOON)
    assert not look(what, NOON, H, NOON, spans).allowed
    assert not look(what, NOON, H, NOON, spans, today=(((day, 239),),)).allowed
    assert found(look(what, NOON, H, NOON, spans, today=(((day, 240),),))) == ("allow", NOON + 300, "daily")


def test_the_last_minutes_of_a_permission_are_last_minutes():
    what = limits(daily=H, no_start_in_last=5 * M)
    spans = [Span(NOON - 2 * H, NOON, "movie", play=1)]
    assert found(look(what, NOON, H, NOON, spans, today=((), NOON + 300))) == ("allow", NOON + 300, "daily")
    assert found(look(what, NOON, H, NOON, spans, today=((), NOON + 299)))[::2] == ("stop", "start")
    assert look(what, NOON, H, NOON, spans, today=((), None, NOON + 299)).allowed  # `off` is no time for limits
    # and those of the budget are none while it is lifted
    nearly = [Span(NOON - H + 60, NOON, "movie", play=1)]
    assert look(what, NOON, H, NOON, nearly, today=((), NOON + H)).allowed
    # nor does it come back when the permission is over, where nothing forbids
    window = limits(blocked=((EVERY, ((20 * H, 20 * H + 600),)),), no_start_in_last=5 * M)
    began = EIGHT - 60
    assert look(window, began, H, began, today=((), EIGHT + 700)).allowed
    assert look(window, EIGHT + 701, H, began).allowed


def test_both_at_once():
    """Nothing starts in the last ten minutes; what had begun before may end."""
    what = limits(blocked=NIGHT, no_start_in_last=10 * M, let_finish=20 * M)
    assert found(look(what, EIGHT - 601, 700, EIGHT - 601)) == ("allow", EIGHT + 99 + LAG, "hours")
    assert found(look(what, EIGHT - 599, 700, EIGHT - 599)) == ("stop", EIGHT + 11 * H, "start")
