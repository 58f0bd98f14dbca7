"""The disk figure of a server after everything that changes it, and the limit on everything that grows it."""
from __future__ import annotations

import contextlib
import io
import os
import socket
import subprocess
import tarfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import requests

from support import tokens
from support.node import until
from support.panel import TOKEN
from support.sftp import client_of, connect, listens

MIB = 1 << 20
NO_LOOKS = {"disk_check_interval": 3600}    # what is right then was counted, and not found by a walk
FULL = "There is not enough disk space available to perform that action."


def real(root: Path) -> int:
    """The sizes of regular files, links not followed, each inode once."""
    sizes = {}
    for folder, _, names in os.walk(root):
        for name in names:
            with contextlib.suppress(FileNotFoundError):
                facts = os.lstat(os.path.join(folder, name))
                if facts.st_mode & 0o170000 == 0o100000:
                    sizes[facts.st_ino] = facts.st_size
    return sum(sizes.values())


class Disk:
    """A server, its folder and its figure."""

    def __init__(self, node, panel, uuid: str) -> None:
        self.node, self.panel, self.uuid = node, panel, uuid
        self.root = node.root / "volumes" / uuid

    def figure(self) -> int:
        return self.node.call("GET", f"/api/servers/{self.uuid}").json()["utilization"]["disk_bytes"]

    def right_now(self) -> None:
        """What the daemon did itself is counted when it answers."""
        assert self.figure() == real(self.root)

    def right_soon(self) -> None:
        """What others did is found by the looks that each question may begin."""
        until(lambda: self.figure() == real(self.root), f"the figure {self.figure()} is {real(self.root)}")

    def post(self, route: str, body: dict | None = None, method: str = "POST", **kw) -> requests.Response:
        return self.node.call(method, f"/api/servers/{self.uuid}/files/{route}", json=body, **kw)

    def write(self, path: str, data: bytes) -> requests.Response:
        return self.node.call("POST", f"/api/servers/{self.uuid}/files/write", params={"file": path}, data=data)

    def delete(self, *names: str) -> None:
        assert self.post("delete", {"root": "/", "files": list(names)}).status_code == 204

    def upload(self, name: str, data: bytes) -> requests.Response:
        token = tokens.sign(self.panel, **tokens.once(server_uuid=self.uuid))
        return requests.post(f"http://127.0.0.1:{self.node.port}/upload/file", params={"token": token},
                             files={"files": (name, data)}, timeout=60)

    def limit(self, mebibytes: int) -> None:
        """The Panel changes the limit and tells the node."""
        self.panel.servers[self.uuid]["settings"]["build"]["disk_space"] = mebibytes
        assert self.node.call("POST", f"/api/servers/{self.uuid}/sync").status_code == 204
        until(lambda: self.node.call("GET", f"/api/servers/{self.uuid}").json()["configuration"]["build"]["disk_space"] == mebibytes,
              "the new limit")

    @contextlib.contextmanager
    def sftp(self):
        listens(self.node)
        transport = connect(self.node, self.panel.allow(self.uuid))
        try:
            yield client_of(transport)
        finally:
            transport.close()


@pytest.fixture
def make(launch, panel, game):
    def start(limit: int = 0, **extra) -> Disk:
        panel.servers[game]["settings"]["build"]["disk_space"] = limit
        node = launch(**extra)
        node.create(game)
        node.console(game).close()          # asks for a figure with what the installation wrote
        disk = Disk(node, panel, game)
        disk.right_soon()
        return disk

    return start


@pytest.fixture
def disk(make) -> Disk:
    """No limit."""
    return make(system=NO_LOOKS)


def refused(disk: Disk, answer: requests.Response) -> None:
    assert (answer.status_code, answer.json()["error"]) == (400, FULL)
    disk.right_now()


def tar(members: dict[str, bytes], kind: str = "gz") -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=f"w:{kind}") as archive:
        for name, data in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return out.getvalue()


@pytest.fixture
def web():
    """Pages of an address that the daemon takes for public."""
    address, pages = "203.0.113.78", {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            data = pages[self.path]
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            with contextlib.suppress(OSError):      # who pulls may have had enough
                self.wfile.write(data)

        def log_message(self, *_):
            pass

    if subprocess.run(["ip", "address", "add", f"{address}/32", "dev", "lo"], capture_output=True).returncode != 0:
        pytest.skip("no right to add an address to this machine")
    service = ThreadingHTTPServer((address, 0), Handler)
    thread = threading.Thread(target=service.serve_forever)
    thread.start()

    def page(path: str, data: bytes) -> str:
        pages[path] = data
        return f"http://{address}:{service.server_address[1]}{path}"

    yield page
    service.shutdown()
    thread.join()
    service.server_close()
    subprocess.run(["ip", "address", "del", f"{address}/32", "dev", "lo"], capture_output=True)


def test_every_route_that_writes_counts_what_it_did(disk, web):
    def step(answer: requests.Response, *wanted: int) -> requests.Response:
        assert answer.status_code in (wanted or (204,)), answer.text
        disk.right_now()
        return answer

    step(disk.write("a", b"a" * 5000))
    step(disk.write("deep/er/b", b"b" * 300))
    step(disk.write("a", b"a" * 70_000))                     # more
    step(disk.write("a", b"a" * 10))                         # less
    step(disk.write("a", b""))                               # nothing
    step(disk.write("big", b"b" * (9 * MIB)))                # beyond what is kept until it is whole: written in place
    step(disk.write("big", b"b" * (10 * MIB)))
    step(disk.write("big", b"b" * (8 * MIB + 1)))
    step(disk.write("big", b"b" * 77))
    step(disk.upload("up", b"u" * (2 * MIB)), 200)
    step(disk.upload("up", b"u" * 12), 200)                  # over a longer one
    step(disk.upload("up", b"u" * MIB), 200)
    step(disk.post("copy", {"location": "/up"}))
    step(disk.post("copy", {"location": "/up"}))
    step(disk.post("create-directory", {"root": "/", "path": "/", "name": "empty"}))
    step(disk.post("rename", {"root": "/", "files": [{"from": "up", "to": "moved/up"}]}, "PUT"))
    assert disk.post("rename", {"root": "/", "files": [{"from": "a", "to": "moved/up"}]}, "PUT").status_code >= 400
    disk.right_now()                                         # never onto something
    archive = step(disk.post("compress", {"root": "/", "files": ["moved", "deep", "big"]}), 200).json()["name"]
    step(disk.post("decompress", {"root": "/", "file": archive}))
    disk.delete("moved")
    disk.right_now()
    step(disk.post("decompress", {"root": "/", "file": archive}))
    step(disk.write("small.tar.gz", tar({"big": b"less", "new/file": b"n" * 4000})))
    step(disk.post("decompress", {"root": "/", "file": "small.tar.gz"}))         # over a longer one
    step(disk.post("pull", {"root": "/", "url": web("/pulled", b"p" * 5000), "foreground": True}), 200)
    step(disk.post("pull", {"root": "/", "url": web("/pulled", b"p" * 600), "foreground": True}), 200)
    disk.delete("deep", "pulled", "absent")
    disk.right_now()
    disk.delete(*(one.name for one in disk.root.iterdir()))
    disk.right_now()
    assert disk.figure() == 0


def test_what_breaks_off_is_not_counted(disk):
    raw = f"POST /api/servers/{disk.uuid}/files/write?file=half HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n"
    before = disk.figure()
    with socket.create_connection(("127.0.0.1", disk.node.port)) as line:
        line.sendall(raw.encode() + b"Content-Length: 5000000\r\n\r\n" + b"h" * 1000)
        until(lambda: disk.figure() == before + 5_000_000, "what is announced is counted")
    until(lambda: disk.figure() == real(disk.root), "what did not come is given back")
    assert not (disk.root / "half").exists()
    assert disk.write("broken.tar.gz", tar({"x": os.urandom(MIB)})[:MIB // 2]).status_code == 204
    assert disk.post("decompress", {"root": "/", "file": "broken.tar.gz"}).status_code >= 400
    disk.right_now()


def test_sftp_counts_what_it_did(disk):
    with disk.sftp() as client:
        with client.open("/a", "wb") as file:
            file.write(b"a" * 3 * MIB)
        disk.right_soon()                   # what was reserved ahead is given back when the handle is closed
        with client.open("/a", "wb") as file:       # truncates
            file.write(b"a" * 100)
        disk.right_soon()
        with client.open("/a", "r+b") as file:
            file.seek(50)
            file.write(b"b" * 1000)
        disk.right_soon()
        with client.open("/a", "ab") as file:
            file.write(b"c" * 1000)
        disk.right_soon()
        with client.open("/a", "r+b") as file:
            file.truncate(10)
        disk.right_soon()
        client.truncate("/a", 5)
        disk.right_soon()
        client.truncate("/a", 50_000)
        disk.right_soon()
        with client.open("/b", "wb") as file:
            file.seek(MIB)
            file.write(b"after a hole")
        disk.right_soon()
        client.mkdir("/d")
        client.rename("/b", "/d/b")
        client.symlink("d/b", "/link")
        disk.right_soon()
        client.remove("/link")
        client.remove("/a")
        client.remove("/d/b")
        client.rmdir("/d")
        disk.right_soon()
        assert disk.figure() == len("built\n")


def test_what_others_do_is_found_at_the_next_look(make):
    disk = make()
    root = disk.root

    def step(*words: str) -> None:
        subprocess.run(["sh", "-c", " && ".join(words)], cwd=root, check=True)
        disk.right_soon()

    step("mkdir -p world/region", "head -c 5000 /dev/zero > world/region/a")
    step("head -c 5000 /dev/zero >> world/region/a")
    step("ln world/region/a world/same")                                # once, under two names
    assert disk.figure() == 10_000 + len("built\n")
    step("rm world/region/a")
    step("truncate -s 100M sparse")                                     # its length, not its blocks
    assert disk.figure() > 100 * MIB
    step("truncate -s 7 sparse", "ln -s /etc/passwd file", "ln -s / folder", "mkfifo fifo")
    step("mv world moved", "head -c 300 /dev/zero > moved/region/b")
    step("rm -r moved folder")
    step("mkdir many && cd many && seq 2500 | xargs touch", "head -c 10 /dev/zero > 7")
    for number in range(3):                                             # now only what changed is looked at
        step("head -c 10 /dev/zero >> many/7", f"mkdir -p new{number}/er", f"head -c 99 /dev/zero > new{number}/er/x")
    assert disk.write("many/7", b"longer than before, by us").status_code == 204
    step("head -c 10 /dev/zero >> many/7", "mv new0 new1/er")
    step("rm -r new1", "ln many/7 twin")
    step("rm -r many")


def test_what_the_game_writes_is_found_and_told(make, panel):
    disk = make(limit=1)
    disk.panel.servers[disk.uuid]["settings"]["invocation"] = (
        "echo READY; while read -r line; do case $line in stop) exit 0;; grow) head -c 3000 /dev/zero >> log; echo GREW;; esac; done")
    assert disk.node.call("POST", f"/api/servers/{disk.uuid}/sync").status_code == 204
    disk.node.power(disk.uuid, "start")
    disk.node.wait_state(disk.uuid, "running")
    console = disk.node.console(disk.uuid)
    for _ in range(3):
        console.send("send command", "grow")
        console.expect("console output", "GREW")
        console.expect("stats", f'"disk_bytes":{real(disk.root)}')
    console.close()


def test_the_limit_holds_for_every_way_to_grow(make, web):
    disk = make(limit=4, system=NO_LOOKS)
    assert disk.write("noise", os.urandom(2 * MIB)).status_code == 204
    big = os.urandom(3 * MIB)
    refused(disk, disk.write("big", big))
    refused(disk, disk.write("noise", os.urandom(5 * MIB)))
    refused(disk, disk.write("noise", os.urandom(9 * MIB)))              # would be written in place
    assert (disk.root / "noise").stat().st_size == 2 * MIB
    refused(disk, disk.upload("big", big))
    assert disk.write("noise2", os.urandom(MIB + MIB // 2)).status_code == 204
    refused(disk, disk.post("copy", {"location": "/noise"}))
    refused(disk, disk.post("compress", {"root": "/", "files": ["noise"]}))
    answer = disk.post("pull", {"root": "/", "url": web("/big", big), "foreground": True})
    assert answer.status_code in (400, 500)
    disk.right_now()
    disk.delete("noise2")
    assert disk.write("bomb.tar.gz", tar({"first": b"f", "zeroes": b"\0" * 3 * MIB})).status_code == 204
    refused(disk, disk.post("decompress", {"root": "/", "file": "bomb.tar.gz"}))
    with disk.sftp() as client:
        with pytest.raises(OSError, match="Quota Exceeded"):
            with client.open("/big", "wb") as file:
                file.set_pipelined(False)
                file.write(big)
        disk.right_soon()
        with pytest.raises(OSError, match="Quota Exceeded"):
            client.truncate("/noise", 5 * MIB)
        disk.right_soon()
    assert sorted(one.name for one in disk.root.iterdir() if one.name != "big") == ["bomb.tar.gz", "built.txt", "noise"]
    assert real(disk.root) <= 4 * MIB


def test_a_limit_holds_from_when_the_panel_tells_it(make):
    disk = make(limit=1, system=NO_LOOKS)
    data = b"x" * (2 * MIB)
    refused(disk, disk.write("f", data))
    disk.limit(3)
    assert disk.write("f", data).status_code == 204
    refused(disk, disk.write("g", data))
    disk.limit(0)                                                       # none
    assert disk.write("g", data).status_code == 204
    disk.limit(1)
    refused(disk, disk.write("h", b"x"))
    assert disk.write("g", b"x" * MIB).status_code == 204               # less than it was is let through
    disk.right_now()
    answer = disk.post("compress", {"root": "/", "files": ["g"]})
    assert (answer.status_code, answer.json()["error"]) == (
        409, "This server does not have enough available disk space to generate a compressed archive.")
    disk.limit(-1)                                                      # nothing fits
    refused(disk, disk.write("h", b"x"))
    disk.delete("f", "g", "built.txt")
    disk.right_now()
    refused(disk, disk.write("h", b"x"))
    assert disk.write("h", b"").status_code == 204


def test_many_writers_at_once_stay_within_the_limit(make):
    disk = make(limit=4, system=NO_LOOKS)
    answers = []
    writers = [threading.Thread(target=lambda n=n: answers.append(disk.write(f"f{n}", b"x" * 700_000).status_code)) for n in range(12)]
    for one in writers:
        one.start()
    for one in writers:
        one.join()
    assert sorted(answers) == [204] * 5 + [400] * 7
    disk.right_now()


def test_the_figure_is_found_again_after_a_restart(make):
    disk = make(limit=4, system=NO_LOOKS)
    assert disk.write("f", b"x" * (3 * MIB)).status_code == 204
    disk.node.stop()
    (disk.root / "while-it-was-down").write_bytes(b"x" * (MIB // 2))
    disk.node.start()
    disk.right_soon()
    refused(disk, disk.write("g", b"x" * MIB))

