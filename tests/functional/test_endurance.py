"""What wears daemons out: connections that vanish, descriptors that run short, consoles that roar, states that flap."""
from __future__ import annotations

import contextlib
import os
import resource
import socket
import threading
import time

import websocket

from support import engine
from support.node import Node, until
from support.panel import server


def descriptors(node: Node) -> int:
    return len(os.listdir(f"/proc/{node.process.pid}/fd"))


def threads(node: Node) -> int:
    return len(os.listdir(f"/proc/{node.process.pid}/task"))


def processor_seconds(node: Node) -> float:
    with open(f"/proc/{node.process.pid}/stat") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_consoles_that_vanish_leave_nothing_behind(launch, game):
    node = launch()

    def some(count: int) -> None:
        for _ in range(count):
            node.console(game).link.sock.close()  # without a word
    some(30)
    until(lambda: node.call("GET", "/api/system").status_code == 200, "it answers")
    before = descriptors(node), threads(node), node.memory()

    def worker() -> None:
        for _ in range(100):
            # 30 at once is the limit: those that vanished may not be noticed yet.
            with contextlib.suppress(websocket.WebSocketBadStatusException):
                some(1)
    workers = [threading.Thread(target=worker) for _ in range(10)]
    for one in workers:
        one.start()
    for one in workers:
        one.join()
    until(lambda: descriptors(node) <= before[0] + 4, "the descriptors are closed", 60)
    assert threads(node) <= before[1] + 16  # pools grow under load, and are bounded
    assert node.memory() - before[2] < 16 << 20


def test_a_lack_of_descriptors_costs_no_processor_and_ends_with_its_cause(launch, game):
    node = launch()
    used = descriptors(node)
    resource.prlimit(node.process.pid, resource.RLIMIT_NOFILE, (used + 20, 4096))
    crowd = []
    try:
        for _ in range(200):
            crowd.append(socket.create_connection(("127.0.0.1", node.port), timeout=10))
        until(lambda: descriptors(node) >= used + 20, "the descriptors are used up")
        begun, spent = time.monotonic(), processor_seconds(node)
        until(lambda: time.monotonic() - begun > 2, "two seconds are over")
        assert processor_seconds(node) - spent < 0.5
        assert node.process.poll() is None
    finally:
        for one in crowd:
            one.close()
    resource.prlimit(node.process.pid, resource.RLIMIT_NOFILE, (4096, 4096))
    until(lambda: node.call("GET", "/api/system").status_code == 200, "it serves again")
    node.console(game)


def test_a_console_that_roars_costs_no_memory(launch, panel):
    uuid = panel.add(server(f"~{engine.IMAGE}", "echo READY; read go; yes 'a line of some length, again and again' | head -c 40000000; "
                                                "echo; echo OVER; read end"))
    node = launch()
    node.create(uuid)
    consoles = [node.console(uuid) for _ in range(5)]
    node.power(uuid, "start")
    consoles[0].expect("status", "running")
    before = node.memory()
    consoles[0].send("send command", "go")
    highest = 0

    def over() -> bool:
        nonlocal highest
        highest = max(highest, node.memory())
        return "OVER" in engine.docker("logs", "--tail", "2", uuid)
    until(over, "the game has said it all", 120)
    assert highest - before < 64 << 20
    assert node.state(uuid) == "running"
    node.power(uuid, "kill")


def test_suspending_again_and_again_leaves_a_server_that_works(launch, panel, game):
    node = launch()
    node.create(game)
    for turn in range(100):
        panel.servers[game]["settings"]["suspended"] = turn % 2 == 0
        assert node.call("POST", f"/api/servers/{game}/sync").status_code == 204
        shown = node.call("GET", f"/api/servers/{game}").json()
        assert shown["is_suspended"] == (turn % 2 == 0) and shown["state"] == "offline"
        assert shown["utilization"]["disk_bytes"] >= 0
    console = node.console(game)
    node.power(game, "start")
    console.expect("status", "running")
