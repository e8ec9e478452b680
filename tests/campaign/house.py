"""The house: thirty people, sixty players, the rules as config.ini has them, and by themselves as the referee does.

Ids are used in config.ini: what names do to it is tested elsewhere. Names here are hostile all the same.
"""
from typing import NamedTuple

H, M, DAY = 3600, 60, 86400
ZONE = "Europe/Zurich"
DAY_STARTS = 4 * H
OWNER, MACHINE = 7, "0123456789abcdef0123456789abcdef01234567"
TOKEN, APIKEY = "plextoken-8sHq2ZlPw", "apikey-31337deadbeef31337"
PASSWORD, HOOK = "smtp-pa55word-xyzzy", "whooksecret-Qw3rTy-0123456789"
ADMIN, NOTIFIER, JOURNAL = "boss@example.org", 7, 1
HOLIDAYS = (10, 11, 12)         # days of the month-like run that are holidays, counted from its first
BONUS = 30 * M

# What a person may. Days: Monday is 0; (days, value), the last that names a day wins; ranges in seconds after midnight.
SCHOOLNIGHT = "schoolnight"


class Rules(NamedTuple):
    """daily, weekly, sitting: seconds; weekend: daily on Saturday and Sunday; shut: from-until on schoolnights."""

    daily: int = 0
    weekend: int = 0
    weekly: int = 0
    sitting: int = 0
    rest: int = 15 * M
    shut: tuple = ()            # (from, until) of the evening before a school day
    free_sunday: bool = False
    streams: int = 0
    horror: tuple = ()          # in these hours of any day nothing of the library Horror
    trash: int = 0              # so much of the series Trash a day


KIDS = Rules(daily=60 * M, weekend=120 * M, shut=(20 * H + 30 * M, 31 * H))
TEENS = Rules(daily=180 * M, sitting=40 * M, horror=(6 * H, 22 * H))
GROWN = Rules(weekly=5 * H, free_sunday=True, trash=30 * M)
FLAT = Rules(streams=1, daily=240 * M)
ZOE = Rules(daily=90 * M)
FREE = Rules()

CONFIG = """[usher]
dry_run = no
data_dir = {data}
timezone = Europe/Zurich
day_starts = 04:00
log_level = debug
[tautulli]
url = http://127.0.0.1:8181
apikey = {APIKEY}
[plex]
url = http://127.0.0.1:32400
token = {TOKEN}
[mail]
host = 127.0.0.1
port = 2525
security = none
username = usher
password = {PASSWORD}
from = Usher <usher@example.org>
admin = {ADMIN}
[discord]
webhook = https://discord.com/api/webhooks/1234/{HOOK}
[notify]
tautulli_notifiers = 7
[calendar]
holidays = {holidays}
[group:kids]
members = {kids}
daily = 1h, weekend 2h
blocked = schoolnight 20:30-07:00
warn_before = none
[group:teens]
members = {teens}
daily = 3h
sitting = 40m
rest = 15m
warn_before = 5m
[group:grown]
members = {grown}
weekly = 5h
unlimited_days = sun
warn_before = none
[group:flat]
members = {flat}
max_streams = 1
daily = 4h
warn_before = none
[person:zoe]
users = {zoe}
devices = player-{zoe_player}
daily = 90m
warn_before = 10m, 2m
[rule:horror]
groups = teens
libraries = Horror
when = 06:00-22:00
[rule:trash]
groups = grown
shows = Trash
daily = 30m
[prune]
enabled = yes
warn_after = 10d
remove_after = 13d
new_user_grace = 1d
min_notice = 2d
check_every = 12h
max_removals = 2
vip = {vips}
[welcome]
enabled = yes
check_every = 1d
joined_within = 7d
[report]
enabled = yes
schedule = mon 08:00
alerts = new_device, denied
"""


class Person(NamedTuple):
    """key: whose plays are judged together. kind: as Plex has it. habit: plays a day, at the mean."""

    id: int
    name: str
    email: str
    kind: str
    key: str
    rules: Rules
    habit: float
    players: tuple
    role: str


def people():
    """Everybody who is there on the first day. The roles: see `CROWD`."""
    found = []
    for role, count, kind, rules, habit in CROWD:
        for number in range(count):
            id = 1001 + len(found) if role != "owner" else OWNER
            name = f"{NAMES[len(found) % len(NAMES)]} {role}{number}"
            key = "zoe" if role == "zoe" else f"{role}{number}"
            players = tuple(f"player-{id}-{n}" for n in (1, 2))
            email = f"{role}{number}.private@example.net"
            found.append(Person(id, name, email, kind, key, rules, habit, players, role))
    return found


def newcomer(number):
    id = 2001 + number
    return Person(id, f"new {number} @here", f"new{number}.private@example.net", "friend", f"new{number}", FREE, 0.3,
                  (f"player-{id}-1", f"player-{id}-2"), "new")


NAMES = ("<b>Bob</b>", 'Al "x"', "@everyone", "--dry_run=yes", "{user}", "Zo\u00eb \U0001f600", "O'Brien; --", "a\nb",
         "*x*")
CROWD = (  # role, how many, kind, rules, plays a day
    ("owner", 1, "owner", FREE, 0.2),
    ("kid", 4, "managed", KIDS, 0.35),
    ("teen", 4, "friend", TEENS, 0.3),
    ("grown", 5, "friend", GROWN, 0.3),
    ("flat", 2, "friend", FLAT, 0.5),
    ("zoe", 2, "home", ZOE, 0.25),       # two accounts of one person
    ("regular", 3, "friend", FREE, 0.2),
    ("vip", 2, "friend", FREE, 0.0),
    ("home", 1, "home", FREE, 0.0),
    ("drifter", 3, "friend", FREE, 0.0),    # drift away and are to be removed
    ("waverer", 2, "friend", FREE, 0.0),    # come back after the warning
    ("deadbox", 1, "friend", FREE, 0.0),    # no letter reaches them
)


def config(crowd, data, first_day):
    """The text of config.ini. first_day: a datetime.date."""
    from datetime import timedelta

    ids = {role: ", ".join(str(p.id) for p in crowd if p.role == role) for role, *_ in CROWD}
    holidays = ", ".join((first_day + timedelta(n)).isoformat() for n in HOLIDAYS)
    return CONFIG.format(
        data=data, APIKEY=APIKEY, TOKEN=TOKEN, PASSWORD=PASSWORD, ADMIN=ADMIN, HOOK=HOOK, holidays=holidays,
        kids=ids["kid"], teens=ids["teen"], grown=ids["grown"], flat=ids["flat"], zoe=ids["zoe"], vips=ids["vip"],
        zoe_player=f"{next(p.id for p in crowd if p.role == 'zoe')}-1")
