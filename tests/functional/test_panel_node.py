"""A game server's whole life under a Panel."""
from __future__ import annotations

import json
import signal

from support import engine
from support.node import until


def test_a_server_is_created_installed_started_talked_to_stopped_and_deleted(launch, panel, game):
    node = launch()
    node.create(game)
    assert (node.root / "volumes" / game / "built.txt").read_text() == "built\n"

    console = node.console(game)
    node.power(game, "start")
    console.expect("status", "starting")
    console.expect("status", "running")
    console.send("send command", "hello there")
    console.expect("console output", "heard hello there")
    stats = json.loads(console.expect("stats", '"state":"running"'))
    assert stats["memory_bytes"] > 0 and stats["memory_limit_bytes"] > 0
    node.power(game, "stop")
    console.expect("status", "stopping")
    console.expect("console output", "bye")
    console.expect("status", "offline")
    assert json.loads(console.expect("stats"))["memory_bytes"] == 0

    assert node.call("DELETE", f"/api/servers/{game}").status_code == 204
    console.expect("deleted")
    assert console.expect_close() == (1001, "server deleted")
    assert engine.inspect(game) is None
    until(lambda: not (node.root / "volumes" / game).exists(), "the files are gone")


def test_a_restarted_daemon_takes_up_running_games_without_restarting_them(launch, game):
    node = launch()
    node.create(game)
    node.power(game, "start")
    node.wait_state(game, "running")
    before = engine.inspect(game)
    console = node.console(game)

    assert node.stop() == 0
    assert console.expect_close()[0] == 1001
    assert json.loads((node.root / "states.json").read_text()) == {game: "running"}

    node.start()
    node.wait_state(game, "running")
    after = engine.inspect(game)
    assert (after["Id"], after["State"]["StartedAt"]) == (before["Id"], before["State"]["StartedAt"])
    console = node.console(game)
    console.send("send command", "still there")
    console.expect("console output", "heard still there")


def test_a_killed_daemon_takes_up_running_games_too(launch, game):
    node = launch()
    node.create(game)
    node.power(game, "start")
    node.wait_state(game, "running")
    started = engine.inspect(game)["State"]["StartedAt"]
    node.stop(signal.SIGKILL)
    node.start()
    node.wait_state(game, "running")
    assert engine.inspect(game)["State"]["StartedAt"] == started


def test_a_game_that_ended_while_the_daemon_was_away_is_started_again(launch, game):
    node = launch()
    node.create(game)
    node.power(game, "start")
    node.wait_state(game, "running")
    first = engine.inspect(game)["State"]["StartedAt"]
    node.stop()
    engine.docker("kill", game)
    node.start()
    node.wait_state(game, "running")
    assert engine.inspect(game)["State"]["StartedAt"] != first


def test_a_crashed_game_comes_back_once(launch, game):
    node = launch()
    node.create(game)
    console = node.console(game)
    node.power(game, "start")
    console.expect("status", "running")
    console.send("send command", "die")
    console.expect("console output", "Detected server process in a crashed state")
    console.expect("console output", "Exit code: 7")
    console.expect("status", "running")
    console.send("send command", "die")
    console.expect("status", "offline")
    console.expect("console output", "Aborting automatic restart")


def test_a_slow_console_does_not_delay_another_and_is_told_what_it_missed(launch, panel):
    from support.panel import server
    from support.node import ALL
    uuid = panel.add(server(f"~{engine.IMAGE}", engine.GAME))
    node = launch(throttles={"enabled": False, "lines": 10_000_000, "line_reset_interval": 100})
    node.create(uuid)
    quick = node.console(uuid)
    node.power(uuid, "start")
    quick.expect("status", "running")
    slow = node.console(uuid, ALL)          # reads nothing while the flood lasts
    quick.send("send command", "flood 120000")
    quick.expect("console output", "FLOODED", timeout=90)
    slow.expect("console output", "skipped", timeout=60)
    slow.expect("console output", "FLOODED", timeout=60)


def test_a_new_server_owns_its_folder_without_a_start_and_leaves_no_script_behind(launch, panel):
    import pwd
    from support.panel import server
    deep = "i=0; while [ $i -lt 600 ]; do mkdir d && cd d || exit; i=$((i+1)); done"
    item = server(f"~{engine.IMAGE}", engine.GAME)
    item["install"]["script"] = f"ln -s / /mnt/install/root\ncd /mnt/install\n{deep}\n"
    uuid = panel.add(item)
    node = launch()
    node.create(uuid)
    assert (node.root / "volumes" / uuid).stat().st_uid == pwd.getpwnam("nobody").pw_uid
    assert not (node.root / "tmp" / uuid).exists()
