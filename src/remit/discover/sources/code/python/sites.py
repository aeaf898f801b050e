"""Constructors of the table in one module, as evidence of agents.

Invariants:
- a constructor counts when its name leads to a library through imports; a class of the repository with the same name wins;
- what stands in an argument and could not be settled is a Gap at its line.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from tree_sitter import Node

from remit.discover.sources.code.python.given import Forwarded, Given, is_absent
from remit.discover.sources.code.python.models import Models
from remit.discover.sources.code.python.module import Call, Module, Scope
from remit.discover.sources.code.python.names import Expression, Found
from remit.discover.sources.code.python.syntax import Arguments, last_name, text_of, unwrapped
from remit.discover.sources.code.python.tables import At, Match, Row, Table
from remit.discover.sources.code.python.tools import Tool, Tools
from remit.discover.sources.code.python.values import Values
from remit.model.agent import AgentKind
from remit.model.evidence import AgentSeen, Gap, GapKind, Role
from remit.model.place import Confidence, Place
from remit.model.shown import printable

MAX_PURPOSE = 2_000
Key = tuple[str, int, int]


class Facts(NamedTuple):
    """What is read with: values, models, tools and the table."""

    values: Values
    models: Models
    tools: Tools
    table: Table


class Site(NamedTuple):
    """One constructor in a module."""

    call: Call
    match: Match
    inner: Expression | None = None
    """The constructor inside the function of the repository that is called here."""
    function: Scope | None = None
    label: str | None = None
    """Name of what is declared, where it is not a variable."""
    whole: Node | None = None
    """The construct, where it is more than the call."""


class Extra(NamedTuple):
    """What other places of the module add to an agent."""

    tools: list[Tool]
    prompts: list[Node]
    has_unknown_tools: bool


def key_of(expression: Expression) -> Key:
    """Names a node across modules."""
    return expression.module.path, expression.node.start_byte, expression.node.end_byte


def spelled_names(module: Module, known: frozenset[str] | set[str]) -> set[str]:
    """Names by which the module may call something of the table: the table's own, and the module's aliases for them."""
    found = set(known)
    scopes: list[Scope] = [module.root, *module.functions, *module.classes]
    for scope in scopes:
        for name, bindings in (*scope.bindings.items(), *scope.attributes.items()):
            for binding in bindings:
                if binding.target is not None:
                    last = binding.target.attribute or binding.target.module.rpartition(".")[2]
                elif binding.kind == "assign" and binding.node.type in ("identifier", "attribute", "subscript"):
                    last = text_of(binding.node).partition("[")[0].rpartition(".")[2]
                else:
                    continue
                if last in found:
                    found.add(name)
    return found


def sites(module: Module, facts: Facts) -> Iterator[Site]:
    """The constructors of the table that the module calls."""
    names = spelled_names(module, set(facts.table.by_last))
    imported: frozenset[str] | None = None
    for call in module.calls:
        if call.called not in names:
            continue
        callee = call.node.child_by_field_name("function")
        if callee is None:
            continue
        found = facts.values.names.follow(Expression(module, call.scope, callee))
        if found is not None and found.kind == "function":
            yield from _handed_on(call, found, facts)
        elif found is not None and found.kind in ("class", "module"):
            continue
        elif found is not None and found.path is not None:
            match = facts.table.match(found.path)
            if match is not None and match.row.role in ("agent", "grouping"):
                yield Site(call, match)
        elif callee.type == "attribute" and (found is None or found.path is None):
            imported = imported if imported is not None else _imported(module)
            match = facts.table.match_unknown(text_of(callee), frozenset(Arguments(call.node).keywords), imported)
            if match is not None:
                yield Site(call, match)


def _imported(module: Module) -> frozenset[str]:
    """Modules that are imported, with every module above them."""
    found: set[str] = set()
    for target, _, _ in module.imports:
        parts = target.module.split(".") if not target.level else []
        found.update(".".join(parts[: index + 1]) for index in range(len(parts)))
    return frozenset(found)


def _handed_on(call: Call, found: Found, facts: Facts) -> Iterator[Site]:
    """A call of a function of the repository that creates a managed agent with what it is given."""
    if found.expression is None or found.scope is None:
        return
    module = found.expression.module
    for inner in module.calls_within(found.scope.start, found.scope.end):
        callee = inner.node.child_by_field_name("function")
        if inner.called not in facts.table.by_last or callee is None:
            continue
        path = facts.values.names.path(Expression(module, inner.scope, callee))
        match = facts.table.match(path) if path is not None else None
        if match is not None and match.row.role == "agent" and match.row.kind == "managed":
            yield Site(call, match, Expression(module, inner.scope, inner.node), found.scope)
            return


class Reading:
    """Turns the sites of one module into evidence."""

    def __init__(self, module: Module, facts: Facts, extras: dict[Key, Extra]) -> None:
        self.module = module
        self.facts = facts
        self._extras = extras

    def read(self, site: Site) -> Iterator[AgentSeen | Gap]:
        """The evidence of one site; nothing when no model stands behind it."""
        row = site.match.row
        call = Expression(self.module, site.call.scope, site.call.node)
        given = self._given(site, call, row)
        model_at = given.get(row.model) if row.model else None
        around = self._ambient_model(site)
        if self._is_without_model(row, given, model_at, around):
            return
        yield from self._seen(site, row, given, model_at or around)

    def _given(self, site: Site, call: Expression, row: Row) -> Given:
        if site.inner is not None and site.function is not None:
            return Forwarded(self.facts.values, call, site.inner, site.function, row.settings)
        given = Given(self.facts.values, call, row.settings)
        if site.whole is not None and site.whole.type == "class_definition":
            given.add_attributes(self.module, self.module.scopes[site.whole.id])
        return given

    def _is_without_model(self, row: Row, given: Given, model_at: Expression | None, around: Expression | None) -> bool:
        if row.role != "agent":
            return False
        if model_at is not None and row.framework == "autogen" and self.facts.values.is_false(model_at):
            return True
        return bool(row.needs) and given.get(row.needs) is None and around is None and not given.is_open

    def _ambient_model(self, site: Site) -> Expression | None:
        """The configuration of a `with llm_config:` block around the call."""
        if site.match.row.framework != "autogen" or site.call.region is None:
            return None
        for region in site.call.region.chain():
            if region.kind != "with":
                continue
            clause = next((child for child in region.node.named_children if child.type == "with_clause"), None)
            for item in clause.named_children if clause is not None else ():
                value = item.named_children[0] if item.named_children else None
                if value is not None and value.type == "as_pattern" and value.named_children:
                    value = value.named_children[0]
                if value is None:
                    continue
                here = Expression(self.module, site.call.scope, value)
                path = self.facts.values.names.path(here)
                if path is not None and "LLMConfig" in path:
                    return here
        return None

    def _role(self, row: Row, given: Given) -> Role:
        """A construct around agents is one itself when it is given a chain of parts instead of an agent (`AgentExecutor`)."""
        if row.role in ("agent", "subclass", "decorator"):
            return Role.AGENT
        inner = given.get(("agent",))
        found = self.facts.values.names.follow(inner) if inner is not None else None
        is_chain = found is not None and found.expression is not None and found.expression.node.type == "binary_operator"
        return Role.AGENT if is_chain else Role.GROUPING

    def _seen(self, site: Site, row: Row, given: Given, model_at: Expression | None) -> Iterator[AgentSeen | Gap]:
        node = site.call.node
        extra = self._extras.get(key_of(given.call), Extra([], [], False))
        gaps: list[Gap] = []
        name = self._name(row, given, node, gaps)
        model = self._model(row, given, model_at, gaps)
        tools = self._tools(row, given, extra, gaps)
        purpose, purpose_place, origin = self._purpose(row, given, extra)
        delegates = self._delegates(row, given, tools or ())
        yield AgentSeen(
            place=self.place(site.whole or node),
            role=self._role(row, given),
            framework=row.framework,
            construct=site.match.call,
            language=self.module.language,
            name=name or row.default_name,
            aliases=tuple(dict.fromkeys((*((site.label,) if site.label else ()), *self.aliases(node, site.call.scope)))),
            model=model,
            tools=None if tools is None else tuple(dict.fromkeys(tool.name for tool in tools)),
            tool_places=tuple((tool.name, tool.path, tool.line) for tool in tools or () if tool.path is not None and tool.line is not None),
            purpose=purpose,
            purpose_place=purpose_place,
            purpose_origin=origin,
            delegates_to=delegates,
            mcp_servers=self._mcp(row, given),
            kind=AgentKind(row.kind) if row.kind else None,
            exposure=row.exposure,
            confidence=Confidence.CERTAIN,
        )
        yield from gaps

    def place(self, node: Node) -> Place:
        """Where a construct of this module stands."""
        return Place(self.module.path, self.module.line(node), self.module.last_line(node))

    def gap(self, expression: Expression, what: str) -> Gap:
        """A value that is there and could not be settled."""
        module = expression.module
        shown = printable(" ".join(text_of(expression.node).split()), 80)
        return Gap(
            place=Place(module.path, module.line(expression.node)), kind=GapKind.UNRESOLVED, what=f"{what}: `{shown}`", is_file=False
        )

    def aliases(self, node: Node, scope: Scope) -> tuple[str, ...]:
        """Labels of the construct: variables it is bound to, and the function that returns it."""
        found = list(self.module.assigned.get(node.id, ()))
        parent = node.parent
        while parent is not None and parent.type in ("await", "parenthesized_expression"):
            parent = parent.parent
        if parent is not None and parent.type == "return_statement" and scope.kind == "function":
            found.append(scope.name)
        if parent is not None and parent.type == "pair":
            key = parent.child_by_field_name("key")
            text = self.facts.values.text(Expression(self.module, scope, key)) if key is not None else None
            if text:
                found.append(text)
        return tuple(dict.fromkeys(found))

    def _name(self, row: Row, given: Given, node: Node, gaps: list[Gap]) -> str | None:
        if row.name_from_key:
            return self._key(node, given.call.scope)
        for at in row.name_at:
            where = given.get((at,))
            if where is None:
                continue
            text = self.facts.values.text(where)
            if text is not None:
                return " ".join(text.split()) or None
            gaps.append(self.gap(where, "name of the agent"))
            return None
        return None

    def _key(self, node: Node, scope: Scope) -> str | None:
        """The key under which a construct stands in a dictionary, directly or through its variable."""
        parent = node.parent
        if parent is not None and parent.type == "pair":
            key = parent.child_by_field_name("key")
            return self.facts.values.text(Expression(self.module, scope, key)) if key is not None else None
        if parent is not None and parent.type == "assignment":
            left = parent.child_by_field_name("left")
            if left is not None and left.type == "subscript":
                key = left.child_by_field_name("subscript")
                return self.facts.values.text(Expression(self.module, scope, key)) if key is not None else None
        return None

    def _model(self, row: Row, given: Given, where: Expression | None, gaps: list[Gap]) -> str | None:
        if where is None and row.receiver_model:
            callee = given.call.node.child_by_field_name("function")
            owner = callee.child_by_field_name("object") if callee is not None else None
            where = given.call.at(owner) if owner is not None else None
        if where is None or is_absent(self.facts.values, where):
            return None
        model = self.facts.models.model(where)
        if model is None:
            gaps.append(self.gap(where, "model of the agent"))
        return model

    def _tools(self, row: Row, given: Given, extra: Extra, gaps: list[Gap]) -> tuple[Tool, ...] | None:
        if row.unknown_tools or extra.has_unknown_tools:
            return None
        if any(not is_absent(self.facts.values, given.get((at,))) for at in row.unknown_when):
            return None
        places = given.all(row.tools) if row.tools_all else [where for where in (given.get(row.tools),) if where is not None]
        if not places and given.is_open:
            return None
        found: list[Tool] = []
        for where in places:
            listed = self.facts.tools.listed(where)
            if listed is None:
                gaps.append(self.gap(where, "tools of the agent"))
                return None
            found.extend(listed)
        found.extend(extra.tools)
        return tuple(found)

    def _purpose(self, row: Row, given: Given, extra: Extra) -> tuple[str | None, Place | None, Place | None]:
        texts: list[tuple[str, Expression]] = []
        for at in row.purpose:
            where = given.get((at,))
            text = self.purpose_text(where) if where is not None else None
            if text and where is not None:
                texts.append((text, where))
                if at not in ("goal", "backstory"):
                    break
        if not texts and extra.prompts:
            first = extra.prompts[0]
            return _docless(self.prompt_of(first)), self.place(first), None
        if not texts:
            return None, None, None
        joined = "\n".join(text.strip() for text, _ in texts).strip()[:MAX_PURPOSE]
        where = texts[0][1]
        return joined or None, _placed(where), self._origin(where)

    def _origin(self, where: Expression) -> Place | None:
        """Where a name or an attribute leads to."""
        found = self.facts.values.names.follow(where)
        return _placed(found.expression) if found is not None and found.expression is not None else None

    def purpose_text(self, where: Expression) -> str | None:
        """Instructions as text: a string, a template with its fields as written, or a list of such."""
        values = self.facts.values
        text = values.text(where, templates=True)
        if text is not None:
            return text
        items = values.items(where)
        if items:
            pieces = [piece for item in items if (piece := values.text(item, templates=True)) is not None]
            return "\n".join(pieces) or None
        found = values.names.follow(where)
        if found is not None and found.kind == "function":
            returned = values.names.returned(found)
            return values.text(returned, templates=True) if returned is not None else None
        if found is not None and found.expression is not None and found.expression.node.type == "lambda":
            body = found.expression.node.child_by_field_name("body")
            return values.text(found.expression.at(body), templates=True) if body is not None else None
        entries = values.entries(where) or {}
        for key in ("append", "content", "text"):
            if key in entries:
                return values.text(entries[key], templates=True)
        return None

    def prompt_of(self, definition: Node) -> str | None:
        """What a function that gives the instructions returns, where that is one text."""
        scope = self.module.scopes.get(definition.id)
        if scope is None:
            return None
        found = self.facts.values.names.lookup(self.module, scope.parent or scope, scope.name, definition.end_byte)
        returned = self.facts.values.names.returned(found) if found is not None else None
        return self.facts.values.text(returned, templates=True) if returned is not None else None

    def _delegates(self, row: Row, given: Given, tools: tuple[Tool, ...]) -> tuple[str, ...]:
        handed = [tool.delegate for tool in tools if tool.delegate]
        return tuple(dict.fromkeys([*handed, *self._labels(given, row.delegates)]))

    def _labels(self, given: Given, at: At) -> Iterator[str]:
        """Names in what is given: the keys of a mapping, or what each element of a list is called."""
        for where in given.all(at):
            entries = self.facts.values.entries(where)
            if entries:
                yield from entries
                continue
            for item in self.facts.values.items(where) or ():
                label = self.label(item)
                if label:
                    yield label

    def label(self, expression: Expression, depth: int = 0) -> str | None:
        """Name or variable of an agent that is handed to another."""
        node = unwrapped(expression.node)
        text = self.facts.values.text(expression)
        if text is not None:
            return text
        found = self.facts.values.names.follow(expression)
        if (
            found is not None
            and found.kind == "value"
            and found.expression is not None
            and found.expression.node.type == "call"
            and depth < 4
        ):
            inner = self._label_of_call(found.expression, depth)
            if inner:
                return inner
        entries = self.facts.values.entries(expression)
        if entries and "name" in entries:
            return self.facts.values.text(entries["name"])
        return last_name(node)

    def _label_of_call(self, call: Expression, depth: int) -> str | None:
        path = self.facts.values.names.path(call)
        match = self.facts.table.match(path.removesuffix("()")) if path is not None and path.endswith("()") else None
        arguments = Arguments(call.node)
        if match is not None:
            where = self.facts.values.argument(call, match.row.name_at, arguments) if match.row.name_at else None
            return self.facts.values.text(where) if where is not None else None
        named = arguments.get("name", "server_label")
        text = self.facts.values.text(call.at(named)) if named is not None else None
        if text:
            return text
        first = arguments.get("agent", 0)
        return self.label(call.at(first), depth + 1) if first is not None and first.type in ("identifier", "attribute", "call") else None

    def _mcp(self, row: Row, given: Given) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self._labels(given, row.mcp)))


def _docless(text: str | None) -> str | None:
    return text.strip()[:MAX_PURPOSE] or None if text is not None else None


def _placed(where: Expression) -> Place:
    return Place(where.module.path, where.module.line(where.node), where.module.last_line(where.node))
