"""SFTP side by side: throughput of one big file, many small files, CPU, memory of idle sessions.

    sftp.py NAME=COMMAND [NAME=COMMAND]     COMMAND with {config}; the daemons take turns
"""
from __future__ import annotations

import argparse
import os
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "functional"))

import paramiko                                       # noqa: E402
from compare import Other, quiet                      # noqa: E402
from support import engine                            # noqa: E402
from support.node import until                        # noqa: E402
from support.panel import Panel, server               # noqa: E402

BIG, SMALL, IDLE = 256 * 1024 * 1024, 2000, 50


def listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def sftp(node, name: str, cipher: str | None, *commands: str) -> float:
    words = ["sshpass", "-p", "secret", "sftp", "-q", "-oStrictHostKeyChecking=no", "-oUserKnownHostsFile=/dev/null", "-oLogLevel=ERROR",
             "-oBatchMode=no", "-oPubkeyAuthentication=no", *([f"-oCiphers={cipher}"] if cipher else []), "-P", str(node.sftp_port),
             "-b", "-", f"{name}@127.0.0.1"]
    began = time.monotonic()
    subprocess.run(words, input="\n".join(commands) + "\n", text=True, check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - began


def small(node, name: str, found: dict[str, float], folder: Path) -> None:
    """Many small files with the OpenSSH program: what the daemon and the client each take of the processor for one."""
    (folder / "back").mkdir(exist_ok=True)
    for what, command in (("put -r", f"put -r {folder}/small /small"), ("get -r", f"get -r /small {folder}/back"), ("rm", "rm /small/*")):
        clock = (~node.process.pid << 3) | 2                # of the daemon's processor time, in the kernel's numbering
        before, client = time.clock_gettime(clock), children()
        found[f"{what}, files/s"] = SMALL / sftp(node, name, None, command)
        found[f"{what}, CPU us a file"] = (time.clock_gettime(clock) - before) / SMALL * 1e6
        found[f"{what}, client's us"] = (children() - client) / SMALL * 1e6


def children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def pipelined(node, name: str) -> float:
    transport = paramiko.Transport(("127.0.0.1", node.sftp_port))
    transport.connect(username=name, password="secret")
    client = paramiko.SFTPClient.from_transport(transport)
    client.mkdir("/many")
    began = time.monotonic()
    for number in range(SMALL):
        with client.open(f"/many/f{number}", "wb") as file:
            file.set_pipelined(True)
            file.write(b"x" * 1000)
    taken = time.monotonic() - began
    transport.close()
    return taken


def measure(panel: Panel, game: str, folder: Path) -> dict[str, float]:
    node: Other = quiet(panel)
    found: dict[str, float] = {}
    try:
        (node.root / "volumes" / game).mkdir(parents=True)
        os.chmod(node.root / "volumes" / game, 0o777)
        node.start()
        name = panel.allow(game)
        until(lambda: listening(node.sftp_port), "the SFTP server listens")
        for cipher in ("aes128-gcm@openssh.com", None):
            label = "gcm" if cipher else "default"
            for what, command in (("put", f"put {folder}/big /big"), ("get", f"get /big {folder}/down")):
                before = node.cpu()
                taken = sftp(node, name, cipher, command)
                found[f"{what} {label}, MB/s"] = BIG / taken / 1e6
                found[f"{what} {label}, MB per CPU-s"] = BIG / max(node.cpu() - before, 0.01) / 1e6
        small(node, name, found, folder)
        found["paramiko, files/s"] = SMALL / pipelined(node, name)
        memory = node.memory("VmRSS")
        held = []
        for _ in range(IDLE):
            transport = paramiko.Transport(("127.0.0.1", node.sftp_port))
            transport.connect(username=name, password="secret")
            held.append(paramiko.SFTPClient.from_transport(transport))
        time.sleep(7)
        found["KB an idle session"] = (node.memory("VmRSS") - memory) / IDLE
        for client in held:
            client.get_channel().get_transport().close()
        return found
    finally:
        node.remove()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("daemons", nargs="+", metavar="NAME=COMMAND")
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    figures: dict[str, dict[str, list[float]]] = {}
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "big").write_bytes(os.urandom(BIG))
        (folder / "small").mkdir()
        for number in range(SMALL):
            (folder / "small" / f"f{number}").write_bytes(b"x" * 1000)
        for _ in range(asked.rounds):
            for daemon in asked.daemons:
                name, Other.command = daemon.split("=", 1)
                panel = Panel()
                game = panel.add(server(f"~{engine.IMAGE}", engine.GAME, build={
                    "memory_limit": 128, "swap": 0, "io_weight": 500, "cpu_limit": 0, "threads": None, "disk_space": 0,
                    "oom_disabled": True}))
                for what, value in measure(panel, game, folder).items():
                    figures.setdefault(what, {}).setdefault(name, []).append(value)
                panel.close()
    names = [daemon.split("=", 1)[0] for daemon in asked.daemons]
    print(f"{'median':32}" + "".join(f"{name:>14}" for name in names))
    for what, values in figures.items():
        print(f"{what:32}" + "".join(f"{statistics.median(values[name]):14.1f}" for name in names))


if __name__ == "__main__":
    main()
