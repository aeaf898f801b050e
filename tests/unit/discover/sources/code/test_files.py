"""Reading one file within bounds, and what counts as text."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from remit.discover.sources.code.files import NotRegularError, decoded, is_test_path, read_bounded
from remit.model.evidence import GapKind


def test_a_file_at_the_bound_is_read_and_one_beyond_it_is_not(tmp_path: Path):
    (tmp_path / "a").write_bytes(b"x" * 10)
    assert read_bounded(str(tmp_path / "a"), 10) == b"x" * 10
    assert read_bounded(str(tmp_path / "a"), 9) is None


def test_five_gigabytes_of_nothing_cost_nothing(tmp_path: Path):
    with (tmp_path / "sparse").open("wb") as handle:
        handle.truncate(5 * 1024**3)
    assert read_bounded(str(tmp_path / "sparse"), 8 * 1024**2) is None


def test_a_file_whose_size_the_system_does_not_know_is_read_to_the_bound():
    assert read_bounded("/proc/self/status", 1 << 20)
    assert read_bounded("/proc/self/status", 4) is None


def test_a_link_put_in_the_place_of_a_file_is_not_followed(tmp_path: Path):
    (tmp_path / "a").write_bytes(b"x")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(OSError, match="symbolic links"):
        read_bounded(str(tmp_path / "b"), 10)


def test_a_pipe_put_in_the_place_of_a_file_does_not_stop_the_scan(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(NotRegularError):
        read_bounded(str(tmp_path / "pipe"), 10)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", ""),
        (b"\xef\xbb\xbfx\n", "x\n"),
        ("\ufeffé\n".encode("utf-16-le"), "é\n"),
        ("\ufeffé\n".encode("utf-16-be"), "é\n"),
        ("\ufeffé\n".encode("utf-32-le"), "é\n"),
        (b"a\r\nb\rc", "a\r\nb\rc"),
        (b"x" * 9000 + b"\0", "x" * 9000 + "\0"),
    ],
)
def test_text_is_decoded_and_its_bytes_agree(data: bytes, text: str):
    file, gap = decoded("a.py", data)
    assert file is not None
    assert (file.text, file.data, gap) == (text, text.encode(), None)


def test_bytes_that_are_no_text_cost_a_note_and_not_the_file():
    file, gap = decoded("a.py", b"# caf\xe9 and a long line of plain text\nx = 1\n")
    assert file is not None
    assert gap is not None
    assert "x = 1" in file.text
    assert (gap.kind, gap.is_file) == (GapKind.ENCODING, False)


@pytest.mark.parametrize(("data", "kind"), [(b"\x7fELF\0\0", GapKind.BINARY), (b"\x80\x81\x82abc", GapKind.ENCODING)])
def test_what_is_not_text_is_not_read(data: bytes, kind: GapKind):
    file, gap = decoded("a.py", data)
    assert file is None
    assert gap is not None
    assert (gap.kind, gap.is_file) == (kind, True)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("tests/a.py", True),
        ("a/test/b.ts", True),
        ("test_a.py", True),
        ("a_test.py", True),
        ("conftest.py", True),
        ("a/x.spec.tsx", True),
        ("a/__tests__/x.js", True),
        ("latest/a.py", False),
        ("testimony.py", False),
        ("contest/a.py", False),
    ],
)
def test_tests_are_told_by_their_path(path: str, expected: bool):
    assert is_test_path(path) is expected
