"""Nodes of low-code exports that are agents are found with the model and tools that other nodes give them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.unit.discover.sources.code.declarations.seen import seen_in

from remit.model.agent import Autonomy
from remit.model.evidence import Role
from remit.model.place import Confidence

LANGCHAIN = "@n8n/n8n-nodes-langchain."


def n8n(
    *, agent: str = "agent", trigger: str = "n8n-nodes-base.gmailTrigger", model: Any = "gpt-4o", more: dict[str, Any] | None = None
) -> dict[str, Any]:
    return {
        "name": "flow",
        "nodes": [
            {"name": "When", "type": trigger, "parameters": {}},
            {
                "name": "Helper",
                "type": LANGCHAIN + agent,
                "parameters": {"text": "={{ $json.text }}", "options": {"systemMessage": "=You help."}},
                **(more or {}),
            },
            {
                "name": "Main model",
                "type": LANGCHAIN + "lmChatOpenAi",
                "parameters": {"model": model},
                "credentials": {"openAiApi": {"id": "1", "name": "OpenAI of sales"}},
            },
            {"name": "Spare model", "type": LANGCHAIN + "lmChatGroq", "parameters": {"model": "spare"}},
            {"name": "Search", "type": LANGCHAIN + "toolSerpApi", "parameters": {}, "credentials": {"serpApi": {"name": "Serp"}}},
            {"name": "Store", "type": LANGCHAIN + "vectorStoreQdrant", "parameters": {}},
            {"name": "Embed", "type": LANGCHAIN + "embeddingsOpenAi", "credentials": {"openAiApi": {"name": "Embedder"}}},
        ],
        "connections": {
            "When": {"main": [[{"node": "Helper", "type": "main", "index": 0}]]},
            "Spare model": {"ai_languageModel": [[{"node": "Helper", "type": "ai_languageModel", "index": 1}]]},
            "Main model": {"ai_languageModel": [[{"node": "Helper", "type": "ai_languageModel", "index": 0}]]},
            "Search": {"ai_tool": [[{"node": "Helper", "type": "ai_tool", "index": 0}]]},
            "Store": {"ai_tool": [[{"node": "Helper", "type": "ai_tool", "index": 0}]]},
            "Embed": {"ai_embedding": [[{"node": "Store", "type": "ai_embedding", "index": 0}]]},
        },
    }


@pytest.mark.parametrize(
    "wrap", [lambda flow: flow, lambda flow: [flow], lambda flow: {"workflow": flow}, lambda flow: {"data": [{"workflow": flow}]}]
)
def test_an_n8n_agent_has_what_is_joined_to_it(wrap: Any) -> None:
    found = seen_in("flow.json", json.dumps(wrap(n8n()), indent=1))
    agent = found.agent
    assert (agent.name, agent.construct, agent.model, agent.tools) == ("Helper", "agent", "gpt-4o", ("Search", "Store"))
    assert (agent.purpose, agent.autonomy) == ("You help.", Autonomy.EVENT)
    assert set(agent.exposure) >= {"mail", "web"}
    assert {identity.ref for identity in found.identities} == {
        "n8n:credential/OpenAI of sales",
        "n8n:credential/Serp",
        "n8n:credential/Embedder",
    }


def test_the_line_of_an_n8n_agent_is_that_of_its_node() -> None:
    text = json.dumps(n8n(), indent=1)
    expected = next(number for number, line in enumerate(text.split("\n"), 1) if '"Helper"' in line) - 1
    assert seen_in("flow.json", text).agent.place.line == expected


@pytest.mark.parametrize(
    ("model", "expected"),
    [({"__rl": True, "value": "m", "mode": "list"}, "m"), ("={{ $json.model }}", None), ({"__rl": True, "value": ""}, None)],
)
def test_a_model_that_an_expression_makes_is_unknown(model: Any, expected: str | None) -> None:
    assert seen_in("f.json", json.dumps(n8n(model=model))).agent.model == expected


@pytest.mark.parametrize(
    "kind", ["chainLlm", "chainRetrievalQa", "textClassifier", "informationExtractor", "lmChatOpenAi", "memoryBufferWindow"]
)
def test_n8n_nodes_that_only_ask_a_model_are_none(kind: str) -> None:
    assert not seen_in("f.json", json.dumps(n8n(agent=kind))).agents


def test_an_openai_node_is_an_agent_with_tools_or_as_an_assistant_only() -> None:
    assert seen_in("f.json", json.dumps(n8n(agent="openAi"))).agent.construct == "openAi"
    alone = n8n(agent="openAi")
    alone["connections"] = {}
    assert not seen_in("f.json", json.dumps(alone)).agents
    alone["nodes"][1]["parameters"] = {"resource": "assistant", "assistantId": {"value": "asst_1"}}
    assert seen_in("f.json", json.dumps(alone)).agent.model is None


def test_a_disabled_n8n_agent_is_only_likely() -> None:
    assert seen_in("f.json", json.dumps(n8n(more={"disabled": True}))).agent.confidence is Confidence.LIKELY


def test_an_agent_used_as_a_tool_is_an_agent_and_delegation() -> None:
    flow = n8n()
    flow["nodes"][4] = {"name": "Search", "type": LANGCHAIN + "agentTool", "parameters": {"toolDescription": "searches"}}
    found = seen_in("f.json", json.dumps(flow))
    assert [(agent.name, agent.delegates_to) for agent in found.agents] == [("Helper", ("Search",)), ("Search", ())]


def test_a_broken_export_is_read_as_far_as_it_goes() -> None:
    text = json.dumps(n8n(), indent=1)
    found = seen_in("f.json", text.replace('"connections"', '"x": ,\n "connections"') + "\ntrailing words")
    assert found.agent.model == "gpt-4o"
    assert found.gaps
    assert not any(gap.is_file for gap in found.gaps)


DIFY = """app:
  name: Shop
  mode: {mode}
kind: app
model_config:
  model: {{name: gpt-4o, provider: openai}}
  pre_prompt: Help the customer.
  agent_mode:
    enabled: true
    tools:
      - {{tool_name: current_time, enabled: true}}
      - {{tool_name: hidden, enabled: false}}
"""


def test_a_dify_agent_app_is_an_agent() -> None:
    agent = seen_in("a.yml", DIFY.format(mode="agent-chat")).agent
    assert (agent.name, agent.model, agent.tools, agent.purpose) == ("Shop", "gpt-4o", ("current_time",), "Help the customer.")


def test_dify_agent_nodes_count_and_llm_nodes_do_not() -> None:
    text = """kind: app
app: {name: Flow, mode: workflow}
workflow:
  graph:
    nodes:
      - data: {type: llm, title: Ask, model: {name: m}}
        id: '1'
      - data:
          type: agent
          title: Plan
          agent_parameters:
            instruction: {type: constant, value: Plan it}
            model: {type: constant, value: {model: m2, provider: p}}
            tools: {type: constant, value: [{tool_name: t1, enabled: true}]}
        id: '2'
"""
    agent = seen_in("a.yml", text).agent
    assert (agent.name, agent.model, agent.tools, agent.purpose, agent.place.line) == ("Plan", "m2", ("t1",), "Plan it", 8)


def flowise(nodes: list[dict[str, Any]], edges: list[dict[str, Any]]) -> str:
    return json.dumps({"nodes": nodes, "edges": edges})


def test_flowise_agents_of_both_generations_are_read() -> None:
    nodes = [
        {
            "id": "chat_0",
            "data": {
                "id": "chat_0",
                "name": "chatOpenAI",
                "category": "Chat Models",
                "inputs": {"modelName": "gpt-4o"},
                "credential": "c-1",
            },
        },
        {"id": "calc_0", "data": {"id": "calc_0", "name": "calculator", "label": "Calculator", "category": "Tools", "inputs": {}}},
        {"id": "tool_0", "data": {"id": "tool_0", "name": "toolAgent", "label": "Tool Agent", "inputs": {"systemMessage": "Be kind"}}},
        {
            "id": "a2",
            "data": {
                "id": "a2",
                "name": "agentAgentflow",
                "label": "Seller",
                "inputs": {
                    "agentModelConfig": {"modelName": "claude"},
                    "agentTools": [{"agentSelectedTool": "mail"}],
                    "agentMessages": [{"role": "system", "content": "Sell"}],
                },
            },
        },
        {"id": "llm", "data": {"id": "llm", "name": "llmAgentflow", "label": "Only asks", "inputs": {}}},
    ]
    edges = [{"source": "chat_0", "target": "tool_0", "targetHandle": "tool_0-input-model"}, {"source": "calc_0", "target": "tool_0"}]
    found = seen_in("f.json", flowise(nodes, edges))
    assert [(agent.name, agent.model, agent.tools, agent.purpose) for agent in found.agents] == [
        ("Tool Agent", "gpt-4o", ("Calculator",), "Be kind"),
        ("Seller", "claude", ("mail",), "Sell"),
    ]


def test_a_langflow_agent_has_the_tools_that_are_joined_to_it() -> None:
    template = {"model_name": {"value": "gpt-4o"}, "system_prompt": {"value": "Answer"}}
    nodes = [
        {"id": "Agent-1", "data": {"type": "Agent", "id": "Agent-1", "node": {"display_name": "Answerer", "template": template}}},
        {"id": "Url-1", "data": {"type": "URLComponent", "node": {"display_name": "URL", "template": {}}}},
        {"id": "Chat-1", "data": {"type": "ChatInput", "node": {"display_name": "Chat Input", "template": {}}}},
    ]
    edges = [
        {"source": "Url-1", "target": "Agent-1", "data": {"targetHandle": {"fieldName": "tools"}}},
        {"source": "Chat-1", "target": "Agent-1", "data": {"targetHandle": {"fieldName": "input_value"}}},
    ]
    agent = seen_in("f.json", json.dumps({"data": {"nodes": nodes, "edges": edges}})).agent
    assert (agent.framework, agent.name, agent.model, agent.tools, agent.purpose) == ("langflow", "Answerer", "gpt-4o", ("URL",), "Answer")


def test_autogen_components_are_agents_and_teams_are_groupings() -> None:
    member = {
        "provider": "autogen_agentchat.agents.AssistantAgent",
        "config": {
            "name": "writer",
            "system_message": "Write",
            "model_client": {"provider": "x", "config": {"model": "gpt-4o"}},
            "tools": [{"config": {"name": "save"}}],
        },
    }
    team = {"provider": "autogen_agentchat.teams.RoundRobinGroupChat", "label": "Team", "config": {"participants": [member]}}
    found = seen_in("team.json", json.dumps(team))
    assert (found.agent.name, found.agent.model, found.agent.tools) == ("writer", "gpt-4o", ("save",))
    assert [other.role for other in found.others] == [Role.GROUPING]


def test_a_microsoft_365_agent_is_read_with_its_instructions() -> None:
    text = json.dumps(
        {
            "version": "v1.2",
            "name": "Desk",
            "instructions": "Help.",
            "capabilities": [{"name": "WebSearch"}],
            "actions": [{"id": "tickets", "file": "t.json"}],
        }
    )
    agent = seen_in("appPackage/declarativeAgent.json", text).agent
    assert (agent.name, agent.tools, agent.exposure, agent.purpose) == ("Desk", ("WebSearch", "tickets"), ("web",), "Help.")


def test_a_copilot_studio_component_is_an_agent() -> None:
    agent = seen_in("My Bot/agent.mcs.yml", "kind: GptComponentMetadata\ndisplayName: Bot\ninstructions: |-\n  Help\n").agent
    assert (agent.framework, agent.name, agent.purpose) == ("copilot-studio", "Bot", "Help")


def test_a_module_of_make_that_is_an_agent_is_found() -> None:
    module = {"id": 2, "module": "ai-agent:run", "mapper": {"model": "m", "prompt": "Do"}, "metadata": {"designer": {"name": "Desk"}}}
    text = json.dumps({"flow": [{"id": 1, "module": "http:get"}, module]})
    agent = seen_in("blueprint.json", text).agent
    assert (agent.framework, agent.name, agent.model, agent.purpose) == ("make", "Desk", "m", "Do")


def test_an_agentforce_planner_is_an_agent_with_its_topics() -> None:
    text = """<?xml version="1.0"?>
<GenAiPlannerBundle xmlns="x">
  <description>Serves &amp; helps</description>
  <genAiPlugins><genAiPluginName>Orders</genAiPluginName></genAiPlugins>
  <masterLabel>Service</masterLabel>
</GenAiPlannerBundle>
"""
    agent = seen_in("force-app/genAiPlannerBundles/S/S.genAiPlannerBundle", text).agent
    assert (agent.name, agent.tools, agent.purpose, agent.purpose_place and agent.purpose_place.line) == (
        "Service",
        ("Orders",),
        "Serves & helps",
        3,
    )


def test_a_bot_of_rules_is_no_agent() -> None:
    assert not seen_in("bots/B.bot-meta.xml", "<Bot><label>B</label><type>Bot</type></Bot>").agents


def test_a_statement_that_creates_an_agent_is_one() -> None:
    text = (
        "-- agents\n"
        "CREATE OR REPLACE AGENT db.s.sales\n"
        "  COMMENT = 'Sells'\n"
        "  FROM SPECIFICATION $$\n"
        "models: {orchestration: claude-4-sonnet}\n"
        "tools:\n"
        "  - tool_spec: {type: x, name: Analyst}\n"
        "$$;\n"
        "SELECT agent FROM t;\n"
    )
    agent = seen_in("setup.sql", text).agent
    assert (agent.name, agent.model, agent.tools, agent.purpose, agent.place.line) == ("sales", "claude-4-sonnet", ("Analyst",), "Sells", 2)
