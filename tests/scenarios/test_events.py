"""What Tautulli may hand over: hostile names and titles, arguments missing, literal, empty, out of order."""
import re
from types import SimpleNamespace

import pytest

from tests.scenarios.stage import lasting, outputs, stage, together

HOSTILE = ["it's \"quoted\"", "two\nlines\r\n\there", "@everyone", "<b onclick='x'>bold</b> &amp;", "😀 日本 ünï",
           "--flag", "{user}", "{0} { }", "x" * 300, "$(touch pwned) `id`; rm -rf", "%s %n [daily]",
           "\u202eright to left", "a line\u2028separator", "ledger'; DROP TABLE plays; --", "[glob]*?"]
LINE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d (debug|info|warning|error) [\w.-]+\[\d+\] .+")
BAD = {
    "nothing but the event": ["--event=play"],
    "an event without a name": ["--event="],
    "everything empty": ["--event=play", "--session-key=", "--user-id=", "--machine-id=", "--rating-key=", "--state="],
    "everything literal": ["--event={action}", "--session-key={session_key}", "--user-id={user_id}", "--state={state}",
                           "--machine-id={machine_id}", "--offset={view_offset}", "--username={username}"],
    "a server event": ["--event=intdown", "--session-key={session_key}", "--user-id={user_id}", "--title={full_title}"],
    "numbers that are none": ["--event=play", "--session-key=abc", "--user-id=-5", "--offset=1e400", "--duration=nan"],
    "numbers beyond all": ["--event=play", "--session-key=9", "--user-id=99999999999999999999", "--offset=1e14"],
    "no values": ["--event", "--session-key", "--user-id"],
    "no dashes": ["--event=play", "session_key=4", "5", ""],
    "twice": ["--event=play", "--event=pause", "--session-key=77", "--session-key=78", "--user-id=5"],
    "an unknown event": ["--event=dance", "--session-key=7", "--user-id=5", "--machine-id=m"],
}


def play(host):
    parts = together(lambda: hostile(host), lambda: bad(host), every=1)
    return SimpleNamespace(hostile=parts[0], bad=parts[1])


def hostile(host):
    """People, titles and players with such names; each is limited, and cut. At more than five events a second Tautulli
    itself falls behind."""
    with stage(host, "[everyone]\ndaily = 4s\n", tick=3600) as s:
        people = [s.world.people.add(name, title=name) for name in HOSTILE]
        streams = together(*(lambda n=n, u=u: s.watch(u, s.world.library.movie(HOSTILE[n]), player=HOSTILE[n])
                             for n, u in enumerate(people)), every=0.6)
        cuts = [s.cut(stream, 15) for stream in streams]
        s.until(lambda: sum("stopped" in r[0] for r in s.rows()) >= len(HOSTILE), 20, "all rows")
        runs = outputs(s.world.tautulli.log_text(all=True), "returned")
        return SimpleNamespace(cuts=cuts, rows=[r for r in s.rows() if "stopped" in r[0]], log=s.usher.log(), runs=runs,
                               reasons=[s.stops(x)[0].reason for x in streams], status=s.run("status").stdout,
                               titles=[r[0] for r in s.ask("SELECT title FROM plays WHERE title <> '' ORDER BY id")])


def bad(host):
    """Nonsense and disorder beside somebody who is to be cut in time."""
    with stage(host, "[everyone]\ndaily = 8s\n", ["ann", "ben"]) as s:
        ann = s.watch("ann")
        s.keeper()
        runs = {name: s.run(*arguments) for name, arguments in BAD.items()}
        ghost = s.watch("ben", notify=False)
        ghost.stop(notify=False)
        for action in ("stop", "resume", "pause", "stop", "play", "stop", "stop"):
            runs[f"out of order: {action}"] = s.run(*s.event(action, ghost))
        late = s.event("stop", ann, rating_key="999999")          # of another item than the one that plays
        runs["a stop of another item"] = s.run(*late)
        lasting(ann, 6)
        bare, wrong, helped = s.run(), s.run("dance"), s.run("--help")
        cut = s.cut(ann, 12)
        return SimpleNamespace(runs=runs, bare=bare, wrong=wrong, helped=helped, cut=cut,
                               events=s.number("SELECT COUNT(*) FROM events"), ghost=s.charged(ghost))


# ---- what must have come of it ----

@pytest.mark.parametrize("number", range(len(HOSTILE)))
def test_whatever_they_are_called_they_are_cut_in_time(seen, number):
    assert abs(seen.hostile.cuts[number] - 4) <= 1
    assert seen.hostile.reasons[number].startswith("Daily limit of 4 s reached; back at ")


def test_each_run_printed_one_line(seen):
    assert len(seen.hostile.runs) >= 2 * len(HOSTILE)
    assert [run for run in seen.hostile.runs if run.strip().count("\n")] == []


def test_the_log_has_whole_lines_only(seen):
    lines = seen.hostile.log.split("\n")
    assert lines.pop() == "" and [line for line in lines if not LINE.fullmatch(line)] == []


def test_titles_are_taken_in_as_they_are(seen):
    assert set(HOSTILE) <= set(seen.hostile.titles)


def test_each_row_is_one_line_and_not_too_long(seen):
    assert len(seen.hostile.rows) == len(HOSTILE)
    for subject, text in seen.hostile.rows:
        assert "\n" not in subject + text and len(subject) < 80 and len(text) < 240


@pytest.mark.parametrize("name", BAD)
def test_bad_arguments_are_one_line_and_no_error(seen, name):
    done = seen.bad.runs[name]
    assert done.returncode == 0 and done.stderr == "" and done.stdout.count("\n") == 1, done


def test_events_out_of_order_are_taken_in(seen):
    for name, done in seen.bad.runs.items():
        assert done.returncode == 0 and done.stderr == "", name
    assert seen.bad.events >= len(seen.bad.runs) and seen.bad.ghost < 6


def test_none_of_it_disturbs_a_limited_viewer(seen):
    assert abs(seen.bad.cut - 8) <= 1


def test_without_arguments_it_says_how_to_register(seen):
    for done in (seen.bad.bare, seen.bad.helped):
        assert done.returncode == 0 and "--event={action} --session-key={session_key}" in done.stdout
        assert "Script agent" in done.stdout and "Playback Start" in done.stdout and not done.stderr


def test_an_unknown_command_is_one_line(seen):
    assert seen.bad.wrong.returncode == 1 and seen.bad.wrong.stdout == ""
    assert seen.bad.wrong.stderr.startswith("Usher: 'dance' is no command of limit_streams.py: bonus, ")
    assert seen.bad.wrong.stderr.endswith(", tick, or --help\n") and seen.bad.wrong.stderr.count("\n") == 1
