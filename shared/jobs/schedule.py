"""`install.py schedule`: which timer is in force, and setting one of them instead of the others."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from shared.config import Config
from shared.errors import Refused, UsherError
from shared.jobs import newsletter, peek, register, timers
from shared.jobs.agents import LIMITS
from shared.jobs.install import AGENTS, Owner
from shared.jobs.steps import Step
from shared.ledger import Ledger
from shared.policy.words import duration

if TYPE_CHECKING:
    from shared.tautulli import Tautulli

KINDS = ("newsletter", "systemd", "cron", "none")
CHOSEN = "schedule"  # in the ledger: "none" if the owner wants no timer
NEEDED = (("plex", "url"), ("plex", "token"), ("tautulli", "url"), ("tautulli", "apikey"))
NONE = "no timer: what Tautulli misses is noticed at the next event only"


class Timers(NamedTuple):
    """Where timers may be: in Tautulli (None if it is out of reach), in systemd's folder, in a user's crontab."""

    tautulli: Tautulli | None
    place: timers.Place
    cron_user: str = ""


class InForce(NamedTuple):
    """A timer that is set up, and when it fires, in words."""

    kind: str
    what: str


def of_owner(tautulli: Tautulli | None, owner: Owner, environ: Mapping[str, str] = os.environ) -> Timers:
    """Where to look and to set. As root the crontab is that of the user that Tautulli runs as, if it has a name."""
    return Timers(tautulli, timers.units(environ), user_name(owner) if timers.is_root() else "")


def user_name(owner: Owner) -> str:
    """The name of the owner of the files, "" for root, for nobody in particular and for one without a name."""
    if owner is None or owner[0] == 0:
        return ""
    import pwd

    try:
        return pwd.getpwuid(owner[0]).pw_name
    except KeyError:
        return ""


def in_force(where: Timers) -> list[InForce]:
    """The timers that are set up just now. More than one is too many."""
    found = []
    if where.tautulli:
        number, letter = newsletter.find(where.tautulli, limits_agent(where.tautulli))
        if number:
            often = newsletter.in_words(str(letter.get("cron") or ""))
            off = "" if letter.get("active") else ", switched off"
            found.append(InForce("newsletter", f"newsletter {number} in Tautulli, {often}{off}"))
    when = timers.systemd_job(where.place)
    if when:
        kind = "user timer" if where.place.user else "timer"
        found.append(InForce("systemd", f"systemd {kind} {timers.UNIT}.timer, at {when}"))
    line = timers.cron_job(where.cron_user)
    if line:
        often = newsletter.in_words(" ".join(line.split()[:5]))
        whose = f" of {where.cron_user}" if where.cron_user else ""
        found.append(InForce("cron", f"a line in the crontab{whose}, {often}"))
    return found


def last_tick(data_dir: str) -> float:
    """When it last ticked, 0 if never or if there is no ledger yet. Leaves no trace."""
    try:
        book = peek.ledger(data_dir)
        if book is None:
            return 0.0
        try:
            return float(book.meta("last_tick", "0"))
        finally:
            book.close()
    except peek.TROUBLE:
        return 0.0


def show(where: Timers, data_dir: str) -> Iterator[Step]:
    """What is in force, and when it last fired."""
    found = in_force(where)
    for one in found:
        yield Step(one.kind, one.what.removeprefix(f"{one.kind} "))
    if not where.tautulli:
        yield Step("unknown", "Tautulli does not answer, so a newsletter could not be looked for")
    elif not found:
        yield Step("none", NONE)
    at, now = last_tick(data_dir), time.time()
    ago = f"{duration(now - at)} ago" if 0 < at <= now else "never"
    yield Step("ticked", f"last {ago}")
    if len(found) > 1:
        yield Step("too many", f"choose one: install.py schedule {' or '.join(one.kind for one in found)}")


def choose(kind: str, minutes: int | None, where: Timers, config: Config, owner: Owner) -> Iterator[Step]:
    """Set one of KINDS up and remove the others, in this order: there is no moment without any."""
    if kind != "none":
        yield _set(kind, minutes, where, config, owner)
    if kind == "newsletter":
        yield Step("leaves", newsletter.LEAVES)
    yield from remove(where, keep=kind)
    if kind == "none":
        yield Step("none", NONE)
    remember(str(config.get("usher", "data_dir")), kind)


def remove(where: Timers, keep: str = "", write: bool = True) -> Iterator[Step]:
    """Remove our timers of all kinds but one."""
    if keep != "newsletter" and where.tautulli:
        number = newsletter.remove(where.tautulli, limits_agent(where.tautulli), write)
        if number:
            yield Step("removed", f"newsletter {number} in Tautulli", number)
    if keep != "systemd" and timers.systemd_job(where.place):
        if write:
            timers.remove_systemd(where.place)
        yield Step("removed", f"{where.place.folder}/{timers.UNIT}.service and .timer")
    if keep != "cron" and timers.cron_job(where.cron_user):
        if write:
            timers.remove_cron(where.cron_user)
        yield Step("removed", f"our line in the crontab{f' of {where.cron_user}' if where.cron_user else ''}")


def repair(where: Timers, config: Config, minutes: int | None, write: bool = True) -> Iterator[Step]:
    """What a plain install.py does: what the owner has chosen stays, and where nothing is, a newsletter is set up."""
    if chosen(str(config.get("usher", "data_dir"))) == "none":
        yield Step("kept", "no timer, as you chose; another: install.py schedule newsletter")
        return
    outside = [one for one in in_force(where._replace(tautulli=None)) if one.kind != "newsletter"]
    if outside:
        yield from (Step("kept", f"timer: {one.what}") for one in outside)
        return
    if where.tautulli:
        yield _newsletter(where.tautulli, minutes, write)


def chosen(data_dir: str) -> str:
    """What the owner chose last, "" if nothing."""
    try:
        book = peek.ledger(data_dir)
        if book is None:
            return ""
        try:
            return book.meta(CHOSEN)
        finally:
            book.close()
    except peek.TROUBLE:
        return ""


def remember(data_dir: str, kind: str) -> None:
    ledger = Ledger(data_dir)
    try:
        with ledger.writing():
            ledger.set_meta(CHOSEN, kind)
    finally:
        ledger.close()


def limits_agent(tautulli: Tautulli) -> int:
    """The id of the agent that runs our limit_streams.py, 0 if it is not registered."""
    found = register.find(tautulli.script_notifiers(), LIMITS, AGENTS)
    return found.id if found else 0


def outside_needs(config: Config) -> list[str]:
    """The keys of config.ini that a timer outside of Tautulli needs, and that are empty in the file itself."""
    own = peek.config(config.path, {})
    return [f"[{section}] {key}" for section, key in NEEDED if not own.get(section, key)]


def _set(kind: str, minutes: int | None, where: Timers, config: Config, owner: Owner) -> Step:
    if kind == "newsletter":
        if not where.tautulli:
            raise UsherError("Tautulli does not answer, so its newsletter cannot be set up")
        return _newsletter(where.tautulli, minutes, True)
    lacking = outside_needs(config)
    if lacking:
        raise UsherError(
            f"{kind} runs Usher outside of Tautulli, where nothing is handed over: fill in {', '.join(lacking)} in "
            f"{config.path}"
        )
    often = minutes or newsletter.MINUTES
    words = newsletter.in_words(newsletter.every(often))
    if kind == "systemd":
        as_user = (str(owner[0]), str(owner[1])) if owner and owner[0] and not where.place.user else ("", "")
        job = timers.Job(timers.this_python(), timers.SCRIPT, often, *as_user)
        timers.set_systemd(where.place, job)
        lingers = "; it runs while you are logged in: loginctl enable-linger" if where.place.user else ""
        return Step("set", f"systemd {'user ' * where.place.user}timer {timers.UNIT}.timer, {words}{lingers}")
    timers.set_cron(timers.Job(timers.this_python(), timers.SCRIPT, often), where.cron_user)
    return Step("set", f"a line in the crontab{f' of {where.cron_user}' if where.cron_user else ''}, {words}")


def _newsletter(tautulli: Tautulli, minutes: int | None, write: bool) -> Step:
    number = limits_agent(tautulli)
    if not number and write:
        raise Refused("limit_streams.py is not registered in Tautulli yet: run install.py first")
    done = newsletter.schedule(tautulli, number, minutes, write)
    name = f"newsletter {done.id} in Tautulli" if done.id else "a newsletter in Tautulli"
    text = f'timer {newsletter.in_words(done.cron)} ({name}, which looks at the library "{done.library}")'
    return Step(done.done, text, done.id)
