"""SFTP with OpenSSH's client and paramiko: logins, files, limits, attacks, and what ends a session."""
from __future__ import annotations

import contextlib
import os
import pwd
import socket
import struct
import subprocess
import threading
import time

import paramiko
import pytest
import yaml

from support import engine
from support.node import until
from support.panel import server

MIB = 1024 * 1024


@pytest.fixture
def game(panel):
    return panel.add(server(f"~{engine.IMAGE}", engine.GAME))


@pytest.fixture
def node(launch, game):
    node = launch()
    node.create(game)
    listens(node)
    return node


def listens(node) -> None:
    def up() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", node.sftp_port)) == 0
    until(up, "the SFTP server listens")


def connect(node, name: str, secret="secret") -> paramiko.Transport:
    transport = paramiko.Transport(("127.0.0.1", node.sftp_port))
    transport.banner_timeout = transport.auth_timeout = 30
    transport.start_client(timeout=30)
    if isinstance(secret, str):
        transport.auth_password(name, secret, fallback=False)
    else:
        transport.auth_publickey(name, secret)
    return transport


def client_of(transport) -> paramiko.SFTPClient:
    client = paramiko.SFTPClient.from_transport(transport)
    client.get_channel().settimeout(30)
    return client


@pytest.fixture
def client(node, panel, game):
    transport = connect(node, panel.allow(game))
    yield client_of(transport)
    transport.close()


def openssh(node, name: str, *commands: str) -> subprocess.CompletedProcess:
    return subprocess.run(["sshpass", "-p", "secret", "sftp", "-oStrictHostKeyChecking=no", "-oUserKnownHostsFile=/dev/null",
                           "-oLogLevel=ERROR", "-oBatchMode=no", "-oPubkeyAuthentication=no", "-P", str(node.sftp_port), "-b", "-",
                           f"{name}@127.0.0.1"], input="\n".join(commands) + "\n", text=True, capture_output=True, timeout=60)


def root_of(node, game):
    return node.root / "volumes" / game


def calls(panel) -> list:
    return [body for method, path, body in list(panel.calls) if (method, path) == ("POST", "/sftp/auth")]


def test_the_sftp_program_puts_gets_resumes_renames_and_removes(node, panel, game, tmp_path):
    name = panel.allow(game)
    data = os.urandom(3 * MIB + 7)
    (tmp_path / "up").write_bytes(data)
    done = openssh(node, name, f"put -p {tmp_path}/up /d/../file", "mkdir /d", "rename /file /d/file", f"get /d/file {tmp_path}/down",
                   "ls -l /d")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "down").read_bytes() == data
    (root_of(node, game) / "d/file").write_bytes(data[:MIB])
    done = openssh(node, name, f"reput {tmp_path}/up /d/file", "rm /d/file", "rmdir /d")
    assert done.returncode == 0, done.stderr
    assert not (root_of(node, game) / "d").exists()


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


def packet(kind: int, number: int, body: bytes) -> bytes:
    return struct.pack(">IBI", len(body) + 5, kind, number) + body


def text(value: bytes) -> bytes:
    return struct.pack(">I", len(value)) + value


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


class Packets:
    """SFTP by hand: what no client library sends."""

    def __init__(self, transport) -> None:
        self.channel, self.number = transport.open_session(), 0
        self.channel.settimeout(20)
        self.channel.invoke_subsystem("sftp")
        self.channel.sendall(struct.pack(">IBI", 5, 1, 3))
        self.answer()

    def bytes(self, count: int) -> bytes:
        out = b""
        while len(out) < count:
            more = self.channel.recv(count - len(out))
            assert more, "the session ended"
            out += more
        return out

    def answer(self) -> tuple[int, bytes]:
        body = self.bytes(struct.unpack(">I", self.bytes(4))[0])
        return body[0], body[5:]

    def ask(self, kind: int, body: bytes) -> tuple[int, bytes]:
        self.number += 1
        self.channel.sendall(packet(kind, self.number, body))
        return self.answer()

    def status(self, kind: int, body: bytes) -> int:
        got, rest = self.ask(kind, body)
        assert got == 101, (got, rest)
        return struct.unpack(">I", rest[:4])[0]

    def open(self, path: bytes, flags: int) -> tuple[int, bytes]:
        return self.ask(3, text(path) + struct.pack(">II", flags, 0))


READ, WRITE, APPEND, CREATE, TRUNCATE, EXCLUSIVE = 1, 2, 4, 8, 16, 32
OK, EOF, MISSING, DENIED, FAILURE, UNSUPPORTED = 0, 1, 2, 3, 4, 8


@pytest.fixture
def packets(node, panel, game):
    transport = connect(node, panel.allow(game))
    yield Packets(transport)
    transport.close()


@pytest.mark.parametrize("flags, there, absent", [
    (READ, "old", MISSING), (WRITE, "old", MISSING), (WRITE | CREATE, "old", ""), (WRITE | CREATE | TRUNCATE, "", ""),
    (WRITE | CREATE | EXCLUSIVE, FAILURE, ""), (WRITE | CREATE | EXCLUSIVE | TRUNCATE, FAILURE, ""), (WRITE | TRUNCATE, "", MISSING),
    (READ | WRITE, "old", MISSING), (READ | WRITE | CREATE, "old", ""), (WRITE | APPEND, "old", MISSING), (APPEND | CREATE, "old", ""),
    (0, FAILURE, FAILURE), (EXCLUSIVE, FAILURE, FAILURE),
])
def test_each_way_to_open_a_file_makes_empties_or_refuses_it(node, game, packets, flags, there, absent):
    root = root_of(node, game)
    (root / "old").write_text("old")
    for name, expected in (("old", there), ("new", absent)):
        kind, rest = packets.open(b"/" + name.encode(), flags)
        if isinstance(expected, int):
            assert kind == 101 and struct.unpack(">I", rest[:4])[0] == expected, name
            assert not (root / "new").exists() and (name == "new" or (root / "old").read_text() == "old")
        else:
            assert kind == 102 and packets.status(4, rest) == OK, name
            assert (root / name).read_text() == expected


def test_reading_ends_at_the_end_and_handles_are_for_what_they_were_opened_for(node, game, packets):
    (root_of(node, game) / "f").write_text("hello")
    _, handle = packets.open(b"/f", READ)
    read = lambda at, count: packets.ask(5, handle + struct.pack(">QI", at, count))  # noqa: E731
    assert read(3, 100) == (103, text(b"lo"))
    for at in (5, 6, 2 ** 40, 2 ** 63, 2 ** 64 - 1):
        kind, rest = read(at, 10)
        assert kind == 101 and struct.unpack(">I", rest[:4])[0] == EOF, at
    assert packets.status(6, handle + struct.pack(">Q", 0) + text(b"x")) == FAILURE
    assert packets.status(10, handle + struct.pack(">IQ", 1, 0)) == FAILURE
    _, writing = packets.open(b"/f", WRITE)
    assert packets.status(5, writing + struct.pack(">QI", 0, 5)) == FAILURE
    assert packets.status(12, handle) == FAILURE                    # no folder's
    assert packets.status(4, handle) == OK
    for kind, rest in ((4, b""), (5, struct.pack(">QI", 0, 1)), (8, b""), (12, b"")):
        assert packets.status(kind, handle + rest) == FAILURE       # closed already
    assert (root_of(node, game) / "f").read_text() == "hello"


def test_two_handles_write_one_file_and_both_see_it(node, game, packets):
    one = packets.open(b"/f", WRITE | CREATE | READ)[1]
    two = packets.open(b"/f", WRITE | READ)[1]
    assert packets.status(6, one + struct.pack(">Q", 0) + text(b"aaaa")) == OK
    assert packets.status(6, two + struct.pack(">Q", 2) + text(b"bbbb")) == OK
    assert packets.ask(5, one + struct.pack(">QI", 0, 100)) == (103, text(b"aabbbb"))
    assert packets.status(4, one) == OK
    assert packets.status(6, two + struct.pack(">Q", 6) + text(b"c")) == OK
    assert packets.status(4, two) == OK
    assert (root_of(node, game) / "f").read_text() == "aabbbbc"


@pytest.mark.parametrize("name", ["hardlink@openssh.com", "statvfs@openssh.com", "copy-data", "lsetstat@openssh.com",
                                  "expand-path@openssh.com", "users-groups-by-id@openssh.com", "nothing@example.org", ""])
def test_an_extension_that_was_not_offered_is_unsupported(packets, name):
    assert packets.status(200, text(name.encode()) + text(b"/built.txt") + text(b"/other")) == UNSUPPORTED
    assert packets.status(17, text(b"/nowhere")) == MISSING


def test_names_of_any_bytes_are_kept_and_the_log_gets_text(node, panel, game, packets):
    root = root_of(node, game)
    for name in (b"\xff\xfe", b"n" * 255, b"with\nnewline", "ü€".encode(), b"back\\slash", b" lead and trail "):
        kind, handle = packets.open(b"/" + name, WRITE | CREATE | TRUNCATE)
        assert kind == 102 and packets.status(4, handle) == OK, name
        assert os.path.exists(os.fsencode(root) + b"/" + name)
        assert packets.status(13, text(b"/" + name)) == OK
    for name in (b"n" * 256, b"d/" + b"n" * 300):
        kind, _ = packets.open(b"/" + name, WRITE | CREATE)
        assert kind == 101
    assert not (root / "d").exists()


def test_what_is_renamed_belongs_to_the_user_of_the_games(node, game, client):
    root = root_of(node, game)
    (root / "by-root").write_text("x")
    (root / "tree").mkdir()
    (root / "tree/inner").write_text("x")
    client.rename("/by-root", "/mine")
    client.rename("/tree", "/moved")
    owner = pwd.getpwnam("nobody").pw_uid           # system.username of these tests
    for path in ("mine", "moved", "moved/inner"):
        assert (root / path).stat().st_uid == owner, path


def test_a_mode_is_set_as_it_is_asked_for_with_and_without_a_type(node, game, packets):
    root = root_of(node, game)
    (root / "d").mkdir()
    for path, asked, expected in ((b"/d", 0o700, 0o700), (b"/d", 0o40750, 0o750), (b"/built.txt", 0o104640, 0o640), (b"/built.txt", 0, 0o644)):
        assert packets.status(9, text(path) + struct.pack(">II", 4, asked)) == OK
        assert (root / path.decode().lstrip("/")).stat().st_mode & 0o7777 == expected


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


def test_the_log_has_what_was_done_in_its_order_and_nothing_else(launch, panel, game):
    node = launch()
    node.stop()
    config = yaml.safe_load(node.config.read_text())
    config["system"]["activity_send_interval"] = 1
    node.config.write_text(yaml.safe_dump(config))
    node.start()
    node.create(game)
    listens(node)
    user = "19a17d36-36b3-4ac6-9fbf-d3b708af2056"
    transport = connect(node, panel.allow(game, user=user))
    client = client_of(transport)
    client.mkdir("/d")
    client.mkdir("/d")                              # is there: nothing happened
    for name in ("/d/a", "/d/b"):
        client.open(name, "w").close()
    client.open("/d/a", "w").close()
    client.open("/d/a").read()
    client.chmod("/d/a", 0o600)
    client.symlink("a", "/d/link")
    client.listdir("/d")
    client.rename("/d/b", "/d/c")
    for act in (lambda: client.remove("/nowhere"), lambda: client.rename("/d/a", "/d/c"), lambda: client.open("/nowhere")):
        with pytest.raises(OSError):
            act()
    client.remove("/d/c")
    client.rmdir("/d")

    def entries() -> list[dict]:
        return [entry for method, path, body in list(panel.calls) if (method, path) == ("POST", "/activity") for entry in body["data"]]
    until(lambda: any("/d" in entry["metadata"]["files"] for entry in entries() if entry["event"] == "server:sftp.delete"), "the last entry")
    files: dict[str, list] = {}
    for entry in entries():
        assert sorted(entry) == ["event", "ip", "metadata", "server", "timestamp", "user"]
        assert (entry["user"], entry["server"], entry["ip"]) == (user, game, "127.0.0.1") and entry["timestamp"].endswith("Z")
        files.setdefault(entry["event"], []).extend(entry["metadata"]["files"])
    assert files == {"server:sftp.create-directory": ["/d"], "server:sftp.create": ["/d/a", "/d/b"], "server:sftp.write": ["/d/a"],
                     "server:sftp.rename": [{"from": "/d/b", "to": "/d/c"}], "server:sftp.delete": ["/d/c", "/d"]}
    transport.close()
