"""Reads the rows of the table off the calls, classes and typed objects of a file.

Invariants:
- a construct is told by what its callee resolves to, never by a bare name;
- a field that is there and cannot be settled is None, with a Gap.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from tree_sitter import Node

from remit.discover.sources.code.typescript import syntax
from remit.discover.sources.code.typescript.module import Module, Seen
from remit.discover.sources.code.typescript.names import Callee, Names, Spot, Symbol
from remit.discover.sources.code.typescript.objects import Entry
from remit.discover.sources.code.typescript.syntax import end_of, line_of, text_of
from remit.discover.sources.code.typescript.table import Row, rows
from remit.discover.sources.code.typescript.values import Values
from remit.model.evidence import AgentSeen, Gap, GapKind, IdentitySeen
from remit.model.place import Confidence, Place

_NAME = 200
_WORD = re.compile(r"[A-Za-z_$][\w$]*")


@dataclass(frozen=True)
class Found:
    """A construct, before it becomes evidence."""

    row: Row
    construct: str
    node: Node
    options: Spot | None = None
    """The object literal with its options."""
    given: dict[str, Spot] = field(default_factory=dict)
    """Fields by position or by a builder's method."""
    base: Spot | None = None
    """The options of the agent that it is a clone of."""
    is_open: bool = False
    """Options are there and could not be settled."""
    name: str | None = None
    aliases: tuple[str, ...] = ()


def constructs(module: Module, names: Names, values: Values, seen: Seen) -> Iterator[Found]:
    """What a call or `new` constructs, by the table."""
    callee = names.callee(module, seen.node)
    for row, construct in _matching(callee, seen.node.type == "new_expression"):
        found = _with_options(module, values, row, construct, seen.node, callee)
        if _counts(module, names, values, found):
            yield found
            return


def _matching(callee: Callee, is_new: bool) -> Iterator[tuple[Row, str]]:
    if callee.symbol is not None:
        package, name = callee.symbol
        for row in rows("new" if is_new else "call", name, package):
            yield row, name
    elif callee.instance is not None and callee.path and not is_new:
        package, made = callee.instance
        name = ".".join(callee.path)
        for row in rows("method", name, package):
            if made in row.on:
                yield row, name


def _with_options(module: Module, values: Values, row: Row, construct: str, node: Node, callee: Callee) -> Found:
    arguments = [Spot(module, argument) for argument in syntax.arguments_of(node)]
    given = {name: arguments[index] for index, name in enumerate(row.arguments) if index < len(arguments)}
    options: Spot | None = None
    is_open = False
    if row.options < len(arguments):
        options = values.object_at(arguments[row.options])
        is_open = options is None and not values.is_empty(arguments[row.options])
        if options is not None and row.arguments:
            # `createSqlAgent({llm, tools})`: the newer form takes one object.
            given = {name: spot for name, spot in given.items() if values.object_at(spot) != options}
    if options is None and arguments and len(arguments) <= row.options:
        options = values.object_at(arguments[0])
        given = {} if options is not None else given
    base = None
    if construct.endswith("clone") and callee.maker is not None:
        made = syntax.arguments_of(callee.maker.node)
        base = values.object_at(Spot(callee.maker.module, made[0])) if made else None
    given |= _built(module, row, node)
    return Found(row, construct, node, options, given, base, is_open)


def _built(module: Module, row: Row, node: Node) -> dict[str, Spot]:
    """What the methods of a builder's chain are given."""
    given: dict[str, Spot] = {}
    for _ in range(40 if row.builder else 0):
        member = node.parent
        call = member.parent if member is not None and member.type == "member_expression" else None
        if member is None or call is None or call.type != "call_expression":
            break
        arguments = syntax.arguments_of(call)
        for name, methods in row.builder.items():
            if arguments and syntax.property_name(member) in methods:
                given.setdefault(name, Spot(module, arguments[0]))
        node = call
    return given


def _counts(module: Module, names: Names, values: Values, found: Found) -> bool:
    """Whether the conditions of the row hold."""
    row = found.row
    if row.needs or row.needs_any:
        if found.options is None:
            return False
        if not all(_is_given(values, found.options, key) for key in row.needs):
            return False
        if row.needs_any and not any(_is_given(values, found.options, key) for key in row.needs_any):
            return False
    if any(found.options is not None and values.value_of(found.options, key) is not None for key in row.unless_key):
        return False
    if row.unless_agent is not None and found.options is not None:
        inner = values.settled(values.value_of(found.options, row.unless_agent))
        if isinstance(inner, Spot) and inner.node.type in syntax.CALLS:
            return not any(_matching(names.callee(inner.module, inner.node), inner.node.type == "new_expression"))
        return inner is not None
    return row.uses is None or bool(uses(module, names, values, found))


def _is_given(values: Values, options: Spot, key: str) -> bool:
    value = values.value_of(options, key)
    if value is None or values.is_empty(value):
        return False
    inner = values.settled(value)
    if not isinstance(inner, Spot):
        return True
    if inner.node.type == "number":
        return text_of(inner.node) not in {"0", "1"}
    if inner.node.type == "call_expression":
        arguments = syntax.arguments_of(inner.node)
        return not (len(arguments) == 1 and text_of(arguments[0]) in {"0", "1"})
    return True


def uses(module: Module, names: Names, values: Values, found: Found) -> list[Spot]:
    """The values given to an instance's methods under the row's key."""
    wanted = found.row.uses
    given: list[Spot] = []
    if wanted is None:
        return given
    for seen in module.calls:
        node = syntax.callee_of(seen.node)
        if node is None or node.type != "member_expression" or syntax.property_name(node) not in wanted.methods:
            continue
        arguments = syntax.arguments_of(seen.node)
        maker = names.callee(module, seen.node).maker
        if maker is None or maker.node.start_byte != found.node.start_byte or len(arguments) <= wanted.argument:
            continue
        options = values.object_at(Spot(module, arguments[wanted.argument]))
        value = values.value_of(options, wanted.key) if options is not None else None
        if value is not None:
            given.append(value)
    return given


def classes(module: Module, names: Names, values: Values) -> Iterator[Found]:
    """Classes whose base is meant to be subclassed."""
    for item in module.classes:
        if item.base is None:
            continue
        base = names.resolve(module, item.base)
        if not isinstance(base, Symbol):
            continue
        for row in rows("extends", base.name, base.package)[:1]:
            options = _super_options(module, values, item.node)
            given: dict[str, Spot] = {}
            for key, attribute in (
                ("model", row.model or ("model",)),
                ("tools", row.tools or ("tools",)),
                ("purpose", row.purpose or ("instructions",)),
            ):
                for name in attribute:
                    held = item.fields.get(name, [])
                    if len(held) == 1 and held[0] is not None:
                        given.setdefault(key, Spot(module, held[0]))
            yield Found(row, base.name, item.node, options, given, None, not row.tools, item.name)


def _super_options(module: Module, values: Values, node: Node) -> Spot | None:
    for seen in module.calls:
        if node.start_byte <= seen.node.start_byte < node.end_byte:
            callee = syntax.callee_of(seen.node)
            arguments = syntax.arguments_of(seen.node)
            if callee is not None and callee.type == "super" and arguments:
                return values.object_at(Spot(module, arguments[0]))
    return None


def typed(module: Module, names: Names, values: Values) -> Iterator[Found]:
    """Object literals whose declared type makes them an agent, or a collection of agents by name."""
    for name, items in module.declared.items():
        for item in items:
            annotation = item.type if item.type is not None else _asserted(item.value)
            if annotation is None or item.value is None or item.path:
                continue
            options = values.object_at(Spot(module, item.value))
            if options is None or options.module is not module:
                continue
            for row, symbol, is_collection in _rows_of_type(module, names, annotation):
                if is_collection:
                    yield from (_entry_found(module, values, row, entry) for entry in values.entries(options) or ())
                elif row.definitions is not None:
                    yield from definitions(module, values, Found(row, symbol.name, options.node, options))
                else:
                    yield Found(row, symbol.name, options.node, options, aliases=(name,))


def _asserted(value: Node | None) -> Node | None:
    """The type after `satisfies` or `as`."""
    if value is None or value.type not in {"satisfies_expression", "as_expression"}:
        return None
    return value.named_children[-1] if len(value.named_children) > 1 else None


def _rows_of_type(module: Module, names: Names, annotation: Node) -> Iterator[tuple[Row, Symbol, bool]]:
    """(row, type, whether it is a collection of that type): `T`, `T[]`, `Record<string, T>`, `Partial<T>`."""
    symbol = names.type_symbol(module, annotation)
    if symbol is not None:
        yield from ((row, symbol, False) for row in rows("typed", symbol.name, symbol.package)[:1])
        return
    words = _WORD.findall(text_of(annotation)) if annotation.end_byte - annotation.start_byte < 300 else []
    for word in words[1:] if words and words[0] in {"Record", "Map", "Readonly", "Partial"} else ():
        item = module.type_imports.get(word) or module.imports.get(word)
        found = names.imported(module, item) if item is not None else None
        if isinstance(found, Symbol):
            is_collection = words[0] == "Record" or "Record" in words
            yield from ((row, found, is_collection) for row in rows("typed", found.name, found.package)[:1])


def definitions(module: Module, values: Values, found: Found) -> Iterator[Found]:
    """Claude's `agents: {name: {description, prompt, tools, model}}`: each entry is an agent."""
    for entry in defined(values, found):
        inner = values.object_at(entry.spot)
        if inner is None or (inner.module is not module and _is_typed(inner)):
            continue
        yield _entry_found(module, values, found.row, entry)


def defined(values: Values, found: Found) -> list[Entry]:
    """The entries under the row's key of definitions."""
    if found.row.definitions is None or found.options is None:
        return []
    inner = values.object_at(values.option(found.options, found.row.definitions))
    return (values.entries(inner) or []) if inner is not None else []


def _is_typed(inner: Spot) -> bool:
    """Whether an object of another file says there what it is; then that file shows the agent."""
    items = (item for items in inner.module.declared.values() for item in items)
    return any(item.type is not None and item.value is not None and syntax.unwrapped(item.value) == inner.node for item in items)


def _entry_found(module: Module, values: Values, row: Row, entry: Entry) -> Found:
    inner = values.object_at(entry.spot)
    here = inner if inner is not None and inner.module is module else entry.spot
    node = here.node
    if node.parent is not None and node.parent.type == "pair":
        node = node.parent
    return Found(_definition_row(row), "AgentDefinition", node, inner, name=entry.key, is_open=inner is None)


def _definition_row(row: Row) -> Row:
    """The row by which an `AgentDefinition` is read."""
    found = rows("typed", "AgentDefinition", row.packages[0])
    return found[0] if found else row


class Evidence:
    """Turns constructs into evidence."""

    def __init__(self, module: Module, values: Values, is_test: bool) -> None:
        self.module = module
        self.values = values
        self.is_test = is_test
        self.language = syntax.language_of(module.path)

    def of(self, found: Found, extra_tools: list[Spot] | None = None) -> Iterator[AgentSeen | IdentitySeen | Gap]:
        """The agent, its identity, and what could not be settled."""
        place = Place(self.module.path, line_of(found.node), end_of(found.node))
        doubts: list[str] = []
        name = found.name or self._text_of(found, "name", found.row.name, doubts)
        model = self._model_of(found, doubts)
        tools, tool_places = self._tools_of(found, extra_tools, doubts)
        purpose, purpose_place, origin = self._purpose_of(found)
        yield AgentSeen(
            place=place,
            role=found.row.role,
            framework=found.row.framework,
            construct=found.construct,
            language=self.language,
            name=name[:_NAME] if name else None,
            aliases=self._aliases(found),
            model=model[:_NAME] if model else None,
            tools=tools,
            tool_places=tool_places,
            purpose=purpose,
            purpose_place=purpose_place,
            purpose_origin=origin,
            delegates_to=tuple(dict.fromkeys(self._others(found))),
            mcp_servers=tuple(dict.fromkeys(self._servers(found))),
            kind=found.row.kind,
            confidence=found.row.confidence if not self.is_test else Confidence.LIKELY,
            is_test=self.is_test,
        )
        for doubt in doubts:
            yield Gap(place=place, kind=GapKind.UNRESOLVED, what=f"{doubt} of `{found.construct}` is not a constant", is_file=False)
        yield from self._identities(found, place)

    def first(self, found: Found, what: str, keys: tuple[str, ...]) -> Spot | None:
        """The value of a field: by position or builder, else the first of its keys that is there."""
        if what in found.given:
            return found.given[what]
        for options in (found.options, found.base):
            for key in keys if options is not None else ():
                value = self.values.option(options, key) if options is not None else None
                if value is not None:
                    return value
        return None

    def _text_of(self, found: Found, what: str, keys: tuple[str, ...], doubts: list[str]) -> str | None:
        value = self.first(found, what, keys)
        if value is None:
            return None
        text = self.values.literal(value)
        if text is None:
            doubts.append(f"`{what}`")
        return text or None

    def _model_of(self, found: Found, doubts: list[str]) -> str | None:
        value = self.first(found, "model", found.row.model)
        if value is None:
            return None
        model = self.values.model(value)
        if model is None and not self.values.is_empty(value):
            doubts.append("`model`")
        return model

    def _tools_of(
        self, found: Found, extra: list[Spot] | None, doubts: list[str]
    ) -> tuple[tuple[str, ...] | None, tuple[tuple[str, str, int], ...]]:
        spots = list(extra or ())
        if found.row.uses is not None:
            spots += uses(self.module, self.values.names, self.values, found)
        value = self.first(found, "tools", found.row.tools)
        if value is not None:
            spots.append(value)
        entries: list[Entry] = []
        is_all = True
        for spot in spots:
            more, whole = self.values.tools(spot)
            entries += more
            is_all = is_all and whole
        places = tuple(dict.fromkeys(place for entry in entries if (place := self._tool_place(entry)) is not None))
        if not is_all:
            doubts.append("`tools`")
            return None, places
        if not spots and (found.is_open or not found.row.tools or self._has_unknown_spread(found.options)):
            return None, places
        return tuple(dict.fromkeys(entry.key[:_NAME] for entry in entries)), places

    def _has_unknown_spread(self, options: Spot | None) -> bool:
        if options is None:
            return False
        has_spread = any(child.type == "spread_element" for child in options.node.named_children)
        return has_spread and self.values.entries(options) is None

    def _tool_place(self, entry: Entry) -> tuple[str, str, int] | None:
        found = self.values.settled(entry.spot)
        if not isinstance(found, Spot) or found.node.type in {"string", "program"}:
            return None
        return entry.key[:_NAME], found.module.path, line_of(found.node)

    def _purpose_of(self, found: Found) -> tuple[str | None, Place | None, Place | None]:
        for key in ("purpose", *found.row.purpose):
            value = found.given.get("purpose") if key == "purpose" else None
            for options in (found.options, found.base) if value is None else ():
                value = value or (self.values.option(options, key) if options is not None else None)
            text = self.values.text(value) if value is not None else None
            if value is not None and text and text.strip():
                inner = self.values.settled(value)
                return text, _placed(value), _placed(inner) if isinstance(inner, Spot) else None
        return None, None, None

    def _others(self, found: Found) -> Iterator[str]:
        for key in found.row.delegates:
            value = self.first(found, "delegates", (key,))
            if value is not None:
                yield from self.values.others(value)
        value = self.first(found, "tools", found.row.tools)
        inner = self.values.settled(value) if value is not None else None
        if isinstance(inner, Spot) and inner.node.type == "array":
            for child in inner.node.named_children[:200]:
                yield from self._as_tool(Spot(inner.module, child))
        if found.row.definitions and found.options is not None:
            yield from (entry.key for entry in defined(self.values, found))

    def _as_tool(self, spot: Spot) -> Iterator[str]:
        """`agent.asTool()` in a list of tools delegates to that agent."""
        made = self.values.settled(spot)
        callee = syntax.callee_of(made.node) if isinstance(made, Spot) and made.node.type == "call_expression" else None
        if isinstance(made, Spot) and callee is not None and callee.type == "member_expression":
            target = callee.child_by_field_name("object")
            if target is not None and syntax.property_name(callee) in {"asTool", "toTool"}:
                name = self.values.other(Spot(made.module, target))
                if name:
                    yield name

    def _servers(self, found: Found) -> Iterator[str]:
        for key in found.row.mcp:
            value = self.first(found, "mcp", (key,))
            inner = self.values.settled(value) if value is not None else None
            if isinstance(inner, Spot) and inner.node.type == "object":
                yield from (entry.key for entry in self.values.entries(inner) or ())
            elif value is not None:
                yield from self.values.others(value)

    def _aliases(self, found: Found) -> tuple[str, ...]:
        labels = [*found.aliases]
        label = self.module.labels.get(found.node.start_byte)
        parent = found.node.parent
        while parent is not None and (parent.type in syntax.WRAPPERS or parent.type in {"member_expression", "call_expression"}):
            label = label or self.module.labels.get(parent.start_byte)
            parent = parent.parent
        if label:
            labels.append(label)
        elif parent is not None and parent.type == "pair":
            key = syntax.property_name(parent)
            labels += [key] if key else []
        elif parent is not None and parent.type == "return_statement":
            name = self.module.dotted(self.module.function_at(found.node.start_byte))
            labels += [name.rpartition(".")[2]] if name else []
        return tuple(dict.fromkeys(labels))

    def _identities(self, found: Found, place: Place) -> Iterator[IdentitySeen]:
        for key in found.row.identity:
            value = self.first(found, "identity", (key,))
            ref = self._role(value) if value is not None else None
            if value is not None and ref:
                here = Place(value.module.path, line_of(value.node), end_of(value.node))
                yield IdentitySeen(place=here, ref=ref, because=f"`{key}` of the agent", subject=place)

    def _role(self, value: Spot) -> str | None:
        """A role by its ARN, or by the name that the same code gives it: `new iam.Role(this, "R", {roleName})`."""
        arn = self.values.literal(value)
        if arn is not None:
            return arn if arn.startswith("arn:") else None
        node = syntax.unwrapped(value.node)
        target = node.child_by_field_name("object") if syntax.property_name(node) == "roleArn" else node
        made = self.values.names.resolve(value.module, target) if target is not None else None
        if not isinstance(made, Spot) or made.node.type != "new_expression":
            return None
        symbol = self.values.names.callee(made.module, made.node).symbol
        arguments = syntax.arguments_of(made.node)
        if symbol is None or symbol.name.rpartition(".")[2] not in {"Role", "CfnRole"} or not arguments:
            return None
        options = self.values.object_at(Spot(made.module, arguments[-1]))
        name = self.values.literal(self.values.value_of(options, "roleName")) if options is not None else None
        return f"aws:role/{name}" if name else None


def session_model(module: Module, names: Names, values: Values, row: Row) -> Spot | None:
    """The model of what runs the agent, where the file makes exactly one."""
    if row.session is None:
        return None
    made: list[Spot] = []
    for seen in module.calls:
        if seen.node.type == "new_expression":
            symbol = names.callee(module, seen.node).symbol
            if symbol is not None and symbol.name in row.session.new and row.covers(symbol.package):
                made.append(Spot(module, seen.node))
    arguments = syntax.arguments_of(made[0].node) if len(made) == 1 else []
    options = values.object_at(Spot(module, arguments[0])) if arguments else None
    for key in row.session.model if options is not None else ():
        value = values.option(options, key) if options is not None else None
        if value is not None:
            return value
    return None


def with_defaults(found: Found, given: dict[str, Spot]) -> Found:
    """The construct with fields that stand elsewhere."""
    return replace(found, given={**given, **found.given})


def _placed(spot: Spot) -> Place:
    return Place(spot.module.path, line_of(spot.node), end_of(spot.node))
