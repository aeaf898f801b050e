"""Agents that are declared rather than constructed: functions under a framework's decorator, and classes that derive from a base
that is meant to be subclassed."""

from __future__ import annotations

from collections.abc import Iterator

from tree_sitter import Node

from remit.discover.sources.code.python.module import Call, Module, Scope
from remit.discover.sources.code.python.names import Expression
from remit.discover.sources.code.python.sites import Extra, Facts, Key, Site, key_of
from remit.discover.sources.code.python.syntax import text_of
from remit.discover.sources.code.python.tables import Match
from remit.discover.sources.code.python.tools import Tool

_MAX_BASES = 4


def decorated_sites(module: Module, facts: Facts) -> Iterator[Site]:
    """Calls of decorators that declare an agent: `@fast.agent(name=...)`."""
    marks = {mark.id: item for item in module.decorated for mark in item.decorators if mark.type == "call"}
    if not marks:
        return
    for call in module.calls:
        if call.node.id not in marks or call.called not in facts.table.by_last:
            continue
        callee = call.node.child_by_field_name("function")
        path = facts.values.names.path(Expression(module, call.scope, callee)) if callee is not None else None
        match = facts.table.match(path) if path is not None else None
        if match is not None and match.row.role in ("decorator", "grouping-decorator"):
            yield Site(call, match, label=_defined_name(marks[call.node.id].definition))


def _defined_name(definition: Node) -> str | None:
    name = definition.child_by_field_name("name")
    return text_of(name) if name is not None else None


def class_sites(module: Module, facts: Facts) -> Iterator[tuple[Site, Scope]]:
    """Classes that are agents, with the call of the base's constructor where there is one."""
    for scope in module.classes:
        match = _base(module, facts, scope, 0)
        if match is None or not _has_needs(module, scope, match):
            continue
        call = _base_call(module, scope) or Call(scope.node, scope, None, scope.name)
        yield Site(call, match, label=scope.name, whole=scope.node), scope


def _base(module: Module, facts: Facts, scope: Scope, depth: int) -> Match | None:
    for base in facts.values.names.bases(module, scope):
        found = facts.values.names.follow(base)
        if found is None:
            continue
        if found.kind == "library" and found.path is not None:
            for call, row in facts.table.by_last.get(found.path.rpartition(".")[2], ()):
                if row.role == "subclass" and any(found.path.startswith(f"{name}.") for name in row.modules):
                    return Match(row, call)
        elif found.kind == "class" and found.scope is not None and found.expression is not None and depth < _MAX_BASES:
            inner = _base(found.expression.module, facts, found.scope, depth + 1) if found.scope is not scope else None
            if inner is not None:
                return inner
    return None


def _has_needs(module: Module, scope: Scope, match: Match) -> bool:
    needs = match.row.class_needs
    return needs is None or needs.encode() in module.source[scope.start : scope.end]


def _base_call(module: Module, scope: Scope) -> Call | None:
    """`super().__init__(...)` in the class."""
    for call in module.calls_within(scope.start, scope.end):
        callee = call.node.child_by_field_name("function")
        if call.called == "__init__" and callee is not None and call.scope.nearest_class() is scope:
            return call
    return None


def class_extras(module: Module, facts: Facts, declared: list[tuple[Site, Scope]]) -> dict[Key, Extra]:
    """Methods of such a class that are tools by their decorator."""
    found: dict[Key, Extra] = {}
    for site, scope in declared:
        marks = frozenset(site.match.row.tool_methods)
        tools: list[Tool] = []
        for item in module.decorated:
            if item.scope is not scope or item.definition.type != "function_definition":
                continue
            names = {text_of(mark).partition("(")[0].rpartition(".")[2] for mark in item.decorators}
            if names & marks:
                label = facts.tools.decorated_name(module, item.definition, marks) or _defined_name(item.definition) or ""
                tools.append(Tool(label, module.path, module.line(item.definition)))
        found[key_of(Expression(module, site.call.scope, site.call.node))] = Extra(tools, [], False)
    return found
