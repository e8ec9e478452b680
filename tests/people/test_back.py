"""The way back: somebody who was removed is invited again, whatever of the removal was not done yet."""
import gzip
import json
import os

import pytest

from tests.people.house import ADMIN, DAY, HOUR
from tests.people.test_cases import REMOVED, WARNED, cmd, letters


@pytest.fixture
def h(house):
    """dora has been warned, and is due to be removed."""
    found = house()
    found.others = found.regulars(5)
    found.dora = found.friend("dora", idle=27.2, sections=(1, 3), settings={"allowSync": "0"})
    found.world.tautulli.start()
    found.prune()
    found.now += 3 * DAY
    return found


def deleted(h):
    return h.world.tautulli.sql("SELECT deleted_user FROM users WHERE user_id = ?", h.dora.id)[0]["deleted_user"]


def test_before_tautulli_was_seen_to(h):
    """She is off plex.tv, and Tautulli did not answer: what was left to do must not be done after she is back."""
    h.world.tautulli.server.fail("*/api/v2", 500, when=cmd("delete_user"))
    h.prune()
    assert h.removed() == ["dora"] and not deleted(h)
    h.world.tautulli.server.heal()
    assert "invited again" in h.restore("dora", HOUR)
    h.world.plextv.accept_invite(h.dora.email)
    h.days(2, 6 * HOUR)
    assert not deleted(h) and letters(h, h.dora) == [WARNED]
    assert h.removed() == ["dora"] and "dora restored" in h.mails(ADMIN)[-1]
    assert h.plan()["dora"][0] == "fine"


def test_before_the_letter_went_out(h):
    h.world.mail.stop()
    h.prune()
    assert h.removed() == ["dora"]
    h.restore("dora", HOUR)
    h.world.mail.start()
    h.deliver(3 * HOUR)
    assert REMOVED not in letters(h, h.dora) and "Usher: dora restored" in h.mails(ADMIN)


def test_what_was_shared_last_is_what_she_gets_back(h):
    """Between the plan and the removal days may pass, in which the owner shares more."""
    h.world.plextv.fail("/api/v2/sharings/*", 500)
    h.world.tautulli.server.fail("*/api/v2", 500, when=cmd("get_history"))
    h.prune()
    assert h.ask("SELECT step FROM removals") == [("planned",)]
    h.dora.sections = (1, 2)
    h.world.plextv.heal()
    h.world.tautulli.server.heal()
    h.prune(HOUR)
    assert h.removed() == ["dora"]
    h.restore("dora")
    h.world.plextv.accept_invite(h.dora.email)
    assert h.dora.sections == (1, 2) and h.dora.settings["allowSync"] == "0"


def test_nobody_is_removed_whose_plays_are_saved_by_half(h):
    """Tautulli says three and gives one: all of them would be erased a moment later."""
    h.watched(h.dora, 50, 60)

    def cut(body):
        told = json.loads(body)
        told["response"]["data"]["data"] = told["response"]["data"]["data"][:1]
        return json.dumps(told).encode()
    h.world.tautulli.server.fail("*/api/v2", None, when=cmd("get_history"), change=cut)
    h.prune()
    assert h.removed() == [] and "only a part" in h.said[-1]
    h.world.tautulli.server.heal()
    h.prune(HOUR)
    assert h.removed() == ["dora"]
    folder = os.path.join(h.data, "removed")
    with gzip.open(os.path.join(folder, next(name for name in os.listdir(folder) if name.endswith(".gz")))) as file:
        assert len(json.load(file)["history"]) == 3


def test_with_all_libraries_she_gets_all_of_todays(h):
    h.dora.all_libraries = True
    h.prune()
    h.restore("dora")
    h.world.plextv.accept_invite(h.dora.email)
    assert len(h.dora.sections) > 2


def test_who_never_accepts_is_not_pruned_and_no_sign_of_a_short_list(h):
    h.prune()
    h.restore("dora", HOUR)
    h.days(3, 12 * HOUR)
    assert "dora" not in h.plan() or h.plan()["dora"][0] == "keep"
    assert not [row for row in h.ask("SELECT subject FROM outbox") if "for now" in row[0]]
