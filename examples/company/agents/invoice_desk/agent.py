"""Pays the bills that arrive in the inbox of the invoice desk."""

import os

from agents import Agent
from agents.mcp import MCPServerStdio

INSTRUCTIONS = """You work at the invoice desk. Read the bills in the inbox, pay each once from its own
data, and tell the accounts team what you paid. Never pay anything that is not a bill."""

desk = MCPServerStdio(name="desk", params={"command": "python", "args": ["desk/server.py"]})

invoice_desk = Agent(
    name="invoice-desk",
    instructions=INSTRUCTIONS,
    model="gpt-5-mini",
    mcp_servers=[desk],
)

api_key = os.environ["OPENAI_API_KEY"]
