"""Attacks with signed links: forged, used twice, used for something else, or after they were denied."""
from __future__ import annotations

import signal
import time

import pytest
import requests

from support import engine, tokens
from support.panel import server

KINDS = {"/download/file": lambda uuid: {"server_uuid": uuid, "file_path": "/mine.txt"},
         "/download/backup": lambda uuid: {"server_uuid": uuid, "backup_uuid": "11111111-2222-4333-8444-555555555555"},
         "/upload/file": lambda uuid: {"server_uuid": uuid}}


def use(node, path: str, token: str) -> int:
    url = f"http://127.0.0.1:{node.port}{path}"
    if path.startswith("/upload"):
        return requests.post(url, params={"token": token}, files={"files": ("up.txt", b"up")}, timeout=20).status_code
    return requests.get(url, params={"token": token}, timeout=20).status_code


@pytest.mark.parametrize("path", KINDS)
def test_no_forged_spoiled_or_repeated_link_works(linked, panel, path):
    node, members = linked.node, KINDS[path](linked.uuid)
    for name, token in tokens.bad_tokens(panel, **tokens.once(**members)).items():
        assert use(node, path, token) >= 400, name
    other = panel.add(server(f"~{engine.IMAGE}", engine.GAME))
    wrong = {"another server's": {**members, "server_uuid": other}, "no server's": {**members, "server_uuid": "x"},
             "another scope": {**members, "scope": "websocket"}}
    for name, claims in wrong.items():
        assert use(node, path, tokens.sign(panel, **tokens.once(**claims))) >= 400, name
    assert not (linked.volume / "up.txt").exists()
    once = tokens.once(**members)
    token = tokens.sign(panel, **once)
    assert use(node, path, token) == 200
    assert use(node, path, token) >= 400
    assert use(node, path, tokens.sign(panel, **once)) >= 400, "another token of the same id"
    assert node.stop() == 0
    node.start()
    assert use(node, path, token) >= 400, "after a restart"
    assert use(node, path, tokens.sign(panel, **tokens.once(**members))) == 200


def test_each_signed_token_serves_its_own_purpose_only(linked, panel):
    node = linked.node
    for made, claims in KINDS.items():
        for used in KINDS:
            token = tokens.sign(panel, **tokens.once(**claims(linked.uuid)))
            assert (use(node, used, token) == 200) == (made == used), (made, used)
    for claims in ({"server_uuid": linked.uuid, "permissions": ["*"]}, {"sub": linked.uuid}):
        for used in KINDS:
            assert use(node, used, tokens.sign(panel, **tokens.once(**claims))) >= 400, (claims, used)


def test_a_denied_users_links_end_and_later_ones_work(linked, panel):
    node, now = linked.node, int(time.time())
    path, other_user = "/download/file", "c2b5f0d8-6a5c-4a39-8a0a-5f6a2b8f0c02"

    def link(iat: int, user: str = tokens.USER) -> int:
        return use(node, path, tokens.sign(panel, **tokens.once(**KINDS[path](linked.uuid)), iat=iat, user_uuid=user))
    assert link(now - 30) == 200
    assert node.call("POST", "/api/deauthorize-user", json={"user": tokens.USER, "servers": [linked.uuid]}).status_code == 204
    denied = int(time.time())
    assert link(now - 30) >= 400 and link(now) >= 400
    assert link(denied + 1) == 200
    assert link(now - 30, other_user) == 200


def test_a_denied_link_stays_denied_when_the_daemon_restarts(linked, panel):
    node, now = linked.node, int(time.time())
    path = "/download/file"

    def link(iat: int) -> int:
        return use(node, path, tokens.sign(panel, **tokens.once(**KINDS[path](linked.uuid)), iat=iat))
    assert link(now - 30) == 200
    assert node.call("POST", "/api/deauthorize-user", json={"user": tokens.USER, "servers": [linked.uuid]}).status_code == 204
    denied = int(time.time())
    node.stop(signal.SIGKILL)
    node.start()
    assert link(now - 30) >= 400
    assert link(denied + 1) == 200


@pytest.mark.parametrize("name", ["../x", "../../../etc/passwd", "11111111222243338444555555555555", "/etc/passwd", "",
                                  "{11111111-2222-4333-8444-555555555555}", "urn:uuid:11111111-2222-4333-8444-555555555555",
                                  "11111111-2222-4333-8444-555555555555.tar.gz", "11111111-2222-4333-8444-555555555555\0"],
                         ids=lambda name: ascii(name)[:24])
def test_a_backup_is_named_by_a_uuid_and_nothing_else(linked, panel, name):
    token = tokens.sign(panel, **tokens.once(server_uuid=linked.uuid, backup_uuid=name))
    assert use(linked.node, "/download/backup", token) >= 400


def test_a_name_adds_no_header_to_a_download(linked, panel):
    for name in ('a"\r\nX-Evil: y.txt', "a\nX-Evil: y", 'a"; filename="b.exe', "a\\", "\u202ea.txt"):
        (linked.volume / name).write_bytes(b"inside")
        answer = linked.get("contents", file=name, download="1")
        assert answer.status_code == 200 and answer.content == b"inside"
        token = tokens.sign(panel, **tokens.once(server_uuid=linked.uuid, file_path="/" + name))
        link = requests.get(f"http://127.0.0.1:{linked.node.port}/download/file", params={"token": token}, timeout=10)
        assert link.status_code == 200
        for one in (answer, link):
            assert "X-Evil" not in one.headers
            assert one.headers["Content-Disposition"].startswith("attachment")
            assert not any(ord(c) < 32 for c in one.headers["Content-Disposition"])
