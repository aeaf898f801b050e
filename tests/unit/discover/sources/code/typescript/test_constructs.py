# ruff: noqa: E501 - the programs under test stand on lines of their own
"""Every construct of the table is seen, with what its options say."""

from __future__ import annotations

import pytest
from tests.unit.discover.sources.code.typescript.cases import CASES, Case
from tests.unit.discover.sources.code.typescript.cases_more import MORE
from tests.unit.discover.sources.code.typescript.reading import agent, agents, read, read_file

from remit.discover.sources.code.typescript.table import table
from remit.model.agent import AgentKind
from remit.model.evidence import AgentSeen, Gap, GapKind, IdentitySeen, Role

ALL = [*CASES, *MORE]


@pytest.mark.parametrize("case", ALL, ids=lambda case: case.id)
def test_a_construct_is_an_agent_with_what_its_options_say(case: Case) -> None:
    seen = agent(case.source)
    assert (seen.framework, seen.construct, seen.place.line) == (case.framework, case.construct, case.line)
    assert (seen.name, seen.model, seen.tools, seen.purpose) == (case.name, case.model, case.tools, case.purpose)
    assert seen.role is Role.AGENT


@pytest.mark.parametrize("case", ALL, ids=lambda case: case.id)
def test_the_same_code_over_another_package_is_no_agent(case: Case) -> None:
    packages = sorted({name.removesuffix("/*") for row in table().agents for name in row.packages}, key=len, reverse=True)
    source = case.source
    for package in packages:
        source = source.replace(f"'{package}", "'unrelated-package")
    assert agents(source) == []


def test_every_framework_of_the_table_has_a_case() -> None:
    assert {row.framework for row in table().agents} == {case.framework for case in ALL}


def test_a_managed_agent_says_so_and_names_its_role() -> None:
    found = read(next(case.source for case in CASES if case.id == "bedrock command"))
    seen = next(item for item in found if isinstance(item, AgentSeen))
    identity = next(item for item in found if isinstance(item, IdentitySeen))
    assert seen.kind is AgentKind.MANAGED
    assert identity.ref == "arn:aws:iam::123456789012:role/claims"
    assert identity.subject == seen.place


def test_a_role_is_named_by_the_code_that_makes_it() -> None:
    found = read(
        """
import * as bedrock from 'aws-cdk-lib/aws-bedrock';
import * as iam from 'aws-cdk-lib/aws-iam';
const role = new iam.Role(this, 'R', { roleName: 'claims-agent', assumedBy: new iam.ServicePrincipal('bedrock.amazonaws.com') });
const other = new iam.Role(this, 'O', { assumedBy: x });
new bedrock.CfnAgent(this, 'A', { agentName: 'a', agentResourceRoleArn: role.roleArn });
new bedrock.CfnAgent(this, 'B', { agentName: 'b', agentResourceRoleArn: other.roleArn });
"""
    )
    assert [(item.ref, item.place.line) for item in found if isinstance(item, IdentitySeen)] == [("aws:role/claims-agent", 6)]


def test_the_only_session_of_a_file_holds_the_model() -> None:
    seen = agent(
        """
import { voice, inference, defineAgent } from '@livekit/agents';
export default defineAgent({ entry: async (ctx) => {
  const session = new voice.AgentSession({ llm: new inference.LLM({ model: 'openai/gpt-4.1-mini' }) });
  await session.start({ agent: new voice.Agent({ instructions: 'Help.' }), room: ctx.room });
} });
"""
    )
    assert (seen.construct, seen.model, seen.place.line) == ("voice.Agent", "openai/gpt-4.1-mini", 5)


def test_each_subagent_of_a_claude_query_is_an_agent_of_its_own() -> None:
    found = agents(
        """
import { query, type AgentDefinition } from '@anthropic-ai/claude-agent-sdk';
const tester: AgentDefinition = {
  description: 'Runs tests', prompt: 'Test it.', tools: ['Bash'],
};
query({
  prompt: 'Ship',
  options: {
    agents: {
      'code-reviewer': {
        description: 'Reviews', prompt: 'Review it.', tools: ['Read', 'Grep'], model: 'sonnet',
      },
      tester,
    },
    mcpServers: { github: { command: 'npx' } },
  },
});
"""
    )
    assert [(item.name, item.construct, item.place.line, item.model, item.tools) for item in found] == [
        ("tester", "AgentDefinition", 3, None, ("Bash",)),
        (None, "query", 6, None, ()),
        ("code-reviewer", "AgentDefinition", 10, "sonnet", ("Read", "Grep")),
    ]
    assert found[1].delegates_to == ("code-reviewer", "tester")
    assert found[1].mcp_servers == ("github",)


DEFINED = {
    "a record": "export const agents: Record<string, AgentDefinition> = {\n  critic: { description: 'd', prompt: 'Judge.' },\n};",
    "a record that satisfies": "export const agents = {\n  critic: { description: 'd', prompt: 'Judge.' },\n} satisfies Record<string, AgentDefinition>;",
    "options": "export const options: Options = { agents: {\n  critic: { description: 'd', prompt: 'Judge.' },\n} };",
    "a list of options with more": "export const options: Partial<Options> = { cwd: '.', agents: {\n  critic: { description: 'd', prompt: 'Judge.' } } };",
}


@pytest.mark.parametrize("source", DEFINED.values(), ids=DEFINED.keys())
def test_definitions_are_agents_where_their_type_says_so(source: str) -> None:
    head = "import type { AgentDefinition, Options } from '@anthropic-ai/claude-agent-sdk';\n"
    assert [(item.name, item.construct, item.place.line, item.purpose) for item in agents(head + source)] == [
        ("critic", "AgentDefinition", 3, "Judge.")
    ]


def test_definitions_of_another_file_are_counted_once() -> None:
    files = {
        "src/agents.ts": "import { AgentDefinition } from '@anthropic-ai/claude-agent-sdk';\nexport const critic: AgentDefinition = { description: 'd', prompt: 'p' };\n"
        "export const plain = { description: 'd', prompt: 'p' };",
        "src/main.ts": "import { query } from '@anthropic-ai/claude-agent-sdk';\nimport { critic, plain } from './agents';\n"
        "query({ prompt: 'x', options: { agents: {\n\n\n critic,\n plain } } });",
    }
    found = [item for path in files for item in read_file(files, path) if isinstance(item, AgentSeen)]
    assert [(item.place.path, item.place.line, item.construct) for item in found] == [
        ("src/agents.ts", 2, "AgentDefinition"),
        ("src/main.ts", 3, "query"),
        ("src/main.ts", 7, "AgentDefinition"),
    ]


def test_an_executor_around_a_sequence_is_the_agent() -> None:
    seen = agent(
        """
import { AgentExecutor } from 'langchain/agents';
import { RunnableSequence } from '@langchain/core/runnables';
const runnable = RunnableSequence.from([prompt, model, parser]);
const executor = AgentExecutor.fromAgentAndTools({ agent: runnable, tools: [search] });
"""
    )
    assert (seen.construct, seen.tools) == ("AgentExecutor.fromAgentAndTools", ("search",))


def test_a_node_with_a_piped_model_makes_a_graph_an_agent() -> None:
    seen = agent(
        """
import { StateGraph } from '@langchain/langgraph';
import { ChatOpenAI } from '@langchain/openai';
const chain = prompt.pipe(new ChatOpenAI({ model: 'gpt-4o' }).bindTools([seek]));
export const graph = new StateGraph(State).addNode({ agent: async (s) => chain.invoke(s) }).compile();
"""
    )
    assert (seen.construct, seen.model, seen.tools) == ("StateGraph", "gpt-4o", ("seek",))


GRAPHS = {
    "methods of a class": """
class Flow {
  model = new ChatOpenAI({ model: 'gpt-4o' }).bindTools([seek]);
  async callModel(state) { return { messages: [await this.model.invoke(state.messages)] }; }
  build() { return new StateGraph(S).addNode('agent', this.callModel.bind(this)).addNode('tools', new ToolNode([seek])).compile(); }
}""",
    "nodes of a service": """
export function createGraph(llm, nodes) {
  const toolNode = new ToolNode([seek]);
  return new StateGraph(S).addNode('agent', (s) => nodes.call(s, llm)).addNode('tools', (s) => nodes.tools(s, toolNode)).compile();
}""",
    "a model that is made when needed": """
let active;
const getModel = (id) => { if (!active) { active = make(id).bindTools([seek]); } return active; };
const callModel = async (state) => { const llm = getModel('x'); return { messages: await llm.invoke(state.messages) }; };
const workflow = new StateGraph(S).addNode('model', callModel);
export const app = workflow.compile();""",
}


@pytest.mark.parametrize(("choice", "count"), [("'answer'", 0), ("{ type: 'tool', name: 'answer' }", 0), ("'auto'", 1), ("'any'", 1)])
def test_a_tool_that_is_named_beforehand_only_shapes_the_answer(choice: str, count: int) -> None:
    source = """
import { StateGraph } from '@langchain/langgraph';
import { ChatOpenAI } from '@langchain/openai';
async function write(s) { return new ChatOpenAI({ model: 'gpt-4o' }).bindTools([answer], { tool_choice: CHOICE }).invoke(s); }
export const graph = new StateGraph(State).addNode('write', write).compile();
"""
    assert len(agents(source.replace("CHOICE", choice))) == count


@pytest.mark.parametrize("source", GRAPHS.values(), ids=GRAPHS.keys())
def test_a_graph_with_tools_is_an_agent_however_its_nodes_are_written(source: str) -> None:
    head = "import { StateGraph } from '@langchain/langgraph';\nimport { ToolNode } from '@langchain/langgraph/prebuilt';\nimport { ChatOpenAI } from '@langchain/openai';"
    assert [item.construct for item in agents(head + source)] == ["StateGraph"]


def test_what_a_compiler_made_of_imports_is_followed() -> None:
    source = """
"use strict";
const bedrock = __importStar(require("aws-cdk-lib/aws-bedrock"));
const ai_1 = require("ai");
const openai_1 = __importDefault(require("openai"));
new bedrock.CfnAgent(this, 'A', { agentName: 'built' });
(0, ai_1.generateText)({ model: 'x/y', tools: { a }, stopWhen: (0, ai_1.stepCountIs)(5) });
const client = new openai_1.default();
client.beta.assistants.create({ name: 'old', model: 'gpt-4o' });
"""
    found = agents(source, "lib/stack.js")
    assert [(item.framework, item.construct, item.name) for item in found] == [
        ("cdk", "CfnAgent", "built"),
        ("ai-sdk", "generateText", None),
        ("openai-assistants", "beta.assistants.create", "old"),
    ]


def test_an_agent_given_as_a_tool_is_named_and_delegated_to() -> None:
    found = agents(
        """
import { LlmAgent, AgentTool } from '@google/adk';
const finder = new LlmAgent({ name: 'finder', model: 'gemini-2.5-flash' });
const root = new LlmAgent({ name: 'root', model: 'gemini-2.5-pro', tools: [new AgentTool({ agent: finder })], subAgents: [finder] });
"""
    )
    assert (found[1].tools, found[1].delegates_to) == (("finder",), ("finder",))


def test_a_worker_class_is_one_agent_with_the_model_and_tools_of_its_calls() -> None:
    found = agents(
        """
import { AIChatAgent } from 'agents/ai-chat-agent';
import { streamText, stepCountIs } from 'ai';
import { openai } from '@ai-sdk/openai';
const tools = { schedule: {} };
export class Chat extends AIChatAgent<Env> {
  async onChatMessage() {
    return streamText({ model: openai('gpt-4o'), system: 'Chat.', tools, stopWhen: stepCountIs(10) });
  }
}
"""
    )
    assert (found[0].framework, found[0].construct, found[0].name, found[0].place.line) == ("cloudflare-agents", "AIChatAgent", "Chat", 6)
    assert (found[0].model, found[0].tools, found[0].purpose) == ("gpt-4o", ("schedule",), "Chat.")


def test_a_clone_keeps_what_it_does_not_change() -> None:
    found = agents(
        """
import { Agent } from '@openai/agents';
const first = new Agent({ name: 'First', instructions: 'One.', model: 'gpt-5' });
const second = first.clone({ name: 'Second' });
"""
    )
    assert [(item.construct, item.name, item.model, item.purpose) for item in found] == [
        ("Agent", "First", "gpt-5", "One."),
        ("clone", "Second", "gpt-5", "One."),
    ]


def test_handoffs_and_agents_as_tools_are_delegation() -> None:
    found = agents(
        """
import { Agent, handoff } from '@openai/agents';
const billing = new Agent({ name: 'Billing' });
const refunds = new Agent({ name: 'Refunds' });
const spanish = new Agent({ name: 'Spanish' });
const triage = new Agent({ name: 'Triage', handoffs: [billing, handoff(refunds)], tools: [spanish.asTool({ toolName: 'to_spanish' })] });
"""
    )
    assert found[3].delegates_to == ("Billing", "Refunds", "Spanish")
    assert found[3].tools == ("to_spanish",)


def test_teams_are_groupings() -> None:
    seen = agent("import { createNetwork } from '@inngest/agent-kit';\nexport const n = createNetwork({ name: 'net', agents: [a, b] });\n")
    assert (seen.role, seen.name, seen.delegates_to) == (Role.GROUPING, "net", ("a", "b"))


def test_a_model_from_the_environment_is_unknown_and_said_to_be() -> None:
    found = read("import { Agent } from '@mastra/core/agent';\nnew Agent({ name: 'x', model: process.env.MODEL || 'openai/gpt-4o' });\n")
    assert next(item for item in found if isinstance(item, AgentSeen)).model is None
    assert [(item.kind, item.what) for item in found if isinstance(item, Gap)] == [
        (GapKind.UNRESOLVED, "`model` of `Agent` is not a constant")
    ]


NOT_AGENTS = {
    "one completion": "import OpenAI from 'openai';\nconst o = new OpenAI();\nawait o.chat.completions.create({ model: 'gpt-4o', messages: [] });",
    "generateText without tools": "import { generateText, stepCountIs } from 'ai';\ngenerateText({ model: 'x/y', prompt: 'p', stopWhen: stepCountIs(3) });",
    "generateText with one step": "import { generateText, stepCountIs } from 'ai';\ngenerateText({ model: m, tools: { a }, stopWhen: stepCountIs(1) });",
    "generateText with tools and no steps": "import { generateText } from 'ai';\ngenerateText({ model: m, tools: { a } });",
    "an http agent": "import { Agent } from 'https';\nconst a = new Agent({ keepAlive: true });",
    "an undici agent": "const { Agent } = require('undici');\nnew Agent({ name: 'x' });",
    "a class of one's own": "class Agent { constructor(readonly o: object) {} }\nnew Agent({ name: 'x', tools: [] });",
    "an import of the type alone": "import type { Agent } from '@openai/agents';\nconst f = (Agent: any) => new Agent({ name: 'x' });",
    "a shadowed import": "import { Agent } from '@openai/agents';\nfunction f(Agent: any) { return new Agent({ name: 'x' }); }",
    "code in a string": "const doc = `import { Agent } from '@openai/agents'; new Agent({ name: 'x' })`;",
    "code in a comment": "// import { Agent } from '@openai/agents';\n/* new Agent({ name: 'x' }) */",
    "graph without a model": "import { StateGraph } from '@langchain/langgraph';\nconst g = new StateGraph(S).addNode('a', () => ({})).compile();",
    "graph that only calls a model": "import { StateGraph } from '@langchain/langgraph';\nimport { ChatOpenAI } from '@langchain/openai';\n"
    "const m = new ChatOpenAI({ model: 'x' });\nconst g = new StateGraph(S).addNode('a', async (s) => ({ r: await m.invoke(s.m) })).compile();",
    "a database query": "import { query } from './db';\nawait query({ prompt: 'select 1', options: { model: 'x' } });",
    "createAgent of an api client": "import { api } from './client';\nawait api.agents.createAgent('gpt-4o', { name: 'x' });",
    "an mcp server": "import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';\nnew McpServer({ name: 's', version: '1' });",
    "a worker that serves mcp": "import { McpAgent } from 'agents/mcp';\nexport class M extends McpAgent {}",
    "cdk property types": "import * as bedrock from 'aws-cdk-lib/aws-bedrock';\nconst p: bedrock.CfnAgent.PromptConfigurationProperty = {};\nnew bedrock.CfnAgentAlias(this, 'a', {});",
    "llama session without functions": "import { LlamaChatSession } from 'node-llama-cpp';\nconst s = new LlamaChatSession({});\nawait s.prompt('x');",
}


@pytest.mark.parametrize("source", NOT_AGENTS.values(), ids=NOT_AGENTS.keys())
def test_what_only_looks_like_an_agent_is_none(source: str) -> None:
    assert agents(source) == []
