"""TOML with lines: values by the standard library's parser, lines by the headers and keys of the text."""

from __future__ import annotations

import re
import tomllib
from typing import Any

from remit.discover.sources.code.declarations.trees.node import Node, Shape, Tree, Trouble, scalar

_HEADER = re.compile(r"^\s*\[{1,2}\s*(.+?)\s*\]{1,2}\s*(?:#.*)?$")
_KEY = re.compile(r"""^\s*((?:"[^"]*"|'[^']*'|[A-Za-z0-9_-]+)(?:\s*\.\s*(?:"[^"]*"|'[^']*'|[A-Za-z0-9_-]+))*)\s*=""")
_PART = re.compile(r"""\s*(?:"([^"]*)"|'([^']*)'|([A-Za-z0-9_-]+))\s*\.?""")
_AT_LINE = re.compile(r"line (\d+)")
_MAX_DEPTH = 100


def parse_toml(text: str) -> Tree:
    """Reads a TOML text; a broken one is read up to the section that is broken, and after it."""
    try:
        data = tomllib.loads(text.replace("\r\n", "\n"))
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
        return _in_parts(text, error)
    return Tree(documents=(_tree(data, _lines(text)),))


def _in_parts(text: str, error: Exception) -> Tree:
    """Sections that can be read by themselves, when the whole cannot."""
    at = _AT_LINE.search(str(error))
    trouble = Trouble(line=int(at[1]) if at else 1, what="not TOML", is_deep=isinstance(error, RecursionError))
    kept: list[str] = []
    for section in _sections(text):
        try:
            tomllib.loads("".join([*kept, section]))
            kept.append(section)
        except (tomllib.TOMLDecodeError, RecursionError, ValueError):
            kept.append("\n" * section.count("\n"))
    readable = "".join(kept)
    if not readable.strip():
        return Tree(documents=(), troubles=(trouble,), is_whole=False)
    return Tree(documents=(_tree(tomllib.loads(readable), _lines(readable)),), troubles=(trouble,), is_whole=False)


def _sections(text: str) -> list[str]:
    lines = text.replace("\r\n", "\n").splitlines(keepends=True)
    starts = [0, *(number for number, line in enumerate(lines) if number and _HEADER.match(line))]
    if len(starts) > 400:
        return []
    return ["".join(lines[start:end]) for start, end in zip(starts, [*starts[1:], len(lines)], strict=True)]


def _parts(dotted: str) -> tuple[str, ...]:
    """The keys of a dotted key, quotes undone."""
    return tuple(next((group for group in match.groups() if group is not None), "") for match in _PART.finditer(dotted))


def _lines(text: str) -> dict[tuple[str, ...], int]:
    """Path of keys -> the line on which it is written first; arrays of tables carry their index."""
    found: dict[tuple[str, ...], int] = {}
    counts: dict[tuple[str, ...], int] = {}
    here: tuple[str, ...] = ()
    for number, line in enumerate(text.splitlines(), 1):
        header = _HEADER.match(line)
        if header is not None and not _KEY.match(line):
            here = _parts(header[1])
            if line.lstrip().startswith("[["):
                counts[here] = counts.get(here, -1) + 1
                here = (*here, str(counts[here]))
            found.setdefault(here, number)
            continue
        key = _KEY.match(line)
        if key is not None:
            found.setdefault((*here, *_parts(key[1])), number)
    return found


def _tree(data: dict[str, Any], lines: dict[tuple[str, ...], int]) -> Node:
    return _node(data, (), 1, lines, 0)


def _node(value: Any, path: tuple[str, ...], line: int, lines: dict[tuple[str, ...], int], depth: int) -> Node:
    line = lines.get(path, line)
    if depth > _MAX_DEPTH:
        return scalar("", line)
    if isinstance(value, dict):
        pairs = []
        for key, inner in value.items():
            node = _node(inner, (*path, key), line, lines, depth + 1)
            pairs.append((scalar(key, node.line), node))
        return Node(shape=Shape.MAP, line=line, end=max([line, *(node.end for _, node in pairs)]), pairs=tuple(pairs))
    if isinstance(value, list):
        items = tuple(_node(inner, (*path, str(index)), line, lines, depth + 1) for index, inner in enumerate(value))
        return Node(shape=Shape.LIST, line=line, end=max([line, *(item.end for item in items)]), items=items)
    if isinstance(value, bool):
        return scalar("true" if value else "false", line, is_plain=True)
    return scalar(str(value), line, is_plain=not isinstance(value, str))
