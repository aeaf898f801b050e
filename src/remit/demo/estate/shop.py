"""The company's database: rows in its tables, who owns them, who may log in, and what each login was granted over the years.

The tables are those of the company's own `shop/db/schema.sql`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from remit.demo.estate.cast import (
    DATABASE,
    NIGHT_REPORT,
    REFUND_DESK,
    RETURNS_SORTER,
    SHELF_FINDER,
    STOCK_WATCH,
    STOREFRONT_HELPER,
    TABLES,
)

OWNER = "shop_owner"
"""Owns schemas and tables; no superuser."""
DBA = "platform_dba"
"""Makes roles and gives memberships; no superuser."""
REPORTING, BOOKKEEPING = "reporting", "bookkeeping"
MIRA_LOGIN = "mira_holm"
_ROWS = """
INSERT INTO crm.customers (name, email, street, city)
  SELECT 'Customer ' || i, 'customer' || i || '@example.com', i || ' Harbour Street', 'Kiel' FROM generate_series(1, 80) AS i;
INSERT INTO stock.titles (isbn, title, author, publisher, price)
  SELECT '978-' || i, 'Title ' || i, 'Author ' || i % 20, 'House ' || i % 5, 9 + i % 20 FROM generate_series(1, 60) AS i;
INSERT INTO stock.levels (isbn, shelf, quantity)
  SELECT '978-' || i, 'shelf ' || i % 12, i * 7 % 15 FROM generate_series(1, 60) AS i;
INSERT INTO sales.orders (placed_on, customer_id, status, total)
  SELECT current_date - i % 90, 1 + i % 80, 'sent', 9 + i * 37 % 60 FROM generate_series(1, 300) AS i;
INSERT INTO sales.order_lines (order_id, line, isbn, quantity, price)
  SELECT i, 1, '978-' || 1 + i % 60, 1 + i % 3, 9 + i % 20 FROM generate_series(1, 300) AS i;
INSERT INTO sales.refunds (order_id, amount, reason)
  SELECT i * 9, 9 + i % 20, 'damaged' FROM generate_series(1, 20) AS i;
INSERT INTO crm.tickets (order_id, subject, text, status)
  SELECT i * 5, 'A damaged book', 'See the letter.', CASE WHEN i % 4 = 0 THEN 'open' ELSE 'done' END FROM generate_series(1, 60) AS i;
INSERT INTO finance.invoices (number, supplier, amount, due_on, account)
  SELECT 'TW-' || 2000 + i, 'House ' || i % 5, 150 + i * 91 % 900, current_date + i % 30, 'account ' || i % 5
  FROM generate_series(1, 40) AS i;
INSERT INTO finance.payroll (person, month, salary)
  SELECT 'Person ' || i % 12, date_trunc('month', current_date) - make_interval(months => i / 12), 2800 + i % 12 * 90
  FROM generate_series(1, 36) AS i;
"""
_AGENTS = {
    REFUND_DESK: ("SELECT ON crm.tickets", "SELECT ON sales.orders", "SELECT ON sales.order_lines", "SELECT, INSERT ON sales.refunds"),
    STOREFRONT_HELPER: ("SELECT ON stock.titles", "SELECT ON stock.levels"),
    RETURNS_SORTER: ("SELECT, INSERT ON crm.tickets",),
    STOCK_WATCH: ("SELECT ON stock.levels",),
    SHELF_FINDER: ("SELECT ON stock.titles", "SELECT ON stock.levels"),
    NIGHT_REPORT: tuple(f"SELECT, INSERT, UPDATE, DELETE ON sales.{table}" for table in TABLES["sales"]),
}
"""What was granted to an agent's login itself."""


def login_of(agent: str) -> str:
    """The login of an agent: its slug in the letters of Postgres."""
    return agent.replace("-", "_")


def statements(company: Path) -> Iterator[str]:
    """What a superuser runs in the new database to make it all."""
    yield f"CREATE ROLE {OWNER} NOLOGIN"
    yield f"CREATE ROLE {DBA} NOLOGIN CREATEROLE"
    yield f"ALTER DATABASE {DATABASE} OWNER TO {OWNER}"
    schema = (company / "shop" / "db" / "schema.sql").read_text(encoding="utf-8")
    yield f"SET ROLE {OWNER}"
    yield schema
    yield _ROWS
    yield "RESET ROLE"
    yield from _logins()
    yield from _grants()


def _logins() -> Iterator[str]:
    yield f"SET ROLE {DBA}"
    for group in (REPORTING, BOOKKEEPING):
        yield f"CREATE ROLE {group} NOLOGIN"
    for agent in _AGENTS:
        yield f"CREATE ROLE {login_of(agent)} LOGIN"
        yield f"COMMENT ON ROLE {login_of(agent)} IS 'service account of the agent {agent}'"
    for name, what in (("shop_web", "the web shop"), ("backup", "the nightly dump")):
        yield f"CREATE ROLE {name} LOGIN"
        yield f"COMMENT ON ROLE {name} IS 'service account of {what}'"
    yield f"CREATE ROLE {MIRA_LOGIN} LOGIN"
    yield f"COMMENT ON ROLE {MIRA_LOGIN} IS 'personal login of Mira Holm <mira@tidewater.example>'"
    # When the report began, finance wanted it by the evening: it was given what the people there had.
    yield f"GRANT {REPORTING}, {BOOKKEEPING} TO {login_of(NIGHT_REPORT)}"
    yield f"GRANT {BOOKKEEPING} TO {MIRA_LOGIN}"
    yield f"GRANT {REPORTING} TO backup"
    yield "RESET ROLE"


def _grants() -> Iterator[str]:
    yield f"SET ROLE {OWNER}"
    for schema in TABLES:
        yield f"GRANT USAGE ON SCHEMA {schema} TO {REPORTING}, shop_web"
        yield f"GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {REPORTING}"
    yield f"GRANT USAGE ON SCHEMA finance TO {BOOKKEEPING}"
    yield f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA finance TO {BOOKKEEPING}"
    yield "GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA sales, crm, stock TO shop_web"
    for agent, grants in _AGENTS.items():
        for grant in grants:
            yield f"GRANT USAGE ON SCHEMA {grant.split()[-1].partition('.')[0]} TO {login_of(agent)}"
            yield f"GRANT {grant} TO {login_of(agent)}"
    yield "RESET ROLE"
