"""A server with its members in a sandbox, and Usher's jobs run on it in this process, at any moment one likes."""
import contextlib
import os
import sqlite3
import time

from shared.config import load
from shared.errors import UsherError
from shared.gateway import Gateway
from shared.jobs import due, plan, prune, restore, welcome
from shared.ledger import Ledger
from shared.ledger_people import People
from tests.sandbox.seed import play
from tests.sandbox.world import World

DAY, HOUR = 86400, 3600
ADMIN = "me@example.com"
CONFIG = """[usher]
dry_run = no
timezone = UTC
data_dir = {data}
[tautulli]
url = {tautulli.url}
apikey = {tautulli.api_key}
[plex]
url = {plex.url}
token = {owner.token}
[mail]
host = 127.0.0.1
port = {mail.port}
security = none
from = usher@example.com
admin = me@example.com
[prune]
enabled = yes
{prune}
[welcome]
enabled = yes
{welcome}
{more}
"""


class House:
    """now: the moment at which the next job runs, by default a noon weeks ago: what is played later in a test is then
    past for the fakes, too. prune, welcome, more: lines of config.ini."""

    def __init__(self, world, environ, now=None, prune="", welcome="", more=""):
        self.world, self.environ = world, environ
        self.now = float(now if now is not None else (time.time() // DAY - 40) * DAY + 12 * HOUR)
        self.path, self.data = os.path.join(world.dir, "config.ini"), os.path.join(world.dir, "data-of-usher")
        self.lines = {"prune": prune, "welcome": welcome, "more": more}
        self.said, self.ledger = [], None
        self.configure()

    def configure(self, **lines):
        """Write config.ini anew, with these lines changed."""
        self.lines.update(lines)
        w = self.world
        text = CONFIG.format(data=self.data, tautulli=w.tautulli, plex=w.plex, owner=w.owner, mail=w.mail, **self.lines)
        with open(os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(text)
        self.config = load(self.path, self.environ)
        assert not self.config.problems, self.config.problems
        self.ledger = self.ledger or Ledger(self.data)

    # ---- people ----

    def friend(self, name, idle=None, **kw):
        """A friend who accepted long ago and was last seen so many days ago (None: never)."""
        user = self.world.people.add(name, **{"accepted_at": int(self.now - 300 * DAY), **kw})
        if self.world.tautulli.alive():
            self.world.tautulli.api("refresh_users_list")
        if idle is not None:
            self.watched(user, idle)
        return user

    def watched(self, user, *ago):
        """Put plays that began so many days ago into Tautulli's history, while it runs or not."""
        self.play([(user, self.now - days * DAY) for days in ago])

    def play(self, plays):
        item = self.world.movie
        rows = [play(user, item, int(at), seconds=1800) for user, at in sorted(plays, key=lambda p: p[1])]
        if self.world.tautulli.alive():
            _insert(self.world.tautulli.db_path, rows)
        else:
            self.world.insert_history(rows)

    def regulars(self, count=4, every=2, reach=70):
        """Friends who watch every other day: with them the history has no hole."""
        users = [self.friend(f"regular{n}") for n in range(count)]
        self.play([(user, self.now - day * DAY - n * HOUR) for n, user in enumerate(users)
                   for day in range(1, reach, every)])
        return users

    # ---- what Usher does ----

    def prune(self, later=0.0):
        """A round, `later` seconds from the last one; as a fired agent that is due would do it."""
        return self._round("prune", prune.run, later)

    def prune_or_fail(self, later=0.0):
        """A round that a full disk may break off."""
        with contextlib.suppress(sqlite3.Error):
            self.prune(later)

    def welcome(self, later=0.0):
        return self._round("welcome", welcome.run, later)

    def fired(self):
        """What an agent that has nothing to do but to send does."""
        return self._round("prune", due.deliver, 0.0)

    def deliver(self, later=0.0):
        return self._round("deliver", due.deliver, later)

    def approve(self, number, later=0.0):
        self.now += later
        return self.say(prune.run(self.ledger, self.config, self.gateway(), self.now, approve=number))

    def restore(self, name, later=0.0):
        self.now += later
        return self.say(restore.run(self.ledger, self.config, self.gateway(), self.now, name))

    def plan(self):
        """name -> (verdict, days until the next step or None) as planned now."""
        team, verdicts, brake = prune.judged(self.ledger, self.config, self.gateway(), self.now)
        rows = [plan._row(team, verdict, self.now) for verdict in verdicts]
        return {r["name"]: (r["verdict"], None if r["at"] is None else (r["at"] - self.now) / DAY) for r in rows}

    def _round(self, name, work, later):
        self.now += later
        try:
            return self.say(due.guarded(name, self.ledger, self.config, self.now, work))
        except UsherError as error:         # a fired agent says it and ends
            return self.say(f"{name}: {error}")

    def gateway(self):
        return Gateway(self.config, self.environ)

    def say(self, line):
        self.said.append(line)
        return line

    def days(self, count, every=6 * HOUR, then=lambda: None):
        """Let days go by, with a round every few hours."""
        for _ in range(int(count * DAY / every)):
            self.prune(every)
            then()

    # ---- what came of it ----

    def mails(self, to=None):
        """(address, subject) of the mails that arrived, or the subjects of those to one address or user."""
        address = getattr(to, "email", to)
        arrived = [(mail.rcpt_to[0], mail.subject) for mail in list(self.world.mail.mails)]
        return arrived if to is None else [subject for who, subject in arrived if who == address]

    def removed(self):
        """Names of those whom plex.tv removed, in this order, as often as it did."""
        return [removal.user.name for removal in self.world.plextv.removals if removal.status in (200, 204)]

    @property
    def people(self):
        return People(self.ledger)

    def ask(self, query, *values):
        with contextlib.closing(sqlite3.connect(os.path.join(self.data, "ledger.db"))) as db:
            return db.execute(query, values).fetchall()


def _insert(path, rows):
    """Into the database of a Tautulli that runs: slower, but nothing is dropped meanwhile."""
    tables = ("session_history", "session_history_metadata", "session_history_media_info")
    with contextlib.closing(sqlite3.connect(path, timeout=15)) as db, db:
        first = 1 + max(db.execute(f"SELECT COALESCE(MAX(id), 0) FROM {table}").fetchone()[0] for table in tables)
        for number, row in enumerate(rows, first):
            row["id"] = row["reference_id"] = number
        for table in tables:
            columns = [r[1] for r in db.execute(f"PRAGMA table_info({table})") if r[1] in rows[0]] if rows else []
            marks = ", ".join(f":{column}" for column in columns)
            db.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", rows)


@contextlib.contextmanager
def house(environ=os.environ, host="standin", **kw):
    """A House in a world of its own. `environ` must lead through the world's proxy: see the fixture."""
    with World(host=host, boot=False) as world:
        world.people.users.remove(world.alice)      # who is here is this test's own
        world.people.users.remove(world.bob)
        world.people.users.remove(world.kid)
        world.tautulli.prepare()
        yield House(world, environ, **kw)
