"""Standalone mode: a folder instead of a Panel, and the console client."""
from __future__ import annotations

import json
import re
import subprocess

import pytest
import requests
import yaml

from support import engine
from support.node import PINION, until


class Standalone:
    def __init__(self, folder) -> None:
        self.folder = folder
        self.out = folder.parent / f"output-{len(list(folder.parent.glob('output-*')))}"
        with open(self.out, "ab") as out:
            self.process = subprocess.Popen([str(PINION), "--standalone", str(folder)], stdout=out, stderr=out)
        until(lambda: self.process.poll() is not None or "listening" in self.output, "listening")
        assert self.process.poll() is None, self.output
        self.config = yaml.safe_load((folder / "config.yml").read_text())

    @property
    def output(self) -> str:
        return self.out.read_text(errors="replace")

    def servers(self) -> list[dict]:
        api = self.config["api"]
        return requests.get(f"http://{api['host']}:{api['port']}/api/servers", timeout=10,
                            headers={"Authorization": f"Bearer {self.config['token']}"}).json()

    def stop(self) -> int:
        self.process.terminate()
        return self.process.wait(15)


@pytest.fixture
def standalone(tmp_path):
    nodes = []

    def start(folder=tmp_path / "node"):
        node = Standalone(folder)
        nodes.append(node)
        return node

    yield start
    for node in nodes:
        if node.process.poll() is None:
            for server in node.servers():
                engine.docker("rm", "-f", server["configuration"]["uuid"], check=False)
            node.process.kill()
            node.process.wait()


def console(folder, server: str, text: str) -> str:
    done = subprocess.run([str(PINION), "console", "--standalone", str(folder), server, "--once"], input=text, text=True,
                          capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_first_run_makes_a_demo_server_and_says_how_to_talk_to_it(standalone):
    node = standalone()
    until(lambda: [s["state"] for s in node.servers()] == ["running"], "the demo runs", 60)
    assert "pinion console" in node.output
    assert node.config["token"] in node.output
    assert (node.folder / "config.yml").stat().st_mode & 0o777 == 0o600
    name = node.servers()[0]["configuration"]["meta"]["name"]
    assert "help" in console(node.folder, name, "help\n")
    assert re.search(r"memory|MiB", console(node.folder, name, ".stats\n"))


def test_a_second_run_keeps_the_token_and_the_running_game(standalone):
    node = standalone()
    until(lambda: [s["state"] for s in node.servers()] == ["running"], "the demo runs", 60)
    uuid = node.servers()[0]["configuration"]["uuid"]
    started = engine.inspect(uuid)["State"]["StartedAt"]
    assert node.stop() == 0
    assert json.loads(next(node.folder.rglob("states.json")).read_text()) == {uuid: "running"}
    again = standalone(node.folder)
    assert again.config["token"] == node.config["token"]
    until(lambda: [s["state"] for s in again.servers()] == ["running"], "the demo runs on")
    assert engine.inspect(uuid)["State"]["StartedAt"] == started


def test_a_mistake_in_a_definition_is_shown_with_file_and_line(standalone, tmp_path):
    folder = tmp_path / "node" / "servers"
    folder.mkdir(parents=True)
    (folder / "typo.yml").write_text("name: typo\nimage: ~x/y:latest\nstartup: echo\nmemmory: 5\n")
    node = standalone()
    assert "typo.yml:4" in node.output
    assert "memmory" in node.output


def test_a_console_of_an_unknown_server_lists_those_that_are_there(standalone):
    node = standalone()
    done = subprocess.run([str(PINION), "console", "--standalone", str(node.folder), "nobody"], capture_output=True, text=True,
                          timeout=30)
    assert done.returncode != 0
    assert node.servers()[0]["configuration"]["meta"]["name"] in done.stderr
