"""README.md says nothing that is not so: its commands, its argument line, its recipes, its tables, its messages."""

import ast
import json
import re
import shlex
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path

import pytest

from install import ACTS, COMMANDS, LOOKS, options
from shared import __version__, ratings
from shared.config import load
from shared.jobs import ask_logs, give, keep_time, letters, moving_in, register, schedule, stops
from shared.jobs.days import calendar_of
from shared.jobs.limit_streams import ARGUMENTS
from shared.ledger import Ledger
from shared.ledger_rules import Remembered
from shared.model import Session, User
from shared.options import TABLE, render_key_list
from shared.policy.calendar import day_of, moment
from shared.policy.limits import Span
from shared.policy.people import House, Who, in_force, whose
from tests.bench import __main__ as bench
from tests.bench import page
from tests.policy import words_of_tests
from tests.sandbox import demo
from tests.sandbox.base import wait_for
from tests.sandbox.world import World

PROJECT = Path(__file__).resolve().parents[1]
README = (PROJECT / "README.md").read_text(encoding="utf-8")
CHANGELOG = (PROJECT / "CHANGELOG.md").read_text(encoding="utf-8")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BLOCKS = [(match[1], match[2]) for match in FENCE.finditer(README)]
PROSE = FENCE.sub("", README)
TRIGGERS = {  # what Tautulli's web page calls them
    "on_play": "Playback Start",
    "on_stop": "Playback Stop",
    "on_pause": "Playback Pause",
    "on_resume": "Playback Resume",
    "on_change": "Transcode Decision Change",
    "on_error": "Playback Error",
    "on_newdevice": "User New Device",
    "on_concurrent": "User Concurrent Streams",
}
DOCKER = (  # what may follow `docker exec [-it] tautulli`
    "python3 /config/usher/install.py",
    "python3 /config/usher/install.py check",
    "python3 /config/usher/agents/limit_streams.py status",
    "chmod -R a+rX /config/usher",
)
ASKED = (  # what README asks of limit_streams.py
    ["status"], ["status", "--json"], ["why", "emma"], ["why", "emma", "First Movie"], ["history", "emma"], ["rules"],
    ["rules", "emma"], ["rules", "--html", ">", "rules.html"],
)  # fmt: skip
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
HOMES = ("/opt/usher/", "/config/usher/")


def blocks(language: str) -> list[str]:
    return [text for kind, text in BLOCKS if kind == language]


def table(heading: str) -> list[list[str]]:
    """The cells of the rows below a heading, without the table's own head."""
    section = README.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("|")]
    assert len(rows) > 2, f"no table under {heading}"
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows[2:]]


def configured(text: str, folder: Path):
    path = folder / "config.ini"
    path.write_text(text, encoding="utf-8")
    return load(str(path), {})


# ---- commands ----


def commands() -> list[str]:
    lines = [line for text in blocks("sh") for line in text.splitlines()]
    assert len(lines) > 8
    return lines


@pytest.mark.parametrize("line", dict.fromkeys(commands()))
def test_every_shell_command_is_one_that_exists(line):
    if line.startswith("docker "):
        rest = line.removeprefix("docker exec ").removeprefix("-it ")
        assert rest.removeprefix("tautulli ") in DOCKER
        return
    words = shlex.split(line.removeprefix("sudo "))
    if words == ["git", "-C", "/opt/usher", "pull"]:
        return
    assert words[0] == "python3", line
    script = words[1]
    for home in HOMES:
        script = script.removeprefix(home)
    if script == "install.py":
        check_install(words[2:])
    elif script == "agents/prune_users.py":
        check_prune(words[2:])
    elif script == "agents/report_viewing.py":
        check_report(words[2:])
    elif script == "agents/archive_logs.py":
        ask_logs._asked(words[2], words[3:])
        assert f"{words[2]} [" in (PROJECT / script).read_text(encoding="utf-8").split('"""')[1]
    elif script == "agents/limit_streams.py":
        assert words[2:] in (*ASKED, *today()), line  # run in tests of their own
    else:
        assert script in ("tests", "tests/bench"), line
        assert (PROJECT / script / "__main__.py").is_file()
        if script == "tests/bench":
            check_bench(words[2:])


def check_bench(words: list[str]) -> None:
    """Parts and options that there are; the peers' folders are made up."""
    asked = bench.options([word for word in words if "=" not in word and word != "--peer"])
    assert set(asked.parts) <= set(bench.PARTS) and [f"{part}.py" for part in bench.PARTS if not (
        PROJECT / "tests" / "bench" / f"{part}.py").is_file()] == []
    assert {word.partition("=")[0] for word in words if "=" in word} <= set(bench.PEERS)


def test_the_figures_are_those_of_the_last_bench():
    figures = (PROJECT / "BENCHMARKS.md").read_text(encoding="utf-8")
    assert page.with_figures(README, figures) == README
    table = README.partition(page.FROM)[2].partition(page.TO)[0]
    stated = {row[1].strip() for row in page.ROW.finditer(table)} - {"what", "---"}
    assert len(stated) > 8 and stated <= {row[1].strip() for row in page.ROW.finditer(figures)}
    assert "x bare Python" not in README.replace(table, "")


def today() -> list[list[str]]:
    """The commands of "Today only"."""
    section = README.partition("\n## Today only\n")[2].partition("\n## ")[0]
    return [shlex.split(line)[2:] for line in FENCE.search(section)[2].splitlines()]


def test_the_commands_for_today_do_what_readme_says(world):
    usher = world().install_usher("[group:kids]\nmembers = emma\n[person:emma]\nusers = emma\ndaily = 45m\n"
                                  "[usher]\ndry_run = no\n")  # fmt: skip
    emma = usher.world.people.add("emma")
    ledger = Ledger(usher.data)
    with ledger.writing():
        ledger.see_user(User(emma.id, "emma"), time.time())
        ledger.bind("user", "emma", str(emma.id), time.time())
        Remembered(ledger).see_device(Session("1", "m1", emma.id, player="Kids TV"), False, time.time())
    ledger.close()
    said = [(words, usher.run(*words)) for words in today()]
    rows = re.findall(r"^\| `(\w+)", rows_below("| command | what it does |"), re.MULTILINE)
    assert {words[0] for words, _ in said} == set(give.COMMANDS) == {*rows, "unlock", "on"}
    for words, done in said:
        assert done.returncode == 0 and not done.stderr and done.stdout.count("\n") == 1, (words, done)


def test_the_answer_to_a_bonus_is_as_shown(tmp_path, monkeypatch):
    monkeypatch.setenv("USHER_CONFIG", str(tmp_path / "config.ini"))
    noon = (time.gmtime().tm_hour + 12) % 24  # the next day has no bonus: it is to be far away
    day = f"timezone = UTC\nday_starts = {noon:02d}:00\n"
    configured(f"[usher]\ndry_run = no\n{day}[person:emma]\nusers = emma\ndaily = 45m\n", tmp_path)
    (shown,) = blocks("today")
    command = [sys.executable, "agents/limit_streams.py", *today()[0]]
    assert subprocess.run(command, cwd=PROJECT, capture_output=True, text=True).stdout == shown


def check_prune(arguments: list[str]) -> None:
    if arguments[0] == "--preview":
        assert arguments[1] in (*letters.KINDS, *letters.PREVIEWS) and arguments[2:] == [">", f"{arguments[1]}.html"]
        return
    agent = (PROJECT / "agents" / "prune_users.py").read_text(encoding="utf-8")
    assert f" {arguments[0]}" in agent.split('"""')[1], arguments
    assert arguments[1:] in ([], ["--json"]) or arguments[0] in ("--approve", "--restore")


def check_report(arguments: list[str]) -> None:
    agent = (PROJECT / "agents" / "report_viewing.py").read_text(encoding="utf-8")
    assert {word for word in arguments if word.startswith("--")} <= set(re.findall(r"--\w+", agent.split('"""')[1]))


def check_install(arguments: list[str]) -> None:
    if arguments[:1] == ["demo"]:
        assert (PROJECT / COMMANDS["demo"]).is_file() and arguments == ["demo"]
    elif arguments == ["--help"]:
        done = subprocess.run([sys.executable, "install.py", "--help"], cwd=PROJECT, capture_output=True, text=True)
        assert done.returncode == 0 and not done.stderr
    elif arguments and arguments[0] in (*LOOKS, *ACTS):
        assert arguments in LATER, f"add {arguments} to LATER, which runs it"
    else:
        assert options(arguments)


LATER = (  # the commands of install.py in README, run one after the other on top of a plain one
    ["check"],
    ["check", "--json"],
    ["who"],
    ["backtest", "--days", "30"],
    ["backtest", "--against", "other.ini"],
    ["backtest", "--html", "backtest.html"],
    ["buttons"],
    ["buttons", "--for", "emma", "--url", "http://192.168.1.5:8181"],
    ["buttons", "--html", "buttons.html"],
    ["schedule"],
    ["schedule", "newsletter", "--every", "10"],
    ["import", "../no-plex/.env"],
    ["import", "../no-plex/.env", "--to", "config.ini"],
    ["uninstall"],
    ["uninstall", "--purge"],
)


def test_the_commands_of_install_py_one_after_the_other(world):
    shown = [words[2:] for words in map(shlex.split, commands()) if words[1:2] == ["install.py"]]
    usher = world().install_usher(register=False)
    Path(usher.world.dir, "no-plex").mkdir()
    Path(usher.world.dir, "no-plex", ".env").write_text(blocks("env")[0])
    Path(usher.root, "config.ini").unlink()
    first = [words for words in shown if words[:1] not in (["demo"], ["--help"]) and words not in LATER]
    for words in (*first, *LATER):
        if words == LATER[0]:
            with open(f"{usher.root}/config.ini", "a", encoding="utf-8") as file:
                file.write("\n[person:emma]\nusers = emma\n")
            Path(usher.root, "other.ini").write_text("[everyone]\ndaily = 1h\n")
        asked = ["--yes"] if words[:1] == ["uninstall"] else []
        places = {"config.ini": f"{usher.root}/config.ini", "other.ini": f"{usher.root}/other.ini",
                  "../no-plex/.env": f"{usher.world.dir}/no-plex/.env"}  # fmt: skip
        where = usher.run(*(places.get(word, word) for word in words), *asked, script="install.py", timeout=120)
        assert where.returncode in ((0, 1) if words[:1] == ["check"] else (0,)), (words, where)
        assert "Traceback" not in where.stdout + where.stderr and where.stdout, (words, where)
        if words == ["uninstall"]:
            assert usher.world.tautulli.api("get_notifiers") == usher.world.tautulli.api("get_newsletters") == []
    assert not Path(usher.root, "config.ini").exists() and not Path(usher.root, "data").exists()


def test_every_command_and_option_of_install_py_is_named():
    known = {*COMMANDS, *LOOKS, *ACTS}
    told = "".join(re.findall(r"`[^`\n]+`", PROSE)) + "".join(blocks("sh"))
    assert set(re.findall(r"install\.py ([a-z]+)\b", told)) == known
    done = subprocess.run([sys.executable, "install.py", "--help"], cwd=PROJECT, capture_output=True, text=True)
    assert {f"install.py {name}" for name in known} <= set(re.findall(r"install\.py [a-z]+", done.stdout))
    flags = set(re.findall(r"--[a-z][a-z-]*", done.stdout.partition("options:")[2])) - {"--help"}
    assert set(re.findall(r"`(--[a-z][a-z-]*)", rows_below("| option | what it does |"))) == flags
    kinds = re.findall(r"^\| `(\w+)`", rows_below("| kind | what it is |"), re.MULTILINE)
    assert tuple(kinds) == schedule.KINDS


def rows_below(head: str) -> str:
    assert README.count(head) == 1
    return README.partition(head)[2].partition("\n\n")[0]


def test_the_cron_line_is_that_of_install_py():
    (line,) = blocks("cron")
    when, command = line.strip().split(" python3 ")
    assert when == "*/5 * * * *"
    assert command == "/opt/usher/agents/limit_streams.py tick"


# ---- registration ----


def test_the_argument_line_is_that_of_the_code():
    assert blocks("arguments") == [ARGUMENTS + "\n"]


def test_the_triggers_are_those_that_install_py_ticks():
    assert set(TRIGGERS) == set(register.TRIGGERS)
    listed = re.search(r"Tick these triggers:\n\n((?:- .+\n)+)", README)
    assert {line[2:] for line in listed[1].splitlines()} == set(TRIGGERS.values())


def test_install_py_says_what_readme_shows(world):
    shown = next(text for text in blocks("text") if text.startswith("found "))
    usher = world().install_usher(register=False)
    Path(usher.root, "config.ini").unlink()
    usher.run("--yes", script="install.py", timeout=120)
    done = usher.run("--yes", script="install.py", timeout=120)
    assert shapes(shown) == shapes(done.stdout.partition("\n\n")[0])


@pytest.fixture
def kept(world):
    """The house of README's check, right after the set-up."""
    rules = re.search(r"With these rules\n\n```ini\n([^`]*)```\n\nit says, right after the set-up", README)
    usher = world(env={"TZ": "Europe/Zurich"}).install_usher(rules[1], register=False)
    assert usher.run("--yes", script="install.py", timeout=120).returncode == 0
    # the first tick fills the ledger from Tautulli's history; after that nobody is at work
    wait_for(lambda: "never" not in usher.run("schedule", script="install.py").stdout, 20, what="the first tick")
    wait_for(lambda: "No timekeeper is needed now" in usher.run("status").stdout, 20, what="the ledger to be filled")
    return usher


def test_check_says_what_readme_shows(kept):
    (shown,) = blocks("check")
    done = kept.run("check", script="install.py", timeout=60)
    assert done.returncode == 1 and not done.stderr
    here = ("ok: packages: ", "ok: N MB are free", "ok: N GB are free")  # of this machine
    said, told = ([line for line in shapes(text) if not line.startswith(here)] for text in (shown, done.stdout))
    assert said == told


def test_who_says_what_readme_shows(kept):
    (shown,) = blocks("who")
    kept.world.plex.start_stream(kept.world.alice, kept.world.movie, player="Alice's phone")

    def who() -> str:
        return kept.run("who", script="install.py").stdout

    wait_for(lambda: "Alice's phone" in who(), 10, what="alice's player")
    said, told = (shapes(re.sub(r"[0-9a-f]{24}", "MACHINE", text)) for text in (shown, who()))
    assert said == told[told.index(said[0]) :][: len(said)]


def test_import_says_what_readme_shows(tmp_path):
    path = tmp_path / ".env"
    path.write_text(blocks("env")[0])
    command = [sys.executable, "install.py", "import", str(path)]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True)
    assert done.stdout == blocks("import")[0]
    assert moving_in.read(str(path)).keys["everyone", "blocked"] == "everyday 22:30-13:00"


# ---- configuration ----


@pytest.mark.parametrize("text", blocks("ini"))
def test_every_block_of_config_ini_is_valid(text, tmp_path):
    assert configured(text, tmp_path).problems == ()


def test_the_mistake_is_reported_as_shown(tmp_path):
    (shown,) = blocks("problem")
    config = configured("[everyone]\ndaily = 2 hours\n", tmp_path)
    assert list(config.problems) == [shown.strip()]


class Recipe:
    """One recipe at work: who is allowed what, when."""

    def __init__(self, title: str, folder: Path) -> None:
        found = re.search(rf"^\*\*{re.escape(title)}.*?^```ini\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
        assert found, f"no recipe {title}"
        self.config = configured("[usher]\ntimezone = Europe/Zurich\n" * ("[usher]" not in found[1]) + found[1], folder)
        assert self.config.problems == ()
        self.calendar = calendar_of(self.config)
        names = {2: "emma", 3: "max", 4: "anna", 5: "gran", 6: "guest"}
        self.users = {1: User(1, "owner", kind="owner"), **{n: User(n, name, kind="home") for n, name in names.items()}}
        self.bound = {("user", name): str(n) for n, name in names.items()}
        self.bound |= {("user", "grandma@example.com"): "5"}
        self.bound |= {("device", d): d for d in ("living room tv", "guest room tv", "my phone")}

    def who(self, user: str, device: str = "a player", when: str = "2026-11-18 12:00") -> Who:
        number = next(u.id for u in self.users.values() if u.name == user)
        settings = in_force(self.config.settings, day_of(self.calendar, self.at(when)))
        found = whose(House(settings, self.users, self.bound, 1), number, device)
        assert found is not None
        return found

    def at(self, text: str) -> float:
        when = datetime.fromisoformat(text)
        return moment(self.calendar, when.toordinal(), when.hour * 3600 + when.minute * 60)

    def decide(self, user: str, when: str, *spans, device: str = "a player", media: str = "movie", library: str = ""):
        """`spans` are (minutes ago, minutes ago)."""
        now = self.at(when)
        played = [Span(now - began * 60, now - ended * 60, "movie") for began, ended in spans]
        return words_of_tests.decide(self.who(user, device, when).limits, self.calendar, played, now, media, library)

    def minutes(self, user: str, when: str, **more) -> float:
        """How many minutes somebody may play from then on who has not played at all."""
        decision = self.decide(user, when, **more)
        return (decision.until - self.at(when)) / 60 if decision.allowed and decision.until else 0.0


@pytest.fixture
def recipe(tmp_path):
    return lambda title: Recipe(title, tmp_path)


def test_recipe_school_nights(recipe):
    r = recipe("School nights and holidays.")
    assert r.minutes("guest", "2026-11-18 12:00") == 60  # a Wednesday
    assert r.minutes("guest", "2026-11-21 12:00") == 120  # a Saturday
    assert r.minutes("guest", "2026-12-28 12:00") == 180  # holidays
    for day, closes in (("11-18", 20), ("11-20", 23), ("11-21", 23), ("11-22", 20), ("12-28", 23), ("12-23", 23)):
        assert r.decide("guest", f"2026-{day} {closes - 1}:59").allowed, day
        assert not r.decide("guest", f"2026-{day} {closes}:01").allowed, day
    assert not r.decide("guest", "2026-11-19 06:59").allowed  # the morning after an evening before school
    assert r.decide("guest", "2026-11-19 07:01").allowed
    assert not r.decide("guest", "2026-11-21 07:59").allowed  # the morning after a Friday


def test_recipe_other_parent(recipe):
    r = recipe("Every second week with the other parent")
    for day, noon, evening in (("11-12", 120, True), ("11-13", 120, False), ("11-14", 60, False), ("11-19", 60, False),
                               ("11-20", 60, True), ("11-21", 120, True), ("11-27", 120, False)):  # fmt: skip
        assert r.minutes("guest", f"2026-{day} 12:00") == noon, day
        assert r.decide("guest", f"2026-{day} 20:01").allowed == evening, day
    assert not r.decide("guest", "2026-11-20 06:59").allowed  # the night that began on Thursday


def test_recipe_two_children(recipe):
    r = recipe("Two children alike.")
    assert r.minutes("emma", "2026-11-18 12:00") == r.minutes("max", "2026-11-18 12:00") == 45
    assert r.who("emma").key != r.who("max").key
    assert not r.who("guest").limits.any


def test_recipe_weekend(recipe):
    r = recipe("More on the weekend")
    assert r.minutes("guest", "2026-11-18 12:00") == 60
    assert r.minutes("guest", "2026-11-22 12:00") == 150
    assert r.who("guest").limits.weekly == (((), 36000),)


def test_recipe_sitting(recipe):
    r = recipe("Half an hour at a stretch")
    assert r.minutes("guest", "2026-11-18 12:00") == 30
    assert not r.decide("guest", "2026-11-18 12:00", (40, 10)).allowed  # ten minutes are no rest
    assert r.decide("guest", "2026-11-18 12:00", (45, 15)).allowed


def test_recipe_music(recipe):
    r = recipe("Music is free.")
    tired = (70, 5)
    assert not r.decide("guest", "2026-11-18 12:00", tired).allowed
    for free in ({"media": "track"}, {"media": "photo"}, {"media": "clip"}, {"library": "School"}):
        assert r.decide("guest", "2026-11-18 12:00", tired, **free).allowed, free
    assert r.decide("guest", "2026-11-21 09:59", (119, 1)).allowed  # Saturday morning


def test_recipe_television(recipe):
    r = recipe("The family television")
    for user in ("owner", "emma"):
        assert r.who(user, "living room tv").key == "television"
        assert r.minutes(user, "2026-11-18 12:00", device="living room tv") == 180
    assert r.minutes("emma", "2026-11-18 12:00") == 0 and r.who("owner").exempt


def test_recipe_cousins(recipe):
    r = recipe("Cousins for a week.")
    for when, who, minutes in (("09 12:00", "cousins", 180), ("10 03:59", "cousins", 180), ("10 04:00", "user:6", 60)):
        assert r.who("guest", when=f"2026-08-{when}").key == who
        decision = r.decide("guest", f"2026-08-{when}", (59, 0))
        assert decision.value == minutes * 60, when
    assert r.who("emma", "guest room tv", "2026-08-09 12:00").key == "cousins"
    assert r.who("emma", "guest room tv", "2026-08-10 12:00").key == "user:2"


def test_recipe_owners_profile(recipe):
    r = recipe("The owner's profile on the TV.")
    assert r.who("owner", "my phone").exempt
    assert not r.who("owner", "living room tv").exempt
    assert r.minutes("owner", "2026-11-18 12:00", device="living room tv") == 60


def test_recipe_grandmother(recipe):
    r = recipe("Grandmother may always.")
    assert r.who("gran").exempt and not r.who("guest").exempt


def test_recipe_one_live(recipe):
    r = recipe("One person live, the rest in rehearsal.")
    assert not r.who("max").dry_run and r.who("guest").dry_run
    assert r.minutes("max", "2026-11-18 12:00") == r.minutes("guest", "2026-11-18 12:00") == 120


def test_recipe_sunday(recipe):
    r = recipe("Sunday is free")
    for when, free in (("22 03:59", False), ("22 04:01", True), ("22 22:00", True), ("23 03:59", True),
                         ("23 04:01", False)):  # fmt: skip
        assert r.decide("guest", f"2026-11-{when}", (90, 0)).allowed == free, when


def test_recipe_afternoon(recipe):
    r = recipe("Only in the afternoon")
    for when, free in (("18 14:59", False), ("18 15:01", True), ("18 19:01", False), ("21 09:00", True)):
        assert r.decide("guest", f"2026-11-{when}").allowed == free, when


def test_recipe_not_for_one(recipe):
    r = recipe("A rule for all, but not for one.")
    assert r.decide("anna", "2026-11-18 23:30").allowed and not r.decide("guest", "2026-11-18 23:30").allowed
    assert r.minutes("anna", "2026-11-18 12:00") == 120


def test_recipe_welcome(recipe):
    r = recipe("A welcome for new friends")
    assert r.config.get("welcome", "enabled") and r.config.get("usher", "dry_run")
    assert r.config.get("mail", "port") == 587 and r.config.get("welcome", "house_rules")


def test_recipe_prune(recipe):
    r = recipe("Friends who drift away")
    assert (r.config.get("prune", "warn_after"), r.config.get("prune", "remove_after")) == (28 * 86400, 42 * 86400)
    assert r.config.get("prune", "enabled") and r.config.get("prune", "dry_run") is None
    assert r.config.get("prune", "vip") == ("mom", "friend@example.com")


def test_recipe_guest(recipe):
    r = recipe("A guest until September.")
    assert r.config.get("guest:lisa", "expires") == datetime(2026, 9, 1).toordinal()
    assert r.config.get("prune", "min_notice") == 3 * 86400


def test_recipe_vips(recipe):
    r = recipe("No limit for those who are always welcome")
    r.users[7] = User(7, "mom", kind="friend")
    assert not r.who("mom").limits.any and r.who("guest").limits.any


def test_recipe_logs(recipe):
    r = recipe("Plex's log for two years")
    assert r.config.get("logs", "enabled") and r.config.get("logs", "folder") == "/plex-logs"
    assert r.config.get("logs", "keep") == 730 * 86400 and r.config.get("logs", "source") == "auto"


def test_recipe_download(recipe):
    r = recipe("Plex runs on another machine.")
    assert r.config.get("logs", "source") == "download" and r.config.get("logs", "check_every") == 6 * 3600


def test_every_recipe_is_proven():
    titles = re.findall(r"^\*\*(.+?)\*\*", README.partition("\n## Recipes\n")[2].partition("\n## ")[0], re.MULTILINE)
    source = Path(__file__).read_text(encoding="utf-8")
    assert len(titles) >= 12
    assert [t for t in titles if f'recipe("{t}")' not in source] == []


# ---- tables ----


def test_the_key_table_is_rendered_from_the_options():
    shown = re.search(r"<!-- keys: .*?-->\n(.*?)<!-- end of keys -->", README, re.DOTALL)
    assert shown[1] == render_key_list()


def test_every_limit_is_named_in_what_is_in_this_version():
    named = " ".join(" ".join(row) for row in table("What is in this version"))
    absent = {key for section, key in TABLE if section == "everyone" and f"`{key}`" not in named}
    assert absent == {"message"}


def test_ratings_are_of_the_ages_that_are_said():
    for ages, *cells in table("Rules")[-5:]:
        said = [int(n) for n in re.findall(r"\d+", ages)]
        allowed = range(said[0], said[-1] + 1)
        named = [rating.strip() for cell in cells for rating in re.split("[,;]", cell) if rating.strip()]
        assert named and {rating: ratings.age(rating) for rating in named if ratings.age(rating) not in allowed} == {}


def test_settings_of_other_scripts_go_to_keys_that_exist():
    keys = {key for _, key in TABLE}
    for old, new in table("Coming from another script"):
        assert re.fullmatch(r"(`[A-Z_]+\*?`(, )?)+", old), old
        first = re.match(r"`([a-z_]+)`", new)
        assert "later version" in new or new.startswith("`[plex]` and `[tautulli]`") or first[1] in keys, old


def test_every_agent_is_named_and_nothing_else():
    agents = {p.name for p in (PROJECT / "agents").glob("*.py")}
    assert agents == {name for name in agents if f"agents/{name}" in README}
    assert set(re.findall(r"agents/(\w+\.py)", README)) == agents


def test_every_troubleshooting_message_is_in_the_code():
    texts = constants()
    for message in messages():
        assert any(in_order(pieces(message), text) for text in texts), f"no code prints {message!r}"


def test_every_warning_and_error_of_check_has_its_row():
    rows = messages()
    assert [text for text in of_check() if not any(in_order(pieces(row), text) for row in rows)] == []


def messages() -> list[str]:
    found = [message for row in table("Troubleshooting") for message in re.findall(r"`(.+?)`", row[0])]
    assert len(found) > 60
    return found


def pieces(message: str) -> list[str]:
    return [piece for piece in message.split("…") if piece]


def of_check() -> list[str]:
    """The warnings and errors of `install.py check`, as far as it has words of its own for them."""
    found = []
    for path in [*(PROJECT / "shared" / "jobs").glob("check*.py"), PROJECT / "shared" / "jobs" / "clocks.py"]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("warning", "error", "level"):
                found += [text for text in texts_of(node.args[0]) if sum(map(str.isalpha, text)) > 5]
    assert len(found) > 50
    return found


def texts_of(node: ast.expr) -> list[str]:
    """A text in the source, \\0 for what is put into an f-string; nothing for anything else."""
    if isinstance(node, ast.JoinedStr):
        return ["\0".join(v.value for v in node.values if isinstance(v, ast.Constant))]
    return [node.value] if isinstance(node, ast.Constant) and isinstance(node.value, str) else []


def constants() -> list[str]:
    """Every text in the source; what is put into an f-string is left out."""
    found = []
    files = [PROJECT / "install.py", *(PROJECT / "agents").glob("*.py"), *(PROJECT / "shared").rglob("*.py")]
    for path in files:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                found.append("\0".join(v.value for v in node.values if isinstance(v, ast.Constant)))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.append(node.value)
    return found


def in_order(pieces: list[str], text: str) -> bool:
    at = 0
    for piece in pieces:
        at = text.find(piece, at)
        if at < 0:
            return False
        at += len(piece)
    return True


def test_the_figures_of_stopping_are_those_of_the_code():
    section = README.partition("\n## How a stream is stopped\n")[2].partition("\n## ")[0]
    said = " ".join(section.split())
    assert f"every {keep_time.EVERY:g} s, every 1 s in the last {keep_time.NEAR:g} s before a deadline" in said
    assert f"there after {stops.TELL_AFTER} attempts" in said
    assert f"at last every {stops.PAUSES[-1] / 60:g} minutes" in said
    assert f"For {keep_time.AFTER_STOP:g} s after a stop it looks every 1 s" in said
    assert f"then every {keep_time.LINGERING:g} s until {keep_time.LINGER / 60:g} minutes are over" in said


def test_the_defaults_in_prose_are_those_of_the_table():
    assert TABLE["usher", "keep_history"].default == "400d" and "`keep_history` (400 days)" in README
    assert TABLE["usher", "day_starts"].default == "04:00" and "`day_starts` (04:00)" in README
    assert TABLE["everyone", "uncounted_media"].default == "track, photo, clip"  # "Music, photos and trailers"
    assert TABLE["mail", "per_hour"].default == "60" and "`per_hour` (60)" in README
    assert TABLE["prune", "min_notice"].default == "3d" and "three days before (`min_notice`)" in README


# ---- output ----


def shapes(text: str) -> list[str]:
    """The lines of an output without what differs each time: times, durations, numbers, paths."""
    found = []
    for line in text.splitlines():
        line = re.sub(r"\(from .*\)", "(from …)", line)
        line = re.sub(r"\b\d+ (?:h|min|s)\b(?: \d+ (?:min|s)\b)*", "DURATION", line)
        line = re.sub(r"\b(?:on (?:\d+ )?\w+ )?(?:at )?\d\d:\d\d(?::\d\d)?\b", "TIME", line)
        line = re.sub(r"https?://\S+", "URL", line)
        line = re.sub(r"/\S+", "PATH", line)
        found.append(re.sub(r"\d+", "N", line).rstrip())
    return [line for line in found if line]


def status_of_readme() -> tuple[str, str]:
    """The house of the example, and what status says of it."""
    house = re.search(r"^With these rules\n\n```ini\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    (shown,) = blocks("status")
    return house[1], shown


@pytest.fixture
def evening(host):
    """The example's house: emma over her limit, max over his in dry run, ben in the middle, the owner beside them."""
    began = time.localtime(time.time() - 12 * 3600)  # all that is played here falls into one day and one week
    environ = {"USHER_USHER_DAY_STARTS": time.strftime("%H:%M", began),
               "USHER_USHER_WEEK_STARTS": WEEKDAYS[began.tm_wday]}  # fmt: skip
    with World(host=host, env=environ) as world:
        usher = world.install_usher(status_of_readme()[0])
        ben, emma, max_ = (world.people.add(name, kind="home") for name in ("ben", "emma", "max"))
        usher.run("status")
        now, ledger = time.time(), Ledger(usher.data)
        with ledger.writing():
            for user, minutes in ((emma, 45), (max_, 600), (ben, 82)):
                session = Session("0", "earlier", user.id, user=user.name, media_type="movie", title="Earlier")
                ledger.add_past_play(session, now - minutes * 60 - 5, now - 5, minutes * 60.0)
        ledger.close()
        for user, item, player in ((ben, world.movie, "Ben's TV"), (max_, world.episode, "Max's laptop"),
                                   (world.owner, world.movie2, "Living room")):  # fmt: skip
            world.plex.start_stream(user, item, player=player)
        stream = world.plex.start_stream(emma, world.movie2, player="Emma's iPad")
        wait_for(lambda: not stream.alive, 10, what="the stop of emma's stream")
        yield usher


def test_status_and_what_else_may_be_asked(evening):
    _, shown = status_of_readme()
    wait_for(lambda: "would stop" in evening.run("status").stdout, 5, what="the decision about max")
    done = evening.run("status")
    assert done.returncode == 0 and not done.stderr
    assert set(shapes(shown)) == set(shapes(done.stdout)), done.stdout
    told = json.loads(evening.run("status", "--json").stdout)
    assert {"people", "decisions", "timekeeper"} <= set(told)
    for question, words in (("why", ["why", "emma", "First Movie"]), ("history", ["history", "emma"]),
                            ("rules", ["rules", "emma"])):  # fmt: skip
        (shown,) = blocks(question)
        done = evening.run(*words)
        assert shapes(shown) == shapes(done.stdout), done.stdout
    for words in ASKED:
        done = evening.run(*(words[: words.index(">")] if ">" in words else words))
        assert done.returncode == 0 and done.stdout and not done.stderr, words
    assert evening.run("tick").stdout == "tick: all is well\n"


@pytest.mark.slow
def test_the_demo_says_what_readme_shows(capsys):
    shown = next(text for text in blocks("text") if "Four people press play" in text)
    assert demo.show() == 0
    missing = set(shapes(shown)) - set(shapes(capsys.readouterr().out))
    assert missing == set()


# ---- form ----


def test_links_and_paths_lead_somewhere():
    headings = re.findall(r"^#+ (.+)$", PROSE, re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
    for target in re.findall(r"\]\(([^)]+)\)", PROSE):
        if target.startswith("#"):
            assert target[1:] in anchors, target
        elif not target.startswith("https://tautulli.com"):
            assert (PROJECT / target).exists(), target
    for path in re.findall(r"`((?:shared|agents|tests)/[\w./]*)`", PROSE):
        assert (PROJECT / path).exists(), path


def test_lines_are_short_and_the_changelog_knows_this_version():
    for name, text in (("README", FENCE.sub("", README)), ("CHANGELOG", CHANGELOG)):
        long = [line for line in text.splitlines() if len(line) > 120 and not line.startswith("|")]
        assert long == [], name
    assert re.search(r"^## (\S+)$", CHANGELOG, re.MULTILINE)[1] == __version__
    assert f"Version {__version__} " in README
