"""A house of strangers: everything that somebody else can name is hostile, everything that is secret is known to us."""
import os
import sqlite3
import time
from html.parser import HTMLParser

from tests.people.house import _insert
from tests.sandbox.seed import play
from tests.sandbox.world import World

ESC = "\x1b]8;;http://evil.example\x07link\x1b]8;;\x07\x1b]52;c;cm0gLXJmIH4=\x07\x1b[2J\x1b[31m"
POISON = [  # as names of users and players, and as titles
    ESC + "esc", "c1 \x9b31mred\x9d8;;x\x9c", "\u202eevil\u202c \u2066iso\u2069",
    "two\r\nBcc: evil@evil.example\r\n\r\nbody",
    "sep\u2028line\u2029par\x85nel", "<script>alert(1)</script><img src=x onerror=y>\"'&amp;",
    "{apikey} {user} {0} %s %(x)s",
    "@everyone <@1234> [click](http://evil.example) ||x||", "$(touch /tmp/pwned) `id` ${HOME}",
    "--event=play --approve 1",
    "=cmd|'/C calc'!A0", "'; DROP TABLE plays; --", "../../../../etc/passwd", "x" * 300, "\U000e0041\ufeff\u200bzero",
    "\ufdfa\u0301" * 20, "-n", " ", "NUL\x00end", "half\ud800",
]  # fmt: skip
IN_XML = [p for p in POISON if not any(c < " " and c not in "\t\r\n" or "\ud800" <= c <= "\udfff" for c in p)]
SMTP, WEBHOOK = "smtp-Passw0rd-77", "whsecret" + "A1b2" * 14
CONFIG = """[usher]
dry_run = {dry_run}
timezone = UTC
log_level = debug
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
[discord]
webhook = {webhook}
[everyone]
daily = 1h
max_streams = 1
[person:emma]
users = alice
[rule:new-ones]
new_device = yes
action = alert
[rule:known]
users = bob
known_devices_only = yes
[report]
enabled = yes
schedule = mon 08:00
alerts = new_device, stopped, denied, unknown_user, first_play
[prune]
enabled = yes
[welcome]
enabled = yes
[logs]
enabled = yes
source = download
"""


class Strangers:
    """world, usher; `run` runs a script of Usher's and holds what it says against the rules for all output."""

    def __init__(self, world, dry_run="no"):
        self.world = world
        self.webhook = world.discord.new_webhook()
        self.usher = world.install_usher("")
        self.config = CONFIG.format(data=self.usher.data, tautulli=world.tautulli, plex=world.plex, owner=world.owner,
                                    mail=world.mail, webhook=self.webhook, dry_run=dry_run).replace(
            "[rule:known]\nusers = bob\nknown_devices_only = yes\n", "")
        self.usher.configure(self.config)
        self.spent = []
        self.secrets = [world.tautulli.api_key, world.owner.token, self.webhook.rpartition("/")[2]]

    def people(self):
        """Friends with such names, whom plex.tv and Tautulli know."""
        friends = [self.world.people.add(name, title=name, email=f"guest{n}@example.com", accepted_at=1_600_000_000)
                   for n, name in enumerate(IN_XML)]
        self.world.tautulli.api("refresh_users_list")
        return friends

    def plays(self, users):
        """A past play of each, of a title and on a player that are called so."""
        now = time.time()
        items = [self.world.library.movie(f"plain {n}") for n, _ in enumerate(POISON)]
        rows = []
        for n, name in enumerate(POISON):
            row = play(users[n % len(users)], items[n], int(now - 8 * 86400 - n * 7200), 3000, player=name,
                       platform=name, machine_id=f"m{n}" + name)
            rows.append({**row, "title": name, "full_title": name, "grandparent_title": name})
        _insert(self.world.tautulli.db_path, [{k: clean(v) for k, v in row.items()} for row in rows])

    def run(self, *arguments, script="agents/limit_streams.py", statuses=(0, 1), lines=None, form="text", **kw):
        begun = time.monotonic()
        done = self.usher.run(*arguments, script=script, **kw)
        self.spent.append((round(time.monotonic() - begun, 2), script, arguments[:1]))
        assert done.returncode in statuses, (arguments, done)
        self.sound(done.stdout, form), self.sound(done.stderr)
        if done.returncode:
            assert done.stderr.count("\n") == 1 and done.stderr.endswith("\n"), (arguments, done)
        if lines is not None and not done.returncode:
            assert done.stdout.count("\n") == lines, (arguments, done)
        return done

    def sound(self, text, form="text"):
        """No traceback, no secret, no whole address, nothing that a terminal obeys."""
        assert "Traceback" not in text and "a fault of Usher" not in text, text
        assert not [secret for secret in self.secrets if secret in text], text
        assert not [user.email for user in self.world.people.users if user.email and user.email in text], text
        if form != "page":
            odd = {c for c in text if not c.isprintable() and c not in ("\n\r" if form == "csv" else "\n")}
            assert not odd, (odd, text)


def clean(value):
    """As a database can hold it."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value


class Page(HTMLParser):
    """The tags and attributes of a page."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.links = set(), set(), []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links += [value for name, value in attrs if name in ("href", "src", "action")]


def world():
    return World(host="standin", tick=3600)


def due(usher):
    """Whatever has a clock is due now."""
    path = os.path.join(usher.data, "ledger.db")
    with sqlite3.connect(path, timeout=10) as db:
        db.execute("UPDATE claims SET at = 0")
        db.execute("UPDATE meta SET value = '1' WHERE key IN ('report_done')")
