"""One file's names: what is imported, declared, exported and called, and in which scope.

Invariants:
- a name means what the innermost scope around its use says; a name given a value twice means nothing certain;
- imports of types alone bind no values.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import Any, NamedTuple

from tree_sitter import Node

from remit.discover.sources.code.reader import SourceFile
from remit.discover.sources.code.typescript import syntax
from remit.discover.sources.code.typescript.syntax import text_of

_CANDIDATES = 200


class Imported(NamedTuple):
    """A name of another module: `name` is `default`, `*` or what the module exports."""

    source: str
    name: str


class Declared(NamedTuple):
    """One declaration of a name, valid from `start` to `end` (bytes)."""

    start: int
    end: int
    value: Node | None
    """None: a parameter, or a variable without a first value."""
    path: tuple[str, ...] = ()
    """Keys by which a destructuring pattern reaches into the value."""
    kind: str = "const"
    type: Node | None = None
    """The type annotation."""


class Function(NamedTuple):
    """A function, its name and the one around it."""

    node: Node
    name: str | None
    outer: int | None
    owner: int | None
    """Index of the class whose method it is."""
    within: str | None = None
    """The variable in whose value it stands: of `const search = tool({ execute() {} })` it is `search`."""


class Seen(NamedTuple):
    """A call or `new` and what stands around it, as indices (None: nothing)."""

    node: Node
    function: int | None
    loop: Node | None
    owner: int | None


class Class(NamedTuple):
    """A class: fields with a first value, and `this.x = ...` in its methods."""

    node: Node
    name: str | None
    base: Node | None
    fields: dict[str, list[Node | None]]
    types: dict[str, Node]
    outer: int | None = None


class Module:
    """A parsed file and its index of names."""

    def __init__(self, file: SourceFile) -> None:
        self.path = file.path
        self.data = file.text.encode("utf-8", "replace")
        self.root, captured, pairs = syntax.parse(file.path, self.data)
        self.imports: dict[str, Imported] = {}
        self.type_imports: dict[str, Imported] = {}
        self.sources: list[tuple[str, Node]] = []
        self.exports: dict[str, Imported | str | Node] = {}
        """Exported name -> a name of another module, a local name, or an expression."""
        self.stars: list[str] = []
        self.declared: dict[str, list[Declared]] = {}
        self._starts: dict[str, list[int]] = {}
        self.calls: list[Seen] = []
        self.functions: list[Function] = []
        self.classes: list[Class] = []
        self.labels: dict[int, str] = {}
        """Start of a value -> the variable or field that it is given to."""
        self.assigned: list[tuple[Node, Node]] = []
        """Assignments to members: (left, right)."""
        _Index(self).read(captured, pairs)
        self._class_at = {item.node.start_byte: index for index, item in enumerate(self.classes)}
        self._called: dict[str, list[Node]] | None = None
        self._class_starts = [item.node.start_byte for item in self.classes]
        self._function_starts = [item.node.start_byte for item in self.functions]

    def declaration(self, name: str, at: int) -> Declared | None:
        """The declaration that `name` refers to at byte `at`: of the innermost scope around it."""
        items = self.declared.get(name)
        if items is None:
            return None
        if len(items) == 1:
            return items[0] if items[0].start <= at < items[0].end else None
        starts = self._starts.get(name)
        if starts is None:
            items.sort(key=_scope_start)
            starts = self._starts[name] = [item.start for item in items]
        last = bisect_right(starts, at) - 1
        for index in range(last, max(-1, last - _CANDIDATES), -1):
            if at < items[index].end:
                return items[index]
        # A name declared in hundreds of places is not worth the search; it then means nothing certain.
        return None if last < _CANDIDATES else Declared(0, 0, None, kind="many")

    def class_of(self, node: Node) -> Class | None:
        """The class that begins at a node."""
        index = self._class_at.get(node.start_byte)
        return None if index is None else self.classes[index]

    def owner_at(self, at: int) -> Class | None:
        """The innermost class around a byte."""
        index: int | None = bisect_right(self._class_starts, at) - 1
        while index is not None and index >= 0:
            if at < self.classes[index].node.end_byte:
                return self.classes[index]
            index = self.classes[index].outer
        return None

    def function_at(self, at: int) -> int | None:
        """The innermost function around a byte."""
        index: int | None = bisect_right(self._function_starts, at) - 1
        while index is not None and index >= 0:
            if at < self.functions[index].node.end_byte:
                return index
            index = self.functions[index].outer
        return None

    def function_from(self, start: int) -> Function | None:
        """The function that begins at a byte."""
        index = bisect_right(self._function_starts, start) - 1
        return self.functions[index] if index >= 0 and self._function_starts[index] == start else None

    def called(self, name: str) -> list[Node]:
        """The calls of a bare name."""
        if self._called is None:
            self._called = {}
            for seen in self.calls:
                callee = syntax.callee_of(seen.node)
                if callee is not None and callee.type == "identifier":
                    self._called.setdefault(text_of(callee), []).append(seen.node)
        return self._called.get(name, [])

    def dotted(self, index: int | None) -> str | None:
        """The dotted name of the nearest named function, outer names first."""
        parts: list[str] = []
        while index is not None and len(parts) < 8:
            function = self.functions[index]
            if function.name:
                parts.append(function.name)
            if function.within:
                parts.append(function.within)
            if function.owner is not None and function.name and self.classes[function.owner].name:
                parts.append(self.classes[function.owner].name or "")
            index = function.outer
        return ".".join(reversed(parts)) or None

    def dotted_at(self, node: Node) -> str | None:
        """The dotted name of the function or class that a node is."""
        owner = self.class_of(node)
        if owner is not None and node.type in syntax.CLASSES:
            return owner.name
        index = bisect_right(self._function_starts, node.start_byte) - 1
        return self.dotted(index) if index >= 0 and self._function_starts[index] == node.start_byte else None

    def slice(self, node: Node) -> bytes:
        """The bytes of a node."""
        return self.data[node.start_byte : node.end_byte]


class _Index:
    """One pass over the captured nodes, with a stack of the scopes that are open."""

    def __init__(self, module: Module) -> None:
        self.module = module
        self.scopes: list[tuple[int, int, str]] = [(0, len(module.data) + 1, "program")]
        self.functions: list[int] = []
        self.classes: list[int] = []
        self.loops: list[Node] = []
        self.open: list[tuple[int, list[Any]]] = [(len(module.data) + 2, [])]
        """(end, the stack to take from when it is passed), innermost last."""
        self.waiting: list[tuple[int, int, str]] = []
        """Variables of declarations that have begun, last first."""
        self.variables: list[tuple[int, str]] = []
        """(start, name) of variables whose value is being read and is no function."""
        self.names: dict[int, str] = {}
        """Start of a function or class expression -> the name that it is given."""

    def read(self, captured: list[Node], pairs: list[Node]) -> None:
        for pair in pairs:
            value, key = pair.child_by_field_name("value"), syntax.property_name(pair)
            if value is not None and key is not None:
                self.names[value.start_byte] = key
        for node in captured:
            start, end, kind = node.start_byte, node.end_byte, node.type
            if self.open[-1][0] <= start:
                self._leave(start)
            while self.waiting and self.waiting[-1][0] <= start:
                at, until, name = self.waiting.pop()
                if start < until:
                    self._enter(self.variables, (at, name), until)
            if kind in syntax.CALLS:
                self._call(node)
            elif kind in syntax.DECLARATIONS:
                self._variables(node, kind == "lexical_declaration")
            elif kind in syntax.FUNCTIONS:
                self._function(node, start, end)
            elif kind in syntax.BLOCKS:
                self._enter(self.scopes, (start, end, "block"), end)
                if kind == "catch_clause":
                    self._pattern(node.child_by_field_name("parameter"), None, (), start, end, "parameter")
            elif kind in syntax.ASSIGNMENTS:
                self._assignment(node)
            elif kind in syntax.LOOPS:
                self._loop(node, start, end)
            elif kind in syntax.CLASSES:
                self._class(node, start, end)
            elif kind in syntax.FIELDS:
                self._field(node)
            elif kind == "import_statement":
                self._import(node)
            elif kind == "export_statement":
                self._export(node)
            else:
                self._declare_name(node, node)

    def _leave(self, start: int) -> None:
        while self.open[-1][0] <= start:
            self.open.pop()[1].pop()

    def _enter(self, stack: list[Any], item: object, end: int) -> None:
        stack.append(item)
        self.open.append((end, stack))

    def _declare(self, name: str, item: Declared) -> None:
        self.module.declared.setdefault(name, []).append(item)

    def _declare_name(self, node: Node, value: Node) -> None:
        name = node.child_by_field_name("name")
        if name is not None:
            self._declare(text_of(name), Declared(self.scopes[-1][0], self.scopes[-1][1], value))

    def _call(self, node: Node) -> None:
        function = self.functions[-1] if self.functions else None
        loop = self.loops[-1] if self.loops else None
        self.module.calls.append(Seen(node, function, loop, self.classes[-1] if self.classes else None))

    def _variables(self, node: Node, is_lexical: bool) -> None:
        start, end, _ = self.scopes[-1]
        if not is_lexical:
            start, end, _ = next(scope for scope in reversed(self.scopes) if scope[2] != "block")
        kind = "const" if is_lexical and node.child_count and node.children[0].type == "const" else "let"
        for declarator in reversed(node.named_children):
            if declarator.type != "variable_declarator":
                continue
            name, value = declarator.child_by_field_name("name"), declarator.child_by_field_name("value")
            if name is None:
                continue
            if value is not None and name.type == "identifier":
                self._label(value, text_of(name))
                if value.type not in syntax.FUNCTIONS and value.type not in syntax.CLASSES:
                    self.waiting.append((declarator.start_byte, declarator.end_byte, text_of(name)))
            self._pattern(name, value, (), start, end, kind, declarator.child_by_field_name("type"))

    def _label(self, value: Node, name: str) -> None:
        inner = syntax.unwrapped(value)
        self.module.labels.setdefault(inner.start_byte, name)
        if inner.type in syntax.FUNCTIONS or inner.type in syntax.CLASSES:
            self.names[inner.start_byte] = name

    def _pattern(
        self, node: Node | None, value: Node | None, path: tuple[str, ...], start: int, end: int, kind: str, annotation: Node | None = None
    ) -> None:
        if node is None or len(path) > 8:
            return
        if node.type in {"identifier", "shorthand_property_identifier_pattern"}:
            name = text_of(node)
            full = path if node.type == "identifier" else (*path, name)
            self._declare(name, Declared(start, end, value, full, kind, annotation))
        elif node.type == "object_pattern":
            for child in node.named_children:
                self._pattern(child, value, path, start, end, kind)
        elif node.type == "pair_pattern":
            key = syntax.property_name(node)
            inner = node.child_by_field_name("value")
            self._pattern(inner, value if key else None, (*path, key or "?"), start, end, kind)
        elif node.type in {"assignment_pattern", "object_assignment_pattern"}:
            # The default stands in only when the value has no such key: nothing certain.
            self._pattern(node.child_by_field_name("left"), value, path, start, end, kind)
        elif node.type in {"array_pattern", "rest_pattern"}:
            for child in node.named_children:
                self._pattern(child, None, path, start, end, kind)

    def _function(self, node: Node, start: int, end: int) -> None:
        name_node = node.child_by_field_name("name")
        name = syntax.property_name(node) if name_node is not None else self.names.get(start)
        if node.type.endswith("_declaration") and name:
            self._declare(name, Declared(self.scopes[-1][0], self.scopes[-1][1], node))
        outer = self.functions[-1] if self.functions else None
        owner: int | None = None
        if self.classes:
            around = self.module.classes[self.classes[-1]].node.start_byte
            if outer is None or self.module.functions[outer].node.start_byte < around:
                owner = self.classes[-1]
        around_start = self.module.functions[outer].node.start_byte if outer is not None else -1
        within = self.variables[-1][1] if self.variables and self.variables[-1][0] > around_start else None
        self.module.functions.append(Function(node, name, outer, owner, within if within != name else None))
        self._enter(self.functions, len(self.module.functions) - 1, end)
        self._enter(self.scopes, (start, end, "function"), end)
        single = node.child_by_field_name("parameter")
        self._pattern(single, None, (), start, end, "parameter")
        parameters = node.child_by_field_name("parameters")
        for child in parameters.named_children if parameters is not None else ():
            self._parameter(child, start, end, owner)

    def _parameter(self, child: Node, start: int, end: int, owner: int | None) -> None:
        pattern = child.child_by_field_name("pattern") if child.type in {"required_parameter", "optional_parameter"} else child
        annotation = child.child_by_field_name("type")
        self._pattern(pattern, None, (), start, end, "parameter", annotation)
        is_field = any(part.type in {"accessibility_modifier", "readonly"} for part in child.children)
        if is_field and owner is not None and pattern is not None:
            item = self.module.classes[owner]
            item.fields.setdefault(text_of(pattern), []).append(None)
            if annotation is not None:
                item.types[text_of(pattern)] = annotation

    def _loop(self, node: Node, start: int, end: int) -> None:
        self._enter(self.loops, node, end)
        self._enter(self.scopes, (start, end, "block"), end)
        if node.type == "for_in_statement" and any(part.type in {"const", "let", "var"} for part in node.children):
            self._pattern(node.child_by_field_name("left"), None, (), start, end, "let")

    def _class(self, node: Node, start: int, end: int) -> None:
        name_node = node.child_by_field_name("name")
        name = text_of(name_node) if name_node is not None else self.names.get(start)
        if name_node is not None and node.type != "class":
            self._declare(text_of(name_node), Declared(self.scopes[-1][0], self.scopes[-1][1], node))
        self.module.classes.append(Class(node, name, syntax.base_of(node), {}, {}, self.classes[-1] if self.classes else None))
        self._enter(self.classes, len(self.module.classes) - 1, end)
        self._enter(self.scopes, (start, end, "function"), end)

    def _field(self, node: Node) -> None:
        if not self.classes:
            return
        name, value = syntax.property_name(node), node.child_by_field_name("value")
        if name is None:
            return
        item = self.module.classes[self.classes[-1]]
        annotation = node.child_by_field_name("type")
        if annotation is not None:
            item.types.setdefault(name, annotation)
        if value is not None:
            item.fields.setdefault(name, []).append(value)
            self._label(value, name)

    def _assignment(self, node: Node) -> None:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        if left is None or right is None:
            return
        if left.type == "identifier":
            name = text_of(left)
            self._label(right, name)
            self._first_value(name, left.start_byte, right)
            return
        if left.type != "member_expression":
            return
        target, key = left.child_by_field_name("object"), syntax.property_name(left)
        if key is None or target is None:
            return
        if target.type == "this" and self.classes:
            self.module.classes[self.classes[-1]].fields.setdefault(key, []).append(right)
            self._label(right, key)
        elif text_of(target) in {"exports", "module.exports"}:
            self.module.exports[key] = right
            self._label(right, key)
        elif text_of(left) == "module.exports":
            self.module.exports["default"] = right
            self.module.exports["="] = right
        else:
            self.module.assigned.append((left, right))

    def _first_value(self, name: str, at: int, right: Node) -> None:
        """`let x;` followed by exactly one assignment has that value; a second value leaves nothing certain."""
        items = self.module.declared.get(name, [])
        for index in range(len(items) - 1, max(-1, len(items) - 1 - _CANDIDATES), -1):
            item = items[index]
            if item.start <= at < item.end:
                if item.kind == "let" and item.value is None and not item.path:
                    items[index] = item._replace(value=right, kind="once")
                else:
                    items[index] = item._replace(kind="many")
                return
        if len(items) > _CANDIDATES:
            self.module.declared[name] = [Declared(0, len(self.module.data) + 1, None, kind="many")]

    def _import(self, node: Node) -> None:
        clause = next((child for child in node.named_children if child.type in {"import_clause", "import_require_clause"}), None)
        source_node = node.child_by_field_name("source") or (clause.child_by_field_name("source") if clause is not None else None)
        source = _source(source_node)
        if source is None:
            return
        is_type = any(child.type in {"type", "typeof"} for child in node.children)
        if not is_type:
            self.module.sources.append((source, node))
        if clause is None:
            return
        names = self.module.type_imports if is_type else self.module.imports
        for child in clause.named_children:
            if child.type == "identifier":
                names[text_of(child)] = Imported(source, "*" if clause.type == "import_require_clause" else "default")
            elif child.type == "namespace_import" and child.named_children:
                names[text_of(child.named_children[0])] = Imported(source, "*")
            elif child.type == "named_imports":
                self._named(child, source, is_type)

    def _named(self, clause: Node, source: str, is_type: bool) -> None:
        for item in clause.named_children:
            name, alias = item.child_by_field_name("name"), item.child_by_field_name("alias")
            if name is None:
                continue
            only_type = is_type or any(child.type in {"type", "typeof"} for child in item.children)
            names = self.module.type_imports if only_type else self.module.imports
            names[text_of(alias or name)] = Imported(source, text_of(name).strip("'\""))

    def _export(self, node: Node) -> None:
        source = _source(node.child_by_field_name("source"))
        is_type = any(child.type == "type" for child in node.children)
        if source is not None and not is_type:
            self.module.sources.append((source, node))
        exports = self.module.exports
        for child in node.named_children:
            if child.type == "export_clause" and not is_type:
                for item in child.named_children:
                    name, alias = item.child_by_field_name("name"), item.child_by_field_name("alias")
                    if name is not None:
                        exports[text_of(alias or name)] = Imported(source, text_of(name)) if source is not None else text_of(name)
            elif child.type == "namespace_export" and source is not None and child.named_children:
                exports[text_of(child.named_children[0])] = Imported(source, "*")
        if source is not None and any(child.type == "*" for child in node.children):
            self.module.stars.append(source)
        value, declaration = node.child_by_field_name("value"), node.child_by_field_name("declaration")
        is_default = any(child.type == "default" for child in node.children)
        if value is not None:
            exports["default"] = value
        elif declaration is not None:
            if is_default:
                exports["default"] = declaration
            for declared in syntax.declared_names(declaration):
                exports[declared] = declared


def _scope_start(item: Declared) -> int:
    return item.start


def _source(node: Node | None) -> str | None:
    """The text of a module specifier."""
    return None if node is None else syntax.string_value(node)
