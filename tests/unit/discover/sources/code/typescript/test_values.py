# ruff: noqa: E501 - the programs under test stand on lines of their own
"""Values are followed while they are certain, and no further."""

from __future__ import annotations

import pytest
from tests.unit.discover.sources.code.typescript.reading import agent

HEAD = "import { Agent, tool } from '@openai/agents';\nimport { openai } from '@ai-sdk/openai';\nimport { aisdk } from '@openai/agents-extensions';\n"
MODELS: dict[str, tuple[str, str | None]] = {
    "literal": ("new Agent({ name: 'a', model: 'gpt-5' });", "gpt-5"),
    "template without holes": ("new Agent({ name: 'a', model: `gpt-5` });", "gpt-5"),
    "constant": ("const M = 'gpt-5' as const;\nnew Agent({ name: 'a', model: M });", "gpt-5"),
    "template of constants": ("const P = 'openai';\nnew Agent({ name: 'a', model: `${P}/gpt-5` });", "openai/gpt-5"),
    "sum of constants": ("const P = 'openai/';\nnew Agent({ name: 'a', model: P + 'gpt-5' });", "openai/gpt-5"),
    "object of constants": ("const MODELS = { fast: 'gpt-5-mini' } as const;\nnew Agent({ name: 'a', model: MODELS.fast });", "gpt-5-mini"),
    "subscript": ("const MODELS = { 'fast': 'gpt-5-mini' };\nnew Agent({ name: 'a', model: MODELS['fast'] });", "gpt-5-mini"),
    "enum": ("enum M { Fast = 'gpt-5-mini' }\nnew Agent({ name: 'a', model: M.Fast });", "gpt-5-mini"),
    "wrapped twice": ("new Agent({ name: 'a', model: aisdk(openai('gpt-4o')) });", "gpt-4o"),
    "chat method": ("new Agent({ name: 'a', model: openai.responses('o3-mini') });", "o3-mini"),
    "helper": ("function model() { return openai('gpt-4o'); }\nnew Agent({ name: 'a', model: model() });", "gpt-4o"),
    "wrapper of the project": (
        "const pick = (id: string) => registry.get(id)!;\nnew Agent({ name: 'a', model: pick('claude-sonnet-4') });",
        "claude-sonnet-4",
    ),
    "wrapper of the project, a key": (
        "const pick = (id: string) => registry.get(id)!;\nnew Agent({ name: 'a', model: pick('fast') });",
        None,
    ),
    "shorthand": ("const model = 'gpt-5';\nnew Agent({ name: 'a', model });", "gpt-5"),
    "spread": ("const base = { model: 'gpt-5', tools: [] };\nnew Agent({ name: 'a', ...base });", "gpt-5"),
    "overridden spread": ("const base = { model: 'gpt-5' };\nnew Agent({ name: 'a', ...base, model: 'gpt-6' });", "gpt-6"),
    "options in a variable": ("const options = { name: 'a', model: 'gpt-5' } satisfies Options;\nnew Agent(options);", "gpt-5"),
    "frozen options": ("const o = Object.freeze({ name: 'a', model: 'gpt-5' });\nnew Agent(o);", "gpt-5"),
    "field": ("class S { private model = 'gpt-5'; make() { return new Agent({ name: 'a', model: this.model }); } }", "gpt-5"),
    "field set once": (
        "class S { model; constructor() { this.model = 'gpt-5'; } make() { return new Agent({ name: 'a', model: this.model }); } }",
        "gpt-5",
    ),
    "field set twice": (
        "class S { model = 'a'; set() { this.model = 'b'; } make() { return new Agent({ name: 'a', model: this.model }); } }",
        None,
    ),
    "argument of the only call": ("function make(m: string) { return new Agent({ name: 'a', model: m }); }\nmake('gpt-5');", "gpt-5"),
    "argument of two calls": (
        "function make(m: string) { return new Agent({ name: 'a', model: m }); }\nmake('gpt-5');\nmake('gpt-6');",
        None,
    ),
    "environment": ("new Agent({ name: 'a', model: process.env.MODEL });", None),
    "environment with default": ("new Agent({ name: 'a', model: process.env.MODEL ?? 'gpt-5' });", None),
    "ternary": ("new Agent({ name: 'a', model: cheap ? 'gpt-5-mini' : 'gpt-5' });", None),
    "template with a hole": ("new Agent({ name: 'a', model: `gpt-${version}` });", None),
    "reassigned": ("let m = 'gpt-4';\nm = 'gpt-5';\nnew Agent({ name: 'a', model: m });", None),
    "assigned later, once": ("let m;\nm = 'gpt-5';\nnew Agent({ name: 'a', model: m });", "gpt-5"),
    "shadowed": ("const m = 'gpt-4';\nfunction f() { const m = 'gpt-5'; return new Agent({ name: 'a', model: m }); }", "gpt-5"),
    "default of a parameter": ("function f(m = 'gpt-4') { return new Agent({ name: 'a', model: m }); }", None),
    "escape": ("new Agent({ name: 'a', model: 'gpt\\u002d5' });", "gpt-5"),
    "itself": ("const m = m;\nnew Agent({ name: 'a', model: m });", None),
}


@pytest.mark.parametrize(("source", "model"), MODELS.values(), ids=MODELS.keys())
def test_a_model_is_what_its_expression_certainly_is(source: str, model: str | None) -> None:
    assert agent(HEAD + source).model == model


TOOLS: dict[str, tuple[str, tuple[str, ...] | None]] = {
    "absent": ("new Agent({ name: 'a' });", ()),
    "undefined": ("new Agent({ name: 'a', tools: undefined });", ()),
    "made in place": ("new Agent({ name: 'a', tools: [tool({ name: 'one' })] });", ("one",)),
    "name in a constant": ("const N = 'one';\nconst t = tool({ name: N });\nnew Agent({ name: 'a', tools: [t] });", ("one",)),
    "no name: the variable": ("const fetchOrder = tool({ execute });\nnew Agent({ name: 'a', tools: [fetchOrder] });", ("fetchOrder",)),
    "function": ("function lookUp() {}\nnew Agent({ name: 'a', tools: [lookUp] });", ("lookUp",)),
    "class": ("import { Calculator } from 'x';\nnew Agent({ name: 'a', tools: [new Calculator()] });", ("Calculator",)),
    "imported": ("import { search } from 'x';\nnew Agent({ name: 'a', tools: [search] });", ("search",)),
    "schema": (
        "new Agent({ name: 'a', tools: [{ type: 'function', function: { name: 'one' } }, { type: 'web_search' }] });",
        ("one", "web_search"),
    ),
    "keys": ("const tools = { one: t1, 'two-b': t2, three() {} };\nnew Agent({ name: 'a', tools });", ("one", "two-b", "three")),
    "computed key": ("const K = 'one';\nnew Agent({ name: 'a', tools: { [K]: t } });", ("one",)),
    "key by the tool's name": ("const s = tool({ name: 'seek' });\nnew Agent({ name: 'a', tools: { [s.name]: s } });", ("seek",)),
    "values of an object": (
        "const all = { one: tool({ name: 'uno' }), two: t };\nnew Agent({ name: 'a', tools: Object.values(all) });",
        ("uno", "t"),
    ),
    "spread list": (
        "const base = [tool({ name: 'one' })];\nnew Agent({ name: 'a', tools: [...base, tool({ name: 'two' })] });",
        ("one", "two"),
    ),
    "spread unknown": ("new Agent({ name: 'a', tools: [...(await client.listTools()), one] });", None),
    "spread unknown object": ("new Agent({ name: 'a', tools: { ...mcpTools, one } });", None),
    "unknown call": ("new Agent({ name: 'a', tools: await loadTools() });", None),
    "unknown options": ("export const make = (options: any) => new Agent(options);", None),
    "options with an unknown spread": ("export const make = (o: any) => new Agent({ name: 'a', ...o });", None),
    "ternary": ("new Agent({ name: 'a', tools: [flag ? one : two] });", None),
    "hosted mcp is a server": (
        "import { hostedMcpTool } from '@openai/agents';\nnew Agent({ name: 'a', tools: [hostedMcpTool({ serverLabel: 'wiki' })] });",
        (),
    ),
    "filtered": ("new Agent({ name: 'a', tools: all.filter(Boolean) });", None),
}


@pytest.mark.parametrize(("source", "tools"), TOOLS.values(), ids=TOOLS.keys())
def test_tools_are_named_or_unknown(source: str, tools: tuple[str, ...] | None) -> None:
    assert agent(HEAD + source).tools == tools


PURPOSES: dict[str, tuple[str, str | None]] = {
    "string": ("new Agent({ name: 'a', instructions: 'Do.' });", "Do."),
    "template with holes": ("new Agent({ name: 'a', instructions: `Do ${what}.` });", "Do ${what}."),
    "joined list": ("new Agent({ name: 'a', instructions: ['Do.', 'Stop.'].join(' ') });", "Do.\nStop."),
    "function": ("new Agent({ name: 'a', instructions: (ctx) => `Help ${ctx.user}.` });", "Help ${ctx.user}."),
    "function with a body": ("new Agent({ name: 'a', instructions: () => { const d = 1; return 'Help.'; } });", "Help."),
    "sum": ("const A = 'Do. ';\nnew Agent({ name: 'a', instructions: A + 'Stop.' });", "Do. Stop."),
    "long sum": (
        "new Agent({ name: 'a', instructions: 'One. ' + 'Two. ' + who + ' Three. ' + 'Four. ' + 'Five. ' + 'Six. ' + 'Seven.' });",
        "One. Two.  Three. Four. Five. Six. Seven.",
    ),
    "tag": ("new Agent({ name: 'a', instructions: dedent`Do.` });", "Do."),
    "trimmed": ("new Agent({ name: 'a', instructions: ` Do. `.trim() });", " Do. "),
    "helper": ("function prompt() { return `Be wise.`; }\nnew Agent({ name: 'a', instructions: prompt() });", "Be wise."),
    "unknown": ("new Agent({ name: 'a', instructions: load() });", None),
    "description instead": ("new Agent({ name: 'a', handoffDescription: 'Refunds.' });", "Refunds."),
}


@pytest.mark.parametrize(("source", "purpose"), PURPOSES.values(), ids=PURPOSES.keys())
def test_a_purpose_is_the_text_of_the_instructions(source: str, purpose: str | None) -> None:
    assert agent(HEAD + source).purpose == purpose


def test_a_long_purpose_is_cut() -> None:
    assert len(agent(HEAD + f"new Agent({{ name: 'a', instructions: '{'x' * 5000}' }});").purpose or "") == 2000


def test_variables_keys_and_functions_are_aliases() -> None:
    assert agent(HEAD + "export const clerk = new Agent({ name: 'a' });").aliases == ("clerk",)
    assert agent(HEAD + "export const all = { clerk: new Agent({ name: 'a' }) };").aliases == ("clerk",)
    assert agent(HEAD + "function makeClerk() { return new Agent({ name: 'a' }); }").aliases == ("makeClerk",)
    assert agent(HEAD + "class S { clerk = new Agent({ name: 'a' }); }").aliases == ("clerk",)
