"""Usher's own programs as processes of the simulation: the agents' `main` behind their guard, and what they reach for
outside of themselves led into the world."""
import contextlib
import importlib.util
import os
import smtplib
import sys
import time
import types
from unittest import mock

import requests

from shared import config, detached, log, packages, web
from shared.jobs import errands, front, keep_time
from tests.campaign import clock as clocks
from tests.campaign import cloud
from tests.campaign.world import LEAP

PROJECT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
AGENTS = ("limit_streams", "welcome_users", "prune_users", "report_viewing")


def _agent(name):
    spec = importlib.util.spec_from_file_location(f"campaign_{name}", os.path.join(PROJECT, "agents", f"{name}.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


MODULES = {name: _agent(name) for name in AGENTS}


class Said:
    """What goes to stdout and stderr, line by line, with who said it."""

    def __init__(self):
        self.lines = []

    def write(self, text):
        if text.strip():
            self.lines.append(text)

    def flush(self):
        pass


class Usher:
    """Starts its programs."""

    def __init__(self, world, clock):
        self.world, self.clock = world, clock

    def run(self, kind, arguments, agent="limit_streams", after=None, unharmed=False):
        module, box = MODULES[agent], []

        def work():
            module.BEGUN = self.clock.machine()
            try:
                status = front.guarded(module.main, arguments)
            finally:
                if after:
                    after(box[0])
            if status == 3:
                self.world.crashes.append((self.clock.now, kind, arguments))
            return status
        process = self.clock.spawn(kind, work, None if unharmed else self.world.fate(kind))
        box.append(process)
        return process

    def start(self, script, *arguments):
        """In place of detached.start."""
        agent = os.path.splitext(os.path.basename(script))[0]
        self.clock.after(0.15, self._begin, agent, list(arguments))

    def _begin(self, agent, arguments):
        if arguments == ["--keep-time"]:
            self.world.starts += 1
            self.clock.spawn("keeper", self._keep_time, self.world.fate("keeper"))
        else:
            self.run("agent", arguments, agent)

    def _keep_time(self):
        """It is the world's timekeeper from the moment at which it has the lease."""
        began = self.clock.now
        try:
            front.guarded(MODULES["limit_streams"].main, ["--keep-time"])
        finally:
            if self.world.keeper is clocks.here():
                self.world.keeper = None
                self.world.kept.append((began, self.clock.now))

    def keep(self, ledger, config, holder):
        """In place of keep_time._keep."""
        self.world.keeper = clocks.here()
        return KEEP(ledger, config, holder)


class Errands:
    """In place of errands.threading: its thread is a process of the simulation that ends with the timekeeper's."""

    def __init__(self, world, clock):
        self.Event = lambda: _Event(world, clock)
        self.Thread = lambda target, **_: _Thread(clock, target)


class _Event:
    def __init__(self, world, clock):
        self.world, self.clock, self.on, self.idle = world, clock, False, 0.25

    def set(self):
        self.on = True
        for process in self.clock.processes:
            if process.kind == "errands":
                self.clock.wake(process, 0.0)

    def is_set(self):
        return self.on

    def wait(self, seconds):
        """The time until there may be something to do. A write of anybody's ends it."""
        if not self.on:
            writes = sum(process.commits for process in self.clock.processes)
            waits = self.world.waits()
            self.idle = min(2 * self.idle, 30.0) if waits else seconds
            self.clock.sleep(self.idle if waits else self.world.until_message(600.0))
            if sum(process.commits for process in self.clock.processes) != writes:
                self.idle = seconds
        return self.on


class _Thread:
    def __init__(self, clock, work):
        self.clock, self.work, self.process, self.ident = clock, work, None, None

    def start(self):
        self.process = self.clock.spawn("errands", self.work, parent=clocks.here())
        self.ident = 1

    def join(self, seconds):
        until = self.clock.now + seconds
        while not self.process.done and self.clock.now < until:
            self.clock.sleep(0.1)


KEEP = keep_time._keep
REMOVE = keep_time._remove


def _remove(path):
    if not clocks.here().dead:          # whoever was killed removes no file
        REMOVE(path)


def _remembering(find):
    """The same of what it has once found."""
    known = {}

    def found(*asked):
        if asked not in known:
            answer = find(*asked)
            if answer is None:
                return None
            known[asked] = answer
        return known[asked]
    return found


@contextlib.contextmanager
def installed(world, clock, services, path, exact=False):
    """While this lasts Usher's outermost calls lead into the world. Yields what is said on stdout and stderr.

    exact: no look is left out."""
    said, out_there = Said(), cloud.Cloud(world, services, clock)
    world.posts = out_there.posts
    environ = {name: os.environ[name] for name in ("HOME", "PATH", "TZ", "TMPDIR") if name in os.environ}
    asked = types.SimpleNamespace(time=lambda: time.time(), monotonic=lambda: time.monotonic(),
                                  sleep=clock.sleep if exact else world.keeper_sleeps)
    leaps = {} if exact else {"EVERY": LEAP, "LINGERING": LEAP, "AFTER_STOP": 0.0, "NEAR": 0.0}
    with contextlib.ExitStack() as stack:
        def put(where, **what):
            stack.enter_context(mock.patch.multiple(where, **what))

        stack.enter_context(mock.patch.dict(os.environ, {**environ, "USHER_CONFIG": path}, clear=True))
        put(web.Http, _exchange=lambda http, *a: services.exchange(http, *a))
        put(requests.Session, get_adapter=lambda session, url: out_there)
        put(smtplib, SMTP=cloud.mail_server(world, services, clock))
        put(detached, start=world.usher.start)
        put(keep_time, look_at=world.look_at, _keep=world.usher.keep, _remove=_remove, time=asked,
            SLICE=LEAP if not exact else 5.0, **leaps)
        same = config.stamp(path)               # config.ini is what it is all month
        put(keep_time, stamp=lambda path: same)
        put(config, _cached=_remembering(config._cached))
        put(packages, missing=lambda: [])
        put(errands, threading=Errands(world, clock), USERS_EVERY=4 * 3600.0)
        put(log, _secrets=[])
        put(sys, stdout=said, stderr=said)
        put(front, _speak_utf8=lambda: None)
        yield said


