"""config.ini: what is read from it, what is said of mistakes, what is in force then, and what a load costs."""

from __future__ import annotations

import marshal
import os
import random
import re
import stat
import subprocess
import sys
import time
import zlib
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import config, options, settings

ROOT = Path(__file__).resolve().parents[1]
GOOD = b"""\
[usher]
timezone = Europe/Zurich
dry_run = no
[tautulli]
apikey = 0123456789abcdef
[calendar]
holidays = 2026-07-03..2026-08-16, 2026-12-24
papa = 2026-12-26..2027-01-02
[everyone]
daily = 1h, weekend 2h, papa 3h
blocked = schoolnight 20:00-07:00
[group:Kids]
members = emma, @home
allowed = 15:00-19:00
[person:Emma]
users = emma
devices = Emma's iPad,
          "TV, living room"
daily = none
exempt = no
"""


class House:
    """A folder with a config.ini."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "config.ini"
        self.data = folder / "data"

    def load(self, content: bytes | str | None = None, **environ: str) -> config.Config:
        if content is not None:
            self.path.write_bytes(content.encode() if isinstance(content, str) else content)
        return config.load(str(self.path), environ)


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


# ---- what is read ----


def test_the_example_is_rendered_from_the_table() -> None:
    assert (ROOT / "config.ini.example").read_bytes() == options.render_example().encode()


def test_the_example_is_valid_and_limits_nobody(house: House) -> None:
    loaded = house.load(options.render_example())
    assert (loaded.problems, loaded.in_force) == ((), "config.ini")
    assert loaded.settings == house.load("[usher]\n").settings
    assert loaded.settings["everyone"] == {
        "rest": 900,
        "uncounted_media": ("track", "photo", "clip"),
        "warn_before": (600, 120),
        "keep": "oldest",
        "known_devices_only": False,
    }
    assert loaded.settings["group"] == loaded.settings["person"] == {}
    assert loaded.get("usher", "dry_run") is True


def test_the_examples_of_the_example_are_valid(house: House) -> None:
    text = re.sub(r"(?m)^[a-z_]+ =.*\n", "", options.render_example())
    text = re.sub(r"(?m)^# (?:Example: )?(?=[a-z_]+ = |\[(?:group|person|rule|guest):)", "", text)
    text = re.sub(r"(?m)^allowed = .*\n", "", text)  # instead of blocked
    loaded = house.load(text)
    assert loaded.problems == ()
    assert loaded.get("person:emma", "devices") == ("Emma's iPad",)
    assert loaded.get("group:kids", "members") == ("emma", "max")


def test_every_key_is_in_the_key_list() -> None:
    listed = options.render_key_list()
    assert {key for _, key in options.TABLE} == set(
        re.findall(r"(?m)^\|[^|]*\| `([a-z_]+)` \|", listed.replace("`, `", ""))
    )


def test_all_of_a_good_file(house: House) -> None:
    loaded = house.load(GOOD)
    assert loaded.problems == ()
    assert loaded.path == str(house.path)
    s = loaded.settings
    assert s["usher"] == {
        "dry_run": False,
        "data_dir": str(house.data),
        "timezone": "Europe/Zurich",
        "day_starts": 14400,
        "week_starts": 0,
        "owner_devices": (),
        "keep_history": 34560000,
        "language": "en",
        "log_level": "info",
    }
    assert s["tautulli"] == {"url": "", "apikey": "0123456789abcdef", "verify_tls": "auto"}
    assert s["mail"]["port"] == 587
    assert s["notify"] == {"tautulli_notifiers": ()}
    july, august, eve = (date(2026, *d).toordinal() * 86400 for d in ((7, 3), (8, 17), (12, 24)))
    assert s["calendar"]["holidays"] == ((july, august), (eve, eve + 86400))
    weekend = (("weekday", 5), ("weekday", 6))
    assert s["everyone"]["daily"] == (((), 3600), (weekend, 7200), ((("calendar", "papa"),), 10800))
    assert s["everyone"]["blocked"] == (((("schoolnight",),), ((72000, 111600),)),)
    assert s["group"] == {"kids": {"members": ("emma", "@home"), "allowed": (((), ((54000, 68400),)),)}}
    assert s["person"] == {
        "emma": {"users": ("emma",), "devices": ("Emma's iPad", "TV, living room"), "daily": None, "exempt": False}
    }
    assert loaded.get("person:emma", "daily") is None and loaded.get("everyone", "weekly") is None
    first, second, *_ = s["zone"]
    assert abs(time.time() - 2 * 366 * 86400 - first[0]) < 60
    assert {first[1], second[1]} == {3600, 7200}
    assert s["zone"][-1][0] > time.time() + 2.4 * 365 * 86400
    assert marshal.loads(marshal.dumps(s)) == s


@pytest.mark.parametrize(
    ("text", "section", "key", "value"),
    [
        ("[usher]\nday_starts = 6am", "usher", "day_starts", 21600),
        ("[usher]\nweek_starts = Sunday", "usher", "week_starts", 6),
        ("[USHER]\nDry_Run = OFF", "usher", "dry_run", False),
        ("[ usher ]\n  dry_run=no", "usher", "dry_run", False),
        ("[usher]\nowner_devices = My phone, None", "usher", "owner_devices", ("My phone", "None")),
        ("[mail]\nsecurity = tls", "mail", "port", 465),
        ("[mail]\nsecurity = tls\nport = 25", "mail", "port", 25),
        ("[mail]\npassword = a%b = [c] ; #d", "mail", "password", "a%b = [c] ; #d"),
        ("[mail]\ncolor = #E5A00D", "mail", "color", "#e5a00d"),
        ("[plex]\nurl = https://plex.example.com:32400/", "plex", "url", "https://plex.example.com:32400"),
        ("[plex]\nverify_tls = off", "plex", "verify_tls", "no"),
        ("[notify]\ntautulli_notifiers = 3, 5", "notify", "tautulli_notifiers", (3, 5)),
        ("[everyone]\nrest = 0m", "everyone", "rest", 0),
        ("[everyone]\nrest = none", "everyone", "rest", None),
        ("[everyone]\nsitting = 30m\nrest =", "everyone", "rest", 900),
        ("[everyone]\nunlimited_days = everyday", "everyone", "unlimited_days", ()),
        ("[everyone]\nunlimited_days = none", "everyone", "unlimited_days", None),
        ("[everyone]\nuncounted_media = none", "everyone", "uncounted_media", None),
        ("[everyone]\nwarn_before = 2m, 10m, 5m", "everyone", "warn_before", (600, 300, 120)),
        ("[everyone]\nmessage = Zeit fürs Bett, 100% #1 ; ok", "everyone", "message", "Zeit fürs Bett, 100% #1 ; ok"),
        ("[person:emma maria]\nusers = 12\nexempt = yes", "person:emma maria", "exempt", True),
        ("; a comment\n# another\n\n[everyone]\n  # one more\ndaily = 1h", "everyone", "daily", (((), 3600),)),
        ("[everyone]\ndaily = 1h,\n\tweekend 2h,\n  holidays 3h\nweekly = 5h", "everyone", "weekly", 18000),
    ],
)
@pytest.mark.parametrize("change", ["\n", "\r\n", "\r", "bom"])
def test_values(house: House, text: str, section: str, key: str, value: object, change: str) -> None:
    raw = b"\xef\xbb\xbf" + text.encode() if change == "bom" else text.replace("\n", change).encode()
    loaded = house.load(raw)
    assert loaded.problems == ()
    assert loaded.get(section, key) == value


def test_a_certificate_file_is_meant_from_the_folder_of_config_ini(house: House) -> None:
    assert house.load("[plex]\nverify_tls = own/ca.pem").get("plex", "verify_tls") == str(house.folder / "own/ca.pem")


# ---- mistakes ----

MISTAKES = [
    ("[everyone]\ndaily = 1 hour", "config.ini line 2: [everyone] daily = 1 hour is no duration: write 1h"),
    ("[everyone]\ndaily = 30", "config.ini line 2: [everyone] daily = 30 has no unit: write 30m or 30h"),
    (
        "[everyone]\ndaily = 1h ; at most",
        "[everyone] daily = 1h ; at most: a comment needs a line of its own: write daily = 1h",
    ),
    ("[everyone]\n\ndaly = 1h", "config.ini line 3: [everyone] daly is not known to this version: write daily"),
    ("[evryone]\ndaily = 1h", "config.ini line 1: [evryone] is not known to this version: write [everyone]"),
    ("[webhooks]\nenabled = yes", "config.ini line 1: [webhooks] is not known to this version"),
    ("[prune]\nwarn_after = 27", "config.ini line 2: [prune] warn_after = 27 has no unit"),
    ("[prune]\nwarn_after = 27m", "line 2: [prune] warn_after = 27m is too short, the least is 1d: write 27d"),
    ("[usher]\nkeep_history = 7d", "line 2: [usher] keep_history = 7d is too short, the least is 62d: write 62d"),
    ("[prune]\nmin_notice = 5m", "line 2: [prune] min_notice = 5m is too short, the least is 1h: write 1h"),
    ("[prune]\nwarn_after = 30d", "warn_after = 30d: a warning comes before a removal: write a warn_after"),
    ("[prune]\nremove_after = 20d", "line 2: [prune] remove_after = 20d: a warning comes before a removal"),
    ("[prune]\nmax_removals_percent = 20", "max_removals_percent = 20 has no %: write 20%"),
    ("[prune]\nmax_removals_percent = 120%", "120 is not from 0 to 100: write 100"),
    ("[prune]\nhome_users = delete", "home_users = delete is not known here: write skip or remove"),
    ("[prune]\ndry_run = maybe", "line 2: [prune] dry_run = maybe is neither yes nor no"),
    ("[guest:lisa]\nuser = lisa", "config.ini line 1: [guest:lisa] has no expires: write expires = 2026-09-01"),
    ("[guest:lisa]\nexpires = 2026-09-01", "config.ini line 1: [guest:lisa] has no user: write user = lisa"),
    ("[guest:lisa]\nuser = l\nexpires = 2026-09-01..2026-09-03", "is more than one day: write it like 2026-09-01"),
    ("[guest:a]\nuser = l\nexpires = 2026-09-01\n[guest:b]\nuser = L\nexpires = 2026-09-01", "in [guest:a]"),
    ("[guest:lisa]\nuser = l\nexpires = 2026-09-01\ndaily = 1h", "daily is not known here: write it into [everyone]"),
    ("[group:kids]\nmembers = @vips", "members = @vips is not known to this version: write @vip"),
    ("[everyone]\nmax_streams = two", "line 2: [everyone] max_streams = two is no whole number: write one from 0 to"),
    ("[everyone]\ntell = uncle", "tell = uncle is nobody to tell: write the id of an agent in Tautulli, mail or owner"),
    ("[everyone]\nlibraries = Kids", "[everyone] libraries is not known here: write it into [rule:NAME]"),
    ("[rule:x]\npeople = ema\n[person:emma]\nusers = emma", "line 2: [rule:x] people = ema is no person of this file: "
     "write emma"),
    ("[rule:x]\ngroups = not kids", "groups = not kids: kids is no group of this file: write a section [group:kids]"),
    ("[rule:x]\naction = alert", "line 1: [rule:x] has no condition, so it would stop everything: write when ="),
    ("[rule:x]\nratings = above Pg-31", "above Pg-31: nobody knows from which age Pg-31 is: write above PG-13"),
    ("[rule:x]\nratings = over PG-13", "ratings = over PG-13 is no rating: write above PG-13"),
    ("[rule:x]\nratings = >R", "ratings = >R is no rating: write above R"),
    ("[rule:x]\nbitrate = 20", "bitrate = 20 is no bitrate: write above 20 Mbps"),
    ("[rule:x]\nmax_plays = 4", "max_plays = 4 is no number of plays: write 4 per month"),
    ("[rule:x]\nlocation = wann", "location = wann is not known here: write wan"),
    ("[rule:x]\nresolution = 5k", "resolution = 5k is not known here: write"),
    ("[rule:x]\ntitles = not", "titles = not has nothing behind it: write not and what it is not"),
    ("[rule:x]\ntitles = a, not b", "titles = a, not b: not turns a whole list: write it once, in front, or two rules"),
    ("[rule:x]\nmedia = film", "media = film is not known here: write"),
    ("[rule:x]\nwhen = 20:00", "when = 20:00: 20:00 is no range of times"),
    ("[rule:x]\nwhen = sat\naction = kill", "action = kill is not known here: write stop, alert or log"),
    ("[rule]\nwhen = sat", "line 1: [rule] has no name: write [rule:NAME]"),
    ("[person:emma]\nusers = emma\ncounts_for = max", "counts_for = max is no person of this file"),
    ("[usher]\ndaily = 1h", "config.ini line 2: [usher] daily is not known here: write it into [everyone]"),
    ("[everyone]\nusers = emma", "line 2: [everyone] users is not known here: write it into [person:NAME]"),
    ("[everyone]\nexempt = yes", "line 2: [everyone] exempt is not known here: write it into [person:NAME]"),
    ("dry_run = no", "config.ini line 1: there is text before the first [section]: write [usher] above it"),
    ("[usher\ndry_run = no", "config.ini line 1: a [section] is not closed: write [usher]"),
    ("[usher] dry_run = no", "config.ini line 1: there is text behind [usher]"),
    ("[usher] # mine", "config.ini line 1: there is a comment behind [usher]"),
    ("[usher]\ndry_ru", "config.ini line 2: this is neither key = value nor a [section]"),
    ("[usher]\n= no", "config.ini line 2: this is neither key = value nor a [section]: write the key"),
    ("[everyone]\ndaily = 1h\n  weekend 2h", "config.ini line 3: this is neither key = value"),
    ("[usher]\n[usher]", "config.ini line 2: [usher] stands already in line 1"),
    ("[usher]\n[person:a]\nusers=a\n[Person: A]", "config.ini line 4: [person:a] stands already in line 2"),
    ("[usher]\ndry_run = no\nDRY_RUN = yes", "config.ini line 3: dry_run stands already in line 2"),
    ("[group]\nmembers = a", "config.ini line 1: [group] has no name: write [group:NAME]"),
    ("[person:]\nusers = a", "config.ini line 1: [person:] has no name: write [person:NAME]"),
    ("[usher:mine]", "config.ini line 1: [usher:mine]: this section has no name: write [usher]"),
    ("[group:a]\nmembers =", "config.ini line 1: [group:a] has no members"),
    ("[person:a]\ndaily = 1h", "config.ini line 1: [person:a] has neither users nor devices"),
    ("[everyone]\nblocked = mon\nallowed = tue", "line 3: [everyone] allowed = tue: blocked and allowed are one"),
    ("[everyone]\nallowed = tue\nblocked = none", "line 3: [everyone] blocked = none: blocked and allowed are one"),
    (
        "[group:a]\nmembers = x\n[group:b]\nmembers = y, X",
        "line 4: [group:b] members = y, X: X stands already in [group:a]",
    ),
    (
        "[group:a]\nmembers = emma\n[group:b]\nmembers = e.mail\n[person:emma]\nusers = e.mail",
        "line 4: [group:b] members = e.mail stands already in [group:a] as emma",
    ),
    ("[group:a]\nmembers = x, y, x", "line 2: [group:a] members = x, y, x: x is named twice"),
    (
        "[group:a]\nmembers = @freinds",
        "line 2: [group:a] members = @freinds is not known to this version: write @friends",
    ),
    ("[person:a]\nusers=x\n[person:b]\nusers=X", "line 4: [person:b] users = X stands already in [person:a]"),
    (
        "[person:a]\ndevices=TV\n[person:b]\ndevices=x,tv",
        "line 4: [person:b] devices = x,tv: tv stands already in [person:a]",
    ),
    (
        "[everyone]\nunlimited_days = papa",
        "line 2: [everyone] unlimited_days = papa is no day and no name in [calendar]",
    ),
    ("[calendar]\nmon = 2026-01-01", "line 2: [calendar] mon means something else already: write another name, my-mon"),
    ("[calendar]\nnone = 2026-01-01", "line 2: [calendar] none means something else already"),
    ("[calendar]\nschool holidays = 2026-01-01", "line 2: [calendar] school holidays cannot be a name"),
    ("[calendar]\npapa = every 2 weeks", "line 2: [calendar] papa = every 2 weeks does not say when it first"),
    (
        "[calendar]\npapa = 2026-01-01, every 2 weeks from thu 2026-01-09",
        "line 2: [calendar] papa = 2026-01-01, every 2 weeks from thu 2026-01-09: every 2 weeks from thu 2026-01-09: "
        "2026-01-09 is a fri: write fri 2026-01-09 or thu 2026-01-08",
    ),
    ("[calendar]\nx = 2026-02-30", "line 2: [calendar] x = 2026-02-30 does not exist: write 2026-02-28"),
    ("[usher]\ntimezone = Zurich", "line 2: [usher] timezone = Zurich is no time zone: write Europe/Zurich"),
    ("[usher]\nday_starts = 24:00", "line 2: [usher] day_starts = 24:00 is the end of a day: write 0:00"),
    ("[usher]\nweek_starts = mo", "line 2: [usher] week_starts = mo is no day of the week: write mon"),
    ("[usher]\nlanguage = fr", "line 2: [usher] language = fr is not known here: write en"),
    ("[usher]\nkeep_history = 400", "line 2: [usher] keep_history = 400 has no unit"),
    ("[usher]\nowner_devices = TV # mine", "line 2: [usher] owner_devices = TV # mine: a comment needs"),
    ("[mail]\nport = 70000", "line 2: [mail] port = 70000 is not from 1 to 65535: write 65535"),
    ("[mail]\nport = 1.5", "line 2: [mail] port = 1.5 is no whole number"),
    ("[mail]\nadmin = me", "line 2: [mail] admin = me is no mail address"),
    ("[mail]\ncolor = red", "line 2: [mail] color = red is no color"),
    ("[plex]\nurl = 10.0.0.1:32400", "line 2: [plex] url = 10.0.0.1:32400 is no address: write http://10.0.0.1:32400"),
    ("[plex]\nurl = http://[::1", "line 2: [plex] url = http://[::1 is no address"),
    ("[plex]\nurl = http://x:port", "line 2: [plex] url = http://x:port is no address"),
    ("[plex]\nverify_tls = ys", "line 2: [plex] verify_tls = ys is not known here: write yes"),
    ("[notify]\ntautulli_notifiers = 3, three", "line 2: [notify] tautulli_notifiers = 3, three: three is no whole"),
    ("[usher]\nlanguage = \x1b[31men", "config.ini line 2: holds the control character 0x1b"),
    (b"[usher]\nlanguage = \xe4", "config.ini line 2: is not UTF-8"),
    (b"[usher]\nlanguage = e\0n", "config.ini line 2: holds a zero byte"),
    ("[usher]\ndry_run = no".encode("utf-16"), "config.ini: is saved as UTF-16: save it as UTF-8"),
    (
        "[usher]\ndry_run = no".encode("utf-16-le"),
        "config.ini line 1: holds a zero byte, so it is no plain text: save it as UTF-8",
    ),
    (b"", "config.ini: is empty"),
    (b"\xef\xbb\xbf \r\n\r\n", "config.ini: is empty"),
    (b"[usher]\n" + b"# more\n" * 200_000, "config.ini: is larger than 1000000 bytes"),
]


@pytest.mark.parametrize(("content", "problem"), MISTAKES, ids=lambda value: repr(value)[:50])
def test_a_mistake(house: House, content: bytes | str, problem: str) -> None:
    loaded = house.load(content)
    assert any(problem in line for line in loaded.problems), loaded.problems
    assert len(loaded.problems) == 1, loaded.problems
    assert loaded.in_force == config.NO_LIMITS


def test_all_mistakes_are_told_in_one_go_up_to_a_limit(house: House) -> None:
    loaded = house.load("[everyone]\ndaily = x\nweekly = y\nmonthly = z\n[usher]\nfoo = 1\n")
    assert [re.findall(r"line (\d+)", line) for line in loaded.problems] == [["2"], ["3"], ["4"], ["6"]]
    loaded = house.load("[usher]\n" + "x\n" * 1000)
    assert len(loaded.problems) == 51
    assert loaded.problems[-1] == "config.ini: and 950 more"


SECRET = "hunter2-0123456789abcdef"


@pytest.mark.parametrize(
    "text",
    [
        f"apikey = {SECRET}\n[tautulli]",
        f"[tautulli]\napikey = {SECRET}\napikey = {SECRET}",
        f"[tautulli]\napi_key = {SECRET}",
        f"[tautulli]\napikey {SECRET}",
        f"[tautulli]\n{SECRET}",
        f"[tautulli]\n{SECRET} = x",
        f"[tautulli] {SECRET}",
        f"[token = {SECRET}",
        f"[{SECRET}]",
        f"[plex:token={SECRET}]",
        f"[plex:token={SECRET}",
        f"[plex]\nverify_tls = {SECRET}",
        f"[plex]\nurl = http//:{SECRET}@host",
        f"[plex]\nurl = host/?X-Plex-Token={SECRET}",
        f"[discord]\nwebhook = {SECRET}",
        f"[mail]\npassword = {SECRET}\nbrand = {SECRET}\ncolor = {SECRET}",
        f"[mail]\nusername = {SECRET}\x07",
        f"[everyone]\ntoken = {SECRET}",
    ],
)
def test_secrets_are_never_told(house: House, text: str) -> None:
    loaded = house.load(text)
    assert loaded.problems
    assert not [line for line in loaded.problems if "hunter" in line or "0123" in line]
    loaded = house.load("[usher]\n", USHER_DISCORD_WEBHOOK=SECRET, USHER_TAUTULLI_APIKEY=f"{SECRET}\x07")
    assert len(loaded.problems) == 2
    assert "hunter" not in str(loaded.problems)


# ---- broken files, as a first configuration and as an edit of a good one ----


def takes_no_number(key: str) -> bool:
    return key not in ("port", "per_hour", "tautulli_notifiers", "max_streams", "max_locations", "tell")


def broken_files() -> list[bytes]:
    """GOOD, damaged in more than a hundred ways, the same each time."""
    dice = random.Random(20261120)
    lines = GOOD.splitlines(keepends=True)
    wrong = ["30", "1 hour", "-1h", "maybe", "sat 8-10pm", "2026-02-30", "\t,,", "%(x)s", "99:99", "[", '"', "9" * 300]
    free = ("text", "message", "secret", "names", "limit names", "members", "folder", "certificates", "list", "ratings")
    typed = [key for key, option in options.TABLE.items() if option.kind not in free]
    found: list[bytes] = [b"", b" \n", b"\0" * 500, GOOD.decode().encode("utf-16"), GOOD * 3000, b"\x7fELF" + GOOD]
    found += [dice.randbytes(dice.randint(1, 3000)) + b"\0" for _ in range(8)]
    for section, key in typed:
        name = f"{section}:one\nusers=x\nmembers=x" if section in options.NAMED else section
        value = dice.choice([w for w in wrong if w != "30" or takes_no_number(key)])
        found.append(f"[{name}]\n{key} = {value}\n".encode())
    for n, line in enumerate(lines):
        before, after = b"".join(lines[:n]), b"".join(lines[n + 1 :])
        if b" = " in line and not line.startswith(b" "):
            key = line.split(b" = ")[0]
            found.append(before + key + b"\n" + after)  # half a line
            if key not in (b"papa", b"holidays"):  # there any name is right
                found.append(before + b"x" + line + after)
            found.append(before + line + line + after)  # twice
        elif line.startswith(b"["):
            found.append(before + line[:-2] + b"\n" + after)
            found.append(before + b"[x" + line[1:] + after)
            found.append(before + line + after + line)
        found.append(before + b"\xff" + line + after)
    return found


BROKEN = broken_files()


def test_there_are_more_than_a_hundred() -> None:
    assert len({*BROKEN}) > 100


@pytest.mark.parametrize("number", range(len(BROKEN)))
def test_a_broken_file(house: House, number: int) -> None:
    content = BROKEN[number]
    loaded = house.load(content)
    if not loaded.problems:  # a wrong value by luck, or a line too few
        pytest.fail(f"no problem found in {content[:300]!r}")
    for line in loaded.problems:
        assert re.match(r"config\.ini( line \d+)?: .*\S: (write|save|copy|remove|is|this|a )|config\.ini", line), line
        assert "line" in line or "more" in line or content in (b"", b" \n") or len(content) > 100, line
        assert line.isprintable() and len(line) < 500, line
    assert loaded.in_force == config.NO_LIMITS
    assert loaded.settings["person"] == loaded.settings["group"] == {}
    usual = {"rest", "uncounted_media", "warn_before", "keep", "known_devices_only"}
    assert set(loaded.settings["everyone"]) == usual

    good = house.load(GOOD)
    assert good.in_force == "config.ini"
    edited = house.load(content)
    assert edited.problems == loaded.problems
    assert re.fullmatch(r"the last valid copy of \d{4}-\d\d-\d\d \d\d:\d\d", edited.in_force)
    assert {**edited.settings, "zone": ()} == {**good.settings, "zone": ()}
    assert house.load(content) == edited  # out of the cache


def test_a_missing_file(house: House) -> None:
    first = house.load()
    assert first.problems == ("config.ini: is missing: run python3 install.py",)
    assert first.in_force == config.NO_LIMITS
    assert list(house.folder.iterdir()) == []
    good = house.load(GOOD)
    house.path.unlink()
    gone = house.load()
    assert gone.problems == first.problems
    assert gone.settings["person"] == good.settings["person"]


def test_a_folder_in_its_place(house: House) -> None:
    house.path.mkdir()
    assert "config.ini: is a folder, not a file" in house.load().problems[0]


def test_a_pipe_in_its_place_is_not_waited_for(house: House) -> None:
    if not hasattr(os, "mkfifo"):
        pytest.skip("no pipes with a name on this system")
    os.mkfifo(house.path)
    assert "config.ini: is no ordinary file" in house.load().problems[0]


def test_an_unreadable_file(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    good = house.load(GOOD)
    house.path.chmod(0)
    if os.access(house.path, os.R_OK):  # root reads all
        real = open

        def refuse(path: object, *rest: object, **more: object) -> object:
            if path == str(house.path):
                raise PermissionError(13, "Permission denied")
            return real(path, *rest, **more)  # type: ignore[call-overload]

        monkeypatch.setattr("builtins.open", refuse)
    loaded = house.load()
    assert "config.ini: cannot be read (Permission denied)" in loaded.problems[0]
    assert loaded.settings["person"] == good.settings["person"]


@given(
    st.one_of(
        st.binary(max_size=200),
        st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")),
        st.tuples(st.integers(0, len(GOOD)), st.integers(0, len(GOOD)), st.binary(max_size=9)).map(
            lambda cut: GOOD[: cut[0]] + cut[2] + GOOD[cut[1] :]
        ),
    )
)
def test_any_content_compiles_to_settings_or_mistakes(content: bytes) -> None:
    compiled = settings.compiled(content, "config.ini", {}, str, 1_800_000_000)
    assert marshal.dumps(compiled.settings)
    assert all(line.startswith("config.ini") and line.isprintable() for line in compiled.problems)


# ---- variables ----


@pytest.mark.parametrize("content", ["", "[usher]\n", "[everyone]\ndaily = 2h\n[person:emma]\nusers = a\n"])
def test_variables_override_every_key(house: House, content: str) -> None:
    variables = {
        "USHER_USHER_DRY_RUN": "no",
        "USHER_TAUTULLI_APIKEY": "k",
        "USHER_EVERYONE_DAILY": "1h",
        "USHER_EVERYONE_UNLIMITED_DAYS": "exams",
        "USHER_CALENDAR_EXAMS": "2026-06-01",
        "USHER_PERSON_EMMA_USERS": "emma, e2",
        "USHER_PERSON_EMMA_UNLIMITED_DAYS": "sun",
        "USHER_GROUP_BIG_ONES_MEMBERS": "emma",
        "USHER_CONFIG": "/nowhere",
        "USHER_PORT": "tcp://10.0.0.1:80",  # what Kubernetes makes of a service of that name
        "USHER_EVERYONE_WEEKLY": "",
    }
    loaded = house.load(content, **variables)
    assert loaded.problems == ()
    assert loaded.get("usher", "dry_run") is False
    assert loaded.get("tautulli", "apikey") == "k"
    assert loaded.get("everyone", "daily") == (((), 3600),)
    assert loaded.get("everyone", "unlimited_days") == (("calendar", "exams"),)
    assert loaded.get("person:emma", "users") == ("emma", "e2")
    assert loaded.get("person:emma", "unlimited_days") == (("weekday", 6),)
    assert loaded.get("group:big_ones", "members") == ("emma",)


def test_people_keys_and_their_defaults(house: House) -> None:
    loaded = house.load("[prune]\nvip = mom, 12345\n[guest:lisa]\nuser = lisa@example.com\nexpires = 2026-09-01")
    assert loaded.problems == ()
    prune, welcome = loaded.settings["prune"], loaded.settings["welcome"]
    assert prune == {
        "enabled": False, "warn_after": 27 * 86400, "remove_after": 30 * 86400, "new_user_grace": 86400,
        "min_notice": 3 * 86400, "check_every": 1800, "vip": ("mom", "12345"), "max_removals": 3,
        "max_removals_percent": 20, "home_users": "skip", "tautulli_user": "delete", "export": True, "dry_run": None,
    }  # fmt: skip
    assert welcome == {
        "enabled": False, "joined_within": 2 * 86400, "check_every": 120, "house_rules": True, "dry_run": None
    }
    assert loaded.get("guest:lisa", "user") == "lisa@example.com"
    assert loaded.get("guest:lisa", "expires") == date(2026, 9, 1).toordinal()


def test_half_a_file_removes_nobody(house: House) -> None:
    """With no valid configuration ever, what was right in the broken one does not hold either."""
    loaded = house.load("[prune]\nenabled = yes\ndry_run = no\n[guest:a]\nuser = a\nexpires = 2020-01-01\n[oops]")
    assert loaded.problems and not loaded.get("prune", "enabled") and loaded.get("prune", "dry_run") is None
    assert loaded.settings["guest"] == {} and loaded.settings["welcome"]["enabled"] is False


def test_every_key_of_the_table_has_a_variable(house: House) -> None:
    for (section, key), option in options.TABLE.items():
        value = option.example or option.default or "http://example.com/x"
        if key in ("members", "users"):
            continue
        more = {"USHER_PERSON_X_USERS": "x", "USHER_GROUP_X_MEMBERS": "x", "USHER_RULE_X_WHEN": "sat"}
        more |= {"USHER_PERSON_EMMA_USERS": "e", "USHER_PERSON_MAX_USERS": "m", "USHER_GROUP_KIDS_MEMBERS": "k"}
        more |= {"USHER_GUEST_X_USER": "x", "USHER_GUEST_X_EXPIRES": "2026-09-01"}
        name = f"{section}_x_{key}" if section in options.NAMED else f"{section}_{key}"
        loaded = house.load("[usher]\n", **{**more, f"USHER_{name}".upper(): value})
        assert loaded.problems == (), name
        place = f"{section}:x" if section in options.NAMED else section
        assert loaded.get(place, key) not in (None, ""), name


@pytest.mark.parametrize(
    ("variable", "value", "problem"),
    [
        ("USHER_EVERYONE_DAILY", "30", "USHER_EVERYONE_DAILY = 30 has no unit: write 30m or 30h"),
        ("USHER_EVERYONE_DALY", "1h", "USHER_EVERYONE_DALY: daly is not known to this version: write daily"),
        (
            "USHER_TAUTULI_APIKEY",
            "x",
            "USHER_TAUTULI_APIKEY: is not known to this version: write USHER_TAUTULLI_APIKEY",
        ),
        (
            "USHER_PERSON_EMMA_DALY",
            "1h",
            "USHER_PERSON_EMMA_DALY: is not known to this version: write USHER_PERSON_NAME_DAILY",
        ),
        ("USHER_PERSON_A_B_DAILY", "1h", "USHER_PERSON_A_B_DAILY: can mean [person:a b] or [person:a-b]"),
        ("USHER_PERSON_NEW_DAILY", "1h", "USHER_PERSON_NEW_DAILY: [person:new] has neither users nor devices"),
        ("USHER_EVERYONE_ALLOWED", "mon", "USHER_EVERYONE_ALLOWED = mon: blocked and allowed are one setting"),
        ("USHER_USHER_TIMEZONE", "Zurich", "USHER_USHER_TIMEZONE = Zurich is no time zone: write Europe/Zurich"),
        ("USHER_USHER", "x", "USHER_USHER: names no key: write USHER_USHER_KEY"),
        ("USHER_EVERYONE_MESSAGE", "a\x1bb", "USHER_EVERYONE_MESSAGE: holds the character 0x1b: remove it"),
    ],
)
def test_a_wrong_variable_is_named(house: House, variable: str, value: str, problem: str) -> None:
    content = "[everyone]\nblocked = tue\nweekly = 9h\n[person:a b]\nusers = a\n[person:a-b]\nusers = b\n"
    assert house.load(content).problems == ()
    loaded = house.load(content, **{variable: value})
    assert len(loaded.problems) == 1
    assert loaded.problems[0].startswith(problem)
    assert loaded.in_force.startswith("the last valid copy of")
    assert loaded.get("everyone", "weekly") == 9 * 3600


def test_an_emptied_file_is_no_wish_to_lift_all_limits(house: House) -> None:
    house.load("[everyone]\nweekly = 9h\n", USHER_EVERYONE_DAILY="1h")
    loaded = house.load("", USHER_EVERYONE_DAILY="1h")
    assert loaded.problems[0].startswith("config.ini: is empty")
    assert loaded.get("everyone", "weekly") == 9 * 3600
    assert house.load("[usher]", USHER_EVERYONE_DAILY="1h").problems == ()


def test_a_broken_first_file_keeps_what_is_needed_to_tell_the_owner(house: House) -> None:
    text = (
        "[tautulli]\nurl = http://h:1\napikey = k\n[notify]\ntautulli_notifiers = 3\n[everyone]\ndaily = 1h\nweekly = x"
    )
    loaded = house.load(text)
    assert loaded.in_force == config.NO_LIMITS
    assert loaded.get("tautulli", "url") == "http://h:1"
    assert loaded.get("notify", "tautulli_notifiers") == (3,)
    assert loaded.get("everyone", "daily") is None
    assert loaded.get("usher", "dry_run") is True


# ---- the data folder, the cache, the last valid copy ----


def test_the_path_comes_from_argument_variable_or_bundle(house: House) -> None:
    house.path.write_text("[usher]\n")
    assert config.load(None, {"USHER_CONFIG": str(house.path)}).path == str(house.path)
    assert config._path(None, {}) == str(ROOT / "config.ini")


def test_the_stamp_changes_with_content_and_variables(house: House) -> None:
    stamps = [config.stamp(str(house.path), {})]
    for content, variables in [
        ("", {}),
        ("[usher]\n", {}),
        ("[usher]\n\n", {}),
        ("[usher]\nx", {}),
        ("[usher]\n", {"USHER_USHER_DRY_RUN": "no"}),
        ("[usher]\n", {"USHER_USHER_DRY_RUN": "yes"}),
    ]:
        loaded = house.load(content, **variables)
        assert loaded.stamp == config.stamp(str(house.path), variables) == house.load(**variables).stamp
        stamps.append(loaded.stamp)
    assert len(set(stamps)) == len(stamps)
    assert config.stamp(str(house.path), {"HOME": "x"}) == config.stamp(str(house.path), {})


GARBAGE = b"\0\1\2 not at all"


@pytest.mark.parametrize("edit", [b"[usher]\ndata_dir = elsewhere\ndaly", GARBAGE, b"", None])
@pytest.mark.parametrize("where", ["elsewhere", "../outside/deep"])
def test_the_data_folder_is_found_when_the_file_is_broken(tmp_path: Path, edit: bytes | None, where: str) -> None:
    house = House(tmp_path / "usher")
    house.folder.mkdir()
    good = house.load(GOOD.replace(b"[usher]\n", f"[usher]\ndata_dir = {where}\n".encode()))
    folder = os.path.abspath(house.folder / where)
    assert good.get("usher", "data_dir") == folder
    assert not house.data.exists()
    house.path.write_bytes(edit) if edit is not None else house.path.unlink()
    loaded = house.load()
    assert loaded.in_force.startswith("the last valid copy")
    assert loaded.get("usher", "data_dir") == folder
    assert not house.data.exists()
    assert house.load(GOOD).get("usher", "data_dir") == str(house.data)  # the line is gone on purpose
    assert house.load(GARBAGE).get("usher", "data_dir") == str(house.data)


def test_the_variable_for_the_data_folder_wins(house: House) -> None:
    other = str(house.folder / "other")
    good = house.load(GOOD.replace(b"[usher]\n", b"[usher]\ndata_dir = x\n"), USHER_USHER_DATA_DIR=other)
    assert good.get("usher", "data_dir") == other
    assert sorted(os.listdir(house.folder)) == ["config.ini", "other"]
    loaded = house.load(GARBAGE, USHER_USHER_DATA_DIR=other)
    assert loaded.get("person:emma", "users") == ("emma",)


def test_files_are_private(house: House) -> None:
    house.load(GOOD)
    if os.name != "posix":
        pytest.skip("modes are those of POSIX")
    assert stat.S_IMODE(house.data.stat().st_mode) == 0o700
    assert {p.name: stat.S_IMODE(p.stat().st_mode) for p in house.data.iterdir()} == {
        config.CACHE: 0o600,
        config.VALID_COPY: 0o600,
    }


def test_files_belong_to_the_owner_of_the_data_folder(house: House) -> None:
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        pytest.skip("only root can give files away")
    os.chown(house.folder, 1234, 1235)
    house.load(GOOD.replace(b"[usher]\n", b"[usher]\ndata_dir = a/b\n"))
    inner = house.folder / "a" / "b"
    for path in (inner.parent, inner, *inner.iterdir(), house.folder / ".config.ini.data_dir"):
        assert (path.stat().st_uid, path.stat().st_gid) == (1234, 1235), path


def test_the_valid_copy_is_written_when_the_content_changed_only(house: House) -> None:
    house.load(GOOD)
    copy = house.data / config.VALID_COPY
    os.utime(copy, (1_700_000_000, 1_700_000_000))
    (house.data / config.CACHE).unlink()
    house.load(GOOD)
    assert copy.stat().st_mtime == 1_700_000_000
    assert house.load(GOOD + b"x").in_force == "the last valid copy of 2023-11-14 23:13"  # as in Zurich
    assert copy.read_bytes() == GOOD
    house.load(GOOD + b"weekly = 9h\n")
    assert copy.read_bytes() == GOOD + b"weekly = 9h\n"


def test_a_damaged_valid_copy_is_not_used(house: House) -> None:
    house.load(GOOD)
    (house.data / config.CACHE).unlink()
    for damage in (b"", b"[usher", GOOD + b"\0"):
        (house.data / config.VALID_COPY).write_bytes(damage)
        assert house.load(GARBAGE).in_force == config.NO_LIMITS
        (house.data / config.CACHE).unlink()


def test_valid_settings_survive_the_loss_of_the_systems_zone_data(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    from shared import zone

    house.load(GOOD)
    (house.data / config.CACHE).unlink()
    monkeypatch.setattr(zone, "_zoneinfo", lambda name: None)
    monkeypatch.setattr(zone, "_dateutil", lambda name: None)
    loaded = house.load()
    assert "Europe/Zurich is no time zone" in loaded.problems[0]
    assert loaded.get("person:emma", "users") == ("emma",)


REPEATING = GOOD.replace(b"papa = ", b"papa = every 2 weeks from fri 2026-01-09 18:00 for 7d, ")


def test_what_repeats_is_reckoned_once_for_years_and_then_read_from_the_cache(house: House) -> None:
    papa = house.load(REPEATING).settings["calendar"]["papa"]
    begins = [began for began, _ in papa]
    first = date(2026, 1, 9).toordinal() * 86400 + 18 * 3600
    assert first in begins and all((began - first) % (14 * 86400) == 0 for began in begins if began > first)
    now = (date.today().toordinal()) * 86400
    assert papa[-1][1] > now + 3 * 365 * 86400
    code = f"""
import sys
from shared import config
loaded = config.load({str(house.path)!r})
print(len(loaded.settings["calendar"]["papa"]), *sorted(sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    count, *modules = done.stdout.split()
    assert int(count) == len(papa)
    assert not {"dateutil", "shared.recurrence", "shared.settings"} & set(modules)


def test_valid_settings_survive_the_loss_of_dateutil_but_for_what_repeats(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    from shared import packages

    whole = house.load(REPEATING).settings
    (house.data / config.CACHE).unlink()
    monkeypatch.setitem(sys.modules, "dateutil.rrule", None)
    monkeypatch.setattr(packages, "provide", lambda: ["dateutil"])
    loaded = house.load()
    assert len(loaded.problems) == 1
    assert "line 8: [calendar] papa = every 2 weeks from fri 2026-01-09 18:00 for 7d, 2026" in loaded.problems[0]
    assert "missing Python packages: dateutil; run: " in loaded.problems[0]
    assert loaded.in_force.startswith("the last valid copy of ")
    assert loaded.get("person:emma", "users") == ("emma",)
    assert loaded.settings["calendar"] == {**whole["calendar"], "papa": house.load(GOOD).settings["calendar"]["papa"]}
    # another start of the same Python may have it: nothing of this is kept
    house.load(REPEATING)
    monkeypatch.undo()
    assert house.load().problems == () and house.load().settings["calendar"] == whole["calendar"]


def test_of_a_first_configuration_without_dateutil_only_what_is_right_holds(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    from shared import packages

    monkeypatch.setitem(sys.modules, "dateutil.rrule", None)
    monkeypatch.setattr(packages, "provide", lambda: ["dateutil"])
    house.data.mkdir()
    loaded = house.load(REPEATING)
    assert loaded.in_force == config.NO_LIMITS and len(loaded.problems) == 1
    assert not (house.data / config.CACHE).exists()


def repack(change: object) -> object:
    """A cache file as another version would have written it."""

    def apply(content: bytes) -> bytes:
        start = len(config._MAGIC) + 4
        body = marshal.dumps(change(*marshal.loads(content[start:])))  # type: ignore[operator]
        return config._MAGIC + zlib.crc32(body).to_bytes(4, "big") + body

    return apply


@pytest.mark.parametrize(
    "damage",
    [
        lambda c: b"",
        lambda c: c[:10],
        lambda c: c[:-1],
        lambda c: c + b"x",
        lambda c: c[:200] + bytes([c[200] ^ 1]) + c[201:],
        lambda c: b"\0" * len(c),
        lambda c: c.replace(b"cache 2", b"cache 1"),
        repack(lambda key, at, loaded: (key[:4] + ("9.9",) + key[5:], at, loaded)),
        repack(lambda key, at, loaded: (key[:5] + ("another Python",) + key[6:], at, loaded)),
        repack(lambda key, at, loaded: (key, at - config.MAX_AGE - 100, loaded)),
        repack(lambda key, at, loaded: (key, at + 1000, loaded)),
        repack(lambda key, at, loaded: (key, at, loaded[:3])),
        repack(lambda key, at, loaded: (key, "then", loaded)),
        repack(lambda key, at, loaded: key),
    ],
)
def test_a_cache_that_is_damaged_old_or_of_another_version_is_rebuilt(house: House, damage: object) -> None:
    good = house.load(GOOD)
    cache = house.data / config.CACHE
    cache.write_bytes(damage(cache.read_bytes()))  # type: ignore[operator]
    spoiled = cache.read_bytes()
    again = house.load()
    assert {**again.settings, "zone": ()} == {**good.settings, "zone": ()}
    assert cache.read_bytes() != spoiled
    assert [p.name for p in house.data.iterdir() if p.name.endswith(".tmp")] == []


def test_an_unwritable_data_folder_does_not_matter(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.data.write_text("a file where the folder should be")
    assert house.load(GOOD).in_force == "config.ini"
    house.data.unlink()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    assert house.load(GOOD).in_force == "config.ini"
    assert list(house.data.iterdir()) == []
    monkeypatch.setattr(os, "mkdir", full)
    house.data.rmdir()
    assert house.load(GOOD).in_force == "config.ini"
    assert not house.data.exists()


def test_many_processes_at_once_leave_one_good_cache(house: House) -> None:
    house.path.write_bytes(GOOD)
    code = f"from shared import config; assert config.load({str(house.path)!r}, {{}}).problems == ()"
    running = [subprocess.Popen([sys.executable, "-c", code], cwd=ROOT) for _ in range(12)]
    assert [process.wait() for process in running] == [0] * 12
    assert sorted(os.listdir(house.data)) == [config.CACHE, config.VALID_COPY]


OURS = {"shared.grammar", "shared.values", "shared.options", "shared.inifile", "shared.settings", "shared.zone",
        "shared.recurrence"}  # fmt: skip


@pytest.mark.parametrize("content", [GOOD, GOOD + b"broken"])
def test_a_warm_load_imports_nothing_and_takes_less_than_a_millisecond(house: House, content: bytes) -> None:
    house.load(GOOD)
    house.path.write_bytes(content)
    (house.data / config.CACHE).unlink()
    code = f"""
from __future__ import annotations
import os, sys, time, typing, marshal, zlib
before = set(sys.modules)
from shared import config
path = {str(house.path)!r}
def seconds():
    began = time.perf_counter()
    config.load(path)
    return time.perf_counter() - began
first = seconds()
print(first, min(seconds() for _ in range(20)), *sorted(set(sys.modules) - before))
"""
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    runs = [
        subprocess.run(
            [sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=True
        ).stdout.split()
        for _ in range(2)
    ]
    cold, warm = runs
    assert set(cold[2:]) >= OURS
    assert set(warm[2:]) == {"shared", "shared.config", "shared.files", "shared.texts"}
    assert float(warm[1]) < 0.001
    assert float(warm[1]) < float(cold[0])
