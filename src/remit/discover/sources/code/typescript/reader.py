"""The reader of TypeScript and JavaScript: offers `READER`.

Specification: the constructs of `tables/typescript.toml`. It leaves to others: manifests, lock files, notebooks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tree_sitter import Node

from remit.discover.sources.code.reader import Project, Reader, SourceFile
from remit.discover.sources.code.typescript import actions, environment, loops, packages, reach, servers, syntax
from remit.discover.sources.code.typescript import agents as agent_rows
from remit.discover.sources.code.typescript.agents import Evidence, Found
from remit.discover.sources.code.typescript.module import Module, Seen
from remit.discover.sources.code.typescript.names import BUDGET, Callee, Names, Spot
from remit.discover.sources.code.typescript.syntax import text_of
from remit.discover.sources.code.typescript.table import (
    Row,
    action_signals,
    agent_signals,
    interesting,
    is_relevant_package,
    names_of_constructs,
    signals,
)
from remit.discover.sources.code.typescript.values import Values
from remit.model import evidence
from remit.model.evidence import Gap, GapKind
from remit.model.place import Place

_LONG_LINE = 20_000
_GLOBALS = frozenset({"fetch", "globalThis", "window", "Bun", "require"})
_BUNDLED = re.compile(r"(?:^|[./-])(?:min|bundle)\.[mc]?js$")


class TypeScriptReader:
    """Reads `.ts`, `.tsx`, `.mts`, `.cts`, `.js`, `.jsx`, `.mjs` and `.cjs`; not declarations of types."""

    name = "typescript"
    signals: re.Pattern[bytes] | None = signals()

    def wants(self, path: str) -> bool:
        """By the file's ending."""
        lower = path.lower()
        return lower.endswith(syntax.ENDINGS) and not lower.endswith((".d.ts", ".d.mts", ".d.cts"))

    def read(self, file: SourceFile, project: Project) -> Iterator[evidence.Evidence | Gap]:
        """Agents, credentials, servers, actions and imports that the file shows."""
        if not _is_worth_parsing(file):
            return
        if _is_bundle(file):
            yield Gap(
                place=Place(file.path), kind=GapKind.UNSUPPORTED, what="a minified bundle: the code that it was made from is not here"
            )
            return
        module = Module(file)
        line = syntax.first_error(file.path, module.root)
        if line is not None:
            yield Gap(
                place=Place(file.path, line),
                kind=GapKind.PARSE_ERROR,
                what="syntax that was not understood; the rest was read",
                is_file=False,
            )
        names = Names(project)
        names.keep(module)
        yield from _Reading(module, names, file).everything()


READER: Reader = TypeScriptReader()


def _is_worth_parsing(file: SourceFile) -> bool:
    """Tests matter for their agents alone; a mention of the environment matters when it names a credential."""
    if agent_signals().search(file.data):
        return True
    return not file.is_test and (action_signals().search(file.data) is not None or environment.has_credentials(file.text))


def _is_bundle(file: SourceFile) -> bool:
    if _BUNDLED.search(file.path):
        return True
    if len(file.text) < _LONG_LINE:
        return False
    lines = file.text.count("\n") + 1
    return len(file.text) / lines > 1000 and max(map(len, file.text.split("\n"))) > _LONG_LINE


def _order(found: Found) -> tuple[int, bool]:
    """By place; of two readings of one place the one that knows a name goes first."""
    return found.node.start_byte, found.name is None


class _Reading:
    """One file being read."""

    def __init__(self, module: Module, names: Names, file: SourceFile) -> None:
        self.module = module
        self.names = names
        self.file = file
        self.values = Values(names)
        self.found: list[Found] = []
        self.chats: list[tuple[Seen, Row, str]] = []
        self.graphs: list[Seen] = []
        self.servers: list[evidence.McpServerSeen] = []
        self.actions: list[evidence.ActionSeen] = []
        self.interesting = interesting()
        self.decided: dict[tuple[str, bool], bool] = {}
        self.binds_tools = b"bindTools" in module.data

    def everything(self) -> Iterator[evidence.Evidence | Gap]:
        for seen in self.module.calls:
            self._look(seen)
        self.found += agent_rows.classes(self.module, self.names, self.values)
        self.found += agent_rows.typed(self.module, self.names, self.values)
        for found in [*self.found]:
            self.found += agent_rows.definitions(self.module, self.values, found)
        self.found += loops.graphs(self.module, self.names, self.values, self.graphs)
        self._hand_rolled()
        yield from self._agents()
        yield from environment.credentials(self.module, self.file.text)
        yield from self.servers
        yield from self.actions
        if self.found and not self.file.is_test:
            yield from reach.reached(self.module, self.names)

    def _look(self, seen: Seen) -> None:
        """Cheap tests first: most calls are of no interest."""
        node = syntax.callee_of(seen.node)
        if node is None:
            return
        if node.type == "identifier":
            if not self._matters(text_of(node), True):
                return
        elif node.type == "member_expression" and (syntax.property_name(node) not in self.interesting or not self._root_matters(node)):
            return
        self.names.budget = BUDGET
        callee = self.names.callee(self.module, seen.node)
        if callee.symbol is None and callee.instance is None and not callee.path:
            return
        self._sort(seen, callee)

    def _root_matters(self, node: Node) -> bool:
        """Whether the object at the root of `a.b.c` can be one that is looked for."""
        for _ in range(8):
            inner = node.child_by_field_name("object")
            if inner is None or inner.type != "member_expression":
                break
            node = inner
        return inner is None or inner.type != "identifier" or self._matters(text_of(inner), False)

    def _matters(self, name: str, is_called: bool) -> bool:
        """Whether a name can lead to something that is looked for."""
        known = self.decided.get((name, is_called))
        if known is None:
            known = self.decided[name, is_called] = self._decide(name, is_called)
        return known

    def _decide(self, name: str, is_called: bool) -> bool:
        item = self.module.imports.get(name)
        if item is not None:
            if is_relevant_package(packages.canonical(item.source)):
                return True
            # A function of another file matters only where that file hands a construct on.
            is_named = names_of_constructs(item.name) or names_of_constructs(name)
            is_own = item.source.startswith((".", "@/", "~/")) or self.names.place(self.module.path, item.source) is not None
            return (is_named or not is_called) and is_own
        declared = self.module.declared.get(name)
        if declared is None:
            return name in _GLOBALS
        return not is_called or any(entry.value is not None and entry.value.type not in syntax.FUNCTIONS for entry in declared)

    def _sort(self, seen: Seen, callee: Callee) -> None:
        is_new = seen.node.type == "new_expression"
        found = next(agent_rows.constructs(self.module, self.names, self.values, seen), None)
        if found is not None:
            self.found.append(found)
            return
        if callee.symbol is not None and is_new and loops.is_graph(callee.symbol):
            self.graphs.append(seen)
            return
        chat = loops.chat_row(callee, is_new) or actions.model_request(self.module, self.values, seen, callee)
        if chat is not None:
            self.chats.append((seen, *chat))
        if callee.symbol is not None:
            self.servers += servers.servers(self.module, self.names, self.values, seen)
        self.actions += actions.actions(self.module, self.names, self.values, seen)

    def _hand_rolled(self) -> None:
        self.found += loops.loops(self.module, self.values, self.chats)
        if self.binds_tools and not self.graphs:
            self.found += loops.bound_loops(self.module, self.names)

    def _agents(self) -> Iterator[evidence.Evidence | Gap]:
        certain = {found.row.framework for found in self.found if not found.row.fallback}
        maker = Evidence(self.module, self.values, self.file.is_test)
        done: set[tuple[int, int]] = set()
        for found in sorted(self.found, key=_order):
            place = (found.node.start_byte, found.node.end_byte)
            if place in done or (found.row.fallback and found.row.framework in certain):
                continue
            done.add(place)
            self.names.budget = BUDGET
            inner = self._inside(found) if found.node.type in syntax.CLASSES else {}
            if maker.first(found, "model", found.row.model) is None and "model" not in inner:
                model = agent_rows.session_model(self.module, self.names, self.values, found.row)
                inner |= {"model": model} if model is not None else {}
            yield from maker.of(agent_rows.with_defaults(found, inner))
            for key in found.row.mcp:
                yield from servers.given(self.module, self.values, maker.first(found, "mcp", (key,)), found.row.framework)

    def _inside(self, found: Found) -> dict[str, Spot]:
        """Model, tools and instructions of the calls inside a class that is an agent, where they are of one kind."""
        given: dict[str, Spot] = {}
        calls = [item for item in self.found if item is not found and found.node.start_byte <= item.node.start_byte < found.node.end_byte]
        for item in calls:
            if item.options is not None and item.node.type not in syntax.CLASSES:
                self._take(given, item.options, item.row)
        for seen, row, _ in self.chats:
            arguments = syntax.arguments_of(seen.node)
            options = self.values.object_at(Spot(self.module, arguments[0])) if arguments else None
            if options is not None and found.node.start_byte <= seen.node.start_byte < found.node.end_byte:
                self._take(given, options, row)
        return given

    def _take(self, given: dict[str, Spot], options: Spot, row: Row) -> None:
        for what, keys in (("model", row.model), ("tools", row.tools), ("purpose", row.purpose)):
            value = next((value for key in keys if (value := self.values.option(options, key)) is not None), None)
            if value is not None:
                given.setdefault(what, value)
