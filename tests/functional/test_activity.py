"""The activity log from outside: what Wings left, a Panel that is down, a daemon that is killed."""
from __future__ import annotations

import json
import signal
import sqlite3
import uuid

from support.node import until


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


def test_five_thousand_entries_of_wings_reach_the_panel_once_though_the_daemon_is_killed(launch, panel, game):
    node = launch(wait=True)
    node.stop()
    commands = [f"c{number}" for number in range(5000)]
    left_by_wings(node, game, commands)
    real = panel.route
    panel.route = lambda method, path, body, authorization: (
        (403, None) if path == "/activity" else real(method, path, body, authorization))
    node.start()
    until(lambda: rows(node) == 0, "the rows of Wings are taken over", 60)
    node.stop(signal.SIGKILL)
    panel.calls.clear()
    panel.route = real
    node.start()
    until(lambda: len(sent(panel)) >= 5000, "all entries reach the Panel", 60)
    assert sorted(sent(panel)) == sorted(commands)
    node.stop()
    node.start()
    node.stop()
    assert len(sent(panel)) == 5000
