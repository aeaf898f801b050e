"""Who and what is in the estate: the one place in which its names stand.

The company is a small bookseller. What its agents are for is written in `demo/data`; what they are granted, in `aws` and `database`.
"""

from __future__ import annotations

COMPANY = "Tidewater Books"
DOMAIN = "tidewater.example"
ACCOUNT = "444455556666"
REGION = "eu-central-1"

# --- people ------------------------------------------------------------------------------------------------------------------------
MIRA = "mira@tidewater.example"
"""Finance: owns `night-report` and `supplier-desk`."""
JONAS = "jonas@tidewater.example"
"""Support: owns `refund-desk`, `storefront-helper`, `returns-sorter`."""
ADA = "ada@tidewater.example"
"""Platform: owns `stock-watch`, `release-scribe`, `price-scout`; her own access key stands in `stock-watch`."""
LENA = "lena@tidewater.example"
"""Marketing: becomes the owner of `review-reader`, which has none."""

# --- agents: each by its slug ------------------------------------------------------------------------------------------------------
NIGHT_REPORT = "night-report"
"""LangGraph. AWS role and Postgres login, both granted far too much: right-sized in the story."""
NIGHT_REPORT_2025 = "night-report-2025"
"""A forgotten copy of it, with an IAM user and a live key of its own: retired in the story."""
SUPPLIER_DESK = "supplier-desk"
"""pydantic-ai, with two MCP servers (`mailroom`, `ledger`): meets the poisoned letter."""
REFUND_DESK = "refund-desk"
"""OpenAI Agents SDK. AWS role and Postgres login: stopped and released in the story."""
STOREFRONT_HELPER = "storefront-helper"
"""CrewAI with YAML. Shares the role `shop-support`."""
RETURNS_SORTER = "returns-sorter"
"""A loop written by hand. Shares the role `shop-support`."""
STOCK_WATCH = "stock-watch"
"""TypeScript. Acts with a person's own access key."""
RELEASE_SCRIBE = "release-scribe"
"""A Claude Code subagent in Markdown."""
PRICE_SCOUT = "price-scout"
"""A Bedrock agent in Terraform; its role's grant was temporary and is past its date."""
LETTER_FILER = "letter-filer"
"""At work until two months ago, its IAM user's key still live."""
REVIEW_READER = "review-reader"
"""Nobody owns it."""
SHELF_FINDER = "shelf-finder"
"""Known by its MCP servers only."""

# --- AWS ----------------------------------------------------------------------------------------------------------------------------
BUCKET_ORDERS = "tidewater-orders"
BUCKET_REPORTS = "tidewater-reports"
BUCKET_CUSTOMERS = "tidewater-customer-files"
BUCKET_LETTERS = "tidewater-letters"
BUCKET_TRAIL = "tidewater-trail"
SHARED_ROLE = "shop-support"

# --- Postgres: database `shop`; schemas and tables -----------------------------------------------------------------------------------
DATABASE = "shop"
TABLES = {
    "sales": ("orders", "order_lines", "refunds"),
    "crm": ("customers", "tickets"),
    "finance": ("invoices", "payroll"),
    "stock": ("titles", "levels"),
}

# --- MCP servers ------------------------------------------------------------------------------------------------------------------
MAILROOM = "mailroom"
"""Tools `list_letters`, `read_letter` (`name`), `send_letter` (`to`, `subject`, `body`)."""
LEDGER = "ledger"
"""Tools `find_invoice` (`number`), `list_customers`, `pay_invoice` (`number`, `account`, `amount`, `currency`)."""
ACCOUNTS_ADDRESS = "accounts@tidewater.example"
