"""The cost of a backtest: 200,000 plays of 50 people in two years, after they were fetched"""
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections import defaultdict

from tests.bench.figures import Figure

USERS, KIDS, ROWS, DAYS, DAY = 50, 8, 200_000, 730, 86400
FIRST = 101  # the first user's id; 1 is what Plex calls its owner
START = 1_730_000_000  # seconds since 1970
CONFIG = f"""[usher]
timezone = Europe/Zurich
data_dir = data
[everyone]
max_streams = 2
[group:kids]
members = {', '.join(f'u{n}' for n in range(FIRST, FIRST + KIDS))}
daily = 1h, weekend 2h
weekly = 8h
sitting = 45m
blocked = schoolnight 20:00-07:00, weekend 22:00-08:00
uncounted_media = track
[rule:late-horror]
groups = kids
ratings = above PG-13
[rule:4k]
resolution = 4k
transcode = video
[rule:often]
titles = Title 3*
max_plays = 5 per month
"""


def figures():
    done = subprocess.run([sys.executable, "-m", "tests.bench.backtest"], capture_output=True, text=True, check=True)
    told = json.loads(done.stdout)
    assert told["most"] <= 7200 + 1, f"a child would have watched {told['most']} s on one day"
    assert told["cuts"] > 10_000
    house = f"{told['plays']:,} plays of {USERS} people, limits for {KIDS}, three rules"
    yield Figure(house, f"{told['seconds']:.0f} s", f"{told['cuts']:,} cuts", "under 30 s")
    yield Figure("memory", f"{told['megabytes']:.0f} MB", "", "under 300 MB")
    yield Figure("the most that a child would have watched on one day", f"{told['most'] / 60:.0f} min", "", "2 h")


def history():
    """The plays of everybody, each on one player after the other."""
    from shared.model import Recorded, Session

    chance, found = random.Random(5), []
    each = ROWS // USERS
    for user in range(FIRST, FIRST + USERS):
        at = START + chance.random() * 3600
        for n in range(each):
            at += chance.expovariate(1 / (DAYS * DAY / each - 2400))
            seconds, began = chance.choice([1300, 1320, 1500, 2700, 5400]), int(at)
            session = Session("", f"m{user}-{n % 3}", user, str(n % 900), player=f"Player {n % 3}", library="TV",
                              media_type=chance.choice(["movie", "episode"]), title=f"Title {n % 900}", rating="TV-PG")
            found.append(Recorded(session, began, began + seconds, began + seconds + chance.choice([0, 0, 60])))
            at += seconds
    return sorted(found, key=lambda play: play.began)


def main():
    from shared.config import load, zone_between
    from shared.jobs.backtest_facts import arranged, clusters
    from shared.jobs.days import calendar_of
    from shared.model import User
    from shared.policy.calendar import day_of
    from shared.policy.people import House
    from shared.policy.replay import Cut, replay

    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "config.ini")
        with open(path, "w", encoding="utf-8") as file:
            file.write(CONFIG)
        config = load(path, {})
    assert config.problems == (), config.problems
    users = {n: User(n, f"u{n}", kind="friend") for n in range(FIRST, FIRST + USERS)}
    plays = history()
    zone = zone_between(config, START - 90 * DAY, START + (DAYS + 90) * DAY)
    calendar = calendar_of(config)._replace(zone=zone, memo={})
    begun = time.perf_counter()
    items, past = arranged(config, House(config.settings, users, {}, 1000), calendar, plays, None)
    cuts = [one for group in clusters(items, past) for one in replay(group, past) if isinstance(one, Cut)]
    seconds = time.perf_counter() - begun
    spared, watched = defaultdict(float), defaultdict(float)
    for cut in cuts:
        spared[cut.item] += cut.ended - cut.began
    for item in items:
        if item.session.user_id < FIRST + KIDS and day_of(calendar, item.began) == day_of(calendar, item.plays_until):
            watched[item.session.user_id, day_of(calendar, item.began)] += (
                item.plays_until - item.began - spared[item.id])
    print(json.dumps({"plays": len(plays), "cuts": len(cuts), "seconds": seconds, "most": max(watched.values()),
                      "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))


if __name__ == "__main__":
    main()
