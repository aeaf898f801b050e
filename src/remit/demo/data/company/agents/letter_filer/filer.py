"""Files scanned letters by year, kind and sender."""

import boto3
from agno.agent import Agent
from agno.models.openai import OpenAIChat

BUCKET = "tidewater-letters"
s3 = boto3.client("s3", region_name="eu-central-1")


def scanned_letters() -> list[str]:
    """Names of the letters in the inbox of the scanner."""
    found = s3.list_objects_v2(Bucket="tidewater-letters", Prefix="inbox/")
    return [entry["Key"] for entry in found.get("Contents", [])]


def read_letter(key: str) -> str:
    """Text of a scanned letter."""
    return s3.get_object(Bucket="tidewater-letters", Key=key)["Body"].read().decode("utf-8")


def file_letter(key: str, year: int, kind: str, sender: str) -> str:
    """Copy a letter to where it belongs. Kinds: bill, offer, complaint, other."""
    target = f"filed/{year}/{kind}/{sender}/{key.rpartition('/')[2]}"
    s3.put_object(Bucket="tidewater-letters", Key=target, Body=read_letter(key).encode("utf-8"))
    return target


letter_filer = Agent(
    name="letter-filer",
    model=OpenAIChat(id="gpt-4.1-mini"),
    instructions=(
        "File the letters that the scanner put into the inbox of the bucket tidewater-letters. "
        "Read each letter once and file it by year, kind and sender. Leave the inbox as it is."
    ),
    tools=[scanned_letters, read_letter, file_letter],
)

if __name__ == "__main__":
    letter_filer.print_response("File what is in the inbox.")
