# ruff: noqa: E501 - the programs under test stand on lines of their own
"""More constructs: those of smaller frameworks, managed services and older forms."""

from __future__ import annotations

from tests.unit.discover.sources.code.typescript.cases import Case

MORE = [
    Case(
        "magnitude",
        """
import { startBrowserAgent } from 'magnitude-core';
const agent = await startBrowserAgent({ url: 'https://x.example.com', llm: { provider: 'anthropic', options: { model: 'claude-sonnet-4' } } });
""",
        "magnitude",
        "startBrowserAgent",
        3,
        None,
        "claude-sonnet-4",
        None,
        None,
    ),
    Case(
        "amp",
        """
import { execute } from '@sourcegraph/amp-sdk';
for await (const m of execute({ prompt: 'Fix it.' })) {}
""",
        "amp-sdk",
        "execute",
        3,
        None,
        None,
        None,
        "Fix it.",
    ),
    Case(
        "pi agent",
        """
import { Agent } from '@mariozechner/pi-agent-core';
import { getModel } from '@mariozechner/pi-ai';
const a = new Agent({ initialState: { systemPrompt: 'Code.', model: getModel('anthropic', 'claude-sonnet-4'), tools: [] } });
""",
        "pi-agent",
        "Agent",
        4,
        None,
        "claude-sonnet-4",
        (),
        "Code.",
    ),
    Case(
        "pi coding agent",
        """
import { createAgentSession } from '@mariozechner/pi-coding-agent';
const { session } = await createAgentSession({ tools: ['read'] });
""",
        "pi-agent",
        "createAgentSession",
        3,
        None,
        None,
        ("read",),
        None,
    ),
    Case(
        "agentica",
        """
import { Agentica } from '@agentica/core';
const a = new Agentica({ model: 'chatgpt', vendor: { api, model: 'gpt-4o-mini' }, controllers: [] });
""",
        "agentica",
        "Agentica",
        3,
        None,
        "gpt-4o-mini",
        (),
        None,
    ),
    Case(
        "ax class",
        """
import { AxAgent } from '@ax-llm/ax';
const a = new AxAgent({ name: 'summary', description: 'Sums up.', signature: 'a -> b', functions: [] });
""",
        "ax",
        "AxAgent",
        3,
        "summary",
        None,
        (),
        "Sums up.",
    ),
    Case(
        "ax function",
        """
import { agent } from '@ax-llm/ax';
const a = agent('question -> answer', { name: 'qa', description: 'Answers.' });
""",
        "ax",
        "agent",
        3,
        "qa",
        None,
        (),
        "Answers.",
    ),
    Case(
        "praison",
        """
import { Agent } from 'praisonai';
const a = new Agent({ name: 'Pat', instructions: 'Praise.', llm: 'gpt-4o-mini' });
""",
        "praisonai",
        "Agent",
        3,
        "Pat",
        "gpt-4o-mini",
        (),
        "Praise.",
    ),
    Case(
        "fabrice",
        """
import { agent } from 'fabrice-ai/agent';
const a = agent({ role: 'Chef', description: 'Cooks.', tools: { bake } });
""",
        "fabrice-ai",
        "agent",
        3,
        None,
        None,
        ("bake",),
        "Cooks.",
    ),
    Case(
        "teams planner",
        """
import { ActionPlanner, OpenAIModel } from '@microsoft/teams-ai';
const model = new OpenAIModel({ apiKey: k, defaultModel: 'gpt-4o' });
const planner = new ActionPlanner({ model, prompts, defaultPrompt: 'chat' });
""",
        "teams-ai",
        "ActionPlanner",
        4,
        None,
        None,
        None,
        None,
    ),
    Case(
        "game",
        """
import { GameAgent, LLMModel } from '@virtuals-protocol/game';
const a = new GameAgent(key, { name: 'Trader', goal: 'Trade.', description: 'd', workers: [w] });
""",
        "game-sdk",
        "GameAgent",
        3,
        "Trader",
        None,
        ("w",),
        "Trade.",
    ),
    Case(
        "daydreams",
        """
import { createDreams } from '@daydreamsai/core';
import { openai } from '@ai-sdk/openai';
const a = createDreams({ model: openai('gpt-4o'), actions: [] }).start();
""",
        "daydreams",
        "createDreams",
        4,
        None,
        "gpt-4o",
        (),
        None,
    ),
    Case(
        "covalent",
        """
import { Agent } from '@covalenthq/ai-agent-sdk';
const a = new Agent({ name: 'chain', model: { provider: 'OPEN_AI', name: 'gpt-4o-mini' }, instructions: ['Look.'], tools: {} });
""",
        "covalent",
        "Agent",
        3,
        "chain",
        "gpt-4o-mini",
        (),
        "Look.",
    ),
    Case(
        "swarm",
        """
import { Swarm, Agent } from 'openai-swarm-node';
const a = new Agent({ name: 'A', instructions: 'Help.', functions: [toB] });
""",
        "openai-swarm",
        "Agent",
        3,
        "A",
        None,
        ("toB",),
        "Help.",
    ),
    Case(
        "axar",
        """
import { model, systemPrompt, Agent } from '@axarai/axar';
export class Greeter extends Agent<string, string> {}
""",
        "axar",
        "Agent",
        3,
        "Greeter",
        None,
        None,
        None,
    ),
    Case(
        "agentswarm",
        """
import { Agent } from 'agentswarm';
const a = new Agent({ name: 'spanish', description: 'Speaks.', tools: {} });
""",
        "agentswarm",
        "Agent",
        3,
        "spanish",
        None,
        (),
        "Speaks.",
    ),
    Case(
        "dexter",
        """
import { createAIRunner, createAIFunction } from '@dexaai/dexter';
const r = createAIRunner({ chatModel, functions: [f], systemMessage: 'Run.' });
""",
        "dexter",
        "createAIRunner",
        3,
        None,
        None,
        ("f",),
        "Run.",
    ),
    Case(
        "llmz",
        """
import { execute } from 'llmz';
await execute({ client, instructions: 'Work.', tools: [t] });
""",
        "llmz",
        "execute",
        3,
        None,
        None,
        ("t",),
        "Work.",
    ),
    Case(
        "swarm kit",
        """
import { addAgent } from 'agent-swarm-kit';
addAgent({ agentName: 'triage', completion: 'x', prompt: 'Sort.', tools: [] });
""",
        "agent-swarm-kit",
        "addAgent",
        3,
        "triage",
        "x",
        (),
        "Sort.",
    ),
    Case(
        "claude managed",
        """
import Anthropic from '@anthropic-ai/sdk';
const c = new Anthropic();
await c.beta.agents.create({ name: 'm', model: 'claude-opus-4', system: 'Manage.', tools: [{ type: 'bash_20250124', name: 'bash' }] });
""",
        "claude-managed-agents",
        "beta.agents.create",
        4,
        "m",
        "claude-opus-4",
        ("bash",),
        "Manage.",
    ),
    Case(
        "mistral",
        """
import { Mistral } from '@mistralai/mistralai';
const c = new Mistral({ apiKey: k });
await c.beta.agents.create({ model: 'mistral-medium', name: 'le', instructions: 'Parler.', tools: [{ type: 'web_search' }] });
""",
        "mistral-agents",
        "beta.agents.create",
        4,
        "le",
        "mistral-medium",
        ("web_search",),
        "Parler.",
    ),
    Case(
        "vapi",
        """
import { VapiClient } from '@vapi-ai/server-sdk';
const v = new VapiClient({ token: t });
await v.assistants.create({ name: 'desk', model: { provider: 'openai', model: 'gpt-4o' }, firstMessage: 'Hello.' });
""",
        "vapi",
        "assistants.create",
        4,
        "desk",
        "gpt-4o",
        (),
        "Hello.",
    ),
    Case(
        "retell",
        """
import Retell from 'retell-sdk';
const c = new Retell({ apiKey: k });
await c.agent.create({ agent_name: 'caller' });
""",
        "retell",
        "agent.create",
        4,
        "caller",
        None,
        None,
        None,
    ),
    Case(
        "dialogflow",
        """
const { AgentsClient } = require('@google-cloud/dialogflow-cx');
const c = new AgentsClient();
await c.createAgent({ parent, agent: { displayName: 'flow' } });
""",
        "dialogflow-cx",
        "createAgent",
        4,
        "flow",
        None,
        None,
        None,
    ),
    Case(
        "cloudflare",
        """
import { Agent } from 'agents';
export class Counter extends Agent<Env, State> {}
""",
        "cloudflare-agents",
        "Agent",
        3,
        "Counter",
        None,
        None,
        None,
    ),
    Case(
        "computer use",
        """
import { createCua } from '@langchain/langgraph-cua';
const g = createCua({ prompt: 'Click.' });
""",
        "langgraph",
        "createCua",
        3,
        None,
        None,
        None,
        "Click.",
    ),
    Case(
        "langchain by llm and tools",
        """
import { ChatAgent } from 'langchain/agents';
import { OpenAI } from '@langchain/openai';
const a = ChatAgent.fromLLMAndTools(new OpenAI({ modelName: 'gpt-4' }), [t], { prefix: 'Chat.' });
""",
        "langchain",
        "ChatAgent.fromLLMAndTools",
        4,
        None,
        "gpt-4",
        ("t",),
        "Chat.",
    ),
    Case(
        "langchain sql",
        """
import { createSqlAgent, SqlToolkit } from 'langchain/agents/toolkits/sql';
import { ChatOpenAI } from '@langchain/openai';
const e = createSqlAgent(new ChatOpenAI({ model: 'gpt-4o' }), new SqlToolkit(db), { topK: 10 });
""",
        "langchain",
        "createSqlAgent",
        4,
        None,
        "gpt-4o",
        None,
        None,
    ),
    Case(
        "langchain assistant",
        """
import { OpenAIAssistantRunnable } from 'langchain/experimental/openai_assistant';
const a = await OpenAIAssistantRunnable.createAssistant({ model: 'gpt-4o', name: 'helper', instructions: 'Help.' });
""",
        "langchain",
        "OpenAIAssistantRunnable.createAssistant",
        3,
        "helper",
        "gpt-4o",
        (),
        "Help.",
    ),
    Case(
        "copilot runtime",
        """
import { CopilotRuntime, OpenAIAdapter } from '@copilotkit/runtime';
const r = new CopilotRuntime({ actions: [{ name: 'save' }] });
""",
        "copilotkit",
        "CopilotRuntime",
        3,
        None,
        None,
        ("save",),
        None,
    ),
    Case(
        "eliza runtime",
        """
import { AgentRuntime } from '@elizaos/core';
const r = new AgentRuntime({ character: { name: 'Ada', system: 'Count.' }, plugins: [] });
""",
        "elizaos",
        "AgentRuntime",
        3,
        "Ada",
        None,
        (),
        "Count.",
    ),
    Case(
        "codex alone",
        """
import { Codex } from '@openai/codex-sdk';
export const codex = new Codex();
""",
        "codex-sdk",
        "Codex",
        3,
        None,
        None,
        None,
        None,
    ),
    Case(
        "azure version",
        """
import { AIProjectClient } from '@azure/ai-projects';
const p = new AIProjectClient(endpoint, credential);
await p.agents.createVersion('helper', { kind: 'prompt', model: 'gpt-4.1', instructions: 'Help.' });
""",
        "azure-ai-agents",
        "agents.createVersion",
        4,
        "helper",
        "gpt-4.1",
        (),
        "Help.",
    ),
    Case(
        "bedrock aggregated",
        """
import { BedrockAgent } from '@aws-sdk/client-bedrock-agent';
const b = new BedrockAgent({});
await b.createAgent({ agentName: 'agg', foundationModel: 'amazon.nova-lite-v1:0' });
""",
        "bedrock-agents",
        "createAgent",
        4,
        "agg",
        "amazon.nova-lite-v1:0",
        None,
        None,
    ),
    Case(
        "genkit agent",
        """
import { genkit } from 'genkit';
const ai = genkit({});
export const a = ai.defineAgent({ name: 'guide', model: 'googleai/gemini-2.5-pro', system: 'Guide.' });
""",
        "genkit",
        "defineAgent",
        4,
        "guide",
        "googleai/gemini-2.5-pro",
        (),
        "Guide.",
    ),
    Case(
        "livekit pipeline",
        """
import { pipeline } from '@livekit/agents';
const a = new pipeline.VoicePipelineAgent(vad, stt, llm, tts, { chatCtx });
""",
        "livekit",
        "pipeline.VoicePipelineAgent",
        3,
        None,
        None,
        None,
        None,
    ),
    Case(
        "eve",
        """
import { anthropic } from '@ai-sdk/anthropic';
import { defineAgent } from 'eve';
export default defineAgent({ model: anthropic('claude-opus-5'), description: 'Reads feedback.' });
""",
        "eve",
        "defineAgent",
        4,
        None,
        "claude-opus-5",
        None,
        "Reads feedback.",
    ),
]
