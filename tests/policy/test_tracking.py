"""How a play grows from what is seen of it: polls, events, gaps, clocks that jump."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.model import Session
from shared.policy import intervals, tracking
from shared.policy.tracking import Play

from .words_of_tests import examples

BEGAN = 1_000_000.0
POLL, REPORT = 5, 10


def session(state="playing", offset=None, **more):
    return Session("7", "m1", 5, "42", state=state, offset=offset, **more)


class Watched:
    """A play and all its spans, kept as the ledger keeps them: by their number."""

    def __init__(self, first=None, at=0.0, epoch=0):
        first = first or session(offset=0.0)
        self.play = Play(1, first, BEGAN + at, BEGAN + at, epoch=epoch)
        self.spans = {}

    def see(self, at, state="playing", offset=None, epoch=None, denied=None, **more):
        before = self.play
        epoch = self.play.epoch if epoch is None else epoch
        self.play = tracking.observe(self.play, session(state, offset, **more), BEGAN + at, epoch)
        if denied is not None:
            self.play = self.play._replace(denied=int(denied))
        if self.play.seq:
            first = self.play.seq not in self.spans
            began = self.play.span_began
            assert first or began <= self.spans[self.play.seq][0]  # a span only grows
            assert first or self.play.span_ended >= self.spans[self.play.seq][1]
            kept = self.play.epoch if first else self.spans[self.play.seq][2]
            self.spans[self.play.seq] = (began, self.play.span_ended, kept, self.play.span_denied)
        assert self.play.seq in (before.seq, before.seq + 1) and self.play.began == before.began
        return self

    @property
    def charged(self):
        epochs = {s[2] for s in self.spans.values()}
        return sum(intervals.measure(intervals.union(s[:2] for s in self.spans.values() if s[2] == e)) for e in epochs)

    def pieces(self):
        return [(a - BEGAN, b - BEGAN) for a, b, *_ in self.spans.values() if a < b]


def polled(until, every=POLL, watched=None, since=0, offset=0.0, lag=0.0):
    watched = watched or Watched()
    for at in range(since + every, until + 1, every):
        watched.see(at, offset=max(at - lag - since + offset, 0.0))
    return watched


# ---- close together: wall clock ----


def test_polls():
    watched = polled(600)
    assert watched.pieces() == [(0, 600)] and watched.play.seen == BEGAN + 600


@pytest.mark.parametrize("offsets", [[0] * 8, [900, 0, 3000, 10], [None] * 8, [10, 20, 30, 40]])
def test_seeking_and_speed_do_not_matter(offsets):
    watched = Watched()
    for n, offset in enumerate(offsets, 1):
        watched.see(n * 5, offset=offset)
    assert watched.charged == len(offsets) * 5


def test_states():
    watched = Watched().see(7, "paused").see(20, "paused").see(30, "playing").see(33, "buffering").see(36, "playing")
    watched.see(40, "stopped")
    assert watched.pieces() == [(0, 7), (30, 33), (36, 40)]


def test_one_that_begins_paused_or_buffering():
    for state in ("paused", "buffering"):
        assert Watched(session(state, 0.0)).see(5, state).see(9).see(12).pieces() == [(9, 12)]


def test_duplicates_and_late_news():
    watched = Watched().see(5).see(5).see(5)
    assert watched.pieces() == [(0, 5)]
    watched.see(4.5).see(3)  # older than what is known: no time, and none back
    assert watched.pieces() == [(0, 5)] and watched.play.seen == BEGAN + 5
    assert watched.see(10).pieces() == [(0, 10)]


def test_what_is_not_told_stays():
    watched = Watched(session(offset=12.0, player="TV", media_type="movie", live=False, user="emma"))
    watched.see(5, offset=None)
    assert watched.play.session == session(offset=12.0, player="TV", media_type="movie", user="emma")
    watched.see(10, offset=0.0, player="Telly", library="Films", duration=60.0)
    assert watched.play.session == session(
        offset=0.0, player="Telly", media_type="movie", user="emma", library="Films", duration=60.0
    )
    watched.see(15, state="")
    assert watched.play.session.state == "playing"


def test_a_stop_decision_begins_another_span():
    watched = Watched().see(5).see(10, denied=True).see(15).see(20, denied=False).see(25)
    assert [s[3] for s in watched.spans.values()] == [0, 1, 0]
    assert watched.pieces() == [(0, 10), (10, 20), (20, 25)]


def test_a_pause_while_denied():
    watched = Watched().see(5, denied=True).see(10, "paused").see(20).see(25)
    assert watched.pieces() == [(0, 5), (5, 10), (20, 25)]
    assert [s[3] for s in watched.spans.values()] == [0, 1, 1]


def test_seen_again_in_its_first_moment():
    assert Watched().see(0).play.seq == 0 and Watched().see(0).see(3).pieces() == [(0, 3)]


def test_how_long_late_reports_count_for_a_gap():
    for catches_up, expected in ((130, [(0, 130)]), (131, [(100, 131)])):
        watched = Watched().see(100, offset=0.0)
        for at in (*range(105, 130, 5), catches_up - 1):
            watched.see(at, offset=0.0)
        assert watched.see(catches_up, offset=float(catches_up)).pieces() == expected


def test_a_gap_before_which_no_offset_was_told():
    assert Watched(session(offset=None)).see(100, offset=40.0).pieces() == [(60, 100)]


def test_a_gap_is_forgotten_when_the_clock_is_set_back():
    watched = Watched().see(100, offset=0.0).see(50, offset=None, epoch=1)
    for at in range(55, 105, 5):
        watched.see(at, offset=None)
    assert watched.see(105, offset=200.0).play.span_began == BEGAN + 50


def test_close():
    play = tracking.close(Watched().see(5).play, BEGAN + 9)
    assert (play.ended, play.session.state, play.span_ended) == (BEGAN + 9, "stopped", BEGAN + 5)


# ---- whose play goes on ----


@pytest.mark.parametrize(("change", "goes_on"), [
    ({"session_key": "8"}, False), ({"machine_id": "m2"}, False), ({"user_id": 6}, False),
    ({"rating_key": "43"}, False),
    ({"session_id": "other"}, True), ({"state": "paused"}, True), ({"title": "renamed"}, True), ({"offset": 5.0}, True),
])  # fmt: skip
def test_same(change, goes_on):
    play = Watched(session(session_id="x")).play
    assert tracking.same(play, session(session_id="x")._replace(**change)) == goes_on


# ---- gaps ----


@pytest.mark.parametrize(("elapsed", "gap"), [(5, False), (15, False), (15.5, True), (16, True), (3600, True)])
def test_what_a_gap_is(elapsed, gap):
    assert Watched().see(elapsed, offset=0.0).charged == (0 if gap else elapsed)


@pytest.mark.parametrize(("advance", "charged"), [
    (0, 0), (60, 60), (599, 599), (600, 600), (601, 600), (5000, 600), (-1, 0), (-500, 0),
])  # fmt: skip
def test_a_gap_is_charged_the_advance_of_the_offset_at_most_itself(advance, charged):
    watched = Watched(session(offset=1000.0)).see(600, offset=1000.0 + advance)
    assert watched.charged == charged
    assert watched.pieces() == ([(600 - charged, 600)] if charged else [])  # nearest to where it is seen again


def test_live_tv_is_charged_nothing_for_a_gap():
    assert Watched(session(offset=0.0, live=True)).see(600, offset=600.0, live=True).charged == 0
    assert (
        Watched(session(offset=0.0, live=True)).see(600, offset=600.0, live=False).charged == 0
    )  # an event may not say
    assert Watched(session(offset=0.0, live=True)).see(5, live=True).see(10, live=True).charged == 10


def test_a_gap_after_a_pause_is_charged_too():
    """Paused, then nothing was seen of it for a while: it may have been resumed meanwhile."""
    assert Watched(session("paused", 100.0)).see(600, "playing", offset=400.0).charged == 300
    assert Watched(session("paused", 100.0)).see(600, "paused", offset=400.0).charged == 300
    assert Watched(session("paused", 100.0)).see(600, "paused", offset=100.0).charged == 0


def test_a_gap_of_a_minute_in_the_middle():
    watched = polled(60)
    polled(300, watched=watched, since=120, offset=120.0)  # the first look after it: 125
    assert watched.pieces() == [(0, 60), (60, 300)]
    assert watched.charged == 300


def test_late_reports_catch_up():
    """The first look after a gap tells the offset of before it: players report every 10 s."""
    watched = polled(60)
    watched.see(120, offset=60.0)
    assert watched.charged == 60
    watched.see(125, offset=62.0).see(130, offset=130.0)
    assert watched.charged == 130
    watched = polled(60).see(120, offset=60.0).see(125).see(130).see(135).see(140).see(145).see(149.9, offset=149.9)
    assert watched.charged == pytest.approx(149.9)
    watched = polled(60).see(120, offset=60.0).see(125).see(130).see(135).see(140).see(145).see(150)
    assert watched.see(150.5, offset=150.5).charged == 90.5  # more than 30 s late is another matter


def test_catching_up_draws_nothing_back():
    watched = polled(60).see(120, offset=120.0)
    assert watched.charged == 120
    watched.see(125, offset=30.0).see(130, offset=35.0)  # a seek backwards
    assert watched.charged == 130


def test_a_pause_in_a_gap():
    """Sixty seconds seen, then a minute of silence in which it paused for forty."""
    watched = polled(60).see(120, offset=80.0).see(125, offset=85.0)
    assert watched.charged == 85
    # paused when seen again
    assert polled(60).see(120, "paused", offset=75.0).see(125, "paused", offset=75.0).charged == 75
    # resumed later: what it plays then is no part of the gap
    watched = polled(60).see(120, "paused", offset=75.0).see(130, "playing", offset=75.0).see(135, offset=80.0)
    assert watched.pieces() == [(0, 60), (105, 120), (130, 135)]


def test_denied_right_after_a_gap():
    """What catches up then is charged once, whatever span it is drawn from."""
    watched = polled(60).see(120, offset=100.0, denied=True).see(125, offset=105.0).see(130, offset=130.0)
    assert watched.charged == 130


def test_two_gaps():
    watched = polled(60).see(120, offset=120.0).see(180, offset=150.0)
    assert watched.charged == 150
    assert polled(60).see(120, offset=60.0).see(140, offset=140.0).charged == 80


# ---- clocks that jump ----


def test_a_clock_set_back():
    watched = polled(600)
    watched.see(-3000, epoch=1)  # nothing is known of the time in between
    assert watched.charged == 600
    watched.see(-2995, offset=1.0).see(-2990, offset=2.0)
    assert watched.charged == 610
    assert [s[2] for s in watched.spans.values()] == [0, 1]
    # and again over the same hour
    for at in range(-2985, 601, 5):
        watched.see(at)
    assert watched.charged == 600 + 3600


def test_a_clock_set_back_within_a_gap_that_catches_up():
    watched = polled(60).see(120, offset=60.0).see(-3000, offset=130.0, epoch=1).see(-2995, offset=135.0)
    assert watched.charged == 65


@pytest.mark.parametrize("jump", [20, 3600, 10**7])
def test_a_clock_set_forward(jump):
    watched = polled(600).see(605 + jump, offset=605.0).see(610 + jump, offset=610.0)
    assert watched.charged == 610


def test_a_clock_set_back_a_little():
    """By less than what makes an epoch: no time until it has caught up."""
    assert polled(60).see(57).see(59).see(62).see(65).charged == 65


# ---- any play at all ----


class Player:
    """What really happens, second by second: `state` of each second, and the offset as Plex knows it."""

    def __init__(self, stretches):
        self.state = [s for s, seconds, _ in stretches for _ in range(seconds)]
        self.reported, position, changed = [], 0.0, 0
        seeks = {}
        at = 0
        for _, seconds, seek in stretches:
            seeks[at] = seek
            at += seconds
        for second, state in enumerate(self.state):
            position = max(position + seeks.get(second, 0), 0.0)
            if second in seeks:
                changed = second
            if (second - changed) % REPORT == 0:
                self.reported.append(position)
            else:
                self.reported.append(self.reported[-1])
            position += state == "playing"

    def played(self, until):
        return sum(s == "playing" for s in self.state[:until])


STRETCHES = st.lists(
    st.tuples(st.sampled_from(("playing", "playing", "paused", "buffering")), st.integers(1, 120), st.just(0)),
    min_size=1, max_size=8,
)  # fmt: skip
SEEKING = st.lists(
    st.tuples(st.sampled_from(("playing", "paused")), st.integers(1, 90), st.sampled_from((0, 600, -600, 30))),
    min_size=1, max_size=8,
)  # fmt: skip
SILENCES = st.lists(st.tuples(st.integers(0, 600), st.integers(11, 300)), max_size=3)


def watch(player, silences=(), heard=(), shift=lambda at: (at, 0), again=()):
    """Look every five seconds but in the silences, hear of some changes of state; how often was it silent?"""

    def dead(at):
        return any(a <= at < a + n for a, n in silences)

    changes = [n for n in range(1, len(player.state)) if player.state[n] != player.state[n - 1]]
    events = {n for i, n in enumerate(changes) if i < len(heard) and heard[i]}
    looks = [n for n in range(1, len(player.state)) if (n % POLL == 0 and not dead(n)) or n in events]
    looks.append(len(player.state) - 1)
    watched = Watched(session(player.state[0], player.reported[0]))
    gaps, before = 0, 0
    for at in looks:
        moment, epoch = shift(at)
        watched.see(moment, player.state[at], player.reported[at], epoch=epoch)
        if at in again:
            watched.see(moment, player.state[at], player.reported[at], epoch=epoch)
        gaps += at - before > tracking.CONTINUOUS
        before = at
    missed = len([n for n in changes if n not in looks])
    return watched, gaps, missed, player.played(before)


@examples(120)
@given(STRETCHES, st.lists(st.booleans(), max_size=8), st.sets(st.integers(0, 500), max_size=5))
def test_looking_every_five_seconds_errs_by_less_than_that_per_change_that_nobody_heard(stretches, heard, again):
    watched, gaps, missed, true = watch(Player(stretches), heard=heard, again=again)
    assert gaps == 0
    assert abs(watched.charged - true) <= POLL * missed
    if not missed:
        assert watched.charged == true


@examples(150)
@given(STRETCHES, SILENCES, st.lists(st.booleans(), max_size=8))
@example([("playing", 60, 0), ("paused", 120, 0), ("playing", 120, 0)], [(50, 250)], [])
@example([("playing", 30, 0), ("paused", 30, 0), ("playing", 120, 0), ("paused", 5, 0)], [(35, 140)], [])
def test_the_error_is_at_most_the_poll_interval_and_a_report_per_gap(stretches, silences, heard):
    watched, gaps, missed, true = watch(Player(stretches), silences, heard)
    bound = (POLL + REPORT) * gaps + max(POLL, tracking.CONTINUOUS) * missed
    assert true - bound <= watched.charged <= true + bound


@examples(80)
@given(SEEKING, SILENCES)
def test_seeking_never_charges_more_than_the_time_that_passed(stretches, silences):
    player = Player(stretches)
    watched, gaps, missed, true = watch(player, silences)
    assert 0 <= watched.charged <= len(player.state)
    if not gaps:
        assert abs(watched.charged - true) <= tracking.CONTINUOUS * missed


@examples(150)
@given(STRETCHES, st.lists(st.booleans(), max_size=8), st.integers(1, 600), st.sampled_from((-3600, -60, 60, 3600)))
def test_a_clock_that_is_set_costs_one_look(stretches, heard, when, by):
    def shift(at):
        return (at + by, int(by < 0)) if at >= when else (at, 0)

    watched, gaps, missed, true = watch(Player(stretches), heard=heard, shift=shift)
    late = REPORT + POLL if by > 0 else POLL
    assert true - late - POLL * missed <= watched.charged <= true + late + POLL * missed


SIGHTS = st.lists(
    st.tuples(
        st.floats(-4000, 4000), st.sampled_from(("playing", "paused", "buffering", "stopped", "", "odd")),
        st.one_of(st.none(), st.floats(0, 10000)), st.integers(0, 2), st.booleans(), st.booleans(),
    ), max_size=12,
)  # fmt: skip


@examples(100)
@given(SIGHTS)
def test_nothing_seen_makes_it_raise_or_charge_more_than_passed(sights):
    watched, epoch, elapsed, latest = Watched(), 0, 0.0, 0.0
    for at, state, offset, more, denied, live in sights:
        if more == 0 and at < latest - 5:
            epoch += 1  # as the ledger does
            latest = at
        elapsed += max(at - latest, 0.0)
        latest = max(latest, at)
        watched.see(at, state, offset, epoch=epoch, denied=denied, live=live)
        assert -1e-6 <= watched.charged <= elapsed + 1e-6
        assert all(a <= b for a, b, *_ in watched.spans.values())
