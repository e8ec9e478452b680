"""Whom an owner means in a command."""

import pytest

from shared.errors import UsherError
from shared.jobs.whom import whom
from shared.model import User
from shared.policy.people import House

SETTINGS = {
    "usher": {"dry_run": False, "owner_devices": ()}, "everyone": {}, "group": {"kids": {"members": ("lena",)}},
    "person": {"emma": {"users": ("emma", "emma_tv", "absent")}, "television": {"devices": ("living room tv",)}},
}  # fmt: skip
USERS = [
    User(1, "boss", "The boss", "boss@example.com", "owner"), User(2, "emma", "Emma", "e@example.com", "home"),
    User(3, "emma_tv", "", "", "managed"), User(4, "ben", "Twin", "ben@example.com", "friend"),
    User(5, "max", "Twin", "max@example.com", "friend"), User(6, "renamed", "Lena", "", "managed"),
    User(7, "4", "Seven"), User(8, "", "Nameless"), User(9, "twice", "ben"),
]  # fmt: skip
HOUSE = House(SETTINGS, {user.id: user for user in USERS}, {("user", "lena"): "6", ("user", "emma"): "2"}, 1)


@pytest.mark.parametrize(("text", "key"), [
    ("emma", "emma"), (" EMMA ", "emma"), ("emma_tv", "emma"), ("3", "emma"), ("e@example.com", "emma"),
    ("absent", "emma"),  # config.ini names an account that nobody has seen yet
    ("television", "television"), ("ben", "user:4"), ("BEN@example.com", "user:4"), ("5", "user:5"),
    ("lena", "user:6"), ("renamed", "user:6"), ("4", "user:4"), ("seven", "user:7"), ("Nameless", "user:8"),
    ("The boss", "user:1"), ("1", "user:1"),
])  # fmt: skip
def test_somebody_is_meant(text, key):
    assert whom(HOUSE, text).key == key


@pytest.mark.parametrize(("text", "said"), [
    ("emmaa", "'emmaa' is nobody here: did you mean emma?"),
    ("the bos", "'the bos' is nobody here: did you mean The boss?"),
    ("twin", "'twin' means 2 users: write one of their ids: 4, 5"),
    ("", "'' is nobody here: `install.py who` shows everybody"),
    ("zzz\n" * 40, "is nobody here: `install.py who` shows everybody"), ("99", "'99' is nobody here"),
])  # fmt: skip
def test_nobody_is_meant(text, said):
    with pytest.raises(UsherError) as error:
        whom(HOUSE, text)
    assert said in str(error.value) and str(error.value).isprintable()


def test_the_owner_is_exempt_and_a_group_holds_for_its_member():
    assert whom(HOUSE, "boss").exempt and not whom(HOUSE, "ben").exempt
    assert whom(HOUSE, "lena").group == "kids"
