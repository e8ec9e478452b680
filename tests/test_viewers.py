"""What Tautulli knows of users and plays, read from both Tautullis alike; and one that gives no definite answer."""
import time
from datetime import date

import pytest

from shared.errors import Refused, Unreachable, UsherError
from shared.tautulli import Tautulli
from shared.viewers import EPOCH, Viewers
from tests.sandbox.seed import play
from tests.sandbox.world import World

DAY = 86400


@pytest.fixture
def house(world):
    """A world in which alice has watched twice, bob once, and the child never; and its viewers."""
    w = world(boot=False)
    now = int(time.time())
    w.alices, w.bobs = [now - 20 * DAY, now - 3 * DAY], now - 9 * DAY
    w.insert_history([play(w.alice, w.movie, w.alices[0]), play(w.bob, w.episode, w.bobs),
                      play(w.alice, w.movie, w.alices[1], seconds=3000)])
    w.tautulli.start()
    return w, Viewers(Tautulli(w.tautulli.url, w.tautulli.api_key))


def test_everybody_at_once(house):
    w, viewers = house
    table = viewers.all()
    assert {w.owner.id, w.alice.id, w.bob.id, w.kid.id} <= table.keys() and 0 not in table
    assert [table[u.id].last_seen for u in (w.alice, w.bob, w.kid)] == [w.alices[1], w.bobs, 0]
    assert all(viewer.recorded for viewer in table.values())


def test_the_days_on_which_anybody_played(house):
    w, viewers = house
    day = {at: date.fromtimestamp(at).toordinal() - EPOCH for at in (*w.alices, w.bobs)}
    assert viewers.days(30) == set(day.values())
    assert viewers.days(15) == {day[w.alices[1]], day[w.bobs]}


def test_the_last_play_of_one(house):
    w, viewers = house
    assert viewers.last_play(w.alice.id) == w.alices[1] + 3000
    assert viewers.last_play(w.kid.id) == 0
    assert [row["started"] for row in viewers.history(w.alice.id)] == w.alices[::-1]
    w.plex.start_stream(w.kid, w.movie)
    now = time.time()
    while not viewers.last_play(w.kid.id):
        assert time.time() < now + 10
    assert abs(viewers.last_play(w.kid.id) - now) < 15
    assert viewers.watching() == {w.kid.id} and viewers.listens()


def test_deleting_and_undeleting(house):
    w, viewers = house
    for _ in range(2):
        viewers.delete(w.bob.id)
    assert w.bob.id not in viewers.all() and viewers.last_play(w.bob.id) == 0
    assert viewers.last_play(w.alice.id)
    assert viewers.undelete(w.bob.id) and viewers.undelete(w.bob.id)
    assert viewers.all()[w.bob.id].recorded
    assert not viewers.undelete(4242)


def test_the_server(house):
    w, viewers = house
    assert viewers.server() == (w.plex.machine_id, w.plex.name)


def test_with_plex_down_it_is_not_known_who_is_watching(house):
    w, viewers = house
    w.plex.down()
    with pytest.raises(Unreachable):
        viewers.watching()


BROKEN = ['{"response": {"result": "success", "data": {}}}', '{"response": {"result": "success", "data": []}}',
          '{"response": {"result": "success", "data": {"draw": 0, "data": [], "recordsTotal": 0}}}',
          '{"response": {"result": "success", "data": null}}', '{"response": {"result": "succ', "",
          "<html>Sorry</html>"]
ASKED = {
    "all": lambda v: v.all(), "watching": lambda v: v.watching(), "days": lambda v: v.days(30),
    "last_play": lambda v: v.last_play(5), "history": lambda v: list(v.history(5)),
}


@pytest.mark.parametrize("asked", ASKED)
@pytest.mark.parametrize("body", BROKEN)
def test_what_is_no_answer_is_not_nothing(asked, body):
    with World(boot=False) as w:
        w.tautulli.start(wait="api")
        w.tautulli.server.fail("*/api/v2", 200, body=body)
        with pytest.raises(Unreachable):
            ASKED[asked](Viewers(Tautulli(w.tautulli.url, w.tautulli.api_key)))


SHORT = '{"response": {"result": "success", "data": {"draw": 1, "recordsFiltered": 3, "data": [%s]}}}'


@pytest.mark.parametrize("asked", ["all", "last_play", "history"])
@pytest.mark.parametrize("rows", [0, 2])
def test_a_part_of_a_table_is_no_answer(asked, rows):
    row = '{"user_id": 5, "keep_history": 1, "last_seen": 1, "started": 1, "stopped": 2}'
    with World(boot=False) as w:
        w.tautulli.start(wait="api")
        w.tautulli.server.fail("*/api/v2", 200, body=SHORT % ", ".join([row] * rows))
        with pytest.raises(Unreachable, match="only a part"):
            ASKED[asked](Viewers(Tautulli(w.tautulli.url, w.tautulli.api_key)))


@pytest.mark.parametrize("status, error", [(401, Refused), (403, Refused), (404, Refused), (410, Refused),
                                           (422, Refused), (429, Unreachable), (500, Unreachable), (503, Unreachable)])
def test_statuses(status, error):
    with World(boot=False) as w:
        w.tautulli.start(wait="api")
        w.tautulli.server.fail("*/api/v2", status)
        viewers = Viewers(Tautulli(w.tautulli.url, w.tautulli.api_key))
        for asked in (*ASKED.values(), lambda v: v.delete(5), lambda v: v.undelete(5), lambda v: v.server()):
            with pytest.raises(UsherError) as caught:
                asked(viewers)
            assert type(caught.value) is error
