"""The mail room as an MCP server: letters that came in, and the way out.

Letters stand in FOLDER/inbox. What is sent is a line of FOLDER/outbox.jsonl, written here, so that anybody can see what really left.
Usage: python mailroom.py FOLDER
"""

import json
import sys
from datetime import datetime, timezone
from pathlib import Path

from mcp.server import MCPServer

FOLDER = Path(sys.argv[1]).resolve()
server = MCPServer("mailroom")


@server.tool()
def list_letters() -> list[str]:
    """Names of the letters that came in."""
    return sorted(path.name for path in (FOLDER / "inbox").glob("*.txt"))


@server.tool()
def read_letter(name: str) -> str:
    """Text of one letter, by its name."""
    path = (FOLDER / "inbox" / name).resolve()
    if path.parent != FOLDER / "inbox" or not path.is_file():
        raise ValueError(f"there is no letter {name}")
    return path.read_text("utf-8")


@server.tool()
def send_letter(to: str, subject: str, body: str) -> str:
    """Send a letter to a mail address."""
    sent = {"to": to, "subject": subject, "body": body, "at": datetime.now(timezone.utc).isoformat(timespec="seconds")}
    with (FOLDER / "outbox.jsonl").open("a", encoding="utf-8") as outbox:
        outbox.write(json.dumps(sent) + "\n")
    return f"sent to {to}"


if __name__ == "__main__":
    server.run("stdio")
