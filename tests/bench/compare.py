"""What daemons cost, side by side: memory with many servers, memory a socket, CPU with running games, CPU a console line,
files, archives."""
from __future__ import annotations

import argparse
import json
import random
import select
import shlex
import statistics
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "functional"))

from support import engine, node as support          # noqa: E402
from support.node import Node                # noqa: E402
from support.panel import Panel, server               # noqa: E402

SERVERS, SOCKETS_A_SERVER, WITH_SOCKETS, RUNNING, LINES = 500, 30, 20, 30, 20_000
LISTED, MOVED = 10_000, 256               # files; MiB
FOLDERS, FILES_A_FOLDER, CHECKS = 1000, 100, 12
PLAIN, RANDOM, SMALL = 40, 4, 14_000      # files of 4 MiB of words, of 32 MiB that nothing makes smaller, of 1 to 20 KiB
LINE = "[12:34:56] [Server thread/INFO]: player number $i joined the game"
# Prints LINES lines in bursts of 20 when it reads "go".
TALKER = (f"echo READY; while read -r line; do case $line in stop) exit 0;; go) i=0; while [ $i -lt {LINES} ]; do echo \"{LINE}\"; "
          "i=$((i+1)); [ $((i%20)) = 0 ] && usleep 10000; done; echo FLOODED;; esac; done")


class Other(Node):
    """A Node that runs any command."""

    command = ""

    def start(self, wait: bool = True) -> "Other":
        words = shlex.split(self.command.format(config=self.config))
        with open(self.root / "output", "ab") as out:
            self.process = subprocess.Popen(words, stdout=out, stderr=out)
        if wait:
            self.wait_up(120)
        return self

    def memory(self, key: str) -> float:
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        return next(int(line.split()[1]) for line in text.splitlines() if line.startswith(key + ":"))

    def cpu(self) -> float:
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / 100


def quiet(panel: Panel) -> Other:
    node = Other(panel, throttles={"enabled": False, "lines": 10_000_000, "line_reset_interval": 100})
    text = node.config.read_text().replace("debug: true", "debug: false").replace("disk_check_interval: 1", "disk_check_interval: 150")
    text = text.replace("  host: 127.0.0.1\n", "  host: 127.0.0.1\n  upload_limit: 1000\n", 1)
    text = text.replace("  log_directory:", f"  data: {node.root}/volumes\n  log_directory:", 1)
    node.config.write_text(text)
    return node


def start_all(node: Other, count: int) -> list[str]:
    names = list(node.panel.servers)[:count]
    for name in names:
        node.power(name, "start")
        node.wait_state(name, "running", 60)
    return names


def idle(panel: Panel) -> dict[str, float]:
    for _ in range(SERVERS):
        panel.add(server(f"~{engine.IMAGE}", engine.GAME))
    node = quiet(panel)
    try:
        node.start()
        time.sleep(5)                       # the figures of a daemon at rest are wanted
        before = node.memory("RssAnon")
        found = {"Rss, MB": node.memory("VmRSS") / 1024, "RssAnon, MB": before / 1024}
        consoles = [node.console(name) for name in list(panel.servers)[:WITH_SOCKETS] for _ in range(SOCKETS_A_SERVER)]
        time.sleep(3)
        found["KB a socket"] = (node.memory("RssAnon") - before) / len(consoles)
        return found
    finally:
        node.remove()


def running(panel: Panel) -> dict[str, float]:
    for _ in range(RUNNING):
        panel.add(server(f"~{engine.IMAGE}", engine.GAME))
    node = quiet(panel)
    try:
        node.start()
        start_all(node, RUNNING)
        time.sleep(5)
        before = node.cpu()
        time.sleep(20)
        return {f"CPU % with {RUNNING} running": (node.cpu() - before) / 20 * 100}
    finally:
        node.remove()


def fanout(panel: Panel) -> dict[str, float]:
    name = panel.add(server(f"~{engine.IMAGE}", TALKER))
    node = quiet(panel)
    try:
        node.start()
        time.sleep(1.2)                     # Wings refuses tokens of the second it booted in
        start_all(node, 1)
        consoles = [node.console(name) for _ in range(SOCKETS_A_SERVER)]
        time.sleep(1)
        before = node.cpu()
        consoles[0].send("send command", "go")
        rest = {console.link.sock: b"" for console in consoles}
        for one in rest:
            one.setblocking(False)
        delivered, ended, deadline = 0, set(), time.monotonic() + 120
        while len(ended) < len(rest) and time.monotonic() < deadline:
            for one in select.select([s for s in rest if s not in ended], [], [], 1)[0]:
                data = one.recv(1 << 18)
                whole = rest[one] + data
                cut = whole.rfind(b"\n") + 1
                delivered += whole.count(b"joined the game", 0, cut)
                rest[one] = whole[cut:]
                if not data or b"FLOODED" in whole:
                    ended.add(one)
        return {"CPU us a delivered line": (node.cpu() - before) * 1e6 / max(delivered, 1),
                "lines delivered, %": delivered / (LINES * len(rest)) * 100}
    finally:
        node.remove()


def files(panel: Panel) -> dict[str, float]:
    name = panel.add(server(f"~{engine.IMAGE}", engine.GAME, build={"memory_limit": 128, "swap": 0, "io_weight": 500, "cpu_limit": 0,
                                                                   "threads": None, "disk_space": 0, "oom_disabled": True}))
    node = quiet(panel)
    try:
        node.start()
        time.sleep(2)
        root = node.root / "volumes" / name
        (root / "many").mkdir(parents=True, exist_ok=True)
        for number in range(LISTED):
            (root / "many" / f"file-{number:05}.txt").write_text(f"text {number}\n")
        time.sleep(3)
        found, path = {}, f"/api/servers/{name}/files"

        def spent(what: str, act, unit: float) -> None:
            before = node.cpu()
            act()
            found[what] = max(node.cpu() - before, 0.01) * 1000 / unit

        def listed() -> None:
            for _ in range(10):
                assert len(node.call("GET", f"{path}/list-directory?directory=many").json()) == LISTED

        def send(target: str, before: bytes, after: bytes, **headers: str) -> int:
            """A body of MOVED MiB of nothing between the two, streamed."""
            with open(node.root / "body", "w+b") as body:
                body.write(before)
                body.truncate(len(before) + (MOVED << 20))
                body.seek(0, 2)
                body.write(after)
                body.seek(0)
                head = {"Authorization": f"Bearer {support.TOKEN}", **headers}
                return node.call("POST", target, headers=head, data=body).status_code

        def written() -> None:
            assert send(f"{path}/write?file=big", b"", b"") == 204

        def uploaded() -> None:
            token = support.tokens.sign(panel, server_uuid=name, unique_id="once")
            part = b'--B\r\nContent-Disposition: form-data; name="files"; filename="up"\r\n\r\n'
            kind = {"Content-Type": "multipart/form-data; boundary=B"}
            assert send(f"/upload/file?token={token}", part, b"\r\n--B--\r\n", **kind) == 200

        def read() -> None:
            with node.call("GET", f"{path}/contents?file=big", stream=True) as answer:
                assert sum(len(piece) for piece in answer.iter_content(1 << 20)) == MOVED << 20

        listed()
        resident = node.memory("VmRSS")
        Path(f"/proc/{node.process.pid}/clear_refs").write_text("5")     # the peak of the listings is not meant
        spent("CPU ms a listing of 10,000", listed, 10)
        spent("CPU ms a MiB written", written, MOVED)
        spent("CPU ms a MiB uploaded", uploaded, MOVED)
        spent("CPU ms a MiB downloaded", read, MOVED)
        found["MB more while files move"] = (node.memory("VmHWM") - resident) / 1024
        return found
    finally:
        node.remove()


def accounting(panel: Panel) -> dict[str, float]:
    """A figure for a server with 100,000 files; then consoles that begin, which ask for a figure that is right, longer apart
    than the interval of a second: while nothing changes, and while another process appends to a file between them, as a
    game does."""
    name = panel.add(server(f"~{engine.IMAGE}", engine.GAME))
    node = quiet(panel)
    node.config.write_text(node.config.read_text().replace("disk_check_interval: 150", "disk_check_interval: 1"))
    total, root = 0, node.root / "volumes" / name
    for folder in range(FOLDERS):
        place = root / f"region{folder // 50}" / f"chunk{folder}"
        place.mkdir(parents=True)
        for file in range(FILES_A_FOLDER):
            (place / f"r.{folder}.{file}.mca").write_bytes(b"x" * file)
            total += file

    def figure() -> int:
        return node.call("GET", f"/api/servers/{name}").json()["utilization"]["disk_bytes"]

    def looks(between) -> float:
        """CPU ms a look."""
        before = node.cpu()
        for _ in range(CHECKS):
            between()
            node.console(name).close()
            support.until(lambda: figure() == total, "the figure", 10) # Wings walks after the console was let in
            time.sleep(1.3)
        return (node.cpu() - before) * 1000 / CHECKS

    def append() -> None:
        nonlocal total
        with open(root / "region3/chunk150/r.150.7.mca", "a") as file:
            total += file.write("a line of a game that tells what it does\n")

    try:
        node.start()
        time.sleep(3)                       # Wings walks when it starts; its first walk is over
        support.until(lambda: figure() == total, "the figure", 60)
        time.sleep(1)
        return {"CPU ms from start to the figure of 100,000 files": node.cpu() * 1000,
                "CPU ms a check when nothing changed": looks(lambda: None),
                "CPU ms a check when one file grew": looks(append)}
    finally:
        node.remove()


def grow(root: Path) -> None:
    """About 440 MiB in 14,000 files, the same each time: worlds, jars, and a great many small settings."""
    dice = random.Random(7)
    words = [bytes(dice.choices(b"abcdefghijklmnopqrstuvwxyz", k=dice.randint(3, 10))) for _ in range(3000)]

    def text(size: int) -> bytes:
        return b" ".join(dice.choices(words, k=size // 6))[:size]

    for number in range(PLAIN):
        (root / "plain").mkdir(parents=True, exist_ok=True)
        (root / f"plain/{number}.log").write_bytes(text(4 << 20))
    for number in range(RANDOM):
        (root / "jars").mkdir(exist_ok=True)
        (root / f"jars/{number}.jar").write_bytes(dice.randbytes(32 << 20))
    for number in range(SMALL):
        folder = root / f"small/{number % 140}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{number}.json").write_bytes(text(dice.randint(1 << 10, 20 << 10)))


def archives(panel: Panel) -> dict[str, float]:
    name = panel.add(server(f"~{engine.IMAGE}", engine.GAME, build={"memory_limit": 128, "swap": 0, "io_weight": 500, "cpu_limit": 0,
                                                                   "threads": None, "disk_space": 0, "oom_disabled": True}))
    node = quiet(panel)
    try:
        node.start()
        time.sleep(2)
        root = node.root / "volumes" / name
        grow(root / "tree")
        subprocess.run(["chown", "-R", f"{root.stat().st_uid}:{root.stat().st_gid}", root / "tree"], check=True)
        subprocess.run(["sync", "-f", root], check=True)
        found, path = {}, f"/api/servers/{name}/files"

        def spent(what: str, route: str, body: dict) -> dict:
            resident, before, begun = node.memory("VmRSS"), node.cpu(), time.monotonic()
            answer = node.call("POST", f"{path}/{route}", json=body, timeout=600)
            found[f"s to {what}"] = time.monotonic() - begun
            found[f"CPU s to {what}"] = node.cpu() - before
            found[f"MB more to {what}"] = (node.memory("VmHWM") - resident) / 1024
            assert answer.status_code in (200, 204), answer.text
            subprocess.run(["sync", "-f", root], check=True)    # what one step leaves to write is not the next one's
            return answer.json() if answer.content else {}

        archive = spent("compress", "compress", {"root": "/", "files": ["tree"]})
        found["MB of archive"] = archive["size"] / 1e6
        (root / "new").mkdir()
        subprocess.run(["chown", f"{root.stat().st_uid}:{root.stat().st_gid}", root / "new"], check=True)
        (root / archive["name"]).rename(root / "new/a.tar.gz")
        spent("decompress", "decompress", {"root": "/new", "file": "a.tar.gz"})
        spent("decompress onto itself", "decompress", {"root": "/new", "file": "a.tar.gz"})
        subprocess.run(["diff", "-r", root / "tree", root / "new/tree"], check=True)
        return found
    finally:
        node.remove()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("daemons", nargs="+", metavar="NAME=COMMAND")
    parser.add_argument("--only", choices=["idle", "running", "fanout", "files", "accounting", "archives"])
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    engine.make_image()
    table: dict[str, dict[str, list[float]]] = {}
    pairs = [one.split("=", 1) for one in options.daemons]
    for _ in range(options.rounds):
        for name, Other.command in pairs:
            for scenario in (idle, running, fanout, files, accounting, archives):
                if options.only in (None, scenario.__name__):
                    panel = Panel()
                    for metric, value in scenario(panel).items():
                        table.setdefault(metric, {}).setdefault(name, []).append(value)
                    panel.close()
    first = pairs[0][0]
    for metric, values in table.items():
        medians = {name: round(statistics.median(found), 3) for name, found in values.items()}
        ratios = {f"{name}/{first}": round(value / medians[first], 3) for name, value in medians.items() if name != first and medians[first]}
        print(json.dumps({"metric": metric, **medians, **ratios}), flush=True)


if __name__ == "__main__":
    main()
