"""SFTP sessions: how they log in, how many there are, and what ends them."""
from __future__ import annotations

import contextlib
import os
import socket
import threading

import paramiko
import pytest

from support import engine
from support.node import until
from support.panel import server
from support.sftp import client_of, connect, listens, root_of


def calls(panel) -> list:
    return [body for method, path, body in list(panel.calls) if (method, path) == ("POST", "/sftp/auth")]


def test_a_key_is_asked_about_once_for_each_connection_and_a_refused_one_not_again(node, panel, game):
    good, bad = paramiko.ECDSAKey.generate(), paramiko.ECDSAKey.generate()
    name = panel.allow(game, kind="public_key", secret=f"{good.get_name()} {good.get_base64()}\n")
    transport = connect(node, name, good)
    assert client_of(transport).listdir("/") is not None
    transport.close()
    assert len(calls(panel)) == 1
    for _ in range(4):
        with pytest.raises(paramiko.AuthenticationException):
            connect(node, name, bad)
    assert len(calls(panel)) == 2


def test_a_panel_that_is_down_refuses_logins_and_keeps_sessions(node, panel, game, client):
    panel.down = True
    try:
        with pytest.raises((paramiko.SSHException, EOFError)):
            connect(node, panel.allow(game))
        assert "built.txt" in client.listdir("/")
    finally:
        panel.down = False


def test_connections_that_say_nothing_are_bounded_and_end(launch, panel, game):
    node = launch(plugins={"system": {}, "install": {}, "sftp": {"max_logging_in_per_address": 20, "login_seconds": 5}})
    listens(node)
    lines = [socket.create_connection(("127.0.0.1", node.sftp_port)) for _ in range(60)]
    for line in lines:
        line.settimeout(20)
        while line.recv(4096):      # those above the bound end at once, the others after five seconds
            pass
    connect(node, panel.allow(game)).close()


def test_connections_that_are_dropped_at_any_point_before_the_login_leave_nothing(node, panel, game):
    connect(node, panel.allow(game)).close()
    folder = f"/proc/{node.process.pid}/fd"
    before = len(os.listdir(folder))
    for number in range(150):
        line = socket.create_connection(("127.0.0.1", node.sftp_port))
        with contextlib.suppress(OSError):              # those above the bound are closed by the daemon
            if number % 3:
                line.sendall(b"SSH-2.0-gone\r\n"[:number % 15])
            if number % 3 == 2:
                line.sendall(b"SSH-2.0-gone\r\n" + os.urandom(number * 10))
        line.close()
    name = panel.allow(game)

    def logs_in() -> bool:                                  # refused as long as those that wait in the queue are counted
        try:
            connect(node, name).close()
            return True
        except (paramiko.SSHException, OSError, EOFError):
            return False
    until(logs_in, "a user can log in")
    until(lambda: len(os.listdir(folder)) <= before + 4, "the descriptors are free again")


def test_deauthorising_ends_a_running_upload_within_a_second(node, panel, game):
    user = "19a17d36-36b3-4ac6-9fbf-d3b708af2056"
    transport = connect(node, panel.allow(game, user=user))
    client = client_of(transport)
    ended = threading.Event()

    def upload() -> None:
        try:
            with client.open("/big", "wb") as file:
                file.set_pipelined(True)
                while True:
                    file.write(b"x" * 32768)
                    file.seek(0)
        except (OSError, EOFError, paramiko.SSHException):
            ended.set()
    thread = threading.Thread(target=upload)
    thread.start()
    until((root_of(node, game) / "big").exists, "the upload runs")
    assert node.call("POST", "/api/deauthorize-user", json={"user": user, "servers": []}).status_code == 204
    assert ended.wait(3)
    thread.join(10)
    until(lambda: not transport.is_active(), "the connection is ended", 3)


def test_a_reinstall_ends_the_sessions_of_its_server_and_refuses_requests_until_it_is_done(node, panel, game):
    panel.servers[game]["install"]["script"] = "while [ ! -e /mnt/server/go ]; do sleep 0.1; done\n"
    other = panel.add(server(f"~{engine.IMAGE}", engine.GAME))
    node.create(other)
    here, there = connect(node, panel.allow(game)), connect(node, panel.allow(other))
    client_of(here).listdir("/")
    elsewhere = client_of(there)
    assert node.call("POST", f"/api/servers/{game}/reinstall").status_code == 202
    until(lambda: not here.is_active(), "the session ends")
    assert elsewhere.listdir("/") is not None
    late = connect(node, panel.allow(game))
    client = client_of(late)
    for act in (lambda: client.listdir("/"), lambda: client.open("/x", "w"), lambda: client.stat("/"), lambda: client.mkdir("/m")):
        with pytest.raises(PermissionError):
            act()
    assert client.normalize("a/..") == "/"
    (root_of(node, game) / "go").touch()

    def works() -> bool:
        try:
            return client.listdir("/") is not None
        except PermissionError:
            return False
    until(works, "the installed server can be used again, by the same session")
    late.close()
    there.close()


def test_two_hundred_idle_sessions_take_no_threads_and_little_memory(node, panel, game):
    name = panel.allow(game)

    def status(key: str) -> int:
        lines = open(f"/proc/{node.process.pid}/status").read().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith(key + ":"))
    warm = [connect(node, name) for _ in range(4)]
    threads, memory = status("Threads"), status("VmRSS")
    panel_user = panel.logins[name]
    held = []
    for number in range(200):
        if number % 50 == 0:
            other = panel.allow(game)
            panel.logins[other]["secret"] = panel_user["secret"]
        held.append(connect(node, other))
        client_of(held[-1])
    assert status("Threads") <= threads + 16        # the workers' pool may grow; the sessions have none
    assert status("VmRSS") - memory < 200 * 200
    for transport in held + warm:
        transport.close()


def test_a_hundred_sessions_put_and_get_at_once(node, panel, game):
    names = [panel.allow(game) for _ in range(4)]
    transports = [connect(node, names[number % 4]) for number in range(100)]
    clients = [client_of(transport) for transport in transports]
    wrong: list[str] = []

    def work(number: int) -> None:
        data = bytes([number]) * 50_000
        try:
            with clients[number].open(f"/f{number}", "wb") as file:
                file.write(data)
            if clients[number].open(f"/f{number}").read() != data:
                wrong.append(f"{number} differs")
        except OSError as error:
            wrong.append(f"{number}: {error}")
    threads = [threading.Thread(target=work, args=(number,)) for number in range(100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert wrong == []
    for transport in transports:
        transport.close()


def test_the_host_key_and_the_files_are_the_same_after_a_restart(node, panel, game):
    def key() -> str:
        transport = paramiko.Transport(("127.0.0.1", node.sftp_port))
        transport.start_client(timeout=20)
        found = transport.get_remote_server_key().get_base64()
        transport.close()
        return found
    before = key()
    transport = connect(node, panel.allow(game))
    client_of(transport).open("/kept", "w").write("x")
    assert node.stop() == 0
    node.start()
    listens(node)
    assert key() == before
    transport = connect(node, panel.allow(game))
    assert client_of(transport).open("/kept").read() == b"x"
    transport.close()


def test_a_port_that_is_taken_is_waited_for(launch, panel, game):
    with socket.socket() as taken:
        node = launch(wait=False)
        node.process.kill()
        node.process.wait()
        taken.bind(("127.0.0.1", node.sftp_port))
        taken.listen()
        node.start()
        until(lambda: "cannot listen" in node.output, "the daemon says so")
    listens(node)
    connect(node, panel.allow(game)).close()
