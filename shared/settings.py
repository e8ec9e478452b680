"""From config.ini and the environment to the settings that the other parts read, with every mistake in both."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from . import grammar, inifile, options, recurrence, values, zone
from .values import GrammarError, clip, nearest

YEAR = 366 * 86400
BEFORE, AHEAD = -2 * YEAR, 3 * YEAR  # how far the days and the zone are known, from the moment of compiling
MOST_PROBLEMS = 50
LATE = 10**9  # sorts mistakes in variables behind those in the file

_Where = tuple[str, str]  # section and its name, "" where it has none


class Compiled(NamedTuple):
    """`settings` hold whatever was right; they are meant to be used as they are only where `problems` is empty."""

    settings: dict[str, Any]
    problems: tuple[str, ...]
    variables: frozenset[str]  # the environment variables that are wrong
    passing: bool = False  # a mistake may be gone although nothing was written: a package is missing


class _Value(NamedTuple):
    text: str
    line: int
    variable: str = ""


class _Work(NamedTuple):
    """What the steps hand on: the values as read, and the mistakes so far as (line, text, variable)."""

    file: str
    values: dict[_Where, dict[str, _Value]]
    lines: dict[_Where, int]
    mistakes: list[tuple[int, str, str]]
    lacking: list[str]  # the names of [calendar] that this interpreter cannot reckon


def compiled(
    data: bytes,
    file: str,
    environ: Mapping[str, str],
    resolve: Callable[[str], str],
    now: float,
    any_zone: bool = False,
) -> Compiled:
    """Settings and problems of a file's content and the USHER_ variables. Never raises for what is in them.

    `file` is its name in problems, `resolve` makes its relative paths absolute. With `any_zone` an unknown time zone is
    no problem and the system's is used: settings that were valid stay so when the system's zone data are gone. So they
    do without dateutil; what repeats in [calendar] is then left out.
    """
    parsed = inifile.read(data)
    work = _Work(file, {(s, ""): {} for s in (*options.FIXED, "calendar")}, {}, [], [])
    for mistake in parsed.mistakes:
        where = f"{file} line {mistake.line}" if mistake.line else file
        work.mistakes.append((mistake.line, f"{where}: {mistake.text}", ""))
    _take_headers(work, parsed.headers)
    _take_entries(work, parsed.entries)
    _take_variables(work, environ)
    settings = _values(work, resolve)
    settings["calendar"] |= _calendar(work, settings["calendar"], now, any_zone)
    _cross_checks(work, settings)
    settings["zone"] = _zone(work, settings["usher"], now, any_zone)
    variables = frozenset(v for _, _, v in work.mistakes if v)
    return Compiled(settings, _rendered(work), variables, bool(work.lacking))


def without_limits(settings: dict[str, Any]) -> dict[str, Any]:
    """The same connections and folders, and nobody limited."""
    free: dict[str, Any] = {section: settings[section] for section in options.FIXED if section != "everyone"}
    free["calendar"] = {"holidays": ()}
    # nobody is removed by half a file either
    free |= {section: _defaults(section) for section in ("everyone", "welcome", "prune", "report", "logs")}
    return {**free, **{section: {} for section in options.NAMED}, "zone": settings["zone"]}


def local_time(transitions: Iterable[tuple[int, int]], second: float) -> str:
    """`2026-11-20 18:02` in the zone whose transitions these are."""
    import time

    before = [offset for at, offset in transitions if at <= second] or [offset for _, offset in transitions][:1]
    return time.strftime("%Y-%m-%d %H:%M", time.gmtime(second + before[-1]))


def _take_headers(work: _Work, headers: list[inifile.Header]) -> None:
    for section, name, line in headers:
        shown = inifile.plain(section) == section and "=" not in (name or "")
        label = f"[{section}{'' if name is None else ':' + clip(name)}]" if shown else "this section"
        label = f"{work.file} line {line}: {label}"
        if section not in options.SECTIONS:
            near = nearest(section, options.SECTIONS)
            also = f": write [{near}{':NAME' if near in options.NAMED else ''}]" if near else _known_sections()
            _mistake(work, line, f"{label} is not known to this version{also}")
        elif section in options.NAMED and not name:
            _mistake(work, line, f"{label} has no name: write [{section}:NAME]")
        elif section not in options.NAMED and name is not None:
            _mistake(work, line, f"{label}: this section has no name: write [{section}]")
        else:
            work.values.setdefault((section, name or ""), {})
            work.lines[(section, name or "")] = line


def _known_sections() -> str:
    shown = [f"[{s}:NAME]" if s in options.NAMED else f"[{s}]" for s in options.SECTIONS]
    return f": write {values.either(shown)}"


def _take_entries(work: _Work, entries: list[inifile.Entry]) -> None:
    for section, name, key, text, line in entries:
        if (section, name) not in work.values:
            continue  # its header is a mistake already
        problem = _unknown_key(section, key)
        if problem:
            _mistake(work, line, f"{work.file} line {line}: {_title(section, name)} {problem}")
        elif text:
            work.values[(section, name)][key] = _Value(text, line)


def _unknown_key(section: str, key: str) -> str:
    """What is wrong with this key of this section, "" for nothing."""
    if (section, key) in options.TABLE:
        return ""
    if section == "calendar":
        return _bad_calendar_name(key)
    homes = [s for s, k in options.TABLE if k == key]
    if homes:
        home = f"[{homes[0]}:NAME]" if homes[0] in options.NAMED else f"[{homes[0]}]"
        return f"{inifile.plain(key)} is not known here: write it into {home}"
    near = nearest(key, options.keys(section))
    also = f"write {near}" if near else f"its keys are {', '.join(options.keys(section))}"
    return f"{inifile.plain(key)} is not known to this version: {also}"


def _bad_calendar_name(key: str) -> str:
    if not key.replace("_", "").replace("-", "").isalnum() or not key[0].isalpha():
        return f"{clip(key)} cannot be a name: write letters and digits, the first a letter"
    if key in (*grammar.LIFTED, "and", "am", "pm") or grammar.is_day(key):
        return f"{clip(key)} means something else already: write another name, my-{clip(key)}"
    return ""


def _take_variables(work: _Work, environ: Mapping[str, str]) -> None:
    for variable in sorted(v for v in environ if v.startswith("USHER_") and v != "USHER_CONFIG"):
        text = environ[variable].strip()
        if not text:
            continue  # as in the file: an empty value inherits
        where, key, problem = _target(work, variable)
        odd = next((c for c in text if not c.isprintable()), "")
        if problem or (odd and key):
            problem = problem or f"holds the character {ord(odd):#04x}: remove it"
            _mistake(work, LATE, f"{clip(variable)}: {problem}", variable)
        elif key:
            work.values.setdefault(where, {})[key] = _Value(text, LATE, variable)


def _target(work: _Work, variable: str) -> tuple[_Where, str, str]:
    """Section, key and problem of USHER_<SECTION>_<KEY>. No key and no problem: a variable of somebody else."""
    section, _, key = variable[6:].lower().partition("_")
    if section in options.NAMED:
        fits = [k for k in options.keys(section) if key.endswith("_" + k)]
        if not fits:
            near = nearest(key.rpartition("_")[2], options.keys(section)) or "daily"
            return ("", ""), "", f"is not known to this version: write USHER_{section.upper()}_NAME_{near.upper()}"
        best = max(fits, key=len)
        name = key[: -len(best) - 1]
        known = [n for s, n in work.values if s == section and _as_variable(n) == name]
        if len(known) > 1:
            both = values.either(f"[{section}:{clip(n)}]" for n in known)
            return ("", ""), "", f"can mean {both}: write the key into the section in {work.file}"
        return (section, known[0] if known else name), best, ""
    if section in options.SECTIONS:
        problem = _unknown_key(section, key) if key else f"names no key: write USHER_{section.upper()}_KEY"
        return (section, ""), key, problem
    near = nearest(section, options.SECTIONS)
    if near and abs(len(near) - len(section)) <= 1:
        return ("", ""), "", f"is not known to this version: write USHER_{near.upper()}_{key.upper()}"
    return ("", ""), "", ""


def _as_variable(name: str) -> str:
    return "".join(c if c.isalnum() and c.isascii() else "_" for c in name)


def _values(work: _Work, resolve: Callable[[str], str]) -> dict[str, Any]:
    calendars = {"holidays", *work.values[("calendar", "")]}
    settings: dict[str, Any] = {section: _defaults(section, resolve) for section in (*options.FIXED, "calendar")}
    settings |= {section: {} for section in options.NAMED}
    holidays = options.TABLE[("calendar", "holidays")]
    for (section, name), found in work.values.items():
        target = settings[section].setdefault(name, {}) if section in options.NAMED else settings[section]
        for key, value in found.items():
            option = options.TABLE.get((section, key), holidays)
            try:
                target[key] = options.parse(option, value.text, calendars, resolve)
            except GrammarError as error:
                problem = _comment_behind(option, value.text, calendars) or str(error)
                _wrong(work, section, name, key, problem, hidden=_is_secret(option, value.text))
    mail = settings["mail"]
    mail["port"] = mail["port"] or options.PORTS[mail["security"]]
    return settings


def _comment_behind(option: options.Option, text: str, calendars: Iterable[str]) -> str:
    """What to say where a value is right but for a comment behind it, else ""."""
    head = re.split(r"\s+[#;]", text)[0]
    try:
        if head and head != text:
            options.parse(option, head, set(calendars))
            return f"{clip(text)}: a comment needs a line of its own: write {option.key} = {clip(head)}"
    except GrammarError:
        pass  # then the comment is not what is wrong
    return ""


def _defaults(section: str, resolve: Callable[[str], str] = str) -> dict[str, Any]:
    """Every key of [usher], [mail] …; of [everyone] and [calendar] those that hold without being written."""
    found: dict[str, Any] = {}
    for option in (options.TABLE[(section, key)] for key in options.keys(section)):
        if option.default:
            found[option.key] = options.parse(option, option.default, (), resolve)
        elif section != "everyone":
            found[option.key] = _EMPTY.get(option.kind, "")
    return found


_EMPTY: dict[str, Any] = {
    "names": (), "numbers": (), "dates": (), "mail addresses": (), "words": (), "number": 0, "yes or no": None,
}  # fmt: skip


def _calendar(work: _Work, named: dict[str, Any], now: float, any_zone: bool) -> dict[str, Any]:
    """When each name of [calendar] holds, as far ahead as the time zone is known."""
    start, end = int(now) + BEFORE, int(now) + AHEAD
    found: dict[str, Any] = {}
    for name, parsed in named.items():
        try:
            found[name] = recurrence.stretches(parsed, start, end)
        except recurrence.NoDateutil as error:
            once = [one for one in parsed if not isinstance(one, recurrence.Recurrence)]
            found[name] = recurrence.stretches(once, start, end)
            if not any_zone:
                work.lacking.append(name)
                _wrong(work, "calendar", "", name, str(error))
    return found


def _cross_checks(work: _Work, settings: dict[str, Any]) -> None:
    for (section, name), found in work.values.items():
        if "blocked" in found and "allowed" in found:
            later = "allowed" if found["allowed"].line >= found["blocked"].line else "blocked"
            _wrong(work, section, name, later, "blocked and allowed are one setting: write one of them")
    for name in settings["person"]:
        if not {"users", "devices"} & work.values[("person", name)].keys():
            _wrong(
                work, "person", name, "", f"has neither users nor devices, so it is nobody: write users = {clip(name)}"
            )
    for name in settings["group"]:
        if "members" not in work.values[("group", name)]:
            _wrong(work, "group", name, "", "has no members: write members = and the names of persons or users")
    _check_prune(work, settings)
    _check_names(work, settings)
    owner_of_user = _unique(work, settings, "person", "users", {})
    _unique(work, settings, "person", "devices", {})
    aliases = {user: name for user, name in owner_of_user.items() if user not in settings["person"]}
    _unique(work, settings, "group", "members", aliases)


def _check_prune(work: _Work, settings: dict[str, Any]) -> None:
    prune, written = settings["prune"], work.values[("prune", "")]
    if prune["warn_after"] >= prune["remove_after"]:
        key = "warn_after" if "warn_after" in written else "remove_after"
        _wrong(work, "prune", "", key, "a warning comes before a removal: write a warn_after below remove_after")
    for name in settings["guest"]:
        for key, like in (("user", clip(name)), ("expires", "2026-09-01")):
            if key not in work.values[("guest", name)]:
                _wrong(work, "guest", name, "", f"has no {key}: write {key} = {like}")
    _unique(work, settings, "guest", "user", {})


def _check_names(work: _Work, settings: dict[str, Any]) -> None:
    """The names of persons and groups that other sections use must be there, and a rule must be about something."""
    for section, name, key, kind in (
        *(("rule", name, "people", "person") for name in settings["rule"]),
        *(("rule", name, "groups", "group") for name in settings["rule"]),
        *(("person", name, "counts_for", "person") for name in settings["person"]),
    ):
        value = settings[section][name].get(key, ())
        for written in value[1] if value and isinstance(value[0], bool) else value:
            if written.casefold() not in settings[kind]:
                near = nearest(written, settings[kind])
                also = f"write {near}" if near else f"write a section [{kind}:{clip(written)}]"
                _wrong(work, section, name, key, f"{clip(written)} is no {kind} of this file: {also}")
    for name in settings["rule"]:
        if not work.values[("rule", name)].keys() - _NO_CONDITIONS:
            _wrong(work, "rule", name, "", "has no condition, so it would stop everything: write when = or users =")


_NO_CONDITIONS = {"action", "message", "dry_run", "unrated", "keep", "rest"}


def _unique(work: _Work, settings: dict[str, Any], section: str, key: str, aliases: dict[str, str]) -> dict[str, str]:
    """Who names what; a mistake for each thing that is named again. `aliases` are other names for the same thing."""
    found: dict[str, tuple[str, str]] = {}
    for name in settings[section]:
        named = settings[section][name].get(key, ())
        for written in (named,) if isinstance(named, str) else named:
            thing = aliases.get(written.casefold(), written.casefold())
            if thing not in found:
                found[thing] = (name, written)
                continue
            first, as_what = found[thing]
            also = "" if as_what.casefold() == written.casefold() else f" as {clip(as_what)}"
            place = f"[{section}:{clip(first)}]" if first != name else "this section"
            problem = f"{clip(written)} stands already in {place}{also}: write it in one place only"
            _wrong(work, section, name, key, problem)
    return {thing: name for thing, (name, _) in found.items()}


def _zone(work: _Work, usher: dict[str, Any], now: float, any_zone: bool) -> tuple[tuple[int, int], ...]:
    start, end = int(now) + BEFORE, int(now) + AHEAD
    try:
        return zone.transitions(usher["timezone"], start, end)
    except zone.UnknownZone as error:
        if not any_zone:
            near = f"write {error.nearest}" if error.nearest else "write one like Europe/Zurich"
            _wrong(work, "usher", "", "timezone", f"{clip(error.name)} is no time zone: {near}")
        return zone.transitions("", start, end)


def _title(section: str, name: str) -> str:
    return f"[{section}:{clip(name)}]" if name else f"[{section}]"


def _mistake(work: _Work, line: int, text: str, variable: str = "") -> None:
    work.mistakes.append((line, text, variable))


def _wrong(work: _Work, section: str, name: str, key: str, problem: str, hidden: bool = False) -> None:
    """Note what is wrong with a value, or with no `key` what is wrong with the whole section."""
    written = work.values[(section, name)]
    if key:
        value = written[key]
        shown = "(hidden)" if hidden else clip(value.text)
        problem = "is no valid value: write it anew" if hidden else problem
        # most grammar errors begin with what was read: it need not stand there twice
        problem = f" = {problem}" if problem.startswith(shown) else f" = {shown}: {problem}"
    elif (section, name) in work.lines:
        value = _Value("", work.lines[(section, name)])
    else:  # only variables speak of it
        value = next(iter(written.values()))
        problem = f": [{section}:{clip(name)}] {problem}"
    if value.variable:
        _mistake(work, LATE, f"{clip(value.variable)}{problem}", value.variable)
    else:
        place = f"{work.file} line {value.line}: {_title(section, name)}"
        _mistake(work, value.line, f"{place} {key}{problem}")


def _is_secret(option: options.Option, text: str) -> bool:
    """Also an address that carries a login or a token, and what could be a token in the place of something else."""
    if option.key in options.SECRETS or (option.kind == "address" and ("@" in text or "token" in text.lower())):
        return True
    return (
        option.section in ("tautulli", "plex", "discord")
        and max(map(len, re.findall("[A-Za-z0-9_-]+", text + " -"))) >= 16
    )


def _rendered(work: _Work) -> tuple[str, ...]:
    written = [(key, value.text) for found in work.values.values() for key, value in found.items()]
    secrets = [text for key, text in written if key in options.SECRETS and key != "username" and len(text) > 5]
    lines = []
    for _, text, _ in sorted(work.mistakes, key=lambda mistake: mistake[0]):
        for secret in secrets:
            text = text.replace(secret, "(hidden)")
        lines.append(text)
    more = len(lines) - MOST_PROBLEMS
    return (*lines[:MOST_PROBLEMS], f"{work.file}: and {more} more") if more > 0 else tuple(lines)
