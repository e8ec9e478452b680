"""Minutes of viewing on a Tautulli with real processes and real faults, and a referee who knows the truth.

People come, play, pause, are cut, press play again and leave; meanwhile, in an order and at moments of a seeded die,
processes are killed, Plex, plex.tv, mail and Discord fail, and the ledger is locked, lost and spoilt. The referee knows
what each player did and when each fault began and ended. A fault excuses only what it can cause:

blind   nobody could end a stream (the timekeeper dead, the ledger locked): what is played until it is over, and `SEES`
        after it, may be over the limit.
dark    the same, and nobody heard of a pause or a resume either (Plex away): of whoever pressed one within it, it may
        be charged wrongly by its length.
deaf    an event was lost or came late (Tautulli away, its script killed): the next look at Plex's list puts it right,
        so each pause or resume within it may be charged wrongly by the time between looks: `POLL`, or `LINGERING` once
        somebody was stopped.
lost    the ledger is gone with what it held of the plays of that moment: these begin anew.
"""
import contextlib
import os
import random
import signal
import sqlite3
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

from tests.load.crowd import Viewer, playing, turns_of
from tests.sandbox.processes import alive, children, end
from tests.scenarios.stage import stage

SLACK = 2.0            # seconds by which a cut may be off with nothing wrong: one, and one for pauses heard of late
AGAIN = 2.0            # seconds that somebody gets who presses play again
POLL, LINGERING = 5.0, 2.0             # seconds between looks of the timekeeper, with what a look takes
SEES = 3.0             # seconds until it looks again after a fault
GAP = 15.0             # seconds of silence after which a player's reports are charged, and by which they may be off
LIMITS = (20, 45)      # seconds
HOUSE = 6              # people with limits who watch at the same time
PRESS = 0.08           # how likely somebody presses pause or play in a third of a second
SECRET = "hunter-2-and-3"
CONFIG = """
[everyone]
daily = 20h
[mail]
host = 127.0.0.1
port = {port}
security = none
from = usher@example.com
admin = owner@example.org
password =
[discord]
webhook = {webhook}
[report]
alerts = stopped, denied
{people}
"""


@dataclass
class Fault:
    """kind: blind, dark, deaf, lost or "" (it excuses nothing)."""
    name: str
    kind: str
    began: float
    ended: float = None


class Verdict(NamedTuple):
    """late: (name, seconds by which the first stop came late, seconds that faults excuse) of everybody who was cut."""

    faults: list
    late: list
    stops: int
    messages: dict
    wrong: list
    seconds: float


@dataclass(eq=False)
class Run:
    """What happens on a stage, and what is remembered of it."""
    s: object
    dice: random.Random
    seconds: float
    viewers: list = field(default_factory=list)
    free: list = field(default_factory=list)
    faults: list = field(default_factory=list)
    pressed: list = field(default_factory=list)        # streams of those who pressed play again after a stop
    over: bool = False

    # ---- people ----

    def people(self, names):
        """Let them come one after the other until the time is up, HOUSE of them at once."""
        waiting, here = list(names), []
        begun = time.time()
        while time.time() - begun < self.seconds:
            here = [v for v in here if not self.has_left(v)]
            while len(here) < HOUSE and waiting and time.time() - begun < self.seconds - 1.5 * max(LIMITS):
                viewer = waiting.pop()
                self.viewers.append(viewer)
                here.append(viewer)
                self.play(viewer)
            for viewer in [*here, *self.free]:
                self.act(viewer)
            time.sleep(0.33)
        self.over = True

    def has_left(self, viewer):
        """After a stop and two more tries, some seconds apart."""
        ends = [x.ended_at for x in viewer.streams if not x.alive and self.s.stops(x)]
        if viewer.stream or not ends or time.time() - ends[-1] < 3:
            return False
        forgotten = any(f.kind == "lost" and f.began > ends[0] - 20 for f in self.faults)
        if len(ends) < 3 and not forgotten:
            self.pressed.append(self.play(viewer))
            return False
        return True

    def play(self, viewer):
        film = self.s.world.library.movie(f"Film {len(self.s.world.library.items)} of {viewer.user.name}")
        viewer.streams.append(self.s.watch(viewer.user, film, player=f"{viewer.user.name}'s TV"))
        return viewer.streams[-1]

    def act(self, viewer):
        """Perhaps press pause, or play after a pause."""
        stream = viewer.stream
        if stream is None or self.dice.random() > PRESS * (1 if stream.state == "playing" else 4):
            return
        to = "paused" if stream.state == "playing" else "playing"
        self.s.world.plex.loop.call(lambda: stream.alive and stream._send(to))

    # ---- faults ----

    def havoc(self):
        """Every fault once, in any order, as long as there is time; then those again that are over quickly."""
        kinds = [self.keeper_killed, self.agents_killed, self.tautulli_restarted, self.tautulli_killed, self.plex_down,
                 self.plex_slow, self.plex_wrong, self.ledger_locked, self.ledger_deleted, self.ledger_spoilt,
                 self.plextv_down, self.mail_down, self.discord_down, self.keeper_hangs]
        begun, order = time.time(), self.dice.sample(kinds, len(kinds))
        short = [self.keeper_killed, self.agents_killed, self.plex_wrong, self.tautulli_killed]
        order += self.dice.choices(short, k=99)
        for act in order:
            time.sleep(self.dice.uniform(4, 10))
            if time.time() - begun > self.seconds - 35:
                return
            act()

    @contextlib.contextmanager
    def fault(self, kind, name):
        it = Fault(name, kind, time.time())
        self.faults.append(it)
        try:
            yield it
        finally:
            it.ended = time.time()

    def keeper_killed(self):
        with self.fault("blind", "timekeeper killed"):
            old = self.s.keepers()
            end(old)
            self.new_keeper(old)

    def keeper_hangs(self):
        with self.fault("blind", "timekeeper hangs"):
            old = self.s.keepers()
            for pid in old:
                os.kill(pid, signal.SIGSTOP)
            self.new_keeper(old)
            for pid in old:
                os.kill(pid, signal.SIGCONT)

    def new_keeper(self, old):
        """Wait until another one keeps time; where nobody watches just now, nobody need."""
        deadline = time.time() + 70
        while not set(self.s.keepers()) - set(old) and time.time() < deadline:
            time.sleep(0.1)

    def agents_killed(self):
        """Every second event's script that is seen within some seconds."""
        with self.fault("deaf", "agents killed") as it:
            deadline, dead = time.time() + 6, 0
            while time.time() < deadline:
                for pid in children(self.s.world.tautulli.pid):
                    if "--event=" in command_of(pid) and self.dice.random() < 0.5:
                        time.sleep(self.dice.uniform(0, 0.03))
                        end([pid])
                        dead += 1
            it.name += f" ({dead})"

    def tautulli_restarted(self):
        with self.fault("deaf", "Tautulli restarted"):
            self.s.world.tautulli.restart()

    def tautulli_killed(self):
        with self.fault("deaf", "Tautulli killed"):
            self.s.world.tautulli.kill()
            time.sleep(self.dice.uniform(1, 8))
            self.s.world.tautulli.start()

    def plex_down(self):
        with self.fault("dark", "Plex down"):
            self.s.world.plex.down()
            time.sleep(self.dice.uniform(5, 12))
            self.s.world.plex.up()

    def plex_slow(self):
        self.spoil("dark", "Plex slow", self.s.world.plex, None, delay=self.dice.uniform(1, 3))

    def plex_wrong(self):
        self.spoil("dark", "Plex answers wrongly", self.s.world.plex, self.dice.choice([500, 503, "reset"]))

    def plextv_down(self):
        self.spoil("", "plex.tv down", self.s.world.plextv, 503, path="*")

    def discord_down(self):
        self.spoil("", "Discord down", self.s.world.discord, self.dice.choice([500, "reset"]), path="*")

    def spoil(self, kind, name, service, mode, path="/status/*", **kw):
        with self.fault(kind, name):
            fault = service.fail(path, mode, **kw)
            time.sleep(self.dice.uniform(5, 9))
            service.heal(fault)

    def mail_down(self):
        with self.fault("", "mail down"):
            self.s.world.mail.replies["MAIL"] = "421 come again"
            time.sleep(self.dice.uniform(6, 12))
            self.s.world.mail.replies.clear()

    def ledger_locked(self):
        with self.fault("blind", "ledger locked"), contextlib.closing(
                sqlite3.connect(self.s.ledger, timeout=10, isolation_level=None)) as db:
            db.execute("BEGIN IMMEDIATE")
            time.sleep(self.dice.uniform(3, 7))
            db.execute("ROLLBACK")

    def ledger_deleted(self):
        self.lose("ledger deleted", lambda: os.remove(self.s.ledger))

    def ledger_spoilt(self):
        def spoil():
            for name in (self.s.ledger, f"{self.s.ledger}-wal"):
                with contextlib.suppress(FileNotFoundError), open(name, "r+b") as file:
                    file.write(os.urandom(os.path.getsize(name) or 100))
        self.lose("ledger spoilt", spoil)

    def lose(self, name, act):
        """Nothing is on its way just then: what stood in the outbox would be lost with it."""
        deadline = time.time() + 20
        while self.s.number("SELECT COUNT(*) FROM outbox WHERE sent_at IS NULL AND given_up = 0") and \
                time.time() < deadline:
            time.sleep(0.1)
        with self.fault("blind", name), self.fault("lost", name):
            old = self.s.keepers()
            act()
            self.new_keeper(old)

    # ---- the truth ----

    def blind(self):
        return [(f.began, f.ended + SEES) for f in self.faults if f.kind in ("blind", "dark")]

    def excused(self, viewer, moment):
        """Seconds by which what is charged to somebody at a moment may be off, because of faults before it."""
        off = 0.0
        for f in self.faults:
            if f.began > moment:
                continue
            turns = sum(f.began - 1 <= at <= f.ended + 1 for x in viewer.streams for at, _ in turns_of(x))
            if f.kind == "dark" and turns:
                off += f.ended + SEES - f.began
            elif f.kind in ("blind", "dark") and f.ended - f.began + SEES > GAP and viewer.played(f.ended) > \
                    viewer.played(f.began):
                off += GAP
            if f.kind == "deaf":
                off += (LINGERING if self.stopped_before(f.began) else POLL) * turns
            if f.kind == "lost":
                off += sum(playing(x, f.began) for x in viewer.streams if x.events and x.events[0][0] < f.began
                           and (x.ended_at or moment) > f.began - 30)
        return off

    def stopped_before(self, moment):
        return any(t.time < moment for t in list(self.s.world.plex.terminations))

    def judge(self):
        """What is wrong, in words, and how late everybody was cut."""
        found, late = [], []
        for viewer in self.free:
            found += [f"{viewer.user.name} was cut without cause" for x in viewer.streams if self.s.stops(x)]
        for viewer in self.viewers:
            name, told = viewer.user.name, [t for x in viewer.streams for t in self.s.stops(x) if t.status == 200]
            if not told:
                found += [f"{name} was never cut"] if viewer.played() > viewer.limit + 60 else []
                continue
            first = min(t.time for t in told)
            by, excuse = viewer.played(first) - viewer.limit, self.excused(viewer, first)
            due = first - max(by, 0.0)
            unseen = sum(max(0.0, min(b, first) - max(a, due)) for a, b in self.blind())
            late.append((name, by, excuse + unseen))
            if not -SLACK - excuse <= by <= SLACK + excuse + unseen:
                found.append(f"{name}, limit {viewer.limit} s, was cut {by:+.1f} s; faults excuse {excuse:.1f} s and "
                             f"{unseen:.1f} s unseen")
        for stream in self.pressed:
            lived = (stream.ended_at or time.time()) - stream.began
            unseen = sum(max(0.0, min(b, stream.began + lived) - max(a, stream.began)) for a, b in self.blind())
            lost = any(f.kind == "lost" and f.began - lived < stream.began < f.ended + 60 for f in self.faults)
            if lived > AGAIN + unseen and not lost:
                found.append(f"{stream.user.name} pressed play again and had {lived:.1f} s, {unseen:.1f} s unseen")
        return found, late


def run(seconds=300, seed=1, host="real"):
    """A Verdict: what came of it, judged."""
    dice = random.Random(seed)
    names = [f"p{n}" for n in range(int(seconds / 5))]
    limits = {name: dice.randint(*LIMITS) for name in names}
    people = "".join(f"[person:{name}]\nusers = {name}\ndaily = {limit}s\n" for name, limit in limits.items())

    def rules(s):
        return CONFIG.format(port=s.world.mail.port, webhook=s.world.discord.new_webhook(), people=people)

    begun = time.time()
    with stage(host, rules, [*names, "rich", "lazy"], config={"logging_ignore_interval": 0}) as s:
        s.expected = ("ledger.db",)
        s.secrets = ("owner@example.org", "/api/webhooks/")
        s.world.tautulli.add_newsletter(s.usher.limit_streams, "tick", time_frame=9999)
        it = Run(s, dice, seconds)
        it.free = [Viewer(user) for user in (s.people["rich"], s.people["lazy"], s.world.owner)]
        for viewer in it.free:
            it.play(viewer)
        errors = []
        havoc = threading.Thread(target=lambda: guarded(it.havoc, errors), daemon=True)
        havoc.start()
        it.people([Viewer(s.people[name], limits[name]) for name in reversed(names)])
        havoc.join()
        if errors:
            raise errors[0]
        found, late = it.judge()
        stops = len([t for t in s.world.plex.terminations if t.status == 200])
        found += after(it)
        messages, lost = told(it)
        return Verdict(it.faults, late, stops, messages, found + lost, time.time() - begun)


def after(it):
    """Everybody leaves: does all of it end, and is the ledger sound?"""
    s, found = it.s, []
    for viewer in [*it.viewers, *it.free]:
        if viewer.stream:
            viewer.stream.stop()
    deadline = time.time() + 60
    while s.number("SELECT COUNT(*) FROM outbox WHERE sent_at IS NULL AND given_up = 0") and time.time() < deadline:
        s.change("UPDATE outbox SET due = 0 WHERE sent_at IS NULL AND claimed_at IS NULL")
        s.run("tick")
        time.sleep(1)
    found += [f"never sent: {row}" for row in s.ask(
        "SELECT kind, subject, error FROM outbox WHERE sent_at IS NULL AND given_up = 0")]
    s.change("UPDATE stops SET last_at = last_at - 1800")
    deadline = time.time() + 60
    while s.keepers() and time.time() < deadline:
        time.sleep(0.2)
    own = set(children(s.world.tautulli.pid)) | {s.world.tautulli.pid}
    left = [pid for pid in s.world.pids() if pid not in own and alive(pid)]
    found += [f"{len(left)} process(es) left: {[command_of(pid) for pid in left]}"] if left else []
    sound = s.ask("PRAGMA integrity_check")
    found += [] if sound == [("ok",)] else [f"the ledger is not sound: {sound}"]
    return found


def told(it):
    """How many messages of each way arrived, and which of them twice or never. A film's title stands in what was said
    of its play, and nowhere else."""
    s = it.s
    ways = {"rows": [" ".join(row) for row in s.rows() if "stopped" in row[0]],
            "mails": [m.body() for m in s.world.mail.mails], "Discord": [str(p.json) for p in s.world.discord.posts]}
    wrong, films = [], {}
    for viewer in it.viewers:
        for stream in viewer.streams:
            stops = [t.time for t in s.stops(stream) if t.status == 200]
            if stops:
                films[f"{stream.item.title} on"] = stops[0]
    for way, texts in ways.items():
        counts = Counter({film: sum(text.count(film) for text in texts) for film in films})
        wrong += [f"{way}: {n} times: {film}" for film, n in counts.items() if n > 1]
        if way == "rows":
            wrong += [f"{way}: never: {film}" for film, at in films.items() if not counts[film] and not any(
                f.kind == "lost" and f.began > at - GAP and f.began < at + 30 for f in it.faults)]
    return {way: len(texts) for way, texts in ways.items()}, wrong


def command_of(pid):
    with contextlib.suppress(OSError), open(f"/proc/{pid}/cmdline", "rb") as file:
        return file.read().replace(b"\0", b" ").decode(errors="replace")
    return "?"


def guarded(act, errors):
    try:
        act()
    except Exception as error:  # noqa: BLE001 - told in the main thread
        errors.append(error)
