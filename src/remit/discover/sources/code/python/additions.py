"""What other places of a module add to an agent: tools registered by decorator or call, and functions that give instructions."""

from __future__ import annotations

from tree_sitter import Node

from remit.discover.sources.code.python.module import Decorated, Module
from remit.discover.sources.code.python.names import Expression
from remit.discover.sources.code.python.sites import Extra, Facts, Key, Site, key_of
from remit.discover.sources.code.python.syntax import Arguments, text_of
from remit.discover.sources.code.python.tables import Row
from remit.discover.sources.code.python.tools import Tool

_REGISTERING = frozenset({"register_for_llm", "tool", "tool_plain"})


def additions(module: Module, facts: Facts, found: list[Site]) -> dict[Key, Extra]:
    """What is added to each of the sites, by its node."""
    if not found:
        return {}
    return _Additions(module, facts, found).collect()


class _Additions:
    def __init__(self, module: Module, facts: Facts, found: list[Site]) -> None:
        self.module, self.facts = module, facts
        self.rows = {key_of(Expression(module, site.call.scope, site.call.node)): site.match.row for site in found}
        self.extras: dict[Key, Extra] = {}

    def collect(self) -> dict[Key, Extra]:
        for decorated in self.module.decorated:
            for mark in decorated.decorators:
                self._decorator(decorated, mark)
        for call in self.module.calls:
            if call.called == "register_function":
                self._register_function(Expression(self.module, call.scope, call.node))
            elif not call.called or call.called in _REGISTERING:
                self._applied(Expression(self.module, call.scope, call.node))
        return self.extras

    def _extra(self, key: Key) -> Extra:
        return self.extras.setdefault(key, Extra([], [], False))

    def _agent(self, owner: Expression) -> tuple[Key, Row | None] | None:
        """The site that an expression leads to; its row is known when it stands in this module."""
        found = self.facts.values.names.follow(owner)
        if found is None or found.expression is None or found.kind != "value" or found.expression.node.type != "call":
            return None
        key = key_of(found.expression)
        return key, self.rows.get(key)

    def _decorator(self, decorated: Decorated, mark: Node) -> None:
        callee = mark.child_by_field_name("function") if mark.type == "call" else mark
        if callee is None or callee.type != "attribute":
            return
        owner, method = callee.child_by_field_name("object"), callee.child_by_field_name("attribute")
        if owner is None or method is None or decorated.definition.type != "function_definition":
            return
        agent = self._agent(Expression(self.module, decorated.scope, owner))
        if agent is None or agent[1] is None:
            return
        key, row = agent
        name = text_of(method)
        if row is not None and name in row.tool_decorators:
            self._extra(key).tools.append(self._tool(decorated.definition, name))
        elif row is not None and name in row.prompt_decorators:
            self._extra(key).prompts.append(decorated.definition)

    def _tool(self, definition: Node, mark: str) -> Tool:
        name = definition.child_by_field_name("name")
        override = self.facts.tools.decorated_name(self.module, definition, frozenset({mark}))
        label = text_of(name) if name is not None else ""
        return Tool(override or label, self.module.path, self.module.line(definition))

    def _register_function(self, call: Expression) -> None:
        """`register_function(f, caller=agent, ...)`."""
        arguments = Arguments(call.node)
        caller, function = arguments.get("caller", 1), arguments.get("f", 0)
        if caller is None or function is None:
            return
        agent = self._agent(call.at(caller))
        if agent is None:
            return
        given = arguments.get("name")
        text = self.facts.values.text(call.at(given)) if given is not None else None
        tools = (Tool(text),) if text else self.facts.tools.tool(call.at(function))
        self._extra(agent[0]).tools.extend(tools or ())

    def _applied(self, call: Expression) -> None:
        """`agent.register_for_llm(name=...)(function)`, `agent.tool(function)`."""
        callee = call.node.child_by_field_name("function")
        outer = callee.child_by_field_name("function") if callee is not None and callee.type == "call" else callee
        arguments = Arguments(call.node)
        if callee is None or outer is None or outer.type != "attribute" or not arguments.positional:
            return
        owner, method = outer.child_by_field_name("object"), outer.child_by_field_name("attribute")
        if owner is None or method is None or text_of(method) not in _REGISTERING:
            return
        agent = self._agent(call.at(owner))
        row = agent[1] if agent is not None else None
        if agent is None or row is None or text_of(method) not in row.tool_decorators:
            return
        given = Arguments(callee).get("name") if callee.type == "call" else None
        text = self.facts.values.text(call.at(given)) if given is not None else None
        tools = (Tool(text),) if text else self.facts.tools.tool(call.at(arguments.positional[0]))
        self._extra(agent[0]).tools.extend(tools or ())
