"""Attacks by way of files: the routes, the signed links, and what a game does to its own folder meanwhile."""
from __future__ import annotations

import contextlib
import io
import os
import shutil
import signal
import socket
import tarfile
import threading
import time
from pathlib import Path

import pytest
import requests

from support import engine, tokens
from support.node import until
from support.outside import SECRET, Outside, Swapper
from support.panel import TOKEN, server


@pytest.fixture
def outside():
    outside = Outside()
    yield outside
    shutil.rmtree(outside.path, ignore_errors=True)


class Files:
    """The file routes of one server."""

    def __init__(self, node, uuid: str) -> None:
        self.node, self.uuid = node, uuid
        self.volume = node.root / "volumes" / uuid

    def get(self, route: str, **query) -> requests.Response:
        return self.node.call("GET", f"/api/servers/{self.uuid}/files/{route}", params=query)

    def post(self, route: str, body: dict, method: str = "POST") -> requests.Response:
        return self.node.call(method, f"/api/servers/{self.uuid}/files/{route}", json=body)

    def write(self, path: str, data: bytes = b"x") -> requests.Response:
        return self.node.call("POST", f"/api/servers/{self.uuid}/files/write", params={"file": path}, data=data)

    def work(self) -> None:
        """What is allowed works: else the attacks would prove nothing."""
        assert self.write("works/here.txt", b"good").status_code == 204
        assert self.get("contents", file="works/here.txt").content == b"good"
        assert self.get("list-directory", directory="works").json()[0]["name"] == "here.txt"
        assert self.post("delete", {"root": "/", "files": ["works"]}).status_code == 204

    def everything(self, path: str, other: str, archive: str) -> list[requests.Response]:
        """Every operation on a path. `path` ends in a name; `other` is a free name, `archive` an archive in the root."""
        folder, _, name = path.rpartition("/")
        return [
            self.get("contents", file=path),
            self.get("contents", file=path, download="1"),
            self.get("list-directory", directory=path),
            self.get("list-directory", directory=folder),
            self.get("search", directory=folder or "/", pattern="secret"),
            self.write(path, b"overwritten"),
            self.write(f"{path}/new.txt", b"new"),
            self.post("create-directory", {"path": folder, "name": "made"}),
            self.post("create-directory", {"path": path, "name": "made"}),
            self.post("copy", {"location": path}),
            self.post("chmod", {"root": folder, "files": [{"file": name, "mode": "777"}]}),
            self.post("chmod", {"root": "/", "files": [{"file": path, "mode": "777"}]}),
            self.post("rename", {"root": "/", "files": [{"from": path, "to": other}]}, "PUT"),
            self.post("rename", {"root": "/", "files": [{"from": "mine.txt", "to": f"{folder}/{other}"}]}, "PUT"),
            self.post("compress", {"root": folder, "files": [name]}),
            self.post("compress", {"root": "/", "files": [path]}),
            self.post("decompress", {"root": folder, "file": archive}),
            self.post("decompress", {"root": "/", "file": path}),
            self.post("delete", {"root": folder, "files": [name]}),
            self.post("delete", {"root": "/", "files": [path]}),
        ]


@pytest.fixture
def files(launch, game) -> Files:
    files = Files(launch(), game)
    files.volume.mkdir(exist_ok=True)
    return files


def holds_secret(path: Path) -> bool:
    """Is the secret in the file, or in a member of it where it is an archive?"""
    data = path.read_bytes()
    with contextlib.suppress(tarfile.TarError, EOFError, OSError):
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            data += b"".join(archive.extractfile(one).read() for one in archive if one.isfile())
    return SECRET in data


def nothing_got_out(files: Files, outside: Outside, answers) -> None:
    outside.untouched()
    for answer in answers:
        assert SECRET not in answer.content, (answer.request.method, answer.request.url, answer.request.body)
    for path in files.volume.rglob("*"):
        if path.is_file() and not path.is_symlink():
            assert not holds_secret(path), path
    files.work()


def small_archive() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name in ("a.txt", "secret.txt", "inner/secret.txt"):
            member = tarfile.TarInfo(name)
            member.size = 6
            archive.addfile(member, io.BytesIO(b"inside"))
    return out.getvalue()


def furnish(files: Files) -> None:
    for name in ("mine.txt", "secret.txt"):
        (files.volume / name).write_bytes(b"inside")
    (files.volume / "small.tar.gz").write_bytes(small_archive())


def test_no_operation_follows_a_link_that_leads_out(files, outside):
    for number, (target, tail) in enumerate([(outside.path, "/secret.txt"), (outside.path, "/inner"), (outside.path, "/absent"),
                                             (outside.path, ""), (outside.path / "secret.txt", ""),
                                             (os.path.relpath(outside.path, files.volume), "/secret.txt"),
                                             ("../../..", f"{outside.path}/secret.txt"), ("/", f"{outside.path}/secret.txt"),
                                             ("/proc/self/root", f"{outside.path}/secret.txt")]):
        furnish(files)
        link = files.volume / f"l{number}"
        link.symlink_to(target)
        answers = files.everything(f"l{number}{tail}", f"taken{number}", "small.tar.gz")
        nothing_got_out(files, outside, answers)
        assert answers[0].status_code >= 400 and answers[5].status_code >= 400


def test_what_lies_outside_cannot_be_told_from_what_does_not(files, outside):
    (files.volume / "l").symlink_to(outside.path)
    for route in ("delete", "compress", "chmod"):
        told = []
        for name in ("secret.txt", "absent.txt"):
            listed = [{"file": name, "mode": "600"}] if route == "chmod" else [name]
            answer = files.post(route, {"root": "/l", "files": listed})
            told.append((answer.status_code, {k: v for k, v in (answer.json() if answer.content else {}).items() if k != "request_id"}))
        assert told[0] == told[1], route
    for path in ("contents", "list-directory"):
        told = [files.get(path, file=f"l/{name}", directory=f"l/{name}").status_code for name in ("secret.txt", "absent", "inner")]
        assert len(set(told)) == 1 and told[0] >= 400, path
    assert files.post("delete", {"root": "/", "files": ["l"]}).status_code == 204
    assert not (files.volume / "l").is_symlink()
    outside.untouched()


def test_no_spelling_of_a_path_leads_out(files, outside, panel):
    depth = len(files.volume.parts)
    climb = "../" * depth + str(outside.path).lstrip("/")
    neighbour = files.volume.parent / "neighbour"
    neighbour.mkdir()
    (neighbour / "secret.txt").write_bytes(SECRET)
    spellings = [f"{climb}/secret.txt", f"/{climb}/secret.txt", f"a/{climb}/secret.txt", f"a/../{climb}/secret.txt",
                 f"{outside.path}/secret.txt", f"/{outside.path}/secret.txt", f"./{climb}/secret.txt",
                 climb.replace("../", "..//") + "/secret.txt", climb.replace("../", ".././") + "/secret.txt",
                 climb.replace("../", "%2e%2e/") + "/secret.txt", climb.replace("../", "%2e%2e%2f") + "/secret.txt",
                 climb.replace("../", "..\\") + "/secret.txt", "../neighbour/secret.txt", "/../neighbour/secret.txt",
                 f"{files.volume}/../neighbour/secret.txt", f"{files.volume}neighbour/secret.txt",
                 f"{files.volume}-/../neighbour/secret.txt", f"{climb}/secret.txt\0", f"{climb}/secret.txt\0.txt",
                 f"\u2025/{climb}/secret.txt", f"\uff0e\uff0e/neighbour/secret.txt", "/" * 5000 + climb + "/secret.txt"]
    for number, path in enumerate(spellings):
        furnish(files)
        nothing_got_out(files, outside, files.everything(path, f"taken{number}", "small.tar.gz"))
        assert [(one.name, one.read_bytes()) for one in neighbour.iterdir()] == [("secret.txt", SECRET)], path


@pytest.mark.parametrize("name", ["n" * 255, "n" * 256, "d/" * 2047 + "x", "d/" * 2048 + "x", "d/" * 15_000 + "x", "a\nb", "a\rb", "a\tb",
                                  "\u202egpj.exe", "\u0000", "\ufeff", "e\u0301", "\U0001f600", "-rf", "a;b", "$(x)", "a\\b", " ", "a ",
                                  "...", "*", "?", "<script>", '"', "'", "%00", "%2f", ".", "..", "", "\x7f\x1b[2J"],
                         ids=lambda name: ascii(name)[:20] + str(len(name)))
def test_odd_names_are_kept_or_refused(files, name):
    written = files.write(f"odd/{name}", b"odd")
    assert written.status_code in (204, 400, 404) or written.status_code == 500, written.text
    if written.status_code == 204:
        assert files.get("contents", file=f"odd/{name}").content == b"odd"
        if name.strip("./"):  # else "odd" is the file
            assert files.get("list-directory", directory="odd").status_code == 200
    for answer in files.everything(f"odd/{name}", "taken", "none.tar.gz"):
        assert answer.status_code < 600
    files.work()
    assert files.volume.is_dir()


def test_a_folder_that_is_swapped_for_a_link_lets_nothing_out(files, outside):
    folder, link = files.volume / "d", files.volume / "d2"
    folder.mkdir()
    for name in ("secret.txt", "a.txt"):
        (folder / name).write_bytes(b"inside")
    link.symlink_to(outside.path)
    furnish(files)
    inside = os.open(folder, os.O_PATH | os.O_DIRECTORY)  # whatever it is called

    def refill() -> None:
        for name in ("secret.txt", "a.txt"):
            with contextlib.suppress(OSError), open(os.open(name, os.O_WRONLY | os.O_CREAT, 0o644, dir_fd=inside), "wb") as file:
                file.write(b"inside")
    swapper = Swapper(folder, link)
    answers: list[requests.Response] = []
    end = time.monotonic() + 12
    failures: list[BaseException] = []

    def attack(number: int) -> None:
        turn = 0
        try:
            while time.monotonic() < end:
                turn += 1
                for path in ("d/secret.txt", "d/inner", "d/inner/secret.txt", "d/a.txt"):
                    refill()
                    answers.extend(files.everything(path, f"taken-{number}-{turn}", "small.tar.gz"))
                with contextlib.suppress(OSError):
                    (files.volume / "mine.txt").write_bytes(b"inside")
        except BaseException as failure:
            failures.append(failure)
    threads = [threading.Thread(target=attack, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    swapper.stop()
    os.close(inside)
    assert not failures, failures
    assert any(b"inside" in one.content for one in answers)
    assert any(one.status_code == 204 and "/write" in one.request.url for one in answers)
    nothing_got_out(files, outside, answers)


def test_a_game_that_swaps_its_folders_lets_nothing_out(launch, panel, outside):
    loop = (f"mkdir -p d; echo inside > d/secret.txt; ln -s {outside.path} l; echo READY; "
            "while :; do mv d dd; mv l d; mv d l; mv dd d; done")
    uuid = panel.add(server(f"~{engine.IMAGE}", loop))
    node = launch()
    node.create(uuid)
    files = Files(node, uuid)
    node.power(uuid, "start")
    node.wait_state(uuid, "running")
    furnish(files)
    answers, end, turn = [], time.monotonic() + 8, 0
    while time.monotonic() < end:
        turn += 1
        answers += files.everything("d/secret.txt", f"taken{turn}", "small.tar.gz")
    node.power(uuid, "kill")
    node.wait_state(uuid, "offline")
    nothing_got_out(files, outside, answers)


# --- signed links -------------------------------------------------------------------------------------------------


KINDS = {"/download/file": lambda uuid: {"server_uuid": uuid, "file_path": "/mine.txt"},
         "/download/backup": lambda uuid: {"server_uuid": uuid, "backup_uuid": "11111111-2222-4333-8444-555555555555"},
         "/upload/file": lambda uuid: {"server_uuid": uuid}}


def use(node, path: str, token: str) -> int:
    url = f"http://127.0.0.1:{node.port}{path}"
    if path.startswith("/upload"):
        return requests.post(url, params={"token": token}, files={"files": ("up.txt", b"up")}, timeout=20).status_code
    return requests.get(url, params={"token": token}, timeout=20).status_code


@pytest.fixture
def linked(files) -> Files:
    """With something behind each kind of link."""
    furnish(files)
    backups = files.node.root / "backups"
    backups.mkdir(exist_ok=True)
    (backups / "11111111-2222-4333-8444-555555555555.tar.gz").write_bytes(small_archive())
    return files


@pytest.mark.parametrize("path", KINDS)
def test_no_forged_spoiled_or_repeated_link_works(linked, panel, path):
    node, members = linked.node, KINDS[path](linked.uuid)
    for name, token in tokens.bad_tokens(panel, **tokens.once(**members)).items():
        assert use(node, path, token) >= 400, name
    other = panel.add(server(f"~{engine.IMAGE}", engine.GAME))
    wrong = {"another server's": {**members, "server_uuid": other}, "no server's": {**members, "server_uuid": "x"},
             "another scope": {**members, "scope": "websocket"}}
    for name, claims in wrong.items():
        assert use(node, path, tokens.sign(panel, **tokens.once(**claims))) >= 400, name
    assert not (linked.volume / "up.txt").exists()
    once = tokens.once(**members)
    token = tokens.sign(panel, **once)
    assert use(node, path, token) == 200
    assert use(node, path, token) >= 400
    assert use(node, path, tokens.sign(panel, **once)) >= 400, "another token of the same id"
    assert node.stop() == 0
    node.start()
    assert use(node, path, token) >= 400, "after a restart"
    assert use(node, path, tokens.sign(panel, **tokens.once(**members))) == 200


def test_each_signed_token_serves_its_own_purpose_only(linked, panel):
    node = linked.node
    for made, claims in KINDS.items():
        for used in KINDS:
            token = tokens.sign(panel, **tokens.once(**claims(linked.uuid)))
            assert (use(node, used, token) == 200) == (made == used), (made, used)
    for claims in ({"server_uuid": linked.uuid, "permissions": ["*"]}, {"sub": linked.uuid}):
        for used in KINDS:
            assert use(node, used, tokens.sign(panel, **tokens.once(**claims))) >= 400, (claims, used)


def test_a_denied_users_links_end_and_later_ones_work(linked, panel):
    node, now = linked.node, int(time.time())
    path, other_user = "/download/file", "c2b5f0d8-6a5c-4a39-8a0a-5f6a2b8f0c02"

    def link(iat: int, user: str = tokens.USER) -> int:
        return use(node, path, tokens.sign(panel, **tokens.once(**KINDS[path](linked.uuid)), iat=iat, user_uuid=user))
    assert link(now - 30) == 200
    assert node.call("POST", "/api/deauthorize-user", json={"user": tokens.USER, "servers": [linked.uuid]}).status_code == 204
    denied = int(time.time())
    assert link(now - 30) >= 400 and link(now) >= 400
    assert link(denied + 1) == 200
    assert link(now - 30, other_user) == 200


def test_a_denied_link_stays_denied_when_the_daemon_restarts(linked, panel):
    node, now = linked.node, int(time.time())
    path = "/download/file"

    def link(iat: int) -> int:
        return use(node, path, tokens.sign(panel, **tokens.once(**KINDS[path](linked.uuid)), iat=iat))
    assert link(now - 30) == 200
    assert node.call("POST", "/api/deauthorize-user", json={"user": tokens.USER, "servers": [linked.uuid]}).status_code == 204
    denied = int(time.time())
    node.stop(signal.SIGKILL)
    node.start()
    assert link(now - 30) >= 400
    assert link(denied + 1) == 200


@pytest.mark.parametrize("name", ["../x", "../../../etc/passwd", "11111111222243338444555555555555", "/etc/passwd", "",
                                  "{11111111-2222-4333-8444-555555555555}", "urn:uuid:11111111-2222-4333-8444-555555555555",
                                  "11111111-2222-4333-8444-555555555555.tar.gz", "11111111-2222-4333-8444-555555555555\0"],
                         ids=lambda name: ascii(name)[:24])
def test_a_backup_is_named_by_a_uuid_and_nothing_else(linked, panel, name):
    token = tokens.sign(panel, **tokens.once(server_uuid=linked.uuid, backup_uuid=name))
    assert use(linked.node, "/download/backup", token) >= 400


def test_a_name_adds_no_header_to_a_download(linked, panel):
    for name in ('a"\r\nX-Evil: y.txt', "a\nX-Evil: y", 'a"; filename="b.exe', "a\\", "\u202ea.txt"):
        (linked.volume / name).write_bytes(b"inside")
        answer = linked.get("contents", file=name, download="1")
        assert answer.status_code == 200 and answer.content == b"inside"
        token = tokens.sign(panel, **tokens.once(server_uuid=linked.uuid, file_path="/" + name))
        link = requests.get(f"http://127.0.0.1:{linked.node.port}/download/file", params={"token": token}, timeout=10)
        assert link.status_code == 200
        for one in (answer, link):
            assert "X-Evil" not in one.headers
            assert one.headers["Content-Disposition"].startswith("attachment")
            assert not any(ord(c) < 32 for c in one.headers["Content-Disposition"])


# --- uploads and pulls --------------------------------------------------------------------------------------------


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


def test_nothing_of_this_machine_or_its_network_is_pulled(files):
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


# --- floods -------------------------------------------------------------------------------------------------------


def test_huge_and_deep_documents_are_refused_cheaply(files):
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


def test_fifos_and_sockets_neither_block_nor_act(files):
    os.mkfifo(files.volume / "pipe")
    link = socket.socket(socket.AF_UNIX)
    here = os.open(files.volume, os.O_PATH)
    link.bind(f"/proc/self/fd/{here}/socket")
    os.close(here)
    for name in ("pipe", "socket"):
        begun = time.monotonic()
        furnish(files)
        answers = files.everything(name, "taken", "small.tar.gz")
        assert answers[0].status_code >= 400
        assert all(one.status_code < 600 for one in answers)
        assert time.monotonic() - begun < 10
    link.close()


def test_a_fork_of_parallel_requests_is_served_or_refused(files):
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
