"""The activity log from outside: what Wings left, a Panel that is down, a daemon that is killed."""
from __future__ import annotations

import json
import signal
import sqlite3
import threading
import uuid

import paramiko
import yaml

from support.node import until
from support.sftp import client_of, connect, listens


def left_by_wings(node, server: str, commands: list[str]) -> None:
    with sqlite3.connect(node.root / "wings.db") as database:
        database.execute("CREATE TABLE activities(id integer NOT NULL, user uuid, server uuid NOT NULL, event text NOT NULL,"
                         " metadata text, ip text NOT NULL, timestamp datetime NOT NULL, PRIMARY KEY (id))")
        database.executemany(
            "INSERT INTO activities(user, server, event, metadata, ip, timestamp) VALUES(?, ?, ?, ?, ?, ?)",
            [(str(uuid.uuid4()), server, "server:console.command", json.dumps({"command": text}), "192.0.2.7",
              "2024-03-17 20:58:30.5+00:00") for text in commands])
    database.close()


def rows(node) -> int:
    database = sqlite3.connect(node.root / "wings.db")
    try:
        return database.execute("SELECT count(*) FROM activities").fetchone()[0]
    finally:
        database.close()


def sent(panel) -> list[str]:
    return [entry["metadata"]["command"] for method, path, body in list(panel.calls)
            if (method, path) == ("POST", "/activity") for entry in body["data"]]


def count(panel) -> int:
    return sum(len(body["data"]) for method, path, body in list(panel.calls) if (method, path) == ("POST", "/activity"))


def test_more_entries_of_wings_than_one_statement_binds_reach_the_panel_once_though_the_daemon_is_killed(launch, panel, game):
    node = launch(wait=True)
    node.stop()
    config = yaml.safe_load(node.config.read_text())
    config["system"]["activity_send_count"] = 1000  # of a request; a turn, once a minute, has a hundred
    node.config.write_text(yaml.safe_dump(config))
    commands = [f"c{number}" for number in range(33_000)]  # SQLite binds 32,766: beyond them Wings never removed one
    left_by_wings(node, game, commands)
    real = panel.route
    panel.route = lambda method, path, body, authorization: (
        (403, None) if path == "/activity" else real(method, path, body, authorization))
    node.start()
    until(lambda: rows(node) == 0, "the rows of Wings are taken over", 120)
    node.stop(signal.SIGKILL)
    panel.calls.clear()
    panel.route = real
    node.start()
    until(lambda: count(panel) >= 33_000, "all entries reach the Panel", 120)
    assert sorted(sent(panel)) == sorted(commands)
    node.stop()
    node.start()
    node.stop()
    assert count(panel) == 33_000


def names(panel, event: str) -> list[str]:
    """The files in all entries of this event that the Panel took."""
    out = []
    for method, path, body in list(panel.calls):
        if (method, path) == ("POST", "/activity"):
            for entry in body["data"]:
                if entry["event"] == f"server:sftp.{event}":
                    out += [name if isinstance(name, str) else name["from"] for name in entry["metadata"]["files"]]
    return out


def refuse(panel):
    """The Panel takes no activity; call the result to let it take it again."""
    real = panel.route
    panel.route = lambda method, path, body, authorization: (
        (503, None) if path == "/activity" else real(method, path, body, authorization))

    def take():
        panel.calls.clear()  # what was refused was not taken
        panel.route = real
    return take


def session(node, panel, game) -> paramiko.SFTPClient:
    listens(node)
    return client_of(connect(node, panel.allow(game)))


def test_acknowledged_sftp_operations_survive_a_kill_and_a_panel_that_is_down(launch, panel, game):
    node = launch()
    node.create(game)
    take = refuse(panel)
    client = session(node, panel, game)
    client.mkdir("/folder")
    with client.open("/folder/put", "w") as file:
        file.write(b"x")
    client.rename("/folder/put", "/folder/renamed")
    client.remove("/folder/renamed")
    node.stop(signal.SIGKILL)
    node.start()
    until(lambda: any(path == "/activity" for _, path, _ in list(panel.calls)), "a first request, which is refused")
    node.stop()
    take()
    node.start()
    until(lambda: names(panel, "delete"), "the entries reach the Panel")
    assert names(panel, "create-directory") == ["/folder"] or names(panel, "create-directory") == ["folder"]
    for event in ("create", "rename", "delete"):
        assert len(names(panel, event)) == 1, event


def test_a_daemon_that_ends_while_a_batch_is_sent_loses_no_entry(launch, panel, game):
    node = launch(wait=True)
    node.stop()
    commands = [f"c{number}" for number in range(250)]
    left_by_wings(node, game, commands)
    real, asked, go_on = panel.route, threading.Event(), threading.Event()

    def slow(method, path, body, authorization):
        if path == "/activity":
            asked.set()
            go_on.wait(30)
        return real(method, path, body, authorization)
    panel.route = slow
    node.start()
    assert asked.wait(30)
    node.process.send_signal(signal.SIGTERM)
    go_on.set()
    assert node.process.wait(30) == 0
    panel.route = real
    node.start()
    until(lambda: set(sent(panel)) == set(commands), "each entry reaches the Panel")
    # A batch whose answer came after the end is sent again, and no more than that one.
    assert len(sent(panel)) <= len(commands) + 100


def test_two_thousand_sftp_operations_arrive_once_joined_by_the_minute(launch, panel, game):
    node = launch()
    node.create(game)
    take = refuse(panel)
    client = session(node, panel, game)
    for number in range(2000):
        client.mkdir(f"/d{number}")
    spool = [node.root / "volumes/.sftp" / name for name in ("activity-0", "activity-1")]
    until(lambda: all(file.stat().st_size == 0 for file in spool), "the log has all of them: what comes later is an entry of its own")
    node.stop()
    take()
    node.start()
    until(lambda: len(names(panel, "create-directory")) >= 2000, "all operations reach the Panel")
    arrived = [name.lstrip("/") for name in names(panel, "create-directory")]
    assert sorted(arrived) == sorted(f"d{number}" for number in range(2000))
    entries = [entry for _, path, body in list(panel.calls) if path == "/activity" for entry in body["data"]
               if entry["event"] == "server:sftp.create-directory"]
    minutes = {entry["timestamp"][:16] for entry in entries}
    assert len(entries) == len(minutes)
