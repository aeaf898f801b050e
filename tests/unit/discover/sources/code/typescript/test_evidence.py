# ruff: noqa: E501, ISC004 - the programs under test stand on lines of their own
"""Credentials, MCP servers, actions and imports beside the agents; and input that is not well."""

from __future__ import annotations

import pytest
from tests.unit.discover.sources.code.typescript.reading import MemoryProject, read

from remit.discover.sources.code.reader import SourceFile
from remit.discover.sources.code.typescript.reader import READER
from remit.model.evidence import ActionSeen, AgentSeen, CredentialSeen, Gap, GapKind, McpServerSeen

CREDENTIALS = {
    "process": ("const k = process.env.OPENAI_API_KEY;", "OPENAI_API_KEY"),
    "subscript": ("const k = process.env['GITHUB_TOKEN']!;", "GITHUB_TOKEN"),
    "destructured": ("const { PORT, SLACK_BOT_TOKEN: token = '' } = process.env;", "SLACK_BOT_TOKEN"),
    "deno": ("const k = Deno.env.get('ANTHROPIC_API_KEY');", "ANTHROPIC_API_KEY"),
    "bun": ("const k = Bun.env.EXA_API_KEY;", "EXA_API_KEY"),
    "vite": ("const k = import.meta.env.TAVILY_API_KEY;", "TAVILY_API_KEY"),
    "worker": ("export default { async fetch(r: Request, env: Env) { return env.OPENAI_API_KEY + process.env.X; } };", "OPENAI_API_KEY"),
    "optional chain": ("const k = process?.env?.GROQ_API_KEY; // process.env", "GROQ_API_KEY"),
}


@pytest.mark.parametrize(("source", "name"), CREDENTIALS.values(), ids=CREDENTIALS.keys())
def test_a_credential_is_named_where_it_is_read(source: str, name: str) -> None:
    found = [item for item in read("\n" + source) if isinstance(item, CredentialSeen)]
    assert [(item.name, item.place.line) for item in found] == [(name, 2)]


NOT_CREDENTIALS = {
    "a setting": "const n = process.env.MAX_TOKENS + process.env.PORT;",
    "a comment": "// process.env.OPENAI_API_KEY\nconst a = process.env.PORT;",
    "a string": "const doc = 'set process.env.OPENAI_API_KEY';",
    "another object": "const k = settings.env.OPENAI_API_KEY + process.env.PORT;",
    "an env that is no worker's": "function f(env) { return env.OPENAI_API_KEY; }\nf(process.env);",
}


def test_the_id_of_a_client_counts_beside_its_own_secret() -> None:
    source = "login(process.env.MAIL_CLIENT_ID, process.env.MAIL_CLIENT_SECRET, process.env.CHAT_CLIENT_ID);"
    assert [item.name for item in read(source) if isinstance(item, CredentialSeen)] == ["MAIL_CLIENT_ID", "MAIL_CLIENT_SECRET"]


@pytest.mark.parametrize("source", NOT_CREDENTIALS.values(), ids=NOT_CREDENTIALS.keys())
def test_what_is_not_read_from_the_environment_is_no_credential(source: str) -> None:
    assert [item for item in read(source) if isinstance(item, CredentialSeen)] == []


ACTIONS = {
    "s3 object": (
        "import { S3Client, GetObjectCommand } from '@aws-sdk/client-s3';\nasync function load() { return s3.send(new GetObjectCommand({ Bucket: 'reports', Key: 'a.csv' })); }",
        ("aws:s3", "s3:GetObject", "arn:aws:s3:::reports/a.csv", "load"),
    ),
    "s3 object of which the folder is known": (
        "import { PutObjectCommand } from '@aws-sdk/client-s3';\nconst root = 'in';\nnew PutObjectCommand({ Bucket: 'reports', Key: `${root}/${day}/a-${id}.csv` });",
        ("aws:s3", "s3:PutObject", "arn:aws:s3:::reports/in/*/a-*.csv", None),
    ),
    "s3 object whose name is put together": (
        "import { GetObjectCommand } from '@aws-sdk/client-s3';\nnew GetObjectCommand({ Bucket: 'reports', Key: 'in/' + id });",
        ("aws:s3", "s3:GetObject", "arn:aws:s3:::reports/in/*", None),
    ),
    "s3 object whose name joins paths": (
        "import path from 'node:path';\nimport { GetObjectCommand } from '@aws-sdk/client-s3';\nnew GetObjectCommand({ Bucket: 'reports', Key: path.join('in/', day, `${id}.csv`) });",
        ("aws:s3", "s3:GetObject", "arn:aws:s3:::reports/in/*/*.csv", None),
    ),
    "s3 object whose name joins a list": (
        "import { GetObjectCommand } from '@aws-sdk/client-s3';\nconst key = ['in', day, id].join('/');\nnew GetObjectCommand({ Bucket: 'reports', Key: key });",
        ("aws:s3", "s3:GetObject", "arn:aws:s3:::reports/in/*/*", None),
    ),
    "s3 object whose name is put together in several ways": (
        "import { GetObjectCommand } from '@aws-sdk/client-s3';\nconst root = 'in';\nnew GetObjectCommand({ Bucket: 'reports', Key: (root + '/').concat(day, `/${'a-' + id}`) });",
        ("aws:s3", "s3:GetObject", "arn:aws:s3:::reports/in/*/a-*", None),
    ),
    "s3 object of which nothing is known": (
        "import { GetObjectCommand } from '@aws-sdk/client-s3';\nnew GetObjectCommand({ Bucket: 'reports', Key: pick(id) });",
        ("aws:s3", "s3:GetObject", "arn:aws:s3:::reports/*", None),
    ),
    "permission of another name": (
        "import { ListObjectsV2Command as L } from '@aws-sdk/client-s3';\nnew L({ Bucket: bucketName });",
        ("aws:s3", "s3:ListBucket", None, None),
    ),
    "document client": (
        "const { PutCommand } = require('@aws-sdk/lib-dynamodb');\nnew PutCommand({ TableName: 'orders' });",
        ("aws:dynamodb", "dynamodb:PutItem", "orders", None),
    ),
    "fetch": ("const r = await fetch('https://api.example.com/v1', { method: 'POST' });", ("http", "post", "api.example.com", None)),
    "fetch with a path in a template": (
        "const r = await fetch(`https://api.example.com/v1/${id}?k=${k}`);",
        ("http", "get", "api.example.com", None),
    ),
    "axios": ("import axios from 'axios';\nawait axios.delete('https://api.example.com/x');", ("http", "delete", "api.example.com", None)),
    "shell": ("import { exec } from 'node:child_process';\nclass T { run(c) { exec(c); } }", ("shell", "run", None, "T.run")),
    "shell of the namespace": ("import * as cp from 'child_process';\ncp.spawnSync('ls');", ("shell", "run", None, None)),
    "postgres": (
        "import { Pool } from 'pg';\nconst pool = new Pool();\nawait pool.query('SELECT * FROM sales.orders WHERE id = $1', [1]);",
        ("postgres", "select", "sales.orders", None),
    ),
    "tagged statement": (
        "import { neon } from '@neondatabase/serverless';\nconst sql = neon(process.env.DATABASE_URL!);\nawait sql`UPDATE users SET n = ${n} WHERE id = ${id}`;",
        ("postgres", "update", "users", None),
    ),
    "sqlite": (
        "import Database from 'better-sqlite3';\nconst db = new Database('x');\ndb.prepare('DELETE FROM logs').run();",
        ("sqlite", "delete", "logs", None),
    ),
}


@pytest.mark.parametrize(("source", "expected"), ACTIONS.values(), ids=ACTIONS.keys())
def test_an_action_is_told_by_the_package_that_takes_it(source: str, expected: tuple[str, str, str | None, str | None]) -> None:
    found = [item for item in read(source) if isinstance(item, ActionSeen)]
    assert [(item.system, item.action, item.resource, item.function) for item in found] == [expected]


NO_ACTIONS = {
    "exec of a regular expression": "import { spawn } from 'child_process';\n/a/.exec('a');\nconst m = pattern.exec(text);",
    "a fetch of one's own": "function fetch(u) {}\nfetch('https://api.example.com');",
    "a host in a variable": "await fetch(`https://${host}/x`);\nfetch('https://' + host);",
    "a statement put together": "import { Pool } from 'pg';\nconst p = new Pool();\np.query('SELECT * FROM ' + table);",
    "a query of something else": "import { client } from './api';\nimport 'pg';\nclient.query('SELECT 1 FROM t');",
}


@pytest.mark.parametrize("source", NO_ACTIONS.values(), ids=NO_ACTIONS.keys())
def test_an_action_is_never_guessed(source: str) -> None:
    assert [item for item in read(source) if isinstance(item, ActionSeen)] == []


SERVERS = {
    "stdio": (
        "import { MCPServerStdio } from '@openai/agents';\nnew MCPServerStdio({ name: 'Files', command: 'npx', args: ['-y', 'server-files', '--token=abcd'] });",
        ("Files", "stdio", "npx -y server-files --token=***"),
    ),
    "full command": (
        "import { MCPServerStdio } from '@openai/agents';\nnew MCPServerStdio({ name: 'Files', fullCommand: 'npx server-files' });",
        ("Files", "stdio", "npx server-files"),
    ),
    "streamable": (
        "import { MCPServerStreamableHttp } from '@openai/agents';\nnew MCPServerStreamableHttp({ url: 'https://u:p@mcp.example.com/mcp?key=1', name: 'Wiki' });",
        ("Wiki", "http", "https://mcp.example.com/mcp"),
    ),
    "hosted": (
        "import { hostedMcpTool } from '@openai/agents';\nhostedMcpTool({ serverLabel: 'wiki', serverUrl: 'https://mcp.example.com/sse' });",
        ("wiki", "sse", "https://mcp.example.com/sse"),
    ),
    "sdk transport": (
        "import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';\n"
        "const t = new StreamableHTTPClientTransport(new URL('http://localhost:3000/mcp'));",
        ("t", "http", "http://localhost:3000/mcp"),
    ),
    "several": (
        "import { MCPClient } from '@mastra/mcp';\nnew MCPClient({ servers: { wiki: { url: new URL('https://mcp.example.com/mcp') } } });",
        ("wiki", "http", "https://mcp.example.com/mcp"),
    ),
    "in an agent's own options": (
        "import { query } from '@anthropic-ai/claude-agent-sdk';\nquery({ prompt: 'x', options: { mcpServers: { db: { type: 'http', url: 'https://db.example.com/mcp', headers: { Authorization: t } } } } });",
        ("db", "http", "https://db.example.com/mcp"),
    ),
    "a list with transports": (
        "import { createAgent } from '@inngest/agent-kit';\ncreateAgent({ name: 'a', mcpServers: [{ name: 'neon', transport: { type: 'sse', url: 'https://x.example.com/api' } }] });",
        ("neon", "sse", "https://x.example.com/api"),
    ),
    "ai sdk client": (
        "import { experimental_createMCPClient as create } from 'ai';\nconst wiki = await create({ transport: { type: 'sse', url: 'https://x.example.com/sse' } });",
        ("wiki", "sse", "https://x.example.com/sse"),
    ),
    "adapters": (
        "import { MultiServerMCPClient } from '@langchain/mcp-adapters';\nnew MultiServerMCPClient({ math: { transport: 'stdio', command: 'node', args: ['m.js'] } });",
        ("math", "stdio", "node m.js"),
    ),
    "a command that is given an address": (
        "import { MCPConfiguration } from '@voltagent/core';\nnew MCPConfiguration({ servers: { far: { type: 'stdio', command: 'npx', args: ['mcp-remote', 'https://x.example.com/mcp'] } } });",
        ("far", "stdio", "npx mcp-remote https://x.example.com/mcp"),
    ),
    "a container": (
        "import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';\nuse(new StdioClientTransport({ command: 'docker', args: ['run', '-i', '-e', 'A_TOKEN', 'ghcr.io/x/wiki:1.2'] }));",
        ("wiki", "stdio", "docker run -i -e A_TOKEN ghcr.io/x/wiki:1.2"),
    ),
}


@pytest.mark.parametrize(("source", "expected"), SERVERS.values(), ids=SERVERS.keys())
def test_a_server_that_code_connects_to_is_seen_without_its_secrets(source: str, expected: tuple[str, str, str]) -> None:
    found = [item for item in read(source) if isinstance(item, McpServerSeen)]
    assert [(item.client, item.name, item.transport, item.command_or_url) for item in found] == [("code", *expected)]


BROKEN = "import { Agent } from '@openai/agents';\nnew Agent({ name: 'before' });\nconst = = ;\nnew Agent({ name: 'after' });\n"


def test_what_stands_around_a_syntax_error_is_read_and_the_error_is_named() -> None:
    found = read(BROKEN)
    assert [item.name for item in found if isinstance(item, AgentSeen)] == ["before", "after"]
    assert [(item.kind, item.place.line, item.is_file) for item in found if isinstance(item, Gap)] == [(GapKind.PARSE_ERROR, 3, False)]


def test_an_ampersand_in_the_text_of_an_element_is_no_error() -> None:
    source = "import { Agent } from '@openai/agents';\nexport const P = () => <b>Tools & Agents</b>;\nnew Agent({ name: 'x' });"
    found = read(source, "src/page.tsx")
    assert [item.name for item in found if isinstance(item, AgentSeen)] == ["x"]
    assert [item for item in found if isinstance(item, Gap)] == []


def test_a_bundle_is_a_gap() -> None:
    source = "import { Agent } from '@openai/agents';" + "var a=1;" * 10_000
    assert [(item.kind, item.is_file) for item in read(source, "dist/x.js") if isinstance(item, Gap)] == [(GapKind.UNSUPPORTED, True)]


HOSTILE = {
    "brackets": "[" * 10_000 + "]" * 10_000,
    "calls": "f(" * 10_000 + ")" * 10_000,
    "objects": "const x = " + "{a:" * 10_000 + "1" + "}" * 10_000,
    "functions": "()=>{" * 5_000 + "}" * 5_000,
    "sums": "const x = " + "'a'+" * 10_000 + "'b';\nnew Agent({ name: x, instructions: x, model: x, tools: x });",
    "members": "const x = a" + ".b" * 10_000 + ";\nnew Agent({ name: x, tools: [x] });",
    "chain": "new Agent({})" + ".f()" * 5_000,
    "open": "new Agent({ tools: [[[[{{{{",
    "not text": "\x00\ufffd\u202e\ud7ff" * 100,
    "templates": "const t = " + "`${" * 3_000 + "1" + "}`" * 3_000,
    "aliases": "".join(f"const a{n} = a{n + 1};\n" for n in range(3_000)) + "new Agent({ name: a0, model: a0, tools: a0 });",
    "spreads": "const a = { ...a, ...b };\nconst b = { ...a };\nnew Agent({ ...a, ...b, name: 'x' });",
    "many spreads": "".join(f"const a{n} = {{ {f'...a{n + 1}, ' * 40} }};\n" for n in range(40)) + "new Agent(a0);",
    "one name everywhere": "{ const a = new Agent({}); a(); a.b(); a = 1 }" * 3_000,
    "classes": "class A { m() { this.m(); this.x.create() } }" * 2_000,
    "patterns": "const " + "{a:" * 3_000 + "b" + "}" * 3_000 + " = new Agent({});",
}


@pytest.mark.parametrize("source", HOSTILE.values(), ids=HOSTILE.keys())
@pytest.mark.parametrize("path", ["a.ts", "a.tsx", "a.js"])
def test_hostile_input_ends_without_an_exception(source: str, path: str) -> None:
    found = read("import { Agent } from '@openai/agents';\n" + source, path)
    assert isinstance(found, list)


def test_a_test_is_read_for_its_agents_alone() -> None:
    source = "import { exec } from 'child_process';\nexec('ls');\n"
    file = SourceFile(path="a.test.ts", data=source.encode(), text=source, is_test=True)
    assert list(READER.read(file, MemoryProject({"a.test.ts": source}))) == []
    both = "import { Agent } from '@openai/agents';\nnew Agent({ name: 'x' });\n" + source
    file = SourceFile(path="a.test.ts", data=both.encode(), text=both, is_test=True)
    found = list(READER.read(file, MemoryProject({"a.test.ts": both})))
    assert [(item.name, item.is_test) for item in found if isinstance(item, AgentSeen)] == [("x", True)]


def test_declarations_of_types_are_not_wanted() -> None:
    assert [path for path in ("a.d.ts", "a.d.mts", "a.py", "a.TS", "b.jsx") if READER.wants(path)] == ["a.TS", "b.jsx"]
