"""Discord: what is posted, that nothing in it pings or formats, and what each failure means."""

import pytest

from shared import log
from shared.discord import Discord
from shared.errors import Refused, Unreachable, UsherError
from tests.sandbox.world import World

EVIL = '"><script>@everyone\r\nBcc: x'


@pytest.fixture
def here(monkeypatch):
    with World(boot=False) as world:
        for name, value in world.env.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr("shared.cloud.WAIT", 1.0)
        yield world


@pytest.mark.parametrize("public", [False, True])
def test_a_message(here, public):
    discord = Discord(here.discord.new_webhook(public=public))
    discord.post("Usher: bob has joined", "A letter is on its way.\nAll is well", 0xE5A00D, [("user", "bob")])
    discord.close()
    [post] = here.discord.posts
    assert post.json["allowed_mentions"] == {"parse": []} and "content" not in post.json
    [embed] = post.json["embeds"]
    assert embed == {"title": "Usher\\: bob has joined", "description": "A letter is on its way.\nAll is well",
                     "color": 0xE5A00D, "fields": [{"name": "user", "value": "bob", "inline": True}]}  # fmt: skip
    assert len(here.proxy.tunnels) == public


@pytest.mark.parametrize("text", [EVIL, "@here <@123> <@&4> <#5> <:x:6>", "[click](https://evil.example)", "**b** `c`",
                                  "||s|| ~~t~~ _u_\n# big\n> quote\n- item", "\\@everyone",
                                  "\u202e\ud800\x00 @everyone"])
def test_nothing_in_a_name_is_obeyed(here, text):
    discord = Discord(here.discord.new_webhook())
    discord.post(text, text, fields=[(text, text)])
    [embed] = here.discord.posts[0].json["embeds"]
    for shown in (embed["title"], embed["description"], embed["fields"][0]["name"], embed["fields"][0]["value"]):
        assert "@everyone" not in shown and "@here" not in shown and "\r" not in shown and "\x00" not in shown
        bare = shown.replace("\\\\", "")
        assert not any(c in bare.replace(f"\\{c}", "") for c in "<>[]()*_`|~#:-"), shown


def test_long_texts_are_cut_to_what_discord_takes(here):
    discord = Discord(here.discord.new_webhook())
    for c in ("x", "*", "@", "🎬"):
        discord.post(c * 500, c * 9000, fields=[(c * 500, c * 5000)] * 40)
        discord.post("", "", fields=[("", "")])
    assert len(here.discord.posts) == 8  # the fake refuses what Discord refuses


@pytest.mark.parametrize(("status", "kind"), [(400, Refused), (401, Refused), (403, Refused), (404, Refused),
                                              (500, Unreachable), (502, Unreachable), ("hang", Unreachable),
                                              ("reset", Unreachable), (302, Refused)])
def test_failures(here, status, kind):
    discord = Discord(here.discord.new_webhook())
    here.discord.fail("/api/webhooks/*", status, headers={"Location": "https://evil.example/"})
    with pytest.raises(kind) as caught:
        discord.post("t", "x")
    if status in (401, 403, 404):
        assert "[discord] webhook" in str(caught.value)


def test_a_pause_that_discord_asks_for(here):
    discord = Discord(here.discord.new_webhook())
    here.discord.rate_limit(retry_after=17.2)
    with pytest.raises(Unreachable) as caught:
        discord.post("t", "x")
    assert caught.value.retry_after == 18
    discord.post("t", "x")
    assert len(here.discord.posts) == 1


def test_a_deleted_webhook(here):
    url = here.discord.new_webhook()
    here.discord.forget(url)
    with pytest.raises(Refused, match=r"does not know this webhook \(404\)"):
        Discord(url).post("t", "x")


def test_no_error_tells_the_webhook(here):
    url = here.discord.new_webhook()
    secret, discord = url.rpartition("/")[2], Discord(url)
    for mode in (302, 400, 404, 429, 500, "reset", "hang"):
        here.discord.fail("/api/webhooks/*", mode, body=secret)
        with pytest.raises(UsherError) as caught:
            discord.post("t", "x")
        assert secret not in f"{caught.value}" and "http" not in f"{caught.value}"
        here.discord.heal()
    assert secret not in log.mask(f"POST {url} {secret}")


def test_without_a_webhook():
    with pytest.raises(UsherError, match=r"\[discord\] webhook is empty"):
        Discord("")
    with pytest.raises(UsherError, match=r"see \[discord\] webhook"):
        Discord("http://").post("t", "x")
