"""Agents without a framework: a loop around a call of a chat model, with tools and dispatch on what the model asked for.

Counted is a chat call that is given tools (or whose text is searched for actions), that runs again after the results of the tools
were put into the conversation: in a loop, in a function called from a loop, or in functions that call each other in a circle. The
chat call may stand in a function of another module of the repository: then the call of that function is the place.
One call with tools whose results no second call sees, and a schema that only shapes the answer, are not agents.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from tree_sitter import Node

from remit.discover.sources.code.python.graphs import bound_model
from remit.discover.sources.code.python.module import Call, Module, Scope
from remit.discover.sources.code.python.names import Expression
from remit.discover.sources.code.python.repeats import Repeat, Repeats, home_of, loop_of
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
_CALLED = re.compile(rb"\.call_tool\(")
"""A tool of an MCP server is called by the name that the model chose."""
_ACTION = re.compile(rb"[\"'rR(](?:\^|\*\*|\\b|\\s\*)?Action\s*(?:Input)?\s*:?|\bAction: |<action>|<tool_call>|\"action\"\s*:")
_OBSERVED = re.compile(rb"Observation\s*:|<observation>|<tool_response>|<tool_result>", re.IGNORECASE)
_PARSED = re.compile(rb"re\.(?:search|match|findall|compile)\(|\.split\(|json\.loads\(|\.fullmatch\(|\.index\(|startswith\(")
_READ = re.compile(
    rb"json\.loads\(|\bre\.(?:search|match|findall|finditer)\(|literal_eval\(|model_validate_json\(|\.(?:search|findall|fullmatch)\("
)
_PICKED = re.compile(
    rb"\b(?:call|execute|run|invoke|use|dispatch|perform|do)_(?:\w+_)?(?:tools?|actions?|functions?|commands?|skills?)\("
    rb"|\b\w*(?:tools?|agents?|actions?|functions?|commands?|skills?|handlers?|registry)\w*(?:\[|\.get\()\s*"
    rb"(?:\w+(?:\[|\.get\()\s*[\"'](?:name|tool|tool_name|action|agent|function|command|skill)[\"']|(?:\w+_)?(?:tool|action|function|agent|command|skill)(?:_?name)?\s*[\])])"
    rb"|\bgetattr\(\s*self\s*,\s*\w*(?:tool|action|function|command|method|name)"
)
"""A text of the model is read, and what it names is picked and run."""
_FED = re.compile(rb"\.append\(|\.extend\(|\+=|\+ \[")
_WORDED = re.compile(rb"tools?\b|\bagents?\b|\bactions?\b|\bfunctions?\b|\bcommands?\b|\bskills?\b", re.IGNORECASE)
_INVOKED = frozenset({"invoke", "ainvoke", "stream", "astream"})
_TOOLS = ("tools", "functions", "tool_schemas", "toolConfig", "tool_config", "available_tools")
_PLAIN = frozenset(
    {"append", "get", "print", "len", "str", "range", "loads", "dumps", "join", "input", "format", "items", "info", "debug", "error"}
)
_MAX_REMOTE = 40
_LOOP_WORDS = (b"tool_call", b"tool_use", b"toolUse", b"function_call", b".call_tool(", b"Observation")
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
    inner: Expression | None = None
    """The chat call inside a function of another module, which is what is called here."""


class _Reach(NamedTuple):
    """What is known of a module while its loops are looked for."""

    module: Module
    repeats: Repeats
    answered: dict[int, bool]
    """Whether results of tools are put into a conversation around a function, by where it begins."""


def loops(module: Module, facts: Facts, reading: Reading) -> Iterator[AgentSeen | Gap]:
    """The hand-rolled loops of a module, one for each function (or module body) that calls the model."""
    found = list(_chats(module, facts))
    if not found and not _may_loop(module):
        return
    reach = _Reach(module, Repeats(module), {})
    found.extend(_remote(reach, facts))
    done: set[int] = set()
    texts: set[int] = set()
    """Where loops begin that dispatch on text: several functions may ask the model for one of them."""
    repeats = [(chat, reach.repeats.around(chat.call)) for chat in found]
    for chat, repeat in sorted(repeats, key=lambda pair: pair[1] is None):
        # The call in the loop is the place, not the one before it.
        home = home_of(chat.call.scope)
        if home.start in done and home.kind != "module":
            continue
        here = Expression(module, chat.call.scope, chat.call.node)
        tools = _given_tools(here, chat, facts, reach.repeats)
        if not _is_agent(reach, chat, home, tools, repeat):
            continue
        first = repeat.parts[0].start_byte if repeat is not None else -1
        if tools is None and first in texts:
            continue
        texts.add(first)
        done.add(home.start)
        yield from _seen(module, facts, reading, chat, tools)


def _may_loop(module: Module) -> bool:
    return any(word in module.source for word in _LOOP_WORDS)


def _remote(reach: _Reach, facts: Facts) -> Iterator[_Chat]:
    """Calls, that may run again, of functions of other modules of the repository that call a model."""
    if not _may_loop(reach.module):
        return
    looked = 0
    for call in reach.module.calls:
        callee = call.node.child_by_field_name("function")
        if callee is None or call.called in _PLAIN or looked >= _MAX_REMOTE or reach.repeats.is_own(call):
            continue
        if loop_of(call) is None and reach.repeats.around(call) is None:
            continue
        looked += 1
        found = facts.values.names.follow(Expression(reach.module, call.scope, callee))
        if found is None or found.kind != "function" or found.expression is None or found.expression.module is reach.module:
            continue
        inner = _inner(found.expression.module, found.scope, facts)
        if inner is not None:
            yield inner._replace(call=call, inner=Expression(found.expression.module, inner.call.scope, inner.call.node))


def _inner(module: Module, function: Scope | None, facts: Facts) -> _Chat | None:
    """The chat call that a function of a module leads to, itself or through functions of its module."""
    memo = facts.values.names.repository.project.memo
    key = ("python-chats", module.path)
    if key not in memo:
        memo[key] = {home_of(chat.call.scope).start: chat for chat in reversed(list(_chats(module, facts)))}
    chats: dict[int, _Chat] = memo[key]
    if not chats or function is None:
        return None
    repeats = Repeats(module)
    waiting, seen = [function], {function.start}
    while waiting:
        here = waiting.pop()
        if here.start in chats:
            return chats[here.start]
        more = [callee for callee in repeats.callees(here.node) if callee.start not in seen] if len(seen) < _MAX_REMOTE else []
        seen.update(callee.start for callee in more)
        waiting.extend(more)
    return None


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


def _given_tools(call: Expression, chat: _Chat, facts: Facts, repeats: Repeats) -> Expression | None:
    """The schemas that the call is given, also through the parameters of the function around it."""
    if chat.inner is not None:
        node = Arguments(call.node).get(*_TOOLS)
        return call.at(node) if node is not None and node.type != "none" else _own_tools(chat.inner, chat._replace(inner=None), facts)
    given = _own_tools(call, chat, facts)
    home = home_of(call.scope)
    name = text_of(given.node) if given is not None and given.node.type == "identifier" else None
    is_parameter = name is not None and any(binding.kind == "parameter" for binding in home.bindings.get(name, ()))
    is_open = given is None and any(hidden.type == "identifier" for hidden in Arguments(call.node).hidden)
    if not is_parameter and not is_open:
        return given
    for caller in repeats.callers(home)[:_MAX_REMOTE]:
        node = Arguments(caller.node).get(name or "tools", *_TOOLS)
        if node is not None and node.type != "none":
            return Expression(call.module, caller.scope, node)
    return given


def _own_tools(call: Expression, chat: _Chat, facts: Facts) -> Expression | None:
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
    home = home_of(call.scope)
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
    text = home_of(call.scope).node.text or b""
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


def _is_agent(reach: _Reach, chat: _Chat, home: Scope, tools: Expression | None, repeat: Repeat | None) -> bool:
    if chat.is_loop and tools is not None:
        return True
    if repeat is None:
        return tools is not None and _is_asked_again(reach, chat, home)
    parts = [*repeat.parts, *(callee.node for part in repeat.parts for callee in reach.repeats.callees(part))]
    text = b"\n".join(dict.fromkeys(part.text or b"" for part in parts))
    if tools is not None:
        if home.start not in reach.answered:
            wide = _wider(reach.module, home)
            reach.answered[home.start] = _ANSWERED.search(wide) is not None or _CALLED.search(wide) is not None
        is_answered = reach.answered[home.start] or _ANSWERED.search(text) is not None or _CALLED.search(text) is not None
        is_asked = is_answered and _ASKED.search(text) is not None
        return is_asked or (not repeat.is_open and _is_asked_again(reach, chat, home))
    wide = _wider(reach.module, home)
    if _ACTION.search(wide) and _OBSERVED.search(wide) and _PARSED.search(text):
        return True
    return repeat.is_open and _is_picked(text, wide)


def _is_picked(text: bytes, wide: bytes) -> bool:
    """Whether the answer is read as text, what it names is picked and run, and the result is put into what is asked next."""
    return bool(_READ.search(text) and _PICKED.search(text) and _FED.search(text) and _WORDED.search(wide))


def _is_asked_again(reach: _Reach, chat: _Chat, home: Scope) -> bool:
    """Whether the function runs the tools that the model chose, and a later call in it hands the results to the model."""
    text = home.node.text or b""
    if home.kind != "function" or not _ASKED.search(text) or not (_CALLED.search(text) or _ANSWERED.search(text)):
        return False
    later = reach.module.calls_within(chat.call.node.end_byte, home.end)
    return any(call.called == chat.call.called and _spelled(call) == _spelled(chat.call) for call in later)


def _spelled(call: Call) -> bytes:
    callee = call.node.child_by_field_name("function")
    return (callee.text or b"") if callee is not None else b""


def _wider(module: Module, home: Scope) -> bytes:
    """The text in which results may be put into the conversation: the class around, or the module."""
    around = home.nearest_class()
    return (around.node.text or b"") if around is not None else module.source


def _seen(module: Module, facts: Facts, reading: Reading, chat: _Chat, given: Expression | None) -> Iterator[AgentSeen | Gap]:
    here = chat.inner or Expression(module, chat.call.scope, chat.call.node)
    arguments = Arguments(here.node)
    where = facts.values.argument(here, chat.model, arguments)
    where = chat.bound or where
    model = facts.models.model(where) if where is not None else None
    tools = _tools(given, facts) if given is not None else None
    purpose = _system(here, arguments, facts)
    home = home_of(chat.call.scope)
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
