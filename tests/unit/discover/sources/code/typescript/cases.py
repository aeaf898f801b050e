# ruff: noqa: E501 - the programs under test stand on lines of their own
"""One small program for each construct of the table: source -> (framework, construct, line, name, model, tools, purpose)."""

from __future__ import annotations

from typing import NamedTuple


class Case(NamedTuple):
    id: str
    source: str
    framework: str
    construct: str
    line: int
    name: str | None = None
    model: str | None = None
    tools: tuple[str, ...] | None = ()
    purpose: str | None = None


CASES = [
    Case(
        "openai agents",
        """
import { Agent, tool, webSearchTool } from '@openai/agents';
const lookUp = tool({ name: 'look_up', description: 'd', parameters: {}, execute: async () => 1 });
export const clerk = new Agent({ name: 'Clerk', instructions: 'Files papers.', model: 'gpt-5-mini', tools: [lookUp, webSearchTool()] });
""",
        "openai-agents",
        "Agent",
        4,
        "Clerk",
        "gpt-5-mini",
        ("look_up", "webSearchTool"),
        "Files papers.",
    ),
    Case(
        "openai agents created",
        """
import { Agent } from '@openai/agents-core';
const a = Agent.create({ name: 'Triage', instructions: `Sort mail.`, handoffs: [] });
""",
        "openai-agents",
        "Agent.create",
        3,
        "Triage",
        None,
        (),
        "Sort mail.",
    ),
    Case(
        "openai realtime",
        """
import { RealtimeAgent } from '@openai/agents/realtime';
const voice = new RealtimeAgent({ name: 'Voice', instructions: 'Talk.' });
""",
        "openai-agents",
        "RealtimeAgent",
        3,
        "Voice",
        None,
        (),
        "Talk.",
    ),
    Case(
        "mastra",
        """
import { Agent } from '@mastra/core/agent';
import { openai } from '@ai-sdk/openai';
import { weatherTool } from '../tools/weather';
export const weather = new Agent({ id: 'weather', name: 'Weather', instructions: 'Tell the weather.', model: openai('gpt-4o'), tools: { weatherTool } });
""",
        "mastra",
        "Agent",
        5,
        "Weather",
        "gpt-4o",
        ("weatherTool",),
        "Tell the weather.",
    ),
    Case(
        "mastra with an id only and a model of two parts",
        """
import { Agent } from '@mastra/core';
export const a = new Agent({ id: 'only-id', instructions: { role: 'system', content: 'Do it.' }, model: { providerId: 'anthropic', modelId: 'claude-x' } });
""",
        "mastra",
        "Agent",
        3,
        "only-id",
        "anthropic/claude-x",
        (),
        "Do it.",
    ),
    Case(
        "ai sdk tool loop",
        """
import { ToolLoopAgent, tool, stepCountIs } from 'ai';
const base = { bash: tool({ inputSchema: {} }) };
export const coder = new ToolLoopAgent({ model: 'anthropic/claude-sonnet-4', instructions: 'Code.', tools: { ...base, read: tool({}) } });
""",
        "ai-sdk",
        "ToolLoopAgent",
        4,
        None,
        "anthropic/claude-sonnet-4",
        ("bash", "read"),
        "Code.",
    ),
    Case(
        "ai sdk experimental agent under another name",
        """
import { Experimental_Agent as Agent } from 'ai';
import { anthropic } from '@ai-sdk/anthropic';
export const a = new Agent({ model: anthropic('claude-3-5-haiku'), system: 'Help.', tools: {} });
""",
        "ai-sdk",
        "Experimental_Agent",
        4,
        None,
        "claude-3-5-haiku",
        (),
        "Help.",
    ),
    Case(
        "ai sdk generateText in steps",
        """
import { generateText, stepCountIs, tool } from 'ai';
import { google } from '@ai-sdk/google';
export async function ask(prompt: string) {
  return generateText({ model: google('gemini-2.5-pro'), system: 'Search.', prompt, tools: { search: tool({}) }, stopWhen: stepCountIs(5) });
}
""",
        "ai-sdk",
        "generateText",
        5,
        None,
        "gemini-2.5-pro",
        ("search",),
        "Search.",
    ),
    Case(
        "ai sdk streamText with maxSteps",
        """
import * as ai from 'ai';
import { createOpenAI } from '@ai-sdk/openai';
const provider = createOpenAI({ apiKey: 'x' });
export const POST = async (req: Request) => ai.streamText({ model: provider('gpt-4.1'), messages: [], tools: { a: ai.tool({}) }, maxSteps: 4 });
""",
        "ai-sdk",
        "streamText",
        5,
        None,
        "gpt-4.1",
        ("a",),
    ),
    Case(
        "workflow devkit",
        """
import { DurableAgent } from '@workflow/ai/agent';
export async function run() { const agent = new DurableAgent({ model: 'openai/gpt-5', system: 'Fly.', tools: { book: {} } }); }
""",
        "ai-sdk",
        "DurableAgent",
        3,
        None,
        "openai/gpt-5",
        ("book",),
        "Fly.",
    ),
    Case(
        "langgraph react agent",
        """
import { createReactAgent } from '@langchain/langgraph/prebuilt';
import { ChatOpenAI } from '@langchain/openai';
import { tool } from '@langchain/core/tools';
const add = tool(async ({ a, b }) => a + b, { name: 'add', description: 'Adds' });
const llm = new ChatOpenAI({ model: 'gpt-4o-mini', temperature: 0 });
export const agent = createReactAgent({ llm, tools: [add], prompt: 'Do sums.', name: 'math' });
""",
        "langgraph",
        "createReactAgent",
        7,
        "math",
        "gpt-4o-mini",
        ("add",),
        "Do sums.",
    ),
    Case(
        "langgraph supervisor",
        """
import { createSupervisor } from '@langchain/langgraph-supervisor';
import { ChatAnthropic } from '@langchain/anthropic';
const s = createSupervisor({ agents: [], llm: new ChatAnthropic({ modelName: 'claude-3-opus' }), prompt: 'Lead.', supervisorName: 'lead' });
""",
        "langgraph",
        "createSupervisor",
        4,
        "lead",
        "claude-3-opus",
        (),
        "Lead.",
    ),
    Case(
        "langchain agent",
        """
import { createAgent, tool } from 'langchain';
const look = tool(() => 'x', { name: 'look' });
const agent = createAgent({ model: 'openai:gpt-4o', tools: [look], systemPrompt: 'Look.' });
""",
        "langchain",
        "createAgent",
        4,
        None,
        "openai:gpt-4o",
        ("look",),
        "Look.",
    ),
    Case(
        "langchain tool calling agent with its executor",
        """
import { AgentExecutor, createToolCallingAgent } from 'langchain/agents';
import { ChatPromptTemplate } from '@langchain/core/prompts';
import { ChatOpenAI } from '@langchain/openai';
import { TavilySearchResults } from '@langchain/community/tools/tavily_search';
const llm = new ChatOpenAI({ model: 'gpt-4' });
const tools = [new TavilySearchResults({ maxResults: 1 })];
const prompt = ChatPromptTemplate.fromMessages([['system', 'You search.'], ['placeholder', '{agent_scratchpad}']]);
const agent = createToolCallingAgent({ llm, tools, prompt });
const executor = new AgentExecutor({ agent, tools });
""",
        "langchain",
        "createToolCallingAgent",
        9,
        None,
        "gpt-4",
        ("TavilySearchResults",),
        "You search.",
    ),
    Case(
        "langchain executor by position",
        """
import { initializeAgentExecutorWithOptions } from 'langchain/agents';
import { ChatOpenAI } from 'langchain/chat_models/openai';
import { Calculator } from 'langchain/tools/calculator';
const model = new ChatOpenAI({ modelName: 'gpt-3.5-turbo' });
const executor = await initializeAgentExecutorWithOptions([new Calculator()], model, { agentType: 'openai-functions' });
""",
        "langchain",
        "initializeAgentExecutorWithOptions",
        6,
        None,
        "gpt-3.5-turbo",
        ("Calculator",),
    ),
    Case(
        "deep agents",
        """
import { createDeepAgent } from 'deepagents';
const researcher = { name: 'researcher', description: 'r', systemPrompt: 'x' };
export const agent = createDeepAgent({ model: 'claude-sonnet-4-5', systemPrompt: 'Research deeply.', tools: [], subagents: [researcher] });
""",
        "deepagents",
        "createDeepAgent",
        4,
        None,
        "claude-sonnet-4-5",
        (),
        "Research deeply.",
    ),
    Case(
        "langgraph graph with a tool node",
        """
import { StateGraph, MessagesAnnotation, START } from '@langchain/langgraph';
import { ToolNode } from '@langchain/langgraph/prebuilt';
import { ChatOpenAI } from '@langchain/openai';
import { tool } from '@langchain/core/tools';
const search = tool(async () => '', { name: 'search' });
const tools = [search];
const model = new ChatOpenAI({ model: 'gpt-4o' }).bindTools(tools);
async function callModel(state) { return { messages: [await model.invoke(state.messages)] }; }
const workflow = new StateGraph(MessagesAnnotation)
  .addNode('agent', callModel)
  .addNode('tools', new ToolNode(tools))
  .addEdge(START, 'agent');
export const app = workflow.compile({ name: 'searcher' });
""",
        "langgraph",
        "StateGraph",
        10,
        "searcher",
        "gpt-4o",
        ("search",),
    ),
    Case(
        "claude agent sdk",
        """
import { query } from '@anthropic-ai/claude-agent-sdk';
for await (const m of query({ prompt: 'Fix the bug', options: { model: 'claude-opus-4', allowedTools: ['Read', 'Edit'], systemPrompt: 'Be brief.' } })) {}
""",
        "claude-agent-sdk",
        "query",
        3,
        None,
        "claude-opus-4",
        ("Read", "Edit"),
        "Be brief.",
    ),
    Case(
        "claude code sdk, options in a variable",
        """
import { query, type Options } from '@anthropic-ai/claude-code';
const options: Options = { model: 'sonnet', allowedTools: ['Bash'] };
const stream = query({ prompt: 'Go', options });
""",
        "claude-agent-sdk",
        "query",
        4,
        None,
        "sonnet",
        ("Bash",),
        "Go",
    ),
    Case(
        "claude session, version 2",
        """
import { unstable_v2_createSession } from '@anthropic-ai/claude-agent-sdk';
await using session = unstable_v2_createSession({ model: 'claude-sonnet-4-5', allowedTools: ['Glob'] });
""",
        "claude-agent-sdk",
        "unstable_v2_createSession",
        3,
        None,
        "claude-sonnet-4-5",
        ("Glob",),
    ),
    Case(
        "claude prompt, version 2",
        """
import { unstable_v2_prompt } from '@anthropic-ai/claude-agent-sdk';
const result = await unstable_v2_prompt('What is it?', { model: 'claude-haiku-4-5' });
""",
        "claude-agent-sdk",
        "unstable_v2_prompt",
        3,
        None,
        "claude-haiku-4-5",
        (),
    ),
    Case(
        "google adk",
        """
import { LlmAgent, FunctionTool } from '@google/adk';
const time = new FunctionTool({ name: 'get_time', description: 'd', execute: () => 1 });
export const rootAgent = new LlmAgent({ name: 'clock', model: 'gemini-2.5-flash', instruction: 'Tell time.', tools: [time] });
""",
        "google-adk",
        "LlmAgent",
        4,
        "clock",
        "gemini-2.5-flash",
        ("get_time",),
        "Tell time.",
    ),
    Case(
        "adk builder",
        """
import { AgentBuilder } from '@iqai/adk';
const { runner } = await AgentBuilder.create('weather').withModel('gemini-2.5-pro').withInstruction('Forecast.').build();
""",
        "google-adk",
        "AgentBuilder.create",
        3,
        "weather",
        "gemini-2.5-pro",
        None,
        "Forecast.",
    ),
    Case(
        "voltagent",
        """
import { VoltAgent, Agent, createTool } from '@voltagent/core';
import { openai } from '@ai-sdk/openai';
const agent = new Agent({ name: 'helper', instructions: 'Help out.', model: openai('gpt-4o-mini'), tools: [createTool({ name: 'calc' })] });
new VoltAgent({ agents: { agent } });
""",
        "voltagent",
        "Agent",
        4,
        "helper",
        "gpt-4o-mini",
        ("calc",),
        "Help out.",
    ),
    Case(
        "inngest agent kit",
        """
import { createAgent, anthropic } from '@inngest/agent-kit';
export const a = createAgent({ name: 'Editor', system: 'Edit text.', model: anthropic({ model: 'claude-3-5-sonnet', defaultParameters: {} }), tools: [] });
""",
        "agent-kit",
        "createAgent",
        3,
        "Editor",
        "claude-3-5-sonnet",
        (),
        "Edit text.",
    ),
    Case(
        "genkit prompt",
        """
import { genkit } from 'genkit';
import { googleAI } from '@genkit-ai/googleai';
const ai = genkit({ plugins: [googleAI()] });
const menu = ai.defineTool({ name: 'menu', inputSchema: {} }, async () => '');
export const waiter = ai.definePrompt({ name: 'waiter', description: 'Serves', model: googleAI.model('gemini-2.0-flash'), tools: [menu], system: 'Serve.' });
""",
        "genkit",
        "definePrompt",
        6,
        "waiter",
        "gemini-2.0-flash",
        ("menu",),
        "Serve.",
    ),
    Case(
        "genkit generate",
        """
import { genkit } from 'genkit/beta';
const ai = genkit({});
const t = ai.defineTool({ name: 'roll' }, async () => 4);
export const flow = ai.defineFlow('f', async () => ai.generate({ model: 'googleai/gemini-2.5-flash', prompt: 'Roll.', tools: [t] }));
""",
        "genkit",
        "generate",
        5,
        None,
        "googleai/gemini-2.5-flash",
        ("roll",),
        "Roll.",
    ),
    Case(
        "llamaindex",
        """
import { agent } from '@llamaindex/workflow';
import { tool } from 'llamaindex';
import { openai } from '@llamaindex/openai';
const joke = tool({ name: 'joke', execute: () => 'ha' });
export const jester = agent({ name: 'jester', llm: openai({ model: 'gpt-4o-mini' }), tools: [joke], systemPrompt: 'Joke.' });
""",
        "llamaindex",
        "agent",
        6,
        "jester",
        "gpt-4o-mini",
        ("joke",),
        "Joke.",
    ),
    Case(
        "llamaindex class",
        """
import { OpenAIAgent } from 'llamaindex';
const a = new OpenAIAgent({ tools: [] });
""",
        "llamaindex",
        "OpenAIAgent",
        3,
    ),
    Case(
        "beeai",
        """
import { ReActAgent } from 'beeai-framework/agents/react/agent';
import { OllamaChatModel } from 'beeai-framework/adapters/ollama/backend/chat';
import { DuckDuckGoSearchTool } from 'beeai-framework/tools/search/duckDuckGoSearch';
const agent = new ReActAgent({ llm: new OllamaChatModel('llama3.1'), tools: [new DuckDuckGoSearchTool()], meta: { name: 'bee', description: 'Buzz.' } });
""",
        "beeai",
        "ReActAgent",
        5,
        "bee",
        "llama3.1",
        ("DuckDuckGoSearchTool",),
        "Buzz.",
    ),
    Case(
        "beeai workflow",
        """
import { AgentWorkflow } from 'beeai-framework/workflows/agent';
const workflow = new AgentWorkflow('w');
workflow.addAgent({ name: 'Writer', instructions: 'Write.', tools: [], llm });
""",
        "beeai",
        "addAgent",
        4,
        "Writer",
        None,
        (),
        "Write.",
    ),
    Case(
        "strands",
        """
import { Agent, BedrockModel, tool } from '@strands-agents/sdk';
const letters = tool({ name: 'letters', inputSchema: {}, callback: () => 1 });
const agent = new Agent({ model: new BedrockModel({ modelId: 'us.amazon.nova-pro-v1:0' }), tools: [letters], systemPrompt: 'Count.' });
""",
        "strands",
        "Agent",
        4,
        None,
        "us.amazon.nova-pro-v1:0",
        ("letters",),
        "Count.",
    ),
    Case(
        "livekit class",
        """
import { defineAgent, llm, voice } from '@livekit/agents';
class Desk extends voice.Agent {
  constructor() {
    super({ instructions: 'Answer the phone.', tools: { hangUp: llm.tool({ description: 'x' }) } });
  }
}
export default defineAgent({ entry: async (ctx) => { await new voice.AgentSession({}).start({ agent: new Desk() }); } });
""",
        "livekit",
        "voice.Agent",
        3,
        "Desk",
        None,
        ("hangUp",),
        "Answer the phone.",
    ),
    Case(
        "livekit agent without a class",
        """
import { voice } from '@livekit/agents';
import * as openai from '@livekit/agents-plugin-openai';
const agent = new voice.Agent({ instructions: 'Speak.', llm: new openai.LLM({ model: 'gpt-4o' }), tools: {} });
""",
        "livekit",
        "voice.Agent",
        4,
        None,
        "gpt-4o",
        (),
        "Speak.",
    ),
    Case(
        "livekit entry point alone",
        """
import { defineAgent } from '@livekit/agents';
import { start } from './session';
export default defineAgent({ entry: start });
""",
        "livekit",
        "defineAgent",
        4,
        None,
        None,
        None,
    ),
    Case(
        "copilotkit built-in agent",
        """
import { BuiltInAgent } from '@copilotkit/runtime/v2';
const agent = new BuiltInAgent({ model: 'openai/gpt-4.1', prompt: 'Assist.' });
""",
        "copilotkit",
        "BuiltInAgent",
        3,
        None,
        "openai/gpt-4.1",
        (),
        "Assist.",
    ),
    Case(
        "elizaos character",
        """
import { type Character } from '@elizaos/core';
export const character: Character = { name: 'Eliza', plugins: ['@elizaos/plugin-sql'], system: 'Listen.', bio: ['b'] };
""",
        "elizaos",
        "Character",
        3,
        "Eliza",
        None,
        ("@elizaos/plugin-sql",),
        "Listen.",
    ),
    Case(
        "convex",
        """
import { Agent } from '@convex-dev/agent';
import { openai } from '@ai-sdk/openai';
import { components } from './_generated/api';
export const support = new Agent(components.agent, { name: 'Support', languageModel: openai.chat('gpt-4o-mini'), instructions: 'Support.', tools: {} });
""",
        "convex-agent",
        "Agent",
        5,
        "Support",
        "gpt-4o-mini",
        (),
        "Support.",
    ),
    Case(
        "mcp-use",
        """
import { MCPAgent, MCPClient } from 'mcp-use';
import { ChatOpenAI } from '@langchain/openai';
const agent = new MCPAgent({ llm: new ChatOpenAI({ model: 'gpt-4o' }), client: MCPClient.fromDict({}), maxSteps: 20 });
""",
        "mcp-use",
        "MCPAgent",
        4,
        None,
        "gpt-4o",
    ),
    Case(
        "agent squad",
        """
import { BedrockLLMAgent } from 'agent-squad';
const tech = new BedrockLLMAgent({ name: 'Tech', description: 'Knows tech.', modelId: 'anthropic.claude-3-haiku' });
""",
        "agent-squad",
        "BedrockLLMAgent",
        3,
        "Tech",
        "anthropic.claude-3-haiku",
        (),
        "Knows tech.",
    ),
    Case(
        "kaiban",
        """
const { Agent, Team } = require('kaibanjs');
const writer = new Agent({ name: 'Wes', role: 'Writer', goal: 'Write well', tools: [], llmConfig: { provider: 'google', model: 'gemini-1.5-pro' } });
""",
        "kaibanjs",
        "Agent",
        3,
        "Wes",
        "gemini-1.5-pro",
        (),
        "Write well",
    ),
    Case(
        "tanstack",
        """
import { chat, toolDefinition } from '@tanstack/ai';
import { openaiText } from '@tanstack/ai-openai';
const stream = chat({ adapter: openaiText('gpt-4o'), messages: [], tools: [a] });
""",
        "tanstack-ai",
        "chat",
        4,
        None,
        "gpt-4o",
        ("a",),
    ),
    Case(
        "stagehand",
        """
import { Stagehand } from '@browserbasehq/stagehand';
const stagehand = new Stagehand({ env: 'LOCAL' });
const agent = stagehand.agent({ provider: 'openai', model: 'computer-use-preview', instructions: 'Browse.' });
""",
        "stagehand",
        "agent",
        4,
        None,
        "computer-use-preview",
        (),
        "Browse.",
    ),
    Case(
        "codex",
        """
import { Codex } from '@openai/codex-sdk';
const codex = new Codex();
const thread = codex.startThread({ model: 'gpt-5-codex' });
""",
        "codex-sdk",
        "startThread",
        4,
        None,
        "gpt-5-codex",
        None,
    ),
    Case(
        "copilot sdk",
        """
import { CopilotClient, defineTool } from '@github/copilot-sdk';
const client = new CopilotClient();
const session = await client.createSession({ model: 'gpt-5', tools: [defineTool('lookup', { handler: () => 1 })] });
""",
        "copilot-sdk",
        "createSession",
        4,
        None,
        "gpt-5",
        ("lookup",),
    ),
    Case(
        "letta",
        """
import { LettaClient } from '@letta-ai/letta-client';
const client = new LettaClient({ token: 't' });
const agent = await client.agents.create({ name: 'memo', model: 'openai/gpt-4.1', tools: ['web_search'] });
""",
        "letta",
        "agents.create",
        4,
        "memo",
        "openai/gpt-4.1",
        ("web_search",),
    ),
    Case(
        "openai assistants",
        """
import OpenAI from 'openai';
const openai = new OpenAI();
const assistant = await openai.beta.assistants.create({ name: 'Tutor', model: 'gpt-4o', instructions: 'Teach.', tools: [{ type: 'code_interpreter' }] });
""",
        "openai-assistants",
        "beta.assistants.create",
        4,
        "Tutor",
        "gpt-4o",
        ("code_interpreter",),
        "Teach.",
    ),
    Case(
        "openai runTools",
        """
import OpenAI from 'openai';
const client = new OpenAI();
const runner = client.beta.chat.completions.runTools({ model: 'gpt-4o', messages: [], tools: [{ type: 'function', function: { name: 'get_town', function: getTown } }] });
""",
        "no-sdk",
        "beta.chat.completions.runTools",
        4,
        None,
        "gpt-4o",
        ("get_town",),
    ),
    Case(
        "anthropic tool runner",
        """
import Anthropic from '@anthropic-ai/sdk';
const anthropic = new Anthropic();
const last = await anthropic.beta.messages.toolRunner({ model: 'claude-opus-4', system: 'Run.', tools: [{ name: 'clock' }], messages: [] });
""",
        "no-sdk",
        "beta.messages.toolRunner",
        4,
        None,
        "claude-opus-4",
        ("clock",),
        "Run.",
    ),
    Case(
        "azure ai agents",
        """
import { AgentsClient } from '@azure/ai-agents';
const client = new AgentsClient(endpoint, credential);
const agent = await client.createAgent('gpt-4o', { name: 'my-agent', instructions: 'Assist.' });
""",
        "azure-ai-agents",
        "createAgent",
        4,
        "my-agent",
        "gpt-4o",
        (),
        "Assist.",
    ),
    Case(
        "bedrock command",
        """
import { BedrockAgentClient, CreateAgentCommand } from '@aws-sdk/client-bedrock-agent';
await client.send(new CreateAgentCommand({ agentName: 'claims', foundationModel: 'anthropic.claude-v2', instruction: 'Handle claims.', agentResourceRoleArn: 'arn:aws:iam::123456789012:role/claims' }));
""",
        "bedrock-agents",
        "CreateAgentCommand",
        3,
        "claims",
        "anthropic.claude-v2",
        None,
        "Handle claims.",
    ),
    Case(
        "bedrock inline agent",
        """
import { InvokeInlineAgentCommand } from '@aws-sdk/client-bedrock-agent-runtime';
const c = new InvokeInlineAgentCommand({ foundationModel: 'amazon.nova-lite-v1:0', instruction: 'Inline.', actionGroups: [{ actionGroupName: 'math' }] });
""",
        "bedrock-agents",
        "InvokeInlineAgentCommand",
        3,
        None,
        "amazon.nova-lite-v1:0",
        ("math",),
        "Inline.",
    ),
    Case(
        "agentcore runtime by api",
        """
import { CreateAgentRuntimeCommand } from '@aws-sdk/client-bedrock-agentcore-control';
const c = new CreateAgentRuntimeCommand({ agentRuntimeName: 'rt', roleArn: 'arn:aws:iam::123456789012:role/rt' });
""",
        "bedrock-agentcore",
        "CreateAgentRuntimeCommand",
        3,
        "rt",
        None,
        None,
    ),
    Case(
        "cdk level 1",
        """
import * as bedrock from 'aws-cdk-lib/aws-bedrock';
export class S { constructor() { new bedrock.CfnAgent(this, 'A', { agentName: 'cdk-agent', foundationModel: 'anthropic.claude-3', instruction: 'Infra.' }); } }
""",
        "cdk",
        "CfnAgent",
        3,
        "cdk-agent",
        "anthropic.claude-3",
        (),
        "Infra.",
    ),
    Case(
        "cdk level 1 from the root package",
        """
import { aws_bedrock as br, Stack } from 'aws-cdk-lib';
export class S extends Stack { a = new br.CfnAgent(this, 'A', { agentName: 'root' }); }
""",
        "cdk",
        "aws_bedrock.CfnAgent",
        3,
        "root",
    ),
    Case(
        "cdk generative constructs",
        """
import { bedrock } from '@cdklabs/generative-ai-cdk-constructs';
const agent = new bedrock.Agent(this, 'Agent', { foundationModel: bedrock.BedrockFoundationModel.ANTHROPIC_CLAUDE_HAIKU_V1_0, instruction: 'Library.' });
""",
        "cdk",
        "bedrock.Agent",
        3,
        None,
        None,
        (),
        "Library.",
    ),
    Case(
        "cdk agentcore",
        """
import * as agentcore from '@aws-cdk/aws-bedrock-agentcore-alpha';
const runtime = new agentcore.Runtime(this, 'R', { runtimeName: 'host', agentRuntimeArtifact: artifact });
""",
        "cdk",
        "Runtime",
        3,
        "host",
        None,
        None,
    ),
    Case(
        "node-llama-cpp",
        """
import { LlamaChatSession, defineChatSessionFunction } from 'node-llama-cpp';
const session = new LlamaChatSession({ contextSequence, systemPrompt: 'Count.' });
const idle = new LlamaChatSession({ contextSequence });
const functions = { count: defineChatSessionFunction({}) };
await session.prompt('hi', { functions });
await idle.prompt('hi', { maxTokens: 4 });
""",
        "node-llama-cpp",
        "LlamaChatSession",
        3,
        None,
        None,
        ("count",),
        "Count.",
    ),
    Case(
        "elevenlabs",
        """
import { ElevenLabsClient } from '@elevenlabs/elevenlabs-js';
const client = new ElevenLabsClient();
await client.conversationalAi.agents.create({ name: 'Caller', conversationConfig: { agent: { prompt: { prompt: 'Call.', llm: 'gemini-2.0-flash', tools: [] } } } });
""",
        "elevenlabs",
        "conversationalAi.agents.create",
        4,
        "Caller",
        "gemini-2.0-flash",
        (),
        "Call.",
    ),
]
