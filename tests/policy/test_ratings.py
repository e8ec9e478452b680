"""From which age on a content rating means something, in the words of many countries."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import ratings

AGES = [
    # United States
    ("G", 0), ("PG", 8), ("PG-13", 13), ("R", 17), ("NC-17", 18), ("X", 18), ("GP", 8), ("TV-Y", 0), ("TV-Y7", 7),
    ("TV-Y7-FV", 7), ("TV-G", 0), ("TV-PG", 8), ("TV-14", 14), ("TV-MA", 17), ("TV-MA-LSV", 17), ("TV-PG-V", 8),
    ("TV-14-DL", 14), ("TV-MA LSV", 17), ("us/R", 17), ("us/TV-MA", 17), ("pg-13", 13), (" PG-13 ", 13),
    # Great Britain, Ireland
    ("gb/U", 0), ("gb/Uc", 0), ("gb/PG", 8), ("gb/12", 12), ("gb/12A", 12), ("gb/15", 15), ("gb/18", 18),
    ("gb/R18", 18), ("ie/G", 0), ("ie/PG", 8), ("ie/12A", 12), ("ie/15A", 15), ("ie/16", 16), ("ie/18", 18),
    # Australia, New Zealand
    ("au/E", 0), ("au/P", 0), ("au/C", 5), ("au/G", 0), ("au/PG", 8), ("au/M", 15), ("au/MA15+", 15), ("au/MA", 15),
    ("au/R18+", 18), ("au/X18+", 18), ("au/R", 18), ("nz/M", 16), ("nz/R13", 13), ("nz/RP16", 16), ("nz/R18", 18),
    ("nz/R", 18),
    # Canada
    ("ca/G", 0), ("ca/PG", 8), ("ca/14A", 14), ("ca/18A", 18), ("ca/R", 18), ("ca/13+", 13), ("ca/C8", 8),
    # the German-speaking
    ("de/0", 0), ("de/6", 6), ("de/12", 12), ("de/16", 16), ("de/18", 18), ("FSK 12", 12), ("FSK-16", 16),
    ("at/10", 10),
    ("ch/14", 14),
    # France and others
    ("fr/TP", 0), ("fr/U", 0), ("fr/-10", 10), ("fr/-12", 12), ("fr/-16", 16), ("fr/-18", 18), ("Tous publics", 0),
    ("nl/AL", 0), ("nl/6", 6), ("nl/MG6", 6), ("it/T", 0), ("it/VM14", 14), ("it/VM18", 18), ("es/A", 0),
    ("es/APTA", 0),
    ("es/7", 7), ("es/X", 18), ("se/Btl", 0), ("se/11", 11), ("fi/S", 0), ("fi/K-16", 16), ("dk/A", 0), ("no/A", 0),
    ("pt/M/12", 12), ("br/L", 0), ("br/A10", 10), ("br/14", 14), ("mx/B15", 15), ("jp/G", 0), ("jp/PG12", 12),
    ("jp/R15+", 15), ("jp/R18+", 18), ("kr/ALL", 0), ("kr/15", 15), ("sg/NC16", 16), ("sg/R21", 21), ("ru/16+", 16),
    ("in/U", 0), ("in/UA", 12), ("in/A", 18), ("18+", 18), ("16", 16),
    # nobody knows
    ("Weird", None), ("25", None), ("100", None), ("12-15", None), ("9" * 5000, None), ("x/y/z", None), ("１２", None),
    ("Approved", None), ("-", None), ("+", None), ("above", None),
]  # fmt: skip
UNRATED = ["", " ", "NR", "nr", "UR", "Not Rated", "not  rated", "Unrated", "None", "N/A", "gb/NR", "us/Not Rated",
           "gb/"]  # fmt: skip


@pytest.mark.parametrize(("rating", "age"), AGES)
def test_age(rating, age):
    assert ratings.age(rating) == age
    assert not ratings.is_unrated(rating)


@pytest.mark.parametrize("rating", UNRATED)
def test_unrated(rating):
    assert ratings.is_unrated(rating) and ratings.age(rating) is None


def test_the_order_of_a_country_is_that_of_its_board():
    for order in (("G", "PG", "PG-13", "R", "NC-17"), ("TV-Y", "TV-Y7", "TV-PG", "TV-14", "TV-MA"),
                  ("gb/U", "gb/PG", "gb/12", "gb/15", "gb/18"), ("au/G", "au/PG", "au/M", "au/R18+"),
                  ("ca/G", "ca/PG", "ca/14A", "ca/18A"), ("in/U", "in/UA", "in/A")):  # fmt: skip
        ages = [ratings.age(rating) for rating in order]
        assert ages == sorted(ages) and len(set(ages)) == len(ages)


def test_every_row_of_the_table_is_an_age_and_found_as_written():
    for name, age in ratings.AGES.items():
        assert name == name.casefold() and 0 <= age <= ratings.OLDEST
        assert ratings.age(name.upper()) == age


@given(st.text(max_size=40) | st.text(alphabet="0123456789/+- AMPGRTVX", max_size=40))
def test_nothing_raises(rating):
    age = ratings.age(rating)
    assert age is None or 0 <= age <= ratings.OLDEST
    assert not (ratings.is_unrated(rating) and age is not None)
