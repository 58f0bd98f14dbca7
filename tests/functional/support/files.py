"""The file routes of a server, all operations on a path, and what must not come out of them."""
from __future__ import annotations

import contextlib
import io
import tarfile
from pathlib import Path

import requests

from .outside import SECRET, Outside


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
