"""Translates the blurbs of a publisher's catalogue; one call for each, no tools.

Usage: python blurbs.py catalogue.csv > blurbs.de.csv
"""

import csv
import sys

from openai import OpenAI

client = OpenAI()


def translated(text: str) -> str:
    """A blurb in German."""
    answer = client.chat.completions.create(
        model="gpt-5-mini",
        messages=[
            {"role": "system", "content": "Translate the blurb of a book into German. Keep names and quotations."},
            {"role": "user", "content": text},
        ],
    )
    return answer.choices[0].message.content or ""


def main() -> None:
    """Reads a catalogue, writes it with translated blurbs."""
    rows = list(csv.DictReader(open(sys.argv[1], encoding="utf-8")))
    writer = csv.DictWriter(sys.stdout, fieldnames=rows[0].keys())
    writer.writeheader()
    for row in rows:
        writer.writerow({**row, "blurb": translated(row["blurb"])})


if __name__ == "__main__":
    main()
