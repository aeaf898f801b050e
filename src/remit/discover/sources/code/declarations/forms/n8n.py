"""Agents in n8n exports: nodes; their model, tools and memory are other nodes, joined by `connections`.

An export is a workflow, a list of workflows, or a wrapper around one: every mapping with `nodes` and `connections` is a workflow.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

import msgspec

from remit.discover.sources.code.declarations.facts import facts
from remit.discover.sources.code.declarations.page import Found, Page, purpose_from, unique
from remit.discover.sources.code.declarations.trees.node import Node
from remit.model.agent import AgentKind, Autonomy
from remit.model.evidence import AgentSeen, IdentitySeen
from remit.model.place import Confidence, Place

_TRIGGER = re.compile(r"trigger$|webhook$|^emailReadImap$|^cron$|^interval$", re.IGNORECASE)
_MAX_PARTS = 1_000
_MAX_VISITS = 100_000
"""Parts that many agents share are visited for each of them; beyond this, only an agent's own node is looked at for identities."""
_MANUAL = frozenset({"manualTrigger", "executeWorkflowTrigger", "manualChatTrigger", "start"})


class Workflow(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """The nodes of one workflow by name, and what is joined to what."""

    nodes: dict[str, Node]
    inputs: dict[str, list[tuple[str, str]]]
    """Name of a node -> (kind of connection, name of the node that is joined to it)."""

    def joined(self, name: str, kind: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(source for joint, source in self.inputs.get(name, []) if joint == kind and source in self.nodes))

    def has_joined(self, name: str, kind: str) -> bool:
        return any(joint == kind and source in self.nodes for joint, source in self.inputs.get(name, ()))

    def parts(self, name: str, limit: int) -> tuple[str, ...]:
        """The node and everything joined to it by connections of kind `ai_...`, and what is joined to those; so many at most."""
        found: dict[str, None] = {}
        waiting = [name]
        while waiting and len(found) < limit:
            part = waiting.pop()
            if part in found or part not in self.nodes:
                continue
            found[part] = None
            inputs = self.inputs.get(part, ())[:limit]
            waiting.extend(source for joint, source in inputs if joint.startswith("ai_"))
        return tuple(found)


def n8n(page: Page) -> Found:
    """The agents of every workflow in a file."""
    if "n8n-nodes-langchain" not in page.text:
        return
    waiting = [page.root]
    seen: set[int] = set()
    while waiting:
        node = waiting.pop()
        if node.is_scalar or id(node) in seen:
            continue
        seen.add(id(node))
        nodes = node.get("nodes") if node.is_map else None
        if nodes is not None and nodes.is_list and node.entry("connections") is not None:
            yield from _agents(page, _workflow(node, nodes))
        else:
            waiting.extend(reversed(node.children()))


def _workflow(root: Node, nodes: Node) -> Workflow:
    named = {name: node for node in nodes.items if node.is_map and (name := _raw(node.get("name"))) is not None}
    inputs: dict[str, list[tuple[str, str]]] = defaultdict(list)
    joints: list[tuple[int, str, str, str]] = []
    connections = root.get("connections")
    for source, kinds in () if connections is None else connections.entries():
        for kind, outputs in kinds.entries():
            for target in outputs.walk():
                name = _raw(target.get("node")) if target.is_map else None
                if name is not None:
                    joint = target.string("type") or kind.text
                    index = target.string("index") or "0"
                    place = int(index) if index.isdecimal() else 0
                    joints.append((place, name, kind.text if kind.text.startswith("ai_") else joint, source.text))
    for _, name, joint, source_name in sorted(joints, key=lambda entry: entry[0]):
        # the first input of a kind comes first: the model at input 0 answers, the one at input 1 stands in for it
        inputs[name].append((joint, source_name))
    return Workflow(nodes=named, inputs=dict(inputs))


def _raw(node: Node | None) -> str | None:
    return node.text if node is not None and node.is_scalar and node.text else None


def _type(node: Node) -> str:
    return (node.string("type") or "").rsplit(".", 1)[-1]


def _agents(page: Page, workflow: Workflow) -> Found:
    exposure = _exposure(workflow)
    autonomy = _autonomy(workflow)
    left = _MAX_VISITS
    for name, node in workflow.nodes.items():
        if _is_agent(workflow, name, node):
            parts = workflow.parts(name, min(_MAX_PARTS, max(left, 1)))
            left -= sum(len(workflow.inputs.get(part, ())[:_MAX_PARTS]) + 1 for part in parts)
            yield from _agent(page, workflow, name, node, exposure, autonomy)
            for part in parts:
                yield from _identities(page, workflow.nodes[part], part, page.place(node))


def _is_agent(workflow: Workflow, name: str, node: Node) -> bool:
    table = facts("declarations")["n8n"]
    full, short = node.string("type") or "", _type(node)
    if not full.startswith((table["prefix"], "@n8n/", "n8n-nodes-langchain.")):
        return False
    if short in table["agents"]:
        return True
    if short not in table["agents_with_tools"]:
        return False
    if workflow.has_joined(name, "ai_tool"):
        return True
    parameters = node.get("parameters")
    return parameters is not None and parameters.string("resource") == "assistant" and parameters.string("operation") in {None, "message"}


def _agent(page: Page, workflow: Workflow, name: str, node: Node, exposure: tuple[str, ...], autonomy: Autonomy | None) -> Found:
    place = page.place(node)
    tools = workflow.joined(name, "ai_tool")
    purpose = _purpose(node)
    yield AgentSeen(
        place=place,
        framework="n8n",
        construct=_type(node),
        language="json",
        name=name,
        model=_model(workflow, name, node),
        tools=unique([*tools, *_own_tools(node)]),
        purpose=None if purpose is None else purpose_from(purpose.text.removeprefix("=")),
        purpose_place=None if purpose is None else page.place(purpose.line),
        delegates_to=tuple(tool for tool in tools if _is_agent(workflow, tool, workflow.nodes[tool])),
        kind=AgentKind.PRODUCTION,
        autonomy=autonomy,
        exposure=exposure,
        confidence=Confidence.CERTAIN if not _is_off(node) else Confidence.LIKELY,
        is_test=page.is_test,
    )


def _is_off(node: Node) -> bool:
    off = node.get("disabled")
    return off is not None and off.is_true


def _own_tools(node: Node) -> Iterator[str]:
    """Tools that an assistant node lists itself."""
    listed = node.get("parameters", "nativeTools")
    if listed is not None:
        yield from listed.strings()


def _model(workflow: Workflow, name: str, node: Node) -> str | None:
    """The model of the node that is joined as language model, or of the agent node itself."""
    sources = workflow.joined(name, "ai_languageModel")
    keys = facts("declarations")["n8n"]["model_keys"]
    for candidate in [workflow.nodes[source] for source in sources[:1]] or [node]:
        parameters = candidate.get("parameters")
        holders = [holder for holder in (parameters, None if parameters is None else parameters.get("options")) if holder is not None]
        for holder in holders:
            for key in keys:
                written = holder.get(key)
                value = None if written is None else (written.get("value") if written.is_map else written)
                text = None if value is None else value.value
                if text and key != "assistantId":
                    return None if text.startswith("=") or "{{" in text else text
    return None


def _purpose(node: Node) -> Node | None:
    parameters = node.get("parameters")
    if parameters is None:
        return None
    options = parameters.get("options")
    candidates = [
        None if options is None else options.first("systemMessage", "prefix", "humanMessageTemplate"),
        parameters.first("systemMessage", "text", "prompt", "toolDescription"),
    ]
    return next((found for found in candidates if found is not None and found.is_scalar), None)


def _identities(page: Page, node: Node, name: str, subject: Place) -> Iterator[IdentitySeen]:
    credentials = node.get("credentials")
    for key, credential in () if credentials is None or not credentials.is_map else credentials.entries():
        title = credential.string("name") if credential.is_map else credential.value
        if title:
            yield IdentitySeen(
                place=page.place(key.line),
                ref=f"n8n:credential/{title}",
                because=f"credential `{key.text}` of node `{name}`",
                subject=subject,
            )


def _exposure(workflow: Workflow) -> tuple[str, ...]:
    """What the nodes of the workflow bring in."""
    types = {_type(node) for node in workflow.nodes.values() if not _is_off(node)}
    table: dict[str, list[str]] = facts("declarations")["n8n"]["exposure"]
    return tuple(kind for kind, names in table.items() if types & set(names))


def _autonomy(workflow: Workflow) -> Autonomy | None:
    types = {_type(node) for node in workflow.nodes.values() if not _is_off(node)}
    triggers = {kind for kind in types if _TRIGGER.search(kind)} - _MANUAL
    if triggers - {"chatTrigger"}:
        return Autonomy.EVENT
    return Autonomy.TASK if triggers or types & _MANUAL else None
