"""The arguments of a constructor, together with those of settings objects that it is given."""

from __future__ import annotations

from tree_sitter import Node

from remit.discover.sources.code.python.module import Module, Scope
from remit.discover.sources.code.python.names import Expression
from remit.discover.sources.code.python.syntax import Arguments, text_of, unwrapped
from remit.discover.sources.code.python.tables import At
from remit.discover.sources.code.python.values import Values


class Given:
    """What a call is given: looked up in its own arguments first, then in its settings."""

    def __init__(self, values: Values, call: Expression, settings: At = ()) -> None:
        self._values = values
        self.call = call
        self.arguments = Arguments(call.node)
        self.has_unknown = values.has_unknown_keywords(call, self.arguments)
        self._inner: list[Given] = []
        self._entries: list[dict[str, Expression]] = []
        for at in settings:
            node = self.arguments.get(at)
            if node is not None:
                self._settings(call.at(node))
                break

    def add_attributes(self, module: Module, scope: Scope) -> None:
        """Lets the attributes of a class stand for arguments that its constructor is not given."""
        assigned = {name: found[0] for name, found in scope.bindings.items() if len(found) == 1 and found[0].kind == "assign"}
        self._entries.append({name: Expression(module, scope, binding.node) for name, binding in assigned.items()})

    def _settings(self, expression: Expression) -> None:
        entries = self._values.entries(expression)
        if entries is not None:
            self._entries.append(entries)
            return
        found = self._values.names.follow(expression)
        if found is not None and found.kind == "value" and found.expression is not None:
            here = found.expression.at(unwrapped(found.expression.node))
            if here.node.type == "call":
                name, _ = self._values.called_name(here)
                self._inner.append(Given(self._values, here, ("definition", 0) if name.startswith("create") else ()))
                return
        self.has_unknown = True

    def get(self, at: At, *, own: bool = True) -> Expression | None:
        """The value given at the first of the places; positions count in the call itself and in no settings."""
        if own:
            found = self._values.argument(self.call, at, self.arguments)
            if found is not None:
                return found
        keywords = tuple(name for name in at if isinstance(name, str))
        for inner in self._inner:
            found = inner.get(keywords)
            if found is not None:
                return found
        for entries in self._entries:
            for name in keywords:
                if name in entries:
                    return entries[name]
        return None

    def all(self, at: At) -> list[Expression]:
        """The values of every place that is given."""
        return [found for name in at if (found := self.get((name,))) is not None]

    @property
    def is_open(self) -> bool:
        """Whether more may be given than is visible."""
        return self.has_unknown or any(inner.is_open for inner in self._inner)


class Forwarded(Given):
    """What the constructor inside a function of the repository is given, when a call of that function hands it on."""

    def __init__(self, values: Values, outer: Expression, inner: Expression, function: Scope, settings: At = ()) -> None:
        super().__init__(values, inner, settings)
        self._outer = outer
        self._outer_arguments = Arguments(outer.node)
        names = [name for name, found in function.bindings.items() if found[0].kind == "parameter"]
        self._parameters = [name for name in names if name not in ("self", "cls")]

    def get(self, at: At, *, own: bool = True) -> Expression | None:
        """The value given at a place, through the parameter that stands there."""
        found = super().get(at, own=own)
        if found is None:
            return None
        node = unwrapped(found.node)
        name = text_of(node) if node.type == "identifier" else ""
        if name not in self._parameters:
            return found
        return self._values.argument(self._outer, (name, self._parameters.index(name)), self._outer_arguments)


def is_absent(values: Values, expression: Expression | None) -> bool:
    """Whether nothing is given: no argument, `None`, or an empty list."""
    if expression is None:
        return True
    node: Node = unwrapped(expression.node)
    if node.type == "none":
        return True
    items = values.items(expression)
    return items is not None and not items
