"""Keys of objects that code puts together: what of them is written out, and `*` for every part that is not known from here.

Invariant: a part that is not certain is `*`, never left out; parts and depth are bounded.
"""

from __future__ import annotations

import re

from remit.discover.sources.code.typescript import syntax
from remit.discover.sources.code.typescript.names import Spot
from remit.discover.sources.code.typescript.objects import operands
from remit.discover.sources.code.typescript.values import Values

_UNKNOWN = "*"
_PATH_PACKAGES = frozenset({"path", "node:path", "path/posix", "node:path/posix"})
_MAX_DEPTH = 6
_MAX_PARTS = 60


def key_pattern(values: Values, given: Spot) -> str:
    """The key of an object as a pattern; `*` alone where nothing of it is written out."""
    return re.sub(r"\*+", _UNKNOWN, _Reading(values).read(given, 0)) or _UNKNOWN


class _Reading:
    """One key; the parts that it may still look at are counted over all of it."""

    def __init__(self, values: Values) -> None:
        self._values = values
        self._left = _MAX_PARTS

    def read(self, given: Spot, depth: int) -> str:
        self._left -= 1
        found = self._values.settled(given) if depth <= _MAX_DEPTH and self._left >= 0 else None
        if not isinstance(found, Spot):
            return _UNKNOWN
        module, node = found
        if node.type == "template_string":
            return "".join(
                self.read(Spot(module, child.named_children[0]), depth + 1)
                if child.type == "template_substitution" and child.named_children
                else syntax.text_of(child)
                for child in node.named_children
            )
        if node.type == "binary_expression":
            return "".join(self.read(part, depth + 1) for part in operands(found, "+")) or _UNKNOWN
        if node.type == "call_expression":
            return self._called(found, depth)
        return self._values.literal(found) or self._values.plain(found) or _UNKNOWN

    def _called(self, found: Spot, depth: int) -> str:
        """`path.join(a, b)`, `[a, b].join("/")` and `a.concat(b)`."""
        module, node = found
        symbol = self._values.names.callee(module, node).symbol
        given = [Spot(module, argument) for argument in syntax.arguments_of(node)]
        if symbol is not None and symbol.package in _PATH_PACKAGES and symbol.name.rpartition(".")[2] == "join":
            return re.sub(r"/+", "/", "/".join(self.read(part, depth + 1) for part in given))
        callee = node.child_by_field_name("function")
        owner, method = (callee.child_by_field_name(name) for name in ("object", "property")) if callee is not None else (None, None)
        if owner is None or method is None:
            return _UNKNOWN
        if syntax.text_of(method) == "concat" and owner.type != "array":
            return "".join(self.read(part, depth + 1) for part in (Spot(module, owner), *given))
        if syntax.text_of(method) != "join" or owner.type != "array":
            return _UNKNOWN
        glue = self._values.literal(given[0]) if given else ","
        return glue.join(self.read(Spot(module, item), depth + 1) for item in owner.named_children) if glue is not None else _UNKNOWN
