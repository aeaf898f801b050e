# ruff: noqa: E501 - the programs under test stand on lines of their own
"""Hand-rolled agents: a loop, tools and results that go back to the model."""

from __future__ import annotations

import pytest
from tests.unit.discover.sources.code.typescript.reading import agents

from remit.model.place import Confidence

OPENAI = """
import OpenAI from 'openai';
const client = new OpenAI();
const tools = [{ type: 'function', function: { name: 'get_weather' } }];
async function run(messages) {
  while (true) {
    const r = await client.chat.completions.create({ model: 'gpt-4o', messages, tools });
    const m = r.choices[0].message;
    if (!m.tool_calls) return m.content;
    for (const c of m.tool_calls) messages.push({ role: 'tool', tool_call_id: c.id, content: await call(c) });
  }
}
"""
ANTHROPIC = """
import Anthropic from '@anthropic-ai/sdk';
export class Assistant {
  private client: Anthropic;
  constructor() { this.client = new Anthropic({ apiKey: process.env.ANTHROPIC_API_KEY }); }
  async step(messages) {
    const r = await this.client.messages.create({ model: 'claude-opus-4', system: 'Assist.', max_tokens: 1, tools: [{ name: 'ls' }, { name: 'cat' }], messages });
    if (r.stop_reason !== 'tool_use') return r;
    messages.push({ role: 'user', content: [{ type: 'tool_result', tool_use_id: 'x' }] });
    return this.step(messages);
  }
}
"""
BEDROCK = """
import { BedrockRuntimeClient, ConverseCommand } from '@aws-sdk/client-bedrock-runtime';
const bedrock = new BedrockRuntimeClient({});
export const chat = async (messages) => {
  for (let i = 0; i < 5; i++) {
    const out = await bedrock.send(new ConverseCommand({ modelId: 'amazon.nova-pro-v1:0', messages, toolConfig: { tools: [{ toolSpec: { name: 'sum' } }] } }));
    messages.push({ role: 'user', content: [{ toolResult: { toolUseId: 'x', content: [] } }] });
  }
};
"""
GEMINI = """
import { GoogleGenAI } from '@google/genai';
const ai = new GoogleGenAI({});
async function main(contents) {
  do {
    const r = await ai.models.generateContent({ model: 'gemini-2.5-flash', contents, config: { tools: [{ functionDeclarations: [{ name: 'dim' }] }] } });
    contents.push({ role: 'user', parts: [{ functionResponse: { name: 'dim', response: {} } }] });
  } while (contents.length < 9);
}
"""
PARAMETER = """
import type OpenAI from 'openai';
export async function converse(openai: OpenAI, input: any[]) {
  for (;;) {
    const r = await openai.responses.create({ model: 'gpt-5', instructions: 'Work.', input, tools: [{ type: 'function', name: 'do_it' }] });
    input.push({ type: 'function_call_output', call_id: '1', output: '' });
  }
}
"""
LANGCHAIN = """
import { ChatOpenAI } from '@langchain/openai';
import { ToolMessage } from '@langchain/core/messages';
import { tool } from '@langchain/core/tools';
const add = tool(() => 1, { name: 'add' });
const model = new ChatOpenAI({ model: 'gpt-4o' }).bindTools([add]);
async function go(messages) {
  while (true) {
    const m = await model.invoke(messages);
    for (const c of m.tool_calls) messages.push(new ToolMessage({ tool_call_id: c.id, content: '' }));
  }
}
"""
REQUEST = """
export async function turn(messages) {
  while (true) {
    const r = await fetch('https://api.openai.com/v1/chat/completions', {
      method: 'POST', headers: {}, body: JSON.stringify({ model: 'gpt-4.1', messages, tools: [{ function: { name: 'grep' } }] }),
    });
    const { choices } = await r.json();
    messages.push({ role: 'tool', tool_call_id: choices[0].id, content: '' });
  }
}
"""
LOOPS = {
    "openai": (OPENAI, 7, "gpt-4o", ("get_weather",), "run"),
    "anthropic, by recursion, client in a field": (ANTHROPIC, 7, "claude-opus-4", ("ls", "cat"), "step"),
    "bedrock": (BEDROCK, 6, "amazon.nova-pro-v1:0", ("sum",), "chat"),
    "gemini": (GEMINI, 6, "gemini-2.5-flash", ("dim",), "main"),
    "client as a typed parameter": (PARAMETER, 5, "gpt-5", ("do_it",), "converse"),
    "request to a model's host": (REQUEST, 4, "gpt-4.1", ("grep",), "turn"),
    "langchain": (LANGCHAIN, 9, "gpt-4o", ("add",), "go"),
}


@pytest.mark.parametrize(("source", "line", "model", "tools", "label"), LOOPS.values(), ids=LOOPS.keys())
def test_a_loop_that_gives_results_back_is_one_agent(source: str, line: int, model: str, tools: tuple[str, ...], label: str) -> None:
    found = agents(source)
    assert [(item.framework, item.place.line, item.model, item.tools) for item in found] == [("no-sdk", line, model, tools)]
    assert label in found[0].aliases


def test_the_system_message_is_the_purpose() -> None:
    source = OPENAI.replace("messages, tools", "messages: [{ role: 'system', content: 'You forecast.' }, ...messages], tools")
    assert agents(source)[0].purpose == "You forecast."


def test_the_loop_may_be_around_the_call_of_the_function() -> None:
    source = """
import OpenAI from 'openai';
const client = new OpenAI();
const ask = async (messages) => client.chat.completions.create({ model: 'm', messages, tools: [{ function: { name: 'a' } }] });
async function main() { while (!done) { const r = await ask(m); m.push({ role: 'tool', tool_call_id: 1 }); } }
"""
    assert [item.place.line for item in agents(source)] == [4]


CIRCLE = """
import Anthropic from '@anthropic-ai/sdk';
class Desk {
  client = new Anthropic();
  async ask(content) { this.messages.push({ role: 'user', content }); return this.settle(await this.callModel()); }
  async callModel() { return this.client.messages.create({ model: 'claude-opus-4', tools: [{ name: 'rebook' }], messages: this.messages }); }
  async settle(r) {
    if (r.stop_reason !== 'tool_use') return r;
    return this.ask(r.content.map((use) => ({ type: 'tool_result', tool_use_id: use.id })));
  }
}
"""
FAR = """
import Anthropic from '@anthropic-ai/sdk';
const client = new Anthropic();
class Model {
  async call(messages) { return client.messages.create({ model: 'claude-opus-4', tools: [{ name: 'rebook' }], messages }); }
  async turn(messages) { return this.call(messages); }
}
async function main(model: Model, messages) {
  while (true) { messages.push({ role: 'user', content: [{ type: 'tool_result', tool_use_id: await model.turn(messages) }] }); }
}
"""
SERVED = """
import Anthropic from '@anthropic-ai/sdk';
class Client {
  anthropic = new Anthropic();
  async ask(messages) {
    let r = await this.anthropic.messages.create({ model: 'claude-opus-4', tools: this.tools, messages });
    for (const part of r.content) {
      if (part.type === 'tool_use') {
        messages.push({ role: 'user', content: (await this.mcp.callTool({ name: part.name, arguments: part.input })).content });
        r = await this.anthropic.messages.create({ model: 'claude-opus-4', messages });
      }
    }
    return r;
  }
}
"""


@pytest.mark.parametrize(("source", "line"), [(CIRCLE, 6), (FAR, 5), (SERVED, 6)], ids=["a circle", "two calls up", "a second call"])
def test_call_dispatch_and_repetition_may_stand_in_functions_of_their_own(source: str, line: int) -> None:
    assert [(item.framework, item.place.line, item.model) for item in agents(source)] == [("no-sdk", line, "claude-opus-4")]


SHAPED = {
    "a client of another file": "import { client } from './client';",
    "a client from a function": "import { getClient } from './client';\nconst client = await getClient();",
    "a parameter": "let client;\nexport function use(c) { client = c; client = c; }",
}


@pytest.mark.parametrize("head", SHAPED.values(), ids=SHAPED.keys())
def test_a_client_that_comes_from_elsewhere_is_told_by_the_shape_of_its_call(head: str) -> None:
    source = OPENAI.replace("import OpenAI from 'openai';\nconst client = new OpenAI();", head) + "import 'openai';\n"
    assert [(item.framework, item.confidence) for item in agents(source)] == [("no-sdk", Confidence.LIKELY)]


def test_a_client_is_known_by_the_type_that_a_function_returns() -> None:
    source = """
import type Anthropic from '@anthropic-ai/sdk';
async function clientFor(org: string): Promise<Anthropic | null> { if (!org) return null; return make(org); }
export async function reply(messages) {
  const api = await clientFor('x');
  for (let i = 0; i < 5; i++) {
    const r = await api.messages.create({ model: 'claude-sonnet-4', tools: [{ name: 'find' }], messages });
    messages.push({ role: 'user', content: [{ type: 'tool_result', tool_use_id: 'a' }] });
  }
}
"""
    assert [(item.model, item.confidence) for item in agents(source)] == [("claude-sonnet-4", Confidence.CERTAIN)]


def test_each_handler_without_a_name_is_an_agent_of_its_own() -> None:
    handler = """
app.post('/%s', async (req, res) => {
  let r;
  while (r.stop_reason === 'tool_use') {
    r = await client.messages.create({ model: 'm', tools: [{ name: '%s' }], messages: [{ role: 'user', content: [{ type: 'tool_result' }] }] });
  }
});
"""
    source = "import Anthropic from '@anthropic-ai/sdk';\nconst client = new Anthropic();\n" + handler % ("a", "a") + handler % ("b", "b")
    assert [item.tools for item in agents(source)] == [("a",), ("b",)]


def test_two_calls_in_one_loop_are_one_agent() -> None:
    first = "const r = await client"
    source = OPENAI.replace(first, "const w = await client.chat.completions.create({ model: 'gpt-4o', messages, tools });\n    " + first)
    assert len(agents(source)) == 1


QUIET = {
    "no loop": OPENAI.replace("while (true)", "if (true)"),
    "no results": OPENAI.replace("role: 'tool', tool_call_id: c.id", "role: 'user'"),
    "no tools": OPENAI.replace("messages, tools }", "messages }"),
    "once for each of a list": OPENAI.replace("while (true)", "for (const d of documents)").replace(
        "role: 'tool', tool_call_id: c.id", "role: 'user'"
    ),
    "functions that do not come back": CIRCLE.replace("return this.ask(", "return this.report("),
    "an answer that is shaped once": SERVED.replace("r = await this.anthropic.messages.create", "r = await this.report"),
    "another method": OPENAI.replace("chat.completions.create", "chats.completions.create"),
}


@pytest.mark.parametrize("source", QUIET.values(), ids=QUIET.keys())
def test_what_lacks_loop_tools_or_results_is_no_agent(source: str) -> None:
    assert agents(source) == []
