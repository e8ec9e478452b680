"""`why` and the decision agree: every situation is put to both, and what the rows say must come to what is decided."""

from __future__ import annotations

import os
import random
from functools import lru_cache

import pytest

from shared.model import Play, Session, Span, User
from shared.policy import grants, people, streams, verdict, why
from shared.policy.grants import Grant
from shared.policy.holding import holding, names_of
from shared.policy.limits import Limits
from shared.policy.people import House
from shared.policy.rules import Holding
from shared.zone import transitions
from tests.deep import chosen
from tests.policy.words_of_tests import (
    DAY,
    EVERY,
    FRI,
    SAT,
    SCHOOLNIGHT,
    WEEKEND,
    ZONES,
    H,
    M,
    at,
    calendar,
    limits,
    ordinal,
)  # fmt: skip

SITUATIONS = 500 * int(os.environ.get("EXAMPLES_TIMES", "1"))
PARTS = 20 if "EXAMPLES_MOST" not in os.environ else 1
EVENINGS = ((SCHOOLNIGHT, ((19 * H, DAY),)),)
USERS = {2: User(2, "emma", kind="home"), 3: User(3, "max", kind="managed"), 4: User(4, "guest", kind="friend")}


@lru_cache(None)
def some_calendar(zone, day_starts, week_starts):
    """Only of the months around, with few changes of the clock: most of the time goes into looking them up."""
    months = transitions(zone, int(at("2026-09-01")), int(at("2027-03-01")))
    return calendar(zone, day_starts, week_starts, holidays=["2026-11-19"])._replace(zone=months)


def situation(seed):
    """A house, somebody in it, what they have played, and a play of theirs; gathered as events do it."""
    r = random.Random(seed)
    cal = some_calendar(r.choice(ZONES), r.choice([0, 4 * H, 6 * H]), r.choice([0, 6]))
    now = at("2026-11-18") + r.randrange(9 * DAY) + r.random()
    house = House({"usher": {"dry_run": r.random() < 0.3, "owner_devices": ()}, "everyone": some_limits(r),
                   "group": {"kids": {"members": ("emma", "max"), **some_limits(r)}},
                   "person": {"emma": {"users": ("emma",), "exempt": r.random() < 0.1, **some_limits(r)}},
                   "rule": {f"r{n}": some_rule(r) for n in range(r.randrange(4))}},
                  USERS, {("user", "emma"): "2", ("user", "max"): "3"}, 1)  # fmt: skip
    user = r.choice([2, 2, 3, 4])
    who, known = people.whose(house, user, ""), r.choice([True, True, False, None])
    plays = [some_play(r, id, user, now) for id in range(1, r.randrange(2, 5))]
    past = {id: some_session(r, user) for id in range(10, 10 + r.randrange(8))}
    spans = [Span(began, began + r.choice([60, 600, 3000, 7000]), s.media_type, s.library, denied=r.random() < 0.1,
                  play=id) for id, s in past.items() for began in [now - r.randrange(1, 12 * DAY)]]  # fmt: skip
    spans += [Span(p.began, now, p.session.media_type, p.session.library, play=p.id) for p in plays]
    sessions = past | {p.id: p.session for p in plays}
    given = [Grant(kind, r.choice([who.key, grants.EVERYBODY]), now - r.randrange(2 * DAY),
                   r.choice([-900, 900, 3600]), None if kind == "bonus" else now + r.randrange(-H, 3 * H))
             for kind in ("bonus", "allow", "lock", "off")
             if r.random() < (0.3 if kind == "bonus" else 0.1)]  # fmt: skip
    today = grants.today(given, who.key, cal, now)
    held = {p.id: holding(house, who, p.session, sessions, known) for p in plays}
    beside = [(p, names_of(held[p.id])) for p in plays] if r.random() < 0.9 else None
    play = plays[0]
    case = verdict.Case(play, Limits() if who.exempt else who.limits, cal, spans, sessions, held[play.id], beside,
                        today, known, who.dry_run)  # fmt: skip
    return house, who, case, known, now


def some_limits(r):
    def some(chance, *values):
        return r.choice(values) if r.random() < chance else None
    found = {
        "daily": some(0.4, ((EVERY, 30 * M),), ((EVERY, H), (WEEKEND, 2 * H)), ((EVERY, 0),), ((SAT, None), (SAT, H))),
        "weekly": some(0.2, ((EVERY, 2 * H),)), "monthly": some(0.2, ((EVERY, 3 * H),)),
        "sitting": some(0.2, ((EVERY, 30 * M),)), "unlimited_days": some(0.1, SAT),
        r.choice(["blocked", "allowed"]): some(0.3, ((EVERY, ((20 * H, 31 * H),)),), EVENINGS),
        "max_streams": some(0.2, 0, 1, 2), "max_locations": some(0.2, 1), "max_paused": some(0.2, 10 * M),
        "known_devices_only": some(0.2, True), "let_finish": some(0.2, 5 * M), "no_start_in_last": some(0.2, 5 * M, H),
        "uncounted_media": some(0.3, ("track",)),
    }  # fmt: skip
    return {key: value for key, value in found.items() if value is not None}


def some_rule(r):
    conditions = {
        "people": (r.random() < 0.3, ("emma",)), "groups": (r.random() < 0.3, ("kids",)),
        "users": (False, ("@friends", "m*")), "media": (r.random() < 0.3, ("movie",)),
        "libraries": (r.random() < 0.3, ("films",)), "ratings": (r.random() < 0.3, ("above pg-13",)),
        "shows": (False, ("paw*",)), "resolution": (False, ("4k",)),
        "transcode": (False, ("video",)), "location": (False, ("wan",)), "bitrate": ("above", 9000), "new_device": True,
    }  # fmt: skip
    amounts = {"daily": r.choice([((EVERY, 20 * M),), 30 * M, 0]), "sitting": 20 * M,
               "max_plays": (r.randrange(3), "weekly"), "max_streams": 1, "max_paused": 5 * M}  # fmt: skip
    found = {key: conditions[key] for key in r.sample(list(conditions), r.randrange(1, 4))}
    found |= {key: amounts[key] for key in r.sample(list(amounts), r.choice([0, 0, 1, 2]))}
    if r.random() < 0.4:
        found["when"] = r.choice([EVENINGS, ((EVERY, ((12 * H, 18 * H),)),)])
    return found | {"action": r.choice(["stop", "stop", "alert", "log"]), "unrated": r.choice(["allow", "block"])} | (
        {"dry_run": True} if r.random() < 0.2 else {})  # fmt: skip


def some_session(r, user):
    kind = r.choice(["movie", "movie", "episode", "track", ""])
    return Session(
        "1", r.choice(["tv", "phone", ""]), user, r.choice(["7", "8"]),
        state=r.choice(["playing", "playing", "paused"]), offset=r.choice([None, 60.0, 5000.0]),
        duration=5400.0, player="TV", media_type=kind, title="A film",
        library=r.choice(["Films", "Cartoons", ""]), rating=r.choice(["R", "G", "", "strange"]),
        show=r.choice(["Paw Patrol", "Other"]) if kind == "episode" else "", resolution=r.choice(["4k", "1080", ""]),
        transcode=r.choice(["", "video", "no"]), location=r.choice(["lan", "wan", ""]),
        bitrate=r.choice([0, 8000, 20000]), address=r.choice(["203.0.113.1", "203.0.113.2", ""]),
    )  # fmt: skip


def some_play(r, id, user, now):
    began = now - r.choice([0, 0.2, 5, 100, 4000])
    return Play(id, some_session(r, user), began, now, denied=int(r.random() < 0.1), span_ended=began)


@pytest.mark.parametrize("part", chosen(range(PARTS), lambda n: n % 5 == 0))
def test_the_answer_is_the_decision(part):
    seen = set()
    for seed in range(part * SITUATIONS, (part + 1) * SITUATIONS):
        house, who, case, known, now = situation(seed)
        asked = why.ask(house, who, case, known, now)
        said = why.explain(case, asked, now)
        decision = said.decision
        assert seed % 10 or decision == verdict.decide(case, now), seed
        stopping = [row for row in said.rows if row.stops]
        real = [row for row in stopping if not row.dry]
        assert bool(stopping) == (not decision.allowed), (seed, said)
        assert bool(real) == (not decision.allowed and not decision.dry), (seed, said)
        if not decision.allowed:
            assert decision.limit in [row.limit for row in (real or stopping)], (seed, said)
        elif decision.until is not None:
            mine = [row for row in said.rows if row.action == "stop" and row.until is not None]
            first = min(mine, key=lambda row: row.until)
            assert first.until == decision.until, (seed, said)
            assert decision.limit in [row.limit for row in mine if row.until == first.until], (seed, said)
        else:
            assert not any(row.until for row in said.rows if row.action == "stop"), (seed, said)
        assert {one.name for one in asked if one.holds} == names_of(case.rules), (seed, asked)
        named = {row.limit for row in said.rows}
        assert len(named) == len(said.rows) and {f"rule:{name}" for name in house.settings["rule"]} <= named
        assert all(row.why.isprintable() and row.why and not row.why.startswith(";") for row in said.rows), (seed, said)
        seen |= {(row.limit.partition(":")[0], row.stops) for row in said.rows} | {
            one.true for row in said.rows for one in row.conditions}  # fmt: skip
        seen.add((decision.allowed, decision.until is None, decision.dry))
    keys = {"daily", "weekly", "monthly", "sitting", "blocked", "allowed", "max_streams", "max_locations", "max_paused",
            "known_devices_only", "no_start_in_last", "rule"}  # fmt: skip
    assert {(key, stops) for key in keys for stops in (True, False)} | {True, False, None, ("lock", True)} <= seen
    ways = {(a, u, d) for a in (True, False) for u in (True, False) for d in (True, False)} - {(True, True, True)}
    assert ways <= seen


# ---- what the rows say ----

NOW, TODAY = at("2026-11-20T18:00"), ordinal("2026-11-20")  # a Friday
HOUSE = calendar()
FILM = Session("1", "tv", 2, media_type="movie", library="Films", address="203.0.113.1", location="wan")
PHONE = FILM._replace(session_key="2", machine_id="phone", address="203.0.113.2", title="Other")
AT_HOME, NOWHERE = PHONE._replace(location="lan"), PHONE._replace(location="", address="", machine_id="")
PAUSED = FILM._replace(state="paused")
NINE = ((EVERY, ((21 * H, DAY),)),)


def rows(what, session=FILM, others=(), asked=(), spans=(), **more):
    """What is said of a play that has begun twelve minutes ago."""
    play = Play(1, session, NOW - 12 * M, NOW, span_began=NOW - 12 * M, span_ended=NOW)
    there = [play, *(Play(n, other, NOW - 20 * M, NOW) for n, other in enumerate(others, 2))]
    mine = [Span(NOW - 12 * M, NOW, session.media_type, session.library, play=1), *spans]
    case = verdict.Case(play, limits(**what), HOUSE, mine, {1: session},
                        others=[(one, frozenset()) for one in there])._replace(**more)
    return why.explain(case, asked, NOW).rows


@pytest.mark.parametrize(("what", "more", "expected"), [
    ({}, {}, []),
    ({"daily": 45 * M}, {}, ["12 min of 45 min used today; over at 18:33 if it plays on"]),
    ({"daily": 12 * M}, {}, ["12 min of 12 min used today; back at 04:00"]),
    ({"weekly": H}, {}, ["12 min of 1 h used this week; over at 18:48 if it plays on"]),
    ({"monthly": H}, {}, ["12 min of 1 h used this month; over at 18:48 if it plays on"]),
    ({"daily": 45 * M, "weekly": 10 * H}, {},
     ["12 min of 45 min used today; over at 18:33 if it plays on",
      "12 min of 10 h used this week; over at 03:48 if it plays on"]),
    ({"daily": 30 * M}, {"today": grants.Today(((TODAY, H),))},
     ["12 min of 1 h 30 min used today; over at 19:18 if it plays on"]),
    ({"daily": 30 * M}, {"today": grants.Today(((TODAY, -H),))}, ["12 min of 0 s used today; back at 04:00"]),
    ({"daily": ((EVERY, 45 * M), (FRI, None))}, {}, ["12 min used today; over at 04:45 if it plays on"]),
    ({"daily": H, "uncounted_media": ("movie",)}, {}, ["what is played uses up none of it"]),
    ({"daily": H, "uncounted_libraries": ("films",)}, {}, ["what is played uses up none of it"]),
    ({"sitting": H}, {}, ["time is left in this sitting; over at 18:48 if it plays on"]),
    ({"sitting": 12 * M}, {}, ["sitting limit of 12 min reached; back at 18:15"]),
    ({"sitting": H, "uncounted_media": ("movie",)}, {}, ["what is played uses up none of it"]),
    ({"blocked": NINE}, {}, ["watching is open at this hour; over at 21:00 if it plays on"]),
    ({"allowed": NINE}, {}, ["no watching at this hour; back at 21:00"]),
    ({"allowed": ((EVERY, ((8 * H, 21 * H),)),)}, {}, ["watching is open at this hour; over at 21:00 if it plays on"]),
    ({"no_start_in_last": 5 * M}, {}, ["more than 5 min was left when it began"]),
    ({"blocked": NINE, "uncounted_media": ("movie",)}, {},
     ["watching is open at this hour; over at 21:00 if it plays on"]),
    ({"max_streams": 1}, {}, ["1 of 1 player at once"]),
    ({"max_streams": 3}, {"others": [PHONE]}, ["2 of 3 players at once"]),
    ({"max_streams": 4}, {"others": [PHONE, PHONE, NOWHERE]}, ["3 of 4 players at once"]),
    ({"max_streams": 4}, {"others": [NOWHERE, NOWHERE._replace(session_key="3")]}, ["3 of 4 players at once"]),
    ({"max_streams": 1}, {"others": [PHONE]}, ["at most 1 stream at once; no end in sight"]),
    ({"max_streams": 0}, {}, ["at most 0 streams at once; no end in sight"]),
    ({"max_locations": 1}, {}, ["1 of 1 place at once"]),
    ({"max_locations": 2}, {"others": [AT_HOME, NOWHERE]}, ["2 of 2 places at once"]),
    ({"max_locations": 0}, {}, ["at most 0 places at once; no end in sight"]),
    ({"max_paused": 20 * M}, {}, ["it is not paused"]),
    ({"max_paused": 20 * M}, {"session": PAUSED}, ["not paused for so long; over at 18:20 if it plays on"]),
    ({"max_paused": 0}, {"session": PAUSED}, ["paused for 0 s; no end in sight"]),
    ({"known_devices_only": True}, {"known": True}, ["the player is known"]),
    ({"known_devices_only": True}, {"known": None}, ["whether the player is known is not known"]),
    ({"known_devices_only": True}, {"known": False}, ["this player is not known yet; no end in sight"]),
    ({}, {"today": grants.Today(locked_until=NOW + H)}, ["locked; back at 19:00"]),
    ({}, {"today": grants.Today(locked_until=grants.FOREVER)}, ["locked; no end in sight"]),
])  # fmt: skip
def test_what_a_limit_of_theirs_says(what, more, expected):
    assert [row.why for row in rows(what, **more)] == expected


ALERT = {"action": "alert"}
CARTOONS, FILMS = (why.Condition("libraries", "cartoons", False),), (why.Condition("libraries", "films", True),)
UNKNOWN, NOT_NOW = why.Condition("ratings", "above pg", None), why.Condition("when", "after 21:00", False)


@pytest.mark.parametrize(("settings", "conditions", "for_them", "expected"), [
    ({}, FILMS, False, ("does not name them, and they are exempt", False, None, False, "stop")),
    ({}, CARTOONS, True, ("not all its conditions are true", False, None, False, "stop")),
    ({}, (*FILMS, UNKNOWN), True,
     ("it is not known whether all its conditions are true", False, None, False, "stop")),
    ({}, (UNKNOWN, NOT_NOW), True,
     ("it is not known whether all its conditions are true", False, None, False, "stop")),
    ({}, (UNKNOWN, *CARTOONS), True, ("not all its conditions are true", False, None, False, "stop")),
    ({}, FILMS, True, ("not allowed; no end in sight", True, None, True, "stop")),
    (ALERT, FILMS, True, ("not allowed; no end in sight", False, None, True, "alert")),
    ({"when": NINE}, (*FILMS, NOT_NOW), True,
     ("its conditions are true; over at 21:00 if it plays on", False, NOW + 3 * H, True, "stop")),
    ({"daily": H, "weekly": 2 * H}, FILMS, True,
     ("its conditions are true; 22 min of 1 h used today; 22 min of 2 h used this week; over at 18:38 if it plays on",
      False, NOW + 38 * M, True, "stop")),
    ({"daily": 10 * M, "weekly": 12 * H}, FILMS, True,
     ("daily limit of 10 min reached; back at 04:00", True, NOW + 10 * H, True, "stop")),
    ({"daily": 12 * H, "sitting": 10 * M}, FILMS, True,
     ("sitting limit of 10 min reached; back at 18:15", True, NOW + 15 * M, True, "stop")),
])  # fmt: skip
def test_what_a_rule_says(settings, conditions, for_them, expected):
    other = Holding("another", {"media": (False, ("movie",))}, frozenset({8}))
    held = [other, Holding("it", settings, frozenset({9}), dry=True)]
    before = [Span(NOW - 90 * M, NOW - 80 * M, play=9), Span(NOW - 3 * H, NOW - 2 * H, play=8)]
    sessions = {1: FILM, 8: FILM, 9: FILM}
    (row,) = rows({}, asked=[why.Asked("it", settings, conditions, for_them)], spans=before, rules=held,
                  sessions=sessions)  # fmt: skip
    assert (row.why, row.stops, row.until, row.dry, row.action) == expected
    assert (row.limit, row.conditions) == ("rule:it", conditions)


def test_a_rule_that_does_not_hold_is_not_dry_and_used_nothing():
    asked = why.Asked("it", {"daily": H}, FILMS, True)
    (row,) = rows({}, asked=[asked], spans=[Span(NOW - 90 * M, NOW - 80 * M, play=9)])
    assert row == why.Row("rule:it", False, "its conditions are true; 12 min of 1 h used today", conditions=FILMS)


@pytest.mark.parametrize(("settings", "expected"), [
    ({"libraries": (False, ("films", "tv"))}, [("libraries", "films, tv", True)]),
    ({"libraries": (True, ("films",))}, [("libraries", "not films", False)]),
    ({"ratings": (False, ("above pg",)), "unrated": "block"}, [("ratings", "above pg, or none", True)]),
    ({"ratings": (False, ("above pg",)), "unrated": "allow"}, [("ratings", "above pg", None)]),
    ({"ratings": (False, ("above pg",))}, [("ratings", "above pg", None)]),
    ({"media": (False, ("movie",)), "unrated": "block"}, [("media", "movie", True)]),
    ({"shows": (False, ("x" * 41,))}, [("shows", "x" * 39 + "…", False)]),
    ({"new_device": True}, [("new_device", "yes", None)]), ({"new_device": False}, [("new_device", "no", None)]),
    ({"bitrate": ("above", 8500)}, [("bitrate", "above 8.5 Mbps", None)]),
    ({"file_bitrate": ("below", 20000)}, [("file_bitrate", "below 20 Mbps", None)]),
    ({"when": ((EVERY, ((18 * H, 19 * H),)), (SAT, ()))},
     [("when", "every day from 18:00 to 19:00, but not on Saturdays", True)]),
    ({"when": NINE}, [("when", "after 21:00 every day", False)]),
    ({"when": ((EVERY, ((8 * H, 18 * H),)),)}, [("when", "every day from 08:00 to 18:00", False)]),
    ({"when": ((EVERY, ((18 * H + 1, 20 * H),)),)}, [("when", "every day from 18:00 to 20:00", False)]),
    ({"when": ()}, []),
])  # fmt: skip
def test_what_a_condition_says(settings, expected):
    house = House({"usher": {"owner_devices": ()}, "person": {}, "rule": {"it": settings}}, USERS, {}, 1)
    case = verdict.Case(Play(1, FILM, NOW, NOW), limits(), HOUSE)
    (asked,) = why.ask(house, people.Who("user:4", "guest", limits()), case, None, NOW)
    assert (asked.name, list(asked.conditions), asked.for_them) == ("it", expected, True)


@pytest.mark.parametrize(("today", "expected"), [
    (grants.Today(), []),
    (grants.Today(((TODAY, 900),)), ["15 min more today (bonus)"]),
    (grants.Today(((TODAY, -900), (TODAY + 1, H))), ["15 min less today (bonus)"]),
    (grants.Today(((TODAY, 1),)), ["1 s more today (bonus)"]),
    (grants.Today(((TODAY - 1, H),)), []),
    (grants.Today(allowed_until=NOW + H), ["free of budgets and hours until 19:00"]),
    (grants.Today(locked_until=grants.FOREVER, off_until=NOW + 3 * DAY),
     ["locked", "everything off until on Mon at 18:00"]),
    (grants.Today(((TODAY, H),), NOW + H, NOW + 2 * H, NOW + 3 * H),
     ["1 h more today (bonus)", "free of budgets and hours until 19:00", "locked until 21:00",
      "everything off until 20:00"]),
])  # fmt: skip
def test_what_the_owner_has_given(today, expected):
    assert why.given(today, HOUSE, NOW) == expected


@pytest.mark.parametrize(("what", "beside", "seconds"), [
    ({}, {}, 0), ({"daily": 5}, {}, 0), ({"daily": H}, {}, 0),
    ({"max_streams": 1}, {}, 0),
    ({"max_streams": 1}, {"title": "Other"}, streams.SETTLE),
    ({"max_streams": 1}, {"title": FILM.title, "rating_key": "7"}, streams.SETTLE),
    ({"max_locations": 1}, {"address": "203.0.113.9"}, streams.SETTLE),
])  # fmt: skip
def test_when_it_is_judged_for_good(what, beside, seconds):
    play = Play(2, FILM, NOW, NOW)
    other = Play(1, FILM._replace(session_key="9", machine_id="pad", **beside), NOW - H, NOW)
    there = [(play, frozenset()), *([(other, frozenset())] if beside else [])]
    assert why.settles(verdict.Case(play, limits(**what), HOUSE, others=there), NOW) == NOW + seconds


def test_an_item_that_moves_to_another_player_is_judged_after_the_longest_wait():
    session = FILM._replace(rating_key="7")
    play, other = Play(2, session, NOW, NOW), Play(1, session._replace(machine_id="pad"), NOW - H, NOW)
    case = verdict.Case(play, limits(max_streams=1), HOUSE, others=[(play, frozenset()), (other, frozenset())])
    assert why.settles(case, NOW) == NOW + streams.HANDOVER
