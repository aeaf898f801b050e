"""What an agent really can do now: tried on the live servers as the agent itself, by boto3 and psycopg, never through Remit.

A try is nobody's work, so it leaves no record: calls go to the address that the trail does not see, and Postgres logs nothing meanwhile.
Otherwise the next scan would take it for the agent's use. Statements are rolled back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from remit.demo.estate.cast import (
    BUCKET_CUSTOMERS,
    BUCKET_LETTERS,
    BUCKET_ORDERS,
    BUCKET_REPORTS,
    LETTER_FILER,
    NIGHT_REPORT,
    NIGHT_REPORT_2025,
    REFUND_DESK,
    RETURNS_SORTER,
    SHARED_ROLE,
    STOREFRONT_HELPER,
)
from remit.demo.estate.running import Estate
from remit.demo.estate.shop import login_of
from remit.model.errors import UsageError
from remit.model.shown import printable

ALLOWED, DENIED = "allowed", "denied"
_SESSION = "a-try"
_USERS = frozenset({NIGHT_REPORT_2025, LETTER_FILER})
"""Agents with a user and a key; the others act in sessions of a role."""
_ROLES = {STOREFRONT_HELPER: SHARED_ROLE, RETURNS_SORTER: SHARED_ROLE}
"""Agents whose role is not called like them."""
_REFUSALS = frozenset(
    {
        "403",
        "AccessDenied",
        "AccessDeniedException",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
_CALLS: Mapping[str, tuple[str, Callable[[Any, str, str], object]]] = {
    "s3:ListBucket": ("s3", lambda s3, bucket, key: s3.list_objects_v2(Bucket=bucket, Prefix=key)),
    "s3:GetObject": ("s3", lambda s3, bucket, key: s3.get_object(Bucket=bucket, Key=key)),
    "s3:PutObject": ("s3", lambda s3, bucket, key: s3.put_object(Bucket=bucket, Key=key, Body=b"a try\n")),
    "s3:DeleteObject": ("s3", lambda s3, bucket, key: s3.delete_object(Bucket=bucket, Key=key)),
    "s3:ListAllMyBuckets": ("s3", lambda s3, _bucket, _key: s3.list_buckets()),
    "iam:ListUsers": ("iam", lambda iam, _bucket, _key: iam.list_users()),
}
_NO_LOGIN = ("not permitted to log in", "too many connections for role", "permission denied for database")


class Attempt(msgspec.Struct, frozen=True):
    """Something to try as an agent."""

    label: str
    """What it is, in a few words."""
    run: Callable[[Estate], str]
    """Tries it: `allowed`, `denied` or `failed: ...`."""


def aws_attempt(estate: Estate, agent: str, action: str, bucket: str = "", key: str = "") -> str:
    """Tries one call with the agent's own key, or in a new session of its role."""
    from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped]

    if action not in _CALLS:
        raise UsageError(f"`{printable(action, 80)}` is not tried here: one of {', '.join(sorted(_CALLS))}")
    service, call = _CALLS[action]
    try:
        call(_client(estate, agent, service), bucket, key)
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", ""))
        # What is allowed and finds nothing was allowed.
        return DENIED if code in _REFUSALS else ALLOWED if code in ("NoSuchKey", "404") else f"failed: {printable(code, 80)}"
    except BotoCoreError as error:
        return f"failed: {type(error).__name__}"
    return ALLOWED


def database_attempt(estate: Estate, agent: str, sql: str) -> str:
    """Tries statements by the agent's own login, in a transaction that is rolled back."""
    import psycopg

    with estate.server.unseen():
        try:
            with psycopg.connect(estate.server.url(login_of(agent)), application_name=_SESSION) as session:
                session.execute(sql.encode())
                session.rollback()
        except psycopg.errors.InsufficientPrivilege:
            return DENIED
        except psycopg.OperationalError as error:
            return DENIED if any(words in str(error) for words in _NO_LOGIN) else f"failed: {type(error).__name__}"
        except psycopg.Error as error:
            return f"failed: {type(error).__name__}"
    return ALLOWED


def _client(estate: Estate, agent: str, service: str) -> Any:
    if agent in _USERS:
        return estate.account.client(service, agent)
    return estate.account.session(service, _ROLES.get(agent, agent), _SESSION)


def _yesterday() -> str:
    return f"{datetime.now(UTC) - timedelta(days=1):%Y-%m-%d}"


def _on_aws(label: str, agent: str, action: str, bucket: str = "", key: str = "") -> Attempt:
    return Attempt(label, lambda estate: aws_attempt(estate, agent, action, bucket, key.format(day=_yesterday())))


def _in_database(label: str, agent: str, sql: str) -> Attempt:
    return Attempt(label, lambda estate: database_attempt(estate, agent, sql))


NEEDED: Mapping[str, tuple[Attempt, ...]] = {
    NIGHT_REPORT: (
        _on_aws("list yesterday's order files", NIGHT_REPORT, "s3:ListBucket", BUCKET_ORDERS, "orders/{day}/"),
        _on_aws("read an order file", NIGHT_REPORT, "s3:GetObject", BUCKET_ORDERS, "orders/{day}/all.csv"),
        _on_aws("write the report", NIGHT_REPORT, "s3:PutObject", BUCKET_REPORTS, "daily/{day}.md"),
        _in_database("read orders", NIGHT_REPORT, "SELECT order_id, status, total FROM sales.orders WHERE placed_on = current_date"),
        _in_database("read order lines", NIGHT_REPORT, "SELECT isbn, quantity, price FROM sales.order_lines WHERE order_id = 1"),
        _in_database("read titles", NIGHT_REPORT, "SELECT isbn, title, author FROM stock.titles WHERE isbn = '978-1'"),
    ),
    REFUND_DESK: (
        _on_aws("read the letter of a ticket", REFUND_DESK, "s3:GetObject", BUCKET_LETTERS, "tickets/1.txt"),
        _in_database("read open tickets", REFUND_DESK, "SELECT ticket_id, order_id, subject FROM crm.tickets WHERE status = 'open'"),
        _in_database("read an order", REFUND_DESK, "SELECT placed_on, status, total FROM sales.orders WHERE order_id = 1"),
        _in_database("enter a refund", REFUND_DESK, "INSERT INTO sales.refunds (order_id, amount, reason) VALUES (1, 9, 'damaged')"),
    ),
    NIGHT_REPORT_2025: (
        _on_aws("read an order file", NIGHT_REPORT_2025, "s3:GetObject", BUCKET_ORDERS, "orders/{day}/all.csv"),
        _on_aws("write the report", NIGHT_REPORT_2025, "s3:PutObject", BUCKET_REPORTS, "daily/{day}.md"),
    ),
}
"""What an agent does for a living: it works before a right-sizing and after; nothing of it does once the agent is stopped or retired."""
EXCESSIVE: Mapping[str, tuple[Attempt, ...]] = {
    NIGHT_REPORT: (
        _on_aws("read a customer's complaint", NIGHT_REPORT, "s3:GetObject", BUCKET_CUSTOMERS, "complaints/complaint-1.txt"),
        _on_aws("delete an order file", NIGHT_REPORT, "s3:DeleteObject", BUCKET_ORDERS, "orders/none/none.csv"),
        _on_aws("list every user of the account", NIGHT_REPORT, "iam:ListUsers"),
        _in_database("read the payroll", NIGHT_REPORT, "SELECT person, salary FROM finance.payroll"),
        _in_database("change the account of an invoice", NIGHT_REPORT, "UPDATE finance.invoices SET account = 'x'"),
        _in_database("delete orders", NIGHT_REPORT, "DELETE FROM sales.order_lines WHERE order_id = 1"),
    ),
    NIGHT_REPORT_2025: (
        _on_aws("read a customer's complaint", NIGHT_REPORT_2025, "s3:GetObject", BUCKET_CUSTOMERS, "complaints/complaint-1.txt"),
        _on_aws("list every user of the account", NIGHT_REPORT_2025, "iam:ListUsers"),
    ),
    REFUND_DESK: (),
}
"""What works at the start and must be denied once the agent is right-sized, stopped or retired."""
