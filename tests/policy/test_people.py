"""Whose play is it, and what holds for them."""

import pytest

from shared.model import Session, User
from shared.policy import people
from shared.policy.limits import Limits
from shared.policy.people import DEVICE, USER, House

from .words_of_tests import H

OWNER, KID, FRIEND, HOMER, STRANGER = 100, 201, 202, 203, 204
USERS = (
    User(OWNER, "papa", "Papa", "papa@example.com", "owner"),
    User(KID, "emma_k", "Emma", "", "managed"),
    User(FRIEND, "fred", "Fred", "fred@example.com", "friend"),
    User(HOMER, "homer", "Homer", "", "home"),
    User(STRANGER, "sam", "Emma", "sam@example.com", "friend"),
)


class Sofa:
    """A house in which sessions are seen one after the other, as the jobs do it."""

    def __init__(self, users=USERS, owner=OWNER, **sections):
        settings = {
            "usher": {"dry_run": True, "owner_devices": (), **sections.pop("usher", {})},
            "everyone": sections.pop("everyone", {"daily": 3600}),
            "group": sections.pop("group", {}),
            "person": sections.pop("person", {}),
            "prune": {"vip": sections.pop("vip", ())},
        }
        assert not sections
        self.house = House(settings, {u.id: u for u in users}, {}, owner)

    def see(self, user=0, machine="", player="", name=""):
        """A session is seen; who is it?"""
        session = Session("1", machine, user, player=player, user=name)
        for kind, known, id in people.bindings(self.house, session):
            self.house.bound[kind, known] = id
        return people.whose(self.house, user, machine)

    def key(self, *args, **kw):
        who = self.see(*args, **kw)
        return who and who.key

    def daily(self, *args, **kw):
        who = self.see(*args, **kw)
        return who.limits.daily[0][1] if who.limits.daily else None


EMMA = {"emma": {"users": ("emma_k",), "devices": ("Emma's iPad", "abc-123")}}


# ---- whose play ----


@pytest.mark.parametrize("written", ["fred", "FRED@example.com", str(FRIEND), "Fred"])
def test_vips_may_be_a_group(written):
    group = {"vips": {"members": ("@vip",), "daily": 5}, "others": {"members": ("@friends",), "daily": 3},
             "named": {"members": ("homer",), "daily": 4}}  # fmt: skip
    sofa = Sofa(group=group, vip=("homer", written))
    assert [sofa.daily(id) for id in (FRIEND, STRANGER, HOMER)] == [5, 3, 4]  # a name comes before a kind
    renamed = (*USERS[:2], User(FRIEND, "freddy", "Freddy", "new@example.com", "friend"), *USERS[3:])
    sofa = Sofa(users=renamed, group=group, vip=(written,))
    sofa.house.bound["vip", written.casefold()] = str(FRIEND)
    assert [sofa.daily(id) for id in (FRIEND, STRANGER)] == [5, 3]


def test_a_vip_with_a_persons_devices():
    person = {"fred": {"users": ("fred",), "devices": ("tv-1",)}}
    sofa = Sofa(group={"vips": {"members": ("@vip",), "daily": 5}}, person=person, vip=("fred",))
    sofa.see(FRIEND)
    assert sofa.daily(STRANGER, "tv-1") == 5 and sofa.daily(STRANGER, "other") == 3600


def test_a_user_by_itself():
    who = Sofa().see(FRIEND, "m1", "TV")
    assert (who.key, who.name, who.exempt, who.dry_run) == (f"user:{FRIEND}", "fred", False, True)
    assert who.limits.daily == (((), 3600),)
    assert Sofa().see(999, "m1").name == "user 999"
    assert Sofa(users=(User(7, "", "Seven"),)).see(7).name == "Seven"


def test_nobody():
    assert Sofa().see(0, "m1", "TV") is None
    assert Sofa(person=EMMA).see(0, "other", "Emma's iPad") is None  # a title is not enough for nobody
    assert Sofa(person=EMMA).key(0, "abc-123") == "emma"  # a machine id is
    assert Sofa(person={"zero": {"users": ("0", "Local")}}).see(0, "m1", name="Local") is None


def test_the_device_comes_before_the_user():
    persons = {**EMMA, "fred": {"users": ("fred",)}}
    sofa = Sofa(person=persons)
    assert sofa.key(FRIEND, "m9") == "fred"
    assert sofa.key(FRIEND, "abc-123") == "emma"
    assert sofa.key(KID, "m9") == "emma"
    assert sofa.key(STRANGER, "m9") == f"user:{STRANGER}"


@pytest.mark.parametrize("name", ["emma_k", "EMMA_K", "Emma", "201"])
def test_a_user_is_named_by_name_title_or_id(name):
    sofa = Sofa(users=USERS[:4], person={"kid": {"users": (name,)}})
    assert sofa.key(KID, "m") == "kid" and sofa.key(FRIEND, "m") == f"user:{FRIEND}"


def test_a_user_is_named_by_mail():
    sofa = Sofa(person={"f": {"users": ("Fred@Example.com",)}})
    assert sofa.key(FRIEND) == "f"


def test_a_username_wins_over_a_title():
    """A friend who calls himself Emma does not take Emma's place, whoever plays first."""
    users = (User(3, "emma", "", "", "managed"), User(2, "sam", "Emma", "", "friend"))
    sofa = Sofa(users=users, person={"kid": {"users": ("emma",)}})
    assert sofa.key(2) == "user:2"
    assert sofa.key(3) == "kid" and sofa.key(2) == "user:2"


def test_an_id_wins_over_a_name():
    users = (User(12345, "emma"), User(2, "12345", "12345"))
    sofa = Sofa(users=users, person={"kid": {"users": ("12345",)}})
    assert sofa.key(2) == "user:2" and sofa.key(12345) == "kid"


def test_renamed_users_stay_bound():
    sofa = Sofa(person=EMMA)
    assert sofa.key(KID) == "emma"
    sofa.house.users[KID] = User(KID, "princess", "Princess", "", "managed")
    assert sofa.key(KID) == "emma"
    # nor does somebody else become Emma by taking the old name
    sofa.house.users[FRIEND] = User(FRIEND, "emma_k", "", "", "friend")
    assert sofa.key(FRIEND) == f"user:{FRIEND}"


def test_a_new_user_is_known_by_the_session_s_own_name():
    assert Sofa(users=(), person={"new": {"users": ("newbie",)}}).key(555, name="Newbie") == "new"


# ---- a player's title ----


@pytest.mark.parametrize(("user", "matches"), [
    (OWNER, True), (KID, True), (HOMER, True), (FRIEND, False), (0, False), (999, False),
])  # fmt: skip
def test_a_title_counts_for_the_household_only(user, matches):
    sofa = Sofa(person={"emma": {"devices": ("Emma's iPad",)}})
    assert (sofa.key(user, "m1", "EMMA'S IPAD") == "emma") == matches
    assert sofa.house.bound == ({(DEVICE, "emma's ipad"): "m1"} if matches else {})


def test_a_title_counts_for_the_person_s_own_users():
    sofa = Sofa(person={"f": {"users": ("fred",), "devices": ("Fred's TV",)}, "s": {"users": ("sam",)}})
    assert sofa.key(STRANGER, "m2", "Fred's TV") == "s"
    assert sofa.key(FRIEND, "m1", "Fred's TV") == "f"
    assert sofa.house.bound[DEVICE, "fred's tv"] == "m1"
    assert sofa.key(STRANGER, "m1", "anything") == "f"  # once bound, the machine is known whoever plays


def test_a_title_is_bound_to_the_first_machine_and_a_second_is_reported():
    sofa = Sofa(person={"emma": {"devices": ("iPad",)}})
    first, second = Session("1", "m1", KID, player="iPad"), Session("2", "m2", KID, player="ipad")
    assert sofa.key(KID, "m1", "iPad") == "emma"
    assert people.doubles(sofa.house, first) == ""
    assert people.bindings(sofa.house, second) == []
    assert people.doubles(sofa.house, second) == "ipad"
    assert sofa.key(KID, "m2", "iPad") == f"user:{KID}"
    # neither a player without a machine id nor one of a stranger's
    assert people.doubles(sofa.house, second._replace(machine_id="")) == ""
    assert people.doubles(sofa.house, second._replace(user_id=FRIEND)) == ""
    # renamed, it is still the same device
    assert sofa.key(KID, "m1", "The pink one") == "emma"


def test_a_second_device_of_the_same_title_can_be_named_by_its_machine_id():
    sofa = Sofa(person={"emma": {"devices": ("iPad", "m2")}})
    assert sofa.key(KID, "m2", "iPad") == "emma"
    assert sofa.house.bound == {}  # the title is still free for the one that has no other name
    assert sofa.key(KID, "m1", "iPad") == "emma"
    assert people.doubles(sofa.house, Session("1", "m2", KID, player="iPad")) == ""
    assert people.doubles(sofa.house, Session("1", "m3", KID, player="iPad")) == "ipad"


def test_a_machine_id_is_not_a_title():
    sofa = Sofa(person=EMMA)
    assert sofa.key(FRIEND, "m1", "abc-123") == f"user:{FRIEND}"
    assert sofa.key(FRIEND, "", "Emma's iPad") == f"user:{FRIEND}"


# ---- the owner ----


def test_the_owner_is_exempt():
    sofa = Sofa()
    assert sofa.see(OWNER, "m").exempt and not sofa.see(FRIEND, "m").exempt
    assert not Sofa(owner=0).see(OWNER, "m").exempt


def test_an_owner_who_falls_to_a_person_is_judged():
    assert not Sofa(person={"papa": {"users": ("papa",)}}).see(OWNER, "m").exempt
    assert not Sofa(person=EMMA).see(OWNER, "abc-123").exempt
    assert Sofa(person={"papa": {"users": ("papa",), "exempt": True}}).see(OWNER, "m").exempt
    assert Sofa(person={"x": {"users": ("fred",), "exempt": True}}).see(FRIEND, "m").exempt


def test_the_owner_s_name_waits_for_the_account_s_number():
    sofa = Sofa(users=(), owner=1, person={"papa": {"users": ("papa",)}})
    assert sofa.see(1, "m", name="papa").exempt             # Plex says 1, Tautulli has not yet said who that is
    sofa.house = sofa.house._replace(owner_id=OWNER)
    assert sofa.key(OWNER, "m", name="papa") == "papa"


def test_owner_devices():
    sofa = Sofa(usher={"owner_devices": ("Papa's phone", "m-tv")})
    assert sofa.see(OWNER, "m-tv").exempt
    assert not sofa.see(OWNER, "m-other", "Kitchen").exempt
    # the title is bound by the owner's own play, not by somebody who calls a tablet so
    assert not sofa.see(KID, "m-kid", "Papa's phone").exempt
    assert not sofa.see(OWNER, "m-kid", "Kid's tablet").exempt
    assert sofa.see(OWNER, "m-phone", "Papa's phone").exempt
    assert not sofa.see(OWNER, "m-phone-2", "Papa's phone").exempt
    assert people.doubles(sofa.house, Session("1", "m-phone-2", OWNER, player="Papa's phone")) == "papa's phone"
    assert not sofa.see(FRIEND, "m-tv").exempt
    assert not sofa.see(OWNER, "", "").exempt


# ---- which limit holds ----


def test_person_before_group_before_everyone_key_by_key():
    group = {"kids": {"members": ("emma",), "daily": 1800, "weekly": 7200, "message": "Kids"}}
    person = {"emma": {"users": ("emma_k",), "daily": (((), 600), ((("weekday", 5),), 900)), "rest": 60}}
    sofa = Sofa(everyone={"daily": 3600, "weekly": 1, "sitting": 5400, "rest": 900}, group=group, person=person)
    limits = sofa.see(KID).limits
    assert limits.daily == (((), 600), ((("weekday", 5),), 900))
    assert (limits.weekly, limits.sitting, limits.rest) == ((((), 7200),), (((), 5400),), 60)
    assert limits.message == "Kids"
    stranger = sofa.see(FRIEND).limits
    assert (stranger.daily, stranger.weekly, stranger.message) == ((((), 3600),), (((), 1),), "")


def test_none_lifts():
    everyone = {"daily": 1, "weekly": 1, "monthly": 1, "sitting": 1, "rest": 900, "blocked": ((), ((0, 86400),)),
                "message": "no", "uncounted_media": ("track",), "uncounted_libraries": ("Kids",),
                "unlimited_days": ((("weekday", 5)),), "uncounted": (((), ((0, 1),)),)}  # fmt: skip
    limits = Sofa(everyone=everyone, person={"f": {"users": ("fred",), **dict.fromkeys(everyone)}}).see(FRIEND).limits
    assert not limits.any and limits == people.Limits(rest=0)


def test_allowed_and_blocked_are_one_setting():
    a, b = (((), ((0, H),)),), (((), ((H, 2 * H),)),)
    for above, below, expected in [
        ({"blocked": a}, {"allowed": b}, ((), b)), ({"allowed": a}, {"blocked": b}, (b, ())),
        ({"blocked": a}, {"blocked": b}, (b, ())), ({"blocked": a}, {}, (a, ())),
        ({"blocked": a}, {"allowed": None}, ((), ())), ({"allowed": a}, {"blocked": None}, ((), ())),
    ]:  # fmt: skip
        limits = Sofa(everyone=above, person={"f": {"users": ("fred",), **below}}).see(FRIEND).limits
        assert (limits.blocked, limits.allowed) == expected


def test_every_day_unlimited():
    """In config.ini `everyday` is no day named; in Limits no day named is no day."""
    sofa = Sofa(person={"f": {"users": ("fred",), "unlimited_days": ()}})
    assert sofa.see(FRIEND).limits.unlimited_days == tuple(("weekday", n) for n in range(7))
    assert sofa.see(HOMER).limits.unlimited_days == ()


def test_names_of_media_and_libraries_in_any_case():
    sofa = Sofa(everyone={"daily": 1, "uncounted_media": ("Track",), "uncounted_libraries": ("Learning & Co",)})
    limits = sofa.see(FRIEND).limits
    assert people.Limits.any.fget(limits)
    from shared.policy.limits import counts

    assert not counts(limits, "TRACK", "") and not counts(limits, "movie", "LEARNING & co")
    assert counts(limits, "movie", "Films")


def test_dry_run_of_the_house_group_and_person():
    group = {"kids": {"members": ("emma", "sam"), "dry_run": False}}
    person = {"emma": {"users": ("emma_k",), "dry_run": True}}
    sofa = Sofa(group=group, person=person)
    assert [sofa.see(u).dry_run for u in (KID, STRANGER, FRIEND)] == [True, False, True]
    live = Sofa(usher={"dry_run": False}, group={"g": {"members": ("fred",), "dry_run": True}})
    assert [live.see(u).dry_run for u in (FRIEND, HOMER)] == [True, False]


# ---- groups ----


def test_members_of_a_kind():
    group = {"family": {"members": ("@home",), "daily": 1}, "kids": {"members": ("@managed",), "daily": 2},
             "others": {"members": ("@friends",), "daily": 3}, "named": {"members": ("sam",), "daily": 4}}  # fmt: skip
    sofa = Sofa(group=group)
    assert [sofa.daily(u) for u in (HOMER, KID, FRIEND, STRANGER, OWNER)] == [1, 1, 3, 4, 3600]
    kids_first = Sofa(group={"kids": group["kids"], "family": group["family"]})
    assert [kids_first.daily(u) for u in (HOMER, KID)] == [1, 2]
    assert Sofa(group=group).daily(999) == 3600  # nothing known of them yet


def test_a_name_wins_over_a_kind_wherever_it_stands():
    group = {"family": {"members": ("@home",), "daily": 1}, "kids": {"members": ("emma",), "daily": 2}}
    assert Sofa(group=group, person=EMMA).daily(KID) == 2


def test_a_user_inside_a_person_means_the_person():
    """Then the group holds on the person's device too, whoever is signed in there."""
    for member in ("emma", "EMMA", "emma_k", str(KID)):
        sofa = Sofa(group={"kids": {"members": (member,), "daily": 2}}, person=EMMA)
        assert sofa.daily(0, "abc-123") == (3600 if member == str(KID) else 2)  # the id is known when she is
        assert sofa.daily(KID, "m1") == 2
        assert sofa.daily(OWNER, "abc-123") == sofa.daily(FRIEND, "abc-123") == sofa.daily(0, "abc-123") == 2


def test_the_group_of_who_is_signed_in_does_not_hold_on_another_person_s_device():
    """Papa's account on Emma's tablet is Emma, with the limits of the kids."""
    group = {
        "adults": {"members": ("papa", "fred", "@friends"), "daily": None},
        "kids": {"members": ("emma",), "daily": 2},
    }
    sofa = Sofa(group=group, person=EMMA)
    assert [sofa.daily(u, "abc-123") for u in (OWNER, FRIEND, STRANGER, KID, 0)] == [2] * 5
    assert sofa.daily(FRIEND, "m1") is None
    alone = Sofa(group={"adults": group["adults"]}, person=EMMA)
    assert [alone.daily(u, "abc-123") for u in (OWNER, FRIEND, STRANGER)] == [3600] * 3


def test_a_kind_is_that_of_the_person_s_own_users():
    sofa = Sofa(group={"kids": {"members": ("@managed",), "daily": 2}}, person=EMMA)
    assert sofa.daily(KID, "m1") == 2
    assert sofa.daily(FRIEND, "abc-123") == 2  # Emma is a managed user, whoever sits there
    other = Sofa(
        group={"kids": {"members": ("@managed",), "daily": 2}}, person={"f": {"users": ("fred",), "devices": ("d",)}}
    )
    assert other.daily(FRIEND) == 3600 and other.daily(KID, "d") == 3600


def test_a_member_that_is_a_person_is_not_a_user_of_that_name():
    persons = {"emma": {"users": ("emma_k",)}, "max": {"users": ("fred",)}}
    users = (*USERS, User(300, "emma", "", "", "friend"))
    sofa = Sofa(users=users, group={"kids": {"members": ("emma",), "daily": 2}}, person=persons)
    assert sofa.daily(KID) == 2 and sofa.daily(300) == 3600


# ---- what the history of a person is made of ----


def test_user_and_machine_ids():
    sofa = Sofa(person={"emma": {"users": ("emma_k", "777", "not seen yet"), "devices": ("iPad", "abc")}})
    assert people.user_ids(sofa.house, "emma") == [777]
    assert people.machine_ids(sofa.house, "emma") == ["iPad", "abc"]
    sofa.see(KID, "m1", "iPad")
    assert people.user_ids(sofa.house, "emma") == [KID, 777]
    assert people.machine_ids(sofa.house, "emma") == ["m1", "abc"]
    assert people.user_ids(sofa.house, "user:42") == [42] and people.machine_ids(sofa.house, "user:42") == []


@pytest.mark.parametrize("odd", ["²", "٣", "1" * 30, "-1", "1e5", "", " ", "@home", "user:5", "0", "\x00", "{user}"])
def test_odd_names_do_no_harm(odd):
    """config.ini takes any name for a user that it cannot check."""
    person = {odd or "x": {"users": (odd,), "devices": (odd,)}, "user:x": {"users": ("sam",)}}
    sofa = Sofa(person=person, group={"g": {"members": (odd, "user:x"), "daily": 1}})
    for user in (0, 3, 5, KID, STRANGER):
        for machine, player in (("", ""), ("m", odd), (odd, odd)):
            who = sofa.see(user, machine, player, odd)
            if who:
                assert all(0 <= n < 10**18 for n in people.user_ids(sofa.house, who.key))
                people.machine_ids(sofa.house, who.key)
    assert sofa.key(STRANGER) == "user:x"


def test_user_and_device_bindings_are_apart():
    sofa = Sofa(person={"emma": {"users": ("tv",)}, "max": {"devices": ("tv",)}})
    sofa.house.bound[USER, "tv"] = str(KID)
    assert sofa.key(KID, "m1") == "emma"
    assert sofa.key(HOMER, "m1", "tv") == "max"


# ---- a person that ends ----

COUSIN = {"cousin": {"users": ("homer",), "devices": ("Tent TV",), "daily": 9 * H, "until": 100}}


@pytest.mark.parametrize(("day", "user", "device"), [
    (1, "cousin", "cousin"), (100, "cousin", "cousin"), (101, f"user:{HOMER}", f"user:{KID}"),
    (5000, f"user:{HOMER}", f"user:{KID}"),
])  # fmt: skip
@pytest.mark.parametrize("group", [{}, {"young": {"members": ("homer",), "daily": 5 * H}},
                                   {"young": {"members": ("cousin",), "daily": 5 * H}}])  # fmt: skip
def test_after_its_last_day_a_person_is_as_if_it_were_not_there(day, user, device, group):
    sofa = Sofa(person=COUSIN, group=group)
    sofa.see(HOMER, "t1", "Tent TV")  # seen while it held, so user and player are bound
    house = sofa.house
    sofa.house = house._replace(settings=people.in_force(house.settings, day))
    without = house._replace(settings={**house.settings, "person": {}})
    assert sofa.key(HOMER, "phone") == user and sofa.key(KID, "t1", "Tent TV") == device
    if day > 100:
        for account, machine in ((HOMER, "phone"), (KID, "t1"), (0, "t1")):
            assert people.whose(sofa.house, account, machine) == people.whose(without, account, machine)
    else:
        assert sofa.house.settings == house.settings and sofa.daily(HOMER, "phone") == 9 * H
    assert people.expired(house.settings, day) == ({"cousin": 100} if day > 100 else {})


def test_others_stay_when_a_person_ends():
    persons = {**EMMA, **COUSIN, "forever": {"users": ("fred",), "until": None}}
    left = people.in_force(Sofa(person=persons).house.settings, 101)["person"]
    assert left == {"emma": EMMA["emma"], "forever": persons["forever"]}


# ---- names and numbers at their edges ----


def test_what_somebody_is_without_a_word():
    assert people.Who("key", "name", Limits())[3:] == (False, True, "") and House({}, {}, {}).owner_id == 0
    assert people.nobody(Sofa().house) == people.Who("user:0", "Local", Limits())
    assert people.person(Sofa(person=EMMA).house, "emma")[:4:3] == ("emma", False)
    assert Sofa().see(FRIEND).group == ""


@pytest.mark.parametrize(("key", "value", "lifted"), [
    ("rest", 60, 0), ("message", "x", ""), ("max_streams", 1, None), ("max_locations", 1, None),
    ("max_paused", 60, None), ("let_finish", 60, 0), ("no_start_in_last", 60, 0), ("delay_stop", 5, 0),
    ("monthly", 60, ()), ("warn_before", (60,), ()), ("tell", ("4",), ()),
])  # fmt: skip
def test_what_none_comes_to(key, value, lifted):
    sofa = Sofa(everyone={key: value}, person={"fred": {"users": ("fred",), key: None}})
    assert getattr(sofa.see(FRIEND).limits, key) == lifted
    assert getattr(sofa.see(STRANGER).limits, key) == ((((), value),) if key == "monthly" else value)


def test_the_owner_s_player_counts_by_its_title_however_they_are_known_to_be_the_owner():
    assert Sofa(owner=0, person=EMMA).key(OWNER, "m", "Emma's iPad") == "emma"
    stranger = User(OWNER, "papa", "Papa", "", "friend")
    assert Sofa(users=(stranger,), person=EMMA).key(OWNER, "m", "Emma's iPad") == "emma"
    assert Sofa(users=(stranger,), owner=0, person=EMMA).key(OWNER, "m", "Emma's iPad") == f"user:{OWNER}"
    assert Sofa(owner=0, person=EMMA).see(0, "m", "Emma's iPad") is None


def test_what_is_bound_to_nothing():
    local = Session("1", "", 0, user="Local")
    assert people.bindings(Sofa(person={"zero": {"users": ("local",)}}).house, local) == []
    sofa = Sofa(usher={"owner_devices": ("tv-1", "Big TV")})
    assert people.bindings(sofa.house, Session("1", "tv-1", OWNER, player="Big TV")) == []
    assert people.bindings(sofa.house, Session("1", "tv-2", OWNER, player="Big TV")) == [(DEVICE, "big tv", "tv-2")]
    sofa.house.settings["rule"] = {"all": {"users": (False, ("*", "f?", "@home"))}, "none": {}}
    for name in ("*", "f?", "@home"):  # who calls themselves like a pattern is not all that it means
        assert people.bindings(sofa.house, Session("1", "m", 9, user=name)) == []


def test_ids_are_short_enough_for_the_ledger():
    sofa = Sofa(person={"x": {"users": ("9" * 18, "9" * 19, "x")}})
    assert people.user_ids(sofa.house, "x") == [int("9" * 18)]


def test_one_vip_among_a_person_s_accounts_is_enough():
    person = {"both": {"users": ("fred", "sam")}}
    sofa = Sofa(group={"vips": {"members": ("@vip",), "daily": 5}}, person=person, vip=("fred",))
    assert [sofa.daily(id) for id in (STRANGER, FRIEND, STRANGER, HOMER)] == [3600, 5, 5, 3600]
    sofa.house.bound["vip", "fred"] = f"{HOMER},{STRANGER}"
    assert [people.is_vip(sofa.house, id) for id in (FRIEND, HOMER, STRANGER)] == [False, True, True]


def test_the_names_that_are_another_s_are_taken_from_a_user():
    house = Sofa(users=(*USERS, User(7, "7", "Seven", "7@example.com"))).house
    assert people.unmistakable(house, User(9, "dora", "emma_k", "FRED")) == User(9, "dora")
    assert people.unmistakable(house, User(9, str(KID), "Dora", "")) == User(9, "", "Dora")
    assert people.unmistakable(house, house.users[7]) == house.users[7]


@pytest.mark.parametrize(("name", "expected"), [
    ("*", True), ("em?a", True), ("@home", True), ("@friends", True), ("@vip", True), ("emma", False),
    ("@nobody", False),
])  # fmt: skip
def test_which_names_mean_many(name, expected):
    assert people.is_many(name) is expected
