"""May this play go on, and until when? All limits, rules and grants together, as events, the timekeeper and `why` ask
it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from shared.model import Decision, Play, Session, Span
from shared.policy import bounds as of_all
from shared.policy import grants, landing, limits, rules, streams
from shared.policy.bounds import Bound, always
from shared.policy.calendar import Calendar
from shared.policy.grants import Today
from shared.policy.limits import Limits
from shared.policy.rules import Holding

STOP = "stop"  # the action of a rule that says none


class Case(NamedTuple):
    """A play, and all that bears on it.

    `limits` hold for whose it is (none for who is exempt); `spans` is all that they have played since `horizon`, with
    the sessions of those plays by id. `rules` are those whose conditions hold for the play. `others` are all their
    open plays, this one among them, with the names of the rules that hold for each; None where Plex's session list was
    not asked, so that nobody knows. `known` is whether the player is a known one, None where that is not known.
    """

    play: Play
    limits: Limits
    calendar: Calendar
    spans: Sequence[Span] = ()
    sessions: Mapping[int, Session] = {}
    rules: Sequence[Holding] = ()
    others: Sequence[tuple[Play, frozenset[str]]] | None = None
    today: Today = Today()
    known: bool | None = None
    dry: bool = False


def decide(case: Case, now: float) -> Decision:
    """The decision about a play. What `alert` and `log` rules come to only tells when to decide again (`ahead`)."""
    found = bounds(case, now)
    decision = of_all.decide(found, case.calendar, now, case.play.session.state == "paused")
    noted = [at for _, bound in notes(case, now) if (at := bound.deadline(now)) is not None and at > now]
    coming = [at for at in (decision.ahead, *noted) if at is not None]
    return decision._replace(ahead=min(coming, default=None))


def bounds(case: Case, now: float) -> list[Bound]:
    """All limits at work on a play that may stop it, the person's own first, then the rules by their names."""
    _, lift = grants.free_until(case.today)
    timed = _timed(case, now)
    others = [play for play, _ in case.others] if case.others is not None else None
    placed = streams.bounds(case.limits, case.play, others) if others is not None else []
    if case.limits.known_devices_only and case.known is False:
        placed.append(always("known_devices_only", "device")._replace(message=case.limits.message))
    ruled = [bound for rule in _sorted(case.rules, stops=True) for bound in _of_rule(case, rule, now)]
    own = [*grants.locks(case.today), *timed, *grants.lifted(placed, lift)]
    return [*(own if not case.dry else [bound._replace(dry=True) for bound in own]), *ruled]


def notes(case: Case, now: float) -> list[tuple[Holding, Bound]]:
    """The limits of rules that stop nobody, but are told of or written down when they are reached."""
    return [(rule, bound) for rule in _sorted(case.rules, stops=False) for bound in _of_rule(case, rule, now)]


def horizon(what: Limits, settings_of_rules: Sequence[Mapping[str, object]], calendar: Calendar, now: float) -> float:
    """From when on spans matter to a decision at `now`."""
    begins = [limits.horizon(what, calendar, now)]
    for settings in settings_of_rules:
        begins.append(limits.horizon(rules.limits_of(settings), calendar, now))
        if "max_plays" in settings:
            begins.append(limits.horizon(Limits(monthly=(((), 0),)), calendar, now))
    return min(begins)


def _timed(case: Case, now: float) -> list[Bound]:
    """Budgets, sittings and windows, lifted until a moment, with their soft landing."""
    play, what = case.play, case.limits
    if case.today.extra != what.extra:
        what = what._replace(extra=case.today.extra)
    session, (free, lift) = play.session, grants.free_until(case.today)
    counted = limits.counts(what, session.media_type, session.library)

    def at_work(spans: Sequence[Span], at: float) -> list[Bound]:
        coming = _with_what_comes(play, spans, at, free)
        return grants.lifted(limits.bounds(what, case.calendar, coming, at, counted), free)

    found = at_work(case.spans, now)
    landed = [landing.may_end(bound, play, what.let_finish, now) for bound in found]
    if what.no_start_in_last and found:
        before = [span._replace(ended=min(span.ended, play.began)) for span in case.spans if span.began < play.began]
        late = landing.starts_too_late(at_work(before, play.began), play, what.no_start_in_last)
        landed += grants.lifted(late, lift)
    return landed


def _of_rule(case: Case, rule: Holding, now: float) -> list[Bound]:
    beside = None
    if case.others is not None:
        beside = [play for play, names in case.others if rule.name in names]
    play, (_, lift) = case.play, grants.free_until(case.today)
    spans = _with_what_comes(play, case.spans, now, lift)
    found = rules.bounds(rule, case.calendar, play, spans, case.sessions, beside, case.today.extra, now)
    return [landing.may_end(bound, play, case.limits.let_finish, now) for bound in grants.lifted(found, lift)]


def _with_what_comes(play: Play, spans: Sequence[Span], now: float, until: float | None) -> list[Span]:
    """The spans as they will be when what is lifted holds again, if the play goes on until then."""
    if until is None or until <= now or until == grants.FOREVER:
        return list(spans)
    session = play.session
    return [*spans, Span(now, until, session.media_type, session.library, play.epoch, play=play.id)]


def _sorted(holding: Sequence[Holding], stops: bool) -> list[Holding]:
    mine = [rule for rule in holding if (rule.settings.get("action", STOP) == STOP) == stops]
    return sorted(mine, key=lambda rule: rule.name)
