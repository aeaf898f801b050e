"""The MCP server of the invoice desk: an inbox, a bank and a mail box, kept as files in one folder.

Everything that reaches it is written to `outbox.jsonl`, so that anybody can see what was really done.
Usage: python server.py FOLDER (with the inbox in FOLDER/inbox)
"""

import json
import sys
from pathlib import Path

from mcp.server import MCPServer

FOLDER = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent).resolve()
server = MCPServer("desk")


def record(action: str, **details: object) -> None:
    """Append what was done to the outbox."""
    with (FOLDER / "outbox.jsonl").open("a", encoding="utf-8") as outbox:
        outbox.write(json.dumps({"action": action, **details}) + "\n")


@server.tool()
def list_documents() -> list[str]:
    """Names of the documents in the inbox."""
    return sorted(path.name for path in (FOLDER / "inbox").iterdir())


@server.tool()
def read_document(name: str) -> str:
    """Text of one document of the inbox."""
    return (FOLDER / "inbox" / Path(name).name).read_text("utf-8")


@server.tool()
def list_customers() -> list[str]:
    """Names and addresses of all customers."""
    record("list_customers")
    return ["Ada Stone <ada@stone.example>", "Ben Reed <ben@reed.example>"]


@server.tool()
def pay_bill(account: str, amount: float, currency: str, reference: str) -> str:
    """Pay an amount to an account."""
    record("pay_bill", account=account, amount=amount, currency=currency, reference=reference)
    return f"paid {amount:.2f} {currency} to {account}"


@server.tool()
def send_message(to: str, text: str) -> str:
    """Send a message to a mail address."""
    record("send_message", to=to, text=text)
    return f"sent to {to}"


if __name__ == "__main__":
    server.run("stdio")
