"""Which model an expression names: a text, a wrapper's argument, an entry of a configuration.

Invariants:
- a model is reported only when exactly one text can be it;
- a configuration that lists several different models, or branches that choose different ones, settle none.
"""

from __future__ import annotations

import re

from remit.discover.sources.code.python.names import MAX_DEPTH, Expression, last_two
from remit.discover.sources.code.python.syntax import Arguments, unwrapped
from remit.discover.sources.code.python.tables import At, Table
from remit.discover.sources.code.python.values import Values, text_of_field

_PASSING = frozenset(
    (
        *("bind", "bind_tools", "bind_functions", "with_config", "with_retry", "with_structured_output"),
        *("with_fallbacks", "configurable_fields", "where", "copy", "model_copy"),
    )
)
_MODEL_CLASSES = ("Model", "Config", "LLM", "Chat", "ChatClient", "ChatCompletion")
_BRANCH_DEPTH = 8
"""Branches are followed together, each to a fraction of the depth."""
_LOOKS_LIKE_MODEL = re.compile(r"(?=[^\d]*\d)[A-Za-z0-9][\w.\-/:@]*")
_ENTRIES = ("model", "model_name", "model_id", "config_list", "llm", "modelId", "model_type", "id", "deployment_name")


class Models:
    """Reads models through the values of one repository."""

    def __init__(self, values: Values, table: Table) -> None:
        self._values = values
        self._table = table

    def model(self, expression: Expression, depth: int = 0) -> str | None:
        """The model's name; None when it is not certain."""
        if depth > MAX_DEPTH:
            return None
        text = self._values.text(expression, depth)
        if text is not None:
            return text.strip() or None
        found = self._values.names.follow(expression, depth)
        if found is None or found.expression is None or found.kind != "value":
            others = self._values.names.alternatives(expression, depth)
            return self._only([self.model(other, depth + _BRANCH_DEPTH) for other in others])
        here = found.expression.at(unwrapped(found.expression.node))
        kind = here.node.type
        if kind == "call":
            return self._called(here, depth)
        if kind == "dictionary":
            return self._entry(here, depth)
        if kind in ("list", "tuple"):
            items = self._values.items(here, depth + 1) or []
            return self._only([self.model(item, depth + 1) for item in items])
        if kind == "conditional_expression" and len(here.node.named_children) == 3:
            first, _, second = here.node.named_children
            return self._only([self.model(here.at(branch), depth + _BRANCH_DEPTH) for branch in (first, second)])
        return None

    def _only(self, found: list[str | None]) -> str | None:
        """The one model that is named throughout; its bare name when only the providers differ."""
        names = set(found)
        bare = {name.rpartition("/")[2] if name is not None else None for name in found}
        return found[0] if len(names) == 1 else bare.pop() if len(bare) == 1 else None

    def _entry(self, here: Expression, depth: int) -> str | None:
        entries = self._values.entries(here, depth + 1) or {}
        for key in _ENTRIES:
            if key in entries:
                return self.model(entries[key], depth + 1)
        return None

    def _called(self, call: Expression, depth: int) -> str | None:
        name, found = self._values.called_name(call)
        callee = call.node.child_by_field_name("function")
        arguments = Arguments(call.node)
        if name in _PASSING and callee is not None and callee.type == "attribute":
            owner = callee.child_by_field_name("object")
            return self.model(call.at(owner), depth + 1) if owner is not None else None
        if text_of_field(call, "function") == "dict":
            return self._entry(call, depth)
        if found is not None and found.kind == "function":
            return None
        both = last_two(found, name)
        wrapped = self._table.wrapped_models.get(both, self._table.wrapped_models.get(name))
        if wrapped is not None:
            inner = self._values.argument(call, wrapped, arguments)
            return self.model(inner, depth + 1) if inner is not None else None
        given = self.named(call, self._table.model_keywords, arguments)
        if given is not None:
            return self.model(given, depth + 1)
        given = self._values.argument(call, ("config_list", "llm", "config", "llm_config"), arguments)
        if given is not None:
            return self.model(given, depth + 1)
        if not arguments.positional:
            return None
        first = call.at(arguments.positional[0])
        if name in self._table.positional_models or both in self._table.positional_models:
            return self.model(first, depth + 1)
        if name.endswith(_MODEL_CLASSES):
            text = self._values.text(first, depth + 1)
            if text is not None:
                return text if _LOOKS_LIKE_MODEL.fullmatch(text) else None
        if self._values.entries(first, depth + 1) is not None:
            return self._only([self.model(call.at(node), depth + 1) for node in arguments.positional])
        return None

    def named(self, call: Expression, at: At, arguments: Arguments) -> Expression | None:
        """The argument that a call gives under one of the names."""
        return self._values.argument(call, at, arguments)
