"""The cost of a digest for 50 users out of 200,000 plays; with TAUTULLI_HOME it is that Tautulli which answers."""
import json
import os
import sqlite3
from datetime import date, datetime, timedelta, timezone

from tests.bench.figures import Figure, measured
from tests.sandbox.world import World

USERS, ROWS = 50, 200_000
CONFIG = ("[usher]\ndry_run = no\ntimezone = UTC\n[tautulli]\nurl = {}\napikey = {}\n[everyone]\ndaily = 1h30m\n"
          "weekly = 10h\n[report]\nenabled = yes\nschedule = {}\n")
# what of each user's plays lies between two moments, by Tautulli's own columns
SECONDS = """SELECT user, SUM(MIN(began + played, {ended}) - MAX(began, {began})) AS seconds
FROM (SELECT user, started AS began, MAX(stopped - started - COALESCE(paused_counter, 0), 0) AS played
      FROM session_history) WHERE began < {ended} AND began + played > {began} GROUP BY user"""


def figures():
    host = "real" if os.environ.get("TAUTULLI_HOME") else "standin"
    with World(host=host, history={"users": USERS, "rows": ROWS}, env={"TZ": "UTC"}) as world:
        usher = world.install_usher("")
        for schedule in ("mon 08:00", "monthly 1 08:00"):
            usher.configure(CONFIG.format(world.tautulli.url, world.tautulli.api_key, schedule))
            seconds, megabytes = digest(world, usher)
            where = "real Tautulli" if host == "real" else "stand-in"
            name = f"digest, {schedule}, {USERS} users, {ROWS:,} plays ({where})"
            yield Figure(name, f"{seconds:.1f} s, {megabytes:.0f} MB", "",
                         "under 10 s and 100 MB" if "mon" in schedule.split() else "")
        usher.configure(CONFIG.format(world.tautulli.url, world.tautulli.api_key, "mon 08:00"))
        told = json.loads(usher.run("--last", "--json", script="agents/report_viewing.py", timeout=120).stdout)
        bounds = {"began": moment(told["from"]), "ended": moment(told["to"], 1)}
        rows = world.tautulli.sql(SECONDS.format(**bounds))
        found = {person["name"]: person["seconds"] for person in told["people"] if person["seconds"]}
        assert found == {row["user"]: row["seconds"] for row in rows} and len(found) == USERS
        yield Figure("seconds watched in that week, as in Tautulli's database", f"{told['seconds']:,.0f}", "", "equal")


def digest(world, usher):
    """Make the digest whose turn has come: seconds and megabytes of that process."""
    script = os.path.join(usher.root, "agents", "report_viewing.py")
    usher.run(script=script)  # so that there is a ledger
    with sqlite3.connect(os.path.join(usher.data, "ledger.db")) as db:
        db.execute("INSERT OR REPLACE INTO meta VALUES ('report_done', '1.0')")
        db.execute("UPDATE claims SET at = 1")
    seconds, memory, _, said = measured([world.tautulli.python, script], usher.environment())
    assert " plays; " in said, said
    return seconds, memory


def moment(day, later=0):
    on = date.fromisoformat(day) + timedelta(later)
    return int(datetime(on.year, on.month, on.day, 4, tzinfo=timezone.utc).timestamp())
