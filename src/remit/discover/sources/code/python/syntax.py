"""Python text as a syntax tree: parsing, literals and call arguments, without any meaning yet.

Invariants:
- nothing here recurses over the tree without a bound, so nesting cannot exhaust the stack;
- broken text still gives a tree; `first_error` says where it broke.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import tree_sitter
import tree_sitter_python
from tree_sitter import Node

from remit.discover.sources.code.bounds import is_too_deep

LANGUAGE = tree_sitter.Language(tree_sitter_python.language())
_ESCAPE = re.compile(r"\\(\r\n|[\s\S]|$)(?:(?<=x)([0-9a-fA-F]{2})|(?<=u)([0-9a-fA-F]{4})|(?<=U)([0-9a-fA-F]{8}))?")
_SIMPLE = {
    "n": "\n",
    "t": "\t",
    "r": "\r",
    "\\": "\\",
    "'": "'",
    '"': '"',
    "\n": "",
    "\r\n": "",
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "v": "\v",
    "0": "\0",
}
_WRAPPERS = frozenset({"parenthesized_expression", "await"})
_MAX_TEXT = 1 << 20
_MAX_INDENTS = 300
_MAX_CONTINUED = 1000
_CONTINUED = re.compile(rb"(?:\\\r?\n[ \t]*){%d}" % _MAX_CONTINUED)
_BLANKS = bytes.maketrans(b"\t\f", b"  ")
_INDENTED = re.compile(rb"(?:\A|[\r\n])[ \t\f]{%d}" % _MAX_INDENTS)


def parse(source: bytes) -> tree_sitter.Tree:
    """The tree of a Python text; broken parts become ERROR nodes. Raises RecursionError where it is deeper than anything follows."""
    if _is_indented_too_deep(source):
        raise RecursionError("indented deeper than the parser keeps")
    if source.count(b"\\\n") + source.count(b"\\\r\n") >= _MAX_CONTINUED and _CONTINUED.search(source) is not None:
        raise RecursionError("continued over more lines than the parser joins in time")
    tree = tree_sitter.Parser(LANGUAGE).parse(source)
    if is_too_deep(tree):
        raise RecursionError("nested deeper than queries follow")
    return tree


def _is_indented_too_deep(source: bytes) -> bool:
    """Whether blocks stand in blocks deeper than the parser's own stack of indentations, whose overflow would end the process."""
    if b" " * _MAX_INDENTS not in source.translate(_BLANKS) or _INDENTED.search(source) is None:
        return False
    widths: list[int] = [0]
    for line in source.splitlines():
        bare = line.lstrip(b" \t\f")
        if not bare or bare.startswith(b"#"):
            continue
        width = len(line) - len(bare)
        while widths[-1] > width:
            widths.pop()
        if widths[-1] < width:
            widths.append(width)
            if len(widths) > _MAX_INDENTS:
                return True
    return False


def text_of(node: Node) -> str:
    """The source text of a node."""
    raw = node.text
    return raw.decode("utf-8", "replace") if raw else ""


def last_name(node: Node) -> str | None:
    """`agent` of `agent` and of `self.agent`; None for every other expression."""
    if node.type == "identifier":
        return text_of(node)
    if node.type == "attribute":
        label = node.child_by_field_name("attribute")
        return text_of(label) if label is not None else None
    return None


def unwrapped(node: Node) -> Node:
    """The expression inside parentheses and `await`."""
    while node.type in _WRAPPERS:
        inner = next((child for child in node.named_children if child.type != "comment"), None)
        if inner is None:
            return node
        node = inner
    return node


def string_parts(node: Node) -> Iterator[tuple[str, Node | None]]:
    """The pieces of one string token: literal text, and the field of an f-string where there is one. Bytes give nothing."""
    start = node.child(0)
    prefix = text_of(start).lower() if start is not None else ""
    if "b" in prefix:
        return
    is_raw = "r" in prefix
    position = start.end_byte if start is not None else node.start_byte
    base = node.start_byte
    raw = node.text or b""
    end = node.end_byte
    for child in node.children[1:]:
        if child.type == "interpolation":
            yield _decoded(raw[position - base : child.start_byte - base], is_raw, "f" in prefix), None
            yield "", child
            position = child.end_byte
        elif child.type == "string_end":
            end = child.start_byte
    yield _decoded(raw[position - base : end - base], is_raw, "f" in prefix), None


def plain_string(node: Node) -> str | None:
    """The text of a string literal (adjoining ones joined) without fields; None for anything else."""
    node = unwrapped(node)
    if node.type == "concatenated_string":
        pieces = [plain_string(child) for child in node.named_children if child.type != "comment"]
        return "".join(piece for piece in pieces if piece is not None) if None not in pieces else None
    if node.type != "string":
        return None
    parts: list[str] = []
    for text, field in string_parts(node):
        if field is not None:
            return None
        parts.append(text)
    return "".join(parts) if parts else None


def _decoded(raw: bytes, is_raw: bool, is_format: bool) -> str:
    text = raw[:_MAX_TEXT].decode("utf-8", "replace")
    if is_format and ("{{" in text or "}}" in text):
        text = text.replace("{{", "{").replace("}}", "}")
    if is_raw or "\\" not in text:
        return text
    return _ESCAPE.sub(_unescaped, text)


def _unescaped(match: re.Match[str]) -> str:
    digits = match[2] or match[3] or match[4]
    if digits:
        code = int(digits, 16)
        return chr(code) if code < 0x110000 and not 0xD800 <= code < 0xE000 else "\ufffd"
    return _SIMPLE.get(match[1], match[0])


class Arguments:
    """The arguments of a call: positional ones, keywords, and whether `*x` or `**x` hides more."""

    __slots__ = ("has_hidden_keywords", "has_hidden_positions", "hidden", "keywords", "positional")

    def __init__(self, call: Node) -> None:
        self.positional: list[Node] = []
        self.keywords: dict[str, Node] = {}
        self.hidden: list[Node] = []
        """What stands behind `**`."""
        self.has_hidden_positions = False
        self.has_hidden_keywords = False
        listed = call.child_by_field_name("arguments") if call.type == "call" else call if call.type == "argument_list" else None
        if listed is None:
            return
        if listed.type == "generator_expression":
            self.positional.append(listed)
            return
        for child in listed.named_children:
            kind = child.type
            if kind == "keyword_argument":
                name, value = child.child_by_field_name("name"), child.child_by_field_name("value")
                if name is not None and value is not None:
                    self.keywords.setdefault(text_of(name), value)
            elif kind == "list_splat":
                self.has_hidden_positions = True
            elif kind == "dictionary_splat":
                self.has_hidden_keywords = True
                self.hidden.extend(child.named_children[:1])
            elif kind not in ("comment", "ERROR") and not self.has_hidden_positions:
                self.positional.append(child)

    def get(self, *names: str | int) -> Node | None:
        """The first argument given under one of the names (a keyword, or a position counted from 0)."""
        for name in names:
            if isinstance(name, int):
                if name < len(self.positional):
                    return self.positional[name]
            elif name in self.keywords:
                return self.keywords[name]
        return None


def first_error(root: Node) -> Node | None:
    """Where the text stops being Python, as near as the parser knows; None when it is sound."""
    node = root
    while node.has_error:
        if node.is_error or node.is_missing:
            return node
        broken = next((child for child in node.children if child.has_error or child.is_error or child.is_missing), None)
        if broken is None:
            return node
        node = broken
    return None
