"""A fresh clone of Usher beside a world, its install.py run as an owner runs it, and what Tautulli knows afterwards."""
import json
import os
import subprocess
import sys

from tests.sandbox.bundle import copy

CLEAN = ("TAUTULLI_", "PLEX_", "USHER_", "PYTHON", "SYSTEMD_")


class Clone:
    """root: its folder; config: its config.ini; agents: the folder of its agents."""

    def __init__(self, world, folder, config=None):
        self.world, self.root, self.home = world, folder / "usher", folder
        self.root.mkdir()
        copy(self.root)
        self.config, self.agents = self.root / "config.ini", str(self.root / "agents")
        if config is not None:
            self.config.write_text(config)

    def environment(self, **more):
        clean = {key: value for key, value in os.environ.items() if not key.startswith(CLEAN)}
        return {**clean, "HOME": str(self.home), **more}

    def command(self, *args, told=True, python=sys.executable):
        verb = [args[0]] if args and not str(args[0]).startswith("-") else []
        where = ["--tautulli", self.world.tautulli.url, "--apikey", self.world.tautulli.api_key]
        return [str(python), str(self.root / "install.py"), *verb, *(where if told else []),
                *map(str, args[len(verb):])]

    def run(self, *args, told=True, python=sys.executable, timeout=120, **env):
        """Run install.py; told: with this world's address and key. Nothing secret may ever be in what it prints."""
        done = subprocess.run(self.command(*args, told=told, python=python), capture_output=True, text=True,
                              timeout=timeout, stdin=subprocess.DEVNULL, env=self.environment(**env))
        assert "Traceback" not in done.stdout + done.stderr, done
        for secret in (self.world.tautulli.api_key, self.world.owner.token):
            assert secret not in done.stdout + done.stderr, done
        return done

    def good(self, *args, **kw):
        """The same, when it must succeed; what it printed."""
        done = self.run(*args, **kw)
        assert done.returncode == 0 and not done.stderr, done
        return done.stdout

    def steps(self, *args, **kw):
        """What it tells a program, as (done, what)."""
        return [(row["done"], row["what"]) for row in json.loads(self.good(*args, "--json", **kw))]

    def fails(self, *args, status=1, **kw):
        """The one line that it says when it cannot."""
        done = self.run(*args, **kw)
        assert done.returncode == status, done
        [line] = done.stderr.splitlines()
        assert line.startswith("install.py: ")
        return line.removeprefix("install.py: ")

    def files(self):
        """Every file of the clone with its content, and when it was written."""
        return {str(p.relative_to(self.root)): (p.read_bytes(), p.stat().st_mtime_ns)
                for p in sorted(self.root.rglob("*")) if p.is_file()}


def setup_of(world):
    """All that Tautulli knows of agents and newsletters, by id, without when they last ran."""
    api = world.tautulli.api
    return {kind: {row["id"]: api(f"get_{kind}_config", **{f"{kind}_id": row["id"]}) for row in api(f"get_{kind}s")}
            for kind in ("notifier", "newsletter")}


def clear(world):
    """No agents and no newsletters."""
    for kind, rows in setup_of(world).items():
        for number in rows:
            world.tautulli.api(f"delete_{kind}", **{f"{kind}_id": number})


def foreign(world, folder):
    """Agents and newsletters of the owner's own, some of them much like Usher's; their ids."""
    add = world.tautulli.add_script_notifier
    (folder / "other").mkdir(exist_ok=True)
    script = folder / "other" / "journal.py"
    script.write_text("print('not of Usher')\n")
    conditions = [{"parameter": "user", "operator": "is", "value": ["alice"]}]
    own = add(str(script), {"on_play": "--mine {user} 'two words'", "on_stop": "x"}, timeout=7, name="My journal",
              conditions=conditions, logic="{1}")
    gone = add("/gone/long/ago/limit_streams.py", {"on_pause": "-a"}, name="another", folder="/gone/long/ago")
    letter = world.tautulli.add_newsletter(own, "weekly", cron="0 8 * * 1", active=0)
    return own, gone, letter
