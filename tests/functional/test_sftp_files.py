"""Files over SFTP: what each request does to them, whose they are, and what the log says."""
from __future__ import annotations

import os
import pwd
import struct

import pytest
import yaml

from support.node import until
from support.sftp import (APPEND, CREATE, EOF, EXCLUSIVE, FAILURE, MIB, MISSING, OK, READ, TRUNCATE, UNSUPPORTED, WRITE, client_of,
                          connect, listens, openssh, root_of, text)


def test_the_sftp_program_puts_gets_resumes_renames_and_removes(node, panel, game, tmp_path):
    name = panel.allow(game)
    data = os.urandom(3 * MIB + 7)
    (tmp_path / "up").write_bytes(data)
    done = openssh(node, name, f"put -p {tmp_path}/up /d/../file", "mkdir /d", "rename /file /d/file", f"get /d/file {tmp_path}/down",
                   "ls -l /d")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "down").read_bytes() == data
    (root_of(node, game) / "d/file").write_bytes(data[:MIB])
    done = openssh(node, name, f"reput {tmp_path}/up /d/file", "rm /d/file", "rmdir /d")
    assert done.returncode == 0, done.stderr
    assert not (root_of(node, game) / "d").exists()


@pytest.mark.parametrize("flags, there, absent", [
    (READ, "old", MISSING), (WRITE, "old", MISSING), (WRITE | CREATE, "old", ""), (WRITE | CREATE | TRUNCATE, "", ""),
    (WRITE | CREATE | EXCLUSIVE, FAILURE, ""), (WRITE | CREATE | EXCLUSIVE | TRUNCATE, FAILURE, ""), (WRITE | TRUNCATE, "", MISSING),
    (READ | WRITE, "old", MISSING), (READ | WRITE | CREATE, "old", ""), (WRITE | APPEND, "old", MISSING), (APPEND | CREATE, "old", ""),
    (0, FAILURE, FAILURE), (EXCLUSIVE, FAILURE, FAILURE),
])
def test_each_way_to_open_a_file_makes_empties_or_refuses_it(node, game, packets, flags, there, absent):
    root = root_of(node, game)
    (root / "old").write_text("old")
    for name, expected in (("old", there), ("new", absent)):
        kind, rest = packets.open(b"/" + name.encode(), flags)
        if isinstance(expected, int):
            assert kind == 101 and struct.unpack(">I", rest[:4])[0] == expected, name
            assert not (root / "new").exists() and (name == "new" or (root / "old").read_text() == "old")
        else:
            assert kind == 102 and packets.status(4, rest) == OK, name
            assert (root / name).read_text() == expected


def test_reading_ends_at_the_end_and_handles_are_for_what_they_were_opened_for(node, game, packets):
    (root_of(node, game) / "f").write_text("hello")
    _, handle = packets.open(b"/f", READ)
    read = lambda at, count: packets.ask(5, handle + struct.pack(">QI", at, count))  # noqa: E731
    assert read(3, 100) == (103, text(b"lo"))
    for at in (5, 6, 2 ** 40, 2 ** 63, 2 ** 64 - 1):
        kind, rest = read(at, 10)
        assert kind == 101 and struct.unpack(">I", rest[:4])[0] == EOF, at
    assert packets.status(6, handle + struct.pack(">Q", 0) + text(b"x")) == FAILURE
    assert packets.status(10, handle + struct.pack(">IQ", 1, 0)) == FAILURE
    _, writing = packets.open(b"/f", WRITE)
    assert packets.status(5, writing + struct.pack(">QI", 0, 5)) == FAILURE
    assert packets.status(12, handle) == FAILURE                    # no folder's
    assert packets.status(4, handle) == OK
    for kind, rest in ((4, b""), (5, struct.pack(">QI", 0, 1)), (8, b""), (12, b"")):
        assert packets.status(kind, handle + rest) == FAILURE       # closed already
    assert (root_of(node, game) / "f").read_text() == "hello"


def test_two_handles_write_one_file_and_both_see_it(node, game, packets):
    one = packets.open(b"/f", WRITE | CREATE | READ)[1]
    two = packets.open(b"/f", WRITE | READ)[1]
    assert packets.status(6, one + struct.pack(">Q", 0) + text(b"aaaa")) == OK
    assert packets.status(6, two + struct.pack(">Q", 2) + text(b"bbbb")) == OK
    assert packets.ask(5, one + struct.pack(">QI", 0, 100)) == (103, text(b"aabbbb"))
    assert packets.status(4, one) == OK
    assert packets.status(6, two + struct.pack(">Q", 6) + text(b"c")) == OK
    assert packets.status(4, two) == OK
    assert (root_of(node, game) / "f").read_text() == "aabbbbc"


@pytest.mark.parametrize("name", ["hardlink@openssh.com", "statvfs@openssh.com", "copy-data", "lsetstat@openssh.com",
                                  "expand-path@openssh.com", "users-groups-by-id@openssh.com", "nothing@example.org", ""])
def test_an_extension_that_was_not_offered_is_unsupported(packets, name):
    assert packets.status(200, text(name.encode()) + text(b"/built.txt") + text(b"/other")) == UNSUPPORTED
    assert packets.status(17, text(b"/nowhere")) == MISSING


def test_names_of_any_bytes_are_kept_and_the_log_gets_text(node, panel, game, packets):
    root = root_of(node, game)
    for name in (b"\xff\xfe", b"n" * 255, b"with\nnewline", "ü€".encode(), b"back\\slash", b" lead and trail "):
        kind, handle = packets.open(b"/" + name, WRITE | CREATE | TRUNCATE)
        assert kind == 102 and packets.status(4, handle) == OK, name
        assert os.path.exists(os.fsencode(root) + b"/" + name)
        assert packets.status(13, text(b"/" + name)) == OK
    for name in (b"n" * 256, b"d/" + b"n" * 300):
        kind, _ = packets.open(b"/" + name, WRITE | CREATE)
        assert kind == 101
    assert not (root / "d").exists()


def test_what_is_renamed_belongs_to_the_user_of_the_games(node, game, client):
    root = root_of(node, game)
    (root / "by-root").write_text("x")
    (root / "tree").mkdir()
    (root / "tree/inner").write_text("x")
    client.rename("/by-root", "/mine")
    client.rename("/tree", "/moved")
    owner = pwd.getpwnam("nobody").pw_uid           # system.username of these tests
    for path in ("mine", "moved", "moved/inner"):
        assert (root / path).stat().st_uid == owner, path


def test_a_mode_is_set_as_it_is_asked_for_and_what_is_called_a_folder_gets_0755(node, game, packets):
    """As the classic daemon does: some clients send the type with the mode, and their folders always get 0755."""
    root = root_of(node, game)
    (root / "d").mkdir()
    for path, asked, expected in ((b"/d", 0o700, 0o700), (b"/d", 0o40750, 0o755), (b"/built.txt", 0o104640, 0o640), (b"/built.txt", 0, 0o644)):
        assert packets.status(9, text(path) + struct.pack(">II", 4, asked)) == OK
        assert (root / path.decode().lstrip("/")).stat().st_mode & 0o7777 == expected


def test_the_log_has_what_was_done_in_its_order_and_nothing_else(launch, panel, game):
    node = launch()
    node.stop()
    config = yaml.safe_load(node.config.read_text())
    config["system"]["activity_send_interval"] = 1
    node.config.write_text(yaml.safe_dump(config))
    node.start()
    node.create(game)
    listens(node)
    user = "19a17d36-36b3-4ac6-9fbf-d3b708af2056"
    transport = connect(node, panel.allow(game, user=user))
    client = client_of(transport)
    client.mkdir("/d")
    client.mkdir("/d")                              # is there: nothing happened
    for name in ("/d/a", "/d/b"):
        client.open(name, "w").close()
    client.open("/d/a", "w").close()
    client.open("/d/a").read()
    client.chmod("/d/a", 0o600)
    client.symlink("a", "/d/link")
    client.listdir("/d")
    client.rename("/d/b", "/d/c")
    for act in (lambda: client.remove("/nowhere"), lambda: client.rename("/d/a", "/d/c"), lambda: client.open("/nowhere")):
        with pytest.raises(OSError):
            act()
    client.remove("/d/c")
    client.rmdir("/d")

    def entries() -> list[dict]:
        return [entry for method, path, body in list(panel.calls) if (method, path) == ("POST", "/activity") for entry in body["data"]]
    until(lambda: any("/d" in entry["metadata"]["files"] for entry in entries() if entry["event"] == "server:sftp.delete"), "the last entry")
    files: dict[str, list] = {}
    for entry in entries():
        assert sorted(entry) == ["event", "ip", "metadata", "server", "timestamp", "user"]
        assert (entry["user"], entry["server"], entry["ip"]) == (user, game, "127.0.0.1") and entry["timestamp"].endswith("Z")
        files.setdefault(entry["event"], []).extend(entry["metadata"]["files"])
    assert files == {"server:sftp.create-directory": ["/d"], "server:sftp.create": ["/d/a", "/d/b"], "server:sftp.write": ["/d/a"],
                     "server:sftp.rename": [{"from": "/d/b", "to": "/d/c"}], "server:sftp.delete": ["/d/c", "/d"]}
    transport.close()
