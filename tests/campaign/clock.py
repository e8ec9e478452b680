"""A simulated clock on which Usher's processes run in this process: one at a time, as greenlets that take turns.

Usher's own code asks `time` and `sqlite3`; while a seed runs, its processes get the simulated ones, all others the real
ones. A process dies at whatever it does next when its time has come (`kill_after` steps), with nothing of its own being
run any more, and its connections closed as the operating system would.
"""
import contextlib
import heapq
import itertools
import sqlite3
import time

from greenlet import getcurrent, greenlet

REAL = {name: getattr(time, name) for name in ("time", "monotonic", "sleep")}
CONNECT = sqlite3.connect
BUSY = "database is locked"
WRITES = ("INSERT", "UPDATE", "DELETE")


class Killed(BaseException):
    """kill -9."""


class Process:
    """kind: what it is ("event", "keeper" …). kill_after: so many steps (statements of SQL, requests) until it dies."""

    def __init__(self, clock, kind, work, kill_after=None, parent=None):
        self.clock, self.kind, self.work, self.kill_after, self.parent = clock, kind, work, kill_after, parent
        self.children, self.connections = [], []
        self.dead = self.done = self.asleep = False
        self.posts = self.news = False      # whether it has written to the outbox, or anything else
        self.token, self.wakes_at, self.commits, self.outcome = 0, 0.0, 0, None
        self.slept = -1                     # of the timekeeper: which look its last sleep followed
        self.turn = _Turn(self._run, clock.main)
        self.turn.process = self
        if parent:
            parent.children.append(self)

    def _run(self):
        try:
            if not self.dead:
                self.outcome = self.work()
        except Killed:
            self.outcome = Killed
        except Exception as error:  # noqa: BLE001 - the referee judges it
            self.outcome = error
        self.done = True
        for db in list(self.connections):
            db.close()


class _Turn(greenlet):
    """What runs a process."""

    process = None


class Clock:
    """now: the true time; machine(): what the machine's clock shows."""

    def __init__(self, now, rng):
        self.now, self.begun, self.offset, self.rng = now, now, 0.0, rng
        self.main, self.processes = getcurrent(), []
        self._queue, self._numbers = [], itertools.count()
        self.regimes = [(now, 0.0)]                 # (from when on, offset)
        self.before = lambda process: None          # called before a process goes on
        self.after_write = lambda process: None
        self.at_statement = lambda process, db, sql: None
        self.on_death = lambda process: None

    def machine(self):
        return self.now + self.offset

    def set_machine(self, offset):
        self.offset = offset
        self.regimes.append((self.now, offset))

    # ---- what is to happen ----

    def at(self, when, act, *values):
        heapq.heappush(self._queue, (max(when, self.now), next(self._numbers), act, values))

    def after(self, seconds, act, *values):
        self.at(self.now + seconds, act, *values)

    def run(self, until):
        while self._queue and self._queue[0][0] <= until:
            self.now, _, act, values = heapq.heappop(self._queue)
            act(*values)
        self.now = until

    # ---- processes ----

    def spawn(self, kind, work, kill_after=None, parent=None):
        process = Process(self, kind, work, kill_after, parent)
        self.processes.append(process)
        process.asleep, process.wakes_at = True, self.now
        self.at(self.now, self._resume, process, process.token)
        return process

    def wake(self, process, after):
        """It sleeps no longer than so many seconds from now."""
        if process.asleep and self.now + after < process.wakes_at:
            process.token, process.wakes_at = process.token + 1, self.now + after
            self.at(process.wakes_at, self._resume, process, process.token)

    def _resume(self, process, token):
        if process.done or token != process.token:
            return
        process.token, process.asleep = process.token + 1, False
        if not process.dead:
            self.before(process)
        process.turn.switch()
        if process.done:
            self.processes.remove(process)
            if process.outcome is Killed or isinstance(process.outcome, Exception):
                self.on_death(process)

    def sleep(self, seconds):
        process = here()
        process.token, process.asleep, process.wakes_at = process.token + 1, True, self.now + seconds
        self.at(process.wakes_at, self._resume, process, process.token)
        self.main.switch()
        if process.dead:
            raise Killed

    def kill(self, process):
        """With all that it is made of, at once."""
        process = process.parent or process
        for one in (process, *process.children):
            one.dead = True
            self.wake(one, 0.0)

    def step(self):
        """One thing that a process does: it may die before it."""
        process = here()
        if process is None:
            return
        if process.kill_after is not None and not process.dead:
            process.kill_after -= 1
            if process.kill_after < 0:
                self.kill(process)
        if process.dead:
            raise Killed

    def end(self):
        """Kill all that still runs."""
        for process in list(self.processes):
            self.kill(process)
        while self.processes:
            self._resume(self.processes[0], self.processes[0].token)


def here():
    """The process that runs, None outside of any."""
    return getattr(getcurrent(), "process", None)


class Connection(sqlite3.Connection):
    """A connection of a simulated process. One to the ledger that is closed in order is kept open for the next process:
    to read the schema and prepare all statements anew would be a sixth of a seed."""

    patience = 0.0
    is_ledger = False
    owner = idle = None         # the process that has it; where it waits for the next one
    before = 0                  # how many rows others had written by it

    def close(self):
        if self.owner is None:
            return
        self.owner.connections.remove(self)
        self.owner = None
        if self.is_ledger and not self.in_transaction:
            self.idle.append(self)
        else:
            super().close()

    def execute(self, sql, *values):
        return self._do(super().execute, sql, *values)

    def executemany(self, sql, *values):
        return self._do(super().executemany, sql, *values)

    def _do(self, act, sql, *values):
        process = here()
        if process is None:
            return act(sql, *values)
        clock = process.clock
        clock.step()
        clock.at_statement(process, self, sql)
        patience = self.patience
        while True:
            try:
                found = act(sql, *values)
                break
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or patience <= 0:
                    raise
                clock.sleep(0.5)            # another process of ours has it: as SQLite waits, but by our clock
                patience -= 0.5
        writes = sql[:6] in WRITES
        if writes and " outbox " in sql:
            process.posts = True
        elif writes:
            process.news = True
        if self.is_ledger and (sql == "COMMIT" or (writes and not self.in_transaction)):
            process.commits += 1
            clock.after_write(process)
            process.news = process.posts = False
        return found


@contextlib.contextmanager
def installed(clock):
    """While this lasts the simulated processes have the clock's time and connections."""
    idle = []

    def connect(path, timeout=5.0, **kw):
        process = here()
        if process is None:
            return CONNECT(path, timeout=timeout, **kw)
        clock.step()
        is_ledger = str(path).endswith("ledger.db")
        db = idle.pop() if is_ledger and idle else CONNECT(path, timeout=0, factory=Connection, **kw)
        db.patience, db.is_ledger, db.idle, db.owner, db.before = timeout, is_ledger, idle, process, db.total_changes
        process.connections.append(db)
        return db

    def sleep(seconds):
        return clock.sleep(seconds) if here() else REAL["sleep"](seconds)

    time.time = lambda: clock.machine() if here() else REAL["time"]()
    time.monotonic = lambda: clock.now - clock.begun + 1000.0 if here() else REAL["monotonic"]()
    time.sleep, sqlite3.connect = sleep, connect
    try:
        yield
    finally:
        clock.end()
        sqlite3.connect = CONNECT
        for name, function in REAL.items():
            setattr(time, name, function)
