"""The Docker Engine of the tests: the game image, and a socket in between that can be cut."""
from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import tempfile
import threading
from pathlib import Path

IMAGE = "pinion/functional:latest"
# Prints READY, repeats what is typed; "stop" ends it, "die" ends it with 7, "flood N" prints N lines.
GAME = ("echo READY; while read -r line; do set -- $line; case \"$1\" in stop) echo bye; exit 0;; die) exit 7;; "
        "flood) i=0; while [ $i -lt $2 ]; do echo \"line $i of a flood that is long enough to fill a buffer\"; i=$((i+1)); done; "
        "echo FLOODED;; *) echo \"heard $line\";; esac; done")


def docker(*words: str, check: bool = True) -> str:
    done = subprocess.run(["docker", *words], capture_output=True, text=True, timeout=60)
    assert not check or done.returncode == 0, f"docker {' '.join(words)}: {done.stderr}"
    return done.stdout.strip()


def inspect(name: str) -> dict | None:
    out = docker("inspect", name, check=False)
    found = json.loads(out or "[]")
    return found[0] if found else None


def make_image() -> None:
    if docker("image", "inspect", IMAGE, check=False) not in ("", "[]"):
        return
    busybox = next(p for p in ("/bin/busybox", "/usr/bin/busybox") if os.path.exists(p))
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        for folder in ("bin", "etc", "tmp", "home/container", "mnt/server", "mnt/install"):
            (root / folder).mkdir(parents=True)
        shutil.copy(busybox, root / "bin/busybox")
        for applet in subprocess.check_output([busybox, "--list"], text=True).split():
            if not (root / "bin" / applet).exists():
                (root / "bin" / applet).symlink_to("busybox")
        (root / "etc/passwd").write_text("root:x:0:0::/:/bin/sh\ncontainer:x:988:988::/home/container:/bin/sh\n")
        archive = subprocess.run(["tar", "-C", scratch, "-c", "."], capture_output=True, check=True).stdout
    subprocess.run(["docker", "import", "--change", "WORKDIR /home/container",
                    "--change", 'CMD ["/bin/sh", "-c", "exec sh -c \\"$STARTUP\\""]', "-", IMAGE],
                   input=archive, capture_output=True, check=True, timeout=120)


class CutSocket:
    """A unix socket that forwards to the Engine's. cut() drops all connections and refuses new ones until mend()."""

    def __init__(self, target: str = "/var/run/docker.sock") -> None:
        self.target = target
        self.folder = tempfile.mkdtemp(prefix="engine-")
        self.path = f"{self.folder}/docker.sock"
        self.url = f"unix://{self.path}"
        self._lock = threading.Lock()
        self._pairs: set[tuple[socket.socket, socket.socket]] = set()
        self._listener: socket.socket | None = None

    def mend(self) -> "CutSocket":
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(self.path)
        listener.listen(64)
        self._listener = listener
        threading.Thread(target=self._serve, args=(listener,), daemon=True).start()
        return self

    def cut(self) -> None:
        if self._listener is not None:
            os.unlink(self.path)
            self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None
        with self._lock:
            pairs = list(self._pairs)
        for pair in pairs:
            for end in pair:
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def remove(self) -> None:
        self.cut()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _serve(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            engine = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            engine.connect(self.target)
            with self._lock:
                self._pairs.add((client, engine))
            for one, other in ((client, engine), (engine, client)):
                threading.Thread(target=self._pump, args=(one, other), daemon=True).start()

    @staticmethod
    def _pump(one: socket.socket, other: socket.socket) -> None:
        try:
            while data := one.recv(65536):
                other.sendall(data)
        except OSError:
            pass
        try:
            other.shutdown(socket.SHUT_WR)
        except OSError:
            pass


if __name__ == "__main__":
    make_image()
