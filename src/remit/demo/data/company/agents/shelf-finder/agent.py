"""Says where a book stands. Its tools are MCP servers, and nothing else."""

import asyncio
import json
import pathlib
import sys

from claude_agent_sdk import ClaudeAgentOptions, ClaudeSDKClient

PROMPT = """Help the people in the shop of Tidewater Books to find a book.
Look up the title in stock.titles and where it stands in stock.levels, and read the plan of that shelf.
Answer with the shelf and how many are left."""
SERVERS = json.loads(pathlib.Path(__file__).with_name(".mcp.json").read_text())["mcpServers"]

options = ClaudeAgentOptions(
    model="claude-haiku-4-5",
    system_prompt=PROMPT,
    mcp_servers=SERVERS,
    allowed_tools=["mcp__stock__execute_sql", "mcp__shelves__read_text_file", "mcp__shelves__list_directory"],
    max_turns=10,
)


async def main(question: str) -> None:
    """Answers one question."""
    async with ClaudeSDKClient(options=options) as client:
        await client.query(question)
        async for message in client.receive_response():
            print(message)


if __name__ == "__main__":
    asyncio.run(main(" ".join(sys.argv[1:])))
