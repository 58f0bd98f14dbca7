"""Attacks by way of websockets. docs/security.md tells which test is for which."""
from __future__ import annotations

import contextlib
import threading
import zlib

import pytest
import websocket

from support.node import Console, until


def test_only_pages_of_the_panel_and_of_listed_origins_get_a_socket(launch, panel, game):
    node = launch(allowed_origins=["https://listed.example"])
    for origin in (panel.url, "https://listed.example"):
        node.dial(game, origin).close()
    for bad in ("https://evil.example", "null", panel.url + "/", panel.url + "0", panel.url + ".evil.example",
                panel.url.replace("http:", "https:"), "https://listed.example.evil", "https://LISTED.example",
                "https://a.listed.example", f"{panel.url}@evil.example"):
        with pytest.raises(websocket.WebSocketBadStatusException) as refused:
            node.dial(game, bad)
        assert refused.value.status_code == 403, bad
    with pytest.raises(websocket.WebSocketBadStatusException) as refused:
        node.dial(game, suppress_origin=True)
    assert refused.value.status_code == 403


def test_of_a_hundred_upgrades_at_once_thirty_succeed(launch, game):
    node = launch()
    won, lost = [], []
    gate = threading.Barrier(100)

    def upgrade() -> None:
        gate.wait()
        try:
            won.append(node.dial(game))
        except websocket.WebSocketBadStatusException as refused:
            lost.append(refused.status_code)
    threads = [threading.Thread(target=upgrade) for _ in range(100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert (len(won), len(lost)) == (30, 70)
    assert set(lost) == {400}


def test_sockets_that_never_authenticate_do_not_lock_the_owner_out(launch, panel, game):
    node = launch()
    strangers = [Console(node.dial(game)) for _ in range(30)]
    with pytest.raises(websocket.WebSocketBadStatusException):
        node.dial(game)

    def owner():
        with contextlib.suppress(websocket.WebSocketBadStatusException):
            return node.console(game)
    console = until(owner, "the owner gets in", 60)
    console.send("send stats")
    console.expect("stats")
    assert strangers[0].expect_close()[0] == 1008


def frame(data: bytes, opcode: int = websocket.ABNF.OPCODE_TEXT, last: bool = True, packed: bool = False) -> bytes:
    return websocket.ABNF(int(last), int(packed), 0, 0, opcode, 1, data).format()


def test_bombs_floods_and_endless_messages_on_a_socket_cost_no_memory(launch, panel, game):
    node = launch()
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    bomb = deflate.compress(b" " * 3_500_000) + deflate.flush(zlib.Z_SYNC_FLUSH)
    bomb = bomb[:-4]
    assert len(bomb) < 4096

    def open_socket() -> websocket.WebSocket:
        return node.dial(game, header=["Sec-WebSocket-Extensions: permessage-deflate"])

    def storm(piece: bytes, count: int) -> None:
        link = open_socket()
        with contextlib.suppress(OSError):  # the daemon may end the socket
            for _ in range(count):
                link.sock.sendall(piece)
        link.close(timeout=1)
    storms = (
        (frame(bomb, packed=True), 300),
        (frame(b"x" * 4000), 3000),
        (frame(b"x" * 4000, websocket.ABNF.OPCODE_BINARY), 3000),
        (frame(b'{"event":"auth","args":["x"]}'), 20_000),
        (frame(b"", websocket.ABNF.OPCODE_TEXT, last=False) + frame(b"", 0, last=False) * 5000, 20),
        (frame(b"p" * 125, websocket.ABNF.OPCODE_PING), 20_000),
        (b"\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff" + b"mask" + b"x" * 4096, 100),
    )
    storm(*storms[0])
    before = node.memory()
    for piece, count in storms:
        storm(piece, count)
        assert node.call("GET", "/api/system").status_code == 200
    assert node.memory() - before < 24 << 20
    console = node.console(game)
    console.send("send stats")
    console.expect("stats")


def test_a_suspended_server_has_no_consoles(launch, panel, game):
    node = launch()
    console = node.console(game)
    panel.servers[game]["settings"]["suspended"] = True
    assert node.call("POST", f"/api/servers/{game}/sync").status_code == 204
    console.expect_close()
    again = Console(node.dial(game))
    assert again.expect_close() == (4409, "server is suspended")
    panel.servers[game]["settings"]["suspended"] = False
    assert node.call("POST", f"/api/servers/{game}/sync").status_code == 204
    node.console(game)
