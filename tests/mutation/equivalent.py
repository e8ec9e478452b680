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
     'coming += [period(calendar, "daily", now)[1][1]] if waiting else []',
     "'daily' -> 'XXdailyXX'"):
        "any word but weekly and monthly is a day to period()",
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
     "for name in dict.fromkeys(text.casefold() for text in user[1:4])",
     "4 -> 5"):
        "what kind of user it is would be asked for as a name, and `_bears` knows it for none",
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
    ("bounds",
     'bound = max(denying, key=lambda b: _opens([b], [b], now) or float("inf")) if len(denying) > 1 else d'
     "enying[0]",
     "Gt 1 -> GtE"):
        "of one limit that one is the longest",
    ("bounds",
     "coming = [at for at in (stop.until, _next(ahead, calendar, now, stands)) if at is not None and at > "
     "now]",
     "Gt now -> GtE"):
        "an opening, and whatever comes next, always lies after now",
    ("calendar",
     "_, offset = calendar.zone[max(bisect_right(calendar.zone, (at, 2 * DAY)) - 1, 0)]",
     "2 -> 3"):
        "no zone is two days from UTC",
    ("calendar",
     "began, ended = (moment(calendar, day, calendar.day_starts) for day in (ordinal, ordinal + 1))",
     "Add -> Sub"):
        "only what is remembered, or how long, depends on it: it is reckoned anew where it does not fit",
    ("calendar",
     "began, ended, ordinal = calendar.memo.get(hour, (0.0, 0.0, 0))",
     "0 -> 1"):
        "only what is remembered, or how long, depends on it: it is reckoned anew where it does not fit",
    ("calendar",
     "began, ended, ordinal = calendar.memo.get(hour, (0.0, 0.0, 0))",
     "0.0 -> 1.0"):
        "only what is remembered, or how long, depends on it: it is reckoned anew where it does not fit",
    ("calendar",
     "for ordinal in range(first - 1, last + 2)",
     "1 -> 2"):
        "one day more is looked at, and clipped",
    ("calendar",
     "for ordinal in range(first - 1, last + 2)",
     "2 -> 3"):
        "one day more is looked at, and clipped",
    ("calendar",
     "hour = at // 3600  # nearly always all of one hour belongs to one day",
     "3600 -> 3601"):
        "only what is remembered, or how long, depends on it: it is reckoned anew where it does not fit",
    ("calendar",
     "hour = at // 3600  # nearly always all of one hour belongs to one day",
     "FloorDiv -> Div"):
        "only what is remembered, or how long, depends on it: it is reckoned anew where it does not fit",
    ("calendar",
     "hour = at // 3600  # nearly always all of one hour belongs to one day",
     "hour = at // 3600 -> hour = None"):
        "only what is remembered, or how long, depends on it: it is reckoned anew where it does not fit",
    ("calendar",
     "if not began <= at < ended:",
     "LtE at -> Lt"):
        "only what is remembered, or how long, depends on it: it is reckoned anew where it does not fit",
    ("days_text",
     "first, last = (_date(int(n)) for n in atom[1:3])",
     "3 -> 4"):
        "an atom of dates has three parts",
    ("days_text",
     "return f\"{', '.join(found[:-1])} {last} {found[-1]}\" if len(found) > 1 else \"\".join(found)",
     "'' -> 'XXXX'"):
        "it joins one at the most",
    ("days_text",
     "usual = False",
     "usual = False -> usual = None"):
        "None is as false",
    ("digest",
     "begins, longest = [s.began for s in spans], max((s.ended - s.began for s in spans), default=0.0)",
     "Sub -> Add"):
        "more is looked at, or what is clipped to the period",
    ("digest",
     "begins, longest = [s.began for s in spans], max((s.ended - s.began for s in spans), default=0.0)",
     "max((s.ended - s.began for s in spans), default=0.0) -> min((s.ended - s.began for s in spans), defa"
     "ult=0.0)"):
        "more is looked at, or what is clipped to the period",
    ("digest",
     "first, last = bisect_right(starts, play.began) - 1, bisect_left(starts, ended)",
     "1 -> 2"):
        "one hour more is looked at, of which nothing is played",
    ("digest",
     "if (seconds := seconds_in(play, slot.began, slot.ended)) > 0",
     "Gt 0 -> GtE"):
        "an hour with nothing played adds nothing",
    ("digest",
     "near = spans[bisect_left(begins, began - longest) : bisect_left(begins, min(ended, period.ended))]",
     "min(ended, period.ended) -> max(ended, period.ended)"):
        "what begins after the period is cut to nothing in the next line",
    ("digest",
     "spans = sorted(Span(p.began, p.began + p.seconds, p.media_type, p.library) for p in plays if p.secon"
     "ds)",
     "p.seconds -> True"):
        "what took no time uses up nothing",
    ("digest",
     "tuple(sum(column) for column in zip(*days_of.values(), strict=True)),",
     "True -> False"):
        "every person has as many days",
    ("digest",
     "tuple(sum(column) for column in zip(*days_of.values(), strict=True)),",
     "strict=True -> nothing"):
        "every person has as many days",
    ("digest",
     "used = {kind for s in subjects if s.limits for kind in BUDGETS if getattr(s.limits, kind)}",
     "s.limits -> True"):
        "without limits there is none of that kind either",
    ("digest",
     "used, limit = limits.used(held, calendar, near, kind, min(ended, period.ended) - 1)",
     "1 -> 2"):
        "two seconds before its end it is the same day, week or month",
    ("drift",
     "at = max(coming, at + 1)",
     "1 -> 2"):
        "the next step lies more than a second ahead; it is there against a loop without end",
    ("drift",
     "at = max(coming, at + 1)",
     "Add -> Sub"):
        "the next step lies more than a second ahead; it is there against a loop without end",
    ("drift",
     "days = frozenset(day for day in record.days if day <= step.at // DAY)",
     "FloorDiv -> Div"):
        "what is later than the step's own day is not looked at by the brake; days are whole numbers",
    ("drift",
     "days = frozenset(day for day in record.days if day <= step.at // DAY)",
     "day <= step.at // DAY -> True"):
        "what is later than the step's own day is not looked at by the brake; days are whole numbers",
    ("drift",
     "silent = verdict.reason",
     "silent = verdict.reason -> silent = None"):
        "whoever cannot be warned is looked at again only when they have watched: then the reason has another date",
    ("drift",
     "steps.sort(key=lambda step: (step.at, step.verdict.member.id))",
     "key=lambda step: (step.at, step.verdict.member.id) -> nothing"):
        "steps are compared by their moments, then by the members, which begin with their ids",
    ("drift",
     'warned, at, silent = None, began, ""',
     "'' -> 'XXXX'"):
        "no reason is called that",
    ("intervals",
     "first -= first > 0 and pieces[first - 1][1] > began",
     "1 -> 2"):
        "of two before it the earlier one is clipped away; without it the later one is looked at",
    ("intervals",
     "first -= first > 0 and pieces[first - 1][1] > began",
     "Gt began -> GtE"):
        "of what ends at that moment nothing lies after it: it is clipped away",
    ("limits",
     "for piece in _charges(limits, calendar, [pieces], since, min(pieces[-1][1], until))]  # fmt: skip",
     "min(pieces[-1][1], until) -> max(pieces[-1][1], until)"):
        "what would have been played 45 days from now is a clock's mistake; it is let be",
    ("limits",
     "played = _counting(limits, [span for span in spans if span.ended > since and not span.denied])",
     "Gt since -> GtE"):
        "what ended before lies in no period that is asked of; it is only left out early",
    ("limits",
     "played = _counting(limits, [span for span in spans if span.ended > since])",
     "Gt since -> GtE"):
        "what ended before lies in no period that is asked of; it is only left out early",
    ("limits",
     "played = _counting(limits, [span for span in spans if span.ended > since])",
     "span.ended > since -> True"):
        "what ended before lies in no period that is asked of; it is only left out early",
    ("named",
     'now = {member.id for member in members if is_called(member if titles else member._replace(title=""),'
     " key)}",
     "'' -> 'XXXX'"):
        "nobody is called that",
    ("replay",
     "UNKNOWN = 0.0, Decision(True)  # a decision that held until long ago",
     "0.0 -> 1.0"):
        "it is replaced before it is looked at: now is never before 1970",
    ("replay",
     "UNKNOWN = 0.0, Decision(True)  # a decision that held until long ago",
     "True -> False"):
        "it is replaced before it is looked at: now is never before 1970",
    ("rule_text",
     'action, when = settings.get("action", "stop"), _when(settings.get("when", ()))',
     "'stop' -> 'XXstopXX'"):
        "whatever is neither log nor alert stops",
    ("rule_text",
     'bare = name.strip("*")',
     "'*' -> 'XX*XX'"):
        "the next line compares it with the stars put back",
    ("rules_text",
     'if not _concerns(settings, "groups", name) or not _concerns(settings, "people", ""):',
     "'' -> 'XXXX'"):
        "no name, show or player is called that: it stands for none at all",
    ("rules_text",
     'known = [facts(house, who, session) for session in seen or [Session("", user=name) for name in (*wri'
     'tten, "")]]',
     "'' -> 'XXXX'"):
        "who has no account yet satisfies no condition on users, whatever they are called",
    ("rules_text",
     'known = [facts(house, who, session) for session in seen or [Session("", user=name) for name in (*wri'
     'tten, "")]]',
     "user=name -> nothing"):
        "who has no account yet satisfies no condition on users, whatever they are called",
    ("rules_text",
     'seen = [Session("", user_id=id, user=house.users.get(id, User(id)).name) for id in user_ids(house, w'
     "ho.key)]",
     "'' -> 'XXXX'"):
        "the key of a session is no condition; and who has an id is known by it",
    ("rules_text",
     'seen = [Session("", user_id=id, user=house.users.get(id, User(id)).name) for id in user_ids(house, w'
     "ho.key)]",
     "user=house.users.get(id, User(id)).name -> nothing"):
        "the key of a session is no condition; and who has an id is known by it",
    ("rules_text",
     'who = whose(house, user_id, "")',
     "'' -> 'XXXX'"):
        "no name, show or player is called that: it stands for none at all",
    ("rules_text",
     'written = house.settings["person"].get(who.key, {}).get("users", ())',
     "'users' -> 'XXusersXX'"):
        "who has no account yet satisfies no condition on users, whatever they are called",
    ("words",
     "if whole > 120 and whole % 60:",
     "Gt 120 -> GtE"):
        "of two minutes nothing is left over",
    ("words",
     "if whole > 120 and whole % 60:",
     "Mod -> Div"):
        "what is no remainder takes nothing away in the next line",
    ("words",
     'return " ".join(f"{n} {unit}" for n, unit in zip(numbers, units, strict=True) if n) or f"0 {units[-1'
     ']}"',
     "True -> False"):
        "there are as many units as numbers in every language: tests/test_letters.py",
    ("words",
     'return " ".join(f"{n} {unit}" for n, unit in zip(numbers, units, strict=True) if n) or f"0 {units[-1'
     ']}"',
     "strict=True -> nothing"):
        "there are as many units as numbers in every language: tests/test_letters.py",
    ("periods",
     "day = local_clock(calendar, now)[0] + 1  # where the clock is set back, tomorrow's turn may have com"
     "e already",
     "1 -> 2"):
        "one day more is looked at, whose turn has not come",
    ("periods",
     "day = local_clock(calendar, now)[0] - 1",
     "1 -> 2"):
        "one day more is looked at, whose turn is over",
    ("periods",
     "changes = [at for at, _ in calendar.zone if period.began < at < period.ended]",
     "period.began < at < period.ended -> True"):
        "what lies before is passed by; what lies after ends no hour of the period",
    ("periods",
     "changes = [at for at, _ in calendar.zone if period.began < at < period.ended]",
     "Lt at -> LtE"):
        "a change at the begin is passed by at once",
    ("periods",
     "changes = [at for at, _ in calendar.zone if period.began < at < period.ended]",
     "Lt period.ended -> LtE"):
        "a change at the end ends the last hour where it ends anyway",
    ("periods",
     "starts = [moment(calendar, day, calendar.day_starts) for day in range(period.first + 1, period.after"
     " + 1)]",
     "1 -> 2"):
        "one day more than is asked for",
    ("periods",
     "ends = min([at + HOUR - second % HOUR, starts[day - period.first], *changes[:1]])",
     "1 -> 2"):
        "the second change is later than the first",
    ("periods",
     "return on.day == number or (on.day < number and tomorrow.day == 1)",
     "Lt number -> LtE"):
        "of the very day the first half tells",
    ("digest",
     "begins, longest = [s.began for s in spans], max((s.ended - s.began for s in spans), default=0.0)",
     "0.0 -> 1.0"):
        "without spans there is nothing to look for",
    ("digest",
     "used, limit, first = max(told, key=lambda t: (t[0] / t[1] if t[1] else t[0], t[0]))",
     "0 -> 1"):
        "of equal shares the greater limit has the greater use; and where the limits are nothing the use is s"
     "econd",
    ("digest",
     'kind = "daily" if len(totals) <= 35 else "weekly" if len(totals) <= 380 else "monthly"',
     "'daily' -> 'XXdailyXX'"):
        "any word but weekly and monthly is a day to period()",
    ("streams",
     "return [bound._replace(deadline=lambda start: since if start < since <= start + HANDOVER else start)"
     "]",
     "Lt since -> LtE"):
        "at that moment both are the same",
    ("speech",
     'back = back.lstrip(";,. ")',
     "';,. ' -> 'XX;,. XX'"):
        "no text for the way back begins with an X",
    ("why",
     "found.append(f\"{words.duration(abs(extra))} {'more' if extra > 0 else 'less'} today (bonus)\")",
     "Gt 0 -> GtE"):
        "a bonus of nothing is not said",
    ("why",
     "return f\"{players} of {words.counted(what.max_streams or 0, 'player')} at once\"",
     "0 -> 1"):
        "it is asked only where there is a limit",
    ("why",
     "return f\"{places} of {words.counted(what.max_locations or 0, 'place')} at once\"",
     "0 -> 1"):
        "it is asked only where there is a limit",
    ("why",
     '}.get(key, "")  # fmt: skip',
     "'' -> 'XXXX'"):
        "every limit has its word",
    ("why",
     'why = words.refused("", over.kind, over.value(now))',
     "'' -> 'XXXX'"):
        "what has no colon is the name of no rule",
}
