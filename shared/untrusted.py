"""What a server has sent, taken apart: without entities, and without what would fill the memory or never end.

Taken apart, an answer can take a hundred times the room that it has as bytes. So the pieces are counted beforehand.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

MOST = 3_000_000  # pieces; 10,000 users with all their shares have a million


def xml(body: bytes, most: int = MOST) -> Element:
    """The root element. Raises ValueError for what is no XML, and for more than it should be."""
    from xml.etree import ElementTree

    check(body, most)
    try:
        return ElementTree.fromstring(body)  # noqa: S314 - checked above
    except (ElementTree.ParseError, LookupError):  # the latter: an encoding nobody knows
        raise ValueError("it is no XML") from None


def json(body: bytes, most: int = MOST) -> Any:
    """The value. Raises ValueError for what is no JSON, and for more than it should be."""
    from json import loads

    check(body, most)
    try:
        return loads(body)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def check(body: bytes, most: int = MOST) -> None:
    """Raise ValueError for XML or JSON that should not be given to a parser."""
    if body[:16].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        # Plex and plex.tv declare no document type, and without one there are no entities that could be expanded. A
        # zero byte is in every text of UTF-16, in which the words would not be found; no text of theirs has one.
        if b"<!DOCTYPE" in body:
            raise ValueError("it declares a document type")
        pieces = body.count(b"<") + body.count(b"=")
    else:
        pieces = body.count(b",") + body.count(b"[") + body.count(b"{")
    if b"\0" in body:
        raise ValueError("it holds a zero byte")
    if pieces > most:
        raise ValueError("it has too many parts")
