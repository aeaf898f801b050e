"""Explains daily cloud-cost anomalies and opens a ticket for the team that owns them."""

import os

import boto3
import httpx
import psycopg
from langchain_anthropic import ChatAnthropic
from langchain_core.tools import tool
from langgraph.prebuilt import create_react_agent

BUCKET = "lumen-billing-exports"
MODEL = ChatAnthropic(model="claude-sonnet-4-5")


@tool
def read_export(key: str) -> str:
    """Read one billing export."""
    s3 = boto3.client("s3")
    return s3.get_object(Bucket=BUCKET, Key=key)["Body"].read().decode()


@tool
def daily_costs(day: str) -> list:
    """Costs of one day by account."""
    with psycopg.connect(os.environ["COSTS_DATABASE_URL"]) as connection:
        return connection.execute("SELECT account, amount FROM costs.daily WHERE day = %s", (day,)).fetchall()


@tool
def open_ticket(team: str, text: str) -> str:
    """Open a ticket for the owning team."""
    answer = httpx.post(
        "https://tickets.lumen.example/api/issues",
        headers={"Authorization": "Bearer " + os.environ["JIRA_API_TOKEN"]},
        json={"team": team, "text": text},
    )
    return answer.json()["id"]


cost_triage = create_react_agent(
    MODEL,
    [read_export, daily_costs, open_ticket],
    name="cost-triage",
    prompt="Explain yesterday's cost anomalies and open one ticket for each owning team.",
)
