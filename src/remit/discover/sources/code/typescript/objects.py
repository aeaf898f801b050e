"""What object literals and texts say; certain or None.

Invariants:
- a value that depends on the environment, an argument or a condition is None, and says so in `doubt`;
- reading is bounded in depth and number of entries.
"""

from __future__ import annotations

from typing import NamedTuple

from tree_sitter import Node

from remit.discover.sources.code.typescript import syntax
from remit.discover.sources.code.typescript.names import Names, Spot, Symbol
from remit.discover.sources.code.typescript.syntax import text_of

DEPTH = 12
ENTRIES = 500
_TEXT = 2000


class Entry(NamedTuple):
    """One entry of an object: its key and where its value stands."""

    key: str
    spot: Spot


class Objects:
    """Reads objects and texts through `Names`."""

    def __init__(self, names: Names) -> None:
        self.names = names

    def settled(self, spot: Spot | None, depth: int = 0) -> Symbol | Spot | None:
        """What an expression comes down to; a call of a helper with one `return` is what it returns."""
        if spot is None or depth > DEPTH:
            return None
        found = self.names.resolve(spot.module, spot.node)
        if isinstance(found, Spot) and found.node.type == "call_expression":
            callee = self.names.callee(found.module, found.node)
            if callee.local is not None:
                inner = self.names.returned(callee.local)
                if isinstance(inner, Spot) and inner.node is not found.node:
                    return self.settled(inner, depth + 1)
                return inner or found
        return found

    def object_at(self, spot: Spot | None) -> Spot | None:
        """The object literal that an expression comes down to."""
        found = self.settled(spot)
        return found if isinstance(found, Spot) and found.node.type == "object" else None

    def entries(self, spot: Spot, depth: int = 0) -> list[Entry] | None:
        """The entries of an object literal, spreads included; None when one cannot be settled."""
        if depth > DEPTH:
            return None
        found: dict[str, Spot] = {}
        for child in spot.node.named_children[:ENTRIES]:
            if child.type == "spread_element":
                inner = self.object_at(Spot(spot.module, child.named_children[0])) if child.named_children else None
                more = self.entries(inner, depth + 1) if inner is not None else None
                if more is None:
                    return None
                found.update({entry.key: entry.spot for entry in more})
            elif child.type == "shorthand_property_identifier":
                found[text_of(child)] = Spot(spot.module, child)
            elif child.type in {"pair", "method_definition"}:
                key = syntax.property_name(child) or self._computed(spot, child)
                value = child.child_by_field_name("value") if child.type == "pair" else child
                if key is None:
                    return None
                if value is not None:
                    found[key] = Spot(spot.module, value)
        return [Entry(key, value) for key, value in found.items()]

    def _computed(self, spot: Spot, child: Node) -> str | None:
        key = child.child_by_field_name("key") or child.child_by_field_name("name")
        if key is None or key.type != "computed_property_name" or not key.named_children:
            return None
        inner = Spot(spot.module, key.named_children[0])
        # `[searchTool.name]: searchTool`
        return self.literal(inner) or self._tool_key(inner)

    def _tool_key(self, spot: Spot) -> str | None:  # noqa: ARG002
        """The name of a tool whose `name` stands as a key; told by `Values`."""
        return None

    def option(self, spot: Spot, path: str) -> Spot | None:
        """The value of a dotted key of an object literal, as written there."""
        current: Spot | None = spot
        keys = path.split(".")
        for index, key in enumerate(keys):
            current = self.object_at(current) if index else current
            if current is None:
                return None
            current = self.value_of(current, key)
        return current

    def value_of(self, spot: Spot, key: str, depth: int = 0) -> Spot | None:
        """The value of one key of an object literal, as written there or in an object spread into it."""
        if depth > DEPTH:
            return None
        for child in reversed(spot.node.named_children[:ENTRIES]):
            if child.type == "shorthand_property_identifier" and text_of(child) == key:
                return Spot(spot.module, child)
            if child.type in {"pair", "method_definition"} and syntax.property_name(child) == key:
                value = child.child_by_field_name("value") if child.type == "pair" else child
                return Spot(spot.module, value) if value is not None else None
            if child.type == "spread_element" and child.named_children:
                inner = self.object_at(Spot(spot.module, child.named_children[0]))
                found = self.value_of(inner, key, depth + 1) if inner is not None else None
                if found is not None:
                    return found
        return None

    def is_empty(self, spot: Spot) -> bool:
        """Whether a value is plainly nothing: `undefined`, `null`, `false`, `{}`, `[]`."""
        found = self.settled(spot)
        if isinstance(found, Symbol):
            return found == Symbol("", "undefined")
        if found is None:
            return False
        node = found.node
        return node.type in {"undefined", "null", "false"} or (node.type in {"object", "array"} and not node.named_children)

    # -- texts ---------------------------------------------------------------------------------------------------------------

    def literal(self, spot: Spot | None) -> str | None:
        """The exact string that an expression comes down to."""
        found = self.settled(spot)
        if not isinstance(found, Spot):
            return None
        if found.node.type == "binary_expression":
            parts = [self.plain(part) for part in operands(found, "+")]
            known = [part for part in parts if part is not None]
            return "".join(known) if known and len(known) == len(parts) else None
        return self.plain(found)

    def plain(self, spot: Spot) -> str | None:
        """The string of a literal or of a template of constants."""
        found = self.settled(spot)
        if not isinstance(found, Spot):
            return None
        if found.node.type == "template_string":
            return self._template(found)
        return syntax.string_value(found.node)

    def _template(self, spot: Spot) -> str | None:
        """A template whose parts are all constants."""
        exact = syntax.string_value(spot.node)
        if exact is not None:
            return exact
        parts: list[str] = []
        for child in spot.node.named_children:
            if child.type != "template_substitution":
                parts.append(text_of(child))
                continue
            inner = self.settled(Spot(spot.module, child.named_children[0])) if child.named_children else None
            value = syntax.string_value(inner.node) if isinstance(inner, Spot) else None
            if value is None:
                return None
            parts.append(value)
        return "".join(parts)

    def text(self, spot: Spot | None, depth: int = 0) -> str | None:
        """The words of instructions: strings, templates (with `${...}` left standing), joined lists, messages, helpers."""
        if spot is None or depth > 6:
            return None
        found = self.settled(spot)
        if not isinstance(found, Spot):
            return None
        module, node = found
        if node.type in {"string", "template_string"}:
            exact = syntax.string_value(node)
            return (exact if exact is not None else text_of(node)[1:-1])[:_TEXT]
        if node.type == "array":
            parts = [self.text(Spot(module, child), depth + 1) for child in node.named_children[:50] if child.type != "comment"]
            return "\n".join(part for part in parts if part)[:_TEXT] or None
        if node.type == "binary_expression":
            return self._operands(found, depth)
        if node.type == "object":
            for key in ("content", "text", "instructions", "append", "template", "role", "systemPrompt"):
                value = self.value_of(found, key)
                if value is not None and (key != "role" or self.value_of(found, "content") is None):
                    return self.text(value, depth + 1)
            return None
        if node.type in syntax.FUNCTIONS:
            inner = self.names.returned(found)
            return self.text(inner, depth + 1) if isinstance(inner, Spot) else self._first_return(found, depth)
        if node.type in syntax.CALLS:
            return self._called_text(found, depth)
        return None

    def _operands(self, found: Spot, depth: int) -> str | None:
        texts = [self.text(part, depth + 1) for part in operands(found, "+")]
        if texts:
            return "".join(text for text in texts if text)[:_TEXT] or None
        sides = (found.node.child_by_field_name(side) for side in ("right", "left"))
        alternatives = (self.text(Spot(found.module, side), depth + 1) for side in sides if side is not None)
        return next((text for text in alternatives if text), None)

    def _first_return(self, found: Spot, depth: int) -> str | None:
        body = found.node.child_by_field_name("body")
        for child in body.named_children if body is not None else ():
            if child.type == "return_statement" and child.named_children:
                return self.text(Spot(found.module, child.named_children[0]), depth + 1)
        return None

    def _called_text(self, found: Spot, depth: int) -> str | None:
        node = found.node
        arguments = node.child_by_field_name("arguments")
        if arguments is not None and arguments.type == "template_string":
            return self.text(Spot(found.module, arguments), depth + 1)
        callee = syntax.callee_of(node)
        if callee is not None and callee.type == "member_expression" and node.type == "call_expression":
            target = callee.child_by_field_name("object")
            if target is not None and syntax.property_name(callee) in {
                "join",
                "trim",
                "filter",
                "flat",
                "replace",
                "replaceAll",
                "trimStart",
                "concat",
                "toString",
            }:
                return self.text(Spot(found.module, target), depth + 1)
        local = self.names.callee(found.module, node).local
        if local is not None:
            return self.text(local, depth + 1) if local.node.type in syntax.FUNCTIONS else None
        return self._message(found, depth)

    def _message(self, found: Spot, depth: int) -> str | None:
        """`new SystemMessage("...")`, `ChatPromptTemplate.fromMessages([["system", "..."]])`, `dedent("...")`."""
        for argument in syntax.arguments_of(found.node)[:1]:
            inner = self.settled(Spot(found.module, argument))
            if not isinstance(inner, Spot):
                return None
            if inner.node.type != "array":
                return self.text(inner, depth + 1)
            for item in inner.node.named_children:
                pair = syntax.unwrapped(item)
                if pair.type == "array" and len(pair.named_children) > 1 and syntax.string_value(pair.named_children[0]) == "system":
                    return self.text(Spot(inner.module, pair.named_children[1]), depth + 1)
                callee = syntax.callee_of(pair) if pair.type in syntax.CALLS else None
                if callee is not None and "ystem" in text_of(callee):
                    return self.text(Spot(inner.module, pair), depth + 1)
        return None


def operands(found: Spot, operator: str) -> list[Spot]:
    """The parts of `a + b + c`, left to right; none when another operator is among them."""
    parts: list[Spot] = []
    node = found.node
    while node.type == "binary_expression" and len(parts) < ENTRIES:
        left, right, sign = (node.child_by_field_name(name) for name in ("left", "right", "operator"))
        if left is None or right is None or sign is None or sign.type != operator:
            return []
        parts.append(Spot(found.module, right))
        node = syntax.unwrapped(left)
    parts.append(Spot(found.module, node))
    return parts[::-1]
