"""A folder outside of every server that nobody may read or change, and a program that swaps entries as fast as it can."""
from __future__ import annotations

import ctypes
import os
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

SECRET = b"OUTSIDE-OF-EVERY-SERVER"
AT_FDCWD, RENAME_EXCHANGE = -100, 2


def exchange(one: str, other: str) -> None:
    library = ctypes.CDLL(None, use_errno=True)
    if library.renameat2(AT_FDCWD, os.fsencode(one), AT_FDCWD, os.fsencode(other), RENAME_EXCHANGE) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), one)


class Swapper:
    """Another process that exchanges two entries until stop()."""

    def __init__(self, one: Path, other: Path) -> None:
        self._process = subprocess.Popen([sys.executable, __file__, str(one), str(other)], stdout=subprocess.PIPE)
        assert self._process.stdout.readline() == b"swapping\n"

    def stop(self) -> None:
        assert self._process.poll() is None, "the swapper ended by itself"
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()


class Outside:
    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="pinion-outside-"))
        (self.path / "inner").mkdir()
        for name in ("secret.txt", "inner/secret.txt", "a.txt"):
            (self.path / name).write_bytes(SECRET)
            os.chmod(self.path / name, 0o640)
            os.utime(self.path / name, (1_600_000_000, 1_600_000_000))
        os.utime(self.path / "inner", (1_600_000_000, 1_600_000_000))
        os.utime(self.path, (1_600_000_000, 1_600_000_000))
        self.before = self.picture()

    def picture(self) -> dict[str, tuple]:
        found = {}
        for path in (self.path, *sorted(self.path.rglob("*"))):
            seen = path.lstat()
            found[str(path)] = (stat.filemode(seen.st_mode), seen.st_uid, seen.st_gid, seen.st_size, seen.st_mtime_ns,
                                path.read_bytes() if path.is_file() else None)
        return found

    def untouched(self) -> None:
        assert self.picture() == self.before


if __name__ == "__main__":
    print("swapping", flush=True)
    while True:
        try:
            exchange(sys.argv[1], sys.argv[2])
        except OSError:  # the daemon has just moved or removed one: put both back
            for path, make in ((sys.argv[1], os.mkdir), (sys.argv[2], os.mkdir)):
                try:
                    make(path)
                except OSError:
                    pass
