"""YAML text as a tree in which every key and value knows its line and column.

One pass over the parser's events (YAML 1.2). Refused, each with its place: aliases, anchors, tags, directives, more than 32
levels, more than 1 MiB, a second document, duplicate keys, text that is not UTF-8. Plain scalars are read by the core schema
of YAML 1.2, so `on`, `off`, `yes`, `no` and dates are text.

A refused part becomes a node of kind REFUSED, which readers pass over in silence: one mistake is told once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from remit.model.errors import Problem
from remit.model.shown import printable

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 32

_PARSER_FAULTS = (YAMLError, ValueError, TypeError, AttributeError, LookupError, AssertionError, RecursionError, ArithmeticError)
"""What the YAML library raises on hostile text; all of it means that the text is not well-formed YAML."""
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_TRUES = frozenset({"true", "True", "TRUE"})
_FALSES = frozenset({"false", "False", "FALSE"})
_INTEGER = re.compile(r"[-+]?[0-9]+\Z|0o[0-7]+\Z|0x[0-9a-fA-F]+\Z")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)\Z|\.(nan|NaN|NAN)\Z")
_ADVICE = {
    "scanning an alias": 'a star is quoted: `"*"`',
    "found character '@'": "quote text that begins with `@`",
    "found character '\\t'": "indent with spaces",
    "mapping values are not allowed": "quote text that has `: ` in it",
    "parsing a flow mapping expected ',' or '}'": "a comma is missing, or the `{{` of line {line} is not closed",
    "parsing a flow sequence expected ',' or ']'": "a comma is missing, or the `[` of line {line} is not closed",
    "expected <block end>": "indent this line like the others of its block, which begins in line {line}",
}
"""What a person probably meant, by the words of the YAML library's complaint."""
_LONGEST_NUMBER = 400
_LARGEST_EXACT = 2**53 - 1


class NodeKind(Enum):
    """What a node is, in the words that errors use."""

    MAPPING = "a mapping"
    LIST = "a list"
    TEXT = "text"
    NUMBER = "a number"
    BOOLEAN = "true or false"
    NULL = "empty"
    REFUSED = "refused"


class Node:
    """One value of the document and where it begins."""

    __slots__ = ("column", "entries", "items", "kind", "line", "value")

    def __init__(self, kind: NodeKind, line: int, column: int, value: Any = None) -> None:
        self.kind = kind
        self.line = line
        self.column = column
        self.value = value
        """The text, number or boolean."""
        self.items: list[Node] = []
        """Of a list."""
        self.entries: list[tuple[Node, Node]] = []
        """Of a mapping: keys and values in the order of the text; of a duplicate key, the first."""


class _Builder:
    """Builds the tree from events, and notes every problem on the way."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.problems: list[Problem] = []
        self.root: Node | None = None
        self._open: list[tuple[Node, list[Node]]] = []

    def problem(self, line: int, column: int, code: str, what: str, advice: str = "") -> None:
        self.problems.append(Problem(path=self.path, line=line, column=column, what=what, help=advice, code=code))

    def take(self, event: Any) -> bool:
        """Adds one event; False when the rest of the document is not to be read."""
        line, column = event.start_mark.line + 1, event.start_mark.column + 1
        if isinstance(event, DocumentStartEvent):
            return self._begin_document(event, line, column)
        if isinstance(event, MappingEndEvent | SequenceEndEvent):
            self._close()
        elif isinstance(event, MappingStartEvent | SequenceStartEvent):
            kind = NodeKind.MAPPING if isinstance(event, MappingStartEvent) else NodeKind.LIST
            self._refuse_properties(event, line, column)
            if len(self._open) >= MAX_DEPTH:
                self.problem(line, column, "depth", f"nested deeper than {MAX_DEPTH} levels")
                return False
            self._open.append((Node(kind, line, column), []))
        elif isinstance(event, AliasEvent):
            self.problem(
                line,
                column,
                "alias",
                f"an alias, `*{printable(str(event.anchor), 60)}`, is not allowed",
                "write the value out, or quote it",
            )
            self._add(Node(NodeKind.REFUSED, line, column))
        elif isinstance(event, ScalarEvent):
            is_tagged = self._refuse_properties(event, line, column)
            self._add(Node(NodeKind.REFUSED, line, column) if is_tagged else self._scalar(event, line, column))
        return True

    def _begin_document(self, event: Any, line: int, column: int) -> bool:
        if self.root is not None:
            self.problem(line, column, "second-document", "a second document begins here", "keep one remit in a file")
            return False
        if event.version or event.tags:
            self.problem(1, 1, "directive", "a YAML directive (a line that begins with `%`) is not allowed")
        return True

    def _refuse_properties(self, event: Any, line: int, column: int) -> bool:
        if event.anchor is not None:
            self.problem(
                line, column, "anchor", f"an anchor, `&{printable(str(event.anchor), 60)}`, is not allowed", "quote it if it is text"
            )
        tag = event.tag if isinstance(event.tag, str) else str(event.ctag) if event.ctag is not None else ""
        if tag:
            self.problem(line, column, "tag", f"a tag, `{printable(tag, 60)}`, is not allowed", "quote it if it is text")
        return bool(tag)

    def _scalar(self, event: Any, line: int, column: int) -> Node:
        text = event.value
        if event.style is not None:
            return Node(NodeKind.TEXT, line, column, text)
        if text in _NULLS:
            return Node(NodeKind.NULL, line, column)
        if text in _TRUES or text in _FALSES:
            return Node(NodeKind.BOOLEAN, line, column, text in _TRUES)
        if _INTEGER.match(text) or _FLOAT.match(text) or _NOT_FINITE.match(text):
            return self._number(text, line, column)
        return Node(NodeKind.TEXT, line, column, text)

    def _number(self, text: str, line: int, column: int) -> Node:
        value: int | float | None = None
        if len(text) <= _LONGEST_NUMBER and not _NOT_FINITE.match(text):
            value = int(text, 0 if text[:2] in ("0o", "0x") else 10) if _INTEGER.match(text) else float(text)
        if value is None or not -_LARGEST_EXACT <= value <= _LARGEST_EXACT:
            self.problem(
                line, column, "number", f"`{printable(text, 40)}` is not a number that can be compared exactly", "quote it if it is text"
            )
            return Node(NodeKind.REFUSED, line, column)
        return Node(NodeKind.NUMBER, line, column, value)

    def _add(self, node: Node) -> None:
        if self._open:
            self._open[-1][1].append(node)
        else:
            self.root = node

    def _close(self) -> None:
        node, children = self._open.pop()
        if node.kind is NodeKind.LIST:
            node.items = children
        else:
            self._fill(node, children)
        self._add(node)

    def _fill(self, node: Node, children: list[Node]) -> None:
        first_lines: dict[tuple[NodeKind, Any], int] = {}
        for key, value in zip(children[::2], children[1::2], strict=True):
            if key.kind in (NodeKind.MAPPING, NodeKind.LIST):
                self.problem(key.line, key.column, "key", f"a key must be text, not {key.kind.value}")
                continue
            name = (key.kind, key.value)
            if name in first_lines and key.kind is not NodeKind.REFUSED:
                shown = printable(str(key.value), 60)
                self.problem(
                    key.line, key.column, "duplicate-key", f"the key `{shown}` stands here twice; the first is in line {first_lines[name]}"
                )
                continue
            first_lines[name] = key.line
            if value.kind is NodeKind.NULL:  # an empty value begins where the next thing does, which helps nobody
                value.line, value.column = key.line, key.column
            node.entries.append((key, value))


def _decode(content: str | bytes, path: str) -> tuple[str, Problem | None]:
    size = len(content) if isinstance(content, bytes) else len(content.encode("utf-8", "surrogatepass"))
    if size > MAX_BYTES:
        return "", Problem(path=path, line=0, code="size", what="the file is larger than 1 MiB")
    if isinstance(content, str):
        lone = re.search(r"[\ud800-\udfff]", content)
        if lone is None:
            return content.removeprefix("\ufeff"), None
        line = content.count("\n", 0, lone.start()) + 1
        return "", Problem(path=path, line=line, code="encoding", what="the file is not UTF-8 text")
    try:
        return content.decode("utf-8-sig"), None
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        byte = content[error.start]
        return "", Problem(
            path=path,
            line=line,
            code="encoding",
            what=f"the file is not UTF-8 text: byte 0x{byte:02x} is none of it",
            help="save it as UTF-8",
        )


def _directive(text: str, path: str) -> Problem | None:
    for number, line in enumerate(text.split("\n"), start=1):
        if line.startswith("%"):
            what = f"a YAML directive, `{printable(line.strip(), 60)}`, is not allowed"
            return Problem(path=path, line=number, column=1, code="directive", what=what)
        if line.strip() and not line.lstrip().startswith("#"):
            return None
    return None


def _events(text: str) -> Iterator[Any]:
    yield from YAML(typ="safe", pure=True).parse(text)


def _not_well_formed(error: Exception, text: str, path: str) -> Problem:
    line = column = 0
    what = ""
    context = error.context_mark if isinstance(error, MarkedYAMLError) else None
    if isinstance(error, MarkedYAMLError):
        is_unclosed = "end of stream" in str(error.problem) or "stream end" in str(error.problem)
        mark = (error.context_mark if is_unclosed else None) or error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        what = " ".join(str(part) for part in (error.context, error.problem) if part)
    elif hasattr(error, "position"):
        position = error.position if isinstance(error.position, int) else 0
        line = text.count("\n", 0, position) + 1
        what = "a control character"
    what = printable(re.sub(r"\s+", " ", what).rstrip("."), 160)
    advice = next((advice for sign, advice in _ADVICE.items() if sign in what), "")
    advice = advice.format(line=context.line + 1 if context else line)
    told = f"not well-formed YAML: {what}" if what else "not well-formed YAML"
    return Problem(path=path, line=line, column=column, code="yaml", what=told, help=advice)


def read_nodes(content: str | bytes, path: str) -> tuple[Node | None, list[Problem]]:
    """The tree of a YAML document, and everything that is wrong with it as YAML; None where there is nothing to read."""
    text, refused = _decode(content, path)
    refused = refused or _directive(text, path)
    if refused:
        return None, [refused]
    builder = _Builder(path)
    try:
        for event in _events(text):
            if not builder.take(event):
                return None, builder.problems
    except _PARSER_FAULTS as error:
        return None, [*builder.problems, _not_well_formed(error, text, path)]
    return builder.root, builder.problems
