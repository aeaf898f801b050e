"""Sorts the letters of returned parcels; a plain loop, no framework."""

import json
import logging

import anthropic

import letters

MODEL = "claude-haiku-4-5"
SYSTEM = """Sort the letters that come with parcels returned to Tidewater Books.
List the letters that are waiting, read each, open one ticket for it and file it under its ticket.
A ticket has the number of the order, a subject of at most eight words, and what the customer wants.
Never answer a letter and never decide about money."""
TOOLS = [
    {"name": "waiting_letters", "description": "Names of the letters that are waiting.", "input_schema": {"type": "object", "properties": {}}},
    {
        "name": "read_letter",
        "description": "Text of a letter.",
        "input_schema": {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]},
    },
    {
        "name": "open_ticket",
        "description": "Open a ticket for an order; gives its number.",
        "input_schema": {
            "type": "object",
            "properties": {"order_id": {"type": "integer"}, "subject": {"type": "string"}, "text": {"type": "string"}},
            "required": ["order_id", "subject", "text"],
        },
    },
    {
        "name": "file_letter",
        "description": "File a letter under the number of its ticket.",
        "input_schema": {
            "type": "object",
            "properties": {"name": {"type": "string"}, "ticket_id": {"type": "integer"}},
            "required": ["name", "ticket_id"],
        },
    },
]
CALLS = {
    "waiting_letters": letters.waiting_letters,
    "read_letter": letters.read_letter,
    "open_ticket": letters.open_ticket,
    "file_letter": letters.file_letter,
}
MOST_TURNS = 60
log = logging.getLogger("returns-sorter")
client = anthropic.Anthropic()


def run(task: str) -> str:
    """Works until the model asks for no tool any more."""
    messages = [{"role": "user", "content": task}]
    for _ in range(MOST_TURNS):
        answer = client.messages.create(model=MODEL, max_tokens=2048, system=SYSTEM, tools=TOOLS, messages=messages)
        messages.append({"role": "assistant", "content": answer.content})
        if answer.stop_reason != "tool_use":
            return "".join(block.text for block in answer.content if block.type == "text")
        results = []
        for block in answer.content:
            if block.type == "tool_use":
                log.info("%s %s", block.name, block.input)
                found = CALLS[block.name](**block.input)
                results.append({"type": "tool_result", "tool_use_id": block.id, "content": json.dumps(found, default=str)})
        messages.append({"role": "user", "content": results})
    return "stopped after too many turns"


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    print(run("Sort the letters that came in since the last run."))
