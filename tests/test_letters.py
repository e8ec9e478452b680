"""Letters: what stands in them, that a name harms nothing, and that no template of the owner's can break one."""

import html
import re
from html.parser import HTMLParser

import pytest

from shared.config import load
from shared.jobs import letters
from shared.ledger import Ledger

EVIL = '"><script>@everyone\r\nBcc: x'
VOID = {"meta", "img", "br"}


@pytest.fixture
def house(tmp_path):
    """house(ini) loads a configuration; house.templates is the owner's folder."""

    def configured(text="[mail]\nadmin = Boss <boss@example.com>\nbrand = Our Cinema\n"):
        path = tmp_path / "config.ini"
        path.write_text(text, encoding="utf-8")
        config = load(str(path), {})
        assert config.problems == ()
        return config

    configured.templates = tmp_path / "data" / "templates"
    configured.data = tmp_path / "data"
    return configured


def own(house, name, text):
    house.templates.mkdir(parents=True, exist_ok=True)
    (house.templates / name).write_bytes(text if isinstance(text, bytes) else text.encode())


class Page(HTMLParser):
    """Tags, attributes and text of a page; raises where an element is not closed."""

    def __init__(self, source):
        super().__init__()
        self.stack, self.tags, self.links, self.words = [], [], [], []
        self.feed(source)
        assert not self.stack, f"not closed: {self.stack}"

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.links += [value for name, value in attrs if name in ("href", "src", "background")]
        assert not any(name.startswith("on") for name, _ in attrs)
        if tag not in VOID:
            self.stack.append(tag)

    def handle_endtag(self, tag):
        assert self.stack and self.stack.pop() == tag, tag

    def handle_data(self, data):
        self.words.append(data)


def words(page):
    return " ".join(" ".join(page.words).split())


@pytest.mark.parametrize("kind", letters.KINDS)
def test_every_letter_is_whole(house, kind):
    letter = letters.preview(kind, house())
    assert letter.subject and "\n" not in letter.subject and not re.search(r"\{[a-z_]+\}", "".join(letter))
    page = Page(letter.html)
    assert page.links in ([], ["https://app.plex.tv"])  # nothing is fetched from anywhere
    assert "color-scheme" in letter.html and "prefers-color-scheme: dark" in letter.html
    assert max(map(len, letter.text.splitlines())) < 100 and letter.text.endswith("\n")
    if kind == "digest":
        assert "Four people watched" in letter.text and "Four people watched" in words(page)
    elif kind != "owner":
        assert letter.text.startswith("Hello Lisa,\n\n") and "boss@example.com" in letter.text
        assert "Our Cinema" in letter.text and "Our Cinema" in words(page)
    body = letter.html.partition("<body")[2]
    for tag in ("p", "h1", "h2", "li", "ul", "ol"):
        assert not re.search(rf"<{tag}(?![^>]*style=)[ >]", body), f"<{tag}> has no style of its own"


def test_the_two_parts_of_a_letter_say_the_same(house):
    for kind in letters.KINDS:
        letter = letters.preview(kind, house())
        shown, text = words(Page(letter.html)), " ".join(letter.text.split())
        for name in ("remove_on", "days", "server", "rules"):
            value = letters.SAMPLE[name]
            for part in [value] if isinstance(value, str) else value:
                assert (part in text) == (part in shown), (kind, part)


def test_the_warning_tells_when_why_what_resets_it_and_what_plex_may_do(house):
    text = " ".join(letters.preview("warning", house()).text.split())
    assert "will end on 23 November 2026" in text
    assert "you have not watched anything since 24 October 2026, 27 days ago" in text
    assert "watch something before that day: anything" in text.lower()
    assert "Plex itself may ask for a Plex Pass or a remote watch pass" in text
    assert "looks here as if they did not watch at all" in text


@pytest.mark.parametrize(("fields", "why"), [
    ({"last_seen": "1 May 2026", "days": "27"}, "anything since 1 May 2026, 27 days ago."),
    ({"last_seen": "1 May 2026"}, "anything since 1 May 2026."),
    ({"days": "27"}, "you have not watched anything yet, and have had access for 27 days."),
    ({}, "for a long time."), ({"cause": "guest", "last_seen": "1 May 2026"}, "your time as a guest is over"),
])  # fmt: skip
def test_why(house, fields, why):
    assert why in letters.render("removed", {"name": "x", **fields}, house()).text


@pytest.mark.parametrize("kind", [*letters.KINDS, "owner_new_user"])
def test_a_hostile_name_harms_nothing(house, kind):
    fields = {name: EVIL for name in letters.FIELDS if name not in ("color", "ink", *letters.MADE)}
    letter = letters.render(kind, {**fields, "rules": (EVIL, EVIL)}, house())
    assert letter.subject.isprintable() and "\r" not in letter.text
    page = Page(letter.html)
    assert "script" not in page.tags and "<script" not in letter.html
    if kind not in ("owner_new_user", "owner", "digest", "own_digest"):  # these hold texts of several lines
        assert not any(line.startswith("Bcc") for line in letter.text.splitlines())


def test_a_name_is_no_template(house):
    letter = letters.render("welcome", {"name": "{reply} {nosuch}", "server": "{color}\n\n{logo_url}"}, house())
    assert "{reply} {nosuch}" in letter.text and html.escape("{color} {logo_url}") in letter.html


def test_without_rules_without_admin_without_anything(house):
    bare = house("[usher]\ndry_run = yes\n")
    letter = letters.render("welcome", {}, bare)
    assert letter.subject == "Welcome to our Plex server"
    for said in (letter.text, words(Page(letter.html))):
        assert "house rules" not in said and "Answer this mail" not in said and "Hello" not in said
    full = letters.render("welcome", {"name": "Bob", "rules": ("One.", "Two.")}, house())
    assert "- One.\n- Two.\n" in full.text and full.html.count("<li style") == 5
    assert letters.render("welcome", {"rules": "One.\nTwo."}, house()).html.count("<li style") == 5


def test_the_owners_colors_and_picture(house):
    ini = "[mail]\ncolor = #102030\nlogo_url = https://example.com/a.png?x=1&y=\"\nbrand = A & B\n"
    letter = letters.preview("welcome", house(ini))
    page = Page(letter.html)
    assert 'https://example.com/a.png?x=1&y="' in page.links and "A & B" in words(page)
    assert "solid #102030" in letter.html and "color:#ffffff; font-weight:bold" in letter.html
    assert "color:#000000; font-weight:bold" in letters.preview("welcome", house("[mail]\ncolor = #ffee00\n")).html


@pytest.mark.parametrize("color", ["#000000", "#ffffff", "#e5a00d", "#ff0000", "#808080", "#0000ff", "#00ff00"])
def test_a_button_can_be_read_on_any_color(color):
    def light(c):
        parts = [int(c[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        r, g, b = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
        return 0.2126 * r + 0.7152 * g + 0.0722 * b

    low, high = sorted((light(color), light(letters._ink(color))))
    assert (high + 0.05) / (low + 0.05) > 4.3


def test_unknown_kinds(house):
    with pytest.raises(KeyError):
        letters.preview("nosuch", house())
    assert letters.preview("warning", house()) == letters.preview("warned", house())
    letter = letters.render("owner_anything", {"subject": "S", "message": "one\ntwo"}, house())
    assert letter.subject == "S" and letter.text.startswith("one\ntwo\n") and "one<br>\ntwo" in letter.html


# ---- templates of the owner's ----


def test_a_template_of_the_owners_comes_first(house):
    own(house, "welcome.txt", "\ufeffSubject: Ciao {name}\r\n\r\nBenvenuto, {name}!\r\n\r\n{rules}\r\n")
    own(house, "welcome.html", "<p>Benvenuto, {name}! {x: y} {}</p>")
    own(house, "layout.html", "<html><body><b>{brand}</b>{content}</body></html>")
    config = house()
    letter = letters.render("welcome", {"name": "Lisa & Co"}, config)
    assert letter.subject == "Ciao Lisa & Co" and letter.text == "Benvenuto, Lisa & Co!\n"
    assert letter.html.startswith("<html><body><b>Our Cinema</b><p style=")
    assert "Benvenuto, Lisa &amp; Co! {x: y} {}</p>" in letter.html
    assert letters.broken(config) == []


def test_an_owner_kind_may_have_its_own(house):
    own(house, "owner_joined.txt", "Subject: New: {name}\n\n{message}")
    own(house, "owner_joined.html", "<p>{message}</p>")
    assert letters.render("owner_joined", {"name": "bob", "message": "m"}, house()).subject == "New: bob"
    assert letters.broken(house()) == []


BROKEN = {
    "welcome.txt": ["", "Hello", "Subject:\n\nx", "Subject: {nosuch}\n\nx", "Subject: x\n\n{nosuch}", b"\xff\xfeS\0",
                    "Subject: x\n\n" + "x" * 300_000],
    "welcome.html": ["{nosuch}", b"\xff", "x" * 300_000],
    "layout.html": ["<html></html>", "{content} {nosuch}", b"\xff{content}"],
}  # fmt: skip


@pytest.mark.parametrize(("name", "text"), [(n, t) for n, texts in BROKEN.items() for t in texts],
                         ids=lambda value: repr(value)[:30])
def test_a_broken_template_is_not_used_and_is_said(house, name, text):
    config = house()
    shipped = letters.preview("welcome", config)
    own(house, name, text)
    assert letters.preview("welcome", config) == shipped
    [problem] = letters.broken(config)
    assert problem.path.endswith(name) and problem.why and "\n" not in problem.why
    assert "the shipped template is used instead" in (house.data / "usher.log").read_text("utf-8")


def test_a_folder_in_the_place_of_a_template(house):
    config = house()
    (house.templates / "welcome.txt").mkdir(parents=True)
    assert letters.preview("welcome", config).subject == "Welcome to Our Plex"
    assert len(letters.broken(config)) == 1


def test_a_file_that_no_letter_is_called(house):
    own(house, "welcom.txt", "Subject: x\n\ny")
    own(house, ".hidden", "x")
    assert [b.why for b in letters.broken(house())] == ["no letter is called so"]


def test_the_owner_is_told_once_for_each_state_of_the_file(house):
    config = house()
    ledger = Ledger(str(house.data))

    def told():
        letters.tell_broken(ledger, config, 1.0)
        return ledger.db.execute("SELECT COUNT(*) FROM outbox WHERE kind = 'owner'").fetchone()[0]

    assert told() == 0
    own(house, "welcome.txt", "Hello")
    assert told() == told() == 1
    own(house, "welcome.txt", "Subject: {nosuch}")
    assert told() == told() == 2
    own(house, "welcome.txt", "Subject: fine\n\nx")
    assert told() == 2
    ledger.close()


def test_every_shipped_template_is_a_letter():
    import os

    shipped = {f"{kind}.{end}" for kind in letters.KINDS for end in ("txt", "html")} | {"layout.html"}
    found = {name for name in os.listdir(letters.SHIPPED) if not name.startswith("viewer.")}  # those are no letters
    assert found == shipped
