"""Attacks by way of what the file routes are asked: huge documents, sizes, addresses to pull from, and many at once."""
from __future__ import annotations

import contextlib
import socket
import threading

import pytest
import requests

from support.files import Files, furnish
from support.node import until
from support.panel import TOKEN


def test_nothing_of_this_machine_or_its_network_is_pulled(files: Files) -> None:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(64)
    listener.settimeout(0)
    port = listener.getsockname()[1]
    hosts = ["127.0.0.1", "127.1", "127.0.1", "2130706433", "0x7f000001", "0177.0.0.1", "0x7f.1", "127.0.0.1.", "localhost", "LOCALHOST",
             "localhost.", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:ffff:127.0.0.1]", "[::127.0.0.1]", "[::]", "0.0.0.0", "0",
             "127.255.255.254", "169.254.169.254", "10.0.0.1", "172.16.0.1", "192.168.0.1", "100.64.0.1", "198.18.0.1", "[fc00::1]",
             "[fe80::1]", "[fe80::1%25lo]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "224.0.0.1", "255.255.255.255", "user@127.0.0.1",
             "example.com@127.0.0.1", "127.0.0.1#@example.com", "127.0.0.1\\@example.com", "①②⑦.⓪.⓪.①", socket.gethostname()]
    for host in hosts:
        url = f"http://{host}:{port}/x.bin"
        answer = files.post("pull", {"root": "/", "url": url, "foreground": True})
        assert answer.status_code >= 400, url
        with pytest.raises(BlockingIOError):
            listener.accept()
    for url in (f"file://{files.node.config}", f"ftp://127.0.0.1:{port}/", f"gopher://127.0.0.1:{port}/", "http://", "http:///x", "x", "",
                "http://[", "http://a:99999/", "http://a:b/", "http:// /", "http://\0/", "http://a\r\nHost: b/", "h" * 100_000,
                "http://" + "a" * 70_000, "dict://127.0.0.1/", "unix:///var/run/docker.sock", f"//127.0.0.1:{port}/"):
        assert files.post("pull", {"root": "/", "url": url, "foreground": True}).status_code >= 400, url[:60]
    listener.close()
    assert [path.name for path in files.volume.iterdir()] == []


def test_huge_and_deep_documents_are_refused_cheaply(files: Files) -> None:
    before = files.node.memory()
    base = f"http://127.0.0.1:{files.node.port}/api/servers/{files.uuid}/files/delete"
    headers = {"Authorization": f"Bearer {TOKEN}"}
    for body in (b"[" * 1_000_000, b'{"a":' * 500_000, b'{"root":"/","files":[' + b'"a",' * 100_000 + b'"a"]}',
                 b'{"root":"' + b"a" * 3_000_000 + b'","files":["x"]}', b'{"files":["' + b"\\u0000" * 500_000 + b'"]}',
                 b'{"root":"/","files":' + b"9" * 1_000_000 + b"}", b'{"root":"/","files":[' + b"{}," * 500_000 + b"{}]}",
                 b"{" + b",".join(b'"k%d":1' % n for n in range(200_000)) + b"}", b"x" * (64 << 20)):
        with contextlib.suppress(requests.ConnectionError):
            assert requests.post(base, data=body, headers=headers, timeout=60).status_code < 600
        files.work()
    assert files.node.memory() - before < 128 << 20
    assert files.volume.is_dir()


def test_a_sizes_arithmetic_does_not_overflow(linked):
    node = linked.node
    for length in (2**63 - 1, 2**63, 2**64 - 1, 2**64, 10**30):
        with socket.create_connection(("127.0.0.1", node.port), timeout=10) as link:
            link.sendall(f"POST /api/servers/{linked.uuid}/files/write?file=huge HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {TOKEN}\r\n"
                         f"Content-Length: {length}\r\n\r\nabc".encode())
            status = int(link.recv(100).split()[1])
        assert status in (400, 413, 500), (length, status)
        assert not (linked.volume / "huge").exists(), length
    # Several that are possible one by one, and not together.
    crowd = []
    for length in (2**62, 2**62, 2**62, 2**61):
        link = socket.create_connection(("127.0.0.1", node.port), timeout=10)
        link.sendall(f"POST /api/servers/{linked.uuid}/files/write?file=huge HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {TOKEN}\r\n"
                     f"Content-Length: {length}\r\n\r\nabc".encode())
        crowd.append(link)
    assert node.call("GET", f"/api/servers/{linked.uuid}").json()["utilization"]["disk_bytes"] >= 0
    for link in crowd:
        link.close()
    until(lambda: 0 <= node.call("GET", f"/api/servers/{linked.uuid}").json()["utilization"]["disk_bytes"] < 1 << 20, "the figure is right")
    assert linked.write("small.txt", b"x").status_code == 204


def test_a_fork_of_parallel_requests_is_served_or_refused(files: Files) -> None:
    furnish(files)
    done: list[int] = []

    def work(number: int) -> None:
        for turn in range(10):
            name = f"f{number}-{turn}"
            done.append(files.write(name, b"x" * 10_000).status_code)
            done.append(files.post("copy", {"location": name}).status_code)
            done.append(files.post("compress", {"root": "/", "files": [name], "name": name}).status_code)
            done.append(files.post("decompress", {"root": "/", "file": "small.tar.gz"}).status_code)
            done.append(files.post("delete", {"root": "/", "files": [name]}).status_code)
    threads = [threading.Thread(target=work, args=(number,)) for number in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(done) == 32 * 50
    files.work()
