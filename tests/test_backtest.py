"""install.py backtest: what the rules would have done to a history, as the owner runs it, on both hosts."""
import json
import os
import re
import stat
from datetime import date, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.sandbox.seed import insert_history, play
from tests.sandbox.world import World
from tests.test_check import tree

ZURICH = ZoneInfo("Europe/Zurich")
HOUR = 3600
PROJECT = Path(__file__).parent.parent
BASE = """[usher]
timezone = Europe/Zurich
[tautulli]
url = {tautulli.url}
apikey = {tautulli.api_key}
[plex]
url = {plex.url}
token = {token}
"""
RULES = """[everyone]
blocked = everyday 23:00-06:00
[person:emma]
users = kid
daily = 1h
[rule:converted]
transcode = video
[rule:adult]
ratings = above PG-13
people = not emma
action = alert
"""
HOSTILE = '"; <script>alert(1)</script> \x1b[31m@everyone\r\nX: y {reason}'


def at(days_ago, hour, minute=0):
    """A moment of the clock on the wall of this house; its days begin at 04:00."""
    today = (datetime.now(ZURICH) - timedelta(hours=4)).date()
    return int(datetime.combine(today - timedelta(days_ago), datetime.min.time(), ZURICH)
               .replace(hour=hour, minute=minute).timestamp())


@pytest.fixture(scope="module")
def usher(host):
    with World(host=host, tick=3600, boot=False) as world:
        world.odd = world.people.add(HOSTILE.replace("\r\n", " ").replace("\x1b", ""), email="odd@example.com")
        world.tautulli.prepare()
        second = next(i for i in world.library.items.values() if i.title == "Second Movie")
        rows = [play(world.kid, world.movie, at(day, 18), 90 * 60, player="TV", machine_id="tv") for day in range(1, 6)]
        rows += [play(world.bob, world.movie, at(4, 22, 30), HOUR, player="Den", machine_id="den"),
                 play(world.bob, world.movie, at(3, 12), HOUR + 600, player="Den", machine_id="den", paused=600),
                 play(world.alice, second, at(2, 20), HOUR, player="iPad", machine_id="pad"),
                 play(world.alice, world.movie, at(2, 22), 1800, player="iPad", machine_id="pad", transcode=True),
                 play(world.odd, world.movie, at(1, 22, 45), 1800, player=HOSTILE[:60], machine_id="odd")]
        rows += [play(world.bob, world.movie, at(60 + day, 15), HOUR) for day in range(0, 60, 5)]
        insert_history(world.tautulli.db_path, sorted(rows, key=lambda row: row["started"]))
        world.tautulli.start()
        yield world.install_usher("", register=False)


def base(world):
    return BASE.format(tautulli=world.tautulli, plex=world.plex, token=world.people.owner.token)


def backtest(usher, *args, config=RULES, status=0, **kw):
    usher.configure(base(usher.world) + config)
    before = tree(usher.root)
    done = usher.run("backtest", *args, script="install.py", timeout=60, **kw)
    assert done.returncode == status and "Traceback" not in done.stdout + done.stderr, done.stdout + done.stderr
    if "--html" not in args:
        assert tree(usher.root) == before
    world = usher.world
    secrets = [world.tautulli.api_key, *(u.token for u in world.people.users), *(u.email for u in world.people.users)]
    assert not [s for s in secrets if s and s in done.stdout + done.stderr]
    assert "\x1b" not in done.stdout and "\r" not in done.stdout
    return done


def told(usher, *args, **kw):
    return json.loads(backtest(usher, "--json", *args, **kw).stdout)


def person(told, name):
    return next(p for p in told["people"] if name in p["name"])


def test_per_person_and_day_what_would_have_been_cut_by_which_rule(usher):
    out = told(usher, "--days", "10")
    emma, bob, alice = (person(out, name) for name in ("emma", "bob", "alice"))
    assert (emma["watched"], emma["cut"], emma["cuts"]) == (5 * 5400, 5 * 1800, 5)
    day = next(d for d in emma["days"] if d["cut"])
    assert (day["watched"], day["cut"], len(day["cuts"])) == (5400, 1800, 1)
    cut = day["cuts"][0]
    assert cut["at_local"].endswith("19:00") and (cut["seconds"], cut["limit"], cut["player"]) == (1800, "daily", "TV")
    assert cut["reason"].startswith("daily limit of 1 h reached; back at 06:00")
    assert (bob["cut"], [c["limit"] for d in bob["days"] for c in d["cuts"]]) == (1800, ["blocked"])
    assert bob["watched"] == 2 * HOUR  # the pause is none of it
    late = [c for d in alice["days"] for c in d["cuts"]]
    assert [(c["limit"], c["not_let_in"], c["seconds"]) for c in late] == [("rule:converted", True, 1800)]
    assert [(a["name"], a["rule"], a["action"]) for a in out["alerts"]] == [("alice", "adult", "alert")]
    assert out["plays"] == 10 and (date.fromisoformat(out["to"]) - date.fromisoformat(out["from"])).days == 9
    text = backtest(usher, "--days", "10").stdout
    assert "emma: 2 h 30 min of 7 h 30 min cut, on 5 of 5 days" in text
    assert "    19:00 stopped, 30 min: daily limit of 1 h reached (First Movie on TV)" in text
    assert "    22:00 not let in, 30 min: " in text and "alert by rule adult: alice, Second Movie" in text
    assert "max_paused is left out" in text and "let_finish is left out" in text


def test_fewer_days_and_nobody_cut(usher):
    assert person(told(usher, "--days", "3"), "emma")["cuts"] == 2
    out = backtest(usher, "--days", "3", config="").stdout
    assert "Nobody would have been cut: 5 plays of 3 people." in out
    backtest(usher, "--days", "0", status=2)
    backtest(usher, "--days", "a year", status=2)


def test_dry_run_is_taken_as_no_wherever_it_stands(usher):
    dry = RULES.replace("daily = 1h", "daily = 1h\ndry_run = yes")
    assert told(usher, config=dry.replace("[rule:converted]", "[rule:converted]\ndry_run = yes")) == told(usher)


def test_another_file_and_what_differs(usher, tmp_path):
    other = tmp_path / "other.ini"
    other.write_text(base(usher.world) + RULES.replace("daily = 1h", "daily = 80m"), encoding="utf-8")
    out = backtest(usher, "--days", "10", "--against", str(other)).stdout
    assert "With other.ini instead: " in out and "  emma: 2 h 30 min becomes 50 min" in out and "  bob: " not in out
    assert len(re.findall(r"^    \S+ +\d+ \S+ +30 min becomes 10 min$", out, re.M)) == 5
    assert person(told(usher, "--config", str(other)), "emma")["cut"] == 5 * 600
    both = told(usher, "--against", str(other))
    assert (person(both, "emma")["cut"], person(both["against"], "emma")["cut"]) == (5 * 1800, 5 * 600)
    same = backtest(usher, "--against", os.path.join(usher.root, "config.ini")).stdout
    assert "Nothing would have been different." in same


class Tags(HTMLParser):
    def __init__(self, page):
        super().__init__()
        self.tags, self.text = [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text.append(data)


def test_a_page_with_each_day_as_a_bar(usher, tmp_path):
    file = tmp_path / "backtest.html"
    done = backtest(usher, "--days", "10", "--html", str(file))
    assert str(file) in done.stdout and stat.S_IMODE(file.stat().st_mode) == 0o600
    page = Tags(file.read_text(encoding="utf-8"))
    assert "script" not in [tag for tag, _ in page.tags] and "http" not in file.read_text(encoding="utf-8")
    cuts = [attrs for tag, attrs in page.tags if tag == "i" and attrs.get("class") == "cut" and "style" in attrs]
    bars = [attrs for tag, attrs in page.tags if tag == "i" and "style" in attrs]
    assert len(cuts) == 8 and len(bars) == 17
    emmas = next(a for a in cuts if "daily limit" in a["title"])  # from 19:00, of a day from 04:00, half an hour
    assert emmas["style"] == f"left:{15 / 24 * 100:.2f}%;width:{0.5 / 24 * 100:.2f}%"
    backtest(usher, "--html", str(tmp_path / "no" / "such" / "place.html"), status=1)


PRUNE = """[mail]
host = 127.0.0.1
port = 1
from = usher@example.com
[prune]
enabled = yes
vip = alice
"""


def test_who_would_have_been_warned_and_removed(usher):
    out = told(usher, "--days", "45", config=PRUNE)
    bob = [(m["verdict"], m["at_local"][:10]) for m in out["members"] if m["name"] == "bob"]
    last = (datetime.now(ZURICH) - timedelta(hours=4)).date() - timedelta(60)  # then nothing until three days ago

    def after(days):
        return str(last + timedelta(days))
    assert bob == [("warn", bob[0][1]), ("remove", bob[1][1])]
    assert after(15) <= bob[0][1] <= after(28) and bob[1][1] >= bob[0][1]
    assert not [m for m in out["members"] if m["name"] in ("alice", "kid", "owner")]
    assert "bob would have been warned: last seen" in backtest(usher, "--days", "45", config=PRUNE).stdout


def test_it_says_what_readme_shows(host):
    """But for the dates: those of the last days."""
    readme = (PROJECT / "README.md").read_text(encoding="utf-8")
    rules = next(text for text in re.findall(r"```ini\n(.*?)```", readme, re.S) if "members = kid\n" in text)
    (shown,) = re.findall(r"```backtest\n(.*?)```", readme, re.S)
    with World(host=host, tick=3600, boot=False) as world:
        world.tautulli.prepare()
        item = {i.title: i for i in world.library.items.values()}
        rows = [play(world.kid, item["Second Movie"], at(6, 18), 5400, player="TV", machine_id="tv"),
                play(world.kid, item["Pilot"], at(5, 16), 6300, player="TV", machine_id="tv"),
                play(world.bob, item["First Movie"], at(3, 21, 30), 7200, player="Den", machine_id="den"),
                play(world.alice, item["Pilot"], at(2, 20), 5400), play(world.alice, item["Pilot"], at(4, 20), 6300)]
        rows += [play(world.bob, item["Pilot"], at(day, 15), HOUR) for day in range(7, 11)]
        insert_history(world.tautulli.db_path, sorted(rows, key=lambda row: row["started"]))
        world.tautulli.start()
        usher = world.install_usher("", register=False)
        out = backtest(usher, "--days", "30", config=rules.partition("\n\n")[2]).stdout
    dates = re.compile(r"\b(?:[A-Z][a-z]{2} )?\d+ [A-Z][a-z]{2}\b( +)?|\b20\d\d\b")
    assert dates.sub("DATE ", out).startswith(dates.sub("DATE ", shown))


def test_what_is_wrong_is_one_line(usher):
    done = backtest(usher, config="[everyone]\ndaily = 1 hour and more\n", status=1)
    assert done.stdout == "" and "config.ini" in done.stderr and "daily" in done.stderr
    usher.world.plex.down()
    try:
        assert "how they were rated" not in backtest(usher, config="[everyone]\ndaily = 1h\n").stdout
        assert "no rating is known, since Plex does not tell: " in backtest(usher).stdout
    finally:
        usher.world.plex.up()
