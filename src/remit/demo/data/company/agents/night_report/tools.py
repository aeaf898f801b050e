"""What the night report can do: read order files, ask the database, write one report."""

import os

import boto3
import psycopg
from langchain_core.tools import tool

s3 = boto3.client("s3", region_name="eu-central-1")


@tool
def list_order_files(day: str) -> list[str]:
    """Names of the order files of a day (YYYY-MM-DD)."""
    found = s3.list_objects_v2(Bucket="tidewater-orders", Prefix=f"orders/{day}/")
    return [entry["Key"] for entry in found.get("Contents", [])]


@tool
def read_order_file(key: str) -> str:
    """Text of one order file."""
    return s3.get_object(Bucket="tidewater-orders", Key=key)["Body"].read().decode("utf-8")


@tool
def orders_of(day: str) -> list[tuple]:
    """Orders of a day: number, status, total."""
    with psycopg.connect(os.environ["REPORT_DB_URL"]) as connection:
        return connection.execute("SELECT order_id, status, total FROM sales.orders WHERE placed_on = %s", (day,)).fetchall()


@tool
def order_lines(order_id: int) -> list[tuple]:
    """Lines of one order: ISBN, quantity, price."""
    with psycopg.connect(os.environ["REPORT_DB_URL"]) as connection:
        return connection.execute("SELECT isbn, quantity, price FROM sales.order_lines WHERE order_id = %s", (order_id,)).fetchall()


@tool
def titles(isbns: list[str]) -> list[tuple]:
    """Titles and authors by ISBN."""
    with psycopg.connect(os.environ["REPORT_DB_URL"]) as connection:
        return connection.execute("SELECT isbn, title, author FROM stock.titles WHERE isbn = ANY(%s)", (isbns,)).fetchall()


@tool
def write_report(day: str, text: str) -> str:
    """Store the report of a day."""
    key = f"daily/{day}.md"
    s3.put_object(Bucket="tidewater-reports", Key=key, Body=text.encode("utf-8"), ContentType="text/markdown")
    return f"stored {key}"
