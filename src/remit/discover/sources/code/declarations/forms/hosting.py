"""Files that host agents whose code stands beside them: `langgraph.json`, AgentCore's toolkit file, and the like."""

from __future__ import annotations

from remit.discover.sources.code.declarations.page import Found, Page, credentials_from
from remit.discover.sources.code.declarations.trees.node import Node
from remit.model.agent import AgentKind
from remit.model.evidence import AgentSeen, IdentitySeen, Role
from remit.model.place import Confidence, Place


def langgraph(page: Page) -> Found:
    """The graphs of `langgraph.json`: a name and `file:variable`."""
    if page.name != "langgraph.json":
        return
    graphs = page.root.get("graphs")
    for key, value in () if graphs is None or not graphs.is_map else graphs.entries():
        target = value.value or value.string("path")
        if not target:
            yield page.gap(key.line, f"graph `{key.text}` names no file")
            continue
        path, _, variable = target.partition(":")
        place = page.place(key.line, value.end)
        yield AgentSeen(
            place=place,
            role=Role.DEPLOYMENT,
            framework="langgraph",
            construct="langgraph.json",
            language="json",
            name=key.text,
            aliases=(variable,) if variable else (),
            kind=AgentKind.PRODUCTION,
            key=f"file:{page.folder}{path.removeprefix('./')}#{variable}",
            confidence=Confidence.LIKELY,
            is_test=page.is_test,
        )
        environment = page.root.get("env")
        if environment is not None and environment.is_map:
            yield from credentials_from(page, ((name.text, name.line) for name, _ in environment.entries()), place)


def agentcore(page: Page) -> Found:
    """`.bedrock_agentcore.yaml`: agents with an entry point and an execution role."""
    if not page.name.endswith("bedrock_agentcore.yaml"):
        return
    agents = page.root.get("agents")
    for key, entry in () if agents is None or not agents.is_map else agents.entries():
        if not entry.is_map:
            yield page.gap(key.line, f"agent `{key.text}` is not a mapping")
            continue
        place = page.place(key.line, entry.end)
        entrypoint = entry.string("entrypoint")
        yield AgentSeen(
            place=place,
            role=Role.DEPLOYMENT,
            framework="bedrock-agentcore",
            construct="agentcore-toolkit",
            language="yaml",
            name=entry.string("name") or key.text,
            kind=AgentKind.PRODUCTION,
            key=None if entrypoint is None else f"file:{page.folder}{entrypoint.removeprefix('./')}",
            confidence=Confidence.LIKELY,
            is_test=page.is_test,
        )
        yield from _role(page, entry.get("aws"), place)


def _role(page: Page, aws: Node | None, place: Place) -> Found:
    pair = None if aws is None or not aws.is_map else aws.entry("execution_role")
    if pair is not None and pair[1].value:
        ref = pair[1].value if pair[1].value.startswith("arn:") else f"aws:role/{pair[1].value.rsplit('/', 1)[-1]}"
        yield IdentitySeen(place=page.place(pair[0].line), ref=ref, because="execution_role of the agent", subject=place)
