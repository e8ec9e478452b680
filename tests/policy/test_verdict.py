"""What must hold of every decision, whatever an owner may write, anybody may have watched, and may have been given."""

import math
import random
from typing import NamedTuple

import pytest

from shared.model import Play, Session, Span
from shared.policy import grants, verdict
from shared.policy.calendar import Calendar
from shared.policy.grants import ALLOW, BONUS, LOCK, OFF, Grant
from shared.policy.limits import Limits
from shared.policy.rules import Holding

from . import words_of_tests
from .test_limits import BASE, DAYS, HORIZON, per_day, some, some_house, some_limits, some_range, some_seconds
from .words_of_tests import DAY, SAT, H, by_chance, calendar, daily, date_atom, limits, span

MINE = 9  # the id of the play that is judged


class Situation(NamedTuple):
    """A play and all that bears on it, as it goes on."""

    limits: Limits
    house: Calendar
    play: Play
    spans: list
    rules: list
    others: list | None
    grants: list
    known: bool | None = None


def decide(all_of, now):
    others = None
    if all_of.others is not None:
        others = [(p, frozenset(r.name for r in all_of.rules)) for p in (all_of.play, *all_of.others)]
    sessions = {n: Session(str(n), rating_key=f"item{n % 3}") for n in range(6)} | {MINE: all_of.play.session}
    today = grants.today(all_of.grants, "emma", all_of.house, now)
    case = verdict.Case(
        all_of.play, all_of.limits, all_of.house, all_of.spans, sessions, all_of.rules, others, today, all_of.known
    )
    return verdict.decide(case, now)


def later(all_of, now, then):
    """The situation after the play went on as it was: playing, or standing still if it is paused."""
    play = all_of.play
    if play.session.state != "playing" or play.denied:
        return all_of._replace(play=play._replace(seen=then))
    session = play.session
    if session.offset is not None:
        session = session._replace(offset=session.offset + then - now)
    seen = play._replace(session=session, seen=then, span_ended=then)
    return all_of._replace(play=seen, spans=[*all_of.spans, Span(now, then, "movie", play=MINE)])


def stopped(all_of):
    return all_of._replace(play=all_of.play._replace(denied=1))


MINUTES = (0, 60, 300, 600, 1800, 3600)
KEYS = (
    "daily", "weekly", "monthly", "sitting", "blocked", "max_streams", "max_locations", "max_paused",
    "known_devices_only", "no_start_in_last",
)  # fmt: skip


def maybe(r, value):
    return r.choice((None, value))


def whole(r):
    """Limits in time, and as often as not all others, too."""
    more = {
        "let_finish": r.choice(MINUTES), "no_start_in_last": r.choice(MINUTES), "keep": r.choice(("oldest", "newest")),
        "max_streams": maybe(r, r.randint(0, 3)), "max_locations": maybe(r, r.randint(0, 2)),
        "max_paused": maybe(r, r.choice(MINUTES)), "known_devices_only": r.random() < 0.33,
    }  # fmt: skip
    return some_limits(r)._replace(**r.choice(({}, more)))


def some_rule(r):
    when = some(r, 2, lambda r: (r.choice(DAYS), some(r, 2, some_range, 1)), 1)
    return r.choice((
        {}, {"when": when}, {"daily": per_day(r)}, {"weekly": some_seconds(r)},
        {"monthly": some_seconds(r), "when": when}, {"sitting": some_seconds(r), "rest": r.choice(MINUTES)},
        {"max_plays": (r.randint(0, 3), r.choice(("daily", "weekly", "monthly")))},
        {"max_plays": (r.randint(0, 2), "daily"), "when": when}, {"max_streams": r.randint(0, 2)},
        {"max_streams": r.randint(0, 2), "when": when}, {"max_paused": r.choice(MINUTES)},
    )) | r.choice(({}, {}, {}, {"action": "stop"}, {"action": "alert"}))  # fmt: skip


def some_rules(r):
    return [Holding(f"rule{n}", some_rule(r), frozenset(some(r, 4, lambda r: r.randint(0, 5))))
            for n in range(r.randint(0, 3))]  # fmt: skip


def some_grant(r):
    at = BASE + r.randint(0, HORIZON)
    if r.random() < 0.5:
        return Grant(BONUS, "emma", at, r.randint(-90, 120) * 60)
    return Grant(r.choice((ALLOW, ALLOW, OFF, LOCK)), "emma", at, 0, maybe(r, at + r.randint(1, 30 * H)))


def some_play(r):
    began = BASE + r.randint(0, HORIZON)
    return Span(began, began + r.randint(0, 2 * H), r.choice(("movie", "movie", "track")), "", 0, r.random() < 0.25,
                r.randint(0, 5))  # fmt: skip


def some_state(r):
    return r.choice(("playing", "playing", "playing", "paused"))


def some_others(r, now):
    return [
        Play(id, session(id, r.randint(0, 2), some_state(r), r.randint(0, 2)), now - r.randint(0, 3 * H), now,
             denied=r.choice((0, 0, 1)))
        for id in r.sample(range(5), r.randint(0, 2))
    ]  # fmt: skip


def session(id, key, state, place, offset=None, length=0):
    return Session(
        str(id), f"player{id}", 5, f"item{key}", state=state, offset=offset, duration=length, media_type="movie",
        address=f"203.0.113.{place}", location="wan",
    )  # fmt: skip


def situation(r):
    """(situation, now): nothing in it lies after now but what was given for later."""
    now = BASE + r.randint(0, HORIZON)
    began = now - r.choice((0, 0, 1, 30, 600, 3600, 3 * H))
    state, length = some_state(r), r.choice((0, 1800, 2 * H))
    mine = session(MINE, 7, state, 0, maybe(r, r.randint(0, length)), length)
    since = r.choice((began, now, r.randint(began, now)))
    play = Play(MINE, mine, began, now, span_began=since, span_ended=now if state == "playing" else since, seq=1)
    spans = [s._replace(ended=min(s.ended, began)) for s in some(r, 5, some_play) if s.began < began]
    spans += [Span(since, now, "movie", play=MINE)] if state == "playing" and since < now else []
    given_then = [g for g in some(r, 3, some_grant) if g.at <= now]
    return Situation(whole(r), some_house(r), play, spans, some_rules(r), maybe(r, some_others(r, now)), given_then,
                     r.choice((None, True, False))), now  # fmt: skip


def end(decision, now):
    """When the play ends: now, some time, or never."""
    return now if not decision.allowed else math.inf if decision.until is None else decision.until


def moments(now, until):
    """Some between two moments, those close to the second one above all."""
    found = {now + 1, until - 1, until - 0.5, until - 20, until - 310, (now + until) // 2, now + (until - now) // 7}
    return sorted(at for at in found if now < at < until)


@by_chance(120, situation)
def test_an_allow_holds_until_its_moment_and_not_longer(drawn):
    all_of, now = drawn
    found = decide(all_of, now)
    if not found.allowed or found.until is None:
        return
    assert found.until > now
    if all_of.play.session.state == "playing":
        for at in moments(now, found.until):
            then = decide(later(all_of, now, at), at)
            assert then.allowed and then.until == found.until
        assert not decide(later(all_of, now, found.until), found.until).allowed
    elif found.kind not in ("daily", "weekly", "monthly", "sitting"):
        assert not decide(later(all_of, now, found.until), found.until).allowed


@by_chance(80, situation)
def test_a_stop_is_one_until_its_moment(drawn):
    all_of, now = drawn
    found = decide(all_of, now)
    if found.allowed:
        return
    assert found.until is None or found.until > now
    for at in moments(now, found.until or now + DAY):
        assert not decide(stopped(later(stopped(all_of), now, at)), at).allowed


@by_chance(120, situation)
def test_nothing_changes_before_it_is_decided_again(drawn):
    all_of, now = drawn
    found = decide(all_of, now)
    all_of = all_of if found.allowed else stopped(all_of)
    assert found.ahead is None or found.ahead > now
    until = min(found.ahead or math.inf, now + DAY)
    for at in moments(now, until):
        then = decide(later(all_of, now, at), at)
        assert then.allowed == found.allowed


@by_chance(80, situation, whole, lambda r: r.choice(KEYS))
def test_one_limit_more_never_allows_more(drawn, other, key):
    all_of, now = drawn
    if key == "blocked" and all_of.limits.allowed:
        return
    all_of = all_of._replace(limits=all_of.limits._replace(**{key: getattr(Limits(), key)}))
    more = all_of._replace(limits=all_of.limits._replace(**{key: getattr(other, key)}))
    assert end(decide(more, now), now) <= end(decide(all_of, now), now)


@by_chance(80, situation, some_rules)
def test_one_rule_more_never_allows_more(drawn, rules):
    all_of, now = drawn
    more = all_of._replace(rules=[*all_of.rules, *(r._replace(name=f"more {r.name}") for r in rules)])
    assert end(decide(more, now), now) <= end(decide(all_of, now), now)


@by_chance(120, situation, lambda r: r.randint(1, 300), lambda r: r.random() < 0.5)
def test_a_bonus_never_allows_less_and_a_penalty_never_more(drawn, minutes, before):
    """Where both soft landings are set and a grant lifts a limit of nothing, a penalty may still tell them apart."""
    all_of, now = drawn
    if all_of.limits.let_finish and all_of.limits.no_start_in_last:
        return
    at = now - 20 * H if before else now  # today, or a day ago
    more = decide(all_of._replace(grants=[*all_of.grants, Grant(BONUS, "emma", at, minutes * 60)]), now)
    less = decide(all_of._replace(grants=[*all_of.grants, Grant(BONUS, "emma", at, -minutes * 60)]), now)
    plain = decide(all_of, now)
    assert end(less, now) <= end(plain, now) <= end(more, now)


@by_chance(80, situation, lambda r: r.randint(1, 40 * H))
def test_a_permission_never_allows_less_and_a_lock_nothing(drawn, seconds):
    all_of, now = drawn
    plain = decide(all_of, now)
    for kind in (ALLOW, OFF):
        more = decide(all_of._replace(grants=[*all_of.grants, Grant(kind, "emma", now, 0, now + seconds)]), now)
        assert more.allowed or not plain.allowed
    locked = decide(all_of._replace(grants=[*all_of.grants, Grant(LOCK, "emma", now, 0, now + seconds)]), now)
    assert not locked.allowed and (locked.until is None or locked.until >= now + seconds)
    free = [Grant(OFF, "*", now, 0, now + seconds), *(g for g in all_of.grants if g.kind != LOCK)]
    assert decide(all_of._replace(grants=free), now).allowed


@by_chance(80, situation, lambda r: r, lambda r: r.uniform(0.05, 0.95))
def test_order_and_cuts_do_not_matter(drawn, random, where):
    all_of, now = drawn
    spans = []
    for s in all_of.spans:
        middle = s.began + int((s.ended - s.began) * where)
        spans += [s._replace(ended=middle), s._replace(began=middle)]
    shuffled = {key: random.sample(many, len(many)) for key, many in (
        ("spans", spans), ("rules", all_of.rules), ("grants", all_of.grants))}  # fmt: skip
    others = all_of.others and random.sample(all_of.others, len(all_of.others))
    assert decide(all_of._replace(**shuffled, others=others), now) == decide(all_of, now)


@by_chance(80, situation, some_rules)
def test_what_is_rehearsed_never_stops_and_never_hides_a_stop(drawn, rules):
    all_of, now = drawn
    dry = [r._replace(name=f"dry {r.name}", dry=True) for r in rules]
    plain, both = decide(all_of, now), decide(all_of._replace(rules=[*all_of.rules, *dry]), now)
    if not plain.allowed:
        assert both._replace(ahead=None) == plain._replace(ahead=None)
    assert both.allowed or both.dry or not plain.allowed
    if plain.allowed and plain.until is not None and plain.ahead is not None:
        assert both.ahead is not None and both.ahead <= plain.ahead


@by_chance(80, situation, lambda r: r.choices(range(4), k=9), lambda r: r.choice(("", "\x00", "x" * 300, "*")),
           lambda r: r.uniform(-1e6, 1e6))  # fmt: skip
def test_nothing_makes_a_decision_raise(drawn, epochs, odd, offset):
    all_of, now = drawn
    spans = [s._replace(epoch=e, media_type=odd) for s, e in zip(all_of.spans, epochs, strict=False)]
    spans += [Span(now + 9, now + DAY), Span(now, now), Span(now, now - 60, play=MINE)]
    strange = all_of.play.session._replace(
        machine_id=odd, rating_key=odd, state=odd, address=odd, title=odd, offset=offset, duration=-offset
    )
    play = all_of.play._replace(session=strange, seen=now + offset, epoch=epochs[0])
    found = decide(all_of._replace(spans=spans, play=play), now + 0.25)
    assert found.reason and "\n" not in found.reason
    assert found.until is None or found.until > now


# ---- what chance seldom meets ----

NOON = words_of_tests.at("2026-11-20T12:00")  # a Friday
FOUR = words_of_tests.at("2026-11-21T04:00")


def standing(what, spans=()):
    """The decision about a play that has been paused for an hour."""
    play = Play(MINE, session(MINE, 7, "paused", 0), NOON - H, NOON)
    return decide(Situation(what, calendar(), play, list(spans), [], None, []), NOON)


def test_when_a_paused_play_is_decided_again():
    """Of a budget's end nothing but playing brings it nearer, unless all of it is used up already."""
    hour, noon_break = span(NOON - 3 * H, H), (((), ((12 * H, 13 * H),)),)
    assert standing(limits(daily=2 * H), [hour]).until == NOON + H
    assert standing(limits(daily=2 * H), [hour]).ahead == FOUR  # another day, another budget
    assert standing(limits(daily=H, uncounted=noon_break), [hour]).ahead == NOON + H
    assert standing(limits(daily=2 * H, uncounted=noon_break), [hour]).ahead == FOUR
    assert standing(limits(daily=daily(2 * H, (SAT, 0)))).ahead == FOUR
    assert standing(limits(daily=2 * H, blocked=(((), ((20 * H, 21 * H),)),))).ahead == NOON + 8 * H
    assert standing(limits()).ahead is None


def test_a_stop_is_decided_again_when_it_opens():
    stop = standing(limits(daily=H), [span(NOON - 3 * H, H)])
    assert (stop.allowed, stop.until, stop.ahead) == (False, FOUR, FOUR)


def test_of_two_rules_alike_the_first_by_name_is_told():
    play = Play(MINE, session(MINE, 7, "playing", 0), NOON, NOON)
    for names in ("ab", "ba"):
        found = decide(Situation(limits(), calendar(), play, [], [Holding(n, {}) for n in names], None, []), NOON)
        assert found.limit == "rule:a"


def test_the_situations_are_of_all_kinds():
    """What the properties are asked of stops, allows, ends and is given time often enough to mean something."""
    kinds = set()

    for seed in range(250):
        found = decide(*situation(random.Random(seed)))
        kinds.add((found.allowed, found.kind))
    assert {kind for allowed, kind in kinds if not allowed} >= {"daily", "hours", "lock", "rule", "streams"}
    assert {kind for allowed, kind in kinds if allowed} >= {"", "daily", "hours", "sitting"}


# ---- what bears on a play, one by one ----


def case(what=None, *rules, **more):
    play = Play(MINE, session(MINE, 7, "playing", 0), NOON - H, NOON)
    found = {"others": [(play, frozenset(r.name for r in rules))], **more}
    return verdict.Case(play, what or limits(), calendar(), rules=rules, **found)


@pytest.mark.parametrize(("only", "known", "expected"), [
    (True, False, "known_devices_only"), (True, None, ""), (True, True, ""), (False, False, ""),
])  # fmt: skip
def test_an_unknown_player(only, known, expected):
    found = verdict.decide(case(Limits(known_devices_only=only, message="Ask me"), known=known), NOON)
    assert (found.allowed, found.limit) == (not expected, expected)
    assert (found.kind, found.message) == (("device", "Ask me") if expected else ("", ""))


@pytest.mark.parametrize(("settings", "allowed", "ahead"), [
    ({}, False, None), ({"action": "stop"}, False, None), ({"action": "alert"}, True, None),
    ({"action": "alert", "daily": H}, True, H), ({"action": "log", "daily": 0}, True, None),
    ({"action": "alert", "when": ((date_atom("2026-12-24"), ((0, DAY),)),)}, True, None),
    ({"action": "alert", "daily": 3 * H}, True, 2 * H),
])  # fmt: skip
def test_what_an_action_comes_to(settings, allowed, ahead):
    found = verdict.decide(case(limits(daily=2 * H) if ahead else None, Holding("r", settings)), NOON)
    assert (found.allowed, found.ahead and found.ahead - NOON) == (allowed, ahead)


def test_what_is_rehearsed_is_said_to_be():
    assert [verdict.decide(case(limits(daily=0), dry=dry), NOON).dry for dry in (True, False)] == [True, False]
    assert not verdict.decide(verdict.Case(case().play, limits(daily=0), calendar()), NOON).dry


def test_streams_of_a_rule_are_those_for_which_it_holds():
    mine, rule = case().play, Holding("r", {"max_streams": 1})
    other = Play(1, session(1, 8, "playing", 0), NOON - 2 * H, NOON)
    for names, allowed in ((frozenset(), True), (frozenset("r"), False)):
        beside = [(mine, frozenset("r")), (other, names)]
        assert verdict.decide(case(None, rule, others=beside), NOON).allowed == allowed


@pytest.mark.parametrize(("what", "rules", "expected"), [
    ({}, [], "2026-11-20T12:00"), ({"daily": H}, [], "2026-11-20T04:00"), ({"weekly": H}, [], "2026-11-16T04:00"),
    ({}, [{}, {"daily": H}], "2026-11-20T04:00"), ({"daily": H}, [{"weekly": H}, {}], "2026-11-16T04:00"),
    ({}, [{"max_plays": (1, "daily")}], "2026-11-01T04:00"), ({"monthly": H}, [{"daily": H}], "2026-11-01T04:00"),
])  # fmt: skip
def test_from_when_on_what_was_played_matters(what, rules, expected):
    assert verdict.horizon(limits(**what), rules, calendar(), NOON) == words_of_tests.at(expected)
