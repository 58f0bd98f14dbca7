"""One daemon under test, and consoles on its servers."""
from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import requests
import websocket
import yaml

from . import tokens
from .panel import TOKEN, TOKEN_ID, Panel
from .tokens import ALL

BUILD = Path(os.environ.get("PINION_BUILD", Path(__file__).resolve().parents[3] / "build" / "release"))
PINION = BUILD / "bin" / "pinion"


def free_port(but: int = 0) -> int:
    """A port that nobody has, nor is given for an outgoing connection while the daemon does not hold it; not `but`."""
    given_out_from = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    while True:
        port = random.randrange(10_000, max(given_out_from, 11_000))
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            if port != but:
                return port


def until(condition, what: str, timeout: float = 20):
    """Asks again and again until the condition holds; its value. Polling a black box is all one can do from outside."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(0.02)
    raise AssertionError(f"not within {timeout} s: {what}")


class Node:
    def __init__(self, panel: Panel, environment: dict | None = None, **extra) -> None:
        self.panel, self.environment = panel, environment or {}
        self.root = Path(tempfile.mkdtemp(prefix="pinion-node-"))
        self.port = free_port()
        self.sftp_port = free_port(but=self.port)
        config = {
            "debug": True, "uuid": "8e1a9c5c-2f2b-4b52-9b7c-0d5b1f0b7c22", "token_id": TOKEN_ID, "token": TOKEN,
            "api": {"host": "127.0.0.1", "port": self.port},
            "system": {"root_directory": str(self.root), "log_directory": str(self.root / "log"),
                       "tmp_directory": str(self.root / "tmp"), "username": "nobody", "timezone": "UTC",
                       "enable_log_rotate": False, "disk_check_interval": 1,
                       "sftp": {"bind_address": "127.0.0.1", "bind_port": self.sftp_port}, **extra.pop("system", {})},
            "docker": {"tmpfs_size": 10, "network": {
                "name": "functional_nw", "network_mode": "functional_nw", "interface": "172.31.0.1",
                "interfaces": {"v4": {"subnet": "172.31.0.0/16", "gateway": "172.31.0.1"},
                               "v6": {"subnet": "fd31:17c8:6c94::/64", "gateway": "fd31:17c8:6c94::1011"}}}},
            "remote": panel.url, **extra,
        }
        self.config = self.root / "config.yml"
        self.config.write_text(yaml.safe_dump(config))
        self.process: subprocess.Popen | None = None

    @property
    def output(self) -> str:
        return (self.root / "output").read_text(errors="replace")

    def start(self, wait: bool = True) -> "Node":
        with open(self.root / "output", "ab") as out:
            self.process = subprocess.Popen([str(PINION), "--config", str(self.config)], stdout=out, stderr=out,
                                            env={**os.environ, **self.environment})
        if wait:
            self.wait_up()
        return self

    def wait_up(self, timeout: float = 30) -> None:
        def up():
            assert self.process.poll() is None, f"the daemon ended with {self.process.returncode}:\n{self.output}"
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", self.port)) == 0
        until(up, f"listening:\n{self.output}", timeout)

    def stop(self, how: int = signal.SIGTERM, timeout: float = 15) -> int:
        self.process.send_signal(how)
        return self.process.wait(timeout)

    def remove(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for name in self.panel.servers:
            subprocess.run(["docker", "rm", "-f", name, f"{name}_installer"], capture_output=True, timeout=60)
        shutil.rmtree(self.root, ignore_errors=True)

    def call(self, method: str, path: str, **kw) -> requests.Response:
        kw.setdefault("headers", {"Authorization": f"Bearer {TOKEN}"})
        kw.setdefault("timeout", 30)
        return requests.request(method, f"http://127.0.0.1:{self.port}{path}", **kw)

    def state(self, server: str) -> str:
        return self.call("GET", f"/api/servers/{server}").json()["state"]

    def wait_state(self, server: str, state: str, timeout: float = 30) -> None:
        until(lambda: self.state(server) == state, f"{server} is {state}", timeout)

    def create(self, server: str) -> None:
        answer = self.call("POST", "/api/servers", json={"uuid": server, "start_on_completion": False})
        assert answer.status_code == 202, answer.text
        assert self.panel.wait_for("POST", f"/servers/{server}/install") == {"successful": True, "reinstall": False}
        # The report goes out before the hold on the server ends.
        until(lambda: self.call("GET", f"/api/servers/{server}").status_code == 200, "the server is there")

    def power(self, server: str, action: str, wait: int = 10) -> None:
        answer = self.call("POST", f"/api/servers/{server}/power", json={"action": action, "wait_seconds": wait})
        assert answer.status_code == 202, answer.text

    def dial(self, server: str, origin: str | None = None, **kw) -> websocket.WebSocket:
        """The websocket of a server, without authentication; as the Panel's page opens it unless `origin` says other."""
        return websocket.create_connection(f"ws://127.0.0.1:{self.port}/api/servers/{server}/ws",
                                           origin=self.panel.url if origin is None else origin, timeout=20, **kw)

    def console(self, server: str, permissions=ALL, token: str = "") -> "Console":
        console = Console(self.dial(server))
        console.send("auth", token or tokens.sign(self.panel, server_uuid=server, permissions=list(permissions)))
        console.expect("auth success")
        return console

    def memory(self) -> int:
        """Resident bytes of the daemon."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))) * 1024


class Console:
    """A websocket on a server, with all that came over it."""

    def __init__(self, link: websocket.WebSocket) -> None:
        self.seen: list[dict] = []
        self.closed: tuple[int, str] | None = None
        self.link = link

    def send(self, event: str, *arguments: str) -> None:
        self.link.send(json.dumps({"event": event, "args": list(arguments)}))

    def receive(self, timeout: float) -> dict | None:
        self.link.settimeout(timeout)
        try:
            opcode, data = self.link.recv_data(control_frame=True)
        except (websocket.WebSocketTimeoutException, TimeoutError):
            return None
        except (websocket.WebSocketException, OSError):
            self.closed = self.closed or (1006, "")
            return None
        if opcode == websocket.ABNF.OPCODE_CLOSE:
            self.closed = (int.from_bytes(data[:2], "big"), data[2:].decode())
        elif opcode == websocket.ABNF.OPCODE_TEXT:
            self.seen.append(json.loads(data))
            return self.seen[-1]
        return None

    def expect(self, event: str, contains: str = "", timeout: float = 20) -> str:
        """Reads on until this event comes whose text holds `contains`; its text."""
        deadline = time.monotonic() + timeout
        while self.closed is None and (left := deadline - time.monotonic()) > 0:
            got = self.receive(left)
            if got and got["event"] == event and contains in (text := (got.get("args") or [""])[0]):
                return text
        raise AssertionError(f"no {event!r} with {contains!r} (closed: {self.closed}); last {self.seen[-10:]}")

    def expect_close(self, timeout: float = 10) -> tuple[int, str]:
        deadline = time.monotonic() + timeout
        while self.closed is None and (left := deadline - time.monotonic()) > 0:
            self.receive(left)
        assert self.closed is not None, f"still open after {timeout} s"
        return self.closed

    def close(self) -> None:
        self.link.close(timeout=1)
