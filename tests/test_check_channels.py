"""install.py check: the mail server and Discord, whole and broken. Nothing is sent by it."""
import pytest

from tests.sandbox.world import World
from tests.test_check import faults, installed, look, one

LIMITS = "[usher]\ndry_run = no\n[everyone]\ndaily = 1h\n"
USER, PASSWORD = "plex", "correct horse battery"


@pytest.fixture(scope="module")
def usher(host):
    with World(host=host) as world:
        world.post = world.smtp("starttls", auth=(USER, PASSWORD))
        world.webhook = world.discord.new_webhook()
        yield installed(world, LIMITS)


def rules(world, password=PASSWORD, webhook=None):
    return (f"{LIMITS}[mail]\nhost = 127.0.0.1\nport = {world.post.port}\nusername = {USER}\npassword = {password}\n"
            f"from = Usher <usher@example.com>\n[discord]\nwebhook = {webhook or world.webhook}\n")


def test_both_are_said_to_be_well(usher):
    usher.configure(rules(usher.world))
    status, lines = look(usher)
    assert (status, faults(lines)) == (0, []), lines
    assert any("the mail server 127.0.0.1 takes mail" in line for line in lines)
    assert "ok: the Discord webhook is there" in lines
    assert not usher.world.post.mails and not usher.world.discord.posts


def test_a_login_that_is_refused(usher):
    usher.configure(rules(usher.world, password="wrong and secret"))
    line = one(usher, "error", "mail cannot be sent", "[mail]")
    assert "wrong and secret" not in line and PASSWORD not in line


def test_a_webhook_that_is_gone(usher):
    gone = usher.world.discord.new_webhook()
    usher.world.discord.forget(gone)
    usher.configure(rules(usher.world, webhook=gone))
    line = one(usher, "error", "Discord cannot be written to", "404", "[discord] webhook")
    assert gone not in line and gone.rpartition("/")[2] not in line
