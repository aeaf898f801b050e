"""Names of tools that an agent is given: functions, tool classes, wrappers, schemas, other agents.

Invariants:
- a list whose content is not all visible is None, never a part of it;
- a tool's name is what the model sees where the code says so, else the name of the function, class or variable.
"""

from __future__ import annotations

from typing import NamedTuple
from weakref import WeakKeyDictionary

from tree_sitter import Node

from remit.discover.sources.code.python.module import Module
from remit.discover.sources.code.python.names import MAX_DEPTH, Expression, Found, last_two
from remit.discover.sources.code.python.syntax import Arguments, last_name, text_of, unwrapped
from remit.discover.sources.code.python.tables import Table
from remit.discover.sources.code.python.values import Values

_MAX_CHANGES = 100
_MUTATORS = frozenset({"append", "extend", "insert", "remove", "pop", "clear"})


class Tool(NamedTuple):
    """One tool, and where its code stands when that is in this repository."""

    name: str
    path: str | None = None
    line: int | None = None
    delegate: str | None = None
    """Name or variable of the agent that it hands over to."""


class Tools:
    """Reads tools through the values of one repository."""

    def __init__(self, values: Values, table: Table) -> None:
        self._values = values
        self._names = values.names
        self._words = table.tools
        self._mutated: WeakKeyDictionary[Module, dict[str, list[Node]]] = WeakKeyDictionary()

    def listed(self, expression: Expression, depth: int = 0) -> tuple[Tool, ...] | None:
        """The tools of a list (or of a single tool, or a dictionary by name); None when they are not all known."""
        if depth > MAX_DEPTH:
            return None
        node = unwrapped(expression.node)
        if node.type == "none":
            return ()
        added: list[Expression] = []
        if node.type == "identifier":
            more = self._added(expression, text_of(node))
            if more is None:
                return None
            added = more
        items = self._values.items(expression)
        if items is None:
            return self._not_a_list(expression, depth + 1)
        return self._all(items + added, depth + 1)

    def _all(self, items: list[Expression], depth: int) -> tuple[Tool, ...] | None:
        found: list[Tool] = []
        for item in items:
            inner = self.tool(item, depth + 1)
            if inner is None:
                return None
            found.extend(inner)
        return tuple(dict.fromkeys(found))

    def _not_a_list(self, expression: Expression, depth: int) -> tuple[Tool, ...] | None:
        entries = self._values.entries(expression)
        if entries is not None:
            inner = next((entries[key] for key in ("tools", "functions") if key in entries), None)
            if inner is not None:
                return self.listed(inner, depth + 1)
            return tuple(Tool(key) for key in entries) if "type" not in entries else self._schema(entries, depth + 1)
        found = self._names.follow(expression)
        if found is None:
            return None
        if found.kind in ("function", "class"):
            return self.tool(expression, depth + 1)
        if found.kind == "value" and found.expression is not None and found.expression.node.type == "none":
            return ()
        if found.kind == "value" and found.expression is not None and found.expression.node.type == "call":
            return self._single(found.expression, depth + 1)
        return None

    def _single(self, call: Expression, depth: int) -> tuple[Tool, ...] | None:
        """A call where a list is expected: one tool when it makes one, else a list that only running would tell."""
        name, found = self._values.called_name(call)
        makes_one = name[:1].isupper() or name in self._words.methods or {name, last_two(found, name)} & self._words.wrappers
        return self.tool(call, depth + 1) if makes_one else None

    def _added(self, expression: Expression, name: str) -> list[Expression] | None:
        """What `name.append(x)` adds in the same scope; None when the list is changed in a way that is not followed."""
        module = expression.module
        if module not in self._mutated:
            self._mutated[module] = _mutations(module)
        found: list[Expression] = []
        changes = self._mutated[module].get(name, [])
        if len(changes) > _MAX_CHANGES:
            return None
        for node in changes:
            scope = module.scope_at(node.start_byte)
            if scope not in (expression.scope, *expression.scope.chain()):
                continue
            callee = node.child_by_field_name("function")
            method = callee.child_by_field_name("attribute") if callee is not None else None
            arguments = Arguments(node)
            if method is None or len(arguments.positional) != 1:
                return None
            here = Expression(module, scope, arguments.positional[0])
            if text_of(method) == "append":
                found.append(here)
            elif text_of(method) == "extend":
                items = self._values.items(here)
                if items is None:
                    return None
                found.extend(items)
            else:
                return None
        return found

    def tool(self, expression: Expression, depth: int = 0) -> tuple[Tool, ...] | None:
        """One element of a list of tools; None when it could be anything."""
        if depth > MAX_DEPTH:
            return None
        node = unwrapped(expression.node)
        if node.type == "list":
            items = self._values.items(expression)
            return self._all(items, depth + 1) if items is not None else None
        text = self._values.text(expression)
        if text is not None:
            return (Tool(text),)
        found = self._names.follow(expression)
        label = last_name(node)
        if found is None or found.kind == "parameter":
            return (Tool(label),) if label is not None and found is None and self._is_own(expression, node) else None
        if found.kind in ("function", "class", "instance") and found.expression is not None:
            return (self._defined(found),)
        if found.kind == "library" and found.path is not None:
            return (Tool(found.path.rpartition(".")[2]),)
        if found.kind == "module" and found.path is not None:
            return (Tool(found.path.rpartition("/")[2].removesuffix(".py")),)
        if found.expression is None:
            return None
        inner = found.expression.at(unwrapped(found.expression.node))
        if inner.node.type == "call":
            return self._made(inner, label)
        if inner.node.type == "dictionary":
            return self._schema(self._values.entries(inner) or {}, depth + 1)
        if inner.node.type in ("list", "tuple"):
            return self.listed(inner, depth + 1)
        if inner.node.type == "lambda":
            return (Tool(label),) if label else None
        return None

    def _is_own(self, expression: Expression, node: Node) -> bool:
        """Whether a name that could not be followed is a bound method or a variable, not a parameter that may hold a list."""
        if node.type == "attribute":
            return True
        name = text_of(node)
        if not any(scope.bindings.get(name) or scope.clauses.get(name) for scope in expression.scope.chain()):
            return True
        return any(
            binding.kind in ("assign", "import", "with") for scope in expression.scope.chain() for binding in scope.bindings.get(name, ())
        )

    def _defined(self, found: Found) -> Tool:
        assert found.expression is not None
        module, _, node = found.expression
        name = node.child_by_field_name("name")
        label = text_of(name) if name is not None else (found.label or "")
        override = self.decorated_name(module, node)
        return Tool(override or label, module.path, module.line(node))

    def decorated_name(self, module: Module, definition: Node, marks: frozenset[str] | None = None) -> str | None:
        """The name that a decorator of the function gives the tool; None when it keeps the function's."""
        for mark in module.decorators.get(definition.id, ()):
            if mark.type != "call":
                continue
            callee = mark.child_by_field_name("function")
            last = text_of(callee).rpartition(".")[2] if callee is not None else ""
            if last not in (marks or self._words.decorators):
                continue
            here = Expression(module, module.scope_at(mark.start_byte), mark)
            arguments = Arguments(mark)
            given = arguments.get(*self._words.named)
            if given is None and last in ("tool", "StructuredTool", "kernel_function") and arguments.positional:
                given = arguments.positional[0]
            text = self._values.text(here.at(given)) if given is not None else None
            if text and " " not in text.strip():
                return text
        return None

    def _made(self, call: Expression, label: str | None) -> tuple[Tool, ...] | None:
        name, found = self._values.called_name(call)
        arguments = Arguments(call.node)
        callee = call.node.child_by_field_name("function")
        if name in self._words.unknown:
            return None
        if found is not None and found.kind == "function":
            return (Tool(label),) if label else (Tool(name),)
        qualified = last_two(found, name)
        given = self._values.argument(call, self._words.named, arguments)
        text = self._values.text(given) if given is not None else None
        is_method = name in self._words.methods and callee is not None and callee.type == "attribute"
        delegate = self._owner(callee) if is_method else None
        if text:
            return (Tool(text, delegate=delegate),)
        if is_method:
            return (Tool(label or delegate or name, delegate=delegate),)
        if name in self._words.wrappers or qualified in self._words.wrappers:
            return self._wrapped(call, arguments, label)
        if name in self._words.kits:
            return None
        if name and (name[0].isupper() or "." not in name):
            is_class = name[0].isupper()
            if is_class:
                return (Tool(name),)
            if callee is not None and callee.type == "attribute":
                owner = callee.child_by_field_name("object")
                last = self._last_class(call, owner) if owner is not None else None
                return (Tool(label or last or name),)
            return (Tool(label or name),)
        return (Tool(label),) if label else None

    def _last_class(self, call: Expression, owner: Node) -> str | None:
        found = self._names.follow(call.at(owner))
        if found is not None and found.kind == "library" and found.path is not None:
            last = found.path.rpartition(".")[2]
            return last if last[:1].isupper() else None
        return None

    def _owner(self, callee: Node | None) -> str | None:
        owner = callee.child_by_field_name("object") if callee is not None else None
        return last_name(unwrapped(owner)) if owner is not None else None

    def _wrapped(self, call: Expression, arguments: Arguments, label: str | None) -> tuple[Tool, ...] | None:
        inner = arguments.get(*self._words.wrapping, 0)
        if inner is None:
            return (Tool(label),) if label else None
        node = unwrapped(inner)
        within = self._names.follow(call.at(inner))
        if within is not None and within.kind in ("function", "class") and within.expression is not None:
            return (self._defined(within),)
        metadata = arguments.get("metadata")
        if metadata is not None:
            named = Arguments(metadata).get("name") if metadata.type == "call" else None
            text = self._values.text(call.at(named)) if named is not None else None
            if text:
                return (Tool(text),)
        name = label or last_name(node)
        if name is None and within is not None and within.path is not None:
            name = within.path.removesuffix("()").rpartition(".")[2]
        return (Tool(name, delegate=last_name(node)),) if name else None

    def _schema(self, entries: dict[str, Expression], depth: int) -> tuple[Tool, ...] | None:
        """A tool as the wire has it: `{"type": "function", "function": {"name": ...}}`, `{"toolSpec": {"name": ...}}`."""
        for key in ("function", "toolSpec"):
            if key in entries:
                inner = self._values.entries(entries[key])
                return self._schema(inner, depth + 1) if inner is not None and depth <= MAX_DEPTH else None
        for key in ("name", "type"):
            if key in entries:
                text = self._values.text(entries[key])
                return (Tool(text),) if text else None
        return None


def _mutations(module: Module) -> dict[str, list[Node]]:
    found: dict[str, list[Node]] = {}
    for call in module.calls:
        if call.called not in _MUTATORS:
            continue
        callee = call.node.child_by_field_name("function")
        owner = callee.child_by_field_name("object") if callee is not None else None
        if owner is not None and owner.type == "identifier":
            found.setdefault(text_of(owner), []).append(call.node)
    return found
