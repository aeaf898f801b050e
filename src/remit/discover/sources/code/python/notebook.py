"""The code of a notebook as one text, with the line of the raw file for each of its lines.

Invariants:
- a line of code keeps the line on which its string stands in the `.ipynb`;
- magic lines become `pass` at their own indentation, so that what stands around them still parses;
- cells of other languages (`%%bash`, `%%html`, written files that are not Python) are left out.
"""

from __future__ import annotations

import re

import msgspec
import tree_sitter
import tree_sitter_json
from tree_sitter import Node

_JSON = tree_sitter.Language(tree_sitter_json.language())
_MAGIC = re.compile(r"(\s*)(?:[%!]|\?\w|\w[\w.]*\?{1,2}\s*$)")
_CELL = re.compile(r"\s*%%(\w+)(.*)")
_ASSIGNED = re.compile(r"(\s*\w[\w, ]*=\s*)[!%]")
_PYTHON_CELLS = frozenset({"time", "timeit", "capture", "prun", "python", "python3", "writefile", "file", "memit", "mprun", "debug", "px"})


class Code(msgspec.Struct, frozen=True):
    """Joined code and the raw line of each of its lines."""

    source: bytes
    lines: tuple[int, ...]


def code_of(data: bytes) -> Code | None:
    """The code of a notebook; None when it is not one."""
    root = tree_sitter.Parser(_JSON).parse(data).root_node
    top = next((child for child in root.named_children if child.type == "object"), None)
    if top is None:
        return None
    entries = _entries(top)
    cells = entries.get("cells")
    listed = list(cells.named_children) if cells is not None and cells.type == "array" else []
    sheets = entries.get("worksheets")
    for sheet in sheets.named_children if cells is None and sheets is not None and sheets.type == "array" else ():
        inner = _entries(sheet).get("cells") if sheet.type == "object" else None
        listed.extend(inner.named_children if inner is not None else ())
    if cells is None and sheets is None:
        return None
    texts: list[str] = []
    lines: list[int] = []
    for cell in listed:
        for text, line in _cell(cell):
            texts.append(text)
            lines.append(line)
    return Code("\n".join(texts).encode("utf-8", "replace"), tuple(lines))


def _entries(node: Node) -> dict[str, Node]:
    found: dict[str, Node] = {}
    for pair in node.named_children:
        if pair.type == "pair":
            key, value = pair.child_by_field_name("key"), pair.child_by_field_name("value")
            if key is not None and value is not None:
                found.setdefault(_string(key) or "", value)
    return found


def _string(node: Node) -> str | None:
    try:
        value = msgspec.json.decode(node.text or b"")
    except msgspec.MsgspecError:
        return None
    return value if isinstance(value, str) else None


def _cell(cell: Node) -> list[tuple[str, int]]:
    if cell.type != "object":
        return []
    entries = _entries(cell)
    kind = entries.get("cell_type")
    source = entries.get("source", entries.get("input"))
    if kind is None or source is None or _string(kind) != "code":
        return []
    pieces = [source] if source.type == "string" else [child for child in source.named_children if child.type == "string"]
    lines: list[tuple[str, int]] = []
    is_open = False
    for piece in pieces:
        text = _string(piece)
        if text is None:
            continue
        for part in text.splitlines(keepends=True):
            bare = part.rstrip("\r\n")
            if is_open and lines:
                lines[-1] = (lines[-1][0] + bare, lines[-1][1])
            else:
                lines.append((bare, piece.start_point.row + 1))
            is_open = bare == part
    return _without_magic(lines)


def _without_magic(lines: list[tuple[str, int]]) -> list[tuple[str, int]]:
    start = next((index for index, (text, _) in enumerate(lines) if text.strip()), None)
    if start is not None:
        match = _CELL.match(lines[start][0])
        if match is not None:
            if match[1] not in _PYTHON_CELLS:
                return []
            if match[1] in ("writefile", "file") and not match[2].split("#")[0].strip().strip("'\"").endswith(".py"):
                return []
            lines = lines[start + 1 :]
    return [(_plain(text), line) for text, line in lines]


def _plain(text: str) -> str:
    match = _MAGIC.match(text)
    if match is not None:
        return f"{match[1]}pass"
    match = _ASSIGNED.match(text)
    return f"{match[1]}None" if match is not None else text
