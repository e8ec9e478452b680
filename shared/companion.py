"""The remote control of players (Plex Companion), by way of the Plex server: for streams that Plex itself does not end.

plexapi's client knows the commands; they go out as Plex is asked everything else, so by its rules for certificates and
time-outs. Loading plexapi takes a quarter of a second: this is never on the way of a stop that Plex grants.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any
from xml.etree.ElementTree import Element

from shared import packages
from shared.errors import Refused, UsherError
from shared.plex import Plex

KINDS = {"track": "music", "photo": "photo"}  # what a player is told to stop; everything else is video


class Companion:
    """The players of one server. Raises UsherError where packages are missing."""

    def __init__(self, plex: Plex) -> None:
        lacking = packages.provide()
        if lacking:
            raise UsherError(packages.advice(lacking))
        self._through = _Server(plex)
        self._players: dict[str, Any] = {}  # a player wants each command to have a higher number than the last

    def stop(self, machine_id: str, media_type: str, product: str = "") -> None:
        """Press stop on a player, whatever it plays: accepted is not yet stopped, and no reason is shown.

        Raises Refused where the player takes no remote control or is not to be named, Unreachable without an answer.
        """
        if not (machine_id.isascii() and machine_id.isprintable() and machine_id):
            raise Refused("a player without a machine id has no remote control")
        if machine_id not in self._players:
            told = {"machineIdentifier": machine_id, "product": product, "protocolCapabilities": "playback"}
            client = import_module("plexapi.client").PlexClient
            self._players[machine_id] = client(self._through, Element("Player", told), connect=False)
        self._players[machine_id].sendCommand("playback/stop", proxy=True, type=KINDS.get(media_type, "video"))


class _Server:
    """As much of plexapi's PlexServer as its client needs to send a command by way of it."""

    def __init__(self, plex: Plex) -> None:
        self._plex = plex
        self._session = object()  # not used: without one plexapi would make its own

    def query(self, key: str, headers: dict[str, str]) -> None:
        self._plex.command(key, headers)
