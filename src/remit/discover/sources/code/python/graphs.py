"""LangGraph graphs in which a model chooses tools.

A `StateGraph` is an agent when one of its nodes is a `ToolNode`, or when the function of a node calls a model that was given
tools by `bind_tools`. Graphs that only call a model, graphs without one, and graphs whose models must all answer by one named
tool are not agents.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from remit.discover.sources.code.python.module import Call, Module
from remit.discover.sources.code.python.names import Expression
from remit.discover.sources.code.python.sites import MAX_PURPOSE, Facts, Key, Reading, key_of, spelled_names
from remit.discover.sources.code.python.syntax import Arguments, text_of, unwrapped
from remit.discover.sources.code.python.tools import Tool
from remit.model.evidence import AgentSeen, Gap
from remit.model.place import Place

_GRAPHS = frozenset({"StateGraph", "MessageGraph"})
_CALLED = frozenset({"invoke", "ainvoke", "stream", "astream", "__call__"})
_FREE = frozenset({"auto", "any", "required", "none"})
"""Values of `tool_choice` that leave the tool to the model."""

_MAX_CALLS = 3_000
_MAX_NEST = 2


class _Bound(NamedTuple):
    """A model with its tools: the `bind_tools` call or the `ToolNode` call."""

    call: Expression
    is_node: bool


def graphs(module: Module, facts: Facts, reading: Reading) -> Iterator[AgentSeen | Gap]:
    """The graphs of a module that are agents."""
    if "langgraph" not in module.words and "StateGraph" not in module.words:
        return
    names = spelled_names(module, _GRAPHS)
    found = [call for call in module.calls if call.called in names and _is_graph(module, facts, call)]
    if not found:
        return
    nodes = _parts(module, facts, "add_node")
    compiled = _parts(module, facts, "compile")
    for call in found:
        key = key_of(Expression(module, call.scope, call.node))
        bound: list[_Bound] = []
        prompts: list[Expression] = []
        for node in nodes.get(key, ()):
            _node(node, facts, bound, prompts)
        if any(item.is_node or not _is_forced(item.call, facts) for item in bound):
            yield from _seen(module, facts, reading, call, bound, prompts, compiled.get(key, []))


def _is_forced(call: Expression, facts: Facts) -> bool:
    """Whether the one tool is named beforehand: then it shapes the answer, and nothing is left for the model to choose."""
    given = Arguments(call.node).get("tool_choice")
    if given is None:
        return False
    chosen = facts.values.text(call.at(given))
    return chosen not in _FREE if chosen is not None else unwrapped(given).type == "dictionary"


def _is_graph(module: Module, facts: Facts, call: Call) -> bool:
    callee = call.node.child_by_field_name("function")
    path = facts.values.names.path(Expression(module, call.scope, callee)) if callee is not None else None
    return path is not None and path.startswith("langgraph.") and path.rpartition(".")[2] in _GRAPHS


def _parts(module: Module, facts: Facts, method: str) -> dict[Key, list[Expression]]:
    """Calls of a method on each graph, by the graph's constructor."""
    found: dict[Key, list[Expression]] = {}
    for call in module.calls:
        if call.called != method:
            continue
        here = Expression(module, call.scope, call.node)
        root = _root(here, facts)
        if root is not None:
            found.setdefault(key_of(root), []).append(here)
    return found


def _root(expression: Expression, facts: Facts) -> Expression | None:
    """The constructor at the beginning of `StateGraph(S).add_node(...).compile()`, through variables."""
    for _ in range(200):
        node = unwrapped(expression.node)
        callee = node.child_by_field_name("function") if node.type == "call" else None
        owner = callee.child_by_field_name("object") if callee is not None and callee.type == "attribute" else None
        if owner is None:
            return expression if node.type == "call" else None
        last = text_of(callee).rpartition(".")[2] if callee is not None else ""
        if last in _GRAPHS:
            return expression
        found = facts.values.names.follow(expression.at(owner))
        if found is None or found.kind != "value" or found.expression is None or found.expression.node.type != "call":
            return None
        expression = found.expression
    return None


def _node(add: Expression, facts: Facts, bound: list[_Bound], prompts: list[Expression]) -> None:
    arguments = Arguments(add.node)
    given = arguments.get("action", "node") if not arguments.positional else arguments.positional[-1]
    if given is not None:
        _function(add.at(given), facts, bound, prompts, 0)


def _function(expression: Expression, facts: Facts, bound: list[_Bound], prompts: list[Expression], nest: int) -> None:
    names = facts.values.names
    node = unwrapped(expression.node)
    if node.type == "lambda":
        _calls(expression.module, node.start_byte, node.end_byte, facts, bound, prompts, nest)
        return
    found = names.follow(expression)
    if found is None or found.expression is None:
        return
    module = found.expression.module
    if found.kind in ("function", "instance", "class") and found.scope is not None:
        _calls(module, found.scope.start, found.scope.end, facts, bound, prompts, nest)
        _given(expression.at(node), facts, bound)
    elif found.kind == "value" and found.expression.node.type == "binary_operator":
        inner = bound_model(found.expression, facts)
        if inner is not None:
            bound.append(_Bound(inner, False))
    elif found.kind == "value" and found.expression.node.type == "call":
        _value(found.expression, found.path, facts, bound, prompts, nest)


def _given(call: Expression, facts: Facts, bound: list[_Bound]) -> None:
    """Models with tools that an instance of a class of the repository is made with: `Assistant(prompt | model.bind_tools(tools))`."""
    if call.node.type != "call":
        return
    arguments = Arguments(call.node)
    for node in (*arguments.positional, *arguments.keywords.values()):
        inner = bound_model(call.at(node), facts)
        if inner is not None:
            bound.append(_Bound(inner, False))


def _tool_node(call: Expression, facts: Facts) -> Expression:
    """The `ToolNode(...)` at the beginning of `ToolNode(tools).with_fallbacks(...)`."""
    for _ in range(20):
        callee = call.node.child_by_field_name("function")
        owner = callee.child_by_field_name("object") if callee is not None and callee.type == "attribute" else None
        found = facts.values.names.follow(call.at(owner)) if owner is not None else None
        if found is None or found.expression is None or found.path is None or found.expression.node.type != "call":
            return call
        call = found.expression
    return call


def _value(call: Expression, path: str | None, facts: Facts, bound: list[_Bound], prompts: list[Expression], nest: int) -> None:
    if path is not None and ".ToolNode()" in path:
        bound.append(_Bound(_tool_node(call, facts), True))
        return
    inner = bound_model(call, facts)
    if inner is not None:
        bound.append(_Bound(inner, False))
        return
    if path is not None and path.endswith((".partial()", ".RunnableLambda()", "RunnableCallable()")):
        first = Arguments(call.node).get(0, "func")
        if first is not None and nest < _MAX_NEST:
            _function(call.at(first), facts, bound, prompts, nest + 1)


def _calls(module: Module, start: int, end: int, facts: Facts, bound: list[_Bound], prompts: list[Expression], nest: int) -> None:
    for call in module.calls_within(start, end)[:_MAX_CALLS]:
        here = Expression(module, call.scope, call.node)
        if call.called == "bind_tools":
            bound.append(_Bound(here, False))
        elif call.called in _CALLED:
            callee = call.node.child_by_field_name("function")
            owner = callee.child_by_field_name("object") if callee is not None and callee.type == "attribute" else None
            inner = bound_model(here.at(owner), facts) if owner is not None else None
            if inner is not None:
                bound.append(_Bound(inner, False))
        elif call.called == "SystemMessage":
            prompts.append(here)
        elif call.called == "ToolNode":
            bound.append(_Bound(here, True))
        elif nest < _MAX_NEST and call.called and call.node.child_by_field_name("function") is not None:
            _helper(here, facts, bound, prompts, nest)


def _helper(call: Expression, facts: Facts, bound: list[_Bound], prompts: list[Expression], nest: int) -> None:
    """A function of the same module that a node's function calls."""
    callee = call.node.child_by_field_name("function")
    if callee is None or callee.type not in ("identifier", "attribute"):
        return
    found = facts.values.names.follow(call.at(callee))
    if found is None or found.kind != "function" or found.scope is None or found.expression is None:
        return
    module = found.expression.module
    if module is not call.module:
        _calls(module, found.scope.start, found.scope.end, facts, bound, prompts, nest + 1)
    elif not found.scope.start <= call.node.start_byte < found.scope.end:
        _calls(call.module, found.scope.start, found.scope.end, facts, bound, prompts, nest + 1)


def bound_model(expression: Expression, facts: Facts, depth: int = 0) -> Expression | None:
    """The `bind_tools` call that a runnable goes back to, through variables, `|` and methods that pass it on."""
    if depth > 12:
        return None
    found = facts.values.names.follow(expression)
    if found is None or found.kind != "value" or found.expression is None:
        return None
    here = found.expression.at(unwrapped(found.expression.node))
    if here.node.type == "binary_operator":
        for side in ("right", "left"):
            node = here.node.child_by_field_name(side)
            inner = bound_model(here.at(node), facts, depth + 1) if node is not None else None
            if inner is not None:
                return inner
        return None
    callee = here.node.child_by_field_name("function") if here.node.type == "call" else None
    if callee is None or callee.type != "attribute":
        return None
    method, owner = callee.child_by_field_name("attribute"), callee.child_by_field_name("object")
    if method is None or owner is None:
        return None
    if text_of(method) == "bind_tools":
        return here
    return bound_model(here.at(owner), facts, depth + 1)


def _seen(
    module: Module,
    facts: Facts,
    reading: Reading,
    call: Call,
    bound: list[_Bound],
    prompts: list[Expression],
    compiled: list[Expression],
) -> Iterator[AgentSeen | Gap]:
    models = list(dict.fromkeys(_model(item, facts) for item in bound if not item.is_node))
    tools = _tools(bound, facts)
    name = next((text for item in compiled if (text := _named(item, facts)) is not None), None)
    purpose = next(((text, item) for item in prompts if (text := _prompt(item, facts))), None)
    yield AgentSeen(
        place=reading.place(call.node),
        framework="langgraph",
        construct=call.called,
        language=module.language,
        name=name,
        aliases=reading.aliases(call.node, call.scope),
        model=models[0] if len(models) == 1 else None,
        tools=None if tools is None else tuple(dict.fromkeys(tool.name for tool in tools)),
        tool_places=tuple((tool.name, tool.path, tool.line) for tool in tools or () if tool.path is not None and tool.line is not None),
        purpose=purpose[0] if purpose is not None else None,
        purpose_place=Place(purpose[1].module.path, purpose[1].module.line(purpose[1].node)) if purpose is not None else None,
    )
    if models == [None]:
        yield reading.gap(bound[0].call, "model of the graph")
    if tools is None:
        yield reading.gap(bound[0].call, "tools of the graph")


def _model(item: _Bound, facts: Facts) -> str | None:
    return facts.models.model(item.call)


def _tools(bound: list[_Bound], facts: Facts) -> tuple[Tool, ...] | None:
    """Tools of the models; where there is none, those of the tool nodes."""
    lists = [item for item in bound if not item.is_node] or bound
    found: list[Tool] = []
    for item in lists:
        given = Arguments(item.call.node).get("tools", 0)
        listed = facts.tools.listed(item.call.at(given)) if given is not None else None
        if listed is None:
            return None
        found.extend(listed)
    return tuple(found)


def _named(compiled: Expression, facts: Facts) -> str | None:
    given = Arguments(compiled.node).get("name")
    return facts.values.text(compiled.at(given)) if given is not None else None


def _prompt(message: Expression, facts: Facts) -> str | None:
    given = Arguments(message.node).get("content", 0)
    text = facts.values.text(message.at(given), templates=True) if given is not None else None
    return text.strip()[:MAX_PURPOSE] or None if text is not None else None
