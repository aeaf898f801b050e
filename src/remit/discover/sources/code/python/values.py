"""Values of expressions, as far as they are certain: texts, lists and dictionaries.

Invariants:
- None means not certain; an environment variable, a ternary, `or`, a template and a parameter are never certain;
- nothing is evaluated: only literals are read, through names, joins of literals and white-space methods;
- values that double themselves (`a = a + a`) end at once: steps and lengths are bounded, and what ran out is not tried again.
"""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Callable
from typing import ClassVar

from tree_sitter import Node

from remit.discover.sources.code.python.names import MAX_DEPTH, Expression, Found, Names
from remit.discover.sources.code.python.syntax import Arguments, plain_string, string_parts, text_of, unwrapped

MAX_ITEMS = 500
MAX_TEXT = 100_000
_MAX_STEPS = 2_000
_MAX_JOINED = 10 * MAX_ITEMS
_STRIPPED: dict[str, Callable[[str], str]] = {
    "strip": str.strip,
    "lstrip": str.lstrip,
    "rstrip": str.rstrip,
    "lower": str.lower,
    "upper": str.upper,
}
_DEDENTED: dict[str, Callable[[str], str]] = {"textwrap.dedent": textwrap.dedent, "inspect.cleandoc": inspect.cleandoc}

_MAX_FIELDS = 40
_FIELD_DEPTH = 8
"""Texts within texts are read three deep: each may stand in several fields of the next."""


class Values:
    """Reads values through the names of one repository."""

    def __init__(self, names: Names) -> None:
        self.names = names
        self._left = _MAX_STEPS
        self._first = ("", 0, 0)
        self._costly: set[tuple[str, int, int]] = set()
        """Values that took more steps than are given."""

    def _begin(self, found: Found | None, depth: int) -> Expression | None:
        """The value to read, when there are steps left for it."""
        if found is None or found.expression is None or found.kind != "value":
            return None
        here = found.expression.at(unwrapped(found.expression.node))
        key = (here.module.path, here.node.start_byte, here.node.end_byte)
        if depth == 0:
            self._left, self._first = _MAX_STEPS, key
        self._left -= 1
        if self._left == 0:
            self._costly.add(self._first)
        return here if self._left > 0 and key not in self._costly else None

    def text(self, expression: Expression, depth: int = 0, *, templates: bool = False) -> str | None:
        """A text; with `templates`, fields of f-strings that are not settled stand in it as written."""
        if depth > MAX_DEPTH:
            return None
        here = self._begin(self.names.follow(expression, depth), depth)
        read = self._readers.get(here.node.type) if here is not None else None
        text = read(self, here, depth, templates) if read is not None and here is not None else None
        return text if text is None or len(text) <= MAX_TEXT else None

    def _adjoined(self, here: Expression, depth: int, templates: bool) -> str | None:
        """Strings that stand side by side."""
        children = [child for child in here.node.named_children if child.type != "comment"]
        pieces = [self.text(here.at(child), depth + 1, templates=templates) for child in children]
        return "".join(piece for piece in pieces if piece is not None) if pieces and None not in pieces else None

    def _string(self, expression: Expression, depth: int, templates: bool) -> str | None:
        if not templates:
            return plain_string(expression.node)
        parts = [
            text if field is None else (self._field(expression.at(field), depth) if index < _MAX_FIELDS else None) or text_of(field)
            for index, (text, field) in enumerate(string_parts(expression.node))
        ]
        return "".join(parts) if parts else None

    def _field(self, field: Expression, depth: int) -> str | None:
        """The text that a field of an f-string stands for, where a name, an attribute or a text's own method leads to one."""
        inner = field.node.named_children[0] if len(field.node.named_children) == 1 else None
        if inner is None or inner.type not in ("identifier", "attribute", "call"):
            return None
        return self.text(field.at(inner), depth + _FIELD_DEPTH, templates=True)

    def _sum(self, expression: Expression, depth: int, templates: bool) -> str | None:
        """`a + b + c`, however long; with `templates`, `a % b` is its text and unknown parts are left out."""
        parts: list[Expression] = []
        here = expression
        while here.node.type == "binary_operator" and len(parts) < MAX_ITEMS:
            operator, right = here.node.child_by_field_name("operator"), here.node.child_by_field_name("right")
            left = here.node.child_by_field_name("left")
            if operator is None or left is None or right is None:
                return None
            if operator.type == "+":
                parts.append(here.at(right))
            elif not (operator.type == "%" and templates):
                return None
            here = here.at(unwrapped(left))
        parts.append(here)
        if here.node.type == "binary_operator":
            return None
        texts = [self.text(part, depth + 1, templates=templates) for part in reversed(parts)]
        if None in texts and not templates:
            return None
        return "".join(text for text in texts if text is not None) or None

    def _called(self, expression: Expression, depth: int, templates: bool) -> str | None:
        callee = expression.node.child_by_field_name("function")
        if callee is None:
            return None
        arguments = Arguments(expression.node)
        first = arguments.positional[0] if arguments.positional else None
        if callee.type == "attribute":
            method, owner = callee.child_by_field_name("attribute"), callee.child_by_field_name("object")
            called = text_of(method) if method is not None else ""
            if owner is not None and called in _STRIPPED and first is None:
                inner = self.text(expression.at(owner), depth + 1, templates=templates)
                return _STRIPPED[called](inner) if inner is not None else None
            if owner is not None and called == "format" and templates:
                return self.text(expression.at(owner), depth + 1, templates=True)
            if owner is not None and called == "join" and first is not None:
                return self._joined(expression, owner, first, depth, templates)
        path = self.names.path(expression.at(callee), depth + 1)
        if path in _DEDENTED and first is not None:
            inner = self.text(expression.at(first), depth + 1, templates=templates)
            return _DEDENTED[path](inner) if inner is not None else None
        if (
            templates
            and first is not None
            and path is not None
            and path.endswith((".from_template", "Message", "Prompt", ".PromptTemplate"))
        ):
            return self.text(expression.at(first), depth + 1, templates=True)
        if templates:
            content = arguments.get("content", "template", "system_message", "role_play_prompt")
            return self.text(expression.at(content), depth + 1, templates=True) if content is not None else None
        return None

    def _joined(self, expression: Expression, owner: Node, first: Node, depth: int, templates: bool) -> str | None:
        glue = self.text(expression.at(owner), depth + 1)
        items = self.items(expression.at(first), depth + 1)
        if glue is None or items is None:
            return None
        pieces = [self.text(item, depth + 1, templates=templates) for item in items]
        return glue.join(piece for piece in pieces if piece is not None) if None not in pieces else None

    _readers: ClassVar[dict[str, Callable[[Values, Expression, int, bool], str | None]]] = {
        "string": _string,
        "concatenated_string": _adjoined,
        "binary_operator": _sum,
        "call": _called,
    }

    def is_false(self, expression: Expression) -> bool:
        """Whether the expression is certainly `False` or `None`."""
        found = self.names.follow(expression)
        return found is not None and found.expression is not None and found.expression.node.type in ("false", "none")

    def items(self, expression: Expression, depth: int = 0) -> list[Expression] | None:
        """The elements of a list, tuple or set, with `*other` and `a + b` put in; None when they are not all known."""
        if depth > MAX_DEPTH:
            return None
        here = self._begin(self.names.follow(expression, depth), depth)
        if here is None:
            return None
        kind = here.node.type
        if kind in ("list", "tuple", "set", "expression_list"):
            return self._elements(here, depth)
        if kind == "binary_operator" and text_of_field(here, "operator") == "+":
            left, right = here.node.child_by_field_name("left"), here.node.child_by_field_name("right")
            first = self.items(here.at(left), depth + 1) if left is not None else None
            second = self.items(here.at(right), depth + 1) if right is not None else None
            is_whole = first is not None and second is not None and len(first) + len(second) <= _MAX_JOINED
            return [*(first or ()), *(second or ())] if is_whole else None
        if kind == "call" and text_of_field(here, "function") in ("list", "tuple", "set"):
            arguments = Arguments(here.node)
            if not arguments.positional:
                return []
            return self.items(here.at(arguments.positional[0]), depth + 1)
        return None

    def _elements(self, here: Expression, depth: int) -> list[Expression] | None:
        found: list[Expression] = []
        for child in here.node.named_children:
            if child.type == "comment":
                continue
            if child.type == "list_splat":
                inner = self.items(here.at(child.named_children[0]), depth + 1) if child.named_children else None
                if inner is None:
                    return None
                found.extend(inner)
            elif len(found) >= MAX_ITEMS:
                return None
            else:
                found.append(here.at(child))
        return found

    def entries(self, expression: Expression, depth: int = 0) -> dict[str, Expression] | None:
        """The entries of a dictionary with text keys, `**other` put in; None when it is not one or is not wholly known."""
        if depth > MAX_DEPTH:
            return None
        here = self._begin(self.names.follow(expression, depth), depth)
        if here is None:
            return None
        if here.node.type == "call" and text_of_field(here, "function") == "dict":
            arguments = Arguments(here.node)
            return {key: here.at(value) for key, value in arguments.keywords.items()} if not arguments.has_hidden_keywords else None
        if here.node.type != "dictionary":
            return None
        entries: dict[str, Expression] = {}
        for child in here.node.named_children[:MAX_ITEMS]:
            if child.type == "dictionary_splat":
                inner = self.entries(here.at(child.named_children[0]), depth + 1) if child.named_children else None
                if inner is None:
                    return None
                entries.update(inner)
            elif child.type == "pair":
                key, value = child.child_by_field_name("key"), child.child_by_field_name("value")
                name = self.text(here.at(key), depth + 1) if key is not None else None
                if name is not None and value is not None:
                    entries[name] = here.at(value)
        return entries

    def argument(self, call: Expression, at: tuple[str | int, ...], arguments: Arguments | None = None) -> Expression | None:
        """The first argument of a call that is given at one of the places; `**known` dictionaries are looked into."""
        given = arguments or Arguments(call.node)
        node = given.get(*at)
        if node is not None:
            return call.at(node)
        for hidden in given.hidden:
            entries = self.entries(call.at(hidden))
            for name in at:
                if entries is not None and isinstance(name, str) and name in entries:
                    return entries[name]
        return None

    def has_unknown_keywords(self, call: Expression, arguments: Arguments) -> bool:
        """Whether a `**x` of the call could hold anything."""
        return any(self.entries(call.at(hidden)) is None for hidden in arguments.hidden)

    def called_name(self, call: Expression) -> tuple[str, Found | None]:
        """The last name of what is called, resolved through aliases; with what was found."""
        callee = call.node.child_by_field_name("function")
        if callee is None:
            return "", None
        found = self.names.follow(call.at(callee))
        if found is not None and found.path is not None and found.kind == "library":
            return found.path.rpartition(".")[2], found
        while callee.type == "subscript":
            callee = callee.child_by_field_name("value") or callee
        label = callee.child_by_field_name("attribute") if callee.type == "attribute" else callee
        return (text_of(label) if label is not None and label.type == "identifier" else ""), found


def text_of_field(expression: Expression, field: str) -> str:
    """Source text of a field of a node; empty when it has none."""
    node = expression.node.child_by_field_name(field)
    return text_of(node) if node is not None else ""
