"""The one way from a job to the outside world: Plex, plex.tv, Tautulli, mail and Discord, each made when it is first
asked for."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from shared.errors import UsherError

if TYPE_CHECKING:
    from shared.companion import Companion
    from shared.config import Config
    from shared.discord import Discord
    from shared.mail import Mail
    from shared.plex import Plex
    from shared.plextv import PlexTV
    from shared.tautulli import Tautulli
    from shared.titles import Titles
    from shared.viewers import Viewers
    from shared.watched import Watched


class Gateway:
    """The values are those in config.ini, else what Tautulli hands over to its scripts.

    Asking for one whose address or key is in neither place raises UsherError, as does a value that cannot be right.
    """

    def __init__(self, config: Config, environ: Mapping[str, str] = os.environ) -> None:
        self.config = config
        self._environ = environ
        self._plex: Plex | None = None
        self._companion: Companion | None = None
        self._plextv: PlexTV | None = None
        self._mail: Mail | None = None
        self._discord: Discord | None = None
        self._tautulli: Tautulli | None = None

    @property
    def plex(self) -> Plex:
        if self._plex is None:
            from shared.plex import Plex

            url, handed_over = self._value("plex", "url", "PLEX_URL")
            token, _ = self._value("plex", "token", "PLEX_TOKEN")
            self._plex = Plex(url, token, self._verify("plex"), handed_over)
        return self._plex

    @property
    def companion(self) -> Companion:
        """The players' own remote control, through Plex."""
        if self._companion is None:
            from shared.companion import Companion

            self._companion = Companion(self.plex)
        return self._companion

    @property
    def plextv(self) -> PlexTV:
        """The account that the token of [plex] belongs to, as to the server that [plex] names."""
        if self._plextv is None:
            from shared.plextv import PlexTV

            token, _ = self._value("plex", "token", "PLEX_TOKEN")
            self._plextv = PlexTV(token, lambda: self.plex.machine_id())
        return self._plextv

    @property
    def mail(self) -> Mail:
        if self._mail is None:
            from shared.mail import Mail

            self._mail = Mail(self.config.settings["mail"])
        return self._mail

    @property
    def discord(self) -> Discord:
        if self._discord is None:
            from shared.discord import Discord

            self._discord = Discord(str(self.config.get("discord", "webhook") or ""))
        return self._discord

    def close(self) -> None:
        """End what is kept open. What is asked for afterwards is opened again."""
        for service in (self._mail, self._discord, self._plextv):
            if service is not None:
                service.close()

    @property
    def tautulli(self) -> Tautulli:
        if self._tautulli is None:
            from shared.tautulli import Tautulli

            url, handed_over = self._value("tautulli", "url", "TAUTULLI_URL")
            apikey, _ = self._value("tautulli", "apikey", "TAUTULLI_APIKEY")
            self._tautulli = Tautulli(url, apikey, self._verify("tautulli"), handed_over)
        return self._tautulli

    @property
    def viewers(self) -> Viewers:
        """Tautulli as far as it is about users and their plays."""
        from shared.viewers import Viewers

        return Viewers(self.tautulli)

    @property
    def watched(self) -> Watched:
        """Tautulli as far as it is about what was played."""
        from shared.watched import Watched

        return Watched(self.tautulli)

    @property
    def titles(self) -> Titles:
        """Tautulli as far as it is about what there is to watch."""
        from shared.titles import Titles

        return Titles(self.tautulli)

    def _value(self, section: str, key: str, variable: str) -> tuple[str, bool]:
        """The value, and whether it is Tautulli that handed it over."""
        own = str(self.config.get(section, key) or "")
        handed = self._environ.get(variable, "")
        if own or handed:
            return own or handed, not own
        raise UsherError(
            f"{self.config.path}: [{section}] {key} is empty, and Tautulli did not start this; fill it in there"
        )

    def _verify(self, section: str) -> str:
        return str(self.config.get(section, "verify_tls") or "auto")


def tautulli_at(url: str, apikey: str, verify: str = "auto", handed_over: bool = False) -> Tautulli:
    """A Tautulli whose address and key come from elsewhere: install.py's arguments, or a Tautulli's own config.ini."""
    from shared.tautulli import Tautulli

    return Tautulli(url, apikey, verify, handed_over)
