"""Attacks out of a server's containers. docs/security.md tells which test is for which."""
from __future__ import annotations

from support import engine
from support.node import until
from support.panel import server


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
