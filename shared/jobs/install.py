"""Where Tautulli is, and the files that a set-up writes. Everything can be done again without harm."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from shared import packages, places
from shared.errors import UsherError
from shared.gateway import tautulli_at

if TYPE_CHECKING:
    from shared.tautulli import Tautulli

Owner = tuple[int, int] | None  # (uid, gid) of who is to own what we write; None: nothing is to be given away
ROOT = packages.ROOT
AGENTS = os.path.join(ROOT, "agents")


class Source(NamedTuple):
    """An address and key of a Tautulli, and where they were found. `owner` is its data folder's (uid, gid)."""

    url: str
    apikey: str
    found: str
    verify: str = "auto"
    handed_over: bool = False
    owner: Owner = None


def sources(url: str, apikey: str, config_path: str, environ: Mapping[str, str] = os.environ) -> list[Source]:
    """Where a Tautulli may be, best first: arguments, environment, our config.ini, a Tautulli's config.ini.

    Raises UsherError if only half of the arguments is given and nothing completes it.
    """
    from shared.jobs import peek

    local = [s for s in map(read_tautulli_config, places.tautulli_configs(beside=ROOT)) if s]
    if url or apikey:
        apikey = apikey or environ.get("TAUTULLI_APIKEY", "")
        url = url or environ.get("TAUTULLI_URL", "") or (local[0].url if local else "")
        if not url or not apikey:
            raise UsherError("--tautulli URL and --apikey KEY belong together; the key is in Tautulli's web page, "
                             "Settings > Web Interface > API")  # fmt: skip
        return [Source(url, apikey, "the arguments", owner=local[0].owner if local else None)]
    owner = local[0].owner if local else None
    found = []
    if environ.get("TAUTULLI_URL") and environ.get("TAUTULLI_APIKEY"):
        found.append(
            Source(environ["TAUTULLI_URL"], environ["TAUTULLI_APIKEY"], "the environment", "auto", True, owner)
        )
    config = peek.config(config_path, environ)
    ours = [str(config.get("tautulli", key) or "") for key in ("url", "apikey", "verify_tls")]
    if ours[0] and ours[1]:
        found.append(Source(ours[0], ours[1], config.path, ours[2] or "auto", False, owner))
    return found + local


def read_tautulli_config(path: str) -> Source | None:
    """Address and key out of a Tautulli's own config.ini; None if it cannot be read or is not one."""
    general: dict[str, str] = {}
    section = ""
    try:
        with open(path, encoding="utf-8-sig", errors="replace") as file:
            for line in file:
                text = line.strip()
                if text.startswith("["):
                    section = text.strip("[]").lower()
                elif section == "general" and "=" in text:
                    key, _, value = text.partition("=")
                    general[key.strip().lower()] = value.strip().strip("\"'")
        about = os.stat(path)
    except OSError:
        return None
    if len(general.get("api_key", "")) < 8 or "http_port" not in general:
        return None
    host = general.get("http_host", "")
    host = "127.0.0.1" if host in ("", "0.0.0.0", "::") else host  # noqa: S104 - compared, not bound
    scheme = "https" if general.get("enable_https", "0").lower() in ("1", "true", "yes", "on") else "http"
    root = general.get("http_root", "").strip("/")
    url = f"{scheme}://{f'[{host}]' if ':' in host else host}:{general['http_port']}{root and '/' + root}"
    return Source(url, general["api_key"], path, "auto", True, (about.st_uid, about.st_gid))


def reach(found: list[Source]) -> tuple[Tautulli, Source]:
    """The first one that answers and takes the key. Raises UsherError with the reasons if none does."""
    if not found:
        raise UsherError("no Tautulli was found here; run: install.py --tautulli http://ADDRESS:8181 --apikey KEY "
                         "(the key is in its web page, Settings > Web Interface > API)")  # fmt: skip
    reasons = []
    for source in found:
        try:
            tautulli = tautulli_at(source.url, source.apikey, source.verify, source.handed_over)
            tautulli.call("get_tautulli_info")
            return tautulli, source
        except UsherError as error:
            reasons.append(f"{error} (from {source.found})")
    raise UsherError("; ".join(dict.fromkeys(reasons)))


def write_config(path: str, owner: Owner) -> bool:
    """config.ini from its example, 0600; False if there is one already, which is left as it is."""
    example = os.path.join(ROOT, "config.ini.example")
    try:
        with open(example, "rb") as file:
            content = file.read()
    except OSError as error:
        raise UsherError(f"{example} cannot be read: {error.strerror}") from None
    try:
        file_number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    except FileExistsError:
        return False
    except OSError as error:
        raise UsherError(f"{path} cannot be written: {error.strerror}") from None
    with os.fdopen(file_number, "wb") as out:
        out.write(content)
    give(path, owner)
    return True


def make_data_folder(path: str, owner: Owner) -> None:
    """The data folder, 0700, for the user that Tautulli runs as."""
    try:
        if not os.path.isdir(path):
            os.makedirs(path, 0o700)
        give(path, owner)
        for name in os.listdir(path):  # what an earlier run as root may have left
            give(os.path.join(path, name), owner)
    except OSError as error:
        raise UsherError(f"the data folder {path} cannot be made: {error.strerror}") from None


def owner_of_files(source: Source, tautulli: Tautulli | None = None) -> Owner:
    """Who is to own what we write: Tautulli's user where its data folder is here, else the owner of our folder.

    None where there is nothing to give away: not root, or no such thing on this system.
    """
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return None
    if source.owner is not None:
        return source.owner
    logs = _log_folder(tautulli) if tautulli else ""
    about = os.stat(logs if os.path.isdir(logs) else ROOT)
    return about.st_uid, about.st_gid


def _log_folder(tautulli: Tautulli) -> str:
    """Where Tautulli keeps its logs: its own, if it runs on this machine. "" if it does not tell."""
    try:
        settings = tautulli.call("get_settings", key="General")
    except UsherError:
        return ""
    return str(settings.get("log_dir") or "") if isinstance(settings, dict) else ""


def give(path: str, owner: Owner) -> None:
    """Hand a file to its owner; links are not followed."""
    if owner is not None:
        about = os.lstat(path)
        if (about.st_uid, about.st_gid) != owner:
            os.chown(path, owner[0], owner[1], follow_symlinks=False)


def give_tree(folder: str, owner: Owner) -> None:
    """Hand over a folder and all in it."""
    if owner is None or not os.path.isdir(folder):
        return
    give(folder, owner)
    for parent, folders, files in os.walk(folder):
        for name in (*folders, *files):
            give(os.path.join(parent, name), owner)


def compile_code(owner: Owner) -> None:
    """Bytecode beside the modules, so that every event starts fast where Tautulli may not write."""
    import compileall

    for folder in (os.path.join(ROOT, "shared"), packages.VENDOR):
        if os.path.isdir(folder):
            compileall.compile_dir(folder, quiet=2, legacy=False)
    for parent, folders, _ in os.walk(os.path.join(ROOT, "shared")):
        if "__pycache__" in folders:
            give_tree(os.path.join(parent, "__pycache__"), owner)


def unreadable() -> list[str]:
    """Files of ours that only root may read, though Tautulli may run as somebody else."""
    if os.name == "nt" or not hasattr(os, "geteuid") or os.geteuid() != 0:
        return []
    names = [
        os.path.join(p, f) for top in ("agents", "shared") for p, _, fs in os.walk(os.path.join(ROOT, top)) for f in fs
    ]
    about = [(name, os.stat(name)) for name in names if name.endswith(".py")]
    return [name for name, file in about if file.st_uid == 0 and not file.st_mode & 0o004]
