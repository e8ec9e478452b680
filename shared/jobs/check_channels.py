"""Checks of the ways to the owner and the users: the mail server and Discord. Nothing is sent."""

from __future__ import annotations

from collections.abc import Iterator

from shared.errors import UsherError
from shared.jobs.findings import Facts, Finding, error, ok


def mail(facts: Facts) -> Iterator[Finding]:
    """Connect, TLS and login, as for a mail; nothing to say where [mail] is empty."""
    settings = facts.config.settings["mail"]
    if not settings.get("host"):
        return
    try:
        facts.gateway.mail.check()
    except UsherError as problem:
        yield error(f"mail cannot be sent: {problem}", "mend [mail] in config.ini, or empty its host")
        return
    yield ok(f"the mail server {settings['host']} takes mail from here")


def discord(facts: Facts) -> Iterator[Finding]:
    """Whether the webhook is there; nothing to say where it is empty."""
    if not facts.config.get("discord", "webhook"):
        return
    try:
        facts.gateway.discord.check()
    except UsherError as problem:
        yield error(f"Discord cannot be written to: {problem}",
                    "copy [discord] webhook anew from Discord's channel settings, Integrations, Webhooks")  # fmt: skip
        return
    yield ok("the Discord webhook is there")
