"""Writing a few keys into an INI file that belongs to its owner: comments, order and line ends stay as they are."""

from __future__ import annotations

import os
from collections.abc import Mapping

from shared import files
from shared.errors import UsherError

Keys = Mapping[tuple[str, str], str]  # (section, key): value. A section of its own name is "person:emma"


def values(text: str) -> dict[tuple[str, str], str]:
    """Every key that stands in the text, empty ones too."""
    return {where: value for where, value, _ in _entries(text.split("\n"))}


def with_keys(text: str, keys: Keys) -> str:
    """The text with these keys set. One that stands there already, empty or not, is replaced in its line."""
    end = "\r\n" if "\r\n" in text else "\n"
    lines = text.replace("\r\n", "\n").split("\n")
    left = dict(keys)
    for where, _, number in list(_entries(lines)):
        if where in left:
            name = lines[number].partition("=")[0].rstrip()
            lines[number] = f"{name} = {left.pop(where)}".rstrip()
    for section in dict.fromkeys(section for section, _ in left):
        new = [f"{key} = {value}".rstrip() for (s, key), value in left.items() if s == section]
        at = _header(lines, section)
        if at is None:
            while lines and not lines[-1].strip():
                lines.pop()
            lines += [*([""] if lines else []), f"[{section}]", *new, ""]
        else:
            lines[at + 1 : at + 1] = new
    return end.join(lines)


def write(path: str, text: str) -> None:
    """Replace the file in one go; it keeps its owner and its permissions. Raises UsherError."""
    new = f"{path}.new"
    try:
        mode = os.stat(path).st_mode & 0o777 if os.path.exists(path) else 0o600
        about = os.stat(path if os.path.exists(path) else os.path.dirname(path) or ".")
        with open(files.draft(new), "wb") as file:
            file.write(text.encode("utf-8", "surrogateescape"))
        os.chmod(new, mode)
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            os.chown(new, about.st_uid, about.st_gid)
        os.replace(new, path)
    except OSError as error:
        raise UsherError(f"{path} cannot be written: {error.strerror}") from None


def read(path: str) -> str:
    """The file's text, "" if there is none. Raises UsherError."""
    try:
        with open(path, "rb") as file:
            return file.read().decode("utf-8", "surrogateescape")
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise UsherError(f"{path} cannot be read: {error.strerror}") from None


def _entries(lines: list[str]) -> list[tuple[tuple[str, str], str, int]]:
    found, section = [], ""
    for number, line in enumerate(lines):
        text = line.strip().removeprefix("\ufeff")
        if text.startswith("["):
            section = _name(text)
        elif section and "=" in text and text[0] not in "#;":
            key, _, value = text.partition("=")
            found.append(((section, key.strip().lower()), value.strip(), number))
    return found


def _header(lines: list[str], section: str) -> int | None:
    heads = (n for n, line in enumerate(lines) if line.strip().removeprefix("\ufeff").startswith("["))
    return next((n for n in heads if _name(lines[n].strip().removeprefix("\ufeff")) == section), None)


def _name(header: str) -> str:
    section, colon, name = header[1:].partition("]")[0].partition(":")
    return section.strip().lower() + (f":{' '.join(name.lower().split())}" if colon else "")
