"""Keys of objects that code puts together: what of them is written out, and `*` for every part that is not known from here.

Invariants:
- a part that is not certain is `*`, never left out: a pattern may be wider than what the code names, not narrower;
- only sums, fields, `format`, `%` and joins are read; nothing is evaluated, and parts and depth are bounded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from remit.discover.sources.code.python.names import Expression
from remit.discover.sources.code.python.syntax import Arguments, string_parts, text_of, unwrapped
from remit.discover.sources.code.python.values import Values

_UNKNOWN = "*"
_FIELD = re.compile(r"\{[^{}]*\}")
_PERCENT = re.compile(r"%(?:\(\w+\))?[-#0 +]*\d*(?:\.\d+)?[a-zA-Z]")
_PATH_JOINS = frozenset({"os.path.join", "posixpath.join", "ntpath.join"})
_MAX_DEPTH = 6
_MAX_PARTS = 60


def key_pattern(values: Values, expression: Expression) -> str:
    """The key of an object as a pattern; `*` alone where nothing of it is written out."""
    return re.sub(r"\*+", _UNKNOWN, _Reading(values).read(expression, 0)) or _UNKNOWN


class _Reading:
    """One key; the parts that it may still look at are counted over all of it."""

    def __init__(self, values: Values) -> None:
        self._values = values
        self._left = _MAX_PARTS

    def read(self, expression: Expression, depth: int) -> str:
        self._left -= 1
        if depth > _MAX_DEPTH or self._left < 0:
            return _UNKNOWN
        text = self._values.text(expression)
        if text is not None:
            return text
        found = self._values.names.follow(expression)
        if found is None or found.expression is None or found.kind != "value":
            return _UNKNOWN
        here = found.expression.at(unwrapped(found.expression.node))
        if here.node.type == "string":
            return "".join(self._piece(here, text, field, depth) for text, field in string_parts(here.node)) or _UNKNOWN
        if here.node.type == "concatenated_string":
            return "".join(self.read(here.at(child), depth + 1) for child in here.node.named_children if child.type != "comment")
        if here.node.type == "binary_operator":
            return self._operation(here, depth)
        return self._called(here, depth) if here.node.type == "call" else _UNKNOWN

    def _piece(self, here: Expression, text: str, field: object, depth: int) -> str:
        if field is None:
            return text
        named = getattr(field, "named_children", [])
        return self.read(here.at(named[0]), depth + 1) if len(named) == 1 else _UNKNOWN

    def _operation(self, here: Expression, depth: int) -> str:
        operator, left, right = (here.node.child_by_field_name(name) for name in ("operator", "left", "right"))
        if operator is None or left is None or right is None:
            return _UNKNOWN
        if operator.type == "+":
            return self.read(here.at(left), depth + 1) + self.read(here.at(right), depth + 1)
        if operator.type == "%":
            return _PERCENT.sub(_UNKNOWN, self._values.text(here.at(left)) or _UNKNOWN)
        return _UNKNOWN

    def _called(self, here: Expression, depth: int) -> str:
        callee = here.node.child_by_field_name("function")
        if callee is None:
            return _UNKNOWN
        given = Arguments(here.node).positional
        if self._values.names.path(here.at(callee)) in _PATH_JOINS:
            return _as_path(self.read(here.at(part), depth + 1) for part in given)
        owner, method = callee.child_by_field_name("object"), callee.child_by_field_name("attribute")
        if owner is None or method is None:
            return _UNKNOWN
        if text_of(method) == "format":
            return _FIELD.sub(_UNKNOWN, self._values.text(here.at(owner)) or _UNKNOWN)
        glue = self._values.text(here.at(owner)) if text_of(method) == "join" and len(given) == 1 else None
        items = self._values.items(here.at(given[0])) if glue is not None else None
        if glue is None or not items:
            return _UNKNOWN
        return glue.join(self.read(item, depth + 1) for item in items)


def _as_path(parts: Iterator[str]) -> str:
    """Joined as paths are; a part that is known to begin at the root begins the path anew."""
    path = ""
    for part in parts:
        path = part if not path or part.startswith("/") else f"{path.rstrip('/')}/{part}"
    return path
