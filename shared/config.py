"""config.ini, compiled and cached: the settings in force, and what is wrong with the file.

Every playback event calls `load`. With a warm cache that is two small reads and imports nothing; the modules that read
the INI file are imported only when it has changed.
"""

from __future__ import annotations

import marshal
import os
import sys
import time
import zlib
from collections.abc import Mapping
from typing import Any, NamedTuple

from . import __version__, texts
from .files import give, make_folder

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
CACHE = "config.cache"
VALID_COPY = "config.valid.ini"
MAX_AGE = 30 * 86400  # seconds; the cached transitions of the time zone reach three years ahead
READ = 1_000_001  # bytes of config.ini; a larger one is refused
NO_LIMITS = "no limits: there is no valid configuration yet"
_MAGIC = b"usher config cache 2\n"


class Config(NamedTuple):
    """The settings in force and how it stands with config.ini.

    `settings` is made of dict, tuple, str, int, float, bool and None: section -> key -> value, [group:…] and [person:…]
    under "group" and "person" by their name in lower case, "zone" as `zone.transitions` has it. Keys that are not set
    are absent from everyone, group and person; None lifts a limit. `problems` is one line per mistake, () if all is
    well. `stamp` changes when the file's content or a USHER_ variable changes.
    """

    path: str
    settings: dict[str, Any]
    problems: tuple[str, ...]
    in_force: str
    stamp: str

    def get(self, section: str, key: str) -> Any:
        """The value of a key, None where it is absent. `section` is one like usher, everyone or person:emma."""
        kind, _, name = section.partition(":")
        found = self.settings.get(kind, {})
        return (found.get(name, {}) if name else found).get(key)


def load(path: str | None = None, environ: Mapping[str, str] = os.environ) -> Config:
    """The configuration of this moment. Never raises for what is in the file, nor where it is or may be read.

    `path` is that of config.ini, else USHER_CONFIG, else it lies beside the agents' folder. A broken or missing file
    leaves the last valid copy in force; without one the connections that can be read hold, and nobody is limited.
    """
    path = _path(path, environ)
    data, trouble = _read(path)
    folders = _folders(path, data, environ)
    key = _key(path, data, trouble, environ, folders)
    for folder in folders:
        cached = _cached(folder, key)
        if cached:
            return cached
    config, valid, lasting = _compile(path, data, trouble, environ, folders)
    folder = config.settings["usher"]["data_dir"]
    if valid:
        _keep(path, folder, data, environ)
    if lasting and os.path.isdir(folder):
        _write(os.path.join(folder, CACHE), _packed(key, config))
    return config


def stamp(path: str | None = None, environ: Mapping[str, str] = os.environ) -> str:
    """What `load` would put into `Config.stamp`: reads the file and compiles nothing."""
    path = _path(path, environ)
    data, trouble = _read(path)
    return _stamp(data, trouble, environ, _folders(path, data, environ))


def zone_between(config: Config, start: float, end: float) -> tuple[tuple[int, int], ...]:
    """What settings["zone"] is, for other years than those around now."""
    from . import zone

    try:
        return zone.transitions(config.settings["usher"]["timezone"], int(start), int(end))
    except zone.UnknownZone:  # its problem is told of already
        return tuple(config.settings["zone"])


def _path(path: str | None, environ: Mapping[str, str]) -> str:
    return os.path.abspath(path or environ.get("USHER_CONFIG") or os.path.join(ROOT, "config.ini"))


def _read(path: str) -> tuple[bytes, str]:
    """The file's content, or why there is none."""
    try:
        if os.path.isdir(path):
            return b"", "is a folder, not a file: remove it and run python3 install.py"
        if os.path.exists(path) and not os.path.isfile(path):
            return b"", "is no ordinary file: remove it and run python3 install.py"
        with open(path, "rb") as file:
            return file.read(READ), ""
    except FileNotFoundError:
        return b"", "is missing: run python3 install.py"
    except (OSError, ValueError) as error:  # ValueError: a zero byte in the path
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        return b"", f"cannot be read ({reason}): it must be readable for the user that Tautulli runs as"


def _variables(environ: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(
        sorted(f"{name}={environ[name]}" for name in environ if name.startswith("USHER_") and name != "USHER_CONFIG")
    )


def _stamp(data: bytes, trouble: str, environ: Mapping[str, str], folders: list[str]) -> str:
    own_texts = (str(texts.state(folder)) for folder in folders)
    others = "\0".join((trouble, *_variables(environ), *own_texts)).encode("utf-8", "surrogateescape")
    return f"{len(data):x}-{zlib.crc32(data):08x}{zlib.adler32(data):08x}-{zlib.crc32(others):08x}"


def _key(
    path: str, data: bytes, trouble: str, environ: Mapping[str, str], folders: list[str]
) -> tuple[Any, ...]:
    """All that the compiled settings depend on; the cache holds only for an equal one."""
    system_zone = (environ.get("TZ", ""), *time.tzname, time.timezone, time.altzone)
    own_texts = tuple(texts.state(folder) for folder in folders)
    return (path, data, trouble, _variables(environ), __version__, sys.version, system_zone, own_texts)


def _folders(path: str, data: bytes, environ: Mapping[str, str]) -> list[str]:
    """Where the data folder may be, the likeliest first. It must be found in a broken file too, so this is lenient.

    A file that does not even say where the folder is falls back on what the last valid one said.
    """
    here = os.path.dirname(path)
    text = environ.get("USHER_USHER_DATA_DIR", "").strip()
    if not text and b"data_dir" in data.lower():
        for line in data.replace(b"\r", b"\n").split(b"\n"):
            key, _, value = line.partition(b"=")
            if key.strip().lower() == b"data_dir" and value.strip():
                text = value.decode("utf-8", "replace").replace("\0", "").strip()
                break
    said = absolute(text or "data", here)
    try:
        with open(_pointer(path), encoding="utf-8", errors="surrogateescape") as file:
            last = file.read(4096).strip()
    except (OSError, ValueError):  # there is none unless the folder is an unusual one
        return [said]
    if last == said or not os.path.isabs(last):
        return [said]
    return [said, last] if text else [last, said]


def _pointer(path: str) -> str:
    """A file beside config.ini that remembers a `data_dir` other than the default."""
    return os.path.join(os.path.dirname(path), f".{os.path.basename(path)}.data_dir")


def absolute(text: str, folder: str) -> str:
    """A path of config.ini: relative ones are meant from its folder, `~` is the home folder."""
    return os.path.abspath(os.path.join(folder, os.path.expanduser(text.strip())))


def _compile(
    path: str, data: bytes, trouble: str, environ: Mapping[str, str], folders: list[str]
) -> tuple[Config, bool, bool]:
    """The configuration; whether it is the file's own (then it is worth being kept as the last valid copy); whether it
    may be cached: not where another start of the same Python may have the package that is missing."""
    from .settings import compiled, local_time, without_limits

    here, name, now = os.path.dirname(path), os.path.basename(path), time.time()
    mark = _stamp(data, trouble, environ, folders)
    copies = [(folder, *_last_copy(folder)) for folder in folders]
    if not trouble and _is_blank(data) and (any(not _is_blank(c) for _, c, _ in copies) or not _variables(environ)):
        trouble = "is empty: copy config.ini.example over it, or write [usher] into it if that is meant"
    own = compiled(b"" if trouble else data, name, environ, lambda text: absolute(text, here), now)
    problems = ((f"{name}: {trouble}",) if trouble else ()) + own.problems
    if not problems:
        return Config(path, _with_texts(own.settings), (), name, mark), True, True
    kept = {v: environ[v] for v in environ if v not in own.variables}
    folder_only = {v: environ[v] for v in environ if v == "USHER_USHER_DATA_DIR"}
    for _, copy, written in copies:
        for variables in (kept, folder_only) if copy is not None else ():
            if _is_blank(copy) and not _variables(variables):
                continue  # what a variable or a full disk has left of a copy says nothing
            last = compiled(copy or b"", VALID_COPY, variables, lambda text: absolute(text, here), now, any_zone=True)
            if not last.problems:
                since = local_time(last.settings["zone"], written)
                in_force = f"the last valid copy of {since}"
                return Config(path, _with_texts(last.settings), problems, in_force, mark), False, not own.passing
    free = without_limits(own.settings)
    free["usher"]["data_dir"] = folders[0]
    return Config(path, _with_texts(free), problems, NO_LIMITS, mark), False, not own.passing


def _with_texts(settings: dict[str, Any]) -> dict[str, Any]:
    """The settings, and what viewers are told in the house's language."""
    usher = settings["usher"]
    return {**settings, "texts": texts.load(usher["language"], usher["data_dir"])}


def _is_blank(data: bytes | None) -> bool:
    return not (data or b"").removeprefix(b"\xef\xbb\xbf").strip()


def _last_copy(folder: str) -> tuple[bytes | None, float]:
    """The last valid copy in this data folder and when it was written; None where there is none."""
    path = os.path.join(folder, VALID_COPY)
    try:
        with open(path, "rb") as file:
            return file.read(READ), os.stat(path).st_mtime
    except (OSError, ValueError):
        return None, 0.0


def _keep(path: str, folder: str, data: bytes, environ: Mapping[str, str]) -> None:
    """Remember a valid content, and where the data folder is if that is not the usual place."""
    try:
        make_folder(folder)
    except (OSError, ValueError):  # read-only, or on a drive that is not there: then each load compiles
        return
    if _last_copy(folder)[0] != data:
        _write(os.path.join(folder, VALID_COPY), data, sure=True)
    usual = absolute("data", os.path.dirname(path))
    if folder != usual and not environ.get("USHER_USHER_DATA_DIR"):
        _write(_pointer(path), folder.encode("utf-8", "surrogateescape"))
    elif os.path.exists(_pointer(path)):
        _remove(_pointer(path))


def _packed(key: tuple[Any, ...], config: Config) -> bytes:
    body = marshal.dumps((key, time.time(), tuple(config)))
    return _MAGIC + zlib.crc32(body).to_bytes(4, "big") + body


def _cached(folder: str, key: tuple[Any, ...]) -> Config | None:
    try:
        with open(os.path.join(folder, CACHE), "rb") as file:
            content = file.read()
        start = len(_MAGIC) + 4
        body = content[start:]
        if content[:start] != _MAGIC + zlib.crc32(body).to_bytes(4, "big"):
            return None
        known, written, config = marshal.loads(body)  # noqa: S302  # our own file, checked above
        return Config(*config) if known == key and 0 <= time.time() - written + 60 <= MAX_AGE else None
    except (OSError, ValueError, EOFError, TypeError):  # none yet, or of another Python: it is compiled again
        return None


def _write(path: str, content: bytes, sure: bool = False) -> None:
    """Replace the file in one step; `sure`: it must be whole after a power cut as well.

    A full or read-only disk must not keep the settings from being used.
    """
    draft = f"{path}.{os.urandom(4).hex()}.tmp"
    try:
        file = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
        with open(file, "wb") as out:
            out.write(content)
            out.flush()
            if sure:
                os.fsync(file)
        give(draft)
        os.replace(draft, path)
    except (OSError, ValueError):
        _remove(draft)


def _remove(path: str) -> None:
    try:
        os.remove(path)
    except (OSError, ValueError):  # it is not there
        return
