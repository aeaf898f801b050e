"""The refund desk, with the OpenAI Agents SDK: one run for each ticket."""

import asyncio
import sys

from agents import Agent, ModelSettings, Runner

from refund_desk.tools import enter_refund, letter_of, open_tickets, order_of

INSTRUCTIONS = """Decide about refunds of Tidewater Books.
Read the open ticket in crm.tickets and the customer's letter in the bucket tidewater-letters.
Look up the order that it is about in sales.orders.
Add a refund to sales.refunds when the rules allow it: damaged, wrong or missing books within 30 days, up to 60 EUR.
Never refund more than the order's total.
Hand everything else to a person, with one sentence that says why."""

refund_desk = Agent(
    name="refund-desk",
    instructions=INSTRUCTIONS,
    model="gpt-5-mini",
    model_settings=ModelSettings(temperature=0),
    tools=[open_tickets, letter_of, order_of, enter_refund],
)


async def main() -> None:
    """Goes through the tickets that are given."""
    for ticket in sys.argv[1:]:
        result = await Runner.run(refund_desk, f"Decide ticket {ticket}.", max_turns=8)
        print(ticket, result.final_output)


if __name__ == "__main__":
    asyncio.run(main())
