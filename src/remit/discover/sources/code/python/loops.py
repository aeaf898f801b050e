"""Agents without a framework: a loop around a call of a chat model, with tools and dispatch on what the model asked for.

Counted is a chat call that is given tools (or whose text is searched for actions), that runs again after the results of the tools
were put into the conversation: in a loop, in a function called from a loop, or in a function that calls itself.
One call with tools and no loop, and a schema that only shapes the answer, are not agents.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from tree_sitter import Node

from remit.discover.sources.code.python.graphs import bound_model
from remit.discover.sources.code.python.module import Call, Module, Scope
from remit.discover.sources.code.python.names import Expression
from remit.discover.sources.code.python.sites import MAX_PURPOSE, Facts, Reading
from remit.discover.sources.code.python.syntax import Arguments, text_of, unwrapped
from remit.discover.sources.code.python.tables import At
from remit.discover.sources.code.python.tools import Tool
from remit.model.evidence import AgentSeen, Gap
from remit.model.place import Confidence, Place

_ASKED = re.compile(
    rb"\.tool_calls?\b|\.function_calls?\b|[\"'](?:tool_calls?|tool_use|toolUse|function_calls?|functionCalls?)[\"']|\.tool_use\b"
)
_ANSWERED = re.compile(
    rb"tool_call_id|tool_result|toolResult|function_call_output|function_response|from_function_response|tool_use_id|toolUseId"
    rb"|ToolMessage|[\"']role[\"']\s*:\s*[\"'](?:tool|function)[\"']"
)
_ACTION = re.compile(rb"[\"'rR(](?:\^|\*\*|\\b|\\s\*)?Action\s*(?:Input)?\s*:?|\bAction: |<action>|<tool_call>|\"action\"\s*:")
_OBSERVED = re.compile(rb"Observation\s*:|<observation>|<tool_response>|<tool_result>", re.IGNORECASE)
_PARSED = re.compile(rb"re\.(?:search|match|findall|compile)\(|\.split\(|json\.loads\(|\.fullmatch\(|\.index\(|startswith\(")
_INVOKED = frozenset({"invoke", "ainvoke", "stream", "astream"})
_HOSTED = re.compile(rb"https?://[^\s\"']*/(?:chat/completions|v1/messages|v1/responses|api/chat|api/generate)\b|:generateContent\b")


class _Chat(NamedTuple):
    """A call of a chat model."""

    call: Call
    construct: str
    tools: At
    model: At
    is_loop: bool
    bound: Expression | None = None
    """The `bind_tools` call of a LangChain model that is invoked."""


def loops(module: Module, facts: Facts, reading: Reading) -> Iterator[AgentSeen | Gap]:
    """The hand-rolled loops of a module, one for each function (or module body) that calls the model."""
    found = list(_chats(module, facts))
    done: set[int] = set()
    answered: dict[int, bool] = {}
    """Whether results of tools are put into a conversation around a function, by where it begins."""
    for chat in found:
        home = _home(chat.call.scope)
        if home.start in done and home.kind != "module":
            continue
        here = Expression(module, chat.call.scope, chat.call.node)
        tools = _given_tools(here, chat, facts)
        if not _is_agent(module, chat, home, tools, answered):
            continue
        done.add(home.start)
        yield from _seen(module, facts, reading, chat, tools)


def _home(scope: Scope) -> Scope:
    return next((around for around in scope.chain() if around.kind == "function"), scope)


def _chats(module: Module, facts: Facts) -> Iterator[_Chat]:
    table = facts.table
    has_bound = b"bind_tools" in module.source
    has_post = _HOSTED.search(module.source) is not None
    distinctive = {call.rpartition(".")[2] for call in table.distinctive}
    words = set(table.chats) | distinctive
    for call in module.calls:
        if has_bound and call.called in _INVOKED:
            yield from _invoked(module, facts, call)
        if has_post and call.called == "post":
            yield from _posted(module, facts, call)
        if call.called not in words:
            continue
        callee = call.node.child_by_field_name("function")
        if callee is None:
            continue
        path = facts.values.names.path(Expression(module, call.scope, callee))
        chat = table.chat(path) if path is not None else None
        if chat is not None:
            construct = next((name for name in chat.calls if (path or "").endswith(name)), call.called)
            yield _Chat(call, construct, chat.tools, chat.model, chat.is_loop)
            continue
        if path is not None and not path.endswith(tuple(f".{name}" for name in table.distinctive)):
            continue
        text = text_of(callee)
        spelled = next((name for name in table.distinctive if text.endswith(f".{name}") or text == name), None)
        if spelled is not None:
            yield _Chat(
                call, spelled, ("tools", "functions", "toolConfig", "config"), ("model", "modelId"), spelled.endswith("tool_runner")
            )


def _invoked(module: Module, facts: Facts, call: Call) -> Iterator[_Chat]:
    """`model.bind_tools(tools).invoke(messages)`, also through variables."""
    callee = call.node.child_by_field_name("function")
    owner = callee.child_by_field_name("object") if callee is not None and callee.type == "attribute" else None
    bound = bound_model(Expression(module, call.scope, owner), facts) if owner is not None else None
    if bound is not None:
        yield _Chat(call, "bind_tools", (), (), False, bound)


def _posted(module: Module, facts: Facts, call: Call) -> Iterator[_Chat]:
    """A request to the address of a model, with a payload that holds the tools."""
    here = Expression(module, call.scope, call.node)
    address = Arguments(call.node).get("url", 0)
    text = facts.values.text(here.at(address), templates=True) if address is not None else None
    if text is not None and _HOSTED.search(text.encode("utf-8", "replace")):
        yield _Chat(call, "http post", ("json", "data"), (), False)


def _payload(call: Expression, given: Expression, facts: Facts) -> Expression | None:
    """The payload of a request when it holds tools, as a dictionary or by assignment to it."""
    entries = facts.values.entries(given)
    if entries is not None and "tools" in entries:
        return entries["tools"]
    return given if _mentions_tools(call, unwrapped(given.node)) else None


def _given_tools(call: Expression, chat: _Chat, facts: Facts) -> Expression | None:
    """The schemas that the call is given, also through `**parameters`."""
    if chat.bound is not None:
        inner = Arguments(chat.bound.node).get("tools", 0)
        return chat.bound.at(inner) if inner is not None else chat.bound
    arguments = Arguments(call.node)
    given = facts.values.argument(call, chat.tools, arguments)
    if given is not None and chat.construct == "http post":
        return _payload(call, given, facts)
    if given is not None:
        entries = facts.values.entries(given) if "config" in chat.tools else None
        if entries is not None and "tools" not in entries:
            return None
        if unwrapped(given.node).type == "none":
            return None
        path = facts.values.names.path(given) or ""
        if "config" in chat.tools and path.endswith("Config()"):
            found = facts.values.names.follow(given)
            inner = Arguments(found.expression.node).get("tools") if found is not None and found.expression is not None else None
            return found.expression.at(inner) if inner is not None and found is not None and found.expression is not None else None
        return given
    for hidden in arguments.hidden:
        if _mentions_tools(call, hidden):
            return _put_in(call, hidden) or call.at(hidden)
    return None


def _put_in(call: Expression, hidden: Node) -> Expression | None:
    """The schemas that are put into the dictionary behind `**`: `kwargs["tools"] = X`, `kwargs.update(tools=X)`."""
    if hidden.type != "identifier":
        return None
    home = _home(call.scope)
    name = re.escape(hidden.text or b"")
    found = re.search(rb"\b" + name + rb"(?:\[[\"'](?:tools|functions)[\"']\]\s*=[^=]|\.update\()", home.node.text or b"")
    node = home.node.descendant_for_byte_range(home.start + found.start(), home.start + found.start()) if found is not None else None
    while node is not None and node.type not in ("assignment", "call", "block"):
        node = node.parent
    if node is None or node.type == "block":
        return None
    value = node.child_by_field_name("right") if node.type == "assignment" else Arguments(node).get("tools", "functions")
    return call.at(value) if value is not None else None


def _mentions_tools(call: Expression, hidden: Node) -> bool:
    """Whether the dictionary behind `**` is given tools somewhere in the function: `kwargs["tools"] = ...`."""
    if hidden.type != "identifier":
        return b"tools" in (hidden.text or b"")
    name = re.escape(hidden.text or b"")
    text = _home(call.scope).node.text or b""
    pattern = (
        rb"\b"
        + name
        + rb"\.update\(\s*(?:\*\*)?\{?\s*[\"']?(?:tools|toolConfig|functions)[\"']?\s*[:=]|\b"
        + name
        + rb"\[[\"'](?:tools|toolConfig|functions)[\"']\]\s*=|\b"
        + name
        + rb"\s*(?::[^=\n]+)?=\s*(?:dict\(|\{)[^}]{0,2000}?[\"']?(?:tools|toolConfig)[\"']?\s*[:=]"
    )
    return re.search(pattern, text) is not None


def _is_agent(module: Module, chat: _Chat, home: Scope, tools: Expression | None, answered: dict[int, bool]) -> bool:
    if chat.is_loop and tools is not None:
        return True
    parts = _running(module, chat, home)
    if not parts:
        return False
    text = b"\n".join(dict.fromkeys(part.text or b"" for part in parts))
    if tools is not None:
        if home.start not in answered:
            answered[home.start] = _ANSWERED.search(_wider(module, home)) is not None
        return answered[home.start] and _ASKED.search(text) is not None
    wide = _wider(module, home)
    return bool(_ACTION.search(wide) and _OBSERVED.search(wide) and _PARSED.search(text))


def _wider(module: Module, home: Scope) -> bytes:
    """The text in which results may be put into the conversation: the class around, or the module."""
    around = home.nearest_class()
    return (around.node.text or b"") if around is not None else module.source


def _running(module: Module, chat: _Chat, home: Scope, nest: int = 0) -> list[Node]:
    """The loops in which the call runs, with the functions between; empty when it runs once."""
    inside = _loop_of(chat.call)
    if inside is not None:
        return [inside]
    if home.kind != "function":
        return []
    found: list[Node] = []
    for call in module.calls:
        if call.called != home.name or not _may_mean(call, home):
            continue
        if home.start <= call.node.start_byte < home.end:
            return [home.node]
        loop = _loop_of(call)
        if loop is not None:
            found.extend((loop, home.node))
        elif nest < 2 and _home(call.scope) is not home:
            outer = _running(module, chat._replace(call=call), _home(call.scope), nest + 1)
            if outer:
                found.extend((*outer, home.node))
    return found


def _may_mean(call: Call, home: Scope) -> bool:
    """A plain call means a function; a call on `self` or an object means a method."""
    callee = call.node.child_by_field_name("function")
    is_method = home.parent is not None and home.parent.kind == "class"
    if callee is None:
        return False
    if callee.type == "identifier":
        return not is_method
    owner = callee.child_by_field_name("object")
    return is_method and owner is not None and owner.type == "identifier" and owner.text in (b"self", b"cls", b"agent", b"bot")


def _loop_of(call: Call) -> Node | None:
    """The outermost loop whose body holds the call; a loop over the call's own stream does not repeat it."""
    found: Node | None = None
    for region in call.region.chain() if call.region is not None else ():
        if region.kind != "loop":
            continue
        body = region.node.child_by_field_name("body")
        if body is not None and body.start_byte <= call.node.start_byte < body.end_byte:
            found = region.node
    return found


def _seen(module: Module, facts: Facts, reading: Reading, chat: _Chat, given: Expression | None) -> Iterator[AgentSeen | Gap]:
    here = Expression(module, chat.call.scope, chat.call.node)
    arguments = Arguments(chat.call.node)
    where = facts.values.argument(here, chat.model, arguments)
    where = chat.bound or where
    model = facts.models.model(where) if where is not None else None
    tools = _tools(given, facts) if given is not None else None
    purpose = _system(here, arguments, facts)
    home = _home(chat.call.scope)
    around = home.nearest_class()
    labels = [name for name in (around.name if around is not None else None, home.name) if name]
    yield AgentSeen(
        place=reading.place(chat.call.node),
        framework="langchain" if chat.bound is not None else "no-sdk",
        construct=chat.construct,
        language=module.language,
        aliases=tuple(dict.fromkeys(labels)),
        model=model,
        tools=None if tools is None else tuple(dict.fromkeys(tool.name for tool in tools)),
        purpose=purpose[0] if purpose is not None else None,
        purpose_place=Place(module.path, module.line(purpose[1])) if purpose is not None else None,
        confidence=Confidence.LIKELY,
    )
    if where is not None and model is None:
        yield reading.gap(where, "model of the loop")
    if given is not None and tools is None:
        yield reading.gap(given, "tools of the loop")


def _tools(given: Expression, facts: Facts) -> tuple[Tool, ...] | None:
    entries = facts.values.entries(given)
    inner = next((entries[key] for key in ("tools", "functions") if key in entries), None) if entries else None
    if inner is None and entries and "messages" in entries:
        return None
    return facts.tools.listed(inner or given)


def _system(call: Expression, arguments: Arguments, facts: Facts) -> tuple[str, Node] | None:
    """The system message that the call is given."""
    for keyword in ("system", "instructions", "system_instruction"):
        node = arguments.get(keyword)
        text = facts.values.text(call.at(node), templates=True) if node is not None else None
        if text and node is not None:
            return text.strip()[:MAX_PURPOSE], node
    messages = facts.values.argument(call, ("messages", "input"), arguments)
    for item in (facts.values.items(messages) or ()) if messages is not None else ():
        entries = facts.values.entries(item) or {}
        role = facts.values.text(entries["role"]) if "role" in entries else None
        if role in ("system", "developer") and "content" in entries:
            text = facts.values.text(entries["content"], templates=True)
            if text:
                return text.strip()[:MAX_PURPOSE], item.node
    return None
