"""Quarantines on the disk: replaced whole, and never mistaken for none."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from remit.model.errors import RefusedError
from remit.store.suspended import Suspension, read_suspended, write_suspended

HELD = {"reader": Suspension(because="it wrote to everybody\x1b", since="2026-07-31T12:00:00.000000Z")}


def test_what_was_written_is_read_back_from_a_private_file(tmp_path: Path):
    path = tmp_path / "state" / "suspended.json"
    write_suspended(path, HELD)
    assert read_suspended(path) == HELD
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    write_suspended(path, {})
    assert read_suspended(path) == {}
    assert [found.name for found in path.parent.iterdir()] == ["suspended.json"]


def test_an_absent_file_is_nobody(tmp_path: Path):
    assert read_suspended(tmp_path / "suspended.json") == {}


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "damaged"),
        (b"{}", "damaged"),
        (b'{"v":1,"suspended":{"reader":true}}', "damaged"),
        (b'{"v":1,"suspendet":{}}', "damaged"),
        (b'{"v":1,"suspended":{},"more":1}', "damaged"),
        (b"[" * 100_000, "damaged"),
        (b"\xff", "damaged"),
        (b'{"v":2,"suspended":{}}', "form 2"),
    ],
)
def test_a_damaged_file_is_an_error_and_not_an_empty_list(tmp_path: Path, content: bytes, why: str):
    path = tmp_path / "suspended.json"
    path.write_bytes(content)
    with pytest.raises(RefusedError, match=why):
        read_suspended(path)


def test_a_folder_in_its_place_is_an_error_both_ways(tmp_path: Path):
    path = tmp_path / "suspended.json"
    path.mkdir()
    with pytest.raises(RefusedError, match="cannot be read"):
        read_suspended(path)
    with pytest.raises(RefusedError, match="cannot be written"):
        write_suspended(path, HELD)
