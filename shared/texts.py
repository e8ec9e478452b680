"""The texts that a viewer reads, by language: shipped in templates/viewer.LANGUAGE.txt, each line replaceable by one of
the same key in the data folder's templates/."""

from __future__ import annotations

import os

LANGUAGES = ("en", "de")
SHIPPED = os.path.join(os.path.dirname(os.path.abspath(__file__)), "templates")
BIGGEST = 100_000  # bytes


def load(language: str, data_dir: str) -> dict[str, str]:
    """Every text by its key. What the owner's file has not, or has wrong, is as shipped."""
    found = parse(os.path.join(SHIPPED, name(language)))
    own = parse(own_path(language, data_dir))
    return {key: own[key] if key in own and not wrong(key, own[key], text) else text for key, text in found.items()}


def name(language: str) -> str:
    return f"viewer.{language}.txt"


def own_path(language: str, data_dir: str) -> str:
    """Where an owner's own texts are looked for."""
    return os.path.join(data_dir, "templates", name(language))


def state(data_dir: str) -> tuple[tuple[int, int], ...]:
    """Changes when an owner's own texts do; costs a look at each, and reads none."""
    found = []
    for language in LANGUAGES:
        try:
            seen = os.stat(own_path(language, data_dir))
            found.append((seen.st_mtime_ns, seen.st_size))
        except (OSError, ValueError):  # there is none
            found.append((0, 0))
    return tuple(found)


def problems(language: str, data_dir: str) -> list[str]:
    """What is wrong in the owner's file, one line each."""
    shipped, own = parse(os.path.join(SHIPPED, name(language))), parse(own_path(language, data_dir))
    found = [f"{key}: {trouble}" for key, text in own.items() if (trouble := wrong(key, text, shipped.get(key)))]
    return [f"{own_path(language, data_dir)}: {line}; the shipped text is used" for line in found]


def parse(path: str) -> dict[str, str]:
    """The key = text lines of a file; none where it cannot be read."""
    try:
        with open(path, "rb") as file:
            lines = file.read(BIGGEST).decode("utf-8-sig", "replace").splitlines()
    except (OSError, ValueError):
        return {}
    pairs = (line.partition("=") for line in lines if not line.lstrip().startswith("#"))
    return {key.strip(): text.strip() for key, equals, text in pairs if equals and text.strip()}


def wrong(key: str, text: str, shipped: str | None) -> str:
    """What is wrong with an owner's text, "" for nothing."""
    if shipped is None:
        return "there is no text of that name"
    if key in ("weekdays", "months", "units") and len(text.split()) != len(shipped.split()):
        return f"it needs {len(shipped.split())} words"
    if any(not c.isprintable() for c in text):
        return "it holds a character that cannot be shown"
    return ""
