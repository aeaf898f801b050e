"""What agents' files refer to: calls between functions, imports within the repository, and the actions of what is reached.

Only files with agents, and what they import, are followed; each file is reported once in a run.
"""

from __future__ import annotations

from collections.abc import Iterator

from tree_sitter import Node

from remit.discover.sources.code.python.actions import actions
from remit.discover.sources.code.python.credentials import credentials
from remit.discover.sources.code.python.identities import identities
from remit.discover.sources.code.python.module import Call, Module
from remit.discover.sources.code.python.names import Expression, Found
from remit.discover.sources.code.python.sites import Facts
from remit.discover.sources.code.python.syntax import Arguments, text_of
from remit.discover.sources.code.reader import Project
from remit.model.evidence import ActionSeen, CallSeen, CredentialSeen, IdentitySeen
from remit.model.place import Place

_MAX_MODULES = 80
_MAX_DEPTH = 6
_MAX_DISPATCHED = 400
_PASSED = frozenset({"add_node", "submit", "to_thread", "partial", "Thread", "run_in_executor", "create_task", "map", "RunnableLambda"})


def reached(module: Module, facts: Facts, project: Project) -> Iterator[ActionSeen | CallSeen | CredentialSeen | IdentitySeen]:
    """Calls and actions of a module with agents, and of the modules of the repository that it imports."""
    done: set[str] = project.memo.setdefault("python-reached", set())
    waiting = [(module, 0)]
    seen = {module.path}
    while waiting and len(seen) <= _MAX_MODULES:
        current, depth = waiting.pop()
        imported = _imported(current, facts)
        if current.path not in done:
            done.add(current.path)
            yield from actions(current, facts.values)
            yield from _calls(current, facts, imported)
            if current is not module:
                yield from credentials(current, facts.values)
                yield from identities(current, facts.values)
        if depth >= _MAX_DEPTH:
            continue
        for path, _ in imported:
            if path in seen or path == current.path:
                continue
            seen.add(path)
            loaded = facts.values.names.repository.module(path)
            if loaded is not None:
                waiting.append((loaded, depth + 1))


def _imported(module: Module, facts: Facts) -> list[tuple[str, int]]:
    """Files of the repository that a module imports, with the line of the import."""
    found: dict[str, int] = {}
    for target, _, node in module.imports:
        path = facts.values.names.repository.file_of(module, target)
        if path is not None and path.endswith(".py"):
            found.setdefault(path, module.line(node))
    return list(found.items())


def _calls(module: Module, facts: Facts, imported: list[tuple[str, int]]) -> Iterator[CallSeen]:
    for path, line in imported:
        yield CallSeen(place=Place(module.path, line), function=None, to_path=path, to_function=None)
    seen: set[tuple[str | None, str, str | None]] = set()
    memo: dict[tuple[int, str], tuple[str, str] | None] = {}
    own = {scope.name for scope in (*module.functions, *module.classes)}
    bound = own | {name for name, found in module.root.bindings.items() if found[0].kind == "import"}
    for node, target in _dispatched(module, facts, bound):
        yield CallSeen(place=Place(module.path, module.line(node)), function=None, to_path=target[0], to_function=target[1])
    for call in module.calls:
        for target in _targets(call, module, facts, memo, bound):
            function = call.scope.dotted
            key = (function, *target)
            if key not in seen and target != (module.path, function):
                seen.add(key)
                yield CallSeen(
                    place=Place(module.path, module.line(call.node)), function=function, to_path=target[0], to_function=target[1]
                )


def _dispatched(module: Module, facts: Facts, bound: set[str]) -> Iterator[tuple[Node, tuple[str, str]]]:
    """The functions in the tables of a module, by which a loop calls them: `CALLS = {"look_up": tools.look_up}`."""
    count = 0
    for bindings in module.root.bindings.values():
        for binding in bindings:
            if binding.kind != "assign" or binding.node.type != "dictionary":
                continue
            for pair in binding.node.named_children:
                value = pair.child_by_field_name("value") if pair.type == "pair" else None
                if value is None or value.type not in ("identifier", "attribute") or text_of(value).partition(".")[0] not in bound:
                    continue
                count += 1
                target = _defined(facts.values.names.follow(Expression(module, module.root, value))) if count <= _MAX_DISPATCHED else None
                if target is not None:
                    yield value, target


def _targets(
    call: Call, module: Module, facts: Facts, memo: dict[tuple[int, str], tuple[str, str] | None], bound: set[str]
) -> Iterator[tuple[str, str]]:
    callee = call.node.child_by_field_name("function")
    nodes = [callee] if callee is not None else []
    if call.called in _PASSED:
        arguments = Arguments(call.node)
        nodes.extend(node for node in (*arguments.positional, *arguments.keywords.values()) if node.type in ("identifier", "attribute"))
    for node in nodes:
        if node.type not in ("identifier", "attribute"):
            continue
        text = text_of(node)
        first = text.partition(".")[0]
        if first not in bound and first not in ("self", "cls") and node.type == "identifier":
            continue
        key = (call.scope.start, text)
        if key not in memo:
            memo[key] = _defined(facts.values.names.follow(Expression(module, call.scope, node)))
        target = memo[key]
        if target is not None:
            yield target


def _defined(found: Found | None) -> tuple[str, str] | None:
    if found is None or found.kind not in ("function", "class") or found.expression is None or found.scope is None:
        return None
    dotted = found.scope.dotted
    return (found.expression.module.path, dotted) if dotted is not None else None
