"""MCP servers that code connects to.

Invariants:
- a server is reported where its command or address is written out;
- of arguments that look like secrets, and of addresses, nothing secret is kept.
"""

from __future__ import annotations

from collections.abc import Iterator

from remit.discover.sources.code.commands import masked, package_of, plain_url
from remit.discover.sources.code.python.actions import host_of
from remit.discover.sources.code.python.given import Given
from remit.discover.sources.code.python.module import Module
from remit.discover.sources.code.python.names import Expression
from remit.discover.sources.code.python.sites import Facts, Key, key_of, spelled_names
from remit.model.evidence import McpServerSeen
from remit.model.place import Place

_INSIDE = ("params", "connection_params", "server_params", "tool_config", "server_parameters")


def servers(module: Module, facts: Facts) -> Iterator[McpServerSeen]:
    """The servers that a module starts or reaches."""
    names = spelled_names(module, facts.table.mcp)
    seen: set[tuple[str, str, int]] = set()
    inside: set[Key] = set()
    found: list[tuple[Key, list[McpServerSeen]]] = []
    for call in module.calls:
        if call.called not in names:
            continue
        callee = call.node.child_by_field_name("function")
        here = Expression(module, call.scope, call.node)
        path = facts.values.names.path(here.at(callee)) if callee is not None else None
        if path is None or path.rpartition(".")[2] not in facts.table.mcp:
            continue
        given = Given(facts.values, here, _INSIDE)
        reached = list(_Reading(facts, given, path.rpartition(".")[2]).servers())
        if reached:
            found.append((key_of(here), reached))
            inside.update(_inner(facts, here))
    for made_by, reached in found:
        for server in reached if made_by not in inside else ():
            key = (server.name, server.command_or_url, server.place.line or 0)
            if key not in seen:
                seen.add(key)
                yield server
    for call in module.calls:
        if call.called in ("ClaudeAgentOptions", "ClaudeCodeOptions"):
            given = Given(facts.values, Expression(module, call.scope, call.node))
            where = given.get(("mcp_servers",))
            if where is not None:
                yield from _Reading(facts, given, call.called).configured(where)


def _inner(facts: Facts, call: Expression) -> Iterator[Key]:
    """The call that holds the parameters of another: both say one server."""
    given = Given(facts.values, call)
    for at in (*_INSIDE, 0):
        where = given.get((at,))
        target = facts.values.names.follow(where) if where is not None else None
        if target is not None and target.expression is not None and target.expression.node.type == "call":
            yield key_of(target.expression)


class _Reading:
    def __init__(self, facts: Facts, given: Given, called: str) -> None:
        self.facts, self.given, self.called = facts, given, called
        self.values = facts.values

    def servers(self) -> Iterator[McpServerSeen]:
        if self.called == "MultiServerMCPClient":
            where = self.given.get(("connections", 0))
            if where is not None:
                yield from self.configured(where)
            return
        call = self.given.call
        command, arguments = self.given.get(("command", 0)), self.given.get(("args", 1))
        address = self.given.get(("url", "server_url", "base_url", "command_or_url", "sse_url", 0))
        text = self.values.text(address, templates=True) if address is not None else None
        if text is not None and host_of(text) is not None:
            yield self._server(call, self._name() or host_of(text) or "", self._transport(), plain_url(text), self._env())
            return
        written = self._command(command, arguments)
        if written is not None:
            yield self._server(call, self._name() or package_of(written), "stdio", " ".join(written), self._env())

    def configured(self, where: Expression) -> Iterator[McpServerSeen]:
        """A dictionary of servers by name, as client configurations have it."""
        for name, entry in (self.values.entries(where) or {}).items():
            fields = self.values.entries(entry)
            if fields is None:
                continue
            env = tuple(self.values.entries(fields["env"]) or ()) if "env" in fields else ()
            headers = tuple(self.values.entries(fields["headers"]) or ()) if "headers" in fields else ()
            url = self.values.text(fields["url"], templates=True) if "url" in fields else None
            kind = next((self.values.text(fields[key]) for key in ("transport", "type") if key in fields), None)
            if url is not None and host_of(url) is not None:
                transport = "sse" if kind == "sse" or url.rstrip("/").endswith("/sse") else "http"
                yield self._server(entry, name, transport, plain_url(url), (*env, *headers))
                continue
            written = self._command(fields.get("command"), fields.get("args"))
            if written is not None:
                yield self._server(entry, name, "stdio", " ".join(written), env)

    def _server(self, at: Expression, name: str, transport: str, target: str, env: tuple[str, ...]) -> McpServerSeen:
        place = Place(at.module.path, at.module.line(at.node), at.module.last_line(at.node))
        return McpServerSeen(place=place, client="code", name=name, transport=transport, command_or_url=target[:500], env=env)

    def _name(self) -> str | None:
        for at in ("name", "server_label", "server_name"):
            where = self.given.get((at,))
            text = self.values.text(where) if where is not None else None
            if text:
                return text
        return None

    def _transport(self) -> str:
        return "sse" if "sse" in self.called.lower() else "http"

    def _env(self) -> tuple[str, ...]:
        found: list[str] = []
        for at in ("env", "headers"):
            where = self.given.get((at,))
            found.extend(self.values.entries(where) or () if where is not None else ())
        return tuple(found)

    def _command(self, command: Expression | None, arguments: Expression | None) -> list[str] | None:
        if command is None:
            return None
        program = self.values.text(command)
        if program is None:
            items = self.values.items(command)
            texts = [self.values.text(item) for item in items or ()]
            program = texts[0] if texts else None
            rest = texts[1:]
        else:
            given = self.values.items(arguments) if arguments is not None else []
            rest = [self.values.text(item, templates=True) for item in given or ()]
        if not program or "\n" in program or "://" in program:
            return None
        return masked([*program.split(), *(text if text is not None else "..." for text in rest)])
