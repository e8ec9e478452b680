"""install.py import: the files of other programs, as sections that this config.ini takes."""
import subprocess
import sys

import pytest

from shared.config import load
from shared.jobs import env_files, moving_in
from tests.sandbox.bundle import PROJECT

KEY, TOKEN, PASSWORD = "0123456789abcdef0123456789abcdef", "abcdefghijklmnop1234", "app password # 1"
NO_PLEX = f"""# no-plex
TAUTULLI_URL=http://127.0.0.1:8181
export TAUTULLI_API_KEY={KEY}
ENABLE_BEDTIME=1   # on
KILL_MESSAGE="Go to bed, it's late"

MAX_SESSION_DURATION_MINUTES='30'
MAX_TOTAL_MINUTES=90
PAUSE_THRESHOLD=120
"""
AS_ENV = f"""PLEX_TOKEN={TOKEN}
PLEX_SERVER_NAME=My Plex Server
TAUTULLI_URL=http://192.168.1.113:8181
SMTP_HOST=smtp.example.com
SMTP_PORT=465
SMTP_USERNAME=me@example.com
SMTP_PASSWORD="{PASSWORD}"
SMTP_FROM=Plex Admin <me@example.com>
ADMIN_EMAIL=admin@example.com
WARN_DAYS=20
KICK_DAYS=40
CHECK_NEW_USERS_SECS=90
CHECK_INACTIVITY_SECS=5400
VIP_NAMES=mom, dad
DRY_RUN=true
LINK_DISCORD=https://example.com
TZ=Europe/Zurich
"""
AS_MAP = f"""version: '3.8'
services:
  guardian:
    image: example/plex-auto-prune:latest  # environment:
    environment:
      # Plex
      PLEX_TOKEN: {TOKEN}
      PLEX_SERVER_NAME: ${{PLEX_SERVER_NAME:-My Plex Server}}
      TAUTULLI_URL: "http://192.168.1.113:8181"
      TAUTULLI_API_KEY: ${{TAUTULLI_API_KEY}}

      SMTP_HOST: ${{SMTP_HOST:-smtp.example.com}}
      SMTP_PORT: 465
      SMTP_USERNAME: me@example.com
      SMTP_PASSWORD: '{PASSWORD}'
      SMTP_FROM: "Plex Admin <me@example.com>"
      ADMIN_EMAIL: admin@example.com
      WARN_DAYS: 20
      KICK_DAYS: ${{KICK_DAYS:-40}}
      CHECK_NEW_USERS_SECS: 90
      CHECK_INACTIVITY_SECS: 5400
      VIP_NAMES: mom, dad
      DRY_RUN: true
      LINK_DISCORD: https://example.com
      TZ: Europe/Zurich
    volumes:
      - WARN_DAYS=1:/state
  other:
    command: WARN_DAYS=2
"""
AS_LIST = "services:\r\n  guardian:\r\n    environment:\r\n" + "".join(
    f"    - {line}\r\n" if n % 2 else f'    - "{line}"\r\n' for n, line in enumerate(
        line.replace('"', "") for line in AS_ENV.splitlines()))


def sections(found):
    """Every setting by `section.key`, wherever it went."""
    return {f"{s}.{k}": v for (s, k), v in {**found.keys, **found.later}.items()}


def imported(folder, text):
    path = folder / "file"
    path.write_bytes(text.encode())
    return moving_in.read(str(path))


def test_no_plex(tmp_path):
    found = imported(tmp_path, NO_PLEX)
    assert sections(found) == {
        "tautulli.url": "http://127.0.0.1:8181", "tautulli.apikey": KEY, "everyone.daily": "1h30m",
        "everyone.sitting": "30m", "everyone.rest": "2m", "everyone.blocked": "everyday 22:30-13:00",
        "everyone.unlimited_days": "sun", "everyone.message": "Go to bed, it's late"}
    assert found.later == {} and any("dry_run = no" in note for note in found.notes)


@pytest.mark.parametrize("bedtime, blocked, said", [
    ("0", False, "was read as off"), ("", False, "was read as off"), ("1", True, "22:30 to 13:00")])
def test_bedtime_is_what_it_says(tmp_path, bedtime, blocked, said):
    found = imported(tmp_path, f"ENABLE_BEDTIME={bedtime}\nMAX_TOTAL_MINUTES=\n")
    assert ("everyone.blocked" in sections(found)) == blocked
    assert any(said in note for note in found.notes)
    assert any("daily = 60m" in note for note in found.notes) and "everyone.daily" not in sections(found)


@pytest.mark.parametrize("text", [AS_ENV, AS_MAP, AS_LIST], ids=["env", "map", "list"])
def test_plex_auto_prune(tmp_path, text):
    found = imported(tmp_path, text)
    assert sections(found) == {
        "plex.token": TOKEN, "tautulli.url": "http://192.168.1.113:8181", "usher.timezone": "Europe/Zurich",
        "mail.host": "smtp.example.com", "mail.port": "465", "mail.security": "tls",
        "mail.username": "me@example.com", "mail.password": PASSWORD, "mail.from": "Plex Admin <me@example.com>",
        "mail.admin": "admin@example.com", "prune.enabled": "yes", "prune.dry_run": "yes", "prune.warn_after": "20d",
        "prune.remove_after": "40d", "prune.check_every": "1h30m", "prune.vip": "mom, dad, admin@example.com",
        "welcome.enabled": "yes", "welcome.dry_run": "yes", "welcome.check_every": "1m30s"}
    notes = "\n".join(found.notes)
    assert "PLEX_SERVER_NAME was not carried over" in notes and "LINK_DISCORD was not carried over" in notes
    assert "left out" not in notes


def test_what_is_wrong_there_is_said_not_written(tmp_path):
    found = imported(tmp_path, "WARN_DAYS=soon\nSMTP_PORT=99999\nTZ=Mars/Base\nMY_OWN=1\nLINK_X=y\n")
    notes = "\n".join(found.notes)
    for words in ("WARN_DAYS was not carried over: its value is no number", "[mail] port was not carried over",
                  "[usher] timezone was not carried over", "no settings of these programs: MY_OWN"):
        assert words in notes
    assert not {"mail.port", "usher.timezone", "prune.warn_after"} & set(sections(found))


@pytest.mark.parametrize("text, reason", [
    ("", "sets no variable"), ("hello there\n", "sets no variable"), ("A=1\n", "no setting of no-plex"),
    ("A=\0\n", "neither an env file"), ("services:\n  x:\n    image: y\n", "sets no variable")])
def test_files_that_are_none(tmp_path, text, reason):
    with pytest.raises(moving_in.UsherError, match=reason):
        imported(tmp_path, text)


def test_reading_of_env_lines():
    assert env_files.env("A=1\n B = 'x # y' # z\nexport C=\"q\"\n# D=1\nE=\nno line\n1F=2\nG=a#b\nH= # c\n") == {
        "A": "1", "B": "x # y", "C": "q", "E": "", "G": "a#b", "H": ""}


def test_reading_of_compose_defaults():
    text = "environment:\n  A: ${B:-x y}\n  B: ${B-}\n  C: ${C}\n  D: ${D:?needed}\n  E: a${F}\n"
    assert env_files.compose(text) == {"A": "x y", "B": "", "C": "", "D": "", "E": "a${F}"}


# ---- into config.ini ----

def run(*args):
    done = subprocess.run([sys.executable, PROJECT / "install.py", "import", *map(str, args)], capture_output=True,
                          text=True, timeout=60)
    assert not any(secret in done.stdout + done.stderr for secret in (KEY, TOKEN, PASSWORD)), done
    assert "Traceback" not in done.stderr
    return done


def test_it_prints_sections_without_secrets(tmp_path):
    (tmp_path / ".env").write_text(NO_PLEX)
    done = run(tmp_path / ".env")
    assert done.returncode == 0 and "[everyone]\n" in done.stdout and "apikey = ***" in done.stdout
    assert "daily = 1h30m\n" in done.stdout


@pytest.mark.parametrize("text", [NO_PLEX, AS_MAP], ids=["no-plex", "prune"])
@pytest.mark.parametrize("before", ["", "example", "own\r\n"])
def test_to_a_config(tmp_path, text, before):
    path, source = tmp_path / "config.ini", tmp_path / "file"
    source.write_text(text)
    old = {"": "", "example": (PROJECT / "config.ini.example").read_text()}.get(
        before, "# mine\r\n[everyone]\r\nweekly = 9h\r\ndaily = 2h\r\n\r\n[tautulli]\r\nurl =\r\n")
    path.write_bytes(old.encode())
    done = run(source, "--to", path)
    assert done.returncode == 0, done
    new = path.read_bytes().decode()
    config = load(str(path), {})
    assert config.problems == ()
    assert ("\r\n" in new) == ("\r\n" in old) and new.count("\n") == new.count("\r\n") or "\r\n" not in old
    assert config.get("tautulli", "url") == ("http://127.0.0.1:8181" if text is NO_PLEX else "http://192.168.1.113:8181")
    if text is NO_PLEX:
        assert config.get("tautulli", "apikey") == KEY
        assert config.get("everyone", "daily") == (((), 7200 if before == "own\r\n" else 5400),)
        assert ("stay as they are" in done.stdout) == (before != "")
    else:
        assert config.get("mail", "password") == PASSWORD
    if before == "own\r\n":
        assert new.startswith("# mine\r\n[everyone]\r\n") and "weekly = 9h\r\n" in new
    run(source, "--to", path)
    assert path.read_bytes().decode() == new  # a second time adds nothing
    kept = [line for line in old.replace("\r\n", "\n").split("\n") if line and not line.rstrip().endswith("=")]
    assert [line for line in kept if line not in new.replace("\r\n", "\n").split("\n")] == []


def test_what_would_make_it_invalid_is_refused(tmp_path):
    path = tmp_path / "config.ini"
    path.write_text("[everyone]\nallowed = weekend\n")
    (tmp_path / ".env").write_text(NO_PLEX)
    done = run(tmp_path / ".env", "--to", path)
    assert done.returncode == 1 and "nothing was written" in done.stderr and "blocked" in done.stderr
    assert path.read_text() == "[everyone]\nallowed = weekend\n"


def test_a_setting_of_a_later_version_is_a_comment(tmp_path):
    path = tmp_path / "config.ini"
    path.write_text("[usher]\ndry_run = yes\n")
    found = moving_in.Imported({}, {("nosuch", "key"): "5"}, ())
    for _ in range(2):
        moving_in.into(str(path), found)
    assert path.read_text() == f"[usher]\ndry_run = yes\n\n{moving_in.LATER}\n# [nosuch]\n# key = 5\n"
    assert "# key = 5" in moving_in.text(found)
    known = moving_in._sorted_out({"nosuch.key": "5", "usher.nosuch": "6", "usher.dry_run": "no"}, [])
    assert known.keys == {("usher", "dry_run"): "no"}
    assert set(known.later) == {("nosuch", "key"), ("usher", "nosuch")}


def test_the_file_keeps_its_permissions(tmp_path):
    path = tmp_path / "config.ini"
    path.write_text("[usher]\n")
    path.chmod(0o640)
    (tmp_path / ".env").write_text(NO_PLEX)
    run(tmp_path / ".env", "--to", path)
    assert path.stat().st_mode & 0o777 == 0o640 and [p.name for p in tmp_path.glob("*.new")] == []
