"""install.py over and over: nothing doubled, nothing of the owner's lost; what it only plans; what a program reads."""
import json
import os
import time

import pytest

from shared.jobs import register
from shared.jobs.limit_streams import ARGUMENTS
from tests.installing import Clone, clear, foreign, setup_of
from tests.sandbox.base import wait_for
from tests.sandbox.world import World

MINE = [{"parameter": "user", "operator": "is not", "value": ["alice", "bob"]}]


@pytest.fixture(scope="module")
def house(host):
    with World(host=host) as world:
        yield world


@pytest.fixture
def clone(house, tmp_path):
    yield Clone(house, tmp_path)
    clear(house)


def numbers(house):
    return {kind: sorted(rows) for kind, rows in setup_of(house).items()}


def limits_of(house, clone):
    script = os.path.join(clone.agents, "limit_streams.py")
    [found] = [one for one in setup_of(house)["notifier"].values() if one["config"].get("script") == script]
    return found


def test_three_runs(house, clone, tmp_path):
    own = foreign(house, tmp_path)
    before = setup_of(house)
    clone.good("--yes")
    after_one = setup_of(house)
    limits = limits_of(house, clone)
    house.tautulli.api("set_notifier_config", notifier_id=limits["id"], agent_id=15, friendly_name="Limits (mine)",
                       custom_conditions=json.dumps(MINE), custom_conditions_logic="{1}",
                       scripts_script_folder=clone.agents, scripts_script=limits["config"]["script"],
                       scripts_timeout=30)
    ids = numbers(house)
    for _ in range(2):
        said = clone.good("--yes")
        assert said.count("unchanged") == 3
    assert numbers(house) == ids == {kind: sorted(rows) for kind, rows in after_one.items()}
    now = limits_of(house, clone)
    assert now["custom_conditions"][0]["value"] == ["alice", "bob"] and now["custom_conditions_logic"] == "{1}"
    assert now["friendly_name"] == "Limits (mine)"
    after = setup_of(house)
    for kind, rows in before.items():
        for number, setup in rows.items():
            assert json.dumps(after[kind][number], sort_keys=True) == json.dumps(setup, sort_keys=True)
    assert set(own) <= {number for rows in after.values() for number in rows}


@pytest.mark.parametrize("spoil", [
    {"on_pause": 0}, {"on_play_subject": "--event={action}"}, {"on_stop_subject": ""}, {"scripts_timeout": 5},
    {"scripts_script_folder": "/elsewhere"},
], ids=lambda spoil: next(iter(spoil)))
def test_what_was_edited_is_repaired(house, clone, spoil):
    clone.good("--yes", "--no-schedule")
    good = limits_of(house, clone)
    told = {"friendly_name": good["friendly_name"], "custom_conditions": json.dumps(MINE),
            "custom_conditions_logic": "", "scripts_script_folder": clone.agents, "scripts_timeout": 30,
            "scripts_script": good["config"]["script"], "on_watched": 1, "on_watched_subject": "--mine"}
    house.tautulli.api("set_notifier_config", notifier_id=good["id"], agent_id=15, **{**told, **spoil})
    assert ("updated", f"limit_streams.py in Tautulli (notification agent {good['id']})") in clone.steps("--yes")
    now = limits_of(house, clone)
    assert (now["id"], now["config"]) == (good["id"], good["config"])
    assert all(now["actions"][t] and now["notify_text"][t]["subject"] == ARGUMENTS for t in register.TRIGGERS)
    assert now["actions"]["on_watched"] == 1 and now["notify_text"]["on_watched"]["subject"] == "--mine"
    assert now["custom_conditions"][0]["value"] == ["alice", "bob"]


def test_through_a_link_it_is_the_same_usher(house, clone):
    clone.good("--yes")
    ids = numbers(house)
    link = clone.root.with_name("link")
    link.symlink_to(clone.root)
    real, clone.root = clone.root, link
    try:
        assert clone.good("--yes").count("unchanged") == 3 and numbers(house) == ids
    finally:
        clone.root = real


def test_the_owners_choice_how_often_stays(house, clone):
    clone.good("--yes", "--every", "30")
    assert "unchanged timer every 30 minutes" in clone.good("--yes")
    assert "updated   timer every minute" in clone.good("--yes", "--every", "1")


def test_one_agent_only(house, clone):
    said = clone.good("--yes", "--only", "journal")
    assert "journal.py" in said and "limit_streams.py in Tautulli" not in said and "timer" not in said
    [setup] = setup_of(house)["notifier"].values()
    assert setup["config"]["script"].endswith("journal.py") and not setup_of(house)["newsletter"]
    assert clone.steps("--only", "limit streams")[-1][0] == "added"
    assert "there is no agent 'prune'" in clone.fails("--yes", "--only", "prune")


# ---- dry run ----

@pytest.mark.parametrize("before", ["nothing", "a whole set-up", "an edited one"])
def test_a_dry_run_changes_nothing_anywhere(house, clone, before):
    if before != "nothing":
        clone.good("--yes")
        wait_for(lambda: (clone.root / "data" / "ledger.db").exists(), what="the first tick")
    if before == "an edited one":
        number = limits_of(house, clone)["id"]
        house.tautulli.api("set_notifier_config", notifier_id=number, agent_id=15, on_play=0, friendly_name="x",
                           scripts_script_folder=clone.agents, scripts_timeout=30,
                           scripts_script=os.path.join(clone.agents, "limit_streams.py"))
    setup, files = setup_of(house), clone.files()
    said = clone.good("--dry-run", "--every", "7")
    assert setup_of(house) == setup
    changed = {name for name, held in clone.files().items() if files.get(name) != held}
    assert {name for name in changed | set(files) - set(clone.files()) if "ledger" not in name} == set()
    assert "this was a dry run" in said
    if before == "nothing":
        assert not clone.config.exists() and not (clone.root / "data").exists()
        for words in (f"would write {clone.config}", "would add limit_streams.py", "would add journal.py",
                      "would add timer every 7 minutes"):
            assert words in said, said
        assert "mistake" not in said
    else:
        assert "would update timer every 7 minutes" in said and "unchanged journal.py" in said
    assert ("would update limit_streams.py" in said) == (before == "an edited one")


# ---- for a program ----

def test_json(house, clone):
    rows = json.loads(clone.good("--json"))
    assert [row["done"] for row in rows] == ["found", "wrote", "added", "added", "added"]
    by_id = {row["id"] for row in rows if "id" in row}
    assert by_id == {number for kind in setup_of(house).values() for number in kind}
    clone.config.write_text("[everyone]\nwekly = 3h\n")
    assert any(done == "mistake" and "wekly" in what and "line 2" in what for done, what in clone.steps())


# ---- from a fresh clone to the first row ----

@pytest.mark.parametrize("live", [False, True], ids=["dry run", "live"])
def test_one_command_to_the_first_decision(host, tmp_path, live):
    """Nobody touches the running stream: no event fires after the command."""
    with World(host=host) as world:
        rule = f"[usher]\ndry_run = {'no' if live else 'yes'}\n[everyone]\nblocked = everyday\n"
        clone = Clone(world, tmp_path, rule)
        stream = world.plex.start_stream(world.bob, world.movie)
        wait_for(lambda: world.tautulli.api("get_activity")["sessions"], what="the stream in Tautulli")
        began = time.time()
        clone.good()

        def row():
            return [r for r in world.tautulli.notification_log(action="api")
                    if ("stopped" if live else "would stop") in f"{r['subject_text']} {r['body_text']}".lower()]
        wait_for(row, 30, what="the first decision")
        took = time.time() - began
        assert took < 60
        print(f"{took:.1f} s from the command to the first {'stop' if live else 'would stop'} row on {host}")
        if live:
            wait_for(lambda: not stream.alive, 10, what="the first enforced limit")
        assert len(world.plex.terminations) == live


# ---- the table of agents ----

def test_every_agent_of_the_table_is_a_script_and_the_config_decides(tmp_path, monkeypatch):
    from shared.jobs import agents
    from shared.jobs.peek import config
    from tests.sandbox.bundle import PROJECT
    assert {agent.file for agent in agents.AGENTS} <= {p.name for p in (PROJECT / "agents").glob("*.py")}
    later = register.Agent("welcome.py", "Usher: welcome", (), "", enabled_by="welcome")
    monkeypatch.setattr(agents, "AGENTS", (agents.LIMITS, later))
    (tmp_path / "config.ini").write_text("[usher]\ndry_run = yes\n")
    told = config(str(tmp_path / "config.ini"), {})
    for on in (None, False, True):
        told.settings["welcome"] = {"enabled": on}
        assert agents.enabled(told) == [agents.LIMITS] + [later] * bool(on)
    assert agents.named("Welcome.py") == later
