"""Agents in Markdown: subagents of coding agents (Claude, Copilot, Cursor, opencode ...) and the workflows of GitHub Agentic Workflows.

Front matter says what the agent is called, which tools and model it has; the text below is its instruction.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from remit.discover.sources.code.declarations.facts import facts
from remit.discover.sources.code.declarations.forms.events import events_from
from remit.discover.sources.code.declarations.forms.mcp_servers import servers_under
from remit.discover.sources.code.declarations.page import Found, Page, credentials_from, purpose_from, unique, variables_in
from remit.discover.sources.code.declarations.paths import below, ends, plain_path
from remit.discover.sources.code.declarations.trees.front_matter import FrontMatter
from remit.discover.sources.code.declarations.trees.node import Node
from remit.discover.sources.code.declarations.words import secrets_read, split_tools
from remit.model.agent import AgentKind, Autonomy
from remit.model.evidence import AgentSeen, IdentitySeen, Role
from remit.model.place import Confidence, Place


@lru_cache(maxsize=1)
def _instruction_names() -> frozenset[str]:
    """Asked first, because it is asked of every path."""
    return frozenset(path.rsplit("/", 1)[-1] for path in facts("declarations")["instructions"]["files"])


def is_instructions(path: str) -> bool:
    """Whether a file instructs a coding agent without being one."""
    table = facts("declarations")["instructions"]
    if path.rsplit("/", 1)[-1] not in _instruction_names() and not path.startswith(".") and "/." not in path:
        return False
    return bool(ends(tuple(table["files"])).match(path) or below(tuple(table["folders"])).match(path))


def instructions(page: Page) -> Found:
    """The file itself, as evidence that a coding agent works here."""
    yield AgentSeen(
        place=page.place(1),
        role=Role.INSTRUCTIONS,
        framework="instructions-file",
        construct=page.name,
        language="markdown",
        aliases=(page.stem,),
        purpose=purpose_from(page.text[:4000]),
        purpose_place=page.place(1),
        tools=None,
        confidence=Confidence.CERTAIN,
        is_test=page.is_test,
    )


def markdown_agents(page: Page, matter: FrontMatter) -> Found:
    """The agent that a Markdown file is, if it is one."""
    if _is_agentic_workflow(page, matter.root):
        yield from _agentic_workflow(page, matter)
    elif (confidence := _is_agent(page, matter.root)) is not None:
        yield from _agent(page, matter, confidence)


def _is_agent(page: Page, root: Node) -> Confidence | None:
    """How sure it is that front matter at this place makes an agent; None when it does not."""
    table = facts("declarations")["markdown"]
    path = plain_path(page.path)
    folders = path.lower().split("/")[:-1]
    if page.name.lower() in {name.lower() for name in table["not_agents"]} or page.name.lower().endswith(tuple(table["not_agent_ends"])):
        return None
    if page.name.lower().endswith(tuple(table["agent_ends"])):
        return Confidence.CERTAIN
    if below(tuple(table["agent_folders"])).match(path):
        return Confidence.CERTAIN if root.first("name", "description", "tools", "model", "mode") is not None else None
    is_named = root.string("name") is not None and root.string("description") is not None
    if not is_named or any(root.entry(key) is not None for key in table["keys_of_other_things"]):
        return None
    if any(folder in table["loose_folders"] for folder in folders):
        nearest = next(folder for folder in reversed(folders) if folder in {*table["loose_folders"], *table["not_agent_folders"]})
        if nearest in table["loose_folders"]:
            return Confidence.CERTAIN
    if any(folder in table["not_agent_folders"] for folder in folders):
        return None
    is_told = (
        any(root.entry(key) is not None for key in table["agent_keys"]) or (root.string("model") or "").lower() in table["agent_models"]
    )
    return Confidence.LIKELY if is_told else None


def _agent(page: Page, matter: FrontMatter, confidence: Confidence) -> Found:
    root = matter.root
    description = root.entry("description")
    tools = _tools(root)
    place = page.place(matter.line, _last_line(page))
    name = root.string("name")
    yield AgentSeen(
        place=place,
        framework="markdown-agent",
        construct="frontmatter",
        language="markdown",
        name=" ".join(name.split()) if name is not None else page.stem,
        aliases=(page.stem,),
        model=_model(root),
        tools=tools,
        purpose=purpose_from(root.string("description"), matter.body),
        purpose_place=page.place(description[0]) if description is not None else page.place(matter.body_line),
        delegates_to=_delegates(root),
        mcp_servers=_server_names(root),
        kind=AgentKind.LOCAL,
        exposure=exposure_of(tools or ()),
        confidence=confidence,
        is_test=page.is_test,
    )
    yield from _servers(page, root)
    yield from credentials_from(page, [*variables_in(root), *secrets_read(root)], place)


def _tools(root: Node) -> tuple[str, ...] | None:
    """Names under `tools`: a list, a text with commas, or a mapping of names to true and false."""
    node = root.first("tools", "allowedTools", "allowed_tools")
    if node is None:
        present = root.get("tools")
        return () if present is not None and present.is_list else None
    if node.is_map:
        return unique(key.text for key, value in node.entries() if not (value.is_scalar and value.text.lower() in {"false", "deny", "no"}))
    if node.is_list:
        return unique(name for item in node.items for name in ([item.value] if item.value else _keys_of(item)) if name)
    names = split_tools(node.value or "")
    return None if names in {("*",), ("all",)} else names


def _keys_of(item: Node) -> list[str]:
    name = item.string("name") or item.string("id")
    return [name] if name else list(item.keys()[:1])


def _model(root: Node) -> str | None:
    """One model, as a text or the first of a list."""
    node = root.get("model")
    if node is None or node.is_empty:
        return None
    if node.is_map:
        return node.string("id") or node.string("name") or node.string("model")
    return next(iter(node.strings()), None)


def _delegates(root: Node) -> tuple[str, ...]:
    found: list[str] = []
    for key in ("handoffs", "agents", "subagents", "sub_agents"):
        node = root.get(key)
        for item in () if node is None else node.elements():
            name = item.value or item.string("agent") or item.string("name")
            if name and name != "*":
                found.append(name)
    return unique(found)


def _server_names(root: Node) -> tuple[str, ...]:
    names: list[str] = []
    for key in ("mcpServers", "mcp-servers", "mcp_servers"):
        node = root.get(key)
        if node is None:
            continue
        if node.is_map:
            names.extend(node.keys())
        else:
            for item in node.elements():
                names.extend([item.value] if item.value else item.keys()[:1])
    return unique(names)


def _servers(page: Page, root: Node) -> Found:
    for key in ("mcpServers", "mcp-servers", "mcp_servers"):
        node = root.get(key)
        if node is None:
            continue
        for inner in (node,) if node.is_map else tuple(item for item in node.items if item.is_map):
            yield from servers_under(page, inner, "markdown-agent", strict=False)


def exposure_of(tools: tuple[str, ...]) -> tuple[str, ...]:
    """What the tools of an agent bring in from outside."""
    web = {name.lower() for name in facts("declarations")["tools"]["web"]}
    words = {part for tool in tools for part in (tool.lower(), *re.split(r"[^a-z0-9]+", tool.lower()))}
    return ("web",) if words & web else ()


def _last_line(page: Page) -> int:
    return page.text.count("\n") + (0 if page.text.endswith("\n") else 1)


# -- GitHub Agentic Workflows


def _is_agentic_workflow(page: Page, root: Node) -> bool:
    table = facts("declarations")["gh_aw"]
    folders = page.path.split("/")[:-1]
    if any(folder in table["not_folders"] for folder in folders) or "workflows" not in folders:
        return False
    if root.entry("on") is None:
        return False
    if any(root.entry(key) is not None for key in table["strong_keys"]):
        return True
    on = root.get("on")
    return ".github/workflows/" in page.path and on is not None and not on.is_empty


def _agentic_workflow(page: Page, matter: FrontMatter) -> Found:
    root = matter.root
    place = page.place(matter.line, _last_line(page))
    described = root.entry("description")
    tools_node = root.get("tools")
    tools = tools_node.keys() if tools_node is not None and tools_node.is_map else () if tools_node is None else None
    servers = _server_names(root)
    events = events_from(root.get("on"))
    yield AgentSeen(
        place=place,
        framework="gh-aw",
        construct="frontmatter",
        language="markdown",
        name=root.string("name") or page.stem,
        aliases=(page.stem,),
        model=root.string("engine", "model"),
        tools=tools,
        purpose=purpose_from(root.string("description"), matter.body),
        purpose_place=page.place(described[0]) if described is not None else page.place(matter.body_line),
        mcp_servers=servers,
        kind=AgentKind.PRODUCTION,
        autonomy=Autonomy.EVENT,
        exposure=unique([*events.exposure, *exposure_of(tools or ())]),
        is_test=page.is_test,
    )
    yield from _servers(page, root)
    yield from workflow_identity(page, root.get("permissions"), page.stem, place)
    yield from credentials_from(page, secrets_read(root), place)


def workflow_identity(page: Page, permissions: Node | None, name: str, subject: Place) -> Iterator[IdentitySeen]:
    """The token of a workflow run, with the permissions that the workflow gives it."""
    if permissions is None or (permissions.is_empty and not permissions.is_map):
        return
    if permissions.is_map:
        given = ", ".join(f"{key.text}: {value.text}" for key, value in permissions.entries() if value.is_scalar) or "none"
    else:
        given = permissions.text
    because = f"`permissions` of the workflow token: {given[:200]}"
    yield IdentitySeen(place=page.place(permissions), ref=f"github:actions/{name}", because=because, subject=subject)
