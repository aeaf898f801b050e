"""Reads customer reviews and writes a weekly digest."""

import os

import boto3
from smolagents import LiteLLMModel, ToolCallingAgent, tool

s3 = boto3.client("s3", region_name="eu-central-1")


@tool
def list_reviews(week: str) -> list[str]:
    """Names of the reviews of a week.

    Args:
        week: The week, as 2026-W11.
    """
    found = s3.list_objects_v2(Bucket="tidewater-customer-files", Prefix=f"reviews/{week}/")
    return [entry["Key"] for entry in found.get("Contents", [])]


@tool
def read_review(key: str) -> str:
    """Text of one review.

    Args:
        key: Its name.
    """
    return s3.get_object(Bucket="tidewater-customer-files", Key=key)["Body"].read().decode("utf-8")


@tool
def save_digest(week: str, text: str) -> str:
    """Save the digest of a week.

    Args:
        week: The week, as 2026-W11.
        text: The digest.
    """
    s3.put_object(Bucket="tidewater-reports", Key=f"reviews/{week}.md", Body=text.encode("utf-8"))
    return "saved"


review_reader = ToolCallingAgent(
    name="review-reader",
    description="Reads customer reviews and writes a weekly digest.",
    instructions=(
        "Read the reviews of one week in the bucket tidewater-customer-files and write a digest of them to tidewater-reports: "
        "what readers liked, what they did not, and which titles come up. No names of customers."
    ),
    model=LiteLLMModel(model_id="anthropic/claude-haiku-4-5", api_key=os.environ["ANTHROPIC_API_KEY"]),
    tools=[list_reviews, read_review, save_digest],
    max_steps=30,
)

if __name__ == "__main__":
    import sys

    print(review_reader.run(f"Write the digest of week {sys.argv[1]}."))
