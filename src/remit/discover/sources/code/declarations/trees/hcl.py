"""HCL (Terraform) as blocks: type, labels, attributes, nested blocks, each with its lines.

An attribute is a Node; what an expression makes is a scalar with the tag `expression` whose text is the expression: a form can follow a
reference, and nobody takes it for a value.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator

import msgspec
import tree_sitter
import tree_sitter_hcl

from remit.discover.sources.code.declarations.trees.node import Node, Shape, Trouble, null, scalar

EXPRESSION = "expression"
_LANGUAGE = tree_sitter.Language(tree_sitter_hcl.language())
_MAX_DEPTH = 40
_MAX_PARTS = 500
_TOP = re.compile(rb"^(?:resource|data|module|variable|locals|provider|output|terraform)\b[^\n=]*\{", re.MULTILINE)
_PLAIN = frozenset({"numeric_lit", "bool_lit", "null_lit"})
_WRAPPERS = frozenset({"expression", "literal_value", "collection_value", "template_expr"})
_DROPPED = frozenset({"quoted_template_start", "quoted_template_end", "heredoc_start"})


class Block(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """`kind "label" "label" { ... }`."""

    kind: str
    labels: tuple[str, ...]
    line: int
    end: int
    attributes: dict[str, Node]
    blocks: tuple[Block, ...] = ()

    def inner(self, kind: str) -> Iterator[Block]:
        """Nested blocks of a kind; those that `dynamic` makes too."""
        for block in self.blocks:
            if block.kind == kind:
                yield block
            elif block.kind == "dynamic" and block.labels == (kind,):
                yield from (content for content in block.blocks if content.kind == "content")

    def find(self, path: str) -> Node | None:
        """The attribute at a path of names: through nested blocks, or through objects."""
        head, _, rest = path.partition(".")
        found = self.attributes.get(head)
        if not rest or found is not None:
            return found if found is None or not rest else found.get(*rest.split("."))
        return next((value for block in self.inner(head) if (value := block.find(rest)) is not None), None)


class Blocks(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """The blocks of a file, and where its syntax is broken."""

    blocks: tuple[Block, ...]
    troubles: tuple[Trouble, ...] = ()


def parse_hcl(data: bytes) -> Blocks:
    """Reads an HCL text; what is broken costs its own block."""
    blocks, troubles = _parsed(data)
    if not troubles:
        return Blocks(blocks=blocks)
    starts = [0, *(match.start() for match in _TOP.finditer(data) if match.start())][:_MAX_PARTS]
    kept: list[Block] = []
    for start, end in zip(starts, [*starts[1:], len(data)], strict=True):
        # each block by itself, at its own line
        kept.extend(_parsed(b"\n" * data.count(b"\n", 0, start) + data[start:end])[0])
    return Blocks(blocks=tuple(kept), troubles=troubles)


def _parsed(data: bytes) -> tuple[tuple[Block, ...], tuple[Trouble, ...]]:
    root = tree_sitter.Parser(_LANGUAGE).parse(data).root_node
    body = next((child for child in root.children if child.type == "body"), None)
    troubles = tuple(_troubles(root)) if root.has_error else ()
    return tuple(_blocks(root if body is None else body, 0)), troubles


def _troubles(root: tree_sitter.Node) -> Iterator[Trouble]:
    waiting = [root]
    found = 0
    while waiting and found < 5:
        node = waiting.pop()
        if node.is_error or node.is_missing:
            found += 1
            yield Trouble(line=_line(node), what="not HCL")
        else:
            waiting.extend(child for child in reversed(node.children) if child.has_error or child.is_missing)


def _line(node: tree_sitter.Node) -> int:
    return int(node.start_point[0]) + 1


def _last(node: tree_sitter.Node) -> int:
    return int(node.end_point[0]) + 1


def _text(node: tree_sitter.Node) -> str:
    return (node.text or b"").decode("utf-8", "replace")


def _blocks(body: tree_sitter.Node, depth: int) -> Iterator[Block]:
    for child in body.children:
        if child.type == "block":
            yield _block(child, depth)
        elif child.is_error:
            yield from (_block(inner, depth) for inner in child.children if inner.type == "block")


def _block(node: tree_sitter.Node, depth: int) -> Block:
    kind, labels = "", []
    attributes: dict[str, Node] = {}
    blocks: tuple[Block, ...] = ()
    for child in node.children:
        if child.type == "identifier":
            if kind:
                labels.append(_text(child))
            else:
                kind = _text(child)
        elif child.type == "string_lit":
            labels.append(_text(child).strip('"'))
        elif child.type == "body" and depth < _MAX_DEPTH:
            attributes.update(_attributes(child))
            blocks = tuple(_blocks(child, depth + 1))
    return Block(kind=kind, labels=tuple(labels), line=_line(node), end=_last(node), attributes=attributes, blocks=blocks)


def _attributes(body: tree_sitter.Node) -> Iterator[tuple[str, Node]]:
    for child in body.children:
        if child.type == "attribute" and len(child.children) >= 3:
            yield _text(child.children[0]), _value(child.children[2], 0)


def _value(node: tree_sitter.Node, depth: int) -> Node:
    if depth > _MAX_DEPTH:
        return _expression(node)
    while node.type in _WRAPPERS and len(node.children) == 1:
        node = node.children[0]
    if node.type == "string_lit":
        return scalar(_literal(node), _line(node), end=_last(node))
    if node.type in _PLAIN:
        return null(_line(node)) if node.type == "null_lit" else scalar(_text(node), _line(node), is_plain=True)
    if node.type in {"quoted_template", "heredoc_template"}:
        return _template(node)
    if node.type == "tuple":
        items = tuple(_value(child, depth + 1) for child in node.children if child.type == "expression")
        return Node(shape=Shape.LIST, line=_line(node), end=_last(node), items=items)
    if node.type == "object":
        pairs = tuple(_pair(child, depth) for child in node.children if child.type == "object_elem")
        return Node(shape=Shape.MAP, line=_line(node), end=_last(node), pairs=pairs)
    return _expression(node)


def _pair(node: tree_sitter.Node, depth: int) -> tuple[Node, Node]:
    parts = [child for child in node.children if child.type == "expression"]
    if len(parts) != 2:
        return scalar(_text(node), _line(node)), null(_line(node))
    return scalar(_text(parts[0]).strip('"'), _line(parts[0])), _value(parts[1], depth + 1)


def _literal(node: tree_sitter.Node) -> str:
    written = "".join(_text(child) for child in node.children if child.type == "template_literal")
    return written.replace('\\"', '"').replace("\\n", "\n").replace("\\t", "\t").replace("\\\\", "\\").replace("$${", "${")


def _template(node: tree_sitter.Node) -> Node:
    """A quoted text or a heredoc: a value when nothing is put into it."""
    if any(child.type in {"template_interpolation", "template_directive"} for child in node.children):
        return _expression(node)
    if node.type == "quoted_template":
        return scalar(_literal(node), _line(node), end=_last(node))
    lines = _text(node).split("\n")[1:-1]
    return scalar(textwrap.dedent("\n".join(lines)) + "\n", _line(node), end=_last(node))


def _expression(node: tree_sitter.Node) -> Node:
    return scalar(_text(node), _line(node), end=_last(node), tag=EXPRESSION)
