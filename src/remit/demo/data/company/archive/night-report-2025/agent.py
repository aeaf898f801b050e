"""The night report, as it runs on the old box: order files only, no database."""

import sys
from datetime import date, timedelta

from langchain_anthropic import ChatAnthropic
from langgraph.prebuilt import create_react_agent

from tools import list_order_files, read_order_file, read_title_list, write_report

PROMPT = """Write the sales report of Tidewater Books for one day.
Read the order files of that day in the bucket tidewater-orders.
Compare their totals with the tables sales.orders and sales.order_lines.
Look up the names of the titles that were sold in stock.titles.
Write one report for the day to the bucket tidewater-reports: turnover, the twenty best titles, and orders that do not add up.
Give totals only. Never write a customer's name, address or mail address into a report."""

model = ChatAnthropic(model="claude-3-7-sonnet-20250219", temperature=0)

night_report_2025 = create_react_agent(
    model,
    tools=[list_order_files, read_order_file, read_title_list, write_report],
    prompt=PROMPT,
    name="night-report-2025",
)

if __name__ == "__main__":
    day = sys.argv[1] if len(sys.argv) > 1 else (date.today() - timedelta(days=1)).isoformat()
    print(night_report_2025.invoke({"messages": [("user", f"Write the report of {day}.")]})["messages"][-1].content)
