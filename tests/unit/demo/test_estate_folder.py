"""Whose folder a demo takes, and what it does to it."""

from __future__ import annotations

import os
import re
from errno import EPERM
from pathlib import Path

import pytest

from remit.demo.estate import running
from remit.demo.estate.folder import MARK, held
from remit.model.errors import RefusedError


def test_a_new_folder_is_made_and_held(tmp_path: Path):
    with held(tmp_path / "a" / "b") as folder:
        assert [path.name for path in folder.iterdir()] == [MARK]


def test_what_an_earlier_run_left_is_cleared_away(tmp_path: Path):
    with held(tmp_path / "demo") as folder:
        (folder / "company").mkdir()
        (folder / "company" / "x.py").write_text("x")
        (folder / "outside").symlink_to(tmp_path)
    with held(tmp_path / "demo") as folder:
        assert [path.name for path in folder.iterdir()] == [MARK]
    assert tmp_path.is_dir()


@pytest.mark.parametrize("happens", ["removes", "makes"])
def test_a_command_of_the_last_run_that_is_still_ending_is_no_fault(happens: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """As SQLite does with its log when the last connection closes."""
    with held(tmp_path / "demo") as folder:
        for name in ("store.sqlite3-shm", "store.sqlite3-wal"):
            (folder / "data").mkdir(exist_ok=True)
            (folder / "data" / name).write_text("x")
    unlink, left = os.unlink, ["once"]

    def beside(path: str, **where: int) -> None:
        if left and left.pop():
            if happens == "removes":
                unlink(path, **where)
            else:
                (folder / "data" / "late").write_text("x")
        unlink(path, **where)

    monkeypatch.setattr(os, "unlink", beside)
    with held(tmp_path / "demo") as folder:
        assert [path.name for path in folder.iterdir()] == [MARK]
    assert not left


def test_what_cannot_be_cleared_away_is_named_with_the_cause(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with held(tmp_path / "demo") as folder:
        (folder / "kept").write_text("x")

    def refuse(path: object, **_: object) -> None:
        raise PermissionError(EPERM, "Operation not permitted", str(path))

    monkeypatch.setattr(os, "unlink", refuse)
    said = f"`{folder / 'kept'}` of the last run cannot be cleared away: operation not permitted"
    with pytest.raises(RefusedError, match=re.escape(said)), held(tmp_path / "demo"):
        pass


def test_a_folder_with_anything_else_in_it_is_left_alone(tmp_path: Path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(RefusedError, match="is not empty, and is no folder of a demo"), held(tmp_path):
        pass
    assert (tmp_path / "mine.txt").read_text() == "mine"


def test_a_second_demo_in_the_same_folder_is_refused(tmp_path: Path):
    with held(tmp_path / "demo") as folder:
        (folder / "kept").write_text("x")
        with pytest.raises(RefusedError, match="a demo runs already"), held(tmp_path / "demo"):
            pass
        assert (folder / "kept").exists()


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(RefusedError, match="give a folder that can be written to"), held(tmp_path / "file" / "demo"):
        pass


def test_a_full_disk_is_said_before_anything_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 1 << 20}))
    with pytest.raises(RefusedError, match="make room"), held(tmp_path / "demo"):
        pass


def test_a_missing_extra_is_named_with_the_command_that_brings_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "moto" else object())
    with pytest.raises(RefusedError, match=r"needs moto: `pip install 'remit\[demo\]'`"), running.running(tmp_path, print):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_folder_of_another_user_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: os.stat(tmp_path).st_uid + 1)
    with pytest.raises(RefusedError, match="belongs to another user"), held(tmp_path):
        pass
    assert not list(tmp_path.iterdir())
