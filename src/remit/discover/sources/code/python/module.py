"""One Python text as scopes, bindings and calls, collected in a single sweep in the order of the text.

Invariants:
- a name is looked up as Python does it (function, enclosing functions, module; class bodies only from inside themselves);
- the sweep never recurses; enclosing scopes and regions are kept on a stack, so deep nesting costs nothing more;
- lines are those of the raw file: a notebook brings its own table of lines.
"""

from __future__ import annotations

import itertools
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

import tree_sitter
from tree_sitter import Node

from remit.discover.sources.code.python.syntax import LANGUAGE, parse, text_of

_QUERY = tree_sitter.Query(
    LANGUAGE,
    """
    (import_statement) @import (import_from_statement) @from (function_definition) @function (class_definition) @class
    (assignment) @assign (augmented_assignment left: (identifier) @other) (named_expression) @named (global_statement) @global
    (call) @call (decorated_definition) @decorated (for_in_clause) @clause
    (with_statement) @with (for_statement) @loop (while_statement) @loop
    (if_statement consequence: (block) @branch) (elif_clause) @branch (else_clause) @branch (except_clause) @branch (case_clause) @branch
    """,
)
_ORDER = {
    "decorated": 0,
    "function": 1,
    "class": 1,
    "with": 1,
    "loop": 1,
    "branch": 1,
    "import": 2,
    "from": 2,
    "global": 2,
    "assign": 2,
    "named": 2,
    "other": 2,
    "clause": 2,
    "call": 3,
}
_MAX_BINDINGS = 400
_NONE: Mapping[str, Any] = MappingProxyType({})


class Import(NamedTuple):
    """What an import names: a module, or something in it."""

    level: int
    """Leading dots; 0 for an absolute import."""
    module: str
    attribute: str | None
    """None: the module itself."""


class Binding(NamedTuple):
    """One way in which a name gets its meaning."""

    kind: str
    """`import`, `assign`, `function`, `class`, `parameter`, `with` or `other`."""
    node: Node
    """The value, the definition or the parameter."""
    position: int
    region: Region | None
    scope: Scope
    target: Import | None = None

    @property
    def is_conditional(self) -> bool:
        """Whether the binding may not have happened although its scope ran."""
        return self.region is not None and self.region.is_conditional


class Region:
    """A part of a scope that is a branch, a loop or a `with` block."""

    __slots__ = ("end", "is_conditional", "kind", "node", "parent", "start")

    def __init__(self, kind: str, node: Node, parent: Region | None) -> None:
        self.kind, self.node, self.parent = kind, node, parent
        self.start, self.end = node.start_byte, node.end_byte
        own = kind == "loop" or (kind == "branch" and not _is_always_run(node))
        self.is_conditional: bool = own or (parent is not None and parent.is_conditional)

    def chain(self) -> Iterator[Region]:
        """This region and those around it in the same scope, innermost first."""
        region: Region | None = self
        while region is not None:
            yield region
            region = region.parent


class Scope:
    """A module, class or function body with the names that are bound in it."""

    __slots__ = ("attributes", "bindings", "clauses", "end", "globals", "kind", "name", "node", "parent", "stars", "start", "types")

    def __init__(self, kind: str, node: Node, name: str, parent: Scope | None) -> None:
        self.kind, self.node, self.name, self.parent = kind, node, name, parent
        self.start, self.end = node.start_byte, node.end_byte
        self.bindings: dict[str, list[Binding]] = {}
        self.attributes: Mapping[str, list[Binding]] = _NONE
        """Of a class: what its methods assign to `self.NAME`."""
        self.types: Mapping[str, Node] = _NONE
        """Annotations of names and parameters."""
        self.stars: tuple[Import, ...] = ()
        self.globals: frozenset[str] = frozenset()
        self.clauses: Mapping[str, list[tuple[int, int]]] = _NONE
        """Names of comprehensions, with where they hold."""

    @property
    def dotted(self) -> str | None:
        """Dotted name of the function or class; None for the module."""
        names = [scope.name for scope in self.chain() if scope.kind != "module"]
        return ".".join(reversed(names)) or None

    def chain(self) -> Iterator[Scope]:
        """This scope and those around it, innermost first."""
        scope: Scope | None = self
        while scope is not None:
            yield scope
            scope = scope.parent

    def nearest_class(self) -> Scope | None:
        """The class around this scope, or the scope itself when it is one."""
        return next((scope for scope in self.chain() if scope.kind == "class"), None)

    def annotate(self, name: str, annotation: Node) -> None:
        """Keeps the annotation of a name or parameter."""
        self.types = {**self.types, name: annotation} if len(self.types) < _MAX_BINDINGS else self.types

    def bind(self, name: str, binding: Binding) -> None:
        """Adds a meaning of a name."""
        found = self.bindings.setdefault(name, [])
        if len(found) < _MAX_BINDINGS:
            found.append(binding)


class Call(NamedTuple):
    """One call, and where it stands."""

    node: Node
    scope: Scope
    region: Region | None
    called: str
    """Last name of what is called: `create` of `client.chat.create(...)`; empty when it has none."""


class Decorated(NamedTuple):
    """A function or class with decorators."""

    definition: Node
    decorators: tuple[Node, ...]
    scope: Scope


class Module:
    """A parsed Python text (or the joined code of a notebook)."""

    def __init__(self, path: str, source: bytes, language: str = "python", lines: Sequence[int] | None = None) -> None:
        self.path, self.source, self.language = path, source, language
        self._lines = lines
        self.tree = parse(source)
        self.root = Scope("module", self.tree.root_node, "", None)
        self.calls: list[Call] = []
        self.imports: list[tuple[Import, Scope, Node]] = []
        self.functions: list[Scope] = []
        self.classes: list[Scope] = []
        self.scopes: dict[int, Scope] = {}
        """By the id of the definition's node."""
        self.decorators: dict[int, tuple[Node, ...]] = {}
        self.decorated: list[Decorated] = []
        self.assigned: dict[int, tuple[str, ...]] = {}
        """Names that a value is bound to, by the id of the value's node."""
        self.words: set[str] = set()
        """Every imported name and alias, to tell cheaply what a module can be about."""
        self._ordered = _Sweep(self).run()
        self._call_starts: list[int] = []
        self._starts = [scope.start for scope in self._ordered]

    def line(self, node: Node) -> int:
        """1-based line of a node in the raw file."""
        return self.raw_line(node.start_point.row)

    def last_line(self, node: Node) -> int:
        """1-based last line of a node in the raw file."""
        return self.raw_line(node.end_point.row)

    def raw_line(self, row: int) -> int:
        """1-based line in the raw file of a row of the code."""
        if self._lines is None:
            return row + 1
        return self._lines[min(row, len(self._lines) - 1)] if self._lines else 1

    def calls_within(self, start: int, end: int) -> list[Call]:
        """The calls that begin in a part of the text."""
        if not self._call_starts:
            self._call_starts = [call.node.start_byte for call in self.calls]
        return self.calls[bisect_left(self._call_starts, start) : bisect_left(self._call_starts, end)]

    def scope_at(self, position: int) -> Scope:
        """The innermost scope around a byte position."""
        index = bisect_right(self._starts, position) - 1
        scope: Scope | None = self._ordered[index] if index >= 0 else self.root
        while scope is not None and not scope.start <= position < scope.end:
            scope = scope.parent
        return scope or self.root


class _Sweep:
    """The single pass that fills a Module."""

    def __init__(self, module: Module) -> None:
        self.module = module
        self.scope = module.root
        self.region: Region | None = None
        self.stack: list[tuple[int, Scope, Region | None]] = []
        self.all = [module.root]

    def run(self) -> list[Scope]:
        """Fills the module; returns its scopes in the order of the text."""
        captured = tree_sitter.QueryCursor(_QUERY).captures(self.module.root.node)
        number = itertools.count()
        items = [
            (node.start_byte, -node.end_byte, order, next(number), kind, node)
            for kind, nodes in captured.items()
            for order in (_ORDER[kind],)
            for node in nodes
        ]
        items.sort()
        handlers = {
            "import": self._import,
            "from": self._from,
            "function": self._function,
            "class": self._class,
            "assign": self._assign,
            "named": self._named,
            "other": self._other,
            "global": self._global,
            "call": self._call,
            "decorated": self._decorated,
            "clause": self._clause,
            "with": self._with,
            "loop": self._loop,
            "branch": self._branch,
        }
        stack = self.stack
        for start, _, _, _, kind, node in items:
            while stack and start >= stack[-1][0]:
                _, self.scope, self.region = stack.pop()
            handlers[kind](node)
        return self.all

    def _enter(self, node: Node, scope: Scope, region: Region | None) -> None:
        self.stack.append((node.end_byte, self.scope, self.region))
        self.scope, self.region = scope, region

    def _bind(self, name: str, kind: str, node: Node, at: Node, target: Import | None = None) -> None:
        scope = self.scope
        if name in scope.globals:
            scope = self.module.root
        scope.bind(
            name, Binding(kind, node, at.end_byte if kind in ("assign", "other") else at.start_byte, self.region, self.scope, target)
        )

    def _import(self, node: Node) -> None:
        for child in node.named_children:
            if child.type == "dotted_name":
                dotted = text_of(child)
                top = dotted.split(".", 1)[0]
                self._note(Import(0, dotted, None), node)
                self._bind(top, "import", child, node, Import(0, top, None))
            elif child.type == "aliased_import":
                name, alias = child.child_by_field_name("name"), child.child_by_field_name("alias")
                if name is not None and alias is not None:
                    target = Import(0, text_of(name), None)
                    self._note(target, node)
                    self._bind(text_of(alias), "import", child, node, target)

    def _from(self, node: Node) -> None:
        source = node.child_by_field_name("module_name")
        if source is None:
            return
        dotted = text_of(source).replace(" ", "")
        bare = dotted.lstrip(".")
        level = len(dotted) - len(bare)
        listed = node.children_by_field_name("name")
        if not listed and any(child.type == "wildcard_import" for child in node.named_children):
            self.scope.stars = (*self.scope.stars, Import(level, bare, "*"))[:_MAX_BINDINGS]
            self._note(Import(level, bare, "*"), node)
        for child in listed:
            if child.type == "aliased_import":
                name, alias = child.child_by_field_name("name"), child.child_by_field_name("alias")
            else:
                name = alias = child
            if name is not None and alias is not None:
                target = Import(level, bare, text_of(name))
                self._note(target, node)
                self._bind(text_of(alias), "import", child, node, target)

    def _note(self, target: Import, node: Node) -> None:
        self.module.imports.append((target, self.scope, node))
        self.module.words.update(target.module.split("."))
        if target.attribute:
            self.module.words.add(target.attribute)

    def _function(self, node: Node) -> None:
        name = node.child_by_field_name("name")
        label = text_of(name) if name is not None else ""
        self._bind(label, "function", node, node)
        scope = Scope("function", node, label, self.scope)
        self._open(node, scope)
        self.module.functions.append(scope)
        parameters = node.child_by_field_name("parameters")
        for child in parameters.named_children if parameters is not None else ():
            self._parameter(child, scope)

    def _parameter(self, node: Node, scope: Scope) -> None:
        kind = node.type
        if kind == "identifier":
            name: Node | None = node
        elif kind in ("default_parameter", "typed_default_parameter"):
            name = node.child_by_field_name("name")
        else:
            name = node.named_children[0] if node.named_children else None
            if name is not None and name.type != "identifier":
                name = name.named_children[0] if name.named_children else None
        if name is None or kind == "comment":
            return
        label = text_of(name)
        annotation = node.child_by_field_name("type")
        if annotation is not None:
            scope.annotate(label, annotation)
        scope.bind(label, Binding("parameter", node, node.start_byte, None, scope))

    def _class(self, node: Node) -> None:
        name = node.child_by_field_name("name")
        label = text_of(name) if name is not None else ""
        self._bind(label, "class", node, node)
        scope = Scope("class", node, label, self.scope)
        self._open(node, scope)
        self.module.classes.append(scope)

    def _open(self, node: Node, scope: Scope) -> None:
        self._enter(node, scope, None)
        self.all.append(scope)
        self.module.scopes[node.id] = scope

    def _assign(self, node: Node) -> None:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        while right is not None and right.type == "assignment":
            right = right.child_by_field_name("right")
        if left is None:
            return
        annotation = node.child_by_field_name("type")
        if annotation is not None:
            self._annotate(left, annotation)
        if right is not None:
            self._bind_pattern(left, right, node)

    def _annotate(self, left: Node, annotation: Node) -> None:
        if left.type == "identifier":
            self.scope.annotate(text_of(left), annotation)
            return
        owner, label = left.child_by_field_name("object"), left.child_by_field_name("attribute")
        around = self.scope.nearest_class()
        if around is not None and owner is not None and label is not None and owner.text in (b"self", b"cls"):
            around.annotate(text_of(label), annotation)

    def _bind_pattern(self, left: Node, right: Node | None, at: Node) -> None:
        kind = left.type
        if kind == "identifier":
            label = text_of(left)
            self._bind(label, "assign" if right is not None else "other", right or left, at)
            self._remember(right, label)
        elif kind == "attribute":
            self._bind_attribute(left, right, at)
        elif kind in ("pattern_list", "tuple_pattern", "list_pattern"):
            names = [child for child in left.named_children if child.type != "comment"]
            values: list[Node] = []
            if right is not None and right.type in ("expression_list", "tuple", "list"):
                values = [child for child in right.named_children if child.type != "comment"]
            matched: Sequence[Node | None] = values if len(values) == len(names) else [None] * len(names)
            for name, value in zip(names, matched, strict=True):
                if name.type in ("identifier", "attribute"):
                    self._bind_pattern(name, value, at)

    def _bind_attribute(self, left: Node, right: Node | None, at: Node) -> None:
        owner, label = left.child_by_field_name("object"), left.child_by_field_name("attribute")
        if owner is None or label is None or owner.type != "identifier":
            return
        self._remember(right, text_of(label))
        around = self.scope.nearest_class()
        if around is None or owner.text not in (b"self", b"cls"):
            return
        if text_of(label) not in around.attributes:
            around.attributes = {**around.attributes, text_of(label): []}
        found = around.attributes[text_of(label)]
        if len(found) < _MAX_BINDINGS:
            found.append(Binding("assign" if right is not None else "other", right or left, at.end_byte, self.region, self.scope))

    def _remember(self, value: Node | None, label: str) -> None:
        if value is None:
            return
        while value.type in ("parenthesized_expression", "await") and value.named_children:
            value = value.named_children[0]
        self.module.assigned[value.id] = (*self.module.assigned.get(value.id, ()), label)

    def _named(self, node: Node) -> None:
        name, value = node.child_by_field_name("name"), node.child_by_field_name("value")
        if name is not None and value is not None:
            self._bind_pattern(name, value, node)

    def _other(self, node: Node) -> None:
        self._bind(text_of(node), "other", node, node)

    def _global(self, node: Node) -> None:
        self.scope.globals |= {text_of(child) for child in node.named_children}

    def _call(self, node: Node) -> None:
        callee = node.child_by_field_name("function")
        while callee is not None and callee.type == "subscript":
            callee = callee.child_by_field_name("value")
        if callee is not None and callee.type == "attribute":
            callee = callee.child_by_field_name("attribute")
        called = text_of(callee) if callee is not None and callee.type == "identifier" else ""
        self.module.calls.append(Call(node, self.scope, self.region, called))

    def _decorated(self, node: Node) -> None:
        definition = node.child_by_field_name("definition")
        if definition is None:
            return
        marks = tuple(child.named_children[0] for child in node.named_children if child.type == "decorator" and child.named_children)
        self.module.decorators[definition.id] = marks
        self.module.decorated.append(Decorated(definition, marks, self.scope))

    def _clause(self, node: Node) -> None:
        left, around = node.child_by_field_name("left"), node.parent
        if left is None or around is None:
            return
        names = [left] if left.type == "identifier" else [child for child in left.named_children if child.type == "identifier"]
        for name in names:
            label = text_of(name)
            held = (around.start_byte, around.end_byte)
            self.scope.clauses = {**self.scope.clauses, label: [*self.scope.clauses.get(label, ())[-_MAX_BINDINGS:], held]}

    def _with(self, node: Node) -> None:
        self._enter(node, self.scope, Region("with", node, self.region))
        clause = next((child for child in node.named_children if child.type == "with_clause"), None)
        for item in clause.named_children if clause is not None else ():
            value = item.named_children[0] if item.named_children else None
            if value is None or value.type != "as_pattern" or len(value.named_children) < 2:
                continue
            target = value.named_children[1]
            name = target.named_children[0] if target.named_children else target
            if name.type == "identifier":
                self._bind(text_of(name), "with", value.named_children[0], value)
                self._remember(value.named_children[0], text_of(name))
            elif name.type == "attribute":
                self._bind_attribute(name, value.named_children[0], value)

    def _loop(self, node: Node) -> None:
        left = node.child_by_field_name("left")
        if left is not None:
            self._bind_pattern(left, None, left)
        self._enter(node, self.scope, Region("loop", node, self.region))

    def _branch(self, node: Node) -> None:
        self._enter(node, self.scope, Region("branch", node, self.region))


def _is_always_run(block: Node) -> bool:
    """Blocks that run whenever the module is used as meant: `if __name__ == "__main__":` and `if TYPE_CHECKING:`."""
    statement = block.parent
    condition = statement.child_by_field_name("condition") if statement is not None and statement.type == "if_statement" else None
    if condition is None or block.type != "block":
        return False
    text = condition.text or b""
    return b"__name__" in text or b"TYPE_CHECKING" in text
