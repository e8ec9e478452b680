"""Greet who is new: compare plex.tv's list with the ledger, write to those who came lately, tell the owner."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.config import Config
from shared.jobs import due
from shared.ledger import Ledger
from shared.ledger_outbox import Outbox

if TYPE_CHECKING:
    from shared.gateway import Gateway
    from shared.ledger_people import Known, People
    from shared.model import Member

NAME = "welcome"
BEGAN = "welcome_began"  # meta: when all who were there became known


def on_fired() -> str:
    """Whatever started this: do the work if it is due. One line for the log."""
    return due.fired(NAME, run)


def run(ledger: Ledger, config: Config, gateway: Gateway, now: float) -> str:
    """One whole round. On the first one everybody is known and nobody is written to."""
    from shared.jobs import roster
    from shared.jobs.tell import tell_problems
    from shared.ledger_people import People
    from shared.log import log, mask

    people = People(ledger)
    with roster.alone(ledger) as free:
        if not free:
            return "welcome: another run is at work"
        ledger.machine_of_server(gateway.plex.machine_id())
        members = {member.id: member for member in gateway.plextv.members() if member.id > 0}
        if not ledger.meta("server_name"):
            ledger.set_meta("server_name", gateway.viewers.server()[1])
        dry_run = roster.rehearses(config, NAME)
        with ledger.writing():
            tell_problems(ledger, config, now)
            people.see_members(members.values(), now)
            if not ledger.meta(BEGAN):
                people.know_all()
                ledger.set_meta(BEGAN, now)
            said = [_greet(ledger, config, members[id], row, dry_run, now) for id, row in _new(people, members)]
        said = [line for line in said if line]
        said += [due.deliver(ledger, config, gateway, now)] if Outbox(ledger).due(now) else []
    line = f"welcome{' (dry run)' if dry_run else ''}: {len(members)} users; {'; '.join(said) or 'nobody is new'}"
    log(str(config.get("usher", "data_dir")), "info" if said else "debug", line)
    return mask(line)


def _new(people: People, members: dict[int, Member]) -> list[tuple[int, Known]]:
    """Who has joined or come back and was not greeted yet; an invitation that is not accepted is nobody yet."""
    from shared.ledger_people import BACK, NEW

    return [
        (id, row)
        for id, row in people.members().items()
        if id in members and row.greeted in (NEW, BACK) and row.gone_at is None
        and not row.pending and row.kind != "owner"
    ]  # fmt: skip


def _greet(ledger: Ledger, config: Config, member: Member, row: Known, dry_run: bool, now: float) -> str:
    """Within a transaction. In a rehearsal nothing is marked: once it is over, they are still new."""
    from shared.jobs import notices
    from shared.jobs.tell import JOURNAL, tell_owner
    from shared.ledger_people import BACK, KNOWN, WELCOMED, People
    from shared.policy.named import called

    people, name, back = People(ledger), called(member), row.greeted == BACK
    joined = row.accepted_at or (row.renewed_at if back else row.first_seen)
    what = "is back" if back else "has joined"
    if now - joined > config.get(NAME, "joined_within"):
        if not dry_run:
            people.greet(member.id, KNOWN)
        return ""
    occasion = f"{member.id}:{row.greeted}:{row.renewed_at if back else row.first_seen:.0f}"
    if dry_run:
        if not people.act(f"would welcome:{occasion}", member.id, name, "would welcome", what, now):
            return ""
        ledger.post(f"would welcome:{occasion}", JOURNAL, f"Usher: would welcome {name}", f"{name} {what}.", now)
        return f"would welcome {name}"
    kind = "welcome_back" if back else "welcome"
    fields = {**notices.fields_of(ledger, member), "rules": rules_of(ledger, config, member)}
    written = notices.post_letter(ledger, config, f"welcome:{occasion}", kind, member, fields, now)
    people.greet(member.id, WELCOMED)
    people.act(f"welcome:{occasion}", member.id, name, "welcomed", what, now)
    letter = "A letter is on its way." if written else "No letter: they have no mail address, or no [mail] is set up."
    tell_owner(ledger, f"joined:{occasion}", f"Usher: {name} {what}", f"{name} {what}. {letter}", now)
    return f"{name} {what}"


def rules_of(ledger: Ledger, config: Config, member: Member) -> tuple[str, ...]:
    """The limits that hold for this user in plain words, () where none does or the letter is not to tell."""
    import time

    from shared.jobs.days import calendar_of
    from shared.jobs.judge import house_of
    from shared.policy import rules_text

    if not config.get(NAME, "house_rules"):
        return ()
    return rules_text.of_user(house_of(config, ledger, time.time()), member.id, calendar_of(config))
