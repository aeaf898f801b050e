"""What an expression refers to, through variables, imports, re-exports and members.

Invariants:
- a value is followed only while it is certain; anything else ends as None;
- every walk is bounded, in depth and by the files that it may open.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from tree_sitter import Node

from remit.discover.sources.code.reader import Project
from remit.discover.sources.code.typescript import packages, syntax
from remit.discover.sources.code.typescript.module import Declared, Imported, Module
from remit.discover.sources.code.typescript.syntax import text_of
from remit.discover.sources.code.typescript.table import is_known_package

BUDGET = 20_000
_DEPTH = 24
_TRANSPARENT = frozenset({"freeze", "__importStar", "__importDefault", "__toESM", "_interopRequireDefault", "_interopRequireWildcard"})
"""Functions that hand on their first argument; compilers put them around `require`."""
_CACHED_BYTES = 6_000_000
_LARGEST_IMPORT = 1_000_000


class Symbol(NamedTuple):
    """Something of a package: `name` is dotted, empty for the whole package. Package `""`: a global of the runtime."""

    package: str
    name: str

    def member(self, key: str) -> Symbol:
        return Symbol(self.package, f"{self.name}.{key}" if self.name else key)


class Spot(NamedTuple):
    """An expression, function or class of this repository; the root of a file stands for what the file exports."""

    module: Module
    node: Node


@dataclass(frozen=True)
class Callee:
    """What is called: `symbol` directly, or `path` on an instance that `maker` (call or `new`) or a type made."""

    symbol: Symbol | None = None
    instance: Symbol | None = None
    maker: Spot | None = None
    path: tuple[str, ...] = ()
    local: Spot | None = None
    """A function or class of this repository; with a `path`, the class of the instance on which it is."""


class Names:
    """Looks names up in one repository, across its files."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self._cache: dict[str, Module | None] = project.memo.setdefault(("typescript", "modules"), {})
        self._held: list[int] = project.memo.setdefault(("typescript", "held"), [0])
        self._places: dict[tuple[str, str], str | None] = project.memo.setdefault(("typescript", "places"), {})
        self.budget = BUDGET
        """Steps that are left for the construct being read; spreads of spreads would otherwise take for ever."""
        self._symbols: dict[tuple[str, Imported], Symbol] = {}
        self._callees: dict[tuple[str, int, int], Callee] = {}

    def keep(self, module: Module) -> None:
        """Puts a parsed file into the cache; the oldest leave when it holds too much."""
        before = self._cache.pop(module.path, None)
        self._held[0] += len(module.data) - (len(before.data) if before is not None else 0)
        self._cache[module.path] = module
        while self._held[0] > _CACHED_BYTES and len(self._cache) > 1:
            oldest = next(iter(self._cache))
            if oldest == module.path:
                break
            gone = self._cache.pop(oldest)
            self._held[0] -= len(gone.data) if gone is not None else 0

    def module(self, path: str) -> Module | None:
        """A parsed file of the repository."""
        if path not in self._cache:
            file = self.project.file(path)
            if file is None or len(file.data) > _LARGEST_IMPORT:
                self._cache[path] = None
            else:
                self.keep(Module(file))
        return self._cache[path]

    def place(self, importer: str, source: str) -> str | None:
        """The path of the repository's file that a specifier means."""
        key = (importer.rpartition("/")[0], source)
        if key not in self._places:
            self._places[key] = packages.local_path(self.project, importer, source)
        return self._places[key]

    def imported(self, module: Module, item: Imported, depth: int = 0) -> Symbol | Spot | None:
        """What an import binds."""
        key = (module.path, item)
        symbol = self._symbols.get(key)
        if symbol is not None:
            return symbol
        found = self._follow(module, item, depth)
        if isinstance(found, Symbol):
            self._symbols[key] = found
        return found

    def _follow(self, module: Module, item: Imported, depth: int) -> Symbol | Spot | None:
        if depth > _DEPTH:
            return None
        source = packages.canonical(item.source)
        path = None if is_known_package(source) else self.place(module.path, item.source)
        if path is None:
            return None if source.startswith(".") else Symbol(source, "" if item.name == "*" else item.name)
        target = self.module(path)
        if target is None:
            return None
        if item.name == "*":
            return Spot(target, target.root)
        return self.exported(target, item.name, depth + 1)

    def exported(self, module: Module, name: str, depth: int = 0) -> Symbol | Spot | None:
        """What a file exports under a name."""
        if depth > _DEPTH:
            return None
        item = module.exports.get(name)
        if item is None and "=" in module.exports:
            whole = module.exports["="]
            return self.member(Spot(module, whole), name, depth + 1) if isinstance(whole, Node) else None
        if isinstance(item, Imported):
            return self.imported(module, item, depth + 1)
        if isinstance(item, str):
            return self.name(module, item, len(module.data), depth + 1)
        if isinstance(item, Node):
            return self.resolve(module, item, depth + 1)
        for source in module.stars:
            found = self.imported(module, Imported(source, name), depth + 1)
            if isinstance(found, Spot) or (found is not None and (len(module.stars) == 1 or is_known_package(found.package))):
                return found
        return None

    def name(self, module: Module, name: str, at: int, depth: int = 0) -> Symbol | Spot | None:
        """What a bare name means at a byte of a file."""
        if depth > _DEPTH:
            return None
        declared = module.declaration(name, at)
        if declared is None:
            item = module.imports.get(name)
            if item is not None:
                return self.imported(module, item, depth + 1)
            return None if name in module.type_imports else Symbol("", name)
        if declared.kind == "many":
            return None
        if declared.value is not None:
            found = self.resolve(module, declared.value, depth + 1)
        else:
            found = self._argument(module, name, declared, depth) if declared.kind == "parameter" else None
        for key in declared.path:
            found = self.member(found, key, depth + 1) if found is not None else None
        return found

    def _argument(self, module: Module, name: str, declared: Declared, depth: int) -> Symbol | Spot | None:
        """What a parameter is given, where its file calls the function exactly once."""
        function = module.function_from(declared.start)
        if function is None or function.name is None:
            return None
        calls = module.called(function.name)
        index = syntax.parameter_index(function.node, name)
        if len(calls) != 1 or index is None:
            return None
        arguments = syntax.arguments_of(calls[0])
        if index >= len(arguments) or any(item.type == "spread_element" for item in arguments[: index + 1]):
            return None
        return self.resolve(module, arguments[index], depth + 1)

    def resolve(self, module: Module, node: Node, depth: int = 0) -> Symbol | Spot | None:
        """Follows an expression to a literal, call, function or class, or to something of a package."""
        self.budget -= 1
        if depth > _DEPTH or self.budget < 0:
            return None
        node = syntax.unwrapped(node)
        kind = node.type
        if kind in {"identifier", "shorthand_property_identifier"}:
            return self.name(module, text_of(node), node.start_byte, depth + 1)
        if kind == "member_expression":
            return self._member_expression(module, node, depth)
        if kind == "subscript_expression":
            index, target = node.child_by_field_name("index"), node.child_by_field_name("object")
            key = syntax.string_value(index) if index is not None else None
            if key is None or target is None:
                return None
            return self.member(self.resolve(module, target, depth + 1), key, depth + 1)
        if kind == "call_expression":
            return self._call(module, node, depth)
        if kind == "meta_property":
            return Symbol("", "import.meta")
        return Spot(module, node)

    def _member_expression(self, module: Module, node: Node, depth: int) -> Symbol | Spot | None:
        target, key = node.child_by_field_name("object"), syntax.property_name(node)
        if target is None or key is None:
            return None
        if target.type == "this":
            return self.field(module, key, node.start_byte, depth + 1)
        return self.member(self.resolve(module, target, depth + 1), key, depth + 1)

    def _call(self, module: Module, node: Node, depth: int) -> Symbol | Spot | None:
        function = syntax.callee_of(node)
        arguments = syntax.arguments_of(node)
        if function is not None and arguments and (function.type == "import" or text_of(function) == "require"):
            source = syntax.string_value(arguments[0])
            return self.imported(module, Imported(source, "*"), depth + 1) if source else None
        if function is not None and arguments and text_of(function).rpartition(".")[2] in _TRANSPARENT:
            return self.resolve(module, arguments[0], depth + 1)
        if function is not None and function.type == "member_expression" and syntax.property_name(function) == "bind":
            target = function.child_by_field_name("object")
            return self.resolve(module, target, depth + 1) if target is not None else None
        return Spot(module, node)

    def field(self, module: Module, key: str, at: int, depth: int = 0) -> Symbol | Spot | None:
        """What `this.key` holds: a field that is given a value once."""
        owner = module.owner_at(at)
        values = owner.fields.get(key, []) if owner is not None else []
        known = [value for value in values if value is not None]
        if owner is not None and not values:
            method = syntax.method_named(owner.node, key)
            return Spot(module, method) if method is not None else None
        return self.resolve(module, known[0], depth + 1) if len(values) == 1 and known else None

    def member(self, found: Symbol | Spot | None, key: str, depth: int = 0) -> Symbol | Spot | None:
        """A member of what was found."""
        if found is None or depth > _DEPTH:
            return None
        if isinstance(found, Symbol):
            return found.member(key)
        module, node = found
        if node.type == "program":
            return self.exported(module, key, depth + 1)
        if node.type == "object":
            return self._entry(module, node, key, depth)
        if node.type == "enum_declaration":
            body = node.child_by_field_name("body")
            for item in body.named_children if body is not None else ():
                if item.type == "enum_assignment" and syntax.property_name(item) == key:
                    value = item.child_by_field_name("value")
                    return Spot(module, value) if value is not None else None
        if node.type in syntax.CLASSES:
            owner = module.class_of(node)
            values = owner.fields.get(key, []) if owner is not None else []
            return self.resolve(module, values[0], depth + 1) if len(values) == 1 and values[0] is not None else None
        return None

    def _entry(self, module: Module, node: Node, key: str, depth: int) -> Symbol | Spot | None:
        for child in reversed(node.named_children):
            if child.type == "pair" and syntax.property_name(child) == key:
                value = child.child_by_field_name("value")
                return self.resolve(module, value, depth + 1) if value is not None else None
            if child.type == "shorthand_property_identifier" and text_of(child) == key:
                return self.resolve(module, child, depth + 1)
            if child.type == "method_definition" and syntax.property_name(child) == key:
                return Spot(module, child)
            if child.type == "spread_element" and child.named_children:
                spread = self.resolve(module, child.named_children[0], depth + 1)
                inner = self.member(spread, key, depth + 1) if isinstance(spread, Spot) and spread.node.type == "object" else None
                if inner is not None or not (isinstance(spread, Spot) and spread.node.type == "object"):
                    return inner
        return None

    def returned(self, spot: Spot, depth: int = 0) -> Symbol | Spot | None:
        """What a function always returns: it has one `return`, or is an arrow with an expression."""
        if depth > _DEPTH or spot.node.type not in syntax.FUNCTIONS:
            return None
        body = spot.node.child_by_field_name("body")
        if body is None:
            return None
        if body.type != "statement_block":
            return self.resolve(spot.module, body, depth + 1)
        returns = [child for child in body.named_children if child.type == "return_statement"]
        if len(returns) != 1 or spot.module.slice(body).count(b"return") != 1 or not returns[0].named_children:
            return None
        return self.resolve(spot.module, returns[0].named_children[0], depth + 1)

    def callee(self, module: Module, call: Node, depth: int = 0) -> Callee:
        """What a call or `new` calls."""
        key = (module.path, call.start_byte, call.end_byte)
        known = self._callees.get(key)
        if known is None:
            known = self._callees[key] = self._find_callee(module, call, depth)
        return known

    def _find_callee(self, module: Module, call: Node, depth: int) -> Callee:
        node = syntax.callee_of(call)
        if node is None or depth > _DEPTH:
            return Callee()
        return self.target(module, node, depth)

    def target(self, module: Module, node: Node, depth: int = 0) -> Callee:
        """What an expression in the place of a callee, or of a receiver, refers to."""
        path: list[str] = []
        node = syntax.unwrapped(node)
        while node.type == "member_expression" and len(path) < _DEPTH:
            key, inner = syntax.property_name(node), node.child_by_field_name("object")
            if key is None or inner is None:
                return Callee()
            inner = syntax.unwrapped(inner)
            if inner.type == "this":
                return self._on_field(module, key, tuple(reversed(path)), node, depth)
            path.append(key)
            node = inner
        keys = tuple(reversed(path))
        found = self.resolve(module, node, depth + 1)
        if found is None and node.type == "identifier":
            return self._on_type(module, node, keys)
        return self._on(found, keys, depth)

    def _on_field(self, module: Module, key: str, path: tuple[str, ...], node: Node, depth: int) -> Callee:
        found = self.field(module, key, node.start_byte, depth + 1)
        if found is not None:
            return self._on(found, path, depth)
        owner = module.owner_at(node.start_byte)
        annotation = owner.types.get(key) if owner is not None else None
        symbol = self.type_symbol(module, annotation) if annotation is not None else None
        return Callee(instance=symbol, path=path) if symbol is not None else Callee(path=(key, *path))

    def _on_type(self, module: Module, node: Node, path: tuple[str, ...]) -> Callee:
        declared = module.declaration(text_of(node), node.start_byte)
        symbol = self.type_symbol(module, declared.type) if declared is not None and declared.type is not None else None
        return Callee(instance=symbol, path=path) if symbol is not None else Callee(path=path)

    def type_symbol(self, module: Module, annotation: Node) -> Symbol | None:
        """The package's class that a type annotation names: `C`, `C<T>`, `Promise<C>`, `C | null`."""
        node = annotation
        for _ in range(6):
            inner = [child for child in node.named_children if child.type not in {"comment", "literal_type", "predefined_type"}]
            if node.type in {"type_annotation", "union_type", "parenthesized_type"} and len(inner) == 1:
                node = inner[0]
            elif node.type == "generic_type" and inner:
                is_promise = text_of(inner[0]) == "Promise" and len(inner) > 1 and inner[1].named_children
                node = inner[1].named_children[0] if is_promise else inner[0]
            else:
                break
        if node.type not in {"type_identifier", "nested_type_identifier", "identifier", "member_expression"}:
            return None
        parts = text_of(node).split(".")
        item = module.imports.get(parts[0]) or module.type_imports.get(parts[0])
        found = self.imported(module, item) if item is not None else None
        if not isinstance(found, Symbol):
            return None
        for part in parts[1:]:
            found = found.member(part)
        return found

    def _on(self, found: Symbol | Spot | None, path: tuple[str, ...], depth: int) -> Callee:
        rest = list(path)
        while rest and isinstance(found, Spot) and found.node.type not in syntax.CALLS:
            found = self.member(found, rest.pop(0), depth + 1)
        if isinstance(found, Symbol):
            for key in rest:
                found = found.member(key)
            return Callee(symbol=found)
        if found is None:
            return Callee(path=path)
        if found.node.type in syntax.CALLS:
            return self._on_instance(found, tuple(rest), depth)
        return Callee(local=found)

    def _on_instance(self, found: Spot, path: tuple[str, ...], depth: int) -> Callee:
        """A member of what a call or `new` made."""
        if depth > _DEPTH:
            return Callee()
        made = self.callee(found.module, found.node, depth + 1)
        if made.local is not None and found.node.type == "call_expression":
            inner = self.returned(made.local, depth + 1)
            if inner is not None:
                return self._on(inner, path, depth + 1)
            annotation = made.local.node.child_by_field_name("return_type")
            symbol = self.type_symbol(made.local.module, annotation) if annotation is not None else None
            return Callee(instance=symbol, path=path) if symbol is not None else Callee(path=path)
        if made.local is not None:
            return Callee(local=made.local, path=path)
        if made.symbol is not None:
            return Callee(instance=made.symbol, maker=found, path=path)
        if made.instance is not None:
            # `client.chats.create().send()`: still of the same client.
            return Callee(instance=made.instance, maker=made.maker, path=(*made.path, *path))
        return Callee(path=path)
