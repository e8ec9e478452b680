"""install.py buttons: links and a page that hold Tautulli's key, and what they say to limit_streams.py."""
import html
import json
import os
import re
import shlex
from urllib.parse import parse_qs, urlsplit

import pytest

from shared.errors import UsherError
from shared.jobs.buttons import WARNING, address, buttons, page
from shared.jobs.give import COMMANDS
from shared.jobs.typed import split
from tests.sandbox.world import World

HOSTILE = 'o\'neil "><b>@everyone $(id) & {x} 😀'
RULES = f"[person:emma]\nusers = emma\n[person:{HOSTILE}]\nusers = other\n[group:kids]\nmembers = emma\n"


@pytest.fixture(scope="module")
def usher():
    with World() as world:
        yield world.install_usher(RULES)


def run(usher, *words, **env):
    done = usher.run("buttons", *words, script="install.py", env=env)
    assert "Traceback" not in done.stdout + done.stderr
    return done


def test_a_link_for_each_act_and_person_with_a_warning(usher):
    done = run(usher, TAUTULLI_PUBLIC_URL="https://tautulli.example.com/t/")
    assert done.returncode == 0 and not done.stderr and WARNING in done.stdout
    links = re.findall(r"^(.+?) +(https://tautulli\.example\.com/t/api/v2\?\S+)$", done.stdout, re.MULTILINE)
    labels = [label.strip() for label, _ in links]
    assert labels[:5] == ["emma +15 min", "emma -15 min", "emma until 23:00", "lock emma", "unlock emma"]
    assert labels[-2:] == ["everything off until tomorrow", "limits on again"] and len(links) == 12
    for label, link in links:
        asked = parse_qs(urlsplit(link).query)
        assert asked["apikey"] == [usher.world.tautulli.api_key] and asked["notifier_id"] == [str(usher.limit_streams)]
        assert asked["subject"] == [f"Usher: {label}"] and split(asked["script_args"])[0] in COMMANDS


def test_the_words_arrive_as_they_are_meant(usher):
    for button in buttons([HOSTILE], "k" * 32, 7)[:5]:
        assert HOSTILE in shlex.split(button.command)
        assert parse_qs(urlsplit(button.link("http://a:1")).query)["script_args"] == [button.command]


def test_for_one(usher):
    rows = json.loads(run(usher, "--for", "Emma", "--json", "--url", "http://10.0.0.5:8181/").stdout)
    assert [row["command"] for row in rows] == ["bonus emma 15m", "bonus emma -15m", "allow emma until 23:00",
                                                "lock emma", "unlock emma", "off until tomorrow", "on"]  # fmt: skip
    assert all(row["url"].startswith("http://10.0.0.5:8181/api/v2?apikey=") for row in rows)
    assert json.loads(run(usher, "--for", "kids", "--json").stdout)[0]["command"] == "bonus kids 15m"
    done = run(usher, "--for", "emm")
    assert (done.returncode, done.stderr) == (
        1, "install.py: --for emm: no person and no group of config.ini; did you mean emma?\n")  # fmt: skip


def test_a_phone_does_not_reach_this_machine_by_loopback(usher):
    assert "give --url with the address by which a phone reaches Tautulli" in run(usher).stdout
    assert "give --url" not in run(usher, "--url", "http://10.0.0.5:8181").stdout


@pytest.mark.skipif(os.name == "nt", reason="modes of POSIX")
def test_the_page_is_for_its_owner_alone_and_holds_no_address_with_a_key(usher, tmp_path):
    path = tmp_path / "page.html"
    path.write_text("old")
    path.chmod(0o644)
    done = run(usher, "--html", str(path), "--url", "http://10.0.0.5:8181")
    text = path.read_text()
    assert done.returncode == 0 and path.stat().st_mode & 0o777 == 0o600
    assert usher.world.tautulli.api_key not in done.stdout and usher.world.tautulli.api_key in text
    assert "?apikey" not in text and "<script" not in text and "<b>" not in text
    assert text.count('<form method="post" action="http://10.0.0.5:8181/api/v2" target="answer">') == 12
    assert html.escape(f"lock {HOSTILE}") in text
    assert run(usher, "--html", str(tmp_path / "absent" / "page.html")).stderr.startswith("install.py: ")


def test_what_stands_in_the_page_is_what_a_link_asks():
    made = buttons(["emma", HOSTILE], "k" * 32, 7)
    shown = re.findall(r'name="(\w+)" value="([^"]*)"', page(made, "http://a:1"))
    assert [(k, html.unescape(v)) for k, v in shown] == [pair for button in made for pair in button.form.items()]


@pytest.mark.parametrize(("wanted", "public", "found", "base"), [
    ("", "/", "http://127.0.0.1:8181/t", "http://127.0.0.1:8181/t"), ("", "", "http://h:1", "http://h:1"),
    ("", "https://x.example/t/", "http://h:1", "https://x.example/t"), ("http://p:2/", "https://x", "", "http://p:2"),
])  # fmt: skip
def test_the_address(wanted, public, found, base):
    assert address(wanted, found, {"TAUTULLI_PUBLIC_URL": public}) == base


@pytest.mark.parametrize("wanted", ["10.0.0.5:8181", "ftp://x", "javascript:alert(1)", "http://", "x"])
def test_an_address_that_is_none(wanted):
    with pytest.raises(UsherError, match="is no address"):
        address(wanted, "http://h:1", {})


def test_without_its_agent_there_are_no_buttons():
    with World() as world:
        done = run(world.install_usher("", register=False))
        assert (done.returncode, done.stderr) == (
            1, "install.py: limit_streams.py is not registered in Tautulli: run install.py\n")  # fmt: skip
