"""The care for users from warning to removal, on the stand-in, with the clock in our hands."""
from tests.people.house import ADMIN


def test_one_of_five_drifts_and_is_warned_and_removed(house):
    h = house()
    h.regulars(4)
    dora = h.friend("dora", idle=25)
    h.world.tautulli.start()
    h.prune()
    assert h.plan()["dora"] == ("fine", 2) and h.mails() == []
    h.days(7)
    assert h.removed() == ["dora"]
    assert [subject.split(" on ")[0] for subject in h.mails(dora)] == [
        "Your access to Fake Plex ends", "Your access to Fake Plex has ended"]
    assert h.mails(ADMIN) == ["Usher: dora removed"]
