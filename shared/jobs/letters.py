"""The letters to users and the mails to the owner, made from templates: plain files with named fields like {name}.

A letter KIND is KIND.txt (its first line is the subject) and KIND.html, the latter within layout.html. A file of the
same name in <data_dir>/templates comes first. What stands between blank lines is a block; a block with a field that is
empty is left out. A file of the owner's with a field that does not exist is not used, and the owner is told.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from shared import log
from shared.config import Config
from shared.policy.words import bare_address, shorten

if TYPE_CHECKING:
    from shared.ledger import Ledger

SHIPPED = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "templates")
KINDS = ("welcome", "welcome_back", "warned", "removed", "guest_reminder", "owner", "digest", "own_digest")
PREVIEWS = {"warning": "warned", "reminder": "guest_reminder"}  # other names for them
# What a template may name. A letter fills those that it knows something about, the others are empty.
FIELDS = ("name", "server", "brand", "color", "ink", "logo_url", "reply", "rules", "last_seen", "days", "remove_on",
          "why", "reason", "cause", "subject", "message", "content", "preview", "period", "note", "summary",
          "figures", "charts", "width")  # fmt: skip
MADE = ("figures", "charts")  # text and HTML that are put in as they are
WIDTH = "560"  # pixels, of a page that says nothing else
LONG = ("message", "rules", "content", "summary")  # these keep their lines
BIGGEST = 200_000  # bytes of a template
COLOR = "#e5a00d"
SAMPLE: Mapping[str, str | Sequence[str]] = {
    "name": "Lisa", "server": "Our Plex", "last_seen": "24 October 2026", "days": "27", "remove_on": "23 November 2026",
    "rules": ("At most 1 h a day, on Sat and Sun 2 h.", "No watching on schoolnights from 20:00 to 07:00."),
    "reason": "not watched for 30 days", "cause": "inactive", "subject": "Usher: lisa has joined",
    "message": "lisa has joined. A letter is on its way.", "period": "Mon 16 to Sun 22 Nov 2026",
    "note": "Nothing was stopped, and nobody was told.", "summary": "Four people watched 20 h 15 min in 24 plays.",
    "figures": "emma  4 h 30 min\nmax   3 h", "charts": "<p>emma: 4 h 30 min</p>", "width": "720",
}  # fmt: skip
# Old mail programs know no style sheet: each element gets its style itself, where a template gave it none.
FONT = "font-family:Helvetica,Arial,sans-serif; font-size:16px; line-height:24px; color:#24272c;"
STYLES = {
    "<p>": f"margin:0 0 16px 0; {FONT}",
    '<p class="box">': f"margin:0 0 16px 0; {FONT} background-color:#f2f4f7; padding:14px 16px; border-radius:4px;",
    '<p class="quiet">': f"margin:0 0 16px 0; {FONT} font-size:14px; line-height:21px; color:#5f6670;",
    '<p class="action">': f"margin:0 0 20px 0; {FONT}",
    "<h1>": f"margin:0 0 16px 0; {FONT} font-size:24px; line-height:31px; font-weight:bold;",
    "<h2>": f"margin:20px 0 8px 0; {FONT} font-size:17px; font-weight:bold;",
    "<ul>": "margin:0 0 16px 0; padding:0 0 0 22px;",
    "<ol>": "margin:0 0 16px 0; padding:0 0 0 22px;",
    "<li>": f"margin:0 0 6px 0; {FONT}",
    '<a class="button" ': "display:inline-block; background-color:{color}; color:{ink}; font-weight:bold; "
                          "text-decoration:none; padding:11px 22px; border-radius:4px;",
}  # fmt: skip


_Result = TypeVar("_Result")
_Values = Mapping[str, "str | tuple[str, ...]"]


class Letter(NamedTuple):
    subject: str
    text: str
    html: str


class Broken(NamedTuple):
    """A template of the owner's that is not used, and why."""

    path: str
    why: str


class _Wrong(ValueError):
    """Why a template cannot be used."""


def render(kind: str, fields: Mapping[str, object], config: Config) -> Letter:
    """Subject, text and HTML of a letter. Fields are texts, or sequences of texts, which become lists.

    An owner_… kind without a template of its own is the "owner" one. Never raises for what the owner wrote into a
    template: the shipped one is used then, and usher.log says so.
    """
    file = kind if kind in KINDS or _exists(kind, config) else "owner"
    values = _values(fields, config)
    subject, text = _made(f"{file}.txt", config, lambda source: _text(source, values))
    values |= {"subject": subject, "preview": _preview(text, subject)}
    html = _made(f"{file}.html", config, lambda source: _filled(source, values, _in_html))
    values["content"] = _styled(html, values)
    return Letter(subject, text, _made("layout.html", config, lambda source: _layout(source, values)))


def preview(kind: str, config: Config) -> Letter:
    """A letter with made-up fields. Raises KeyError for a kind that does not exist."""
    kind = PREVIEWS.get(kind, kind)
    if kind not in KINDS:
        raise KeyError(kind)
    return render(kind, SAMPLE, config)


def broken(config: Config) -> list[Broken]:
    """Every template in the owner's folder that is not used: broken, or of a name that no letter has."""
    folder, found = _folder(config), []
    names = {f"{kind}.{end}" for kind in KINDS for end in ("txt", "html")} | {"layout.html"}
    values = _values(SAMPLE, config) | {"content": "x", "preview": "x"}
    for file in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
        if file.startswith("."):
            continue
        if file not in names and not file.startswith("owner_"):
            found.append(Broken(os.path.join(folder, file), "no letter is called so"))
            continue
        try:
            source = _read(os.path.join(folder, file))
            if file.endswith(".txt"):
                _text(source, values)
            elif file == "layout.html":
                _layout(source, values)
            else:
                _filled(source, values, _in_html)
        except (OSError, _Wrong) as problem:
            found.append(Broken(os.path.join(folder, file), str(problem)))
    return found


def tell_broken(ledger: Ledger, config: Config, now: float) -> None:
    """Tell the owner of templates that are not used, once for each state of the file. Outside of a transaction."""
    from zlib import crc32

    from shared.jobs.tell import tell_owner

    for path, why in broken(config):
        try:
            state = f"{os.stat(path).st_mtime:.3f}:{crc32(why.encode('utf-8', 'replace')):x}"
        except OSError:
            continue  # gone meanwhile: nothing to tell of
        with ledger.writing():
            text = f"{path}: {why}. The shipped template is used instead."
            tell_owner(ledger, f"template:{os.path.basename(path)}:{state}", "Usher: a template is not used", text, now)


def _values(fields: Mapping[str, object], config: Config) -> dict[str, str | tuple[str, ...]]:
    """Every field there is, as plain text, what is not told empty."""
    mail = config.settings["mail"]
    found: dict[str, str | tuple[str, ...]] = dict.fromkeys(FIELDS, "")
    for name, value in fields.items():
        if name in MADE:
            found[name] = str(value)
        elif isinstance(value, (list, tuple)):
            found[name] = tuple(shorten(str(item), 400) for item in value)
        elif name in LONG:
            found[name] = "\n".join(shorten(line, 1000) for line in str(value or "").splitlines())
        else:
            found[name] = shorten(str(value if value is not None else ""), 60 if name in ("name", "server") else 300)
    color = str(mail.get("color") or COLOR)
    found |= {"brand": shorten(str(mail.get("brand") or ""), 60), "color": color, "ink": _ink(color)}
    found["logo_url"] = str(fields.get("logo_url", mail.get("logo_url")) or "")
    found["width"] = found["width"] or WIDTH
    found["reply"] = bare_address(next(iter(mail.get("admin") or ()), ""))
    found["server"] = found["server"] or found["brand"] or "our Plex server"
    found["why"] = found["why"] or _why(found)
    return found


def _why(values: _Values) -> str:
    """The reason of a warning or a removal, kindly."""
    if values["cause"] == "guest":
        return "your time as a guest is over, as it was meant from the beginning."
    if values["last_seen"]:
        days = f", {values['days']} days ago" if values["days"] else ""
        return f"you have not watched anything since {values['last_seen']}{days}."
    if values["days"]:
        return f"you have not watched anything yet, and have had access for {values['days']} days."
    return "you have not watched anything for a long time."


def _made(file: str, config: Config, make: Callable[[str], _Result]) -> _Result:
    """What becomes of the owner's file, or of the shipped one where that is missing or broken."""
    own = os.path.join(_folder(config), file)
    if os.path.exists(own):
        try:
            return make(_read(own))
        except (OSError, _Wrong) as problem:
            text = f"{own}: {problem}; the shipped template is used instead"
            log.log(str(config.get("usher", "data_dir") or ""), "warning", text)
    return make(_read(os.path.join(SHIPPED, file)))


def _text(source: str, values: _Values) -> tuple[str, str]:
    first, _, rest = source.lstrip("\n").partition("\n")
    head, colon, subject = first.partition(":")
    if not colon or head.strip().lower() != "subject" or not subject.strip():
        raise _Wrong("its first line is not Subject: and a subject")
    return shorten(_filled(subject.strip(), values, _in_text), 150), _filled(rest, values, _in_text).strip() + "\n"


def _layout(source: str, values: _Values) -> str:
    if "{content}" not in source:
        raise _Wrong("it has no {content}")
    return _filled(source, values, lambda name, value: str(value) if name == "content" else _in_html(name, value))


def _filled(source: str, values: _Values, shown: Callable[..., str]) -> str:
    """The source with its fields filled, and without the blocks in which one is empty."""
    import re

    field = re.compile(r"\{([a-z_]+)\}")
    unknown = sorted({name for name in field.findall(source) if name not in values})
    if unknown:
        near = ", ".join(f"{{{name}}}" for name in FIELDS)
        raise _Wrong(f"there is no field {{{shorten(unknown[0], 40)}}}; there are {near}")
    # The blocks go first: what a name holds is never looked at for fields or blank lines
    kept = [block for block in re.split(r"\n[ \t]*\n", source) if all(values[name] for name in field.findall(block))]
    return field.sub(lambda match: shown(match[1], values[match[1]]), "\n\n".join(kept))


def _in_text(name: str, value: str | tuple[str, ...]) -> str:
    return value if isinstance(value, str) else "\n".join(f"- {item}" for item in value)


def _in_html(name: str, value: str | tuple[str, ...]) -> str:
    from html import escape

    if name == "rules":
        items = value.splitlines() if isinstance(value, str) else value
        return "".join(f"<li>{escape(item)}</li>" for item in items)
    if name == "charts":
        return str(value)
    return escape(_in_text(name, value)).replace("\n", "<br>\n")


def _styled(html: str, values: _Values) -> str:
    for tag, style in STYLES.items():
        style = style.replace("{color}", str(values["color"])).replace("{ink}", str(values["ink"]))
        html = html.replace(tag, f'{tag.rstrip("> ")} style="{style}"{">" if tag.endswith(">") else " "}')
    return html


def _preview(text: str, subject: str) -> str:
    """The first sentence or two, which mail programs show behind the subject."""
    blocks = [" ".join(block.split()) for block in text.split("\n\n")]
    return shorten(next((b for b in blocks if not b.startswith("Hello")), subject), 140)


def _ink(color: str) -> str:
    """Black or white, whichever reads better on the color."""
    parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    light = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "#000000" if light > 0.18 else "#ffffff"


def _read(path: str) -> str:
    with open(path, "rb") as file:
        content = file.read(BIGGEST + 1)
    if len(content) > BIGGEST:
        raise _Wrong(f"it is larger than {BIGGEST} bytes")
    try:
        return content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError:
        raise _Wrong("it is not saved as UTF-8") from None


def _exists(kind: str, config: Config) -> bool:
    return all(os.path.exists(os.path.join(_folder(config), f"{kind}.{end}")) for end in ("txt", "html"))


def _folder(config: Config) -> str:
    return os.path.join(str(config.get("usher", "data_dir") or ""), "templates")
