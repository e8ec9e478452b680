"""What Usher registers in Tautulli: one line for each agent."""

from __future__ import annotations

from shared.config import Config
from shared.errors import UsherError
from shared.jobs.limit_streams import ARGUMENTS
from shared.jobs.register import TRIGGERS, Agent

LIMITS = Agent("limit_streams.py", "Usher: limit streams", TRIGGERS, ARGUMENTS)
# Housekeeping may be fired by anything; the tick starts it, too, where there is one.
SIGHT = ("on_play", "on_created")
FIRST_SIGHT = ("on_newdevice", *SIGHT)
AGENTS = (
    LIMITS,
    Agent("journal.py", "Usher: journal", (), ""),
    Agent("welcome_users.py", "Usher: welcome users", FIRST_SIGHT, "", "welcome"),
    Agent("prune_users.py", "Usher: prune users", SIGHT, "", "prune"),
    Agent("report_viewing.py", "Usher: report viewing", SIGHT, "", "report"),
    Agent("archive_logs.py", "Usher: archive logs", SIGHT, "", "logs"),
)


def enabled(config: Config) -> list[Agent]:
    """The agents that the configuration wants."""
    return [agent for agent in AGENTS if not agent.enabled_by or config.get(agent.enabled_by, "enabled")]


def named(name: str) -> Agent:
    """The agent that an owner means: `limit_streams`, `limit_streams.py`, `limit streams`. Raises UsherError."""
    for agent in AGENTS:
        if _plain(name) in (_plain(agent.file), _plain(agent.name)):
            return agent
    known = ", ".join(agent.file.removesuffix(".py") for agent in AGENTS)
    raise UsherError(f"there is no agent {name[:40]!r}: it is one of {known}")


def _plain(name: str) -> str:
    return name.casefold().removesuffix(".py").removeprefix("usher:").strip().replace(" ", "_").replace("-", "_")
