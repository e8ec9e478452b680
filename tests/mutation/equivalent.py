"""Mutants that no test can tell from the code: (module, the line's text, the change) and why it cannot matter."""

EQUIVALENT: dict[tuple[str, str, str], str] = {
    ("bounds",
     "at = max(moment for moment in later if moment is not None)",
     "max((moment for moment in later if moment is not None)) -> min((moment for moment in later if mo"
     "ment is not None))"):
        "until the last of them has opened it is asked again; only slower",
    ("bounds",
     "at = max(moment for moment in later if moment is not None)",
     "moment is not None -> True"):
        "None was answered in the line before; the condition is there for the types",
    ("bounds",
     'bound = max(denying, key=lambda b: opens([b], now) or float("inf")) if len(denying) > 1 else den'
     "ying[0]",
     "Gt 1 -> GtE"):
        "of one limit that one is the longest",
    ("bounds",
     'coming += [period(calendar, "daily", now)[1][1]] if waiting else []',
     "'daily' -> 'XXdailyXX'"):
        "any word but weekly and monthly is a day to period()",
    ("bounds",
     "coming = [at for at in (stop.until, _next(ahead, calendar, now, paused)) if at is not None and a"
     "t > now]",
     "Gt now -> GtE"):
        "an opening, and whatever comes next, always lies after now",
    ("bounds",
     'reason += f"; back {words.clock(calendar, free, now)}" if free is not None and free > now else ""',
     "Gt now -> GtE"):
        "an opening, and whatever comes next, always lies after now",
    ("bounds",
     "waiting = [(at, bound) for at, bound in ahead if at > now and bound.kind in BUDGETS]",
     "Gt now -> GtE"):
        "an opening, and whatever comes next, always lies after now",
    ("calendar",
     "NOON = DAY // 2",
     "FloorDiv -> Div"):
        "noon is the same second as a float; and no moment lies before 1970",
    ("calendar",
     "break",
     "break -> continue"):
        "the changes are sorted: none after it has come either; only slower",
    ("calendar",
     'dates = [n for n in range(today - 1, today + 9) if kind == "clock" or weekday(n) == when[1]]',
     "1 -> 2"):
        "one day more is looked at, and clipped, passed by, or mended by the loop after it",
    ("calendar",
     'dates = [n for n in range(today - 1, today + 9) if kind == "clock" or weekday(n) == when[1]]',
     "9 -> 10"):
        "one day more is looked at: the first one found is taken",
    ("calendar",
     "days, seconds = divmod(int(at // 1) + offset, DAY)",
     "FloorDiv -> Div"):
        "noon is the same second as a float; and no moment lies before 1970",
    ("calendar",
     "for (begins, offset), (ends, _) in zip(zone, zone[1:], strict=False):",
     "strict=False -> nothing"):
        "that is the default",
    ("calendar",
     "for n in range(day_of(calendar, began), day_of(calendar, ended) + 1)",
     "1 -> 2"):
        "one day more is looked at, and clipped, passed by, or mended by the loop after it",
    ("calendar",
     "for ordinal in range(first - 1, last + 2):  # one more: a midnight may come twice",
     "1 -> 2"):
        "one day more is looked at, and clipped, passed by, or mended by the loop after it",
    ("calendar",
     "for ordinal in range(first - 1, last + 2):  # one more: a midnight may come twice",
     "2 -> 3"):
        "one day more is looked at, and clipped",
    ("calendar",
     "ordinal -= 1",
     "1 -> 2"):
        "one day more is looked at, and clipped, passed by, or mended by the loop after it",
    ("calendar",
     "while at < moment(calendar, ordinal, calendar.day_starts):",
     "Lt moment(calendar, ordinal, calendar.day_starts) -> LtE"):
        "the loop after it goes on to the day that begins at that moment",
    ("calendar",
     "while at >= moment(calendar, ordinal + 1, calendar.day_starts):",
     "GtE moment(calendar, ordinal + 1, calendar.day_starts) -> Gt"):
        "at the moment at which a day begins the clock shows its date already",
    ("holding",
     "turned, names = settings.get(key, (True, ()))",
     "True -> False"):
        "without names no condition is true, turned or not",
    ("intervals",
     "break",
     "break -> continue"):
        "the holes are sorted: those after it do not touch the piece either; only slower",
    ("intervals",
     "if a >= ended:",
     "GtE ended -> Gt"):
        "a hole that begins where the piece ends leaves all of it, and what begins there is empty",
    ("intervals",
     "if b <= began:",
     "LtE began -> Lt"):
        "a hole that ends where the piece begins takes nothing of it in either branch",
    ("landing",
     "ends = [(at, bound) for bound in bounds if (at := bound.deadline(began)) is not None and began <"
     " at < began + least]",
     "Lt at -> LtE"):
        "what forbids at the beginning itself is named before this bound and opens with it",
    ("landing",
     "if play.began < began and -LAG < ends - began <= most:",
     "Lt ends - began -> LtE"):
        "ten seconds after the end ends + LAG is the very moment at which the limit comes",
    ("limits",
     '_, (_, ended) = period(calendar, "daily", at)  # the next day may have another value',
     "'daily' -> 'XXdailyXX'"):
        "any word but weekly and monthly is a day to period(), and a day has no days before it",
    ("limits",
     'elif kind != "daily" and period(calendar, kind, moment(calendar, day, calendar.day_starts))[0] <'
     "= on < day:",
     "'daily' -> 'XXdailyXX'"):
        "any word but weekly and monthly is a day to period(), and a day has no days before it",
    ("limits",
     'elif kind != "daily" and period(calendar, kind, moment(calendar, day, calendar.day_starts))[0] <'
     "= on < day:",
     "Lt day -> LtE"):
        "the day itself was dealt with in the branch before",
    ("limits",
     'ended = min(ended, period(calendar, "daily", at)[1][1])',
     "'daily' -> 'XXdailyXX'"):
        "any word but weekly and monthly is a day to period(), and a day has no days before it",
    ("limits",
     'for day, _, _, pieces in _ahead(limits, calendar, "daily", limits.sitting, start):',
     "'daily' -> 'XXdailyXX'"):
        "any word but weekly and monthly is a day to period(), and a day has no days before it",
    ("limits",
     "if most is not None and spent <= most < spent + (ended - began):",
     "Sub -> Add"):
        "where it is not used up within the stretch, the moment found lies ahead, and min() takes now",
    ("limits",
     "latest = min(max((s.ended for s in mine), default=now), now + FAR)",
     "min(max((s.ended for s in mine), default=now), now + FAR) -> max(max((s.ended for s in mine), de"
     "fault=now), now + FAR)"):
        "nothing was played after the last stretch; only slower",
    ("limits",
     "near = [s for s in spans if s.began < ended and s.ended > began]",
     "And -> Or"):
        "they are clipped once more later; only slower",
    ("limits",
     "near = [s for s in spans if s.began < ended and s.ended > began]",
     "Gt began -> GtE"):
        "what ends where the time begins is clipped to nothing",
    ("limits",
     "near = [s for s in spans if s.began < ended and s.ended > began]",
     "Lt ended -> LtE"):
        "asked only of a moment at which it is shut; what is cut off here is cut off again",
    ("limits",
     "near = [s for s in spans if s.began < ended and s.ended > began]",
     "s.began < ended and s.ended > began -> True"):
        "they are clipped once more later; only slower",
    ("limits",
     "return next((began for began, ended in closed(at - AHEAD, at + 1) if began <= at < ended), at)",
     "1 -> 2"):
        "one second after the moment is enough to see the window that it lies in; two are, too",
    ("limits",
     "return next((began for began, ended in closed(at - AHEAD, at + 1) if began <= at < ended), at)",
     "Lt ended -> LtE"):
        "asked only of a moment at which it is shut; what is cut off here is cut off again",
    ("limits",
     "return next((began for began, ended in closed(at - AHEAD, at + 1) if began <= at < ended), at)",
     "LtE at -> Lt"):
        "a window that begins at the moment: the default is that moment",
    ("limits",
     'spent, last, over = 0.0, float("-inf"), now',
     "0.0 -> 1.0"):
        "the first stretch is always after a rest, and begins at nothing",
    ("limits",
     "while at < start + AHEAD:",
     "Lt start + AHEAD -> LtE"):
        "a period that begins there has no piece before the end of what is looked at",
    ("people",
     "return _who(house, name, User(0), exempt=False)",
     "0 -> 1"):
        "a person has a name: the user's is not asked",
    ("people",
     'return {n for rule in house.settings.get("rule", {}).values() for n in rule.get("users", (False,'
     " ()))[1]",
     "False -> True"):
        "only the second of the two is looked at",
    ("prune",
     "FAR = 4102444800.0  # 2100-01-01: what is later is shown as this, whatever nonsense a service or"
     " a setting holds",
     "4102444800.0 -> 4102444801.0"):
        "it is the same day",
    ("prune",
     "for last, after in zip(marks, marks[1:], strict=False):",
     "strict=False -> nothing"):
        "that is the default",
    ("prune",
     "joined = member.accepted_at or (0.0 if subject.active_at else subject.first_seen)",
     "0.0 -> 1.0"):
        "whoever has no date is last already; and who was active is so later than 1970",
    ("prune",
     "marks = [first, *sorted(day for day in days if first < day <= today), today + 1]",
     "Lt day -> LtE"):
        "the first mark twice has no days in between",
    ("prune",
     'return max(found, default=(0.0, ""))',
     "'' -> 'XXXX'"):
        "where nothing is known the text is not shown",
    ("prune",
     "return sorted(found, key=lambda v: (v.at is None, v.at or 0.0, v.member.id))",
     "0.0 -> 1.0"):
        "whoever has no date is last already; and who was active is so later than 1970",
    ("prune",
     "today, first = int(now // DAY), int((now - reach) // DAY)",
     "FloorDiv -> Div"):
        "int() cuts the rest off, and no moment lies before 1970",
    ("rules",
     "LOOKS = 99  # so often two limits are asked in turn when both forbid",
     "99 -> 100"):
        "that it ends matters, not when",
    ("rules",
     "at, star, mark, seen = 0, -1, 0, 0",
     "0 -> 1"):
        "set anew with the first star, and not asked before",
    ("rules",
     "at, star, mark, seen = 0, -1, 0, 0",
     "1 -> 2"):
        "any number below nothing means that there was no star yet",
    ("rules",
     "earlier = {streams.item(o.session) for o in others if (o.began, o.id) < (play.began, play.id) an"
     "d not o.denied",
     "Lt (play.began, play.id) -> LtE"):
        "the play itself is on its own player, which the next condition leaves out",
    ("rules",
     'found = [bound._replace(since=None) for bound in shut] or [always(limit, "rule")]',
     "'rule' -> 'XXruleXX'"):
        "the line after it says the kind",
    ("rules",
     "hours = limits.bounds(Limits(blocked=when), calendar, [], 0.0, counted=False)[0]",
     "0.0 -> 1.0"):
        "only sittings ask for the moment",
    ("rules",
     "hours = limits.bounds(Limits(blocked=when), calendar, [], 0.0, counted=False)[0]",
     "False -> True"):
        "the limits made here have no budgets that could count",
    ("rules",
     'keep = settings.get("keep", "oldest")',
     "'oldest' -> 'XXoldestXX'"):
        "whatever is not `newest` is the oldest",
    ("rules",
     'return [always("", "plays", most, ended if most else None)]',
     "'' -> 'XXXX'"):
        "bounds() says the limit",
    ("rules",
     'return not pattern[at:].strip("*")',
     "'*' -> 'XX*XX'"):
        "patterns are in lower case: there is no X to be taken off",
    ("rules",
     "shut = limits.bounds(Limits(blocked=when), calendar, [], now, counted=False) if when else []",
     "False -> True"):
        "the limits made here have no budgets that could count",
    ("streams",
     'and (other.session.state != "paused" or (other.began, other.id) > (play.began, play.id))',
     "Gt (play.began, play.id) -> GtE"):
        "another play never has the same id",
    ("streams",
     'found += too_many("max_streams", "streams", limits.max_streams, limits.keep, play, others)',
     "found += too_many('max_streams', 'streams', limits.max_stre… -> found = too_many('max_streams', "
     "'streams', limits.max_strea…"):
        "nothing was found before it",
    ("streams",
     'return ":".join(group.lstrip("0") or "0" for group in groups[:4])',
     "'0' -> 'XX0XX'"):
        "what else is taken off the left of a group (an X) is in no address",
    ("streams",
     'return play.session.machine_id or f"session {play.session.session_key}"',
     "'session ' -> 'XXsession XX'"):
        "any word does that no machine id begins with",
    ("tracking",
     "merged = Session._make(told or known for told, known in zip(session, old, strict=True))",
     "True -> False"):
        "two sessions have the same number of fields",
    ("tracking",
     "merged = Session._make(told or known for told, known in zip(session, old, strict=True))",
     "strict=True -> nothing"):
        "two sessions have the same number of fields",
    ("tracking",
     "return _keep(play, session)._replace(seen=now, epoch=epoch, gap_ended=0.0)",
     "0.0 -> 1.0"):
        "a gap that ended in 1970 is over, too",
    ("tracking",
     "return play._replace(gap_ended=0.0)  # it has paused since: another span is the newest",
     "0.0 -> 1.0"):
        "a gap that ended in 1970 is over, too",
    ("tracking",
     "return play._replace(gap_ended=0.0)  # it has paused since: another span is the newest",
     "gap_ended=0.0 -> nothing"):
        "the newest span begins after the gap from then on: the same line is reached again",
    ("verdict",
     "before = [span._replace(ended=min(span.ended, play.began)) for span in case.spans if span.began "
     "< play.began]",
     "Lt play.began -> LtE"):
        "what began with the play is cut to nothing, and what is empty vanishes",
    ("verdict",
     "before = [span._replace(ended=min(span.ended, play.began)) for span in case.spans if span.began "
     "< play.began]",
     "span.began < play.began -> True"):
        "what began later is cut to nothing, and what is empty vanishes",
    ("verdict",
     "begins.append(limits.horizon(Limits(monthly=(((), 0),)), calendar, now))",
     "0 -> 1"):
        "that there is a limit of a month says how far back to look; its amount is not asked",
    ("verdict",
     "if until is None or until <= now or until == grants.FOREVER:",
     "LtE now -> Lt"):
        "what lasts from now until now is empty, and vanishes",
    ("verdict",
     "if what.no_start_in_last and found:",
     "And -> Or"):
        "nothing begins within the last no seconds, nor before the end of no limit",
    ("verdict",
     "return sorted(mine, key=lambda rule: rule.name)",
     "key=lambda rule: rule.name -> nothing"):
        "names are a rule's first field, and no two are alike",
}
