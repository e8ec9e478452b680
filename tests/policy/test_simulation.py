"""The policy against a slow and simple one: a day second by second, a month of a family."""

from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.policy import limits as lim
from shared.policy.limits import Limits, Span

from .words_of_tests import (
    EVERY,
    HOLIDAYS,
    SAT,
    SCHOOLNIGHT,
    SUN,
    WEEKDAY,
    WEEKEND,
    H,
    M,
    at,
    calendar,
    daily,
    date_atom,
    decide,
    examples,
    limits,
    ordinal,
)

# ---- the oracle: DESIGN's words, moment by moment, on zoneinfo's clock; it knows nothing of shared.policy ----


class Slow:
    """A person's limits, asked for one moment at a time; `step` seconds are one piece of time."""

    def __init__(self, what, zone="UTC", day_starts=4 * H, week_starts=0, holidays=(), step=60):
        self.what, self.zone, self.starts, self.week, self.step = what, ZoneInfo(zone), day_starts, week_starts, step
        self.holidays = {n for first, last in holidays for n in range(first, last + 1)}
        self.names, self.day, self.wall = (lru_cache(None)(slow) for slow in (self.names, self.day, self.wall))

    def names(self, days, day):
        def one(atom):
            weekday = date.fromordinal(day).weekday()
            if atom[0] == "weekday":
                return weekday == atom[1]
            if atom[0] == "date":
                return atom[1] <= day <= atom[2]
            if atom[0] == "calendar":
                return day in self.holidays
            school = day if atom[0] == "schoolday" else day + 1
            return date.fromordinal(school).weekday() < 5 and school not in self.holidays

        return not days or any(one(a) for a in days)

    def day(self, moment):
        """The day: the last one whose start the wall clock has reached for good."""
        on = datetime.fromtimestamp(moment, self.zone).date()
        while moment < self.wall(on.toordinal(), self.starts):
            on -= timedelta(days=1)
        while moment >= self.wall(on.toordinal() + 1, self.starts):
            on += timedelta(days=1)
        return on.toordinal()

    def wall(self, day, seconds):
        """The first moment at which the clock shows so much; found by walking, since it is slow and simple."""
        target = datetime.fromordinal(day) + timedelta(seconds=seconds)
        guess = target.replace(tzinfo=self.zone, fold=0).timestamp()
        for moment in (guess - 2 * H + n * 300 for n in range(60)):
            if datetime.fromtimestamp(moment, self.zone).replace(tzinfo=None) >= target:
                return moment
        raise AssertionError(target)

    def same_period(self, kind, one, other):
        a, b = date.fromordinal(one), date.fromordinal(other)
        if kind == "monthly":
            return (a.year, a.month) == (b.year, b.month)
        return (one - 1 - self.week) // 7 == (other - 1 - self.week) // 7 if kind == "weekly" else one == other

    def first_of(self, kind, day):
        on = date.fromordinal(day)
        return (day - (on.weekday() - self.week) % 7 if kind == "weekly" else
                on.replace(day=1).toordinal() if kind == "monthly" else day)  # fmt: skip

    def value(self, values, day):
        named = [v for days, v in values if self.names(days, day)]
        return named[-1] if named else None

    def open(self, windows, moment):
        today = datetime.fromtimestamp(moment, self.zone).date().toordinal()
        for day in (today, today - 1, today - 2):
            naming = [(days, ranges) for days, ranges in windows if self.names(days, day)]
            if not naming or not naming[-1][1]:
                continue
            for days, ranges in windows:
                if days == naming[-1][0]:
                    for start, end in ranges:
                        if self.wall(day, start) <= moment < self.wall(day, end):
                            return True
        return False

    def unlimited(self, moment):
        return bool(self.what.unlimited_days) and self.names(self.what.unlimited_days, self.day(moment))

    def uncounted(self, moment):
        return self.unlimited(moment) or (bool(self.what.uncounted) and self.open(self.what.uncounted, moment))

    def allowed(self, moment, counted, prolonging):
        """May a play go on in the piece of time from a moment on? `counted` are the moments that were charged before
        it, `prolonging` those that were not denied."""
        what = self.what
        if not self.unlimited(moment):
            if what.blocked and self.open(what.blocked, moment):
                return False
            if what.allowed and not self.open(what.allowed, moment):
                return False
        if self.uncounted(moment):
            return True
        today = self.day(moment)
        for kind in ("daily", "weekly", "monthly"):
            most = self.value(getattr(what, kind), self.first_of(kind, today)) if getattr(what, kind) else None
            if most is not None:
                spent = sum(self.step for m in counted if self.same_period(kind, self.day(m), today))
                if spent >= most:
                    return False
        most = self.value(what.sitting, today)
        return most is None or self.sitting(moment, prolonging) < most

    def sitting(self, moment, prolonging):
        """Seconds of the sitting that a piece of time from a moment on would go on with."""
        spent, last = 0, None
        for m in [*sorted(prolonging), moment]:
            if last is None or m - last >= max(self.what.rest, 1):
                spent = 0
            spent, last = spent + self.step, m + self.step
        return spent - self.step


# ---- a day, minute by minute ----

STEP = 300
DAYS = st.sampled_from((EVERY, SAT, SUN, WEEKDAY, WEEKEND, SCHOOLNIGHT, HOLIDAYS))
AMOUNT = st.one_of(st.none(), st.integers(0, 60).map(lambda n: n * STEP))
PER_DAY = st.lists(st.tuples(DAYS, AMOUNT), max_size=2).map(tuple)
RANGE = st.tuples(st.integers(0, 47), st.integers(1, 48)).map(lambda r: (r[0] * 1800, (r[0] + r[1]) * 1800))
WINDOWS = st.lists(st.tuples(DAYS, st.lists(RANGE, max_size=2).map(tuple)), min_size=1, max_size=2).map(tuple)
SOME_WINDOWS = st.one_of(st.just(()), st.just(()), WINDOWS)
LIMITS = st.builds(
    lambda **keys: Limits(**keys), daily=PER_DAY,
    weekly=st.one_of(st.just(()), st.integers(0, 80).map(lambda n: daily(n * STEP))),
    sitting=st.one_of(st.just(()), PER_DAY), rest=st.sampled_from((STEP, 3 * STEP, 12 * STEP)), blocked=SOME_WINDOWS,
    unlimited_days=st.sampled_from(((), (), SUN, date_atom("2026-10-24"))), uncounted=SOME_WINDOWS,
)  # fmt: skip
# a viewer: how many pieces of time playing, then how many not
HABITS = st.lists(st.tuples(st.integers(1, 40), st.integers(0, 24)), min_size=1, max_size=10)


@examples(30)
@given(LIMITS, HABITS, st.sampled_from(("Europe/Zurich", "Australia/Lord_Howe", "UTC")), st.booleans(),
       st.sampled_from((4 * H, 0, 150 * M)), st.integers(0, 30))  # fmt: skip
def test_a_day_piece_by_piece(what, habits, zone, ignores_stops, starts, offset):
    """The viewer presses play again and again; at every piece of time both say the same."""
    holidays = ((ordinal("2026-10-23"), ordinal("2026-10-23")), (ordinal("2026-10-27"), ordinal("2026-10-28")))
    house = calendar(zone, starts, holidays=["2026-10-23", ("2026-10-27", "2026-10-28")])
    slow = Slow(what, zone, starts, holidays=holidays, step=STEP)
    now = (
        at("2026-10-24T12:00", zone) + offset * 1800 if zone != "Australia/Lord_Howe" else at("2026-04-04T12:00", zone)
    )
    spans, counted, prolonging = [], [], []
    wants = [w for on, off in habits for w in [True] * on + [False] * off]
    promised, opens = None, None
    for n in range(min(len(wants), 200)):
        said = decide(what, house, spans, now, "movie", "")
        truth = slow.allowed(now, counted, prolonging)
        assert said.allowed == truth, (n, said)
        if promised is not None:  # an allow until T was cut neither early nor late
            assert said.allowed == (now < promised)
        if opens is not None and not ignores_stops:
            assert said.allowed == (now >= opens)
        plays = wants[n] and (said.allowed or ignores_stops)
        promised = said.until if plays and said.allowed and (said.until or 0) % STEP == 0 else None
        opens = said.until if not said.allowed and not plays else None
        if plays:
            spans.append(Span(now, now + STEP, "movie", "", 0, not said.allowed))
            if not slow.uncounted(now):
                counted.append(now)
                if said.allowed:
                    prolonging.append(now)
        now += STEP
    end = now - STEP
    for kind in ("daily", "weekly", "monthly"):
        spent = sum(STEP for m in counted if slow.same_period(kind, slow.day(m), slow.day(end)))
        assert lim.used(what, house, spans, kind, end)[0] == spent


# ---- second by second, at one second's resolution, around the seconds that count ----


@pytest.mark.parametrize("what", [
    limits(daily=40), limits(sitting=20, rest=15), limits(daily=50, sitting=20, rest=10), limits(sitting=20, rest=1),
    limits(daily=daily(40, (SAT, 10))), limits(daily=40, uncounted=((EVERY, ((4 * H + 10, 4 * H + 30),)),)),
    limits(sitting=15, rest=10, uncounted=((EVERY, ((4 * H - 20, 4 * H - 8),)),)),
    limits(blocked=((EVERY, ((4 * H - 30, 4 * H - 10), (4 * H + 5, 4 * H + 9))),), sitting=12, rest=5),
    limits(daily=20, unlimited_days=SAT), limits(weekly=30),
    limits(allowed=((EVERY, ((3 * H, 4 * H + 7),)),), daily=60),
])  # fmt: skip
@pytest.mark.parametrize("pattern", ["1" * 120, "1110" * 30, ("1" * 15 + "0" * 9) * 5, ("1" * 19 + "0" * 15) * 4])
def test_seconds_around_the_end_of_a_day(what, pattern):
    now = at("2026-11-21T04:00") - 60  # Friday's last minute
    house, slow = calendar(), Slow(what, step=1)
    spans, counted, prolonging = [], [], []
    for wanted in pattern:
        said = decide(what, house, spans, now, "movie", "")
        assert said.allowed == slow.allowed(now, counted, prolonging), now
        if wanted == "1" and said.allowed:
            spans.append(Span(now, now + 1, "movie"))
            if not slow.uncounted(now):
                counted.append(now)
                prolonging.append(now)
        now += 1


# ---- a month of a family ----

SCHOOL = ((SCHOOLNIGHT, ((20 * H, 31 * H),)), (WEEKEND, ((23 * H, 32 * H),)))
FAMILY = {
    "emma": limits(daily=daily(H, (WEEKEND, 2 * H), (HOLIDAYS, 3 * H)), sitting=30 * M, rest=15 * M, blocked=SCHOOL),
    "max": limits(daily=90 * M, weekly=6 * H, unlimited_days=SUN),
    "papa": limits(monthly=20 * H, sitting=2 * H, rest=30 * M, uncounted=((SAT, ((8 * H, 10 * H),)),)),
    "guest": limits(weekly=2 * H, allowed=((EVERY, ((16 * H, 25 * H),)),)),
}


class Viewer:
    """One who plays whenever it can be: presses play, pauses for a while, hops to another title or device."""

    def __init__(self, what, house, seed):
        import random

        self.what, self.house, self.random = what, house, random.Random(seed)
        self.spans, self.cuts = [], []

    def live(self, now, until):
        """From event to event, each a moment of the policy's own or of the viewer's."""
        while now < until:
            self.spans = [s for s in self.spans if s.ended > lim.horizon(self.what, self.house, now)]
            said = decide(self.what, self.house, self.spans, now, "movie", "")
            habit = self.random.choice((7 * M, 13 * M, 25 * M, 45 * M, 3 * H)) + self.random.randrange(60)
            if not said.allowed:
                assert said.until and said.until > now
                # presses play once more in between: still denied
                middle = now + int((said.until - now) / 2)
                again = decide(self.what, self.house, self.spans, middle, "movie", "")
                assert not again.allowed or middle == now
                yield "denied", now, said.until, said
                now = said.until
                continue
            ends = min(now + habit, said.until or now + habit)
            self.spans.append(Span(now, ends, "movie", f"device {habit % 3}"))
            if self.random.random() < 0.3:  # a second screen beside it, within the same time
                self.spans.append(Span(now, now + int((ends - now) / 2), "movie", "second screen"))
            yield "played", now, ends, said
            now = ends
            if ends != said.until:  # a pause of the viewer's own
                now += self.random.choice((0, 0, 5, 60, 14 * M, 15 * M, 40 * M, 9 * H))


@pytest.mark.parametrize("zone", ["Europe/Zurich", "America/New_York"])
@pytest.mark.parametrize("name", FAMILY)
def test_a_month_of_a_family(name, zone):
    """Nobody gets more than the limit, not by a second, and nobody is cut early. October to November: a DST change."""
    what = FAMILY[name]
    holidays = ["2026-11-11", ("2026-10-26", "2026-10-30")]
    house = calendar(zone, holidays=holidays)
    slow = Slow(what, zone, holidays=((ordinal("2026-11-11"),) * 2, (ordinal("2026-10-26"), ordinal("2026-10-30"))))
    viewer = Viewer(what, house, f"{name} {zone}")
    begin, end = at("2026-10-12T04:00", zone), at("2026-11-16T04:00", zone)
    played, denials = [], []
    for event, began, ended, said in viewer.live(begin, end):
        (played if event == "played" else denials).append((began, ended, said))
    totals = Totals(slow, played)
    totals.check_budgets()
    totals.check_sittings()
    totals.check_hours(house)
    for began, _, said in denials:
        assert totals.exhausted(said.limit, began), (datetime.fromtimestamp(began, slow.zone), said)
    assert len(denials) >= 5 and len(played) >= 10


class Totals:
    """What was really played, added up from scratch."""

    def __init__(self, slow, played):
        self.slow, self.what = slow, slow.what
        self.pieces = [(a, b) for began, ended, _ in played for a, b in self.counted(began, ended)]

    def counted(self, began, ended):
        """The counted pieces of a stretch, cut at every full five minutes: no boundary lies in between."""
        marks = [began, *(m for m in range(int(began // 300 + 1) * 300, int(ended), 300)), ended]
        return [(a, b) for a, b in zip(marks, marks[1:], strict=False) if a < b and not self.slow.uncounted(a)]

    def spent(self, kind, before=float("inf")):
        found = {}
        for a, b in self.pieces:
            if a < before:
                first = self.slow.first_of(kind, self.slow.day(a))
                found[first] = found.get(first, 0) + b - a
        return found

    def check_budgets(self):
        for kind in ("daily", "weekly", "monthly"):
            for first, seconds in self.spent(kind).items():
                most = self.slow.value(getattr(self.what, kind), first)
                assert most is None or seconds <= most, (kind, date.fromordinal(first), seconds)

    def sittings(self, before=float("inf")):
        """(began, ended, counted seconds) of each sitting."""
        found = []
        for a, b in self.pieces:
            if a < before:
                if found and a - found[-1][1] < self.what.rest:
                    found[-1] = (found[-1][0], b, found[-1][2] + b - a)
                else:
                    found.append((a, b, b - a))
        return found

    def check_sittings(self):
        most = self.slow.value(self.what.sitting, ordinal("2026-11-13"))
        assert most is None or all(seconds <= most for *_, seconds in self.sittings())

    def check_hours(self, house):
        for a, _ in self.pieces:
            assert self.what.blocked == () or not self.slow.open(self.what.blocked, a) or self.slow.unlimited(a)
            assert self.what.allowed == () or self.slow.open(self.what.allowed, a) or self.slow.unlimited(a)

    def exhausted(self, limit, now):
        """Whether that limit really forbids at a moment: then nobody was cut early."""
        if limit in ("daily", "weekly", "monthly"):
            first = self.slow.first_of(limit, self.slow.day(now))
            return self.spent(limit, now).get(first, 0) >= self.slow.value(getattr(self.what, limit), first)
        if limit == "sitting":
            last = self.sittings(now)[-1]
            return last[2] >= self.slow.value(self.what.sitting, self.slow.day(now)) and now - last[1] < self.what.rest
        hours = self.what.blocked or self.what.allowed
        return self.slow.open(hours, now) == bool(self.what.blocked)
