"""Patterns of CODEOWNERS: as GitHub reads them, and in bounded time whatever a hostile file holds."""

from __future__ import annotations

import re
from random import Random

import pytest

from remit.discover.codeowners import names

PIECES = {"**/": "(?:.*/)?", "/**": "/.*", "**": ".*", "*": "[^/]*", "?": "[^/]"}


def slowly(pattern: str, path: str) -> bool:
    """The definition, as an expression that may try again for ever."""
    body = pattern.strip("/")
    parts = [PIECES.get(piece, re.escape(piece)) for piece in re.split(r"(\*\*/|/\*\*(?!/)|\*\*|\*|\?)", body)]
    start = "" if "/" in pattern.rstrip("/") else "(?:.*/)?"
    end = "/.*" if pattern.endswith("/") else "" if body.endswith("/*") else "(?:/.*)?"
    return re.fullmatch(f"{start}{''.join(parts)}{end}", path, re.DOTALL) is not None


@pytest.mark.parametrize(
    ("pattern", "path", "is_named"),
    [
        ("*.py", "agents/a/run.py", True),
        ("docs/*", "docs/a.md", True),
        ("docs/*", "docs/a/b.md", False),
        ("/agents/", "agents/a/run.py", True),
        ("/agents/", "other/agents/run.py", False),
        ("agents", "other/agents/run.py", True),
        ("/src/**/run.py", "src/run.py", True),
        ("/src/**/run.py", "src/a/b/run.py", True),
        ("/src/**", "src/a/run.py", True),
        ("**/a/**/b/**/c*d*e.py", "x/a/y/z/b/c1d2e.py", True),
        ("**/a/**/b/**/c*d*e.py", "x/a/y/z/c/c1d2e.py", False),
    ],
)
def test_a_pattern_names_what_it_says(pattern: str, path: str, is_named: bool) -> None:
    assert names(pattern, path) is slowly(pattern, path) is is_named


def test_many_wildcards_and_few_mean_the_same_as_the_definition() -> None:
    random, found = Random(11), set()
    for _ in range(8_000):
        pattern = "".join(random.choices(["a", "b", "/", "*", "**", "?", "**/", "/**", "."], k=random.randrange(1, 7)))
        path = "/".join("".join(random.choices("ab.", k=random.randrange(1, 3))) for _ in range(random.randrange(1, 4)))
        expected = slowly(pattern, path)
        assert names(pattern, path) is expected, (pattern, path)
        found.add((expected, len(re.findall(r"\*+", pattern)) > 3))
    assert len(found) == 4


@pytest.mark.parametrize("pattern", ["**/" * 30 + "x", "*a" * 40 + "b", "**/a/" * 30 + "b", "*" * 101 + "b"])
def test_a_hostile_pattern_holds_nobody_up(pattern: str) -> None:
    for path in ("a/" * 100 + "y", "a" * 250):
        assert names(pattern, path) is False
