"""usher.log in the data folder: one line for what a process did, rotated, secrets masked.

Cheap enough for every playback event, and it never raises: a full disk must not stop a decision.
"""

from __future__ import annotations

import os
import sys
import time

from shared.files import give, make_folder, refuse_link

NAME = "usher.log"
BIGGEST = 1_000_000  # bytes; then it becomes usher.log.1, and that usher.log.2
KEPT = 2
STALE = 10.0  # seconds after which the lock of a rotation belongs to a process that died in it
LEVELS = ("debug", "info", "warning", "error")

_secrets: list[str] = []
_who = ""
_least = 1


def call_me(who: str, least: str = "info") -> None:
    """What this process is called in its lines ("keeper"; by default the script's name), and its least level."""
    global _who, _least
    _who = who
    _least = LEVELS.index(least) if least in LEVELS else 1


def log(data_dir: str, level: str, text: str) -> None:
    """Append one line, "2026-11-20 18:02:11 info keeper[4711] text", in the machine's local time."""
    if not data_dir or (level in LEVELS and LEVELS.index(level) < _least):
        return
    who = _who or os.path.splitext(os.path.basename(sys.argv[0] if sys.argv else ""))[0] or "usher"
    line = f"{time.strftime('%Y-%m-%d %H:%M:%S')} {level} {who}[{os.getpid()}] {one_line(mask(text))}\n"
    try:
        _append(data_dir, line.encode("utf-8", "backslashreplace"))
    except (OSError, ValueError):  # disk full, no right to write, a folder name with a zero byte in it
        return


def hide(*secrets: str) -> None:
    """From now on these texts are masked wherever they appear, also as they look inside an address."""
    from urllib.parse import quote, quote_plus

    for secret in secrets:
        if len(secret) >= 4:
            _secrets.extend({secret, quote(secret, safe=""), quote_plus(secret)} - set(_secrets))
    _secrets.sort(key=len, reverse=True)


def mask(text: str) -> str:
    """The text without what `hide` was told of, without tokens and keys in addresses, and with e-mail shortened."""
    for secret in _secrets:
        if secret in text:
            text = text.replace(secret, "***")
    low = text.lower()
    if "@" in low or "token" in low or "apikey" in low or "authorization" in low or "password" in low:
        return _mask_patterns(text)
    return text


def one_line(text: str) -> str:
    """Control characters and line ends made visible, so that what was one line stays one."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def as_json(told: object, indent: int = 2) -> str:
    """For a program to read, and harmless on a terminal: what that would obey stands there as JSON's own escapes."""
    import json

    text = json.dumps(told, indent=indent, ensure_ascii=False)
    return "".join(c if c.isprintable() or c == "\n" else json.dumps(c)[1:-1] for c in text)


def _mask_patterns(text: str) -> str:
    import re

    text = re.sub(
        r"(?i)(authorization[\"']?\s*[:=]\s*[\"']?)(?:(?:basic|bearer|digest)\s+)?[^\s\"',;]+", r"\1***", text
    )
    text = re.sub(r"(?i)((?:token|apikey|password)[\"']?\s*(?:=|%3D|:)\s*[\"']?)[^\s\"'&,;<>]+", r"\1***", text)
    # it begins where a word begins: else every letter of a long word without an @ would be a beginning to look from
    return re.sub(r"(?<![\w.+%-])([\w.+%-])[\w.+%-]*@([\w-]+(?:\.[\w-]+)+)", r"\1***@\2", text)


def _append(data_dir: str, line: bytes) -> None:
    path = os.path.join(data_dir, NAME)
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0)
    refuse_link(path)
    try:
        file = os.open(path, flags, 0o600)
    except FileNotFoundError:
        make_folder(data_dir)
        file = os.open(path, flags, 0o600)
    try:
        size = os.fstat(file).st_size
        if size == 0:
            give(path)
        os.write(file, line)  # one write of one line: lines of several processes do not mix
    finally:
        os.close(file)
    if size + len(line) > BIGGEST:
        _rotate(path)


def _rotate(path: str) -> None:
    lock = path + ".lock"
    try:
        os.close(os.open(lock, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        if abs(time.time() - os.stat(lock).st_mtime) > STALE:
            os.remove(lock)
        return  # somebody else is at it, or the next line will be
    try:
        if os.stat(path).st_size > BIGGEST:  # not yet done by the one who held the lock before
            for number in range(KEPT - 1, 0, -1):
                if os.path.exists(f"{path}.{number}"):
                    os.replace(f"{path}.{number}", f"{path}.{number + 1}")
            os.replace(path, f"{path}.1")
    finally:
        os.remove(lock)
