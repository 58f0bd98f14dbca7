"""SFTP clients: OpenSSH's, paramiko's, and one by hand."""
from __future__ import annotations

import socket
import struct
import subprocess

import paramiko

from .node import until

MIB = 1024 * 1024
READ, WRITE, APPEND, CREATE, TRUNCATE, EXCLUSIVE = 1, 2, 4, 8, 16, 32
OK, EOF, MISSING, DENIED, FAILURE, UNSUPPORTED = 0, 1, 2, 3, 4, 8


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


def openssh(node, name: str, *commands: str) -> subprocess.CompletedProcess:
    return subprocess.run(["sshpass", "-p", "secret", "sftp", "-oStrictHostKeyChecking=no", "-oUserKnownHostsFile=/dev/null",
                           "-oLogLevel=ERROR", "-oBatchMode=no", "-oPubkeyAuthentication=no", "-P", str(node.sftp_port), "-b", "-",
                           f"{name}@127.0.0.1"], input="\n".join(commands) + "\n", text=True, capture_output=True, timeout=60)


def root_of(node, game):
    return node.root / "volumes" / game


def packet(kind: int, number: int, body: bytes) -> bytes:
    return struct.pack(">IBI", len(body) + 5, kind, number) + body


def text(value: bytes) -> bytes:
    return struct.pack(">I", len(value)) + value


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
