"""Stretches of time: what touches, what is empty, what lies at the very edge."""

import pytest

from shared.policy.intervals import between, clip, measure, subtract, union


@pytest.mark.parametrize(("pieces", "expected"), [
    ([], []), ([(1, 1)], []), ([(2, 1)], []), ([(1, 3), (3, 5)], [(1, 5)]), ([(4, 5), (1, 3)], [(1, 3), (4, 5)]),
    ([(1, 9), (2, 3), (8, 10)], [(1, 10)]), ([(1, 3), (2, 2), (3.5, 4)], [(1, 3), (3.5, 4)]),
])  # fmt: skip
def test_union(pieces, expected):
    assert union(pieces) == expected


@pytest.mark.parametrize(("began", "ended", "expected"), [
    (0, 20, [(2, 4), (6, 8)]), (3, 7, [(3, 4), (6, 7)]), (4, 6, []), (2, 8, [(2, 4), (6, 8)]), (3, 3, []), (7, 3, []),
    (0, 2, []), (8, 9, []),
])  # fmt: skip
def test_clip(began, ended, expected):
    assert clip([(2, 4), (6, 8)], began, ended) == between([(2, 4), (6, 8)], began, ended) == expected


@pytest.mark.parametrize(("holes", "expected"), [
    ([], [(2, 6), (8, 9)]), ([(0, 2)], [(2, 6), (8, 9)]), ([(0, 3)], [(3, 6), (8, 9)]), ([(2, 3)], [(3, 6), (8, 9)]),
    ([(3, 4)], [(2, 3), (4, 6), (8, 9)]), ([(5, 6)], [(2, 5), (8, 9)]), ([(6, 8)], [(2, 6), (8, 9)]),
    ([(1, 3), (4, 8.5)], [(3, 4), (8.5, 9)]), ([(0, 20)], []), ([(2, 6)], [(8, 9)]), ([(9, 20)], [(2, 6), (8, 9)]),
])  # fmt: skip
def test_subtract(holes, expected):
    assert subtract([(2, 6), (8, 9)], holes) == expected


def test_measure():
    assert measure([(2, 6), (8, 9)]) == 5 and measure([]) == 0
