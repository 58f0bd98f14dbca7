"""Attacks with signed tokens, on consoles and the log. docs/security.md tells which test is for which."""
from __future__ import annotations

import time

import requests

from support import engine, tokens
from support.node import Console, until
from support.panel import TOKEN, server


def test_no_forged_or_spoiled_token_opens_a_console(launch, panel, game):
    node = launch()
    bad = tokens.bad_tokens(panel, server_uuid=game, permissions=tokens.ALL)
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
