"""What a viewer is told, in English and in German, and whatever names and texts hold."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import texts
from shared.model import Decision
from shared.policy import speech, words

from .words_of_tests import DAY, H, M, at, calendar

NOW = at("2026-11-20T18:00")  # a Friday
HOUSE = calendar()
EN, DE = (texts.load(language, "/nowhere") for language in ("en", "de"))
ABOUT = {"name": "Emma", "title": "Alien", "player": "iPad"}
KINDS = ("daily", "weekly", "monthly", "sitting", "hours", "lock", "streams", "locations", "paused", "device", "start",
         "plays", "rule")  # fmt: skip


def stop(kind, value=0, until=None, limit=None, message="", **more):
    return Decision(False, until, limit or kind, value, "", kind, message, **more)


def said(*args, language=EN, **more):
    return speech.stopped(stop(*args, **more), language, HOUSE, NOW, **ABOUT)


SEVEN, MONDAY = at("2026-11-21T07:00"), at("2026-11-23T04:00")


@pytest.mark.parametrize(("kind", "value", "until", "english", "german"), [
    ("daily", H, SEVEN, "Daily limit of 1 h reached; back at 07:00.",
     "Tageslimit von 1 Std. erreicht; weiter um 07:00."),
    ("daily", 90 * M, MONDAY, "Daily limit of 1 h 30 min reached; back on Mon at 04:00.",
     "Tageslimit von 1 Std. 30 Min. erreicht; weiter am Mo um 04:00."),
    ("daily", 0, None, "Daily limit of 0 s reached.", "Tageslimit von 0 Sek. erreicht."),
    ("weekly", 10 * H, at("2026-12-03T04:00"), "Weekly limit of 10 h reached; back on 3 Dec at 04:00.",
     "Wochenlimit von 10 Std. erreicht; weiter am 3. Dez. um 04:00."),
    ("monthly", 40 * H, None, "Monthly limit of 40 h reached.", "Monatslimit von 40 Std. erreicht."),
    ("sitting", 30 * M, NOW + 15 * M, "Sitting limit of 30 min reached; back at 18:15.",
     "30 Min. am Stück sind vorbei: Zeit für eine Pause; weiter um 18:15."),
    ("sitting", 30 * M, NOW + 30, "Sitting limit of 30 min reached; back at 18:00:30.",
     "30 Min. am Stück sind vorbei: Zeit für eine Pause; weiter um 18:00:30."),
    ("hours", 0, SEVEN, "No watching at this hour; back at 07:00.",
     "Um diese Zeit wird nicht geschaut; weiter um 07:00."),
    ("lock", 0, None, "Locked.", "Gesperrt."),
    ("lock", 0, SEVEN, "Locked; back at 07:00.", "Gesperrt; weiter um 07:00."),
    ("streams", 2, None, "Too many players at once: 2 at most.", "Zu viele Geräte gleichzeitig: höchstens 2."),
    ("locations", 1, None, "Too many places at once: 1 at most.", "Zu viele Orte gleichzeitig: höchstens 1."),
    ("paused", 20 * M, None, "Paused for more than 20 min. Press play to go on.",
     "Länger als 20 Min. pausiert. Mit Play geht es weiter."),
    ("device", 0, None, "This player is not known here yet. Ask for it to be let in.",
     "Dieses Gerät ist hier noch nicht bekannt. Bitte um Freigabe fragen."),
    ("start", 5 * M, SEVEN, "Nothing new starts in the last 5 min; back at 07:00.",
     "In den letzten 5 Min. beginnt nichts Neues; weiter um 07:00."),
])  # fmt: skip
def test_every_kind_of_stop(kind, value, until, english, german):
    assert said(kind, value, until) == english
    assert said(kind, value, until, language=DE) == german


@pytest.mark.parametrize(("kind", "value", "until", "english", "german"), [
    ("rule", 0, None, "Not allowed: late horror.", "Nicht erlaubt: late horror."),
    ("rule", 0, SEVEN, "Not allowed: late horror; back at 07:00.", "Nicht erlaubt: late horror; weiter um 07:00."),
    ("daily", 30 * M, SEVEN, "late horror: Daily limit of 30 min reached; back at 07:00.",
     "late horror: Tageslimit von 30 Min. erreicht; weiter um 07:00."),
    ("plays", 4, MONDAY, "late horror: That makes more than 4; back on Mon at 04:00.",
     "late horror: Das sind mehr als 4; weiter am Mo um 04:00."),
    ("streams", 1, None, "late horror: Too many players at once: 1 at most.",
     "late horror: Zu viele Geräte gleichzeitig: höchstens 1."),
])  # fmt: skip
def test_every_kind_of_a_rule_s_stop(kind, value, until, english, german):
    assert said(kind, value, until, "rule:late horror") == english
    assert said(kind, value, until, "rule:late horror", language=DE) == german


@pytest.mark.parametrize(("message", "until", "limit", "expected"), [
    ("Read a book", SEVEN, "daily", "Daily limit of 1 h reached; back at 07:00. Read a book."),
    ("Read a book!", None, "daily", "Daily limit of 1 h reached. Read a book!"),
    ("Not for you yet", None, "rule:x", "Not for you yet."), ("Not for you yet.", None, "rule:x", "Not for you yet."),
    ("Not for you yet", SEVEN, "rule:x", "Not for you yet; back at 07:00."),
    ("Not for you yet.", SEVEN, "rule:x", "Not for you yet. Back at 07:00."),
    ("Bed?", SEVEN, "rule:x", "Bed? Back at 07:00."),
    ("Off to bed!", SEVEN, "rule:x", "Off to bed! Back at 07:00."), ("…", SEVEN, "rule:x", "… Back at 07:00."),
    ("{back} {value} {nosuch}", None, "rule:x", "{back} {value} {nosuch}."),  # the owner's words stand as they are
])  # fmt: skip
def test_the_owner_s_own_words(message, until, limit, expected):
    assert said("daily", H, until, limit, message) == expected


@pytest.mark.parametrize(("kind", "value", "english", "german"), [
    ("daily", H, "then the daily limit of 1 h is reached", "dann ist das Tageslimit von 1 Std. erreicht"),
    ("weekly", H, "then the weekly limit of 1 h is reached", "dann ist das Wochenlimit von 1 Std. erreicht"),
    ("monthly", H, "then the monthly limit of 1 h is reached", "dann ist das Monatslimit von 1 Std. erreicht"),
    ("sitting", H, "then it is time for a rest", "dann ist es Zeit für eine Pause"),
    ("hours", 0, "no watching after that", "danach wird nicht mehr geschaut"),
    ("lock", 0, "then it is locked", "dann ist gesperrt"),
    ("paused", 0, "then it has been paused for too long", "dann war zu lange Pause"),
    ("streams", 1, "then there are too many players at once", "dann sind es zu viele Geräte gleichzeitig"),
    ("locations", 1, "then there are too many places at once", "dann sind es zu viele Orte gleichzeitig"),
    ("device", 0, "then a player has to be known here", "dann muss das Gerät hier bekannt sein"),
])  # fmt: skip
def test_every_kind_of_warning(kind, value, english, german):
    about = Decision(True, NOW + 600, kind, value, "", kind)
    assert speech.warned(about, EN, 600, **ABOUT) == f"10 min left, Emma: {english}."
    assert speech.warned(about, DE, 120, **ABOUT) == f"Noch 2 Min., Emma: {german}."


def test_names_and_sentences_have_an_end():
    budget = Decision(True, NOW + 60, "rule:" + "x" * 41, 30 * M, "", "daily")
    assert speech.warned(budget, EN, 60, **ABOUT).startswith(f"1 min left, Emma: {'x' * 39}…: then")
    for length, end in ((299, "."), (300, "…")):
        assert said("daily", H, None, "rule:y", "x" * length) == "x" * 299 + end


def test_a_warning_names_its_rule():
    plain = Decision(True, NOW + 60, "rule:late horror", 0, "", "rule")
    assert speech.warned(plain, EN, 60, **ABOUT) == "1 min left, Emma: after that not: late horror."
    budget = Decision(True, NOW + 60, "rule:cartoons", 30 * M, "", "daily")
    assert speech.warned(budget, EN, 60, **ABOUT) == (
        "1 min left, Emma: cartoons: then the daily limit of 30 min is reached."
    )


def test_every_kind_has_its_text_in_every_language():
    assert set(EN) == set(DE)
    assert set(KINDS) <= set(EN)
    for language in (EN, DE):
        for kind in KINDS:
            for word in (said(kind, 1, SEVEN, "rule:x", language=language), said(kind, 1, None, language=language)):
                assert "{" not in word and word.endswith(".") and ";." not in word


def test_a_kind_without_a_text_is_told_as_a_rule():
    few = {key: text for key, text in EN.items() if key not in ("daily", "ahead.daily")}
    assert said("daily", H, None, "rule:x", language=few) == "x: Not allowed: x."
    assert said("unheard of", H, SEVEN, "rule:x", language=EN) == "x: Not allowed: x; back at 07:00."
    odd = speech.warned(Decision(True, NOW, "rule:x", 1, "", "odd"), few, 60, **ABOUT)
    assert odd == "1 min left, Emma: x: after that not: x."


# ---- what looks like a field and is none ----

OWN = {**EN, "daily": "{name}: {title} on {player} {value}{back} {nosuch} { {} }{ {name"}


def test_fields_are_filled_once():
    about = {"name": "{title}", "title": "{back}{name}", "player": "{value}"}
    word = speech.stopped(stop("daily", H, SEVEN), OWN, HOUSE, NOW, **about)
    assert word == "{title}: {back}{name} on {value} 1 h; back at 07:00 {nosuch} { {} }{ {name."
    warned = speech.warned(Decision(True, NOW, "rule:{left}", 0, "", "rule"), EN, 60, **about)
    assert warned == "1 min left, {title}: after that not: {left}."


HOSTILE = st.text() | st.sampled_from(
    ("{", "}", "{name", "{what}", "%s", "@everyone", "<b>", "❤", "\n", "--x", "x" * 400)
)


@given(st.sampled_from((*KINDS, "odd", "")), st.integers(-100, 10**7), st.none() | st.integers(-DAY, 400 * DAY),
       HOSTILE, HOSTILE, HOSTILE, st.sampled_from((EN, DE, OWN)))  # fmt: skip
def test_whatever_it_says_is_one_short_sentence(kind, value, until, limit, message, name, language):
    about = {key: words.shorten(name) for key in ABOUT}
    decision = stop(kind, value, None if until is None else NOW + until, limit, message)
    stopped = speech.stopped(decision, language, HOUSE, NOW, **about)
    for word in (stopped, speech.warned(decision, language, 60, **about)):
        assert 0 < len(word) <= speech.LONGEST and "\n" not in word and word.isprintable()


def test_when_it_opens_again_is_said_only_if_it_is_still_to_come():
    assert said("hours", 0, NOW - 1) == said("hours", 0, NOW) == "No watching at this hour."
