"""MCP servers that code connects to, by the options given to the client's classes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from tree_sitter import Node

from remit.discover.sources.code.commands import masked, package_of
from remit.discover.sources.code.typescript import syntax
from remit.discover.sources.code.typescript.module import Module, Seen
from remit.discover.sources.code.typescript.names import Names, Spot
from remit.discover.sources.code.typescript.syntax import end_of, line_of
from remit.discover.sources.code.typescript.table import table
from remit.discover.sources.code.typescript.values import Values
from remit.model.evidence import McpServerSeen
from remit.model.place import Place

_SECRET = re.compile(
    r"(?i)((?:key|token|secret|password|passwd|pwd|auth\w*|bearer)[=:\s]+)\S+|\b(?:sk|ghp|gho|ghs|glpat|xox[abp]|pat)[-_][A-Za-z0-9_-]{8,}|\beyJ[\w-]{10,}\.[\w.-]+"
)
_COMMAND_KEYS = ("command", "cmd", "fullCommand")
_URL_KEYS = ("url", "serverUrl", "server_url", "endpoint", "httpUrl")


def servers(module: Module, names: Names, values: Values, seen: Seen) -> Iterator[McpServerSeen]:
    """The servers that one call connects to."""
    callee = names.callee(module, seen.node)
    symbol = callee.symbol
    if symbol is None:
        return
    last = symbol.name.rpartition(".")[2]
    facts = table()
    if last in facts.tools.remote:
        options = _first_object(module, values, seen)
        if options is not None:
            yield from _one(module, values, seen.node, options, values.literal(values.value_of(options, facts.tools.remote[last])), last)
        return
    if last not in facts.servers.made_by or not _is_client(symbol.package):
        return
    options = _first_object(module, values, seen)
    many = (values.object_at(values.value_of(options, key)) for key in ("servers", "mcpServers")) if options is not None else ()
    listed = next((item for item in many if item is not None), None)
    if listed is not None:
        for entry in values.entries(listed) or ():
            inner = values.object_at(entry.spot)
            if inner is not None:
                yield from _one(module, values, seen.node, inner, entry.key, last)
        return
    if options is not None and all(values.value_of(options, key) is None for key in ("command", "transport")) and _is_map(values, options):
        for entry in values.entries(options) or ():
            inner = values.object_at(entry.spot)
            if inner is not None:
                yield from _one(module, values, seen.node, inner, entry.key, last)
        return
    name = values.literal(values.value_of(options, "name")) if options is not None else None
    options = _transport(values, options) if options is not None else None
    yield from _one(module, values, seen.node, options, name, last)


def given(module: Module, values: Values, spot: Spot | None, made: str) -> Iterator[McpServerSeen]:
    """The servers in an agent's own `mcpServers`: by name, or a list of objects with a name."""
    found = values.settled(spot)
    if not isinstance(found, Spot) or found.module is not module:
        return
    if found.node.type == "object":
        for entry in values.entries(found) or ():
            inner = values.object_at(entry.spot)
            if inner is not None:
                yield from _one(module, values, inner.node if inner.module is module else found.node, inner, entry.key, made)
    elif found.node.type == "array":
        for child in found.node.named_children[:50]:
            inner = values.object_at(Spot(module, child)) if child.type == "object" else None
            if inner is not None:
                yield from _one(module, values, child, _transport(values, inner), values.literal(values.value_of(inner, "name")), made)


def _transport(values: Values, options: Spot) -> Spot:
    """`{transport: {...}}` says in there how to connect."""
    return values.object_at(values.value_of(options, "transport")) or options


def _is_client(package: str) -> bool:
    return package == "ai" or any(part in package for part in table().servers.packages)


def _first_object(module: Module, values: Values, seen: Seen) -> Spot | None:
    arguments = syntax.arguments_of(seen.node)
    return values.object_at(Spot(module, arguments[0])) if arguments else None


def _is_map(values: Values, options: Spot) -> bool:
    entries = values.entries(options) or []
    objects = [values.object_at(entry.spot) for entry in entries]
    return bool(objects) and all(item is not None and _target(values, item)[0] is not None for item in objects)


def _target(values: Values, options: Spot) -> tuple[str | None, str]:
    """(command or address, transport)."""
    kind = values.literal(values.value_of(options, "type") or values.value_of(options, "transport")) or ""
    for key in _COMMAND_KEYS:
        command = values.literal(values.value_of(options, key))
        if command:
            listed = values.settled(values.value_of(options, "args"))
            words = command.split()
            if isinstance(listed, Spot) and listed.node.type == "array":
                words += [values.literal(Spot(listed.module, child)) or "..." for child in listed.node.named_children[:50]]
            return " ".join(masked(words)), "stdio"
    for key in _URL_KEYS:
        url = _address(values, values.value_of(options, key))
        if url:
            return _plain_url(url), "sse" if "sse" in kind.lower() or url.rstrip("/").endswith("/sse") else "http"
    return None, "stdio"


def _address(values: Values, spot: Spot | None) -> str | None:
    """A URL written as a string or as `new URL("...")`."""
    found = values.settled(spot)
    if isinstance(found, Spot) and found.node.type == "new_expression":
        arguments = syntax.arguments_of(found.node)
        return values.literal(Spot(found.module, arguments[0])) if arguments else None
    return values.literal(spot)


def _one(module: Module, values: Values, node: Node, options: Spot | None, name: str | None, made: str) -> Iterator[McpServerSeen]:
    target: str | None = None
    transport = "stdio"
    if options is not None:
        target, transport = _target(values, options)
        connector = values.literal(values.value_of(options, "connectorId"))
        target = target or connector
        name = name or values.literal(values.value_of(options, "name"))
    arguments = syntax.arguments_of(node) if node.type in syntax.CALLS else []
    if target is None and arguments:
        target = _address(values, Spot(module, arguments[0]))
        target = _plain_url(target) if target else None
    if target is None:
        return
    if "sse" in made.lower():
        transport = "sse"
    elif transport == "stdio" and (made in table().tools.remote or ("tdio" not in made and _is_address(target))):
        transport = "http"
    place = Place(module.path, line_of(node), end_of(node))
    label = name or module.labels.get(node.start_byte) or _short(target)
    yield McpServerSeen(
        place=place, client="code", name=label[:200], transport=transport, command_or_url=target[:1000], env=_given(values, options)
    )


def _given(values: Values, options: Spot | None) -> tuple[str, ...]:
    found: list[str] = []
    for key in ("env", "headers") if options is not None else ():
        inner = values.object_at(values.value_of(options, key)) if options is not None else None
        if inner is not None:
            for child in inner.node.named_children:
                name = syntax.property_name(child) if child.type == "pair" else None
                if name:
                    found.append(name)
    return tuple(dict.fromkeys(found))


def _hidden(command: str) -> str:
    return _SECRET.sub(lambda match: (match[1] or "") + "***", command)


def _plain_url(url: str) -> str:
    """A URL without credentials and query."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return _hidden(url)
    if not parts.scheme or not parts.netloc:
        return _hidden(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _is_address(target: str) -> bool:
    """A command may hold an address too: `npx -y mcp-remote https://...` is started here."""
    return "://" in target.split(" ", 1)[0]


def _short(target: str) -> str:
    """A label from an address or command."""
    if _is_address(target):
        return urlsplit(target).netloc or target
    words = target.split()
    return package_of(words) if words else "mcp"
