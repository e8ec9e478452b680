"""Holds the stand-in and the real Tautulli together: the same tests on both (the real one with TAUTULLI_HOME set)."""
import json
import os
import socket
import sqlite3
import time

import pytest

from tests.conftest import PROJECT, Outside
from tests.sandbox.base import wait_for, words
from tests.sandbox.client import ApiError
from tests.sandbox.model import User
from tests.sandbox.processes import alive, find_python
from tests.sandbox.seed import play
from tests.sandbox.world import World

EVENTS = ["on_play", "on_pause", "on_resume", "on_stop", "on_watched", "on_newdevice", "on_concurrent"]


@pytest.fixture(scope="module")
def w(host):
    with World(host=host, config={"logging_ignore_interval": 0}) as world:
        yield world
        assert not world.proxy.refused


@pytest.fixture(autouse=True)
def clean(request):
    """The shared world begins every test with no streams, notifiers, faults or probe runs."""
    yield
    if "w" not in request.fixturenames:
        return
    w = request.getfixturevalue("w")
    for s in list(w.plex.streams):
        s.stop()
    for fake in (w.plex, w.plextv, w.discord):
        fake.heal()
    wait_for(lambda: not w.tautulli.sql("SELECT 1 FROM sessions"), what="sessions gone")
    for n in w.tautulli.api("get_notifiers"):
        w.tautulli.delete_notifier(n["id"])
    w.quiet(0.2)


def actions(w, **kw):
    return [r["argv"][0] for r in w.runs(**kw)]


# ---- triggers ----

def test_playback_events(w):
    w.probe({a: "{action} {session_key} {user_streams}" for a in EVENTS})
    phone = w.plex.start_stream(w.bob, w.movie, player="Phone")
    w.wait_runs(2)
    assert sorted(actions(w)) == ["newdevice", "play"]
    assert 0 < w.runs()[0]["t0"] - phone.events[0][0] < 5
    phone.pause()
    w.wait_runs(1, when=lambda r: r["argv"] == ["pause", str(phone.key), "1"])
    phone.resume()
    w.wait_runs(1, when=lambda r: r["argv"][0] == "resume")
    tv = w.plex.start_stream(w.bob, w.episode, player="TV", transcode=True)
    w.wait_runs(1, when=lambda r: r["argv"] == ["concurrent", str(tv.key), "2"])
    tv.seek(tv.item.duration * 0.9)
    w.wait_runs(1, when=lambda r: r["argv"][:2] == ["watched", str(tv.key)])
    phone.stop()
    w.wait_runs(1, when=lambda r: r["argv"] == ["stop", str(phone.key), "1"])
    tv.stop()
    w.wait_runs(1, when=lambda r: r["argv"] == ["stop", str(tv.key), "0"])
    wait_for(lambda: len(w.tautulli.sql("SELECT 1 FROM session_history")) >= 2, what="history")
    again = w.plex.start_stream(w.bob, w.movie2, player="Phone")
    w.wait_runs(1, when=lambda r: r["argv"][:2] == ["play", str(again.key)])
    time.sleep(0.3)
    assert not [r for r in w.runs() if r["argv"][:2] == ["newdevice", str(again.key)]]


def test_quirks_of_the_first_state(w):
    w.probe({a: "{action} {session_key}" for a in EVENTS[:4] + ["on_change", "on_error", "on_buffer"]})
    slow = w.plex.start_stream(w.bob, w.movie, state="buffering", player="1")
    paused = w.plex.start_stream(w.alice, w.movie, state="paused", player="2")
    run = w.wait_run()
    assert run["argv"] == ["play", str(paused.key)]
    slow.resume()
    w.wait_runs(2)
    slow.buffer()
    slow.resume()
    slow.set_transcode(True)
    w.wait_runs(1, when=lambda r: r["argv"] == ["change", str(slow.key)])
    slow.error()
    w.wait_runs(1, when=lambda r: r["argv"] == ["error", str(slow.key)])
    assert sorted(actions(w)) == ["change", "error", "play", "play"]


def test_item_change_within_a_session(w):
    w.probe({"on_play": "{action} {rating_key} {session_id}", "on_stop": "{action} {rating_key} {session_id}"})
    s = w.plex.start_stream(w.alice, w.episode)
    w.wait_runs(1)
    following = w.library.episode("Some Show", 1, 2, "Second")
    s.play_item(following)
    w.wait_runs(3)
    assert sorted(r["argv"] for r in w.runs()) == sorted(
        [["play", str(w.episode.key), s.id], ["stop", str(w.episode.key), s.id], ["play", str(following.key), s.id]])


def test_created(w):
    w.probe({"on_created": '{media_type} "{title}" "{user}" {session_key} {section_id}'})
    film = w.plex.add_recently_added(w.library.movie("Brand New"))
    for n in (3, 4):
        w.plex.add_recently_added(w.library.episode("Some Show", 1, n, f"Part {n}"))
    w.wait_runs(2)
    assert sorted(r["argv"] for r in w.runs()) == [["movie", film.title, "", "", "1"],
                                                   ["season", "Some Show - Season 1", "", "", "2"]]


def test_conditions(w):
    w.probe({"on_play": "{username}"}, conditions=[{"parameter": "username", "operator": "is", "value": ["alice"]}])
    w.probe({"on_play": "{username}"}, name="other", logic="{1} and {2}", conditions=[
        {"parameter": "username", "operator": "is not", "value": ["alice"]},
        {"parameter": "media_type", "operator": "is", "value": ["movie", "episode"]}])
    w.plex.start_stream(w.bob, w.movie)
    w.plex.start_stream(w.alice, w.movie2)
    w.wait_runs(1)
    w.wait_runs(1, "other")
    time.sleep(0.5)
    assert [r["argv"] for r in w.runs()] == [["alice"]] and [r["argv"] for r in w.runs("other")] == [["bob"]]
    w.quiet(0, "other")


# ---- what a script gets ----

@pytest.mark.parametrize("nasty", ["two words", "it's \"x\"", "$(touch pwned) `id` ; rm", "ünï 日本 🎬", "--flag",
                                   "{user} <b>", "line1\nline2", "back\\slash", "x" * 300])
def test_arguments(w, nasty):
    user = w.people.add(nasty)
    w.tautulli.api("refresh_users_list")
    w.probe({"on_play": 'U={username} "{title}" --empty {tagline} \'{machine_id}\' {nosuch} a&b'})
    s = w.plex.start_stream(user, w.library.movie(nasty), machine_id=nasty)
    run = w.wait_run()
    assert run["argv"] == ["U=" + nasty, nasty, "--empty", "", nasty, "{nosuch}", "a&amp;b"]
    assert run["stdin"] == "" and not run["stdin_tty"] and run["cwd"] == w.scripts
    assert s.alive


@pytest.mark.parametrize("trap", ["Don't {user}", "{user} {", "{user} }", "{0} {user}", "{}",
                                  "{duration_sec:x!}"])
def test_template_traps(w, trap):
    w.probe({"on_play": trap})
    w.plex.start_stream(w.bob, w.movie)
    assert w.wait_run()["argv"] == []


def test_environment(w):
    w.probe({"on_play": ""})
    w.plex.start_stream(w.bob, w.movie)
    run = w.wait_run()
    env = run["env"]
    path = env["PYTHONPATH"].split(os.pathsep)
    assert os.path.basename(path[0]) == "lib" and os.path.dirname(os.__file__) in path and path[1] == path[0][:-4]
    assert {k: env[k] for k in ("PLEX_URL", "PLEX_TOKEN", "PLEX_USER_TOKEN", "TAUTULLI_URL", "TAUTULLI_APIKEY",
                                "TAUTULLI_PUBLIC_URL", "TAUTULLI_ENCODING", "HOME", "LANG", "PLEXAPI_LOG_PATH")} == {
        "PLEX_URL": w.plex.url, "PLEX_TOKEN": w.owner.token, "PLEX_USER_TOKEN": w.bob.token,
        "TAUTULLI_URL": w.tautulli.url, "TAUTULLI_APIKEY": w.tautulli.api_key, "TAUTULLI_PUBLIC_URL": "/",
        "TAUTULLI_ENCODING": "UTF-8", "HOME": w.tautulli.datadir, "LANG": "C.UTF-8",
        "PLEXAPI_LOG_PATH": os.path.join(w.tautulli.datadir, "logs", "plexapi_script.log")}
    assert run["python"].startswith(env["TAUTULLI_PYTHON_VERSION"] + " ") and run["executable"] == w.tautulli.python
    assert set(env) - set(w.env) == {
        "PATH", "HOME", "LANG", "PLEX_URL", "PLEX_TOKEN", "PLEX_USER_TOKEN", "TAUTULLI_URL", "TAUTULLI_PUBLIC_URL",
        "TAUTULLI_APIKEY", "TAUTULLI_ENCODING", "TAUTULLI_PYTHON_VERSION", "PLEXAPI_CONFIG_PATH", "PLEXAPI_LOG_PATH",
        "PLEXAPI_LOG_LEVEL", "PYTHONPATH"}


def test_parameters(w):
    names = words("action session_key session_id user_id user username user_email machine_id rating_key "
                  "media_type title content_rating ip_address player platform section_id library_name started_unixtime "
                  "stream_location transcode_decision state friendly_name is_home_user is_restricted full_title "
                  "paused_counter streams stream_duration_sec duration_sec view_offset progress_percent show_name "
                  "episode_num00 live product")
    w.probe({"on_play": " ".join(f"{n}={{{n}}}" for n in names)})
    s = w.plex.start_stream(w.kid, w.episode, player="Kid's TV", ip="198.51.100.7", transcode=True)
    got = dict(a.split("=", 1) for a in w.wait_run()["argv"])
    assert abs(int(got.pop("started_unixtime")) - time.time()) < 5 and int(got.pop("view_offset")) < 1000
    assert got == {
        "action": "play", "session_key": str(s.key), "session_id": s.id, "user_id": str(w.kid.id), "user": "kid",
        "username": "kid", "user_email": "", "machine_id": s.player["machineIdentifier"],
        "rating_key": str(w.episode.key), "media_type": "episode", "title": "Some Show - Pilot",
        "content_rating": "TV-MA", "ip_address": "198.51.100.7", "player": "Kid's TV", "platform": "Chrome",
        "section_id": "2", "library_name": "TV Shows", "stream_location": "wan", "transcode_decision": "Transcode",
        "state": "playing", "friendly_name": "kid", "is_home_user": "1", "is_restricted": "1",
        "full_title": "Some Show - Pilot", "paused_counter": "{paused_counter}", "streams": "1",
        "stream_duration_sec": "0", "duration_sec": "2400", "progress_percent": "0", "show_name": "Some Show",
        "episode_num00": "01", "live": "0", "product": "Plex Web"}


def test_parameters_of_a_conversion(w):
    """What is converted, and of which file: the session list tells what comes out of it."""
    w.probe(dict.fromkeys(("on_play", "on_change"), "{video_decision}/{audio_decision}/{video_resolution}/"
                                                    "{stream_bitrate}/{show_name}"))
    s = w.plex.start_stream(w.bob, w.library.movie("Big", height=2160, bitrate=40_000))
    w.wait_runs(1)
    for what in ("audio", "video", True):
        s.set_transcode(what)
        w.wait_runs(len(w.runs()) + 1)
    assert [r["argv"][0].replace("4k", "2160") for r in w.runs()] == [
        "direct play/direct play/2160/40000/", "copy/transcode/2160/39800/", "transcode/copy/2160/2200/",
        "transcode/transcode/2160/2200/"]


def test_parameters_of_later_events(w):
    line = "{action} {state} {paused_counter} {stream_duration_sec} {view_offset} {progress_percent} {user_streams}"
    w.probe({a: line for a in ("on_pause", "on_resume", "on_stop")})
    s = w.plex.start_stream(w.bob, w.movie, offset=600_000)
    wait_for(lambda: w.tautulli.sql("SELECT 1 FROM sessions"))
    time.sleep(1.2)
    s.pause()
    w.wait_runs(1)
    time.sleep(1.5)
    s.resume()
    w.wait_runs(2)
    s.stop()
    pause, resume, stop = (r["argv"] for r in w.wait_runs(3))
    assert pause[:3] == ["pause", "paused", "0"] and pause[3] in "123" and 601_000 <= int(pause[4]) < 602_500
    assert resume[:2] == ["resume", "playing"] and resume[2] in "123" and resume[5:] == ["10", "1"]
    # at the end {state} is that of the last look at Plex's list, not "stopped"
    assert stop[:3] == ["stop", "playing", resume[2]] and stop[3] in "123" and stop[6] == "0"


def test_a_child_with_the_pipes_holds_the_thread(w):
    w.probe({"on_play": "@pipechild=2"}, timeout=1)
    w.tautulli.mark_log()
    w.plex.start_stream(w.bob, w.movie)
    ended = w.wait_run(when=lambda r: r["done"])["done"]
    wait_for(lambda: w.tautulli.logs("Subprocess returned with status code 0"), 5)
    assert time.time() - ended > 1 and w.tautulli.logs("exceeded timeout limit of 1 seconds")


def test_state_is_consistent_when_on_play_starts(w):
    w.probe({"on_play": f"@activity @db={w.tautulli.db_path}"})
    s = w.plex.start_stream(w.kid, w.movie)
    run = w.wait_run(when=lambda r: r["done"])
    assert [(x["session_key"], x["session_id"], x["state"]) for x in run["activity"]["sessions"]] == \
        [(str(s.key), s.id, "playing")]
    assert run["sessions"] == [[s.key, s.id, "playing", w.kid.id, w.movie.key]]


# ---- how a script is run ----

def test_output_and_exit_code_only_reach_the_log(w):
    key = w.tautulli.api_key
    told = f"said to me@example.com, alice, bob, 203.0.113.7 {key}"
    id = w.probe({"on_play": f'"@out={told}" "@err=moaned that" @exit=3'})
    w.plex.start_stream(w.bob, w.movie)
    wait_for(lambda: w.tautulli.logs("Subprocess returned with status code 3"))
    text = wait_for(lambda: "Script notification sent" in w.tautulli.log_text() and w.tautulli.log_text())
    masked = "me********e@********, al********e, bob, ***.***.***.*** ****************"
    assert f"Script returned: \n  said to {masked}" in text and "Script error: \n  moaned that" in text
    assert key not in text and [r for r in text.splitlines() if "ERROR " in r and "Script error" in r]
    assert [r["success"] for r in w.tautulli.notification_log(id)] == [1]


def test_timeout_kills_the_script_but_not_a_detached_child(w):
    w.probe({"on_play": "@sleep=30 @child=8"}, timeout=1)
    w.plex.start_stream(w.bob, w.movie)
    run = w.wait_run(when=lambda r: "child" in r)
    wait_for(lambda: w.tautulli.logs("exceeded timeout limit of 1 seconds"), 5)
    wait_for(lambda: not alive(run["pid"]), 2)
    time.sleep(0.3)
    assert alive(run["child"]) and w.runs()[-1]["done"] is None
    os.kill(run["child"], 9)


def test_detached_child_outlives_its_script_and_tautulli(world):
    w = world()
    w.probe({"on_play": "@child=30"}, timeout=1)
    w.probe({"on_play": "@sleep=2.5 @out=late"}, name="slow")
    w.plex.start_stream(w.bob, w.movie)
    run = w.wait_run(when=lambda r: r["done"])
    slow = w.wait_run("slow")
    wait_for(lambda: w.tautulli.logs("Subprocess returned with status code 0"), 3)
    time.sleep(1.2)
    assert not alive(run["pid"]) and alive(run["child"])
    w.tautulli.kill()
    assert alive(run["child"]) and alive(slow["pid"])
    wait_for(lambda: w.wait_run("slow")["done"], 5)
    assert run["child"] in w.pids()
    w.__exit__(None, None, None)
    wait_for(lambda: not alive(run["child"]), 2)


def test_notifiers_run_in_parallel(w):
    for n in range(4):
        w.probe({"on_play": "@sleep=2"}, name=f"par{n}")
    s = w.plex.start_stream(w.bob, w.movie)
    runs = [w.wait_run(f"par{n}") for n in range(4)]
    assert max(r["t0"] for r in runs) - s.events[0][0] < 2


# ---- rows of the notification log ----

def test_notify_row_is_verbatim(w):
    id = w.probe({"on_play": "{user} 'two words' <i>x</i>"})
    subject, body = 'Stopped: bob & "co" <b> {user}', "daily limit of 1 h\nback at 04:00 🎬"
    row = w.tautulli.notify(id, "--id=7 'two words' {user} 'a&b'", subject=subject, body=body)["notification_id"]
    run = w.wait_run()
    assert run["argv"] == ["--id=7", "two words", "{user}", "a&b"] and run["env"]["PLEX_USER_TOKEN"] == ""
    found = w.tautulli.notification_log(id)[-1]
    assert abs(found.pop("timestamp") - time.time()) < 5
    assert found == {"id": row, "session_key": None, "rating_key": None, "user_id": None, "user": None,
                     "notifier_id": id, "agent_id": 15, "agent_name": "scripts", "notify_action": "api",
                     "subject_text": subject, "body_text": body.replace("\n", "<br />"), "success": 1}
    s = w.plex.start_stream(w.bob, w.movie)
    w.wait_runs(2)
    found = wait_for(lambda: w.tautulli.notification_log(id, "on_play"))[-1]
    assert (found["subject_text"], found["session_key"], found["user_id"], found["user"], found["rating_key"]) == (
        "{user} 'two words' x", s.key, w.bob.id, "bob", w.movie.key)


def test_notify_failures(w):
    call = lambda **kw: w.tautulli.api("notify", check=False, subject="s", body="b", **kw)  # noqa: E731
    id = w.probe({})
    assert call() == (400, "Notification failed: no notifier id provided.", {})
    assert call(notifier_id=999) == (400, "Notification failed: invalid notifier_id provided 999.", {})
    assert call(notifier_id=id, script_args="Don't") == (500, "Check the logs for errors", {})


def test_the_test_tab(w):
    """Measured on the real page: the arguments are split and nothing is filled in; the row has no text."""
    id = w.probe({})
    for line, argv in (("bonus 'Emma Smith' -15m", ["bonus", "Emma Smith", "-15m"]), ("", []),
                       ('"bonus emma 30m"', ["bonus emma 30m"]), ("{user} “E S” a&b", ["{user}", "“E", "S”", "a&b"])):
        since = time.time()
        assert w.tautulli.press_test(id, line) == {"result": "success", "message": "Notification queued."}
        assert w.wait_run(since=since)["argv"] == argv
    w.tautulli.press_test(id, "Emma's iPad")
    w.tautulli.press_test(id, "no script was chosen", script="")
    rows = wait_for(lambda: (r := w.tautulli.notification_log(id)) and len(r) == 5 and r, what="the rows")
    assert [(r["notify_action"], r["subject_text"], r["body_text"], r["success"]) for r in rows] == [
        ("test", "", "", n) for n in (1, 1, 1, 1, 0)]
    assert wait_for(lambda: w.tautulli.logs("No closing quotation"), what="the complaint") and len(w.runs()) == 4


def test_notifier_configuration(w):
    script = w.install(os.path.join(os.path.dirname(__file__), "sandbox", "probe.py"))
    id = w.tautulli.add_script_notifier(
        script, {"on_play": "a {user}", "on_stop": ""}, timeout=7, name="Nice",
        conditions=[{"parameter": "user", "operator": "is", "value": ["bob"]}])
    told = w.tautulli.api("get_notifier_config", notifier_id=id)
    options = {o.get("name"): o for o in told.pop("config_options")}
    assert script in options["scripts_script"]["select_options"]
    assert {k for k, v in told.pop("actions").items() if v} == {"on_play", "on_stop"}
    assert told.pop("notify_text")["on_play"] == {"subject": "a {user}", "body": ""}
    assert told == {
        "id": id, "agent_id": 15, "agent_name": "scripts", "agent_label": "Script", "friendly_name": "Nice",
        "custom_conditions": [{"parameter": "user", "operator": "is", "value": ["bob"], "type": "str"}],
        "custom_conditions_logic": "", "config": {"script_folder": w.scripts, "script": script, "timeout": 7}}
    assert w.tautulli.api("get_notifiers") == [
        {"id": id, "agent_id": 15, "agent_name": "scripts", "agent_label": "Script", "friendly_name": "Nice",
         "last_triggered": None, "last_success": None, "active": 1}]
    w.tautulli.api("set_notifier_config", notifier_id=id, agent_id=15, on_stop=0)     # what is left out is forgotten
    told = w.tautulli.api("get_notifier_config", notifier_id=id)
    assert told["config"] == {"script_folder": "", "script": "", "timeout": 30} and told["friendly_name"] == ""
    assert [k for k, v in told["actions"].items() if v] == ["on_play"]
    assert told["notify_text"]["on_play"]["subject"] == "a {user}"
    assert w.tautulli.api("delete_notifier", check=False, notifier_id=id) == (200, "Notifier deleted successfully.", {})
    assert w.tautulli.api("get_notifier_config", check=False, notifier_id=id) == (400, None, {})
    assert w.tautulli.api("add_notifier_config", check=False, agent_id=999) == (
        400, "Failed to add notification agent.", {})


# ---- the API ----

def test_protocol(w):
    def get(**params):
        r = w.tautulli._http.get(w.tautulli.url + "/api/v2", params=params, timeout=10)
        return r.status_code, r.json()["response"]["result"], r.json()["response"]["message"].partition(".")[0]
    key = w.tautulli.api_key
    assert get(apikey=key, cmd="status") == (200, "success", "Ok")
    assert get(apikey="0" * 32, cmd="status") == (400, "error", "Invalid apikey")
    assert get(cmd="status") == (400, "error", "Parameter apikey is required")
    assert get(apikey=key) == (400, "error", "Parameter cmd is required")
    assert get(apikey=key, cmd="nosuch") == (400, "error", "Unknown command: nosuch")
    assert w.tautulli._http.get(w.tautulli.url + "/status", timeout=5).json() == {"result": "success", "message": "Ok"}


def test_activity(w):
    idle = w.tautulli.api("get_activity")
    assert idle == {"stream_count": "0", "sessions": [], "stream_count_direct_play": 0, "stream_count_direct_stream": 0,
                    "stream_count_transcode": 0, "total_bandwidth": 0, "lan_bandwidth": 0, "wan_bandwidth": 0}
    s = w.plex.start_stream(w.kid, w.episode, player="TV", ip="198.51.100.7", transcode=True, offset=240_000,
                            state="paused")
    t = w.plex.start_stream(w.owner, w.movie)
    told = w.tautulli.api("get_activity")
    first, second = sorted(told.pop("sessions"), key=lambda x: int(x["session_key"]))
    assert told == {"stream_count": "2", "stream_count_direct_play": 1, "stream_count_direct_stream": 0,
                    "stream_count_transcode": 1, "total_bandwidth": 16000, "lan_bandwidth": 8000, "wan_bandwidth": 8000}
    expected = {
        "session_key": str(s.key), "session_id": s.id, "media_type": "episode", "view_offset": "240000",
        "progress_percent": "10", "user": "kid", "user_id": w.kid.id, "username": "kid", "friendly_name": "kid",
        "email": "", "is_home_user": 1, "is_restricted": 1, "is_admin": 0, "section_id": "2",
        "library_name": "TV Shows",
        "rating_key": str(w.episode.key), "grandparent_rating_key": "102", "title": "Pilot", "parent_title": "Season 1",
        "grandparent_title": "Some Show", "full_title": "Some Show - Pilot", "content_rating": "TV-MA",
        "duration": "2400000", "media_index": "1", "parent_media_index": "1", "year": "2020", "live": 0,
        "live_uuid": "", "ip_address": "198.51.100.7", "ip_address_public": "198.51.100.7", "player": "TV",
        "machine_id": s.player["machineIdentifier"], "platform": "Chrome", "product": "Plex Web", "device": "Linux",
        "state": "paused", "local": 0, "relayed": 0, "secure": 1, "bandwidth": "8000", "location": "wan",
        "transcode_key": f"/transcode/sessions/{s.transcode_key}", "transcode_decision": "transcode",
        "video_decision": "transcode", "audio_decision": "transcode", "genres": ["Drama"], "labels": []}
    assert {k: first[k] for k in expected} == expected
    assert (second["user_id"], second["transcode_decision"], second["is_admin"], second["session_key"]) == (
        w.owner.id, "direct play", 1, str(t.key))
    assert w.tautulli.api("get_activity", session_key=s.key)["session_id"] == s.id


def test_activity_without_plex(w):
    for mode in (401, 500, "reset"):
        w.plex.fail("/status/sessions", mode)
        assert w.tautulli.api("get_activity", check=False) == (200, None, {})
        w.plex.heal()


@pytest.mark.parametrize("odd", ["no-user", "no-player"])
def test_a_session_that_blinds_tautulli(w, odd):
    def failures():
        return len(w.tautulli.logs("Failed to process session data: list index out of range"))
    w.probe({"on_play": "{session_key}"})
    before = failures()
    s = w.plex.start_stream(w.bob, w.movie, odd=odd)
    other = w.plex.start_stream(w.alice, w.movie2)
    wait_for(lambda: failures() >= before + 2)
    assert w.tautulli.api("get_activity", check=False) == (400, None, {}) and not w.runs()
    s.stop()
    assert w.wait_run()["argv"] == [str(other.key)]


def test_odd_sessions(w):
    new, start = w.library, w.plex.start_stream
    w.probe({"on_play": "{session_key} {session_id} {username} {media_type} {rating_key} {live} {platform}"})
    news = new.live_tv("The News")
    odd = {start(w.bob, news, transcode=True): ("bob", "movie", "", "1", "Chrome"),
           start(w.bob, new.live_tv("Pilot", show="Soap")): ("bob", "episode", "", "1", "Chrome"),
           start(w.bob, new.photo("Beach")): ("bob", "photo", None, "0", "Chrome"),
           start(w.bob, new.track("Artist", "Album", 1, "Song")): ("bob", "track", None, "0", "Chrome"),
           start(w.bob, new.trailer(w.movie)): ("bob", "clip", None, "0", "Chrome"),
           start(w.bob, w.movie, odd="no-session"): ("bob", "movie", None, "0", "Chrome"),
           start(w.bob, w.movie, odd="empty-user"): ("Local", "movie", None, "0", "Chrome"),
           start(w.people.local, w.movie, odd="dlna no-session"): ("Local", "movie", None, "0", "DLNA"),
           start(User(4242, "stranger"), w.movie): ("Local", "movie", None, "0", "Chrome"),
           **{s: (s.user.name, "movie", None, "0", "Chrome")
              for s in w.plex.watch_together([w.alice, w.kid], w.movie)}}
    runs = {r["argv"][0]: r["argv"][1:] for r in w.wait_runs(len(odd) - 1)}
    sessions = {x["session_key"]: x for x in w.tautulli.api("get_activity")["sessions"]}
    for s, (user, kind, rating_key, live, platform) in odd.items():
        x, sid, rk = sessions[str(s.key)], "" if "no-session" in s.odd else s.id, str(s.item.key)
        assert [x["session_id"], x["username"], x["media_type"], x["rating_key"], str(x["live"]), x["platform"]] == \
            [sid, user, kind, rk if rating_key is None else rating_key, live, platform]
        assert runs.get(str(s.key)) == (None if kind == "photo" else [sid, user, kind, rk, live, platform])
    assert sessions[str(next(iter(odd)).key)]["live_uuid"] == news.live
    with pytest.raises(ApiError, match="Missing session_id"):
        w.tautulli.api("terminate_session", session_key=next(s for s in odd if "no-session" in s.odd).key)


def test_offset_is_as_of_the_last_report(w):
    def told():
        x = w.tautulli.api("get_activity")["sessions"]
        return int(x[0]["view_offset"]) if x else None
    w.plex.report_every = 60
    try:
        s = w.plex.start_stream(w.bob, w.movie, offset=5000)
        time.sleep(1.2)
        assert s.view_offset > 6000 and told() == s.reported and s.reported < 5100
        s.seek(100_000)
        assert 100_000 <= told() < 100_100
        s.pause()
        assert s.view_offset == s.reported == told()
        wait_for(lambda: w.tautulli.sql("SELECT state, view_offset FROM sessions") ==
                 [{"state": "paused", "view_offset": s.reported}])
    finally:
        w.plex.report_every = None


def test_terminate(w):
    w.probe({"on_play": "{session_id}", "on_stop": "{session_id}"})
    s = w.plex.start_stream(w.bob, w.movie)
    assert w.wait_run()["argv"] == [s.id]
    reason = 'Bedtime, "Bob" 🎬 & 100% + <more>\nGood night'
    assert w.tautulli.api("terminate_session", check=False, session_id=s.id, message=reason) == (
        200, "Session terminated.", {})
    t = w.plex.terminations[-1]
    assert (t.stream, t.reason, t.status) == (s, reason, 200)
    w.wait_runs(2)
    assert not s.alive
    s = w.plex.start_stream(w.bob, w.movie, ignores_stop=True)
    w.wait_runs(3)
    w.tautulli.api("terminate_session", session_key=s.key)
    assert w.plex.terminations[-1].reason == "The server owner has ended the stream."
    refused = "Failed to terminate session: "
    for params, message in (({}, "Invalid session_key (None) or session_id (None)."),
                            ({"session_id": "zzz"}, "Invalid session_key () or session_id (zzz)."),
                            ({"session_key": "99"}, "Invalid session_key (99) or session_id ().")):
        assert w.tautulli.api("terminate_session", check=False, **params) == (400, refused + message, {})
    w.plex.fail("/status/sessions/terminate", 403)
    assert w.tautulli.api("terminate_session", check=False, session_id=s.id)[0] == 500
    w.plextv.plex_pass = False
    said = w.tautulli.api("terminate_session", check=False, session_id=s.id)[1]
    assert said == refused + "No Plex Pass subscription."
    w.plextv.plex_pass = True
    w.plextv.fail("/users/account", 500)      # Tautulli takes any trouble with plex.tv for a missing Plex Pass
    with pytest.raises(ApiError, match="No Plex Pass"):
        w.tautulli.api("terminate_session", session_id=s.id)


def test_history(world):
    w = world()
    now = int(time.time())
    w.insert_history([play(w.bob, w.movie, now - 9000, seconds=600, paused=7, machine_id="m1"),
                      play(w.kid, w.episode, now - 5000, seconds=700, view_offset=2_300_000),
                      play(w.bob, w.movie2, now - 3 * 86400, seconds=300)])
    s = w.plex.start_stream(w.bob, w.movie2, player="TV")
    history = lambda **kw: w.tautulli.api("get_history", **kw)  # noqa: E731
    wait_for(lambda: len(history()["data"]) == 4)
    live, row, old = history(user_id=w.bob.id)["data"]
    assert live.pop("started") == live.pop("date") and abs(live.pop("stopped") - now) < 60
    assert live.pop("percent_complete") == 0 and live.pop("duration") == live.pop("play_duration") < 60
    common = {"user_id": w.bob.id, "user": "bob", "friendly_name": "bob", "user_thumb": w.bob.thumb,
              "platform": "Chrome", "product": "Plex Web", "ip_address": "192.168.1.20", "live": 0,
              "location": "lan", "secure": 1, "relayed": 0, "media_type": "movie", "parent_rating_key": "",
              "grandparent_rating_key": "", "parent_title": "", "grandparent_title": "", "original_title": "",
              "year": 2020, "media_index": "", "parent_media_index": "", "transcode_decision": "direct play",
              "watched_status": 0}
    assert live == {
        **common, "reference_id": None, "row_id": None, "id": None, "paused_counter": 0, "player": "TV",
        "machine_id": s.player["machineIdentifier"], "rating_key": w.movie2.key, "full_title": "Second Movie",
        "title": "Second Movie", "thumb": f"{w.movie2.path}/thumb/1", "originally_available_at": "2020-01-02",
        "guid": w.movie2.attrs()["guid"], "group_count": None, "group_ids": None, "state": "playing",
        "session_key": s.key}
    assert row == {
        **common, "reference_id": 1, "row_id": 1, "id": 1, "date": now - 9000, "started": now - 9000,
        "stopped": now - 8400, "duration": 593, "play_duration": 593, "paused_counter": 7, "player": "Living Room",
        "machine_id": "m1", "rating_key": w.movie.key, "full_title": "First Movie", "title": "First Movie",
        "thumb": f"{w.movie.path}/thumb/1", "originally_available_at": None, "guid": w.movie.attrs()["guid"],
        "percent_complete": 10, "group_count": 1, "group_ids": "1", "state": None, "session_key": None}
    assert old["row_id"] == 3
    got = history(include_activity=0, length=1)
    assert [r["user"] for r in got["data"]] == ["kid"] and got["recordsFiltered"] == got["recordsTotal"] == 3
    assert got["data"][0]["watched_status"] == 1
    assert [r["row_id"] for r in history(include_activity=0, start=1, length=5)["data"]] == [1, 3]
    assert [r["row_id"] for r in history(include_activity=0, order_dir="asc")["data"]] == [3, 1, 2]
    day = lambda t: time.strftime("%Y-%m-%d", time.localtime(t))  # noqa: E731
    recent = history(user_id=w.bob.id, after=day(now - 2 * 86400), include_activity=0)
    assert [r["row_id"] for r in recent["data"]] == [1]
    assert len(history(after=day(now - 3 * 86400), include_activity=0)["data"]) == 3
    assert [r["row_id"] for r in history(before=day(now - 3 * 86400))["data"]] == [3]
    s.stop()
    wait_for(lambda: not w.tautulli.sql("SELECT 1 FROM sessions"))
    assert history()["recordsTotal"] == 3      # plays under two minutes are not kept
    assert w.tautulli.api("get_user", user_id=w.bob.id, include_last_seen=1)["last_seen"] == now - 9000


def test_short_plays_are_kept_if_so_set(w):
    user = w.people.add("hasty")
    s = w.plex.start_stream(user, w.movie, offset=60_000)
    wait_for(lambda: w.tautulli.sql("SELECT 1 FROM sessions"))
    s.pause()
    time.sleep(1.1)
    s.resume().stop()
    row = wait_for(lambda: w.tautulli.api("get_history", user_id=user.id, include_activity=0)["data"])[0]
    assert row["paused_counter"] in (1, 2) and row["percent_complete"] == 1 and row["session_key"] is None
    assert row["rating_key"] == w.movie.key and row["machine_id"] == s.player["machineIdentifier"]


def test_people(w):
    users = {u["username"]: u for u in w.tautulli.api("get_users")}
    assert users["Local"]["user_id"] == 0 and users["kid"]["is_home_user"] == users["kid"]["is_restricted"] == 1
    assert {k: v for k, v in users["bob"].items() if k != "row_id"} == {
        "user_id": w.bob.id, "username": "bob", "friendly_name": "bob", "thumb": w.bob.thumb, "email": w.bob.email,
        "is_active": 1, "is_admin": 0, "is_home_user": 0, "is_allow_sync": 1, "is_restricted": 0, "do_notify": 1,
        "keep_history": 1, "allow_guest": 0, "shared_libraries": ["1", "2", "3", "4"], "filter_all": "",
        "filter_movies": "", "filter_tv": "", "filter_music": "", "filter_photos": ""}
    assert users["owner"]["is_admin"] == 1
    one = w.tautulli.api("get_user", user_id=w.bob.id)
    assert {k: v for k, v in one.items() if k != "row_id"} == {
        "user_id": w.bob.id, "username": "bob", "friendly_name": "bob", "user_thumb": w.bob.thumb, "email": w.bob.email,
        "is_active": 1, "is_admin": 0, "is_home_user": 0, "is_allow_sync": 1, "is_restricted": 0, "do_notify": 1,
        "keep_history": 1, "deleted_user": 0, "allow_guest": 0, "shared_libraries": ["1", "2", "3", "4"],
        "last_seen": None}
    assert w.tautulli.api("get_user", user_id=5)["username"] == "Local"
    gone = w.people.add("shortlived")
    assert w.tautulli.api("refresh_users_list", check=False) == (200, None, True)
    gone.hidden, gone.sections = True, ()
    w.tautulli.api("refresh_users_list")
    assert [u["is_active"] for u in w.tautulli.api("get_users") if u["user_id"] == gone.id] == [0]
    w.plextv.fail("/api/users*", 500)
    assert w.tautulli.api("refresh_users_list", check=False) == (200, None, False)
    w.plextv.heal()
    w.tautulli.api("delete_user", user_id=gone.id)
    assert gone.id not in [u["user_id"] for u in w.tautulli.api("get_users")]


def test_somebody_new_is_resolved_on_the_fly(w):
    late = w.people.add("latecomer")
    w.probe({"on_play": "{user_id} {username}"})
    w.plex.start_stream(late, w.movie)
    assert w.wait_run()["argv"] == [str(late.id), "latecomer"]


def test_libraries_and_itself(w):
    names = w.tautulli.api("get_libraries")
    assert names[0].pop("count").isdigit() and names[0] == {
        "section_id": "1", "section_name": "Movies", "section_type": "movie", "agent": "tv.plex.agents.movie",
        "thumb": "/:/resources/movie.png", "art": "/:/resources/movie-fanart.jpg", "is_active": 1}
    table = w.tautulli.api("get_libraries_table", length=100)["data"]
    assert {(r["section_id"], r["section_name"], r["section_type"], r["is_active"]) for r in table
            if r["section_type"] != "live"} == {
        (1, "Movies", "movie", 1), (2, "TV Shows", "show", 1), (3, "Music", "artist", 1), (4, "Photos", "photo", 1)}
    items = w.tautulli.api("get_library_media_info", section_id=1, length=100)
    found = next(i for i in items["data"] if i["title"] == "First Movie")
    assert (found["rating_key"], found["added_at"]) == (str(w.movie.key), str(w.movie.added_at))
    info = w.tautulli.api("get_server_info")
    assert {k: info[k] for k in ("pms_name", "pms_url", "pms_identifier", "pms_port")} == {
        "pms_name": w.plex.name, "pms_url": w.plex.url, "pms_identifier": w.plex.machine_id, "pms_port": w.plex.port}
    assert w.tautulli.api("get_server_identity")["machine_identifier"] == w.plex.machine_id
    assert w.tautulli.api("get_tautulli_info")["tautulli_version"] == "v2.17.2"
    settings = w.tautulli.api("get_settings")
    assert settings["General"]["http_port"] == w.tautulli.port and settings["PMS"]["pms_token"] is None
    assert settings["Monitoring"]["logging_ignore_interval"] == 0


# ---- newsletters ----

def test_newsletter_configuration_and_run(w):
    news = w.probe({"on_play": ""})
    fresh = w.library.movie("Fresh")
    fresh.added_at = int(time.time()) - 3600
    id = w.tautulli.add_newsletter(news, 'tick "two words" {newsletter_id} $(id)', cron="*/5 * * * *",
                                   filename="tick.html", time_frame=365)
    assert w.tautulli.api("get_newsletters") == [
        {"id": id, "agent_id": 0, "agent_name": "recently_added", "agent_label": "Recently Added", "friendly_name": "",
         "cron": "*/5 * * * *", "active": 1, "last_triggered": None, "last_success": None}]
    told = w.tautulli.api("get_newsletter_config", newsletter_id=id)
    assert told["config"] == {
        "custom_cron": 1, "time_frame": 365, "time_frame_units": "days", "formatted": 0, "threaded": 0,
        "notifier_id": news, "filename": "tick.html", "save_only": 0, "incl_libraries": ["1"]}
    assert (told["subject"], told["cron"], told["active"]) == (
        'tick "two words" {newsletter_id} $(id)', "*/5 * * * *", 1)
    rows = len(w.tautulli.notification_log())
    w.fire_newsletters()
    run = w.wait_run()
    assert run["argv"] == ["tick", "two words", str(id), "$(id)"] and run["env"]["PLEX_USER_TOKEN"] == ""
    assert os.listdir(os.path.join(w.tautulli.datadir, "newsletters")) == ["tick.html"]
    assert len(w.tautulli.notification_log()) == rows
    assert wait_for(lambda: [r["success"] for r in w.tautulli.api("get_newsletter_log")["data"]]) == [1]
    empty = w.tautulli.add_newsletter(news, "tick", libraries=("4",))
    assert w.tautulli.api("notify_newsletter", check=False, newsletter_id=empty) == (400, "Newsletter failed.", {})
    assert w.tautulli.api("get_newsletter_config", check=False, newsletter_id=99) == (400, None, {})
    for n in (id, empty):
        w.tautulli.api("delete_newsletter", newsletter_id=n)
    assert w.tautulli.api("get_newsletters") == []


@pytest.mark.slow
def test_newsletter_fires_at_its_minute(host, world):
    now = time.time()
    ahead = {} if host == "real" else {"clock": lambda: time.time() + 58 - now % 60}      # soon it strikes
    w = world(**ahead)
    w.tautulli.add_newsletter(w.probe({"on_play": ""}), "tick", time_frame=365)
    run = w.wait_run(timeout=70)
    assert run["argv"] == ["tick"] and ahead.get("clock", lambda: run["t0"])() % 60 < 5


# ---- life cycle ----

def test_restarts(world):
    w = world()
    id = w.probe({"on_play": "{action} {session_key}", "on_stop": "{action} {session_key}",
                  "on_pause": "{action} {session_key}"})
    on, paused, stopped = (w.plex.start_stream(w.bob, w.movie, player=p) for p in ("1", "2", "3"))
    w.wait_runs(3)
    w.tautulli.kill()
    assert not w.tautulli.alive()
    paused.pause()
    stopped.stop()
    new = w.plex.start_stream(w.alice, w.movie2)
    w.tautulli.start()
    told = {tuple(r["argv"]) for r in w.wait_runs(6)}
    assert told == {*(("play", str(s.key)) for s in (on, paused, stopped, new)), ("pause", str(paused.key)),
                    ("stop", str(stopped.key))}
    w.tautulli.restart_inside()
    time.sleep(0.5)
    assert len(w.runs()) == 6 and [n["id"] for n in w.tautulli.api("get_notifiers")] == [id]
    on.stop()
    w.wait_runs(7)


def test_server_down_and_up(host, world):
    w = world()
    w.probe({"on_intdown": "down {user} {session_key}", "on_intup": "up {user}"})
    w.plex.down()
    at = time.time()
    assert w.wait_run(timeout=20)["argv"] == ["down", "{user}", "{session_key}"]
    assert 2 <= w.runs()[0]["t0"] - at < 15
    assert w.tautulli.api("get_activity", check=False) == (200, None, {})
    if host == "standin":       # the real one looks every 30 s
        w.plex.up()
        assert w.wait_runs(2)[-1]["argv"] == ["up", "{user}"]


def test_vanished_player():
    with World(stale_after=1.5, tick=0.5) as w:       # the real one waits 300 s, no less
        w.probe({"on_stop": "{session_key}"})
        s = w.plex.start_stream(w.bob, w.movie)
        time.sleep(2.5)
        assert not w.runs()
        s.stop(notify=False)
        assert w.wait_run()["argv"] == [str(s.key)] and 0.9 < w.runs()[0]["t0"] - s.ended_at < 3


def test_history_of_many(host):
    with World(host=host, history={"users": 50, "rows": 5000}) as w:
        assert w.tautulli.api("get_history", length=1)["recordsTotal"] == 5000
        assert len(w.tautulli.api("get_users")) == 55
        w.probe({"on_play": ""})
        w.plex.start_stream(w.viewers[0], w.movie)
        w.wait_run()


@pytest.mark.parametrize("version", ["3.10", "3.13"])
def test_other_pythons(host, version):
    try:
        find_python(version)
    except RuntimeError as e:
        pytest.skip(str(e))
    with World(host=host, python=version) as w:
        w.probe({"on_play": ""})
        w.plex.start_stream(w.bob, w.movie)
        run = w.wait_run()
        assert run["python"].startswith(version) and run["env"]["TAUTULLI_PYTHON_VERSION"].startswith(version)


def test_http_root(world):
    w = world(config={"http_root": "/tautulli"})
    assert w.tautulli.url.endswith("/tautulli") and w.tautulli.api("status") == {}
    w.probe({"on_play": ""})
    w.plex.start_stream(w.bob, w.movie)
    assert w.wait_run()["env"]["TAUTULLI_URL"] == w.tautulli.url


def test_usher_in_a_world(world):
    w = world()
    usher = w.install_usher("[usher]\ndry_run = yes\n")
    assert os.stat(os.path.join(usher.root, "config.ini")).st_mode & 0o777 == 0o600
    assert not [f for _, folders, _ in os.walk(usher.root) for f in folders if f in ("data", ".git")]
    told = {n["id"]: n for n in w.tautulli.api("get_notifiers")}
    assert told[usher.limit_streams]["active"] == 1 and told[usher.journal]["active"] == 0
    s = w.plex.start_stream(w.bob, w.movie)
    wait_for(lambda: os.path.exists(os.path.join(usher.data, "ledger.db")), what="the ledger")
    wait_for(lambda: w.tautulli.logs("Subprocess returned with status code 0"))
    assert not w.tautulli.logs("Script error") and s.alive
    assert usher.ledger().execute("SELECT 1 FROM sqlite_master").fetchone()
    with pytest.raises(sqlite3.OperationalError):
        usher.ledger().execute("CREATE TABLE x (y)")
    run = usher.run("status")
    assert run.returncode == 0 and "bob" in run.stdout and run.stderr == ""
    probe = w.probe({"on_play": ""})
    w.plex.start_stream(w.bob, w.movie2)
    given = w.wait_run()["env"]
    ours = usher.environment(w.bob.id)
    assert probe and set(given) - set(ours) <= {"PLEXAPI_CONFIG_PATH", "PLEXAPI_LOG_PATH", "PLEXAPI_LOG_LEVEL"}
    assert given["PYTHONPATH"].startswith(ours["PYTHONPATH"])
    pids = w.pids()
    w.__exit__(None, None, None)
    assert not [pid for pid in pids if alive(pid)] and not os.path.exists(w.dir)


def test_the_guard():
    with pytest.raises(Outside, match="connect"), socket.socket() as s:
        s.connect(("192.0.2.1", 80))
    with pytest.raises(Outside, match="address of"):
        socket.getaddrinfo("plex.tv", 443)
    with pytest.raises(Outside, match="config.ini"), open(PROJECT / "config.ini"):
        pass
    with pytest.raises(Outside, match="data"):
        sqlite3.connect(PROJECT / "data" / "ledger.db")


def test_faults_of_the_stand_in():
    with World() as w:
        w.tautulli.server.fail("/api/v2", 503, times=1)
        with pytest.raises(json.JSONDecodeError):
            w.tautulli.api("status")
        assert w.tautulli.api("status") == {}
