"""What the refund desk can do."""

import os

import boto3
import psycopg
from agents import function_tool

from refund_desk.rules import check

s3 = boto3.client("s3", region_name="eu-central-1")


def connect() -> psycopg.Connection:
    """The shop's database, as `refund_desk`."""
    return psycopg.connect(os.environ["DATABASE_URL"])


@function_tool
def open_tickets() -> list[tuple]:
    """Open tickets about refunds."""
    with connect() as connection:
        return connection.execute("SELECT ticket_id, order_id, subject FROM crm.tickets WHERE status = 'open' ORDER BY opened_on").fetchall()


@function_tool
def letter_of(ticket_id: int) -> str:
    """The customer's letter that a ticket was opened for."""
    found = s3.get_object(Bucket="tidewater-letters", Key=f"tickets/{ticket_id}.txt")
    return found["Body"].read().decode("utf-8")


@function_tool
def order_of(order_id: int) -> tuple | None:
    """Date, status and total of an order."""
    with connect() as connection:
        return connection.execute("SELECT placed_on, status, total FROM sales.orders WHERE order_id = %s", (order_id,)).fetchone()


@function_tool
def enter_refund(order_id: int, amount: str, reason: str) -> str:
    """Enter a refund; finance pays it out."""
    check(amount, reason)
    with connect() as connection:
        connection.execute("INSERT INTO sales.refunds (order_id, amount, reason) VALUES (%s, %s, %s)", (order_id, amount, reason))
    return f"entered {amount} EUR for order {order_id}"
