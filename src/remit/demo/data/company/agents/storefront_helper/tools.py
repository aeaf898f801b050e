"""What the storefront helper can look up."""

import os

import boto3
import psycopg
from crewai.tools import tool


@tool("find_title")
def find_title(words: str) -> list:
    """Titles by words of their title or author."""
    with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
        statement = "SELECT isbn, title, author, price FROM stock.titles WHERE title ILIKE %s OR author ILIKE %s LIMIT 10"
        return connection.execute(statement, (f"%{words}%", f"%{words}%")).fetchall()


@tool("on_the_shelf")
def on_the_shelf(isbn: str) -> list:
    """How many of a title are on which shelf."""
    with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
        return connection.execute("SELECT shelf, quantity FROM stock.levels WHERE isbn = %s", (isbn,)).fetchall()


@tool("common_answer")
def common_answer(topic: str) -> str:
    """The usual wording of an answer: opening-hours, gift-cards, returns."""
    s3 = boto3.client("s3", region_name="eu-central-1")
    return s3.get_object(Bucket="tidewater-letters", Key=f"answers/{topic}.txt")["Body"].read().decode("utf-8")
