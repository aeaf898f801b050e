# ruff: noqa: E501 - the programs under test stand on lines of their own
"""Names lead where the language says: through aliases, re-exports, `require`, workspaces and path aliases."""

from __future__ import annotations

import pytest
from tests.unit.discover.sources.code.typescript.reading import agents, read_file

from remit.model.evidence import AgentSeen, CallSeen

AGENT = "{ name: 'x', instructions: 'y' }"
WAYS = {
    "renamed": f"import {{ Agent as A }} from '@openai/agents';\nnew A({AGENT});",
    "namespace": f"import * as oa from '@openai/agents';\nnew oa.Agent({AGENT});",
    "require": f"const oa = require('@openai/agents');\nnew oa.Agent({AGENT});",
    "destructured require": f"const {{ Agent: B }} = require('@openai/agents');\nnew B({AGENT});",
    "member of require": f"const C = require('@openai/agents').Agent;\nnew C({AGENT});",
    "dynamic import": f"const {{ Agent }} = await import('@openai/agents');\nnew Agent({AGENT});",
    "dynamic import inside a function": f"async function f() {{ const m = await import('@openai/agents'); return new m.Agent({AGENT}); }}",
    "import equals": f"import oa = require('@openai/agents');\nnew oa.Agent({AGENT});",
    "another variable": f"import {{ Agent }} from '@openai/agents';\nconst D = Agent;\nnew D({AGENT});",
    "deno specifier": f"import {{ Agent }} from 'npm:@openai/agents@^0.1.0';\nnew Agent({AGENT});",
    "hosted": f"import {{ Agent }} from 'https://esm.sh/@openai/agents@0.1.3?bundle';\nnew Agent({AGENT});",
    "type argument": f"import {{ Agent }} from '@openai/agents';\nnew Agent<Ctx, typeof Out>({AGENT});",
    "mixed type and value": f"import {{ type Tool, Agent }} from '@openai/agents';\nnew Agent({AGENT});",
    "later in the file": f"export const f = () => new Agent({AGENT});\nimport {{ Agent }} from '@openai/agents';",
}


@pytest.mark.parametrize("source", WAYS.values(), ids=WAYS.keys())
@pytest.mark.parametrize("path", ["src/a.ts", "src/a.tsx", "src/a.mts"])
def test_an_import_in_any_form_is_followed(source: str, path: str) -> None:
    assert [(item.framework, item.name) for item in agents(source, path)] == [("openai-agents", "x")]


@pytest.mark.parametrize("path", ["src/a.js", "src/a.cjs", "src/a.jsx"])
def test_javascript_is_read_too(path: str) -> None:
    source = f"const {{ Agent }} = require('@openai/agents');\nmodule.exports = new Agent({AGENT});"
    assert [item.language for item in agents(source, path)] == ["javascript"]


REEXPORTS: dict[str, dict[str, str]] = {
    "named": {"src/sdk.ts": "export { Agent } from '@openai/agents';"},
    "renamed": {"src/sdk.ts": "export { RealtimeAgent as Agent } from '@openai/agents/realtime';"},
    "star": {"src/sdk.ts": "export * from '@openai/agents';"},
    "star through two files": {"src/sdk.ts": "export * from './inner';", "src/inner/index.ts": "export { Agent } from '@openai/agents';"},
    "imported then exported": {"src/sdk.ts": "import { Agent } from '@openai/agents';\nexport { Agent };"},
    "a constant": {"src/sdk.ts": "import * as oa from '@openai/agents';\nexport const Agent = oa.Agent;"},
    "compiled ending": {"src/sdk.ts": "export { Agent } from './real.js';", "src/real.ts": "export { Agent } from '@openai/agents';"},
    "folder": {"src/sdk/index.tsx": "export { Agent } from '@openai/agents';"},
}


@pytest.mark.parametrize("files", REEXPORTS.values(), ids=REEXPORTS.keys())
def test_a_reexport_of_the_project_is_followed(files: dict[str, str]) -> None:
    main = f"import {{ Agent }} from './sdk';\nexport const a = new Agent({AGENT});"
    found = read_file({**files, "src/main.ts": main}, "src/main.ts")
    assert [item.framework for item in found if isinstance(item, AgentSeen)] == ["openai-agents"]


def test_files_that_import_each_other_end() -> None:
    files = {"src/a.ts": "export * from './b';\nimport { Agent } from './b';\nnew Agent({});", "src/b.ts": "export * from './a';"}
    assert [item for item in read_file(files, "src/a.ts") if isinstance(item, AgentSeen)] == []


def test_path_aliases_and_workspace_packages_are_followed() -> None:
    files = {
        "tsconfig.json": '{ // paths\n "compilerOptions": { "paths": { "@/*": ["./src/*"], }, }, }',
        "src/lib/models.ts": "export const FAST = 'openai/gpt-5-mini' as const;",
        "packages/prompts/package.json": '{"name": "@acme/prompts", "main": "./dist/index.js"}',
        "packages/prompts/src/index.ts": "export const PROMPT = `Be kind.`;",
        "src/app/agent.ts": "import { Agent } from '@mastra/core/agent';\nimport { FAST } from '@/lib/models';\nimport { PROMPT } from '@acme/prompts';\n"
        "export const a = new Agent({ name: 'a', model: FAST, instructions: PROMPT });",
    }
    found = read_file(files, "src/app/agent.ts")
    seen = next(item for item in found if isinstance(item, AgentSeen))
    assert (seen.model, seen.purpose) == ("openai/gpt-5-mini", "Be kind.")
    assert seen.purpose_place is not None
    assert seen.purpose_place.path == "packages/prompts/src/index.ts" or seen.purpose_place.path == "src/app/agent.ts"
    assert {item.to_path for item in found if isinstance(item, CallSeen)} == {"src/lib/models.ts", "packages/prompts/src/index.ts"}


def test_tools_of_another_file_have_their_own_names_and_places() -> None:
    files = {
        "src/tools.ts": "import { tool } from '@openai/agents';\n\nexport const finder = tool({\n  name: 'find_order',\n});\nexport default [finder];",
        "src/agent.ts": "import { Agent } from '@openai/agents';\nimport all, { finder } from './tools';\nnew Agent({ name: 'a', tools: [finder] });\n"
        "new Agent({ name: 'b', tools: all });",
    }
    found = [item for item in read_file(files, "src/agent.ts") if isinstance(item, AgentSeen)]
    assert [item.tools for item in found] == [("find_order",), ("find_order",)]
    assert found[0].tool_places == (("find_order", "src/tools.ts", 3),)


def test_imports_lead_nowhere_outside_the_scan() -> None:
    files = {"a.ts": "import { Agent } from '../../etc/agent';\nimport x from 'openai';\nnew Agent({ name: 'x' });"}
    assert [item for item in read_file(files, "a.ts") if isinstance(item, (AgentSeen, CallSeen))] == []
