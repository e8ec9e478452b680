"""Players and places at the same time, and plays that are paused for long."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.model import Play, Session
from shared.policy import streams, verdict
from shared.policy.limits import Limits

from .words_of_tests import H, M, at, calendar

NOW = at("2026-11-20T20:00")
HOUSE = calendar()


def play(id, machine, ago=H, key="", state="playing", user=5, denied=0, paused=0.0, **more):
    """Something on a player that began `ago` seconds ago (and was paused `paused` seconds ago)."""
    session = Session(f"s{id}", machine, user, key or f"item{id}", state=state, **more)
    stretch = (1, NOW - ago, NOW - paused) if paused or state == "playing" else (0, 0.0, 0.0)
    seq, began, ended = stretch
    return Play(id, session, NOW - ago, NOW, denied=denied, seq=seq, span_began=began, span_ended=ended)


def stopped(plays, now=NOW, **keys):
    """The ids of the plays that are stopped."""
    what = Limits(**keys)
    found = [verdict.decide(verdict.Case(p, what, HOUSE, others=[(o, frozenset()) for o in plays]), now) for p in plays]
    return {p.id for p, decision in zip(plays, found, strict=True) if not decision.allowed}


def when(plays, id, **keys):
    """Seconds until a play is stopped for the others; None: it is not."""
    mine = next(p for p in plays if p.id == id)
    case = verdict.Case(mine, Limits(**keys), HOUSE, others=[(o, frozenset()) for o in plays])
    found = verdict.decide(case, NOW)
    return 0.0 if not found.allowed else None if found.until is None else found.until - NOW


TV, PHONE, PAD = play(1, "tv", 3 * H), play(2, "phone", 2 * H), play(3, "pad", H)

MOST = [  # plays, max_streams, keep, who is stopped
    ([TV], 1, "oldest", set()), ([TV, PHONE], 2, "oldest", set()), ([TV, PHONE, PAD], 3, "oldest", set()),
    ([TV, PHONE, PAD], 2, "oldest", {3}), ([TV, PHONE, PAD], 1, "oldest", {2, 3}), ([TV], 0, "oldest", {1}),
    ([TV, PHONE, PAD], 2, "newest", {1}), ([TV, PHONE, PAD], 1, "newest", {1, 2}), ([TV], 0, "newest", {1}),
    ([TV, PHONE, PAD], None, "oldest", set()), ([TV, PHONE], 1, "oldest", {2}), ([TV, PHONE], 1, "newest", {1}),
    # who was stopped before stays it as long as the others are there: also when those begin something new
    ([play(4, "tv", 10), play(2, "phone", H, denied=1)], 1, "oldest", {2}),
    ([play(4, "tv", 10), play(2, "phone", H)], 1, "oldest", {4}),
    ([play(2, "phone", H, denied=1)], 1, "oldest", set()),
    ([play(4, "tv", H, denied=1), play(2, "phone", 10)], 1, "newest", {4}),
    # two of the same second: the one that Usher saw first may stay
    ([play(7, "tv", 60), play(6, "phone", 60)], 1, "oldest", {7}),
    ([play(7, "tv", 60), play(6, "phone", 60)], 1, "newest", {6}),
    # several on one player: it came with the first of them, and was denied only if all were
    ([play(1, "tv", 60), play(9, "tv", 60), play(5, "phone", 60)], 1, "oldest", {5}),
    ([play(1, "tv", H, denied=1), play(4, "tv", 10), play(2, "phone", M)], 1, "oldest", {2}),
    # where one item stands still on two players it is one stream, not none
    ([play(1, "tv", 3 * H, key="9", state="paused"), play(2, "phone", H, key="9", state="paused"), play(3, "pad", M)],
     1, "oldest", {3}),
    # paused is a stream too
    ([TV, play(2, "phone", 2 * H, state="paused")], 1, "oldest", {2}),
    ([play(1, "tv", 3 * H, state="paused"), PHONE], 1, "oldest", {2}),
]  # fmt: skip


@pytest.mark.parametrize(("plays", "most", "keep", "expected"), MOST)
def test_max_streams(plays, most, keep, expected):
    assert stopped(plays, max_streams=most, keep=keep) == expected
    assert stopped(plays[::-1], max_streams=most, keep=keep) == expected


TWO_OF_ONE = [  # what looks like two streams and is one
    [play(1, "tv"), play(2, "tv", 2)],  # the next title, before the end of the last one is known
    [play(1, "tv"), play(2, "tv", 2), play(3, "tv", 0)],  # and the one after
    [play(1, "tv", key="9", state="paused"), play(2, "phone", M, key="9")],  # gone on elsewhere
    [play(1, "tv", key="9"), play(2, "phone", M, key="9", state="paused")],  # and back
    [play(1, "tv", key="9", state="paused"), play(2, "phone", M, key="9", state="paused")],  # and paused there
    [play(1, "tv", key="9", state="paused"), play(2, "phone", M, key="9", state="buffering")],
    [play(1, "", H)._replace(session=play(1, "").session._replace(session_key="k", session_id="a")),
     play(2, "", 5)._replace(session=play(2, "").session._replace(session_key="k", session_id="b"))],  # reconnected
    # Plex was restarted and counts its sessions anew: the same player under another's old key
    [play(1, "tv")._replace(session=play(1, "tv").session._replace(session_key="1")),
     play(2, "tv", 1)._replace(session=play(2, "tv").session._replace(session_key="2"))],
]  # fmt: skip


@pytest.mark.parametrize("plays", TWO_OF_ONE)
@pytest.mark.parametrize("keep", ["oldest", "newest"])
def test_this_does_not_make_two_of_one(plays, keep):
    assert stopped(plays, max_streams=1, keep=keep) == set()
    for now in (NOW + 1, NOW + 9, NOW + H):
        assert stopped(plays, now, max_streams=1, keep=keep) == set()


def test_reused_session_keys_do_not_make_one_of_two():
    """After a restart a key is another player's."""
    one = play(1, "tv")
    two = play(2, "phone", 60)._replace(session=play(2, "phone").session._replace(session_key="s1"))
    assert stopped([one, two], max_streams=1) == {2}


def test_somebody_else_s_copy_is_no_copy():
    paused = play(1, "tv", key="9", state="paused")
    assert stopped([paused, play(2, "phone", M, key="9", user=6)], max_streams=1) == {2}
    assert stopped([paused, play(2, "phone", M, key="8")], max_streams=1) == {2}
    nameless = [Play(n, Session("s", m, 5, state=s), NOW - a, NOW) for n, m, s, a in (
        (1, "tv", "paused", H), (2, "phone", "playing", M))]  # fmt: skip
    assert stopped(nameless, max_streams=1) == {2}  # nothing tells that it is the same


@pytest.mark.parametrize(("ago", "expected"), [(0, 0.5), (0.25, 0.25), (0.5, 0), (60, 0)])
def test_a_stream_may_just_be_ending(ago, expected):
    assert when([TV, play(2, "phone", ago)], 2, max_streams=1) == expected
    assert when([TV, play(2, "phone", ago)], 1, max_streams=1) is None
    assert when([TV, play(2, "phone", ago)], 1, max_streams=1, keep="newest") == expected
    assert when([TV, play(2, "phone", ago)], 2, max_streams=1, keep="newest") is None


@pytest.mark.parametrize(("ago", "expected"), [(0, 10), (4, 6), (9.5, 0.5), (10, 0), (60, 0)])
def test_a_stream_may_be_moving_to_another_player(ago, expected):
    for more in ({"key": "9"}, {"live": True, "title": "News"}):
        both = [play(1, "tv", **more), play(2, "phone", ago, **more)]
        if "live" in more:
            both = [p._replace(session=p.session._replace(rating_key="")) for p in both]
        assert when(both, 2, max_streams=1) == expected
        assert when(both, 1, max_streams=1) is None
        assert when(both, 1, max_streams=1, keep="newest") == expected


@pytest.mark.parametrize("keep, expected", [("oldest", {2}), ("newest", {1})])
def test_what_began_by_a_clock_that_was_set_back_since_is_too_much_all_the_same(keep, expected):
    assert stopped([play(1, "tv", -24 * H), play(2, "phone", -25 * H)], max_streams=1, keep=keep) == expected


def test_of_several_that_stay_one_may_be_ending_or_moving():
    plays = [play(1, "tv", H, key="9"), play(2, "phone", H), play(3, "pad", 4, key="9")]
    assert when(plays, 3, max_streams=2) == 6
    assert when([TV, play(2, "phone", 0.125), play(3, "pad", 0.25)], 1, max_streams=2, keep="newest") == 0.375


@pytest.mark.parametrize(("keys", "expected"), [
    ({"max_streams": 1}, ("max_streams", 1, "streams", "Go out")),
    ({"max_locations": 0}, ("max_locations", 0, "locations", "Go out")),
    ({"max_paused": M}, ("max_paused", M, "paused", "Go out")),
])  # fmt: skip
def test_what_is_told_of_it(keys, expected):
    mine = play(2, "phone", H, state="paused", address="203.0.113.1")
    case = verdict.Case(mine, Limits(message="Go out", **keys), HOUSE, others=[(TV, frozenset()), (mine, frozenset())])
    found = verdict.decide(case, NOW)
    assert (found.limit, found.value, found.kind, found.message) == expected


def test_what_is_denied_does_not_settle_anew():
    """The one that stays begins its next title: the other one is not let in for half a second."""
    assert when([play(4, "tv", 0.1), play(2, "phone", H, denied=1)], 2, max_streams=1) == 0
    assert when([play(4, "tv", 0.1), play(2, "phone", H, denied=1)], 2, max_streams=1, keep="newest") == 0


def test_where_nobody_knows_what_goes_on_nothing_is_too_much():
    found = verdict.decide(verdict.Case(TV, Limits(max_streams=0, max_locations=0), HOUSE), NOW)
    assert found.allowed


# ---- places ----


def from_(id, address, location="wan", ago=H, **more):
    return play(id, f"m{id}", ago, address=address, location=location, **more)


V6 = "2001:db8:1:2:"
PLACES = [  # (address, location) of two, how many places
    (("203.0.113.1", "wan"), ("203.0.113.1", "wan"), 1), (("203.0.113.1", "wan"), ("203.0.113.2", "wan"), 2),
    (("192.168.0.5", "lan"), ("192.168.0.6", "lan"), 1), (("192.168.0.5", "lan"), ("203.0.113.1", "wan"), 2),
    ((f"{V6}:1", "wan"), (f"{V6}a:b:c:d", "wan"), 1), ((f"{V6}:1", "wan"), ("2001:db8:1:3::1", "wan"), 2),
    (("2001:db8::1", "wan"), ("2001:0db8:0:0:5::", "wan"), 1), (("2001:DB8:0001:2::1", "wan"), (f"{V6}:9", "wan"), 1),
    (("::ffff:203.0.113.1", "wan"), ("203.0.113.1", "wan"), 1), (("::FFFF:203.0.113.1", "wan"),
    ("203.0.113.2", "wan"), 2),
    (("2001:db8:1:2::1", "lan"), ("192.168.0.5", "lan"), 1), (("fe80::1", ""), ("192.168.0.5", ""), 1),
    (("192.168.0.5", ""), ("10.0.0.7", ""), 1), (("192.168.0.5", ""), ("172.20.0.3", "lan"), 1),
    (("172.32.0.1", ""), ("172.20.0.3", ""), 2), (("10.1.1.1", "wan"), ("10.1.1.2", "wan"), 2),
    (("203.0.113.1", "relay"), ("203.0.113.1", "wan"), 1), (("203.0.113.1", ""), ("203.0.113.1", "wan"), 1),
    (("", "wan"), ("203.0.113.1", "wan"), 1), (("", ""), ("", ""), 0), (("", "lan"), ("192.168.0.1", "lan"), 1),
]  # fmt: skip


@pytest.mark.parametrize(("one", "two", "expected"), PLACES)
def test_places(one, two, expected):
    both = [from_(1, *one), from_(2, *two, ago=M)]
    assert len({streams.place(p) for p in both} - {""}) == expected
    assert stopped(both, max_locations=1) == ({2} if expected == 2 else set())
    assert stopped(both, max_locations=1, keep="newest") == ({1} if expected == 2 else set())
    assert stopped(both, max_locations=2) == set()


@pytest.mark.parametrize(("address", "expected"), [
    ("2001:db8::1", "2001:db8:0:0"), ("2001:db8::", "2001:db8:0:0"), ("2001:db8:1::5:6:7:8", "2001:db8:1:0"),
    ("1::5:6:7:8:9:a", "1:0:5:6"), ("::5:6:7:8:9:a", "0:0:5:6"), ("2001:0DB8:0001:0000:5:6:7:8", "2001:db8:1:0"),
    ("192.168.0.5", "home"), ("203.0.113.1", "203.0.113.1"), ("", ""), ("127.0.0.1", "home"), ("169.254.7.7", "home"),
    ("10.9.9.9", "home"), ("172.16.0.1", "home"), ("172.31.0.1", "home"), ("172.15.0.1", "172.15.0.1"),
    ("172.32.0.1", "172.32.0.1"), ("fc00::1", "home"), ("fd12::1", "home"), ("fe80::1", "home"), ("::1", "home"),
])  # fmt: skip
def test_the_first_half_of_an_address_is_the_place(address, expected):
    assert streams.place(from_(1, address, "")) == expected


def test_everybody_at_the_place_that_is_too_much_is_stopped():
    plays = [from_(1, "203.0.113.1"), from_(2, "203.0.113.2", ago=M), from_(3, "203.0.113.2", ago=30)]
    assert stopped(plays, max_locations=1) == {2, 3}
    assert stopped([*plays, from_(4, "203.0.113.1", ago=5)], max_locations=1) == {2, 3}


def test_leaving_the_house_is_no_second_place():
    home = from_(1, "192.168.0.2", "lan", key="9", state="paused")
    assert stopped([home, from_(2, "203.0.113.1", ago=M, key="9")], max_locations=1) == set()
    going = [from_(1, "192.168.0.2", "lan", key="9"), from_(2, "203.0.113.1", ago=3, key="9")]
    assert when(going, 2, max_locations=1) == 7


@given(st.text(max_size=40) | st.text(alphabet="0123456789abcdef:.", max_size=45), st.sampled_from(("lan", "wan", "")))
def test_no_address_raises(address, location):
    assert isinstance(streams.place(from_(1, address, location)), str)


# ---- paused ----


@pytest.mark.parametrize(("ago", "paused", "expected"), [
    (H, 0.001, 20 * M - 0.001), (H, 19 * M, M), (H, 20 * M - 0.5, 0.5), (H, 20 * M, 0), (H, 2 * H, 0),
    (5 * M, 0, 15 * M), (20 * M, 0, 0),  # it began paused
])  # fmt: skip
def test_max_paused(ago, paused, expected):
    mine = play(1, "tv", max(ago, paused), state="paused", paused=paused)
    assert when([mine], 1, max_paused=20 * M) == pytest.approx(expected)
    playing = mine._replace(session=mine.session._replace(state="playing"))
    assert when([playing], 1, max_paused=20 * M) is None


def test_paused_for_nothing_at_all():
    assert when([play(1, "tv", 0, state="paused")], 1, max_paused=0) == 0


# ---- for any plays ----

PLAYS = st.lists(
    st.tuples(
        st.sampled_from(("tv", "phone", "pad", "pc")), st.integers(0, 40), st.sampled_from(("a", "b", "c")),
        st.sampled_from(("playing", "playing", "paused")), st.sampled_from((5, 5, 6)), st.sampled_from((0, 0, 1)),
    ),
    max_size=6,
).map(lambda rows: [play(number, *row) for number, row in enumerate(rows)])  # fmt: skip
KEEP = st.sampled_from(("oldest", "newest"))


@given(PLAYS, st.integers(0, 4), KEEP, st.randoms(use_true_random=False))
def test_so_many_may_stay_and_never_fewer(plays, most, keep, random):
    over = stopped(plays, NOW + H, max_streams=most, keep=keep)
    players = {p.session.machine_id for p in plays}
    going = {p.session.machine_id for p in plays if p.id not in over}
    streaming = {p.session.machine_id for p in plays if p.session.state == "playing"}
    assert len(going & streaming) <= most or not over
    assert len(going) >= min(most, len(players))
    assert stopped(plays, NOW + H, max_streams=most + 1, keep=keep) <= over
    shuffled = random.sample(plays, len(plays))
    assert stopped(shuffled, NOW + H, max_streams=most, keep=keep) == over
