"""What every scenario plays on: a World with Usher installed, its viewers, and the questions that tests ask of it."""
import contextlib
import os
import re
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.sandbox.base import wait_for
from tests.sandbox.processes import alive, marked
from tests.sandbox.world import MARK, World

HOUSE = "[usher]\ndry_run = {dry_run}\ntimezone = UTC\nday_starts = {day_starts:02d}:00\n{usher}\n"
NEVER = ("Traceback", "database is locked", "a fault of Usher's own")
OURS = ("limit_streams.py", "journal.py")


class Stage:
    """world, usher, people by name. What a viewer does is told to a stream of world.plex."""

    def __init__(self, world, people):
        self.world, self.people, self.usher = world, people, None
        self.back = ""                  # how a daily limit says when it opens again
        self.said = []                  # (arguments, finished process) of all runs by run()
        self.secrets = ()               # what else must not be said by anything
        self.expected = ()              # what may stand in Tautulli's log as an error of a script

    # ---- viewers ----

    def watch(self, name, item=None, player="TV", **kw):
        """Somebody (a name, or a user of the world) presses play."""
        user = self.people.get(name) or getattr(self.world, name) if isinstance(name, str) else name
        pressed = time.time()
        stream = self.world.plex.start_stream(user, item or self.world.movie, player=player, **kw)
        stream.began = stream.events[0][0] if stream.events else pressed
        return stream

    def gone(self, stream, timeout):
        """Wait until it was stopped; how many seconds it lived."""
        wait_for(lambda: not stream.alive, timeout, every=0.02, what=f"the end of {stream.user.name}'s play")
        return stream.ended_at - stream.began

    def cut(self, stream, timeout, since=None):
        """Wait until it was stopped; seconds from its begin (or `since`) to the request to terminate it."""
        self.gone(stream, timeout)
        return self.stops(stream)[0].time - (stream.began if since is None else since)

    @staticmethod
    def until(condition, timeout, what):
        return wait_for(condition, timeout, every=0.05, what=what)

    def stops(self, stream):
        """The requests to terminate it, as Plex got them."""
        return [t for t in list(self.world.plex.terminations) if t.session_id == stream.id]

    # ---- what an owner sees ----

    def rows(self, notifier=None):
        """(subject, text) of the journal's rows, or another notifier's, in Tautulli's Notification Logs."""
        notifier = self.usher.journal if notifier is None else notifier
        return [(r["subject_text"], r["body_text"]) for r in self.world.tautulli.notification_log(notifier)]

    def wait_row(self, words, timeout=10, notifier=None):
        """The first row in which these words stand."""
        return wait_for(lambda: next((r for r in self.rows(notifier) if words in " ".join(r)), None), timeout,
                        what=f"a row with {words!r}")

    # ---- Usher from within ----

    def configure(self, rules):
        """Write config.ini anew: these sections after [usher]."""
        self.usher.configure(self.head + rules)

    def run(self, *arguments, **kw):
        done = self.usher.run(*arguments, **kw)
        self.said.append((arguments, done))
        return done

    def ask(self, query, *values):
        """Rows of the ledger; none where there is no ledger (yet)."""
        with contextlib.suppress(sqlite3.OperationalError), contextlib.closing(self.usher.ledger()) as db:
            return [tuple(r) for r in db.execute(query, values)]
        return []

    def number(self, query, *values):
        found = self.ask(query, *values)
        return found[0][0] if found else None

    def change(self, query, *values):
        """Change the ledger from outside: to make a long wait short, never to help."""
        with contextlib.closing(sqlite3.connect(self.ledger, timeout=10)) as db, db:
            db.execute(query, values)

    @property
    def ledger(self):
        return os.path.join(self.usher.data, "ledger.db")

    def charged(self, stream):
        """Seconds that the ledger holds of a stream's plays."""
        return self.number("SELECT COALESCE(SUM(s.ended - s.began), 0) FROM plays p JOIN spans s ON s.play_id = p.id "
                           "WHERE session_key = ?", str(stream.key)) or 0.0

    def keepers(self):
        """The process ids of this world's timekeepers."""
        found = []
        for pid in marked(f"{MARK}={self.world.id}"):
            with contextlib.suppress(OSError):
                if b"--keep-time" in Path(f"/proc/{pid}/cmdline").read_bytes() and alive(pid):
                    found.append(pid)
        return found

    def keeper(self, timeout=10, other_than=()):
        """Wait until there is a timekeeper at work (besides old ones), and only one; its process id."""
        def one():
            found = set(self.keepers()) - set(other_than)
            return found if len(found) == 1 and str(self.number("SELECT holder FROM lease")).startswith(
                f"{min(found)}-") else None
        return wait_for(one, timeout, what="one timekeeper").pop()

    def event(self, action, stream, state=None, **changed):
        """The arguments of an event of this stream, as Tautulli would give them; changed=None leaves one out."""
        told = {"event": action, "session-key": stream.key, "session-id": stream.id, "user-id": stream.user.id,
                "username": stream.user.name, "machine-id": stream.player["machineIdentifier"],
                "player": stream.player["title"], "rating-key": stream.item.key, "media-type": stream.item.type,
                "title": stream.item.title, "library": "Movies", "state": state or stream.state,
                "offset": stream.reported, "duration": stream.item.duration // 1000, "live": "0",
                **{k.replace("_", "-"): v for k, v in changed.items()}}
        return [f"--{k}={v}" for k, v in told.items() if v is not None]

    # ---- what must hold in every scenario ----

    def check(self):
        """No fault, nothing on stderr that was not expected, no secret in anything that was said."""
        secrets = (self.world.tautulli.api_key, self.world.owner.token, *self.secrets)
        said = [self.usher.log(), *(str(r) for r in self.rows_of_all())]
        said += [t for _, done in self.said for t in (done.stdout, done.stderr)]
        said += outputs(self.whole_log())
        for words in (*NEVER, *secrets):
            assert not [t for t in said if words in t], [x for t in said for x in t.splitlines() if words in x]
        wrong = outputs(self.whole_log(), "error")
        wrong = [e for e in wrong if not any(w in e for w in self.expected)]
        assert not wrong, f"scripts said on stderr: {wrong}"

    def whole_log(self):
        """tautulli.log from its begin, with what was rotated away."""
        folder, name = os.path.split(self.world.tautulli.log_path)
        older = sorted(Path(folder).glob(f"{name}.*"), key=lambda path: -int(path.suffix[1:]))
        return "".join(path.read_text(encoding="utf-8", errors="replace") for path in (*older, Path(folder, name)))

    def rows_of_all(self):
        return [(r["subject_text"], r["body_text"]) for r in self.world.tautulli.notification_log()]


@contextlib.contextmanager
def stage(host, rules, people=(), dry_run="no", usher="", home=(), install=None, **kw):
    """A Stage on this host with these sections in config.ini. The house's day begins about twelve hours away, so that
    none ends within a test. home: names of people who belong to the owner's home; rules: text, or stage -> text;
    install: more arguments of World.install_usher()."""
    with World(host=host, boot=False, **kw) as world:
        crowd = {name: world.people.add(name, kind="home" if name in home else "friend") for name in people}
        world.tautulli.start()
        found = Stage(world, crowd)
        found.day_starts = (time.gmtime().tm_hour + 12) % 24
        found.head = HOUSE.format(dry_run=dry_run, day_starts=found.day_starts, usher=usher)
        found.back = f"back at {found.day_starts:02d}:00"
        found.usher = world.install_usher(found.head + (rules(found) if callable(rules) else rules),
                                         **(install or {}))
        found.usher.run()               # as a set-up does: from now on the bundle is compiled
        yield found
        if world.tautulli.alive():
            found.check()


def together(*acts, every=0.3):
    """Let several people act at once, each in a thread of its own, `every` seconds one more; what they return, in their
    order."""
    def one(number):
        time.sleep(number * every)
        return acts[number]()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(one, range(len(acts))))


def lasting(stream, seconds):
    """Let it go on until it is so many seconds old: somebody watches."""
    time.sleep(max(0.0, stream.began + seconds - time.time()))


def clock(seconds_from_now):
    """A moment as config.ini writes it, to the second, in UTC; and that moment."""
    at = int(time.time()) + seconds_from_now
    return time.strftime("%H:%M:%S", time.gmtime(at)), float(at)


def outputs(log, kind="error|returned"):
    """What scripts wrote to stderr ("error") and stdout ("returned"), out of tautulli.log: one text each."""
    return re.findall(rf"Script (?:{kind}): \n((?:  .*\n?)+)", log)
