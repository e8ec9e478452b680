"""Ten tricks that children try, with real streams, as the README's table tells of them, whether they work or not; and a
television that counts for the children. To the second they are reckoned in tests/test_tricks.py."""
import time
from types import SimpleNamespace

import pytest

from tests.scenarios.stage import lasting, stage, together

SLACK = 1.0                             # seconds by which a cut may be early or late
LOST = 0.5                              # and so much more for each change to another stream: events take their time
BUDGET = 8
CONFIG = """
[notify]
tautulli_notifiers = {owners}
[person:emma]
users = emma
devices = Emma's tablet
daily = 8s
[person:max]
users = max
daily = 8s
[person:nosy]
users = nosy
known_devices_only = yes
[person:family]
devices = Family TV
counts_for = toddler
[person:toddler]
users = toddler
daily = 8s
[person:namer]
users = namer
devices = Own tablet
daily = 8s
[person:den]
devices = den-machine
daily = 8s
[person:caster]
users = caster
daily = 8s
max_streams = 1
[person:kids-tv]
devices = Kids TV
daily = 8s
""" + "".join(f"[person:{name}]\nusers = {name}\ndaily = 8s\n" for name in (
    "hopper", "pauser", "presser", "fast", "browser"))
PEOPLE = ["emma", "max", "nosy", "toddler", "caster", "hopper", "pauser", "presser", "fast", "browser", "guest",
          "namer"]


def play(host):
    with stage(host, "", PEOPLE, home=["emma", "max", "namer"], tick=3600) as s:
        s.owners = s.world.probe({}, "owners")
        s.configure(CONFIG.format(owners=s.owners))
        s.watch("guest")                # so that somebody keeps time, and knows who is who
        s.until(lambda: s.ask("SELECT 1 FROM meta WHERE key = 'devices_at'"), 20, "what Tautulli knows")
        acts = [sibling, owners_profile, renamed, new_browser, hops, pauses, presses, casts, nobody, speeds, counts]
        found = together(*(lambda act=act: act(s) for act in acts), every=1.2)
        return SimpleNamespace(rows=s.rows(), told=s.rows(s.owners), **{
            act.__name__: SimpleNamespace(**fact) for act, fact in zip(acts, found, strict=True)})


def sibling(s):
    """Emma's time is up; she takes her brother's profile: on her own tablet, which her section names, and on the TV."""
    first = s.watch("emma", player="Emma's tablet")
    cut = s.cut(first, 15)
    tablet = s.watch("max", s.world.movie2, player="Emma's tablet", machine_id=first.player["machineIdentifier"])
    gone = s.gone(tablet, 5)
    elsewhere = s.watch("max", s.world.movie2, player="TV")
    lasting(elsewhere, 3)
    alive = elsewhere.alive
    elsewhere.stop()
    return {"cut": cut, "tablet": gone, "elsewhere": alive}


def owners_profile(s):
    """On a player that a person names the owner's profile is that person's; on another one it is free."""
    named = s.watch("owner", player="Kids TV")
    free = s.watch("owner", s.world.episode, player="Bedroom")
    cut = s.cut(named, 15)
    lasting(free, BUDGET + 3)
    return {"named": cut, "free": free.alive}


def renamed(s):
    """Its name is another one now, its machine id is not."""
    first = s.watch("namer", player="Own tablet", machine_id="first-tablet")
    lasting(first, 4)
    first.stop()
    again = s.watch("guest", s.world.movie2, player="A new name", machine_id="first-tablet")
    cut = s.cut(again, 15) + 4
    s.gone(s.watch("namer", player="Own tablet", machine_id="second-tablet"), 8)
    return {"cut": cut, "told": s.wait_row("two players of one name", 15)}


def new_browser(s):
    """A private window is a new player: no new time; and where only known players may play, none at all."""
    first = s.watch("browser", player="Chrome", machine_id="window-1")
    lasting(first, 4)
    first.stop()
    second = s.watch("browser", s.world.movie2, player="Chrome", machine_id="window-2")
    return {"cut": s.cut(second, 15) + 4, "nosy": s.gone(s.watch("nosy", player="Chrome", machine_id="window-3"), 5)}


def hops(s):
    """Two minutes a title, so that Tautulli's history has none of it (here: two seconds)."""
    began = time.time()
    for n in range(10):
        stream = s.watch("hopper", (s.world.movie, s.world.movie2, s.world.episode)[n % 3])
        time.sleep(2)
        if not stream.alive:
            break
        stream.stop()
    return {"cut": s.stops(stream)[0].time - began if s.stops(stream) else None, "titles": n + 1}


def pauses(s):
    """Paused time is free, and that is all that a pause brings."""
    stream = s.watch("pauser")
    lasting(stream, 4)
    stream.pause()
    time.sleep(5)
    stream.resume()
    return {"cut": s.cut(stream, 20) - 5}


def presses(s):
    """Again and again."""
    first = s.watch("presser")
    s.gone(first, 15)
    lived = [s.gone(s.watch("presser", s.world.movie2), 8) for _ in range(4)]
    return {"lived": lived}


def casts(s):
    """From the phone to the television: the film goes on there, the phone stands still. It is the same film, and the
    same time."""
    phone = s.watch("caster", player="Phone")
    lasting(phone, 4)
    phone.pause()
    cast = s.watch("caster", player="Chromecast", offset=phone.view_offset, platform="Chromecast")
    cut = s.cut(cast, 15)
    return {"cut": cut + 4, "reason": s.stops(cast)[0].reason}


def nobody(s):
    """Without any account: on a player that a person names, and on another one."""
    local = s.world.people.local
    free = s.watch(local, s.world.movie2, player="Old box", odd="dlna")
    named = s.watch(local, player="Den", machine_id="den-machine")
    return {"named": s.cut(named, 15), "free": (free.alive, s.stops(free))}


def speeds(s):
    """At twice the speed, and with seeking back to the begin."""
    stream = s.watch("fast", rate=2.0)
    for n in range(1, 4):
        lasting(stream, n * 2)
        stream.seek(0 if n % 2 else 3_000_000)
    return {"cut": s.cut(stream, 12)}


def counts(s):
    """What the family's television plays, whoever is signed in there, counts for one of the children, too."""
    tv = s.watch("owner", player="Family TV", machine_id="living-room")
    lasting(tv, 4)
    own = s.watch("toddler", s.world.movie2)
    together_until = s.cut(own, 15)
    lasting(tv, 13)
    return {"cut": own.began + together_until - tv.began, "tv": (tv.alive, s.stops(tv)),
            "reason": s.stops(own)[0].reason}


# ---- what must have come of it ----

def test_a_siblings_profile_is_the_siblings_time_but_not_on_a_player_of_ones_own(seen):
    assert abs(seen.sibling.cut - BUDGET) <= SLACK
    assert seen.sibling.tablet <= 2 and seen.sibling.elsewhere


def test_the_owners_profile_is_free_but_not_on_a_player_that_a_person_names(seen):
    assert abs(seen.owners_profile.named - BUDGET) <= SLACK and seen.owners_profile.free


def test_a_renamed_device_is_the_same(seen):
    assert -SLACK <= seen.renamed.cut - BUDGET <= SLACK + LOST


def test_a_second_device_of_that_name_is_reported(seen):
    assert "second-tablet" in seen.renamed.told[1] and seen.renamed.told in seen.told


def test_a_new_browser_brings_no_new_time(seen):
    assert -SLACK <= seen.new_browser.cut - BUDGET <= SLACK + LOST


def test_where_only_known_players_may_play_a_new_browser_is_stopped_at_once(seen):
    assert seen.new_browser.nosy <= 2


def test_hops_count_from_their_first_second(seen):
    assert seen.hops.titles >= 4 and -SLACK <= seen.hops.cut - BUDGET <= SLACK + LOST * (seen.hops.titles - 1)


def test_a_pause_is_free_and_no_more(seen):
    assert abs(seen.pauses.cut - BUDGET) <= SLACK


def test_pressing_play_again_is_stopped_again(seen):
    assert max(seen.presses.lived) <= 2 and len(seen.presses.lived) == 4


def test_casting_goes_on_with_the_same_time_and_is_one_player(seen):
    assert -SLACK <= seen.casts.cut - BUDGET <= SLACK + LOST
    assert seen.casts.reason.startswith("Daily limit of 8 s")


def test_without_an_account_nobody_is_stopped_but_on_a_player_that_a_person_names(seen):
    assert seen.nobody.free == (True, []) and abs(seen.nobody.named - BUDGET) <= SLACK


def test_speed_and_seeking_change_nothing(seen):
    assert abs(seen.speeds.cut - BUDGET) <= SLACK


def test_a_familys_television_counts_for_the_children_and_goes_on(seen):
    assert abs(seen.counts.cut - BUDGET) <= SLACK and seen.counts.tv == (True, [])
    assert seen.counts.reason.startswith("Daily limit of 8 s")


@pytest.mark.parametrize("trick", ["presses play again", "uses a sibling's profile", "uses your profile on the TV",
                                   "renames a device", "uses a new browser", "hops from title to title",
                                   "pauses all the time", "casts from the phone to the television",
                                   "plays without an account", "seeks, or plays faster"])
def test_the_readme_tells_of_it(trick):
    from tests.sandbox.bundle import PROJECT
    assert f"\n| {trick} | " in (PROJECT / "README.md").read_text(encoding="utf-8").partition("\n## Tricks\n")[2]
