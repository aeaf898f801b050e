"""MCP servers in the configuration of every client: found by the table of clients, read in all the shapes in which clients write them.

An entry that is not understood is a gap and costs no other. Values of environment variables, headers and arguments are never kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

import msgspec

from remit.discover.sources.code.declarations.environment import identities_of
from remit.discover.sources.code.declarations.facts import facts
from remit.discover.sources.code.declarations.masking import clean_url, clean_words, database_identities
from remit.discover.sources.code.declarations.page import Found, Page, unique
from remit.discover.sources.code.declarations.paths import ends, plain_path
from remit.discover.sources.code.declarations.trees.json import parse_json
from remit.discover.sources.code.declarations.trees.node import Node, scalar
from remit.model.evidence import McpServerSeen

_REMOTE = frozenset({"sse", "http", "streamable-http", "streamable_http", "websocket", "ws"})
"""A server with such a transport is one, although its URL is left to be filled in."""


class Client(msgspec.Struct, frozen=True, kw_only=True):
    """One client of the table."""

    name: str
    paths: tuple[str, ...]
    keys: tuple[str, ...]


@lru_cache(maxsize=1)
def clients() -> tuple[Client, ...]:
    """The table of clients, in its order: the first whose path fits is the client."""
    return tuple(Client(name=row["name"], paths=tuple(row["paths"]), keys=tuple(row["keys"])) for row in facts("clients")["client"])


@lru_cache(maxsize=1)
def _every_path() -> tuple[str, ...]:
    return tuple(path for client in clients() for path in client.paths)


@lru_cache(maxsize=1)
def _names() -> re.Pattern[str]:
    """The last parts of all paths: a file of another name is nobody's, and most files are."""
    return ends(tuple(dict.fromkeys(path.rsplit("/", 1)[-1] for path in _every_path())))


@lru_cache(maxsize=8192)
def is_client_file(path: str) -> bool:
    """Whether some client keeps its configuration at such a place."""
    if _names().match(plain_path(path).rsplit("/", 1)[-1]) is None:
        return False
    return ends(_every_path()).match(plain_path(path)) is not None


def client_of(path: str) -> Client | None:
    """The client whose file this is."""
    plain = plain_path(path)
    return next((client for client in clients() if ends(client.paths).match(plain)), None)


def mcp_servers(page: Page) -> Found:
    """The servers that a file lists, whichever client it belongs to."""
    client = client_of(page.path)
    keys: tuple[str, ...] = ("mcpServers",) if client is None else client.keys
    name = "mcp" if client is None else client.name
    seen: set[int] = set()
    for key in keys:
        if key == "":
            if not seen and page.root.is_map and all(_is_server(value) for _, value in page.root.entries()):
                yield from servers_under(page, page.root, name)
            continue
        for node in _at(page.root, key):
            if id(node) not in seen:
                seen.add(id(node))
                yield from servers_under(page, node, name, strict=client is not None and _is_exclusive(key))


def _is_exclusive(key: str) -> bool:
    """Whether everything under the key must be a server."""
    return key.rsplit(".", 1)[-1].lstrip("=") not in {"extensions", "mcp", "registry"}


def _at(root: Node, key: str) -> Iterator[Node]:
    """The nodes at a path of keys; `*` is every key, `=` one key with dots in it."""
    parts = [key[1:]] if key.startswith("=") else _key_parts(key)
    nodes = [root]
    for part in parts:
        nodes = [value for node in nodes for value in _below(node, part)]
    yield from nodes


def _below(node: Node, part: str) -> tuple[Node, ...]:
    if part == "*":
        return () if node.is_scalar else node.children()
    found = node.get(part)
    return () if found is None else (found,)


def _key_parts(key: str) -> list[str]:
    head, marked, tail = key.partition(".=")
    return [*head.split("."), tail] if marked else head.split(".")


def _is_server(node: Node) -> bool:
    table = facts("clients")["entry"]
    return node.is_map and any(node.entry(key) is not None for key in (*table["command"], *table["url"]))


def servers_under(page: Page, node: Node, client: str, *, strict: bool = True) -> Found:
    """The servers of a mapping of names, or of a list whose entries have names. `strict`: what is no server is a gap."""
    if node.is_map and _is_server(node) and node.string("name") is not None:
        yield from _server(page, scalar(node.string("name") or "", node.line), node, client)
        return
    if node.is_scalar:
        if strict and not node.is_empty:
            yield page.gap(node.line, "the list of MCP servers is a text, not a mapping")
        return
    for key, entry in _named(node):
        if not entry.is_map:
            if entry.is_list and entry.items and not strict:
                continue
            if strict and not (entry.is_scalar and entry.text.lower() in {"true", "false"} and client in {"opencode", "crush"}):
                yield page.gap(key.line, f"entry `{key.text}` of the MCP servers is not a mapping")
            continue
        yield from _server(page, key, entry, client, strict=strict)


def _named(node: Node) -> Iterator[tuple[Node, Node]]:
    if node.is_map:
        yield from node.entries()
        return
    for number, item in enumerate(node.items, 1):
        name = item.get("name") or item.get("id") if item.is_map else None
        if name is not None and name.value:
            yield name, item
        elif item.is_map and len(item.pairs) == 1 and item.pairs[0][1].is_map:
            yield item.pairs[0]
        else:
            yield scalar(str(number), item.line), item


def _server(page: Page, key: Node, entry: Node, client: str, *, strict: bool = True) -> Found:
    table = facts("clients")["entry"]
    inner = entry.get("transport")
    body = inner if inner is not None and inner.is_map else entry
    command = _command(body, table)
    url = next((text for name in table["url"] if (text := _text(body.get(name)))), None)
    if command is None and url is None:
        image = entry.string("image") or entry.string("container") or entry.string("ref")
        if image is not None or (client == "docker-mcp" and entry.entry("ref") is not None):
            command = ("docker", "run", image) if image else ("docker", "mcp", "gateway", "run")
        elif _is_of_extension(entry):
            command = ("",)
        else:
            if strict:
                yield page.gap(key.line, f"MCP server `{key.text}` has neither a command nor a URL")
            if not strict or not any(body.string(name) in _REMOTE for name in table["type"]):
                return
    place = page.place(key.line, max(key.line, entry.end))
    yield McpServerSeen(
        place=place,
        client=client,
        name=key.text,
        transport="stdio" if command is not None else _transport(entry, body, url or "", table),
        command_or_url=" ".join(clean_words(command)).strip() if command is not None else clean_url(url or ""),
        env=unique(name for name, _ in _settings(body, entry, table)),
        is_active=_is_active(entry, table) and not (client == "claude-code" and key.text in _switched_off(page)),
    )
    for word in command or ():
        yield from database_identities(place, word, "connection string among the arguments of an MCP server", place)
    given = ((name, value.text, page.place(value)) for name, value in _settings(body, entry, table) if value.is_scalar)
    yield from identities_of(given, "of an MCP server", place, (f"server:{key.text}",))


def _text(node: Node | None) -> str | None:
    return node.text if node is not None and node.is_scalar and not node.is_empty else None


def _is_of_extension(entry: Node) -> bool:
    """A server that an extension of the editor brings (Zed): only its settings stand here."""
    return entry.entry("settings") is not None or entry.string("source") == "extension"


def _command(body: Node, table: dict[str, list[str]]) -> tuple[str, ...] | None:
    """Command and arguments; the command may be a text, a list, or a mapping with a path."""
    for name in table["command"]:
        node = body.get(name)
        if node is None or node.is_empty:
            continue
        if node.is_map:
            path = _text(node.get("path")) or _text(node.get("command"))
            return None if path is None else (path, *_arguments(node, table))
        if node.is_list:
            return (*(item.text for item in node.items if item.is_scalar), *_arguments(body, table))
        return (node.text, *_arguments(body, table))
    return None


def _arguments(body: Node, table: dict[str, list[str]]) -> tuple[str, ...]:
    node = body.first(*table["args"])
    if node is None:
        return ()
    return tuple(item.text for item in node.elements() if item.is_scalar)


def _transport(entry: Node, body: Node, url: str, table: dict[str, list[str]]) -> str:
    said = next((text for node in (body, entry) for name in table["type"] if (text := node.string(name))), "").lower()
    if "sse" in said:
        return "sse"
    if "http" in said:
        return "http"
    return "sse" if url.split("?", 1)[0].rstrip("/").endswith("/sse") else "http"


def _is_active(entry: Node, table: dict[str, list[str]]) -> bool:
    if any((node := entry.get(name)) is not None and node.is_true for name in table["off"]):
        return False
    return not any((node := entry.get(name)) is not None and node.text.lower() in {"false", "no", "off", "0"} for name in table["on"])


def _switched_off(page: Page) -> frozenset[str]:
    """Servers of `.mcp.json` that Claude Code's settings beside it switch off; read once for a file."""
    if page.name != ".mcp.json":
        return frozenset()
    kept = page.project.memo.get(("claude-code-off", page.folder))
    if isinstance(kept, frozenset):
        return kept
    names: list[str] = []
    for path in (f"{page.folder}.claude/settings.json", f"{page.folder}.claude/settings.local.json"):
        file = page.project.file(path)
        for root in () if file is None else parse_json(file.text).documents[:1]:
            listed = root.get("disabledMcpjsonServers")
            names.extend(() if listed is None else listed.strings())
    found = frozenset(names)
    page.project.memo["claude-code-off", page.folder] = found
    return found


def _settings(body: Node, entry: Node, table: dict[str, list[str]]) -> Iterator[tuple[str, Node]]:
    """Names of environment variables and headers, with the values that are not kept."""
    nodes = [found for node in dict.fromkeys((body, entry)) for name in table["env"] if (found := node.get(name)) is not None]
    command = body.get("command")
    if command is not None and command.is_map:
        nodes.extend(found for name in table["env"] if (found := command.get(name)) is not None)
    request = entry.get("requestOptions", "headers") or entry.get("requestInit", "headers")
    for node in [*nodes, *([request] if request is not None else [])]:
        if node.is_map:
            yield from ((key.text, value) for key, value in node.entries())
        for item in node.items:
            name, _, value = item.text.partition("=")
            named = item.string("name") or (name.strip() if item.is_scalar else None)
            if named:
                yield named, item.get("value") or scalar(value, item.line)
    for node in dict.fromkeys((body, entry)):
        for name in table["env_names"]:
            listed = node.get(name)
            yield from ((text, scalar("", node.line)) for text in (() if listed is None else listed.strings()))
        for name in table["env_name"]:
            text = node.string(name)
            if text:
                yield text, scalar("", node.line)
        for name in table["env_of_values"]:
            mapping = node.get(name)
            if mapping is not None and mapping.is_map:
                yield from ((value.text, scalar("", value.line)) for _, value in mapping.entries() if value.is_scalar)
