"""Who may import whom, and what a playback event pays for: read from the imports, and seen in a real process."""

import ast
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from shared import __version__, detached
from shared.jobs.limit_streams import lock_path
from shared.ledger import Lease, Ledger

PROJECT = Path(__file__).resolve().parents[1]
AGENTS = sorted((PROJECT / "agents").glob("*.py"))
SHARED = sorted((PROJECT / "shared").rglob("*.py"))

# the layers of the house, from the ground up: a module may import its own layer's and what its row names
LAYERS = {
    "ground": ({"shared", "shared.model", "shared.errors", "shared.files", "shared.zone", "shared.ratings",
                "shared.texts"}, set()),
    "policy": ("shared.policy", {"ground"}),
    "grammar": ({"shared.values", "shared.grammar", "shared.options", "shared.rule_values", "shared.inifile",
                 "shared.recurrence", "shared.settings"}, {"ground", "tools"}),
    "config": ({"shared.config"}, {"ground", "grammar"}),
    "tools": ({"shared.log", "shared.packages", "shared.places", "shared.schema", "shared.detached",
               "shared.archive", "shared.seals", "shared.plexlog", "shared.untrusted"}, {"ground"}),
    "ledger": ({"shared.ledger", "shared.ledger_people", "shared.ledger_rules", "shared.ledger_report",
                "shared.ledger_answers", "shared.ledger_outbox"}, {"ground", "tools"}),
    "adapters": ({"shared.web", "shared.plex", "shared.tautulli", "shared.viewers", "shared.watched", "shared.titles",
                  "shared.cloud", "shared.plextv", "shared.plextv_members", "shared.mail", "shared.discord",
                  "shared.companion"}, {"ground", "tools"}),
    "gateway": ({"shared.gateway"}, {"ground", "tools", "adapters"}),
    "jobs": ("shared.jobs", {"ground", "policy", "grammar", "config", "tools", "ledger", "gateway"}),
    "agents": ("agents", {"jobs", "ground"}),
}  # fmt: skip
SLOW = {"requests", "plexapi", "dateutil", "smtplib", "email"}
# an event imports none of these, whatever imports them
DEAR = SLOW | {
    "argparse", "asyncio", "configparser", "ctypes", "dataclasses", "difflib", "enum", "http", "inspect", "json",
    "logging", "re", "socket", "ssl", "subprocess", "tempfile", "threading", "traceback", "urllib", "xml", "zoneinfo",
    "shared.grammar", "shared.recurrence", "shared.settings", "shared.options", "shared.zone", "shared.gateway",
    "shared.plex", "shared.tautulli", "shared.watched", "shared.web", "shared.cloud", "shared.plextv",
    "shared.plextv_members", "shared.mail", "shared.discord", "shared.companion",
}  # fmt: skip


def name_of(path):
    parts = path.relative_to(PROJECT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def layer_of(module):
    for layer, (members, _) in LAYERS.items():
        if module in members if isinstance(members, set) else (module + ".").startswith(members + "."):
            return layer
    return None


def imports(path, *, top_only=False):
    """(module, line) of all that a file imports."""
    package = name_of(path).split(".")[: None if path.name == "__init__.py" else -1]
    return imports_in(path.read_text("utf-8"), package, top_only)


def imports_in(text, package=(), top_only=False):
    """(module, line) of all that a text imports; for `from shared import x` the module x. What is there for the type
    checker alone is left out, with `top_only` also what is imported inside of functions."""

    def visit(node):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join([*base, *([node.module] if node.module else [])])
            inner = (f"{module}.{alias.name}" for alias in node.names)
            yield from ((name if exists(name) else module, node.lineno) for name in inner)
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            for other in node.orelse:
                yield from visit(other)
        elif not (top_only and isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))):
            for child in ast.iter_child_nodes(node):
                yield from visit(child)

    return list(visit(ast.parse(text)))


def exists(module):
    path = PROJECT.joinpath(*module.split("."))
    return path.with_suffix(".py").exists() or (path / "__init__.py").exists()


def is_ours(module):
    return module.split(".")[0] in ("shared", "agents", "tests", "install")


SAMPLE = """
from __future__ import annotations
import json, os.path
from typing import TYPE_CHECKING
if TYPE_CHECKING:
    import requests
else:
    import email
try:
    import smtplib
except ImportError:
    import dateutil
class A:
    import re
def f():
    import plexapi
    from shared.policy import words
    from . import calendar
    from ..model import User
"""


def test_this_test_sees_imports():
    """It would be worth nothing if it overlooked some."""
    top = {"__future__", "json", "os.path", "typing", "email", "smtplib", "dateutil", "re"}
    assert {m for m, _ in imports_in(SAMPLE, ["shared", "policy"], top_only=True)} == top
    found = {m for m, _ in imports_in(SAMPLE, ["shared", "policy"])}
    assert found == top | {"plexapi", "shared.policy.words", "shared.policy.calendar", "shared.model"}


def test_every_module_has_a_layer():
    homeless = [name_of(p) for p in SHARED if layer_of(name_of(p)) is None]
    assert not homeless, "give these a row in LAYERS"


@pytest.mark.parametrize("path", [*AGENTS, *SHARED], ids=name_of)
def test_imports_go_down_only(path):
    mine = layer_of(name_of(path))
    allowed = LAYERS[mine][1] | {mine}
    wrong = [
        f"line {line}: {module}"
        for module, line in imports(path)
        if is_ours(module) and layer_of(module) not in allowed
    ]
    assert not wrong, f"{mine} may import only {sorted(allowed)}"


@pytest.mark.parametrize("path", sorted((PROJECT / "shared" / "policy").glob("*.py")), ids=name_of)
def test_policy_is_pure(path):
    """Words of the model, errors, date arithmetic and itself: no clock, no file, no network, no database."""
    pure = {"__future__", "typing", "collections", "collections.abc", "bisect", "heapq", "datetime", "shared.model",
            "shared.errors", "shared.ratings"}  # fmt: skip
    wrong = [m for m, _ in imports(path) if m not in pure and not m.startswith("shared.policy")]
    assert not wrong
    called = {
        node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call)
    }
    assert not called & {"now", "today", "utcnow", "time", "open", "print", "getenv", "input", "exec", "eval"}


@pytest.mark.parametrize("path", [*AGENTS, *SHARED], ids=name_of)
def test_slow_packages_are_imported_where_they_are_used(path):
    assert not [(m, line) for m, line in imports(path, top_only=True) if m.split(".")[0] in SLOW]


def test_the_way_of_an_event_imports_nothing_dear():
    """From the agent over all that is imported at the top of a module."""
    seen, todo, wrong = set(), [PROJECT / "agents" / "limit_streams.py"], []
    while todo:
        path = todo.pop()
        for module, line in imports(path, top_only=True):
            if module in DEAR or module.split(".")[0] in DEAR:
                wrong.append(f"{name_of(path)} line {line}: {module}")
            file = PROJECT.joinpath(*module.split(".")).with_suffix(".py")
            if is_ours(module) and module not in seen and file.exists():
                seen.add(module)
                todo.append(file)
    assert not wrong
    assert {"shared.jobs.limit_streams", "shared.policy.limits", "shared.ledger", "shared.config"} <= seen


def test_agents_holds_agents_only():
    """Tautulli's dropdown lists every script below the folder."""
    found = [p for p in (PROJECT / "agents").rglob("*") if "__pycache__" not in p.parts]
    assert found and all(p.is_file() and p.suffix == ".py" and p.parent.name == "agents" for p in found), found
    assert not list((PROJECT / "agents").rglob("__init__.py"))


@pytest.mark.parametrize("path", AGENTS, ids=name_of)
def test_agents_are_short(path):
    lines = len(path.read_text("utf-8").splitlines())
    assert lines <= 60
    assert lines >= 25 or path.name == "journal.py"  # which has nothing to do


# ---- a real event in a process of its own ----

ALLOWED = "import os, sys, time, sqlite3, marshal, zlib, typing"

CONFIG = """[usher]
dry_run = no
data_dir = {data}
timezone = Europe/Zurich
[everyone]
daily = 1h, weekend 2h
weekly = 10h
monthly = 40h
sitting = 30m
blocked = schoolnight 3:00-3:01
unlimited_days = 2020-01-01
uncounted = sat 3:00-3:01
[group:kids]
members = emma, @managed
[person:emma]
users = emma
devices = iPad
"""
EVENT = [
    "--session-key=7",
    "--session-id=s7",
    "--user-id=201",
    "--username=emma",
    "--machine-id=m1",
    "--player=iPad",
    "--rating-key=42",
    "--media-type=movie",
    "--title=Alien",
    "--library=Films",
    "--offset=1000",
    "--live=0",
]


class Bundle:
    """The agent as Tautulli starts it, with a configuration, a ledger, and somebody who keeps time."""

    def __init__(self, folder):
        self.data = folder / "data"
        self.environ = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "USHER", "COVERAGE"))}
        self.environ |= {"USHER_CONFIG": str(folder / "config.ini"), "PYTHONPYCACHEPREFIX": str(folder / "pyc")}
        (folder / "config.ini").write_text(CONFIG.format(data=self.data), "utf-8")
        self.ledger = Ledger(str(self.data))
        self.guard = detached.hold(lock_path(self.ledger, "test"))
        with self.ledger.writing():
            self.ledger.set_meta("owner_id", 100)
        self.beat()

    def beat(self):
        with self.ledger.writing():
            self.ledger.save_lease(Lease("test", __version__, time.time(), 0.0))

    def run(self, *arguments):
        """The line it prints and the modules it loads that a Python with the few allowed ones does not (before 3.13
        typing brings re with it)."""
        self.beat()
        agent = [str(PROJECT / "agents" / "limit_streams.py"), *arguments]
        done = self.python(*agent)
        assert done.returncode == 0, done.stderr
        said = [line for line in done.stderr.splitlines() if not line.startswith("import time:")]
        assert not said, said
        return done.stdout.strip(), modules(done.stderr) - modules(self.python("-c", ALLOWED).stderr)

    def python(self, *arguments):
        command = [sys.executable, "-X", "importtime", *arguments]
        return subprocess.run(command, env=self.environ, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=60, check=False)  # fmt: skip


def modules(importtime):
    rows = [line.split("|") for line in importtime.splitlines() if line.startswith("import time:")]
    return {row[2].strip() for row in rows if len(row) == 3} - {"imported package"}


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    bundle = Bundle(tmp_path_factory.mktemp("cold"))
    bundle.run("--event=play", *EVENT)  # the first one compiles config.ini, which costs more
    yield bundle
    bundle.guard.close()
    bundle.ledger.close()


@pytest.mark.parametrize("event", ["pause", "play", "resume", "stop"])
def test_an_event_loads_nothing_dear(bundle, event):
    said, loaded = bundle.run(f"--event={event}", *EVENT)
    assert said.startswith(f"{event}: emma: ") and (event == "stop" or "noted" not in said), said
    assert "shared.policy.limits" in loaded  # it was seen
    assert not {m for m in loaded if m in DEAR or m.split(".")[0] in DEAR}
    plays = bundle.ledger.db.execute("SELECT user_id, machine_id FROM plays").fetchall()
    assert plays and set(plays) == {(201, "m1")}


def test_the_measure_finds_what_is_loaded(bundle):
    """The same measure sees what a status costs: it would see it on an event too."""
    loaded = bundle.run("status", "--json")[1]
    assert "json" in loaded
