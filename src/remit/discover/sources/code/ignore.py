"""gitignore-style patterns: what `.gitignore` files, `--include` and `--exclude` name.

Invariants:
- the deepest `.gitignore` that says something about a path decides; within one file the last pattern that fits does;
- a folder that is ignored hides what is in it, except for what `--include` names;
- matching takes time that is bounded by the path: a `.gitignore` line with more wildcards than `_MOST_STARS` in one name, or more than
  `_MOST_DEEP` that reach over folders, is not applied (what it would hide is read instead).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import pathspec
from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

_MOST_STARS = 3
_MOST_DEEP = 2


class Patterns:
    """The patterns of one file or option, compiled once; paths are relative to where the patterns hold."""

    def __init__(self, lines: Iterable[str], *, is_trusted: bool = False) -> None:
        """`is_trusted`: the user typed the lines; those of a file that is scanned may be made to be slow."""
        self._spec = pathspec.GitIgnoreSpec.from_lines(line for line in _valid(lines) if is_trusted or _is_quick(line))
        sources = [
            re.sub(r"\(\?P<\w+>", "(?:", pattern.regex.pattern)
            for pattern in self._spec.patterns
            if pattern.include is not None and pattern.regex is not None
        ]
        # One search in C settles the usual case, that no pattern fits.
        self._any = re.compile("|".join(f"(?:{source})" for source in sources)) if sources else None

    def verdict(self, path: str) -> bool | None:
        """True: named. False: named by a pattern that takes back (`!`). None: nothing is said. Folders end in `/`."""
        if self._any is None or self._any.match(path) is None:
            return None
        return self._spec.check_file(path).include


def _valid(lines: Iterable[str]) -> list[str]:
    """The lines that are patterns; git passes over a line that is none, and so does this."""
    kept = []
    for line in lines:
        text = line.rstrip("\r\n")
        try:
            GitIgnoreSpecPattern(text)
        except (ValueError, re.error):
            continue
        kept.append(text)
    return kept


def _is_quick(line: str) -> bool:
    names = line.split("/")
    deep = sum(name == "**" for name in names)
    return deep <= _MOST_DEEP and len(line) <= 1000 and all(name == "**" or len(re.findall(r"\*+", name)) <= _MOST_STARS for name in names)


class IgnoreStack:
    """The `.gitignore` files that hold in one folder, from the root of the scan down."""

    __slots__ = ("_levels",)

    def __init__(self, levels: tuple[tuple[int, Patterns], ...] = ()) -> None:
        self._levels = levels

    def below(self, folder: str, patterns: Patterns) -> IgnoreStack:
        """The stack inside `folder` (relative, empty for the root), whose own file holds `patterns`."""
        return IgnoreStack((*self._levels, (len(folder) + 1 if folder else 0, patterns)))

    def names(self, path: str) -> bool:
        """Whether a path, relative to the root of the scan, is ignored; folders end in `/`."""
        for offset, patterns in reversed(self._levels):
            verdict = patterns.verdict(path[offset:])
            if verdict is not None:
                return verdict
        return False


def is_pattern(text: str) -> bool:
    """Whether a text is a gitignore pattern that can name something."""
    return bool(_valid([text])) and not text.startswith("#") and bool(text.strip("!/ "))
