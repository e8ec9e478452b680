"""More time or less for today, free until an hour, a lock, everything off: what each comes to, alone and together."""

import pytest

from shared.model import Play, Session
from shared.policy import grants, verdict
from shared.policy import limits as lim
from shared.policy.grants import ALLOW, BONUS, FOREVER, LOCK, OFF, Grant, Today
from shared.policy.rules import Holding

from .words_of_tests import CHANGES, DAY, EVERY, SAT, H, M, at, calendar, daily, limits, span

NOON = at("2026-11-20T12:00")  # a Friday
FOUR = at("2026-11-21T04:00")
HOUSE = calendar()
NIGHT = ((EVERY, ((20 * H, 31 * H),)),)


def today(*given, now=NOON, who="emma", house=HOUSE):
    return grants.today(given, who, house, now)


def bonus(seconds, at=NOON, who="emma"):
    return Grant(BONUS, who, at, seconds)


def decide(what, *given, spans=(), now=NOON, house=HOUSE, began=None, rules=(), others=None, **more):
    play = Play(9, Session("1", "tv", media_type="movie"), now if began is None else began, now)
    beside = None if others is None else [(p, frozenset()) for p in (play, *others)]
    case = verdict.Case(play, what, house, list(spans), rules=rules, others=beside,
                        today=today(*given, now=now, house=house), **more)  # fmt: skip
    found = verdict.decide(case, now)
    return ("allow" if found.allowed else "stop", found.until, found.limit)


def left(*args, now=NOON, **more):
    word, until, _ = decide(*args, now=now, **more)
    return (until - now) if word == "allow" else now - until


# ---- which grants hold ----


def test_whom_a_grant_is_for():
    given = [bonus(60), bonus(60, who="max"), Grant(LOCK, "user:7", NOON), Grant(OFF, "*", NOON, 0, FOUR)]
    assert [seconds for _, seconds in today(*given).extra] == [60]
    assert today(*given).locked_until is None and today(*given, who="user:7").locked_until == FOREVER
    assert today(*given).off_until == today(*given, who="max").off_until == FOUR
    assert today() == Today()


@pytest.mark.parametrize(("kind", "field"), [(ALLOW, "allowed_until"), (OFF, "off_until"), (LOCK, "locked_until")])
def test_the_longest_of_several_holds_and_each_ends_at_its_moment(kind, field):
    given = [Grant(kind, "emma", NOON, 0, NOON + H), Grant(kind, "emma", NOON, 0, NOON + 2 * H)]
    assert getattr(today(*given), field) == NOON + 2 * H
    assert getattr(today(*given, now=NOON + 2 * H - 0.5), field) == NOON + 2 * H
    over = today(*given, now=NOON + 2 * H)
    assert getattr(over, field) is None
    assert getattr(over, f"was_{field}", NOON + 2 * H) == NOON + 2 * H
    assert getattr(today(*given, Grant(kind, "emma", NOON)), field) == FOREVER


def test_what_is_over_and_what_is_not_yet():
    given = [Grant(ALLOW, "emma", NOON - 2 * H, 0, NOON - H), Grant(ALLOW, "emma", NOON, 0, NOON + H)]
    assert today(*given) == Today(allowed_until=NOON + H, was_allowed_until=NOON - H)
    assert today(given[1]).was_allowed_until is None


def test_the_words_that_the_ledger_holds():
    assert (BONUS, ALLOW, LOCK, OFF, grants.EVERYBODY) == ("bonus", "allow", "lock", "off", "*")
    assert Grant(ALLOW, "emma", NOON).seconds == 0
    assert grants.locks(today(Grant(LOCK, "emma", NOON)))[0].value(NOON) == 0


# ---- bonus ----


@pytest.mark.parametrize(("given", "expected"), [
    ([], H), ([30 * M], 90 * M), ([30 * M, 15 * M], 105 * M), ([30 * M, -15 * M], 75 * M), ([-30 * M], 30 * M),
    ([-30 * M, -29 * M], M), ([10 * M] * 6, 2 * H),
])  # fmt: skip
@pytest.mark.parametrize("key", ["daily", "weekly", "monthly", "sitting"])
def test_a_bonus_adds_up_in_every_budget(given, expected, key):
    assert left(limits(**{key: H}), *map(bonus, given)) == expected
    in_rule = Holding("r", {key: daily(H) if key == "daily" else H})
    assert left(limits(), *map(bonus, given), rules=[in_rule]) == expected


@pytest.mark.parametrize("given", [[-H], [-2 * H], [-30 * M, -30 * M]])
def test_a_penalty_of_all_there_is(given):
    assert decide(limits(daily=H), *map(bonus, given)) == ("stop", FOUR, "daily")
    assert decide(limits(weekly=10 * H), bonus(-10 * H)) == ("stop", FOUR, "weekly")  # the penalty is over with the day
    assert decide(limits(sitting=H), *map(bonus, given)) == ("stop", FOUR, "sitting")


@pytest.mark.parametrize(("when", "expected"), [
    ("2026-11-20T03:59:59", H), ("2026-11-20T04:00", 90 * M), ("2026-11-20T12:00", 90 * M),
    ("2026-11-21T03:59", 90 * M),
    ("2026-11-21T04:00", H),
])  # fmt: skip
def test_a_bonus_is_for_its_day(when, expected):
    """Asked at noon on the 20th; what is given later the same day counts as well, as if it had been there."""
    assert left(limits(daily=H), bonus(30 * M, at(when))) == expected


def test_at_day_starts_it_is_over():
    given = bonus(30 * M, FOUR - H)
    used = [span(FOUR - 4 * H, H)]
    assert left(limits(daily=H), given, spans=used, now=FOUR - H) == 30 * M
    last = [span(FOUR - 4 * H, H + 29 * M)]
    assert left(limits(daily=H), given, spans=last, now=FOUR - M) == M + H  # its last minute, then the next day's hour
    assert decide(limits(daily=daily(H, (SAT, 0))), given, spans=last, now=FOUR - M) == ("allow", FOUR, "daily")
    assert left(limits(daily=H), given, spans=last, now=FOUR) == H


def test_it_is_effective_at_once_for_a_running_stream():
    spans = [span(NOON - H + 5, H - 5)]
    assert left(limits(daily=H), spans=spans) == 5
    assert left(limits(daily=H), bonus(15 * M), spans=spans) == 15 * M + 5
    assert left(limits(daily=H), bonus(15 * M), spans=[span(NOON - 2 * H, 65 * M)]) == 10 * M


def test_it_is_not_charged_to_week_or_month():
    """Thursday's hour and a bonus hour: on Friday the week has lost one hour, not two."""
    thursday = NOON - DAY
    for kind in ("weekly", "monthly"):
        what = limits(daily=H, **{kind: 10 * H})
        more, spans = what._replace(extra=today(bonus(H, thursday)).extra), [span(thursday, 2 * H)]
        assert lim.used(more, HOUSE, spans, kind, NOON) == (2 * H, 11 * H)
        full = [span(at("2026-11-16T10:00"), 8 * H + 30 * M), *spans]
        assert left(what, bonus(H, thursday), spans=full) == 30 * M
        assert decide(what, spans=full)[0] == "stop"
        # of a bonus that was not used nothing is left over
        assert lim.used(more, HOUSE, [span(thursday, H)], kind, NOON) == (H, 10 * H)
        half = [span(thursday, 90 * M)]
        assert lim.used(more, HOUSE, half, kind, NOON) == (90 * M, 10 * H + 30 * M)


def test_a_penalty_of_yesterday_is_forgiven():
    what = limits(daily=2 * H, weekly=10 * H)
    assert left(what, bonus(-H, NOON - DAY), spans=[span(NOON - DAY, H)]) == 2 * H
    assert left(limits(weekly=10 * H), bonus(-H, NOON - DAY)) == 10 * H


def test_it_moves_no_window_and_no_rule_without_a_budget():
    assert decide(limits(blocked=NIGHT), bonus(5 * H), now=NOON + 7 * H) == ("allow", NOON + 8 * H, "blocked")
    assert decide(limits(daily=H, blocked=NIGHT), bonus(9 * H)) == ("allow", NOON + 8 * H, "blocked")
    assert decide(limits(), bonus(5 * H), rules=[Holding("r", {})]) == ("stop", None, "rule:r")
    assert decide(limits(max_streams=0), bonus(5 * H), others=[], now=NOON, began=NOON - 60)[2] == "max_streams"


@pytest.mark.parametrize(("zone", "short", "long", "change"), CHANGES)
def test_a_bonus_on_a_day_of_23_or_25_hours(zone, short, long, change):
    house = calendar(zone)
    for day in (short, long):
        end = at(f"{day}T04:00", zone)
        begin = end - DAY - (change if day == long else -change)
        for given in (begin, end - 1):
            found = decide(limits(daily=H), bonus(H, given), now=end - 3 * H, house=house)
            assert found == ("allow", end - H, "daily")
        for given in (begin - 1, end):
            found = decide(limits(daily=H), bonus(H, given), now=end - 3 * H, house=house)
            assert found == ("allow", end - 2 * H, "daily")


# ---- allow ----


def test_allow_lifts_budgets_sittings_and_windows():
    until = NOON + 90 * M
    allow = Grant(ALLOW, "emma", NOON, 0, until)
    used = [span(NOON - 2 * H, 2 * H)]
    for what in (limits(daily=H), limits(weekly=H), limits(monthly=H), limits(sitting=H),
                 limits(blocked=((EVERY, ((0, DAY),)),)), limits(allowed=((SAT, ((0, DAY),)),))):  # fmt: skip
        assert decide(what, spans=used)[0] == "stop"
        assert decide(what, allow, spans=used)[:2] == ("allow", until)
        on = [span(NOON - 2 * H, 2 * H + 90 * M)]
        assert decide(what, allow, spans=on, now=until)[0] == "stop"
        nearly = [span(NOON - 2 * H, 2 * H + 90 * M - 1)]
        assert decide(what, allow, spans=nearly, now=until - 1)[:2] == ("allow", until)


def test_what_is_played_meanwhile_is_charged():
    until = NOON + 30 * M
    allow = Grant(ALLOW, "emma", NOON, 0, until)
    assert decide(limits(daily=H), allow) == ("allow", NOON + H, "daily")
    assert decide(limits(daily=20 * M), allow) == ("allow", until, "daily")
    assert decide(limits(sitting=20 * M), allow) == ("allow", until, "sitting")
    # also where it holds for days
    long = Grant(ALLOW, "emma", NOON, 0, NOON + 30 * H)
    assert decide(limits(sitting=20 * M), long) == ("allow", NOON + 30 * H, "sitting")


def test_allow_lifts_no_rule_no_streams_no_unknown_player():
    allow = Grant(ALLOW, "emma", NOON, 0, FOUR)
    assert decide(limits(), allow, rules=[Holding("r", {})]) == ("stop", None, "rule:r")
    assert decide(limits(), allow, rules=[Holding("r", {"daily": daily(0)})])[0] == "stop"
    assert decide(limits(max_streams=0), allow, others=[], began=NOON - 60)[2] == "max_streams"
    assert decide(limits(known_devices_only=True), allow, known=False)[2] == "known_devices_only"


def test_without_an_end_it_lifts_for_good():
    assert decide(limits(daily=0, blocked=NIGHT), Grant(ALLOW, "emma", NOON)) == ("allow", None, "")


# ---- off ----


def test_off_lifts_everything_but_a_lock():
    off = Grant(OFF, "*", NOON, 0, NOON + H)
    for more in ({"rules": [Holding("r", {})]}, {"rules": [Holding("r", {"daily": daily(0)})]}, {}):
        what = limits(max_streams=0, daily=0, known_devices_only=True) if not more else limits()
        state = {"others": [], "known": False, "began": NOON - 60, **more}
        assert decide(what, **state)[0] == "stop"
        assert decide(what, off, **state)[:2] == ("allow", NOON + H)
        assert decide(what, off, now=NOON + H, **{**state, "began": NOON})[0] == "stop"
        assert decide(what, off, Grant(LOCK, "emma", NOON), **state) == ("stop", None, "lock")
    assert decide(limits(daily=0), Grant(OFF, "*", NOON), rules=[Holding("r", {})]) == ("allow", None, "")


def test_off_is_charged_in_the_budgets_of_rules():
    off = Grant(OFF, "*", NOON, 0, NOON + 20 * M)
    assert decide(limits(), off, rules=[Holding("r", {"daily": daily(H)})]) == ("allow", NOON + H, "rule:r")
    assert decide(limits(), off, rules=[Holding("r", {"daily": daily(5 * M)})]) == ("allow", NOON + 20 * M, "rule:r")
    assert decide(limits(), off, rules=[Holding("r", {"sitting": 5 * M})]) == ("allow", NOON + 20 * M, "rule:r")


def test_off_and_allow_each_lift_their_own():
    off, allow = Grant(OFF, "*", NOON, 0, NOON + H), Grant(ALLOW, "emma", NOON, 0, NOON + 2 * H)
    assert decide(limits(daily=0), off, allow) == ("allow", NOON + 2 * H, "daily")
    assert decide(limits(), off, allow, rules=[Holding("r", {})]) == ("allow", NOON + H, "rule:r")


def test_notes_of_rules_that_only_alert_are_lifted_too():
    play = Play(9, Session("1", "tv"), NOON, NOON)
    alert = Holding("r", {"action": "alert"})
    case = verdict.Case(play, limits(), HOUSE, rules=[alert])
    assert [bound.deadline(NOON) for _, bound in verdict.notes(case, NOON)] == [NOON]
    off = case._replace(today=today(Grant(OFF, "*", NOON, 0, NOON + H)))
    assert [bound.deadline(NOON) for _, bound in verdict.notes(off, NOON)] == [NOON + H]
    assert verdict.decide(off, NOON).ahead == NOON + H


# ---- lock ----


def test_a_lock_beats_all():
    given = [bonus(5 * H), Grant(ALLOW, "emma", NOON, 0, FOUR), Grant(OFF, "*", NOON, 0, FOUR)]
    assert decide(limits(), Grant(LOCK, "emma", NOON), *given) == ("stop", None, "lock")
    assert decide(limits(daily=5 * H), Grant(LOCK, "emma", NOON, 0, NOON + H), *given) == ("stop", NOON + H, "lock")
    assert decide(limits(), Grant(LOCK, "emma", NOON, 0, NOON + H), now=NOON + H) == ("allow", None, "")


def test_a_lock_holds_on_days_without_limits():
    free = limits(daily=H, unlimited_days=(("weekday", 4),))
    assert decide(free)[0] == "allow" and decide(free, Grant(LOCK, "emma", NOON))[2] == "lock"


def test_after_a_lock_the_other_limits_still_hold():
    lock = Grant(LOCK, "emma", NOON, 0, NOON + 9 * H)
    assert decide(limits(blocked=NIGHT), lock) == ("stop", FOUR + 3 * H, "lock")


def test_a_lock_is_rehearsed_in_dry_run():
    play = Play(9, Session("1", "tv"), NOON, NOON)
    case = verdict.Case(play, limits(), HOUSE, today=today(Grant(LOCK, "emma", NOON)), dry=True)
    assert verdict.decide(case, NOON).dry
