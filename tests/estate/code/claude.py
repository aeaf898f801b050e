"""Agents whose tools are MCP servers alone: a Claude Code subagent, and a client of the Claude Agent SDK."""

from __future__ import annotations

import json

from tests.estate.names import Draw, kebab
from tests.estate.truth import Agent


def write(draw: Draw, agent: Agent, dsn: str) -> dict[str, str]:
    """Files of an agent, by path inside its folder. `dsn` is the address of the database with the agent's role in it."""
    server = draw.one(("database", "warehouse-db", "pg", "postgres"))
    files = {".mcp.json": json.dumps(_servers(draw, server, dsn), indent=2) + "\n"}
    tools = [f"mcp__{server}__{name}" for name in ("query", "execute_sql")]
    if agent.form == "claude-subagent":
        description = f"{agent.says} Use it every morning, or when asked about the tables it keeps."
        head = f"---\nname: {agent.slug}\ndescription: {description}\ntools: {', '.join(tools)}\nmodel: {agent.model}\n---\n\n"
        return files | {f".claude/agents/{agent.slug}.md": head + agent.prompt}
    body = f'''"""{agent.title}: a client of the Claude Agent SDK; its tools are MCP servers."""

import asyncio
import json
import pathlib

from claude_agent_sdk import ClaudeAgentOptions, ClaudeSDKClient

PROMPT = """\\
{agent.prompt.rstrip()}
"""
SERVERS = json.loads(pathlib.Path(__file__).with_name(".mcp.json").read_text())["mcpServers"]
options = ClaudeAgentOptions(
    model="{agent.model}",
    system_prompt=PROMPT,
    mcp_servers=SERVERS,
    allowed_tools={json.dumps(tools)},
)


async def main() -> None:
    async with ClaudeSDKClient(options=options) as client:
        await client.query("Do the work of today.")
        async for message in client.receive_response():
            print(message)


asyncio.run(main())
'''
    return files | {f"{kebab(agent.title).replace('-', '_')}.py": body}


def _servers(draw: Draw, name: str, dsn: str) -> dict[str, object]:
    way = draw.one(("argument", "environment"))
    if way == "argument":
        server = {"command": "npx", "args": ["-y", "@modelcontextprotocol/server-postgres", dsn]}
    else:
        server = {"command": "uvx", "args": ["postgres-mcp", "--access-mode=unrestricted"], "env": {"DATABASE_URI": dsn}}
    return {"mcpServers": {name: server}}
