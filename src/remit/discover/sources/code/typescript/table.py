"""The facts about frameworks, read once from `tables/typescript.toml`, and the byte signals derived from them."""

from __future__ import annotations

import re
import tomllib
from functools import lru_cache
from importlib import resources
from typing import Any

import msgspec

from remit.model.agent import AgentKind
from remit.model.evidence import Role
from remit.model.place import Confidence

_TABLES = "remit.discover.sources.code.tables"


class Uses(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An instance counts only when one of `methods` is given `key` in its argument number `argument`."""

    methods: tuple[str, ...]
    argument: int
    key: str


class Session(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What runs an agent and holds its model."""

    new: tuple[str, ...]
    model: tuple[str, ...]


class Row(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One construct; the file explains each field."""

    packages: tuple[str, ...]
    framework: str = "no-sdk"
    new: tuple[str, ...] = ()
    call: tuple[str, ...] = ()
    extends: tuple[str, ...] = ()
    typed: tuple[str, ...] = ()
    on: tuple[str, ...] = ()
    method: tuple[str, ...] = ()
    options: int = 0
    arguments: tuple[str, ...] = ()
    name: tuple[str, ...] = ()
    model: tuple[str, ...] = ()
    tools: tuple[str, ...] = ()
    purpose: tuple[str, ...] = ()
    delegates: tuple[str, ...] = ()
    mcp: tuple[str, ...] = ()
    identity: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    messages: str | tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    needs_any: tuple[str, ...] = ()
    unless_key: tuple[str, ...] = ()
    unless_agent: str | None = None
    definitions: str | None = None
    builder: dict[str, tuple[str, ...]] = {}
    uses: Uses | None = None
    session: Session | None = None
    fallback: bool = False
    role: Role = Role.AGENT
    kind: AgentKind | None = None
    confidence: Confidence = Confidence.CERTAIN

    def covers(self, package: str) -> bool:
        """Whether the row is about this package."""
        return any(package == known or (known.endswith("/*") and package.startswith(known[:-1])) for known in self.packages)


class Graphs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """LangGraph: what makes a graph, and what makes a node of tools."""

    packages: tuple[str, ...]
    graph: tuple[str, ...]
    tools: tuple[str, ...]


class Tools(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a tool's name stands."""

    remote: dict[str, str]
    name: tuple[str, ...]


class Models(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a model's id stands, and what one looks like."""

    keys: tuple[str, ...]
    shape: str


class Servers(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What connects to MCP servers: names of classes and functions, and what the names of their packages contain."""

    made_by: tuple[str, ...]
    packages: tuple[str, ...]


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All of it."""

    agents: tuple[Row, ...]
    chats: tuple[Row, ...]
    graphs: Graphs
    tools: Tools
    models: Models
    servers: Servers


def load(name: str) -> dict[str, Any]:
    """A TOML table of this folder's sibling `tables`."""
    return tomllib.loads(resources.files(_TABLES).joinpath(name).read_text("utf-8"))


@lru_cache(maxsize=1)
def table() -> Table:
    """The table."""
    return msgspec.convert(load("typescript.toml"), Table)


@lru_cache(maxsize=2)
def _index(is_chat: bool) -> dict[tuple[str, str], tuple[Row, ...]]:
    """(way, name) -> rows; ways are the fields `new`, `call`, `extends`, `typed`, `method`."""
    found: dict[tuple[str, str], list[Row]] = {}
    for row in table().chats if is_chat else table().agents:
        for way in ("new", "call", "extends", "typed", "method"):
            for name in getattr(row, way):
                found.setdefault((way, name), []).append(row)
    return {key: tuple(rows) for key, rows in found.items()}


def rows(way: str, name: str, package: str, *, is_chat: bool = False) -> tuple[Row, ...]:
    """The rows about a name of a package: agents, or calls of a chat API."""
    return tuple(row for row in _index(is_chat).get((way, name), ()) if row.covers(package))


@lru_cache(maxsize=1)
def _packages() -> tuple[frozenset[str], tuple[str, ...]]:
    names = {name for row in (*table().agents, *table().chats) for name in row.packages} | set(table().graphs.packages)
    return frozenset(names), tuple(name[:-1] for name in names if name.endswith("/*"))


@lru_cache(maxsize=4096)
def is_known_package(package: str) -> bool:
    """Whether a row of the table is about this package: then it is that package, even where a workspace holds its source."""
    exact, prefixes = _packages()
    return package in exact or package.startswith(prefixes)


@lru_cache(maxsize=4096)
def is_relevant_package(package: str) -> bool:
    """Whether anything that is looked for comes from this package: agents, actions, MCP clients."""
    facts = load_actions()
    known = {*facts["sql"], *facts["http"]["packages"], *facts["shell"]["others"], *facts["shell"]["packages"]}
    return (
        is_known_package(package)
        or package in known
        or package.startswith("@aws-sdk/")
        or any(part in package for part in ("mcp", "modelcontextprotocol", "agents"))
    )


@lru_cache(maxsize=1)
def load_actions() -> dict[str, Any]:
    """The table of actions."""
    return load("typescript_actions.toml")


@lru_cache(maxsize=1)
def model_shape() -> re.Pattern[str]:
    """What a model id looks like."""
    return re.compile(table().models.shape)


@lru_cache(maxsize=1)
def agent_signals() -> re.Pattern[bytes]:
    """What the bytes of a file hold when it may show an agent: a package of the table, or a construct by name."""
    exact, _ = _packages()
    packages = sorted({re.escape(name.removesuffix("/*")) for name in exact}, key=len, reverse=True)
    quoted = rf"""["'/:](?:{"|".join(packages)})(?:["'/@]|$)"""
    made: set[str] = set()
    for row in table().agents:
        made |= {name.rpartition(".")[2] for name in (*row.new, *row.extends)}
    # Through a re-export of the project's own, only the construct's name is in the file.
    constructs = rf"\b(?:new|extends)\s+(?:\w+\.)?(?:{'|'.join(sorted(made, key=len, reverse=True))})\b"
    called = {name for row in table().agents for name in row.call if "." not in name and len(name) > 8 and name != name.lower()}
    calls = rf"\b(?:{'|'.join(sorted(called, key=len, reverse=True))})\s*\("
    shapes = r"\.(?:chat\.completions|messages|responses)\.(?:create|stream)\("
    return re.compile("|".join((quoted, constructs, calls, shapes)).encode())


@lru_cache(maxsize=1)
def action_signals() -> re.Pattern[bytes]:
    """What the bytes of a file hold when its code may act on a system."""
    return re.compile("|".join(load_actions()["signals"]).encode())


@lru_cache(maxsize=1)
def signals() -> re.Pattern[bytes]:
    """What the bytes of a file hold when there is something to read in it."""
    return re.compile(
        b"|".join((agent_signals().pattern, action_signals().pattern, rb"\b(?:process|Bun|import\.meta)\.env\b|\bDeno\.env\b"))
    )


@lru_cache(maxsize=1)
def interesting() -> frozenset[str]:
    """The last words of everything that a member call may be about; other member calls are not looked up."""
    words: set[str] = set(table().graphs.graph) | set(table().graphs.tools) | set(table().servers.made_by) | set(table().tools.remote)
    for row in (*table().agents, *table().chats):
        words |= {name.rpartition(".")[2] for name in (*row.new, *row.call, *row.method)}
        words |= {name.rpartition(".")[2] for name in row.session.new} if row.session is not None else set()
    facts = load_actions()
    words |= set(facts["shell"]["functions"]) | {"spawn", "$"}
    words |= {"get", "post", "put", "patch", "delete", "request", "fetch"}
    words |= set(facts["statements"]["methods"])
    words |= {"$queryRaw", "$executeRaw", "addNode", "compile"}
    return frozenset(words)


@lru_cache(maxsize=8192)
def names_of_constructs(name: str) -> bool:
    """Whether the tables have something of this name, in whatever package."""
    return name in interesting() or name in {"ConverseCommand", "ConverseStreamCommand"} or name.endswith("Command") or name == "default"


@lru_cache(maxsize=1)
def host_row() -> Row:
    """The row by which requests to a model's host are read."""
    return next(row for row in table().chats if row.hosts)
