"""Every key of config.ini: type, default, meaning. Parsing, config.ini.example and the README's list come from here."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, NamedTuple

from . import grammar, recurrence, rule_values, texts, values
from .values import GrammarError, clip


class Option(NamedTuple):
    """One key. `default` is as written in config.ini, "" for no value; `choices` and `bounds` belong to some kinds."""

    section: str
    key: str
    kind: str
    default: str
    doc: str
    example: str = ""
    choices: tuple[str, ...] = ()
    bounds: tuple[int, int] = (0, 0)
    at_least: int = 0  # seconds, of a duration


SECTIONS = {
    "usher": "Usher itself.",
    "tautulli": "Your Tautulli. Leave it empty where Tautulli starts the scripts: it tells them where it is.",
    "plex": "Your Plex server. Leave it empty where Tautulli starts the scripts.",
    "mail": "The mail server for messages to users and to you. Without host and from no mail is sent.",
    "discord": "A Discord channel for messages to you.",
    "notify": "Messages to you through notification agents that you already have in Tautulli.",
    "calendar": "Names for days, to be used in limits: dates, ranges of dates and what repeats. Add your own names.",
    "welcome": "A letter to those who are new on your server, and a message to you.",
    "prune": "Those who have not watched for long are warned, then removed. Nobody is before enabled = yes.",
    "report": "A digest of who watched what, when: by mail, and as a page in the reports folder of data_dir.",
    "logs": "Plex's own log, which Plex throws away after a few files: kept, compressed, to be searched.",
    "everyone": "Limits for all who are not exempt. What is empty does not limit anybody.",
    "group": "Limits for the members of a group, each for themselves. Any key of [everyone] may stand here.",
    "person": "A human being with all their users and devices. Any key of [everyone] may stand here too.",
    "rule": "What a play may not be, or not then, or not for so long. All conditions must hold; a comma means any of.",
    "guest": "Somebody whose access ends on a day, whatever they watch. It needs [prune] enabled = yes.",
}
FIXED = ("usher", "tautulli", "plex", "mail", "discord", "notify", "welcome", "prune", "report", "logs", "everyone")
NAMED = ("group", "person", "rule", "guest")
LIMITED = ("group", "person")  # these may have any key of [everyone]
SECRETS = ("apikey", "token", "password", "webhook", "username")
PORTS = {"starttls": 587, "tls": 465, "none": 25}
MEMBERS = ("@home", "@managed", "@friends", "@vip")
ALERTS = ("new_device", "stopped", "denied", "unknown_user", "first_play", "exempt_elsewhere")
_LEVELS = ("debug", "info", "warning", "error")
_MEDIA = ("movie", "episode", "track", "photo", "clip")

_OWN = (
    Option("usher", "dry_run", "yes or no", "yes", "Only say what would happen: nothing is stopped, nobody is told."),
    Option("usher", "data_dir", "folder", "data", "Where ledger and log are kept: beside this file, or a full path."),
    Option("usher", "timezone", "time zone", "", "The zone of all times here. Empty: the system's.", "Europe/Zurich"),
    Option("usher", "day_starts", "time", "04:00", "When a day ends and the next begins, for all budgets."),
    Option("usher", "week_starts", "day of the week", "mon", "The first day of a week."),
    Option("usher", "owner_devices", "names", "", "If set, your own plays are free on these devices only.", "My phone"),
    Option("usher", "keep_history", "duration", "400d", "How long the ledger remembers; a month's budget needs 62d.",
           at_least=62 * 86400),
    Option("usher", "language", "choice", "en", "The language of messages to viewers.", choices=texts.LANGUAGES),
    Option("usher", "log_level", "choice", "info", "How much usher.log tells.", choices=_LEVELS),
    Option("tautulli", "url", "address", "", "Address of Tautulli, with its http_root.", "http://192.168.1.5:8181"),
    Option("tautulli", "apikey", "secret", "", "In Tautulli under Settings, Web Interface, API key."),
    Option("tautulli", "verify_tls", "certificates", "auto", "Check certificates: auto, yes, no, or a file."),
    Option("plex", "url", "address", "", "Address of the Plex server.", "http://192.168.1.5:32400"),
    Option("plex", "token", "secret", "", "The X-Plex-Token of the server's owner."),
    Option("plex", "verify_tls", "certificates", "auto", "Check certificates: auto, yes, no, or a file."),
    Option("mail", "host", "text", "", "Name of the mail server.", "smtp.example.com"),
    Option("mail", "port", "number", "", "Its port. Empty: 587, with tls 465, with none 25.", "587", bounds=(1, 65535)),
    Option("mail", "security", "choice", "starttls", "How the connection is protected.", choices=tuple(PORTS)),
    Option("mail", "username", "secret", "", "The login at the mail server."),
    Option("mail", "password", "secret", "", "Its password."),
    Option("mail", "from", "mail address", "", "The sender of messages.", "Usher <plex@example.com>"),
    Option("mail", "admin", "mail addresses", "", "Where messages to you go.", "me@example.com"),
    Option("mail", "brand", "text", "", "The name over a message.", "Our Plex"),
    Option("mail", "color", "color", "", "The color of the line over a letter and of its button.", "#e5a00d"),
    Option("mail", "logo_url", "address", "", "A picture over a message.", "https://example.com/logo.png"),
    Option("mail", "per_hour", "number", "60", "The most messages in an hour.", bounds=(1, 100_000)),
    Option("discord", "webhook", "secret address", "", "In Discord under channel settings, Integrations, Webhooks."),
    Option("notify", "tautulli_notifiers", "numbers", "", "Ids of agents in Tautulli's Notification Agents.", "3, 5",
           bounds=(1, 10**9)),
    Option("welcome", "enabled", "yes or no", "no", "Write to new users, and tell you of them."),
    Option("welcome", "joined_within", "duration", "2d", "Who came longer ago than this gets no letter any more.",
           at_least=3600),
    Option("welcome", "check_every", "duration", "2m", "How often at most it is looked for new users.", at_least=10),
    Option("welcome", "house_rules", "yes or no", "yes", "The letter tells the limits that hold for this user."),
    Option("prune", "enabled", "yes or no", "no", "Warn and remove those who do not watch."),
    Option("prune", "warn_after", "duration", "27d", "So long without watching, and a user is warned.",
           at_least=86400),
    Option("prune", "remove_after", "duration", "30d", "So long without watching, and a warned user is removed.",
           at_least=86400),
    Option("prune", "new_user_grace", "duration", "1d", "Who never watched: the time begins so long after joining."),
    Option("prune", "min_notice", "duration", "3d", "The least time between the warning and the removal.",
           at_least=3600),
    Option("prune", "check_every", "duration", "30m", "How often at most it is looked for whom to warn or remove.",
           at_least=10),
    Option("prune", "vip", "names", "", "Never warned, never removed: user names, mail addresses, titles or ids.",
           "mom, friend@example.com, 12345"),
    Option("prune", "max_removals", "number", "3", "The most removals in 24 hours; for more you are asked.",
           bounds=(0, 10_000)),
    Option("prune", "max_removals_percent", "percent", "20%", "The same as a share of all, if that is 2 or more."),
    Option("prune", "home_users", "choice", "skip", "Whether members of your Plex Home may be removed.",
           choices=("skip", "remove")),
    Option("prune", "tautulli_user", "choice", "delete", "What becomes of a removed user and their plays in Tautulli.",
           choices=("delete", "keep")),
    Option("prune", "export", "yes or no", "yes", "Save shares, permissions and plays before a removal."),
    Option("report", "enabled", "yes or no", "no", "Make the digest, and send it."),
    Option("report", "schedule", "schedule", "mon 08:00", "When: daily 08:00, mon 08:00 or monthly 1 08:00."),
    Option("report", "to_admin", "yes or no", "yes", "Send it to you, as [mail] admin."),
    Option("report", "to_users", "yes or no", "no", "Send those who watched a digest of their own watching."),
    Option("report", "opt_out", "names", "", "Who gets none: user names, mail addresses, titles, ids or persons.",
           "mom, 12345"),
    Option("report", "alerts", "words", "", "What you are told of at once, also without the digest.",
           "new_device, stopped, denied", choices=ALERTS),
    Option("logs", "enabled", "yes or no", "no", "Save every line of Plex's log before Plex throws it away."),
    Option("logs", "source", "choice", "auto",
           "The log folder, or what Plex hands out; auto: the folder if there is one.",
           choices=("auto", "folder", "download")),
    Option("logs", "folder", "folder", "", "The folder of Plex Media Server.log. Empty: its usual places.",
           "/plex-logs"),
    Option("logs", "check_every", "duration", "1h", "How often at most it is saved; before Plex has rotated 5 times.",
           at_least=10),
    Option("logs", "keep", "limit", "365d", "So long a day is kept; none keeps all.", at_least=86400),
    Option("calendar", "holidays", "dates", "", "Days without school.", "2026-07-03..2026-08-16, 2026-12-24"),
    Option("group", "members", "members", "", "Persons and users, also @home, @managed, @friends, @vip.", "emma, max"),
    Option("person", "users", "names", "", "Plex user names, mail addresses or ids.", "emma"),
    Option("person", "devices", "names", "", "Names or machine ids of players, whoever uses them.", "Emma's iPad"),
    Option("person", "exempt", "yes or no", "", "No limit holds for this person.", "no"),
    Option("person", "counts_for", "names", "", "Persons whose budgets the minutes here use up, too.", "emma"),
    Option("person", "until", "date", "", "The last day of this section; then it is as if it were not there.",
           "2026-08-09"),
    Option("guest", "user", "text", "", "The guest's user name, mail address or id.", "lisa@example.com"),
    Option("guest", "expires", "date", "", "The first day without access.", "2026-09-01"),
)  # fmt: skip
_LIMITS = (
    Option("everyone", "daily", "durations per day", "", "Most watching in a day.", "1h, weekend 2h, holidays 3h"),
    Option("everyone", "weekly", "limit", "", "Most watching in a week.", "10h"),
    Option("everyone", "monthly", "limit", "", "Most watching in a month.", "40h"),
    Option("everyone", "sitting", "limit", "", "Most watching without a rest.", "30m"),
    Option("everyone", "rest", "limit", "15m", "The rest needed before a new sitting. With none any pause will do."),
    Option("everyone", "blocked", "windows", "", "No watching then.",
           "everyday 23:00-08:00, schoolnight 20:00-07:00"),
    Option("everyone", "allowed", "windows", "", "Watching only then; instead of blocked.",
           "weekday 15:00-19:00, weekend"),
    Option("everyone", "unlimited_days", "days", "", "Days without budget, window and sitting.", "sun, 2026-12-24"),
    Option("everyone", "uncounted", "windows", "", "Times that use up no budget.", "sat 08:00-10:00"),
    Option("everyone", "uncounted_media", "media", "track, photo, clip", "Media that use no budget.", choices=_MEDIA),
    Option("everyone", "uncounted_libraries", "limit names", "", "Libraries that use up no budget.", "Music videos"),
    Option("everyone", "max_streams", "count", "", "Most players at once; the newest one more is stopped.", "2"),
    Option("everyone", "max_locations", "count", "", "Most places at once; all of your home network is one.", "1"),
    Option("everyone", "keep", "choice", "oldest", "Which streams go on where there are too many.",
           choices=("oldest", "newest")),
    Option("everyone", "max_paused", "limit", "", "What is paused for longer than this is stopped.", "20m"),
    Option("everyone", "known_devices_only", "yes or no", "no", "Only players used before, or let in by you."),
    Option("everyone", "warn_before", "durations", "10m, 2m", "How long before the end a viewer is warned."),
    Option("everyone", "tell", "told", "", "Who gets these warnings: ids of agents in Tautulli, mail, discord, owner.",
           "4, mail"),
    Option("everyone", "let_finish", "limit", "", "What has at most this left when time is up may end.", "5m"),
    Option("everyone", "no_start_in_last", "limit", "", "Nothing new starts when less than this is left.", "5m"),
    Option("everyone", "delay_stop", "limit", "", "What may not even start runs this long, so that the reason shows.",
           "5s"),
    Option("everyone", "message", "message", "", "Added to what a viewer reads when stopped.", "Ask me for more."),
)  # fmt: skip
_RULE = (
    Option("rule", "people", "list", "", "Persons of this file.", "emma"),
    Option("rule", "groups", "list", "", "Groups of this file.", "kids"),
    Option("rule", "users", "list", "", "User names, mail addresses, ids, @home, @managed, @friends, @vip.",
           "@friends"),
    Option("rule", "devices", "list", "", "Names or machine ids of players.", "Kitchen TV"),
    Option("rule", "addresses", "list", "", "Addresses of players.", "192.168.0.*"),
    Option("rule", "platforms", "list", "", "Platforms as Plex names them.", "Roku, Chrome"),
    Option("rule", "players", "list", "", "Apps, or names of players.", "Plex Web"),
    Option("rule", "libraries", "list", "", "Libraries.", "Films"),
    Option("rule", "media", "media list", "", "Kinds of media; live is all of Live TV.", "movie, episode",
           choices=rule_values.MEDIA),
    Option("rule", "ratings", "ratings", "", "Content ratings, or above one, or unrated.", "above PG-13"),
    Option("rule", "titles", "list", "", "Titles; * stands for anything.", "*horror*"),
    Option("rule", "shows", "list", "", "Series; * stands for anything.", "Paw *"),
    Option("rule", "unrated", "choice", "allow", "Whether a condition on ratings holds for what has none.",
           choices=("allow", "block")),
    Option("rule", "when", "windows", "", "Only then.", "schoolnight 19:00-24:00"),
    Option("rule", "location", "word list", "", "Where the player is.", "wan", choices=rule_values.LOCATIONS),
    Option("rule", "transcode", "word list", "", "What Plex converts.", "video", choices=rule_values.TRANSCODES),
    Option("rule", "resolution", "resolutions", "", "Of the file.", "4k"),
    Option("rule", "bitrate", "bitrate", "", "Of the stream.", "above 20 Mbps"),
    Option("rule", "file_bitrate", "bitrate", "", "Of the file.", "above 40 Mbps"),
    Option("rule", "new_device", "yes or no", "", "A player that this user has not used before.", "yes"),
    Option("rule", "max_plays", "plays", "", "So many items; one that is resumed is one.", "4 per month"),
    Option("rule", "daily", "durations per day", "", "So long a day, instead of not at all.", "30m"),
    Option("rule", "weekly", "limit", "", "So long a week.", "3h"),
    Option("rule", "monthly", "limit", "", "So long a month.", "10h"),
    Option("rule", "sitting", "limit", "", "So long without a rest.", "20m"),
    Option("rule", "rest", "limit", "15m", "The rest needed before a new sitting.", "1h"),
    Option("rule", "max_streams", "count", "", "So many such streams at once.", "1"),
    Option("rule", "keep", "choice", "oldest", "Which of them go on.", choices=("oldest", "newest")),
    Option("rule", "max_paused", "limit", "", "What is paused for longer than this is stopped.", "20m"),
    Option("rule", "action", "choice", "stop", "What happens.", choices=("stop", "alert", "log")),
    Option("rule", "message", "message", "", "What the viewer reads.", "Not for you yet."),
)  # fmt: skip
_DRY_RUN = Option("", "dry_run", "yes or no", "", "Rehearse, or not, for these only; otherwise as in [usher].", "no")
_REHEARSE = "Rehearse this part, or not; otherwise as in [usher]."

OPTIONS = (
    *_OWN,
    *_LIMITS,
    *(o._replace(section=s, default="", example=o.example or o.default) for s in LIMITED for o in _LIMITS),
    *_RULE,
    *(_DRY_RUN._replace(section=s) for s in (*LIMITED, "rule")),
    *(_DRY_RUN._replace(section=s, doc=_REHEARSE) for s in ("welcome", "prune")),
)
TABLE = {(option.section, option.key): option for option in OPTIONS}


def parse(option: Option, text: str, calendars: Collection[str] = (), resolve: Callable[[str], str] = str) -> Any:
    """The value that `text` (not empty) has for this key; `none` and `unlimited` make it None where it is a limit.

    `calendars` are the names in [calendar], `resolve` makes a path absolute. Raises GrammarError.
    """
    if option.kind in _LIFTABLE and text.strip().lower() in grammar.LIFTED:
        return None
    match option.kind:
        case "yes or no":
            return values.boolean(text)
        case "number":
            return values.number(text, *option.bounds)
        case "numbers":
            return values.numbers(text, *option.bounds)
        case "duration" | "limit":
            return _long_enough(grammar.duration(text), text, option.at_least)
        case "durations":
            return tuple(sorted({grammar.duration(part) for part in text.rstrip(" ,").split(",")}, reverse=True))
        case "durations per day":
            return grammar.per_day(text, calendars)
        case "windows":
            return grammar.windows(text, calendars)
        case "days":
            return grammar.days(text, calendars)
        case "dates":
            return recurrence.named_days(text)
        case "schedule":
            return grammar.schedule(text)
        case "date":
            return _date(text)
        case "percent":
            return values.percent(text)
        case "day of the week":
            return grammar.weekday(text)
        case "time":
            return _time(text)
        case "choice":
            return values.choice(text, option.choices)
        case "names" | "limit names":
            return values.names(text)
        case "media" | "words":
            return tuple(values.choice(name, option.choices) for name in values.names(text))
        case "members":
            return _members(text)
        case "list":
            return rule_values.names(text)
        case "media list" | "word list":
            return rule_values.choices(text, option.choices)
        case "ratings":
            return rule_values.rated(text)
        case "resolutions":
            return rule_values.resolutions(text)
        case "bitrate":
            return rule_values.bitrate(text)
        case "plays":
            return rule_values.plays(text)
        case "count":
            return rule_values.count(text)
        case "told":
            return rule_values.told(text)
        case "address" | "secret address":
            return values.address(text)
        case "mail address":
            return values.mail_address(text)
        case "mail addresses":
            return tuple(values.mail_address(name) for name in values.names(text))
        case "color":
            return values.color(text)
        case "folder":
            return resolve(text)
        case "certificates":
            return values.certificates(text, resolve)
    return text.strip()  # text, message, secret, time zone (which is looked up where the transitions are made)


def keys(section: str) -> list[str]:
    """The keys of a section, in the table's order."""
    return [option.key for option in OPTIONS if option.section == section]


def render_example() -> str:
    """The whole of config.ini.example."""
    lines = [_HEAD]
    for section, doc in SECTIONS.items():
        mark = "# " if section in NAMED else ""
        name = _EXAMPLES.get(section, section)
        lines += ["", f"# {doc}", f"{mark}[{name}]"]
        lines += _RULE_EXAMPLE if section == "rule" else []
        limits = {option.key for option in _LIMITS} if section in LIMITED else set()
        for option in (o for o in OPTIONS if o.section == section):
            if section in NAMED and option.key in limits:
                continue
            if section == "rule":
                lines.append(f"# {option.key}: {option.doc}{f' E.g. {option.example}' if option.example else ''}")
                continue
            lines += ["", *_about(option)] if section not in NAMED else []
            value = option.example if section in NAMED else option.default
            lines.append(f"{mark}{option.key} = {value}".rstrip())
        lines += _MORE.get(section, ())
    return "\n".join(lines) + "\n"


def render_key_list() -> str:
    """The keys as a Markdown table for the README."""
    lines = ["| section | key | value | default | what it is | example |", "| --- | --- | --- | --- | --- | --- |"]
    limits = {option.key for option in _LIMITS}
    for option in OPTIONS:
        if option.section in LIMITED and option.key in limits:
            continue
        section = f"{option.section}:NAME" if option.section in NAMED else option.section
        if option in _LIMITS:
            section = "everyone]`, `[group:NAME]`, `[person:NAME"
        kind = " · ".join(option.choices) if option.choices and option.kind == "choice" else _plain(option)
        cells = [f"`[{section}]`", f"`{option.key}`", kind, _code(option.default), option.doc, _code(option.example)]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


_LIFTABLE = (
    "limit", "count", "told", "durations", "durations per day", "windows", "days", "limit names", "media", "message",
)  # fmt: skip
_EXAMPLES = {
    "group": "group:kids", "person": "person:emma", "rule": "rule:late-horror", "guest": "guest:lisa",
}  # fmt: skip
_SHOWN_KINDS = {
    "limit": "duration", "limit names": "names", "message": "text", "secret address": "address", "count": "number",
    "told": "ids or words", "list": "names", "media list": "media", "word list": "words", "plays": "number per period",
}  # fmt: skip
_RULE_EXAMPLE = [
    "# groups = kids", "# ratings = above PG-13", "# when = schoolnight 19:00-24:00", "# message = Not for you yet.",
    "# The keys of a rule; `not` in front turns a list, as in libraries = not Cartoons:",
]  # fmt: skip
_MORE = {
    "calendar": (
        "",
        "# A name of your own, for every second week with the other parent; the next name is for the weeks between:",
        "# papa = every 2 weeks from fri 2026-01-09 18:00 for 7d",
        "# mama = every 2 weeks from fri 2026-01-16 18:00 for 7d",
    ),
    **dict.fromkeys(LIMITED, ("# daily = 45m, weekend 1h30m",)),
}
_HEAD = """\
# Usher's house rules. As it stands, this file limits nobody, and nothing is stopped while dry_run is yes.
#
# A key left empty has its default. A comment needs a line of its own. Usher reads the file again when it has changed;
# a mistake is reported with its line, and the last valid settings stay in force until it is mended.
# Every key may also come from an environment variable: USHER_PLEX_TOKEN for token in [plex].
#
# Durations have a unit: 45s, 90m, 1h30m, 27d. unlimited (or none) lifts what would be inherited.
# Days are mon to sun, mon-fri, everyday, weekday, weekend (sat, sun), weeknight (sun-thu), a date like 2026-12-24, a
# range like 2026-07-03..2026-08-16, every name in [calendar], schoolday (weekday not in holidays) and schoolnight (the
# evening before one). Windows are days and times: schoolnight 20:00-07:00, weekend 11pm-8am. Days alone mean all day.
# Where two entries name the same day, the later one wins.
#
# In [calendar] stand dates, ranges, and what repeats: every 2 weeks from fri 2026-01-09 18:00 for 7d until 2027-07-31
# (days, weeks, months or years; without for it lasts a day). A name may begin in the middle of a day: a window goes by
# who has the moment at which it begins, budgets and whole days by who has the day's noon."""


def _about(option: Option) -> list[str]:
    line = f"# {option.doc}"
    if option.choices:
        line += f" {'One' if option.kind == 'choice' else 'Any'} of: {', '.join(option.choices)}."
    return [line, f"# Example: {option.key} = {option.example}"] if option.example else [line]


def _plain(option: Option) -> str:
    return _SHOWN_KINDS.get(option.kind, option.kind)


def _code(text: str) -> str:
    return f"`{text}`" if text else ""


def _time(text: str) -> int:
    seconds = grammar.clock(text)
    if seconds == grammar.DAY:
        raise GrammarError(f"{values.show(text)} is the end of a day: write 0:00")
    return seconds


def _long_enough(seconds: int, text: str, least: int) -> int:
    if seconds < least:
        digits = text.strip()[:-1]
        meant_days = digits.isdecimal() and len(digits) < 6 and int(digits) * grammar.DAY >= least
        near = f"{digits}d" if meant_days and least >= grammar.DAY else _shown(least)
        raise GrammarError(f"{values.show(text)} is too short, the least is {_shown(least)}: write {clip(near)}")
    return seconds


def _shown(seconds: int) -> str:
    unit, size = next(pair for pair in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)) if seconds % pair[1] == 0)
    return f"{seconds // size}{unit}"


def _date(text: str) -> int:
    found = grammar.dates(text)
    if len(found) != 1 or found[0][0] != found[0][1]:
        raise GrammarError(f"{values.show(text)} is more than one day: write it like 2026-09-01")
    return found[0][0]


def _members(text: str) -> tuple[str, ...]:
    found = values.names(text)
    for name in found:
        if name.startswith("@") and name.lower() not in MEMBERS:
            near = values.nearest(name, MEMBERS) or values.either(MEMBERS)
            raise GrammarError(f"{values.show(name)} is not known to this version: write {near}")
    return found
