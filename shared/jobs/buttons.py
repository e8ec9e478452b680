"""`install.py buttons`: links for a phone's home screen that give and take for today, through Tautulli's API `notify`.

Such a link carries Tautulli's key. Pressed, it starts limit_streams.py in Tautulli with a command of "today only".
"""

from __future__ import annotations

import html
import os
import shlex
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlencode, urlsplit

from shared import files, log
from shared.config import ROOT
from shared.errors import UsherError
from shared.jobs import agents, commands, install, peek
from shared.jobs.register import find
from shared.jobs.whom import nearest
from shared.policy.words import shorten

if TYPE_CHECKING:
    from shared.tautulli import Tautulli

WARNING = (
    "Each of these links holds Tautulli's API key. Whoever has a link has the whole Tautulli: keep them on your own "
    "phone, send them to nobody. If one got out: Tautulli, Settings > Web Interface > API key > Generate, save, and "
    "make the links again; [tautulli] apikey in config.ini, too, if it is filled in."
)
LOOPBACK = ("localhost", "127.0.0.1", "::1")
EVERYBODY = (("everything off until tomorrow", "off until tomorrow"), ("limits on again", "on"))


class Button(NamedTuple):
    """What stands on it, the words it says to limit_streams.py, and what is asked of Tautulli's API for that."""

    label: str
    command: str
    form: dict[str, str]

    def link(self, base: str) -> str:
        return f"{base}/api/v2?{urlencode(self.form)}"


def main(argv: list[str]) -> int:
    """Print the links, or write them as a page. Raises UsherError where Tautulli or its agent is not found."""
    parser = commands.parser_of("install.py buttons", "Print links for a phone: more time, a lock, everything off.",
                                WARNING)  # fmt: skip
    parser.add_argument("--for", metavar="NAME", dest="name", default="", help="for one person or group of config.ini")
    parser.add_argument("--url", metavar="URL", default="", help="Tautulli's address as the phone reaches it")
    parser.add_argument("--html", metavar="FILE", default="", help="write a page of big buttons instead, for you alone")
    parser.add_argument("--json", action="store_true", help="for a program")
    given = commands.checked(parser, argv)
    config = peek.config(given.config, os.environ)
    tautulli, source = install.reach(install.sources(given.tautulli, given.apikey, config.path))
    base = address(given.url, source.url, os.environ)
    made = buttons(_names(config.settings, given.name), source.apikey, _agent(tautulli))
    if given.html:
        write_page(given.html, page(made, base))
        print(f"wrote {given.html}, for you alone to read: open it on the phone. {WARNING}")
    elif given.json:
        rows = [{"label": button.label, "command": button.command, "url": button.link(base)} for button in made]
        print(log.as_json(rows))
    else:
        print(text(made, base))
    return 0


def buttons(names: list[str], apikey: str, notifier: int) -> list[Button]:
    """Those for each name, then those for everybody."""
    wanted: list[tuple[str, str]] = []
    for name in names:
        word, shown = shlex.quote(name), shorten(name, 40)  # Tautulli splits the arguments like a shell line
        wanted += [
            (f"{shown} +15 min", f"bonus {word} 15m"), (f"{shown} -15 min", f"bonus {word} -15m"),
            (f"{shown} until 23:00", f"allow {word} until 23:00"), (f"lock {shown}", f"lock {word}"),
            (f"unlock {shown}", f"unlock {word}"),
        ]  # fmt: skip
    common = {"apikey": apikey, "cmd": "notify", "notifier_id": str(notifier), "body": "A button was pressed."}
    return [
        Button(label, command, {**common, "subject": f"Usher: {label}", "script_args": command})
        for label, command in (*wanted, *EVERYBODY)
    ]


def address(wanted: str, found: str, environ: Mapping[str, str]) -> str:
    """Where the phone reaches Tautulli: as given, else its public address if it has one, else as it was found here."""
    public = environ.get("TAUTULLI_PUBLIC_URL", "")
    base = (wanted or (public if "://" in public else found)).rstrip("/")
    parts = urlsplit(base)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsherError(f"--url {shorten(base, 60)} is no address: write it like http://192.168.1.5:8181")
    return base


def text(made: list[Button], base: str) -> str:
    """A line for each, label and link, and what to know about them."""
    width = max(len(button.label) for button in made)
    lines = [WARNING, "", *(f"{button.label:<{width}}  {button.link(base)}" for button in made), ""]
    lines += ["A link says done or failed in Tautulli's words; Usher's answer stands in Tautulli's Notification Logs.",
              "Each time that a link is opened counts: close its page, or the phone may load it again."]  # fmt: skip
    return "\n".join(lines + _warn_of(base))


def page(made: list[Button], base: str) -> str:
    """A page of big buttons that needs no script: each is a form, so that the key is in no address and no history."""
    forms = []
    for button in made:
        hidden = "".join(
            f'<input type="hidden" name="{html.escape(key)}" value="{html.escape(value)}">'
            for key, value in button.form.items()
        )
        action = html.escape(f"{base}/api/v2")
        forms.append(f'<form method="post" action="{action}" target="answer">{hidden}'
                     f"<button>{html.escape(button.label)}</button></form>")  # fmt: skip
    return PAGE.replace("{forms}", "\n".join(forms)).replace("{warning}", html.escape(WARNING))


PAGE = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>Usher</title>
<style>
:root { color-scheme: light dark; }
body { font: 18px/1.4 system-ui, sans-serif; margin: 0 auto; padding: 16px; max-width: 480px; }
button { font: inherit; font-weight: 600; width: 100%; padding: 16px; margin: 6px 0; border: 0; border-radius: 12px;
  background: #e5a00d; color: #1b1b1b; overflow-wrap: anywhere; }
button:active { background: #b57e0a; }
iframe { width: 100%; height: 64px; border: 0; }
p { font-size: 13px; opacity: .75; }
</style>
{forms}
<iframe name="answer" title="What Tautulli answers"></iframe>
<p>What came of it stands in Tautulli under Logs &gt; Notification Logs.</p>
<p>{warning}</p>
</html>
"""


def _names(settings: Mapping[str, Mapping[str, object]], wanted: str) -> list[str]:
    people, groups = list(settings["person"]), list(settings["group"])
    if not wanted:
        return people
    name = wanted.strip().casefold()
    if name in people or name in groups:
        return [name]
    near = nearest(name, [*people, *groups])
    raise UsherError(f"--for {shorten(wanted, 40)}: no person and no group of config.ini"
                     + (f"; did you mean {near}?" if near else ""))  # fmt: skip


def _agent(tautulli: Tautulli) -> int:
    """The number of limit_streams.py in Tautulli."""
    folder = os.path.join(ROOT, "agents")
    known = find(tautulli.script_notifiers(), agents.LIMITS, folder)
    if known is None:
        raise UsherError("limit_streams.py is not registered in Tautulli: run install.py")
    return known.id


def _warn_of(base: str) -> list[str]:
    if urlsplit(base).hostname in LOOPBACK:
        return [f"{base} is this machine itself: give --url with the address by which a phone reaches Tautulli."]
    return []


def write_page(path: str, content: str) -> None:
    """For nobody else to read, also where the file was there before."""
    try:
        with open(files.draft(f"{path}.new"), "wb") as file:
            file.write(content.encode())
        os.replace(f"{path}.new", path)
    except OSError as error:
        raise UsherError(f"{path} cannot be written: {error.strerror}") from None
