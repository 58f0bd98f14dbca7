"""Attacks with paths and links that lead out, with odd names, and by a game that swaps its folders meanwhile."""
from __future__ import annotations

import contextlib
import os
import socket
import threading
import time

import pytest
import requests

from support import engine
from support.files import Files, furnish, nothing_got_out
from support.outside import SECRET, Swapper
from support.panel import server


def test_no_operation_follows_a_link_that_leads_out(files, outside):
    for number, (target, tail) in enumerate([(outside.path, "/secret.txt"), (outside.path, "/inner"), (outside.path, "/absent"),
                                             (outside.path, ""), (outside.path / "secret.txt", ""),
                                             (os.path.relpath(outside.path, files.volume), "/secret.txt"),
                                             ("../../..", f"{outside.path}/secret.txt"), ("/", f"{outside.path}/secret.txt"),
                                             ("/proc/self/root", f"{outside.path}/secret.txt")]):
        furnish(files)
        link = files.volume / f"l{number}"
        link.symlink_to(target)
        answers = files.everything(f"l{number}{tail}", f"taken{number}", "small.tar.gz")
        nothing_got_out(files, outside, answers)
        assert answers[0].status_code >= 400 and answers[5].status_code >= 400


def test_what_lies_outside_cannot_be_told_from_what_does_not(files, outside):
    (files.volume / "l").symlink_to(outside.path)
    for route in ("delete", "compress", "chmod"):
        told = []
        for name in ("secret.txt", "absent.txt"):
            listed = [{"file": name, "mode": "600"}] if route == "chmod" else [name]
            answer = files.post(route, {"root": "/l", "files": listed})
            told.append((answer.status_code, {k: v for k, v in (answer.json() if answer.content else {}).items() if k != "request_id"}))
        assert told[0] == told[1], route
    for path in ("contents", "list-directory"):
        told = [files.get(path, file=f"l/{name}", directory=f"l/{name}").status_code for name in ("secret.txt", "absent", "inner")]
        assert len(set(told)) == 1 and told[0] >= 400, path
    assert files.post("delete", {"root": "/", "files": ["l"]}).status_code == 204
    assert not (files.volume / "l").is_symlink()
    outside.untouched()


def test_no_spelling_of_a_path_leads_out(files, outside, panel):
    depth = len(files.volume.parts)
    climb = "../" * depth + str(outside.path).lstrip("/")
    neighbour = files.volume.parent / "neighbour"
    neighbour.mkdir()
    (neighbour / "secret.txt").write_bytes(SECRET)
    spellings = [f"{climb}/secret.txt", f"/{climb}/secret.txt", f"a/{climb}/secret.txt", f"a/../{climb}/secret.txt",
                 f"{outside.path}/secret.txt", f"/{outside.path}/secret.txt", f"./{climb}/secret.txt",
                 climb.replace("../", "..//") + "/secret.txt", climb.replace("../", ".././") + "/secret.txt",
                 climb.replace("../", "%2e%2e/") + "/secret.txt", climb.replace("../", "%2e%2e%2f") + "/secret.txt",
                 climb.replace("../", "..\\") + "/secret.txt", "../neighbour/secret.txt", "/../neighbour/secret.txt",
                 f"{files.volume}/../neighbour/secret.txt", f"{files.volume}neighbour/secret.txt",
                 f"{files.volume}-/../neighbour/secret.txt", f"{climb}/secret.txt\0", f"{climb}/secret.txt\0.txt",
                 f"\u2025/{climb}/secret.txt", f"\uff0e\uff0e/neighbour/secret.txt", "/" * 5000 + climb + "/secret.txt"]
    for number, path in enumerate(spellings):
        furnish(files)
        nothing_got_out(files, outside, files.everything(path, f"taken{number}", "small.tar.gz"))
        assert [(one.name, one.read_bytes()) for one in neighbour.iterdir()] == [("secret.txt", SECRET)], path


@pytest.mark.parametrize("name", ["n" * 255, "n" * 256, "d/" * 2047 + "x", "d/" * 2048 + "x", "d/" * 15_000 + "x", "a\nb", "a\rb", "a\tb",
                                  "\u202egpj.exe", "\u0000", "\ufeff", "e\u0301", "\U0001f600", "-rf", "a;b", "$(x)", "a\\b", " ", "a ",
                                  "...", "*", "?", "<script>", '"', "'", "%00", "%2f", ".", "..", "", "\x7f\x1b[2J"],
                         ids=lambda name: ascii(name)[:20] + str(len(name)))
def test_odd_names_are_kept_or_refused(files, name):
    written = files.write(f"odd/{name}", b"odd")
    assert written.status_code in (204, 400, 404) or written.status_code == 500, written.text
    if written.status_code == 204:
        assert files.get("contents", file=f"odd/{name}").content == b"odd"
        if name.strip("./"):  # else "odd" is the file
            assert files.get("list-directory", directory="odd").status_code == 200
    for answer in files.everything(f"odd/{name}", "taken", "none.tar.gz"):
        assert answer.status_code < 600
    files.work()
    assert files.volume.is_dir()


def test_a_folder_that_is_swapped_for_a_link_lets_nothing_out(files, outside):
    folder, link = files.volume / "d", files.volume / "d2"
    folder.mkdir()
    for name in ("secret.txt", "a.txt"):
        (folder / name).write_bytes(b"inside")
    link.symlink_to(outside.path)
    furnish(files)
    inside = os.open(folder, os.O_PATH | os.O_DIRECTORY)  # whatever it is called

    def refill() -> None:
        for name in ("secret.txt", "a.txt"):
            with contextlib.suppress(OSError), open(os.open(name, os.O_WRONLY | os.O_CREAT, 0o644, dir_fd=inside), "wb") as file:
                file.write(b"inside")
    swapper = Swapper(folder, link)
    answers: list[requests.Response] = []
    end = time.monotonic() + 12
    failures: list[BaseException] = []

    def attack(number: int) -> None:
        turn = 0
        try:
            while time.monotonic() < end:
                turn += 1
                for path in ("d/secret.txt", "d/inner", "d/inner/secret.txt", "d/a.txt"):
                    refill()
                    answers.extend(files.everything(path, f"taken-{number}-{turn}", "small.tar.gz"))
                with contextlib.suppress(OSError):
                    (files.volume / "mine.txt").write_bytes(b"inside")
        except BaseException as failure:
            failures.append(failure)
    threads = [threading.Thread(target=attack, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    swapper.stop()
    os.close(inside)
    assert not failures, failures
    assert any(b"inside" in one.content for one in answers)
    assert any(one.status_code == 204 and "/write" in one.request.url for one in answers)
    nothing_got_out(files, outside, answers)


def test_a_game_that_swaps_its_folders_lets_nothing_out(launch, panel, outside):
    loop = (f"mkdir -p d; echo inside > d/secret.txt; ln -s {outside.path} l; echo READY; "
            "while :; do mv d dd; mv l d; mv d l; mv dd d; done")
    uuid = panel.add(server(f"~{engine.IMAGE}", loop))
    node = launch()
    node.create(uuid)
    files = Files(node, uuid)
    node.power(uuid, "start")
    node.wait_state(uuid, "running")
    furnish(files)
    answers, end, turn = [], time.monotonic() + 8, 0
    while time.monotonic() < end:
        turn += 1
        answers += files.everything("d/secret.txt", f"taken{turn}", "small.tar.gz")
    node.power(uuid, "kill")
    node.wait_state(uuid, "offline")
    nothing_got_out(files, outside, answers)


def test_fifos_and_sockets_neither_block_nor_act(files):
    os.mkfifo(files.volume / "pipe")
    link = socket.socket(socket.AF_UNIX)
    here = os.open(files.volume, os.O_PATH)
    link.bind(f"/proc/self/fd/{here}/socket")
    os.close(here)
    for name in ("pipe", "socket"):
        begun = time.monotonic()
        furnish(files)
        answers = files.everything(name, "taken", "small.tar.gz")
        assert answers[0].status_code >= 400
        assert all(one.status_code < 600 for one in answers)
        assert time.monotonic() - begun < 10
    link.close()
