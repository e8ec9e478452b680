"""Reading what other programs are set up by: an env file, or the `environment:` of a compose file."""

from __future__ import annotations

from collections.abc import Iterator

from shared.errors import UsherError

BIGGEST = 1_000_000  # bytes


def read(path: str) -> dict[str, str]:
    """Every variable that the file sets. Raises UsherError."""
    try:
        with open(path, "rb") as file:
            data = file.read(BIGGEST + 1)
    except OSError as error:
        raise UsherError(f"{path} cannot be read: {error.strerror}") from None
    if len(data) > BIGGEST or b"\0" in data:
        raise UsherError(f"{path} is neither an env file nor a compose file")
    text = data.decode("utf-8-sig", "replace").replace("\r\n", "\n")
    found = compose(text) if any(_is_environment(line) for line in text.split("\n")) else env(text)
    if not found:
        raise UsherError(f"{path} sets no variable: give an env file (NAME=value) or a compose file")
    return found


def env(text: str) -> dict[str, str]:
    """`NAME=value` lines, with or without `export` and quotes."""
    found = {}
    for line in text.split("\n"):
        name, equals, value = line.strip().removeprefix("export ").partition("=")
        if equals and _is_name(name.strip()):
            found[name.strip()] = _value(value)
    return found


def compose(text: str) -> dict[str, str]:
    """The variables below each `environment:`, as a map (`NAME: value`) or a list (`- NAME=value`)."""
    found = {}
    for body in _bodies(text.split("\n")):
        item = body.removeprefix("-").strip() if body.startswith("-") else ""
        if item[:1] in ("'", '"'):  # quoted as a whole: nothing in it is a comment
            name, mark, value = _value(item).partition("=")
        else:
            name, mark, value = (item or body).partition("=" if item else ":")
            value = _value(value)
        name = name.strip().strip("\"'")
        if mark and _is_name(name):
            found[name] = _default(value)
    return found


def _bodies(lines: list[str]) -> Iterator[str]:
    """The lines that are indented below an `environment:`; a list may stand as far left as its key."""
    within = -1
    for line in lines:
        body = line.strip()
        if not body or body.startswith("#"):
            continue
        indent = len(line) - len(line.lstrip())
        if within >= 0 and (indent > within or (indent == within and body.startswith("-"))):
            yield body
        else:
            within = indent if _is_environment(line) else -1


def _is_environment(line: str) -> bool:
    return line.partition("#")[0].strip() == "environment:"


def _is_name(name: str) -> bool:
    return name.isidentifier() and name.isascii()


def _value(text: str) -> str:
    """Without quotes; without a comment behind it, which needs a blank before it."""
    text = text.strip()
    if text[:1] in ("'", '"'):
        end = text.find(text[0], 1)
        return text[1:end] if end > 0 else text[1:]
    return "" if text.startswith("#") else text.partition(" #")[0].strip()


def _default(value: str) -> str:
    """`${NAME:-default}` is its default; `${NAME}` stands elsewhere, so it is nothing."""
    if value.startswith("${") and value.endswith("}"):
        name, _, default = value[2:-1].partition("-")
        return default if name.rstrip(":") != value[2:-1] else ""
    return value
