"""SFTP with OpenSSH's client and paramiko: logins, files, limits, attacks, and what ends a session."""
from __future__ import annotations

import os
import socket
import struct
import subprocess
import threading
import time

import paramiko
import pytest

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
    assert not transport.is_active()


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
    until(lambda: "the SFTP server listens" in node.output, "it listens when the port is free", 15)
    connect(node, panel.allow(game)).close()
