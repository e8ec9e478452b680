"""Check of Plex's log, where it is kept: whether there is a way to it, and whether lines are missing."""

from __future__ import annotations

from collections.abc import Iterator

from shared.jobs import log_files
from shared.jobs.archive_logs import folder_of
from shared.jobs.findings import Facts, Finding, error, ok, warning
from shared.policy.words import duration
from shared.seals import last_seal, members, paths

RECENT = 7  # days with lines in them that are looked at for missing ones


def kept(facts: Facts) -> Iterator[Finding]:
    """Nothing to say where [logs] is not enabled. Plex's download is not asked for: it may be large."""
    if not facts.config.get("logs", "enabled"):
        return
    source = facts.config.get("logs", "source")
    place, trouble = ("", "") if source == "download" else log_files.place(facts.config, facts.now)
    days = paths(folder_of(facts.config))
    if source == "folder" and not place:
        yield error(f"Plex's log is not saved: {trouble}", "mend [logs] folder, or write source = download")
        return
    newest = max((seal.at for _, seal in map(last_seal, days[-2:]) if seal), default=0.0)
    ago = f"last saved {duration(facts.now - newest)} ago" if 0 < newest <= facts.now else "nothing is saved yet"
    yield ok(f"Plex's log is kept, from {place or 'what Plex hands out'}: {len(days)} days, {ago}")
    if any(member.seal.gap for day in days[-RECENT:] for member in members(day)):
        yield warning("lines of Plex's log are missing: archive_logs.py status tells which",
                      "write a shorter check_every into [logs]")  # fmt: skip
