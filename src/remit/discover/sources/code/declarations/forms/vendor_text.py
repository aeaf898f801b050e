"""Agents in the metadata of Salesforce (XML) and in Snowflake's SQL: read by tags and statements; no entity is followed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

from remit.discover.sources.code.declarations.page import Found, Page, purpose_from, unique
from remit.discover.sources.code.declarations.trees.node import Node
from remit.discover.sources.code.declarations.trees.yaml import parse_yaml
from remit.model.agent import AgentKind
from remit.model.evidence import AgentSeen

_SALESFORCE = re.compile(r"\.(?:genAiPlannerBundle|genAiPlanner)(?:-meta\.xml)?\Z|\.(?:bot)-meta\.xml\Z|\.bot\Z")
_TAG = re.compile(r"<(masterLabel|label|description|genAiPluginName|genAiFunctionName|localTopicName|type|agentType)>([^<]*)</\1>")
_CREATE = re.compile(
    r"^[ \t]*CREATE[ \t\r\n]+(?:OR[ \t]+(?:REPLACE|ALTER)[ \t\r\n]+)?(?:CORTEX[ \t]+)?AGENT[ \t\r\n]+"
    r"(?:IF[ \t]+NOT[ \t]+EXISTS[ \t]+)?([\w.\"$]+)",
    re.IGNORECASE | re.MULTILINE,
)
_MAX_STATEMENT = 100_000
_COMMENT = re.compile(r"COMMENT\s*=\s*'([^']*)'", re.IGNORECASE)


def is_salesforce_agent(path: str) -> bool:
    """Whether a file is the metadata of an agent (a planner, a bot)."""
    return _SALESFORCE.search(path) is not None


def salesforce(page: Page) -> Found:
    """An Agentforce agent: its label, description and topics."""
    tags: dict[str, list[str]] = {}
    lines: dict[str, int] = {}
    for match in _TAG.finditer(page.text):
        tags.setdefault(match[1], []).append(unescape(match[2]).strip())
        lines.setdefault(match[1], page.text.count("\n", 0, match.start()) + 1)
    is_bot = ".bot" in page.name
    if is_bot and not ("agentType" in tags or any("Agent" in kind or "Copilot" in kind for kind in tags.get("type", []))):
        return  # an Einstein bot of rules: no model chooses
    described = lines.get("description")
    yield AgentSeen(
        place=page.place(1, page.text.count("\n") + 1),
        framework="agentforce",
        construct="bot" if is_bot else "genAiPlanner",
        language="xml",
        name=next(iter([*tags.get("masterLabel", []), *tags.get("label", [])]), page.stem),
        aliases=(page.stem,),
        tools=unique([*tags.get("genAiPluginName", []), *tags.get("localTopicName", []), *tags.get("genAiFunctionName", [])]),
        purpose=purpose_from(next(iter(tags.get("description", [])), None)),
        purpose_place=None if described is None else page.place(described),
        kind=AgentKind.MANAGED,
        exposure=("chat",),
        is_test=page.is_test,
    )


def snowflake(page: Page) -> Iterator[AgentSeen]:
    """`CREATE AGENT` statements: the specification between `$$` is YAML."""
    for match in _CREATE.finditer(page.text):
        line = page.text.count("\n", 0, match.start(1)) + 1
        head, specification = _statement(page.text[match.end() : match.end() + _MAX_STATEMENT])
        root = None if specification is None else next(iter(parse_yaml(specification).documents), None)
        comment = _COMMENT.search(head)
        yield AgentSeen(
            place=page.place(line, line + head.count("\n") + (specification or "").count("\n")),
            framework="snowflake",
            construct="CREATE AGENT",
            language="sql",
            name=match[1].replace('"', "").rsplit(".", 1)[-1],
            model=None if root is None else root.string("models", "orchestration"),
            tools=None if root is None else unique(_tools(root)),
            purpose=purpose_from(
                None if comment is None else comment[1],
                None if root is None else root.string("instructions", "system"),
                None if root is None else root.string("instructions", "orchestration"),
                None if root is None else root.string("instructions", "response"),
            ),
            kind=AgentKind.MANAGED,
            is_test=page.is_test,
        )


def _statement(text: str) -> tuple[str, str | None]:
    """(what stands before the specification, the specification between `$$`)."""
    end, quoted = text.find(";"), text.find("$$")
    if quoted < 0 or 0 <= end < quoted:
        return text[: end if end >= 0 else len(text)], None
    return text[:quoted], text[quoted + 2 :].split("$$", 1)[0]


def _tools(root: Node) -> Iterator[str]:
    listed = root.get("tools")
    for item in () if listed is None else listed.items:
        name = item.string("tool_spec", "name") or item.string("name")
        if name:
            yield name
