"""Agents of platforms as they are exported: AutoGen components, Microsoft 365 declarative agents, Copilot Studio, ARM and Bicep."""

from __future__ import annotations

import re
from collections.abc import Iterator

from remit.discover.sources.code.declarations.facts import facts
from remit.discover.sources.code.declarations.page import Found, Page, purpose_from, unique
from remit.discover.sources.code.declarations.trees.node import Node
from remit.model.agent import AgentKind
from remit.model.evidence import AgentSeen, Role

_M365 = re.compile(r"declarative-agent|declarativeAgent", re.IGNORECASE)
_BICEP = re.compile(r"^[ \t]*resource[ \t]+(\w+)[ \t]+'([^'@]+)@[^']*'[ \t]*(?:existing[ \t]*)?=", re.MULTILINE)
_BICEP_NAME = re.compile(r"^[ \t]*name:[ \t]*'([^'$]+)'", re.MULTILINE)
_BICEP_TEXT = re.compile(r"\b(model|instructions|description):[ \t]*'((?:[^'\\]|\\.)*)'")


def autogen(page: Page) -> Found:
    """Components that AutoGen writes: `provider` names the class, `config` its arguments. Agents inside a team count by themselves."""
    if "autogen" not in page.text:
        return
    table = facts("declarations")["autogen"]
    for node in page.root.walk():
        provider = node.string("provider") if node.is_map else None
        config = node.get("config") if provider is not None else None
        if provider is None or config is None or not config.is_map or "autogen" not in provider:
            continue
        name = provider.rsplit(".", 1)[-1]
        if name in table["agents"] or name in table["groupings"]:
            yield _component(page, node, config, name, is_grouping=name in table["groupings"])


def _component(page: Page, node: Node, config: Node, construct: str, *, is_grouping: bool) -> AgentSeen:
    described = config.entry("system_message") or config.entry("description")
    tools: list[str] = []
    for item in (config.get("tools") or config.get("handoffs") or Node(shape=node.shape, line=node.line, end=node.line)).items:
        named = item.string("config", "name") or item.string("label") or item.string("name") or item.value
        tools.extend([named] if named else [])
    workbench = config.get("workbench")
    for bench in () if workbench is None else workbench.elements():
        listed = bench.get("config", "tools") if bench.is_map else None
        tools.extend(name for item in (() if listed is None else listed.items) if (name := item.string("config", "name")))
    return AgentSeen(
        place=page.place(node),
        role=Role.GROUPING if is_grouping else Role.AGENT,
        framework="autogen",
        construct=construct,
        language=page.language,
        name=config.string("name") or node.string("label"),
        model=config.string("model_client", "config", "model"),
        tools=unique(tools),
        purpose=purpose_from(config.string("description"), config.string("system_message")),
        purpose_place=None if described is None else page.place(described[0].line),
        is_test=page.is_test,
    )


def microsoft365(page: Page) -> Found:
    """A declarative agent of Microsoft 365 Copilot: instructions, capabilities and actions."""
    root = page.root
    if not root.is_map:
        return
    schema = f"{root.string('$schema') or ''} {page.name}"
    has_parts = any(root.entry(key) is not None for key in ("capabilities", "actions", "conversation_starters"))
    if root.entry("instructions") is None or _M365.search(schema) is None or not (has_parts or root.entry("version") is not None):
        return
    words = root.entry("instructions") or root.entry("description")
    instructions = root.string("instructions")
    file = re.fullmatch(r"\$\[file\('([^']+)'\)\]", instructions or "")
    if file is not None:
        other = page.project.file(f"{page.folder}{file[1]}")
        instructions = None if other is None else other.text
    capabilities, actions = root.get("capabilities"), root.get("actions")
    tools = [name for item in (() if capabilities is None else capabilities.items) if (name := item.string("name"))]
    tools += [name for item in (() if actions is None else actions.items) if (name := item.string("id") or item.string("file"))]
    yield AgentSeen(
        place=page.place(root),
        framework="m365-copilot",
        construct="declarativeAgent",
        language="json",
        name=root.string("name") or page.stem,
        aliases=(page.stem,),
        tools=unique(tools),
        purpose=purpose_from(root.string("description"), instructions),
        purpose_place=None if words is None else page.place(words[0].line),
        kind=AgentKind.MANAGED,
        exposure=unique(
            kind
            for name in tools
            for kind in {
                "WebSearch": ["web"],
                "OneDriveAndSharePoint": ["documents"],
                "TeamsMessages": ["chat"],
                "Email": ["mail"],
                "GraphConnectors": ["documents"],
            }.get(name, [])
        ),
        is_test=page.is_test,
    )


def copilot_studio(page: Page) -> Found:
    """Copilot Studio: `kind: GptComponentMetadata` (`*.mcs.yml`), and the bot's `configuration.json` with generative orchestration."""
    root = page.root
    if not root.is_map:
        return
    if page.language == "yaml" and root.string("kind") == "GptComponentMetadata":
        words = root.entry("instructions")
        yield AgentSeen(
            place=page.place(root),
            framework="copilot-studio",
            construct="GptComponentMetadata",
            language="yaml",
            name=root.string("displayName") or _folder_name(page),
            aliases=(page.stem,),
            model=root.string("aISettings", "model", "modelNameHint"),
            purpose=purpose_from(root.string("description"), root.string("instructions")),
            purpose_place=None if words is None else page.place(words[0].line),
            kind=AgentKind.MANAGED,
            exposure=("chat",),
            is_test=page.is_test,
        )
    elif (
        page.language == "json"
        and "bots/" in page.path
        and page.name == "configuration.json"
        and root.string("$kind") == "BotConfiguration"
    ):
        yield AgentSeen(
            place=page.place(root),
            framework="copilot-studio",
            construct="BotConfiguration",
            language="json",
            name=page.folder.rstrip("/").rsplit("/", 1)[-1],
            kind=AgentKind.MANAGED,
            exposure=("chat",),
            is_test=page.is_test,
        )


def _folder_name(page: Page) -> str:
    return page.folder.rstrip("/").rsplit("/", 1)[-1] or page.stem


def make(page: Page) -> Found:
    """Agents among the modules of a blueprint of Make."""
    if '"ai-agent:' not in page.text:
        return
    for node in page.root.walk():
        module = node.string("module") if node.is_map else None
        if module is None or not module.startswith("ai-agent:"):
            continue
        words = node.get("mapper", "systemPrompt") or node.get("mapper", "instructions") or node.get("mapper", "prompt")
        yield AgentSeen(
            place=page.place(node),
            framework="make",
            construct=module,
            language="json",
            name=node.string("metadata", "designer", "name") or node.string("mapper", "agentName") or module.rpartition(":")[2],
            model=node.string("mapper", "model"),
            purpose=None if words is None else purpose_from(words.value),
            purpose_place=None if words is None else page.place(words.line),
            kind=AgentKind.MANAGED,
            is_test=page.is_test,
        )


def arm(page: Page) -> Found:
    """Agents among the resources of an ARM template."""
    resources = page.root.get("resources") if page.root.is_map else None
    if resources is None or "deploymentTemplate.json" not in (page.root.string("$schema") or ""):
        return
    wanted = {name.lower() for name in facts("iac")["azapi"]["agents"]}
    for item in resources.children():
        kind = item.string("type") if item.is_map else None
        if kind is not None and kind.lower() in wanted:
            name = item.string("name")
            yield AgentSeen(
                place=page.place(item),
                framework="arm",
                construct=kind,
                language="json",
                name=None if name is None or name.startswith("[") else name.rsplit("/", 1)[-1],
                model=item.string("properties", "definition", "model") or item.string("properties", "model"),
                purpose=purpose_from(item.string("properties", "definition", "instructions") or item.string("properties", "instructions")),
                kind=AgentKind.MANAGED,
                is_test=page.is_test,
            )


def bicep_agents(page: Page) -> Iterator[AgentSeen]:
    """Agents among the resources of a Bicep file, by the type of the resource."""
    wanted = {name.lower() for name in facts("iac")["azapi"]["agents"]}
    text = page.text
    starts = list(_BICEP.finditer(text))
    for number, match in enumerate(starts):
        if match[2].lower() not in wanted or "existing" in match[0]:
            continue
        body = text[match.end() : starts[number + 1].start() if number + 1 < len(starts) else len(text)]
        name = _BICEP_NAME.search(body)
        texts = {found[1]: found[2] for found in _BICEP_TEXT.finditer(body)}
        line = text.count("\n", 0, match.start() + len(match[0]) - len(match[0].lstrip())) + 1
        model = texts.get("model")
        yield AgentSeen(
            place=page.place(line, line + body.rstrip().count("\n")),
            framework="bicep",
            construct=match[2],
            language="bicep",
            name=None if name is None else name[1].rsplit("/", 1)[-1],
            aliases=(match[1],),
            model=None if model is None or "${" in model else model,
            purpose=purpose_from(texts.get("description"), texts.get("instructions")),
            kind=AgentKind.MANAGED,
            is_test=page.is_test,
        )
