"""The digest: when its turn has come it is made once, kept as a page, and put into the outbox for whom it is for."""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING, NamedTuple

from shared import files
from shared.config import Config, load
from shared.errors import UsherError
from shared.jobs import due
from shared.jobs.days import calendar_of
from shared.ledger import Ledger
from shared.ledger_outbox import Outbox
from shared.log import log

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shared.gateway import Gateway
    from shared.jobs.letters import Letter
    from shared.jobs.report_facts import Facts, Report
    from shared.model import User

NAME = "report"
DONE = "report_done"  # meta: the turn of the schedule whose digest was made last
FOLDER = "reports"  # within the data folder
IN_MAIL, ON_PAGE = 50, 500  # persons; mail programs cut off what is longer than 100 kB
WEEK = 7 * 86400.0


class Wanted(NamedTuple):
    """What somebody asks for by hand: first and last day (ordinals, None: those of the last digest), whose, and how."""

    first: int | None = None
    last: int | None = None
    person: str = ""
    own: bool = False
    form: str = ""


def on_fired() -> str:
    """Whatever started this: make the digest if its turn has come. One line for the log."""
    return due.fired(NAME, run)


def run(ledger: Ledger, config: Config, gateway: Gateway, now: float) -> str:
    """Make and post the digest of the turn that has come. At the very first one the schedule only begins."""
    from shared.jobs import report_facts
    from shared.policy import periods, words

    calendar, schedule, turn = calendar_of(config), config.get(NAME, "schedule"), due.turn(config, NAME, now)
    if not ledger.meta(DONE):
        with ledger.writing():
            ledger.set_meta(DONE, turn)
        at = words.clock(calendar, periods.next_turn(calendar, schedule, now), now)
        return f"report: the first one comes {at}"
    facts = report_facts.gather(ledger, config, gateway, calendar, *periods.covered(calendar, schedule, turn))
    report = _for_owner(ledger, config, gateway, facts, now)
    report = report._replace(page=_keep(ledger, config, _written(config, report, ON_PAGE), _file(report, "")))
    letters = [*_to_users(ledger, config, facts, report)]
    with ledger.writing():
        if float(ledger.meta(DONE)) == turn:
            return "report: another run has made it"
        said = _post_to_owner(ledger, config, report, turn, now) if config.get(NAME, "to_admin") else []
        for user, letter in letters:
            _post_letter(ledger, f"report:{turn:.0f}:user:{user.id}", user.email, letter, now)
        ledger.set_meta(DONE, turn)
        Outbox(ledger).drop_texts("report:", now - WEEK)
    _forget(ledger, config, now)
    said += [f"{len(letters)} to users"] if letters else []
    said += [due.deliver(ledger, config, gateway, now)] if Outbox(ledger).due(now) else []
    mark = " (dry run)" if report.dry_run else ""
    line = f"report{mark}: {os.path.basename(report.page)}, {report.figures.plays} plays; {'; '.join(said) or 'kept'}"
    log(str(config.get("usher", "data_dir")), "info", line)
    return line


def asked(wanted: Wanted, word: str, value: str) -> Wanted:
    """What is wanted with one more word of the command line: from, to, person or user. Raises UsherError."""
    if word in ("person", "user"):
        return wanted._replace(person=value, own=word == "user")
    from datetime import date

    try:
        day = date.fromisoformat(value).toordinal()
    except ValueError:
        raise UsherError(f"--{word} {value[:40]!r} is no date: write it like 2026-12-24") from None
    return wanted._replace(first=day) if word == "from" else wanted._replace(last=day)


def by_hand(wanted: Wanted) -> str:
    """The digest that somebody asks for: as text, with a page beside it, or as JSON or CSV. Nothing is sent."""
    from shared.gateway import Gateway
    from shared.jobs import report_facts, report_text
    from shared.jobs.findings import Progress

    config, now = load(), time.time()
    ledger = Ledger(config.get("usher", "data_dir"))
    gateway = Gateway(config)
    try:
        with Progress() as progress:
            progress.say("asking Tautulli for its history")
            facts = _facts(ledger, config, gateway, wanted, now)
        key = report_facts.key_of(facts, wanted.person) if wanted.person else ""
        if wanted.form == "csv":
            return report_text.as_csv(facts, key).rstrip("\n")
        if key:
            report = _of_one(ledger, config, gateway, facts, key)._replace(own=wanted.own)
        else:
            report = _for_owner(ledger, config, gateway, facts, now)
        if wanted.form == "json":
            return report_text.as_json(report)
        letter = _written(config, report, ON_PAGE)
        page = _keep(ledger, config, letter, _file(report, key))
        return f"{letter.subject}\n\n{letter.text}\n{page}"
    finally:
        gateway.close()
        ledger.close()


def _facts(ledger: Ledger, config: Config, gateway: Gateway, wanted: Wanted, now: float) -> Facts:
    from shared.jobs import report_facts
    from shared.policy import periods
    from shared.policy.calendar import day_of

    calendar = calendar_of(config)
    period, before = periods.covered(calendar, config.get(NAME, "schedule"), due.turn(config, NAME, now))
    if wanted.first is not None or wanted.last is not None:
        last = wanted.last if wanted.last is not None else day_of(calendar, now)
        first = wanted.first if wanted.first is not None else last
        if first > last:
            raise UsherError("--from is later than --to")
        earlier = first - (last + 1 - first)
        calendar = report_facts.calendar_since(config, earlier)
        period, before = periods.days(calendar, first, last + 1), periods.days(calendar, earlier, first)
    return report_facts.gather(ledger, config, gateway, calendar, period, before)


def _for_owner(ledger: Ledger, config: Config, gateway: Gateway, facts: Facts, now: float) -> Report:
    from shared.jobs import report_facts, report_news

    return report_facts.Report(
        facts.calendar, facts.period, facts.before, report_facts.of_all(facts),
        report_news.gather(ledger, config, facts, now), dry_run=bool(config.get("usher", "dry_run")),
        server=_server(ledger, gateway),
    )  # fmt: skip


def _of_one(ledger: Ledger, config: Config, gateway: Gateway, facts: Facts, key: str) -> Report:
    from shared.jobs import report_facts

    name = next(subject.name for subject in facts.subjects if subject.key == key)
    figures = report_facts.of_one(facts, key)
    server = _server(ledger, gateway)
    return report_facts.Report(facts.calendar, facts.period, facts.before, figures, person=name, server=server)


def _server(ledger: Ledger, gateway: Gateway) -> str:
    return ledger.meta("server_name") or gateway.viewers.server()[1]


def _to_users(ledger: Ledger, config: Config, facts: Facts, report: Report) -> Iterator[tuple[User, Letter]]:
    """The letters to those who watched, have access and an address, and do not want none. In a rehearsal nobody's."""
    from shared.jobs import report_facts

    if not config.get(NAME, "to_users") or report.dry_run or not _can_mail(config):
        return
    out = [name.casefold() for name in config.get(NAME, "opt_out")]
    watched = {person.key: person.name for person in report.figures.people if person.seconds}
    for id, (user, active) in sorted(facts.users.items()):
        key = facts.keys.get(id, "")
        if not active or user.kind == "owner" or not user.email or key not in watched:
            continue
        if not any(name == key or report_facts.is_called(user, name) for name in out):
            own = report._replace(figures=report_facts.of_one(facts, key), news=(), person=watched[key], own=True)
            yield user, _written(config, own, IN_MAIL, user.title or user.name)


def _post_to_owner(ledger: Ledger, config: Config, report: Report, turn: float, now: float) -> list[str]:
    """The mail, and a few words through the other ways. In a rehearsal only the mail and a row in the journal."""
    from shared.jobs import report_text
    from shared.jobs.tell import JOURNAL, tell_owner
    from shared.policy.words import bare_address

    key, subject = f"report:{turn:.0f}", report_text.subject(report)
    admins = config.get("mail", "admin") if _can_mail(config) else ()
    letter = _written(config, report, IN_MAIL)
    for admin in admins:  # the key is that of the copy which the outbox would make of the message: there is one mail
        _post_letter(ledger, f"{key}:mail:{admin}", bare_address(admin), letter, now)
    body = f"{report_text.summary(report)}\n{report.page}"
    if report.dry_run:
        ledger.post(f"{key}:journal", JOURNAL, f"Usher: {subject}", body, now)
    else:
        tell_owner(ledger, key, f"Usher: {subject}", body, now)
    return [f"posted to {len(admins)} address{'es' * (len(admins) != 1)}"] if admins else ["no mail is set up"]


def _can_mail(config: Config) -> bool:
    return bool(config.get("mail", "host") and config.get("mail", "from"))


def _post_letter(ledger: Ledger, key: str, to: str, letter: Letter, now: float) -> None:
    from shared.jobs.notices import MAIL

    ledger.post(key, MAIL, letter.subject, json.dumps({"text": letter.text, "html": letter.html}), now, to)


def _written(config: Config, report: Report, most: int, name: str = "") -> Letter:
    """The digest as a letter; its HTML is the page, too."""
    from shared.jobs import letters, report_page, report_text

    note = "So far Usher only says what it would do: nothing is stopped, and nobody is told." if report.dry_run else ""
    color = str(config.get("mail", "color") or letters.COLOR)
    fields = {
        "subject": report_text.subject(report), "period": report_text.dates(report.period), "note": note,
        "summary": report_text.summary(report), "figures": report_text.figures(report, most),
        "charts": report_page.charts(report, color, most), "name": name or report.person, "server": report.server,
        "width": "680", "logo_url": "",
    }  # fmt: skip
    return letters.render("own_digest" if report.own else "digest", fields, config)


def _file(report: Report, key: str) -> str:
    """`2026-11-16-to-2026-11-22.html`, with the person's name where it is about one."""
    from datetime import date

    first, last = (date.fromordinal(day).isoformat() for day in (report.period.first, report.period.after - 1))
    whose = "".join(c if c.isascii() and c.isalnum() else "-" for c in key)[:40]
    return f"{first}{f'-to-{last}' if last != first else ''}{f'-{whose}' if whose else ''}.html"


def _keep(ledger: Ledger, config: Config, letter: Letter, file: str) -> str:
    """Write a page into the folder of reports; its path. Raises UsherError where that cannot be done."""
    folder = os.path.join(os.path.dirname(ledger.path), FOLDER)
    path = os.path.join(folder, file)
    draft = f"{path}.{os.getpid()}.new"
    try:
        files.make_folder(folder)
        with open(files.draft(draft), "w", encoding="utf-8", errors="replace") as page:
            page.write(letter.html)
        files.give(draft)
        os.replace(draft, path)
    except OSError as error:
        raise UsherError(f"the page cannot be kept in {folder}: {error.strerror or error}") from None
    return path


def _forget(ledger: Ledger, config: Config, now: float) -> None:
    """Remove pages that are older than [usher] keep_history."""
    folder = os.path.join(os.path.dirname(ledger.path), FOLDER)
    for name in os.listdir(folder):
        path = os.path.join(folder, name)
        try:
            if os.path.isfile(path) and os.stat(path).st_mtime < now - config.get("usher", "keep_history"):
                os.remove(path)
        except OSError:  # another run was quicker, or it is not ours to remove
            continue
