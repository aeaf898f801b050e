"""The night report: a ReAct agent of LangGraph that is given one day."""

import sys
from datetime import date, timedelta

from langchain_anthropic import ChatAnthropic
from langgraph.prebuilt import create_react_agent

from night_report.tools import list_order_files, order_lines, orders_of, read_order_file, titles, write_report

PROMPT = """Write the sales report of Tidewater Books for one day.
Read the order files of that day in the bucket tidewater-orders.
Compare their totals with the tables sales.orders and sales.order_lines.
Look up the names of the titles that were sold in stock.titles.
Write one report for the day to the bucket tidewater-reports: turnover, the twenty best titles, and orders that do not add up.
Give totals only. Never write a customer's name, address or mail address into a report."""

model = ChatAnthropic(model="claude-sonnet-4-5", temperature=0, max_tokens=4096)

night_report = create_react_agent(
    model,
    tools=[list_order_files, read_order_file, orders_of, order_lines, titles, write_report],
    prompt=PROMPT,
    name="night-report",
)


def main() -> None:
    """Writes the report of the day that is given, or of yesterday."""
    day = sys.argv[1] if len(sys.argv) > 1 else (date.today() - timedelta(days=1)).isoformat()
    answer = night_report.invoke({"messages": [("user", f"Write the report of {day}.")]}, {"recursion_limit": 40})
    print(answer["messages"][-1].content)


if __name__ == "__main__":
    main()
