"""A pytest plugin for ../shared/conformance: leaves out what tests/conformance-pending.txt lists.

A line is `file.py::test_name  issue N: reason` (`TOKEN_SCOPE=1: reason`: left out of the run without it only); `file.py::test_name[case]` leaves out one case. A line whose test is not
there any more, or that gives no reason, is an error: the list is kept true."""
from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

LIST = Path(__file__).resolve().parent.parent / "conformance-pending.txt"
LINE = re.compile(r"^(?P<file>\S+\.py)::(?P<test>\w+)(?P<case>\[.*?\])?\s+(?P<reason>(?:issue \d+|later issue|test is wrong|TOKEN_SCOPE=1): .+)$")


def entries() -> list[re.Match]:
    found = []
    for number, line in enumerate(LIST.read_text().splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        match = LINE.match(line)
        if match is None:
            raise pytest.UsageError(f"{LIST.name}:{number}: want `file.py::test_name  issue N: reason`, not {line!r}")
        if match["reason"].startswith("TOKEN_SCOPE=1") and os.environ.get("TOKEN_SCOPE") == "1":
            continue
        found.append(match)
    return found


def pytest_configure(config: pytest.Config) -> None:
    config.pending = entries()


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """A file that is wholly pending is not even imported: what it needs may not be installed."""
    if collection_path.suffix != ".py" or not collection_path.name.startswith("test_"):
        return None
    tests = set(re.findall(r"^(?:async )?def (test_\w+)", collection_path.read_text(), re.M))
    listed = {e["test"] for e in config.pending if e["file"] == collection_path.name and not e["case"]}
    if gone := listed - tests:
        raise pytest.UsageError(f"{LIST.name}: {collection_path.name} has no {', '.join(sorted(gone))}")
    return True if tests and tests <= listed else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    listed = {(e["file"], e["test"] + (e["case"] or "")) for e in config.pending}
    keep, left = [], []
    for item in items:
        pending = {(item.path.name, item.name), (item.path.name, item.originalname)} & listed
        (left if pending else keep).append(item)
    if left:
        config.hook.pytest_deselected(items=left)
        items[:] = keep
