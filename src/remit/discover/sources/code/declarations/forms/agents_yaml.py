"""Agents in YAML, JSON and TOML of frameworks: CrewAI, cagent, mcp-agent, Microsoft, Semantic Kernel, ADK, coding agents' own files."""

from __future__ import annotations

from collections.abc import Iterator

from remit.discover.sources.code.declarations.facts import facts
from remit.discover.sources.code.declarations.forms.markdown import exposure_of
from remit.discover.sources.code.declarations.forms.mcp_servers import servers_under
from remit.discover.sources.code.declarations.page import Found, Page, credentials_from, purpose_from, unique, variables_in
from remit.discover.sources.code.declarations.trees.node import Node
from remit.model.agent import AgentKind
from remit.model.evidence import AgentSeen, Role
from remit.model.place import Confidence, Place

_MODEL_KEYS = ("model", "llm", "model_id", "modelId", "model_name", "chat_model", "models")
_MODEL_NAMES = ("id", "model", "model_id", "name", "modelId", "model_name")


_OTHER_DOCUMENTS = ("kind", "apiVersion", "agent_class", "type", "services", "jobs", "agents", "title", "on", "role", "template")


def crewai(page: Page) -> Found:
    """Entries with a role, a goal and a backstory: definitions that code elsewhere names by their key."""
    for key, entry in _crew_entries(page):
        goal = entry.entry("goal") or entry.entry("backstory")
        role = entry.string("role")
        tools = entry.get("tools")
        yield AgentSeen(
            place=page.place(key.line, entry.end),
            role=Role.DEFINITION,
            framework="crewai",
            construct="agents.yaml",
            language=page.language,
            name=" ".join(role.split()) if role is not None else key.text,
            aliases=(key.text,),
            model=_model(page, entry),
            tools=() if tools is None else _names(tools),
            purpose=purpose_from(entry.string("goal"), entry.string("backstory")),
            purpose_place=None if goal is None else page.place(goal[0].line),
            key=f"crewai:{page.path}#{key.text}",
            is_test=page.is_test,
        )


def _crew_entries(page: Page) -> Iterator[tuple[Node, Node]]:
    """Entries of the file, or of its `agents`; a file that is not named for agents must have all that CrewAI requires."""
    is_named = "agent" in page.name.lower() or "crew" in page.path.lower()
    roots = [page.root, *(inner for key in ("agents", "roles") if (inner := page.root.get(key)) is not None)]
    for root in roots:
        for key, entry in root.entries():
            if is_crew_entry(entry) and (is_named or entry.has("goal", "backstory")):
                yield key, entry
        for entry in root.items:
            if is_crew_entry(entry) and entry.has("goal", "backstory"):
                yield entry.get("name") or entry, entry


def is_crew_entry(entry: Node) -> bool:
    """Whether an entry is CrewAI's, and so not another framework's."""
    return entry.is_map and entry.has("role") and (entry.has("goal") or entry.has("backstory"))


def _names(node: Node) -> tuple[str, ...]:
    names: list[str] = []
    if node.is_map:
        return unique(key.text for key, value in node.entries() if not (value.is_scalar and value.text.lower() == "false"))
    for item in node.elements():
        if item.is_map:
            name = (
                item.string("name")
                or item.string("tool_name")
                or item.string("id")
                or item.string("type")
                or item.string("kind")
                or next(iter(item.keys()), None)
            )
            if name:
                names.append(name)
        elif item.value:
            names.append(item.value)
    return unique(names)


def _model(page: Page, entry: Node) -> str | None:
    """The model of an entry, through a table of models in the same file where the entry only names one of them."""
    node = entry.first(*_MODEL_KEYS)
    if node is None:
        return None
    if node.is_map:
        return _settled(next((text for key in _MODEL_NAMES if (text := node.string(key))), None))
    written = next(iter(node.strings()), None)
    models = page.root.get("models")
    named = models.get(written) if models is not None and models.is_map and written is not None else None
    if named is not None and named.is_map:
        written = named.string("model") or named.string("name") or named.string("id")
    return _settled(written)


def _settled(written: str | None) -> str | None:
    """A value that no expression (`=Env.X`, `${X}`, `$X`) makes."""
    if written is None or "${" in written or "{{" in written or written.startswith(("=", "$")):
        return None
    return written


def agent_mapping(page: Page) -> Found:
    """A mapping `agents:` whose entries have a model and an instruction or description (cagent, samples with compose)."""
    agents = page.root.get("agents") if page.root.is_map else None
    if (
        agents is None
        or not agents.is_map
        or (
            page.root.entry("services") is not None
            and page.root.entry("models") is not None
            and page.name.startswith(("compose", "docker-compose"))
        )
    ):
        return
    table = facts("declarations")["yaml"]
    is_cagent = page.root.entry("models") is not None or any(
        entry.is_map and (entry.has("toolsets") or entry.has("sub_agents")) for _, entry in agents.entries()
    )
    for key, entry in agents.entries():
        if not entry.is_map or is_crew_entry(entry):
            continue
        has_model = entry.first(*table["model_keys"]) is not None
        has_words = entry.first(*table["instruction_keys"]) is not None
        if not (has_words and (has_model or is_cagent)):
            continue
        yield from _entry(page, key.text, entry, page.place(key.line, entry.end), "cagent" if is_cagent else "yaml-agent", "agents")


def _entry(page: Page, name: str, entry: Node, place: Place, framework: str, construct: str) -> Found:
    words = (
        entry.entry("instruction")
        or entry.entry("instructions")
        or entry.entry("system_prompt")
        or entry.entry("prompt")
        or entry.entry("description")
    )
    tools = _tools(entry)
    yield AgentSeen(
        place=place,
        framework=framework,
        construct=construct,
        language=page.language,
        name=name,
        aliases=tuple(alias for alias in (entry.string("name"), entry.string("id")) if alias and alias != name),
        model=_model(page, entry),
        tools=tools,
        purpose=purpose_from(
            entry.string("description"),
            *(
                _words(entry.get(key))
                for key in ("instruction", "instructions", "system_prompt", "systemPrompt", "system_message", "prompt")
            ),
        ),
        purpose_place=None if words is None else page.place(words[0].line),
        delegates_to=_delegates(entry),
        mcp_servers=_servers(entry),
        exposure=exposure_of(tools or ()),
        is_test=page.is_test,
    )
    yield from _toolset_servers(page, entry)
    yield from credentials_from(page, variables_in(entry), place)


def _words(node: Node | None) -> str | None:
    if node is None:
        return None
    return node.value if node.is_scalar else "\n".join(node.strings()) or None


def _tools(entry: Node) -> tuple[str, ...] | None:
    toolsets = entry.get("toolsets")
    tools = entry.get("tools")
    if toolsets is None:
        return () if tools is None else _names(tools)
    names: list[str] = list(_names(tools)) if tools is not None else []
    for item in toolsets.elements():
        if not item.is_map:
            names.extend(item.strings())
            continue
        listed = item.get("tools")
        if listed is not None and listed.is_list and item.string("type") in {"mcp", "openapi", "a2a"}:
            names.extend(_names(listed))
            continue
        reference = item.string("ref")
        name = item.string("name") or (reference.rsplit(":", 1)[-1].rsplit("/", 1)[-1] if reference else None)
        names.append((name if item.string("type") == "mcp" else None) or item.string("type") or name or "toolset")
    return unique(names)


def _toolset_servers(page: Page, entry: Node) -> Found:
    toolsets = entry.get("toolsets")
    for item in () if toolsets is None else toolsets.items:
        if item.is_map and item.string("type") == "mcp":
            remote = item.get("remote")
            body = remote if remote is not None and remote.is_map else item
            name = item.get("name") or item.get("ref") or body.get("url") or item.get("command")
            if name is not None and name.value:
                yield from servers_under(
                    page, Node(shape=item.shape, line=item.line, end=item.end, pairs=((name, body),)), "cagent", strict=False
                )


def _delegates(entry: Node) -> tuple[str, ...]:
    found: list[str] = []
    for key in ("sub_agents", "handoffs", "subagents", "sub-agents", "subAgents", "agents"):
        node = entry.get(key)
        for item in () if node is None or not (node.is_list or node.is_scalar) else node.elements():
            name = item.value or (item.string("name") or item.string("agent") or item.string("config_path") if item.is_map else None)
            if name:
                found.append(name.rsplit("/", 1)[-1].removesuffix(".yaml") if name.endswith(".yaml") else name)
    return unique(found)


def _servers(entry: Node) -> tuple[str, ...]:
    node = entry.first("server_names", "servers", "mcp_servers", "mcpServers")
    if node is None:
        return ()
    return node.keys() if node.is_map else node.strings()


def mcp_agent(page: Page) -> Found:
    """`agents.definitions` of an mcp-agent configuration, and lists of agents with a name and an instruction."""
    agents = page.root.get("agents") if page.root.is_map else None
    if agents is None:
        return
    definitions = agents.get("definitions") if agents.is_map else agents
    for entry in () if definitions is None or not definitions.is_list else definitions.items:
        if not entry.is_map or is_crew_entry(entry):
            continue
        name = entry.string("name") or entry.string("id")
        has_words = (
            entry.first("instruction", "instructions", "system_prompt", "systemPrompt", "system_message", "prompt", "description")
            is not None
        )
        is_agent = agents.is_map or any(
            entry.entry(key) is not None
            for key in ("model", "llm", "tools", "toolsets", "servers", "server_names", "instruction", "instructions", "system_prompt")
        )
        if name and has_words and is_agent:
            framework = "mcp-agent" if agents.is_map or entry.has("server_names") else "yaml-agent"
            yield from _entry(page, name, entry, page.place(entry), framework, "agents.definitions" if agents.is_map else "agents")


def microsoft(page: Page) -> Found:
    """`kind: Prompt` and its siblings (Microsoft's declarative agents), and Semantic Kernel's `type: chat_completion_agent`."""
    root = page.root
    if not root.is_map or root.entry("apiVersion") is not None:
        return
    for body, outer in _definitions(root):
        kind = body.string("kind") or ""
        table = facts("declarations")["microsoft"]
        has_words = body.first("instructions", "model", "tools", "protocols", "description", "trigger", "container") is not None
        if (
            kind.lower() in {name.lower() for name in (*table["kinds"], *table["groupings"])}
            and has_words
            and (kind != "Agent" or body.entry("instructions") is not None)
        ):
            is_grouping = kind.lower() in {name.lower() for name in table["groupings"]}
            yield from _document(page, body, "agent-framework", f"kind:{kind}", outer, role=Role.GROUPING if is_grouping else Role.AGENT)
            return
        if (body.string("type") or "") in facts("declarations")["semantic_kernel"]["types"]:
            yield from _document(page, body, "semantic-kernel", f"type:{body.string('type')}", outer)
            return


def _definitions(root: Node) -> Iterator[tuple[Node, Node]]:
    """A document and what it wraps: Foundry's manifests keep the agent under `template` or `definition`."""
    yield root, root
    for key in ("template", "definition", "agent"):
        inner = root.get(key)
        if inner is not None and inner.is_map:
            yield inner, root


def _document(page: Page, body: Node, framework: str, construct: str, outer: Node, *, role: Role = Role.AGENT) -> Found:
    described = body.entry("instructions") or body.entry("instruction") or body.entry("description")
    tools = body.get("tools")
    names = _names(tools) if tools is not None else ()
    place = page.place(outer)
    yield AgentSeen(
        place=place,
        role=role,
        framework=framework,
        construct=construct,
        language=page.language,
        name=body.string("name") or outer.string("name") or body.string("id") or page.stem,
        aliases=tuple(alias for alias in (body.string("displayName"), page.stem) if alias),
        model=_model(page, body),
        tools=names,
        purpose=purpose_from(
            body.string("description") or outer.string("description"), _words(body.get("instructions")), _words(body.get("instruction"))
        ),
        purpose_place=None if described is None else page.place(described[0].line),
        delegates_to=_delegates(body),
        exposure=exposure_of(names),
        is_test=page.is_test,
    )
    yield from credentials_from(page, variables_in(body), place)


def single_agent(page: Page) -> Found:
    """A document that is one agent of no framework we know: a name, a model, instructions and tools at its top."""
    root = page.root
    name = root.string("name") if root.is_map else None
    if name is None or any(root.entry(key) is not None for key in _OTHER_DOCUMENTS) or _is_adk(page):
        return
    has_words = root.first("instruction", "instructions", "system_prompt", "systemPrompt", "system_message") is not None
    if has_words and root.first(*_MODEL_KEYS) is not None and (root.entry("tools") is not None or root.entry("toolsets") is not None):
        yield from _entry(page, name, root, page.place(root), "yaml-agent", "document")


def adk(page: Page) -> Found:
    """Google ADK's agent configuration: `agent_class`, or a `root_agent.yaml` with a name, a model and an instruction."""
    root = page.root
    if not root.is_map:
        return
    table = facts("declarations")["adk"]
    class_name = (root.string("agent_class") or "").rsplit(".", 1)[-1]
    if not _is_adk(page):
        return
    is_grouping = class_name in table["groupings"]
    yield from _document(page, root, "google-adk", class_name or "LlmAgent", root, role=Role.GROUPING if is_grouping else Role.AGENT)


def _is_adk(page: Page) -> bool:
    root = page.root
    if root.entry("agent_class") is not None or "AgentConfig.json" in page.text[:400]:
        return True
    return page.name == "root_agent.yaml" and root.has("name", "instruction")


def client_agents(page: Page) -> Found:
    """The agent files of coding agents in JSON, TOML and YAML: Amazon Q, Kiro, Codex, opencode, Roo's modes, Goose recipes."""
    root = page.root
    if not root.is_map:
        return
    path = "/" + page.path.lower()
    if (
        any(part in path for part in ("/cli-agents/", ".amazonq/agents/", "/amazonq/agents/", ".kiro/agents/", ".aws/amazonq/agents/"))
        and page.language == "json"
    ):
        if root.first("prompt", "description", "tools", "name") is not None:
            yield from _client_agent(
                page,
                root,
                root.string("name") or page.stem,
                page.place(root),
                "amazon-q" if "amazonq" in path or "cli-agents" in path else "kiro",
            )
    elif ".codex/agents/" in path and page.language == "toml":
        yield from _client_agent(page, root, root.string("name") or page.stem, page.place(root), "codex")
    elif page.name in {"opencode.json", "opencode.jsonc", ".opencode.json"}:
        for key, entry in _entries_of(root, "agent", "agents", "mode"):
            yield from _client_agent(page, entry, key.text, page.place(key.line, entry.end), "opencode")
    elif page.name.startswith(".roomodes") or page.name.endswith(("custom_modes.yaml", "custom_modes.json", ".kilocodemodes")):
        modes = root.get("customModes")
        for mode in () if modes is None else modes.items:
            if mode.is_map and (name := mode.string("slug") or mode.string("name")):
                yield from _client_agent(page, mode, name, page.place(mode), "roo-code")
    elif _is_recipe(page):
        yield from _recipe(page)


def _entries_of(root: Node, *keys: str) -> Iterator[tuple[Node, Node]]:
    for key in keys:
        node = root.get(key)
        if node is not None and node.is_map:
            yield from ((name, entry) for name, entry in node.entries() if entry.is_map and not entry.is_empty)


def _client_agent(page: Page, entry: Node, name: str, place: Place, client: str) -> Found:
    described = (
        entry.entry("description")
        or entry.entry("prompt")
        or entry.entry("roleDefinition")
        or entry.entry("developer_instructions")
        or entry.entry("instructions")
    )
    tools_node = entry.first("tools", "groups", "allowedTools")
    tools = None if tools_node is None else _names(tools_node)
    yield AgentSeen(
        place=place,
        framework="client-agent",
        construct=client,
        language=page.language,
        name=name,
        aliases=tuple(alias for alias in (entry.string("name"), page.stem) if alias and alias != name),
        model=entry.string("model"),
        tools=None if tools == ("*",) else tools,
        purpose=purpose_from(
            *(
                _words(entry.get(key))
                for key in ("description", "prompt", "roleDefinition", "developer_instructions", "instructions", "customInstructions")
            )
        ),
        purpose_place=None if described is None else page.place(described[0].line),
        mcp_servers=_servers(entry),
        kind=AgentKind.LOCAL,
        exposure=exposure_of(tools or ()),
        is_test=page.is_test,
    )


def _is_recipe(page: Page) -> bool:
    root = page.root
    has_prompt = root.first("instructions", "prompt") is not None
    return (
        has_prompt
        and root.has("title", "description")
        and ("recipe" in page.path.lower() or "goose" in page.path.lower() or root.entry("extensions") is not None)
    )


def _recipe(page: Page) -> Found:
    root = page.root
    place = page.place(root)
    described = root.entry("description")
    extensions = root.get("extensions")
    names = _names(extensions) if extensions is not None else ()
    yield AgentSeen(
        place=place,
        framework="goose",
        construct="recipe",
        language=page.language,
        name=root.string("title") or page.stem,
        aliases=(page.stem,),
        model=root.string("settings", "goose_model"),
        tools=names,
        purpose=purpose_from(root.string("description"), _words(root.get("instructions")), _words(root.get("prompt"))),
        purpose_place=None if described is None else page.place(described[0].line),
        delegates_to=tuple(name for name in (_sub_recipe(item) for item in (root.get("sub_recipes") or root).items) if name),
        exposure=exposure_of(names),
        confidence=Confidence.CERTAIN,
        is_test=page.is_test,
    )
    if extensions is not None:
        yield from servers_under(page, extensions, "goose", strict=False)
    yield from credentials_from(page, variables_in(root), place)


def _sub_recipe(item: Node) -> str | None:
    return item.string("name") if item.is_map else None
