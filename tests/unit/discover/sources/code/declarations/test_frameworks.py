"""Agents that frameworks and coding agents declare in YAML, JSON and TOML."""

from __future__ import annotations

import pytest
from tests.unit.discover.sources.code.declarations.seen import seen_in

from remit.model.evidence import Role

CREW = """# team
researcher:
  role: >
    Senior Researcher
    of {topic}
  goal: Find things
  backstory: Long story
  llm: openai/gpt-4o
writer:
  role: Writer
  goal: Write
  backstory: Short
tasks:
  research:
    description: x
"""


def test_crewai_entries_are_definitions_that_code_joins_by_their_key() -> None:
    found = seen_in("src/config/agents.yaml", CREW)
    assert not found.agents
    first, second = found.others
    assert (first.role, first.name, first.key, first.place.line, first.model) == (
        Role.DEFINITION,
        "Senior Researcher of {topic}",
        "crewai:src/config/agents.yaml#researcher",
        2,
        "openai/gpt-4o",
    )
    assert (first.purpose, first.aliases, second.name) == ("Find things\n\nLong story", ("researcher",), "Writer")


CAGENT = """version: "2"
agents:
  root:
    model: big
    description: Leads
    instruction: |
      Lead the others.
    sub_agents: [helper]
    toolsets:
      - type: think
      - type: mcp
        ref: docker:duckduckgo
      - type: mcp
        command: npx
        args: [-y, tools]
        tools: [search, fetch]
  helper:
    model: anthropic/claude-sonnet-4-0
    instruction: Help
    toolsets:
      - type: mcp
        name: remote-docs
        remote: {url: 'https://h/sse', transport_type: sse}
models:
  big: {provider: openai, model: gpt-5}
"""


def test_cagent_agents_have_model_tools_delegation_and_servers() -> None:
    found = seen_in("team.yaml", CAGENT)
    root, helper = found.agents
    assert (root.framework, root.name, root.model, root.delegates_to) == ("cagent", "root", "gpt-5", ("helper",))
    assert root.tools == ("think", "duckduckgo", "search", "fetch")
    assert (root.purpose, root.place.line, helper.model, helper.place.line) == (
        "Leads\n\nLead the others.",
        3,
        "anthropic/claude-sonnet-4-0",
        17,
    )
    assert ("remote-docs", "sse") in [(server.name, server.transport) for server in found.servers]


def test_a_mapping_of_agents_with_models_is_read() -> None:
    agent = seen_in("agents.yml", "agents:\n  helper:\n    model: gpt-4o\n    instructions: Help\n    tools: [a]\n").agent
    assert (agent.name, agent.model, agent.tools, agent.purpose) == ("helper", "gpt-4o", ("a",), "Help")


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("datadog.yaml", "agents:\n  image: x\n  enabled: true\n"),
        ("values.yaml", "agents:\n  containers:\n    agent: {env: []}\n"),
        ("jenkins.yaml", "jenkins:\n  agents:\n    - name: linux\n      label: x\n"),
        ("buildkite.yml", "agents:\n  queue: default\nsteps: []\n"),
        ("insurance.json", '{"agents": [{"name": "Bob", "role": "agent", "phone": "1"}]}'),
        ("user-agents.json", '{"agents": {"chrome": "Mozilla", "ff": {"description": "Firefox", "model": null}}}'),
        ("k8s.yaml", "apiVersion: agent.k8s.elastic.co/v1alpha1\nkind: Agent\nmetadata: {name: elastic-agent}\nspec: {version: 8.0.0}\n"),
        ("k8s.yaml", "apiVersion: datadoghq.com/v2alpha1\nkind: DatadogAgent\nmetadata: {name: datadog}\nspec: {}\n"),
        ("swagger.yaml", "openapi: 3.0.0\npaths: {/agents: {get: {description: list agents}}}\n"),
        ("prompts.yaml", "kind: Prompt\ntitle: x\n"),
    ],
)
def test_other_agents_are_none(path: str, text: str) -> None:
    found = seen_in(path, text)
    assert not found.agents
    assert not found.others


def test_mcp_agent_definitions_name_their_servers() -> None:
    text = (
        "mcp:\n"
        "  servers:\n"
        "    fetch: {command: uvx, args: [mcp-server-fetch]}\n"
        "agents:\n"
        "  definitions:\n"
        "    - name: finder\n"
        "      instruction: Find\n"
        "      server_names: [fetch]\n"
    )
    found = seen_in("mcp_agent.config.yaml", text)
    assert (found.agent.framework, found.agent.name, found.agent.mcp_servers, found.agent.place.line) == (
        "mcp-agent",
        "finder",
        ("fetch",),
        6,
    )
    assert found.server.command_or_url == "uvx mcp-server-fetch"


@pytest.mark.parametrize(
    ("text", "framework", "name", "model"),
    [
        ("kind: Prompt\nname: Diag\ninstructions: Diagnose\nmodel:\n  id: gpt-4o\n", "agent-framework", "Diag", "gpt-4o"),
        ("kind: Prompt\nname: Diag\ninstructions: Diagnose\nmodel: {id: =Env.MODEL}\n", "agent-framework", "Diag", None),
        ("name: host\ntemplate:\n  kind: hosted\n  name: inner\n  protocols: [{protocol: responses}]\n", "agent-framework", "inner", None),
        ("type: chat_completion_agent\nname: Chef\ninstructions: Cook\nmodel:\n  id: gpt-4o\n", "semantic-kernel", "Chef", "gpt-4o"),
        ("type: foundry_agent\nname: Chef\ninstructions: Cook\nmodel:\n  id: ${AzureAI:ChatModelId}\n", "semantic-kernel", "Chef", None),
        (
            "agent_class: LlmAgent\nname: adk\nmodel: gemini-2.5-flash\ninstruction: Do agent things\n",
            "google-adk",
            "adk",
            "gemini-2.5-flash",
        ),
    ],
)
def test_declarative_agents_are_read(text: str, framework: str, name: str, model: str | None) -> None:
    agent = seen_in("agent.yaml", text).agent
    assert (agent.framework, agent.name, agent.model) == (framework, name, model)


def test_tools_and_sub_agents_of_an_adk_configuration_are_named() -> None:
    text = (
        "name: root\n"
        "model: m\n"
        "instruction: Do\n"
        "tools:\n"
        "  - name: google_search\n"
        "  - name: pkg.tools.roll\n"
        "sub_agents:\n"
        "  - config_path: helpers/other_agent.yaml\n"
    )
    agent = seen_in("samples/root_agent.yaml", text).agent
    assert (agent.tools, agent.delegates_to, agent.exposure) == (("google_search", "pkg.tools.roll"), ("other_agent",), ("web",))


def test_a_workflow_kind_is_a_grouping() -> None:
    found = seen_in("w.yaml", "kind: Workflow\nname: flow\ntrigger: {kind: OnConversationStart}\ndescription: agent flow\n")
    assert [other.role for other in found.others] == [Role.GROUPING]


@pytest.mark.parametrize(
    ("path", "text", "name", "tools"),
    [
        (
            ".kiro/agents/dev.json",
            '{"name": "dev", "prompt": "Do", "tools": ["read", "write"], "mcpServers": {}}',
            "dev",
            ("read", "write"),
        ),
        (".amazonq/cli-agents/ops.json", '{"description": "Ops", "prompt": "Do", "tools": ["*"]}', "ops", None),
        (
            ".codex/agents/review.toml",
            'name = "review"\ndescription = "d"\ndeveloper_instructions = "Do"\nmodel = "gpt-5"\n',
            "review",
            None,
        ),
        (
            "opencode.json",
            '{"agent": {"plan": {"description": "Plans", "model": "m", "tools": {"write": false, "read": true}}}}',
            "plan",
            ("read",),
        ),
        (
            ".roomodes",
            "customModes:\n  - slug: docs\n    name: Docs\n    roleDefinition: You write\n    groups: [read, [edit, {fileRegex: x}]]\n",
            "docs",
            ("read",),
        ),
        (
            ".goose/recipes/triage.yaml",
            "title: Triage\ndescription: d\ninstructions: Do\nextensions:\n  - type: stdio\n    name: gh\n    cmd: npx\n",
            "Triage",
            ("gh",),
        ),
    ],
)
def test_coding_agents_own_files_are_agents(path: str, text: str, name: str, tools: tuple[str, ...] | None) -> None:
    agent = seen_in(path, text).agent
    assert (agent.name, agent.tools) == (name, tools)


def test_langgraph_json_deploys_what_code_defines() -> None:
    found = seen_in("app/langgraph.json", '{"graphs": {\n"agent": "./src/graph.py:make",\n"bad": 3.5e}, "env": {"OPENAI_API_KEY": ""}}')
    assert [(other.role, other.name, other.key, other.place.line) for other in found.others][:1] == [
        (Role.DEPLOYMENT, "agent", "file:app/src/graph.py#make", 2)
    ]
    assert "OPENAI_API_KEY" in [credential.name for credential in found.credentials]


def test_a_document_that_is_one_agent_is_read_and_a_prompt_is_not() -> None:
    agent = seen_in("agent.yaml", "name: desk\nmodel: gpt-4o\ninstructions: Help\ntools: [search]\n").agent
    assert (agent.framework, agent.name, agent.model, agent.tools) == ("yaml-agent", "desk", "gpt-4o", ("search",))
    assert not seen_in("prompt.yaml", "name: desk\nmodel: gpt-4o\ninstructions: Help\n").agents


def test_people_with_a_role_and_a_goal_are_no_crew() -> None:
    assert not seen_in("personas.json", '{"ada": {"role": "Doctor", "goal": "heal"}}').others
    assert seen_in("team.json", '{"ada": {"role": "Doctor", "goal": "heal", "backstory": "long"}}').others
