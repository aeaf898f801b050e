"""What options of agents say: models, tools, other agents; certain or None.

Invariants:
- a value that depends on the environment, an argument or a condition is None;
- reading is bounded in depth and number of entries.
"""

from __future__ import annotations

from collections.abc import Iterator

from tree_sitter import Node

from remit.discover.sources.code.typescript import syntax
from remit.discover.sources.code.typescript.names import Spot, Symbol
from remit.discover.sources.code.typescript.objects import DEPTH, ENTRIES, Entry, Objects
from remit.discover.sources.code.typescript.syntax import text_of
from remit.discover.sources.code.typescript.table import model_shape, table


class Values(Objects):
    """Reads what the options of agents say."""

    # -- models --------------------------------------------------------------------------------------------------------------

    def model(self, spot: Spot | None, depth: int = 0) -> str | None:
        """The id of the model that an expression stands for."""
        if spot is None or depth > DEPTH:
            return None
        found = self.names.resolve(spot.module, spot.node)
        if not isinstance(found, Spot):
            return None
        node = found.node
        if node.type in {"string", "template_string", "binary_expression"}:
            return self.literal(found) or None
        if node.type == "object":
            return self._configured(found, depth)
        if node.type in syntax.FUNCTIONS:
            inner = self.names.returned(found)
            return self.model(inner, depth + 1) if isinstance(inner, Spot) else None
        if node.type in syntax.CALLS:
            return self._wrapped(found, depth) or self._helped(found, depth)
        return None

    def _helped(self, found: Spot, depth: int) -> str | None:
        """What a helper of the project, with one `return`, makes."""
        inner = self.settled(found)
        return self.model(inner, depth + 1) if isinstance(inner, Spot) and inner.node is not found.node else None

    def _configured(self, found: Spot, depth: int) -> str | None:
        provider, name = self.value_of(found, "provider"), self.value_of(found, "name")
        if provider is not None and name is not None:
            return self.literal(name)
        provider, name = self.value_of(found, "providerId"), self.value_of(found, "modelId")
        if provider is not None and name is not None:
            first, second = self.literal(provider), self.literal(name)
            return f"{first}/{second}" if first and second else None
        return self._keyed(found, depth)

    def _keyed(self, found: Spot, depth: int) -> str | None:
        for key in table().models.keys:
            value = self.value_of(found, key)
            if value is not None:
                return self.model(value, depth + 1)
        return None

    def _wrapped(self, found: Spot, depth: int) -> str | None:
        """`openai("x")`, `new ChatOpenAI({model})`, `aisdk(openai("x"))`; of the project's own wrappers only what looks like a model."""
        callee = self.names.callee(found.module, found.node)
        arguments = syntax.arguments_of(found.node)
        maker = callee.symbol or callee.instance
        is_own = callee.local is not None or maker is None or maker.package == ""
        first, second = (self.literal(Spot(found.module, argument)) for argument in arguments[:2]) if len(arguments) > 1 else (None, None)
        if first and second and model_shape().match(second) and not model_shape().match(first):
            # `getModel("anthropic", "claude-...")`
            return second
        for argument in arguments[:2]:
            inner = self.settled(Spot(found.module, argument))
            if not isinstance(inner, Spot):
                return None
            value: str | None = None
            if inner.node.type in {"string", "template_string"}:
                value = self.plain(inner)
            elif inner.node.type == "object":
                value = self._keyed(inner, depth)
            elif inner.node.type in syntax.CALLS and argument is arguments[0]:
                value = self.model(inner, depth + 1)
            if value is not None:
                return value if not is_own or model_shape().match(value) else None
            if inner.node.type != "object":
                return None
        return self._bound(found, callee.path, depth)

    def _bound(self, found: Spot, path: tuple[str, ...], depth: int) -> str | None:
        """`model.bindTools(tools)`, `model.withConfig({...})`: the model that it is called on."""
        node = syntax.callee_of(found.node)
        target = node.child_by_field_name("object") if node is not None and node.type == "member_expression" else None
        if target is not None and path and path[-1] in {"bindTools", "bind", "withConfig", "withRetry", "withStructuredOutput"}:
            return self.model(Spot(found.module, target), depth + 1)
        return None

    # -- tools ---------------------------------------------------------------------------------------------------------------

    def tools(self, spot: Spot | None, depth: int = 0) -> tuple[list[Entry], bool]:
        """(name of each tool and where it is, whether that is all of them)."""
        if spot is None:
            return [], True
        found = self.settled(spot)
        if depth > DEPTH or not isinstance(found, Spot):
            return [], isinstance(found, Symbol) and found == Symbol("", "undefined")
        node = found.node
        if node.type in {"undefined", "null"}:
            return [], True
        if node.type == "object":
            entries = self.entries(found)
            if entries is None:
                return [], False
            return [entry for entry in entries if not self.is_remote(entry.spot)], True
        if node.type == "array":
            return self._listed(found, depth)
        if node.type == "string" or node.type in syntax.FUNCTIONS:
            inner = self.names.returned(found) if node.type in syntax.FUNCTIONS else None
            return self.tools(inner, depth + 1) if isinstance(inner, Spot) else ([], False)
        return self._called_tools(found, depth)

    def _listed(self, found: Spot, depth: int) -> tuple[list[Entry], bool]:
        entries: list[Entry] = []
        is_all = True
        for child in found.node.named_children[:ENTRIES]:
            if child.type == "comment":
                continue
            if child.type == "spread_element":
                more, whole = self.tools(Spot(found.module, child.named_children[0]), depth + 1)
                entries += more
                is_all = is_all and whole
                continue
            spot = Spot(found.module, child)
            if self.is_remote(spot):
                continue
            several = self._declared_functions(spot)
            if several is not None:
                entries += several
                continue
            name = self.tool_name(spot)
            if name is None:
                is_all = False
            else:
                entries.append(Entry(name, spot))
        return entries, is_all

    def _declared_functions(self, spot: Spot) -> list[Entry] | None:
        """Gemini's `{functionDeclarations: [...]}`."""
        found = self.object_at(spot)
        listed = self.value_of(found, "functionDeclarations") or self.value_of(found, "function_declarations") if found else None
        return self.tools(listed, 1)[0] if listed is not None else None

    def _called_tools(self, found: Spot, depth: int) -> tuple[list[Entry], bool]:
        node = syntax.callee_of(found.node) if found.node.type == "call_expression" else None
        arguments = syntax.arguments_of(found.node)
        if node is not None and arguments and text_of(node) in {"Object.values", "Array.from"}:
            inner = self.settled(Spot(found.module, arguments[0]))
            if isinstance(inner, Spot) and inner.node.type == "object":
                entries = self.entries(inner)
                if entries is not None:
                    named = [Entry(self.tool_name(entry.spot) or entry.key, entry.spot) for entry in entries]
                    return named, True
        if found.node.type == "new_expression" and arguments:
            # `new ToolNode(tools)`, `new Toolset([...])`
            return self.tools(Spot(found.module, arguments[0]), depth + 1)
        return [], False

    def is_remote(self, spot: Spot) -> bool:
        """Whether a tool stands for a remote MCP server."""
        found = self.settled(spot)
        if not isinstance(found, Spot):
            return False
        if found.node.type == "object":
            return self.literal(self.value_of(found, "type")) == "mcp"
        if found.node.type not in syntax.CALLS:
            return False
        symbol = self.names.callee(found.module, found.node).symbol
        return symbol is not None and symbol.name.rpartition(".")[2] in table().tools.remote

    def tool_name(self, spot: Spot) -> str | None:
        """The name of one tool: as its definition says, else the variable, function or class that it is."""
        node = syntax.unwrapped(spot.node)
        found = self.names.resolve(spot.module, node)
        label = _label(node)
        if not isinstance(found, Spot):
            return label if found is None else label or found.name.rpartition(".")[2] or None
        inner = found.node
        if inner.type in {"string", "template_string"}:
            return self.plain(found)
        if inner.type == "object":
            return self._named(found) or label
        if inner.type in syntax.CALLS:
            return self._made_tool(found, label)
        if inner.type in syntax.FUNCTIONS or inner.type in syntax.CLASSES:
            return label or found.module.labels.get(inner.start_byte)
        return None if inner.type in {"ternary_expression", "binary_expression", "array"} else label

    def named(self, found: Spot) -> str | None:
        """The name that an object literal gives itself."""
        for key in table().tools.name:
            value = self.option(found, key)
            name = self.literal(value) if value is not None else None
            if name:
                return name
        return None

    def _named(self, found: Spot) -> str | None:
        name = self.named(found)
        if name:
            return name
        kind = self.literal(self.value_of(found, "type"))
        if kind and kind not in {"function", "custom"}:
            return kind
        keys = self.entries(found)
        return keys[0].key if keys is not None and len(keys) == 1 else None

    def _made_tool(self, found: Spot, label: str | None) -> str | None:
        arguments = syntax.arguments_of(found.node)
        for argument in arguments[:3]:
            inner = self.object_at(Spot(found.module, argument))
            name = self.named(inner) if inner is not None else None
            agent = self.value_of(inner, "agent") if inner is not None and name is None else None
            name = name or (self.other(agent) if agent is not None else None)
            if name:
                return name
            text = self.literal(Spot(found.module, argument))
            if text and " " not in text and len(text) <= 64 and len(arguments) > 1 and argument is arguments[0]:
                return text
        if label:
            return label
        callee = syntax.callee_of(found.node)
        if callee is None:
            return None
        name = _label(syntax.unwrapped(callee))
        if name in {"asTool", "toTool", "as_tool"} and callee.type == "member_expression":
            target = callee.child_by_field_name("object")
            return _label(target) if target is not None else name
        return name

    def others(self, spot: Spot | None, depth: int = 0) -> Iterator[str]:
        """Names or variables of other agents in a list, an object or one value."""
        found = self.settled(spot)
        if depth > 3 or not isinstance(found, Spot):
            return
        if found.node.type == "array":
            for child in found.node.named_children[:ENTRIES]:
                if child.type == "spread_element":
                    yield from self.others(Spot(found.module, child.named_children[0]), depth + 1)
                elif child.type != "comment":
                    name = self.other(Spot(found.module, child))
                    if name:
                        yield name
        elif found.node.type == "object":
            for entry in self.entries(found) or ():
                yield self.other(entry.spot) or entry.key
        elif spot is not None:
            name = self.other(spot)
            if name:
                yield name

    def other(self, spot: Spot) -> str | None:
        """The name of an agent that is referred to, else its variable."""
        node = syntax.unwrapped(spot.node)
        label = _label(node)
        found = self.settled(spot)
        if isinstance(found, Spot) and found.node.type in syntax.CALLS:
            arguments = syntax.arguments_of(found.node)
            options = next((item for item in (self.object_at(Spot(found.module, argument)) for argument in arguments[:3]) if item), None)
            name = self.literal(self.value_of(options, "name")) if options is not None else None
            if name:
                return name
            callee = self.names.callee(found.module, found.node)
            if callee.symbol is not None and callee.symbol.name in {"handoff", "Handoff"} and arguments:
                return self.other(Spot(found.module, arguments[0]))
        if isinstance(found, Spot) and found.node.type == "object":
            agent = self.value_of(found, "agent")
            name = self.literal(self.value_of(found, "name"))
            return name or (self.other(agent) if agent is not None else None) or label
        return label

    def _tool_key(self, spot: Spot) -> str | None:
        node = syntax.unwrapped(spot.node)
        target = node.child_by_field_name("object") if node.type == "member_expression" else None
        if target is None or syntax.property_name(node) not in table().tools.name:
            return None
        return self.tool_name(Spot(spot.module, target))


def _label(node: Node) -> str | None:
    """The identifier, or the last member, that an expression is."""
    if node.type in {"identifier", "shorthand_property_identifier"}:
        return text_of(node)
    if node.type == "member_expression":
        return syntax.property_name(node)
    return None
