"""Docker, the Panel or a plugin goes wrong: the daemon says so, lives on, and the games with it."""
from __future__ import annotations

import os
import shutil

import pytest

from support import engine
from support.node import BUILD, until


@pytest.fixture
def wire():
    wire = engine.CutSocket().mend()
    yield wire
    wire.remove()


def test_a_daemon_waits_for_a_panel_that_is_down(launch, panel, game):
    panel.down = True
    node = launch(wait=False)
    until(lambda: "cannot be loaded; trying again" in node.output, "the daemon says that it waits", 60)
    panel.down = False
    node.wait_up(60)
    assert node.state(game) == "offline"


def test_a_daemon_that_waits_for_its_panel_can_be_stopped(launch, panel):
    panel.down = True
    node = launch(wait=False)
    until(lambda: panel.calls, "the daemon asked")
    assert node.stop(timeout=10) == 0


def test_without_docker_the_daemon_serves_and_finds_docker_later(launch, game, wire):
    wire.cut()
    node = launch(environment={"DOCKER_HOST": wire.url})
    assert "the Docker Engine does not answer" in node.output
    assert node.state(game) == "offline"
    wire.mend()
    until(lambda: "the Docker Engine answers" in node.output, "Docker is found")
    node.call("POST", f"/api/servers/{game}/reinstall")
    node.panel.wait_for("POST", f"/servers/{game}/install")
    until(lambda: (node.root / "volumes" / game / "built.txt").exists(), "the game is installed")


def test_docker_gone_for_a_while_takes_no_game_along(launch, game, wire):
    node = launch(environment={"DOCKER_HOST": wire.url})
    node.create(game)
    node.power(game, "start")
    node.wait_state(game, "running")
    started = engine.inspect(game)["State"]["StartedAt"]
    wire.cut()
    assert node.call("GET", "/api/servers").status_code == 200
    assert node.call("GET", "/api/system?v=2").status_code == 500
    wire.mend()
    node.wait_state(game, "running")
    console = node.console(game)

    def heard() -> bool:  # 204 says that the game runs, not that its console is attached again
        assert node.call("POST", f"/api/servers/{game}/commands", json={"commands": ["again"]}).status_code == 204
        got = console.receive(0.2)
        return got is not None and got["event"] == "console output" and "heard again" in got["args"][0]
    until(heard, "the console is attached again", 60)
    assert engine.inspect(game)["State"]["StartedAt"] == started


def test_a_broken_plugin_is_named_and_the_others_run(launch, tmp_path):
    folder = tmp_path / "plugins"
    shutil.copytree(BUILD / "lib" / "pinion" / "plugins", folder)
    (folder / "broken.so").write_text("no shared object")
    os.chmod(folder, 0o755)
    node = launch(plugins_directory=str(folder))
    assert "broken.so" in node.output
    assert node.call("GET", "/api/system").status_code == 200


def test_only_listed_plugins_are_loaded(launch):
    node = launch(plugins={"system": {}})
    assert node.call("GET", "/api/system").status_code == 200
    assert node.call("GET", "/api/servers").json() == []
    assert "plugin=power" not in node.output.replace('"', "")


def test_a_listed_plugin_that_is_missing_is_named(launch):
    node = launch(plugins={"system": {}, "no-such-plugin": {}})
    assert "no-such-plugin" in node.output
    assert node.call("GET", "/api/system").status_code == 200


def test_a_hangup_reopens_the_log(launch):
    import signal
    node = launch()
    log = node.root / "log" / "wings.log"
    log.rename(log.with_suffix(".1"))
    node.process.send_signal(signal.SIGHUP)
    until(log.exists, "a new log file")
