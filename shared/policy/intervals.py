"""Stretches of time as sorted, disjoint (began, ended) pairs, the end not belonging to them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence

Interval = tuple[float, float]


def union(pieces: Iterable[Interval]) -> list[Interval]:
    """Merge overlapping and touching pieces; empty ones vanish."""
    merged: list[Interval] = []
    for began, ended in sorted(p for p in pieces if p[0] < p[1]):
        if merged and began <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], ended))
        else:
            merged.append((began, ended))
    return merged


def clip(pieces: Iterable[Interval], began: float, ended: float) -> list[Interval]:
    """What of the pieces lies between two moments."""
    return [(max(a, began), min(b, ended)) for a, b in pieces if a < ended and b > began] if began < ended else []


def between(pieces: Sequence[Interval], began: float, ended: float) -> list[Interval]:
    """The same of sorted, disjoint pieces, of which only those are looked at."""
    first = bisect_left(pieces, (began,))
    first -= first > 0 and pieces[first - 1][1] > began
    return clip(pieces[first : bisect_left(pieces, (ended,))], began, ended)


def subtract(pieces: Iterable[Interval], holes: list[Interval]) -> list[Interval]:
    """What of the pieces lies in none of the (sorted, disjoint) holes."""
    left: list[Interval] = []
    for began, ended in pieces:
        for a, b in holes:
            if b <= began:
                continue
            if a >= ended:
                break
            if a > began:
                left.append((began, a))
            began = b
        if began < ended:
            left.append((began, ended))
    return left


def measure(pieces: Iterable[Interval]) -> float:
    """The seconds in disjoint pieces."""
    return sum(b - a for a, b in pieces)
