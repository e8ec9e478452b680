"""The costs of rules: a play event in a busy house, 200 rules, 50 people, a month of 5,000 plays."""
import os
import random
import sqlite3
import time

from tests.bench.figures import beside_bare_python
from tests.bench.limits import arguments
from tests.sandbox.base import wait_for
from tests.sandbox.world import World

PEOPLE, RULES, PLAYS = 50, 200, 5000
WHAT = ("max_plays = 400 per month", "daily = 9h", "when = schoolnight 03:00-03:01", "transcode = video")


def figures():
    with World() as world:
        viewers = [world.people.add(f"viewer{n}") for n in range(PEOPLE)]
        usher = world.install_usher(config())
        stream = world.plex.start_stream(viewers[0], world.movie)
        wait_for(lambda: "timekeeper begins" in usher.log(), what="a timekeeper")
        fill(usher, viewers)
        agent = os.path.join(usher.root, "agents", "limit_streams.py")
        name = f"a play event, {RULES} rules, {PEOPLE} people, {PLAYS} plays in a month"
        yield from beside_bare_python(
            world.tautulli.python, usher.environment(), {name: [agent, *arguments(world, stream, "play", "playing")]},
            "at most 5 x", lambda done: "allowed" in done.stdout)


def config():
    lines = ["[usher]", "dry_run = no", "[everyone]", "daily = 9h", "weekly = 60h", "max_streams = 3"]
    for n in range(PEOPLE):
        lines += [f"[person:p{n}]", f"users = viewer{n}", f"devices = TV of viewer{n}", "daily = 10h, weekend 12h"]
    for n in range(RULES):
        lines += [f"[rule:r{n}]", f"people = p{n % PEOPLE}, p{(n + 7) % PEOPLE}", f"titles = *number {n}*, other {n}"]
        lines.append(WHAT[n % 4])
        if n % 10 == 0:  # some of them are about everything
            lines[-2:] = ["ratings = not X", "max_plays = 4000 per month"]
    return "\n".join(lines) + "\n"


def fill(usher, viewers):
    """A month of plays, written as the agents write them."""
    dice, now = random.Random(5), time.time()
    db = sqlite3.connect(os.path.join(usher.data, "ledger.db"), timeout=20)
    columns = [row[1] for row in db.execute("PRAGMA table_info(plays)")][1:]
    with db:
        for n in range(PLAYS):
            began = now - dice.random() * 26 * 86400 - 7200
            play = {name: "" for name in columns} | dict(
                began=began, seen=began + 1500, ended=began + 1500, epoch=0, denied=0, seq=1, span_began=began,
                span_ended=began + 1500, span_denied=0, gap_began=0, gap_ended=0, gap_offset=0,
                session_key=str(n + 1000),
                machine_id=f"tv{n % PEOPLE}", user_id=viewers[n % PEOPLE].id, rating_key=str(n), state="stopped",
                offset=1500, duration=1500, media_type="episode", title=f"Show - Episode {n}", show="Show",
                library="TV Shows", rating="TV-14", live=0, bitrate=8000, file_bitrate=8000, transcode="no")
            names = ", ".join(columns)
            cursor = db.execute(f"INSERT INTO plays ({names}) VALUES ({', '.join('?' * len(columns))})",
                                [play[c] for c in columns])
            db.execute("INSERT INTO spans VALUES (?, 1, ?, ?, 0, 0)", (cursor.lastrowid, began, began + 1500))
    db.close()
