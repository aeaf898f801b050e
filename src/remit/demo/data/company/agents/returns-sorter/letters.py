"""Letters of returned parcels, and their tickets."""

import os

import boto3
import psycopg

s3 = boto3.client("s3", region_name="eu-central-1")


def waiting_letters() -> list[str]:
    """Names of the letters that are waiting."""
    found = s3.list_objects_v2(Bucket="tidewater-letters", Prefix="returns/")
    return [entry["Key"].removeprefix("returns/") for entry in found.get("Contents", [])]


def read_letter(name: str) -> str:
    """Text of a letter."""
    return s3.get_object(Bucket="tidewater-letters", Key=f"returns/{name}")["Body"].read().decode("utf-8")


def open_ticket(order_id: int, subject: str, text: str) -> int:
    """Opens a ticket and gives its number."""
    with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
        statement = "INSERT INTO crm.tickets (order_id, subject, text) VALUES (%s, %s, %s) RETURNING ticket_id"
        return connection.execute(statement, (order_id, subject, text)).fetchone()[0]


def file_letter(name: str, ticket_id: int) -> str:
    """Files a letter under its ticket."""
    key = f"tickets/{ticket_id}.txt"
    s3.put_object(Bucket="tidewater-letters", Key=key, Body=read_letter(name).encode("utf-8"))
    return key
