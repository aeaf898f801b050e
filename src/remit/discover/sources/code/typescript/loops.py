"""Agents without a framework: a chat call with tools in a loop, whose results go back to the model; and LangGraph graphs.

Invariants:
- a plain completion, or a schema used only to shape an answer, is not an agent: there must be results that return, and a loop (also
  one that functions make by calling each other, or around the call of a function) or a later call that is handed the results;
- one agent for each function that loops.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

import msgspec
from tree_sitter import Node

from remit.discover.sources.code.typescript import syntax
from remit.discover.sources.code.typescript.agents import Found
from remit.discover.sources.code.typescript.module import Module, Seen
from remit.discover.sources.code.typescript.names import Callee, Names, Spot, Symbol
from remit.discover.sources.code.typescript.syntax import text_of
from remit.discover.sources.code.typescript.table import Row, rows, table
from remit.discover.sources.code.typescript.values import Values
from remit.model.place import Confidence

_RETURNED = re.compile(
    rb"tool_call_id|toolCallId|tool_result|toolResult|toolUseId|tool_use_id|function_call_output|functionResponse|ToolMessage|FunctionMessage"
    rb"|role\s*:\s*['\"](?:tool|function)['\"]|Observation:|tool-result|\.callTool\("
)
_ASKED = re.compile(rb"\btool_calls?\b|\btool_use\b|\btoolUse\b|\btoolCalls\b|\bfunctionCalls?\b|\bfunction_call\b")
_MAX_STEPS = 4
_SHAPES = frozenset({"chat.completions.create", "responses.create", "messages.create", "beta.messages.create", "messages.stream"})
_TEXT_DISPATCH = re.compile(rb"Action:|<tool_call>|<tool>")
_GRAPH = Row(packages=("@langchain/langgraph",), framework="langgraph")
_BOUND = Row(packages=("@langchain/core",), framework="no-sdk")


def chat_row(callee: Callee, is_new: bool) -> tuple[Row, str] | None:
    """The row of a chat call."""
    if callee.symbol is not None:
        name = callee.symbol.name
        found = rows("new" if is_new else "call", name, callee.symbol.package, is_chat=True)
    elif callee.instance is not None and callee.path:
        name = ".".join(callee.path)
        found = tuple(row for row in rows("method", name, callee.instance.package, is_chat=True) if callee.instance.name in row.on)
    else:
        return _by_shape(callee)
    return (found[0], name) if found else None


def _by_shape(callee: Callee) -> tuple[Row, str] | None:
    """A client that comes from elsewhere, told by the path of its method; loop, tools and results must confirm it."""
    for size in (3, 2):
        name = ".".join(callee.path[-size:])
        if len(callee.path) >= size and name in _SHAPES:
            row = next(row for row in table().chats if name in row.method)
            return msgspec.structs.replace(row, confidence=Confidence.LIKELY), name
    return None


def loops(module: Module, values: Values, calls: list[tuple[Seen, Row, str]]) -> Iterator[Found]:
    """The chat calls that are agents, one for each function that loops."""
    done: set[int] = set()
    callers = _Callers(module) if calls else None
    for seen, row, construct in calls:
        options = _options(module, values, seen, row)
        tools = _first(values, options, row.tools)
        around = _named_function(module, seen.function)
        body = module.functions[around].node if around is not None else module.root
        text = module.slice(body)
        has_tools = tools is not None and not values.is_empty(tools)
        if not has_tools and not (_TEXT_DISPATCH.search(module.data) and _TEXT_DISPATCH.search(text)):
            continue
        if not (_RETURNED.search(text) or (_RETURNED.search(module.data) and has_tools)):
            continue
        if body.start_byte in done or callers is None:
            continue
        if not callers.loops(seen, around, body) and not (has_tools and _is_asked_again(module, seen, body, text)):
            continue
        done.add(body.start_byte)
        given = _system_message(values, options, row)
        label = module.functions[around].name if around is not None else None
        yield Found(row, construct, seen.node, options, given, aliases=(label,) if label else ())


def _options(module: Module, values: Values, seen: Seen, row: Row) -> Spot | None:
    arguments = syntax.arguments_of(seen.node)
    if row.hosts:
        return _body(module, values, arguments[1]) if len(arguments) > 1 else None
    return values.object_at(Spot(module, arguments[0])) if arguments else None


def _body(module: Module, values: Values, argument: Node) -> Spot | None:
    """What a request sends: `{body: JSON.stringify({...})}`, or the object itself."""
    options = values.object_at(Spot(module, argument))
    sent = values.settled(values.value_of(options, "body") if options is not None else None)
    if isinstance(sent, Spot) and sent.node.type == "call_expression":
        arguments = syntax.arguments_of(sent.node)
        return values.object_at(Spot(sent.module, arguments[0])) if arguments else None
    return options


def _first(values: Values, options: Spot | None, keys: tuple[str, ...]) -> Spot | None:
    for key in keys if options is not None else ():
        value = values.option(options, key) if options is not None else None
        if value is not None:
            return value
    return None


def _named_function(module: Module, index: int | None) -> int | None:
    """The nearest function with a name, else the outermost around; callbacks in between belong to it."""
    outermost = index
    while index is not None and module.functions[index].name is None:
        outermost = index
        index = module.functions[index].outer
    return outermost if index is None else index


class _Callers:
    """The calls of a module by the name of what they call: a plain function, or a method of `this` or of an object."""

    def __init__(self, module: Module) -> None:
        self.module = module
        self._by_name: dict[str, list[tuple[Seen, bool]]] = {}
        self._named: dict[str, int] = {}
        for function in module.functions:
            if function.name is not None:
                self._named[function.name] = self._named.get(function.name, 0) + 1
        for seen in module.calls:
            name, is_own = _last(syntax.callee_of(seen.node))
            if name in self._named:
                self._by_name.setdefault(name, []).append((seen, is_own))

    def loops(self, seen: Seen, around: int | None, body: Node) -> bool:
        """Whether a call runs again: in a loop, below a call in one, or in functions that call each other in a circle."""
        if seen.loop is not None and seen.loop.start_byte >= body.start_byte and _is_conversation(seen.loop):
            return True
        if around is None:
            return False
        visited = {around}
        waiting: list[tuple[int, ...]] = [(around,)]
        while waiting:
            way = waiting.pop()
            for caller in self._calls_of(way[-1]):
                outer = _named_function(self.module, caller.function)
                if outer in way or (caller.loop is not None and _is_conversation(caller.loop)):
                    return True
                if outer is not None and outer not in visited and len(way) <= _MAX_STEPS:
                    visited.add(outer)
                    waiting.append((*way, outer))
        return False

    def _calls_of(self, index: int) -> list[Seen]:
        """A call on another object than `this` means a function only when no other has its name."""
        name = self.module.functions[index].name
        if name is None:
            return []
        return [seen for seen, is_own in self._by_name.get(name, ()) if is_own or self._named[name] == 1]


def _is_asked_again(module: Module, seen: Seen, body: Node, text: bytes) -> bool:
    """Whether a later call in the function hands the results of the tools that the model chose to the model."""
    callee = syntax.callee_of(seen.node)
    if callee is None or not _ASKED.search(text) or not _RETURNED.search(text):
        return False
    return any(
        seen.node.end_byte <= other.node.start_byte < body.end_byte
        and (spelled := syntax.callee_of(other.node)) is not None
        and spelled.text == callee.text
        for other in module.calls
    )


def _is_conversation(loop: Node) -> bool:
    """`for (const x of items)` visits items; the others may go round until the model is done."""
    return loop.type != "for_in_statement"


def _last(callee: Node | None) -> tuple[str | None, bool]:
    """The name of what is called, and whether it is a function of the module or a method of `this`."""
    if callee is not None and callee.type == "identifier":
        return text_of(callee), True
    if callee is not None and callee.type == "member_expression":
        target = callee.child_by_field_name("object")
        is_own = target is not None and target.type == "this"
        is_plain = target is not None and target.type in ("this", "identifier", "member_expression")
        return (syntax.property_name(callee) if is_plain else None), is_own
    return None, False


def _system_message(values: Values, options: Spot | None, row: Row) -> dict[str, Spot]:
    """The system message among `messages`, where the call has no field of its own for it."""
    if options is None or _first(values, options, row.purpose) is not None:
        return {}
    keys = (row.messages,) if isinstance(row.messages, str) else row.messages
    listed = values.settled(_first(values, options, keys))
    if not isinstance(listed, Spot) or listed.node.type != "array":
        return {}
    for child in listed.node.named_children[:20]:
        message = values.object_at(Spot(listed.module, child)) if child.type == "object" else None
        role = values.literal(values.value_of(message, "role")) if message is not None else None
        if message is not None and role in {"system", "developer"}:
            return {"purpose": message}
    return {}


# -- LangGraph -----------------------------------------------------------------------------------------------------------------


def graphs(module: Module, names: Names, values: Values, made: list[Seen]) -> Iterator[Found]:
    """Graphs in which a model chooses tools: a node of tools, or a node that calls a model with bound tools."""
    for seen in made:
        nodes = list(_nodes(module, names, seen.node))
        model: Spot | None = None
        tools: Spot | None = None
        # Where the nodes' functions lead elsewhere, tools in the same file speak for its only graph.
        is_likely = len(made) == 1 and bool(nodes) and _has_tools(module, names)
        is_agent = False
        purpose: Spot | None = None
        for node in nodes:
            has_tools, more_tools, more_model, more_purpose = _node(names, node)
            is_agent = is_agent or has_tools
            tools, model, purpose = tools or more_tools, model or more_model, purpose or more_purpose
        if not is_agent and not is_likely:
            continue
        given = {key: spot for key, spot in (("model", model), ("tools", tools), ("purpose", purpose)) if spot is not None}
        row = _GRAPH if is_agent else msgspec.structs.replace(_GRAPH, confidence=Confidence.LIKELY)
        name = _compiled_name(module, values, names, seen.node)
        yield Found(row, "StateGraph", seen.node, None, given, is_open=tools is None, name=name)


def _has_tools(module: Module, names: Names) -> bool:
    for seen in module.calls:
        callee = syntax.callee_of(seen.node)
        if callee is None:
            continue
        if callee.type == "member_expression" and syntax.property_name(callee) == "bindTools":
            if not _is_forced(names, module, syntax.arguments_of(seen.node)):
                return True
        elif seen.node.type == "new_expression" and text_of(callee).rpartition(".")[2] in table().graphs.tools:
            symbol = names.callee(module, seen.node).symbol
            if symbol is not None and _is_tool_node(symbol):
                return True
    return False


def is_graph(symbol: Symbol) -> bool:
    """Whether a symbol is LangGraph's graph class."""
    facts = table().graphs
    return symbol.name in facts.graph and _GRAPH_COVER.covers(symbol.package)


_GRAPH_COVER = Row(packages=table().graphs.packages)


def _is_tool_node(symbol: Symbol) -> bool:
    return symbol.name in table().graphs.tools and _GRAPH_COVER.covers(symbol.package)


def _on_graph(module: Module, names: Names, graph: Node, methods: set[str]) -> Iterator[Node]:
    """The calls of a graph's methods: in the chain after `new`, or on its variable."""
    for seen in module.calls:
        callee = syntax.callee_of(seen.node)
        if callee is None or callee.type != "member_expression" or syntax.property_name(callee) not in methods:
            continue
        maker = names.callee(module, seen.node).maker
        if maker is not None and maker.node.start_byte == graph.start_byte and maker.module is module:
            yield seen.node


def _nodes(module: Module, names: Names, graph: Node) -> Iterator[Spot]:
    for call in _on_graph(module, names, graph, {"addNode"}):
        arguments = syntax.arguments_of(call)
        if len(arguments) > 1:
            yield Spot(module, arguments[1])
        elif arguments and syntax.unwrapped(arguments[0]).type == "object":
            for child in syntax.unwrapped(arguments[0]).named_children:
                value = child.child_by_field_name("value") if child.type == "pair" else child
                if value is not None:
                    yield Spot(module, value)


def _compiled_name(module: Module, values: Values, names: Names, graph: Node) -> str | None:
    for call in _on_graph(module, names, graph, {"compile"}):
        arguments = syntax.arguments_of(call)
        options = values.object_at(Spot(module, arguments[0])) if arguments else None
        if options is not None:
            return values.literal(values.value_of(options, "name"))
    return None


def _node(names: Names, node: Spot) -> tuple[bool, Spot | None, Spot | None, Spot | None]:
    """(the model chooses tools, tools, model, purpose) of one node of a graph."""
    found = names.resolve(node.module, node.node)
    if not isinstance(found, Spot):
        return False, None, None, None
    if found.node.type in syntax.CALLS:
        callee = names.callee(found.module, found.node)
        if callee.symbol is not None and _is_tool_node(callee.symbol):
            arguments = syntax.arguments_of(found.node)
            return True, Spot(found.module, arguments[0]) if arguments else None, None, None
        return False, None, None, None
    if found.node.type not in syntax.FUNCTIONS:
        return False, None, None, None
    return _function_node(names, found)


def _function_node(names: Names, found: Spot) -> tuple[bool, Spot | None, Spot | None, Spot | None]:
    module, function = found
    tools: Spot | None = None
    model: Spot | None = None
    purpose: Spot | None = None
    is_agent = False
    for seen in module.calls:
        if not function.start_byte <= seen.node.start_byte < function.end_byte:
            continue
        callee = names.callee(module, seen.node)
        if callee.symbol is not None and _is_tool_node(callee.symbol):
            is_agent = True
        if callee.symbol is not None and callee.symbol.name == "SystemMessage":
            purpose = purpose or Spot(module, seen.node)
        bound = bound_tools(names, module, seen.node)
        if bound is not None and not bound.is_forced:
            is_agent, tools, model = True, tools or bound.tools, model or bound.model
    return is_agent, tools, model, purpose


class Bound(NamedTuple):
    """A model with tools that were bound to it."""

    tools: Spot | None
    model: Spot | None
    is_forced: bool
    """One tool is named beforehand: it shapes the answer, and nothing is left for the model to choose."""


_FREE = frozenset({"auto", "any", "required", "none"})


def _is_forced(names: Names, module: Module, arguments: list[Node]) -> bool:
    if len(arguments) < 2:
        return False
    options = names.resolve(module, arguments[1])
    for pair in options.node.named_children if isinstance(options, Spot) and options.node.type == "object" else ():
        key, value = pair.child_by_field_name("key"), pair.child_by_field_name("value")
        if key is not None and value is not None and text_of(key) in ("tool_choice", "toolChoice"):
            chosen = syntax.unwrapped(value)
            return chosen.type == "object" or (chosen.type == "string" and text_of(chosen)[1:-1] not in _FREE)
    return False


def bound_tools(names: Names, module: Module, call: Node) -> Bound | None:
    """The model when a call is on a model with bound tools, or binds them."""
    node = syntax.callee_of(call)
    for _ in range(8):
        if node is None or node.type != "member_expression":
            return None
        target = node.child_by_field_name("object")
        if target is None:
            return None
        arguments = syntax.arguments_of(call)
        if syntax.property_name(node) == "pipe" and arguments:
            piped = names.resolve(module, arguments[0])
            if isinstance(piped, Spot) and piped.node.type == "call_expression" and piped.node is not call:
                module, call = piped.module, piped.node
                node = syntax.callee_of(call)
                continue
        if syntax.property_name(node) == "bindTools":
            tools = Spot(module, arguments[0]) if arguments else None
            return Bound(tools, Spot(module, target), _is_forced(names, module, arguments))
        found = names.resolve(module, target)
        if not isinstance(found, Spot) or found.node.type != "call_expression":
            return None
        module, call = found.module, found.node
        node = syntax.callee_of(call)
    return None


def bound_loops(module: Module, names: Names) -> Iterator[Found]:
    """LangChain models with bound tools, invoked in a loop that returns their results."""
    done: set[int] = set()
    callers: _Callers | None = None
    for seen in module.calls:
        callee = syntax.callee_of(seen.node)
        if callee is None or callee.type != "member_expression" or syntax.property_name(callee) not in {"invoke", "stream"}:
            continue
        around = _named_function(module, seen.function)
        body = module.functions[around].node if around is not None else module.root
        if body.start_byte in done or not _RETURNED.search(module.slice(body)):
            continue
        callers = callers or _Callers(module)
        if not callers.loops(seen, around, body):
            continue
        bound = bound_tools(names, module, seen.node)
        if bound is None:
            continue
        done.add(body.start_byte)
        given = {key: spot for key, spot in (("tools", bound.tools), ("model", bound.model)) if spot is not None}
        label = module.functions[around].name if around is not None else None
        yield Found(_BOUND, "bindTools", seen.node, None, given, aliases=(label,) if label else ())
