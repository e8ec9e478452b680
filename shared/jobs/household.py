"""Whose the plays of the past are: the people of config.ini, with everybody whom Tautulli knows."""

from __future__ import annotations

from collections.abc import Iterable

from shared.config import Config
from shared.ledger import Ledger
from shared.model import PLEX_OWNER, Session, User
from shared.policy import people
from shared.policy.people import House, Who

Seat = tuple[int, str, str]  # an account on a player: its id, the player's machine id and title


def house_of_past(config: Config, ledger: Ledger, users: dict[int, User], day: int) -> House:
    """As in `judge.house_of`, but with everybody whom Tautulli knows: a young ledger has not seen them yet."""
    owners = [id for id, user in users.items() if user.kind == "owner"]
    owner = int(ledger.meta("owner_id") or next(iter(owners), PLEX_OWNER))
    settings = people.in_force(config.settings, day)
    house = House(settings, {**ledger.users(), **users}, dict(ledger.bound()), owner)
    for user in house.users.values():
        bind(house, Session("", user_id=user.id, user=user.name))
    return house


def owners_of(house: House, seats: Iterable[Seat]) -> dict[Seat, Who | None]:
    """Whose the plays on these are, None for nobody's. A name of config.ini is bound to the first player that bears it,
    so they have to come in the order in which they were first used."""
    found = dict.fromkeys(seats)
    for user_id, machine_id, player in found:
        bind(house, Session("", machine_id, user_id, player=player))
    return {seat: people.whose(house, *seat[:2]) for seat in found}


def bind(house: House, session: Session) -> None:
    """Take in which names of config.ini this session is the first to match."""
    for kind, name, id in people.bindings(house, session):
        house.bound[kind, name] = id
