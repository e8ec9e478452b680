"""Messages to the owner's Discord channel. Whatever a name holds, it pings nobody and formats nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from shared import log
from shared.cloud import Cloud
from shared.errors import Refused, UsherError

# Half of what Discord takes (256, 4096, 1024, 6000 in all), since every character may need a \ before it
TITLE, TEXT, NAME, VALUE, FIELDS, ALL = 120, 2000, 120, 500, 25, 2900
FORMATTING = frozenset("\\*_~`|>#[]()<:-")
GONE = (401, 403, 404)


class Discord:
    """A webhook. Raises UsherError where it is empty or packages are missing."""

    def __init__(self, webhook: str) -> None:
        if not webhook:
            raise UsherError("[discord] webhook is empty")
        secret = webhook.rstrip("/").rpartition("/")[2]
        log.hide(*(webhook, secret) if len(secret) >= 16 else ())  # never what is part of every address
        self._webhook = webhook
        self._cloud = Cloud("Discord", "[discord] webhook")

    def post(self, title: str, text: str, color: int = 0, fields: Sequence[tuple[str, str]] = ()) -> None:
        """Post one message; too long texts are cut. `color` is 0xRRGGBB.

        Raises Unreachable (with `retry_after` where Discord asks for a pause), Refused where the webhook is gone.
        """
        title, text = _plain(title, TITLE) or "Usher", _plain(text, TEXT)
        left, shown = ALL - len(title) - len(text), []
        for name, value in fields[:FIELDS]:
            name, value = _plain(name, NAME) or "-", _plain(value, VALUE) or "-"
            left -= len(name) + len(value)
            if left < 0:
                break
            shown.append({"name": _escaped(name), "value": _escaped(value), "inline": len(value) < 40})
        embed = {"title": _escaped(title), "description": _escaped(text), "color": color, "fields": shown}
        self._ask("POST", params={"wait": "true"}, json={"embeds": [embed], "allowed_mentions": {"parse": []}})

    def check(self) -> None:
        """Ask whether the webhook is there, and post nothing. Raises as `post` does."""
        self._ask("GET")

    def close(self) -> None:
        self._cloud.close()

    def _ask(self, method: str, **more: Any) -> None:
        try:
            self._cloud.ask(method, self._webhook, **more)
        except Refused as refusal:
            if refusal.status in GONE:
                raise Refused(f"Discord does not know this webhook ({refusal.status}): see [discord] webhook",
                              refusal.status) from None  # fmt: skip
            raise


def _plain(text: str, most: int) -> str:
    shown = "".join(c if c.isprintable() or c == "\n" else " " for c in text).strip()
    return shown if len(shown) <= most else shown[: most - 1] + "…"


def _escaped(text: str) -> str:
    # Discord shows no \ before these; an @ with nothing behind it mentions nobody
    return "".join(f"\\{c}" if c in FORMATTING else "@\u200b" if c == "@" else c for c in text)
