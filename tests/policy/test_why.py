"""`why` and the decision agree: every situation is put to both, and what the rows say must come to what is decided."""

from __future__ import annotations

import os
import random
from functools import lru_cache

import pytest

from shared.model import Play, Session, Span, User
from shared.policy import grants, people, verdict, why
from shared.policy.grants import Grant
from shared.policy.holding import holding, names_of
from shared.policy.limits import Limits
from shared.policy.people import House
from shared.zone import transitions
from tests.policy.words_of_tests import DAY, EVERY, SAT, SCHOOLNIGHT, WEEKEND, ZONES, H, M, at, calendar

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


@pytest.mark.parametrize("part", range(PARTS))
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
