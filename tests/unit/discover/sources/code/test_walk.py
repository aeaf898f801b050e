"""The bounded walk: what is found, what is left, and that nothing outside is touched."""

from __future__ import annotations

import errno
import inspect
import os
import sys
from pathlib import Path

import pytest

from remit.contracts.source import Scope
from remit.discover.sources.code import walk
from remit.discover.sources.code.walk import Found, Walk
from remit.model.evidence import Gap, GapKind


def _walked(root: Path, *, include: tuple[str, ...] = (), exclude: tuple[str, ...] = ()) -> tuple[dict[str, Found], dict[str, Gap]]:
    found, gaps = {}, {}
    for entry in Walk(Scope(root=root, include=include, exclude=exclude), lambda path: path.endswith(".py")).entries():
        if isinstance(entry, Found):
            found[entry.path] = entry
        else:
            gaps[entry.place.path] = entry
    return found, gaps


def _write(root: Path, *paths: str) -> None:
    for path in paths:
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text("x = 1\n", "utf-8")


def test_files_come_in_the_order_of_their_names_and_before_sub_folders(tmp_path: Path):
    _write(tmp_path, "b/x.py", "c.py", "a.py", "b/a/y.py", "B.py")
    assert list(_walked(tmp_path)[0]) == ["B.py", "a.py", "c.py", "b/x.py", "b/a/y.py"]


def test_a_file_that_no_reader_wants_is_named(tmp_path: Path):
    _write(tmp_path, "a.png", "Makefile")
    _, gaps = _walked(tmp_path)
    assert {path: (gap.kind, gap.what) for path, gap in gaps.items()} == {
        "a.png": (GapKind.UNSUPPORTED, "no reader for `.png` files"),
        "Makefile": (GapKind.UNSUPPORTED, "no reader for files of this name"),
    }


@pytest.mark.parametrize(
    ("patterns", "path", "is_left_out"),
    [
        ("*.py", "deep/a.py", True),
        ("/a.py", "deep/a.py", False),
        ("deep", "deep/a.py", True),
        ("deep/", "deep/a.py", True),
        ("deep/*\n!deep/a.py", "deep/a.py", False),
        ("deep/\n!deep/a.py", "deep/a.py", True),
        ("**/a.py", "x/y/a.py", True),
        ("# comment\n\n[\n", "deep/a.py", False),
    ],
)
def test_gitignore_hides_what_git_would_ignore(tmp_path: Path, patterns: str, path: str, is_left_out: bool):
    _write(tmp_path, path)
    (tmp_path / ".gitignore").write_text(patterns, "utf-8")
    found, gaps = _walked(tmp_path)
    assert (path not in found) is is_left_out
    assert any(gap.kind is GapKind.LEFT_OUT for gap in gaps.values()) is is_left_out


def test_a_deeper_gitignore_overrules_the_one_above_it(tmp_path: Path):
    _write(tmp_path, "a/x.py", "b/x.py")
    (tmp_path / ".gitignore").write_text("x.py\n", "utf-8")
    (tmp_path / "a/.gitignore").write_text("!x.py\n", "utf-8")
    assert list(_walked(tmp_path)[0]) == ["a/x.py"]


def test_include_brings_back_what_gitignore_hides_and_says_so(tmp_path: Path):
    _write(tmp_path, "out/made/a.py", "out/b.py", "node_modules/p/c.py")
    (tmp_path / ".gitignore").write_text("out/\n", "utf-8")
    found, gaps = _walked(tmp_path, include=("out/made/", "node_modules/p/c.py"))
    assert found.keys() == {"node_modules/p/c.py", "out/made/a.py"}
    assert "--include names it" in found["out/made/a.py"].note
    assert gaps["out"].kind is GapKind.LEFT_OUT


def test_exclude_wins_over_include_and_is_in_the_ledger(tmp_path: Path):
    _write(tmp_path, "a.py", "b/c.py")
    found, gaps = _walked(tmp_path, include=("a.py",), exclude=("a.py", "b/"))
    assert not found
    assert {path: gap.what for path, gap in gaps.items()} == {"a.py": "named by --exclude", "b": "named by --exclude"}


@pytest.mark.parametrize("path", [".git/x.py", "node_modules/x.py", "env/lib/x.py"])
def test_what_is_never_the_project_is_one_gap_for_the_folder(tmp_path: Path, path: str):
    _write(tmp_path, path, "env/pyvenv.cfg")
    found, gaps = _walked(tmp_path)
    assert not found
    assert gaps[path.split("/")[0]].kind is GapKind.LEFT_OUT


def test_version_history_stays_out_even_when_it_is_included(tmp_path: Path):
    _write(tmp_path, ".git/x.py")
    assert not _walked(tmp_path, include=("**",))[0]


def test_links_are_named_and_never_followed(tmp_path: Path):
    root = tmp_path / "root"
    _write(tmp_path, "outside/x.py", "root/a.py", "root/inner/b.py")
    (root / "out.py").symlink_to(tmp_path / "outside/x.py")
    (root / "out").symlink_to("../outside")
    (root / "loop").symlink_to(".")
    (root / "in.py").symlink_to("a.py")
    (root / "gone.py").symlink_to("nothing.py")
    (root / "circle.py").symlink_to("circle.py")
    found, gaps = _walked(root)
    assert found.keys() == {"a.py", "inner/b.py"}
    assert {path: gap.kind for path, gap in gaps.items()} == {
        "out.py": GapKind.OUTSIDE,
        "out": GapKind.OUTSIDE,
        "loop": GapKind.LINK,
        "in.py": GapKind.LINK,
        "gone.py": GapKind.LINK,
        "circle.py": GapKind.LINK,
    }


def test_a_sibling_whose_name_begins_like_the_root_is_outside(tmp_path: Path):
    _write(tmp_path, "root-more/x.py", "root/a.py")
    (tmp_path / "root/x.py").symlink_to("../root-more/x.py")
    assert _walked(tmp_path / "root")[1]["x.py"].kind is GapKind.OUTSIDE


def test_a_pipe_is_never_opened(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe.py")
    assert _walked(tmp_path)[1]["pipe.py"].kind is GapKind.SPECIAL


def test_names_that_are_no_text_are_written_out(tmp_path: Path):
    try:
        (tmp_path / os.fsdecode(b"bad-\xff.py")).write_text("x = 1\n", "utf-8")
    except OSError:
        pytest.skip("the file system takes only names that are text")
    assert list(_walked(tmp_path)[0]) == ["bad-\\xff.py"]


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.EACCES, GapKind.NO_PERMISSION),
        (errno.ENOENT, GapKind.VANISHED),
        (errno.ENAMETOOLONG, GapKind.DEPTH),
        (errno.EIO, GapKind.NO_PERMISSION),
    ],
)
def test_a_folder_that_the_system_refuses_is_a_gap_and_costs_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, kind: GapKind
):
    _write(tmp_path, "closed/x.py", "open/y.py")
    scandir = os.scandir

    def refusing(path: str):
        if path.endswith("closed"):
            raise OSError(number, os.strerror(number))
        return scandir(path)

    monkeypatch.setattr(walk.os, "scandir", refusing)
    found, gaps = _walked(tmp_path)
    assert list(found) == ["open/y.py"]
    assert gaps["closed"].kind is kind


def test_a_root_that_is_gone_is_a_gap(tmp_path: Path):
    (gap,) = _walked(tmp_path / "nowhere")[1].values()
    assert gap.kind is GapKind.VANISHED


def test_a_single_file_is_a_scope_of_its_own(tmp_path: Path):
    _write(tmp_path, "a.py")
    assert list(_walked(tmp_path / "a.py")[0]) == ["a.py"]


def test_the_depth_of_folders_costs_no_stack(tmp_path: Path):
    depth = 150
    _write(tmp_path, f"{'d/' * depth}bottom.py")
    walking = Walk(Scope(root=tmp_path), lambda path: True).entries()
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack(0)) + depth // 2)
    try:
        found = list(walking)
    finally:
        sys.setrecursionlimit(limit)
    assert [entry.path for entry in found if isinstance(entry, Found)] == [f"{'d/' * depth}bottom.py"]


def test_a_gitignore_made_to_be_slow_is_not(tmp_path: Path):
    _write(tmp_path, "a" * 200 + ".py")
    (tmp_path / ".gitignore").write_text("*a" * 60 + "b\n" + "**/" * 60 + "b\n", "utf-8")
    assert len(_walked(tmp_path)[0]) == 1
