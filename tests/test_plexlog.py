"""Lines of Plex's log: their days, and what players report in them; in the formats of 2013, 2016 and today."""
import random
from datetime import date, datetime

import pytest

from shared import plexlog
from shared.jobs.log_plays import _moment
from shared.policy import seen
from shared.policy.calendar import EPOCH, Calendar
from shared.zone import transitions
from tests.sandbox.plexlog import with_plays

TODAY = date(2026, 11, 26).toordinal()
THIRTEEN = b"Jul 03, 2013 02:13:16:353 [4600] DEBUG - Request: GET /:/timeline?"
SIXTEEN = b"Mar 02, 2016 12:29:35 [0x700000ee8000] DEBUG - Request: [192.168.1.108:51859] GET /:/timeline?"
NOW = b"Feb 14, 2026 13:13:59.604 [140513305570104] DEBUG - Request: [192.168.2.97:41742 (Subnet)] GET /:/timeline?"
WHAT = b"ratingKey=13&key=%2Flibrary%2Fmetadata%2F13&state=playing&time=10045&duration=900000"
TAGGED = b" (29 live) #455b23 TLS GZIP"


def days(text, day, latest=TODAY + 1, today=TODAY):
    return [(to - day, part) for to, part in plexlog.by_day(text, day, latest, today)]


# ---- days ----


@pytest.mark.parametrize("line, wanted", [
    (b"Jul 03, 2013 02:13:16:353 [4600] DEBUG - x", datetime(2013, 7, 3, 2, 13, 16)),
    (b"Mar 02, 2016 12:29:35 [0x700000ee8000] DEBUG - x", datetime(2016, 3, 2, 12, 29, 35)),
    (b"Feb 14, 2026 13:13:59.604 [140513305570104] DEBUG - x", datetime(2026, 2, 14, 13, 13, 59)),
    (b" * X-Plex-Product => Plex Web", None),
    (b"Feb 30, 2026 13:13:59.604 [1] DEBUG - x", None),
    (b"Feb 03, 2026 24:13:59.604 [1] DEBUG - x", None),
    (b"Feb 03, 0000 12:13:59.604 [1] DEBUG - x", None),
    (b"M\xe4r 03, 2026 12:13:59.604 [1] DEBUG - x", None),
])
def test_stamps(line, wanted):
    at = plexlog.stamp(line)
    assert at == (wanted and wanted.toordinal() * 86400 + wanted.hour * 3600 + wanted.minute * 60 + wanted.second or 0)


def test_days_go_forward_and_odd_lines_stay():
    day = date(2026, 11, 24).toordinal()
    one, two, three = (b"Nov %d, 2026 00:00:01.000 [1] INFO - x\n" % n for n in (24, 25, 26))
    assert days(one + two + three, day) == [(0, one), (1, two), (2, three)]
    assert days(b" * more\n" + one + two + one + b"\n" + three, day) == [
        (0, b" * more\n" + one), (1, two + one + b"\n"), (2, three)]
    late = b"Jan 01, 2038 00:00:01.000 [1] INFO - x\n"
    assert days(one + late + two, day) == [(0, one + late), (1, two)]
    assert days(late + one, day) == [(0, late + one)]
    text = b"Nov 24, 2026 00:00:01.000 [1] INFO - it said Nov 25, 2026 00:00:01\n"
    assert days(text, day) == [(0, text)]
    wrong = date(2031, 1, 1).toordinal()     # a clock that has been put right since
    assert days(two, wrong) == [(day + 1 - wrong, two)]
    assert days(b"", day) == []


@pytest.mark.parametrize("seed", range(40))
def test_no_byte_is_lost_between_days(seed):
    """And the fast way of the usual day says what the thorough one says."""
    rng = random.Random(seed)
    first = TODAY - rng.choice((0, 1, 5, 900))
    lines, day = [], first
    for _ in range(200):
        day += rng.random() < 0.05
        odd = rng.choice((0, 0, 0, 0, 0, -1, 1, -3000, 4000))
        lines.append(plexlog.day_text(min(day + odd, 3_000_000)) + b"10:00:00.000 [1] DEBUG - x\n"
                     if rng.random() < 0.8 else rng.choice((b"\n", b" * a => b\n", b"\xff\n")))
    text = b"".join(lines)
    parts = days(text, first)
    assert b"".join(part for _, part in parts) == text
    slow, at = [], first
    for line in lines:
        found = plexlog.stamp(line) // 86400
        at = found if at < found <= TODAY + 1 or (found and at > TODAY + 1 and found <= TODAY + 1) else at
        slow.append(at - first)
    assert [n for n, part in parts for _ in part.splitlines()] == slow


# ---- reports ----


def one(*lines):
    (found,) = plexlog.reports(lines)
    return found


def test_2013_with_its_headers():
    found = one(THIRTEEN + WHAT + b" [192.168.1.10:48192] (3 live)", b" * X-Plex-Product => Plex Web",
                b" * X-Plex-Client-Identifier => abc", b" * X-Plex-Username => emma", b" * X-Plex-Device-Name => TV")
    assert found[1:] == ("emma", "abc", "TV", "13", "playing", 10.045, 900.0)
    bare = one(THIRTEEN + WHAT + b" [192.168.1.10:48192] (3 live)")
    assert (bare.user, bare.client, bare.device) == ("", "192.168.1.10", "192.168.1.10")


def test_2016():
    found = one(SIXTEEN + WHAT + b"&X-Plex-Client-Identifier=abc (6 live) GZIP Token (emma)")
    assert (found.user, found.client) == ("emma", "abc")


@pytest.mark.parametrize("origin", [b"192.168.2.97:41742 (Subnet)", b"203.0.113.9:1 (WAN)", b"127.0.0.1:5 (Loopback)",
                                    b"10.0.0.4:5 (Allowed Network (WAN))", b"[::1]:5 (Loopback)", b"192.168.2.97:5"])
def test_today(origin):
    request = NOW.replace(b"192.168.2.97:41742 (Subnet)", origin) + WHAT + TAGGED + b" Signed-in Token (em (ma))"
    found = one(request + b" / Accept => */* / X-Plex-Client-Identifier => abc / X-Plex-Device-Name => TV / x")
    assert found[1:] == ("em (ma)", "abc", "TV", "13", "playing", 10.045, 900.0)


@pytest.mark.parametrize("level", ["DEBUG -", "ОТЛАДКА —", "Débogage –"])
def test_the_user_stands_in_a_later_line(level):
    lead = b"Feb 14, 2026 13:13:59.700 [140513305570104] DEBUG - "
    other = NOW.replace(b"140513305570104", b"7") + WHAT.replace(b"13", b"14") + TAGGED.replace(b"455b23", b"1")
    first = (NOW + WHAT + TAGGED).replace(b"DEBUG -", level.encode())
    for user in (b"[Req#455b23] [Now] User is emma (ID: 1)", b"[Now] User is emma (ID: 1)",
                 b"[Req#455b23/Now] User is emma (ID: 1)"):
        found = list(plexlog.reports([first, other, lead + user,
                                      lead + b"[Req#455b23] Client [abc] reporting timeline state playing, progress of "
                                      b"10045/900000ms for guid"]))
        assert [(f.user, f.client, f.item) for f in found] == [("emma", "abc", "13"), ("", "192.168.2.97", "14")]


def test_what_plex_refused_or_somebody_only_said_is_no_report():
    lead = b"Feb 14, 2026 13:13:59.700 [9] DEBUG - Completed: [192.168.2.97:41742] "
    good, bad = (lead + status + b" GET /:/timeline?" + WHAT + TAGGED for status in (b"200", b"401"))
    assert [f.item for f in plexlog.reports([NOW + WHAT + TAGGED, good])] == ["13"]
    assert not list(plexlog.reports([NOW + WHAT + TAGGED, bad]))
    assert not list(plexlog.reports([good]))
    for fake in (b"GET /search?query=Request:+GET+/:/timeline?", b"user agent: Request: GET /:/timeline?"):
        assert not list(plexlog.reports([NOW.replace(b"GET /:/timeline?", fake) + WHAT + TAGGED]))
    for query in (b"", b"state=playing", b"ratingKey=&state=playing", b"ratingKey=13", b"ratingKey=%ff&state=%00"):
        assert len(list(plexlog.reports([NOW + query + TAGGED]))) == (query[-1:] == b"0")
    assert not list(plexlog.reports([b"", b"\xff", b" * a => b", b"Feb 14, 2026 13:13:59.604 [1", NOW[:-5] + b"\xff?"]))


# ---- plays ----


def told(calendar, text):
    at = 0.0
    for report in plexlog.reports(text.splitlines()):
        at = _moment(calendar, report.at - EPOCH * 86400, at)
        yield seen.Told(at, *report[1:])


@pytest.mark.parametrize("old", [False, True], ids=["today", "2013"])
@pytest.mark.parametrize("began", [datetime(2026, 2, 14), datetime(2026, 3, 28, 18), datetime(2026, 10, 24, 18)],
                         ids=["winter", "spring", "autumn"])
def test_every_play_is_found_and_none_invented(old, began):
    text, made = with_plays(random.Random(5), began, 40, old=old, noise_every=300)
    start = int(began.timestamp()) - 3 * 86400
    calendar = Calendar(transitions("UTC", start, start + 9 * 86400))
    found = [(p.user, p.item, p.began, p.ended) for p in seen.plays(told(calendar, text))]
    wanted = [(p.user, p.item, utc(p.began), utc(p.ended)) for p in made]
    assert sorted(found) == sorted(wanted)


@pytest.mark.parametrize("month, hours", [(3, (1, 3)), (10, (2, 2))], ids=["spring", "autumn"])
def test_a_play_through_a_change_of_the_clock_is_one(month, hours):
    """In spring an hour is left out; in autumn one comes twice."""
    day = {3: 29, 10: 25}[month]
    lines = []
    for n, (hour, minutes) in enumerate((h, m) for h in hours for m in range(0, 60, 1)):
        state = b"stopped" if n == 119 else b"playing"
        when = f"{'Mar' if month == 3 else 'Oct'} {day}, 2026 {hour:02d}:{minutes:02d}:00".encode()
        request = NOW.replace(b"Feb 14, 2026 13:13:59", when) + WHAT.replace(b"playing", state)
        lines.append(request + TAGGED + b" Token (e)")
    start = int(datetime(2026, month, day).timestamp()) - 86400
    calendar = Calendar(transitions("Europe/Zurich", start, start + 3 * 86400))
    (play,) = seen.plays(told(calendar, b"\n".join(lines)))
    assert play.ended - play.began == play.seconds == 119 * 60


def utc(when):
    return (when - datetime(1970, 1, 1)).total_seconds()
