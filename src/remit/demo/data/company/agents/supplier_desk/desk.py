"""The supplier desk: reads letters, pays bills, tells accounts."""

import asyncio
import sys

from pydantic import BaseModel
from pydantic_ai import Agent
from pydantic_ai.mcp import MCPServerStdio

INSTRUCTIONS = """Read the letters of suppliers of Tidewater Books and pay the bills among them.
Begin with the letter in the mail room that the task names.
If it is a bill, find the invoice in the ledger by its number and pay it from what the ledger says.
Then tell accounts@tidewater.example in one short letter what was paid, or what the letter asks for.
Never send anything to anybody outside of the company."""

mailroom = MCPServerStdio("python", args=["-m", "mailroom", "/srv/mailroom"])
ledger = MCPServerStdio("python", args=["-m", "ledger", "/srv/mailroom"])


class Done(BaseModel):
    """What the person who gave the task reads."""

    summary: str
    paid: list[str] = []
    needs_a_person: bool = False


supplier_desk = Agent(
    "openai:gpt-5-mini",
    name="supplier-desk",
    instructions=INSTRUCTIONS,
    output_type=Done,
    toolsets=[mailroom, ledger],
)


async def main(task: str) -> None:
    """Does one task."""
    async with supplier_desk:
        done = await supplier_desk.run(task)
    print(done.output.summary)


if __name__ == "__main__":
    asyncio.run(main(" ".join(sys.argv[1:])))
