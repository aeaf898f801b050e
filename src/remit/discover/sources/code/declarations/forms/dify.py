"""Agents in Dify exports: an app of mode `agent-chat`, and nodes of type `agent` in workflows and chat flows.

Nodes that only ask a model are no agents.
"""

from __future__ import annotations

from remit.discover.sources.code.declarations.forms.markdown import exposure_of
from remit.discover.sources.code.declarations.page import Found, Page, purpose_from, unique
from remit.discover.sources.code.declarations.trees.node import Node
from remit.model.agent import AgentKind
from remit.model.evidence import AgentSeen, CredentialSeen


def dify(page: Page) -> Found:
    """The agents of one exported app."""
    root = page.root
    app = root.get("app")
    if app is None or not app.is_map or (root.string("kind") != "app" and app.entry("mode") is None):
        return
    if app.string("mode") in {"agent-chat", "agent"} or _has_agent_mode(root):
        yield from _app(page, app)
    nodes = root.get("workflow", "graph", "nodes")
    for node in () if nodes is None else nodes.items:
        data = node.get("data") if node.is_map else None
        if data is not None and data.is_map and data.string("type") == "agent":
            yield from _node(page, node, data)


def _has_agent_mode(root: Node) -> bool:
    mode = root.get("model_config", "agent_mode")
    enabled = None if mode is None else mode.get("enabled")
    tools = None if mode is None else mode.get("tools")
    return enabled is not None and enabled.is_true and tools is not None and bool(tools.items) and root.entry("workflow") is None


def _app(page: Page, app: Node) -> Found:
    root = page.root
    config = root.get("model_config")
    listed = root.get("model_config", "agent_mode", "tools")
    prompt = None if config is None else config.first("pre_prompt")
    tools = _tool_names(listed)
    yield AgentSeen(
        place=page.place(app),
        framework="dify",
        construct="app:agent-chat",
        language="yaml",
        name=app.string("name") or page.stem,
        model=root.string("model_config", "model", "name"),
        tools=tools,
        purpose=purpose_from(app.string("description"), None if prompt is None else prompt.value),
        purpose_place=None if prompt is None else page.place(prompt.line),
        kind=AgentKind.MANAGED,
        exposure=unique(["chat", *exposure_of(tools)]),
        is_test=page.is_test,
    )


def _is_on(tool: Node) -> bool:
    enabled = tool.get("enabled") if tool.is_map else None
    return tool.is_map and (enabled is None or enabled.is_true)


def _tool_names(listed: Node | None) -> tuple[str, ...]:
    on = () if listed is None else tuple(tool for tool in listed.items if _is_on(tool))
    return unique(name for tool in on if (name := tool.string("tool_name") or tool.string("name")))


def _node(page: Page, node: Node, data: Node) -> Found:
    parameters = data.get("agent_parameters")
    place = page.place(node)
    listed = None if parameters is None else parameters.get("tools", "value")
    tools = _tool_names(listed)
    instruction = None if parameters is None else parameters.get("instruction", "value") or parameters.get("instruction")
    text = None if instruction is None or not instruction.is_scalar else instruction.text
    yield AgentSeen(
        place=place,
        framework="dify",
        construct="node:agent",
        language="yaml",
        name=data.string("title") or page.stem,
        aliases=tuple(alias for alias in (node.string("id"),) if alias),
        model=None if parameters is None else parameters.string("model", "value", "model") or parameters.string("model", "model"),
        tools=tools,
        purpose=purpose_from(data.string("desc"), text),
        purpose_place=None if instruction is None or not text else page.place(instruction.line),
        kind=AgentKind.MANAGED,
        exposure=unique([*(["chat"] if page.root.string("app", "mode") == "advanced-chat" else []), *exposure_of(tools)]),
        is_test=page.is_test,
    )
    for tool in () if listed is None else listed.items:
        name = tool.string("credential_id") if tool.is_map else None
        if name:
            yield CredentialSeen(place=page.place(tool.line), name=f"dify:{name}", kind="token", subject=place)
