"""Attacks on the node: its configuration, its token, and its HTTP. docs/security.md tells which test is for which."""
from __future__ import annotations

import contextlib
import resource
import socket
import time

import pytest
import yaml

from support import tokens
from support.node import Console, until
from support.panel import TOKEN


@pytest.fixture
def many_files():
    """As many descriptors as this process may have: the attacker's side of thousands of connections."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def bearer(token: str) -> dict:
    return {"headers": {"Authorization": f"Bearer {token}"}}


def test_a_leaked_node_token_moves_neither_folders_nor_the_panel(launch, panel, game, tmp_path):
    node = launch(allowed_mounts=["/srv/nothing-here"])
    before = yaml.safe_load(node.config.read_text())
    away = str(tmp_path / "away")
    folders = {name: away for name in ("root_directory", "log_directory", "data", "archive_directory", "backup_directory",
                                       "tmp_directory")}
    answer = node.call("POST", "/api/update", json={
        "system": {**folders, "passwd": {"directory": away}, "machine_id": {"directory": away}},
        "System": {name.replace("_", ""): away for name in folders},
        "remote": "http://127.0.0.1:1", "Remote": "http://127.0.0.1:1", "allowed_mounts": ["/"], "plugins_directory": away,
        "plugins": {"evil": {}}, "standalone": away, "api": {"disable_remote_download": True}, "debug": False})
    assert answer.status_code == 200
    after = yaml.safe_load(node.config.read_text())
    assert after["debug"] is False, "the rest was applied"
    for name in ("remote", "allowed_mounts"):
        assert after[name] == before[name]
    assert "away" not in node.config.read_text() and "evil" not in node.config.read_text()
    assert not after["api"].get("disable_remote_download", False)

    def works() -> None:
        assert node.call("POST", f"/api/servers/{game}/reinstall").status_code == 202
        panel.wait_for("POST", f"/servers/{game}/install")
        until(lambda: (node.root / "volumes" / game / "built.txt").exists(), "the files lie where they always lay")
    works()
    node.stop()
    panel.calls.clear()
    (node.root / "volumes" / game / "built.txt").unlink()
    node.start()
    works()
    assert not (tmp_path / "away").exists()


def test_a_pushed_token_is_never_looked_up_and_a_new_one_counts_everywhere_at_once(launch, panel, game):
    node = launch()
    for pushed in ({"token": "file:///etc/hostname"}, {"token": "$HOME"}, {"token": "${HOME}"}, {"token": ""},
                   {"token_id": "file:///etc/hostname"}, {"token_id": "$HOME"}, {"token_id": ""}):
        assert node.call("POST", "/api/update", json=pushed).status_code == 400, pushed
        assert node.call("GET", "/api/system").status_code == 200
        assert node.call("POST", f"/api/servers/{game}/sync").status_code == 204, "the Panel still knows the node"
    old_console = tokens.sign(panel, server_uuid=game, permissions=tokens.ALL)
    new = "another-secret-0123456789abcdef0123456789abcdef0123456789abcdefg"
    assert node.call("POST", "/api/update", json={"token": new}).status_code == 200
    panel.token = new
    assert node.call("GET", "/api/system").status_code == 403
    assert node.call("GET", "/api/system", **bearer(new)).status_code == 200
    assert node.call("POST", f"/api/servers/{game}/sync", **bearer(new)).status_code == 204
    console = Console(node.dial(game))
    console.send("auth", old_console)
    console.expect("daemon error")
    console.send("auth", tokens.sign(panel, new, server_uuid=game, permissions=tokens.ALL))
    console.expect("auth success")


def test_a_node_without_a_token_does_not_start(launch):
    node = launch(wait=False, token="")
    assert node.process.wait(20) != 0
    assert "token is empty" in node.output


@pytest.mark.parametrize("header", ["Bearer ", "Bearer", "Bearer  ", f"Bearer {TOKEN[:-1]}", f"Bearer {TOKEN}x",
                                    f"Bearer {TOKEN} x", f"Basic {TOKEN}", TOKEN, "Bearer null", "Bearer undefined"])
def test_only_the_whole_node_token_opens_the_node(launch, header):
    node = launch()
    assert node.call("GET", "/api/servers", headers={"Authorization": header}).status_code in (401, 403)
    assert node.call("GET", "/api/servers").status_code == 200


def test_thousands_of_slow_clients_hold_up_no_other_and_are_ended(launch, many_files):
    node = launch()
    slow = []
    try:
        for number in range(3000):
            link = socket.create_connection(("127.0.0.1", node.port), timeout=10)
            link.sendall((b"G", b"GET /api/system HTTP/1.1\r\nX: ", b"GET / HTTP/1.1\r\n")[number % 3])
            slow.append(link)
        waits = []
        for _ in range(100):
            begun = time.monotonic()
            assert node.call("GET", "/api/system").status_code == 200
            waits.append(time.monotonic() - begun)
        assert sorted(waits)[98] < 1, sorted(waits)[-5:]

        def ended() -> bool:
            for link in slow:
                with contextlib.suppress(OSError):  # one byte more, as long as it is taken
                    link.send(b"x", socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL)
            for link in slow:
                link.settimeout(0)
                try:
                    if link.recv(4096) == b"":
                        continue
                    return False  # an answer; its end comes next
                except ConnectionError:
                    continue
                except BlockingIOError:
                    return False
            return True
        until(ended, "slow clients are ended, however they drip", 60)
    finally:
        for link in slow:
            link.close()


@pytest.mark.parametrize("start", [b"GET /api/system HTTP/1.1\r\nX: ", b"GET /", b"GET / HTTP/1.1\r\n", b""],
                         ids=["a field", "a target", "many fields", "a method"])
def test_an_endless_head_is_cut_off_early(launch, start):
    node = launch()
    piece = b"A: b\r\n" * 10_000 if start.endswith(b"\r\n") else b"A" * 60_000
    before, sent = node.memory(), 0
    with socket.create_connection(("127.0.0.1", node.port), timeout=10) as link:
        with contextlib.suppress(ConnectionError):
            link.sendall(start)
            while sent < 1 << 30:
                link.sendall(piece)
                sent += len(piece)
    assert sent < 32 << 20
    assert node.memory() - before < 8 << 20
    assert node.call("GET", "/api/system").status_code == 200
