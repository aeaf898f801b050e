"""Order files in, report out."""

import boto3
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
def read_title_list() -> str:
    """ISBN, title and author of everything that we sell."""
    return s3.get_object(Bucket="tidewater-orders", Key="lists/titles.csv")["Body"].read().decode("utf-8")


@tool
def write_report(day: str, text: str) -> str:
    """Store the report of a day."""
    key = f"daily/{day}.md"
    s3.put_object(Bucket="tidewater-reports", Key=key, Body=text.encode("utf-8"))
    return f"stored {key}"
