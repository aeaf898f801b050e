"""The tools that a coding agent brings along: which of them a subagent has, what each reaches, and how a remit writes it.

Source of the names: `client_tools.toml`. Invariants:
- a client is told by what the file and its place say, never guessed: an agent of which nothing tells has no tools here;
- what stands in brackets behind a tool's name makes a line narrower or is told (`is_cut`), and never makes what is reached less: clients do
  not hold a subagent to it;
- a subagent that lists no tools has those of its client, which is no sign that it needs them.
"""

from __future__ import annotations

import pkgutil
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

import msgspec

from remit.model.agent import Agent
from remit.model.verbs import CALL, GRAVEST_FIRST, Verb

MARKDOWN = "markdown-agent"
"""Subagents of coding agents: one that lists its tools is given nothing else, one that lists none is given whatever its client has."""
_OWN = "own"
_EVERYTHING = "*"
_BRACKETS = re.compile(r"([^()\s]+)\((.*)\)\Z", re.DOTALL)
_SERVER_PATH = re.compile(r"([A-Za-z0-9][\w.-]*)/([\w.-]+|\*)\Z")
_COMMAND = re.compile(r"([\w./@+=-]+(?: [\w./@+=:-]+)*)(:\*| \*)?\Z")
_DOMAIN = re.compile(r"domain:([a-z0-9-]+(?:\.[a-z0-9-]+)+)\Z")
_PLAIN = re.compile(r"[\w.-]+\Z")

Where = tuple[tuple[str, str], ...]
"""(argument, pattern) pairs; several patterns of one argument are any of them."""


class ClientTool(msgspec.Struct, frozen=True, kw_only=True):
    """One tool of a client."""

    name: str
    """As the file writes it, without brackets."""
    verb: str
    """What a line of a remit gives it; `call` for one that several verbs would name, and for one that reaches nothing."""
    reaches: tuple[Verb, ...]
    """Empty: it is of the session alone."""
    written: str
    """As the file writes it."""
    where: Where = ()
    is_cut: bool = False
    """What stands in its brackets is nothing that `where` could say."""
    words: frozenset[str] = frozenset()
    """Of a tool that it does not list: only these words of its instructions ask for it; empty: its verb is enough."""


class ClientTools(msgspec.Struct, frozen=True, kw_only=True):
    """What a subagent has of its client's tools."""

    client: str
    listed: tuple[ClientTool, ...] = ()
    given: tuple[ClientTool, ...] = ()
    """Because it lists none."""
    of_servers: tuple[tuple[str, str, str], ...] = ()
    """(server, tool or `*`, as written) of what it lists of MCP servers in a way that only this client has."""
    unknown: tuple[str, ...] = ()
    """What it lists and Remit does not know."""

    @property
    def system(self) -> str:
        """As a line of a remit writes it."""
        return f"mcp:{self.client}"


class _Client(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    folders: tuple[str, ...]
    ends: tuple[str, ...]
    frameworks: frozenset[str]
    constructs: tuple[str, ...]
    models: frozenset[str]
    servers: frozenset[str]
    given: tuple[str, ...]
    is_folded: bool
    has_server_paths: bool
    tools: Mapping[str, ClientTool]
    arguments: Mapping[str, str]

    def fold(self, name: str) -> str:
        return name.casefold() if self.is_folded else name

    def is_told_by_place(self, agent: Agent) -> bool:
        """Whether the file, or the call in it, is one of this client."""
        if agent.framework in self.frameworks or (self.constructs and agent.construct.startswith(self.constructs)):
            return True
        return agent.framework == MARKDOWN and any(self._is_at(place.path) for place in agent.places)

    def _is_at(self, path: str) -> bool:
        folder = f"/{path.rpartition('/')[0]}/"
        return any(f"/{each}/" in folder for each in self.folders) or (bool(self.ends) and path.lower().endswith(self.ends))

    def tool(self, written: str) -> ClientTool | None:
        bracketed = _BRACKETS.match(written)
        name, inside = (bracketed[1], bracketed[2].strip()) if bracketed else (written, "")
        known = self.tools.get(self.fold(name))
        if known is None:
            return None
        found = _where(self.arguments.get(self.fold(name), ""), inside)
        return msgspec.structs.replace(known, name=name, written=written, where=found or (), is_cut=found is None)


def client_tools(agent: Agent) -> ClientTools | None:
    """The tools of its client that an agent has; None where nothing tells which client that is."""
    client = _client_of(agent)
    if client is None:
        return None
    listed: list[ClientTool] = []
    servers: list[tuple[str, str, str]] = []
    unknown: list[str] = []
    for written in agent.tools or ():
        path = _SERVER_PATH.match(written) if client.has_server_paths else None
        tool = client.tool(written)
        if tool is not None:
            listed.append(tool)
        elif path is not None:
            servers.append((path[1], path[2], written))
        elif written in client.servers:
            servers.append((written, _EVERYTHING, written))
        elif written != _EVERYTHING and not written.startswith("mcp__"):
            unknown.append(written)
    has_all = agent.framework == MARKDOWN and (agent.tools is None or _EVERYTHING in agent.tools)
    given = (client.tools[client.fold(name)] for name in client.given) if has_all else ()
    return ClientTools(client=client.name, listed=tuple(listed), given=tuple(given), of_servers=tuple(servers), unknown=tuple(unknown))


def reached_by_tools(agent: Agent) -> tuple[Verb, ...]:
    """What an agent reaches by the tools of its client, gravest first."""
    found = client_tools(agent)
    reached = {verb for tool in (*found.listed, *found.given) for verb in tool.reaches} if found is not None else set()
    return tuple(verb for verb in GRAVEST_FIRST if verb in reached)


def _client_of(agent: Agent) -> _Client | None:
    told = next((client for client in _clients() if client.is_told_by_place(agent)), None)
    if told is not None or agent.framework != MARKDOWN:
        return told
    by_model = next((client for client in _clients() if agent.model in client.models), None)
    return by_model or next((client for client in _clients() if any(client.tool(tool) for tool in agent.tools or ())), None)


def _where(argument: str, inside: str) -> Where | None:
    """What stands in brackets, as a condition on an argument; None where it cannot be said as one."""
    if inside in ("", _EVERYTHING):
        return ()
    if argument == "command" and (command := _COMMAND.match(inside)):
        return ((argument, f"{command[1]} *" if command[2] else command[1]),)
    if argument == "url" and (domain := _DOMAIN.match(inside)):
        return ((argument, f"https://{domain[1]}/**"),)
    if argument not in ("", "command", "url") and _PLAIN.match(inside):
        return ((argument, inside),)
    return None


@cache
def _clients() -> Sequence[_Client]:
    table = tomllib.loads((pkgutil.get_data("remit.understand", "client_tools.toml") or b"").decode())
    return tuple(_client(row) for row in table["client"])


def _client(row: Mapping[str, Any]) -> _Client:
    is_folded = bool(row.get("is_folded"))

    def fold(name: str) -> str:
        return name.casefold() if is_folded else name

    reaches = {fold(name): tuple(map(Verb, verbs)) for name, verbs in row.get("reaches", {}).items()}
    words = {fold(name): frozenset(said) for name, said in row.get("worded", {}).items()}
    tools: dict[str, ClientTool] = {}
    for verb in (*(verb.value for verb in Verb), CALL, _OWN):
        for name in row.get(verb, ()):
            folded = fold(name)
            usual = () if verb in (CALL, _OWN) else (Verb(verb),)
            tool = ClientTool(
                name=name,
                verb=CALL if verb == _OWN else verb,
                reaches=reaches.get(folded, usual),
                written=name,
                words=words.get(folded, frozenset()),
            )
            if tools.setdefault(folded, tool).verb != tool.verb:
                raise ValueError(f"the tool `{name}` of `{row['name']}` stands under two verbs")
    _all_known(row["name"], tools, (*reaches, *words, *map(fold, row.get("given", ())), *map(fold, row.get("where", {}))))
    return _Client(
        name=row["name"],
        folders=tuple(row.get("folders", ())),
        ends=tuple(row.get("ends", ())),
        frameworks=frozenset(row.get("frameworks", ())),
        constructs=tuple(row.get("constructs", ())),
        models=frozenset(row.get("models", ())),
        servers=frozenset(row.get("servers", ())),
        given=tuple(row.get("given", ())),
        is_folded=is_folded,
        has_server_paths=bool(row.get("has_server_paths")),
        tools=tools,
        arguments={fold(name): argument for name, argument in row.get("where", {}).items()},
    )


def _all_known(client: str, tools: Mapping[str, ClientTool], names: Iterable[str]) -> None:
    missing = next((name for name in names if name not in tools), None)
    if missing is not None:
        raise ValueError(f"the tool `{missing}` of `{client}` stands under no verb")
