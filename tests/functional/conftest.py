from __future__ import annotations

import shutil
from typing import Callable, Iterator

import pytest

from support import engine
from support.files import Files, furnish, small_archive
from support.node import Node
from support.outside import Outside
from support.panel import Panel, server
from support.sftp import Packets, client_of, connect, listens


@pytest.fixture(scope="session", autouse=True)
def image() -> Iterator[None]:
    engine.make_image()
    yield
    engine.docker("network", "rm", "functional_nw", "pinion_nw", check=False)


@pytest.fixture
def panel() -> Iterator[Panel]:
    panel = Panel()
    yield panel
    panel.close()


@pytest.fixture
def launch(panel: Panel) -> Iterator[Callable[..., Node]]:
    """A daemon of the test's own: launch(wait=False, environment={...}, **configuration)."""
    made: list[Node] = []

    def start(wait: bool = True, environment: dict | None = None, **extra) -> Node:
        node = Node(panel, environment, **extra)
        made.append(node)
        return node.start(wait)

    yield start
    for node in made:
        node.remove()


@pytest.fixture
def game(panel: Panel) -> str:
    """A server that the Panel knows; ~ because its image is on this machine only."""
    return panel.add(server(f"~{engine.IMAGE}", engine.GAME))


@pytest.fixture
def node(launch, game) -> Node:
    """A daemon with the server installed, and its SFTP up."""
    node = launch()
    node.create(game)
    listens(node)
    return node


@pytest.fixture
def client(node, panel, game):
    """A user of the server by SFTP."""
    transport = connect(node, panel.allow(game))
    yield client_of(transport)
    transport.close()


@pytest.fixture
def packets(node, panel, game) -> Iterator[Packets]:
    """The same, with requests by hand."""
    transport = connect(node, panel.allow(game))
    yield Packets(transport)
    transport.close()


@pytest.fixture
def outside() -> Iterator[Outside]:
    """A folder that is no server's."""
    outside = Outside()
    yield outside
    shutil.rmtree(outside.path, ignore_errors=True)


@pytest.fixture
def files(launch, game) -> Files:
    """The file routes of a server whose folder is there, without an installation."""
    files = Files(launch(), game)
    files.volume.mkdir(exist_ok=True)
    return files


@pytest.fixture
def linked(files) -> Files:
    """The same, with something behind each kind of signed link."""
    furnish(files)
    backups = files.node.root / "backups"
    backups.mkdir(exist_ok=True)
    (backups / "11111111-2222-4333-8444-555555555555.tar.gz").write_bytes(small_archive())
    return files
