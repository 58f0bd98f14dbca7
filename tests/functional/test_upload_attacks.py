"""Attacks by way of uploads: their names, their size, their number, their speed, and what is broken in them."""
from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from pathlib import Path

import pytest
import requests

from support import engine, tokens
from support.files import Files
from support.node import until
from support.panel import server


def upload(files: Files, panel, body, content_type: str = "multipart/form-data; boundary=b", directory: str = "/"):
    token = tokens.sign(panel, **tokens.once(server_uuid=files.uuid))
    return requests.post(f"http://127.0.0.1:{files.node.port}/upload/file", params={"token": token, "directory": directory},
                         data=body, headers={"Content-Type": content_type}, timeout=60)


def part(name: bytes, data: bytes = b"up") -> bytes:
    return (b'--b\r\nContent-Disposition: form-data; name="files"; filename="' + name + b'"\r\n\r\n' + data + b"\r\n")


@pytest.mark.parametrize("name", [b"../../evil.txt", b"/etc/evil.txt", b"..\\..\\evil.txt", b"a/../../../evil.txt", b"..", b".", b"",
                                  b"evil.txt\0.png", b"\xff\xfe.txt", b"e" * 300, b"../" * 100 + b"evil.txt"],
                         ids=lambda name: ascii(name)[2:22])
def test_an_uploads_name_leads_nowhere_else(linked, panel, name, outside):
    before = {path for path in linked.node.root.rglob("*") if linked.volume not in path.parents}
    answer = upload(linked, panel, part(name) + b"--b--\r\n")
    assert answer.status_code in (200, 400, 403, 404, 500)
    after = {path for path in linked.node.root.rglob("*") if linked.volume not in path.parents}
    assert {path.name for path in after - before} <= {"pinion.db-wal", "pinion.db-shm", "pinion.db-journal"}
    assert not Path("/etc/evil.txt").exists()
    linked.work()
    for directory in ("../..", "/../../", str(outside.path), "../" * 20 + str(outside.path)):
        upload(linked, panel, part(b"evil.txt") + b"--b--\r\n", directory=directory)
    outside.untouched()


def spooled(node) -> int:
    return sum(path.stat().st_size for path in (node.root / "tmp").rglob("*") if path.is_file())


def test_an_upload_is_cut_at_its_limit_not_after_it(launch, panel, game):
    node = launch()
    assert node.call("POST", "/api/update", json={"api": {"upload_limit": 1}}).status_code == 200
    files = Files(node, game)
    files.volume.mkdir(exist_ok=True)
    sent = 0
    before = node.memory()

    def endless():
        nonlocal sent
        yield part(b"big.bin", b"")[:-2]
        piece = b"x" * (1 << 20)
        while sent < 1 << 30:
            sent += len(piece)
            yield piece
    with contextlib.suppress(requests.ConnectionError):
        assert upload(files, panel, endless()).status_code == 400
    assert sent < 256 << 20
    until(lambda: spooled(node) == 0, "the spool is empty")
    assert not (files.volume / "big.bin").exists()
    assert upload(files, panel, part(b"fits.bin", b"x" * 1_000_000) + b"--b--\r\n").status_code == 200
    assert node.memory() - before < 32 << 20


def test_many_parts_and_endless_part_heads_cost_no_memory(linked, panel):
    before = linked.node.memory()
    upload(linked, panel, b"".join(part(b"f", b"") for _ in range(100_000)) + b"--b--\r\n")
    grown = linked.node.memory() - before

    def endless():
        yield b"--b\r\nContent-Disposition: form-data; "
        for _ in range(512):
            yield b"x" * (1 << 20)
    with contextlib.suppress(requests.ConnectionError):
        assert upload(linked, panel, endless()).status_code >= 400
    assert grown < 64 << 20
    assert linked.node.memory() - before < 64 << 20
    linked.work()


def test_an_upload_holds_few_descriptors_however_many_files_it_has(linked, panel):
    node = linked.node
    before = highest = len(os.listdir(f"/proc/{node.process.pid}/fd"))
    token = tokens.sign(panel, **tokens.once(server_uuid=linked.uuid))
    with socket.create_connection(("127.0.0.1", node.port), timeout=10) as link:
        link.sendall(f"POST /upload/file?token={token} HTTP/1.1\r\nHost: h\r\nContent-Type: multipart/form-data; boundary=b\r\n"
                     f"Content-Length: 100000000\r\n\r\n".encode() + b"".join(part(b"f%d" % number) for number in range(3000)))
        begun = time.monotonic()

        def looked_at() -> bool:
            nonlocal highest
            highest = max(highest, len(os.listdir(f"/proc/{node.process.pid}/fd")))
            return time.monotonic() - begun > 3
        until(looked_at, "three seconds are over")
    assert highest - before < 200
    linked.work()


def test_uploads_that_trickle_do_not_keep_others_out(launch, panel, game):
    other = panel.add(server(f"~{engine.IMAGE}", engine.GAME))
    node = launch()
    for uuid in (game, other):
        (node.root / "volumes" / uuid).mkdir(exist_ok=True)
    hostile, honest = Files(node, game), Files(node, other)
    crowd = []
    try:
        for _ in range(150):
            token = tokens.sign(panel, **tokens.once(server_uuid=hostile.uuid))
            link = socket.create_connection(("127.0.0.1", node.port), timeout=10)
            link.sendall(f"POST /upload/file?token={token} HTTP/1.1\r\nHost: h\r\nContent-Type: multipart/form-data; boundary=b\r\n"
                         f"Content-Length: 100000000\r\n\r\n".encode() + part(b"slow", b"x" * 100)[:-2])
            crowd.append(link)

        def trickle() -> bool:
            for link in crowd:
                with contextlib.suppress(OSError):
                    link.send(b"x", socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL)
            return True
        done: list[int] = []

        def honestly() -> None:
            done.append(upload(honest, panel, part(b"mine.txt") + b"--b--\r\n").status_code)
            done.append(honest.write("also.txt").status_code)
        thread = threading.Thread(target=honestly)
        begun = time.monotonic()
        thread.start()
        until(lambda: trickle() and len(done) == 2, "the other server's upload is served", 60)
        thread.join()
        assert done == [200, 204]
        assert time.monotonic() - begun < 10
    finally:
        for link in crowd:
            link.close()


def test_broken_uploads_leave_nothing_behind(linked, panel):
    whole = part(b"f.txt", b"x" * 1000) + b"--b--\r\n"
    for cut in (b"", whole[:10], whole[:-5], whole[:-8], whole[:500], b"--b--\r\n", b"\r\n" * 1000, whole.replace(b"--b", b"--c"),
                b"--b\r\n\r\nx\r\n--b--\r\n", whole.replace(b"\r\n", b"\n"), b"--b" * 10_000):
        answer = upload(linked, panel, cut)
        assert answer.status_code in (200, 400, 500), cut[:50]
    for kind in ("multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=" + "b" * 5000, "text/plain",
                 "multipart/form-data; boundary=\"b", "multipart/form-data; boundary=b; boundary=c"):
        assert upload(linked, panel, whole, kind).status_code in (200, 400, 500), kind
    length = 1 << 40
    token = tokens.sign(panel, **tokens.once(server_uuid=linked.uuid))
    with socket.create_connection(("127.0.0.1", linked.node.port), timeout=10) as link:
        link.sendall(f"POST /upload/file?token={token} HTTP/1.1\r\nHost: h\r\nContent-Type: multipart/form-data; boundary=b\r\n"
                     f"Content-Length: {length}\r\n\r\n".encode() + whole[:300])
    until(lambda: spooled(linked.node) == 0, "the spool is empty")
    linked.work()
