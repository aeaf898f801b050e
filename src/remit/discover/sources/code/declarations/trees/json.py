"""JSON with lines, comments, trailing commas and single quotes; what is broken costs its own entry only.

A scanner of its own, without recursion: one regular expression a token, so that deep nesting is no danger and every value has its line.
Where the text is not JSON, it goes on at the next comma or bracket and says so.
"""

from __future__ import annotations

import json
import re

from remit.discover.sources.code.declarations.trees.node import MAX_VALUES, Node, Shape, Tree, Trouble, null, scalar

_TOKEN = re.compile(
    r"""(?P<space>(?:[ \t\r\n\f\v\ufeff\u00a0]+|//[^\n]*|/\*.*?(?:\*/|\Z))+)
    |(?P<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')
    |(?P<mark>[{}\[\],:])
    |(?P<word>[^\s{}\[\],:"'/]+|/)
    |(?P<broken>["'][^\n]*)""",
    re.VERBOSE | re.DOTALL,
)
_COLON = re.compile(r"\s*:")
_MAX_TROUBLES = 20
_MAX_ROOTS = 50
_MAX_DEPTH = 1_000
_LITERAL = re.compile(r"(?:true|false|null|-?(?:0x[0-9A-Fa-f]+|\d+(?:\.\d*)?(?:[eE][+-]?\d+)?)|NaN|-?Infinity|undefined)\Z")


class _Open:
    """A mapping or list whose bracket has not been closed yet."""

    __slots__ = ("items", "key", "line", "pairs", "shape")

    def __init__(self, shape: Shape, line: int) -> None:
        self.shape = shape
        self.line = line
        self.pairs: list[tuple[Node, Node]] = []
        self.items: list[Node] = []
        self.key: Node | None = None

    def closed(self, end: int) -> Node:
        if self.shape is Shape.MAP:
            return Node(shape=Shape.MAP, line=self.line, end=end, pairs=tuple(self.pairs))
        return Node(shape=Shape.LIST, line=self.line, end=end, items=tuple(self.items))


class _Scanner:
    """Puts tokens together; `roots` are the values of the text, of which JSON has one."""

    def __init__(self) -> None:
        self.open: list[_Open] = []
        self.roots: list[Node] = []
        self.pending: Node | None = None
        self.troubles: list[Trouble] = []
        self.is_deep = False

    def trouble(self, line: int, what: str) -> None:
        if len(self.troubles) < _MAX_TROUBLES:
            self.troubles.append(Trouble(line=line, what=what))

    def put(self, node: Node) -> None:
        """A value has ended, or what may still turn out to be a key."""
        if not self.open:
            if self.roots:
                self.trouble(node.line, "text after the end of the value")
            if not self.roots or (not node.is_scalar and len(self.roots) < _MAX_ROOTS):
                self.roots.append(node)
            return
        inner = self.open[-1]
        if inner.shape is Shape.LIST:
            inner.items.append(node)
        elif inner.key is not None:
            inner.pairs.append((inner.key, node))
            inner.key = None
        else:
            if self.pending is not None:
                self.trouble(self.pending.line, "a key without a value")
            self.pending = node

    def colon(self, line: int) -> None:
        inner = self.open[-1] if self.open else None
        if inner is None or inner.shape is Shape.LIST or self.pending is None:
            self.trouble(line, "a colon where none belongs")
            return
        if inner.key is not None:
            self.trouble(line, "a key without a value")
        if not self.pending.is_scalar:
            self.trouble(line, "a key that is not a text")
        inner.key, self.pending = self.pending, None

    def settle(self, line: int) -> None:
        """An entry ends here: a key that still waits for its value has none."""
        inner = self.open[-1] if self.open else None
        if inner is None:
            return
        if inner.key is not None:
            self.trouble(line, "a key without a value")
            inner.pairs.append((inner.key, null(inner.key.line)))
            inner.key = None
        if self.pending is not None:
            self.trouble(self.pending.line, "a key without a value")
            self.pending = None

    def close(self, mark: str, line: int) -> None:
        shape = Shape.MAP if mark == "}" else Shape.LIST
        if not self.open:
            self.trouble(line, "a bracket that was never opened")
            return
        if self.open[-1].shape is not shape:
            self.trouble(line, "a bracket that closes another kind")
            if all(opened.shape is not shape for opened in self.open[-3:]):
                return
            while self.open[-1].shape is not shape:
                self.settle(line)
                self.put(self.open.pop().closed(line))
        self.settle(line)
        self.put(self.open.pop().closed(line))


def parse_json(text: str) -> Tree:
    """Reads a JSON text with its lines; never raises."""
    scanner = _Scanner()
    line, position, size = 1, 0, len(text)
    match_at = _TOKEN.match
    left = MAX_VALUES
    while position < size:
        match = match_at(text, position)
        left -= 1
        if left < 0:
            scanner.troubles.append(Trouble(line=line, what="more values than a declaration has"))
            break
        if match is None:
            scanner.trouble(line, "a character that is not JSON")
            position += 1
            continue
        kind = match.lastgroup
        if kind == "mark":
            _mark(scanner, text[position], line)
            if scanner.is_deep:
                break
        elif kind == "string":
            scanner.put(scalar(_unquoted(match[0]), line))
        elif kind == "word":
            if _LITERAL.match(match[0]) is None and not _is_key(text, match.end()):
                scanner.trouble(line, "a word that is not JSON")
            scanner.put(scalar(match[0], line, is_plain=True))
        elif kind == "broken":
            scanner.trouble(line, "a text whose quotes are not closed")
        line += text.count("\n", position, match.end())
        position = match.end()
    return _finished(scanner, line)


def _mark(scanner: _Scanner, mark: str, line: int) -> None:
    if mark in "{[":
        if len(scanner.open) >= _MAX_DEPTH:
            scanner.is_deep = True
            scanner.troubles.append(Trouble(line=line, what="nested too deep", is_deep=True))
            return
        inner = scanner.open[-1] if scanner.open else None
        if inner is not None and inner.shape is Shape.MAP and inner.key is None:
            scanner.trouble(line, "a value without a key")
            inner.key = scanner.pending or scalar("", line)
            scanner.pending = None
        scanner.open.append(_Open(Shape.MAP if mark == "{" else Shape.LIST, line))
    elif mark in "}]":
        scanner.close(mark, line)
    elif mark == ":":
        scanner.colon(line)
    else:
        scanner.settle(line)


def _finished(scanner: _Scanner, line: int) -> Tree:
    if scanner.open:
        if not scanner.is_deep:
            scanner.trouble(line, "a bracket that is never closed")
        while scanner.open:
            scanner.settle(line)
            scanner.put(scanner.open.pop().closed(line))
    return Tree(documents=tuple(scanner.roots), troubles=tuple(scanner.troubles), is_whole=not scanner.troubles)


def _is_key(text: str, position: int) -> bool:
    """Whether a colon follows: a key without quotes."""
    return _COLON.match(text, position) is not None


def _unquoted(written: str) -> str:
    inner = written[1:-1]
    if "\\" not in inner:
        return inner
    try:
        loaded = json.loads(f'"{inner}"', strict=False) if written[0] == '"' else json.loads(_requoted(inner), strict=False)
    except ValueError:
        return inner
    # a lone surrogate is not a character: it could not be written out again
    return str(loaded).encode("utf-8", "replace").decode("utf-8")


def _requoted(inner: str) -> str:
    return '"' + inner.replace("\\'", "'").replace('"', '\\"') + '"'
