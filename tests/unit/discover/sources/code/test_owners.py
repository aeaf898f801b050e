"""CODEOWNERS as evidence."""

from __future__ import annotations

import pytest

from remit.discover.sources.code.owners import owners_in
from remit.discover.sources.code.reader import SourceFile


def _owners(text: str) -> list[tuple[int | None, str | None, tuple[str, ...]]]:
    file = SourceFile(path="CODEOWNERS", data=text.encode(), text=text, is_test=False)
    return [(seen.place.line, seen.pattern, seen.names) for seen in owners_in(file)]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("* @org/all", ("*", ("@org/all",))),
        ("/docs/ @a dana@example.com # the writers", ("/docs/", ("@a", "dana@example.com"))),
        ("/free/", ("/free/", ())),
        ("a\\ b.txt @a", ("a b.txt", ("@a",))),
        ("*.js nobody", ("*.js", ())),
    ],
)
def test_a_line_names_a_pattern_and_its_owners(line: str, expected: tuple[str, tuple[str, ...]]):
    assert _owners(f"# head\n{line}\n") == [(2, *expected)]


def test_a_section_gives_its_owners_to_lines_without_any():
    assert _owners("[Agents][2] @team\nagents/\nagents/x @x\n") == [(2, "agents/", ("@team",)), (3, "agents/x", ("@x",))]


def test_a_pattern_made_to_be_slow_is_passed_over():
    assert _owners("*a" * 100 + " @a\n" + "x" * 1000 + " @a\n") == []
