"""`install.py import`: the settings of no-plex and of Plex-Auto-Prune as sections of config.ini."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping
from typing import NamedTuple

from shared.errors import UsherError
from shared.jobs import env_files, ini_edit, peek

Where = tuple[str, str]  # section and key
NO_PLEX = ("MAX_TOTAL_MINUTES", "MAX_SESSION_DURATION_MINUTES", "ENABLE_BEDTIME", "KILL_MESSAGE", "PAUSE_THRESHOLD")
PRUNE = ("WARN_DAYS", "KICK_DAYS", "CHECK_NEW_USERS_SECS", "CHECK_INACTIVITY_SECS", "VIP_NAMES", "PLEX_SERVER_NAME")
SECRET = ("apikey", "token", "password", "webhook", "username")
HIDDEN = "***"
LATER = "# For a later version of Usher; this one does not know them yet."
ON = ("1", "true", "yes", "on")


class Imported(NamedTuple):
    """Settings for config.ini, those that only a later version knows, and what could not be carried over."""

    keys: dict[Where, str]
    later: dict[Where, str]
    notes: tuple[str, ...]


def read(path: str) -> Imported:
    """What the file of the other program means here. Raises UsherError."""
    return translated(env_files.read(path))


def translated(variables: Mapping[str, str]) -> Imported:
    """The same from variables. Raises UsherError if none of them is known."""
    found: dict[str, str] = {}  # by "section.key"
    notes: list[str] = []
    for name, value in variables.items():
        to = TABLE.get(name)
        if not to:
            if name in NOT_CARRIED or name.startswith("LINK_"):
                notes.append(f"{name} was not carried over: {NOT_CARRIED.get(name, LINKS)}")
            continue
        if not value.strip():
            continue
        try:
            found[to[0]] = _one_line(to[1](value.strip()))
        except ValueError:
            notes.append(f"{name} was not carried over: its value is no number")
    if any(name in variables for name in NO_PLEX):
        _of_no_plex(variables, found, notes)
    if any(name in variables for name in PRUNE):
        _of_prune(variables, found, notes)
    if not found and not notes:
        raise UsherError("no setting of no-plex or of Plex-Auto-Prune is in there")
    others = set(variables) - set(TABLE) - set(NOT_CARRIED) - set(IMPLIED)
    ignored = sorted(name for name in others if not name.startswith("LINK_"))
    if ignored:
        notes.append(f"left out, since they are no settings of these programs: {', '.join(ignored)}")
    return _sorted_out(found, notes)


def text(found: Imported) -> str:
    """The sections, for the screen: secrets masked, and what only a later version knows as comments."""
    shown = {where: HIDDEN if where[1] in SECRET else value for where, value in found.keys.items()}
    lines = [ini_edit.with_keys("", shown).strip("\n")]
    if found.later:
        lines += ["", comments(found.later).rstrip("\n")]
    return "\n".join(lines).strip("\n")


def comments(later: Mapping[Where, str]) -> str:
    """Settings of a later version, as lines that this one passes over."""
    body = ini_edit.with_keys("", later).strip("\n").split("\n")
    return "\n".join([LATER, *(f"# {line}".rstrip() for line in body)]) + "\n"


def into(path: str, found: Imported) -> tuple[list[str], list[str]]:
    """Write what config.ini does not have yet; the keys written, and those that stay as they are.

    Raises UsherError, and then nothing is written.
    """
    old = ini_edit.read(path)
    there = ini_edit.values(old)
    new = {where: value for where, value in found.keys.items() if not there.get(where)}
    changed = ini_edit.with_keys(old, new)
    if found.later and comments(found.later) not in changed.replace("\r\n", "\n"):
        end = "\r\n" if "\r\n" in old else "\n"
        changed = f"{changed.rstrip()}{end}{end}{comments(found.later).replace(chr(10), end)}"
    worse = [problem for problem in _problems(changed) if problem not in _problems(old)]
    if worse:
        raise UsherError(f"nothing was written, since config.ini would not be valid: {worse[0]}")
    if changed != old:
        ini_edit.write(path, changed)
    return [_name(w) for w in new], [_name(w) for w in found.keys if w not in new and there[w] != found.keys[w]]


def _of_no_plex(variables: Mapping[str, str], found: dict[str, str], notes: list[str]) -> None:
    found["everyone.unlimited_days"] = "sun"  # fixed in its code
    notes.append("no-plex is off on Sundays: unlimited_days = sun")
    if variables.get("ENABLE_BEDTIME", "").strip() not in ("", "0"):
        found["everyone.blocked"] = "everyday 22:30-13:00"
        notes.append("no-plex's bedtime is 22:30 to 13:00 unless you changed its code: see blocked")
    elif "ENABLE_BEDTIME" in variables:
        notes.append("ENABLE_BEDTIME = 0 was read as off, which it says; no-plex took any text for on")
    for name, key, minutes in (("MAX_TOTAL_MINUTES", "daily", 60), ("MAX_SESSION_DURATION_MINUTES", "sitting", 30)):
        if not variables.get(name):
            notes.append(f"{name} is not set: no-plex then allows {minutes} minutes. To keep that: {key} = {minutes}m")
    if "everyone.rest" not in found:
        notes.append("PAUSE_THRESHOLD is not set: here a new sitting needs a rest of 15m (no-plex: 120 s)")
    notes.append("no-plex stops at once; here nobody is stopped until [usher] dry_run = no")


def _of_prune(variables: Mapping[str, str], found: dict[str, str], notes: list[str]) -> None:
    found["prune.enabled"] = "yes"
    found["welcome.enabled"] = _yes_no(variables.get("AUTO_WELCOME_NEW_USERS") or "true")
    dry = _yes_no(variables.get("DRY_RUN") or "true")
    found["prune.dry_run"] = found["welcome.dry_run"] = dry
    if dry == "no":
        notes.append("DRY_RUN = false became [prune] dry_run = no: with yes you see first whom Usher would remove")
    if variables.get("SMTP_HOST"):
        found["mail.security"] = "tls" if variables.get("SMTP_PORT") == "465" else "starttls"
    if variables.get("ADMIN_EMAIL"):
        vip = found.get("prune.vip", "")
        found["prune.vip"] = f"{vip}, {variables['ADMIN_EMAIL']}" if vip else variables["ADMIN_EMAIL"]
    if variables.get("PLEX_TOKEN") and not variables.get("PLEX_URL"):
        notes.append("Plex-Auto-Prune finds Plex by its name; only for use outside of Tautulli: fill in [plex] url")


def _sorted_out(found: dict[str, str], notes: list[str]) -> Imported:
    """What this version knows, what it does not, and what is no valid value here."""
    keys: dict[Where, str] = {}
    later: dict[Where, str] = {}
    for name, value in found.items():
        section, _, key = name.partition(".")
        where = section, key
        problem = _problem(where, value)
        if not problem:
            keys[where] = value
        elif "not known to this version" in problem or "no section" in problem:
            later[where] = value
        else:
            notes.append(f"{_name(where)} was not carried over: {problem}")
    return Imported(keys, later, tuple(notes))


def _problem(where: Where, value: str) -> str:
    """What is wrong with a setting in this version, "" if nothing is."""
    section, key = where
    return next(iter(_problems(f"[{section}]\n{key} = {value}\n")), "")


def _problems(text: str) -> tuple[str, ...]:
    """The mistakes of a config.ini with this text. It is compiled from a file of its own, with nothing beside it."""
    with tempfile.TemporaryDirectory(prefix="usher-import-") as folder:
        path = os.path.join(folder, "config.ini")
        ini_edit.write(path, text)
        return tuple(p for p in peek.config(path, {}).problems if "is empty" not in p)


def _one_line(value: str) -> str:
    return " ".join(value.replace("\\n", " ").split())


def _name(where: Where) -> str:
    return f"[{where[0]}] {where[1]}"


def _same(value: str) -> str:
    return value


def _yes_no(value: str) -> str:
    return "yes" if value.strip().lower() in ON else "no"


def _minutes(value: str) -> str:
    return _seconds(str(60 * int(value)))


def _days(value: str) -> str:
    return f"{int(value)}d"


def _seconds(value: str) -> str:
    """A duration as config.ini has it: `2m`, `1h30m`, `45s`."""
    whole = int(value)
    parts = [(whole // 3600, "h"), (whole % 3600 // 60, "m"), (whole % 60, "s")]
    return "".join(f"{number}{unit}" for number, unit in parts if number) or "0m"


LINKS = "links in mails are for a later version"
NOT_CARRIED = {
    "PLEX_SERVER_NAME": "Usher serves the Plex of its Tautulli",
    "AUTO_WELCOME_DELAY_HOURS": "there is no delay here",
}
IMPLIED = ("ENABLE_BEDTIME", "DRY_RUN")  # these stand for more than one key
TABLE: dict[str, tuple[str, Callable[[str], str]]] = {
    "TAUTULLI_URL": ("tautulli.url", _same),
    "TAUTULLI_API_KEY": ("tautulli.apikey", _same),
    "TAUTULLI_APIKEY": ("tautulli.apikey", _same),
    "TZ": ("usher.timezone", _same),
    "PLEX_URL": ("plex.url", _same),
    "PLEX_TOKEN": ("plex.token", _same),
    "MAX_TOTAL_MINUTES": ("everyone.daily", _minutes),
    "MAX_SESSION_DURATION_MINUTES": ("everyone.sitting", _minutes),
    "PAUSE_THRESHOLD": ("everyone.rest", _seconds),
    "KILL_MESSAGE": ("everyone.message", _same),
    "WARN_DAYS": ("prune.warn_after", _days),
    "KICK_DAYS": ("prune.remove_after", _days),
    "CHECK_INACTIVITY_SECS": ("prune.check_every", _seconds),
    "VIP_NAMES": ("prune.vip", _same),
    "CHECK_NEW_USERS_SECS": ("welcome.check_every", _seconds),
    "AUTO_WELCOME_NEW_USERS": ("welcome.enabled", _yes_no),
    "SMTP_HOST": ("mail.host", _same),
    "SMTP_PORT": ("mail.port", _same),
    "SMTP_USERNAME": ("mail.username", _same),
    "SMTP_PASSWORD": ("mail.password", _same),
    "SMTP_FROM": ("mail.from", _same),
    "ADMIN_EMAIL": ("mail.admin", _same),
    "DISCORD_WEBHOOK": ("discord.webhook", _same),
}
