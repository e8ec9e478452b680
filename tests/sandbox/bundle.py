"""Usher's own bundle inside a world: copied, configured, and registered in the world's Tautulli."""
import ast
import compileall
import functools
import os
import shutil
import sqlite3
import subprocess
from pathlib import Path

from .processes import as_user, ask_python

PROJECT = Path(__file__).resolve().parents[2]
PARTS = ("agents", "shared", "install.py", "config.ini.example", "requirements.txt")


class Usher:
    """root: the bundle's folder; data: its data folder; limit_streams, journal: ids of its notifiers."""

    def __init__(self, world, root):
        self.world, self.root, self.data = world, str(root), os.path.join(root, "data")
        self.limit_streams = self.journal = None

    def environment(self, user_id=None, **more):
        """What Tautulli would give to a script."""
        tautulli = self.world.tautulli
        if not tautulli.real:
            return {**tautulli.scripts.environment(user_id), **more}
        version, path = ask_python(tautulli.python)
        path = [os.path.join(tautulli.home, "lib"), tautulli.home, *path]
        return {"PATH": os.environ.get("PATH", os.defpath), "HOME": tautulli.datadir, "LANG": "C.UTF-8", **tautulli.env,
                "PLEX_URL": self.world.plex.url, "PLEX_TOKEN": self.world.owner.token, "PLEX_USER_TOKEN": "",
                "TAUTULLI_URL": tautulli.url, "TAUTULLI_PUBLIC_URL": "/", "TAUTULLI_APIKEY": tautulli.api_key,
                "TAUTULLI_ENCODING": "UTF-8", "TAUTULLI_PYTHON_VERSION": version, "PYTHONPATH": os.pathsep.join(path),
                **more}

    def run(self, *args, script="agents/limit_streams.py", env=None, timeout=30, stdin=subprocess.DEVNULL):
        """Run a script of the bundle as Tautulli would; env: more environment, None as a value takes a name away."""
        told = {k: v for k, v in {**self.environment(), **(env or {})}.items() if v is not None}
        path = os.path.join(self.root, script)
        return subprocess.run([self.world.tautulli.python, path, *map(str, args)], cwd=os.path.dirname(path), env=told,
                              stdin=stdin, capture_output=True, text=True, timeout=timeout, **as_user(self.world.user))

    def ledger(self):
        """A read-only connection to the ledger."""
        db = sqlite3.connect(f"file:{self.data}/ledger.db?mode=ro", uri=True, timeout=10)
        db.row_factory = sqlite3.Row
        return db

    def log(self):
        """usher.log, or nothing if there is none yet."""
        path = Path(self.data, "usher.log")
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    def configure(self, text):
        """Write config.ini anew."""
        path = os.path.join(self.root, "config.ini")
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as f:
            f.write(text)
        if self.world.user is not None:
            os.chown(path, self.world.user, self.world.user)


def constant(module, name):
    """A constant of the bundle, read without importing it."""
    for node in ast.parse((PROJECT / module).read_text(encoding="utf-8")).body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        if any(isinstance(t, ast.Name) and t.id == name for t in targets):
            return ast.literal_eval(node.value)
    raise LookupError(f"no {name} in {module}")


def copy(target, compiled=True):
    """The bundle as an owner has it: no data, no config.ini. compiled: as after its first run, by this Python; to do it
    anew in each world costs a second. What was compiled is valid in a copy, since copies keep the time of the source.
    """
    unwanted = [".*"] if compiled and is_compiled() else [".*", "__pycache__"]
    for name in PARTS:
        source = PROJECT / name
        if source.is_dir():
            shutil.copytree(source, target / name, ignore=shutil.ignore_patterns(*unwanted))
        elif source.exists():
            shutil.copy(source, target / name)


@functools.cache
def is_compiled():
    """Compile the project's own modules, those that have changed since."""
    return compileall.compile_dir(PROJECT / "shared", quiet=2)


def install_usher(world, config_text="", triggers=None, timeout=30, name="usher", register=True):
    """Copy the project's bundle below the world's folder and register it as install.py does. triggers: other ones
    for limit_streams.py; register=False: only copy and configure."""
    root = Path(world.dir, name)
    root.mkdir()
    copy(root)
    usher = Usher(world, root)
    if world.user is not None:
        os.chown(root, world.user, world.user)
    usher.configure(config_text)
    if register:
        triggers = constant("shared/jobs/register.py", "TRIGGERS") if triggers is None else triggers
        line = constant("shared/jobs/limit_streams.py", "ARGUMENTS")
        agents = os.path.join(usher.root, "agents")
        usher.limit_streams = world.tautulli.add_script_notifier(
            os.path.join(agents, "limit_streams.py"), dict.fromkeys(triggers, line), folder=agents,
            timeout=timeout, name="Usher: limit streams")
        usher.journal = world.tautulli.add_script_notifier(
            os.path.join(agents, "journal.py"), {}, folder=agents, timeout=timeout, name="Usher: journal")
    return usher


