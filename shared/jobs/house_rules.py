"""The house rules as plain sentences, for each group and person: for a terminal, a program, or as a page to pin up."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import NamedTuple

from shared.jobs.looking import Look, as_json, look, masked
from shared.jobs.whom import whom
from shared.policy import people, rules_text
from shared.policy.days_text import capital, listed
from shared.policy.people import House, Who
from shared.policy.words import shorten

TITLE = "House rules"
NOBODY = "Nothing is limited here."
STYLE = """\
  @page { margin: 18mm; }
  body { font: 17px/1.5 Georgia, "Times New Roman", serif; color: #22252a; max-width: 40em; margin: 3em auto; padding: 0 1.5em; }
  h1 { font-size: 2.1em; margin: 0 0 1em; border-bottom: 4px solid COLOR; padding-bottom: .3em; }
  section { break-inside: avoid; margin: 0 0 2em; }
  h2 { font-size: 1.35em; margin: 0; }
  p { margin: .1em 0 0; color: #646a73; font-style: italic; }
  ul { margin: .5em 0 0; padding-left: 1.3em; }
  li { margin: .3em 0; }
  li::marker { color: COLOR; }"""  # noqa: E501 - a line of CSS


class Section(NamedTuple):
    """Whose rules they are, who that is besides, and the rules; `who` is "" where the name says it."""

    name: str
    who: str
    sentences: tuple[str, ...]


def answer(words_of_owner: list[str], json: bool, html: bool) -> str:
    """The rules of `USER`, or of everybody. Raises UsherError if nobody is meant."""
    with look() as at:
        found = [_of_one(at, whom(at.house, words_of_owner[0]))] if words_of_owner else sections(at)
        brand, color = (str(at.config.get("mail", key) or "") for key in ("brand", "color"))
    title = f"{TITLE} of {shorten(brand, 60)}" if brand else TITLE
    if json:
        return as_json({"title": title, "sections": [section._asdict() for section in found]})
    title, found = masked(title), [Section(*masked(section)) for section in found]
    return page(title, found, color) if html else "\n\n".join([title, *map(_text, found)])


def sections(at: Look) -> list[Section]:
    """Groups and persons that other rules hold for than for the rest, then the rest, then who is exempt."""
    house = at.house
    groups = {name: rules_text.of_group(house, name, at.calendar) for name in house.settings["group"]}
    rest = rules_text.of_group(house, "", at.calendar)
    persons = [people.person(house, name) for name in house.settings["person"]]
    own = {who.key: rules_text.of_who(house, who, at.calendar) for who in persons}
    alone = {who.key for who in persons if own[who.key] != (groups[who.group] if who.group else rest)}
    free = [who for who in persons if who.exempt and not own[who.key]]
    found = [
        Section(_name(name), _members(house, name, alone), said or (NOBODY,))
        for name, said in groups.items() if _members(house, name, alone)
    ]  # fmt: skip
    found += [
        Section(_name(who.name), "", own[who.key] or (NOBODY,))
        for who in persons if who.key in alone and who not in free
    ]  # fmt: skip
    found.append(Section("Everyone else" if found else "Everyone", "", rest or (NOBODY,)))
    if free:
        found.append(Section("Free", "", (f"No rule holds for {listed(_name(who.name) for who in free)}.",)))
    return found


def page(title: str, found: Iterable[Section], color: str) -> str:
    """A page of its own, to be printed: nothing in it is fetched from anywhere, and nothing runs."""
    parts = []
    for section in found:
        items = "\n".join(f"    <li>{escape(sentence)}</li>" for sentence in section.sentences)
        who = f"\n  <p>{escape(section.who)}</p>" if section.who else ""
        parts.append(f"<section>\n  <h2>{escape(section.name)}</h2>{who}\n  <ul>\n{items}\n  </ul>\n</section>")
    style = STYLE.replace("COLOR", color if color[1:].isalnum() and color[:1] == "#" else "#e5a00d")
    return "\n".join([
        "<!doctype html>", '<html lang="en">', "<head>", '<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width">', f"<title>{escape(title)}</title>",
        f"<style>\n{style}\n</style>", "</head>", "<body>", f"<h1>{escape(title)}</h1>", *parts, "</body>", "</html>",
    ])  # fmt: skip


def _of_one(at: Look, who: Who) -> Section:
    said = rules_text.of_who(at.house, who, at.calendar)
    free = f"No limit holds for {_name(who.name)}." if who.exempt else NOBODY
    return Section(_name(who.name), "", said or (free,))


def _text(section: Section) -> str:
    head = section.name + (f" ({section.who})" if section.who else "")
    return "\n".join([head, *(f"  - {sentence}" for sentence in section.sentences)])


def _members(house: House, group: str, alone: set[str]) -> str:
    """`Emma and Max`: those members that have no section of their own."""
    persons = house.settings["person"]
    users = {name.casefold(): key for key, person in persons.items() for name in person.get("users", ())}
    written = [name.casefold() for name in house.settings["group"][group].get("members", ())]
    named = [users.get(name, name) for name in written]
    return listed(dict.fromkeys(rules_text.people_called(name) for name in named if name not in alone))


def _name(name: str) -> str:
    return capital(shorten(name, 40))
