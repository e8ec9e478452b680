"""Which rules hold for a play, and for which plays before it."""

import pytest

from shared.model import PLEX_OWNER, Session, User
from shared.policy import holding
from shared.policy.people import House, whose

EMMA, BOSS = User(2, "emma", kind="home"), User(7, "boss", kind="owner")


def house(owner_id=0, **rules):
    settings = {"usher": {"dry_run": False, "owner_devices": ()}, "everyone": {}, "group": {}, "person": {},
                "rule": rules}  # fmt: skip
    return House(settings, {2: EMMA, 7: BOSS}, {}, owner_id)


@pytest.mark.parametrize(("owner_id", "user_id", "expected"), [
    (0, 2, False), (0, 7, True), (0, PLEX_OWNER, True), (2, 2, True), (2, 7, True), (2, PLEX_OWNER, True), (5, 2, False)
])  # fmt: skip
def test_who_is_the_owner(owner_id, user_id, expected):
    home = house(owner_id)
    session = Session("1", "tv", user_id)
    assert holding.facts(home, whose(home, 2, "tv"), session).is_owner is expected


def test_for_which_plays_before_a_rule_held_each_is_asked_by_itself():
    often = {"libraries": (False, ("films",)), "max_plays": (2, "daily")}
    home = house(often=often, plain={"media": (True, ("clip",))})
    film = Session("1", "tv", 2, media_type="movie", library="Films")
    past = {3: film, 4: film._replace(library="Shows"), 5: film._replace(user_id=7), 6: film._replace(library="")}
    found = {one.name: one.past for one in holding.holding(home, whose(home, 2, "tv"), film, past)}
    assert found == {"often": {3, 5}, "plain": frozenset()}
