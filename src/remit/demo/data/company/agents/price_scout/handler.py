"""The function behind the action group of price-scout."""

import csv
import io
import json

import boto3

s3 = boto3.client("s3")


def list_prices(publisher: str) -> list[dict]:
    """List prices of a publisher."""
    body = s3.get_object(Bucket="tidewater-reports", Key=f"prices/{publisher}.csv")["Body"].read().decode("utf-8")
    return list(csv.DictReader(io.StringIO(body)))


def handler(event: dict, context: object) -> dict:
    """Answers one call of the agent."""
    given = {entry["name"]: entry["value"] for entry in event.get("parameters", [])}
    found = list_prices(given["publisher"])
    body = {"TEXT": {"body": json.dumps(found[:200])}}
    return {
        "messageVersion": "1.0",
        "response": {"actionGroup": event["actionGroup"], "function": event["function"], "functionResponse": {"responseBody": body}},
    }
