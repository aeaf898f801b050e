"""Agents drawn on a canvas: Flowise and Langflow exports. A node is an agent; model and tools are other nodes, joined by edges."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import msgspec

from remit.discover.sources.code.declarations.facts import facts
from remit.discover.sources.code.declarations.page import Found, Page, purpose_from, unique
from remit.discover.sources.code.declarations.trees.node import Node
from remit.model.agent import AgentKind
from remit.model.evidence import AgentSeen, CredentialSeen

_FLOWISE_NAMES = ("agentName", "workerName", "supervisorName", "name")
_FLOWISE_PROMPTS = (
    "systemMessage",
    "workerPrompt",
    "supervisorPrompt",
    "systemMessagePrompt",
    "agentMessages",
    "instruction",
    "agentInstructions",
)
_FLOWISE_MODELS = ("modelName", "model", "customModelName", "deploymentName", "azureOpenAIApiDeploymentName", "modelId")


class Canvas(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """The nodes of a drawing by id, and what is joined to what."""

    nodes: dict[str, Node]
    joined: dict[str, list[tuple[str, str]]]
    """Id of a node -> (id of the node that is joined to it, name of the input)."""


def canvas(page: Page) -> Found:
    """The agents of every drawing in a file."""
    if '"edges"' not in page.text:
        return
    for node in page.root.walk():
        if node.is_map and (nodes := node.get("nodes")) is not None and nodes.is_list and (edges := node.get("edges")) is not None:
            drawn = _canvas(nodes, edges)
            yield from _flowise(page, drawn)
            yield from _langflow(page, drawn)


def _canvas(nodes: Node, edges: Node) -> Canvas:
    named = {
        identity: node for node in nodes.items if node.is_map and (identity := node.string("id") or (node.get("data") or node).string("id"))
    }
    joined: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for edge in edges.items:
        source, target = edge.string("source"), edge.string("target")
        if source and target:
            handle = edge.get("data", "targetHandle", "fieldName")
            joined[target].append((source, handle.text if handle is not None else (edge.string("targetHandle") or "")))
    return Canvas(nodes=named, joined=dict(joined))


# -- Flowise


def _flowise(page: Page, drawn: Canvas) -> Found:
    table = facts("declarations")["flowise"]
    for identity, node in drawn.nodes.items():
        data = node.get("data")
        if (
            data is not None
            and data.is_map
            and data.string("name") in {*table["agents"], *table["routers"]}
            and data.get("inputs") is not None
        ):
            yield from _flowise_agent(page, drawn, identity, node, data)


def _flowise_agent(page: Page, drawn: Canvas, identity: str, node: Node, data: Node) -> Found:
    inputs = data.get("inputs") or data
    place = page.place(node)
    prompt = next((found for key in _FLOWISE_PROMPTS if (found := inputs.get(key)) is not None and not found.is_empty), None)
    words = (
        None
        if prompt is None
        else prompt.value
        if prompt.is_scalar
        else "\n".join(text for item in prompt.items if (text := item.string("content")))
    )
    neighbours = [drawn.nodes[source] for source, _ in drawn.joined.get(identity, []) if source in drawn.nodes]
    named = next((text for key in _FLOWISE_NAMES if (text := inputs.string(key))), None)
    yield AgentSeen(
        place=place,
        framework="flowise",
        construct=data.string("name") or "",
        language="json",
        name=named or data.string("label"),
        aliases=unique(alias for alias in (data.string("label"), identity) if alias),
        model=_flowise_model(inputs, neighbours),
        tools=_flowise_tools(inputs, neighbours),
        purpose=purpose_from(words),
        purpose_place=None if prompt is None else page.place(prompt.line),
        kind=AgentKind.PRODUCTION,
        exposure=("chat",),
        is_test=page.is_test,
    )
    for part in (node, *neighbours):
        credential = (part.get("data") or part).string("credential")
        if credential:
            yield CredentialSeen(place=page.place(part.line), name=f"flowise:{credential}", kind="token", subject=place)


def _flowise_model(inputs: Node, neighbours: list[Node]) -> str | None:
    for config in ("agentModelConfig", "llmModelConfig", "conditionAgentModelConfig"):
        found = inputs.get(config)
        if found is not None and found.is_map:
            return next((text for key in _FLOWISE_MODELS if (text := found.string(key))), None)
    for neighbour in neighbours:
        data = neighbour.get("data") or neighbour
        if "Chat Models" in (data.string("category") or "") or (data.string("name") or "").startswith(("chat", "azureChat", "awsChat")):
            given = data.get("inputs") or data
            model = next((text for key in _FLOWISE_MODELS if (text := given.string(key))), None)
            if model is not None:
                return None if "{{" in model else model
    return next((text for key in _FLOWISE_MODELS if (text := inputs.string(key)) and "{{" not in text), None)


def _flowise_tools(inputs: Node, neighbours: list[Node]) -> tuple[str, ...]:
    names: list[str] = []
    for key in ("agentTools", "agentToolsBuiltInOpenAI", "agentToolsBuiltInGemini", "agentToolsBuiltInAnthropic"):
        listed = inputs.get(key)
        for item in () if listed is None else listed.items:
            name = item.value or item.string("agentSelectedTool") or item.string("agentSelectedToolConfig", "agentSelectedTool")
            names.extend([name] if name else [])
    for neighbour in neighbours:
        data = neighbour.get("data") or neighbour
        if "Tools" in (data.string("category") or "") or "Tool" in (data.string("type") or ""):
            given = data.get("inputs") or data
            name = (
                given.string("toolName")
                or given.string("name")
                or given.string("retrieverToolName")
                or data.string("label")
                or data.string("name")
            )
            names.extend([name] if name else [])
    return unique(names)


# -- Langflow


def _langflow(page: Page, drawn: Canvas) -> Found:
    agents = set(facts("declarations")["langflow"]["agents"])
    for identity, node in drawn.nodes.items():
        data = node.get("data")
        if data is not None and data.is_map and data.get("node", "template") is not None and data.string("type") in agents:
            yield from _langflow_agent(page, drawn, identity, node, data)


def _langflow_agent(page: Page, drawn: Canvas, identity: str, node: Node, data: Node) -> Found:
    template = data.get("node", "template") or data
    prompt = template.get("system_prompt", "value") or template.get("system_message", "value") or template.get("agent_description", "value")
    sources = [(drawn.nodes[source], handle) for source, handle in drawn.joined.get(identity, []) if source in drawn.nodes]
    yield AgentSeen(
        place=page.place(node),
        framework="langflow",
        construct=data.string("type") or "Agent",
        language="json",
        name=data.string("node", "display_name") or data.string("display_name") or data.string("type"),
        aliases=(identity,),
        model=_langflow_model(template, sources),
        tools=unique(_langflow_tools(sources)),
        purpose=purpose_from(None if prompt is None else prompt.value),
        purpose_place=None if prompt is None else page.place(prompt.line),
        kind=AgentKind.PRODUCTION,
        exposure=("chat",),
        is_test=page.is_test,
    )


def _langflow_model(template: Node, sources: list[tuple[Node, str]]) -> str | None:
    for key in ("model_name", "model", "llm_model"):
        value = template.get(key, "value")
        if value is not None and value.is_list and value.items:
            value = value.items[0].get("name") or value.items[0]
        if value is not None and value.value:
            return value.value
    for source, handle in sources:
        inner = source.get("data", "node", "template")
        model = None if inner is None or "tool" in handle else inner.string("model_name", "value") or inner.string("model", "value")
        if model:
            return model
    return None


def _langflow_tools(sources: list[tuple[Node, str]]) -> Iterator[str]:
    for source, handle in sources:
        if "tools" in handle:
            name = source.string("data", "node", "display_name") or source.string("data", "display_name") or source.string("data", "type")
            if name:
                yield name
