"""Attacks on the node, its tokens, its sockets and its containers. docs/security.md tells which test is for which."""
from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import json
import resource
import socket
import threading
import time
import zlib

import jwt
import pytest
import requests
import websocket
import yaml

from support import engine, tokens
from support.node import Console, until
from support.panel import TOKEN, server


@pytest.fixture
def many_files():
    """As many descriptors as this process may have: the attacker's side of thousands of connections."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def bearer(token: str) -> dict:
    return {"headers": {"Authorization": f"Bearer {token}"}}


# --- containers ---------------------------------------------------------------------------------------------------


def test_an_installer_is_not_privileged_and_has_limits(launch, panel):
    item = server(f"~{engine.IMAGE}", engine.GAME)
    item["settings"]["build"]["cpu_limit"] = 50
    item["install"]["script"] = "until [ -e /mnt/server/go ]; do usleep 20000; done\n"
    uuid = panel.add(item)
    node = launch()
    assert node.call("POST", f"/api/servers/{uuid}/reinstall").status_code == 202
    host = until(lambda: engine.inspect(f"{uuid}_installer"), "the installer is there")["HostConfig"]
    assert not host["Privileged"] and not host["Devices"] and not host["CapAdd"]
    assert not {host["PidMode"], host["UTSMode"], host["UsernsMode"]} & {"host"}
    assert host["Memory"] > 0 and host["MemorySwap"] > 0 and host["CpuQuota"] == 100_000
    assert {mount["Target"] for mount in host["Mounts"]} == {"/mnt/server", "/mnt/install"}
    (node.root / "volumes" / uuid / "go").touch()
    panel.wait_for("POST", f"/servers/{uuid}/install")


def test_a_game_is_shut_in(launch, game):
    node = launch()
    node.create(game)
    node.power(game, "start")
    node.wait_state(game, "running")
    host = engine.inspect(game)["HostConfig"]
    assert not host["Privileged"] and not host["Devices"] and not host["CapAdd"]
    assert host["SecurityOpt"] == ["no-new-privileges"] and host["ReadonlyRootfs"]
    assert host["PidsLimit"] == 512
    assert {"SYS_PTRACE", "NET_RAW", "MKNOD", "DAC_OVERRIDE", "SYS_CHROOT", "SETFCAP"} <= {
        name.upper().removeprefix("CAP_") for name in host["CapDrop"]}
    status = engine.docker("exec", game, "cat", "/proc/1/status")
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert fields["NoNewPrivs"] == "1" and fields["Uid"].split()[0] != "0"
    assert int(fields["CapEff"], 16) == 0
    said = engine.docker("exec", game, "sh", "-c", "touch /bin/x || echo refused")
    assert said == "refused"


def test_a_fork_bomb_ends_at_the_limit(launch, panel):
    game = panel.add(server(f"~{engine.IMAGE}", "(i=0; while [ $i -lt 200 ]; do sleep 300 & i=$((i+1)); done); echo READY; read x"))
    node = launch()
    assert node.call("POST", "/api/update", json={"docker": {"container_pid_limit": 24}}).status_code == 200
    node.create(game)
    node.power(game, "start")
    node.wait_state(game, "running")
    assert engine.inspect(game)["HostConfig"]["PidsLimit"] == 24
    console = node.console(game)
    console.send("send logs")
    console.expect("console output", "can't fork")
    assert len(engine.docker("top", game, "-eo", "pid").splitlines()) - 1 <= 24
    node.power(game, "kill")
    node.wait_state(game, "offline")


# --- the configuration --------------------------------------------------------------------------------------------


def test_a_leaked_node_token_moves_neither_folders_nor_the_panel(launch, panel, game, tmp_path):
    node = launch(allowed_mounts=["/srv/nothing-here"])
    before = yaml.safe_load(node.config.read_text())
    away = str(tmp_path / "away")
    folders = {name: away for name in ("root_directory", "log_directory", "data", "archive_directory", "backup_directory",
                                       "tmp_directory")}
    answer = node.call("POST", "/api/update", json={
        "system": {**folders, "passwd": {"directory": away}, "machine_id": {"directory": away}},
        "System": {name.replace("_", ""): away for name in folders},
        "remote": "http://127.0.0.1:1", "Remote": "http://127.0.0.1:1", "allowed_mounts": ["/"], "plugins_directory": away,
        "plugins": {"evil": {}}, "standalone": away, "api": {"disable_remote_download": True}, "debug": False})
    assert answer.status_code == 200
    after = yaml.safe_load(node.config.read_text())
    assert after["debug"] is False, "the rest was applied"
    for name in ("remote", "allowed_mounts"):
        assert after[name] == before[name]
    assert "away" not in node.config.read_text() and "evil" not in node.config.read_text()
    assert not after["api"].get("disable_remote_download", False)

    def works() -> None:
        assert node.call("POST", f"/api/servers/{game}/reinstall").status_code == 202
        panel.wait_for("POST", f"/servers/{game}/install")
        until(lambda: (node.root / "volumes" / game / "built.txt").exists(), "the files lie where they always lay")
    works()
    node.stop()
    panel.calls.clear()
    (node.root / "volumes" / game / "built.txt").unlink()
    node.start()
    works()
    assert not (tmp_path / "away").exists()


def test_a_pushed_token_is_never_looked_up_and_a_new_one_counts_everywhere_at_once(launch, panel, game):
    node = launch()
    for pushed in ({"token": "file:///etc/hostname"}, {"token": "$HOME"}, {"token": "${HOME}"}, {"token": ""},
                   {"token_id": "file:///etc/hostname"}, {"token_id": "$HOME"}, {"token_id": ""}):
        assert node.call("POST", "/api/update", json=pushed).status_code == 400, pushed
        assert node.call("GET", "/api/system").status_code == 200
        assert node.call("POST", f"/api/servers/{game}/sync").status_code == 204, "the Panel still knows the node"
    old_console = tokens.sign(panel, server_uuid=game, permissions=tokens.ALL)
    new = "another-secret-0123456789abcdef0123456789abcdef0123456789abcdefg"
    assert node.call("POST", "/api/update", json={"token": new}).status_code == 200
    panel.token = new
    assert node.call("GET", "/api/system").status_code == 403
    assert node.call("GET", "/api/system", **bearer(new)).status_code == 200
    assert node.call("POST", f"/api/servers/{game}/sync", **bearer(new)).status_code == 204
    console = Console(node.dial(game))
    console.send("auth", old_console)
    console.expect("daemon error")
    console.send("auth", tokens.sign(panel, new, server_uuid=game, permissions=tokens.ALL))
    console.expect("auth success")


def test_a_node_without_a_token_does_not_start(launch):
    node = launch(wait=False, token="")
    assert node.process.wait(20) != 0
    assert "token is empty" in node.output


@pytest.mark.parametrize("header", ["Bearer ", "Bearer", "Bearer  ", f"Bearer {TOKEN[:-1]}", f"Bearer {TOKEN}x",
                                    f"Bearer {TOKEN} x", f"Basic {TOKEN}", TOKEN, "Bearer null", "Bearer undefined"])
def test_only_the_whole_node_token_opens_the_node(launch, header):
    node = launch()
    assert node.call("GET", "/api/servers", headers={"Authorization": header}).status_code in (401, 403)
    assert node.call("GET", "/api/servers").status_code == 200


# --- signed tokens ------------------------------------------------------------------------------------------------


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def forged(header: dict, claims: dict, key: bytes = TOKEN.encode(), digest=hashlib.sha256) -> str:
    text = f"{encoded(json.dumps(header).encode())}.{encoded(json.dumps(claims).encode())}"
    return f"{text}.{encoded(hmac.new(key, text.encode(), digest).digest()) if digest else ''}"


def bad_tokens(panel, **good) -> dict[str, str]:
    """Tokens that are wrong in one thing each; `good` are the claims that make it one of its kind."""
    now = int(time.time())
    claims = tokens.claims(panel, **good)
    right = jwt.encode(claims, TOKEN, algorithm="HS256")
    head, body, mark = right.split(".")
    return {
        "no algorithm": forged({"alg": "none", "typ": "JWT"}, claims, digest=None),
        "no algorithm, but signed": forged({"alg": "none", "typ": "JWT"}, claims),
        "another case": forged({"alg": "NonE"}, claims, digest=None),
        "HS512": jwt.encode(claims, TOKEN, algorithm="HS512"),
        "HS384": jwt.encode(claims, TOKEN, algorithm="HS384"),
        "RS256 that is HS256": forged({"alg": "RS256"}, claims),
        "no header": forged({}, claims),
        "another key": jwt.encode(claims, "another" + TOKEN, algorithm="HS256"),
        "no key": forged({"alg": "HS256"}, claims, key=b""),
        "no signature": f"{head}.{body}.",
        "signature cut": right[:-1],
        "two parts": f"{head}.{body}",
        "four parts": f"{right}.{mark}",
        "claims changed": f"{head}.{encoded(json.dumps({**claims, 'exp': now + 9999}).encode())}.{mark}",
        "no end": tokens.sign(panel, **good, exp=None),
        "an end of null": forged({"alg": "HS256"}, {**claims, "exp": None}),
        "ended": tokens.sign(panel, **good, exp=now - 1),
        "an end in words": tokens.sign(panel, **good, exp=str(now + 600)),
        "not yet": tokens.sign(panel, **good, nbf=now + 300),
        "no issue": tokens.sign(panel, **good, iat=None),
        "issued long ago": tokens.sign(panel, **good, iat=now - 200_000),
        "no JWT": "x",
        "nothing": "",
    }


def test_no_forged_or_spoiled_token_opens_a_console(launch, panel, game):
    node = launch()
    bad = bad_tokens(panel, server_uuid=game, permissions=tokens.ALL)
    bad["issued before the boot"] = tokens.sign(panel, server_uuid=game, permissions=tokens.ALL, iat=int(time.time()) - 60)
    bad["may not connect"] = tokens.sign(panel, server_uuid=game, permissions=["control.console"])
    bad["a download's"] = tokens.sign(panel, **tokens.once(server_uuid=game, file_path="/a"))
    bad["an upload's"] = tokens.sign(panel, **tokens.once(server_uuid=game))
    bad["a backup's"] = tokens.sign(panel, **tokens.once(server_uuid=game, backup_uuid=game))
    bad["a transfer's"] = tokens.sign(panel, sub=game)
    bad["of another scope"] = tokens.sign(panel, server_uuid=game, permissions=tokens.ALL, scope="file-upload")
    for name, token in bad.items():
        console = Console(node.dial(game))
        console.send("auth", token)
        until(lambda: (console.receive(1) or {}).get("event") in ("jwt error", "daemon error"), f"{name} is refused")
        console.send("send stats")
        console.expect("jwt error")
        assert {one["event"] for one in console.seen} <= {"jwt error", "daemon error"}, name
        console.close()
    node.console(game).close()


def test_a_console_token_of_one_server_opens_no_other(launch, panel, game):
    other = panel.add(server(f"~{engine.IMAGE}", engine.GAME))
    node = launch()
    console = Console(node.dial(game))
    console.send("auth", tokens.sign(panel, server_uuid=other, permissions=tokens.ALL))
    console.send("send stats")
    console.send("set state", "start")
    console.expect("jwt error", "server uuid mismatch")
    console.expect("jwt error", "server uuid mismatch")
    assert not {"stats", "status"} & {one["event"] for one in console.seen}
    assert node.state(game) == node.state(other) == "offline"


def test_a_user_deauthorised_everywhere_loses_his_consoles_and_their_tokens(launch, panel, game):
    node = launch()
    other_user = "c2b5f0d8-6a5c-4a39-8a0a-5f6a2b8f0c02"
    late = int(time.time())

    def token(user: str, **more) -> str:
        return tokens.sign(panel, server_uuid=game, permissions=tokens.ALL, user_uuid=user, **more)
    # Issued after the boot, and no later than the denial, which is of a second that has begun.
    until(lambda: int(time.time()) > late + 1, "the second of the boot is over")
    his, hers = (token(user, iat=int(time.time())) for user in (tokens.USER, other_user))
    mine = node.console(game, token=his)
    others = node.console(game, token=hers)
    assert node.call("POST", "/api/deauthorize-user", json={"user": tokens.USER, "servers": []}).status_code == 204
    mine.expect_close()
    console = Console(node.dial(game))
    console.send("auth", his)
    console.expect("jwt error", "denylist")
    others.expect_close()                           # all consoles are dropped, and who may comes back
    node.console(game, token=hers)
    node.console(game, token=token(tokens.USER, iat=int(time.time()) + 2))


def test_no_token_is_written_to_the_log(launch, panel, game):
    node = launch()
    console = tokens.sign(panel, server_uuid=game, permissions=tokens.ALL)
    signed = [tokens.sign(panel, **tokens.once(server_uuid=game, **more)) for more in
              ({"file_path": "/a"}, {"backup_uuid": game}, {})]
    node.console(game, token=console)
    for path, token in zip(("/download/file", "/download/backup", "/upload/file"), signed):
        requests.request("POST" if "upload" in path else "GET", f"http://127.0.0.1:{node.port}{path}",
                         params={"token": token}, timeout=10)
    requests.get(f"http://127.0.0.1:{node.port}/api/servers/{game}/ws", params={"token": console}, timeout=10)
    requests.get(f"http://127.0.0.1:{node.port}/nowhere", params={"token": signed[0], "x": TOKEN}, timeout=10)
    node.call("POST", "/api/transfers", headers={"Authorization": f"Bearer {signed[0]}"})
    node.call("POST", "/api/update", json={"token": TOKEN + "new"})
    assert node.stop() == 0
    written = node.output + "".join(p.read_text(errors="replace") for p in (node.root / "log").rglob("*") if p.is_file())
    assert "stopped" in written
    for secret in (TOKEN, TOKEN + "new", console, *signed):
        assert secret not in written
        assert secret.rsplit(".", 1)[-1] not in written


# --- websockets ---------------------------------------------------------------------------------------------------


def test_only_pages_of_the_panel_and_of_listed_origins_get_a_socket(launch, panel, game):
    node = launch(allowed_origins=["https://listed.example"])
    for origin in (panel.url, "https://listed.example"):
        node.dial(game, origin).close()
    for bad in ("https://evil.example", "null", panel.url + "/", panel.url + "0", panel.url + ".evil.example",
                panel.url.replace("http:", "https:"), "https://listed.example.evil", "https://LISTED.example",
                "https://a.listed.example", f"{panel.url}@evil.example"):
        with pytest.raises(websocket.WebSocketBadStatusException) as refused:
            node.dial(game, bad)
        assert refused.value.status_code == 403, bad
    with pytest.raises(websocket.WebSocketBadStatusException) as refused:
        node.dial(game, suppress_origin=True)
    assert refused.value.status_code == 403


def test_of_a_hundred_upgrades_at_once_thirty_succeed(launch, game):
    node = launch()
    won, lost = [], []
    gate = threading.Barrier(100)

    def upgrade() -> None:
        gate.wait()
        try:
            won.append(node.dial(game))
        except websocket.WebSocketBadStatusException as refused:
            lost.append(refused.status_code)
    threads = [threading.Thread(target=upgrade) for _ in range(100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert (len(won), len(lost)) == (30, 70)
    assert set(lost) == {400}


def test_sockets_that_never_authenticate_do_not_lock_the_owner_out(launch, panel, game):
    node = launch()
    strangers = [Console(node.dial(game)) for _ in range(30)]
    with pytest.raises(websocket.WebSocketBadStatusException):
        node.dial(game)

    def owner():
        with contextlib.suppress(websocket.WebSocketBadStatusException):
            return node.console(game)
    console = until(owner, "the owner gets in", 60)
    console.send("send stats")
    console.expect("stats")
    assert strangers[0].expect_close()[0] == 1008


def frame(data: bytes, opcode: int = websocket.ABNF.OPCODE_TEXT, last: bool = True, packed: bool = False) -> bytes:
    return websocket.ABNF(int(last), int(packed), 0, 0, opcode, 1, data).format()


def test_bombs_floods_and_endless_messages_on_a_socket_cost_no_memory(launch, panel, game):
    node = launch()
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    bomb = deflate.compress(b" " * 3_500_000) + deflate.flush(zlib.Z_SYNC_FLUSH)
    bomb = bomb[:-4]
    assert len(bomb) < 4096

    def open_socket() -> websocket.WebSocket:
        return node.dial(game, header=["Sec-WebSocket-Extensions: permessage-deflate"])

    def storm(piece: bytes, count: int) -> None:
        link = open_socket()
        with contextlib.suppress(OSError):  # the daemon may end the socket
            for _ in range(count):
                link.sock.sendall(piece)
        link.close(timeout=1)
    storms = (
        (frame(bomb, packed=True), 300),
        (frame(b"x" * 4000), 3000),
        (frame(b"x" * 4000, websocket.ABNF.OPCODE_BINARY), 3000),
        (frame(b'{"event":"auth","args":["x"]}'), 20_000),
        (frame(b"", websocket.ABNF.OPCODE_TEXT, last=False) + frame(b"", 0, last=False) * 5000, 20),
        (frame(b"p" * 125, websocket.ABNF.OPCODE_PING), 20_000),
        (b"\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff" + b"mask" + b"x" * 4096, 100),
    )
    storm(*storms[0])
    before = node.memory()
    for piece, count in storms:
        storm(piece, count)
        assert node.call("GET", "/api/system").status_code == 200
    assert node.memory() - before < 24 << 20
    console = node.console(game)
    console.send("send stats")
    console.expect("stats")


def test_a_suspended_server_has_no_consoles(launch, panel, game):
    node = launch()
    console = node.console(game)
    panel.servers[game]["settings"]["suspended"] = True
    assert node.call("POST", f"/api/servers/{game}/sync").status_code == 204
    console.expect_close()
    again = Console(node.dial(game))
    assert again.expect_close() == (4409, "server is suspended")
    panel.servers[game]["settings"]["suspended"] = False
    assert node.call("POST", f"/api/servers/{game}/sync").status_code == 204
    node.console(game)


# --- HTTP ---------------------------------------------------------------------------------------------------------


def test_thousands_of_slow_clients_hold_up_no_other_and_are_ended(launch, many_files):
    node = launch()
    slow = []
    try:
        for number in range(3000):
            link = socket.create_connection(("127.0.0.1", node.port), timeout=10)
            link.sendall((b"G", b"GET /api/system HTTP/1.1\r\nX: ", b"GET / HTTP/1.1\r\n")[number % 3])
            slow.append(link)
        waits = []
        for _ in range(100):
            begun = time.monotonic()
            assert node.call("GET", "/api/system").status_code == 200
            waits.append(time.monotonic() - begun)
        assert sorted(waits)[98] < 1, sorted(waits)[-5:]

        def ended() -> bool:
            for link in slow:
                with contextlib.suppress(OSError):  # one byte more, as long as it is taken
                    link.send(b"x", socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL)
            for link in slow:
                link.settimeout(0)
                try:
                    if link.recv(4096) == b"":
                        continue
                    return False  # an answer; its end comes next
                except ConnectionError:
                    continue
                except BlockingIOError:
                    return False
            return True
        until(ended, "slow clients are ended, however they drip", 60)
    finally:
        for link in slow:
            link.close()


@pytest.mark.parametrize("start", [b"GET /api/system HTTP/1.1\r\nX: ", b"GET /", b"GET / HTTP/1.1\r\n", b""],
                         ids=["a field", "a target", "many fields", "a method"])
def test_an_endless_head_is_cut_off_early(launch, start):
    node = launch()
    piece = b"A: b\r\n" * 10_000 if start.endswith(b"\r\n") else b"A" * 60_000
    before, sent = node.memory(), 0
    with socket.create_connection(("127.0.0.1", node.port), timeout=10) as link:
        with contextlib.suppress(ConnectionError):
            link.sendall(start)
            while sent < 1 << 30:
                link.sendall(piece)
                sent += len(piece)
    assert sent < 32 << 20
    assert node.memory() - before < 8 << 20
    assert node.call("GET", "/api/system").status_code == 200
