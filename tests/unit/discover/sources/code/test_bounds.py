"""What reading one file may cost, and that one file costs no other."""

from __future__ import annotations

import itertools
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import tree_sitter
import tree_sitter_python

from remit.contracts.source import Scope
from remit.discover.sources.code.bounds import OutOfTime, costly, is_too_deep, limited
from remit.discover.sources.code.reader import Project, SourceFile
from remit.discover.sources.code.source import CodeSource
from remit.model.evidence import AgentSeen, Evidence, FileRead, Gap, GapKind
from remit.model.place import Place


def _file(text: str) -> SourceFile:
    return SourceFile(path="a.py", data=text.encode(), text=text, is_test=False)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("(" * 100_000, GapKind.DEPTH),
        ("[" * 3_000 + "]" * 3_000, GapKind.DEPTH),
        ('{"a":' * 5_000 + "1" + "}" * 5_000, GapKind.DEPTH),
        ("x = [1, 2, 3, 4, 5, 6]\n" * 150_000, GapKind.TOO_LARGE),
    ],
)
def test_what_is_made_to_be_costly_is_not_parsed(text: str, kind: GapKind):
    gap = costly(_file(text))
    assert gap is not None
    assert (gap.kind, gap.is_file) == (kind, True)


@pytest.mark.parametrize(
    "text", ["f(a)[0]\n" * 100_000, "(" * 1_000 + ")" * 1_000, "words and words\n" * 500_000, "x" * 8_000_000, ")" * 10_000]
)
def test_what_is_merely_long_is_parsed(text: str):
    assert costly(_file(text)) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [("a" + ".b()" * 40_000, True), ("-" * 40_000 + "1", True), ("f(1)\n" * 40_000, False), ("x = 1", False)],
)
def test_a_tree_deeper_than_queries_follow_is_told_from_a_long_one(text: str, expected: bool):
    tree = tree_sitter.Parser(tree_sitter.Language(tree_sitter_python.language())).parse(text.encode())
    assert is_too_deep(tree) is expected


def test_a_reader_that_does_not_end_is_ended_and_the_timer_is_taken_back():
    before = signal.getsignal(signal.SIGVTALRM)
    with pytest.raises(OutOfTime), limited(0.05):
        for _ in itertools.count():
            pass
    assert signal.getsignal(signal.SIGVTALRM) is before
    assert signal.getitimer(signal.ITIMER_VIRTUAL) == (0.0, 0.0)


class _Reader:
    """Does what the file says."""

    name = "test"
    signals = None

    def __init__(self, name: str = "test") -> None:
        self.name = name

    def wants(self, path: str) -> bool:
        return path.endswith(".py")

    def read(self, file: SourceFile, project: Project) -> Iterator[Evidence | Gap]:
        word = file.text.strip()
        yield AgentSeen(place=Place(file.path, 1, 1), framework="f", construct="c", language="python", name=word)
        if word == "recursion":
            raise RecursionError
        if word == "memory":
            raise MemoryError
        if word == "error":
            raise KeyError("\x1b[31m")
        if word == "refuses" or word == self.name:
            yield Gap(place=Place(file.path), kind=GapKind.PARSE_ERROR, what="cannot be parsed")
        if word == "neighbour":
            yield from ([] if project.file("deep.py") is None else [FileRead(place=Place("wrong"), size=0)])


def _look(root: Path, *names: str) -> list[Evidence | Gap]:
    return list(CodeSource([_Reader(name) for name in names or ("test",)]).look(Scope(root=root)))


@pytest.mark.parametrize(("word", "kind"), [("recursion", GapKind.DEPTH), ("memory", GapKind.TOO_LARGE), ("error", GapKind.PARSE_ERROR)])
def test_a_reader_that_fails_costs_neither_what_it_saw_nor_the_next_file(tmp_path: Path, word: str, kind: GapKind):
    (tmp_path / "a.py").write_text(word, "utf-8")
    (tmp_path / "b.py").write_text("fine", "utf-8")
    seen = _look(tmp_path)
    assert [one.name for one in seen if isinstance(one, AgentSeen)] == [word, "fine"]
    assert [one.place.path for one in seen if isinstance(one, FileRead)] == ["a.py", "b.py"]
    (gap,) = [one for one in seen if isinstance(one, Gap)]
    assert (gap.place, gap.kind, gap.is_file) == (Place("a.py"), kind, False)
    assert "\x1b" not in gap.what


def test_a_file_that_every_reader_gives_up_is_not_read_and_named_once(tmp_path: Path):
    (tmp_path / "a.py").write_text("refuses", "utf-8")
    seen = _look(tmp_path, "one", "two")
    assert [one.is_file for one in seen if isinstance(one, Gap)] == [True, False]
    assert not any(isinstance(one, FileRead) for one in seen)


def test_a_file_that_one_reader_gives_up_is_read_by_the_other(tmp_path: Path):
    (tmp_path / "a.py").write_text("two", "utf-8")
    seen = _look(tmp_path, "one", "two")
    assert [one.is_file for one in seen if isinstance(one, Gap)] == [False]
    assert any(isinstance(one, FileRead) for one in seen)


def test_a_costly_file_is_not_given_to_the_readers_of_others(tmp_path: Path):
    (tmp_path / "a.py").write_text("neighbour", "utf-8")
    (tmp_path / "deep.py").write_text("(" * 10_000, "utf-8")
    seen = _look(tmp_path)
    assert [one.place.path for one in seen if isinstance(one, FileRead)] == ["a.py"]
    assert [one.kind for one in seen if isinstance(one, Gap)] == [GapKind.DEPTH]


def test_an_agent_among_tests_is_marked_and_its_own_text_is_hashed(tmp_path: Path):
    (tmp_path / "tests").mkdir()
    text = "x" * 100
    for path in ("tests/a.py", "b.py"):
        (tmp_path / path).write_text(text + "\n", "utf-8")
    first, second = (one for one in _look(tmp_path) if isinstance(one, AgentSeen))
    assert (first.is_test, second.is_test) == (False, True)
    assert first.code_hash == second.code_hash is not None


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.py", 'print("[")\n' * 5_000),
        ("a.ts", "say('({');\n" * 5_000),
        ("a.ipynb", '{"cells": [{"source": "%s"}]}' % (r"[\"(\n" * 5_000)),
    ],
)
def test_brackets_in_quoted_text_do_not_nest(path: str, text: str):
    assert costly(SourceFile(path=path, data=text.encode(), text=text, is_test=False)) is None
