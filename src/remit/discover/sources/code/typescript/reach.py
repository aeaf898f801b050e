"""What the files of agents refer to: calls between functions, and imports within the repository.

Only files with agents, and what they import, are followed; each file is reported once in a run.
"""

from __future__ import annotations

from collections.abc import Iterator

from tree_sitter import Node

from remit.discover.sources.code.typescript import packages, syntax
from remit.discover.sources.code.typescript.module import Module
from remit.discover.sources.code.typescript.names import BUDGET, Names, Spot
from remit.discover.sources.code.typescript.syntax import line_of, text_of
from remit.discover.sources.code.typescript.table import is_known_package
from remit.model.evidence import CallSeen
from remit.model.place import Place

_MAX_MODULES = 80
_MAX_DEPTH = 6
_MAX_CALLS = 20_000


def reached(module: Module, names: Names) -> Iterator[CallSeen]:
    """Calls of a module with agents, and of the modules of the repository that it imports."""
    done: set[str] = names.project.memo.setdefault(("typescript", "reached"), set())
    waiting = [(module, 0)]
    seen = {module.path}
    while waiting and len(seen) <= _MAX_MODULES:
        current, depth = waiting.pop()
        if current.path in done:
            continue
        done.add(current.path)
        imported = _imported(current, names)
        for path, line in imported.items():
            yield CallSeen(place=Place(current.path, line), function=None, to_path=path, to_function=None)
        yield from _calls(current, names)
        for path in imported if depth < _MAX_DEPTH else ():
            if path not in seen and path not in done:
                seen.add(path)
                loaded = names.module(path)
                if loaded is not None:
                    waiting.append((loaded, depth + 1))


def _imported(module: Module, names: Names) -> dict[str, int]:
    """Files of the repository that a module imports, with the line of the import."""
    found: dict[str, int] = {}
    for source, node in module.sources:
        path = None if is_known_package(packages.canonical(source)) else names.place(module.path, source)
        if path is not None and path != module.path:
            found.setdefault(path, line_of(node))
    return found


def _calls(module: Module, names: Names) -> Iterator[CallSeen]:
    seen: set[tuple[str | None, str, str]] = set()
    for call in module.calls[:_MAX_CALLS]:
        names.budget = BUDGET
        function = module.dotted(call.function) or module.labels.get(call.node.start_byte)
        for path, target in _targets(module, names, call.node):
            key = (function, path, target)
            if key not in seen and (path, target) != (module.path, function):
                seen.add(key)
                yield CallSeen(place=Place(module.path, line_of(call.node)), function=function, to_path=path, to_function=target)


def _targets(module: Module, names: Names, call: Node) -> Iterator[tuple[str, str]]:
    """The functions that a call calls, and those that it is given: as an argument or in its options."""
    callee = syntax.callee_of(call)
    if callee is not None and _may_be_own(module, callee):
        found = names.callee(module, call)
        local = found.local or _method(module, names, callee)
        if local is not None:
            yield from _named(local, found.path if found.local is not None else ())
    for argument in syntax.arguments_of(call)[:8]:
        given = [argument]
        if argument.type == "object":
            given = [
                child.child_by_field_name("value") or child for child in argument.named_children[:40] if child.type != "method_definition"
            ]
        for node in given:
            if node.type in {"identifier", "shorthand_property_identifier"} and _is_function(module, text_of(node)):
                value = names.resolve(module, node)
                if isinstance(value, Spot):
                    yield from _named(value, ())


def _may_be_own(module: Module, callee: Node) -> bool:
    node = callee
    for _ in range(6):
        inner = node.child_by_field_name("object") if node.type == "member_expression" else None
        if inner is None:
            break
        node = inner
    if node.type == "this":
        return True
    name = text_of(node) if node.type == "identifier" else ""
    item = module.imports.get(name)
    return name in module.declared or (item is not None and item.source.startswith((".", "@", "~", "#", "src/")))


def _method(module: Module, names: Names, callee: Node) -> Spot | None:
    """`this.helper()`"""
    found = names.resolve(module, callee) if callee.type == "member_expression" else None
    return found if isinstance(found, Spot) and found.node.type in syntax.FUNCTIONS else None


def _is_function(module: Module, name: str) -> bool:
    """Whether a name may be a function that is handed on."""
    item = module.imports.get(name)
    if item is not None:
        return item.source.startswith((".", "@/", "~/", "#"))
    return any(entry.value is not None and entry.value.type in syntax.FUNCTIONS for entry in module.declared.get(name, ())[:20])


def _named(spot: Spot, path: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """(path, dotted name) of a function or class; of a method of a class when a path says which."""
    if spot.node.type in syntax.CLASSES:
        name = spot.module.dotted_at(spot.node)
        if name is not None:
            yield spot.module.path, f"{name}.{path[0]}" if path else name
    elif spot.node.type in syntax.FUNCTIONS:
        name = spot.module.dotted_at(spot.node)
        if name is not None:
            yield spot.module.path, name
