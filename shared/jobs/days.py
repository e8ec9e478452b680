"""The house's days and zone, as config.ini has them."""

from __future__ import annotations

from shared.config import Config
from shared.policy.calendar import Calendar


def calendar_of(config: Config) -> Calendar:
    usher, settings = config.settings["usher"], config.settings
    return Calendar(settings["zone"], usher["day_starts"], usher["week_starts"], settings["calendar"], {})
