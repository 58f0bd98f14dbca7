"""Attacks by way of SFTP: broken packets and requests, the disk limit, and links that come and go."""
from __future__ import annotations

import os
import struct
import threading
import time

import paramiko
import pytest

from support import engine
from support.node import until
from support.panel import server
from support.sftp import MIB, client_of, connect, listens, packet, root_of, text


def test_malformed_packets_are_answered_and_the_daemon_lives(node, panel, game):
    transport = connect(node, panel.allow(game))
    channel = transport.open_session()
    channel.settimeout(20)
    channel.invoke_subsystem("sftp")
    channel.sendall(struct.pack(">IBI", 5, 1, 3))

    def answer() -> tuple[int, bytes]:
        head = b""
        while len(head) < 4:
            head += channel.recv(4 - len(head))
        length, body = struct.unpack(">I", head)[0], b""
        while len(body) < length:
            body += channel.recv(length - len(body))
        return body[0], body[1:]
    assert answer()[0] == 2
    huge = struct.pack(">II", 0x80000000, 0xFFFFFFFF)
    for kind, body in ((9, text(b"/f") + huge), (10, text(b"1") + struct.pack(">I", 1)), (3, text(b"/f") + struct.pack(">I", 26) + huge),
                       (14, text(b"/m") + huge), (17, b"\xff\xff\xff\xff"), (200, b"")):
        channel.sendall(packet(kind, 7, body))
        got, rest = answer()
        assert got == 101 and struct.unpack(">II", rest[:8]) in ((7, 5), (7, 4))
    channel.sendall(packet(16, 8, text(b"/a/..")))
    assert answer()[0] == 104
    channel.sendall(struct.pack(">I", 0x7FFFFFFF))      # no packet is so long
    until(lambda: channel.closed or channel.recv(1) == b"", "the session's end")
    connect(node, panel.allow(game)).close()


def test_channel_requests_that_are_cut_short_harm_nobody(node, panel, game):
    for kind, body in (("subsystem", b""), ("subsystem", b"\0\0\0"), ("subsystem", b"\xff\xff\xff\xff"), ("env", b"\0"),
                       ("pty-req", b"\0\0\0\x09x"), ("exec", b"")):
        transport = connect(node, panel.allow(game))
        channel = transport.open_session()
        message = paramiko.Message()
        message.add_byte(b"\x62")
        message.add_int(channel.remote_chanid)
        message.add_string(kind)
        message.add_boolean(True)
        message.add_bytes(body)
        transport._send_user_message(message)
        transport.close()
    connect(node, panel.allow(game)).close()


def test_uploads_together_end_at_the_disk_limit(launch, panel):
    game = panel.add(server(f"~{engine.IMAGE}", engine.GAME, build={
        "memory_limit": 128, "swap": 0, "io_weight": 500, "cpu_limit": 0, "threads": None, "disk_space": 8, "oom_disabled": True}))
    node = launch()
    node.create(game)
    listens(node)
    transport = connect(node, panel.allow(game))
    refused = []
    files = [client_of(transport).open(f"/f{n}", "wb") for n in range(6)]
    for _ in range(40):
        for file in files:
            try:
                file.write(b"x" * 32768 * 4)
                file.flush()
            except OSError as error:
                refused.append(str(error))
    assert refused and all("Quota Exceeded" in one for one in refused)
    assert sum(f.stat().st_size for f in root_of(node, game).iterdir()) <= 8 * MIB
    with pytest.raises(OSError):
        files[0].seek(2 ** 63 - 2)
        files[0].write(b"x")
        files[0].flush()
    transport.close()


def test_a_path_that_is_swapped_for_a_link_never_leads_out(node, panel, game, tmp_path):
    root = root_of(node, game)
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "canary").write_text("SECRET")
    facts = (outside / "canary").stat()
    (root / "d").mkdir()
    (root / "d/canary").write_text("inside")
    (root / "link").symlink_to(outside)
    stop = threading.Event()

    def swap() -> None:
        while not stop.is_set():
            os.rename(root / "d", root / "kept")
            os.rename(root / "link", root / "d")
            os.rename(root / "d", root / "link")
            os.rename(root / "kept", root / "d")
    swapper = threading.Thread(target=swap)
    swapper.start()
    transport = connect(node, panel.allow(game))
    client = client_of(transport)
    seen = 0
    try:
        deadline = time.monotonic() + 3
        while time.monotonic() < deadline:
            for act in (lambda: client.open("/d/canary").read(), lambda: client.chmod("/d/canary", 0o640),
                        lambda: client.utime("/d/canary", (1, 1)), lambda: client.open("/d/canary", "r+").write(b"inside"),
                        lambda: client.listdir("/d"), lambda: client.remove("/d/absent"), lambda: client.stat("/d/canary")):
                try:
                    got = act()
                    seen += 1
                    assert not isinstance(got, bytes) or b"SECRET" not in got
                except OSError:
                    pass
    finally:
        stop.set()
        swapper.join()
        transport.close()
    after = (outside / "canary").stat()
    assert seen > 0 and (outside / "canary").read_text() == "SECRET" and os.listdir(outside) == ["canary"]
    assert (after.st_mode, after.st_mtime_ns) == (facts.st_mode, facts.st_mtime_ns)
