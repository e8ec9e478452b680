"""A play that is not there: what it would be if somebody pressed play now, on a player of theirs."""

from __future__ import annotations

from collections.abc import Iterator

from shared.errors import UsherError
from shared.gateway import Gateway
from shared.jobs.cases import is_known
from shared.jobs.looking import Look
from shared.jobs.whom import as_seen
from shared.ledger_answers import Answers
from shared.model import Play, Session, User
from shared.policy import people
from shared.policy.people import House, Who
from shared.policy.rules import resolution
from shared.policy.words import shorten

UNSEEN = 10**17  # an account that config.ini names and nobody has seen is taken to have this id
UNRATED = Session("", media_type="movie")  # a film that nobody has rated


def play_of(at: Look, who: Who, title: str) -> tuple[Look, Play]:
    """The play, and the house as it would then be. Raises UsherError if there is nothing of that title."""
    item = titled(at, title) if title else UNRATED
    house, player = _player(at, who)
    session = item._replace(
        session_key="", state="playing", offset=None if item.live else 0.0, location="", address="", transcode="",
        bitrate=0, session_id="", **{key: getattr(player, key) for key in ("user_id", "user", "machine_id", "player",
                                                                           "platform", "product")},
    )  # fmt: skip
    epoch = int(at.ledger.meta("epoch", "0"))
    return at._replace(house=house), Play(0, session, at.now, at.now, epoch=epoch)


def titled(at: Look, title: str) -> Session:
    """A session of what is called so: as it was played before, else as Tautulli knows it."""
    seen = Answers(at.ledger).called(title)
    if seen is not None and (seen.library and seen.rating or seen.live):
        return seen
    try:
        titles = Gateway(at.config).titles
        found = (seen and seen.rating_key and titles.item(seen.rating_key)) or titles.called(title)
    except UsherError as problem:
        if seen is None:
            text = f"{shorten(title)!r} was never played here, and Tautulli cannot be asked: {problem}"
            raise UsherError(text) from None
        return seen
    if not found and seen is None:
        raise UsherError(f"{shorten(title)!r} was never played here, and Tautulli finds nothing by it")
    return found._replace(resolution=resolution(found.resolution)) if found else seen or UNRATED


def _player(at: Look, who: Who) -> tuple[House, Session]:
    """A player of theirs and their account on it, best a player that is known already and was used last; and the house
    in which they are who they are."""
    settings, house = at.house.settings["person"].get(who.key, {}), at.house
    users = {name.casefold() for name in settings.get("users", ())}
    for user in at.house.users.values():
        if users & {user.name.casefold(), user.title.casefold(), user.email.casefold()}:
            house = as_seen(house, user)
    theirs = [session for session in _candidates(at, house, who) if _falls_to(house, session, who)]
    best = [s for s in theirs if is_known(at.ledger, house, Play(0, s, at.now, at.now), who) is not False]
    if theirs:
        return house, (best or theirs)[0]
    named = [(people.USER, name.casefold()) for name in settings.get("users", ())]
    named += [(people.DEVICE, name.casefold()) for name in settings.get("devices", ())]
    house = house._replace(bound={**house.bound, **dict.fromkeys(named[:1], str(UNSEEN))})
    if named and named[0][0] == people.DEVICE:
        return house, Session("", machine_id=str(UNSEEN), player=named[0][1])
    return house, Session("", user_id=UNSEEN, user=named[0][1] if named else "")


def _candidates(at: Look, house: House, who: Who) -> Iterator[Session]:
    ids, machines = people.user_ids(house, who.key), people.machine_ids(house, who.key)
    yield from Answers(at.ledger).players(ids, machines)
    yield from (Session("", user_id=id, user=house.users.get(id, User(id)).name) for id in ids)
    bound = {id for (kind, _), id in house.bound.items() if kind == people.DEVICE}
    yield from (Session("", machine_id=machine) for machine in machines if machine in bound)


def _falls_to(house: House, session: Session, who: Who) -> bool:
    found = people.whose(house, session.user_id, session.machine_id)
    return found is not None and (found.key, found.exempt) == (who.key, who.exempt)
