"""Every script under every Python, with its packages from each place there is, and without any."""
import base64
import hashlib
import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from shared import packages
from shared.jobs import pythons
from tests.deep import diagonal
from tests.installing import Clone, clear
from tests.sandbox.processes import find_python
from tests.sandbox.world import World

LIBRARY = ("requests", "urllib3", "certifi", "charset_normalizer", "idna", "plexapi", "dateutil", "six.py")
VERSIONS = ("3.10", "3.11", "3.12", "3.13")
LOOK = ("import sys; sys.path.insert(0, {root!r}); from shared import packages; print(*packages.provide(), sep=','); "
        "import requests, plexapi, dateutil; print(requests.__file__, plexapi.__file__, dateutil.__file__, sep='\\n')")
EVENT = ["--event=play", "--session-key=7", "--user-id=201", "--username=emma", "--machine-id=m1", "--player=TV",
         "--rating-key=42", "--media-type=movie", "--title=Alien", "--state=playing"]


def interpreters():
    """Version -> path, of those that are here."""
    found = {}
    for version in VERSIONS:
        try:
            found[version] = find_python(version)
        except RuntimeError:
            if sys.version_info[:2] == tuple(map(int, version.split("."))):
                found[version] = sys.executable
    return found


PYTHONS = interpreters()


@pytest.fixture(scope="module")
def house(host):
    with World(host=host) as world:
        yield world


@pytest.fixture
def clone(house, tmp_path):
    yield Clone(house, tmp_path)
    clear(house)


def link_packages(folder):
    """The packages of this Python in a folder; they are plain Python."""
    folder.mkdir(parents=True, exist_ok=True)
    here = Path(sysconfig.get_paths()["purelib"])
    for name in LIBRARY:
        (folder / name).symlink_to(here / name)


def equipped(python, source, clone):
    """An interpreter without any packages of its own, the environment, and the folder it is to find them in."""
    python = venv(python, clone.home / "bare")
    if source == "site-packages":
        python = venv(python, clone.home / "with")
        place = next((clone.home / "with").glob("lib/python*/site-packages"))
    else:
        place = {"vendor": clone.root / "vendor", "Tautulli's lib": clone.home / "Tautulli" / "lib"}.get(source)
    if place:
        link_packages(place)
    (clone.home / "Tautulli").mkdir(exist_ok=True)
    (clone.home / "Tautulli" / "Tautulli.py").touch()  # one of ~/… where a Tautulli usually is
    return python, clone.environment(PYTHONDONTWRITEBYTECODE="1"), place


def venv(python, folder):
    subprocess.run([python, "-I", "-m", "venv", "--without-pip", folder], check=True, capture_output=True)
    return str(folder / "bin" / "python")


@pytest.mark.skipif(os.name == "nt", reason="links")
@pytest.mark.parametrize("version, source", diagonal(
    [*PYTHONS], ["Tautulli's lib", "site-packages", "vendor", "none"], 2))
def test_every_script_starts(version, source, clone):
    clone.config.write_text("[everyone]\ndaily = 1h\n")
    python, env, place = equipped(PYTHONS[version], source, clone)

    def run(*command, status=0):
        done = subprocess.run([python, *command], cwd=clone.agents, env=env, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=30)
        assert done.returncode == status and "Traceback" not in done.stderr, done
        return done

    for words, said in ((["limit_streams.py", "--help"], "line of arguments"), (["journal.py"], "usher journal"),
                        (["limit_streams.py", "status"], ""), (["limit_streams.py", *EVENT], "play: emma"),
                        (["../install.py", "--help"], "usage: install.py"),
                        (["../install.py", "schedule", "--help"], "usage: install.py schedule")):
        done = run(*words)
        assert said in done.stdout and not done.stderr, done
    line = run("limit_streams.py", "nosuch", status=1).stderr
    assert line.startswith("Usher: ") and line.count("\n") == 1
    look = subprocess.run([python, "-c", LOOK.format(root=str(clone.root))], env=env, capture_output=True, text=True)
    lacking, *files = look.stdout.splitlines()
    if source == "none":
        assert lacking == "requests,plexapi,dateutil"
        advice = "import sys; sys.path.insert(0, '..'); from shared import packages as p; print(p.advice(p.provide()))"
        said = run("-c", advice).stdout
        assert said.startswith("missing Python packages: requests, plexapi, dateutil; run: ") and said.count("\n") == 1
    else:
        assert lacking == "" and len(files) == 3, look
        assert {str(Path(f).parent.parent) for f in files} == {str(place)}, look


# ---- filling vendor/ ----

def wheel(folder, name, module, version, tag="py3"):
    """A package that holds nothing but where it is from."""
    stem = f"{name.replace('-', '_')}-{version}"
    files = {f"{module}/__init__.py": f"FROM = {tag!r}\n", f"{stem}.dist-info/METADATA":
             f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n", f"{stem}.dist-info/WHEEL":
             f"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: {tag}-none-any\n"}
    record = "".join(f"{path},sha256={digest(text)},{len(text)}\n" for path, text in files.items())
    files[f"{stem}.dist-info/RECORD"] = f"{record}{stem}.dist-info/RECORD,,\n"
    with zipfile.ZipFile(folder / f"{stem}-{tag}-none-any.whl", "w") as f:
        for path, text in files.items():
            f.writestr(path, text)


def digest(text):
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


@pytest.fixture
def index(tmp_path):
    """The environment in which pip finds three packages here and nothing else; each in a build for two Pythons."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    for tag in ("py310", "py313"):
        wheel(folder, "requests", "requests", "2.99", tag)
        wheel(folder, "plexapi", "plexapi", "4.99.0", tag)
        wheel(folder, "python-dateutil", "dateutil", "2.99", tag)
    return {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(folder), "PIP_CONFIG_FILE": os.devnull}


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    """bare("3.10") is a Python without packages, but with pip; each is made once."""
    made = {}

    def make(version, pip=True):
        if (version, pip) not in made:
            try:
                python = find_python(version)
            except RuntimeError:
                pytest.skip(f"no Python {version} here")
            folder = tmp_path_factory.mktemp("python")
            options = [] if pip else ["--without-pip"]
            subprocess.run([python, "-I", "-m", "venv", *options, folder], check=True, capture_output=True)
            made[version, pip] = str(folder / "bin" / "python")
        return made[version, pip]
    return make


def test_vendor_is_filled_once(clone, index, bare):
    python = bare("3.10")
    said = clone.good("--yes", python=python, **index)
    assert f"fetched   requests, plexapi, dateutil into {clone.root / 'vendor'}" in said
    assert {p.name for p in (clone.root / "vendor").iterdir()} >= {"requests", "plexapi", "dateutil"}
    assert "fetch" not in clone.good("--yes", python=python, **index)


def test_a_dry_run_fetches_nothing(clone, index, bare):
    said = clone.good("--dry-run", python=bare("3.10", pip=False), **index)
    assert "would fetch requests, plexapi, dateutil" in said and not (clone.root / "vendor").exists()


@pytest.mark.parametrize("pip", [True, False], ids=["an empty index", "no pip"])
def test_what_cannot_be_fetched_is_named_and_limits_work(clone, bare, tmp_path, pip):
    (tmp_path / "none").mkdir()
    said = clone.good("--yes", python=bare("3.13", pip=pip), PIP_NO_INDEX="1", PIP_CONFIG_FILE=os.devnull,
                      PIP_FIND_LINKS=str(tmp_path / "none"))
    [line] = [line for line in said.splitlines() if line.startswith("missing")]
    assert "requests, plexapi, dateutil (" in line and "limits work without" in line
    assert ("No module named pip" in line) != pip
    assert "added     limit_streams.py" in said and "added     timer" in said


# ---- Tautulli's packages for Windows and macOS: `python` on PATH ----

@pytest.fixture
def frozen(house):
    """A Tautulli that says of itself that it is such a package."""
    if house.tautulli.real:
        pytest.skip("the real one here is none")
    server = house.tautulli.server
    server.do_get_tautulli_info = lambda **_: {
        "tautulli_install_type": "windows", "tautulli_version": "v2.17.2", "tautulli_python_version": "3.11.9"}
    yield
    del server.do_get_tautulli_info


@pytest.mark.parametrize("version", ["3.10", "3.13"])
def test_vendor_is_filled_for_the_python_on_the_path(frozen, clone, index, bare, version):
    """Not for the one that runs install.py, which has all that it needs."""
    python = bare(version)
    path = os.pathsep.join([os.path.dirname(python), os.defpath])
    said = clone.good("--yes", PATH=path, **index)
    assert f"found     {python} (Python {version}), which this Tautulli starts scripts with" in said
    built = (clone.root / "vendor" / "requests" / "__init__.py").read_text()
    assert built == f"FROM = 'py{version.replace('.', '')}'\n"
    assert "fetch" not in clone.good("--yes", PATH=path, **index)


@pytest.mark.parametrize("program, words", [
    (None, "there is none that runs"), ("exit 9", "there is none that runs"),
    ("echo nothing", "there is none that runs"),
    ("echo 3 9", "Usher needs Python 3.10 or newer; the `python` on the PATH is 3.9")])
def test_a_python_on_the_path_that_will_not_do(frozen, clone, tmp_path, program, words):
    (tmp_path / "bin").mkdir()
    if program:
        (tmp_path / "bin" / "python").write_text(f"#!/bin/sh\n{program}\n")
        (tmp_path / "bin" / "python").chmod(0o755)
    said = clone.good("--yes", PATH=str(tmp_path / "bin"))
    assert words in next(line for line in said.splitlines() if line.startswith("mistake"))


@pytest.mark.parametrize("told, wrong", [("3.9.18", True), ("3.10.0", False), ("3.13.1", False), ("", False)])
def test_the_python_that_tautulli_runs_on(told, wrong):
    steps = list(pythons.steps({"tautulli_install_type": "git", "tautulli_python_version": told}, None, write=False))
    assert any("they need 3.10" in s.what for s in steps) == wrong


def test_the_probe_knows_what_is_there():
    asked = pythons.ask(sys.executable)
    assert asked and asked.version == sys.version_info[:2]
    assert set(asked.lacking) == set(packages.missing())
