"""install.py at a terminal: what it asks, that each answer is tried at once, and that secrets are not shown."""
import os
import select
import subprocess
import time

import pytest

from tests.installing import Clone, clear, setup_of
from tests.sandbox.world import World

pty = pytest.importorskip("pty")


@pytest.fixture(scope="module")
def house(host):
    with World(host=host) as world:
        yield world


@pytest.fixture
def clone(house, tmp_path):
    yield Clone(house, tmp_path)
    clear(house)


class Terminal:
    """install.py with a terminal of its own; `said` is all that stood on it."""

    def __init__(self, clone, *args, told=True, **env):
        self.master, slave = pty.openpty()
        self.process = subprocess.Popen(clone.command(*args, told=told), stdin=slave, stdout=slave, stderr=slave,
                                        env=clone.environment(TERM="dumb", **env), start_new_session=True)
        os.close(slave)
        self.said = ""

    def read(self, seconds):
        if select.select([self.master], [], [], seconds)[0]:
            try:
                self.said += os.read(self.master, 65536).decode("utf-8", "replace").replace("\r\n", "\n")
                return True
            except OSError:  # the other end is gone
                return False
        return True

    def wait(self, words, seconds=20):
        """Until these words have come since the last answer."""
        until = time.time() + seconds
        while words not in self.said[self.answered:]:
            assert time.time() < until, f"{words!r} did not come: {self.said}"
            if not self.read(0.5):
                raise AssertionError(f"{words!r} did not come: {self.said}")

    answered = 0

    def answer(self, question, text):
        self.wait(question)
        self.answered = len(self.said)
        os.write(self.master, text.encode() + b"\n")

    def end(self):
        while self.process.poll() is None and self.read(0.2):
            pass
        self.process.wait(20)
        while select.select([self.master], [], [], 0)[0] and self.read(0):
            pass
        os.close(self.master)
        assert "Traceback" not in self.said, self.said
        return self.process.returncode


def test_all_is_found_and_right(house, clone):
    t = Terminal(clone, TZ="Europe/Zurich")
    t.answer("Set Usher up there? [Y/n]", "")
    t.answer("Is that right? [Y/n]", "y")
    assert t.end() == 0
    assert "It is " in t.said and "(UTC+0" in t.said and "by the time zone of this machine" in t.said
    assert len(setup_of(house)["notifier"]) == 2
    assert clone.config.read_text() == (clone.root / "config.ini.example").read_text()


def test_no_means_no(house, clone):
    t = Terminal(clone)
    t.answer("Set Usher up there?", "n")
    assert t.end() == 1 and "nothing was changed" in t.said
    assert not clone.config.exists() and not setup_of(house)["notifier"]


def test_the_time_zone_is_written_down(house, clone):
    t = Terminal(clone, TZ="UTC")
    t.answer("Set Usher up there?", "yes")
    t.answer("Is that right?", "n")
    t.answer("Your time zone", "Europe/Zuerich")
    t.wait("Europe/Zurich")  # the nearest that there is
    t.answer("Your time zone", "")
    t.answer("Your time zone", "Asia/Kolkata")
    assert t.end() == 0
    assert "timezone = Asia/Kolkata\n" in clone.config.read_text()
    assert clone.config.stat().st_mode & 0o777 == 0o600
    assert "There it is " in t.said and "wrote     [usher] timezone into" in t.said
    assert clone.config.read_text().replace("timezone = Asia/Kolkata", "timezone =") == (
        clone.root / "config.ini.example").read_text()


def test_address_and_key_are_asked_for_and_tried(house, clone):
    key = house.tautulli.api_key
    t = Terminal(clone, told=False)
    t.wait("No Tautulli was found here")
    t.answer("Address of Tautulli", "http://127.0.0.1:9")
    t.wait("is not there")
    t.answer("Address of Tautulli", house.plex.url)
    t.wait("refused the request")  # that is a Plex
    t.answer("Address of Tautulli", house.tautulli.url)
    t.answer("Its API key", "w" * 32)
    t.wait("does not accept the API key")
    t.answer("Its API key", key)
    t.answer("Set Usher up there?", "y")
    t.answer("Is that right?", "y")
    assert t.end() == 0
    assert key not in t.said and "w" * 32 not in t.said
    assert f"url = {house.tautulli.url}\n" in clone.config.read_text()
    assert f"apikey = {key}\n" in clone.config.read_text()
    assert "unchanged" in clone.good(told=False)  # next time it is found there


def test_it_gives_up_in_the_end(clone):
    t = Terminal(clone, told=False)
    for _ in range(5):
        t.answer("Address of Tautulli", "")
    assert t.end() == 1 and "too many wrong answers" in t.said and not clone.config.exists()


def test_end_of_input(clone):
    t = Terminal(clone, told=False)
    t.answer("Address of Tautulli", "\x04")
    assert t.end() == 1 and "stopped" in t.said


@pytest.mark.parametrize("words", [["--yes"], ["--json"], ["--dry-run"]])
def test_words_with_which_nothing_is_asked(clone, words):
    t = Terminal(clone, *words)
    assert t.end() == 0 and "?" not in t.said


def test_uninstall_asks_with_no_as_the_default(house, clone):
    clone.good("--yes")
    t = Terminal(clone, "uninstall", "--purge")
    t.answer("with rules and ledger? [y/N]", "")
    assert t.end() == 1 and len(setup_of(house)["notifier"]) == 2 and clone.config.exists()
    t = Terminal(clone, "uninstall", "--purge")
    t.answer("[y/N]", "y")
    assert t.end() == 0 and not setup_of(house)["notifier"] and not clone.config.exists()
