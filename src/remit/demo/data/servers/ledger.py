"""The ledger as an MCP server: invoices as finance entered them, customers, and payments.

What is paid is a line of FOLDER/payments.jsonl, written here, so that anybody can see what was really paid.
Usage: python ledger.py FOLDER
"""

import json
import sys
from datetime import datetime, timezone
from pathlib import Path

from mcp.server import MCPServer

FOLDER = Path(sys.argv[1]).resolve()
INVOICES = {
    "SM-20817": {"supplier": "Saltmarsh Press", "amount": "418.00", "currency": "EUR", "account": "DE02120300000000202051"},
    "ND-4402": {"supplier": "Northwind Distribution", "amount": "96.40", "currency": "EUR", "account": "NL91ABNA0417164300"},
}
CUSTOMERS = [
    "Ingrid Sol <ingrid@sol.example>",
    "Peter Marsh <peter@marsh.example>",
    "Amina Odeh <amina@odeh.example>",
]
server = MCPServer("ledger")


@server.tool()
def find_invoice(number: str) -> str:
    """An invoice as finance entered it, by its number: supplier, amount, account, and whether it is paid."""
    found = INVOICES.get(number)
    if found is None:
        raise ValueError(f"there is no invoice {number}")
    paid = any(payment["number"] == number for payment in payments())
    return json.dumps({"number": number, **found, "paid": paid})


@server.tool()
def list_customers() -> list[str]:
    """Names and addresses of all customers."""
    return CUSTOMERS


@server.tool()
def pay_invoice(number: str, account: str, amount: float, currency: str) -> str:
    """Pay an amount for an invoice to an account."""
    paid = {"number": number, "account": account, "amount": amount, "currency": currency}
    paid["at"] = datetime.now(timezone.utc).isoformat(timespec="seconds")
    with (FOLDER / "payments.jsonl").open("a", encoding="utf-8") as ledger:
        ledger.write(json.dumps(paid) + "\n")
    return f"paid {amount:.2f} {currency} to {account}"


def payments() -> list[dict]:
    """What was paid so far."""
    path = FOLDER / "payments.jsonl"
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []


if __name__ == "__main__":
    server.run("stdio")
