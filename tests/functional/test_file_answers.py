"""What the classic daemon and the newer one answer in the corners of the file routes, where a client can tell."""
from __future__ import annotations

import io
import os
import socket
import stat
import zipfile

import pytest

from support import tokens
from support.files import Files

MISSING = "The requested resources was not found on the system."


@pytest.fixture
def files(launch, game) -> Files:
    files = Files(launch(), game)
    files.volume.mkdir(exist_ok=True)
    return files


def upload(files: Files, name: str, data: bytes = b"data", directory: str = ""):
    token = tokens.sign(files.node.panel, server_uuid=files.uuid, **tokens.once())
    form = (b'--B\r\nContent-Disposition: form-data; name="files"; filename="' + name.encode() + b'"\r\n\r\n' + data
            + b"\r\n--B--\r\n")
    return files.node.call("POST", "/upload/file", params={"token": token, "directory": directory}, data=form,
                           headers={"Content-Type": "multipart/form-data; boundary=B"})


def test_what_is_no_route_is_plain_text_without_a_charset(files):
    for method, path in (("GET", "/api/nowhere"), ("PATCH", f"/api/servers/{files.uuid}/files/copy")):
        answer = files.node.call(method, path)
        assert (answer.status_code, answer.headers["Content-Type"]) == (404, "text/plain")


def test_a_browser_that_sends_all_of_a_file_that_is_too_large_is_told_so(files):
    assert files.node.call("POST", "/api/update", json={"api": {"upload_limit": 1}}).status_code == 200
    token = tokens.sign(files.node.panel, server_uuid=files.uuid, **tokens.once())
    head = b'--B\r\nContent-Disposition: form-data; name="files"; filename="big.bin"\r\n\r\n'
    piece, pieces = b"x" * (1 << 20), 96
    with socket.create_connection(("127.0.0.1", files.node.port), timeout=30) as link:
        link.sendall(f"POST /upload/file?token={token} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n"
                     "Content-Type: multipart/form-data; boundary=B\r\n"
                     f"Content-Length: {len(head) + pieces * len(piece)}\r\n\r\n".encode() + head)
        for _ in range(pieces):
            link.sendall(piece)
        assert link.recv(12) == b"HTTP/1.1 400"
        assert b"File big.bin is larger than the maximum file upload size of 1 MB." in link.makefile("rb").read(4096)
    assert not (files.volume / "big.bin").exists()


@pytest.mark.parametrize("asked, given", [
    ("tgz", "tar.gz"), ("TAR.GZ", "tar.gz"), (".zip", "zip"), ("Zip", "zip"), ("tbz2", "tar.bz2"), ("txz", "tar.xz"),
    ("rar", "tar.gz")])
def test_an_archive_is_named_after_its_format_however_that_was_asked_for(files, asked, given):
    (files.volume / "a.txt").write_bytes(b"alpha")
    entry = files.post("compress", {"root": "/", "files": ["a.txt"], "name": "mine", "extension": asked}).json()
    assert entry["name"] == f"mine.{given}"


def test_a_zip_that_is_cut_off_is_refused_whole(files):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("in/a.txt", "alpha")
        archive.writestr("in/b.txt", "beta")
    (files.volume / "cut.zip").write_bytes(out.getvalue()[:-30])
    assert files.post("decompress", {"root": "/", "file": "cut.zip"}).status_code == 500
    assert os.listdir(files.volume) == ["cut.zip"]


def test_a_copy_and_an_upload_over_a_file_run_as_nobody_else(files):
    path = files.volume / "program"
    path.write_bytes(b"x")
    path.chmod(0o6755)
    assert files.post("copy", {"location": "program"}).status_code == 204
    assert stat.S_IMODE((files.volume / "program copy").stat().st_mode) == 0o755
    assert upload(files, "program").status_code == 200
    assert path.read_bytes() == b"data" and stat.S_IMODE(path.stat().st_mode) == 0o755


@pytest.mark.parametrize("name, directory, status, text", [
    (".", "", 400, "Cannot perform that action: file is a directory."),
    ("..", "d", 400, "Cannot perform that action: file is a directory."),
    ("..", "", 404, MISSING), ("d", "", 400, "Cannot perform that action: file is a directory."),
    ("pipe", "", 400, "Cannot open files of this type."), ("sock", "", 400, "Cannot open files of this type.")])
def test_an_upload_onto_what_is_no_file_says_why_not(files, name, directory, status, text):
    (files.volume / "d").mkdir()
    os.mkfifo(files.volume / "pipe")
    here = os.getcwd()
    os.chdir(files.volume)   # the path of a socket has little room
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("sock")
    os.chdir(here)
    answer = upload(files, name, directory=directory)
    assert (answer.status_code, answer.json()["error"]) == (status, text)


def test_nothing_takes_the_place_of_the_servers_folder(files):
    (files.volume / "a").write_bytes(b"x")
    for root in ("/", "", ".", "./", "..", "/d/.."):
        for pair in ({"from": "a", "to": root}, {"from": root, "to": "b"}):
            answer = files.post("rename", {"root": "/", "files": [pair]}, "PUT")
            assert (answer.status_code, answer.json()["error"]) == (404, MISSING), pair
    answer = files.write("..")
    assert (answer.status_code, answer.json()["error"]) == (404, MISSING)
    answer = files.write("/")
    assert answer.status_code == 400 and "conflicts with an existing directory" in answer.json()["error"]


def test_a_search_finds_folders_too_and_names_are_as_the_folder_was_named(files):
    for name in ("world/level/x.dat", "level.txt", "a/levels.txt"):
        path = files.volume / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    def found(directory: str) -> list[str]:
        return [entry["name"] for entry in files.get("search", directory=directory, pattern="level").json()]
    assert found("/") == found("") == ["a/levels.txt", "world/level", "level.txt"]
    assert found("/world") == ["/world/level"] and found("world/") == ["world/level"]


def test_a_mark_of_utf8_before_json_is_no_json(files):
    answer = files.node.call("POST", f"/api/servers/{files.uuid}/files/delete",
                             data=b'\xef\xbb\xbf{"root":"/","files":["a"]}')
    assert (answer.status_code, answer.headers["Content-Type"]) == (400, "text/plain; charset=utf-8")


@pytest.mark.parametrize("url, reason", [
    ("http://[::1/", "missing ']' in host"), ("http://x:y/", 'invalid port ":y" after host'),
    ("http://%zz/", 'invalid URL escape "%zz"'), (":x", "missing protocol scheme")])
def test_a_url_that_is_none_is_told_without_the_url(files, url, reason):
    answer = files.post("pull", {"root": "/", "url": url})
    assert (answer.status_code, answer.json()["error"]) == (
        400, f"An error occurred while parsing that URL: {reason}")
